--
-- Rows for analysts: asset_reuse_events, _timeline, _where_used, _top and _unused
-- give the same rows wherever the events are (in the documents, in the history table,
-- in both), whatever the types of the application's columns, and are those of plain
-- SQL; a LIMIT stops the work early, and whatever ends a query ends the work.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_rows;
SET search_path = regress_rows, public;
\i :tables
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
-- A zone that is not UTC, so that a time taken for local shows; weeks there begin elsewhere.
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = ISO;

-- Two tenants; a live campaign, a deleted one and the rival's.
INSERT INTO tenants VALUES ('7e000000-0000-4000-8000-000000000001', 'Acme'), ('7e000000-0000-4000-8000-000000000002', 'Rival');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, deleted_at) VALUES
	('5ace0000-0000-4000-8000-000000000001', '7e000000-0000-4000-8000-000000000001', 'u', 'Summer', 'meta', NULL),
	('5ace0000-0000-4000-8000-000000000002', '7e000000-0000-4000-8000-000000000001', 'u', 'Old', 'meta', '2026-01-01'),
	('5ace0000-0000-4000-8000-000000000003', '7e000000-0000-4000-8000-000000000002', 'u', 'Theirs', 'meta', NULL);
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, impressions, clicks, conversions, ctr,
	reused_count, last_reused_at, created_at, deleted_at, platform_metadata)
SELECT 'a55e0000-0000-4000-8000-00000000000' || n, '7e000000-0000-4000-8000-00000000000' || CASE n WHEN 9 THEN 2 ELSE 1 END,
	'5ace0000-0000-4000-8000-000000000001', 'u', name, type::campaignassettype, impressions, clicks, conversions, ctr,
	reused_count, last_reused_at::timestamp, created_at::timestamp, deleted_at::timestamp, coalesce(log, '{}')::jsonb
FROM (VALUES
	-- Our own events, the last two in another month and year.
	(1, 'Hero', 'image', 1000, 17, 3, 1.7, 4, '2026-01-02 00:30', '2025-01-01', NULL, '{"zoom": 1.5, "reuse_history": [
		{"context": {"reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_name": "Summer", "reused_in_type": "campaign_space"}, "timestamp": "2025-12-28T23:59:59.999999"},
		{"context": {"reused_in_id": "5ace0000-0000-4000-8000-000000000002", "reused_in_name": "Old", "reused_in_type": "campaign_space"}, "timestamp": "2025-12-29T00:00:00.000000"},
		{"context": {"slot": 1.50, "reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_name": null, "reused_in_type": "campaign_space"}, "timestamp": "2025-12-31T10:00:00.000000"},
		{"context": {"reused_in_id": "letter", "reused_in_name": "Letter", "reused_in_type": "email"}, "timestamp": "2026-01-02T00:30:00.000000"}]}'),
	-- Two at the time of one of the hero's, one of another zone, one without a context and ones without a time.
	(2, 'Clip', 'video', NULL, NULL, NULL, NULL, 5, '2025-12-31 10:00', '2025-01-01', NULL, '{"reuse_history": [
		{"context": {"reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_type": "campaign_space", "n": 1}, "timestamp": "2025-12-31T10:00:00.000000"},
		"a note",
		{"context": {"reused_in_id": 5, "reused_in_type": true, "reused_in_name": ["x"]}, "timestamp": "2025-12-30T12:00:00+02:00"},
		{"context": {"reused_in_id": "letter", "reused_in_type": "email", "n": 2}, "timestamp": "2025-12-31T10:00:00.000000"},
		{"timestamp": "2025-12-29T08:00:00.000000"},
		{"context": {"reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_type": "campaign_space"}, "timestamp": "soon"}]}'),
	-- Never reused: in order of what they achieved, the last without figures.
	(3, 'Best', 'image', 800, 20, 9, 2.5, 0, NULL, '2025-01-01', NULL, NULL),
	(4, 'Good', 'image', 800, 10, 9, 1.25, NULL, NULL, '2025-01-01', NULL, '{"reuse_history": []}'),
	(5, 'Also good', 'video', 800, 10, 8, 1.25, 0, NULL, '2999-01-01', NULL, '{"reuse_history": "not a log"}'),
	(6, 'Unknown', 'image', NULL, NULL, NULL, 'NaN', 0, NULL, '2025-01-01', NULL, NULL),
	-- Reused, by the count alone and by the log alone.
	(7, 'Counted', 'image', 10, 9, 9, 90, 3, NULL, '2025-01-01', NULL, NULL),
	(8, 'Logged', 'image', 10, 9, 9, 90, 0, NULL, '2025-01-01', '2025-06-01', '{"reuse_history": [{"context": {}, "timestamp": "2025-12-31T11:00:00.000000"}]}'),
	(9, 'Their image', 'image', 10, 9, 9, 90, 1, '2026-01-01', '2025-01-01', NULL, '{"reuse_history": [
		{"context": {"reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_type": "campaign_space"}, "timestamp": "2026-01-01T00:00:00.000000"}]}'))
	AS v (n, name, type, impressions, clicks, conversions, ctr, reused_count, last_reused_at, created_at, deleted_at, log);

