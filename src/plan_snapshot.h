/*-------------------------------------------------------------------------
 *
 * plan_snapshot.h
 *	  Whether a statement's snapshot still knows what its tables are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_SNAPSHOT_H
#define ASSET_REUSE_PLAN_SNAPSHOT_H

#include "nodes/pg_list.h"

#include "app_schema.h"

extern void plan_snapshot_check(bool read_only, List *queries, const AppTable *history);

#endif							/* ASSET_REUSE_PLAN_SNAPSHOT_H */
