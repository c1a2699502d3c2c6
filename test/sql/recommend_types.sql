--
-- Recommendations where identifiers are uuids or have a collation, and times a zone: the same as
-- with the application's own types; and where optional columns are missing.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
CREATE SCHEMA regress_recommend_types;
SET search_path = regress_recommend_types, public;
\i :tables
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'Asia/Kathmandu';
SET DateStyle = ISO;
-- How fast the migration is differs.
SET client_min_messages = warning;

-- Ids are uuids' texts here, so that they can become uuids; no two assets fit equally well.
CREATE FUNCTION u(kind text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || n)::uuid::text $$;
INSERT INTO tenants VALUES (u('tenant', 1), 'T');
SELECT setseed(0.4);
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform, deleted_at)
SELECT u('campaign', c), u('tenant', 1), u('brand', c % 3), 'u', 'c', (enum_range(NULL::adplatform))[1 + c % 4], CASE c % 9 WHEN 4 THEN timestamp '2026-01-01' END FROM generate_series(1, 30) AS c;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, deleted_at)
SELECT u('asset', a), u('tenant', 1), u('campaign', 1 + a % 28), 'u', 'Asset ' || a, (ARRAY['image', 'video'])[1 + a % 2]::campaignassettype, timestamp '2023-01-01' + a * interval '1 day',
	CASE a % 13 WHEN 5 THEN timestamp '2026-01-01' END FROM generate_series(1, 120) AS a;
