/*-------------------------------------------------------------------------
 *
 * plan_snapshot.c
 *	  Whether a statement's snapshot still knows what its tables are.
 *
 * A query takes its snapshot before it calls us, and we may then wait for somebody's ALTER TABLE or
 * TRUNCATE.  These give a table another file whose rows that snapshot does not see: it would be
 * empty.  Nor does it see rows where they have been moved into another partition, while the plan
 * looks for them only there.  (A query of its own waits before it takes the snapshot.)  So once a
 * statement holds all its locks, its tables are compared with what the snapshot sees of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "plan_snapshot.h"

/* What the walker over a statement's queries takes with it */
typedef struct Checking
{
	Snapshot	snapshot;
	Oid			history;		/* 0: the statement reads none */
} Checking;

/* What a relation is for a snapshot */
typedef enum Sight
{
	SIGHT_SAME,
	SIGHT_NEW,					/* is not there yet, or not as a partition */
	SIGHT_OTHER					/* has another file */
} Sight;

static TransactionId changed_before(void);
static void note_change(Datum arg, Oid relid);
static bool check_walker(Node *node, void *context);
static void check_table(const Checking *checking, const RangeTblEntry *rte);
static void check_relation(const Checking *checking, Oid relid);
static Sight see_relation(Snapshot snapshot, Oid relid);
static Sight compare_files(const SnapshotData *snapshot, CommandId before, Form_pg_class now);
static bool holds_nothing_unseen(Snapshot snapshot, Oid relid, Sight sight);

/* No relation was changed by this transaction or a later one, as far as this session has heard; 0 if it has to ask */
static TransactionId horizon = InvalidTransactionId;

/*
 * plan_snapshot_check checks that the tables of a statement's queries, whose locks are held, are for
 * its snapshot what they are now.  A history table that is new is right: for the snapshot, all events
 * are in documents.
 *
 * Error 40001 if not.
 */
void
plan_snapshot_check(bool read_only, List *queries, const AppTable *history)
{
	Checking	checking = {.history = history != NULL ? history->relid : InvalidOid};

	/* others take a snapshot of their own once they have the locks */
	if (!read_only && !IsolationUsesXactSnapshot())
		return;
	checking.snapshot = GetActiveSnapshot();
	/* almost always: it sees all that was changed */
	if (TransactionIdFollowsOrEquals(checking.snapshot->xmin, changed_before()))
		return;
	check_walker((Node *) queries, &checking);
}

/*
 * changed_before returns a transaction before which all changes of relations were made that this
 * session has heard of; its locks let it hear of all changes of what is locked.
 */
static TransactionId
changed_before(void)
{
	static bool registered = false;

	if (!registered)
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	registered = true;
	if (!TransactionIdIsValid(horizon))
		horizon = ReadNextTransactionId();
	return horizon;
}

static void
note_change(Datum arg, Oid relid)
{
	horizon = InvalidTransactionId;
}

static bool
check_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		check_table(context, (RangeTblEntry *) node);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, check_walker, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, check_walker, context);
}

/* check_table checks a table with its partitions or inheritance children. */
static void
check_table(const Checking *checking, const RangeTblEntry *rte)
{
	List	   *relations;
	ListCell   *relation;

	if (rte->rtekind != RTE_RELATION ||
		(rte->relid == checking->history && see_relation(checking->snapshot, rte->relid) == SIGHT_NEW))
		return;
	/* itself among them */
	relations = rte->inh ? find_all_inheritors(rte->relid, NoLock, NULL) : list_make1_oid(rte->relid);
	foreach(relation, relations)
		check_relation(checking, lfirst_oid(relation));
}

static void
check_relation(const Checking *checking, Oid relid)
{
	Sight		sight = see_relation(checking->snapshot, relid);

	if (sight == SIGHT_SAME || holds_nothing_unseen(checking->snapshot, relid, sight))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not read a table because it was rewritten concurrently"),
			 errhint("Try again.")));
}

/* see_relation compares a relation with what the snapshot sees of it. */
static Sight
see_relation(Snapshot snapshot, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	TransactionId xmin;
	Sight		sight = SIGHT_SAME;

	if (!HeapTupleIsValid(tuple))
		return SIGHT_SAME;
	xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	/* a row of our own may have come after another's */
	if (TransactionIdIsCurrentTransactionId(xmin) || XidInMVCCSnapshot(xmin, snapshot))
		sight = compare_files(snapshot, FirstCommandId, (Form_pg_class) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	return sight;
}

/*
 * compare_files compares a row of pg_class with that of before a command of this transaction.  VACUUM FULL
 * keeps what the snapshot sees, but looks as rewriting does.
 */
static Sight
compare_files(const SnapshotData *snapshot, CommandId before, Form_pg_class now)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	SnapshotData then = *snapshot;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Sight		sight = SIGHT_NEW;

	then.curcid = before;
	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(now->oid));
	scan = systable_beginscan(classes, ClassOidIndexId, true, &then, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_class seen = (Form_pg_class) GETSTRUCT(tuple);

		if (seen->relfilenode != now->relfilenode)
			sight = SIGHT_OTHER;
		else if (seen->relispartition || !now->relispartition)
			sight = SIGHT_SAME;
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	return sight;
}

/*
 * holds_nothing_unseen: is it no matter that a relation is not as the snapshot sees it?  This transaction
 * has made the relation, or its file before it took the snapshot; or it is new, and there is nothing in it for any snapshot.
 */
static bool
holds_nothing_unseen(Snapshot snapshot, Oid relid, Sight sight)
{
	Relation	relation = try_relation_open(relid, AccessShareLock);
	bool		nothing;

	if (relation == NULL)
		return true;
	nothing = relation->rd_createSubid != InvalidSubTransactionId ||
		(relation->rd_firstRelfilelocatorSubid != InvalidSubTransactionId &&
		 compare_files(snapshot, snapshot->curcid, relation->rd_rel) == SIGHT_SAME) ||
		(sight == SIGHT_NEW &&
		 (!RELKIND_HAS_STORAGE(relation->rd_rel->relkind) || RelationGetNumberOfBlocks(relation) == 0));
	relation_close(relation, NoLock);
	return nothing;
}
