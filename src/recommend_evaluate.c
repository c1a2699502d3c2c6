/*-------------------------------------------------------------------------
 *
 * recommend_evaluate.c
 *	  asset_reuse_recommend_evaluate: how good recommendations would have been.
 *
 * All of the tenant's events are read once.  Then for each campaign of a sample the clock is put
 * back to its beginning: given the first half of what was reused there, each method says what else
 * will be, knowing nothing of what came later.
 *
 * All is in memory: 40 bytes an event.  Memory is that of the SPI connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "event_context.h"
#include "log_value.h"
#include "plan_cache.h"
#include "recommend_ids.h"
#include "recommend_near.h"
#include "recommend_queries.h"
#include "request.h"
#include "rows_request.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_recommend_evaluate);

#define DEFAULT_SAMPLE		200
#define MAX_SAMPLE			100000

/* How many items count */
#define NITEMS				10

/* What the item cosine looks at: each seed's newest uses */
#define MAX_COSINE_USES		200

#define NO_CAMPAIGN			UINT_MAX

typedef enum Method
{
	RECOMMEND,
	DECAYED_POPULARITY,
	POPULARITY,
	ITEM_COSINE,
	NMETHODS
} Method;

/* A list for each of so many things, one behind the other: the nth is from first[n] to first[n + 1] */
typedef struct Lists
{
	uint64	   *first;
	uint64	   *events;			/* numbers of events */
} Lists;

typedef struct Asset
{
	bool		live;
	int64		reused_count;
	uint32		made_in;		/* or NO_CAMPAIGN */
	Timestamp	made;			/* -infinity if not known */
} Asset;

/* A campaign of the sample */
typedef struct Trial
{
	uint32		campaign;
	Timestamp	start;
} Trial;

typedef struct MethodResult
{
	double		hits;
	double		ndcg;
	bool	   *recommended;	/* by asset */
} MethodResult;

typedef struct Evaluation
{
	Oid			caller;
	Identifier	tenant_id;
	AppTable	assets_table;
	AppTable	spaces_table;
	AppTable	history_table;
	bool		has_history;
	Timestamp	end;

	RecommendIds ids;			/* of assets: in their order, then others that have events */
	RecommendIds places;		/* of campaigns */
	uint32		nassets;
	uint32		nknown;			/* the others have events only */
	Asset	   *assets;
	bool	   *campaign_lives;
	uint64		nevents;
	uint64		room;
	NearUse    *events;			/* the oldest first */
	Lists		by_asset;
	Lists		by_campaign;
	Lists		made_in;		/* numbers of assets */
	uint32	   *ncampaigns;		/* by event: of its asset, in which it was until then */

	/* the trial */
	Timestamp	now;
	uint32		target;
	uint64		past;			/* the number of events before now */
	double	   *counted;		/* by asset: events before now */
	bool	   *excluded;		/* by asset */
	bool	   *wanted;			/* by asset: must be found */
	uint32		nwanted;
	uint32		nseeds;
	uint32	   *seeds;

	uint32		ntrials;
	MethodResult		results[NMETHODS];
} Evaluation;

static void load(Evaluation *e);
static void begin_statement(const Evaluation *e, const char *sql, int role, PlanRequest *plan);
static void load_assets(Evaluation *e);
static void load_events(Evaluation *e);
static bool receive_event(TupleTableSlot *slot, DestReceiver *receiver);
static void load_campaigns(Evaluation *e);
static void make_lists(Evaluation *e);
static void list_by(Lists *lists, uint32 nlists, uint64 n, uint32 (*list_of) (const Evaluation *, uint64),
					const Evaluation *e);
