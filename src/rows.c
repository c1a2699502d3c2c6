/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Rows for analysts: asset_reuse_events, asset_reuse_where_used, asset_reuse_places,
 *	  asset_reuse_unused and asset_reuse_verify.
 *
 * A function checks its arguments, binds them to its one statement (rows_queries.c), and returns
 * the rows.  Events are returned one at a time, because the caller may want only the newest.
 * The rows of the others exist only after everything has been counted or sorted, so they are
 * returned all at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "plan_cache.h"
#include "rows_queries.h"
#include "rows_request.h"
#include "rows_stream.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_rows);
PG_FUNCTION_INFO_V1(asset_reuse_where_used);
PG_FUNCTION_INFO_V1(asset_reuse_places);
PG_FUNCTION_INFO_V1(asset_reuse_unused);
PG_FUNCTION_INFO_V1(asset_reuse_verify);

static void open_events(FunctionCallInfo fcinfo);
static void require_asset(const RowRequest *request);
static void read_older_than(FunctionCallInfo fcinfo, int argno, RowRequest *request);
static Datum return_rows(FunctionCallInfo fcinfo, const RowRequest *request, const char *sql);

/*
 * asset_reuse_event_rows(tenant_id, asset_id, start_date, end_date) returns events, newest
 * first.  It is what asset_reuse_events selects from.
 */
Datum
asset_reuse_event_rows(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		open_events(fcinfo);
	return rows_stream_next(fcinfo);
}

/* open_events starts the stream of events; the bound values must live as long as the stream. */
static void
open_events(FunctionCallInfo fcinfo)
{
	FuncCallContext *call = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0), .detail = DETAIL_CONTEXT};
	RowStatement statement;

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_id = request_optional_identifier(fcinfo, 1, "asset_id", request.id_type);
	request.range = request_range(fcinfo, 2);

	SPI_connect();
	MemoryContextSwitchTo(call->multi_call_memory_ctx);
	rows_make_statement(fcinfo->flinfo->fn_oid, &request, row_events, &statement);
	statement.plan.plan_options = PLAN_STREAMED;
	rows_stream_open(fcinfo, &statement.plan);
	SPI_finish();
	MemoryContextSwitchTo(old);
}

/*
 * asset_reuse_where_used(tenant_id, campaign_space_id, reused_in_type, reused_in_id) returns the
 * assets that were reused in a campaign, or in a place of any type.
 */
Datum
asset_reuse_where_used(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0), .detail = DETAIL_PLACE};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.campaign_id = request_optional_identifier(fcinfo, 1, "campaign_space_id", request.id_type);
	request.place_type = request_optional_text(fcinfo, 2, "reused_in_type");
	request.place_id = request_optional_text(fcinfo, 3, "reused_in_id");
	if (!OidIsValid(request.campaign_id.type) && !request.place_type && !request.place_id)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("campaign_space_id, reused_in_type or reused_in_id must be given")));
	return return_rows(fcinfo, &request, row_where_used);
}

/* asset_reuse_places(asset_id, tenant_id) returns the places where an asset was reused. */
Datum
asset_reuse_places(PG_FUNCTION_ARGS)
{
	RowRequest	request = {
		.id_type = request_id_type(fcinfo, 0), .detail = DETAIL_PLACE, .finds_campaigns = true
	};

	request.asset_id = request_identifier(fcinfo, 0, "asset_id", request.id_type);
	request.tenant_id = request_identifier(fcinfo, 1, "tenant_id", request.id_type);
	require_asset(&request);
	return return_rows(fcinfo, &request, row_places);
}

/*
 * asset_reuse_verify(tenant_id, asset_id) returns what is wrong with the counters and events of a
 * tenant's live assets, or of one.
 */
Datum
asset_reuse_verify(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0), .verifies = true};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_id = request_optional_identifier(fcinfo, 1, "asset_id", request.id_type);
	if (OidIsValid(request.asset_id.type))
		require_asset(&request);
	return return_rows(fcinfo, &request, row_verify);
}

/* require_asset raises P0002 if the requested asset does not exist. */
static void
require_asset(const RowRequest *request)
{
	AppTable	assets;
	AppRow		asset;

	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	app_lookup(&assets, COLUMN_BIT(ASSET_ID), request->asset_id, request->tenant_id, true, &asset);
	SPI_finish();
}

/*
 * asset_reuse_unused(tenant_id, asset_type, older_than) returns the live assets that
 * were never reused, best performers first.
 */
Datum
asset_reuse_unused(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_type = request_any_text(fcinfo, 1);
	read_older_than(fcinfo, 2, &request);
	return return_rows(fcinfo, &request, row_unused);
}

/* read_older_than converts an age, if one is given, to a point in time. */
static void
read_older_than(FunctionCallInfo fcinfo, int argno, RowRequest *request)
{
	/* a timestamptz is the timestamp in UTC */
	Timestamp	start = GetCurrentTransactionStartTimestamp();

	request->has_created_before = !PG_ARGISNULL(argno);
	if (!request->has_created_before)
		return;
	request->created_before =
		DatumGetTimestamp(DirectFunctionCall2(timestamp_mi_interval, TimestampGetDatum(start),
											  PG_GETARG_DATUM(argno)));
	if (request->created_before > start)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("older_than must not be negative")));
}

/* return_rows returns the rows of the statement that answers a request, all at once. */
static Datum
return_rows(FunctionCallInfo fcinfo, const RowRequest *request, const char *sql)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DestReceiver *receiver = CreateTuplestoreDestReceiver();
	RowStatement statement;

	InitMaterializedSRF(fcinfo, 0);
	SetTuplestoreDestReceiverParams(receiver, result->setResult,
									result->econtext->ecxt_per_query_memory, false, result->setDesc,
									ROWS_CHANGED);
	SPI_connect();
	rows_make_statement(fcinfo->flinfo->fn_oid, request, sql, &statement);
	plan_execute_into(&statement.plan, receiver);
	SPI_finish();
	return (Datum) 0;
}
