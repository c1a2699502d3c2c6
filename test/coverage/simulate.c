/*-------------------------------------------------------------------------
 *
 * simulate.c
 *	  How often do the intervals of insights hold the truth?
 *
 * Tenants are made up whose true ratio is known, in scenarios that are easy and ones that are
 * not; src/insight_fit.c, linked as it is, estimates the ratio of each.  A 95 % interval must hold the
 * true ratio in 95 % of the tenants, about.  For comparison, the intervals of two plain
 * methods: of the ratio of pooled rates, as in a two-proportion test; and of the ratio of
 * the assets' mean rates.
 *
 * Usage: simulate TENANTS SEED
 *
 * Prints a table.  The exit status is 1 if the intervals of a scenario hold the truth in less
 * than 92 % of the tenants that have one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>
#include <signal.h>

#include "port/pg_bitutils.h"

#include "insight_fit.h"

#define LEAST_COVERAGE		0.92
#define CONFIDENCE			0.95
#define Z					1.959963984540054

#define MAX_STRATA			12
#define NBUCKETS			40
#define POISSON_BY_PRODUCT	10	/* mean, below which it is made by the simple way */

typedef struct Scenario
{
	const char *name;
	int			assets;
	int			strata;
	double		reused;			/* share */
	double		rate;			/* clicks per impression, of the strata on average */
	double		cv;				/* of the true rates within a stratum */
	double		impressions;	/* median */
	double		tail;			/* standard deviation of their logarithm */
	double		confounding;	/* how much more is reused in strata with high rates */
	double		giants;			/* reused assets have so many times the impressions */
} Scenario;

static const Scenario scenarios[] = {
	/* name, assets, strata, reused, rate, cv, impressions, tail, confounding, giants */
	{"all assets of a kind are alike", 400, 6, 0.25, 0.02, 0, 2000, 1, 0, 1},
	{"rates differ", 400, 6, 0.25, 0.02, 0.5, 2000, 1, 0, 1},
	{"rates differ, heavy tail", 400, 6, 0.25, 0.02, 0.5, 2000, 2, 0, 1},
	{"types with more clicks are reused more", 400, 6, 0.25, 0.02, 0.5, 2000, 1.5, 1, 1},
	{"reused assets have ten times the traffic", 400, 6, 0.25, 0.02, 0.5, 1000, 1.5, 0, 10},
	{"both", 400, 6, 0.25, 0.02, 0.5, 1000, 1.5, 1, 10},
	{"a large tenant", 1481, 12, 0.2, 0.015, 0.5, 5000, 1.5, 0.5, 1},
	{"few clicks", 600, 6, 0.3, 0.002, 0.5, 1000, 1, 0, 1},
	{"few assets", 60, 2, 0.4, 0.02, 0.5, 2000, 1, 0, 1},
	{"few assets that differ much, very heavy tail", 24, 1, 0.5, 0.02, 0.8, 2000, 2, 0, 1},
};

static const double ratios[] = {1, 1.15};

/* How often what held the truth, of so many tenants */
typedef struct Score
{
	int			tenants;
	int			held;
	int			told;			/* a verdict that is not insufficient */
	int			different;		/* higher or lower */
	int			pooled_held;
	int			means_held;
} Score;

/* The assets of a tenant, in all the ways that they are summed up in */
typedef struct Tenant
{
	FitCell		cells[MAX_STRATA][FIT_NARMS][NBUCKETS];
	double		n[FIT_NARMS];
	double		x[FIT_NARMS];
	double		assets[FIT_NARMS];
	double		rates[FIT_NARMS];	/* sum */
	double		rates_squared[FIT_NARMS];
} Tenant;

/* What insight_fit.c takes of the server */
volatile sig_atomic_t InterruptPending;
extern void ProcessInterrupts(void);

static uint64 random_state;

static Score simulate(const Scenario *scenario, double ratio, int tenants);
static void make_tenant(const Scenario *scenario, double ratio, Tenant *tenant);
static void add_asset(Tenant *tenant, int stratum, int arm, double n, double x);
static void judge(const Scenario *scenario, double ratio, const Tenant *tenant, Score *score);
static bool pooled_holds(const Tenant *tenant, double ratio);
static bool means_hold(const Tenant *tenant, double ratio);
static bool holds(double estimate, double variance, double ratio);
static double uniform(void);
static double normal(void);
static double gamma_variate(double shape);
static double poisson(double mean);
static double poisson_by_rejection(double mean);

