/** The paths that a person takes, in a browser, against the real API. */

import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { BrowserContext, Page } from 'playwright-core';
import { callApi, card, chooseCampaign, closeBrowser, countOf, freezeApi, openBrowser, openPage, thawApi, tokens, url } from './browser';

let context: BrowserContext;

beforeEach(async () => {
	context = await openBrowser();
});
afterEach(() => context.close());
afterAll(closeBrowser);

/** Waits until something can be read off the page. */
const see = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

/** The first asset of the grid in an order, by its name and count. */
async function firstAsset(sort: string) {
	const { items } = await callApi<{ items: { id: string; asset_name: string; reused_count: number }[] }>('GET', `/api/campaign-assets?limit=1&sort=${sort}`);
	const [asset] = items;
	if (asset === undefined) {
		throw new Error('there is no asset');
	}
	return asset;
}

test('reuses an asset in a campaign, and undoes it', async () => {
	const { id, asset_name: name, reused_count: before } = await firstAsset('most_reused');
	const page = await openPage(context);
	await card(page, name).getByText(`${before} reuses`).waitFor();
	await page.getByRole('button', { name: `Reuse ${name}`, exact: true }).click();
	await chooseCampaign(page, 'Fall Campaign 2026');
	await see(page, 'Reused in Fall Campaign 2026');
	await card(page, name).getByText(`${before + 1} reuses`).waitFor();
	expect(await countOf(id)).toBe(before + 1);

	await page.getByRole('button', { name: 'Undo', exact: true }).click();
	await see(page, 'Reuse undone');
	await card(page, name).getByText(`${before} reuses`).waitFor();
	expect(await countOf(id)).toBe(before);
});

test('reuses an asset with the keyboard alone', async () => {
	const page = await openPage(context, '/assets/asset-0003');
	await page.getByRole('button', { name: /^Reuse / }).focus();
	await page.keyboard.press('Enter');
	await page.getByRole('searchbox', { name: 'Search campaigns' }).waitFor();
	await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
	await page.keyboard.type('Summer Sale 2026');
	await page.getByRole('radio', { name: /Summer Sale 2026/ }).waitFor();
	await page.waitForTimeout(500);
	await page.keyboard.press('Tab');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Space');
	await page.keyboard.press('Tab');
	await page.keyboard.type('by keyboard');
	await page.keyboard.press('Enter');
	await see(page, 'Reused in Summer Sale 2026');
	await page.getByRole('article').first().getByText('by keyboard').waitFor();
});

test('closes the dialog by Escape, and is back at the button', async () => {
	const page = await openPage(context, '/assets/asset-0003');
	const button = page.getByRole('button', { name: /^Reuse / });
	await button.click();
	await page.getByRole('dialog').waitFor();
	await page.keyboard.press('Escape');
	await page.getByRole('dialog').waitFor({ state: 'detached' });
	await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
});

test('reads a history to its end, with campaigns that are gone', async () => {
	for (let i = 0; i < 30; i++) {
		await callApi('POST', '/api/campaign-assets/asset-0001/reuse', { campaign_space_id: 'summer-sale-2026' });
	}
	const { total } = await callApi<{ total: number }>('GET', '/api/campaign-assets/asset-0001/reuse-history');
	const page = await openPage(context, '/assets/asset-0001');
	await page.getByRole('article').nth(19).waitFor();
	await expect.poll(async () => {
		await page.mouse.wheel(0, 3000);
		return page.getByRole('article').count();
	}, { timeout: 20_000, interval: 200 }).toBe(total);
	await see(page, 'That is all.');
	const gone = page.getByRole('article').filter({ hasText: 'Holiday Gifts 2025: Awareness' });
	await gone.getByText('Deleted').waitFor();
});

test('goes from a reuse in the history to what fits its campaign next', async () => {
	const page = await openPage(context, '/assets/asset-0002');
	await page.getByRole('link', { name: 'New Year 2026: Prospecting' }).first().click();
	await page.getByRole('button', { name: 'New Year 2026: Prospecting' }).waitFor();
	await see(page, /Used in \d+ similar campaign/);
	await page.reload();
	await page.getByRole('button', { name: 'New Year 2026: Prospecting' }).waitFor();
});

