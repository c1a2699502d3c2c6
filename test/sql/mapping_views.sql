--
-- examples/mapping_views.sql: every function works over views that rename columns and make text of
-- bigint identifiers, finds rows by an index, and has the caller's rights on the tables beneath.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set views :abs_srcdir '/../examples/mapping_views.sql'
\set tables :abs_srcdir '/fixtures/camel_case_tables.sql'
CREATE SCHEMA regress_mapping;
SET search_path = regress_mapping, public;
\i :tables
SET check_function_bodies = off;	-- a helper reads another application's tables
\i :helpers
\i :views
\set ECHO all
\set SHOW_CONTEXT never

SELECT * FROM asset_reuse_check_schema() WHERE status <> 'ok';

-- Writing
SELECT mask_times(asset_reuse_track('1', '1', '12', reuse_context => '{"placement": "story"}', reuse_key => 'k1'));
SELECT asset_reuse_track('1', '1', '12', reuse_key => 'k1') ->> 'replayed';
SELECT asset_reuse_track('1', '1', '11') ->> 'message';
SELECT asset_reuse_track_many('{1,2}', '1', '12') - 'assets';
SELECT asset_reuse_copy_campaign('12', '13', '1');
SELECT asset_reuse_sync('13', '1', '{1}', remove => true);
SELECT asset_reuse_import('1', '[{"asset_id": 2, "timestamp": "2026-01-05T10:00:00.123456Z", "campaign_space_id": 11, "context": {"by": "ann"}}]', 'file');
SELECT asset_reuse_undo('1', '1', reuse_key => 'k1') ->> 'message';
-- the tables beneath have it, the times in milliseconds
SELECT id, "reusedCount", jsonb_array_length("platformMetadata" -> 'reuse_history') AS events, "platformMetadata" -> 'zoom' AS zoom,
	"updatedAt" > '2026-01-02', "lastReusedAt" = (SELECT max((e ->> 'timestamp')::timestamp(3)) FROM jsonb_array_elements("platformMetadata" -> 'reuse_history') AS e) AS latest
FROM "CampaignAsset" ORDER BY id;

-- Reading
SELECT h -> 'asset_id', h -> 'total_reuses', h -> 'total', h #> '{history,0,campaign_space}' FROM asset_reuse_history('1', '1') AS h;
SELECT jsonb_array_length(h -> 'history'), h -> 'next_cursor'
FROM asset_reuse_history('1', '1', cursor => asset_reuse_history('1', '1', 1) ->> 'next_cursor') AS h;
SELECT mask_times(asset_reuse_analytics('1'));
SELECT asset_reuse_analytics('1', 'image', '2026-01-01Z', '2026-02-01Z') -> 'overview';
SELECT a."assetName", e.reused_in_name FROM asset_reuse_events('1') AS e JOIN "CampaignAsset" AS a ON a.id = e.asset_id::bigint ORDER BY 1, 2;
SELECT asset_id, reuses FROM asset_reuse_where_used('1', '12') ORDER BY asset_id;
SELECT reused_in_id, reuses, is_live FROM asset_reuse_places('2', '1') ORDER BY reused_in_id;
SELECT reuses, assets FROM asset_reuse_timeline('1', 'month', NULL, '2026-01-01Z', '2026-02-01Z');
SELECT created_assets, total_assets FROM asset_reuse_trend('1', 'month', NULL, '2026-01-01Z', '2026-02-01Z');
SELECT asset_id FROM asset_reuse_unused('1');
SELECT * FROM asset_reuse_verify('1');
UPDATE "CampaignAsset" SET "reusedCount" = 0 WHERE id = 1;
CALL asset_reuse_repair('1');
CALL asset_reuse_redact('1', '{"by": "ann"}', '{by}');
SELECT id, "reusedCount" FROM "CampaignAsset" ORDER BY id;

-- What is not found: another tenant's, a deleted one, and what is no number or one written otherwise
SELECT DISTINCT error_of(format('SELECT asset_reuse_history(%L, %L)', id, '1')) FROM unnest('{4,3,9999,x,01,1.0}'::text[]) AS id;
SELECT error_of($$ SELECT asset_reuse_track('1', '1', '21') $$);

-- An index finds the rows, and the tracked columns are in none, so that updates stay HOT.
CREATE FUNCTION indexes(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	SET LOCAL enable_seqscan = off;
	EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
	RETURN string_agg(name #>> '{}', ', ') FROM jsonb_path_query(plan::jsonb, 'strict $.**."Index Name"') AS name;
END
$$;
SELECT indexes($$ SELECT FROM campaign_assets WHERE id = '1' $$);
SELECT indexes($$ SELECT FROM campaign_assets WHERE tenant_id = '1' $$);
SELECT indexes($$ SELECT FROM campaign_spaces WHERE id = '12' $$);
SELECT count(*) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
WHERE indrelid = '"CampaignAsset"'::regclass AND attname IN ('reusedCount', 'lastReusedAt', 'updatedAt', 'platformMetadata');

-- The rights and policies of the tables beneath are the caller's.
CREATE ROLE regress_mapping_caller;
GRANT USAGE ON SCHEMA regress_mapping TO regress_mapping_caller;
GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO regress_mapping_caller;
SET ROLE regress_mapping_caller;
SELECT error_of($$ SELECT asset_reuse_track('1', '1', '12') $$);
RESET ROLE;
GRANT SELECT, UPDATE ON "CampaignAsset", "CampaignSpace" TO regress_mapping_caller;
ALTER TABLE "CampaignAsset" ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON "CampaignAsset" USING ("tenantId" = 1);
SET ROLE regress_mapping_caller;
SELECT asset_reuse_track('1', '1', '12') ->> 'success';
SELECT error_of($$ SELECT asset_reuse_track('4', '2', '21') $$);
RESET ROLE;

-- A history table would reference the assets.
SELECT error_of($$ SELECT asset_reuse_create_history_table() $$);

SET client_min_messages = warning;
DROP SCHEMA regress_mapping CASCADE;
DROP ROLE regress_mapping_caller;
