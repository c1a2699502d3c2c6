/*-------------------------------------------------------------------------
 *
 * table_create.c
 *	  asset_reuse_create_history_table: from then on, events are rows.
 *
 * The table is an ordinary table of the application.  It has the types of the assets table
 * beside it, and the same owner.
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "app_index.h"
#include "table_bind.h"
#include "table_ddl.h"
#include "table_rights.h"

PG_FUNCTION_INFO_V1(asset_reuse_create_history_table);

#define ANY_UUID "([0-9a-f]{4}-?){7}[0-9a-f]{4}"

/* LIKE is there because it is fast: nearly all ids pass it. */
static const char uuid_of_campaign[] =
	"CONSTRAINT uuid_of_campaign CHECK (reused_in_type OPERATOR(pg_catalog.<>) 'campaign_space'"
	" OR reused_in_id OPERATOR(pg_catalog.~~) '________-____-____-____-____________'"
	"  AND reused_in_id OPERATOR(pg_catalog.=) pg_catalog.lower(reused_in_id)"
	" OR reused_in_id OPERATOR(pg_catalog.!~*) '^(" ANY_UUID "|[{]" ANY_UUID "[}])$'), ";

static bool wants_months(FunctionCallInfo fcinfo);
static bool campaigns_have_uuids(void);
static void check_has_no_children(const AppTable *assets);
static void check_is_logged(const AppTable *assets);
static Oid	find_schema(const AppTable *assets);
static void check_name_is_free(Oid schema);
static void create_table(const AppTable *assets, Oid schema, bool by_month, bool uuid_campaigns, AppTable *history);
static void describe_created(const AppTable *assets, Oid schema, AppTable *history);
static char *table_definition(const AppTable *assets, bool by_month, bool uuid_campaigns);
static void append_column(StringInfo sql, const char *name, const AppColumn *like,
						  int32 typmod);
static void distribute(const AppTable *assets, const AppTable *history);
static void create_indexes(const AppTable *history);
static int	count_indexes(Oid relid);
static void create_log_index(const AppTable *assets);
static void create_comments(const AppTable *history);
static void create_partitions(const AppTable *history);
static void create_default_partition(const AppTable *history);
static void create_months(const AppTable *history, Partman partman);

/*
 * asset_reuse_create_history_table(partition_by) creates the history table beside the
 * assets, unless it is there, and returns its name.
 */
Datum
asset_reuse_create_history_table(PG_FUNCTION_ARGS)
{
	bool		by_month = wants_months(fcinfo);
	bool		uuid_campaigns;
	AppTable	assets;
	AppTable	history;

	SPI_connect();
	/* before others wait for the lock on the assets */
	uuid_campaigns = campaigns_have_uuids();
	table_ddl_bind_assets(ShareRowExclusiveLock, &assets);
	if (table_ddl_bind_table(&assets, AccessShareLock, &history))
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", history.name)));
	else
	{
		Oid			schema = find_schema(&assets);
		DdlState	state;

		check_has_no_children(&assets);
		if (by_month)
			check_is_logged(&assets);
		check_name_is_free(schema);
		state = ddl_enter(assets.owner);
		create_table(&assets, schema, by_month, uuid_campaigns, &history);
		if (by_month)
			create_partitions(&history);
		ddl_leave(state);
	}
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(quote_qualified_identifier(history.schema, history.name)));
}

/* wants_months reads partition_by: null for an ordinary table, 'month' for monthly partitions. */
static bool
wants_months(FunctionCallInfo fcinfo)
{
	char	   *partition_by;

	if (PG_ARGISNULL(0))
		return false;
	partition_by = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (strcmp(partition_by, "month") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid partition_by: \"%s\"", partition_by),
				 errhint("Use 'month', or null for an ordinary table.")));
	return true;
}

/* campaigns_have_uuids: is there a table of campaigns, and are their ids uuids? */
static bool
campaigns_have_uuids(void)
{
	Oid			spaces = app_schema_find(APP_SPACES, AccessShareLock);
	AppColumn	id;

	return OidIsValid(spaces) && app_column_inspect(APP_SPACES, SPACE_ID, spaces, &id) == APP_COLUMN_OK &&
		id.type == UUIDOID;
}

