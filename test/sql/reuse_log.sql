--
-- The reuse log as a value: asset_reuse_log_next_time says when the next event
-- is, asset_reuse_log_append splices that event into platform_metadata.
--
-- The append is compared with plain SQL on thousands of generated documents
-- (fixed seed), by its bytes: the spliced value must be the very value that
-- jsonb_set builds, not only an equal one.
-- Such a case prints how many documents it compared and how many differ, which
-- must be 0; the documents that differ would follow.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS reuse_log CASCADE;
CREATE SCHEMA reuse_log;
SET search_path = reuse_log, public;
RESET client_min_messages;
SET DateStyle = 'ISO';

-- What the append must be equal to.
CREATE FUNCTION plain_append(m jsonb, last timestamp, clock timestamp, context jsonb)
RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_set(coalesce(m, '{}'), '{reuse_history}',
		coalesce(m -> 'reuse_history', '[]') || jsonb_build_object(
			'timestamp', to_char(asset_reuse_log_next_time(m, last, clock, false),
								 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'context', context))
$$;

-- Whether two values are the same bytes, where = would only say whether they are equal.
CREATE FUNCTION same_bytes(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT record_image_eq(ROW (a), ROW (b))
$$;

-- The SQLSTATE and message a statement ends with, or its one value.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

-- One event as track stores it: the n-th minute of 2026.
CREATE FUNCTION event(n int, context jsonb DEFAULT '{"reused_in_type": "email"}')
RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('timestamp',
		to_char(timestamp '2026-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', context)
$$;

-- The documents that a case compares, stored, so that small ones come with a
-- short header and large ones compressed.
CREATE TABLE documents (
	id int GENERATED ALWAYS AS IDENTITY,
	metadata jsonb,
	context jsonb
);

-- Compares the append with plain SQL over all documents, once on the stored
-- values and once on the same values built anew in memory.
CREATE FUNCTION compare_documents(OUT compared bigint, OUT differing bigint)
LANGUAGE sql AS $$
	SELECT count(*),
		count(*) FILTER (WHERE NOT same_bytes(spliced, plain) OR NOT same_bytes(unstored, plain))
	FROM (
		SELECT asset_reuse_log_append(metadata, NULL, timestamp '2026-06-01 10:30:00.123456', context, false),
			asset_reuse_log_append(metadata::text::jsonb, NULL,
								   timestamp '2026-06-01 10:30:00.123456', context::text::jsonb, false),
			plain_append(metadata, NULL, timestamp '2026-06-01 10:30:00.123456', context)
		FROM documents
	) AS results (spliced, unstored, plain)
$$;

-- The documents for which they differ.
CREATE VIEW differing_documents AS
	SELECT id, left(metadata::text, 200) AS metadata, left(context::text, 200) AS context
	FROM documents
	WHERE NOT same_bytes(asset_reuse_log_append(metadata, NULL, timestamp '2026-06-01 10:30:00.123456', context, false),
						 plain_append(metadata, NULL, timestamp '2026-06-01 10:30:00.123456', context))
	ORDER BY id
	LIMIT 5;

--
-- The comparison can fail
--

-- 1.0 and 1.00 are equal as jsonb, but not the same bytes: t, f.
SELECT '1.0'::jsonb = '1.00'::jsonb AS equal, same_bytes('1.0', '1.00');
-- The same value built in two ways is the same bytes: t.
SELECT same_bytes('{"a": [1, 2], "bb": "x"}', jsonb_set('{"bb": "x"}', '{a}', '[1]'::jsonb || '2'));
-- Another number written in the context, or another log before it, is found: 4 of 4 differ.
INSERT INTO documents (metadata, context) VALUES
	('{"reuse_history": [1.0]}', '{}'), ('{"reuse_history": [1.0, {"a": 1.0}]}', '{}'),
	('{"a": 1.0}', '{}'), ('{"zzzzzzzzzzzzzzz": 1.0}', '{}');
SELECT count(*) AS differing
FROM documents
WHERE NOT same_bytes(asset_reuse_log_append(metadata, NULL, timestamp '2026-06-01', context, false),
	plain_append(replace(metadata::text, '1.0', '1.00')::jsonb, NULL, timestamp '2026-06-01', context));
TRUNCATE documents;

--
-- One append, to look at
--

-- Without metadata: an object with the one event, timestamp and context in JSONB's order.
SELECT asset_reuse_log_append(NULL, NULL, timestamp '2026-01-22 10:30:00', '{"reused_in_type": "email"}', false);
-- Other keys stay, the event goes to the end of the log, its time after the event before it.
SELECT asset_reuse_log_append(
	'{"tag": "x", "reuse_history": [{"timestamp": "2026-01-22T10:30:00.500000", "context": {}}], "a key behind the log": null}',
	timestamp '2026-01-20', timestamp '2026-01-22 10:30:00.5', '{"note": "\"\\"}', false);
-- A reuse_history further down is none of ours.
SELECT asset_reuse_log_append('{"a": {"reuse_history": [1]}}', NULL, timestamp '2026-01-22 10:30:00', '{}', false);
-- timestamptz gives the same value, in every time zone: t, t.
SET TimeZone = 'Asia/Kolkata';
SET DateStyle = 'German';
SELECT same_bytes(
		asset_reuse_log_append('{}', timestamptz '2026-01-21 00:00+00', timestamptz '2026-01-22 10:30:00.25+00', '{"a": 1}', false),
		asset_reuse_log_append('{}', timestamp '2026-01-21', timestamp '2026-01-22 10:30:00.25', '{"a": 1}', false)) AS append,
	asset_reuse_log_next_time('{}', timestamptz '2026-01-23 10:30:00+00', timestamptz '2026-01-22 10:30:00+00', false)
	= timestamptz '2026-01-23 10:30:00.000001+00' AS next_time;
RESET TimeZone;
SET DateStyle = 'ISO';
-- All four are IMMUTABLE and PARALLEL SAFE, so that a distributed engine takes them in an UPDATE.
SELECT proname, provolatile, proparallel, count(*)
FROM pg_proc WHERE proname IN ('asset_reuse_log_append', 'asset_reuse_log_next_time')
GROUP BY 1, 2, 3 ORDER BY 1;

--
-- The splice against plain SQL
--

-- Nothing there: null, an empty object, an empty log.
INSERT INTO documents (metadata, context) VALUES
	(NULL, '{}'), ('{}', '{}'), ('{"reuse_history": []}', '{}'),
	(NULL, '{"a": 1}'), ('{}', '{"a": [1, {}]}'), ('{"reuse_history": []}', '{"a": "x", "b": 2.50}');
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- Logs of every length around the multiples of 32, of our events and of elements of every
-- kind and size, with and without keys on both sides of the log: 166 lengths in 8 ways.
WITH lengths AS (
	SELECT n FROM generate_series(0, 130) AS n UNION ALL SELECT n FROM generate_series(1023, 1057) AS n
), logs AS (
	SELECT n, 1 AS kind, coalesce(jsonb_agg(event(i, '{"n": 12}') ORDER BY i) FILTER (WHERE i > 0), '[]') AS log
	FROM lengths, generate_series(0, n) AS i GROUP BY n
	UNION ALL
	SELECT n, 2, coalesce(jsonb_agg(CASE i % 7
			WHEN 0 THEN 'null' WHEN 1 THEN to_jsonb(i + 0.5) WHEN 2 THEN to_jsonb(repeat('s', i % 11))
			WHEN 3 THEN 'true' WHEN 4 THEN '[]' WHEN 5 THEN jsonb_build_object('i', i) ELSE '{}' END
		ORDER BY i) FILTER (WHERE i > 0), '[]')
	FROM lengths, generate_series(0, n) AS i GROUP BY n
	UNION ALL
	-- only values without bytes of their own, then only odd strings
	SELECT n, 3, coalesce(jsonb_agg(NULL::text) FILTER (WHERE i > 0), '[]')
	FROM lengths, generate_series(0, n) AS i GROUP BY n
	UNION ALL
	SELECT n, 4, coalesce(jsonb_agg(repeat('o', 1 + i % 3) ORDER BY i) FILTER (WHERE i > 0), '[]')
	FROM lengths, generate_series(0, n) AS i GROUP BY n
)
INSERT INTO documents (metadata, context)
SELECT jsonb_build_object('reuse_history', log) || other.keys, '{"reused_in_type": "email", "n": 7}'
FROM logs, (VALUES ('{}'::jsonb),
	('{"a": "odd", "bc": 1, "a key behind the log": 2.5, "one more behind it": [1]}')) AS other (keys)
ORDER BY n, kind;
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- The log among 0 to 70 other keys, at every place of their order, there or not yet: keys and
-- values cross the multiples of 32, and what comes after the log must be aligned anew.
INSERT INTO documents (metadata, context)
SELECT CASE WHEN logged THEN jsonb_build_object('reuse_history', jsonb_build_array(event(1))) ELSE '{}' END
	|| coalesce(jsonb_object_agg(
		CASE WHEN i <= place THEN 'b' || i ELSE 'a key behind it ' || i END,
		CASE i % 6
			WHEN 0 THEN to_jsonb(i) WHEN 1 THEN to_jsonb(repeat('v', i % 9)) WHEN 2 THEN jsonb_build_array(i, 'x')
			WHEN 3 THEN 'null' WHEN 4 THEN '{}' ELSE to_jsonb(i % 2 = 0) END) FILTER (WHERE i > 0), '{}'),
	jsonb_build_object('n', place)
FROM generate_series(0, 70) AS keys, generate_series(0, keys) AS place, generate_series(0, keys) AS i,
	(VALUES (true), (false)) AS logs (logged)
GROUP BY keys, place, logged
ORDER BY keys, place, logged;
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- Keys of the log's own length on both sides of it byte by byte, and keys of other lengths
-- that sort differently as text, in all 4 alignments, before values of every kind.
INSERT INTO documents (metadata, context)
SELECT jsonb_build_object(key, 'x', repeat('k', pad), repeat('v', pad), 'a value behind', value)
	|| CASE WHEN logged THEN jsonb_build_object('reuse_history', jsonb_build_array(event(1))) ELSE '{}' END,
	jsonb_build_object(repeat('c', pad), value)
FROM unnest(ARRAY['', 'z', 'reuse_histor', 'reuse_histora', 'reuse_historx', 'reuse_historz',
		'Reuse_history', 'reuse-history', 'reuse_histórz', 'reuse_history ', 'reuse_historyy', 'é', '~~~~~~~~~~~~~',
		'aaaaaaaaaaaaaa', 'reuse_history_2']) AS key,
	generate_series(1, 8) AS pad,
	unnest(ARRAY['1', '-12.5', '"s"', '[]', '[1]', '{}', '{"a": 1}', 'null', 'true']::jsonb[]) AS value,
	(VALUES (true), (false)) AS logs (logged)
ORDER BY key, pad, value, logged;
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- Deep nesting: in the log, beside it, and in the context, up to 500 levels.
INSERT INTO documents (metadata, context)
SELECT jsonb_build_object('reuse_history', jsonb_build_array(deep, event(1)), 'aaa', deep, 'a key behind the log',
	deep),
	jsonb_build_object('deep', deep)
FROM generate_series(1, 500, 7) AS depth,
	LATERAL (VALUES ((repeat('[', depth) || repeat(']', depth))::jsonb),
		((repeat('{"k":[1,', depth) || '"end"' || repeat(']}', depth))::jsonb)) AS nested (deep)
ORDER BY depth, deep;
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- Numbers of all sizes and scales, with their trailing zeros.
INSERT INTO documents (metadata, context)
SELECT jsonb_build_object('n', number, 'reuse_history', jsonb_build_array(number, event(1), number),
	'a number behind the log', number),
	jsonb_build_object('n', number, 'list', jsonb_build_array(number, '', number))
FROM unnest(ARRAY['0', '-0', '0.0', '1.00', '-1', '9999', '10000', '99999999', '1e-20', '123456789.123456789000',
		'1e1000', '-1e-1000', '12345678901234567890123456789012345678901234567890']::jsonb[]) AS number
UNION ALL
SELECT jsonb_build_object('n', number, 'reuse_history', jsonb_build_array('x', number), 'a number behind the log',
	number),
	jsonb_build_object('n', number)
FROM generate_series(1, 40) AS digits,
	LATERAL (VALUES (repeat('7', digits * 5)::numeric),
		(('0.' || repeat('3', digits * 5))::numeric)) AS numbers (number);
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

-- Long strings, and letters of 1 to 4 bytes, quotes, backslashes and control characters.
INSERT INTO documents (metadata, context)
SELECT jsonb_build_object('s', repeat(letter, length), 'reuse_history',
	jsonb_build_array(event(1), repeat(letter, length)),
		'a number behind the log', length),
	jsonb_build_object(repeat(letter, length % 5), repeat(letter, length), 'n', 1)
FROM unnest(ARRAY['a', 'é', '語', '😀', '"', '\', E'\n']) AS letter,
	unnest(ARRAY[1, 2, 3, 4, 5, 127, 128, 5000, 20001]) AS length;
SELECT * FROM compare_documents();
TABLE differing_documents;
TRUNCATE documents;

--
-- Generated documents: 4,000 of them, fixed seed
--

-- A value of any kind, nested to the given depth.
CREATE FUNCTION random_value(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	kind int := floor(random() * 10 + CASE WHEN depth > 0 AND random() < 0.1 THEN 10 ELSE 0 END);
BEGIN
	RETURN CASE kind
		WHEN 0 THEN 'null'
		WHEN 1 THEN to_jsonb(random() < 0.5)
		WHEN 2 THEN to_jsonb(floor(random() * 100000)::int - 50000)
		WHEN 3 THEN to_jsonb(round((random() * 1e9)::numeric, floor(random() * 12)::int))
		WHEN 4 THEN to_jsonb((1 + floor(random() * 1e6))::numeric * (10::numeric ^ floor(random() * 60)))
		WHEN 5 THEN to_jsonb(''::text)
		WHEN 6 THEN to_jsonb(repeat(chr(97 + floor(random() * 26)::int), 1 + floor(random() * 12)::int))
		WHEN 7 THEN to_jsonb(repeat(md5(random()::text), 1 + floor(random() * random() * 40)::int))
		WHEN 8 THEN '[]'
		WHEN 9 THEN '{}'
		WHEN 10 THEN random_array(28 + floor(random() * 10)::int, 0)
		WHEN 11 THEN random_object(12 + floor(random() * 8)::int, 0)
		WHEN 12 THEN random_array(floor(random() * 6)::int, depth - 1)
		WHEN 13 THEN random_array(floor(random() * 6)::int, depth - 1)
		ELSE random_object(floor(random() * 6)::int, depth - 1)
	END;
END
$$;

CREATE FUNCTION random_array(elements int, depth int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_agg(random_value(depth)), '[]') FROM generate_series(1, elements)
$$;

-- An object with keys of 0 to 30 bytes, thus on both sides of reuse_history.
CREATE FUNCTION random_object(keys int, depth int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_object_agg(left(md5(random()::text), floor(random() * 31)::int), random_value(depth)), '{}')
	FROM generate_series(1, keys)
$$;

-- A log: ours, somebody's, or a mixture, its length often near a multiple of 32.
CREATE FUNCTION random_log() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	kind int := floor(random() * 4);
	length int := CASE WHEN random() < 0.6 THEN floor(random() * 8)
		ELSE greatest(0, 32 * floor(random() * 4) + floor(random() * 5) - 2) END;
BEGIN
	IF kind = 0 THEN
		RETURN random_array(length, 1);
	END IF;
	RETURN coalesce((
		SELECT jsonb_agg(CASE WHEN kind = 1 AND random() < 0.3 THEN random_value(1)
			ELSE event(i, random_object(floor(random() * 5)::int, 1)) END ORDER BY i)
		FROM generate_series(1, length) AS i), '[]');
END
$$;

SET max_parallel_workers_per_gather = 0;
SELECT setseed(0.2026);
INSERT INTO documents (metadata, context)
SELECT CASE
		WHEN i % 50 = 0 THEN NULL
		WHEN i % 5 = 0 THEN others
		ELSE others || jsonb_build_object('reuse_history', random_log())
	END,
	random_object(CASE WHEN i % 3 = 0 THEN floor(random() * 45)::int ELSE floor(random() * 4)::int END, 2)
	|| CASE WHEN i % 7 = 0 THEN '{"timestamp": "2999-01-01", "context": {}, "reuse_history": []}' ELSE '{}'::jsonb END
FROM generate_series(1, 4000) AS i,
	LATERAL (SELECT random_object(CASE WHEN i % 4 = 0 THEN 26 + floor(random() * 12)::int
		WHEN i % 4 = 1 THEN 60 + floor(random() * 10)::int ELSE floor(random() * 6)::int END, 2) AS others
		OFFSET 0) AS generated;

-- The documents are as different as meant: with a log and without, above 32 and 64 keys, out of line.
SELECT count(DISTINCT metadata) > 3500 AS different,
	bool_or(metadata IS NULL) AS is_null, count(*) FILTER (WHERE metadata ? 'reuse_history') > 2500 AS logged,
	max(jsonb_array_length(metadata -> 'reuse_history')) > 96 AS long_logs,
	count(*) FILTER (WHERE (SELECT count(*) FROM jsonb_object_keys(metadata)) BETWEEN 30 AND 36) > 500 AS around_32_keys,
	count(*) FILTER (WHERE (SELECT count(*) FROM jsonb_object_keys(metadata)) BETWEEN 61 AND 67) > 500 AS around_64_keys,
	count(*) FILTER (WHERE pg_column_compression(metadata) IS NOT NULL) > 300 AS compressed,
	count(*) FILTER (WHERE pg_column_size(metadata) < 100) > 20 AS short
FROM documents;
-- None differs.
SELECT * FROM compare_documents();
TABLE differing_documents;
-- Nor do they as equality, hashing and the index on keys see them: the same rows, hashes and keys.
SELECT bool_and(spliced = plain) AS equal, bool_and(jsonb_hash(spliced) = jsonb_hash(plain)) AS hash,
	bool_and(spliced::text::jsonb = plain) AS text
FROM (
	SELECT asset_reuse_log_append(metadata, NULL, timestamp '2026-06-01', context, false),
		plain_append(metadata, NULL, timestamp '2026-06-01', context)
	FROM documents
) AS results (spliced, plain);
TRUNCATE documents;
RESET max_parallel_workers_per_gather;

--
-- Append upon append
--

-- 200 appends one on the other, each with another context, compared after each: none differs, and
-- the log has 200 events.
DO $$
DECLARE
	spliced jsonb := '{"a": 1, "tags": ["x"], "a key behind the log": 2.50}';
	plain jsonb := spliced;
	last timestamp;
	clock timestamp := '2026-06-01';
BEGIN
	PERFORM setseed(0.1);
	FOR i IN 1..200 LOOP
		DECLARE
			context jsonb := random_object(i % 8, 1);
		BEGIN
			plain := plain_append(plain, last, clock, context);
			spliced := asset_reuse_log_append(spliced, last, clock, context, false);
			IF NOT same_bytes(spliced, plain) THEN
				RAISE WARNING 'append % differs', i;
				EXIT;
			END IF;
		END;
	END LOOP;
	RAISE NOTICE '% events', jsonb_array_length(spliced -> 'reuse_history');
END
$$;
-- With the clock standing still, the 200 times are 200 microseconds in a row.
DO $$
DECLARE
	log jsonb;
BEGIN
	FOR i IN 1..200 LOOP
		log := asset_reuse_log_append(log, NULL, timestamp '2026-06-01', '{}', false);
	END LOOP;
	RAISE NOTICE 'first %, last %', log #>> '{reuse_history,0,timestamp}', log #>> '{reuse_history,-1,timestamp}';
END
$$;

--
-- Compressed and out of line, document and context
--

-- lz4 where the server has it.
SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END AS lz4_or_pglz
FROM pg_settings WHERE name = 'default_toast_compression' \gset
CREATE TABLE toasted (storage text, metadata jsonb, context jsonb);
CREATE TABLE toasted_lz4 (LIKE toasted);
ALTER TABLE toasted_lz4 ALTER metadata SET COMPRESSION :lz4_or_pglz, ALTER context SET COMPRESSION :lz4_or_pglz;
CREATE TABLE toasted_plain (LIKE toasted);
ALTER TABLE toasted_plain ALTER metadata SET STORAGE EXTERNAL, ALTER context SET STORAGE EXTERNAL;
ALTER TABLE toasted ALTER metadata SET COMPRESSION pglz, ALTER context SET COMPRESSION pglz;
CREATE VIEW all_toasted AS
	SELECT 'pglz' AS method, * FROM toasted
	UNION ALL SELECT 'lz4', * FROM toasted_lz4
	UNION ALL SELECT 'none', * FROM toasted_plain;

INSERT INTO toasted
SELECT 'compressed in the row',
	jsonb_build_object('reuse_history', jsonb_agg(event(i)), 'a key behind the log', 1),
		jsonb_build_object('s', repeat('text ', 500))
FROM generate_series(1, 60) AS i;
INSERT INTO toasted
SELECT 'out of line',
	jsonb_build_object('reuse_history', jsonb_agg(event(i, jsonb_build_object('md5', md5(i::text)))),
		'a key behind the log', 1),
	jsonb_build_object('s', string_agg(md5(i::text), ' '))
FROM generate_series(1, 1000) AS i;
INSERT INTO toasted_lz4 SELECT storage, metadata || '{}', context || '{}' FROM toasted;
INSERT INTO toasted_lz4 SELECT storage || ' again', (metadata::text)::jsonb, (context::text)::jsonb FROM toasted;
INSERT INTO toasted_plain
SELECT storage, (metadata::text)::jsonb, (context::text)::jsonb
FROM toasted
WHERE storage = 'out of line';

-- They are stored as meant: smaller than their text, or out of line as they are.
SELECT method, storage, pg_column_compression(metadata) IS NOT NULL AS compressed,
	pg_column_compression(metadata) = CASE method WHEN 'lz4' THEN :'lz4_or_pglz' ELSE 'pglz' END AS by_its_method
FROM all_toasted ORDER BY method, storage;
-- None differs, whichever of the two is compressed.
SELECT count(*) AS compared,
	count(*) FILTER (WHERE NOT same_bytes(
		asset_reuse_log_append(m.metadata, NULL, timestamp '2026-06-01', c.context, false),
		plain_append(m.metadata, NULL, timestamp '2026-06-01', c.context))) AS differing
FROM all_toasted AS m, all_toasted AS c;
-- Nor does the next time, which is past the log's last event: 60 and 1,000 minutes, and one microsecond.
SELECT DISTINCT storage, asset_reuse_log_next_time(metadata, NULL, timestamp '2026-01-01', false)
FROM all_toasted WHERE storage NOT LIKE '%again' ORDER BY storage;

--
-- The next time
--

-- No event yet: the clock.
SELECT asset_reuse_log_next_time(NULL, NULL, timestamp '2026-01-22 10:30:00.123456', false);
SELECT asset_reuse_log_next_time('{}', NULL, timestamp '2026-01-22 10:30:00.123456', false);
SELECT asset_reuse_log_next_time('{"reuse_history": []}', NULL, timestamp '2026-01-22 10:30:00.123456', false);
-- The clock is past the latest event: the clock, by one microsecond at least.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T10:30:00.123455"}]}', NULL,
	timestamp '2026-01-22 10:30:00.123456', false);
-- It is not: one microsecond after the event, when equal and when behind.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T10:30:00.123456"}]}', NULL,
	timestamp '2026-01-22 10:30:00.123456', false);
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-12-31T23:59:59.999999"}]}', NULL,
	timestamp '2026-12-31 10:30:00.123456', false);
-- last_reused_at counts like an event: earlier, equal, later than the clock.
SELECT asset_reuse_log_next_time('{}', timestamp '2026-01-22 10:30:00.123455', timestamp '2026-01-22 10:30:00.123456', false);
SELECT asset_reuse_log_next_time(NULL, timestamp '2026-01-22 10:30:00.123456', timestamp '2026-01-22 10:30:00.123456', false);
SELECT asset_reuse_log_next_time(NULL, timestamp '2026-01-23 00:00:00', timestamp '2026-01-22 10:30:00.123456', false);
-- The latest of last_reused_at and the log decides, whichever it is: one microsecond after 08:00, 09:00.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T08:00:00.000000"}]}',
	timestamp '2026-01-22 07:00', timestamp '2026-01-22', false);
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T08:00:00.000000"}]}',
	timestamp '2026-01-22 09:00', timestamp '2026-01-22', false);
-- A day ahead of the clock counts, a microsecond more does not: for the log, and for last_reused_at.
SELECT seconds, asset_reuse_log_next_time(jsonb_build_object('reuse_history', jsonb_build_array(jsonb_build_object('timestamp', ahead))),
		NULL, timestamp '2026-01-22', false) AS log,
	asset_reuse_log_next_time(NULL, ahead, timestamp '2026-01-22', false) AS last
FROM unnest('{86400,86400.000001,1e9}'::float8[]) AS seconds, LATERAL (SELECT timestamp '2026-01-22' + seconds * interval '1 second') AS t (ahead)
ORDER BY seconds;
-- One that does not count hides none that does: one microsecond after 08:00, each time.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2999-01-01"}, {"timestamp": "2026-01-22T08:00"}, {"timestamp": "2998-01-01"}]}',
		'infinity', timestamp '2026-01-22', false) AS log,
	asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2999-01-01"}]}', '2026-01-22 08:00', timestamp '2026-01-22', false) AS last;
