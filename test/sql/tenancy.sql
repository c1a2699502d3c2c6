--
-- Nobody learns of, or changes, what is not theirs: other tenants' rows, rows
-- behind row-level security, tables without privileges; and nobody's search_path
-- changes what the functions run.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_tenancy;
SET search_path = regress_tenancy, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

--
-- An absent id, another tenant's and a deleted one: the same error in every field,
-- whatever the row behind it looks like.
--
-- secret is globex's: its log, its count and its type would be errors of other kinds.
UPDATE campaign_assets SET platform_metadata = '[]', reused_count = 2147483647,
	last_reused_at = 'infinity' WHERE id IN ('secret', 'gone');
-- t for each: track alone, with a campaign, with a place and a context; history; a page of it.
SELECT call,
	   error_of(format(call, 'secret')) = error_of(format(call, 'absent')) AS as_absent,
	   error_of(format(call, 'gone')) = error_of(format(call, 'absent')) AS deleted_as_absent,
	   left(error_of(format(call, 'secret')), 6) AS error
FROM unnest(ARRAY['SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')',
				  'SELECT asset_reuse_track(%L, ''acme'', ''summer'')',
				  'SELECT asset_reuse_track(%L, ''acme'', NULL, ''email'', ''e-1'', ''Letter'', ''{"a": 1}'')',
				  'SELECT asset_reuse_history(%L, ''acme'')',
				  'SELECT asset_reuse_history(%L, ''acme'', 1, 7)']) call;
-- The same for campaigns: rival is globex's, old is deleted.
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'rival') $$)
		= error_of($$ SELECT asset_reuse_track('hero', 'acme', 'absent') $$) AS as_absent,
	   error_of($$ SELECT asset_reuse_track('hero', 'acme', 'old') $$)
		= error_of($$ SELECT asset_reuse_track('hero', 'acme', 'absent') $$) AS deleted_as_absent;
-- Another tenant's asset with another tenant's campaign, that would fit together: as both absent.
SELECT error_of($$ SELECT asset_reuse_track('secret', 'acme', 'rival') $$)
		= error_of($$ SELECT asset_reuse_track('absent', 'acme', 'absent') $$) AS as_absent;
-- With uuids, asked as another tenant and as nobody.
UPDATE campaign_assets SET tenant_id = 'globex', platform_metadata = '"x"' WHERE id = 'bbbbbbbb-0000-4000-8000-000000000001';
SELECT error_of(format(call, 'bbbbbbbb-0000-4000-8000-000000000001'))
		= error_of(format(call, 'dddddddd-0000-4000-8000-000000000001')) AS as_absent,
	   left(error_of(format(call, 'bbbbbbbb-0000-4000-8000-000000000001')), 6) AS error
FROM unnest(ARRAY['SELECT asset_reuse_track(%L::uuid, ''aaaaaaaa-0000-4000-8000-000000000001''::uuid, reused_in_id => ''x'')',
				  'SELECT asset_reuse_track(%L::uuid, ''aaaaaaaa-0000-4000-8000-000000000001''::uuid, ''cccccccc-0000-4000-8000-000000000001''::uuid)',
				  'SELECT asset_reuse_history(%L::uuid, ''aaaaaaaa-0000-4000-8000-000000000001''::uuid)']) call;
