/*-------------------------------------------------------------------------
 *
 * check_list.c
 *	  Checks of the events of a document beside those of the history table.
 *
 * Each event of a list, and each element of a document that rows have come back to, has one
 * place that it can be at, which is known by counting what is before it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "check_list.h"
#include "event_row.h"

static void check_with_rows(const Case *c, const LogRows *rows);
static Case restore(const Case *c, const LogRows *rows);
static LogRows rows_by_number(const LogRows *rows);
static bool is_row_before(const LogRow *a, const LogRow *b);
static LogRows move(const Case *c, uint32 step);
static void require_same_list(const Case *before, const Case *after);
static void require_same_events(const Case *before, const Case *after);
static int	count_equal(const Case *c, const ReuseValue *value);

/* check_list: the document's events, alone and beside rows that may be from anywhere. */
void
check_list(const Case *c)
{
	LogRows		none = {0};

	check_with_rows(c, &none);
	check_with_rows(c, &c->rows);
}

/*
 * check_move: all events, or every second one, become rows and come back, to the document that
 * still has them, as one that was saved again, and to one that does not.  Nothing is lost or
 * there twice, and where all have moved, the log is the list of before.
 */
void
check_move(const Case *c)
{
	LogRows		all = move(c, 1);
	LogRows		some = move(c, 2);
	Case		nothing = *c;
	Case		after;
	LogList		list;

	log_list_make(&c->log, &all, &list);
	REQUIRE(list.count == 0);
	check_with_rows(c, &some);
	if (c->status != REUSE_LOG_OK)
		return;

	after = restore(c, &all);
	require_same_list(c, &after);
	naive_read_document(&nothing, empty_object());
	after = restore(&nothing, &all);
	require_same_list(c, &after);
	after = restore(c, &some);
	require_same_events(c, &after);
}

/* check_with_rows: the events that are no copies of rows are listed, and the rows come among them. */
static void
check_with_rows(const Case *c, const LogRows *rows)
{
	uint32		nexpected;
	LogEvent   *expected = naive_list(c, rows, &nexpected);
	ReuseValue	element;
	LogList		list;
	LogRows		sorted;
	Case		after;
	uint32		i;
	uint32		at;
	uint32		other;

	log_list_make(&c->log, rows->count > 0 ? rows : NULL, &list);
	REQUIRE(list.count == nexpected);
	for (i = 0; i < nexpected; i++)
	{
		REQUIRE(list.events[i].number == expected[i].number);
		REQUIRE(list.events[i].time == expected[i].time && list.events[i].seq == expected[i].seq);
		log_list_element(&list, i, &element);
		REQUIRE(element.data == c->events[expected[i].number].value.data);
		REQUIRE(same_value(&element, &c->events[expected[i].number].value));
	}

	if (c->status != REUSE_LOG_OK)
		return;
	after = restore(c, rows);
	sorted = rows_by_number(rows);
	REQUIRE(after.nevents == (int) (nexpected + rows->count));
	for (i = 0; i < nexpected; i++)
	{
		for (at = i, other = 0; other < rows->count; other++)
			at += rows->rows[other].time <= expected[i].time;
		REQUIRE(same_value(&after.events[at].value, &c->events[expected[i].number].value));
	}
	for (i = 0; i < rows->count; i++)
	{
		for (at = i, other = 0; other < nexpected; other++)
			at += expected[other].time < sorted.rows[i].time;
		reuse_value_of_jsonb(sorted.rows[i].element, &element);
		REQUIRE(same_value(&after.events[at].value, &element));
	}
}

/* restore returns the case of a document to which rows have come back. */
static Case
restore(const Case *c, const LogRows *rows)
{
	bool		is_there = JsonContainerSize((const JsonbContainer *) c->document.data) > 0;
	LogRows		sorted = rows_by_number(rows);
	Case		after = *c;
	Jsonb	   *result;

	/* an empty document may as well be none */
	result = log_list_restore(is_there ? (const JsonbContainer *) c->document.data : NULL,
							  is_there ? c->document.len : 0, &c->log, &sorted);
	naive_read_document(&after, (ReuseValue) {JENTRY_ISCONTAINER, (char *) &result->root,
											  VARSIZE(result) - VARHDRSZ});
	require_same_but_log(&c->document, &after.document);
	REQUIRE(after.has_log && after.status == REUSE_LOG_OK);
	return after;
}

/* rows_by_number returns rows in the order of their times and numbers. */
static LogRows
rows_by_number(const LogRows *rows)
{
	LogRows		sorted = {rows->count, palloc(rows->count * sizeof(LogRow))};
	uint32		i;
	uint32		other;

	for (i = 0; i < rows->count; i++)
	{
		uint32		rank = 0;

		for (other = 0; other < rows->count; other++)
			rank += is_row_before(&rows->rows[other], &rows->rows[i]);
		sorted.rows[rank] = rows->rows[i];
	}
	return sorted;
}

static bool
is_row_before(const LogRow *a, const LogRow *b)
{
	return a->time != b->time ? a->time < b->time : a->seq < b->seq;
}

/* move returns rows of every event of a document, or of every second one. */
static LogRows
move(const Case *c, uint32 step)
{
	LogRows		none = {0};
	LogRows		moved = {0};
	uint32		n;
	LogEvent   *events = naive_list(c, &none, &n);
	uint32		i;

	moved.rows = palloc(n * sizeof(LogRow));
	for (i = 0; i < n; i += step)
	{
		EventRow	row;

		event_row_of(&c->events[events[i].number].value, events[i].time, events[i].seq, false, &row);
		moved.rows[moved.count++] = (LogRow) {row.time, row.seq, event_row_element(&row)};
	}
	return moved;
}

/* require_same_list: the events are stored as they were listed, and have the same ids. */
static void
require_same_list(const Case *before, const Case *after)
{
	LogRows		none = {0};
	uint32		n;
	LogEvent   *expected = naive_list(before, &none, &n);
	LogList		list;
	uint32		i;

	log_list_make(&after->log, NULL, &list);
	REQUIRE(list.count == n && after->nevents == (int) n);
	for (i = 0; i < n; i++)
	{
		REQUIRE(list.events[i].number == i);
		REQUIRE(list.events[i].time == expected[i].time && list.events[i].seq == expected[i].seq);
		REQUIRE(same_value(&after->events[i].value, &before->events[expected[i].number].value));
	}
}

/* require_same_events: each event is there as often as before, in the order of the times. */
static void
require_same_events(const Case *before, const Case *after)
{
	int			i;

	REQUIRE(before->nevents == after->nevents);
	for (i = 0; i < before->nevents; i++)
	{
		const ReuseValue *value = &before->events[i].value;

		REQUIRE(count_equal(before, value) == count_equal(after, value));
		REQUIRE(i == 0 || after->events[i - 1].time <= after->events[i].time);
	}
}

static int
count_equal(const Case *c, const ReuseValue *value)
{
	int			count = 0;
	int			i;

	for (i = 0; i < c->nevents; i++)
		count += equal_values(&c->events[i].value, value);
	return count;
}
