/*-------------------------------------------------------------------------
 *
 * events_change.c
 *	  Changing an asset's events: lock its row, look, change, count.
 *
 * Every change that depends on what is stored goes through this file.  The asset's row is
 * locked first, so that the following statements see everything that others have stored, and
 * nobody can store more.  If there is a history table, the log that is still in the document is
 * then moved there, so that there is only one place to search and to change.
 *
 * The asset is updated last, because the policies of the history table check whether the caller
 * may update the asset's old version.  All memory lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lockdefs.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "events_change.h"
#include "events_metrics.h"
#include "log_list.h"
#include "log_search.h"
#include "plan_cache.h"
#include "table_bind.h"

static const char read_asset[] =
	"SELECT {columns:a} FROM {assets} AS a WHERE a.id {=} $asset_id AND {live:a}{if lock} FOR NO KEY UPDATE{end}";

static const char read_latest[] =
	"SELECT {utc:h.reused_at} FROM {history} AS h"
	" WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id"
	" AND h.reused_at {>=} $since AND h.reused_at {<=} $horizon"
	" ORDER BY h.reused_at DESC, h.seq DESC LIMIT 1";

static const char read_rows_of_time[] =
	"SELECT {utc:h.reused_at}, h.seq, {element:h} FROM {history} AS h"
	" WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND h.reused_at {=} $reused_at"
	" ORDER BY h.reused_at, h.seq";

static const char read_rows_of_key[] =
	"SELECT {utc:h.reused_at}, h.seq, {element:h} FROM {history} AS h"
	" WHERE h.tenant_id {=} $tenant_id AND h.asset_id {=} $asset_id AND h.reuse_key {=} $reuse_key";

/*
 * With how many events the asset has at that time, in any place.  One pass over the asset's rows: a
 * join of them with themselves is quadratic for an asset that has more than the planner expects.
 */
static const char read_rows_of_place[] =
	"SELECT {utc:h.reused_at}, h.seq, {element:h}, h.events"
	" FROM (SELECT h.reused_at, h.seq, h.reused_in_type, h.reused_in_id, h.reused_in_name, h.reuse_key, h.context,"
	"   h.original, pg_catalog.count(*) OVER (PARTITION BY h.reused_at) AS events FROM {history} AS h"
	"  WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id) AS h"
	" WHERE h.reused_in_type {=} $reused_in_type AND h.reused_in_id {=} $reused_in_id"
	" ORDER BY h.reused_at, h.seq";

static const char remove_row[] =
	"DELETE FROM {history} AS h WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id"
	" AND h.reused_at {=} $reused_at AND h.seq {=} $seq";

/*
 * A trigger on the history table may have tracked the asset at a later time.  Its event is then
 * the latest one, unless that time is disregarded.
 */
static const char count_events[] =
	"UPDATE {assets} AS a SET"
	"  reused_count = CASE WHEN $delta {<} 0 AND COALESCE(a.reused_count, 0) {+} $delta {<} 0"
	"   THEN LEAST(COALESCE(a.reused_count, 0), 0) ELSE COALESCE(a.reused_count, 0) {+} $delta END,"
	"  last_reused_at = {if horizon}CASE WHEN a.last_reused_at {>} $last_reused_at"
	"    AND a.last_reused_at {<=} $horizon THEN a.last_reused_at ELSE $last_reused_at END"
	"   {else}$last_reused_at{end}"
	"{if document}, platform_metadata = $document{end}"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	" WHERE a.id {=} $asset_id AND {live:a}"
	" RETURNING {columns:a}";

/* The columns that are read from an asset */
#define ROW_COLUMNS	(TRACK_COLUMNS | MOVE_COLUMNS | COLUMN_BIT(ASSET_LAST_REUSED_AT))

static void read_row(const EventTables *tables, Identifier asset_id, Identifier tenant_id, bool lock,
					 EventsAsset *asset);
