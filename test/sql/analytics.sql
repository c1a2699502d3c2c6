--
-- Analytics: a tenant's reuse at a glance.  The published figures on the golden
-- tenant; then case by case each filter, the bounds of a range, logs of all
-- kinds, ties in the top list, samples and lifts, and what is printed of a
-- number.  Whatever the order of rows and the number of parallel workers, no
-- digit of it may change.
--
-- Each case has a tenant of its own.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS analytics CASCADE;
CREATE SCHEMA analytics;
SET search_path = analytics, public;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set golden_tenant :abs_srcdir '/fixtures/golden_tenant.sql'
\set analytics_helpers :abs_srcdir '/fixtures/analytics_helpers.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :golden_tenant
\i :helpers
\i :analytics_helpers
\set ECHO all

-- The ids of the top list, in its order.
CREATE FUNCTION top_ids(answer jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(asset ->> 'id', ' ' ORDER BY n)
	FROM jsonb_array_elements(answer -> 'top_reused_assets') WITH ORDINALITY AS t (asset, n)
$$;
-- The same, each with a number beside it.
CREATE FUNCTION top_numbers(answer jsonb, number text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat(asset ->> 'id', '=', asset ->> number), ' ' ORDER BY n)
	FROM jsonb_array_elements(answer -> 'top_reused_assets') WITH ORDINALITY AS t (asset, n)
$$;
-- A log of events with the given stamps.
CREATE FUNCTION log_of(VARIADIC stamps text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('reuse_history',
		jsonb_agg(jsonb_build_object('timestamp', stamp, 'context', '{"reused_in_type": "email"}'::jsonb) ORDER BY n))
	FROM unnest(stamps) WITH ORDINALITY AS s (stamp, n)
$$;

--
-- The published figures
--

-- All three objects are, to the character, the contract's: t, t, t.
SELECT (answer -> 'overview')::text =
		'{"total_assets": 1525, "assets_with_reuses": 342, "total_reuses": 876,
		  "avg_reuses_per_asset": 2.56, "reuse_rate_percentage": 22.43}'::jsonb::text AS overview,
	(answer -> 'by_asset_type')::text =
		'{"image": {"count": 215, "total_reuses": 512, "avg_reuses_per_asset": 2.38},
		  "video": {"count": 87, "total_reuses": 298, "avg_reuses_per_asset": 3.43},
		  "ad_copy": {"count": 40, "total_reuses": 66, "avg_reuses_per_asset": 1.65}}'::jsonb::text AS by_asset_type,
	(answer -> 'performance_correlation')::text =
		'{"reused_assets": {"avg_ctr": 1.82, "avg_conversions": 45.3, "sample_size": 298},
		  "non_reused_assets": {"avg_ctr": 1.24, "avg_conversions": 28.7, "sample_size": 1183},
		  "lift": {"ctr_percentage": 46.77, "conversions_percentage": 57.84}}'::jsonb::text AS performance_correlation
FROM asset_reuse_analytics('acme') AS answer;
-- The answer's other keys: no filter, success, and 10 top assets with 15 down to 9 reuses.
SELECT answer - '{overview,by_asset_type,performance_correlation,top_reused_assets}'::text[] AS rest,
	(SELECT jsonb_agg(asset -> 'reused_count' ORDER BY n)
		FROM jsonb_array_elements(answer -> 'top_reused_assets') WITH ORDINALITY AS t (asset, n)) AS top
