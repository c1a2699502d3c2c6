/*-------------------------------------------------------------------------
 *
 * table_drop.c
 *	  asset_reuse_drop_history_table: puts the events back into the documents.
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "plan_cache.h"
#include "table_bind.h"
#include "table_ddl.h"
#include "table_elsewhere.h"

PG_FUNCTION_INFO_V1(asset_reuse_drop_history_table);

static const char see_assets[] = "SELECT FROM {assets} AS a LIMIT 0";

/*
 * The number of events, and the numbers of those that other software wrote and that no element can
 * represent, by what would be lost: their time, unless the element in original has it; everything,
 * because they are too large for a document; or a context that is not an object.  Years are those of
 * UTC; a timestamp without time zone ignores the Z.
 */
static const char count_rows[] =
	"SELECT pg_catalog.count(*),"
	"  pg_catalog.count(*) FILTER (WHERE h.reused_at {>} '-infinity'"
	"   AND (h.reused_at {<} '0001-01-01 00:00Z' OR h.reused_at {>=} '10000-01-01 00:00Z')"
	"   AND NOT ({element:h} {?} 'timestamp')),"
	"  pg_catalog.count(*) FILTER (WHERE {element:h} {=} 'null'"
	"   AND {fn:event_element}({utc:h.reused_at}, h.reused_in_type, h.reused_in_id, h.reused_in_name,"
	"    h.reuse_key, h.context, CAST(NULL AS pg_catalog.jsonb)) {=} 'null'),"
	"  pg_catalog.count(*) FILTER (WHERE pg_catalog.jsonb_typeof(h.context) {<>} ALL (ARRAY['object', 'null']))"
	" FROM {history} AS h";

/*
 * A trigger may have removed the log again, so this returns, for each asset, the number of events that
 * are there now and were not before.
 *
 * These are joins of whole tables; see restore_events.
 */
static const char restore[] =
	"UPDATE {assets} AS a"
	"  SET platform_metadata = {fn:log_restore}({doc:a}, r.times, r.seqs, r.elements)"
	"  FROM (SELECT h.tenant_id, h.asset_id,"
	"    pg_catalog.array_agg({utc:h.reused_at} ORDER BY h.reused_at, h.seq) AS times,"
	"    pg_catalog.array_agg(h.seq ORDER BY h.reused_at, h.seq) AS seqs,"
	"    pg_catalog.array_agg({element:h} ORDER BY h.reused_at, h.seq) AS elements"
	"   FROM {history} AS h GROUP BY h.tenant_id, h.asset_id) AS r,"
	"   {assets} AS before"
	"  WHERE a.id {=} r.asset_id AND a.tenant_id {=} r.tenant_id"
	"   AND before.id {=} a.id AND before.tenant_id {=} a.tenant_id"
	"  RETURNING {fn:log_count}({doc:a})"
	"   {-} {fn:log_count_in}({doc:before}, CAST(NULL AS pg_catalog.timestamp), CAST(NULL AS pg_catalog.timestamp),"
	"    r.times, r.seqs, r.elements)";

/* Sums up what it receives */
typedef struct SumReceiver
{
	DestReceiver receiver;		/* first: it is the receiver itself */
	int64		sum;
} SumReceiver;

static void check_attached(const AppTable *history);
static void check_dependents(const AppTable *history);
static AppTable hide_table(const AppTable *history);
static int64 count_events(const AppTable *assets, const AppTable *history, Oid caller);
static void check_lost(void);
static void restore_events(const AppTable *assets, const AppTable *history, int64 events,
						   Oid caller);
static bool add_to_sum(TupleTableSlot *slot, DestReceiver *receiver);
static void forget_in_partman(const AppTable *history);
static void drop_log_index(const AppTable *assets);

/*
 * asset_reuse_drop_history_table() puts all events back into the documents, drops the
 * history table, and returns the number of events restored.
 */
Datum
asset_reuse_drop_history_table(PG_FUNCTION_ARGS)
{
	AppTable	assets;
	AppTable	history;
	AppTable	hidden;
	int64		events;

	SPI_connect();

	/*
	 * Dropping the foreign key takes this lock anyway.  If it were taken last, it would wait for
	 * transactions that have read the assets, while these wait for us to read the history or to track.
	 */
	table_ddl_bind_assets(AccessExclusiveLock, &assets);
	if (!table_ddl_bind_table(&assets, AccessExclusiveLock, &history))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", history_table_schema(&assets),
						history_table_name()),
				 errdetail("All events are in the documents of the assets."),
				 errhint("asset_reuse_create_history_table() creates the table; %s says where it is.",
						 app_table_setting_name(APP_HISTORY))));
	check_attached(&history);
	check_dependents(&history);
	if (history.relkind == RELKIND_PARTITIONED_TABLE)
		forget_in_partman(&history);
	events = count_events(&assets, &history, fcinfo->flinfo->fn_oid);
	hidden = hide_table(&history);
	restore_events(&assets, &hidden, events, fcinfo->flinfo->fn_oid);
	/* dependents may have been added meanwhile */
	check_dependents(&history);
	ddl_run(psprintf("DROP TABLE %s", ddl_name(&hidden)));
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(history.relid)))
		app_report_renamed(history.name);
	drop_log_index(&assets);
	SPI_finish();
	PG_RETURN_INT64(events);
}

