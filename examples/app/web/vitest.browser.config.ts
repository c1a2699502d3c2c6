import { defineConfig } from 'vitest/config';

/** The tests in a browser, one after the other: they share the data of one server. */
export default defineConfig({
	test: {
		include: [process.env.SCREENSHOTS === undefined ? 'test/browser/*.test.ts' : 'test/browser/screenshots.ts'],
		pool: 'threads',
		chaiConfig: { truncateThreshold: 0 },
		maxWorkers: 1,
		isolate: false,
		fileParallelism: false,
		testTimeout: 120_000,
		hookTimeout: 60_000,
		reporters: ['./test/reporter.ts'],
	},
});
