--
-- Insights: the two published tenants to six digits; then case by case what counts and what
-- does not, verdicts and their sentences, degenerate tenants, the filter, columns of other
-- types, and that neither the order of rows nor parallel workers change a digit.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS insights CASCADE;
CREATE SCHEMA insights;
SET search_path = insights, public;
RESET client_min_messages;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set vectors :abs_srcdir '/fixtures/insight_vectors.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :helpers
\o /dev/null
\i :vectors
\o
\set ECHO all
\pset format unaligned
\pset null (null)

-- What a comparison comes to, on a line.
CREATE FUNCTION brief(metric jsonb, OUT assets text, OUT ratio text, OUT "interval" text, OUT df text, OUT verdict text, OUT sentence text)
LANGUAGE sql AS $$
	SELECT concat(metric #>> '{reused,assets}', ' and ', metric #>> '{non_reused,assets}'), metric ->> 'ratio', metric ->> 'interval',
		metric ->> 'degrees_of_freedom', metric ->> 'verdict', metric ->> 'sentence'
$$;
-- A number with six digits.
CREATE FUNCTION six(value numeric) RETURNS numeric LANGUAGE sql AS $$
	SELECT trim_scale(round(value, 5 - floor(log(value))::int))
$$;

--
-- The published vectors
--

SELECT jsonb_pretty(asset_reuse_insights('tv1') #- '{by_asset_type}' #- '{conversions_per_click}') AS tv1;
SELECT jsonb_pretty(asset_reuse_insights('tv2') -> 'ctr') AS ctr;
SELECT jsonb_pretty(asset_reuse_insights('tv2') -> 'conversions_per_click') AS conversions_per_click;

-- What the specification says, to six digits: no rows.
CREATE FUNCTION published(OUT tenant text, OUT path text[], OUT value numeric) RETURNS SETOF record LANGUAGE sql AS $$
	VALUES ('tv1', '{ctr,ratio}'::text[], .841155497), ('tv1', '{ctr,interval,0}', .65275172), ('tv1', '{ctr,interval,1}', 1.08393826),
		('tv1', '{ctr,degrees_of_freedom}', 4.12951567), ('tv1', '{ctr,crude_ratio}', 1.798649), ('tv1', '{ctr,spread_cv}', sqrt(.30424483)),
		('tv2', '{ctr,non_reused,standardized}', .02052637), ('tv2', '{ctr,reused,standardized}', .02253217),
		('tv2', '{ctr,ratio}', 1.09771796), ('tv2', '{ctr,interval,0}', 1.03406436), ('tv2', '{ctr,interval,1}', 1.16528986),
		('tv2', '{ctr,degrees_of_freedom}', 92.505606), ('tv2', '{ctr,spread_cv}', sqrt(.05948660)),
		('tv2', '{ctr,non_reused,pooled}', .02201741), ('tv2', '{ctr,reused,pooled}', .02752938),
		('tv2', '{by_asset_type,image,ctr,ratio}', 1.22988977),
		('tv2', '{by_asset_type,image,ctr,interval,0}', 1.05776389), ('tv2', '{by_asset_type,image,ctr,interval,1}', 1.43002504),
		('tv2', '{by_asset_type,video,ctr,ratio}', 1.05858244),
		('tv2', '{by_asset_type,video,ctr,interval,0}', .98806164), ('tv2', '{by_asset_type,video,ctr,interval,1}', 1.13413651),
		('tv2', '{by_asset_type,ad_copy,ctr,ratio}', 1.02186334),
		('tv2', '{by_asset_type,ad_copy,ctr,interval,0}', .85628239), ('tv2', '{by_asset_type,ad_copy,ctr,interval,1}', 1.21946300),
		('tv2', '{conversions_per_click,ratio}', 1.02536633), ('tv2', '{conversions_per_click,spread_cv}', sqrt(.11815452)),
		('tv2', '{conversions_per_click,interval,0}', .92467749), ('tv2', '{conversions_per_click,interval,1}', 1.13701926),
		('tv2', '{conversions_per_click,degrees_of_freedom}', 125.945516)
$$;
SELECT tenant, path, value, asset_reuse_insights(tenant) #>> path AS answer FROM published()
WHERE six(value) IS DISTINCT FROM (asset_reuse_insights(tenant) #>> path)::numeric;

SELECT type, metric, trim_scale(round((answer ->> 'confidence')::numeric, 6)) AS confidence, b.*
FROM jsonb_each(asset_reuse_insights('tv2') -> 'by_asset_type') AS t (type, answer),
	unnest(ARRAY['ctr', 'conversions_per_click']) AS metric, brief(answer -> metric) AS b ORDER BY metric DESC, type;
-- A type without a reused asset is none that can be compared.
SELECT type, b.* FROM jsonb_each(asset_reuse_insights('tv1') -> 'by_asset_type') AS t (type, answer), brief(answer -> 'ctr') AS b ORDER BY type;
-- Assets' rates, shrunken, and as an array: the vectors' .0416173, .0187646, .0160334 and .0579850.
CREATE FUNCTION shrunken(tenant text, asset text) RETURNS float8[] LANGUAGE sql AS $$
	SELECT asset_reuse_insight_asset((SELECT asset_reuse_insight(true, asset_type, campaign_space_id, pairs, a.created_at, reused_count, impressions, clicks, conversions)
			FROM campaign_assets AS a, (SELECT array_agg(ARRAY[id, platform::text]) FROM campaign_spaces) AS s (pairs) WHERE a.tenant_id = tenant),
		0.95, asset_type, platform::text, a.created_at, impressions, clicks)
	FROM campaign_assets AS a JOIN campaign_spaces AS s ON s.id = campaign_space_id WHERE a.id = asset
$$;
SELECT asset, (SELECT array_agg(trim_scale(round(value::numeric, 7)) ORDER BY n) FROM unnest(rates) WITH ORDINALITY AS r (value, n)) AS rates
FROM (VALUES ('tv2', 'tv2-1'), ('tv2', 'tv2-2'), ('tv2', 'tv2-3'), ('tv1', 'tv1-ad_copy-google_ads-0-2')) AS v (tenant, asset),
	shrunken(tenant, asset) AS rates;

--
-- What counts
--

-- An asset of each kind: counted once each as the first that fits, and left out of what it has no numbers for.
SELECT add_tenants('edge', 'ghost');
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, asset_type, reused_count, impressions, clicks, conversions)
SELECT 'edge ' || what, 'edge', 'edge-meta', 'image', reused_count, impressions, clicks, conversions FROM (VALUES
	('good', NULL, 1000, 20, 2), ('no clicks', 0, 1000, 0, 0), ('more conversions than clicks', -1, 1000, 2, 5),
	('no conversions known', 0, 1000, 20, NULL), ('no impressions known', 0, NULL, 20, 2), ('no clicks known', 0, 1000, NULL, 2),
	('nothing known', 0, NULL, NULL, NULL), ('no traffic', 0, 0, 0, 0), ('conversions without traffic', 0, 0, 0, 1),
	('negative impressions', 0, -1, 0, 0), ('negative clicks', 0, 1000, -1, 0), ('negative conversions', 0, 1000, 20, -2),
	('more clicks than impressions', 0, 10, 20, 2), ('negative and missing', 0, -1, NULL, NULL))
	AS v (what, reused_count, impressions, clicks, conversions);
CREATE FUNCTION counted(asset text, OUT quality jsonb, OUT ctr jsonb, OUT conversions_per_click jsonb) LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	UPDATE campaign_assets SET tenant_id = 'ghost' WHERE id = asset;
	answer := asset_reuse_insights('ghost');
	quality := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(answer -> 'data_quality') WHERE value <> '0');
	ctr := (answer #> '{ctr,non_reused}') - '{pooled,standardized}'::text[];
	conversions_per_click := (answer #> '{conversions_per_click,non_reused}') - '{pooled,standardized}'::text[];
	UPDATE campaign_assets SET tenant_id = 'edge' WHERE id = asset;
END
$$;
SELECT id, c.* FROM (SELECT id FROM campaign_assets WHERE tenant_id = 'edge' ORDER BY id COLLATE "C") AS a, counted(id) AS c;
SELECT asset_reuse_insights('edge') -> 'data_quality' AS quality;

-- Other tenants' assets never count, nor deleted ones; another tenant's campaign has no platform.
CREATE TABLE told AS SELECT asset_reuse_insights('tv2') AS answer;
SELECT add_tenants('deleted');
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, asset_type, created_at, reused_count, impressions, clicks, deleted_at)
	SELECT 'deleted-' || id, tenant_id, campaign_space_id, asset_type, created_at, 1, 1000, 1000, now() FROM campaign_assets WHERE tenant_id = 'tv2';
UPDATE campaign_assets SET tenant_id = 'deleted', clicks = impressions WHERE tenant_id = 'tv1';
SELECT asset_reuse_insights('tv2') = answer AS same FROM told;
-- All of tv1's platforms are null now: image, video and ad_copy are three strata, as they were.
SELECT b.ratio, asset_reuse_insights('deleted') #>> '{ctr,compared_share}' AS compared FROM brief(asset_reuse_insights('deleted') -> 'ctr') AS b;
UPDATE campaign_assets SET asset_type = 'image' WHERE tenant_id = 'deleted';
SELECT b.ratio, asset_reuse_insights('deleted') #>> '{ctr,compared_share}' AS compared FROM brief(asset_reuse_insights('deleted') -> 'ctr') AS b;
-- A campaign that was deleted still has a platform.
UPDATE campaign_spaces SET deleted_at = now() WHERE tenant_id = 'tv2';
SELECT asset_reuse_insights('tv2') = answer AS same FROM told;

--
-- Verdicts, and tenants of which little can be said
--

-- Two strata of twelve assets in each arm; reused ones get this many times the clicks.
SELECT add_tenants('higher', 'lower', 'similar', 'inconclusive', 'few clicks', 'few assets', 'few others', 'one giant');
CREATE FUNCTION add_arms(tenant text, times float8, impressions int, clicks int) RETURNS void LANGUAGE sql AS $$
	SELECT add_assets(tenant, 'image', platform, reused, string_agg(format('%s/%s', impressions * (1 + n % 3),
		round(clicks * (1 + n % 3) * (0.9 + 0.02 * (n * 5 % 11)) * CASE reused WHEN 1 THEN times ELSE 1 END)), ', '))
	FROM generate_series(1, 12) AS n, unnest('{meta,tiktok}'::adplatform[]) AS platform, generate_series(0, 1) AS reused
	GROUP BY platform, reused
$$;
SELECT add_arms('higher', 1.3, 10000, 200), add_arms('lower', 0.75, 10000, 200), add_arms('similar', 1.01, 10000, 1000),
	add_arms('inconclusive', 1.06, 10000, 200), add_arms('few clicks', 1, 100, 0.6::int), add_arms('one giant', 1, 10000, 200)\g /dev/null
UPDATE campaign_assets SET clicks = 1 WHERE tenant_id = 'few clicks';
UPDATE campaign_assets SET reused_count = 0 WHERE id IN (SELECT 'higher-image-meta-1-' || n FROM generate_series(1, 3) AS n);
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, asset_type, created_at, reused_count, impressions, clicks)
	SELECT concat(tenant, ' ', id), tenant, tenant || '-meta', asset_type, created_at, reused_count, impressions, clicks
	FROM campaign_assets, unnest('{few assets,few others}'::text[]) AS tenant
	WHERE campaign_space_id = 'similar-meta' AND (reused_count = 1) = (tenant = 'few others')
	UNION ALL SELECT concat(tenant, ' ', id), tenant, tenant || '-meta', asset_type, created_at, reused_count, impressions, clicks
	FROM campaign_assets, unnest('{few assets,few others}'::text[]) AS tenant
	WHERE campaign_space_id = 'similar-meta' AND (reused_count = 0) = (tenant = 'few others') AND right(id, 1) < '7';
-- All but a few impressions are one asset's, in each arm.
DELETE FROM campaign_assets WHERE campaign_space_id IN ('one giant-tiktok', 'inconclusive-tiktok');
UPDATE campaign_assets SET impressions = 1, clicks = 0 WHERE tenant_id = 'one giant' AND id !~ '-1$';
SELECT tenant, b.* FROM unnest('{higher,lower,similar,inconclusive,few clicks,few assets,few others,one giant}'::text[]) AS tenant,
	brief(asset_reuse_insights(tenant) -> 'ctr') AS b;
-- The same numbers as conversions of clicks.
UPDATE campaign_assets SET conversions = clicks, clicks = impressions, impressions = 1000000 WHERE tenant_id IN ('higher', 'few clicks', 'lower');
SELECT tenant, b.* FROM unnest('{higher,few clicks,lower}'::text[]) AS tenant, brief(asset_reuse_insights(tenant) -> 'conversions_per_click') AS b;
-- With one type there is nothing to correct for.
SELECT sentence FROM brief(asset_reuse_insights('higher', 'image') -> 'conversions_per_click');
-- A reversal the other way round; within a type; and with enough assets.
SELECT add_tenants('reversed');
SELECT add_assets('reversed', 'ad_copy', platform, reused, string_agg(format('%s/%s', impressions + n % 5, round(impressions * rate * (0.9 + 0.02 * (n % 11)))), ', '))
FROM (VALUES ('meta'::adplatform, 0, 12, 3000, 0.02), ('meta', 1, 60, 3000, 0.024), ('tiktok', 0, 60, 3000, 0.06), ('tiktok', 1, 12, 3000, 0.072))
	AS v (platform, reused, assets, impressions, rate), generate_series(1, assets) AS n GROUP BY platform, reused\g /dev/null
SELECT answer -> 'reversal' AS reversal, answer -> 'crude_ratio' AS crude, b.* FROM
	(VALUES (asset_reuse_insights('reversed') -> 'ctr'), (asset_reuse_insights('reversed') #> '{by_asset_type,ad_copy,ctr}')) AS a (answer), brief(answer) AS b;

-- No assets at all: nulls, but for counts.
SELECT asset_reuse_insights('nobody');
SELECT asset_reuse_insights('nobody') - 'filters' = asset_reuse_insights('nobody', 'video', 0.9) - 'filters' AS same;

-- One asset; all in one arm; strata that have one arm each; no clicks at all; no clicks in an arm; assets that are all alike.
SELECT add_tenants('one', 'one arm', 'apart', 'no clicks', 'no clicks reused', 'no clicks others', 'alike');
SELECT add_assets('one', 'image', 'meta', 1, '1000/20'), add_assets('one arm', 'image', 'meta', 0, '1000/20, 2000/50, 500/9'),
	add_assets('apart', 'image', 'meta', 0, '1000/20, 2000/50'), add_assets('apart', 'image', 'tiktok', 2, '1000/20, 2000/50'),
	add_assets('no clicks', 'image', 'meta', 0, '1000/0, 2000/0'), add_assets('no clicks', 'image', 'meta', 1, '1000/0, 2000/0'),
	add_assets('no clicks reused', 'image', 'meta', 0, '1000/20, 2000/50, 700/3'), add_assets('no clicks reused', 'image', 'meta', 1, '1000/0, 2000/0, 70/0'),
	add_assets('no clicks others', 'image', 'meta', 1, '1000/20, 2000/50, 700/3'), add_assets('no clicks others', 'image', 'meta', 0, '1000/0, 2000/0, 70/0'),
	add_assets('alike', 'image', 'meta', 1, string_agg('1000/20', ', ')), add_assets('alike', 'image', 'meta', 0, string_agg('1000/20', ', '))
	FROM generate_series(1, 40)\g /dev/null
SELECT tenant, b.*, a.answer -> 'crude_ratio' AS crude, a.answer -> 'spread_cv' AS spread, a.answer -> 'compared_share' AS compared, a.answer -> 'e_value' AS e_value
FROM unnest('{one,one arm,apart,no clicks,no clicks reused,no clicks others,alike}'::text[]) AS tenant,
	LATERAL (SELECT asset_reuse_insights(tenant) -> 'ctr') AS a (answer), brief(answer) AS b;
-- Alike in true rate is not alike in clicks: what chance alone makes of it.
SELECT shrunken('alike', 'alike-image-meta-1-1');

--
-- Confidence and the filter
--

SELECT asset_reuse_insights('tv2', confidence => 0.5) #>> '{ctr,interval}' AS half, asset_reuse_insights('tv2', confidence => 0.999) #>> '{ctr,interval}' AS nearly_all,
	asset_reuse_insights('tv2', confidence => NULL) = asset_reuse_insights('tv2') AS default_again;
SELECT confidence, error_of(format('SELECT asset_reuse_insights(''tv2'', confidence => %L)', confidence))
FROM unnest('{0.49999,0.9991,1,0,-1,95,NaN,Infinity}'::float8[]) AS confidence;
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT error_of('SELECT asset_reuse_insights(NULL)') AS no_tenant, error_of($$SELECT asset_reuse_insights('tv2', 'banner')$$) AS no_type,
	error_of($$SELECT asset_reuse_insights('tv2', '')$$) AS empty_type;
\set VERBOSITY default
-- At a type's own confidence the filter says what by_asset_type says, but for the words "after correction": t for each.
SELECT tenant, type, metric, (answer -> metric) - 'sentence' = (asset_reuse_insights(tenant, type, (answer ->> 'confidence')::float8) -> metric) - 'sentence' AS same,
	asset_reuse_insights(tenant, type, (answer ->> 'confidence')::float8) -> 'by_asset_type' -> type ->> 'confidence' AS alone_at
FROM unnest('{tv2,higher}'::text[]) AS tenant, jsonb_each(asset_reuse_insights(tenant) -> 'by_asset_type') AS t (type, answer),
	unnest('{ctr,conversions_per_click}'::text[]) AS metric ORDER BY tenant, type, metric;
SELECT asset_reuse_insights('edge', 'video') -> 'data_quality' AS no_video, asset_reuse_insights('edge', 'image') -> 'data_quality' AS images,
	asset_reuse_insights('edge', 'image') -> 'filters' AS filters;

--
-- Neither the order of rows nor workers change a digit
--

CREATE TABLE answers AS SELECT id AS tenant, asset_reuse_insights(id) AS answer FROM tenants;
CREATE TABLE shuffled (LIKE campaign_assets);
INSERT INTO shuffled SELECT * FROM campaign_assets ORDER BY md5(id);
SET asset_reuse.assets_table = 'insights.shuffled';
SELECT count(*) AS tenants, count(*) FILTER (WHERE asset_reuse_insights(tenant) <> answer) AS differ FROM answers;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3;
ALTER TABLE shuffled SET (parallel_workers = 3);
ANALYZE shuffled, campaign_spaces;
SELECT count(*) AS tenants, count(*) FILTER (WHERE asset_reuse_insights(tenant) <> answer) AS differ FROM answers WHERE tenant IN ('tv2', 'edge', 'deleted');
-- Merged from the parts of a table.
CREATE TABLE parted (LIKE campaign_assets) PARTITION BY HASH (id);
SELECT format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES WITH (MODULUS 7, REMAINDER %s)', n, n) FROM generate_series(0, 6) AS n \gexec
INSERT INTO parted SELECT * FROM campaign_assets;
ANALYZE parted;
SET asset_reuse.assets_table = 'insights.parted';
SELECT count(*) AS tenants, count(*) FILTER (WHERE asset_reuse_insights(tenant) <> answer) AS differ FROM answers WHERE tenant IN ('tv2', 'edge', 'deleted');
RESET asset_reuse.assets_table;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

--
-- Columns of other types, and without some
--

-- Typed ids, times with a zone, numbers of all types, platforms and types as text; campaigns' ids of another type than assets'.
CREATE TABLE spaces_2 AS SELECT md5(id)::uuid AS id, md5(tenant_id)::uuid AS tenant_id, campaign_name, platform::text AS platform FROM campaign_spaces;
CREATE TABLE assets_2 AS SELECT id, md5(tenant_id)::uuid AS tenant_id, md5(campaign_space_id)::uuid AS campaign_space_id, asset_name, asset_type::text AS asset_type,
	created_at AT TIME ZONE 'UTC' AS created_at, deleted_at, reused_count::smallint AS reused_count, last_reused_at, impressions::numeric AS impressions,
	clicks::bigint AS clicks, conversions::float4 AS conversions, platform_metadata FROM campaign_assets;
SET asset_reuse.assets_table = 'insights.assets_2';
SET asset_reuse.spaces_table = 'insights.spaces_2';
SELECT count(*) AS tenants, count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer OR asset_reuse_insights(md5(tenant)::uuid::text) <> answer) AS differ FROM answers;
ALTER TABLE assets_2 ALTER campaign_space_id TYPE text;
SELECT count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer) AS differ FROM answers;
ALTER TABLE spaces_2 ALTER id TYPE char(40);
SELECT count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer) AS differ FROM answers;
ALTER TABLE assets_2 ALTER campaign_space_id TYPE uuid USING campaign_space_id::uuid, ALTER asset_type TYPE char(20), ALTER clicks TYPE float8;
ALTER TABLE spaces_2 ALTER platform TYPE name;
SELECT count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer) AS differ FROM answers;
-- Ids that are equal by the collation of the campaigns', or are not.
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
ALTER TABLE spaces_2 ALTER id TYPE text COLLATE any_case;
ALTER TABLE assets_2 ALTER campaign_space_id TYPE text USING upper(campaign_space_id::text);
SELECT count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer) AS differ FROM answers;
ALTER TABLE spaces_2 ALTER id TYPE text COLLATE "C";
SELECT count(*) FILTER (WHERE asset_reuse_insights(md5(tenant)::uuid) <> answer) > 0 AS differ FROM answers;
-- An id that is no uuid is no campaign's, and so without a platform: that one asset is alone.
ALTER TABLE spaces_2 ALTER id TYPE uuid USING trim(id)::uuid;
ALTER TABLE assets_2 ALTER campaign_space_id TYPE text;
UPDATE assets_2 SET campaign_space_id = 'somewhere' WHERE id = 'tv2-1';
SELECT asset_reuse_insights(md5('tv2')) #> '{ctr,compared_share}' AS compared;
UPDATE assets_2 SET campaign_space_id = md5('tv2-meta') WHERE id = 'tv2-1';
-- A platform of null is a platform, and not an empty one; a type of null is a type, but in no list.
UPDATE spaces_2 SET platform = CASE WHEN platform = 'meta' THEN '' END;
SELECT asset_reuse_insights(md5('tv2')) #> '{ctr,ratio}' AS ratio, answer #> '{ctr,ratio}' AS as_before FROM answers WHERE tenant = 'tv2';
UPDATE assets_2 SET asset_type = NULL WHERE asset_type = 'image';
SELECT asset_reuse_insights(md5('tv2')) #> '{ctr,ratio}' AS ratio, key FROM jsonb_object_keys(asset_reuse_insights(md5('tv2')) -> 'by_asset_type') AS key;

