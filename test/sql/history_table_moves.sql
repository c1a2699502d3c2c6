--
-- The way of events to the history table and back: logs of every strange shape are moved
-- by track and by the migration, shown alike in the documents, in the table and in some
-- of each, and given back by the drop.  What a writer brings back of an old document is
-- neither shown nor counted twice.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_history_moves;
SET search_path = regress_history_moves, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET TimeZone = 'Asia/Kolkata';

-- Events that other software could have written, by time, those without one first.
CREATE TABLE shapes (n serial PRIMARY KEY, element jsonb);
INSERT INTO shapes (element) VALUES
	('null'), ('true'), ('false'), ('0'), ('-1.50'), ('1e400'), ('1.5'), ('""'), ('"text"'), ('[]'), ('[1, [2.0, {"a": null}]]'), ('{}'),
	('{"timestamp": null}'), ('{"timestamp": 7}'), ('{"timestamp": ""}'), ('{"timestamp": "soon"}'), ('{"timestamp": "infinity"}'),
	('{"timestamp": "2026-02-30"}'), ('{"timestamp": {"at": "2026-01-01"}}'), ('{"context": {"reused_in_type": "email"}}'),
	('{"note": "no time", "context": {"reused_in_type": "campaign_space", "reused_in_id": "fall", "reused_in_name": "Fall"}}'),
	('{"timestamp": "0001-01-01"}'),
	('{"timestamp": "2025-12-31T23:59:59.999999", "context": {"reused_in_type": null, "reused_in_id": null, "reused_in_name": null}}'),
	('{"timestamp": "2026-01-01", "context": {}}'),
	('{"timestamp": "2026-01-01T00:00:00", "context": null}'),
	('{"timestamp": "2026-01-01T00:00:00.000000"}'),
	('{"timestamp": "2026-01-01T00:00:00.000000", "context": null}'),
	('{"timestamp": "2026-01-01T00:00:00.000000", "context": {}}'),
	('{"timestamp": "2026-01-01T00:00:00.000000", "context": []}'),
	('{"timestamp": "2026-01-01T00:00:00.000000", "context": "text"}'),
	('{"timestamp": "2026-01-01T00:00:00.000000", "context": 1.50}'),
	('{"timestamp": "2026-01-01T05:30:00+05:30", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'),
	('{"timestamp": "2026-01-01 00:00:00.000000Z", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'),
	-- our own, twice, and with a key more or less
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter"}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}, "by": "x"}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "n": 1.0}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "n": 1.00}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "reuse_key": "k"}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "reuse_key": ""}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "reuse_key": null}}'),
	('{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L", "reuse_key": 7}}'),
	('{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": 1, "reused_in_id": 5, "reused_in_name": true}}'),
	('{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": "1", "reused_in_id": "5", "reused_in_name": "true"}}'),
	('{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": ["email"], "reused_in_id": {"id": 1}, "reused_in_name": []}}'),
	('{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "", "reused_in_name": ""}}'),
	('{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "summer", "reused_in_name": "S", "é": "ü", "": {"reused_in_id": "x"}}}'),
	('{"timestamp": "9999-12-31T23:59:59.999999", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'),
	('{"timestamp": "9999-12-31T23:59:59.999999-01:00"}');
INSERT INTO shapes (element)
	SELECT jsonb_build_object('timestamp', '9999-12-31T23:59:59.999999-02:00', 'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_name', NULL,
		'reused_in_id', repeat('i', 9000), 'reuse_key', repeat('k', length), 'text', repeat('t', 100000))) FROM unnest(ARRAY[255, 256]) AS length;

-- all_events are those that the functions tell of hero, by pages of both kinds and as rows, newest first.
CREATE TABLE told (state text, how text, n bigint, event jsonb);
CREATE PROCEDURE tell(state text) LANGUAGE plpgsql AS $$
DECLARE
	page jsonb;
	place text;
	at int := 0;
