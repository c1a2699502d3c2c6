/*-------------------------------------------------------------------------
 *
 * track.c
 *	  asset_reuse_track: record that an asset was reused.
 *
 * One call is one UPDATE of the asset's row.  The counter, the event's time and
 * the log are all computed inside it from the row's own columns, so when two
 * calls meet on a row, READ COMMITTED evaluates them again on what the winner
 * left, under the row's lock: nothing is lost, and nothing needs a lock or a
 * retry of ours.
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
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "app_row.h"
#include "app_schema.h"
#include "plan_cache.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"

PG_FUNCTION_INFO_V1(asset_reuse_track);
PG_FUNCTION_INFO_V1(asset_reuse_track_uuid);

/* The digits of a second's fraction that an event's time has */
#define EVENT_TIME_PRECISION	6

/* What an answer takes beside texts and context: keys, numbers, times */
#define ANSWER_SIZE			2048

/* What a place of reuse usually takes */
#define PLACE_SIZE			256

/* What is read of a campaign */
#define CAMPAIGN_COLUMNS	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_CAMPAIGN_NAME))

/* What the UPDATE returns */
#define TRACK_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_CTR) | COLUMN_BIT(ASSET_CLICKS) | \
	 COLUMN_BIT(ASSET_FILE_URL) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_TYPE) | \
	 COLUMN_BIT(ASSET_CREATED_AT) | COLUMN_BIT(ASSET_UPDATED_AT) | \
	 COLUMN_BIT(ASSET_CONVERSIONS) | COLUMN_BIT(ASSET_IMPRESSIONS) | \
	 COLUMN_BIT(ASSET_REUSED_COUNT) | COLUMN_BIT(ASSET_THUMBNAIL_URL) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_CAMPAIGN_SPACE_ID))

typedef struct TrackRequest
{
	Identifier	asset_id;
	Identifier	tenant_id;
	Identifier	campaign_space_id;	/* type 0: none */
	text	   *reused_in_type;
	text	   *reused_in_id;	/* null: none */
	text	   *reused_in_name; /* null: none */
	Jsonb	   *reuse_context;	/* null: none */
} TrackRequest;

/* Parameters of the UPDATE, in the order in which its text names them */
enum
{
	PARAM_CLOCK,				/* in the type of last_reused_at */
	PARAM_CONTEXT,
	PARAM_ASSET_ID,
	PARAM_TENANT_ID,
	PARAM_UPDATED_AT,			/* the clock in the type of updated_at, if there is one */
	NPARAMS
};

static Datum track(FunctionCallInfo fcinfo, Oid id_type);
static void read_request(FunctionCallInfo fcinfo, Oid id_type, TrackRequest *request);
static void find_campaign(TrackRequest *request);
static Jsonb *make_context(const TrackRequest *request);
static void update_asset(const TrackRequest *request, const AppTable *assets, Oid caller,
						 Jsonb *context, AppRow *row);
static void build_update(PlanText *text, const PlanRequest *request);
static ColumnSet returned_columns(const AppTable *assets);
static void put_event_time(JsonbWriter *w, const AppRow *row);
static Jsonb *make_answer(const TrackRequest *request, const AppRow *row, Jsonb *context,
						  MemoryContext memory);

/*
 * asset_reuse_track(asset_id, tenant_id, campaign_space_id, reused_in_type,
 * reused_in_id, reused_in_name, reuse_context) records one event and returns
 * the asset and the event.
 */
Datum
asset_reuse_track(PG_FUNCTION_ARGS)
{
	return track(fcinfo, TEXTOID);
}

/* asset_reuse_track_uuid is asset_reuse_track for identifiers of type uuid. */
Datum
asset_reuse_track_uuid(PG_FUNCTION_ARGS)
{
	return track(fcinfo, UUIDOID);
}

