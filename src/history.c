/*-------------------------------------------------------------------------
 *
 * history.c
 *	  asset_reuse_history: an asset's timeline.
 *
 * One read of the asset's row, the page from its log and the history table
 * (history_page.c), one query for the campaigns that the page names
 * (history_campaigns.c), and the answer.
 *
 * The answer lives in the calling query's memory context; all else, the
 * document among it, until SPI_finish.
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

#include "app_lookup.h"
#include "history_campaigns.h"
#include "history_page.h"
#include "history_table.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"

PG_FUNCTION_INFO_V1(asset_reuse_history);

/* page_limit where it is null */
#define HISTORY_DEFAULT_PAGE	50

/* What an answer takes beside its events: keys, numbers, times */
#define ANSWER_SIZE			1024

/* What an event takes beside its context and campaign */
#define EVENT_SIZE			256

#define HISTORY_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_REUSED_COUNT) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_PLATFORM_METADATA))

static void read_request(FunctionCallInfo fcinfo, HistoryRequest *request);
static void find_log(const AppRow *row, ReuseLog *log);
static Jsonb *make_answer(const HistoryRequest *request, const AppRow *row,
						  const HistoryPage *page, MemoryContext memory);
static Size answer_size(const HistoryPage *page);
static void put_event(JsonbWriter *w, const HistoryEvent *event);
static void put_place(JsonbWriter *w, const ReuseValue *context, const char *key);

/*
 * asset_reuse_history(asset_id, tenant_id, page_limit, page_offset, before)
 * returns a page of an asset's events.
 */
Datum
asset_reuse_history(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	HistoryRequest request;
	AppTable	assets;
	AppTable	table;			/* of the events, if has_table */
	AppTable	spaces;
	bool		has_table;
	AppRow		row;
	ReuseLog	log;
	HistoryPage page;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	has_table = history_table_bind(&assets, AccessShareLock, true, &table);
	app_lookup(&assets, HISTORY_COLUMNS, request.asset_id, request.tenant_id, true, &row);
	find_log(&row, &log);
	history_page_pick(&request, &log, has_table ? &table : NULL, &page);
	history_campaigns_find(request.tenant_id, &spaces, &page);
	answer = make_answer(&request, &row, &page, memory);
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
	request->before = request->by_cursor ? PG_GETARG_TIMESTAMPTZ(4) : DT_NOEND;
}

/* find_log finds the log in the asset's document. */
static void
find_log(const AppRow *row, ReuseLog *log)
{
	Jsonb	   *document;

	memset(log, 0, sizeof(*log));
	if (row->nulls[ASSET_PLATFORM_METADATA])
		return;
	document = DatumGetJsonbP(row->values[ASSET_PLATFORM_METADATA]);
	reuse_log_require(reuse_log_find(&document->root, log));
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const HistoryRequest *request, const AppRow *row, const HistoryPage *page,
			MemoryContext memory)
{
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
	response_put_int(&w, request->limit);
	if (request->by_cursor)
		jsonb_put_null(&w);
	else
		response_put_int(&w, page->total);
	response_put_int(&w, request->offset);
	jsonb_begin_array(&w, page->nevents);
	for (i = 0; i < page->nevents; i++)
		put_event(&w, &page->events[i]);
	jsonb_end(&w);
	jsonb_put_bool(&w, true);
	response_put_column(&w, row, ASSET_ID);
	jsonb_put_bool(&w, page->has_more);
	response_put_column(&w, row, ASSET_NAME);
	if (page->has_more)
		response_put_time(&w, page->next_cursor);
	else
		jsonb_put_null(&w);
	response_put_int(&w, app_row_integer(row, ASSET_REUSED_COUNT));
	response_put_column(&w, row, ASSET_LAST_REUSED_AT);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/* answer_size estimates the answer's size, to have its buffer grow rarely. */
static Size
answer_size(const HistoryPage *page)
{
	Size		size = ANSWER_SIZE;
	int64		i;

	for (i = 0; i < page->nevents; i++)
		size += EVENT_SIZE + page->events[i].context.len;
	return size;
}

/* put_event puts an event with the campaign that it names; null if that is not live. */
static void
put_event(JsonbWriter *w, const HistoryEvent *event)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("context"), JSONB_KEY("timestamp"), JSONB_KEY("reused_in_id"),
		JSONB_KEY("campaign_space"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	const ReuseValue *context = &event->context;

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_put_copy(w, context->type, context->data, context->len);
	if (event->has_time)
		response_put_time(w, event->time);
	else
		jsonb_put_null(w);
	put_place(w, context, "reused_in_id");
	if (event->campaign != NULL)
		response_put_row(w, APP_SPACES, event->campaign, CAMPAIGN_COLUMNS, NULL);
	else
		jsonb_put_null(w);
	put_place(w, context, "reused_in_name");
	put_place(w, context, "reused_in_type");
	jsonb_end(w);
}

/*
 * put_place puts one of a context's reused_in_* keys: a string, or a number or
 * boolean as text; null for anything else.
 */
static void
put_place(JsonbWriter *w, const ReuseValue *context, const char *key)
{
	ReuseValue	value = {.type = JENTRY_ISNULL};
	char	   *number;

	(void) reuse_value_get(context, key, &value);
	switch (value.type)
	{
		case JENTRY_ISSTRING:
			jsonb_put_string(w, value.data, value.len);
			break;
		case JENTRY_ISNUMERIC:
			number = DatumGetCString(DirectFunctionCall1(numeric_out,
														 PointerGetDatum(value.data)));
			jsonb_put_string(w, number, strlen(number));
			break;
		case JENTRY_ISBOOL_TRUE:
			jsonb_put_string(w, "true", 4);
			break;
		case JENTRY_ISBOOL_FALSE:
			jsonb_put_string(w, "false", 5);
			break;
		default:
			jsonb_put_null(w);
	}
}
