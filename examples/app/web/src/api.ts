/**
 * The API's endpoints and the types of its answers, which are those of the extension's functions
 * (doc/reference.md).  Nothing here knows of React.
 */

export type AssetType = string;
export type Platform = string;
export type Sort = 'most_reused' | 'last_reused' | 'never_reused' | 'newest';
export type Bucket = 'day' | 'week' | 'month';

export interface Session {
	tenant_id: string;
	tenant_name: string;
	expires_at: string;
	asset_types: AssetType[];
	platforms: Platform[];
}

/** What the lists, the analytics and the recommendations all have of an asset. */
export interface Asset {
	id: string;
	asset_name: string | null;
	asset_type: AssetType | null;
	thumbnail_url?: string | null;
	impressions?: number | null;
	clicks?: number | null;
	conversions?: number | null;
	/** A percentage. */
	ctr?: number | null;
	reused_count: number;
	last_reused_at: string | null;
}

export interface GridAsset extends Asset {
	campaign_space_id: string | null;
	campaign_name: string | null;
	platform: Platform | null;
	created_at: string | null;
}

export interface Page<T> {
	items: T[];
	next_cursor: string | null;
}

export interface AssetPage extends Page<GridAsset> {
	/** Null on a page by cursor. */
	total: number | null;
}

export interface CampaignSpace {
	id: string;
	campaign_name: string | null;
	platform?: Platform | null;
	is_active?: boolean | null;
}

export interface TrackRequest {
	campaign_space_id: string;
	reuse_context?: Record<string, unknown>;
}

export interface Track {
	replayed: boolean;
	asset: Asset;
	event: { event_id: string; timestamp: string | null } | null;
}

export interface TrackMany {
	assets: { id: string; status: string; reused_count: number | null }[];
	missing: string[];
	tracked: number;
	replayed: number;
}

export interface HistoryEvent {
	event_id: string;
	timestamp: string | null;
	reused_in_type: string | null;
	reused_in_id: string | null;
	reused_in_name: string | null;
	/** The campaign as it is now; null if it is gone, or if the place is no campaign. */
	campaign_space: CampaignSpace | null;
	context: unknown;
}

export interface History {
	total_reuses: number;
	history: HistoryEvent[];
	next_cursor: string | null;
}

export interface Place {
	reused_in_type: string | null;
	reused_in_id: string | null;
	reused_in_name: string | null;
	reuses: number;
	last_reused_at: string | null;
	/** Null for a place that is no campaign. */
	is_live: boolean | null;
}

export interface Filters {
	asset_type?: string | undefined;
	start_date?: string | undefined;
	end_date?: string | undefined;
}

export interface TopAsset extends Asset {
	reuses_in_range?: number;
}

export interface Analytics {
	overview: {
		total_assets: number;
		assets_with_reuses: number;
		total_reuses: number;
		avg_reuses_per_asset: number;
		reuse_rate_percentage: number;
	};
	top_reused_assets: TopAsset[];
	by_asset_type: Record<string, { count: number; total_reuses: number; avg_reuses_per_asset: number }>;
}

export interface TimelineBucket {
	bucket_start: string;
	reuses: number;
	assets: number;
}

export interface Metric {
	ratio: number | null;
	interval: [number, number] | null;
	verdict: string;
	sentence: string;
}

export interface Comparison {
	ctr: Metric;
	conversions_per_click: Metric;
}

export interface Insights extends Comparison {
	by_asset_type: Record<string, Comparison>;
	data_quality: { inconsistent: number; missing: number; no_traffic: number };
}

export interface Recommendation extends Asset {
	source: string;
	campaigns: number;
	because: { id: string; asset_name: string | null }[];
}

export interface Recommendations {
	items: Recommendation[];
	seeds: number;
}

/** What the stream of events says (GET /api/events). */
export type LiveEvent =
	| { type: 'ready' }
	| { type: 'reused'; asset_id: string; asset_name: string | null; reused_count: number; reused_at: string | null; event_id: string; reused_in_name: string | null }
	| { type: 'undone'; asset_id: string; event_id: string };

/** An answer other than 2xx, or none: then the status is 0 and the code "unreachable". */
export class ApiError extends Error {
	override name = 'ApiError';

	constructor(
		readonly status: number,
		readonly code: string,
		message: string,
	) {
		super(message);
	}

	/** Whether the same request may succeed a moment later. */
	get isTemporary() {
		return this.status === 503 || this.status === 0;
	}
}

/** How long a request may take before the server counts as unreachable. */
export const TIMEOUT_MS = 15_000;

/** How long the stream may be silent: the API sends a comment every 15 seconds. */
export const SILENCE_MS = 45_000;

type Query = Record<string, string | number | undefined>;

function address(path: string, query: Query) {
	const params = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) {
		if (value !== undefined && value !== '') {
			params.set(name, String(value));
		}
	}
	return `${path}?${params.toString()}`;
}