-- The latest event is found at every place of a log that is out of order: 100 of 100.
SELECT count(*) AS found
FROM (
	SELECT jsonb_build_object('reuse_history',
		jsonb_agg(CASE WHEN i = place THEN '{"timestamp": "2030-01-01T00:00:00"}' ELSE event(i) END ORDER BY i))
	FROM generate_series(1, 100) AS place, generate_series(1, 100) AS i
	GROUP BY place
) AS logs (log)
WHERE asset_reuse_log_next_time(log, NULL, timestamp '2029-12-31', false) = timestamp '2030-01-01 00:00:00.000001';
-- Stamps with Z, with an offset, without seconds, or only a date, in UTC and one microsecond later.
SELECT stamp, asset_reuse_log_next_time(jsonb_build_object('reuse_history',
	jsonb_build_array(jsonb_build_object('timestamp', stamp))), NULL, timestamp '2026-01-21 17:00', false)
FROM unnest(ARRAY['2026-01-22T10:30:00Z', '2026-01-22T10:30:00.5+02:00', '2026-01-22 10:30:00-05:30',
	'2026-01-22T10:30:00+0530',
	'2026-01-22T10:30:00+02', '2026-01-22T10:30', '2026-01-22']) WITH ORDINALITY AS stamps (stamp, n) ORDER BY n;
