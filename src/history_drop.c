/*-------------------------------------------------------------------------
 *
 * history_drop.c
 *	  asset_reuse_drop_history_table: the events go back into the documents.
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "history_ddl.h"
#include "history_table.h"
#include "log_move.h"
#include "plan_cache.h"

PG_FUNCTION_INFO_V1(asset_reuse_drop_history_table);

/* What a jsonb object or array can hold: the 28 bits of a JEntry's length */
#define MAX_DOCUMENT_SIZE	0x0FFFFFFF

/* A time as events have it: all are of the same length */
#define SOME_EVENT_TIME		"2026-01-22T10:30:00.123456"

/* What an asset's events are found by */
typedef struct AssetKey
{
	const char *columns;		/* of the history table, h */
	const char *match;			/* with the assets, a */
} AssetKey;

static const AssetKey key_by_id = {
	"h.asset_id",
	"a.id OPERATOR(pg_catalog.=) h.asset_id"
};
static const AssetKey key_by_tenant_and_id = {
	"h.tenant_id, h.asset_id",
	"a.tenant_id OPERATOR(pg_catalog.=) h.tenant_id AND a.id OPERATOR(pg_catalog.=) h.asset_id"
};

static int64 put_back(const AppTable *assets, const AppTable *history, Oid caller);
static int64 count_events(const AppTable *history);
static void check_sizes(const AppTable *assets, const AppTable *history, const AssetKey *key);
static int64 restore_events(const AppTable *assets, const AppTable *history,
							const AssetKey *key, Oid caller);
static void build_restore(PlanText *text, const PlanRequest *request);
static void append_count(PlanText *text, const PlanRequest *request);
static void forget_in_partman(const AppTable *history);

/*
 * asset_reuse_drop_history_table() puts all events back into the documents and drops
 * the history table.  It returns how many events they were.
 */
Datum
asset_reuse_drop_history_table(PG_FUNCTION_ARGS)
{
	AppTable	assets;
	AppTable	history;
	int64		events;

	/* an older snapshot would miss events that were stored since, and drop them */
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("cannot drop the history table in a transaction of this isolation level"),
				 errhint("Use READ COMMITTED.")));

	SPI_connect();

	/*
	 * The drop of the foreign key takes this lock anyway.  Taken last, it would wait for transactions
	 * that have read the assets, while these wait for us to read the history or to track.
	 */
	history_ddl_bind_assets(AccessExclusiveLock, &assets);
	if (!history_ddl_bind_table(&assets, AccessExclusiveLock, &history))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", history_table_schema(&assets),
						history_table_name()),
				 errdetail("All events are in the documents of the assets."),
				 errhint("asset_reuse_create_history_table() creates the table; %s says where it is.",
						 app_table_setting_name(APP_HISTORY))));
	events = put_back(&assets, &history, fcinfo->flinfo->fn_oid);
	if (history.relkind == RELKIND_PARTITIONED_TABLE)
		forget_in_partman(&history);
	ddl_run(psprintf("DROP TABLE %s", ddl_name(&history)));
	SPI_finish();
	PG_RETURN_INT64(events);
}

/*
 * put_back stores all events of the history table in the assets' documents and returns
 * how many they are.
 *
 * A policy that would hide rows from the caller is an error here: what is not seen
 * would be lost.
 */
static int64
put_back(const AppTable *assets, const AppTable *history, Oid caller)
{
	int			guc_level = NewGUCNestLevel();
	DdlState	state;
	const AssetKey *key;
	int64		stored;
	int64		restored;

	(void) set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	state = ddl_enter(GetUserId());
	key = history_ddl_key_is_id(assets) ? &key_by_id : &key_by_tenant_and_id;
	stored = count_events(history);
	check_sizes(assets, history, key);
	ddl_leave(state);

	/* triggers on the assets find the caller's search_path */
	restored = restore_events(assets, history, key, caller);
	AtEOXact_GUC(true, guc_level);

	if (restored != stored)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not put all events back into the assets' documents"),
				 errdetail("Events in the history table: " INT64_FORMAT ".  Put back: " INT64_FORMAT ".",
						   stored, restored),
				 errhint("See whether the table has events of assets that do not exist, "
						 "and whether a trigger or rule keeps assets from being updated.")));
	return stored;
}

static int64
count_events(const AppTable *history)
{
	SPITupleTable *rows = ddl_query(psprintf("SELECT count(*) FROM %s", ddl_name(history)));
	bool		isnull;

	return DatumGetInt64(SPI_getbinval(rows->vals[0], rows->tupdesc, 1, &isnull));
}

/*
 * check_sizes raises 54000 if a document would get larger than jsonb can be.
 *
 * An event is measured as it would be stored.  In its array the four bytes for
 * the length of a whole value stand for those of its JEntry, and it begins
 * at a multiple of four.
 */
static void
check_sizes(const AppTable *assets, const AppTable *history, const AssetKey *key)
{
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT (h.size + d.size)::bigint "
							  "FROM (SELECT %s, sum((pg_column_size(jsonb_build_object("
							  "          'context', h.context, 'timestamp', '%s')) + 3) & -4) AS size "
							  "      FROM %s AS h GROUP BY %s) AS h "
							  "JOIN %s AS a ON %s, "
							  "LATERAL (SELECT pg_column_size(jsonb_build_array(a.platform_metadata))) AS d (size) "
							  "WHERE h.size + d.size > %d ORDER BY 1 DESC LIMIT 1",
							  key->columns, SOME_EVENT_TIME, ddl_name(history), key->columns,
							  ddl_name(assets), key->match, MAX_DOCUMENT_SIZE));
	if (rows->numvals > 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cannot put all events back into the assets' documents"),
				 errdetail("The longest value of column \"%s\" would have %s bytes, but jsonb can have no more than %d.",
						   app_column_name(APP_ASSETS, ASSET_PLATFORM_METADATA),
						   ddl_value(rows, 0, 1), MAX_DOCUMENT_SIZE),
				 errhint("Keep the table, or archive the oldest events and delete them from it.")));
}

