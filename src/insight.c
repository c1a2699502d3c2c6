/*-------------------------------------------------------------------------
 *
 * insight.c
 *	  The parallel aggregate that insights run on: the sums of a tenant's assets by
 *	  type, platform and year, in one pass.
 *
 * Here are its SQL functions and their arguments; insight_state.c has what they
 * keep, insight_wire.c makes bytes of it, which are the aggregate's result too, and
 * insight_rates.c estimates the rates from them.  A second aggregate gathers the same and answers at once
 * (insight_answer.c): making bytes and reading them takes as long as the sums of some hundred assets.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"
#include "insight.h"
#include "insight_answer.h"
#include "insight_state.h"

PG_FUNCTION_INFO_V1(asset_reuse_insight_transition);
PG_FUNCTION_INFO_V1(asset_reuse_insight_combine);
PG_FUNCTION_INFO_V1(asset_reuse_insight_serialize);
PG_FUNCTION_INFO_V1(asset_reuse_insight_deserialize);
PG_FUNCTION_INFO_V1(asset_reuse_insight_final);
PG_FUNCTION_INFO_V1(asset_reuse_insight_answer_final);

static MemoryContext aggregate_context(FunctionCallInfo fcinfo);
static InsightState *get_state(FunctionCallInfo fcinfo, int argno);
static InsightState *create_state(FunctionCallInfo fcinfo, MemoryContext context);
static InsightQuestion read_question(FunctionCallInfo fcinfo);
static InsightQuestion copy_question(InsightQuestion question, MemoryContext context);
static void read_argument(FunctionCallInfo fcinfo, const InsightState *state, int argno,
						  AssetColumn column, AppRow *row);
pg_noreturn static void report_argument(AssetColumn column, Oid type);

/*
 * asset_reuse_insight_transition(state, wanted, asset_type, campaign_id, campaigns, created_at,
 * reused_count, impressions, clicks, conversions [, filter, confidence]) adds an asset.
 *
 * A column that the tables do not have comes as an untyped null.
 */
Datum
asset_reuse_insight_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	InsightState *state = get_state(fcinfo, 0);
	InsightRow	row = {.platform = INSIGHT_NULL_LABEL};

	if (state == NULL)
		state = create_state(fcinfo, context);
	row.wanted = !PG_ARGISNULL(INSIGHT_ARG_WANTED) && PG_GETARG_BOOL(INSIGHT_ARG_WANTED);
	if (state->platforms != NULL && !PG_ARGISNULL(INSIGHT_ARG_CAMPAIGN_ID))
		row.platform = insight_platforms_find(state->platforms, PG_GETARG_TEXT_PP(INSIGHT_ARG_CAMPAIGN_ID));
	row.asset.columns = state->columns;
	read_argument(fcinfo, state, INSIGHT_ARG_ASSET_TYPE, ASSET_TYPE, &row.asset);
	read_argument(fcinfo, state, INSIGHT_ARG_CREATED_AT, ASSET_CREATED_AT, &row.asset);
	read_argument(fcinfo, state, INSIGHT_ARG_REUSED_COUNT, ASSET_REUSED_COUNT, &row.asset);
	read_argument(fcinfo, state, INSIGHT_ARG_IMPRESSIONS, ASSET_IMPRESSIONS, &row.asset);
	read_argument(fcinfo, state, INSIGHT_ARG_CLICKS, ASSET_CLICKS, &row.asset);
	read_argument(fcinfo, state, INSIGHT_ARG_CONVERSIONS, ASSET_CONVERSIONS, &row.asset);
	insight_state_add(state, &row);
	PG_RETURN_POINTER(state);
}

/* asset_reuse_insight_combine(state1, state2) adds another worker's assets. */
Datum
asset_reuse_insight_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	InsightState *state = get_state(fcinfo, 0);
	InsightState *other = get_state(fcinfo, 1);

	if (other == NULL && state == NULL)
		PG_RETURN_NULL();
	if (other == NULL)
		PG_RETURN_POINTER(state);
	if (state == NULL)
	{
		/* the other one may be short-lived */
		state = insight_state_create(context);
		memcpy(state->columns, other->columns, sizeof(state->columns));
		state->question = copy_question(other->question, context);
		insight_state_prepare(state);
	}
	insight_state_merge(state, other);
	PG_RETURN_POINTER(state);
}

/* asset_reuse_insight_serialize(state) returns the state as bytes. */
Datum
asset_reuse_insight_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(insight_state_write(get_state(fcinfo, 0)));
}