FROM asset_reuse_analytics('acme') AS answer;
-- One asset of the top list has these 12 keys, and no reuses_in_range.
SELECT jsonb_object_keys(asset_reuse_analytics('acme') #> '{top_reused_assets,0}') AS key ORDER BY key;
-- Asked by type, the three types give their own share: 215 of 735, 87 of 267, 40 of 200 assets.
SELECT type, answer -> 'filters' ->> 'asset_type' AS filter, answer -> 'overview' AS overview,
	answer -> 'by_asset_type' AS by_asset_type
FROM unnest(ARRAY['image', 'video', 'ad_copy']) AS type, asset_reuse_analytics('acme', type) AS answer;
-- A type of 120 assets of which none was reused: zeros, no types, an empty list, no lift.
SELECT jsonb_pretty(asset_reuse_analytics('acme', 'headline') #- '{performance_correlation,non_reused_assets}');
-- Over all time, the range counts the same 876 events of 342 assets: the golden tenant's logs agree with
-- its counts.
SELECT asset_reuse_analytics('acme', NULL, '-infinity') -> 'overview'
	= asset_reuse_analytics('acme') -> 'overview' AS same;
-- Two halves of the time add up to all events, but not to all assets: 876, more than 342.
SELECT (early -> 'overview' ->> 'total_reuses')::int + (late -> 'overview' ->> 'total_reuses')::int AS reuses,
	(early -> 'overview' ->> 'assets_with_reuses')::int + (late -> 'overview' ->> 'assets_with_reuses')::int > 342 AS more
FROM asset_reuse_analytics('acme', NULL, NULL, '2025-11-01 00:00+00') AS early,
	asset_reuse_analytics('acme', NULL, '2025-11-01 00:00+00') AS late;
-- The type and the range together: as plain SQL counts them: t.
REFRESH MATERIALIZED VIEW asset_events;
SELECT asset_reuse_analytics('acme', 'video', '2025-10-01 00:00+00', '2025-12-01 00:00+00', 50)::text
	= analytics_reference('acme', 'video', '2025-10-01 00:00+00', '2025-12-01 00:00+00', 50)::text AS same;
-- Another tenant has 60 assets with 20 reuses each, none of them acme's.
SELECT answer -> 'overview' AS overview, answer @? '$.top_reused_assets[*] ? (!(@.id starts with "globex"))' AS others
FROM asset_reuse_analytics('globex', top_limit => 50) AS answer;

--
-- A whole answer, to look at
--

INSERT INTO tenants VALUES ('whole', 'A whole answer');
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, file_url, thumbnail_url, impressions, clicks,
	conversions, ctr, reused_count, last_reused_at, platform_metadata, deleted_at) VALUES
	('w1', 'whole', 'Summer "Sale" Hero', 'image', 'https://cdn.example/w1', NULL, 1000, 17, 3, 1.7, 2,
	'2026-01-22 10:30:00', log_of('2026-01-21T10:00:00.000001', '2026-01-22T10:30:00.000000'), NULL),
	('w2', 'whole', 'Teaser', 'video', NULL, 'https://cdn.example/w2', 500, 5, NULL, 1, 1, '2026-01-22 10:30:00.5',
	log_of('2026-01-22T10:30:00.500000'), NULL),
	('w3', 'whole', 'Never', 'image', NULL, NULL, 500, 4, 2, 0.8, NULL, NULL, '{}', NULL),
	('w4', 'whole', 'Gone', 'image', NULL, NULL, 500, 500, 500, 100, 9, '2026-01-22 10:30:00',
	log_of('2026-01-22T10:30:00.000000'), '2026-01-23');
-- 3 live assets, 2 of them reused 3 times; mean ctr 1.35 and 0.8: 68.75 % more; conversions 3 and 2: 50 %.
SELECT jsonb_pretty(asset_reuse_analytics('whole'));
-- On the 22nd one event of each counts: the counts stay as stored beside reuses_in_range, by which they
-- tie, and w2 was reused last.
SELECT jsonb_pretty(asset_reuse_analytics('whole', NULL, '2026-01-22 00:00+00', '2026-01-23 00:00+00'));
-- uuid arguments and a uuid-like tenant give the same as text: the overview of one asset.
INSERT INTO tenants VALUES ('5cf1e0a4-9b0e-4ecf-8e5b-3f6f6d1f0a01', 'By uuid');
INSERT INTO campaign_assets (id, tenant_id, reused_count) VALUES ('u1', '5cf1e0a4-9b0e-4ecf-8e5b-3f6f6d1f0a01', 4);
SELECT asset_reuse_analytics('5cf1e0a4-9b0e-4ecf-8e5b-3f6f6d1f0a01'::uuid) -> 'overview' AS overview,
	asset_reuse_analytics('5cf1e0a4-9b0e-4ecf-8e5b-3f6f6d1f0a01'::uuid, 'image', '2026-01-01 00:00+00', NULL, 5)::text
	= asset_reuse_analytics('5cf1e0a4-9b0e-4ecf-8e5b-3f6f6d1f0a01', 'image', '2026-01-01 00:00+00', NULL, 5)::text AS same;

--
-- The bounds of a range
--

INSERT INTO tenants VALUES ('bounds', 'Events around a range');
INSERT INTO campaign_assets (id, tenant_id, reused_count, platform_metadata) VALUES
	('before', 'bounds', 1, log_of('2026-01-22T09:59:59.999999')),
	('start', 'bounds', 1, log_of('2026-01-22T10:00:00.000000')),
	('after-start', 'bounds', 1, log_of('2026-01-22T10:00:00.000001')),
	('before-end', 'bounds', 1, log_of('2026-01-22T10:59:59.999999')),
	('end', 'bounds', 1, log_of('2026-01-22T11:00:00.000000')),
	('after-end', 'bounds', 1, log_of('2026-01-22T11:00:00.000001'));
-- The start is inclusive, the end exclusive: after-start, before-end, start.
SELECT top_ids(asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00+00', '2026-01-22 11:00+00'));
-- One microsecond later each: not start any more, but end.
SELECT top_ids(asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00:00.000001+00', '2026-01-22 11:00:00.000001+00'));
-- Only a start: all but before.  Only an end: before, start, after-start, before-end.
SELECT top_ids(asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00+00'));
SELECT top_ids(asset_reuse_analytics('bounds', NULL, NULL, '2026-01-22 11:00+00'));
-- One microsecond long: start.  Empty, the end being the start: nothing, and no error.
SELECT top_ids(asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00+00', '2026-01-22 10:00:00.000001+00'));
SELECT answer -> 'overview' AS overview, answer -> 'top_reused_assets' AS top, answer -> 'by_asset_type' AS types
FROM asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00+00', '2026-01-22 10:00+00') AS answer;
-- The same hour said in other zones: the same three, and the filters in UTC.
SELECT top_ids(answer), answer -> 'filters' AS filters
FROM asset_reuse_analytics('bounds', NULL, '2026-01-22 15:30+05:30', '2026-01-22 03:00-08') AS answer;
-- Without a zone a date is in the session's: 10:00 UTC is 15:30 in Kolkata.
SET TimeZone = 'Asia/Kolkata';
SELECT top_ids(answer), answer -> 'filters' AS filters
FROM asset_reuse_analytics('bounds', NULL, '2026-01-22 15:30', '2026-01-22 16:30:00.000001') AS answer;
RESET TimeZone;
-- Infinity is a bound as well: all 6, all 6, none, none.
SELECT answer #> '{overview,total_reuses}' AS reuses, answer -> 'filters' AS filters
FROM (VALUES ('-infinity'::timestamptz, NULL::timestamptz), ('-infinity', 'infinity'), ('infinity', NULL),
	(NULL, '-infinity')) AS ranges (s, e),
	asset_reuse_analytics('bounds', NULL, s, e) AS answer;
-- The range and a type: the asset whose type is asked for.
UPDATE campaign_assets SET asset_type = 'video' WHERE id IN ('start', 'end');
SELECT top_ids(asset_reuse_analytics('bounds', 'video', '2026-01-22 10:00+00', '2026-01-22 11:00+00'));
-- An end before the start is an error, also by one microsecond: 22023.
SELECT error_of($$SELECT asset_reuse_analytics('bounds', NULL, '2026-01-22 10:00:00.000001+00', '2026-01-22 10:00+00')$$);

--
-- Logs of all kinds, in the range 10:00 to 11:00 UTC
--

INSERT INTO tenants VALUES ('logs', 'Logs of all kinds');
INSERT INTO campaign_assets (id, tenant_id, platform_metadata) VALUES
	-- 3 of 4 events, stored in disorder, the latest first, in the middle, twice the same
	('disorder-1', 'logs', log_of('2026-01-22T10:59:00', '2026-01-22T12:00:00', '2026-01-22T10:00:00',
	'2026-01-22T10:30:00')),
	('disorder-2', 'logs', log_of('2026-01-22T12:00:00', '2026-01-22T10:30:00', '2026-01-22T09:00:00')),
	('twice', 'logs', log_of('2026-01-22T10:30:00', '2026-01-22T10:30:00')),
	-- the outer ones are outside, all between are inside, though the first and last look ordered
	('hidden', 'logs', log_of('2026-01-22T09:00:00', '2026-01-22T10:10:00', '2026-01-22T08:00:00',
	'2026-01-22T10:20:00', '2026-01-22T09:30:00')),
	-- one event each with a zone: 10:30 UTC
	('zone-z', 'logs', log_of('2026-01-22T10:30:00Z')),
	('zone-plus', 'logs', log_of('2026-01-22T16:00:00.000+05:30')),
	('zone-minus', 'logs', log_of('2026-01-22 02:30-0800')),
	('zone-outside', 'logs', log_of('2026-01-22T10:30:00+02:00')),
	-- one usable stamp among unusable ones
	('unusable', 'logs', '{"reuse_history": [{"timestamp": "tomorrow"}, {"timestamp": 1769077800}, {}, null, "2026-01-22T10:30:00",
		{"timestamp": null}, {"timestamp": "2026-01-22T10:30:00"}, {"timestamp": "2026-01-32T10:30:00"}, ["2026-01-22T10:30:00"],
			{"context": {"timestamp": "2026-01-22T10:30:00"}}]}'),
	-- nothing that counts: no log, an empty one, none at the top, and documents of another shape
	('none', 'logs', '{}'), ('empty', 'logs', '{"reuse_history": []}'), ('null', 'logs', NULL),
	('deeper', 'logs', '{"a": {"reuse_history": [{"timestamp": "2026-01-22T10:30:00"}]}}'),
	('json-null', 'logs', 'null'), ('scalar', 'logs', '"2026-01-22T10:30:00"'),
	('array', 'logs', '[{"timestamp": "2026-01-22T10:30:00"}]'),
	('log-null', 'logs', '{"reuse_history": null}'),
	('log-object', 'logs', '{"reuse_history": {"timestamp": "2026-01-22T10:30:00"}}'),
	('log-text', 'logs', '{"reuse_history": "2026-01-22T10:30:00"}');
-- 500 events, one a minute from 08:00, too long for the row: 60 in the range; and the same backwards.
INSERT INTO campaign_assets (id, tenant_id, platform_metadata)
SELECT 'long', 'logs', log_of(VARIADIC array_agg(to_char(timestamp '2026-01-22 08:00' + i * interval '1 minute',
	'YYYY-MM-DD"T"HH24:MI:SS.US') ORDER BY i))
		|| jsonb_build_object('noise', (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 1000) AS j))
FROM generate_series(0, 499) AS i;
INSERT INTO campaign_assets (id, tenant_id, platform_metadata)
SELECT 'long-backwards', 'logs',
	log_of(VARIADIC array_agg(to_char(timestamp '2026-01-22 08:00' + i * interval '1 minute',
		'YYYY-MM-DD"T"HH24:MI:SS.US') ORDER BY i DESC))
FROM generate_series(0, 499) AS i;
SELECT id, pg_column_compression(platform_metadata) IS NOT NULL AS compressed,
	pg_column_size(platform_metadata) > 2048 AS out_of_line
FROM campaign_assets WHERE id LIKE 'long%' ORDER BY id;
-- 60 each of the long ones, then 3, 2, 2 and 1 as said above; nothing else counts, and all 21 assets are counted.
SELECT top_numbers(answer, 'reuses_in_range') AS reuses_in_range, answer -> 'overview' AS overview
FROM asset_reuse_analytics('logs', NULL, '2026-01-22 10:00+00', '2026-01-22 11:00+00', 50) AS answer;
-- Over all time: the events with a usable time, 500, 500, 5, 4, 3, 2 and 1.
SELECT top_numbers(answer, 'reuses_in_range') AS reuses_in_range
FROM asset_reuse_analytics('logs', NULL, '-infinity', 'infinity', 50) AS answer;
-- A document of another shape is no error without a range either: 21 assets, their counts all 0.
SELECT asset_reuse_analytics('logs') -> 'overview' AS overview;

--
-- "Reused" by the range, everywhere in the answer
--

INSERT INTO tenants VALUES ('range', 'Reused in a range or not');
INSERT INTO campaign_assets (id, tenant_id, asset_type, impressions, conversions, ctr, reused_count, last_reused_at,
	platform_metadata) VALUES
	-- reused often, but before the range
	('in-before', 'range', 'video', 100, 10, 8, 20, '2026-01-01', log_of('2026-01-01T00:00:00')),
	-- its count says never, its log says in the range
	('in-uncounted', 'range', 'image', 100, 30, 2, 0, NULL, log_of('2026-01-10T00:00:00', '2026-01-11T00:00:00')),
	('in-null-count', 'range', 'image', 100, 40, 4, NULL, NULL, log_of('2026-01-10T00:00:00')),
	-- its count is larger than what is in the range
	('in-both', 'range', 'ad_copy', 100, 50, 6, 7, '2026-01-12',
	log_of('2026-01-01T00:00:00', '2026-01-10T00:00:00', '2026-01-11T00:00:00', '2026-01-12T00:00:00')),
	-- counted, without a log
	('in-no-log', 'range', 'headline', 100, 20, 4, 5, '2026-01-10', '{}');
-- Without a range: in-before, in-both and in-no-log are reused, 32 times; in the samples ctr 6 and 3.
SELECT top_ids(answer) AS top, answer -> 'overview' AS overview, answer -> 'by_asset_type' AS types,
	answer -> 'performance_correlation' AS correlation
FROM asset_reuse_analytics('range') AS answer \gx
-- In the range: in-both, in-uncounted and in-null-count, 6 times; ctr 4 against the others' 6, a third
-- less; conversions 40 against 15.
SELECT top_numbers(answer, 'reuses_in_range') AS top, answer -> 'overview' AS overview,
	answer -> 'by_asset_type' AS types, answer -> 'performance_correlation' AS correlation
FROM asset_reuse_analytics('range', NULL, '2026-01-10 00:00+00', '2026-01-20 00:00+00') AS answer \gx
-- The list is by reuses_in_range, whatever the counts, which are 7, 0 and null; the first two have 3 and 2.
SELECT top_numbers(asset_reuse_analytics('range', NULL, '2026-01-10 00:00+00', '2026-01-20 00:00+00'),
	'reused_count') AS counts,
	top_numbers(asset_reuse_analytics('range', NULL, '2026-01-10 00:00+00', '2026-01-20 00:00+00', 2),
		'reuses_in_range') AS two;

--
-- The top list
--

INSERT INTO tenants VALUES ('ties', 'Ties in the top list'), ('many', 'More than the list holds');
INSERT INTO campaign_assets (id, tenant_id, reused_count, last_reused_at, platform_metadata) VALUES
	('t9', 'ties', 3, NULL, '{}'), ('t1', 'ties', 3, '2026-01-01 00:00:00', '{}'),
	('t3', 'ties', 3, '2026-01-02 00:00:00', '{}'),
	('t2', 'ties', 3, '2026-01-02 00:00:00', '{}'), ('t7', 'ties', 3, '2026-01-02 00:00:00.000001', '{}'),
	('t8', 'ties', 3, NULL, '{}'),
	('t5', 'ties', 9, NULL, '{}'), ('t6', 'ties', 1, '2030-01-01', '{}'), ('t4', 'ties', 3, 'infinity', '{}'),
	('t0', 'ties', 3, '-infinity', '{}');
-- Most reuses first; then the latest, nulls last; then by id.
SELECT top_ids(asset_reuse_analytics('ties'));
-- The shorter list is the longer one's beginning, for every length: t.
SELECT bool_and(asset_reuse_analytics('ties', top_limit => n) -> 'top_reused_assets'
	= (SELECT jsonb_agg(asset ORDER BY i)
		FROM jsonb_array_elements(asset_reuse_analytics('ties') -> 'top_reused_assets') WITH ORDINALITY AS t (asset, i)
		WHERE i <= n)) AS beginning
FROM generate_series(1, 10) AS n;
-- In a range the order is the same, by the events in it: t2 and t3 lead with two.
UPDATE campaign_assets SET platform_metadata = log_of('2026-01-05T00:00:00') WHERE tenant_id = 'ties';
UPDATE campaign_assets SET platform_metadata = log_of('2026-01-05T00:00:00', '2026-01-06T00:00:00')
WHERE id IN ('t2', 't3');
SELECT top_ids(asset_reuse_analytics('ties', NULL, '2026-01-01 00:00+00'));
-- Of 60 assets the list has 1, 10 when not asked for a length, and 50; all 60 are counted.
INSERT INTO campaign_assets (id, tenant_id, reused_count, last_reused_at)
SELECT 'm' || to_char(i, 'FM00'), 'many', 1 + i % 4, timestamp '2026-01-01' + i % 3 * interval '1 day'
FROM generate_series(1, 60) AS i;
SELECT top_ids(asset_reuse_analytics('many', top_limit => 1)) AS one, top_ids(asset_reuse_analytics('many')) AS ten;
SELECT jsonb_array_length(answer -> 'top_reused_assets') AS length, answer #> '{overview,total_assets}' AS assets,
	answer #> '{overview,total_reuses}' AS reuses,
	top_ids(answer) = (SELECT string_agg(id, ' ' ORDER BY reused_count DESC, last_reused_at DESC, id)
		FROM (SELECT * FROM campaign_assets WHERE tenant_id = 'many'
			ORDER BY reused_count DESC, last_reused_at DESC, id LIMIT 50) AS top) AS right_order
FROM asset_reuse_analytics('many', top_limit => 50) AS answer;

--
-- Few assets, or none
--

-- A tenant without assets, one that does not exist, and one whose assets are all deleted: zeros, nulls.
INSERT INTO tenants VALUES ('empty', 'No assets'), ('deleted', 'Only deleted assets');
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr, deleted_at) VALUES
	('d1', 'deleted', 5, 100, 1, '2026-01-01');
SELECT jsonb_pretty(asset_reuse_analytics('empty'));
SELECT asset_reuse_analytics('empty') = asset_reuse_analytics('nobody') AS not_there,
	asset_reuse_analytics('empty') = asset_reuse_analytics('deleted') AS deleted,
	asset_reuse_analytics('empty', 'image', '2026-01-01 00:00+00', '2026-02-01 00:00+00')::text =
	analytics_reference('empty', 'image', '2026-01-01 00:00+00', '2026-02-01 00:00+00')::text AS filtered;
-- One asset, never reused: a total of 1, a rate of 0.
INSERT INTO tenants VALUES
	('one', 'One asset'), ('counts', 'Null, zero and negative counts'), ('images', 'All of one type'),
	('unseen', 'No impressions');
INSERT INTO campaign_assets (id, tenant_id) VALUES ('o1', 'one');
SELECT answer -> 'overview' AS overview, answer -> 'top_reused_assets' AS top
FROM asset_reuse_analytics('one') AS answer;
-- Null, zero and negative counts are no reuses: 1 of 4 assets, 2 reuses, and only that one in the list.
INSERT INTO campaign_assets (id, tenant_id, asset_type, reused_count) VALUES
	('c-null', 'counts', 'image', NULL), ('c-zero', 'counts', 'video', 0), ('c-negative', 'counts', 'headline', -5),
	('c-two', 'counts', 'document', 2);
SELECT answer -> 'overview' AS overview, answer -> 'by_asset_type' AS types, top_ids(answer) AS top
FROM asset_reuse_analytics('counts') AS answer;
-- All assets of one type: the one type has what the overview has.
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'i' || i, 'images', i % 4
FROM generate_series(1, 8) AS i;
SELECT answer -> 'overview' AS overview, answer -> 'by_asset_type' AS types
FROM asset_reuse_analytics('images') AS answer;
SELECT (asset_reuse_analytics('images') - 'filters') = (asset_reuse_analytics('images', 'image') - 'filters') AS same;
-- Without impressions (null, 0, negative) no asset is in a sample, whatever its ctr.
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr) VALUES
	('n1', 'unseen', 1, NULL, 5), ('n2', 'unseen', 1, 0, 5), ('n3', 'unseen', 0, NULL, 5), ('n4', 'unseen', 0, 0, 5),
	('n5', 'unseen', 0, -1, 5);
SELECT asset_reuse_analytics('unseen') -> 'performance_correlation' AS correlation;

--
-- Samples and lifts
--

-- An asset without a ctr (null, NaN, infinite) is in no sample, and in the list it has none; ctr 0 is one.
-- Of six reused assets two are in the sample, their mean is 1.
INSERT INTO tenants VALUES ('ctr', 'No ctr');
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, conversions, ctr) VALUES
	('r-null', 'ctr', 6, 10, 100, NULL), ('r-nan', 'ctr', 5, 10, 100, 'NaN'), ('r-plus', 'ctr', 4, 10, 100, 'Infinity'),
	('r-minus', 'ctr', 3, 10, 100, '-Infinity'), ('r-zero', 'ctr', 2, 10, 7, 0), ('r-two', 'ctr', 1, 10, 8, 2),
	('other', 'ctr', 0, 10, 5, 'NaN');