static Datum
track(FunctionCallInfo fcinfo, Oid id_type)
{
	MemoryContext memory = CurrentMemoryContext;
	TrackRequest request;
	AppTable	assets;
	AppRow		row;
	Jsonb	   *context;
	Jsonb	   *answer;

	read_request(fcinfo, id_type, &request);

	SPI_connect();
	app_schema_bind(APP_ASSETS, RowExclusiveLock, &assets);
	if (OidIsValid(request.campaign_space_id.type))
	{
		find_campaign(&request);
		/* the campaigns may be a view whose functions have changed our table */
		app_schema_bind(APP_ASSETS, RowExclusiveLock, &assets);
	}
	context = make_context(&request);
	update_asset(&request, &assets, fcinfo->flinfo->fn_oid, context, &row);
	answer = make_answer(&request, &row, context, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, Oid id_type, TrackRequest *request)
{
	request->asset_id = request_identifier(fcinfo, 0, "asset_id", id_type);
	request->tenant_id = request_identifier(fcinfo, 1, "tenant_id", id_type);
	request->campaign_space_id = request_optional_identifier(fcinfo, 2, "campaign_space_id",
															 id_type);
	request->reused_in_type = request_text(fcinfo, 3, "reused_in_type");
	request->reused_in_id = request_optional_text(fcinfo, 4, "reused_in_id");
	request->reused_in_name = PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5);
	request->reuse_context = PG_ARGISNULL(6) ? NULL : PG_GETARG_JSONB_P(6);
	if (request->reuse_context != NULL && !JB_ROOT_IS_OBJECT(request->reuse_context))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reuse_context must be a JSON object"),
				 errdetail("reuse_context is %s.",
						   JB_ROOT_IS_SCALAR(request->reuse_context) ? "a scalar" : "an array")));
}

/*
 * find_campaign looks the campaign up and takes its id and name where the
 * caller has not given others.
 */
static void
find_campaign(TrackRequest *request)
{
	AppTable	spaces;
	AppRow		row;

	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	app_lookup(&spaces, CAMPAIGN_COLUMNS, request->campaign_space_id, request->tenant_id,
			   false, &row);
	if (request->reused_in_id == NULL)
		request->reused_in_id = app_row_text(&row, SPACE_ID);
	if (request->reused_in_name == NULL && !row.nulls[SPACE_CAMPAIGN_NAME])
		request->reused_in_name = app_row_text(&row, SPACE_CAMPAIGN_NAME);
}

/* make_context adds the place of reuse to the caller's context. */
static Jsonb *
make_context(const TrackRequest *request)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("reused_in_id"), JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	JsonbWriter w;
	Jsonb	   *place;

	jsonb_writer_init(&w, CurrentMemoryContext, PLACE_SIZE);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	response_put_text(&w, request->reused_in_id);
	response_put_text(&w, request->reused_in_name);
	response_put_text(&w, request->reused_in_type);
	jsonb_end(&w);
	place = jsonb_writer_finish(&w);
	if (request->reuse_context == NULL)
		return place;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											  JsonbPGetDatum(request->reuse_context),
											  JsonbPGetDatum(place)));
}

/* update_asset runs the UPDATE and reads the row it returns. */
static void
update_asset(const TrackRequest *request, const AppTable *assets, Oid caller,
			 Jsonb *context, AppRow *row)
{
	TimestampTz clock = GetCurrentTimestamp();
	Datum		values[NPARAMS];
	PlanRequest update = {
		.query = PLAN_TRACK_ASSET,
		.tables[APP_ASSETS] = assets,
		.caller = caller,
		.plan_options = PLAN_BY_KEY,
		.build = build_update
	};

	/* both timestamp, taken as UTC, and timestamptz hold this number */
	values[PARAM_CLOCK] = TimestampTzGetDatum(clock);
	values[PARAM_CONTEXT] = JsonbPGetDatum(context);
	values[PARAM_ASSET_ID] = identifier_bind(request->asset_id, &assets->columns[ASSET_ID]);
	values[PARAM_TENANT_ID] = identifier_bind(request->tenant_id,
											  &assets->columns[ASSET_TENANT_ID]);
	values[PARAM_UPDATED_AT] = TimestampTzGetDatum(clock);

	plan_execute(&update, values, NULL);
	if (SPI_processed == 0)
		app_report_not_found(APP_ASSETS);
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one campaign asset has this id"),
				 errhint("Column \"id\" of the assets table must be unique.")));
	app_row_check(assets, returned_columns(assets), SPI_tuptable->tupdesc);
	app_row_read(assets, returned_columns(assets), SPI_tuptable->vals[0],
				 SPI_tuptable->tupdesc, row);
}

/* ----------
 * build_update builds
 *
 *	UPDATE assets AS a SET
 *		reused_count = COALESCE(a.reused_count, 0) + 1,
 *		last_reused_at =
 *			asset_reuse_log_next_time(a.platform_metadata, a.last_reused_at, $1),
 *		platform_metadata =
 *			asset_reuse_log_append(a.platform_metadata, a.last_reused_at, $1, $2),
 *		updated_at = $5
 *	WHERE a.id = $3 AND a.tenant_id = $4 AND a.deleted_at IS NULL
 *	RETURNING ...
 *
 * SET and WHERE call immutable functions only, and RETURNING none.
 * ----------
 */
