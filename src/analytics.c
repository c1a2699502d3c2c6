/*-------------------------------------------------------------------------
 *
 * analytics.c
 *	  asset_reuse_analytics: a tenant's reuse at a glance.
 *
 * One statement reads the tenant's assets.  Its aggregate (summary.c) makes all of the answer
 * except the frame, in parallel if the planner chooses so.
 *
 * The answer lives in the calling query's memory context; everything else lives until
 * SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "storage/lockdefs.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "app_row.h"
#include "app_schema.h"
#include "log_value.h"
#include "plan_cache.h"
#include "request.h"
#include "request_asset_type.h"
#include "request_identifier.h"
#include "summary.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_analytics);

/* top_limit if it is null */
#define DEFAULT_TOP			10

/* Size of the answer without the aggregate's part */
#define ANSWER_SIZE			512

/*
 * Only in a range does it matter which events there are, and so where they are stored.  If there
 * is a history table, its rows are counted in addition to the documents: the index on
 * (tenant_id, reused_at) has everything that this needs.
 */
static const char summarize_assets[] =
	"SELECT {fn:summary}($top_limit, $start_date, $end_date,"
	"  {if history}COALESCE(r.reuses, 0) {+} COALESCE(d.reuses, 0){else}CAST(NULL AS pg_catalog.int8){end}"
	"{arguments}) FROM {assets} AS a"
	"{if history} LEFT JOIN (SELECT h.asset_id, pg_catalog.count(*) AS reuses FROM {history} AS h"
	"   WHERE h.tenant_id {=} $tenant_id AND h.reused_at {>} '-infinity'"
	"   {if start_date} AND h.reused_at {>=} {utc:$start_date}{end}"
	"   {if end_date} AND h.reused_at {<} {utc:$end_date}{end}"
	"   GROUP BY h.asset_id) AS r ON r.asset_id {=} a.id"
	"  LEFT JOIN (SELECT a.id, {fn:log_count_in}({doc:a}, $start_date, $end_date,"
	"    stored.times, stored.seqs, stored.elements) AS reuses"
	"   FROM {assets} AS a CROSS JOIN LATERAL ({stored in range}) AS stored WHERE {live:a} AND {doc:a} {?} 'reuse_history') AS d ON d.id {=} a.id{end}"
	" WHERE {live:a}{if asset_type} AND {label:a.asset_type} {=} $asset_type{end}";

typedef struct AnalyticsRequest
{
	Identifier	tenant_id;
	text	   *asset_type;		/* null: all */
	RequestRange range;
	int			top_limit;
} AnalyticsRequest;

static void read_request(FunctionCallInfo fcinfo, AnalyticsRequest *request);
static Jsonb *summarize(const AnalyticsRequest *request, const AppTable *assets, Oid caller);
static void put_piece(PlanText *text, const PlanRequest *request, const char *name);
static void append_argument(PlanText *text, const PlanRequest *request, AssetColumn column);
static Jsonb *make_answer(const AnalyticsRequest *request, const Jsonb *summary,
						  MemoryContext memory);
static void put_filters(JsonbWriter *w, const AnalyticsRequest *request);
static void put_date(JsonbWriter *w, bool given, TimestampTz date);

/*
 * asset_reuse_analytics(tenant_id, asset_type, start_date, end_date, top_limit)
 * returns the tenant's overview, top list, counts by type and performance.
 */
