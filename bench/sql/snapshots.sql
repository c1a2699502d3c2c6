--
-- The assets' metrics as they were, in the events of the tenants that analytics looks at: they grow
-- from event to event up to what they are.
--
UPDATE campaign_assets AS a
SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}', e.events)
FROM (
	SELECT a.id, jsonb_agg(jsonb_set(event, '{context,at_reuse}', jsonb_build_object(
		'impressions', floor(a.impressions * n / (a.reused_count + 1.0))::int,
		'clicks', floor(a.clicks * n / (a.reused_count + 1.0))::int)) ORDER BY n) AS events
	FROM campaign_assets AS a, jsonb_array_elements(a.platform_metadata -> 'reuse_history') WITH ORDINALITY AS l (event, n)
	WHERE a.tenant_id IN (bench.uuid('tenant', 1), bench.uuid('tenant', 2), bench.uuid('tenant', 3))
	GROUP BY a.id) AS e
WHERE e.id = a.id;

VACUUM (ANALYZE) campaign_assets;
