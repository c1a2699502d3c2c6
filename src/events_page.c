/*-------------------------------------------------------------------------
 *
 * events_page.c
 *	  A page of an asset's events, from both places.
 *
 * Events are stored in the asset's document, in rows of the history table, or, while they are
 * being moved, in both.  One statement reads the asset and those of its rows that the page can
 * need, newest first, each as an element of a document.  Its cost depends on the page and the
 * document's log, not on the number of rows.
 *
 * Results live until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "events_page.h"
#include "log_list.h"
#include "plan_cache.h"
#include "table_bind.h"
#include "time_sort.h"

/*
 * Which events before the page are the document's is only known after merging both places, but they are no more
 * than it has.  The rest are rows, and are skipped here.
 */
static const char read_asset_and_rows[] =
	"SELECT {columns:a}, stored.times, stored.seqs, stored.elements,"
	"  page.times, page.seqs, page.elements,"
	"  {if cursor_time}CAST(0 AS pg_catalog.int8){else}(SELECT pg_catalog.count(*) FROM ("
	"   SELECT FROM {history} AS h WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id"
	"   ORDER BY h.reused_at, h.seq) AS h){end}"
	" FROM {assets} AS a"
	" CROSS JOIN LATERAL ({stored}) AS stored"
	" CROSS JOIN LATERAL ("
	"  SELECT pg_catalog.array_agg(r.reused_at) AS times, pg_catalog.array_agg(r.seq) AS seqs,"
	"   pg_catalog.array_agg(r.element) AS elements"
	"  FROM (SELECT {utc:h.reused_at} AS reused_at, h.seq, {element:h} AS element"
	"   FROM (SELECT h.* FROM {history} AS h"
	"    WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id"
	"    {if cursor_time} AND (h.reused_at, h.seq) {<} ($cursor_time, $cursor_seq){end}"
	"    ORDER BY h.reused_at DESC, h.seq DESC"
	"    LIMIT $limit {+} LEAST($offset, COALESCE({fn:log_count}({doc:a}), 0))"
	"    OFFSET GREATEST($offset {-} COALESCE({fn:log_count}({doc:a}), 0), 0)) AS h) AS r) AS page"
	" WHERE a.id {=} $asset_id AND {live:a}";

/* A walk through the events of both places, newest first */
typedef struct HistoryWalk
{
	LogList		list;			/* the document's, oldest first */
	uint32		left;			/* of them */
	LogRows		rows;			/* newest first */
	uint32		next_row;
	bool		uuid_campaigns;
} HistoryWalk;

static int64 read_asset(const HistoryRequest *request, const AppTable *assets,
						const AppTable *history, Oid caller, AppRow *asset, LogRows *stored,
						LogRows *rows);
static void read_rows(int column, LogRows *rows);
static void find_log(const AppRow *asset, ReuseLog *log);
static void skip_to_cursor(const HistoryRequest *request, HistoryWalk *walk);
static bool walk_next(HistoryWalk *walk, HistoryEvent *event);
static bool walk_step(HistoryWalk *walk, EventId *id, ReuseValue *element);
static bool is_before(const LogEvent *event, Timestamp time, int32 seq);
static void read_event(const ReuseValue *element, bool uuid_campaigns, HistoryEvent *event);

/*
 * events_page_pick reads the asset and picks the page's events; history is null if there is
 * none.
 *
 * Errors: P0002 no such asset; 22039 or 2203C its document cannot hold a log.
 */
void
events_page_pick(const HistoryRequest *request, const AppTable *assets, const AppTable *history,
				 bool uuid_campaigns, Oid caller, HistoryPage *page)
{
	HistoryWalk walk = {.uuid_campaigns = uuid_campaigns};
	LogRows		stored = {0};
	ReuseLog	log;
	int64		nrows = 0;
	int64		skip;
	EventId		id;
	ReuseValue	element;

	if (history != NULL)
		nrows = read_asset(request, assets, history, caller, &page->asset, &stored, &walk.rows);
	else
		app_lookup(assets, HISTORY_COLUMNS, request->asset_id, request->tenant_id, true, &page->asset);
	find_log(&page->asset, &log);
	log_list_make(&log, &stored, &walk.list);
	walk.left = walk.list.count;
	page->total = walk.list.count + nrows;

	if (request->by_cursor)
		skip_to_cursor(request, &walk);
	/* the statement has skipped the rest */
	skip = Min((int64) request->offset, log.count);
	if (walk.rows.count == 0)
	{
		walk.left -= Min(skip, walk.left);
		skip = 0;
	}
	while (skip > 0 && walk_step(&walk, &id, &element))
		skip--;

	page->events = palloc(request->limit * sizeof(HistoryEvent));
	page->nevents = 0;
	while (page->nevents < request->limit && walk_next(&walk, &page->events[page->nevents]))
		page->nevents++;
	page->has_more = walk.left > 0 || walk.next_row < walk.rows.count;
}