-- The deleted campaign of an event and another tenant's are as one that never was: t.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [
	{"timestamp": "2026-01-01T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "rival"}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "old"}},
	{"timestamp": "2026-01-03T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "absent"}}]}' WHERE id = 'hero';
SELECT count(*) AS events, bool_and(e->'campaign_space' = 'null') AS all_null
FROM asset_reuse_history('hero', 'acme') h, jsonb_array_elements(h->'history') e;
UPDATE campaign_assets SET platform_metadata = '{}' WHERE id = 'hero';

-- Analytics of a tenant that does not exist, and of one all of whose assets are deleted: the same but for nothing.
INSERT INTO tenants VALUES ('ghost', 'Ghost');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('ghostly', 'ghost', 'g', 'G', 'other');
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, deleted_at)
VALUES ('ghost 1', 'ghostly', 'ghost', 'g', 'G', 'image', 7, '2026-01-01');
SELECT asset_reuse_analytics('ghost') = asset_reuse_analytics('nobody') AS same,
	   asset_reuse_insights('ghost') = asset_reuse_insights('nobody') AS same_insights,
	   asset_reuse_analytics('nobody')->'overview' AS overview;
-- acme's analytics do not move with globex's rows: t.
CREATE VIEW periods_told AS SELECT (SELECT jsonb_agg(p) FROM asset_reuse_performance('acme') AS p) AS performance, (SELECT jsonb_agg(w) FROM asset_reuse_wear_out('acme') AS w) AS wear_out;
CREATE TABLE told_before AS SELECT * FROM periods_told;
SELECT asset_reuse_analytics('acme') AS told, asset_reuse_insights('acme') AS insights_told \gset
UPDATE campaign_assets SET reused_count = 1000, impressions = 1, ctr = 50 WHERE tenant_id = 'globex';
SELECT before = now AS same_periods FROM told_before AS before, periods_told AS now;
SELECT asset_reuse_analytics('acme') = :'told'::jsonb AS same, asset_reuse_insights('acme') = :'insights_told'::jsonb AS same_insights;
-- Text that would be more than an id in a statement is just an id nobody has.
SELECT call, left(error_of(format(call, $$hero' OR '1'='1$$)), 6) AS error,
	   left(error_of(format(call, 'hero"; DROP TABLE campaign_assets; --')), 6) AS error,
	   left(error_of(format(call, '$1')), 6) AS error
FROM unnest(ARRAY['SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')', 'SELECT asset_reuse_track(''hero'', %L, reused_in_id => ''x'')',
				  'SELECT asset_reuse_track(''hero'', ''acme'', %L)', 'SELECT asset_reuse_history(%L, ''acme'')',
				  'SELECT asset_reuse_history(''hero'', %L)', 'SELECT asset_reuse_analytics(''acme'', %L)',
				  'SELECT asset_reuse_insights(''acme'', %L)', 'SELECT asset_reuse_insights(%L)',
				  'SELECT asset_reuse_performance(%L)', 'SELECT asset_reuse_performance(''acme'', NULL, %L)', 'SELECT asset_reuse_wear_out(%L)']) call;

--
-- Row-level security: a member sees the rows of the tenant that app.tenant names.
--
CREATE ROLE regress_member;
GRANT USAGE ON SCHEMA regress_tenancy TO regress_member;
GRANT SELECT, UPDATE ON campaign_assets TO regress_member;
GRANT SELECT ON campaign_spaces, tenants TO regress_member;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_spaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON campaign_assets USING (tenant_id = current_setting('app.tenant'));
CREATE POLICY own ON campaign_spaces USING (tenant_id = current_setting('app.tenant'));
UPDATE campaign_assets SET platform_metadata = '{}', reused_count = 0, last_reused_at = NULL WHERE id = 'secret';

-- As the superuser, whom policies do not bind: tracked.
SELECT asset_reuse_track('secret', 'globex', 'rival')->>'message' AS message;
SET ROLE regress_member;
SET app.tenant = 'acme';
-- The member's own rows: tracked, counted, shown with its campaign.
SELECT asset_reuse_track('hero', 'acme', 'summer')->>'message' AS message;
SELECT asset_reuse_track('hero', 'acme', 'fall')->>'message' AS message;
SELECT e->'campaign_space' AS campaign FROM asset_reuse_history('hero', 'acme') h, jsonb_array_elements(h->'history') e;
SELECT asset_reuse_analytics('acme')->'overview' AS overview;
-- Rows hidden by the policy, asked for as their own tenant: as absent ones, all t, and no figures.
SELECT error_of($$ SELECT asset_reuse_track('secret', 'globex', reused_in_id => 'x') $$)
		= error_of($$ SELECT asset_reuse_track('absent', 'globex', reused_in_id => 'x') $$) AS track,
	   error_of($$ SELECT asset_reuse_track('secret', 'globex', 'rival') $$)
		= error_of($$ SELECT asset_reuse_track('secret', 'globex', 'absent') $$) AS track_in,
	   error_of($$ SELECT asset_reuse_history('secret', 'globex') $$)
		= error_of($$ SELECT asset_reuse_history('absent', 'globex') $$) AS history,
	   asset_reuse_analytics('globex') = asset_reuse_analytics('nobody') AS analytics;
