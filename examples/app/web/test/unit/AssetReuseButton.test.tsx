import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { AssetReuseButton } from '../../src/components/AssetReuseButton';
import { Failure, campaigns, fakeApi, gridAsset, renderPart, track } from './app';

const asset = gridAsset(7);
const reuse = 'POST /api/campaign-assets/asset-7/reuse';
const undo = 'DELETE /api/campaign-assets/asset-7/reuse';
const list = { 'GET /api/campaign-spaces': () => campaigns };

async function reuseInFall(user: ReturnType<typeof renderPart>['user'], note = '') {
	await user.click(screen.getByRole('button', { name: 'Reuse Picture 7' }));
	const dialog = await screen.findByRole('dialog', { name: 'Reuse in a campaign' });
	await user.click(await within(dialog).findByRole('radio', { name: /Fall/ }));
	if (note !== '') {
		await user.type(within(dialog).getByRole('textbox', { name: 'Note' }), note);
	}
	await user.click(within(dialog).getByRole('button', { name: 'Reuse here' }));
}

test('reuses the asset in the chosen campaign, with the note and a key', async () => {
	const calls = fakeApi({ ...list, [reuse]: () => track('asset-7', 8) });
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await reuseInFall(user, 'second variant');
	expect(await screen.findByText('Reused in Fall')).toBeVisible();
	expect(screen.getByText('Picture 7 has now been reused 8×.')).toBeVisible();
	const call = calls.find(({ method }) => method === 'POST');
	expect(call?.body).toEqual({ campaign_space_id: 'fall', reuse_context: { note: 'second variant' } });
	expect(call?.key).toMatch(/^[0-9a-f-]{36}$/);
});

test('asks for a campaign before anything can be confirmed', async () => {
	fakeApi(list);
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await user.click(screen.getByRole('button', { name: 'Reuse Picture 7' }));
	expect(await screen.findByRole('button', { name: 'Choose a campaign' })).toBeDisabled();
});

test('searches campaigns by name and platform', async () => {
	const calls = fakeApi(list);
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await user.click(screen.getByRole('button', { name: 'Reuse Picture 7' }));
	await user.type(await screen.findByRole('searchbox', { name: 'Search campaigns' }), 'win');
	await user.selectOptions(screen.getByRole('combobox', { name: 'Platform' }), 'youtube');
	await expect.poll(() => calls.at(-1)?.query.toString()).toContain('search=win&platform=youtube');
});

test('undoes by the key of the reuse', async () => {
	const calls = fakeApi({ ...list, [reuse]: () => track('asset-7', 8), [undo]: () => track('asset-7', 7) });
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await reuseInFall(user);
	await user.click(await screen.findByRole('button', { name: 'Undo' }));
	expect(await screen.findByText('Reuse undone')).toBeVisible();
	const key = calls.find(({ method }) => method === 'POST')?.key;
	expect(calls.find(({ method }) => method === 'DELETE')?.query.get('reuse_key')).toBe(key);
});

test('a failure is said, and trying again sends the same key', async () => {
	let failures = 1;
	const calls = fakeApi({ ...list, [reuse]: () => (failures-- > 0 ? new Failure(500, 'internal') : track('asset-7', 8)) });
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await reuseInFall(user);
	expect(await screen.findByText('Not reused')).toBeVisible();
	await user.click(screen.getByRole('button', { name: 'Try again' }));
	expect(await screen.findByText('Reused in Fall')).toBeVisible();
	const keys = calls.filter(({ method }) => method === 'POST').map(({ key }) => key);
	expect(keys).toHaveLength(2);
	expect(new Set(keys).size).toBe(1);
});

test('a busy server is asked again by itself, with the same key', async () => {
	let failures = 2;
	const calls = fakeApi({ ...list, [reuse]: () => (failures-- > 0 ? new Failure(503, 'unavailable') : track('asset-7', 8)) });
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await reuseInFall(user);
	expect(await screen.findByText('Reused in Fall')).toBeVisible();
	expect(new Set(calls.filter(({ method }) => method === 'POST').map(({ key }) => key)).size).toBe(1);
});

test('a rule that refuses is named, without what the database said', async () => {
	fakeApi({ ...list, [reuse]: () => new Failure(409, 'refused', 'check constraint "reuses" failed') });
	const { user } = renderPart(<AssetReuseButton asset={asset} />);
	await reuseInFall(user);
	expect(await screen.findByText('A rule of your workspace does not allow this reuse.')).toBeVisible();
	expect(screen.queryByText(/constraint/)).toBeNull();
});
