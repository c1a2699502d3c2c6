/*-------------------------------------------------------------------------
 *
 * plan_snapshot.h
 *	  Whether a statement's snapshot still knows what its tables are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_SNAPSHOT_H
#define ASSET_REUSE_PLAN_SNAPSHOT_H

#include "utils/snapshot.h"

extern Snapshot plan_snapshot(bool read_only);
extern void plan_snapshot_check(Snapshot snapshot, Oid relid);

#endif							/* ASSET_REUSE_PLAN_SNAPSHOT_H */
