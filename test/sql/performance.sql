--
-- Performance: the published shrunken rates; every label and its edges; filters, order and bounds;
-- simulated assets that do not wear out, of which hardly any may be called fading.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS regress_performance CASCADE;
CREATE SCHEMA regress_performance;
SET search_path = regress_performance, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set vectors :abs_srcdir '/fixtures/insight_vectors.sql'
\set periods :abs_srcdir '/fixtures/period_helpers.sql'
\set ECHO none
\i :tables
\i :helpers
\o /dev/null
\i :vectors
\o
\i :periods
\set ECHO all
\pset format unaligned
\pset footer off
\pset null (null)

--
-- The published vector
--

SELECT asset_id, impressions, clicks, round(rate::numeric, 8) AS rate, round(shrunken_rate::numeric, 8) AS shrunken_rate, round(low::numeric, 8) AS low,
	round(high::numeric, 8) AS high, round(own_share::numeric, 6) AS own_share, label
FROM asset_reuse_performance('tv2', row_limit => 1000) WHERE asset_id IN ('tv2-1', 'tv2-2', 'tv2-3') ORDER BY asset_id;
SELECT label, count(*), min(own_share) < 0.5 AS unsure FROM asset_reuse_performance('tv2', row_limit => 1000) GROUP BY label ORDER BY label;
-- An asset with one impression that was clicked is not the best: its like are .0579850.
SELECT asset_id, rate, round(shrunken_rate::numeric, 7) AS shrunken_rate, label FROM asset_reuse_performance('tv1') WHERE rate = 1;
-- Each asset, best first, by the formulas in SQL: no rows.
CREATE VIEW expected AS
	SELECT a.id, r[1] AS n, r[2] AS x, r[8] AS p, (1 / r[7] - 1) * r[1] AS like_n FROM campaign_assets AS a JOIN campaign_spaces AS s ON s.id = campaign_space_id,
	LATERAL (SELECT asset_reuse_insight_asset((SELECT asset_reuse_insight(true, asset_type, campaign_space_id, pairs, a.created_at, reused_count, impressions, clicks, conversions)
			FROM campaign_assets AS a, (SELECT array_agg(ARRAY[id, platform::text]) FROM campaign_spaces) AS s (pairs) WHERE a.tenant_id = 'tv2'), 0.95, asset_type, platform::text, a.created_at, impressions, clicks)) AS l (r)
	WHERE a.tenant_id = 'tv2';
SELECT * FROM asset_reuse_performance('tv2', row_limit => 1000) AS p JOIN expected AS e ON e.id = p.asset_id,
	LATERAL (SELECT (x + like_n * e.p) AS a, n + like_n AS b) AS l
WHERE abs(shrunken_rate / (a / b) - 1) > 1e-9 OR abs(own_share / (n / b) - 1) > 1e-9
	OR abs(low / (a / b * (1 - 1 / (9 * a) - 1.959963984540054 / (3 * sqrt(a))) ^ 3) - 1) > 1e-9
	OR abs(high / (a / b * (1 - 1 / (9 * a) + 1.959963984540054 / (3 * sqrt(a))) ^ 3) - 1) > 1e-9
	OR label <> CASE WHEN own_share < 0.5 THEN 'learning' WHEN low > e.p THEN 'high' WHEN high < e.p THEN 'low' ELSE 'typical' END;
SELECT count(*) AS assets, bool_and(later <= shrunken_rate) AS ordered
FROM (SELECT shrunken_rate, lead(shrunken_rate) OVER () AS later FROM asset_reuse_performance('tv2', row_limit => 1000)) AS p;

--
-- Filters and bounds
--

SELECT count(*) AS default_rows, (SELECT count(*) FROM asset_reuse_performance('tv2', NULL, NULL, NULL)) AS of_null, (SELECT count(*) FROM asset_reuse_performance('tv2', row_limit => 1)) AS one
FROM asset_reuse_performance('tv2');
SELECT error_of($$ SELECT * FROM asset_reuse_performance('tv2', row_limit => 0) $$), error_of($$ SELECT * FROM asset_reuse_performance('tv2', row_limit => 1001) $$);
SELECT error_of($$ SELECT * FROM asset_reuse_performance(NULL::text) $$), error_of($$ SELECT * FROM asset_reuse_performance('tv2', campaign_space_id => '') $$),
	error_of($$ SELECT * FROM asset_reuse_performance('tv2', 'imgae') $$);
