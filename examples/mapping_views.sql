--
-- asset_reuse over tables whose columns have other names and whose identifiers are bigint, as many ORMs
-- make them: two views with the names and types that the extension expects.  Put the names of your
-- tables and columns in place of those on the left of AS.  Leave out optional columns that you do not
-- have (asset_reuse_check_schema() lists them).  Run it once, as the tables' owner, with the schema for
-- the views first in the search_path.
--
-- What it costs:
--
-- - Two more indexes on the assets and one on the campaigns.  Without them, each call reads the whole table.
-- - Processor time.  With 100,000 assets of 100 tenants, track took 1.8 times, a page of history 1.2 times
--   and analytics 1.5 times as long as on tables with text identifiers.  Through any view, track locks the
--   asset's row before it reads it, in a statement of its own.  An INSERT took 7 microseconds, not
--   4.  The indexes add some 30 bytes for an asset.  Updates stay HOT.
-- - If the tables have row-level security, the indexes on casts are not used, because these casts are not
--   leakproof: each call then reads the whole table, unless a policy's own condition finds an index.
-- - If identifiers are cast, there can be no history table, which references the assets by their id and
--   tenant_id.  The events stay in the documents, and an asset with a long log gets slower to track.
-- - Identifiers are strings in the answers.  To join what the functions return with your tables, cast:
--   a.id = e.asset_id::bigint.  An id that is no number is not an error, but an asset that is not found.
--
-- If only the names differ, leave out the casts and the indexes, and none of this applies.  For a history
-- table, see "Ownership, privileges and policies" in doc/history-table.md.
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
	spend,
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
	"brandId"::text AS brand_id,
	"isActive" AS is_active,
	"deletedAt" AS deleted_at
FROM "CampaignSpace";

-- An asset or campaign is found by its id, a tenant's assets by the tenant.
CREATE UNIQUE INDEX "CampaignAsset_id_as_text" ON "CampaignAsset" ((id::text));
CREATE INDEX "CampaignAsset_tenantId_as_text" ON "CampaignAsset" (("tenantId"::text));
CREATE UNIQUE INDEX "CampaignSpace_id_as_text" ON "CampaignSpace" ((id::text));

-- How many assets a tenant has is known from here on.
ANALYZE "CampaignAsset", "CampaignSpace";
