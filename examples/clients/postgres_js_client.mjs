// asset_reuse with postgres.js: what every client of this folder does (see README.md).

import postgres from 'postgres';

const NOT_FOUND = { campaign_assets: 'asset not found', campaign_spaces: 'campaign not found',
  campaign_asset_reuse_history: 'reuse not found' };

// Returns the HTTP status, a message for the client, and a hint for the log.
function httpError(error) {
  if (error.code === 'P0002') return [404, NOT_FOUND[error.table_name]];
  if (error.code?.startsWith('22')) return [400, error.message, error.hint];
  throw error;
}

const sql = postgres({ onnotice: () => {} });

// sql.json() passes an object as jsonb; postgres.js makes an object of jsonb.
async function track(asset, campaign, key) {
  const [row] = await sql`
    SELECT asset_reuse_track(${asset}, ${'acme'}, ${campaign},
      reuse_context => ${sql.json({ placement: 'story' })}, reuse_key => ${key}) AS answer`;
  return row.answer;
}

async function trackEmail(asset, letter) {
  await sql`SELECT asset_reuse_track(${asset}, ${'acme'}, reused_in_type => 'email', reused_in_id => ${letter})`;
}

// With ::text the answer is a string, which an API can send as it is.
async function history(asset, cursor) {
  const [row] = await sql`
    SELECT asset_reuse_history(${asset}, ${'acme'}, page_limit => ${2}, cursor => ${cursor})::text AS answer`;
  return row.answer;
}

async function typedHistory(asset, tenant) {
  const [row] = await sql`SELECT asset_reuse_history(${asset}::uuid, ${tenant}::uuid) AS answer`;
  return row.answer;
}

async function analytics(assetType) {
  const [row] = await sql`SELECT asset_reuse_analytics(${'acme'}, ${assetType})::text AS answer`;
  return row.answer;
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
await sql.end();
