/*-------------------------------------------------------------------------
 *
 * log_move.c
 *	  Moving logs from the documents to the history table.
 *
 * One statement stores an asset's movable events as rows and removes from the
 * document those that it has stored.  The assets' rows are locked by a statement
 * before it, so that this one sees what it locks: it would store the events of
 * one version of a row, and remove them from another one.
 *
 * asset_reuse_track moves the log of the asset that it has just updated, and
 * asset_reuse_migrate_history those of many.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/lsyscache.h"

#include "history_table.h"
#include "log_move.h"
#include "plan_cache.h"

/* Shapes of the statement: its parameters are values or arrays of them */
enum
{
	MOVE_ASSET,
	MOVE_ASSETS
};

/* Columns of its result */
enum
{
	RESULT_MOVED,				/* events */
	RESULT_REMOVED,				/* events */
	RESULT_ASSETS,
	RESULT_NCOLUMNS
};

static LogMoved move_logs(const AppTable *assets, const AppTable *history, uint32 shape,
						  Datum asset_ids, Datum tenant_ids, Oid caller);
static int64 result_count(int column);
static void build_move(PlanText *text, const PlanRequest *request);
static void append_movable(PlanText *text, const PlanRequest *request);
static void append_store(PlanText *text, const PlanRequest *request);
static void append_brought_back(PlanText *text, const PlanRequest *request);
static void append_same_event(PlanText *text, const char *alias);
static void append_remove(PlanText *text, const PlanRequest *request);
static void append_utc(PlanText *text, const PlanRequest *request, const char *expression);

/*
 * log_move_asset moves the log of an asset whose row the transaction has updated
 * or locked in an earlier statement, and returns how many events it had to move.
 *
 * The caller is connected to SPI.
 */
int64
log_move_asset(const AppTable *assets, const AppTable *history,
			   Identifier asset_id, Identifier tenant_id, Oid caller)
{
	return move_logs(assets, history, MOVE_ASSET,
					 identifier_bind(asset_id, &assets->columns[ASSET_ID]),
					 identifier_bind(tenant_id, &assets->columns[ASSET_TENANT_ID]), caller).events;
}

/*
 * log_move_assets moves the logs of assets whose rows the transaction has locked in
 * an earlier statement: the n-th of one array is the id, that of the other the tenant,
 * both in the type that identifier_param_type says.
 */
LogMoved
log_move_assets(const AppTable *assets, const AppTable *history,
				Datum asset_ids, Datum tenant_ids, Oid caller)
{
	return move_logs(assets, history, MOVE_ASSETS, asset_ids, tenant_ids, caller);
}

/*
 * move_logs runs the statement.
 *
 * Error 27000 if not all that was stored has been removed, which triggers on the
 * tables can do: the events would be in both places.
 */
static LogMoved
move_logs(const AppTable *assets, const AppTable *history, uint32 shape,
		  Datum asset_ids, Datum tenant_ids, Oid caller)
{
	PlanRequest request = {
		.query = PLAN_MOVE_LOGS,
		.shape = shape,
		.tables = {[APP_ASSETS] = assets, [APP_HISTORY] = history},
		.caller = caller,
		.plan_options = shape == MOVE_ASSETS ? PLAN_BY_BATCH : PLAN_BY_KEY,
		.build = build_move
	};
	Datum		values[] = {asset_ids, tenant_ids};
	LogMoved	moved;

	plan_execute(&request, values, NULL);
	moved.events = result_count(RESULT_MOVED);
	moved.assets = result_count(RESULT_ASSETS);
	if (result_count(RESULT_REMOVED) != moved.events)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not remove events from platform_metadata after storing them in the history table"),
				 errdetail("Stored: " INT64_FORMAT ".  Removed: " INT64_FORMAT ".",
						   moved.events, result_count(RESULT_REMOVED)),
				 errhint("Look at the triggers and rules of tables \"%s\" and \"%s\".",
						 assets->name, history->name)));
	SPI_freetuptable(SPI_tuptable);
	return moved;
}

static int64
result_count(int column)
{
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
									   column + 1, &isnull));
}

