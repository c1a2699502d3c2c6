/** The size of what a browser has to load: the scripts and style sheets, gzipped. */

import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const MOST = 250_000;

test('the bundle is small', () => {
	const folder = new URL('../../dist/assets/', import.meta.url);
	const files = readdirSync(folder);
	expect(files).not.toEqual([]);
	expect(files.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0)).toBeLessThan(MOST);
});
