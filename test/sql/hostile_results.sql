-- What a statement returns need not be what was described: triggers, views and their functions
-- can make values null, or replace a table while a call runs.  Such a call ends with an error,
-- and never takes a value for what it is not.
SET client_min_messages = warning;
CREATE SCHEMA hostile_results;
SET search_path = hostile_results, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\pset format unaligned
\pset footer off
\set SHOW_CONTEXT never
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL);
-- An id that is unique, but can be null.
CREATE TABLE campaign_assets (
	id text UNIQUE, tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp, clicks numeric, impressions numeric, parent text);
\set ECHO none
\i :helpers
\set ECHO all
INSERT INTO campaign_spaces VALUES ('summer', 'acme', 'Summer');
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 'acme', 'Hero', 'image'), ('clip', 'acme', 'Clip', 'video');
-- null_from counts the calls of a view's function, and is null from the nth on.
CREATE SEQUENCE calls;
CREATE FUNCTION null_from(n int, value text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF nextval('calls') >= n THEN
		RETURN NULL;
	END IF;
	RETURN value;
END
$$;

--
-- Null where there must be a value
--
-- A document with a log of an asset without an id, and of one without a tenant: they cannot be moved, and are told of.
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, platform_metadata) VALUES
	(NULL, 'acme', 'No id', 'image', '{"reuse_history": [{"timestamp": "2026-01-01"}]}'),
	('orphan', NULL, 'No tenant', 'image', '{"reuse_history": [{"timestamp": "2026-01-01"}]}');
SELECT asset_reuse_create_history_table();
SET client_min_messages = notice;
DO $$ BEGIN RAISE NOTICE 'the migration:'; END $$;
\set VERBOSITY terse
CALL asset_reuse_migrate_history();
\set VERBOSITY default
SET client_min_messages = warning;
DELETE FROM campaign_assets WHERE id IS NULL OR tenant_id IS NULL;
-- A view of the assets whose tenant is null once the row has changed, and one whose id is when it is returned.
CREATE SCHEMA views;
CREATE VIEW views.campaign_assets AS SELECT id, CASE WHEN reused_count < 2 OR reused_count IS NULL THEN tenant_id END AS tenant_id, asset_name,
	asset_type, reused_count, last_reused_at, platform_metadata, deleted_at FROM campaign_assets;
