/*-------------------------------------------------------------------------
 *
 * log_list_sql.c
 *	  SQL functions over the events of a document.
 *
 * Our statements call them on the asset's own column.  If there is a history table, they also
 * get those of the asset's rows whose times occur in the document, as three arrays: times in
 * UTC, numbers, and the rows as elements.  An event that is a copy of such a row does not count
 * as the document's.
 *
 * A null document has no events.  A document that cannot hold a log has none for readers, and
 * is an error for writers.  The time of an event without a usable one is -infinity, as in the
 * table.
 *
 * Pure; results are in the memory context of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "event_context.h"
#include "log_list.h"
#include "request.h"
#include "time_sort.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_events);
PG_FUNCTION_INFO_V1(asset_reuse_log_count);
PG_FUNCTION_INFO_V1(asset_reuse_log_count_in);
PG_FUNCTION_INFO_V1(asset_reuse_log_times);
PG_FUNCTION_INFO_V1(asset_reuse_log_restore);

/* Columns of asset_reuse_log_events */
enum
{
	EVENT_REUSED_AT,
	EVENT_SEQ,
	EVENT_TYPE,
	EVENT_ID,
	EVENT_NAME,
	EVENT_CONTEXT,
	EVENT_NCOLUMNS
};

/* The detail argument: how much of each event is returned */
enum
{
	DETAIL_TIME,
	DETAIL_PLACE,
	DETAIL_CONTEXT
};

typedef struct EventRows
{
	ReuseLog	log;
	LogList		list;
	uint32		next;
	bool		uuid_campaigns;
	int			detail;
	TupleDesc	desc;
} EventRows;

static bool open_rows(FunctionCallInfo fcinfo);
static Datum make_row(const EventRows *rows, const LogEvent *event);
static void put_text(Datum *values, bool *nulls, int column, text *value);
static void list_in_range(FunctionCallInfo fcinfo, int range_arg, int rows_arg, const ReuseLog *log,
						  LogList *list);
static char *array_data(ArrayType *array, uint32 *count);

/*
 * asset_reuse_log_events(platform_metadata, start_date, end_date, uuid_campaigns, detail,
 * row_times, row_seqs, row_elements) returns the events of a document, oldest first.
 */
Datum
asset_reuse_log_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call;
	EventRows  *rows;

	if (SRF_IS_FIRSTCALL() && !open_rows(fcinfo))
	{
		result->isDone = ExprEndResult;
		PG_RETURN_NULL();
	}
	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	if (rows->next < rows->list.count)
		SRF_RETURN_NEXT(call, make_row(rows, &rows->list.events[rows->next++]));
	SRF_RETURN_DONE(call);
}

/* asset_reuse_log_count(platform_metadata) counts the events of a document, including copies. */
Datum
asset_reuse_log_count(PG_FUNCTION_ARGS)
{
	ReuseLog	log;

	(void) log_find(&PG_GETARG_JSONB_P(0)->root, &log);
	PG_RETURN_INT32(log.count);
}

/*
 * asset_reuse_log_count_in(platform_metadata, start_date, end_date, row_times, row_seqs,
 * row_elements) counts the events that asset_reuse_log_events returns.
 */
Datum
asset_reuse_log_count_in(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	LogList		list;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	(void) log_find(&PG_GETARG_JSONB_P(0)->root, &log);
	if (log.count == 0)
		PG_RETURN_INT64(0);
	list_in_range(fcinfo, 1, 3, &log, &list);
	PG_RETURN_INT64(list.count);
}

