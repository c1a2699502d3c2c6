/*-------------------------------------------------------------------------
 *
 * row_queries.c
 *	  The statements of the row functions.
 *
 * All but the last read the events of a tenant's live assets from both places, each
 * in its own way: rows of the history table, where there is one, and what is in
 * the assets' documents.
 *
 *	$1 tenant  $2 since  $3 until  $4 asset  $5 asset type  $6 campaign
 *	$7, $8 type and id of a place of reuse  $9 bucket  $10 created before
 *	$11, $12 bounds of the buckets
 *
 * Pure text; it is in the memory context of the text.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "asset_type.h"
#include "history_table.h"
#include "identifier.h"
#include "row_queries.h"

/* An event without a time, so that it is the last one when the newest comes first */
#define UNTIMED				"'-infinity'"

static void add_params(PlanText *text, const PlanRequest *request);
static void append_events(PlanText *text, const PlanRequest *request);
static void append_document_events(PlanText *text, const PlanRequest *request);
static void append_table_events(PlanText *text, const PlanRequest *request);
static void append_live(PlanText *text, const PlanRequest *request, const char *alias);
static void append_never_reused(PlanText *text, const PlanRequest *request);
static void append_id(PlanText *text, const PlanRequest *request, const char *expression);
static void append_campaign(PlanText *text, const PlanRequest *request, const char *context);
static void append_table_campaign(PlanText *text, const PlanRequest *request);
static void append_campaign_collation(PlanText *text, const PlanRequest *request);
static void append_named_campaign(PlanText *text, const PlanRequest *request);
static void append_place(PlanText *text, const char *key);
static void append_time_bound(PlanText *text, const PlanRequest *request, const char *column,
							  const char *comparison, RowParam param);
static void append_ctr(PlanText *text, const AppTable *assets);
static void append_number(PlanText *text, const AppTable *assets, AssetColumn column);
static void append_text(PlanText *text, const AppTable *assets, AssetColumn column);
static void append_id_answer(PlanText *text, const PlanRequest *request, AssetColumn column,
							 const char *expression);
static void append_time_answer(PlanText *text, Oid type, const char *expression);
static Oid	event_time_type(const PlanRequest *request);
static bool is_streamed(const PlanRequest *request);

/* row_campaign_type returns the type in which events' campaigns are compared. */
Oid
row_campaign_type(const AppTable *spaces)
{
	return spaces->columns[SPACE_ID].type == UUIDOID ? UUIDOID : TEXTOID;
}

/* ----------
 * row_build_events builds
 *
 *	SELECT e.asset_id, e.reused_at, (the place of reuse), (its campaign), e.context
 *	FROM (events) AS e
 *	ORDER BY e.reused_at DESC, e.asset_id, e.place, e.number DESC
 * ----------
 */
void
row_build_events(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	add_params(text, request);
	appendStringInfoString(sql, "SELECT ");
	append_id_answer(text, request, ASSET_ID, "e.asset_id");
	appendStringInfoString(sql, ", ");
	append_time_answer(text, event_time_type(request), "e.reused_at");
	appendStringInfoString(sql, ", ");
	append_place(text, "reused_in_type");
	appendStringInfoString(sql, ", ");
	append_place(text, "reused_in_id");
	appendStringInfoString(sql, ", ");
	append_place(text, "reused_in_name");
	appendStringInfoString(sql, ", ");
	append_named_campaign(text, request);
	appendStringInfoString(sql, ", e.context FROM (");
	append_events(text, request);
	appendStringInfoString(sql, ") AS e"
						   " ORDER BY e.reused_at DESC, e.asset_id, e.place, e.number DESC");
}

/* ----------
 * row_build_timeline builds, in two steps since count(DISTINCT) would sort,
 *
 *	SELECT g.bucket_start, sum(g.reuses), count(*), g.later
 *	FROM (SELECT CASE WHEN e.reused_at >= $11 AND e.reused_at < $12
 *				 THEN date_trunc($9, e.reused_at) END AS bucket_start,
 *			  e.reused_at >= $12 AS later, count(*) AS reuses
 *		  FROM (events) AS e
 *		  WHERE e.reused_at > '-infinity' AND e.reused_at < 'infinity' GROUP BY 1, 2, e.asset_id) AS g
 *	GROUP BY g.bucket_start, g.later ORDER BY g.bucket_start, g.later
 *
 * Events outside of the bounds are counted without a bucket, and come last.
 * ----------
 */
