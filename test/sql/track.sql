--
-- asset_reuse_track: what one call records, what it answers, and what it
-- leaves alone.  Its errors are in errors.sql, concurrent calls in the
-- isolation tests.
--
\set ECHO none
\set VERBOSITY default
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_track;
SET search_path = regress_track, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- The events of an asset as they are stored, in the order they are stored in.
CREATE FUNCTION stored_events(asset text,
							  OUT place bigint, OUT event jsonb, OUT at timestamp)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT e.ordinality, e.value,
		   CASE WHEN jsonb_typeof(e.value->'timestamp') = 'string'
				THEN (e.value->>'timestamp')::timestamptz AT TIME ZONE 'UTC' END
	FROM campaign_assets a,
		 jsonb_array_elements(a.platform_metadata->'reuse_history') WITH ORDINALITY e
	WHERE a.id = asset
$$;
-- Stored times have no zone and mean UTC.
SET TimeZone = 'UTC';

-- put_log gives an asset this log and time of last reuse.
CREATE PROCEDURE put_log(asset text, log jsonb, last timestamp DEFAULT NULL)
LANGUAGE sql AS $$
	UPDATE campaign_assets
	SET platform_metadata = jsonb_build_object('reuse_history', log),
		reused_count = jsonb_array_length(log), last_reused_at = last
	WHERE id = asset
$$;

-- The rows as they were, to compare with.
CREATE TABLE rows_before AS
	SELECT a.ctid AS place, a.xmin::text AS writer, a.* FROM campaign_assets a;

--
-- The answer
--

-- A first reuse: the contract's keys and no others, the count 1, all times now.
SELECT jsonb_pretty(mask_times(asset_reuse_track('hero', 'acme', 'summer'))) AS answer;

-- It is stored as one event of two keys, the time with microseconds and no zone.
SELECT jsonb_pretty(mask_times(platform_metadata)) AS platform_metadata, reused_count
FROM campaign_assets WHERE id = 'hero';

-- Nothing else of that row has changed: t.
SELECT format('SELECT ROW(%s)::record *= ROW(%s)::record AS rest_is_same FROM campaign_assets a JOIN rows_before b USING (id) WHERE id = %L',
			  string_agg(format('a.%I', attname), ', ' ORDER BY attnum),
			  string_agg(format('b.%I', attname), ', ' ORDER BY attnum), 'hero')
FROM pg_attribute
WHERE attrelid = 'campaign_assets'::regclass AND attnum > 0
	AND attname NOT IN ('reused_count', 'last_reused_at', 'updated_at', 'platform_metadata') \gexec

-- No other row was as much as rewritten: t.
SELECT bool_and(ROW(a.ctid, a.xmin::text, a.*)::record *= ROW(b.*)::record) AS others_are_same
FROM campaign_assets a JOIN rows_before b USING (id) WHERE id <> 'hero';

-- Columns that are null answer null, a null count starts at 1, and keys of others stay.
SELECT jsonb_pretty(mask_times(asset_reuse_track('clip', 'acme', 'fall'))) AS answer;
SELECT jsonb_pretty(mask_times(platform_metadata)) AS platform_metadata, reused_count
FROM campaign_assets WHERE id = 'clip';

-- Numbers answer as numbers, the message counts on: total reuses 2, then 3.
SELECT jsonb_typeof(r->'asset'->'ctr') AS ctr, jsonb_typeof(r->'asset'->'clicks') AS clicks,
	   jsonb_typeof(r->'asset'->'reused_count') AS reused_count, r->>'message' AS message
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT r->>'message' AS message FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;

-- Numbers that JSON has no notation for do not make the call fail, and count.
UPDATE campaign_assets SET ctr = 'NaN' WHERE id = 'hero';
SELECT r->'asset'->'ctr' AS ctr, r->'asset'->'reused_count' AS reused_count FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
UPDATE campaign_assets SET ctr = '-Infinity' WHERE id = 'hero';
SELECT r->'asset'->'ctr' AS ctr, r->'asset'->'reused_count' AS reused_count FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- Floats answer with the digits it takes to tell them from their neighbours.
UPDATE campaign_assets SET ctr = 0.1::float + 0.2::float WHERE id = 'hero';
SELECT r->'asset'->'ctr' AS ctr FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
UPDATE campaign_assets SET ctr = 1e300 WHERE id = 'hero';
SELECT (r->'asset'->>'ctr')::float = 1e300 AS ctr FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
UPDATE campaign_assets SET ctr = 1.7 WHERE id = 'hero';

