--
-- The events of a document as values, and as rows of the history table: listed with
-- their numbers and without the copies of rows (asset_reuse_log_events, _count,
-- _count_in, _times), what element and context a row is (asset_reuse_event_element,
-- _row_context), and a document with rows put back (asset_reuse_log_restore).
--
-- All are compared with plain SQL on two thousand generated documents (fixed
-- seed).  Such a case prints how many documents it compared and how many differ,
-- which must be 0; the documents that differ would follow.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS log_list CASCADE;
CREATE SCHEMA log_list;
SET search_path = log_list, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\i :tables
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\i :helpers
\set move_events :abs_srcdir '/fixtures/move_events.sql'
\i :move_events
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

-- A document's events that are no copies of rows, with their numbers.  Of equal elements the first ones are copies.
-- A time is the stamp's, or what our own form says; -infinity for none.
CREATE FUNCTION plain_events(m jsonb, times timestamp[], seqs int[], elements jsonb[],
							 OUT at timestamp, OUT seq bigint, OUT element jsonb, OUT place bigint)
RETURNS SETOF record LANGUAGE sql AS $$
	WITH stored AS MATERIALIZED (
		SELECT r.at, max(r.seq) OVER (PARTITION BY r.at) AS last_seq, r.element FROM unnest(times, seqs, elements) AS r (at, seq, element)
	), logged AS MATERIALIZED (
		SELECT coalesce(CASE WHEN s.stamp IS NOT NULL THEN s.at
				WHEN e ->> 'timestamp' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{6}$' THEN (e ->> 'timestamp')::timestamp END, '-infinity') AS at,
			e AS element, l.n
		FROM jsonb_array_elements(CASE jsonb_typeof(m -> 'reuse_history') WHEN 'array' THEN m -> 'reuse_history' END) WITH ORDINALITY AS l (e, n)
			LEFT JOIN stamps AS s ON s.stamp = e -> 'timestamp'
	), counted AS (
		SELECT l.*, coalesce(r.rows, 0) AS rows, coalesce(t.last_seq + 1, 0) AS first_seq, row_number() OVER (PARTITION BY at, element ORDER BY n) AS nth
		FROM logged AS l LEFT JOIN (SELECT at, element, count(*) AS rows FROM stored GROUP BY 1, 2) AS r USING (at, element)
			LEFT JOIN (SELECT DISTINCT at, last_seq FROM stored) AS t USING (at)
	)
	SELECT at, first_seq + row_number() OVER (PARTITION BY at ORDER BY n) - 1, element, n FROM counted WHERE nth > rows
$$;

-- These and the rows, in the order of time and number, are the log that is put back.
CREATE FUNCTION plain_restore(m jsonb, times timestamp[], seqs int[], elements jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT CASE WHEN cardinality(times) = 0 THEN m ELSE jsonb_set(coalesce(m, '{}'), '{reuse_history}', (
		SELECT jsonb_agg(element ORDER BY at, seq)
		FROM (SELECT * FROM unnest(times, seqs, elements)
			UNION ALL SELECT at, seq, element FROM plain_events(m, times, seqs, elements)) AS merged (at, seq, element))) END
$$;

-- The documents that a case compares, with rows.
CREATE TABLE documents (
	id int GENERATED ALWAYS AS IDENTITY,
	metadata jsonb,
	times timestamp[],
	seqs int[],
	elements jsonb[]
);

-- An event as asset_reuse_log_events has it.
CREATE FUNCTION plain_row(at timestamp, seq bigint, element jsonb, uuid_campaigns boolean) RETURNS text LANGUAGE sql AS $$
	SELECT ROW (at, seq, r.reused_in_type, r.reused_in_id, r.reused_in_name, CASE jsonb_typeof(element) WHEN 'object' THEN element -> 'context' ELSE element END)::text
	FROM row_of_element(element, uuid_campaigns) AS r
$$;

CREATE VIEW comparison AS
	SELECT id, metadata::text, times, seqs, elements::text, events, uuids,
		(SELECT coalesce(array_agg(e::text), '{}') FROM asset_reuse_log_events(metadata, NULL, NULL, uuids, 2, times, seqs, elements) AS e)
			= (SELECT coalesce(array_agg(plain_row(at, seq, element, uuids) ORDER BY at, seq), '{}') FROM plain_events(metadata, times, seqs, elements)) AS same_events,
		(SELECT coalesce(array_agg(e::text), '{}') FROM asset_reuse_log_events(metadata, since, until, uuids, 2, times, seqs, elements) AS e)
			= (SELECT coalesce(array_agg(plain_row(at, seq, element, uuids) ORDER BY at, seq), '{}') FROM plain_events(metadata, times, seqs, elements)
				WHERE at > '-infinity' AND at >= coalesce(since, '-infinity') AND at < coalesce(until, 'infinity')) AS same_range,
		asset_reuse_log_count(metadata) = events
			AND asset_reuse_log_count_in(metadata, NULL, NULL, times, seqs, elements) = (SELECT count(*) FROM plain_events(metadata, times, seqs, elements))
			AND asset_reuse_log_count_in(metadata, since, until, times, seqs, elements)
				= (SELECT count(*) FROM asset_reuse_log_events(metadata, since, until, uuids, 0, times, seqs, elements)) AS same_count,
		asset_reuse_log_times(metadata) = (SELECT coalesce(array_agg(DISTINCT at), '{}') FROM plain_events(metadata, NULL, NULL, NULL)) AS same_times,
		(SELECT same_bytes(asset_reuse_log_restore(metadata, coalesce(array_agg(t), '{}'), coalesce(array_agg(s), '{}'), coalesce(array_agg(e), '{}')),
				plain_restore(metadata, times, seqs, elements))
			FROM (SELECT * FROM unnest(times, seqs, elements) AS r (t, s, e) ORDER BY t, s) AS r) AS same_restore,
		-- As rows, the events have their elements and contexts, and are put back as they were, in order.
		(SELECT coalesce(bool_and(asset_reuse_event_element(r.reused_at, r.reused_in_type, r.reused_in_id, r.reused_in_name, r.reuse_key, r.context, r.original) = element
				AND asset_reuse_row_context(r.reused_at, r.reused_in_type, r.reused_in_id, r.reused_in_name, r.reuse_key, r.context, r.original)
					IS NOT DISTINCT FROM CASE jsonb_typeof(element) WHEN 'object' THEN element -> 'context' ELSE element END), true)
			FROM plain_events(metadata, NULL, NULL, NULL), row_of_element(element, uuids) AS r) AS same_rows,
		(SELECT asset_reuse_log_restore(metadata - 'reuse_history', coalesce(array_agg(at), '{}'), coalesce(array_agg(seq::int), '{}'), coalesce(array_agg(element), '{}'))
				= CASE events WHEN 0 THEN metadata - 'reuse_history' ELSE jsonb_set(metadata, '{reuse_history}', jsonb_agg(element ORDER BY at, seq)) END
			FROM (SELECT * FROM plain_events(metadata, NULL, NULL, NULL) ORDER BY at, seq) AS e) AS same_back
	FROM documents,
		LATERAL (SELECT jsonb_array_length(metadata -> 'reuse_history')) AS e (events),
		LATERAL (SELECT id % 2 = 0, CASE WHEN id % 3 > 0 THEN timestamp '2026-01-02' + id % 50 * interval '1 hour' END,
			CASE WHEN id % 3 < 2 THEN timestamp '2026-01-05' END) AS asked (uuids, since, until);

-- Compares them all.
CREATE TABLE differing_documents (LIKE comparison);
CREATE FUNCTION compare_documents(OUT compared bigint, OUT differing bigint, OUT events numeric, OUT "rows" numeric, OUT copies numeric)
LANGUAGE sql AS $$
	WITH results AS MATERIALIZED (
		SELECT *, same_events AND same_range AND same_count AND same_times AND same_restore AND same_rows AND same_back AS same FROM comparison
	), differing AS (
		INSERT INTO differing_documents
		SELECT id, left(metadata::text, 300), times, seqs, left(elements::text, 300), events, uuids,
			same_events, same_range, same_count, same_times, same_restore, same_rows, same_back
		FROM results WHERE same IS NOT true
	)
	SELECT count(*), count(*) FILTER (WHERE same IS NOT true), sum(events), sum(cardinality(times)),
		(SELECT sum(jsonb_array_length(metadata -> 'reuse_history') - asset_reuse_log_count_in(metadata, NULL, NULL, times, seqs, elements)) FROM documents)
	FROM results
$$;

-- One event: the n-th stamp with a context.
CREATE FUNCTION event(stamp int, context jsonb DEFAULT '{"reused_in_type": "email"}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('timestamp', stamps.stamp, 'context', context) FROM stamps WHERE n = event.stamp
$$;

--
-- By eye
--

-- Oldest first, events without a time before all; of one time in stored order, with numbers; of an element that is no
-- object, itself as context.
SELECT * FROM asset_reuse_log_events('{"reuse_history": [{"timestamp": "2026-01-02"}, 5, null, {"context": null}, {"timestamp": "2026-01-02T00:00Z", "context": "x"},
	{"timestamp": "2026-01-01", "context": {"reused_in_type": "email", "reused_in_id": 7, "reused_in_name": true, "reuse_key": "k", "n": 1.50}}, ["x"]]}',
	NULL, NULL, false, 2, NULL, NULL, NULL);
-- With less detail: places without contexts, and times alone.
SELECT detail, e.* FROM generate_series(0, 2) AS detail,
	asset_reuse_log_events('{"reuse_history": [{"timestamp": "2026-01-01", "context": {"reused_in_type": "email"}}]}', NULL, NULL, false, detail, NULL, NULL, NULL) AS e;
-- Of a range: the bounds as ever, and none without a time.
SELECT reused_at, seq FROM asset_reuse_log_events('{"reuse_history": [{"timestamp": "2026-01-02"}, 5, {"timestamp": "2026-01-01"}, {"timestamp": "2026-01-03"}]}',
	'2026-01-01', '2026-01-03', false, 0, NULL, NULL, NULL);
SELECT asset_reuse_log_count_in(m, NULL, '2026-01-03', NULL, NULL, NULL) AS before, asset_reuse_log_count_in(m, '-infinity', NULL, NULL, NULL, NULL) AS after,
	asset_reuse_log_count_in(m, NULL, NULL, NULL, NULL, NULL) AS "all", asset_reuse_log_count(m) AS count, asset_reuse_log_times(m) AS times
FROM (SELECT '{"reuse_history": [{"timestamp": "2026-01-02"}, 5, {"timestamp": "2026-01-02Z"}, {"timestamp": "2026-01-02T00:00Z"}]}'::jsonb) AS d (m);
-- Beside rows of their times events have the numbers after them; one that equals a row is its copy, whatever the row's number.
SELECT reused_at, seq, context FROM asset_reuse_log_events('{"reuse_history": [{"timestamp": "2026-01-02", "context": 1.0}, {"timestamp": "2026-01-02", "context": 1},
	{"timestamp": "2026-01-02", "context": 2}, {"timestamp": "2026-01-03", "context": 1}, 7, 7, 8]}', NULL, NULL, false, 2,
	'{2026-01-02, 2026-01-02, 2026-01-04, -infinity}', '{5, 3, 9, 0}', ARRAY['{"timestamp": "2026-01-02", "context": 1.00}', '0', '0', '7']::jsonb[]);