BEGIN
	LOOP
		page := asset_reuse_history('hero', 'acme', 7, at);
		INSERT INTO told SELECT tell.state, 'offset', at + n, e FROM jsonb_array_elements(page -> 'history') WITH ORDINALITY AS h (e, n);
		at := at + 7;
		EXIT WHEN NOT (page -> 'has_more')::boolean;
	END LOOP;
	INSERT INTO told VALUES (tell.state, 'total', 0, page -> 'total');
	at := 0;
	LOOP
		page := asset_reuse_history('hero', 'acme', 1, 0, place);
		INSERT INTO told SELECT tell.state, 'cursor', at + n, e FROM jsonb_array_elements(page -> 'history') WITH ORDINALITY AS h (e, n);
		at := at + 1;
		place := page ->> 'next_cursor';
		EXIT WHEN place IS NULL;
	END LOOP;
	INSERT INTO told SELECT tell.state, 'events', row_number() OVER (), to_jsonb(e) FROM asset_reuse_events('acme', 'hero') AS e;
	INSERT INTO told SELECT tell.state, 'events in range', row_number() OVER (), to_jsonb(e)
		FROM asset_reuse_events('acme', 'hero', '2026-01-01 00:00Z', '2026-01-03 00:00Z') AS e;
	INSERT INTO told SELECT tell.state, 'where_used', row_number() OVER (), to_jsonb(e)
		FROM (VALUES (NULL, 'email', 'letter'), (NULL, '1', '5'), (NULL, NULL, repeat('i', 9000)), ('summer', NULL, NULL), ('fall', NULL, NULL)) AS v (campaign, type, id),
			asset_reuse_where_used('acme', campaign, type, id) AS e;
	INSERT INTO told SELECT tell.state, 'timeline', row_number() OVER (), to_jsonb(t)
		FROM asset_reuse_timeline('acme', 'month', start_date => '2025-01-01 00:00Z', end_date => '2027-01-01 00:00Z') AS t;
	INSERT INTO told SELECT tell.state, 'analytics', 0, asset_reuse_analytics('acme', start_date => '2025-01-01 00:00Z', end_date => '2027-01-01 00:00Z') #> '{overview,total_reuses}';
	INSERT INTO told SELECT tell.state, 'unused', row_number() OVER (), to_jsonb(u) FROM asset_reuse_unused('acme') AS u WHERE asset_id = 'hero';
END
$$;
-- differences says what is told otherwise than in the state before.
CREATE FUNCTION differences(before text, after text) RETURNS TABLE (how text, n bigint, was jsonb, "is" jsonb) LANGUAGE sql AS $$
	SELECT how, n, b.event, a.event
	FROM (SELECT * FROM told WHERE state = before) AS b FULL JOIN (SELECT * FROM told WHERE state = after) AS a USING (how, n)
	WHERE a.event IS DISTINCT FROM b.event ORDER BY 1, 2
$$;
CREATE FUNCTION whole_log() RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_agg(element ORDER BY n) FROM shapes $$;
-- write_log writes hero's document and returns how many events it has.
CREATE FUNCTION write_log(log jsonb) RETURNS int LANGUAGE sql AS $$
	UPDATE campaign_assets SET platform_metadata = jsonb_build_object('source', 'sync', 'reuse_history', log) WHERE id = 'hero'
	RETURNING jsonb_array_length(log)
$$;

--
-- By the migration
--
SELECT write_log(whole_log());
CALL tell('documents');
SELECT how, count(*) FROM told GROUP BY how ORDER BY how;
-- Each event once, under an id of its own, by offset and by cursor alike: 52, 52, no rows.
SELECT (SELECT count(*) FROM shapes) AS events, count(DISTINCT event -> 'event_id') AS ids FROM told WHERE how = 'offset';
SELECT n FROM told AS o JOIN told AS c USING (n) WHERE o.how = 'offset' AND c.how = 'cursor' AND o.event <> c.event;
-- All are moved, told as before, and given back equal and in this order: 0, 52, no rows, 52, t.
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT platform_metadata FROM campaign_assets WHERE id = 'hero';
SELECT count(*), count(original) AS originals FROM campaign_asset_reuse_history;
CALL tell('migrated');
SELECT * FROM differences('documents', 'migrated');
-- A row gives its element back, by itself.
SELECT count(*) AS same FROM shapes AS s JOIN (
	SELECT row_number() OVER (ORDER BY reused_at, seq) AS n,
		asset_reuse_event_element(reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original) AS element
	FROM campaign_asset_reuse_history) AS h USING (n) WHERE h.element = s.element AND h.element::text = s.element::text;
