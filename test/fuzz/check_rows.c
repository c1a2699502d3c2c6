/*-------------------------------------------------------------------------
 *
 * check_rows.c
 *	  Checks of an event as a row of the history table, and of its context.
 *
 * Each column is read from the element by the contract's words, and so is whether an element
 * is of our own form, which is what a row can be without the element itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <regex.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "check_rows.h"
#include "event_row.h"
#include "time_iso.h"

#define MAX_KEY			255
#define UUID_PATTERN	"([0-9A-Fa-f]{4}-?){7}[0-9A-Fa-f]{4}"

/* The columns of a row that are keys of its context, as they are to be; null is none */
typedef struct Columns
{
	text	   *type;
	text	   *id;
	text	   *name;
	text	   *key;
} Columns;

extern Datum asset_reuse_event_element(PG_FUNCTION_ARGS);
extern Datum asset_reuse_row_context(PG_FUNCTION_ARGS);
extern Datum asset_reuse_event_context(PG_FUNCTION_ARGS);

static void check_row(const Event *event, int32 seq, bool uuid_campaigns);
static Columns naive_columns(const ReuseValue *context, bool uuid_campaigns);
static text *naive_text(const ReuseValue *context, const char *key);
static text *naive_id(text *id);
static bool is_own_form(const Event *event, const Columns *columns);
static bool is_key_of(const ReuseValue *context, const char *key, const text *column);
static bool has_others(const ReuseValue *context, const Jsonb *others);
static void check_other_original(const Event *event, const Event *other, bool uuid_campaigns);
static void check_made(const ReuseValue *others, const ReusePlace *place);
static void check_handmade(const EventRow *row);
static void require_pair(const ReuseValue *object, const char *key, const text *value);
static bool is_place_key(const ReuseValue *key);
static bool same_text(const text *a, const text *b);
static Datum call(PGFunction function, const Timestamp *time, const EventRow *row, bool *isnull);
static ReuseValue value_of(const Jsonb *jsonb);

/* check_rows: every element is a row, which is the element again, whatever another one is beside it. */
void
check_rows(const Case *c)
{
	int			i;

	for (i = 0; i < c->nevents; i++)
	{
		check_row(&c->events[i], i, false);
		check_row(&c->events[i], i, true);
		check_other_original(&c->events[i], &c->events[c->nevents - 1 - i], i % 2 == 0);
	}
}

/*
 * check_contexts: the places of all events, in contexts made of the one given, or of their own
 * other keys; and rows that have any value as their context, which counts if it is an object, and
 * any time.
 */
void
check_contexts(const Case *c)
{
	Jsonb	   *given = reuse_value_to_jsonb(&c->context);
	ReusePlace	nowhere = {0};
	EventRow	row = {.time = c->clock, .context = given};
	int			i;

	check_made(NULL, &nowhere);
	check_made(&c->context, &nowhere);
	check_handmade(&row);
	for (i = 0; i < c->nevents; i++)
	{
		const ReuseValue *event = &c->events[i].value;
		ReuseValue	context = {.type = JENTRY_ISNULL};

		(void) naive_get(event, "context", &context);
		event_context_place(&context, false, &row.place);
		check_made(NULL, &row.place);
		check_made(&c->context, &row.place);
		if (is_object(&context))
		{
			check_made(&context, &row.place);
			check_made(&context, &nowhere);
		}
		row.context = reuse_value_to_jsonb(event);
		check_handmade(&row);
	}
}