CREATE TABLE documents AS SELECT id, platform_metadata FROM campaign_assets;

-- What is asked; :t is the tenant, and r stands for each row.
CREATE TABLE questions (n int GENERATED ALWAYS AS IDENTITY, question text);
INSERT INTO questions (question) VALUES
	('asset_reuse_events(:t)'),
	('asset_reuse_events(:t::uuid)'),
	('asset_reuse_events(:t, start_date => ''2025-12-29Z'', end_date => ''2025-12-31 10:00Z'')'),
	('asset_reuse_events(:t, end_date => ''2025-12-29Z'')'),
	('asset_reuse_events(:t, start_date => ''2026-01-01Z'', end_date => ''2026-01-01Z'')'),
	-- events without a time are in no range
	('asset_reuse_events(:t, start_date => ''-infinity'', end_date => ''2025-12-29Z'')'),
	('asset_reuse_events(:t, start_date => ''2026-01-01Z'', end_date => ''infinity'')'),
	('asset_reuse_events(:t, start_date => ''-infinity'', end_date => ''-infinity'')'),
	('asset_reuse_events(:t, ''a55e0000-0000-4000-8000-000000000002'')'),
	('asset_reuse_events(:t::uuid, ''a55e0000-0000-4000-8000-000000000001''::uuid, ''2025-12-30Z'')'),
	-- another tenant's and a deleted asset, and a tenant that there is not
	('asset_reuse_events(:t, ''a55e0000-0000-4000-8000-000000000009'')'),
	('asset_reuse_events(:t, ''a55e0000-0000-4000-8000-000000000008'')'),
	('asset_reuse_events(''7e000000-0000-4000-8000-000000000003'')'),
	('asset_reuse_timeline(:t, end_date => ''2026-01-07Z'')'),
	('asset_reuse_timeline(:t::uuid, ''week'', end_date => ''2026-01-07Z'')'),
	('asset_reuse_timeline(:t, ''month'', ''video'', end_date => ''2026-01-07Z'')'),
	('asset_reuse_timeline(:t, ''month'', start_date => ''2025-10-15Z'', end_date => ''2025-12-29Z'')'),
	('asset_reuse_timeline(:t, ''hour'', start_date => ''2025-12-31 09:59Z'', end_date => ''2025-12-31 11:00Z'')'),
	('asset_reuse_timeline(:t, ''week'', start_date => ''2026-01-04 23:59Z'', end_date => ''2026-01-05 00:01Z'')'),
	('asset_reuse_timeline(:t, ''day'', start_date => ''2025-12-31 12:00Z'', end_date => ''2026-01-07Z'')'),
	('asset_reuse_timeline(:t, ''day'', start_date => ''2026-02-01Z'', end_date => ''2026-02-03Z'')'),
	('asset_reuse_timeline(:t, ''day'', start_date => ''9999-02-01Z'')'),
	('asset_reuse_timeline(:t, ''day'', start_date => ''2026-02-01Z'', end_date => ''2026-02-01Z'')'),
	('asset_reuse_timeline(:t, ''day'', start_date => ''-infinity'', end_date => ''2025-12-30Z'')'),
	('asset_reuse_timeline(:t, ''day'', ''headline'')'),
	('asset_reuse_where_used(:t, ''5ace0000-0000-4000-8000-000000000001'')'),
	('asset_reuse_where_used(:t::uuid, ''5ace0000-0000-4000-8000-000000000001''::uuid)'),
	('asset_reuse_where_used(:t, ''5ace0000-0000-4000-8000-000000000002'')'),
	('asset_reuse_where_used(:t, ''5ace0000-0000-4000-8000-000000000003'')'),
	('asset_reuse_where_used(:t, reused_in_type => ''email'', reused_in_id => ''letter'')'),
	('asset_reuse_where_used(:t::uuid, reused_in_type => ''campaign_space'', reused_in_id => ''5ace0000-0000-4000-8000-000000000001'')'),
	('asset_reuse_where_used(:t, reused_in_type => ''true'', reused_in_id => ''5'')'),
	-- by the type or the id alone
	('asset_reuse_where_used(:t, reused_in_type => ''email'')'),
	('asset_reuse_where_used(:t::uuid, NULL, ''campaign_space'')'),
	('asset_reuse_where_used(:t, reused_in_id => ''letter'')'),
	('asset_reuse_where_used(:t, reused_in_type => ''fair'')'),
	('asset_reuse_top(:t)'),
	('asset_reuse_top(:t::uuid, ''image'', top_limit => 1)'),
	('asset_reuse_unused(:t)'),
	('asset_reuse_unused(:t::uuid)'),
	('asset_reuse_unused(:t, ''image'')'),
	('asset_reuse_unused(:t, older_than => ''1 day'')');

