/*-------------------------------------------------------------------------
 *
 * analytics.c
 *	  asset_reuse_analytics: a tenant's reuse at a glance.
 *
 * One statement over the tenant's assets, whose one aggregate (reuse_summary.c)
 * makes all of the answer but its frame, in parallel where the planner finds
 * that worthwhile.
 *
 * The answer lives in the calling query's memory context; all else until
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

#include "app_row.h"
#include "app_schema.h"
#include "asset_type.h"
#include "history_table.h"
#include "identifier.h"
#include "plan_cache.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"
#include "reuse_summary.h"

PG_FUNCTION_INFO_V1(asset_reuse_analytics);

/* top_limit where it is null */
#define DEFAULT_TOP			10

/* What the answer takes beside the aggregate's part */
#define ANSWER_SIZE			512

/* The statement's variants, as bits of its plan's shape */
#define SHAPE_BY_TYPE		0x1
#define SHAPE_RANGED		0x2

/* The most parameters that the statement has */
#define MAX_PARAMS			8

typedef struct AnalyticsRequest
{
	Identifier	tenant_id;
	text	   *asset_type;		/* null: all */
	RequestRange range;
	int			top_limit;
} AnalyticsRequest;

static void read_request(FunctionCallInfo fcinfo, AnalyticsRequest *request);
static Jsonb *summarize(const AnalyticsRequest *request, const AppTable *assets, Oid caller);
static void build_summary_query(PlanText *text, const PlanRequest *request);
static void append_row_counts(PlanText *text, const AppTable *history);
static void append_summary_column(PlanText *text, const PlanRequest *request, AssetColumn column);
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
	request->asset_type = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	request->range = request_range(fcinfo, 2);
	request->top_limit = request_optional_int(fcinfo, 4, "top_limit", 1, SUMMARY_MAX_TOP, DEFAULT_TOP);
}

/*
 * summarize runs the statement and returns the aggregate's part of the answer.
 *
 * Only in a range does it matter which events there are, and so where they are.
 */