test('filters and sorts assets, and the address brings it back', async () => {
	const page = await openPage(context);
	await page.getByRole('searchbox', { name: 'Search assets' }).fill('hero');
	await page.getByRole('combobox', { name: 'Type' }).selectOption('image');
	await page.getByText('Never reused', { exact: true }).first().click();
	await expect.poll(() => Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ search: 'hero', asset_type: 'image', sort: 'never_reused' });
	await expect.poll(async () => {
		const names = await page.getByRole('article').getByRole('link').allTextContents();
		return names.length > 0 && names.every((name) => /hero/i.test(name));
	}).toBe(true);
	const shown = await page.getByText(/of .* assets/).textContent();
	await page.reload();
	await expect.poll(() => page.getByText(/of .* assets/).textContent()).toBe(shown);
	await expect.poll(() => page.getByRole('searchbox').inputValue()).toBe('hero');
});

test('filters the analytics by type and dates', async () => {
	const page = await openPage(context, '/analytics');
	await page.getByRole('combobox', { name: 'Type' }).selectOption('image');
	await page.getByText('Dates', { exact: true }).click();
	await page.getByLabel('From').fill('2026-01-01');
	await page.getByLabel('Until').fill('2026-01-31');
	const { overview } = await callApi<{ overview: { total_reuses: number; assets_with_reuses: number } }>(
		'GET', '/api/campaign-assets/reuse-analytics?asset_type=image&start_date=2025-12-31T23:00:00Z&end_date=2026-01-31T23:00:00Z');
	expect(overview.total_reuses).toBeGreaterThan(0);
	const figures = page.getByRole('definition');
	await expect.poll(() => figures.first().textContent()).toBe(String(overview.total_reuses));
	expect(new URL(page.url()).search).toBe('?asset_type=image&period=custom&from=2026-01-01&until=2026-01-31');
	await page.getByRole('button', { name: 'Show as a table' }).first().click();
	await page.getByRole('rowheader', { name: 'Jan 2026' }).waitFor();
});

test('a period without reuse says what to do', async () => {
	const page = await openPage(context, '/analytics?period=custom&from=2020-01-01&until=2020-01-31');
	await see(page, 'No reuses in this period');
});

test('reuses several assets at once', async () => {
	const page = await openPage(context, '/?sort=never_reused');
	const boxes = page.getByRole('checkbox');
	await boxes.nth(2).waitFor();
	const names = (await page.getByRole('article').getByRole('link').allTextContents()).slice(0, 3);
	for (let i = 0; i < 3; i++) {
		await boxes.nth(i).check();
	}
	await see(page, '3 assets selected');
	await page.getByRole('button', { name: 'Reuse in a campaign' }).click();
	await chooseCampaign(page, 'New Year 2026: Awareness');
	await see(page, '3 assets reused in New Year 2026: Awareness');
	const { items } = await callApi<{ items: { asset_name: string }[] }>('GET', '/api/campaign-assets/where-used?campaign_space_id=new-year-2026-awareness');
	expect(items.map(({ asset_name }) => asset_name)).toEqual(expect.arrayContaining(names));
	await page.getByRole('button', { name: 'Undo', exact: true }).click();
	await see(page, '3 reuses were taken back.');
});

