/*-------------------------------------------------------------------------
 *
 * import_event.h
 *	  An event in the input of asset_reuse_import.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_IMPORT_EVENT_H
#define ASSET_REUSE_IMPORT_EVENT_H

#include "event_context.h"

/* Maximum number of events in a call, which bounds the time for which rows are locked */
#define MAX_IMPORT_EVENTS	10000

typedef enum ImportState
{
	IMPORT_NEW,					/* stored, or to be stored */
	IMPORT_REPLAYED,			/* the asset has an event with its key, or a mark */
	IMPORT_REPEATED,			/* an earlier event of the call has its key */
	IMPORT_FAILED
} ImportState;

typedef struct ImportEvent
{
	ImportState state;
	int			sqlstate;		/* if it has failed */
	const char *message;

	/* as given; null: not given */
	text	   *asset_id;
	text	   *campaign_id;
	Timestamp	time;
	ReusePlace	place;			/* key is the one to be stored */
	Jsonb	   *context;

	/* used by the functions that store it */
	uint32		asset;			/* number of its asset_id */
	uint32		campaign;		/* number of its campaign_id */
	uint32		key;			/* number of its key */
	bool		leads;			/* it is the asset's first event */
	int			next;			/* the asset's next event; -1: none */
} ImportEvent;

extern ImportEvent *import_events_read(const Jsonb *array, const text *source, TimestampTz clock);
extern void import_event_fail(ImportEvent *event, int sqlstate, const char *format,...) pg_attribute_printf(3, 4);

#endif							/* ASSET_REUSE_IMPORT_EVENT_H */
