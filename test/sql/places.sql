--
-- asset_reuse_places: where an asset is, how often, since when and until when, and whether the
-- campaign is still there; the same wherever the events are.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_places;
SET search_path = regress_places, public;
\i :tables
\i :rows
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = ISO;

-- A live campaign, renamed meanwhile; one deleted softly, one that is no more, and another tenant's; an email, and a place
-- without a name; a campaign without an id; one known by its id alone; events without a time, a place, or a context.
CREATE FUNCTION event(at text, type text, id text, name text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object('timestamp', at)) || jsonb_build_object('context',
		jsonb_build_object('reused_in_type', type, 'reused_in_id', id, 'reused_in_name', name))
$$;
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('zoom', 1.5, 'reuse_history', jsonb_build_array(
	event('2026-01-02T00:00:00.000000', 'campaign_space', 'fall', 'Fall'),
	event('2026-01-04T00:00:00.000000', 'campaign_space', 'fall', 'Autumn'),
	event('2026-01-03T00:00:00.000000', 'campaign_space', 'fall', 'Winter'),
	event('2026-01-01T00:00:00.000000', 'campaign_space', 'old', 'Old Campaign'),
	event('2026-01-01T12:00:00.000000', 'campaign_space', 'no more', 'Was here'),
	event('2026-01-01T13:00:00.000000', 'campaign_space', 'rival', 'Theirs'),
	event('2026-01-06T00:00:00.000000', 'email', 'fall', 'A letter'),
	event('2026-01-06T00:00:00.000000', 'email', 'fall', 'The same letter, stored later'),
	event('2026-01-05T00:00:00.000000', 'email', 'Fall', NULL),
	event('2026-01-05T00:00:00.000001', 'campaign_space', NULL, 'Some campaign'),
	event('2026-01-05T00:00:00.000002', NULL, 'fall', NULL),
	event(NULL, 'campaign_space', 'summer', 'Summer'),
	event('soon', 'campaign_space', 'fall', 'Soon'),
	'{"timestamp": "2025-01-01"}'::jsonb, '"a note"'::jsonb)) WHERE id = 'hero';
CREATE TABLE documents AS SELECT id, platform_metadata FROM campaign_assets;

-- The campaign that it is in now; a letter; what is gone; and last, a place that has no time.
SELECT * FROM asset_reuse_places('hero', 'acme');
-- All events are of a place: 15.
SELECT sum(reuses), (SELECT asset_reuse_history('hero', 'acme') -> 'total') AS total FROM asset_reuse_places('hero', 'acme');
CREATE TABLE told AS SELECT row_number() OVER () AS n, p.* FROM asset_reuse_places('hero', 'acme') AS p;
CREATE FUNCTION differences() RETURNS TABLE (now text, before text) LANGUAGE sql AS $$
	SELECT p, t FROM (SELECT row_number() OVER () AS n, p.* FROM asset_reuse_places('hero', 'acme') AS p) AS p
		FULL JOIN told AS t USING (n) WHERE p::text IS DISTINCT FROM t::text
$$;
-- The planner may do what it likes: no differences.
SET enable_hashagg = off;
SET enable_seqscan = off;
SELECT * FROM differences();
RESET enable_hashagg;
RESET enable_seqscan;

