--
-- How many rows the planner expects of the row functions: means over all tenants, from the
-- statistics of the assets; and where there are none, what it expects of any function.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_estimate;
SET search_path = regress_estimate, public;
\i :tables
\i :helpers
\i :move_events
-- the first estimates are before any ANALYZE
ALTER TABLE campaign_assets SET (autovacuum_enabled = off);
\set ECHO all

-- 10 tenants have 300 assets each, of three types; a tenth is deleted.  Half were never reused, and the
-- others up to 19 times, ten on average.  Each event is in the document, and in one of 100 campaigns.
CREATE FUNCTION campaign_id(n int) RETURNS text LANGUAGE sql AS $$ SELECT '5ace0000-0000-4000-8000-' || lpad(n::text, 12, '0') $$;
INSERT INTO tenants SELECT lpad(t::text, 8, '0') || '-0000-4000-8000-000000000000', 'Tenant' FROM generate_series(0, 9) AS t;
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
	SELECT campaign_id(left(tenants.id, 8)::int * 10 + c), tenants.id, 'u', 'Campaign', 'meta' FROM tenants, generate_series(1, 10) AS c;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, deleted_at, reused_count, last_reused_at, platform_metadata)
	SELECT left(t.id, 8) || '-0000-4000-8000-' || lpad(a::text, 12, '0'), t.id, campaign_id(1), 'u', 'Asset',
		(ARRAY['image', 'video', 'headline'])[1 + a % 3]::campaignassettype, '2026-01-01', CASE WHEN a % 10 = 9 THEN timestamp '2026-02-01' END,
		count, CASE WHEN count > 0 THEN timestamp '2026-01-01' + count * interval '1 hour' END,
		CASE WHEN count > 0 THEN jsonb_build_object('reuse_history', (SELECT jsonb_agg(jsonb_build_object(
			'timestamp', to_char(timestamp '2026-01-01' + h * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', campaign_id(left(t.id, 8)::int * 10 + 1 + h % 10)))
			ORDER BY h) FROM generate_series(1, count) AS h)) ELSE '{}' END
	FROM tenants AS t, generate_series(0, 299) AS a, LATERAL (SELECT CASE WHEN a % 2 = 0 THEN 1 + a / 2 % 19 ELSE 0 END) AS c (count);

-- What the planner expects of a query, and whether that is within a factor of two of the rows it has.
CREATE FUNCTION expected(query text) RETURNS float LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan #>> '{0,Plan,Plan Rows}';
END
$$;
CREATE FUNCTION compare(query text, OUT rows text, OUT verdict text) LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	e float := expected(query);
BEGIN
	EXECUTE 'SELECT count(*) FROM (' || query || ') AS q' INTO n;
	rows := n;
	verdict := CASE WHEN e BETWEEN n / 2.0 AND greatest(n, 1) * 2 THEN 'near' ELSE 'far: ' || e END;
END
$$;
CREATE TABLE questions (n int GENERATED ALWAYS AS IDENTITY, question text);
INSERT INTO questions (question) VALUES
	('asset_reuse_events(:t)'),
	('asset_reuse_events(:t::uuid)'),
	('asset_reuse_events(:t, ''00000003-0000-4000-8000-000000000018'')'),
	('asset_reuse_events(:t::uuid, ''00000003-0000-4000-8000-000000000018''::uuid)'),
	('asset_reuse_where_used(:t, ''5ace0000-0000-4000-8000-000000000031'')'),
	('asset_reuse_where_used(:t, reused_in_type => ''campaign_space'', reused_in_id => ''5ace0000-0000-4000-8000-000000000031'')'),
	('asset_reuse_where_used(:t, reused_in_type => ''campaign_space'')'),
	('asset_reuse_where_used(:t::uuid, reused_in_type => ''campaign_space'')'),
	('asset_reuse_unused(:t)'),
	('asset_reuse_unused(:t::uuid)'),
	('asset_reuse_unused(:t, ''image'')'),
	('asset_reuse_performance(:t)'),
	('asset_reuse_performance(:t::uuid, row_limit => NULL)'),
	('asset_reuse_performance(:t, row_limit => 1000)'),
	('asset_reuse_performance(:t, ''image'', row_limit => 1000)'),
	('asset_reuse_performance(:t, campaign_space_id => ''5ace0000-0000-4000-8000-000000000032'', row_limit => 1000)'),
	('asset_reuse_top(:t)'),
	('asset_reuse_top(:t, top_limit => NULL)'),
	('asset_reuse_top(:t, top_limit => 3)'),
	('asset_reuse_top(:t::uuid, top_limit => 50)'),
	('asset_reuse_timeline(:t, start_date => ''2026-01-01Z'', end_date => ''2026-02-01Z'')'),
	('asset_reuse_timeline(:t, NULL, start_date => ''2026-01-01Z'', end_date => ''2026-02-01Z'')'),
	('asset_reuse_timeline(:t::uuid, ''hour'', start_date => ''2026-01-01Z'', end_date => ''2026-02-01Z'')'),
	('asset_reuse_timeline(:t, ''week'', start_date => ''2026-01-01Z'', end_date => ''2027-01-01Z'')'),
	('asset_reuse_timeline(:t, ''quarter'', start_date => ''2026-01-01Z'', end_date => ''2036-01-01Z'')'),
	('asset_reuse_timeline(:t, ''year'', start_date => ''2026-01-01Z'', end_date => ''2076-01-01Z'')'),
	('asset_reuse_timeline(:t, start_date => ''2026-01-01Z'', end_date => ''2026-01-01Z'')'),
	('asset_reuse_timeline(:t, start_date => now() - interval ''720 hours'')'),
	('asset_reuse_timeline(:t, start_date => now() - interval ''720 hours'', end_date => ''infinity'')'),
	('asset_reuse_trend(:t, start_date => ''2026-01-01Z'', end_date => ''2030-01-01Z'')'),
	('asset_reuse_trend(:t::uuid, ''day'', start_date => ''2026-01-01Z'', end_date => ''2026-02-01Z'')');
CREATE FUNCTION compare_all() RETURNS TABLE (question text, rows text, verdict text) LANGUAGE sql AS $$
	SELECT question, c.* FROM questions, compare('SELECT * FROM ' || replace(question, ':t', '''00000003-0000-4000-8000-000000000000''')) AS c
	ORDER BY n
$$;

-- Before ANALYZE, the planner's default: of any tenant, range and asset.
SELECT expected('SELECT * FROM asset_reuse_events(''x'')'), expected('SELECT * FROM asset_reuse_events(''x'', ''a'')'),
	expected('SELECT * FROM asset_reuse_where_used(''x'', ''c'')'), expected('SELECT * FROM asset_reuse_unused(''x'')');

-- With all events in the documents, half of the times in the table, and all of them there.
ANALYZE campaign_assets, campaign_spaces;
SELECT * FROM compare_all();
SELECT asset_reuse_create_history_table();
CALL move_events(2);
ANALYZE campaign_assets, campaign_asset_reuse_history;
SELECT * FROM compare_all() WHERE verdict <> 'near';
CALL move_events(1);
ANALYZE campaign_assets, campaign_asset_reuse_history;
SELECT * FROM compare_all() WHERE verdict <> 'near';

-- A period before the first reuse, and after each of ten.
SELECT round(expected('SELECT * FROM asset_reuse_wear_out(''x'')')) AS periods;
-- Ranges make it fewer, and so does an age.
SELECT expected('SELECT * FROM asset_reuse_events(''x'', NULL, ''2026-01-01Z'', ''2026-02-01Z'')')
	< expected('SELECT * FROM asset_reuse_events(''x'', NULL, ''2026-01-01Z'')') AS two_bounds,
	expected('SELECT * FROM asset_reuse_events(''x'', NULL, ''2026-01-01Z'')') < expected('SELECT * FROM asset_reuse_events(''x'')') AS one_bound,
	expected('SELECT * FROM asset_reuse_unused(''x'', NULL, ''1 year'')') < expected('SELECT * FROM asset_reuse_unused(''x'')') AS age;
-- Nothing of a tenant's own: 1.
SELECT count(DISTINCT expected(format('SELECT * FROM asset_reuse_events(%L)', t))) FROM unnest(ARRAY['x', '00000003-0000-4000-8000-000000000000']) AS t;

-- Arguments that are not known when it is planned: those of another table, and a prepared statement's.
SELECT * FROM compare('SELECT e.* FROM (VALUES (''00000003-0000-4000-8000-000000000000'')) AS v (t), LATERAL asset_reuse_events(v.t) AS e');
CREATE TABLE ranges (bucket text, first timestamptz);
SELECT expected('SELECT FROM (SELECT * FROM ranges LIMIT 1) AS r, LATERAL asset_reuse_timeline(''x'', r.bucket, start_date => r.first)') AS unknown_bucket;
SET plan_cache_mode = force_generic_plan;
PREPARE events AS SELECT * FROM asset_reuse_events($1);
PREPARE timeline AS SELECT * FROM asset_reuse_timeline('x', $1, NULL, $2, $3);
SELECT expected('EXECUTE events (''x'')') = expected('SELECT * FROM asset_reuse_events(''x'')') AS events,
	expected('EXECUTE timeline (''day'', ''2026-01-01Z'', ''2026-02-01Z'')') AS timeline;
SET plan_cache_mode = force_custom_plan;
SELECT expected('EXECUTE timeline (''day'', ''2026-01-01Z'', ''2026-02-01Z'')') AS timeline;
RESET plan_cache_mode;
-- What the call refuses is not refused when it is planned; and no range has more buckets than are returned.
SELECT question, expected('SELECT * FROM ' || question) FROM (VALUES
	('asset_reuse_timeline(NULL::text)'), ('asset_reuse_timeline(''x'', ''decade'', NULL, ''2026-01-01Z'')'),
	('asset_reuse_timeline(''x'', ''day'', NULL, ''2026-02-01Z'', ''2026-01-01Z'')'),
	('asset_reuse_timeline(''x'', ''day'', NULL, ''-infinity'', ''2026-01-01Z'')'),
	('asset_reuse_timeline(''x'', ''day'', NULL, ''infinity'')'),
	('asset_reuse_timeline(''x'', ''hour'', NULL, ''4713-01-01Z BC'', ''294276-01-01Z'')'),
	('asset_reuse_where_used(''x'')'), ('asset_reuse_top(''x'', top_limit => 0)'), ('asset_reuse_top(''x'', top_limit => -1)')) AS q (question);
SELECT error_of('SELECT * FROM asset_reuse_top(''00000003-0000-4000-8000-000000000000'', top_limit => 0)');
SELECT error_of('SELECT * FROM asset_reuse_top(''00000003-0000-4000-8000-000000000000'', top_limit => 51)');

-- No table is locked for it, so nothing is waited for: 0.
BEGIN;
SELECT expected('SELECT * FROM asset_reuse_events(''x'')') <> 1000 AS estimated;
SELECT count(*) AS locked FROM pg_locks WHERE relation IN ('campaign_assets'::regclass, 'campaign_spaces'::regclass, 'campaign_asset_reuse_history'::regclass);
COMMIT;

-- A join with a large table: small tenants' rows are looked up there, and for big ones' all of it is read.
CREATE TABLE ads (asset_id text PRIMARY KEY, spend int);
INSERT INTO ads SELECT n, n FROM generate_series(1, 20000) AS n;
ANALYZE ads;
CREATE FUNCTION join_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM ' || query || ' AS r JOIN ads USING (asset_id)' INTO plan;
	RETURN plan #>> '{0,Plan,Node Type}';
END
$$;
CREATE SCHEMA small;
CREATE TABLE small.campaign_assets AS SELECT id, tenant_id || substr(id, 30) AS tenant_id, reused_count, deleted_at, asset_type FROM campaign_assets;
CREATE SCHEMA big;
CREATE TABLE big.campaign_assets AS SELECT id || n AS id, 'one' AS tenant_id, reused_count, deleted_at, asset_type FROM campaign_assets, generate_series(1, 20) AS n;
ANALYZE small.campaign_assets, big.campaign_assets;
SET asset_reuse.assets_table = 'small.campaign_assets';
SELECT join_of('asset_reuse_events(''x'')') AS events, join_of('asset_reuse_unused(''x'')') AS unused, join_of('asset_reuse_where_used(''x'', ''c'')') AS where_used;
SET asset_reuse.assets_table = 'big.campaign_assets';
SELECT join_of('asset_reuse_events(''x'')') AS events, join_of('asset_reuse_unused(''x'')') AS unused, join_of('asset_reuse_where_used(''x'', NULL, ''email'')') AS where_used;
RESET asset_reuse.assets_table;

-- Other assets have no history table here.
SET asset_reuse.history_table = 'no_history';
-- Few assets can be reused far more than all others, and some counts below zero.
CREATE TABLE skewed AS SELECT 'one' AS tenant_id, round(2000.0 / n)::bigint - 1 AS reused_count, NULL::timestamp AS deleted_at FROM generate_series(1, 3000) AS n;
INSERT INTO skewed SELECT 'one', -n FROM generate_series(1, 100) AS n;
ANALYZE skewed;
SET asset_reuse.assets_table = 'skewed';
SELECT expected('SELECT * FROM asset_reuse_events(''one'')') / sum(greatest(reused_count, 0))::float BETWEEN 0.5 AND 2 AS events,
	expected('SELECT * FROM asset_reuse_unused(''one'')') / count(*) FILTER (WHERE reused_count <= 0) BETWEEN 0.5 AND 2 AS unused FROM skewed;

-- Tables of other kinds: partitions, which ANALYZE counts for the whole; of domains; and a materialized view.
CREATE DOMAIN reuses AS int CHECK (VALUE >= 0);
CREATE TABLE partitioned (tenant_id name, reused_count reuses, deleted_at timestamptz) PARTITION BY LIST (tenant_id);
CREATE TABLE partition_of_one PARTITION OF partitioned FOR VALUES IN ('one');
CREATE TABLE partition_of_others PARTITION OF partitioned DEFAULT;
INSERT INTO partitioned SELECT (ARRAY['one', 'two'])[1 + n % 2], n % 8, NULL FROM generate_series(1, 1000) AS n;
CREATE MATERIALIZED VIEW snapshot AS SELECT tenant_id, reused_count::smallint, deleted_at FROM partitioned;
ANALYZE partitioned, snapshot;
SET asset_reuse.assets_table = 'partitioned';
SELECT expected('SELECT * FROM asset_reuse_events(''one'')') BETWEEN 875 AND 3500 AS events, expected('SELECT * FROM asset_reuse_unused(''one'')') BETWEEN 31 AND 125 AS unused;
SET asset_reuse.assets_table = 'snapshot';
SELECT expected('SELECT * FROM asset_reuse_events(''one'')') BETWEEN 875 AND 3500 AS events, expected('SELECT * FROM asset_reuse_unused(''one'')') BETWEEN 31 AND 125 AS unused;

-- Nothing that is missing, odd or forbidden is an error: there is no estimate, and the default holds.
CREATE VIEW of_view AS SELECT * FROM campaign_assets;
CREATE TABLE empty (LIKE campaign_assets);
CREATE TABLE never_analyzed (LIKE campaign_assets) WITH (autovacuum_enabled = off);
INSERT INTO never_analyzed SELECT * FROM campaign_assets;
CREATE TABLE no_tenant AS SELECT id, reused_count FROM campaign_assets;
CREATE TABLE no_count AS SELECT id, tenant_id FROM campaign_assets;
CREATE TABLE words AS SELECT id, tenant_id, 'often' AS reused_count, 'no' AS deleted_at FROM campaign_assets;
CREATE TABLE lists AS SELECT id, tenant_id, ARRAY[1] AS reused_count FROM campaign_assets;
CREATE TABLE nothing AS SELECT id, NULL::text AS tenant_id, NULL::int AS reused_count, now() AS deleted_at FROM campaign_assets;
CREATE TABLE documents AS SELECT id, tenant_id, json '{}' AS reused_count FROM campaign_assets;
CREATE SEQUENCE numbers;
CREATE TYPE kind AS (tenant_id text, reused_count int);
ANALYZE empty, no_tenant, no_count, words, lists, nothing, documents;
-- What is expected of events, where_used and unused of some assets, with either type of identifiers.
CREATE FUNCTION expected_of(assets text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	f text;
	found text[];
BEGIN
	PERFORM set_config('asset_reuse.assets_table', assets, true);
	FOREACH f IN ARRAY ARRAY['events', 'where_used', 'unused'] LOOP
		found := found || expected(format('SELECT * FROM asset_reuse_%s(''x'')', f))::text
			|| expected(format('SELECT * FROM asset_reuse_%s(''00000003-0000-4000-8000-000000000000''::uuid)', f))::text;
	END LOOP;
	RETURN found;
END
$$;
SELECT assets, expected_of(assets) FROM unnest(ARRAY['of_view', 'empty', 'never_analyzed', 'no_tenant', 'no_count', 'words', 'lists', 'nothing', 'documents', 'numbers', 'kind',
	'campaign_assets_pkey', 'nowhere', 'no_schema.nowhere', 'pg_temp.nowhere', 'pg_catalog.pg_class', 'pg_catalog.pg_authid', 'information_schema.tables']) AS assets;
RESET asset_reuse.assets_table;
-- Nor is anything about the campaigns and the history.
SET asset_reuse.spaces_table = 'no_schema.nowhere';
SET asset_reuse.history_table = 'no_schema.nowhere';
SELECT expected('SELECT * FROM asset_reuse_where_used(''x'', ''c'')') = expected('SELECT * FROM asset_reuse_where_used(''x'', NULL, ''email'')') AS where_used;
RESET asset_reuse.spaces_table;
SET asset_reuse.history_table = 'no_history';

-- Whoever may not read the assets is not told of them: the default; with the columns that it takes, he is.
CREATE ROLE regress_estimate_reader;
GRANT USAGE ON SCHEMA regress_estimate TO regress_estimate_reader;
SET ROLE regress_estimate_reader;
SELECT expected_of('campaign_assets');
RESET ROLE;
GRANT SELECT (tenant_id, reused_count) ON campaign_assets TO regress_estimate_reader;
SET ROLE regress_estimate_reader;
SELECT expected_of('campaign_assets') <> '{1000,1000,1000,1000,1000,1000}' AS estimated;
RESET ROLE;
REVOKE USAGE ON SCHEMA regress_estimate FROM regress_estimate_reader;
SET ROLE regress_estimate_reader;
SET search_path = public;
EXPLAIN (COSTS OFF) SELECT * FROM asset_reuse_unused('x');
SET asset_reuse.assets_table = 'regress_estimate.campaign_assets';
EXPLAIN (COSTS OFF) SELECT * FROM asset_reuse_unused('x');
RESET asset_reuse.assets_table;
RESET ROLE;
SET search_path = regress_estimate, public;

-- Statistics that no ANALYZE makes.
CREATE TABLE odd AS SELECT 'one' AS tenant_id, n AS reused_count, NULL::timestamp AS deleted_at FROM generate_series(1, 800) AS n;
ANALYZE odd;
CREATE FUNCTION with_odd(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE 'UPDATE ' || change;
	SELECT expected_of('odd') INTO found;
	RAISE EXCEPTION 'undone' USING ERRCODE = 'UUUUU', DETAIL = found;
EXCEPTION WHEN SQLSTATE 'UUUUU' THEN
	RETURN found;
END
$$;
SELECT change, with_odd(change) FROM (VALUES
	('pg_class SET reltuples = 0 WHERE oid = ''odd''::regclass'),
	('pg_class SET reltuples = -1 WHERE oid = ''odd''::regclass'),
	('pg_class SET reltuples = ''NaN'' WHERE oid = ''odd''::regclass'),
	('pg_class SET reltuples = ''Infinity'' WHERE oid = ''odd''::regclass'),
	('pg_statistic SET stadistinct = 0 WHERE starelid = ''odd''::regclass'),
	('pg_statistic SET stadistinct = ''NaN'' WHERE starelid = ''odd''::regclass'),
	('pg_statistic SET stanullfrac = ''NaN'' WHERE starelid = ''odd''::regclass'),
	('pg_statistic SET stanullfrac = 2 WHERE starelid = ''odd''::regclass AND staattnum = 2'),
	('pg_statistic SET stakind1 = 0, stakind2 = 0 WHERE starelid = ''odd''::regclass AND staattnum = 2')) AS c (change);

SET client_min_messages = warning;
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
DROP SCHEMA regress_estimate, small, big CASCADE;
DROP ROLE regress_estimate_reader;
