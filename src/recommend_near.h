/*-------------------------------------------------------------------------
 *
 * recommend_near.h
 *	  How well assets fit a campaign, by what its nearest campaigns have.
 *
 * Campaigns and assets are numbers here, from 0.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_NEAR_H
#define ASSET_REUSE_RECOMMEND_NEAR_H

#include "datatype/timestamp.h"

/* Of the campaign that assets are wanted for, those it is compared by: the most reused */
#define NEAR_MAX_SEEDS		50

/* The newest uses of each of them that are looked at */
#define NEAR_MAX_USES		100

/* The campaigns that are kept, and the uses that one may have to be kept */
#define NEAR_MAX_CAMPAIGNS	200
#define NEAR_MAX_MEMBERS		1000

/* The campaigns that are looked at for being of the same brand or platform */
#define NEAR_MAX_ALIKE		1000

/* Popularity: of how many events, how old at most, and when one counts half */
#define NEAR_POPULAR_EVENTS	10000
#define NEAR_POPULAR_DAYS	720
#define NEAR_POPULAR_HALF_LIFE	((double) 90 * USECS_PER_DAY)

/* The seeds that an item names as its reason */
#define NEAR_MAX_BECAUSE		3

/* An asset's use in a campaign; of an asset that was made there, its making */
typedef struct NearUse
{
	uint32		campaign;
	uint32		asset;
	Timestamp	time;
} NearUse;

/* A campaign that has assets in common with the one that they are wanted for */
typedef struct NearCampaign
{
	uint32		campaign;
	uint32		number;			/* the caller's own */
	double		near;
	double		decay;			/* by the age of the newest of those uses */
} NearCampaign;

/* An asset as it may be recommended */
typedef struct NearItem
{
	uint32		asset;
	double		fit;
} NearItem;

/* The best of them, the best first */
typedef struct NearList
{
	int			count;
	int			room;
	NearItem    *items;
} NearList;

/* What is collected for each asset, over the campaigns that are kept */
typedef struct NearScores
{
	double	   *sums;			/* of near / size */
	uint32	   *campaigns;		/* how many have the asset */
	uint32	   *seen;			/* the last campaign in which it was, counted from 1 */
	uint32		ncampaigns;
} NearScores;

/* How equal ones are ordered: by their ids */
typedef int (*NearOrder) (uint32 a, uint32 b, const void *ids);

extern double near_seed_weight(int64 reuses);
extern double near_rarity(int64 reuses);
extern double near_decay(Timestamp now, Timestamp time, double half_life);

extern uint32 near_find(NearUse *uses, uint32 nuses, const double *weights, Timestamp now,
					   double half_life, NearOrder order, const void *ids, NearCampaign *campaigns);
extern void near_sort(NearCampaign *campaigns, uint32 count, NearOrder order, const void *ids);

extern void near_scores_init(NearScores *scores, uint32 nassets);
extern uint32 near_add_campaign(NearScores *scores, double near, uint32 *assets, uint32 count);

extern void near_list_init(NearList *list, int room);
extern void near_list_add(NearList *list, uint32 asset, double fit, NearOrder order, const void *ids);

#endif							/* ASSET_REUSE_RECOMMEND_NEAR_H */
