-- Buckets of a time zone, and the trend: both against plain SQL, with the events in documents,
-- in both places, and in the history table.
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE SCHEMA trends;
SET search_path = trends, public;
\pset format unaligned
\pset footer off
CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL);
CREATE TABLE campaign_assets (
	id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL,
	reused_count int DEFAULT 0, last_reused_at timestamptz, platform_metadata jsonb, deleted_at timestamp, created_at timestamptz);
-- Half an hour around each change of a clock there is an event; every third asset has none, some have no time of creation.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, created_at, deleted_at, platform_metadata)
SELECT 'a' || i, CASE WHEN i % 10 = 0 THEN 'globex' ELSE 'acme' END, 'Asset ' || i, CASE WHEN i % 2 = 0 THEN 'image' ELSE 'video' END,
	CASE WHEN i % 7 > 0 THEN '2024-12-20Z'::timestamptz + i * interval '5 days 7 hours' END, CASE WHEN i % 11 = 0 THEN now() END,
	CASE WHEN i % 3 > 0 THEN jsonb_build_object('reuse_history', (
		SELECT jsonb_agg(jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS'), 'context', '{}'::jsonb)) || '[{"timestamp": "never"}]'
		FROM generate_series('2025-01-01Z'::timestamptz + i * interval '3 days', '2026-01-15Z'::timestamptz, i % 5 * interval '97 hours' + interval '61 hours') AS t)) END
FROM generate_series(1, 60) AS i;
UPDATE campaign_assets SET platform_metadata = jsonb_insert(coalesce(platform_metadata, '{"reuse_history": []}'), '{reuse_history, 0}',
	jsonb_build_object('timestamp', t.time, 'context', '{}'::jsonb))
FROM unnest('{a1,a2,a4,a5,a7,a8}'::text[], '{2025-03-30T00:30:00Z,2025-03-30T01:30:00Z,2025-10-26T00:30:00Z,2025-10-26T01:30:00Z,2025-04-05T15:15:00Z,2025-10-04T15:45:00Z}'::text[]) AS t (id, time)
WHERE campaign_assets.id = t.id;

-- What is expected, by plain SQL.
CREATE VIEW live AS SELECT * FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL;
CREATE TABLE events AS SELECT a.id, a.asset_type, (e->>'timestamp')::timestamptz AS at
	FROM live AS a, jsonb_array_elements(a.platform_metadata->'reuse_history') AS e WHERE e->>'timestamp' <> 'never';
CREATE FUNCTION buckets_between(bucket text, zone text, first_time timestamptz, end_time timestamptz) RETURNS SETOF timestamptz LANGUAGE sql AS $$
	SELECT DISTINCT date_trunc(bucket, t, zone) FROM (
		SELECT generate_series(first_time, end_time, CASE bucket WHEN 'hour' THEN interval '15 minutes' ELSE interval '8 hours' END)
		UNION ALL SELECT end_time - interval '1 microsecond') AS times (t)
	WHERE t < end_time AND first_time IS NOT NULL
$$;
CREATE FUNCTION expected_timeline(bucket text, zone text, type text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (bucket_start timestamptz, reuses bigint, assets bigint) LANGUAGE sql AS $$
	WITH wanted_events AS MATERIALIZED (SELECT *, date_trunc(bucket, at, zone) AS used FROM events WHERE asset_type = coalesce(type, asset_type))
	SELECT b, count(e.at), count(DISTINCT e.id)
	FROM buckets_between(bucket, zone, coalesce(start_date,
		(SELECT min(at) FROM wanted_events WHERE at < end_date)), end_date) AS b
	LEFT JOIN wanted_events AS e ON e.used = b AND e.at >= coalesce(start_date, '-infinity') AND e.at < end_date
	GROUP BY b ORDER BY b
$$;
CREATE FUNCTION expected_trend(bucket text, zone text, type text, start_date timestamptz, end_date timestamptz)
RETURNS TABLE (bucket_start timestamptz, created_assets bigint, reuses bigint, reused_assets bigint, total_assets bigint, assets_ever_reused bigint,
	reuse_rate_percentage numeric) LANGUAGE sql AS $$
	WITH wanted AS MATERIALIZED (SELECT *, date_trunc(bucket, created_at, zone) AS made FROM live WHERE asset_type = coalesce(type, asset_type)),
	wanted_events AS MATERIALIZED (SELECT *, date_trunc(bucket, at, zone) AS used FROM events WHERE asset_type = coalesce(type, asset_type) AND at < end_date),
	buckets AS (SELECT b FROM buckets_between(bucket, zone, coalesce(start_date,
		least((SELECT min(at) FROM wanted_events), (SELECT min(created_at) FROM wanted WHERE created_at < end_date))), end_date) AS b),
	counts AS (
		SELECT b, (SELECT count(*) FROM wanted WHERE created_at >= coalesce(start_date, '-infinity') AND created_at < end_date AND made = b) AS created,
			(SELECT count(*) FROM wanted_events WHERE at >= coalesce(start_date, '-infinity') AND used = b) AS reuses,
			(SELECT count(DISTINCT id) FROM wanted_events WHERE at >= coalesce(start_date, '-infinity') AND used = b) AS reused,
			(SELECT count(*) FROM wanted WHERE created_at IS NULL OR created_at < end_date AND made <= b) AS total,
			(SELECT count(*) FROM wanted WHERE (created_at IS NULL OR created_at < end_date AND made <= b)
				AND id IN (SELECT id FROM wanted_events WHERE used <= b)) AS ever
		FROM buckets)
	SELECT b, created, reuses, reused, total, ever, CASE WHEN total = 0 THEN 0 ELSE trim_scale(round(100.0 * ever / total, 2)) END
	FROM counts ORDER BY b
$$;
-- compare calls both for zones, buckets and ranges, and returns how many rows there are, and how many differ: 0.
CREATE FUNCTION compare(OUT what text, OUT "rows" bigint, OUT differences bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	question record;
BEGIN
	FOR question IN
		SELECT f, b, z, t, s, CASE b WHEN 'hour' THEN '2025-04-07 05:00Z' WHEN 'day' THEN '2025-05-05Z' ELSE '2026-01-16Z' END::timestamptz AS e
		FROM unnest('{timeline,trend}'::text[]) AS f, unnest('{hour,day,week,month,quarter,year}'::text[]) AS b,
			unnest('{UTC,Europe/Berlin,Australia/Lord_Howe,Africa/Cairo,Asia/Kathmandu}'::text[]) AS z, unnest('{NULL,image}'::text[]) AS t,
			unnest('{NULL,2025-03-29 12:34Z}'::timestamptz[]) AS s
		WHERE b <> 'hour' OR s IS NOT NULL
	LOOP
		what := question.f || ' by ' || question.b;
		EXECUTE format('SELECT count(*), count(*) FILTER (WHERE x IS DISTINCT FROM y)
			FROM (SELECT row_number() OVER () AS n, x.*::text AS x FROM asset_reuse_%1$s(''acme'', $1, $2, $3, $4, $5) AS x) AS x
			FULL JOIN (SELECT row_number() OVER () AS n, y.*::text AS y FROM expected_%1$s($1, $5, $2, $3, $4) AS y) AS y USING (n)', question.f)
			INTO "rows", differences USING question.b, question.t, question.s, question.e, question.z;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE FUNCTION summary() RETURNS TABLE (what text, "rows" numeric, differences numeric) LANGUAGE sql AS
	'SELECT what, sum("rows"), sum(differences) FROM compare() GROUP BY what ORDER BY what COLLATE "C"';
SELECT * FROM summary();
-- With the events of some assets in a history table, then with all.
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history(tenant_id => 'globex');
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, original)
	SELECT a.tenant_id, a.id, (e->>'timestamp')::timestamptz, e FROM campaign_assets AS a, jsonb_array_elements(platform_metadata->'reuse_history') AS e
	WHERE a.id IN ('a1', 'a4', 'a13') AND e->>'timestamp' <> 'never';
SELECT bool_and(differences = 0) AS equal FROM compare();
CALL asset_reuse_migrate_history(10);
SELECT * FROM summary();

-- The tenant's own midnight: an event at half past eleven in the evening UTC is tomorrow's in Berlin.
SELECT * FROM asset_reuse_timeline('acme', 'day', start_date => '2025-03-30Z', end_date => '2025-03-31Z', time_zone => 'Europe/Berlin');
SELECT * FROM asset_reuse_trend('acme', 'year', time_zone => 'Europe/Berlin', end_date => '2026-01-16Z');
-- Defaults: by month, in UTC, to a day after the clock.
SELECT count(*) > 20 AS months, bool_and(bucket_start = date_trunc('month', bucket_start)) AS begins FROM asset_reuse_trend('acme');
SELECT count(*) FROM asset_reuse_trend('nobody');
SELECT * FROM asset_reuse_trend('nobody', start_date => '2026-01-01Z', end_date => '2026-03-01Z');
-- What is reused before it is made, as an import may say, is no asset that has been reused until it is one: of one, none, and of
-- three, two. What is made in the first bucket, but before the range, is an asset, and not made in the range: 0 of 1.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, created_at, platform_metadata) VALUES ('y1', 'early', 'Y1', 'image', '2026-01-10Z', '{}'),
	('y2', 'early', 'Y2', 'image', '2026-03-10Z', '{"reuse_history": [{"timestamp": "2026-01-05"}]}'), ('y3', 'early', 'Y3', 'image', '2026-03-10Z', '{"reuse_history": [{"timestamp": "2026-01-06"}]}');
SELECT * FROM asset_reuse_trend('early', end_date => '2026-04-01Z');
SELECT * FROM asset_reuse_trend('early', start_date => '2026-01-20Z', end_date => '2026-02-01Z');
-- A day that begins at one o'clock, since the clocks skip midnight: those after it begin at midnight again.
SELECT bucket_start AT TIME ZONE 'Africa/Cairo' AS "in Cairo" FROM asset_reuse_timeline('acme', 'day', NULL, '2025-04-24Z', '2025-04-27Z', 'Africa/Cairo');
-- Hours that come twice, at midnight, when an hour of the day before comes twice, or by half an hour: a range from each quarter of an hour there has
-- all that plain SQL has, by all buckets: none differs.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, created_at, platform_metadata)
SELECT zone || i, 'twice', 'Twice', 'image', t - interval '5 minutes', jsonb_build_object('reuse_history', jsonb_build_array(
	jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS'), 'context', '{}'::jsonb)))
FROM (VALUES ('America/Havana', '2025-11-02 05:00Z'::timestamptz), ('America/St_Johns', '2010-11-07 02:31Z'), ('Australia/Lord_Howe', '2025-04-05 15:00Z')) AS zones (zone, change),
	LATERAL (SELECT row_number() OVER () AS i, t FROM generate_series(change - interval '26 hours', change + interval '26 hours', interval '20 minutes') AS t) AS times;
CREATE OR REPLACE VIEW live AS SELECT * FROM campaign_assets WHERE tenant_id = 'twice';
TRUNCATE events;
INSERT INTO events SELECT a.id, a.asset_type, (e->>'timestamp')::timestamptz FROM live AS a, jsonb_array_elements(a.platform_metadata->'reuse_history') AS e;
CREATE FUNCTION both_ways(bucket text, zone text, start_date timestamptz, end_date timestamptz, OUT timelines bigint, OUT trends bigint) LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM asset_reuse_timeline('twice', bucket, NULL, start_date, end_date, zone) AS x
			FULL JOIN expected_timeline(bucket, zone, NULL, start_date, end_date) AS y USING (bucket_start) WHERE x IS DISTINCT FROM y),
		(SELECT count(*) FROM asset_reuse_trend('twice', bucket, NULL, start_date, end_date, zone) AS x
			FULL JOIN expected_trend(bucket, zone, NULL, start_date, end_date) AS y USING (bucket_start) WHERE x IS DISTINCT FROM y)
$$;
SELECT zone, bucket, count(*) AS ranges, sum(timelines) AS timelines, sum(trends) AS trends
FROM (VALUES ('America/Havana', '2025-11-02 05:00Z'::timestamptz), ('America/St_Johns', '2010-11-07 02:31Z'), ('Australia/Lord_Howe', '2025-04-05 15:00Z')) AS zones (zone, change),
	unnest('{hour,day,month}'::text[]) AS bucket, generate_series(change - interval '75 minutes', change + interval '75 minutes', interval '15 minutes') AS start_date,
	both_ways(bucket, zone, start_date, change + interval '25 hours') GROUP BY 1, 2 ORDER BY 1, 2;
-- A zone whose clocks go back by more than a day: 22023, and an end.
SELECT count(*) FROM asset_reuse_timeline('acme', 'day', NULL, '2024-01-01Z', '2026-01-01Z', 'AAA-24BBB-48,M12.2.5/24,M9.3.0/0');
SELECT count(*) FROM asset_reuse_trend('acme', 'day', NULL, '2024-01-01Z', '2026-01-01Z', 'AAA-24BBB-48,M12.2.5/24,M9.3.0/0');
-- Before all times there is nothing.
SELECT (SELECT count(*) FROM asset_reuse_timeline('acme', end_date => '-infinity')) AS timeline, (SELECT count(*) FROM asset_reuse_trend('acme', end_date => '-infinity')) AS trend;
-- An asset that was made at no finite time has always existed: the trend begins where it did.
BEGIN;
CREATE TEMP TABLE trend_before AS SELECT * FROM asset_reuse_trend('acme', 'month');
UPDATE campaign_assets SET created_at = '-infinity' WHERE id = (SELECT min(id) FROM campaign_assets WHERE tenant_id = 'acme' AND created_at IS NULL);
SELECT count(*) FROM (SELECT * FROM asset_reuse_trend('acme', 'month') EXCEPT SELECT * FROM trend_before) AS changed;
ROLLBACK;
-- Unknown zones and buckets: 22023.  Null is the default.
SELECT count(*) FROM asset_reuse_timeline('acme', 'day', time_zone => 'Europe/Bonn');
SELECT count(*) FROM asset_reuse_trend('acme', 'fortnight');
SELECT count(*) = (SELECT count(*) FROM asset_reuse_trend('acme')) AS same FROM asset_reuse_trend('acme', NULL, NULL, NULL, NULL, NULL);
-- Without created_at nobody knows how many assets there were; what is known of events is the same.
CREATE TABLE before AS SELECT * FROM asset_reuse_trend('acme', 'month', NULL, '2026-01-01Z', '2027-01-01Z');
ALTER TABLE campaign_assets DROP created_at CASCADE;
SELECT count(*) > 0 AS buckets, count(created_assets) AS created, count(total_assets) AS total, count(reuse_rate_percentage) AS rate, sum(reuses) > 0 AS reuses
FROM asset_reuse_trend('acme', 'month', NULL, '2026-01-01Z', '2027-01-01Z');
SELECT bucket_start, reuses, reused_assets, assets_ever_reused FROM asset_reuse_trend('acme', 'month', NULL, '2026-01-01Z', '2027-01-01Z')
EXCEPT SELECT bucket_start, reuses, reused_assets, assets_ever_reused FROM before;
DROP SCHEMA trends CASCADE;