static Jsonb *
summarize(const AnalyticsRequest *request, const AppTable *assets, Oid caller)
{
	bool		ranged = request->range.has_start || request->range.has_end;
	AppTable	history;
	Datum		values[MAX_PARAMS];
	char		nulls[MAX_PARAMS];
	int			nvalues = 0;
	PlanRequest query = {
		.query = PLAN_ANALYTICS,
		.shape = (request->asset_type ? SHAPE_BY_TYPE : 0) | (ranged ? SHAPE_RANGED : 0),
		.tables[APP_ASSETS] = assets,
		.caller = caller,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.build = build_summary_query
	};

	if (ranged && history_table_bind(assets, AccessShareLock, true, &history))
		query.tables[APP_HISTORY] = &history;

	/* in the order in which the text names the parameters */
	memset(nulls, ' ', sizeof(nulls));
	values[nvalues++] = Int32GetDatum(request->top_limit);
	/* a timestamptz is the timestamp in UTC */
	nulls[nvalues] = request->range.has_start ? ' ' : 'n';
	values[nvalues++] = TimestampTzGetDatum(request->range.start);
	nulls[nvalues] = request->range.has_end ? ' ' : 'n';
	values[nvalues++] = TimestampTzGetDatum(request->range.end);
	if (query.tables[APP_HISTORY])
	{
		values[nvalues++] = identifier_bind(request->tenant_id,
											&history.columns[HISTORY_TENANT_ID]);
		values[nvalues++] = TimestampTzGetDatum(request->range.start);
		values[nvalues++] = TimestampTzGetDatum(request->range.end);
	}
	values[nvalues++] = identifier_bind(request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	if (request->asset_type)
		values[nvalues++] = asset_type_bind(request->asset_type, &assets->columns[ASSET_TYPE]);

	return DatumGetJsonbP(plan_execute_value(&query, values, nulls));
}

/* ----------
 * build_summary_query builds, with what is in brackets where it is asked for,
 *
 *	SELECT asset_reuse_summary($1, $2, $3, [h.reuses], a.id, ...) FROM assets AS a
 *	[LEFT JOIN (...) AS h ON h.asset_id = a.id]
 *	WHERE a.tenant_id = $n AND a.deleted_at IS NULL [AND a.asset_type = $n+1]
 * ----------
 */
static void
build_summary_query(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const AppTable *history = request->tables[APP_HISTORY];
	StringInfo	sql = &text->sql;
	int			i;

	plan_add_param(text, INT4OID);
	plan_add_param(text, TIMESTAMPOID);
	plan_add_param(text, TIMESTAMPOID);
	appendStringInfoString(sql, "SELECT ");
	plan_append_function(text, request, "asset_reuse_summary");
	appendStringInfo(sql, "($1, $2, $3, %s", history ? "h.reuses" : "NULL");
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
		append_summary_column(text, request, summary_columns[i]);
	appendStringInfoString(sql, ") FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a");
	if (history != NULL)
		append_row_counts(text, history);
	appendStringInfoString(sql, " WHERE ");
	identifier_append_match(text, "a", assets, ASSET_TENANT_ID);
	appendStringInfoString(sql, " AND a.deleted_at IS NULL");
	if (request->shape & SHAPE_BY_TYPE)
	{
		const AppColumn *type = &assets->columns[ASSET_TYPE];

		asset_type_append_filter(text, "a", type,
								 plan_add_param(text, asset_type_param_type(type)));
	}
}

/* ----------
 * append_row_counts appends the join to the assets' rows of the history table:
 *
 *	LEFT JOIN (SELECT h.asset_id, count(*) AS reuses FROM history AS h
 *		WHERE h.tenant_id = $4 AND h.reused_at >= $5 AND h.reused_at < $6
 *		GROUP BY h.asset_id) AS h ON h.asset_id = a.id
 *
 * An index on (tenant_id, reused_at) has all that this takes.
 * ----------
 */
static void
append_row_counts(PlanText *text, const AppTable *history)
{
	Oid			time_type = history->columns[HISTORY_REUSED_AT].type;

	appendStringInfoString(&text->sql, " LEFT JOIN (SELECT h.asset_id, pg_catalog.count(*)"
						   " AS reuses FROM ");
	plan_append_table(text, history);
	appendStringInfoString(&text->sql, " AS h WHERE ");
	identifier_append_match(text, "h", history, HISTORY_TENANT_ID);
	appendStringInfo(&text->sql, " AND h.reused_at OPERATOR(pg_catalog.>=) $%d",
					 plan_add_param(text, time_type));
	appendStringInfo(&text->sql, " AND h.reused_at OPERATOR(pg_catalog.<) $%d"
					 " GROUP BY h.asset_id) AS h ON h.asset_id OPERATOR(pg_catalog.=) a.id",
					 plan_add_param(text, time_type));
}

/*
 * append_summary_column appends an argument: a column, or an untyped null where
 * the table has none.  The document is left out where nobody looks into it.
 */
static void
append_summary_column(PlanText *text, const PlanRequest *request, AssetColumn column)
{
	const AppColumn *c = &request->tables[APP_ASSETS]->columns[column];

	if (!c->present ||
		(column == ASSET_PLATFORM_METADATA && (request->shape & SHAPE_RANGED) == 0))
	{
		appendStringInfoString(&text->sql, ", NULL");
		return;
	}
	appendStringInfo(&text->sql, ", a.%s", app_column_name(APP_ASSETS, column));
	/* the aggregate sorts by id: its collation must win over the other columns' */
	if (column == ASSET_ID)
		identifier_append_collation(text, c);
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
	response_put_text(w, request->asset_type);
	put_date(w, request->range.has_start, request->range.start);
	jsonb_end(w);
}

static void
put_date(JsonbWriter *w, bool given, TimestampTz date)
{
	if (given)
		response_put_time(w, date);
	else
		jsonb_put_null(w);
}
