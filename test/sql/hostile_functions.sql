-- Functions that somebody else has put beside ours, under our names and with
-- argument types that fit a call of ours better; and calls of our aggregate with
-- arguments that are not what they should be.  "any" lets everything through, and
-- nothing of it may be taken for what it is not.
SET client_min_messages = warning;
CREATE SCHEMA hostile_functions;
SET search_path = hostile_functions, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :helpers
\set ECHO all
RESET client_min_messages;
-- A column of a domain, for which somebody could write a function that fits better than ours for jsonb.
CREATE DOMAIN document AS jsonb;
ALTER TABLE campaign_assets ALTER platform_metadata TYPE document;
INSERT INTO tenants VALUES ('t', 'T');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('c', 't', 'u', 'C', 'meta');
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
VALUES ('a', 'c', 't', 'u', 'A', 'image');

-- In our own schema, what fits the columns' types exactly: all that statements call, and a summary.
CREATE TABLE planted (signature text, result text);
INSERT INTO planted VALUES
	('asset_reuse_log_next_time(hostile_functions.document, timestamp, timestamp, boolean)', 'timestamp'),
	('asset_reuse_log_append(hostile_functions.document, timestamp, timestamp, jsonb, boolean)', 'jsonb'),
	('asset_reuse_event_context(jsonb, text, varchar, varchar, text)', 'jsonb'),
	('asset_reuse_log_events(hostile_functions.document, timestamp, timestamp, boolean, int, timestamp[], int[], jsonb[])', 'jsonb'),
	('asset_reuse_log_count(hostile_functions.document)', 'int'),
	('asset_reuse_log_count_in(hostile_functions.document, timestamp, timestamp, timestamp[], int[], jsonb[])', 'bigint'),
	('asset_reuse_log_times(hostile_functions.document)', 'timestamp[]'),
	('asset_reuse_log_restore(hostile_functions.document, timestamp[], int[], jsonb[])', 'jsonb'),
	('asset_reuse_event_element(timestamp, varchar, varchar, varchar, varchar, jsonb, jsonb)', 'jsonb'),
	('asset_reuse_row_context(timestamp, varchar, varchar, varchar, varchar, jsonb, jsonb)', 'jsonb'),
	('asset_reuse_uuid_of(varchar, varchar)', 'uuid'),
	('asset_reuse_decimal(int)', 'numeric');
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT * FROM planted LOOP
		EXECUTE format('CREATE FUNCTION public.%s RETURNS %s LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RAISE EXCEPTION ''''a hostile function was called''''; END''',
					   one.signature, one.result);
	END LOOP;
END
$$;
CREATE FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, bigint, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text) RETURNS jsonb
LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile summary was called''; END';

-- Ours are called, with the events in documents, moved to the table and put back: t, 2 and so on.
SELECT asset_reuse_track('a', 't', reused_in_id => 'x')->'success' = 'true' AS tracked;
BEGIN;
SELECT asset_reuse_track('a', 't', 'c')->'success' = 'true' AS tracked;
CREATE FUNCTION read_all(OUT history jsonb, OUT events bigint, OUT timeline numeric, OUT where_used text, OUT unused bigint) LANGUAGE sql AS $$
	SELECT asset_reuse_history('a', 't')->'total', (SELECT count(*) FROM asset_reuse_events('t')),
		(SELECT sum(reuses) FROM asset_reuse_timeline('t')), (SELECT string_agg(asset_id, ' ') FROM asset_reuse_where_used('t', 'c'::text)),
		(SELECT count(*) FROM asset_reuse_unused('t'))
$$;
SELECT * FROM read_all();
SET LOCAL client_min_messages = warning;
SELECT asset_reuse_create_history_table();
SELECT * FROM read_all();
SELECT asset_reuse_track('a', 't', 'c')->'success' = 'true' AS tracked;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01"}]}' WHERE id = 'a';
SELECT * FROM read_all();
SELECT asset_reuse_drop_history_table();
SELECT * FROM read_all();
ROLLBACK;
-- Analytics refuses to call what is not ours: 42501.
DO $$
BEGIN
	PERFORM asset_reuse_analytics('t');
	RAISE 'analytics called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
-- So do insights.
CREATE FUNCTION public.asset_reuse_insight(boolean, hostile_functions.campaignassettype, text, text[], timestamp, int, int, int, int)
RETURNS bytea LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile insight was called''; END';
CREATE FUNCTION public.asset_reuse_insight_answer(boolean, hostile_functions.campaignassettype, text, text[], timestamp, int, int, int, int, text, float8)
RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile answer was called''; END';
DO $$
BEGIN
	PERFORM asset_reuse_insights('t');
	RAISE 'insights called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
DO $$
BEGIN
	PERFORM asset_reuse_performance('t');
	RAISE 'performance called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
DROP FUNCTION public.asset_reuse_insight(boolean, hostile_functions.campaignassettype, text, text[], timestamp, int, int, int, int),
	public.asset_reuse_insight_answer(boolean, hostile_functions.campaignassettype, text, text[], timestamp, int, int, int, int, text, float8);