-- Conversions in parts, to thousandths; impressions to whole ones; NaN is missing, infinity inconsistent, and so is more than 10^12.
RESET asset_reuse.spaces_table;
CREATE TABLE assets_3 AS SELECT n::text AS id, 't' AS tenant_id, 'x'::text AS asset_name, 'x'::text AS asset_type, n % 2 AS reused_count, now() AS last_reused_at,
	'{}'::jsonb AS platform_metadata, NULL::timestamp AS deleted_at, 1000.4::numeric AS impressions, 100.25::numeric AS clicks, 0.3335::numeric AS conversions
	FROM generate_series(1, 3) AS n;
SET asset_reuse.assets_table = 'insights.assets_3';
SELECT asset_reuse_insights('t') -> 'conversions_per_click' -> 'reused' AS conversions, asset_reuse_insights('t') -> 'ctr' -> 'reused' AS ctr;
UPDATE assets_3 SET impressions = 'NaN' WHERE id = '1';
UPDATE assets_3 SET conversions = 'Infinity' WHERE id = '2';
UPDATE assets_3 SET impressions = 1000000000001, clicks = 1000000000000, conversions = 1000000000000 WHERE id = '3';
SELECT asset_reuse_insights('t') -> 'data_quality' AS quality, asset_reuse_insights('t') #> '{conversions_per_click,reused,conversions}' AS conversions;
-- Sums of squares beyond 64 bits.
UPDATE assets_3 SET impressions = 1e12, clicks = 1e12 - reused_count * 1e11, conversions = 5e11;
INSERT INTO assets_3 SELECT 'more' || n || id, tenant_id, asset_name, asset_type, reused_count, last_reused_at, platform_metadata, deleted_at, impressions, clicks, conversions
	FROM assets_3, generate_series(1, 2000) AS n WHERE id IN ('1', '2');
