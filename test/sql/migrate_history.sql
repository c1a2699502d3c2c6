--
-- asset_reuse_migrate_history: moves the logs of all assets to the history table.
--
-- What moves, in which transactions, with which rights; that an event
-- is always in exactly one place; and errors.  Notices have a rate in them, so they are
-- looked at in t/040_migration_crash.pl and silenced here.
--
-- Identifiers of type name, which is no varlena, whatever byte they begin with: 3 events move.
CREATE TABLE named_spaces (id name PRIMARY KEY, tenant_id name, campaign_name text);
CREATE TABLE named_assets (id name PRIMARY KEY, tenant_id name, asset_name text, asset_type text, reused_count int, last_reused_at timestamp,
	platform_metadata jsonb, deleted_at timestamp);
INSERT INTO named_assets SELECT id, 't', id, 'image', 1, NULL, '{"reuse_history": [{"timestamp": "2020-01-01T00:00:00.000000", "context": {}}]}', NULL
FROM unnest('{a1,daaaaaaa,z}'::text[]) AS id;
SET asset_reuse.assets_table = 'named_assets';
SET asset_reuse.spaces_table = 'named_spaces';
SET asset_reuse.history_table = 'named_history';
SELECT asset_reuse_create_history_table();
SET client_min_messages = warning;
CALL asset_reuse_migrate_history(NULL);
CALL asset_reuse_migrate_history(1);
SELECT asset_reuse_track('a1', 't', reused_in_id => repeat('q', 70)) #> '{asset,reused_count}' AS count;
SELECT asset_id, count(*) FROM named_history GROUP BY asset_id ORDER BY asset_id;
-- A campaign's id longer than a name is whole, as in a document.
SELECT asset_id, reuses FROM asset_reuse_where_used('t', reused_in_id => repeat('q', 70));
SELECT count(*) FROM asset_reuse_where_used('t', reused_in_id => repeat('q', 63));
SELECT asset_reuse_drop_history_table();
SELECT asset_id, reuses FROM asset_reuse_where_used('t', reused_in_id => repeat('q', 70));
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
RESET asset_reuse.history_table;

SET client_min_messages = warning;
DROP SCHEMA IF EXISTS migrate_history CASCADE;
CREATE SCHEMA migrate_history;
SET search_path = migrate_history, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\i :tables
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\i :helpers
SET DateStyle = 'ISO';

INSERT INTO tenants VALUES ('acme', 'Acme'), ('bolt', 'Bolt');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES
	('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta'), ('home', 'bolt', 'user-2', 'Home', 'meta');

