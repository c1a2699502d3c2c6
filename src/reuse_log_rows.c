/*-------------------------------------------------------------------------
 *
 * reuse_log_rows.c
 *	  Events on their way between a document and the history table.
 *
 * A row of the table has an event's time and context, and no two of an asset
 * have the same time.  So an event is movable if that is all there is to it: an
 * object with no keys but timestamp and context, whose time is usable, has our
 * own form, and is no other event's of the document.  What is not movable stays
 * in the document for ever, and is read there.
 *
 * As reuse_log.c, this file is pure: no SPI, no catalogs; values point into the
 * document given, and what is allocated is in the current memory context.  All
 * is linear in the log's length if the log is in time order, and sorts it if not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "iso_time.h"
#include "reuse_log_rows.h"
#include "time_sort.h"

/* An event that has a time */
typedef struct TimedEvent
{
	Timestamp	time;			/* first, for time_sort */
	uint32		number;			/* in stored order, from 0 */
	ReuseValue	value;
} TimedEvent;

static uint32 find_movable(const ReuseLog *log, TimedEvent **events);
static uint32 collect_timed(const ReuseLog *log, TimedEvent *events);
static bool fits_row(const TimedEvent *event);
static uint32 mark_events(const ReuseLog *log, const Timestamp *times, uint32 ntimes,
						  bool *marked);
static uint32 put_rows(JsonbWriter *w, const ReuseRow *rows, uint32 next, uint32 end,
					   Timestamp until);

/* reuse_log_count_movable counts the movable events. */
uint32
reuse_log_count_movable(const ReuseLog *log)
{
	TimedEvent *events;
	uint32		nevents = find_movable(log, &events);

	pfree(events);
	return nevents;
}

/* reuse_log_movable returns the movable events as rows, in time order, and how many. */
uint32
reuse_log_movable(const ReuseLog *log, ReuseRow **rows)
{
	TimedEvent *events;
	uint32		nevents = find_movable(log, &events);
	uint32		i;

	*rows = MemoryContextAllocHuge(CurrentMemoryContext, (Size) nevents * sizeof(ReuseRow));
	for (i = 0; i < nevents; i++)
	{
		ReuseRow   *row = &(*rows)[i];

		CHECK_FOR_INTERRUPTS();
		row->time = events[i].time;
		row->number = events[i].number;
		row->has_context = reuse_value_get(&events[i].value, REUSE_CONTEXT_KEY, &row->context);
	}
	pfree(events);
	return nevents;
}

/*
 * reuse_log_remove makes a copy of a document without the movable events of some
 * times; null if there are none of these.
 *
 * document is the object that reuse_log_find found log in, and size its length
 * in bytes.  times are in order.  A log that becomes empty goes with its key.
 */
