/*-------------------------------------------------------------------------
 *
 * recommend_queries.h
 *	  The statements of recommendations.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_QUERIES_H
#define ASSET_REUSE_RECOMMEND_QUERIES_H

#include "plan_text.h"

extern const char recommend_members[];
extern const char recommend_seed_uses[];
extern const char recommend_campaign_uses[];
extern const char recommend_alike[];
extern const char recommend_live_assets[];
extern const char recommend_newest_events[];
extern const char recommend_items[];
extern const char recommend_insight[];
extern const char recommend_rates[];
extern const char recommend_unused[];
extern const char recommend_all_assets[];
extern const char recommend_all_campaigns[];
extern const char recommend_all_events[];

extern void recommend_put_piece(PlanText *text, const PlanRequest *request, const char *name);

#endif							/* ASSET_REUSE_RECOMMEND_QUERIES_H */