-- An event as track stores it: the n-th hour of 2026, in a campaign.
CREATE FUNCTION event(n int, campaign text DEFAULT 'fall') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('timestamp', to_char(timestamp '2026-01-01' + n * interval '1 hour 1 microsecond', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', campaign, 'reused_in_name', NULL))
$$;
CREATE FUNCTION events(first int, last int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(event(n) ORDER BY n) FROM generate_series(first, last) AS n
$$;
CREATE FUNCTION add_asset(id text, tenant_id text, log jsonb) RETURNS text LANGUAGE sql AS $$
	INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, updated_at, platform_metadata)
	VALUES (id, tenant_id, CASE tenant_id WHEN 'acme' THEN 'fall' ELSE 'home' END, 'user-1', id, 'image', '2026-01-01',
		CASE WHEN log IS NULL THEN '{"source": "sync"}' ELSE jsonb_build_object('source', 'sync', 'reuse_history', log) END)
	RETURNING id
$$;
-- The table as asset_reuse_create_history_table() makes it, without its further indexes.
CREATE FUNCTION add_history_table() RETURNS void LANGUAGE sql AS $$
	CREATE TABLE campaign_asset_reuse_history (
		tenant_id varchar(36) NOT NULL,
		asset_id varchar(36) NOT NULL REFERENCES campaign_assets ON DELETE CASCADE,
		reused_at timestamp NOT NULL,
		seq int DEFAULT 0,
		reused_in_type text COLLATE "C",
		reused_in_id text COLLATE "C",
		reused_in_name text,
		reuse_key text COLLATE "C",
		context jsonb,
		original jsonb,
		PRIMARY KEY (asset_id, tenant_id, reused_at, seq))
$$;

CREATE VIEW documents AS SELECT id, platform_metadata FROM campaign_assets ORDER BY id;

--
-- Errors
--

-- A batch size that is none.
CALL asset_reuse_migrate_history(0);
-- No history table.
CALL asset_reuse_migrate_history();
-- In a transaction block; and in a function.
BEGIN;
CALL asset_reuse_migrate_history();
ROLLBACK;
SELECT add_history_table();
SELECT error_of('CALL asset_reuse_migrate_history()');
-- A table that is no history.
ALTER TABLE campaign_asset_reuse_history DROP COLUMN context;
CALL asset_reuse_migrate_history();
DROP TABLE campaign_asset_reuse_history;

--
-- What moves
--

-- Nothing to move: no assets.
SELECT add_history_table();
CALL asset_reuse_migrate_history();
SELECT count(*) FROM campaign_asset_reuse_history;

-- All of a log; of a deleted asset; of another tenant; out of order; contexts of all kinds, and of none.
SELECT add_asset('a1', 'acme', events(1, 3));
SELECT add_asset('a2', 'acme', jsonb_build_array(event(9), event(8, 'gone')));
UPDATE campaign_assets SET deleted_at = '2026-02-01' WHERE id = 'a2';
SELECT add_asset('b1', 'bolt', '[{"timestamp": "2026-01-05", "context": {"reused_in_type": "email", "reused_in_id": "fall"}},
	{"timestamp": "2026-01-06T05:30:00+05:30"}, {"timestamp": "2026-01-07", "context": null}, {"timestamp": "2026-01-08", "context": "x"}]');
-- No time, no object, a further key, two of one time, a year that we cannot write.
SELECT add_asset('a3', 'acme', jsonb_build_array(1, event(1), '{"context": {}}'::jsonb, event(2) || '{"by": "x"}', event(3), event(3), event(4),
	'{"timestamp": "9999-12-31T23:00-01:00"}'::jsonb));
-- Stays as it is: no log, an empty one, and documents that cannot hold one.
SELECT add_asset('a4', 'acme', NULL);
SELECT add_asset('a5', 'acme', '[]');
SELECT add_asset('a6', 'acme', '{}');
SELECT add_asset('a7', 'acme', NULL);
UPDATE campaign_assets SET platform_metadata = '[1]' WHERE id = 'a7';
-- An event whose time the table has for that asset already gets the next number; a copy of what is there is removed.
SELECT add_asset('a8', 'acme', events(1, 2) || event(2) || event(3));
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, context) VALUES
	('acme', 'a8', (event(2) ->> 'timestamp')::timestamp, 4, 'email', 'letter', '{"by": "others"}'),
	('acme', 'a8', (event(3) ->> 'timestamp')::timestamp, 0, 'campaign_space', 'fall', NULL);
-- What is shown before, and the ids.
CREATE FUNCTION told() RETURNS TABLE (asset_id text, events text) LANGUAGE sql AS $$
	SELECT asset_id, string_agg((e.event_id, e.reused_at, e.reused_in_type, e.reused_in_id, e.reused_in_name, e.context)::text, E'\n')
	FROM unnest(ARRAY['acme', 'bolt']) AS tenant, asset_reuse_events(tenant) AS e GROUP BY asset_id
$$;
CREATE TEMP TABLE told_before AS SELECT * FROM told();

CREATE TABLE before AS SELECT * FROM campaign_assets;
CALL asset_reuse_migrate_history();
TABLE documents;
SELECT * FROM campaign_asset_reuse_history ORDER BY 1, 2, 3, 4;
-- The same is shown as before, under the same ids: no rows, of 4 assets.
SELECT * FROM told() FULL JOIN told_before AS b USING (asset_id, events) WHERE told IS NULL OR b IS NULL;
SELECT count(*) FROM told_before;
-- No other column has changed, updated_at included: 0.
SELECT count(*) FROM campaign_assets AS a JOIN before AS b USING (id)
WHERE to_jsonb(a) - 'platform_metadata' <> to_jsonb(b) - 'platform_metadata';

-- Again: nothing moves, nothing changes, no row is written: t.
CREATE TEMP TABLE versions AS SELECT xmin AS version, id, platform_metadata FROM campaign_assets;
CALL asset_reuse_migrate_history();
SELECT count(*) FROM campaign_asset_reuse_history;
SELECT bool_and(a.xmin = v.version AND a.platform_metadata = v.platform_metadata) AS same FROM campaign_assets AS a JOIN versions AS v USING (id);

-- What others append to a document later, and earlier than what has moved, moves with the next call.
UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}', jsonb_build_array(event(0), event(4))) WHERE id = 'a1';
CALL asset_reuse_migrate_history();
SELECT reused_at, seq, reused_in_id FROM campaign_asset_reuse_history WHERE asset_id = 'a1' ORDER BY 1, 2;
SELECT platform_metadata FROM campaign_assets WHERE id = 'a1';

