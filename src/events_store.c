/*-------------------------------------------------------------------------
 *
 * events_store.c
 *	  The statements that store an event.
 *
 * In a document, one UPDATE of the asset's row does it.  The counter, the event's time and
 * the log are all computed inside it from the row's own columns, so when two calls meet on
 * a row, READ COMMITTED evaluates them again on what the winner left, under the row's lock:
 * nothing is lost, and nothing needs a lock or a retry of ours.
 *
 * Where there is a history table, the time depends on what is stored there.  So the asset's
 * row is locked first, and what follows sees all that others have stored: the latest event is
 * read, the new one becomes a row, and the asset is updated last, since the table's policies
 * ask whether the caller may update it as it was.  A log that the document still has is moved
 * before.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "events_move.h"
#include "events_store.h"
#include "plan_cache.h"
#include "table_bind.h"

/* With a campaign it joins that, to find both in one go, and makes the event's context of its row. */
static const char append_event[] =
	"UPDATE {assets} AS a SET"
	"  reused_count = COALESCE(a.reused_count, 0) {+} 1,"
	"  last_reused_at = {fn:log_next_time}({doc:a}, CAST(a.last_reused_at AS {time}), $clock, $rounds),"
	"  platform_metadata = {fn:log_append}({doc:a}, CAST(a.last_reused_at AS {time}), $clock,"
	"   {if spaces}{fn:event_context}($context, $reused_in_type,"
	"    COALESCE($reused_in_id, {text:s.id}), COALESCE($reused_in_name, {text:s.campaign_name}),"
	"    CAST(NULL AS pg_catalog.text)){else}$context{end}, $rounds)"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	"{if spaces} FROM {spaces} AS s{end}"
	" WHERE a.id {=} $asset_id AND {live:a}{if spaces} AND s.id {=} $campaign_id AND {live:s}{end}"
	" RETURNING {columns:a}{if spaces}, {columns:s}{end}";

static const char lock_asset[] =
	"SELECT {columns:a} FROM {assets} AS a WHERE a.id {=} $asset_id AND {live:a} FOR NO KEY UPDATE";

static const char read_latest[] =
	"SELECT {utc:h.reused_at} FROM {history} AS h"
	" WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND h.reused_at {<=} $horizon"
	" ORDER BY h.reused_at DESC, h.seq DESC LIMIT 1";

/*
 * A trigger on the history table can have tracked the asset meanwhile, and later: that is the latest
 * event then, unless it is absurd.
 */
static const char count_event[] =
	"UPDATE {assets} AS a SET"
	"  reused_count = COALESCE(a.reused_count, 0) {+} 1,"
	"  last_reused_at = CASE WHEN a.last_reused_at {>} $reused_at AND a.last_reused_at {<=} $horizon"
	"   THEN a.last_reused_at ELSE $reused_at END"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	" WHERE a.id {=} $asset_id AND {live:a}"
	" RETURNING {columns:a}";

/* What is read of a campaign */
#define PLACE_COLUMNS	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_CAMPAIGN_NAME))

/* What is read of an asset while it is locked */
#define LOCK_COLUMNS	(MOVE_COLUMNS | COLUMN_BIT(ASSET_LAST_REUSED_AT))

static void append_to_document(const TrackRequest *request, Oid caller, TrackResult *result);
static void add_updated_at(PlanRequest *update, const AppTable *assets, TimestampTz clock);
static void add_optional(PlanRequest *update, const char *name, Oid type, const void *value);
pg_noreturn static void report_not_found(const TrackRequest *request, const AppTable *assets,
										 const AppTable *spaces);
static void read_time(TrackResult *result);
static void store_in_table(const TrackRequest *request, const AppTable *history, Oid caller,
						   TrackResult *result);
static void lock_row(const TrackRequest *request, const AppTable *assets, AppRow *asset);
static void find_campaign(const TrackRequest *request, TrackResult *result);
static void take_place(const AppRow *campaign, ReusePlace *place);
static Timestamp choose_time(const EventTables *tables, const AppRow *asset, TimestampTz clock,
							 Timestamp horizon);