async function errorOf(response: Response) {
	const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: unknown };
	const message = typeof body.detail === 'string' ? body.detail : response.statusText;
	return new ApiError(response.status, body.code ?? 'internal', message);
}

async function request<T>(token: string, method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
	let response: Response;
	try {
		response = await fetch(url, {
			method,
			signal: AbortSignal.timeout(TIMEOUT_MS),
			headers: {
				Authorization: `Bearer ${token}`,
				...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
				...headers,
			},
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		if (response.ok) {
			return (await response.json()) as T;
		}
	} catch (error) {
		throw new ApiError(0, 'unreachable', String(error));
	}
	throw await errorOf(response);
}

export function readSession(token: string) {
	return request<Session>(token, 'GET', '/api/session');
}

/** Splits a text/event-stream into its events; other lines, such as comments, only show that it lives. */
export async function* parseEvents(chunks: AsyncIterable<string>): AsyncGenerator<LiveEvent> {
	let rest = '';
	for await (const chunk of chunks) {
		const blocks = (rest + chunk.replaceAll('\r', '')).split('\n\n');
		rest = blocks.pop() ?? '';
		for (const block of blocks) {
			const type = /^event: ?(.*)$/m.exec(block)?.[1];
			const data = /^data: ?(.*)$/m.exec(block)?.[1];
			if (type !== undefined && data !== undefined) {
				yield { ...(JSON.parse(data) as object), type } as LiveEvent;
			}
		}
	}
}

/** The chunks of a response; fails when nothing has come for a while. */
async function* chunksOf(response: Response, abort: () => void): AsyncGenerator<string> {
	const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
	while (reader !== undefined) {
		const timer = setTimeout(abort, SILENCE_MS);
		const { done, value } = await reader.read().finally(() => clearTimeout(timer));
		if (done) {
			return;
		}
		yield value;
	}
}

export type Client = ReturnType<typeof createClient>;

/** The endpoints, for one tenant. */
export function createClient(token: string, tenant_id: string) {
	const assets = '/api/campaign-assets';
	const path = (id: string, rest = '') => `${assets}/${encodeURIComponent(id)}${rest}`;
	const get = <T>(url: string, query: object = {}) =>
		request<T>(token, 'GET', address(url, { tenant_id, ...query }));

	return {
		assets: (query: { search?: string; asset_type?: string; sort?: Sort; limit?: number; cursor?: string | undefined }) =>
			get<AssetPage>(assets, query),
		asset: (id: string) => get<GridAsset>(path(id)),
		history: (id: string, query: { limit?: number; cursor?: string | undefined }) => get<History>(path(id, '/reuse-history'), query),
		places: (id: string) => get<{ items: Place[] }>(path(id, '/reuse-places')),
		analytics: (query: Filters & { limit?: number }) => get<Analytics>(`${assets}/reuse-analytics`, query),
		timeline: (query: Filters & { bucket: Bucket; time_zone?: string }) =>
			get<{ items: TimelineBucket[] }>(`${assets}/reuse-timeline`, query),
		insights: (query: { asset_type?: string | undefined }) => get<Insights>(`${assets}/reuse-insights`, query),
		recommendations: (query: { campaign_space_id?: string; asset_type?: string | undefined; limit?: number; explore?: number }) =>
			get<Recommendations>(`${assets}/reuse-recommendations`, query),
		campaigns: (query: { search?: string; platform?: string; limit?: number; cursor?: string | undefined }) =>
			get<Page<CampaignSpace>>('/api/campaign-spaces', query),
		campaign: (id: string) => get<CampaignSpace>(`/api/campaign-spaces/${encodeURIComponent(id)}`),

		/** A repeated call with the same key counts once. */
		reuse: (id: string, body: TrackRequest, key: string) =>
			request<Track>(token, 'POST', address(path(id, '/reuse'), { tenant_id }), body, { 'Idempotency-Key': key }),
		reuseMany: (asset_ids: string[], body: TrackRequest, key: string) =>
			request<TrackMany>(token, 'POST', address(`${assets}/bulk-reuse`, { tenant_id }),
				{ asset_ids, ...body, on_missing: 'skip' }, { 'Idempotency-Key': key }),
		undo: (id: string, event: { event_id: string } | { reuse_key: string }) =>
			request<Track>(token, 'DELETE', address(path(id, '/reuse'), { tenant_id, ...event })),
		deleteAsset: (id: string) => request<unknown>(token, 'DELETE', address(path(id), { tenant_id })),

		/** The stream of events, until it ends; EventSource could not send the token. */
		async *events(signal: AbortSignal): AsyncGenerator<LiveEvent> {
			const silence = new AbortController();
			const response = await fetch(address('/api/events', { tenant_id }), {
				headers: { Authorization: `Bearer ${token}` },
				signal: AbortSignal.any([signal, silence.signal]),
			});
			if (!response.ok) {
				throw await errorOf(response);
			}
			yield* parseEvents(chunksOf(response, () => silence.abort()));
		},
	};
}