-- Without it, all is as before: 1.
DROP FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, bigint, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text);
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT * FROM planted LOOP
		EXECUTE format('DROP FUNCTION public.%s', one.signature);
	END LOOP;
END
$$;
SELECT asset_reuse_analytics('t')->'overview'->'total_reuses' AS reuses;

-- The aggregate refuses a type that the column cannot have, and a call without an id.
SELECT asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, point(1, 2),
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(10, NULL, now() AT TIME ZONE 'UTC', NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, asset_name) FROM campaign_assets;
SELECT asset_reuse_summary(10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
-- And a list of no, too many or no known number of assets.
SELECT asset_reuse_summary(0, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(51, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(NULL, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
-- Nor an untyped literal, which is no value of any type, in any place: 42804.
SELECT DISTINCT left(error_of(format('SELECT asset_reuse_summary(10, ''2020-01-01'', NULL, NULL, %s) FROM campaign_assets',
	(SELECT string_agg(CASE WHEN i = place THEN quote_literal(literal) WHEN i = 1 THEN 'id' ELSE 'NULL' END, ', ' ORDER BY i) FROM generate_series(1, 13) AS i))), 5)
FROM generate_series(1, 13) AS place, unnest(ARRAY['x', '100', E'\x01\x01AAAAAAAA', E'\x01\x02AAAAAAAA', E'\x01\x12AAAAAAAAAAAAAAAAAA']) AS literal;
-- Nor a row, an array, a range or a null of a composite type, in any place.
CREATE TYPE pair AS (a int, b text);
SELECT place, left(error, 5) AS error, count(*)
FROM (VALUES ('id', 'asset_reuse_summary(10, NULL, NULL, NULL, %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)'),
		('name', 'asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)'),
		('count', 'asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, %s, NULL, NULL, NULL, NULL)'),
		('document', 'asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, %s)')) AS places (place, call),
	unnest('{"ROW(1, 2)","ROW(1, ''b'')::pair",a,"ARRAY[''a'']","int4range(1, 2)","NULL::pair"}'::text[]) AS value,
	error_of(format('SELECT ' || call || ' FROM campaign_assets AS a', value)) AS error
GROUP BY 1, 2 ORDER BY 1, 2;
-- A type whose strings are no varlena is read as what it is: {"image": 1}.
SELECT jsonb_object_agg(key, value->'count') AS counts
FROM jsonb_each((SELECT asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, asset_type::text::name,
	NULL, NULL, reused_count, NULL, NULL, NULL, NULL) FROM campaign_assets)->'by_asset_type');
-- As a window function it answers for each row and keeps its state: 1, 2.
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
VALUES ('b', 'c', 't', 'u', 'B', 'video');
SELECT id, asset_reuse_summary(10, NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, asset_type,
	NULL, NULL, reused_count, NULL, NULL, NULL, NULL) OVER (ORDER BY id)->'overview'->'total_assets' AS total
FROM campaign_assets ORDER BY id;

-- Assets without an id cannot be told apart, and are no harm: 2 reused.
SELECT asset_reuse_summary(5, NULL, NULL, NULL, NULL::text, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, 3, NULL, NULL, NULL, NULL)->'overview'->'assets_with_reuses' AS reused FROM generate_series(1, 2);

-- A plan that is already there is looked at again where the search_path has changed: 42501, not theirs.
SELECT asset_reuse_analytics('t')->'overview'->'total_reuses' AS reuses;
CREATE FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, bigint, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text) RETURNS jsonb
LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile summary was called''; END';
SET search_path = public, hostile_functions;
DO $$
BEGIN
	PERFORM asset_reuse_analytics('t');
	RAISE 'analytics called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', left(SQLERRM, 29);
END
$$;
DROP FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, bigint, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text);
SET search_path = hostile_functions, public;

-- The extension dropped while it is called: an error, and not the caller's own functions of our names.
CREATE FUNCTION drop_extension() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	DROP EXTENSION asset_reuse;
	RETURN true;
END
$$;
CREATE FUNCTION asset_reuse_log_next_time(jsonb, timestamp, timestamp, boolean) RETURNS timestamp
LANGUAGE sql IMMUTABLE AS 'SELECT $3';
CREATE FUNCTION asset_reuse_log_append(jsonb, timestamp, timestamp, jsonb, boolean) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$SELECT '{"hostile": true}'::jsonb$$;
BEGIN;
SELECT drop_extension(), public.asset_reuse_track('b', 't', reused_in_id => 'x');
ROLLBACK;
SELECT platform_metadata FROM campaign_assets WHERE id = 'b';
DROP FUNCTION hostile_functions.asset_reuse_log_next_time(jsonb, timestamp, timestamp, boolean),
	hostile_functions.asset_reuse_log_append(jsonb, timestamp, timestamp, jsonb, boolean), drop_extension();

-- The application's own functions may be named as they like: a policy that calls one is no harm.
CREATE FUNCTION asset_reuse_visible(tenant varchar) RETURNS boolean LANGUAGE sql STABLE AS $$SELECT tenant = 't'$$;
CREATE FUNCTION asset_reuse_summary(text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON campaign_assets USING (asset_reuse_visible(tenant_id) AND asset_reuse_summary(id));
CREATE ROLE regress_policy_user;
GRANT USAGE ON SCHEMA hostile_functions TO regress_policy_user;
GRANT SELECT, UPDATE ON campaign_assets TO regress_policy_user;
SET ROLE regress_policy_user;
SELECT asset_reuse_track('b', 't', reused_in_id => 'x')->'success' AS tracked, asset_reuse_analytics('t')->'success' AS counted;
RESET ROLE;

-- A policy's function that runs while a statement of ours is planned, makes the statement's saved plan stale
-- and lets calls of ours throw it away; what is prepared then takes the memory, if it was freed.
CREATE FUNCTION interfere() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	GRANT SELECT ON campaign_assets TO regress_policy_user;
	PERFORM asset_reuse_history('a', 't'), asset_reuse_analytics('t', NULL, '2020-01-01Z'), asset_reuse_track('a', 't', 'c'),
		(SELECT count(*) FROM asset_reuse_events('t'));
	FOR i IN 1..30 LOOP
		EXECUTE format('PREPARE filler_%s AS SELECT %L', i, repeat('x', 300));
		EXECUTE format('EXECUTE filler_%s', i);
	END LOOP;
	DEALLOCATE ALL;
	PERFORM set_config('hostile_functions.interfered', 't', false);
	RETURN true;
END
$$;
-- Whether it has, since the last time.
CREATE FUNCTION interfered() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	interfered text = current_setting('hostile_functions.interfered', true);
BEGIN
	PERFORM set_config('hostile_functions.interfered', 'f', false);
	RETURN interfered;
END
$$;
CREATE FUNCTION interfere_at_planning() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN interfere(); END';
ALTER POLICY visible ON campaign_assets USING (interfere_at_planning());
GRANT SELECT ON campaign_spaces TO regress_policy_user;
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_policy_user;
-- What runs goes on with its own plan.  Track counts 2 and 3; then b has 3 events; of 2 assets both are reused;
-- both were in the campaign; 3 rows.
SELECT asset_reuse_track('b', 't', reused_in_id => 'x')->'asset'->'reused_count' AS count, interfered();
SELECT asset_reuse_track('b', 't', 'c')->'asset'->'reused_count' AS count, interfered();
SELECT asset_reuse_history('b', 't')->'total' AS total, interfered();
SELECT asset_reuse_analytics('t')->'overview'->'total_assets' AS assets, interfered();
SELECT asset_reuse_analytics('t', NULL, '2020-01-01Z')->'overview'->'assets_with_reuses' AS reused, interfered();
SELECT count(*) AS places, interfered() FROM asset_reuse_where_used('t', 'c'::text);
SELECT count(*) FILTER (WHERE asset_id = 'b') AS events, interfered() FROM asset_reuse_events('t');
-- The same with a history table: track counts 4 and moves b's log, the migration those of c and d.
RESET ROLE;
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
SELECT id, 'c', 't', 'u', id, 'image' FROM unnest(ARRAY['c', 'd']) AS id;
SELECT asset_reuse_track(id, 't', reused_in_id => 'x')->'success' AS tracked FROM unnest(ARRAY['c', 'd']) AS id;
SELECT asset_reuse_create_history_table();
GRANT SELECT, INSERT, UPDATE ON campaign_asset_reuse_history TO regress_policy_user;
SET ROLE regress_policy_user;
SELECT asset_reuse_track('b', 't', 'c')->'asset'->'reused_count' AS count, interfered();
SELECT asset_reuse_history('b', 't')->'total' AS total, interfered();
SELECT asset_reuse_analytics('t', NULL, '2020-01-01Z')->'overview'->'assets_with_reuses' AS reused, interfered();
SELECT count(*) FILTER (WHERE asset_id = 'b') AS events, interfered() FROM asset_reuse_events('t');
SET client_min_messages = warning;
CALL asset_reuse_migrate_history(1);
RESET client_min_messages;
SELECT interfered();
-- Every event is in one place and counted: 0 logs are left, t.
RESET ROLE;
RESET plan_cache_mode;
SELECT count(*) FILTER (WHERE platform_metadata ? 'reuse_history') AS logs,
	bool_and(reused_count = (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = id)) AS counted
FROM campaign_assets;

-- Functions in the indexes of a table that is only described: none runs there.
CREATE FUNCTION of_index() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE NOTICE 'a function in an index ran'; RETURN true; END$$;
SET client_min_messages = warning;
CREATE INDEX ON campaign_assets (tenant_id, id) WHERE of_index();
CREATE INDEX ON campaign_assets ((CASE WHEN of_index() THEN tenant_id END));
RESET client_min_messages;
SELECT count(*) FROM asset_reuse_check_schema() WHERE status = 'ok';

SET client_min_messages = warning;
DROP SCHEMA hostile_functions CASCADE;
DROP ROLE regress_policy_user;
