/*-------------------------------------------------------------------------
 *
 * check_rows.c
 *	  Checks of the events on their way to the history table and back.
 *
 * What is movable is read from the definition in reuse_log_rows.c; a document
 * without the events that were moved is compared with the one before event by
 * event; and one to which they have come back must have the same history.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "check_rows.h"
#include "iso_time.h"

static ReuseRow *movable_rows(const Case *c, uint32 *nrows);
static bool is_movable(const Case *c, int number);
static void remove_and_restore(const Case *c, const ReuseRow *wanted, uint32 nwanted);
static ReuseRow *rows_with_times_of(const ReuseRow *movable, uint32 nmovable,
									const ReuseRow *wanted, uint32 nwanted, uint32 *nrows);
static void require_without(const Case *before, const Case *after, const ReuseRow *rows, uint32 nrows);
static Case restore(const Case *c, const ReuseValue *document, const ReuseRow *rows, uint32 nrows);
static void require_merged(const Case *before, const Case *after, const ReuseRow *rows, uint32 nrows);
static int	place_for(const Case *c, Timestamp time);
static void require_same_history(const Case *before, const Case *after);

/* check_movable: the events that a row can hold all of, and no others, are movable. */
void
check_movable(const Case *c)
{
	uint32		nexpected;
	ReuseRow   *expected = movable_rows(c, &nexpected);
	ReuseRow   *rows;
	uint32		i;

	REQUIRE(reuse_log_count_movable(&c->log) == nexpected);
	REQUIRE(reuse_log_movable(&c->log, &rows) == nexpected);
	for (i = 0; i < nexpected; i++)
	{
		REQUIRE(rows[i].time == expected[i].time && rows[i].number == expected[i].number);
		REQUIRE(rows[i].has_context == expected[i].has_context);
		REQUIRE(!rows[i].has_context || same_value(&rows[i].context, &expected[i].context));
	}
}

/* check_remove: all movable events go and come back, and so do those with the times of the rows. */
void
check_remove(const Case *c)
{
	uint32		nrows;
	ReuseRow   *rows = movable_rows(c, &nrows);

	if (c->status != REUSE_LOG_OK)
		return;
	remove_and_restore(c, rows, nrows);
	remove_and_restore(c, c->rows, c->nrows);
}

/* check_restore: rows come into a document that they are not from, and into none. */
void
check_restore(const Case *c)
{
	ReuseValue	nothing = {JENTRY_ISCONTAINER, NULL, 0};
	Case		empty = *c;
	Case		after;

	if (c->status != REUSE_LOG_OK)
		return;
	naive_read_document(&empty, empty_object());
	if (c->nrows == 0)
	{
		REQUIRE(reuse_log_restore((const JsonbContainer *) c->document.data, c->document.len,
								  &c->log, c->rows, 0) == NULL);
		return;
	}
	after = restore(c, &c->document, c->rows, c->nrows);
	require_merged(c, &after, c->rows, c->nrows);
	after = restore(&empty, &nothing, c->rows, c->nrows);
	require_merged(&empty, &after, c->rows, c->nrows);
}

/* movable_rows returns the movable events in time order. */
static ReuseRow *
movable_rows(const Case *c, uint32 *nrows)
{
	ReuseRow   *rows = palloc(c->nevents * sizeof(ReuseRow));
	int			i;

	*nrows = 0;
	for (i = c->nevents - 1; i >= 0; i--)
	{
		int			number = c->history[i];
		ReuseRow   *row = &rows[*nrows];

		if (!is_movable(c, number))
			continue;
		row->time = c->events[number].time;
		row->number = number;
		row->has_context = naive_get(&c->events[number].value, "context", &row->context);
		(*nrows)++;
	}
	return rows;
}

/* is_movable: is there nothing to an event but a time of its own that can be written, and a context? */
static bool
is_movable(const Case *c, int number)
{
	const ReuseEvent *event = &c->events[number];
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseValue *keys;
	uint32		n;
	int			i;

	if (!event->has_time || !iso_time_event(event->time, stamp))
		return false;
	keys = naive_children(&event->value, &n);
	for (i = 0; i < (int) n / 2; i++)
	{
		if (!is_string(&keys[i], "context", strlen("context")) &&
			!is_string(&keys[i], "timestamp", strlen("timestamp")))
			return false;
	}
	for (i = 0; i < c->nevents; i++)
	{
		if (i != number && c->events[i].has_time && c->events[i].time == event->time)
			return false;
	}
	return true;
}

