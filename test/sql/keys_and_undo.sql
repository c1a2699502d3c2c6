--
-- A reuse that is repeated by its key counts once, and one that is undone is gone: wherever
-- events live.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_keys;
SET search_path = regress_keys, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET client_min_messages = warning;

--
-- One run of steps, in each place.  What a step has to say names events by the order in which
-- they were first seen, so that the runs can be compared.
--
CREATE TABLE said (run text, step int GENERATED ALWAYS AS IDENTITY, statement text, said text);
CREATE TABLE seen (event_id text PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY);

CREATE FUNCTION number_of(id text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO seen (event_id) SELECT id WHERE id IS NOT NULL AND id NOT IN (SELECT event_id FROM seen);
	RETURN coalesce((SELECT 'e' || number FROM seen WHERE event_id = id), 'none');
END
$$;

-- answered is what an answer says, in short.
CREATE FUNCTION answered(answer jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(', ', 'event ' || number_of(answer -> 'event' ->> 'event_id'),
		CASE WHEN (answer ->> 'replayed')::boolean THEN 'replayed' END,
		CASE WHEN (answer ->> 'undone')::boolean THEN 'undone' END,
		answer -> 'event' ->> 'reused_in_id', answer -> 'event' -> 'context' ->> 'note', answer ->> 'message')
$$;

-- state is the asset's: its count, its events, oldest first, its marks, and which event last_reused_at is of.
CREATE FUNCTION state(asset text) RETURNS text LANGUAGE sql AS $$
	SELECT format('count %s, events %s, marks %s, last %s', a.reused_count,
		(SELECT coalesce(string_agg(number_of(event_id), ' ' ORDER BY ord DESC), '-') FROM (
			SELECT e ->> 'event_id' AS event_id, ord FROM jsonb_array_elements(
				asset_reuse_history(asset, 'acme', 100) -> 'history') WITH ORDINALITY AS e (e, ord)) AS e),
		(SELECT coalesce(string_agg(number_of(m ->> 'event_id') || coalesce('=' || (m ->> 'reuse_key'), ''), ' ' ORDER BY ord), '-')
			FROM jsonb_array_elements(a.platform_metadata -> 'reuse_undone') WITH ORDINALITY AS m (m, ord)),
		coalesce((SELECT number_of(e.event_id) FROM asset_reuse_events('acme', asset) AS e
			WHERE e.reused_at = a.last_reused_at AT TIME ZONE 'UTC'), 'of none'))
	FROM campaign_assets AS a WHERE a.id = asset
$$;

CREATE PROCEDURE say(run text, statement text) LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE statement INTO result;
	EXCEPTION WHEN OTHERS THEN
		result := SQLSTATE || ': ' || SQLERRM;
	END;
	INSERT INTO said (run, statement, said) VALUES (run, statement, result);
END
$$;

CREATE PROCEDURE steps(run text) LANGUAGE plpgsql AS $$
DECLARE
	track text := $s$SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'k1'))$s$;
	statement text;
