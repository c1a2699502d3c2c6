/*-------------------------------------------------------------------------
 *
 * row_functions.c
 *	  Rows for analysts: asset_reuse_events, asset_reuse_timeline,
 *	  asset_reuse_where_used and asset_reuse_unused.
 *
 * Arguments are checked, bound to the one statement (row_queries.c), and its rows
 * returned: those of the events one by one, since a caller may want but the newest;
 * the others, which are there only when all is counted or sorted, at once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "asset_type.h"
#include "history_table.h"
#include "identifier.h"
#include "request.h"
#include "row_queries.h"
#include "row_stream.h"
#include "time_bucket.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_rows);
PG_FUNCTION_INFO_V1(asset_reuse_timeline);
PG_FUNCTION_INFO_V1(asset_reuse_where_used_campaign);
PG_FUNCTION_INFO_V1(asset_reuse_where_used_place);
PG_FUNCTION_INFO_V1(asset_reuse_unused);

/* Maximum number of buckets in a timeline: a hundred years of hours */
#define MAX_BUCKETS			1000000

/* Columns of the timeline's statement, as SPI numbers them */
enum
{
	TIMELINE_BUCKET = 1,
	TIMELINE_REUSES,
	TIMELINE_ASSETS,
	TIMELINE_LATER
};

/* What a function is asked for; what is not given is null */
typedef struct RowRequest
{
	Oid			id_type;
	Identifier	tenant_id;
	Identifier	asset_id;
	text	   *asset_type;
	RequestRange range;
	Identifier	campaign_id;
	text	   *place_type;
	text	   *place_id;
	const TimeBucket *bucket;
	Timestamp	first_bucket;	/* that a timeline can have; with bucket */
	Timestamp	last_time;		/* where it ends; with bucket */
	bool		has_created_before;
	Timestamp	created_before;
} RowRequest;

/* The statement that answers it */
typedef struct RowStatement
{
	AppTable	assets;
	AppTable	spaces;
	AppTable	history;
	PlanRequest plan;
	Datum		values[ROW_NPARAMS];
	char		nulls[ROW_NPARAMS];
} RowStatement;

static void open_events(FunctionCallInfo fcinfo);
static void bound_timeline(RowRequest *request);
static void put_timeline(ReturnSetInfo *result, const RowRequest *request);
static bool timeline_start(const RowRequest *request, Timestamp *start);
static void report_outside(const RowRequest *request);
static int64 events_outside(bool later);
static bool bucket_start(uint64 row, Timestamp *start);
static int64 row_count(uint64 row, int column);
static void read_older_than(FunctionCallInfo fcinfo, int argno, RowRequest *request);
static Datum return_rows(FunctionCallInfo fcinfo, const RowRequest *request, PlanQuery query,
						 void (*build) (PlanText *text, const PlanRequest *request));
static void make_statement(FunctionCallInfo fcinfo, const RowRequest *request, PlanQuery query,
						   void (*build) (PlanText *text, const PlanRequest *request),
						   RowStatement *statement);
static void bind_request(const RowRequest *request, RowStatement *statement);
static void bind_value(RowStatement *statement, RowParam param, Datum value);
static void bind_id(RowStatement *statement, RowParam param, Identifier id,
					const AppColumn *column);

/*
 * asset_reuse_event_rows(tenant_id, asset_id, start_date, end_date) returns events, newest
 * first.  It is what asset_reuse_events selects from.
 */
Datum
asset_reuse_event_rows(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		open_events(fcinfo);
	return row_stream_next(fcinfo);
}

/* open_events starts the stream of events; what is bound must live as long as it. */
static void
open_events(FunctionCallInfo fcinfo)
{
	FuncCallContext *call = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};
	RowStatement statement;

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_id = request_optional_identifier(fcinfo, 1, "asset_id", request.id_type);
	request.range = request_range(fcinfo, 2);

	SPI_connect();
	MemoryContextSwitchTo(call->multi_call_memory_ctx);
	make_statement(fcinfo, &request, PLAN_EVENTS, row_build_events, &statement);
	statement.plan.plan_options = PLAN_STREAMED;
	row_stream_open(fcinfo, &statement.plan, statement.values, statement.nulls);
	SPI_finish();
	MemoryContextSwitchTo(old);
}

/*
 * asset_reuse_timeline(tenant_id, bucket, asset_type, start_date, end_date) returns how often
 * assets were reused in each hour, day, week or month.
 */
Datum
asset_reuse_timeline(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};
	RowStatement statement;

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.bucket = time_bucket_find(request_text_or(fcinfo, 1, "bucket", "day"));
	request.asset_type = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	request.range = request_range(fcinfo, 3);
	bound_timeline(&request);

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	make_statement(fcinfo, &request, PLAN_TIMELINE, row_build_timeline, &statement);
	plan_execute(&statement.plan, statement.values, statement.nulls);
	put_timeline((ReturnSetInfo *) fcinfo->resultinfo, &request);
	SPI_finish();
	return (Datum) 0;
}

