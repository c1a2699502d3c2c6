/*-------------------------------------------------------------------------
 *
 * table_migrate.c
 *	  asset_reuse_migrate_history: moves all logs to the history table.
 *
 * The assets are processed in the order of tenant and id, in batches of one transaction each, so
 * that an interruption loses little, locks are short, and a second run continues where the first
 * one ended: it finds the logs that are left.
 *
 * The first pass skips rows that others have locked.  It never waits while it holds locks, so
 * it cannot deadlock with the application, or cause one of its calls to be canceled.  The
 * second pass moves the logs that are left, one asset at a time, and waits for locks.
 *
 * A batch is a subtransaction.  If the application's constraints or triggers refuse an asset,
 * the first pass leaves its batch to the second pass, which skips only that asset and warns of
 * it at the end.  So one asset cannot keep those after it from being moved.
 *
 * A notice reports the progress after each batch.  PostgreSQL's progress views are not
 * available to extensions: pgstat_progress_start_command accepts only the server's own commands.
 *
 * What lives longer than a batch is in the procedure's memory, which SPI_commit does not free.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

#include "batch.h"
#include "events_move.h"
#include "plan_cache.h"
#include "request.h"
#include "request_identifier.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_migrate_history);

/*
 * Once a batch has this many events, it takes no more assets, whatever batch_size.  This
 * bounds the time for which a call of asset_reuse_track may wait for it to some tenths of
 * a second, unless a single log is longer.
 */
#define BATCH_EVENTS		10000

/* Size of a buffer for a bigint with separators */
#define GROUPED_LEN			32

static const char count_logged[] =
	"SELECT COALESCE(pg_catalog.sum({fn:log_count}({doc:a})), 0) FROM {assets} AS a"
	" WHERE {doc:a} {?} 'reuse_history'{if tenant_id} AND a.tenant_id {=} $tenant_id{end}";

/* The order is that of the index on the documents. */
static const char pick_logged[] =
	"SELECT {id:a.tenant_id}, {id:a.id}, {fn:log_count}({doc:a}) FROM {assets} AS a"
	" WHERE {doc:a} {?} 'reuse_history' AND {fn:log_count}({doc:a}) {>} 0 AND a.tenant_id IS NOT NULL AND a.id IS NOT NULL"
	"{if tenant_id} AND a.tenant_id {=} $tenant_id{end}"
	"{if last_id} AND (a.tenant_id, a.id) {>} ($last_tenant_id, $last_id){end}"
	" ORDER BY a.tenant_id, a.id LIMIT $batch_size";

/*
 * FOR UPDATE also conflicts with the lock that a foreign key's check takes: an asset for which somebody
 * is storing a row is skipped, or waited for before anything else is locked.  Tenants can have the same
 * ids, so pairs are picked.
 */
static const char lock_picked[] =
	"SELECT {columns:a} FROM {assets} AS a"
	" WHERE (a.tenant_id, a.id) {=} ANY (SELECT k.tenant_id, k.id"
	"  FROM ROWS FROM (pg_catalog.unnest($tenant_ids), pg_catalog.unnest($ids)) AS k (tenant_id, id))"
	"{if tenant_id} AND a.tenant_id {=} $tenant_id{end}"
	"{if through_view} AND a.id {=} ANY ($ids){end}"
	"  AND {fn:log_count}({doc:a}) {>} 0"
	" ORDER BY a.id FOR UPDATE{if skip_locked} SKIP LOCKED{end}";

/* The parts of an asset's key */
enum
{
	KEY_TENANT_ID,
	KEY_ID,
	KEY_PARTS
};

static const AssetColumn key_columns[KEY_PARTS] = {ASSET_TENANT_ID, ASSET_ID};

typedef struct Migration
{
	Oid			caller;
	MemoryContext memory;		/* what lives longer than a batch; all else ends with an SPI level */

	Identifier	tenant_id;		/* whose logs; none given: all */

	/* bound in each transaction */
	AppTable	assets;
	AppTable	history;
	EventTables tables;

	/* the pass */
	int			batch_size;
	bool		wait;			/* for rows that others have locked */
	bool		has_last;
	Datum		last[KEY_PARTS];	/* of the batch before, if has_last */
	Oid			last_types[KEY_PARTS];

	/* progress */
	int64		total;			/* events at the beginning */
	int64		events;			/* that were moved */
	int64		moved_assets;	/* of which they were */
	TimestampTz start;

	Refused		refused;
} Migration;

