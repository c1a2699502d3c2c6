/*-------------------------------------------------------------------------
 *
 * import_event.c
 *	  An event in the input of asset_reuse_import.
 *
 * An event is an object with the keys below.  Other keys are refused, so that a misspelled key
 * does not get lost.  A null counts as not given.  Ids and keys may be numbers, as other
 * systems write them.
 *
 * An invalid event is not an error yet: what is wrong is noted in the event, because the other
 * events are checked in any case.  The message shows no values.
 *
 * Pure; results are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "compat.h"
#include "import_event.h"
#include "time_iso.h"

/* Maximum number of bytes of an unknown key in a message */
#define SHOWN_KEY_LEN		64

/* YYYY */
#define YEAR_DIGITS			4

/* The keys of an event */
enum
{
	EVENT_ASSET_ID,
	EVENT_TIMESTAMP,
	EVENT_KEY,
	EVENT_CAMPAIGN_ID,
	EVENT_TYPE,
	EVENT_ID,
	EVENT_NAME,
	EVENT_CONTEXT,
	EVENT_NKEYS
};

static const struct
{
	JsonbKey	key;
	bool		number;			/* can be one */
	bool		empty;			/* can be */
}			event_keys[EVENT_NKEYS] = {
	[EVENT_ASSET_ID] = {.key = JSONB_KEY("asset_id"), .number = true},
	[EVENT_TIMESTAMP] = {.key = JSONB_KEY("timestamp")},
	[EVENT_KEY] = {.key = JSONB_KEY("key"), .number = true},
	[EVENT_CAMPAIGN_ID] = {.key = JSONB_KEY("campaign_space_id"), .number = true},
	[EVENT_TYPE] = {.key = JSONB_KEY("reused_in_type")},
	[EVENT_ID] = {.key = JSONB_KEY("reused_in_id"), .number = true},
	[EVENT_NAME] = {.key = JSONB_KEY("reused_in_name"), .empty = true},
	[EVENT_CONTEXT] = {.key = JSONB_KEY("context")},
};

/* What reading an event requires */
typedef struct EventReader
{
	const text *source;
	TimestampTz clock;
	StringInfoData digested;	/* room for what a digest is of */
} EventReader;

static void read_event(EventReader *reader, const ReuseValue *element, ImportEvent *event);
static void check_keys(const ReuseValue *element, ImportEvent *event);
static bool find_value(const ReuseValue *element, int key, ImportEvent *event, ReuseValue *value);
static text *read_text(const ReuseValue *element, int key, ImportEvent *event);
static void read_time(const text *timestamp, TimestampTz clock, ImportEvent *event);
static bool is_year_out_of_range(const text *timestamp);
static void read_context(const ReuseValue *element, ImportEvent *event);
static void check_place(ImportEvent *event);
static void make_key(EventReader *reader, const text *key, const text *timestamp, ImportEvent *event);
static text *place_digest(StringInfo array, const text *timestamp, const ImportEvent *event);
static void append_text(StringInfo array, const text *value);

/* import_events_read reads the elements of an array that is no scalar. */
ImportEvent *
import_events_read(const Jsonb *array, const text *source, TimestampTz clock)
{
	ReuseLog	elements = {.array = &array->root, .count = JB_ROOT_COUNT(array)};
	ImportEvent *events = palloc0(Max(elements.count, 1) * sizeof(ImportEvent));
	EventReader reader = {.source = source, .clock = clock};
	ReuseLogWalk walk;
	ReuseValue	element;

	initStringInfo(&reader.digested);
	log_walk(&walk, &elements);
	while (log_next(&walk, &element))
		read_event(&reader, &element, &events[walk.next - 1]);
	return events;
}

/* import_event_fail notes what is wrong with an event, unless it has failed already. */
void
import_event_fail(ImportEvent *event, int sqlstate, const char *format,...)
{
	StringInfoData message;
	va_list		args;
	int			needed;

	if (event->state == IMPORT_FAILED)
		return;
	event->state = IMPORT_FAILED;
	event->sqlstate = sqlstate;
	initStringInfo(&message);
	do
	{
		va_start(args, format);
		needed = appendStringInfoVA(&message, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&message, needed);
	} while (needed > 0);
	event->message = message.data;
}

