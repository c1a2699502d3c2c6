/*-------------------------------------------------------------------------
 *
 * insight_fit.c
 *	  The statistics of insights: rates of strata, their spread, and comparisons.
 *
 * The true rates of assets differ, and a few assets have most of the traffic: a plain sum of
 * clicks over a sum of impressions would be about those few.  So an asset of n trials has the
 * weight n / (1 + omega P n), which saturates after a few expected successes (J. Kleinman,
 * "Proportions with extraneous variance: single and independent samples", JASA 68 (1973));
 * assets of a bucket have the weight of the bucket's middle.  omega, the squared coefficient of
 * variation of the true rates, is estimated by moments.  Variances come from the residuals, so
 * they do not rest on a model; few of them count as few, by Satterthwaite's degrees of freedom.
 *
 * Pure.  All sums are taken in the order of the cells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "insight_fit.h"

#define FIRST_OMEGA		0.25
#define MAX_STEPS		100
#define STEPS_UNDAMPED	20		/* after them the mean of old and new is taken */
#define TOLERANCE		1e-10
#define SIZE_MARGIN		1e-6	/* a size that exceeds a whole number by less is that number */

/* of the squares: what rounding leaves where there is no difference */
#define ROUNDING		1e-12

/* beyond it a ratio is on a side of 1, for a reversal */
#define REVERSAL_MARGIN	1.05

static void start_rates(FitCell *cells, uint64 ncells, Fit *fit);
static void sum_arms(Fit *fit);
static void sum_arm(FitArm *arm, double spread);
static double estimate_omega(const Fit *fit);
static double update_rates(Fit *fit);
static void add_arm(FitTotal *total, const FitArm *arm, bool common, double weight);
static bool has_both(const FitStratum *stratum);
static double common_weight(const FitStratum *stratum);
static double arm_variance(const Fit *fit, const FitStratum *stratum, int arm, double *df);
static double step_towards_normal(double a, double b, double c, double d, double df, double tail);

/*
 * fit_rates estimates omega and the strata's rates, and sums the arms up by them.
 *
 * Cells are sorted by stratum and arm; fit has room for all strata, each of which has a cell or a
 * rate of 0.
 */
void
fit_rates(FitCell *cells, uint64 ncells, Fit *fit)
{
	fit->omega = FIRST_OMEGA;
	start_rates(cells, ncells, fit);
	for (fit->steps = 1; fit->steps <= MAX_STEPS; fit->steps++)
	{
		double		omega;
		double		change;
		bool		done;

		sum_arms(fit);
		omega = estimate_omega(fit);
		if (fit->steps > STEPS_UNDAMPED)
			omega = (fit->omega + omega) / 2;
		change = update_rates(fit);
		done = fabs(omega - fit->omega) <= TOLERANCE && change <= TOLERANCE;
		fit->omega = omega;
		if (done)
			break;
	}
	sum_arms(fit);
	(void) update_rates(fit);
}

/* start_rates gives each arm its cells, and begins with the plain rates. */
static void
start_rates(FitCell *cells, uint64 ncells, Fit *fit)
{
	uint64		i;
	uint32		s;

	memset(fit->strata, 0, fit->nstrata * sizeof(FitStratum));
	for (i = 0; i < ncells; i++)
	{
		FitArm	   *arm = &fit->strata[cells[i].stratum].arms[cells[i].arm];

		cells[i].middle = M_SQRT2 * (double) (UINT64CONST(1) << cells[i].bucket);
		if (arm->ncells++ == 0)
			arm->cells = &cells[i];
		arm->assets += cells[i].assets;
		arm->n += cells[i].n;
		arm->x += cells[i].x;
	}
	for (s = 0; s < fit->nstrata; s++)
	{
		const FitArm *arms = fit->strata[s].arms;
		double		n = arms[0].n + arms[1].n;

		fit->strata[s].rate = n > 0 ? (arms[0].x + arms[1].x) / n : 0;
	}
}

/* sum_arms sums the cells up with the weights that omega and the rates give. */
static void
sum_arms(Fit *fit)
{
	uint32		s;
	int			a;

	for (s = 0; s < fit->nstrata; s++)
	{
		FitStratum *stratum = &fit->strata[s];

		for (a = 0; a < FIT_NARMS; a++)
		{
			if (stratum->arms[a].ncells > 0)
				sum_arm(&stratum->arms[a], fit->omega * stratum->rate);
		}
	}
	CHECK_FOR_INTERRUPTS();
}

