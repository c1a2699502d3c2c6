/*-------------------------------------------------------------------------
 *
 * track.c
 *	  asset_reuse_track: record that an asset was reused.
 *
 * The arguments and the answer; events_store.c has the statement between them.
 *
 * The answer lives in the calling query's memory context; all else until
 * SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "answer.h"
#include "events_store.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_track);

/* What an answer takes beside texts and context: keys, numbers, times */
#define ANSWER_SIZE			2048

static void read_request(FunctionCallInfo fcinfo, TrackRequest *request);
static void require_campaign(const TrackRequest *request);
static Jsonb *make_answer(const TrackResult *result, MemoryContext memory);

/*
 * asset_reuse_track(asset_id, tenant_id, campaign_space_id, reused_in_type,
 * reused_in_id, reused_in_name, reuse_context) records one event and returns
 * the asset and the event.
 */
Datum
asset_reuse_track(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	TrackRequest request = {0};
	TrackResult result;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	events_store(&request, fcinfo->flinfo->fn_oid, &result);
	answer = make_answer(&result, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, TrackRequest *request)
{
	Oid			id_type = request_id_type(fcinfo, 0);

	request->asset_id = request_identifier(fcinfo, 0, "asset_id", id_type);
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->campaign_space_id = request_optional_identifier(fcinfo, 2, "campaign_space_id",
															 id_type);
	request->place.type = request_text_or(fcinfo, 3, "reused_in_type", CAMPAIGN_TYPE);
	request->place.id = request_optional_text(fcinfo, 4, "reused_in_id");
	request->place.name = request_any_text(fcinfo, 5);
	request->reuse_context = event_context_given(PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6));
	require_campaign(request);
}

/*
 * require_campaign raises 22023 for a reuse in a campaign that nothing names: a misspelled key
 * of an API's request must not count.
 */
static void
require_campaign(const TrackRequest *request)
{
	if (OidIsValid(request->campaign_space_id.type) || request->place.id != NULL ||
		strcmp(text_to_cstring(request->place.type), CAMPAIGN_TYPE) != 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("campaign_space_id or reused_in_id must be given"),
			 errdetail("reused_in_type is \"%s\", which takes the id of a campaign.", CAMPAIGN_TYPE),
			 errhint("For a place that is not a campaign, give another reused_in_type.")));
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const TrackResult *result, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("asset"), JSONB_KEY("event"), JSONB_KEY("message"), JSONB_KEY("success"),
	};
	static const JsonbKey event_keys[] = {
		JSONB_KEY("context"), JSONB_KEY("event_id"), JSONB_KEY("timestamp"),
		JSONB_KEY("reused_in_id"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	JsonbWriter w;
	Jsonb	   *context = result->context;
	char	   *message = psprintf("Asset reuse tracked successfully (total reuses: " INT64_FORMAT ")",
								   app_row_integer(&result->asset, ASSET_REUSED_COUNT));

	jsonb_writer_init(&w, memory, ANSWER_SIZE + VARSIZE(context));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	answer_put_row(&w, APP_ASSETS, &result->asset, TRACK_COLUMNS, NULL);
	jsonb_begin_object_keys(&w, event_keys, lengthof(event_keys));
	jsonb_put_container(&w, &context->root, VARSIZE(context) - VARHDRSZ);
	answer_put_event_id(&w, result->id);
	answer_put_event_time(&w, result->id.time);
	answer_put_text(&w, result->place.id);
	answer_put_text(&w, result->place.name);
	answer_put_text(&w, result->place.type);
	jsonb_end(&w);
	jsonb_put_string(&w, message, strlen(message));
	jsonb_put_bool(&w, true);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}
