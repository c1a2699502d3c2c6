--
-- asset_reuse_track_many: one event for each of many assets, all or nothing.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_many;
SET search_path = regress_many, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';

-- One of each: tracked, replayed, missing; in the order of the input, repeated ids once.
SELECT asset_reuse_track('clip', 'acme', 'summer', reuse_key => 'batch') ->> 'message';
SELECT jsonb_pretty(mask_times(asset_reuse_track_many('{line,gone,clip,line,secret,hero,gone}', 'acme', 'summer', reuse_key => 'batch', on_missing => 'skip')));
SELECT id, reused_count, asset_reuse_history(id, tenant_id) ->> 'total' FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL ORDER BY id;
-- Each event is what track would have stored: the same but for its time and its asset's metrics.
SELECT count(DISTINCT event - 'timestamp' #- '{context,at_reuse}') FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') AS e (event);
-- A retry stores nothing; of an undone event it says so.
SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'batch') ->> 'message';
SELECT mask_times(asset_reuse_track_many('{line,clip,hero}', 'acme', 'summer', reuse_key => 'batch'));
-- All or nothing: an absent asset, another place of the key, an absent campaign, a CHECK.
CREATE TABLE before AS SELECT tables_checksum() AS sum;
SELECT error_of($$SELECT asset_reuse_track_many('{line,clip,never,gone,secret}', 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many(array_cat('{line}', array(SELECT 'never' || n FROM generate_series(1, 25) AS n)), 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{line,clip}', 'acme', 'fall', reuse_key => 'batch')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{line,clip}', 'acme', 'rival')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{never}', 'acme', 'rival', on_missing => 'skip')$$);
ALTER TABLE campaign_assets ADD CONSTRAINT at_most CHECK (id <> 'clip' OR reused_count <= 1);
SELECT split_part(error_of($$SELECT asset_reuse_track_many('{line,clip}', 'acme', 'fall')$$), ':', 1);
ALTER TABLE campaign_assets DROP CONSTRAINT at_most;
-- With a key, a campaign that is gone is no error where nothing is left to store.
UPDATE campaign_spaces SET deleted_at = '2026-01-01' WHERE id = 'summer';
SELECT asset_reuse_track_many('{line,clip,hero}', 'acme', 'summer', reuse_key => 'batch') -> 'replayed';
SELECT error_of($$SELECT asset_reuse_track_many('{line,clip,hero}', 'acme', 'summer', reuse_key => 'other')$$);
UPDATE campaign_spaces SET deleted_at = NULL WHERE id = 'summer';
SELECT sum = tables_checksum() AS unchanged FROM before;
-- None there, and that is allowed.
SELECT asset_reuse_track_many('{never,gone}', 'acme', 'summer', on_missing => 'skip');
-- Arguments.
SELECT error_of($$SELECT asset_reuse_track_many(NULL, 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{}', 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many(array(SELECT 'a' || n FROM generate_series(1, 10001) AS n), 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{hero,NULL}', 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{hero,""}', 'acme', 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{hero}', NULL, 'summer')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{hero}', 'acme')$$);
SELECT error_of($$SELECT asset_reuse_track_many('{hero}', 'acme', 'summer', on_missing => 'ignore')$$);
SELECT sum = tables_checksum() AS unchanged FROM before;
-- NULL for what is optional is the default; two dimensions are a list.
SELECT asset_reuse_track_many('{{hero,line},{clip,hero}}', 'acme', NULL, NULL, 'fall', NULL, NULL, NULL, NULL) - 'assets';
-- Typed ids.
SELECT mask_times(asset_reuse_track_many('{bbbbbbbb-0000-4000-8000-000000000001}'::uuid[], 'aaaaaaaa-0000-4000-8000-000000000001',
	NULL, 'email', 'x') -> 'assets');

-- The same in the table, from documents that have logs.
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track_many('{line,never,clip,line,hero}', 'acme', 'summer', reuse_key => 'batch', on_missing => 'skip') - 'assets';
SELECT asset_reuse_track_many('{line,clip,hero}', 'acme', 'summer', reuse_context => '{"n": 1}') - 'assets';
SELECT id, reused_count, asset_reuse_history(id, tenant_id) ->> 'total' FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL ORDER BY id;
SELECT count(*) FROM campaign_asset_reuse_history WHERE context - 'at_reuse' = '{"n": 1}';
SELECT asset_reuse_drop_history_table();

-- As many as there may be, and what each of them cost in memory does not stay: see the TAP test of memory.
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type)
SELECT 'many' || n, 'acme', 'summer', 'ann', 'Asset', 'image' FROM generate_series(1, 10000) AS n;
SELECT asset_reuse_track_many(array(SELECT 'many' || n FROM generate_series(1, 10000) AS n), 'acme', 'summer', reuse_key => 'all') - 'assets';
SELECT count(*), sum(reused_count), count(DISTINCT last_reused_at) > 1 FROM campaign_assets WHERE id LIKE 'many%';

SET client_min_messages = warning;
DROP SCHEMA regress_many CASCADE;