-- A trigger of the application's that sets updated_at has the last word in row and answer.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.updated_at := '2026-05-05 05:05:05';
	RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION touch();
SELECT r->'asset'->'updated_at' AS updated_at FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
DROP TRIGGER touch ON campaign_assets;
-- One that rounds last_reused_at has it there; the answer's event is the one in the log, with its time and id.
CREATE FUNCTION round_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.last_reused_at := date_trunc('hour', NEW.last_reused_at) - interval '1 hour';
	RETURN NEW;
END
$$;
CREATE TRIGGER round_time BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION round_time();
SELECT r->'event'->>'event_id' AS event_id, r->'event'->>'timestamp' AS event_time, to_char((r->'asset'->>'last_reused_at')::timestamptz, 'MI:SS.US') AS rounded
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') AS r \gset
SELECT :'rounded' AS rounded, e->>'event_id' = :'event_id' AS same_id, e->>'timestamp' = :'event_time' AS same_time
FROM CAST(asset_reuse_history('hero', 'acme', 1)->'history'->0 AS jsonb) AS e;
DROP TRIGGER round_time ON campaign_assets;

--
-- Defaults and overrides.  Each case prints the answer's event and whether the
-- stored context is the answered one.
--
CREATE FUNCTION recorded(answer jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', (answer->'event') - 'event_id' - 'timestamp' - 'context',
		CASE WHEN e.event->'context' = answer->'event'->'context'
			 THEN (e.event->'context') - 'reused_in_type' - 'reused_in_id' - 'reused_in_name'
			 ELSE '"not the stored one"' END,
		CASE WHEN jsonb_build_object(
				'reused_in_type', e.event->'context'->'reused_in_type',
				'reused_in_id', e.event->'context'->'reused_in_id',
				'reused_in_name', e.event->'context'->'reused_in_name')
			<> (answer->'event') - 'event_id' - 'timestamp' - 'context'
			 THEN 'context differs from event' END)
	FROM stored_events(answer->'asset'->>'id') e ORDER BY e.place DESC LIMIT 1
$$;

-- Neither campaign nor place: the type campaign_space, the rest null.
SELECT recorded(asset_reuse_track('line', 'acme', reused_in_id => 'x'));
-- A campaign alone: its id and its name.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall'));
-- A given id wins, the name stays the campaign's.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', reused_in_id => 'ad-group-7'));
-- A given name wins, the id stays the campaign's.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', reused_in_name => 'Fall, second wave'));
-- An empty name is a given one.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', reused_in_name => ''));
-- All given win.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', 'placement', 'p-1', 'Top banner'));
-- A place that is no campaign needs no row anywhere.
SELECT recorded(asset_reuse_track('line', 'acme', NULL, 'email', 'spring-letter', 'Spring letter'));
-- A type alone.
SELECT recorded(asset_reuse_track('line', 'acme', reused_in_type => 'landing_page'));
-- An id alone is not looked up, not even that of a campaign: no name.
SELECT recorded(asset_reuse_track('line', 'acme', reused_in_id => 'summer'));
-- The context's keys are kept, whatever their values.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', reuse_context =>
	'{"note": "hi", "n": 1.50, "list": [1, [2, {"a": null}]], "": "", "timestamp": "1999-01-01", "context": {"x": 1}}'));
-- reused_in_* win over the context's, also where they are null; deeper ones are nobody's business.
SELECT recorded(asset_reuse_track('line', 'acme', reused_in_id => 'x', reuse_context =>
	'{"reused_in_type": 7, "reused_in_id": "fake", "reused_in_name": {"a": 1}, "deep": {"reused_in_id": "kept"}}'));
-- And with all of them given.
SELECT recorded(asset_reuse_track('line', 'acme', NULL, 'email', 'e-1', 'Letter',
	'{"reused_in_type": "x", "reused_in_id": "y", "reused_in_name": "z"}'));
-- An empty context is as none.
SELECT recorded(asset_reuse_track('line', 'acme', 'fall', reuse_context => '{}'));
-- Every stored event has exactly the keys context and timestamp: t, and 13 of them.
SELECT bool_and((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(event) k)
				= '{context,timestamp}') AS two_keys, count(*)
