/*-------------------------------------------------------------------------
 *
 * history_rights.c
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

#include "commands/defrem.h"
#include "commands/policy.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "history_ddl.h"
#include "history_rights.h"

/* The assets' row in the condition of a policy */
#define POLICY_VARNO		1

/* For finding the columns that a condition on an asset uses */
typedef struct ColumnContext
{
	AttrNumber	from;			/* the assets' tenant_id */
	AttrNumber	to;				/* the history's */
	int			level;			/* of subqueries that we are in */
} ColumnContext;

static void copy_privileges(const AppTable *assets, const AppTable *history);
static void copy_row_security(const AppTable *assets, const AppTable *history);
static void copy_policies(const AppTable *assets, const AppTable *history);
static void create_policy(const AppTable *history, const char *name, const char *kind,
						  const char *command, const char *roles,
						  const char *using, const char *check);
static const char *command_word(char command);
static char *insert_policy_name(const AppTable *assets, const AppTable *history,
								const char *name);
static char *asset_exists(const AppTable *assets, const AppTable *history);
static char *history_condition(const AppTable *assets, const AppTable *history,
							   const char *tree);
static bool uses_other_column(Node *node, ColumnContext *context);

/*
 * history_rights_clear takes away what default privileges have given to others on a
 * new table, who may have no right to see the assets.
 */
void
history_rights_clear(Oid relid)
{
	ddl_run_each(psprintf("SELECT DISTINCT format('REVOKE ALL ON TABLE %%s FROM %%s', c.oid::regclass, "
						  "    CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) "
						  "FROM pg_class AS c, aclexplode(c.relacl) AS a "
						  "WHERE c.oid = %u AND a.grantee <> c.relowner", relid));
}

/* history_rights_copy gives the history table the assets' privileges and policies. */
void
history_rights_copy(const AppTable *assets, const AppTable *history)
{
	copy_privileges(assets, history);
	copy_policies(assets, history);
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
						  "        WHEN 'UPDATE' THEN ARRAY['INSERT', 'DELETE', 'UPDATE (context)'] END), a.is_grantable "
						  "    FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = %u "
						  ") AS p (grantee, privilege, grantable) "
						  "WHERE p.grantee <> %u GROUP BY p.grantee, p.privilege ORDER BY p.grantee, p.privilege",
						  history->relid, assets->relid, assets->owner));
}

/* copy_row_security turns row-level security on where it is on for the assets. */
static void
copy_row_security(const AppTable *assets, const AppTable *history)
{
	ddl_run_each(psprintf("SELECT format('ALTER TABLE %%s %%s ROW LEVEL SECURITY', %u::regclass, s.word) "
						  "FROM pg_class AS c, "
						  "    LATERAL (VALUES (c.relrowsecurity, 'ENABLE'), (c.relforcerowsecurity, 'FORCE')) "
						  "        AS s (is_on, word) "
						  "WHERE c.oid = %u AND s.is_on", history->relid, assets->relid));
}

/*
 * copy_policies gives the history table the assets' policies.
 *
 * To add an event is to update its asset.  So one on UPDATE becomes one on INSERT as
 * well, and what it asks of the row before and after is asked together.  Those on
 * INSERT of an asset do not count.
 */
static void
copy_policies(const AppTable *assets, const AppTable *history)
{
	SPITupleTable *rows;
	uint64		i;

	rows = ddl_query(psprintf("SELECT polname, CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, "
							  "    polcmd, (SELECT string_agg(CASE WHEN role = 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ') "
							  "             FROM unnest(polroles) AS role), polqual, polwithcheck "
							  "FROM pg_policy WHERE polrelid = %u AND polcmd <> 'a' ORDER BY polname", assets->relid));
	for (i = 0; i < rows->numvals; i++)
	{
		char	   *name = ddl_value(rows, i, 1);
		char	   *kind = ddl_value(rows, i, 2);
		char		command = *ddl_value(rows, i, 3);
		char	   *roles = ddl_value(rows, i, 4);
		char	   *using = history_condition(assets, history, ddl_value(rows, i, 5));
		char	   *check = history_condition(assets, history, ddl_value(rows, i, 6));
		char	   *both = using == NULL ? check : check == NULL ? using :
			psprintf("(%s) AND (%s)", using, check);

		/* who adds an event must see its asset, in that tenant */
		both = psprintf("(%s) AND %s)", both, asset_exists(assets, history));
		create_policy(history, name, kind, command_word(command), roles, using,
					  command == ACL_UPDATE_CHR || command == '*' ? both : NULL);
		if (command == ACL_UPDATE_CHR)
			create_policy(history, insert_policy_name(assets, history, name), kind, "INSERT", roles,
						  NULL, both);
	}
}

