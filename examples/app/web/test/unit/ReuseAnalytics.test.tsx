import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import type { Metric } from '../../src/api';
import { ReuseAnalytics } from '../../src/components/ReuseAnalytics';
import { Failure, campaigns, fakeApi, gridAsset, renderPart } from './app';

const metric = (ratio: number | null, interval: [number, number] | null, verdict: string): Metric => ({ ratio, interval, verdict, sentence: `It is ${verdict}.` });
const nothing = metric(null, null, 'insufficient');

const api = {
	'GET /api/campaign-assets/reuse-analytics': (): unknown => ({
		overview: { total_assets: 1525, assets_with_reuses: 342, total_reuses: 876, avg_reuses_per_asset: 2.56, reuse_rate_percentage: 22.43 },
		top_reused_assets: [{ ...gridAsset(9), reuses_in_range: 2 }],
		by_asset_type: { ad_copy: { count: 40, total_reuses: 66, avg_reuses_per_asset: 1.65 }, image: { count: 215, total_reuses: 512, avg_reuses_per_asset: 2.38 } },
	}),
	'GET /api/campaign-assets/reuse-timeline': () => ({ items: [{ bucket_start: '2026-01-01T00:00:00Z', reuses: 98, assets: 95 }] }),
	'GET /api/campaign-assets/reuse-insights': (): unknown => ({
		ctr: metric(1.11, [1.08, 1.14], 'higher'), conversions_per_click: nothing,
		by_asset_type: { image: { ctr: metric(0.9, [0.8, 1.2], 'inconclusive'), conversions_per_click: nothing } },
		data_quality: { inconsistent: 0, missing: 30, no_traffic: 14 },
	}),
	'GET /api/campaign-assets/reuse-recommendations': (): unknown => ({
		items: [{ ...gridAsset(5), source: 'similar_campaigns', campaigns: 9, because: [{ id: 'asset-2', asset_name: 'Picture 2' }] }], seeds: 3,
	}),
	'GET /api/campaign-spaces': () => campaigns,
	'GET /api/campaign-spaces/fall': () => campaigns.items[0],
};

const panel = async (name: string) => within(await screen.findByRole('region', { name }));

beforeEach(() => { fakeApi(api); });

test('shows the overview', async () => {
	renderPart(<ReuseAnalytics />);
	expect(await screen.findByText('876')).toBeVisible();
	expect(screen.getByText('of 1,525 assets')).toBeVisible();
	expect(screen.getByText('22.43%')).toBeVisible();
});

test('shows it in German', async () => {
	localStorage.setItem('asset-reuse-language', 'de');
	renderPart(<ReuseAnalytics />);
	expect(await screen.findByText('von 1.525 Assets')).toBeVisible();
	expect(screen.getByText('22,43 %')).toBeVisible();
	expect(screen.getByText('2,56')).toBeVisible();
	expect(screen.getByRole('heading', { name: 'Was sich als Nächstes eignet' })).toBeVisible();
});

test('the numbers of a chart can be read as a table', async () => {
	const { user } = renderPart(<ReuseAnalytics />);
	const types = await panel('Reuses by type');
	expect(types.getByTestId('chart')).toHaveTextContent('Image, Ad copy');
	await user.click(types.getByRole('button', { name: 'Show as a table' }));
	expect(types.getByRole('row', { name: 'Image 512 215 2.38' })).toBeVisible();
	expect(types.queryByTestId('chart')).toBeNull();
});

test('top assets count the reuses of the range, and can be reused', async () => {
	renderPart(<ReuseAnalytics />);
	const row = await screen.findByRole('row', { name: /Picture 9/ });
	expect(within(row).getByRole('cell', { name: '2' })).toBeVisible();
	expect(within(row).getByRole('button', { name: 'Reuse Picture 9' })).toBeVisible();
});

test('insights have their intervals, the sentences in English, and the caution', async () => {
	const { user } = renderPart(<ReuseAnalytics />);
	await screen.findByText('It is higher.');
	const insights = await panel('Do reused assets perform better?');
	expect(insights.getByTestId('chart')).toHaveTextContent('All assets,Clicks per impression, Image,Clicks per impression');
	expect(insights.getByText('It is higher.')).toHaveAttribute('lang', 'en');
	expect(insights.getByRole('alert')).toHaveTextContent('This is a correlation');
	expect(insights.getByRole('alert')).toHaveTextContent('44 assets are left out');
	await user.click(insights.getByRole('button', { name: 'Show as a table' }));
	expect(insights.getByRole('row', { name: 'Image · Clicks per impression -10% -20% to +20% Unclear' })).toBeVisible();
});