/* A batch's assets, and the number of their events */
typedef struct MovedAssets
{
	const Migration *migration;
	SPITupleTable *assets;
	uint64		first;			/* of them */
	uint64		nassets;
	int64		events;
} MovedAssets;

static void bind_tables(Migration *m);
static PlanRequest assets_request(const Migration *m, const char *sql);
static int64 count_events(Migration *m);
static void run_pass(Migration *m, int batch_size, bool wait);
static bool move_batch(Migration *m);
static bool pick_assets(Migration *m, Datum *keys);
static void keep_last(Migration *m, ArrayBuildState **keys);
static SPITupleTable *lock_assets(Migration *m, Datum *keys, uint64 *nassets);
static void try_logs(Migration *m, SPITupleTable *assets, uint64 first, uint64 nassets);
static void move_logs(void *arg);
static void note_refused(Migration *m, HeapTuple row, TupleDesc desc, const ErrorData *error);
static void report_batch(const Migration *m);
static void report_end(const Migration *m, int64 left);
static int64 events_per_second(const Migration *m);
static char *grouped(int64 number);

/*
 * asset_reuse_migrate_history(batch_size, tenant_id) moves all logs that the caller may see, or
 * those of one tenant, with at most batch_size assets in a transaction.
 *
 * Errors: 22023 batch_size; 2D000 in a transaction block; 42P01 there is no
 * history table; 0A000 no tenant is given, and Citus has the assets' rows on several nodes.
 */
Datum
asset_reuse_migrate_history(PG_FUNCTION_ARGS)
{
	int			batch_size = request_optional_int(fcinfo, 0, "batch_size", 1, INT_MAX, DEFAULT_BATCH);
	Migration	m = {0};

	batch_connect(fcinfo, "asset_reuse_migrate_history");
	m.caller = fcinfo->flinfo->fn_oid;
	m.memory = CurrentMemoryContext;
	m.tenant_id = request_optional_identifier(fcinfo, 1, "tenant_id", request_id_type(fcinfo, 1));

	batch_next_transaction();
	bind_tables(&m);
	m.total = count_events(&m);
	m.start = GetCurrentTimestamp();
	run_pass(&m, batch_size, false);
	run_pass(&m, 1, true);
	report_end(&m, count_events(&m));
	batch_report_refused(&m.refused, "assets whose events could not be moved",
						 "The events stay in the documents.  When these assets can be updated, "
						 "call asset_reuse_migrate_history() again.");

	/* what follows in the caller's block has its own isolation level */
	SPI_commit();
	SPI_finish();
	PG_RETURN_VOID();
}

/* bind_tables binds the tables in each transaction again, in case of DDL between two. */
static void
bind_tables(Migration *m)
{
	bool		changed = false;
	int			part;

	app_schema_bind(APP_ASSETS, RowExclusiveLock, &m->assets);
	for (part = 0; part < KEY_PARTS && m->has_last; part++)
		changed |= m->last_types[part] != identifier_param_type(&m->assets.columns[key_columns[part]]);
	if (changed)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the type of the assets' identifiers was changed during the migration"),
				 errhint("Call asset_reuse_migrate_history() again to continue.")));
	if (!history_table_bind(&m->assets, RowExclusiveLock, false, &m->history))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						history_table_schema(&m->assets), history_table_name()),
				 errdetail("There is no history table to move events to."),
				 errhint("Create it with asset_reuse_create_history_table().")));
	/* Citus locks rows of several tenants in one statement only if they are on one node */
	if (m->assets.sharded && !OidIsValid(m->tenant_id.type))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("tenant_id must be given because table \"%s\" is distributed", m->assets.name),
				 errhint("Call asset_reuse_migrate_history(tenant_id => ...) for each tenant.")));
	m->tables = (EventTables) {
		.assets = &m->assets,
		.history = &m->history,
		.uuid_campaigns = app_campaigns_are_uuids(),
		.caller = m->caller
	};
}

