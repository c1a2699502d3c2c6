/*-------------------------------------------------------------------------
 *
 * history_page.h
 *	  A page of an asset's events, from the two places where they live.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_HISTORY_PAGE_H
#define ASSET_REUSE_HISTORY_PAGE_H

#include "app_row.h"
#include "identifier.h"
#include "reuse_log.h"

#define HISTORY_MAX_PAGE	100

typedef struct HistoryRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	int			limit;
	int			offset;
	bool		by_cursor;		/* only events before a time, and those without one */
	TimestampTz before;
} HistoryRequest;

typedef struct HistoryEvent
{
	Timestamp	time;			/* if has_time */
	bool		has_time;
	ReuseValue	context;		/* what answers show as context */
	text	   *campaign_id;	/* null: it names none */
	AppRow	   *campaign;		/* null: it names none that is live */
} HistoryEvent;

/* The events of a page, newest first */
typedef struct HistoryPage
{
	int64		nevents;
	HistoryEvent *events;
	int64		total;			/* of the asset's events; not set by cursor */
	bool		has_more;
	Timestamp	next_cursor;	/* if has_more */
} HistoryPage;

extern void history_page_pick(const HistoryRequest *request, const ReuseLog *log,
							  const AppTable *history, HistoryPage *page);

#endif							/* ASSET_REUSE_HISTORY_PAGE_H */
