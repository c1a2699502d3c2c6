/*-------------------------------------------------------------------------
 *
 * recommend_evaluate.c
 *	  asset_reuse_recommend_evaluate: how good recommendations would have been.
 *
 * All of the tenant's events are read once.  Then for each campaign of a sample the clock is put
 * back to its beginning: given the first half of what was reused there, each method says what else
 * will be, knowing nothing of what came later.
 *
 * recommend_past.c has the events, recommend_methods.c the methods.  Memory is that of the SPI
 * connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "recommend_past.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_recommend_evaluate);

#define DEFAULT_SAMPLE		200
#define MAX_SAMPLE			100000

/* A campaign of the sample */
typedef struct Trial
{
	uint32		campaign;
	Timestamp	start;
} Trial;

static Trial *find_trials(const Evaluation *e, Timestamp start, uint32 *ntrials);
static int	compare_trials(const void *a, const void *b, void *arg);
static bool begin_trial(Evaluation *e, const Trial *trial);
static void choose_seeds(Evaluation *e);
static int	compare_numbers(uint32 a, uint32 b, const void *arg);
static void end_trial(Evaluation *e);
static void try_all(Evaluation *e);
static void judge(Evaluation *e, PastMethod method, const NearList *list);
static void put_results(FunctionCallInfo fcinfo, const Evaluation *e);

/*
 * asset_reuse_recommend_evaluate(tenant_id, start_date, sample) returns how often each method would
 * have been right for the campaigns that began since then.
 */
Datum
asset_reuse_recommend_evaluate(PG_FUNCTION_ARGS)
{
	Evaluation *e;
	Identifier	tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	Timestamp	start;
	uint32		sample;
	uint32		ntrials;
	Trial	   *trials;
	uint32		i;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("start_date must not be null")));
	/* a timestamptz is the timestamp in UTC */
	start = PG_GETARG_TIMESTAMPTZ(1);
	sample = request_optional_int(fcinfo, 2, "sample", 1, MAX_SAMPLE, DEFAULT_SAMPLE);
	InitMaterializedSRF(fcinfo, 0);

	SPI_connect();
	e = palloc0(sizeof(Evaluation));
	e->caller = fcinfo->flinfo->fn_oid;
	e->tenant_id = tenant_id;
	past_load(e);
	trials = find_trials(e, start, &ntrials);
	/* evenly over the time */
	for (i = 0; i < Min(sample, ntrials); i++)
	{
		if (begin_trial(e, &trials[(uint64) i * ntrials / Min(sample, ntrials)]))
			try_all(e);
		end_trial(e);
	}
	put_results(fcinfo, e);
	SPI_finish();
	return (Datum) 0;
}

/* find_trials finds the live campaigns that began since then, the first first. */
static Trial *
find_trials(const Evaluation *e, Timestamp start, uint32 *ntrials)
{
	Trial	   *trials = palloc_extended(((Size) e->places.count + 1) * sizeof(Trial), MCXT_ALLOC_HUGE);
	uint32		campaign;

	*ntrials = 0;
	for (campaign = 0; campaign < e->places.count; campaign++)
	{
		uint64		first = e->by_campaign.first[campaign];

		if (e->campaign_lives[campaign] && first < e->by_campaign.first[campaign + 1] &&
			e->events[e->by_campaign.events[first]].time >= start)
			trials[(*ntrials)++] = (Trial) {campaign, e->events[e->by_campaign.events[first]].time};
	}
	qsort_arg(trials, *ntrials, sizeof(Trial), compare_trials, unconstify(Evaluation *, e));
	return trials;
}

static int
compare_trials(const void *a, const void *b, void *arg)
{
	const Trial *x = a;
	const Trial *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return recommend_ids_compare(x->campaign, y->campaign, &((const Evaluation *) arg)->places);
}

/*
 * begin_trial puts the clock back to a campaign's beginning.  Of the live assets reused there, in the order
 * of their first use, the first half are the seeds, the others must be found; but for those that were not there yet,
 * which nobody can recommend.  It returns false if that leaves nothing.
 */
static bool
begin_trial(Evaluation *e, const Trial *trial)
{
	const uint64 *events = e->by_campaign.events;
	uint64		first = e->by_campaign.first[trial->campaign];
	uint64		end = e->by_campaign.first[trial->campaign + 1];
	uint32		count = 0;
	uint32		half;
	uint64		i;

	e->target = trial->campaign;
	e->now = trial->start;
	for (; e->past < e->nevents && e->events[e->past].time < e->now; e->past++)
		e->counted[e->events[e->past].asset]++;
	/* what was made there is there */
	for (i = e->made_in.first[e->target]; i < e->made_in.first[e->target + 1]; i++)
		e->excluded[e->made_in.events[i]] = true;
	for (i = first; i < end; i++)
	{
		uint32		asset = e->events[events[i]].asset;

		if (!e->assets[asset].live || e->excluded[asset])
			continue;
		e->excluded[asset] = true;
		e->seeds[count++] = asset;
	}
	half = count / 2;
	for (i = half; i < count; i++)
	{
		const PastAsset *asset = &e->assets[e->seeds[i]];
		bool		known = asset->made < e->now || e->counted[e->seeds[i]] > 0;

		e->excluded[e->seeds[i]] = !known;
		e->wanted[e->seeds[i]] = known;
		e->nwanted += known;
	}
	e->nseeds = half;
	choose_seeds(e);
	return half > 0 && e->nwanted > 0;
}

