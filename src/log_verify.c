/*-------------------------------------------------------------------------
 *
 * log_verify.c
 *	  asset_reuse_log_problems: what is wrong with one asset's counters and events.
 *
 * The statement of asset_reuse_verify calls it on the asset's own row, together with what it has
 * read from the asset's rows in the history table.
 *
 * Pure; everything except the findings is in a memory context that is deleted after each asset.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "event_context.h"
#include "log_list.h"
#include "secret_hash.h"
#include "time_sort.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_problems);

enum
{
	ARG_DOCUMENT,
	ARG_REUSED_COUNT,
	ARG_LAST_REUSED_AT,
	ARG_HORIZON,
	ARG_PRECISION,
	ARG_TABLE_EVENTS,
	ARG_TABLE_LATEST,
	ARG_TABLE_KEY_TWICE,
	ARG_OTHER_TENANT,
	ARG_ROWS,					/* three */
	ARG_ROW_KEYS = ARG_ROWS + 3
};

/* Columns of a row */
enum
{
	FOUND_NUMBER,
	FOUND_PROBLEM,
	FOUND_EVENTS,
	FOUND_LATEST,
	FOUND_NCOLUMNS
};

typedef enum Problem
{
	COUNT_LOW,
	COUNT_HIGH,
	TIME_DIFFERS,
	UNREADABLE,
	IN_BOTH_PLACES,
	ROW_OF_OTHER_TENANT,
	KEY_TWICE,
	NPROBLEMS
} Problem;

static const char *const problem_names[NPROBLEMS] = {
	[COUNT_LOW] = "count_low",
	[COUNT_HIGH] = "count_high",
	[TIME_DIFFERS] = "time_differs",
	[UNREADABLE] = "unreadable",
	[IN_BOTH_PLACES] = "in_both_places",
	[ROW_OF_OTHER_TENANT] = "row_of_other_tenant",
	[KEY_TWICE] = "key_twice"
};

/* The findings about an asset */
typedef struct Findings
{
	int64		events;			/* copies do not count */
	Timestamp	latest;			/* up to the horizon; DT_NOBEGIN: none */
	bool		problems[NPROBLEMS];
} Findings;

/* A key of an event */
typedef struct HashedKey
{
	int64		hash;			/* first, for time_sort */
	const char *data;
	uint32		len;
} HashedKey;

/* The keys of an asset's events */
typedef struct KeyList
{
	HashedKey  *keys;			/* null: none yet */
	Size		count;
	Size		size;			/* so many have room */
} KeyList;

static bool find_problems(FunctionCallInfo fcinfo, Findings *found);
static void read_log(FunctionCallInfo fcinfo, const ReuseLog *log, Findings *found);
static void read_log_beside_rows(FunctionCallInfo fcinfo, const ReuseLog *log, Findings *found);
static void read_event(const ReuseValue *event, Timestamp horizon, Findings *found, KeyList *keys);
static void add_row_keys(ArrayType *row_keys, KeyList *keys);
static void add_key(const char *data, uint32 len, KeyList *keys);
static bool has_equal_keys(KeyList *keys);
static Timestamp horizon_arg(FunctionCallInfo fcinfo);
static void compare_counters(FunctionCallInfo fcinfo, Findings *found);
static Datum make_row(FunctionCallInfo fcinfo, const Findings *found, Problem problem);

/*
 * asset_reuse_log_problems(platform_metadata, reused_count, last_reused_at, horizon, precision,
 * table_events, table_latest, table_key_twice, other_tenant, row_times, row_seqs, row_elements,
 * row_keys) returns a row for each problem.
 */
Datum
asset_reuse_log_problems(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	Findings   *found;

	if (SRF_IS_FIRSTCALL())
	{
		Findings	first;

		/* nearly all assets end here */
		if (!find_problems(fcinfo, &first))
		{
			((ReturnSetInfo *) fcinfo->resultinfo)->isDone = ExprEndResult;
			PG_RETURN_NULL();
		}
		call = SRF_FIRSTCALL_INIT();
		found = MemoryContextAlloc(call->multi_call_memory_ctx, sizeof(Findings));
		*found = first;
		call->user_fctx = found;
	}
	call = SRF_PERCALL_SETUP();
	found = call->user_fctx;
	while (call->call_cntr < NPROBLEMS && !found->problems[call->call_cntr])
		call->call_cntr++;
	if (call->call_cntr < NPROBLEMS)
	{
		Datum		row = make_row(fcinfo, found, call->call_cntr);

		SRF_RETURN_NEXT(call, row);
	}
	SRF_RETURN_DONE(call);
}

