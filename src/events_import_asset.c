/*-------------------------------------------------------------------------
 *
 * events_import_asset.c
 *	  Storing one asset's imported events beside those that it already has.
 *
 * An event whose key exists, or was undone, is not stored again.  The others keep their times,
 * except that a time that is taken moves on by microseconds until it is free.
 *
 * In a document, one walk over the log finds the keys and the times.  In the history table, one
 * statement does: it reads the rows with these keys, and the rows in windows of time that begin
 * at the events' times.  A window is as long as all the events could reach if nothing were in
 * their way.  If they reach further, the statement is run again with longer windows.
 *
 * All memory lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "events_import.h"
#include "plan_cache.h"
#include "table_bind.h"
#include "text_map.h"
#include "time_sort.h"

/* The factor by which windows get longer */
#define WINDOW_GROWTH		16

/*
 * The latest row, those in the windows, and those with the keys.  The first two request the order of
 * the primary key, as in events_move.c; OFFSET 0 makes each key a look-up.
 */
static const char read_rows[] =
	"SELECT e.* FROM ("
	" (SELECT {utc:h.reused_at} AS reused_at, h.seq, h.reuse_key, h.reused_in_type, h.reused_in_id"
	"  FROM {history} AS h"
	"  WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND h.reused_at {<=} $horizon"
	"  ORDER BY h.reused_at DESC, h.seq DESC LIMIT 1)"
	" UNION ALL SELECT r.*"
	"  FROM ROWS FROM (pg_catalog.unnest($starts), pg_catalog.unnest($ends)) AS w (start, stop), LATERAL ("
	"   SELECT {utc:h.reused_at}, h.seq, h.reuse_key, h.reused_in_type, h.reused_in_id"
	"   FROM {history} AS h"
	"   WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id"
	"    AND h.reused_at {>=} w.start AND h.reused_at {<} w.stop"
	"   ORDER BY h.reused_at, h.seq) AS r"
	" UNION ALL SELECT r.*"
	"  FROM pg_catalog.unnest($keys) AS k (reuse_key), LATERAL ("
	"   SELECT {utc:h.reused_at}, h.seq, h.reuse_key, h.reused_in_type, h.reused_in_id"
	"   FROM {history} AS h"
	"   WHERE h.tenant_id {=} $tenant_id AND h.asset_id {=} $asset_id AND h.reuse_key {=} k.reuse_key"
	"   OFFSET 0) AS r"
	") AS e ORDER BY e.reused_at, e.seq";

/* What is known of a key */
typedef struct StoredKey
{
	text	   *key;
	bool		known;			/* it has a place */
	bool		stored;			/* in the asset, and not just earlier in the call */
	Timestamp	time;			/* of the earliest event that has it */
	ReusePlace	place;
} StoredKey;

/* An event and its time, as given and as it will be stored */
typedef struct ImportTime
{
	Timestamp	time;			/* first, for time_sort */
	Timestamp	chosen;
	ImportEvent *event;
} ImportTime;

/* Times that are taken, ascending, and the current position in them */
typedef struct TakenTimes
{
	uint64		count;
	uint64		next;
	Timestamp  *times;
} TakenTimes;

/* Ranges of time to search, start <= time < end; each window ends before the next one */
typedef struct TimeWindow
{
	Timestamp	start;
	Timestamp	end;
} TimeWindow;

typedef struct AssetImport
{
	EventsImport *import;
	EventsAsset asset;
	int			first;			/* of its events */
	Timestamp	horizon;

	text_map_hash *numbers;		/* of the keys */
	StoredKey  *keys;

	uint32		count;			/* of its events */
	ImportTime *times;			/* of all of them, ascending */
	uint32		nwindows;
	TimeWindow *windows;

	/* what the asset has */
	Timestamp	latest;			/* of its events up to the horizon; DT_NOBEGIN: none */
	TakenTimes	document;
	TakenTimes	table;
} AssetImport;

