/*-------------------------------------------------------------------------
 *
 * insights.c
 *	  asset_reuse_insights: do reused assets perform better than others like them?
 *
 * One statement over the tenant's assets, whose aggregate (insight.c) gathers the sums in
 * parallel where the planner finds that worthwhile; the rest is arithmetic on these.
 *
 * The answer lives in the calling query's memory context; all else until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

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

#define MIN_CONFIDENCE		0.5
#define MAX_CONFIDENCE		0.999
#define DEFAULT_CONFIDENCE	0.95

static const char read_assets[] = "{insight}";

static double read_confidence(FunctionCallInfo fcinfo, int argno);
static const bytea *read_state(FunctionCallInfo fcinfo, Identifier tenant_id, text *asset_type);
static void put_piece(PlanText *text, const PlanRequest *request, const char *name);

/*
 * asset_reuse_insights(tenant_id, asset_type, confidence) returns how the tenant's reused assets
 * perform compared with others of their type, platform and year.
 */
Datum
asset_reuse_insights(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	Identifier	tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	text	   *asset_type = request_any_text(fcinfo, 1);
	double		confidence = read_confidence(fcinfo, 2);
	Jsonb	   *answer;

	SPI_connect();
	answer = insight_answer(read_state(fcinfo, tenant_id, asset_type), asset_type, confidence, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

static double
read_confidence(FunctionCallInfo fcinfo, int argno)
{
	double		confidence = PG_ARGISNULL(argno) ? DEFAULT_CONFIDENCE : PG_GETARG_FLOAT8(argno);

	/* NaN is not within bounds either */
	if (!(confidence >= MIN_CONFIDENCE && confidence <= MAX_CONFIDENCE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence is out of bounds"),
				 errdetail("confidence must be between %g and %g, but is %g.", MIN_CONFIDENCE,
						   MAX_CONFIDENCE, confidence)));
	return confidence;
}

/* read_state runs the statement and returns the state of the tenant's assets; null if there are none. */
static const bytea *
read_state(FunctionCallInfo fcinfo, Identifier tenant_id, text *asset_type)
{
	AppTable	assets;
	AppTable	spaces;
	PlanRequest query = {
		.sql = read_assets,
		.tables[APP_ASSETS] = &assets,
		.caller = fcinfo->flinfo->fn_oid,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = put_piece
	};

	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	identifier_add(&query, "tenant_id", tenant_id, &assets.columns[ASSET_TENANT_ID]);
	asset_type_add(&query, asset_type, &assets.columns[ASSET_TYPE]);
	if (insight_needs_spaces(&assets))
	{
		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		/* a statement has the tables that it is bound to */
		if (spaces.columns[SPACE_PLATFORM].present)
			query.tables[APP_SPACES] = &spaces;
		identifier_add(&query, "space_tenant_id", tenant_id, &spaces.columns[SPACE_TENANT_ID]);
	}
	return (const bytea *) DatumGetPointer(plan_execute_value(&query));
}

static void
put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (!insight_put_piece(text, request, name))
		elog(ERROR, "template has an unknown name \"%s\"", name);
}
