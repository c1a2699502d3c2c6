/*-------------------------------------------------------------------------
 *
 * table_rights.c
 *	  Privileges and policies of the history table: as for the assets.
 *
 * Without the table, an asset's events are in its row, so whoever sees the row sees the events,
 * and whoever may update it may add events.  The history table gets privileges and row-level
 * security to the same effect, once, when it is created.
 *
 * Everything runs between ddl_enter and ddl_leave.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "table_ddl.h"
#include "table_rights.h"

/* The policies: for reading, inserting, updating and deleting */
#define NPOLICIES	4

static void copy_privileges(const AppTable *assets, const AppTable *history);
static void report_column_privileges(const AppTable *assets, const AppTable *history);
static void copy_row_security(const AppTable *assets, const AppTable *history);
static void create_policies(const AppTable *assets, const AppTable *history);
static void copy_policies(const AppTable *assets, const AppTable *history);
static void check_policies(const AppTable *assets, const AppTable *history);
static char *asset_exists(const AppTable *assets, const AppTable *history, const char *lock);

/*
 * table_rights_clear revokes the default privileges on a new table, whose grantees may
 * have no right to see the assets.
 */
void
table_rights_clear(Oid relid)
{
	ddl_run_each(psprintf("SELECT DISTINCT format('REVOKE ALL ON TABLE %%s FROM %%s', c.oid::regclass, "
						  "    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) "
						  "FROM pg_class AS c, aclexplode(c.relacl) AS a "
						  "WHERE c.oid = %u AND a.grantee <> c.relowner", relid));
}

/*
 * table_rights_close closes a new partition to all but its owner.  Through the table, what counts is the table's
 * privileges and policies.
 *
 * A dump has no GRANT or REVOKE for a table on which only the owner has privileges, so a restored one has the default
 * privileges of where it is restored.  Row-level security is dumped, and without a policy it shows nobody else a row.
 */
void
table_rights_close(Oid partition)
{
	table_rights_clear(partition);
	ddl_run_each(psprintf("SELECT 'ALTER TABLE ' || oid::regclass || ' ENABLE ROW LEVEL SECURITY' "
						  "FROM pg_class WHERE oid = %u AND NOT relrowsecurity", partition));
}

/* table_rights_copy gives the history table the assets' privileges and row-level security. */
void
table_rights_copy(const AppTable *assets, const AppTable *history)
{
	copy_privileges(assets, history);
	report_column_privileges(assets, history);
	if (assets->distributed)
		copy_policies(assets, history);
	else
		create_policies(assets, history);
	copy_row_security(assets, history);
}

/*
 * copy_privileges grants privileges that correspond to those on the assets.
 *
 * Whoever may read the table of assets may read events, and whoever may update it may do with
 * an event what they could do in its document.  Grants on columns of the assets are not copied,
 * because on the events they would be wider.
 */
static void
copy_privileges(const AppTable *assets, const AppTable *history)
{
	ddl_run_each(psprintf("SELECT format('GRANT %%s ON TABLE %%s TO %%s%%s', p.privilege, %u::regclass, "
						  "    CASE WHEN p.grantee = 0 THEN 'PUBLIC' ELSE p.grantee::regrole::text END, "
						  "    CASE WHEN bool_or(p.grantable) THEN ' WITH GRANT OPTION' END) "
						  "FROM ("
						  "    SELECT a.grantee, unnest(CASE a.privilege_type WHEN 'SELECT' THEN ARRAY['SELECT'] "
						  "        WHEN 'UPDATE' THEN ARRAY['INSERT', 'DELETE', 'UPDATE (context, original)'] END), a.is_grantable "
						  "    FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = %u "
						  ") AS p (grantee, privilege, grantable) "
						  "WHERE p.grantee <> %u GROUP BY p.grantee, p.privilege HAVING NOT EXISTS ("
						  "    SELECT FROM (SELECT a.grantee, a.privilege_type, a.is_grantable "
						  "        FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = %u "
						  "        UNION ALL SELECT a.grantee, 'UPDATE (context, original)', a.is_grantable "
						  "        FROM pg_attribute AS c, aclexplode(c.attacl) AS a WHERE c.attrelid = %u AND c.attname = 'original' "
						  "    ) AS granted (grantee, privilege, grantable) "
						  "    WHERE granted.grantee = p.grantee AND granted.privilege = p.privilege "
						  "        AND granted.grantable >= bool_or(p.grantable)) ORDER BY p.grantee, p.privilege",
						  history->relid, assets->relid, assets->owner, history->relid, history->relid));
}

