/*-------------------------------------------------------------------------
 *
 * table_bind.c
 *	  The history table: where it is, and whether it is ours.
 *
 * If asset_reuse_create_history_table has created this table beside the assets, events are
 * stored in it, one row per event.  Every call looks for it, so that all sessions agree on
 * where events are stored.  It is found in the assets' schema whatever the caller's
 * search_path.
 *
 * What is stored in the table runs its triggers and policies with the caller's rights, so a
 * table that somebody else created under that name is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "storage/sinval.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "settings.h"
#include "table_bind.h"
#include "table_elsewhere.h"

/* A column of the history table that must have the type of a column of the assets */
typedef struct SameType
{
	HistoryColumn history;
	AssetColumn asset;
} SameType;

#define HISTORY_KEY \
	((1 << HISTORY_ASSET_ID) | (1 << HISTORY_TENANT_ID) | (1 << HISTORY_REUSED_AT) | (1 << HISTORY_SEQ))

/*
 * The table that has a name, or the fact that there is none.  It is the same in every
 * snapshot to which all transactions before the horizon have ended, until an
 * invalidation of pg_class arrives.
 */
typedef struct NamedTable
{
	bool		known;
	Oid			schema;
	NameData	name;
	Oid			relid;			/* 0: none */
	TransactionId horizon;
} NamedTable;

static const SameType same_types[] = {
	{HISTORY_TENANT_ID, ASSET_TENANT_ID},
	{HISTORY_ASSET_ID, ASSET_ID},
	{HISTORY_REUSED_AT, ASSET_LAST_REUSED_AT},
};

/* Columns that compare byte by byte, as in a document */
static const HistoryColumn bytewise[] = {
	HISTORY_REUSED_IN_TYPE, HISTORY_REUSED_IN_ID, HISTORY_REUSE_KEY
};

static NamedTable named = {0};

static Oid	find_and_lock(const AppTable *assets, LOCKMODE lockmode);
static Oid	find_again(const AppTable *assets, LOCKMODE lockmode);
static bool counts_as_table(char relkind);
static void check_owner(Oid owner, Oid relid);
static Oid	relation_owner(Oid relid);
static void check_is_as_seen(const AppTable *assets, Oid relid);
static Oid	seen_by_snapshot(Oid schema, const char *name);
static void note_named(Oid schema, const char *name, Oid relid);
static void forget_named(Datum arg, int cacheid, uint32 hashvalue);
static void check_is_ours(const AppTable *assets, const AppTable *history);
static void check_same_type(const AppTable *assets, const AppTable *history, const SameType *same);
pg_noreturn static void report_not_ours(const AppTable *history, const char *detail,
										const char *remedy);

/*
 * history_table_bind finds the history table, locks it until the end of the
 * transaction, and describes it in *history; false if there is none.
 *
 * The caller has bound and locked the assets.  If read_only, it reads with the calling query's
 * snapshot.
 *
 * A type or an index under the table's name is disregarded: whoever may create one must not be
 * able to make everybody's calls fail or wait.
 *
 * Errors: 42809 the table of that name is not a history table; 42P01 there is none, and the assets
 * have one of another name; 40001 it was dropped, and perhaps recreated, while the calling query
 * ran, which can then see the events neither there nor in the documents.
 */
bool
history_table_bind(const AppTable *assets, LOCKMODE lockmode, bool read_only,
				   AppTable *history)
{
	Oid			relid = find_and_lock(assets, lockmode);

	if (!OidIsValid(relid))
		relid = find_again(assets, lockmode);
	if (read_only)
		check_is_as_seen(assets, relid);
	if (!OidIsValid(relid))
		return false;
	app_schema_describe(APP_HISTORY, relid, history);
	check_is_ours(assets, history);
	return true;
}

/*
 * find_and_lock finds the relation that has the table's name and locks it; InvalidOid if there is none,
 * or if it is not a table.
 *
 * It works like RangeVarGetRelidExtended, which would also lock relations that are not tables: if
 * there were invalidations meanwhile, the name is resolved again until it refers to what is locked.
 */
