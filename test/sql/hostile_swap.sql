-- Whoever owns a schema can give its name to another one at any moment, and so can have a name
-- stand for another table.  Here an event trigger does it around each statement that the history
-- table is created and dropped by, in turn: no call takes what it has done for done with the
-- tables that it has bound, and no code of the other schema's runs.
SET client_min_messages = warning;
CREATE SCHEMA estate;
CREATE SCHEMA decoy;
CREATE SCHEMA swapping;
SET search_path = estate, public;
CREATE TABLE estate.campaign_assets (
	id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL, reused_count int DEFAULT 0,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
CREATE TABLE estate.campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL);
INSERT INTO estate.campaign_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 'acme', 'Hero', 'image');
CREATE ROLE regress_reader;
GRANT SELECT, UPDATE ON estate.campaign_assets TO regress_reader;
ALTER TABLE estate.campaign_assets FORCE ROW LEVEL SECURITY;
ALTER DEFAULT PRIVILEGES IN SCHEMA estate, decoy GRANT TRUNCATE ON TABLES TO regress_reader;
CREATE TABLE decoy.campaign_assets (LIKE estate.campaign_assets INCLUDING ALL);

-- How many statements have begun, and around which one the schemas are swapped.
CREATE SEQUENCE swapping.statements;	-- one more than they are
CREATE TABLE swapping.chosen (number int, back boolean);
CREATE TABLE swapping.found (relation name);
CREATE PROCEDURE swapping.swap(source name, target name) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER SCHEMA estate RENAME TO %I', source);
	EXECUTE format('ALTER SCHEMA %I RENAME TO estate', target);
END $$;
-- The other schema gets tables of the names of those that have been made or renamed in this one.
CREATE PROCEDURE swapping.imitate() LANGUAGE plpgsql AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'estate'::regnamespace
			AND relname ~ '^asset_reuse_dropped|^campaign_asset_reuse_history(_default)?$' AND to_regclass('decoy.' || relname) IS NULL LOOP
		EXECUTE format('CREATE TABLE decoy.%I (LIKE estate.%1$I INCLUDING ALL) %s', one.relname,
			CASE WHEN one.relkind = 'p' THEN 'PARTITION BY RANGE (reused_at)' END);
	END LOOP;
	IF to_regclass('estate.campaign_assets_reuse_history_idx') IS NOT NULL AND to_regclass('decoy.campaign_assets_reuse_history_idx') IS NULL THEN
		CREATE INDEX campaign_assets_reuse_history_idx ON decoy.campaign_assets (id);
	END IF;
END $$;
-- Before statement n they are swapped, and after it, where back is wanted, once more; what is done here does not count.
CREATE FUNCTION swapping.swap_around() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
	now_chosen swapping.chosen;
BEGIN
	SELECT * INTO now_chosen FROM swapping.chosen;
	IF COALESCE(now_chosen.number, 0) = 0 OR (tg_event = 'ddl_command_start' AND nextval('swapping.statements') <> now_chosen.number)
		OR (tg_event = 'ddl_command_end' AND now_chosen IS DISTINCT FROM (-1, true)::swapping.chosen) THEN
		RETURN;
	END IF;
	UPDATE swapping.chosen SET number = 0;
	IF tg_event = 'ddl_command_start' THEN
		CALL swapping.imitate();
		CALL swapping.swap('away', 'decoy');
		UPDATE swapping.chosen SET number = -1;
	ELSE
		CALL swapping.swap('decoy', 'away');
		UPDATE swapping.chosen SET number = -2;
	END IF;
END $$;
-- attempt makes a call, with the schemas swapped around a statement, and tells how it ended; all is undone.
CREATE FUNCTION swapping.attempt(call text, number int, back boolean, OUT ended text, OUT statements bigint) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setval('swapping.statements', 1);
	BEGIN
		INSERT INTO swapping.chosen VALUES (number, back);
		EXECUTE call;
		RAISE SQLSTATE 'DONE0';
	EXCEPTION WHEN OTHERS THEN
		ended := SQLSTATE;
	END;
	statements := last_value FROM swapping.statements;
END $$;
-- attempt_each does so for each statement in turn.
CREATE FUNCTION swapping.attempt_each(call text, back boolean) RETURNS TABLE (ended text, times bigint) LANGUAGE sql AS $$
	WITH RECURSIVE attempts AS (
		SELECT 2 AS number, a.* FROM swapping.attempt(call, 2, back) AS a
		UNION ALL
		SELECT number + 1, a.* FROM attempts AS p, swapping.attempt(call, p.number + 1, back) AS a WHERE p.number <= p.statements
	) SELECT a.ended, count(*) FROM attempts AS a GROUP BY 1 ORDER BY 1
$$;
CREATE EVENT TRIGGER regress_swap_start ON ddl_command_start
	WHEN TAG IN ('CREATE TABLE', 'CREATE INDEX', 'COMMENT', 'GRANT', 'REVOKE', 'CREATE POLICY', 'ALTER TABLE', 'DROP TABLE', 'DROP INDEX')
	EXECUTE FUNCTION swapping.swap_around();
CREATE EVENT TRIGGER regress_swap_end ON ddl_command_end
	WHEN TAG IN ('CREATE TABLE', 'CREATE INDEX', 'COMMENT', 'GRANT', 'REVOKE', 'CREATE POLICY', 'ALTER TABLE', 'DROP TABLE', 'DROP INDEX')
	EXECUTE FUNCTION swapping.swap_around();

-- Created: none is done but without a swap.  40001, or what a statement says of the other tables.
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_create_history_table()', false);
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_create_history_table()', true);
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_create_history_table(''month'')', false);
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_create_history_table(''month'')', true);
-- Dropped.
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email')->'success' AS tracked;
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_drop_history_table()', false);
SELECT * FROM swapping.attempt_each('SELECT asset_reuse_drop_history_table()', true);
DROP EVENT TRIGGER regress_swap_start;
DROP EVENT TRIGGER regress_swap_end;

-- Swapped while the first statement over the assets is planned, by a function in an index's predicate: the view that has the
-- history's name then is not asked, since its code would run as the caller.
CREATE TABLE swapping.armed (times int);
CREATE FUNCTION swapping.swap_if_armed() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM swapping.armed;
	IF FOUND THEN
		CALL swapping.swap('away', 'decoy');
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION swapping.folded() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN swapping.swap_if_armed(); END';
CREATE FUNCTION swapping.plant() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'planted code runs'; RETURN true; END $$;
CREATE TABLE decoy.events (LIKE estate.campaign_asset_reuse_history);
CREATE VIEW decoy.campaign_asset_reuse_history AS SELECT * FROM decoy.events WHERE swapping.plant();
INSERT INTO decoy.events (tenant_id, asset_id, reused_at, seq) VALUES ('acme', 'hero', '2026-01-05', 0);
CREATE INDEX ON estate.campaign_assets (asset_name) WHERE swapping.folded();
INSERT INTO swapping.armed VALUES (1);
SELECT asset_reuse_drop_history_table();
-- Not swapped: 1.
DELETE FROM swapping.armed;
DROP VIEW decoy.campaign_asset_reuse_history;
SELECT asset_reuse_drop_history_table();
SELECT jsonb_array_length(platform_metadata->'reuse_history') AS events FROM campaign_assets;
SET client_min_messages = warning;
DROP SCHEMA estate, decoy, swapping CASCADE;
DROP ROLE regress_reader;
