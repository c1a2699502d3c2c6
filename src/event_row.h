/*-------------------------------------------------------------------------
 *
 * event_row.h
 *	  An event as a row of the history table has it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENT_ROW_H
#define ASSET_REUSE_EVENT_ROW_H

#include "event_context.h"

/* A row, but for whose event it is; null is what is null there */
typedef struct EventRow
{
	Timestamp	time;			/* in UTC; DT_NOBEGIN: it has no usable one */
	int32		seq;			/* among the asset's events of one time */
	ReusePlace	place;
	Jsonb	   *context;		/* its other keys */
	Jsonb	   *original;		/* the element, where the rest would not give it back */
} EventRow;

extern void event_row_of(const ReuseValue *element, Timestamp time, int32 seq, bool uuid_campaigns,
						 EventRow *row);
extern Jsonb *event_row_element(const EventRow *row);

#endif							/* ASSET_REUSE_EVENT_ROW_H */
