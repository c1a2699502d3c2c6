/** Renders parts of the pages against a stand-in for the API. */

import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { vi } from 'vitest';
import { createClient, type GridAsset, type HistoryEvent, type Session } from '../../src/api';
import { I18nProvider } from '../../src/i18n';
import { TenantContext, createQueryClient } from '../../src/queries';
import { theme } from '../../src/theme';

export const session: Session = {
	tenant_id: 'acme', tenant_name: 'Acme Outdoor', expires_at: '2027-01-01T00:00:00Z',
	asset_types: ['image', 'video'], platforms: ['meta', 'youtube'],
};

export interface Call {
	method: string;
	path: string;
	query: URLSearchParams;
	body: Record<string, unknown> | undefined;
	key: string | null;
	token: string | null;
}

type Answer = (call: Call) => unknown;

export class Failure {
	constructor(readonly status: number, readonly code: string, readonly detail = code) {}
}

/** Answers requests by "METHOD /path"; the calls are kept.  A Failure is an answer other than 200, null is none. */
export function fakeApi(answers: Record<string, Answer>) {
	const calls: Call[] = [];
	vi.stubGlobal('fetch', vi.fn(async (input: string, init: RequestInit = {}) => {
		const url = new URL(input, 'http://app');
		const headers = new Headers(init.headers);
		const call: Call = {
			method: init.method ?? 'GET', path: url.pathname, query: url.searchParams,
			body: typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : undefined,
			key: headers.get('Idempotency-Key'), token: headers.get('Authorization'),
		};
		calls.push(call);
		const answer = await answers[`${call.method} ${call.path}`]?.(call);
		if (answer === null) {
			throw new TypeError('Failed to fetch');
		}
		if (answer === undefined || answer instanceof Failure) {
			const { status, code, detail } = answer ?? new Failure(404, 'not_found');
			return Response.json({ detail, code, parameter: null }, { status });
		}
		return Response.json(answer);
	}));
	return calls;
}

export function renderPart(part: ReactNode) {
	const cache = createQueryClient();
	cache.setDefaultOptions({ queries: { ...cache.getDefaultOptions().queries, retryDelay: 1 }, mutations: { ...cache.getDefaultOptions().mutations, retryDelay: 1 } });
	const tenant = { client: createClient('secret', 'acme'), session, signOut: vi.fn() };
	const view = render(
		<MantineProvider theme={theme} env="test">
			<QueryClientProvider client={cache}>
				<I18nProvider>
					<TenantContext value={tenant}>{part}</TenantContext>
					<Notifications />
				</I18nProvider>
			</QueryClientProvider>
		</MantineProvider>,
	);
	return { ...view, cache, user: userEvent.setup() };
}

export const gridAsset = (n: number, changes: Partial<GridAsset> = {}): GridAsset => ({
	id: `asset-${n}`, asset_name: `Picture ${n}`, asset_type: 'image', campaign_space_id: 'spring', campaign_name: 'Spring', platform: 'meta',
	thumbnail_url: `https://cdn.acme.example/${n}.jpg`, impressions: 12345, clicks: 250, conversions: 3, ctr: 2.03, reused_count: n,
	last_reused_at: '2026-01-14T10:00:00Z', created_at: '2025-01-01T00:00:00Z', ...changes,
});

export const campaigns = {
	items: [
		{ id: 'fall', campaign_name: 'Fall', platform: 'meta', is_active: true },
		{ id: 'winter', campaign_name: 'Winter', platform: 'youtube', is_active: false },
	],
	next_cursor: null,
};

export const track = (id: string, reused_count: number) => ({
	success: true, replayed: false, asset: { id, asset_name: 'Picture', asset_type: 'image', reused_count, last_reused_at: '2026-11-26T10:00:00Z' },
	event: { event_id: 'e-1', timestamp: '2026-11-26T10:00:00Z' }, message: '',
});

export const historyEvent = (n: number, changes: Partial<HistoryEvent> = {}): HistoryEvent => ({
	event_id: `e-${n}`, timestamp: '2026-01-14T19:46:36Z', reused_in_type: 'campaign_space', reused_in_id: 'fall', reused_in_name: 'Fall',
	campaign_space: { id: 'fall', campaign_name: 'Fall', platform: 'meta', is_active: true }, context: {}, ...changes,
});
