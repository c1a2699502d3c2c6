/*-------------------------------------------------------------------------
 *
 * events_page.h
 *	  A page of an asset's events, from both places.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_PAGE_H
#define ASSET_REUSE_EVENTS_PAGE_H

#include "app_row.h"
#include "event_context.h"
#include "event_id.h"
#include "request_identifier.h"

#define HISTORY_MAX_PAGE	100

typedef struct HistoryRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	int			limit;
	int			offset;
	bool		by_cursor;		/* only events after one */
	EventId		cursor;
} HistoryRequest;

typedef struct HistoryEvent
{
	EventId		id;
	ReuseValue	context;		/* as shown in answers */
	ReusePlace	place;
	AppRow	   *campaign;		/* null if the event names no live campaign */
} HistoryEvent;

/* The events of a page, newest first, and their asset */
typedef struct HistoryPage
{
	AppRow		asset;			/* HISTORY_COLUMNS */
	int64		nevents;
	HistoryEvent *events;
	int64		total;			/* number of the asset's events; unset with a cursor */
	bool		has_more;
} HistoryPage;

/* The columns of the asset that are read */
#define HISTORY_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_REUSED_COUNT) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_PLATFORM_METADATA))

extern void events_page_pick(const HistoryRequest *request, const AppTable *assets,
							 const AppTable *history, bool uuid_campaigns, Oid caller,
							 HistoryPage *page);

#endif							/* ASSET_REUSE_EVENTS_PAGE_H */