CREATE VIEW views.campaign_asset_reuse_history AS SELECT * FROM campaign_asset_reuse_history;
CREATE VIEW views.campaign_spaces AS SELECT null_from(2, id) AS id, tenant_id, campaign_name FROM campaign_spaces;
SET search_path = views, hostile_results, public;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') $$);
-- A campaign whose id is null when it is returned, in the table and in documents.
SELECT setval('calls', 1, false) AS calls;
SELECT error_of($$ SELECT asset_reuse_track('clip', 'acme', 'summer') $$);
SET search_path = hostile_results, public;
SET asset_reuse.spaces_table = 'views.campaign_spaces';
DROP VIEW views.campaign_asset_reuse_history;
SELECT asset_reuse_drop_history_table();
SELECT setval('calls', 1, false) AS calls;
SELECT error_of($$ SELECT asset_reuse_track('clip', 'acme', 'summer') $$);
RESET asset_reuse.spaces_table;
-- A trigger that takes the tenant away: the asset is another's then, and its event stays.
SELECT asset_reuse_create_history_table();
CREATE FUNCTION take_tenant() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.tenant_id := NULL; RETURN NEW; END';
CREATE TRIGGER take_tenant BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION take_tenant();
SELECT error_of($$ SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email') $$);
DROP TRIGGER take_tenant ON campaign_assets;
UPDATE campaign_assets SET tenant_id = 'acme' WHERE id = 'clip';
DROP SCHEMA views CASCADE;

--
-- Another type than was described
--
-- A view whose function replaces it while a migration picks: what was text is a number then.
CREATE TABLE kept (LIKE campaign_assets INCLUDING ALL);
INSERT INTO kept (id, tenant_id, asset_name, asset_type, platform_metadata)
	SELECT 'k' || i, 'acme', 'Kept', 'image', '{"reuse_history": [{"timestamp": "2026-01-01"}]}' FROM generate_series(1, 5) AS i;
SET asset_reuse.assets_table = 'hostile_results.kept';
SET asset_reuse.history_table = 'hostile_results.kept_history';
SELECT asset_reuse_create_history_table();
CREATE FUNCTION replace_view() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF nextval('calls') = 8 THEN
		DROP VIEW replaced;
		CREATE VIEW replaced AS SELECT id, 1234567::bigint AS tenant_id, asset_name, asset_type, reused_count, last_reused_at,
			platform_metadata, deleted_at FROM kept;
	END IF;
	RETURN true;
END
$$;
CREATE VIEW replaced AS SELECT * FROM kept WHERE replace_view();
SET asset_reuse.assets_table = 'hostile_results.replaced';
SELECT setval('calls', 1, false) AS calls;
\set VERBOSITY terse
CALL asset_reuse_migrate_history();
\set VERBOSITY default
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
-- A view's function that has the next statement of the call find another table, whose ids are of another type.
CREATE SCHEMA two;
CREATE TABLE two.of_texts AS SELECT 'fcffffff-0000-0000-0000-00000000000' || n AS id, 'acme'::text AS tenant_id, 'x'::text AS asset_name, 'image'::text AS asset_type,
	n AS reused_count, NULL::timestamp AS last_reused_at, NULL::timestamp AS deleted_at, 1000 AS impressions, 10 * n AS clicks,
	jsonb_build_object('reuse_history', jsonb_build_array(jsonb_build_object('timestamp', '2026-01-01', 'context', '{"at_reuse": {"impressions": 10, "clicks": 1}}'::jsonb))) AS platform_metadata
	FROM generate_series(1, 9) AS n;
CREATE TABLE two.of_uuids AS SELECT id::uuid AS id, tenant_id, asset_name, asset_type, reused_count, last_reused_at, deleted_at, impressions, clicks, platform_metadata FROM two.of_texts;
CREATE FUNCTION turn_to(name text) RETURNS boolean LANGUAGE sql VOLATILE AS $$ SELECT set_config('asset_reuse.assets_table', 'two.' || name, false) IS NOT NULL $$;
CREATE VIEW two.first_texts AS SELECT * FROM two.of_texts WHERE turn_to('of_uuids');
CREATE VIEW two.first_uuids AS SELECT * FROM two.of_uuids WHERE turn_to('of_texts');
CREATE FUNCTION of_two_tables(first text, call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('asset_reuse.assets_table', 'two.' || first, false);
	RETURN split_part(error_of('SELECT ' || call), E'\n', 1);
END
$$;
SELECT call, of_two_tables('first_texts', call) AS texts_first, of_two_tables('first_uuids', call) AS uuids_first
FROM unnest(ARRAY[$$asset_reuse_recommend('acme', order_by => 'expected')$$, $$asset_reuse_recommend('acme', explore => 5)$$, $$count(*) FROM asset_reuse_performance('acme')$$,
	$$count(*) FROM asset_reuse_wear_out('acme')$$, $$count(*) FROM asset_reuse_recommend_evaluate('acme', '2025-01-01')$$]) AS call;
RESET asset_reuse.assets_table;
DROP SCHEMA two CASCADE;
-- A trigger on the assets that puts another history table behind the view, with times that are text.
CREATE SCHEMA views;
CREATE TABLE texts (LIKE campaign_asset_reuse_history);
ALTER TABLE texts ALTER reused_at TYPE text;
CREATE VIEW views.campaign_asset_reuse_history AS SELECT * FROM campaign_asset_reuse_history;
CREATE FUNCTION replace_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DROP VIEW views.campaign_asset_reuse_history;
	CREATE VIEW views.campaign_asset_reuse_history AS SELECT * FROM texts;
	RETURN NEW;
END
$$;
CREATE TRIGGER replace_history BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION replace_history();
SET asset_reuse.history_table = 'views.campaign_asset_reuse_history';
-- The trigger runs while the log is moved, before the event is stored.
SET session_replication_role = replica;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01"}]}' WHERE id = 'clip';
RESET session_replication_role;
SELECT split_part(error_of($$ SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email') $$), E'\n', 1) AS track;
RESET asset_reuse.history_table;
DROP TRIGGER replace_history ON campaign_assets;
DROP SCHEMA views CASCADE;

--
-- Numbers beyond what a ratio can hold are no ctr, and take nobody else's list away.
--
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, clicks, impressions) VALUES
	('huge', 'acme', 'Huge', 'image', 1e131000, 1e-1000), ('plain', 'acme', 'Plain', 'image', 1, 4);
SELECT asset_id, ctr FROM asset_reuse_unused('acme') ORDER BY 1;

--
-- Dropping the table while triggers on the assets do what they like
--
DELETE FROM campaign_asset_reuse_history;
UPDATE campaign_assets SET platform_metadata = NULL, reused_count = 0, last_reused_at = NULL;
UPDATE campaign_assets SET parent = 'hero' WHERE id = 'clip';
SELECT count(asset_reuse_track('hero', 'acme', reused_in_type => 'email')) FROM generate_series(1, 5);
SELECT count(asset_reuse_track('clip', 'acme', reused_in_type => 'email')) FROM generate_series(1, 2);
-- One that tracks another asset, or the same one: all events are there, and those of the trigger too.
CREATE FUNCTION track_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM asset_reuse_track(NEW.parent, NEW.tenant_id, NULL, 'derived', NEW.id);
	RETURN NULL;
END
$$;
CREATE TRIGGER track_parent AFTER UPDATE OF platform_metadata ON campaign_assets FOR EACH ROW
	WHEN (NEW.parent IS NOT NULL AND pg_trigger_depth() = 0) EXECUTE FUNCTION track_parent();
SELECT asset_reuse_drop_history_table() AS put_back;
SELECT id, reused_count, asset_reuse_history(id, tenant_id)->'total' AS total FROM campaign_assets WHERE reused_count > 0 ORDER BY id;
SELECT asset_reuse_create_history_table();
UPDATE campaign_assets SET parent = id WHERE id = 'clip';
SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT asset_reuse_drop_history_table() AS put_back;
SELECT id, reused_count, asset_reuse_history(id, tenant_id)->'total' AS total FROM campaign_assets WHERE reused_count > 0 ORDER BY id;
DROP TRIGGER track_parent ON campaign_assets;
-- One that writes to a table which has row-level security for the caller: it does as it always does.
CREATE ROLE regress_results_owner;
CREATE ROLE regress_results_auditor;
CREATE TABLE audit (id text);
ALTER TABLE audit OWNER TO regress_results_auditor;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY write ON audit FOR INSERT TO regress_results_owner WITH CHECK (true);
GRANT INSERT ON audit TO regress_results_owner;
GRANT CREATE, USAGE ON SCHEMA hostile_results TO regress_results_owner, regress_results_auditor;
ALTER TABLE campaign_assets OWNER TO regress_results_owner;
GRANT SELECT ON campaign_spaces TO regress_results_owner;
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER write_audit BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION write_audit();
SET ROLE regress_results_owner;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT asset_reuse_drop_history_table() AS put_back;
RESET ROLE;
SELECT id, count(*) FROM audit GROUP BY id;
DROP TRIGGER write_audit ON campaign_assets;
-- A view of somebody's on the table: refused before anything is waited for.
SELECT asset_reuse_create_history_table();
CREATE VIEW dependent AS SELECT * FROM campaign_asset_reuse_history;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP VIEW dependent;
CREATE TEMP TABLE dependent (event campaign_asset_reuse_history);
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP TABLE dependent;
CREATE TEMP TABLE dependent (events campaign_asset_reuse_history[]);
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP TABLE dependent;
CREATE FUNCTION dependent() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM campaign_asset_reuse_history; END;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP FUNCTION dependent();
-- Made while the events are put back: the same.
CREATE FUNCTION make_dependent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE (SELECT format('CREATE DOMAIN dependent AS %s', oid::regtype) FROM pg_type WHERE typname ~ '^asset_reuse_dropped_');
	RETURN NEW;
END $$;
CREATE TRIGGER make_dependent BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION make_dependent();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES ('acme', 'hero', '2026-01-05');
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DELETE FROM campaign_asset_reuse_history WHERE reused_at = '2026-01-05';
DROP TRIGGER make_dependent ON campaign_assets;
-- An event as deep as a document can be parsed is put back like any other.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, original)
	VALUES ('acme', 'hero', '-infinity', (repeat('[', 6000) || repeat(']', 6000))::jsonb);
SELECT asset_reuse_drop_history_table() AS put_back;
SELECT length(platform_metadata->'reuse_history'->>0) AS length FROM campaign_assets WHERE id = 'hero';
--
-- Absurd rows and documents, which only others can write
--
SELECT asset_reuse_create_history_table();
UPDATE campaign_assets SET platform_metadata = NULL, reused_count = 0, last_reused_at = NULL;
-- Numbers of events near the greatest there is: each event has an id of its own, and the asset can be tracked.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq) VALUES
	('acme', 'clip', '2026-01-05', 2147483644), ('acme', 'clip', '2026-01-05', 2147483645), ('acme', 'clip', '2026-01-05', 0);
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-05", "x": 1}, {"timestamp": "2026-01-05", "x": 2}]}' WHERE id = 'clip';
SELECT jsonb_path_query_array(asset_reuse_history('clip', 'acme'), '$.history[*].event_id') AS ids;
SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT seq, original->'x' AS x FROM campaign_asset_reuse_history WHERE asset_id = 'clip' AND reused_at = '2026-01-05' ORDER BY seq;
-- A number of 131,072 digits, in a few bytes, names no place.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-06", "context": {"reused_in_type": 12.5, "reused_in_id": 1e131071, "reused_in_name": 1e-16000}}]}'
WHERE id = 'hero';
SELECT reused_in_type, reused_in_id, reused_in_name FROM asset_reuse_events('acme', 'hero');
CALL asset_reuse_migrate_history();
SELECT reused_in_type, reused_in_id, reused_in_name FROM asset_reuse_events('acme', 'hero');
-- More text than a document can hold, at a time that a document has, too: the others' events are there, and the drop says why not.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_name) VALUES ('acme', 'plain', '2026-01-07', 'email', repeat('x', 268435456));
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-07", "context": {}}]}' WHERE id = 'plain';
SELECT sum(reuses) FROM asset_reuse_timeline('acme', 'year', end_date => '2027-01-01Z');
SELECT asset_reuse_history('plain', 'acme')->'total' AS total, asset_reuse_track('plain', 'acme', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
--
-- Rules that replace a statement
--
-- Of two, one returns the row and the other one tells how many there were: what is counted is not returned.
BEGIN;
CREATE TABLE counted (n int);
CREATE TABLE instead (LIKE campaign_assets);
INSERT INTO instead SELECT * FROM campaign_assets;
CREATE RULE first AS ON UPDATE TO campaign_assets DO INSTEAD UPDATE instead SET reused_count = NEW.reused_count WHERE id = OLD.id
	RETURNING instead.*;
INSERT INTO counted VALUES (1);
GRANT ALL ON instead, counted TO PUBLIC;
CREATE RULE second AS ON UPDATE TO campaign_assets DO INSTEAD UPDATE counted SET n = n + 1;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') $$) AS track,
	error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email', reuse_key => 'k') $$) AS with_key;
ROLLBACK;
-- By nothing: what has to be stored or removed is not, and that is said.
BEGIN;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email', reuse_key => 'k')->'asset'->'reused_count' AS count;
CREATE RULE nothing_2 AS ON DELETE TO campaign_asset_reuse_history DO INSTEAD NOTHING;
SELECT error_of($$ SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k') $$) AS undo;
CREATE RULE nothing_1 AS ON INSERT TO campaign_asset_reuse_history DO INSTEAD NOTHING;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') $$) AS track,
	error_of($$ SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01T00:00:00Z", "reused_in_id": "x", "key": "1"}]', 's') $$) AS import;
ROLLBACK;
BEGIN;
CREATE RULE nothing AS ON UPDATE TO campaign_assets DO INSTEAD NOTHING;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') $$) AS track;
ROLLBACK;
-- By one more statement, which is no limit: the history table is dropped, and each asset's update is seen.
BEGIN;
DELETE FROM campaign_asset_reuse_history WHERE length(reused_in_name) > 1000;
CREATE TABLE seen (id text, before int, after int);
GRANT ALL ON seen TO PUBLIC;
CREATE RULE also AS ON UPDATE TO campaign_assets DO ALSO INSERT INTO seen
	VALUES (OLD.id, jsonb_array_length(OLD.platform_metadata -> 'reuse_history'), jsonb_array_length(NEW.platform_metadata -> 'reuse_history'));
SELECT asset_reuse_drop_history_table() AS restored;
SELECT * FROM seen ORDER BY id;
SELECT a.id, jsonb_array_length(a.platform_metadata -> 'reuse_history') AS events FROM campaign_assets AS a ORDER BY a.id;
ROLLBACK;
-- By nothing, which loses the events: the table stays.
BEGIN;
DELETE FROM campaign_asset_reuse_history WHERE length(reused_in_name) > 1000;
CREATE RULE nothing AS ON UPDATE TO campaign_assets DO INSTEAD NOTHING;
SELECT error_of('SELECT asset_reuse_drop_history_table()');
ROLLBACK;
DROP SCHEMA hostile_results CASCADE;
DROP ROLE regress_results_owner, regress_results_auditor;
