/*-------------------------------------------------------------------------
 *
 * log_value.c
 *	  The reuse_history of a platform_metadata document as a data structure.
 *
 * A log is the array under the key reuse_history.  Each event is an object
 *
 *		{"timestamp": "2026-01-22T10:30:00.123456", "context": {...}}
 *
 * but other software writes there too, so the array can contain anything.  All functions work
 * on the bytes of jsonb (utils/jsonb.h has the layout) and touch no more than they have to: an
 * append copies the old bytes without reading the events, and a walk reads one timestamp per
 * event.
 *
 * This file is pure, without SPI and catalogs, so that it can be tested and fuzzed alone.
 * Values point into the given document and live as long as it does; allocations are in the
 * current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "jsonb_writer.h"
#include "log_value.h"
#include "time_iso.h"

static const JsonbKey log_key = JSONB_KEY("reuse_history");
static const JsonbKey marks_key = JSONB_KEY("reuse_undone");

/* number of events between checks for interrupts */
#define EVENTS_PER_INTERRUPT_CHECK	1024

/* number of keys that are read one after the other in the search for one */
#define KEYS_TO_WALK		16

static const JsonbKey event_keys[] = {JSONB_KEY(REUSE_CONTEXT_KEY), JSONB_KEY(REUSE_TIME_KEY)};

static ReuseLogStatus find_array(const JsonbContainer *document, const JsonbKey *key, ReuseLog *log);
static bool read_own_event(const ReuseValue *event, ReuseValue *context);
static bool find_key(const JsonbContainer *object, const char *key, uint32 len, uint32 *pair);
static void get_child(const JsonbContainer *container, uint32 nchildren, uint32 index,
					  ReuseValue *value);
static void get_pair_value(const JsonbContainer *object, uint32 pair, ReuseValue *value);
static inline void set_value(ReuseValue *value, JEntry entry, const char *base,
							 uint32 offset, uint32 len);
static void put_pair_values(JsonbWriter *w, const JsonbContainer *document, uint32 first,
							uint32 end);

/*
 * log_find finds the log in a document, which may be null.
 *
 * *log is always set; it is empty if the status is not REUSE_LOG_OK.
 */
ReuseLogStatus
log_find(const JsonbContainer *document, ReuseLog *log)
{
	return find_array(document, &log_key, log);
}

/*
 * log_find_marks finds the marks of undone events in a document, which may be null.
 *
 * A mark is an object with the event's id, its time as in the log, its place and its key.  A value
 * that is not an array has no marks.
 */
void
log_find_marks(const JsonbContainer *document, ReuseLog *marks)
{
	(void) find_array(document, &marks_key, marks);
}

static ReuseLogStatus
find_array(const JsonbContainer *document, const JsonbKey *key, ReuseLog *log)
{
	ReuseValue	value;

	memset(log, 0, sizeof(*log));
	log->key = key;
	if (document == NULL)
		return REUSE_LOG_OK;
	if (!JsonContainerIsObject(document))
		return REUSE_LOG_NO_OBJECT;
	log->present = find_key(document, key->name, key->len, &log->pair);
	if (!log->present)
		return REUSE_LOG_OK;
	get_pair_value(document, log->pair, &value);
	if (value.type != JENTRY_ISCONTAINER ||
		!JsonContainerIsArray((const JsonbContainer *) value.data))
		return REUSE_LOG_NO_ARRAY;
	log->array = (const JsonbContainer *) value.data;
	log->size = value.len;
	log->count = JsonContainerSize(log->array);
	return REUSE_LOG_OK;
}

/* log_require raises the error of a document that cannot hold a log. */
void
log_require(ReuseLogStatus status)
{
	if (status == REUSE_LOG_NO_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_OBJECT_NOT_FOUND),
				 errmsg("platform_metadata must be a JSON object"),
				 errhint("Repair the asset's platform_metadata.")));
	if (status == REUSE_LOG_NO_ARRAY)
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_ARRAY_NOT_FOUND),
				 errmsg("reuse_history in platform_metadata must be a JSON array"),
				 errhint("Repair or remove the key \"reuse_history\" in the asset's platform_metadata.")));
}

