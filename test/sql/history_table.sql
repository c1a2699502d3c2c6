--
-- The history table: asset_reuse_create_history_table makes it of the assets table's
-- types, for its owner, with its rights; asset_reuse_drop_history_table puts all
-- events back.  Rows are inserted by hand here.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_history_table;
SET search_path = regress_history_table, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

--
-- What is created
--
-- The table's name as the application writes it, a table of these columns, and a comment on each.
SELECT asset_reuse_create_history_table();
\d campaign_asset_reuse_history
SELECT coalesce(a.attname, 'the table') AS what, d.description
FROM pg_description d LEFT JOIN pg_attribute a ON (a.attrelid, a.attnum) = (d.objoid, d.objsubid) AND a.attnum > 0
WHERE d.classoid = 'pg_class'::regclass AND d.objoid = 'campaign_asset_reuse_history'::regclass ORDER BY d.objsubid;
-- The settings of the session are as before.
SHOW search_path;
SHOW row_security;

-- A second call says so and changes nothing, whatever it is asked for.
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'hero', '2026-01-03 10:00', 0, 'campaign_space', 'summer');
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_create_history_table('month');
SELECT * FROM campaign_asset_reuse_history;

-- An event needs its asset, and goes with it.  Events of one moment have different numbers.
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'absent', '2026-01-03 10:00') $$);
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '2026-01-03 10:00') $$);
BEGIN;
DELETE FROM campaign_assets WHERE id = 'hero';
SELECT count(*) FROM campaign_asset_reuse_history;
ROLLBACK;

-- It belongs to no extension and depends on none: no rows.
SELECT deptype, refclassid::regclass FROM pg_depend
WHERE objid = 'campaign_asset_reuse_history'::regclass AND refclassid = 'pg_extension'::regclass;
BEGIN;
DROP EXTENSION asset_reuse;
SELECT count(*) FROM campaign_asset_reuse_history;
CREATE EXTENSION asset_reuse SCHEMA public;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_drop_history_table();
ROLLBACK;

--
-- The index on the assets
--
-- It has the documents with a log.  A second one is not made, and a query with the predicate uses it.
CREATE VIEW log_indexes AS SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'regress_history_table' AND tablename = 'campaign_assets' AND indexdef ~ 'reuse_history' ORDER BY 1;
SELECT * FROM log_indexes;
SELECT asset_reuse_create_history_table();
SELECT count(*) FROM log_indexes;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS off) SELECT id FROM campaign_assets WHERE tenant_id = 'acme' AND platform_metadata ? 'reuse_history' ORDER BY tenant_id, id;
-- So do the functions: track has stored nothing in a document, and the two that others have written are found in it.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-05T10:00:00"}]}' WHERE id IN ('hero', 'line');
CREATE FUNCTION log_index_scans() RETURNS bigint LANGUAGE sql VOLATILE AS
	$$ SELECT pg_stat_get_xact_numscans('campaign_assets_reuse_history_idx'::regclass) $$;
BEGIN;
SELECT log_index_scans() AS before;
SELECT count(*) FROM asset_reuse_events('acme', start_date => '2026-01-05');
SELECT log_index_scans() > 0 AS used;
ROLLBACK;
RESET enable_seqscan;
RESET enable_bitmapscan;
UPDATE campaign_assets SET platform_metadata = '{}' WHERE id IN ('hero', 'line');
-- The drop removes it, whatever its name is now; a name that is taken is not used.
BEGIN;
SELECT asset_reuse_drop_history_table();
SELECT * FROM log_indexes;
ROLLBACK;
BEGIN;
SELECT asset_reuse_drop_history_table();
CREATE TABLE campaign_assets_reuse_history_idx ();
SELECT asset_reuse_create_history_table();
SELECT indexname FROM log_indexes;
ALTER INDEX campaign_assets_reuse_history_idx1 RENAME TO renamed;
SELECT asset_reuse_drop_history_table();
SELECT indexname FROM log_indexes;
ROLLBACK;
-- One that is there already serves; one on other columns does not.  Neither is removed: the owner has made them.
BEGIN;
SELECT asset_reuse_drop_history_table();
CREATE INDEX ours ON campaign_assets (tenant_id, id) WHERE platform_metadata ? 'reuse_history';
CREATE INDEX others ON campaign_assets (id, tenant_id) WHERE platform_metadata ? 'reuse_history';
SELECT asset_reuse_create_history_table();
SELECT indexname FROM log_indexes;
SELECT asset_reuse_drop_history_table();
SELECT indexname FROM log_indexes;
ROLLBACK;
-- Nor is one that he makes beside ours.
BEGIN;
CREATE INDEX another ON campaign_assets (tenant_id, id) WHERE platform_metadata ? 'reuse_history';
SELECT asset_reuse_drop_history_table();
SELECT indexname FROM log_indexes;
ROLLBACK;
-- The owner may drop it: the answers are the same.
BEGIN;
DROP INDEX campaign_assets_reuse_history_idx;
SELECT count(*) FROM asset_reuse_events('acme', start_date => '2026-01-03');
SELECT asset_reuse_drop_history_table();
ROLLBACK;

