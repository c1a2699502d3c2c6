/*-------------------------------------------------------------------------
 *
 * insight_rates.c
 *	  The rates of a tenant's assets, from the state of asset_reuse_insight.
 *
 * Strata are numbered in the order of their labels before any sum of doubles, so that neither
 * the order of rows nor the number of workers changes a digit.
 *
 * All is in the memory context that is current in insight_rates_make.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "insight_rates.h"

#define TWO_TO_64			18446744073709551616.0

/* A stratum with its labels taken apart, to be sorted */
typedef struct LabelledStratum
{
	InsightStratum *stratum;
	InsightLabels labels;
} LabelledStratum;

static void sort_strata(InsightRates *rates);
static int	compare_strata(const void *a, const void *b);
static int	compare_labels(InsightLabel a, InsightLabel b);
static void find_types(InsightRates *rates, const LabelledStratum *labelled);
static void fit_metric(InsightRates *rates, InsightMetric metric);
static uint64 collect_cells(const InsightRates *rates, InsightMetric metric, FitCell *cells);
static int	convert_cells(const InsightStratum *stratum, InsightMetric metric, FitCell *cells);
static FitCell convert_cell(const InsightStratum *stratum, int number);
static double number_of(INT128 value);
static void *allocate(uint64 count, Size size);

/* insight_rates_make estimates the rates from a state, whose strata it numbers. */
InsightRates *
insight_rates_make(InsightState *state)
{
	InsightRates *rates = palloc0(sizeof(InsightRates));
	int			metric;

	rates->state = state;
	sort_strata(rates);
	for (metric = 0; metric < INSIGHT_NMETRICS; metric++)
		fit_metric(rates, metric);
	return rates;
}

/* sort_strata puts the strata, and the types that they are of, into the order of their labels. */
static void
sort_strata(InsightRates *rates)
{
	insight_strata_hash *table = rates->state->strata;
	LabelledStratum *labelled = allocate(table->members, sizeof(LabelledStratum));
	insight_strata_iterator scan;
	InsightEntry *entry;
	uint32		n = 0;
	uint32		i;

	insight_strata_start_iterate(table, &scan);
	while ((entry = insight_strata_iterate(table, &scan)) != NULL)
	{
		labelled[n].stratum = entry->stratum;
		labelled[n++].labels = insight_labels_read(rates->state, entry->key);
	}
	qsort(labelled, n, sizeof(LabelledStratum), compare_strata);

	rates->nstrata = n;
	rates->strata = allocate(n, sizeof(InsightStratum *));
	rates->numbers = allocate(n, sizeof(uint32));
	for (i = 0; i < n; i++)
	{
		rates->strata[i] = labelled[i].stratum;
		rates->strata[i]->number = i;
		rates->ncells += rates->strata[i]->ncells;
		rates->numbers[i] = i;
	}
	find_types(rates, labelled);
	pfree(labelled);
}

static int
compare_strata(const void *a, const void *b)
{
	const InsightLabels *x = &((const LabelledStratum *) a)->labels;
	const InsightLabels *y = &((const LabelledStratum *) b)->labels;
	int			order = compare_labels(x->type, y->type);

	/* there can be a million, in an order that qsort takes long for */
	CHECK_FOR_INTERRUPTS();
	if (order == 0)
		order = compare_labels(x->platform, y->platform);
	return order != 0 ? order : (x->year > y->year) - (x->year < y->year);
}

/* compare_labels orders as jsonb orders its keys: by length, then by bytes; a null comes last. */
static int
compare_labels(InsightLabel a, InsightLabel b)
{
	if (a.data == NULL || b.data == NULL)
		return (a.data == NULL) - (b.data == NULL);
	if (a.len != b.len)
		return a.len > b.len ? 1 : -1;
	return memcmp(a.data, b.data, a.len);
}

/* find_types finds which strata are of one type. */
static void
find_types(InsightRates *rates, const LabelledStratum *labelled)
{
	uint32		i;

	rates->types = allocate(rates->nstrata, sizeof(InsightType));
	for (i = 0; i < rates->nstrata; i++)
	{
		InsightLabel label = labelled[i].labels.type;

		if (i == 0 || compare_labels(label, labelled[i - 1].labels.type) != 0)
			rates->types[rates->ntypes++] = (InsightType) {
				.label = label.data, .len = label.len, .first = i, .wanted = rates->strata[i]->wanted
			};
		rates->types[rates->ntypes - 1].nstrata++;
		rates->strata[i]->type = rates->ntypes - 1;
	}
}