-- A uuid has one spelling only where campaigns have uuids, and only as a campaign's.
SELECT uuids, reused_in_type, reused_in_id FROM unnest('{f,t}'::boolean[]) AS uuids,
	asset_reuse_log_events('{"reuse_history": [
		{"timestamp": "2026-01-01", "context": {"reused_in_type": "campaign_space", "reused_in_id": "{5ACE0000-00004000-80000000-0000000A}"}},
		{"timestamp": "2026-01-02", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ACE"}},
		{"timestamp": "2026-01-03", "context": {"reused_in_type": "email", "reused_in_id": "5ACE0000-0000-4000-8000-00000000000A"}}]}', NULL, NULL, uuids, 1, NULL, NULL, NULL) AS e;
-- No document, none with a log, and some that cannot hold one: no events.
SELECT m, asset_reuse_log_count(m) AS count, asset_reuse_log_count_in(m, NULL, NULL, NULL, NULL, NULL) AS count_in, asset_reuse_log_times(m) AS times,
	(SELECT count(*) FROM asset_reuse_log_events(m, NULL, NULL, false, 2, NULL, NULL, NULL)) AS rows
FROM unnest(ARRAY[NULL, '{}', '{"a": {"reuse_history": [{"timestamp": "2026-01-01"}]}}', '{"reuse_history": []}',
	'{"reuse_history": {}}', '{"reuse_history": null}', '[]', '[{"timestamp": "2026-01-01"}]', '1', 'null']::jsonb[]) AS m;