-- answer asks one and returns its rows, a line each.
CREATE FUNCTION answer(question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	lines text;
BEGIN
	EXECUTE format('SELECT string_agg(r::text, E''\n'' ORDER BY n) FROM (SELECT *, row_number() OVER () AS n FROM %s) AS r',
				   replace(question, ':t', '''7e000000-0000-4000-8000-000000000001'''))
	INTO lines;
	RETURN lines;
END
$$;
CREATE TABLE answers (state text, n int, answer text);
CREATE PROCEDURE ask(state text) LANGUAGE sql AS $$ INSERT INTO answers SELECT state, n, answer(question) FROM questions $$;

-- differences says which answers are not those of the first state, the documents.
CREATE FUNCTION differences(state text) RETURNS TABLE (question text, documents text, now text) LANGUAGE sql AS $$
	SELECT q.question, d.answer, s.answer
	FROM questions q JOIN answers d USING (n) JOIN answers s USING (n)
	WHERE d.state = 'documents' AND s.state = differences.state AND d.answer IS DISTINCT FROM s.answer
	ORDER BY n
$$;

-- The answers with all events in documents; the number is the row's place.
CALL ask('documents');
SELECT question || E'\n' || coalesce(answer, '(no rows)') || E'\n' AS "answers" FROM questions JOIN answers USING (n) ORDER BY n;
-- Nothing of another tenant, and no deleted asset: 0.
SELECT count(*) AS leaked FROM answers WHERE answer ~ '(Their|a55e0000-0000-4000-8000-000000000009|Logged|000000008)';

-- With an empty table, half of the events' times moved, and all events: no differences.
SELECT asset_reuse_create_history_table();
CALL ask('empty table');
SELECT * FROM differences('empty table');
CALL move_events(2);
-- both places hold some of the events
CREATE FUNCTION places() RETURNS TABLE (name text, moved bigint, remaining text) LANGUAGE sql AS $$
	SELECT asset_name, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = id),
		coalesce(jsonb_array_length(platform_metadata->'reuse_history')::text, platform_metadata::text)
	FROM campaign_assets WHERE asset_name IN ('Hero', 'Clip') ORDER BY id
$$;
SELECT * FROM places();
CALL ask('half and half');
SELECT * FROM differences('half and half');
CALL move_events(1);
SELECT * FROM places();
-- the rows of all kinds of events
SELECT right(asset_id, 1) AS asset, reused_at, seq, reused_in_type, reused_in_id, reused_in_name, context, original
FROM campaign_asset_reuse_history ORDER BY 1, 2, 3;
CALL ask('table');
SELECT * FROM differences('table');

-- A row and an event of the document at one time: the document's is shown first, as the later stored one, with the next number.
BEGIN;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"context": "document", "timestamp": "2026-01-02T00:30:00"}]}' WHERE asset_name = 'Hero';
SELECT event_id, reused_at, context FROM asset_reuse_events('7e000000-0000-4000-8000-000000000001', 'a55e0000-0000-4000-8000-000000000001', '2026-01-01Z');
ROLLBACK;

-- Row-level security hides rows of the table as of the assets: of the hero's four events three.
CREATE ROLE regress_rows_analyst;
GRANT USAGE ON SCHEMA regress_rows TO regress_rows_analyst;
GRANT SELECT ON campaign_assets, campaign_spaces, campaign_asset_reuse_history TO regress_rows_analyst;
ALTER TABLE campaign_asset_reuse_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY campaigns_only ON campaign_asset_reuse_history AS RESTRICTIVE USING (reused_in_type = 'campaign_space');
SELECT count(*) FROM asset_reuse_events('7e000000-0000-4000-8000-000000000001', 'a55e0000-0000-4000-8000-000000000001');
SET ROLE regress_rows_analyst;
SELECT count(*) FROM asset_reuse_events('7e000000-0000-4000-8000-000000000001', 'a55e0000-0000-4000-8000-000000000001');
SELECT sum(reuses) FROM asset_reuse_timeline('7e000000-0000-4000-8000-000000000001', asset_type => 'image');
RESET ROLE;
-- Without the privilege on the table: 42501, from the table itself.
REVOKE SELECT ON campaign_asset_reuse_history FROM regress_rows_analyst;
SET ROLE regress_rows_analyst;
SELECT error_of($$ SELECT count(*) FROM asset_reuse_events('7e000000-0000-4000-8000-000000000001') $$);
RESET ROLE;
ALTER TABLE campaign_asset_reuse_history DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON campaign_assets, campaign_spaces, campaign_asset_reuse_history FROM regress_rows_analyst;
REVOKE ALL ON SCHEMA regress_rows FROM regress_rows_analyst;
DROP ROLE regress_rows_analyst;

