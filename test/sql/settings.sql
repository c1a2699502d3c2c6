--
-- The two settings, asset_reuse.assets_table and asset_reuse.spaces_table.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_settings;
SET search_path = regress_settings, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- A second pair of tables, in a schema and under names that need quotes; what they hold tells them apart.
CREATE SCHEMA "Other.Schema";
CREATE TABLE "Other.Schema"."Assets ""B""" AS SELECT * FROM campaign_assets;
UPDATE "Other.Schema"."Assets ""B""" SET asset_name = 'Asset B', reused_count = 100;
CREATE TABLE "Other.Schema".spaces_b AS SELECT * FROM campaign_spaces;
UPDATE "Other.Schema".spaces_b SET campaign_name = 'Space B';
-- used tracks a reuse and says whose asset and whose campaign it found.
CREATE FUNCTION used() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(', ', r->'asset'->>'asset_name', r->'asset'->>'reused_count', r->'event'->>'reused_in_name')
	FROM asset_reuse_track('hero', 'acme', 'summer') r
$$;

-- The defaults, before and after the library is loaded; found by the search_path.
\c -
SET search_path = regress_settings, public;
SELECT used();
SHOW asset_reuse.assets_table;
SHOW asset_reuse.spaces_table;
SELECT name, setting, context, vartype, boot_val FROM pg_settings WHERE name LIKE 'asset\_reuse.%' ORDER BY name;
SET search_path = public;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x');
SET search_path = regress_settings, public;

-- With a schema: the search_path does not matter.
SET asset_reuse.assets_table = 'regress_settings.campaign_assets';
SET asset_reuse.spaces_table = 'regress_settings.campaign_spaces';
SET search_path = public;
SELECT regress_settings.used();
SET search_path = regress_settings, public;
-- Also where that is empty.
SET search_path = '';
SELECT public.asset_reuse_track('hero', 'acme', 'summer')->'asset'->'reused_count';
SET search_path = regress_settings, public;
-- Names are folded and quoted as in SQL, blanks around a name and its dot do not matter.
SET asset_reuse.assets_table = 'Campaign_Assets';
SELECT used();
SET asset_reuse.assets_table = ' REGRESS_settings . "campaign_assets" ';
SELECT used();
SET asset_reuse.assets_table = '"Campaign_Assets"';
SELECT error_of('SELECT used()');
SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""';
SET asset_reuse.spaces_table = '"Other.Schema".SPACES_B';
SELECT used();
SHOW asset_reuse.assets_table;
-- One of the two alone.
RESET asset_reuse.assets_table;
SELECT used();
RESET asset_reuse.spaces_table;
SET asset_reuse.assets_table TO DEFAULT;
SELECT used();

-- pg_temp is the session's own schema.
CREATE TEMPORARY TABLE assets_c AS SELECT * FROM campaign_assets;
SET asset_reuse.assets_table = 'pg_temp.assets_c';
UPDATE assets_c SET asset_name = 'Asset C';
SELECT used();
DROP TABLE assets_c;
SELECT error_of('SELECT used()');
RESET asset_reuse.assets_table;

