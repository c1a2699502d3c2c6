--
-- Tables, types, schemas and the extension itself change between the calls of one
-- session: every call gives the right answer or the contract's error.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_ddl;
CREATE SCHEMA regress_ddl_app;
SET search_path = regress_ddl_app, public;
\i :tables
SET search_path = regress_ddl, regress_ddl_app, public;
\i :helpers
SET search_path = regress_ddl_app, regress_ddl, public;
\set ECHO all
\set SHOW_CONTEXT never
SET client_min_messages = warning;

-- One asset and one campaign, without foreign keys, which would forbid some of the changes.
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_campaign_space_id_fkey, DROP CONSTRAINT campaign_assets_tenant_id_fkey;
ALTER TABLE campaign_spaces DROP CONSTRAINT campaign_spaces_tenant_id_fkey;
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES
	('5ace0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', 'u', 'Summer', 'meta');
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, file_url,
							 impressions, clicks, conversions, ctr, created_at, updated_at) VALUES
	('a55e0000-0000-4000-8000-000000000001', '5ace0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', 'u', 'Hero', 'image', 'hero.png',
	 1000, 17, 3, 1.7, '2026-01-02', '2026-01-02');

-- One call of each function.  track is run at top level, told in a block that catches errors; each counts one on.
\set track 'SELECT asset_reuse_track(''a55e0000-0000-4000-8000-000000000001'', ''7e000000-0000-4000-8000-000000000001'', ''5ace0000-0000-4000-8000-000000000001'')->''asset''->''reused_count'' AS reused_count;'
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE statement INTO said;
	RETURN said;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