static void make_row(const EventTables *tables, const TrackResult *result, EventRow *row);
static void update_asset(const TrackRequest *request, TimestampTz clock, Timestamp horizon,
						 TrackResult *result);
static PlanRequest asset_request(const TrackRequest *request, const AppTable *assets, const char *sql);
static void read_asset(const AppTable *assets, ColumnSet columns, AppRow *asset);
static bool rounds_time(const AppTable *assets);

/*
 * track_event stores an event and returns what the answer needs.
 *
 * The caller is connected to SPI.  Error P0002 if the asset or else the campaign is
 * absent, deleted or another tenant's.
 */
void
events_store(const TrackRequest *request, Oid caller, TrackResult *result)
{
	AppTable	history;

	app_schema_bind(APP_ASSETS, RowExclusiveLock, &result->assets);
	result->place = request->place;
	if (history_table_bind(&result->assets, RowExclusiveLock, false, &history))
		store_in_table(request, &history, caller, result);
	else
		append_to_document(request, caller, result);

	/* as the histories show it */
	if (request->place.id != NULL && event_names_campaign(&result->place) && app_campaigns_are_uuids())
		result->place.id = event_id_spelled(result->place.id);
}

/* append_to_document appends the event to the log in the asset's document. */
static void
append_to_document(const TrackRequest *request, Oid caller, TrackResult *result)
{
	TimestampTz clock = GetCurrentTimestamp();
	const AppTable *assets = &result->assets;
	AppTable	spaces;
	AppRow		campaign;
	PlanRequest update = asset_request(request, assets, append_event);
	ColumnSet	columns = TRACK_COLUMNS | COLUMN_BIT(ASSET_PLATFORM_METADATA);
	int			next;

	update.caller = caller;
	update.columns[APP_ASSETS] = columns;
	/* both timestamp, taken as UTC, and timestamptz hold this number */
	plan_add_value(&update, "clock", assets->columns[ASSET_LAST_REUSED_AT].type, TimestampTzGetDatum(clock));
	plan_add_value(&update, "rounds", BOOLOID, BoolGetDatum(rounds_time(assets)));
	add_updated_at(&update, assets, clock);
	if (OidIsValid(request->campaign_space_id.type))
	{
		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		update.tables[APP_SPACES] = &spaces;
		update.columns[APP_SPACES] = PLACE_COLUMNS;
		identifier_add(&update, "campaign_id", request->campaign_space_id, &spaces.columns[SPACE_ID]);
		identifier_add(&update, "space_tenant_id", request->tenant_id, &spaces.columns[SPACE_TENANT_ID]);
		add_optional(&update, "context", JSONBOID, request->reuse_context);
		add_optional(&update, "reused_in_type", TEXTOID, request->place.type);
		add_optional(&update, "reused_in_id", TEXTOID, request->place.id);
		add_optional(&update, "reused_in_name", TEXTOID, request->place.name);
	}
	else
		plan_add_value(&update, "context", JSONBOID,
					   JsonbPGetDatum(event_context_make(request->reuse_context, &request->place)));

	plan_execute(&update);
	if (SPI_processed == 0)
		report_not_found(request, assets, update.tables[APP_SPACES]);
	read_asset(assets, columns, &result->asset);
	if (update.tables[APP_SPACES] != NULL)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		AppRow		unused;

		next = app_row_read(assets, columns, 0, tuple, desc, &unused);
		app_row_check(&spaces, PLACE_COLUMNS, next, desc);
		app_row_read(&spaces, PLACE_COLUMNS, next, tuple, desc, &campaign);
		take_place(&campaign, &result->place);
	}
	result->context = event_context_make(request->reuse_context, &result->place);
	read_time(result);
}

static void
add_updated_at(PlanRequest *update, const AppTable *assets, TimestampTz clock)
{
	if (assets->columns[ASSET_UPDATED_AT].present)
		plan_add_value(update, "updated_at", assets->columns[ASSET_UPDATED_AT].type,
					   TimestampTzGetDatum(clock));
}

