/*-------------------------------------------------------------------------
 *
 * events_move.c
 *	  Storing events in the history table, and moving a log there from its document.
 *
 * The caller has locked the asset's row in an earlier statement, so a decision that is based on
 * stored events remains valid.  Each statement here writes to one table.
 *
 * All memory is in the current context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/timestamp.h"

#include "events_move.h"
#include "log_list.h"
#include "plan_cache.h"
#include "table_bind.h"
#include "time_sort.h"

#define ROW_COLUMNS \
	"tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, reused_in_name," \
	" reuse_key, context, original"

/*
 * Searches for an asset's rows request the order of the primary key.  Otherwise a plan that is made
 * and saved while the table is empty might use any index that has the tenant.
 */
static const char store_row[] =
	"INSERT INTO {history} AS h (" ROW_COLUMNS ")"
	" VALUES ($tenant_id, $asset_id, $reused_at,"
	"  {if seq}$seq{else}COALESCE((SELECT x.seq FROM {history} AS x"
	"   WHERE x.asset_id {=} $asset_id AND x.tenant_id {=} $tenant_id AND x.reused_at {=} $reused_at"
	"   ORDER BY x.reused_at DESC, x.seq DESC LIMIT 1) {+} 1, 0){end},"
	"  $reused_in_type, $reused_in_id, $reused_in_name, $reuse_key, $context, $original)"
	" RETURNING {utc:h.reused_at}, h.seq";

/* Citus allows no subquery there. */
static const char read_last_seq[] =
	"SELECT h.seq FROM {history} AS h"
	" WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND h.reused_at {=} $reused_at"
	" ORDER BY h.reused_at DESC, h.seq DESC LIMIT 1";

static const char store_rows[] =
	"INSERT INTO {history} AS h (" ROW_COLUMNS ")"
	" SELECT $tenant_id, $asset_id, e.*"
	" FROM ROWS FROM (pg_catalog.unnest($reused_at), pg_catalog.unnest($seq),"
	"  pg_catalog.unnest($reused_in_type), pg_catalog.unnest($reused_in_id),"
	"  pg_catalog.unnest($reused_in_name), pg_catalog.unnest($reuse_key),"
	"  pg_catalog.unnest($context), pg_catalog.unnest($original)) AS e";

static const char read_rows_of_times[] =
	"SELECT {utc:h.reused_at}, h.seq, {element:h}"
	" FROM pg_catalog.unnest($times) AS t (reused_at), LATERAL ("
	"  SELECT * FROM {history} AS h"
	"  WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND h.reused_at {=} t.reused_at"
	"  ORDER BY h.reused_at, h.seq) AS h";

static const char remove_log[] =
	"UPDATE {assets} AS a SET platform_metadata = {doc:a} {-} CAST('reuse_history' AS pg_catalog.text)"
	" WHERE a.id {=} $asset_id AND a.tenant_id {=} $tenant_id"
	" RETURNING {doc:a} {?} 'reuse_history'";

/* The columns of a batch, in the order of the parameters of store_row */
static const char *const array_names[ARRAY_COUNT] = {
	[ARRAY_REUSED_AT] = "reused_at", [ARRAY_SEQ] = "seq",
	[ARRAY_TYPE] = "reused_in_type", [ARRAY_ID] = "reused_in_id",
	[ARRAY_NAME] = "reused_in_name", [ARRAY_KEY] = "reuse_key",
	[ARRAY_CONTEXT] = "context", [ARRAY_ORIGINAL] = "original"
};

static PlanRequest history_request(const EventTables *tables, const AppRow *asset, const char *sql);
static int32 next_seq(const EventTables *tables, const AppRow *asset, Timestamp time);
static void add_key(PlanRequest *request, const char *name, const AppRow *asset, AssetColumn column);
static SPITupleTable *read_rows(const EventTables *tables, const AppRow *asset,
								const LogList *list, LogRows *rows);