-- What is no table's name is refused: 22023 for each, and the value stays what it was.
CREATE FUNCTION refusal(value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := current_setting('asset_reuse.assets_table');
	error text := replace(error_of(format('SET asset_reuse.assets_table = %L', value)), E'\n', ' ');
BEGIN
	IF current_setting('asset_reuse.assets_table') <> before THEN
		PERFORM set_config('asset_reuse.assets_table', before, false);
		error := error || ', and is set';
	END IF;
	RETURN error;
END
$$;
SELECT refusal('');
SELECT refusal(' ');
SELECT refusal('.');
SELECT refusal('a.');
SELECT refusal('.a');
SELECT refusal('a..b');
SELECT refusal('a.b.c');
SELECT refusal('a b');
SELECT refusal('"a');
SELECT refusal('"a"b');
SELECT refusal('""');
SELECT refusal('""."campaign_assets"');
SELECT refusal('regress_settings.""');
SELECT refusal('campaign_assets; DROP TABLE campaign_assets');
SELECT refusal('(SELECT 1)');
SELECT replace(error_of($$ SET asset_reuse.spaces_table = 'a.b.c' $$), E'\n', ' ');
SELECT replace(error_of($$ SELECT set_config('asset_reuse.spaces_table', '"', false) $$), E'\n', ' ');
-- At top level, and all goes on with the value from before.
SET asset_reuse.assets_table = 'a.b.c';
SHOW asset_reuse.assets_table;
SELECT used();
-- A name that names nothing is no invalid one; the functions report it, with the setting to look at.
SET asset_reuse.assets_table = 'nowhere.assets';
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
SET asset_reuse.assets_table = 'regress_settings.absent';
SELECT error_of($$ SELECT asset_reuse_analytics('acme') $$);
RESET asset_reuse.assets_table;
SET asset_reuse.spaces_table = '"No Such"';
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
RESET asset_reuse.spaces_table;

-- Other names under the prefix are refused, so that a slip of the pen shows.
SET asset_reuse.asset_table = 'x';
SHOW asset_reuse.nonsense;
-- The settings' names know no case, as all settings'.
SET ASSET_REUSE.Assets_Table = 'regress_settings.campaign_assets';
SHOW asset_reuse.assets_table;
RESET asset_reuse.assets_table;

-- For a transaction, and undone by its end or a savepoint's.
BEGIN;
SET LOCAL asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""';
SELECT used();
SAVEPOINT here;
SET LOCAL asset_reuse.spaces_table = '"Other.Schema".spaces_b';
SELECT used();
ROLLBACK TO here;
SELECT used();
COMMIT;
SELECT used();
-- For a function, while it runs; a function within it has its own.
CREATE FUNCTION used_b() RETURNS text LANGUAGE sql
SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""' SET asset_reuse.spaces_table = '"Other.Schema".spaces_b'
AS $$ SELECT used() $$;
CREATE FUNCTION used_a_within() RETURNS text LANGUAGE sql SET asset_reuse.assets_table = 'regress_settings.campaign_assets' AS $$ SELECT used() $$;
CREATE FUNCTION used_b_and_a() RETURNS text LANGUAGE sql SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""'
AS $$ SELECT used_a_within() || ' / ' || used() $$;
SELECT used_b();
SELECT used();
SELECT used_b_and_a();
SELECT used();
-- Undone also where the function fails.
CREATE FUNCTION fails() RETURNS void LANGUAGE plpgsql SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""' AS $$
BEGIN
	PERFORM asset_reuse_track('absent', 'acme', reused_in_id => 'x');
END
$$;
SELECT fails();
SELECT used();
-- A function cannot be made with a name that is none.
CREATE FUNCTION used_c() RETURNS text LANGUAGE sql SET asset_reuse.assets_table = 'a.b.c' AS $$ SELECT used() $$;

-- For a role in this database, from the next session on; a name that is none is refused there too.
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""';
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET asset_reuse.spaces_table = 'a.b.c';
SELECT used();
\c -
SET search_path = regress_settings, public;
SELECT used();
SHOW asset_reuse.assets_table;
-- The session's own setting wins, and gives way to the role's again.
SET asset_reuse.assets_table = 'campaign_assets';
SELECT used();
RESET asset_reuse.assets_table;
SELECT used();
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" RESET asset_reuse.assets_table;
\c -
SET search_path = regress_settings, public;
SELECT used();

-- Set before the library is loaded: a name that fits is used; one that is none gives a warning when the
-- library is loaded, and the default; so does an unknown name under the prefix.
\c -
SET search_path = regress_settings, public;
SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""';
SELECT used();
\c -
SET search_path = regress_settings, public;
SET asset_reuse.assets_table = 'a.b.c';
SET asset_reuse.nonsense = 'x';
SELECT used();
SHOW asset_reuse.assets_table;

-- Anybody may set them: what they name is used with the caller's own rights.
CREATE ROLE regress_settings_user;
SET ROLE regress_settings_user;
SET asset_reuse.assets_table = '"Other.Schema"."Assets ""B"""';
SHOW asset_reuse.assets_table;
SELECT asset_reuse_history('hero', 'acme');
RESET ROLE;
RESET asset_reuse.assets_table;
DROP ROLE regress_settings_user;

SET client_min_messages = warning;
DROP SCHEMA "Other.Schema" CASCADE;
DROP SCHEMA regress_settings CASCADE;