SELECT asset_reuse_insights('t') #> '{ctr,reused}' AS reused, b.ratio FROM brief(asset_reuse_insights('t') -> 'ctr') AS b;

-- Without optional columns: numbers are missing, and what a stratum is made of is null.
ALTER TABLE assets_3 DROP conversions;
SELECT asset_reuse_insights('t') -> 'data_quality' AS quality, asset_reuse_insights('t') #> '{ctr,reused,assets}' AS reused, asset_reuse_insights('t') -> 'conversions_per_click' AS conversions_per_click;
SET asset_reuse.spaces_table = 'insights.nowhere';
SELECT asset_reuse_insights('t') #> '{ctr,reused,assets}' AS reused;
ALTER TABLE assets_3 ADD campaign_space_id text;
SELECT error_of($$SELECT asset_reuse_insights('t')$$) AS no_campaigns;
RESET asset_reuse.spaces_table;
SELECT asset_reuse_insights('t') #> '{ctr,reused,assets}' AS reused;
ALTER TABLE assets_3 DROP clicks;
SELECT asset_reuse_insights('t') -> 'data_quality' AS quality, asset_reuse_insights('t') #> '{ctr,verdict}' AS verdict;

-- Years begin with their first microsecond, whatever row came before, and far ones are years, too; infinity and null are one without a year.
CREATE TABLE assets_5 AS SELECT n::text AS id, 't'::text AS tenant_id, 'x'::text AS asset_name, 'x'::text AS asset_type, n AS reused_count, NULL::timestamp AS created_at, now() AS last_reused_at,
	'{}'::jsonb AS platform_metadata, NULL::timestamp AS deleted_at, 1000 AS impressions, 10 AS clicks FROM generate_series(0, 1) AS n;