UPDATE campaign_assets SET reused_count = n, last_reused_at = last, platform_metadata = jsonb_build_object('reuse_history', log)
FROM (SELECT asset, count(*) AS n, max(at) AS last, jsonb_agg(jsonb_build_object('timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context',
		jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', upper(u('campaign', campaign)))) ORDER BY at) AS log
	FROM (SELECT 1 + floor(120 * power(random(), 2))::int AS asset, 1 + floor(28 * random())::int AS campaign, timestamp '2024-01-01' + random() * interval '700 days' AS at
		FROM generate_series(1, 700)) AS e GROUP BY asset) AS l WHERE id = u('asset', asset);
-- As a uuid, upper and lower case are one campaign; as a text they are not, so there the events get the ids as they are.
CREATE TABLE typed_assets AS SELECT id::uuid, tenant_id::uuid, campaign_space_id::uuid, asset_name, asset_type::text COLLATE "C" AS asset_type, reused_count::bigint,
	last_reused_at AT TIME ZONE 'UTC' AS last_reused_at, created_at AT TIME ZONE 'UTC' AS created_at, deleted_at AT TIME ZONE 'UTC' AS deleted_at, platform_metadata FROM campaign_assets;
CREATE TABLE typed_spaces AS SELECT id::uuid, tenant_id::uuid, brand_id::uuid, campaign_name, platform, deleted_at AT TIME ZONE 'UTC' AS deleted_at FROM campaign_spaces;
CREATE TABLE collated_assets AS SELECT id COLLATE "C" AS id, tenant_id COLLATE "C" AS tenant_id, campaign_space_id COLLATE "POSIX" AS campaign_space_id, asset_name, asset_type, reused_count,
	last_reused_at, created_at, deleted_at, platform_metadata FROM campaign_assets;
CREATE TABLE collated_spaces AS SELECT id COLLATE "POSIX" AS id, tenant_id COLLATE "C" AS tenant_id, brand_id COLLATE "C" AS brand_id, campaign_name, platform, deleted_at FROM campaign_spaces;
UPDATE campaign_assets SET platform_metadata = lower(platform_metadata::text)::jsonb;
-- In lower case the T of the times is another letter.
UPDATE campaign_assets SET platform_metadata = regexp_replace(platform_metadata::text, '([0-9])t([0-9])', '\1T\2', 'g')::jsonb;
UPDATE collated_assets AS c SET platform_metadata = a.platform_metadata FROM campaign_assets AS a WHERE a.id = c.id;
ALTER TABLE typed_assets ADD PRIMARY KEY (id);
ALTER TABLE collated_assets ADD PRIMARY KEY (id);
-- What is asked: a campaign of each kind, one that has nothing, and none; by the name of the tables.
CREATE FUNCTION answers() RETURNS TABLE (target int, n bigint, asset_name text, fit numeric, source text, campaigns bigint, because int, reused_count bigint, last_reused_at timestamptz) LANGUAGE sql AS $$
	SELECT t, row_number() OVER (PARTITION BY t ORDER BY ordinality), asset_name, round(fit::numeric, 4), source, campaigns, cardinality(because), reused_count, last_reused_at
	FROM unnest('{3,17,29,NULL}'::int[]) AS t,
		LATERAL asset_reuse_recommendations(u('tenant', 1), u('campaign', t), CASE t WHEN 17 THEN 'video' END, 15, as_of => '2025-10-01Z') WITH ORDINALITY
$$;
CREATE FUNCTION typed_answers() RETURNS TABLE (target int, n bigint, asset_name text, fit numeric, source text, campaigns bigint, because int, reused_count bigint, last_reused_at timestamptz) LANGUAGE sql AS $$
	SELECT t, row_number() OVER (PARTITION BY t ORDER BY ordinality), asset_name, round(fit::numeric, 4), source, campaigns, cardinality(because), reused_count, last_reused_at
	FROM unnest('{3,17,29,NULL}'::int[]) AS t,
		LATERAL asset_reuse_recommendations(u('tenant', 1)::uuid, u('campaign', t)::uuid, CASE t WHEN 17 THEN 'video' END, 15, as_of => '2025-10-01Z') WITH ORDINALITY
$$;
CREATE TABLE told AS SELECT * FROM answers();
CREATE TABLE judged AS SELECT * FROM asset_reuse_recommend_evaluate(u('tenant', 1), '2024-01-20Z');
SELECT target, source, count(*) FROM told GROUP BY 1, 2 ORDER BY 1, 2;
SELECT method, campaigns > 0 AS some FROM judged;
CREATE FUNCTION differences() RETURNS TABLE (what text) LANGUAGE sql AS $$
	SELECT d::text FROM (SELECT * FROM answers() EXCEPT TABLE told) AS d
	UNION ALL SELECT d::text FROM (SELECT * FROM typed_answers() EXCEPT TABLE told) AS d
	UNION ALL SELECT d::text FROM (SELECT * FROM asset_reuse_recommend_evaluate(u('tenant', 1), '2024-01-20Z') EXCEPT TABLE judged) AS d
$$;
SELECT * FROM differences();
-- uuids and times with a zone; a collation: in documents, in both places, and in the table.
SET asset_reuse.history_table = 'regress_recommend_types.typed_history';
SET asset_reuse.assets_table = 'regress_recommend_types.typed_assets';
SET asset_reuse.spaces_table = 'regress_recommend_types.typed_spaces';
SELECT * FROM differences();
-- A campaign without an id is none.
INSERT INTO typed_spaces (tenant_id, brand_id) SELECT u('tenant', 1)::uuid, u('brand', b)::uuid FROM generate_series(0, 2) AS b;
SELECT * FROM differences();
SELECT asset_reuse_create_history_table();
SELECT * FROM differences();
CALL asset_reuse_migrate_history();
SELECT count(*) FROM typed_history;
SELECT * FROM differences();
-- The same, with campaigns' uuids that assets name as texts, in three spellings.
SET asset_reuse.history_table = 'regress_recommend_types.mixed_history';
SET asset_reuse.assets_table = 'regress_recommend_types.mixed_assets';
CREATE TABLE mixed_assets AS SELECT t.*, (ARRAY[upper(c.campaign_space_id), replace(c.campaign_space_id, '-', ''), '{' || c.campaign_space_id || '}'])[1 + ascii(right(c.id, 1)) % 3] AS campaign_space_id
FROM (SELECT id, tenant_id, asset_name, asset_type, reused_count, last_reused_at, created_at, deleted_at FROM typed_assets) AS t JOIN campaign_assets AS c ON c.id = t.id::text;
ALTER TABLE mixed_assets ADD PRIMARY KEY (id), ADD platform_metadata jsonb;
UPDATE mixed_assets AS m SET platform_metadata = c.platform_metadata FROM collated_assets AS c WHERE c.id = m.id::text;
SELECT * FROM differences();
SELECT asset_reuse_create_history_table();
SELECT * FROM differences();
CALL asset_reuse_migrate_history();
SELECT * FROM differences();
SET asset_reuse.history_table = 'regress_recommend_types.collated_history';
SET asset_reuse.assets_table = 'regress_recommend_types.collated_assets';
SET asset_reuse.spaces_table = 'regress_recommend_types.collated_spaces';
SELECT * FROM differences();
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
SELECT * FROM differences();
-- Without optional columns: no origin, and nothing in common but events; by month as well.
SET asset_reuse.assets_table = 'regress_recommend_types.bare_assets';
SET asset_reuse.spaces_table = 'regress_recommend_types.bare_spaces';
SET asset_reuse.history_table = 'regress_recommend_types.bare_history';
CREATE TABLE bare_assets AS SELECT id, tenant_id, asset_name, asset_type, reused_count, last_reused_at, deleted_at, platform_metadata FROM campaign_assets;
CREATE TABLE bare_spaces AS SELECT id, tenant_id, campaign_name FROM campaign_spaces;
ALTER TABLE bare_assets ADD PRIMARY KEY (id);
CREATE TABLE bare AS SELECT * FROM answers();
SELECT target, source, count(*) FROM bare GROUP BY 1, 2 ORDER BY 1, 2;
SELECT asset_reuse_recommend(u('tenant', 1), u('campaign', 3), row_limit => 1, order_by => 'expected', explore => 1) #> '{items,0}' ?& '{id,fit,label,source,because}' AS expected;
SELECT asset_reuse_create_history_table('month');
CALL asset_reuse_migrate_history();
SELECT * FROM answers() EXCEPT TABLE bare;
SELECT count(*) FROM asset_reuse_recommend_evaluate(u('tenant', 1), '2024-01-20Z');
DROP SCHEMA regress_recommend_types CASCADE;
