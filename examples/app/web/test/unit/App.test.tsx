import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { App } from '../../src/App';
import { Failure, fakeApi, gridAsset, renderPart, session } from './app';

const api = {
	'GET /api/session': () => session,
	'GET /api/campaign-assets': () => ({ items: [gridAsset(1)], total: 1, next_cursor: null }),
};

test('takes the token from the address, and out of it', async () => {
	window.history.replaceState(null, '', '/?sort=newest#token=t-1');
	const calls = fakeApi(api);
	renderPart(<App />);
	expect(await screen.findByText('Picture 1')).toBeVisible();
	expect(calls[0]?.token).toBe('Bearer t-1');
	expect(window.location.href).toMatch(/\/\?sort=newest$/);
	expect(screen.getByText('Acme Outdoor')).toBeInTheDocument();
});

test('asks for a token, and says that one is not valid', async () => {
	fakeApi({ ...api, 'GET /api/session': ({ token }) => (token === 'Bearer right' ? session : new Failure(401, 'unauthorized')) });
	const { user } = renderPart(<App />);
	await user.type(await screen.findByLabelText('Token'), 'wrong');
	await user.click(screen.getByRole('button', { name: 'Sign in' }));
	expect(await screen.findByText('This token is not valid, or no longer.')).toBeVisible();
	await user.clear(screen.getByLabelText('Token'));
	await user.type(screen.getByLabelText('Token'), 'right');
	await user.click(screen.getByRole('button', { name: 'Sign in' }));
	expect(await screen.findByText('Picture 1')).toBeVisible();
});

test('signs out, and forgets the token', async () => {
	window.history.replaceState(null, '', '/#token=t-1');
	fakeApi(api);
	const { user } = renderPart(<App />);
	await user.click(await screen.findByRole('button', { name: 'Sign out' }));
	expect(await screen.findByLabelText('Token')).toBeVisible();
	expect(sessionStorage).toHaveLength(0);
});

test('changes the language of the whole page', async () => {
	window.history.replaceState(null, '', '/#token=t-1');
	fakeApi(api);
	const { user } = renderPart(<App />);
	await user.selectOptions(await screen.findByRole('combobox', { name: 'Language' }), 'Deutsch');
	expect(screen.getByRole('link', { name: 'Auswertung' })).toBeVisible();
	expect(document.documentElement.lang).toBe('de');
});

test('an address without a page says so', async () => {
	window.history.replaceState(null, '', '/nowhere#token=t-1');
	fakeApi(api);
	renderPart(<App />);
	expect(await screen.findByText('There is no such page')).toBeVisible();
});

test('a session that ends asks for a token again', async () => {
	window.history.replaceState(null, '', '/#token=t-1');
	fakeApi({ ...api, 'GET /api/campaign-assets': () => new Failure(401, 'unauthorized') });
	renderPart(<App />);
	expect(await screen.findByLabelText('Token')).toBeVisible();
});