static void
create_policy(const AppTable *history, const char *name, const char *kind, const char *command,
			  const char *roles, const char *using, const char *check)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE POLICY %s ON %s AS %s FOR %s TO %s", quote_identifier(name),
					 ddl_name(history), kind, command, roles);
	if (using != NULL)
		appendStringInfo(&sql, " USING (%s)", using);
	if (check != NULL)
		appendStringInfo(&sql, " WITH CHECK (%s)", check);
	ddl_run(sql.data);
}

/* command_word spells what pg_policy.polcmd says. */
static const char *
command_word(char command)
{
	switch (command)
	{
		case ACL_SELECT_CHR:
			return "SELECT";
		case ACL_UPDATE_CHR:
			return "UPDATE";
		case ACL_DELETE_CHR:
			return "DELETE";
		default:
			return "ALL";
	}
}

/* insert_policy_name makes a name for the second policy that one on UPDATE becomes. */
static char *
insert_policy_name(const AppTable *assets, const AppTable *history, const char *name)
{
	char	   *label = pstrdup("insert");
	char	   *result;
	int			tries = 0;

	while (result = makeObjectName(name, NULL, label),
		   OidIsValid(get_relation_policy_oid(assets->relid, result, true)) ||
		   OidIsValid(get_relation_policy_oid(history->relid, result, true)))
		label = psprintf("insert%d", ++tries);
	return result;
}

/* asset_exists begins a condition: that there is the event's asset, for who asks. */
static char *
asset_exists(const AppTable *assets, const AppTable *history)
{
	char	   *table = ddl_name(history);

	return psprintf("EXISTS (SELECT FROM %s AS asset "
					"WHERE asset.tenant_id = %s.tenant_id AND asset.id = %s.asset_id",
					ddl_name(assets), table, table);
}

/*
 * history_condition returns a policy's condition on an asset as one on an event of
 * it; null if there is none.
 *
 * Of an asset the history has only tenant_id.  A condition on that is copied.  Any
 * other is asked of the asset, which its own policies must let be seen.
 */
static char *
history_condition(const AppTable *assets, const AppTable *history, const char *tree)
{
	ColumnContext context = {
		.from = assets->columns[ASSET_TENANT_ID].number,
		.to = history->columns[HISTORY_TENANT_ID].number
	};
	Node	   *node;

	if (tree == NULL)
		return NULL;
	node = stringToNode(tree);
	if (uses_other_column(node, &context))
		return psprintf("%s AND (%s))", asset_exists(assets, history),
						deparse_expression(stringToNode(tree),
										   deparse_context_for("asset", assets->relid), true, false));
	return deparse_expression(node, deparse_context_for(history->name, history->relid), false, false);
}

/*
 * uses_other_column: does a condition on an asset use more of it than tenant_id?  If
 * not, it has been made one on an event.
 */
static bool
uses_other_column(Node *node, ColumnContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno != POLICY_VARNO || (int) var->varlevelsup != context->level)
			return false;
		if (var->varattno != context->from)
			return true;
		var->varattno = context->to;
		var->varattnosyn = context->to;
		return false;
	}
	if (IsA(node, Query))
	{
		bool		found;

		context->level++;
		found = query_tree_walker((Query *) node, uses_other_column, context, 0);
		context->level--;
		return found;
	}
	return expression_tree_walker(node, uses_other_column, context);
}
