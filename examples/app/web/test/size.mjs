/** Says whether the pages' scripts and style sheets are small enough: gzipped, as a server sends them. */

import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const MOST = 250_000;
const folder = new URL('../dist/assets/', import.meta.url);
const size = readdirSync(folder).reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0);

console.log(`${size < MOST ? 'ok' : 'not ok'} - the bundle has ${Math.round(size / 1000)} kB gzipped, of at most ${MOST / 1000} kB`);
process.exitCode = size < MOST ? 0 : 1;
