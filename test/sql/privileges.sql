--
-- Nothing runs with more than the caller's rights: what is there for everybody, what
-- a call needs and no more, who can install and remove the extension, what hostile
-- objects in its schema can do, what an error tells of rows that are hidden, and
-- views in place of the tables.
--
-- See also tenancy.sql (row-level security, a hostile search_path) and
-- hostile_functions.sql (our functions' names with other types).
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_privileges;
SET search_path = regress_privileges, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never
CREATE ROLE regress_caller;
GRANT USAGE ON SCHEMA regress_privileges TO regress_caller;

-- error_as runs a statement as another role and returns its error.
CREATE FUNCTION error_as(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	error text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	error := error_of(statement);
	RESET ROLE;
	RETURN error;
END
$$;

--
-- The extension's face
--

-- Every object of the extension.  An empty acl is the default: PUBLIC may execute it.  None runs
-- as its owner (definer), has settings of its own or claims to be leakproof.  Since PostgreSQL 17 the types
-- of a view's rows are the extension's, too.
CREATE VIEW member AS
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS object, p.oid::regprocedure AS function, p.*
FROM pg_depend d LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid <> 'pg_type'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse');
SELECT object, prokind AS kind, provolatile AS volatility, proparallel AS parallel, proisstrict AS strict,
	   prosecdef AS definer, proleakproof AS leakproof, proconfig AS settings, proacl AS acl
FROM member ORDER BY object COLLATE "C";
-- The view is for everybody, too, and calls functions as the caller; nobody may write to it.
SELECT privilege, has_table_privilege('regress_caller', 'asset_reuse_status', privilege) AS granted
FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS privilege WHERE has_table_privilege('regress_caller', 'asset_reuse_status', privilege);
-- What a person may run who has no right to anything: the functions, on tables of his own.
SET ROLE regress_caller;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS track,
	   error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS history,
	   error_of($$ SELECT asset_reuse_analytics('acme') $$) AS analytics;
CREATE TEMPORARY TABLE campaign_assets (id text, tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
INSERT INTO campaign_assets VALUES ('hero', 'acme', 'Own', 'image', 7);
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message' AS track, asset_reuse_analytics('acme')->'overview'->'total_reuses' AS analytics;
DROP TABLE campaign_assets;
-- And the parts of the aggregate: no SQL makes a value of type internal, not even a null, to call them with (undefined
-- function, no such cast or not supported, by the minor version); and only a superuser can make another aggregate of them.
SELECT call, left(error_of('SELECT ' || call), 5) IN ('42883', '42846', '0A000') AS refused
FROM unnest('{asset_reuse_summary_final(NULL),asset_reuse_summary_serialize(NULL),"asset_reuse_summary_combine(NULL, NULL)",
	"asset_reuse_summary_deserialize(bytea ''x'', NULL)",asset_reuse_summary_final(NULL::internal),
	asset_reuse_insight_final(NULL),"asset_reuse_insight_deserialize(bytea ''x'', NULL)",asset_reuse_insight_serialize(NULL::internal)}'::text[]) call;
SELECT error_of('CREATE AGGREGATE pg_temp.own(int, timestamp, timestamp, "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any")
	(SFUNC = asset_reuse_summary_transition, STYPE = internal, FINALFUNC = asset_reuse_summary_final)') AS own_aggregate;
RESET ROLE;

--
-- The least grants: with exactly these a call works, and without any single one of
-- them it is refused.  doc/security.md lists them.
--

CREATE TABLE least_grant (usage text, privilege text);
CREATE PROCEDURE note_columns(usage text, privilege text, relation text, VARIADIC columns name[]) LANGUAGE sql AS $$
	INSERT INTO least_grant SELECT usage, format('%s (%I) ON %I', privilege, c, relation) FROM unnest(columns) c
$$;
CALL note_columns('track', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'asset_name', 'asset_type', 'reused_count',
	'last_reused_at', 'platform_metadata', 'deleted_at', 'campaign_space_id', 'file_url', 'thumbnail_url',
	'impressions', 'clicks', 'conversions', 'ctr', 'created_at', 'updated_at');
CALL note_columns('metrics', 'SELECT', 'campaign_assets', 'spend');
CALL note_columns('track', 'UPDATE', 'campaign_assets', 'reused_count', 'last_reused_at', 'updated_at');
CALL note_columns('track: document', 'UPDATE', 'campaign_assets', 'platform_metadata');
CALL note_columns('track: campaign', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'campaign_name', 'deleted_at');
CALL note_columns('history', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'asset_name', 'reused_count',
	'last_reused_at', 'platform_metadata', 'deleted_at');
CALL note_columns('history: campaign', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'campaign_name', 'deleted_at',
	'platform', 'is_active');
CALL note_columns('analytics', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'asset_name', 'asset_type', 'reused_count',
	'last_reused_at', 'deleted_at', 'campaign_space_id', 'file_url', 'thumbnail_url',
	'impressions', 'clicks', 'conversions', 'ctr');
CALL note_columns('analytics: dates', 'SELECT', 'campaign_assets', 'platform_metadata');
CALL note_columns('insights', 'SELECT', 'campaign_assets', 'tenant_id', 'asset_type', 'reused_count', 'deleted_at', 'created_at',
	'campaign_space_id', 'impressions', 'clicks', 'conversions');
CALL note_columns('insights', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'platform');
CALL note_columns('wear_out', 'SELECT', 'campaign_assets', 'created_at', 'impressions', 'clicks');
CALL note_columns('events', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'deleted_at', 'platform_metadata');
CALL note_columns('timeline: type', 'SELECT', 'campaign_assets', 'asset_type');
CALL note_columns('where_used', 'SELECT', 'campaign_assets', 'asset_name', 'asset_type');
CALL note_columns('places: campaign', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'deleted_at');
CALL note_columns('verify', 'SELECT', 'campaign_assets', 'reused_count', 'last_reused_at');
CALL note_columns('unused', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'deleted_at', 'platform_metadata', 'asset_name',
	'asset_type', 'created_at', 'reused_count', 'campaign_space_id', 'file_url', 'impressions', 'clicks', 'conversions', 'ctr');
CALL note_columns('recommend', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'deleted_at', 'platform_metadata', 'asset_name', 'asset_type', 'created_at',
	'reused_count', 'last_reused_at', 'campaign_space_id', 'file_url', 'thumbnail_url', 'impressions', 'clicks', 'conversions', 'ctr');
CALL note_columns('recommend: campaign', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'deleted_at', 'brand_id', 'platform');
CALL note_columns('recommend: rates', 'SELECT', 'campaign_spaces', 'id', 'tenant_id', 'platform');
CALL note_columns('evaluate', 'SELECT', 'campaign_assets', 'id', 'tenant_id', 'deleted_at', 'platform_metadata', 'created_at',
	'reused_count', 'campaign_space_id');
-- What the functions call of each other, where PUBLIC may not.
INSERT INTO least_grant VALUES
	('execute track', 'EXECUTE ON FUNCTION asset_reuse_track(text, text, text, text, text, text, jsonb, text)'),
	('execute track', 'EXECUTE ON FUNCTION asset_reuse_log_next_time(jsonb, timestamp, timestamp, boolean)'),
	('execute track', 'EXECUTE ON FUNCTION asset_reuse_log_append(jsonb, timestamp, timestamp, jsonb, boolean)'),
	('execute metrics', 'EXECUTE ON FUNCTION asset_reuse_event_metrics(jsonb, "any", "any", "any", "any")'),
	('execute track: campaign', 'EXECUTE ON FUNCTION asset_reuse_event_context(jsonb, text, text, text, text)'),
	('execute history', 'EXECUTE ON FUNCTION asset_reuse_history(text, text, int, int, text)'),
	('execute analytics', 'EXECUTE ON FUNCTION asset_reuse_analytics(text, text, timestamptz, timestamptz, int)'),
	('execute analytics', format('EXECUTE ON FUNCTION %s', (SELECT function FROM member WHERE proname = 'asset_reuse_summary'))),
	('execute top', 'EXECUTE ON FUNCTION asset_reuse_top(text, text, timestamptz, timestamptz, int)'),
	('execute status', 'EXECUTE ON FUNCTION asset_reuse_status_tables()'),
	('execute status', 'EXECUTE ON FUNCTION asset_reuse_check_schema()'),
	('execute insights', 'EXECUTE ON FUNCTION asset_reuse_insights(text, text, float8)'),
	('execute insights', format('EXECUTE ON FUNCTION %s', (SELECT function FROM member WHERE proname = 'asset_reuse_insight_answer')));

-- try_as does the same and undoes what the statement has done, so that it finds all as it was.
CREATE FUNCTION try_as(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = error_as(role, statement);
EXCEPTION WHEN SQLSTATE 'RB000' THEN
	RETURN SQLERRM;
END
$$;
-- try_grants tries a call with the grants of some usages, and then without each one of them.
CREATE FUNCTION try_grants(call text, VARIADIC usages text[], OUT with_all text, OUT grants bigint, OUT without_one text)
LANGUAGE plpgsql AS $$
DECLARE
	one record;
	error text;
	errors text[];
BEGIN
	FOR one IN SELECT * FROM least_grant WHERE usage = ANY (usages) LOOP
		EXECUTE format('GRANT %s TO regress_caller', one.privilege);
	END LOOP;
	with_all := try_as('regress_caller', call);
	FOR one IN SELECT * FROM least_grant WHERE usage = ANY (usages) LOOP
		EXECUTE format('REVOKE %s FROM regress_caller', one.privilege);
		error := left(try_as('regress_caller', call), 5);
		errors := errors || CASE error WHEN '42501' THEN error ELSE one.privilege || ': ' || error END;
		EXECUTE format('GRANT %s TO regress_caller', one.privilege);
	END LOOP;
	FOR one IN SELECT * FROM least_grant WHERE usage = ANY (usages) LOOP
		EXECUTE format('REVOKE %s FROM regress_caller', one.privilege);
	END LOOP;
	SELECT cardinality(errors), string_agg(DISTINCT e, ', ') INTO grants, without_one FROM unnest(errors) e;
END
$$;
-- No error with all, and 42501 without any one.
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$, 'track', 'metrics', 'track: document');
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$,
	'track', 'metrics', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_history('clip', 'acme') $$, 'history');
SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'k')->>'success' AS tracked;
-- Without the metrics, no right to read what nothing else reads.
SET asset_reuse.record_metrics = off;
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$, 'track', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_track('clip', 'acme', reused_in_id => 'x', reuse_key => 'off') $$, 'track', 'track: document');
RESET asset_reuse.record_metrics;
-- With a key, taken back, and many at once: no more than that.
SELECT * FROM try_grants($$ SELECT asset_reuse_track('clip', 'acme', reused_in_id => 'x', reuse_key => 'k') $$,
	'track', 'metrics', 'track: document');
SELECT * FROM try_grants($$ SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k') $$, 'track', 'track: document');
SELECT * FROM try_grants($$ SELECT asset_reuse_track_many('{hero,clip}', 'acme', 'summer') $$,
	'track', 'metrics', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_copy_campaign('summer', 'fall', 'acme') $$,
	'track', 'metrics', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_sync('fall', 'acme', '{hero}', remove => true) $$,
	'track', 'metrics', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2025-01-01", "campaign_space_id": "summer"}]', 'crm') $$,
	'track', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_history('hero', 'acme') $$, 'history', 'history: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_analytics('acme') $$, 'analytics');
SELECT * FROM try_grants($$ SELECT asset_reuse_analytics('acme', 'image') $$, 'analytics');
SELECT * FROM try_grants($$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') $$, 'analytics', 'analytics: dates');
SELECT * FROM try_grants($$ SELECT asset_reuse_insights('acme') $$, 'insights');
SELECT * FROM try_grants($$ SELECT asset_reuse_insights('acme', 'image') $$, 'insights');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_performance('acme') $$, 'insights', 'events', 'where_used');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_performance('acme', 'image', 'summer') $$, 'insights', 'events', 'where_used');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_wear_out('acme') $$, 'events', 'wear_out');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_events('acme') $$, 'events');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_timeline('acme') $$, 'events');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_timeline('acme', 'day', 'image') $$, 'events', 'timeline: type');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_where_used('acme', 'summer') $$, 'events', 'where_used');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_where_used('acme', NULL, 'email', 'letter') $$, 'events', 'where_used');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_places('hero', 'acme') $$, 'events', 'places: campaign');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_verify('acme') $$, 'events', 'verify');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_top('acme') $$, 'analytics');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_top('acme', NULL, '2026-01-01 00:00Z') $$, 'analytics', 'analytics: dates');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_unused('acme') $$, 'unused');
SELECT * FROM try_grants($$ SELECT asset_reuse_recommend('acme', 'fall') $$, 'recommend', 'recommend: campaign');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_recommendations('acme', explore => 1) $$, 'recommend', 'recommend: rates');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_recommend_evaluate('acme', '2026-01-01Z') $$, 'evaluate', 'places: campaign');
-- The same where PUBLIC may execute nothing of the extension.
DO $$
DECLARE
	one regprocedure;
