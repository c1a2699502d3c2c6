/*-------------------------------------------------------------------------
 *
 * event_context.c
 *	  The context of an event: the caller's keys, and the place of reuse.
 *
 * A context is an object with the keys that the caller gave, the keys of the place of reuse
 * (reused_in_type, reused_in_id and reused_in_name), and reuse_key if there is one.  The
 * history table has the place and the key in columns, and the other keys as they are, so this
 * file takes contexts apart and puts them together again.
 *
 * If the ids of campaigns are uuids, a campaign's id is converted to the one spelling that the
 * type has.
 *
 * Pure; results are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

#include "compat.h"
#include "event_context.h"
#include "jsonb_writer.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_context);

/* What the keys of a place take beside their values: names, entries, padding */
#define PLACE_SIZE			256

/* The most digits behind the point of a number that names a place */
#define MAX_SCALE			100

/* Hexadecimal digits of a uuid */
#define UUID_DIGITS			(2 * UUID_LEN)

/* The keys of a place, in the order in which jsonb sorts them */
enum
{
	PLACE_KEY,
	PLACE_ID,
	PLACE_NAME,
	PLACE_TYPE,
	PLACE_NKEYS
};

static const JsonbKey place_keys[PLACE_NKEYS] = {
	[PLACE_KEY] = JSONB_KEY(REUSE_KEY_KEY),
	[PLACE_ID] = JSONB_KEY("reused_in_id"),
	[PLACE_NAME] = JSONB_KEY("reused_in_name"),
	[PLACE_TYPE] = JSONB_KEY("reused_in_type"),
};

/* A walk over an object's pairs and a place's keys together, in the order of the keys */
typedef struct MergeWalk
{
	const ReuseValue *others;	/* null: none */
	const text *const *values;	/* of the place's keys */
	bool		has_key;		/* the place has a reuse_key, too */
	uint32		next_other;
	int			next_place;
} MergeWalk;

static void put_keys(JsonbWriter *w, const ReuseValue *object, uint32 first, uint32 end);
static void put_values(JsonbWriter *w, const ReuseValue *object, uint32 first, uint32 end);
static bool merge_next(MergeWalk *walk, ReuseValue *key, ReuseValue *value);
static int	place_key_of(const ReuseValue *key);
static bool is_long_number(Numeric number);
static bool is_string_of(const ReuseValue *context, int place_key, const text *value);
static text *optional_text(FunctionCallInfo fcinfo, int argno);

/*
 * asset_reuse_event_context(context, reused_in_type, reused_in_id, reused_in_name, reuse_key)
 * returns the context of an event.
 */
Datum
asset_reuse_event_context(PG_FUNCTION_ARGS)
{
	Jsonb	   *others = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0);
	ReusePlace	place = event_place_args(fcinfo, 1);

	if (others != NULL && !JB_ROOT_IS_OBJECT(others))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("context must be a JSON object")));
	PG_RETURN_JSONB_P(event_context_make(others, &place));
}

/* event_place_args returns the place whose columns are the four arguments from one on. */
ReusePlace
event_place_args(FunctionCallInfo fcinfo, int argno)
{
	return (ReusePlace) {
		.type = optional_text(fcinfo, argno),
		.id = optional_text(fcinfo, argno + 1),
		.name = optional_text(fcinfo, argno + 2),
		.key = optional_text(fcinfo, argno + 3)
	};
}

/*
 * event_context_given returns a caller's context; null for none, which a JSON null is, too.
 *
 * Error 22023 for anything else that is no object, and for keys that are ours to give.
 */
Jsonb *
event_context_given(Jsonb *reuse_context)
{
	ReuseValue	value;
	const char *reserved;

	if (reuse_context == NULL)
		return NULL;
	reuse_value_of_jsonb(reuse_context, &value);
	reserved = event_context_reserved(&value, false);
	if (reserved != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reuse_context must not have the key \"%s\"", reserved),
				 strcmp(reserved, place_keys[PLACE_KEY].name) == 0 ?
				 errhint("Give it as the argument reuse_key.") : 0));
	if (JB_ROOT_IS_OBJECT(reuse_context))
		return reuse_context;
	if (value.type != JENTRY_ISNULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reuse_context must be a JSON object"),
				 errdetail("reuse_context is %s.",
						   JB_ROOT_IS_SCALAR(reuse_context) ? "a scalar" : "an array"),
				 value.type == JENTRY_ISSTRING ?
				 errhint("The client has encoded it twice: pass the object itself, not a string with its JSON.") : 0));
	return NULL;
}

