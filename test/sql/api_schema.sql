--
-- examples/api_schema.sql: one function of each name, for text and for uuid identifiers, with the
-- answers of the extension's own, errors whose codes are HTTP statuses, and no more rights than the
-- caller's.  test/t/052_api_schema.pl has it behind a server.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set limits :abs_srcdir '/../examples/reuse_limits.sql'
\set api :abs_srcdir '/../examples/api_schema.sql'
CREATE ROLE regress_anon;
CREATE ROLE regress_authenticated;
\set anon regress_anon
\set authenticated regress_authenticated
CREATE SCHEMA regress_api;
SET search_path = regress_api, public;
\i :tables
\i :rows
\i :helpers
\i :limits
\i :api
\set ECHO all
\set SHOW_CONTEXT never
GRANT USAGE ON SCHEMA regress_api TO regress_anon, regress_authenticated;
GRANT SELECT ON campaign_assets, campaign_spaces TO regress_anon, regress_authenticated;
GRANT UPDATE ON campaign_assets TO regress_authenticated;
-- The tables and the extension are found by the functions, not by the caller.
SET search_path = '';
SELECT count(*), count(DISTINCT proname) FROM pg_catalog.pg_proc WHERE pronamespace = 'asset_reuse_api'::pg_catalog.regnamespace;

--
-- Answers are the extension's
--

-- Each function by the names of all its arguments, those that are optional null, as an API hands them on.
SET ROLE regress_authenticated;
SELECT regress_api.mask_times(asset_reuse_api.track_reuse(asset_id => 'hero', tenant_id => 'acme', campaign_space_id => 'fall',
	reused_in_type => NULL, reused_in_id => NULL, reused_in_name => NULL, reuse_context => '{"placement": "story"}', reuse_key => 'k1'));
SELECT asset_reuse_api.track_reuse('hero', 'acme', 'fall', reuse_key => 'k1') ->> 'replayed';
SELECT asset_reuse_api.track_many_reuses(asset_ids => '{hero,clip}', tenant_id => 'acme', campaign_space_id => NULL,
	reused_in_type => 'email', reused_in_id => 'letter', reused_in_name => 'A letter', reuse_context => NULL, reuse_key => NULL, on_missing => NULL) - 'assets';
SELECT asset_reuse_api.track_many_reuses('{hero,x}', 'acme', 'winter', on_missing => 'skip') - 'assets';
SELECT asset_reuse_api.copy_campaign(from_campaign_space_id => 'fall', to_campaign_space_id => 'summer', tenant_id => 'acme',
	include => NULL, reuse_context => NULL, reuse_key => NULL, dry_run => NULL);
SELECT asset_reuse_api.sync_campaign(campaign_space_id => 'winter', tenant_id => 'acme', asset_ids => '{line}',
	remove => true, dry_run => NULL, reuse_context => '{"by": "sync"}');
SELECT asset_reuse_api.undo_reuse(asset_id => 'hero', tenant_id => 'acme', event_id => NULL, reuse_key => 'k1') ->> 'message';
RESET ROLE;
SET search_path = regress_api, public;
SELECT asset_reuse_api.reuse_history(asset_id => 'hero', tenant_id => 'acme', page_limit => NULL, page_offset => NULL, cursor => NULL)
	= asset_reuse_history('hero', 'acme');
SELECT h -> 'total', h -> 'has_more' FROM asset_reuse_api.reuse_history('hero', 'acme', 1,
	cursor => asset_reuse_api.reuse_history('hero', 'acme', 1) ->> 'next_cursor') AS h;
SELECT asset_reuse_api.reuse_analytics(tenant_id => 'acme', asset_type => NULL, start_date => NULL, end_date => NULL, top_limit => NULL)
	= asset_reuse_analytics('acme');
SELECT asset_reuse_api.reuse_analytics('acme', 'image', '2026-01-01Z', '2126-01-01Z', 1) = asset_reuse_analytics('acme', 'image', '2026-01-01Z', '2126-01-01Z', 1);
SELECT sum(reuses), max(assets) FROM asset_reuse_api.reuse_timeline(tenant_id => 'acme', bucket => 'year', asset_type => NULL,
	start_date => NULL, end_date => NULL, time_zone => NULL);
SELECT asset_id, asset_type, reuses FROM asset_reuse_api.reuse_where_used(tenant_id => 'acme', campaign_space_id => NULL,
	reused_in_type => 'email', reused_in_id => NULL) ORDER BY asset_id;
SELECT reused_in_type, reused_in_id, reused_in_name, reuses, is_live FROM asset_reuse_api.reuse_places(asset_id => 'line', tenant_id => 'acme');
SET search_path = '';

--
-- Errors: the code is the status, the message the extension's
--