static Oid
find_and_lock(const AppTable *assets, LOCKMODE lockmode)
{
	const char *schema = history_table_schema(assets);
	const char *name = history_table_name();
	Oid			locked = InvalidOid;

	for (;;)
	{
		uint64		heard = SharedInvalidMessageCounter;
		Oid			relid = app_relation_find(schema, name, NoLock);

		if (!counts_as_table(get_rel_relkind(relid)))
			relid = InvalidOid;
		if (OidIsValid(relid) && relid == locked)
			return relid;
		if (OidIsValid(locked))
			UnlockRelationOid(locked, lockmode);
		locked = relid;
		if (OidIsValid(relid))
		{
			check_owner(assets->owner, relid);
			app_relation_check_lock(relid, name, lockmode);
			LockRelationOid(relid, lockmode);
		}
		else
			AcceptInvalidationMessages();
		if (heard == SharedInvalidMessageCounter)
			return relid;
	}
}

/*
 * find_again looks once more for the table if the assets have one: it, or a view of it, can have been created since.
 *
 * Error 42P01 if they have one, and not by that name.
 */
static Oid
find_again(const AppTable *assets, LOCKMODE lockmode)
{
	Oid			elsewhere = history_table_elsewhere(assets->relid);
	Oid			relid = OidIsValid(elsewhere) ? find_and_lock(assets, lockmode) : InvalidOid;

	if (OidIsValid(elsewhere) && !OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", history_table_schema(assets), history_table_name()),
				 errdetail("The history table of these assets is \"%s.%s\".",
						   get_namespace_name(get_rel_namespace(elsewhere)), get_rel_name(elsewhere)),
				 errhint("Set %s to its name, or to the name of a view of it.", app_table_setting_name(APP_HISTORY))));
	return relid;
}

/*
 * history_table_find returns the relation that has the history table's name, beside the assets, without
 * a look at its columns or a lock; InvalidOid if there is none.
 *
 * Error 42809, unless missing_ok, if it is not the assets' owner's: to ask for its size could wait for locks of others.
 */
Oid
history_table_find(Oid assets, bool missing_ok)
{
	AppTable	table = {0};
	char	   *schema = get_namespace_name(get_rel_namespace(assets));
	Oid			relid;

	if (schema == NULL)
		return InvalidOid;
	strlcpy(table.schema, schema, NAMEDATALEN);
	relid = app_relation_find(history_table_schema(&table), history_table_name(), NoLock);
	if (!counts_as_table(get_rel_relkind(relid)))
		return InvalidOid;
	if (!missing_ok)
		check_owner(relation_owner(assets), relid);
	return relid;
}

static bool
counts_as_table(char relkind)
{
	switch (relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_FOREIGN_TABLE:
			return true;
		default:
			return false;
	}
}

/* check_owner raises 42809 for another owner's table, before waiting for a lock on it. */
static void
check_owner(Oid owner, Oid relid)
{
	if (relation_owner(relid) == owner)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("relation \"%s\" is not a reuse history table", history_table_name()),
			 errdetail("Its owner is not the owner of the assets."),
			 errhint("If it is the history of these assets, change its owner to that of the assets; otherwise rename it or set %s.",
					 app_table_setting_name(APP_HISTORY))));
}

static Oid
relation_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	/* it may have been dropped concurrently */
	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* history_table_schema returns the schema in which the history table is or would be. */
const char *
history_table_schema(const AppTable *assets)
{
	return history_table_setting->schema[0] ? history_table_setting->schema : assets->schema;
}

/* history_table_name returns the name that the history table has or would have. */
const char *
history_table_name(void)
{
	return history_table_setting->name;
}

/* ----------
 * history_table_put_piece puts what statements over both places have in common:
 *
 *		{element:h}	row h as an element of a document
 *		{stored}	the rows of asset a that have a time in its document, as arrays for
 *					asset_reuse_log_events and similar functions
 *		{stored in range}	those of them with start_date <= time < end_date
 *
 * Few assets have events in both places; each of the others costs an index look-up.  The order
 * is that of the primary key, as in events_move.c.
 * ----------
 */
