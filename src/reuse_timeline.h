/*-------------------------------------------------------------------------
 *
 * reuse_timeline.h
 *	  The events of a log as history shows them: newest first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_REUSE_TIMELINE_H
#define ASSET_REUSE_REUSE_TIMELINE_H

#include "reuse_log.h"

typedef struct ReuseTimeline
{
	const ReuseLog *log;
	const struct EventOrder *order;	/* null: the log is in time order */
} ReuseTimeline;

extern void reuse_timeline_begin(ReuseTimeline *timeline, const ReuseLog *log);
extern void reuse_timeline_get(const ReuseTimeline *timeline, uint32 place, ReuseEvent *event);
extern uint32 reuse_timeline_find(const ReuseTimeline *timeline, Timestamp before);

#endif							/* ASSET_REUSE_REUSE_TIMELINE_H */