static void gather(EventsAsset *asset);
static void read_again(EventsAsset *asset);
static Identifier row_identifier(const EventsAsset *asset, AssetColumn column);
static void read_document(EventsAsset *asset);
static void set_document(EventsAsset *asset, Jsonb *document);
static PlanRequest row_request(const EventsAsset *asset, const char *sql);
static void add_time(PlanRequest *request, const char *name, const EventsAsset *asset, Timestamp time);
static StoredEvent *find_place_in_log(const EventsAsset *asset, const ReusePlace *place, uint32 *count);
static bool find_row_of_key(const EventsAsset *asset, text *key, StoredEvent *event);
static StoredEvent *alloc_events(uint64 count);
static void read_stored(uint64 row, const EventsAsset *asset, StoredEvent *event);
static bool find_in_list(const EventsAsset *asset, const EventId *id, uint32 number, StoredEvent *event);
static void read_element(const ReuseValue *element, const EventsAsset *asset, StoredEvent *event);
static void add_to_table(const EventsAsset *asset, const EventRow *rows, uint32 nrows);
static void add_to_log(EventsAsset *asset, const EventRow *rows, uint32 nrows);
static Timestamp next_time(const EventsAsset *asset, TimestampTz clock);
static Timestamp latest_time(const EventsAsset *asset, Timestamp since, Timestamp horizon);
static EventRow make_row(const EventsAsset *asset, Timestamp time, const ReuseValue *context);
static void require_one(const StoredEvent *event);
static void remove_from_log(EventsAsset *asset, const StoredEvent *events, uint32 count);
static void put_marks(EventsAsset *asset, const StoredEvent *events, uint32 count);
static void remove_from_table(const EventsAsset *asset, const StoredEvent *event);
static NullableDatum last_time_without(const EventsAsset *asset, const StoredEvent *events, uint32 count);

/*
 * events_bind finds and locks the tables for a function that changes events.  Whether the ids of
 * campaigns are uuids is left to the caller: not all need it, and it requires the campaigns' table.
 */
void
events_bind(Oid caller, AppTable *assets, AppTable *history, EventTables *tables)
{
	app_schema_bind(APP_ASSETS, RowExclusiveLock, assets);
	*tables = (EventTables) {
		.assets = assets,
		.history = history_table_bind(assets, RowExclusiveLock, false, history) ? history : NULL,
		.unbound = history,
		.caller = caller
	};
}

/*
 * events_bind_again finds a history table that was created since the tables were bound, for assets whose rows
 * are locked now.
 *
 * The lock on a table keeps it from getting one, but the lock on a view does not keep the table beneath.  What others
 * have stored there would not be found.  From now on nobody else stores events of these assets.
 */
void
events_bind_again(EventTables *tables)
{
	if (tables->history == NULL && tables->assets->relkind == RELKIND_VIEW &&
		history_table_bind(tables->assets, RowExclusiveLock, false, tables->unbound))
		tables->history = tables->unbound;
}

/*
 * events_lock locks an asset's row until the end of the transaction, and reads its latest version.
 *
 * Errors: P0002 no such asset; 22039 or 2203C its document cannot hold a log.
 */
void
events_lock(EventTables *tables, Identifier asset_id, Identifier tenant_id, EventsAsset *asset)
{
	read_row(tables, asset_id, tenant_id, true, asset);
	events_bind_again(tables);
	gather(asset);
}

/*
 * events_read reads the same without a lock, and leaves the log in the document, for readers.
 */
void
events_read(const EventTables *tables, Identifier asset_id, Identifier tenant_id, EventsAsset *asset)
{
	read_row(tables, asset_id, tenant_id, false, asset);
}

/* gather moves the log of a locked asset to the history table, if there is one. */
static void
gather(EventsAsset *asset)
{
	const EventTables *tables = asset->tables;

	if (tables->history == NULL || asset->log.count == 0)
		return;
	/* a log that has only copies is removed from the document, too */
	(void) events_move(tables, &asset->row);
	read_again(asset);
}

/* read_again reads a locked asset's row as it is now. */
static void
read_again(EventsAsset *asset)
{
	read_row(asset->tables, row_identifier(asset, ASSET_ID), row_identifier(asset, ASSET_TENANT_ID), true, asset);
}

