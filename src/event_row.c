/*-------------------------------------------------------------------------
 *
 * event_row.c
 *	  An event as a row of the history table.
 *
 * Every element of a document can be a row.  Its time, its place and the rest of its context
 * are columns.  If other software wrote the element in a form that these columns cannot give
 * back, the row also has the element itself, in the column original.
 *
 * The columns are authoritative.  Other software can write rows, too, with anything in original
 * or context.  An original that contradicts the columns is ignored, and so is a context that is
 * not an object.
 *
 * Pure; results are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "event_row.h"
#include "time_iso.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_element);
PG_FUNCTION_INFO_V1(asset_reuse_row_context);

/* All keys of an element of our own form */
#define OWN_PAIRS			2

static bool is_own_element(const ReuseValue *element, Timestamp time);
static bool has_element(const EventRow *row);
static bool is_same_place(const ReusePlace *read, const ReusePlace *place);
static bool has_same_others(const ReuseValue *a, const ReuseValue *b);
static bool is_too_large(const EventRow *row);
static Jsonb *make_context(const EventRow *row);
static void read_row(FunctionCallInfo fcinfo, EventRow *row);
static Jsonb *optional_jsonb(FunctionCallInfo fcinfo, int argno);

/*
 * asset_reuse_event_element(reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key,
 * context, original) returns a row of the history table as an element of a document.
 */
Datum
asset_reuse_event_element(PG_FUNCTION_ARGS)
{
	EventRow	row;

	read_row(fcinfo, &row);
	PG_RETURN_JSONB_P(event_row_element(&row));
}

/*
 * asset_reuse_row_context(reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key,
 * context, original) returns the whole context of a row; null for an event without one.
 */
Datum
asset_reuse_row_context(PG_FUNCTION_ARGS)
{
	EventRow	row;
	ReuseValue	element;
	ReuseValue	context;

	read_row(fcinfo, &row);
	if (has_element(&row))
	{
		reuse_value_of_jsonb(row.original, &element);
		if (!reuse_event_context(&element, &context))
			PG_RETURN_NULL();
		PG_RETURN_JSONB_P(reuse_value_to_jsonb(&context));
	}
	if (is_too_large(&row))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(make_context(&row));
}

/* read_row reads a row from the arguments. */
static void
read_row(FunctionCallInfo fcinfo, EventRow *row)
{
	memset(row, 0, sizeof(*row));
	row->time = PG_ARGISNULL(0) ? DT_NOBEGIN : PG_GETARG_TIMESTAMP(0);
	row->place = event_place_args(fcinfo, 1);
	row->context = optional_jsonb(fcinfo, 5);
	row->original = optional_jsonb(fcinfo, 6);
}

static Jsonb *
optional_jsonb(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : PG_GETARG_JSONB_P(argno);
}

/* event_row_of makes a row of an element and its time, DT_NOBEGIN if it has none. */
void
event_row_of(const ReuseValue *element, Timestamp time, int32 seq, bool uuid_campaigns, EventRow *row)
{
	ReuseValue	context = {.type = JENTRY_ISNULL};

	memset(row, 0, sizeof(*row));
	row->time = time;
	row->seq = seq;
	(void) reuse_value_get(element, REUSE_CONTEXT_KEY, &context);
	event_context_place(&context, uuid_campaigns, &row->place);
	row->context = event_context_others(&context);
	if (!is_own_element(element, time) || !event_context_is_plain(&context, &row->place))
		row->original = reuse_value_to_jsonb(element);
}

/*
 * event_row_element makes the element of a row.
 *
 * Rows that other software wrote can have a time that no element can have: the element then has
 * no time.  If the texts are too large for a document, the result is null.
 */
Jsonb *
event_row_element(const EventRow *row)
{
	JsonbWriter w;
	ReuseValue	context;

	if (has_element(row))
		return row->original;
	if (is_too_large(row))
	{
		jsonb_writer_init(&w, CurrentMemoryContext, REUSE_EVENT_OVERHEAD);
		jsonb_begin_scalar(&w);
		jsonb_put_null(&w);
		jsonb_end(&w);
		return jsonb_writer_finish(&w);
	}
	reuse_value_of_jsonb(make_context(row), &context);
	jsonb_writer_init(&w, CurrentMemoryContext, (Size) context.len + REUSE_EVENT_OVERHEAD);
	log_put_event(&w, row->time, &context);
	return jsonb_writer_finish(&w);
}

/* has_element: does a row also have the element, and does it agree with the columns? */
static bool
has_element(const EventRow *row)
{
	ReuseValue	element;
	ReuseValue	read = {.type = JENTRY_ISNULL};
	ReuseValue	context = {.type = JENTRY_ISNULL};
	Timestamp	time;
	ReusePlace	place;

	if (row->original == NULL)
		return false;
	reuse_value_of_jsonb(row->original, &element);
	if (!reuse_event_time(&element, &time))
		time = DT_NOBEGIN;
	(void) reuse_value_get(&element, REUSE_CONTEXT_KEY, &read);
	event_context_place(&read, false, &place);
	if (time != row->time || !is_same_place(&place, &row->place))
		return false;
	if (row->context != NULL)
		reuse_value_of_jsonb(row->context, &context);
	return has_same_others(&read, &context);
}

/*
 * is_same_place: do the columns have the place that was read from an element?  They have a campaign's
 * id as it was written or, if it is a uuid, in the spelling of the type.
 */
static bool
is_same_place(const ReusePlace *read, const ReusePlace *place)
{
	return event_same_optional(read->type, place->type) && event_same_optional(read->name, place->name) &&
		event_same_optional(read->key, place->key) &&
		(event_same_optional(read->id, place->id) ||
		 (event_names_campaign(read) && event_same_optional(event_id_spelled(read->id), place->id)));
}

/* has_same_others: do two contexts have the same keys besides those of a place? */
static bool
has_same_others(const ReuseValue *a, const ReuseValue *b)
{
	Jsonb	   *x = event_context_others(a);
	Jsonb	   *y = event_context_others(b);

	return x == NULL || y == NULL ? x == y : reuse_jsonb_equal(x, y);
}

/* is_too_large: are a row's columns too large for a document? */
static bool
is_too_large(const EventRow *row)
{
	const text *texts[] = {row->place.type, row->place.id, row->place.name, row->place.key};
	Size		size = REUSE_EVENT_OVERHEAD + (row->context ? VARSIZE(row->context) : 0);
	Size		i;

	for (i = 0; i < lengthof(texts); i++)
		size += texts[i] ? VARSIZE_ANY(texts[i]) : 0;
	return size > JENTRY_OFFLENMASK;
}

/* make_context returns the whole context that a row's columns say. */
static Jsonb *
make_context(const EventRow *row)
{
	bool		has_keys = row->context != NULL && JB_ROOT_IS_OBJECT(row->context);

	return event_context_make(has_keys ? row->context : NULL, &row->place);
}

/* is_own_element: does an element have a context and a time as we write it, and nothing else? */
static bool
is_own_element(const ReuseValue *element, Timestamp time)
{
	ReuseValue	context;
	ReuseValue	written;
	char		stamp[ISO_EVENT_TIME_LEN];

	return reuse_value_is_object(element) && reuse_value_count(element) == OWN_PAIRS &&
		reuse_value_get(element, REUSE_CONTEXT_KEY, &context) &&
		reuse_value_get(element, REUSE_TIME_KEY, &written) &&
		iso_time_event(time, stamp) && written.type == JENTRY_ISSTRING &&
		written.len == ISO_EVENT_TIME_LEN && memcmp(written.data, stamp, ISO_EVENT_TIME_LEN) == 0;
}
