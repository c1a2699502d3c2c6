/*-------------------------------------------------------------------------
 *
 * insight_answer.c
 *	  The answer of asset_reuse_insights, from the state of its aggregate.
 *
 * All is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "answer.h"
#include "insight_answer.h"
#include "insight_sentence.h"
#include "jsonb_writer.h"

/*
 * As long as no more types than this have reused assets, all of them are told; else those that
 * something can be said of, so that labels that are all different do not make an answer of
 * hundreds of megabytes.
 */
#define MAX_TYPES			1000

#define MIN_CONFIDENCE		0.5
#define MAX_CONFIDENCE		0.999
#define DEFAULT_CONFIDENCE	0.95

#define DIGITS				6	/* significant ones, of rates and ratios */
#define ALL_DIGITS			15	/* that a double surely has */

#define ANSWER_SIZE			BLCKSZ

static const char *const verdict_names[] = {
	[FIT_INSUFFICIENT] = "insufficient", [FIT_HIGHER] = "higher", [FIT_LOWER] = "lower",
	[FIT_SIMILAR] = "similar", [FIT_INCONCLUSIVE] = "inconclusive",
};

static void put_filters(JsonbWriter *w, InsightQuestion question);
static void put_quality(JsonbWriter *w, const InsightRates *rates);
static void put_types(JsonbWriter *w, const InsightRates *rates, double confidence);
static bool type_has(const InsightRates *rates, const InsightType *type, bool evidence);
static void put_type(JsonbWriter *w, const InsightRates *rates, const InsightType *type,
					 double confidence, uint32 nevident);
static void put_all(JsonbWriter *w, const InsightRates *rates, InsightMetric metric,
					double confidence, bool filtered);
static void put_metric(JsonbWriter *w, const InsightRates *rates, const InsightSubject *subject,
					   const FitComparison *comparison, double level);
static void put_arm(JsonbWriter *w, const InsightSubject *subject, const FitComparison *comparison,
					int arm);
static void put_interval(JsonbWriter *w, const FitComparison *comparison, double level);
static void put_e_value(JsonbWriter *w, double ratio);
static void put_cstring(JsonbWriter *w, const char *value);

/*
 * insight_confidence reads the confidence that is asked for.
 *
 * Error 22023 if it is out of bounds.
 */
double
insight_confidence(FunctionCallInfo fcinfo, int argno)
{
	double		confidence = PG_ARGISNULL(argno) ? DEFAULT_CONFIDENCE : PG_GETARG_FLOAT8(argno);

	/* NaN is not within bounds either */
	if (!(confidence >= MIN_CONFIDENCE && confidence <= MAX_CONFIDENCE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence is out of bounds"),
				 errdetail("confidence must be between %g and %g, but is %g.", MIN_CONFIDENCE,
						   MAX_CONFIDENCE, confidence)));
	return confidence;
}

/* insight_answer writes the answer; a null state is that of no assets. */
Jsonb *
insight_answer(InsightState *state, InsightQuestion question)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("ctr"), JSONB_KEY("caution"), JSONB_KEY("filters"), JSONB_KEY("success"),
		JSONB_KEY("data_quality"), JSONB_KEY("by_asset_type"), JSONB_KEY("conversions_per_click"),
	};
	static const InsightRates nothing = {0};
	const InsightRates *rates = state != NULL ? insight_rates_make(state) : &nothing;
	JsonbWriter w;

	jsonb_writer_init(&w, CurrentMemoryContext, ANSWER_SIZE);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	put_all(&w, rates, INSIGHT_CTR, question.confidence, question.asset_type != NULL);
	put_cstring(&w, "association, not effect");
	put_filters(&w, question);
	jsonb_put_bool(&w, true);
	put_quality(&w, rates);
	put_types(&w, rates, question.confidence);
	put_all(&w, rates, INSIGHT_CONVERSIONS, question.confidence, question.asset_type != NULL);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_filters(JsonbWriter *w, InsightQuestion question)
{
	static const JsonbKey keys[] = {JSONB_KEY("asset_type"), JSONB_KEY("confidence")};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	answer_put_text(w, question.asset_type);
	answer_put_significant(w, question.confidence, ALL_DIGITS);
	jsonb_end(w);
}