/* log_get finds one event by its number in stored order, from 0. */
void
log_get(const ReuseLog *log, uint32 number, ReuseValue *event)
{
	get_child(log->array, log->count, number, event);
}

/* log_last_time reads the time of the last stored event, if it has one. */
bool
log_last_time(const ReuseLog *log, Timestamp *time)
{
	ReuseValue	event;

	if (log->count == 0)
		return false;
	log_get(log, log->count - 1, &event);
	return reuse_event_time(&event, time);
}

/* log_latest_time finds the latest time up to a horizon, if there is one. */
bool
log_latest_time(const ReuseLog *log, Timestamp horizon, Timestamp *time)
{
	ReuseLogWalk walk;
	ReuseValue	event;
	Timestamp	t;
	bool		found = false;

	log_walk(&walk, log);
	while (log_next(&walk, &event))
	{
		if (reuse_event_time(&event, &t) && t <= horizon && (!found || t > *time))
		{
			*time = t;
			found = true;
		}
	}
	return found;
}

/*
 * log_count_range counts the events inside a range.
 *
 * A binary search would be correct only in a log that is known to be in order.
 * Checking that takes the same walk, so the walk counts, in any order.
 */
int64
log_count_range(const ReuseLog *log, ReuseRange range)
{
	ReuseLogWalk walk;
	ReuseValue	event;
	Timestamp	t;
	int64		count = 0;

	log_walk(&walk, log);
	while (log_next(&walk, &event))
	{
		if (reuse_event_time(&event, &t) && range.start <= t && t < range.end)
			count++;
	}
	return count;
}

/*
 * log_append makes a copy of a document with one more event in its log.
 *
 * document is the object in which log_find found the log, and size its length
 * in bytes; it is null, and the log is empty, if there is no document yet.
 * iso_time_event must be able to write the time.
 *
 * The result has the bytes of
 *		jsonb_set(coalesce(m, '{}'), '{reuse_history}',
 *				  coalesce(m->'reuse_history', '[]') || event)
 * and its errors: the size limits of jsonb.
 */
Jsonb *
log_append(const JsonbContainer *document, uint32 size, const ReuseLog *log,
		   Timestamp time, const JsonbContainer *context, uint32 context_size)
{
	ReuseValue	value = {JENTRY_ISCONTAINER, (const char *) context, context_size};
	JsonbWriter w;

	log_begin_document(&w, document, size, log, (Size) context_size + REUSE_EVENT_OVERHEAD);
	if (log->array)
		jsonb_begin_extended_array(&w, log->array, log->size, 1);
	else
		jsonb_begin_array(&w, 1);
	log_put_event(&w, time, &value);
	jsonb_end(&w);
	return log_end_document(&w, document, log);
}

/*
 * log_splice makes a copy of a document with another log: without the removed events, given by
 * their numbers in stored order, and with new events at the end.
 *
 * document and log are as for log_append; removed may be null.
 */
Jsonb *
log_splice(const JsonbContainer *document, uint32 size, const ReuseLog *log,
		   const bool *removed, const ReuseValue *added, uint32 nadded)
{
	JsonbWriter w;
	ReuseLogWalk walk;
	ReuseValue	event;
	Size		more = REUSE_EVENT_OVERHEAD;
	uint32		kept = log->count;
	uint32		i;

	for (i = 0; removed != NULL && i < log->count; i++)
		kept -= removed[i];
	for (i = 0; i < nadded; i++)
		more += added[i].len + sizeof(JEntry) + MAXIMUM_ALIGNOF;

	/* the size of a log must fit into a JEntry */
	log_begin_document(&w, document, size, log, Min(more, JENTRY_OFFLENMASK));
	jsonb_begin_array(&w, kept + nadded);
	log_walk(&walk, log);
	while (log_next(&walk, &event))
	{
		if (removed == NULL || !removed[walk.next - 1])
			jsonb_put_copy(&w, event.type, event.data, event.len);
	}
	for (i = 0; i < nadded; i++)
		jsonb_put_copy(&w, added[i].type, added[i].data, added[i].len);
	jsonb_end(&w);
	return log_end_document(&w, document, log);
}

