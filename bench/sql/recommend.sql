--
-- A tenant with campaigns, assets and events in the history table, for recommendations: assets belong to 400
-- topics, and so do campaigns, four fifths of whose events are of their topic's assets, few of them most often.
--
--   assets, campaigns, events    about how many there shall be
--
SELECT setseed(0.3);
INSERT INTO tenants SELECT bench.uuid('tenant', 1), 'Tenant';
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform, is_active, created_at)
SELECT bench.uuid('campaign', c), bench.uuid('tenant', 1), bench.uuid('brand', c % 40), bench.uuid('user', 1), 'Campaign ' || c,
	(enum_range(NULL::adplatform))[1 + c % 12], true, timestamp '2024-01-01' + c * interval '730 days' / :campaigns
FROM generate_series(1, :campaigns) AS c;
CALL bench.drop_indexes();
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, title, description,
	file_url, public_url, thumbnail_url, impressions, clicks, conversions, created_at)
SELECT bench.uuid('asset', a), bench.uuid('campaign', 1 + a % :campaigns), bench.uuid('tenant', 1), bench.uuid('user', 1), 'Asset ' || a,
	(ARRAY['image', 'image', 'image', 'image', 'video', 'video', 'ad_copy', 'headline'])[1 + a % 8]::campaignassettype,
	'A title that is shown above asset ' || a, repeat('Words about the asset, as people write them. ', 1 + (random() * 12)::int),
	'https://cdn.example.com/' || md5(a::text) || '/original.jpg', 'https://www.example.com/assets/' || md5(a::text),
	'https://cdn.example.com/' || md5(a::text) || '/thumbnail.jpg', n, n * 0.02, n * 0.001, timestamp '2023-12-01'
FROM (SELECT a, (random() * 20000)::int AS n FROM generate_series(1, :assets) AS a) AS a;
CALL bench.create_indexes();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, context)
SELECT bench.uuid('tenant', 1), bench.uuid('asset', a), at, 'campaign_space', bench.uuid('campaign', c), 'Campaign ' || c,
	jsonb_build_object('placement', 'feed', 'variant', a % 7)
FROM (
	SELECT DISTINCT ON (c, a) c, at, a FROM (
		SELECT c, at, 1 + CASE WHEN u < 0.8 THEN (c * 7919::bigint % 400)::int + 400 * floor(:assets / 400 * power(v, 2.5))::int
			ELSE floor(:assets * power(v, 3))::int END % :assets AS a
		FROM (
			SELECT 1 + e % :campaigns AS c, random() AS u, random() AS v,
				timestamp '2024-01-01' + (1 + e % :campaigns) * interval '730 days' / :campaigns + random() * interval '14 days' AS at
			FROM generate_series(1, (:events * 1.1)::int) AS e OFFSET 0) AS e OFFSET 0) AS e) AS e
ORDER BY at;
UPDATE campaign_assets AS a SET reused_count = n, last_reused_at = t
FROM (SELECT asset_id, count(*) AS n, max(reused_at) AS t FROM campaign_asset_reuse_history GROUP BY 1) AS h WHERE a.id = asset_id;