/* put_quality puts how many assets are left out, and why. */
static void
put_quality(JsonbWriter *w, const InsightRates *rates)
{
	static const JsonbKey keys[INSIGHT_NDEFECTS] = {
		[INSIGHT_MISSING] = JSONB_KEY("missing"), [INSIGHT_NO_TRAFFIC] = JSONB_KEY("no_traffic"),
		[INSIGHT_INCONSISTENT] = JSONB_KEY("inconsistent"),
	};
	int64		counts[INSIGHT_NDEFECTS] = {0};
	uint32		s;
	int			i;

	for (s = 0; s < rates->nstrata; s++)
	{
		for (i = 0; i < INSIGHT_NDEFECTS && rates->strata[s]->wanted; i++)
			counts[i] += rates->strata[s]->defects[i];
	}
	jsonb_begin_object_keys(w, keys, INSIGHT_NDEFECTS);
	for (i = 0; i < INSIGHT_NDEFECTS; i++)
		answer_put_int(w, counts[i]);
	jsonb_end(w);
}

/* put_types puts the types that have reused assets, in jsonb's order, which is that of the types. */
static void
put_types(JsonbWriter *w, const InsightRates *rates, double confidence)
{
	bool	   *shown = MemoryContextAllocHuge(CurrentMemoryContext, Max(rates->ntypes, 1));
	uint32		nshown = 0;
	uint32		nevident = 0;
	bool		evidence;
	uint32		i;

	for (i = 0; i < rates->ntypes; i++)
	{
		nshown += type_has(rates, &rates->types[i], false);
		nevident += type_has(rates, &rates->types[i], true);
	}
	evidence = nshown > MAX_TYPES;
	for (i = 0; i < rates->ntypes; i++)
		shown[i] = type_has(rates, &rates->types[i], evidence);

	jsonb_begin_object(w, evidence ? nevident : nshown);
	for (i = 0; i < rates->ntypes; i++)
	{
		if (shown[i])
			jsonb_put_key(w, rates->types[i].label, rates->types[i].len);
	}
	for (i = 0; i < rates->ntypes; i++)
	{
		if (shown[i])
			put_type(w, rates, &rates->types[i], confidence, nevident);
	}
	jsonb_end(w);
}

/* type_has: does a type that is asked for have reused assets, or even evidence, in a metric? */
static bool
type_has(const InsightRates *rates, const InsightType *type, bool evidence)
{
	int			metric;

	CHECK_FOR_INTERRUPTS();
	for (metric = 0; metric < INSIGHT_NMETRICS && type->wanted && type->label != NULL; metric++)
	{
		FitComparison comparison;

		fit_compare(&rates->fits[metric], rates->numbers + type->first, type->nstrata, &comparison);
		if (evidence ? fit_is_evidence(&comparison) : comparison.arms[FIT_REUSED].assets > 0)
			return true;
	}
	return false;
}

/*
 * put_type puts a type, at a level that keeps all the types that something can be said of
 * together as sure as one would be (Bonferroni).
 */
static void
put_type(JsonbWriter *w, const InsightRates *rates, const InsightType *type, double confidence,
		 uint32 nevident)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("ctr"), JSONB_KEY("confidence"), JSONB_KEY("conversions_per_click"),
	};
	double		level = nevident > 1 ? 1 - (1 - confidence) / nevident : confidence;
	InsightSubject subject = {.type = type, .confidence = confidence, .corrected = nevident > 1};
	FitComparison comparisons[INSIGHT_NMETRICS];
	int			metric;

	for (metric = 0; metric < INSIGHT_NMETRICS; metric++)
		fit_compare(&rates->fits[metric], rates->numbers + type->first, type->nstrata, &comparisons[metric]);
	jsonb_begin_object_keys(w, keys, lengthof(keys));
	subject.metric = INSIGHT_CTR;
	put_metric(w, rates, &subject, &comparisons[INSIGHT_CTR], level);
	answer_put_significant(w, level, ALL_DIGITS);
	subject.metric = INSIGHT_CONVERSIONS;
	put_metric(w, rates, &subject, &comparisons[INSIGHT_CONVERSIONS], level);
	jsonb_end(w);
}

/* put_all puts a metric over all strata that are asked for. */
static void
put_all(JsonbWriter *w, const InsightRates *rates, InsightMetric metric, double confidence,
		bool filtered)
{
	InsightSubject subject = {.metric = metric, .confidence = confidence};
	uint32	   *wanted = MemoryContextAllocHuge(CurrentMemoryContext, Max(rates->nstrata, 1) * sizeof(uint32));
	FitComparison comparison;
	uint32		n = 0;
	uint32		i;

	for (i = 0; i < rates->ntypes && filtered; i++)
	{
		if (rates->types[i].wanted)
			subject.type = &rates->types[i];
	}
	for (i = 0; i < rates->nstrata; i++)
	{
		if (rates->strata[i]->wanted)
			wanted[n++] = i;
	}
	fit_compare(&rates->fits[metric], wanted, n, &comparison);
	put_metric(w, rates, &subject, &comparison, confidence);
	pfree(wanted);
}