static void
check_row(const Event *event, int32 seq, bool uuid_campaigns)
{
	ReuseValue	context = {.type = JENTRY_ISNULL};
	Columns		expected;
	EventRow	row;
	ReuseValue	value;
	bool		has_context;
	bool		isnull;
	Datum		result;

	(void) naive_get(&event->value, "context", &context);
	expected = naive_columns(&context, uuid_campaigns);

	event_row_of(&event->value, event->time, seq, uuid_campaigns, &row);
	REQUIRE(row.time == event->time && row.seq == seq);
	REQUIRE(same_text(row.place.type, expected.type) && same_text(row.place.id, expected.id));
	REQUIRE(same_text(row.place.name, expected.name) && same_text(row.place.key, expected.key));
	REQUIRE(has_others(&context, row.context));
	REQUIRE((row.original == NULL) == is_own_form(event, &expected));
	if (row.original != NULL)
	{
		value = value_of(row.original);
		REQUIRE(same_value(&value, &event->value));
	}

	value = value_of(event_row_element(&row));
	REQUIRE(same_value(&value, &event->value));
	value = value_of(DatumGetJsonbP(call(asset_reuse_event_element, &row.time, &row, &isnull)));
	REQUIRE(!isnull && same_value(&value, &event->value));

	/* what is no object is its own context */
	has_context = !is_object(&event->value) || naive_get(&event->value, "context", &context);
	result = call(asset_reuse_row_context, &row.time, &row, &isnull);
	REQUIRE(isnull == !has_context);
	if (!has_context)
		return;
	value = value_of(DatumGetJsonbP(result));
	REQUIRE(same_value(&value, is_object(&event->value) ? &context : &event->value));
}

/* naive_columns reads the place that a context names, and its key, if that is one. */
static Columns
naive_columns(const ReuseValue *context, bool uuid_campaigns)
{
	Columns		columns = {
		.type = naive_text(context, "reused_in_type"),
		.id = naive_text(context, "reused_in_id"),
		.name = naive_text(context, "reused_in_name")
	};
	ReuseValue	key;

	if (naive_get(context, "reuse_key", &key) && key.type == JENTRY_ISSTRING && key.len >= 1 &&
		key.len <= MAX_KEY)
		columns.key = cstring_to_text_with_len(key.data, key.len);
	if (uuid_campaigns && same_text(columns.type, cstring_to_text("campaign_space")))
		columns.id = naive_id(columns.id);
	return columns;
}

/* naive_text returns what ->> would, for all but containers. */
static text *
naive_text(const ReuseValue *context, const char *key)
{
	ReuseValue	value;

	if (!naive_get(context, key, &value))
		return NULL;
	if (value.type == JENTRY_ISSTRING)
		return cstring_to_text_with_len(value.data, value.len);
	if (value.type == JENTRY_ISBOOL_TRUE || value.type == JENTRY_ISBOOL_FALSE)
		return cstring_to_text(value.type == JENTRY_ISBOOL_TRUE ? "true" : "false");
	if (value.type == JENTRY_ISNUMERIC)
		return cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out, PointerGetDatum(value.data))));
	return NULL;
}

/* naive_id spells a uuid as the type does, and any other id as it is. */
static text *
naive_id(text *id)
{
	static regex_t compiled;
	static bool is_compiled;
	char		spelled[UUID_LEN * 2 + 4 + 1];
	char	   *str;
	int			n = 0;

	if (!is_compiled)
		is_compiled = regcomp(&compiled, "^(" UUID_PATTERN "|\\{" UUID_PATTERN "})$",
							  REG_EXTENDED | REG_NOSUB) == 0;
	if (id == NULL)
		return NULL;
	str = text_to_cstring(id);
	if (strlen(str) != VARSIZE_ANY_EXHDR(id) || regexec(&compiled, str, 0, NULL, 0) != 0)
		return id;
	for (; *str != '\0'; str++)
	{
		if (!isxdigit((unsigned char) *str))
			continue;
		if (n == 8 || n == 13 || n == 18 || n == 23)
			spelled[n++] = '-';
		spelled[n++] = tolower((unsigned char) *str);
	}
	return cstring_to_text_with_len(spelled, n);
}

