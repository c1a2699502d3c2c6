/*-------------------------------------------------------------------------
 *
 * insight_asset.c
 *	  asset_reuse_insight_asset: what an asset's rate is taken to be.
 *
 * The rates are estimated at the first call, and live as long as the calling expression or until another
 * state comes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "insight_rates.h"

PG_FUNCTION_INFO_V1(asset_reuse_insight_asset);

/* Arguments */
#define ARG_STATE			0
#define ARG_CONFIDENCE		1
#define ARG_ASSET_TYPE		2
#define ARG_PLATFORM		3
#define ARG_CREATED_AT		4
#define ARG_IMPRESSIONS		5
#define ARG_CLICKS			6

#define NRESULTS			8

/* What is kept between calls */
typedef struct KeptRates
{
	MemoryContext context;		/* of the rates */
	InsightRates *rates;		/* null: none yet */
	uint64		digest;			/* of the state that they are from */
	double		confidence;		/* -1: none yet */
	double		z;				/* its quantile */
} KeptRates;

static KeptRates *keep_rates(FunctionCallInfo fcinfo);
static void estimate(FunctionCallInfo fcinfo, KeptRates *kept, const bytea *bytes);
static void check_arguments(FunctionCallInfo fcinfo, const InsightState *state);
static void check_argument(FunctionCallInfo fcinfo, int argno, AssetColumn number, const AppColumn *column);
static void read_column(FunctionCallInfo fcinfo, int argno, AssetColumn column, AppRow *row);

/*
 * asset_reuse_insight_asset(state, confidence, asset_type, platform, created_at, impressions,
 * clicks) returns [impressions, clicks, rate, shrunken rate, low, high, own share, rate of its
 * like].
 *
 * The rates are estimated whenever the state is another one than in the row before.  Error 42804 for a column
 * of another type than the state's.
 */
Datum
asset_reuse_insight_asset(PG_FUNCTION_ARGS)
{
	KeptRates  *kept;
	InsightRow	row = {.platform = INSIGHT_NULL_LABEL};
	FitShrunken shrunken;
	Datum		results[NRESULTS];
	bool		nulls[NRESULTS] = {false};
	int			dims[] = {NRESULTS};
	int			first[] = {1};
	double		n = 0;
	double		x = 0;
	double		prior;

	if (PG_ARGISNULL(ARG_STATE) || PG_ARGISNULL(ARG_CONFIDENCE))
		PG_RETURN_NULL();
	kept = keep_rates(fcinfo);
	row.asset.columns = kept->rates->state->columns;
	if (!PG_ARGISNULL(ARG_PLATFORM))
		row.platform = insight_labels_find(kept->rates->state, text_bytes(PG_GETARG_TEXT_PP(ARG_PLATFORM)));
	read_column(fcinfo, ARG_ASSET_TYPE, ASSET_TYPE, &row.asset);
	read_column(fcinfo, ARG_CREATED_AT, ASSET_CREATED_AT, &row.asset);
	read_column(fcinfo, ARG_IMPRESSIONS, ASSET_IMPRESSIONS, &row.asset);
	read_column(fcinfo, ARG_CLICKS, ASSET_CLICKS, &row.asset);
	if (!insight_count(&row.asset, ASSET_IMPRESSIONS, &n) ||
		!insight_count(&row.asset, ASSET_CLICKS, &x) || x > n)
		n = x = 0;

	prior = insight_rates_prior(kept->rates, INSIGHT_CTR, &row);
	shrunken = fit_shrink(&kept->rates->fits[INSIGHT_CTR], prior, n, x, kept->z);
	results[0] = Float8GetDatum(n);
	results[1] = Float8GetDatum(x);
	results[2] = Float8GetDatum(n > 0 ? x / n : 0);
	nulls[2] = n <= 0;
	results[3] = Float8GetDatum(shrunken.rate);
	results[4] = Float8GetDatum(shrunken.low);
	results[5] = Float8GetDatum(shrunken.high);
	results[6] = Float8GetDatum(shrunken.own_share);
	results[7] = Float8GetDatum(prior);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(results, nulls, 1, dims, first, FLOAT8OID, sizeof(float8),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* keep_rates returns the rates of the state that is an argument, estimated once. */
static KeptRates *
keep_rates(FunctionCallInfo fcinfo)
{
	KeptRates  *kept = fcinfo->flinfo->fn_extra;
	double		confidence = PG_GETARG_FLOAT8(ARG_CONFIDENCE);
	bytea	   *bytes;

	if (kept == NULL)
	{
		kept = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(KeptRates));
		kept->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "asset_reuse rates",
											  ALLOCSET_DEFAULT_SIZES);
		kept->confidence = -1;
		fcinfo->flinfo->fn_extra = kept;
	}
	bytes = PG_GETARG_BYTEA_PP(ARG_STATE);
	if (kept->rates == NULL || kept->digest != insight_state_digest(bytes))
		estimate(fcinfo, kept, bytes);
	if (kept->confidence != confidence)
	{
		if (!(confidence > 0 && confidence < 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("confidence is out of bounds"),
					 errdetail("confidence must be between 0 and 1.")));
		kept->confidence = confidence;
		kept->z = fit_normal_quantile((1 + confidence) / 2);
	}
	return kept;
}

/* estimate estimates the rates of a state.  They are kept only if the arguments are of its types. */
static void
estimate(FunctionCallInfo fcinfo, KeptRates *kept, const bytea *bytes)
{
	MemoryContext old;
	InsightRates *rates;

	kept->rates = NULL;
	MemoryContextReset(kept->context);
	old = MemoryContextSwitchTo(kept->context);
	rates = insight_rates_make(insight_state_read(bytes, CurrentMemoryContext));
	MemoryContextSwitchTo(old);
	check_arguments(fcinfo, rates->state);
	kept->rates = rates;
	kept->digest = insight_state_digest(bytes);
}

/* check_arguments makes sure that columns are of the types that they are read as. */
static void
check_arguments(FunctionCallInfo fcinfo, const InsightState *state)
{
	const AppColumn *columns = state->columns;

	check_argument(fcinfo, ARG_ASSET_TYPE, ASSET_TYPE, &columns[ASSET_TYPE]);
	check_argument(fcinfo, ARG_CREATED_AT, ASSET_CREATED_AT, &columns[ASSET_CREATED_AT]);
	check_argument(fcinfo, ARG_IMPRESSIONS, ASSET_IMPRESSIONS, &columns[ASSET_IMPRESSIONS]);
	check_argument(fcinfo, ARG_CLICKS, ASSET_CLICKS, &columns[ASSET_CLICKS]);
}

static void
check_argument(FunctionCallInfo fcinfo, int argno, AssetColumn number, const AppColumn *column)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argno);

	if (column->present &&
		(!OidIsValid(type) || getBaseType(type) != column->type || !app_column_accepts(APP_ASSETS, number, column->type)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("argument %s of asset_reuse_insight_asset has type %s",
						app_column_name(APP_ASSETS, number), format_type_be(type)),
				 /* anybody can make up a state, with types that are none */
				 errdetail("The state was made with type %s.",
						   format_type_extended(column->type, -1, FORMAT_TYPE_ALLOW_INVALID))));
}

/* read_column reads a column; one that the state was made without is null. */
static void
read_column(FunctionCallInfo fcinfo, int argno, AssetColumn column, AppRow *row)
{
	row->values[column] = PG_GETARG_DATUM(argno);
	row->nulls[column] = PG_ARGISNULL(argno) || !row->columns[column].present;
}