/* row_identifier returns an identifier of the asset's row as if a caller had given it. */
static Identifier
row_identifier(const EventsAsset *asset, AssetColumn column)
{
	const AppRow *row = &asset->row;

	if (row->columns[column].type == UUIDOID)
		return (Identifier) {UUIDOID, app_row_value(row, column)};
	return (Identifier) {TEXTOID, PointerGetDatum(app_row_text(row, column))};
}

static void
read_row(const EventTables *tables, Identifier asset_id, Identifier tenant_id, bool lock, EventsAsset *asset)
{
	const AppTable *assets = tables->assets;
	ColumnSet	columns = ROW_COLUMNS;
	PlanRequest query = {
		.sql = read_asset,
		.tables[APP_ASSETS] = assets,
		.plan_options = PLAN_BY_KEY
	};

	if (tables->records_metrics)
		columns |= METRIC_COLUMNS;
	query.columns[APP_ASSETS] = columns;
	identifier_add(&query, "asset_id", asset_id, &assets->columns[ASSET_ID]);
	identifier_add(&query, "tenant_id", tenant_id, &assets->columns[ASSET_TENANT_ID]);
	plan_add_optional(&query, "lock", BOOLOID, BoolGetDatum(true), !lock);
	plan_execute(&query);
	app_read_one(assets, columns, &asset->row);
	asset->tables = tables;
	asset->document = app_row_document(&asset->row);
	asset->rewritten = false;
	read_document(asset);
}

/* read_document finds the log and the marks in the asset's document. */
static void
read_document(EventsAsset *asset)
{
	const JsonbContainer *root = asset->document ? &asset->document->root : NULL;

	log_require(log_find(root, &asset->log));
	log_find_marks(root, &asset->marks);
}

static void
set_document(EventsAsset *asset, Jsonb *document)
{
	asset->document = document;
	asset->rewritten = true;
	read_document(asset);
}

/* row_request begins a request over the history table, for an asset's rows. */
static PlanRequest
row_request(const EventsAsset *asset, const char *sql)
{
	const AppRow *row = &asset->row;
	PlanRequest request = {
		.sql = sql,
		.tables[APP_HISTORY] = asset->tables->history,
		.caller = asset->tables->caller,
		.plan_options = PLAN_BY_KEY,
		.put_piece = history_table_put_piece
	};

	plan_add_value(&request, "asset_id", row->columns[ASSET_ID].type, app_row_value(row, ASSET_ID));
	plan_add_value(&request, "tenant_id", row->columns[ASSET_TENANT_ID].type,
				   app_row_value(row, ASSET_TENANT_ID));
	return request;
}

/* add_time adds a parameter for a time in the history table. */
static void
add_time(PlanRequest *request, const char *name, const EventsAsset *asset, Timestamp time)
{
	/* both timestamp, taken as UTC, and timestamptz hold this number */
	plan_add_value(request, name, asset->tables->history->columns[HISTORY_REUSED_AT].type,
				   TimestampGetDatum(time));
}

/* events_find_id finds an event of the asset by its id, and the number of events with its time. */
bool
events_find_id(const EventsAsset *asset, EventId id, StoredEvent *event)
{
	PlanRequest query;
	bool		found = false;
	uint64		i;

	if (asset->tables->history == NULL)
		return find_in_list(asset, &id, 0, event);
	query = row_request(asset, read_rows_of_time);
	add_time(&query, "reused_at", asset, id.time);
	plan_execute(&query);
	for (i = 0; i < SPI_processed && !found; i++)
	{
		found = DatumGetInt32(plan_result(i, 2, INT4OID)) == id.seq;
		if (found)
			read_stored(i, asset, event);
	}
	event->alike = SPI_processed;
	return found;
}

/*
 * events_find_key finds the asset's event with a key (the earliest, if other software stored several)
 * or, if it was undone, its mark.  An event takes precedence over a mark, which anybody can write.
 */
