/*-------------------------------------------------------------------------
 *
 * row_queries.h
 *	  The statements of the row functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ROW_QUERIES_H
#define ASSET_REUSE_ROW_QUERIES_H

#include "plan_cache.h"

/* The parameters of all of them, as their texts number them from 1; others are null */
typedef enum RowParam
{
	ROW_TENANT_ID,
	ROW_SINCE,					/* timestamps, in UTC */
	ROW_UNTIL,
	ROW_ASSET_ID,
	ROW_ASSET_TYPE,
	ROW_CAMPAIGN_ID,
	ROW_PLACE_TYPE,
	ROW_PLACE_ID,
	ROW_BUCKET,
	ROW_CREATED_BEFORE,
	ROW_FIRST_BUCKET,			/* no event before this, or from ROW_LAST_TIME on, has a bucket */
	ROW_LAST_TIME,
	ROW_NPARAMS
} RowParam;

/* Which of them a statement has, as bits of its plan's shape; and one bit more */
#define ROW_HAS(param)			((uint32) 1 << (param))
#define ROW_AS_UUID				((uint32) 1 << ROW_NPARAMS)	/* ids are returned as uuid */

extern Oid	row_campaign_type(const AppTable *spaces);
extern void row_build_events(PlanText *text, const PlanRequest *request);
extern void row_build_timeline(PlanText *text, const PlanRequest *request);
extern void row_build_where_used(PlanText *text, const PlanRequest *request);
extern void row_build_unused(PlanText *text, const PlanRequest *request);

#endif							/* ASSET_REUSE_ROW_QUERIES_H */
