/*-------------------------------------------------------------------------
 *
 * plan_snapshot.c
 *	  Whether a statement's snapshot still knows what its tables are.
 *
 * A query takes its snapshot before it calls us, and we may then wait for somebody's ALTER TABLE or
 * TRUNCATE.  These give a table another file whose rows that snapshot does not see: it would be
 * empty.  Nor does it see rows where they have been moved into another partition, while the plan
 * looks for them only there.  (A query of its own waits before it takes the snapshot.)
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
#include "partitioning/partdesc.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "plan_snapshot.h"

static TransactionId changed_before(void);
static void note_change(Datum arg, Oid relid);
static void check_relation(Snapshot snapshot, Oid relid);
static void check_partitions(Snapshot snapshot, Oid relid);
static bool is_newer(Snapshot snapshot, HeapTuple tuple);
static bool is_as_seen(Snapshot snapshot, Form_pg_class now);

/* No relation was changed by this transaction or a later one, as far as this session has heard; 0 if it has to ask */
static TransactionId horizon = InvalidTransactionId;

/* plan_snapshot returns the snapshot that a statement will have; null if it takes a new one. */
Snapshot
plan_snapshot(bool read_only)
{
	return read_only || IsolationUsesXactSnapshot() ? GetActiveSnapshot() : NULL;
}

/*
 * plan_snapshot_check checks that a locked table is for the snapshot what it is now, and so are its partitions.
 *
 * Error 40001 if not.
 */
void
plan_snapshot_check(Snapshot snapshot, Oid relid)
{
	/* almost always: all that was changed has been seen by it */
	if (TransactionIdFollowsOrEquals(snapshot->xmin, changed_before()))
		return;
	check_relation(snapshot, relid);
	if (get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		check_partitions(snapshot, relid);
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

static void
check_relation(Snapshot snapshot, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		good;

	if (!HeapTupleIsValid(tuple))
		return;
	good = !is_newer(snapshot, tuple) || is_as_seen(snapshot, (Form_pg_class) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not read a table because it was rewritten concurrently"),
				 errhint("Try again.")));
}

/* check_partitions checks the partitions of a table that is locked, and theirs. */
static void
check_partitions(Snapshot snapshot, Oid relid)
{
	Relation	relation = relation_open(relid, NoLock);
	PartitionDesc partitions = RelationGetPartitionDesc(relation, true);
	int			i;

	for (i = 0; i < partitions->nparts; i++)
	{
		check_relation(snapshot, partitions->oids[i]);
		if (!partitions->is_leaf[i])
		{
			LockRelationOid(partitions->oids[i], AccessShareLock);
			check_partitions(snapshot, partitions->oids[i]);
		}
	}
	relation_close(relation, NoLock);
}

/* is_newer: was a row of pg_class made by a transaction that the snapshot does not see? */
static bool
is_newer(Snapshot snapshot, HeapTuple tuple)
{
	TransactionId xmin = HeapTupleHeaderGetXmin(tuple->t_data);

	return !TransactionIdIsCurrentTransactionId(xmin) && XidInMVCCSnapshot(xmin, snapshot);
}

/*
 * is_as_seen: has a relation the file that the snapshot sees?  A new table is empty for it, but a new
 * partition may have what another one had.  VACUUM FULL keeps what it sees, but looks the same here.
 */
static bool
is_as_seen(Snapshot snapshot, Form_pg_class now)
{
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	seen;
	bool		same;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(now->oid));
	scan = systable_beginscan(classes, ClassOidIndexId, true, snapshot, 1, &key);
	seen = systable_getnext(scan);
	same = HeapTupleIsValid(seen) ? ((Form_pg_class) GETSTRUCT(seen))->relfilenode == now->relfilenode :
		!now->relispartition;
	systable_endscan(scan);
	table_close(classes, AccessShareLock);
	return same;
}