-- In a list, of several documents at once: 1, 2, 3.
SELECT (asset_reuse_log_events(d, NULL, NULL, false, 2, NULL, NULL, NULL)).context FROM unnest(ARRAY['{"reuse_history": [1, 2]}', '{}', '{"reuse_history": [3]}']::jsonb[]) AS d;

-- A row's element and whole context: the columns' keys win over those of context; with an original that says the same, it is
-- that. What others wrote can be an original that says something else, or a context that is no object, which are ignored, and a time
-- that no element can have.
SELECT asset_reuse_event_element(at, 'email', 'x', NULL, key, context, original) AS element, asset_reuse_row_context(at, 'email', 'x', NULL, key, context, original) AS context
FROM (VALUES (1, timestamp '2026-01-02 03:04:05.6', NULL, NULL::jsonb, NULL::jsonb), (2, '2026-01-02', 'k', '{"n": 1.50, "reused_in_id": "y", "zz": null}', NULL),
	(3, '2026-01-02', NULL, '{"n": 1}', '{"timestamp": "2026-01-02", "context": {"n": 1.0, "reused_in_id": "x", "reused_in_type": "email"}}'), (4, '-infinity', NULL, NULL, '"note"'), (5, '2026-01-02', NULL, '{}', '{"timestamp": "2026-01-02"}'),
	(6, '2026-01-02', NULL, '[1]', NULL), (7, '-infinity', NULL, NULL, NULL), (8, 'infinity', NULL, NULL, NULL), (9, '10000-01-01', NULL, NULL, NULL), (10, NULL, NULL, NULL, NULL))
	AS v (n, at, key, context, original) ORDER BY n;
