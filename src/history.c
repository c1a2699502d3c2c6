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

#include <ctype.h>
#include <limits.h>

#include "app_row.h"
#include "app_schema.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "identifier.h"
#include "plan_cache.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"
#include "storage/lockdefs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(asset_reuse_history);
PG_FUNCTION_INFO_V1(asset_reuse_history_uuid);

#define MAX_PAGE			100

/* What an answer takes beside its events: keys, numbers, times */
#define ANSWER_SIZE			1024

/* What an event takes beside its context and campaign */
#define EVENT_SIZE			256

/* The type of place that makes an event name a campaign */
#define CAMPAIGN_TYPE		"campaign_space"

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
	text	   *campaign_ids[MAX_PAGE]; /* null: the event names none */
} HistoryPage;

/* The live campaigns of the tenant that a page names */
typedef struct HistoryCampaigns
{
	AppTable	spaces;
	int			nrows;
	AppRow	   *rows;
	text	  **ids;			/* of the rows */
} HistoryCampaigns;

static Datum history(FunctionCallInfo fcinfo, Oid id_type);
static void read_request(FunctionCallInfo fcinfo, Oid id_type, HistoryRequest *request);
static void find_asset(const HistoryRequest *request, const AppTable *assets, AppRow *row);
static void build_asset_query(PlanText *text, const PlanRequest *request);
static void pick_page(const HistoryRequest *request, const AppRow *row, ReuseLog *log,
					  HistoryPage *page);
static bool event_context(const ReuseEvent *event, ReuseValue *context);
static text *place_text(const ReuseEvent *event, const char *key);
static text *named_campaign(const ReuseEvent *event);
static void find_campaigns(const HistoryRequest *request, HistoryPage *page,
						   HistoryCampaigns *campaigns);
static ArrayType *campaign_id_array(HistoryPage *page, const AppColumn *id);
static bool is_named_before(const HistoryPage *page, int i);
static bool texts_are_equal(const text *a, const text *b);
static text *spell_uuid(const text *value);
static bool is_uuid(const text *value);
static void build_campaigns_query(PlanText *text, const PlanRequest *request);
static void read_campaigns(HistoryCampaigns *campaigns);
static Jsonb *make_answer(const HistoryRequest *request, const AppRow *row, const ReuseLog *log,
						  const HistoryPage *page, const HistoryCampaigns *campaigns,
						  MemoryContext memory);
static Size answer_size(const HistoryPage *page);
static void put_event(JsonbWriter *w, const ReuseEvent *event, const text *campaign_id,
					  const HistoryCampaigns *campaigns);
static void put_campaign(JsonbWriter *w, const text *id, const HistoryCampaigns *campaigns);

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
	find_asset(&request, &assets, &row);
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

/* find_asset reads the asset's row. */
static void
find_asset(const HistoryRequest *request, const AppTable *assets, AppRow *row)
{
	Datum		values[2];
	PlanRequest query = {
		.query = PLAN_HISTORY_ASSET,
		.table = assets,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_asset_query
	};

	values[0] = identifier_bind(request->asset_id, &assets->columns[ASSET_ID]);
	values[1] = identifier_bind(request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	plan_execute(&query, values, NULL);
	if (SPI_processed == 0)
		app_report_not_found(APP_ASSETS);
	app_row_read(assets, HISTORY_COLUMNS, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, row);
}

/* ----------
 * build_asset_query builds
 *
 *	SELECT a.id, a.asset_name, ... FROM assets AS a
 *	WHERE a.id = $1 AND a.tenant_id = $2 AND a.deleted_at IS NULL
 * ----------
 */
static void
build_asset_query(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->table;

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, assets, "a", HISTORY_COLUMNS);
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(&text->sql, " AS a WHERE ");
	identifier_append_match(text, "a", assets, ASSET_ID);
	appendStringInfoString(&text->sql, " AND ");
	identifier_append_match(text, "a", assets, ASSET_TENANT_ID);
	appendStringInfoString(&text->sql, " AND a.deleted_at IS NULL");
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
		page->campaign_ids[i] = named_campaign(&page->events[i]);
}