/*
 * bound_timeline decides where a timeline ends, and where it can begin.
 *
 * Without an end it ends a day after the clock.  One absurd event of others, in the year 9999
 * or 1 say, would otherwise make it end or begin there.
 */
static void
bound_timeline(RowRequest *request)
{
	/* a timestamptz is the timestamp in UTC */
	request->last_time = TIMESTAMP_NOT_FINITE(request->range.end) ?
		GetCurrentTimestamp() + USECS_PER_DAY : request->range.end;
	request->first_bucket =
		time_bucket_back(request->bucket, time_bucket_start(request->bucket, request->last_time - 1),
						 MAX_BUCKETS - 1);
}

/* put_timeline puts the buckets that were counted, and zeros for those between them. */
static void
put_timeline(ReturnSetInfo *result, const RowRequest *request)
{
	Timestamp	last = time_bucket_start(request->bucket, request->last_time - 1);
	Timestamp	start;
	uint64		row = 0;

	report_outside(request);
	if (!timeline_start(request, &start) || start > last)
		return;
	for (;;)
	{
		Datum		values[] = {TimestampTzGetDatum(start), Int64GetDatum(0), Int64GetDatum(0)};
		bool		nulls[lengthof(values)] = {0};
		Timestamp	counted;

		CHECK_FOR_INTERRUPTS();
		if (bucket_start(row, &counted) && counted == start)
		{
			values[1] = Int64GetDatum(row_count(row, TIMELINE_REUSES));
			values[2] = Int64GetDatum(row_count(row, TIMELINE_ASSETS));
			row++;
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		/* after the last there may be no time */
		if (start >= last)
			break;
		start = time_bucket_next(request->bucket, start);
	}
}

/*
 * timeline_start finds the first bucket: that of the range, or of the data where it is open,
 * but none before the first that there can be; false if there is none.
 */
static bool
timeline_start(const RowRequest *request, Timestamp *start)
{
	if (request->range.start >= request->last_time)
		return false;
	if (!TIMESTAMP_NOT_FINITE(request->range.start))
		*start = Max(time_bucket_start(request->bucket, request->range.start), request->first_bucket);
	else if (events_outside(false) > 0)
		*start = request->first_bucket;
	else
		return bucket_start(0, start);
	return true;
}

/* report_outside says what a timeline does not show. */
static void
report_outside(const RowRequest *request)
{
	int64		earlier = events_outside(false);
	int64		later = events_outside(true);

	if (later > 0)
		ereport(NOTICE,
				(errmsg("timeline ends a day after the clock"),
				 errdetail("Number of later events: " INT64_FORMAT ".", later),
				 errhint("Give end_date to see them.")));
	if (earlier > 0 || (!TIMESTAMP_NOT_FINITE(request->range.start) &&
						time_bucket_start(request->bucket, request->range.start) < request->first_bucket))
		ereport(NOTICE,
				(errmsg("timeline has only the newest %d buckets", MAX_BUCKETS),
				 errdetail("Number of earlier events: " INT64_FORMAT ".", earlier),
				 errhint("Choose a longer bucket to see them, or a shorter range by start_date and end_date.")));
}

/* events_outside returns how many events are later than the buckets, or earlier. */
static int64
events_outside(bool later)
{
	Timestamp	start;
	uint64		row;

	/* at most two rows have no bucket, and these are the last */
	for (row = SPI_processed; row > 0 && !bucket_start(row - 1, &start); row--)
	{
		bool		isnull;

		if (DatumGetBool(SPI_getbinval(SPI_tuptable->vals[row - 1], SPI_tuptable->tupdesc,
									   TIMELINE_LATER, &isnull)) == later)
			return row_count(row - 1, TIMELINE_REUSES);
	}
	return 0;
}

/* bucket_start reads which bucket a row of the statement has counted; false if none. */
static bool
bucket_start(uint64 row, Timestamp *start)
{
	bool		isnull = true;

	if (row < SPI_processed)
		*start = DatumGetTimestamp(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
												 TIMELINE_BUCKET, &isnull));
	return !isnull;
}

static int64
row_count(uint64 row, int column)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column,
									   &isnull));
}

/*
 * asset_reuse_where_used_campaign(tenant_id, campaign_space_id) returns the assets that
 * were reused in a campaign.
 */
Datum
asset_reuse_where_used_campaign(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.campaign_id = request_identifier(fcinfo, 1, "campaign_space_id", request.id_type);
	return return_rows(fcinfo, &request, PLAN_WHERE_USED, row_build_where_used);
}

