--
-- Random sequences of what calls, other software and operators do: tracks, with keys that were
-- used before, of many assets, and undos, syncs of a campaign, events of odd shapes, of equal
-- times and of none, rows that others store and delete, old documents that are saved again, a
-- history table that comes, fills and goes.  After each step every function that reads is
-- compared with plain SQL over the two places; a track must add one event, at the time that was
-- promised, an undo take away that event alone, and a move none.  An event keeps its id
-- wherever it is.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
CREATE SCHEMA regress_random_operations;
SET search_path = regress_random_operations, public;
\i :tables
\i :rows
\set ECHO all
SET TimeZone = 'UTC';
SET client_min_messages = warning;

--
-- All events by plain SQL
--

CREATE TYPE plain_event AS (asset_id text, at timestamp, seq bigint, element jsonb, context jsonb);
-- base_time is some hours ahead of the clock: an event of that time counts as the latest.
CREATE TABLE base AS SELECT date_trunc('hour', now()) + interval '5 hours' AS time;
CREATE FUNCTION base_time() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT time FROM base';
CREATE FUNCTION time_of(element jsonb) RETURNS timestamp LANGUAGE sql AS $$
	SELECT CASE WHEN element ->> 'timestamp' ~ '^[0-9]{4}-' THEN CAST(element ->> 'timestamp' AS timestamptz) AT TIME ZONE 'UTC' END
$$;
CREATE FUNCTION context_of(element jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(CASE jsonb_typeof(element) WHEN 'object' THEN element -> 'context' ELSE element END, 'null')
$$;
-- element_of_row is what a row would be in a document.
CREATE FUNCTION element_of_row(at timestamp, reused_in_type text, reused_in_id text, reused_in_name text, reuse_key text, context jsonb, original jsonb)
RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(original,
		CASE WHEN isfinite(at) THEN jsonb_build_object('timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US')) ELSE '{}' END
		|| jsonb_build_object('context', CASE WHEN context IS NULL OR jsonb_typeof(context) = 'object' THEN coalesce(context, '{}')
			|| jsonb_build_object('reused_in_type', reused_in_type, 'reused_in_id', reused_in_id, 'reused_in_name', reused_in_name)
			|| CASE WHEN reuse_key IS NULL THEN '{}' ELSE jsonb_build_object('reuse_key', reuse_key) END
			ELSE context END))
$$;
-- table_events are the rows; at is null where there is no usable time.
CREATE FUNCTION table_events() RETURNS SETOF plain_event LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('campaign_asset_reuse_history') IS NOT NULL THEN
		RETURN QUERY EXECUTE $query$
			SELECT asset_id, nullif(at, '-infinity'), seq, element, context_of(element)
			FROM (SELECT asset_id::text, CAST(CAST(reused_at AS text) AS timestamptz) AT TIME ZONE 'UTC' AS at, seq::bigint,
					element_of_row(CAST(CAST(reused_at AS text) AS timestamptz) AT TIME ZONE 'UTC',
						reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original) AS element
				FROM campaign_asset_reuse_history) AS h
		$query$;
	END IF;
END
$$;
-- plain_events are all events.  An event of a document that equals a row of its time is that row's copy, one for one;
-- the others of the time come after the rows.
CREATE FUNCTION plain_events() RETURNS SETOF plain_event LANGUAGE sql AS $$
	WITH stored AS MATERIALIZED (SELECT * FROM table_events()),
	logged AS (
		SELECT a.id::text AS asset_id, time_of(e) AS at, n, e AS element,
			row_number() OVER (PARTITION BY a.id, time_of(e), e ORDER BY n) AS nth
		FROM campaign_assets AS a, jsonb_array_elements(a.platform_metadata -> 'reuse_history') WITH ORDINALITY AS l (e, n)),
	left_over AS (
		SELECT * FROM logged AS l
		WHERE nth > (SELECT count(*) FROM stored AS s WHERE s.asset_id = l.asset_id AND s.at IS NOT DISTINCT FROM l.at AND s.element = l.element))
	SELECT * FROM stored
	UNION ALL
	SELECT asset_id, at, (SELECT coalesce(max(s.seq), -1) FROM stored AS s WHERE s.asset_id = l.asset_id AND s.at IS NOT DISTINCT FROM l.at)
		+ row_number() OVER (PARTITION BY asset_id, at ORDER BY n), element, context_of(element)
	FROM left_over AS l
