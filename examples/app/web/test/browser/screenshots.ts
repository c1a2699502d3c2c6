/**
 * Takes the screenshots in examples/app/screenshots, of a fresh `make app`:
 *
 *     eval "$(examples/app/app env)" && cd examples/app/web && SCREENSHOTS=../screenshots npm run screenshots
 *
 * and, by Debian's package webp: for f in *.png; do cwebp -q 82 $f -o ${f%.png}.webp; done
 */

import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { closeBrowser, openBrowser, openPage } from './browser';

const folder = process.env.SCREENSHOTS ?? '.';

afterAll(closeBrowser);

const shots = [
	{ name: 'assets', path: '/', scheme: 'light', size: { width: 1280, height: 860 } },
	{ name: 'analytics', path: '/analytics', scheme: 'light', size: { width: 1280, height: 1000 } },
	{ name: 'insights', path: '/analytics', scheme: 'dark', size: { width: 1280, height: 1000 }, at: 'Do reused assets perform better?' },
	{ name: 'history', path: '/assets/asset-0001', scheme: 'light', size: { width: 1000, height: 860 } },
	{ name: 'reuse', path: '/', scheme: 'dark', size: { width: 1280, height: 860 }, press: 'Reuse Summer Sale Hero Image' },
	{ name: 'narrow', path: '/', scheme: 'light', size: { width: 400, height: 800 } },
] as const;

test.each(shots)('$name', async (shot) => {
	const context = await openBrowser({ colorScheme: shot.scheme, viewport: shot.size });
	const page = await openPage(context, shot.path);
	await page.waitForLoadState('load');
	await page.getByRole('heading', { level: 1 }).waitFor();
	await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
	await page.locator('[role=status][aria-label="Loading…"]').first().waitFor({ state: 'detached' });
	await page.waitForTimeout(1000);
	if ('at' in shot) {
		await page.getByRole('heading', { name: shot.at }).evaluate((heading) => window.scrollTo(0, heading.getBoundingClientRect().top + window.scrollY - 100));
		await page.waitForTimeout(500);
	}
	if ('press' in shot) {
		await page.getByRole('button', { name: shot.press }).click();
		await page.getByRole('dialog').getByRole('radio').first().click();
	}
	await page.waitForTimeout(300);
	await page.screenshot({ path: join(folder, `${shot.name}.png`) });
	await context.close();
});
