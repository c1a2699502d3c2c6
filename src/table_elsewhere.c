/*-------------------------------------------------------------------------
 *
 * table_elsewhere.c
 *	  A history table that the caller's setting does not name.
 *
 * Where events are stored goes by a name.  A caller with another one, or with a view of the assets and none of the
 * history, would store events in the documents, where a key that a row has counts as a new one, and would miss the
 * events that are rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "commands/policy.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
#include "utils/syscache.h"

#include "compat.h"
#include "table_bind.h"
#include "table_elsewhere.h"
#include "table_rights.h"

/* The search through a view */
typedef struct ViewSearch
{
	Oid			view;
	Oid			history;		/* that was found; 0: none */
} ViewSearch;

static Oid	find_history_of(Oid relid);
static bool find_history_in_query(Node *node, void *context);
static Oid	find_history_of_table(Relation table);
static bool is_history(Oid relid, Oid owner);

/*
 * history_table_check_none raises 42P01 if the assets, or the tables that they are a view of, have a history table.
 * The caller has found none by its name.
 */
void
history_table_check_none(const AppTable *assets)
{
	Oid			history = find_history_of(assets->relid);

	if (OidIsValid(history))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist", history_table_schema(assets), history_table_name()),
				 errdetail("The history table of these assets is \"%s.%s\".",
						   get_namespace_name(get_rel_namespace(history)), get_rel_name(history)),
				 errhint("Set %s to its name, or to the name of a view of it.", app_table_setting_name(APP_HISTORY))));
}

/* find_history_of returns the history table of a table, or of what a view reads; InvalidOid if there is none. */
static Oid
find_history_of(Oid relid)
{
	ViewSearch	search = {.view = relid};
	Relation	relation;

	check_stack_depth();
	relation = relation_open(relid, AccessShareLock);
	if (relation->rd_rel->relkind == RELKIND_VIEW)
		(void) find_history_in_query((Node *) get_view_query(relation), &search);
	else if (relation->trigdesc != NULL)
		search.history = find_history_of_table(relation);
	/* the statement reads it, too */
	relation_close(relation, NoLock);
	return search.history;
}

/* find_history_in_query looks through the tables and views in a view's query, and in its subqueries; true ends the search. */
static bool
find_history_in_query(Node *node, void *context)
{
	ViewSearch *search = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_history_in_query, context, QTW_EXAMINE_RTES_BEFORE);
	if (IsA(node, RangeTblEntry))
	{
		const RangeTblEntry *rte = (RangeTblEntry *) node;

		/* before PostgreSQL 16, the view itself is in the list, as the old and the new row */
		if (rte->rtekind == RTE_RELATION && rte->relid != search->view)
			search->history = find_history_of(rte->relid);
		return OidIsValid(search->history);
	}
	return expression_tree_walker(node, find_history_in_query, context);
}

/*
 * find_history_of_table looks at the tables whose foreign keys have triggers on the table.
 *
 * They are listed first, since a look at a catalog can have the relation's triggers read anew.
 */
static Oid
find_history_of_table(Relation table)
{
	Oid			owner = table->rd_rel->relowner;
	List	   *referencing = NIL;
	ListCell   *cell;
	int			i;

	for (i = 0; i < table->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &table->trigdesc->triggers[i];

		if (trigger->tgisinternal && OidIsValid(trigger->tgconstrrelid))
			referencing = list_append_unique_oid(referencing, trigger->tgconstrrelid);
	}
	foreach(cell, referencing)
	{
		if (is_history(lfirst_oid(cell), owner))
			return lfirst_oid(cell);
	}
	return InvalidOid;
}

/* is_history: is it a history table of that owner's?  Partitions that were detached have no policies. */
static bool
is_history(Oid relid, Oid owner)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		secured = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		secured = form->relowner == owner && form->relrowsecurity && !form->relispartition &&
			strncmp(NameStr(form->relname), HISTORY_DROPPED_PREFIX, strlen(HISTORY_DROPPED_PREFIX)) != 0;
		ReleaseSysCache(tuple);
	}
	return secured && OidIsValid(get_relation_policy_oid(relid, READ_POLICY, true));
}