SET ROLE regress_authenticated;
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('nobody', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('hero', 'acme', 'nowhere') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.undo_reuse('hero', 'acme', '1-0') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_many_reuses('{hero,x,secret}', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.copy_campaign('fall', 'rival', 'acme') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.sync_campaign('fall', 'acme', '{x}') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.reuse_history('secret', 'acme') $$);
SELECT regress_api.error_of($$ SELECT * FROM asset_reuse_api.reuse_places('gone', 'acme') $$);
-- a key of another place
SELECT asset_reuse_api.track_reuse('line', 'acme', 'fall', reuse_key => 'k2') ->> 'success';
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('line', 'acme', 'winter', reuse_key => 'k2') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_many_reuses('{line}', 'acme', 'winter', reuse_key => 'k2') $$);
-- an application's CHECK, without the detail, which would show the row, and its trigger
RESET ROLE;
UPDATE regress_api.campaign_assets SET usage_limit = reused_count WHERE id = 'hero';
UPDATE regress_api.campaign_assets SET expires_at = '2026-01-31' WHERE id = 'clip';
SET ROLE regress_authenticated;
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('hero', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('clip', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_many_reuses('{hero}', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.copy_campaign('summer', 'winter', 'acme') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.sync_campaign('winter', 'acme', '{clip,line}') $$);
-- a wrong argument is left as it is
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('hero', 'acme', 'fall', reuse_context => '[]') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.reuse_timeline('acme', 'eon') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.reuse_analytics(NULL) $$);
RESET ROLE;

--
-- Rights
--

-- Whoever is not signed in reads and does not write, not even with rights on the tables.
GRANT UPDATE ON regress_api.campaign_assets TO regress_anon;
SET ROLE regress_anon;
SELECT asset_reuse_api.reuse_history('hero', 'acme') ->> 'success', asset_reuse_api.reuse_analytics('acme') ->> 'success';
SELECT count(*) FROM asset_reuse_api.reuse_timeline('acme', 'year', start_date => '2026-01-01Z', end_date => '2027-01-01Z');
SELECT count(*) FROM asset_reuse_api.reuse_where_used('acme', 'fall');
SELECT count(*) FROM asset_reuse_api.reuse_places('line', 'acme');
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('hero', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_many_reuses('{hero}', 'acme', 'fall') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.undo_reuse('hero', 'acme', '1-0') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.copy_campaign('fall', 'winter', 'acme') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.sync_campaign('fall', 'acme', '{}') $$);
RESET ROLE;
-- Row-level security by the request's token: another tenant's asset is not found, whatever the argument says.
ALTER TABLE regress_api.campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON regress_api.campaign_assets
	USING (tenant_id = pg_catalog.current_setting('request.jwt.claims', true)::pg_catalog.jsonb ->> 'tenant_id');
SET ROLE regress_authenticated;
SET request.jwt.claims = '{"tenant_id": "globex"}';
SELECT asset_reuse_api.reuse_history('secret', 'globex') ->> 'success';
SELECT regress_api.error_of($$ SELECT asset_reuse_api.reuse_history('hero', 'acme') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('line', 'acme', 'fall') $$);
RESET ROLE;
RESET request.jwt.claims;

--
-- With uuid identifiers
--

ALTER TABLE regress_api.campaign_assets DISABLE ROW LEVEL SECURITY;
SET client_min_messages = warning;
DROP SCHEMA asset_reuse_api CASCADE;
\set id uuid
\set ECHO none
SET search_path = regress_api, public;
\i :api
\set ECHO all
SET search_path = '';
SET ROLE regress_authenticated;
SELECT count(*), count(DISTINCT proname) FROM pg_catalog.pg_proc WHERE pronamespace = 'asset_reuse_api'::pg_catalog.regnamespace;
SELECT asset_reuse_api.track_reuse('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'cccccccc-0000-4000-8000-000000000001') ->> 'message';
SELECT asset_reuse_api.track_many_reuses('{bbbbbbbb-0000-4000-8000-000000000001}', 'aaaaaaaa-0000-4000-8000-000000000001', 'cccccccc-0000-4000-8000-000000000001') - 'assets';
SELECT asset_reuse_api.sync_campaign('cccccccc-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', '{}');
SELECT asset_id, pg_catalog.pg_typeof(asset_id), reuses FROM asset_reuse_api.reuse_where_used('aaaaaaaa-0000-4000-8000-000000000001', 'cccccccc-0000-4000-8000-000000000001');
SELECT reuses FROM asset_reuse_api.reuse_places('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001');
SELECT sum(reuses) FROM asset_reuse_api.reuse_timeline('aaaaaaaa-0000-4000-8000-000000000001');
SELECT asset_reuse_api.reuse_analytics('aaaaaaaa-0000-4000-8000-000000000001') #> '{overview,total_reuses}';
SELECT asset_reuse_api.undo_reuse('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001',
	asset_reuse_api.reuse_history('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001') #>> '{history,0,event_id}') ->> 'message';
SELECT regress_api.error_of($$ SELECT asset_reuse_api.reuse_history('bbbbbbbb-0000-4000-8000-00000000000f', 'aaaaaaaa-0000-4000-8000-000000000001') $$);
SELECT regress_api.error_of($$ SELECT asset_reuse_api.copy_campaign('cccccccc-0000-4000-8000-000000000001', 'cccccccc-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001') $$);
RESET ROLE;

-- What is unique elsewhere is no reuse_key: the error stays what it is.
CREATE FUNCTION regress_api.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE unique_violation USING MESSAGE = 'this is taken'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON regress_api.campaign_assets FOR EACH ROW EXECUTE FUNCTION regress_api.refuse();
SELECT regress_api.error_of($$ SELECT asset_reuse_api.track_reuse('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', reused_in_type => 'email') $$);

DROP SCHEMA regress_api, asset_reuse_api CASCADE;
DROP ROLE regress_anon;
DROP ROLE regress_authenticated;