/* check_has_no_children raises 42809 if other tables inherit from the assets: the history could not reference their rows. */
static void
check_has_no_children(const AppTable *assets)
{
	if (assets->relkind == RELKIND_RELATION && find_inheritance_children(assets->relid, NoLock) != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot create a history table because tables inherit from \"%s\"", assets->name),
				 errdetail("A foreign key references the rows of one table, without those of its inheritance children."),
				 errhint("Use partitions instead of inheritance.")));
}

/*
 * check_is_logged raises 42809 if the assets are unlogged.  PostgreSQL 18 has no unlogged
 * partitioned tables, and a table that earlier versions made could not be upgraded.
 */
static void
check_is_logged(const AppTable *assets)
{
	if (get_rel_persistence(assets->relid) == RELPERSISTENCE_UNLOGGED)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot partition the history table because \"%s\" is unlogged", assets->name),
				 errdetail("Partitioned tables cannot be unlogged, and logged tables cannot reference unlogged ones."),
				 errhint("Leave out partition_by for an ordinary table, or run ALTER TABLE ... SET LOGGED first.")));
}

/* find_schema returns the schema for the table: the one in the setting, or that of the assets. */
static Oid
find_schema(const AppTable *assets)
{
	const char *schema = history_table_schema(assets);

	return schema == assets->schema ? get_rel_namespace(assets->relid) : get_namespace_oid(schema, false);
}

/*
 * check_name_is_free raises 42710 if something other than a table has the table's name.
 */
static void
check_name_is_free(Oid schema)
{
	const char *name = history_table_name();
	ObjectAddress taken;

	ObjectAddressSet(taken, RelationRelationId, get_relname_relid(name, schema));
	if (!OidIsValid(taken.objectId))
		ObjectAddressSet(taken, TypeRelationId,
						 GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
										 ObjectIdGetDatum(schema)));
	if (OidIsValid(taken.objectId))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("cannot create the history table because its name is in use"),
				 errdetail("There is already %s.", getObjectDescription(&taken, false)),
				 errhint("Rename it, or set %s to another name.", app_table_setting_name(APP_HISTORY))));
}

/* create_table creates all of the history table and describes it. */
static void
create_table(const AppTable *assets, Oid schema, bool by_month, bool uuid_campaigns, AppTable *history)
{
	ddl_run(table_definition(assets, by_month, uuid_campaigns));
	describe_created(assets, schema, history);
	if (assets->distributed)
		distribute(assets, history);
	create_indexes(history);
	create_log_index(assets);
	create_comments(history);
	table_rights_clear(history->relid);
	table_rights_copy(assets, history);
}

/*
 * describe_created describes the table that was just created; error 40001 if another table has its
 * name in the schema, or if it does not reference the assets.
 */
static void
describe_created(const AppTable *assets, Oid schema, AppTable *history)
{
	Oid			relid = get_relname_relid(history_table_name(), schema);
	Relation	relation;
	bool		is_ours;

	if (!OidIsValid(relid))
		app_report_renamed(history_table_name());
	relation = relation_open(relid, AccessShareLock);
	is_ours = relation->rd_createSubid != InvalidSubTransactionId;
	relation_close(relation, AccessShareLock);
	if (is_ours)
		app_schema_describe(APP_HISTORY, relid, history);
	if (!is_ours || history->owner != assets->owner || history->references != assets->relid)
		app_report_renamed(history_table_name());
}

/* ----------
 * table_definition writes, with the types of the application's own columns,
 *
 *	CREATE TABLE history (
 *		tenant_id varchar(36), asset_id varchar(36), reused_at timestamp, seq integer,
 *		reused_in_type text, reused_in_id text, reused_in_name text, reuse_key text,
 *		context jsonb CHECK (an object or a JSON null), original jsonb,
 *		PRIMARY KEY (asset_id, tenant_id, reused_at, seq),
 *		FOREIGN KEY (asset_id) REFERENCES assets (id) ON UPDATE CASCADE ON DELETE CASCADE)
 *
 * where Citus has the assets' rows on several nodes, without ON UPDATE CASCADE, which cannot be there.
 * Times have microseconds, whatever the precision of last_reused_at.  Places are compared byte
 * by byte, as in a document.  The primary key begins with the asset's id, so that it serves the
 * foreign key's search for an asset's rows.
 *
 * If campaigns have uuids, a document names them in any spelling.  An index finds only one, so the
 * constraint uuid_of_campaign lets no row have another.
 * ----------
 */