-- The same session as a member of the other tenant: the policy is asked anew with each call.
SET app.tenant = 'globex';
SELECT asset_reuse_track('secret', 'globex', 'rival')->>'message' AS message;
SELECT asset_reuse_track('hero', 'acme', 'summer');
SELECT asset_reuse_history('hero', 'acme');
SELECT asset_reuse_analytics('acme')->'overview' AS overview;
-- And as the superuser again, in the same session: all rows.
RESET ROLE;
SELECT asset_reuse_history('hero', 'acme')->'total' AS hero, asset_reuse_history('secret', 'globex')->'total' AS secret;
-- A policy lets the member read but not update: track finds nothing, and nothing has changed.
DROP POLICY own ON campaign_assets;
CREATE POLICY readable ON campaign_assets FOR SELECT USING (tenant_id = current_setting('app.tenant'));
SELECT tables_checksum() AS checksum \gset
SET ROLE regress_member;
SET app.tenant = 'acme';
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x');
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
-- A policy that refuses the new row: PostgreSQL's own error.
RESET ROLE;
SELECT tables_checksum() = :'checksum' AS unchanged;
CREATE POLICY updatable ON campaign_assets FOR UPDATE USING (true) WITH CHECK (reused_count < 3);
SET ROLE regress_member;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message' AS message;
RESET ROLE;
SELECT tables_checksum() = :'checksum' AS unchanged;
-- A policy hides the campaign only: it is not found in track, and null in history.
CREATE POLICY updatable_again ON campaign_assets FOR UPDATE USING (true);
ALTER POLICY own ON campaign_spaces USING (id <> 'summer');
SET ROLE regress_member;
SELECT asset_reuse_track('hero', 'acme', 'summer');
SELECT asset_reuse_track('hero', 'acme', 'fall')->>'message' AS message;
SELECT e->>'reused_in_name' AS name, e->'campaign_space'->'id' AS campaign
FROM asset_reuse_history('hero', 'acme') h, jsonb_array_elements(h->'history') e;
-- Row security off is refused by PostgreSQL, not worked around.
SET row_security = off;
SELECT asset_reuse_history('hero', 'acme');
RESET row_security;
RESET ROLE;
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_spaces DISABLE ROW LEVEL SECURITY;

--
-- Privileges: as if the caller had written the SQL.
--
-- Without UPDATE: track is refused, history and analytics work.
REVOKE UPDATE ON campaign_assets FROM regress_member;
SELECT tables_checksum() AS checksum \gset
SET ROLE regress_member;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS error;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$) AS error;
SELECT asset_reuse_history('hero', 'acme')->'success' AS history, asset_reuse_analytics('acme')->'success' AS analytics;
-- Whether the id exists or not: t.
SELECT error_of($$ SELECT asset_reuse_track('absent', 'acme', reused_in_id => 'x') $$) = error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS same;
-- With UPDATE and without SELECT: all are refused.
RESET ROLE;
GRANT UPDATE ON campaign_assets TO regress_member;
REVOKE SELECT ON campaign_assets FROM regress_member;
SET ROLE regress_member;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS track,
	   error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS history,
	   error_of($$ SELECT asset_reuse_analytics('acme') $$) AS analytics;
-- At top level, and the session goes on.
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x');
SELECT asset_reuse_history('hero', 'acme');
-- Column grants that cover what the functions use: all work, and no other column is asked for.
RESET ROLE;
REVOKE ALL ON campaign_assets, campaign_spaces FROM regress_member;
GRANT SELECT (id, tenant_id, asset_name, asset_type, reused_count, last_reused_at, platform_metadata, deleted_at,
			  campaign_space_id, file_url, thumbnail_url, impressions, clicks, conversions, spend, ctr, created_at, updated_at),
	  UPDATE (reused_count, last_reused_at, platform_metadata, updated_at) ON campaign_assets TO regress_member;
