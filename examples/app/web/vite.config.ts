import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
	plugins: [react()],
	server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8420' } },
	build: { target: 'es2022', chunkSizeWarningLimit: 1000 },
	test: {
		environment: 'jsdom',
		include: ['test/unit/**/*.test.{ts,tsx}'],
		setupFiles: ['test/unit/setup.ts'],
		pool: 'forks',
		maxWorkers: 1,
		testTimeout: 20_000,
	},
});
