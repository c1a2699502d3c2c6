import { expect, test } from 'vitest';
import { ApiError } from '../../src/api';
import { createI18n } from '../../src/i18n';
import { de } from '../../src/i18n/de';
import { en } from '../../src/i18n/en';

const english = createI18n('en');
const german = createI18n('de');

test('numbers are written as the language has them', () => {
	expect(english.number(1525)).toBe('1,525');
	expect(german.number(1525)).toBe('1.525');
	expect(english.decimal(2.56)).toBe('2.56');
	expect(german.decimal(2.56)).toBe('2,56');
	expect(english.percent(22.43)).toBe('22.43%');
	expect(german.percent(22.43)).toBe('22,43\u00a0%');
});

test('dates are written as the language has them', () => {
	const long: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeZone: 'UTC' };
	expect(english.date('2026-01-14T19:46:36Z', long)).toBe('Jan 14, 2026');
	expect(german.date('2026-01-14T19:46:36Z', long)).toBe('14.01.2026');
});

test('a number chooses between one and several', () => {
	expect(english.t('reuses', { n: 1 })).toBe('1 reuse');
	expect(english.t('reuses', { n: 1200 })).toBe('1,200 reuses');
	expect(german.t('reuses', { n: 1 })).toBe('1 Wiederverwendung');
	expect(german.t('reuses', { n: 0 })).toBe('0 Wiederverwendungen');
});

test('a difference has its sign', () => {
	expect(english.change(1.11333)).toBe('+11%');
	expect(english.change(0.9)).toBe('-10%');
	expect(german.change(1)).toBe('0\u00a0%');
});

test('a moment is said from now', () => {
	expect(english.ago(new Date(Date.now() - 3 * 86_400_000 - 1000).toISOString())).toBe('3 days ago');
	expect(german.ago(new Date(Date.now() - 86_400_000 - 1000).toISOString())).toBe('gestern');
	expect(english.ago(new Date().toISOString())).toBe('now');
});

test('a name that the database has and we do not know is shown as it is', () => {
	expect(english.named('platform', 'google_ads')).toBe('Google Ads');
	expect(english.named('platform', 'new_platform')).toBe('new platform');
	expect(english.named('platform', null)).toBe('–');
});

test('errors are said by their code, and of a wrong argument the API tells which', () => {
	expect(german.error(new ApiError(503, 'unavailable', 'x'))).toBe(de.error_unavailable);
	expect(english.error(new ApiError(400, 'invalid', 'limit is wrong'))).toBe('limit is wrong');
	expect(english.error(new ApiError(418, 'teapot', 'secret'))).toBe(en.error_internal);
	expect(english.error(new Error('secret'))).toBe(en.error_internal);
});

test('both languages have the same gaps to fill', () => {
	const gaps = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
	for (const key of Object.keys(en) as (keyof typeof en)[]) {
		expect(gaps(de[key]), key).toEqual(gaps(en[key]));
	}
});