/* put_metric puts a comparison. */
static void
put_metric(JsonbWriter *w, const InsightRates *rates, const InsightSubject *subject,
		   const FitComparison *comparison, double level)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("ratio"), JSONB_KEY("reused"), JSONB_KEY("e_value"), JSONB_KEY("verdict"),
		JSONB_KEY("interval"), JSONB_KEY("reversal"), JSONB_KEY("sentence"), JSONB_KEY("spread_cv"),
		JSONB_KEY("non_reused"), JSONB_KEY("crude_ratio"), JSONB_KEY("compared_share"),
		JSONB_KEY("degrees_of_freedom"),
	};
	const FitTotal *arms = comparison->arms;
	double		assets = arms[0].assets + arms[1].assets;
	double		common = arms[0].common_assets + arms[1].common_assets;
	double		ratio = NAN;
	double		crude = NAN;

	(void) fit_ratio(comparison, &ratio);
	(void) fit_crude_ratio(comparison, &crude);
	jsonb_begin_object_keys(w, keys, lengthof(keys));
	answer_put_significant(w, ratio, DIGITS);
	put_arm(w, subject, comparison, FIT_REUSED);
	put_e_value(w, ratio);
	put_cstring(w, verdict_names[fit_verdict(comparison, level)]);
	put_interval(w, comparison, level);
	jsonb_put_bool(w, fit_is_reversal(comparison));
	put_cstring(w, insight_sentence(subject, comparison, level));
	answer_put_significant(w, assets > 0 ? sqrt(rates->fits[subject->metric].omega) : NAN, DIGITS);
	put_arm(w, subject, comparison, FIT_NOT_REUSED);
	answer_put_significant(w, crude, DIGITS);
	answer_put_significant(w, assets > 0 ? common / assets : NAN, DIGITS);
	answer_put_significant(w, comparison->df > 0 ? comparison->df : NAN, DIGITS);
	jsonb_end(w);
}

/* put_arm puts the totals of the reused assets or of the others. */
static void
put_arm(JsonbWriter *w, const InsightSubject *subject, const FitComparison *comparison, int arm)
{
	static const JsonbKey keys[INSIGHT_NMETRICS][5] = {
		[INSIGHT_CTR] = {
			JSONB_KEY("assets"), JSONB_KEY("clicks"), JSONB_KEY("pooled"), JSONB_KEY("impressions"),
			JSONB_KEY("standardized"),
		},
		[INSIGHT_CONVERSIONS] = {
			JSONB_KEY("assets"), JSONB_KEY("clicks"), JSONB_KEY("pooled"), JSONB_KEY("conversions"),
			JSONB_KEY("standardized"),
		},
	};
	const FitTotal *total = &comparison->arms[arm];
	bool		clicks_are_x = subject->metric == INSIGHT_CTR;

	jsonb_begin_object_keys(w, keys[subject->metric], lengthof(keys[0]));
	answer_put_significant(w, total->assets, ALL_DIGITS);
	answer_put_significant(w, clicks_are_x ? total->x : total->n, ALL_DIGITS);
	answer_put_significant(w, total->n > 0 ? total->x / total->n : NAN, DIGITS);
	answer_put_significant(w, clicks_are_x ? total->n : total->x, ALL_DIGITS);
	answer_put_significant(w, comparison->weight > 0 ? total->weighted / comparison->weight : NAN, DIGITS);
	jsonb_end(w);
}

/* put_interval puts both ends, or null. */
static void
put_interval(JsonbWriter *w, const FitComparison *comparison, double level)
{
	double		low;
	double		high;

	if (!fit_interval(comparison, level, &low, &high))
	{
		jsonb_put_null(w);
		return;
	}
	jsonb_begin_array(w, 2);
	answer_put_significant(w, low, DIGITS);
	answer_put_significant(w, high, DIGITS);
	jsonb_end(w);
}

/*
 * put_e_value puts how strongly something that nobody measured would have to go along with both
 * reuse and success, as a ratio, to explain the difference alone (T. VanderWeele and P. Ding,
 * "Sensitivity analysis in observational research", Annals of Internal Medicine 167 (2017)).
 */
static void
put_e_value(JsonbWriter *w, double ratio)
{
	/* no cause explains a ratio of 0: infinity, which is written as null */
	double		r = ratio >= 1 ? ratio : ratio > 0 ? 1 / ratio : INFINITY;

	answer_put_significant(w, r + sqrt(r * (r - 1)), DIGITS);
}

static void
put_cstring(JsonbWriter *w, const char *value)
{
	jsonb_put_string(w, value, strlen(value));
}
