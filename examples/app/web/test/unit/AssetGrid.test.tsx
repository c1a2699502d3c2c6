import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { AssetGrid } from '../../src/components/AssetGrid';
import { applyEvent } from '../../src/live';
import { Failure, campaigns, fakeApi, gridAsset, renderPart, track } from './app';

const three = { items: [gridAsset(3), gridAsset(2), gridAsset(0, { last_reused_at: null })], total: 3, next_cursor: null };
const list = { 'GET /api/campaign-assets': () => three, 'GET /api/campaign-spaces': () => campaigns };
const card = (name: string) => screen.findByText(name).then((link) => within(link.closest('article') ?? link));

async function reuseInFall(user: ReturnType<typeof renderPart>['user']) {
	await user.click(await screen.findByRole('radio', { name: /^Fall/ }));
	await user.click(screen.getByRole('button', { name: 'Reuse here' }));
}

test('shows each asset with its count, and marks the most reused', async () => {
	fakeApi(list);
	renderPart(<AssetGrid />);
	const first = await card('Picture 3');
	expect(first.getByText('3 reuses')).toBeVisible();
	expect(first.getByText('Most reused')).toBeVisible();
	const last = await card('Picture 0');
	expect(last.getByText('Never reused')).toBeVisible();
	expect(last.queryByText('Most reused')).toBeNull();
	expect(screen.getByText('3 of 3 assets')).toBeVisible();
});

test('filters stand in the address, and are read from it', async () => {
	window.history.replaceState(null, '', '/?asset_type=video&sort=newest');
	const calls = fakeApi(list);
	const { user } = renderPart(<AssetGrid />);
	await card('Picture 3');
	expect(calls[0]?.query.get('asset_type')).toBe('video');
	expect(calls[0]?.query.get('sort')).toBe('newest');
	await user.type(screen.getByRole('searchbox', { name: 'Search assets' }), 'hero');
	await user.click(screen.getByRole('radio', { name: 'Never reused' }));
	await waitFor(() => expect(window.location.search).toBe('?asset_type=video&sort=never_reused&search=hero'));
});

