/** The token of the tenant, which `make app` puts into the address that it prints. */

const KEY = 'asset-reuse-token';

/** Takes the token out of the address, so that it is neither shown nor shared, or from this tab's storage. */
export function takeToken() {
	const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
	if (token !== null) {
		sessionStorage.setItem(KEY, token);
		window.history.replaceState(null, '', window.location.pathname + window.location.search);
	}
	return sessionStorage.getItem(KEY);
}

/** An address with a token that is opened where these pages already are changes nothing but what follows the "#". */
export function followToken() {
	window.addEventListener('hashchange', () => {
		if (window.location.hash.startsWith('#token=')) {
			window.location.reload();
		}
	});
}

export function keepToken(token: string | null) {
	if (token === null) {
		sessionStorage.removeItem(KEY);
	} else {
		sessionStorage.setItem(KEY, token);
	}
}
