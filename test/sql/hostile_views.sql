-- Tenants who come through views and have no right to the tables: each has a view of the
-- assets, of the campaigns and of the history table, with his tenant's condition.  The
-- functions work on them as on tables, and through none of them can a tenant read or
-- change, or find out, anything of another.
SET client_min_messages = warning;
CREATE SCHEMA hostile_views;
SET search_path = hostile_views, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :rows
\i :helpers
\set ECHO all
\pset format unaligned
\pset footer off
\set SHOW_CONTEXT never
UPDATE campaign_assets SET reused_count = 2, last_reused_at = '2026-01-05 10:00', platform_metadata = '{"reuse_history": [ "odd",
	{"context": {"n": 1, "reused_in_type": "campaign_space", "reused_in_id": "summer"}, "timestamp": "2026-01-04T10:00:00.000000"},
	{"context": {"n": 2}, "timestamp": "2026-01-05T10:00:00.000000"}]}' WHERE id IN ('hero', 'secret');
SELECT asset_reuse_create_history_table();

CREATE ROLE regress_acme;
CREATE ROLE regress_globex;
-- The views of a tenant; a row of the history must be of his tenant, and of an asset that is his.
CREATE PROCEDURE create_views(tenant text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($views$
		CREATE SCHEMA view_%1$s;
		CREATE VIEW view_%1$s.campaign_assets WITH (security_barrier) AS
			SELECT * FROM hostile_views.campaign_assets WHERE tenant_id = %1$L WITH CHECK OPTION;
		CREATE VIEW view_%1$s.campaign_spaces WITH (security_barrier) AS
			SELECT * FROM hostile_views.campaign_spaces WHERE tenant_id = %1$L WITH CHECK OPTION;
		CREATE VIEW view_%1$s.campaign_asset_reuse_history WITH (security_barrier) AS
			SELECT * FROM hostile_views.campaign_asset_reuse_history AS h WHERE h.tenant_id = %1$L
				AND EXISTS (SELECT FROM hostile_views.campaign_assets AS a WHERE a.id = h.asset_id AND a.tenant_id = %1$L)
			WITH CHECK OPTION;
		GRANT USAGE ON SCHEMA view_%1$s TO regress_%1$s;
		GRANT SELECT, UPDATE ON view_%1$s.campaign_assets, view_%1$s.campaign_spaces TO regress_%1$s;
		GRANT SELECT, INSERT, UPDATE, DELETE ON view_%1$s.campaign_asset_reuse_history TO regress_%1$s;
		$views$, tenant);
END
$$;
CALL create_views('acme');
CALL create_views('globex');
GRANT USAGE ON SCHEMA hostile_views TO regress_acme, regress_globex;

-- Acme's calls: 3 reuses of hero, whose log has moved with what has no time and is no object; the campaign is found, another tenant's is not.
SET ROLE regress_acme;
SET search_path = view_acme, public;
SELECT asset_reuse_track('hero', 'acme', 'fall')->>'message' AS track;
SELECT jsonb_path_query_array(h, '$.history[*].context') AS contexts, h->'total' AS total FROM asset_reuse_history('hero', 'acme') AS h;
SELECT asset_reuse_analytics('acme', start_date => '2026-01-01Z')->'overview' AS overview;
SELECT asset_id, reused_in_id, context->'n' AS n FROM asset_reuse_events('acme');
SELECT sum(reuses) AS timeline FROM asset_reuse_timeline('acme', 'month');
SELECT asset_id, reuses FROM asset_reuse_where_used('acme', 'fall'::text);
SELECT asset_id FROM asset_reuse_unused('acme');
SELECT hostile_views.error_of($$ SELECT asset_reuse_track('hero', 'acme', 'rival') $$) AS their_campaign;
CALL asset_reuse_migrate_history();
-- An old document that is saved again has nothing but copies, which the migration removes, through the views as well: 4, 4, none.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": ["odd", {"context": {"n": 2}, "timestamp": "2026-01-05T10:00:00.000000"}]}' WHERE id = 'hero';
SELECT asset_reuse_history('hero', 'acme')->'total' AS total, (SELECT count(*) FROM asset_reuse_events('acme')) AS events;
CALL asset_reuse_migrate_history(tenant_id => 'acme');
SELECT platform_metadata FROM campaign_assets WHERE id = 'hero';

-- Nothing of globex is there: no asset, no event, by any function, and the tables are closed.
SELECT hostile_views.error_of($$ SELECT asset_reuse_track('secret', 'globex', reused_in_id => 'x') $$) = hostile_views.error_of($$ SELECT asset_reuse_track('absent', 'globex', reused_in_id => 'x') $$) AS track,
	hostile_views.error_of($$ SELECT asset_reuse_history('secret', 'globex') $$) = hostile_views.error_of($$ SELECT asset_reuse_history('absent', 'globex') $$) AS history;
SELECT asset_reuse_analytics('globex', start_date => '2026-01-01Z')->'overview'->'total_reuses' AS analytics,
	(SELECT count(*) FROM asset_reuse_events('globex')) AS events,
	(SELECT count(*) FROM campaign_asset_reuse_history WHERE tenant_id <> 'acme') AS rows;
SELECT left(hostile_views.error_of('SELECT FROM hostile_views.' || t), 5) AS refused, t
FROM unnest('{campaign_assets,campaign_asset_reuse_history}'::text[]) AS t;
-- A row of globex's, of one of its assets or of none, is refused alike; a row of his own tenant becomes nobody else's.
SELECT hostile_views.error_of(format($$ INSERT INTO campaign_asset_reuse_history VALUES (%L, %L, '2026-01-06') $$, tenant, asset)) AS error
FROM (VALUES ('globex', 'secret'), ('acme', 'secret'), ('acme', 'absent'), ('globex', 'absent')) AS v (tenant, asset);
SELECT hostile_views.error_of($$ UPDATE campaign_asset_reuse_history SET tenant_id = 'globex' $$) AS update_tenant,
	hostile_views.error_of($$ UPDATE campaign_asset_reuse_history SET asset_id = 'secret' $$) AS update_asset;
-- An absurd row of his own neither blocks his asset nor anything of another: the next event is now.
INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '9999-12-31 23:59:59.999999'), ('acme', 'hero', 'infinity');
SELECT hostile_views.mask_times(asset_reuse_track('hero', 'acme', 'fall')->'event'->'timestamp') AS tracked;