$$;
-- stored is what must not change by a move: the events, under their ids, as they are.  What goes back into a document
-- is numbered anew where rows have gaps: ranked is what it is then.
CREATE FUNCTION event_id_of(at timestamp, seq bigint) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(trunc(extract(epoch FROM at - timestamp '2000-01-01') * 1000000), -9223372036854775808) || '-' || seq
$$;
CREATE FUNCTION stored(ranked boolean DEFAULT false) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(e ORDER BY e), '{}')
	FROM (SELECT ROW (asset_id, event_id_of(at, CASE WHEN ranked THEN row_number() OVER (PARTITION BY asset_id, at ORDER BY seq) - 1 ELSE seq END), element)::text AS e
		FROM plain_events()) AS events
$$;

--
-- The comparison
--

-- plain_history is an asset's timeline: the newest first; at equal times what was stored last first.  It reads a copy
-- of plain_events, which is made once a step.
CREATE TABLE events_now OF plain_event;
CREATE FUNCTION plain_history(asset text) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(ROW (event_id_of(at, seq), at, context)::text ORDER BY at DESC NULLS LAST, seq DESC), '{}')
	FROM events_now WHERE asset_id = asset
$$;
CREATE FUNCTION shown_events(answer jsonb) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(ROW (e ->> 'event_id', CAST(e ->> 'timestamp' AS timestamptz) AT TIME ZONE 'UTC', e -> 'context')::text ORDER BY n), '{}')
	FROM jsonb_array_elements(answer -> 'history') WITH ORDINALITY AS h (e, n)