-- An event's id has its time and number.
SELECT asset_reuse_event_id('2026-01-29 12:00:00.123456', 0), asset_reuse_event_id('1999-12-31 23:59:59.999999', 7), asset_reuse_event_id('-infinity', 2147483647);

-- Restored: rows in the order given, events without a time before all, those of the document after rows of the same time.
SELECT asset_reuse_log_restore('{"a": 1, "reuse_history": [5, {"timestamp": "2026-01-02", "context": "document"}, 7, {"timestamp": "2026-01-01"}], "zzzzzzzzzzzzzz": 2}',
	'{-infinity, 2026-01-02, 2026-01-02, 2026-01-03}', '{0, 0, 1, 0}', ARRAY['7', '"first"', '"second"', '{"third": 3}']::jsonb[]);
-- Nothing to restore leaves a document as it is; the first event makes document and log.
SELECT asset_reuse_log_restore(m, '{}', '{}', '{}') AS nothing, asset_reuse_log_restore(m, NULL, NULL, NULL) AS no_rows, asset_reuse_log_restore(m, '{2026-01-01}', '{0}', ARRAY['null'::jsonb]) AS one
FROM unnest(ARRAY[NULL, '{}', '{"reuse_history": []}', '{"z": 1}']::jsonb[]) AS m;

