--
-- Events that happened elsewhere: a file that is imported twice counts once, wherever events live.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_import;
SET search_path = regress_import, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'Asia/Kolkata';
SET DateStyle = 'ISO';
SET client_min_messages = warning;

--
-- One run of steps, in each place.
--
CREATE TABLE said (run text, step int, statement text, said text);

-- state is the asset's: its count, last_reused_at, its events, oldest first, and its marks.
CREATE FUNCTION state(asset text) RETURNS text LANGUAGE sql AS $$
	SELECT format('count %s, last %s', a.reused_count, a.last_reused_at) || coalesce((
		SELECT string_agg(format(E'\n  %s %s %s/%s/%s %s', e.reused_at AT TIME ZONE 'UTC', coalesce(e.context ->> 'reuse_key', 'no key'),
			e.reused_in_type, e.reused_in_id, coalesce(e.reused_in_name, '-'),
			CASE jsonb_typeof(e.context) WHEN 'object' THEN e.context - '{reuse_key,reused_in_type,reused_in_id,reused_in_name}'::text[]
				ELSE e.context END), '' ORDER BY e.reused_at, e.event_id)
		FROM asset_reuse_events('acme', asset) AS e), '')
		|| coalesce(E'\n  undone ' || (a.platform_metadata -> 'reuse_undone' #>> '{}'), '')
	FROM campaign_assets AS a WHERE a.id = asset
$$;

CREATE PROCEDURE say(name text, statement text) LANGUAGE plpgsql AS $$
DECLARE
	result text;
	detail text;
	field text;
BEGIN
	BEGIN
		IF statement LIKE 'ALTER%' THEN
			EXECUTE statement;
		ELSE
			EXECUTE statement INTO result;
		END IF;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, field = COLUMN_NAME;
		result := SQLSTATE || ': ' || SQLERRM || coalesce(E'\n  ' || nullif(detail, ''), '') || coalesce(E'\n  column ' || nullif(field, ''), '');
	END;
	INSERT INTO said SELECT name, 1 + count(*), say.statement, result FROM said WHERE run = name;
END
$$;

-- file is what another system has exported: two events of hero without keys, one of clip with a number as its key.
CREATE FUNCTION file() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb '[
		{"asset_id": "hero", "timestamp": "2026-01-05T10:00:00+02:00", "campaign_space_id": "summer", "context": {"placement": "story"}},
		{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": 7, "campaign_space_id": "fall", "reused_in_name": "As it was called"},
		{"asset_id": "hero", "timestamp": "2026-01-04", "reused_in_type": "email", "reused_in_id": 2024, "key": null, "context": null}]'
$$;

CREATE PROCEDURE steps(run text) LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	IF run IN ('table', 'by month') THEN
		PERFORM asset_reuse_create_history_table(CASE run WHEN 'by month' THEN 'month' END);
	END IF;
	CALL say(run, $s$SELECT asset_reuse_import('acme', file(), 'crm', dry_run => true)$s$);
	CALL say(run, $s$SELECT state('hero')$s$);
	CALL say(run, $s$SELECT asset_reuse_import('acme', file(), 'crm')$s$);
	IF run = 'half' THEN
		PERFORM asset_reuse_create_history_table();
		-- one asset's events are moved by what follows, the other's are not
		CALL say(run, $s$SELECT asset_reuse_import('acme', file() #- '{1}', 'crm')$s$);
	ELSE
		CALL say(run, $s$SELECT asset_reuse_import('acme', file() #- '{1}', 'crm')$s$);
	END IF;
	FOREACH statement IN ARRAY ARRAY[
		$s$SELECT state('hero')$s$,
		-- again, also tried out; from another source it is something else
		$s$SELECT asset_reuse_import('acme', file(), 'crm', dry_run => true)$s$,
		$s$SELECT asset_reuse_import('acme', file(), 'crm')$s$,
		$s$SELECT asset_reuse_import('acme', file(), 'shop', dry_run => true)$s$,
		$s$SELECT state('clip')$s$,
		-- what stands for the key is the md5 of the event's own texts
		$s$SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'crm:' || md5(jsonb_build_array('hero', '2026-01-05T10:00:00+02:00', 'campaign_space', 'summer')::text)) ->> 'message'$s$,
		$s$SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'crm:' || md5(jsonb_build_array('hero', '2026-01-04', 'email', '2024')::text)) ->> 'message'$s$,
		$s$SELECT state('hero')$s$,
		-- undone events stay so
		$s$SELECT asset_reuse_import('acme', file(), 'crm')$s$,
		-- their times stay taken, and one that is taken moves on until it is free; in the order of the times
		$s$SELECT asset_reuse_import('acme', '[
			{"asset_id": "hero", "timestamp": "2026-01-04T00:00:00.000001Z", "key": "b", "reused_in_id": "x"},
			{"asset_id": "hero", "timestamp": "2026-01-03T23:59:59.9999996Z", "key": "a", "reused_in_id": "x"},
			{"asset_id": "hero", "timestamp": "2026-01-05T08:00:00Z", "key": "d", "reused_in_id": "x"},
			{"asset_id": "hero", "timestamp": "2026-01-04T24:00Z", "key": "c", "reused_in_id": "x"}]', 'crm')$s$,
		$s$SELECT state('hero')$s$,
		$s$SELECT asset_reuse_import('acme', '[
			{"asset_id": "hero", "timestamp": "2026-01-04T00:00:00Z", "key": "e", "reused_in_id": "x"},
			{"asset_id": "hero", "timestamp": "2026-01-04T00:00:00Z", "key": "f", "reused_in_id": "x"},
			{"asset_id": "hero", "timestamp": "2026-01-04T00:00:00.000003Z", "key": "g", "reused_in_id": "x"}]', 'crm')$s$,
		$s$SELECT state('hero')$s$,
		-- a tracked event comes after all of them; a key of track's and a key of ours are one
		$s$SELECT asset_reuse_track('line', 'acme', 'summer', reuse_key => 'crm:t') -> 'asset' -> 'reused_count'$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "line", "timestamp": "2026-01-04", "key": "t", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-06", "key": "u", "campaign_space_id": "summer"}]', 'crm')$s$,
		$s$SELECT asset_reuse_track('line', 'acme', 'summer', reuse_key => 'crm:u') -> 'replayed'$s$,
		-- last_reused_at stays where it is later
		$s$SELECT reused_count || ', ' || (last_reused_at > now() AT TIME ZONE 'UTC' - interval '1 hour') FROM campaign_assets WHERE id = 'line'$s$,
		-- the same key with another place: with what is stored, within the call, with a mark
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "new", "campaign_space_id": "fall"},
			{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "7", "campaign_space_id": "summer"}]', 'crm')$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "7", "campaign_space_id": "summer"},
			{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "7", "reused_in_type": "email", "reused_in_id": "fall"},
			{"asset_id": "clip", "timestamp": "2026-02-03T10:00:00", "key": "7", "reused_in_id": "fall"},
			{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "twice", "campaign_space_id": "fall"},
			{"asset_id": "clip", "timestamp": "2026-02-03T10:00:00", "key": "twice", "campaign_space_id": "fall", "context": {"lost": true}},
			{"asset_id": "clip", "timestamp": "2026-02-03T10:00:00", "key": "twice", "campaign_space_id": "winter"}]', 'crm', 'skip')$s$,
		$s$SELECT state('clip')$s$,
		$s$SELECT asset_reuse_undo('clip', 'acme', reuse_key => 'crm:twice') ->> 'message'$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2026-01-03T10:00:00", "key": "twice", "campaign_space_id": "fall"},
			{"asset_id": "clip", "timestamp": "2026-02-03T10:00:00", "key": "twice", "campaign_space_id": "winter"}]', 'crm', 'skip')$s$,
		-- campaigns: deleted, of another tenant, never there; a key that is one outlives them
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2025-01-01", "campaign_space_id": "old"},
			{"asset_id": "clip", "timestamp": "2025-01-02", "campaign_space_id": "rival"},
			{"asset_id": "clip", "timestamp": "2025-01-03", "campaign_space_id": 17},
			{"asset_id": "clip", "timestamp": "2025-01-04", "campaign_space_id": "winter", "reused_in_id": "w", "reused_in_type": "flyer"},
			{"asset_id": "clip", "timestamp": "2025-01-05", "campaign_space_id": "winter", "reused_in_name": "",
				"context": {"reused_in_id": "lost", "reused_in_name": "lost", "note": [1, {"a": null}]}}]', 'crm')$s$,
		$s$SELECT state('clip')$s$,
		$s$UPDATE campaign_spaces SET deleted_at = now() WHERE id = 'winter' RETURNING 'the campaign is deleted'$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2025-01-05", "campaign_space_id": "winter"}]', 'crm')$s$,
		$s$UPDATE campaign_spaces SET deleted_at = NULL WHERE id = 'winter' RETURNING 'and is back'$s$,
		-- assets: absent, deleted, another tenant's are alike; the first failure is raised, and nothing stored
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-03-01", "reused_in_id": "x"},
			{"asset_id": "secret", "timestamp": "2026-03-01", "reused_in_id": "x"}, {"asset_id": "never", "timestamp": "2026-03-01", "reused_in_id": "x"},
			{"asset_id": "gone", "timestamp": "2026-03-01", "reused_in_id": "x"}, {"asset_id": "hero"}]', 'crm', 'skip')$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-03-02", "reused_in_id": "x"},
			{"asset_id": "secret", "timestamp": "2026-03-01", "reused_in_id": "x"}, {"asset_id": "hero"}]', 'crm')$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-03-02", "reused_in_id": "x"},
			{"asset_id": "hero"}, {"asset_id": "secret", "timestamp": "2026-03-01", "reused_in_id": "x"}]', 'crm')$s$,
		$s$SELECT state('hero')$s$,
		$s$SELECT asset_reuse_import('acme', '[]', 'crm')$s$,
		-- an application's constraint refuses one asset
		$s$ALTER TABLE campaign_assets ADD CONSTRAINT reuse_limit CHECK (id <> 'line' OR reused_count <= 3) $s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "line", "timestamp": "2026-01-04", "key": "t", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "summer"},
			{"asset_id": "clip", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "fall"},
			{"asset_id": "line", "timestamp": "2026-01-08", "key": "w", "campaign_space_id": "summer"}]', 'crm', 'skip')$s$,
		$s$SELECT split_part(split_part(error_of($e$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2026-01-09", "key": "x", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-04", "key": "t", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "z", "campaign_space_id": "summer"},
			{"asset_id": "line", "timestamp": "2026-01-07", "key": "t", "campaign_space_id": "fall"}]', 'crm')$e$), '(', 1), 'TABLE', 1)$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "line", "timestamp": "2026-01-07", "key": "v", "campaign_space_id": "summer"}]', 'crm', 'skip')$s$,
		$s$ALTER TABLE campaign_assets DROP CONSTRAINT reuse_limit$s$,
		$s$SELECT reused_count || ' ' || jsonb_array_length(asset_reuse_history('line', 'acme') -> 'history') FROM campaign_assets WHERE id = 'line'$s$,
		-- last_reused_at: an absurd one does not count, the events that are there do
		$s$UPDATE campaign_assets SET last_reused_at = 'infinity' WHERE id = 'clip' RETURNING last_reused_at$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2024-01-07", "reused_in_id": "x"}]', 'crm')$s$,
		$s$SELECT state('clip')$s$,
		$s$UPDATE campaign_assets SET last_reused_at = '2026-02-02', updated_at = '2020-01-01' WHERE id = 'clip' RETURNING last_reused_at$s$,
		$s$SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2024-01-08", "reused_in_id": "x"}]', 'crm')$s$,
		$s$SELECT last_reused_at || ' ' || (updated_at > now() AT TIME ZONE 'UTC' - interval '1 hour') FROM campaign_assets WHERE id = 'clip'$s$
	] LOOP
		CALL say(run, statement);
	END LOOP;
