--
-- asset_reuse_notify: where it may be attached.  What it sends is in the spec notify_commits
-- and in t/050_notify.pl.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_notify;
SET search_path = regress_notify, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- Not called as a trigger.
SELECT error_of('SELECT asset_reuse_notify()');

-- Attached by the owner, it lets track work as before.
SELECT asset_reuse_create_history_table();
CREATE TRIGGER notify AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON campaign_asset_reuse_history
	FOR EACH STATEMENT EXECUTE FUNCTION asset_reuse_notify();
SELECT asset_reuse_track('hero', 'acme', 'summer')->>'message';
UPDATE campaign_asset_reuse_history SET context = '{"a": 1}';
DELETE FROM campaign_asset_reuse_history;
TRUNCATE campaign_asset_reuse_history;
-- For each row or before the statement, the write is refused.
DROP TRIGGER notify ON campaign_asset_reuse_history;
CREATE TRIGGER notify AFTER INSERT ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION asset_reuse_notify();
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
DROP TRIGGER notify ON campaign_asset_reuse_history;
CREATE TRIGGER notify BEFORE INSERT ON campaign_asset_reuse_history FOR EACH STATEMENT EXECUTE FUNCTION asset_reuse_notify();
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
DROP TRIGGER notify ON campaign_asset_reuse_history;
CREATE TRIGGER notify BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION asset_reuse_notify();
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
CREATE VIEW history AS SELECT * FROM campaign_asset_reuse_history;
CREATE TRIGGER notify INSTEAD OF DELETE ON history FOR EACH ROW EXECUTE FUNCTION asset_reuse_notify();
DROP TRIGGER notify ON campaign_asset_reuse_history;
SELECT asset_reuse_track('hero', 'acme', 'summer')->>'message';
SELECT error_of($$ DELETE FROM history $$);

-- It goes with the table.
DROP VIEW history;
CREATE TRIGGER notify AFTER INSERT ON campaign_asset_reuse_history FOR EACH STATEMENT EXECUTE FUNCTION asset_reuse_notify();
SELECT asset_reuse_drop_history_table();

SET client_min_messages = warning;
DROP SCHEMA regress_notify CASCADE;
