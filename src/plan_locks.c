/*-------------------------------------------------------------------------
 *
 * plan_locks.c
 *	  Do statements that lock assets lock what they read?
 *
 * Where the assets are a view, PostgreSQL locks what is behind it as far as it can be seen: of a join, the rows of
 * all its tables, and without saying so none of those that come from a UNION, a WITH or a function.  A statement that
 * has waited for the lock computes its columns again from the row as it is then; but a sub-select, or a function that
 * reads tables, sees in them what was there before the wait.  In all of these, calls that meet would store what they
 * have read at the same time, and one of their events would be lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteManip.h"
#include "utils/lsyscache.h"

#include "plan_locks.h"

/* What the functions read from a locked row and store again, changed */
static const AssetColumn changed_columns[] = {ASSET_PLATFORM_METADATA, ASSET_LAST_REUSED_AT};

static bool is_table(const RangeTblEntry *source);
static RangeTblEntry *only_source(const Query *query);
static bool is_of_row(const RangeTblEntry *source, AttrNumber column);
static bool looks_elsewhere(Node *node, void *context);
static bool may_look_elsewhere(Oid function, void *context);

/*
 * plan_check_locks checks that a statement, given as PostgreSQL has rewritten it, locks each asset's row and no other,
 * and that what it reads of an asset to change it is in that row.  What rules add to a statement locks for itself.
 *
 * Error 0A000 if the assets are a view of which that is not so.
 */
void
plan_check_locks(List *queries, const AppTable *assets)
{
	ListCell   *cell;
	ListCell   *mark;

	foreach(cell, queries)
	{
		const Query *query = lfirst_node(Query, cell);

		if (query->commandType != CMD_SELECT || !query->canSetTag)
			continue;
		foreach(mark, query->rowMarks)
		{
			const RangeTblEntry *source = rt_fetch(lfirst_node(RowMarkClause, mark)->rti, query->rtable);
			bool		fits = is_table(source);
			Size		i;

			for (i = 0; fits && i < lengthof(changed_columns); i++)
				fits = is_of_row(source, assets->columns[changed_columns[i]].number);
			if (!fits)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot lock rows of view \"%s\"", assets->name),
						 errdetail("Rows can be locked only through a view of one table, without joins, UNION,"
								   " WITH, functions, GROUP BY, DISTINCT, or LIMIT. Its columns platform_metadata and"
								   " last_reused_at must depend on nothing but columns of that table."),
						 errhint("Set asset_reuse.assets_table to the table, or to such a view.")));
		}
	}
}

/* is_table: is this a table, or a view each of whose rows is one of a table's, as in a view that PostgreSQL can update? */
static bool
is_table(const RangeTblEntry *source)
{
	const Query *view = source->subquery;

	if (source->rtekind == RTE_RELATION)
		return source->tablesample == NULL;
	return source->rtekind == RTE_SUBQUERY && only_source(view) != NULL && is_table(only_source(view)) &&
		view->setOperations == NULL && view->groupClause == NIL && view->groupingSets == NIL &&
		view->havingQual == NULL && view->distinctClause == NIL && view->limitCount == NULL &&
		view->limitOffset == NULL && !view->hasAggs && !view->hasWindowFuncs && !view->hasTargetSRFs;
}

/* only_source returns what a query reads from; null unless that is one item. */
static RangeTblEntry *
only_source(const Query *query)
{
	const List *from = query->jointree->fromlist;

	if (list_length(from) != 1 || !IsA(linitial(from), RangeTblRef))
		return NULL;
	return rt_fetch(linitial_node(RangeTblRef, from)->rtindex, query->rtable);
}

/* is_of_row: does a column of what is_table depend on the table's row alone? */
static bool
is_of_row(const RangeTblEntry *source, AttrNumber column)
{
	const TargetEntry *entry;
	const RangeTblEntry *beneath;
	List	   *vars;
	ListCell   *cell;
	bool		result = true;

	if (source->rtekind == RTE_RELATION)
		return true;
	entry = get_tle_by_resno(source->subquery->targetList, column);
	if (entry == NULL || looks_elsewhere((Node *) entry->expr, NULL))
		return false;
	beneath = only_source(source->subquery);
	vars = pull_var_clause((Node *) entry->expr, 0);
	foreach(cell, vars)
		result = result && is_of_row(beneath, lfirst_node(Var, cell)->varattno);
	list_free(vars);
	return result;
}

/* looks_elsewhere: has an expression sub-selects, or functions that may read tables? */
static bool
looks_elsewhere(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, SubLink) || check_functions_in_node(node, may_look_elsewhere, context) ||
		expression_tree_walker(node, looks_elsewhere, context);
}

/*
 * may_look_elsewhere: may a function read tables?  An immutable one must not, and of PostgreSQL's own, stable ones
 * depend on settings (but for those that write whole tables as XML).
 */
static bool
may_look_elsewhere(Oid function, void *context)
{
	char		volatility = func_volatile(function);

	return volatility == PROVOLATILE_VOLATILE ||
		(volatility == PROVOLATILE_STABLE && function >= FirstNormalObjectId);
}
