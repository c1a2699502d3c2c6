/*-------------------------------------------------------------------------
 *
 * insight_sentence.c
 *	  What a comparison says, in a sentence or two for a marketer.
 *
 * Pure text, in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "lib/stringinfo.h"

#include "insight_sentence.h"

/* The words of a metric */
typedef struct MetricWords
{
	const char *success;		/* more than one */
	const char *trial;
	const char *trials;
} MetricWords;

static const MetricWords metric_words[INSIGHT_NMETRICS] = {
	[INSIGHT_CTR] = {"clicks", "impression", "impressions"},
	[INSIGHT_CONVERSIONS] = {"conversions", "click", "clicks"},
};

static char *plural_of(const InsightSubject *subject);
static void append_reversal(StringInfo out, const InsightSubject *subject,
							const FitComparison *comparison);
static void append_shortage(StringInfo out, const InsightSubject *subject,
							const FitComparison *comparison);
static void append_difference(StringInfo out, const InsightSubject *subject, double ratio,
							  double low, double high);
static void append_similar(StringInfo out, const InsightSubject *subject, double low, double high);
static char *percent(double ratio);
static char *more_or_fewer(double ratio);

/* insight_sentence says what a comparison says at a confidence level. */
char *
insight_sentence(const InsightSubject *subject, const FitComparison *comparison, double level)
{
	FitVerdict	verdict = fit_verdict(comparison, level);
	StringInfoData out;
	double		ratio;
	double		low;
	double		high;

	initStringInfo(&out);
	if (fit_is_reversal(comparison))
		append_reversal(&out, subject, comparison);
	if (verdict == FIT_INSUFFICIENT || !fit_ratio(comparison, &ratio) ||
		!fit_interval(comparison, level, &low, &high))
		append_shortage(&out, subject, comparison);
	else if (verdict == FIT_INCONCLUSIVE)
		appendStringInfo(&out, "The data fit anything from %s to %s: more assets are needed.",
						 more_or_fewer(low), more_or_fewer(high));
	else if (verdict == FIT_SIMILAR)
		append_similar(&out, subject, low, high);
	else
		append_difference(&out, subject, ratio, low, high);
	return out.data;
}

/* append_reversal tells that the plain totals say the opposite. */
static void
append_reversal(StringInfo out, const InsightSubject *subject, const FitComparison *comparison)
{
	double		crude = 1;
	double		ratio = 1;

	(void) fit_crude_ratio(comparison, &crude);
	(void) fit_ratio(comparison, &ratio);
	appendStringInfo(out, "Overall reused %s look %s %% %s, but within the same %s %s %% %s: ",
					 plural_of(subject), percent(crude), crude > 1 ? "better" : "worse",
					 subject->type ? "platform and year" : "type and platform",
					 percent(ratio), ratio > 1 ? "better" : "worse");
	appendStringInfo(out, "they are mostly of the %s that get %s %s. ",
					 subject->type ? "platforms and years" : "types",
					 crude > 1 ? "more" : "fewer", metric_words[subject->metric].success);
}

/* append_shortage tells what there is too little of. */
static void
append_shortage(StringInfo out, const InsightSubject *subject, const FitComparison *comparison)
{
	const MetricWords *words = &metric_words[subject->metric];
	const FitTotal *reused = &comparison->arms[FIT_REUSED];
	const FitTotal *others = &comparison->arms[FIT_NOT_REUSED];
	const FitTotal *fewest;

	if (comparison->common_strata == 0)
	{
		appendStringInfo(out, "Nothing to compare: there are no reused and other %s of the same %splatform and year.",
						 plural_of(subject), subject->type ? "" : "type, ");
		return;
	}
	fewest = reused->common_assets < FIT_MIN_ASSETS ? reused : others;
	if (fewest->common_assets < FIT_MIN_ASSETS)
	{
		appendStringInfo(out, fewest == reused ? "Too few: %.0f %sreused %s; %d are needed." :
						 "Too few: %.0f %s%s that were not reused; %d are needed.",
						 fewest->common_assets,
						 fewest->common_assets < fewest->assets ? "comparable " : "",
						 plural_of(subject), FIT_MIN_ASSETS);
		return;
	}
	fewest = reused->common_x < FIT_MIN_EVENTS ? reused : others;
	if (fewest->common_x < FIT_MIN_EVENTS)
		appendStringInfo(out, "Too few: %.6g %s of %s%s%s; %d are needed.", fewest->common_x, words->success,
						 fewest == reused ? "reused " : "", plural_of(subject),
						 fewest == reused ? "" : " that were not reused", FIT_MIN_EVENTS);
	else
		appendStringInfo(out, "Too few: a handful of %s have most of the %s; more %s with %s are needed.",
						 plural_of(subject), words->trials, plural_of(subject), words->trials);
}

/* append_difference tells that there is a difference, and why that may be. */
static void
append_difference(StringInfo out, const InsightSubject *subject, double ratio, double low,
				  double high)
{
	const MetricWords *words = &metric_words[subject->metric];
	const char *plural = plural_of(subject);
	bool		more = ratio > 1;

	appendStringInfo(out, "Reused %s get %s %s per %s than comparable %s that were not reused (%.6g %% interval%s: %s to %s %%). ",
					 plural, more_or_fewer(ratio), words->success, words->trial, plural,
					 100 * subject->confidence, subject->corrected ? " after correction" : "",
					 percent(more ? low : high), percent(more ? high : low));
	appendStringInfo(out, "This may be because %s %s get reused.", more ? "better" : "weaker", plural);
}

/* append_similar tells that any difference is small. */
static void
append_similar(StringInfo out, const InsightSubject *subject, double low, double high)
{
	const MetricWords *words = &metric_words[subject->metric];

	appendStringInfo(out, "Reused %s get about as many %s per %s as comparable %s that were not reused (%.6g %% interval%s: %s to %s).",
					 plural_of(subject), words->success, words->trial, plural_of(subject),
					 100 * subject->confidence, subject->corrected ? " after correction" : "",
					 more_or_fewer(low), more_or_fewer(high));
}

/*
 * plural_of names more than one asset of the subject's type: "images", but "ad_copy assets" where
 * an s does not make a plural.
 */
static char *
plural_of(const InsightSubject *subject)
{
	char	   *label;
	Size		i;

	if (subject->type == NULL)
		return "assets";
	label = pnstrdup(subject->type->label, subject->type->len);
	for (i = 0; label[i] >= 'a' && label[i] <= 'z'; i++)
		;
	if (label[i] != '\0' || i == 0 || strchr("hsxyz", label[i - 1]) != NULL || strcmp(label, "other") == 0)
		return psprintf("%s assets", label);
	return psprintf("%ss", label);
}

/* percent writes by how many percent a ratio differs from 1: in whole ones, unless it is less than one. */
static char *
percent(double ratio)
{
	double		value = fabs(ratio - 1) * 100;

	return psprintf(value >= 1 ? "%.0f" : "%.1f", value);
}

static char *
more_or_fewer(double ratio)
{
	return psprintf("%s %% %s", percent(ratio), ratio >= 1 ? "more" : "fewer");
}
