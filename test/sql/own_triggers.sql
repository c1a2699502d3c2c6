--
-- An application's own triggers and policies in the middle of a call that changes many assets or events:
-- what a trigger writes is not written over, and what a policy refuses for one asset is not done for that one.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
CREATE SCHEMA regress_own_triggers;
SET search_path = regress_own_triggers, public;
CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL, deleted_at timestamp);
CREATE TABLE campaign_assets (
	id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL, campaign_space_id text,
	reused_count int DEFAULT 0, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
INSERT INTO campaign_spaces SELECT 'c' || n, 'acme', 'Campaign ' || n FROM generate_series(1, 3) AS n;
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) SELECT 'a' || n, 'acme', 'Asset ' || n, 'image' FROM generate_series(1, 4) AS n;
\set ECHO all
\set SHOW_CONTEXT never
SET client_min_messages = warning;

-- A trigger that tracks another asset of the same import, and writes to its document.
CREATE FUNCTION also_a2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM asset_reuse_track('a2', 'acme', 'c2');
	UPDATE campaign_assets SET platform_metadata = platform_metadata || '{"sibling": "reused"}' WHERE id = 'a2';
	RETURN NULL;
END
$$;
CREATE TRIGGER also_a2 AFTER UPDATE OF reused_count ON campaign_assets FOR EACH ROW WHEN (OLD.id = 'a1') EXECUTE FUNCTION also_a2();
CREATE VIEW a2 AS
	SELECT a.reused_count, platform_metadata ->> 'sibling' AS sibling, count(*) AS events, string_agg(e.reused_in_id, ' ' ORDER BY e.reused_at) AS places
	FROM campaign_assets AS a, asset_reuse_events('acme', 'a2') AS e WHERE a.id = 'a2' GROUP BY 1, 2;
\set two_events '[{"asset_id": "a1", "timestamp": "2026-01-01T00:00:00Z", "campaign_space_id": "c1"}, {"asset_id": "a2", "timestamp": "2026-01-01T00:00:00Z", "campaign_space_id": "c1"}]'
SELECT asset_reuse_import('acme', :'two_events', 's') -> 'imported' AS imported;
SELECT * FROM a2;
SELECT * FROM asset_reuse_verify('acme');
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_import('acme', :'two_events', 't') -> 'imported' AS imported;
SELECT * FROM a2;
SELECT * FROM asset_reuse_verify('acme');
DROP TRIGGER also_a2 ON campaign_assets;

-- A trigger on the history table that writes to the document of the asset whose event goes.
CREATE FUNCTION note_undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE campaign_assets SET platform_metadata = coalesce(platform_metadata, '{}') || '{"last_undo": "today"}' WHERE id = OLD.asset_id;
	RETURN NULL;
END
$$;
CREATE TRIGGER note_undo AFTER DELETE ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION note_undo();
SELECT asset_reuse_track('a3', 'acme', 'c1', reuse_key => 'k') -> 'asset' -> 'reused_count' AS count;
SELECT asset_reuse_undo('a3', 'acme', reuse_key => 'k') ->> 'message' AS message;
SELECT reused_count, platform_metadata ->> 'last_undo' AS last_undo, jsonb_array_length(platform_metadata -> 'reuse_undone') AS marks
FROM campaign_assets WHERE id = 'a3';
SELECT asset_reuse_drop_history_table();

-- A counter that others have made negative grows by one, with a key and without, and an undo leaves it.
UPDATE campaign_assets SET reused_count = -5 WHERE id = 'a4';
SELECT asset_reuse_track('a4', 'acme', 'c1') -> 'asset' -> 'reused_count' AS count;
SELECT asset_reuse_track('a4', 'acme', 'c1', reuse_key => 'k') -> 'asset' -> 'reused_count' AS count;
SELECT asset_reuse_undo('a4', 'acme', reuse_key => 'k') -> 'asset' -> 'reused_count' AS count;

-- A policy that refuses what becomes of a1: only that one fails.
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = NULL;
CREATE ROLE regress_own_triggers;
GRANT USAGE ON SCHEMA regress_own_triggers TO regress_own_triggers;
GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO regress_own_triggers;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_locked ON campaign_assets USING (true) WITH CHECK (id <> 'a1');
SET ROLE regress_own_triggers;
SELECT jsonb_pretty(asset_reuse_import('acme', :'two_events', 's', on_error => 'skip'));
SELECT asset_reuse_import('acme', :'two_events', 's');
RESET ROLE;
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01", "context": {"email": "ann@a"}}]}';
SET ROLE regress_own_triggers;
CALL asset_reuse_repair('acme');
CALL asset_reuse_redact('acme', '{}', '{email}');
RESET ROLE;
SELECT id, reused_count, platform_metadata #> '{reuse_history,0,context}' AS context FROM campaign_assets ORDER BY id;

-- An asset that may be seen and not updated is left out of a copy, and cannot be put into a campaign.
DROP POLICY not_locked ON campaign_assets;
CREATE POLICY seen ON campaign_assets FOR SELECT USING (true);
CREATE POLICY updated ON campaign_assets FOR UPDATE USING (id <> 'a1');
UPDATE campaign_assets SET campaign_space_id = 'c1' WHERE id IN ('a1', 'a2');
SET ROLE regress_own_triggers;
SELECT asset_reuse_copy_campaign('c1', 'c3', 'acme');
SELECT asset_reuse_sync('c3', 'acme', '{a1}');
SELECT asset_reuse_sync('c3', 'acme', '{a3}', remove => true);
RESET ROLE;
SELECT asset_reuse_track('a1', 'acme', 'c3') -> 'success' AS success;
SET ROLE regress_own_triggers;
SELECT asset_reuse_sync('c3', 'acme', '{a3}', remove => true);
RESET ROLE;

-- Nor is it repaired or redacted, and a warning says so.
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01", "context": {"email": "ann@a"}}]}';
SET ROLE regress_own_triggers;
CALL asset_reuse_repair('acme');
CALL asset_reuse_redact('acme', '{}', '{email}');
RESET ROLE;
SELECT id, reused_count, platform_metadata #> '{reuse_history,0,context}' AS context FROM campaign_assets ORDER BY id;

-- An update that a trigger suppresses is a refusal, too, whichever of the two tables it is of.
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01", "context": {"email": "ann@a"}}]}';
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_assets FOR EACH ROW WHEN (OLD.id = 'a3') EXECUTE FUNCTION suppress();
CALL asset_reuse_repair('acme');
CALL asset_reuse_redact('acme', '{}', '{email}');
DROP TRIGGER suppress ON campaign_assets;
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
UPDATE campaign_asset_reuse_history SET context = '{"email": "ann@a"}';
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_asset_reuse_history FOR EACH ROW WHEN (OLD.asset_id = 'a4') EXECUTE FUNCTION suppress();
CALL asset_reuse_redact('acme', '{}', '{email}');
SELECT asset_id, context FROM campaign_asset_reuse_history ORDER BY 1;
DROP TRIGGER suppress ON campaign_asset_reuse_history;
CALL asset_reuse_redact('acme', '{}', '{email}');
SELECT asset_reuse_drop_history_table();

-- An update that a trigger suppresses: the asset counts as absent, whether a campaign is given or not.
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT asset_reuse_track('a1', 'acme', 'c3');
SELECT asset_reuse_track('a1', 'acme', NULL, 'email');
SELECT asset_reuse_track('a1', 'acme', 'none');

\set ECHO none
DROP SCHEMA regress_own_triggers CASCADE;
DROP ROLE regress_own_triggers;
