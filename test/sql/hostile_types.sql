-- Casts, operator classes, output functions' rivals and constraints that somebody has
-- planted on the types of the application's columns.  Their code would run with the rights
-- of whoever calls us, so no statement of ours may run it: what a value says is read by
-- its output function, and what is compared is of PostgreSQL's own types, or an enum.
SET client_min_messages = warning;
CREATE SCHEMA hostile_types;
SET search_path = hostile_types, public;
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

-- A base type of somebody else's that is taken for a string: what he casts it to, and how he compares it, is his.
CREATE TYPE label;
CREATE FUNCTION label_in(cstring) RETURNS label LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION label_out(label) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE label (INPUT = label_in, OUTPUT = label_out, LIKE = text, CATEGORY = 'S');
-- And domains, whose constraints are his.  The constraint holds until it is armed, for the rows to come in.
CREATE FUNCTION harmless(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('hostile_types.armed', true) = 'on' THEN
		RAISE EXCEPTION 'a constraint on % ran', pg_typeof($1);
	END IF;
	RETURN true;
END
$$;
CREATE DOMAIN own_id AS varchar(36) CHECK (harmless(VALUE::text));
CREATE DOMAIN own_type AS campaignassettype CHECK (harmless(VALUE::campaignassettype));
CREATE DOMAIN own_text AS text CHECK (harmless(VALUE::text));
CREATE DOMAIN own_number AS float8 CHECK (harmless(VALUE::float8));
CREATE DOMAIN own_integer AS integer CHECK (harmless(VALUE::integer));
CREATE DOMAIN own_time AS timestamp CHECK (harmless(VALUE::timestamp));
CREATE DOMAIN own_document AS jsonb CHECK (harmless(VALUE::jsonb));

-- ran says so by an error: nobody's code can run without that it shows.
CREATE FUNCTION ran(anyelement) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RAISE EXCEPTION 'a cast of % ran', pg_typeof($1);
END
$$;
CREATE FUNCTION type_to_text(campaignassettype) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ran($1)';
CREATE FUNCTION type_to_varchar(campaignassettype) RETURNS varchar LANGUAGE sql IMMUTABLE AS 'SELECT ran($1)';
CREATE FUNCTION platform_to_text(adplatform) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ran($1)';
CREATE FUNCTION label_to_text(label) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'a cast of label ran'; END$$;
CREATE FUNCTION compare_types(campaignassettype, campaignassettype) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE EXCEPTION 'an operator class ran'; END$$;
CREATE FUNCTION equal_types(campaignassettype, campaignassettype) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE EXCEPTION 'an operator ran'; END$$;
CREATE FUNCTION hash_type(campaignassettype) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE EXCEPTION 'an operator class ran'; END$$;
CREATE FUNCTION compare_labels(label, label) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE EXCEPTION 'an operator class ran'; END$$;
CREATE FUNCTION less_label(label, label) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE EXCEPTION 'an operator ran'; END$$;

-- What all of these have to be kept from, by a call each of every public function, text and uuid.
CREATE FUNCTION answers(OUT call text, OUT answer text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	typed_tenant CONSTANT text = 'uuid ''aaaaaaaa-0000-4000-8000-000000000001''';
	typed_asset CONSTANT text = 'uuid ''bbbbbbbb-0000-4000-8000-000000000001''';
	typed_campaign CONSTANT text = 'uuid ''cccccccc-0000-4000-8000-000000000001''';
BEGIN
	PERFORM set_config('hostile_types.armed', 'on', true);
	FOREACH call IN ARRAY ARRAY[
		'asset_reuse_history(''hero'', ''acme'') #>> ''{history,0,campaign_space,campaign_name}''',
		format('asset_reuse_history(%s, %s) #>> ''{history,0,campaign_space,platform}''', typed_asset, typed_tenant),
		'asset_reuse_analytics(''acme'') #>> ''{by_asset_type}''',
		'asset_reuse_analytics(''acme'', ''image'', ''2020-01-01Z'') #>> ''{top_reused_assets,0,asset_type}''',
		format('asset_reuse_analytics(%s, ''image'') #>> ''{top_reused_assets,0,asset_name}''', typed_tenant),
		'asset_reuse_insights(''acme'') #>> ''{by_asset_type}''',
		format('asset_reuse_insights(%s, ''image'') #>> ''{ctr}''', typed_tenant),
		'string_agg(concat_ws('' '', asset_name, asset_type, label), '', '') FROM asset_reuse_performance(''acme'', NULL, ''summer''::text)',
		format('string_agg(concat_ws('' '', asset_name, asset_type, clicks), '', '') FROM asset_reuse_performance(%s, ''image'')', typed_tenant),
		'string_agg(concat_ws('' '', period, assets), '', '') FROM asset_reuse_wear_out(''acme'', ''image'')',
		format('count(*) FROM asset_reuse_wear_out(%s)', typed_tenant),
		'string_agg(concat_ws('' '', asset_id, reused_in_id), '', '') FROM asset_reuse_events(''acme'')',
		format('string_agg(concat_ws('' '', asset_id, campaign_space_id), '', '') FROM asset_reuse_events(%s)', typed_tenant),
		'sum(reuses) FROM asset_reuse_timeline(''acme'', ''month'', ''image'')',
		format('sum(reuses) FROM asset_reuse_timeline(%s, ''month'', ''image'')', typed_tenant),
		'string_agg(concat_ws('' '', asset_name, asset_type), '', '') FROM asset_reuse_where_used(''acme'', ''summer''::text)',
		format('string_agg(concat_ws('' '', asset_name, asset_type), '', '') FROM asset_reuse_where_used(%s, %s)', typed_tenant, typed_campaign),
		'string_agg(concat_ws('' '', asset_name, asset_type), '', '') FROM asset_reuse_where_used(''acme'', NULL, ''campaign_space'', ''summer'')',
		'string_agg(concat_ws('' '', asset_name, asset_type), '', '') FROM asset_reuse_top(''acme'', ''image'')',
		'string_agg(concat_ws('' '', asset_name, asset_type, file_url), '', '') FROM asset_reuse_unused(''acme'')',
		'string_agg(concat_ws('' '', asset_name, asset_type), '', '') FROM asset_reuse_unused(''acme'', ''headline'', ''1 day'')',
		format('count(*) FROM asset_reuse_unused(%s)', typed_tenant),
		'asset_reuse_recommend(''acme'', ''fall'', ''image'') #>> ''{items,0,asset_type}''',
		'asset_reuse_recommend(''acme'', order_by => ''expected'') #>> ''{items,0,asset_name}''',
		'string_agg(concat_ws('' '', asset_name, asset_type, source), '', '') FROM asset_reuse_recommendations(''acme'', ''fall'', explore => 3)',
		format('count(*) FROM asset_reuse_recommendations(%s, %s)', typed_tenant, typed_campaign),
		'count(*) FROM asset_reuse_recommend_evaluate(''acme'', ''2020-01-01Z'')',
		'count(*) FROM asset_reuse_check_schema() WHERE status = ''ok''']
	LOOP
		BEGIN
			EXECUTE 'SELECT ' || call INTO answer;
		EXCEPTION WHEN OTHERS THEN
			answer := SQLSTATE || ': ' || SQLERRM;
		END;
		RETURN NEXT;
	END LOOP;
	PERFORM set_config('hostile_types.armed', 'off', true);
END
$$;
-- Those that fail.
CREATE FUNCTION failures(OUT call text, OUT error text) RETURNS SETOF record LANGUAGE sql AS
	$$SELECT * FROM answers() WHERE answer ~ '^[0-9A-Z]{5}: ' ORDER BY call COLLATE "C"$$;
-- Two reuses.
CREATE FUNCTION track_two(OUT hero text, OUT typed text) LANGUAGE sql AS $$
	SELECT asset_reuse_track('hero', 'acme', 'summer') #>> '{event,reused_in_name}',
		asset_reuse_track(uuid 'bbbbbbbb-0000-4000-8000-000000000001', uuid 'aaaaaaaa-0000-4000-8000-000000000001',
			uuid 'cccccccc-0000-4000-8000-000000000001') #>> '{event,reused_in_name}'
$$;

-- What is answered without anything planted.
SELECT * FROM track_two();
CREATE TABLE clean AS SELECT * FROM answers();
SELECT * FROM clean;

-- Casts of the enums, as a cast would use them by itself, and operator classes.
CREATE CAST (campaignassettype AS text) WITH FUNCTION type_to_text AS ASSIGNMENT;
CREATE CAST (campaignassettype AS varchar) WITH FUNCTION type_to_varchar AS ASSIGNMENT;
CREATE CAST (adplatform AS text) WITH FUNCTION platform_to_text AS ASSIGNMENT;
CREATE OPERATOR = (LEFTARG = campaignassettype, RIGHTARG = campaignassettype, FUNCTION = equal_types, HASHES, MERGES);
CREATE OPERATOR CLASS rival_types DEFAULT FOR TYPE campaignassettype USING btree AS
	OPERATOR 3 =, FUNCTION 1 compare_types(campaignassettype, campaignassettype);
CREATE OPERATOR CLASS rival_hash DEFAULT FOR TYPE campaignassettype USING hash AS
	OPERATOR 1 =, FUNCTION 1 hash_type(campaignassettype);
SELECT * FROM answers() EXCEPT SELECT * FROM clean;
SELECT * FROM track_two();

-- The same while the casts are implicit.  One to text makes "=" ambiguous for each statement on the column, also
-- for ours where they filter by it: 42725, and nothing has run.
DROP CAST (campaignassettype AS text);
DROP CAST (adplatform AS text);
CREATE CAST (campaignassettype AS text) WITH FUNCTION type_to_text AS IMPLICIT;
CREATE CAST (adplatform AS text) WITH FUNCTION platform_to_text AS IMPLICIT;
DISCARD PLANS;
SELECT * FROM failures();
SELECT * FROM track_two();
DROP CAST (campaignassettype AS text);

-- Columns of somebody's own string.
ALTER TABLE campaign_assets ALTER asset_name TYPE label USING asset_name::text::label, ALTER file_url TYPE label USING file_url::label,
	ALTER thumbnail_url TYPE label USING thumbnail_url::label;
ALTER TABLE campaign_spaces ALTER campaign_name TYPE label USING campaign_name::text::label;
CREATE CAST (label AS text) WITH FUNCTION label_to_text AS IMPLICIT;
CREATE OPERATOR < (LEFTARG = label, RIGHTARG = label, FUNCTION = less_label);
CREATE OPERATOR CLASS rival_labels DEFAULT FOR TYPE label USING btree AS
	OPERATOR 1 <, FUNCTION 1 compare_labels(label, label);
SELECT call, answer FROM answers() EXCEPT SELECT * FROM clean;
SELECT * FROM track_two();
-- No error: names are read, and asset_type, which is now of that type, is compared by what it says.
CREATE TABLE labelled AS SELECT id, tenant_id, asset_name, concat(asset_type)::label AS asset_type, reused_count, last_reused_at,
	platform_metadata, deleted_at, created_at, ctr FROM campaign_assets;
SET asset_reuse.assets_table = 'labelled';
SELECT * FROM failures();
SELECT * FROM track_two();
-- No identifier can be of it: 42804.
ALTER TABLE labelled ALTER tenant_id TYPE label USING tenant_id::text::label;
SELECT DISTINCT error FROM failures();
SELECT "column", expected, found, status FROM asset_reuse_check_schema() WHERE status = 'wrong type';
RESET asset_reuse.assets_table;
CREATE TABLE labelled_spaces AS SELECT id::text::label AS id, tenant_id, campaign_name FROM campaign_spaces;
SET asset_reuse.spaces_table = 'labelled_spaces';
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
RESET asset_reuse.spaces_table;

-- Columns of domains: reading checks no constraint.
ALTER TABLE campaign_spaces ALTER id TYPE own_id, ALTER tenant_id TYPE own_id;
ALTER TABLE campaign_assets ALTER id TYPE own_id, ALTER tenant_id TYPE own_id, ALTER campaign_space_id TYPE own_id,
	ALTER asset_type TYPE own_type, ALTER asset_name TYPE own_text USING concat(asset_name), ALTER file_url TYPE own_text USING concat(file_url),
	ALTER impressions TYPE own_integer, ALTER clicks TYPE own_integer, ALTER conversions TYPE own_number, ALTER ctr TYPE own_number,
	ALTER reused_count TYPE own_integer, ALTER last_reused_at TYPE own_time, ALTER deleted_at TYPE own_time,
	ALTER created_at TYPE own_time, ALTER platform_metadata TYPE own_document;
SELECT * FROM failures();
-- Writing checks those of the columns that it writes, as any UPDATE does, and then changes nothing.
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
SET hostile_types.armed = 'on';
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'summer') $$);
RESET hostile_types.armed;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;

-- All of it with a history table, into which half of the events go, and out again.
SELECT asset_reuse_create_history_table();
SELECT * FROM track_two();
SELECT * FROM failures();
CALL asset_reuse_migrate_history();
SELECT * FROM failures();
SELECT asset_reuse_drop_history_table();

-- An aggregate passes its state, of a domain, to functions as it is: which of the types an argument has is what its function says.
CREATE DOMAIN state AS uuid;
CREATE FUNCTION next_state(state, text, timestamptz, timestamptz, int) RETURNS state LANGUAGE sql IMMUTABLE AS
	$$ SELECT 'fcffffff-ffff-ffff-ffff-ffffffffffff'::uuid::hostile_types.state $$;
CREATE AGGREGATE analytics_of_state(text, timestamptz, timestamptz, int)
	(sfunc = next_state, stype = state, finalfunc = asset_reuse_analytics, finalfunc_extra);
SELECT analytics_of_state(NULL, NULL, NULL, NULL) -> 'overview' -> 'total_assets' AS assets;
DROP SCHEMA hostile_types CASCADE;