/* fit_metric estimates the rates of a metric. */
static void
fit_metric(InsightRates *rates, InsightMetric metric)
{
	Fit		   *fit = &rates->fits[metric];
	FitCell    *cells = allocate(rates->ncells, sizeof(FitCell));
	uint64		ncells = collect_cells(rates, metric, cells);
	uint32		i;

	fit->nstrata = rates->nstrata;
	fit->strata = allocate(rates->nstrata, sizeof(FitStratum));
	fit_rates(cells, ncells, fit);
	pfree(cells);
	for (i = 0; i < rates->ntypes; i++)
	{
		InsightType *type = &rates->types[i];

		type->rates[metric] = fit_rate_of(fit, rates->numbers + type->first, type->nstrata);
	}
	rates->rates[metric] = fit_rate_of(fit, rates->numbers, rates->nstrata);
}

/* collect_cells makes a metric's cells, in the order of strata, arms and buckets, and returns how many they are. */
static uint64
collect_cells(const InsightRates *rates, InsightMetric metric, FitCell *cells)
{
	uint64		ncells = 0;
	uint32		i;

	for (i = 0; i < rates->nstrata; i++)
		ncells += convert_cells(rates->strata[i], metric, cells + ncells);
	CHECK_FOR_INTERRUPTS();
	return ncells;
}

static int
convert_cells(const InsightStratum *stratum, InsightMetric metric, FitCell *cells)
{
	uint64		buckets[FIT_NARMS] = {0};	/* a bit for each */
	uint8		places[FIT_NARMS][INSIGHT_NBUCKETS];
	int			n = 0;
	int			arm;
	int			i;

	for (i = 0; i < stratum->ncells; i++)
	{
		uint8		code = stratum->codes[i];

		if (INSIGHT_METRIC(code) != metric)
			continue;
		buckets[INSIGHT_ARM(code)] |= UINT64CONST(1) << INSIGHT_BUCKET(code);
		places[INSIGHT_ARM(code)][INSIGHT_BUCKET(code)] = i;
	}
	for (arm = 0; arm < FIT_NARMS; arm++)
	{
		/* the lowest bit is taken away each time */
		for (; buckets[arm] != 0; buckets[arm] &= buckets[arm] - 1)
			cells[n++] = convert_cell(stratum, places[arm][pg_rightmost_one_pos64(buckets[arm])]);
	}
	return n;
}

static FitCell
convert_cell(const InsightStratum *stratum, int number)
{
	const InsightCell *cell = &stratum->cells[number];
	uint8		code = stratum->codes[number];

	return (FitCell) {
		.stratum = stratum->number,
		.arm = INSIGHT_ARM(code),
		.bucket = INSIGHT_BUCKET(code),
		.assets = (double) cell->assets,
		.n = number_of(cell->n),
		.x = number_of(cell->x) / INSIGHT_SCALE,
		.nn = number_of(cell->nn),
		.xn = number_of(cell->xn) / INSIGHT_SCALE,
		.xx = number_of(cell->xx) / ((double) INSIGHT_SCALE * INSIGHT_SCALE)
	};
}

/* number_of returns the double that is nearest to a sum, or next to it. */
static double
number_of(INT128 value)
{
	return (double) insight_int128_high(value) * TWO_TO_64 + (double) insight_int128_low(value);
}

/*
 * insight_rates_prior returns the rate of an asset's like, towards which its own is shrunken: that
 * of its stratum; of its type, if the stratum has few assets; of all, if nobody of its type has
 * a success.
 */
double
insight_rates_prior(const InsightRates *rates, InsightMetric metric, const InsightRow *row)
{
	InsightEntry *entry = insight_strata_lookup(rates->state->strata, insight_labels_find_key(rates->state, row));
	const FitStratum *stratum;

	if (entry == NULL)
		return rates->rates[metric];
	stratum = &rates->fits[metric].strata[entry->stratum->number];
	if (stratum->rate > 0 && stratum->arms[0].assets + stratum->arms[1].assets >= FIT_MIN_ASSETS)
		return stratum->rate;
	if (rates->types[entry->stratum->type].rates[metric] > 0)
		return rates->types[entry->stratum->type].rates[metric];
	return rates->rates[metric];
}

/* allocate makes room for an array that can be large. */
static void *
allocate(uint64 count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * size);
}
