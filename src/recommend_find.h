/*-------------------------------------------------------------------------
 *
 * recommend_find.h
 *	  What to reuse next: the assets that fit a campaign.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_FIND_H
#define ASSET_REUSE_RECOMMEND_FIND_H

#include "app_row.h"
#include "recommend_near.h"
#include "request_identifier.h"

/* The items that can be asked for */
#define RECOMMEND_MAX_ITEMS	50

typedef enum RecommendOrder
{
	RECOMMEND_BY_FIT,
	RECOMMEND_BY_EXPECTED		/* the fit times the asset's shrunken rate */
} RecommendOrder;

typedef enum RecommendSource
{
	RECOMMEND_SIMILAR_CAMPAIGNS,
	RECOMMEND_SAME_BRAND,
	RECOMMEND_SAME_PLATFORM,
	RECOMMEND_POPULAR,
	RECOMMEND_EXPLORE
} RecommendSource;

/* What an asset's rate says of it; as in asset_reuse_performance */
typedef enum RecommendLabel
{
	RECOMMEND_LEARNING,			/* not much */
	RECOMMEND_TYPICAL,
	RECOMMEND_HIGH,
	RECOMMEND_LOW,
	RECOMMEND_FADING
} RecommendLabel;

/* What is asked for; what is not given is null */
typedef struct RecommendRequest
{
	Identifier	tenant_id;
	Identifier	campaign_id;
	text	   *asset_type;
	int			row_limit;
	RecommendOrder order;
	int			explore;
	double		half_life;		/* in microseconds */
	bool		has_as_of;
	Timestamp	as_of;			/* in UTC */
} RecommendRequest;

/* A seed as an item's reason */
typedef struct RecommendSeed
{
	text	   *id;
	text	   *name;			/* null for none */
} RecommendSeed;

typedef struct RecommendItem
{
	AppRow		row;			/* columns RECOMMEND_COLUMNS */
	RecommendSource source;
	double		fit;			/* 1 for the best of its source */
	uint32		campaigns;
	bool		has_rate;
	double		shrunken_rate;	/* if has_rate */
	RecommendLabel label;
	int			nbecause;
	RecommendSeed because[NEAR_MAX_BECAUSE];
} RecommendItem;

typedef struct RecommendAnswer
{
	text	   *campaign_id;	/* as its type spells it; null for none */
	int			nseeds;
	int			nitems;
	RecommendItem *items;
} RecommendAnswer;

#define RECOMMEND_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_CTR) | COLUMN_BIT(ASSET_CLICKS) | \
	 COLUMN_BIT(ASSET_FILE_URL) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_TYPE) | \
	 COLUMN_BIT(ASSET_CONVERSIONS) | COLUMN_BIT(ASSET_IMPRESSIONS) | \
	 COLUMN_BIT(ASSET_REUSED_COUNT) | COLUMN_BIT(ASSET_THUMBNAIL_URL) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_CAMPAIGN_SPACE_ID))

extern void recommend_find(const RecommendRequest *request, Oid caller, RecommendAnswer *answer);

#endif							/* ASSET_REUSE_RECOMMEND_FIND_H */