/* ----------
 * build_move builds
 *
 *	WITH movable AS MATERIALIZED (
 *		SELECT a.tenant_id, a.id AS asset_id, e.reused_at, e.context
 *		FROM assets AS a CROSS JOIN LATERAL asset_reuse_log_movable(a.platform_metadata) AS e
 *		WHERE a.id = $1 AND a.tenant_id = $2),
 *	stored AS (
 *		INSERT INTO history AS h (tenant_id, asset_id, reused_at, campaign_space_id, context)
 *		SELECT e.tenant_id, e.asset_id, e.reused_at,
 *			asset_reuse_event_campaign(e.context), e.context
 *		FROM movable AS e
 *		ON CONFLICT (tenant_id, asset_id, reused_at) DO NOTHING
 *		RETURNING h.tenant_id, h.asset_id, h.reused_at),
 *	brought_back AS (
 *		SELECT m.tenant_id, m.asset_id, m.reused_at FROM movable AS m
 *		WHERE (SELECT count(*) FROM stored) < (SELECT count(*) FROM movable)
 *			AND NOT EXISTS (SELECT FROM stored AS s
 *				WHERE s.reused_at = m.reused_at AND s.asset_id = m.asset_id AND s.tenant_id = m.tenant_id)
 *			AND EXISTS (SELECT FROM history AS h WHERE h.reused_at = m.reused_at ...
 *				AND (h.context = m.context OR h.context IS NULL AND m.context IS NULL))),
 *	logs AS (
 *		SELECT s.tenant_id, s.asset_id, array_agg(s.reused_at) AS times
 *		FROM (SELECT * FROM stored UNION ALL SELECT * FROM brought_back) AS s
 *		GROUP BY s.tenant_id, s.asset_id),
 *	removed AS (
 *		UPDATE assets AS a
 *		SET platform_metadata = asset_reuse_log_remove(a.platform_metadata, l.times)
 *		FROM logs AS l
 *		WHERE a.id = l.asset_id AND a.tenant_id = l.tenant_id AND a.id = $1
 *		RETURNING l.tenant_id, l.asset_id,
 *			asset_reuse_log_count(a.platform_metadata, true) AS remaining)
 *	SELECT (SELECT COALESCE(sum(cardinality(l.times)), 0) FROM logs AS l),
 *		(SELECT count(*) FROM movable AS m WHERE EXISTS (SELECT FROM removed AS r
 *			WHERE r.asset_id = m.asset_id AND r.tenant_id = m.tenant_id))
 *		- (SELECT COALESCE(sum(r.remaining), 0) FROM removed AS r),
 *		(SELECT count(*) FROM removed)
 *
 * and for many assets
 *
 *		FROM ROWS FROM (unnest($1), unnest($2)) AS k (id, tenant_id)
 *		CROSS JOIN assets AS a CROSS JOIN LATERAL ...
 *		WHERE a.id = k.id AND a.tenant_id = k.tenant_id
 *	...
 *		WHERE ... AND a.id = ANY ($1)
 *
 * Where reused_at has a time zone, it is converted from and to UTC.
 *
 * An event that the table has already, in the same words, was brought back by somebody
 * who saved a document that he had loaded before the move: it goes again.
 *
 * updated_at stays: where an event lives is no change of the asset.  The update's
 * last condition follows from the others; it shows the planner that few rows are meant.
 * ----------
 */
static void
build_move(PlanText *text, const PlanRequest *request)
{
	const AppColumn *columns = request->tables[APP_ASSETS]->columns;
	Oid			id_type = identifier_param_type(&columns[ASSET_ID]);
	Oid			tenant_type = identifier_param_type(&columns[ASSET_TENANT_ID]);
	bool		many = request->shape == MOVE_ASSETS;
	StringInfo	sql = &text->sql;

	plan_add_param(text, many ? get_array_type(id_type) : id_type);
	plan_add_param(text, many ? get_array_type(tenant_type) : tenant_type);

	appendStringInfoString(sql, "WITH movable AS MATERIALIZED (");
	append_movable(text, request);
	appendStringInfoString(sql, "), stored AS (");
	append_store(text, request);
	appendStringInfoString(sql, "), brought_back AS (");
	append_brought_back(text, request);
	appendStringInfoString(sql, "), logs AS (SELECT s.tenant_id, s.asset_id, pg_catalog.array_agg(");
	append_utc(text, request, "s.reused_at");
	appendStringInfoString(sql, ") AS times FROM (SELECT * FROM stored UNION ALL SELECT * FROM brought_back) AS s"
						   " GROUP BY s.tenant_id, s.asset_id), removed AS (");
	append_remove(text, request);
	appendStringInfoString(sql, ") SELECT (SELECT COALESCE(pg_catalog.sum(pg_catalog.cardinality(l.times)), 0)"
						   " FROM logs AS l),"
						   " (SELECT pg_catalog.count(*) FROM movable AS m WHERE EXISTS (SELECT FROM removed AS r"
						   " WHERE r.asset_id OPERATOR(pg_catalog.=) m.asset_id"
						   " AND r.tenant_id OPERATOR(pg_catalog.=) m.tenant_id)) OPERATOR(pg_catalog.-)"
						   " (SELECT COALESCE(pg_catalog.sum(r.remaining), 0) FROM removed AS r),"
						   " (SELECT pg_catalog.count(*) FROM removed)");
}