-- The same with uuid and timestamptz columns, in each of the three states: no differences.
DROP TABLE campaign_asset_reuse_history;
UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id = a.id;
DO $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
		WHERE contype = 'f' AND connamespace = 'regress_rows'::regnamespace LOOP
		EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.relation, c.conname);
	END LOOP;
	FOR c IN SELECT attrelid::regclass AS relation, attname FROM pg_attribute
		WHERE attrelid IN ('campaign_assets'::regclass, 'campaign_spaces'::regclass)
			AND attname IN ('id', 'tenant_id', 'campaign_space_id') LOOP
		EXECUTE format('ALTER TABLE %s ALTER %I TYPE uuid USING %2$I::uuid', c.relation, c.attname);
	END LOOP;
	FOR c IN SELECT attname FROM pg_attribute
		WHERE attrelid = 'campaign_assets'::regclass AND atttypid = 'timestamp'::regtype LOOP
		EXECUTE format('ALTER TABLE campaign_assets ALTER %1$I DROP DEFAULT, ALTER %1$I TYPE timestamptz USING %1$I AT TIME ZONE ''UTC''', c.attname);
	END LOOP;
END
$$;
CALL ask('typed documents');
SELECT * FROM differences('typed documents');
SELECT asset_reuse_create_history_table();
CALL move_events(2);
CALL ask('typed half and half');
SELECT * FROM differences('typed half and half');
CALL move_events(1);
CALL ask('typed table');
SELECT * FROM differences('typed table');
SELECT count(*) AS moved FROM campaign_asset_reuse_history;
-- A campaign's uuid in another notation is the same campaign, in both places: only the contexts, which are as stored, show it.
TRUNCATE campaign_asset_reuse_history;
UPDATE campaign_assets AS a SET platform_metadata = replace(d.platform_metadata::text,
	'"5ace0000-0000-4000-8000-000000000001"', '"{5ACE0000-00004000-8000000000000001}"')::jsonb
FROM documents AS d WHERE d.id::uuid = a.id;
CALL ask('other notation in documents');
CALL move_events(1);
CALL ask('other notation in table');
UPDATE answers SET answer = replace(answer, '{5ACE0000-00004000-8000000000000001}', '5ace0000-0000-4000-8000-000000000001')
WHERE state LIKE 'other notation %' AND answer LIKE '%5ACE%';
SELECT * FROM differences('other notation in documents');
SELECT * FROM differences('other notation in table');
SELECT asset_name, reuses FROM asset_reuse_where_used('7e000000-0000-4000-8000-000000000001',
	reused_in_type => 'campaign_space', reused_in_id => '{5ACE0000-0000-40008000000000000001}');
-- By the id alone, too; any other place only as it was spelled.
SELECT asset_name, reuses FROM asset_reuse_where_used('7e000000-0000-4000-8000-000000000001', reused_in_id => '{5ACE0000-0000-40008000000000000001}');
BEGIN;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id)
	SELECT tenant_id, id, '2026-02-01Z', 'email', '{5ACE0000-0000-4000-8000-0000000000FF}' FROM campaign_assets WHERE asset_name = (
		SELECT min(asset_name) FROM asset_reuse_where_used('7e000000-0000-4000-8000-000000000001', '5ace0000-0000-4000-8000-000000000001'));
SELECT spelled, (SELECT sum(reuses) FROM asset_reuse_where_used('7e000000-0000-4000-8000-000000000001', reused_in_id => spelled)) AS reuses
FROM unnest('{"{5ACE0000-0000-4000-8000-0000000000FF}",5ace0000-0000-4000-8000-0000000000ff}'::text[]) AS spelled;
ROLLBACK;
TRUNCATE campaign_asset_reuse_history;
UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id::uuid = a.id;
CALL move_events(1);

-- Without ctr it is computed; without any optional column they are null, and all else is the same.
ALTER TABLE campaign_assets DROP ctr;
SELECT asset_name, ctr FROM asset_reuse_unused('7e000000-0000-4000-8000-000000000001');
ALTER TABLE campaign_assets DROP campaign_space_id, DROP file_url, DROP thumbnail_url, DROP impressions, DROP clicks,
	DROP conversions, DROP created_at;
