/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Every difference between the PostgreSQL versions we build with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_COMPAT_H
#define ASSET_REUSE_COMPAT_H

/* 15.1 has given InitMaterializedSRF its name. */
#if PG_VERSION_NUM < 150001
#error "asset_reuse needs PostgreSQL 15.1 or later"
#endif

#if PG_VERSION_NUM >= 160000
/* 16 has moved the layout of variable-length values out of postgres.h. */
#include "varatt.h"
#endif

/* 17 has renamed the look whether a plan's search_path is the one in force. */
#if PG_VERSION_NUM >= 170000
#define search_path_matches(path) SearchPathMatchesCurrentEnvironment(path)
#else
#define search_path_matches(path) OverrideSearchPathMatchesCurrent(path)
#endif

#if PG_VERSION_NUM < 180000
/*
 * 18 has replaced pg_attribute_noreturn().  In C23 the new one must come first, before static
 * or extern too.
 */
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 16 has one look for the owner of all kinds of objects. */
#if PG_VERSION_NUM >= 160000
#define relation_ownercheck(relid, role) object_ownercheck(RelationRelationId, relid, role)
#else
#define relation_ownercheck(relid, role) pg_class_ownercheck(relid, role)
#endif

/* From 16 on, a member who inherits a role's rights may lack the right to act as that role. */
#if PG_VERSION_NUM >= 160000
#define require_set_role(member, role) check_can_set_role(member, role)
#else
#define require_set_role(member, role) ((void) 0)
#endif

/* 18 no longer wants to know whether a query runs only once. */
#if PG_VERSION_NUM >= 180000
#define executor_run(query) ExecutorRun(query, ForwardScanDirection, 0)
#define executor_run_rows(query, count) ExecutorRun(query, ForwardScanDirection, count)
#else
#define executor_run(query) ExecutorRun(query, ForwardScanDirection, 0, true)
#define executor_run_rows(query, count) ExecutorRun(query, ForwardScanDirection, count, false)
#endif

/* 19 lets EXPLAIN be told of planning. */
#if PG_VERSION_NUM >= 190000
#define plan_query(query, text, options, params) pg_plan_query(query, text, options, params, NULL)
#else
#define plan_query(query, text, options, params) pg_plan_query(query, text, options, params)
#endif

#if PG_VERSION_NUM < 160000
/* 16 exports the allocator for a GUC's extra data; before, it is plain malloc. */
static inline void *
guc_malloc(int elevel, size_t size)
{
	void	   *data = malloc(size);

	if (data == NULL)
		ereport(elevel,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return data;
}
#endif

#endif							/* ASSET_REUSE_COMPAT_H */
