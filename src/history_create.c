/*-------------------------------------------------------------------------
 *
 * history_create.c
 *	  asset_reuse_create_history_table: from now on, events are rows.
 *
 * The table is an ordinary one of the application's.  It is made of the types, and for
 * the owner, of the assets table beside it.
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "history_ddl.h"
#include "history_rights.h"
#include "history_table.h"

PG_FUNCTION_INFO_V1(asset_reuse_create_history_table);

static bool wants_months(FunctionCallInfo fcinfo);
static void check_name_is_free(const AppTable *assets);
static void create_table(const AppTable *assets, const AppTable *spaces, bool by_month,
						 AppTable *history);
static char *table_definition(const AppTable *assets, const AppTable *spaces, bool by_month);
static void append_column(StringInfo sql, const char *name, const AppColumn *like,
						  int32 typmod);
static void create_indexes(const AppTable *assets, const char *table);
static void create_comments(const char *table);
static void create_partitions(const AppTable *history);
static void create_default_partition(const AppTable *history);
static void create_months(const AppTable *history, Partman partman);

/*
 * asset_reuse_create_history_table(partition_by) creates the history table beside the
 * assets, unless it is there, and returns it.
 */
Datum
asset_reuse_create_history_table(PG_FUNCTION_ARGS)
{
	bool		by_month = wants_months(fcinfo);
	AppTable	assets;
	AppTable	spaces;
	AppTable	history;

	SPI_connect();
	history_ddl_bind_assets(ShareRowExclusiveLock, &assets);
	if (history_ddl_bind_table(&assets, AccessShareLock, &history))
		ereport(NOTICE,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists, skipping", history.name)));
	else
	{
		DdlState	state;

		check_name_is_free(&assets);
		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		state = ddl_enter(assets.owner);
		create_table(&assets, &spaces, by_month, &history);
		ddl_leave(state);
		if (by_month)
			create_partitions(&history);
	}
	SPI_finish();
	PG_RETURN_OID(history.relid);
}

/* wants_months reads partition_by: null for one table, 'month' for one a month. */
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
				 errhint("Give 'month', or null for one table.")));
	return true;
}

/*
 * check_name_is_free raises 42710 if something that is no table has the table's name.
 */
static void
check_name_is_free(const AppTable *assets)
{
	const char *name = history_table_name();
	Oid			schema = get_namespace_oid(history_table_schema(assets), false);
	ObjectAddress taken;

	ObjectAddressSet(taken, RelationRelationId, get_relname_relid(name, schema));
	if (!OidIsValid(taken.objectId))
		ObjectAddressSet(taken, TypeRelationId,
						 GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
										 ObjectIdGetDatum(schema)));
	if (OidIsValid(taken.objectId))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("cannot create the history table because its name is taken"),
				 errdetail("There is already %s.", getObjectDescription(&taken, false)),
				 errhint("Rename it, or set %s to another name.", app_table_setting_name(APP_HISTORY))));
}

/* create_table creates all of the history table and describes it. */
static void
create_table(const AppTable *assets, const AppTable *spaces, bool by_month, AppTable *history)
{
	char	   *name = quote_qualified_identifier(history_table_schema(assets), history_table_name());
	Oid			relid;

	ddl_run(table_definition(assets, spaces, by_month));
	create_indexes(assets, name);
	create_comments(name);

	relid = get_relname_relid(history_table_name(),
							  get_namespace_oid(history_table_schema(assets), false));
	app_schema_describe(APP_HISTORY, relid, history);
	history_rights_clear(relid);
	history_rights_copy(assets, history);
}

/* ----------
 * table_definition writes, with the types of the application's own columns,
 *
 *	CREATE TABLE history (
 *		tenant_id varchar(36), asset_id varchar(36), reused_at timestamp,
 *		campaign_space_id text, context jsonb,
 *		PRIMARY KEY (tenant_id, asset_id, reused_at),
 *		FOREIGN KEY (asset_id) REFERENCES assets (id) ON UPDATE CASCADE ON DELETE CASCADE)
 *
 * The time has all microseconds, whatever precision last_reused_at has.  A campaign's id is a
 * text, unless it is a uuid: the event may name one that never was, and it is to compare as it
 * does in a document.
 * ----------
 */
