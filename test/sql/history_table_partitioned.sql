--
-- The history table with partitions: without pg_partman it has one for everything, to
-- which months can be added by hand; all else is as without partitions.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_history_partitioned;
SET search_path = regress_history_partitioned, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- A table by ranges of reused_at, with the same key, reference and indexes, and its default partition.
SELECT asset_reuse_create_history_table(partition_by => 'month');
SELECT c.relname, c.relkind, pg_get_partkeydef(c.oid) AS key, pg_get_expr(c.relpartbound, c.oid) AS bounds
FROM pg_partition_tree('campaign_asset_reuse_history') t JOIN pg_class c ON c.oid = t.relid ORDER BY t.level, c.relname;
SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = 'campaign_asset_reuse_history' ORDER BY indexname;
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'campaign_asset_reuse_history'::regclass AND contype = 'f';
-- By their own names, partitions are closed to all but the owner, also to those who have the privilege by default.
CREATE ROLE regress_partition_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA regress_history_partitioned GRANT SELECT, INSERT ON TABLES TO regress_partition_reader;
SELECT asset_reuse_drop_history_table();
SELECT asset_reuse_create_history_table('month');
SELECT relname, relacl IS NULL OR relacl::text !~ 'regress_partition_reader' AS cleared, relrowsecurity, relforcerowsecurity,
	(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies
FROM pg_class AS c WHERE relname ~ '^campaign_asset_reuse_history' AND relkind IN ('r', 'p') AND relnamespace = 'regress_history_partitioned'::regnamespace ORDER BY relname;
GRANT USAGE ON SCHEMA regress_history_partitioned TO regress_partition_reader;
GRANT SELECT, UPDATE ON campaign_assets TO regress_partition_reader;
GRANT SELECT, INSERT ON campaign_asset_reuse_history, campaign_asset_reuse_history_default TO regress_partition_reader;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') ->> 'success' AS success;
SET ROLE regress_partition_reader;
SELECT (SELECT count(*) FROM campaign_asset_reuse_history) AS by_the_table, (SELECT count(*) FROM campaign_asset_reuse_history_default) AS by_its_name;
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history_default VALUES ('acme', 'hero', '2026-01-03 10:00') $$);
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') ->> 'message' AS message;
RESET ROLE;
DELETE FROM campaign_asset_reuse_history;
ALTER DEFAULT PRIVILEGES IN SCHEMA regress_history_partitioned REVOKE SELECT, INSERT ON TABLES FROM regress_partition_reader;
DROP OWNED BY regress_partition_reader;
DROP ROLE regress_partition_reader;
-- Again, with and without partitions: it is there.
SELECT asset_reuse_create_history_table('month');
SELECT asset_reuse_create_history_table();

-- Months added by hand take the rows of theirs.
CREATE TABLE history_2026_01 PARTITION OF campaign_asset_reuse_history FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'hero', '2026-01-03 10:00', 0, 'campaign_space', 'summer', NULL, NULL, '{"a": 1}', NULL),
	('acme', 'hero', '2026-02-03 10:00', 0, NULL, NULL, NULL, NULL, NULL, NULL),
	('acme', 'clip', '2025-12-31 23:59:59.999999', 0, NULL, NULL, NULL, NULL, NULL, NULL),
	('acme', 'clip', '-infinity', 0, NULL, NULL, NULL, NULL, NULL, '"odd"');
SELECT tableoid::regclass, asset_id, reused_at FROM campaign_asset_reuse_history ORDER BY reused_at;
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '2026-01-03 10:00') $$);
-- A deleted asset's events go, from all partitions.
BEGIN;
DELETE FROM campaign_assets WHERE id = 'hero';
SELECT asset_id, reused_at FROM campaign_asset_reuse_history;
ROLLBACK;

-- To track looks into no month that has gone by.
SELECT asset_reuse_track('hero', 'acme', NULL, 'email') ->> 'success' AS success;
-- Counts that the session has not yet told are among a transaction's own.
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT asset_reuse_track('hero', 'acme', NULL, 'email') ->> 'success' AS success;
SELECT sum(pg_stat_get_xact_numscans(indexrelid)) AS scans FROM pg_index WHERE indrelid = 'history_2026_01'::regclass;
ROLLBACK;
DELETE FROM campaign_asset_reuse_history WHERE reused_in_type = 'email';

-- All are put back, and no partition is left.
SELECT asset_reuse_drop_history_table();
SELECT id, platform_metadata->'reuse_history' AS log FROM campaign_assets WHERE platform_metadata ? 'reuse_history' ORDER BY id;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_history_partitioned'::regnamespace AND relname ~ 'history';

-- The default partition's name gives way to another's, and is cut to an identifier's length.
CREATE TABLE campaign_asset_reuse_history_default ();
SELECT asset_reuse_create_history_table('month');
SELECT relid FROM pg_partition_tree('campaign_asset_reuse_history') ORDER BY level;
SELECT asset_reuse_drop_history_table();
SET asset_reuse.history_table = '"The history of how often and where the assets of the campaigns"';
SELECT asset_reuse_create_history_table('month');
SELECT relid FROM pg_partition_tree('"The history of how often and where the assets of the campaigns"') ORDER BY level;
SELECT asset_reuse_drop_history_table();
RESET asset_reuse.history_table;

-- Assets in partitions by tenant, where id is unique in its tenant only.
CREATE TABLE assets_by_tenant (LIKE campaign_assets, PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id);
CREATE TABLE assets_of_acme PARTITION OF assets_by_tenant FOR VALUES IN ('acme');
CREATE TABLE assets_of_others PARTITION OF assets_by_tenant DEFAULT;
INSERT INTO assets_by_tenant SELECT * FROM campaign_assets;
INSERT INTO assets_by_tenant SELECT (jsonb_populate_record(a, '{"tenant_id": "globex"}')).* FROM campaign_assets a WHERE id = 'line';
SET asset_reuse.assets_table = 'assets_by_tenant';
SELECT asset_reuse_create_history_table('month');
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'line', '2026-01-03 10:00', 0, 'email', 'of acme'), ('globex', 'line', '2026-01-03 10:00', 0, 'email', 'of globex');
SELECT reused_in_id FROM asset_reuse_events('globex');
-- The index on the assets has one on each partition.
SELECT relid, level FROM pg_partition_tree('assets_by_tenant_reuse_history_idx') ORDER BY level, relid::text;
SELECT asset_reuse_drop_history_table();
SELECT tenant_id, platform_metadata FROM assets_by_tenant WHERE id = 'line' ORDER BY tenant_id;
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_history_partitioned'::regnamespace AND relname ~ 'reuse_history.*idx';
-- Assets that are a partition themselves, whose parent has that index: it stays.
CREATE INDEX ON assets_by_tenant (tenant_id, id) WHERE platform_metadata ? 'reuse_history';
SET asset_reuse.assets_table = 'assets_of_acme';
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_drop_history_table();
SELECT count(*) FROM pg_indexes WHERE schemaname = 'regress_history_partitioned' AND tablename = 'assets_of_acme' AND indexdef ~ 'reuse_history';
RESET asset_reuse.assets_table;

SET client_min_messages = warning;
DROP SCHEMA regress_history_partitioned CASCADE;