/* find_problems looks at an asset; false if all is well. */
static bool
find_problems(FunctionCallInfo fcinfo, Findings *found)
{
	Jsonb	   *document = PG_ARGISNULL(ARG_DOCUMENT) ? NULL : PG_GETARG_JSONB_P(ARG_DOCUMENT);
	ReuseLog	log = {0};
	int			problem;

	memset(found, 0, sizeof(*found));
	found->events = PG_ARGISNULL(ARG_TABLE_EVENTS) ? 0 : PG_GETARG_INT64(ARG_TABLE_EVENTS);
	found->latest = PG_ARGISNULL(ARG_TABLE_LATEST) ? DT_NOBEGIN : PG_GETARG_TIMESTAMP(ARG_TABLE_LATEST);
	found->problems[ROW_OF_OTHER_TENANT] = !PG_ARGISNULL(ARG_OTHER_TENANT) && PG_GETARG_BOOL(ARG_OTHER_TENANT);
	found->problems[KEY_TWICE] = !PG_ARGISNULL(ARG_TABLE_KEY_TWICE) && PG_GETARG_BOOL(ARG_TABLE_KEY_TWICE);
	if (document != NULL)
		found->problems[UNREADABLE] = log_find(&document->root, &log) != REUSE_LOG_OK;
	if (log.count > 0 && PG_ARGISNULL(ARG_ROWS) && PG_ARGISNULL(ARG_ROW_KEYS))
		read_log(fcinfo, &log, found);
	else if (log.count > 0)
		read_log_beside_rows(fcinfo, &log, found);
	if (document != NULL)
		PG_FREE_IF_COPY(document, ARG_DOCUMENT);
	/* the number of events is unknown */
	if (!found->problems[UNREADABLE])
		compare_counters(fcinfo, found);

	for (problem = 0; problem < NPROBLEMS && !found->problems[problem]; problem++)
		;
	return problem < NPROBLEMS;
}

/* read_log adds the events of a document's log, in one walk. */
static void
read_log(FunctionCallInfo fcinfo, const ReuseLog *log, Findings *found)
{
	Timestamp	horizon = horizon_arg(fcinfo);
	KeyList		keys = {0};
	ReuseLogWalk walk;
	ReuseValue	event;

	log_walk(&walk, log);
	while (log_next(&walk, &event))
		read_event(&event, horizon, found, &keys);
	if (has_equal_keys(&keys))
		found->problems[KEY_TWICE] = true;
	if (keys.keys != NULL)
		pfree(keys.keys);
}

/* read_log_beside_rows does the same if the log may have copies of rows, or keys of rows. */
static void
read_log_beside_rows(FunctionCallInfo fcinfo, const ReuseLog *log, Findings *found)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse verified asset",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	Timestamp	horizon = horizon_arg(fcinfo);
	KeyList		keys = {0};
	LogRows		rows;
	LogList		list;
	uint32		i;

	log_list_make(log, log_rows_args(fcinfo, ARG_ROWS, &rows) ? &rows : NULL, &list);
	for (i = 0; i < list.count; i++)
	{
		ReuseValue	event;

		log_list_element(&list, i, &event);
		read_event(&event, horizon, found, &keys);
	}
	found->problems[IN_BOTH_PLACES] = list.count < log->count;
	/* the keys of rows are compared with each other by the statement */
	if (keys.count > 0 && !PG_ARGISNULL(ARG_ROW_KEYS))
		add_row_keys(PG_GETARG_ARRAYTYPE_P(ARG_ROW_KEYS), &keys);
	if (has_equal_keys(&keys))
		found->problems[KEY_TWICE] = true;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* read_event adds an event of a log. */
