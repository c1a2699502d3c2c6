/*-------------------------------------------------------------------------
 *
 * reuse_log_rows_sql.c
 *	  SQL functions for moving events between a document and the history table.
 *
 * Moving and restoring call these on the asset's own column, under the row's
 * lock.  Times are UTC.  A null document has no events.  One that cannot hold a
 * log has none to count or to move; writing to it is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "iso_time.h"
#include "request.h"
#include "reuse_log_rows.h"
#include "time_sort.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_count);
PG_FUNCTION_INFO_V1(asset_reuse_log_movable);
PG_FUNCTION_INFO_V1(asset_reuse_log_remove);
PG_FUNCTION_INFO_V1(asset_reuse_log_restore);

/* Columns of asset_reuse_log_movable */
enum
{
	MOVABLE_REUSED_AT,
	MOVABLE_CONTEXT,
	MOVABLE_NCOLUMNS
};

static Timestamp *get_times(FunctionCallInfo fcinfo, int *ntimes);
static ReuseRow *get_rows(FunctionCallInfo fcinfo, int *nrows);
static int	get_array(FunctionCallInfo fcinfo, int argno, const char *name, Oid type,
					  Datum **values, bool **nulls);
static Timestamp get_time(Datum value, bool isnull);

/*
 * asset_reuse_log_count(platform_metadata, movable) counts the events that can be
 * moved, or those that cannot.
 */
Datum
asset_reuse_log_count(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	ReuseLog	log;
	uint32		movable;

	(void) reuse_log_find(&document->root, &log);
	movable = reuse_log_count_movable(&log);
	PG_RETURN_INT32(PG_GETARG_BOOL(1) ? movable : log.count - movable);
}

/* asset_reuse_log_movable(platform_metadata) returns the events that can be moved. */
Datum
asset_reuse_log_movable(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	ReuseLog	log;
	ReuseRow   *rows;
	uint32		nrows;
	uint32		i;

	InitMaterializedSRF(fcinfo, 0);
	(void) reuse_log_find(&document->root, &log);
	nrows = reuse_log_movable(&log, &rows);
	for (i = 0; i < nrows; i++)
	{
		Datum		values[MOVABLE_NCOLUMNS] = {0};
		bool		nulls[MOVABLE_NCOLUMNS] = {0};

		CHECK_FOR_INTERRUPTS();
		values[MOVABLE_REUSED_AT] = TimestampGetDatum(rows[i].time);
		nulls[MOVABLE_CONTEXT] = !rows[i].has_context;
		if (rows[i].has_context)
			values[MOVABLE_CONTEXT] = JsonbPGetDatum(reuse_value_to_jsonb(&rows[i].context));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		if (rows[i].has_context)
			pfree(DatumGetPointer(values[MOVABLE_CONTEXT]));
	}
	return (Datum) 0;
}

/*
 * asset_reuse_log_remove(platform_metadata, reused_at) returns the document without
 * the movable events of those times.
 */
Datum
asset_reuse_log_remove(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	Jsonb	   *document = request_document(fcinfo, 0, &log);
	int			ntimes;
	Timestamp  *times = get_times(fcinfo, &ntimes);
	Jsonb	   *rest;

	if (document == NULL)
		PG_RETURN_NULL();
	rest = reuse_log_remove(&document->root, VARSIZE(document) - VARHDRSZ, &log, times, ntimes);
	PG_RETURN_JSONB_P(rest ? rest : document);
}

/*
 * asset_reuse_log_restore(platform_metadata, reused_at, context) returns the
 * document with events of those times and contexts merged into its log.
 */
Datum
asset_reuse_log_restore(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	Jsonb	   *document = request_document(fcinfo, 0, &log);
	int			nrows;
	ReuseRow   *rows = get_rows(fcinfo, &nrows);
	Jsonb	   *whole;

	whole = reuse_log_restore(document ? &document->root : NULL,
							  document ? VARSIZE(document) - VARHDRSZ : 0, &log, rows, nrows);
	if (whole != NULL)
		PG_RETURN_JSONB_P(whole);
	if (document == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(document);
}

/* get_times reads argument 1, in time order. */
static Timestamp *
get_times(FunctionCallInfo fcinfo, int *ntimes)
{
	Datum	   *values;
	bool	   *nulls;
	Timestamp  *times;
	int			i;

	*ntimes = get_array(fcinfo, 1, "reused_at", TIMESTAMPOID, &values, &nulls);
	times = palloc(*ntimes * sizeof(Timestamp));
	for (i = 0; i < *ntimes; i++)
		times[i] = get_time(values[i], nulls[i]);
	time_sort(times, *ntimes, sizeof(Timestamp));
	return times;
}

/* get_rows reads arguments 1 and 2 as rows, in time order. */
static ReuseRow *
get_rows(FunctionCallInfo fcinfo, int *nrows)
{
	Datum	   *times;
	bool	   *no_time;
	Datum	   *contexts;
	bool	   *no_context;
	ReuseRow   *rows;
	int			i;

	*nrows = get_array(fcinfo, 1, "reused_at", TIMESTAMPOID, &times, &no_time);
	if (get_array(fcinfo, 2, "context", JSONBOID, &contexts, &no_context) != *nrows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reused_at and context must have the same number of elements")));
	rows = palloc(*nrows * sizeof(ReuseRow));
	for (i = 0; i < *nrows; i++)
	{
		char		stamp[ISO_EVENT_TIME_LEN];

		CHECK_FOR_INTERRUPTS();
		rows[i].time = get_time(times[i], no_time[i]);
		if (!iso_time_event(rows[i].time, stamp))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range"),
					 errdetail("An event's time must be in the years 1 to 9999.")));
		rows[i].has_context = !no_context[i];
		if (rows[i].has_context)
			reuse_value_of_jsonb(DatumGetJsonbP(contexts[i]), &rows[i].context);
	}
	time_sort(rows, *nrows, sizeof(ReuseRow));
	return rows;
}

/* get_array takes an argument's array apart and returns its length. */
static int
get_array(FunctionCallInfo fcinfo, int argno, const char *name, Oid type,
		  Datum **values, bool **nulls)
{
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			nelems;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), type, typlen, typbyval, typalign,
					  values, nulls, &nelems);
	return nelems;
}

static Timestamp
get_time(Datum value, bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("reused_at must not contain nulls")));
	return DatumGetTimestamp(value);
}
