/*-------------------------------------------------------------------------
 *
 * events_change.h
 *	  Changing an asset's events: lock its row, look, change, count.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_CHANGE_H
#define ASSET_REUSE_EVENTS_CHANGE_H

#include "events_move.h"
#include "request_identifier.h"

/* The columns of the asset that an answer shows */
#define TRACK_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_CTR) | COLUMN_BIT(ASSET_CLICKS) | \
	 COLUMN_BIT(ASSET_FILE_URL) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_TYPE) | \
	 COLUMN_BIT(ASSET_CREATED_AT) | COLUMN_BIT(ASSET_UPDATED_AT) | \
	 COLUMN_BIT(ASSET_CONVERSIONS) | COLUMN_BIT(ASSET_IMPRESSIONS) | \
	 COLUMN_BIT(ASSET_REUSED_COUNT) | COLUMN_BIT(ASSET_THUMBNAIL_URL) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_CAMPAIGN_SPACE_ID))

/* An asset and its events; its row is locked, unless it is only read */
typedef struct EventsAsset
{
	const EventTables *tables;
	AppRow		row;			/* as it was locked */
	Jsonb	   *document;		/* null: none */
	ReuseLog	log;			/* empty if it is in a history table */
	ReuseLog	marks;
	bool		rewritten;		/* the document differs from the one in the row */
} EventsAsset;

/* A stored event, or the mark of an undone one */
typedef struct StoredEvent
{
	EventId		id;
	uint32		alike;			/* number of the asset's events with that time */
	uint32		number;			/* its number in the log, if it is there */
	bool		undone;			/* only its mark is left */
	ReusePlace	place;
	ReuseValue	context;		/* as shown in answers; unset if undone */
} StoredEvent;

extern void events_bind(Oid caller, AppTable *assets, AppTable *history, EventTables *tables);
extern void events_bind_again(EventTables *tables);
extern void events_lock(EventTables *tables, Identifier asset_id, Identifier tenant_id,
						EventsAsset *asset);
extern void events_read(const EventTables *tables, Identifier asset_id, Identifier tenant_id,
						EventsAsset *asset);
extern bool events_find_id(const EventsAsset *asset, EventId id, StoredEvent *event);
extern bool events_find_key(const EventsAsset *asset, text *key, StoredEvent *event);
extern StoredEvent *events_find_place(const EventsAsset *asset, const ReusePlace *place, uint32 *count);
extern EventId events_add(EventsAsset *asset, TimestampTz clock, const ReuseValue *context);
extern void events_add_rows(EventsAsset *asset, const EventRow *rows, uint32 nrows);
extern NullableDatum events_remove(EventsAsset *asset, const StoredEvent *events, uint32 count);
extern void events_count(const EventsAsset *asset, int delta, NullableDatum last_reused_at,
						 TimestampTz clock, AppRow *after);

#endif							/* ASSET_REUSE_EVENTS_CHANGE_H */