SELECT asset_reuse_analytics('ctr') -> 'performance_correlation' AS correlation;
SELECT asset -> 'id' AS id, asset -> 'ctr' AS ctr
FROM jsonb_array_elements(asset_reuse_analytics('ctr') -> 'top_reused_assets') AS asset;

-- The correlation of assets given as (reused_count, impressions, ctr, conversions), in a tenant that is
-- gone afterwards.
CREATE FUNCTION correlation(assets text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	INSERT INTO tenants VALUES ('sample', 'A sample');
	EXECUTE format('INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr, conversions)
		SELECT ''s'' || row_number() OVER (), ''sample'', r, i, c, n FROM (VALUES %s) AS assets (r, i, c, n)', assets);
	answer := asset_reuse_analytics('sample') -> 'performance_correlation';
	DELETE FROM tenants WHERE id = 'sample';
	RETURN answer;
END
$$;
-- Conversions that are null are skipped, not 0: 30 (of one) against 20; sample sizes 2 and 1, ctr 1.5 and 1.
SELECT correlation('(1, 10, 1, 30), (1, 10, 2, NULL), (0, 10, 1, 20)');
-- No conversions known at all: null, and no lift of them.
SELECT correlation('(1, 10, 1, NULL::int), (0, 10, 1, NULL)');
-- Nothing reused: averages of the others only, no lift.  Nothing but reused: likewise.
SELECT correlation('(0, 10, 1, 30), (0, 10, 2, 31)');
SELECT correlation('(1, 10, 1, 30), (1, 10, 2, 31)');
-- Averages of 0 of the others cannot be a base: no lift.  Averages of 0 of the reused: a lift of -100.
SELECT correlation('(1, 10, 1, 30), (0, 10, 0, 0)');
SELECT correlation('(1, 10, 0, 0), (0, 10, 1, 30)');
-- No difference: a lift of 0.
SELECT correlation('(1, 10, 1.1, 30), (0, 10, 1.1, 30)');
-- A lift is of the means themselves, not of the rounded ones: 0.004 against 0.003 is a third more.
SELECT correlation('(1, 10, 0.004, 4), (0, 10, 0.003, 3)');
-- However small they are: 3.4 times as much, a third more, and no more.
SELECT correlation('(1, 10, 3.4e-22, 4), (0, 10, 1e-22, 3)') -> 'lift' AS small, correlation('(1, 10, 4e-300, 4), (0, 10, 3e-300, 3)') -> 'lift' AS smaller,
	correlation('(1, 10, 1e-25, 4), (0, 10, 1e-25, 3)') -> 'lift' AS same;

--
-- What is printed of a number: two decimals, halves away from zero, no trailing zeros
--

-- Means of ctr: 1/8 is 0.13, 3/8 is 0.38; 1.00 and 1.01 give 1.01, 1.00 and 1.05 give 1.03; -1/8 is -0.13.
-- Of conversions: 45 and 46 give 45.5.  1 among 200 is 0.01, among 201 it is 0.
SELECT correlation('(1, 10, 0.125, 90), (0, 10, 0.375, 91)') - 'lift' AS eighths;
SELECT correlation('(1, 10, 1.00, 45), (1, 10, 1.01, 46), (0, 10, 1.00, 0), (0, 10, 1.05, 0)') - 'lift' AS hundredths;
SELECT correlation('(1, 10, -0.125, 0), (1, 10, -0.125, 0), (0, 10, -1.005, 0)') - 'lift' AS negative;
SELECT correlation((SELECT string_agg(format('(%s, 10, %s.0, %s)', (i > 201)::int, (i IN (1, 202))::int, (i IN (1, 202))::int), ', ')
	FROM generate_series(1, 401) AS i)) - 'lift' AS small;
-- Lifts: 1.00125 times is 0.13 % more, 0.99875 times is 0.13 % less, and not 0.12.
SELECT correlation('(1, 10, 801, 801), (0, 10, 800, 800)') -> 'lift' AS more,
	correlation('(1, 10, 799, 799), (0, 10, 800, 800)') -> 'lift' AS less;
-- Ratios: 9 reuses of 8 assets 1.13, of 16 assets 1 reused 6.25 %, 1 of 3 is 33.33, 2 of 3 is 66.67.
INSERT INTO tenants VALUES ('r8', ''), ('r16', ''), ('r3', ''), ('r32', '');
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'r8-' || i, 'r8', 1 + (i = 1)::int
FROM generate_series(1, 8) AS i;
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'r16-' || i, 'r16', (i = 1)::int
FROM generate_series(1, 16) AS i;
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'r3-' || i, 'r3', (i = 1)::int * 5
FROM generate_series(1, 3) AS i;
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'r32-' || i, 'r32', (i < 3)::int
FROM generate_series(1, 3) AS i;
SELECT tenant, answer #> '{overview,avg_reuses_per_asset}' AS avg_reuses_per_asset,
	answer #> '{overview,reuse_rate_percentage}' AS reuse_rate_percentage,
	answer #> '{by_asset_type,image,avg_reuses_per_asset}' AS avg_of_images
FROM unnest(ARRAY['r8', 'r16', 'r3', 'r32']) AS tenant, asset_reuse_analytics(tenant) AS answer;
-- 1 of 800 is 0.13 %, a half as well: rounded away from zero.
INSERT INTO tenants VALUES ('r800', '');
INSERT INTO campaign_assets (id, tenant_id, reused_count)
SELECT 'r800-' || i, 'r800', (i = 1)::int
FROM generate_series(1, 800) AS i;
SELECT asset_reuse_analytics('r800') #> '{overview,reuse_rate_percentage}' AS reuse_rate_percentage;
-- A column's value is shown as it is stored, unrounded, whatever digits the session asks for.
SET extra_float_digits = -3;
INSERT INTO tenants VALUES ('digits', '');
INSERT INTO campaign_assets (id, tenant_id, reused_count, ctr) VALUES
	('d-1', 'digits', 9, 1.715), ('d-2', 'digits', 8, 0.1 + 0.2::float8), ('d-3', 'digits', 7, 3),
	('d-4', 'digits', 6, 1e20), ('d-5', 'digits', 5, -0.0000125), ('d-6', 'digits', 4, 1e300);
SELECT asset -> 'id' AS id, left((asset -> 'ctr')::text, 30) AS ctr
FROM jsonb_array_elements(asset_reuse_analytics('digits') -> 'top_reused_assets') AS asset;
RESET extra_float_digits;

--
-- The order of rows and parallel workers change no digit
--

-- The same multiset of extreme values in 24 orders: one answer, the mean of 0.1000000001 by four.
INSERT INTO tenants SELECT 'order-' || n, '' FROM generate_series(1, 24) AS n;
INSERT INTO campaign_assets (id, tenant_id, impressions, ctr)
SELECT format('x-%s-%s', n, place), 'order-' || n, 10, value
FROM (SELECT row_number() OVER () AS n, ARRAY[a, b, c, d] AS list
		FROM (VALUES (1e300::float8), (-1e300), (1e-10), (0.1)) AS w (a),
			(VALUES (1e300::float8), (-1e300), (1e-10), (0.1)) AS x (b),
			(VALUES (1e300::float8), (-1e300), (1e-10), (0.1)) AS y (c),
			(VALUES (1e300::float8), (-1e300), (1e-10), (0.1)) AS z (d)
		WHERE a NOT IN (b, c, d) AND b NOT IN (c, d) AND c <> d) AS orders,
	unnest(list) WITH ORDINALITY AS v (value, place)
ORDER BY n, place;
CREATE TABLE answers AS
	SELECT 'alone' AS workers, n, asset_reuse_analytics('order-' || n) AS answer FROM generate_series(1, 24) AS n;
SELECT DISTINCT answer -> 'performance_correlation' AS correlation FROM answers;
-- 3,000 assets with numbers of 500 orders of magnitude, in three orders of rows.  Each number is there
-- with both signs, and beside the two a small one, so that these alone make the means.
CREATE TABLE numbers AS
	SELECT row_number() OVER () AS i, pair % 3 AS reused_count, ctr, pair % 10 AS conversions
	FROM generate_series(1, 1000) AS pair,
		LATERAL (SELECT (1 + pair / 3000.0::float8) * (2.0::float8 ^ (pair * 7 % 1900 - 900)) AS large) AS l,
		unnest(ARRAY[large, -large, pair % 10 / 8.0]) AS ctr;
INSERT INTO tenants VALUES ('up', ''), ('down', ''), ('mixed', '');
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr, conversions)
SELECT 'up-' || i, 'up', reused_count, 10, ctr, conversions
FROM numbers
ORDER BY i;
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr, conversions)
SELECT 'down-' || i, 'down', reused_count, 10, ctr, conversions
FROM numbers
ORDER BY ctr DESC;
INSERT INTO campaign_assets (id, tenant_id, reused_count, impressions, ctr, conversions)
SELECT 'mixed-' || i, 'mixed', reused_count, 10, ctr, conversions
FROM numbers
ORDER BY md5(i::text);
-- PostgreSQL's own sum does depend on the order, so that the numbers are a test: t.
SELECT sum(ctr ORDER BY i) IS DISTINCT FROM sum(ctr ORDER BY md5(i::text)) AS depends FROM numbers;
-- The means are those of the small numbers alone: t.
SELECT answer -> 'performance_correlation' AS correlation,
	answer #> '{performance_correlation,reused_assets,avg_ctr}' = to_jsonb((
		SELECT round((sum(pair % 10 / 8.0) / count(*) / 3)::numeric, 2)
		FROM generate_series(1, 1000) AS pair WHERE pair % 3 > 0)) AS as_computed