/* event_context finds what an answer shows as an event's context; false if nothing. */
static bool
event_context(const ReuseEvent *event, ReuseValue *context)
{
	if (!reuse_value_is_object(&event->value))
	{
		*context = event->value;
		return true;
	}
	return reuse_value_get(&event->value, "context", context);
}

/* place_text reads one of the reused_in_* keys as text; null if it has none. */
static text *
place_text(const ReuseEvent *event, const char *key)
{
	ReuseValue	context;
	ReuseValue	value;

	if (!event_context(event, &context) || !reuse_value_get(&context, key, &value))
		return NULL;
	switch (value.type)
	{
		case JENTRY_ISSTRING:
			return cstring_to_text_with_len(value.data, value.len);
		case JENTRY_ISNUMERIC:
			return cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out,
																	   PointerGetDatum(value.data))));
		case JENTRY_ISBOOL_TRUE:
			return cstring_to_text("true");
		case JENTRY_ISBOOL_FALSE:
			return cstring_to_text("false");
		default:
			return NULL;
	}
}

/* named_campaign returns the id of the campaign that an event names, or null. */
static text *
named_campaign(const ReuseEvent *event)
{
	ReuseValue	context;
	ReuseValue	type;
	ReuseValue	id;

	if (!event_context(event, &context) ||
		!reuse_value_get(&context, "reused_in_type", &type) ||
		!reuse_value_get(&context, "reused_in_id", &id))
		return NULL;
	if (type.type != JENTRY_ISSTRING || id.type != JENTRY_ISSTRING ||
		type.len != strlen(CAMPAIGN_TYPE) ||
		memcmp(type.data, CAMPAIGN_TYPE, type.len) != 0)
		return NULL;
	return cstring_to_text_with_len(id.data, id.len);
}

/* find_campaigns reads the live campaigns of the tenant that a page names. */
static void
find_campaigns(const HistoryRequest *request, HistoryPage *page, HistoryCampaigns *campaigns)
{
	const AppColumn *columns = campaigns->spaces.columns;
	Datum		values[2];
	ArrayType  *ids;
	PlanRequest query = {
		.query = PLAN_HISTORY_CAMPAIGNS,
		.table = &campaigns->spaces,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_campaigns_query
	};

	app_schema_bind(APP_SPACES, AccessShareLock, &campaigns->spaces);
	campaigns->nrows = 0;
	ids = campaign_id_array(page, &columns[SPACE_ID]);
	if (ids == NULL)
		return;
	values[0] = PointerGetDatum(ids);
	values[1] = identifier_bind(request->tenant_id, &columns[SPACE_TENANT_ID]);
	plan_execute(&query, values, NULL);
	read_campaigns(campaigns);
}

/*
 * campaign_id_array makes the array of the ids that a page names, each once, in
 * the type of the campaigns' ids; null if there are none.
 *
 * Where that is uuid, an id that is no uuid names no campaign: it is taken off
 * the page, and the others are spelled as the campaigns' are.
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

		if (named != NULL && type == UUIDOID)
			named = is_uuid(named) ? spell_uuid(named) : NULL;
		page->campaign_ids[i] = named;
		if (named != NULL && !is_named_before(page, i))
			elems[nelems++] = identifier_bind((Identifier) {TEXTOID, PointerGetDatum(named)}, id);
	}
	if (nelems == 0)
		return NULL;
	get_typlenbyvalalign(type, &len, &by_value, &align);
	return construct_array(elems, nelems, type, len, by_value, align);
}

/* is_named_before: does an event before the i'th on the page name the same campaign? */
static bool
is_named_before(const HistoryPage *page, int i)
{
	int			j;

	for (j = 0; j < i; j++)
	{
		if (page->campaign_ids[j] != NULL &&
			texts_are_equal(page->campaign_ids[j], page->campaign_ids[i]))
			return true;
	}
	return false;
}