static char *
table_definition(const AppTable *assets, const AppTable *spaces, bool by_month)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (",
					 quote_qualified_identifier(history_table_schema(assets), history_table_name()));
	append_column(&sql, "tenant_id", &assets->columns[ASSET_TENANT_ID],
				  assets->columns[ASSET_TENANT_ID].typmod);
	append_column(&sql, "asset_id", &assets->columns[ASSET_ID], assets->columns[ASSET_ID].typmod);
	append_column(&sql, "reused_at", &assets->columns[ASSET_LAST_REUSED_AT], -1);
	appendStringInfo(&sql, "campaign_space_id %s, ",
					 spaces->columns[SPACE_ID].type == UUIDOID ? "uuid" : "text");
	appendStringInfoString(&sql, "context jsonb, PRIMARY KEY (tenant_id, asset_id, reused_at), ");
	appendStringInfo(&sql,
					 history_ddl_key_is_id(assets) ?
					 "FOREIGN KEY (asset_id) REFERENCES %s (id)" :
					 "FOREIGN KEY (tenant_id, asset_id) REFERENCES %s (tenant_id, id)",
					 ddl_name(assets));
	appendStringInfoString(&sql, " ON UPDATE CASCADE ON DELETE CASCADE)");
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

/*
 * create_indexes creates what the primary key, an asset's timeline, does not serve: a
 * tenant's range of time, and a campaign's assets, both without a look at the rows.
 *
 * Where ids have any length, a campaign's and an asset's may together be too long for
 * an index, and then no event of the asset could be stored.
 */
static void
create_indexes(const AppTable *assets, const char *table)
{
	const AppColumn *id = &assets->columns[ASSET_ID];
	bool		is_short = id->typmod >= 0 || id->type == UUIDOID || id->type == NAMEOID;

	ddl_run(psprintf("CREATE INDEX ON %s (tenant_id, reused_at) INCLUDE (asset_id)", table));
	ddl_run(psprintf("CREATE INDEX ON %s (tenant_id, campaign_space_id, reused_at)%s "
					 "WHERE campaign_space_id IS NOT NULL", table, is_short ? " INCLUDE (asset_id)" : ""));
}

static void
create_comments(const char *table)
{
	static const struct
	{
		const char *column;
		const char *comment;
	}			comments[] = {
		{"tenant_id", "The tenant of the asset."},
		{"asset_id", "The asset that was reused."},
		{"reused_at", "When it was reused; without a time zone it is UTC."},
		{"campaign_space_id", "The campaign that the context names as the place of reuse, if it names one."},
		{"context", "What is known of the reuse: reused_in_type, reused_in_id, reused_in_name and more."},
	};
	Size		i;

	ddl_run(psprintf("COMMENT ON TABLE %s IS %s", table,
					 quote_literal_cstr("Reuses of assets, a row for each: created by asset_reuse_create_history_table(), "
										"written by asset_reuse_track().  asset_reuse_drop_history_table() puts them "
										"back into the assets' platform_metadata.")));
	for (i = 0; i < lengthof(comments); i++)
		ddl_run(psprintf("COMMENT ON COLUMN %s.%s IS %s", table, comments[i].column,
						 quote_literal_cstr(comments[i].comment)));
}

/*
 * create_partitions gives a partitioned history table its partitions: months that
 * pg_partman keeps ahead, or else one for all.
 */
static void
create_partitions(const AppTable *history)
{
	DdlState	state = ddl_enter(GetUserId());
	Partman		partman = history_ddl_find_partman();

	if (partman.schema == NULL)
		create_default_partition(history);
	else
		create_months(history, partman);
	ddl_leave(state);
}

static void
create_default_partition(const AppTable *history)
{
	Oid			schema = get_namespace_oid(history->schema, false);
	char	   *name = ChooseRelationName(history->name, NULL, "default", schema, false);
	DdlState	state = ddl_enter(history->owner);

	ddl_run(psprintf("CREATE TABLE %s PARTITION OF %s DEFAULT",
					 quote_qualified_identifier(history->schema, name), ddl_name(history)));
	history_rights_clear(get_relname_relid(name, schema));
	ddl_leave(state);
}

/*
 * create_months has pg_partman create the partitions.
 *
 * This takes rights on pg_partman, which the caller may have and the owner may not.
 * So the caller creates the partitions, and hands them over.
 */
static void
create_months(const AppTable *history, Partman partman)
{
	SPITupleTable *rows;
	uint64		i;

	/* it takes the table's name unquoted */
	ddl_query(psprintf("SELECT %s.create_parent(p_parent_table => %s, p_control => 'reused_at', "
					   "p_type => '%s', p_interval => '1 month')", partman.schema,
					   quote_literal_cstr(psprintf("%s.%s", history->schema, history->name)),
					   partman.range));
	ddl_run_each(psprintf("SELECT format('ALTER TABLE %%s OWNER TO %%s', c.oid::regclass, %u::regrole) "
						  "FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
						  "WHERE i.inhparent = %u AND c.relowner <> %u",
						  history->owner, history->relid, history->owner));
	rows = ddl_query(psprintf("SELECT inhrelid FROM pg_inherits WHERE inhparent = %u", history->relid));
	for (i = 0; i < rows->numvals; i++)
		history_rights_clear(atooid(ddl_value(rows, i, 1)));
}
