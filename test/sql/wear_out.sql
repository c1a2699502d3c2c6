--
-- Wear-out: what the periods between an asset's reuses are, edge by edge; the figures against the
-- formulas in plain SQL, wherever the events are; tenants, types, rights.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS regress_wear_out CASCADE;
CREATE SCHEMA regress_wear_out;
SET search_path = regress_wear_out, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set periods :abs_srcdir '/fixtures/period_helpers.sql'
\set ECHO none
\i :tables
\i :helpers
\i :periods
\set ECHO all
\pset format unaligned
\pset footer off
\pset null (null)
SET client_min_messages = notice;

-- wear_out rounds, for rows that say the same everywhere.
CREATE FUNCTION wear_out(tenant text, kind text DEFAULT NULL, OUT period int, OUT assets bigint, OUT ratio numeric, OUT low numeric, OUT high numeric)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT period, assets, round(ratio::numeric, 6), round(low::numeric, 6), round(high::numeric, 6) FROM asset_reuse_wear_out(tenant, kind)
$$;

--
-- The periods
--

-- An asset alone: period 0 of 1000 impressions, then 2000, 1000 and, until now, 500; no interval.
SELECT add_asset('a', 'one', '2024-01-01', '[{"at": "2024-02-01", "n": 1000, "x": 30}, {"at": "2024-03-01", "n": 3000, "x": 70}, {"at": "2024-04-01", "n": 4000, "x": 80}]', 4500, 82);
SELECT * FROM wear_out('one');
-- No events, no events that have recorded anything, nobody.
SELECT add_asset('none', 'nothing', '2024-01-01', '[]', 1000, 10);
SELECT * FROM wear_out('nothing');
SELECT asset_reuse_track('none', 'nothing', NULL, 'email') ->> 'success' AS tracked;
SELECT * FROM wear_out('nothing');
SELECT * FROM wear_out('nobody');

-- edge adds an asset that has periods 0 and 1 of 1000 impressions and 20 clicks, and what is given after that.
CREATE FUNCTION edge(what text, snapshots jsonb, n bigint, x bigint, created timestamp DEFAULT '2024-01-01') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	tenant text := md5(what);
BEGIN
	PERFORM add_asset(tenant, tenant, created, '[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 2000, "x": 40}]' || snapshots, n, x);
	RETURN QUERY SELECT concat(what, ': ', (SELECT string_agg(concat(period, ' ', ratio), ', ' ORDER BY period) FROM wear_out(tenant)));
END
$$;
SELECT edge('until now', '[]', 3000, 50);
SELECT edge('nothing since', '[]', 2000, 40);
SELECT edge('totals went down', '[]', 1500, 40);
SELECT edge('clicks went down', '[]', 3000, 39);
SELECT edge('more clicks than impressions', '[]', 2010, 60);
SELECT edge('no clicks', '[]', 3000, 40);
SELECT edge('unknown now', '[]', NULL, 50);
SELECT edge('clicks unknown now', '[]', 3000, NULL);
SELECT edge('absurd now', '[]', -3000, 50);
-- The row was made after the first snapshot, as when an application moves: the periods are those of an asset whose beginning is not known.
SELECT edge('created later', '[]', 3000, 50, '2024-02-15');
SELECT edge('created at the end', '[]', 3000, 50, '2025-02-15');
-- The dropped one keeps its number.
SELECT edge('a reset', '[{"at": "2024-04-01", "n": 10, "x": 1}]', 1010, 31);
-- What has recorded nothing usable, or is later than now, or has no time, is no end of a period.
SELECT edge('odd snapshots', '[{"at": "2024-04-01", "n": "2500", "x": 45}, {"at": "2024-04-02", "n": -1, "x": 0}, {"at": "2024-04-03", "n": 1e400, "x": 0},
	{"at": "2024-04-04", "n": 2500, "x": null}, {"at": "2024-04-05", "n": {}, "x": []}, {"at": "9000-01-01", "n": 2500, "x": 45}, {"at": "never", "n": 2500, "x": 45}]', 3000, 50);
