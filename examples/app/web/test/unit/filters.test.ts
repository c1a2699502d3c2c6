import { expect, test } from 'vitest';
import { areDatesWrong, readParams, toFilters } from '../../src/filters';

const read = (query: string) => readParams(new URLSearchParams(query));
const local = (text: string) => new Date(text).toISOString();

test('without parameters all time is meant', () => {
	expect(toFilters(read(''))).toEqual({ asset_type: undefined });
	expect(read('').bucket).toBe('month');
});

test('the last date is included, and the time zone is the reader’s', () => {
	expect(toFilters(read('period=custom&from=2026-01-01&until=2026-01-31&asset_type=image'))).toEqual({
		asset_type: 'image', start_date: local('2026-01-01T00:00:00'), end_date: local('2026-02-01T00:00:00'),
	});
});

test('a range may be open at an end', () => {
	expect(toFilters(read('period=custom&from=2026-01-01'))).toEqual({ asset_type: undefined, start_date: local('2026-01-01T00:00:00'), end_date: undefined });
});

test('a period counts today, and stays the same all day', () => {
	const at = (time: string) => toFilters(read('period=30'), new Date(time)).start_date;
	expect(at('2026-01-30T09:00:00')).toBe(local('2026-01-01T00:00:00'));
	expect(at('2026-01-30T23:59:00')).toBe(at('2026-01-30T00:01:00'));
});

test('dates in the wrong order are not asked for', () => {
	const wrong = read('period=custom&from=2026-02-01&until=2026-01-01');
	expect(areDatesWrong(wrong)).toBe(true);
	expect(toFilters(wrong)).toEqual({ asset_type: undefined });
});

test('what an address should not have is left out', () => {
	expect(read('period=17&bucket=century')).toMatchObject({ period: 'all', bucket: 'month' });
	expect(toFilters(read('period=custom&from=yesterday')).start_date).toBeUndefined();
});