/*
 * event_context_reserved returns a key of a caller's context that is ours to give; null if it has
 * none.  The metrics of an event that happened elsewhere are the caller's.
 */
const char *
event_context_reserved(const ReuseValue *context, bool may_have_metrics)
{
	ReuseValue	unused;

	if (reuse_value_get(context, REUSE_KEY_KEY, &unused))
		return REUSE_KEY_KEY;
	if (!may_have_metrics && reuse_value_get(context, METRICS_KEY, &unused))
		return METRICS_KEY;
	return NULL;
}

/*
 * event_context_wrong_metric returns what of the metrics that a context brings is not what it must be,
 * an object, or a number in it; null if there is nothing wrong.
 */
const char *
event_context_wrong_metric(const ReuseValue *context)
{
	static const char *const numbers[] = {"spend", "clicks", "conversions", "impressions"};
	ReuseValue	metrics;
	ReuseValue	value;
	Size		i;

	if (!reuse_value_get(context, METRICS_KEY, &metrics))
		return NULL;
	if (!reuse_value_is_object(&metrics))
		return METRICS_KEY;
	for (i = 0; i < lengthof(numbers); i++)
	{
		if (reuse_value_get(&metrics, numbers[i], &value) && value.type != JENTRY_ISNUMERIC &&
			value.type != JENTRY_ISNULL)
			return numbers[i];
	}
	return NULL;
}

/*
 * event_context_make adds a place of reuse to other keys, of which it overrides the same ones.
 * There need not be others; if there are, they are an object.
 */
