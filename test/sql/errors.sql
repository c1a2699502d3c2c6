--
-- The contract's table of errors: for each function and each case the
-- SQLSTATE, message, detail, hint and table field, and that nothing has changed.
-- That no error tells whose a row is, is tested in tenancy.sql.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_errors;
SET search_path = regress_errors, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- refused runs a statement and returns its error, with a line more if the rows are
-- not what they were.
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := tables_checksum();
	error text := error_of(statement);
BEGIN
	RETURN error || CASE WHEN tables_checksum() = before THEN '' ELSE E'\nROWS HAVE CHANGED' END;
END
$$;
-- The uuid ids that exist, and one that does not.
\set typed_tenant '''aaaaaaaa-0000-4000-8000-000000000001''::uuid'
\set typed_asset '''bbbbbbbb-0000-4000-8000-000000000001''::uuid'
\set typed_space '''cccccccc-0000-4000-8000-000000000001''::uuid'
\set absent '''dddddddd-0000-4000-8000-000000000001''::uuid'
SELECT tables_checksum() AS checksum \gset

-- The helper can fail: a call that succeeds is no error, and its changes show.
BEGIN;
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
ROLLBACK;

--
-- Asset not found: P0002, table field campaign_assets.
--
-- Track: absent, soft-deleted, another tenant's, an unknown tenant's, another case, padded.
SELECT refused($$ SELECT asset_reuse_track('absent', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('gone', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('secret', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'nobody', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('Hero', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('hero ', 'acme', reused_in_id => 'x') $$);
-- An id longer than the column is just absent, not cut to fit.
SELECT refused(format($$ SELECT asset_reuse_track(%L, 'acme', reused_in_id => 'x') $$, 'hero' || repeat(' ', 40)));
SELECT refused(format($$ SELECT asset_reuse_track(%L, 'acme', reused_in_id => 'x') $$, repeat('x', 100000)));
-- Track with a campaign that exists.
SELECT refused($$ SELECT asset_reuse_track('absent', 'acme', 'summer') $$);
SELECT refused($$ SELECT asset_reuse_track('secret', 'acme', 'summer') $$);
-- Track with uuids: absent, an unknown tenant's.
SELECT refused(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'absent', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_track(%s, %s, %s)', :'absent', :'typed_tenant', :'typed_space'));
SELECT refused(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'typed_asset', :'absent'));
-- History: absent, soft-deleted, another tenant's, an unknown tenant's.
SELECT refused($$ SELECT asset_reuse_history('absent', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_history('gone', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_history('secret', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'nobody') $$);
-- History with uuids: absent, an unknown tenant's.
SELECT refused(format('SELECT asset_reuse_history(%s, %s)', :'absent', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_history(%s, %s)', :'typed_asset', :'absent'));
-- Analytics knows no such error: a tenant without assets has empty figures.
SELECT refused($$ SELECT asset_reuse_analytics('nobody') $$);

--
-- Campaign not found: P0002, table field campaign_spaces.
--
-- Absent, soft-deleted, another tenant's.
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', 'absent') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', 'old') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', 'rival') $$);
-- Also when it is no campaign that is named as the place.
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', 'old', 'email', 'e-1', 'Letter') $$);
-- With uuids.
SELECT refused(format('SELECT asset_reuse_track(%s, %s, %s)', :'typed_asset', :'typed_tenant', :'absent'));
-- With both absent it is the asset that is reported.
SELECT refused($$ SELECT asset_reuse_track('absent', 'acme', 'absent') $$);
SELECT refused(format('SELECT asset_reuse_track(%s, %1$s, %1$s)', :'absent'));

--
-- Unknown asset_type: 22023, the hint lists the known ones.
--
SELECT refused($$ SELECT asset_reuse_analytics('acme', 'banner') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', 'Image') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', ' image') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', '') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', 'it''s "x"') $$);
-- One longer than a name can be.
SELECT refused(format($$ SELECT asset_reuse_analytics('acme', %L) $$, repeat('x', 100)));
SELECT refused($$ SELECT asset_reuse_analytics('nobody', 'banner') $$);
SELECT refused(format($$ SELECT asset_reuse_analytics(%s, 'banner') $$, :'typed_tenant'));
-- A known one that nobody uses is none.
SELECT refused($$ SELECT asset_reuse_analytics('acme', 'performance_data') $$);

--
-- Out of bounds: 22023, the bounds in the detail.  The bounds themselves are none.
--
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 0) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', -1) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 101) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 2147483647) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', -2147483648) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 50, -1) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 50, -2147483648) $$);
SELECT refused(format('SELECT asset_reuse_history(%s, %s, 0)', :'typed_asset', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_history(%s, %s, 1, -1)', :'typed_asset', :'typed_tenant'));
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 1, 0) $$);
SELECT refused($$ SELECT asset_reuse_history('hero', 'acme', 100, 2147483647) $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', top_limit => 0) $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', top_limit => -1) $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', top_limit => 51) $$);
SELECT refused(format('SELECT asset_reuse_analytics(%s, top_limit => 51)', :'typed_tenant'));
SELECT refused($$ SELECT asset_reuse_analytics('acme', top_limit => 1) $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', top_limit => 50) $$);
-- start_date after end_date, by a microsecond; the same instant is an empty range and no error.
SELECT refused($$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00:00.000001Z', '2026-01-01 00:00:00Z') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', NULL, 'infinity', '2026-01-01 00:00:00Z') $$);
SELECT refused(format($$ SELECT asset_reuse_analytics(%s, NULL, '2026-01-02 00:00Z', '2026-01-01 00:00Z') $$, :'typed_tenant'));
SELECT refused($$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00:00Z', '2026-01-01 01:00:00+01') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme', NULL, '-infinity', 'infinity') $$);
-- reuse_context no object.
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '[]') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '[{"a": 1}]') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '"text"') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '1') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => 'true') $$);
SELECT refused(format($$ SELECT asset_reuse_track(%s, %s, reuse_context => '[]') $$, :'typed_asset', :'typed_tenant'));
-- Empty identifiers and an empty reused_in_type.
SELECT refused($$ SELECT asset_reuse_track('', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', '', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', '') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => '') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => '') $$);
SELECT refused($$ SELECT asset_reuse_history('', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_history('hero', '') $$);
SELECT refused($$ SELECT asset_reuse_analytics('') $$);
SELECT refused(format($$ SELECT asset_reuse_track(%s, %s, reused_in_type => '') $$, :'typed_asset', :'typed_tenant'));
SELECT refused(format($$ SELECT asset_reuse_track(%s, %s, reused_in_id => '') $$, :'typed_asset', :'typed_tenant'));

--
-- Null where a value is required: 22004.
--
SELECT refused($$ SELECT asset_reuse_track(NULL, 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', NULL, reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track(NULL::uuid, NULL::uuid, reused_in_id => 'x') $$);
SELECT refused(format('SELECT asset_reuse_track(NULL::uuid, %s, reused_in_id => ''x'')', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_track(%s, NULL::uuid, reused_in_id => ''x'')', :'typed_asset'));
SELECT refused($$ SELECT asset_reuse_history(NULL, 'acme') $$);
SELECT refused($$ SELECT asset_reuse_history('hero', NULL) $$);
SELECT refused(format('SELECT asset_reuse_history(NULL::uuid, %s)', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_history(%s, NULL::uuid)', :'typed_asset'));
SELECT refused($$ SELECT asset_reuse_analytics(NULL::text) $$);
SELECT refused($$ SELECT asset_reuse_analytics(NULL::uuid) $$);
-- A null for an optional argument means its default, for an API hands its optional parameters on as they are: all t.
BEGIN;
SELECT asset_reuse_track('hero', 'acme', NULL, NULL, 'x', NULL, NULL) #> '{event,context}'
		= '{"at_reuse": {"spend": 0, "clicks": 17, "conversions": 3, "impressions": 1000}, "reused_in_id": "x", "reused_in_name": null, "reused_in_type": "campaign_space"}' AS track,
	asset_reuse_history('hero', 'acme', NULL, NULL, NULL) = asset_reuse_history('hero', 'acme') AS history,
	asset_reuse_analytics('acme', NULL, NULL, NULL, NULL) = asset_reuse_analytics('acme') AS analytics,
	(SELECT count(*) FROM asset_reuse_top('acme', NULL, NULL, NULL, NULL)) = (SELECT count(*) FROM asset_reuse_top('acme')) AS top,
	(SELECT count(*) FROM asset_reuse_events('acme', NULL, NULL, NULL)) = (SELECT count(*) FROM asset_reuse_events('acme')) AS events,
	(SELECT count(*) FROM asset_reuse_unused('acme', NULL, NULL)) = (SELECT count(*) FROM asset_reuse_unused('acme')) AS unused,
	NOT EXISTS (SELECT FROM asset_reuse_timeline('acme', NULL, NULL, NULL, NULL) EXCEPT SELECT FROM asset_reuse_timeline('acme', 'day')) AS timeline;
ROLLBACK;
-- The default of a page, and of a top list, by what they say.
SELECT asset_reuse_history('hero', 'acme', NULL, NULL) ->> 'limit' AS page_limit, asset_reuse_history('hero', 'acme', NULL, NULL) ->> 'offset' AS page_offset;
-- A JSON null for reuse_context is none; a string is a client's mistake, which the hint names.
BEGIN;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x', reuse_context => 'null') #> '{event,context}' AS context;
ROLLBACK;

--
-- A reuse in a campaign that nothing names: 22023, so that a misspelled key of a request does not count.
--
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'campaign_space', reused_in_name => 'Fall') $$);
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '{"reused_in_id": "summer"}') $$);
SELECT refused(format('SELECT asset_reuse_track(%s, %s)', :'typed_asset', :'typed_tenant'));
-- Before the asset is looked for; and any other place needs no id.
SELECT refused($$ SELECT asset_reuse_track('absent', 'acme') $$);
BEGIN;
SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email') -> 'success';
ROLLBACK;

--
-- Dates and identifiers that are none: PostgreSQL's own 22007, 22008 and 22P02.
--
SELECT split_part(refused($$ SELECT asset_reuse_analytics('acme', NULL, 'last tuesday') $$), ':', 1);
SELECT split_part(refused($$ SELECT asset_reuse_analytics('acme', NULL, NULL, '2026-02-30') $$), ':', 1);
SELECT split_part(refused(format($$ SELECT asset_reuse_analytics(%s, NULL, '2026-13-01') $$, :'typed_tenant')), ':', 1);
SELECT split_part(refused($$ SELECT asset_reuse_track('hero'::uuid, 'acme', reused_in_id => 'x') $$), ':', 1);

-- Tables with uuid identifiers refuse what is no uuid, in each function and argument.
CREATE TABLE typed_spaces (id uuid PRIMARY KEY, tenant_id uuid, campaign_name text);
CREATE TABLE typed_assets (id uuid PRIMARY KEY, tenant_id uuid, asset_name text, asset_type text,
						   reused_count smallint, last_reused_at timestamptz,
						   platform_metadata jsonb, deleted_at timestamptz);
INSERT INTO typed_spaces VALUES (:typed_space, :typed_tenant, 'Typed Campaign');
INSERT INTO typed_assets VALUES (:typed_asset, :typed_tenant, 'Typed Image', 'image', 0);
SET asset_reuse.assets_table = 'typed_assets';
SET asset_reuse.spaces_table = 'typed_spaces';
SELECT refused($$ SELECT asset_reuse_track('abc123', 'aaaaaaaa-0000-4000-8000-000000000001', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001', 'acme', reused_in_id => 'x') $$);
SELECT refused($$ SELECT asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'summer') $$);
SELECT refused($$ SELECT asset_reuse_history('abc123', 'aaaaaaaa-0000-4000-8000-000000000001') $$);
SELECT refused($$ SELECT asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001', 'acme') $$);
SELECT refused($$ SELECT asset_reuse_analytics('acme') $$);
-- Not found there, by text and by uuid; an empty id is refused as empty.
SELECT refused($$ SELECT asset_reuse_track('dddddddd-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', reused_in_id => 'x') $$);
SELECT refused(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'absent', :'typed_tenant'));
SELECT refused(format('SELECT asset_reuse_track(%s, %s, %s)', :'typed_asset', :'typed_tenant', :'absent'));
SELECT refused(format('SELECT asset_reuse_history(%s, %s)', :'absent', :'typed_tenant'));
SELECT refused($$ SELECT asset_reuse_history('', 'aaaaaaaa-0000-4000-8000-000000000001') $$);
-- asset_type is text here: any non-empty type is known.
SELECT refused(format($$ SELECT asset_reuse_analytics(%s, 'banner') $$, :'typed_tenant'));
SELECT refused(format($$ SELECT asset_reuse_analytics(%s, '') $$, :'typed_tenant'));
-- None of these left anything behind: t.
SELECT count(*) = 1 AND bool_and(reused_count = 0 AND platform_metadata IS NULL AND last_reused_at IS NULL)
FROM typed_assets;

--
-- reused_count at its type's end: 22003, for smallint, integer and bigint.
--
UPDATE typed_assets SET reused_count = 32767;
SELECT refused(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'typed_asset', :'typed_tenant'));
ALTER TABLE typed_assets ALTER reused_count TYPE bigint;
UPDATE typed_assets SET reused_count = 9223372036854775807;
SELECT refused(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'typed_asset', :'typed_tenant'));
SELECT reused_count, platform_metadata IS NULL, last_reused_at IS NULL FROM typed_assets;
-- One below the end is tracked.
UPDATE typed_assets SET reused_count = 9223372036854775806;
SELECT asset_reuse_track(:typed_asset, :typed_tenant, reused_in_id => 'x')->'asset'->'reused_count';
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
BEGIN;
UPDATE campaign_assets SET reused_count = 2147483647 WHERE id = 'hero';
SELECT refused($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
ROLLBACK;

--
-- last_reused_at, or an event, at the end of what an event's time can say is no error:
-- it does not count.  The beginning of time is just old.
--
BEGIN;
UPDATE campaign_assets SET last_reused_at = 'infinity' WHERE id = 'hero';
SELECT asset_reuse_track('hero', 'acme', 'summer')->'success';
UPDATE campaign_assets SET last_reused_at = '9999-12-31 23:59:59.999999' WHERE id = 'hero';
SELECT asset_reuse_track('hero', 'acme', 'summer')->'success';
UPDATE campaign_assets SET last_reused_at = NULL,
	platform_metadata = '{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999999Z"}]}' WHERE id = 'hero';
SELECT asset_reuse_track('hero', 'acme', 'summer')->'success';
UPDATE campaign_assets SET last_reused_at = '-infinity', platform_metadata = '{}' WHERE id = 'hero';
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->'success';
ROLLBACK;

--
-- reuse_history no array: 22039; platform_metadata no object: 2203C.  In track and
-- in history, for each kind of JSON value; nothing is changed.
--
CREATE FUNCTION with_metadata(document jsonb, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	UPDATE campaign_assets SET platform_metadata = document WHERE id = 'hero';
	said := replace(refused(statement), E'\n', ' ');
	UPDATE campaign_assets SET platform_metadata = '{}' WHERE id = 'hero';
	RETURN document::text || ' ' || said;
END
$$;
CREATE TABLE misshapen (number int, document jsonb);
INSERT INTO misshapen VALUES
	(1, '{"reuse_history": {}}'), (2, '{"reuse_history": {"0": {"timestamp": null}}}'),
	(3, '{"reuse_history": "[]"}'), (4, '{"reuse_history": 5}'),
	(5, '{"reuse_history": false}'), (6, '{"reuse_history": null}'),
	(7, '[]'), (8, '[{"reuse_history": []}]'),
	(9, '"{}"'), (10, '5'), (11, 'true'), (12, 'null');
SELECT with_metadata(document, $$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$)
FROM misshapen ORDER BY number;
SELECT with_metadata(document, $$ SELECT asset_reuse_history('hero', 'acme') $$)
FROM misshapen ORDER BY number;
-- One such document does not take a tenant's analytics down, with a range or without.
SELECT with_metadata('[]', $$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') $$);
SELECT with_metadata('{"reuse_history": {}}', $$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') $$);
SELECT with_metadata('{"reuse_history": {}}', $$ SELECT asset_reuse_analytics('acme') $$);

--
-- A table is missing: 42P01, the hint names asset_reuse_check_schema().
--
SELECT tables_checksum() = :'checksum' AS nothing_has_changed_so_far;
BEGIN;
ALTER TABLE campaign_assets RENAME TO other_assets;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
SELECT error_of(format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'typed_asset', :'typed_tenant'));
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
SELECT error_of(format('SELECT asset_reuse_history(%s, %s)', :'typed_asset', :'typed_tenant'));
SELECT error_of($$ SELECT asset_reuse_analytics('acme') $$);
SELECT error_of(format('SELECT asset_reuse_analytics(%s)', :'typed_tenant'));
-- A wrong argument is reported first.
SELECT error_of($$ SELECT asset_reuse_track('', 'acme', reused_in_id => 'x') $$);
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reuse_context => '[]') $$);
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme', 0) $$);
SELECT error_of($$ SELECT asset_reuse_analytics('acme', top_limit => 0) $$);
ROLLBACK;
BEGIN;
ALTER TABLE campaign_spaces RENAME TO other_spaces;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'absent') $$);
ROLLBACK;

--
-- A required column is missing: 42703, the hint names asset_reuse_check_schema().
-- A line for each column that track, history or analytics miss.
--
CREATE FUNCTION without_column(table_name text, column_name text, statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE format('ALTER TABLE %I RENAME %I TO renamed', table_name, column_name);
	said := replace(error_of(statement), E'\n', ' ');
	EXECUTE format('ALTER TABLE %I RENAME renamed TO %I', table_name, column_name);
	RETURN column_name || ' ' || said;
END
$$;
SELECT without_column('campaign_assets', c, $$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$)
FROM unnest('{id,tenant_id,asset_name,asset_type,reused_count,last_reused_at,platform_metadata,deleted_at}'::text[]) c;
SELECT without_column('campaign_assets', c, $$ SELECT asset_reuse_history('hero', 'acme') $$)
FROM unnest('{id,tenant_id,asset_name,asset_type,reused_count,last_reused_at,platform_metadata,deleted_at}'::text[]) c;
SELECT without_column('campaign_assets', c, $$ SELECT asset_reuse_analytics('acme') $$)
FROM unnest('{id,tenant_id,asset_name,asset_type,reused_count,last_reused_at,platform_metadata,deleted_at}'::text[]) c;
SELECT without_column('campaign_spaces', c, $$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$)
FROM unnest('{id,tenant_id,campaign_name}'::text[]) c;
-- With uuids.
SELECT without_column('campaign_assets', 'reused_count', format('SELECT asset_reuse_track(%s, %s, reused_in_id => ''x'')', :'typed_asset', :'typed_tenant'));
SELECT without_column('campaign_assets', 'reused_count', format('SELECT asset_reuse_history(%s, %s)', :'typed_asset', :'typed_tenant'));
SELECT without_column('campaign_assets', 'reused_count', format('SELECT asset_reuse_analytics(%s)', :'typed_tenant'));

--
-- A column is of a type that cannot do: 42804, the hint names asset_reuse_check_schema().
--
BEGIN;
ALTER TABLE campaign_assets ALTER platform_metadata DROP DEFAULT, ALTER platform_metadata TYPE json;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
SELECT error_of($$ SELECT asset_reuse_history('hero', 'acme') $$);
ROLLBACK;
BEGIN;
ALTER TABLE campaign_assets ALTER reused_count DROP DEFAULT, ALTER reused_count TYPE text;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
SELECT error_of($$ SELECT asset_reuse_analytics('acme') $$);
ROLLBACK;
BEGIN;
ALTER TABLE campaign_assets ALTER last_reused_at TYPE text;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$);
ROLLBACK;

--
-- More than one row of that id, which only a table without a key can have: an
-- error, and none of them is changed.
--
BEGIN;
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey;
INSERT INTO campaign_assets SELECT * FROM campaign_assets WHERE id = 'hero';
SELECT left(refused($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$), 6);
ROLLBACK;

--
-- The same at top level, where no block catches the error: what psql shows, and
-- that the session goes on, with the same rows.
--
\set VERBOSITY default
SELECT asset_reuse_track('absent', 'acme', 'summer');
SELECT asset_reuse_track('hero', 'acme', 'old');
SELECT asset_reuse_history('gone', 'acme');
SELECT asset_reuse_history('hero', 'acme', 0);
SELECT asset_reuse_analytics('acme', 'banner');
SELECT asset_reuse_track('hero', 'acme', reuse_context => '[]');
SELECT asset_reuse_track(NULL, 'acme', reused_in_id => 'x');
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": "none"}' WHERE id = 'line';
SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x');
SELECT asset_reuse_history('line', 'acme');
UPDATE campaign_assets SET platform_metadata = '{}', reused_count = 2147483647 WHERE id = 'line';
SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x');
UPDATE campaign_assets SET reused_count = 0 WHERE id = 'line';
SET asset_reuse.assets_table = 'nowhere';
SELECT asset_reuse_history('hero', 'acme');
RESET asset_reuse.assets_table;
SELECT tables_checksum() = :'checksum' AS nothing_has_changed;
-- A statement that fails in its second call keeps nothing of the first.
SELECT asset_reuse_track(id, 'acme', reused_in_id => 'x') FROM unnest('{hero,absent}'::text[]) id;
SELECT tables_checksum() = :'checksum' AS nothing_has_changed;

SET client_min_messages = warning;
DROP SCHEMA regress_errors CASCADE;
