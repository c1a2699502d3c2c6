/*-------------------------------------------------------------------------
 *
 * reuse_log_events.c
 *	  asset_reuse_log_events: the events of a document as rows.
 *
 * The statements of the row functions call it on each asset's own column, and most
 * assets have no event: then it is done before there is anything to clean up.
 * Pure; what is returned is in the memory context of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "reuse_log.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_events);

/* Columns of the result */
enum
{
	EVENT_NUMBER,
	EVENT_REUSED_AT,
	EVENT_CONTEXT,
	EVENT_NCOLUMNS
};

typedef struct EventRows
{
	ReuseLog	log;
	ReuseLogWalk walk;
	ReuseRange	range;
	bool		all;			/* no range: those without a time as well */
	TupleDesc	desc;
} EventRows;

static bool open_rows(FunctionCallInfo fcinfo);
static bool next_row(EventRows *rows, Datum *row);
static Datum make_row(const EventRows *rows, const ReuseValue *event, const Timestamp *time);

/*
 * asset_reuse_log_events(platform_metadata, start_date, end_date) returns the events of a
 * document in stored order.
 */
Datum
asset_reuse_log_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call;
	Datum		row;

	if (SRF_IS_FIRSTCALL() && !open_rows(fcinfo))
	{
		result->isDone = ExprEndResult;
		PG_RETURN_NULL();
	}
	call = SRF_PERCALL_SETUP();
	if (next_row(call->user_fctx, &row))
		SRF_RETURN_NEXT(call, row);
	SRF_RETURN_DONE(call);
}

/* open_rows begins the walk over a document's events; false if it has none. */
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
	(void) reuse_log_find(&document->root, &log);
	if (log.count == 0)
	{
		PG_FREE_IF_COPY(document, 0);
		return false;
	}

	call = SRF_FIRSTCALL_INIT();
	old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
	/* the argument may be gone by the next call */
	document = PG_GETARG_JSONB_P_COPY(0);
	rows = palloc0(sizeof(EventRows));
	(void) reuse_log_find(&document->root, &rows->log);
	reuse_log_walk(&rows->walk, &rows->log);
	rows->all = PG_ARGISNULL(1) && PG_ARGISNULL(2);
	rows->range.start = PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMP(1);
	rows->range.end = PG_ARGISNULL(2) ? DT_NOEND : PG_GETARG_TIMESTAMP(2);
	if (get_call_result_type(fcinfo, NULL, &rows->desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	BlessTupleDesc(rows->desc);
	call->user_fctx = rows;
	MemoryContextSwitchTo(old);
	return true;
}

/* next_row makes a row of the next event that is asked for; false at the end. */
static bool
next_row(EventRows *rows, Datum *row)
{
	ReuseValue	event;

	while (reuse_log_next(&rows->walk, &event))
	{
		Timestamp	time;
		bool		has_time = reuse_event_time(&event, &time);

		if (!rows->all &&
			(!has_time || time < rows->range.start || time >= rows->range.end))
			continue;
		*row = make_row(rows, &event, has_time ? &time : NULL);
		return true;
	}
	return false;
}

/* make_row makes a row of the event that the walk is at; time is null if it has none. */
static Datum
make_row(const EventRows *rows, const ReuseValue *event, const Timestamp *time)
{
	Datum		values[EVENT_NCOLUMNS] = {0};
	bool		nulls[EVENT_NCOLUMNS] = {0};
	ReuseValue	context;

	values[EVENT_NUMBER] = Int32GetDatum((int32) rows->walk.next);
	if (time != NULL)
		values[EVENT_REUSED_AT] = TimestampGetDatum(*time);
	else
		nulls[EVENT_REUSED_AT] = true;
	if (reuse_event_context(event, &context))
		values[EVENT_CONTEXT] = JsonbPGetDatum(reuse_value_to_jsonb(&context));
	else
		nulls[EVENT_CONTEXT] = true;
	return HeapTupleGetDatum(heap_form_tuple(rows->desc, values, nulls));
}