int
main(int argc, char **argv)
{
	int			tenants = argc == 3 ? atoi(argv[1]) : 0;
	bool		good = true;
	Size		i;
	Size		j;

	if (tenants <= 0)
	{
		fprintf(stderr, "usage: simulate TENANTS SEED\n");
		return 2;
	}
	random_state = strtoull(argv[2], NULL, 10);
	printf("%d tenants each.  held: of the 95 %% intervals, those that hold the true ratio; told: a verdict is\n"
		   "given; differs: it is higher or lower; pooled, means: what plain methods' intervals hold.\n\n", tenants);
	printf("| scenario | assets | true ratio | held | told | differs | pooled | means |\n");
	printf("|---|---|---|---|---|---|---|---|\n");
	for (i = 0; i < lengthof(scenarios); i++)
	{
		for (j = 0; j < lengthof(ratios); j++)
		{
			Score		score = simulate(&scenarios[i], ratios[j], tenants);
			double		coverage = (double) score.held / Max(score.tenants, 1);

			printf("| %s | %d | %.2f | %s%.3f | %.2f | %.3f | %.3f | %.3f |\n", scenarios[i].name, scenarios[i].assets, ratios[j],
				   coverage < LEAST_COVERAGE ? "**too few**: " : "", coverage, (double) score.told / tenants,
				   (double) score.different / tenants, (double) score.pooled_held / tenants,
				   (double) score.means_held / tenants);
			fflush(stdout);
			good = good && coverage >= LEAST_COVERAGE;
		}
	}
	return good ? 0 : 1;
}

static Score
simulate(const Scenario *scenario, double ratio, int tenants)
{
	static Tenant tenant;
	Score		score = {0};
	int			i;

	for (i = 0; i < tenants; i++)
	{
		make_tenant(scenario, ratio, &tenant);
		judge(scenario, ratio, &tenant, &score);
	}
	return score;
}

/* make_tenant makes a tenant's assets: traffic, true rate, and the clicks that come of them. */
static void
make_tenant(const Scenario *scenario, double ratio, Tenant *tenant)
{
	int			i;

	memset(tenant, 0, sizeof(*tenant));
	for (i = 0; i < scenario->assets; i++)
	{
		int			stratum = i % scenario->strata;
		double		level = scenario->strata > 1 ? 2.0 * stratum / (scenario->strata - 1) - 1 : 0;	/* -1 to 1 */
		double		odds = scenario->reused / (1 - scenario->reused) * exp(2 * scenario->confounding * level);
		int			arm = uniform() < odds / (1 + odds) ? FIT_REUSED : FIT_NOT_REUSED;
		double		shape = scenario->cv > 0 ? 1 / (scenario->cv * scenario->cv) : 0;
		double		rate = scenario->rate * exp(level) * (arm == FIT_REUSED ? ratio : 1);
		double		n = floor(scenario->impressions * exp(scenario->tail * normal()) *
							  (arm == FIT_REUSED ? scenario->giants : 1));

		if (shape > 0)
			rate *= gamma_variate(shape) / shape;
		if (n >= 1)
			add_asset(tenant, stratum, arm, n, Min(n, poisson(n * rate)));
	}
}

static void
add_asset(Tenant *tenant, int stratum, int arm, double n, double x)
{
	FitCell    *cell = &tenant->cells[stratum][arm][pg_leftmost_one_pos64((uint64) n)];

	cell->assets++;
	cell->n += n;
	cell->x += x;
	cell->nn += n * n;
	cell->xn += x * n;
	cell->xx += x * x;
	tenant->assets[arm]++;
	tenant->n[arm] += n;
	tenant->x[arm] += x;
	tenant->rates[arm] += x / n;
	tenant->rates_squared[arm] += x / n * x / n;
}

