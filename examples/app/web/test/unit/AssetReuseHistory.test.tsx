import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { AssetReuseHistory } from '../../src/components/AssetReuseHistory';
import { Failure, fakeApi, gridAsset, historyEvent, renderPart, track } from './app';

const asset = { 'GET /api/campaign-assets/asset-7': () => gridAsset(7) };
const page = (history: unknown[], next_cursor: string | null = null) => ({ total_reuses: history.length, history, next_cursor });
const events = 'GET /api/campaign-assets/asset-7/reuse-history';

test('names campaigns, other places, and campaigns that are gone', async () => {
	fakeApi({
		...asset,
		[events]: () => page([
			historyEvent(3, { context: { note: 'second variant' } }),
			historyEvent(2, { campaign_space: null, reused_in_name: 'Old campaign' }),
			historyEvent(1, { campaign_space: null, reused_in_type: 'email', reused_in_name: 'Newsletter' }),
			historyEvent(0, { campaign_space: null, reused_in_type: null, reused_in_id: null, reused_in_name: null, timestamp: null, context: 17 }),
		]),
	});
	renderPart(<AssetReuseHistory id="asset-7" />);
	const [live, gone, email, unknown] = await screen.findAllByRole('article');
	expect(within(live ?? document.body).getByRole('link', { name: 'Fall' })).toHaveAttribute('href', '/analytics?campaign=fall#recommendations');
	expect(live).toHaveTextContent('Meta');
	expect(live).toHaveTextContent('second variant');
	expect(gone).toHaveTextContent('Old campaignDeleted');
	expect(email).toHaveTextContent('NewsletterEmail');
	expect(unknown).toHaveTextContent('Unknown place');
	expect(screen.getByText('That is all.')).toBeVisible();
});

test('goes on by the cursor to the end', async () => {
	const calls = fakeApi({ ...asset, [events]: ({ query }) => (query.has('cursor') ? page([historyEvent(1)]) : page([historyEvent(2)], 'c-1')) });
	const { user } = renderPart(<AssetReuseHistory id="asset-7" />);
	await user.click(await screen.findByRole('button', { name: 'Show more' }));
	expect(await screen.findByText('That is all.')).toBeVisible();
	expect(screen.getAllByRole('article')).toHaveLength(2);
	expect(calls.at(-1)?.query.get('cursor')).toBe('c-1');
});

test('takes one reuse back, after a question', async () => {
	const calls = fakeApi({ ...asset, [events]: () => page([historyEvent(5)]), 'DELETE /api/campaign-assets/asset-7/reuse': () => track('asset-7', 6) });
	const { user } = renderPart(<AssetReuseHistory id="asset-7" />);
	await user.click(await screen.findByRole('button', { name: 'Undo the reuse in Fall' }));
	await user.click(await screen.findByRole('button', { name: 'Undo' }));
	expect(await screen.findByText('Reuse undone')).toBeVisible();
	expect(calls.find(({ method }) => method === 'DELETE')?.query.get('event_id')).toBe('e-5');
	expect(screen.getByText('6 reuses')).toBeVisible();
});

test('says that an asset was not reused yet', async () => {
	fakeApi({ ...asset, [events]: () => page([]) });
	renderPart(<AssetReuseHistory id="asset-7" />);
	expect(await screen.findByText('Not reused yet')).toBeVisible();
	expect(screen.queryByText('That is all.')).toBeNull();
});

test('says that there is no such asset', async () => {
	fakeApi({ 'GET /api/campaign-assets/asset-7': () => new Failure(404, 'asset_not_found') });
	renderPart(<AssetReuseHistory id="asset-7" />);
	expect(await screen.findByRole('alert')).toHaveTextContent('This asset does not exist');
});