static void
add_optional(PlanRequest *update, const char *name, Oid type, const void *value)
{
	plan_add_nullable(update, name, type, PointerGetDatum(value), value == NULL);
}

/*
 * report_not_found raises P0002 for the asset if that is not there, else for the campaign.
 * It is known only now, for the statement looked for both at once.
 */
static void
report_not_found(const TrackRequest *request, const AppTable *assets, const AppTable *spaces)
{
	AppRow		asset;

	if (spaces == NULL)
		app_report_not_found(APP_ASSETS);
	/* policies can hide the asset from an update alone */
	lock_row(request, assets, &asset);
	app_report_not_found(APP_SPACES);
}

/*
 * read_time reads the event's time from the document, whose last event it is: the column can have
 * rounded last_reused_at, and a trigger can have changed it.
 */
static void
read_time(TrackResult *result)
{
	const AppRow *asset = &result->asset;
	ReuseLog	log = {0};

	if (!asset->nulls[ASSET_PLATFORM_METADATA])
		(void) log_find(&DatumGetJsonbP(asset->values[ASSET_PLATFORM_METADATA])->root, &log);
	/* no counted event has that time, so it is the first one */
	result->id.seq = 0;
	if (!log_last_time(&log, &result->id.time))
		result->id.time = DT_NOBEGIN;
}

/* store_in_table stores the event as a row of the history table. */
static void
store_in_table(const TrackRequest *request, const AppTable *history, Oid caller, TrackResult *result)
{
	TimestampTz clock = GetCurrentTimestamp();
	Timestamp	horizon;
	EventTables tables = {.assets = &result->assets, .history = history, .caller = caller};
	AppRow		asset;
	EventRow	row;

	lock_row(request, tables.assets, &asset);
	if (OidIsValid(request->campaign_space_id.type))
		find_campaign(request, result);
	result->context = event_context_make(request->reuse_context, &result->place);
	tables.uuid_campaigns = app_campaigns_are_uuids();

	(void) events_move(&tables, &asset);
	/* calls that have waited for the row would not agree with the clock as it was on an event a day ahead */
	horizon = reuse_horizon(GetCurrentTimestamp());
	result->id.time = choose_time(&tables, &asset, clock, horizon);
	make_row(&tables, result, &row);
	result->id = events_move_store(&tables, &asset, &row);
	update_asset(request, clock, horizon, result);
}

/* lock_row locks the asset's row and reads what is needed of it, after others' changes. */
static void
lock_row(const TrackRequest *request, const AppTable *assets, AppRow *asset)
{
	PlanRequest lock = asset_request(request, assets, lock_asset);

	lock.columns[APP_ASSETS] = LOCK_COLUMNS;
	plan_execute(&lock);
	if (SPI_processed == 0)
		app_report_not_found(APP_ASSETS);
	read_asset(assets, LOCK_COLUMNS, asset);
	if (!asset->nulls[ASSET_PLATFORM_METADATA])
	{
		ReuseLog	log;

		log_require(log_find(&DatumGetJsonbP(asset->values[ASSET_PLATFORM_METADATA])->root, &log));
	}
}

static void
find_campaign(const TrackRequest *request, TrackResult *result)
{
	AppTable	spaces;
	AppRow		campaign;

	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	app_lookup(&spaces, PLACE_COLUMNS, request->campaign_space_id, request->tenant_id, false, &campaign);
	take_place(&campaign, &result->place);
}

/* take_place takes what was not given of a place from the campaign. */
static void
take_place(const AppRow *campaign, ReusePlace *place)
{
	if (place->id == NULL)
		place->id = app_row_text(campaign, SPACE_ID);
	if (place->name == NULL && !campaign->nulls[SPACE_CAMPAIGN_NAME])
		place->name = app_row_text(campaign, SPACE_CAMPAIGN_NAME);
}