CREATE FUNCTION compared(one timestamp, other timestamp, OUT one_way jsonb, OUT other_way jsonb) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE assets_5 SET created_at = CASE reused_count WHEN 0 THEN one ELSE other END;
	one_way := asset_reuse_insights('t') #> '{ctr,compared_share}';
	UPDATE assets_5 SET created_at = CASE reused_count WHEN 0 THEN other ELSE one END;
	other_way := asset_reuse_insights('t') #> '{ctr,compared_share}';
END
$$;
SET asset_reuse.assets_table = 'insights.assets_5';
SELECT one, other, c.* FROM (VALUES ('2023-12-31 23:59:59.999999'::timestamp, '2024-01-01'::timestamp), ('2024-01-01', '2024-12-31 23:59:59.999999'), ('1999-12-31', '2000-01-01'),
	('294276-01-01', '294276-12-31 23:59:59.999999'), ('4713-11-25 BC', '4713-12-31 BC'), ('0001-12-31 BC', '0001-01-01'), ('infinity', NULL), ('-infinity', 'infinity'), (NULL, '2000-01-01'))
	AS v (one, other), compared(one, other) AS c;

-- Types of text by the thousand: with more than 1,000 that have reused assets, those are told that something can be said of.
CREATE TABLE assets_4 AS SELECT concat_ws('-', type, n) AS id, 't'::text AS tenant_id, 'x'::text AS asset_name, 'type ' || type AS asset_type, n % 2 AS reused_count, now() AS last_reused_at,
	'{}'::jsonb AS platform_metadata, NULL::timestamp AS deleted_at, 1000 + n AS impressions, 10 + (type + n) % 7 AS clicks, 1 AS conversions
	FROM generate_series(1, 1000) AS type, generate_series(1, CASE WHEN type % 100 = 0 THEN 40 ELSE 2 END) AS n;
