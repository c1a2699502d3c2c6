/*-------------------------------------------------------------------------
 *
 * log_list.c
 *	  The events of a log, ordered by time.
 *
 * Among an asset's events, an event is identified by its time and, among those of one time, by a
 * number, seq.  In a document, seq is the event's rank in stored order; all events without a
 * usable time count as having the same time.  If the history table already has rows of that
 * time, the document's events are numbered after them.  So an event keeps its number when it
 * becomes a row.
 *
 * Software that saves an old document can bring back events that have become rows.  Such a copy
 * equals what a row of its time gives back, and is not listed.
 *
 * Our own events are stored in order of time; only a log to which other software wrote needs a
 * sort.
 *
 * Like log_value.c, this file is pure.  Values point into the given document; allocations are
 * in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "log_list.h"
#include "secret_hash.h"
#include "time_sort.h"

/* A row with the time of an event */
typedef struct HashedRow
{
	int64		hash;			/* of its element; first, for time_sort */
	uint32		row;
	bool		taken;			/* an event is its copy */
	uint32		passed;			/* of a hash's first: so many are taken, it and its next */
} HashedRow;

static bool read_events(LogList *list);
static uint32 group_end(const LogList *list, uint32 first);
static uint32 rows_of_time(const LogRows *rows, uint32 *next, Timestamp time);
static uint32 number_events(LogList *list, uint32 first, uint32 end, uint32 to,
							const LogRow *rows, uint32 nrows);
static int64 *sorted_seqs(const LogRow *rows, uint32 nrows);
static HashedRow *hash_rows(const LogRow *rows, uint32 nrows);
static int64 hash_of(const Jsonb *value);
static uint64 hash_scalar(const JsonbValue *value, uint64 hash);
static bool is_negative(Numeric number);
static bool take_copy(const ReuseValue *element, const LogRow *rows, HashedRow *hashed, uint32 nrows);

/*
 * log_list_make lists the events of a log, given the asset's rows that have a time in the
 * log; other rows may be among them.  rows may be null.
 */
void
log_list_make(const ReuseLog *log, const LogRows *rows, LogList *list)
{
	uint32		next_row = 0;
	uint32		first = 0;
	uint32		kept = 0;
	bool		ordered;

	list->log = log;
	list->count = log->count;
	list->events = MemoryContextAllocHuge(CurrentMemoryContext,
										  Max((Size) log->count, 1) * sizeof(LogEvent));
	ordered = read_events(list);
	if (ordered && (rows == NULL || rows->count == 0))
		return;
	if (!ordered)
		time_sort(list->events, list->count, sizeof(LogEvent));

	/* in place: writing never overtakes reading */
	while (first < list->count)
	{
		uint32		end = group_end(list, first);
		uint32		nrows = rows ? rows_of_time(rows, &next_row, list->events[first].time) : 0;

		kept = number_events(list, first, end, kept, nrows > 0 ? &rows->rows[next_row] : NULL, nrows);
		next_row += nrows;
		first = end;
	}
	list->count = kept;
}

/* log_list_element finds the element of the document for an event of the list. */
void
log_list_element(const LogList *list, uint32 i, ReuseValue *element)
{
	log_get(list->log, list->events[i].number, element);
}

/*
 * log_list_restore makes a copy of a document whose log has all events of an asset, including
 * those in rows: oldest first, after those without a time.
 *
 * document may be null, with an empty log.  rows are all rows of the asset.
 */
Jsonb *
log_list_restore(const JsonbContainer *document, uint32 size, const ReuseLog *log,
				 const LogRows *rows)
{
	LogList		list;
	JsonbWriter w;
	Size		more = REUSE_EVENT_OVERHEAD;	/* of the key and the array */
	uint32		next_row = 0;
	uint32		i;

	log_list_make(log, rows, &list);
	for (i = 0; i < rows->count; i++)
		more += VARSIZE(rows->rows[i].element) + sizeof(JEntry) + MAXIMUM_ALIGNOF;

	/* the size of a log must fit into a JEntry */
	log_begin_document(&w, document, size, log, Min(more, JENTRY_OFFLENMASK));
	jsonb_begin_array(&w, list.count + rows->count);
	for (i = 0; i <= list.count; i++)
	{
		ReuseValue	element;

		CHECK_FOR_INTERRUPTS();
		/* at equal times, the document's events have greater numbers than the rows */
		for (; next_row < rows->count &&
			 (i == list.count || rows->rows[next_row].time <= list.events[i].time); next_row++)
		{
			reuse_value_of_jsonb(rows->rows[next_row].element, &element);
			jsonb_put_copy(&w, element.type, element.data, element.len);
		}
		if (i == list.count)
			break;
		log_list_element(&list, i, &element);
		jsonb_put_copy(&w, element.type, element.data, element.len);
	}
	jsonb_end(&w);
	return log_end_document(&w, document, log);
}

/*
 * read_events reads the events in stored order; false if they are not ordered by time.  It
 * numbers them as long as they are.
 */
static bool
read_events(LogList *list)
{
	ReuseLogWalk walk;
	ReuseValue	element;
	Timestamp	previous = DT_NOBEGIN;
	bool		ordered = true;

	log_walk(&walk, list->log);
	while (log_next(&walk, &element))
	{
		LogEvent   *event = &list->events[walk.next - 1];

		event->number = walk.next - 1;
		if (!reuse_event_time(&element, &event->time))
			event->time = DT_NOBEGIN;
		ordered &= event->time >= previous;
		event->seq = event->number > 0 && event->time == previous ? event[-1].seq + 1 : 0;
		previous = event->time;
	}
	return ordered;
}

