/*-------------------------------------------------------------------------
 *
 * track.c
 *	  asset_reuse_track and asset_reuse_track_many: record that assets were reused.
 *
 * This file has the arguments and the answers; events_store.c has the statements.
 *
 * The answer lives in the calling query's memory context; everything else lives until
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
#include "answer_event.h"
#include "events_many.h"
#include "events_store.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_track);
PG_FUNCTION_INFO_V1(asset_reuse_track_many);

/* What the answer takes for an asset beside its id: keys, numbers, a time */
#define STATUS_SIZE			256

/* What one asset of many has come to */
typedef struct AssetStatus
{
	Identifier	id;				/* as the asset has it; as the caller gave it, if missing */
	text	   *spelled;		/* as the answer shows it */
	bool		missing;
	bool		replayed;
	bool		undone;
	int64		reused_count;
	EventId		event_id;
} AssetStatus;

/* What all of them have come to, in the order in which they were asked for */
typedef struct TrackedMany
{
	int			nassets;
	AssetStatus *assets;
	int			nmissing;
	int			nreplayed;
} TrackedMany;

static void read_request(FunctionCallInfo fcinfo, TrackRequest *request, Oid id_type);
static void require_campaign(const TrackRequest *request);
static void list_assets(const AskedAsset *asked, int nids, const AppTable *assets,
						TrackedMany *tracked);
static void track_assets(TrackRequest *request, EventTables *tables, TrackedMany *tracked);
static void track_one(TrackRequest *request, EventTables *tables, AssetStatus *status);
static Jsonb *answer_many(const TrackedMany *tracked, MemoryContext memory);
static void put_asset(JsonbWriter *w, const AssetStatus *status);

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

	request.asset_id = request_identifier(fcinfo, 0, "asset_id", request_id_type(fcinfo, 0));
	read_request(fcinfo, &request, request.asset_id.type);

	SPI_connect();
	events_bind(fcinfo->flinfo->fn_oid, &assets, &history, &tables);
	events_store(&request, &tables, &result);
	answer = answer_tracked(&result, result.replayed ? "Asset reuse was already tracked" :
							"Asset reuse tracked successfully", memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments after the first. */
static void
read_request(FunctionCallInfo fcinfo, TrackRequest *request, Oid id_type)
{
	request->memory = CurrentMemoryContext;
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->campaign_space_id = request_optional_identifier(fcinfo, 2, "campaign_space_id",
															 id_type);
	request->place.type = request_text_or(fcinfo, 3, "reused_in_type", CAMPAIGN_TYPE);
	request->place.id = request_optional_text(fcinfo, 4, "reused_in_id");
	request->place.name = request_any_text(fcinfo, 5);
	request->reuse_context = event_context_given(PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6));
	request->place.key = request_reuse_key(fcinfo, 7);
	require_campaign(request);
}

/*
 * asset_reuse_track_many(asset_ids, tenant_id, campaign_space_id, reused_in_type, reused_in_id,
 * reused_in_name, reuse_context, reuse_key, on_missing) records one event for each of many assets
 * and returns what has become of each.
 */
