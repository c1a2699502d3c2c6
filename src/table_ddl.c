/*-------------------------------------------------------------------------
 *
 * table_ddl.c
 *	  What creating and dropping the history table have in common.
 *
 * Both first lock the assets against writers: running calls of asset_reuse_track finish, and
 * later calls see the new state.  So no event can be stored in the place that has just been
 * given up.
 *
 * Names that catalog functions print and that we put into DDL are only valid under the
 * search_path under which they were printed.  So both steps use a search_path to which nobody
 * else can add anything.  After an error, the end of the (sub)transaction restores what was
 * changed here.
 *
 * The owner of a schema can give its name to another schema at any moment, so that a statement
 * affects a table other than the one that was bound.  So what runs code, a query over the
 * tables, is a template of plan_cache.c; and after a statement has created or dropped something,
 * the catalogs are checked, using the OID of the bound table.
 *
 * Results live until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "app_index.h"
#include "settings.h"
#include "table_bind.h"
#include "table_ddl.h"

/* ms beyond deadlock_timeout, after which an autovacuum gives way */
#define MAX_WAIT			1000

static void check_partman_triggers(const Partman *partman);

/*
 * table_ddl_bind_assets binds the assets table and takes a lock on it that only its owner may
 * take.
 *
 * Errors: those of app_schema_bind; 42809 not a table; 25001 above READ COMMITTED.
 */
void
table_ddl_bind_assets(LOCKMODE lockmode, AppTable *assets)
{
	/* an older snapshot would miss events that were stored since, or privileges that were revoked */
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("cannot create or drop the history table at this isolation level"),
				 errhint("Use READ COMMITTED.")));
	app_schema_bind(APP_ASSETS, lockmode, assets);
	if (assets->relkind != RELKIND_RELATION && assets->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", assets->name),
				 errdetail("The history table references the assets, so they must be in a table."),
				 errhint("Set %s to the table for this call, and %s with a schema permanently.",
						 app_table_setting_name(APP_ASSETS), app_table_setting_name(APP_HISTORY))));
}

/*
 * table_ddl_bind_table finds and locks the history table, like history_table_bind.
 *
 * Errors: those of history_table_bind; 42809 it is a view; 40001 the assets were renamed while
 * waiting for the lock.
 */
bool
table_ddl_bind_table(const AppTable *assets, LOCKMODE lockmode, AppTable *history)
{
	bool		found = history_table_bind(assets, lockmode, false, history);

	app_schema_check_name(assets);
	if (!found)
		return false;
	if (history->relkind == RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", history->name),
				 errhint("Set %s to the table for this call.", app_table_setting_name(APP_HISTORY))));
	return true;
}

/*
 * table_ddl_key_is_id: is an asset's id unique by itself, and not just in its tenant?
 *
 * Error 42830 if it is neither, so that the history cannot reference the assets.
 */
bool
table_ddl_key_is_id(const AppTable *assets)
{
	if (!OidIsValid(app_index_find(INDEX_ASSET_ID, assets->relid)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("relation \"%s\" has no unique constraint on id", assets->name),
				 errdetail("The history table needs one to reference the assets."),
				 errhint("Add a unique constraint on id, or on tenant_id and id.")));
	return app_index_key_is_id(assets->relid);
}

/*
 * table_ddl_find_partman looks for pg_partman, which creates partitions in advance.
 *
 * Anybody may own that extension and its functions, so they are only run if their owner already has
 * the rights of the current user, who is the tables' owner.
 *
 * Error 42501 if a trigger would run somebody else's code.
 */
Partman
table_ddl_find_partman(void)
{
	Partman		partman = {0};
	SPITupleTable *rows;

	/* before version 5 it also supported partitioning by inheritance */
	rows = ddl_query("SELECT e.extnamespace::regnamespace, "
					 "    CASE WHEN split_part(e.extversion, '.', 1)::int >= 5 THEN 'range' ELSE 'native' END, "
					 "    nullif((split_part(e.extversion, '.', 1)::int, split_part(e.extversion, '.', 2)::int) >= (4, 7), false) "
					 "FROM pg_extension AS e WHERE e.extname = 'pg_partman' "
					 "    AND pg_has_role(e.extowner, current_user, 'MEMBER')");
	if (rows->numvals > 0)
	{
		partman.schema = ddl_value(rows, 0, 1);
		partman.range = ddl_value(rows, 0, 2);
		partman.can_ignore_default = ddl_value(rows, 0, 3) != NULL;
		check_partman_triggers(&partman);
	}
	return partman;
}