/* sum_arm sums an arm's cells up with the weights that omega and the stratum's rate give; spread is their product. */
static void
sum_arm(FitArm *arm, double spread)
{
	FitCell    *end = arm->cells + arm->ncells;
	FitCell    *cell;
	double		gn = 0;
	double		gx = 0;
	double		ggn = 0;
	double		ggnn = 0;
	double		squares = 0;

	for (cell = arm->cells; cell < end; cell++)
	{
		double		g = 1 / (1 + spread * cell->middle);

		cell->gg = g * g;
		gn += g * cell->n;
		gx += g * cell->x;
		ggn += cell->gg * cell->n;
		ggnn += cell->gg * cell->nn;
	}
	arm->rate = gx / gn;
	for (cell = arm->cells; cell < end; cell++)
	{
		double		all = cell->xx + arm->rate * arm->rate * cell->nn;
		double		rest = all - 2 * arm->rate * cell->xn;

		if (rest > ROUNDING * all)
			squares += cell->gg * rest;
	}
	arm->gn = gn;
	arm->gx = gx;
	arm->ggn = ggn;
	arm->ggnn = ggnn;
	arm->squares = squares;
	arm->size = gn * gn / ggnn;
}

/* estimate_omega compares the residuals with what chance alone would leave. */
static double
estimate_omega(const Fit *fit)
{
	double		excess = 0;
	double		scale = 0;
	uint32		s;
	int			a;

	for (s = 0; s < fit->nstrata; s++)
	{
		for (a = 0; a < FIT_NARMS; a++)
		{
			const FitArm *arm = &fit->strata[s].arms[a];

			if (arm->size <= 1 + SIZE_MARGIN || arm->rate <= 0)
				continue;
			excess += arm->squares * arm->size / (arm->size - 1) - arm->rate * arm->ggn;
			scale += arm->rate * arm->rate * arm->ggnn;
		}
	}
	return excess > 0 ? excess / scale : 0;
}

/* update_rates takes the rates from the arms, and returns the greatest relative change. */
static double
update_rates(Fit *fit)
{
	double		change = 0;
	uint32		s;

	for (s = 0; s < fit->nstrata; s++)
	{
		FitStratum *stratum = &fit->strata[s];
		double		gn = stratum->arms[0].gn + stratum->arms[1].gn;
		double		rate = gn > 0 ? (stratum->arms[0].gx + stratum->arms[1].gx) / gn : 0;

		if (rate != stratum->rate)
			change = Max(change, fabs(rate - stratum->rate) / stratum->rate);
		stratum->rate = rate;
	}
	return change;
}

/* fit_rate_of returns the rate of some strata together, of a type's say; 0 for none. */
double
fit_rate_of(const Fit *fit, const uint32 *strata, uint32 nstrata)
{
	double		gn = 0;
	double		gx = 0;
	uint32		i;

	for (i = 0; i < nstrata; i++)
	{
		const FitArm *arms = fit->strata[strata[i]].arms;

		gn += arms[0].gn + arms[1].gn;
		gx += arms[0].gx + arms[1].gx;
	}
	return gn > 0 ? gx / gn : 0;
}

/*
 * fit_shrink returns what an asset's rate is taken to be, given that of its like: by as much
 * its own as it has data.
 *
 * z is the normal quantile of the interval's two ends (E. Wilson and M. Hilferty, "The
 * distribution of chi-square", PNAS 17 (1931)).  Where rates do not differ, all is the rate.
 */
FitShrunken
fit_shrink(const Fit *fit, double rate, double n, double x, double z)
{
	FitShrunken shrunken = {rate, rate, rate, 0};
	double		a;
	double		b;

	if (fit->omega <= 0 || rate <= 0)
		return shrunken;
	a = x + 1 / fit->omega;
	b = n + 1 / (fit->omega * rate);
	shrunken.rate = a / b;
	shrunken.low = a / b * pow(Max(0, 1 - 1 / (9 * a) - z / (3 * sqrt(a))), 3);
	shrunken.high = a / b * pow(1 - 1 / (9 * a) + z / (3 * sqrt(a)), 3);
	shrunken.own_share = n / b;
	return shrunken;
}

