/*-------------------------------------------------------------------------
 *
 * recommend_finder.h
 *	  The search for assets that fit a campaign, and what it reads of the tables.
 *
 * recommend_find.c is the search.  Here is what it knows; recommend_finder.c and recommend_rates.c read
 * that, each function by one statement in the calling query's snapshot.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_FINDER_H
#define ASSET_REUSE_RECOMMEND_FINDER_H

#include "app_schema.h"
#include "plan_cache.h"
#include "recommend_find.h"
#include "recommend_ids.h"
#include "recommend_near.h"

/* How much an asset's rate can change its fit */
#define MIN_FACTOR			0.5
#define MAX_FACTOR			2.0

/* What is known of an asset, by its number */
typedef struct FinderAsset
{
	bool		asked;			/* whether it is live */
	bool		live;
	bool		wanted;			/* of the type that is asked for */
	bool		taken;			/* in the campaign already, or among the items */
	int64		reuses;
	bool		rated;
	uint32		campaigns;		/* that are kept and have it */
	double		factor;			/* by which its fit is multiplied; if rated */
	double		shrunken_rate;
	RecommendLabel label;
	double		like_n;			/* impressions that assets like it stand for in that, */
	double		like_x;			/* and clicks */
	int			item;			/* its number among the items, from 1 */
} FinderAsset;

/* A campaign that is kept, and what it has */
typedef struct KeptCampaign
{
	NearCampaign near;
	uint32		count;
	uint32	   *assets;
} KeptCampaign;

/* What campaigns have */
typedef struct CampaignUses
{
	NearUse    *uses;			/* by campaign, as numbered in the list that was asked for */
	uint64	   *first;			/* where each one's begin; and the end of all */
} CampaignUses;

typedef struct FinderSeed
{
	uint32		asset;
	text	   *name;			/* null for none */
	text	   *made_in;		/* null if not known */
	Timestamp	made;			/* -infinity if not known */
} FinderSeed;

/* An item before its row is read */
typedef struct FinderPick
{
	uint32		asset;
	double		fit;
	RecommendSource source;
	uint32		campaigns;
	double		because[NEAR_MAX_SEEDS];	/* by seed: its share in the fit */
} FinderPick;

typedef struct Finder
{
	const RecommendRequest *request;
	Oid			caller;
	AppTable	assets;
	AppTable	spaces;
	AppTable	history;
	bool		has_history;
	Timestamp	now;
	Timestamp	end;			/* events before it count */
	text	   *campaign;		/* the one asked for, as events name it */
	RecommendIds ids;			/* of assets */
	uint32		nstates;
	FinderAsset *states;
	RecommendIds places;		/* of campaigns */
	int			nseeds;
	FinderSeed	seeds[NEAR_MAX_SEEDS];
	double		weights[NEAR_MAX_SEEDS];
	uint32		nuses;
	NearUse    *uses;			/* the seeds', numbered as these are */
	uint32		nkept;
	KeptCampaign kept[NEAR_MAX_CAMPAIGNS];
	Datum		insight;		/* the state of the tenant's assets; 0: not asked for, or none */
	int			npicks;
	FinderPick	picks[RECOMMEND_MAX_ITEMS];
} Finder;

extern void finder_open(Finder *f, const RecommendRequest *request, Oid caller);
extern void finder_begin(const Finder *f, const char *sql, int tables, PlanRequest *plan);
extern void finder_add_ids(const Finder *f, const uint32 *numbers, uint32 count, PlanRequest *plan);
extern void finder_execute(const PlanRequest *plan, const Oid *types, int ntypes);
extern Datum finder_value(uint64 row, int column, bool *isnull);
extern uint32 finder_number(uint64 row, uint32 count);
extern text *finder_text(uint64 row, int column);
extern Timestamp finder_time(uint64 row, int column);
extern FinderAsset *finder_asset(Finder *f, uint32 asset);
extern uint32 finder_read_asset(Finder *f, uint64 row, int column);
extern void finder_campaign(Finder *f, text **brand, text **platform);
extern void finder_read_members(Finder *f);
extern void finder_read_seed_uses(Finder *f);
extern void finder_read_campaigns(Finder *f, const NearCampaign *campaigns, uint32 count, CampaignUses *found);
extern void finder_free_campaigns(CampaignUses *found);
extern void finder_read_live(Finder *f, const NearItem *items, uint32 nitems);

extern void finder_read_insight(Finder *f);
extern void finder_read_rates(Finder *f, const uint32 *numbers, uint32 count);
extern void finder_find_fading(Finder *f);
extern void finder_list_unused(Finder *f, NearList *list);

#endif							/* ASSET_REUSE_RECOMMEND_FINDER_H */
