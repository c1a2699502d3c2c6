--
-- Ids of types that spell one id in more than one way: char(n) with its padding, a collation that does not
-- tell cases apart, a uuid.  Campaigns have each asset once, however their ids are spelled.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA regress_spelled_ids;
SET search_path = regress_spelled_ids, public;
SET client_min_messages = warning;
CREATE PROCEDURE make(id_type text) LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS campaign_asset_reuse_history, campaign_assets, campaign_spaces;
	EXECUTE format('CREATE TABLE campaign_spaces (id %1$s PRIMARY KEY, tenant_id %1$s NOT NULL, campaign_name text NOT NULL, deleted_at timestamp)', id_type);
	EXECUTE format('CREATE TABLE campaign_assets (id %1$s PRIMARY KEY, tenant_id %1$s NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL,
		campaign_space_id %1$s, reused_count int DEFAULT 0, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp)', id_type);
END
$$;
\set ECHO all
\set SHOW_CONTEXT never

-- char(n), in the documents and in the table.
CALL make('char(10)');
INSERT INTO campaign_spaces SELECT 'c' || n, 'acme', 'Campaign ' || n FROM generate_series(1, 2) AS n;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) SELECT 'a' || n, 'acme', 'Asset ' || n, 'image' FROM generate_series(1, 3) AS n;
SELECT asset_reuse_sync('c1', 'acme', '{a1,a2}');
SELECT asset_reuse_sync('c1', 'acme', '{a1,a2}');
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_sync('c1', 'acme', '{a2,a3}', remove => true);
SELECT asset_reuse_sync('c1', 'acme', '{a2,a3}', remove => true);
SELECT asset_reuse_copy_campaign('c1', 'c2', 'acme');
SELECT asset_reuse_copy_campaign('c1', 'c2', 'acme');
SELECT id, reused_count FROM campaign_assets ORDER BY id;
-- one id that is absent, with and without its padding
SELECT asset_reuse_track_many('{zz,"zz ",a1}', 'acme', 'c1', on_missing => 'skip') #> '{missing}';

-- A collation without cases.
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CALL make('text COLLATE any_case');
INSERT INTO campaign_spaces SELECT 'c' || n, 'acme', 'Campaign ' || n FROM generate_series(1, 2) AS n;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) SELECT 'a' || n, 'acme', 'Asset ' || n, 'image' FROM generate_series(1, 3) AS n;
SELECT asset_reuse_sync('c1', 'acme', '{A1,a1,a2}');
SELECT asset_reuse_sync('C1', 'ACME', '{a1}');
SELECT asset_reuse_sync('C1', 'ACME', '{A1}', remove => true);
SELECT asset_reuse_copy_campaign('C1', 'C2', 'ACME');
SELECT asset_reuse_copy_campaign('c1', 'C2', 'acme');
SELECT id, reused_count FROM campaign_assets ORDER BY id;
-- In the campaign are a1 and a2, however it is spelled.
SELECT campaign, item ->> 'id' AS item FROM unnest('{c1,C1}'::text[]) AS campaign, jsonb_array_elements(asset_reuse_recommend('acme', campaign) -> 'items') AS item;
-- Somebody has stored an event under another spelling of its asset's id.
SELECT asset_reuse_create_history_table();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id) VALUES ('acme', 'A3', '2026-01-07', 'campaign_space', 'c1');
SELECT asset_id, reused_in_id FROM asset_reuse_events('acme', start_date => '2026-01-07Z', end_date => '2026-01-08Z');
SELECT asset_reuse_sync('c1', 'acme', '{a1,a2,a3}');

