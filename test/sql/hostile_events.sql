-- Events with absurd times, which only others can write: each is shown and counted, and
-- none keeps its asset from being tracked or the tenant's timeline from being read.  And
-- whatever has the name of the history table without being a table.
SET client_min_messages = warning;
CREATE SCHEMA hostile_events;
SET search_path = hostile_events, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :rows
\i :helpers
\set ECHO all
\pset format unaligned
\pset footer off
RESET client_min_messages;
SET TimeZone = 'UTC';
UPDATE campaign_assets SET reused_count = 3, last_reused_at = 'infinity', platform_metadata = '{"reuse_history": [
	{"timestamp": "9999-12-31T23:59:59.999999"}, {"timestamp": "2026-01-10"}, {"timestamp": "0001-01-01"}]}' WHERE id = 'hero';

-- What is asked in each state of the places.
CREATE FUNCTION tracked() RETURNS jsonb LANGUAGE sql AS
	$$SELECT mask_times(r #> '{event,timestamp}') || mask_times(r #> '{asset,last_reused_at}') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') AS r$$;
CREATE FUNCTION shown(OUT total jsonb, OUT newest text, OUT oldest text, OUT far_ahead jsonb, OUT long_ago jsonb) LANGUAGE sql AS $$
	SELECT h->'total', h #>> '{history,0,timestamp}', h #>> '{history,-1,timestamp}',
		asset_reuse_analytics('acme', start_date => '9999-01-01Z') #> '{overview,total_reuses}',
		asset_reuse_analytics('acme', end_date => '0002-01-01Z') #> '{overview,total_reuses}'
	FROM asset_reuse_history('hero', 'acme', 100) AS h
$$;
-- The timeline ends tomorrow, whatever it begins with.
CREATE FUNCTION timeline(bucket text, OUT reuses numeric, OUT first timestamptz, OUT ends_tomorrow boolean) LANGUAGE sql AS $$
	SELECT sum(reuses), min(bucket_start),
		max(bucket_start) BETWEEN date_trunc(bucket, now() + interval '1 day') AND clock_timestamp() + interval '1 day'
	FROM asset_reuse_timeline('acme', bucket)
$$;
SELECT tracked();
SELECT tracked();
SELECT * FROM shown();
SELECT * FROM timeline('month');
-- More than a million buckets: the newest, and a notice.
SELECT count(*), sum(reuses), max(bucket_start) - min(bucket_start) AS span FROM asset_reuse_timeline('acme', 'hour');
SELECT count(*), sum(reuses), min(bucket_start), max(bucket_start) FROM asset_reuse_timeline('acme', 'hour', start_date => '0001-01-01Z', end_date => '2026-02-01Z');
-- One bucket less than that is all of it.
SELECT count(*), sum(reuses), min(bucket_start) FROM asset_reuse_timeline('acme', 'hour', start_date => timestamptz '2026-02-01' - interval '1000000 hours', end_date => '2026-02-01Z');
SELECT count(*), sum(reuses), min(bucket_start) FROM asset_reuse_timeline('acme', 'hour', start_date => timestamptz '2026-02-01' - interval '1000001 hours', end_date => '2026-02-01Z');
-- A range that names the end shows what is there, without a notice.
SELECT sum(reuses), max(bucket_start) FROM asset_reuse_timeline('acme', 'month', start_date => '9999-01-01Z', end_date => '10000-01-01Z');
-- An end at infinity is none.
SELECT sum(reuses) FROM asset_reuse_timeline('acme', 'month', end_date => 'infinity');
-- Nothing but what comes later, and nothing at all.
SELECT count(*) FROM asset_reuse_timeline('acme', 'month', start_date => '9000-01-01Z');
SELECT count(*) FROM asset_reuse_timeline('globex', 'month');
-- Zeros up to tomorrow from a start that is given.
SELECT sum(reuses), min(bucket_start), max(bucket_start) > now() - interval '31 days' AS to_the_end FROM asset_reuse_timeline('globex', 'month', start_date => '2026-01-15Z');

-- All of it with the events in the table, and with rows that no document could have had.
SET client_min_messages = warning;
SELECT asset_reuse_create_history_table();
SELECT tracked();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES
	('acme', 'hero', 'infinity'), ('acme', 'hero', '-infinity'), ('acme', 'hero', '4714-11-24 BC'), ('acme', 'hero', '294276-12-31');
UPDATE campaign_assets SET last_reused_at = '9999-12-31' WHERE id = 'hero';
RESET client_min_messages;
SELECT tracked();
SELECT tracked();
-- A row that is not a day ahead of the clock counts, one that is does not: t, t.
BEGIN;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES
	('acme', 'hero', (clock_timestamp() + interval '25 hours') AT TIME ZONE 'UTC');
SELECT (asset_reuse_track('hero', 'acme', reused_in_id => 'x') #>> '{event,timestamp}')::timestamptz BETWEEN now() AND clock_timestamp() AS clock;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES
	('acme', 'hero', (now() + interval '23 hours') AT TIME ZONE 'UTC');
SELECT (asset_reuse_track('hero', 'acme', reused_in_id => 'x') #>> '{event,timestamp}')::timestamptz = now() + interval '23 hours 1 microsecond' AS after_the_row;
ROLLBACK;
SELECT total, newest, far_ahead, long_ago FROM shown();
SELECT * FROM timeline('month');
SELECT sum(reuses), extract(isodow FROM min(bucket_start)) AS weekday FROM asset_reuse_timeline('acme', 'week');
SELECT sum(reuses), min(bucket_start) FROM asset_reuse_timeline('acme', 'day', end_date => '4713-02-01 BC');
SELECT count(*), sum(reuses) FROM asset_reuse_timeline('acme', 'week', start_date => '294276-12-01Z', end_date => '294276-12-31 12:00Z');
SELECT count(*), sum(reuses) FROM asset_reuse_timeline('acme', 'hour');
DELETE FROM campaign_asset_reuse_history WHERE NOT isfinite(reused_at) OR reused_at NOT BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999';
SELECT count(asset_reuse_drop_history_table());

-- What has the table's name and is no table, is none: track and history go on with the document, and create says
-- what is in the way.  Whoever can create such things in the schema could otherwise end everybody's calls.
CREATE FUNCTION in_the_way(kind text, definition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE definition;
	answer := concat_ws(E'\n', kind || ': ' || (asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success'),
		asset_reuse_history('hero', 'acme')->>'success', (SELECT count(*) > 0 FROM asset_reuse_events('acme'))::text,
		asset_reuse_analytics('acme', start_date => '2026-01-01Z')->>'success', error_of('SELECT asset_reuse_create_history_table()'),
		left(error_of('SELECT asset_reuse_drop_history_table()'), 5));
	RAISE EXCEPTION USING MESSAGE = answer;
EXCEPTION WHEN raise_exception THEN
	RETURN SQLERRM;
END
$$;
SELECT in_the_way('composite type', 'CREATE TYPE campaign_asset_reuse_history AS (a int)');
SELECT in_the_way('enum', 'CREATE TYPE campaign_asset_reuse_history AS ENUM (''a'')');
SELECT in_the_way('domain', 'CREATE DOMAIN campaign_asset_reuse_history AS int');
SELECT in_the_way('index', 'CREATE INDEX campaign_asset_reuse_history ON campaign_assets (id)');
SELECT in_the_way('sequence', 'CREATE SEQUENCE campaign_asset_reuse_history');
SELECT in_the_way('materialized view', 'CREATE MATERIALIZED VIEW campaign_asset_reuse_history AS SELECT 1 AS a');

-- A foreign table is one, and cannot be a history: 42809.
BEGIN;
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_wrapper;
CREATE FOREIGN TABLE campaign_asset_reuse_history (tenant_id varchar(36), asset_id varchar(36), reused_at timestamp, seq int,
	reused_in_type text, reused_in_id text, reused_in_name text, reuse_key text, context jsonb, original jsonb)
	SERVER regress_server;
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
ROLLBACK;

-- A row's value is in no error of ours: the column is.
UPDATE campaign_assets SET campaign_space_id = 'cccccccc-0000-4000-8000-000000000001' WHERE id = 'line';
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
SELECT 'row''s value', 'summer', 'aaaaaaaa-0000-4000-8000-000000000001', 'u', 'N', 'image';
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, platform_metadata)
SELECT 'also row''s value', 'summer', 'aaaaaaaa-0000-4000-8000-000000000001', 'u', 'N', 'video', 1,
	'{"reuse_history": [{"timestamp": "2026-01-10", "context": {"reused_in_type": "campaign_space", "reused_in_id": "summer"}}]}';
SELECT error_of(format('SELECT max(t::text) FROM %s AS t', call)) AS error, call
FROM unnest(ARRAY['asset_reuse_unused(uuid ''aaaaaaaa-0000-4000-8000-000000000001'')',
	'asset_reuse_events(uuid ''aaaaaaaa-0000-4000-8000-000000000001'')',
	'asset_reuse_top(uuid ''aaaaaaaa-0000-4000-8000-000000000001'', ''video'')',
	'asset_reuse_where_used(uuid ''aaaaaaaa-0000-4000-8000-000000000001'', NULL, ''campaign_space'', ''summer'')']) AS call;

SET client_min_messages = warning;
DROP SCHEMA hostile_events CASCADE;