--
-- What is put back
--
-- Before: a log with an event without a time and one of another's form, a document without a log, and a null one.
ALTER TABLE campaign_assets ALTER platform_metadata DROP NOT NULL;
UPDATE campaign_assets SET platform_metadata = '{"zoom": 1.50, "reuse_history": ["odd", {"timestamp": "2026-01-03T10:00:00Z", "note": 1}]}'
WHERE id = 'hero';
UPDATE campaign_assets SET platform_metadata = NULL WHERE id = 'gone';
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'hero', '2026-01-02 10:00:00.5', 0, 'email', 'letter', 'Letter', 'click-7', '{"a": [1.50, null]}', NULL),
	('acme', 'hero', '2026-01-04 10:00:00.123456', 0, NULL, NULL, NULL, NULL, NULL, '{"by": "x", "timestamp": "2026-01-04 10:00:00.123456"}'),
	('acme', 'hero', '-infinity', 0, NULL, NULL, NULL, NULL, NULL, '1.50'),
	('acme', 'clip', '2026-01-05 10:00', 0, NULL, NULL, NULL, NULL, 'null', NULL),
	('acme', 'gone', '2026-01-01 10:00', 0, NULL, NULL, NULL, NULL, '{}', NULL);
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'hero', '2026-01-04 10:00:00.123456', 1), ('acme', 'hero', '-infinity', 3), ('globex', 'secret', '0001-01-01', 0);
-- All nine are in the documents, by time and number, those without a time first, a row before an event of the same
-- time; the rest of the row is as it was.
CREATE TEMP TABLE before AS SELECT id, to_jsonb(a) - 'platform_metadata' AS row FROM campaign_assets a;
SELECT asset_reuse_drop_history_table();
SELECT id, platform_metadata FROM campaign_assets ORDER BY id;
SELECT count(*) AS changed FROM campaign_assets a JOIN before b USING (id) WHERE to_jsonb(a) - 'platform_metadata' <> b.row;
SELECT to_regclass('campaign_asset_reuse_history');
DROP TABLE before;
-- There is nothing to drop any more.
SELECT error_of('SELECT asset_reuse_drop_history_table()');
-- An empty table: no event.
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_drop_history_table();

-- It is a transaction's: rolled back, the events are in the table and nowhere else.
SELECT asset_reuse_create_history_table();
INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'line', '2026-01-03 10:00');
BEGIN;
SELECT asset_reuse_drop_history_table();
ROLLBACK;
SELECT h.reused_at, a.platform_metadata FROM campaign_asset_reuse_history h JOIN campaign_assets a ON a.id = h.asset_id;
-- A snapshot from before would miss events, and privileges: refused.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT asset_reuse_drop_history_table();
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT asset_reuse_create_history_table();
ROLLBACK;

