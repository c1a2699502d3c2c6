/*-------------------------------------------------------------------------
 *
 * log_redact.c
 *	  SQL functions that remove keys from the contexts of events.
 *
 * The statements of asset_reuse_redact call them on the rows' own columns.
 *
 * Pure; results are in the memory context of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "compat.h"
#include "log_value.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_redact);
PG_FUNCTION_INFO_V1(asset_reuse_event_context_without);

/* Keys that are removed without a check for interrupts */
#define KEYS_AT_ONCE		100

/* The keys to remove, and the events to remove them from */
typedef struct Redaction
{
	Jsonb	   *matching;
	Datum		keys;			/* text[] */
} Redaction;

static Jsonb *without_keys(Jsonb *context, ArrayType *keys);
static bool find_context(const ReuseValue *event, ReuseValue *context);
static bool is_redacted(const ReuseValue *event, const Redaction *redaction);
static void put_redacted(JsonbWriter *w, const ReuseValue *event, const Redaction *redaction);

/*
 * asset_reuse_log_redact(platform_metadata, matching, keys) returns the document with the keys
 * removed from the contexts of the events that match; null if there is nothing to remove.
 */
Datum
asset_reuse_log_redact(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = PG_GETARG_JSONB_P(0);
	Redaction	redaction = {PG_GETARG_JSONB_P(1), PG_GETARG_DATUM(2)};
	ReuseLog	log;
	ReuseLogWalk walk;
	ReuseValue	event;
	JsonbWriter w;
	bool	   *redacted;
	bool		any = false;
	uint32		i;

	(void) log_find(&document->root, &log);
	if (log.count == 0)
		PG_RETURN_NULL();
	redacted = MemoryContextAllocHuge(CurrentMemoryContext, log.count * sizeof(bool));
	log_walk(&walk, &log);
	for (i = 0; log_next(&walk, &event); i++)
		any |= redacted[i] = is_redacted(&event, &redaction);
	if (!any)
		PG_RETURN_NULL();

	log_begin_document(&w, &document->root, VARSIZE(document) - VARHDRSZ, &log, REUSE_EVENT_OVERHEAD);
	jsonb_begin_array(&w, log.count);
	log_walk(&walk, &log);
	for (i = 0; log_next(&walk, &event); i++)
	{
		if (redacted[i])
			put_redacted(&w, &event, &redaction);
		else
			jsonb_put_copy(&w, event.type, event.data, event.len);
	}
	jsonb_end(&w);
	PG_RETURN_JSONB_P(log_end_document(&w, &document->root, &log));
}

/*
 * asset_reuse_event_context_without(context, keys) returns a row's context without the keys; null if
 * nothing is left.  A context that is not an object is returned as it is.
 */
Datum
asset_reuse_event_context_without(PG_FUNCTION_ARGS)
{
	Jsonb	   *context = PG_GETARG_JSONB_P(0);

	if (!JB_ROOT_IS_OBJECT(context))
		PG_RETURN_JSONB_P(context);
	context = without_keys(context, PG_GETARG_ARRAYTYPE_P(1));
	if (JB_ROOT_COUNT(context) == 0)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(context);
}

/*
 * without_keys returns a context without the keys.
 *
 * jsonb_delete_array compares each key of the context with each one to remove, and cannot be interrupted.  So it
 * gets a few at a time, of those that are there.
 */
static Jsonb *
without_keys(Jsonb *context, ArrayType *keys)
{
	Jsonb	   *rest = context;
	Datum		chunk[KEYS_AT_ONCE];
	int			nchunk = 0;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			i;

	deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!nulls[i] && DatumGetBool(DirectFunctionCall2(jsonb_exists, JsonbPGetDatum(rest), values[i])))
			chunk[nchunk++] = values[i];
		if (nchunk == KEYS_AT_ONCE || (nchunk > 0 && i == count - 1))
		{
			ArrayType  *array = construct_array(chunk, nchunk, TEXTOID, -1, false, TYPALIGN_INT);
			Jsonb	   *before = rest;

			rest = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete_array, JsonbPGetDatum(before),
													  PointerGetDatum(array)));
			if (before != context)
				pfree(before);
			nchunk = 0;
		}
	}
	return rest;
}

/* find_context finds the context of an event, if it is an object. */
static bool
find_context(const ReuseValue *event, ReuseValue *context)
{
	return reuse_value_get(event, REUSE_CONTEXT_KEY, context) && reuse_value_is_object(context);
}

/* is_redacted: is there something to remove from an event? */
static bool
is_redacted(const ReuseValue *event, const Redaction *redaction)
{
	ReuseValue	context;
	Datum		value;
	bool		redacted;

	CHECK_FOR_INTERRUPTS();
	if (!find_context(event, &context))
		return false;
	value = JsonbPGetDatum(reuse_value_to_jsonb(&context));
	redacted = DatumGetBool(DirectFunctionCall2(jsonb_exists_any, value, redaction->keys)) &&
		DatumGetBool(DirectFunctionCall2(jsonb_contains, value, JsonbPGetDatum(redaction->matching)));
	pfree(DatumGetPointer(value));
	return redacted;
}

/* put_redacted puts an event without the keys in its context. */
static void
put_redacted(JsonbWriter *w, const ReuseValue *event, const Redaction *redaction)
{
	uint32		npairs = reuse_value_count(event);
	ReuseValue	context;
	ReuseValue	key;
	ReuseValue	value;
	Jsonb	   *rest;
	uint32		i;

	(void) find_context(event, &context);
	rest = without_keys(reuse_value_to_jsonb(&context), DatumGetArrayTypeP(redaction->keys));
	jsonb_begin_object(w, npairs);
	for (i = 0; i < npairs; i++)
	{
		reuse_value_pair(event, i, &key, &value);
		jsonb_put_key(w, key.data, key.len);
	}
	for (i = 0; i < npairs; i++)
	{
		reuse_value_pair(event, i, &key, &value);
		if (key.len == strlen(REUSE_CONTEXT_KEY) && memcmp(key.data, REUSE_CONTEXT_KEY, key.len) == 0)
			jsonb_put_container(w, &rest->root, VARSIZE(rest) - VARHDRSZ);
		else
			jsonb_put_copy(w, value.type, value.data, value.len);
	}
	jsonb_end(w);
	pfree(rest);
}
