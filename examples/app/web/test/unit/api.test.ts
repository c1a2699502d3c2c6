import { expect, test } from 'vitest';
import { ApiError, createClient, parseEvents, readSession } from '../../src/api';
import { Failure, fakeApi, session, track } from './app';

// eslint-disable-next-line @typescript-eslint/require-await -- a stream, but one that has all it says
async function* stream(...chunks: string[]) {
	yield* chunks;
}

async function read(...chunks: string[]) {
	const events = [];
	for await (const event of parseEvents(stream(...chunks))) {
		events.push(event);
	}
	return events;
}

test('events are read whatever the chunks they come in', async () => {
	const text = 'event: ready\ndata: {}\n\n: ping\n\nevent: undone\ndata: {"asset_id": "a", "event_id": "e"}\n\n';
	const expected = [{ type: 'ready' }, { type: 'undone', asset_id: 'a', event_id: 'e' }];
	expect(await read(text)).toEqual(expected);
	expect(await read(...Array.from(text))).toEqual(expected);
	expect(await read(text.replaceAll('\n', '\r\n'))).toEqual(expected);
});

test('an event that has not ended is not given', async () => {
	expect(await read('event: ready\ndata: {}\n')).toEqual([]);
});

test('a request has the token, the tenant, and only the parameters that are given', async () => {
	const calls = fakeApi({ 'GET /api/campaign-assets': () => ({ items: [], total: 0, next_cursor: null }) });
	await createClient('secret', 'acme').assets({ search: 'a & b', asset_type: '', cursor: undefined });
	expect(calls[0]?.token).toBe('Bearer secret');
	expect(calls[0]?.query.toString()).toBe('tenant_id=acme&search=a+%26+b');
});

test('the session is asked for without a tenant', async () => {
	const calls = fakeApi({ 'GET /api/session': () => session });
	expect(await readSession('secret')).toEqual(session);
	expect(calls[0]?.query.toString()).toBe('');
});

test('a reuse has its key, and an id with a slash is one part of the path', async () => {
	const calls = fakeApi({ 'POST /api/campaign-assets/a%2Fb/reuse': () => track('a/b', 1) });
	await createClient('secret', 'acme').reuse('a/b', { campaign_space_id: 'fall' }, 'key-1');
	expect(calls[0]?.key).toBe('key-1');
	expect(calls[0]?.body).toEqual({ campaign_space_id: 'fall' });
});

test('an error has the code and the text of the API', async () => {
	fakeApi({ 'GET /api/session': () => new Failure(400, 'invalid', 'limit must be between 1 and 100') });
	const error = await readSession('secret').catch((thrown: unknown) => thrown);
	expect(error).toBeInstanceOf(ApiError);
	expect(error).toMatchObject({ status: 400, code: 'invalid', message: 'limit must be between 1 and 100', isTemporary: false });
});

test('no answer is an error of its own', async () => {
	fakeApi({ 'GET /api/session': () => null });
	await expect(readSession('secret')).rejects.toMatchObject({ status: 0, code: 'unreachable', isTemporary: true });
});