GRANT SELECT (id, tenant_id, campaign_name, platform, is_active, deleted_at) ON campaign_spaces TO regress_member;
SET ROLE regress_member;
SELECT asset_reuse_track('hero', 'acme', 'summer')->'success' AS track,
	   asset_reuse_history('hero', 'acme')->'success' AS history,
	   asset_reuse_analytics('acme', 'image', '2026-01-01 00:00Z')->'success' AS analytics;
-- One of them taken away: refused.
RESET ROLE;
REVOKE SELECT (platform_metadata) ON campaign_assets FROM regress_member;
SET ROLE regress_member;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS track,
	   error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS history;
RESET ROLE;
GRANT SELECT (platform_metadata) ON campaign_assets TO regress_member;
REVOKE UPDATE (platform_metadata) ON campaign_assets FROM regress_member;
SET ROLE regress_member;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS track,
	   asset_reuse_history('hero', 'acme')->'success' AS history;
-- No privilege on the campaigns: refused where one is asked for.
RESET ROLE;
GRANT ALL ON campaign_assets TO regress_member;
REVOKE ALL ON campaign_spaces FROM regress_member;
REVOKE SELECT (id, tenant_id, campaign_name, platform, is_active, deleted_at) ON campaign_spaces FROM regress_member;
SET ROLE regress_member;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'fall') $$) AS error;
-- No USAGE on the schema: refused when it is named, not there when it is only in the search_path.
RESET ROLE;
CREATE SCHEMA regress_tenancy_helpers;
GRANT USAGE ON SCHEMA regress_tenancy_helpers TO regress_member;
ALTER FUNCTION error_of(text) SET SCHEMA regress_tenancy_helpers;
REVOKE USAGE ON SCHEMA regress_tenancy FROM regress_member;
SET ROLE regress_member;
SET search_path = regress_tenancy, regress_tenancy_helpers, public;
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS error;
SET asset_reuse.assets_table = 'regress_tenancy.campaign_assets';
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS error;
-- asset_reuse_check_schema() tells as much as the functions do.
SELECT error_of($$ SELECT asset_reuse_check_schema() $$) AS error;
RESET asset_reuse.assets_table;
SELECT DISTINCT status FROM asset_reuse_check_schema();
-- A function of the owner's runs with the owner's rights, so a member without any can be let in by one.
RESET ROLE;
SELECT tables_checksum() AS checksum \gset
CREATE FUNCTION regress_tenancy_helpers.track_for_member(asset text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = regress_tenancy, public
AS $$ SELECT asset_reuse_track(asset, 'acme', 'summer')->>'success' $$;
REVOKE ALL ON campaign_assets FROM regress_member;
SET ROLE regress_member;
SELECT track_for_member('hero');
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$) AS error;
RESET ROLE;
SELECT tables_checksum() <> :'checksum' AS changed;
ALTER FUNCTION regress_tenancy_helpers.error_of(text) SET SCHEMA regress_tenancy;
SET search_path = regress_tenancy, public;

--
-- A hostile search_path: in front of pg_catalog and of the extension stands a
-- schema with an operator for each built-in operator, a function for each
-- built-in function that has a use of its own and for each of the extension's,
-- a type for each built-in type, a relation for each catalog and for the
-- application's tables.  Whichever is used counts, and raises an error.
--
SET client_min_messages = warning;
CREATE SCHEMA regress_evil;
CREATE SEQUENCE regress_evil.uses;
CREATE FUNCTION regress_evil.spring_trap() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_catalog.nextval('regress_evil.uses'::pg_catalog.regclass);
	RAISE EXCEPTION 'trapped';
END
$$;
DO $do$
DECLARE
	o record;
	arguments text;
	trap constant text := 'LANGUAGE plpgsql AS $$ BEGIN PERFORM regress_evil.spring_trap(); END $$';