/* choose_seeds keeps the most reused seeds, as asset_reuse_recommend does. */
static void
choose_seeds(Evaluation *e)
{
	NearList	best;
	uint32		i;

	near_list_init(&best, Min(e->nseeds, NEAR_MAX_SEEDS));
	for (i = 0; i < e->nseeds; i++)
	{
		CHECK_FOR_INTERRUPTS();
		near_list_add(&best, e->seeds[i], (double) past_reuses_before(e, e->seeds[i], e->now), compare_numbers, NULL);
	}
	for (i = 0; i < (uint32) best.count; i++)
		e->seeds[i] = best.items[i].asset;
	e->nseeds = best.count;
	pfree(best.items);
}

static int
compare_numbers(uint32 a, uint32 b, const void *arg)
{
	return (a > b) - (a < b);
}

/* end_trial forgets the campaign. */
static void
end_trial(Evaluation *e)
{
	uint64		i;

	for (i = e->made_in.first[e->target]; i < e->made_in.first[e->target + 1]; i++)
		e->excluded[e->made_in.events[i]] = false;
	for (i = e->by_campaign.first[e->target]; i < e->by_campaign.first[e->target + 1]; i++)
	{
		uint32		asset = e->events[e->by_campaign.events[i]].asset;

		e->excluded[asset] = e->wanted[asset] = false;
	}
	e->nwanted = 0;
}

/* try_all tries all methods on the campaign. */
static void
try_all(Evaluation *e)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse trial", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(memory);
	double	   *sums = palloc_extended(((Size) e->nassets + 1) * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	NearList	list;

	e->ntrials++;
	near_list_init(&list, PAST_NITEMS);
	method_rank(e, e->counted, &list);
	judge(e, METHOD_POPULARITY, &list);

	near_list_init(&list, PAST_NITEMS);
	method_popularity(e, sums);
	method_rank(e, sums, &list);
	judge(e, METHOD_DECAYED_POPULARITY, &list);

	memset(sums, 0, (Size) e->nassets * sizeof(double));
	near_list_init(&list, PAST_NITEMS);
	method_item_cosine(e, sums);
	method_rank(e, sums, &list);
	judge(e, METHOD_ITEM_COSINE, &list);

	near_list_init(&list, PAST_NITEMS);
	method_recommend(e, &list);
	judge(e, METHOD_RECOMMEND, &list);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* judge adds how good a list is to the results of its method. */
static void
judge(Evaluation *e, PastMethod method, const NearList *list)
{
	MethodResult *result = &e->results[method];
	double		gain = 0;
	double		best = 0;
	int			i;

	for (i = 0; i < list->count; i++)
	{
		if (e->wanted[list->items[i].asset])
			gain += 1 / log2(i + 2);
		result->recommended[list->items[i].asset] = true;
	}
	for (i = 0; i < (int) Min(PAST_NITEMS, e->nwanted); i++)
		best += 1 / log2(i + 2);
	result->hits += gain > 0;
	result->ndcg += gain / best;
}

/* put_results returns a row for each method. */
static void
put_results(FunctionCallInfo fcinfo, const Evaluation *e)
{
	static const char *const names[NMETHODS] = {
		[METHOD_RECOMMEND] = "recommend",
		[METHOD_DECAYED_POPULARITY] = "decayed_popularity",
		[METHOD_POPULARITY] = "popularity",
		[METHOD_ITEM_COSINE] = "item_cosine",
	};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			method;

	for (method = 0; method < NMETHODS; method++)
	{
		const MethodResult *r = &e->results[method];
		bool		nothing = e->ntrials == 0;
		bool		nulls[] = {false, false, nothing, nothing, nothing};
		double		covered = 0;
		double		live = 0;
		Datum		values[5];
		uint32		asset;

		for (asset = 0; asset < e->nknown; asset++)
		{
			covered += r->recommended[asset];
			live += e->assets[asset].live;
		}
		values[0] = CStringGetTextDatum(names[method]);
		values[1] = Int64GetDatum(e->ntrials);
		values[2] = Float8GetDatum(nothing ? 0 : r->hits / e->ntrials);
		values[3] = Float8GetDatum(nothing ? 0 : r->ndcg / e->ntrials);
		values[4] = Float8GetDatum(nothing ? 0 : covered / live);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}