static bool
texts_are_equal(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* spell_uuid spells a uuid as the type's output function does. */
static text *
spell_uuid(const text *value)
{
	Datum		uuid = DirectFunctionCall1(uuid_in, CStringGetDatum(text_to_cstring(value)));

	return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, uuid)));
}

/* is_uuid: is a text spelled as a uuid usually is, 8-4-4-4-12 hexadecimal digits? */
static bool
is_uuid(const text *value)
{
	static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *str = VARDATA_ANY(value);
	int			i;

	if (VARSIZE_ANY_EXHDR(value) != strlen(pattern))
		return false;
	for (i = 0; pattern[i] != '\0'; i++)
	{
		if (pattern[i] == '-' ? str[i] != '-' : !isxdigit((unsigned char) str[i]))
			return false;
	}
	return true;
}

/* ----------
 * build_campaigns_query builds
 *
 *	SELECT c.id, c.platform, c.is_active, c.campaign_name
 *	FROM unnest($1) AS named (id), LATERAL (
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
	const AppTable *spaces = request->table;
	Oid			id_type = identifier_param_type(&spaces->columns[SPACE_ID]);

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, spaces, "c", CAMPAIGN_COLUMNS);
	appendStringInfo(&text->sql, " FROM pg_catalog.unnest($%d) AS named (id), LATERAL (SELECT ",
					 plan_add_param(text, get_array_type(id_type)));
	app_row_select(text, spaces, "s", CAMPAIGN_COLUMNS);
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, spaces);
	appendStringInfo(&text->sql, " AS s WHERE s.id OPERATOR(pg_catalog.=) named.id AND ");
	identifier_append_match(text, "s", spaces, SPACE_TENANT_ID);
	if (spaces->columns[SPACE_DELETED_AT].present)
		appendStringInfoString(&text->sql, " AND s.deleted_at IS NULL");
	appendStringInfoString(&text->sql, " OFFSET 0) AS c");
}

/* read_campaigns reads the rows that the query has returned. */
static void
read_campaigns(HistoryCampaigns *campaigns)
{
	uint64		i;

	campaigns->rows = palloc(SPI_processed * sizeof(AppRow));
	campaigns->ids = palloc(SPI_processed * sizeof(text *));
	campaigns->nrows = SPI_processed;
	for (i = 0; i < SPI_processed; i++)
	{
		app_row_read(&campaigns->spaces, CAMPAIGN_COLUMNS, SPI_tuptable->vals[i],
					 SPI_tuptable->tupdesc, &campaigns->rows[i]);
		campaigns->ids[i] = app_row_text(&campaigns->rows[i], SPACE_ID);
	}
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
		put_event(&w, &page->events[i], page->campaign_ids[i], campaigns);
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

static void
put_event(JsonbWriter *w, const ReuseEvent *event, const text *campaign_id,
		  const HistoryCampaigns *campaigns)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("context"), JSONB_KEY("timestamp"), JSONB_KEY("reused_in_id"),
		JSONB_KEY("campaign_space"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	ReuseValue	context;

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	if (event_context(event, &context))
		jsonb_put_copy(w, context.type, context.data, context.len);
	else
		jsonb_put_null(w);
	if (event->has_time)
		response_put_time(w, event->time);
	else
		jsonb_put_null(w);
	response_put_text(w, place_text(event, "reused_in_id"));
	put_campaign(w, campaign_id, campaigns);
	response_put_text(w, place_text(event, "reused_in_name"));
	response_put_text(w, place_text(event, "reused_in_type"));
	jsonb_end(w);
}

/* put_campaign puts the campaign that an event names; null if it is not live. */
static void
put_campaign(JsonbWriter *w, const text *id, const HistoryCampaigns *campaigns)
{
	int			i;

	for (i = 0; id != NULL && i < campaigns->nrows; i++)
	{
		if (texts_are_equal(id, campaigns->ids[i]))
		{
			response_put_row(w, APP_SPACES, &campaigns->rows[i], CAMPAIGN_COLUMNS,
							 NULL);
			return;
		}
	}
	jsonb_put_null(w);
}
