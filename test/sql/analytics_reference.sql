--
-- Analytics against the same answer in plain SQL (analytics_reference in
-- fixtures/analytics_helpers.sql), over generated tenants of 6,000 assets
-- (fixed seed) and the golden one, for 164 combinations of filters, without
-- parallel workers and with them.
--
-- A comparison prints the calls whose answer differs in a single character:
-- none.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS analytics_reference CASCADE;
CREATE SCHEMA analytics_reference;
SET search_path = analytics_reference, public;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set golden_tenant :abs_srcdir '/fixtures/golden_tenant.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set analytics_helpers :abs_srcdir '/fixtures/analytics_helpers.sql'
\set ECHO none
\i :tables
\i :golden_tenant
\i :helpers
\i :analytics_helpers
\set ECHO all

--
-- The generated tenants
--

-- One log: none, empty, in order, in disorder, with stamps of all kinds and with elements that are no
-- events, or so long that it is compressed and out of line.  Times are whole hours of January 2026, so
-- that many are equal and hit the bounds below, some with a microsecond more.
CREATE FUNCTION random_log() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	kind int := floor(random() * 20);
	length int := CASE WHEN kind = 19 THEN 300 + floor(random() * 200) ELSE 1 + floor(random() * random() * 20) END;
BEGIN
	RETURN CASE
		WHEN kind < 6 THEN '{}'
		WHEN kind = 6 THEN '{"reuse_history": []}'
		WHEN kind = 7 THEN (ARRAY['{"reuse_history": {}}', '{"reuse_history": "2026-01-10"}', '{"reuse_history": null}',
			'[{"timestamp": "2026-01-10T00:00:00"}]', '"text"', 'null', NULL]::jsonb[])[1 + floor(random() * 7)]
		ELSE (
			WITH event AS MATERIALIZED (
				SELECT i, timestamp '2026-01-01' + floor(random() * 24 * 31) * interval '1 hour'
					+ CASE WHEN random() < 0.1 THEN interval '1 microsecond' ELSE interval '0' END AS t,
					random() AS dice
				FROM generate_series(1, length) AS i
			)
			SELECT jsonb_build_object('note', md5(random()::text), 'reuse_history', jsonb_agg(
				CASE
					WHEN kind < 17 OR kind = 19 OR dice < 0.4 THEN jsonb_build_object('timestamp',
						to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
						'context', jsonb_build_object('reused_in_type', 'email', 'md5', md5(dice::text)))
					WHEN dice < 0.5 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
					WHEN dice < 0.6 THEN jsonb_build_object('timestamp',
						to_char(t + interval '5:30', 'YYYY-MM-DD HH24:MI:SS"+05:30"'))
					WHEN dice < 0.7 THEN jsonb_build_object('timestamp',
						to_char(t - interval '8 hours', 'YYYY-MM-DD"T"HH24:MI"-0800"'))
					WHEN dice < 0.75 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD'))
					WHEN dice < 0.8 THEN '{"timestamp": "2026-02-30T00:00:00"}'
					WHEN dice < 0.85 THEN '{"timestamp": "now"}'
					WHEN dice < 0.9 THEN '{"timestamp": 1767225600}'
					WHEN dice < 0.95 THEN '{"context": {}}'
					ELSE to_jsonb(to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS'))
				END
				ORDER BY CASE WHEN kind IN (15, 16) THEN dice END, t, i))
			FROM event)
	END;
END
$$;

INSERT INTO tenants VALUES ('big', 'Generated'), ('small', 'Generated too');
SET max_parallel_workers_per_gather = 0;
SELECT setseed(0.525);
-- Counts and times are of few values, so that many assets tie; a ctr has few binary digits, so that
-- plain SQL, which averages decimal ones, has the same value.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, file_url, impressions, clicks, conversions, ctr,
	reused_count, last_reused_at, platform_metadata, deleted_at)
SELECT 'g-' || i, CASE WHEN i % 20 = 0 THEN 'small' ELSE 'big' END, 'Asset ' || md5(i::text),
	(enum_range(NULL::campaignassettype))[1 + floor(random() * random() * 8)],
	CASE WHEN random() < 0.5 THEN 'https://cdn.example/' || i END,
	CASE WHEN random() < 0.8 THEN floor(random() * 4) * 1000 END, floor(random() * 50),
	CASE WHEN random() < 0.9 THEN floor(random() * 100) END,
	CASE WHEN random() < 0.9 THEN floor(random() * 1000) / 64
		ELSE (ARRAY[NULL, 'NaN', 'Infinity', '-Infinity', '0', '-2.5']::float[])[1 + floor(random() * 6)] END,
	CASE WHEN random() < 0.4 THEN floor(random() * random() * 30) WHEN random() < 0.1 THEN NULL
		WHEN random() < 0.02 THEN -3 ELSE 0 END,
	CASE WHEN random() < 0.6 THEN timestamp '2026-01-01' + floor(random() * 10) * interval '1 day' END,
	random_log(),
	CASE WHEN random() < 0.05 THEN timestamp '2026-01-15' END
FROM generate_series(1, 6000) AS i;
REFRESH MATERIALIZED VIEW asset_events;
ANALYZE campaign_assets, asset_events;