BEGIN
	-- Functions, aggregates and window functions become plain functions; those with arguments
	-- that plpgsql cannot take, a built-in one that raises an error.
	FOR o IN SELECT p.oid, p.proname, format_type(p.prorettype, NULL) AS result
			 FROM pg_proc p
			 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a', 'w')
				AND NOT EXISTS (SELECT FROM pg_operator WHERE oprcode = p.oid)
				AND NOT EXISTS (SELECT FROM pg_type WHERE p.oid IN (typinput, typoutput, typreceive, typsend))
				AND NOT EXISTS (SELECT FROM pg_amproc WHERE amproc = p.oid)
				OR p.oid IN (SELECT objid FROM pg_depend
							 WHERE refclassid = 'pg_extension'::regclass AND classid = 'pg_proc'::regclass
								AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse'))
	LOOP
		arguments := replace(pg_get_function_identity_arguments(o.oid), ' ORDER BY ', ', ');
		BEGIN
			EXECUTE format('CREATE FUNCTION regress_evil.%I(%s) RETURNS %s %s', o.proname, arguments, o.result, trap);
		EXCEPTION WHEN OTHERS THEN
			BEGIN
				EXECUTE format('CREATE FUNCTION regress_evil.%I(%s) RETURNS text LANGUAGE internal AS %L',
							   o.proname, arguments, 'shell_in');
			EXCEPTION WHEN OTHERS THEN
				NULL;		-- nothing but built-in code can be such a function
			END;
		END;
	END LOOP;
	FOR o IN SELECT oid, oprname, oprleft, oprleft::regtype AS left, oprright::regtype AS right,
					oprresult::regtype AS result
			 FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION regress_evil.operator_%s(%s) RETURNS %s %s', o.oid,
						   CASE WHEN o.oprleft <> 0 THEN o.left || ', ' ELSE '' END || o.right, o.result, trap);
			EXECUTE format('CREATE OPERATOR regress_evil.%s (FUNCTION = regress_evil.operator_%s, %s RIGHTARG = %s)',
						   o.oprname, o.oid,
						   CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || o.left || ',' ELSE '' END, o.right);
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
	-- A domain that takes no value.
	FOR o IN SELECT typname FROM pg_type
			 WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r') AND typcategory <> 'A'
				AND NOT EXISTS (SELECT FROM pg_class WHERE oid = typrelid)
	LOOP
		EXECUTE format('CREATE DOMAIN regress_evil.%I AS pg_catalog.%1$I CHECK (regress_evil.spring_trap())', o.typname);
	END LOOP;
	FOR o IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
			 UNION SELECT unnest('{campaign_assets,campaign_spaces,tenants}'::name[])
	LOOP
		EXECUTE format('CREATE VIEW regress_evil.%I AS SELECT regress_evil.spring_trap() AS id', o.relname);
	END LOOP;
END
$do$;
RESET client_min_messages;
-- There are traps enough of each kind: t.
SELECT (SELECT count(*) > 700 FROM pg_operator WHERE oprnamespace = 'regress_evil'::regnamespace) AS operators,
	   (SELECT count(*) > 1200 FROM pg_proc WHERE pronamespace = 'regress_evil'::regnamespace
		AND proname NOT LIKE 'operator%') AS functions,
	   (SELECT count(*) > 10 FROM pg_proc WHERE pronamespace = 'regress_evil'::regnamespace
		AND proname LIKE 'asset_reuse_%') AS own_functions,
	   (SELECT count(*) > 60 FROM pg_type WHERE typnamespace = 'regress_evil'::regnamespace AND typtype = 'd') AS types,
	   (SELECT count(*) > 100 FROM pg_class WHERE relnamespace = 'regress_evil'::regnamespace AND relkind = 'v') AS relations;
SELECT string_agg(DISTINCT wanted, ' ') AS functions_without_trap
FROM unnest('{lower,now,clock_timestamp,count,sum,max,jsonb_set,jsonb_build_object,jsonb_build_array,jsonb_array_length,to_jsonb,jsonb_typeof,unnest,timezone,date_part,round,format,array_agg,jsonb_agg}'::text[]) wanted
WHERE NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'regress_evil'::regnamespace AND proname = wanted);