/*
 * log_begin_document begins a copy of a document, up to where its log is or
 * would be, and reserves the given number of bytes more than the document has.
 *
 * The caller then puts the log, and log_end_document puts the rest.
 */
void
log_begin_document(JsonbWriter *w, const JsonbContainer *document, uint32 size,
				   const ReuseLog *log, Size more)
{
	uint32		npairs = document ? JsonContainerSize(document) : 0;
	uint32		i;

	Assert(log->pair <= npairs);

	/* the padding of each copied pair may differ, by less than a JEntry */
	jsonb_writer_init(w, CurrentMemoryContext, (Size) size + more + npairs * sizeof(JEntry));
	jsonb_begin_object(w, npairs - log->present + 1);
	for (i = 0; i <= npairs; i++)
	{
		ReuseValue	key;

		CHECK_FOR_INTERRUPTS();
		if (i == log->pair)
			jsonb_put_key(w, log->key->name, log->key->len);
		if (i == npairs || (i == log->pair && log->present))
			continue;
		get_child(document, npairs * 2, i, &key);
		jsonb_put_key(w, key.data, key.len);
	}
	put_pair_values(w, document, 0, log->pair);
}

/* log_put_event puts an event in our own form, without the time if that form cannot have it. */
void
log_put_event(JsonbWriter *w, Timestamp time, const ReuseValue *context)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	bool		has_time = iso_time_event(time, stamp);

	jsonb_begin_object_keys(w, event_keys, has_time ? lengthof(event_keys) : 1);
	jsonb_put_copy(w, context->type, context->data, context->len);
	if (has_time)
		jsonb_put_string(w, stamp, ISO_EVENT_TIME_LEN);
	jsonb_end(w);
}

/* log_end_document puts what comes after the log, and returns the copy. */
Jsonb *
log_end_document(JsonbWriter *w, const JsonbContainer *document, const ReuseLog *log)
{
	uint32		npairs = document ? JsonContainerSize(document) : 0;

	put_pair_values(w, document, log->pair + log->present, npairs);
	jsonb_end(w);
	return jsonb_writer_finish(w);
}

static void
put_pair_values(JsonbWriter *w, const JsonbContainer *document, uint32 first, uint32 end)
{
	uint32		pair;

	for (pair = first; pair < end; pair++)
	{
		ReuseValue	value;

		CHECK_FOR_INTERRUPTS();
		get_pair_value(document, pair, &value);
		jsonb_put_copy(w, value.type, value.data, value.len);
	}
}

bool
reuse_value_is_object(const ReuseValue *value)
{
	return value->type == JENTRY_ISCONTAINER &&
		JsonContainerIsObject((const JsonbContainer *) value->data);
}

/* reuse_value_count returns how many pairs an object has. */
uint32
reuse_value_count(const ReuseValue *object)
{
	return JsonContainerSize((const JsonbContainer *) object->data);
}

/* reuse_value_pair reads an object's pair by its number, from 0 in the order of its keys. */
void
reuse_value_pair(const ReuseValue *object, uint32 pair, ReuseValue *key, ReuseValue *value)
{
	const JsonbContainer *container = (const JsonbContainer *) object->data;

	get_child(container, JsonContainerSize(container) * 2, pair, key);
	get_pair_value(container, pair, value);
}