ALTER TABLE campaign_spaces DROP deleted_at;
SELECT * FROM asset_reuse_unused('7e000000-0000-4000-8000-000000000001');
SELECT * FROM asset_reuse_top('7e000000-0000-4000-8000-000000000001');
-- An age cannot be told without created_at: 42703.
SELECT error_of($$ SELECT asset_reuse_unused('7e000000-0000-4000-8000-000000000001', older_than => '1 day') $$);
DELETE FROM questions WHERE question ~ '_(top|unused)';
CALL ask('fewer columns');
SELECT * FROM differences('fewer columns') JOIN questions USING (question);

--
-- Against plain SQL: 300 assets with up to 8 events of any kind each, half of the times
-- in the table.  No differences, either way.
--
SET client_min_messages = warning;
DROP SCHEMA regress_rows CASCADE;
CREATE SCHEMA regress_rows;
\set ECHO none
\i :tables
\i :helpers
\i :move_events
\set ECHO all
RESET client_min_messages;
-- chance returns one of 0 to sides - 1, always the same for the same seed.
CREATE FUNCTION chance(seed text, sides int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT ('x' || left(md5(seed), 7))::bit(28)::int % sides
$$;
INSERT INTO tenants VALUES ('t', 'T'), ('other', 'O');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('c1', 't', 'u', 'C', 'meta');
-- Each of them: what is stored, when it was and what is known.
CREATE TABLE generated AS
	SELECT 'a' || i AS asset_id, n, kind, at,
		CASE kind WHEN 1 THEN '"odd"' WHEN 2 THEN NULL ELSE jsonb_build_object('reused_in_type', type, 'reused_in_id', place, 'n', n) END AS context
	FROM (SELECT i, n, chance(format('kind %s %s', i, n), 12) AS kind,
			timestamp '2025-01-01' + chance(format('time %s %s', i, n), 400) * interval '6 hours' AS at,
			(ARRAY['campaign_space', 'email'])[1 + chance(format('type %s %s', i, n), 2)] AS type,
			'c' || chance(format('place %s %s', i, n), 4) AS place
		FROM generate_series(1, 300) AS i, generate_series(1, 8) AS n WHERE n <= i % 11 - 2) AS e;
UPDATE generated SET at = NULL WHERE kind IN (0, 1);
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, ctr, conversions,
	created_at, deleted_at, reused_count, platform_metadata)