/* asset_reuse_insight_deserialize(bytes, internal) returns the state again. */
Datum
asset_reuse_insight_deserialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(insight_state_read(PG_GETARG_BYTEA_PP(0), CurrentMemoryContext));
}

/* asset_reuse_insight_final(state) returns the state as bytes; null without assets. */
Datum
asset_reuse_insight_final(PG_FUNCTION_ARGS)
{
	InsightState *state = get_state(fcinfo, 0);

	(void) aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(insight_state_write(state));
}

/* asset_reuse_insight_answer_final(state) returns the answer of asset_reuse_insights; null without assets. */
Datum
asset_reuse_insight_answer_final(PG_FUNCTION_ARGS)
{
	InsightState *state = get_state(fcinfo, 0);

	(void) aggregate_context(fcinfo);
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(insight_answer(state, state->question));
}

/* aggregate_context returns the aggregate's memory context. */
static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "a function of asset_reuse_insight was called in non-aggregate context");
	return context;
}

/* get_state returns the state that is an argument; null if there is none yet. */
static InsightState *
get_state(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : (InsightState *) PG_GETARG_POINTER(argno);
}

/*
 * create_state makes the state at the first row.
 *
 * Error 42804 if a column cannot have the argument's type: "any" lets everything through, and
 * it must not be taken for what it is not.
 */
static InsightState *
create_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	static const struct
	{
		int			argno;
		AssetColumn column;
	}			arguments[] = {
		{INSIGHT_ARG_ASSET_TYPE, ASSET_TYPE},
		{INSIGHT_ARG_CREATED_AT, ASSET_CREATED_AT},
		{INSIGHT_ARG_REUSED_COUNT, ASSET_REUSED_COUNT},
		{INSIGHT_ARG_IMPRESSIONS, ASSET_IMPRESSIONS},
		{INSIGHT_ARG_CLICKS, ASSET_CLICKS},
		{INSIGHT_ARG_CONVERSIONS, ASSET_CONVERSIONS},
	};
	InsightState *state = insight_state_create(context);
	Size		i;

	for (i = 0; i < lengthof(arguments); i++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arguments[i].argno);
		AppColumn  *column = &state->columns[arguments[i].column];

		/* an untyped literal has no type; only a null of it is let through */
		if (type == UNKNOWNOID)
			continue;
		column->present = true;
		column->type = getBaseType(type);
		if (!app_column_accepts(APP_ASSETS, arguments[i].column, column->type))
			report_argument(arguments[i].column, type);
	}
	if (!PG_ARGISNULL(INSIGHT_ARG_CAMPAIGNS))
		state->platforms = insight_platforms_create(state, context, PG_GETARG_ARRAYTYPE_P(INSIGHT_ARG_CAMPAIGNS),
													PG_GET_COLLATION());
	if (PG_NARGS() > INSIGHT_ARG_CONFIDENCE)
		state->question = copy_question(read_question(fcinfo), context);
	insight_state_prepare(state);
	return state;
}

/* read_question reads what is asked, which is the same in all rows. */
static InsightQuestion
read_question(FunctionCallInfo fcinfo)
{
	return (InsightQuestion) {
		.asset_type = PG_ARGISNULL(INSIGHT_ARG_FILTER) ? NULL : PG_GETARG_TEXT_PP(INSIGHT_ARG_FILTER),
		.confidence = insight_confidence(fcinfo, INSIGHT_ARG_CONFIDENCE)
	};
}

static InsightQuestion
copy_question(InsightQuestion question, MemoryContext context)
{
	text	   *copy;

	if (question.asset_type != NULL)
	{
		copy = MemoryContextAlloc(context, VARSIZE_ANY(question.asset_type));
		question.asset_type = memcpy(copy, question.asset_type, VARSIZE_ANY(question.asset_type));
	}
	return question;
}

/* read_argument reads a column's value. */
static void
read_argument(FunctionCallInfo fcinfo, const InsightState *state, int argno, AssetColumn column,
			  AppRow *row)
{
	row->values[column] = PG_GETARG_DATUM(argno);
	row->nulls[column] = PG_ARGISNULL(argno);
	if (!row->nulls[column] && !state->columns[column].present)
		report_argument(column, UNKNOWNOID);
}

static void
report_argument(AssetColumn column, Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("argument %s of asset_reuse_insight has type %s",
					app_column_name(APP_ASSETS, column), format_type_be(type)),
			 errdetail("The type must be %s.", app_column_expected(APP_ASSETS, column))));
}
