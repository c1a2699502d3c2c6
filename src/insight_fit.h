/*-------------------------------------------------------------------------
 *
 * insight_fit.h
 *	  The statistics of insights: rates of strata, their spread, and comparisons.
 *
 * An asset has a metric's n trials (impressions, say) and x successes (clicks).  Assets are
 * gathered in cells: of one stratum (assets that are alike in type, platform and year), one arm
 * (reused or not) and one bucket (n from 2^b to less than 2^(b+1)).
 *
 * insight_rates.h makes the cells from a tenant's state, and says how to get a tenant's rates, and an
 * asset's shrunken one, in one statement.  What is here:
 *
 *		fit_rates(cells, ncells, &fit);		fit.omega is the squared coefficient of variation of
 *											the assets' true rates; fit.strata[s].rate is P_s
 *		fit_shrink(&fit, rate, n, x, z)		an asset's shrunken rate and its interval
 *		fit_compare(&fit, strata, nstrata, &comparison)		reused against the others, over some strata
 *		fit_interval(&comparison, confidence, &low, &high)
 *
 * Pure: it takes cells in one order to one result, and allocates nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_FIT_H
#define ASSET_REUSE_INSIGHT_FIT_H

#define FIT_NARMS		2
#define FIT_NOT_REUSED	0
#define FIT_REUSED		1

/* What an arm needs in strata that have both, or nothing is said */
#define FIT_MIN_ASSETS	10
#define FIT_MIN_EVENTS	30
#define FIT_MIN_DF		4

/* Ratios that are as good as 1: within it, or the other way round */
#define FIT_MARGIN		1.1

/* The sums over a cell's assets */
typedef struct FitCell
{
	uint32		stratum;
	uint8		arm;
	uint8		bucket;
	double		assets;
	double		n;
	double		x;
	double		nn;				/* sum of squares of n */
	double		xn;				/* sum of products */
	double		xx;

	/* fit_rates sets these */
	double		middle;			/* of the bucket */
	double		gg;				/* square of the weight g */
} FitCell;

/* An arm of a stratum, its cells weighted by g */
typedef struct FitArm
{
	FitCell    *cells;			/* while fit_rates runs */
	uint32		ncells;
	double		assets;
	double		n;
	double		x;
	double		gn;				/* G */
	double		gx;
	double		ggn;			/* L */
	double		ggnn;			/* K */
	double		rate;			/* gx / gn */
	double		squares;		/* SS: of the residuals */
	double		size;			/* M: assets of equal weight that would tell as much */
} FitArm;

typedef struct FitStratum
{
	double		rate;			/* P_s, of both arms */
	FitArm		arms[FIT_NARMS];
} FitStratum;

/* What is made of the cells; the caller provides room for the strata */
typedef struct Fit
{
	double		omega;			/* squared coefficient of variation of the true rates */
	int			steps;			/* taken until nothing changed */
	uint32		nstrata;
	FitStratum *strata;
} Fit;

/* Assets of some strata */
typedef struct FitTotal
{
	double		assets;
	double		n;
	double		x;
	double		common_assets;	/* of those in strata with both arms */
	double		common_x;
	double		weighted;		/* A: sum of w * rate in these */
} FitTotal;

typedef struct FitComparison
{
	FitTotal	arms[FIT_NARMS];
	uint32		common_strata;
	double		weight;			/* sum of w */
	double		variance;		/* of the ratio's logarithm; 0 if unknown */
	double		df;				/* degrees of freedom; 0 if unknown */
} FitComparison;

typedef enum FitVerdict
{
	FIT_INSUFFICIENT,
	FIT_HIGHER,
	FIT_LOWER,
	FIT_SIMILAR,
	FIT_INCONCLUSIVE
} FitVerdict;

/* An asset's rate, shrunken towards that of its like */
typedef struct FitShrunken
{
	double		rate;
	double		low;
	double		high;
	double		own_share;		/* how much of the rate is the asset's own data, from 0 to 1 */
} FitShrunken;

extern void fit_rates(FitCell *cells, uint64 ncells, Fit *fit);
extern double fit_rate_of(const Fit *fit, const uint32 *strata, uint32 nstrata);
extern FitShrunken fit_shrink(const Fit *fit, double rate, double n, double x, double z);

extern void fit_compare(const Fit *fit, const uint32 *strata, uint32 nstrata,
						FitComparison *comparison);
extern bool fit_ratio(const FitComparison *comparison, double *ratio);
extern bool fit_crude_ratio(const FitComparison *comparison, double *ratio);
extern bool fit_is_evidence(const FitComparison *comparison);
extern bool fit_interval(const FitComparison *comparison, double confidence, double *low,
						 double *high);
extern FitVerdict fit_verdict(const FitComparison *comparison, double confidence);
extern bool fit_is_reversal(const FitComparison *comparison);

extern double fit_t_quantile(double tail, double df);
extern double fit_normal_quantile(double p);

#endif							/* ASSET_REUSE_INSIGHT_FIT_H */