void
row_build_timeline(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	add_params(text, request);
	appendStringInfoString(sql, "SELECT g.bucket_start, CAST(pg_catalog.sum(g.reuses) AS pg_catalog.int8), "
						   "pg_catalog.count(*), g.later FROM (SELECT CASE WHEN ");
	plan_append_utc(text, event_time_type(request), "e.reused_at");
	appendStringInfoString(sql, " OPERATOR(pg_catalog.>=) $11 AND ");
	plan_append_utc(text, event_time_type(request), "e.reused_at");
	appendStringInfoString(sql, " OPERATOR(pg_catalog.<) $12 THEN pg_catalog.date_trunc($9, ");
	plan_append_utc(text, event_time_type(request), "e.reused_at");
	appendStringInfoString(sql, ") END AS bucket_start, ");
	plan_append_utc(text, event_time_type(request), "e.reused_at");
	appendStringInfoString(sql, " OPERATOR(pg_catalog.>=) $12 AS later, pg_catalog.count(*) AS reuses FROM (");
	append_events(text, request);
	appendStringInfoString(sql, ") AS e WHERE e.reused_at OPERATOR(pg_catalog.>) " UNTIMED
						   " AND e.reused_at OPERATOR(pg_catalog.<) 'infinity'"
						   " GROUP BY 1, 2, e.asset_id) AS g"
						   " GROUP BY g.bucket_start, g.later ORDER BY g.bucket_start, g.later");
}

/* ----------
 * row_build_where_used builds
 *
 *	SELECT a.id, a.asset_name, a.asset_type, u.reuses, u.first, u.last
 *	FROM (SELECT e.asset_id, count(*) AS reuses,
 *				 min(e.reused_at) FILTER (WHERE e.reused_at > '-infinity') AS first,
 *				 max(e.reused_at) AS last
 *		  FROM (events) AS e
 *		  WHERE e.campaign = $6 (or: its reused_in_type = $7 AND reused_in_id = $8)
 *		  GROUP BY e.asset_id) AS u
 *	JOIN assets AS a ON a.id = u.asset_id AND (a is live)
 *	ORDER BY u.reuses DESC, u.last DESC, a.id
 * ----------
 */
void
row_build_where_used(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	StringInfo	sql = &text->sql;

	add_params(text, request);
	appendStringInfoString(sql, "SELECT ");
	append_id_answer(text, request, ASSET_ID, "a.id");
	append_text(text, assets, ASSET_NAME);
	append_text(text, assets, ASSET_TYPE);
	appendStringInfoString(sql, ", u.reuses, ");
	append_time_answer(text, event_time_type(request), "u.first");
	appendStringInfoString(sql, ", ");
	append_time_answer(text, event_time_type(request), "u.last");
	appendStringInfoString(sql, " FROM (SELECT e.asset_id, pg_catalog.count(*) AS reuses, "
						   "pg_catalog.min(e.reused_at) "
						   "FILTER (WHERE e.reused_at OPERATOR(pg_catalog.>) " UNTIMED ") AS first, "
						   "pg_catalog.max(e.reused_at) AS last FROM (");
	append_events(text, request);
	appendStringInfoString(sql, ") AS e WHERE ");
	if (request->shape & ROW_HAS(ROW_CAMPAIGN_ID))
		appendStringInfoString(sql, "e.campaign OPERATOR(pg_catalog.=) $6");
	else
	{
		append_place(text, "reused_in_type");
		appendStringInfoString(sql, " OPERATOR(pg_catalog.=) $7 AND ");
		append_place(text, "reused_in_id");
		appendStringInfoString(sql, " OPERATOR(pg_catalog.=) $8");
	}
	appendStringInfoString(sql, " GROUP BY e.asset_id) AS u JOIN ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a ON a.id OPERATOR(pg_catalog.=) u.asset_id AND ");
	append_live(text, request, "a");
	appendStringInfoString(sql, " ORDER BY u.reuses DESC, u.last DESC, a.id");
}

