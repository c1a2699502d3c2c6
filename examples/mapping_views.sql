--
-- asset_reuse over tables whose columns have other names and whose identifiers are bigint, as many
-- ORMs make them: two views with the names and types that the extension expects.  Change the tables' names and the
-- columns on the left of each AS to yours; optional columns that you do not have (see
-- asset_reuse_check_schema()) are left out.  Run it once, as the tables' owner, with the views' schema
-- first in the search_path.
--
-- What it costs:
--
-- - Two more indexes on the assets and one on the campaigns.  Without them, each call reads the whole table.
-- - Some processor time: by 100,000 assets of 100 tenants, track took 1.3 times, a page of history 1.2
--   times and analytics 1.5 times that of tables with text identifiers.  An INSERT took 7 microseconds
--   in place of 4; the indexes have some 30 bytes for an asset.  Updates stay HOT.
-- - There can be no history table, which would have to reference the assets by id and tenant_id.  So
--   the events stay in the documents, and long logs get slow to add to.
-- - Identifiers are strings in the answers, and where other columns of yours meet what the functions
--   return: a.id = e.asset_id::bigint.  What is no number is an asset that is not found.
--
-- If the names alone differ, leave out the casts and the indexes: then only the third point holds.
--

-- security_invoker: the rights and policies on the tables are those of the caller, as without views.
CREATE VIEW campaign_assets WITH (security_invoker) AS
SELECT id::text AS id,
	"tenantId"::text AS tenant_id,
	"campaignSpaceId"::text AS campaign_space_id,
	"assetName" AS asset_name,
	"assetType" AS asset_type,
	"fileUrl" AS file_url,
	"thumbnailUrl" AS thumbnail_url,
	impressions,
	clicks,
	conversions,
	ctr,
	"reusedCount" AS reused_count,
	"lastReusedAt" AS last_reused_at,
	"platformMetadata" AS platform_metadata,
	"createdAt" AS created_at,
	"updatedAt" AS updated_at,
	"deletedAt" AS deleted_at
FROM "CampaignAsset";

CREATE VIEW campaign_spaces WITH (security_invoker) AS
SELECT id::text AS id,
	"tenantId"::text AS tenant_id,
	"campaignName" AS campaign_name,
	platform,
	"isActive" AS is_active,
	"deletedAt" AS deleted_at
FROM "CampaignSpace";

-- An asset or campaign is found by its id, a tenant's assets by the tenant.
CREATE UNIQUE INDEX "CampaignAsset_id_as_text" ON "CampaignAsset" ((id::text));
CREATE INDEX "CampaignAsset_tenantId_as_text" ON "CampaignAsset" (("tenantId"::text));
CREATE UNIQUE INDEX "CampaignSpace_id_as_text" ON "CampaignSpace" ((id::text));

-- How many assets a tenant has is known from here on.
ANALYZE "CampaignAsset", "CampaignSpace";