FROM stored_events('line');

--
-- Identifiers
--

-- With uuid arguments: the same, ids as text.
SELECT jsonb_pretty(mask_times(asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::uuid,
	'aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'cccccccc-0000-4000-8000-000000000001'::uuid))) AS answer;
-- All arguments of the uuid one.
SELECT recorded(asset_reuse_track('BBBBBBBB-0000-4000-8000-000000000001'::uuid,
	'AAAAAAAA-0000-4000-8000-000000000001'::uuid, 'CCCCCCCC-0000-4000-8000-000000000001'::uuid,
	'placement', 'p-1', 'Top banner', '{"k": "v"}'));
-- Untyped parameters are text.
PREPARE untyped AS SELECT asset_reuse_track($1, $2, $3);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'untyped';
DEALLOCATE untyped;

--
-- The rest of platform_metadata, to the byte: for each document, what is stored
-- equals, as an image, what jsonb_set makes of the old document and the event.
--
CREATE TABLE documents (id text, before jsonb);
INSERT INTO documents VALUES
	('doc 1, empty', '{}'),
	('doc 2, keys around ours', '{"": 0, "z": 1, "reuse_histor": 2, "reuse_histori": 3, "reuse_histoz": 4, "reuse_histoaaa": 5, "reuse_history2": 6, "a much longer key": 7}'),
	('doc 3, the log is there', '{"reuse_history": [], "a": [1, 2], "b much longer than the log": {"c": {}}}'),
	('doc 4, with an event of ours', '{"reuse_history": [{"timestamp": "2026-01-01T00:00:00.000000", "context": {"x": 1.10, "reused_in_type": "email", "reused_in_id": null, "reused_in_name": null}}]}'),
	('doc 5, with events of others', '{"reuse_history": [1, "two", null, [3, [4]], {}, {"timestamp": 5, "who": "me"}], "n": 1.000}'),
	('doc 6, numbers', '{"a": 1.50, "b": 100000000000000000000000000000000000000.000100, "c": -0.0, "d": 1e-30, "e": [0.10, 0.100]}'),
	('doc 7, our key deeper', '{"x": {"reuse_history": [1, 2]}, "y": [{"reuse_history": "no"}]}'),
	('doc 8, text', '{"quote\"": "back\\slash", "tab\t": "new\nline", "ключ": "värde 漢字 🎉", "u": "''"}');
-- An object and a log of more than 32 elements, where offsets take turns with lengths.
INSERT INTO documents
	SELECT 'doc 9, long', jsonb_object_agg('key ' || i, jsonb_build_array(i, repeat('v', i)))
		|| jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object('timestamp', null, 'i', i)))
	FROM generate_series(1, 100) i;
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type,
							 platform_metadata)
	SELECT id, 'summer', 'acme', 'ann', id, 'document', before FROM documents;
SELECT count(asset_reuse_track(id, 'acme', 'summer', reuse_context => '{"k": [1, {"l": "m"}]}'))
FROM documents;

-- Three times t for each of the nine documents.
SELECT id,
	   ROW(a.platform_metadata - 'reuse_history')
			::record *= ROW(d.before - 'reuse_history')::record AS others_keys_same,
	   ROW((a.platform_metadata->'reuse_history')
			- jsonb_array_length(coalesce(d.before->'reuse_history', '[]')))
			::record *= ROW(coalesce(d.before->'reuse_history', '[]'))::record AS older_events_same,
	   ROW(a.platform_metadata)
			::record *= ROW(jsonb_set(d.before, '{reuse_history}', coalesce(d.before->'reuse_history', '[]')
			|| jsonb_build_array(a.platform_metadata->'reuse_history'->-1)))::record AS as_jsonb_set
FROM documents d JOIN campaign_assets a USING (id) ORDER BY id;

--
-- Text of any kind
--

-- Quotes, backslashes, control characters and non-ASCII letters come back as given: t, t, t.
SELECT r->'event'->>'reused_in_id' = i AS id_same, r->'event'->>'reused_in_name' = n AS name_same,
	   (r->'event'->'context') - 'at_reuse' - 'reused_in_type' - 'reused_in_id' - 'reused_in_name' = c AS context_same
