/** Keeps the pages up to date with what others do, by the API's stream of events. */

import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { LiveEvent } from './api';
import { patchAsset, refreshFigures, useTenant } from './queries';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Many reuses at once, as of a bulk, should not have the figures read for each. */
const QUIET_MS = 500;

/** Applies one event to the cache; returns whether the figures have to be read again. */
export function applyEvent(cache: QueryClient, event: LiveEvent) {
	switch (event.type) {
		case 'ready':
			// What happened until now was not streamed.
			void cache.invalidateQueries();
			return false;
		case 'reused':
			patchAsset(cache, event.asset_id, () => ({ reused_count: event.reused_count, last_reused_at: event.reused_at }));
			return true;
		case 'undone':
			// The event has no count.
			void cache.invalidateQueries({ queryKey: ['assets'] });
			void cache.invalidateQueries({ queryKey: ['asset', event.asset_id] });
			return true;
		default:
			return false;
	}
}

const sleep = (ms: number, signal: AbortSignal) =>
	new Promise<void>((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener('abort', () => {
			clearTimeout(timer);
			resolve();
		});
	});

/**
 * Listens for as long as it is mounted and visible, and returns whether it is connected.  Browsers have six connections to a
 * server: tabs in the background must not keep them.
 */
export function useLiveUpdates() {
	const { client } = useTenant();
	const cache = useQueryClient();
	const [connected, setConnected] = useState(true);

	useEffect(() => {
		let stop: AbortController | undefined;
		let timer: ReturnType<typeof setTimeout> | undefined;

		async function listen(signal: AbortSignal) {
			const isStopped = () => signal.aborted;
			let pause = FIRST_PAUSE_MS;
			while (!isStopped()) {
				try {
					for await (const event of client.events(signal)) {
						setConnected(true);
						pause = FIRST_PAUSE_MS;
						if (applyEvent(cache, event)) {
							clearTimeout(timer);
							timer = setTimeout(() => refreshFigures(cache), QUIET_MS);
						}
					}
				} catch {
					// Connected again below.
				}
				if (!isStopped()) {
					setConnected(false);
				}
				await sleep(pause, signal);
				pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
			}
		}

		function end() {
			stop?.abort();
			stop = undefined;
		}

		function follow() {
			if (document.hidden) {
				end();
			} else if (stop === undefined) {
				stop = new AbortController();
				void listen(stop.signal);
			}
		}

		follow();
		document.addEventListener('visibilitychange', follow);
		return () => {
			document.removeEventListener('visibilitychange', follow);
			end();
			clearTimeout(timer);
		};
	}, [client, cache]);

	return connected;
}
