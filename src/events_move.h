/*-------------------------------------------------------------------------
 *
 * events_move.h
 *	  Moving a log from its document to the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_MOVE_H
#define ASSET_REUSE_EVENTS_MOVE_H

#include "app_row.h"
#include "event_id.h"
#include "event_row.h"

/* The tables, and what the statements over them need */
typedef struct EventTables
{
	const AppTable *assets;
	const AppTable *history;
	bool		uuid_campaigns;
	Oid			caller;			/* our SQL function */
} EventTables;

/* The columns of an asset that these functions need, and that its row must be locked for */
#define MOVE_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_TENANT_ID) | COLUMN_BIT(ASSET_PLATFORM_METADATA))

extern int64 events_move(const EventTables *tables, const AppRow *asset);
extern EventId events_move_store(const EventTables *tables, const AppRow *asset, const EventRow *event);

#endif							/* ASSET_REUSE_EVENTS_MOVE_H */