FROM (VALUES (E'it''s "7" \\ 100% $1 {x}', E'Größe 漢字 🎉 \t\n\x01 \\u0041 ''; DROP TABLE campaign_assets; --',
			  '{"\"\\": "\\u0041 \n \"", "größe": "🎉", "$1": "%s", "'': 1": "''"}'::jsonb)) v (i, n, c),
	 LATERAL (SELECT asset_reuse_track('hero', 'acme', NULL, E'e\\"''mail', i, n, c) AS r) t;
SELECT event->'context' AS stored FROM stored_events('hero') ORDER BY place DESC LIMIT 1;

-- An asset of such a name and id is found and shown by it: t.
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
VALUES (E'it''s\\"x"', 'summer', 'acme', 'ann', E'"q" \\ ''s'' é', 'other');
SELECT r->'asset'->>'id' = E'it''s\\"x"' AND r->'asset'->>'asset_name' = E'"q" \\ ''s'' é' AS found
FROM asset_reuse_track(E'it''s\\"x"', 'acme', reused_in_id => 'x') r;

-- A context of 1 MB and more is kept whole, compressible or not, and so is one before it: t, t.
SELECT bool_and(c - 'at_reuse' - 'reused_in_type' - 'reused_in_id' - 'reused_in_name' = given) AS answered
FROM (SELECT given, asset_reuse_track('hero', 'acme', 'summer', reuse_context => given)->'event'->'context' AS c
	  FROM (SELECT jsonb_build_object('same', repeat('x', 1048576)) AS given
			UNION ALL
			SELECT jsonb_build_object('random', string_agg(md5(i::text), '' ORDER BY i))
			FROM generate_series(1, 32768) i) g) t;
SELECT array_agg(md5(event->'context'->>'same') ORDER BY place) FILTER (WHERE event->'context' ? 'same')
		= ARRAY[md5(repeat('x', 1048576))]
	   AND array_agg(md5(event->'context'->>'random') ORDER BY place) FILTER (WHERE event->'context' ? 'random')
		= (SELECT ARRAY[md5(string_agg(md5(i::text), '' ORDER BY i))] FROM generate_series(1, 32768) i) AS stored
FROM stored_events('hero');
-- The next event goes after them, and all are counted: t.
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x'));
SELECT reused_count = jsonb_array_length(platform_metadata->'reuse_history') AS counted
FROM campaign_assets WHERE id = 'hero';

--
-- Times
--

-- in_order says how many events an asset has, and whether each is later than
-- the one before, the last one is last_reused_at, and all are counted.
CREATE FUNCTION in_order(asset text, OUT events bigint, OUT strictly_increasing boolean,
						 OUT last_is_newest boolean, OUT all_counted boolean)
LANGUAGE sql AS $$
	SELECT count(*), bool_and(e.at > e.previous) FILTER (WHERE e.place > 1),
		   max(e.at) = a.last_reused_at, count(*) = a.reused_count
	FROM campaign_assets a,
		 (SELECT place, at, lag(at) OVER (ORDER BY place) AS previous FROM stored_events(asset)) e
	WHERE a.id = asset GROUP BY a.last_reused_at, a.reused_count
$$;

-- The time is the wall clock at the call, in UTC, and the same in all four places
-- but updated_at, which is the wall clock too: t, t, t, t, t.
CALL put_log('hero', '[]');
SELECT clock_timestamp() AT TIME ZONE 'UTC' AS before \gset
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') AS answer \gset
SELECT a.last_reused_at BETWEEN :'before' AND clock_timestamp() AT TIME ZONE 'UTC' AS at_the_call,
	   e.at = a.last_reused_at AS event_is_same,
	   (r->'event'->>'timestamp')::timestamptz AT TIME ZONE 'UTC' = a.last_reused_at AS answer_is_same,
	   r->'asset'->'last_reused_at' = r->'event'->'timestamp' AS answers_agree,
	   a.updated_at BETWEEN :'before' AND clock_timestamp() AT TIME ZONE 'UTC'
		AND (r->'asset'->>'updated_at')::timestamptz AT TIME ZONE 'UTC' = a.updated_at AS updated_at_the_call
FROM campaign_assets a, stored_events('hero') e, (SELECT :'answer'::jsonb AS r) r WHERE a.id = 'hero';

