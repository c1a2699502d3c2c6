/*-------------------------------------------------------------------------
 *
 * insight.h
 *	  The arguments of the aggregate that insights run on, and its place in a
 *	  statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_H
#define ASSET_REUSE_INSIGHT_H

#include "plan_text.h"
#include "request_identifier.h"

/* Arguments of the transition function, after the state */
typedef enum InsightArg
{
	INSIGHT_ARG_WANTED = 1,
	INSIGHT_ARG_ASSET_TYPE,
	INSIGHT_ARG_CAMPAIGN_ID,
	INSIGHT_ARG_CAMPAIGNS,
	INSIGHT_ARG_CREATED_AT,
	INSIGHT_ARG_REUSED_COUNT,
	INSIGHT_ARG_IMPRESSIONS,
	INSIGHT_ARG_CLICKS,
	INSIGHT_ARG_CONVERSIONS,
	/* of asset_reuse_insight_answer alone */
	INSIGHT_ARG_FILTER,
	INSIGHT_ARG_CONFIDENCE
} InsightArg;

extern bool insight_needs_spaces(const AppTable *assets);
extern void insight_add_campaigns(PlanRequest *request, Identifier tenant_id);
extern bool insight_put_piece(PlanText *text, const PlanRequest *request, const char *name);

#endif							/* ASSET_REUSE_INSIGHT_H */
