--
-- asset_reuse_verify: every problem that it knows, made on purpose, is found, and nothing else;
-- wherever the events are.
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
CREATE SCHEMA regress_verify;
SET search_path = regress_verify, public;
\i :tables
\i :rows
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = ISO;

-- What track, the migration and the drop leave behind is well: no rows.
DO $$ BEGIN PERFORM asset_reuse_track('hero', 'acme', 'fall') FROM generate_series(1, 3); END $$;
SELECT * FROM asset_reuse_verify('acme');
SELECT asset_reuse_create_history_table();
DO $$ BEGIN PERFORM asset_reuse_track('hero', 'acme', 'fall'), asset_reuse_track('clip', 'acme', 'fall'); END $$;
SELECT * FROM asset_reuse_verify('acme');
SELECT asset_reuse_drop_history_table();
SELECT * FROM asset_reuse_verify('acme');

-- put_asset adds an asset with events at hours of 2026, each with a key if one is given, and with what else its document's log has.
CREATE FUNCTION put_asset(asset text, hours int[], count int, last text, keys jsonb[] DEFAULT '{}', more jsonb DEFAULT '[]') RETURNS void LANGUAGE sql AS $$
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, last_reused_at, platform_metadata)
	SELECT asset, 'summer', 'acme', 'ann', asset, 'image', count, last::timestamp, jsonb_build_object('zoom', 1, 'reuse_history',
		coalesce((SELECT jsonb_agg(jsonb_build_object(
				'timestamp', to_char(timestamp '2026-01-01' + hour * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
				'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_id', 'letter', 'reused_in_name', NULL)
					|| CASE WHEN keys[n] IS NULL THEN '{}' ELSE jsonb_build_object('reuse_key', keys[n]) END) ORDER BY n)
			FROM unnest(hours) WITH ORDINALITY AS h (hour, n)), '[]') || more)
$$;
SELECT count(put_asset(asset, hours, count, last)) FROM (VALUES
	('c well', '{1,2,3}'::int[], 3, '2026-01-01 03:00'), ('c unordered', '{3,1,2,3}', 4, '2026-01-01 03:00'),
	('c low', '{1,2,3}', 2, '2026-01-01 03:00'), ('c high', '{1,2}', 9, '2026-01-01 02:00'), ('c null', '{1,2}', NULL, '2026-01-01 02:00'),
	('c zero', '{}', 0, NULL), ('c none', '{}', 4, NULL),
	('t early', '{1,2}', 2, '2026-01-01 01:59:59.999999'), ('t late', '{1,2}', 2, '2026-01-01 02:00:00.000001'), ('t null', '{1,2}', 2, NULL),
	('t without events', '{}', 0, '2026-01-01'), ('t infinite', '{1}', 1, 'infinity'), ('t far', '{1}', 1, '2999-01-01'),
	('t minus infinity', '{}', 0, '-infinity'), ('t and c', '{1,2}', 1, '2026-01-01 01:00')) AS v (asset, hours, count, last);
-- Events of no shape, no time, and absurd times; the latest that counts is that of one hour.
SELECT put_asset('e untimed', '{}', 3, NULL, more => '[1, {"timestamp": "soon"}, {}]');
SELECT put_asset('e untimed, with a time', '{}', 3, '2026-01-01', more => '[1, {"timestamp": "soon"}, {}]');
SELECT put_asset('e absurd', '{1}', 2, '2026-01-01 01:00', more => '[{"timestamp": "9999-12-31T23:59:59"}]');
SELECT put_asset('e absurd, believed', '{1}', 2, '9999-12-31 23:59:59', more => '[{"timestamp": "9999-12-31T23:59:59"}]');
-- Keys: twice; twice at one time; thrice; none that counts; and the same key in two assets.
SELECT put_asset('k twice', '{1,2,3,4}', 4, '2026-01-01 04:00', '{"\"a\"","\"b\"",NULL,"\"a\""}');
SELECT put_asset('k twice at once', '{2,2}', 2, '2026-01-01 02:00', '{"\"a\"","\"a\""}');
SELECT put_asset('k long', '{1,2,3}', 3, '2026-01-01 03:00', array_fill(to_jsonb(repeat('x', 255)), '{3}'));
SELECT put_asset('k no keys', '{1,2,3,4,5,6}', 6, '2026-01-01 06:00', '{1,1,"\"\"","\"\"",true,true}');
SELECT put_asset('k too long', '{1,2}', 2, '2026-01-01 02:00', array_fill(to_jsonb(repeat('x', 256)), '{2}'));
SELECT put_asset('k once each', '{1,2,3}', 3, '2026-01-01 03:00', '{"\"a\"","\"b\"","\"A\""}');
-- Documents that cannot be read: nothing else is told of them.
SELECT put_asset('u ' || n, '{}', 7, '2026-01-01') FROM generate_series(1, 4) AS n;
UPDATE campaign_assets AS a SET platform_metadata = d FROM (VALUES ('u 1', '[1]'::jsonb), ('u 2', 'null'), ('u 3', '{"reuse_history": {}}'), ('u 4', '{"reuse_history": null}')) AS v (u, d)
WHERE a.id = u;
-- Deleted, and another tenant's: absent.
SELECT put_asset('z deleted', '{1}', 7, NULL), put_asset('z theirs', '{1}', 7, NULL);
UPDATE campaign_assets SET deleted_at = '2026-01-01' WHERE id = 'z deleted';
UPDATE campaign_assets SET tenant_id = 'globex' WHERE id = 'z theirs';
CREATE TABLE documents AS SELECT id, platform_metadata FROM campaign_assets;