static void read_events(AssetImport *a);
static void read_document(AssetImport *a);
static void read_marks(AssetImport *a);
static void note_context(AssetImport *a, Timestamp time, const ReuseValue *context);
static StoredKey *find_key(const AssetImport *a, TextBytes key);
static void read_table(AssetImport *a, int64 width, bool with_keys);
static void note_row(AssetImport *a, uint64 row);
static void make_windows(AssetImport *a, int64 width);
static Datum window_array(const AssetImport *a, bool ends, Oid type);
static Datum key_array(const AssetImport *a);
static void compare_keys(AssetImport *a);
static bool is_same_place(const ImportEvent *event, const ReusePlace *stored);
static bool choose_times(AssetImport *a);
static bool is_taken(TakenTimes *taken, Timestamp time);
static void store_new(AssetImport *a);
static NullableDatum last_time(const AssetImport *a, Timestamp stored);

/*
 * events_import_asset stores the new ones of an asset's events, and notes the result in each.
 *
 * The caller is connected to SPI and has locked the asset's row, unless it is a dry run.
 */
void
events_import_asset(EventsImport *import, Identifier asset_id, int first)
{
	AssetImport a = {
		.import = import,
		.first = first,
		.latest = DT_NOBEGIN,
		.horizon = reuse_horizon(GetCurrentTimestamp())
	};
	int64		width;

	if (import->dry_run)
		events_read(import->tables, asset_id, import->tenant_id, &a.asset);
	else
		events_lock(import->tables, asset_id, import->tenant_id, &a.asset);
	read_events(&a);
	width = a.count;
	if (import->tables->history != NULL)
		read_table(&a, width, true);
	read_document(&a);
	read_marks(&a);
	time_sort(a.document.times, a.document.count, sizeof(Timestamp));
	compare_keys(&a);
	while (!choose_times(&a))
	{
		width *= WINDOW_GROWTH;
		read_table(&a, width, false);
	}
	if (!import->dry_run)
		store_new(&a);
}

/* read_events numbers the keys of the asset's events, and sorts their times. */
static void
read_events(AssetImport *a)
{
	ImportEvent *events = a->import->events;
	int			i;
	uint32		n = 0;

	for (i = a->first; i >= 0; i = events[i].next)
		a->count++;
	a->numbers = text_map_create(CurrentMemoryContext, a->count, NULL);
	a->keys = palloc0(a->count * sizeof(StoredKey));
	a->times = palloc(a->count * sizeof(ImportTime));
	for (i = a->first; i >= 0; i = events[i].next)
	{
		ImportEvent *event = &events[i];

		event->key = text_map_number(a->numbers, event->place.key);
		a->keys[event->key].key = event->place.key;
		a->times[n++] = (ImportTime) {.time = event->time, .event = event};
	}
	time_sort(a->times, a->count, sizeof(ImportTime));
}

/* read_document notes the keys and times of the log in the document. */
static void
read_document(AssetImport *a)
{
	const ReuseLog *log = &a->asset.log;
	ReuseLogWalk walk;
	ReuseValue	event;
	ReuseValue	context;

	a->document.times = MemoryContextAllocHuge(CurrentMemoryContext,
											   ((Size) log->count + a->asset.marks.count + 1) * sizeof(Timestamp));
	log_walk(&walk, log);
	while (log_next(&walk, &event))
	{
		Timestamp	time;

		if (reuse_event_time(&event, &time))
		{
			a->document.times[a->document.count++] = time;
			if (time <= a->horizon)
				a->latest = Max(a->latest, time);
		}
		else
			time = DT_NOBEGIN;
		if (reuse_event_context(&event, &context))
			note_context(a, time, &context);
	}
}

/* read_marks notes the keys and times of undone events; the newest mark of a key counts. */
static void
read_marks(AssetImport *a)
{
	uint32		i;

	for (i = a->asset.marks.count; i-- > 0;)
	{
		ReuseValue	mark;

		CHECK_FOR_INTERRUPTS();
		log_get(&a->asset.marks, i, &mark);
		a->document.count += reuse_event_time(&mark, &a->document.times[a->document.count]);
		note_context(a, DT_NOEND, &mark);
	}
}

/* note_context notes the key and the place of a context, or of a mark, unless an earlier one has the key. */
static void
note_context(AssetImport *a, Timestamp time, const ReuseValue *context)
{
	ReuseValue	key;
	StoredKey  *stored;

	if (!event_context_key(context, &key))
		return;
	stored = find_key(a, (TextBytes) {key.data, key.len});
	if (stored == NULL || (stored->known && stored->time <= time))
		return;
	stored->known = stored->stored = true;
	stored->time = time;
	event_context_place(context, a->asset.tables->uuid_campaigns, &stored->place);
}

