/*-------------------------------------------------------------------------
 *
 * plan_cache.h
 *	  Saved SPI plans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_CACHE_H
#define ASSET_REUSE_PLAN_CACHE_H

#include "executor/execdesc.h"
#include "nodes/parsenodes.h"
#include "utils/plancache.h"
#include "utils/portal.h"

#include "plan_text.h"

/*
 * How a statement is planned.  A statement that finds a few rows by key has one good
 * plan for all values, and planning it for each call would cost more than running it.
 * A statement that reads a tenant's assets is planned for that tenant, because the
 * sizes of tenants differ by a factor of 100,000, and with parallel query, which
 * SPI_prepare alone would never consider.  A statement that reads some of all assets
 * is planned for their number.  A statement that may be read only in part is planned
 * for its first rows and without workers, because it can be suspended.
 */
#define PLAN_BY_KEY			CURSOR_OPT_GENERIC_PLAN
#define PLAN_BY_BATCH		CURSOR_OPT_CUSTOM_PLAN
#define PLAN_BY_TENANT		(CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_PARALLEL_OK)
#define PLAN_STREAMED		(CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_FAST_PLAN)

extern void plan_execute(const PlanRequest *request);
extern void plan_execute_into(const PlanRequest *request, DestReceiver *receiver);
extern Portal plan_open_cursor(const PlanRequest *request);
extern QueryDesc *plan_start(const PlanRequest *request, DestReceiver *receiver);
extern void plan_stop(QueryDesc *query);
extern Datum plan_result(uint64 row, int column, Oid type);
extern bool plan_result_is_null(uint64 row, int column, Oid type);
extern TupleDesc plan_result_desc(void);
pg_noreturn extern void plan_report_changed(void);
extern Datum plan_execute_value(const PlanRequest *request);

#endif							/* ASSET_REUSE_PLAN_CACHE_H */
