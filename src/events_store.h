/*-------------------------------------------------------------------------
 *
 * events_store.h
 *	  The statement that stores an event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_STORE_H
#define ASSET_REUSE_EVENTS_STORE_H

#include "utils/jsonb.h"

#include "app_row.h"
#include "event_context.h"
#include "event_id.h"
#include "request_identifier.h"

/* The columns of the asset that an answer shows */
#define TRACK_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_CTR) | COLUMN_BIT(ASSET_CLICKS) | \
	 COLUMN_BIT(ASSET_FILE_URL) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_TYPE) | \
	 COLUMN_BIT(ASSET_CREATED_AT) | COLUMN_BIT(ASSET_UPDATED_AT) | \
	 COLUMN_BIT(ASSET_CONVERSIONS) | COLUMN_BIT(ASSET_IMPRESSIONS) | \
	 COLUMN_BIT(ASSET_REUSED_COUNT) | COLUMN_BIT(ASSET_THUMBNAIL_URL) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_CAMPAIGN_SPACE_ID))

typedef struct TrackRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	Identifier	campaign_space_id;	/* type 0: none */
	ReusePlace	place;			/* as given; a campaign's id and name come later */
	Jsonb	   *reuse_context;	/* null: none */
} TrackRequest;

typedef struct TrackResult
{
	AppTable	assets;
	AppRow		asset;			/* TRACK_COLUMNS, after the update */
	EventId		id;				/* the event's; without a time, if triggers have changed that */
	ReusePlace	place;			/* the event's */
	Jsonb	   *context;		/* the event's */
} TrackResult;

extern void events_store(const TrackRequest *request, Oid caller, TrackResult *result);

#endif							/* ASSET_REUSE_EVENTS_STORE_H */