static char *
table_definition(const AppTable *assets, bool by_month, bool uuid_campaigns)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %s %s (",
					 get_rel_persistence(assets->relid) == RELPERSISTENCE_UNLOGGED ? "UNLOGGED TABLE" : "TABLE",
					 quote_qualified_identifier(history_table_schema(assets), history_table_name()));
	append_column(&sql, "tenant_id", &assets->columns[ASSET_TENANT_ID],
				  assets->columns[ASSET_TENANT_ID].typmod);
	append_column(&sql, "asset_id", &assets->columns[ASSET_ID], assets->columns[ASSET_ID].typmod);
	append_column(&sql, "reused_at", &assets->columns[ASSET_LAST_REUSED_AT], -1);
	appendStringInfoString(&sql, "seq integer DEFAULT 0, reused_in_type text COLLATE \"C\", "
						   "reused_in_id text COLLATE \"C\", reused_in_name text, reuse_key text COLLATE \"C\", "
						   "context jsonb CHECK (pg_catalog.jsonb_typeof(context) OPERATOR(pg_catalog.=) ANY (ARRAY['object', 'null'])), "
						   "original jsonb, PRIMARY KEY (asset_id, tenant_id, reused_at, seq), ");
	if (uuid_campaigns)
		appendStringInfoString(&sql, uuid_of_campaign);
	appendStringInfo(&sql,
					 table_ddl_key_is_id(assets) ?
					 "FOREIGN KEY (asset_id) REFERENCES %s (id)" :
					 "FOREIGN KEY (tenant_id, asset_id) REFERENCES %s (tenant_id, id)",
					 ddl_name(assets));
	appendStringInfo(&sql, "%s ON DELETE CASCADE)", assets->sharded ? "" : " ON UPDATE CASCADE");
	if (by_month)
		appendStringInfoString(&sql, " PARTITION BY RANGE (reused_at)");
	return sql.data;
}

/* append_column appends a column like one of the application's. */
static void
append_column(StringInfo sql, const char *name, const AppColumn *like, int32 typmod)
{
	appendStringInfo(sql, "%s %s", name, format_type_with_typemod(like->type, typmod));
	if (OidIsValid(like->collation) && like->collation != get_typcollation(like->type))
		appendStringInfo(sql, " COLLATE %s", generate_collation_name(like->collation));
	appendStringInfoString(sql, ", ");
}

/* distribute has Citus distribute the table as the assets are, so that an asset's events are with it. */
static void
distribute(const AppTable *assets, const AppTable *history)
{
	ddl_query(psprintf("SELECT create_distributed_table(%s, %s, colocate_with => %s)",
					   quote_literal_cstr(ddl_name(history)), assets->sharded ? "'tenant_id'" : "NULL",
					   quote_literal_cstr(ddl_name(assets))));
}

/*
 * create_indexes creates indexes for what the primary key does not serve: a tenant's range of time
 * (by index-only scans), the assets of a place, and the event with a key.
 *
 * Row-level security is always on, so these indexes have only what leakproof conditions are about.
 */
static void
create_indexes(const AppTable *history)
{
	char	   *table = ddl_name(history);
	int			before = count_indexes(history->relid);

	ddl_run(psprintf("CREATE INDEX ON %s (tenant_id, reused_at) INCLUDE (asset_id)", table));
	ddl_run(psprintf("CREATE INDEX ON %s (tenant_id, " HISTORY_PLACE_KEY_OF("reused_in_id") ")", table));
	ddl_run(psprintf("CREATE INDEX ON %s (tenant_id, asset_id, reuse_key) WHERE reuse_key IS NOT NULL", table));
	if (count_indexes(history->relid) < before + 3)
		app_report_renamed(history->name);
}

static int
count_indexes(Oid relid)
{
	Relation	relation = relation_open(relid, NoLock);
	int			count = list_length(RelationGetIndexList(relation));

	relation_close(relation, NoLock);
	return count;
}

/*
 * create_log_index creates the partial index on the assets whose documents have a log, so that no
 * others have to be opened, unless there is such an index.
 */
