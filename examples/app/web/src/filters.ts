/** The filters of the analytics, as they stand in the address, and the range that they mean. */

import type { Bucket, Filters } from './api';

export const periods = ['all', '30', '90', '365', 'custom'] as const;
export type Period = (typeof periods)[number];

export interface AnalyticsParams {
	asset_type: string;
	period: Period;
	/** Dates without a time, the last included; only for a custom period. */
	from: string;
	until: string;
	bucket: Bucket;
	campaign: string;
}

export const buckets: Bucket[] = ['day', 'week', 'month'];

export function readParams(params: URLSearchParams): AnalyticsParams {
	const period = periods.find((name) => name === params.get('period')) ?? 'all';
	const usual = period === '30' ? 'day' : period === '90' ? 'week' : 'month';
	return {
		asset_type: params.get('asset_type') ?? '',
		period,
		from: params.get('from') ?? '',
		until: params.get('until') ?? '',
		bucket: buckets.find((name) => name === params.get('bucket')) ?? usual,
		campaign: params.get('campaign') ?? '',
	};
}

/** Midnight in the reader's time zone, some days later; undefined for what is no date. */
function midnight(date: string | Date, days: number) {
	const at = typeof date === 'string' ? new Date(`${date}T00:00:00`) : new Date(date);
	if (Number.isNaN(at.getTime())) {
		return undefined;
	}
	at.setHours(0, 0, 0, 0);
	at.setDate(at.getDate() + days);
	return at.toISOString();
}

export function areDatesWrong({ period, from, until }: AnalyticsParams) {
	return period === 'custom' && from !== '' && until !== '' && from > until;
}

/** What to ask the API for: start_date <= time < end_date.  Dates in the wrong order are not asked for. */
export function toFilters(params: AnalyticsParams, now = new Date()): Filters {
	const asset_type = params.asset_type === '' ? undefined : params.asset_type;
	if (params.period === 'all' || areDatesWrong(params)) {
		return { asset_type };
	}
	if (params.period === 'custom') {
		return { asset_type, start_date: midnight(params.from, 0), end_date: midnight(params.until, 1) };
	}
	return { asset_type, start_date: midnight(now, 1 - Number(params.period)) };
}