/* ----------
 * row_build_unused builds
 *
 *	SELECT a.id, a.asset_name, a.asset_type, a.created_at, a.impressions, a.clicks,
 *		   m.conversions, m.ctr, a.file_url, a.campaign_space_id
 *	FROM assets AS a, LATERAL (SELECT a.ctr, a.conversions) AS m (ctr, conversions)
 *	WHERE (a is live) AND (never reused) [AND a.created_at < $10]
 *	ORDER BY m.ctr DESC NULLS LAST, m.conversions DESC NULLS LAST, a.id
 * ----------
 */
void
row_build_unused(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	StringInfo	sql = &text->sql;

	add_params(text, request);
	appendStringInfoString(sql, "SELECT ");
	append_id_answer(text, request, ASSET_ID, "a.id");
	append_text(text, assets, ASSET_NAME);
	append_text(text, assets, ASSET_TYPE);
	appendStringInfoString(sql, ", ");
	if (assets->columns[ASSET_CREATED_AT].present)
		append_time_answer(text, assets->columns[ASSET_CREATED_AT].type, "a.created_at");
	else
		appendStringInfoString(sql, "CAST(NULL AS pg_catalog.timestamptz)");
	appendStringInfoString(sql, ", ");
	append_number(text, assets, ASSET_IMPRESSIONS);
	appendStringInfoString(sql, ", ");
	append_number(text, assets, ASSET_CLICKS);
	appendStringInfoString(sql, ", m.conversions, m.ctr");
	append_text(text, assets, ASSET_FILE_URL);
	appendStringInfoString(sql, ", ");
	append_id_answer(text, request, ASSET_CAMPAIGN_SPACE_ID,
					 assets->columns[ASSET_CAMPAIGN_SPACE_ID].present ? "a.campaign_space_id" : "NULL");
	appendStringInfoString(sql, " FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a, LATERAL (SELECT ");
	append_ctr(text, assets);
	appendStringInfoString(sql, ", ");
	append_number(text, assets, ASSET_CONVERSIONS);
	appendStringInfoString(sql, ") AS m (ctr, conversions) WHERE ");
	append_live(text, request, "a");
	append_never_reused(text, request);
	if (request->shape & ROW_HAS(ROW_CREATED_BEFORE))
		append_time_bound(text, request, "a.created_at", "<", ROW_CREATED_BEFORE);
	appendStringInfoString(sql, " ORDER BY m.ctr DESC NULLS LAST, "
						   "m.conversions DESC NULLS LAST, a.id");
}

/* add_params declares the parameters, each in the type of what it is compared with. */
static void
add_params(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const AppTable *spaces = request->tables[APP_SPACES];

	plan_add_param(text, identifier_param_type(&assets->columns[ASSET_TENANT_ID]));
	plan_add_param(text, TIMESTAMPOID);
	plan_add_param(text, TIMESTAMPOID);
	plan_add_param(text, identifier_param_type(&assets->columns[ASSET_ID]));
	plan_add_param(text, asset_type_param_type(&assets->columns[ASSET_TYPE]));
	plan_add_param(text, row_campaign_type(spaces));
	plan_add_param(text, TEXTOID);
	plan_add_param(text, TEXTOID);
	plan_add_param(text, TEXTOID);
	plan_add_param(text, TIMESTAMPOID);
	plan_add_param(text, TIMESTAMPOID);
	plan_add_param(text, TIMESTAMPOID);
}

/*
 * append_events appends a query for the events of the tenant's live assets: asset_id,
 * reused_at, place and number (from what is shown first to what comes later at equal
 * times), campaign and context.
 */
static void
append_events(PlanText *text, const PlanRequest *request)
{
	append_document_events(text, request);
	if (request->tables[APP_HISTORY])
	{
		appendStringInfoString(&text->sql, " UNION ALL (");
		append_table_events(text, request);
		appendStringInfoChar(&text->sql, ')');
	}
}

/* ----------
 * append_document_events appends
 *
 *	SELECT d.asset_id, coalesce((d.event).reused_at, '-infinity') AS reused_at,
 *		   0 AS place, (d.event).event_number AS number,
 *		   (the campaign) AS campaign, (d.event).context AS context
 *	FROM (SELECT a.id AS asset_id,
 *				 asset_reuse_log_events(a.platform_metadata, $2, $3) AS event
 *		  FROM assets AS a WHERE (a is live)) AS d
 *
 * In the list, the function costs the many assets without events next to nothing.
 * ----------
 */