void
history_table_put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (strcmp(name, "element:h") == 0)
		plan_expand(text, request,
					"{fn:event_element}({utc:h.reused_at}, h.reused_in_type, h.reused_in_id,"
					" h.reused_in_name, h.reuse_key, h.context, h.original)");
	else if (strcmp(name, "stored") == 0)
		plan_expand(text, request,
					"SELECT pg_catalog.array_agg({utc:h.reused_at}) AS times, pg_catalog.array_agg(h.seq) AS seqs,"
					"  pg_catalog.array_agg({element:h}) AS elements"
					" FROM pg_catalog.unnest(CASE WHEN ("
					"   SELECT true FROM {history} AS x WHERE x.asset_id {=} a.id AND x.tenant_id {=} $tenant_id"
					"   ORDER BY x.reused_at, x.seq LIMIT 1)"
					"  THEN {fn:log_times}({doc:a}) END) AS t (reused_at), LATERAL ("
					"  SELECT * FROM {history} AS h WHERE h.asset_id {=} a.id AND h.tenant_id {=} $tenant_id"
					"   AND h.reused_at {=} {utc:t.reused_at} ORDER BY h.reused_at, h.seq) AS h");
	else if (strcmp(name, "stored in range") == 0)
		plan_expand(text, request,
					"{stored} WHERE true{if start_date} AND t.reused_at {>=} $start_date AND t.reused_at {>} '-infinity'{end}"
					"{if end_date} AND t.reused_at {<} $end_date AND t.reused_at {>} '-infinity'{end}");
	else
		elog(ERROR, "template has an unknown name \"%s\"", name);
}

/*
 * check_is_as_seen checks that the table that has the name now, or its absence, is what the
 * calling query's snapshot sees.
 *
 * asset_reuse_drop_history_table puts the events back into the documents, but an
 * older snapshot sees the documents as they were before.
 */
static void
check_is_as_seen(const AppTable *assets, Oid relid)
{
	Oid			schema = get_namespace_oid(history_table_schema(assets), true);
	const char *name = history_table_name();
	bool		known = named.known && named.relid == relid && named.schema == schema &&
		strcmp(NameStr(named.name), name) == 0;
	Oid			seen;

	/* reading pg_class would be a large part of the cost of a short history */
	if (known && TransactionIdFollowsOrEquals(GetActiveSnapshot()->xmin, named.horizon))
		return;
	seen = seen_by_snapshot(schema, name);
	if (OidIsValid(seen) && seen != relid)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not read the reuse history because its table was dropped concurrently"),
				 errhint("Try again.")));
	if (!known)
		note_named(schema, name, relid);
}