/* reuse_value_get looks up a key in a value; false if it is not there. */
bool
reuse_value_get(const ReuseValue *object, const char *key, ReuseValue *value)
{
	const JsonbContainer *container = (const JsonbContainer *) object->data;
	uint32		pair;

	if (!reuse_value_is_object(object) || !find_key(container, key, strlen(key), &pair))
		return false;
	get_pair_value(container, pair, value);
	return true;
}

/* reuse_value_to_jsonb makes a separate value from one inside a document. */
Jsonb *
reuse_value_to_jsonb(const ReuseValue *value)
{
	JsonbWriter w;
	Jsonb	   *copy;

	if (value->type != JENTRY_ISCONTAINER)
	{
		jsonb_writer_init(&w, CurrentMemoryContext, REUSE_EVENT_OVERHEAD + value->len);
		jsonb_begin_scalar(&w);
		jsonb_put_copy(&w, value->type, value->data, value->len);
		jsonb_end(&w);
		return jsonb_writer_finish(&w);
	}
	copy = palloc(VARHDRSZ + value->len);
	SET_VARSIZE(copy, VARHDRSZ + value->len);
	memcpy(&copy->root, value->data, value->len);
	return copy;
}

/* reuse_value_of_jsonb describes a value as if it were inside a document. */
void
reuse_value_of_jsonb(const Jsonb *jsonb, ReuseValue *value)
{
	value->type = JENTRY_ISCONTAINER;
	value->data = (const char *) &jsonb->root;
	value->len = VARSIZE(jsonb) - VARHDRSZ;
	if (JB_ROOT_IS_SCALAR(jsonb))
	{
		/* an array of one element, whose data needs no padding there */
		value->type = jsonb->root.children[0] & JENTRY_TYPEMASK;
		value->data = (const char *) &jsonb->root.children[1];
		value->len = getJsonbLength(&jsonb->root, 0);
	}
}

/* reuse_jsonb_equal: are two values equal as jsonb?  Equal numbers may differ in their bytes. */
bool
reuse_jsonb_equal(const Jsonb *a, const Jsonb *b)
{
	if (VARSIZE(a) == VARSIZE(b) && memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) == 0)
		return true;
	return compareJsonbContainers(unconstify(JsonbContainer *, &a->root),
								  unconstify(JsonbContainer *, &b->root)) == 0;
}

/* log_walk begins a walk over a log in stored order. */
void
log_walk(ReuseLogWalk *walk, const ReuseLog *log)
{
	walk->log = log;
	walk->data = log->array ? (const char *) &log->array->children[log->count] : NULL;
	walk->next = 0;
	walk->offset = 0;
}

/* log_next steps to the next event; false at the end. */
bool
log_next(ReuseLogWalk *walk, ReuseValue *event)
{
	JEntry		entry;
	uint32		start = walk->offset;

	if (walk->next >= walk->log->count)
		return false;
	if (walk->next % EVENTS_PER_INTERRUPT_CHECK == 0)
		CHECK_FOR_INTERRUPTS();
	entry = walk->log->array->children[walk->next++];
	JBE_ADVANCE_OFFSET(walk->offset, entry);
	set_value(event, entry, walk->data, start, walk->offset - start);
	return true;
}

/* reuse_event_time reads an event's time; false if it has no usable one. */
bool
reuse_event_time(const ReuseValue *event, Timestamp *time)
{
	ReuseValue	stamp;
	ReuseValue	context;

	if (read_own_event(event, &context))
		return iso_time_parse(context.data + context.len, ISO_EVENT_TIME_LEN, time);
	return reuse_value_get(event, REUSE_TIME_KEY, &stamp) &&
		stamp.type == JENTRY_ISSTRING &&
		iso_time_parse(stamp.data, stamp.len, time);
}

/*
 * reuse_event_context finds the context of an event, which is the event itself if
 * that is not an object; false if there is none.
 */
bool
reuse_event_context(const ReuseValue *event, ReuseValue *context)
{
	if (read_own_event(event, context))
		return true;
	if (reuse_value_is_object(event))
		return reuse_value_get(event, REUSE_CONTEXT_KEY, context);
	*context = *event;
	return true;
}