SET asset_reuse.assets_table = 'insights.assets_4';
SELECT count(*) AS types, count(*) FILTER (WHERE answer -> 'ctr' ->> 'verdict' <> 'insufficient') AS evident, min((answer ->> 'confidence')::numeric) AS confidence
FROM jsonb_each(asset_reuse_insights('t') -> 'by_asset_type') AS t (type, answer);
INSERT INTO assets_4 SELECT 'one more', tenant_id, asset_name, 'one more', 1, last_reused_at, platform_metadata, deleted_at, impressions, clicks, conversions FROM assets_4 LIMIT 1;
SELECT count(*) AS types, count(*) FILTER (WHERE answer -> 'ctr' ->> 'verdict' <> 'insufficient') AS evident, min((answer ->> 'confidence')::numeric) AS confidence
FROM jsonb_each(asset_reuse_insights('t') -> 'by_asset_type') AS t (type, answer);
RESET asset_reuse.assets_table;

--
-- A type for each of very many assets: a tenth of a million, since a million take a minute on a busy machine
--

CREATE TABLE assets_6 AS SELECT n::text AS id, 't'::text AS tenant_id, 'x'::text AS asset_name, 'type ' || n AS asset_type, n % 2 AS reused_count, now() AS last_reused_at,
	'{}'::jsonb AS platform_metadata, NULL::timestamp AS deleted_at, 1000 + n % 1000 AS impressions, 10 + n % 7 AS clicks, 1 AS conversions
	FROM generate_series(1, 100000) AS n;
