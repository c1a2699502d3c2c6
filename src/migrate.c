/*-------------------------------------------------------------------------
 *
 * migrate.c
 *	  asset_reuse_migrate_history: move all logs to the history table.
 *
 * The assets are gone through in the order of their ids, in batches that are a
 * transaction each, so that little is lost by an interruption, locks are short, and
 * a second run goes on where the first one ended: it finds the logs that are left.
 *
 * A first pass passes over rows that others have locked: it never waits while it
 * has locks itself, so it cannot deadlock with the application, or kill a call of its.
 * A second pass moves what the first one has left, an asset at a time, and waits.
 *
 * Progress is told by a notice per batch.  PostgreSQL's progress views are closed to
 * extensions: pgstat_progress_start_command takes the server's own commands only.
 *
 * What lives longer than a batch is in the procedure's memory; SPI_commit leaves it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "history_table.h"
#include "log_move.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_migrate_history);

/*
 * No batch takes more assets once it has so many events, whatever batch_size: that
 * bounds how long a call of asset_reuse_track may wait for it, to some tenths of a
 * second unless a single log is longer.
 */
#define BATCH_EVENTS		10000

/* batch_size where it is null */
#define DEFAULT_BATCH		1000

/* Room for a bigint with its separators */
#define GROUPED_LEN			32

/* Shapes of the statement that picks a batch's assets */
enum
{
	PICK_FIRST,
	PICK_NEXT
};

/* Shapes of the statement that locks them */
enum
{
	LOCK_FREE,
	LOCK_ALL
};

/* Events in the documents */
typedef struct EventCounts
{
	int64		movable;
	int64		staying;
} EventCounts;

typedef struct Migration
{
	Oid			caller;
	MemoryContext memory;		/* what lives longer than a batch */
	MemoryContext batch_memory; /* what does not */

	/* bound for each transaction */
	AppTable	assets;
	AppTable	history;

	/* the pass */
	int			batch_size;
	bool		wait;			/* for rows that others have locked */
	bool		has_last;
	Datum		last_id;		/* of the batch before, if has_last */
	Oid			last_type;

	/* progress */
	int64		total;			/* events at the beginning */
	LogMoved	moved;
	TimestampTz start;
} Migration;

static void begin_transaction(Migration *m);
static EventCounts count_events(Migration *m);
static void build_count(PlanText *text, const PlanRequest *request);
static void run_pass(Migration *m, int batch_size, bool wait);
static bool move_batch(Migration *m);
static bool pick_assets(Migration *m, Datum *ids);
static void keep_last(Migration *m, Datum id);
static void build_pick(PlanText *text, const PlanRequest *request);
static bool lock_assets(Migration *m, Datum picked, Datum *asset_ids, Datum *tenant_ids);
static void build_lock(PlanText *text, const PlanRequest *request);
static Datum result_array(Migration *m, int fnumber, AssetColumn column);
static void report_batch(const Migration *m);
static void report_end(const Migration *m, EventCounts left);
static int64 events_per_second(const Migration *m);
static char *counted(int64 number, const char *noun);
static char *grouped(int64 number);

/*
 * asset_reuse_migrate_history(batch_size) moves all logs that the caller may see,
 * with at most so many assets a transaction.
 *
 * Errors: 22023 batch_size; 2D000 in a transaction block; 42P01 there is no
 * history table.
 */
Datum
asset_reuse_migrate_history(PG_FUNCTION_ARGS)
{
	int			batch_size = request_optional_int(fcinfo, 0, "batch_size", 1, INT_MAX, DEFAULT_BATCH);
	bool		atomic = fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic;
	Migration	m = {0};

	if (atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("asset_reuse_migrate_history cannot run inside a transaction block"),
				 errdetail("It commits each batch."),
				 errhint("Call it outside of BEGIN and COMMIT, and not from a function.")));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	m.caller = fcinfo->flinfo->fn_oid;
	m.memory = CurrentMemoryContext;
	m.batch_memory = AllocSetContextCreate(m.memory, "asset_reuse migration batch",
										   ALLOCSET_DEFAULT_SIZES);

	begin_transaction(&m);
	m.total = count_events(&m).movable;
	m.start = GetCurrentTimestamp();
	run_pass(&m, batch_size, false);
	run_pass(&m, 1, true);
	report_end(&m, count_events(&m));

	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * begin_transaction ends the transaction and begins another one, and binds the
 * tables in that: there may have been DDL between the two.
 */