-- Ids that PostgreSQL stores compressed or out of line, since the rows are wide.
CALL make('text');
ALTER TABLE campaign_assets SET (toast_tuple_target = 128);
ALTER TABLE campaign_assets ALTER id SET STORAGE EXTERNAL, ALTER platform_metadata SET STORAGE EXTERNAL;
INSERT INTO campaign_spaces SELECT 'c' || n, 'acme', 'Campaign ' || n FROM generate_series(1, 3) AS n;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, campaign_space_id, platform_metadata)
SELECT 'asset-' || n || repeat('-', 200), 'acme', 'Asset ' || n, 'image', 'c3', jsonb_build_object('text', repeat('x', 3000)) FROM generate_series(1, 3) AS n;
SELECT pg_relation_size(reltoastrelid) > 3 * 3000 + 3 * 200 AS out_of_line FROM pg_class WHERE oid = 'campaign_assets'::regclass;
CREATE FUNCTION lengths(answer jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(key || ' ' || jsonb_array_length(value), ', ' ORDER BY key) FROM jsonb_each(answer) WHERE jsonb_typeof(value) = 'array'
$$;
SELECT asset_reuse_create_history_table();
SELECT lengths(asset_reuse_sync('c1', 'acme', array_agg(id))) FROM campaign_assets;
SELECT lengths(asset_reuse_sync('c1', 'acme', array_agg(id))) FROM campaign_assets;
SELECT lengths(asset_reuse_copy_campaign('c1', 'c2', 'acme'));
SELECT lengths(asset_reuse_copy_campaign('c1', 'c2', 'acme'));
SELECT lengths(asset_reuse_copy_campaign('c3', 'c2', 'acme'));
SELECT lengths(asset_reuse_sync('c1', 'acme', array_agg(id), remove => true)) FROM (SELECT id FROM campaign_assets ORDER BY id LIMIT 1) AS a;
SELECT left(id, 7), reused_count FROM campaign_assets ORDER BY id;

-- Campaigns with uuids, which assets name as texts.
CALL make('text');
ALTER TABLE campaign_spaces ALTER id TYPE uuid USING NULL;
INSERT INTO campaign_spaces VALUES ('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', 'acme', 'One'), ('00000000-0000-0000-0000-000000000002', 'acme', 'Two');
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, campaign_space_id) VALUES ('a1', 'acme', 'Asset', 'image', 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');
SELECT asset_reuse_sync('{AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE}', 'acme', '{a1}');
SELECT asset_reuse_copy_campaign('AAAAAAAABBBBCCCCDDDDEEEEEEEEEEEE', '00000000-0000-0000-0000-000000000002', 'acme');
-- In any spelling, an asset was made there: it is not copied into it, not recommended for it, and at home there.
BEGIN;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, campaign_space_id) VALUES
	('a2', 'acme', 'Asset', 'image', 'AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE'), ('a3', 'acme', 'Asset', 'image', '{aaaaaaaabbbbccccddddeeeeeeeeeeee}'),
	('a4', 'acme', 'Asset', 'image', 'none');
SELECT asset_reuse_copy_campaign('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '00000000-0000-0000-0000-000000000002', 'acme', 'own');
SELECT asset_reuse_copy_campaign('00000000-0000-0000-0000-000000000002', 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', 'acme', dry_run => true);
SELECT asset_reuse_sync('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', 'acme', '{a1,a2,a3,a4}');
SELECT asset_id FROM asset_reuse_performance('acme', NULL, 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee') ORDER BY 1;
SELECT asset_id FROM asset_reuse_recommendations('acme', 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');
ROLLBACK;

-- In the history table, campaigns have the one spelling by which they are looked for: events that move get it, and rows with
-- another are refused.  What is no uuid, or no campaign, is as it is.
BEGIN;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [
	{"timestamp": "2026-01-07", "context": {"reused_in_type": "campaign_space", "reused_in_id": "{00000000-0000-0000-0000-00000000000A}"}},
	{"timestamp": "2026-01-08", "context": {"reused_in_type": "campaign_space", "reused_in_id": "00000000-0000-0000-0000-00000000000A "}},
	{"timestamp": "2026-01-09", "context": {"reused_in_type": "email", "reused_in_id": "00000000-0000-0000-0000-00000000000A"}}]}';
SELECT reused_in_type, reused_in_id, reuses FROM asset_reuse_places('a1', 'acme');
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('a1', 'acme', '00000000-0000-0000-0000-000000000002') -> 'success';
SELECT reused_in_type, reused_in_id, reuses FROM asset_reuse_places('a1', 'acme');
SELECT asset_id, reuses FROM asset_reuse_where_used('acme', '{00000000-0000-0000-0000-00000000000A}');
CREATE PROCEDURE store(reused_in_type text, reused_in_id text) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id) VALUES ('acme', 'a1', clock_timestamp(), $1, $2);
	RAISE WARNING 'stored';
EXCEPTION WHEN check_violation THEN
	RAISE WARNING '%', SQLERRM;
END
$$;
CALL store('campaign_space', '00000000-0000-0000-0000-00000000000a');
CALL store('campaign_space', '00000000-0000-0000-0000-00000000000A');
CALL store('campaign_space', '{00000000-0000-0000-0000-00000000000a}');
CALL store('campaign_space', '0000000000000000000000000000000a');
CALL store('campaign_space', '0000-000000000000-0000-0000-00000000000a');
CALL store('campaign_space', '0000-0000-0000-0000-0000-0000-0000-000a');
CALL store('campaign_space', '{00000000-0000-0000-0000-00000000000a');
CALL store('campaign_space', '00000000-0000-0000-0000-00000000000G');
CALL store('campaign_space', 'The Campaign');
CALL store('campaign_space', NULL);
CALL store('email', '00000000-0000-0000-0000-00000000000A');
CALL store(NULL, '00000000-0000-0000-0000-00000000000A');
-- Random texts of a uuid's characters are refused if and only if they are uuids in another spelling than the type's own.
CREATE FUNCTION is_uuid(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1::uuid IS NOT NULL; EXCEPTION WHEN data_exception THEN RETURN false; END $$;
CREATE FUNCTION is_stored(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id) VALUES ('acme', 'a1', clock_timestamp(), 'campaign_space', $1);
	RETURN true;
EXCEPTION WHEN check_violation THEN
	RETURN false;
END
$$;
SELECT setseed(0.26);
WITH texts AS MATERIALIZED (
	SELECT CASE WHEN random() < 0.2 THEN '{' ELSE '' END || string_agg(
		substr('0123456789abcdef' || CASE WHEN n < 1000 THEN 'ABCDEF' ELSE '' END, 1 + (random() * CASE WHEN n < 1000 THEN 21 ELSE 15 END)::int, 1)
		|| CASE WHEN i IN (8, 12, 16, 20) AND random() < 0.95 OR i % 4 = 0 AND random() < 0.1 OR random() < 0.001 THEN '-' ELSE '' END, '' ORDER BY i)
		|| CASE WHEN random() < 0.2 THEN '}' ELSE '' END AS id
	FROM generate_series(1, 2000) AS n, generate_series(1, 32) AS i GROUP BY n)
SELECT count(*) FILTER (WHERE is_uuid(id)) > 100 AS uuids, count(*) FILTER (WHERE id = (CASE WHEN is_uuid(id) THEN id END)::uuid::text) > 100 AS spelled,
	count(*) FILTER (WHERE is_stored(id) <> (NOT is_uuid(id) OR id = (CASE WHEN is_uuid(id) THEN id END)::uuid::text)) AS differences
FROM texts;
ROLLBACK;

-- Campaigns with texts, where assets name uuids: no asset can have been made in one that is no uuid.
BEGIN;
ALTER TABLE campaign_assets ALTER campaign_space_id TYPE uuid USING NULL;
ALTER TABLE campaign_spaces ALTER id TYPE text;
INSERT INTO campaign_spaces VALUES ('c1', 'acme', 'One'), ('c2', 'acme', 'Two');
SELECT asset_reuse_sync('c1', 'acme', '{a1}');
SELECT asset_reuse_copy_campaign('c1', 'c2', 'acme');
SELECT asset_reuse_recommend('acme', 'c1') -> 'items';
SELECT count(*) FROM asset_reuse_performance('acme', NULL, 'c1');
ROLLBACK;

-- Of two events with one key, which only others can have stored, the earliest counts, in both places.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, reused_count, platform_metadata)
SELECT id, 'acme', 'Twice', 'image', 2, '{"reuse_history": [
	{"timestamp": "2026-02-03T00:00:00.000000", "context": {"reuse_key": "k", "reused_in_type": "email", "reused_in_id": "later", "reused_in_name": null}},
	{"timestamp": "2026-01-07T00:00:00.000000", "context": {"reuse_key": "k", "reused_in_type": "email", "reused_in_id": "earlier", "reused_in_name": null}}]}'