SET asset_reuse.assets_table = 'insights.assets_6';
SELECT answer #> '{ctr,reused,assets}' AS reused, answer #> '{ctr,non_reused,assets}' AS others, answer #> '{ctr,compared_share}' AS compared, answer #> '{ctr,sentence}' AS sentence,
	answer -> 'by_asset_type' AS types FROM asset_reuse_insights('t') AS answer;
RESET asset_reuse.assets_table;
DROP TABLE assets_6;

--
-- The aggregate and the rates, called by anybody
--

SELECT asset_reuse_insight(true, 'x'::text, NULL, NULL, NULL, 1, 1, 1, NULL) IS NULL AS is_null, asset_reuse_insight(true, 'x'::text, NULL, NULL, NULL, 1, 1, 1, NULL) FILTER (WHERE false) IS NULL AS of_nothing;
SELECT call, error_of('SELECT ' || call) FROM unnest(ARRAY['asset_reuse_insight(true, point(1, 2), NULL, NULL, NULL, 1, 1, 1, 1)', 'asset_reuse_insight(true, ''x''::text, ''c'', ''{c,meta}'', NULL, 1, 1, 1, 1)',
	'asset_reuse_insight(true, ''x''::text, ''c'', ''{{c,meta,tiktok}}'', NULL, 1, 1, 1, 1)', 'asset_reuse_insight(true, ''x''::text, NULL, NULL, ''x'', 1, 1, 1, 1)',
	'asset_reuse_insight(true, ''x''::text, NULL, NULL, NULL, 1.5, 1, 1, 1)']) AS call;