SELECT edge('order of times', '[{"at": "2024-05-01", "n": 4000, "x": 70}, {"at": "2024-04-01", "n": 3000, "x": 50}]', 5000, 80);
-- Shorter than a day: a part of the next.
SELECT edge('two at once', '[{"at": "2024-03-01T00:00:01", "n": 2000, "x": 40}, {"at": "2024-03-01T23:59:59.999999", "n": 2010, "x": 41}]', 3000, 50);
SELECT edge('a day', '[{"at": "2024-03-02", "n": 3000, "x": 50}]', 4000, 60);
-- Made on the day of its first reuse: there is no period before that.
SELECT edge('new', '[]', 3000, 50, '2024-01-31 12:00');
SELECT edge('of unknown age', '[]', 3000, 50, '-infinity');
-- The last period is none yet while it is shorter than a day.
SELECT edge('just reused', jsonb_build_array(jsonb_build_object('at', to_char(now() AT TIME ZONE 'UTC' - interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS'), 'n', 3000, 'x', 50)), 3010, 51);
-- Without period 1 an asset is none to compare; without its clicks there is no ratio.
SELECT add_asset('b', 'idle', '2024-01-01', '[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 1000, "x": 20}]', 2000, 40);
SELECT * FROM wear_out('idle');
SELECT add_asset('c', 'clickless', '2024-01-01', '[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 2000, "x": 20}]', 3000, 40);
SELECT * FROM wear_out('clickless');
-- Identical assets: an interval of no width from the fifth on.
SELECT count(add_asset('same' || i, 'same', '2024-01-01', '[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 2000, "x": 40}]', 3000, 50)) FROM generate_series(1, 4) AS i;
SELECT * FROM wear_out('same');
SELECT add_asset('same5', 'same', '2024-01-01', '[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 2000, "x": 40}]', 3000, 50);
SELECT * FROM wear_out('same');

--
-- The figures, against the formulas
--

SELECT setseed(0.42);
SELECT simulate('sim', 1500, 0.1);
-- Some events of others, and assets without.
UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history,0}', '{"timestamp": "2024-01-20", "context": {"at_reuse": "?"}}')
WHERE tenant_id = 'sim' AND id LIKE '%7';
CREATE VIEW expected AS
	WITH points AS (
		SELECT a.id, a.asset_type, (e ->> 'timestamp')::timestamp AS at, (e #>> '{context,at_reuse,impressions}')::float8 AS n, (e #>> '{context,at_reuse,clicks}')::float8 AS x
		FROM campaign_assets AS a, jsonb_array_elements(platform_metadata -> 'reuse_history') AS e
		WHERE tenant_id = 'sim' AND jsonb_typeof(platform_metadata -> 'reuse_history') = 'array' AND e #>> '{context,at_reuse,clicks}' IS NOT NULL
		UNION ALL SELECT id, asset_type, 'infinity', impressions, clicks FROM campaign_assets WHERE tenant_id = 'sim'),
	periods AS (
		SELECT id, asset_type, row_number() OVER w - 1 AS k, n - lag(n, 1, 0) OVER w AS n, x - lag(x, 1, 0) OVER w AS x
		FROM points WINDOW w AS (PARTITION BY id ORDER BY at)),
	pairs AS (
		SELECT p.asset_type, p.k, p.x * f.n / (p.n + f.n) AS a, f.x * p.n / (p.n + f.n) AS b
		FROM periods AS p JOIN periods AS f ON f.id = p.id AND f.k = 1 WHERE p.n > 0 AND p.x <= p.n AND f.n > 0 AND f.x <= f.n)
	SELECT asset_type, k, count(*) OVER w AS assets, sum(a) OVER w / sum(b) OVER w AS ratio, a, b, row_number() OVER w AS first
	FROM pairs WINDOW w AS (PARTITION BY k, asset_type);
-- t's quantile by its expansion about the normal one, good to five digits from 20 degrees of freedom on.
CREATE FUNCTION t975(df float8) RETURNS float8 LANGUAGE sql AS $$
	SELECT z + (z ^ 3 + z) / (4 * df) + (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * df ^ 2) + (3 * z ^ 7 + 19 * z ^ 5 + 17 * z ^ 3 - 15 * z) / (384 * df ^ 3)
	FROM (VALUES (1.959963984540054::float8)) AS v (z)
$$;
CREATE VIEW expected_rows AS
	SELECT asset_type::text, k, assets, ratio, ratio * exp(-w) AS low, ratio * exp(w) AS high
	FROM (SELECT asset_type, k, assets, ratio, sum(a) AS a, sum((a - ratio * b) ^ 2) AS uu, sum(a + b) ^ 2 / sum((a + b) ^ 2) AS m
		  FROM expected GROUP BY asset_type, k, assets, ratio) AS s,
		LATERAL (SELECT t975(m - 1) * sqrt(uu / a ^ 2 * m / (m - 1)) AS w) AS l;
-- wrong are the rows that differ from the formulas, of each type; none.
CREATE VIEW wrong AS
	SELECT coalesce(e.asset_type, t) AS asset_type, w.*, e.k, e.assets AS expected_assets, e.ratio AS expected_ratio, e.low AS expected_low, e.high AS expected_high
	FROM unnest('{image,video}'::text[]) AS t
		CROSS JOIN LATERAL asset_reuse_wear_out('sim', t) AS w FULL JOIN expected_rows AS e ON e.k = w.period AND e.asset_type = t
	WHERE e.assets IS DISTINCT FROM w.assets OR abs(e.ratio / w.ratio - 1) > 1e-9 IS NOT FALSE
		OR (e.assets > 40 AND (abs(e.low / w.low - 1) > 1e-4 OR abs(e.high / w.high - 1) > 1e-4) IS NOT FALSE);
CREATE TABLE expected_then AS SELECT * FROM expected_rows;
CREATE OR REPLACE VIEW expected_rows AS SELECT * FROM expected_then;
SELECT asset_type, count(*) AS periods, max(assets) AS assets FROM expected_then GROUP BY 1 ORDER BY 1;
SELECT * FROM wrong;
-- It falls by a tenth with each use; before the first one the best fifth of the assets seem better by far than they are.
SELECT * FROM wear_out('sim');
CREATE TABLE documents AS SELECT * FROM asset_reuse_wear_out('sim');
-- The same to the last digit with events in both places, and in the table.
SELECT asset_reuse_create_history_table() IS NOT NULL AS created;
SELECT count(asset_reuse_track_many(ARRAY[id], 'sim', NULL, 'email')) > 10 AS some FROM campaign_assets WHERE tenant_id = 'sim' AND id LIKE '%3' AND reused_count > 0;
SELECT count(*) > 0 AS in_table, (SELECT count(*) > 0 FROM campaign_assets WHERE tenant_id = 'sim' AND jsonb_array_length(platform_metadata -> 'reuse_history') > 0) AS in_documents
FROM campaign_asset_reuse_history;
SELECT * FROM wrong;
SELECT * FROM asset_reuse_wear_out('sim') EXCEPT SELECT * FROM documents;
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
SET client_min_messages = notice;
SELECT * FROM wrong;
SELECT * FROM asset_reuse_wear_out('sim') EXCEPT SELECT * FROM documents;

--
-- Whose, and who
--

-- Other tenants' and deleted assets never count.
BEGIN;
UPDATE campaign_assets SET deleted_at = now() WHERE tenant_id = 'sim';
SELECT count(*) FROM asset_reuse_wear_out('sim');
ROLLBACK;
SELECT count(*) FROM asset_reuse_wear_out('sim', 'headline');
SELECT error_of($$ SELECT * FROM asset_reuse_wear_out(NULL::text) $$);
SELECT error_of($$ SELECT * FROM asset_reuse_wear_out('') $$);
SELECT error_of($$ SELECT * FROM asset_reuse_wear_out('sim', 'imgae') $$);
-- By uuid.
SELECT add_asset('b0000000-0000-4000-8000-00000000000' || i, 'a0000000-0000-4000-8000-000000000001', '2024-01-01',
	'[{"at": "2024-02-01", "n": 1000, "x": 20}, {"at": "2024-03-01", "n": 2000, "x": 40}]', 3000, 50 + i) FROM generate_series(1, 7) AS i;
SELECT count(*) FROM asset_reuse_wear_out(uuid 'a0000000-0000-4000-8000-000000000001');
SELECT * FROM asset_reuse_wear_out(uuid 'a0000000-0000-4000-8000-000000000001') EXCEPT SELECT * FROM asset_reuse_wear_out('a0000000-0000-4000-8000-000000000001');
-- In a transaction that only reads; and with other types of columns, and without them.
BEGIN READ ONLY;
SELECT count(*) FROM asset_reuse_wear_out('sim');
ROLLBACK;
BEGIN;
DROP VIEW wrong, expected_rows, expected;
ALTER TABLE campaign_assets ALTER impressions TYPE numeric, ALTER clicks TYPE float8, ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
SELECT * FROM asset_reuse_wear_out('sim') EXCEPT SELECT * FROM documents;
ALTER TABLE campaign_assets DROP created_at;
SELECT * FROM asset_reuse_wear_out('sim') EXCEPT SELECT * FROM documents;
ALTER TABLE campaign_assets DROP impressions, DROP clicks;
SELECT count(*) FROM asset_reuse_wear_out('sim');
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA regress_wear_out CASCADE;