BEGIN
	FOR one IN SELECT function FROM member WHERE function IS NOT NULL LOOP
		EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', one);
	END LOOP;
END
$$;
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$, 'execute track', 'execute metrics', 'track', 'metrics', 'track: document');
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$,
	'execute track', 'execute metrics', 'execute track: campaign', 'track', 'metrics', 'track: document', 'track: campaign');
SELECT * FROM try_grants($$ SELECT asset_reuse_history('clip', 'acme') $$, 'execute history', 'history');
SELECT * FROM try_grants($$ SELECT asset_reuse_analytics('acme') $$, 'execute analytics', 'analytics');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_top('acme') $$, 'execute top', 'execute analytics', 'analytics');
SELECT * FROM try_grants($$ SELECT asset_reuse_insights('acme') $$, 'execute insights', 'insights');
SELECT * FROM try_grants($$ SELECT count(fact), count(detail) FROM asset_reuse_status $$, 'execute status');
DO $$
DECLARE
	one regprocedure;
BEGIN
	FOR one IN SELECT function FROM member WHERE function IS NOT NULL LOOP
		EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', one);
	END LOOP;
END
$$;

--
-- The least grants with a history table, which has the assets' own; a document is written
-- only where it has a log to move.
--

-- PostgreSQL asks who may insert before there is a row, and what the move reads with the move.  Who reads events of
-- documents beside those of the table reads all of a row, to know the copies.
CALL note_columns('table: track', 'SELECT', 'campaign_asset_reuse_history', 'tenant_id', 'asset_id', 'reused_at', 'seq');
CALL note_columns('table: track', 'INSERT', 'campaign_asset_reuse_history', 'tenant_id', 'asset_id', 'reused_at', 'seq',
	'reused_in_type', 'reused_in_id', 'reused_in_name', 'reuse_key', 'context', 'original');