END
$$;

CREATE PROCEDURE run(name text) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE campaign_assets SET reused_count = NULL, last_reused_at = NULL, platform_metadata = '{"keep": 1, "zoom": 1.50}';
	CALL steps(name);
END
$$;
CALL run('documents');
SELECT statement || E'\n  ' || coalesce(said, '-') FROM said WHERE run = 'documents' ORDER BY step;
-- The rest of the document stays, and the events are as track writes them.
SELECT platform_metadata - 'reuse_history', platform_metadata -> 'reuse_history' -> 0 FROM campaign_assets WHERE id = 'clip';

CALL run('table');
SELECT platform_metadata FROM campaign_assets WHERE id = 'clip';
SELECT count(*), count(original), count(DISTINCT (asset_id, reused_at)), max(seq) FROM campaign_asset_reuse_history;
DROP TABLE campaign_asset_reuse_history;
CALL run('half');
DROP TABLE campaign_asset_reuse_history;
CALL run('by month');
DROP TABLE campaign_asset_reuse_history;
-- The same in every place: nothing differs.
SELECT other.run, d.statement, d.said, other.said
FROM said AS d JOIN said AS other USING (step)
WHERE d.run = 'documents' AND (other.said, other.statement) IS DISTINCT FROM (d.said, d.statement);
SELECT run, count(*) FROM said GROUP BY run ORDER BY run;