/* append_movable appends what reads the events from the documents. */
static void
append_movable(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	appendStringInfoString(sql, "SELECT a.tenant_id, a.id AS asset_id, ");
	append_utc(text, request, "e.reused_at");
	appendStringInfoString(sql, " AS reused_at, e.context FROM ");
	if (request->shape == MOVE_ASSETS)
		appendStringInfoString(sql, "ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
							   " AS k (id, tenant_id) CROSS JOIN ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(sql, " AS a CROSS JOIN LATERAL ");
	plan_append_function(text, request, "asset_reuse_log_movable");
	appendStringInfoString(sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb)) AS e WHERE ");
	if (request->shape == MOVE_ASSETS)
		appendStringInfoString(sql, "a.id OPERATOR(pg_catalog.=) k.id"
							   " AND a.tenant_id OPERATOR(pg_catalog.=) k.tenant_id");
	else
		appendStringInfoString(sql, "a.id OPERATOR(pg_catalog.=) $1"
							   " AND a.tenant_id OPERATOR(pg_catalog.=) $2");
}

/* append_store appends what stores the events as rows. */
static void
append_store(PlanText *text, const PlanRequest *request)
{
	history_table_append_insert(text, request);
	appendStringInfoString(&text->sql, "movable AS e"
						   " ON CONFLICT (tenant_id, asset_id, reused_at) DO NOTHING"
						   " RETURNING h.tenant_id, h.asset_id, h.reused_at");
}

/*
 * append_brought_back appends what finds the events that the table has already.
 *
 * Its first condition is decided once: where all events are stored, which is nearly
 * always, nothing more is looked at.
 */
static void
append_brought_back(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	appendStringInfoString(sql, "SELECT m.tenant_id, m.asset_id, m.reused_at FROM movable AS m"
						   " WHERE (SELECT pg_catalog.count(*) FROM stored) OPERATOR(pg_catalog.<)"
						   " (SELECT pg_catalog.count(*) FROM movable)"
						   " AND NOT EXISTS (SELECT FROM stored AS s WHERE ");
	append_same_event(text, "s");
	appendStringInfoString(sql, ") AND EXISTS (SELECT FROM ");
	plan_append_table(text, request->tables[APP_HISTORY]);
	appendStringInfoString(sql, " AS h WHERE ");
	append_same_event(text, "h");
	appendStringInfoString(sql, " AND (h.context OPERATOR(pg_catalog.=) m.context"
						   " OR h.context IS NULL AND m.context IS NULL))");
}

/* append_same_event appends the condition on a row of the same asset and time as m. */
static void
append_same_event(PlanText *text, const char *alias)
{
	appendStringInfo(&text->sql, "%s.tenant_id OPERATOR(pg_catalog.=) m.tenant_id"
					 " AND %s.asset_id OPERATOR(pg_catalog.=) m.asset_id"
					 " AND %s.reused_at OPERATOR(pg_catalog.=) m.reused_at", alias, alias, alias);
}

/* append_remove appends what removes from the documents the events that are stored. */
static void
append_remove(PlanText *text, const PlanRequest *request)
{
	StringInfo	sql = &text->sql;

	appendStringInfoString(sql, "UPDATE ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(sql, " AS a SET platform_metadata = ");
	plan_append_function(text, request, "asset_reuse_log_remove");
	appendStringInfoString(sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb), l.times)"
						   " FROM logs AS l WHERE a.id OPERATOR(pg_catalog.=) l.asset_id"
						   " AND a.tenant_id OPERATOR(pg_catalog.=) l.tenant_id"
						   " AND a.id OPERATOR(pg_catalog.=) ");
	appendStringInfoString(sql, request->shape == MOVE_ASSETS ? "ANY ($1)" : "$1");
	appendStringInfoString(sql, " RETURNING l.tenant_id, l.asset_id, ");
	log_move_append_count(text, request, true);
	appendStringInfoString(sql, " AS remaining");
}

/*
 * log_move_append_count appends how many events of asset a can be moved, or how many have
 * to stay.
 */
void
log_move_append_count(PlanText *text, const PlanRequest *request, bool movable)
{
	plan_append_function(text, request, "asset_reuse_log_count");
	appendStringInfo(&text->sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb), %s)",
					 movable ? "true" : "false");
}

/* append_utc appends a time of the history, or one for it, without its time zone or with one. */
static void
append_utc(PlanText *text, const PlanRequest *request, const char *expression)
{
	plan_append_utc(text, request->tables[APP_HISTORY]->columns[HISTORY_REUSED_AT].type, expression);
}