bool
events_find_key(const EventsAsset *asset, text *key, StoredEvent *event)
{
	ReuseValue	mark;
	uint32		number;

	if (find_row_of_key(asset, key, event))
		return true;
	if (log_search_key(&asset->log, key, &number))
		return find_in_list(asset, NULL, number, event);
	event->undone = log_search_mark(&asset->marks, NULL, key, &mark);
	if (event->undone)
		event_context_place(&mark, asset->tables->uuid_campaigns, &event->place);
	return event->undone;
}

/* find_row_of_key finds the earliest row of a key; false if there is none. */
static bool
find_row_of_key(const EventsAsset *asset, text *key, StoredEvent *event)
{
	PlanRequest query;
	uint64		i;

	if (asset->tables->history == NULL)
		return false;
	query = row_request(asset, read_rows_of_key);
	plan_add_value(&query, "reuse_key", TEXTOID, PointerGetDatum(key));
	plan_execute(&query);
	for (i = 0; i < SPI_processed; i++)
	{
		StoredEvent other;

		read_stored(i, asset, &other);
		if (i == 0 || event_id_compare(other.id, event->id) < 0)
			*event = other;
	}
	return SPI_processed > 0;
}

/*
 * events_find_place finds all events of the asset in a place, given by type and id, oldest first.
 */
StoredEvent *
events_find_place(const EventsAsset *asset, const ReusePlace *place, uint32 *count)
{
	PlanRequest query;
	StoredEvent *events;
	uint32		i;

	if (asset->tables->history == NULL)
		return find_place_in_log(asset, place, count);
	query = row_request(asset, read_rows_of_place);
	plan_add_value(&query, "reused_in_type", TEXTOID, PointerGetDatum(place->type));
	plan_add_value(&query, "reused_in_id", TEXTOID, PointerGetDatum(place->id));
	plan_execute(&query);
	*count = SPI_processed;
	events = alloc_events(*count);
	for (i = 0; i < *count; i++)
	{
		read_stored(i, asset, &events[i]);
		events[i].alike = DatumGetInt64(plan_result(i, 4, INT8OID));
	}
	return events;
}

static StoredEvent *
find_place_in_log(const EventsAsset *asset, const ReusePlace *place, uint32 *count)
{
	StoredEvent *events = alloc_events(asset->log.count);
	LogList		list;
	uint32		first = 0;
	uint32		end = 0;		/* of the events of one time */
	uint32		i;

	log_list_make(&asset->log, NULL, &list);
	*count = 0;
	for (i = 0; i < list.count; i++)
	{
		const LogEvent *e = &list.events[i];
		StoredEvent *event = &events[*count];
		ReuseValue	element;

		CHECK_FOR_INTERRUPTS();
		if (i == end)
		{
			first = i;
			while (end < list.count && list.events[end].time == e->time)
				end++;
		}
		log_get(&asset->log, e->number, &element);
		read_element(&element, asset, event);
		if (!event_place_is(&event->place, place))
			continue;
		event->id = (EventId) {e->time, e->seq};
		event->number = e->number;
		event->alike = end - first;
		(*count)++;
	}
	return events;
}

static StoredEvent *
alloc_events(uint64 count)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(StoredEvent));
}

/* read_stored reads an event of a row of the history table. */
static void
read_stored(uint64 row, const EventsAsset *asset, StoredEvent *event)
{
	ReuseValue	element;

	reuse_value_of_jsonb(DatumGetJsonbP(plan_result(row, 3, JSONBOID)), &element);
	read_element(&element, asset, event);
	event->id = (EventId) {
		DatumGetTimestamp(plan_result(row, 1, TIMESTAMPOID)), DatumGetInt32(plan_result(row, 2, INT4OID))
	};
}

