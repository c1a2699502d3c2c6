--
-- Whoever does not find the history table of the assets, by the setting's name or through views, is told so: he would store
-- an event twice, and miss those that are in the table.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
SET client_min_messages = warning;
CREATE SCHEMA regress_elsewhere;
CREATE SCHEMA regress_views;
SET search_path = regress_elsewhere, public;
\i :tables
\i :rows
\i :helpers
CREATE ROLE regress_elsewhere_other;
GRANT USAGE, CREATE ON SCHEMA regress_elsewhere, regress_views TO regress_elsewhere_other;
\set ECHO all
\set SHOW_CONTEXT never

SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'once') ->> 'message';
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CREATE VIEW regress_views.campaign_assets AS SELECT * FROM campaign_assets WHERE tenant_id = 'acme';
CREATE VIEW regress_views.campaign_spaces AS SELECT * FROM campaign_spaces WHERE tenant_id = 'acme';

-- All functions that read or store events, with a name that is not the table's, through views, and through views of views: 42P01.  Nothing changes.
CREATE FUNCTION told() RETURNS TABLE (answer text, calls bigint) LANGUAGE sql AS $$
	SELECT e, count(*) FROM unnest(ARRAY[
		$c$asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'once')$c$, $c$asset_reuse_track('hero', 'acme', 'fall')$c$,
		$c$asset_reuse_undo('hero', 'acme', reuse_key => 'once')$c$, $c$asset_reuse_track_many('{hero}', 'acme', 'fall')$c$,
		$c$asset_reuse_sync('fall', 'acme', '{hero}')$c$, $c$asset_reuse_copy_campaign('fall', 'summer', 'acme')$c$,
		$c$asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01T00:00:00Z", "reused_in_id": "x", "key": "1"}]', 's')$c$,
		$c$asset_reuse_history('hero', 'acme')$c$, $c$asset_reuse_events('acme')$c$, $c$asset_reuse_timeline('acme')$c$, $c$asset_reuse_trend('acme')$c$,
		$c$asset_reuse_where_used('acme', 'fall')$c$, $c$asset_reuse_places('hero', 'acme')$c$, $c$asset_reuse_unused('acme')$c$, $c$asset_reuse_verify('acme')$c$,
		$c$asset_reuse_analytics('acme', start_date => '2026-01-01')$c$, $c$asset_reuse_wear_out('acme')$c$, $c$asset_reuse_recommend('acme', 'fall')$c$,
		$c$asset_reuse_recommend_evaluate('acme', '2026-01-01')$c$, $c$asset_reuse_performance('acme', campaign_space_id => 'fall')$c$]) AS c,
		regress_elsewhere.error_of('SELECT ' || c) AS e GROUP BY e ORDER BY e
$$;
CREATE TABLE before AS SELECT * FROM campaign_assets;
SET asset_reuse.history_table = 'misspelt';
SELECT * FROM told();
CALL asset_reuse_repair('acme');
CALL asset_reuse_redact('acme', '{}', '{x}');
CALL asset_reuse_migrate_history();
RESET asset_reuse.history_table;
SET search_path = regress_views, public;
SELECT * FROM regress_elsewhere.told();
CREATE VIEW regress_views.inner_view AS SELECT * FROM regress_views.campaign_assets;
SET asset_reuse.assets_table = 'regress_views.inner_view';
SELECT * FROM regress_elsewhere.told();
CREATE VIEW regress_views.unions AS SELECT * FROM (SELECT * FROM regress_elsewhere.campaign_assets WHERE id = 'hero'
	UNION ALL SELECT * FROM regress_elsewhere.campaign_assets WHERE id <> 'hero') AS u;
SET asset_reuse.assets_table = 'regress_views.unions';
SELECT left(regress_elsewhere.error_of($$SELECT asset_reuse_history('hero', 'acme')$$), 5);
RESET asset_reuse.assets_table;
SELECT count(*) AS changed FROM (SELECT id, platform_metadata, reused_count FROM regress_elsewhere.campaign_assets
	EXCEPT SELECT id, platform_metadata, reused_count FROM regress_elsewhere.before) AS c;
-- What needs no events goes on.
SELECT asset_reuse_analytics('acme') ->> 'success' AS analytics, asset_reuse_insights('acme') ->> 'success' AS insights;
-- With a view of the table, the key is found.
CREATE VIEW regress_views.campaign_asset_reuse_history AS SELECT * FROM regress_elsewhere.campaign_asset_reuse_history WHERE tenant_id = 'acme';
SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'once') ->> 'replayed' AS replayed;
SELECT * FROM regress_elsewhere.told() WHERE answer ~ '42P01';
SET search_path = regress_elsewhere, public;
SELECT count(*) FROM (SELECT id, reused_count FROM campaign_assets EXCEPT SELECT id, reused_count FROM before) AS tracked_since;

-- A table of somebody else's that looks alike is none: who may reference the assets cannot make calls fail.
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
DROP VIEW regress_views.campaign_asset_reuse_history;
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
GRANT REFERENCES, SELECT ON campaign_assets TO regress_elsewhere_other;
SET ROLE regress_elsewhere_other;
CREATE TABLE campaign_asset_reuse_history_2 (asset_id varchar(36) PRIMARY KEY REFERENCES campaign_assets);
ALTER TABLE campaign_asset_reuse_history_2 ENABLE ROW LEVEL SECURITY;
CREATE POLICY read_of_asset ON campaign_asset_reuse_history_2 USING (true);
RESET ROLE;
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS success;
-- Nor is a partition that was detached.
SELECT asset_reuse_create_history_table('month');
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS success;
ALTER TABLE campaign_asset_reuse_history DETACH PARTITION campaign_asset_reuse_history_default;
SELECT asset_reuse_drop_history_table() AS put_back;
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS success;
-- While the table is dropped, triggers of the assets can track.
DROP TABLE campaign_asset_reuse_history_default;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS success;
CREATE FUNCTION track_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 'hero' THEN
		PERFORM asset_reuse_track('line', 'acme', reused_in_type => 'email', reused_in_id => 'x');
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER track_another AFTER UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION track_another();
SELECT asset_reuse_drop_history_table() > 0 AS put_back;
SELECT count(*) FROM asset_reuse_events('acme', 'line');

\set ECHO none
DROP SCHEMA regress_elsewhere, regress_views CASCADE;
DROP ROLE regress_elsewhere_other;
