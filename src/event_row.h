/*-------------------------------------------------------------------------
 *
 * event_row.h
 *	  An event as a row of the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENT_ROW_H
#define ASSET_REUSE_EVENT_ROW_H

#include "event_context.h"

/* A row without its asset's columns; nulls stand for nulls */
typedef struct EventRow
{
	Timestamp	time;			/* in UTC; DT_NOBEGIN: it has no usable one */
	int32		seq;			/* among the asset's events of one time */
	ReusePlace	place;
	Jsonb	   *context;		/* its other keys */
	Jsonb	   *original;		/* the element, if the other columns cannot give it back */
} EventRow;

extern void event_row_of(const ReuseValue *element, Timestamp time, int32 seq, bool uuid_campaigns,
						 EventRow *row);
extern Jsonb *event_row_element(const EventRow *row);

#endif							/* ASSET_REUSE_EVENT_ROW_H */
