/** What the tests in a browser share: Debian's Chromium, a signed-in page, and the API called directly. */

import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

function variable(name: string) {
	const value = process.env[name];
	if (value === undefined || value === '') {
		throw new Error(`${name} is not set: see run-tests`);
	}
	return value;
}

export const url = variable('APP_URL');
export const tokens = { acme: variable('APP_TOKEN_ACME'), globex: variable('APP_TOKEN_GLOBEX') };
const pid = Number(variable('APP_PID'));
export type Tenant = keyof typeof tokens;

/** Without these, Chromium looks for its maker's hosts. */
const FLAGS = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync',
];

let browser: Promise<Browser> | undefined;

/** What one person sees: cookies and storage of its own, in a browser that a file's tests share. */
export async function openBrowser(options: BrowserContextOptions = {}) {
	browser ??= chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
	const context = await (await browser).newContext({
		locale: 'en-GB',
		timezoneId: 'Europe/Berlin',
		viewport: { width: 1280, height: 900 },
		reducedMotion: 'reduce',
		...options,
	});
	context.setDefaultTimeout(30_000);
	return context;
}

export async function closeBrowser() {
	await (await browser)?.close();
	browser = undefined;
}

/** A new page that is signed in, at a path of these pages. */
export async function openPage(context: BrowserContext, path = '/', tenant: Tenant = 'acme') {
	const page = await context.newPage();
	await page.goto(`${url}${path}#token=${tokens[tenant]}`);
	return page;
}

/** Calls the API as another program would. */
export async function callApi<T>(method: string, path: string, body?: object, tenant: Tenant = 'acme') {
	const response = await fetch(`${url}${path}${path.includes('?') ? '&' : '?'}tenant_id=${tenant}`, {
		method,
		headers: { Authorization: `Bearer ${tokens[tenant]}`, 'Content-Type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	if (!response.ok) {
		throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
	}
	return (await response.json()) as T;
}

export const countOf = async (id: string) =>
	(await callApi<{ reused_count: number }>('GET', `/api/campaign-assets/${id}`)).reused_count;

/** Stops the API as if it hung, and lets it go on. */
export const freezeApi = () => process.kill(pid, 'SIGSTOP');

export function thawApi() {
	// runuser, which runs it where root tests, stops itself when its child is stopped.
	const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
	process.kill(pid, 'SIGCONT');
	if (parent !== undefined && readFileSync(`/proc/${parent}/comm`, 'utf8').trim() === 'runuser') {
		process.kill(Number(parent), 'SIGCONT');
	}
}

/** The card of an asset in the grid, by its name. */
export const card = (page: Page, name: string) =>
	page.getByRole('article').filter({ has: page.getByRole('link', { name, exact: true }) });

/** Chooses a campaign in the open dialog, and confirms. */
export async function chooseCampaign(page: Page, name: string) {
	const dialog = page.getByRole('dialog');
	await dialog.getByRole('searchbox').fill(name);
	await dialog.getByRole('radio', { name }).click();
	await dialog.getByRole('button', { name: 'Reuse here' }).click();
}
