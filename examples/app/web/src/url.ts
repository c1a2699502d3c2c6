/** The address bar as state: the page is its path, the filters are its query. */

import { useCallback, useMemo, useSyncExternalStore } from 'react';

const CHANGED = 'address-changed';

function subscribe(listener: () => void) {
	window.addEventListener('popstate', listener);
	window.addEventListener(CHANGED, listener);
	return () => {
		window.removeEventListener('popstate', listener);
		window.removeEventListener(CHANGED, listener);
	};
}

/** Goes to another address of these pages; replacing leaves no entry to go back to. */
export function go(to: string, replace = false) {
	window.history[replace ? 'replaceState' : 'pushState'](null, '', to);
	window.dispatchEvent(new Event(CHANGED));
}

export function usePath() {
	return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** The query's parameters, and a function that changes some of them (an empty one is left out). */
export function useParams(): [URLSearchParams, (changes: Record<string, string>) => void] {
	const search = useSyncExternalStore(subscribe, () => window.location.search);
	const params = useMemo(() => new URLSearchParams(search), [search]);

	const change = useCallback((changes: Record<string, string>) => {
		const changed = new URLSearchParams(window.location.search);
		for (const [name, value] of Object.entries(changes)) {
			if (value === '') {
				changed.delete(name);
			} else {
				changed.set(name, value);
			}
		}
		const query = changed.toString();
		go(window.location.pathname + (query === '' ? '' : `?${query}`), true);
	}, []);

	return [params, change];
}
