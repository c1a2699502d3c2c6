/*-------------------------------------------------------------------------
 *
 * history.c
 *	  asset_reuse_history: an asset's timeline.
 *
 * One read of the asset's row, from whose log only the page is picked, and one
 * query for the campaigns that the page names.
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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "app_lookup.h"
#include "app_row.h"
#include "app_schema.h"
#include "event_context.h"
#include "identifier.h"
#include "plan_cache.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"

PG_FUNCTION_INFO_V1(asset_reuse_history);
PG_FUNCTION_INFO_V1(asset_reuse_history_uuid);

#define MAX_PAGE			100

/* What an answer takes beside its events: keys, numbers, times */
#define ANSWER_SIZE			1024

/* What an event takes beside its context and campaign */
#define EVENT_SIZE			256

#define HISTORY_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_REUSED_COUNT) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_PLATFORM_METADATA))

/* A campaign as an event shows it */
#define CAMPAIGN_COLUMNS \
	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_PLATFORM) | COLUMN_BIT(SPACE_IS_ACTIVE) | \
	 COLUMN_BIT(SPACE_CAMPAIGN_NAME))

typedef struct HistoryRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	int			limit;
	int			offset;
} HistoryRequest;

/* The events of a page, newest first */
typedef struct HistoryPage
{
	int			nevents;
	ReuseEvent	events[MAX_PAGE];
	ReuseValue	contexts[MAX_PAGE];	/* what answers show as context; null if nothing */
	text	   *campaign_ids[MAX_PAGE]; /* null: the event names none */
	int			campaign_places[MAX_PAGE];	/* of the ids among those looked up; 0: not */
} HistoryPage;

/* The live campaigns of the tenant that a page names */
typedef struct HistoryCampaigns
{
	AppTable	spaces;
	AppRow	   *found[MAX_PAGE];	/* by place, from 0; null: not live */
} HistoryCampaigns;

static Datum history(FunctionCallInfo fcinfo, Oid id_type);
static void read_request(FunctionCallInfo fcinfo, Oid id_type, HistoryRequest *request);
static void pick_page(const HistoryRequest *request, const AppRow *row, ReuseLog *log,
					  HistoryPage *page);
static ReuseValue event_context(const ReuseEvent *event);
static void find_campaigns(const HistoryRequest *request, HistoryPage *page,
						   HistoryCampaigns *campaigns);
static ArrayType *campaign_id_array(HistoryPage *page, const AppColumn *id);
static int	place_named_before(const HistoryPage *page, int i);
static void build_campaigns_query(PlanText *text, const PlanRequest *request);
static Jsonb *make_answer(const HistoryRequest *request, const AppRow *row, const ReuseLog *log,
						  const HistoryPage *page, const HistoryCampaigns *campaigns,
						  MemoryContext memory);
static Size answer_size(const HistoryPage *page);
static void put_event(JsonbWriter *w, const ReuseEvent *event, const ReuseValue *context,
					  const AppRow *campaign);
static void put_place(JsonbWriter *w, const ReuseValue *context, const char *key);

/*
 * asset_reuse_history(asset_id, tenant_id, page_limit, page_offset) returns a
 * page of an asset's events.
 */
Datum
asset_reuse_history(PG_FUNCTION_ARGS)
{
	return history(fcinfo, TEXTOID);
}

/* asset_reuse_history_uuid is asset_reuse_history for identifiers of type uuid. */
Datum
asset_reuse_history_uuid(PG_FUNCTION_ARGS)
{
	return history(fcinfo, UUIDOID);
}