/*
 * check_attached raises 55000 for a partition whose detachment was interrupted: it would be dropped, too, and its
 * rows are not read any more.
 */
static void
check_attached(const AppTable *history)
{
	DdlState	state = ddl_enter(GetUserId());
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT inhparent::regclass, inhrelid::regclass FROM pg_inherits "
							  "WHERE inhdetachpending AND inhparent IN (SELECT relid FROM pg_partition_tree(%u)) LIMIT 1",
							  history->relid));
	if (rows->numvals > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot drop table %s because the detachment of a partition was interrupted", history->name),
				 errdetail("The events in %s are not read any more, and would be lost.", ddl_value(rows, 0, 2)),
				 errhint("Run ALTER TABLE %s DETACH PARTITION %s FINALIZE first.", ddl_value(rows, 0, 1), ddl_value(rows, 0, 2))));
	ddl_leave(state);
}

/*
 * check_dependents raises 2BP01 for other objects that depend on the table: views, functions,
 * foreign keys, and columns of its row type or of arrays of it.
 *
 * DROP TABLE would raise it, too, but would first wait for locks on these objects, which may belong
 * to others.
 */
static void
check_dependents(const AppTable *history)
{
	DdlState	state = ddl_enter(GetUserId());
	SPITupleTable *rows;

	rows = ddl_query(psprintf("WITH ours AS (SELECT c.oid, c.reltype, t.typarray "
							  "    FROM pg_class AS c LEFT JOIN pg_type AS t ON t.oid = c.reltype "
							  "    WHERE c.oid = %u OR c.oid IN (SELECT relid FROM pg_partition_tree(%u))) "
							  "SELECT coalesce(pg_describe_object('pg_class'::regclass, r.ev_class, 0), "
							  "    pg_describe_object(d.classid, d.objid, d.objsubid)) "
							  "FROM pg_depend AS d "
							  "LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid "
							  "LEFT JOIN pg_constraint AS c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid "
							  "LEFT JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid "
							  "LEFT JOIN pg_trigger AS t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid "
							  "LEFT JOIN pg_attrdef AS a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid "
							  "WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM ours) "
							  "        OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT unnest(ARRAY[reltype, typarray]) FROM ours)) "
							  "    AND d.deptype = 'n' AND coalesce(r.ev_class, c.conrelid, p.polrelid, t.tgrelid, a.adrelid, "
							  "        CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END, 0) "
							  "        NOT IN (SELECT oid FROM ours) LIMIT 1", history->relid, history->relid));
	if (rows->numvals > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop table %s because other objects depend on it", history->name),
				 errdetail("%s depends on table %s", ddl_value(rows, 0, 1), history->name),
				 errhint("Drop what depends on it first.")));
	ddl_leave(state);
}

/*
 * hide_table renames the table for the rest of the transaction, and describes the renamed table.
 *
 * Triggers on the assets run while events are put back, and can call asset_reuse_track.  Events
 * that it stored in the table would be lost.
 */
static AppTable
hide_table(const AppTable *history)
{
	AppTable	hidden;
	char		name[NAMEDATALEN];
	uint64		number;

	/* a name that nobody can have taken, because the rename would wait for its holder */
	if (!pg_strong_random(&number, sizeof(number)))
		elog(ERROR, "could not generate a random name");
	snprintf(name, sizeof(name), HISTORY_DROPPED_PREFIX UINT64_FORMAT, number);
	ddl_run(psprintf("ALTER TABLE %s RENAME TO %s", ddl_name(history), quote_identifier(name)));
	CommandCounterIncrement();
	app_schema_describe(APP_HISTORY, history->relid, &hidden);
	if (strcmp(hidden.name, name) != 0)
		app_report_renamed(history->name);
	return hidden;
}

/*
 * count_events counts the events in the table, all of which can be put back.
 *
 * A policy that would hide rows of either table from the caller is an error here, because hidden
 * events would be lost.
 */