FROM asset_reuse_analytics('up') AS answer;
INSERT INTO answers
SELECT 'alone', NULL, asset_reuse_analytics(tenant) - 'top_reused_assets'
FROM unnest(ARRAY['up', 'down', 'mixed']) AS tenant;
INSERT INTO answers
SELECT 'golden', n, asset_reuse_analytics('acme', NULL, d, NULL, 50)
FROM (VALUES (1, NULL::timestamptz), (2, '2025-10-01 00:00+00')) AS ranges (n, d);

-- All of it again with parallel workers, for one row as for many.
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
ANALYZE campaign_assets;
SELECT set_config(CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END, 'on', false) AS forced;
DISCARD PLANS;
CREATE FUNCTION ask_again() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n int;
	answer jsonb;
BEGIN
	FOR n IN 1..24 LOOP
		answer := asset_reuse_analytics('order-' || n);
		INSERT INTO answers VALUES ('parallel', n, answer);
	END LOOP;
	FOR n IN 1..3 LOOP
		answer := asset_reuse_analytics((ARRAY['up', 'down', 'mixed'])[n]) - 'top_reused_assets';
		INSERT INTO answers VALUES ('parallel', NULL, answer);
	END LOOP;
	answer := asset_reuse_analytics('acme', NULL, NULL, NULL, 50);
	INSERT INTO answers VALUES ('parallel golden', 1, answer);
	answer := asset_reuse_analytics('acme', NULL, '2025-10-01 00:00+00', NULL, 50);
	INSERT INTO answers VALUES ('parallel golden', 2, answer);
