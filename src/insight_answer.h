/*-------------------------------------------------------------------------
 *
 * insight_answer.h
 *	  The answer of asset_reuse_insights.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_ANSWER_H
#define ASSET_REUSE_INSIGHT_ANSWER_H

#include "utils/jsonb.h"

extern Jsonb *insight_answer(const bytea *state, const text *asset_type, double confidence,
							 MemoryContext memory);

#endif							/* ASSET_REUSE_INSIGHT_ANSWER_H */