FROM unnest('{t1,t2}'::text[]) AS id;
SELECT asset_reuse_import('acme', '[{"asset_id": "t1", "timestamp": "2026-03-01T00:00:00Z", "key": "x", "reused_in_type": "email", "reused_in_id": "other"}]', 's') -> 'imported';
SELECT asset_reuse_undo('t1', 'acme', reuse_key => 'k') #>> '{event,reused_in_id}';
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_undo('t2', 'acme', reuse_key => 'k') #>> '{event,reused_in_id}';

-- A dry run says what the call would say, with a key that was used elsewhere, too.
SELECT asset_reuse_track('a1', 'acme', reused_in_type => 'email', reused_in_id => 'letter', reuse_key => 'used') -> 'success';
SELECT asset_reuse_copy_campaign('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '00000000-0000-0000-0000-000000000002', 'acme', reuse_key => 'used', dry_run => true);
SELECT asset_reuse_undo('a1', 'acme', (SELECT event_id FROM asset_reuse_events('acme', 'a1') WHERE reused_in_type = 'campaign_space')) ->> 'message';
SELECT asset_reuse_copy_campaign('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '00000000-0000-0000-0000-000000000002', 'acme', reuse_key => 'used', dry_run => true);
SELECT asset_reuse_copy_campaign('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '00000000-0000-0000-0000-000000000002', 'acme', reuse_key => 'used');

-- Three events of one time, one of them in the campaign: the error says how many there are, in both places.
SELECT asset_reuse_drop_history_table() IS NOT NULL;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, reused_count, platform_metadata)
SELECT 'three', 'acme', 'Three', 'image', 3, jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object('timestamp', '2026-01-07T00:00:00.000000',
	'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', id, 'reused_in_name', NULL))))
FROM unnest('{00000000-0000-0000-0000-000000000002,x,y}'::text[]) AS id;
SELECT asset_reuse_sync('00000000-0000-0000-0000-000000000002', 'acme', '{t1}', remove => true);
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT asset_reuse_sync('00000000-0000-0000-0000-000000000002', 'acme', '{t1}', remove => true);

\set ECHO none
DROP SCHEMA regress_spelled_ids CASCADE;
