/*-------------------------------------------------------------------------
 *
 * reuse_timeline.c
 *	  The events of a log as history shows them: newest first, equal times with
 *	  the later-stored first, and at the end those without a time.
 *
 * Our own events are stored in time order, so that such a log is just read
 * backwards; only one that others wrote to needs a sort.
 *
 * As reuse_log.c, this file is pure; values point into the document given, and
 * what is allocated is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "reuse_timeline.h"
#include "time_sort.h"

/* An event's place in time, for sorting a log that is out of order */
typedef struct EventOrder
{
	Timestamp	time;			/* first, for time_sort; without one, before all others */
	uint32		number;			/* in stored order, from 0 */
} EventOrder;

static bool log_is_ordered(const ReuseLog *log);
static EventOrder *sort_log(const ReuseLog *log);

/* reuse_timeline_begin finds out in which order a log is. */
void
reuse_timeline_begin(ReuseTimeline *timeline, const ReuseLog *log)
{
	timeline->log = log;
	timeline->order = log_is_ordered(log) ? NULL : sort_log(log);
}

/* reuse_timeline_get reads the event at a place, from 0 for the newest. */
void
reuse_timeline_get(const ReuseTimeline *timeline, uint32 place, ReuseEvent *event)
{
	uint32		number = timeline->log->count - 1 - place;	/* from 0 for the oldest */

	reuse_log_get(timeline->log, timeline->order ? timeline->order[number].number : number, event);
}

/*
 * reuse_timeline_find returns the place of the first event that is before a time
 * or has none; the log's length if there is no such event.
 */
uint32
reuse_timeline_find(const ReuseTimeline *timeline, Timestamp before)
{
	uint32		low = 0;
	uint32		high = timeline->log->count;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		ReuseEvent	event;

		reuse_timeline_get(timeline, middle, &event);
		if (event.has_time && event.time >= before)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* log_is_ordered: has every event a time, and none one before its predecessor's? */
static bool
log_is_ordered(const ReuseLog *log)
{
	ReuseLogWalk walk;
	ReuseValue	event;
	Timestamp	t;
	Timestamp	previous = DT_NOBEGIN;

	reuse_log_walk(&walk, log);
	while (reuse_log_next(&walk, &event))
	{
		if (!reuse_event_time(&event, &t) || t < previous)
			return false;
		previous = t;
	}
	return true;
}

/* sort_log returns the events of a log, oldest first. */
static EventOrder *
sort_log(const ReuseLog *log)
{
	EventOrder *order = MemoryContextAllocHuge(CurrentMemoryContext,
											   (Size) log->count * sizeof(EventOrder));
	ReuseLogWalk walk;
	ReuseValue	event;

	reuse_log_walk(&walk, log);
	while (reuse_log_next(&walk, &event))
	{
		EventOrder *o = &order[walk.next - 1];

		o->number = walk.next - 1;
		if (!reuse_event_time(&event, &o->time))
			o->time = DT_NOBEGIN;
	}
	time_sort(order, log->count, sizeof(EventOrder));
	return order;
}