static int64
count_events(const AppTable *assets, const AppTable *history, Oid caller)
{
	PlanRequest all_assets = {
		.sql = see_assets,
		.tables[APP_ASSETS] = assets,
		.plan_options = PLAN_BY_TENANT
	};
	PlanRequest all_events = {
		.sql = count_rows,
		.tables[APP_HISTORY] = history,
		.caller = caller,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = history_table_put_piece
	};
	int			guc_level = NewGUCNestLevel();

	(void) set_config_option("row_security", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	plan_execute(&all_assets);
	plan_execute(&all_events);
	AtEOXact_GUC(true, guc_level);
	check_lost();
	return DatumGetInt64(plan_result(0, 1, INT8OID));
}

/* check_lost raises an error for rows that cannot be put back as they are: 22008, 54000 or 23514. */
static void
check_lost(void)
{
	static const struct
	{
		int			sqlstate;
		const char *message;
		const char *rows;
		const char *hint;
	}			kinds[] = {
		{ERRCODE_DATETIME_VALUE_OUT_OF_RANGE, "timestamp out of range",
			"whose reused_at is not in the years 1 to 9999", "Correct the column or delete the rows."},
		{ERRCODE_PROGRAM_LIMIT_EXCEEDED, "cannot put all events back into the assets' documents",
			"that are larger than a document can be", "Shorten their columns or delete the rows."},
		{ERRCODE_CHECK_VIOLATION, "cannot put all events back into the assets' documents",
			"whose context is not an object", "Correct the column or delete the rows."},
	};
	Size		i;

	for (i = 0; i < lengthof(kinds); i++)
	{
		int64		count = DatumGetInt64(plan_result(0, i + 2, INT8OID));

		if (count > 0)
			ereport(ERROR,
					(errcode(kinds[i].sqlstate),
					 errmsg_internal("%s", kinds[i].message),
					 errdetail("Rows of the history table %s: " INT64_FORMAT ".", kinds[i].rows, count),
					 errhint("%s", kinds[i].hint)));
	}
}

/*
 * restore_events stores all events of the history table in the assets' documents.
 *
 * Error 55000 if they are not all there afterwards.
 */
static void
restore_events(const AppTable *assets, const AppTable *history, int64 events, Oid caller)
{
	PlanRequest query = {
		.sql = restore,
		.tables = {[APP_ASSETS] = assets, [APP_HISTORY] = history},
		.caller = caller,
		.plan_options = PLAN_BY_KEY,
		.put_piece = history_table_put_piece
	};
	SumReceiver restored = {.receiver = *None_Receiver};
	int			guc_level = NewGUCNestLevel();

	/*
	 * Where the planner takes an asset for the only one, say for want of statistics, it would make the
	 * documents of all assets anew for each.
	 */
	(void) set_config_option("enable_nestloop", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	restored.receiver.receiveSlot = add_to_sum;
	plan_execute_into(&query, &restored.receiver);
	AtEOXact_GUC(true, guc_level);
	if (restored.sum != events)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("could not put all events back into the assets' documents"),
				 errdetail("Events in the history table: " INT64_FORMAT ".  Put back: " INT64_FORMAT ".",
						   events, restored.sum),
				 errhint("Check whether the table has events of assets that do not exist, "
						 "and whether a trigger or rule keeps assets from being updated.")));
}

static bool
add_to_sum(TupleTableSlot *slot, DestReceiver *receiver)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	/* a function that the statement ran can have replaced it */
	if (isnull || TupleDescAttr(slot->tts_tupleDescriptor, 0)->atttypid != INT8OID)
		plan_report_changed();
	((SumReceiver *) receiver)->sum += DatumGetInt64(value);
	return true;
}

/*
 * forget_in_partman removes the table from pg_partman, and drops the template table that
 * pg_partman created for it, as the owner.
 */
static void
forget_in_partman(const AppTable *history)
{
	DdlState	state = ddl_enter(history->owner);
	Partman		partman = table_ddl_find_partman();
	SPITupleTable *rows;

	if (partman.schema != NULL)
	{
		rows = ddl_query(psprintf("DELETE FROM %s.part_config WHERE parent_table = %s "
								  "RETURNING CASE WHEN split_part(template_table, '.', 2) = %s.check_name_length(%s) "
								  "    THEN format('%%I.%%I', split_part(template_table, '.', 1), split_part(template_table, '.', 2)) END",
								  partman.schema,
								  quote_literal_cstr(psprintf("%s.%s", history->schema, history->name)),
								  partman.schema,
								  quote_literal_cstr(psprintf("template_%s_%s", history->schema, history->name))));
		if (rows->numvals > 0 && ddl_value(rows, 0, 1) != NULL)
			ddl_run(psprintf("DROP TABLE %s", ddl_value(rows, 0, 1)));
	}
	ddl_leave(state);
}

/* drop_log_index drops the index on the assets if it was created with the table, not if the owner created it. */
static void
drop_log_index(const AppTable *assets)
{
	DdlState	state = ddl_enter(GetUserId());

	ddl_run_each(psprintf("SELECT format('DROP INDEX %%s', indexrelid::regclass) FROM pg_index "
						  "WHERE indrelid = %u AND obj_description(indexrelid, 'pg_class') = %s",
						  assets->relid, quote_literal_cstr(LOG_INDEX_COMMENT)));
	ddl_leave(state);
}