-- Stamps that are none, events that are no objects, and keys that only look like it count for nothing: the clock.
SELECT element, asset_reuse_log_next_time(jsonb_build_object('reuse_history', jsonb_build_array(element)), NULL,
	timestamp '2026-01-22 10:30:00', false)
FROM unnest(ARRAY['{"timestamp": "tomorrow"}', '{"timestamp": "2030-02-30T00:00:00"}',
	'{"timestamp": "2030-13-01"}', '{"timestamp": "infinity"}',
	'{"timestamp": "now"}', '{"timestamp": ""}', '{"timestamp": "2030-01-01T25:00:00"}',
	'{"timestamp": "2030-01-01T00:00:00 and more"}', '{"timestamp": 1900000000}', '{"timestamp": null}',
	'{"timestamp": ["2030-01-01"]}', '{"context": {"timestamp": "2030-01-01T00:00:00"}}',
	'{"Timestamp": "2030-01-01T00:00:00"}', '"2030-01-01T00:00:00"', '["timestamp", "2030-01-01T00:00:00"]',
	'{}', 'null', '7']::jsonb[])
	WITH ORDINALITY AS elements (element, n) ORDER BY n;
-- Such elements around an event do not hide it: 2027, plus one microsecond.
SELECT asset_reuse_log_next_time('{"reuse_history": [null, {"timestamp": "no"}, {"timestamp": "2027-01-01T00:00:00"}, 5, {"timestamp": 5}]}',
	NULL, timestamp '2026-12-31', false);