static void
append_document_events(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	appendStringInfoString(sql, "SELECT d.asset_id, COALESCE(");
	plan_append_utc(text, event_time_type(request), "(d.event).reused_at");
	appendStringInfoString(sql, ", " UNTIMED ") AS reused_at, "
						   "0 AS place, (d.event).event_number AS number, ");
	append_campaign(text, request, "(d.event).context");
	appendStringInfoString(sql, " AS campaign, (d.event).context AS context FROM (SELECT ");
	append_id(text, request, "a.id");
	appendStringInfoString(sql, " AS asset_id, ");
	plan_append_function(text, request, "asset_reuse_log_events");
	appendStringInfoString(sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb), $2, $3)"
						   " AS event FROM ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(sql, " AS a WHERE ");
	append_live(text, request, "a");
	appendStringInfoString(sql, ") AS d");
}

/* ----------
 * append_table_events appends
 *
 *	SELECT h.asset_id, h.reused_at, 1, 0, h.campaign_space_id, h.context
 *	FROM history AS h,
 *		 LATERAL (SELECT FROM assets AS a WHERE a.id = h.asset_id AND (a is live)) AS live
 *	WHERE h.tenant_id = $1 [AND h.asset_id = $4] [AND h.reused_at >= $2] [AND h.reused_at < $3]
 *
 * Where events are streamed, this has to come in order without a sort that reads them
 * all.  So the order is asked for here already; OFFSET 0 makes the look at the
 * asset a look-up for each row, which keeps an index's order; and the planner takes
 * it for granted that of a limit it cannot know a tenth is read, and then prefers
 * the index to the sort.
 * ----------
 */
static void
append_table_events(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;
	bool		streamed = is_streamed(request);

	appendStringInfoString(sql, "SELECT ");
	append_id(text, request, "h.asset_id");
	appendStringInfoString(sql, ", h.reused_at, 1, 0, ");
	append_table_campaign(text, request);
	appendStringInfoString(sql, ", h.context FROM ");
	plan_append_table(text, request->tables[APP_HISTORY]);
	appendStringInfoString(sql, " AS h, LATERAL (SELECT FROM ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(sql, " AS a WHERE a.id OPERATOR(pg_catalog.=) h.asset_id AND ");
	append_live(text, request, "a");
	appendStringInfo(sql, "%s) AS live WHERE h.tenant_id OPERATOR(pg_catalog.=) $1",
					 streamed ? " OFFSET 0" : "");
	if (request->shape & ROW_HAS(ROW_ASSET_ID))
		appendStringInfoString(sql, " AND h.asset_id OPERATOR(pg_catalog.=) $4");
	if (request->shape & ROW_HAS(ROW_SINCE))
		append_time_bound(text, request, "h.reused_at", ">=", ROW_SINCE);
	if (request->shape & ROW_HAS(ROW_UNTIL))
		append_time_bound(text, request, "h.reused_at", "<", ROW_UNTIL);
	if (streamed)
		appendStringInfoString(sql, " ORDER BY 2 DESC"
							   " LIMIT (SELECT CAST(NULL AS pg_catalog.int8))");
}

/* append_live appends the condition on an asset that is asked for. */
static void
append_live(PlanText *text, const PlanRequest *request, const char *alias)
{
	appendStringInfo(&text->sql, "%s.tenant_id OPERATOR(pg_catalog.=) $1 AND %s.deleted_at IS NULL",
					 alias, alias);
	if (request->shape & ROW_HAS(ROW_ASSET_ID))
		appendStringInfo(&text->sql, " AND %s.id OPERATOR(pg_catalog.=) $4", alias);
	if (request->shape & ROW_HAS(ROW_ASSET_TYPE))
		asset_type_append_filter(text, alias, &request->tables[APP_ASSETS]->columns[ASSET_TYPE],
								 ROW_ASSET_TYPE + 1);
}

/* append_never_reused appends the condition that nothing says of a reuse of asset a. */
static void
append_never_reused(PlanText *text, const PlanRequest *request)
{
	appendStringInfoString(&text->sql, " AND COALESCE(a.reused_count, 0) OPERATOR(pg_catalog.<=) 0"
						   " AND NOT EXISTS (SELECT FROM ");
	plan_append_function(text, request, "asset_reuse_log_events");
	appendStringInfoString(&text->sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb), $2, $3))");
	if (request->tables[APP_HISTORY])
	{
		appendStringInfoString(&text->sql, " AND NOT EXISTS (SELECT FROM ");
		plan_append_table(text, request->tables[APP_HISTORY]);
		appendStringInfoString(&text->sql, " AS h WHERE h.tenant_id OPERATOR(pg_catalog.=) $1"
							   " AND h.asset_id OPERATOR(pg_catalog.=) a.id)");
	}
}