CREATE FUNCTION told() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT concat_ws(', ',
		'track ' || outcome($q$ SELECT asset_reuse_track('a55e0000-0000-4000-8000-000000000001'::uuid, '7e000000-0000-4000-8000-000000000001'::uuid, NULL, 'email')->'asset'->'reused_count' $q$),
		'history ' || outcome($q$ SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001')->'total' $q$),
		'campaign ' || outcome($q$ SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', 1, 1)->'history'->0->'campaign_space'->>'campaign_name' $q$),
		'analytics ' || outcome($q$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001')->'overview'->'total_reuses' $q$),
		'range ' || outcome($q$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'image', '2026-01-01 00:00Z')->'overview'->'total_reuses' $q$),
		'problems ' || outcome($q$ SELECT count(*) FROM asset_reuse_check_schema() WHERE status <> 'ok' AND "column" NOT LIKE '(%' $q$))
$$;
-- Before anything changes: 1, then 2 everywhere.
:track
SELECT told();

--
-- The table
--
-- Renamed: 42P01, and each of its 17 columns is a problem; renamed back: counts on.
ALTER TABLE campaign_assets RENAME TO elsewhere;
:track
SELECT told();
ALTER TABLE elsewhere RENAME TO campaign_assets;
:track
SELECT told();
-- The campaigns renamed: track into one is an error, other calls need none; and back.
ALTER TABLE campaign_spaces RENAME TO elsewhere;
:track
SELECT split_part(told(), ',', 1);
ALTER TABLE elsewhere RENAME TO campaign_spaces;
:track
SELECT told();
-- Another table takes its name, empty: not found; then the old one again.
ALTER TABLE campaign_assets RENAME TO elsewhere;
CREATE TABLE campaign_assets (LIKE elsewhere INCLUDING ALL);
:track
SELECT told();
DROP TABLE campaign_assets;
:track
ALTER TABLE elsewhere RENAME TO campaign_assets;
:track
SELECT told();
-- Dropped and made anew with the same rows, the columns in another order.
CREATE TABLE elsewhere AS SELECT * FROM campaign_assets;
DROP TABLE campaign_assets;
:track
CREATE TABLE campaign_assets AS SELECT updated_at, reused_count, platform_metadata, asset_name, asset_type, campaign_space_id,
	file_url, thumbnail_url, impressions, clicks, conversions, spend, ctr, last_reused_at, created_at, deleted_at, tenant_id, id FROM elsewhere;
DROP TABLE elsewhere;
:track
SELECT told();
-- A view takes its place, then a sequence, which is no table, then the table again.
ALTER TABLE campaign_assets RENAME TO elsewhere;
CREATE VIEW campaign_assets AS SELECT * FROM elsewhere;
:track
SELECT told();
DROP VIEW campaign_assets;
CREATE SEQUENCE campaign_assets;
:track
SELECT split_part(told(), ',', 1);
DROP SEQUENCE campaign_assets;
-- It becomes a partition of a table that takes its name.
CREATE TABLE campaign_assets (LIKE elsewhere) PARTITION BY LIST (tenant_id);
ALTER TABLE campaign_assets ATTACH PARTITION elsewhere DEFAULT;
:track
SELECT told();
ALTER TABLE campaign_assets DETACH PARTITION elsewhere;
:track
DROP TABLE campaign_assets;
ALTER TABLE elsewhere RENAME TO campaign_assets;
:track
SELECT told();
-- A nearer one appears in front on the search_path, in a schema that was not there, and goes away; a temporary one too.
SET search_path = regress_ddl_front, regress_ddl_app, regress_ddl, public;
:track
CREATE SCHEMA regress_ddl_front;
CREATE TABLE regress_ddl_front.campaign_assets (LIKE regress_ddl_app.campaign_assets);
:track
DROP SCHEMA regress_ddl_front CASCADE;
:track
CREATE TEMPORARY TABLE campaign_assets (LIKE regress_ddl_app.campaign_assets);
:track
DROP TABLE pg_temp.campaign_assets;
SET search_path = regress_ddl_app, regress_ddl, public;
:track
SELECT told();
-- Rewritten by the transaction whose cursor is older: that would find nothing.  A cursor from after it does.
BEGIN;
DECLARE older CURSOR FOR SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001')->'overview'->'total_assets';
ALTER TABLE campaign_assets ALTER asset_name TYPE varchar(254) USING asset_name || '';
DECLARE newer CURSOR FOR SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001')->'overview'->'total_assets';
FETCH newer;
FETCH older;
ROLLBACK;
-- Emptied, rolled back; rewritten; indexed and not.
BEGIN;
TRUNCATE campaign_assets;
SELECT told();
ROLLBACK;
:track
VACUUM FULL campaign_assets;
ALTER TABLE campaign_assets ADD PRIMARY KEY (id);
:track
SELECT told();
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey;
ANALYZE campaign_assets;
DISCARD PLANS;
:track
SELECT told();

--
-- Its columns
--
-- Columns of others added, with a default and without, and dropped.
ALTER TABLE campaign_assets ADD first_of_others int DEFAULT 7, ADD second_of_others text;
:track
ALTER TABLE campaign_assets DROP first_of_others;
:track
SELECT told();
-- Optional columns dropped: their keys go; added again: they are back, null.
ALTER TABLE campaign_assets DROP ctr, DROP file_url, DROP updated_at;
SELECT (a ? 'file_url') AS file_url, (a ? 'updated_at') AS updated_at, a->'ctr' AS computed_ctr
FROM asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x') r, LATERAL (SELECT r->'asset' AS a) a;
SELECT told();
ALTER TABLE campaign_assets ADD ctr float, ADD file_url text, ADD updated_at timestamptz;
SELECT a->'file_url' AS file_url, mask_times(a->'updated_at') AS updated_at, a->'ctr' AS stored_ctr
FROM asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x') r, LATERAL (SELECT r->'asset' AS a) a;
SELECT told();
-- Each required column renamed away: 42703 from all three functions; and back.
DO $$
DECLARE
	name text;
	away text;
BEGIN
	FOREACH name IN ARRAY '{id,tenant_id,asset_name,asset_type,reused_count,last_reused_at,platform_metadata,deleted_at}'::text[] LOOP
		EXECUTE format('ALTER TABLE campaign_assets RENAME %I TO away', name);
		away := told();
		EXECUTE format('ALTER TABLE campaign_assets RENAME away TO %I', name);
		RAISE WARNING '%: % / %', name, away, told();
	END LOOP;
END
$$;
ALTER TABLE campaign_assets RENAME reused_count TO away;
:track
ALTER TABLE campaign_assets RENAME away TO reused_count;
:track
-- Two columns exchange their names: what is called asset_name counts.
ALTER TABLE campaign_assets ADD alias varchar(255) DEFAULT 'Alias';
ALTER TABLE campaign_assets RENAME asset_name TO exchanged;
ALTER TABLE campaign_assets RENAME alias TO asset_name;
SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001')->'asset_name' AS asset_name;
ALTER TABLE campaign_assets DROP asset_name;
ALTER TABLE campaign_assets RENAME exchanged TO asset_name;
SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001')->'asset_name' AS asset_name;

--
-- Their types: each change counts on, and back again.
--
ALTER TABLE campaign_assets ALTER id TYPE text, ALTER tenant_id TYPE text;
:track
SELECT told();
ALTER TABLE campaign_assets ALTER id TYPE uuid USING id::uuid, ALTER tenant_id TYPE uuid USING tenant_id::uuid;
:track
SELECT told();
ALTER TABLE campaign_spaces ALTER id TYPE uuid USING id::uuid, ALTER tenant_id TYPE uuid USING tenant_id::uuid;
:track
SELECT told();
ALTER TABLE campaign_assets ALTER reused_count DROP DEFAULT, ALTER reused_count TYPE bigint;
:track
SELECT told();
ALTER TABLE campaign_assets ALTER reused_count TYPE smallint;
:track
SELECT told();
SET TimeZone = 'Asia/Kathmandu';
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamptz USING last_reused_at AT TIME ZONE 'UTC',
	ALTER deleted_at TYPE timestamptz USING deleted_at AT TIME ZONE 'UTC';
:track
SELECT told();
-- The events still strictly increase over all of these: t.
SELECT bool_and(at > previous) FROM (
	SELECT value->>'timestamp' AS at, lag(value->>'timestamp') OVER (ORDER BY ordinality) AS previous
	FROM campaign_assets, jsonb_array_elements(platform_metadata->'reuse_history') WITH ORDINALITY) e;
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp(3) USING last_reused_at AT TIME ZONE 'UTC';
:track
SELECT told();
ALTER TABLE campaign_assets ALTER asset_type TYPE text;
:track
SELECT told();
-- To types that will not do: 42804; and back.
ALTER TABLE campaign_assets ALTER reused_count TYPE text;
:track
SELECT told();
ALTER TABLE campaign_assets ALTER reused_count TYPE integer USING reused_count::integer, ALTER platform_metadata DROP DEFAULT, ALTER platform_metadata TYPE json;
:track
SELECT told();
ALTER TABLE campaign_assets ALTER platform_metadata TYPE jsonb;
:track
SELECT told();

--
-- The enum of asset types
--
ALTER TABLE campaign_assets ALTER asset_type TYPE campaignassettype USING asset_type::campaignassettype;
SELECT told();
-- A value that is none, is added, is used, and is renamed.
SELECT outcome($$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'podcast') $$);
ALTER TYPE campaignassettype ADD VALUE 'podcast' BEFORE 'document';
SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'podcast')->'overview'->'total_assets' AS assets;
UPDATE campaign_assets SET asset_type = 'podcast';
SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'podcast')->'overview'->'total_assets' AS assets;
ALTER TYPE campaignassettype RENAME VALUE 'podcast' TO 'broadcast';
SELECT outcome($$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'podcast') $$);
SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'broadcast')->'overview'->'total_assets' AS assets,
	   asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x')->'asset'->'asset_type' AS asset_type;