/*
 * read_asset reads the asset, its rows that have times of the document, and those that the page
 * can need plus one more.  It returns the number of all its rows, 0 with a cursor.
 */
static int64
read_asset(const HistoryRequest *request, const AppTable *assets, const AppTable *history,
		   Oid caller, AppRow *asset, LogRows *stored, LogRows *rows)
{
	Oid			time_type = history->columns[HISTORY_REUSED_AT].type;
	int			first;
	PlanRequest query = {
		.sql = read_asset_and_rows,
		.tables = {[APP_ASSETS] = assets, [APP_HISTORY] = history},
		.columns[APP_ASSETS] = HISTORY_COLUMNS,
		.caller = caller,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.put_piece = history_table_put_piece
	};

	identifier_add(&query, "asset_id", request->asset_id, &assets->columns[ASSET_ID]);
	identifier_add(&query, "tenant_id", request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	plan_add_value(&query, "limit", INT8OID, Int64GetDatum((int64) request->limit + 1));
	plan_add_value(&query, "offset", INT8OID, Int64GetDatum(request->offset));
	/* a timestamp is the timestamptz in UTC */
	plan_add_optional(&query, "cursor_time", time_type, TimestampGetDatum(request->cursor.time),
					  !request->by_cursor);
	plan_add_nullable(&query, "cursor_seq", INT4OID, Int32GetDatum(request->cursor.seq),
					  !request->by_cursor);
	plan_execute(&query);
	if (SPI_processed == 0)
		app_report_not_found(APP_ASSETS);
	app_row_check(assets, HISTORY_COLUMNS, 0, plan_result_desc());
	first = app_row_read(assets, HISTORY_COLUMNS, 0, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, asset);
	read_rows(first + 1, stored);
	time_sort(stored->rows, stored->count, sizeof(LogRow));
	read_rows(first + 4, rows);
	return DatumGetInt64(plan_result(0, first + 7, INT8OID));
}

/* read_rows reads rows from three columns with arrays, which are null for no rows. */
static void
read_rows(int column, LogRows *rows)
{
	static const Oid types[] = {TIMESTAMPARRAYOID, INT4ARRAYOID, JSONBARRAYOID};
	ArrayType  *arrays[lengthof(types)];
	Size		i;

	rows->count = 0;
	for (i = 0; i < lengthof(types); i++)
	{
		if (plan_result_is_null(0, column + i, types[i]))
			return;
		arrays[i] = DatumGetArrayTypeP(plan_result(0, column + i, types[i]));
	}
	log_rows_read(arrays[0], arrays[1], arrays[2], rows);
}

/* find_log finds the log in the asset's document. */
static void
find_log(const AppRow *asset, ReuseLog *log)
{
	const Jsonb *document = app_row_document(asset);

	log_require(log_find(document ? &document->root : NULL, log));
}

/* skip_to_cursor skips the document's events up to the cursor. */
static void
skip_to_cursor(const HistoryRequest *request, HistoryWalk *walk)
{
	uint32		low = 0;

	while (low < walk->left)
	{
		uint32		middle = low + (walk->left - low) / 2;

		if (is_before(&walk->list.events[middle], request->cursor.time, request->cursor.seq))
			low = middle + 1;
		else
			walk->left = middle;
	}
}

/* walk_next steps to the next event and reads it; false at the end. */
static bool
walk_next(HistoryWalk *walk, HistoryEvent *event)
{
	ReuseValue	element;

	if (!walk_step(walk, &event->id, &element))
		return false;
	read_event(&element, walk->uuid_campaigns, event);
	return true;
}

/* walk_step steps to the next event; false at the end. */
static bool
walk_step(HistoryWalk *walk, EventId *id, ReuseValue *element)
{
	const LogRow *row = walk->next_row < walk->rows.count ? &walk->rows.rows[walk->next_row] : NULL;
	const LogEvent *logged = walk->left > 0 ? &walk->list.events[walk->left - 1] : NULL;

	CHECK_FOR_INTERRUPTS();
	if (logged != NULL && (row == NULL || !is_before(logged, row->time, row->seq)))
	{
		walk->left--;
		*id = (EventId) {logged->time, logged->seq};
		log_list_element(&walk->list, walk->left, element);
	}
	else if (row != NULL)
	{
		walk->next_row++;
		*id = (EventId) {row->time, row->seq};
		reuse_value_of_jsonb(row->element, element);
	}
	else
		return false;
	return true;
}

/* is_before: is a document's event older than that place in the history? */
static bool
is_before(const LogEvent *event, Timestamp time, int32 seq)
{
	return event->time < time || (event->time == time && event->seq < seq);
}

/* read_event reads what an event says. */
static void
read_event(const ReuseValue *element, bool uuid_campaigns, HistoryEvent *event)
{
	if (!reuse_event_context(element, &event->context))
		event->context = (ReuseValue) {.type = JENTRY_ISNULL};
	event_context_place(&event->context, uuid_campaigns, &event->place);
	event->campaign = NULL;
}
