--
-- The extension works unchanged on tables of other shapes: one scenario, run over
-- the application's tables and then over each variant, must give the same answers.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_variants;
SET search_path = regress_variants, public;
\i :tables
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- A zone that is not UTC, so that a time without one taken for local shows.
SET TimeZone = 'Asia/Kathmandu';

-- The rows of every variant.  Two tenants; two live campaigns and a deleted one; of the first tenant's
-- assets one with a log, one with nulls wherever they may be, one never reused and a deleted one.
CREATE TABLE rows_of (kind text, rows jsonb);
INSERT INTO rows_of VALUES ('spaces', '[
	{"id": "5ace0000-0000-4000-8000-000000000001", "tenant_id": "7e000000-0000-4000-8000-000000000001", "user_id": "u", "campaign_name": "Summer Sale", "platform": "meta", "is_active": true, "deleted_at": null},
	{"id": "5ace0000-0000-4000-8000-000000000002", "tenant_id": "7e000000-0000-4000-8000-000000000001", "user_id": "u", "campaign_name": "Old Campaign", "platform": "tiktok", "is_active": true, "deleted_at": "2026-01-06T00:00:00Z"},
	{"id": "5ace0000-0000-4000-8000-000000000003", "tenant_id": "7e000000-0000-4000-8000-000000000002", "user_id": "u", "campaign_name": "Rival", "platform": "meta", "is_active": true, "deleted_at": null}]'),
