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

-- A trigger that takes the time away: the event's time in the answer is none, as the asset's.
DROP VIEW campaign_spaces;
ALTER TABLE real_spaces RENAME TO campaign_spaces;
CREATE FUNCTION forget_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.last_reused_at := NULL;
	RETURN NEW;
END
$$;
CREATE TRIGGER forget_time BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION forget_time();
SELECT r->'event'->'timestamp', r->'asset'->'last_reused_at' FROM asset_reuse_track('a', 't', reused_in_id => 'x') AS r;

SET client_min_messages = warning;
DROP SCHEMA ddl_during_call CASCADE;