BEGIN
	IF run IN ('table', 'by month') THEN
		PERFORM asset_reuse_create_history_table(CASE run WHEN 'by month' THEN 'month' END);
	END IF;
	CALL say(run, track);
	CALL say(run, $s$SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"note": "plain"}'))$s$);
	IF run = 'half' THEN
		PERFORM asset_reuse_create_history_table();
		-- this moves the log
		CALL say(run, $s$SELECT answered(asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'may'))$s$);
	ELSE
		CALL say(run, $s$SELECT answered(asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'may'))$s$);
	END IF;
	FOREACH statement IN ARRAY ARRAY[
		-- repeated: the stored event, however the place is said
		track,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', reused_in_id => 'summer', reuse_context => '{"note": "other"}', reuse_key => 'k1'))$s$,
		-- another place, the same place with another type
		$s$SELECT answered(asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'summer', reuse_key => 'k1'))$s$,
		-- of another asset it is another key, and tenants do not meet
		$s$SELECT answered(asset_reuse_track('clip', 'acme', 'fall', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_track('hero', 'globex', 'summer', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_track('secret', 'globex', 'rival', reuse_key => 'k1'))$s$,
		-- the asset is asked for first, then the key, then the campaign
		$s$SELECT answered(asset_reuse_track('gone', 'acme', 'never was', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', 'never was', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', 'never was', reuse_key => 'k2'))$s$,
		$s$UPDATE campaign_spaces SET deleted_at = now() WHERE id = 'summer' RETURNING 'the campaign is deleted'$s$,
		track,
		$s$UPDATE campaign_spaces SET deleted_at = NULL WHERE id = 'summer' RETURNING 'and is back'$s$,
		$s$SELECT state('hero')$s$,
		-- undone in the middle, by its id; again
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', (SELECT event_id FROM seen WHERE number = 2)))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', event_id => (SELECT event_id FROM seen WHERE number = 2)))$s$,
		$s$SELECT state('hero')$s$,
		-- the newest: last_reused_at is what is left
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', (SELECT event_id FROM seen WHERE number = 3)))$s$,
		$s$SELECT state('hero')$s$,
		-- the only one left, by its key; a late retry of it, with its place and with another
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'k1'))$s$,
		$s$SELECT state('hero')$s$,
		track,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k1'))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'k1'))$s$,
		$s$SELECT state('hero')$s$,
		-- a new event comes after all that were undone, also if their times are ahead of the clock
		$s$UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_undone,0,timestamp}',
			to_jsonb(to_char(now() + '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'))) WHERE id = 'hero' RETURNING 'a mark is ahead'$s$,
		$s$SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'k3'))$s$,
		$s$SELECT last_reused_at > now() + '59 minutes' FROM campaign_assets WHERE id = 'hero'$s$,
		-- events that never were, of other assets, of other tenants
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', 'nonsense'))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', '1-0'))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', (SELECT event_id FROM seen WHERE number = 4)))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'k0'))$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'globex', reuse_key => 'k3'))$s$,
		$s$SELECT answered(asset_reuse_undo('gone', 'acme', reuse_key => 'k3'))$s$,
		-- a count below the events, and one above them
		$s$UPDATE campaign_assets SET reused_count = 0 WHERE id = 'hero' RETURNING 'count is 0'$s$,
		$s$SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'k3'))$s$,
		$s$UPDATE campaign_assets SET reused_count = 10 WHERE id = 'clip' RETURNING 'count is 10'$s$,
		$s$SELECT answered(asset_reuse_undo('clip', 'acme', reuse_key => 'k1'))$s$,
		$s$SELECT state('hero')$s$,
		$s$SELECT state('clip')$s$
	] LOOP
		CALL say(run, statement);
	END LOOP;
END
$$;

CREATE PROCEDURE run(name text) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{"keep": 1}';
	TRUNCATE seen RESTART IDENTITY;
	CALL steps(name);
END
$$;
CALL run('documents');
SELECT statement || E'\n  ' || said FROM said WHERE run = 'documents' ORDER BY step;
-- Marks are beside the log, which other software reads; the rest of the document stays.
SELECT mask_times(platform_metadata) FROM campaign_assets WHERE id = 'clip';

CALL run('table');
-- The marks are in the document, and no event is.
SELECT mask_times(platform_metadata) FROM campaign_assets WHERE id = 'clip';
SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'hero';
DROP TABLE campaign_asset_reuse_history;
CALL run('half');
DROP TABLE campaign_asset_reuse_history;
CALL run('by month');
DROP TABLE campaign_asset_reuse_history;
-- The same in every place: nothing differs.
SELECT other.run, d.statement, d.said, other.said
FROM (SELECT *, row_number() OVER (PARTITION BY run ORDER BY step) AS n FROM said) AS d
JOIN (SELECT *, row_number() OVER (PARTITION BY run ORDER BY step) AS n FROM said) AS other ON other.n = d.n
WHERE d.run = 'documents' AND (other.said, other.statement) IS DISTINCT FROM (d.said, d.statement);
SELECT run, count(*) FROM said GROUP BY run ORDER BY run;

--
-- A key is found after its event has moved, and after it has moved back.
--
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}';
TRUNCATE seen RESTART IDENTITY;
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'mine'));
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'yours'));
SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'yours'));
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT reuse_key FROM campaign_asset_reuse_history;
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'mine'));
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'yours'));
SELECT asset_reuse_drop_history_table();
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'mine'));
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'yours'));
SELECT state('hero');

--
-- Twice in one transaction, and after a rollback.
--
BEGIN;
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'tx'));
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'tx'));
ROLLBACK;
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'tx'));

