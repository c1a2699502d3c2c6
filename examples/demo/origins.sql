--
-- For insights: where the sample tenant's assets were made, and which figures they have.
--
-- Three quarters of the reused assets, but a quarter of the others, were made for search ads, where people
-- click more often.  Figures change places only among the reused assets, and among the
-- others, so all that analytics says of either stays as it is.
--

WITH asset AS (
	SELECT id, coalesce(reused_count, 0) > 0 AS reused, impressions, clicks, conversions, spend, ctr,
		('x' || left(md5(id), 4))::bit(16)::int / 65536.0 AS chance,
		('x' || right(md5(id), 4))::bit(16)::int / 65536.0 AS luck
	FROM campaign_assets
	WHERE tenant_id = 'acme' AND deleted_at IS NULL AND impressions > 0 AND clicks IS NOT NULL
),
made AS (
	SELECT *, chance < CASE WHEN reused THEN 0.75 ELSE 0.25 END AS for_search
	FROM asset
),
place AS (
	SELECT id, reused, for_search, row_number() OVER (PARTITION BY reused ORDER BY for_search DESC, id) AS n
	FROM made
),
figures AS (
	SELECT asset.*, row_number() OVER (PARTITION BY reused ORDER BY ctr + luck DESC, id) AS n
	FROM asset
)
UPDATE campaign_assets AS a
SET campaign_space_id = CASE WHEN for_search THEN 'summer-sale-2025' ELSE 'spring-launch-2025' END,
	impressions = f.impressions, clicks = f.clicks, conversions = f.conversions, spend = f.spend, ctr = f.ctr
FROM place, figures AS f
WHERE a.id = place.id AND f.reused = place.reused AND f.n = place.n;

--
-- For wear-out: what each asset had when it was reused, as track would have recorded it.  An asset loses
-- about a tenth of its clicks per impression with each reuse, and ends with the figures that it has.
--

WITH event AS (
	SELECT a.id, impressions, clicks, conversions, spend, log.event, n,
		count(*) OVER (PARTITION BY a.id) AS events,
		('x' || left(md5(a.id || n), 4))::bit(16)::int / 65536.0 AS chance
	FROM campaign_assets AS a, jsonb_array_elements(platform_metadata->'reuse_history') WITH ORDINALITY AS log (event, n)
	WHERE tenant_id = 'acme' AND deleted_at IS NULL AND impressions > 0 AND clicks IS NOT NULL
),
gained AS (
	SELECT *, sum(0.9 ^ n * (0.9 + 0.2 * chance)) OVER (PARTITION BY id ORDER BY n) AS gain FROM event
),
share AS (
	SELECT *, n / (events + 1.0) AS of_impressions, gain / (max(gain) OVER (PARTITION BY id) + 0.9 ^ (events + 1)) AS of_clicks
	FROM gained
),
log AS (
	SELECT id, jsonb_agg(jsonb_insert(event, '{context,at_reuse}', jsonb_build_object(
			'impressions', round(impressions * of_impressions), 'clicks', round(clicks * of_clicks),
			'conversions', round(conversions * of_clicks), 'spend', round(spend::numeric * of_clicks, 2))) ORDER BY n) AS events
	FROM share
	GROUP BY id
)
UPDATE campaign_assets AS a
SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}', log.events)
FROM log
WHERE a.id = log.id;
