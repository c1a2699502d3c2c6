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
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/reltrigger.h"
#include "utils/syscache.h"

#include "app_schema.h"
#include "table_elsewhere.h"
#include "table_rights.h"

/* The search through a view */
typedef struct ViewSearch
{
	Oid			view;
	Oid			history;		/* that was found; 0: none */
} ViewSearch;

static uint64 changes = 0;		/* of relations */

static void note_change(Datum arg, Oid relid);
static Oid	find_history_of(Oid relid);
static bool find_history_in_query(Node *node, void *context);
static Oid	find_history_of_table(Relation table);
static bool is_history(Oid relid, Oid owner);

/*
 * history_table_elsewhere returns the history table of the assets, or of the tables that they are a view of; InvalidOid
 * if there is none.  The caller has found none by its name.
 *
 * That there is none is remembered until a relation changes: to look for policies would take as long as reading a
 * short history.
 */
Oid
history_table_elsewhere(Oid assets)
{
	static bool registered = false;
	static Oid	none_of = InvalidOid;
	static uint64 none_at = 0;
	uint64		now;
	Oid			history;

	if (!registered)
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	registered = true;
	/* changes that arrive during the search may not be in it */
	now = changes;
	if (none_of == assets && none_at == now)
		return InvalidOid;
	history = find_history_of(assets);
	if (!OidIsValid(history))
	{
		none_of = assets;
		none_at = now;
	}
	return history;
}

static void
note_change(Datum arg, Oid relid)
{
	changes++;
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

/*
 * find_history_in_query looks through the tables and views that a view's rows come from; true ends the search.  What its
 * conditions ask of other tables is disregarded.
 */
static bool
find_history_in_query(Node *node, void *context)
{
	ViewSearch *search = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return range_table_walker(((Query *) node)->rtable, find_history_in_query, context, QTW_EXAMINE_RTES_BEFORE) ||
			expression_tree_walker((Node *) ((Query *) node)->cteList, find_history_in_query, context);
	if (IsA(node, CommonTableExpr))
		return find_history_in_query(((CommonTableExpr *) node)->ctequery, context);
	if (IsA(node, RangeTblEntry))
	{
		const RangeTblEntry *rte = (RangeTblEntry *) node;

		/* before PostgreSQL 16, the view itself is in the list, as the old and the new row */
		if (rte->rtekind == RTE_RELATION && rte->relid != search->view)
			search->history = find_history_of(rte->relid);
		return OidIsValid(search->history);
	}
	return false;
}

/*
 * find_history_of_table looks at the tables whose foreign keys reference the table.
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

		if (trigger->tgisinternal && RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK)
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
	/* columns are in a cache, and policies are not */
	return secured && SearchSysCacheExistsAttName(relid, app_column_name(APP_HISTORY, HISTORY_REUSE_KEY)) &&
		OidIsValid(get_relation_policy_oid(relid, READ_POLICY, true));
}