/* is_own_form: is an event as we write them, so that its columns are all that there is to it? */
static bool
is_own_form(const Event *event, const Columns *columns)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseValue	context;
	ReuseValue	value;
	uint32		n;

	if (!is_object(&event->value) || !event->has_time || !iso_time_event(event->time, stamp))
		return false;
	(void) naive_children(&event->value, &n);
	return n / 2 == 2 && naive_get(&event->value, "context", &context) && is_object(&context) &&
		naive_get(&event->value, "timestamp", &value) && is_string(&value, stamp, ISO_EVENT_TIME_LEN) &&
		is_key_of(&context, "reused_in_type", columns->type) &&
		is_key_of(&context, "reused_in_id", columns->id) &&
		is_key_of(&context, "reused_in_name", columns->name) &&
		(columns->key != NULL || !naive_get(&context, "reuse_key", &value));
}

/* is_key_of: is a key there, as the string that the column is, or as null for none? */
static bool
is_key_of(const ReuseValue *context, const char *key, const text *column)
{
	ReuseValue	value;

	if (!naive_get(context, key, &value))
		return false;
	if (column == NULL)
		return value.type == JENTRY_ISNULL;
	return is_string(&value, VARDATA_ANY(column), VARSIZE_ANY_EXHDR(column));
}

/*
 * check_other_original: a row that others have given another event's element is that element if
 * it says what the row's columns do, and otherwise what the columns say.
 */
static void
check_other_original(const Event *event, const Event *other, bool uuid_campaigns)
{
	ReuseValue	context = {.type = JENTRY_ISNULL};
	Columns		as_written;
	Columns		spelled;
	EventRow	row;
	ReuseValue	element;
	ReuseValue	made;
	bool		isnull;
	bool		same;

	event_row_of(&event->value, event->time, 0, uuid_campaigns, &row);
	row.original = reuse_value_to_jsonb(&other->value);
	(void) naive_get(&other->value, "context", &context);
	as_written = naive_columns(&context, false);
	spelled = naive_columns(&context, true);
	same = row.time == other->time && same_text(row.place.type, spelled.type) &&
		(same_text(row.place.id, as_written.id) || same_text(row.place.id, spelled.id)) &&
		same_text(row.place.name, spelled.name) && same_text(row.place.key, spelled.key) &&
		has_others(&context, row.context);

	element = value_of(event_row_element(&row));
	made = value_of(event_context_make(row.context, &row.place));
	if (same)
		REQUIRE(same_value(&element, &other->value));
	else
	{
		require_own_event(&element, row.time, &made);
		element = value_of(DatumGetJsonbP(call(asset_reuse_row_context, &row.time, &row, &isnull)));
		REQUIRE(!isnull && same_value(&element, &made));
	}
}

/* has_others: are those the keys of a context but for those that are columns?  Null is none. */
static bool
has_others(const ReuseValue *context, const Jsonb *others)
{
	ReuseValue	object = empty_object();
	ReuseValue *pairs = NULL;
	ReuseValue *found;
	uint32		npairs = 0;
	uint32		nfound;
	uint32		at = 0;
	uint32		i;

	if (is_object(context))
		pairs = naive_children(context, &npairs);
	if (others != NULL)
		object = value_of(others);
	require_canonical(&object);
	REQUIRE(is_object(&object));
	found = naive_children(&object, &nfound);
	REQUIRE((others != NULL) == (nfound > 0));
	for (i = 0; i < npairs / 2; i++)
	{
		if (is_place_key(&pairs[i]))
			continue;
		if (at == nfound / 2 || !same_value(&found[at], &pairs[i]) ||
			!equal_values(&found[nfound / 2 + at], &pairs[npairs / 2 + i]))
			return false;
		at++;
	}
	return at == nfound / 2;
}

/*
 * check_made: a context has the place's keys, null for what is not known, but no key unless there
 * is one, and the other ones, null for none, that are none of these.
 */