-- An event that somebody put ahead of ours counts too, though ours is the last and the column agrees
-- with it: 2030, plus one microsecond.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2030-01-01T00:00:00"}, {"timestamp": "2026-01-20T00:00:00"}]}',
	timestamp '2026-01-20', timestamp '2029-12-31', false);
-- A column of less precision rounds a time up; what it holds then is no later event: the clock, twice.
-- A time that is no rounding of the last event's counts: one microsecond after it.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T10:30:29.624000"}]}', timestamp '2026-01-22 10:30:30', timestamp '2026-01-22 10:30:29.645', true);
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "1999-01-22T10:30:29.123600"}]}', timestamp '1999-01-22 10:30:29.124', timestamp '1999-01-22 10:30:29.1238', true);
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T10:30:29.124000"}]}', timestamp '2026-01-22 10:30:30', timestamp '2026-01-22 10:30:29.645', true);
-- Where the column does not round, it counts as it is: one microsecond after it.
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "2026-01-22T10:30:29.624000"}]}', timestamp '2026-01-22 10:30:30', timestamp '2026-01-22 10:30:29.645', false);
-- A log elsewhere in the document is none of ours: the clock.
SELECT asset_reuse_log_next_time('{"a": {"reuse_history": [{"timestamp": "2030-01-01"}]}, "timestamp": "2030-01-01"}',
	NULL, timestamp '2026-01-22', false);

