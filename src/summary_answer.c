/*-------------------------------------------------------------------------
 *
 * summary_answer.c
 *	  The state of asset_reuse_summary as an answer.
 *
 * The state is not changed.  The answer lives in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "answer.h"
#include "jsonb_writer.h"
#include "summary_state.h"

/* A type's counter with its name, for the answer */
typedef struct NamedType
{
	char	   *label;
	const TypeCount *type;
} NamedType;

static void put_overview(JsonbWriter *w, const SummaryState *state);
static void put_types(JsonbWriter *w, const SummaryState *state);
static int	compare_named_types(const void *a, const void *b);
static char *type_label(const SummaryState *state, TypeKey key);
static void put_top(JsonbWriter *w, const SummaryState *state);
static int	compare_sorted_assets(const void *a, const void *b, void *arg);
static void put_correlation(JsonbWriter *w, const SummaryState *state);
static void put_sample(JsonbWriter *w, const PerformanceSample *sample);
static void put_mean(JsonbWriter *w, const ExactSum *sum, int64 count);
static void put_lift(JsonbWriter *w, const ExactSum *reused, int64 nreused,
					 const ExactSum *others, int64 nothers);

/*
 * summary_state_answer returns the objects overview, by_asset_type,
 * top_reused_assets and performance_correlation.
 */
Jsonb *
summary_state_answer(const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("overview"), JSONB_KEY("by_asset_type"),
		JSONB_KEY("top_reused_assets"), JSONB_KEY("performance_correlation"),
	};
	JsonbWriter w;

	jsonb_writer_init(&w, CurrentMemoryContext, BLCKSZ);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	put_overview(&w, state);
	put_types(&w, state);
	put_top(&w, state);
	put_correlation(&w, state);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/* put_overview puts the totals. */
static void
put_overview(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("total_assets"), JSONB_KEY("total_reuses"), JSONB_KEY("assets_with_reuses"),
		JSONB_KEY("avg_reuses_per_asset"), JSONB_KEY("reuse_rate_percentage"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	answer_put_int(w, state->total_assets);
	answer_put_int(w, state->reuses);
	answer_put_int(w, state->reused_assets);
	answer_put_ratio(w, 1, state->reuses, state->reused_assets);
	answer_put_ratio(w, 100, state->reused_assets, state->total_assets);
	jsonb_end(w);
}

/* put_types puts by_asset_type, sorted as jsonb's keys are. */
static void
put_types(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("count"), JSONB_KEY("total_reuses"), JSONB_KEY("avg_reuses_per_asset"),
	};
	int			ntypes = state->types ? state->types->members : 0;
	NamedType  *named = MemoryContextAllocHuge(CurrentMemoryContext, ntypes * sizeof(NamedType));
	int			i = 0;

	if (ntypes > 0)
	{
		typecount_iterator scan;
		TypeCount  *type;

		typecount_start_iterate(state->types, &scan);
		while ((type = typecount_iterate(state->types, &scan)) != NULL)
		{
			named[i].label = type_label(state, type->key);
			named[i++].type = type;
		}
		qsort(named, ntypes, sizeof(NamedType), compare_named_types);
	}

	jsonb_begin_object(w, ntypes);
	for (i = 0; i < ntypes; i++)
		jsonb_put_key(w, named[i].label, strlen(named[i].label));
	for (i = 0; i < ntypes; i++)
	{
		jsonb_begin_object_keys(w, keys, lengthof(keys));
		answer_put_int(w, named[i].type->assets);
		answer_put_int(w, named[i].type->reuses);
		answer_put_ratio(w, 1, named[i].type->reuses, named[i].type->assets);
		jsonb_end(w);
	}
	jsonb_end(w);
}

static int
compare_named_types(const void *a, const void *b)
{
	const char *x = ((const NamedType *) a)->label;
	const char *y = ((const NamedType *) b)->label;

	/* there may be a million, in an order for which qsort is slow */
	CHECK_FOR_INTERRUPTS();
	return jsonb_compare_keys(x, strlen(x), y, strlen(y));
}

/* type_label returns an asset type's name. */
static char *
type_label(const SummaryState *state, TypeKey key)
{
	Oid			oid;

	if (!state->type_is_enum)
		return pnstrdup(key.data, key.len);
	memcpy(&oid, key.data, sizeof(oid));
	return DatumGetCString(DirectFunctionCall1(enum_out, ObjectIdGetDatum(oid)));
}

/* put_top puts the top list, from a sorted copy of the heap. */
static void
put_top(JsonbWriter *w, const SummaryState *state)
{
	int			ntop = state->top ? state->top->bh_size : 0;
	Datum	   *sorted = palloc(ntop * sizeof(Datum));
	int			i;

	if (ntop > 0)
	{
		memcpy(sorted, state->top->bh_nodes, ntop * sizeof(Datum));
		qsort_arg(sorted, ntop, sizeof(Datum), compare_sorted_assets,
				  unconstify(SummaryState *, state));
	}
	jsonb_begin_array(w, ntop);
	for (i = 0; i < ntop; i++)
	{
		const TopAsset *asset = (const TopAsset *) DatumGetPointer(sorted[i]);

		answer_put_row(w, APP_ASSETS, &asset->row, TOP_COLUMNS,
					   state->ranged ? &asset->reuses : NULL);
	}
	jsonb_end(w);
}

static int
compare_sorted_assets(const void *a, const void *b, void *arg)
{
	return summary_compare_top(*(const Datum *) a, *(const Datum *) b, arg);
}

/* put_correlation puts both samples and the lift of the first over the second. */
static void
put_correlation(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("lift"), JSONB_KEY("reused_assets"), JSONB_KEY("non_reused_assets"),
	};
	static const JsonbKey lift_keys[] = {
		JSONB_KEY("ctr_percentage"), JSONB_KEY("conversions_percentage"),
	};
	const PerformanceSample *reused = &state->reused;
	const PerformanceSample *others = &state->not_reused;

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_begin_object_keys(w, lift_keys, lengthof(lift_keys));
	put_lift(w, &reused->ctr, reused->assets, &others->ctr, others->assets);
	put_lift(w, &reused->conversions, reused->with_conversions,
			 &others->conversions, others->with_conversions);
	jsonb_end(w);
	put_sample(w, reused);
	put_sample(w, others);
	jsonb_end(w);
}

/* put_sample puts a sample's means and size. */
static void
put_sample(JsonbWriter *w, const PerformanceSample *sample)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("avg_ctr"), JSONB_KEY("sample_size"), JSONB_KEY("avg_conversions"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	put_mean(w, &sample->ctr, sample->assets);
	answer_put_int(w, sample->assets);
	put_mean(w, &sample->conversions, sample->with_conversions);
	jsonb_end(w);
}

/* put_mean puts a mean; null for an empty sample. */
static void
put_mean(JsonbWriter *w, const ExactSum *sum, int64 count)
{
	if (count == 0)
		jsonb_put_null(w);
	else
		answer_put_rounded(w, exact_sum_mean(sum, count));
}

/* put_lift puts by how many percent the first mean exceeds the second. */
static void
put_lift(JsonbWriter *w, const ExactSum *reused, int64 nreused,
		 const ExactSum *others, int64 nothers)
{
	if (nreused == 0 || nothers == 0)
		jsonb_put_null(w);
	else
		answer_put_lift(w, exact_sum_mean(reused, nreused), exact_sum_mean(others, nothers));
}