static void
read_event(EventReader *reader, const ReuseValue *element, ImportEvent *event)
{
	text	   *timestamp;
	text	   *key;

	CHECK_FOR_INTERRUPTS();
	check_keys(element, event);
	event->asset_id = read_text(element, EVENT_ASSET_ID, event);
	timestamp = read_text(element, EVENT_TIMESTAMP, event);
	key = read_text(element, EVENT_KEY, event);
	event->campaign_id = read_text(element, EVENT_CAMPAIGN_ID, event);
	event->place.type = read_text(element, EVENT_TYPE, event);
	event->place.id = read_text(element, EVENT_ID, event);
	event->place.name = read_text(element, EVENT_NAME, event);
	read_context(element, event);
	if (event->state == IMPORT_FAILED)
		return;
	if (event->asset_id == NULL)
		import_event_fail(event, ERRCODE_NULL_VALUE_NOT_ALLOWED, "asset_id must be given");
	else if (timestamp == NULL)
		import_event_fail(event, ERRCODE_NULL_VALUE_NOT_ALLOWED, "timestamp must be given");
	else
	{
		read_time(timestamp, reader->clock, event);
		check_place(event);
		make_key(reader, key, timestamp, event);
	}
}

/* check_keys checks that an event is an object with no other keys than those above. */
static void
check_keys(const ReuseValue *element, ImportEvent *event)
{
	uint32		npairs = reuse_value_is_object(element) ? reuse_value_count(element) : 0;
	uint32		i;

	if (!reuse_value_is_object(element))
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "event must be a JSON object");
	for (i = 0; i < npairs && event->state != IMPORT_FAILED; i++)
	{
		ReuseValue	key;
		ReuseValue	unused;
		int			known = 0;

		reuse_value_pair(element, i, &key, &unused);
		while (known < EVENT_NKEYS && jsonb_compare_keys(key.data, key.len, event_keys[known].key.name,
														 event_keys[known].key.len) != 0)
			known++;
		if (known == EVENT_NKEYS)
			import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "event has an unknown key \"%s\"",
							  pnstrdup(key.data, pg_mbcliplen(key.data, key.len, SHOWN_KEY_LEN)));
	}
}

/* find_value finds the value of an event's key; false if it is not given, or the event has failed. */
static bool
find_value(const ReuseValue *element, int key, ImportEvent *event, ReuseValue *value)
{
	return event->state != IMPORT_FAILED && reuse_value_get(element, event_keys[key].key.name, value) &&
		value->type != JENTRY_ISNULL;
}

/* read_text reads a value that must be a text, or for some keys a number; null if it is not given. */
static text *
read_text(const ReuseValue *element, int key, ImportEvent *event)
{
	const char *name = event_keys[key].key.name;
	ReuseValue	value;
	text	   *result = NULL;

	if (!find_value(element, key, event, &value))
		return NULL;
	if (value.type != JENTRY_ISSTRING && !(event_keys[key].number && value.type == JENTRY_ISNUMERIC))
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, event_keys[key].number ?
						  "%s must be a JSON string or number" : "%s must be a JSON string", name);
	else if ((result = event_value_text(&value)) == NULL)
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "%s has too many digits", name);
	else if (VARSIZE_ANY_EXHDR(result) == 0 && !event_keys[key].empty)
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "%s must not be empty", name);
	return result;
}

static void
read_time(const text *timestamp, TimestampTz clock, ImportEvent *event)
{
	char		written[ISO_EVENT_TIME_LEN];
	bool		is_time = iso_time_parse(VARDATA_ANY(timestamp), VARSIZE_ANY_EXHDR(timestamp), &event->time);

	if (is_time ? !iso_time_event(event->time, written) : is_year_out_of_range(timestamp))
		import_event_fail(event, ERRCODE_DATETIME_VALUE_OUT_OF_RANGE,
						  "timestamp must be in the years 1 to 9999");
	else if (!is_time)
		import_event_fail(event, ERRCODE_INVALID_DATETIME_FORMAT, "timestamp must be a time in ISO 8601");
	else if (event->time > clock)
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "timestamp must not be in the future");
}

/*
 * is_year_out_of_range: is an unreadable time one outside the years 1 to 9999?  ISO 8601 writes such
 * a year with more digits and a sign.
 */