-- By type: the assets of the type, with the rates that they have among all.
SELECT count(*), count(DISTINCT asset_type) FROM asset_reuse_performance('tv2', 'video', row_limit => 1000);
SELECT * FROM asset_reuse_performance('tv2', 'video', row_limit => 1000) EXCEPT SELECT * FROM asset_reuse_performance('tv2', row_limit => 1000);
-- By campaign: what was made there, and what is reused there; of nobody's campaign, nothing.
SELECT count(*) = (SELECT count(*) FROM campaign_assets WHERE campaign_space_id = 'tv2-meta') AS made_there FROM asset_reuse_performance('tv2', NULL, 'tv2-meta', 1000);
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('new', 'tv2', 'u', 'New', 'meta');
SELECT count(*) FROM asset_reuse_performance('tv2', NULL, 'new');
SELECT asset_reuse_track_many('{tv2-1,tv2-2,tv2-3}', 'tv2', 'new') -> 'tracked' AS tracked;
SELECT asset_id FROM asset_reuse_performance('tv2', NULL, 'new');
SELECT asset_id FROM asset_reuse_performance('tv2', 'video', 'new');
SELECT count(*) FROM asset_reuse_performance('tv2', NULL, 'nowhere');
SELECT count(*) FROM asset_reuse_performance('tv1', NULL, 'tv2-meta');
SELECT count(*) FROM asset_reuse_performance('nobody');
BEGIN;
UPDATE campaign_assets SET deleted_at = now() WHERE id = 'tv2-2';
SELECT asset_id FROM asset_reuse_performance('tv2', NULL, 'new');
ROLLBACK;

--
-- Labels
--

-- like adds a hundred assets of 20,000 impressions whose rates are 1.5 to 2.5 %, and what is to be labelled.
CREATE FUNCTION labelled(snapshots jsonb, n bigint, x bigint, kind text DEFAULT 'image') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM add_asset('like' || i, 'like', '2024-01-01', '[]', 20000, 300 + 2 * i) FROM generate_series(1, 100) AS i;
	PERFORM add_asset('mine', 'like', '2024-01-01', snapshots, n, x, kind);
	SELECT concat(label, ', own share ', round(own_share::numeric, 2), ', ', round(shrunken_rate::numeric, 4)) INTO result
	FROM asset_reuse_performance('like', row_limit => 1000) WHERE asset_id = 'mine';
	RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'RB000' THEN
	RETURN SQLERRM;
END
$$;
SELECT labelled('[]', 20000, 400) AS typical, labelled('[]', 20000, 600) AS high, labelled('[]', 20000, 200) AS low;
SELECT labelled('[]', NULL, NULL) AS unknown, labelled('[]', 0, 0) AS no_traffic, labelled('[]', 10, 20) AS inconsistent, labelled('[]', 100, 5) AS learning;
-- Where there are fewer than ten like it, the rate of the type: alone in that, an asset is typical.
SELECT labelled('[]', 20000, 600, 'video') AS alone;
-- Fading: periods 1, 2, 3 at 3 %, 2 % and 0.8 %, with 20,000 impressions each.
CREATE FUNCTION fading(VARIADIC clicks int[]) RETURNS text LANGUAGE sql AS $$
	SELECT labelled(jsonb_agg(jsonb_build_object('at', timestamp '2024-02-01' + interval '30 days' * k, 'n', 20000 * k, 'x', x) ORDER BY k) FILTER (WHERE k < cardinality(clicks)),
		20000 * cardinality(clicks), sum(x) FILTER (WHERE k = cardinality(clicks))::bigint)
	FROM (SELECT k, (SELECT sum(c) FROM unnest(clicks[1:k]) AS c) AS x FROM generate_series(1, cardinality(clicks)) AS k) AS s
$$;
-- The first number is of period 0.
SELECT fading(600, 600, 400, 160) AS fading;
SELECT fading(100, 600, 400, 160) AS whatever_was_before;
SELECT fading(600, 600, 160) AS one_fall, fading(600, 400, 160) AS not_since_the_first_reuse;
SELECT fading(600, 600, 400, 400) AS no_second_fall, fading(600, 600, 600, 160) AS no_first_fall, fading(600, 600, 160, 160) AS not_again;
SELECT fading(600, 600, 500, 430) AS not_surely_below, fading(600, 600, 500, 400) AS surely_below;
SELECT fading(600, 600, 400, 160, 170) AS recovering, fading(600, 400, 600, 400, 160) AS long_after;
SELECT fading(600, 1200, 800, 460) AS wins_over_high, fading(100, 300, 100, 10) AS wins_over_low;
-- With less own data it is learning, whatever the periods say.
SELECT labelled('[{"at": "2024-02-01", "n": 100, "x": 9}, {"at": "2024-03-01", "n": 200, "x": 18}, {"at": "2024-04-01", "n": 300, "x": 20}]', 700, 20) AS learning;

