/*-------------------------------------------------------------------------
 *
 * period.c
 *	  The periods between an asset's reuses, and what they tell.
 *
 * An asset's totals are known at its events, which have recorded them, and now.  Period 0 ends
 * with the first of these, period k with the one after the kth, and the last one now.
 *
 * Assets are compared with themselves, period k with period 1: who are reused often are not who are
 * reused once.  Rates of a period that was chosen for being good fall by themselves afterwards
 * (regression to the mean), so it takes more than a fall to call an asset fading.
 *
 * Pure; what is made is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "insight_fit.h"
#include "period.h"

/* A shorter period is a part of the next: an asset is put into many campaigns at once */
#define MIN_LENGTH		USECS_PER_DAY

/* What is left of an asset's first rate, at most, when it is fading */
#define FADED_SHARE		0.8

/* The sizes of groups differ from whole numbers by what rounding leaves */
#define SIZE_MARGIN		1e-6

static bool is_short(Timestamp start, Timestamp end);
static double upper_rate(const Period *period, double z);

/*
 * periods_make makes the periods of an asset of its totals, which are in the order of their times;
 * the last of them is the asset now, if it is known.  created may be infinite: not known.  Nor is it if
 * it is later than the first of them: the row was made anew, and the asset is older.
 *
 * The end of a short period is passed over, so that it is a part of the next.  A last one that is
 * still short is none yet.
 */
void
periods_make(const PeriodPoint *points, uint32 npoints, Timestamp created, Periods *periods)
{
	PeriodPoint start = {.time = created};
	uint32		number = 0;
	uint32		i;

	if (npoints > 0 && created > points[0].time)
		start.time = DT_NOBEGIN;
	periods->count = periods->dropped = 0;
	periods->list = MemoryContextAllocHuge(CurrentMemoryContext, Max((Size) npoints, 1) * sizeof(Period));
	for (i = 0; i < npoints; i++)
	{
		const PeriodPoint *end = &points[i];
		Period		period = {.number = number, .n = end->n - start.n, .x = end->x - start.x};

		CHECK_FOR_INTERRUPTS();
		if (is_short(start.time, end->time))
		{
			/* before the first reuse there was next to nothing: it is a part of the first period */
			number = Max(number, 1);
			continue;
		}
		if (period.n > 0 && period.x >= 0 && period.x <= period.n)
			periods->list[periods->count++] = period;
		else
			periods->dropped++;
		start = *end;
		number++;
	}
}

static bool
is_short(Timestamp start, Timestamp end)
{
	return !TIMESTAMP_NOT_FINITE(start) && end - start < MIN_LENGTH;
}

/* periods_find finds a period by its number; null if there is none such. */
const Period *
periods_find(const Periods *periods, uint32 number)
{
	uint32		i;

	for (i = 0; i < periods->count && periods->list[i].number <= number; i++)
	{
		if (periods->list[i].number == number)
			return &periods->list[i];
	}
	return NULL;
}

/* period_pairs_add adds an asset that has a period and period 1, by weights as Mantel and Haenszel's. */
void
period_pairs_add(PeriodPairs *pairs, const Period *period, const Period *first)
{
	double		total = first->n + period->n;
	double		a = period->x * first->n / total;
	double		b = first->x * period->n / total;

	pairs->assets++;
	pairs->a += a;
	pairs->b += b;
	pairs->aa += a * a;
	pairs->ab += a * b;
	pairs->bb += b * b;
}

/*
 * period_pairs_ratio returns the ratio of the rates and its confidence interval.
 *
 * The variance is that of the assets' residuals, u = A - ratio * B, and not of their clicks: rates
 * of assets change by more than chance.  It takes as many degrees of freedom as assets of equal
 * weight would have; with less than 4 there is no interval.
 */
PeriodRatio
period_pairs_ratio(const PeriodPairs *pairs, double confidence)
{
	PeriodRatio result = {NAN, NAN, NAN};
	double		squares;
	double		size;
	double		width;

	if (pairs->b <= 0)
		return result;
	result.ratio = pairs->a / pairs->b;
	squares = pairs->aa - 2 * result.ratio * pairs->ab + result.ratio * result.ratio * pairs->bb;
	size = pow(pairs->a + pairs->b, 2) / (pairs->aa + 2 * pairs->ab + pairs->bb);
	if (pairs->a <= 0 || size - 1 < FIT_MIN_DF - SIZE_MARGIN)
		return result;
	width = fit_t_quantile((1 - confidence) / 2, size - 1) *
		sqrt(Max(squares, 0) / (pairs->a * pairs->a) * size / (size - 1));
	result.low = result.ratio * exp(-width);
	result.high = result.ratio * exp(width);
	return result;
}

/*
 * periods_are_fading: has an asset lost clicks per impression from period to period, twice, and is
 * what it has now surely less than FADED_SHARE of what it had in period 1?
 *
 * That is shrunken by like_n impressions with like_x clicks, which stand for what is known of
 * assets like it: a period that was good by chance is no measure.  z is the normal quantile of the
 * upper bound of what it has now.
 */
bool
periods_are_fading(const Periods *periods, double like_n, double like_x, double z)
{
	const Period *first = periods_find(periods, 1);
	const Period *last = &periods->list[periods->count - 1];
	double		rate;

	if (first == NULL || periods->count < 3 || last - 2 < first)
		return false;
	if (last[0].x * last[-1].n >= last[-1].x * last[0].n ||
		last[-1].x * last[-2].n >= last[-2].x * last[-1].n)
		return false;
	rate = (first->x + like_x) / (first->n + like_n);
	return rate > 0 && upper_rate(last, z) < FADED_SHARE * rate;
}

/* upper_rate returns the upper bound of a period's rate (Wilson and Hilferty, as in fit_shrink). */
static double
upper_rate(const Period *period, double z)
{
	double		a = period->x + 1;

	return a / period->n * pow(1 - 1 / (9 * a) + z / (3 * sqrt(a)), 3);
}
