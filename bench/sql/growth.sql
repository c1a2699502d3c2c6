--
-- Many tenants, whose events come in stages; the first tenant stays the same from the first stage on.
--
--   tenants    how many there are
--   assets     of all tenants; every hundredth is the first tenant's
--

-- tenant_of is the number of the tenant of the nth asset: the second tenant has a tenth of all, the last ones the least.
CREATE FUNCTION bench.tenant_of(n bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	:'tenant_of';

INSERT INTO bench.plan (n, tenant, events, log_length)
SELECT n, bench.tenant_of(n), 0, 0 FROM generate_series(1, :assets) AS n;

CALL bench.add_tenants();

-- add_events adds events number first to last of a stage of so many, spread over the years 2024 and 2025 in the order
-- in which they come.  In the stage with the first tenant's, every so many'th event is one of his.
CREATE PROCEDURE bench.add_events(first int, last int, stage int, stride int, assets int)
LANGUAGE sql AS $$
	INSERT INTO campaign_asset_reuse_history
		(tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, context)
	SELECT bench.uuid('tenant', tenant), bench.uuid('asset', n), at, 'campaign_space', bench.campaign(tenant, campaign),
		'Campaign ' || campaign || ' of the season',
		jsonb_build_object('placement', (ARRAY['feed', 'story', 'search', 'sidebar'])[1 + campaign % 4], 'variant', campaign % 7)
	FROM (
		SELECT n, at, bench.tenant_of(n) AS tenant, 1 + floor(random() * bench.campaigns())::int AS campaign
		FROM (
			SELECT timestamp '2024-01-01' + e::float8 / stage * interval '731 days' + random() * interval '1 minute' AS at,
				CASE WHEN e % stride = 0 THEN 100 * (1 + e / stride % (assets / 100))
					ELSE 100 * floor(random() * assets / 100)::int + 1 + floor(random() * 99)::int END AS n
			FROM generate_series(first, last) AS e
			OFFSET 0) AS e
		OFFSET 0) AS e
$$;
