--
-- Rows of the history table for assets that have so and so many, and what a good backend
-- engineer would write over that table.
--
--   tenant    whose assets get the rows
--   sizes     rows of an asset, as an array; three assets get each
--
CREATE TABLE bench.flat AS
SELECT id, size AS rows
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM campaign_assets WHERE tenant_id = :'tenant' AND deleted_at IS NULL) AS a
	JOIN unnest(:sizes) WITH ORDINALITY AS s (size, i) ON n > (i - 1) * 3 AND n <= i * 3;

DELETE FROM campaign_asset_reuse_history WHERE asset_id IN (SELECT id FROM bench.flat);

INSERT INTO campaign_asset_reuse_history
	(tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, context)
SELECT :'tenant', id, timestamp '2024-01-01' + n * interval '600 days' / rows, 'campaign_space', campaign,
	'Campaign ' || c || ' of the season', jsonb_build_object('placement', 'feed', 'variant', n % 7)
FROM (
	SELECT id, rows, n, 1 + n * 7 % bench.campaigns() AS c
	FROM bench.flat, generate_series(1, rows) AS n) AS e,
	LATERAL (SELECT bench.campaign(2, c) AS campaign) AS k;

VACUUM (ANALYZE) campaign_asset_reuse_history;

-- Analytics in a range: the table's events counted by asset, joined to one pass over the assets.
CREATE FUNCTION hand_written.analytics_over_table(
	tenant text, range_start timestamp, range_end timestamp, top_limit int DEFAULT 10) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
	RETURN QUERY WITH assets AS MATERIALIZED (
		SELECT id, asset_type, impressions, conversions, ctr, last_reused_at, coalesce(h.reuses, 0) AS reuses
		FROM campaign_assets
			LEFT JOIN (
				SELECT asset_id, count(*) AS reuses
				FROM campaign_asset_reuse_history
				WHERE tenant_id = tenant AND reused_at >= range_start AND reused_at < range_end
				GROUP BY asset_id) AS h ON h.asset_id = id
		WHERE tenant_id = tenant AND deleted_at IS NULL
	), grouped AS (
		SELECT asset_type, reuses > 0, count(*), sum(reuses)::bigint,
			count(*) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
			sum(ctr) FILTER (WHERE impressions > 0),
			sum(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
			count(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL)
		FROM assets
		GROUP BY 1, 2
	), best AS (
		SELECT id, reuses
		FROM assets
		WHERE reuses > 0
		ORDER BY reuses DESC, last_reused_at DESC NULLS LAST, id
		LIMIT top_limit
	)
	SELECT hand_written.answer(
		(SELECT array_agg(ROW(g.*)::hand_written.type_count) FROM grouped AS g),
		(SELECT jsonb_agg(jsonb_build_object(
			'id', a.id, 'asset_name', asset_name, 'asset_type', asset_type, 'reused_count', reused_count,
			'last_reused_at', hand_written.iso(last_reused_at), 'file_url', file_url,
			'thumbnail_url', thumbnail_url, 'impressions', impressions, 'clicks', clicks,
			'conversions', conversions, 'ctr', ctr, 'campaign_space_id', campaign_space_id,
			'reuses_in_range', b.reuses) ORDER BY b.reuses DESC, last_reused_at DESC NULLS LAST, a.id)
		FROM best AS b JOIN campaign_assets AS a USING (id)),
		range_start, range_end);
END
$$;
