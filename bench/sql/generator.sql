--
-- Data of the shape that application-wide statistics show: rows of 0.5 to 2 KB, most assets
-- never reused, most reused ones 1 to 20 times, a few thousands of times.
--
-- bench.plan says what assets there shall be; bench.add_assets makes them.  Everything
-- follows from numbers and from random() with a fixed seed.
--

CREATE SCHEMA bench;

CREATE TABLE bench.plan (
	n int PRIMARY KEY,			-- the asset's number, also its place in the table
	tenant int NOT NULL,		-- the tenant's number
	events int NOT NULL,		-- in its log
	log_length int				-- what it is there to measure; null: part of the crowd
);

-- uuid is the identifier of the nth thing of a kind.
CREATE FUNCTION bench.uuid(kind text, n bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CAST(CAST(md5(kind || CAST(n AS text)) AS uuid) AS text);

-- campaign is the identifier of a tenant's nth campaign.
CREATE FUNCTION bench.campaign(tenant int, n int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bench.uuid('campaign', tenant::bigint * 1000 + n);

-- campaigns is how many campaigns a tenant has.
CREATE FUNCTION bench.campaigns() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 60;

-- logs are those of the assets with first <= n < past: events at random times of the years 2024
-- and 2025, in the order of time.
CREATE FUNCTION bench.logs(first int, past int) RETURNS TABLE (n int, log jsonb)
LANGUAGE sql VOLATILE AS $$
SELECT e.n, jsonb_agg(jsonb_build_object(
	'timestamp', to_char(time, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
	'context', jsonb_build_object(
		'placement', (ARRAY['feed', 'story', 'search', 'sidebar'])[1 + campaign % 4],
		'variant', campaign % 7,
		'reused_in_type', 'campaign_space',
		'reused_in_id', bench.campaign(tenant, campaign),
		'reused_in_name', 'Campaign ' || campaign || ' of the season')) ORDER BY time) AS log
FROM (
	SELECT p.n, p.tenant, timestamp '2024-01-01' + (i - random()) / p.events * interval '731 days' AS time,
		1 + floor(random() * bench.campaigns())::int AS campaign
	FROM bench.plan AS p, generate_series(1, p.events) AS i
	WHERE p.n >= first AND p.n < past
	OFFSET 0) AS e
GROUP BY e.n
$$;

-- add_tenants makes the tenants of the plan and their campaigns.
CREATE PROCEDURE bench.add_tenants()
LANGUAGE sql AS $$
	INSERT INTO tenants (id, name)
	SELECT bench.uuid('tenant', t), 'Tenant ' || t
	FROM (SELECT DISTINCT tenant FROM bench.plan) AS p (t);

	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, is_active, description)
	SELECT bench.campaign(t, c), bench.uuid('tenant', t), bench.uuid('user', t),
		'Campaign ' || c || ' of the season', (enum_range(NULL::adplatform))[1 + c % 12], c % 3 > 0,
		repeat('What the campaign is about. ', 5)
	FROM (SELECT DISTINCT tenant FROM bench.plan) AS p (t), generate_series(1, bench.campaigns()) AS c;
$$;

-- add_assets makes the assets of the plan with first <= n < past.
CREATE PROCEDURE bench.add_assets(first int, past int)
LANGUAGE sql AS $$
	INSERT INTO campaign_assets
		(id, campaign_space_id, tenant_id, brand_id, user_id, asset_name, asset_type,
		external_asset_id, title, description, file_url, public_url, thumbnail_url, gcs_path,
		mime_type, file_hash, file_size, width, height, tags,
		impressions, clicks, conversions, spend, ctr,
		performance_data, platform_variants, import_metadata, platform_metadata,
		reused_count, last_reused_at, imported_at, created_at, updated_at, deleted_at)
	SELECT bench.uuid('asset', n), bench.campaign(tenant, campaign), bench.uuid('tenant', tenant),
		bench.uuid('brand', tenant * 10 + n % 3), bench.uuid('user', tenant * 10 + n % 5),
		'Asset ' || n || ' of the summer collection',
		(ARRAY['image', 'image', 'image', 'image', 'video', 'video', 'ad_copy', 'headline'])[1 + n % 8]::campaignassettype,
		'ext-' || n, 'A title that is shown above asset ' || n,
		repeat('Words about the asset, as people write them. ', 1 + floor(random() * 12)::int),
		'https://cdn.example.com/' || hash || '/original.jpg',
		'https://www.example.com/assets/' || hash,
		'https://cdn.example.com/' || hash || '/thumbnail.jpg',
		'tenants/' || tenant || '/assets/' || hash,
		'image/jpeg', hash, 200000 + n % 100000, 1200, 628, ARRAY['summer', 'sale'],
		impressions, clicks, clicks / 20, clicks * 0.35,
		round(100.0 * clicks / nullif(impressions, 0), 2),
		jsonb_build_object('reach', impressions / 2, 'frequency', 2),
		jsonb_build_object('meta', jsonb_build_object('ratio', '1:1'), 'tiktok', jsonb_build_object('ratio', '9:16')),
		jsonb_build_object('source', 'sync', 'batch', n / 1000),
		CASE WHEN log IS NULL THEN metadata ELSE metadata || jsonb_build_object('reuse_history', log) END,
		events, CAST(log->-1->>'timestamp' AS timestamp), made, made, made,
		CASE WHEN log_length IS NULL AND n % 50 = 7 THEN made END
	FROM (
		SELECT p.*, d.*, l.log, md5('file' || p.n) AS hash,
			floor(d.impressions * d.rate)::int AS clicks,
			jsonb_build_object('account', 'act-' || p.n % 100, 'status', 'ACTIVE', 'labels', jsonb_build_array('a', 'b')) AS metadata
		FROM bench.plan AS p
			LEFT JOIN bench.logs(first, past) AS l ON l.n = p.n,
			LATERAL (
				SELECT CASE WHEN p.n % 6 = 0 THEN 0 ELSE floor(random() * 20000)::int END AS impressions,
					0.01 + random() * 0.02 AS rate,
					1 + floor(random() * bench.campaigns())::int AS campaign,
					timestamp '2023-01-01 08:00:00.123457' + random() * interval '360 days' AS made
				WHERE p.n > 0) AS d
		WHERE p.n >= first AND p.n < past
		ORDER BY p.n
		OFFSET 0) AS a;
$$;

-- Indexes are faster made when the rows are there.
CREATE TABLE bench.later (definition text);

CREATE PROCEDURE bench.drop_indexes()
LANGUAGE plpgsql AS $$
DECLARE
	index regclass;
BEGIN
	FOR index IN
		SELECT indexrelid FROM pg_index WHERE indrelid = 'campaign_assets'::regclass AND NOT indisprimary
	LOOP
		INSERT INTO bench.later VALUES (pg_get_indexdef(index));
		EXECUTE format('DROP INDEX %s', index);
	END LOOP;
END
$$;

CREATE PROCEDURE bench.create_indexes()
LANGUAGE plpgsql AS $$
DECLARE
	definition text;
BEGIN
	FOR definition IN SELECT later.definition FROM bench.later LOOP
		EXECUTE definition;
	END LOOP;
END
$$;