/* judge looks at whose intervals hold the true ratio. */
static void
judge(const Scenario *scenario, double ratio, const Tenant *tenant, Score *score)
{
	FitCell		cells[MAX_STRATA * FIT_NARMS * NBUCKETS];
	FitStratum	strata[MAX_STRATA];
	uint32		numbers[MAX_STRATA];
	Fit			fit = {.nstrata = scenario->strata, .strata = strata};
	FitComparison comparison;
	FitVerdict	verdict;
	double		low;
	double		high;
	uint64		ncells = 0;
	int			s;
	int			arm;
	int			bucket;

	for (s = 0; s < scenario->strata; s++)
	{
		numbers[s] = s;
		for (arm = 0; arm < FIT_NARMS; arm++)
		{
			for (bucket = 0; bucket < NBUCKETS; bucket++)
			{
				if (tenant->cells[s][arm][bucket].assets == 0)
					continue;
				cells[ncells] = tenant->cells[s][arm][bucket];
				cells[ncells].stratum = s;
				cells[ncells].arm = arm;
				cells[ncells++].bucket = bucket;
			}
		}
	}
	fit_rates(cells, ncells, &fit);
	fit_compare(&fit, numbers, scenario->strata, &comparison);
	if (fit_interval(&comparison, CONFIDENCE, &low, &high))
	{
		score->tenants++;
		score->held += low <= ratio && ratio <= high;
	}
	verdict = fit_verdict(&comparison, CONFIDENCE);
	score->told += verdict != FIT_INSUFFICIENT;
	score->different += verdict == FIT_HIGHER || verdict == FIT_LOWER;
	score->pooled_held += pooled_holds(tenant, ratio);
	score->means_held += means_hold(tenant, ratio);
}

/* pooled_holds: does the interval of a test of two proportions? */
static bool
pooled_holds(const Tenant *tenant, double ratio)
{
	const double *n = tenant->n;
	const double *x = tenant->x;

	return holds((x[1] / n[1]) / (x[0] / n[0]), 1 / x[1] - 1 / n[1] + 1 / x[0] - 1 / n[0], ratio);
}

/* means_hold: does that of the means of rates? */
static bool
means_hold(const Tenant *tenant, double ratio)
{
	double		mean[FIT_NARMS];
	double		variance = 0;
	int			a;

	for (a = 0; a < FIT_NARMS; a++)
	{
		double		m = tenant->assets[a];

		mean[a] = tenant->rates[a] / m;
		variance += (tenant->rates_squared[a] / m - mean[a] * mean[a]) / (m - 1) / (mean[a] * mean[a]);
	}
	return holds(mean[1] / mean[0], variance, ratio);
}

static bool
holds(double estimate, double variance, double ratio)
{
	return fabs(log(estimate) - log(ratio)) <= Z * sqrt(variance);
}

/* uniform returns a number above 0 and below 1, by splitmix64. */
static double
uniform(void)
{
	uint64		z = random_state += UINT64CONST(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64CONST(0x94D049BB133111EB);
	return ((double) ((z ^ z >> 31) >> 11) + 0.5) * ldexp(1, -53);
}

static double
normal(void)
{
	return fit_normal_quantile(uniform());
}

/*
 * gamma_variate returns one of scale 1 (G. Marsaglia and W. Tsang, "A simple method for
 * generating gamma variables", ACM TOMS 26 (2000)).
 */
static double
gamma_variate(double shape)
{
	double		d = shape - 1.0 / 3;
	double		c = 1 / sqrt(9 * d);

	Assert(shape >= 1);
	for (;;)
	{
		double		x = normal();
		double		v = pow(1 + c * x, 3);

		if (v > 0 && log(uniform()) < x * x / 2 + d - d * v + d * log(v))
			return d * v;
	}
}

static double
poisson(double mean)
{
	double		product = uniform();
	double		k = 0;

	if (mean >= POISSON_BY_PRODUCT)
		return poisson_by_rejection(mean);
	while (product > exp(-mean))
	{
		product *= uniform();
		k++;
	}
	return k;
}

/*
 * poisson_by_rejection is PTRS of W. Hoermann, "The transformed rejection method for generating
 * Poisson random variables", Insurance: Mathematics and Economics 12 (1993).
 */
static double
poisson_by_rejection(double mean)
{
	double		b = 0.931 + 2.53 * sqrt(mean);
	double		a = -0.059 + 0.02483 * b;
	double		alpha = 1.1239 + 1.1328 / (b - 3.4);
	double		bound = 0.9277 - 3.6224 / (b - 2);

	for (;;)
	{
		double		u = uniform() - 0.5;
		double		v = uniform();
		double		s = 0.5 - fabs(u);
		double		k = floor((2 * a / s + b) * u + mean + 0.43);

		if (s >= 0.07 && v <= bound)
			return k;
		if (k < 0 || (s < 0.013 && v > s))
			continue;
		if (log(v) + log(alpha) - log(a / (s * s) + b) <= -mean + k * log(mean) - lgamma(k + 1))
			return k;
	}
}

void
ProcessInterrupts(void)
{
}