static void
create_log_index(const AppTable *assets)
{
	char	   *name;
	Oid			index;

	if (OidIsValid(app_index_find(INDEX_LOGS, assets->relid)))
		return;
	name = ChooseRelationName(assets->name, NULL, "reuse_history_idx",
							  get_rel_namespace(assets->relid), false);
	ddl_run(app_index_statement(INDEX_LOGS, name, ddl_name(assets)));
	index = app_index_find(INDEX_LOGS, assets->relid);
	if (!OidIsValid(index))
		app_report_renamed(assets->name);
	CreateComments(index, RelationRelationId, 0, LOG_INDEX_COMMENT);
}

static void
create_comments(const AppTable *history)
{
	static const struct
	{
		HistoryColumn column;
		const char *comment;
	}			comments[] = {
		{HISTORY_TENANT_ID, "The tenant of the asset."},
		{HISTORY_ASSET_ID, "The asset that was reused."},
		{HISTORY_REUSED_AT, "When it was reused, -infinity if that is not known; without a time zone it is UTC."},
		{HISTORY_SEQ, "Tells the events of an asset that have one time apart."},
		{HISTORY_REUSED_IN_TYPE, "The type of place it was reused in, as the event names it; campaign_space for a campaign."},
		{HISTORY_REUSED_IN_ID, "The id of that place."},
		{HISTORY_REUSED_IN_NAME, "Its name."},
		{HISTORY_REUSE_KEY, "The key that the caller gave for the event to be stored once."},
		{HISTORY_CONTEXT, "What else is known of the reuse; null for nothing."},
		{HISTORY_ORIGINAL, "The event as other software wrote it, where the columns cannot give it back; ignored if it says something else than they do."},
	};
	Size		i;

	CreateComments(history->relid, RelationRelationId, 0,
				   "Reuses of assets, a row for each: created by asset_reuse_create_history_table(), "
				   "written by asset_reuse_track().  asset_reuse_drop_history_table() puts them "
				   "back into the assets' platform_metadata.");
	for (i = 0; i < lengthof(comments); i++)
		CreateComments(history->relid, RelationRelationId, history->columns[comments[i].column].number,
					   comments[i].comment);
}

/*
 * create_partitions creates the partitions of a partitioned history table: months that
 * pg_partman creates in advance, or else a default partition for all events.
 */
static void
create_partitions(const AppTable *history)
{
	Partman		partman = table_ddl_find_partman();
	List	   *partitions;
	ListCell   *cell;

	/* what follows goes by the table's name */
	app_schema_check_name(history);
	if (partman.schema == NULL)
		create_default_partition(history);
	else
		create_months(history, partman);
	partitions = find_inheritance_children(history->relid, NoLock);
	if (partitions == NIL)
		app_report_renamed(history->name);
	foreach(cell, partitions)
		table_rights_close(lfirst_oid(cell));
}

static void
create_default_partition(const AppTable *history)
{
	char	   *name = ChooseRelationName(history->name, NULL, "default",
										  get_rel_namespace(history->relid), false);

	ddl_run(psprintf("CREATE TABLE %s PARTITION OF %s DEFAULT",
					 quote_qualified_identifier(history->schema, name), ddl_name(history)));
}

/*
 * create_months has pg_partman create the partitions, as the owner, who needs privileges on pg_partman.
 *
 * The caller may have these where the owner lacks them, but to create a partition can run the
 * owner's functions, which must not have the caller's rights.
 */
static void
create_months(const AppTable *history, Partman partman)
{
	/* pg_partman knows the table by its unquoted name */
	char	   *name = quote_literal_cstr(psprintf("%s.%s", history->schema, history->name));

	/* it computes the bounds of months in the session's time zone */
	(void) set_config_option("TimeZone", "UTC", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	ddl_query(psprintf("SELECT %s.create_parent(p_parent_table => %s, p_control => 'reused_at', "
					   "p_type => '%s', p_interval => '1 month')", partman.schema, name, partman.range));
	/*
	 * Or else its maintenance would create no more months once there were a few without an event, and all
	 * months until an event of the far future.
	 */
	ddl_run(psprintf("UPDATE %s.part_config SET infinite_time_partitions = true%s WHERE parent_table = %s",
					 partman.schema, partman.can_ignore_default ? ", ignore_default_data = true" : "", name));
}