test('of one type, insights show that type once', async () => {
	window.history.replaceState(null, '', '/analytics?asset_type=image');
	renderPart(<ReuseAnalytics />);
	await screen.findByText('It is higher.');
	const insights = await panel('Do reused assets perform better?');
	expect(insights.getByTestId('chart').textContent).toBe('Image,Clicks per impression');
});

test('recommendations say why', async () => {
	renderPart(<ReuseAnalytics />);
	const recommended = await panel('What to reuse next');
	expect(await recommended.findByText(/Used in 9 similar campaigns/)).toHaveTextContent('goes with Picture 2');
});

test('recommendations are made for the campaign in the address, whose name is read', async () => {
	window.history.replaceState(null, '', '/analytics?campaign=fall');
	const calls = fakeApi(api);
	renderPart(<ReuseAnalytics />);
	expect(await screen.findByRole('button', { name: 'Fall' })).toBeVisible();
	expect(calls.find(({ path }) => path.endsWith('recommendations'))?.query.get('campaign_space_id')).toBe('fall');
});

test('filters go into the address and the requests', async () => {
	const calls = fakeApi(api);
	const { user } = renderPart(<ReuseAnalytics />);
	await user.selectOptions(await screen.findByRole('combobox', { name: 'Type' }), 'video');
	await user.click(screen.getByRole('radio', { name: '30 days' }));
	expect(window.location.search).toBe('?asset_type=video&period=30');
	await waitFor(() => {
		const last = calls.filter(({ path }) => path.endsWith('reuse-analytics')).at(-1);
		expect(last?.query.get('asset_type')).toBe('video');
		expect(last?.query.get('start_date')).toMatch(/Z$/);
	});
	expect(calls.filter(({ path }) => path.endsWith('timeline')).at(-1)?.query.get('bucket')).toBe('day');
});

test('dates in the wrong order are said', async () => {
	window.history.replaceState(null, '', '/analytics?period=custom&from=2026-02-01&until=2026-01-01');
	renderPart(<ReuseAnalytics />);
	expect(await screen.findByText('The first date must not be after the last.')).toBeVisible();
});

test('a tenant without reuses is told what to do', async () => {
	fakeApi({
		...api,
		'GET /api/campaign-assets/reuse-analytics': () => ({
			overview: { total_assets: 0, assets_with_reuses: 0, total_reuses: 0, avg_reuses_per_asset: 0, reuse_rate_percentage: 0 },
			top_reused_assets: [], by_asset_type: {},
		}),
		'GET /api/campaign-assets/reuse-timeline': () => ({ items: [] }),
		'GET /api/campaign-assets/reuse-insights': () => ({ ctr: nothing, conversions_per_click: nothing, by_asset_type: {}, data_quality: { inconsistent: 0, missing: 0, no_traffic: 0 } }),
		'GET /api/campaign-assets/reuse-recommendations': () => ({ items: [], seeds: 0 }),
	});
	renderPart(<ReuseAnalytics />);
	expect(await screen.findByText('Choose another period or type, or reuse an asset.')).toBeVisible();
	expect(await screen.findByText('Nothing to compare yet')).toBeVisible();
	expect(await screen.findByText('Nothing to recommend yet')).toBeVisible();
});

test('one part that fails leaves the others, and can be tried again', async () => {
	let failures = 1;
	fakeApi({ ...api, 'GET /api/campaign-assets/reuse-insights': () => (failures-- > 0 ? new Failure(500, 'internal') : api['GET /api/campaign-assets/reuse-insights']()) });
	const { user } = renderPart(<ReuseAnalytics />);
	expect(await screen.findByText('876')).toBeVisible();
	const insights = await panel('Do reused assets perform better?');
	await user.click(await insights.findByRole('button', { name: 'Try again' }));
	expect(await screen.findByText('It is higher.')).toBeVisible();
});
