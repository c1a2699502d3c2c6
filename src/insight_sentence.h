/*-------------------------------------------------------------------------
 *
 * insight_sentence.h
 *	  What a comparison says, in a sentence or two for a marketer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_SENTENCE_H
#define ASSET_REUSE_INSIGHT_SENTENCE_H

#include "insight_rates.h"

/* What a sentence is about */
typedef struct InsightSubject
{
	InsightMetric metric;
	const InsightType *type;	/* null: all types */
	double		confidence;		/* asked for */
	bool		corrected;		/* the interval is wider, since there are several types */
} InsightSubject;

extern char *insight_sentence(const InsightSubject *subject, const FitComparison *comparison,
							  double level);

#endif							/* ASSET_REUSE_INSIGHT_SENTENCE_H */
