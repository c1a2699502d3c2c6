/*-------------------------------------------------------------------------
 *
 * recommend_find.c
 *	  What to reuse next: the assets that fit a campaign.
 *
 * A few statements, all in the calling query's snapshot, read what the campaign has (its seeds),
 * where these were used, and what else those campaigns have (recommend_finder.c, recommend_rates.c);
 * recommend_near.c does the sums.
 * Nothing is read that the history table's indexes do not lead to, and no more of it than counts,
 * so the time does not depend on how many events there are.  Without that table, all of the
 * tenant's documents are read.
 *
 * All memory is that of the caller's SPI connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "recommend_finder.h"
#include "recommend_queries.h"

/* How many assets are looked up first */
#define FIRST_BATCH			64

/* How many campaigns are looked at together, if there is a history table: memory for what all of them have */
#define MAX_CAMPAIGN_BATCH	1000

static bool pick_similar(Finder *f, int room);
static bool pick_alike(Finder *f, text *alike, RecommendSource source, int room);
static uint32 campaign_batch(const Finder *f, uint32 next, uint32 count);
static void keep(Finder *f, NearCampaign near, const CampaignUses *found, uint32 campaign);
static bool pick_fitting(Finder *f, RecommendSource source, int room);
static void pick_best(Finder *f, const double *sums, bool of_campaigns, RecommendSource source, int room);
static int	compare_items(const void *a, const void *b);
static void pick_popular(Finder *f, int room);
static void add_picks(Finder *f, const NearList *list, RecommendSource source);
static void find_reasons(Finder *f);
static void add_reasons(Finder *f, const KeptCampaign *kept);
static int	compare_campaigns(const void *a, const void *b);
static void read_items(Finder *f, RecommendAnswer *answer);
static void put_past(const Finder *f, uint64 row, int column, AppRow *asset);
static void put_reasons(const Finder *f, const FinderPick *pick, RecommendItem *item);
static text *id_text(const RecommendIds *ids, uint32 number);

/*
 * recommend_find finds the assets that fit.
 *
 * The caller is connected to SPI.  Error P0002 if the campaign is absent, deleted or another
 * tenant's.
 */
void
recommend_find(const RecommendRequest *request, Oid caller, RecommendAnswer *answer)
{
	Finder	   *f = palloc0(sizeof(Finder));
	text	   *brand = NULL;
	text	   *platform = NULL;
	int			room = request->row_limit;
	NearList	unused = {0};

	finder_open(f, request, caller);
	if (request->order == RECOMMEND_BY_EXPECTED || request->explore > 0)
		finder_read_insight(f);
	if (OidIsValid(request->campaign_id.type))
	{
		finder_campaign(f, &brand, &platform);
		finder_read_members(f);
	}
	finder_list_unused(f, &unused);
	room -= unused.count;
	if (f->nseeds > 0)
		(void) pick_similar(f, room);
	else if (brand == NULL || !pick_alike(f, brand, RECOMMEND_SAME_BRAND, room))
	{
		if (platform != NULL)
			(void) pick_alike(f, platform, RECOMMEND_SAME_PLATFORM, room);
	}
	pick_popular(f, room - f->npicks);
	add_picks(f, &unused, RECOMMEND_EXPLORE);
	answer->campaign_id = f->campaign;
	answer->nseeds = f->nseeds;
	read_items(f, answer);
}

/* pick_similar picks what the campaigns have that are nearest to this one; false if that is nothing. */
static bool
pick_similar(Finder *f, int room)
{
	NearCampaign *near;
	uint32		count;
	uint32		next = 0;

	finder_read_seed_uses(f);
	near = palloc(Max(f->nuses, 1) * sizeof(NearCampaign));
	count = near_find(f->uses, f->nuses, f->weights, f->now, f->request->half_life,
					  recommend_ids_compare, &f->places, near);
	while (next < count && f->nkept < NEAR_MAX_CAMPAIGNS)
	{
		uint32		batch = campaign_batch(f, next, count);
		CampaignUses found;
		uint32		i;

		finder_read_campaigns(f, &near[next], batch, &found);
		for (i = 0; i < batch; i++)
			keep(f, near[next + i], &found, i);
		finder_free_campaigns(&found);
		next += batch;
	}
	return pick_fitting(f, RECOMMEND_SIMILAR_CAMPAIGNS, room);
}