ALTER TYPE campaignassettype RENAME TO kind_of_asset;
UPDATE campaign_assets SET asset_type = 'image';
:track
SELECT told();

--
-- The schema, when a setting names it
--
SET asset_reuse.assets_table = 'regress_ddl_app.campaign_assets';
SET asset_reuse.spaces_table = 'regress_ddl_app.campaign_spaces';
:track
ALTER SCHEMA regress_ddl_app RENAME TO regress_ddl_moved;
SET search_path = regress_ddl_moved, regress_ddl, public;
:track
SELECT told();
SET asset_reuse.assets_table = 'regress_ddl_moved.campaign_assets';
SET asset_reuse.spaces_table = 'regress_ddl_moved.campaign_spaces';
:track
SELECT told();
ALTER TABLE regress_ddl_moved.campaign_assets SET SCHEMA regress_ddl;
:track
ALTER TABLE regress_ddl.campaign_assets SET SCHEMA regress_ddl_moved;
ALTER SCHEMA regress_ddl_moved RENAME TO regress_ddl_app;
SET search_path = regress_ddl_app, regress_ddl, public;
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
:track
SELECT told();

--
-- The settings, from one table to another of other types and back: each counts its own.
--
CREATE TABLE second_assets (deleted_at timestamptz, platform_metadata jsonb, last_reused_at timestamptz, reused_count bigint,
							asset_type text, asset_name text, tenant_id uuid, id uuid);