UPDATE campaign_assets SET platform_metadata = '{}', reused_count = 0, last_reused_at = NULL, tenant_id = 'acme';
UPDATE campaign_assets SET tenant_id = 'aaaaaaaa-0000-4000-8000-000000000001' WHERE id LIKE 'bbbbbbbb%';
-- The traps work: each kind is met by plain SQL under that path.  Five errors, and 4 uses counted
-- (jsonb_build_object can only raise).
\c -
SET search_path = regress_evil, pg_catalog, regress_tenancy, public;
SELECT 1 + 1;
SELECT lower('X');
SELECT jsonb_build_object('a', 1);
SELECT 'x'::text;
SELECT * FROM campaign_assets;
SELECT last_value FROM regress_evil.uses;
SELECT pg_catalog.setval('regress_evil.uses', 1, false);

-- A session whose first calls come under the hostile path.  Everything that is not the extension's
-- is named with its schema.
\c -
SET search_path = regress_evil, pg_catalog, regress_tenancy, public;
SET asset_reuse.assets_table = 'regress_tenancy.campaign_assets';
SET asset_reuse.spaces_table = 'regress_tenancy.campaign_spaces';
SELECT public.asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"a": 1}') AS track,
	   public.asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::pg_catalog.uuid,
								'aaaaaaaa-0000-4000-8000-000000000001'::pg_catalog.uuid,
								'cccccccc-0000-4000-8000-000000000001'::pg_catalog.uuid) AS track_uuid \gset
SELECT public.asset_reuse_track('hero', 'acme', NULL, 'email', 'e-1', 'Letter') AS track_more \gset
SELECT public.asset_reuse_history('hero', 'acme') AS history,
	   public.asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001'::pg_catalog.uuid,
								  'aaaaaaaa-0000-4000-8000-000000000001'::pg_catalog.uuid) AS history_uuid,
	   public.asset_reuse_analytics('acme') AS analytics,
	   public.asset_reuse_analytics('acme', 'image', '2026-01-01 00:00Z', '2100-01-01 00:00Z', 3) AS analytics_range,
	   public.asset_reuse_analytics('aaaaaaaa-0000-4000-8000-000000000001'::pg_catalog.uuid) AS analytics_uuid \gset
SELECT pg_catalog.json_agg(c) AS checked FROM public.asset_reuse_check_schema() c \gset
-- Errors are those of any path.
SELECT public.asset_reuse_track('absent', 'acme', reused_in_id => 'x');
SELECT public.asset_reuse_track('hero', 'acme', 'absent');
SELECT public.asset_reuse_analytics('acme', 'banner');
-- The same session with a usual path: what was tracked is right, and what was read is what is read now.
SET search_path = regress_tenancy, public;
SELECT mask_times((:'track'::jsonb)->'event') AS track, (:'track'::jsonb)->>'message' AS message,
	   mask_times((:'track_uuid'::jsonb)->'event') AS track_uuid, (:'track_more'::jsonb)->>'message' AS message_more;
SELECT :'history'::jsonb = asset_reuse_history('hero', 'acme') AS history,
	   :'history_uuid'::jsonb = asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001'::uuid,
													'aaaaaaaa-0000-4000-8000-000000000001'::uuid) AS history_uuid,
	   :'analytics'::jsonb = asset_reuse_analytics('acme') AS analytics,
	   :'analytics_range'::jsonb = asset_reuse_analytics('acme', 'image', '2026-01-01 00:00Z', '2100-01-01 00:00Z', 3) AS analytics_range,
	   :'analytics_uuid'::jsonb = asset_reuse_analytics('aaaaaaaa-0000-4000-8000-000000000001'::uuid) AS analytics_uuid,
	   -- but for found, which spells a type as the search_path demands
	   (SELECT jsonb_agg(c - 'found') FROM jsonb_array_elements(:'checked'::jsonb) c)
		= (SELECT jsonb_agg(to_jsonb(c) - 'found') FROM asset_reuse_check_schema() c) AS checked;
SELECT jsonb_array_length((:'history'::jsonb)->'history') AS history,
	   (:'analytics'::jsonb)->'overview'->'total_reuses' AS analytics,
	   (:'analytics_range'::jsonb)->'overview'->'total_reuses' AS analytics_range;
-- No trap was met: f.
SELECT is_called FROM regress_evil.uses;

