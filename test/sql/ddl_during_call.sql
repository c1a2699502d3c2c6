--
-- A call's own statements change the tables under it: by a function in a view that
-- stands in for the campaigns, or by a trigger.  The session holds its own locks,
-- so nothing stops it; what comes out is the right answer or a clear error.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA ddl_during_call;
SET search_path = ddl_during_call, public;
CREATE TABLE tenants (id text);
CREATE TABLE campaign_assets (
	id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text, file_url text,
	reused_count int, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text, campaign_name text);
\i :helpers
\set ECHO all
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, file_url) VALUES ('a', 't', 'A', 'image', '7');
INSERT INTO campaign_spaces VALUES ('c', 't', NULL), ('d', 't', 'D');
-- A campaign without a name gives the event none: null.
SELECT asset_reuse_track('a', 't', 'c')->'event'->'reused_in_name';
ALTER TABLE campaign_spaces RENAME TO real_spaces;

-- A function in the view of campaigns that changes the assets while track's statement runs over both: refused.
CREATE FUNCTION run(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN statement;
END
$$;
CREATE VIEW campaign_spaces AS
SELECT id, tenant_id, run('ALTER TABLE campaign_assets ALTER file_url TYPE int USING 5') AS campaign_name
FROM real_spaces;
SELECT error_of($$ SELECT asset_reuse_track('a', 't', 'c') $$);
-- One that drops a column, required or not: refused too.
CREATE OR REPLACE VIEW campaign_spaces AS
SELECT id, tenant_id, run('ALTER TABLE campaign_assets DROP file_url') AS campaign_name
FROM real_spaces;
SELECT error_of($$ SELECT asset_reuse_track('a', 't', 'c') $$);
CREATE OR REPLACE VIEW campaign_spaces AS
SELECT id, tenant_id, run('ALTER TABLE campaign_assets DROP asset_type') AS campaign_name
FROM real_spaces;
SELECT error_of($$ SELECT asset_reuse_track('a', 't', 'c') $$);
-- The same while history looks its campaigns up: the asset was read before.
BEGIN;
SELECT asset_reuse_history('a', 't')->'total';
ROLLBACK;
-- A view of campaigns that drops itself: its row type is gone when the row comes.  PostgreSQL
-- 16.2 gives the answer, later releases refuse.
CREATE OR REPLACE VIEW campaign_spaces AS
SELECT id, tenant_id, run('DROP VIEW campaign_spaces') AS campaign_name
FROM real_spaces;
BEGIN;
SELECT left(error_of($$ SELECT asset_reuse_track('a', 't', 'd') $$), 5) IN ('42704', 'no er');
SELECT reused_count = jsonb_array_length(platform_metadata->'reuse_history') FROM campaign_assets;
ROLLBACK;
-- None of the refused calls has left a trace: the one event that was stored.
SELECT reused_count, jsonb_array_length(platform_metadata->'reuse_history') FROM campaign_assets;

-- A trigger that takes the asset's time away: the event in the answer has its own, which the log has.
DROP VIEW campaign_spaces;
ALTER TABLE real_spaces RENAME TO campaign_spaces;
CREATE FUNCTION forget_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.last_reused_at := NULL;
	RETURN NEW;
END
$$;
CREATE TRIGGER forget_time BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION forget_time();
SELECT r->'event'->'timestamp' AS event_time, r->'asset'->'last_reused_at' AS last_reused_at FROM asset_reuse_track('a', 't', reused_in_id => 'x') AS r \gset
SELECT :'last_reused_at' AS last_reused_at, asset_reuse_history('a', 't')->'history'->0->'timestamp' = :'event_time' AS same;
DROP TRIGGER forget_time ON campaign_assets;

--
-- With a history table, track is several statements, each of which runs triggers
--
SET client_min_messages = warning;
SELECT asset_reuse_create_history_table();
CREATE FUNCTION run_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE TG_ARGV[0];
	RETURN NEW;
END
$$;
-- outcome_with says how track and then history end while a trigger runs a statement; nothing of it stays.
CREATE FUNCTION outcome_with(event text, on_table text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE format('CREATE TRIGGER run_it %s ON %s FOR EACH ROW EXECUTE FUNCTION run_it(%L)', event, on_table, statement);
	said := left(error_of($q$ SELECT asset_reuse_track('a', 't', 'd') $q$), 5) || '|' || left(error_of($q$ SELECT asset_reuse_history('a', 't') $q$), 5);
	RAISE EXCEPTION '%', said USING ERRCODE = 'ZZZZZ';
EXCEPTION WHEN SQLSTATE 'ZZZZZ' THEN
	RETURN said;
END
$$;
CREATE TEMP TABLE state_before AS SELECT platform_metadata, reused_count FROM campaign_assets;
SELECT outcome_with(event, 'campaign_asset_reuse_history', statement), event, statement
FROM (VALUES ('BEFORE INSERT'), ('AFTER INSERT')) AS e (event), (VALUES
	('ALTER TABLE campaign_assets ALTER file_url TYPE int USING 5'),
	('ALTER TABLE campaign_assets DROP file_url'),
	('ALTER TABLE campaign_assets DROP asset_type'),
	('ALTER TABLE campaign_assets RENAME TO elsewhere'),
	('ALTER TABLE campaign_assets RENAME reused_count TO elsewhere'),
	('ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamptz'),
	('UPDATE campaign_assets SET deleted_at = now()'),
	('SELECT asset_reuse_drop_history_table()'),
	('ALTER TABLE campaign_asset_reuse_history RENAME TO elsewhere')) AS s (statement);
-- The tables change once the asset is counted: the event is stored already, and the next call sees what they are now.
SELECT outcome_with('AFTER UPDATE OF reused_count', 'campaign_assets', statement), statement FROM (VALUES
	('ALTER TABLE campaign_assets DROP file_url'),
	('TRUNCATE campaign_asset_reuse_history'),
	('ALTER TABLE campaign_asset_reuse_history ALTER reused_at TYPE timestamptz')) AS s (statement);
-- No call has left a trace, and the next one moves the two events and stores its own: t, 3.
SELECT a.platform_metadata = b.platform_metadata AND a.reused_count = b.reused_count FROM campaign_assets AS a, state_before AS b;
SELECT asset_reuse_track('a', 't', 'd')->'success';
SELECT count(*) FROM campaign_asset_reuse_history;

SET client_min_messages = warning;
DROP SCHEMA ddl_during_call CASCADE;