static void
begin_transaction(Migration *m)
{
	SPI_commit();
	MemoryContextReset(m->batch_memory);

	/*
	 * Each statement has to see what it gets the lock of, and a row that another
	 * transaction has just changed is no reason to fail.
	 */
	if (SPI_execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not set the transaction's isolation level");

	app_schema_bind(APP_ASSETS, RowExclusiveLock, &m->assets);
	if (m->has_last && m->last_type != identifier_param_type(&m->assets.columns[ASSET_ID]))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the type of the assets' id was changed while logs were moved"),
				 errhint("Call asset_reuse_migrate_history() again: it goes on where it was.")));
	if (!history_table_bind(&m->assets, RowExclusiveLock, false, &m->history))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						history_table_schema(&m->assets), history_table_name()),
				 errdetail("There is no history table to move events to."),
				 errhint("Create it with asset_reuse_create_history_table().")));
}

/* count_events counts the events in all documents. */
static EventCounts
count_events(Migration *m)
{
	PlanRequest request = {
		.query = PLAN_MIGRATE_COUNT,
		.tables[APP_ASSETS] = &m->assets,
		.caller = m->caller,
		.plan_options = PLAN_BY_TENANT,
		.build = build_count
	};
	EventCounts counts;
	bool		isnull;

	plan_execute(&request, NULL, NULL);
	counts.movable = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
												 1, &isnull));
	counts.staying = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
												 2, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return counts;
}

/* ----------
 * build_count builds
 *
 *	SELECT COALESCE(sum(asset_reuse_log_count(a.platform_metadata, true)), 0),
 *		COALESCE(sum(asset_reuse_log_count(a.platform_metadata, false)), 0)
 *	FROM assets AS a
 * ----------
 */