SELECT * FROM asset_reuse_verify('acme');
SELECT * FROM asset_reuse_verify('globex');
-- One asset; one that is well.
SELECT problem, events FROM asset_reuse_verify('acme', 't and c');
SELECT problem, events FROM asset_reuse_verify('acme', 'c well');
-- An absent, a deleted, another tenant's asset: one answer, history's.
SELECT bool_and(error_of(format('SELECT asset_reuse_verify(''acme'', %L)', id)) = error_of($$ SELECT asset_reuse_history('none', 'acme') $$)) AS same
FROM unnest('{nothing,"z deleted","z theirs"}'::text[]) AS id;
SELECT error_of($$ SELECT asset_reuse_verify('acme', 'nothing') $$);
SELECT error_of($$ SELECT asset_reuse_verify(NULL) $$);
SELECT error_of($$ SELECT asset_reuse_verify('acme', '') $$);

-- The same with an empty table, with every second, every third and every time moved; in one table and by month, and in parallel: no differences.
CREATE TABLE told AS SELECT * FROM asset_reuse_verify('acme');
CREATE FUNCTION differences() RETURNS TABLE (now text, before text) LANGUAGE sql AS $$
	SELECT v, t FROM asset_reuse_verify('acme') AS v FULL JOIN told AS t USING (asset_id, problem) WHERE v::text IS DISTINCT FROM t::text
$$;
CREATE PROCEDURE check_moves(partition_by text) LANGUAGE plpgsql AS $$
DECLARE
	nth int;
BEGIN
	FOREACH nth IN ARRAY '{1000000,2,3,1}'::int[] LOOP
		PERFORM asset_reuse_create_history_table(partition_by);
		CALL move_events(nth);
		RAISE NOTICE '% rows, and % problems that differ', (SELECT count(*) FROM campaign_asset_reuse_history), (SELECT count(*) FROM differences());
		DROP TABLE campaign_asset_reuse_history;
		UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id = a.id;
	END LOOP;
END
$$;
CALL check_moves(NULL);
CALL check_moves('month');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_hashagg = off;
SELECT * FROM differences();
CALL check_moves(NULL);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET enable_hashagg;

-- Typed columns with a time zone.
CREATE TABLE typed_assets AS SELECT id, tenant_id, asset_name, asset_type, reused_count, last_reused_at AT TIME ZONE 'UTC' AS last_reused_at, platform_metadata, deleted_at
	FROM campaign_assets;
SET asset_reuse.assets_table = 'typed_assets';
SET TimeZone = 'Asia/Kathmandu';
SELECT * FROM differences();
SET TimeZone = 'UTC';
RESET asset_reuse.assets_table;

--
-- What only two places have
--

SELECT asset_reuse_create_history_table();
CALL move_events(1);
-- An old document is saved: two copies of rows of one time, and one; they do not count, so that the counters are right.
UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id = a.id AND a.id IN ('c well', 'k twice at once');
SELECT * FROM asset_reuse_verify('acme') EXCEPT SELECT * FROM told ORDER BY 1;
-- A row and an event of the document of one time that are not alike are two events.
UPDATE campaign_asset_reuse_history SET reused_in_id = 'other' WHERE asset_id = 'c well' AND reused_at = '2026-01-01 03:00';
SELECT problem, reused_count, events FROM asset_reuse_verify('acme', 'c well');
UPDATE campaign_assets SET platform_metadata = platform_metadata - 'reuse_history' WHERE id IN ('c well', 'k twice at once');
-- A key of the document that a row has.
UPDATE campaign_asset_reuse_history SET reuse_key = 'K' WHERE asset_id = 'c well' AND reused_at = '2026-01-01 01:00';
UPDATE campaign_assets SET reused_count = 4, last_reused_at = '2026-01-05', platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-05", "context": {"reuse_key": "K"}}]}' WHERE id = 'c well';
SELECT problem, reused_count, events FROM asset_reuse_verify('acme', 'c well');
UPDATE campaign_asset_reuse_history SET reuse_key = 'k' WHERE asset_id = 'c well' AND reused_at = '2026-01-01 01:00';
SELECT problem, reused_count, events FROM asset_reuse_verify('acme', 'c well');
-- Rows with another tenant, less and greater: told to the asset's tenant, and nothing of theirs.  To theirs, nothing.
UPDATE campaign_assets SET tenant_id = 'globex' WHERE id = 'c zero';
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES
	('globex', 'c unordered', '2026-02-01'), ('aaaaaaaa-0000-4000-8000-000000000001', 't null', '2026-02-02'), ('acme', 'c zero', '2026-02-03');
