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

#include "answer_event.h"
#include "events_store.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_track);

static void read_request(FunctionCallInfo fcinfo, TrackRequest *request);
static void require_campaign(const TrackRequest *request);

/*
 * asset_reuse_track(asset_id, tenant_id, campaign_space_id, reused_in_type,
 * reused_in_id, reused_in_name, reuse_context, reuse_key) records one event and
 * returns the asset and the event.
 */
Datum
asset_reuse_track(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	TrackRequest request = {0};
	AppTable	assets;
	AppTable	history;
	EventTables tables;
	TrackResult result;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	events_bind(fcinfo->flinfo->fn_oid, &assets, &history, &tables);
	events_store(&request, &tables, &result);
	answer = answer_tracked(&result, result.replayed ? "Asset reuse was already tracked" :
							"Asset reuse tracked successfully", memory);
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
	request->place.name = PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5);
	request->reuse_context = event_context_given(PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6));
	request->place.key = request_reuse_key(fcinfo, 7);
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