Datum
asset_reuse_track_many(PG_FUNCTION_ARGS)
{
	static const char *const on_missing[] = {"error", "skip"};
	MemoryContext memory = CurrentMemoryContext;
	TrackRequest request = {0};
	Oid			id_type = request_id_type(fcinfo, 1);
	Identifier *ids;
	int			nids;
	AskedAsset *asked;
	bool		skips;
	AppTable	assets;
	AppTable	history;
	EventTables tables;
	TrackedMany tracked;
	Jsonb	   *answer;

	ids = request_identifiers(fcinfo, 0, "asset_ids", id_type, 1, MAX_MANY, &nids);
	read_request(fcinfo, &request, id_type);
	skips = request_choice(fcinfo, 8, "on_missing", on_missing, lengthof(on_missing)) > 0;

	SPI_connect();
	events_bind(fcinfo->flinfo->fn_oid, &assets, &history, &tables);
	asked = events_lock_many(&tables, ids, nids, request.tenant_id, ROW_LOCKED);
	if (!skips)
		events_require_assets(asked, nids, &assets, "Leave them out, or set on_missing to skip.");
	list_assets(asked, nids, &assets, &tracked);
	track_assets(&request, &tables, &tracked);
	answer = answer_many(&tracked, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
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

/* list_assets lists each of the assets once. */
static void
list_assets(const AskedAsset *asked, int nids, const AppTable *assets, TrackedMany *tracked)
{
	int			i;

	*tracked = (TrackedMany) {.assets = palloc0(nids * sizeof(AssetStatus))};
	for (i = 0; i < nids; i++)
	{
		AssetStatus *status = &tracked->assets[tracked->nassets];

		if (asked[i].presence == ASSET_REPEATED)
			continue;
		status->id = asked[i].id;
		status->missing = asked[i].presence == ASSET_ABSENT;
		status->spelled = identifier_text(status->id, &assets->columns[ASSET_ID]);
		tracked->nmissing += status->missing;
		tracked->nassets++;
	}
}

/* track_assets stores an event for each asset that is there. */
static void
track_assets(TrackRequest *request, EventTables *tables, TrackedMany *tracked)
{
	int			i;

	/* with a key, a campaign that is gone is no error where all is stored already */
	if (request->place.key == NULL)
		events_find_campaign(request);
	for (i = 0; i < tracked->nassets; i++)
	{
		AssetStatus *status = &tracked->assets[i];

		if (status->missing)
			continue;
		request->asset_id = status->id;
		track_one(request, tables, status);
		tracked->nreplayed += status->replayed;
	}
}

/* track_one stores the event of one asset; what that takes of memory ends with it. */
static void
track_one(TrackRequest *request, EventTables *tables, AssetStatus *status)
{
	TrackResult result;

	SPI_connect();
	events_store(request, tables, &result);
	status->replayed = result.replayed;
	status->undone = result.undone;
	status->reused_count = app_row_integer(&result.asset, ASSET_REUSED_COUNT);
	status->event_id = result.id;
	SPI_finish();
}

/* answer_many writes the answer into a memory context. */
static Jsonb *
answer_many(const TrackedMany *tracked, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("assets"), JSONB_KEY("missing"), JSONB_KEY("success"), JSONB_KEY("tracked"),
		JSONB_KEY("replayed"), JSONB_KEY("requested"),
	};
	JsonbWriter w;
	int			i;

	jsonb_writer_init(&w, memory, STATUS_SIZE * ((Size) tracked->nassets + 1));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	jsonb_begin_array(&w, tracked->nassets);
	for (i = 0; i < tracked->nassets; i++)
		put_asset(&w, &tracked->assets[i]);
	jsonb_end(&w);
	jsonb_begin_array(&w, tracked->nmissing);
	for (i = 0; i < tracked->nassets; i++)
	{
		if (tracked->assets[i].missing)
			answer_put_text(&w, tracked->assets[i].spelled);
	}
	jsonb_end(&w);
	jsonb_put_bool(&w, true);
	answer_put_int(&w, tracked->nassets - tracked->nmissing - tracked->nreplayed);
	answer_put_int(&w, tracked->nreplayed);
	answer_put_int(&w, tracked->nassets);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_asset(JsonbWriter *w, const AssetStatus *status)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("id"), JSONB_KEY("status"), JSONB_KEY("event_id"), JSONB_KEY("timestamp"),
		JSONB_KEY("reused_count"),
	};
	static const JsonbKey undone_keys[] = {
		JSONB_KEY("id"), JSONB_KEY("status"), JSONB_KEY("undone"), JSONB_KEY("event_id"),
		JSONB_KEY("timestamp"), JSONB_KEY("reused_count"),
	};
	const char *word = status->missing ? "missing" : status->replayed ? "replayed" : "tracked";
	bool		has_event = !status->missing && !status->undone;

	if (status->undone)
		jsonb_begin_object_keys(w, undone_keys, lengthof(undone_keys));
	else
		jsonb_begin_object_keys(w, keys, lengthof(keys));
	answer_put_text(w, status->spelled);
	jsonb_put_string(w, word, strlen(word));
	if (status->undone)
		jsonb_put_bool(w, true);
	if (has_event)
	{
		answer_put_event_id(w, status->event_id);
		answer_put_event_time(w, status->event_id.time);
	}
	else
	{
		jsonb_put_null(w);
		jsonb_put_null(w);
	}
	if (status->missing)
		jsonb_put_null(w);
	else
		answer_put_int(w, status->reused_count);
	jsonb_end(w);
}