-- The views can neither be dropped as the history table nor taken for it.
SELECT hostile_views.error_of('SELECT asset_reuse_drop_history_table()') AS drop, hostile_views.error_of('SELECT asset_reuse_create_history_table()') AS create;
RESET ROLE;
SELECT hostile_views.error_of('SELECT asset_reuse_drop_history_table()') AS drop, hostile_views.error_of('SELECT asset_reuse_create_history_table()') AS create;
SET search_path = hostile_views, public;
SET asset_reuse.history_table = 'view_acme.campaign_asset_reuse_history';
SELECT error_of('SELECT asset_reuse_drop_history_table()') AS drop, error_of('SELECT asset_reuse_create_history_table()') AS create;
RESET asset_reuse.history_table;

-- Globex has what it had, and its own call.
SET ROLE regress_globex;
SET search_path = view_globex, public;
SELECT asset_reuse_track('secret', 'globex', 'rival')->>'message' AS track;
SELECT asset_id, context->'n' AS n FROM asset_reuse_events('globex');
RESET ROLE;
SET search_path = hostile_views, public;

-- Through a security barrier, calls for some assets lock these and no others.
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type)
SELECT 'more-' || n, 'acme', 'summer', 'ann', 'More', 'image' FROM generate_series(1, 20) AS n;
SET ROLE regress_acme;
SET search_path = view_acme, public;
BEGIN;
SELECT asset_reuse_track_many(ARRAY['more-7', 'more-3'], 'acme', 'fall') -> 'tracked' AS tracked;
RESET ROLE;
SELECT count(*) AS locked FROM hostile_views.campaign_assets WHERE xmax = pg_current_xact_id()::xid;
ROLLBACK;
RESET ROLE;
SET ROLE regress_acme;
BEGIN;
SELECT asset_reuse_sync('fall', 'acme', ARRAY['more-7'], dry_run => false) -> 'added' AS added;
RESET ROLE;
SELECT count(*) AS locked FROM hostile_views.campaign_assets WHERE xmax = pg_current_xact_id()::xid;
ROLLBACK;
RESET ROLE;
SET search_path = hostile_views, public;
DELETE FROM campaign_assets WHERE id LIKE 'more-%';