--
-- What others write: a key counts only as a string in the context of an event; a mark can be
-- anything, and never lowers a count.
--
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [
	{"timestamp": "2026-01-01T01:00:00.000000", "context": {"reuse_key": 7}},
	{"timestamp": "2026-01-01T02:00:00.000000", "reuse_key": "outside", "context": {}},
	"a string with inside", {"context": {"reuse_key": "without a time", "reused_in_type": "email"}},
	{"timestamp": "2026-01-01T03:00:00.000000", "context": {"reuse_key": "twin", "reused_in_type": "email"}},
	{"timestamp": "2026-01-01T03:00:00.000000", "context": {"other": "twin"}},
	{"timestamp": "2026-01-01T02:30:00.000000", "context": {"reuse_key": "late", "reused_in_type": "email"}}],
	"reuse_undone": [5, {"reuse_key": "forged", "reused_in_type": "email", "reused_in_id": "x"}, {"event_id": "12-0"}, {"timestamp": 3}]}',
	reused_count = 7, last_reused_at = '2026-01-01 03:00' WHERE id = 'hero';
CREATE TEMPORARY TABLE foreign_document AS SELECT * FROM campaign_assets WHERE id = 'hero';
CREATE PROCEDURE foreign_keys() LANGUAGE plpgsql AS $$
DECLARE
	key text;
BEGIN
	FOREACH key IN ARRAY '{7,outside,inside,without a time,twin,late,forged}'::text[] LOOP
		CALL say('foreign', format($s$SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => %L))$s$, key));
	END LOOP;
	CALL say('foreign', $s$SELECT answered(asset_reuse_undo('hero', 'acme', '12-0'))$s$);
	CALL say('foreign', $s$SELECT answered(asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'x', reuse_key => 'forged'))$s$);
	-- an event without a time, by its id
	CALL say('foreign', $s$SELECT answered(asset_reuse_undo('hero', 'acme', (SELECT event_id FROM asset_reuse_events('acme', 'hero') WHERE reused_at IS NULL LIMIT 1)))$s$);
	CALL say('foreign', $s$SELECT format('%s, %s events, last %s', reused_count, (SELECT count(*) FROM asset_reuse_events('acme', 'hero')), last_reused_at) FROM campaign_assets WHERE id = 'hero'$s$);
END
$$;
CALL foreign_keys();
SELECT said FROM said WHERE run = 'foreign' ORDER BY step;
UPDATE campaign_assets AS a SET platform_metadata = f.platform_metadata, reused_count = f.reused_count, last_reused_at = f.last_reused_at
FROM foreign_document AS f WHERE f.id = a.id;
UPDATE said SET run = 'foreign document' WHERE run = 'foreign';
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CALL foreign_keys();
SELECT said FROM said WHERE run = 'foreign' EXCEPT SELECT said FROM said WHERE run = 'foreign document';
SELECT count(*) FROM said WHERE run = 'foreign';
SELECT asset_reuse_drop_history_table();

-- Marks that are no array are none, and are replaced.
UPDATE campaign_assets SET platform_metadata = '{"reuse_undone": {"reuse_key": "a"}}', reused_count = 0, last_reused_at = NULL WHERE id = 'hero';
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'a'));
SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'a'));
SELECT platform_metadata -> 'reuse_undone' -> 0 ->> 'reuse_key', jsonb_array_length(platform_metadata -> 'reuse_undone') FROM campaign_assets WHERE id = 'hero';

-- The newest 100 marks are kept.
SELECT count(asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'm' || n)), count(asset_reuse_undo('hero', 'acme', reuse_key => 'm' || n))
FROM generate_series(1, 105) AS n;
SELECT jsonb_array_length(m), m -> 0 ->> 'reuse_key', m -> 99 ->> 'reuse_key'
FROM (SELECT platform_metadata -> 'reuse_undone' FROM campaign_assets WHERE id = 'hero') AS x (m);

-- Where last_reused_at rounds, up or down, the event is the latest all the same; a later one of others' stays.
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp(0);
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [
	{"timestamp": "2026-01-01T01:00:00.400000", "context": {}}, {"timestamp": "2026-01-01T02:00:00.600000", "context": {"reuse_key": "up"}}]}',
	reused_count = 2, last_reused_at = '2026-01-01 02:00:00.6' WHERE id = 'hero';