/* find_in_list finds an event of the document by its id or, if that is null, by its number in the log. */
static bool
find_in_list(const EventsAsset *asset, const EventId *id, uint32 number, StoredEvent *event)
{
	LogList		list;
	const LogEvent *found = NULL;
	ReuseValue	element;
	uint32		i;

	log_list_make(&asset->log, NULL, &list);
	for (i = 0; i < list.count && found == NULL; i++)
	{
		const LogEvent *e = &list.events[i];

		if (id != NULL ? e->time == id->time && e->seq == id->seq : e->number == number)
			found = e;
	}
	if (found == NULL)
		return false;
	log_get(&asset->log, found->number, &element);
	read_element(&element, asset, event);
	event->id = (EventId) {found->time, found->seq};
	event->number = found->number;
	event->alike = 0;
	for (i = 0; i < list.count; i++)
		event->alike += list.events[i].time == found->time;
	return true;
}

/* read_element reads what an event says. */
static void
read_element(const ReuseValue *element, const EventsAsset *asset, StoredEvent *event)
{
	event->undone = false;
	if (!reuse_event_context(element, &event->context))
		event->context = (ReuseValue) {.type = JENTRY_ISNULL};
	event_context_place(&event->context, asset->tables->uuid_campaigns, &event->place);
}

/*
 * events_add stores an event at the asset's next time and returns its id as stored, which a trigger
 * on the history table may have changed.
 */
EventId
events_add(EventsAsset *asset, TimestampTz clock, const ReuseValue *context)
{
	Timestamp	time = next_time(asset, clock);

	if (asset->tables->history != NULL)
	{
		EventRow	row = make_row(asset, time, context);

		return events_move_store(asset->tables, &asset->row, &row);
	}
	set_document(asset, log_append(asset->document ? &asset->document->root : NULL,
								   asset->document ? VARSIZE(asset->document) - VARHDRSZ : 0,
								   &asset->log, time, (const JsonbContainer *) context->data, context->len));
	/* no counted event has that time, so its seq is 0 */
	return (EventId) {time, 0};
}

/*
 * events_add_rows stores one or more events, ordered by time.  No other event of the asset may have
 * one of these times.
 */
void
events_add_rows(EventsAsset *asset, const EventRow *rows, uint32 nrows)
{
	if (asset->tables->history != NULL)
		add_to_table(asset, rows, nrows);
	else
		add_to_log(asset, rows, nrows);
}

static void
add_to_table(const EventsAsset *asset, const EventRow *rows, uint32 nrows)
{
	RowBatch	batch = {0};
	uint32		i;

	Assert(nrows <= MAX_BATCH_ROWS);
	for (i = 0; i < nrows; i++)
		events_move_add(&batch, asset->tables, &rows[i]);
	events_move_store_batch(asset->tables, &asset->row, &batch);
}

static void
add_to_log(EventsAsset *asset, const EventRow *rows, uint32 nrows)
{
	ReuseValue *elements = palloc(nrows * sizeof(ReuseValue));
	uint32		i;

	for (i = 0; i < nrows; i++)
		reuse_value_of_jsonb(event_row_element(&rows[i]), &elements[i]);
	set_document(asset, log_splice(asset->document ? &asset->document->root : NULL,
								   asset->document ? VARSIZE(asset->document) - VARHDRSZ : 0,
								   &asset->log, NULL, elements, nrows));
}

/*
 * next_time returns the time of the asset's next event.
 *
 * The latest event is determined by the clock at this point, when the row is locked.  Otherwise
 * calls that have waited might disagree about an event a day ahead.  An event before the clock makes no
 * difference, but for the second in which last_reused_at may be its time, rounded up.  That bound leaves all
 * partitions of the past alone.
 */
static Timestamp
next_time(const EventsAsset *asset, TimestampTz clock)
{
	Timestamp	horizon = reuse_horizon(GetCurrentTimestamp());
	Timestamp	latest = latest_time(asset, clock - USECS_PER_SEC, horizon);
	Timestamp	undone;

	if (log_latest_time(&asset->marks, horizon, &undone))
		latest = Max(latest, undone);
	return reuse_next_time(clock, horizon, latest,
						   asset->row.nulls[ASSET_LAST_REUSED_AT] ? DT_NOBEGIN :
						   DatumGetTimestamp(asset->row.values[ASSET_LAST_REUSED_AT]),
						   app_column_rounds_time(&asset->row.columns[ASSET_LAST_REUSED_AT]));
}

