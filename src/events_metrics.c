/*-------------------------------------------------------------------------
 *
 * events_metrics.c
 *	  What an event records of its asset: the metrics as they were.
 *
 *		"at_reuse": {"spend": 12.3, "clicks": 315, "conversions": 52, "impressions": 18419}
 *
 * They are lifetime totals, so two events' difference is what has happened between them; what is not
 * recorded with the event is lost.  They are the row's own, of the very version that the event is
 * stored with: the UPDATE that tracks calls asset_reuse_event_metrics on its columns, and who has
 * locked the row reads it.
 *
 * What is null, or no number, as NaN, is left out; where nothing is left, the event has no such key.
 *
 * All is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "answer.h"
#include "event_context.h"
#include "events_metrics.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_metrics);

/* The columns, in the order of the keys: by length, then by bytes */
#define NMETRICS			4

static const AssetColumn metric_columns[NMETRICS] = {
	ASSET_SPEND, ASSET_CLICKS, ASSET_CONVERSIONS, ASSET_IMPRESSIONS
};

/* What they take: keys, entries, numbers of a usual length */
#define METRICS_SIZE		160

static void read_argument(FunctionCallInfo fcinfo, int argno, AssetColumn column, AppColumn *columns,
						  AppRow *row);
static Jsonb *make_metrics(const AppRow *row);
static bool is_number(const AppRow *row, int column);

/*
 * asset_reuse_event_metrics(context, spend, clicks, conversions, impressions) returns the context of
 * an event with the metrics of its asset.
 */
Datum
asset_reuse_event_metrics(PG_FUNCTION_ARGS)
{
	AppColumn	columns[ASSET_NCOLUMNS] = {0};
	AppRow		row = {.columns = columns};
	Jsonb	   *context;
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("context must not be null")));
	context = PG_GETARG_JSONB_P(0);
	if (!JB_ROOT_IS_OBJECT(context))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("context must be a JSON object")));
	for (i = 0; i < NMETRICS; i++)
		read_argument(fcinfo, i + 1, metric_columns[i], columns, &row);
	PG_RETURN_JSONB_P(events_add_metrics(context, &row));
}

/*
 * read_argument reads a column that comes as an argument.
 *
 * Error 42804 if the column cannot have the argument's type: "any" lets everything through.
 */
static void
read_argument(FunctionCallInfo fcinfo, int argno, AssetColumn column, AppColumn *columns, AppRow *row)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argno);

	row->nulls[column] = PG_ARGISNULL(argno);
	if (row->nulls[column])
		return;
	columns[column].present = true;
	columns[column].type = getBaseType(type);
	if (!app_column_accepts(APP_ASSETS, column, columns[column].type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("argument %s of asset_reuse_event_metrics has type %s",
						app_column_name(APP_ASSETS, column), format_type_be(type)),
				 errdetail("The type must be %s.", app_column_expected(APP_ASSETS, column))));
	row->values[column] = PG_GETARG_DATUM(argno);
}

/* events_record_metrics: do events of assets in a table record metrics? */
bool
events_record_metrics(const AppTable *assets)
{
	int			i;

	for (i = 0; i < NMETRICS; i++)
	{
		if (assets->columns[metric_columns[i]].present)
			return record_metrics_setting;
	}
	return false;
}

/* events_add_metrics returns the context of an event with its asset's metrics, if that has any. */
Jsonb *
events_add_metrics(Jsonb *context, const AppRow *asset)
{
	Jsonb	   *metrics = make_metrics(asset);

	return metrics != NULL ? event_context_with_metrics(context, metrics) : context;
}

/* make_metrics makes an object of an asset's metrics; null if there are none. */
static Jsonb *
make_metrics(const AppRow *row)
{
	JsonbKey	keys[NMETRICS];
	JsonbWriter w;
	int			nkeys = 0;
	int			i;

	for (i = 0; i < NMETRICS; i++)
	{
		const char *name = app_column_name(APP_ASSETS, metric_columns[i]);

		if (is_number(row, metric_columns[i]))
			keys[nkeys++] = (JsonbKey) {name, strlen(name)};
	}
	if (nkeys == 0)
		return NULL;
	jsonb_writer_init(&w, CurrentMemoryContext, METRICS_SIZE);
	jsonb_begin_object_keys(&w, keys, nkeys);
	for (i = 0; i < NMETRICS; i++)
	{
		if (is_number(row, metric_columns[i]))
			answer_put_column(&w, row, metric_columns[i]);
	}
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/* is_number: has a row a number in a column, which JSON has no NaN and no infinity for? */
static bool
is_number(const AppRow *row, int column)
{
	Datum		value = row->values[column];

	if (row->nulls[column])
		return false;
	switch (row->columns[column].type)
	{
		case FLOAT4OID:
			return isfinite(DatumGetFloat4(value));
		case FLOAT8OID:
			return isfinite(DatumGetFloat8(value));
		case NUMERICOID:
			return !numeric_is_nan(DatumGetNumeric(value)) && !numeric_is_inf(DatumGetNumeric(value));
		default:
			return true;
	}
}