CALL note_columns('table: move', 'SELECT', 'campaign_asset_reuse_history',
	'reused_in_type', 'reused_in_id', 'reused_in_name', 'reuse_key', 'context', 'original');
CALL note_columns('table: read', 'SELECT', 'campaign_asset_reuse_history', 'tenant_id', 'asset_id', 'reused_at', 'seq',
	'reused_in_type', 'reused_in_id', 'reused_in_name', 'reuse_key', 'context', 'original');
CALL note_columns('table: unused', 'SELECT', 'campaign_asset_reuse_history', 'tenant_id', 'asset_id');
BEGIN;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') ->> 'success';
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$, 'track', 'metrics', 'table: track');
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$, 'track', 'metrics', 'track: campaign', 'table: track');
SELECT * FROM try_grants($$ SELECT asset_reuse_history('hero', 'acme') $$, 'history', 'history: campaign', 'table: read');
SELECT * FROM try_grants($$ SELECT asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') $$,
	'analytics', 'analytics: dates', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_events('acme') $$, 'events', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_timeline('acme') $$, 'events', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_where_used('acme', 'summer') $$, 'events', 'where_used', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_places('hero', 'acme') $$, 'events', 'places: campaign', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_performance('acme', NULL, 'summer') $$, 'insights', 'events', 'where_used', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_wear_out('acme') $$, 'events', 'wear_out', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_verify('acme') $$, 'events', 'verify', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_unused('acme') $$, 'unused', 'table: unused');
