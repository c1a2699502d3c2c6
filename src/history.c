/*-------------------------------------------------------------------------
 *
 * history.c
 *	  asset_reuse_history: an asset's timeline.
 *
 * One statement reads the asset and its events in both places (events_page.c), and another the
 * campaigns that the page names (events_campaigns.c).
 *
 * The answer lives in the calling query's memory context; everything else, including the
 * document, lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/lockdefs.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "app_lookup.h"
#include "events_campaigns.h"
#include "events_page.h"
#include "log_value.h"
#include "request.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_history);

/* page_limit if it is null */
#define HISTORY_DEFAULT_PAGE	50

/* Size of an answer without its events: keys, numbers, times */
#define ANSWER_SIZE			1024

/* Size of an event without its context and campaign */
#define EVENT_SIZE			256

static void read_request(FunctionCallInfo fcinfo, HistoryRequest *request);
static Jsonb *make_answer(const HistoryRequest *request, const HistoryPage *page,
						  MemoryContext memory);
static Size answer_size(const HistoryPage *page);
static void put_event(JsonbWriter *w, const HistoryEvent *event);

/*
 * asset_reuse_history(asset_id, tenant_id, page_limit, page_offset, cursor)
 * returns a page of an asset's events.
 */
Datum
asset_reuse_history(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	HistoryRequest request;
	AppTable	assets;
	AppTable	history;
	AppTable	spaces;
	bool		has_table;
	HistoryPage page;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	has_table = history_table_bind(&assets, AccessShareLock, true, &history);
	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	events_page_pick(&request, &assets, has_table ? &history : NULL,
					 spaces.columns[SPACE_ID].type == UUIDOID, fcinfo->flinfo->fn_oid, &page);
	events_campaigns_find(request.tenant_id, &spaces, &page);
	answer = make_answer(&request, &page, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, HistoryRequest *request)
{
	Oid			id_type = request_id_type(fcinfo, 0);

	request->asset_id = request_identifier(fcinfo, 0, "asset_id", id_type);
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->limit = request_optional_int(fcinfo, 2, "page_limit", 1, HISTORY_MAX_PAGE, HISTORY_DEFAULT_PAGE);
	request->offset = request_optional_int(fcinfo, 3, "page_offset", 0, INT_MAX, 0);
	request->by_cursor = !PG_ARGISNULL(4);
	if (request->by_cursor && !event_id_parse(PG_GETARG_TEXT_PP(4), &request->cursor))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid cursor"),
				 errhint("Pass the next_cursor of an earlier answer.")));
	if (request->by_cursor && request->offset > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cursor and page_offset must not both be given"),
				 errhint("A page by cursor begins after the event that the cursor names.")));
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const HistoryRequest *request, const HistoryPage *page, MemoryContext memory)
{
	const AppRow *asset = &page->asset;
	static const JsonbKey keys[] = {
		JSONB_KEY("limit"), JSONB_KEY("total"), JSONB_KEY("offset"), JSONB_KEY("history"),
		JSONB_KEY("success"), JSONB_KEY("asset_id"), JSONB_KEY("has_more"),
		JSONB_KEY("asset_name"), JSONB_KEY("next_cursor"), JSONB_KEY("total_reuses"),
		JSONB_KEY("last_reused_at"),
	};
	JsonbWriter w;
	int64		i;

	jsonb_writer_init(&w, memory, answer_size(page));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	answer_put_int(&w, request->limit);
	if (request->by_cursor)
		jsonb_put_null(&w);
	else
		answer_put_int(&w, page->total);
	answer_put_int(&w, request->offset);
	jsonb_begin_array(&w, page->nevents);
	for (i = 0; i < page->nevents; i++)
		put_event(&w, &page->events[i]);
	jsonb_end(&w);
	jsonb_put_bool(&w, true);
	answer_put_column(&w, asset, ASSET_ID);
	jsonb_put_bool(&w, page->has_more);
	answer_put_column(&w, asset, ASSET_NAME);
	if (page->has_more)
		answer_put_event_id(&w, page->events[page->nevents - 1].id);
	else
		jsonb_put_null(&w);
	answer_put_int(&w, app_row_integer(asset, ASSET_REUSED_COUNT));
	answer_put_column(&w, asset, ASSET_LAST_REUSED_AT);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/* answer_size estimates the answer's size, so that its buffer rarely has to grow. */
static Size
answer_size(const HistoryPage *page)
{
	Size		size = ANSWER_SIZE;
	int64		i;

	for (i = 0; i < page->nevents; i++)
		size += EVENT_SIZE + page->events[i].context.len;
	return size;
}

/* put_event puts an event with the campaign that it names, null if that is not live. */
static void
put_event(JsonbWriter *w, const HistoryEvent *event)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("context"), JSONB_KEY("event_id"), JSONB_KEY("timestamp"),
		JSONB_KEY("reused_in_id"), JSONB_KEY("campaign_space"), JSONB_KEY("reused_in_name"),
		JSONB_KEY("reused_in_type"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_put_copy(w, event->context.type, event->context.data, event->context.len);
	answer_put_event_id(w, event->id);
	answer_put_event_time(w, event->id.time);
	answer_put_text(w, event->place.id);
	if (event->campaign != NULL)
		answer_put_row(w, APP_SPACES, event->campaign, CAMPAIGN_COLUMNS, NULL);
	else
		jsonb_put_null(w);
	answer_put_text(w, event->place.name);
	answer_put_text(w, event->place.type);
	jsonb_end(w);
}