Jsonb *
event_context_make(const Jsonb *others, const ReusePlace *place)
{
	const text *values[PLACE_NKEYS] = {
		[PLACE_KEY] = place->key,
		[PLACE_ID] = place->id,
		[PLACE_NAME] = place->name,
		[PLACE_TYPE] = place->type
	};
	ReuseValue	object;
	MergeWalk	start = {.values = values, .has_key = place->key != NULL};
	MergeWalk	walk;
	ReuseValue	key;
	ReuseValue	value;
	JsonbWriter w;
	Size		size = PLACE_SIZE;
	uint32		npairs = 0;
	int			i;

	if (others != NULL)
	{
		reuse_value_of_jsonb(others, &object);
		start.others = &object;
		/* each pair copied may need other padding */
		size += object.len + reuse_value_count(&object) * sizeof(JEntry);
	}
	for (i = 0; i < PLACE_NKEYS; i++)
		size += values[i] ? VARSIZE_ANY_EXHDR(values[i]) : 0;
	for (walk = start; merge_next(&walk, &key, &value);)
		npairs++;

	jsonb_writer_init(&w, CurrentMemoryContext, size);
	jsonb_begin_object(&w, npairs);
	for (walk = start; merge_next(&walk, &key, &value);)
		jsonb_put_key(&w, key.data, key.len);
	for (walk = start; merge_next(&walk, &key, &value);)
		jsonb_put_copy(&w, value.type, value.data, value.len);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/*
 * event_context_with_metrics adds an asset's metrics to a context, which is an object; they win over
 * others there.
 */
Jsonb *
event_context_with_metrics(const Jsonb *context, const Jsonb *metrics)
{
	const JsonbKey metrics_key = JSONB_KEY(METRICS_KEY);
	ReuseValue	object;
	ReuseValue	key;
	ReuseValue	value;
	JsonbWriter w;
	uint32		npairs;
	uint32		before = 0;		/* so many pairs stand before it */
	uint32		after;			/* the first one behind it */

	reuse_value_of_jsonb(context, &object);
	npairs = reuse_value_count(&object);
	for (after = 0; after < npairs; after++)
	{
		int			order;

		CHECK_FOR_INTERRUPTS();
		reuse_value_pair(&object, after, &key, &value);
		order = jsonb_compare_keys(key.data, key.len, metrics_key.name, metrics_key.len);
		if (order > 0)
			break;
		before += order < 0;
	}

	/* each pair copied may need other padding */
	jsonb_writer_init(&w, CurrentMemoryContext,
					  (Size) object.len + VARSIZE(metrics) + PLACE_SIZE + npairs * sizeof(JEntry));
	jsonb_begin_object(&w, before + 1 + npairs - after);
	put_keys(&w, &object, 0, before);
	jsonb_put_key(&w, metrics_key.name, metrics_key.len);
	put_keys(&w, &object, after, npairs);
	put_values(&w, &object, 0, before);
	jsonb_put_container(&w, &metrics->root, VARSIZE(metrics) - VARHDRSZ);
	put_values(&w, &object, after, npairs);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/* put_keys puts the keys of an object's pairs from one to before another. */
static void
put_keys(JsonbWriter *w, const ReuseValue *object, uint32 first, uint32 end)
{
	ReuseValue	key;
	ReuseValue	value;
	uint32		i;

	for (i = first; i < end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reuse_value_pair(object, i, &key, &value);
		jsonb_put_key(w, key.data, key.len);
	}
}

/* put_values puts their values. */
static void
put_values(JsonbWriter *w, const ReuseValue *object, uint32 first, uint32 end)
{
	ReuseValue	key;
	ReuseValue	value;
	uint32		i;

	for (i = first; i < end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reuse_value_pair(object, i, &key, &value);
		jsonb_put_copy(w, value.type, value.data, value.len);
	}
}

/* event_context_others returns the keys of a context that are none of a place's; null for none. */
Jsonb *
event_context_others(const ReuseValue *context)
{
	ReuseValue	key;
	ReuseValue	value;
	JsonbWriter w;
	uint32		npairs = reuse_value_is_object(context) ? reuse_value_count(context) : 0;
	uint32		nothers = 0;
	uint32		i;

	for (i = 0; i < npairs; i++)
	{
		reuse_value_pair(context, i, &key, &value);
		nothers += place_key_of(&key) == PLACE_NKEYS;
	}
	if (nothers == 0)
		return NULL;
	jsonb_writer_init(&w, CurrentMemoryContext, context->len + PLACE_SIZE + npairs * sizeof(JEntry));
	jsonb_begin_object(&w, nothers);
	for (i = 0; i < npairs; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reuse_value_pair(context, i, &key, &value);
		if (place_key_of(&key) == PLACE_NKEYS)
			jsonb_put_key(&w, key.data, key.len);
	}
	for (i = 0; i < npairs; i++)
	{
		CHECK_FOR_INTERRUPTS();
		reuse_value_pair(context, i, &key, &value);
		if (place_key_of(&key) == PLACE_NKEYS)
			jsonb_put_copy(&w, value.type, value.data, value.len);
	}
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

/*
 * event_context_place reads the place that a context names: strings, or numbers and booleans
 * as text; null for anything else.
 */
void
event_context_place(const ReuseValue *context, bool uuid_campaigns, ReusePlace *place)
{
	text	  **values[PLACE_NKEYS] = {
		[PLACE_KEY] = &place->key,
		[PLACE_ID] = &place->id,
		[PLACE_NAME] = &place->name,
		[PLACE_TYPE] = &place->type
	};
	int			i;

	for (i = 0; i < PLACE_NKEYS; i++)
	{
		ReuseValue	value;

		*values[i] = NULL;
		if (i == PLACE_KEY ? event_context_key(context, &value) :
			reuse_value_get(context, place_keys[i].name, &value))
			*values[i] = event_value_text(&value);
	}
	if (uuid_campaigns && event_names_campaign(place))
		place->id = event_id_spelled(place->id);
}

/* event_context_key finds a context's key, which only a string of 1 to MAX_REUSE_KEY bytes is. */
bool
event_context_key(const ReuseValue *context, ReuseValue *key)
{
	return reuse_value_get(context, place_keys[PLACE_KEY].name, key) &&
		key->type == JENTRY_ISSTRING && key->len > 0 && key->len <= MAX_REUSE_KEY;
}

/*
 * event_context_is_plain: would event_context_make give the context back from its other keys and
 * the place that was read of it?
 */
bool
event_context_is_plain(const ReuseValue *context, const ReusePlace *place)
{
	ReuseValue	key;

	return reuse_value_is_object(context) &&
		is_string_of(context, PLACE_TYPE, place->type) &&
		is_string_of(context, PLACE_ID, place->id) &&
		is_string_of(context, PLACE_NAME, place->name) &&
		(place->key != NULL || !reuse_value_get(context, place_keys[PLACE_KEY].name, &key));
}

/* event_place_is: are two places one, by type and id? */
bool
event_place_is(const ReusePlace *place, const ReusePlace *other)
{
	return event_same_optional(place->type, other->type) && event_same_optional(place->id, other->id);
}

/* event_names_campaign: is a place a campaign that is known by its id? */
bool
event_names_campaign(const ReusePlace *place)
{
	return place->id != NULL && event_is_in_campaign(place);
}

/* event_is_in_campaign: is a place a campaign, whether or not its id is known? */
bool
event_is_in_campaign(const ReusePlace *place)
{
	return place->type != NULL && event_text_is(place->type, CAMPAIGN_TYPE, strlen(CAMPAIGN_TYPE));
}

/*
 * event_id_is_uuid: does the type uuid accept a text?  As in its input
 * function: braces around it, and hyphens after any four digits, may be or not be.
 */
bool
event_id_is_uuid(const text *id)
{
	const char *at = VARDATA_ANY(id);
	const char *end = at + VARSIZE_ANY_EXHDR(id);
	bool		braces = at < end && *at == '{';
	int			digits;

	at += braces;
	for (digits = 0; digits < UUID_DIGITS; digits++)
	{
		if (at < end && *at == '-' && digits > 0 && digits % 4 == 0)
			at++;
		if (at == end || !isxdigit((unsigned char) *at++))
			return false;
	}
	if (braces)
		return end - at == 1 && *at == '}';
	return at == end;
}

/* event_id_spelled returns a uuid as the type itself spells it; any other id as it is. */
text *
event_id_spelled(text *id)
{
	Datum		uuid;

	if (!event_id_is_uuid(id))
		return id;
	uuid = DirectFunctionCall1(uuid_in, CStringGetDatum(text_to_cstring(id)));
	return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, uuid)));
}

