/*-------------------------------------------------------------------------
 *
 * history_page.c
 *	  A page of an asset's events, from the two places where they live.
 *
 * Events live in the asset's document or, where there is a history table, in its
 * rows; the document can hold some even then, which have no form as a row.  Both
 * places are read newest first and merged as far as the page goes, so that it
 * costs what the page and the document's log do, however many rows there are.
 *
 * No two rows of an asset have the same time, but events of a document can, and
 * share it with a row.  Such events are a group, as those without a time are: a
 * cursor, being a time, cannot point into a group.
 *
 * What is picked lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "event_context.h"
#include "history_page.h"
#include "plan_cache.h"
#include "reuse_timeline.h"

/* What is read of a row */
#define ROW_COLUMNS		(COLUMN_BIT(HISTORY_CONTEXT) | COLUMN_BIT(HISTORY_REUSED_AT))

/* The statement for rows has a variant for pages by cursor */
#define SHAPE_BY_CURSOR		0x1

/* The most parameters that a statement here has */
#define MAX_PARAMS			5

/* The rows of the history table from some place on */
typedef struct HistoryRows
{
	int64		first;			/* how many newer ones were left out */
	int64		count;
	bool		reach_end;		/* no older ones were left out */
	AppRow	   *rows;
} HistoryRows;

/* A walk through the events of both places, newest first */
typedef struct HistoryWalk
{
	ReuseTimeline timeline;		/* the document's */
	uint32		next_logged;	/* place in it */
	HistoryRows rows;
	int64		next_row;
} HistoryWalk;

static const ReuseValue no_context = {.type = JENTRY_ISNULL};

static void read_rows(const HistoryRequest *request, const AppTable *history, int64 first,
					  int64 limit, HistoryRows *rows);
static int	bind_asset(const HistoryRequest *request, const AppTable *history, Datum *values);
static void build_rows_query(PlanText *text, const PlanRequest *request);
static int64 count_rows(const HistoryRequest *request, const AppTable *history,
						const HistoryRows *rows);
static void build_count_query(PlanText *text, const PlanRequest *request);
static void append_asset_match(PlanText *text, const AppTable *history);
static void walk_skip(HistoryWalk *walk, int64 nevents);
static bool walk_next(HistoryWalk *walk, HistoryEvent *event);
static bool next_is_logged(const HistoryWalk *walk, ReuseEvent *event);
static void read_logged(const ReuseEvent *logged, HistoryEvent *event);
static void read_row(const AppRow *row, HistoryEvent *event);
static Timestamp row_time(const AppRow *row);
static void take_events(const HistoryRequest *request, HistoryWalk *walk, HistoryPage *page);
static void end_between_groups(HistoryWalk *walk, HistoryPage *page, int64 room);
static bool same_group(const HistoryEvent *a, const HistoryEvent *b);

/*
 * history_page_pick picks the page's events from the asset's log and its rows of
 * the history table; null if there is none.
 */
void
history_page_pick(const HistoryRequest *request, const ReuseLog *log, const AppTable *history,
				  HistoryPage *page)
{
	HistoryWalk walk = {0};
	int64		nlogged;		/* in the document, of those that are asked for */
	int64		skip;			/* events before the page, but for rows that surely are */

	reuse_timeline_begin(&walk.timeline, log);
	if (request->by_cursor)
		walk.next_logged = reuse_timeline_find(&walk.timeline, request->before);
	nlogged = log->count - walk.next_logged;
	skip = Min(request->offset, nlogged);
	if (history != NULL)
		read_rows(request, history, request->offset - skip, skip + request->limit + 1,
				  &walk.rows);
	walk_skip(&walk, skip);
	take_events(request, &walk, page);

	if (!request->by_cursor)
		page->total = log->count + (history ? count_rows(request, history, &walk.rows) : 0);
}