SELECT * FROM try_grants($$ SELECT asset_reuse_recommend('acme', 'winter') $$, 'recommend', 'recommend: campaign', 'table: read');
SELECT * FROM try_grants($$ SELECT count(*) FROM asset_reuse_recommend_evaluate('acme', '2026-01-01Z') $$, 'evaluate', 'places: campaign', 'table: read');
-- A key is looked for in the rows.  Undo, and sync where it removes, delete one, and leave a mark in the document.
INSERT INTO least_grant VALUES ('table: undo', 'DELETE ON campaign_asset_reuse_history');
SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k2') ->> 'success';
SELECT * FROM try_grants($$ SELECT asset_reuse_track('clip', 'acme', reused_in_id => 'x', reuse_key => 'new') $$,
	'track', 'metrics', 'table: track', 'table: move');
SELECT * FROM try_grants($$ SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k2') $$,
	'track', 'track: document', 'table: read', 'table: undo');
SELECT * FROM try_grants($$ SELECT asset_reuse_track_many('{hero,clip}', 'acme', 'summer') $$, 'track', 'metrics', 'track: campaign', 'table: track');
SELECT * FROM try_grants($$ SELECT asset_reuse_copy_campaign('fall', 'summer', 'acme') $$,
	'track', 'metrics', 'track: campaign', 'table: track', 'table: move');
CALL note_columns('table: import', 'SELECT', 'campaign_asset_reuse_history', 'reused_in_type', 'reused_in_id', 'reuse_key');
SELECT * FROM try_grants($$ SELECT asset_reuse_import('acme', '[{"asset_id": "hero", "timestamp": "2025-01-01", "campaign_space_id": "summer"}]', 'crm') $$,
	'track', 'track: campaign', 'table: track', 'table: import');
SELECT * FROM try_grants($$ SELECT asset_reuse_sync('fall', 'acme', '{clip}') $$, 'track', 'metrics', 'track: campaign', 'table: track', 'table: move');
SELECT * FROM try_grants($$ SELECT asset_reuse_sync('fall', 'acme', '{clip}', remove => true) $$,
	'track', 'metrics', 'track: document', 'track: campaign', 'table: track', 'table: move', 'table: undo');
-- What the copied grants give to who has UPDATE on the assets is enough for all of them.
GRANT SELECT, UPDATE ON campaign_assets TO regress_caller;
GRANT SELECT ON campaign_spaces TO regress_caller;
SELECT try_as('regress_caller', $$ SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k2') $$);
SELECT asset_reuse_drop_history_table() > 0, asset_reuse_create_history_table();
SELECT try_as('regress_caller', $$ SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k2') $$),
	try_as('regress_caller', $$ SELECT asset_reuse_sync('fall', 'acme', '{clip}', remove => true) $$);
REVOKE ALL ON campaign_assets, campaign_spaces, campaign_asset_reuse_history FROM regress_caller;
-- A document that has a log to move.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2020-01-01", "context": {}}]}' WHERE id = 'hero';
SELECT * FROM try_grants($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$,
	'track', 'metrics', 'track: document', 'table: track', 'table: move');
ROLLBACK;

--
-- What errors tell
--

-- full_error returns every field of the error that a statement raises, with an id written as <id>.
CREATE FUNCTION full_error(statement text, id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
	context text;
	schema_field text;
	table_field text;
	column_field text;
	constraint_field text;
	datatype_field text;
BEGIN
	EXECUTE format(statement, id);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS
		message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT,
		schema_field = SCHEMA_NAME, table_field = TABLE_NAME, column_field = COLUMN_NAME,
		constraint_field = CONSTRAINT_NAME, datatype_field = PG_DATATYPE_NAME;
	RETURN replace(concat_ws('|', SQLSTATE, message, detail, hint, context, schema_field, table_field, column_field,
							 constraint_field, datatype_field), id, '<id>');
END
$$;
-- An event in a campaign that the caller will not see, and analytics before there are rows that he will not see.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2020-01-01", "context":
	{"reused_in_type": "campaign_space", "reused_in_id": "hidden campaign", "reused_in_name": "Name in the event"}}]}' WHERE id = 'clip';