/* merge_next steps to the next pair; false at the end.  A place's value wins over another. */
static bool
merge_next(MergeWalk *walk, ReuseValue *key, ReuseValue *value)
{
	int			place = walk->next_place + (walk->next_place == PLACE_KEY && !walk->has_key);
	const text *place_value;

	CHECK_FOR_INTERRUPTS();
	while (walk->others != NULL && walk->next_other < reuse_value_count(walk->others))
	{
		reuse_value_pair(walk->others, walk->next_other, key, value);
		if (place_key_of(key) == PLACE_NKEYS)
		{
			if (place < PLACE_NKEYS &&
				jsonb_compare_keys(key->data, key->len, place_keys[place].name, place_keys[place].len) > 0)
				break;
			walk->next_other++;
			return true;
		}
		walk->next_other++;
	}
	if (place == PLACE_NKEYS)
		return false;
	place_value = walk->values[place];
	*key = (ReuseValue) {JENTRY_ISSTRING, place_keys[place].name, place_keys[place].len};
	if (place_value != NULL)
		*value = (ReuseValue) {JENTRY_ISSTRING, VARDATA_ANY(place_value), VARSIZE_ANY_EXHDR(place_value)};
	else
		*value = (ReuseValue) {.type = JENTRY_ISNULL};
	walk->next_place = place + 1;
	return true;
}

/* place_key_of returns which of a place's keys a key is; PLACE_NKEYS for none. */
static int
place_key_of(const ReuseValue *key)
{
	int			i;

	for (i = 0; i < PLACE_NKEYS; i++)
	{
		if (key->len == (uint32) place_keys[i].len &&
			memcmp(key->data, place_keys[i].name, key->len) == 0)
			break;
	}
	return i;
}

/*
 * is_long_number: would a number take more digits than one names a place by?  A few bytes can
 * stand for 131,072 of them.
 */
static bool
is_long_number(Numeric number)
{
	Datum		limit = DirectFunctionCall3(numeric_in, CStringGetDatum("1e100"),
											ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Datum		size = DirectFunctionCall1(numeric_abs, NumericGetDatum(number));

	return DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(number))) > MAX_SCALE ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, size, limit)) > 0;
}

/* event_value_text returns a string, or a number or boolean, as text; null for anything else. */
text *
event_value_text(const ReuseValue *value)
{
	switch (value->type)
	{
		case JENTRY_ISSTRING:
			return cstring_to_text_with_len(value->data, value->len);
		case JENTRY_ISNUMERIC:
			if (is_long_number((Numeric) unconstify(char *, value->data)))
				return NULL;
			return cstring_to_text(DatumGetCString(DirectFunctionCall1(numeric_out,
																	   PointerGetDatum(value->data))));
		case JENTRY_ISBOOL_TRUE:
			return cstring_to_text("true");
		case JENTRY_ISBOOL_FALSE:
			return cstring_to_text("false");
		default:
			return NULL;
	}
}

/* is_string_of: is a place's key in a context, as just that string, or as a null? */
static bool
is_string_of(const ReuseValue *context, int place_key, const text *value)
{
	ReuseValue	found;

	if (!reuse_value_get(context, place_keys[place_key].name, &found))
		return false;
	if (value == NULL)
		return found.type == JENTRY_ISNULL;
	return found.type == JENTRY_ISSTRING && event_text_is(value, found.data, found.len);
}

static text *
optional_text(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : PG_GETARG_TEXT_PP(argno);
}