static void store_list(const EventTables *tables, const AppRow *asset, const LogList *list);
static void add_value(RowBatch *batch, RowArray array, Datum value, Oid type);
static void add_optional(RowBatch *batch, RowArray array, void *value, Oid type);
static void add_nullable(RowBatch *batch, RowArray array, Datum value, bool isnull, Oid type);
static Oid	array_type(const EventTables *tables, RowArray array);
static uint64 store_all(const EventTables *tables, const AppRow *asset, const RowBatch *batch);
static uint64 store_each(const EventTables *tables, const AppRow *asset, const RowBatch *batch);
static void remove_from_document(const EventTables *tables, const AppRow *asset);

/*
 * events_move_store stores an event as a row and returns its id as stored, which triggers may have
 * changed.  If there are events with the same time, the new one is the last of them.
 *
 * The caller is connected to SPI, and asset has its key.  Error 27000 if the row was not stored.
 */
EventId
events_move_store(const EventTables *tables, const AppRow *asset, const EventRow *event)
{
	PlanRequest store = history_request(tables, asset, store_row);
	const ReusePlace *place = &event->place;
	bool		distributed = tables->history->distributed;

	plan_add_value(&store, "reused_at", tables->history->columns[HISTORY_REUSED_AT].type,
				   TimestampGetDatum(event->time));
	plan_add_optional(&store, "seq", INT4OID,
					  Int32GetDatum(distributed ? next_seq(tables, asset, event->time) : 0), !distributed);
	plan_add_nullable(&store, "reused_in_type", TEXTOID, PointerGetDatum(place->type), !place->type);
	plan_add_nullable(&store, "reused_in_id", TEXTOID, PointerGetDatum(place->id), !place->id);
	plan_add_nullable(&store, "reused_in_name", TEXTOID, PointerGetDatum(place->name), !place->name);
	plan_add_nullable(&store, "reuse_key", TEXTOID, PointerGetDatum(place->key), !place->key);
	plan_add_nullable(&store, "context", JSONBOID, PointerGetDatum(event->context), !event->context);
	plan_add_nullable(&store, "original", JSONBOID, PointerGetDatum(event->original), !event->original);
	plan_execute(&store);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not store the event in the history table"),
				 errdetail("The insert into table \"%s\" was suppressed.", tables->history->name),
				 errhint("Check the table's triggers and rules.")));
	return (EventId) {
		DatumGetTimestamp(plan_result(0, 1, TIMESTAMPOID)), DatumGetInt32(plan_result(0, 2, INT4OID))
	};
}

/* next_seq returns the seq of another event of the asset with a time. */
static int32
next_seq(const EventTables *tables, const AppRow *asset, Timestamp time)
{
	PlanRequest request = history_request(tables, asset, read_last_seq);

	plan_add_value(&request, "reused_at", tables->history->columns[HISTORY_REUSED_AT].type,
				   TimestampGetDatum(time));
	plan_execute(&request);
	return SPI_processed > 0 ? DatumGetInt32(plan_result(0, 1, INT4OID)) + 1 : 0;
}

/*
 * events_move moves the log of an asset, whose row has MOVE_COLUMNS, and returns the number of events
 * stored.  A document that cannot hold a log has none.
 *
 * The caller is connected to SPI.  Error 27000 if triggers keep the events from being stored as rows
 * or from being removed from the document.
 */
int64
events_move(const EventTables *tables, const AppRow *asset)
{
	const Jsonb *document = app_row_document(asset);
	ReuseLog	log;
	LogList		list;
	LogRows		rows;
	SPITupleTable *found;

	(void) log_find(document ? &document->root : NULL, &log);
	if (log.count == 0)
		return 0;
	log_list_make(&log, NULL, &list);
	found = read_rows(tables, asset, &list, &rows);
	if (rows.count > 0)
		log_list_make(&log, &rows, &list);
	SPI_freetuptable(found);
	store_list(tables, asset, &list);
	remove_from_document(tables, asset);
	return list.count;
}

/* history_request begins a request over the history table, for an asset's rows. */
static PlanRequest
history_request(const EventTables *tables, const AppRow *asset, const char *sql)
{
	PlanRequest request = {
		.sql = sql,
		.tables[APP_HISTORY] = tables->history,
		.caller = tables->caller,
		.plan_options = PLAN_BY_KEY,
		.put_piece = history_table_put_piece
	};

	add_key(&request, "asset_id", asset, ASSET_ID);
	add_key(&request, "tenant_id", asset, ASSET_TENANT_ID);
	return request;
}

