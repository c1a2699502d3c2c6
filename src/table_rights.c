/*-------------------------------------------------------------------------
 *
 * table_rights.c
 *	  Who may do what with the history table: as with the assets.
 *
 * An asset's events used to be in its row, so who sees the row sees the events, and
 * who may update it may add one.  The history table gets privileges and row-level
 * security to that effect, once, when it is created.
 *
 * All of it runs between ddl_enter and ddl_leave.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "table_ddl.h"
#include "table_rights.h"

/* Reading, inserting, updating and deleting */
#define NPOLICIES	4

static void copy_privileges(const AppTable *assets, const AppTable *history);
static void copy_row_security(const AppTable *assets, const AppTable *history);
static void create_policies(const AppTable *assets, const AppTable *history);
static void check_policies(const AppTable *assets, const AppTable *history);
static char *asset_exists(const AppTable *assets, const AppTable *history, const char *lock);

/*
 * table_rights_clear takes away what default privileges have given to others on a
 * new table, who may have no right to see the assets.
 */
void
table_rights_clear(Oid relid)
{
	ddl_run_each(psprintf("SELECT DISTINCT format('REVOKE ALL ON TABLE %%s FROM %%s', c.oid::regclass, "
						  "    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) "
						  "FROM pg_class AS c, aclexplode(c.relacl) AS a "
						  "WHERE c.oid = %u AND a.grantee <> c.relowner", relid));
}

/* table_rights_copy gives the history table the assets' privileges and row-level security. */
void
table_rights_copy(const AppTable *assets, const AppTable *history)
{
	copy_privileges(assets, history);
	create_policies(assets, history);
	copy_row_security(assets, history);
}

/*
 * copy_privileges grants others what they may do with the assets.
 *
 * Who may read the table of assets may read events, and who may update it may do with an
 * event what he could do in its document.  A grant on some columns of the assets stays what
 * it is: on the events it would be one on the whole.
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

/*
 * copy_row_security turns row-level security on, always: the assets may get policies later.  It
 * is forced on the owner where it is for the assets.
 */
static void
copy_row_security(const AppTable *assets, const AppTable *history)
{
	ddl_run_each(psprintf("SELECT 'ALTER TABLE ' || oid::regclass || ' ENABLE ROW LEVEL SECURITY' "
						  "FROM pg_class WHERE oid = %u AND NOT relrowsecurity", history->relid));
	ddl_run_each(psprintf("SELECT 'ALTER TABLE ' || h.oid::regclass || ' FORCE ROW LEVEL SECURITY' "
						  "FROM pg_class AS h, pg_class AS a WHERE h.oid = %u AND NOT h.relforcerowsecurity "
						  "    AND a.oid = %u AND a.relforcerowsecurity", history->relid, assets->relid));
}

/*
 * create_policies has the assets' own policies decide over their events, as they are when it
 * comes to that: who sees the asset may read an event of it, and who may update the asset,
 * which a lock on its row shows, may write one.
 *
 * Copies of the assets' policies would not do.  What they say would be parsed once more, when
 * their functions, casts and settings can mean something else.
 */
static void
create_policies(const AppTable *assets, const AppTable *history)
{
	char	   *table = ddl_name(history);
	char	   *visible = asset_exists(assets, history, "");
	char	   *updatable = asset_exists(assets, history, " FOR NO KEY UPDATE");

	ddl_run(psprintf("CREATE POLICY read_of_asset ON %s FOR SELECT USING (%s)", table, visible));
	ddl_run(psprintf("CREATE POLICY insert_of_asset ON %s FOR INSERT WITH CHECK (%s)", table, updatable));
	ddl_run(psprintf("CREATE POLICY update_of_asset ON %s FOR UPDATE USING (%s)", table, updatable));
	ddl_run(psprintf("CREATE POLICY delete_of_asset ON %s FOR DELETE USING (%s)", table, updatable));
	check_policies(assets, history);
}

/* check_policies makes sure that the table has the policies, and that they ask the assets and nothing else. */
static void
check_policies(const AppTable *assets, const AppTable *history)
{
	SPITupleTable *rows;

	rows = ddl_query(psprintf("SELECT FROM pg_policy AS p JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid "
							  "WHERE p.polrelid = %u AND d.refclassid = 'pg_class'::regclass "
							  "    AND p.polname IN ('read_of_asset', 'insert_of_asset', 'update_of_asset', 'delete_of_asset') "
							  "GROUP BY p.oid HAVING bool_or(d.refobjid = %u) AND bool_and(d.refobjid IN (%u, %u))",
							  history->relid, assets->relid, assets->relid, history->relid));
	if (rows->numvals != NPOLICIES)
		app_report_renamed(assets->name);
}

/* asset_exists returns the condition that there is the event's asset, for who asks. */
static char *
asset_exists(const AppTable *assets, const AppTable *history, const char *lock)
{
	char	   *table = ddl_name(history);

	return psprintf("EXISTS (SELECT FROM %s AS asset WHERE asset.tenant_id OPERATOR(pg_catalog.=) %s.tenant_id "
					"AND asset.id OPERATOR(pg_catalog.=) %s.asset_id%s)",
					ddl_name(assets), table, table, lock);
}