-- Errors: nulls among the rows, arrays of different lengths, documents that cannot hold a log.
SELECT call, error_of('SELECT ' || call)
FROM unnest(ARRAY[
	$$asset_reuse_log_restore('{}', '{NULL}', '{0}', '{1}')$$,
	$$asset_reuse_log_restore('{}', '{2026-01-01}', '{NULL}', '{1}')$$,
	$$asset_reuse_log_restore('{}', '{2026-01-01}', '{0}', '{NULL}')$$,
	$$asset_reuse_log_restore('{}', '{2026-01-01}', '{}', '{1}')$$,
	$$asset_reuse_log_restore('{}', '{2026-01-01}', '{0}', '{}')$$,
	$$asset_reuse_log_count_in('{"reuse_history": [1]}', NULL, NULL, '{2026-01-01}', '{0}', '{1, 2}')$$,
	$$asset_reuse_log_events('{"reuse_history": [1]}', NULL, NULL, false, 2, '{2026-01-01}', '{NULL}', '{1}')$$,
	$$asset_reuse_log_restore('[]', '{}', '{}', '{}')$$,
	$$asset_reuse_log_restore('1', '{}', '{}', '{}')$$,
	$$asset_reuse_log_restore('{"reuse_history": null}', '{}', '{}', '{}')$$,
	$$asset_reuse_log_restore('{"reuse_history": {}}', '{2026-01-01}', '{0}', '{1}')$$]) AS call;

-- All are IMMUTABLE and PARALLEL SAFE.
SELECT proname, provolatile, proparallel, proisstrict
FROM pg_proc WHERE proname ~ '^asset_reuse_(log_(events|count|count_in|times|restore)|event_(element|id)|row_context)$'
ORDER BY 1;

--
-- The comparison can fail
--

-- A wrong time, another scale of a number, and another element are each found: f, f, f.
SELECT same_bytes(asset_reuse_log_restore(m, ARRAY[at], '{0}', '{1}'), plain_restore(m, ARRAY[at + interval '1 microsecond'], '{0}', '{1}')),
	same_bytes(asset_reuse_log_restore('{}', ARRAY[at], '{0}', '{1.0}'), plain_restore('{}', ARRAY[at], '{0}', '{1.00}')),
	same_bytes(asset_reuse_log_restore('{}', ARRAY[at], '{0}', '{1}'), plain_restore('{}', ARRAY[at], '{0}', '{2}'))
FROM stamps, LATERAL (SELECT jsonb_build_object('reuse_history', jsonb_build_array(event(1)))) AS d (m) WHERE n = 1;

--
-- Against plain SQL
--

