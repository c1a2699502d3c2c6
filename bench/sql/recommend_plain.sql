--
-- What asset_reuse_recommend computes by default, as one statement of plain SQL over the history table: ids,
-- raw fits and how many campaigns.
--
CREATE FUNCTION hand_written.recommend(tenant text, target text, row_limit int DEFAULT 10, half_life interval DEFAULT '365 days')
RETURNS TABLE (id text, raw float8, campaigns bigint) LANGUAGE sql STABLE AS $$
WITH members AS MATERIALIZED (
  SELECT a.id FROM campaign_assets a WHERE a.campaign_space_id = target AND a.tenant_id = tenant AND a.deleted_at IS NULL
  UNION SELECT h.asset_id FROM campaign_asset_reuse_history h WHERE h.tenant_id = tenant AND left(h.reused_in_id, 255) = left(target, 255) AND h.reused_in_id = target AND h.reused_in_type = 'campaign_space'),
seeds AS MATERIALIZED (
  SELECT a.id, power((1 + coalesce(a.reused_count, 0))::float8, -0.5) AS idf, a.campaign_space_id, a.created_at
  FROM members JOIN campaign_assets a USING (id) WHERE a.deleted_at IS NULL ORDER BY a.reused_count DESC, a.id LIMIT 50),
uses AS (
  SELECT s.idf, s.id, u.reused_in_id AS campaign, u.reused_at FROM seeds s, LATERAL (
    SELECT * FROM (
     (SELECT h.reused_in_id, h.reused_in_type, h.reused_at FROM campaign_asset_reuse_history h WHERE h.asset_id = s.id AND h.tenant_id = tenant ORDER BY h.reused_at DESC, h.seq DESC LIMIT 100)
     UNION ALL SELECT s.campaign_space_id, 'campaign_space', s.created_at) u ORDER BY reused_at DESC LIMIT 100) u
  WHERE u.reused_in_type = 'campaign_space' AND u.reused_in_id <> target),
near AS (
  SELECT campaign, sum(idf) * power(0.5::float8, (extract(epoch FROM (now() AT TIME ZONE 'UTC') - max(last)) / extract(epoch FROM half_life))::float8) AS near
  FROM (SELECT campaign, id, idf, max(reused_at) AS last FROM uses GROUP BY 1, 2, 3) u GROUP BY 1),
best AS MATERIALIZED (
  SELECT n.campaign, n.near, m.ids FROM (SELECT * FROM near ORDER BY near DESC, campaign OFFSET 0) n
   JOIN LATERAL (SELECT FROM campaign_spaces s WHERE s.id = n.campaign COLLATE "default" AND s.tenant_id = tenant AND s.deleted_at IS NULL OFFSET 0) s ON true
   , LATERAL (SELECT array_agg(DISTINCT x.id) AS ids, count(*) AS uses FROM (
     (SELECT h.asset_id AS id FROM campaign_asset_reuse_history h WHERE h.tenant_id = tenant AND left(h.reused_in_id, 255) = left(n.campaign, 255) AND h.reused_in_id = n.campaign AND h.reused_in_type = 'campaign_space' LIMIT 1001)
     UNION ALL (SELECT a.id FROM campaign_assets a WHERE a.campaign_space_id = n.campaign COLLATE "default" AND a.tenant_id = tenant LIMIT 1001)) x) m
   WHERE m.uses <= 1000 LIMIT 200),
scored AS (SELECT i.id, sum(b.near / cardinality(b.ids)) AS sum, count(*) AS campaigns FROM best b, unnest(b.ids) AS i (id) GROUP BY i.id)
SELECT a.id, power((1 + greatest(coalesce(a.reused_count, 0), 0))::float8, -0.1) * s.sum, s.campaigns
FROM scored s JOIN campaign_assets a ON a.id = s.id AND a.tenant_id = tenant AND a.deleted_at IS NULL
WHERE a.id NOT IN (SELECT m.id FROM members m) ORDER BY 2 DESC, 1 LIMIT row_limit
$$;
