/*-------------------------------------------------------------------------
 *
 * period.h
 *	  The periods between an asset's reuses, and what they tell.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PERIOD_H
#define ASSET_REUSE_PERIOD_H

#include "datatype/timestamp.h"

/* An asset's totals at a time */
typedef struct PeriodPoint
{
	Timestamp	time;
	double		n;				/* impressions */
	double		x;				/* clicks */
} PeriodPoint;

/* What has come between two of them */
typedef struct Period
{
	uint32		number;			/* 0: before the first reuse */
	double		n;
	double		x;
} Period;

/* An asset's periods, in the order of their numbers */
typedef struct Periods
{
	uint32		count;
	Period	   *list;
	uint32		dropped;		/* that are none: without impressions, say */
} Periods;

/* Pairs of a period and period 1 of the same asset, summed up */
typedef struct PeriodPairs
{
	int64		assets;
	double		a;				/* x_k n_1 / T */
	double		b;				/* x_1 n_k / T */
	double		aa;
	double		ab;
	double		bb;
} PeriodPairs;

/* How the rate of a period compares with that of period 1; NaN: not known */
typedef struct PeriodRatio
{
	double		ratio;
	double		low;
	double		high;
} PeriodRatio;

extern void periods_make(const PeriodPoint *points, uint32 npoints, Timestamp created, Periods *periods);
extern const Period *periods_find(const Periods *periods, uint32 number);
extern void period_pairs_add(PeriodPairs *pairs, const Period *period, const Period *first);
extern PeriodRatio period_pairs_ratio(const PeriodPairs *pairs, double confidence);
extern bool periods_are_fading(const Periods *periods, double like_n, double like_x, double z);

#endif							/* ASSET_REUSE_PERIOD_H */