/* remove_and_restore takes away the movable events with the times of some rows, and puts them back. */
static void
remove_and_restore(const Case *c, const ReuseRow *wanted, uint32 nwanted)
{
	Timestamp  *times = palloc(nwanted * sizeof(Timestamp));
	Case		without = *c;
	Case		after;
	ReuseRow   *movable;
	ReuseRow   *rows;
	Jsonb	   *result;
	uint32		nmovable;
	uint32		nrows;
	uint32		i;

	for (i = 0; i < nwanted; i++)
		times[i] = wanted[i].time;
	movable = movable_rows(c, &nmovable);
	rows = rows_with_times_of(movable, nmovable, wanted, nwanted, &nrows);

	result = reuse_log_remove((const JsonbContainer *) c->document.data, c->document.len, &c->log,
							  times, nwanted);
	REQUIRE((result == NULL) == (nrows == 0));
	if (result == NULL)
		return;
	naive_read_document(&without, (ReuseValue) {JENTRY_ISCONTAINER, (char *) &result->root,
												VARSIZE(result) - VARHDRSZ});
	require_without(c, &without, rows, nrows);

	after = restore(&without, &without.document, rows, nrows);
	require_merged(&without, &after, rows, nrows);
	require_same_history(c, &after);
}

/* rows_with_times_of returns those of the movable events that have one of the times wanted. */
static ReuseRow *
rows_with_times_of(const ReuseRow *movable, uint32 nmovable, const ReuseRow *wanted, uint32 nwanted,
				   uint32 *nrows)
{
	ReuseRow   *rows = palloc(nmovable * sizeof(ReuseRow));
	uint32		i;
	uint32		w;

	*nrows = 0;
	for (i = 0; i < nmovable; i++)
	{
		for (w = 0; w < nwanted && wanted[w].time != movable[i].time; w++)
			;
		if (w < nwanted)
			rows[(*nrows)++] = movable[i];
	}
	return rows;
}

/* require_without: the log has the other events, as they were; an empty one is gone. */
static void
require_without(const Case *before, const Case *after, const ReuseRow *rows, uint32 nrows)
{
	int			left = 0;
	int			i;
	uint32		r;

	require_same_but_log(&before->document, &after->document);
	for (i = 0; i < before->nevents; i++)
	{
		for (r = 0; r < nrows && rows[r].number != (uint32) i; r++)
			;
		if (r < nrows)
			continue;
		REQUIRE(left < after->nevents);
		REQUIRE(same_value(&before->events[i].value, &after->events[left].value));
		left++;
	}
	REQUIRE(left == after->nevents && after->has_log == (left > 0));
}

/* restore returns the case of a document, null or that of c, with rows in its log. */
static Case
restore(const Case *c, const ReuseValue *document, const ReuseRow *rows, uint32 nrows)
{
	Case		after = *c;
	Jsonb	   *result = reuse_log_restore((const JsonbContainer *) document->data, document->len,
										   &c->log, rows, nrows);

	REQUIRE(result != NULL);
	naive_read_document(&after, (ReuseValue) {JENTRY_ISCONTAINER, (char *) &result->root,
											  VARSIZE(result) - VARHDRSZ});
	return after;
}

/* require_merged: each row comes before the first event that is not before it. */
static void
require_merged(const Case *before, const Case *after, const ReuseRow *rows, uint32 nrows)
{
	int			at = 0;
	uint32		r = 0;
	int			i;

	require_same_but_log(&before->document, &after->document);
	REQUIRE(after->nevents == before->nevents + (int) nrows);
	for (i = 0; i <= before->nevents; i++)
	{
		for (; r < nrows && place_for(before, rows[r].time) == i; r++)
			require_own_event(&after->events[at++].value, rows[r].time,
							  rows[r].has_context ? &rows[r].context : NULL);
		if (i < before->nevents)
			REQUIRE(same_value(&before->events[i].value, &after->events[at++].value));
	}
	REQUIRE(r == nrows);
}

/* place_for returns the number of the first event that is not before a time, or that of the end. */
static int
place_for(const Case *c, Timestamp time)
{
	int			i = 0;

	while (i < c->nevents && (!c->events[i].has_time || c->events[i].time < time))
		i++;
	return i;
}

/* require_same_history: the same events in the same order, but for how a time is written. */
static void
require_same_history(const Case *before, const Case *after)
{
	int			i;

	REQUIRE(before->nevents == after->nevents);
	for (i = 0; i < before->nevents; i++)
	{
		const ReuseEvent *x = &before->events[before->history[i]];
		const ReuseEvent *y = &after->events[after->history[i]];
		ReuseValue	context;
		ReuseValue	same_context;
		bool		has_context;

		REQUIRE(x->has_time == y->has_time && (!x->has_time || x->time == y->time));
		if (same_value(&x->value, &y->value))
			continue;
		REQUIRE(is_movable(before, before->history[i]));
		has_context = naive_get(&x->value, "context", &context);
		REQUIRE(naive_get(&y->value, "context", &same_context) == has_context);
		REQUIRE(!has_context || same_value(&context, &same_context));
	}
}
