/*-------------------------------------------------------------------------
 *
 * insight_answer.h
 *	  The answer of asset_reuse_insights.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_ANSWER_H
#define ASSET_REUSE_INSIGHT_ANSWER_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "insight_state.h"

extern double insight_confidence(FunctionCallInfo fcinfo, int argno);
extern Jsonb *insight_answer(InsightState *state, InsightQuestion question);

#endif							/* ASSET_REUSE_INSIGHT_ANSWER_H */
