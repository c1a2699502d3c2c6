--
-- Events between a document and the history table, as values: which of a log are
-- movable (asset_reuse_log_movable, asset_reuse_log_count), a document without
-- some of them (asset_reuse_log_remove), and one with events merged in
-- (asset_reuse_log_restore).
--
-- All are compared with plain SQL on two thousand generated documents (fixed
-- seed), by their bytes.  Such a case prints how many documents it compared and
-- how many differ, which must be 0; the documents that differ would follow.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS reuse_log_rows CASCADE;
CREATE SCHEMA reuse_log_rows;
SET search_path = reuse_log_rows, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\i :tables
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\i :helpers
RESET client_min_messages;
SET DateStyle = 'ISO';

-- Whether two values are the same bytes, where = would only say whether they are equal.
CREATE FUNCTION same_bytes(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT record_image_eq(ROW (a), ROW (b))
$$;

-- The time stamps that documents here have, and what time each is.  Where that is null, the
-- stamp is not usable.  Years 0 and 10000 are usable, but have no form of ours.
CREATE TABLE stamps (n int PRIMARY KEY, stamp jsonb UNIQUE, at timestamp);
INSERT INTO stamps
	SELECT n, to_jsonb(to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US')), at
	FROM generate_series(1, 200) AS n, LATERAL (SELECT timestamp '2026-01-01' + n * interval '1 hour 1 microsecond') AS t (at);
INSERT INTO stamps VALUES
	(201, '"2026-01-02"', '2026-01-02'), (202, '"2026-01-02T00:00:00Z"', '2026-01-02'),
	(203, '"2026-01-02 05:30+05:30"', '2026-01-02'), (204, '"2026-01-03T24:00"', '2026-01-04'),
	(205, '"2026-01-04T00:00:00.123456789"', '2026-01-04 00:00:00.123457'),
	(206, '"0001-01-01T00:00:00.000000"', '0001-01-01'), (207, '"9999-12-31T23:59:59.999999"', '9999-12-31 23:59:59.999999'),
	(208, '"0001-01-01T00:00+01:00"', '0001-12-31 23:00 BC'), (209, '"9999-12-31T23:00-01:00"', '10000-01-01'),
	(210, 'null', NULL), (211, '20260101', NULL), (212, '""', NULL), (213, '"now"', NULL), (214, '"2026-02-30"', NULL),
	(215, '"infinity"', NULL), (216, '["2026-01-01"]', NULL), (217, '{}', NULL), (218, 'true', NULL), (219, '"2026-01-01"', '2026-01-01');

ANALYZE stamps;

-- The events of a document in stored order, with their times: those stamps', or read from our own form.
CREATE FUNCTION plain_events(m jsonb, OUT n bigint, OUT event jsonb, OUT at timestamp)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT place, event, CASE WHEN stamps.n IS NOT NULL THEN stamps.at
		WHEN event ->> 'timestamp' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{6}$' THEN (event ->> 'timestamp')::timestamp END
	FROM jsonb_array_elements(CASE jsonb_typeof(m -> 'reuse_history') WHEN 'array' THEN m -> 'reuse_history' END)
		WITH ORDINALITY AS e (event, place)
		LEFT JOIN stamps ON stamps.stamp = event -> 'timestamp'
$$;

-- The movable ones of these.
CREATE FUNCTION plain_movable(m jsonb, OUT n bigint, OUT at timestamp, OUT context jsonb)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT n, at, event -> 'context'
	FROM (SELECT *, count(*) OVER (PARTITION BY at) AS at_that_time FROM plain_events(m)) AS e
	WHERE at_that_time = 1 AND at >= '0001-01-01' AND at < '10000-01-01'
		AND event - '{timestamp,context}'::text[] = '{}'
	ORDER BY at
$$;

-- The events in the order of answers: the time of each and what it is beside that.
CREATE FUNCTION shown_events(m jsonb) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(ROW (at, CASE WHEN at IS NULL THEN event WHEN at >= '0001-01-01' AND at < '10000-01-01' THEN event - 'timestamp'
		ELSE event END)::text ORDER BY at, n)
	FROM plain_events(m)
$$;

CREATE FUNCTION plain_remove(m jsonb, times timestamp[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	place bigint;
BEGIN
	FOR place IN SELECT n - 1 FROM plain_movable(m) WHERE at = ANY (times) ORDER BY n DESC LOOP
		m := m #- ARRAY['reuse_history', place::text];
		IF m -> 'reuse_history' = '[]' THEN
			m := m - 'reuse_history';
		END IF;
	END LOOP;
	RETURN m;
END
$$;

-- A row comes before the first event that is not before it.
CREATE FUNCTION plain_restore(m jsonb, times timestamp[], contexts jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT CASE WHEN cardinality(times) = 0 THEN m ELSE jsonb_set(coalesce(m, '{}'), '{reuse_history}', (
		SELECT jsonb_agg(event ORDER BY place NULLS LAST, is_event, at, n)
		FROM (
			SELECT (SELECT min(e.n) FROM plain_events(m) AS e WHERE e.at >= t), false, t, i,
				CASE WHEN context IS NULL THEN '{}' ELSE jsonb_build_object('context', context) END
				|| jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'))
			FROM unnest(times, contexts) WITH ORDINALITY AS r (t, context, i)
			UNION ALL
			SELECT n, true, NULL, n, event FROM plain_events(m)
		) AS merged (place, is_event, at, n, event))) END
$$;

-- The documents that a case compares, with times of some of their events and others.
CREATE TABLE documents (
	id int GENERATED ALWAYS AS IDENTITY,
	metadata jsonb,
	times timestamp[],
	contexts jsonb[]
);

CREATE VIEW comparison AS
	SELECT id, metadata::text, times, events, cardinality(times_of) AS movable,
		(SELECT coalesce(array_agg(ROW (reused_at, context)::text), '{}') FROM asset_reuse_log_movable(metadata)) = movable AS same_movable,
		asset_reuse_log_count(metadata, true) = cardinality(times_of)
		AND asset_reuse_log_count(metadata, false) = events - cardinality(times_of) AS same_count,
		same_bytes(asset_reuse_log_remove(metadata, times), plain_remove(metadata, times)) AS same_remove,
		same_bytes(asset_reuse_log_restore(metadata, times, contexts), plain_restore(metadata, times, contexts)) AS same_restore,
		-- Moved and brought back, the events are the same.
		shown_events(metadata) IS NOT DISTINCT FROM shown_events(
			asset_reuse_log_restore(asset_reuse_log_remove(metadata, times_of), times_of, contexts_of)) AS same_back
	FROM documents,
		LATERAL (SELECT count(*) FROM plain_events(metadata)) AS e (events),
		LATERAL (SELECT coalesce(array_agg(ROW (at, context)::text), '{}'), coalesce(array_agg(at), '{}'), coalesce(array_agg(context), '{}')
			FROM plain_movable(metadata)) AS m (movable, times_of, contexts_of);

-- Compares them all.
CREATE TABLE differing_documents (LIKE comparison);
CREATE FUNCTION compare_documents(OUT compared bigint, OUT differing bigint, OUT events numeric, OUT movable numeric)
LANGUAGE sql AS $$
	WITH results AS MATERIALIZED (
		SELECT *, same_movable AND same_count AND same_remove AND same_restore AND same_back AS same FROM comparison
	), differing AS (
		INSERT INTO differing_documents
		SELECT id, left(metadata::text, 300), times, events, movable, same_movable, same_count, same_remove, same_restore, same_back
		FROM results WHERE same IS NOT true
	)
	SELECT count(*), count(*) FILTER (WHERE same IS NOT true), sum(events), sum(movable) FROM results
$$;

-- One event: the n-th stamp with a context.
CREATE FUNCTION event(stamp int, context jsonb DEFAULT '{"reused_in_type": "email"}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('timestamp', stamps.stamp, 'context', context) FROM stamps WHERE n = event.stamp
$$;

--
-- By eye
--

-- Movable, oldest first: three events of four notations; a context may be anything, or not be there.
SELECT * FROM asset_reuse_log_movable('{"reuse_history": [
	{"timestamp": "2026-01-22T10:30:00.123456", "context": {"reused_in_type": "email"}},
	{"timestamp": "2026-01-21", "context": "x"}, {"timestamp": "2026-01-23T12:00:00+02:00"},
	{"timestamp": "2026-01-20 00:00Z", "context": null}]}');
-- Not movable, 12 events: no object, no time, a further key, no context but another key, years we cannot
-- write, and two groups of equal times, one of which has a further key: 0 rows, 0 and 12.
WITH d (m) AS (VALUES ('{"reuse_history": [1, null, [], {}, {"context": {}},
	{"timestamp": "2026-01-01", "context": {}, "by": "x"}, {"timestamp": "2026-01-02", "by": "x"},
	{"timestamp": "9999-12-31T23:00-01:00"}, {"timestamp": "2026-01-03"}, {"timestamp": "2026-01-03T00:00Z", "by": "x"},
	{"timestamp": "2026-01-04T01:00+01:00", "context": {}}, {"timestamp": "2026-01-04", "context": {}}]}'::jsonb))
SELECT (SELECT count(*) FROM asset_reuse_log_movable(m)) AS rows,
	asset_reuse_log_count(m, true) AS movable, asset_reuse_log_count(m, false) AS staying
FROM d;
-- No document, none with a log, and some that cannot hold one: no rows, and no events to count.
SELECT m, asset_reuse_log_count(m, true) AS movable, asset_reuse_log_count(m, false) AS staying,
	(SELECT count(*) FROM asset_reuse_log_movable(m)) AS rows
FROM unnest(ARRAY[NULL, '{}', '{"a": {"reuse_history": [{"timestamp": "2026-01-01"}]}}', '{"reuse_history": []}',
	'{"reuse_history": {}}', '{"reuse_history": null}', '[]', '[{"timestamp": "2026-01-01"}]', '1', 'null']::jsonb[]) AS m;

-- Removed: those of the times only, whatever their order; the key goes with the last event.
SELECT asset_reuse_log_remove('{"a": 1, "reuse_history": [{"timestamp": "2026-01-01"}, 7, {"timestamp": "2026-01-02"}], "zzzzzzzzzzzzzz": 2}',
	'{2026-01-02, 2026-01-05, 2025-01-01}');
SELECT asset_reuse_log_remove('{"a": 1, "reuse_history": [{"timestamp": "2026-01-01"}, {"timestamp": "2026-01-02"}], "zzzzzzzzzzzzzz": 2}',
	'{2026-01-02, 2026-01-01}');
-- Two events of one time stay, so does one with a further key, and a log that had no event.
SELECT asset_reuse_log_remove(m, '{2026-01-01}')
FROM unnest(ARRAY[NULL, '{}', '{"reuse_history": []}', '{"reuse_history": [{"timestamp": "2026-01-01"}, {"timestamp": "2026-01-01T00:00Z"}]}',
	'{"reuse_history": [{"timestamp": "2026-01-01", "by": "x"}]}']::jsonb[]) AS m;

-- Restored, whatever the order given: each before the first event that is not earlier, so before one of the
-- same time; without a context where that is null.
SELECT asset_reuse_log_restore('{"a": 1, "reuse_history": [5, {"timestamp": "2026-01-02", "context": "document"}, 7, {"timestamp": "2026-01-01"}]}',
	'{2026-01-03, 2026-01-01, 2026-01-02}', ARRAY['"third"', NULL, '{"n": 2}']::jsonb[]);
-- Nothing to restore leaves a document as it is; the first event makes document and log.
SELECT asset_reuse_log_restore(m, '{}', '{}') AS nothing, asset_reuse_log_restore(m, '{2026-01-01}', '{null}') AS one
FROM unnest(ARRAY[NULL, '{}', '{"reuse_history": []}', '{"z": 1}']::jsonb[]) AS m;

-- Errors: a null array or time, arrays of different lengths, times that an event cannot have, documents
-- that cannot hold a log.
SELECT call, error_of('SELECT ' || call)
FROM unnest(ARRAY[
	$$asset_reuse_log_remove('{}', NULL)$$,
	$$asset_reuse_log_remove('{}', '{NULL}')$$,
	$$asset_reuse_log_restore('{}', NULL, '{}')$$,
	$$asset_reuse_log_restore('{}', '{}', NULL)$$,
	$$asset_reuse_log_restore('{}', '{NULL}', '{NULL}')$$,
	$$asset_reuse_log_restore('{}', '{2026-01-01}', '{}')$$,
	$$asset_reuse_log_restore('{}', '{infinity}', '{NULL}')$$,
	$$asset_reuse_log_restore('{}', '{0001-12-31 BC}', '{NULL}')$$,
	$$asset_reuse_log_restore('{}', '{10000-01-01}', '{NULL}')$$,
	$$asset_reuse_log_remove('[]', '{}')$$,
	$$asset_reuse_log_restore('1', '{}', '{}')$$,
	$$asset_reuse_log_remove('{"reuse_history": null}', '{}')$$,
	$$asset_reuse_log_restore('{"reuse_history": {}}', '{}', '{}')$$]) AS call;

-- All are IMMUTABLE and PARALLEL SAFE.
SELECT proname, provolatile, proparallel, proisstrict
FROM pg_proc WHERE proname IN ('asset_reuse_log_count', 'asset_reuse_log_movable', 'asset_reuse_log_remove', 'asset_reuse_log_restore')
ORDER BY 1;

--
-- The comparison can fail
--

-- A wrong time, another scale of a number, and events in another order are each found: f, f, f.
SELECT same_bytes(asset_reuse_log_restore('{}', ARRAY[at], '{1}'), plain_restore('{}', ARRAY[at + interval '1 microsecond'], '{1}')),
	same_bytes(asset_reuse_log_restore('{}', ARRAY[at], '{1.0}'), plain_restore('{}', ARRAY[at], '{1.00}')),
	same_bytes(asset_reuse_log_remove('{"reuse_history": [1, 2]}', '{}'), plain_remove('{"reuse_history": [2, 1]}', '{}'))
FROM stamps WHERE n = 1;

--
-- Against plain SQL
--

-- Logs of every length around the multiples of 32, in time order, of which none, every third or all are
-- removed and as many restored between them; with and without keys on both sides of the log.
INSERT INTO documents (metadata, times, contexts)
SELECT jsonb_build_object('reuse_history', log) || other.keys, times, array_fill('{"n": 12}'::jsonb, ARRAY[cardinality(times)])
FROM generate_series(0, 130) AS length
	JOIN (VALUES (1000), (3), (1)) AS every (nth) ON length % 32 IN (30, 31, 0, 1, 2),
	LATERAL (SELECT coalesce(jsonb_agg(event(i, jsonb_build_object('n', i)) ORDER BY i), '[]'),
			coalesce(array_agg((SELECT at FROM stamps WHERE n = i) ORDER BY i) FILTER (WHERE i % nth = 0), '{}')
		FROM generate_series(1, length) AS i) AS logs (log, times),
	(VALUES ('{}'::jsonb), ('{"a": "odd", "bc": 1, "a key behind the log": 2.5, "one more behind it": [1]}')) AS other (keys);
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- One event among elements of every kind and size, at every place, taken out and put back.
INSERT INTO documents (metadata, times, contexts)
SELECT jsonb_build_object('reuse_history', jsonb_insert(log, ARRAY[place::text], event(100)), 'number behind the log', 1.50),
	ARRAY[(SELECT at FROM stamps WHERE n = 100)], ARRAY[element]
FROM (VALUES ('null'::jsonb), ('1.50'), ('"s"'), ('"four"'), ('true'), ('[]'), ('{}'), ('{"timestamp": "x"}'), ('[[1]]'), ('"語"')) AS kinds (element),
	unnest(ARRAY[0, 1, 2, 3, 30, 31, 32, 33, 34]) AS length, generate_series(0, length, 3) AS place,
	LATERAL (SELECT coalesce(jsonb_agg(CASE WHEN i > 0 THEN element END), '[]') FROM generate_series(1, length) AS i) AS logs (log);
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- 1,500 generated documents, fixed seed: any stamp, any context, further keys and no objects, in and out of
-- order, a tenth of them of 0 to 60 events; the times to remove are some of theirs and some of others, in any order.
SELECT setseed(0.2026);
CREATE FUNCTION random_context() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY['{}', '{"reused_in_type": "campaign_space", "reused_in_id": "fall"}', 'null', '1.50', '"x"', 'true', '[]',
		'[1, {"a": 2.0}]', '{"a": {"b": [null, "odd"]}}', '{"context": {}, "timestamp": "2026-01-01"}'])[1 + floor(random() * 10)]::jsonb
$$;
CREATE FUNCTION random_event(usual int) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT CASE
		WHEN random() < 0.05 THEN random_context()
		WHEN random() < 0.05 THEN jsonb_build_object('context', random_context())
		WHEN random() < 0.1 THEN jsonb_build_object('timestamp', stamp)
		WHEN random() < 0.1 THEN jsonb_build_object('timestamp', stamp, (ARRAY['by', 'contexts', 'Timestamp', 'c'])[1 + floor(random() * 4)], 1)
		WHEN random() < 0.1 THEN jsonb_build_object('timestamp', stamp, 'context', random_context(), 'by', 'x')
		ELSE jsonb_build_object('timestamp', stamp, 'context', random_context()) END
	FROM (SELECT CASE WHEN random() < 0.8 THEN usual ELSE 1 + floor(random() * 219) END::int) AS pick (n) JOIN stamps USING (n)
$$;
DO $$
DECLARE
	length int;
	ordered boolean;
	log jsonb;
BEGIN
	FOR i IN 1 .. 1500 LOOP
		length := floor(random() * CASE WHEN i % 10 = 0 THEN 60 ELSE 12 END);
		ordered := random() < 0.5;
		SELECT coalesce(jsonb_agg(random_event(CASE WHEN ordered THEN 1 + n * 2 ELSE 1 + floor(random() * 200)::int END) ORDER BY n), '[]') INTO log
		FROM generate_series(1, length) AS n;
		INSERT INTO documents (metadata, times, contexts)
		SELECT jsonb_build_object('reuse_history', log)
				|| CASE WHEN random() < 0.5 THEN '{"a": 1, "a key behind the log": [2.50]}' ELSE '{}' END::jsonb,
			coalesce(array_agg(at), '{}'), coalesce(array_agg(CASE WHEN random() < 0.8 THEN random_context() END), '{}')
		FROM (SELECT at FROM stamps WHERE at >= '0001-01-01' AND at < '10000-01-01' AND random() < i % 4 * 0.2
			ORDER BY CASE WHEN ordered THEN at END, random()) AS picked;
	END LOOP;
END
$$;
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- A long log out of order: 50,000 events; half of them, and all, are moved and brought back; only
-- all of them come back sorted: 50000, 0, 25000, 50000, f, t.
CREATE TABLE long_log AS
	SELECT jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object(
		'timestamp', to_char(timestamp '2026-01-01' + (n * 7919 % 50000) * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('n', n)) ORDER BY n)) AS m
	FROM generate_series(1, 50000) AS n;
SELECT asset_reuse_log_count(m, true) AS movable, asset_reuse_log_count(m, false) AS staying,
	asset_reuse_log_count(half, true) AS half, asset_reuse_log_count(back, true) AS back, back = whole AS same,
	whole -> 'reuse_history' = (SELECT jsonb_agg(e ORDER BY e ->> 'timestamp') FROM jsonb_array_elements(m -> 'reuse_history') AS e) AS sorted
FROM long_log,
	LATERAL (SELECT array_agg(reused_at) FILTER (WHERE even), array_agg(context) FILTER (WHERE even),
			array_agg(reused_at), array_agg(context)
		FROM asset_reuse_log_movable(m), LATERAL (SELECT (context ->> 'n')::int % 2 = 0) AS e (even))
		AS events (even_times, even_contexts, times, contexts),
	LATERAL (SELECT asset_reuse_log_remove(m, even_times) OFFSET 0) AS removed (half),
	LATERAL (SELECT asset_reuse_log_restore(half, even_times, even_contexts) OFFSET 0) AS restored (back),
	LATERAL (SELECT asset_reuse_log_restore(asset_reuse_log_remove(m, times), times, contexts) OFFSET 0) AS all_moved (whole);

SET client_min_messages = warning;
DROP SCHEMA reuse_log_rows CASCADE;