/*
 * campaign_batch returns how many of the campaigns are looked at now, from the next one on.
 *
 * Each look reads all documents of the tenant whose log has not moved to the history table.  So without
 * that table there is one look; and with it few, even if most of the campaigns are deleted or have too
 * much: each is at as many campaigns as all before it.
 */
static uint32
campaign_batch(const Finder *f, uint32 next, uint32 count)
{
	uint32		missing = NEAR_MAX_CAMPAIGNS - f->nkept;

	return f->has_history ? Min(count - next, Max(missing, Min(next, MAX_CAMPAIGN_BATCH))) : count;
}

/*
 * pick_alike picks what the campaigns of the same brand or platform have; false if that is nothing.
 * The newer a campaign's last use is, the nearer it is.
 */
static bool
pick_alike(Finder *f, text *alike, RecommendSource source, int room)
{
	const AppColumn *id = &f->spaces.columns[SPACE_ID];
	const Oid	types[] = {TEXTOID};
	PlanRequest plan;
	NearCampaign *near;
	CampaignUses found;
	uint32		count;
	uint32		i;

	finder_begin(f, recommend_alike, TABLE_BIT(APP_SPACES), &plan);
	plan_add_value(&plan, "target", identifier_param_type(id), identifier_bind(f->request->campaign_id, id));
	plan_add_value(&plan, "alike", TEXTOID, PointerGetDatum(alike));
	plan_add_optional(&plan, "brand", BOOLOID, BoolGetDatum(true), source != RECOMMEND_SAME_BRAND);
	finder_execute(&plan, types, lengthof(types));
	count = SPI_processed;
	near = palloc(Max(count, 1) * sizeof(NearCampaign));
	for (i = 0; i < count; i++)
	{
		text	   *name = finder_text(i, 1);

		if (name == NULL)
			plan_report_changed();
		near[i] = (NearCampaign) {.campaign = recommend_ids_add(&f->places, PointerGetDatum(name))};
	}

	finder_read_campaigns(f, near, count, &found);
	for (i = 0; i < count; i++)
	{
		Timestamp	newest = DT_NOBEGIN;
		uint64		u;

		for (u = found.first[i]; u < found.first[i + 1]; u++)
			newest = Max(newest, found.uses[u].time);
		near[i].near = near[i].decay = near_decay(f->now, newest, f->request->half_life);
		near[i].number = i;
	}
	near_sort(near, count, recommend_ids_compare, &f->places);
	f->nkept = 0;
	for (i = 0; i < count && near[i].near > 0; i++)
		keep(f, near[i], &found, near[i].number);
	finder_free_campaigns(&found);
	return pick_fitting(f, source, room);
}

/* keep keeps a campaign, if it has anything, and not more than it may; once enough are kept, no more. */
static void
keep(Finder *f, NearCampaign near, const CampaignUses *found, uint32 campaign)
{
	uint64		first = found->first[campaign];
	uint64		count = found->first[campaign + 1] - first;
	KeptCampaign *kept = &f->kept[f->nkept];
	uint64		i;

	if (count == 0 || count > NEAR_MAX_MEMBERS || f->nkept == NEAR_MAX_CAMPAIGNS)
		return;
	kept->near = near;
	kept->count = count;
	kept->assets = palloc(count * sizeof(uint32));
	for (i = 0; i < count; i++)
		kept->assets[i] = found->uses[first + i].asset;
	f->nkept++;
}

/* pick_fitting picks the best of what the campaigns that are kept have; false if that is nothing. */
static bool
pick_fitting(Finder *f, RecommendSource source, int room)
{
	int			before = f->npicks;
	NearScores	scores;
	uint32		n;

	near_scores_init(&scores, f->ids.count);
	for (n = 0; n < f->nkept; n++)
		f->kept[n].count = near_add_campaign(&scores, f->kept[n].near.near, f->kept[n].assets, f->kept[n].count);
	for (n = 0; n < f->ids.count; n++)
		finder_asset(f, n)->campaigns = scores.campaigns[n];
	pick_best(f, scores.sums, true, source, room);
	if (f->nseeds > 0)
		find_reasons(f);
	return f->npicks > before;
}

/*
 * pick_best picks the best by these sums, by asset, and by what else counts.
 *
 * That can only be less than the sum, but for the rates' factor.  So the greatest sums are looked
 * at first, until no other can be among the best: of thousands of assets, some dozens are looked up.
 */
