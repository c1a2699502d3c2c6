--
-- Queries for a Grafana dashboard over a tenant's reuse, by its PostgreSQL data source.  Each is one
-- variable or one panel: paste it into the query's editor, for a panel in the mode "Code" and with the
-- format that the heading names.  They are the same for text and uuid identifiers.
--
-- Grafana replaces $__timeFrom() and $__timeTo() by the dashboard's range, and a variable by what the
-- viewer has chosen.  :sqlstring quotes the choice: always write it.  The functions take one value, so
-- leave "Multi-value" off.
--
-- "All" is an option of the variable's own query, so that it is quoted like any other value; nullif
-- makes it the null by which the functions mean all.  Leave Grafana's own "Include All option" off.
--
-- Buckets begin at midnight in the dashboard's time zone, ${__timezone}, daylight saving included.  In the
-- time series, the range is extended to the beginning of its first bucket, so that this bucket is whole.
-- The tables "Overview", "Most reused" and "By type" count from the very start of the range, so their
-- totals can be less than the sum of the buckets.
--
-- The data source's user needs USAGE on the schemas and SELECT on the tables, and should have no more.
-- Whoever may query the data source can read all that this user can, of any tenant.  To keep tenants
-- apart, give each a user of its own and the tables row-level security.
--

-- Variable tenant
SELECT DISTINCT tenant_id FROM campaign_spaces ORDER BY tenant_id;

-- Variable asset_type
SELECT 'All'
UNION ALL
(SELECT DISTINCT asset_type::text FROM campaign_assets
WHERE tenant_id = ${tenant:sqlstring} AND deleted_at IS NULL
ORDER BY asset_type::text);

-- Variable campaign
SELECT 'All' AS __text, 'All' AS __value
UNION ALL
(SELECT campaign_name, id::text FROM campaign_spaces
WHERE tenant_id = ${tenant:sqlstring} AND deleted_at IS NULL
ORDER BY campaign_name, id);

-- Variable bucket: of the type "Custom", with the values hour,day,week,month,quarter,year

-- Panel "Overview" (table; the visualization "Stat")
SELECT o.*
FROM jsonb_to_record(asset_reuse_analytics(${tenant:sqlstring}, nullif(${asset_type:sqlstring}, 'All'),
		$__timeFrom(), $__timeTo()) -> 'overview')
	AS o (total_assets bigint, assets_with_reuses bigint, total_reuses bigint,
		avg_reuses_per_asset float8, reuse_rate_percentage float8);

-- Panel "Reuses" (time series)
SELECT bucket_start AS "time", reuses, assets
FROM asset_reuse_timeline(${tenant:sqlstring}, ${bucket:sqlstring}, nullif(${asset_type:sqlstring}, 'All'),
	date_trunc(${bucket:sqlstring}, $__timeFrom()::timestamptz, ${__timezone:sqlstring}), $__timeTo(),
	${__timezone:sqlstring})
ORDER BY "time";

-- Panel "Reuses by type" (time series): a series for each type that was ever reused, with zeros for
-- empty buckets.  Each type is a call.
SELECT t.bucket_start AS "time", type.name AS metric, t.reuses
FROM (
		SELECT DISTINCT asset_type::text FROM campaign_assets
		WHERE tenant_id = ${tenant:sqlstring} AND deleted_at IS NULL AND reused_count > 0
	) AS type (name),
	asset_reuse_timeline(${tenant:sqlstring}, ${bucket:sqlstring}, type.name,
		date_trunc(${bucket:sqlstring}, $__timeFrom()::timestamptz, ${__timezone:sqlstring}), $__timeTo(),
		${__timezone:sqlstring}) AS t
WHERE type.name = coalesce(nullif(${asset_type:sqlstring}, 'All'), type.name)
ORDER BY "time", metric;

-- Panel "Reuses by campaign" (time series; stacked bars): a live campaign by the name that it has now,
-- any other place by the name in its events.  Empty buckets have no rows.
SELECT date_trunc(${bucket:sqlstring}, e.reused_at, ${__timezone:sqlstring}) AS "time",
	coalesce(s.campaign_name, e.reused_in_name, e.reused_in_id, 'unknown') AS metric,
	count(*) AS reuses
FROM asset_reuse_events(${tenant:sqlstring}, NULL,
		date_trunc(${bucket:sqlstring}, $__timeFrom()::timestamptz, ${__timezone:sqlstring}), $__timeTo()) AS e
	LEFT JOIN campaign_spaces AS s
		ON s.id::text = e.campaign_space_id AND s.tenant_id = ${tenant:sqlstring} AND s.deleted_at IS NULL
WHERE nullif(${campaign:sqlstring}, 'All') IS NULL OR e.campaign_space_id = ${campaign:sqlstring}
GROUP BY 1, 2
ORDER BY "time", metric;

-- Panel "Assets of the campaign" (table): at any time, not only in the range; "All" is all campaigns
SELECT asset_name, asset_type, reuses, first_reused_at, last_reused_at
FROM asset_reuse_where_used(${tenant:sqlstring}, nullif(${campaign:sqlstring}, 'All'), 'campaign_space');

-- Panel "Most reused" (table)
SELECT asset_name, asset_type, reuses, last_reused_at, ctr, impressions, conversions
FROM asset_reuse_top(${tenant:sqlstring}, nullif(${asset_type:sqlstring}, 'All'), $__timeFrom(), $__timeTo(), 20);

-- Panel "By type" (table)
SELECT key AS asset_type, (value -> 'count')::bigint AS assets, (value -> 'total_reuses')::bigint AS reuses
FROM jsonb_each(asset_reuse_analytics(${tenant:sqlstring}, NULL, $__timeFrom(), $__timeTo()) -> 'by_asset_type')
ORDER BY reuses DESC, asset_type;

-- Panel "Does the rate of reuse rise?" (time series)
SELECT bucket_start AS "time", reuse_rate_percentage, created_assets
FROM asset_reuse_trend(${tenant:sqlstring}, ${bucket:sqlstring}, nullif(${asset_type:sqlstring}, 'All'),
	date_trunc(${bucket:sqlstring}, $__timeFrom()::timestamptz, ${__timezone:sqlstring}), $__timeTo(),
	${__timezone:sqlstring})
ORDER BY "time";