Datum
asset_reuse_analytics(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	Oid			caller = fcinfo->flinfo->fn_oid;
	AnalyticsRequest request;
	AppTable	assets;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	answer = make_answer(&request, summarize(&request, &assets, caller), memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, AnalyticsRequest *request)
{
	request->tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	request->asset_type = request_any_text(fcinfo, 1);
	request->range = request_range(fcinfo, 2);
	request->top_limit = request_optional_int(fcinfo, 4, "top_limit", 1, SUMMARY_MAX_TOP, DEFAULT_TOP);
}

/* summarize runs the statement and returns the aggregate's part of the answer. */
static Jsonb *
summarize(const AnalyticsRequest *request, const AppTable *assets, Oid caller)
{
	const RequestRange *range = &request->range;
	AppTable	history;
	PlanRequest query = {
		.sql = summarize_assets,
		.tables[APP_ASSETS] = assets,
		.caller = caller,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = put_piece
	};

	if ((range->has_start || range->has_end) &&
		history_table_bind(assets, AccessShareLock, true, &history))
		query.tables[APP_HISTORY] = &history;
	identifier_add(&query, "tenant_id", request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	asset_type_add(&query, request->asset_type, &assets->columns[ASSET_TYPE]);
	plan_add_value(&query, "top_limit", INT4OID, Int32GetDatum(request->top_limit));
	/* a timestamptz is the timestamp in UTC */
	plan_add_optional(&query, "start_date", TIMESTAMPOID, TimestampTzGetDatum(range->start), !range->has_start);
	plan_add_optional(&query, "end_date", TIMESTAMPOID, TimestampTzGetDatum(range->end), !range->has_end);
	plan_add_optional(&query, "ranged", BOOLOID, BoolGetDatum(true), !range->has_start && !range->has_end);
	return DatumGetJsonbP(plan_execute_value(&query));
}

/* put_piece puts {arguments}: the columns that the aggregate reads. */
static void
put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	int			i;

	if (strcmp(name, "arguments") != 0)
	{
		history_table_put_piece(text, request, name);
		return;
	}
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
		append_argument(text, request, summary_columns[i]);
}

/*
 * append_argument appends an argument: a column, or an untyped null if the
 * table does not have it.  The document is null if it is not needed.
 */
static void
append_argument(PlanText *text, const PlanRequest *request, AssetColumn column)
{
	const AppColumn *c = &request->tables[APP_ASSETS]->columns[column];

	plan_expand(text, request, ", ");
	if (!c->present)
		plan_expand(text, request, "NULL");
	else if (column == ASSET_PLATFORM_METADATA)
		plan_expand(text, request, "{if history}NULL{else}{if ranged}a.platform_metadata{else}NULL{end}{end}");
	else
		appendStringInfo(&text->sql, "a.%s", app_column_name(APP_ASSETS, column));
	/* the aggregate sorts by id: its collation must win over the other columns' */
	if (column == ASSET_ID)
		plan_expand(text, request, "{collation:a.id}");
}

/* make_answer puts the frame around the aggregate's part, into a memory context. */
static Jsonb *
make_answer(const AnalyticsRequest *request, const Jsonb *summary, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("filters"), JSONB_KEY("success"), JSONB_KEY("overview"),
		JSONB_KEY("by_asset_type"), JSONB_KEY("top_reused_assets"),
		JSONB_KEY("performance_correlation"),
	};
	ReuseValue	parts;
	ReuseValue	part;
	JsonbWriter w;
	Size		i;

	reuse_value_of_jsonb(summary, &parts);
	jsonb_writer_init(&w, memory, ANSWER_SIZE + VARSIZE(summary));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	put_filters(&w, request);
	jsonb_put_bool(&w, true);
	for (i = 2; i < lengthof(keys); i++)
	{
		if (!reuse_value_get(&parts, keys[i].name, &part))
			elog(ERROR, "asset_reuse_summary returned no %s", keys[i].name);
		jsonb_put_copy(&w, part.type, part.data, part.len);
	}
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_filters(JsonbWriter *w, const AnalyticsRequest *request)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("end_date"), JSONB_KEY("asset_type"), JSONB_KEY("start_date"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	put_date(w, request->range.has_end, request->range.end);
	answer_put_text(w, request->asset_type);
	put_date(w, request->range.has_start, request->range.start);
	jsonb_end(w);
}

static void
put_date(JsonbWriter *w, bool given, TimestampTz date)
{
	if (given)
		answer_put_time(w, date);
	else
		jsonb_put_null(w);
}
