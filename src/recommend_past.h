/*-------------------------------------------------------------------------
 *
 * recommend_past.h
 *	  A tenant's events in memory, to see what each method of recommending would have
 *	  said at a time.
 *
 * recommend_past.c reads the events and finds those before a time; recommend_methods.c has the methods;
 * recommend_evaluate.c tries them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_PAST_H
#define ASSET_REUSE_RECOMMEND_PAST_H

#include <limits.h>

#include "app_schema.h"
#include "recommend_ids.h"
#include "recommend_near.h"
#include "request_identifier.h"

/* How many items a method lists */
#define PAST_NITEMS			10

#define NO_CAMPAIGN			UINT_MAX

typedef enum PastMethod
{
	METHOD_RECOMMEND,
	METHOD_DECAYED_POPULARITY,
	METHOD_POPULARITY,
	METHOD_ITEM_COSINE,
	NMETHODS
} PastMethod;

/* A list for each of so many things, one behind the other: the nth is from first[n] to first[n + 1] */
typedef struct PastLists
{
	uint64	   *first;
	uint64	   *events;			/* numbers of events */
} PastLists;

typedef struct PastAsset
{
	bool		live;
	int64		reused_count;
	uint32		made_in;		/* or NO_CAMPAIGN */
	Timestamp	made;			/* -infinity if not known */
} PastAsset;

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
	PastAsset  *assets;
	bool	   *campaign_lives;
	uint64		nevents;
	uint64		room;
	NearUse    *events;			/* the oldest first */
	PastLists	by_asset;
	PastLists	by_campaign;
	PastLists	made_in;		/* numbers of assets */
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
	MethodResult results[NMETHODS];
} Evaluation;

extern void past_load(Evaluation *e);
extern uint64 past_events_before(const Evaluation *e, const PastLists *lists, uint32 list, Timestamp time);
extern int64 past_reuses_before(const Evaluation *e, uint32 asset, Timestamp time);

extern void method_recommend(Evaluation *e, NearList *list);
extern void method_popularity(Evaluation *e, double *sums);
extern void method_item_cosine(Evaluation *e, double *sums);
extern void method_rank(const Evaluation *e, const double *sums, NearList *list);

#endif							/* ASSET_REUSE_RECOMMEND_PAST_H */