-- With an empty table, with every second time moved, with all; in one table, and by month: no differences.
CREATE PROCEDURE check_moves(partition_by text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM asset_reuse_create_history_table(partition_by);
	ASSERT NOT EXISTS (SELECT FROM differences()), 'an empty table';
	CALL move_events(2);
	ASSERT (SELECT count(*) FROM campaign_asset_reuse_history) BETWEEN 1 AND 14, 'half and half';
	ASSERT NOT EXISTS (SELECT FROM differences()), 'half and half';
	CALL move_events(1);
	ASSERT (SELECT count(*) FROM campaign_asset_reuse_history) = 15, 'all in the table';
	ASSERT NOT EXISTS (SELECT FROM differences()), 'all in the table';
	DROP TABLE campaign_asset_reuse_history;
	UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id = a.id;
END
$$;
SET client_min_messages = warning;
CALL check_moves(NULL);
CALL check_moves('month');
RESET client_min_messages;

-- Never reused: no rows.  Absent, deleted, another tenant's, and of no tenant: one answer, history's.
SELECT * FROM asset_reuse_places('line', 'acme');
SELECT who, error_of(format('SELECT asset_reuse_places(%L, %L)', asset, tenant)) = error_of($$ SELECT asset_reuse_history('none', 'acme') $$) AS same
FROM (VALUES ('absent', 'nothing', 'acme'), ('deleted', 'gone', 'acme'), ('theirs', 'secret', 'acme'), ('no tenant', 'hero', 'none')) AS v (who, asset, tenant);
SELECT error_of($$ SELECT asset_reuse_places('nothing', 'acme') $$);
-- Nulls: 22004; an empty id: 22023.
SELECT error_of($$ SELECT asset_reuse_places(NULL, 'acme') $$);
SELECT error_of($$ SELECT asset_reuse_places('hero', NULL::text) $$);
SELECT error_of($$ SELECT asset_reuse_places('', 'acme') $$);

-- A campaign that the caller's policies hide is none that is live: f.
CREATE ROLE regress_places_reader;
GRANT USAGE ON SCHEMA regress_places TO regress_places_reader;
GRANT SELECT ON campaign_assets, campaign_spaces TO regress_places_reader;
ALTER TABLE campaign_spaces ENABLE ROW LEVEL SECURITY;
SET ROLE regress_places_reader;
SELECT is_live FROM asset_reuse_places('hero', 'acme') WHERE reused_in_type = 'campaign_space' AND reused_in_id = 'fall';
RESET ROLE;
ALTER TABLE campaign_spaces DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_places_reader;
DROP ROLE regress_places_reader;

-- Typed identifiers, and campaigns known by any spelling of their uuid: one place, which is live; and other types of ids.
\set typed '''bbbbbbbb-0000-4000-8000-000000000001'', ''aaaaaaaa-0000-4000-8000-000000000001'''
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', jsonb_build_array(
	event('2026-01-01', 'campaign_space', 'cccccccc-0000-4000-8000-000000000001', 'One'),
	event('2026-01-02', 'campaign_space', '{CCCCCCCC-0000-4000-8000-000000000001}', 'Two'),
	event('2026-01-03', 'campaign_space', 'none', 'Three')))
WHERE id = 'bbbbbbbb-0000-4000-8000-000000000001';
SELECT * FROM asset_reuse_places('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001'::uuid);
CREATE VIEW c_spaces AS SELECT CAST(id AS char(36)) AS id, CAST(tenant_id AS name) AS tenant_id, campaign_name FROM campaign_spaces;
CREATE TABLE german_spaces (id text COLLATE "und-x-icu", tenant_id text, campaign_name text, deleted_at timestamptz);
INSERT INTO german_spaces SELECT id, tenant_id, campaign_name, deleted_at FROM campaign_spaces;
CREATE VIEW u_spaces AS SELECT CAST(id AS uuid) AS id, CAST(tenant_id AS uuid) AS tenant_id, campaign_name
	FROM campaign_spaces WHERE length(id) = 36;
SET asset_reuse.spaces_table = 'c_spaces';
SELECT reused_in_name, reuses, is_live FROM asset_reuse_places(:typed);
SET asset_reuse.spaces_table = 'german_spaces';
SELECT reused_in_name, reuses, is_live FROM asset_reuse_places(:typed);
SET asset_reuse.spaces_table = 'u_spaces';
SELECT reused_in_id, reused_in_name, reuses, is_live FROM asset_reuse_places(:typed);
SELECT asset_reuse_create_history_table();
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
RESET client_min_messages;
SELECT reused_in_id, reused_in_name, reuses, is_live FROM asset_reuse_places(:typed);
RESET asset_reuse.spaces_table;

-- Reads only: it works in a read-only transaction.
BEGIN READ ONLY;
SELECT count(*) FROM asset_reuse_places('hero', 'acme');
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA regress_places CASCADE;