/* add_key adds a parameter for what was read from a column of the asset's. */
static void
add_key(PlanRequest *request, const char *name, const AppRow *asset, AssetColumn column)
{
	plan_add_value(request, name, asset->columns[column].type, app_row_value(asset, column));
}

/* read_rows reads the asset's rows that have a time in a list; the caller frees the result. */
static SPITupleTable *
read_rows(const EventTables *tables, const AppRow *asset, const LogList *list, LogRows *rows)
{
	PlanRequest request = history_request(tables, asset, read_rows_of_times);
	Oid			time_type = tables->history->columns[HISTORY_REUSED_AT].type;
	ArrayBuildState *times = initArrayResult(time_type, CurrentMemoryContext, false);
	uint32		i;

	for (i = 0; i < list->count; i++)
	{
		if (i == 0 || list->events[i].time != list->events[i - 1].time)
			times = accumArrayResult(times, TimestampGetDatum(list->events[i].time), false, time_type,
									 CurrentMemoryContext);
	}
	plan_add_value(&request, "times", get_array_type(time_type),
				   makeArrayResult(times, CurrentMemoryContext));
	plan_execute(&request);

	rows->count = SPI_processed;
	rows->rows = MemoryContextAllocHuge(CurrentMemoryContext, Max(SPI_processed, 1) * sizeof(LogRow));
	for (i = 0; i < rows->count; i++)
	{
		rows->rows[i].time = DatumGetTimestamp(plan_result(i, 1, TIMESTAMPOID));
		rows->rows[i].seq = DatumGetInt32(plan_result(i, 2, INT4OID));
		rows->rows[i].element = DatumGetJsonbP(plan_result(i, 3, JSONBOID));
	}
	time_sort(rows->rows, rows->count, sizeof(LogRow));
	return SPI_tuptable;
}

/* store_list stores the events of a list as rows. */
static void
store_list(const EventTables *tables, const AppRow *asset, const LogList *list)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse moved events",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	uint32		first;

	for (first = 0; first < list->count; first += MAX_BATCH_ROWS)
	{
		uint32		end = Min(first + MAX_BATCH_ROWS, list->count);
		RowBatch	batch = {0};
		uint32		i;

		for (i = first; i < end; i++)
		{
			const LogEvent *event = &list->events[i];
			ReuseValue	element;
			EventRow	row;

			log_list_element(list, i, &element);
			event_row_of(&element, event->time, event->seq, tables->uuid_campaigns, &row);
			events_move_add(&batch, tables, &row);
		}
		events_move_store_batch(tables, asset, &batch);
		MemoryContextReset(memory);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* events_move_add adds a row to those that one statement stores. */
void
events_move_add(RowBatch *batch, const EventTables *tables, const EventRow *row)
{
	CHECK_FOR_INTERRUPTS();
	add_value(batch, ARRAY_REUSED_AT, TimestampGetDatum(row->time), array_type(tables, ARRAY_REUSED_AT));
	add_value(batch, ARRAY_SEQ, Int32GetDatum(row->seq), INT4OID);
	add_optional(batch, ARRAY_TYPE, row->place.type, TEXTOID);
	add_optional(batch, ARRAY_ID, row->place.id, TEXTOID);
	add_optional(batch, ARRAY_NAME, row->place.name, TEXTOID);
	add_optional(batch, ARRAY_KEY, row->place.key, TEXTOID);
	add_optional(batch, ARRAY_CONTEXT, row->context, JSONBOID);
	add_optional(batch, ARRAY_ORIGINAL, row->original, JSONBOID);
	batch->count++;
}

static void
add_value(RowBatch *batch, RowArray array, Datum value, Oid type)
{
	add_nullable(batch, array, value, false, type);
}

static void
add_optional(RowBatch *batch, RowArray array, void *value, Oid type)
{
	add_nullable(batch, array, PointerGetDatum(value), value == NULL, type);
}

/* add_nullable adds an element to an array without a separate memory context, because batches can be small. */
static void
add_nullable(RowBatch *batch, RowArray array, Datum value, bool isnull, Oid type)
{
	if (batch->arrays[array] == NULL)
		batch->arrays[array] = initArrayResult(type, CurrentMemoryContext, false);
	accumArrayResult(batch->arrays[array], value, isnull, type, CurrentMemoryContext);
}

/* array_type returns the type of the elements of an array of rows' columns. */
static Oid
array_type(const EventTables *tables, RowArray array)
{
	switch (array)
	{
		case ARRAY_REUSED_AT:
			return tables->history->columns[HISTORY_REUSED_AT].type;
		case ARRAY_SEQ:
			return INT4OID;
		case ARRAY_CONTEXT:
		case ARRAY_ORIGINAL:
			return JSONBOID;
		default:
			return TEXTOID;
	}
}

/*
 * events_move_store_batch stores one or more rows of an asset.
 *
 * The caller is connected to SPI, and asset has its key.  Error 27000 if not all were stored.
 */
void
events_move_store_batch(const EventTables *tables, const AppRow *asset, const RowBatch *batch)
{
	/* Citus stores all at once by COPY, which is refused under row-level security */
	bool		one_by_one = tables->history->distributed &&
		check_enable_rls(tables->history->relid, InvalidOid, true) == RLS_ENABLED;
	uint64		stored = one_by_one ? store_each(tables, asset, batch) : store_all(tables, asset, batch);

	if (stored != batch->count)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not store events in the history table"),
				 errdetail("Events: " UINT64_FORMAT ".  Stored: " UINT64_FORMAT ".", batch->count, stored),
				 errhint("Check the triggers and rules of table \"%s\".", tables->history->name)));
}