SELECT asset_reuse_analytics('acme') AS analytics, asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') AS analytics_dates \gset
-- Rows of the caller's own tenant that are not for him, and that are errors of another kind each to those who may see them.
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, brand_id)
VALUES ('hidden campaign', 'acme', 'u', 'NOT FOR YOU', 'meta', 'hidden');
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, brand_id, title,
							 reused_count, last_reused_at, platform_metadata)
SELECT 'hidden ' || kind, 'hidden campaign', 'acme', 'u', 'NOT FOR YOU', 'image', 'hidden', 'NOT FOR YOU', count, at, document
FROM (VALUES ('good', 5, NULL::timestamp, '{"reuse_history": [{"timestamp": "2026-01-01"}]}'::jsonb),
			 ('scalar', 0, NULL, '"NOT FOR YOU"'),
			 ('array', 0, NULL, '["NOT FOR YOU"]'),
			 ('no log', 0, NULL, '{"reuse_history": "NOT FOR YOU"}'),
			 ('count', 2147483647, NULL, '{}'),
			 ('infinity', 0, 'infinity', '{}'),
			 ('end of time', 0, NULL, '{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999999Z"}]}'))
	AS bad (kind, count, at, document);
SELECT substr(id, 8) AS kind, left(full_error($$ SELECT asset_reuse_track(%L, 'acme', reused_in_id => 'x') $$, id), 5) AS track,
	   left(full_error($$ SELECT asset_reuse_history(%L, 'acme') $$, id), 5) AS history
FROM campaign_assets WHERE id LIKE 'hidden%' AND id <> 'hidden good' ORDER BY id COLLATE "C";

-- Four ways to hide them: a policy; a view with a barrier, whose owner sees all; and each kind of view on top of the policy.
CREATE ROLE regress_view_owner;
GRANT USAGE ON SCHEMA regress_privileges TO regress_view_owner;
GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO regress_caller, regress_view_owner;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_spaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_hidden ON campaign_assets USING (brand_id IS DISTINCT FROM 'hidden');
CREATE POLICY not_hidden ON campaign_spaces USING (brand_id IS DISTINCT FROM 'hidden');
CREATE VIEW assets_barrier WITH (security_barrier) AS SELECT * FROM campaign_assets WHERE brand_id IS DISTINCT FROM 'hidden';
CREATE VIEW spaces_barrier WITH (security_barrier) AS SELECT * FROM campaign_spaces WHERE brand_id IS DISTINCT FROM 'hidden';
CREATE VIEW assets_invoker WITH (security_invoker) AS SELECT * FROM campaign_assets;
CREATE VIEW spaces_invoker WITH (security_invoker) AS SELECT * FROM campaign_spaces;
CREATE VIEW assets_owner AS SELECT * FROM campaign_assets;
CREATE VIEW spaces_owner AS SELECT * FROM campaign_spaces;
ALTER VIEW assets_owner OWNER TO regress_view_owner;
ALTER VIEW spaces_owner OWNER TO regress_view_owner;
GRANT SELECT, UPDATE ON assets_barrier, assets_invoker, assets_owner, spaces_barrier, spaces_invoker, spaces_owner TO regress_caller;


-- told_apart lists the calls whose answer for a hidden row is not, in every field, that for an absent one.
CREATE FUNCTION told_apart(OUT calls bigint, OUT told_apart text) LANGUAGE sql AS $$
	SELECT count(*), string_agg(call, E'\n') FILTER (WHERE answer NOT LIKE 'P0002%' OR answer <> full_error(call, 'absent'))
	FROM (SELECT call, full_error(call, 'hidden ' || kind) AS answer
		  FROM unnest('{good,scalar,array,no log,count,infinity,end of time}'::text[]) kind,
			   unnest(ARRAY['SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')',
							'SELECT asset_reuse_track(%L, ''acme'', ''summer'')',
							'SELECT asset_reuse_track(%L, ''acme'', ''hidden campaign'')',
							'SELECT asset_reuse_track(%L, ''acme'', NULL, ''email'', ''e-1'', ''E'', ''{"a": 1}'')',
							'SELECT asset_reuse_history(%L, ''acme'')',
							'SELECT asset_reuse_history(%L, ''acme'', 1, 1000)']) call
		  UNION ALL
		  SELECT call, full_error(call, 'hidden campaign')
		  FROM unnest(ARRAY['SELECT asset_reuse_track(''hero'', ''acme'', %L)',
							'SELECT asset_reuse_track(''nobody'', ''acme'', %L)',
							'SELECT asset_reuse_track(''hidden scalar'', ''acme'', %L)']) call) answers