/* seen_by_snapshot returns the table of that name in the calling query's snapshot; 0 if there is none. */
static Oid
seen_by_snapshot(Oid schema, const char *name)
{
	Relation	classes;
	SysScanDesc scan;
	ScanKeyData key[2];
	HeapTuple	tuple;
	Oid			seen = InvalidOid;

	ScanKeyInit(&key[0], Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	ScanKeyInit(&key[1], Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	classes = table_open(RelationRelationId, AccessShareLock);
	scan = systable_beginscan(classes, ClassNameNspIndexId, true, GetActiveSnapshot(),
							  lengthof(key), key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple) && counts_as_table(((Form_pg_class) GETSTRUCT(tuple))->relkind))
		seen = ((Form_pg_class) GETSTRUCT(tuple))->oid;
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	return seen;
}

/*
 * note_named notes the table that has that name now.
 *
 * All changes of which an invalidation has arrived were made before the horizon; a later
 * invalidation discards the note.
 */
static void
note_named(Oid schema, const char *name, Oid relid)
{
	static bool registered = false;

	if (!registered)
		CacheRegisterSyscacheCallback(RELNAMENSP, forget_named, (Datum) 0);
	registered = true;
	named.schema = schema;
	namestrcpy(&named.name, name);
	named.relid = relid;
	named.horizon = ReadNextTransactionId();
	named.known = true;
}

static void
forget_named(Datum arg, int cacheid, uint32 hashvalue)
{
	named.known = false;
}

/*
 * check_is_ours raises an error for a table that is not the history table of these assets.
 *
 * Tenants who have views of the assets may also have views of the history.
 */
static void
check_is_ours(const AppTable *assets, const AppTable *history)
{
	int			column;
	Size		i;

	if (history->relkind == RELKIND_FOREIGN_TABLE)
		report_not_ours(history, "It is a foreign table.", NULL);
	for (column = 0; column < HISTORY_NCOLUMNS; column++)
	{
		if (!history->columns[column].present)
			report_not_ours(history, psprintf("It has no column \"%s\" of the right type.",
											  app_column_name(APP_HISTORY, column)), NULL);
	}
	for (i = 0; i < lengthof(same_types); i++)
		check_same_type(assets, history, &same_types[i]);
	for (i = 0; i < lengthof(bytewise); i++)
	{
		if (history->columns[bytewise[i]].collation != C_COLLATION_OID)
			report_not_ours(history, psprintf("Its column \"%s\" does not have the collation \"C\".",
											  app_column_name(APP_HISTORY, bytewise[i])),
							"change the column's collation to \"C\"");
	}
	if (app_column_rounds_time(&history->columns[HISTORY_REUSED_AT]))
		report_not_ours(history, "Its column \"reused_at\" has reduced precision.",
						psprintf("change the column's type to %s",
								 format_type_be(history->columns[HISTORY_REUSED_AT].type)));
	if (history->relkind != RELKIND_VIEW && history->primary_key != HISTORY_KEY)
		report_not_ours(history, "Its primary key is not (asset_id, tenant_id, reused_at, seq).", NULL);
	if (history->relkind != RELKIND_VIEW && !OidIsValid(history->references))
		report_not_ours(history, "Its asset_id has no foreign key.", "add a foreign key that references these assets");
	if (history->relkind != RELKIND_VIEW && history->references != assets->relid && assets->relkind != RELKIND_VIEW)
		report_not_ours(history, psprintf("Its foreign key references table \"%s\".",
										  get_rel_name(history->references)),
						"change its foreign key to reference these assets");
	/* a crash would empty it, and the counts would stay */
	if (get_rel_persistence(history->relid) == RELPERSISTENCE_UNLOGGED &&
		get_rel_persistence(assets->relid) != RELPERSISTENCE_UNLOGGED && assets->relkind != RELKIND_VIEW)
		report_not_ours(history, "It is unlogged, and the assets are not.", "make it logged with ALTER TABLE SET LOGGED");
}

/* check_same_type raises an error if a column does not have the type of the assets' column. */
static void
check_same_type(const AppTable *assets, const AppTable *history, const SameType *same)
{
	const AppColumn *like = &assets->columns[same->asset];

	if (history->columns[same->history].type == like->type &&
		history->columns[same->history].collation != like->collation)
		report_not_ours(history,
						psprintf("The collation of its column \"%s\" differs from that of \"%s\" in the assets.",
								 app_column_name(APP_HISTORY, same->history),
								 app_column_name(APP_ASSETS, same->asset)),
						"change the column's collation to that of the assets' column");
	if (history->columns[same->history].type != like->type)
		report_not_ours(history,
						psprintf("The type of its column \"%s\" differs from that of \"%s\" in the assets.",
								 app_column_name(APP_HISTORY, same->history),
								 app_column_name(APP_ASSETS, same->asset)),
						psprintf("change the column's type to %s", format_type_be(like->type)));
}

/*
 * report_not_ours raises 42809 for a table that only has the history table's name, or for a
 * history table that was altered; remedy says how to repair it, and may be null.
 */
static void
report_not_ours(const AppTable *history, const char *detail, const char *remedy)
{
	const char *setting = app_table_setting_name(APP_HISTORY);

	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("relation \"%s\" is not a reuse history table", history->name),
			 errdetail_internal("%s", detail),
			 remedy != NULL ?
			 errhint("If it is the history of these assets, %s; otherwise rename it or set %s.",
					 remedy, setting) :
			 errhint("Rename the relation or set %s, and use asset_reuse_create_history_table() to create one.",
					 setting)));
}