INSERT INTO second_assets (id, tenant_id, asset_name, asset_type, reused_count)
	SELECT id, tenant_id, 'Second', 'poster', 1000 FROM campaign_assets;
SET asset_reuse.assets_table = 'second_assets';
:track
SET asset_reuse.assets_table = 'campaign_assets';
:track
SET asset_reuse.assets_table = 'second_assets';
:track
SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001')->'asset_name' AS asset_name;
RESET asset_reuse.assets_table;
:track
SELECT asset_reuse_history('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001')->'asset_name' AS asset_name;
-- The same by the search_path alone.
ALTER TABLE second_assets SET SCHEMA regress_ddl;
ALTER TABLE regress_ddl.second_assets RENAME TO campaign_assets;
:track
SET search_path = regress_ddl, regress_ddl_app, public;
:track
SET search_path = regress_ddl_app, regress_ddl, public;
:track
DROP TABLE regress_ddl.campaign_assets;
:track

--
-- Within one transaction, and within one function
--
BEGIN;
:track
ALTER TABLE campaign_assets ADD third_of_others text DEFAULT 'x';
:track
ALTER TABLE campaign_assets ALTER reused_count TYPE bigint;
:track
SAVEPOINT here;
ALTER TABLE campaign_assets RENAME platform_metadata TO away;
:track
ROLLBACK TO here;
:track
SELECT told();
ROLLBACK;
-- Rolled back with all its changes, columns and counts alike.
:track
SELECT told();
DO $$
DECLARE
	kind text;
BEGIN
	FOREACH kind IN ARRAY '{bigint,smallint,integer,text,integer}'::text[] LOOP
		EXECUTE format('ALTER TABLE campaign_assets ALTER reused_count TYPE %s USING reused_count::%1$s', kind);
		RAISE WARNING '%: %', kind, told();
	END LOOP;
END
$$;

--
-- Within a call: a trigger on the table makes the running plans stale and calls on
--
-- The trigger changes the table's privileges, which spoils every plan for it, and then tracks a reuse of a second
-- asset and reads the history of both; once for each of ours.
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, asset_name, asset_type)
	SELECT replace(id::text, 'a55e', 'a55f')::uuid, campaign_space_id, tenant_id, 'Second', asset_type FROM campaign_assets;