$$;
-- To the superuser the rows are not hidden, so told_apart can fail.
BEGIN;
SELECT calls, told_apart IS NOT NULL AS told_apart FROM told_apart();
ROLLBACK;
-- For each way: 45 calls, none told apart; analytics as without the hidden rows; what is not hidden is tracked, and shown
-- with its campaign, but for the hidden one.
CREATE FUNCTION try_way(assets text, spaces text, analytics jsonb, analytics_dates jsonb,
						OUT calls bigint, OUT told_apart text, OUT same_analytics boolean, OUT tracked text, OUT campaigns jsonb)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('asset_reuse.assets_table', assets, true), set_config('asset_reuse.spaces_table', spaces, true);
	SELECT * INTO calls, told_apart FROM told_apart();
	same_analytics := asset_reuse_analytics('acme') = analytics
		AND asset_reuse_analytics('acme', NULL, '2026-01-01 00:00Z') = analytics_dates;
	tracked := asset_reuse_track('clip', 'acme', 'summer')->>'message';
	campaigns := jsonb_path_query_array(asset_reuse_history('clip', 'acme'), '$.history[*].campaign_space.campaign_name ? (@ != "")');
	RAISE EXCEPTION USING ERRCODE = 'RB000', MESSAGE = 'undo what was tracked';
EXCEPTION WHEN SQLSTATE 'RB000' THEN
	NULL;
END
$$;
SET ROLE regress_caller;
SELECT * FROM try_way('campaign_assets', 'campaign_spaces', :'analytics', :'analytics_dates');
SELECT * FROM try_way('assets_barrier', 'spaces_barrier', :'analytics', :'analytics_dates');
SELECT * FROM try_way('assets_invoker', 'spaces_invoker', :'analytics', :'analytics_dates');
SELECT * FROM try_way('assets_owner', 'spaces_owner', :'analytics', :'analytics_dates');
-- A view of its owner's needs no right to what is beneath.
RESET ROLE;
REVOKE ALL ON campaign_assets, campaign_spaces FROM regress_caller;
SET ROLE regress_caller;
SELECT * FROM try_way('assets_barrier', 'spaces_barrier', :'analytics', :'analytics_dates');
SELECT * FROM try_way('assets_owner', 'spaces_owner', :'analytics', :'analytics_dates');
-- An invoker's view does: refused, in the session that it has worked in.
SET asset_reuse.assets_table = 'assets_invoker';
SET asset_reuse.spaces_table = 'spaces_invoker';
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$) AS track,
	   error_of($$ SELECT asset_reuse_history('hero', 'acme') $$) AS history,
	   error_of($$ SELECT asset_reuse_analytics('acme') $$) AS analytics;
RESET ROLE;
-- To the superuser the same view hides nothing: the hidden row's event, and its campaign.
SELECT asset_reuse_history('hidden good', 'acme')->'total' AS total, asset_reuse_track('hidden good', 'acme', 'hidden campaign')->>'message' AS track;
GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO regress_caller;
SET ROLE regress_caller;
SELECT asset_reuse_history('hidden good', 'acme');
RESET ROLE;
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
-- A row that the caller's view does not let him write: PostgreSQL's own error, and the row is as it was.
CREATE VIEW assets_checked WITH (security_barrier) AS SELECT * FROM campaign_assets
WHERE brand_id IS DISTINCT FROM 'hidden' AND coalesce(reused_count, 0) < 1 WITH CASCADED CHECK OPTION;
GRANT SELECT, UPDATE ON assets_checked TO regress_caller;
REVOKE ALL ON campaign_assets FROM regress_caller;
UPDATE campaign_assets SET title = 'NOT FOR YOU', reused_count = 0 WHERE id = 'hero';
SELECT tables_checksum() AS checksum \gset
SET ROLE regress_caller;
SET asset_reuse.assets_table = 'assets_checked';
SELECT left(error, 5) AS error, error LIKE '%NOT FOR YOU%' AS tells FROM full_error('SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')', 'hero') error;
RESET asset_reuse.assets_table;
RESET ROLE;
SELECT tables_checksum() = :'checksum' AS unchanged;
-- A constraint that the new row breaks shows a superuser the row: t.  With column grants, not what they leave out: f.
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_assets ADD CONSTRAINT at_most_none CHECK (id <> 'hero' OR reused_count < 1);
SELECT left(error, 5) AS error, error LIKE '%NOT FOR YOU%' AS tells FROM full_error('SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')', 'hero') error;
DO $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT * FROM least_grant WHERE usage IN ('track', 'metrics', 'track: document') LOOP
		EXECUTE format('GRANT %s TO regress_caller', one.privilege);
	END LOOP;
END
$$;
SET ROLE regress_caller;
SELECT left(error, 5) AS error, error LIKE '%NOT FOR YOU%' AS tells FROM full_error('SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')', 'hero') error;
RESET ROLE;
-- The errors of a row's own document do not quote it, even to who may read it: all f.
UPDATE campaign_assets SET asset_name = 'NOT FOR YOU', file_url = 'NOT FOR YOU' WHERE id LIKE 'hidden%';
SELECT substr(id, 8) AS kind, track LIKE '%NOT FOR YOU%' AS track_tells, history LIKE '%NOT FOR YOU%' AS history_tells
FROM campaign_assets, full_error('SELECT asset_reuse_track(%L, ''acme'', reused_in_id => ''x'')', id) track, full_error('SELECT asset_reuse_history(%L, ''acme'')', id) history
WHERE id LIKE 'hidden%' AND id <> 'hidden good' ORDER BY id COLLATE "C";

