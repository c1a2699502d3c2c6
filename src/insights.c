/*-------------------------------------------------------------------------
 *
 * insights.c
 *	  asset_reuse_insights: do reused assets perform better than others like them?
 *
 * One statement over the tenant's assets, after one over its campaigns, whose aggregate (insight.c) gathers the sums in
 * parallel where the planner finds that worthwhile, and makes the answer of them (insight_answer.c).
 *
 * All lives until SPI_finish; the answer is copied to the calling query's memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/lockdefs.h"

#include "app_schema.h"
#include "insight.h"
#include "insight_answer.h"
#include "plan_cache.h"
#include "request.h"
#include "request_asset_type.h"
#include "request_identifier.h"

PG_FUNCTION_INFO_V1(asset_reuse_insights);

static const char read_answer[] = "{insight answer}";

static Jsonb *answer(FunctionCallInfo fcinfo, Identifier tenant_id, InsightQuestion question);
static void put_piece(PlanText *text, const PlanRequest *request, const char *name);

/*
 * asset_reuse_insights(tenant_id, asset_type, confidence) returns how the tenant's reused assets
 * perform compared with others of their type, platform and year.
 */
Datum
asset_reuse_insights(PG_FUNCTION_ARGS)
{
	Identifier	tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	InsightQuestion question = {
		.asset_type = request_any_text(fcinfo, 1),
		.confidence = insight_confidence(fcinfo, 2)
	};
	Datum		result;

	SPI_connect();
	result = PointerGetDatum(answer(fcinfo, tenant_id, question));
	result = SPI_datumTransfer(result, false, -1);
	SPI_finish();

	return result;
}

/* answer runs the statement and returns its answer. */
static Jsonb *
answer(FunctionCallInfo fcinfo, Identifier tenant_id, InsightQuestion question)
{
	AppTable	assets;
	AppTable	spaces;
	Datum		result;
	PlanRequest query = {
		.sql = read_answer,
		.tables[APP_ASSETS] = &assets,
		.unread = TABLE_BIT(APP_SPACES),
		.caller = fcinfo->flinfo->fn_oid,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = put_piece
	};

	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	identifier_add(&query, "tenant_id", tenant_id, &assets.columns[ASSET_TENANT_ID]);
	asset_type_add(&query, question.asset_type, &assets.columns[ASSET_TYPE]);
	if (insight_needs_spaces(&assets))
	{
		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		/* a statement has the tables that it is bound to */
		if (spaces.columns[SPACE_PLATFORM].present)
			query.tables[APP_SPACES] = &spaces;
		insight_add_campaigns(&query, tenant_id);
	}
	plan_add_nullable(&query, "filter", TEXTOID, PointerGetDatum(question.asset_type), question.asset_type == NULL);
	plan_add_value(&query, "confidence", FLOAT8OID, Float8GetDatum(question.confidence));
	result = plan_execute_value(&query);
	/* null without assets */
	return DatumGetPointer(result) != NULL ? DatumGetJsonbP(result) : insight_answer(NULL, question);
}

static void
put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (!insight_put_piece(text, request, name))
		elog(ERROR, "template has an unknown name \"%s\"", name);
}