-- Logs of every length around the multiples of 32, in time order, with copies of none, every third or all of their
-- events among the rows, and other rows between them; with and without keys on both sides of the log.
INSERT INTO documents (metadata, times, seqs, elements)
SELECT jsonb_build_object('reuse_history', log) || other.keys, times, array_fill(0, ARRAY[cardinality(times)]), elements
FROM generate_series(0, 130) AS length
	JOIN (VALUES (1000), (3), (1)) AS every (nth) ON length % 32 IN (30, 31, 0, 1, 2),
	LATERAL (SELECT coalesce(jsonb_agg(event(i, jsonb_build_object('n', i)) ORDER BY i), '[]'),
			coalesce(array_agg((SELECT at FROM stamps WHERE n = i) ORDER BY i) FILTER (WHERE i % nth = 0 OR i % 7 = 0), '{}'),
			coalesce(array_agg(event(i, jsonb_build_object('n', CASE WHEN i % nth = 0 THEN i ELSE -i END)) ORDER BY i) FILTER (WHERE i % nth = 0 OR i % 7 = 0), '{}')
		FROM generate_series(1, length) AS i) AS logs (log, times, elements),
	(VALUES ('{}'::jsonb), ('{"a": "odd", "bc": 1, "a key behind the log": 2.5, "one more behind it": [1]}')) AS other (keys);
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- One event among elements of every kind and size, at every place, with a row of its time.
INSERT INTO documents (metadata, times, seqs, elements)
SELECT jsonb_build_object('reuse_history', jsonb_insert(log, ARRAY[place::text], event(100)), 'number behind the log', 1.50),
	ARRAY[(SELECT at FROM stamps WHERE n = 100)], '{0}', ARRAY[element]
FROM (VALUES ('null'::jsonb), ('1.50'), ('"s"'), ('"four"'), ('true'), ('[]'), ('{}'), ('{"timestamp": "x"}'), ('[[1]]'), ('"語"')) AS kinds (element),
	unnest(ARRAY[0, 1, 2, 3, 30, 31, 32, 33, 34]) AS length, generate_series(0, length, 3) AS place,
	LATERAL (SELECT coalesce(jsonb_agg(CASE WHEN i > 0 THEN element END), '[]') FROM generate_series(1, length) AS i) AS logs (log);
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- 1,500 generated documents, fixed seed: any stamp, any context, further keys and no objects, in and out of
-- order, a tenth of them of 0 to 60 events; rows are copies of some, of their times and others, in any order.
SELECT setseed(0.2026);
CREATE FUNCTION random_context() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT (ARRAY['{}', '{"reused_in_type": "campaign_space", "reused_in_id": "5ACE0000-0000-4000-8000-00000000000A", "reused_in_name": null}',
		'{"reused_in_type": "email", "reused_in_id": "fall", "reused_in_name": "F", "reuse_key": "k", "n": 2.50}', '{"reused_in_type": "email", "reused_in_id": 7, "reuse_key": ""}', 'null', '1.50', '"x"', 'true', '[]',
		'[1, {"a": 2.0}]', '{"a": {"b": [null, "odd"]}}', '{"context": {}, "timestamp": "2026-01-01"}'])[1 + floor(random() * 12)]::jsonb
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
		INSERT INTO documents (metadata, times, seqs, elements)
		SELECT jsonb_build_object('reuse_history', log)
				|| CASE WHEN random() < 0.5 THEN '{"a": 1, "a key behind the log": [2.50]}' ELSE '{}' END::jsonb,
			coalesce(array_agg(at), '{}'), coalesce(array_agg(seq), '{}'), coalesce(array_agg(element), '{}')
		-- numbers of one time are different, but need not begin with 0
		FROM (SELECT at, row_number() OVER (PARTITION BY at ORDER BY random())::int * (1 + i % 2) - 1 AS seq, element
			FROM (SELECT at, element FROM plain_events(jsonb_build_object('reuse_history', log), NULL, NULL, NULL) WHERE random() < i % 4 * 0.2
				UNION ALL
				SELECT at, random_context() FROM (SELECT at FROM stamps WHERE at IS NOT NULL UNION ALL SELECT '-infinity') AS t WHERE random() < 0.03) AS r
			ORDER BY random()) AS picked;
	END LOOP;
END
$$;
SELECT * FROM compare_documents();
SELECT * FROM differing_documents ORDER BY id LIMIT 3;
TRUNCATE documents;