/* restore_events runs the UPDATE and returns how many events it has put back. */
static int64
restore_events(const AppTable *assets, const AppTable *history,
			   const AssetKey *key, Oid caller)
{
	PlanRequest query = {
		.query = PLAN_RESTORE,
		.shape = key == &key_by_id,
		.tables = {[APP_ASSETS] = assets, [APP_HISTORY] = history},
		.caller = caller,
		.plan_options = PLAN_BY_KEY,
		.build = build_restore
	};
	bool		isnull;

	plan_execute(&query, NULL, NULL);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* ----------
 * build_restore builds, where id alone is an asset's key and times have a zone,
 *
 *	WITH restored AS (
 *		UPDATE assets AS a
 *		SET platform_metadata = asset_reuse_log_restore(a.platform_metadata, h.times, h.contexts)
 *		FROM (SELECT h.asset_id, count(*) AS events,
 *				  array_agg(timezone('UTC', h.reused_at) ORDER BY h.reused_at) AS times,
 *				  array_agg(h.context ORDER BY h.reused_at) AS contexts
 *			  FROM history AS h GROUP BY h.asset_id) AS h,
 *			(SELECT a.tenant_id, a.id, (the number of events) AS events FROM assets AS a) AS before
 *		WHERE a.id = h.asset_id AND before.id = a.id AND before.tenant_id = a.tenant_id
 *		RETURNING (the number of events) - before.events AS events)
 *	SELECT CAST(coalesce(sum(r.events), 0) AS bigint) FROM restored AS r
 *
 * A trigger may have taken the log away again: what is returned are events that are there.
 * ----------
 */
static void
build_restore(PlanText *text, const PlanRequest *request)
{
	const AppTable *history = request->tables[APP_HISTORY];
	const AssetKey *key = request->shape ? &key_by_id : &key_by_tenant_and_id;

	appendStringInfoString(&text->sql, "WITH restored AS (UPDATE ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfoString(&text->sql, " AS a SET platform_metadata = ");
	plan_append_function(text, request, "asset_reuse_log_restore");
	appendStringInfo(&text->sql,
					 "(a.platform_metadata, h.times, h.contexts) FROM (SELECT %s, "
					 "pg_catalog.count(*) AS events, pg_catalog.array_agg(", key->columns);
	plan_append_utc(text, history->columns[HISTORY_REUSED_AT].type, "h.reused_at");
	appendStringInfoString(&text->sql, " ORDER BY h.reused_at) AS times, "
						   "pg_catalog.array_agg(h.context ORDER BY h.reused_at) AS contexts FROM ");
	plan_append_table(text, history);
	appendStringInfo(&text->sql, " AS h GROUP BY %s) AS h, (SELECT a.tenant_id, a.id, ", key->columns);
	append_count(text, request);
	appendStringInfoString(&text->sql, " AS events FROM ");
	plan_append_table(text, request->tables[APP_ASSETS]);
	appendStringInfo(&text->sql, " AS a) AS before WHERE %s AND before.id OPERATOR(pg_catalog.=) a.id"
					 " AND before.tenant_id OPERATOR(pg_catalog.=) a.tenant_id RETURNING ", key->match);
	append_count(text, request);
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog.-) before.events AS events)"
						   " SELECT CAST(coalesce(pg_catalog.sum(r.events), 0) AS pg_catalog.int8) FROM restored AS r");
}

/* append_count appends the number of events in asset a's document. */
static void
append_count(PlanText *text, const PlanRequest *request)
{
	appendStringInfoString(&text->sql, "(COALESCE(");
	log_move_append_count(text, request, true);
	appendStringInfoString(&text->sql, " OPERATOR(pg_catalog.+) ");
	log_move_append_count(text, request, false);
	appendStringInfoString(&text->sql, ", 0))");
}

/*
 * forget_in_partman makes pg_partman forget the table, and the template that
 * pg_partman has made for it.
 */
static void
forget_in_partman(const AppTable *history)
{
	DdlState	state = ddl_enter(GetUserId());
	Partman		partman = history_ddl_find_partman();
	SPITupleTable *rows;

	if (partman.schema != NULL)
	{
		rows = ddl_query(psprintf("DELETE FROM %s.part_config WHERE parent_table = %s "
								  "RETURNING format('%%I.%%I', split_part(template_table, '.', 1), split_part(template_table, '.', 2)), "
								  "    split_part(template_table, '.', 2) = %s.check_name_length(%s)",
								  partman.schema,
								  quote_literal_cstr(psprintf("%s.%s", history->schema, history->name)),
								  partman.schema,
								  quote_literal_cstr(psprintf("template_%s_%s", history->schema, history->name))));
		if (rows->numvals > 0 && strcmp(ddl_value(rows, 0, 2), "t") == 0)
			ddl_run(psprintf("DROP TABLE %s", ddl_value(rows, 0, 1)));
	}
	ddl_leave(state);
}
