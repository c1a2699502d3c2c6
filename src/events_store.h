/*-------------------------------------------------------------------------
 *
 * events_store.h
 *	  Storing an event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_STORE_H
#define ASSET_REUSE_EVENTS_STORE_H

#include "utils/jsonb.h"

#include "events_change.h"

typedef struct TrackRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	Identifier	campaign_space_id;	/* type 0: none */
	ReusePlace	place;			/* as given; a campaign's id and name come later */
	bool		placed;			/* they have come */
	MemoryContext memory;		/* where they are */
	Jsonb	   *reuse_context;	/* null: none */
} TrackRequest;

typedef struct TrackResult
{
	AppRow		asset;			/* TRACK_COLUMNS, after the update */
	bool		replayed;		/* the event was stored by an earlier call */
	bool		undone;			/* and taken back since */
	EventId		id;				/* the event's; without a time, if triggers have changed that */
	ReusePlace	place;			/* the event's */
	ReuseValue	context;		/* the event's */
} TrackResult;

extern void events_find_campaign(TrackRequest *request);
extern void events_look(const TrackRequest *request, const EventTables *tables, TrackResult *result);
extern void events_store(TrackRequest *request, EventTables *tables, TrackResult *result);

#endif							/* ASSET_REUSE_EVENTS_STORE_H */