static void
pick_best(Finder *f, const double *sums, bool of_campaigns, RecommendSource source, int room)
{
	double		most = f->request->order == RECOMMEND_BY_EXPECTED ? MAX_FACTOR : 1;
	NearItem   *items = palloc_extended(Max(f->ids.count, 1) * sizeof(NearItem), MCXT_ALLOC_HUGE);
	uint32		batch = FIRST_BATCH;
	uint32		count = 0;
	uint32		next = 0;
	NearList	list;
	uint32		i;

	if (room <= 0)
		return;
	for (i = 0; i < f->ids.count; i++)
	{
		if (sums[i] > 0 && !finder_asset(f, i)->taken)
			items[count++] = (NearItem) {i, sums[i]};
	}
	qsort(items, count, sizeof(NearItem), compare_items);
	near_list_init(&list, room);
	while (next < count && (list.count < room || list.items[room - 1].fit <= items[next].fit * most))
	{
		uint32		end = next + Min(batch, count - next);

		finder_read_live(f, &items[next], end - next);
		for (; next < end; next++)
		{
			FinderAsset *state = finder_asset(f, items[next].asset);

			if (state->live && state->wanted)
				near_list_add(&list, items[next].asset,
							  items[next].fit * (of_campaigns ? near_rarity(state->reuses) : 1) * state->factor,
							  recommend_ids_compare, &f->ids);
		}
		batch *= 2;
	}
	add_picks(f, &list, source);
}

/* compare_items orders items by their sums, the greatest first. */
static int
compare_items(const void *a, const void *b)
{
	const NearItem *x = a;
	const NearItem *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->fit != y->fit)
		return x->fit > y->fit ? -1 : 1;
	return (x->asset > y->asset) - (x->asset < y->asset);
}

/* pick_popular fills up with what was used most of late. */
static void
pick_popular(Finder *f, int room)
{
	const Oid	types[] = {f->ids.type, TIMESTAMPOID};
	Timestamp	start = Max(f->now - (int64) NEAR_POPULAR_DAYS * USECS_PER_DAY, MIN_TIMESTAMP);
	double	   *sums;
	PlanRequest plan;
	uint64		i;

	if (room <= 0)
		return;
	finder_begin(f, recommend_newest_events, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, TimestampGetDatum(start), false);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	finder_execute(&plan, types, lengthof(types));
	sums = palloc0((f->ids.count + SPI_processed + 1) * sizeof(double));
	for (i = 0; i < SPI_processed; i++)
		sums[finder_read_asset(f, i, 1)] += near_decay(f->now, finder_time(i, 2), NEAR_POPULAR_HALF_LIFE);

	for (i = 0; i < f->ids.count; i++)
		finder_asset(f, i)->campaigns = 0;
	pick_best(f, sums, false, RECOMMEND_POPULAR, room);
}

/* add_picks adds a list to the items; of each source, the best one's fit is 1. */
static void
add_picks(Finder *f, const NearList *list, RecommendSource source)
{
	int			i;

	for (i = 0; i < list->count; i++)
	{
		FinderAsset *state = finder_asset(f, list->items[i].asset);
		FinderPick *pick = &f->picks[f->npicks++];

		*pick = (FinderPick) {
			.asset = list->items[i].asset, .source = source, .campaigns = state->campaigns,
			.fit = list->items[0].fit > 0 ? list->items[i].fit / list->items[0].fit : 0
		};
		state->taken = true;
		state->item = f->npicks;
	}
}

/* find_reasons finds what each seed has to do with the fit of the items. */
static void
find_reasons(Finder *f)
{
	uint32		n;

	for (n = 0; n < f->nkept; n++)
		add_reasons(f, &f->kept[n]);
}

/* add_reasons adds the seeds that a campaign has to the reasons of the items that it has. */
static void
add_reasons(Finder *f, const KeptCampaign *kept)
{
	NearUse		key = {.campaign = kept->near.campaign};
	NearUse    *use = bsearch(&key, f->uses, f->nuses, sizeof(NearUse), compare_campaigns);
	NearUse    *end = f->uses + f->nuses;
	uint32		i;

	if (use == NULL)
		return;
	while (use > f->uses && use[-1].campaign == key.campaign)
		use--;
	for (; use < end && use->campaign == key.campaign; use++)
	{
		double		share = f->weights[use->asset] * kept->near.decay / kept->count;

		if (use > f->uses && use[-1].campaign == key.campaign && use[-1].asset == use->asset)
			continue;
		for (i = 0; i < kept->count; i++)
		{
			int			item = finder_asset(f, kept->assets[i])->item;

			if (item > 0)
				f->picks[item - 1].because[use->asset] += share;
		}
	}
}