/* append_id appends an asset's id, alike in both places and sorted as the column is. */
static void
append_id(PlanText *text, const PlanRequest *request, const char *expression)
{
	const AppColumn *id = &request->tables[APP_ASSETS]->columns[ASSET_ID];

	if (id->type == UUIDOID)
		appendStringInfo(&text->sql, "CAST(%s AS pg_catalog.uuid)", expression);
	else
		appendStringInfo(&text->sql, "CAST(%s AS pg_catalog.text)", expression);
	identifier_append_collation(text, id);
}

/* append_campaign appends the id of the campaign that a context names, to be compared. */
static void
append_campaign(PlanText *text, const PlanRequest *request, const char *context)
{
	history_table_append_campaign(text, request, row_campaign_type(request->tables[APP_SPACES]),
								  context);
	append_campaign_collation(text, request);
}

/*
 * append_table_campaign appends the same from the history table's own column, which
 * has an index; unless the campaigns' ids have become another type since.
 */
static void
append_table_campaign(PlanText *text, const PlanRequest *request)
{
	const AppColumn *column = &request->tables[APP_HISTORY]->columns[HISTORY_CAMPAIGN_SPACE_ID];
	Oid			type = row_campaign_type(request->tables[APP_SPACES]);

	if ((column->type == UUIDOID) != (type == UUIDOID))
	{
		append_campaign(text, request, "h.context");
		return;
	}
	appendStringInfo(&text->sql, "CAST(h.campaign_space_id AS %s)",
					 type == UUIDOID ? "pg_catalog.uuid" : "pg_catalog.text");
	append_campaign_collation(text, request);
}

/* append_campaign_collation has both places' campaigns compared as the index does. */
static void
append_campaign_collation(PlanText *text, const PlanRequest *request)
{
	if (request->tables[APP_HISTORY] && row_campaign_type(request->tables[APP_SPACES]) != UUIDOID)
		identifier_append_collation(text,
									&request->tables[APP_HISTORY]->columns[HISTORY_CAMPAIGN_SPACE_ID]);
}

/* append_named_campaign appends the id of the campaign that event e names, to be returned. */
static void
append_named_campaign(PlanText *text, const PlanRequest *request)
{
	bool		uuid = (request->shape & ROW_AS_UUID) != 0 ||
		row_campaign_type(request->tables[APP_SPACES]) == UUIDOID;

	appendStringInfoString(&text->sql, "CAST(");
	history_table_append_campaign(text, request, uuid ? UUIDOID : TEXTOID, "e.context");
	appendStringInfo(&text->sql, " AS %s)",
					 request->shape & ROW_AS_UUID ? "pg_catalog.uuid" : "pg_catalog.text");
}

/*
 * append_place appends one of the reused_in_* keys of event e: a string, or a number or
 * boolean as text; null for anything else.
 */
static void
append_place(PlanText *text, const char *key)
{
	appendStringInfo(&text->sql, "CASE WHEN "
					 "pg_catalog.jsonb_typeof(e.context OPERATOR(pg_catalog.->) '%s') "
					 "OPERATOR(pg_catalog.=) ANY (CAST('{string,number,boolean}' AS pg_catalog.text[])) "
					 "THEN e.context OPERATOR(pg_catalog.->>) '%s' END", key, key);
}

/* append_time_bound appends " AND column >= $n", with a time in the column's type. */
static void
append_time_bound(PlanText *text, const PlanRequest *request, const char *column,
				  const char *comparison, RowParam param)
{
	const AppColumn *columns = request->tables[APP_ASSETS]->columns;
	Oid			type = param == ROW_CREATED_BEFORE ? columns[ASSET_CREATED_AT].type :
		event_time_type(request);

	appendStringInfo(&text->sql, type == TIMESTAMPTZOID ?
					 " AND %s OPERATOR(pg_catalog.%s) pg_catalog.timezone('UTC', $%d)" :
					 " AND %s OPERATOR(pg_catalog.%s) $%d", column, comparison, param + 1);
}

