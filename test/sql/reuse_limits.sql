--
-- examples/reuse_limits.sql: what the application's CHECK and trigger refuse is not stored,
-- wherever events live.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set limits :abs_srcdir '/../examples/reuse_limits.sql'
CREATE SCHEMA regress_reuse_limits;
SET search_path = regress_reuse_limits, public;
\i :tables
\i :rows
\i :helpers
\i :limits
\set ECHO all
\set SHOW_CONTEXT never

-- refusal runs a statement and returns what an API tells the error by, and what it must not hand on.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	relation text;
	"constraint" text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS relation = TABLE_NAME, "constraint" = CONSTRAINT_NAME, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(', ', SQLSTATE || ': ' || SQLERRM, relation, "constraint", substring(detail FROM 'Failing row contains \((?:hero|clip)'));
END
$$;
-- state changes with any row of the assets or of the history table.
CREATE FUNCTION state() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	events text := '';
BEGIN
	IF to_regclass('campaign_asset_reuse_history') IS NOT NULL THEN
		SELECT string_agg(h::text, '|' ORDER BY h) INTO events FROM campaign_asset_reuse_history h;
	END IF;
	RETURN md5(concat(tables_checksum(), events));
END
$$;
CREATE FUNCTION track(asset text) RETURNS text LANGUAGE sql AS $$
	SELECT asset_reuse_track(asset, 'acme', 'fall')->>'message'
$$;
UPDATE campaign_assets SET usage_limit = 2 WHERE id = 'hero';
UPDATE campaign_assets SET expires_at = '2026-01-31' WHERE id = 'clip';

-- In the documents: the third reuse of two is refused, and one of an asset whose rights have expired.
SELECT track('hero');
SELECT track('hero');
SELECT state() AS before \gset
SELECT refusal($$ SELECT track('hero') $$);
SELECT refusal($$ SELECT track('clip') $$);
SELECT state() = :'before' AS nothing_changed;
-- So it is without a handler of errors.
\set VERBOSITY terse
SELECT track('hero');
SELECT track('clip');
SELECT state() = :'before' AS nothing_changed;

-- In the history table, where the first track also moves the asset's log: refused, it moves nothing.
SELECT asset_reuse_create_history_table();
SELECT state() AS before \gset
SELECT refusal($$ SELECT track('hero') $$);
SELECT refusal($$ SELECT track('clip') $$);
SELECT state() = :'before' AS nothing_changed;
UPDATE campaign_assets SET usage_limit = 3 WHERE id = 'hero';
SELECT track('hero');
SELECT state() AS before \gset
SELECT refusal($$ SELECT track('hero') $$);
SELECT track('hero');
SELECT state() = :'before' AS nothing_changed;
SELECT count(*) FROM campaign_asset_reuse_history;

-- Rights that are renewed, other changes of an expired asset, and assets without limits.
UPDATE campaign_assets SET expires_at = now() AT TIME ZONE 'UTC' + interval '1 hour' WHERE id = 'clip';
SELECT track('clip');
UPDATE campaign_assets SET expires_at = '2026-01-31', reused_count = 0 WHERE id = 'clip';
UPDATE campaign_assets SET clicks = 5 WHERE id = 'clip';
SELECT track('line');
-- A limit below the count is refused itself.
SELECT refusal($$ UPDATE campaign_assets SET usage_limit = 1 WHERE id = 'hero' $$);

-- The other functions that count, in both places: hero has no reuse left, and clip no rights.
CREATE FUNCTION others() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	before text := state();
BEGIN
	RETURN NEXT refusal($s$SELECT asset_reuse_track_many('{line,hero}', 'acme', 'fall')$s$);
	RETURN NEXT refusal($s$SELECT asset_reuse_track_many('{line,clip}', 'acme', 'fall', reuse_key => 'k')$s$);
	RETURN NEXT refusal($s$SELECT asset_reuse_copy_campaign('fall', 'winter', 'acme', 'reused')$s$);
	RETURN NEXT refusal($s$SELECT asset_reuse_sync('winter', 'acme', '{line,hero}')$s$);
	RETURN NEXT refusal($s$SELECT asset_reuse_import('acme', '[{"asset_id": "line", "timestamp": "2026-01-01", "campaign_space_id": "fall"}, {"asset_id": "hero", "timestamp": "2026-01-01", "campaign_space_id": "fall"}]', 'file')$s$);
	RETURN NEXT state() = before;
	-- what is taken back can be reused again, and is not in the way of a limit
	RETURN NEXT asset_reuse_undo('hero', 'acme', asset_reuse_history('hero', 'acme', 1) -> 'history' -> 0 ->> 'event_id') ->> 'message';
	RETURN NEXT asset_reuse_track_many('{line,hero}', 'acme', 'fall') ->> 'tracked';
END
$$;
SELECT others();
SELECT asset_reuse_drop_history_table() > 0;
SELECT others();
-- A repair that would lift the count above the limit is refused, too, and does the others.
UPDATE campaign_assets SET reused_count = 1, usage_limit = 2 WHERE id = 'hero';
UPDATE campaign_assets SET reused_count = 1 WHERE id = 'clip';
UPDATE campaign_assets SET reused_count = 0 WHERE id = 'line';
CALL asset_reuse_repair('acme');
SELECT id, reused_count FROM campaign_assets WHERE id IN ('hero', 'line') ORDER BY id;
UPDATE campaign_assets SET usage_limit = NULL WHERE id = 'hero';
CALL asset_reuse_repair('acme');
SELECT id, reused_count FROM campaign_assets WHERE id IN ('hero', 'line') ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA regress_reuse_limits CASCADE;
