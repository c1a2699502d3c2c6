/** What must hold for each page: no violation of WCAG that axe-core finds, no overflow, no error, no request elsewhere. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { closeBrowser, openBrowser, openPage, url } from './browser';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

afterAll(closeBrowser);

interface Run {
	axe: { run: () => Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
}

async function violations(page: Page) {
	// By the debugger, because the pages' policy allows no script but their own.
	await page.evaluate(axe);
	const found = await page.evaluate(async () => (await (window as unknown as Run).axe.run()).violations);
	return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary ?? ''}`).slice(0, 3).join('\n')}`).join('\n');
}

const pages: { name: string; path: string; ready: (page: Page) => Promise<unknown> }[] = [
	{ name: 'assets', path: '/', ready: (page) => page.getByRole('article').first().waitFor() },
	{ name: 'assets without a match', path: '/?search=no-such-asset', ready: (page) => page.getByText('No assets found').waitFor() },
	{ name: 'selected assets', path: '/', ready: async (page) => {
		await page.getByRole('checkbox').first().check();
		await page.getByText('1 asset selected').waitFor();
	} },
	{ name: 'reuse dialog', path: '/', ready: async (page) => {
		await page.getByRole('button', { name: /^Reuse / }).first().click();
		await page.getByRole('dialog').getByRole('radio').first().click();
	} },
	{ name: 'delete dialog', path: '/assets/asset-0006', ready: async (page) => {
		await page.getByRole('button', { name: 'Delete', exact: true }).click();
		await page.getByRole('dialog').getByText(/It is used in/).waitFor();
	} },
	{ name: 'analytics', path: '/analytics', ready: async (page) => {
		await page.getByText(/comparable assets that were not reused/).first().waitFor();
		await page.getByText(/Popular in your workspace/).first().waitFor();
	} },
	{ name: 'tables of the charts', path: '/analytics', ready: async (page) => {
		await page.getByText(/comparable assets that were not reused/).first().waitFor();
		for (let i = 0; i < 3; i++) {
			await page.getByRole('button', { name: 'Show as a table' }).first().click();
		}
		await page.getByRole('table').nth(3).waitFor();
	} },
	{ name: 'history', path: '/assets/asset-0001', ready: (page) => page.getByRole('article').first().waitFor() },
	{ name: 'a toast', path: '/assets/asset-0007', ready: async (page) => {
		await page.getByRole('button', { name: /^Reuse / }).click();
		await page.getByRole('dialog').getByRole('radio').first().click();
		await page.getByRole('button', { name: 'Reuse here' }).click();
		await page.getByRole('button', { name: 'Undo', exact: true }).waitFor();
	} },
	{ name: 'an error', path: '/assets/no-such-asset', ready: (page) => page.getByRole('alert').waitFor() },
];

for (const colorScheme of ['light', 'dark'] as const) {
	test.each(pages)(`axe-core finds nothing: $name, ${colorScheme}`, async ({ path, ready }) => {
		const context = await openBrowser({ colorScheme });
		const page = await openPage(context, path);
		await ready(page);
		await page.waitForTimeout(400);
		expect(await violations(page)).toBe('');
		await context.close();
	});

	test(`axe-core finds nothing: sign in, ${colorScheme}`, async () => {
		const context = await openBrowser({ colorScheme });
		const page = await context.newPage();
		await page.goto(url);
		await page.getByLabel('Token').waitFor();
		expect(await violations(page)).toBe('');
		await context.close();
	});
}

test.each(['/', '/analytics', '/assets/asset-0001'])('%s fits a narrow screen', async (path) => {
	const context = await openBrowser({ viewport: { width: 320, height: 700 } });
	const page = await openPage(context, path);
	await page.getByRole('heading', { level: 1 }).waitFor();
	await page.waitForTimeout(1500);
	expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
	await context.close();
});

test('nothing is asked of other hosts, and nothing is logged as an error', async () => {
	const context = await openBrowser();
	const page = await context.newPage();
	const asked: string[] = [];
	const said: string[] = [];
	page.on('request', (request) => asked.push(request.url()));
	page.on('console', (message) => said.push(message.text()));
	page.on('pageerror', (error) => said.push(error.message));
	await page.goto(`${url}/#token=${process.env.APP_TOKEN_ACME ?? ''}`);
	await page.getByRole('article').first().waitFor();
	await page.getByRole('link', { name: 'Analytics' }).click();
	await page.getByText(/comparable assets that were not reused/).first().waitFor();
	expect(asked.filter((address) => !address.startsWith(url) && !address.startsWith('data:'))).toEqual([]);
	expect(said).toEqual([]);
	await context.close();
});

test('the API’s description is shown', async () => {
	const context = await openBrowser();
	const page = await context.newPage();
	await page.goto(`${url}/docs`);
	await page.getByText('/api/campaign-assets/{asset_id}/reuse', { exact: false }).first().waitFor();
	await context.close();
});