static uint32 asset_of_event(const Evaluation *e, uint64 event);
static uint32 campaign_of_event(const Evaluation *e, uint64 event);
static uint32 campaign_of_asset(const Evaluation *e, uint64 asset);
static void count_campaigns(Evaluation *e);
static Trial *find_trials(const Evaluation *e, Timestamp start, uint32 *ntrials);
static int	compare_trials(const void *a, const void *b, void *arg);
static bool begin_trial(Evaluation *e, const Trial *trial);
static void end_trial(Evaluation *e);
static void try_all(Evaluation *e);
static void judge(Evaluation *e, Method method, const NearList *list);
static void recommend(Evaluation *e, NearList *list);
static void choose_seeds(Evaluation *e);
static int	compare_numbers(uint32 a, uint32 b, const void *arg);
static uint32 seed_uses(const Evaluation *e, uint32 nseeds, NearUse *uses, double *weights);
static bool add_members(Evaluation *e, const NearCampaign *near, NearScores *scores, uint32 *members);
static void fill_up(Evaluation *e, NearList *list);
static void add_popularity(Evaluation *e, double *sums);
static void item_cosine(Evaluation *e, double *sums);
static void rank(const Evaluation *e, const double *sums, NearList *list);
static uint64 events_before(const Evaluation *e, const Lists *lists, uint32 list, Timestamp time);
static int64 reuses_before(const Evaluation *e, uint32 asset, Timestamp time);
static void put_results(FunctionCallInfo fcinfo, const Evaluation *e);

typedef struct EventReceiver
{
	DestReceiver receiver;		/* first: it is the receiver itself */
	Evaluation *evaluation;
} EventReceiver;

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
	load(e);
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

