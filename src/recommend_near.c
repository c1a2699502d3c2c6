/*-------------------------------------------------------------------------
 *
 * recommend_near.c
 *	  How well assets fit a campaign, by what its nearest campaigns have.
 *
 * A campaign is a basket, an asset an item of it.  Sums are added up in an order that depends on
 * nothing but ids and figures, so that equal data gives equal answers to the last digit.
 *
 * Pure; what is returned is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "recommend_near.h"

/* What sorting campaigns takes */
typedef struct SortArgs
{
	NearOrder	order;
	const void *ids;
} SortArgs;

static int	compare_uses(const void *a, const void *b);
static int	compare_near(const void *a, const void *b, void *arg);

/* near_seed_weight returns what a seed counts for: the more it is reused, the less it tells. */
double
near_seed_weight(int64 reuses)
{
	return 1 / sqrt(1.0 + Max(reuses, 0));
}

/* near_rarity returns by what the fit of an asset that is reused everywhere is less. */
double
near_rarity(int64 reuses)
{
	return pow(1.0 + Max(reuses, 0), -0.1);
}

/*
 * near_decay returns what is left of something of a time, from 1 down to 0; half_life in
 * microseconds.  What has no time, at -infinity, has nothing left; what is to come counts in full.
 */
double
near_decay(Timestamp now, Timestamp time, double half_life)
{
	if (time == DT_NOBEGIN)
		return 0;
	return exp2(-Max((double) now - (double) time, 0) / half_life);
}

/*
 * near_find finds the campaigns that seeds were used in, and how near each is: the sum of these
 * seeds' weights, less by the age of the newest of their uses.
 *
 * The assets of the uses, which get sorted, are seeds, numbered as their weights are.
 * *campaigns has room for as many as there are uses.  It returns how many there are, the nearest first.
 */
uint32
near_find(NearUse *uses, uint32 nuses, const double *weights, Timestamp now, double half_life,
		 NearOrder order, const void *ids, NearCampaign *campaigns)
{
	uint32		count = 0;
	uint32		i = 0;

	qsort(uses, nuses, sizeof(NearUse), compare_uses);
	while (i < nuses)
	{
		NearCampaign *found = &campaigns[count];
		uint32		first = i;
		Timestamp	newest = DT_NOBEGIN;
		double		weight = 0;

		for (; i < nuses && uses[i].campaign == uses[first].campaign; i++)
		{
			newest = Max(newest, uses[i].time);
			if (i == first || uses[i].asset != uses[i - 1].asset)
				weight += weights[uses[i].asset];
		}
		found->campaign = uses[first].campaign;
		found->decay = near_decay(now, newest, half_life);
		found->near = weight * found->decay;
		if (found->near > 0)
			count++;
	}
	near_sort(campaigns, count, order, ids);
	return count;
}

/* near_sort sorts campaigns, the nearest first. */
void
near_sort(NearCampaign *campaigns, uint32 count, NearOrder order, const void *ids)
{
	SortArgs	by = {order, ids};

	qsort_arg(campaigns, count, sizeof(NearCampaign), compare_near, &by);
}

/* near_scores_init makes room for the sums of so many assets. */
void
near_scores_init(NearScores *scores, uint32 nassets)
{
	int			flags = MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO;
	Size		count = Max(nassets, 1);

	scores->sums = palloc_extended(count * sizeof(double), flags);
	scores->campaigns = palloc_extended(count * sizeof(uint32), flags);
	scores->seen = palloc_extended(count * sizeof(uint32), flags);
	scores->ncampaigns = 0;
}

/*
 * near_add_campaign adds a campaign that is kept, with its assets, of which those that come again
 * are dropped from the list.  It returns how many assets it has.
 */
uint32
near_add_campaign(NearScores *scores, double near, uint32 *assets, uint32 count)
{
	uint32		size = 0;
	uint32		i;

	scores->ncampaigns++;
	for (i = 0; i < count; i++)
	{
		if (scores->seen[assets[i]] == scores->ncampaigns)
			continue;
		scores->seen[assets[i]] = scores->ncampaigns;
		assets[size++] = assets[i];
	}
	for (i = 0; i < size; i++)
	{
		scores->sums[assets[i]] += near / size;
		scores->campaigns[assets[i]]++;
	}
	return size;
}

/* near_list_init makes a list of the best, so many at most. */
void
near_list_init(NearList *list, int room)
{
	list->count = 0;
	list->room = room;
	list->items = palloc0(Max(room, 1) * sizeof(NearItem));
}

/* near_list_add adds an asset to the list, if it is among the best. */
void
near_list_add(NearList *list, uint32 asset, double fit, NearOrder order, const void *ids)
{
	int			at = list->count;

	while (at > 0 && (list->items[at - 1].fit < fit ||
					  (list->items[at - 1].fit == fit && order(asset, list->items[at - 1].asset, ids) < 0)))
		at--;
	if (at == list->room)
		return;
	if (list->count < list->room)
		list->count++;
	memmove(&list->items[at + 1], &list->items[at], (list->count - at - 1) * sizeof(NearItem));
	list->items[at] = (NearItem) {asset, fit};
}

/* compare_uses orders uses by campaign and asset, of these the newest first. */
static int
compare_uses(const void *a, const void *b)
{
	const NearUse *x = a;
	const NearUse *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->campaign != y->campaign)
		return x->campaign < y->campaign ? -1 : 1;
	if (x->asset != y->asset)
		return x->asset < y->asset ? -1 : 1;
	return (x->time < y->time) - (x->time > y->time);
}

static int
compare_near(const void *a, const void *b, void *arg)
{
	const NearCampaign *x = a;
	const NearCampaign *y = b;
	const SortArgs *by = arg;

	CHECK_FOR_INTERRUPTS();
	if (x->near != y->near)
		return x->near > y->near ? -1 : 1;
	return by->order(x->campaign, y->campaign, by->ids);
}
