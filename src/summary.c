/*-------------------------------------------------------------------------
 *
 * summary.c
 *	  The parallel aggregate behind analytics: overview, counts by type, performance samples and
 *	  the list of top assets, in one pass.
 *
 * This file has its SQL functions and their arguments.  summary_state.c has the state,
 * summary_wire.c sends it between processes, and summary_answer.c writes the answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "request.h"
#include "summary.h"
#include "summary_state.h"

PG_FUNCTION_INFO_V1(asset_reuse_summary_transition);
PG_FUNCTION_INFO_V1(asset_reuse_summary_combine);
PG_FUNCTION_INFO_V1(asset_reuse_summary_serialize);
PG_FUNCTION_INFO_V1(asset_reuse_summary_deserialize);
PG_FUNCTION_INFO_V1(asset_reuse_summary_final);

const AssetColumn summary_columns[SUMMARY_NCOLUMNS] = {
	ASSET_ID, ASSET_CTR, ASSET_CLICKS, ASSET_FILE_URL, ASSET_NAME, ASSET_TYPE,
	ASSET_CONVERSIONS, ASSET_IMPRESSIONS, ASSET_REUSED_COUNT, ASSET_THUMBNAIL_URL,
	ASSET_LAST_REUSED_AT, ASSET_CAMPAIGN_SPACE_ID, ASSET_PLATFORM_METADATA
};

static MemoryContext aggregate_context(FunctionCallInfo fcinfo);
static SummaryState *get_state(FunctionCallInfo fcinfo, int argno);
static SummaryState *copy_state(SummaryState *state, MemoryContext context);
static SummaryState *create_state(FunctionCallInfo fcinfo, MemoryContext context);
static AppColumn argument_column(FunctionCallInfo fcinfo, int i);
pg_noreturn static void report_argument(AssetColumn column, Oid type);
static void read_row(FunctionCallInfo fcinfo, const SummaryState *state, AppRow *row);

/*
 * asset_reuse_summary_transition(state, top_limit, range_start, range_end,
 * reuses_in_table, columns...) adds an asset.
 *
 * The first three arguments are the same in each call and read in the first.
 * A column that the table does not have comes as an untyped null.
 */
Datum
asset_reuse_summary_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	SummaryState *state = get_state(fcinfo, 0);
	AppRow		row;

	if (state == NULL)
		state = create_state(fcinfo, context);
	read_row(fcinfo, state, &row);
	summary_state_add(state, &row, PG_ARGISNULL(SUMMARY_ARG_REUSES_IN_TABLE) ? 0 :
					  PG_GETARG_INT64(SUMMARY_ARG_REUSES_IN_TABLE));
	PG_RETURN_POINTER(state);
}

/* asset_reuse_summary_combine(state1, state2) adds another worker's assets. */
Datum
asset_reuse_summary_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	SummaryState *state = get_state(fcinfo, 0);
	SummaryState *other = get_state(fcinfo, 1);

	if (state != NULL && other != NULL)
		summary_state_merge(state, other);
	else if (other != NULL)
		state = copy_state(other, context);
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* asset_reuse_summary_serialize(state) returns the state as bytes. */
Datum
asset_reuse_summary_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&buf);
	summary_state_send(&buf, get_state(fcinfo, 0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* asset_reuse_summary_deserialize(bytes, internal) returns the state again. */
Datum
asset_reuse_summary_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;
	SummaryState *state;

	(void) aggregate_context(fcinfo);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	state = summary_state_receive(&buf, CurrentMemoryContext);
	pfree(buf.data);
	PG_RETURN_POINTER(state);
}

/*
 * asset_reuse_summary_final(state) returns the answer's objects: overview,
 * by_asset_type, top_reused_assets and performance_correlation.
 */
Datum
asset_reuse_summary_final(PG_FUNCTION_ARGS)
{
	static const SummaryState nothing = {0};
	SummaryState *state = get_state(fcinfo, 0);

	(void) aggregate_context(fcinfo);
	PG_RETURN_JSONB_P(summary_state_answer(state != NULL ? state : &nothing));
}

/* aggregate_context returns the aggregate's memory context. */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "a function of asset_reuse_summary was called in non-aggregate context");
	return context;
}

/* get_state returns the state in an argument; null if there is none yet. */
static SummaryState *
get_state(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : (SummaryState *) PG_GETARG_POINTER(argno);
}

/* copy_state copies a state, which may be short-lived, by serializing it. */
static SummaryState *
copy_state(SummaryState *state, MemoryContext context)
{
	StringInfoData buf;
	SummaryState *copy;

	initStringInfo(&buf);
	summary_state_send(&buf, state);
	copy = summary_state_receive(&buf, context);
	pfree(buf.data);
	return copy;
}

/* create_state makes the state at the first row. */
static SummaryState *
create_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	SummaryState *state = MemoryContextAllocZero(context, sizeof(SummaryState));
	int			i;

	state->context = context;
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
		state->columns[summary_columns[i]] = argument_column(fcinfo, i);
	state->top_limit = request_int(fcinfo, SUMMARY_ARG_TOP_LIMIT, "top_limit",
								   1, SUMMARY_MAX_TOP);
	state->range.start = PG_ARGISNULL(SUMMARY_ARG_RANGE_START) ? DT_NOBEGIN :
		PG_GETARG_TIMESTAMP(SUMMARY_ARG_RANGE_START);
	state->range.end = PG_ARGISNULL(SUMMARY_ARG_RANGE_END) ? DT_NOEND :
		PG_GETARG_TIMESTAMP(SUMMARY_ARG_RANGE_END);
	state->ranged = !PG_ARGISNULL(SUMMARY_ARG_RANGE_START) ||
		!PG_ARGISNULL(SUMMARY_ARG_RANGE_END);
	state->collation = PG_GET_COLLATION();
	summary_state_prepare(state);
	return state;
}

/*
 * argument_column describes the column that comes as an argument.
 *
 * Error 42804 if the column cannot have the argument's type: "any" accepts every
 * type, and a value must not be mistaken for one of another type.  An untyped literal
 * is accepted only if it is null, which read_row checks.
 */
static AppColumn
argument_column(FunctionCallInfo fcinfo, int i)
{
	AppColumn	column = {0};
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, SUMMARY_ARG_FIRST_COLUMN + i);
	AssetColumn number = summary_columns[i];

	/* an untyped null; there is always an id */
	if (type == UNKNOWNOID && number != ASSET_ID)
		return column;
	column.present = true;
	column.type = getBaseType(type);
	if (!app_column_accepts(APP_ASSETS, number, column.type))
		report_argument(number, type);
	return column;
}

static void
report_argument(AssetColumn column, Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("argument %s of asset_reuse_summary has type %s",
					app_column_name(APP_ASSETS, column), format_type_be(type)),
			 errdetail("The type must be %s.", app_column_expected(APP_ASSETS, column))));
}

/* read_row reads the columns among the arguments. */
static void
read_row(FunctionCallInfo fcinfo, const SummaryState *state, AppRow *row)
{
	int			i;

	row->columns = state->columns;
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
	{
		AssetColumn column = summary_columns[i];

		row->values[column] = PG_GETARG_DATUM(SUMMARY_ARG_FIRST_COLUMN + i);
		row->nulls[column] = PG_ARGISNULL(SUMMARY_ARG_FIRST_COLUMN + i);
		if (!row->nulls[column] && !state->columns[column].present)
			report_argument(column, UNKNOWNOID);
	}
}