/*
 * fit_compare compares the arms over some strata: standardized, each stratum that has both with
 * the weight that tells most.
 *
 * Variance and degrees of freedom stay 0 where they cannot be known: without common strata or
 * with an arm without successes there.
 */
void
fit_compare(const Fit *fit, const uint32 *strata, uint32 nstrata, FitComparison *comparison)
{
	double		spread = 0;
	uint32		i;
	int			a;

	memset(comparison, 0, sizeof(*comparison));
	for (i = 0; i < nstrata; i++)
	{
		const FitStratum *stratum = &fit->strata[strata[i]];
		double		weight = common_weight(stratum);

		for (a = 0; a < FIT_NARMS; a++)
			add_arm(&comparison->arms[a], &stratum->arms[a], has_both(stratum), weight);
		comparison->common_strata += has_both(stratum);
		comparison->weight += weight;
	}
	if (comparison->arms[0].weighted <= 0 || comparison->arms[1].weighted <= 0)
		return;
	for (i = 0; i < nstrata; i++)
	{
		const FitStratum *stratum = &fit->strata[strata[i]];
		double		weight = common_weight(stratum);

		for (a = 0; a < FIT_NARMS && weight > 0; a++)
		{
			double		df;
			double		part = weight / comparison->arms[a].weighted;
			double		variance = part * part * arm_variance(fit, stratum, a, &df);

			comparison->variance += variance;
			spread += variance * variance / df;
		}
	}
	if (spread > 0)
		comparison->df = comparison->variance * comparison->variance / spread;
}

static void
add_arm(FitTotal *total, const FitArm *arm, bool common, double weight)
{
	total->assets += arm->assets;
	total->n += arm->n;
	total->x += arm->x;
	if (!common)
		return;
	total->common_assets += arm->assets;
	total->common_x += arm->x;
	total->weighted += weight * arm->rate;
}

static bool
has_both(const FitStratum *stratum)
{
	return stratum->arms[0].assets > 0 && stratum->arms[1].assets > 0;
}

/* common_weight returns w; 0 for a stratum that has no two arms. */
static double
common_weight(const FitStratum *stratum)
{
	double		x = stratum->arms[0].gn;
	double		y = stratum->arms[1].gn;

	return has_both(stratum) ? x * y / (x + y) : 0;
}

/*
 * arm_variance returns the variance of an arm's rate, and its degrees of freedom.
 *
 * It comes from the residuals; where these are too few, or there are none at all, as among assets
 * that are all alike, from the model.
 */
static double
arm_variance(const Fit *fit, const FitStratum *stratum, int arm, double *df)
{
	const FitArm *a = &stratum->arms[arm];
	double		gg = a->gn * a->gn;
	double		rate = stratum->rate;

	if (a->size > 2 + SIZE_MARGIN && a->rate > 0 && a->squares > 0)
	{
		*df = a->size - 1;
		return a->squares / gg * a->size / (a->size - 1);
	}
	*df = Max(a->size, 1);
	return rate * (a->ggn + fit->omega * rate * a->ggnn) / gg;
}

/* fit_ratio returns how the reused assets' rate compares with that of others like them; false if it cannot be. */
bool
fit_ratio(const FitComparison *comparison, double *ratio)
{
	if (comparison->arms[FIT_NOT_REUSED].weighted <= 0)
		return false;
	*ratio = comparison->arms[FIT_REUSED].weighted / comparison->arms[FIT_NOT_REUSED].weighted;
	return true;
}

/* fit_crude_ratio returns the ratio of the pooled rates. */
bool
fit_crude_ratio(const FitComparison *comparison, double *ratio)
{
	const FitTotal *reused = &comparison->arms[FIT_REUSED];
	const FitTotal *others = &comparison->arms[FIT_NOT_REUSED];

	if (reused->n <= 0 || others->x <= 0)
		return false;
	*ratio = (reused->x / reused->n) / (others->x / others->n);
	return true;
}

/* fit_is_evidence: is there enough to say something? */
bool
fit_is_evidence(const FitComparison *comparison)
{
	int			a;

	for (a = 0; a < FIT_NARMS; a++)
	{
		if (comparison->arms[a].common_assets < FIT_MIN_ASSETS ||
			comparison->arms[a].common_x < FIT_MIN_EVENTS)
			return false;
	}
	return comparison->df >= FIT_MIN_DF;
}