--
-- Installing it without being a superuser, in a database of its own
--

-- The functions' signatures, to make hostile ones of.
SELECT string_agg(format('(%L, %L)', proname, oidvectortypes(proargtypes)), ', ' ORDER BY object COLLATE "C") AS signatures FROM member WHERE function IS NOT NULL \gset
\set home :DBNAME
CREATE ROLE regress_installer;
CREATE ROLE regress_attacker;
CREATE DATABASE regression_privileges TEMPLATE template0;
\c regression_privileges
CREATE SCHEMA media AUTHORIZATION regress_installer;
-- Without CREATE on the database: refused.
SET ROLE regress_installer;
CREATE EXTENSION asset_reuse SCHEMA media;
-- With it: installed.  The extension is the installer's, and its functions the superuser's who would have made them.
RESET ROLE;
GRANT CREATE ON DATABASE regression_privileges TO regress_installer;
SET ROLE regress_installer;
CREATE EXTENSION asset_reuse SCHEMA media;
SELECT extowner::regrole AS owner, extnamespace::regnamespace AS schema, extrelocatable AS relocatable FROM pg_extension WHERE extname = 'asset_reuse';
SELECT DISTINCT rolsuper AS functions_of_superuser FROM pg_proc JOIN pg_roles r ON r.oid = proowner WHERE proname LIKE 'asset\_reuse\_%';
-- It works on the installer's tables.
CREATE TABLE media.campaign_assets (id text, tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
CREATE TABLE media.campaign_spaces (id text, tenant_id text, campaign_name text);
INSERT INTO media.campaign_assets VALUES ('hero', 'acme', 'Hero', 'image', 0);
SET search_path = media;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message' AS message;
-- The installer can make functions of his members of the extension; none of ours calls them instead of ours: 42501.
CREATE FUNCTION planted(jsonb, int, timestamp, timestamp, bigint, text, float8, int, text, text, text, int, int, int, text, timestamp, text, jsonb)
	RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''the planted aggregate ran''; END';
CREATE AGGREGATE asset_reuse_summary(int, timestamp, timestamp, bigint, text, float8, int, text, text, text, int, int, int, text, timestamp, text, jsonb)
	(SFUNC = planted, STYPE = jsonb);
ALTER EXTENSION asset_reuse ADD AGGREGATE asset_reuse_summary(int, timestamp, timestamp, bigint, text, float8, int, text, text, text, int, int, int,
	text, timestamp, text, jsonb);
SELECT asset_reuse_analytics('acme');
ALTER EXTENSION asset_reuse DROP AGGREGATE asset_reuse_summary(int, timestamp, timestamp, bigint, text, float8, int, text, text, text, int, int, int,
	text, timestamp, text, jsonb);
DROP AGGREGATE asset_reuse_summary(int, timestamp, timestamp, bigint, text, float8, int, text, text, text, int, int, int, text, timestamp, text, jsonb);
DROP FUNCTION planted;
SELECT asset_reuse_analytics('acme')->'overview'->'total_reuses' AS reuses;
-- The functions cannot be changed, by the installer either; and no other role can remove the extension.
ALTER FUNCTION asset_reuse_history(text, text, int, int, text) SECURITY DEFINER;
CREATE OR REPLACE FUNCTION asset_reuse_summary_final(internal) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL';
SET ROLE regress_attacker;
DROP EXTENSION asset_reuse;
-- Moving it takes the functions' owner, a superuser.
SET ROLE regress_installer;
CREATE SCHEMA elsewhere;
ALTER EXTENSION asset_reuse SET SCHEMA elsewhere;
-- The installer can remove it, in the session that has used it: nothing is left but the tables.
DROP EXTENSION asset_reuse;
SELECT count(*) FROM pg_proc WHERE proname LIKE 'asset\_reuse%';
SELECT reused_count, jsonb_array_length(platform_metadata->'reuse_history') AS events FROM media.campaign_assets;

--
-- Hostile objects in the schema before CREATE EXTENSION
--
RESET ROLE;
RESET search_path;
CREATE SCHEMA shared;
GRANT ALL ON SCHEMA shared TO regress_installer, regress_attacker;
-- A function of the same name and arguments as one of ours: refused, and nothing is installed.  For arguments of type
-- internal or "any", it takes a superuser to write a function at all.
CREATE FUNCTION try_signature(name text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL ROLE regress_attacker;
	BEGIN
		EXECUTE format('CREATE FUNCTION shared.%I(%s) RETURNS int LANGUAGE plpgsql AS ''BEGIN RETURN 1; END''', name, arguments);
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE || ' from CREATE FUNCTION';
	END;
	SET LOCAL ROLE regress_installer;
	BEGIN
		CREATE EXTENSION asset_reuse SCHEMA shared;
		RAISE EXCEPTION 'it was installed';
	EXCEPTION WHEN OTHERS THEN
		SET LOCAL ROLE regress_attacker;
		EXECUTE format('DROP FUNCTION shared.%I', name);
		RETURN SQLSTATE || ' from CREATE EXTENSION';
	END;
END
$$;
SELECT name, try_signature(name, arguments) AS error FROM (VALUES :signatures) AS signature (name, arguments);
SELECT count(*) FROM pg_proc WHERE proname LIKE 'asset\_reuse%';
-- Types of the names of ours, in the schema and first in the path; and functions of our names that take them.
SET ROLE regress_attacker;
DO $$
DECLARE
	type text;
BEGIN
	FOREACH type IN ARRAY '{text,uuid,jsonb,int4,int,integer,timestamp,timestamptz,bytea,internal,any,record}'::text[] LOOP
		EXECUTE format('CREATE TYPE shared.%I AS ENUM (''trap'')', type);
	END LOOP;
END
$$;
CREATE FUNCTION shared.asset_reuse_track(shared.text, shared.text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shared.asset_reuse_summary_transition(int, timestamp, timestamp, varchar, varchar) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION shared.asset_reuse_summary_final(anyelement) RETURNS jsonb LANGUAGE sql AS 'SELECT jsonb ''"trap"''';
CREATE FUNCTION shared.asset_reuse_summary_serialize(anyelement) RETURNS bytea LANGUAGE sql AS 'SELECT bytea ''trap''';
CREATE AGGREGATE shared.asset_reuse_summary(int) (SFUNC = int4pl, STYPE = int);
SET ROLE regress_installer;
SET search_path = shared, pg_catalog;
CREATE EXTENSION asset_reuse SCHEMA shared;
RESET search_path;
-- Installed, of nothing but built-in types and the extension's own functions: all t.
SELECT bool_and(t.typnamespace = 'pg_catalog'::regnamespace) AS built_in_types
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid, unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype) type
	JOIN pg_type t ON t.oid = type
WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse');
SELECT bool_and(EXISTS (SELECT FROM pg_depend d WHERE d.objid = part AND d.deptype = 'e')) AS own_parts
FROM pg_aggregate, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn]::oid[]) part
WHERE aggfnoid IN (SELECT objid FROM pg_depend WHERE deptype = 'e');
-- And it works, next to them.
SET search_path = shared, media;
SELECT asset_reuse_track('hero'::pg_catalog.text, 'acme'::pg_catalog.text, reused_in_id => 'x')->>'message' AS message,
	   asset_reuse_history('hero', 'acme')->'total' AS total, asset_reuse_analytics('acme')->'overview'->'total_reuses' AS reuses;