static Datum
history(FunctionCallInfo fcinfo, Oid id_type)
{
	MemoryContext memory = CurrentMemoryContext;
	HistoryRequest request;
	AppTable	assets;
	AppRow		row;
	ReuseLog	log;
	HistoryPage page;
	HistoryCampaigns campaigns;
	Jsonb	   *answer;

	read_request(fcinfo, id_type, &request);

	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	app_lookup(&assets, HISTORY_COLUMNS, request.asset_id, request.tenant_id, true, &row);
	pick_page(&request, &row, &log, &page);
	find_campaigns(&request, &page, &campaigns);
	answer = make_answer(&request, &row, &log, &page, &campaigns, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, Oid id_type, HistoryRequest *request)
{
	request->asset_id = request_identifier(fcinfo, 0, "asset_id", id_type);
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->limit = request_int(fcinfo, 2, "page_limit", 1, MAX_PAGE);
	request->offset = request_int(fcinfo, 3, "page_offset", 0, INT_MAX);
}

/* pick_page picks the page's events from the asset's log. */
static void
pick_page(const HistoryRequest *request, const AppRow *row, ReuseLog *log, HistoryPage *page)
{
	int			i;

	memset(log, 0, sizeof(*log));
	if (!row->nulls[ASSET_PLATFORM_METADATA])
	{
		Jsonb	   *document = DatumGetJsonbP(row->values[ASSET_PLATFORM_METADATA]);

		reuse_log_require(reuse_log_find(&document->root, log));
	}
	page->nevents = reuse_log_page(log, request->offset, request->limit, page->events);
	for (i = 0; i < page->nevents; i++)
	{
		page->contexts[i] = event_context(&page->events[i]);
		page->campaign_ids[i] = event_context_campaign(&page->contexts[i]);
	}
}

/* event_context finds what an answer shows as an event's context. */
static ReuseValue
event_context(const ReuseEvent *event)
{
	static const ReuseValue nothing = {.type = JENTRY_ISNULL};
	ReuseValue	context;

	if (!reuse_value_is_object(&event->value))
		return event->value;
	return reuse_value_get(&event->value, "context", &context) ? context : nothing;
}

/* find_campaigns reads the live campaigns of the tenant that a page names. */
static void
find_campaigns(const HistoryRequest *request, HistoryPage *page, HistoryCampaigns *campaigns)
{
	AppTable   *spaces = &campaigns->spaces;
	Datum		values[2];
	ArrayType  *ids;
	PlanRequest query = {
		.query = PLAN_HISTORY_CAMPAIGNS,
		.tables[APP_SPACES] = spaces,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_campaigns_query
	};
	TupleDesc	desc;
	uint64		i;

	app_schema_bind(APP_SPACES, AccessShareLock, spaces);
	memset(campaigns->found, 0, sizeof(campaigns->found));
	ids = campaign_id_array(page, &spaces->columns[SPACE_ID]);
	if (ids == NULL)
		return;
	values[0] = PointerGetDatum(ids);
	values[1] = identifier_bind(request->tenant_id, &spaces->columns[SPACE_TENANT_ID]);
	plan_execute(&query, values, NULL);

	desc = SPI_tuptable->tupdesc;
	app_row_check(spaces, CAMPAIGN_COLUMNS, 0, desc);
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		AppRow	   *row = palloc(sizeof(AppRow));
		bool		isnull;
		Datum		place = SPI_getbinval(tuple, desc, desc->natts, &isnull);

		app_row_read(spaces, CAMPAIGN_COLUMNS, 0, tuple, desc, row);
		campaigns->found[DatumGetInt64(place) - 1] = row;
	}
}

/*
 * campaign_id_array makes the array of the ids that a page names, each once, in
 * the type of the campaigns' ids; null if there are none.  For each event it notes
 * the id's place in the array.
 *
 * Where that type is uuid, an id that is no uuid names no campaign.
 */
static ArrayType *
campaign_id_array(HistoryPage *page, const AppColumn *id)
{
	Datum		elems[MAX_PAGE];
	int			nelems = 0;
	int			i;
	Oid			type = identifier_param_type(id);
	int16		len;
	bool		by_value;
	char		align;

	for (i = 0; i < page->nevents; i++)
	{
		text	   *named = page->campaign_ids[i];

		page->campaign_places[i] = 0;
		if (named == NULL || (type == UUIDOID && !event_context_is_uuid(named)))
			continue;
		page->campaign_places[i] = place_named_before(page, i);
		if (page->campaign_places[i] == 0)
		{
			elems[nelems++] = identifier_bind((Identifier) {TEXTOID, PointerGetDatum(named)}, id);
			page->campaign_places[i] = nelems;
		}
	}
	if (nelems == 0)
		return NULL;
	get_typlenbyvalalign(type, &len, &by_value, &align);
	return construct_array(elems, nelems, type, len, by_value, align);
}

/*
 * place_named_before returns the place of the campaign that the i'th event names
 * if an event before it on the page names it too, else 0.
 */