/* assets_request begins a request over the assets whose logs are moved. */
static PlanRequest
assets_request(const Migration *m, const char *sql)
{
	PlanRequest request = {
		.sql = sql,
		.tables[APP_ASSETS] = &m->assets,
		.caller = m->caller,
		.plan_options = PLAN_BY_BATCH
	};

	identifier_add(&request, "tenant_id", m->tenant_id, &m->assets.columns[ASSET_TENANT_ID]);
	return request;
}

/* count_events counts the events in the documents. */
static int64
count_events(Migration *m)
{
	PlanRequest request = assets_request(m, count_logged);
	int64		count;

	request.plan_options = PLAN_BY_TENANT;
	plan_execute(&request);
	count = DatumGetInt64(plan_result(0, 1, INT8OID));
	SPI_freetuptable(SPI_tuptable);
	return count;
}

/* run_pass processes all assets once, with one transaction per batch. */
static void
run_pass(Migration *m, int batch_size, bool wait)
{
	bool		found;

	m->batch_size = batch_size;
	m->wait = wait;
	m->has_last = false;
	do
	{
		batch_next_transaction();
		SPI_connect();
		bind_tables(m);
		found = move_batch(m);
		SPI_finish();
	} while (found);
}

/* move_batch moves the logs of the next assets; false if there are no more. */
static bool
move_batch(Migration *m)
{
	int64		before = m->events;
	Datum		keys[KEY_PARTS];
	SPITupleTable *assets;
	uint64		nassets;

	if (!pick_assets(m, keys))
		return false;
	assets = lock_assets(m, keys, &nassets);
	try_logs(m, assets, 0, nassets);
	if (m->events > before)
		report_batch(m);
	return true;
}

/*
 * pick_assets picks the next assets whose documents have events and returns their keys, as an
 * array per part; false if there are none.
 *
 * It reads one asset at a time, so that it does not open more documents than it picks.
 */