CREATE FUNCTION call_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	second text := replace(NEW.id::text, 'a55e', 'a55f');
BEGIN
	IF pg_trigger_depth() = 1 THEN
		GRANT SELECT ON campaign_assets TO PUBLIC;
		REVOKE SELECT ON campaign_assets FROM PUBLIC;
		RAISE WARNING 'second %, its history %, that of the first %',
			asset_reuse_track(second, NEW.tenant_id::text, '5ace0000-0000-4000-8000-000000000001')->'asset'->'reused_count',
			outcome(format('SELECT asset_reuse_history(%L, %L)->''total''', second, NEW.tenant_id)),
			outcome(format('SELECT asset_reuse_history(%L, %L)->''total''', NEW.id, NEW.tenant_id));
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER call_on AFTER UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION call_on();
:track
:track
-- The trigger fails in its third call: neither asset is counted; without it the first counts on.
ALTER TABLE campaign_assets ADD CONSTRAINT second_is_small CHECK (reused_count < 3 OR asset_name <> 'Second');
SELECT outcome($$ SELECT asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x') $$);
SELECT asset_name, reused_count FROM campaign_assets ORDER BY id;
DROP TRIGGER call_on ON campaign_assets;
:track
DELETE FROM campaign_assets WHERE asset_name = 'Second';
SELECT told();

--
-- The history table
--
-- It comes, and goes with its events, which are all there each time.
ALTER TABLE campaign_assets ADD PRIMARY KEY (id);
SELECT asset_reuse_create_history_table();
:track
SELECT told();
SELECT asset_reuse_drop_history_table();
:track
SELECT told();
SELECT asset_reuse_create_history_table('month');
:track
-- With columns of others, with fewer of its own, without its foreign key, without its indexes and the assets'.
ALTER TABLE campaign_asset_reuse_history ADD note text;
:track
ALTER TABLE campaign_asset_reuse_history RENAME original TO away;
:track
SELECT told();
ALTER TABLE campaign_asset_reuse_history RENAME away TO original;
:track
ALTER TABLE campaign_asset_reuse_history DROP CONSTRAINT campaign_asset_reuse_history_asset_id_fkey;
:track
SELECT told();
ALTER TABLE campaign_asset_reuse_history ADD FOREIGN KEY (asset_id) REFERENCES campaign_assets ON UPDATE CASCADE ON DELETE CASCADE;
DROP INDEX campaign_assets_reuse_history_idx, campaign_asset_reuse_history_tenant_id_text_idx;
:track
SELECT told();
-- Renamed, it is not found, and calls that would read or store events fail: they would miss those that are in it, and the keys.
ALTER TABLE campaign_asset_reuse_history RENAME TO away;
:track
SELECT told();
ALTER TABLE away RENAME TO campaign_asset_reuse_history;
SELECT told();
-- The setting names another one, and the first again: the assets have one history table.
SET asset_reuse.history_table = 'second_history';
SELECT split_part(told(), ',', 2);
SELECT asset_reuse_create_history_table();
:track
SELECT asset_reuse_drop_history_table() AS put_back;
RESET asset_reuse.history_table;
-- A table that is the history of these assets no more, without its policy, is nobody's: its events are gone, as are those of detached partitions.
BEGIN;
DROP POLICY read_of_asset ON campaign_asset_reuse_history;
ALTER TABLE campaign_asset_reuse_history RENAME TO archive;
:track
SELECT told();
ROLLBACK;
:track
SELECT told();
-- Within a transaction that is rolled back.
BEGIN;
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
SELECT told();
ROLLBACK;
SELECT told();
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey;
SELECT told();

--
-- The extension itself
--
-- Moved to another schema: no such function, then on the search_path: counts on.
CREATE SCHEMA regress_ddl_extension;
SELECT n.nspname AS home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'asset_reuse' \gset
ALTER EXTENSION asset_reuse SET SCHEMA regress_ddl_extension;
SELECT told();
SET search_path = regress_ddl_app, regress_ddl, regress_ddl_extension, public;
:track
SELECT told();
-- In a schema that is not on the search_path at all.
SET search_path = regress_ddl_app, regress_ddl;
SELECT regress_ddl_extension.asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x')->'asset'->'reused_count' AS reused_count,
	   regress_ddl_extension.asset_reuse_analytics('7e000000-0000-4000-8000-000000000001')->'success' AS analytics;
ALTER SCHEMA regress_ddl_extension RENAME TO "regress ddl ""extension""";
SELECT "regress ddl ""extension""".asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x')->'asset'->'reused_count' AS reused_count,
	   "regress ddl ""extension""".asset_reuse_analytics('7e000000-0000-4000-8000-000000000001')->'success' AS analytics;
ALTER EXTENSION asset_reuse SET SCHEMA :"home";
SET search_path = regress_ddl_app, regress_ddl, public;
:track
SELECT told();
-- Dropped: no such function; created again in the same session: counts on.
DROP EXTENSION asset_reuse;
SELECT told();
CREATE EXTENSION asset_reuse SCHEMA :"home";
:track
SELECT told();
-- Once more within a transaction that is rolled back.
BEGIN;
DROP EXTENSION asset_reuse;
CREATE EXTENSION asset_reuse SCHEMA "regress ddl ""extension""";
SELECT "regress ddl ""extension""".asset_reuse_track('a55e0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', reused_in_id => 'x')->'asset'->'reused_count' AS reused_count;
ROLLBACK;
:track
SELECT told();

DROP SCHEMA "regress ddl ""extension""" CASCADE;
DROP SCHEMA regress_ddl_app CASCADE;
DROP SCHEMA regress_ddl CASCADE;