--
-- Errors
--

-- No clock, no context: 22004.  A context that is no object: 22023.
SELECT outcome($$SELECT asset_reuse_log_next_time('{}', NULL::timestamp, NULL, false)$$);
SELECT outcome($$SELECT asset_reuse_log_next_time('{}', NULL::timestamptz, NULL, false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}', NULL::timestamp, NULL, '{}', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}', NULL, timestamp '2026-01-22', NULL, false)$$);
SELECT context, outcome(format($$SELECT asset_reuse_log_append('{}', NULL, timestamp '2026-01-22', %L, false)$$, context))
FROM unnest(ARRAY['null', '1', '"s"', 'true', '[]', '[{}]']::jsonb[]) WITH ORDINALITY AS contexts (context, n)
ORDER BY n;
-- reuse_history is no array: 22039, from both functions.
SELECT log,
	outcome(format($$SELECT asset_reuse_log_append(%L, NULL, timestamp '2026-01-22', '{}', false)$$,
		jsonb_build_object('reuse_history', log))) AS append,
	outcome(format($$SELECT asset_reuse_log_next_time(%L, NULL, timestamp '2026-01-22', false)$$,
		jsonb_build_object('reuse_history', log))) AS next_time
FROM unnest(ARRAY['null', '1', '"s"', 'false', '{}', '{"0": {}}']::jsonb[]) WITH ORDINALITY AS logs (log, n) ORDER BY n;
-- platform_metadata is no object: 2203C, from both functions.
SELECT metadata,
	outcome(format($$SELECT asset_reuse_log_append(%L, NULL, timestamp '2026-01-22', '{}', false)$$, metadata)) AS append,
	outcome(format($$SELECT asset_reuse_log_next_time(%L, NULL, timestamp '2026-01-22', false)$$, metadata)) AS next_time
