/*-------------------------------------------------------------------------
 *
 * plan_locks.h
 *	  Do statements that lock assets lock what they read?
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_LOCKS_H
#define ASSET_REUSE_PLAN_LOCKS_H

#include "nodes/pg_list.h"

#include "app_schema.h"

extern void plan_check_locks(List *queries, const AppTable *assets);

#endif							/* ASSET_REUSE_PLAN_LOCKS_H */