static void
build_update(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const char *time_type = format_type_be_qualified(assets->columns[ASSET_LAST_REUSED_AT].type);
	StringInfo	sql = &text->sql;

	plan_add_param(text, assets->columns[ASSET_LAST_REUSED_AT].type);
	plan_add_param(text, JSONBOID);

	appendStringInfoString(sql, "UPDATE ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a SET reused_count ="
						   " COALESCE(a.reused_count, 0) OPERATOR(pg_catalog.+) 1");
	/* casts, no-ops but for a domain, so that nothing can match better than ours */
	appendStringInfoString(sql, ", last_reused_at = ");
	plan_append_function(text, request, "asset_reuse_log_next_time");
	appendStringInfo(sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb),"
					 " CAST(a.last_reused_at AS %s), $1)", time_type);
	appendStringInfoString(sql, ", platform_metadata = ");
	plan_append_function(text, request, "asset_reuse_log_append");
	appendStringInfo(sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb),"
					 " CAST(a.last_reused_at AS %s), $1, $2)", time_type);
	if (assets->columns[ASSET_UPDATED_AT].present)
		appendStringInfo(sql, ", updated_at = $%d", PARAM_UPDATED_AT + 1);
	appendStringInfoString(sql, " WHERE ");
	identifier_append_live_match(text, "a", assets);
	appendStringInfoString(sql, " RETURNING ");
	app_row_select(text, assets, "a", returned_columns(assets));

	if (assets->columns[ASSET_UPDATED_AT].present)
		plan_add_param(text, assets->columns[ASSET_UPDATED_AT].type);
}

/*
 * returned_columns are those of the answer, and the document where
 * last_reused_at cannot hold the event's time in full: timestamp(3), say.
 */
static ColumnSet
returned_columns(const AppTable *assets)
{
	int32		precision = assets->columns[ASSET_LAST_REUSED_AT].typmod;

	if (precision >= 0 && precision < EVENT_TIME_PRECISION)
		return TRACK_COLUMNS | COLUMN_BIT(ASSET_PLATFORM_METADATA);
	return TRACK_COLUMNS;
}

/*
 * put_event_time puts the time of the event that was just stored: last_reused_at,
 * or where that cannot hold it the last event's in the document.
 */
static void
put_event_time(JsonbWriter *w, const AppRow *row)
{
	Timestamp	time;
	ReuseLog	log;

	if (row->nulls[ASSET_PLATFORM_METADATA])
	{
		response_put_column(w, row, ASSET_LAST_REUSED_AT);
		return;
	}
	reuse_log_find(&DatumGetJsonbP(row->values[ASSET_PLATFORM_METADATA])->root, &log);
	if (reuse_log_last_time(&log, &time))
		response_put_time(w, time);
	else
		jsonb_put_null(w);
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const TrackRequest *request, const AppRow *row, Jsonb *context,
			MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("asset"), JSONB_KEY("event"), JSONB_KEY("message"), JSONB_KEY("success"),
	};
	static const JsonbKey event_keys[] = {
		JSONB_KEY("context"), JSONB_KEY("timestamp"), JSONB_KEY("reused_in_id"),
		JSONB_KEY("reused_in_name"), JSONB_KEY("reused_in_type"),
	};
	JsonbWriter w;
	char	   *message = psprintf("Asset reuse tracked successfully (total reuses: " INT64_FORMAT ")",
								   app_row_integer(row, ASSET_REUSED_COUNT));

	jsonb_writer_init(&w, memory, ANSWER_SIZE + VARSIZE(context));
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	response_put_row(&w, APP_ASSETS, row, TRACK_COLUMNS, NULL);
	jsonb_begin_object_keys(&w, event_keys, lengthof(event_keys));
	jsonb_put_container(&w, &context->root, VARSIZE(context) - VARHDRSZ);
	put_event_time(&w, row);
	response_put_text(&w, request->reused_in_id);
	response_put_text(&w, request->reused_in_name);
	response_put_text(&w, request->reused_in_type);
	jsonb_end(&w);
	jsonb_put_string(&w, message, strlen(message));
	jsonb_put_bool(&w, true);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}