SELECT answered(asset_reuse_undo('hero', 'acme', reuse_key => 'up'));
SELECT last_reused_at FROM campaign_assets WHERE id = 'hero';
UPDATE campaign_assets SET last_reused_at = '2026-02-01' WHERE id = 'hero';
SELECT answered(asset_reuse_undo('hero', 'acme', asset_reuse_history('hero', 'acme') -> 'history' -> 0 ->> 'event_id'));
SELECT last_reused_at, reused_count FROM campaign_assets WHERE id = 'hero';
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp;

--
-- Arguments
--
\set VERBOSITY default
SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_key => '');
SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_key => repeat('k', 256));
SELECT answered(asset_reuse_track('hero', 'acme', 'summer', reuse_key => repeat('k', 255)));
SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"reuse_key": "k"}');
SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"at_reuse": {}}');
SELECT asset_reuse_undo('hero', 'acme');
SELECT asset_reuse_undo('hero', 'acme', '1-0', 'k');
SELECT asset_reuse_undo(NULL, 'acme', '1-0');
SELECT asset_reuse_undo('hero', NULL, '1-0');
SELECT asset_reuse_undo('hero', 'acme', '');
SELECT error_of($$SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k0')$$);
SELECT answered(asset_reuse_track('clip', 'acme', 'fall', reuse_key => 'once'));
DO $$
DECLARE
	field text;
BEGIN
	PERFORM asset_reuse_track('clip', 'acme', 'summer', reuse_key => 'once');
EXCEPTION WHEN unique_violation THEN
	GET STACKED DIAGNOSTICS field = COLUMN_NAME;
	RAISE WARNING '% %: column %', SQLSTATE, SQLERRM, field;
END
$$;

-- The mark with the latest time is kept as well, since that time is taken: of events ahead of the clock, too, the latest
-- of which is undone first.
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, reused_count, platform_metadata)
SELECT 'ahead', tenant_id, campaign_space_id, user_id, 'Ahead', asset_type, 1, jsonb_build_object('reuse_history', jsonb_build_array(jsonb_build_object(
	'timestamp', to_char(now() AT TIME ZONE 'UTC' + interval '12 hours', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', '{}'::jsonb)))
FROM campaign_assets WHERE id = 'hero';
CREATE TABLE ahead AS SELECT n, asset_reuse_track('ahead', 'acme', NULL, 'email', 'e' || n) #>> '{event,event_id}' AS id FROM generate_series(1, 101) AS n;
DO $$ BEGIN PERFORM asset_reuse_undo('ahead', 'acme', id) FROM (SELECT id FROM ahead ORDER BY n = 101 DESC, n) AS e; END $$;
SELECT jsonb_array_length(platform_metadata -> 'reuse_undone') AS marks FROM campaign_assets WHERE id = 'ahead';
SELECT asset_reuse_track('ahead', 'acme', NULL, 'email', 'new') #>> '{event,event_id}' = id AS the_same FROM ahead WHERE n = 101;
SELECT asset_reuse_undo('ahead', 'acme', id) -> 'replayed' AS replayed FROM ahead WHERE n = 101;
DROP TABLE ahead;
DELETE FROM campaign_assets WHERE id = 'ahead';

-- uuids, typed; a campaign's id in another spelling is the same place.
SELECT e -> 'event_id' = lag(e -> 'event_id') OVER () AS same FROM (
	SELECT asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001',
		(SELECT id::uuid FROM campaign_spaces WHERE tenant_id LIKE 'aaaaaaaa%'), reuse_key => 'u') -> 'event' AS e
	FROM generate_series(1, 2)) AS twice;
SELECT asset_reuse_undo('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001', reuse_key => 'u') ->> 'message';
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_campaign_space_id_fkey;
ALTER TABLE campaign_spaces ALTER id TYPE uuid USING CASE WHEN id ~ '^.{36}$' THEN id::uuid
	WHEN id = 'fall' THEN 'cccccccc-0000-4000-8000-0000000000ff' ELSE gen_random_uuid() END;
SELECT answered(asset_reuse_track('line', 'acme', 'CCCCCCCC-0000-4000-8000-0000000000FF', reuse_key => 'u'));
SELECT answered(asset_reuse_track('line', 'acme', '{cccccccc-0000-4000-8000-0000000000ff}', reuse_key => 'u'));
SELECT answered(asset_reuse_track('line', 'acme', reused_in_id => 'CCCCCCCC0000400080000000000000ff', reuse_key => 'u'));

SET client_min_messages = warning;
DROP SCHEMA regress_keys CASCADE;