-- A view of somebody else's, or of other columns, is no history: 42809.
BEGIN;
ALTER VIEW view_acme.campaign_asset_reuse_history OWNER TO regress_globex;
SET LOCAL search_path = view_acme, hostile_views, public;
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
ROLLBACK;
BEGIN;
DROP VIEW view_acme.campaign_asset_reuse_history;
CREATE VIEW view_acme.campaign_asset_reuse_history AS SELECT tenant_id, asset_id, reused_at::date AS reused_at, seq,
	reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original FROM campaign_asset_reuse_history;
SET LOCAL search_path = view_acme, hostile_views, public;
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
ROLLBACK;

-- Functions that write lock an asset's row first. Of a join PostgreSQL would lock the rows of all tables, and of a UNION, WITH or
-- function none: these are refused. A reader may have any view, and a writer views of views, with a barrier or a computed column.
CREATE SCHEMA of_views;
CREATE FUNCTION of_views.store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE hostile_views.campaign_assets SET reused_count = NEW.reused_count, platform_metadata = NEW.platform_metadata WHERE id = OLD.id;
	RETURN NEW;
END
$$;
CREATE FUNCTION of_views.all_assets() RETURNS SETOF campaign_assets LANGUAGE sql AS 'SELECT * FROM hostile_views.campaign_assets';
CREATE VIEW of_views.inner_view WITH (security_barrier) AS SELECT * FROM campaign_assets WHERE tenant_id <> '';
CREATE FUNCTION through(definition text) RETURNS TABLE (reads text, calls bigint, answer text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE VIEW of_views.campaign_assets AS ' || definition;
	CREATE TRIGGER store INSTEAD OF UPDATE ON of_views.campaign_assets FOR EACH ROW EXECUTE FUNCTION of_views.store();
	SET LOCAL asset_reuse.assets_table = 'of_views.campaign_assets';
	SET LOCAL asset_reuse.history_table = 'hostile_views.campaign_asset_reuse_history';
	RETURN QUERY SELECT asset_reuse_history('hero', 'acme') ->> 'success', count(*), e FROM unnest(ARRAY[
		$c$asset_reuse_track('hero', 'acme', 'fall')$c$, $c$asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k')$c$,
		$c$asset_reuse_undo('hero', 'acme', reuse_key => 'k')$c$, $c$asset_reuse_track_many('{hero}', 'acme', 'fall')$c$,
		$c$asset_reuse_copy_campaign('summer', 'fall', 'acme')$c$, $c$asset_reuse_sync('fall', 'acme', '{hero}')$c$,
		$c$asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2026-01-01T00:00:00Z", "reused_in_id": "x", "key": "1"}]', 's')$c$]) AS c,
		error_of('SELECT ' || c) AS e GROUP BY e;
	SET LOCAL asset_reuse.assets_table = DEFAULT;
	SET LOCAL asset_reuse.history_table = DEFAULT;
	DROP VIEW of_views.campaign_assets;
END
$$;
BEGIN;
SELECT * FROM through('SELECT *, now() AS seen_at FROM hostile_views.campaign_assets');
SELECT * FROM through('SELECT * FROM of_views.inner_view');
SELECT * FROM through('SELECT * FROM hostile_views.campaign_assets UNION ALL SELECT * FROM hostile_views.campaign_assets WHERE false');
SELECT definition, t.* FROM unnest(ARRAY['WITH a AS (SELECT * FROM hostile_views.campaign_assets) SELECT * FROM a', 'SELECT * FROM of_views.all_assets()',
	'SELECT a.* FROM hostile_views.campaign_assets AS a JOIN hostile_views.campaign_spaces AS s ON s.id = a.campaign_space_id',
	'SELECT a.* FROM hostile_views.campaign_assets AS a LEFT JOIN hostile_views.campaign_spaces AS s ON s.id = a.campaign_space_id',
	'SELECT a.* FROM hostile_views.campaign_assets AS a, hostile_views.tenants AS t WHERE t.id = a.tenant_id',
	'SELECT * FROM hostile_views.campaign_assets LIMIT 1000', 'SELECT * FROM hostile_views.campaign_assets OFFSET 0',
	'SELECT DISTINCT ON (id) * FROM hostile_views.campaign_assets', 'SELECT *, count(*) OVER () AS n FROM hostile_views.campaign_assets',
	'SELECT *, generate_series(1, 1) AS n FROM hostile_views.campaign_assets', 'SELECT a.* FROM hostile_views.campaign_assets AS a GROUP BY a.id',
	'SELECT * FROM hostile_views.campaign_assets TABLESAMPLE SYSTEM (100)',
	'SELECT * FROM (SELECT * FROM of_views.inner_view UNION ALL SELECT * FROM of_views.inner_view WHERE false) AS u']) AS definition,
	LATERAL (SELECT reads, calls, split_part(answer, E'\n', 1) FROM through(definition)) AS t;
ROLLBACK;
-- What a call changes must be in the row: a sub-select sees the document of before the call waited for the row, and so does a function.
BEGIN;
CREATE FUNCTION of_views.document(text) RETURNS jsonb STABLE LANGUAGE sql AS 'SELECT platform_metadata FROM hostile_views.campaign_assets WHERE id = $1';
CREATE FUNCTION of_views.cleaned(jsonb) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$ SELECT $1 - 'draft' $$;
CREATE FUNCTION with_columns(document text, last_time text DEFAULT 'a.last_reused_at', source text DEFAULT 'hostile_views.campaign_assets') RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT a.id, a.tenant_id, a.asset_name, a.asset_type, a.deleted_at, (SELECT count(*) FROM hostile_views.tenants)::int AS reused_count,
	(SELECT a.impressions) AS impressions, %s AS platform_metadata, %s AS last_reused_at FROM %s AS a', document, last_time, source)
$$;
CREATE VIEW of_views.looks AS SELECT *, of_views.document(id) AS looked_up FROM campaign_assets;
SELECT number, t.calls, left(t.answer, 35) AS answer FROM unnest(ARRAY[with_columns('(SELECT a.platform_metadata)'),
	with_columns('of_views.document(a.id)'), with_columns('a.looked_up', 'a.last_reused_at', 'of_views.looks'),
	with_columns('a.platform_metadata', '(SELECT a.last_reused_at)'),
	with_columns('a.platform_metadata', 'a.last_reused_at', 'of_views.looks'),
	with_columns('of_views.cleaned(to_jsonb(a.platform_metadata::json))', 'a.last_reused_at::timestamptz::timestamp')])
	WITH ORDINALITY AS c (columns, number),
	LATERAL through(columns) AS t;
ROLLBACK;
-- What a rule adds to a statement locks what it locks: neither crashes, nor is refused.
BEGIN;
CREATE VIEW of_views.pairs AS SELECT t.id FROM hostile_views.tenants AS t, hostile_views.campaign_spaces AS s;
CREATE RULE pairs_1 AS ON INSERT TO campaign_asset_reuse_history DO ALSO SELECT * FROM of_views.pairs FOR UPDATE;
CREATE RULE pairs_2 AS ON UPDATE TO campaign_asset_reuse_history DO ALSO SELECT * FROM of_views.pairs FOR UPDATE;
CREATE RULE pairs_3 AS ON DELETE TO campaign_asset_reuse_history DO ALSO SELECT * FROM of_views.pairs FOR UPDATE;
CREATE RULE pairs_4 AS ON UPDATE TO campaign_assets DO ALSO SELECT * FROM of_views.pairs FOR UPDATE;
SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'rule') ->> 'success' AS track,
	asset_reuse_undo('hero', 'acme', reuse_key => 'rule') ->> 'success' AS undo;
ROLLBACK;
-- Procedures, too.
CREATE TABLE of_views.hero AS SELECT * FROM campaign_assets WHERE id = 'hero';
UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01T00:00:00Z", "context": {"n": 1, "x": 2}}]}' WHERE id = 'hero';
CREATE VIEW of_views.campaign_assets AS SELECT * FROM campaign_assets UNION ALL SELECT * FROM campaign_assets WHERE false;
SET asset_reuse.assets_table = 'of_views.campaign_assets';
SET asset_reuse.history_table = 'hostile_views.campaign_asset_reuse_history';
CALL asset_reuse_repair('acme');
CALL asset_reuse_redact('acme', '{"n": 1}', '{x}');
CALL asset_reuse_migrate_history();
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
UPDATE campaign_assets AS a SET reused_count = h.reused_count, platform_metadata = h.platform_metadata FROM of_views.hero AS h WHERE a.id = h.id;
DROP SCHEMA of_views CASCADE;

-- Each event is stored once: hero's 5 and the two absurd rows, secret's 4.
SELECT asset_id, count(*) AS events FROM campaign_asset_reuse_history GROUP BY asset_id ORDER BY asset_id;
SELECT count(*) AS logs FROM campaign_assets WHERE platform_metadata ? 'reuse_history';
DROP SCHEMA hostile_views, view_acme, view_globex CASCADE;
DROP ROLE regress_acme, regress_globex;