static int
compare_campaigns(const void *a, const void *b)
{
	uint32		x = ((const NearUse *) a)->campaign;
	uint32		y = ((const NearUse *) b)->campaign;

	return (x > y) - (x < y);
}

/* read_items reads the rows of the items. */
static void
read_items(Finder *f, RecommendAnswer *answer)
{
	uint32		numbers[RECOMMEND_MAX_ITEMS];
	PlanRequest plan;
	uint64		i;

	answer->nitems = 0;
	answer->items = palloc0(Max(f->npicks, 1) * sizeof(RecommendItem));
	for (i = 0; i < (uint64) f->npicks; i++)
		numbers[i] = f->picks[i].asset;
	if (f->npicks == 0)
		return;
	if (f->insight != (Datum) 0)
	{
		finder_read_rates(f, numbers, f->npicks);
		finder_find_fading(f);
	}
	finder_begin(f, recommend_items,
					TABLE_BIT(APP_ASSETS) | (f->request->has_as_of ? TABLE_BIT(APP_HISTORY) : 0), &plan);
	plan.plan_options = PLAN_BY_KEY;
	plan.columns[APP_ASSETS] = RECOMMEND_COLUMNS;
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	finder_add_ids(f, numbers, f->npicks, &plan);
	plan_execute(&plan);
	app_row_check(&f->assets, RECOMMEND_COLUMNS, 0, plan_result_desc());
	for (i = 0; i < SPI_processed; i++)
	{
		RecommendItem *item = &answer->items[answer->nitems++];
		const FinderPick *pick;
		int			next;

		if (answer->nitems > f->npicks)
			app_report_ambiguous();
		next = app_row_read(&f->assets, RECOMMEND_COLUMNS, 0, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &item->row);
		pick = &f->picks[DatumGetInt32(plan_result(i, next + 1, INT4OID)) - 1];
		if (f->request->has_as_of)
			put_past(f, i, next + 2, &item->row);
		item->source = pick->source;
		item->fit = pick->fit;
		item->campaigns = pick->campaigns;
		item->has_rate = f->states[pick->asset].rated;
		item->shrunken_rate = f->states[pick->asset].shrunken_rate;
		item->label = f->states[pick->asset].label;
		put_reasons(f, pick, item);
	}
}

/* put_past puts what an asset's counter and time were at the time asked for, from two columns. */
static void
put_past(const Finder *f, uint64 row, int column, AppRow *asset)
{
	int64		reuses = DatumGetInt64(plan_result(row, column, INT8OID));

	switch (f->assets.columns[ASSET_REUSED_COUNT].type)
	{
		case INT2OID:
			asset->values[ASSET_REUSED_COUNT] = Int16GetDatum((int16) reuses);
			break;
		case INT4OID:
			asset->values[ASSET_REUSED_COUNT] = Int32GetDatum((int32) reuses);
			break;
		default:
			asset->values[ASSET_REUSED_COUNT] = Int64GetDatum(reuses);
	}
	asset->nulls[ASSET_REUSED_COUNT] = false;
	asset->nulls[ASSET_LAST_REUSED_AT] = plan_result_is_null(row, column + 1, TIMESTAMPOID);
	/* a timestamptz is the timestamp in UTC */
	if (!asset->nulls[ASSET_LAST_REUSED_AT])
		asset->values[ASSET_LAST_REUSED_AT] = plan_result(row, column + 1, TIMESTAMPOID);
}

/* put_reasons puts the seeds that have most to do with an item's fit, of equal ones the first. */
static void
put_reasons(const Finder *f, const FinderPick *pick, RecommendItem *item)
{
	double		shares[NEAR_MAX_SEEDS];
	int			n;

	memcpy(shares, pick->because, sizeof(shares));
	for (item->nbecause = 0; item->nbecause < NEAR_MAX_BECAUSE; item->nbecause++)
	{
		int			best = 0;

		for (n = 1; n < f->nseeds; n++)
		{
			if (shares[n] > shares[best])
				best = n;
		}
		if (shares[best] <= 0)
			break;
		shares[best] = 0;
		item->because[item->nbecause] = (RecommendSeed) {
			.id = id_text(&f->ids, f->seeds[best].asset), .name = f->seeds[best].name
		};
	}
}

/* id_text returns an asset's id as text. */
static text *
id_text(const RecommendIds *ids, uint32 number)
{
	Datum		id = ids->values[number];

	if (ids->type != UUIDOID)
		return DatumGetTextPP(id);
	return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, id)));
}
