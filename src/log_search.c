/*-------------------------------------------------------------------------
 *
 * log_search.c
 *	  Searching a log for an event, and the marks of undone events.
 *
 * A key is searched for in the bytes of the whole log first, and in each event only if it is
 * found there.  So a log without the key costs one search for a string.
 *
 * An event that is undone leaves a mark beside the log,
 *
 *		{"event_id": "822911400123456-0", "timestamp": "2026-01-22T10:30:00.123456",
 *		 "reused_in_type": ..., "reused_in_id": ..., "reused_in_name": ..., "reuse_key": ...}
 *
 * with a reuse_key only if the event had one.  Other software can write anything there.  The
 * only effects of a mark are that an event that is absent is known to be undone, and that its
 * time is taken.
 *
 * Pure; results are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "log_search.h"
#include "time_iso.h"

#define EVENT_ID_KEY		"event_id"

/* Number of bytes that are searched between checks for interrupts */
#define SEARCHED_BYTES		((Size) 8 * 1024 * 1024)

static uint32 latest_mark(const ReuseLog *marks, Timestamp horizon);
static bool bytes_have(const ReuseLog *log, const text *wanted);
static bool has_key(const ReuseValue *context, const text *key);
static bool has_id(const ReuseValue *mark, const EventId *id);
static Jsonb *make_mark(EventId id, const ReusePlace *place);

/*
 * log_search_key finds the earliest event that has a key, as in the history table; false if there is
 * none.
 */
bool
log_search_key(const ReuseLog *log, const text *key, uint32 *number)
{
	ReuseLogWalk walk;
	ReuseValue	event;
	ReuseValue	context;
	Timestamp	earliest = DT_NOEND;
	bool		found = false;

	if (log->count == 0 || !bytes_have(log, key))
		return false;
	log_walk(&walk, log);
	while (log_next(&walk, &event))
	{
		Timestamp	time;

		if (!reuse_event_context(&event, &context) || !has_key(&context, key))
			continue;
		if (!reuse_event_time(&event, &time))
			time = DT_NOBEGIN;
		if (found && time >= earliest)
			continue;
		*number = walk.next - 1;
		earliest = time;
		found = true;
	}
	return found;
}

/* log_search_mark finds the newest mark with an id or, if that is null, with a key. */
bool
log_search_mark(const ReuseLog *marks, const EventId *id, const text *key, ReuseValue *mark)
{
	uint32		i;

	for (i = marks->count; i-- > 0;)
	{
		CHECK_FOR_INTERRUPTS();
		log_get(marks, i, mark);
		if (id != NULL ? has_id(mark, id) : has_key(mark, key))
			return true;
	}
	return false;
}

/*
 * log_put_marks makes a copy of a document with up to MAX_MARKS new marks.  It keeps the newest
 * MAX_MARKS in all, and the one with the latest time up to a horizon, so that no event gets an undone
 * event's time.
 */
Jsonb *
log_put_marks(const JsonbContainer *document, uint32 size, const EventId *ids,
			  const ReusePlace *places, uint32 count, Timestamp horizon)
{
	ReuseLog	marks;
	ReuseValue *added = palloc(count * sizeof(ReuseValue));
	bool	   *removed;
	uint32		latest;
	uint32		i;

	log_find_marks(document, &marks);
	latest = latest_mark(&marks, horizon);
	removed = palloc0(marks.count * sizeof(bool) + 1);
	for (i = 0; i + MAX_MARKS < marks.count + count; i++)
		removed[i] = i != latest;
	for (i = 0; i < count; i++)
		reuse_value_of_jsonb(make_mark(ids[i], &places[i]), &added[i]);
	return log_splice(document, size, &marks, removed, added, count);
}

/* latest_mark returns the number of the mark with the latest time up to a horizon; their count if there is none. */
static uint32
latest_mark(const ReuseLog *marks, Timestamp horizon)
{
	ReuseLogWalk walk;
	ReuseValue	mark;
	Timestamp	time;
	Timestamp	latest = DT_NOBEGIN;
	uint32		number = marks->count;

	log_walk(&walk, marks);
	while (log_next(&walk, &mark))
	{
		if (reuse_event_time(&mark, &time) && time <= horizon && time > latest)
		{
			latest = time;
			number = walk.next - 1;
		}
	}
	return number;
}

/* bytes_have: does a log contain a text's bytes?  The time depends only on the size of the log. */
static bool
bytes_have(const ReuseLog *log, const text *wanted)
{
	const char *bytes = (const char *) log->array;
	Size		size = VARSIZE_ANY_EXHDR(wanted);
	Size		start;

	for (start = 0; start < log->size; start += SEARCHED_BYTES)
	{
		CHECK_FOR_INTERRUPTS();
		if (memmem(bytes + start, Min(SEARCHED_BYTES + size - 1, log->size - start), VARDATA_ANY(wanted), size) != NULL)
			return true;
	}
	return false;
}

/* has_key: does a context or a mark have a key?  Only strings are keys. */
static bool
has_key(const ReuseValue *context, const text *key)
{
	ReuseValue	found;

	return event_context_key(context, &found) && event_text_is(key, found.data, found.len);
}

static bool
has_id(const ReuseValue *mark, const EventId *id)
{
	char		buf[EVENT_ID_BUFFER];
	uint32		len = event_id_write(*id, buf);
	ReuseValue	found;

	return reuse_value_get(mark, EVENT_ID_KEY, &found) && found.type == JENTRY_ISSTRING &&
		found.len == len && memcmp(found.data, buf, len) == 0;
}

/* make_mark makes a mark, without the time if events cannot have it. */
static Jsonb *
make_mark(EventId id, const ReusePlace *place)
{
	static const JsonbKey keys[] = {JSONB_KEY(EVENT_ID_KEY), JSONB_KEY(REUSE_TIME_KEY)};
	char		buf[EVENT_ID_BUFFER];
	char		stamp[ISO_EVENT_TIME_LEN];
	bool		has_time = iso_time_event(id.time, stamp);
	JsonbWriter w;

	jsonb_writer_init(&w, CurrentMemoryContext, REUSE_EVENT_OVERHEAD + EVENT_ID_BUFFER);
	jsonb_begin_object_keys(&w, keys, has_time ? 2 : 1);
	jsonb_put_string(&w, buf, event_id_write(id, buf));
	if (has_time)
		jsonb_put_string(&w, stamp, ISO_EVENT_TIME_LEN);
	jsonb_end(&w);
	return event_context_make(jsonb_writer_finish(&w), place);
}