/*
 * latest_time returns the time of the asset's latest event up to the horizon; DT_NOBEGIN for none.  To the caller,
 * events before a time are as good as none.
 */
static Timestamp
latest_time(const EventsAsset *asset, Timestamp since, Timestamp horizon)
{
	Timestamp	latest = DT_NOBEGIN;
	PlanRequest query;

	if (asset->tables->history == NULL)
	{
		(void) log_latest_time(&asset->log, horizon, &latest);
		return latest;
	}
	query = row_request(asset, read_latest);
	add_time(&query, "since", asset, since);
	add_time(&query, "horizon", asset, horizon);
	plan_execute(&query);
	if (SPI_processed > 0)
		latest = DatumGetTimestamp(plan_result(0, 1, TIMESTAMPOID));
	return latest;
}

/* make_row makes the row of an event, as its element in a document would become. */
static EventRow
make_row(const EventsAsset *asset, Timestamp time, const ReuseValue *context)
{
	JsonbWriter w;
	ReuseValue	element;
	EventRow	row;

	jsonb_writer_init(&w, CurrentMemoryContext, (Size) context->len + REUSE_EVENT_OVERHEAD);
	log_put_event(&w, time, context);
	reuse_value_of_jsonb(jsonb_writer_finish(&w), &element);
	event_row_of(&element, time, 0, asset->tables->uuid_campaigns, &row);
	return row;
}

/*
 * events_remove removes events that were found by id or place, oldest first, leaves marks of them
 * in the document, and returns the new last_reused_at.  It removes all at once, because each removal
 * copies the document.
 *
 * Errors: 21000 an event cannot be identified; 27000 a row was not removed.
 */
NullableDatum
events_remove(EventsAsset *asset, const StoredEvent *events, uint32 count)
{
	NullableDatum last;
	uint32		i;

	for (i = 0; i < count; i++)
		require_one(&events[i]);
	if (asset->tables->history == NULL)
		remove_from_log(asset, events, count);
	else
	{
		for (i = 0; i < count; i++)
			remove_from_table(asset, &events[i]);
		/* triggers of the table may have written to the document */
		read_again(asset);
	}
	put_marks(asset, events, count);
	last = last_time_without(asset, events, count);
	asset->row.values[ASSET_LAST_REUSED_AT] = last.value;
	asset->row.nulls[ASSET_LAST_REUSED_AT] = last.isnull;
	return last;
}

/* require_one raises 21000 for an event that cannot be identified. */
static void
require_one(const StoredEvent *event)
{
	if (event->id.time != DT_NOBEGIN && event->alike <= 1)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("reuse event cannot be identified"),
			 event->id.time == DT_NOBEGIN ?
			 errdetail("The event has no usable timestamp.") :
			 errdetail("The asset has %u events at that time.", event->alike)));
}

static void
remove_from_log(EventsAsset *asset, const StoredEvent *events, uint32 count)
{
	bool	   *removed = palloc0(asset->log.count * sizeof(bool));
	uint32		i;

	for (i = 0; i < count; i++)
		removed[events[i].number] = true;
	set_document(asset, log_splice(&asset->document->root, VARSIZE(asset->document) - VARHDRSZ,
								   &asset->log, removed, NULL, 0));
}

/* put_marks adds marks of events, and keeps the newest ones. */
static void
put_marks(EventsAsset *asset, const StoredEvent *events, uint32 count)
{
	uint32		first = count > MAX_MARKS ? count - MAX_MARKS : 0;
	EventId    *ids = palloc((count - first) * sizeof(EventId));
	ReusePlace *places = palloc((count - first) * sizeof(ReusePlace));
	uint32		i;

	for (i = first; i < count; i++)
	{
		ids[i - first] = events[i].id;
		places[i - first] = events[i].place;
	}
	set_document(asset, log_put_marks(asset->document ? &asset->document->root : NULL,
									  asset->document ? VARSIZE(asset->document) - VARHDRSZ : 0,
									  ids, places, count - first, reuse_horizon(GetCurrentTimestamp())));
}