-- What goes with this error depends on PostgreSQL's version.
SELECT split_part(error_of('SELECT asset_reuse_insight_final(NULL)'), E'\n', 1);
SELECT split_part(error_of('SELECT asset_reuse_insight_answer_final(NULL)'), E'\n', 1);
-- The one that answers: one asset of a type that is asked for, with no confidence, which is the default; and of nothing.
SELECT answer -> 'filters' AS filters, answer #> '{ctr,reused}' AS reused, of_nothing
FROM (SELECT asset_reuse_insight_answer(true, 'x'::text, NULL, NULL, NULL, 1, 1000, 20, NULL, 'x', NULL) AS answer,
		asset_reuse_insight_answer(true, 'x'::text, NULL, NULL, NULL, 1, 1000, 20, NULL, 'x', NULL) FILTER (WHERE false) AS of_nothing) AS t;
SELECT confidence, error_of(format('SELECT asset_reuse_insight_answer(true, ''x''::text, NULL, NULL, NULL, 1, 1, 1, 1, NULL, %L)', confidence))
FROM unnest('{0.49,0.9991,NaN,Infinity}'::float8[]) AS confidence;
CREATE TABLE state AS SELECT asset_reuse_insight(true, 'x'::text, NULL, NULL, NULL, 1, 1000, 20, NULL) AS state;
SELECT asset_reuse_insight_asset(state, 0.95, 'x'::text, NULL, NULL, 1000, 20) AS itself, asset_reuse_insight_asset(state, 0.95, 'y'::text, 'z'::text, now(), 10, 1) AS another,
	asset_reuse_insight_asset(state, 0.95, NULL::text, NULL, NULL, NULL::int, NULL::int) AS nothing, asset_reuse_insight_asset(NULL, 0.95, 'x'::text, NULL, NULL, 1, 1) AS no_state,
	asset_reuse_insight_asset(state, NULL, 'x'::text, NULL, NULL, 1, 1) AS no_confidence FROM state;
