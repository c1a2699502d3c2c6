/*-------------------------------------------------------------------------
 *
 * answer_event.c
 *	  The answer of functions that store or remove an event: the asset after the change, and the
 *	  event.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "answer.h"
#include "answer_event.h"

/* Size of an answer without texts and context: keys, numbers, times */
#define ANSWER_SIZE			2048

static void put_event(JsonbWriter *w, const TrackResult *result);

/*
 * answer_tracked writes the answer into a memory context; the message gets the asset's count.
 * An event that was undone by an earlier call is null.
 */
Jsonb *
answer_tracked(const TrackResult *result, const char *message, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("asset"), JSONB_KEY("event"), JSONB_KEY("message"), JSONB_KEY("success"),
		JSONB_KEY("replayed"),
	};
	static const JsonbKey undone_keys[] = {
		JSONB_KEY("asset"), JSONB_KEY("event"), JSONB_KEY("undone"), JSONB_KEY("message"),
		JSONB_KEY("success"), JSONB_KEY("replayed"),
	};
	JsonbWriter w;
	char	   *counted = psprintf("%s (total reuses: " INT64_FORMAT ")", message,
								   app_row_integer(&result->asset, ASSET_REUSED_COUNT));

	jsonb_writer_init(&w, memory, ANSWER_SIZE + (result->undone ? 0 : result->context.len));
	if (result->undone)
		jsonb_begin_object_keys(&w, undone_keys, lengthof(undone_keys));
	else
		jsonb_begin_object_keys(&w, keys, lengthof(keys));
	answer_put_row(&w, APP_ASSETS, &result->asset, TRACK_COLUMNS, NULL);
	if (result->undone)
	{
		jsonb_put_null(&w);
		jsonb_put_bool(&w, true);
	}
	else
		put_event(&w, result);
	jsonb_put_string(&w, counted, strlen(counted));
	jsonb_put_bool(&w, true);
	jsonb_put_bool(&w, result->replayed);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_event(JsonbWriter *w, const TrackResult *result)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("context"), JSONB_KEY("event_id"), JSONB_KEY("timestamp"),
		JSONB_KEY("reused_in_id"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_put_copy(w, result->context.type, result->context.data, result->context.len);
	answer_put_event_id(w, result->id);
	answer_put_event_time(w, result->id.time);
	answer_put_text(w, result->place.id);
	answer_put_text(w, result->place.name);
	answer_put_text(w, result->place.type);
	jsonb_end(w);
}