-- What depends on the table keeps it, as with any DROP TABLE.
CREATE VIEW reuses AS SELECT * FROM campaign_asset_reuse_history;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP VIEW reuses;
-- A column of its own that is generated from others does not.
BEGIN;
ALTER TABLE campaign_asset_reuse_history ADD generated int GENERATED ALWAYS AS (seq + 1) STORED;
SELECT asset_reuse_drop_history_table();
ROLLBACK;
-- A document that can have no log, and a trigger that keeps an asset from being updated: nothing has changed.
UPDATE campaign_assets SET platform_metadata = '[]' WHERE id = 'line';
SELECT error_of('SELECT asset_reuse_drop_history_table()');
UPDATE campaign_assets SET platform_metadata = '{}' WHERE id = 'line';
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION keep();
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP TRIGGER keep ON campaign_assets;
SELECT h.reused_at, a.platform_metadata FROM campaign_asset_reuse_history h JOIN campaign_assets a ON a.id = h.asset_id;
-- An asset whose id is changed keeps its events.
UPDATE campaign_assets SET id = 'renamed' WHERE id = 'line';
SELECT asset_reuse_history('renamed', 'acme') -> 'total' AS total;
UPDATE campaign_assets SET id = 'line' WHERE id = 'renamed';
-- An asset that has moved to another tenant does not take the events of the one before along; they are not lost.
UPDATE campaign_assets SET tenant_id = 'globex' WHERE id = 'line';
SELECT asset_reuse_history('line', 'globex') -> 'total' AS total;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
UPDATE campaign_assets SET tenant_id = 'acme' WHERE id = 'line';
-- A time that no element can have would be lost: refused, unless the row has the element itself.
INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'line', 'infinity'), ('acme', 'line', '0001-12-31 BC');
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, original)
VALUES ('acme', 'line', '10000-01-01', '{"timestamp": "9999-12-31T23:00-01:00"}');
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DELETE FROM campaign_asset_reuse_history WHERE original IS NULL AND reused_at <> '2026-01-03 10:00';
SELECT asset_reuse_drop_history_table();
SELECT tenant_id, platform_metadata FROM campaign_assets WHERE id = 'line';
UPDATE campaign_assets SET platform_metadata = '{}' WHERE id = 'line';

-- 27 events of ten megabytes are more than a document holds; 26 and a document of ten are as well.
SELECT asset_reuse_create_history_table();
INSERT INTO campaign_asset_reuse_history
SELECT 'acme', 'line', '2026-01-03'::timestamp + i * interval '1 day', 0, NULL, NULL, NULL, NULL, jsonb_build_object('text', repeat('long', 2500000))
FROM generate_series(1, 27) i;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DELETE FROM campaign_asset_reuse_history WHERE reused_at = '2026-01-04';
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('text', repeat('long', 2500000)) WHERE id = 'line';
SELECT error_of('SELECT asset_reuse_drop_history_table()');
SELECT count(*) FROM campaign_asset_reuse_history;
UPDATE campaign_assets SET platform_metadata = '{}' WHERE id = 'line';
TRUNCATE campaign_asset_reuse_history;
SELECT asset_reuse_drop_history_table();

--
-- Other shapes of tables
--
-- in_types creates assets and campaigns of some types, the history table for them, and puts two events back;
-- it returns the history's columns, its foreign key, and the document.
CREATE FUNCTION in_types(id text, tenant_id text, last_reused_at text, space_id text, keys text DEFAULT 'PRIMARY KEY (id)')
RETURNS TABLE (what text, is text) LANGUAGE plpgsql AS $$
DECLARE
	history regclass;
	some_id constant text := 'a55e0000-0000-4000-8000-000000000001';