test('without a match, the filters can be cleared', async () => {
	window.history.replaceState(null, '', '/?search=nothing');
	fakeApi({ 'GET /api/campaign-assets': ({ query }) => (query.has('search') ? { items: [], total: 0, next_cursor: null } : three) });
	const { user } = renderPart(<AssetGrid />);
	expect(await screen.findByText('No assets found')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Clear the filters' }));
	expect(await screen.findByText('Picture 3')).toBeVisible();
	expect(screen.getByRole('searchbox', { name: 'Search assets' })).toHaveValue('');
});

test('an error can be tried again', async () => {
	let failures = 1;
	fakeApi({ 'GET /api/campaign-assets': () => (failures-- > 0 ? new Failure(500, 'internal') : three) });
	const { user } = renderPart(<AssetGrid />);
	expect(await screen.findByRole('alert')).toHaveTextContent('The server met an unexpected error');
	await user.click(screen.getByRole('button', { name: 'Try again' }));
	expect(await screen.findByText('Picture 3')).toBeVisible();
});

test('the next page comes with its cursor', async () => {
	const calls = fakeApi({
		'GET /api/campaign-assets': ({ query }) => (query.has('cursor') ? { items: [gridAsset(1)], total: null, next_cursor: null } : { ...three, total: 4, next_cursor: 'c-1' }),
	});
	const { user } = renderPart(<AssetGrid />);
	await user.click(await screen.findByRole('button', { name: 'Show more' }));
	expect(await screen.findByText('Picture 1')).toBeVisible();
	expect(calls.at(-1)?.query.get('cursor')).toBe('c-1');
	expect(screen.getByText('4 of 4 assets')).toBeVisible();
});

test('the count rises at once, and the answer corrects it', async () => {
	let answer: (value: unknown) => void = () => undefined;
	fakeApi({ ...list, 'POST /api/campaign-assets/asset-3/reuse': () => new Promise((resolve) => { answer = resolve; }) });
	const { user } = renderPart(<AssetGrid />);
	await user.click(await screen.findByRole('button', { name: 'Reuse Picture 3' }));
	await reuseInFall(user);
	expect((await card('Picture 3')).getByText('4 reuses')).toBeVisible();
	answer(track('asset-3', 9));
	expect(await screen.findByText('9 reuses')).toBeVisible();
});

test('the count falls back when the reuse fails', async () => {
	fakeApi({ ...list, 'POST /api/campaign-assets/asset-3/reuse': () => new Failure(409, 'refused') });
	const { user } = renderPart(<AssetGrid />);
	await user.click(await screen.findByRole('button', { name: 'Reuse Picture 3' }));
	await reuseInFall(user);
	expect(await screen.findByText('Not reused')).toBeVisible();
	expect((await card('Picture 3')).getByText('3 reuses')).toBeVisible();
});

test('selected assets are reused together, and undone together', async () => {
	const calls = fakeApi({
		...list,
		'POST /api/campaign-assets/bulk-reuse': () => ({
			assets: [{ id: 'asset-3', status: 'tracked', reused_count: 4 }, { id: 'asset-0', status: 'missing', reused_count: null }],
			missing: ['asset-0'], tracked: 1, replayed: 0,
		}),
		'DELETE /api/campaign-assets/asset-3/reuse': () => track('asset-3', 3),
	});
	const { user } = renderPart(<AssetGrid />);
	await user.click(await screen.findByRole('checkbox', { name: 'Select Picture 3' }));
	await user.click(screen.getByRole('checkbox', { name: 'Select Picture 0' }));
	expect(screen.getByText('2 assets selected')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Reuse in a campaign' }));
	await reuseInFall(user);
	expect(await screen.findByText('1 asset reused in Fall')).toBeVisible();
	expect(screen.getByText('1 asset no longer exists.')).toBeVisible();
	expect(screen.queryByText('2 assets selected')).toBeNull();
	expect(calls.find(({ method }) => method === 'POST')?.body).toEqual({ asset_ids: ['asset-3', 'asset-0'], campaign_space_id: 'fall', on_missing: 'skip' });
	expect((await card('Picture 0')).getByText('Never reused')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Undo' }));
	expect(await screen.findByText('1 reuse was taken back.')).toBeVisible();
});

test('before an asset is deleted, its places are shown', async () => {
	const calls = fakeApi({
		...list,
		'GET /api/campaign-assets/asset-3/reuse-places': () => ({
			items: [
				{ reused_in_type: 'campaign_space', reused_in_id: 'fall', reused_in_name: 'Fall', reuses: 2, last_reused_at: '2026-01-01T00:00:00Z', is_live: true },
				{ reused_in_type: 'campaign_space', reused_in_id: 'old', reused_in_name: 'Old', reuses: 1, last_reused_at: null, is_live: false },
			],
		}),
		'DELETE /api/campaign-assets/asset-3': () => ({ success: true }),
	});
	const { user } = renderPart(<AssetGrid />);
	await user.click(await screen.findByRole('button', { name: 'Delete Picture 3' }));
	const dialog = within(await screen.findByRole('dialog'));
	expect(await dialog.findByText('It is used in 2 places:')).toBeVisible();
	expect(dialog.getByText('Deleted')).toBeVisible();
	await user.click(dialog.getByRole('button', { name: 'Delete' }));
	expect(await screen.findByText('Picture 3 deleted')).toBeVisible();
	expect(calls.some(({ method, path }) => method === 'DELETE' && path === '/api/campaign-assets/asset-3')).toBe(true);
});

test('what others do shows in the counts, and moves nothing', async () => {
	fakeApi(list);
	const { cache } = renderPart(<AssetGrid />);
	await card('Picture 3');
	applyEvent(cache, { type: 'reused', asset_id: 'asset-2', asset_name: 'Picture 2', reused_count: 41, reused_at: '2026-11-26T10:00:00Z', event_id: 'e', reused_in_name: 'Fall' });
	expect(await screen.findByText('41 reuses')).toBeVisible();
	expect(screen.getAllByRole('heading', { level: 2 }).map((heading) => heading.textContent)).toEqual(['Picture 3', 'Picture 2', 'Picture 0']);
});