/* store_all stores rows by one statement, and store_each by one for each; they return how many were stored. */
static uint64
store_all(const EventTables *tables, const AppRow *asset, const RowBatch *batch)
{
	PlanRequest request = history_request(tables, asset, store_rows);
	int			i;

	for (i = 0; i < ARRAY_COUNT; i++)
		plan_add_value(&request, array_names[i], get_array_type(array_type(tables, i)),
					   makeArrayResult(batch->arrays[i], CurrentMemoryContext));
	/* Citus has no generic plan for it, in a distributed schema either */
	if (tables->history->distributed)
		request.plan_options = PLAN_BY_BATCH;
	plan_execute(&request);
	return SPI_processed;
}

static uint64
store_each(const EventTables *tables, const AppRow *asset, const RowBatch *batch)
{
	uint64		stored = 0;
	uint64		n;

	for (n = 0; n < batch->count; n++)
	{
		PlanRequest request = history_request(tables, asset, store_row);
		int			i;

		for (i = 0; i < ARRAY_COUNT; i++)
		{
			const ArrayBuildState *array = batch->arrays[i];

			plan_add_nullable(&request, array_names[i], array_type(tables, i), array->dvalues[n], array->dnulls[n]);
			/* as in events_move_store */
			request.params[request.nparams - 1].optional = i == ARRAY_SEQ;
		}
		plan_execute(&request);
		stored += SPI_processed;
		SPI_freetuptable(SPI_tuptable);
	}
	return stored;
}

/* remove_from_document removes the log, whose events are rows now. */
static void
remove_from_document(const EventTables *tables, const AppRow *asset)
{
	PlanRequest request = {
		.sql = remove_log,
		.tables[APP_ASSETS] = tables->assets,
		.plan_options = PLAN_BY_KEY
	};
	bool		remains;

	add_key(&request, "asset_id", asset, ASSET_ID);
	add_key(&request, "tenant_id", asset, ASSET_TENANT_ID);
	plan_execute(&request);
	/* a trigger may have made the document null */
	remains = SPI_processed == 0 ||
		(!plan_result_is_null(0, 1, BOOLOID) && DatumGetBool(plan_result(0, 1, BOOLOID)));
	if (remains)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not remove events from platform_metadata after storing them in the history table"),
				 errhint("Check the triggers and rules of table \"%s\".", tables->assets->name)));
	SPI_freetuptable(SPI_tuptable);
}
