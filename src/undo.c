/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  asset_reuse_undo: takes one reuse back.
 *
 * The event is removed for good, so that every reader, including other software, finds as many
 * events as were counted.  A mark is left, by which a repeated call recognizes that the event
 * is undone.
 *
 * The answer lives in the calling query's memory context; everything else lives until
 * SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "answer_event.h"
#include "events_change.h"
#include "log_search.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_undo);

typedef struct UndoRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	text	   *event_id;		/* one of these two is null */
	text	   *key;
} UndoRequest;

static void read_request(FunctionCallInfo fcinfo, UndoRequest *request);
static bool find_event(const EventsAsset *asset, const UndoRequest *request, StoredEvent *event);

/*
 * asset_reuse_undo(asset_id, tenant_id, event_id, reuse_key) removes one event and returns the
 * asset and the event.
 */
Datum
asset_reuse_undo(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	TimestampTz clock = GetCurrentTimestamp();
	UndoRequest request;
	AppTable	assets;
	AppTable	history;
	EventTables tables;
	EventsAsset asset;
	StoredEvent event;
	TrackResult result = {0};
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	events_bind(fcinfo->flinfo->fn_oid, &assets, &history, &tables);
	tables.uuid_campaigns = app_campaigns_are_uuids();
	events_lock(&tables, request.asset_id, request.tenant_id, &asset);
	if (!find_event(&asset, &request, &event))
		app_report_not_found(APP_HISTORY);
	result.replayed = result.undone = event.undone;
	result.asset = asset.row;
	if (!event.undone)
	{
		NullableDatum last_reused_at;

		result.id = event.id;
		result.place = event.place;
		result.context = event.context;
		last_reused_at = events_remove(&asset, &event, 1);
		events_count(&asset, -1, last_reused_at, clock, &result.asset);
	}
	answer = answer_tracked(&result, result.replayed ? "Asset reuse was already undone" :
							"Asset reuse undone", memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, UndoRequest *request)
{
	Oid			id_type = request_id_type(fcinfo, 0);

	request->asset_id = request_identifier(fcinfo, 0, "asset_id", id_type);
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->event_id = request_optional_text(fcinfo, 2, "event_id");
	request->key = request_reuse_key(fcinfo, 3);
	if ((request->event_id == NULL) == (request->key == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("exactly one of event_id and reuse_key must be given")));
}

/* find_event finds the event, or its mark; false if there never was such an event. */
static bool
find_event(const EventsAsset *asset, const UndoRequest *request, StoredEvent *event)
{
	EventId		id;
	ReuseValue	mark;

	if (request->event_id == NULL)
	{
		if (!events_find_key(asset, request->key, event))
			return false;
		id = event->id;
		return event->undone || events_find_id(asset, id, event);
	}
	if (!event_id_parse(request->event_id, &id))
		return false;
	if (events_find_id(asset, id, event))
		return true;
	event->undone = log_search_mark(&asset->marks, &id, NULL, &mark);
	return event->undone;
}