/* asset_reuse_log_times(platform_metadata) returns the distinct times of a document's events. */
Datum
asset_reuse_log_times(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	ReuseLog	log;
	LogList		list;
	Datum	   *times;
	int			ntimes = 0;
	uint32		i;

	(void) log_find(&document->root, &log);
	log_list_make(&log, NULL, &list);
	times = MemoryContextAllocHuge(CurrentMemoryContext, Max((Size) list.count, 1) * sizeof(Datum));
	for (i = 0; i < list.count; i++)
	{
		if (i == 0 || list.events[i].time != list.events[i - 1].time)
			times[ntimes++] = TimestampGetDatum(list.events[i].time);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(times, ntimes, TIMESTAMPOID, sizeof(Timestamp),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * asset_reuse_log_restore(platform_metadata, row_times, row_seqs, row_elements) returns the
 * document with the rows' elements in its log, and without the copies of them.
 */
Datum
asset_reuse_log_restore(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	Jsonb	   *document = request_document(fcinfo, 0, &log);
	LogRows		rows;

	if (log_rows_args(fcinfo, 1, &rows) && rows.count > 0)
		PG_RETURN_JSONB_P(log_list_restore(document ? &document->root : NULL,
										   document ? VARSIZE(document) - VARHDRSZ : 0, &log, &rows));
	if (document == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(document);
}

/* open_rows lists a document's events; false if it has none. */
static bool
open_rows(FunctionCallInfo fcinfo)
{
	Jsonb	   *document;
	ReuseLog	log;
	FuncCallContext *call;
	MemoryContext old;
	EventRows  *rows;

	if (PG_ARGISNULL(0))
		return false;
	document = PG_GETARG_JSONB_P(0);
	(void) log_find(&document->root, &log);
	if (log.count == 0)
	{
		PG_FREE_IF_COPY(document, 0);
		return false;
	}

	call = SRF_FIRSTCALL_INIT();
	old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	/* the argument may have been freed by the next call */
	document = PG_GETARG_JSONB_P_COPY(0);
	rows = palloc0(sizeof(EventRows));
	(void) log_find(&document->root, &rows->log);
	list_in_range(fcinfo, 1, 5, &rows->log, &rows->list);
	rows->uuid_campaigns = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	rows->detail = PG_ARGISNULL(4) ? DETAIL_CONTEXT : PG_GETARG_INT32(4);
	if (get_call_result_type(fcinfo, NULL, &rows->desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	BlessTupleDesc(rows->desc);
	call->user_fctx = rows;
	MemoryContextSwitchTo(old);
	return true;
}

/* make_row makes a row of an event, with the wanted detail. */
static Datum
make_row(const EventRows *rows, const LogEvent *event)
{
	Datum		values[EVENT_NCOLUMNS] = {0};
	bool		nulls[EVENT_NCOLUMNS] = {0};
	ReuseValue	element;
	ReuseValue	context = {.type = JENTRY_ISNULL};
	ReusePlace	place = {0};
	bool		has_context;

	values[EVENT_REUSED_AT] = TimestampGetDatum(event->time);
	values[EVENT_SEQ] = Int32GetDatum(event->seq);
	log_get(&rows->log, event->number, &element);
	has_context = reuse_event_context(&element, &context);
	if (rows->detail >= DETAIL_PLACE)
		event_context_place(&context, rows->uuid_campaigns, &place);
	put_text(values, nulls, EVENT_TYPE, place.type);
	put_text(values, nulls, EVENT_ID, place.id);
	put_text(values, nulls, EVENT_NAME, place.name);
	nulls[EVENT_CONTEXT] = !has_context || rows->detail < DETAIL_CONTEXT;
	if (!nulls[EVENT_CONTEXT])
		values[EVENT_CONTEXT] = JsonbPGetDatum(reuse_value_to_jsonb(&context));
	return HeapTupleGetDatum(heap_form_tuple(rows->desc, values, nulls));
}

static void
put_text(Datum *values, bool *nulls, int column, text *value)
{
	values[column] = PointerGetDatum(value);
	nulls[column] = value == NULL;
}

/* list_in_range lists the events in the range given by two arguments; without a range, all. */
static void
list_in_range(FunctionCallInfo fcinfo, int range_arg, int rows_arg, const ReuseLog *log,
			  LogList *list)
{
	LogRows		rows;
	bool		has_rows = log_rows_args(fcinfo, rows_arg, &rows);
	uint32		kept = 0;
	uint32		i;

	log_list_make(log, has_rows ? &rows : NULL, list);
	if (PG_ARGISNULL(range_arg) && PG_ARGISNULL(range_arg + 1))
		return;
	for (i = 0; i < list->count; i++)
	{
		Timestamp	time = list->events[i].time;

		if (time != DT_NOBEGIN &&
			(PG_ARGISNULL(range_arg) || time >= PG_GETARG_TIMESTAMP(range_arg)) &&
			(PG_ARGISNULL(range_arg + 1) || time < PG_GETARG_TIMESTAMP(range_arg + 1)))
			list->events[kept++] = list->events[i];
	}
	list->count = kept;
}

/* log_rows_args reads rows from three arguments, ordered by time; false if there are none. */
bool
log_rows_args(FunctionCallInfo fcinfo, int argno, LogRows *rows)
{
	if (PG_ARGISNULL(argno) || PG_ARGISNULL(argno + 1) || PG_ARGISNULL(argno + 2))
		return false;
	log_rows_read(PG_GETARG_ARRAYTYPE_P(argno), PG_GETARG_ARRAYTYPE_P(argno + 1),
				  PG_GETARG_ARRAYTYPE_P(argno + 2), rows);
	time_sort(rows->rows, rows->count, sizeof(LogRow));
	return true;
}

/*
 * log_rows_read reads rows from three arrays, in their order.
 *
 * Errors: 22004 they contain a null, 22023 their lengths differ.
 */
void
log_rows_read(ArrayType *times, ArrayType *seqs, ArrayType *elements, LogRows *rows)
{
	uint32		nseqs;
	uint32		nelements;
	const Timestamp *row_times = (const Timestamp *) array_data(times, &rows->count);
	const int32 *row_seqs = (const int32 *) array_data(seqs, &nseqs);
	char	   *element = array_data(elements, &nelements);
	uint32		i;

	if (nseqs != rows->count || nelements != rows->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the arrays of rows must have the same number of elements")));
	rows->rows = MemoryContextAllocHuge(CurrentMemoryContext,
										Max((Size) rows->count, 1) * sizeof(LogRow));
	for (i = 0; i < rows->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		element = (char *) att_align_pointer(element, TYPALIGN_INT, -1, element);
		rows->rows[i] = (LogRow) {
			.time = row_times[i],
			.seq = row_seqs[i],
			.element = DatumGetJsonbP(PointerGetDatum(element))
		};
		element = att_addlength_pointer(element, -1, element);
	}
}

/* array_data returns an array's values in place, because a Datum for each would take too much memory. */
static char *
array_data(ArrayType *array, uint32 *count)
{
	if (ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the arrays of rows must not contain nulls")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (char *) array + ARR_OVERHEAD_NONULLS(ARR_NDIM(array));
}