FROM unnest(ARRAY['null', '1', '"reuse_history"', 'true', '[]', '["reuse_history"]',
	'[{"reuse_history": []}]']::jsonb[])
	WITH ORDINALITY AS documents (metadata, n) ORDER BY n;
-- The last microsecond of the year 9999 is a time an event can have; after it there is none: 22008.
SELECT asset_reuse_log_append('{}', NULL, timestamp '9999-12-31 23:59:59.999999', '{}', false);
SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999998"}]}', NULL,
	timestamp '9999-12-31', false);
SELECT outcome($$SELECT asset_reuse_log_next_time('{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999999"}]}',
	NULL, timestamp '9999-12-31', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999999"}]}',
	NULL, timestamp '9999-12-31', '{}', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}',
	timestamptz '9999-12-31 23:59:59.999999+00', timestamptz '9999-12-31 00:00+00', '{}', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}', NULL, timestamp '10000-01-01', '{}', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}', NULL, timestamp 'infinity', '{}', false)$$);
SELECT outcome($$SELECT asset_reuse_log_append('{}', NULL, timestamp '-infinity', '{}', false)$$);
-- '-infinity' is before every time: the clock.
SELECT asset_reuse_log_next_time('{}', timestamp '-infinity', timestamp '2026-01-22', false);

SET client_min_messages = warning;
DROP SCHEMA reuse_log CASCADE;