/* report_column_privileges tells the owner that somebody's privileges are not copied. */
static void
report_column_privileges(const AppTable *assets, const AppTable *history)
{
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT FROM pg_attribute AS c, aclexplode(c.attacl) AS a "
							  "WHERE c.attrelid = %u AND NOT c.attisdropped AND a.grantee <> %u", assets->relid, assets->owner));
	if (rows->numvals > 0)
		ereport(NOTICE,
				(errmsg("privileges on single columns of \"%s\" are not copied to the history table", assets->name),
				 errhint("Grant SELECT, INSERT, DELETE and UPDATE (context, original) on %s to the roles that track.",
						 ddl_name(history))));
}

/*
 * copy_row_security always enables row-level security, because the assets may get policies later,
 * unless the policies are copies: then it is enabled if it is for the assets.  It is forced for the owner
 * if it is for the assets.
 */
static void
copy_row_security(const AppTable *assets, const AppTable *history)
{
	ddl_run_each(psprintf("SELECT 'ALTER TABLE ' || oid::regclass || ' ENABLE ROW LEVEL SECURITY' "
						  "FROM pg_class WHERE oid = %u AND NOT relrowsecurity "
						  "    AND (NOT %s OR (SELECT a.relrowsecurity FROM pg_class AS a WHERE a.oid = %u))",
						  history->relid, assets->distributed ? "true" : "false", assets->relid));
	ddl_run_each(psprintf("SELECT 'ALTER TABLE ' || h.oid::regclass || ' FORCE ROW LEVEL SECURITY' "
						  "FROM pg_class AS h, pg_class AS a WHERE h.oid = %u AND NOT h.relforcerowsecurity "
						  "    AND a.oid = %u AND a.relforcerowsecurity", history->relid, assets->relid));
}

/*
 * create_policies creates policies that refer to those of the assets, as they are at the time of
 * the query: whoever sees the asset may read its events, and whoever may update the asset, which is
 * tested by locking its row, may write them.
 *
 * Who stores an event takes the lock that track takes.  Who looks for events to change locks the
 * assets of all events looked at, so that lock must not block track.
 *
 * Copies of the assets' policies would not do: their text would be parsed again, when their
 * functions, casts and settings can mean something else.
 */
static void
create_policies(const AppTable *assets, const AppTable *history)
{
	char	   *table = ddl_name(history);
	char	   *visible = asset_exists(assets, history, "");
	char	   *updatable = asset_exists(assets, history, " FOR KEY SHARE");
	char	   *locked = asset_exists(assets, history, " FOR NO KEY UPDATE");

	ddl_run(psprintf("CREATE POLICY " READ_POLICY " ON %s FOR SELECT USING (%s)", table, visible));
	ddl_run(psprintf("CREATE POLICY insert_of_asset ON %s FOR INSERT WITH CHECK (%s)", table, locked));
	ddl_run(psprintf("CREATE POLICY update_of_asset ON %s FOR UPDATE USING (%s)", table, updatable));
	ddl_run(psprintf("CREATE POLICY delete_of_asset ON %s FOR DELETE USING (%s)", table, updatable));
	check_policies(assets, history);
}

