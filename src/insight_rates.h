/*-------------------------------------------------------------------------
 *
 * insight_rates.h
 *	  The rates of a tenant's assets, from the state of asset_reuse_insight.
 *
 * For a statement over assets that needs their shrunken rates: bind the campaigns if
 * insight_needs_spaces, let the statement's put_piece call insight_put_piece (insight.h), and write
 *
 *		SELECT ..., r.of[4]
 *		FROM {assets} AS a{origin},
 *		 LATERAL (SELECT {fn:insight_asset}(({insight}), $confidence, a.asset_type, {platform},
 *			{column:created_at}, {column:impressions}, {column:clicks})) AS r (of)
 *		WHERE {live:a} ...
 *
 * ({insight} is a query of its own there, run once.)  See asset_reuse_insight_asset for what is in
 * the array.  In C: insight_rates_make, insight_rates_prior and fit_shrink.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_RATES_H
#define ASSET_REUSE_INSIGHT_RATES_H

#include "insight_fit.h"
#include "insight_state.h"

/* A type, and which strata are of it: they follow one another */
typedef struct InsightType
{
	const char *label;			/* null for a null */
	uint32		len;
	bool		wanted;
	uint32		first;
	uint32		nstrata;
	double		rates[INSIGHT_NMETRICS];
} InsightType;

typedef struct InsightRates
{
	InsightState *state;
	uint64		ncells;			/* of all strata and metrics */
	uint32		nstrata;
	InsightStratum **strata;	/* by type, platform and year */
	uint32	   *numbers;		/* 0, 1, 2, ...: those of a type are a part of it */
	uint32		ntypes;
	InsightType *types;
	Fit			fits[INSIGHT_NMETRICS];
	double		rates[INSIGHT_NMETRICS];	/* of all the tenant's assets */
} InsightRates;

extern InsightRates *insight_rates_make(InsightState *state);
extern double insight_rates_prior(const InsightRates *rates, InsightMetric metric,
								  const InsightRow *row);

#endif							/* ASSET_REUSE_INSIGHT_RATES_H */