/* group_end returns where the events of one time end. */
static uint32
group_end(const LogList *list, uint32 first)
{
	uint32		end = first + 1;

	while (end < list->count && list->events[end].time == list->events[first].time)
		end++;
	return end;
}

/* rows_of_time steps to the first row of a time and returns the number of its rows. */
static uint32
rows_of_time(const LogRows *rows, uint32 *next, Timestamp time)
{
	uint32		end;

	while (*next < rows->count && rows->rows[*next].time < time)
		(*next)++;
	for (end = *next; end < rows->count && rows->rows[end].time == time; end++)
		;
	return end - *next;
}

/*
 * number_events numbers the events of one time, and writes those that are not copies of rows
 * into the list, from a position on; it returns the position after them.
 */
static uint32
number_events(LogList *list, uint32 first, uint32 end, uint32 to, const LogRow *rows, uint32 nrows)
{
	HashedRow  *hashed = NULL;
	int64	   *seqs = NULL;
	int64		seq = 0;
	uint32		next = 0;		/* of the rows' numbers, the first that is not below seq */
	uint32		i;

	if (nrows > 0)
	{
		hashed = hash_rows(rows, nrows);
		seqs = sorted_seqs(rows, nrows);
		/* after the rows or, if others have used up the numbers there, between them */
		if (seqs[nrows - 1] < PG_INT32_MAX - (int64) (end - first))
			seq = Max(seqs[nrows - 1] + 1, 0);
	}
	for (i = first; i < end; i++)
	{
		LogEvent	event = list->events[i];
		ReuseValue	element;

		CHECK_FOR_INTERRUPTS();
		log_get(list->log, event.number, &element);
		if (nrows > 0 && take_copy(&element, rows, hashed, nrows))
			continue;
		for (; next < nrows && seqs[next] <= seq; next++)
			seq += seqs[next] == seq;
		event.seq = (int32) seq++;
		list->events[to++] = event;
	}
	if (nrows > 0)
	{
		pfree(hashed);
		pfree(seqs);
	}
	return to;
}

/* sorted_seqs returns the numbers of rows, ascending. */
static int64 *
sorted_seqs(const LogRow *rows, uint32 nrows)
{
	int64	   *seqs = MemoryContextAllocHuge(CurrentMemoryContext, (Size) nrows * sizeof(int64));
	uint32		i;

	for (i = 0; i < nrows; i++)
		seqs[i] = rows[i].seq;
	time_sort(seqs, nrows, sizeof(int64));
	return seqs;
}

/* hash_rows returns the rows in a table by the hash of their elements. */
static HashedRow *
hash_rows(const LogRow *rows, uint32 nrows)
{
	HashedRow  *hashed = MemoryContextAllocHuge(CurrentMemoryContext, (Size) nrows * sizeof(HashedRow));
	uint32		i;

	for (i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		hashed[i] = (HashedRow) {.hash = hash_of(rows[i].element), .row = i};
	}
	time_sort(hashed, nrows, sizeof(HashedRow));
	return hashed;
}

/*
 * hash_of returns the hash of a value; equal values have equal hashes.
 *
 * Writers of documents must not be able to craft many values with the same hash, because each
 * event is compared with all of them.  With jsonb's own hash, that is easy.  Here the hash of
 * the preceding part is the seed for the next part, and the first seed is secret.
 */
static int64
hash_of(const Jsonb *value)
{
	JsonbIterator *walk = JsonbIteratorInit(unconstify(JsonbContainer *, &value->root));
	JsonbIteratorToken token;
	JsonbValue	child;
	uint64		hash = secret_hash_seed();

	while ((token = JsonbIteratorNext(&walk, &child, false)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		hash = DatumGetUInt64(hash_uint32_extended(token, hash));
		if (token == WJB_KEY || token == WJB_VALUE || token == WJB_ELEM)
			hash = hash_scalar(&child, hash);
	}
	return (int64) hash;
}

/* hash_scalar continues a hash with a scalar. */
static uint64
hash_scalar(const JsonbValue *value, uint64 hash)
{
	bool		negative = value->type == jbvNumeric && is_negative(value->val.numeric);
	uint64		result = 0;

	/* a number and its negative have the same hash */
	hash = DatumGetUInt64(hash_uint32_extended(value->type, hash + negative));
	JsonbHashScalarValueExtended(value, &result, hash);
	return result;
}

static bool
is_negative(Numeric number)
{
	Numeric		zero = int64_to_numeric(0);
	bool		negative = DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(number),
															 NumericGetDatum(zero))) < 0;

	pfree(zero);
	return negative;
}

/* take_copy finds a row of which an element is a copy and that has no other copy yet, and takes it. */
static bool
take_copy(const ReuseValue *element, const LogRow *rows, HashedRow *hashed, uint32 nrows)
{
	Jsonb	   *copy = reuse_value_to_jsonb(element);
	int64		hash = hash_of(copy);
	uint32		low = 0;
	uint32		high = nrows;
	uint32		i;
	bool		found = false;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (hashed[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	i = low;
	if (low < nrows)
	{
		/* avoids quadratic time if all events and rows are alike */
		while (low + hashed[low].passed < nrows && hashed[low + hashed[low].passed].taken)
			hashed[low].passed++;
		i += hashed[low].passed;
	}
	for (; i < nrows && hashed[i].hash == hash && !found; i++)
	{
		CHECK_FOR_INTERRUPTS();
		found = !hashed[i].taken && reuse_jsonb_equal(copy, rows[hashed[i].row].element);
		hashed[i].taken |= found;
	}
	pfree(copy);
	return found;
}