('assets', '[
	{"id": "a55e0000-0000-4000-8000-000000000001", "tenant_id": "7e000000-0000-4000-8000-000000000001", "campaign_space_id": "5ace0000-0000-4000-8000-000000000001", "user_id": "u",
	 "asset_name": "Hero Image", "asset_type": "image", "file_url": "https://cdn.example/hero.png", "thumbnail_url": "https://cdn.example/hero-small.png", "impressions": 1000, "clicks": 17, "conversions": 30, "spend": 12.25, "ctr": 1.7,
	 "reused_count": 2, "last_reused_at": "2026-01-05T10:00:00Z", "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00.5Z", "deleted_at": null,
	 "platform_metadata": {"zoom": 1.50, "reuse_history": [
		{"timestamp": "2026-01-03T10:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ace0000-0000-4000-8000-000000000002", "reused_in_name": "Old Campaign"}},
		{"timestamp": "2026-01-05T10:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ace0000-0000-4000-8000-000000000001", "reused_in_name": "Summer, as it was called"}}]}},
	{"id": "a55e0000-0000-4000-8000-000000000002", "tenant_id": "7e000000-0000-4000-8000-000000000001", "campaign_space_id": "5ace0000-0000-4000-8000-000000000001", "user_id": "u",
	 "asset_name": "Old Clip", "asset_type": "video", "file_url": null, "thumbnail_url": null, "impressions": null, "clicks": null, "conversions": null, "spend": null, "ctr": null,
	 "reused_count": null, "last_reused_at": null, "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "deleted_at": null, "platform_metadata": null},
	{"id": "a55e0000-0000-4000-8000-000000000003", "tenant_id": "7e000000-0000-4000-8000-000000000001", "campaign_space_id": "5ace0000-0000-4000-8000-000000000001", "user_id": "u",
	 "asset_name": "Never Reused", "asset_type": "image", "file_url": null, "thumbnail_url": null, "impressions": 800, "clicks": 10, "conversions": 10, "spend": 1, "ctr": 1.25,
	 "reused_count": 0, "last_reused_at": null, "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "deleted_at": null, "platform_metadata": {}},
	{"id": "a55e0000-0000-4000-8000-000000000004", "tenant_id": "7e000000-0000-4000-8000-000000000001", "campaign_space_id": "5ace0000-0000-4000-8000-000000000001", "user_id": "u",
	 "asset_name": "Deleted", "asset_type": "image", "file_url": null, "thumbnail_url": null, "impressions": 10, "clicks": 9, "conversions": 8, "spend": 0, "ctr": 90,
	 "reused_count": 7, "last_reused_at": null, "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "deleted_at": "2026-01-03T09:00:00Z", "platform_metadata": {}},
	{"id": "a55e0000-0000-4000-8000-000000000005", "tenant_id": "7e000000-0000-4000-8000-000000000002", "campaign_space_id": "5ace0000-0000-4000-8000-000000000003", "user_id": "u",
	 "asset_name": "Rival Image", "asset_type": "image", "file_url": null, "thumbnail_url": null, "impressions": 10, "clicks": 9, "conversions": 8, "spend": 0, "ctr": 90,
	 "reused_count": 7, "last_reused_at": null, "created_at": "2026-01-02T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "deleted_at": null, "platform_metadata": {}}]');

-- load puts these rows into a table, as far as it has the columns.
CREATE PROCEDURE load(relation text, kind text) LANGUAGE plpgsql AS $$
DECLARE
	columns text;
BEGIN
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
	FROM pg_attribute, rows_of r
	WHERE attrelid = relation::regclass AND attnum > 0 AND NOT attisdropped
		AND r.kind = load.kind AND r.rows->0 ? attname;
	EXECUTE format('INSERT INTO %s (%s) SELECT %2$s FROM jsonb_populate_recordset(NULL::%1$s, (SELECT rows FROM rows_of WHERE kind = %3$L))',
				   relation, columns, kind);
END
$$;

-- scenario calls every function in its main ways and returns all that they said.
CREATE FUNCTION scenario() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	tenant constant text := '7e000000-0000-4000-8000-000000000001';
	hero constant text := 'a55e0000-0000-4000-8000-000000000001';
	space constant text := '5ace0000-0000-4000-8000-000000000001';
	said jsonb := '{}';
BEGIN
	said := said || jsonb_build_object('1 track', asset_reuse_track(hero, tenant, space, reuse_context => '{"slot": 1.50}'));
	said := said || jsonb_build_object('2 track elsewhere', asset_reuse_track(hero, tenant, NULL, 'email', 'e-1', 'Letter'));
	said := said || jsonb_build_object('3 track by uuid', asset_reuse_track(hero::uuid, tenant::uuid, space::uuid));
	said := said || jsonb_build_object('4 track on nulls', asset_reuse_track('a55e0000-0000-4000-8000-000000000002', tenant, space));
	said := said || jsonb_build_object(
		'5 history', asset_reuse_history(hero, tenant, 2, 3),
		'6 history by uuid', asset_reuse_history(hero::uuid, tenant::uuid, 1),
		'7 analytics', asset_reuse_analytics(tenant),
		'8 analytics of a range', asset_reuse_analytics(tenant::uuid, 'image', '2026-01-03 10:00Z', '2026-01-05 10:00:00.000001Z', 1),
		'9 errors', jsonb_build_array(
			error_of(format('SELECT asset_reuse_track(%L, %L, reused_in_id => ''x'')', 'a55e0000-0000-4000-8000-000000000004', tenant)),
			error_of(format('SELECT asset_reuse_history(%L, %L)', 'a55e0000-0000-4000-8000-000000000005', tenant)),
			error_of(format('SELECT asset_reuse_track(%L, %L, %L)', hero, tenant, '5ace0000-0000-4000-8000-000000000002')),
			error_of(format('SELECT asset_reuse_track(%L, %L, %L)', hero, tenant, '5ace0000-0000-4000-8000-000000000003'))));
	RETURN mask_times(said);
END
$$;

-- differences says where two documents differ.
CREATE FUNCTION differences(a jsonb, b jsonb, place text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	IF jsonb_typeof(a) = 'object' AND jsonb_typeof(b) = 'object' THEN
		RETURN QUERY SELECT d FROM jsonb_object_keys(a || b) k, differences(a->k, b->k, place || '/' || k) d;
	ELSIF jsonb_typeof(a) = 'array' AND jsonb_typeof(b) = 'array' AND jsonb_array_length(a) = jsonb_array_length(b) THEN
		RETURN QUERY SELECT d FROM generate_series(0, jsonb_array_length(a) - 1) i, differences(a->i, b->i, place || '/' || i) d;
	ELSIF a IS DISTINCT FROM b THEN
		RETURN NEXT format('%s: %s instead of %s', place, coalesce(a::text, 'nothing'), coalesce(b::text, 'nothing'));
	END IF;
END
$$;

-- without removes keys at every depth.
CREATE FUNCTION without(document jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE jsonb_typeof(document)
		WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, without(value, keys)), '{}') FROM jsonb_each(document) WHERE key <> ALL (keys))
		WHEN 'array' THEN (SELECT coalesce(jsonb_agg(without(value, keys) ORDER BY ordinality), '[]') FROM jsonb_array_elements(document) WITH ORDINALITY)
		ELSE document END
$$;

-- The columns of a variant, each with a class by which variants change their types.
CREATE TABLE columns_of (kind text, place int, name text, class text, type text);
INSERT INTO columns_of VALUES
	('assets', 1, 'id', 'identifier', 'varchar(36)'), ('assets', 2, 'campaign_space_id', 'identifier', 'varchar(36)'),
	('assets', 3, 'tenant_id', 'identifier', 'varchar(36)'), ('assets', 4, 'asset_name', 'text', 'varchar(255)'),
	('assets', 5, 'asset_type', 'asset_type', 'campaignassettype'), ('assets', 6, 'file_url', 'text', 'text'),
	('assets', 7, 'thumbnail_url', 'text', 'text'), ('assets', 8, 'impressions', 'figure', 'integer'),
	('assets', 9, 'clicks', 'figure', 'integer'), ('assets', 10, 'conversions', 'figure', 'integer'),
	('assets', 11, 'ctr', 'ctr', 'float'), ('assets', 12, 'platform_metadata', 'jsonb', 'jsonb'),
	('assets', 13, 'reused_count', 'count', 'integer'), ('assets', 14, 'last_reused_at', 'time', 'timestamp'),
	('assets', 15, 'created_at', 'time', 'timestamp'), ('assets', 16, 'updated_at', 'time', 'timestamp'),
	('assets', 17, 'deleted_at', 'time', 'timestamp'), ('assets', 18, 'spend', 'spend', 'float'),
	('spaces', 1, 'id', 'identifier', 'varchar(36)'), ('spaces', 2, 'tenant_id', 'identifier', 'varchar(36)'),
	('spaces', 3, 'campaign_name', 'text', 'varchar(255)'), ('spaces', 4, 'platform', 'platform', 'adplatform'),
	('spaces', 5, 'is_active', 'boolean', 'boolean'), ('spaces', 6, 'deleted_at', 'time', 'timestamp');

-- column_list is what stands between the parentheses of CREATE TABLE.
CREATE FUNCTION column_list(kind text, types jsonb, missing text[], backwards boolean DEFAULT false)
RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(name || ' ' || coalesce(types->>(c.kind || '.' || name), types->>class, type), ', '
					  ORDER BY CASE WHEN backwards THEN -place ELSE place END)
	FROM columns_of c WHERE c.kind = column_list.kind AND c.kind || '.' || name <> ALL (missing)
$$;

-- variant makes the two tables, loads them, runs the scenario, and says whether all answers are those of the
-- application's tables, without the keys of missing columns; if not, where they differ.
-- %1$s in the statements that make a relation is its name, %2$s its columns, %3$s its columns backwards.
CREATE FUNCTION variant(label text, types jsonb DEFAULT '{}', missing text[] DEFAULT '{}',
						assets_ddl text DEFAULT 'CREATE TABLE %1$s (%2$s)', spaces_ddl text DEFAULT 'CREATE TABLE %1$s (%2$s)',
						assets text DEFAULT 'variant.assets', spaces text DEFAULT 'variant.spaces',
						keys_removed text[] DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	CREATE SCHEMA variant;
	EXECUTE format(assets_ddl, assets, column_list('assets', types, missing), column_list('assets', types, missing, true));
	EXECUTE format(spaces_ddl, spaces, column_list('spaces', types, missing), column_list('spaces', types, missing, true));
	PERFORM set_config('asset_reuse.assets_table', assets, false), set_config('asset_reuse.spaces_table', spaces, false);
	CALL load(spaces, 'spaces');
	CALL load(assets, 'assets');
	BEGIN
		SELECT string_agg(E'\n\t' || d, '') INTO found
		FROM differences(scenario(),
						 without((SELECT said FROM baseline),
								 coalesce(keys_removed, (SELECT array_agg(split_part(m, '.', 2)) FROM unnest(missing) m WHERE m <> 'spaces.deleted_at'), '{}'))) d;
	EXCEPTION WHEN OTHERS THEN
		found := E'\n\t' || SQLSTATE || ' ' || SQLERRM;
	END;
	SET LOCAL client_min_messages = warning;
	DROP SCHEMA variant CASCADE;
	RESET client_min_messages;
	RETURN label || ': ' || coalesce('differs' || found, 'same');
END
$$;

-- The application's own tables.  Old rows may have no metadata; everything else as it is.
ALTER TABLE campaign_assets ALTER platform_metadata DROP NOT NULL;
INSERT INTO tenants VALUES ('7e000000-0000-4000-8000-000000000001', 'One'), ('7e000000-0000-4000-8000-000000000002', 'Two');
CALL load('campaign_spaces', 'spaces');
CALL load('campaign_assets', 'assets');
CREATE TABLE baseline AS SELECT scenario() AS said;
SELECT jsonb_pretty(said) AS baseline FROM baseline;
\pset tuples_only on

-- A variant that is no variant: same.  And the comparison can fail: another name in a row differs.
SELECT variant('as they are');
BEGIN;
UPDATE rows_of SET rows = jsonb_set(rows, '{0,campaign_name}', '"Winter"') WHERE kind = 'spaces';
SELECT variant('another campaign');
ROLLBACK;

-- From here on each line must end in "same" where nothing else is said.
-- Identifiers.
SELECT variant('varchar without a length', '{"identifier": "varchar"}');
SELECT variant('text', '{"identifier": "text"}');
SELECT variant('uuid', '{"identifier": "uuid"}');
SELECT variant('char(36)', '{"identifier": "char(36)"}');
CREATE DOMAIN varchar_id AS varchar(36) CHECK (VALUE <> '');
CREATE DOMAIN text_id AS text NOT NULL;
CREATE DOMAIN uuid_id AS uuid;
CREATE DOMAIN uuid_id_of_ours AS uuid_id CHECK (VALUE <> '00000000-0000-0000-0000-000000000000');
SELECT variant('domain over varchar', '{"identifier": "varchar_id"}');
SELECT variant('domain over text', '{"identifier": "text_id"}');
SELECT variant('domain over uuid', '{"identifier": "uuid_id"}');
SELECT variant('domain over a domain over uuid', '{"identifier": "uuid_id_of_ours"}');
SELECT variant('uuid of assets, text of tenants', '{"identifier": "uuid", "assets.tenant_id": "text", "spaces.tenant_id": "varchar(36)"}');
SELECT variant('assets by uuid, campaigns by text', '{"spaces.id": "text", "assets.id": "uuid"}');

-- Times: of either type, of any precision that holds these rows' fractions, and mixed.
SELECT variant('timestamptz', '{"time": "timestamptz"}');
SELECT variant('timestamp(6)', '{"time": "timestamp(6)"}');
SELECT variant('timestamptz(6)', '{"time": "timestamptz(6)"}');
SELECT variant('timestamptz of last_reused_at alone', '{"assets.last_reused_at": "timestamptz"}');
SELECT variant('timestamp of last_reused_at alone', '{"time": "timestamptz", "assets.last_reused_at": "timestamp"}');
SELECT variant('timestamptz of updated_at alone', '{"assets.updated_at": "timestamptz"}');
SELECT variant('uuid and timestamptz', '{"identifier": "uuid", "time": "timestamptz"}');

-- asset_type, reused_count and texts of other types; no constraint on platform_metadata or with one.
SELECT variant('asset_type text', '{"asset_type": "text"}');
SELECT variant('asset_type varchar', '{"asset_type": "varchar(50)"}');
CREATE DOMAIN asset_kind AS text CHECK (VALUE IN ('image', 'video'));
SELECT variant('asset_type domain over text', '{"asset_type": "asset_kind"}');
SELECT variant('platform text', '{"platform": "text"}');
SELECT variant('names text', '{"text": "text"}');
SELECT variant('reused_count bigint', '{"count": "bigint"}');
SELECT variant('reused_count smallint', '{"count": "smallint"}');
SELECT variant('figures bigint', '{"figure": "bigint"}');
SELECT variant('spend numeric', '{"spend": "numeric(12,2)"}');
SELECT variant('ctr numeric', '{"ctr": "numeric"}');
SELECT variant('platform_metadata with a check', '{"jsonb": "jsonb CHECK (platform_metadata IS NULL OR jsonb_typeof(platform_metadata) = ''object'')"}');
CREATE DOMAIN document AS jsonb CHECK (VALUE IS NULL OR jsonb_typeof(VALUE) = 'object');
CREATE DOMAIN utc_time AS timestamp;
CREATE DOMAIN zoned_time AS timestamptz(6);
CREATE DOMAIN counter AS integer CHECK (VALUE >= 0);
CREATE DOMAIN enum_kind AS campaignassettype NOT NULL;
SELECT variant('domains over everything', '{"jsonb": "document", "time": "utc_time", "count": "counter", "asset_type": "enum_kind", "identifier": "varchar_id"}');
SELECT variant('domain over timestamptz(6)', '{"time": "zoned_time"}');
-- All of it at once.
SELECT variant('uuid, timestamptz, text, bigint', '{"identifier": "uuid", "time": "timestamptz", "asset_type": "text", "platform": "text", "count": "bigint", "figure": "bigint", "text": "text"}');

-- Columns: in another order, with others before, between and behind, dropped ones before ours.
SELECT variant('columns backwards', assets_ddl => 'CREATE TABLE %1$s (%3$s)', spaces_ddl => 'CREATE TABLE %1$s (%3$s)');
SELECT variant('dropped columns before ours',
	assets_ddl => 'CREATE TABLE %1$s (gone1 int, gone2 text, gone3 jsonb, %2$s); ALTER TABLE %1$s DROP gone1, DROP gone2, DROP gone3',
	spaces_ddl => 'CREATE TABLE %1$s (gone1 int, kept int, %2$s); ALTER TABLE %1$s DROP gone1');
SELECT variant('columns of ours dropped and added anew',
	assets_ddl => 'CREATE TABLE %1$s (%2$s); ALTER TABLE %1$s DROP id, DROP reused_count, DROP deleted_at; ALTER TABLE %1$s ADD deleted_at timestamp, ADD reused_count bigint, ADD id uuid',
	spaces_ddl => 'CREATE TABLE %1$s (%2$s); ALTER TABLE %1$s DROP campaign_name; ALTER TABLE %1$s ADD campaign_name text');
SELECT variant('columns with names of ours in capitals beside ours',
	assets_ddl => 'CREATE TABLE %1$s ("ID" int, "Reused_Count" text, %2$s, "platform_metadata " text)',
	spaces_ddl => 'CREATE TABLE %1$s ("ID" int, %2$s)');
SELECT variant('a generated column and a trigger that touches the row',
	assets_ddl => 'CREATE TABLE %1$s (%2$s, twice int GENERATED ALWAYS AS (reused_count * 2) STORED);
		CREATE FUNCTION variant.touch() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END'';
		CREATE TRIGGER touch BEFORE UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION variant.touch()');

-- Names: in any schema, needing quotes, found by the search_path.
CREATE SCHEMA "Weird.Schema";
SELECT variant('names that need quotes', assets => '"Weird.Schema"."Asset""s"', spaces => '"Weird.Schema"."select"');
DROP TABLE "Weird.Schema"."Asset""s", "Weird.Schema"."select";
SELECT variant('names of 63 bytes', assets => '"Weird.Schema".' || repeat('a', 63), spaces => '"Weird.Schema".' || repeat('s', 63));
SET client_min_messages = warning;
DROP SCHEMA "Weird.Schema" CASCADE;
RESET client_min_messages;
SELECT variant('names without a schema', assets => '"my assets"', spaces => 'my_spaces');
DROP TABLE "my assets", my_spaces;
SELECT variant('temporary tables', assets => 'temp_assets', spaces => 'temp_spaces',
	assets_ddl => 'CREATE TEMPORARY TABLE %1$s (%2$s)', spaces_ddl => 'CREATE TEMPORARY TABLE %1$s (%2$s)');
DROP TABLE temp_assets, temp_spaces;

-- Partitioned by list of tenants, by hash of ids, by range of times with sub-partitions; partitions of other column orders.
SELECT variant('partitioned by tenant',
	assets_ddl => 'CREATE TABLE %1$s (%2$s, PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id);
		CREATE TABLE variant.one PARTITION OF %1$s FOR VALUES IN (''7e000000-0000-4000-8000-000000000001'');
		CREATE TABLE variant.others PARTITION OF %1$s DEFAULT');
SELECT variant('partitioned by id, uuid', '{"identifier": "uuid"}',
	assets_ddl => 'CREATE TABLE %1$s (%2$s, PRIMARY KEY (id)) PARTITION BY HASH (id);
		CREATE TABLE variant.part0 PARTITION OF %1$s FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		CREATE TABLE variant.part1 PARTITION OF %1$s FOR VALUES WITH (MODULUS 3, REMAINDER 1);
		CREATE TABLE variant.part2 PARTITION OF %1$s FOR VALUES WITH (MODULUS 3, REMAINDER 2)');
SELECT variant('partitions of other column orders',
	assets_ddl => 'CREATE TABLE %1$s (gone int, %2$s) PARTITION BY RANGE (created_at); ALTER TABLE %1$s DROP gone;
		CREATE TABLE variant.early PARTITION OF %1$s FOR VALUES FROM (MINVALUE) TO (''2026-01-02'');
		CREATE TABLE variant.late (%3$s, gone text, gone2 text) PARTITION BY LIST (tenant_id);
		ALTER TABLE variant.late DROP gone, DROP gone2;
		CREATE TABLE variant.late_one (%2$s);
		CREATE TABLE variant.late_two (%3$s);
		ALTER TABLE variant.late ATTACH PARTITION variant.late_one FOR VALUES IN (''7e000000-0000-4000-8000-000000000001'');
		ALTER TABLE variant.late ATTACH PARTITION variant.late_two DEFAULT;
		ALTER TABLE %1$s ATTACH PARTITION variant.late FOR VALUES FROM (''2026-01-02'') TO (MAXVALUE)');
-- A partition key that the update moves: the row goes to the other partition and the answer is the same.
SELECT variant('partitioned by last_reused_at',
	assets_ddl => 'CREATE TABLE %1$s (%2$s) PARTITION BY RANGE (last_reused_at);
		CREATE TABLE variant.before PARTITION OF %1$s FOR VALUES FROM (MINVALUE) TO (''2026-02-01'');
		CREATE TABLE variant.after PARTITION OF %1$s FOR VALUES FROM (''2026-02-01'') TO (MAXVALUE);
		CREATE TABLE variant.never PARTITION OF %1$s DEFAULT');

-- Views that can be updated: plain, with a barrier, over a partitioned table, with a computed column, of other names beneath.
SELECT variant('view',
	assets_ddl => 'CREATE TABLE variant.base (%2$s); CREATE VIEW %1$s AS SELECT * FROM variant.base',
	spaces_ddl => 'CREATE TABLE variant.base_spaces (%2$s); CREATE VIEW %1$s AS SELECT * FROM variant.base_spaces');
SELECT variant('view with a barrier and a check',
	assets_ddl => 'CREATE TABLE variant.base (%2$s); CREATE VIEW %1$s WITH (security_barrier) AS SELECT * FROM variant.base WHERE tenant_id > '''' WITH CHECK OPTION',
	spaces_ddl => 'CREATE TABLE variant.base_spaces (%2$s); CREATE VIEW %1$s WITH (security_barrier) AS SELECT * FROM variant.base_spaces WHERE id > ''''');
SELECT variant('view over a partitioned table',
	assets_ddl => 'CREATE TABLE variant.base (%2$s) PARTITION BY LIST (tenant_id);
		CREATE TABLE variant.one PARTITION OF variant.base FOR VALUES IN (''7e000000-0000-4000-8000-000000000001'');
		CREATE TABLE variant.others PARTITION OF variant.base DEFAULT;
		CREATE VIEW %1$s AS SELECT * FROM variant.base');
SELECT variant('view with a computed name and a column of another name beneath',
	assets_ddl => 'CREATE TABLE variant.base (%2$s); ALTER TABLE variant.base RENAME reused_count TO uses;
		CREATE VIEW %1$s AS SELECT id, campaign_space_id, tenant_id, asset_name, asset_type, file_url, thumbnail_url, impressions, clicks, conversions, spend, ctr, platform_metadata,
			uses AS reused_count, last_reused_at, created_at, updated_at, deleted_at FROM variant.base',
	spaces_ddl => 'CREATE TABLE variant.base_spaces (%2$s); CREATE VIEW %1$s AS SELECT id, tenant_id, campaign_name, platform, is_active, deleted_at FROM variant.base_spaces');

SELECT variant('view with INSTEAD OF triggers',
	assets_ddl => 'CREATE TABLE variant.base (%2$s); CREATE VIEW %1$s AS SELECT *, now() AS seen_at FROM variant.base WHERE true;
		CREATE FUNCTION variant.write() RETURNS trigger LANGUAGE plpgsql AS
		''BEGIN
			UPDATE variant.base SET reused_count = NEW.reused_count, last_reused_at = NEW.last_reused_at, updated_at = NEW.updated_at, platform_metadata = NEW.platform_metadata WHERE id = NEW.id;
			RETURN NEW;
		END'';
		CREATE TRIGGER write INSTEAD OF UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION variant.write()');

-- Each optional column missing: the same answers without its key.
SELECT variant('without ' || c, missing => ARRAY['assets.' || c])
FROM unnest('{campaign_space_id,file_url,thumbnail_url,clicks,spend,created_at,updated_at}'::text[]) c;
SELECT variant('without campaigns'' ' || c, missing => ARRAY['spaces.' || c]) FROM unnest('{platform,is_active}'::text[]) c;
-- Without ctr it is computed from clicks and impressions: the key stays.
SELECT variant('without ctr', missing => '{assets.ctr}', keys_removed => '{}');
-- Without conversions their averages and lift are null.
SELECT variant('without conversions', missing => '{assets.conversions}');
-- Without impressions there is no sample.
SELECT variant('without impressions', missing => '{assets.impressions}');
-- Without ctr and what it is computed of there is no ctr and no sample.
SELECT variant('without ctr and clicks', missing => '{assets.ctr,assets.clicks}');
-- Without the campaigns' deleted_at all are live: the deleted one is shown in history, and tracked into.
SELECT variant('without campaigns'' deleted_at', missing => '{spaces.deleted_at}');
-- Without any optional column: the sum of the above.
SELECT variant('without any optional column', missing => '{assets.campaign_space_id,assets.file_url,assets.thumbnail_url,assets.impressions,assets.clicks,assets.conversions,assets.spend,assets.ctr,assets.created_at,assets.updated_at,spaces.platform,spaces.is_active}',
	keys_removed => '{campaign_space_id,file_url,thumbnail_url,impressions,clicks,conversions,spend,at_reuse,ctr,created_at,updated_at,platform,is_active}');

--
-- Identifiers of other lengths and spellings
--
-- char(n) pads: slugs are found without their blanks, and an event's campaign is shown.  Ids of exactly the
-- length are the variant above.
CREATE TABLE padded_assets (id char(10), tenant_id char(10), asset_name char(20), asset_type text, reused_count int,
							last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
CREATE TABLE padded_spaces (id char(10), tenant_id char(10), campaign_name varchar(20));
INSERT INTO padded_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 'acme', 'Hero', 'image');
INSERT INTO padded_spaces VALUES ('summer', 'acme', 'Summer');
SET asset_reuse.assets_table = 'padded_assets';
SET asset_reuse.spaces_table = 'padded_spaces';
SELECT r->'asset'->'reused_count', r->'event'->'reused_in_name' FROM asset_reuse_track('hero', 'acme', 'summer') r;
SELECT r->'asset'->'reused_count', r->'event'->'reused_in_id' FROM asset_reuse_track('hero', 'acme', NULL, 'campaign_space', 'summer') r;
SELECT h->'total', h->'history'->0->'campaign_space'->'campaign_name', h->'history'->1->'campaign_space'->'campaign_name'
FROM asset_reuse_history('hero', 'acme') h;
-- A log that names campaigns by text that is no uuid, where ids are uuids: null for these, the campaign for the
-- others, whichever case their digits have.
CREATE TABLE typed_assets (id uuid, tenant_id uuid, asset_name text, asset_type text, reused_count int,
						   last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
CREATE TABLE typed_spaces (id uuid, tenant_id uuid, campaign_name text);
INSERT INTO typed_spaces VALUES ('5ace0000-0000-4000-8000-00000000000a', '7e000000-0000-4000-8000-000000000001', 'Summer');
INSERT INTO typed_assets VALUES ('a55e0000-0000-4000-8000-00000000000a', '7e000000-0000-4000-8000-000000000001', 'Hero', 'image', 6, NULL, '{"reuse_history": [
	{"timestamp": "2026-01-06", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ace0000-0000-4000-8000-00000000000a"}},
	{"timestamp": "2026-01-05", "context": {"reused_in_type": "campaign_space", "reused_in_id": "summer"}},
	{"timestamp": "2026-01-04", "context": {"reused_in_type": "campaign_space", "reused_in_id": ""}},
	{"timestamp": "2026-01-03", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ACE0000-0000-4000-8000-00000000000A"}},
	{"timestamp": "2026-01-02", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ace0000-0000-4000-8000-00000000000ag"}},
	{"timestamp": "2026-01-01", "context": {"reused_in_type": "campaign_space", "reused_in_id": "5ace0000-0000-4000-8000-00000000000b"}}]}', NULL);
SET asset_reuse.assets_table = 'typed_assets';
SET asset_reuse.spaces_table = 'typed_spaces';
SELECT e->'reused_in_id', e->'campaign_space'
FROM asset_reuse_history('A55E0000-0000-4000-8000-00000000000A', '7e000000-0000-4000-8000-000000000001') h, jsonb_array_elements(h->'history') e;
-- A uuid in other spellings that its type takes finds the row; the answer and the event have the usual one.
SELECT r->'asset'->'id', r->'asset'->'reused_count', r->'event'->'reused_in_id'
FROM asset_reuse_track('{A55E0000-0000-4000-8000-00000000000A}', '7e000000000040008000000000000001', '5ACE0000-0000-4000-8000-00000000000A') r;

--
-- asset_type as text: any non-empty type is known; a domain's base type decides.
--
RESET asset_reuse.assets_table;
RESET asset_reuse.spaces_table;
ALTER TABLE campaign_assets ALTER asset_type TYPE text;
SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'banner')->'overview';
SELECT error_of($$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', '') $$);
ALTER TABLE campaign_assets ALTER asset_type TYPE campaignassettype USING asset_type::campaignassettype;
SELECT error_of($$ SELECT asset_reuse_analytics('7e000000-0000-4000-8000-000000000001', 'banner') $$);

--
-- asset_reuse_check_schema()
--
\pset tuples_only off
-- The application's tables fit: a row for each column, all ok.
SELECT relation, "column", requirement, expected, found, status, hint FROM asset_reuse_check_schema();
-- What is missing and what is of a wrong type: optional, required, one of each table; all else is ok.
BEGIN;
ALTER TABLE campaign_assets DROP file_url, DROP asset_name, ALTER reused_count DROP DEFAULT, ALTER reused_count TYPE text;
ALTER TABLE campaign_spaces DROP is_active, DROP campaign_name, ALTER deleted_at TYPE text;
SELECT relation, "column", requirement, expected, found, status, hint FROM asset_reuse_check_schema() WHERE status <> 'ok';
SELECT count(*) AS ok, count(hint) AS hints, count(found) AS found FROM asset_reuse_check_schema() WHERE status = 'ok';
ROLLBACK;
-- Missing columns of which more is to be said than that answers leave them out: ctr is computed where clicks and
-- impressions are there, and is left out where they are not; campaigns' deleted_at is in no answer, all count as live.
BEGIN;
ALTER TABLE campaign_assets DROP ctr;
ALTER TABLE campaign_spaces DROP deleted_at;
SELECT relation, "column", status, hint NOT LIKE '%leave%out%' AS not_left_out FROM asset_reuse_check_schema() WHERE status <> 'ok';
ALTER TABLE campaign_assets DROP clicks;
SELECT relation, "column", status, hint LIKE '%leave%out%' AS left_out FROM asset_reuse_check_schema() WHERE "column" = 'ctr';
ROLLBACK;
-- Other types that will do: none is not ok.
BEGIN;
CREATE SCHEMA variant;
DO $$
BEGIN
	EXECUTE format('CREATE TABLE variant.assets (%s)', column_list('assets', '{"identifier": "uuid", "time": "timestamptz(3)", "asset_type": "text", "count": "bigint"}', '{}'));
	EXECUTE format('CREATE TABLE variant.spaces (%s)', column_list('spaces', '{"identifier": "uuid_id", "time": "timestamptz"}', '{}'));
END
$$;
SET LOCAL asset_reuse.assets_table = 'variant.assets';
SET LOCAL asset_reuse.spaces_table = 'variant.spaces';
SELECT relation, "column", found, status FROM asset_reuse_check_schema() WHERE status <> 'ok';
SELECT "column", found FROM asset_reuse_check_schema() WHERE relation = 'variant.assets' AND "column" IN ('id', 'last_reused_at', 'reused_count', 'asset_type');
ROLLBACK;
-- Types that will not do: wrong type, of required and of optional columns.
BEGIN;
CREATE SCHEMA variant;
DO $$
BEGIN
	EXECUTE format('CREATE TABLE variant.assets (%s)', column_list('assets', '{"assets.tenant_id": "integer", "jsonb": "json", "time": "date", "asset_type": "integer", "count": "numeric"}', '{}'));
	EXECUTE format('CREATE TABLE variant.spaces (%s)', column_list('spaces', '{"identifier": "bytea", "text": "jsonb", "boolean": "text"}', '{}'));
END
$$;
SET LOCAL asset_reuse.assets_table = 'variant.assets';
SET LOCAL asset_reuse.spaces_table = 'variant.spaces';
SELECT relation, "column", requirement, expected, found, status, hint FROM asset_reuse_check_schema() WHERE status <> 'ok';
SELECT error_of($$ SELECT asset_reuse_history('a', 'b') $$) AS history;
ROLLBACK;
-- No such table: no error, every row of it says so, those of the other are ok.
BEGIN;
SET LOCAL asset_reuse.assets_table = 'nowhere.assets';
SELECT relation, "column", requirement, expected, found, status, hint FROM asset_reuse_check_schema() WHERE status <> 'ok' ORDER BY "column" LIMIT 2;
SELECT relation, status, count(*) FROM asset_reuse_check_schema() GROUP BY 1, 2 ORDER BY 1, 2;
SET LOCAL asset_reuse.spaces_table = 'absent';
SELECT relation, status, count(*) FROM asset_reuse_check_schema() GROUP BY 1, 2 ORDER BY 1, 2;
ROLLBACK;
-- Names that need quotes are shown as they are to be written.
BEGIN;
CREATE SCHEMA "Weird.Schema";
CREATE TABLE "Weird.Schema"."Asset""s" (LIKE campaign_assets);
SET LOCAL asset_reuse.assets_table = '"Weird.Schema"."Asset""s"';
SELECT DISTINCT relation COLLATE "C" AS relation, status FROM asset_reuse_check_schema() ORDER BY 1;
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA regress_variants CASCADE;
