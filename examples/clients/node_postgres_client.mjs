// asset_reuse with node-postgres: what every client of this folder does (see README.md).

import pg from 'pg';

const NOT_FOUND = { campaign_assets: 'asset not found', campaign_spaces: 'campaign not found',
  campaign_asset_reuse_history: 'reuse not found' };

// Returns the HTTP status, a message for the client, and a hint for the log.
function httpError(error) {
  if (error.code === 'P0002') return [404, NOT_FOUND[error.table]];
  if (error.code?.startsWith('22')) return [400, error.message, error.hint];
  throw error;
}

const pool = new pg.Pool();

async function call(statement, ...values) {
  const { rows } = await pool.query({ text: statement, values, rowMode: 'array' });
  return rows[0][0];
}

// node-postgres makes JSON of an object, and an object of jsonb.
function track(asset, campaign, key) {
  return call('SELECT asset_reuse_track($1, $2, $3, reuse_context => $4, reuse_key => $5)',
    asset, 'acme', campaign, { placement: 'story' }, key);
}

function trackEmail(asset, letter) {
  return call("SELECT asset_reuse_track($1, $2, reused_in_type => 'email', reused_in_id => $3)", asset, 'acme', letter);
}

// With ::text the answer is a string, which an API can send as it is.
function history(asset, cursor) {
  return call('SELECT asset_reuse_history($1, $2, page_limit => $3, cursor => $4)::text', asset, 'acme', 2, cursor);
}

function typedHistory(asset, tenant) {
  return call('SELECT asset_reuse_history($1::uuid, $2::uuid)', asset, tenant);
}

function analytics(assetType) {
  return call('SELECT asset_reuse_analytics($1, $2)::text', 'acme', assetType);
}

async function report(promise) {
  try {
    await promise;
  } catch (error) {
    const [status, message, hint] = httpError(error);
    console.log(status, message);
    if (hint) console.log(hint);
  }
}

for (const attempt of [1, 2]) {
  const { replayed, asset, event } = await track('hero', 'summer', 'request-1');
  console.log(`call ${attempt}: ${replayed ? 'replayed' : 'stored'}, ${asset.reused_count} reuse, placement ${event.context.placement}`);
}
await trackEmail('hero', 'letter-1');
await trackEmail('hero', 'letter-2');

for (let page = 1, cursor = null; page === 1 || cursor !== null; page++) {
  const answer = JSON.parse(await history('hero', cursor));
  console.log(`page ${page}: ${answer.history.map((event) => event.reused_in_id).join(', ')}`);
  cursor = answer.next_cursor;
}

const typed = await typedHistory('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001');
console.log(`uuid: ${typed.asset_name}, ${typed.total_reuses} reuses`);

await report(track('absent', 'summer', null));
await report(track('hero', 'absent', null));
await report(analytics('picture'));
await pool.end();
