--
-- Rows of the history table that others have written: they are what their columns say, in every answer, and so they
-- come back into the documents.  Whoever may write rows can write what he likes into original and context.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/fixtures/helpers.sql'
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE SCHEMA regress_by_hand;
SET search_path = regress_by_hand, public;
SET check_function_bodies = off;
\i :helpers
RESET check_function_bodies;
\set ECHO all
CREATE TABLE campaign_spaces (id uuid PRIMARY KEY, tenant_id text, campaign_name text);
CREATE TABLE campaign_assets (
	id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text, reused_count int DEFAULT 0, last_reused_at timestamp,
	platform_metadata jsonb, deleted_at timestamp, created_at timestamp);
INSERT INTO campaign_spaces VALUES ('5ace0000-0000-4000-8000-00000000000a', 'acme', 'Summer');
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 'acme', 'Hero', 'image'), ('clip', 'acme', 'Clip', 'video');
SELECT asset_reuse_create_history_table();

--
-- An original that says something else than the columns is ignored; a JSON null is no context
--
CREATE FUNCTION element(at text, id text, context jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_build_object('timestamp', at, 'context', context || jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', id, 'reused_in_name', 'Summer')) $$;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original)
SELECT 'acme', 'hero', at, 'campaign_space', coalesce(id, '5ace0000-0000-4000-8000-00000000000a'), 'Summer', key, context, original
FROM (VALUES
	('2026-01-01 10:00'::timestamp, NULL, NULL, 'null'::jsonb, NULL::jsonb),
	('2026-01-02 10:00', NULL, NULL, '{"k": 1}', 'null'),
	('2026-01-03 10:00', NULL, NULL, NULL, element('2020-01-03T10:00:00', '5ace0000-0000-4000-8000-00000000000a')),
	('2026-01-04 10:00', NULL, NULL, NULL, element('2026-01-04T10:00:00', '5ace0000-0000-4000-8000-00000000000b')),
	('2026-01-05 10:00', NULL, 'key-5', NULL, element('2026-01-05T10:00:00', '5ace0000-0000-4000-8000-00000000000a', '{"reuse_key": "other"}')),
	('2026-01-06 10:00', NULL, NULL, '{"k": 1}', element('2026-01-06T10:00:00', '5ace0000-0000-4000-8000-00000000000a', '{"k": 2}')),
	('2026-01-07 10:00', NULL, NULL, NULL, element('2026-01-07T10:00:00', '5ace0000-0000-4000-8000-00000000000a', '{"k": 2}')),
	('2026-01-08 10:00', 'another', NULL, NULL, element('2026-01-08T10:00:00', '5ace0000-0000-4000-8000-00000000000a')),
	('infinity', NULL, NULL, NULL, element('infinity', '5ace0000-0000-4000-8000-00000000000a')),
	-- the keys of a place are columns
	('2026-01-09 10:00', NULL, NULL, '{"reuse_key": "key-9", "reused_in_id": "x", "k": 1}', NULL),
	-- these say the same, and are used: a campaign in another spelling, and what other software has added
	('2026-01-10 10:00', NULL, 'key-10', '{"k": 1.0}', element('2026-01-10T12:00:00+02:00', '{5ACE000000004000800000000000000A}', '{"k": 1.00, "reuse_key": "key-10"}') || '{"by": "x"}'),
	('2026-01-11 10:00', NULL, NULL, '{"reused_in_id": "x"}', element('2026-01-11 10:00', '5ACE0000-0000-4000-8000-00000000000A') || '{"by": "x"}'))
	AS v (at, id, key, context, original);
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, original) VALUES
	('acme', 'clip', '-infinity', 'null'), ('acme', 'clip', '2026-01-01', '5'), ('acme', 'clip', '2026-01-02', '{"timestamp": "2026-01-02"}');
SELECT asset_id, reused_at, reused_in_type, reused_in_id, context FROM asset_reuse_events('acme');
-- What all functions say.
CREATE FUNCTION answers() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object(
		'events', (SELECT jsonb_agg(e) FROM asset_reuse_events('acme') AS e),
		'shown', (SELECT jsonb_agg(jsonb_build_array(asset, h -> 'event_id', h -> 'timestamp', h -> 'reused_in_type', h -> 'reused_in_id', h -> 'reused_in_name', h #> '{campaign_space,campaign_name}', h -> 'context'))
			FROM unnest('{hero,clip}'::text[]) AS asset, jsonb_array_elements(asset_reuse_history(asset, 'acme') -> 'history') AS h),
		'used', (SELECT jsonb_agg(u) FROM asset_reuse_where_used('acme', '5ace0000-0000-4000-8000-00000000000a') AS u),
		'elsewhere', (SELECT jsonb_agg(u) FROM asset_reuse_where_used('acme', '5ace0000-0000-4000-8000-00000000000b') AS u),
		'range', asset_reuse_analytics('acme', NULL, '2026-01-01', '2026-02-01') #> '{overview,total_reuses}')
$$;
-- They agree with each other: events and history, t.
SELECT a -> 'used' AS used, a -> 'elsewhere' AS elsewhere, a -> 'range' AS range,
	(SELECT jsonb_agg(jsonb_build_array(e -> 'event_id', e -> 'reused_in_id', e -> 'context') ORDER BY n) FROM jsonb_array_elements(a -> 'events') WITH ORDINALITY AS l (e, n) WHERE e ->> 'asset_id' = 'hero')
	= (SELECT jsonb_agg(jsonb_build_array(s -> 1, s -> 4, s -> 7) ORDER BY n) FROM jsonb_array_elements(a -> 'shown') WITH ORDINALITY AS l (s, n) WHERE s ->> 0 = 'hero') AS agree
FROM answers() AS a;
-- Infinity is a time that no element has, whatever is beside it: 22008.
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DELETE FROM campaign_asset_reuse_history WHERE reused_at = 'infinity';
-- The same answers from the documents, and from the table that they are moved to: t, t.
CREATE TABLE said AS SELECT answers() AS in_table;
SELECT asset_reuse_drop_history_table();
SELECT jsonb_array_elements(platform_metadata -> 'reuse_history') FROM campaign_assets ORDER BY id DESC;
SELECT answers() = in_table AS same FROM said;
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT answers() = in_table AS same FROM said;
-- The copy of a row is what its columns say, with an original that contradicts them as without: 0.
UPDATE campaign_asset_reuse_history SET original = '{"timestamp": "2020-01-01"}' WHERE reused_at = '2026-01-01 10:00';
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', jsonb_build_array(element('2026-01-01T10:00:00.000000', '5ace0000-0000-4000-8000-00000000000a'))) WHERE id = 'hero';
SELECT asset_reuse_history('hero', 'acme') -> 'total' AS total, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'hero') AS "rows";

--
-- A context that is no object
--
-- The table does not take it: 23514.  Where it does, it counts for nothing, and is not lost without a word.
SELECT context, left(error_of(format('INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, context) VALUES (''acme'', ''clip'', ''2025-01-01'', %L) ON CONFLICT DO NOTHING', context)), 8) AS error
FROM unnest(ARRAY['[]', '5', '"x"', 'true', 'null', '{"a": 1}']::jsonb[]) AS context;
ALTER TABLE campaign_asset_reuse_history DROP CONSTRAINT campaign_asset_reuse_history_context_check;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, context) VALUES ('acme', 'clip', '2026-01-03', 'email', 'letter', '["x"]');
SELECT reused_at, reused_in_id, context FROM asset_reuse_events('acme', 'clip') LIMIT 1;
SELECT asset_reuse_history('clip', 'acme', 1) -> 'history' -> 0 -> 'context' AS context;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DELETE FROM campaign_asset_reuse_history;

--
-- More than a document can hold, though it is small as it is stored: 54000, and the row is still there
--
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, context, original)
VALUES ('acme', 'clip', '2026-01-01', repeat('n', 100 * 1024 * 1024), jsonb_build_object('x', repeat('y', 160 * 1024 * 1024)), 'null');
SELECT pg_column_size(context) < 16 * 1024 * 1024 AS small FROM campaign_asset_reuse_history;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
SELECT count(*) FROM campaign_asset_reuse_history;
DELETE FROM campaign_asset_reuse_history;

--
-- What is read
--
-- Values out of line that a call fetches: a page needs two rows' at any depth, with an empty log as without one; and what is in
-- both places in a range, none of the others' times.
UPDATE campaign_assets SET platform_metadata = CASE id WHEN 'hero' THEN '{"reuse_history": []}' ELSE '{}' END::jsonb;
ALTER TABLE campaign_asset_reuse_history ALTER context SET STORAGE EXTERNAL;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, context)
SELECT 'acme', id, timestamp '2026-01-01' + n * interval '1 hour', jsonb_build_object('n', n, 'text', repeat('x', 8000)) FROM campaign_assets, generate_series(1, 50) AS n;
CREATE FUNCTION fetched_by(call text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	toast oid := (SELECT indexrelid FROM pg_index JOIN pg_class AS c ON indrelid = reltoastrelid WHERE c.oid = 'campaign_asset_reuse_history'::regclass);
	before bigint := pg_stat_get_xact_tuples_fetched(toast);
BEGIN
	EXECUTE call;
	RETURN pg_stat_get_xact_tuples_fetched(toast) - before;
END
$$;
SELECT id, skipped, (SELECT h #> '{history,0,context,n}' FROM asset_reuse_history(id, 'acme', 1, skipped) AS h) AS event,
	fetched_by(format('SELECT asset_reuse_history(%L, ''acme'', 1, %s)', id, skipped)) AS fetched
FROM campaign_assets, unnest('{0,10,40}'::int[]) AS skipped ORDER BY 2, 1;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01T05:00:00"}, {"timestamp": "2026-01-02T05:00:00"}]}' WHERE id = 'hero';
SELECT range, fetched[1] > 0 AS "all", fetched[2] BETWEEN 1 AND fetched[1] - 1 AS half, fetched[3] AS none
FROM (VALUES ('analytics', $$SELECT asset_reuse_analytics('acme', NULL, %L, '2026-01-03')$$), ('timeline', $$SELECT FROM asset_reuse_timeline('acme', 'day', NULL, %L, '2026-01-03')$$)) AS v (range, call),
	LATERAL (SELECT array_agg(fetched_by(format(call, start)) ORDER BY start) FROM unnest('{2026-01-01,2026-01-01 12:00,2026-01-02 12:00}'::timestamp[]) AS start) AS f (fetched);
-- To remove an asset's 4,000 events in a place reads each a few times, also where the planner takes them for a few: t.
BEGIN;
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, context)
SELECT 'acme', 'hero', timestamp '2025-06-01' + n * interval '1 minute', 0, 'campaign_space', '5ace0000-0000-4000-8000-00000000000a', '{}' FROM generate_series(1, 4000) AS n;
CREATE FUNCTION rows_read() RETURNS bigint LANGUAGE sql AS $$
	SELECT pg_stat_get_xact_tuples_returned(indrelid) + sum(pg_stat_get_xact_tuples_returned(indexrelid)) FROM pg_index
	WHERE indrelid = 'campaign_asset_reuse_history'::regclass GROUP BY indrelid
$$;
SELECT rows_read() AS before \gset
SELECT asset_reuse_sync('5ace0000-0000-4000-8000-00000000000a', 'acme', '{clip}', remove => true) #> '{removed,0}' AS removed;
SELECT rows_read() - :before < 4000 * 12 AS few;
ROLLBACK;

--
-- The table that is made
--
-- A place is compared byte by byte, as in a document: 42809 for other collations.
SELECT column_name, error_of(format('ALTER TABLE campaign_asset_reuse_history ALTER %s TYPE text COLLATE "en-x-icu"; SELECT asset_reuse_history(''hero'', ''acme'')', column_name)) AS error,
	error_of(format('ALTER TABLE campaign_asset_reuse_history ALTER %s TYPE text COLLATE "C"; SELECT asset_reuse_history(''hero'', ''acme'')', column_name)) AS remedy
FROM unnest('{reused_in_type,reused_in_id,reuse_key}'::text[]) AS column_name;
-- Assets that are not logged have a history that is not: u.  It cannot be partitioned: 42809.
CREATE UNLOGGED TABLE unlogged_assets (LIKE campaign_assets INCLUDING ALL);
INSERT INTO unlogged_assets (id, tenant_id) VALUES ('hero', 'acme');
SET asset_reuse.assets_table = unlogged_assets;
SET asset_reuse.history_table = unlogged_history;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') -> 'success' AS success, relpersistence FROM pg_class WHERE relname = 'unlogged_history';
-- Once the assets are logged, a history that a crash would empty takes no events: 42809, until it is logged, too.
ALTER TABLE unlogged_assets SET LOGGED;
SELECT error_of($$SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email')$$);
ALTER TABLE unlogged_history SET LOGGED;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') -> 'success' AS success;
SELECT asset_reuse_drop_history_table();
ALTER TABLE unlogged_assets SET UNLOGGED;
SELECT error_of($$SELECT asset_reuse_create_history_table('month')$$);
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
-- Assets from which tables inherit, whose rows a foreign key cannot reference: 42809.
CREATE TABLE inheriting_assets () INHERITS (unlogged_assets);
SET asset_reuse.assets_table = unlogged_assets;
SET asset_reuse.history_table = unlogged_history;
SELECT error_of('SELECT asset_reuse_create_history_table()');
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
-- A campaign whose id is a char(n), with its blanks and without, in both places: 2, 2 and 2, 2.
SELECT asset_reuse_drop_history_table();
ALTER TABLE campaign_spaces ALTER id TYPE char(8) USING 'summer';
UPDATE campaign_assets SET platform_metadata = NULL;
SELECT asset_reuse_track('hero', 'acme', id) #> '{event,reused_in_id}' AS id FROM unnest('{summer,"summer  "}'::text[]) AS id;
SELECT id || '.' AS id, reuses FROM unnest('{summer,"summer  "}'::text[]) AS id, asset_reuse_where_used('acme', id);
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT id || '.' AS id, reuses FROM unnest('{summer,"summer  "}'::text[]) AS id, asset_reuse_where_used('acme', id);

\set ECHO none
DROP SCHEMA regress_by_hand CASCADE;