/*
 * asset_reuse_where_used_place(tenant_id, reused_in_type, reused_in_id) returns the
 * assets that were reused in a place of any type.
 */
Datum
asset_reuse_where_used_place(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.place_type = request_text(fcinfo, 1, "reused_in_type");
	request.place_id = request_text(fcinfo, 2, "reused_in_id");
	return return_rows(fcinfo, &request, PLAN_WHERE_USED, row_build_where_used);
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
	request.asset_type = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	read_older_than(fcinfo, 2, &request);
	return return_rows(fcinfo, &request, PLAN_UNUSED, row_build_unused);
}

/* read_older_than reads an age, if one is given, as the time that it takes. */
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
return_rows(FunctionCallInfo fcinfo, const RowRequest *request, PlanQuery query,
			void (*build) (PlanText *text, const PlanRequest *request))
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DestReceiver *receiver = CreateTuplestoreDestReceiver();
	RowStatement statement;

	InitMaterializedSRF(fcinfo, 0);
	SetTuplestoreDestReceiverParams(receiver, result->setResult,
									result->econtext->ecxt_per_query_memory, false, NULL, NULL);
	SPI_connect();
	make_statement(fcinfo, request, query, build, &statement);
	plan_execute_into(&statement.plan, statement.values, statement.nulls, receiver);
	SPI_finish();
	return (Datum) 0;
}

/* make_statement finds the tables and binds the request to the statement over them. */
static void
make_statement(FunctionCallInfo fcinfo, const RowRequest *request, PlanQuery query,
			   void (*build) (PlanText *text, const PlanRequest *request),
			   RowStatement *statement)
{
	memset(statement, 0, sizeof(*statement));
	app_schema_bind(APP_ASSETS, AccessShareLock, &statement->assets);
	app_schema_bind(APP_SPACES, AccessShareLock, &statement->spaces);
	statement->plan = (PlanRequest) {
		.query = query,
		.tables[APP_ASSETS] = &statement->assets,
		.tables[APP_SPACES] = &statement->spaces,
		.caller = fcinfo->flinfo->fn_oid,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.build = build
	};
	if (history_table_bind(&statement->assets, AccessShareLock, true, &statement->history))
		statement->plan.tables[APP_HISTORY] = &statement->history;
	bind_request(request, statement);
	if (request->id_type == UUIDOID)
		statement->plan.shape |= ROW_AS_UUID;
}

/* bind_request binds what the request gives, in the types of the tables' columns. */
static void
bind_request(const RowRequest *request, RowStatement *statement)
{
	const AppColumn *assets = statement->assets.columns;

	memset(statement->nulls, 'n', sizeof(statement->nulls));
	bind_id(statement, ROW_TENANT_ID, request->tenant_id, &assets[ASSET_TENANT_ID]);
	bind_id(statement, ROW_ASSET_ID, request->asset_id, &assets[ASSET_ID]);
	bind_id(statement, ROW_CAMPAIGN_ID, request->campaign_id,
			&statement->spaces.columns[SPACE_ID]);
	if (request->range.has_start)
		bind_value(statement, ROW_SINCE, TimestampGetDatum(request->range.start));
	if (request->range.has_end)
		bind_value(statement, ROW_UNTIL, TimestampGetDatum(request->range.end));
	if (request->asset_type)
		bind_value(statement, ROW_ASSET_TYPE,
				   asset_type_bind(request->asset_type, &assets[ASSET_TYPE]));
	if (request->place_type)
	{
		bind_value(statement, ROW_PLACE_TYPE, PointerGetDatum(request->place_type));
		bind_value(statement, ROW_PLACE_ID, PointerGetDatum(request->place_id));
	}
	if (request->bucket)
	{
		bind_value(statement, ROW_BUCKET, CStringGetTextDatum(request->bucket->name));
		bind_value(statement, ROW_FIRST_BUCKET, TimestampGetDatum(request->first_bucket));
		bind_value(statement, ROW_LAST_TIME, TimestampGetDatum(request->last_time));
	}
	if (request->has_created_before)
	{
		app_schema_require(&statement->assets, ASSET_CREATED_AT);
		bind_value(statement, ROW_CREATED_BEFORE, TimestampGetDatum(request->created_before));
	}
}

static void
bind_id(RowStatement *statement, RowParam param, Identifier id, const AppColumn *column)
{
	if (OidIsValid(id.type))
		bind_value(statement, param, identifier_bind(id, column));
}

static void
bind_value(RowStatement *statement, RowParam param, Datum value)
{
	statement->values[param] = value;
	statement->nulls[param] = ' ';
	statement->plan.shape |= ROW_HAS(param);
}