-- Alike assets differ by nothing (omega 0): all have the rate of their like, and none of its own.
SELECT count(add_asset('alike' || i, 'alike', '2024-01-01', '[]', 1000, 20)) FROM generate_series(1, 12) AS i;
SELECT label, count(*), min(shrunken_rate) AS least, max(shrunken_rate) AS greatest, max(own_share) AS own_share FROM asset_reuse_performance('alike') GROUP BY label;
SELECT asset_id FROM asset_reuse_performance('alike', row_limit => 3);
-- Nobody has a click.
SELECT count(add_asset('clickless' || i, 'clickless', '2024-01-01', '[]', 1000, 0)) FROM generate_series(1, 12) AS i;
SELECT label, count(*), max(shrunken_rate) AS greatest FROM asset_reuse_performance('clickless') GROUP BY label;

--
-- Simulated assets
--

-- None wears out: those with the best rates at first are reused, and fall back to what they are, by a fifth.  1 % at most are called fading.
SELECT setseed(0.42);
SELECT simulate('steady', 1000, 0);
SELECT count(*) FILTER (WHERE reused_count > 1) AS reused_twice, count(*) AS assets FROM campaign_assets WHERE tenant_id = 'steady';
SELECT round(ratio::numeric, 3) AS before_the_first_reuse FROM asset_reuse_wear_out('steady') WHERE period = 0;
SELECT count(*) FILTER (WHERE label = 'fading') <= 0.01 * count(*) FILTER (WHERE reused_count > 1) AS at_most, count(*) FILTER (WHERE label = 'fading') AS fading
FROM asset_reuse_performance('steady', row_limit => 1000) AS p JOIN campaign_assets ON id = asset_id;
-- All lose 40 % with each use: many of those with data are.
SELECT simulate('wearing', 1000, 0.4);
SELECT count(*) FILTER (WHERE label = 'fading') > 20 AS many FROM asset_reuse_performance('wearing', row_limit => 1000);
CREATE TABLE documents AS SELECT * FROM asset_reuse_performance('wearing', row_limit => 1000);
-- The same with the events in the table, and for the best alone.
SELECT asset_reuse_create_history_table() IS NOT NULL AS created;
CALL asset_reuse_migrate_history();
SELECT * FROM asset_reuse_performance('wearing', row_limit => 1000) EXCEPT SELECT * FROM documents;
SELECT count(*) FROM (SELECT * FROM asset_reuse_performance('wearing', row_limit => 40) EXCEPT SELECT * FROM documents) AS other;

--
-- Columns and callers of other kinds
--

BEGIN READ ONLY;
SELECT count(*) FROM asset_reuse_performance('wearing');
ROLLBACK;
SELECT count(add_asset('b0000000-0000-4000-8000-00000000000' || i, 'a0000000-0000-4000-8000-000000000001', '2024-01-01', '[]', 1000, 20 + i)) FROM generate_series(1, 7) AS i;
SELECT asset_id, label FROM asset_reuse_performance(uuid 'a0000000-0000-4000-8000-000000000001', NULL, NULL, 2);
SELECT count(*) FROM asset_reuse_performance(uuid 'a0000000-0000-4000-8000-000000000001', NULL, uuid 'a0000000-0000-4000-8000-000000000002');
BEGIN;
DROP VIEW expected;
ALTER TABLE campaign_assets ALTER impressions TYPE numeric, ALTER clicks TYPE float8, ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
SELECT * FROM asset_reuse_performance('wearing', row_limit => 1000) EXCEPT SELECT * FROM documents;
ALTER TABLE campaign_spaces DROP platform;
SELECT asset_reuse_insights('wearing') ->> 'success' AS insights;
SELECT count(*) FROM asset_reuse_performance('wearing');
ALTER TABLE campaign_assets DROP campaign_space_id;
SELECT count(*) > 0 AS reused_there FROM asset_reuse_performance('tv2', NULL, 'new');
ALTER TABLE campaign_assets DROP created_at, DROP impressions, DROP clicks;
SELECT count(*), count(rate), count(impressions), max(shrunken_rate), string_agg(DISTINCT label, ',') FROM asset_reuse_performance('tv2');
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA regress_performance CASCADE;
