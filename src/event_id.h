/*-------------------------------------------------------------------------
 *
 * event_id.h
 *	  The id of an event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENT_ID_H
#define ASSET_REUSE_EVENT_ID_H

#include "datatype/timestamp.h"

/* The parts of an id, which give the event's place in its asset's history */
typedef struct EventId
{
	Timestamp	time;			/* in UTC; DT_NOBEGIN: it has no usable one */
	int32		seq;			/* among the asset's events of that time */
} EventId;

/* room for an id, with its terminator */
#define EVENT_ID_BUFFER		40

extern int	event_id_compare(EventId a, EventId b);
extern int	event_id_write(EventId id, char *buf);
extern bool event_id_parse(const text *spelled, EventId *id);

#endif							/* ASSET_REUSE_EVENT_ID_H */