/* load reads the tenant's assets, campaigns and events. */
static void
load(Evaluation *e)
{
	const AppColumn *id;
	int			method;

	app_schema_bind(APP_ASSETS, AccessShareLock, &e->assets_table);
	app_schema_bind(APP_SPACES, AccessShareLock, &e->spaces_table);
	e->has_history = history_table_bind(&e->assets_table, AccessShareLock, true, &e->history_table);
	e->end = reuse_horizon(GetCurrentTransactionStartTimestamp());
	id = &e->assets_table.columns[ASSET_ID];
	recommend_ids_init(&e->ids, id->type == UUIDOID ? UUIDOID : TEXTOID,
					   OidIsValid(id->collation) ? id->collation : C_COLLATION_OID);
	recommend_ids_init(&e->places, TEXTOID, C_COLLATION_OID);
	load_assets(e);
	load_events(e);
	load_campaigns(e);
	make_lists(e);
	e->counted = palloc_extended((Size) (e->nassets + 1) * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->excluded = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->wanted = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->seeds = palloc_extended((Size) (e->nassets + 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (method = 0; method < NMETHODS; method++)
		e->results[method].recommended = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* begin_statement begins a statement over a table, and if that is the assets, the history table as well. */
static void
begin_statement(const Evaluation *e, const char *sql, int role, PlanRequest *plan)
{
	*plan = (PlanRequest) {
		.sql = sql,
		.caller = e->caller,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = recommend_put_piece
	};
	if (role == APP_SPACES)
		plan->tables[APP_SPACES] = &e->spaces_table;
	else
		plan->tables[APP_ASSETS] = &e->assets_table;
	if (role == APP_HISTORY && e->has_history)
		plan->tables[APP_HISTORY] = &e->history_table;
	identifier_add(plan, "tenant_id", e->tenant_id, &e->assets_table.columns[ASSET_TENANT_ID]);
	identifier_add(plan, "space_tenant_id", e->tenant_id, &e->spaces_table.columns[SPACE_TENANT_ID]);
	plan_add_optional(plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(plan, "end_date", TIMESTAMPOID, TimestampGetDatum(e->end), false);
	plan_add_value(plan, "uuid_campaigns", BOOLOID, BoolGetDatum(e->spaces_table.columns[SPACE_ID].type == UUIDOID));
	plan_add_value(plan, "detail", INT4OID, Int32GetDatum(DETAIL_PLACE));
	plan_add_optional(plan, "of_ids", BOOLOID, (Datum) 0, true);
}

/* load_assets reads the assets; their numbers are in the order of their ids. */
static void
load_assets(Evaluation *e)
{
	PlanRequest plan;
	uint64		i;

	begin_statement(e, recommend_all_assets, APP_ASSETS, &plan);
	plan_execute(&plan);
	e->assets = palloc_extended(Max(SPI_processed, 1) * sizeof(Asset), MCXT_ALLOC_HUGE);
	for (i = 0; i < SPI_processed; i++)
	{
		Datum		id = plan_result(i, 1, e->ids.type);
		bool		has_origin = !plan_result_is_null(i, 3, TEXTOID);

		CHECK_FOR_INTERRUPTS();
		if (e->ids.type == TEXTOID)
			id = PointerGetDatum(DatumGetTextPP(id));
		/* an id that is there twice is one asset */
		if (recommend_ids_add(&e->ids, id) < e->nknown)
			continue;
		e->assets[e->nknown++] = (Asset) {
			.live = DatumGetBool(plan_result(i, 5, BOOLOID)),
			.reused_count = DatumGetInt64(plan_result(i, 2, INT8OID)),
			.made_in = has_origin ? recommend_ids_add(&e->places, PointerGetDatum(
				DatumGetTextPP(plan_result(i, 3, TEXTOID)))) : NO_CAMPAIGN,
			.made = plan_result_is_null(i, 4, TIMESTAMPOID) ? DT_NOBEGIN :
			DatumGetTimestamp(plan_result(i, 4, TIMESTAMPOID))
		};
	}
	SPI_freetuptable(SPI_tuptable);
}

/* load_events reads the events, one by one. */
static void
load_events(Evaluation *e)
{
	EventReceiver receiver = {.receiver = *None_Receiver, .evaluation = e};
	PlanRequest plan;
	uint32		i;

	e->room = 1024;
	e->events = palloc(e->room * sizeof(NearUse));
	receiver.receiver.receiveSlot = receive_event;
	begin_statement(e, recommend_all_events, APP_HISTORY, &plan);
	plan_execute_into(&plan, &receiver.receiver);

	e->nassets = e->ids.count;
	e->assets = repalloc_huge(e->assets, Max(e->nassets, 1) * sizeof(Asset));
	for (i = e->nknown; i < e->nassets; i++)
		e->assets[i] = (Asset) {.made_in = NO_CAMPAIGN};
}

static bool
receive_event(TupleTableSlot *slot, DestReceiver *receiver)
{
	Evaluation *e = ((EventReceiver *) receiver)->evaluation;
	TupleDesc	desc = slot->tts_tupleDescriptor;
	NearUse		event = {.campaign = NO_CAMPAIGN};
	Datum		value;
	bool		isnull;

	if (desc->natts != 3 || TupleDescAttr(desc, 0)->atttypid != e->ids.type ||
		TupleDescAttr(desc, 1)->atttypid != TIMESTAMPOID || TupleDescAttr(desc, 2)->atttypid != TEXTOID)
		plan_report_changed();
	value = slot_getattr(slot, 1, &isnull);
	if (isnull)
		plan_report_changed();
	event.asset = recommend_ids_add(&e->ids, e->ids.type == UUIDOID ? value : PointerGetDatum(DatumGetTextPP(value)));
	event.time = DatumGetTimestamp(slot_getattr(slot, 2, &isnull));
	value = slot_getattr(slot, 3, &isnull);
	if (!isnull)
		event.campaign = recommend_ids_add(&e->places, PointerGetDatum(DatumGetTextPP(value)));
	if (e->nevents == e->room)
	{
		e->room *= 2;
		e->events = repalloc_huge(e->events, e->room * sizeof(NearUse));
	}
	e->events[e->nevents++] = event;
	return true;
}

/* load_campaigns reads which campaigns are live. */
static void
load_campaigns(Evaluation *e)
{
	uint32		known = e->places.count;
	PlanRequest plan;
	uint64		i;

	e->campaign_lives = palloc_extended(known + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	begin_statement(e, recommend_all_campaigns, APP_SPACES, &plan);
	plan_execute(&plan);
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		campaign = recommend_ids_add(&e->places, PointerGetDatum(
			DatumGetTextPP(plan_result(i, 1, TEXTOID))));

		CHECK_FOR_INTERRUPTS();
		if (campaign < known)
			e->campaign_lives[campaign] = true;
	}
	e->places.count = known;
}

/* make_lists lists events by asset and by campaign, and assets by the campaign where they were made. */
static void
make_lists(Evaluation *e)
{
	list_by(&e->by_asset, e->nassets, e->nevents, asset_of_event, e);
	list_by(&e->by_campaign, e->places.count, e->nevents, campaign_of_event, e);
	list_by(&e->made_in, e->places.count, e->nknown, campaign_of_asset, e);
	count_campaigns(e);
}

/* list_by puts the numbers below n into lists, in their order. */
static void
list_by(Lists *lists, uint32 nlists, uint64 n, uint32 (*list_of) (const Evaluation *, uint64),
		const Evaluation *e)
{
	uint64	   *next = palloc_extended(((Size) nlists + 2) * sizeof(uint64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint64		i;

	for (i = 0; i < n; i++)
	{
		if (list_of(e, i) != NO_CAMPAIGN)
			next[(uint64) list_of(e, i) + 2]++;
	}
	for (i = 2; i < (uint64) nlists + 2; i++)
		next[i] += next[i - 1];
	lists->events = palloc_extended(Max(n, 1) * sizeof(uint64), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
	{
		if (list_of(e, i) != NO_CAMPAIGN)
			lists->events[next[(uint64) list_of(e, i) + 1]++] = i;
	}
	lists->first = next;
}

static uint32
asset_of_event(const Evaluation *e, uint64 event)
{
	return e->events[event].asset;
}

static uint32
campaign_of_event(const Evaluation *e, uint64 event)
{
	return e->events[event].campaign;
}

static uint32
campaign_of_asset(const Evaluation *e, uint64 asset)
{
	return e->assets[asset].made_in;
}

/* count_campaigns counts, for each event, the campaigns in which its asset was reused until then. */
static void
count_campaigns(Evaluation *e)
{
	uint32	   *seen = palloc_extended(((Size) e->places.count + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		asset;
	uint64		i;

	e->ncampaigns = palloc_extended(Max(e->nevents, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (asset = 0; asset < e->nassets; asset++)
	{
		uint32		count = 0;

		for (i = e->by_asset.first[asset]; i < e->by_asset.first[asset + 1]; i++)
		{
			uint32		campaign = e->events[e->by_asset.events[i]].campaign;

			if (campaign != NO_CAMPAIGN && seen[campaign] != asset + 1)
			{
				seen[campaign] = asset + 1;
				count++;
			}
			e->ncampaigns[e->by_asset.events[i]] = count;
		}
	}
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
		const Asset *asset = &e->assets[e->seeds[i]];
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
		near_list_add(&best, e->seeds[i], reuses_before(e, e->seeds[i], e->now), compare_numbers, NULL);
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
	near_list_init(&list, NITEMS);
	rank(e, e->counted, &list);
	judge(e, POPULARITY, &list);

	near_list_init(&list, NITEMS);
	add_popularity(e, sums);
	rank(e, sums, &list);
	judge(e, DECAYED_POPULARITY, &list);

	memset(sums, 0, (Size) e->nassets * sizeof(double));
	near_list_init(&list, NITEMS);
	item_cosine(e, sums);
	rank(e, sums, &list);
	judge(e, ITEM_COSINE, &list);

	near_list_init(&list, NITEMS);
	recommend(e, &list);
	judge(e, RECOMMEND, &list);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(memory);
}

/* judge adds how good a list is to the results of its method. */
static void
judge(Evaluation *e, Method method, const NearList *list)
{
	MethodResult	   *result = &e->results[method];
	double		gain = 0;
	double		best = 0;
	int			i;

	for (i = 0; i < list->count; i++)
	{
		if (e->wanted[list->items[i].asset])
			gain += 1 / log2(i + 2);
		result->recommended[list->items[i].asset] = true;
	}
	for (i = 0; i < (int) Min(NITEMS, e->nwanted); i++)
		best += 1 / log2(i + 2);
	result->hits += gain > 0;
	result->ndcg += gain / best;
}

/* recommend does what asset_reuse_recommend does, as of that time. */
static void
recommend(Evaluation *e, NearList *list)
{
	NearUse    *uses = palloc((Size) e->nseeds * (NEAR_MAX_USES + 1) * sizeof(NearUse));
	double		weights[NEAR_MAX_SEEDS];
	NearCampaign *near;
	uint32		nnear;
	uint32	   *members = palloc(NEAR_MAX_MEMBERS * sizeof(uint32));
	uint32		kept = 0;
	NearScores	scores;
	uint32		nuses;
	uint32		i;

	nuses = seed_uses(e, e->nseeds, uses, weights);
	near = palloc(Max(nuses, 1) * sizeof(NearCampaign));
	nnear = near_find(uses, nuses, weights, e->now, (double) 365 * USECS_PER_DAY,
					  recommend_ids_compare, &e->places, near);
	near_scores_init(&scores, e->nassets);
	for (i = 0; i < nnear && kept < NEAR_MAX_CAMPAIGNS; i++)
		kept += add_members(e, &near[i], &scores, members);
	for (i = 0; i < e->nknown; i++)
	{
		if (scores.sums[i] > 0)
			scores.sums[i] *= near_rarity(reuses_before(e, i, e->now));
	}
	rank(e, scores.sums, list);
	if (list->count < NITEMS)
		fill_up(e, list);
}

/* seed_uses lists the newest uses of the seeds, and where they were made; and what each seed counts for. */
static uint32
seed_uses(const Evaluation *e, uint32 nseeds, NearUse *uses, double *weights)
{
	uint32		count = 0;
	uint32		n;

	for (n = 0; n < nseeds; n++)
	{
		const Asset *asset = &e->assets[e->seeds[n]];
		uint64		first = e->by_asset.first[e->seeds[n]];
		uint64		i = events_before(e, &e->by_asset, e->seeds[n], e->now);
		uint64		last = i;

		weights[n] = near_seed_weight(reuses_before(e, e->seeds[n], e->now));
		for (; i > first && last - i < NEAR_MAX_USES; i--)
		{
			const NearUse *event = &e->events[e->by_asset.events[i - 1]];

			if (event->campaign != NO_CAMPAIGN && event->campaign != e->target)
				uses[count++] = (NearUse) {event->campaign, n, event->time};
		}
		if (asset->made_in != NO_CAMPAIGN && asset->made_in != e->target && asset->made < e->now)
			uses[count++] = (NearUse) {asset->made_in, n, asset->made};
	}
	return count;
}

/* add_members adds what a campaign had then to the scores; false if it is not to be kept. */
static bool
add_members(Evaluation *e, const NearCampaign *near, NearScores *scores, uint32 *members)
{
	uint32		campaign = near->campaign;
	uint64		end = events_before(e, &e->by_campaign, campaign, e->now);
	uint64		count = end - e->by_campaign.first[campaign];
	uint32		size = 0;
	uint64		i;

	if (!e->campaign_lives[campaign])
		return false;
	for (i = e->made_in.first[campaign]; i < e->made_in.first[campaign + 1]; i++)
		count += e->assets[e->made_in.events[i]].made < e->now;
	if (count == 0 || count > NEAR_MAX_MEMBERS)
		return false;
	for (i = e->made_in.first[campaign]; i < e->made_in.first[campaign + 1]; i++)
	{
		if (e->assets[e->made_in.events[i]].made < e->now)
			members[size++] = e->made_in.events[i];
	}
	for (i = e->by_campaign.first[campaign]; i < end; i++)
		members[size++] = e->events[e->by_campaign.events[i]].asset;
	(void) near_add_campaign(scores, near->near, members, size);
	return true;
}

/* fill_up fills a list up by popularity. */
static void
fill_up(Evaluation *e, NearList *list)
{
	double	   *sums = palloc_extended(((Size) e->nassets + 1) * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	NearList	more;
	int			i;

	add_popularity(e, sums);
	for (i = 0; i < list->count; i++)
		sums[list->items[i].asset] = 0;
	near_list_init(&more, NITEMS - list->count);
	rank(e, sums, &more);
	for (i = 0; i < more.count; i++)
		list->items[list->count++] = more.items[i];
}

/* add_popularity adds the newest events, each by its age. */
static void
add_popularity(Evaluation *e, double *sums)
{
	Timestamp	start = e->now - (int64) NEAR_POPULAR_DAYS * USECS_PER_DAY;
	uint64		i;

	for (i = e->past; i > 0 && e->past - i < NEAR_POPULAR_EVENTS && e->events[i - 1].time >= start; i--)
		sums[e->events[i - 1].asset] += near_decay(e->now, e->events[i - 1].time, NEAR_POPULAR_HALF_LIFE);
}

/*
 * item_cosine adds the cosines of assets with the seeds, by the campaigns in which they were reused: of
 * each seed, the newest.
 */
static void
item_cosine(Evaluation *e, double *sums)
{
	uint32	   *seen = palloc_extended(((Size) e->nassets + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		campaigns = 0;
	uint32		n;
	uint32		asset;

	for (n = 0; n < e->nseeds; n++)
	{
		uint64		first = e->by_asset.first[e->seeds[n]];
		uint64		end = events_before(e, &e->by_asset, e->seeds[n], e->now);
		uint64		i;
		uint64		u;

		for (i = end; i > first && end - i < MAX_COSINE_USES; i--)
		{
			uint64		event = e->by_asset.events[i - 1];
			uint32		campaign = e->events[event].campaign;
			bool		repeated = i - 1 > first && e->ncampaigns[event] == e->ncampaigns[e->by_asset.events[i - 2]];
			uint64		members;

			if (campaign == NO_CAMPAIGN || campaign == e->target || repeated || !e->campaign_lives[campaign])
				continue;
			members = events_before(e, &e->by_campaign, campaign, e->now);
			if (members - e->by_campaign.first[campaign] > NEAR_MAX_MEMBERS)
				continue;
			CHECK_FOR_INTERRUPTS();
			campaigns++;
			for (u = e->by_campaign.first[campaign]; u < members; u++)
			{
				asset = e->events[e->by_campaign.events[u]].asset;
				if (seen[asset] == campaigns)
					continue;
				seen[asset] = campaigns;
				sums[asset] += 1 / sqrt(e->ncampaigns[e->by_asset.events[end - 1]]);
			}
		}
	}
	for (asset = 0; asset < e->nassets; asset++)
	{
		if (sums[asset] > 0)
			sums[asset] /= sqrt(e->ncampaigns[e->by_asset.events[events_before(e, &e->by_asset, asset, e->now) - 1]]);
	}
}

/* rank lists the best of the live assets that the campaign does not have. */
static void
rank(const Evaluation *e, const double *sums, NearList *list)
{
	uint32		asset;

	CHECK_FOR_INTERRUPTS();
	for (asset = 0; asset < e->nknown; asset++)
	{
		if (sums[asset] > 0 && e->assets[asset].live && !e->excluded[asset])
			near_list_add(list, asset, sums[asset], recommend_ids_compare, &e->ids);
	}
}

/* events_before returns where the events of a list end that are before a time. */
static uint64
events_before(const Evaluation *e, const Lists *lists, uint32 list, Timestamp time)
{
	uint64		low = lists->first[list];
	uint64		high = lists->first[list + 1];

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (e->events[lists->events[middle]].time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* reuses_before returns how often an asset was reused until a time, by its counter. */
static int64
reuses_before(const Evaluation *e, uint32 asset, Timestamp time)
{
	int64		later = e->by_asset.first[asset + 1] - events_before(e, &e->by_asset, asset, time);

	return Max(e->assets[asset].reused_count - later, 0);
}

/* put_results returns a row for each method. */
static void
put_results(FunctionCallInfo fcinfo, const Evaluation *e)
{
	static const char *const names[NMETHODS] = {
		[RECOMMEND] = "recommend",
		[DECAYED_POPULARITY] = "decayed_popularity",
		[POPULARITY] = "popularity",
		[ITEM_COSINE] = "item_cosine",
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
