/*-------------------------------------------------------------------------
 *
 * rows_stream.c
 *	  Returning a statement's rows one at a time, so that work stops when the calling query has
 *	  enough of them.
 *
 * As the server does for SQL functions, the executor runs the statement inside the calling
 * query.  It pauses with that query (a cursor may be fetched from across savepoints, and once
 * more at the commit that holds it), ends with it, and is cleaned up with it after an error.  A
 * portal of our own would not do: a commit drops it before running a cursor WITH HOLD over it to
 * the end, and a rollback to a savepoint drops it while the cursor stays.
 *
 * A stream lives in the function's multi-call memory context; a row lives in the context of the
 * call that returns it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupconvert.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "funcapi.h"

#include "compat.h"
#include "rows_stream.h"

typedef struct RowStream
{
	DestReceiver receiver;		/* first: it is the stream itself */
	QueryDesc  *query;
	MemoryContext row_memory;
	Datum		row;			/* if has_row */
	bool		has_row;
} RowStream;

static void close_stream(Datum arg);
static bool receive_row(TupleTableSlot *slot, DestReceiver *receiver);

/*
 * rows_stream_open starts a statement whose rows are of the function's result type.
 *
 * The function is in its first call, after SRF_FIRSTCALL_INIT, and connected to SPI;
 * the current memory context is the multi-call one, and has the values.
 */
void
rows_stream_open(FunctionCallInfo fcinfo, const PlanRequest *request)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call = (FuncCallContext *) fcinfo->flinfo->fn_extra;
	RowStream  *stream = palloc0(sizeof(RowStream));
	TupleDesc	expected;

	Assert(CurrentMemoryContext == call->multi_call_memory_ctx);
	stream->receiver = *None_Receiver;
	stream->receiver.receiveSlot = receive_row;
	stream->query = plan_start(request, &stream->receiver);
	if (get_call_result_type(fcinfo, NULL, &expected) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	(void) convert_tuples_by_position(stream->query->tupDesc, expected, ROWS_CHANGED);
	RegisterExprContextCallback(result->econtext, close_stream, PointerGetDatum(stream));
	call->user_fctx = stream;
}

/* rows_stream_next returns the next row from a set-returning function, or its end. */
Datum
rows_stream_next(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *call = SRF_PERCALL_SETUP();
	RowStream  *stream = call->user_fctx;

	stream->has_row = false;
	stream->row_memory = CurrentMemoryContext;
	executor_run_rows(stream->query, 1);
	if (stream->has_row)
		SRF_RETURN_NEXT(call, stream->row);

	UnregisterExprContextCallback(result->econtext, close_stream, PointerGetDatum(stream));
	close_stream(PointerGetDatum(stream));
	SRF_RETURN_DONE(call);
}

/* close_stream is also called if the calling query ends before the rows do. */
static void
close_stream(Datum arg)
{
	plan_stop(((RowStream *) DatumGetPointer(arg))->query);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	RowStream  *stream = (RowStream *) receiver;
	MemoryContext old = MemoryContextSwitchTo(stream->row_memory);

	BlessTupleDesc(slot->tts_tupleDescriptor);
	stream->row = ExecFetchSlotHeapTupleDatum(slot);
	stream->has_row = true;
	MemoryContextSwitchTo(old);
	return true;
}
