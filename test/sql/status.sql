--
-- The view asset_reuse_status: where events live, the sizes, the indexes and the versions, for who may
-- read the tables.
--
-- See also privileges.sql.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
CREATE SCHEMA regress_status;
SET search_path = regress_status, public;
\i :tables
\i :rows
\set ECHO all
-- Notices of the migration tell times.
SET client_min_messages = warning;
ANALYZE campaign_assets;

-- Sizes differ between builds; here it matters only that there are some.  Everything is in the documents.
CREATE VIEW told AS SELECT fact, object, CASE WHEN fact LIKE '%bytes' THEN (value > 0)::int ELSE value END AS value, detail
	FROM asset_reuse_status ORDER BY fact COLLATE "C", object COLLATE "C";
SELECT * FROM told;
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'message' AS message;

-- The table is there, and what has not moved.  Before its first VACUUM or ANALYZE there is no estimate.
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('clip', 'acme', 'fall') ->> 'message' AS message;
SELECT * FROM told WHERE object !~ 'campaign_assets_' OR object ~ 'reuse_history';
CALL asset_reuse_migrate_history();
ANALYZE campaign_asset_reuse_history;
SELECT * FROM told WHERE fact IN ('events_in', 'documents_with_log', 'rows');

-- It is the caller's: row-level security, and no right at all.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": []}' WHERE id IN ('secret', 'line');
CREATE ROLE regress_monitor;
GRANT USAGE ON SCHEMA regress_status TO regress_monitor;
GRANT SELECT ON told TO regress_monitor;
GRANT SELECT ON campaign_assets TO regress_monitor;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY globex ON campaign_assets TO regress_monitor USING (tenant_id = 'globex');
SELECT value FROM told WHERE fact = 'documents_with_log';
SET ROLE regress_monitor;
SELECT fact, object, value, detail FROM asset_reuse_status WHERE fact IN ('events_in', 'documents_with_log', 'rows') ORDER BY fact COLLATE "C";
RESET ROLE;
REVOKE SELECT ON campaign_assets FROM regress_monitor;
SET ROLE regress_monitor;
SELECT fact, object, value, detail FROM asset_reuse_status WHERE fact <> 'wanted_index' ORDER BY fact COLLATE "C";
RESET ROLE;

-- An index that is not valid is not there.
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'campaign_assets_reuse_history_idx'::regclass;
SELECT * FROM told WHERE object ~ 'campaign_assets_reuse_history_idx|tenant_id, id' OR fact IN ('events_in', 'documents_with_log');
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'campaign_assets_reuse_history_idx'::regclass;

-- By month: what the partitions have together, each index once.
SELECT asset_reuse_drop_history_table();
SELECT asset_reuse_create_history_table('month');
SELECT asset_reuse_track('clip', 'acme', 'fall') ->> 'message' AS message;
CALL asset_reuse_migrate_history();
VACUUM ANALYZE campaign_asset_reuse_history;
SELECT * FROM told WHERE object ~ 'campaign_asset_reuse_history';

-- It costs the same with more events, and with more documents that have a log than are counted.
CREATE FUNCTION blocks() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM asset_reuse_status' INTO plan;
	RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
END
$$;
-- The first call fills the caches.
SELECT blocks() > 0 AS read;
SELECT blocks() AS few \gset
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq) SELECT 'acme', 'hero', '2026-01-01', n FROM generate_series(1, 20000) AS n;
SELECT blocks() <= :few + 10 AS as_before;
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, platform_metadata)
	SELECT 'n' || n, 'fall', 'acme', 'ann', 'New', 'image', '{"reuse_history": []}' FROM generate_series(1, 5000) AS n;
SELECT blocks() <= :few + 1100 AS bounded;
SELECT object, value, detail FROM told WHERE fact = 'documents_with_log';

-- The settings decide, as in all functions; a view has no size, and where there are no tables, there is nothing to tell.
CREATE VIEW assets_view AS SELECT * FROM campaign_assets;
SET asset_reuse.assets_table = 'regress_status.assets_view';
SET asset_reuse.history_table = 'no_such_history';
SELECT * FROM told WHERE fact <> 'wanted_index';
SET asset_reuse.assets_table = 'no_such_table';
SET asset_reuse.spaces_table = 'no_such_table';
SELECT * FROM told;
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
RESET asset_reuse.history_table;

-- Somebody else's table under the history table's name is an error, as in all functions: he could hold a lock on it.
CREATE TABLE strange (x int);
ALTER TABLE strange OWNER TO regress_monitor;
SET asset_reuse.history_table = 'strange';
SELECT count(*) FROM asset_reuse_status;
SELECT count(*) > 20 AS told FROM asset_reuse_check_schema();
RESET asset_reuse.history_table;
DROP TABLE strange;

-- In a read-only transaction; an absurd search_path does not matter.
SET asset_reuse.assets_table = 'regress_status.campaign_assets';
BEGIN READ ONLY;
SET LOCAL search_path = '';
SELECT count(*) > 20 AS told FROM public.asset_reuse_status;
COMMIT;

DROP SCHEMA regress_status CASCADE;
DROP ROLE regress_monitor;