static void
remove_from_table(const EventsAsset *asset, const StoredEvent *event)
{
	PlanRequest remove = row_request(asset, remove_row);

	add_time(&remove, "reused_at", asset, event->id.time);
	plan_add_value(&remove, "seq", INT4OID, Int32GetDatum(event->id.seq));
	plan_execute(&remove);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not remove the event from the history table"),
				 errdetail("The delete from table \"%s\" was suppressed.", asset->tables->history->name),
				 errhint("Check the table's triggers and rules.")));
}

/*
 * last_time_without returns the new last_reused_at after events were removed: the latest remaining
 * time if the latest event was one of them, otherwise the old value.
 */
static NullableDatum
last_time_without(const EventsAsset *asset, const StoredEvent *events, uint32 count)
{
	const AppRow *row = &asset->row;
	NullableDatum last = {row->values[ASSET_LAST_REUSED_AT], row->nulls[ASSET_LAST_REUSED_AT]};
	Timestamp	horizon = reuse_horizon(GetCurrentTimestamp());
	Timestamp	latest = latest_time(asset, DT_NOBEGIN, horizon);
	Timestamp	known = last.isnull ? DT_NOBEGIN : DatumGetTimestamp(last.value);
	Timestamp	removed;

	/* the latest of them that is not disregarded */
	while (count > 0 && events[count - 1].id.time > horizon)
		count--;
	if (count == 0)
		return last;
	removed = events[count - 1].id.time;
	if (removed < latest)
		return last;
	if (known > removed && known <= horizon &&
		!(app_column_rounds_time(&row->columns[ASSET_LAST_REUSED_AT]) &&
		  reuse_time_is_rounded(known, removed)))
		return last;
	return (NullableDatum) {TimestampGetDatum(latest), latest == DT_NOBEGIN};
}

/*
 * events_count adds to the asset's counter, sets last_reused_at, updated_at and, if it was rewritten,
 * the document, and reads the updated asset.  The counter does not fall below 0.
 *
 * Error 27000 if the row was not updated.
 */
void
events_count(const EventsAsset *asset, int delta, NullableDatum last_reused_at, TimestampTz clock,
			 AppRow *after)
{
	const AppTable *assets = asset->tables->assets;
	const AppRow *row = &asset->row;
	PlanRequest update = {
		.sql = count_events,
		.tables[APP_ASSETS] = assets,
		.columns[APP_ASSETS] = TRACK_COLUMNS,
		.plan_options = PLAN_BY_KEY
	};

	plan_add_value(&update, "asset_id", row->columns[ASSET_ID].type, app_row_value(row, ASSET_ID));
	plan_add_value(&update, "tenant_id", row->columns[ASSET_TENANT_ID].type,
				   app_row_value(row, ASSET_TENANT_ID));
	plan_add_value(&update, "delta", INT4OID, Int32GetDatum(delta));
	plan_add_nullable(&update, "last_reused_at", row->columns[ASSET_LAST_REUSED_AT].type,
					  last_reused_at.value, last_reused_at.isnull);
	/* a removal can make it earlier */
	plan_add_optional(&update, "horizon", row->columns[ASSET_LAST_REUSED_AT].type,
					  TimestampGetDatum(reuse_horizon(GetCurrentTimestamp())), delta < 0);
	plan_add_optional(&update, "document", JSONBOID, PointerGetDatum(asset->document), !asset->rewritten);
	if (row->columns[ASSET_UPDATED_AT].present)
		plan_add_value(&update, "updated_at", row->columns[ASSET_UPDATED_AT].type,
					   TimestampTzGetDatum(clock));
	plan_execute(&update);
	if (SPI_processed == 0)
		app_report_suppressed(assets);
	app_read_one(assets, TRACK_COLUMNS, after);
}
