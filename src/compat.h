/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Every difference between the PostgreSQL versions we build with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_COMPAT_H
#define ASSET_REUSE_COMPAT_H

/* PostgreSQL 15.1 gave InitMaterializedSRF its name. */
#if PG_VERSION_NUM < 150001
#error "asset_reuse needs PostgreSQL 15.1 or later"
#endif

#if PG_VERSION_NUM >= 160000
/* PostgreSQL 16 moved the layout of variable-length values out of postgres.h. */
#include "varatt.h"
#endif

/* PostgreSQL 17 renamed the check that a plan's search_path is current. */
#if PG_VERSION_NUM >= 170000
#define search_path_matches(path) SearchPathMatchesCurrentEnvironment(path)
#else
#define search_path_matches(path) OverrideSearchPathMatchesCurrent(path)
#endif

#if PG_VERSION_NUM < 180000
/*
 * PostgreSQL 18 replaced pg_attribute_noreturn().  In C23 its successor must come first, even
 * before static or extern.
 */
#define pg_noreturn pg_attribute_noreturn()
#endif

/* PostgreSQL 16 has one ownership check for all kinds of objects. */
#if PG_VERSION_NUM >= 160000
#define relation_ownercheck(relid, role) object_ownercheck(RelationRelationId, relid, role)
#else
#define relation_ownercheck(relid, role) pg_class_ownercheck(relid, role)
#endif

/* As of PostgreSQL 16, a member that inherits a role's privileges may be unable to SET ROLE to it. */
#if PG_VERSION_NUM >= 160000
#define require_set_role(member, role) check_can_set_role(member, role)
#else
#define require_set_role(member, role) ((void) 0)
#endif

/* PostgreSQL 18 removed the argument that says whether a query runs only once. */
#if PG_VERSION_NUM >= 180000
#define executor_run(query) ExecutorRun(query, ForwardScanDirection, 0)
#define executor_run_rows(query, count) ExecutorRun(query, ForwardScanDirection, count)
#else
#define executor_run(query) ExecutorRun(query, ForwardScanDirection, 0, true)
#define executor_run_rows(query, count) ExecutorRun(query, ForwardScanDirection, count, false)
#endif

/* PostgreSQL 19 added an argument by which planning reports to EXPLAIN. */
#if PG_VERSION_NUM >= 190000
#define plan_query(query, text, options, params) pg_plan_query(query, text, options, params, NULL)
#else
#define plan_query(query, text, options, params) pg_plan_query(query, text, options, params)
#endif

/* PostgreSQL 16 has renamed what a relation's file is called. */
#if PG_VERSION_NUM < 160000
#define rd_firstRelfilelocatorSubid rd_firstRelfilenodeSubid
#endif

#if PG_VERSION_NUM < 160000
/* PostgreSQL 16 exports the allocator for a GUC's extra data; before, that is plain malloc. */
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