--
-- Track
--

-- The first call moves its asset's log, and no other asset's; the event is the last row.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT add_asset('k1', 'acme', jsonb_build_array(event(2), 1, event(1))), add_asset('k2', 'acme', events(1, 2));
SELECT mask_times(asset_reuse_track('k1', 'acme', 'fall') -> 'event');
TABLE documents;
SELECT asset_id, row_number() OVER (ORDER BY reused_at) AS n, reused_in_id, reused_in_name, original FROM campaign_asset_reuse_history;
-- With its transaction's end: rolled back, all is where it was.
BEGIN;
SELECT mask_times(asset_reuse_track('k2', 'acme', reused_in_type => 'email', reused_in_id => 'letter') -> 'event');
SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'k2';
ROLLBACK;
SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'k2';
SELECT platform_metadata = jsonb_build_object('source', 'sync', 'reuse_history', events(1, 2)) AS same FROM campaign_assets WHERE id = 'k2';

--
-- Batches
--

-- Seven assets by two: four transactions, in the order of ids.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('c' || n, 'acme', events(1, n))) FROM generate_series(1, 7) AS n;
CALL asset_reuse_migrate_history(2);
SELECT string_agg(assets, ' | ' ORDER BY assets) AS transactions, sum(events) AS events
FROM (SELECT string_agg(DISTINCT asset_id, ' ' ORDER BY asset_id) AS assets, count(*) AS events
	FROM campaign_asset_reuse_history GROUP BY xmin::text) AS t;
-- However large the batches may be, one ends when it has 10,000 events: d1 to d3, d4, and d5 and d6.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('d' || n, 'acme', (SELECT jsonb_agg(event(i)) FROM generate_series(1, size) AS i)))
FROM unnest(ARRAY[4999, 5000, 1, 12000, 1, 1]) WITH ORDINALITY AS sizes (size, n);
CALL asset_reuse_migrate_history();
SELECT string_agg(assets, ' | ' ORDER BY assets) AS transactions, sum(events) AS events
FROM (SELECT string_agg(DISTINCT asset_id, ' ' ORDER BY asset_id) AS assets, count(*) AS events
	FROM campaign_asset_reuse_history GROUP BY xmin::text) AS t;
SELECT count(*) FROM campaign_assets WHERE platform_metadata <> '{"source": "sync"}';

-- What a constraint or a trigger refuses is passed over, whatever the batches: the others, e1, e2, e4 and e6, move, and a warning says
-- how many did not, and why the first one; of the row it quotes the id alone.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('e' || n, 'acme', events(1, 2))) FROM generate_series(1, 6) AS n;
ALTER TABLE campaign_assets ADD CONSTRAINT not_e3 CHECK (id <> 'e3') NOT VALID;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'rights have expired', ERRCODE = TG_ARGV[0]; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (OLD.id = 'e5') EXECUTE FUNCTION refuse('RX001');
CALL asset_reuse_migrate_history(2);
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;
SELECT id, jsonb_array_length(platform_metadata -> 'reuse_history') AS left FROM campaign_assets ORDER BY 1;
-- A further run tries them again; the table's own constraints are no different.  The warning has the code of the first one's error.
ALTER TABLE campaign_assets DROP CONSTRAINT not_e3;
ALTER TABLE campaign_asset_reuse_history ADD CONSTRAINT not_e3 CHECK (asset_id <> 'e3') NOT VALID;
\set VERBOSITY sqlstate
CALL asset_reuse_migrate_history();
\set VERBOSITY default
SELECT count(*) FROM campaign_asset_reuse_history;
-- Once nothing refuses them, they move.
ALTER TABLE campaign_asset_reuse_history DROP CONSTRAINT not_e3;
DROP TRIGGER refuse ON campaign_assets;
CALL asset_reuse_migrate_history();
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;