static void
read_event(const ReuseValue *event, Timestamp horizon, Findings *found, KeyList *keys)
{
	Timestamp	time;
	ReuseValue	context;
	ReuseValue	key;

	found->events++;
	if (reuse_event_time(event, &time) && time <= horizon && time > found->latest)
		found->latest = time;
	if (reuse_event_context(event, &context) && event_context_key(&context, &key))
		add_key(key.data, key.len, keys);
}

static void
add_row_keys(ArrayType *row_keys, KeyList *keys)
{
	Datum	   *stored;
	bool	   *nulls;
	int			nstored;
	int			i;

	deconstruct_array(row_keys, TEXTOID, -1, false, TYPALIGN_INT, &stored, &nulls, &nstored);
	for (i = 0; i < nstored; i++)
	{
		if (!nulls[i])
			add_key(VARDATA_ANY(DatumGetPointer(stored[i])), VARSIZE_ANY_EXHDR(DatumGetPointer(stored[i])), keys);
	}
}

/* add_key adds a key with its hash; nobody can craft keys with equal hashes. */
static void
add_key(const char *data, uint32 len, KeyList *keys)
{
	if (keys->count == keys->size)
	{
		keys->size = Max(keys->size * 2, 16);
		keys->keys = keys->keys == NULL ?
			palloc(keys->size * sizeof(HashedKey)) :
			repalloc_huge(keys->keys, keys->size * sizeof(HashedKey));
	}
	keys->keys[keys->count++] = (HashedKey) {
		(int64) secret_hash(data, len, NULL), data, len
	};
}

/* has_equal_keys: are two keys equal? */
static bool
has_equal_keys(KeyList *keys)
{
	Size		i;
	Size		j;

	if (keys->count < 2)
		return false;
	time_sort(keys->keys, keys->count, sizeof(HashedKey));
	for (i = 0; i < keys->count; i++)
	{
		const HashedKey *key = &keys->keys[i];

		CHECK_FOR_INTERRUPTS();
		for (j = i + 1; j < keys->count && keys->keys[j].hash == key->hash; j++)
		{
			if (keys->keys[j].len == key->len && memcmp(keys->keys[j].data, key->data, key->len) == 0)
				return true;
		}
	}
	return false;
}

static Timestamp
horizon_arg(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(ARG_HORIZON) ? DT_NOEND : PG_GETARG_TIMESTAMP(ARG_HORIZON);
}

/* compare_counters compares the asset's columns with its events. */
static void
compare_counters(FunctionCallInfo fcinfo, Findings *found)
{
	int64		count = PG_ARGISNULL(ARG_REUSED_COUNT) ? 0 : PG_GETARG_INT64(ARG_REUSED_COUNT);
	Timestamp	last = PG_ARGISNULL(ARG_LAST_REUSED_AT) ? DT_NOBEGIN : PG_GETARG_TIMESTAMP(ARG_LAST_REUSED_AT);
	Timestamp	latest = found->latest;

	if (!PG_ARGISNULL(ARG_PRECISION) && !TIMESTAMP_NOT_FINITE(latest))
		latest = DatumGetTimestamp(DirectFunctionCall2(timestamp_scale, TimestampGetDatum(latest),
													   PG_GETARG_DATUM(ARG_PRECISION)));
	found->problems[COUNT_LOW] = count < found->events;
	found->problems[COUNT_HIGH] = count > found->events;
	found->problems[TIME_DIFFERS] = last != latest;
}

/* make_row makes the row of a problem. */
static Datum
make_row(FunctionCallInfo fcinfo, const Findings *found, Problem problem)
{
	TupleDesc	desc;
	Datum		values[FOUND_NCOLUMNS] = {
		[FOUND_NUMBER] = Int32GetDatum(problem),
		[FOUND_PROBLEM] = CStringGetTextDatum(problem_names[problem]),
		[FOUND_EVENTS] = Int64GetDatum(found->events),
		[FOUND_LATEST] = TimestampGetDatum(found->latest)
	};
	bool		nulls[FOUND_NCOLUMNS] = {[FOUND_LATEST] = found->latest == DT_NOBEGIN};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