static bool
is_year_out_of_range(const text *timestamp)
{
	static const char year[] = "2000";
	const char *at = VARDATA_ANY(timestamp);
	const char *end = at + VARSIZE_ANY_EXHDR(timestamp);
	bool		is_other = at < end && *at == '-';
	const char *digits;
	char	   *moved;
	Timestamp	unused;

	at += at < end && (*at == '-' || *at == '+');
	for (digits = at; at < end && *at >= '0' && *at <= '9';)
		at++;
	is_other |= at - digits > YEAR_DIGITS ||
		(at - digits == YEAR_DIGITS && memcmp(digits, "0000", YEAR_DIGITS) == 0);
	if (!is_other || at - digits < YEAR_DIGITS)
		return false;
	moved = psprintf("%s%s", year, pnstrdup(at, end - at));
	return iso_time_parse(moved, strlen(moved), &unused);
}

static void
read_context(const ReuseValue *element, ImportEvent *event)
{
	ReuseValue	value;
	const char *reserved;
	const char *wrong;

	if (!find_value(element, EVENT_CONTEXT, event, &value))
		return;
	reserved = event_context_reserved(&value, true);
	wrong = event_context_wrong_metric(&value);
	if (!reuse_value_is_object(&value))
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "context must be a JSON object");
	else if (reserved != NULL)
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE, "context must not have the key \"%s\"",
						  reserved);
	else if (wrong != NULL)
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE,
						  strcmp(wrong, METRICS_KEY) == 0 ? "%s in context must be a JSON object" :
						  "%s in at_reuse must be a JSON number", wrong);
	else
		event->context = reuse_value_to_jsonb(&value);
}

/* check_place completes the type of the place and checks the place, as asset_reuse_track does. */
static void
check_place(ImportEvent *event)
{
	if (event->place.type == NULL)
		event->place.type = cstring_to_text(CAMPAIGN_TYPE);
	if (event->campaign_id == NULL && event->place.id == NULL && event_is_in_campaign(&event->place))
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE,
						  "campaign_space_id or reused_in_id must be given");
}

/* make_key makes the key to store: the source, a colon, and the event's key or its digest. */
static void
make_key(EventReader *reader, const text *key, const text *timestamp, ImportEvent *event)
{
	const text *source = reader->source;
	const text *second = key != NULL ? key : place_digest(&reader->digested, timestamp, event);
	Size		source_len = VARSIZE_ANY_EXHDR(source);
	Size		len = source_len + 1 + VARSIZE_ANY_EXHDR(second);
	char	   *at;

	if (len > MAX_REUSE_KEY)
	{
		import_event_fail(event, ERRCODE_INVALID_PARAMETER_VALUE,
						  "source and key must have at most %d bytes, including the colon between them", MAX_REUSE_KEY);
		return;
	}
	event->place.key = palloc(VARHDRSZ + len);
	SET_VARSIZE(event->place.key, VARHDRSZ + len);
	at = VARDATA(event->place.key);
	memcpy(at, VARDATA_ANY(source), source_len);
	at[source_len] = ':';
	memcpy(at + source_len + 1, VARDATA_ANY(second), VARSIZE_ANY_EXHDR(second));
}

/*
 * place_digest returns the digest that replaces the key of an event without one: the md5 of
 *
 *		jsonb_build_array(asset_id, timestamp, reused_in_type, reused_in_id)::text
 *
 * with the texts in the event; reused_in_type defaults to 'campaign_space', and reused_in_id to the
 * campaign_space_id.  It is an array so that the texts are delimited.
 */
static text *
place_digest(StringInfo array, const text *timestamp, const ImportEvent *event)
{
	resetStringInfo(array);
	appendStringInfoChar(array, '[');
	append_text(array, event->asset_id);
	appendStringInfoString(array, ", ");
	append_text(array, timestamp);
	appendStringInfoString(array, ", ");
	append_text(array, event->place.type);
	appendStringInfoString(array, ", ");
	append_text(array, event->place.id != NULL ? event->place.id : event->campaign_id);
	appendStringInfoChar(array, ']');
	return DatumGetTextPP(DirectFunctionCall1(md5_text,
											  PointerGetDatum(cstring_to_text_with_len(array->data, array->len))));
}

static void
append_text(StringInfo array, const text *value)
{
	char	   *spelled;

	if (value == NULL)
	{
		appendStringInfoString(array, "null");
		return;
	}
	spelled = text_to_cstring(value);
	escape_json(array, spelled);
	pfree(spelled);
}