-- Several calls in one transaction, where now() stands still: 3 events in order, all after now().
CALL put_log('hero', '[]');
BEGIN;
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x'));
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x'));
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x'));
SELECT bool_and(at > now() AT TIME ZONE 'UTC') AS after_now FROM stored_events('hero');
COMMIT;
SELECT * FROM in_order('hero');

-- Several calls in one statement: 200 events more, in order.
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x', reuse_context => jsonb_build_object('i', i)))
FROM generate_series(1, 200) i;
SELECT * FROM in_order('hero');
-- They are stored in the order of the calls: t.
SELECT array_agg((event->'context'->>'i')::int ORDER BY place) FILTER (WHERE event->'context' ? 'i')
		= (SELECT array_agg(i) FROM generate_series(1, 200) i) AS in_order_of_calls
FROM stored_events('hero');

-- Calls for several assets in one statement, and in a DO block: one event each, and 3 more for hero.
CALL put_log('hero', '[]');
CALL put_log('clip', '[]');
SELECT id, r->'asset'->>'reused_count' AS reused_count
FROM unnest('{hero,clip}'::text[]) id, asset_reuse_track(id, 'acme', 'fall') r;
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		PERFORM asset_reuse_track('hero', 'acme', 'summer');
	END LOOP;
END
$$;
SELECT id, o.* FROM unnest('{hero,clip}'::text[]) id, in_order(id) o;

