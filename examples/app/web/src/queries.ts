/** What the pages read and write: the API's client behind TanStack Query's cache. */

import { QueryClient, keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { ApiError, type Asset, type Bucket, type CampaignSpace, type Client, type Filters, type Session, type Sort } from './api';

const RETRIES = 2;
const PAGE = 48;

/** A refusal stays one; and who has waited for a silent server once should not wait three times. */
export function createQueryClient() {
	const retry = (failures: number, error: Error) =>
		failures < RETRIES && error instanceof ApiError && error.status === 503;
	return new QueryClient({
		defaultOptions: { queries: { retry, retryDelay: (n) => 500 * 2 ** n, staleTime: 5_000, networkMode: 'always' }, mutations: { retry, networkMode: 'always' } },
	});
}

export interface Tenant {
	client: Client;
	session: Session;
	signOut: () => void;
}

export const TenantContext = createContext<Tenant | null>(null);

export function useTenant() {
	const tenant = useContext(TenantContext);
	if (tenant === null) {
		throw new Error('there is no tenant');
	}
	return tenant;
}

//
// Reading
//

export function useAssets(filters: { search: string; asset_type: string; sort: Sort }) {
	const { client } = useTenant();
	return useInfiniteQuery({
		queryKey: ['assets', filters],
		queryFn: ({ pageParam }) => client.assets({ ...filters, limit: PAGE, cursor: pageParam }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page) => page.next_cursor ?? undefined,
		placeholderData: keepPreviousData,
	});
}

export function useAsset(id: string) {
	const { client } = useTenant();
	return useQuery({ queryKey: ['asset', id], queryFn: () => client.asset(id) });
}

export function useHistory(id: string) {
	const { client } = useTenant();
	return useInfiniteQuery({
		queryKey: ['history', id],
		queryFn: ({ pageParam }) => client.history(id, { limit: 20, cursor: pageParam }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page) => page.next_cursor ?? undefined,
	});
}

export function usePlaces(id: string) {
	const { client } = useTenant();
	return useQuery({ queryKey: ['places', id], queryFn: () => client.places(id) });
}

export function useCampaigns(filters: { search: string; platform: string }) {
	const { client } = useTenant();
	return useInfiniteQuery({
		queryKey: ['campaigns', filters],
		queryFn: ({ pageParam }) => client.campaigns({ ...filters, limit: 20, cursor: pageParam }),
		initialPageParam: undefined as string | undefined,
		getNextPageParam: (page) => page.next_cursor ?? undefined,
		placeholderData: keepPreviousData,
	});
}

/** One campaign, if its id is not empty. */
export function useCampaign(id: string) {
	const { client } = useTenant();
	return useQuery({ queryKey: ['campaign', id], queryFn: () => client.campaign(id), enabled: id !== '' });
}

export function useAnalytics(filters: Filters) {
	const { client } = useTenant();
	return useQuery({ queryKey: ['analytics', filters], queryFn: () => client.analytics(filters), placeholderData: keepPreviousData });
}

export function useTimeline(filters: Filters & { bucket: Bucket }) {
	const { client } = useTenant();
	const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	return useQuery({
		queryKey: ['timeline', filters],
		queryFn: () => client.timeline({ ...filters, time_zone }),
		placeholderData: keepPreviousData,
	});
}

export function useInsights(asset_type: string | undefined) {
	const { client } = useTenant();
	return useQuery({ queryKey: ['insights', asset_type], queryFn: () => client.insights({ asset_type }), placeholderData: keepPreviousData });
}

export function useRecommendations(campaign_space_id: string, asset_type: string | undefined) {
	const { client } = useTenant();
	return useQuery({
		queryKey: ['recommendations', campaign_space_id, asset_type],
		queryFn: () => client.recommendations({ campaign_space_id, asset_type, limit: 6, explore: 2 }),
		placeholderData: keepPreviousData,
	});
}

//
// The counts of an asset, wherever the cache has it
//

type Count = Pick<Asset, 'reused_count' | 'last_reused_at'>;

/** Replaces the counts of an asset in an answer of whatever form; the rest of it stays the same object. */
function patch(data: unknown, id: string, change: (asset: Asset) => Partial<Count>): unknown {
	if (Array.isArray(data)) {
		const changed = data.map((item) => patch(item, id, change));
		return changed.some((item, i) => item !== data[i]) ? changed : (data as unknown[]);
	}
	if (typeof data !== 'object' || data === null) {
		return data;
	}
	if ('reused_count' in data && 'id' in data && data.id === id) {
		return { ...data, ...change(data as unknown as Asset) };
	}
	const entries = Object.entries(data);
	const changed = entries.map(([key, value]) => [key, patch(value, id, change)] as const);
	return changed.some(([, value], i) => value !== entries[i]?.[1]) ? Object.fromEntries(changed) : data;
}

export function patchAsset(cache: QueryClient, id: string, change: (asset: Asset) => Partial<Count>) {
	cache.setQueriesData({}, (data: unknown) => patch(data, id, change));
}

const add = (n: number) => (asset: Asset) => ({ reused_count: Math.max(0, asset.reused_count + n) });

/** Has everything that is computed from reuses read again; lists keep their order, so that nothing jumps. */
export function refreshFigures(cache: QueryClient) {
	for (const key of ['history', 'places', 'analytics', 'timeline', 'recommendations']) {
		void cache.invalidateQueries({ queryKey: [key] });
	}
}

//
// Writing
//

export interface Reuse {
	assets: Pick<Asset, 'id' | 'asset_name'>[];
	campaign: CampaignSpace;
	note: string;
	/** The Idempotency-Key: however often this reuse is sent, it counts once. */
	key: string;
}

export interface Reused {
	/** Those that were still there. */
	assets: Pick<Asset, 'id'>[];
	missing: number;
	/** The count of the asset, if it is one. */
	reusedCount: number | null;
}

/** Records a reuse.  The counts rise at once, and are corrected by the answer. */
export function useReuse() {
	const { client } = useTenant();
	const cache = useQueryClient();

	return useMutation({
		mutationFn: async ({ assets, campaign, note, key }: Reuse): Promise<Reused> => {
			const body = { campaign_space_id: campaign.id, ...(note === '' ? {} : { reuse_context: { note } }) };
			const [first, ...others] = assets;
			if (first !== undefined && others.length === 0) {
				const { asset } = await client.reuse(first.id, body, key);
				patchAsset(cache, asset.id, () => ({ reused_count: asset.reused_count, last_reused_at: asset.last_reused_at }));
				return { assets, missing: 0, reusedCount: asset.reused_count };
			}
			const answer = await client.reuseMany(assets.map(({ id }) => id), body, key);
			for (const { id, reused_count } of answer.assets) {
				patchAsset(cache, id, reused_count === null ? add(-1) : () => ({ reused_count }));
			}
			return { assets: assets.filter(({ id }) => !answer.missing.includes(id)), missing: answer.missing.length, reusedCount: null };
		},
		onMutate: ({ assets }) => assets.forEach(({ id }) => patchAsset(cache, id, add(1))),
		onError: (_, { assets }) => {
			assets.forEach(({ id }) => patchAsset(cache, id, add(-1)));
			// Nobody knows whether a request without an answer was carried out.
			void cache.invalidateQueries({ queryKey: ['assets'] });
			void cache.invalidateQueries({ queryKey: ['asset'] });
		},
		onSettled: () => refreshFigures(cache),
	});
}

/** Takes reuses back: those of a key, or one by its event. */
export function useUndo() {
	const { client } = useTenant();
	const cache = useQueryClient();

	return useMutation({
		mutationFn: async ({ assets, event }: { assets: Pick<Asset, 'id'>[]; event: Parameters<Client['undo']>[1] }) => {
			for (const { id } of assets) {
				const { asset } = await client.undo(id, event);
				patchAsset(cache, id, () => ({ reused_count: asset.reused_count, last_reused_at: asset.last_reused_at }));
			}
			return assets.length;
		},
		onSettled: () => refreshFigures(cache),
	});
}

export function useDeleteAsset() {
	const { client } = useTenant();
	const cache = useQueryClient();
	return useMutation({
		mutationFn: (id: string) => client.deleteAsset(id),
		// Not waited for: that the asset is gone can be said before all else is read anew.
		onSuccess: () => void cache.invalidateQueries(),
	});
}
