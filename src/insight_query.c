/*-------------------------------------------------------------------------
 *
 * insight_query.c
 *	  The statements that read a tenant's assets for insights, and before these its campaigns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "insight.h"
#include "plan_cache.h"

/*
 * Of all the tenant's live assets, whichever are asked for: what the rates are is estimated from
 * all.  A campaign that was deleted still tells where its assets were made.
 */
static const char insight[] =
	"SELECT {fn:insight}({arguments}) FROM {assets} AS a WHERE {live:a}";

static const char answer[] =
	"SELECT {fn:insight_answer}({arguments}, $filter, $confidence) FROM {assets} AS a WHERE {live:a}";

static const char arguments[] =
	"{if asset_type}{label:a.asset_type} {=} $asset_type{else}true{end},"
	" a.asset_type, {campaign}, {column:created_at}, a.reused_count,"
	" {column:impressions}, {column:clicks}, {column:conversions}";

/*
 * The asset's campaign of origin, and all the tenant's campaigns: see insight_platforms.c.  The ids are
 * compared by the collation of the campaigns'.
 */
static const char campaign[] =
	"CAST({origin id} AS pg_catalog.text){collation}, $campaigns";

/*
 * Pairs of the id and the platform of each campaign.  It is a statement of its own, because it has one plan
 * for all tenants, and as a part of the other one it would be planned each time.
 */
static const char read_campaigns[] =
	"SELECT pg_catalog.array_agg(ARRAY[{text:s.id}, {text:s.platform}]) FROM {spaces} AS s"
	" WHERE s.tenant_id {=} $space_tenant_id AND s.id IS NOT NULL";

static const char origin[] =
	" LEFT JOIN {spaces} AS s ON s.id {=} {origin id}{collation:s.id} AND s.tenant_id {=} $space_tenant_id";

static bool has_platform(const PlanRequest *request);
static void append_origin_id(PlanText *text, const PlanRequest *request);
static void append_id_collation(PlanText *text, const PlanRequest *request);
static void append_column(PlanText *text, const PlanRequest *request, const char *name);

/* insight_needs_spaces: must the campaigns be bound, for the platforms of assets' origin? */
bool
insight_needs_spaces(const AppTable *assets)
{
	return assets->columns[ASSET_CAMPAIGN_SPACE_ID].present;
}

/*
 * insight_add_campaigns adds $campaigns, which {insight} takes if campaigns are bound.  The caller is connected to SPI.
 */
void
insight_add_campaigns(PlanRequest *request, Identifier tenant_id)
{
	const AppTable *spaces = request->tables[APP_SPACES];
	PlanRequest query = {
		.sql = read_campaigns,
		.tables[APP_SPACES] = spaces,
		.caller = request->caller,
		.read_only = true,
		.plan_options = PLAN_BY_KEY
	};
	bool		isnull;

	if (!has_platform(request))
		return;
	identifier_add(&query, "space_tenant_id", tenant_id, &spaces->columns[SPACE_TENANT_ID]);
	plan_execute(&query);
	isnull = plan_result_is_null(0, 1, TEXTARRAYOID);
	plan_add_data(request, "campaigns", TEXTARRAYOID, isnull ? (Datum) 0 : plan_result(0, 1, TEXTARRAYOID), isnull);
}

/* ----------
 * insight_put_piece puts what statements over insights have in common; false for another name:
 *
 *		{insight}				the query whose one value is the state of the tenant's assets as bytes
 *		{insight answer}		the query whose one value is the answer about them
 *		{origin}				the join of assets a with their campaigns of origin s; or nothing
 *		{platform}				the platform of asset a's campaign of origin, with that join
 *		{column:clicks}			an optional column of asset a; an untyped null where there is none
 *
 * They take the parameters tenant_id and asset_type.  {origin} takes space_tenant_id, too; {insight} and {insight answer} take
 * what insight_add_campaigns adds, and the latter filter (asset_type as a text) and confidence.
 * ----------
 */
bool
insight_put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (strcmp(name, "insight") == 0)
		plan_expand(text, request, insight);
	else if (strcmp(name, "insight answer") == 0)
		plan_expand(text, request, answer);
	else if (strcmp(name, "arguments") == 0)
		plan_expand(text, request, arguments);
	else if (strcmp(name, "origin") == 0)
		plan_expand(text, request, has_platform(request) ? origin : "");
	else if (strcmp(name, "campaign") == 0)
		plan_expand(text, request, has_platform(request) ? campaign : "NULL, NULL");
	else if (strcmp(name, "collation") == 0)
		append_id_collation(text, request);
	else if (strcmp(name, "origin id") == 0)
		append_origin_id(text, request);
	else if (strcmp(name, "platform") == 0)
		plan_expand(text, request, has_platform(request) ? "{text:s.platform}" : "NULL");
	else if (strncmp(name, "column:", strlen("column:")) == 0)
		append_column(text, request, name + strlen("column:"));
	else
		return false;
	return true;
}

static bool
has_platform(const PlanRequest *request)
{
	const AppTable *spaces = request->tables[APP_SPACES];

	return spaces != NULL && spaces->columns[SPACE_PLATFORM].present &&
		insight_needs_spaces(request->tables[APP_ASSETS]);
}

/* append_origin_id appends the id of asset a's campaign of origin in a type that compares with the campaigns' ids. */
static void
append_origin_id(PlanText *text, const PlanRequest *request)
{
	Oid			type = request->tables[APP_ASSETS]->columns[ASSET_CAMPAIGN_SPACE_ID].type;
	Oid			id_type = request->tables[APP_SPACES]->columns[SPACE_ID].type;

	plan_expand(text, request,
				type == id_type ? "a.campaign_space_id" :
				id_type != UUIDOID ? "CAST(a.campaign_space_id AS pg_catalog.text)" :
				"{uuid:a.campaign_space_id}");
}

/* append_id_collation appends the collation of a campaign's id as text: a uuid has none, but its text needs one. */
static void
append_id_collation(PlanText *text, const PlanRequest *request)
{
	plan_expand(text, request, request->tables[APP_SPACES]->columns[SPACE_ID].type == UUIDOID ?
				" COLLATE pg_catalog.\"C\"" : "{collation:s.id}");
}

static void
append_column(PlanText *text, const PlanRequest *request, const char *name)
{
	plan_expand(text, request, psprintf("{if assets.%s}a.%s{else}NULL{end}", name, name));
}