-- Times ahead of the clock, as another machine's clock can make them, count up to a day: :soon is one of them.
SELECT date_trunc('hour', now()) + interval '5 hours' AS soon \gset
SELECT to_char(timestamptz :'soon' AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') AS soon_utc,
	to_char(timestamptz :'soon' AT TIME ZONE 'UTC' + interval '2 hours', 'YYYY-MM-DD"T"HH24:MI:SS+02:00') AS soon_offset,
	timestamptz :'soon' AT TIME ZONE 'UTC' AS soon_last \gset
-- How long after a time the event of an answer is.
CREATE FUNCTION event_after(answer jsonb, base timestamptz) RETURNS interval LANGUAGE sql AS
	$$SELECT (answer #>> '{event,timestamp}')::timestamptz - base$$;

-- last_reused_at in the future: one microsecond later, again and again; updated_at is now.
CALL put_log('hero', '[]', :'soon_last');
SELECT event_after(r, :'soon'), r->'asset'->'last_reused_at' = r->'event'->'timestamp' AS same, mask_times(r->'asset'->'updated_at') AS updated_at
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT event_after(r, :'soon'), r->'asset'->'last_reused_at' = r->'event'->'timestamp' AS same, mask_times(r->'asset'->'updated_at') AS updated_at
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT replace(event->>'timestamp', :'soon_utc', 'soon') AS stored FROM stored_events('hero') ORDER BY place;

-- A whole second is answered without a fraction and stored with one.
CALL put_log('hero', '[]', timestamp :'soon_last' - interval '1 microsecond');
SELECT replace(r->'asset'->>'last_reused_at', :'soon_utc', 'soon') AS last_reused_at, replace(r->'event'->>'timestamp', :'soon_utc', 'soon') AS event
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT replace(event->>'timestamp', :'soon_utc', 'soon') AS stored FROM stored_events('hero') ORDER BY place;

-- A future event in the middle of an out-of-order log, written with an offset: one microsecond after it.
CALL put_log('hero', format('[{"timestamp": "2026-03-01T00:00:00Z"}, {"timestamp": "%s"},
	{"timestamp": "2026-01-01T00:00:00Z"}, {"timestamp": "2026-02-01T00:00:00"}]', :'soon_offset')::jsonb, '2026-03-01 00:00:00');
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- The same where others have set last_reused_at to the time of the event that they stored last.
CALL put_log('hero', format('[{"timestamp": "2026-03-01T00:00:00Z"}, {"timestamp": "%s"},
	{"timestamp": "2026-02-01T00:00:00"}]', :'soon_utc')::jsonb, '2026-02-01 00:00:00');
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- And where others put a future one in front of an event of ours.
CALL put_log('hero', '[]');
SELECT count(asset_reuse_track('hero', 'acme', reused_in_id => 'x'));
UPDATE campaign_assets SET platform_metadata = jsonb_insert(platform_metadata, '{reuse_history,0}', jsonb_build_object('timestamp', :'soon_utc'))
WHERE id = 'hero';
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- The same as the first of the log.
CALL put_log('hero', format('[{"timestamp": "%s"}, {"timestamp": "2026-01-01T00:00:00Z"}]', :'soon_utc')::jsonb);
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- A log by others whose last element lacks a timestamp, after a future one.
CALL put_log('hero', format('[{"timestamp": "%s.5Z"}, {"context": {}}]', :'soon_utc')::jsonb);
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- Last elements that are no objects or have no usable time, after a future one.
CALL put_log('hero', format('[{"timestamp": "%s.25Z"}, {"timestamp": "soon"}, 3, null, [], "%1$s.75Z"]', :'soon_utc')::jsonb);
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- last_reused_at beats the log where it is the later one.
CALL put_log('hero', format('[{"timestamp": "%sZ"}]', :'soon_utc')::jsonb, timestamp :'soon_last' + interval '1 hour');
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- What is more than a day ahead does not count, for whichever of the two: now, and after the one that counts.
CALL put_log('hero', '[{"timestamp": "2999-01-01T00:00:00Z"}, {"timestamp": "9999-12-31T23:59:59.999999"}]', 'infinity');
SELECT mask_times(r->'event'->'timestamp') AS event, mask_times(r->'asset'->'last_reused_at') AS last_reused_at
FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
CALL put_log('hero', format('[{"timestamp": "%sZ"}, {"timestamp": "2999-01-01T00:00:00Z"}]', :'soon_utc')::jsonb, '3000-01-01');
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
CALL put_log('hero', '[{"timestamp": "2999-01-01T00:00:00Z"}]', :'soon_last');
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
SELECT event_after(r, :'soon') FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- They are shown, and counted in a range.
SELECT h->'total' AS total, h #>> '{history,0,timestamp}' AS newest FROM asset_reuse_history('hero', 'acme') h;
SELECT asset_reuse_analytics('acme', start_date => '2998-01-01Z')->'overview'->'total_reuses' AS reuses;
-- Nothing in the log has a usable time of its own: now, also next to unusable, deeper or other futures.
CALL put_log('hero', '[{"timestamp": 4102444800}, {"timestamp": "infinity"}, {"timestamp": "2100-02-30T00:00:00Z"},
	{"context": {"timestamp": "2100-01-01T00:00:00Z"}}, {"Timestamp": "2100-01-01T00:00:00Z"},
	{"timestamp": ["2100-01-01T00:00:00Z"]}, {"timestamp": {"timestamp": "2100-01-01T00:00:00Z"}}, ["2100-01-01T00:00:00Z"]]');
SELECT mask_times(r->'event'->'timestamp') AS event FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;
-- An older log in any order: now.
CALL put_log('hero', '[{"timestamp": "2026-01-03T00:00:00"}, {"timestamp": "2026-01-01T00:00:00"}]', '2026-01-02 00:00:00');
SELECT mask_times(r->'event'->'timestamp') AS event FROM asset_reuse_track('hero', 'acme', reused_in_id => 'x') r;

-- Columns of milliseconds and of seconds, as other tools make them: 50 events that strictly
-- increase, and a column that is the last one's time as far as it can hold it.
CREATE TABLE coarse_assets (LIKE campaign_assets INCLUDING ALL);
INSERT INTO coarse_assets SELECT * FROM campaign_assets WHERE id = 'hero';
CREATE FUNCTION coarse(fields int, OUT events bigint, OUT strictly_increasing boolean,
					   OUT as_near_as_can_be boolean, OUT answer_is_column boolean, OUT answers_event_is_stored boolean)
LANGUAGE plpgsql SET asset_reuse.assets_table = 'coarse_assets' AS $$
DECLARE
	answer jsonb;
BEGIN
	EXECUTE format('ALTER TABLE coarse_assets ALTER last_reused_at TYPE timestamp(%s), ALTER updated_at TYPE timestamp(%1$s)', fields);
	UPDATE coarse_assets SET platform_metadata = '{}', reused_count = 0, last_reused_at = NULL;
	FOR i IN 1..50 LOOP
		answer := asset_reuse_track('hero', 'acme', reused_in_id => 'x');
	END LOOP;
	SELECT count(*), bool_and(e.at > e.previous) FILTER (WHERE e.place > 1),
		   abs(extract(epoch FROM max(e.at) - a.last_reused_at)) <= 0.5 / 10 ^ fields,
		   answer->'asset'->>'last_reused_at' = to_char(a.last_reused_at, 'YYYY-MM-DD"T"HH24:MI:SS')
				|| CASE WHEN extract(microseconds FROM a.last_reused_at)::int % 1000000 = 0 THEN ''
						ELSE to_char(a.last_reused_at, '.US') END || 'Z',
		   (answer->'event'->>'timestamp')::timestamptz AT TIME ZONE 'UTC' = max(e.at)
		INTO events, strictly_increasing, as_near_as_can_be, answer_is_column, answers_event_is_stored
	FROM coarse_assets a,
		 (SELECT ordinality AS place, (value->>'timestamp')::timestamp AS at,
				 lag((value->>'timestamp')::timestamp) OVER (ORDER BY ordinality) AS previous
		  FROM coarse_assets, jsonb_array_elements(platform_metadata->'reuse_history') WITH ORDINALITY) e
	GROUP BY a.last_reused_at;
END
$$;
SELECT * FROM coarse(3);
SELECT * FROM coarse(0);

--
-- The caller's transaction
--

-- Rolled back: no trace.
SELECT tables_checksum() AS checksum \gset
BEGIN;
SELECT asset_reuse_track('line', 'acme', 'fall')->>'success' AS success;
SELECT tables_checksum() = :'checksum' AS unchanged;
ROLLBACK;
SELECT tables_checksum() = :'checksum' AS unchanged;

-- Rolled back to a savepoint: of three events the second is gone.
CALL put_log('line', '[]');
BEGIN;
SELECT asset_reuse_track('line', 'acme', 'fall', reuse_context => '{"call": 1}')->>'message' AS message;
SAVEPOINT here;
SELECT asset_reuse_track('line', 'acme', 'fall', reuse_context => '{"call": 2}')->>'message' AS message;
ROLLBACK TO here;
SELECT asset_reuse_track('line', 'acme', 'fall', reuse_context => '{"call": 3}')->>'message' AS message;
COMMIT;
SELECT event->'context'->'call' AS call FROM stored_events('line') ORDER BY place;
SELECT * FROM in_order('line');

-- After an error behind a savepoint the session goes on, with the same and with other calls.
BEGIN;
SAVEPOINT here;
SELECT asset_reuse_track('absent', 'acme', reused_in_id => 'x');
ROLLBACK TO here;
SELECT asset_reuse_track('line', 'acme', 'old');
ROLLBACK TO here;
SELECT asset_reuse_track('line', 'acme', 'fall', reuse_context => '{"call": 4}')->>'message' AS message;
COMMIT;
SELECT * FROM in_order('line');

-- The same in a block that catches the error: the event inside it is gone, the one before stays.
DO $$
BEGIN
	PERFORM asset_reuse_track('line', 'acme', reused_in_id => 'x', reuse_context => '{"call": 5}');
	BEGIN
		PERFORM asset_reuse_track('line', 'acme', reused_in_id => 'x', reuse_context => '{"call": 6}');
		PERFORM asset_reuse_track('absent', 'acme', reused_in_id => 'x');
	EXCEPTION WHEN no_data_found THEN
		RAISE NOTICE 'caught: %', SQLERRM;
	END;
END
$$;
SELECT event->'context'->'call' AS call FROM stored_events('line') ORDER BY place;
SELECT * FROM in_order('line');

-- A transaction that only reads cannot track: PostgreSQL's own error.
BEGIN READ ONLY;
SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x');
ROLLBACK;

-- The update can stay HOT: 1 of 1.
CREATE TABLE roomy_assets (LIKE campaign_assets INCLUDING ALL) WITH (fillfactor = 50);
INSERT INTO roomy_assets SELECT * FROM campaign_assets WHERE id = 'line';
BEGIN;
SET LOCAL asset_reuse.assets_table = 'roomy_assets';
SELECT asset_reuse_track('line', 'acme', 'fall')->>'success' AS success;
SELECT pg_stat_get_xact_tuples_updated('roomy_assets'::regclass) AS updated,
	   pg_stat_get_xact_tuples_hot_updated('roomy_assets'::regclass) AS hot;
COMMIT;

--
-- Settings of the session change neither what is stored nor what is answered:
-- with each of them the masked answer and event are those without, a last time in
-- the future is continued by one microsecond, and a float has all its digits.
--
UPDATE campaign_assets SET ctr = 1.2345678901234567 WHERE id = 'hero';
SELECT count(set_config('track.soon', :'soon_utc', false));
CREATE FUNCTION told_and_kept() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	soon CONSTANT text = current_setting('track.soon');
	answer jsonb;
	told text;
BEGIN
	CALL put_log('hero', '[]');
	answer := asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"quote": "it''s \"\\\" 1.50", "n": 1.50}');
	told := mask_times(answer)::text || E'\n'
		|| (SELECT mask_times(platform_metadata)::text FROM campaign_assets WHERE id = 'hero') || E'\n';
	CALL put_log('hero', jsonb_build_array(jsonb_build_object('timestamp', soon)));
	UPDATE campaign_assets SET last_reused_at = make_timestamp(2026, 1, 2, 3, 4, 5.25) WHERE id = 'hero';
	answer := asset_reuse_track('hero', 'acme', reused_in_id => 'x');
	RETURN replace(told || (answer->'event'->'timestamp') || ' ' || (answer->'asset'->'last_reused_at') || ' '
		|| (answer->'asset'->'created_at') || ' '
		|| (SELECT platform_metadata->'reuse_history'->1->'timestamp' FROM campaign_assets WHERE id = 'hero'), soon, 'soon');
END
$$;
RESET TimeZone;
SELECT told_and_kept();
SELECT told_and_kept() AS told \gset

-- All t.
SET TimeZone = 'Asia/Kathmandu';
SELECT told_and_kept() = :'told' AS same;
SET TimeZone = '<-1130>+11:30';
SELECT told_and_kept() = :'told' AS same;
SET TimeZone = 'UTC';
SELECT told_and_kept() = :'told' AS same;
RESET TimeZone;
SET DateStyle = 'German, DMY';
SELECT told_and_kept() = :'told' AS same;
SET DateStyle = 'SQL, DMY';
SELECT told_and_kept() = :'told' AS same;
SET DateStyle = 'ISO, YMD';
SELECT told_and_kept() = :'told' AS same;
RESET DateStyle;
SET IntervalStyle = 'sql_standard';
SELECT told_and_kept() = :'told' AS same;
SET IntervalStyle = 'iso_8601';
SELECT told_and_kept() = :'told' AS same;
RESET IntervalStyle;
SET extra_float_digits = -15;
SELECT told_and_kept() = :'told' AS same;
SET extra_float_digits = 3;
SELECT told_and_kept() = :'told' AS same;
RESET extra_float_digits;
SET bytea_output = 'escape';
SELECT told_and_kept() = :'told' AS same;
RESET bytea_output;
-- From 19 on, a backslash in a string is always an ordinary character.
SELECT current_setting('server_version_num')::int < 190000 AS has_other_strings \gset
\if :has_other_strings
SET standard_conforming_strings = off;
\endif
SET backslash_quote = off;
SELECT asset_reuse_track('hero', 'acme', 'summer', $$a\b$$, $$c\"d$$, $$e\'f$$)->'event'->'context' AS context;
RESET standard_conforming_strings;
RESET backslash_quote;
SET transform_null_equals = on;
SET array_nulls = off;
SET quote_all_identifiers = on;
SET xmloption = 'document';
SELECT told_and_kept() = :'told' AS same;
RESET transform_null_equals;
RESET array_nulls;
RESET quote_all_identifiers;
RESET xmloption;
SET plan_cache_mode = force_generic_plan;
SELECT told_and_kept() = :'told' AS same;
SET plan_cache_mode = force_custom_plan;
SELECT told_and_kept() = :'told' AS same;
RESET plan_cache_mode;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_seqscan = off;
SELECT told_and_kept() = :'told' AS same;
RESET enable_indexscan;
RESET enable_bitmapscan;
RESET enable_seqscan;
SET default_transaction_isolation = 'serializable';
SELECT told_and_kept() = :'told' AS same;
RESET default_transaction_isolation;

SET client_min_messages = warning;
DROP SCHEMA regress_track CASCADE;
