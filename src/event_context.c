/*-------------------------------------------------------------------------
 *
 * event_context.c
 *	  The context of an event: the caller's, and the place of reuse.
 *
 * Its SQL functions are what the statements of asset_reuse_track call.  Pure;
 * what is made is in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

#include "compat.h"
#include "event_context.h"
#include "jsonb_writer.h"
#include "response.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_context);
PG_FUNCTION_INFO_V1(asset_reuse_event_campaign);
PG_FUNCTION_INFO_V1(asset_reuse_event_campaign_uuid);

/* What a place of reuse usually takes */
#define PLACE_SIZE			256

/* Hexadecimal digits of a uuid */
#define UUID_DIGITS			(2 * UUID_LEN)

/* No campaign's id is longer: it would not fit into an index, beside others' */
#define MAX_CAMPAIGN_ID		1024

static text *optional_text(FunctionCallInfo fcinfo, int argno);
static text *named_campaign(FunctionCallInfo fcinfo);

/*
 * asset_reuse_event_context(reuse_context, reused_in_type, reused_in_id,
 * reused_in_name) returns the context of an event.
 */
Datum
asset_reuse_event_context(PG_FUNCTION_ARGS)
{
	Jsonb	   *reuse_context = event_context_given(PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0));
	ReusePlace	place = {
		.type = optional_text(fcinfo, 1),
		.id = optional_text(fcinfo, 2),
		.name = optional_text(fcinfo, 3)
	};

	PG_RETURN_JSONB_P(event_context_make(reuse_context, &place));
}

/*
 * asset_reuse_event_campaign(context) returns the id of the campaign that an event
 * names, or null.
 */
Datum
asset_reuse_event_campaign(PG_FUNCTION_ARGS)
{
	text	   *id = named_campaign(fcinfo);

	if (id == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(id);
}

/*
 * asset_reuse_event_campaign_uuid(context) returns that id as a uuid; null if it is
 * none, for then it names no campaign whose id is one.
 */
Datum
asset_reuse_event_campaign_uuid(PG_FUNCTION_ARGS)
{
	text	   *id = named_campaign(fcinfo);

	if (id == NULL || !event_context_is_uuid(id))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(text_to_cstring(id))));
}

/*
 * event_context_given returns a caller's context; null for none, which a JSON null is, too.
 *
 * Error 22023 for anything else that is no object.
 */
Jsonb *
event_context_given(Jsonb *reuse_context)
{
	ReuseValue	value;

	if (reuse_context == NULL || JB_ROOT_IS_OBJECT(reuse_context))
		return reuse_context;
	reuse_value_of_jsonb(reuse_context, &value);
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
 * event_context_make adds the place of reuse to the caller's context, of which it
 * overrides the same keys.  There need not be one.
 */
Jsonb *
event_context_make(Jsonb *reuse_context, const ReusePlace *place)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("reused_in_id"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	JsonbWriter w;
	Jsonb	   *added;

	jsonb_writer_init(&w, CurrentMemoryContext, PLACE_SIZE);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	response_put_text(&w, place->id);
	response_put_text(&w, place->name);
	response_put_text(&w, place->type);
	jsonb_end(&w);
	added = jsonb_writer_finish(&w);
	if (reuse_context == NULL)
		return added;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(reuse_context),
											  JsonbPGetDatum(added)));
}

/* event_context_campaign returns the id of the campaign that an event names, or null. */
text *
event_context_campaign(const ReuseValue *context)
{
	ReuseValue	type;
	ReuseValue	id;

	if (!reuse_value_get(context, "reused_in_type", &type) ||
		type.type != JENTRY_ISSTRING || type.len != strlen(CAMPAIGN_TYPE) ||
		memcmp(type.data, CAMPAIGN_TYPE, type.len) != 0 ||
		!reuse_value_get(context, "reused_in_id", &id) || id.type != JENTRY_ISSTRING ||
		id.len > MAX_CAMPAIGN_ID)
		return NULL;
	return cstring_to_text_with_len(id.data, id.len);
}

/*
 * event_context_is_uuid: does the type uuid accept a text?  As in its input
 * function: braces around it, and hyphens after any four digits, may be or not be.
 */
bool
event_context_is_uuid(const text *id)
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

static text *
optional_text(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : PG_GETARG_TEXT_PP(argno);
}

/* named_campaign returns the id of the campaign that argument 0 names, or null. */
static text *
named_campaign(FunctionCallInfo fcinfo)
{
	ReuseValue	context;

	reuse_value_of_jsonb(PG_GETARG_JSONB_P(0), &context);
	return event_context_campaign(&context);
}