static bool
pick_assets(Migration *m, Datum *keys)
{
	PlanRequest request = assets_request(m, pick_logged);
	ArrayBuildState *picked[KEY_PARTS] = {0};
	Portal		cursor;
	int64		nevents = 0;
	int			part;

	plan_add_value(&request, "batch_size", INT8OID, Int64GetDatum(m->batch_size));
	for (part = 0; part < KEY_PARTS; part++)
		plan_add_optional(&request, part == KEY_ID ? "last_id" : "last_tenant_id",
						  identifier_param_type(&m->assets.columns[key_columns[part]]),
						  m->last[part], !m->has_last);
	cursor = plan_open_cursor(&request);
	while (nevents < BATCH_EVENTS)
	{
		SPI_cursor_fetch(cursor, true, 1);
		if (SPI_processed == 0)
		{
			SPI_freetuptable(SPI_tuptable);
			break;
		}
		for (part = 0; part < KEY_PARTS; part++)
		{
			Oid			type = identifier_param_type(&m->assets.columns[key_columns[part]]);

			picked[part] = accumArrayResult(picked[part], plan_result(0, part + 1, type), false, type,
											CurrentMemoryContext);
		}
		nevents += DatumGetInt32(plan_result(0, KEY_PARTS + 1, INT4OID));
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	if (picked[KEY_ID] == NULL)
		return false;
	keep_last(m, picked);
	for (part = 0; part < KEY_PARTS; part++)
		keys[part] = makeArrayResult(picked[part], CurrentMemoryContext);
	return true;
}

/* keep_last keeps the key after which the next batch begins; no part is by value. */
static void
keep_last(Migration *m, ArrayBuildState **keys)
{
	MemoryContext old = MemoryContextSwitchTo(m->memory);
	int			part;

	for (part = 0; part < KEY_PARTS; part++)
	{
		const ArrayBuildState *key = keys[part];

		if (m->has_last)
			pfree(DatumGetPointer(m->last[part]));
		m->last_types[part] = key->element_type;
		m->last[part] = datumCopy(key->dvalues[key->nelems - 1], key->typbyval, key->typlen);
	}
	m->has_last = true;
	MemoryContextSwitchTo(old);
}

/*
 * lock_assets locks and returns the picked rows or, in the first pass, those of them that nobody
 * else has locked.
 */
static SPITupleTable *
lock_assets(Migration *m, Datum *keys, uint64 *nassets)
{
	PlanRequest request = assets_request(m, lock_picked);

	request.columns[APP_ASSETS] = MOVE_COLUMNS;
	plan_add_value(&request, "ids",
				   get_array_type(identifier_param_type(&m->assets.columns[ASSET_ID])), keys[KEY_ID]);
	plan_add_value(&request, "tenant_ids",
				   get_array_type(identifier_param_type(&m->assets.columns[ASSET_TENANT_ID])),
				   keys[KEY_TENANT_ID]);
	plan_add_optional(&request, "skip_locked", BOOLOID, BoolGetDatum(true), m->wait);
	/* see events_many.c */
	plan_add_optional(&request, "through_view", BOOLOID, BoolGetDatum(true), m->assets.relkind != RELKIND_VIEW);
	plan_execute(&request);
	app_row_check(&m->assets, MOVE_COLUMNS, 0, plan_result_desc());
	*nassets = SPI_processed;
	return SPI_tuptable;
}

/*
 * try_logs moves the logs of locked assets, one by one if they cannot be moved together.  The first
 * pass leaves refused assets to the second.
 *
 * A conflict with a concurrent row that has the key of an event shows only when the event is stored.
 * The first pass does not wait for it while it holds locks.
 */
static void
try_logs(Migration *m, SPITupleTable *assets, uint64 first, uint64 nassets)
{
	MovedAssets moved = {.migration = m, .assets = assets, .first = first, .nassets = nassets};
	ErrorData  *error = batch_try(move_logs, &moved, m->wait);
	uint64		i;

	if (error == NULL)
	{
		m->events += moved.events;
		m->moved_assets += nassets;
	}
	else if (m->wait)
		note_refused(m, assets->vals[first], assets->tupdesc, error);
	for (i = 0; error != NULL && nassets > 1 && i < nassets; i++)
		try_logs(m, assets, first + i, 1);
}

/* move_logs moves the logs of assets and counts the events. */
static void
move_logs(void *arg)
{
	MovedAssets *moved = arg;
	const Migration *m = moved->migration;
	uint64		i;

	for (i = moved->first; i < moved->first + moved->nassets; i++)
	{
		AppRow		asset;

		SPI_connect();
		app_row_read(&m->assets, MOVE_COLUMNS, 0, moved->assets->vals[i], moved->assets->tupdesc, &asset);
		moved->events += events_move(&m->tables, &asset);
		SPI_finish();
	}
}

static void
note_refused(Migration *m, HeapTuple row, TupleDesc desc, const ErrorData *error)
{
	AppRow		asset;

	app_row_read(&m->assets, MOVE_COLUMNS, 0, row, desc, &asset);
	batch_note_refused(&m->refused, m->memory, text_to_cstring(app_row_text(&asset, ASSET_ID)), error);
}

/* report_batch reports the progress. */
static void
report_batch(const Migration *m)
{
	/* concurrent calls can add to the number counted at the beginning */
	int64		total = Max(m->total, m->events);

	ereport(NOTICE,
			(errmsg("events moved: %s of %s (%d %%), assets: %s, events per second: %s",
					grouped(m->events), grouped(total), (int) (m->events * 100.0 / total),
					grouped(m->moved_assets), grouped(events_per_second(m)))));
}

/* report_end reports the totals. */
static void
report_end(const Migration *m, int64 left)
{
	ereport(NOTICE,
			(errmsg("events moved: %s, assets: %s, events per second: %s; events left in documents: %s",
					grouped(m->events), grouped(m->moved_assets), grouped(events_per_second(m)),
					grouped(left)),
			 check_enable_rls(m->assets.relid, InvalidOid, true) == RLS_ENABLED ?
			 errdetail("Only the assets that row-level security lets you see are counted.") : 0,
			 left > 0 ?
			 errhint("They were stored during the migration, or their asset could not be updated or has no id or tenant.") : 0));
}

static int64
events_per_second(const Migration *m)
{
	int64		elapsed = GetCurrentTimestamp() - m->start;

	return (int64) ((double) m->events * USECS_PER_SEC / (double) Max(elapsed, 1));
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