BEGIN
	EXECUTE format('CREATE TABLE own_assets (dropped int, platform_metadata jsonb, last_reused_at %s, deleted_at timestamp, asset_type text, asset_id int, '
				   'id %s, asset_name text, reused_count int, tenant_id %s, %s); ALTER TABLE own_assets DROP dropped; '
				   'CREATE TABLE own_spaces (id %s, tenant_id text, campaign_name text)', last_reused_at, id, tenant_id, keys, space_id);
	PERFORM set_config('asset_reuse.assets_table', 'own_assets', true), set_config('asset_reuse.spaces_table', 'own_spaces', true);
	history := asset_reuse_create_history_table();
	EXECUTE format('INSERT INTO own_assets (id, tenant_id, asset_name) VALUES (%L, %1$L, ''''); '
				   'INSERT INTO %s VALUES (%1$L, %1$L, ''2026-01-03 10:00:00.123456Z'', 0, ''campaign_space'', %1$L), (%1$L, %1$L, ''2026-01-03 10:00'', 0, NULL, NULL)', some_id, history);
	RETURN QUERY SELECT a.attname || '', format_type(a.atttypid, a.atttypmod) || coalesce(' ' || nullif(c.collname, 'default'), '')
		FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation WHERE a.attrelid = history AND a.attnum > 0 ORDER BY a.attnum;
	RETURN QUERY SELECT 'references', pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = history AND contype = 'f';
	PERFORM asset_reuse_drop_history_table();
	RETURN QUERY SELECT 'document', platform_metadata::text FROM own_assets;
	DROP TABLE own_assets, own_spaces;
	PERFORM set_config('asset_reuse.assets_table', 'campaign_assets', true), set_config('asset_reuse.spaces_table', 'campaign_spaces', true);
END
$$;
CREATE DOMAIN slug AS varchar(40) CHECK (value <> '');
SET TimeZone = 'UTC';
SELECT * FROM in_types('uuid', 'uuid', 'timestamptz', 'uuid');
SELECT * FROM in_types('text', 'varchar(36)', 'timestamp(3)', 'varchar(36)');
SELECT * FROM in_types('char(36)', 'char(36)', 'timestamptz(0)', 'char(36)');
SELECT * FROM in_types('slug', 'slug', 'timestamp', 'slug');
SELECT * FROM in_types('text COLLATE "C"', 'text COLLATE "POSIX"', 'timestamp', 'varchar COLLATE "C"');
-- An id may be unique by itself or in its tenant; a key with more in it, or a deferrable one, does not count.
SELECT * FROM in_types('text', 'text', 'timestamp', 'text', 'PRIMARY KEY (id, tenant_id)') WHERE what = 'references';
SELECT * FROM in_types('text', 'text', 'timestamp', 'text', 'PRIMARY KEY (tenant_id, id), UNIQUE (id)') WHERE what = 'references';
SELECT error_of($$ SELECT in_types('text', 'text', 'timestamp', 'text', 'PRIMARY KEY (id, asset_name)') $$);
SELECT error_of($$ SELECT in_types('text', 'text', 'timestamp', 'text', 'UNIQUE (id) DEFERRABLE') $$);

-- A last_reused_at that was rounded up is ahead of the clock, but no event is, in the log or in the table: f each time.
CREATE TABLE own_assets (id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp(0), platform_metadata jsonb, deleted_at timestamp);
INSERT INTO own_assets (id, tenant_id) VALUES ('hero', 'acme');
CREATE FUNCTION is_ahead() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	tracked timestamp;
BEGIN
	-- the half of a second in which it is rounded up
	PERFORM pg_sleep((1.5 - extract(second FROM clock_timestamp()) % 1) % 1) WHERE extract(second FROM clock_timestamp()) % 1 NOT BETWEEN 0.5 AND 0.9;
	PERFORM asset_reuse_track('hero', 'acme', reused_in_id => 'x');
	tracked := asset_reuse_track('hero', 'acme', reused_in_id => 'x') #>> '{event,timestamp}';
	RETURN tracked > clock_timestamp() AT TIME ZONE 'UTC';
END
$$;
SET asset_reuse.assets_table = 'own_assets';
SELECT is_ahead();
SELECT asset_reuse_create_history_table();
SELECT is_ahead();
SELECT is_ahead();
SELECT count(*), max(reused_at)::timestamp(0) = (SELECT last_reused_at FROM own_assets) AS last_is_latest FROM campaign_asset_reuse_history;
SELECT asset_reuse_drop_history_table();
RESET asset_reuse.assets_table;
DROP FUNCTION is_ahead();
DROP TABLE own_assets;

-- Names that need quotes, in schemas that do, and a history elsewhere.
CREATE SCHEMA "It's Ours";
CREATE SCHEMA "Log ""Book""";
CREATE TABLE "It's Ours"."Assets, ""all""" (LIKE campaign_assets INCLUDING ALL);
CREATE POLICY "who's who" ON "It's Ours"."Assets, ""all""" FOR UPDATE USING (user_id = 'ann');
SET asset_reuse.assets_table = '"It''s Ours"."Assets, ""all"""';
SET asset_reuse.history_table = '"Reuses $$ of %s ''$$"';
SELECT asset_reuse_create_history_table();
SELECT n.nspname, c.relname, (SELECT string_agg(polname, ', ' ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname ~ '^Reuses' AND c.relkind = 'r' ORDER BY 2;
SELECT asset_reuse_drop_history_table();
SET asset_reuse.history_table = '"Log ""Book"""."Reuses"';
SELECT asset_reuse_create_history_table();
SELECT n.nspname, c.relname, (SELECT string_agg(polname, ', ' ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname ~ '^Reuses' AND c.relkind = 'r' ORDER BY 2;
SELECT asset_reuse_drop_history_table();
RESET asset_reuse.assets_table;
SET asset_reuse.history_table = 'no_such_schema.history';
SELECT error_of('SELECT asset_reuse_create_history_table()');
RESET asset_reuse.history_table;

-- Temporary tables have a temporary one.
CREATE TEMP TABLE temporary_assets (LIKE campaign_assets INCLUDING ALL);
SET asset_reuse.assets_table = 'temporary_assets';
SELECT regexp_replace(asset_reuse_create_history_table(), '[0-9]+', 'N');
SELECT relpersistence FROM pg_class WHERE oid = 'campaign_asset_reuse_history'::regclass;
SELECT asset_reuse_drop_history_table();
-- A view has none.
CREATE VIEW assets_view AS SELECT * FROM campaign_assets;
SET asset_reuse.assets_table = 'assets_view';
SELECT error_of('SELECT asset_reuse_create_history_table()');
SELECT error_of('SELECT asset_reuse_drop_history_table()');
RESET asset_reuse.assets_table;
DROP TABLE temporary_assets;
-- Tables that do not fit: the errors of every function.
SET asset_reuse.assets_table = 'no_such_table';
SELECT error_of('SELECT asset_reuse_create_history_table()');
SET asset_reuse.assets_table = 'tenants';
SELECT error_of('SELECT asset_reuse_create_history_table()');
RESET asset_reuse.assets_table;
-- The campaigns are not needed.
BEGIN;
SET LOCAL asset_reuse.spaces_table = 'no_such_table';
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_drop_history_table();
ROLLBACK;
BEGIN READ ONLY;
SELECT asset_reuse_create_history_table();
ROLLBACK;

--
-- A relation of that name that is not ours is neither used nor dropped
--
-- not_ours makes one by a statement and says how both functions refuse it.
CREATE FUNCTION not_ours(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE statement;
	said := error_of('SELECT asset_reuse_create_history_table()');
	IF said IS DISTINCT FROM error_of('SELECT asset_reuse_drop_history_table()') THEN
		said := 'two different errors';
	END IF;
	RAISE EXCEPTION '%', said USING ERRCODE = 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
	RETURN said;
END
$$;
CREATE ROLE regress_history_other;
\set columns 'tenant_id varchar(36), asset_id varchar(36), reused_at timestamp, seq int DEFAULT 0, reused_in_type text COLLATE "C", reused_in_id text COLLATE "C", reused_in_name text, reuse_key text COLLATE "C", context jsonb, original jsonb'
\set key ', PRIMARY KEY (asset_id, tenant_id, reused_at, seq)'
SELECT not_ours('CREATE VIEW campaign_asset_reuse_history AS SELECT 1');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || :'columns' || :'key' || ');
	ALTER TABLE campaign_asset_reuse_history OWNER TO regress_history_other');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || :'columns' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || :'columns' || ', PRIMARY KEY (tenant_id, asset_id))');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || replace(:'columns', 'timestamp', 'timestamptz') || :'key' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || replace(:'columns', 'jsonb', 'json') || :'key' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || replace(:'columns', 'timestamp', 'timestamp(3)') || :'key' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || replace(:'columns', 'original jsonb', 'element jsonb') || :'key' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || replace(:'columns', 'tenant_id varchar(36)', 'tenant_id varchar(36) COLLATE "C"') || :'key' || ')');
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (' || :'columns' || :'key' || ')');
-- The table as the version before has made it.
SELECT not_ours('CREATE TABLE campaign_asset_reuse_history (tenant_id varchar(36), asset_id varchar(36), reused_at timestamp, campaign_space_id varchar, context jsonb,
	PRIMARY KEY (tenant_id, asset_id, reused_at))');
-- One of other assets; so is ours, once another table has the assets' name: its events are those of the assets before.
SELECT not_ours('CREATE TABLE other_assets (id varchar(36) PRIMARY KEY); CREATE TABLE campaign_asset_reuse_history (' || :'columns' || :'key' ||
	', FOREIGN KEY (asset_id) REFERENCES other_assets)');
BEGIN;
SELECT asset_reuse_create_history_table();
ALTER TABLE campaign_assets RENAME TO assets_before;
CREATE TABLE campaign_assets (LIKE assets_before INCLUDING ALL);
INSERT INTO campaign_assets SELECT * FROM assets_before;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
SELECT left(error_of(call), 5) AS error, call FROM (VALUES ($$ SELECT asset_reuse_history('hero', 'acme') $$),
	($$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01') $$), ($$ SELECT FROM asset_reuse_events('acme') $$),
	($$ SELECT asset_reuse_create_history_table() $$), ($$ SELECT asset_reuse_drop_history_table() $$)) AS calls (call);
-- The remedy helps: t.
ALTER TABLE campaign_asset_reuse_history DROP CONSTRAINT campaign_asset_reuse_history_asset_id_fkey, ADD FOREIGN KEY (asset_id) REFERENCES campaign_assets;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') -> 'success' AS tracked;
ROLLBACK;
-- A collation that the assets get later, and its remedy.
BEGIN;
SELECT 'CREATE TABLE campaign_asset_reuse_history (' || :'columns' || :'key' || ', FOREIGN KEY (asset_id) REFERENCES campaign_assets)' \gexec
DROP VIEW assets_view;
ALTER TABLE campaign_assets ALTER tenant_id TYPE varchar(36) COLLATE "C";
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
ALTER TABLE campaign_asset_reuse_history ALTER tenant_id TYPE varchar(36) COLLATE "C";
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') -> 'success' AS tracked;
ROLLBACK;
-- One that was made by hand with all of this is a history table; its events are not lost, even those of no asset.
SELECT 'CREATE TABLE campaign_asset_reuse_history (' || :'columns' || :'key' || ')' \gexec
INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'absent', '2026-01-01'), ('acme', 'hero', '2026-01-01');
ALTER TABLE campaign_asset_reuse_history ADD FOREIGN KEY (asset_id) REFERENCES campaign_assets NOT VALID;
SELECT asset_reuse_create_history_table();
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP TABLE campaign_asset_reuse_history;

--
-- Who may
--
CREATE ROLE regress_history_owner;
CREATE ROLE regress_history_member IN ROLE regress_history_owner;
CREATE ROLE "regress history ""reader""";
GRANT USAGE ON SCHEMA regress_history_table TO PUBLIC;
ALTER TABLE campaign_assets OWNER TO regress_history_owner;
ALTER TABLE campaign_spaces OWNER TO regress_history_owner;
-- Not the owner, whatever else may be done with the table: refused, also before a lock is taken.
GRANT ALL ON campaign_assets TO regress_history_other WITH GRANT OPTION;
SET ROLE regress_history_other;
SELECT error_of('SELECT asset_reuse_create_history_table()');
SELECT error_of('SELECT asset_reuse_drop_history_table()');
RESET ROLE;
-- The owner needs to be able to create tables.
SET ROLE regress_history_owner;
SELECT error_of('SELECT asset_reuse_create_history_table()');
RESET ROLE;
GRANT CREATE ON SCHEMA regress_history_table TO regress_history_owner;
-- The owner, a member of the role, a superuser: the table is the owner's, and who called is who they were.
CREATE VIEW owners AS SELECT relname, pg_get_userbyid(relowner) AS owner FROM pg_class
WHERE relnamespace = 'regress_history_table'::regnamespace AND relname ~ '^campaign_asset_reuse_history' ORDER BY relname;
GRANT SELECT ON owners TO PUBLIC;
SET ROLE regress_history_owner;
SELECT asset_reuse_create_history_table();
SELECT * FROM owners;
SELECT asset_reuse_drop_history_table();
SET ROLE regress_history_member;
SELECT asset_reuse_create_history_table();
SELECT current_user;
SELECT * FROM owners;
SELECT asset_reuse_drop_history_table();
RESET ROLE;
SELECT asset_reuse_create_history_table('month');
SELECT * FROM owners;
SELECT asset_reuse_drop_history_table();

--
-- Rights like those on the assets
--
-- Default privileges do not count: who may not read the assets may not read the history.
ALTER DEFAULT PRIVILEGES FOR ROLE regress_history_owner GRANT SELECT ON TABLES TO PUBLIC, regress_history_member;
REVOKE ALL ON campaign_assets FROM regress_history_other;
GRANT SELECT, DELETE ON campaign_assets TO regress_history_other;
GRANT UPDATE ON campaign_assets TO regress_history_member WITH GRANT OPTION;
GRANT SELECT (id, platform_metadata), UPDATE (reused_count) ON campaign_assets TO "regress history ""reader""";
GRANT SELECT (id), UPDATE (asset_name) ON campaign_assets TO PUBLIC;
CREATE VIEW privileges AS
SELECT c.relname, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END AS grantee,
	string_agg(concat(a.privilege_type, ' (' || a.attname || ')', CASE WHEN a.is_grantable THEN '*' END), ', ' ORDER BY a.privilege_type) AS privileges
FROM pg_class c, LATERAL (
	SELECT NULL, (aclexplode(c.relacl)).*
	UNION ALL SELECT attname, (aclexplode(attacl)).* FROM pg_attribute WHERE attrelid = c.oid) AS a (attname, grantor, grantee, privilege_type, is_grantable)
WHERE c.relnamespace = 'regress_history_table'::regnamespace AND c.relname ~ '^campaign_asset_reuse_history' AND a.grantee <> c.relowner
GROUP BY c.relname, a.grantee ORDER BY c.relname, 2;
SELECT asset_reuse_create_history_table('month');
SELECT * FROM privileges;
SELECT asset_reuse_drop_history_table();
ALTER DEFAULT PRIVILEGES FOR ROLE regress_history_owner REVOKE SELECT ON TABLES FROM PUBLIC, regress_history_member;

-- Policies: whatever the assets' are, those of the events ask for the asset, and to write them for its update.
CREATE TABLE members (tenant_id text, name text);
GRANT SELECT ON members, tenants TO PUBLIC;
CREATE POLICY of_tenant ON campaign_assets USING (tenant_id = current_setting('regress.tenant', true));
CREATE POLICY of_all ON campaign_assets AS RESTRICTIVE USING (tenant_id <> 'a') WITH CHECK (tenant_id <> 'b');
CREATE POLICY of_member ON campaign_assets AS RESTRICTIVE FOR SELECT TO regress_history_other, "regress history ""reader"""
	USING (EXISTS (SELECT FROM members m WHERE m.tenant_id = campaign_assets.tenant_id AND m.name = current_user
		AND EXISTS (SELECT FROM tenants t WHERE t.id = campaign_assets.tenant_id AND m.tenant_id = t.id)));
CREATE POLICY of_row ON campaign_assets FOR DELETE USING (campaign_assets IS NOT NULL);
CREATE POLICY of_system ON campaign_assets FOR DELETE USING (ctid IS NOT NULL);
CREATE POLICY own ON campaign_assets FOR UPDATE USING (user_id = current_user) WITH CHECK (tenant_id <> 'frozen');
CREATE POLICY own_insert ON campaign_assets FOR INSERT WITH CHECK (tenant_id = 'acme');
CREATE POLICY unfrozen ON campaign_assets AS RESTRICTIVE FOR UPDATE USING (tenant_id <> 'frozen');
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
SELECT asset_reuse_create_history_table();
SELECT polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid) AS qual, pg_get_expr(polwithcheck, polrelid) AS with_check
FROM pg_policy WHERE polrelid = 'campaign_asset_reuse_history'::regclass ORDER BY polname;
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'campaign_asset_reuse_history'::regclass;

-- They work: who works for acme sees its events, but adds none to an asset that they see and may not update.
GRANT UPDATE ON campaign_assets TO regress_history_other;
GRANT INSERT, DELETE, UPDATE (context) ON campaign_asset_reuse_history TO regress_history_other;
INSERT INTO campaign_asset_reuse_history VALUES
	('acme', 'hero', '2026-01-03 10:00'), ('globex', 'secret', '2026-01-03 10:00');
INSERT INTO members VALUES ('acme', 'regress_history_other');
DROP POLICY of_tenant ON campaign_assets;
CREATE POLICY seen ON campaign_assets FOR SELECT USING (user_id = 'ann');
SET ROLE regress_history_other;
SELECT tenant_id, asset_id FROM campaign_asset_reuse_history;
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '2026-01-04') $$);
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('globex', 'secret', '2026-01-04') $$);
-- Nor does he change or delete one that he sees: 0.
WITH gone AS (DELETE FROM campaign_asset_reuse_history RETURNING 1) SELECT count(*) FROM gone;
WITH forged AS (UPDATE campaign_asset_reuse_history SET context = '{"forged": true}' RETURNING 1) SELECT count(*) FROM forged;
RESET ROLE;
-- A policy that the assets get later holds for their events: no row, and then he may delete what he may update.
CREATE POLICY not_hero ON campaign_assets AS RESTRICTIVE FOR SELECT USING (id <> 'hero');
SET ROLE regress_history_other;
SELECT tenant_id, asset_id FROM campaign_asset_reuse_history;
RESET ROLE;
DROP POLICY not_hero ON campaign_assets;
BEGIN;
CREATE POLICY editor ON campaign_assets FOR UPDATE USING (true);
SET ROLE regress_history_other;
WITH gone AS (DELETE FROM campaign_asset_reuse_history RETURNING asset_id) SELECT count(*) FROM gone;
ROLLBACK;
-- The owner is above them, but not if they are forced: then events would be lost.
ALTER TABLE campaign_assets FORCE ROW LEVEL SECURITY;
SET ROLE regress_history_owner;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
RESET ROLE;
ALTER TABLE campaign_assets NO FORCE ROW LEVEL SECURITY;
ALTER TABLE campaign_asset_reuse_history FORCE ROW LEVEL SECURITY;
SET ROLE regress_history_owner;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
-- Forced on the assets, it is on the history.  The events of a deleted asset go all the same.
RESET ROLE;
ALTER TABLE campaign_assets FORCE ROW LEVEL SECURITY;
SELECT asset_reuse_drop_history_table();
SELECT asset_reuse_create_history_table();
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'campaign_asset_reuse_history'::regclass;
INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '2026-01-03 10:00');
DELETE FROM campaign_assets WHERE id = 'hero';
SELECT count(*) FROM campaign_asset_reuse_history;

-- Other values of partition_by.
SELECT error_of($$ SELECT asset_reuse_create_history_table('week') $$);
SELECT error_of($$ SELECT asset_reuse_create_history_table('') $$);

\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA "It's Ours" CASCADE;
DROP SCHEMA "Log ""Book""" CASCADE;
DROP SCHEMA regress_history_table CASCADE;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_history_owner REVOKE ALL ON TABLES FROM PUBLIC;
DROP ROLE regress_history_member, regress_history_owner, regress_history_other, "regress history ""reader""";