/*
 * check_partman_triggers raises 42501 if pg_partman's table, in which we store and delete a row, has a trigger of
 * somebody who has not the current user's rights.  The lock keeps others from creating one.
 */
static void
check_partman_triggers(const Partman *partman)
{
	SPITupleTable *rows;

	ddl_run(psprintf("LOCK TABLE %s.part_config IN ROW EXCLUSIVE MODE", partman->schema));
	rows = ddl_query(psprintf("SELECT t.tgname, p.proowner::regrole FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid "
							  "WHERE t.tgrelid = %s::regclass AND NOT t.tgisinternal "
							  "    AND NOT pg_has_role(p.proowner, current_user, 'MEMBER') LIMIT 1",
							  quote_literal_cstr(psprintf("%s.part_config", partman->schema))));
	if (rows->numvals > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot use pg_partman because its table \"part_config\" has a trigger of role %s", ddl_value(rows, 0, 2)),
				 errdetail("Trigger \"%s\" would run with the rights of the assets' owner.", ddl_value(rows, 0, 1)),
				 errhint("Drop the trigger, and revoke TRIGGER on that table.")));
}

/*
 * ddl_enter acts as a role, under a search_path of PostgreSQL's own objects, until
 * ddl_leave.
 *
 * Meanwhile the waits for locks are limited, because all who use the assets wait, too: PostgreSQL waits for
 * a transaction that creates something of the same name, whoever's it is, and pg_partman for its other users.
 *
 * Error 42501 if the caller may not.
 */
DdlState
ddl_enter(Oid role)
{
	DdlState	state;

	GetUserIdAndSecContext(&state.user, &state.security_context);
	require_set_role(state.user, role);
	state.guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	settings_limit_lock_wait(Min(DeadlockTimeout, INT_MAX - MAX_WAIT) + MAX_WAIT);
	/* anything that the role's own code leaves behind would run as the caller */
	SetUserIdAndSecContext(role, state.security_context | SECURITY_LOCAL_USERID_CHANGE |
						   (role != state.user ? SECURITY_RESTRICTED_OPERATION : 0));
	return state;
}

/* ddl_leave restores the role and all settings, including those that other code changed meanwhile. */
void
ddl_leave(DdlState state)
{
	SetUserIdAndSecContext(state.user, state.security_context);
	AtEOXact_GUC(false, state.guc_level);
}

/* ddl_run runs a statement that returns no rows. */
void
ddl_run(const char *statement)
{
	int			result = SPI_execute(statement, false, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
}

/* ddl_query runs a statement that returns rows, and returns them. */
SPITupleTable *
ddl_query(const char *query)
{
	ddl_run(query);
	return SPI_tuptable;
}

/*
 * ddl_run_each runs the statements that a query returns, which are what remains to be done.
 *
 * Error 40001 if anything remains afterwards: the names in them referred to other tables.
 */
void
ddl_run_each(const char *query)
{
	SPITupleTable *rows = ddl_query(query);
	uint64		i;

	for (i = 0; i < rows->numvals; i++)
		ddl_run(ddl_value(rows, i, 1));
	if (rows->numvals > 0 && ddl_query(query)->numvals > 0)
		app_report_renamed(history_table_name());
}

/* ddl_value returns a value of a row as text; null if it is null.  Columns count from 1. */
char *
ddl_value(SPITupleTable *rows, uint64 row, int column)
{
	return SPI_getvalue(rows->vals[row], rows->tupdesc, column);
}

/* ddl_name returns a table's full name. */
char *
ddl_name(const AppTable *table)
{
	return quote_qualified_identifier(table->schema, table->name);
}
