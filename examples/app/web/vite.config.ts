import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
	plugins: [react()],
	server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8420' } },
	// light-dark() must reach the browser as it is: its substitute does not know Mantine's attribute.
	build: { target: 'es2022', cssTarget: ['chrome123', 'firefox120', 'safari17.5'], chunkSizeWarningLimit: 1000 },
	test: {
		environment: 'jsdom',
		include: ['test/unit/**/*.test.{ts,tsx}'],
		setupFiles: ['test/unit/setup.ts'],
		pool: 'threads',
		// One thread for all files: to start one for each takes longer than to run them.
		maxWorkers: 1,
		isolate: false,
		testTimeout: 60_000,
		reporters: ['./test/reporter.ts'],
	},
});
