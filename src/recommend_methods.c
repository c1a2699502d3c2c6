/*-------------------------------------------------------------------------
 *
 * recommend_methods.c
 *	  The methods of recommending that asset_reuse_recommend_evaluate compares, as of a
 *	  time: what asset_reuse_recommend does, popularity, and the cosine of items.
 *
 * Memory is the current context: a trial's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "recommend_past.h"

/* What the item cosine looks at: each seed's newest uses */
#define MAX_COSINE_USES		200

static uint32 seed_uses(const Evaluation *e, uint32 nseeds, NearUse *uses, double *weights);
static bool add_members(Evaluation *e, const NearCampaign *near, NearScores *scores, uint32 *members);
static void fill_up(Evaluation *e, NearList *list);

/* method_recommend does what asset_reuse_recommend does, as of that time. */
void
method_recommend(Evaluation *e, NearList *list)
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
			scores.sums[i] *= near_rarity(past_reuses_before(e, i, e->now));
	}
	method_rank(e, scores.sums, list);
	if (list->count < PAST_NITEMS)
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
		const PastAsset *asset = &e->assets[e->seeds[n]];
		uint64		first = e->by_asset.first[e->seeds[n]];
		uint64		i = past_events_before(e, &e->by_asset, e->seeds[n], e->now);
		uint64		last = i;

		weights[n] = near_seed_weight(past_reuses_before(e, e->seeds[n], e->now));
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
	uint64		end = past_events_before(e, &e->by_campaign, campaign, e->now);
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

	method_popularity(e, sums);
	for (i = 0; i < list->count; i++)
		sums[list->items[i].asset] = 0;
	near_list_init(&more, PAST_NITEMS - list->count);
	method_rank(e, sums, &more);
	for (i = 0; i < more.count; i++)
		list->items[list->count++] = more.items[i];
}

/* method_popularity adds the newest events, each by its age. */
void
method_popularity(Evaluation *e, double *sums)
{
	Timestamp	start = e->now - (int64) NEAR_POPULAR_DAYS * USECS_PER_DAY;
	uint64		i;

	for (i = e->past; i > 0 && e->past - i < NEAR_POPULAR_EVENTS && e->events[i - 1].time >= start; i--)
		sums[e->events[i - 1].asset] += near_decay(e->now, e->events[i - 1].time, NEAR_POPULAR_HALF_LIFE);
}

/*
 * method_item_cosine adds the cosines of assets with the seeds, by the campaigns in which they were reused: of
 * each seed, those of its newest uses.
 */
void
method_item_cosine(Evaluation *e, double *sums)
{
	uint32	   *seen = palloc_extended(((Size) e->nassets + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	/* by campaign: the seed that was in it last, from 1 */
	uint32	   *entered = palloc_extended(((Size) e->places.count + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		campaigns = 0;
	uint32		n;
	uint32		asset;

	for (n = 0; n < e->nseeds; n++)
	{
		uint64		first = e->by_asset.first[e->seeds[n]];
		uint64		end = past_events_before(e, &e->by_asset, e->seeds[n], e->now);
		uint64		i;
		uint64		u;

		for (i = end; i > first && end - i < MAX_COSINE_USES; i--)
		{
			uint32		campaign = e->events[e->by_asset.events[i - 1]].campaign;
			uint64		members;

			if (campaign == NO_CAMPAIGN || campaign == e->target || entered[campaign] == n + 1 || !e->campaign_lives[campaign])
				continue;
			entered[campaign] = n + 1;
			members = past_events_before(e, &e->by_campaign, campaign, e->now);
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
			sums[asset] /= sqrt(e->ncampaigns[e->by_asset.events[past_events_before(e, &e->by_asset, asset, e->now) - 1]]);
	}
}

/* method_rank lists the best of the live assets that the campaign does not have. */
void
method_rank(const Evaluation *e, const double *sums, NearList *list)
{
	uint32		asset;

	CHECK_FOR_INTERRUPTS();
	for (asset = 0; asset < e->nknown; asset++)
	{
		if (sums[asset] > 0 && e->assets[asset].live && !e->excluded[asset])
			near_list_add(list, asset, sums[asset], recommend_ids_compare, &e->ids);
	}
}