--
-- Tried out while events are in the documents, with a table beside them: nothing moves, nor is anything stored.
--
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}';
SELECT asset_reuse_import('acme', file(), 'crm');
SELECT asset_reuse_create_history_table();
CREATE TEMPORARY TABLE before AS SELECT tables_checksum();
SELECT asset_reuse_import('acme', file() || '[{"asset_id": "hero", "timestamp": "2026-01-04", "key": "n", "reused_in_id": "x"},
	{"asset_id": "clip", "timestamp": "2026-01-04", "key": 7, "reused_in_id": "x"}, {"asset_id": "none", "timestamp": "2026-01-04", "reused_in_id": "x"}]',
	'crm', 'skip', true);
SELECT tables_checksum = tables_checksum(), (SELECT count(*) FROM campaign_asset_reuse_history) FROM before;
SELECT asset_reuse_import('acme', file() || '[{"asset_id": "clip", "timestamp": "2026-01-04", "key": 7, "reused_in_id": "x"}]', 'crm', dry_run => true);
SELECT asset_reuse_drop_history_table();

--
-- What others write: events without times or of one time, marks that are none, documents that can have no log.
--
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [5, null, {"context": {"reuse_key": "s:k", "reused_in_type": "email", "reused_in_id": 3}},
	{"timestamp": "2026-01-01T03:00:00.000001", "context": {}}, {"timestamp": "2026-01-01T03:00:00", "context": {}}, {"timestamp": "2026-01-01 03:00+00", "context": {}}],
	"reuse_undone": [7, {"timestamp": "2026-01-01T03:00:00.000002"}, {"timestamp": true, "reuse_key": "s:u", "reused_in_id": "x", "reused_in_type": "y"},
		{"reuse_key": "s:u", "reused_in_id": "x", "reused_in_type": "email"}]}' WHERE id = 'hero';