SELECT * FROM asset_reuse_verify('acme') EXCEPT SELECT * FROM told ORDER BY 1;
SELECT * FROM asset_reuse_verify('globex', 'c zero');
SELECT * FROM asset_reuse_verify('aaaaaaaa-0000-4000-8000-000000000001'::uuid);
-- Whom the table's policies show only events of assets that he sees, is not told; nor of the rows of an asset that he does not see.
CREATE ROLE regress_verify_reader;
GRANT USAGE ON SCHEMA regress_verify TO regress_verify_reader;
GRANT SELECT ON campaign_assets, campaign_spaces, campaign_asset_reuse_history TO regress_verify_reader;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_ones ON campaign_assets USING (id <= 'c well');
SET ROLE regress_verify_reader;
SELECT * FROM asset_reuse_verify('acme');
RESET ROLE;
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_verify_reader;
DROP ROLE regress_verify_reader;

-- Where an id is unique by its tenant alone, another tenant's rows of that id are its own.
CREATE TABLE keyed_assets (id text, tenant_id text, asset_name text, asset_type text, reused_count int, last_reused_at timestamp, platform_metadata jsonb,
	deleted_at timestamp, PRIMARY KEY (tenant_id, id));
INSERT INTO keyed_assets SELECT 'hero', tenant, 'hero', 'image', 0, NULL, '{}', NULL FROM unnest('{acme,globex}'::text[]) AS tenant;
SET asset_reuse.assets_table = 'keyed_assets';
SET asset_reuse.history_table = 'keyed_history';
SELECT asset_reuse_create_history_table();
DO $$ BEGIN PERFORM asset_reuse_track('hero', 'globex', reused_in_type => 'email', reused_in_id => 'letter'); END $$;
SELECT * FROM asset_reuse_verify('acme');
SELECT * FROM asset_reuse_verify('globex');
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;

-- A column of seconds rounds: what it makes of the latest event is no difference, up and down; what it does not is one.
DROP TABLE campaign_asset_reuse_history;
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp(0);
UPDATE campaign_assets SET reused_count = 1, last_reused_at = last, platform_metadata = jsonb_build_object('reuse_history', jsonb_build_array(jsonb_build_object('timestamp', at)))
FROM (VALUES ('c well', timestamp '2026-01-01 00:00:02', '2026-01-01T00:00:01.500000'), ('c low', '2026-01-01 00:00:01', '2026-01-01T00:00:01.499999'),
	('c high', '2026-01-01 00:00:01', '2026-01-01T00:00:01.500000'), ('c null', '1999-01-01 00:00:02', '1999-01-01T00:00:01.700000')) AS v (asset, last, at)
WHERE id = asset;
SELECT * FROM asset_reuse_verify('acme') WHERE asset_id IN ('c well', 'c low', 'c high', 'c null');
DO $$ BEGIN PERFORM asset_reuse_track('c zero', 'globex', 'rival') FROM generate_series(1, 5); END $$;
SELECT * FROM asset_reuse_verify('globex', 'c zero');

-- Reads only.
BEGIN READ ONLY;
SELECT count(*) FROM asset_reuse_verify('globex');
ROLLBACK;

-- No work grows faster than the events do: 50,000 of them, each with a key, and then all again as copies.
TRUNCATE campaign_assets;
DROP TABLE documents;
SELECT put_asset('long', '{1}', 50000, '2026-01-01 01:00');
UPDATE campaign_assets SET platform_metadata = (SELECT jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object(
	'timestamp', '2026-01-01T01:00:00.000000', 'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_id', NULL, 'reused_in_name', NULL, 'reuse_key', 'k' || n))))
	FROM generate_series(1, 50000) AS n);
CREATE TABLE documents AS SELECT id, platform_metadata FROM campaign_assets;
SET statement_timeout = '60s';
SELECT * FROM asset_reuse_verify('acme');
SELECT asset_reuse_create_history_table();
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
UPDATE campaign_assets AS a SET platform_metadata = d.platform_metadata FROM documents AS d WHERE d.id = a.id;
SELECT * FROM asset_reuse_verify('acme');

DROP SCHEMA regress_verify CASCADE;