/*
 * copy_policies copies the assets' policies, as they are now, to a table that Citus distributes: it allows no
 * subqueries in policies.
 *
 * Whoever may read an asset may read its events, and whoever may update it may write them.
 *
 * A varchar is printed with a cast to text.  Parsed again, that would be an explicit one, with which Citus
 * no longer finds the tenant's node, so it is left out.
 *
 * Error 0A000 for a policy that depends on another column than tenant_id: events do not have it.
 */
static void
copy_policies(const AppTable *assets, const AppTable *history)
{
	const char *cast = assets->columns[ASSET_TENANT_ID].type == VARCHAROID ? "(tenant_id)::text" : "tenant_id";
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT p.polname FROM pg_policy AS p "
							  "JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid "
							  "WHERE p.polrelid = %u AND p.polcmd IN ('*', 'r', 'w') "
							  "    AND d.refclassid = 'pg_class'::regclass "
							  "    AND (d.refobjid <> p.polrelid OR d.refobjsubid NOT IN (0, %d))",
							  assets->relid, assets->columns[ASSET_TENANT_ID].number));
	if (rows->numvals > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot copy policy \"%s\" of table \"%s\" to the history table",
						ddl_value(rows, 0, 1), assets->name),
				 errdetail("In a distributed table, it can use no other column than tenant_id."),
				 errhint("Change the policy so that it depends on tenant_id only.")));
	ddl_run_each(psprintf("SELECT format('CREATE POLICY %%I ON %%s AS %%s FOR %%s TO %%s %%s', "
						  "    left(p.polname, 50) || '_' || c.name, %u::regclass, "
						  "    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, c.name, "
						  "    (SELECT string_agg(CASE WHEN r.role = 0 THEN 'PUBLIC' ELSE r.role::regrole::text END, ', ') "
						  "        FROM unnest(p.polroles) AS r (role)), "
						  "    CASE c.name WHEN 'insert' THEN 'WITH CHECK' ELSE 'USING' END || "
						  "        ' (' || replace(pg_get_expr(p.polqual, p.polrelid), %s, 'tenant_id') || ')') "
						  "FROM pg_policy AS p JOIN (VALUES ('select', 'r'), ('insert', 'w'), ('update', 'w'), ('delete', 'w')) AS c (name, cmd) "
						  "    ON p.polcmd = '*' OR p.polcmd = c.cmd::\"char\" "
						  "WHERE p.polrelid = %u AND NOT EXISTS (SELECT FROM pg_policy AS h "
						  "    WHERE h.polrelid = %u AND h.polname = left(p.polname, 50) || '_' || c.name) "
						  "ORDER BY p.polname, c.name", history->relid, quote_literal_cstr(cast), assets->relid,
						  history->relid));
}

/* check_policies checks that the table has the policies, and that they refer to the assets only. */
static void
check_policies(const AppTable *assets, const AppTable *history)
{
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT FROM pg_policy AS p JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid "
							  "WHERE p.polrelid = %u AND d.refclassid = 'pg_class'::regclass "
							  "    AND p.polname IN ('" READ_POLICY "', 'insert_of_asset', 'update_of_asset', 'delete_of_asset') "
							  "GROUP BY p.oid HAVING bool_or(d.refobjid = %u) AND bool_and(d.refobjid IN (%u, %u))",
							  history->relid, assets->relid, assets->relid, history->relid));
	if (rows->numvals != NPOLICIES)
		app_report_renamed(assets->name);
}

/* asset_exists returns the condition that the event's asset exists for the current user. */
static char *
asset_exists(const AppTable *assets, const AppTable *history, const char *lock)
{
	char	   *table = ddl_name(history);

	return psprintf("EXISTS (SELECT FROM %s AS asset WHERE asset.tenant_id OPERATOR(pg_catalog.=) %s.tenant_id "
					"AND asset.id OPERATOR(pg_catalog.=) %s.asset_id%s)",
					ddl_name(assets), table, table, lock);
}