UPDATE campaign_assets SET platform_metadata = '[]' WHERE id = 'clip';
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": 5}' WHERE id = 'line';
CREATE PROCEDURE foreign_steps(run text) LANGUAGE plpgsql AS $$
DECLARE
	events text := $e$'[{"asset_id": "clip", "timestamp": "2026-01-01", "reused_in_id": "x"}, {"asset_id": "line", "timestamp": "2026-01-01", "reused_in_id": "x"},
		{"asset_id": "hero", "timestamp": "2026-01-01T03:00", "key": "k", "reused_in_type": "email", "reused_in_id": "3"},
		{"asset_id": "hero", "timestamp": "2026-01-01T03:00", "key": "u", "reused_in_type": "email", "reused_in_id": "x"},
		{"asset_id": "hero", "timestamp": "2026-01-01T03:00", "key": "n", "reused_in_type": "email", "reused_in_id": "x"}, {"asset_id": "clip"}]'$e$;
BEGIN
	CALL say(run, format($s$SELECT asset_reuse_import('acme', %s, 's', 'skip')$s$, events));
	CALL say(run, format($s$SELECT asset_reuse_import('acme', %s #- '{1}', 's')$s$, events));
	CALL say(run, format($s$SELECT asset_reuse_import('acme', %s #- '{0}', 's')$s$, events));
	CALL say(run, $s$SELECT state('hero')$s$);
END
$$;
CREATE TEMPORARY TABLE foreign_documents AS SELECT * FROM campaign_assets;
CALL foreign_steps('foreign');
SELECT said FROM said WHERE run = 'foreign' ORDER BY step;
UPDATE campaign_assets AS a SET platform_metadata = f.platform_metadata, reused_count = f.reused_count, last_reused_at = f.last_reused_at
FROM foreign_documents AS f WHERE f.id = a.id;
SELECT asset_reuse_create_history_table();
CALL foreign_steps('foreign in table');
SELECT d.said, other.said FROM said AS d JOIN said AS other USING (step)
WHERE d.run = 'foreign' AND other.run = 'foreign in table' AND other.said IS DISTINCT FROM d.said;
SELECT count(*) FROM said WHERE run = 'foreign in table';

-- A trigger that keeps an asset's events out of the table, or its count from being updated.
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{}' WHERE id IN ('clip', 'line');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER refuse BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW WHEN (NEW.asset_id = 'clip') EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (NEW.id = 'line') EXECUTE FUNCTION refuse();
SELECT asset_reuse_import('acme', '[{"asset_id": "clip", "timestamp": "2026-01-01", "reused_in_id": "x"}, {"asset_id": "line", "timestamp": "2026-01-01", "reused_in_id": "x"},
	{"asset_id": "hero", "timestamp": "2026-02-01", "reused_in_id": "x"}]', 'triggers', 'skip');
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY asset_id;
SELECT error_of($$SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-02-02", "reused_in_id": "x"}, {"asset_id": "clip", "timestamp": "2026-01-01", "reused_in_id": "x"}]', 'triggers')$$);
DROP TRIGGER refuse ON campaign_assets;
DROP TRIGGER refuse ON campaign_asset_reuse_history;

-- What cancels a call, or asks for another try of the transaction, is no asset's failure.
CREATE FUNCTION raise_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = TG_ARGV[0]; END $$;
CREATE TRIGGER state BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION raise_state('40001');
SELECT error_of($$SELECT asset_reuse_import('acme', file(), 'triggers', 'skip')$$);
SELECT error_of($$SELECT asset_reuse_import('acme', file(), 'triggers')$$);
DROP TRIGGER state ON campaign_assets;
CREATE TRIGGER state BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION raise_state('57014');
SELECT error_of($$SELECT asset_reuse_import('acme', file(), 'triggers', 'skip')$$);
DROP TRIGGER state ON campaign_assets;
-- Nor is that the tenant is kept closed, as examples/move_tenant does it: the call is to be repeated at the tenant's new place.
CREATE TRIGGER state AFTER UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION raise_state('55006');
SELECT error_of($$SELECT asset_reuse_import('acme', file(), 'triggers', 'skip')$$);
DROP TRIGGER state ON campaign_assets;
CREATE TRIGGER state BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION raise_state('P0001');
SELECT asset_reuse_import('acme', file(), 'triggers', 'skip');
DROP TRIGGER state ON campaign_assets;

--
-- Many events of one time, again and again: each finds a time of its own, in both places.
--
CREATE FUNCTION burst(source text, n int, at text DEFAULT '2026-02-01T12:00:00Z') RETURNS jsonb LANGUAGE sql AS $$
	SELECT asset_reuse_import('acme', (SELECT jsonb_agg(jsonb_build_object('asset_id', 'line', 'timestamp', at, 'key', i, 'reused_in_id', 'x'))
		FROM generate_series(1, n) AS i), source) - '{success,dry_run}'::text[]
$$;
CREATE FUNCTION line_times() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', count(*), count(DISTINCT reused_at), min(reused_at) AT TIME ZONE 'UTC', max(reused_at) AT TIME ZONE 'UTC')
	FROM asset_reuse_events('acme', 'line')
$$;
SELECT burst('one', 3000), burst('two', 3), burst('three', 2, '2026-02-01T12:00:00.001Z'), burst('four', 1, '2026-02-01T11:59:59.999999Z');
SELECT line_times();
SELECT asset_reuse_drop_history_table();
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{}' WHERE id = 'line';
SELECT burst('one', 3000), burst('two', 3), burst('three', 2, '2026-02-01T12:00:00.001Z'), burst('four', 1, '2026-02-01T11:59:59.999999Z');
SELECT line_times();

--
-- What an event can be
--
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}';
\set VERBOSITY default
CREATE FUNCTION failure(event jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((answer -> 'failed' -> 0 ->> 'sqlstate') || ' ' || (answer -> 'failed' -> 0 ->> 'message'), 'imported ' || (answer ->> 'imported'))
	FROM asset_reuse_import('acme', jsonb_build_array(event), 'kinds', 'skip', true) AS answer
$$;
SELECT event, failure('{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_id": "x"}' || event) FROM unnest(ARRAY[
	'{}', '{"asset_id": null}', '{"asset_id": ""}', '{"asset_id": true}', '{"asset_id": ["hero"]}', '{"asset_id": 5}', '{"asset_id": 1e130}',
	'{"key": ""}', '{"key": 1.50}', '{"key": {}}', '{"Key": "a misspelled key"}', '{"reuse_key": "track''s name"}', '{"tenant_id": "globex"}',
	'{"reused_in_id": null}', '{"reused_in_id": ""}', '{"reused_in_id": null, "reused_in_type": "email"}', '{"reused_in_id": null, "campaign_space_id": ""}',
	'{"reused_in_type": ""}', '{"reused_in_type": 1}', '{"reused_in_type": null}', '{"reused_in_name": 1}', '{"reused_in_name": ""}',
	'{"context": []}', '{"context": "{}"}', '{"context": {}}', '{"context": {"reuse_key": null}}', '{"context": {"at_reuse": 1}}',
	'{"timestamp": null}', '{"timestamp": ""}', '{"timestamp": 1767225600}', '{"timestamp": "yesterday"}', '{"timestamp": "now"}', '{"timestamp": "2026-02-30"}',
	'{"timestamp": "2026-01-01T10:00:00.123456789Z"}', '{"timestamp": "2026-01-01 10:00:00,5-0730"}', '{"timestamp": "20260101T100000Z"}',
	'{"timestamp": "0001-01-01T00:00:00Z"}', '{"timestamp": "0001-01-01T00:00:00+01:00"}', '{"timestamp": "0000-01-01"}', '{"timestamp": "-0044-03-15T12:00:00Z"}',
	'{"timestamp": "+12026-01-01"}', '{"timestamp": "12026-01-01T00:00:00Z"}', '{"timestamp": "12026-13-01"}', '{"timestamp": "+2026-01-01"}',
	'{"timestamp": "9999-12-31T23:59:59.9999999Z"}', '{"timestamp": "9999-12-31"}']::jsonb[]) AS event;
SELECT failure(event) FROM unnest('{5,null,[],"\"hero\""}'::jsonb[]) AS event;
-- An hour ahead of the clock, and behind it, whatever the zone.
SELECT failure(jsonb_build_object('asset_id', 'hero', 'reused_in_id', 'x', 'timestamp', to_char(now() + ahead, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM')))
FROM unnest('{1 hour,-1 hour}'::interval[]) AS ahead;
-- The longest key, and a byte more; with the source.
SELECT failure(jsonb_build_object('asset_id', 'hero', 'timestamp', '2026-01-01', 'reused_in_id', 'x', 'key', repeat('k', n))) FROM unnest('{249,250}'::int[]) AS n;
SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_id": "x"}]', repeat('s', n), 'skip') FROM unnest('{222,223}'::int[]) AS n;
-- Texts cannot run into each other: these are four events.
SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_type": "a", "reused_in_id": "b, c"},
	{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_type": "a, b", "reused_in_id": "c"},
	{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_type": "a\", \"b", "reused_in_id": "c"},
	{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_type": "a", "reused_in_id": null}]', 'text');

--
-- Arguments
--
SELECT asset_reuse_import(NULL, '[]', 's');
SELECT asset_reuse_import('acme', NULL, 's');
SELECT asset_reuse_import('acme', '[]', NULL);
SELECT asset_reuse_import('acme', '[]', '');
SELECT error_of($$SELECT asset_reuse_import('acme', '[]', 'crm:eu')$$);
SELECT asset_reuse_import('acme', '{}', 's');
SELECT asset_reuse_import('acme', '"[]"', 's');
SELECT asset_reuse_import('acme', (SELECT jsonb_agg(i) FROM generate_series(1, 10001) AS i), 's');
SELECT asset_reuse_import('acme', '[]', 's', 'ignore');
SELECT asset_reuse_import('acme', '[]', 's', NULL, NULL);
SELECT asset_reuse_import('acme', (SELECT jsonb_agg(i) FROM generate_series(1, 10000) AS i), 's', 'skip') -> 'failed' -> 9999;

--
-- Types: uuids in any spelling, a column that pads, one that does not tell upper case from lower, times that are rounded.
--
SELECT asset_reuse_import('aaaaaaaa-0000-4000-8000-000000000001'::uuid, '[{"asset_id": "bbbbbbbb-0000-4000-8000-000000000001", "timestamp": "2026-01-01",
	"campaign_space_id": "cccccccc-0000-4000-8000-000000000001"}]', 's');
CREATE SCHEMA uuids;
SET search_path = uuids, regress_import, public;
CREATE TABLE campaign_spaces (id uuid PRIMARY KEY, tenant_id uuid, campaign_name text);
CREATE TABLE campaign_assets (id uuid PRIMARY KEY, tenant_id uuid, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamptz(0), platform_metadata jsonb, deleted_at timestamptz);
INSERT INTO campaign_spaces VALUES ('cccccccc-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'Typed');
INSERT INTO campaign_assets VALUES ('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'Typed');
CREATE VIEW answered AS
SELECT asset_reuse_import('aaaaaaaa-0000-4000-8000-000000000001'::uuid, '[
	{"asset_id": "BBBBBBBB-0000-4000-8000-000000000001", "timestamp": "2026-01-01T00:00:00.600Z", "key": "a", "campaign_space_id": "CCCCCCCC-0000-4000-8000-000000000001"},
	{"asset_id": "{bbbbbbbb-0000-4000-8000-000000000001}", "timestamp": "2026-01-01", "key": "a", "reused_in_id": "cccccccc-0000-4000-8000-000000000001"},
	{"asset_id": "bbbbbbbb-0000-4000-8000-000000000001", "timestamp": "2026-01-01", "key": "b", "reused_in_id": "CCCCCCCC00004000-8000000000000001"},
	{"asset_id": "bbbbbbbb-0000-4000-8000-000000000001", "timestamp": "2026-01-01", "reused_in_type": "email", "reused_in_id": "CCCCCCCC00004000-8000000000000001"},
	{"asset_id": "bbbbbbbb-0000-4000-8000-000000000001", "timestamp": "2026-01-01", "campaign_space_id": "no uuid"},
	{"asset_id": "no uuid", "timestamp": "2026-01-01", "reused_in_id": "x"},
	{"asset_id": "bbbbbbbb-0000-4000-8000-00000000000a", "timestamp": "2026-01-01", "reused_in_id": "x"},
	{"asset_id": "BBBBBBBB-0000-4000-8000-00000000000A", "timestamp": "2026-01-01", "reused_in_id": "x"}]', 's', 'skip');
SELECT * FROM answered;
SELECT platform_metadata, last_reused_at AT TIME ZONE 'UTC' FROM campaign_assets;
SELECT asset_reuse_create_history_table();
SELECT * FROM answered;
SELECT reused_in_id, original IS NULL FROM campaign_asset_reuse_history ORDER BY reused_at;
UPDATE campaign_assets SET reused_count = NULL, last_reused_at = NULL;
DELETE FROM campaign_asset_reuse_history;
SELECT * FROM answered;
SELECT reused_in_id, original IS NULL FROM campaign_asset_reuse_history ORDER BY reused_at;
SELECT asset_reuse_drop_history_table();
SELECT platform_metadata, last_reused_at AT TIME ZONE 'UTC' FROM campaign_assets;
DROP VIEW answered;
DROP TABLE campaign_assets, campaign_spaces;

CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE campaign_spaces (id text COLLATE any_case PRIMARY KEY, tenant_id char(8), campaign_name text);
CREATE TABLE campaign_assets (id text COLLATE any_case PRIMARY KEY, tenant_id char(8), asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
INSERT INTO campaign_spaces VALUES ('Summer', 'acme', 'Summer Sale');
INSERT INTO campaign_assets VALUES ('Hero', 'acme', 'Hero'), ('clip', 'acme', 'Clip');
SELECT asset_reuse_import('acme', '[{"asset_id": "HERO", "timestamp": "2026-01-01", "key": 1, "campaign_space_id": "SUMMER"},
	{"asset_id": "clip", "timestamp": "2026-01-01", "key": 1, "campaign_space_id": "Summer"},
	{"asset_id": "hero", "timestamp": "2026-01-01", "key": 1, "campaign_space_id": "summer"},
	{"asset_id": "Hero", "timestamp": "2026-01-01", "key": 2, "campaign_space_id": "winter"}]', 's');
SELECT id, platform_metadata FROM campaign_assets ORDER BY id;
DROP TABLE campaign_assets, campaign_spaces;
-- Ids that are not unique, which takes others: no asset is updated twice.
CREATE TABLE campaign_assets (id char(8), tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
INSERT INTO campaign_assets VALUES ('hero', 'acme', 'Hero'), ('hero', 'acme', 'Hero again'), ('clip', 'acme', 'Clip');
SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01", "reused_in_id": "x"}, {"asset_id": "clip ", "timestamp": "2026-01-01", "reused_in_id": "x"},
	{"asset_id": "clip", "timestamp": "2026-01-01", "reused_in_id": "y"}]', 's', 'skip');
SELECT id, reused_count FROM campaign_assets ORDER BY id;
SELECT asset_reuse_track_many('{clip,hero}', 'acme', reused_in_type => 'email');
SELECT asset_reuse_sync('summer', 'acme', '{clip,hero}');
UPDATE campaign_assets SET reused_count = CASE asset_name WHEN 'Hero' THEN 0 ELSE 5 END,
	platform_metadata = CASE asset_name WHEN 'Hero' THEN '{"reuse_history": [{"timestamp": "2026-01-01"}]}'::jsonb END WHERE id = 'hero';
CALL asset_reuse_repair('acme');
SELECT id, reused_count FROM campaign_assets ORDER BY id, reused_count;
DROP SCHEMA uuids CASCADE;
SET search_path = regress_import, public;

--
-- An asset that the caller cannot see, or cannot update, is not found; also where nothing would be stored.
--
CREATE ROLE regress_importer;
GRANT USAGE ON SCHEMA regress_import TO regress_importer;
GRANT SELECT, UPDATE ON campaign_assets TO regress_importer;
GRANT SELECT ON campaign_spaces TO regress_importer;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON campaign_assets FOR SELECT USING (id <> 'line');
CREATE POLICY changed ON campaign_assets FOR UPDATE USING (id <> 'clip');
SET ROLE regress_importer;
SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-05-01", "reused_in_id": "x"}, {"asset_id": "clip", "timestamp": "2026-05-01", "reused_in_id": "x"},
	{"asset_id": "line", "timestamp": "2026-05-01", "reused_in_id": "x"}]', 's', 'skip', dry_run) FROM unnest('{true,false}'::boolean[]) AS dry_run;
RESET ROLE;
DROP OWNED BY regress_importer;
DROP ROLE regress_importer;
\set ECHO none
DROP SCHEMA regress_import CASCADE;