test('shows where an asset is used before it is deleted', async () => {
	const { items } = await callApi<{ items: { id: string; asset_name: string }[] }>('GET', '/api/campaign-assets?sort=most_reused&search=Newsletter Banner&limit=1')
		.then((found) => (found.items.length > 0 ? found : callApi<{ items: { id: string; asset_name: string }[] }>('GET', '/api/campaign-assets?sort=last_reused&limit=40')));
	const asset = items.at(-1);
	const page = await openPage(context, `/assets/${asset?.id ?? ''}`);
	await page.getByRole('button', { name: 'Delete', exact: true }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByText(/It is used in \d+ place/).waitFor();
	await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
	await see(page, /deleted$/);
	await expect.poll(() => new URL(page.url()).pathname).toBe('/');
	await expect(countOf(asset?.id ?? '')).rejects.toThrow('404');
});

test('a server that answers 500: the count falls back, and trying again counts once', async () => {
	const before = await countOf('asset-0004');
	const page = await openPage(context, '/assets/asset-0004');
	let failures = 1;
	await page.route('**/reuse?*', (route) => (failures-- > 0
		? route.fulfill({ status: 500, contentType: 'application/json', body: '{"detail": "Internal error", "code": "internal", "parameter": null}' })
		: route.continue()));
	await page.getByRole('button', { name: /^Reuse / }).click();
	await chooseCampaign(page, 'Fall Campaign 2026');
	await see(page, 'Not reused');
	await see(page, `${before} reuses`);
	await page.getByRole('button', { name: 'Try again' }).click();
	await see(page, 'Reused in Fall Campaign 2026');
	expect(await countOf('asset-0004')).toBe(before + 1);
});

test('an answer that is lost: the reuse that was stored is not counted twice', async () => {
	const before = await countOf('asset-0004');
	const page = await openPage(context, '/assets/asset-0004');
	let lost = 1;
	await page.route('**/reuse?*', async (route) => {
		if (lost-- > 0) {
			await route.fetch();
			await route.abort();
		} else {
			await route.continue();
		}
	});
	await page.getByRole('button', { name: /^Reuse / }).click();
	await chooseCampaign(page, 'Fall Campaign 2026');
	await see(page, 'The server does not answer. Check your connection.');
	await page.getByRole('button', { name: 'Try again' }).click();
	await see(page, 'Reused in Fall Campaign 2026');
	expect(await countOf('asset-0004')).toBe(before + 1);
});

test('a server that does not answer at all is said, and the page recovers', async () => {
	const page = await openPage(context);
	await page.getByRole('article').first().waitFor();
	freezeApi();
	try {
		await page.getByRole('link', { name: 'Analytics' }).click();
		await page.getByText('The server does not answer. Check your connection.').first().waitFor({ timeout: 30_000 });
	} finally {
		thawApi();
	}
	await page.getByRole('button', { name: 'Try again' }).first().click();
	await page.getByRole('definition').first().waitFor();
});

test('two browsers see each other’s reuse live', async () => {
	const before = await countOf('asset-0005');
	const other = await openBrowser();
	try {
		const [mine, theirs] = await Promise.all([openPage(context, '/assets/asset-0005'), openPage(other, '/assets/asset-0005')]);
		await see(mine, `${before} reuses`);
		await see(theirs, `${before} reuses`);
		await mine.getByRole('button', { name: /^Reuse / }).click();
		await chooseCampaign(mine, 'Fall Campaign 2026');
		await see(theirs, `${before + 1} reuses`);
		await theirs.getByRole('article').first().getByText('Fall Campaign 2026').waitFor();
		await theirs.getByRole('button', { name: /^Undo the reuse in Fall Campaign 2026/ }).first().click();
		await theirs.getByRole('dialog').getByRole('button', { name: 'Undo', exact: true }).click();
		await see(mine, `${before} reuses`);
	} finally {
		await other.close();
	}
});

test('a tab in the background keeps no connection, and catches up when it is looked at', async () => {
	const before = await countOf('asset-0006');
	const page = await openPage(context, '/assets/asset-0006');
	await see(page, `${before} reuses`);
	const look = (hidden: boolean) => page.evaluate((value) => {
		Object.defineProperty(document, 'hidden', { configurable: true, value });
		document.dispatchEvent(new Event('visibilitychange'));
	}, hidden);
	const ended = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/events'));
	await look(true);
	await ended;
	await callApi('POST', '/api/campaign-assets/asset-0006/reuse', { reused_in_type: 'email', reused_in_id: 'background' });
	await look(false);
	await see(page, `${before + 1} reuses`);
});

test('an address with a token signs in where one was asked for before', async () => {
	const visitor = await openBrowser();
	const page = await visitor.newPage();
	await page.goto(url);
	await page.getByRole('button', { name: 'Sign in' }).waitFor();
	await page.goto(`${url}/#token=${tokens.acme}`);
	await page.getByRole('article').first().waitFor();
	await visitor.close();
});

test('one tenant sees nothing of another', async () => {
	const page = await openPage(context, '/assets/asset-0001', 'globex');
	await see(page, 'This asset does not exist, or it has been deleted.');
});

test('is in German for those who read German', async () => {
	const german = await openBrowser({ locale: 'de-DE' });
	const page = await openPage(german, '/analytics');
	await see(page, 'Wiederverwendete Assets');
	await see(page, /von 1\.5\d\d Assets/);
	expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
	await german.close();
});