END
$$;
SELECT ask_again();
-- One answer in 24 orders and one in three, each alone and in parallel: 48 and 6 of one kind.
SELECT n IS NULL AS numbers, count(*), count(DISTINCT answer::text) AS kinds
FROM (SELECT n, (answer #- '{top_reused_assets}') AS answer FROM answers WHERE workers IN ('alone', 'parallel')) AS a
GROUP BY 1 ORDER BY 1;
-- The golden tenant's two answers, whole: 2 each, of one kind.
SELECT n, count(*), count(DISTINCT answer::text) AS kinds
FROM answers
WHERE workers LIKE '%golden'
GROUP BY n ORDER BY n;
-- Many short top lists, one of each worker, make the right one: t.
SELECT top_ids(asset_reuse_analytics('many', top_limit => 50))
	= (SELECT string_agg(id, ' ' ORDER BY reused_count DESC, last_reused_at DESC, id)
		FROM (SELECT * FROM campaign_assets WHERE tenant_id = 'many'
			ORDER BY reused_count DESC, last_reused_at DESC, id LIMIT 50) AS top) AS right_order;
-- An empty tenant, where no worker has a row: as alone.
SELECT asset_reuse_analytics('empty')::text = analytics_reference('empty')::text AS same;

--
-- Other column types: bigint counts, asset types as text, identifiers of any length
--

CREATE TABLE wide_assets (
	id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text, asset_type text, reused_count bigint,
	last_reused_at timestamptz, platform_metadata jsonb, deleted_at timestamptz, impressions bigint, clicks bigint,
		conversions numeric);
SET asset_reuse.assets_table = 'wide_assets';
-- Sums go to a bigint's end, still in parallel: 9223372036854775807, by 2 assets 4611686018427387903.5.
INSERT INTO wide_assets (id, tenant_id, asset_type, reused_count) VALUES
	('b1', 'huge', 'image', 9223372036854775806), ('b2', 'huge', 'video', 1);
SELECT asset_reuse_analytics('huge') -> 'overview' AS overview;
SELECT asset_reuse_analytics('huge') -> 'by_asset_type' AS by_asset_type;
-- One more is too many: 22003, alone as well; but not for one type.
INSERT INTO wide_assets (id, tenant_id, asset_type, reused_count) VALUES ('b3', 'huge', 'video', 1);
SELECT error_of($$SELECT asset_reuse_analytics('huge')$$);
SELECT asset_reuse_analytics('huge', 'video') -> 'overview' AS overview;
RESET max_parallel_workers_per_gather;
SELECT set_config(CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode'
	ELSE 'debug_parallel_query' END, 'off', false) AS forced;
SET max_parallel_workers_per_gather = 0;
DISCARD PLANS;
SELECT error_of($$SELECT asset_reuse_analytics('huge')$$);
-- Types as text: any is known, of any letters and length; they are counted apart, and shown as they are.
INSERT INTO wide_assets (id, tenant_id, asset_type, reused_count) VALUES
	('x1', 'texts', 'Größe', 1), ('x2', 'texts', 'größe', 1), ('x3', 'texts', 'größe', 2), ('x4', 'texts', '画像', 1),
	('x5', 'texts', '😀 "quoted" \', 1),
	('x6', 'texts', repeat('long ', 30), 1), ('x7', 'texts', 'image ', 1), ('x8', 'texts', 'image', 1),
	('x9', 'texts', 'unused', 0);
\a
SELECT key, value FROM jsonb_each(asset_reuse_analytics('texts') -> 'by_asset_type') ORDER BY key COLLATE "C";
SELECT answer -> 'filters' ->> 'asset_type' AS type, answer #> '{overview,total_reuses}' AS reuses,
	answer #>> '{top_reused_assets,0,asset_type}' AS shown
FROM unnest(ARRAY['größe', '画像', '😀 "quoted" \', 'image', 'no such type']) WITH ORDINALITY AS types (type, n),
	asset_reuse_analytics('texts', type) AS answer
ORDER BY n;
\a
-- 300 types, more than any table of types begins with: all of them, alone and in parallel: 300, 300.
INSERT INTO wide_assets (id, tenant_id, asset_type, reused_count)
SELECT 'y' || i, 'types', 'type ' || i % 300, 1
FROM generate_series(1, 900) AS i;
SELECT count(*), count(DISTINCT key) AS types,
	bool_and(value = '{"count": 3, "total_reuses": 3, "avg_reuses_per_asset": 1}') AS three_each
FROM jsonb_each(asset_reuse_analytics('types') -> 'by_asset_type');
SET max_parallel_workers_per_gather = 2;
DISCARD PLANS;
DO $$
DECLARE
	types jsonb := asset_reuse_analytics('types') -> 'by_asset_type';
BEGIN
	RAISE NOTICE '% types', (SELECT count(*) FROM jsonb_each(types)
		WHERE value = '{"count": 3, "total_reuses": 3, "avg_reuses_per_asset": 1}');
END
$$;
-- Without a ctr column it is computed from clicks and impressions, in the list and in the samples: 1/8
-- is 12.5, 1/4 is 25, without impressions or clicks there is none.  1/3 is 33.33.
INSERT INTO wide_assets (id, tenant_id, asset_type, reused_count, impressions, clicks, conversions) VALUES
	('z1', 'computed', 'image', 4, 4, 1, 1.25), ('z2', 'computed', 'image', 3, 8, 1, 2.75),
	('z3', 'computed', 'image', 2, 0, 1, 9), ('z4', 'computed', 'image', 1, 9, NULL, 9),
	('z5', 'computed', 'image', 0, 10, 1, 1),
	('z6', 'third', 'image', 1, 3, 1, 0);
SELECT top_numbers(answer, 'ctr') AS ctr, answer -> 'performance_correlation' AS correlation
FROM asset_reuse_analytics('computed') AS answer;
SELECT top_numbers(asset_reuse_analytics('third'), 'ctr') AS ctr;
-- A ctr of type real is meant as it is printed: 1.00 and 1.01 make 1.01.  A domain over a string of fixed
-- length can be asked for: 2.
CREATE DOMAIN kind AS char(20);
CREATE TABLE real_assets (id text, tenant_id text, asset_name text, asset_type kind, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp, impressions int, ctr real);
INSERT INTO real_assets (id, tenant_id, asset_type, impressions, ctr) VALUES
	('r1', 'real', 'image', 1, 1.00), ('r2', 'real', 'image', 1, 1.01), ('r3', 'real', 'video', 0, 9);
SET asset_reuse.assets_table = 'real_assets';
SELECT answer #> '{overview,total_assets}' AS assets, answer #> '{performance_correlation,non_reused_assets,avg_ctr}' AS ctr
FROM asset_reuse_analytics('real', 'image') AS answer;
-- In all functions it has the digits that it takes to tell it from its neighbours.
UPDATE real_assets SET ctr = CASE id WHEN 'r1' THEN 0.1 WHEN 'r2' THEN 16777216 ELSE 1.2345678 END;
SELECT asset_id, ctr FROM asset_reuse_unused('real');
ALTER TABLE real_assets ALTER ctr TYPE float8 USING CASE id WHEN 'r1' THEN 0.1 + 0.2::float8 WHEN 'r2' THEN 5e-324 ELSE 1e300 END;
SELECT asset_id, CAST(ctr AS float8) FROM asset_reuse_unused('real');
RESET asset_reuse.assets_table;

SET client_min_messages = warning;
DROP SCHEMA analytics CASCADE;