/* choose_time returns the time of the asset's next event; its log has been moved. */
static Timestamp
choose_time(const EventTables *tables, const AppRow *asset, TimestampTz clock, Timestamp horizon)
{
	PlanRequest query = {
		.sql = read_latest,
		.tables[APP_HISTORY] = tables->history,
		.plan_options = PLAN_BY_KEY
	};
	Timestamp	latest = DT_NOBEGIN;

	plan_add_value(&query, "asset_id", asset->columns[ASSET_ID].type, app_row_value(asset, ASSET_ID));
	plan_add_value(&query, "tenant_id", asset->columns[ASSET_TENANT_ID].type,
				   app_row_value(asset, ASSET_TENANT_ID));
	plan_add_value(&query, "horizon", tables->history->columns[HISTORY_REUSED_AT].type,
				   TimestampTzGetDatum(horizon));
	plan_execute(&query);
	if (SPI_processed > 0)
		latest = DatumGetTimestamp(plan_result(0, 1, TIMESTAMPOID));
	return reuse_next_time(clock, horizon, latest,
						   asset->nulls[ASSET_LAST_REUSED_AT] ? DT_NOBEGIN :
						   DatumGetTimestamp(asset->values[ASSET_LAST_REUSED_AT]),
						   rounds_time(tables->assets));
}

/* make_row makes the row of the event: what its element in a document would become. */
static void
make_row(const EventTables *tables, const TrackResult *result, EventRow *row)
{
	JsonbWriter w;
	ReuseValue	value;

	reuse_value_of_jsonb(result->context, &value);
	jsonb_writer_init(&w, CurrentMemoryContext, (Size) value.len + REUSE_EVENT_OVERHEAD);
	log_put_event(&w, result->id.time, &value);
	reuse_value_of_jsonb(jsonb_writer_finish(&w), &value);
	event_row_of(&value, result->id.time, 0, tables->uuid_campaigns, row);
}

/* update_asset counts the event and reads the asset as it is then. */
static void
update_asset(const TrackRequest *request, TimestampTz clock, Timestamp horizon, TrackResult *result)
{
	const AppTable *assets = &result->assets;
	Oid			time_type = assets->columns[ASSET_LAST_REUSED_AT].type;
	PlanRequest update = asset_request(request, assets, count_event);

	update.columns[APP_ASSETS] = TRACK_COLUMNS;
	plan_add_value(&update, "reused_at", time_type, TimestampGetDatum(result->id.time));
	plan_add_value(&update, "horizon", time_type, TimestampGetDatum(horizon));
	add_updated_at(&update, assets, clock);
	plan_execute(&update);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not count the event that was stored in the history table"),
				 errdetail("The update of table \"%s\" was suppressed.", assets->name),
				 errhint("Look at the table's triggers and rules.")));
	read_asset(assets, TRACK_COLUMNS, &result->asset);
}

/* asset_request begins a request over the asset that is asked for. */
static PlanRequest
asset_request(const TrackRequest *request, const AppTable *assets, const char *sql)
{
	PlanRequest statement = {
		.sql = sql,
		.tables[APP_ASSETS] = assets,
		.plan_options = PLAN_BY_KEY
	};

	identifier_add(&statement, "asset_id", request->asset_id, &assets->columns[ASSET_ID]);
	identifier_add(&statement, "tenant_id", request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	return statement;
}

/* read_asset reads columns of the one asset that a statement has returned. */
static void
read_asset(const AppTable *assets, ColumnSet columns, AppRow *asset)
{
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one campaign asset has this id"),
				 errhint("Column \"id\" of the assets table must be unique.")));
	app_row_check(assets, columns, 0, SPI_tuptable->tupdesc);
	app_row_read(assets, columns, 0, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, asset);
}

/* rounds_time: is last_reused_at less precise than an event's time, timestamp(3) say? */
static bool
rounds_time(const AppTable *assets)
{
	return app_column_rounds_time(&assets->columns[ASSET_LAST_REUSED_AT]);
}