/* fit_interval returns the confidence interval of the ratio; false if there is none. */
bool
fit_interval(const FitComparison *comparison, double confidence, double *low, double *high)
{
	double		ratio;
	double		width;

	if (comparison->df < FIT_MIN_DF || !fit_ratio(comparison, &ratio))
		return false;
	width = fit_t_quantile((1 - confidence) / 2, comparison->df) * sqrt(comparison->variance);
	*low = ratio * exp(-width);
	*high = ratio * exp(width);
	return true;
}

/* fit_verdict says what the interval says. */
FitVerdict
fit_verdict(const FitComparison *comparison, double confidence)
{
	double		low;
	double		high;

	if (!fit_is_evidence(comparison) || !fit_interval(comparison, confidence, &low, &high))
		return FIT_INSUFFICIENT;
	if (low > 1)
		return FIT_HIGHER;
	if (high < 1)
		return FIT_LOWER;
	return low > 1 / FIT_MARGIN && high < FIT_MARGIN ? FIT_SIMILAR : FIT_INCONCLUSIVE;
}

/* fit_is_reversal: do the crude ratio and the honest one say the opposite (Simpson's paradox)? */
bool
fit_is_reversal(const FitComparison *comparison)
{
	double		crude;
	double		ratio;

	if (!fit_crude_ratio(comparison, &crude) || !fit_ratio(comparison, &ratio))
		return false;
	return (crude > REVERSAL_MARGIN && ratio < 1 / REVERSAL_MARGIN) ||
		(crude < 1 / REVERSAL_MARGIN && ratio > REVERSAL_MARGIN);
}

/*
 * fit_t_quantile returns the value that Student's t exceeds with that probability, below 1/2.
 *
 * G. Hill, "Algorithm 396: Student's t-quantiles", CACM 13 (1970): good to 6e-6 for df >= 4.
 */
double
fit_t_quantile(double tail, double df)
{
	double		a = 1 / (df - 0.5);
	double		b = 48 / (a * a);
	double		c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
	double		d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * M_PI_2) * df;
	double		y = pow(d * 2 * tail, 2 / df);

	if (y > 0.05 + a)
		y = step_towards_normal(a, b, c, d, df, tail);
	else
		y = ((1 / (((df + 6) / (df * y) - 0.089 * d - 0.822) * (df + 2) * 3) + 0.5 / (df + 4)) * y - 1) *
			(df + 1) / (df + 2) + 1 / y;
	return sqrt(df * y);
}

/* step_towards_normal is Hill's expansion about the normal quantile. */
static double
step_towards_normal(double a, double b, double c, double d, double df, double tail)
{
	double		x = fit_normal_quantile(tail);
	double		y = x * x;

	if (df < 5)
		c += 0.3 * (df - 4.5) * (x + 0.6);
	c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c;
	y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
	y = a * y * y;
	return expm1(y);
}

/*
 * fit_normal_quantile returns the value that a standard normal variable is below with a
 * probability between 0 and 1.
 *
 * M. Wichura, "Algorithm AS 241", Applied Statistics 37 (1988): good to 1e-16.
 */
double
fit_normal_quantile(double p)
{
	static const double center[2][8] = {
		{3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
			1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
		3.3430575583588128105e4, 2.5090809287301226727e3},
		{1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
			2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
		5.2264952788528545610e3},
	};
	static const double middle[2][8] = {
		{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
			3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
		2.27238449892691845833e-2, 7.74545014278341407640e-4},
		{1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
			1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
		1.05075007164441684324e-9},
	};
	static const double far[2][8] = {
		{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
			2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
		2.71155556874348757815e-5, 2.01033439929228813265e-7},
		{1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
			7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
		2.04426310338993978564e-15},
	};
	const double (*terms)[8] = center;
	double		q = p - 0.5;
	double		r = 0.180625 - q * q;
	double		numerator = 0;
	double		denominator = 0;
	int			i;

	if (fabs(q) > 0.425)
	{
		r = sqrt(-log(q < 0 ? p : 1 - p));
		terms = r <= 5 ? middle : far;
		r -= r <= 5 ? 1.6 : 5;
	}
	for (i = 7; i >= 0; i--)
	{
		numerator = numerator * r + terms[0][i];
		denominator = denominator * r + terms[1][i];
	}
	return (terms == center ? q : q < 0 ? -1 : 1) * numerator / denominator;
}