/*
 * read_own_event finds the context of an event of our own form, which log_put_event wrote; its
 * timestamp comes right after it.  False for any other event.  This avoids the search for the
 * keys, which would be most of a walk's work.
 */
static bool
read_own_event(const ReuseValue *event, ReuseValue *context)
{
	static const char keys[] = REUSE_CONTEXT_KEY REUSE_TIME_KEY;
	const JsonbContainer *object = (const JsonbContainer *) event->data;
	const JEntry *entries;
	const char *data;

	if (event->type != JENTRY_ISCONTAINER)
		return false;
	entries = object->children;
	data = (const char *) &entries[2 * lengthof(event_keys)];
	if (object->header != (JB_FOBJECT | lengthof(event_keys)) ||
		entries[0] != (JENTRY_ISSTRING | JENTRY_HAS_OFF | strlen(REUSE_CONTEXT_KEY)) ||
		entries[1] != (JENTRY_ISSTRING | strlen(REUSE_TIME_KEY)) ||
		entries[3] != (JENTRY_ISSTRING | ISO_EVENT_TIME_LEN) ||
		memcmp(data, keys, strlen(keys)) != 0)
		return false;
	StaticAssertStmt(sizeof(keys) % MAXIMUM_ALIGNOF == 1, "an event's context needs no padding");
	set_value(context, entries[2], data, strlen(keys), JBE_OFFLENFLD(entries[2]));
	return true;
}

/*
 * find_key finds a key's pair in an object; if it is not there, *pair is where it would be.
 *
 * Keys are in order, so a binary search comes first.  Where a key begins is known from the lengths
 * of those before it, so the last keys are cheaper to read one after the other.
 */
static bool
find_key(const JsonbContainer *object, const char *key, uint32 len, uint32 *pair)
{
	uint32		npairs = JsonContainerSize(object);
	const char *keys = (const char *) &object->children[(Size) npairs * 2];
	uint32		low = 0;
	uint32		high = npairs;
	uint32		offset;
	int			order = 1;

	while (high - low > KEYS_TO_WALK)
	{
		uint32		middle = low + (high - low) / 2;
		ReuseValue	candidate;

		get_child(object, npairs * 2, middle, &candidate);
		if (jsonb_compare_keys(candidate.data, candidate.len, key, len) < 0)
			low = middle + 1;
		else
			high = middle + 1;
	}
	offset = getJsonbOffset(object, low);
	for (; low < high; low++)
	{
		uint32		start = offset;

		JBE_ADVANCE_OFFSET(offset, object->children[low]);
		order = jsonb_compare_keys(keys + start, offset - start, key, len);
		if (order >= 0)
			break;
	}
	*pair = low;
	return order == 0;
}

/*
 * get_child reads a container's child by number; an object with n pairs has
 * 2 * n children, its keys and then its values.
 */
static void
get_child(const JsonbContainer *container, uint32 nchildren, uint32 index,
		  ReuseValue *value)
{
	set_value(value, container->children[index],
			  (const char *) &container->children[nchildren],
			  getJsonbOffset(container, index), getJsonbLength(container, index));
}

/* get_pair_value reads the value of an object's pair. */
static void
get_pair_value(const JsonbContainer *object, uint32 pair, ReuseValue *value)
{
	uint32		npairs = JsonContainerSize(object);

	get_child(object, npairs * 2, npairs + pair, value);
}

/* set_value describes a child without the padding that precedes it. */
static inline void
set_value(ReuseValue *value, JEntry entry, const char *base, uint32 offset, uint32 len)
{
	uint32		padding = 0;

	value->type = entry & JENTRY_TYPEMASK;
	if (value->type == JENTRY_ISCONTAINER || value->type == JENTRY_ISNUMERIC)
		padding = INTALIGN(offset) - offset;
	value->data = base + offset + padding;
	value->len = len - padding;
}
