--
-- asset_reuse_repair: counters agree with their events afterwards, nothing else has changed, and a
-- second run finds nothing to do; wherever the events are.
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
CREATE SCHEMA regress_repair;
SET search_path = regress_repair, public;
\i :tables
\i :rows
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = ISO;

-- Assets with events at hours of 2026, and counters that agree with them or not.
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, last_reused_at, updated_at, platform_metadata)
SELECT id, 'summer', tenant, 'ann', id, 'image', count, last, '2020-01-01', '{"zoom": 1.50}' || CASE WHEN hours IS NULL THEN '{}' ELSE jsonb_build_object('reuse_history',
	coalesce((SELECT jsonb_agg(jsonb_build_object('timestamp', to_char(timestamp '2026-01-01' + h * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_id', 'letter', 'reused_in_name', NULL))) FROM unnest(hours) AS h), '[]')) END
FROM (VALUES ('well', 'acme', 2, timestamp '2026-01-01 02:00', '{1,2}'::int[]), ('low', 'acme', 1, '2026-01-01 02:00', '{1,2}'), ('high', 'acme', 9, '2026-01-01 02:00', '{1,2}'),
	('null', 'acme', NULL, NULL, '{1,2}'), ('early', 'acme', 2, '2026-01-01', '{1,2}'), ('late', 'acme', 2, '2026-01-02', '{1,2}'), ('far', 'acme', 2, '2999-01-01', '{1,2}'),
	('infinite', 'acme', 2, 'infinity', '{1,2}'), ('low and late', 'acme', 1, '2026-01-02', '{1,2}'), ('high and early', 'acme', 9, '2026-01-01', '{1,2}'),
	('no events', 'acme', 5, '2026-01-02', NULL), ('no events, far', 'acme', 0, '2999-01-02', NULL), ('null, no events', 'acme', NULL, NULL, NULL),
	('unreadable', 'acme', 5, '2026-01-02', NULL), ('deleted', 'acme', 5, NULL, '{1}'), ('theirs', 'globex', 5, NULL, '{1}')) AS v (id, tenant, count, last, hours);
UPDATE campaign_assets SET platform_metadata = '[]' WHERE id = 'unreadable';
UPDATE campaign_assets SET deleted_at = '2026-01-01' WHERE id = 'deleted';
CREATE TABLE before AS SELECT * FROM campaign_assets;

-- What a run changes: columns of each asset, and whether updated_at is the clock of the run.
CREATE FUNCTION changes() RETURNS TABLE (id text, reused_count bigint, last_reused_at timestamp, nothing_else boolean) LANGUAGE sql AS $$
	SELECT id, a.reused_count, a.last_reused_at,
		(to_jsonb(a) - '{reused_count,last_reused_at,updated_at}'::text[] = to_jsonb(b) - '{reused_count,last_reused_at,updated_at}'::text[]
			AND a.updated_at BETWEEN (clock_timestamp() AT TIME ZONE 'UTC') - interval '10 minutes' AND clock_timestamp() AT TIME ZONE 'UTC') AS nothing_else
	FROM campaign_assets AS a JOIN before AS b USING (id) WHERE a::text <> b::text ORDER BY id
$$;
CREATE PROCEDURE put_back() LANGUAGE sql AS $$
	UPDATE campaign_assets AS a SET reused_count = b.reused_count, last_reused_at = b.last_reused_at, updated_at = b.updated_at, platform_metadata = b.platform_metadata
	FROM before AS b WHERE a.id = b.id
$$;

-- Raise: counters are lifted, and none is lowered; a time that nobody can have meant is none.
CALL asset_reuse_repair('acme');
SELECT * FROM changes();
CREATE TABLE raised AS SELECT id, reused_count, last_reused_at FROM changes();
-- Again: nothing to do.
CREATE TEMP TABLE versions AS SELECT xmin AS version, id FROM campaign_assets;
CALL asset_reuse_repair('acme', 'raise');
SELECT count(*) FROM campaign_assets AS a JOIN versions AS v USING (id) WHERE a.xmin <> v.version;
-- What raise leaves.
SELECT asset_id, problem FROM asset_reuse_verify('acme') WHERE asset_id NOT IN (SELECT id FROM raised WHERE id <> 'low and late') AND asset_id <> 'hero';

-- Match: verify finds nothing more but what cannot be read.  In batches of three, with their notices.
CALL put_back();
CALL asset_reuse_repair('acme', 'match', 3);
SELECT * FROM changes();
CREATE TABLE matched AS SELECT id, reused_count, last_reused_at FROM changes();
SELECT * FROM asset_reuse_verify('acme');
TRUNCATE versions;
INSERT INTO versions SELECT xmin, id FROM campaign_assets;
CALL asset_reuse_repair('acme', 'match', 1);
SELECT count(*) FROM campaign_assets AS a JOIN versions AS v USING (id) WHERE a.xmin <> v.version;

-- With half of the events, and all, in the table; one, and by month: the same.
SET client_min_messages = warning;
CREATE PROCEDURE check_moves(partition_by text, nth int) LANGUAGE plpgsql AS $$
BEGIN
	CALL put_back();
	PERFORM asset_reuse_create_history_table(partition_by);
	CALL move_events(nth);
	RAISE WARNING '% rows', (SELECT count(*) FROM campaign_asset_reuse_history);
	COMMIT;
	CALL asset_reuse_repair('acme');
	IF EXISTS ((SELECT id, reused_count, last_reused_at FROM campaign_assets JOIN raised USING (id, reused_count, last_reused_at)) EXCEPT TABLE raised)
		OR EXISTS (TABLE raised EXCEPT SELECT id, reused_count, last_reused_at FROM campaign_assets) THEN RAISE WARNING 'raise differs'; END IF;
	CALL asset_reuse_repair('acme', 'match', 2);
	IF EXISTS (TABLE matched EXCEPT SELECT id, reused_count, last_reused_at FROM campaign_assets)
		OR EXISTS (SELECT FROM asset_reuse_verify('acme') WHERE problem <> 'unreadable') THEN RAISE WARNING 'match differs'; END IF;
	DROP TABLE campaign_asset_reuse_history;
END
$$;
CALL check_moves(NULL, 2);
CALL check_moves('month', 3);
CALL check_moves(NULL, 1);

-- With typed identifiers, times with a time zone, and a counter that is a bigint.
CREATE TABLE typed_assets AS SELECT md5(id)::uuid AS id, md5(tenant_id)::uuid AS tenant_id, asset_name, asset_type, reused_count::bigint,
	last_reused_at AT TIME ZONE 'UTC' AS last_reused_at, platform_metadata, deleted_at FROM before;
SET asset_reuse.assets_table = 'typed_assets';
SET TimeZone = 'Asia/Kathmandu';
CALL asset_reuse_repair(md5('acme')::uuid);
SELECT count(*) FROM typed_assets AS t JOIN raised AS r ON r.id = t.asset_name
WHERE t.reused_count = r.reused_count AND t.last_reused_at IS NOT DISTINCT FROM r.last_reused_at AT TIME ZONE 'UTC';
CALL asset_reuse_repair(md5('acme')::uuid, 'match');
SELECT problem FROM asset_reuse_verify(md5('acme')::uuid);
SET TimeZone = 'UTC';
RESET asset_reuse.assets_table;
-- A column of seconds: nothing to do after a repair.
ALTER TABLE campaign_assets ALTER last_reused_at TYPE timestamp(0);
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-03T00:00:01.7"}]}', last_reused_at = '2026-01-01', reused_count = 0 WHERE id = 'well';
CALL asset_reuse_repair('acme');
SELECT reused_count, last_reused_at FROM campaign_assets WHERE id = 'well';
RESET client_min_messages;
CALL asset_reuse_repair('acme');

-- What the caller may not see is not repaired; what he may not update, is an error.
CALL put_back();
CREATE ROLE regress_repair_writer;
GRANT USAGE ON SCHEMA regress_repair TO regress_repair_writer;
GRANT SELECT (id, tenant_id, deleted_at, reused_count, last_reused_at, platform_metadata), UPDATE (reused_count, last_reused_at, updated_at)
	ON campaign_assets TO regress_repair_writer;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON campaign_assets FOR SELECT USING (id <= 'low and late');
CREATE POLICY updated ON campaign_assets FOR UPDATE USING (id <> 'early');
SET ROLE regress_repair_writer;
CALL asset_reuse_repair('acme');
RESET ROLE;
SELECT id FROM changes() WHERE reused_count > 0 AND id IN (SELECT id FROM raised);
REVOKE UPDATE (reused_count) ON campaign_assets FROM regress_repair_writer;
CALL put_back();
SET ROLE regress_repair_writer;
CALL asset_reuse_repair('acme');
RESET ROLE;
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
DROP OWNED BY regress_repair_writer;
DROP ROLE regress_repair_writer;

-- What the application refuses is passed over, with a warning that says which asset was the first.
CALL put_back();
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE = TG_ARGV[0]; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (old.id = 'low') EXECUTE FUNCTION refuse('check_violation');
\set SHOW_CONTEXT errors
CALL asset_reuse_repair('acme', 'raise', 2);
\set SHOW_CONTEXT never
SELECT id FROM changes();
DROP TRIGGER refuse ON campaign_assets;
-- So is what is kept closed while it is moved to another server.
CALL put_back();
CREATE TRIGGER refuse AFTER UPDATE ON campaign_assets FOR EACH ROW WHEN (old.id = 'low') EXECUTE FUNCTION refuse('object_in_use');
CALL asset_reuse_repair('acme', 'raise', 2);
SELECT id FROM changes();
DROP TRIGGER refuse ON campaign_assets;
-- A trigger that keeps the update from being done: not repaired, and not counted.
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (old.id = 'low') EXECUTE FUNCTION suppress();
CALL asset_reuse_repair('acme');
DROP TRIGGER suppress ON campaign_assets;
-- The counter's type has an end, which is a refusal like any other.
UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', (SELECT jsonb_agg(i) FROM generate_series(1, 40000) AS i)) WHERE id = 'low';
ALTER TABLE campaign_assets ALTER reused_count TYPE smallint;
CALL asset_reuse_repair('acme');
SELECT reused_count FROM campaign_assets WHERE id = 'low';

-- Arguments.
CALL asset_reuse_repair(NULL::text);
CALL asset_reuse_repair('acme', 'lower');
CALL asset_reuse_repair('acme', '');
CALL asset_reuse_repair('acme', batch_size => 0);
CALL asset_reuse_repair('no such tenant', NULL, NULL);
BEGIN;
CALL asset_reuse_repair('acme');
ROLLBACK;

-- An asset without an id cannot be found again: it comes last, when the others are repaired, and the error says why.
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey, ALTER id DROP NOT NULL;
UPDATE campaign_assets SET id = NULLIF(id, 'low'), reused_count = 0 WHERE id IN ('low', 'low and late');
SELECT asset_id FROM asset_reuse_verify('acme') WHERE problem = 'count_low';
CALL asset_reuse_repair('acme');
SELECT asset_id FROM asset_reuse_verify('acme') WHERE problem = 'count_low';

SET client_min_messages = warning;
DROP SCHEMA regress_repair CASCADE;