SELECT call, error_of(format('SELECT asset_reuse_insight_asset(%s) FROM state', call)) FROM unnest(ARRAY['state, 0, ''x''::text, NULL, NULL, 1, 1', 'state, 1, ''x''::text, NULL, NULL, 1, 1',
	'state, ''NaN'', ''x''::text, NULL, NULL, 1, 1', 'state, 0.9, 1, NULL, NULL, 1, 1', 'state, 0.9, ''x''::text, NULL, NULL, point(1, 2), 1', 'state, 0.9, ''x'', NULL, NULL, 1, 1',
	'''\x'', 0.9, ''x''::text, NULL, NULL, 1, 1', '''\x000102030405'', 0.9, ''x''::text, NULL, NULL, 1, 1']) AS call;
-- One state after the other, as a domain's check sees them: each gets its own rates.
CREATE TYPE of_state AS (state bytea);
CREATE DOMAIN seen_state AS of_state CHECK ((asset_reuse_insight_asset((VALUE).state, 0.95, 't'::text, NULL::text, NULL::timestamp, 1::bigint, 1::bigint))[1] > 0);
DO $$
DECLARE
	value seen_state;
	plain bytea := (SELECT asset_reuse_insight(true, 't'::text, NULL, NULL, NULL, 1, 1000::bigint, 20::bigint, 3::bigint));
	of_numbers bytea := (SELECT asset_reuse_insight(true, 't' || n, NULL, NULL, NULL, 1, 1000::numeric, 20::numeric, 3::bigint) FROM generate_series(1, 300) AS n);
BEGIN
	value.state := plain;
	BEGIN
		value.state := of_numbers;
	EXCEPTION WHEN datatype_mismatch THEN
		RAISE NOTICE '%', SQLERRM;
	END;
	value.state := plain;
END
$$;
DROP DOMAIN seen_state;
SELECT round((asset_reuse_insight_asset(state, 0.95, 't'::text, NULL, NULL, 1, 0))[8]::numeric, 4) AS rate_of_its_like
FROM (SELECT asset_reuse_insight(true, 't'::text, NULL, NULL, NULL, 1, 1000, clicks, NULL) AS state FROM generate_series(20, 60, 20) AS clicks GROUP BY clicks ORDER BY clicks) AS s;
-- Bytes that were meddled with: an error or an answer, no crash.
CREATE FUNCTION meddle(at int, OUT result text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM asset_reuse_insight_asset(set_byte(state, at, (get_byte(state, at) + 127) % 256), 0.9, 'x'::text, NULL, NULL, 1, 1) FROM state;
	result := 'an answer';
EXCEPTION WHEN OTHERS THEN
	result := CASE WHEN SQLSTATE IN ('22023', '42804', '08P01', '53200', '54000') THEN 'an error' ELSE SQLSTATE || ' ' || SQLERRM END;
END
$$;
SELECT result, count(*) > 0 AS met FROM generate_series(0, (SELECT length(state) - 1 FROM state)) AS n, meddle(n) GROUP BY result ORDER BY result;