/* read_rows reads so many rows after so many newer ones. */
static void
read_rows(const HistoryRequest *request, const AppTable *history, int64 first, int64 limit,
		  HistoryRows *rows)
{
	PlanRequest query = {
		.query = PLAN_HISTORY_ROWS,
		.shape = request->by_cursor ? SHAPE_BY_CURSOR : 0,
		.tables[APP_HISTORY] = history,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_rows_query
	};
	Datum		values[MAX_PARAMS];
	int			nvalues = bind_asset(request, history, values);
	int64		i;

	/* a timestamp is the timestamptz in UTC */
	if (request->by_cursor)
		values[nvalues++] = TimestampTzGetDatum(request->before);
	values[nvalues++] = Int64GetDatum(limit);
	values[nvalues++] = Int64GetDatum(first);
	plan_execute(&query, values, NULL);

	rows->first = first;
	rows->count = SPI_processed;
	rows->reach_end = rows->count < limit;
	rows->rows = palloc(rows->count * sizeof(AppRow));
	app_row_check(history, ROW_COLUMNS, 0, SPI_tuptable->tupdesc);
	for (i = 0; i < rows->count; i++)
		app_row_read(history, ROW_COLUMNS, 0, SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
					 &rows->rows[i]);
}

/* bind_asset binds the parameters of append_asset_match and returns how many. */
static int
bind_asset(const HistoryRequest *request, const AppTable *history, Datum *values)
{
	values[0] = identifier_bind(request->tenant_id, &history->columns[HISTORY_TENANT_ID]);
	values[1] = identifier_bind(request->asset_id, &history->columns[HISTORY_ASSET_ID]);
	return 2;
}

/* ----------
 * build_rows_query builds
 *
 *	SELECT h.context, h.reused_at FROM history AS h
 *	WHERE h.tenant_id = $1 AND h.asset_id = $2 [AND h.reused_at < $3]
 *	ORDER BY h.reused_at DESC LIMIT $4 OFFSET $5
 *
 * which is a walk down the primary key.
 * ----------
 */
static void
build_rows_query(PlanText *text, const PlanRequest *request)
{
	const AppTable *history = request->tables[APP_HISTORY];

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, history, "h", ROW_COLUMNS);
	append_asset_match(text, history);
	if (request->shape & SHAPE_BY_CURSOR)
		appendStringInfo(&text->sql, " AND h.reused_at OPERATOR(pg_catalog.<) $%d",
						 plan_add_param(text, history->columns[HISTORY_REUSED_AT].type));
	appendStringInfo(&text->sql, " ORDER BY h.reused_at DESC LIMIT $%d",
					 plan_add_param(text, INT8OID));
	appendStringInfo(&text->sql, " OFFSET $%d", plan_add_param(text, INT8OID));
}

/* count_rows counts the asset's rows, unless those that were read tell. */
static int64
count_rows(const HistoryRequest *request, const AppTable *history, const HistoryRows *rows)
{
	PlanRequest query = {
		.query = PLAN_HISTORY_COUNT,
		.tables[APP_HISTORY] = history,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_count_query
	};
	Datum		values[MAX_PARAMS];
	bool		isnull;

	if (rows->reach_end && (rows->count > 0 || rows->first == 0))
		return rows->first + rows->count;
	bind_asset(request, history, values);
	plan_execute(&query, values, NULL);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* ----------
 * build_count_query builds
 *
 *	SELECT count(*) FROM history AS h WHERE h.tenant_id = $1 AND h.asset_id = $2
 * ----------
 */
static void
build_count_query(PlanText *text, const PlanRequest *request)
{
	appendStringInfoString(&text->sql, "SELECT pg_catalog.count(*)");
	append_asset_match(text, request->tables[APP_HISTORY]);
}

/* append_asset_match appends the table, and the condition on the asset. */
static void
append_asset_match(PlanText *text, const AppTable *history)
{
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, history);
	appendStringInfoString(&text->sql, " AS h WHERE ");
	identifier_append_match(text, "h", history, HISTORY_TENANT_ID);
	appendStringInfoString(&text->sql, " AND ");
	identifier_append_match(text, "h", history, HISTORY_ASSET_ID);
}

/* walk_skip steps over so many events; it compares only while there are both kinds. */
static void
walk_skip(HistoryWalk *walk, int64 nevents)
{
	ReuseEvent	logged;
	int64		nlogged;

	for (; nevents > 0 && walk->next_row < walk->rows.count &&
		 walk->next_logged < walk->timeline.log->count; nevents--)
	{
		if (next_is_logged(walk, &logged))
			walk->next_logged++;
		else
			walk->next_row++;
	}
	nlogged = Min(nevents, walk->timeline.log->count - walk->next_logged);
	walk->next_logged += nlogged;
	walk->next_row += Min(nevents - nlogged, walk->rows.count - walk->next_row);
}