-- What is meant to be there is there: t everywhere.
SELECT count(*) FILTER (WHERE tenant_id = 'big' AND deleted_at IS NULL) > 5000 AS live,
	count(*) FILTER (WHERE reused_count > 0) > 1500 AS reused,
	count(DISTINCT asset_type) FILTER (WHERE reused_count > 0) = 8 AS types,
	count(*) FILTER (WHERE pg_column_compression(platform_metadata) IS NOT NULL) > 100 AS compressed,
	count(*) FILTER (WHERE jsonb_typeof(platform_metadata -> 'reuse_history') <> 'array') > 20 AS no_array,
	count(*) FILTER (WHERE jsonb_typeof(platform_metadata) <> 'object') > 20 AS no_object,
	count(*) FILTER (WHERE ctr IN ('NaN', 'Infinity', '-Infinity')) > 100 AS no_ctr,
	count(*) FILTER (WHERE reused_count < 0) > 10 AS negative
FROM campaign_assets WHERE tenant_id IN ('big', 'small');

--
-- The comparison
--

-- All combinations of 4 types, 9 ranges and 3 lengths for the big tenant, of types and ranges for the
-- small one, and of 5 types and 4 ranges for the golden one: 108, 36 and 20.
CREATE TABLE calls AS
	SELECT row_number() OVER (ORDER BY range, tenant, type NULLS FIRST, top_limit) AS id, *
	FROM (VALUES ('big', 1), ('big', 10), ('big', 50), ('small', 10)) AS tenants (tenant, top_limit),
		(VALUES (NULL), ('image'), ('document'), ('other')) AS types (type),
		(VALUES (1, NULL::timestamptz, NULL::timestamptz),
			(2, '2026-01-10 00:00+00', NULL), (3, NULL, '2026-01-10 00:00+00'),
			(4, '2026-01-05 00:00+00', '2026-01-12 00:00+00'),
			(5, '2026-01-05 00:00:00.000001+00', '2026-01-05 01:00:00.000001+00'),
			(6, '2026-01-20 05:30+05:30', '2026-01-20 04:00-08'),
			(7, '2026-01-15 07:00+00', '2026-01-15 07:00+00'),
			(8, '-infinity', 'infinity'), (9, '2027-01-01 00:00+00', NULL)) AS ranges (range, start_date, end_date)
	UNION ALL
	SELECT 1000 + row_number() OVER (ORDER BY range, type NULLS FIRST), 'acme', 50, type, range, start_date, end_date
	FROM (VALUES (NULL), ('image'), ('video'), ('ad_copy'), ('headline')) AS types (type),
		(VALUES (1, NULL::timestamptz, NULL::timestamptz), (2, '2025-10-01 00:00+00', '2025-11-01 00:00+00'),
			(3, '2025-12-24 12:00+00', NULL), (4, NULL, '2025-08-02 00:00+00')) AS ranges (range, start_date, end_date);
SELECT tenant, count(*) FROM calls GROUP BY tenant ORDER BY tenant;

CREATE TABLE expected AS
	SELECT id, analytics_reference(tenant, type, start_date, end_date, top_limit) AS answer FROM calls;
-- The answers to compare with are not all the same, nor all empty: t, t.
SELECT count(DISTINCT answer) > 80 AS different,
	count(*) FILTER (WHERE answer -> 'top_reused_assets' <> '[]') > 80 AS not_empty
FROM expected;

-- Compares all answers, or only each third or so, and prints the calls whose answer differs.  It calls
-- one by one, so that no query around them is itself run in parallel.
CREATE FUNCTION compare_answers(step int DEFAULT 1)
RETURNS TABLE (call text, answered jsonb, expected jsonb) LANGUAGE plpgsql AS $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT * FROM calls JOIN expected AS e USING (id) WHERE id % step = 0 ORDER BY id LOOP
		answered := asset_reuse_analytics(c.tenant, c.type, c.start_date, c.end_date, c.top_limit);
		IF answered::text IS DISTINCT FROM c.answer::text THEN
			call := format('%s: %L, %L, %L, %L, %s', c.id, c.tenant, c.type, c.start_date, c.end_date, c.top_limit);
			expected := c.answer;
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;

-- Without parallel workers: none differs.
SELECT * FROM compare_answers();
-- With them, however small the table: none differs.
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
DISCARD PLANS;
SELECT * FROM compare_answers();
-- The session's zone, date style and digits change nothing: none differs.
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = -3;
SELECT * FROM compare_answers(5);
-- With a worker even where the leader alone would do (a setting that 16 renamed): none differs.
SELECT set_config(CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END, 'on', false) AS forced;
DISCARD PLANS;
SELECT * FROM compare_answers(5);
RESET ALL;
SET search_path = analytics_reference, public;
DISCARD PLANS;

-- The comparison can fail: an image of the tenant, without a log, has one reuse more.  It is seen in the
-- 6 calls without a range, for all types and for images, with 3 lengths each.
UPDATE campaign_assets SET reused_count = reused_count + 1
WHERE id = (SELECT min(id) FROM campaign_assets
	WHERE tenant_id = 'big' AND asset_type = 'image' AND deleted_at IS NULL AND reused_count > 0 AND platform_metadata = '{}');
SELECT count(*) AS differing, min(call) AS first, max(call) AS last FROM compare_answers();

SET client_min_messages = warning;
DROP SCHEMA analytics_reference CASCADE;