RESET ROLE;
RESET search_path;

--
-- Hostile objects in the schema before ALTER EXTENSION ... SET SCHEMA, by a superuser
--
CREATE SCHEMA planted;
GRANT ALL ON SCHEMA planted TO regress_attacker;
SET search_path = media, shared;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
-- Of the same name and arguments: refused, and all stays where it is.
SET ROLE regress_attacker;
CREATE FUNCTION planted.asset_reuse_log_append(jsonb, timestamp, timestamp, jsonb, boolean) RETURNS jsonb LANGUAGE sql AS 'SELECT jsonb ''"trap"''';
RESET ROLE;
ALTER EXTENSION asset_reuse SET SCHEMA planted;
SELECT extnamespace::regnamespace AS schema FROM pg_extension WHERE extname = 'asset_reuse';
DROP FUNCTION planted.asset_reuse_log_append;
-- With types that fit a call of ours better: moved, and then refused to be called, in the session that has used ours.
SET ROLE regress_attacker;
CREATE FUNCTION planted.asset_reuse_summary(int, timestamp, timestamp, bigint, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text,
	pg_catalog.text, pg_catalog.text, pg_catalog.text, int, pg_catalog.text, timestamp, pg_catalog.text, pg_catalog.text) RETURNS jsonb LANGUAGE sql AS 'SELECT jsonb ''"trap"''';
RESET ROLE;
ALTER EXTENSION asset_reuse SET SCHEMA planted;
SELECT left(planted.asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'message', 32) AS message;
DO $$
BEGIN
	PERFORM planted.asset_reuse_analytics('acme');
	RAISE 'analytics called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', left(SQLERRM, 37);
END
$$;
DROP FUNCTION planted.asset_reuse_summary(int, timestamp, timestamp, bigint, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text,
	pg_catalog.text, pg_catalog.text, pg_catalog.text, int, pg_catalog.text, timestamp, pg_catalog.text, pg_catalog.text);
SELECT planted.asset_reuse_history('hero', 'acme')->'total' AS total, planted.asset_reuse_analytics('acme')->'overview'->'total_reuses' AS reuses;
RESET search_path;
\c :home
SET client_min_messages = warning;
DROP DATABASE regression_privileges;
DROP SCHEMA regress_privileges CASCADE;
DROP ROLE regress_caller, regress_view_owner, regress_installer, regress_attacker;