-- So are those of a tenant that is kept closed (55006), as examples/move_tenant does it: the others move.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('e' || n, CASE WHEN n = 2 THEN 'bolt' ELSE 'acme' END, events(1, 2))) FROM generate_series(1, 3) AS n;
CREATE TRIGGER refuse AFTER UPDATE ON campaign_assets FOR EACH ROW WHEN (OLD.tenant_id = 'bolt') EXECUTE FUNCTION refuse('55006');
CALL asset_reuse_migrate_history();
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;
DROP TRIGGER refuse ON campaign_assets;

-- An error that is not about one asset ends the run, and keeps what the batches before it have moved: e1 and e2.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('e' || n, 'acme', events(1, 2))) FROM generate_series(1, 4) AS n;
CREATE TRIGGER refuse BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (OLD.id = 'e3') EXECUTE FUNCTION refuse('disk_full');
\set VERBOSITY terse
CALL asset_reuse_migrate_history(1);
\set VERBOSITY default
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;
DROP TRIGGER refuse ON campaign_assets;
-- A further run goes on from there.
CALL asset_reuse_migrate_history();
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;

-- Other isolation levels are no matter, nor is being called by a procedure that may commit.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT count(add_asset('f' || n, 'acme', events(1, 2))) FROM generate_series(1, 4) AS n;
SET default_transaction_isolation = 'serializable';
DO $$ BEGIN CALL asset_reuse_migrate_history(3); END $$;
-- What follows in a block has its own level again, after redact as well.
DO $$
BEGIN
	CALL asset_reuse_migrate_history();
	ASSERT current_setting('transaction_isolation') = 'serializable';
	CALL asset_reuse_redact('acme', '{}', '{none}');
	ASSERT current_setting('transaction_isolation') = 'serializable';
END
$$;
RESET default_transaction_isolation;
-- A role that ends with the first commit is an error, before anything is done.
CREATE ROLE regress_migrate_local;
DO $$ BEGIN SET LOCAL ROLE regress_migrate_local; CALL public.asset_reuse_migrate_history(); END $$;
DO $$ BEGIN SET LOCAL ROLE regress_migrate_local; CALL public.asset_reuse_redact('acme', '{}', '{none}'); END $$;
DROP ROLE regress_migrate_local;
SELECT count(*), count(DISTINCT xmin::text) AS transactions FROM campaign_asset_reuse_history;

-- One tenant of three, in batches of its own; nothing of a tenant that does not exist; NULL is all.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
INSERT INTO tenants VALUES ('corp', 'Corp');
SELECT count(add_asset(tenant || n, tenant, events(1, n))) FROM generate_series(1, 3) AS n, unnest(ARRAY['acme', 'bolt', 'corp']) AS tenant;
CALL asset_reuse_migrate_history(2, 'bolt');
CALL asset_reuse_migrate_history(tenant_id => 'nobody');
SELECT tenant_id, count(*), count(DISTINCT xmin::text) AS transactions FROM campaign_asset_reuse_history GROUP BY 1;
SELECT tenant_id, count(*) FROM campaign_assets WHERE platform_metadata ? 'reuse_history' GROUP BY 1 ORDER BY 1;
CALL asset_reuse_migrate_history(tenant_id => NULL);
SELECT tenant_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1 ORDER BY 1;
-- An empty one is an error.
CALL asset_reuse_migrate_history(1, '');

--
-- Triggers
--

-- One that suppresses the update would leave the events in both places: a warning, and nothing moved.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT add_asset('g1', 'acme', events(1, 2));
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION suppress();
CALL asset_reuse_migrate_history();
SELECT count(*) FROM campaign_asset_reuse_history;
DROP TRIGGER suppress ON campaign_assets;
-- One that suppresses a row of the history would lose its event: a warning, and nothing moved.
CREATE TRIGGER suppress BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW
	WHEN (NEW.reused_at > '2026-01-01 01:30') EXECUTE FUNCTION suppress();
CALL asset_reuse_migrate_history();
SELECT reused_at FROM campaign_asset_reuse_history;
SELECT platform_metadata -> 'reuse_history' -> 0 ->> 'timestamp' AS first, jsonb_array_length(platform_metadata -> 'reuse_history') FROM campaign_assets;
DROP TRIGGER suppress ON campaign_asset_reuse_history;

--
-- Rights
--