/* walk_next steps to the next event; false at the end. */
static bool
walk_next(HistoryWalk *walk, HistoryEvent *event)
{
	ReuseEvent	logged;

	if (next_is_logged(walk, &logged))
	{
		walk->next_logged++;
		read_logged(&logged, event);
	}
	else if (walk->next_row < walk->rows.count)
		read_row(&walk->rows.rows[walk->next_row++], event);
	else
		return false;
	event->campaign_id = event_context_campaign(&event->context);
	event->campaign = NULL;
	return true;
}

/*
 * next_is_logged: is the next event one of the document?  Then *event is it.
 *
 * At equal times it is taken for the later-stored and comes before the row.
 */
static bool
next_is_logged(const HistoryWalk *walk, ReuseEvent *event)
{
	if (walk->next_logged >= walk->timeline.log->count)
		return false;
	reuse_timeline_get(&walk->timeline, walk->next_logged, event);
	return walk->next_row >= walk->rows.count ||
		(event->has_time &&
		 event->time >= row_time(&walk->rows.rows[walk->next_row]));
}

/* read_logged reads an event of the document. */
static void
read_logged(const ReuseEvent *logged, HistoryEvent *event)
{
	event->has_time = logged->has_time;
	event->time = logged->time;
	if (!reuse_event_context(&logged->value, &event->context))
		event->context = no_context;
}

/* read_row reads an event of the history table. */
static void
read_row(const AppRow *row, HistoryEvent *event)
{
	event->has_time = true;
	event->time = row_time(row);
	if (row->nulls[HISTORY_CONTEXT])
		event->context = no_context;
	else
		reuse_value_of_jsonb(DatumGetJsonbP(row->values[HISTORY_CONTEXT]), &event->context);
}

/* row_time: a timestamptz is the timestamp in UTC. */
static Timestamp
row_time(const AppRow *row)
{
	return DatumGetTimestamp(row->values[HISTORY_REUSED_AT]);
}

/* take_events takes the page's events, and finds out whether more follow. */
static void
take_events(const HistoryRequest *request, HistoryWalk *walk, HistoryPage *page)
{
	int64		room = request->limit + 1;
	bool		splits_group;
	const HistoryEvent *last;

	page->events = palloc(room * sizeof(HistoryEvent));
	page->nevents = 0;
	while (page->nevents < room && walk_next(walk, &page->events[page->nevents]))
		page->nevents++;
	page->has_more = page->nevents == room;
	if (!page->has_more)
		return;

	page->nevents--;
	splits_group = same_group(&page->events[page->nevents - 1], &page->events[page->nevents]);
	if (splits_group && request->by_cursor)
		end_between_groups(walk, page, room);

	/* where the page ends inside a group, the next one shows the group again */
	last = &page->events[page->nevents - 1];
	page->next_cursor = last->has_time ? last->time : DT_NOBEGIN;
	if (splits_group && !request->by_cursor && last->has_time)
		page->next_cursor++;
}

/*
 * end_between_groups cuts a page that ends inside a group before it; if the group is
 * all of the page, it is shown to its end.
 *
 * The group's next event is there, behind the page's, and fills the room.
 */
static void
end_between_groups(HistoryWalk *walk, HistoryPage *page, int64 room)
{
	int64		first = page->nevents;

	while (first > 0 && same_group(&page->events[first - 1], &page->events[page->nevents]))
		first--;
	if (first > 0)
	{
		page->nevents = first;
		return;
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (++page->nevents == room)
		{
			room *= 2;
			page->events = repalloc(page->events, room * sizeof(HistoryEvent));
		}
		page->has_more = walk_next(walk, &page->events[page->nevents]);
	} while (page->has_more && same_group(&page->events[0], &page->events[page->nevents]));
}

/* same_group: are two events of one time, or both without one? */
static bool
same_group(const HistoryEvent *a, const HistoryEvent *b)
{
	return a->has_time == b->has_time && (!a->has_time || a->time == b->time);
}