/* append_ctr appends an asset's ctr, computed where it has none but what that takes. */
static void
append_ctr(PlanText *text, const AppTable *assets)
{
	if (assets->columns[ASSET_CTR].present || !assets->columns[ASSET_CLICKS].present ||
		!assets->columns[ASSET_IMPRESSIONS].present)
	{
		append_number(text, assets, ASSET_CTR);
		return;
	}
	appendStringInfoString(&text->sql, "CASE WHEN ");
	append_number(text, assets, ASSET_IMPRESSIONS);
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog.>) 0 THEN pg_catalog.trim_scale("
						   "pg_catalog.round(100 OPERATOR(pg_catalog.*) ");
	append_number(text, assets, ASSET_CLICKS);
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog./) ");
	append_number(text, assets, ASSET_IMPRESSIONS);
	appendStringInfoString(&text->sql, ", 2)) END");
}

/* append_number appends a column's number; null if it is none, as NaN and infinity are. */
static void
append_number(PlanText *text, const AppTable *assets, AssetColumn column)
{
	const char *name = app_column_name(APP_ASSETS, column);

	switch (assets->columns[column].present ? assets->columns[column].type : InvalidOid)
	{
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			appendStringInfo(&text->sql, "CASE WHEN a.%s OPERATOR(pg_catalog.>) '-Infinity' "
							 "AND a.%s OPERATOR(pg_catalog.<) 'Infinity' "
							 "THEN CAST(a.%s AS pg_catalog.numeric) END", name, name, name);
			break;
		case InvalidOid:
			appendStringInfoString(&text->sql, "CAST(NULL AS pg_catalog.numeric)");
			break;
		default:
			appendStringInfo(&text->sql, "CAST(a.%s AS pg_catalog.numeric)", name);
	}
}

/* append_text appends a comma and a column as text; null where the table has none such. */
static void
append_text(PlanText *text, const AppTable *assets, AssetColumn column)
{
	appendStringInfoString(&text->sql, ", ");
	if (assets->columns[column].present)
		plan_append_text(text, &assets->columns[column],
						 psprintf("a.%s", app_column_name(APP_ASSETS, column)));
	else
		appendStringInfoString(&text->sql, "CAST(NULL AS pg_catalog.text)");
}

/* append_id_answer appends an id of that column in the type that the function returns. */
static void
append_id_answer(PlanText *text, const PlanRequest *request, AssetColumn column,
				 const char *expression)
{
	if ((request->shape & ROW_AS_UUID) == 0)
	{
		appendStringInfo(&text->sql, "CAST(%s AS pg_catalog.text)", expression);
		return;
	}
	if (request->tables[APP_ASSETS]->columns[column].type == UUIDOID)
	{
		appendStringInfo(&text->sql, "CAST(%s AS pg_catalog.uuid)", expression);
		return;
	}
	plan_append_function(text, request, "asset_reuse_uuid_of");
	appendStringInfo(&text->sql, "(CAST(%s AS pg_catalog.text), '%s')", expression,
					 app_column_name(APP_ASSETS, column));
}

/* append_time_answer appends a time of that type as timestamptz; null for no time. */
static void
append_time_answer(PlanText *text, Oid type, const char *expression)
{
	appendStringInfo(&text->sql, type == TIMESTAMPTZOID ?
					 "CASE WHEN %s OPERATOR(pg_catalog.>) " UNTIMED " THEN %s END" :
					 "CASE WHEN %s OPERATOR(pg_catalog.>) " UNTIMED
					 " THEN pg_catalog.timezone('UTC', %s) END", expression, expression);
}

/* event_time_type returns the type of events' times, that of the table's. */
static Oid
event_time_type(const PlanRequest *request)
{
	return request->tables[APP_ASSETS]->columns[ASSET_LAST_REUSED_AT].type;
}

static bool
is_streamed(const PlanRequest *request)
{
	return request->query == PLAN_EVENTS;
}