-- Long logs, out of order and of one time: half of the events are rows, so half are copies; all come back, once, in order, and are
-- copies then: t, t, t, t.
SELECT events, asset_reuse_log_count_in(m, NULL, NULL, times, seqs, elements) = events / 2 AS others,
	asset_reuse_log_count(back) = events AS "all",
	back -> 'reuse_history' = (SELECT jsonb_agg(e ORDER BY e ->> 'timestamp', n % 2, n) FROM jsonb_array_elements(m -> 'reuse_history') WITH ORDINALITY AS l (e, n)) AS in_order,
	asset_reuse_log_restore(back, times, seqs, elements) = back AS same_again
FROM (VALUES (20000, 20000), (2000, 1)) AS v (events, times_of_it),
	LATERAL (SELECT jsonb_build_object('reuse_history', jsonb_agg(element ORDER BY n)),
			array_agg(at ORDER BY at, n) FILTER (WHERE n % 2 = 0), array_agg((CASE times_of_it WHEN 1 THEN n / 2 ELSE 0 END) ORDER BY at, n) FILTER (WHERE n % 2 = 0),
			array_agg(element ORDER BY at, n) FILTER (WHERE n % 2 = 0)
		FROM (SELECT n, at, jsonb_build_object('timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', jsonb_build_object('n', n)) AS element
			FROM generate_series(1, events) AS n, LATERAL (SELECT timestamp '2026-01-01' + (n * 7919 % times_of_it) * interval '1 second') AS t (at)) AS e)
		AS logs (m, times, seqs, elements),
	LATERAL (SELECT asset_reuse_log_restore(m, times, seqs, elements) OFFSET 0) AS restored (back);

-- Elements that jsonb's own hash takes for one: booleans of which each hides another half a word further on, numbers of any sign,
-- and one array cut into two. Were each compared with each, it would take minutes: none is a copy, within seconds.
CREATE FUNCTION alike(kind text, n int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE kind
		WHEN 'booleans' THEN jsonb_agg((n >> (i % 32)) & 1 = CASE WHEN i < 32 THEN 1 ELSE 0 END ORDER BY i)
		WHEN 'signs' THEN jsonb_agg(CASE (n >> i % 32) & 1 WHEN 1 THEN -1 ELSE 1 END ORDER BY i)
		ELSE jsonb_build_array(coalesce(jsonb_agg(1) FILTER (WHERE i < n % 64), '[]'), jsonb_build_array(n / 64), coalesce(jsonb_agg(1) FILTER (WHERE i >= n % 64), '[]')) END
	FROM generate_series(0, 63) AS i
$$;
CREATE TABLE many_alike AS
	SELECT kind, jsonb_build_object('reuse_history', jsonb_agg(alike(kind, n) ORDER BY n) FILTER (WHERE n < 5000)) AS m,
		array_agg(timestamp '-infinity') FILTER (WHERE n >= 5000) AS times, array_agg(n ORDER BY n) FILTER (WHERE n >= 5000) AS seqs,
		array_agg(alike(kind, n) ORDER BY n) FILTER (WHERE n >= 5000) AS elements
	FROM unnest('{booleans,signs,nested}'::text[]) AS kind, generate_series(0, 9999) AS n GROUP BY kind;
SET statement_timeout = '5s';
SELECT kind, asset_reuse_log_count_in(m, NULL, NULL, times, seqs, elements) FROM many_alike ORDER BY kind COLLATE "C";
RESET statement_timeout;
-- Values that are equal have one hash, however their numbers are written and their keys were given: 0.
SELECT asset_reuse_log_count_in('{"reuse_history": [[1.0, -2.50, 0.0, 100], {"b": [true, null, ""], "a": {"n": 1e2}}, [], {}, [[]], "x", 10]}', NULL, NULL, array_fill(timestamp '-infinity', '{7}'), '{0,1,2,3,4,5,6}',
	'{"[1, -2.5, 0, 100.00]","{\"a\": {\"n\": 100.0}, \"b\": [true, null, \"\"]}","[]","{}","[[]]","\"x\"",10.000}');

SET client_min_messages = warning;
DROP SCHEMA log_list CASCADE;