$$;
-- by_offset and by_cursor read a whole timeline by pages, by_row by rows.
CREATE FUNCTION by_offset(asset text, page int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	events text[] := '{}';
BEGIN
	LOOP
		answer := asset_reuse_history(asset, 'acme', page, cardinality(events));
		events := events || shown_events(answer);
		EXIT WHEN NOT CAST(answer ->> 'has_more' AS boolean);
	END LOOP;
	RETURN CASE WHEN CAST(answer ->> 'total' AS int) = cardinality(events) THEN events END;
END
$$;
CREATE FUNCTION by_cursor(asset text, page int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	events text[] := '{}';
	place text;
BEGIN
	LOOP
		answer := asset_reuse_history(asset, 'acme', page, 0, place);
		events := events || shown_events(answer);
		place := answer ->> 'next_cursor';
		EXIT WHEN place IS NULL;
	END LOOP;
	RETURN events;
END
$$;
CREATE FUNCTION by_row(asset text) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(ROW (event_id, reused_at AT TIME ZONE 'UTC', coalesce(context, 'null'))::text ORDER BY n), '{}')
	FROM (SELECT *, row_number() OVER () AS n FROM asset_reuse_events('acme', asset)) AS e
$$;
CREATE TABLE differences (step int, operation text, what text);
CREATE PROCEDURE compare(step int, operation text) LANGUAGE plpgsql AS $$
DECLARE
	page int := 1 + floor(random() * 5);
	start timestamptz := base_time() + floor(random() * 30) * interval '1 microsecond';
BEGIN
	DELETE FROM events_now;
	INSERT INTO events_now SELECT * FROM plain_events();
	INSERT INTO differences
	SELECT step, operation, how || ' of ' || id
	FROM campaign_assets AS a,
		LATERAL (VALUES ('by_offset', by_offset(id, page)), ('by_cursor', by_cursor(id, page)), ('by_row', by_row(id))) AS h (how, events)
	WHERE tenant_id = 'acme' AND events IS DISTINCT FROM plain_history(id);

	INSERT INTO differences
	SELECT step, operation, format('%s: %s for %s', how, answered, expected)
	FROM (VALUES
		('analytics', CAST(asset_reuse_analytics('acme', NULL, start, 'infinity') #>> '{overview,total_reuses}' AS bigint),
		 (SELECT count(*) FROM events_now WHERE at >= start AT TIME ZONE 'UTC')),
		('events', (SELECT count(*) FROM asset_reuse_events('acme')), (SELECT count(*) FROM events_now)),
		('events since', (SELECT count(*) FROM asset_reuse_events('acme', NULL, start)),
		 (SELECT count(*) FROM events_now WHERE at >= start AT TIME ZONE 'UTC')),
		('timeline', (SELECT coalesce(sum(reuses), 0) FROM asset_reuse_timeline('acme', 'month', end_date => '3000-01-01Z')),
		 (SELECT count(*) FROM events_now WHERE at IS NOT NULL)),
		('where_used', (SELECT coalesce(sum(reuses), 0) FROM asset_reuse_where_used('acme', reused_in_type => 'email', reused_in_id => 'letter')),
		 (SELECT count(*) FROM events_now WHERE context @> '{"reused_in_type": "email", "reused_in_id": "letter"}')),
		('where_used of a campaign', (SELECT coalesce(sum(reuses), 0) FROM asset_reuse_where_used('acme', 'winter')),
		 (SELECT count(*) FROM events_now WHERE context @> '{"reused_in_type": "campaign_space", "reused_in_id": "winter"}')),
		('unused', (SELECT count(*) FROM asset_reuse_unused('acme')),
		 (SELECT count(*) FROM campaign_assets WHERE coalesce(reused_count, 0) = 0 AND id NOT IN (SELECT asset_id FROM events_now)))
	) AS answers (how, answered, expected)
	WHERE answered <> expected;
END
$$;

--
-- The operations
--

-- some_event is one that other software could write; its time is near to that of others, and ahead of the clock.
CREATE FUNCTION some_event() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT CASE floor(random() * 14)
		WHEN 0 THEN to_jsonb(random())
		WHEN 1 THEN jsonb_build_object('context', jsonb_build_object('r', random()))
		WHEN 2 THEN jsonb_build_object('timestamp', 'soon', 'context', jsonb_build_object('r', random()))
		WHEN 3 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD'), 'context', random())
		WHEN 4 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'))
		WHEN 5 THEN jsonb_build_object('timestamp', to_char(t + interval '2 hours', 'YYYY-MM-DD HH24:MI:SS.US+02:00'), 'context', random())
		WHEN 6 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', random(), 'by', 'another')
		-- two of these can be equal, in shape and time
		WHEN 7 THEN jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context',
			'{"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": null}'::jsonb)
		WHEN 8 THEN to_jsonb(floor(random() * 2))
		ELSE jsonb_build_object('timestamp', to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'context', jsonb_build_object('r', random(), 'reused_in_type', 'email', 'reused_in_id', 'letter')) END
	FROM (SELECT base_time() AT TIME ZONE 'UTC' + floor(random() * 8) * interval '1 microsecond'
		+ CASE WHEN random() < 0.1 THEN interval '-1 month' WHEN random() < 0.05 THEN interval '900 years' ELSE '0' END
		OFFSET 0) AS time (t)
$$;
-- marks_of are the marks of undone events that an asset's document has, the newest first.
CREATE FUNCTION marks_of(asset text) RETURNS SETOF jsonb LANGUAGE sql AS $$
	SELECT m FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_undone') WITH ORDINALITY AS u (m, n)
	WHERE id = asset ORDER BY n DESC
$$;
-- last_of is an asset's last_reused_at.
CREATE FUNCTION last_of(asset text) RETURNS timestamp LANGUAGE sql AS $$
	SELECT CAST(CAST(last_reused_at AS text) AS timestamptz) AT TIME ZONE 'UTC' FROM campaign_assets WHERE id = asset
$$;
-- checked_track tracks, and says what is wrong, if anything is.
CREATE FUNCTION checked_track(asset text, key text DEFAULT NULL, place_type text DEFAULT NULL, place_id text DEFAULT 'winter') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	before text[] := stored();
	clock timestamp := clock_timestamp() AT TIME ZONE 'UTC';
	-- what is more than a day ahead does not count
	latest timestamp := (SELECT max(at)
		FROM (SELECT at FROM plain_events() WHERE asset_id = asset UNION ALL SELECT time_of(m) FROM marks_of(asset) AS m) AS times (at)
		WHERE at <= clock + interval '1 day');
	last timestamp := (SELECT l FROM last_of(asset) AS l WHERE l <= clock + interval '1 day');
	event jsonb := asset_reuse_track(asset, 'acme', (ARRAY['summer', 'fall', NULL])[1 + floor(random() * 3)]::text,
		place_type, place_id, reuse_context => jsonb_build_object('r', random()), reuse_key => key) -> 'event';
	at timestamp := CAST(event ->> 'timestamp' AS timestamptz) AT TIME ZONE 'UTC';
	after text[] := stored();
	added text[] := ARRAY(SELECT unnest(after) EXCEPT ALL SELECT unnest(before));
BEGIN
	RETURN concat_ws(', ',
		CASE WHEN cardinality(after) <> cardinality(before) + 1 OR added <> ARRAY[ROW (asset, event ->> 'event_id',
			jsonb_build_object('timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', event -> 'context'))::text]
			THEN 'not the one event more' END,
		CASE WHEN event ->> 'event_id' <> event_id_of(at, 0) THEN 'another id' END,
		CASE WHEN to_regclass('campaign_asset_reuse_history') IS NOT NULL
			AND EXISTS (SELECT FROM campaign_assets WHERE id = asset AND platform_metadata ? 'reuse_history' AND platform_metadata -> 'reuse_history' <> '[]')
			THEN 'a log left' END,
		CASE WHEN at <= latest THEN 'not the latest event' END,
		CASE WHEN NOT (at BETWEEN clock AND clock_timestamp() AT TIME ZONE 'UTC')
			AND at <> coalesce(greatest(latest, last), '-infinity') + interval '1 microsecond'
			-- last_reused_at may be that of an event which others have rounded or taken away
			AND at <> coalesce(latest, '-infinity') + interval '1 microsecond' THEN 'another time' END);
END
$$;
-- places_of_key are the places of an asset's events that have a key or, if none has, of its newest mark that does.
CREATE FUNCTION places_of_key(asset text, key text) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(
		(SELECT array_agg(concat(context ->> 'reused_in_type', '/', context ->> 'reused_in_id')) FROM plain_events()
		 WHERE asset_id = asset AND context ->> 'reuse_key' = key),
		(SELECT ARRAY[concat(m ->> 'reused_in_type', '/', m ->> 'reused_in_id')] FROM marks_of(asset) AS m WHERE m ->> 'reuse_key' = key LIMIT 1))
$$;
-- checked_key tracks with a key, as checked_track does.  One that is there stores nothing; of more events with it, which
-- others have made, any may answer.
CREATE FUNCTION checked_key(asset text, key text, place_type text, place_id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text[] := stored();
	ids text[] := ARRAY(SELECT event_id_of(at, seq) FROM plain_events() WHERE asset_id = asset AND context ->> 'reuse_key' = key);
	places text[] := places_of_key(asset, key);
	place text := concat(place_type, '/', place_id);
	answer jsonb;
BEGIN
	IF places IS NULL THEN
		RETURN checked_track(asset, key, place_type, place_id);
	END IF;
	BEGIN
		answer := asset_reuse_track(asset, 'acme', NULL, place_type, place_id, reuse_key => key);
	EXCEPTION WHEN unique_violation THEN
	END;
	RETURN concat_ws(', ',
		CASE WHEN stored() <> before THEN 'other events' END,
		CASE WHEN answer IS NULL AND place = ALL (places) THEN 'refused' END,
		CASE WHEN answer IS NOT NULL AND place <> ALL (places) THEN 'another place' END,
		CASE WHEN answer -> 'replayed' <> 'true' THEN 'not replayed' END,
		CASE WHEN coalesce(CAST(answer ->> 'undone' AS boolean), false) <> (ids = '{}') AND answer IS NOT NULL THEN 'undone or not' END,
		CASE WHEN ids <> '{}' AND answer #>> '{event,event_id}' <> ALL (ids) THEN 'another event' END);
END
$$;
-- checked_undo undoes one of the asset's events, twice.
CREATE FUNCTION checked_undo(asset text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	event plain_event := (SELECT e FROM plain_events() AS e WHERE asset_id = asset ORDER BY random() LIMIT 1);
	id text := event_id_of(event.at, event.seq);
	key text := CASE WHEN random() < 0.5 THEN event.context ->> 'reuse_key' END;
	horizon timestamp := clock_timestamp() AT TIME ZONE 'UTC' + interval '1 day';
	rounds boolean := (SELECT atttypmod = 3 FROM pg_attribute WHERE attrelid = 'campaign_assets'::regclass AND attname = 'last_reused_at');
	before text[] := stored();
	counted bigint := (SELECT coalesce(reused_count, 0) FROM campaign_assets WHERE campaign_assets.id = asset);
	known timestamp := last_of(asset);
	latest timestamp := (SELECT max(e.at) FROM plain_events() AS e WHERE e.asset_id = asset AND e IS DISTINCT FROM event AND e.at <= horizon);
	expected timestamp := CASE WHEN event.at > horizon OR event.at < latest THEN known
		WHEN known > event.at AND known <= horizon AND NOT (rounds AND known = CAST(event.at AS timestamp(3))) THEN known
		WHEN rounds THEN CAST(latest AS timestamp(3)) ELSE latest END;
	answer jsonb;
	after text[];
BEGIN
	IF event IS NULL OR (SELECT count(*) FROM plain_events() WHERE asset_id = asset AND context ->> 'reuse_key' = key) > 1 THEN
		RETURN NULL;
	END IF;
	BEGIN
		answer := asset_reuse_undo(asset, 'acme', CASE WHEN key IS NULL THEN id END, key);
	EXCEPTION WHEN cardinality_violation THEN
		RETURN concat_ws(', ',
			CASE WHEN event.at IS NOT NULL AND (SELECT count(*) FROM plain_events() WHERE asset_id = asset AND at = event.at) = 1 THEN 'refused' END,
			CASE WHEN stored() <> before THEN 'other events' END);
	END;
	after := stored();
	RETURN concat_ws(', ',
		CASE WHEN cardinality(after) <> cardinality(before) - 1
			OR ARRAY(SELECT unnest(before) EXCEPT ALL SELECT unnest(after)) <> ARRAY[ROW (asset, id, event.element)::text] THEN 'not the one event less' END,
		CASE WHEN answer -> 'event' ->> 'event_id' <> id OR coalesce(nullif(answer -> 'event' -> 'context', 'null'), 'null') <> event.context THEN 'another answer' END,
		CASE WHEN (SELECT reused_count FROM campaign_assets WHERE campaign_assets.id = asset) <> greatest(counted - 1, 0) THEN 'another count' END,
		CASE WHEN last_of(asset) IS DISTINCT FROM expected THEN 'another last_reused_at' END,
		CASE WHEN (SELECT m ->> 'event_id' FROM marks_of(asset) AS m LIMIT 1) IS DISTINCT FROM id THEN 'no mark' END,
		CASE WHEN asset_reuse_undo(asset, 'acme', CASE WHEN key IS NULL THEN id END, key) -> 'replayed' <> 'true' OR stored() <> after THEN 'undone again' END);
END
$$;
-- checked_many tracks all assets, and one that is not there.
CREATE FUNCTION checked_many(key text, place_type text, place_id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text[] := stored();
	place text := concat(place_type, '/', place_id);
	taken boolean := EXISTS (SELECT FROM campaign_assets WHERE place <> ALL (places_of_key(id, key)));
	-- either may answer
	doubtful boolean := EXISTS (SELECT FROM campaign_assets WHERE cardinality(places_of_key(id, key)) > 1);
	replayed text[] := ARRAY(SELECT id FROM campaign_assets WHERE places_of_key(id, key) IS NOT NULL ORDER BY id);
	answer jsonb;
BEGIN
	BEGIN
		answer := asset_reuse_track_many('{line,none,hero,line,clip}', 'acme', NULL, place_type, place_id, reuse_key => key, on_missing => 'skip');
	EXCEPTION WHEN unique_violation THEN
		RETURN concat_ws(', ', CASE WHEN NOT (taken OR doubtful) THEN 'refused' END, CASE WHEN stored() <> before THEN 'other events' END);
	END;
	RETURN concat_ws(', ',
		CASE WHEN taken THEN 'another place' END,
		CASE WHEN (answer ->> 'requested', answer ->> 'tracked', answer ->> 'missing') <> ('4', CAST(3 - cardinality(replayed) AS text), '["none"]') THEN 'other numbers' END,
		CASE WHEN replayed <> ARRAY(SELECT a ->> 'id' FROM jsonb_array_elements(answer -> 'assets') AS a WHERE a ->> 'status' = 'replayed' ORDER BY 1)
			THEN 'others replayed' END,
		CASE WHEN ARRAY(SELECT unnest(before) EXCEPT ALL SELECT unnest(stored())) <> '{}'
			OR cardinality(stored()) <> cardinality(before) + 3 - cardinality(replayed) THEN 'other events' END,
		CASE WHEN EXISTS (SELECT FROM jsonb_array_elements(answer -> 'assets') AS a WHERE a ->> 'status' = 'tracked'
			AND NOT EXISTS (SELECT FROM plain_events() WHERE asset_id = a ->> 'id' AND event_id_of(at, seq) = a ->> 'event_id'
				AND concat(context ->> 'reused_in_type', '/', context ->> 'reused_in_id') = place)) THEN 'another event' END);
END
$$;
-- checked_import imports events with keys, some of them used before, for all assets, twice.
CREATE FUNCTION checked_import() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text[] := stored();
	counted int := (SELECT sum(reused_count) FROM campaign_assets);
	events jsonb := (SELECT jsonb_agg(jsonb_build_object('asset_id', a.id, 'key', floor(random() * 9), 'reused_in_type', 'email', 'reused_in_id', 'imported',
			'timestamp', to_char(timestamp '2026-01-01' + floor(random() * 5) * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS')))
		FROM campaign_assets AS a, generate_series(1, 2));
	is_new int := (SELECT count(DISTINCT (e ->> 'asset_id', e ->> 'key')) FROM jsonb_array_elements(events) AS e
		WHERE places_of_key(e ->> 'asset_id', 'file:' || (e ->> 'key')) IS NULL);
	answer jsonb := asset_reuse_import('acme', events, 'file');
	after text[] := stored();
BEGIN
	RETURN concat_ws(', ',
		CASE WHEN (answer ->> 'imported', answer ->> 'replayed') <> (is_new::text, (jsonb_array_length(events) - is_new)::text) THEN 'other numbers' END,
		CASE WHEN ARRAY(SELECT unnest(before) EXCEPT ALL SELECT unnest(after)) <> '{}' OR cardinality(after) <> cardinality(before) + is_new THEN 'other events' END,
		CASE WHEN (SELECT sum(reused_count) FROM campaign_assets) <> counted + is_new THEN 'another count' END,
		CASE WHEN asset_reuse_import('acme', events, 'file') -> 'imported' <> '0' OR stored() <> after THEN 'imported again' END);
END
$$;
-- checked_sync syncs a campaign with a list, twice.
CREATE FUNCTION checked_sync(campaign text, list text[], remove boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text[] := stored();
	there text[] := ARRAY(SELECT DISTINCT asset_id FROM plain_events()
		WHERE context @> jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', campaign));
	made text[] := ARRAY(SELECT CAST(id AS text) FROM campaign_assets WHERE campaign_space_id = campaign);
	added text[] := ARRAY(SELECT a FROM unnest(list) AS a WHERE a <> ALL (there || made) ORDER BY a);
	extra text[] := ARRAY(SELECT a FROM unnest(there) AS a WHERE a <> ALL (list || made) ORDER BY a);
	-- what a sync takes away
	gone text[] := ARRAY(SELECT ROW (asset_id, event_id_of(at, seq), element)::text FROM plain_events() WHERE remove AND asset_id = ANY (extra)
		AND context @> jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', campaign) ORDER BY 1);
	twins boolean := EXISTS (SELECT FROM plain_events() WHERE remove AND asset_id = ANY (extra) GROUP BY asset_id, at HAVING (count(*) > 1 OR at IS NULL)
		AND bool_or(context @> jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', campaign)));
	answer jsonb;
	again jsonb;
	after text[];
BEGIN
	BEGIN
		answer := asset_reuse_sync(campaign, 'acme', list, remove);
	EXCEPTION WHEN cardinality_violation THEN
		RETURN concat_ws(', ', CASE WHEN NOT twins THEN 'refused' END, CASE WHEN stored() <> before THEN 'other events' END);
	END;
	after := stored();
	again := asset_reuse_sync(campaign, 'acme', list, remove);
	RETURN concat_ws(', ',
		CASE WHEN twins THEN 'not refused' END,
		CASE WHEN (ARRAY(SELECT jsonb_array_elements_text(answer -> 'added') ORDER BY 1), ARRAY(SELECT jsonb_array_elements_text(answer -> 'extra') ORDER BY 1),
			ARRAY(SELECT jsonb_array_elements_text(answer -> 'removed') ORDER BY 1)) <> (added, extra, CASE WHEN remove THEN extra ELSE '{}' END) THEN 'another answer' END,
		CASE WHEN ARRAY(SELECT e FROM unnest(before) AS e EXCEPT ALL SELECT unnest(after) ORDER BY e) <> gone
			OR cardinality(after) <> cardinality(before) - cardinality(gone) + cardinality(added) THEN 'other events' END,
		CASE WHEN again -> 'added' <> '[]' OR again -> 'removed' <> '[]' OR stored() <> after THEN 'synced again' END);
END
$$;
CREATE PROCEDURE operate(operation text, asset text, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
	has_table boolean := to_regclass('campaign_asset_reuse_history') IS NOT NULL;
	before text[];
	key text := 'k' || floor(random() * 5);
	place_type text := CASE WHEN random() < 0.9 THEN 'campaign_space' ELSE 'email' END;
BEGIN
	CASE operation
	WHEN 'track' THEN
		wrong := checked_track(asset);
	WHEN 'key' THEN
		wrong := checked_key(asset, key, place_type, 'winter');
	WHEN 'undo' THEN
		wrong := checked_undo(asset);
	WHEN 'many' THEN
		wrong := checked_many(CASE WHEN random() < 0.7 THEN key END, place_type, 'winter');
	WHEN 'import' THEN
		wrong := checked_import();
	WHEN 'sync' THEN
		wrong := checked_sync((ARRAY['winter', 'fall'])[1 + floor(random() * 2)], (ARRAY['hero', 'line', 'clip'])[1:1 + floor(random() * 2)::int], random() < 0.3);
	WHEN 'append' THEN
		UPDATE campaign_assets SET platform_metadata = jsonb_set(coalesce(platform_metadata, '{}'), '{reuse_history}',
			coalesce(platform_metadata -> 'reuse_history', '[]') || jsonb_build_array(some_event())) WHERE id = asset;
	WHEN 'shuffle' THEN
		UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}',
			(SELECT coalesce(jsonb_agg(e ORDER BY random()), '[]')
			 FROM jsonb_array_elements(platform_metadata -> 'reuse_history') AS e WHERE random() < 0.7))
		WHERE id = asset AND platform_metadata ? 'reuse_history';
	WHEN 'move' THEN
		before := stored();
		IF NOT has_table THEN
			PERFORM asset_reuse_create_history_table(CASE WHEN random() < 0.3 THEN 'month' END);
		ELSIF random() < 0.6 THEN
			CALL asset_reuse_migrate_history(1 + CAST(floor(random() * 3) AS int));
		ELSE
			before := stored(ranked => true);
			PERFORM asset_reuse_drop_history_table();
		END IF;
		wrong := CASE WHEN stored() <> before THEN 'other events' END;
	WHEN 'save' THEN
		-- as it was at some time
		UPDATE campaign_assets SET platform_metadata = (SELECT document FROM old_documents WHERE id = asset ORDER BY random() LIMIT 1)
		WHERE id = asset AND EXISTS (SELECT FROM old_documents WHERE id = asset);
	WHEN 'row' THEN
		IF has_table AND random() < 0.3 THEN
			DELETE FROM campaign_asset_reuse_history WHERE asset_id = asset AND random() < 0.3;
		ELSIF has_table THEN
			INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, context)
			VALUES ('acme', asset, CASE WHEN random() < 0.2 THEN '-infinity' ELSE base_time() AT TIME ZONE 'UTC' + floor(random() * 8) * interval '1 microsecond' END,
				floor(random() * 4), 'email', CASE WHEN random() < 0.5 THEN 'letter' END, CASE WHEN random() < 0.5 THEN jsonb_build_object('r', random()) END)
			ON CONFLICT DO NOTHING;
		END IF;
	END CASE;
END
$$;
-- old_documents are some that there were, for writers who save them again.
CREATE TABLE old_documents (id text, document jsonb);
CREATE TABLE operations_done (operation text, wrong text);
-- what_was_done tells of the operations since the last time, and ends them in documents.
CREATE FUNCTION what_was_done(OUT steps int, OUT operations text, OUT wrong text, OUT different text) LANGUAGE plpgsql AS $$
BEGIN
	IF to_regclass('campaign_asset_reuse_history') IS NOT NULL THEN
		PERFORM asset_reuse_drop_history_table();
	END IF;
	SELECT count(*), string_agg(DISTINCT o.operation, ', '), string_agg(DISTINCT o.operation || ': ' || o.wrong, '; ')
	INTO steps, operations, wrong FROM operations_done AS o;
	SELECT string_agg(DISTINCT what, '; ') INTO different FROM differences;
	TRUNCATE operations_done, differences;
END
$$;
CREATE PROCEDURE run(steps int) LANGUAGE plpgsql AS $$
DECLARE
	operation text;
	asset text;
	wrong text;
BEGIN
	FOR step IN 1..steps LOOP
		operation := (ARRAY['track', 'track', 'track', 'append', 'append', 'shuffle', 'move', 'move', 'row', 'save',
			'key', 'key', 'undo', 'undo', 'many', 'sync', 'import'])[1 + floor(random() * 17)];
		asset := (ARRAY['hero', 'line', 'clip'])[1 + floor(random() * 3)];
		CALL operate(operation, asset, wrong);
		INSERT INTO operations_done VALUES (operation, nullif(wrong, ''));
		INSERT INTO old_documents SELECT id, platform_metadata FROM campaign_assets WHERE id = asset AND random() < 0.2;
		CALL compare(step, operation || ' ' || asset);
		COMMIT;
	END LOOP;
END
$$;

DELETE FROM campaign_assets WHERE id NOT IN ('hero', 'line', 'clip');
SELECT setseed(0.2026);

-- Nothing is wrong, and nothing differs, whatever the type of last_reused_at.
CALL run(200);
SELECT * FROM what_was_done();
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamptz;
CALL run(200);
SELECT * FROM what_was_done();
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp(3);
CALL run(200);
SELECT * FROM what_was_done();

--
-- The comparison can fail
--

-- Rows that the functions do not know of: each of them differs; a log that is taken away as it is written: the track is wrong.
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
ALTER TABLE campaign_asset_reuse_history DISABLE ROW LEVEL SECURITY;	-- or else the calls would know that there is one
SET asset_reuse.history_table = 'another_table';
CALL compare(1, 'none');
RESET asset_reuse.history_table;
ALTER TABLE campaign_asset_reuse_history ENABLE ROW LEVEL SECURITY;
SELECT DISTINCT regexp_replace(what, ':.*', '') AS different FROM differences ORDER BY 1;
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
CREATE FUNCTION keep_document() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.platform_metadata := OLD.platform_metadata; RETURN NEW; END $$;
CREATE TRIGGER keep_document BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION keep_document();
-- What is in its place is the last event of the log, which need not be the latest.
SELECT replace(checked_track('hero'), ', not the latest event', '') AS wrong;

SET client_min_messages = warning;
DROP SCHEMA regress_random_operations CASCADE;