-- A session that has made all its calls before under a usual path, and then makes them under the hostile one.
\c -
SET search_path = regress_tenancy, public;
SET asset_reuse.assets_table = 'regress_tenancy.campaign_assets';
SET asset_reuse.spaces_table = 'regress_tenancy.campaign_spaces';
SELECT asset_reuse_track('hero', 'acme', 'summer')->>'message' AS message,
	   asset_reuse_history('hero', 'acme')->'success' AS history, asset_reuse_analytics('acme')->'success' AS analytics;
SELECT asset_reuse_track('hero', 'acme', NULL, 'email')->>'message' AS message;
SET search_path = regress_evil, pg_catalog, regress_tenancy, public;
SELECT public.asset_reuse_track('hero', 'acme', 'summer') AS track \gset
SELECT public.asset_reuse_track('hero', 'acme', NULL, 'email') AS track_more \gset
SELECT public.asset_reuse_history('hero', 'acme') AS history, public.asset_reuse_analytics('acme') AS analytics,
	   public.asset_reuse_analytics('acme', 'image', '2026-01-01 00:00Z') AS analytics_range \gset
SET search_path = regress_tenancy, public;
SELECT (:'track'::jsonb)->>'message' AS message, (:'track_more'::jsonb)->>'message' AS message_more,
	   :'history'::jsonb = asset_reuse_history('hero', 'acme') AS history,
	   :'analytics'::jsonb = asset_reuse_analytics('acme') AS analytics,
	   :'analytics_range'::jsonb = asset_reuse_analytics('acme', 'image', '2026-01-01 00:00Z') AS analytics_range;
SELECT is_called FROM regress_evil.uses;
-- Without a schema, the settings name what the caller's path finds first: here a relation that does not fit.
RESET asset_reuse.assets_table;
SET search_path = regress_evil, pg_catalog, regress_tenancy, public;
SELECT public.asset_reuse_history('hero', 'acme');
-- A temporary table of that name comes before all others, as for any statement of the caller's.
SET search_path = regress_tenancy, public;
CREATE TEMPORARY TABLE campaign_assets (LIKE regress_tenancy.campaign_assets INCLUDING ALL);
INSERT INTO campaign_assets SELECT * FROM regress_tenancy.campaign_assets WHERE id = 'hero';
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message' AS message;
SELECT (SELECT reused_count FROM pg_temp.campaign_assets WHERE id = 'hero') AS temporary,
	   (SELECT reused_count FROM regress_tenancy.campaign_assets WHERE id = 'hero') AS permanent;
SET search_path = regress_tenancy, public, pg_temp;
SELECT asset_reuse_history('hero', 'acme')->'total_reuses' AS permanent;

-- Functions of the extension's own names in its own schema, that fit a table's domains better: not called.
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
SET search_path = regress_tenancy, public;
DROP TABLE pg_temp.campaign_assets;
CREATE DOMAIN own_document AS jsonb;
CREATE DOMAIN own_time AS timestamp;
ALTER TABLE campaign_assets ALTER platform_metadata TYPE own_document, ALTER last_reused_at TYPE own_time;
CREATE FUNCTION public.asset_reuse_log_append(own_document, own_time, timestamp, jsonb, boolean) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb '"trapped"' $$;
CREATE FUNCTION public.asset_reuse_log_next_time(own_document, own_time, timestamp, boolean) RETURNS timestamp LANGUAGE sql AS $$ SELECT timestamp '1999-01-01' $$;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message' AS message;
SELECT jsonb_typeof(platform_metadata) AS document, last_reused_at > '2020-01-01' AS now FROM campaign_assets WHERE id = 'hero';
DROP FUNCTION public.asset_reuse_log_append(own_document, own_time, timestamp, jsonb, boolean);
DROP FUNCTION public.asset_reuse_log_next_time(own_document, own_time, timestamp, boolean);

\c -
SET client_min_messages = warning;
DROP SCHEMA regress_evil CASCADE;
DROP SCHEMA regress_tenancy_helpers CASCADE;
DROP SCHEMA regress_tenancy CASCADE;
DROP ROLE regress_member;