SELECT asset_reuse_drop_history_table();
SELECT platform_metadata -> 'reuse_history' = whole_log() AS same, (platform_metadata -> 'reuse_history')::text = whole_log()::text AS same_digits,
	platform_metadata - 'reuse_history' AS others FROM campaign_assets WHERE id = 'hero';
-- In another order the ids differ only among events of one time, and the order of these is kept.
SELECT write_log(jsonb_agg(element ORDER BY md5(n::text))) FROM shapes;
CALL tell('shuffled');
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CALL tell('shuffled and migrated');
SELECT * FROM differences('shuffled', 'shuffled and migrated');
SELECT asset_reuse_drop_history_table();
CALL tell('shuffled and back');
SELECT * FROM differences('shuffled', 'shuffled and back');
SELECT (SELECT jsonb_agg(e ORDER BY e) FROM jsonb_array_elements(platform_metadata -> 'reuse_history') AS e) = (SELECT jsonb_agg(element ORDER BY element) FROM shapes) AS same
FROM campaign_assets WHERE id = 'hero';

-- The same where times have a zone: no rows, t.
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamptz;
SELECT write_log(whole_log());
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT count(original) AS originals FROM campaign_asset_reuse_history;
CALL tell('with a zone');
SELECT * FROM differences('documents', 'with a zone');
SELECT asset_reuse_drop_history_table();
SELECT (platform_metadata -> 'reuse_history')::text = whole_log()::text AS same FROM campaign_assets WHERE id = 'hero';
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp;

--
-- By track
--
SELECT write_log(whole_log());
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', 'summer') -> 'success' AS tracked;
SELECT platform_metadata FROM campaign_assets WHERE id = 'hero';
SELECT count(*) FROM campaign_asset_reuse_history;
-- The event is after all but those that are more than a day ahead; without it, all is told as before: no rows.
SELECT count(*) AS later FROM campaign_asset_reuse_history WHERE reused_at > (SELECT last_reused_at FROM campaign_assets WHERE id = 'hero');
DELETE FROM campaign_asset_reuse_history WHERE reused_at = (SELECT last_reused_at FROM campaign_assets WHERE id = 'hero');
CALL tell('tracked');
SELECT * FROM differences('documents', 'tracked');
SELECT asset_reuse_drop_history_table();
SELECT platform_metadata -> 'reuse_history' = whole_log() AS same FROM campaign_assets WHERE id = 'hero';

--
-- While events are in both places
--
-- Of some times, the first are rows and the others in the document: told as before, ids and all, and so when they are
-- moved, and are back.
SELECT write_log(jsonb_agg(element ORDER BY n)) FROM shapes WHERE n <= 6 OR n BETWEEN 24 AND 28 OR n BETWEEN 34 AND 39;
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT write_log(jsonb_agg(element ORDER BY n)) FROM shapes WHERE NOT (n <= 6 OR n BETWEEN 24 AND 28 OR n BETWEEN 34 AND 39);
CALL tell('in both');
SELECT * FROM differences('documents', 'in both');
CALL asset_reuse_migrate_history();
CALL tell('then migrated');
SELECT * FROM differences('in both', 'then migrated');
SELECT asset_reuse_drop_history_table();
CALL tell('then back');
SELECT * FROM differences('in both', 'then back');
-- The events of one time come from a document and from rows whose numbers have gaps: those of the document are later.
SELECT write_log('["first", {"timestamp": "2026-01-01", "n": 1}, {"timestamp": "2026-01-01", "n": 2}]');
SELECT asset_reuse_create_history_table();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, original) VALUES
	('acme', 'hero', '2026-01-01', 7, '{"timestamp": "2026-01-01", "n": 0}'), ('acme', 'hero', '-infinity', 3, '"zeroth"'), ('acme', 'hero', '2026-01-02', 5, '{"timestamp": "2026-01-02", "context": "at 2"}');