static void
build_count(PlanText *text, const PlanRequest *request)
{
	appendStringInfoString(&text->sql, "SELECT COALESCE(pg_catalog.sum(");
	log_move_append_count(text, request, true);
	appendStringInfoString(&text->sql, "), 0), COALESCE(pg_catalog.sum(");
	log_move_append_count(text, request, false);
	appendStringInfoString(&text->sql, "), 0) FROM ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(&text->sql, " AS a");
}

/* run_pass goes through all assets once, a transaction for each batch. */
static void
run_pass(Migration *m, int batch_size, bool wait)
{
	m->batch_size = batch_size;
	m->wait = wait;
	m->has_last = false;
	do
		begin_transaction(m);
	while (move_batch(m));
}

/* move_batch moves the logs of the next assets; false if there are no more. */
static bool
move_batch(Migration *m)
{
	MemoryContext old = MemoryContextSwitchTo(m->batch_memory);
	Datum		picked;
	Datum		asset_ids;
	Datum		tenant_ids;
	bool		found = pick_assets(m, &picked);

	if (found && lock_assets(m, picked, &asset_ids, &tenant_ids))
	{
		LogMoved	moved = log_move_assets(&m->assets, &m->history, asset_ids, tenant_ids,
											m->caller);

		m->moved.events += moved.events;
		m->moved.assets += moved.assets;
		if (moved.events > 0)
			report_batch(m);
	}
	MemoryContextSwitchTo(old);
	return found;
}

/*
 * pick_assets picks the next assets that have movable events and returns their ids;
 * false if there are none.
 *
 * It reads one at a time, so that it does not open more documents than it picks.
 */
static bool
pick_assets(Migration *m, Datum *ids)
{
	Oid			id_type = identifier_param_type(&m->assets.columns[ASSET_ID]);
	Datum		values[] = {Int64GetDatum(m->batch_size), m->last_id};
	PlanRequest request = {
		.query = PLAN_MIGRATE_PICK,
		.shape = m->has_last ? PICK_NEXT : PICK_FIRST,
		.tables[APP_ASSETS] = &m->assets,
		.caller = m->caller,
		.plan_options = PLAN_BY_BATCH,
		.build = build_pick
	};
	Portal		cursor = plan_open_cursor(&request, values, NULL);
	ArrayBuildState *picked = NULL;
	int64		nevents = 0;

	while (nevents < BATCH_EVENTS)
	{
		HeapTuple	tuple;
		TupleDesc	desc;
		bool		isnull;

		SPI_cursor_fetch(cursor, true, 1);
		if (SPI_processed == 0)
			break;
		tuple = SPI_tuptable->vals[0];
		desc = SPI_tuptable->tupdesc;
		picked = accumArrayResult(picked, SPI_getbinval(tuple, desc, 1, &isnull), false,
							   id_type, m->batch_memory);
		nevents += DatumGetInt32(SPI_getbinval(tuple, desc, 2, &isnull));
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	if (picked == NULL)
		return false;
	keep_last(m, picked->dvalues[picked->nelems - 1]);
	*ids = makeArrayResult(picked, m->batch_memory);
	return true;
}

/* keep_last keeps the id after which the next batch begins; it is none by value. */
static void
keep_last(Migration *m, Datum id)
{
	int16		typlen;
	bool		typbyval;
	MemoryContext old = MemoryContextSwitchTo(m->memory);

	if (m->has_last)
		pfree(DatumGetPointer(m->last_id));
	m->last_type = identifier_param_type(&m->assets.columns[ASSET_ID]);
	get_typlenbyval(m->last_type, &typlen, &typbyval);
	m->last_id = datumCopy(id, typbyval, typlen);
	m->has_last = true;
	MemoryContextSwitchTo(old);
}

/* ----------
 * build_pick builds
 *
 *	SELECT a.id, asset_reuse_log_count(a.platform_metadata, true)
 *	FROM assets AS a
 *	WHERE asset_reuse_log_count(a.platform_metadata, true) > 0
 *		AND a.tenant_id IS NOT NULL [AND a.id > $2]
 *	ORDER BY a.id LIMIT $1
 * ----------
 */
static void
build_pick(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	StringInfo	sql = &text->sql;

	plan_add_param(text, INT8OID);
	if (request->shape == PICK_NEXT)
		plan_add_param(text, identifier_param_type(&assets->columns[ASSET_ID]));

	appendStringInfoString(sql, "SELECT ");
	identifier_append_value(text, "a.id", &assets->columns[ASSET_ID]);
	appendStringInfoString(sql, ", ");
	log_move_append_count(text, request, true);
	appendStringInfoString(sql, " FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a WHERE ");
	log_move_append_count(text, request, true);
	appendStringInfoString(sql, " OPERATOR(pg_catalog.>) 0 AND a.tenant_id IS NOT NULL");
	if (request->shape == PICK_NEXT)
		appendStringInfoString(sql, " AND a.id OPERATOR(pg_catalog.>) $2");
	appendStringInfoString(sql, " ORDER BY a.id LIMIT $1");
}

/*
 * lock_assets locks the rows that were picked, or those of them that nobody else has
 * locked, and returns their keys; false if there are none.
 */
static bool
lock_assets(Migration *m, Datum picked, Datum *asset_ids, Datum *tenant_ids)
{
	Datum		values[] = {picked};
	PlanRequest request = {
		.query = PLAN_MIGRATE_LOCK,
		.shape = m->wait ? LOCK_ALL : LOCK_FREE,
		.tables[APP_ASSETS] = &m->assets,
		.caller = m->caller,
		.plan_options = PLAN_BY_BATCH,
		.build = build_lock
	};

	plan_execute(&request, values, NULL);
	if (SPI_processed == 0)
	{
		SPI_freetuptable(SPI_tuptable);
		return false;
	}
	*asset_ids = result_array(m, 1, ASSET_ID);
	*tenant_ids = result_array(m, 2, ASSET_TENANT_ID);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/* ----------
 * build_lock builds
 *
 *	SELECT a.id, a.tenant_id
 *	FROM assets AS a
 *	WHERE a.id = ANY ($1) AND a.tenant_id IS NOT NULL
 *		AND asset_reuse_log_count(a.platform_metadata, true) > 0
 *	ORDER BY a.id FOR NO KEY UPDATE [SKIP LOCKED]
 * ----------
 */
static void
build_lock(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	StringInfo	sql = &text->sql;

	plan_add_param(text, get_array_type(identifier_param_type(&assets->columns[ASSET_ID])));

	appendStringInfoString(sql, "SELECT ");
	identifier_append_value(text, "a.id", &assets->columns[ASSET_ID]);
	appendStringInfoString(sql, ", ");
	identifier_append_value(text, "a.tenant_id", &assets->columns[ASSET_TENANT_ID]);
	appendStringInfoString(sql, " FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a WHERE a.id OPERATOR(pg_catalog.=) ANY ($1)"
						   " AND a.tenant_id IS NOT NULL AND ");
	log_move_append_count(text, request, true);
	appendStringInfoString(sql, " OPERATOR(pg_catalog.>) 0 ORDER BY a.id FOR NO KEY UPDATE");
	if (request->shape == LOCK_FREE)
		appendStringInfoString(sql, " SKIP LOCKED");
}

/* result_array makes an array of a column of the result, which is one of the assets'. */
static Datum
result_array(Migration *m, int fnumber, AssetColumn column)
{
	Oid			type = identifier_param_type(&m->assets.columns[column]);
	ArrayBuildState *array = NULL;
	uint64		i;

	for (i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
										  fnumber, &isnull);

		array = accumArrayResult(array, value, isnull, type, m->batch_memory);
	}
	return makeArrayResult(array, m->batch_memory);
}

/* report_batch tells how far it is. */
static void
report_batch(const Migration *m)
{
	/* calls that come meanwhile can add to what was counted at the beginning */
	int64		total = Max(m->total, m->moved.events);

	ereport(NOTICE,
			(errmsg("moved %s of %s (%d %%), %s, %s/s",
					grouped(m->moved.events), counted(total, "event"),
					(int) (m->moved.events * 100.0 / total), counted(m->moved.assets, "asset"),
					counted(events_per_second(m), "event"))));
}

/* report_end sums up, and says which events stay in the documents and why. */
static void
report_end(const Migration *m, EventCounts left)
{
	ereport(NOTICE,
			(errmsg("moved %s of %s, %s/s; left in the documents: %s",
					counted(m->moved.events, "event"), counted(m->moved.assets, "asset"),
					counted(events_per_second(m), "event"),
					counted(left.movable + left.staying, "event")),
			 left.staying > 0 ?
			 errdetail("What a row cannot hold stays for ever (%s): without a usable time, with the time "
					   "of another event of the asset, or with other keys than timestamp and context.",
					   counted(left.staying, "event")) : 0,
			 left.movable > 0 ?
			 errhint("What could be moved (%s) was added meanwhile, or the table has a row of that time already.",
					 counted(left.movable, "event")) : 0));
}

static int64
events_per_second(const Migration *m)
{
	int64		elapsed = GetCurrentTimestamp() - m->start;

	return (int64) ((double) m->moved.events * USECS_PER_SEC / (double) Max(elapsed, 1));
}

/* counted writes a number and what it counts: 1 asset, 12,000 assets. */
static char *
counted(int64 number, const char *noun)
{
	return psprintf("%s %s%s", grouped(number), noun, number == 1 ? "" : "s");
}

/* grouped writes a number that is not negative with separators: 12,000. */
static char *
grouped(int64 number)
{
	char	   *buf = palloc(GROUPED_LEN);
	char	   *at = buf + GROUPED_LEN - 1;
	int			digits = 0;

	*at = '\0';
	do
	{
		if (digits > 0 && digits % 3 == 0)
			*--at = ',';
		*--at = '0' + number % 10;
		number /= 10;
		digits++;
	} while (number > 0);
	return at;
}