/* find_key finds the entry of a key; null if none of the events has it. */
static StoredKey *
find_key(const AssetImport *a, TextBytes key)
{
	const TextEntry *entry = text_map_lookup(a->numbers, key);

	return entry != NULL ? &a->keys[entry->number] : NULL;
}

/* read_table notes the keys, if wanted, and the times in windows of at least the given length. */
static void
read_table(AssetImport *a, int64 width, bool with_keys)
{
	const AppRow *row = &a->asset.row;
	const AppTable *history = a->asset.tables->history;
	Oid			time_type = history->columns[HISTORY_REUSED_AT].type;
	PlanRequest query = {
		.sql = read_rows,
		.tables[APP_HISTORY] = history,
		.caller = a->asset.tables->caller,
		.plan_options = PLAN_BY_KEY
	};
	uint64		i;

	make_windows(a, width);
	plan_add_value(&query, "asset_id", row->columns[ASSET_ID].type, app_row_value(row, ASSET_ID));
	plan_add_value(&query, "tenant_id", row->columns[ASSET_TENANT_ID].type, app_row_value(row, ASSET_TENANT_ID));
	/* both timestamp, taken as UTC, and timestamptz hold this number */
	plan_add_value(&query, "horizon", time_type, TimestampGetDatum(a->horizon));
	plan_add_value(&query, "starts", get_array_type(time_type), window_array(a, false, time_type));
	plan_add_value(&query, "ends", get_array_type(time_type), window_array(a, true, time_type));
	plan_add_nullable(&query, "keys", TEXTARRAYOID, with_keys ? key_array(a) : (Datum) 0, !with_keys);
	plan_execute(&query);

	a->table = (TakenTimes) {
		.count = SPI_processed,
		.times = MemoryContextAllocHuge(CurrentMemoryContext, Max(SPI_processed, 1) * sizeof(Timestamp))
	};
	for (i = 0; i < SPI_processed; i++)
	{
		Timestamp	time = DatumGetTimestamp(plan_result(i, 1, TIMESTAMPOID));

		CHECK_FOR_INTERRUPTS();
		a->table.times[i] = time;
		if (time <= a->horizon)
			a->latest = Max(a->latest, time);
		if (with_keys && !plan_result_is_null(i, 3, TEXTOID))
			note_row(a, i);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* note_row notes the key and the place of a row; the oldest one of a key counts. */
static void
note_row(AssetImport *a, uint64 row)
{
	text	   *key = DatumGetTextPP(plan_result(row, 3, TEXTOID));
	StoredKey  *stored = find_key(a, text_bytes(key));

	if (stored == NULL || stored->known)
		return;
	stored->known = stored->stored = true;
	stored->time = DatumGetTimestamp(plan_result(row, 1, TIMESTAMPOID));
	if (!plan_result_is_null(row, 4, TEXTOID))
		stored->place.type = DatumGetTextPCopy(plan_result(row, 4, TEXTOID));
	if (!plan_result_is_null(row, 5, TEXTOID))
		stored->place.id = DatumGetTextPCopy(plan_result(row, 5, TEXTOID));
}

/* make_windows makes a window of the given length from each event's time, and merges those that meet. */
static void
make_windows(AssetImport *a, int64 width)
{
	uint32		i;

	a->nwindows = 0;
	if (a->windows == NULL)
		a->windows = palloc(a->count * sizeof(TimeWindow));
	for (i = 0; i < a->count; i++)
	{
		Timestamp	time = a->times[i].time;

		if (a->nwindows == 0 || time > a->windows[a->nwindows - 1].end)
			a->windows[a->nwindows++].start = time;
		a->windows[a->nwindows - 1].end = time + width;
	}
}

/* window_array returns where the windows start or end, as an array. */
static Datum
window_array(const AssetImport *a, bool ends, Oid type)
{
	ArrayBuildState *array = initArrayResult(type, CurrentMemoryContext, false);
	uint32		i;

	for (i = 0; i < a->nwindows; i++)
		array = accumArrayResult(array, TimestampGetDatum(ends ? a->windows[i].end : a->windows[i].start),
								 false, type, CurrentMemoryContext);
	return makeArrayResult(array, CurrentMemoryContext);
}

/* key_array returns the keys as an array. */
static Datum
key_array(const AssetImport *a)
{
	ArrayBuildState *array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	uint32		i;

	for (i = 0; i < a->numbers->members; i++)
		array = accumArrayResult(array, PointerGetDatum(a->keys[i].key), false, TEXTOID, CurrentMemoryContext);
	return makeArrayResult(array, CurrentMemoryContext);
}

/* compare_keys finds the events that exist already, in the asset or earlier in the call. */
static void
compare_keys(AssetImport *a)
{
	ImportEvent *events = a->import->events;
	MemoryContext old = MemoryContextSwitchTo(a->import->memory);
	int			i;

	for (i = a->first; i >= 0; i = events[i].next)
	{
		ImportEvent *event = &events[i];
		StoredKey  *stored = &a->keys[event->key];

		if (!stored->known)
		{
			stored->known = true;
			stored->place = event->place;
		}
		else if (is_same_place(event, &stored->place))
			event->state = stored->stored ? IMPORT_REPLAYED : IMPORT_REPEATED;
		else
			import_event_fail(event, ERRCODE_UNIQUE_VIOLATION, "reuse key was used for another place");
	}
	MemoryContextSwitchTo(old);
}

/* is_same_place: is an event's place the stored one?  The campaign, whose row has the id's spelling, may be gone. */
static bool
is_same_place(const ImportEvent *event, const ReusePlace *stored)
{
	ReusePlace	place = event->place;

	if (event_place_is(&place, stored))
		return true;
	place.id = event->campaign_id;
	return place.id != NULL && event_place_is(&place, stored);
}

/*
 * choose_times chooses the times of the new events, in ascending order; false if one is beyond the
 * window that was read from the table.
 */
static bool
choose_times(AssetImport *a)
{
	Timestamp	free_from = DT_NOBEGIN;
	uint32		window = 0;
	uint32		i;

	a->document.next = a->table.next = 0;
	for (i = 0; i < a->count; i++)
	{
		ImportTime *time = &a->times[i];

		if (time->event->state != IMPORT_NEW)
			continue;
		time->chosen = Max(time->time, free_from);
		while (is_taken(&a->document, time->chosen) || is_taken(&a->table, time->chosen))
			time->chosen++;
		free_from = time->chosen + 1;
		while (window < a->nwindows && a->windows[window].end <= time->chosen)
			window++;
		if (a->nwindows > 0 && (window == a->nwindows || time->chosen < a->windows[window].start))
			return false;
	}
	return true;
}

/* is_taken: is a time taken?  It must not be earlier than in the previous call. */
static bool
is_taken(TakenTimes *taken, Timestamp time)
{
	CHECK_FOR_INTERRUPTS();
	while (taken->next < taken->count && taken->times[taken->next] < time)
		taken->next++;
	return taken->next < taken->count && taken->times[taken->next] == time;
}

/* store_new stores the events that are new, and counts them. */
static void
store_new(AssetImport *a)
{
	EventRow   *rows = palloc(a->count * sizeof(EventRow));
	uint32		nrows = 0;
	AppRow		after;
	uint32		i;

	for (i = 0; i < a->count; i++)
	{
		const ImportEvent *event = a->times[i].event;
		ReuseValue	context;

		if (event->state != IMPORT_NEW)
			continue;
		rows[nrows] = (EventRow) {.time = a->times[i].chosen, .place = event->place};
		if (event->context != NULL)
		{
			reuse_value_of_jsonb(event->context, &context);
			rows[nrows].context = event_context_others(&context);
		}
		nrows++;
	}
	if (nrows == 0)
		return;
	events_add_rows(&a->asset, rows, nrows);
	events_count(&a->asset, nrows, last_time(a, rows[nrows - 1].time), a->import->clock, &after);
}

/*
 * last_time returns the new last_reused_at: the greatest of the old one and the times of all events,
 * old and new.  Times beyond the horizon are disregarded.
 */
static NullableDatum
last_time(const AssetImport *a, Timestamp stored)
{
	const AppRow *row = &a->asset.row;
	Timestamp	last = Max(stored, a->latest);

	if (!row->nulls[ASSET_LAST_REUSED_AT] &&
		DatumGetTimestamp(row->values[ASSET_LAST_REUSED_AT]) <= a->horizon)
		last = Max(last, DatumGetTimestamp(row->values[ASSET_LAST_REUSED_AT]));
	return (NullableDatum) {TimestampGetDatum(last), false};
}
