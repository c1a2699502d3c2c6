/*-------------------------------------------------------------------------
 *
 * events_import.h
 *	  Storing many events of many assets, with their own times.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_IMPORT_H
#define ASSET_REUSE_EVENTS_IMPORT_H

#include "events_change.h"
#include "import_event.h"

/* The events of one call */
typedef struct EventsImport
{
	EventTables *tables;
	Identifier	tenant_id;
	TimestampTz clock;			/* of the call */
	MemoryContext memory;		/* of the events */
	bool		dry_run;		/* nothing is stored */
	bool		skip;			/* failures are noted in the events, not raised */
	uint32		count;
	ImportEvent *events;
} EventsImport;

extern void events_import(EventsImport *import);

/* events_import_asset.c */
extern void events_import_asset(EventsImport *import, Identifier asset_id, int first);

/* events_import_campaigns.c */
extern void events_import_places(EventsImport *import);

#endif							/* ASSET_REUSE_EVENTS_IMPORT_H */