SELECT 'a' || i, CASE WHEN i % 25 = 0 THEN 'other' ELSE 't' END, 'c1', 'u', 'Asset ' || i, (enum_range(NULL::campaignassettype))[1 + i % 9],
	(i % 7) / 10.0, i % 5, timestamp '2025-01-01' + i * interval '1 day', CASE WHEN i % 20 = 0 THEN timestamp '2026-01-01' END, i % 2,
	jsonb_build_object('reuse_history', (SELECT coalesce(jsonb_agg(CASE WHEN kind = 1 THEN context
		ELSE jsonb_strip_nulls(jsonb_build_object('context', context, 'timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'more', CASE WHEN kind = 3 THEN 1 END)) END ORDER BY n), '[]') FROM generated WHERE asset_id = 'a' || i))
FROM generate_series(1, 300) AS i;
SELECT asset_reuse_create_history_table();
CALL move_events(2);
SELECT count(*) AS events, (SELECT count(*) > 100 FROM campaign_asset_reuse_history) AS many_moved FROM generated;

CREATE VIEW live AS SELECT * FROM campaign_assets WHERE tenant_id = 't' AND deleted_at IS NULL;
CREATE VIEW live_events AS SELECT g.*,
		event_id(coalesce(at AT TIME ZONE 'UTC', '-infinity'), row_number() OVER (PARTITION BY g.asset_id, at ORDER BY n) - 1) AS event_id,
		a.asset_name, a.asset_type, context->>'reused_in_type' AS type, context->>'reused_in_id' AS id
	FROM live AS a JOIN generated AS g ON g.asset_id = a.id;
CREATE FUNCTION utc(t timestamp) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT t AT TIME ZONE 'UTC' $$;
-- compared says how many rows two queries have, and how many differ from the other's in their place.
CREATE FUNCTION compared(expected text, actual text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		SELECT count(*) || ' rows, ' || count(*) FILTER (WHERE e.line IS DISTINCT FROM a.line) || ' differ'
		FROM (SELECT row_number() OVER () AS n, r::text AS line FROM (%s) AS r) AS e
		FULL JOIN (SELECT row_number() OVER () AS n, r::text AS line FROM (%s) AS r) AS a USING (n) $q$, expected, actual) INTO result;
	RETURN result;
END
$$;

CREATE TABLE ranges (since timestamp, until timestamp);
INSERT INTO ranges VALUES (NULL, NULL), ('2025-02-01', NULL), (NULL, '2025-02-01'), ('2025-01-15 06:00', '2025-03-01');
SELECT since, until, compared(
	format($$ SELECT event_id, asset_id, utc(at) AS at, type, id, NULL AS name, CASE type WHEN 'campaign_space' THEN id END AS campaign, context
		FROM live_events WHERE %1$L IS NULL AND %2$L IS NULL OR at >= coalesce(%1$L::timestamp, '-infinity') AND at < coalesce(%2$L::timestamp, 'infinity')
		ORDER BY live_events.at DESC NULLS LAST, asset_id, n DESC $$, since, until),
	format($$ SELECT * FROM asset_reuse_events('t', NULL, utc(%L), utc(%L)) $$, since, until)) AS events
FROM ranges ORDER BY 1, 2;
SELECT bucket, since, end_date, compared(
	format($$ WITH counted AS (SELECT date_trunc(%3$L, at) AS start, count(*) AS reuses, count(DISTINCT asset_id) AS assets
			FROM live_events WHERE at >= coalesce(%1$L::timestamp, '-infinity') AND at < coalesce(%2$L::timestamp, 'infinity') AND asset_type = 'image' GROUP BY 1)
		SELECT utc(start), coalesce(reuses, 0), coalesce(assets, 0)
		FROM generate_series(coalesce(date_trunc(%3$L, %1$L::timestamp), (SELECT min(start) FROM counted)),
				coalesce(%2$L::timestamp - interval '1 us', (SELECT max(start) FROM counted)), ('1 ' || %3$L)::interval) AS start
			LEFT JOIN counted USING (start)
		ORDER BY start $$, since, end_date, bucket),
	format($$ SELECT * FROM asset_reuse_timeline('t', %3$L, 'image', utc(%1$L), utc(%2$L)) $$, since, end_date, bucket)) AS timeline
FROM ranges, coalesce(until, '2025-06-01') AS end_date, unnest('{hour,day,week,month}'::text[]) AS bucket ORDER BY 2, 3, 1;
-- Without an end it is that up to a day after the clock.
SELECT sum(reuses), max(bucket_start) BETWEEN date_trunc('month', now()) AND now() + interval '1 day' AS to_the_end
FROM asset_reuse_timeline('t', 'month', 'image');
SELECT place, type, compared(
	format($$ SELECT asset_id, asset_name, asset_type, count(*), utc(min(at)), utc(max(at)) FROM live_events
		WHERE type = %2$L AND id = %1$L GROUP BY 1, 2, 3 ORDER BY 4 DESC, 6 DESC NULLS LAST, 1 $$, place, type),
	format($$ SELECT * FROM asset_reuse_where_used('t', NULL, %2$L, %1$L) $$, place, type)) AS where_used,
	CASE type WHEN 'campaign_space' THEN compared(format($$ SELECT * FROM asset_reuse_where_used('t', NULL, %2$L, %1$L) $$, place, type),
		format($$ SELECT * FROM asset_reuse_where_used('t', %L) $$, place)) END AS by_campaign
FROM unnest('{c1,c2,absent}'::text[]) AS place, unnest('{campaign_space,email}'::text[]) AS type ORDER BY 1, 2;
-- By the type or the id alone.
SELECT place, compared(
	format($$ SELECT asset_id, asset_name, asset_type, count(*), utc(min(at)), utc(max(at)) FROM live_events
		WHERE type = %1$L OR id = %1$L GROUP BY 1, 2, 3 ORDER BY 4 DESC, 6 DESC NULLS LAST, 1 $$, place),
	format($$ SELECT * FROM asset_reuse_where_used('t', %s => %L) $$, argument, place)) AS where_used
FROM (VALUES ('campaign_space', 'reused_in_type'), ('email', 'reused_in_type'), ('c1', 'reused_in_id'), ('c3', 'reused_in_id'))
	AS v (place, argument);
-- A campaign and a place, as an API passes on what it has: all of them must hold.
SELECT (SELECT count(*) > 0 FROM asset_reuse_where_used('t', 'c1')) AS some,
	(SELECT count(*) FROM asset_reuse_where_used('t', 'c1', 'campaign_space', 'c1')) = (SELECT count(*) FROM asset_reuse_where_used('t', 'c1')) AS same,
	(SELECT count(*) FROM asset_reuse_where_used('t', 'c1', 'email')) AS other_type, (SELECT count(*) FROM asset_reuse_where_used('t', 'c1', reused_in_id => 'x')) AS other_id;
SELECT compared(
	$$ SELECT id, asset_name, asset_type, utc(created_at), impressions, clicks, conversions, ctr, file_url, campaign_space_id FROM live
		WHERE reused_count = 0 AND id NOT IN (SELECT asset_id FROM generated) AND created_at < now() AT TIME ZONE 'UTC' - interval '1 month'
		ORDER BY ctr DESC, conversions DESC, id $$,
	$$ SELECT * FROM asset_reuse_unused('t', older_than => '1 month') $$) AS unused;

--
-- A LIMIT stops the work: of 20,000 rows the function makes 3, and reads but a few blocks.
--
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type)
SELECT 'long' || i, 'other', 'c1', 'u', 'Long', 'image' FROM generate_series(1, 10) AS i;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type)
SELECT 'other', 'long' || 1 + i % 10, timestamp '2025-01-01' + i * 7919 % 20000 * interval '1 minute', 'email'
FROM generate_series(1, 20000) AS i;
ANALYZE campaign_asset_reuse_history, campaign_assets;
CREATE FUNCTION plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || query INTO plan;
	RETURN plan->0->'Plan';
END
$$;
CREATE FUNCTION blocks_of(query text) RETURNS bigint LANGUAGE sql AS $$
	SELECT (plan->>'Shared Hit Blocks')::bigint + (plan->>'Shared Read Blocks')::bigint FROM plan_of(query) AS plan
$$;
SELECT jsonb_path_query(plan_of($$ SELECT * FROM asset_reuse_events('other') LIMIT 3 $$),
						'strict $.**?(@."Node Type" == "ProjectSet")."Actual Rows"')::numeric::int AS made;
SELECT blocks_of($$ SELECT * FROM asset_reuse_events('other') $$) > 20000 AS reads_all,
	blocks_of($$ SELECT * FROM asset_reuse_events('other') LIMIT 3 $$) < 300 AS reads_few,
	blocks_of($$ SELECT * FROM asset_reuse_events('other', 'long1') LIMIT 3 $$) < 300 AS reads_few_of_asset,
	blocks_of($$ SELECT * FROM asset_reuse_events('other', end_date => '2025-01-02Z') LIMIT 3 $$) < 300 AS reads_few_of_range;
-- For each of several, the newest one.
SELECT id, reused_at FROM (VALUES ('long1'), ('long2'), ('absent')) AS v (id), LATERAL (SELECT * FROM asset_reuse_events('other', id) LIMIT 1) AS e;
-- Wherever the function stands it gives the same: t, t.
SELECT count(*) >= 20000 AS in_list FROM (SELECT asset_reuse_events('other')) AS e;
SELECT count(*) >= 20000 AS not_inlined FROM asset_reuse_events((SELECT 'other'));

--
-- A query that pauses: the rows go on where they were, over savepoints, rollbacks to them,
-- errors, other events and the commit that holds the cursor.
--
BEGIN;
DECLARE plain CURSOR FOR SELECT row_number() OVER () AS n, reused_at FROM asset_reuse_events('other', 'long1');
DECLARE held CURSOR WITH HOLD FOR SELECT asset_id, reused_at FROM asset_reuse_events('other', 'long1');
DECLARE unfetched CURSOR WITH HOLD FOR SELECT asset_id, reused_at FROM asset_reuse_events('other', 'long1');
SAVEPOINT s;
FETCH 2 FROM plain;
FETCH 2 FROM held;
SELECT count(*) FROM (SELECT asset_reuse_track('long1', 'other', reused_in_id => 'x')) AS t;
ROLLBACK TO s;
FETCH 1 FROM plain;
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO s;
FETCH 1 FROM plain;
COMMIT;
FETCH 1 FROM held;
FETCH 1 FROM unfetched;
MOVE ALL IN held;
CLOSE ALL;
-- Backwards.
BEGIN;
DECLARE both_ways SCROLL CURSOR FOR SELECT reused_at FROM asset_reuse_events('other', 'long1');
FETCH 2 FROM both_ways;
FETCH PRIOR FROM both_ways;
COMMIT;
-- A query that fails half-way, and a loop that goes on after an error in it and is then left: 3.
SELECT 1 / (n - 3) FROM (SELECT row_number() OVER () AS n FROM asset_reuse_events('other', 'long1')) AS e;
DO $$
DECLARE
	event record;
	seen int := 0;
BEGIN
	FOR event IN SELECT * FROM asset_reuse_events('other') LOOP
		seen := seen + 1;
		BEGIN
			PERFORM 1 / (2 - seen);
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
		EXIT WHEN seen = 3;
	END LOOP;
	RAISE NOTICE '%', seen;
END
$$;
-- A loop that commits goes on in the snapshot it began with: 11.
DO $$
DECLARE
	event record;
	seen int := 0;
BEGIN
	FOR event IN SELECT * FROM asset_reuse_events('other', 'long1') LIMIT 11 LOOP
		seen := seen + 1;
		COMMIT;
	END LOOP;
	RAISE NOTICE '%', seen;
END
$$;
-- The plan is built anew where the table is gone, and where it is there again.
SELECT count(*) = (SELECT count(*) FROM live_events) AS all_events FROM asset_reuse_events('t');
BEGIN;
DROP POLICY read_of_asset ON campaign_asset_reuse_history;
ALTER TABLE campaign_asset_reuse_history RENAME TO elsewhere;
SELECT count(*) = (SELECT count(*) FROM live_events) - (SELECT count(*) FROM elsewhere JOIN live ON id = asset_id) AS those_of_documents
FROM asset_reuse_events('t');
ROLLBACK;
SELECT count(*) = (SELECT count(*) FROM live_events) AS all_events FROM asset_reuse_events('t');

--
-- Errors: each names its argument.
--
SELECT call, error_of('SELECT ' || call) AS error FROM (VALUES
	('asset_reuse_events(NULL::text)'), ('asset_reuse_events('''')'), ('asset_reuse_events(''t'', '''')'),
	('asset_reuse_events(''t'', start_date => ''2026-01-02Z'', end_date => ''2026-01-01Z'')'),
	('asset_reuse_events(NULL::uuid)'),
	('asset_reuse_timeline(''t'', '''')'), ('asset_reuse_timeline(''t'', ''Day'')'),
	('asset_reuse_timeline(''t'', asset_type => ''img'')'), ('asset_reuse_timeline(''t'', asset_type => '''')'),
	('asset_reuse_timeline(''t'', start_date => ''2026-01-02Z'', end_date => ''2026-01-01Z'')'),
	('asset_reuse_where_used(NULL, ''c1''::text)'), ('asset_reuse_where_used(''t'', NULL::text)'), ('asset_reuse_where_used(''t'', '''')'),
	('asset_reuse_where_used(''t'')'), ('asset_reuse_where_used(''t'', ''c1'', ''email'')'), ('asset_reuse_where_used(''t'', ''c1'', reused_in_id => ''x'')'),
	('asset_reuse_where_used(''t'', NULL, '''', ''x'')'), ('asset_reuse_where_used(''t'', NULL, ''email'', '''')'),
	('asset_reuse_top(''t'', ''img'')'), ('asset_reuse_top(''t'', top_limit => 51)'), ('asset_reuse_top(NULL::text)'),
	('asset_reuse_unused('''')'), ('asset_reuse_unused(''t'', ''img'')'), ('asset_reuse_unused(''t'', older_than => ''-1 day'')'))
	AS v (call);
-- A float is the same number however many digits the session shows.
CREATE TABLE floats AS SELECT id, tenant_id, 'x'::text AS asset_name, 'image'::text AS asset_type, 0 AS reused_count, NULL::timestamp AS last_reused_at, NULL::timestamp AS deleted_at, '{}'::jsonb AS platform_metadata,
	ctr, impressions, clicks FROM (VALUES ('a', 'digits', 0.1 + 0.2::float8, 123456::real, 1900::real), ('b', 'digits', 1.86, 123457, 2300), ('c', 'digits', 1.54, 16777216, 0.1),
	('d', 'digits', 'NaN', 'infinity', '-infinity')) AS v (id, tenant_id, ctr, impressions, clicks);
SET asset_reuse.assets_table = 'regress_rows.floats';
SET asset_reuse.history_table = 'no_history';
SELECT asset_id, impressions, clicks, ctr FROM asset_reuse_unused('digits');
SET extra_float_digits = -15;
SELECT asset_id, impressions, clicks, ctr FROM asset_reuse_unused('digits');
SET extra_float_digits = 0;
SELECT asset_id, impressions, clicks, ctr FROM asset_reuse_unused('digits');
RESET extra_float_digits;
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
-- An id that is no uuid cannot be returned as one: 22P02.
INSERT INTO tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'Typed');
UPDATE campaign_assets SET tenant_id = 'aaaaaaaa-0000-4000-8000-000000000001' WHERE id = 'a8';
SELECT error_of($$ SELECT asset_reuse_events('aaaaaaaa-0000-4000-8000-000000000001'::uuid) $$);
-- Another table under the history's name is refused: 42809.
ALTER TABLE campaign_asset_reuse_history DROP CONSTRAINT campaign_asset_reuse_history_pkey;
SELECT error_of($$ SELECT asset_reuse_events('t') $$);
SELECT error_of($$ SELECT asset_reuse_timeline('t') $$);
-- Without the assets table: 42P01.
ALTER TABLE campaign_assets RENAME TO elsewhere;
SELECT error_of($$ SELECT asset_reuse_unused('t') $$);

SET client_min_messages = warning;
DROP SCHEMA regress_rows CASCADE;