-- With row-level security, the logs of the rows that the caller may change; with no rights, an error.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
SELECT add_asset('h1', 'acme', events(1, 2)), add_asset('h2', 'bolt', events(1, 2));
CREATE ROLE migrate_history_user;
GRANT USAGE ON SCHEMA migrate_history TO migrate_history_user;
SET ROLE migrate_history_user;
\set VERBOSITY terse
CALL asset_reuse_migrate_history();
\set VERBOSITY default
RESET ROLE;
GRANT SELECT, UPDATE ON campaign_assets TO migrate_history_user;
GRANT SELECT, INSERT ON campaign_asset_reuse_history TO migrate_history_user;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY acme ON campaign_assets USING (tenant_id = 'acme');
SET ROLE migrate_history_user;
CALL asset_reuse_migrate_history();
RESET ROLE;
SELECT asset_id, count(*) FROM campaign_asset_reuse_history GROUP BY 1;
SELECT id, platform_metadata ? 'reuse_history' AS has_log FROM campaign_assets ORDER BY 1;
DROP POLICY acme ON campaign_assets;
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;

--
-- Tables of other types
--

-- uuid ids, times with a time zone of low precision, domains, an id that is unique only with its tenant.
CREATE SCHEMA "Other Types";
SET search_path = "Other Types", migrate_history, public;
SET TimeZone = 'Asia/Kolkata';
CREATE DOMAIN document AS jsonb;
CREATE TABLE campaign_spaces (id uuid, tenant_id uuid, campaign_name text);
CREATE TABLE campaign_assets (
	id uuid, tenant_id uuid, asset_name text, asset_type text, reused_count bigint, last_reused_at timestamptz(3),
	platform_metadata document, deleted_at timestamptz, PRIMARY KEY (tenant_id, id));
CREATE TABLE campaign_asset_reuse_history (
	tenant_id uuid, asset_id uuid, reused_at timestamptz, seq int, reused_in_type text COLLATE "C", reused_in_id text COLLATE "C", reused_in_name text,
	reuse_key text COLLATE "C", context jsonb, original jsonb, PRIMARY KEY (asset_id, tenant_id, reused_at, seq),
	FOREIGN KEY (tenant_id, asset_id) REFERENCES campaign_assets ON DELETE CASCADE);
INSERT INTO campaign_assets (id, tenant_id, platform_metadata) SELECT '00000000-0000-0000-0000-000000000001', tenant,
	jsonb_build_object('reuse_history', jsonb_build_array(event(n, campaign), event(n + 1, tenant::text)))
FROM (VALUES (uuid '10000000-0000-0000-0000-000000000001', 1, 'fall'),
	('10000000-0000-0000-0000-000000000002', 11, 'A0000000-0000-0000-0000-00000000000A')) AS v (tenant, n, campaign);
-- One tenant of the two, by its uuid.
CALL asset_reuse_migrate_history(1, uuid '10000000-0000-0000-0000-000000000002');
SELECT DISTINCT tenant_id FROM campaign_asset_reuse_history;
CALL asset_reuse_migrate_history(1);
SELECT tenant_id, reused_at AT TIME ZONE 'UTC' AS reused_at, reused_in_id, original #>> '{context,reused_in_id}' AS as_written
FROM campaign_asset_reuse_history ORDER BY 1, 2;
SELECT tenant_id, platform_metadata FROM campaign_assets ORDER BY 1;
-- Tenants share ids: a batch of two still has no third asset, one of the other tenant.
TRUNCATE campaign_asset_reuse_history, campaign_assets;
INSERT INTO campaign_assets (id, tenant_id, platform_metadata)
SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, ('10000000-0000-0000-0000-00000000000' || tenant)::uuid, jsonb_build_object('reuse_history', events(1, 1))
FROM generate_series(1, 3) AS n, generate_series(1, 2) AS tenant;
CALL asset_reuse_migrate_history(2);
SELECT string_agg(assets, ' | ' ORDER BY assets) AS transactions
FROM (SELECT string_agg(right(tenant_id::text, 1) || '.' || right(asset_id::text, 1), ' ' ORDER BY tenant_id, asset_id) AS assets
	FROM campaign_asset_reuse_history GROUP BY xmin::text) AS t;
RESET TimeZone;
SET search_path = migrate_history, public;
DROP SCHEMA "Other Types" CASCADE;

DROP OWNED BY migrate_history_user;
DROP ROLE migrate_history_user;
DROP SCHEMA migrate_history CASCADE;
