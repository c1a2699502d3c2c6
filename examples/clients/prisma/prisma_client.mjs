// asset_reuse with Prisma and its driver adapter: what every client of this folder does (see README.md).

import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';

const NOT_FOUND = { 'campaign asset not found': 'asset not found', 'campaign space not found': 'campaign not found',
  'reuse event not found': 'reuse not found' };

// Returns the HTTP status, a message for the client, and a hint for the log.  Prisma drops the
// table's name, so the message tells an asset from a campaign.
function httpError(error) {
  const { originalCode, originalMessage, hint } = error.meta?.driverAdapterError?.cause ?? {};
  if (originalCode === 'P0002') return [404, NOT_FOUND[originalMessage]];
  if (originalCode?.startsWith('22')) return [400, originalMessage, hint];
  throw error;
}

const { PGHOST: host, PGPORT: port, PGDATABASE: database, PGUSER: user } = process.env;
const prisma = new PrismaClient({ adapter: new PrismaPg({ host, port: Number(port), database, user }) });

// Prisma makes JSON of an object, and an object of jsonb.
async function track(asset, campaign, key) {
  const [row] = await prisma.$queryRaw`
    SELECT asset_reuse_track(${asset}, ${'acme'}, ${campaign},
      reuse_context => ${{ placement: 'story' }}, reuse_key => ${key}) AS answer`;
  return row.answer;
}

async function trackEmail(asset, letter) {
  await prisma.$queryRaw`
    SELECT asset_reuse_track(${asset}, ${'acme'}, reused_in_type => 'email', reused_in_id => ${letter})`;
}

// With ::text the answer is a string, which an API can send as it is.
async function history(asset, cursor) {
  const [row] = await prisma.$queryRaw`
    SELECT asset_reuse_history(${asset}, ${'acme'}, page_limit => ${2}::int, cursor => ${cursor})::text AS answer`;
  return row.answer;
}

async function typedHistory(asset, tenant) {
  const [row] = await prisma.$queryRaw`SELECT asset_reuse_history(${asset}::uuid, ${tenant}::uuid) AS answer`;
  return row.answer;
}

async function analytics(assetType) {
  const [row] = await prisma.$queryRaw`SELECT asset_reuse_analytics(${'acme'}, ${assetType})::text AS answer`;
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
await prisma.$disconnect();