static void
check_made(const ReuseValue *others, const ReusePlace *place)
{
	Jsonb	   *context = others ? reuse_value_to_jsonb(others) : NULL;
	EventRow	row = {.place = *place, .context = context};
	ReuseValue	made = value_of(event_context_make(context, place));
	ReuseValue	again;
	ReuseValue *pairs = NULL;
	uint32		n = 0;
	uint32		expected = place->key != NULL ? 4 : 3;
	uint32		i;
	bool		isnull;

	require_canonical(&made);
	REQUIRE(is_object(&made));
	require_pair(&made, "reused_in_type", place->type);
	require_pair(&made, "reused_in_id", place->id);
	require_pair(&made, "reused_in_name", place->name);
	if (place->key != NULL)
		require_pair(&made, "reuse_key", place->key);
	if (others != NULL)
		pairs = naive_children(others, &n);
	for (i = 0; i < n / 2; i++)
	{
		ReuseValue	value;
		char	   *key;

		if (is_place_key(&pairs[i]))
			continue;
		expected++;
		key = text_to_cstring(cstring_to_text_with_len(pairs[i].data, pairs[i].len));
		/* a key with a NUL, which no database has, cannot be looked for */
		REQUIRE(strlen(key) != pairs[i].len ||
				(naive_get(&made, key, &value) && same_value(&value, &pairs[n / 2 + i])));
	}
	(void) naive_children(&made, &n);
	REQUIRE(n / 2 == expected);

	again = value_of(DatumGetJsonbP(call(asset_reuse_event_context, NULL, &row, &isnull)));
	REQUIRE(same_value(&made, &again));
}

/* check_handmade: a row that others have written is what its columns say, and its context if that is an object. */
static void
check_handmade(const EventRow *row)
{
	ReuseValue	element = value_of(event_row_element(row));
	ReuseValue	context = value_of(row->context);

	context = value_of(event_context_make(is_object(&context) ? row->context : NULL, &row->place));
	require_canonical(&element);
	require_own_event(&element, row->time, &context);
}

static void
require_pair(const ReuseValue *object, const char *key, const text *value)
{
	ReuseValue	found;

	REQUIRE(naive_get(object, key, &found));
	if (value == NULL)
		REQUIRE(found.type == JENTRY_ISNULL);
	else
		REQUIRE(is_string(&found, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

static bool
is_place_key(const ReuseValue *key)
{
	return is_string(key, "reused_in_type", strlen("reused_in_type")) ||
		is_string(key, "reused_in_id", strlen("reused_in_id")) ||
		is_string(key, "reused_in_name", strlen("reused_in_name")) ||
		is_string(key, "reuse_key", strlen("reuse_key"));
}

static bool
same_text(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

/*
 * call calls an SQL function with the columns of a row: the time first, if there is one, and the
 * context first of all for asset_reuse_event_context, which takes no original.
 */
static Datum
call(PGFunction function, const Timestamp *time, const EventRow *row, bool *isnull)
{
	LOCAL_FCINFO(fcinfo, 7);
	const void *columns[] = {
		row->place.type, row->place.id, row->place.name, row->place.key, row->context, row->original
	};
	int			n = 0;
	int			i;
	Datum		result;

	InitFunctionCallInfoData(*fcinfo, NULL, 7, InvalidOid, NULL, NULL);
	if (time != NULL)
		fcinfo->args[n++] = (NullableDatum) {TimestampGetDatum(*time), false};
	if (function == asset_reuse_event_context)
		fcinfo->args[n++] = (NullableDatum) {PointerGetDatum(row->context), row->context == NULL};
	for (i = 0; i < lengthof(columns) && n < 7; i++)
		fcinfo->args[n++] = (NullableDatum) {PointerGetDatum(columns[i]), columns[i] == NULL};
	result = function(fcinfo);
	*isnull = fcinfo->isnull;
	return result;
}

/* value_of describes a jsonb as a value inside of a document would be. */
static ReuseValue
value_of(const Jsonb *jsonb)
{
	ReuseValue	value;

	reuse_value_of_jsonb(jsonb, &value);
	return value;
}
