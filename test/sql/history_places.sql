--
-- Events in documents, in the history table, and in both: whatever place an
-- event lives in, history and analytics answer the same.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_history_places;
SET search_path = regress_history_places, public;
\i :tables
\i :rows
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

--
-- Assets with logs of every kind
--

-- put_asset adds an asset with this log.
CREATE FUNCTION put_asset(asset text, log jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type,
								 impressions, ctr, conversions, reused_count, platform_metadata)
	VALUES (asset, 'summer', 'acme', 'ann', 'Asset ' || asset, 'image', 100, length(asset), 3, 7,
			jsonb_build_object('source', 'sync', 'reuse_history', log))
$$;
-- event is one of ours, that many seconds into 2026; every third names no campaign.
CREATE FUNCTION event(seconds numeric, n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object(
		'timestamp', to_char(timestamp '2026-01-01' + seconds * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('n', n, 'reused_in_name', 'Place ' || n,
			'reused_in_type', CASE WHEN n % 3 = 0 THEN 'email' ELSE 'campaign_space' END,
			'reused_in_id', (ARRAY['summer', 'fall', 'old', 'rival', 'never was'])[n % 5 + 1]))
$$;
-- As track writes them; with every time two or three times; in any order; and ten of one time.
SELECT put_asset('ordered', jsonb_agg(event(n * 3600, n) ORDER BY n)) FROM generate_series(1, 120) n;
SELECT put_asset('repeated', jsonb_agg(event(n * 2 / 5 * 3600, n) ORDER BY n)) FROM generate_series(1, 40) n;
SELECT put_asset('shuffled', jsonb_agg(event(n * 7919 % 31 * 3600, n) ORDER BY n)) FROM generate_series(1, 40) n;
SELECT put_asset('together', jsonb_agg(event(CASE WHEN n BETWEEN 6 AND 15 THEN 6 ELSE n END, n) ORDER BY n)) FROM generate_series(1, 20) n;
-- What others wrote among ours: no time, no object, no context, other keys, other notations.
SELECT put_asset('foreign', jsonb_agg(e ORDER BY n)) FROM (
	SELECT n, event(n * 3600, n) AS e FROM generate_series(1, 9) n
	UNION ALL
	SELECT 10 + n, e FROM jsonb_array_elements('[
		{"context": {"is": "without a time"}}, 5, null, ["2026-01-01"], {}, "2026-01-01T03:00:00Z",
		{"timestamp": "2026-01-01T03:00:00", "context": {"is": "as late as ours"}},
		{"timestamp": "2026-01-01T03:00:00.000000"},
		{"timestamp": "2026-01-01T06:00:00+02:00", "by": "others", "context": {"is": "with another key"}},
		{"timestamp": "2026-01-01T04:30:00.000000"},
		{"timestamp": "2026-01-01T05:30:00.000000", "context": null},
		{"timestamp": "2026-01-01T06:30:00.000000", "context": "a string"},
		{"timestamp": "2026-01-01T07:30:00.000000", "context": [7, {"n": 7}]},
		{"timestamp": "2026-01-01T08:30:00.000000", "context": 8.50},
		{"timestamp": "0001-01-01T00:00:00.000000", "context": {"is": "the first"}},
		{"timestamp": "9999-12-31T23:59:59.999999", "context": {"is": "the last"}},
		{"timestamp": "never", "context": {"is": "without a time, too"}}]') WITH ORDINALITY l (e, n)) events;
SELECT put_asset('untimed', jsonb_agg(n)) FROM generate_series(1, 12) n;
SELECT put_asset('empty', '[]');

--
-- What is asked in each state
--

-- pages_by_offset shows the pages of an asset, one after the other.
CREATE FUNCTION pages_by_offset(asset text, page_limit int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	page jsonb;
	pages jsonb := '[]';
BEGIN
	LOOP
		page := asset_reuse_history(asset, 'acme', page_limit, jsonb_array_length(pages) * page_limit);
		pages := pages || page;
		EXIT WHEN page->'has_more' = 'false';
	END LOOP;
	RETURN pages;
END
$$;
-- pages_by_cursor follows next_cursor, from the start or from an event.
CREATE FUNCTION pages_by_cursor(asset text, page_limit int, start text DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	page jsonb;
	pages jsonb := '[]';
	next text := start;
BEGIN
	LOOP
		page := asset_reuse_history(asset, 'acme', page_limit, cursor => next);
		pages := pages || page;
		next := page->>'next_cursor';
		EXIT WHEN next IS NULL;
	END LOOP;
	RETURN pages;
END
$$;
-- events_of lists the events of pages.
CREATE FUNCTION events_of(pages jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT coalesce(jsonb_agg(e.value ORDER BY p.ordinality, e.ordinality), '[]')
	FROM jsonb_array_elements(pages) WITH ORDINALITY p, jsonb_array_elements(p.value->'history') WITH ORDINALITY e
$$;
CREATE TABLE documents AS SELECT id, platform_metadata FROM campaign_assets WHERE reused_count = 7;
CREATE TABLE asked (asset text, page_limit int);
INSERT INTO asked SELECT id, l FROM campaign_assets, unnest('{1,2,3,7,50,100}'::int[]) l
	WHERE tenant_id = 'acme' AND deleted_at IS NULL;
CREATE TABLE answers (state text, question text, answer jsonb, PRIMARY KEY (state, question));
-- ask_all keeps all answers of a state.
CREATE FUNCTION ask_all(state text) RETURNS bigint LANGUAGE sql AS $$
	WITH asked_now AS (
		INSERT INTO answers
		SELECT state, 'by offset: ' || asked::text, pages_by_offset(asset, page_limit) FROM asked
		UNION ALL
		SELECT state, 'by cursor: ' || asked::text, pages_by_cursor(asset, page_limit) FROM asked
		UNION ALL
		SELECT state, format('after %s: %s', place, asset), asset_reuse_history(asset, 'acme', 5, cursor => place)
		FROM (SELECT DISTINCT asset FROM asked) a,
			 unnest(ARRAY['9223372036854775807-0', event_id('9999-12-31 23:59:59.999999Z'), event_id('2026-01-02Z'),
						  event_id('2026-01-01 03:00:00.000001Z'), event_id('2026-01-01 03:00Z', 2147483647), event_id('2026-01-01 03:00Z', 1),
						  event_id('2026-01-01 03:00Z'), event_id('0001-01-01Z'), event_id('-infinity', 2147483647), event_id('-infinity', 3),
						  event_id('-infinity')]) place
		UNION ALL
		SELECT state, format('in range: %s to %s', since, until), asset_reuse_analytics('acme', NULL, since, until)
		FROM unnest('{-infinity,0001-01-01Z,2026-01-01 03:00Z,2026-01-01 03:00:00.000001Z,2026-01-02Z}'::timestamptz[]) since,
			 unnest('{2026-01-01 03:00:00.000001Z,2026-01-02Z,2026-01-03Z,infinity}'::timestamptz[]) until
		WHERE since <= until
		UNION ALL
		SELECT state, 'since', asset_reuse_analytics('acme', 'image', '2026-01-01 05:00Z')
		UNION ALL
		SELECT state, 'until', asset_reuse_analytics('acme', 'image', NULL, '2026-01-01 05:00Z', 3)
		UNION ALL
		SELECT state, 'without a range', asset_reuse_analytics('acme')
		RETURNING 1)
	SELECT count(*) FROM asked_now
$$;
-- How many events an asset has, and how many are shown by each way: all the same.
CREATE VIEW shown AS
	SELECT asset, jsonb_array_length(events_of(pages_by_offset(asset, 100))) AS by_offset,
		   bool_and(events_of(pages_by_offset(asset, page_limit)) = events_of(pages_by_offset(asset, 100))) AS every_limit,
		   bool_and(events_of(pages_by_cursor(asset, page_limit)) = events_of(pages_by_offset(asset, 100))) AS by_cursor,
		   max((pages_by_offset(asset, page_limit)->0->>'total')::int) AS total
	FROM asked GROUP BY asset;

-- Answers that differ from those without a table: none in any state.
CREATE VIEW differing AS
	SELECT a.state, question FROM answers a FULL JOIN (SELECT * FROM answers WHERE state = 'without a table') b USING (question)
	WHERE a.answer IS DISTINCT FROM b.answer;

--
-- The three states, and no table
--

-- Without a table: each event is shown once by either way, whatever the page's length.
SELECT ask_all('without a table') AS answers;
SELECT * FROM shown ORDER BY asset COLLATE "C";
-- What the ranges have, of all assets together.
SELECT question, answer->'overview'->'total_reuses' AS reuses FROM answers
WHERE question LIKE 'in range: 2026-01-0%' OR question IN ('since', 'until') ORDER BY question COLLATE "C";

-- A table, and all events in the documents.
SELECT asset_reuse_create_history_table();
-- How many events are where.
CREATE VIEW places AS
	SELECT id, coalesce(jsonb_array_length(platform_metadata->'reuse_history'), 0) AS in_document,
		   (SELECT count(*) FROM campaign_asset_reuse_history h WHERE h.asset_id = a.id) AS in_table,
		   (SELECT count(*) FROM campaign_asset_reuse_history h WHERE h.asset_id = a.id AND h.original IS NOT NULL) AS as_others_wrote
	FROM campaign_assets a WHERE id IN (SELECT asset FROM asked) AND reused_count = 7;
SELECT ask_all('in documents') AS answers;
-- Those of every second time have moved.
CALL move_events(2);
SELECT * FROM places ORDER BY id COLLATE "C";
SELECT ask_all('in both') AS answers;
-- All have.
CALL move_events(1);
SELECT * FROM places ORDER BY id COLLATE "C";
SELECT ask_all('in the table') AS answers;
SELECT state, count(*) AS answers FROM answers GROUP BY state ORDER BY state;
SELECT * FROM differing;
SELECT * FROM shown ORDER BY asset COLLATE "C";

-- Software that saves an old document brings back what has moved.  Such a copy, equal as jsonb, is not shown
-- or counted again: with a copy of every row, in any order, and with those of every third time in the table.
UPDATE campaign_assets SET platform_metadata = documents.platform_metadata FROM documents WHERE documents.id = campaign_assets.id;
SELECT * FROM places ORDER BY id COLLATE "C";
SELECT ask_all('copied') AS answers;
UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}',
	(SELECT coalesce(jsonb_agg(e ORDER BY md5(n::text)), '[]') FROM jsonb_array_elements(platform_metadata->'reuse_history') WITH ORDINALITY l (e, n)))
	WHERE id IN (SELECT id FROM documents);
SELECT ask_all('copied in any order') AS answers;
UPDATE campaign_assets SET platform_metadata = documents.platform_metadata FROM documents WHERE documents.id = campaign_assets.id;
DELETE FROM campaign_asset_reuse_history;
CALL move_events(3);
UPDATE campaign_assets SET platform_metadata = documents.platform_metadata FROM documents WHERE documents.id = campaign_assets.id;
SELECT * FROM places ORDER BY id COLLATE "C";
SELECT ask_all('copied in part') AS answers;
SELECT state, count(*) AS answers FROM answers WHERE state LIKE 'copied%' GROUP BY state ORDER BY state;
SELECT * FROM differing;
-- Each row has one copy: of two equal events one remains.  So does what differs from a row: in its key, its value or its time's notation.
SELECT put_asset('twice', '[{"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]');
DELETE FROM campaign_asset_reuse_history;
CALL move_events(1);
SELECT reused_at, seq, original FROM campaign_asset_reuse_history WHERE asset_id = 'twice';
CREATE FUNCTION shown_beside(log jsonb, OUT total jsonb, OUT ids jsonb, OUT pages boolean, OUT by_rows bigint, OUT by_count jsonb) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', log) WHERE id = 'twice';
	SELECT h->'total', jsonb_path_query_array(h, '$.history[*].event_id') INTO total, ids FROM asset_reuse_history('twice', 'acme') h;
	pages := events_of(pages_by_cursor('twice', 1)) = events_of(pages_by_offset('twice', 100));
	by_rows := (SELECT count(*) FROM asset_reuse_events('acme', 'twice'));
	by_count := (SELECT a->'overview'->'total_reuses' FROM asset_reuse_analytics('acme', 'ad_copy', '-infinity') a);
END
$$;
UPDATE campaign_assets SET asset_type = 'ad_copy' WHERE id = 'twice';
SELECT what, shown.* FROM (VALUES
	(1, 'a copy', '[{"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'::jsonb),
	(2, 'a copy with another notation of the number', '[{"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 1.0, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'),
	(3, 'two of it', '[{"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}, {"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'),
	(4, 'another notation of the time', '[{"timestamp": "2026-01-01T00:00:00Z", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'),
	(5, 'another value', '[{"timestamp": "2026-01-01T00:00:00.000000", "context": {"n": 2, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'),
	(6, 'another time', '[{"timestamp": "2026-01-01T00:00:00.000001", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'),
	(7, 'one key more', '[{"timestamp": "2026-01-01T00:00:00.000000", "by": "x", "context": {"n": 1, "reused_in_id": "a", "reused_in_name": "b", "reused_in_type": "c"}}]'))
	AS v (n, what, log), shown_beside(log) AS shown ORDER BY n;
DELETE FROM campaign_assets WHERE id = 'twice';

-- With uuid arguments: the same as with text, in both places.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, context)
	SELECT 'aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000001', timestamp '2026-01-01' + n * interval '1 hour',
		   jsonb_build_object('n', n)
	FROM generate_series(1, 5) n;
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', jsonb_build_array(event(9000, 6)))
	WHERE id = 'bbbbbbbb-0000-4000-8000-000000000001';
SELECT h = asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 3, 0, event_id('2026-01-01 05:00Z')) AS same,
	   jsonb_path_query_array(h, '$.history[*].context.n') AS shown, h->'next_cursor' AS next_cursor
FROM asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001'::uuid, 3, 0, event_id('2026-01-01 05:00Z')) h;
SELECT r = asset_reuse_analytics('aaaaaaaa-0000-4000-8000-000000000001', NULL, '2026-01-01 02:00Z', '2026-01-01 03:00Z') AS same,
	   r->'overview'->'total_reuses' AS reuses
FROM asset_reuse_analytics('aaaaaaaa-0000-4000-8000-000000000001'::uuid, NULL, '2026-01-01 02:00Z', '2026-01-01 03:00Z') r;

-- An event of the document and rows of one time: the document's first, with the next number, and a cursor parts them.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, context) VALUES
	('acme', 'hero', '2026-01-01 01:00', 0, '{"is": "row"}'), ('acme', 'hero', '2026-01-01 01:00', 4, '{"is": "fifth row"}'), ('acme', 'hero', '2026-01-01 00:00', 0, NULL);
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01T01:00:00", "context": {"is": "logged"}}]}' WHERE id = 'hero';
SELECT l AS page_limit, jsonb_path_query_array(h, '$.history[*].context.is') AS shown, h->'total' AS total, h->>'next_cursor' AS next_cursor,
	   jsonb_path_query_array(asset_reuse_history('hero', 'acme', cursor => h->>'next_cursor'), '$.history[*].context.is') AS then
FROM unnest('{1,2,3}'::int[]) l, asset_reuse_history('hero', 'acme', l) h;

-- The asset's row decides who may see its events: of an asset that is deleted, or another tenant's, none.
SELECT error_of($$ SELECT asset_reuse_history('hero', 'globex') $$);
UPDATE campaign_assets SET deleted_at = '2026-02-01' WHERE id = 'hero';
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
UPDATE campaign_assets SET deleted_at = NULL WHERE id = 'hero';
-- A row under another tenant than its asset's is in neither's answers: total 4 as before, and 0 reuses.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES ('globex', 'hero', '2026-01-01 02:00');
SELECT asset_reuse_history('hero', 'acme')->'total' AS total,
	   asset_reuse_analytics('globex', NULL, '2026-01-01Z')->'overview'->'total_reuses' AS reuses;

--
-- The rows before a page are not read, whatever the document has: these would take more than a gigabyte
--

INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, context)
SELECT 'acme', 'empty', timestamp '2020-01-01' + n * interval '1 second', c
FROM generate_series(1, 20000) AS n, LATERAL (SELECT jsonb_build_object('n', n, 'text', repeat('x', 60000))) AS t (c);
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2020-01-01T00:00:20.500000", "context": {"n": 20.5}}]}'
WHERE id = 'empty';
SELECT (e -> 'context') - 'text' - '{reused_in_type,reused_in_id,reused_in_name}'::text[] AS context
FROM jsonb_array_elements(asset_reuse_history('empty', 'acme', 3, 19979) -> 'history') AS e;
SELECT jsonb_array_length(h -> 'history') AS events, h -> 'total' AS total, h -> 'has_more' AS has_more
FROM unnest('{19999,20000,20001,40000}'::int[]) AS o, asset_reuse_history('empty', 'acme', 1, o) AS h;
-- Without a document.
ALTER TABLE campaign_assets ALTER platform_metadata DROP NOT NULL;
UPDATE campaign_assets SET platform_metadata = NULL WHERE id = 'empty';
SELECT o AS "offset", h -> 'history' -> 0 -> 'context' -> 'n' AS first, h -> 'has_more' AS has_more
FROM unnest('{0,1,19999,20000}'::int[]) AS o, asset_reuse_history('empty', 'acme', 1, o) AS h;
DELETE FROM campaign_asset_reuse_history WHERE asset_id = 'empty';
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": []}' WHERE id = 'empty';

--
-- The caller's rights
--

CREATE ROLE regress_history_reader;
GRANT USAGE ON SCHEMA regress_history_places TO regress_history_reader;
GRANT SELECT ON campaign_assets, campaign_spaces TO regress_history_reader;
-- May not read the table: 42501, also where the page would have none of its rows; without a range analytics does not need it.
SET ROLE regress_history_reader;
SELECT asset_reuse_history('empty', 'acme');
SELECT asset_reuse_analytics('acme', NULL, '2026-01-01Z');
SELECT asset_reuse_analytics('acme')->'success' AS success;
RESET ROLE;
-- Row-level security on the table hides its rows, and only those: 1 and 0 of 'hero', then 4 and 2.
GRANT SELECT ON campaign_asset_reuse_history TO regress_history_reader;
ALTER TABLE campaign_asset_reuse_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON campaign_asset_reuse_history AS RESTRICTIVE USING (tenant_id = current_setting('regress.tenant'));
SET ROLE regress_history_reader;
SET regress.tenant = 'globex';
SELECT h->'total' AS total, asset_reuse_history('hero', 'acme', 1, 1)->'history' AS rows FROM asset_reuse_history('hero', 'acme') h;
SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 07:00Z', '2026-01-01 08:00Z')->'overview'->'total_reuses' AS reuses;
SET regress.tenant = 'acme';
SELECT h->'total' AS total, jsonb_array_length(asset_reuse_history('hero', 'acme', 2, 1)->'history') AS rows FROM asset_reuse_history('hero', 'acme') h;
SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 07:00Z', '2026-01-01 08:00Z')->'overview'->'total_reuses' AS reuses;
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA regress_history_places CASCADE;
DROP ROLE regress_history_reader;