Jsonb *
reuse_log_remove(const JsonbContainer *document, uint32 size, const ReuseLog *log,
				 const Timestamp *times, uint32 ntimes)
{
	bool	   *removed = MemoryContextAllocExtended(CurrentMemoryContext, log->count,
													 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		left = log->count - mark_events(log, times, ntimes, removed);
	ReuseLogWalk walk;
	ReuseValue	event;
	JsonbWriter w;

	if (left == log->count)
		return NULL;
	reuse_log_begin_document(&w, document, size, log, left > 0, 0);
	if (left > 0)
	{
		jsonb_begin_array(&w, left);
		reuse_log_walk(&walk, log);
		while (reuse_log_next(&walk, &event))
		{
			if (!removed[walk.next - 1])
				jsonb_put_copy(&w, event.type, event.data, event.len);
		}
		jsonb_end(&w);
	}
	pfree(removed);
	return reuse_log_end_document(&w, document, log);
}

/*
 * reuse_log_restore makes a copy of a document with rows merged into its log;
 * null if there are none.
 *
 * document may be null, with an empty log.  rows are in time order.  Each comes
 * before the first event of the log that is not before it, whose order among
 * themselves stays, so that at equal times those of the log count as later.
 */
Jsonb *
reuse_log_restore(const JsonbContainer *document, uint32 size, const ReuseLog *log,
				  const ReuseRow *rows, uint32 nrows)
{
	Size		more = 0;
	ReuseLogWalk walk;
	ReuseValue	event;
	JsonbWriter w;
	uint32		next = 0;
	uint32		i;

	if (nrows == 0)
		return NULL;
	for (i = 0; i < nrows; i++)
		more += REUSE_EVENT_OVERHEAD + (rows[i].has_context ? rows[i].context.len : 0);

	/* no log is larger than a JEntry can say */
	reuse_log_begin_document(&w, document, size, log, true, Min(more, JENTRY_OFFLENMASK));
	jsonb_begin_array(&w, log->count + nrows);
	reuse_log_walk(&walk, log);
	while (reuse_log_next(&walk, &event))
	{
		Timestamp	time;

		if (reuse_event_time(&event, &time))
			next = put_rows(&w, rows, next, nrows, time);
		jsonb_put_copy(&w, event.type, event.data, event.len);
	}
	put_rows(&w, rows, next, nrows, DT_NOEND);
	jsonb_end(&w);
	return reuse_log_end_document(&w, document, log);
}

/* find_movable returns the movable events in time order, and how many. */
static uint32
find_movable(const ReuseLog *log, TimedEvent **events)
{
	TimedEvent *timed = MemoryContextAllocHuge(CurrentMemoryContext,
											   (Size) log->count * sizeof(TimedEvent));
	uint32		ntimed = collect_timed(log, timed);
	uint32		nmovable = 0;
	uint32		i;

	/* in place: what is kept never overtakes what is looked at */
	for (i = 0; i < ntimed; i++)
	{
		bool		shared = (i > 0 && timed[i].time == timed[i - 1].time) ||
			(i + 1 < ntimed && timed[i].time == timed[i + 1].time);

		CHECK_FOR_INTERRUPTS();
		if (!shared && fits_row(&timed[i]))
			timed[nmovable++] = timed[i];
	}
	*events = timed;
	return nmovable;
}

/* collect_timed reads the events that have a time, and brings them in time order. */
static uint32
collect_timed(const ReuseLog *log, TimedEvent *events)
{
	ReuseLogWalk walk;
	ReuseValue	value;
	uint32		n = 0;

	reuse_log_walk(&walk, log);
	while (reuse_log_next(&walk, &value))
	{
		TimedEvent *event = &events[n];

		if (!reuse_event_time(&value, &event->time))
			continue;
		event->number = walk.next - 1;
		event->value = value;
		n++;
	}
	time_sort(events, n, sizeof(TimedEvent));
	return n;
}

/* fits_row: is there nothing to an event but a time that we can write, and a context? */
static bool
fits_row(const TimedEvent *event)
{
	uint32		npairs = JsonContainerSize((const JsonbContainer *) event->value.data);
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseValue	context;

	/* one pair is the time */
	return (npairs == 1 ||
			(npairs == 2 && reuse_value_get(&event->value, REUSE_CONTEXT_KEY, &context))) &&
		iso_time_event(event->time, stamp);
}

/* mark_events marks the movable events that have one of the times, and counts them. */
static uint32
mark_events(const ReuseLog *log, const Timestamp *times, uint32 ntimes, bool *marked)
{
	TimedEvent *events;
	uint32		nevents = find_movable(log, &events);
	uint32		nmarked = 0;
	uint32		next = 0;
	uint32		i;

	for (i = 0; i < nevents; i++)
	{
		while (next < ntimes && times[next] < events[i].time)
			next++;
		if (next == ntimes)
			break;
		if (times[next] == events[i].time)
		{
			marked[events[i].number] = true;
			nmarked++;
		}
	}
	pfree(events);
	return nmarked;
}

/* put_rows puts the rows from next on up to a time, and returns which is next then. */
static uint32
put_rows(JsonbWriter *w, const ReuseRow *rows, uint32 next, uint32 end, Timestamp until)
{
	for (; next < end && rows[next].time <= until; next++)
	{
		const ReuseRow *row = &rows[next];

		reuse_log_put_event(w, row->time, row->has_context ? &row->context : NULL);
	}
	return next;
}