SELECT event_id, reused_at AT TIME ZONE 'UTC' AS reused_at, context FROM asset_reuse_events('acme');
SELECT jsonb_path_query_array(asset_reuse_history('hero', 'acme'), '$.history[*].event_id') AS ids;
CALL tell('gaps');
CALL asset_reuse_migrate_history();
CALL tell('gaps migrated');
SELECT * FROM differences('gaps', 'gaps migrated');
SELECT asset_reuse_drop_history_table();
SELECT platform_metadata -> 'reuse_history' AS log FROM campaign_assets WHERE id = 'hero';

--
-- Copies
--
-- A writer saves an old document: all of its events are copies but one that is new and one that is there once more
-- than before.  Those two are told besides, at their places, and nothing else: 54, 2.
SELECT write_log(whole_log());
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CREATE FUNCTION copies() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(element ORDER BY md5(n::text)) || '{"timestamp": "2026-01-02T10:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "L"}}'
		|| '{"timestamp": "2026-01-02T10:00:00.000001", "new": true}' FROM shapes
$$;
SELECT write_log(copies());
CALL tell('copies');
SELECT event FROM told WHERE state = 'copies' AND how = 'total';
SELECT count(*) AS more FROM (SELECT how, event FROM told WHERE state = 'copies' AND how = 'offset'
	EXCEPT SELECT how, event FROM told WHERE state = 'migrated') AS more;
SELECT * FROM differences('migrated', 'copies') WHERE how IN ('analytics', 'where_used', 'timeline', 'unused', 'total');
SELECT n FROM told AS o JOIN told AS c USING (state, n) WHERE state = 'copies' AND o.how = 'offset' AND c.how = 'cursor' AND o.event <> c.event;
SELECT count(*) AS events, count(DISTINCT event -> 'event_id') AS ids FROM told WHERE state = 'copies' AND how = 'events';
-- The migration removes the copies and moves the two: 54, no rows.
BEGIN;
SELECT asset_reuse_drop_history_table();
SELECT jsonb_array_length(platform_metadata -> 'reuse_history') AS events, platform_metadata -> 'reuse_history' @> whole_log() AS all FROM campaign_assets WHERE id = 'hero';
CALL tell('dropped with copies');
SELECT * FROM differences('copies', 'dropped with copies');
ROLLBACK;
CALL asset_reuse_migrate_history();
SELECT platform_metadata FROM campaign_assets WHERE id = 'hero';
SELECT count(*) FROM campaign_asset_reuse_history;
CALL tell('copies migrated');
SELECT * FROM differences('copies', 'copies migrated');
-- So does track, with an event of its own: the number of rows grows by 1, whatever is brought back.
SELECT write_log(copies());
SELECT asset_reuse_track('hero', 'acme', 'summer') -> 'success' AS tracked;
SELECT platform_metadata, (SELECT count(*) FROM campaign_asset_reuse_history) AS rows FROM campaign_assets WHERE id = 'hero';
-- The drop does not double them either: as many as rows.
SELECT write_log(copies());
SELECT asset_reuse_drop_history_table();
SELECT jsonb_array_length(platform_metadata -> 'reuse_history') AS events FROM campaign_assets WHERE id = 'hero';
-- A document that has nothing but copies is one without a log, though the key is there.
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CALL tell('all rows');
SELECT write_log(jsonb_agg(asset_reuse_event_element(reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original)))
FROM campaign_asset_reuse_history;
CALL tell('all copied');
SELECT * FROM differences('all rows', 'all copied');
SELECT asset_reuse_drop_history_table() = jsonb_array_length(platform_metadata -> 'reuse_history') AS same FROM campaign_assets WHERE id = 'hero';

-- The index on the documents is known as ours however PostgreSQL would quote its column or name its operator.
CREATE FUNCTION no(jsonb, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR ? (FUNCTION = no, LEFTARG = jsonb, RIGHTARG = text);
SET search_path = regress_history_moves, pg_catalog, public;
SET quote_all_identifiers = on;
SELECT asset_reuse_create_history_table() IS NOT NULL AS created;
SELECT count(*) AS missing FROM asset_reuse_check_schema() WHERE status = 'missing' AND hint LIKE '%reuse_history%';
RESET quote_all_identifiers;
SET search_path = regress_history_moves, public;
DROP FUNCTION no CASCADE;

SET client_min_messages = warning;
DROP SCHEMA regress_history_moves CASCADE;