static int
place_named_before(const HistoryPage *page, int i)
{
	const text *named = page->campaign_ids[i];
	Size		len = VARSIZE_ANY_EXHDR(named);
	int			j;

	for (j = 0; j < i; j++)
	{
		const text *other = page->campaign_ids[j];

		if (page->campaign_places[j] != 0 && VARSIZE_ANY_EXHDR(other) == len &&
			memcmp(VARDATA_ANY(other), VARDATA_ANY(named), len) == 0)
			return page->campaign_places[j];
	}
	return 0;
}

/* ----------
 * build_campaigns_query builds
 *
 *	SELECT named.place, c.id, c.platform, c.is_active, c.campaign_name
 *	FROM unnest($1) WITH ORDINALITY AS named (id, place), LATERAL (
 *		SELECT * FROM spaces AS s
 *		WHERE s.id = named.id AND s.tenant_id = $2 AND s.deleted_at IS NULL
 *		OFFSET 0) AS c
 *
 * OFFSET 0 keeps the subquery as it is: a look-up by primary key for each id.
 * Left to itself, the planner may as well read all campaigns of the tenant.
 * ----------
 */
static void
build_campaigns_query(PlanText *text, const PlanRequest *request)
{
	const AppTable *spaces = request->tables[APP_SPACES];
	Oid			id_type = identifier_param_type(&spaces->columns[SPACE_ID]);

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, spaces, "c", CAMPAIGN_COLUMNS);
	appendStringInfo(&text->sql, ", named.place FROM pg_catalog.unnest($%d)"
					 " WITH ORDINALITY AS named (id, place), LATERAL (SELECT ",
					 plan_add_param(text, get_array_type(id_type)));
	app_row_select(text, spaces, "s", CAMPAIGN_COLUMNS);
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, spaces);
	appendStringInfoString(&text->sql, " AS s WHERE s.id OPERATOR(pg_catalog.=) named.id AND ");
	identifier_append_match(text, "s", spaces, SPACE_TENANT_ID);
	if (spaces->columns[SPACE_DELETED_AT].present)
		appendStringInfoString(&text->sql, " AND s.deleted_at IS NULL");
	appendStringInfoString(&text->sql, " OFFSET 0) AS c");
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const HistoryRequest *request, const AppRow *row, const ReuseLog *log,
			const HistoryPage *page, const HistoryCampaigns *campaigns, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("limit"), JSONB_KEY("total"), JSONB_KEY("offset"), JSONB_KEY("history"),
		JSONB_KEY("success"), JSONB_KEY("asset_id"), JSONB_KEY("has_more"),
		JSONB_KEY("asset_name"), JSONB_KEY("total_reuses"), JSONB_KEY("last_reused_at"),
	};
	JsonbWriter w;
	int			i;

	jsonb_writer_init(&w, memory, answer_size(page));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	response_put_int(&w, request->limit);
	response_put_int(&w, log->count);
	response_put_int(&w, request->offset);
	jsonb_begin_array(&w, page->nevents);
	for (i = 0; i < page->nevents; i++)
	{
		int			place = page->campaign_places[i];

		put_event(&w, &page->events[i], &page->contexts[i],
				  place > 0 ? campaigns->found[place - 1] : NULL);
	}
	jsonb_end(&w);
	jsonb_put_bool(&w, true);
	response_put_column(&w, row, ASSET_ID);
	jsonb_put_bool(&w, (int64) request->offset + page->nevents < log->count);
	response_put_column(&w, row, ASSET_NAME);
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
	int			i;

	for (i = 0; i < page->nevents; i++)
		size += EVENT_SIZE + page->events[i].value.len;
	return size;
}

/* put_event puts an event with the campaign that it names; null if that is not live. */
static void
put_event(JsonbWriter *w, const ReuseEvent *event, const ReuseValue *context,
		  const AppRow *campaign)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("context"), JSONB_KEY("timestamp"), JSONB_KEY("reused_in_id"),
		JSONB_KEY("campaign_space"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_put_copy(w, context->type, context->data, context->len);
	if (event->has_time)
		response_put_time(w, event->time);
	else
		jsonb_put_null(w);
	put_place(w, context, "reused_in_id");
	if (campaign != NULL)
		response_put_row(w, APP_SPACES, campaign, CAMPAIGN_COLUMNS, NULL);
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
