/*-------------------------------------------------------------------------
 *
 * events_store.c
 *	  Storing an event, for asset_reuse_track and for functions that track many assets.
 *
 * In a document, one UPDATE of the asset's row stores the event.  The counter, the time and the
 * log are all computed from the row's own columns.  If two calls meet on a row, READ COMMITTED
 * evaluates them again on what the first call left, under the row's lock: nothing is lost, and
 * no other lock and no retry are needed.
 *
 * With a key, or with a history table, the result depends on what is stored.  So the asset's
 * row is locked first (events_change.c).  If there is an event with that key, it is the answer,
 * and nothing is stored.
 *
 * Where Citus has the tables' rows on several nodes, each statement touches one table, and a campaign
 * is looked up first.
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
#include "events_metrics.h"
#include "events_store.h"
#include "plan_cache.h"

/* With a campaign it joins that, to find both in one go, and makes the event's context of its row. */
static const char append_event[] =
	"UPDATE {assets} AS a SET"
	"  reused_count = COALESCE(a.reused_count, 0) {+} 1,"
	"  last_reused_at = {fn:log_next_time}({doc:a}, CAST(a.last_reused_at AS {time}), $clock, $rounds),"
	"  platform_metadata = {fn:log_append}({doc:a}, CAST(a.last_reused_at AS {time}), $clock,"
	"   {if metrics}{fn:event_metrics}({end}"
	"   {if spaces}{fn:event_context}($context, $reused_in_type,"
	"    COALESCE($reused_in_id, {text:s.id}), COALESCE($reused_in_name, {text:s.campaign_name}),"
	"    CAST(NULL AS pg_catalog.text)){else}$context{end}"
	"   {if metrics}, {if assets.spend}a.spend{else}NULL{end}, {if assets.clicks}a.clicks{else}NULL{end},"
	"    {if assets.conversions}a.conversions{else}NULL{end},"
	"    {if assets.impressions}a.impressions{else}NULL{end}){end}, $rounds)"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	"{if spaces} FROM {spaces} AS s{end}"
	" WHERE a.id {=} $asset_id AND {live:a}{if spaces} AND s.id {=} $campaign_id AND {live:s}{end}"
	" RETURNING {columns:a}{if spaces}, {columns:s}{end}";

/* What is read of a campaign */
#define PLACE_COLUMNS	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_CAMPAIGN_NAME))

static void append_to_document(const TrackRequest *request, EventTables *tables,
							   TrackResult *result);
static void find_campaign_first(TrackRequest *request, EventTables *tables);
static void add_optional(PlanRequest *update, const char *name, Oid type, const void *value);
pg_noreturn static void report_not_found(const TrackRequest *request, EventTables *tables,
										 bool has_campaign);
static void read_event(const TrackRequest *request, const ReusePlace *place, TrackResult *result);
static void store_locked(TrackRequest *request, EventTables *tables, TrackResult *result);
static bool replay(const TrackRequest *request, const EventsAsset *asset, TrackResult *result);
static bool is_same_place(const TrackRequest *request, const EventTables *tables,
						  const ReusePlace *stored);
static bool find_campaign(TrackRequest *request);
static void take_place(const AppRow *campaign, ReusePlace *place);
static Jsonb *make_context(const TrackRequest *request, const ReusePlace *place);
static bool rounds_time(const AppTable *assets);

/*
 * events_store stores an event and returns what the answer needs.  A request with a campaign
 * can be used for more assets; the campaign is looked up once then.
 *
 * The caller is connected to SPI and has bound the tables.  Errors: P0002 the asset or else the
 * campaign is absent, deleted or another tenant's; 23505 the key was used for another place.
 */
void
events_store(TrackRequest *request, EventTables *tables, TrackResult *result)
{
	result->replayed = false;
	result->undone = false;
	/*
	 * A view's trigger, or a rule, changes a table by what was read before: that is current only if the row is
	 * locked.
	 */
	if (tables->history != NULL || request->place.key != NULL || tables->assets->has_rules)
	{
		store_locked(request, tables, result);
		return;
	}
	if (tables->assets->sharded)
		find_campaign_first(request, tables);
	append_to_document(request, tables, result);
}

/* append_to_document appends the event to the log in the asset's document. */
static void
append_to_document(const TrackRequest *request, EventTables *tables, TrackResult *result)
{
	TimestampTz clock = GetCurrentTimestamp();
	const AppTable *assets = tables->assets;
	bool		has_campaign = OidIsValid(request->campaign_space_id.type) && !request->placed;
	AppTable	spaces;
	ReusePlace	place = request->place;
	ColumnSet	columns = TRACK_COLUMNS | COLUMN_BIT(ASSET_PLATFORM_METADATA);
	PlanRequest update = {
		.sql = append_event,
		.tables[APP_ASSETS] = assets,
		.columns[APP_ASSETS] = columns,
		.caller = tables->caller,
		.plan_options = PLAN_BY_KEY
	};

	identifier_add(&update, "asset_id", request->asset_id, &assets->columns[ASSET_ID]);
	identifier_add(&update, "tenant_id", request->tenant_id, &assets->columns[ASSET_TENANT_ID]);
	/* both timestamp, taken as UTC, and timestamptz hold this number */
	plan_add_value(&update, "clock", assets->columns[ASSET_LAST_REUSED_AT].type, TimestampTzGetDatum(clock));
	plan_add_value(&update, "rounds", BOOLOID, BoolGetDatum(rounds_time(assets)));
	if (assets->columns[ASSET_UPDATED_AT].present)
		plan_add_value(&update, "updated_at", assets->columns[ASSET_UPDATED_AT].type,
					   TimestampTzGetDatum(clock));
	plan_add_optional(&update, "metrics", BOOLOID, BoolGetDatum(true), !events_record_metrics(assets));
	if (has_campaign)
	{
		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		update.tables[APP_SPACES] = &spaces;
		update.columns[APP_SPACES] = PLACE_COLUMNS;
		identifier_add(&update, "campaign_id", request->campaign_space_id, &spaces.columns[SPACE_ID]);
		identifier_add(&update, "space_tenant_id", request->tenant_id, &spaces.columns[SPACE_TENANT_ID]);
		add_optional(&update, "context", JSONBOID, request->reuse_context);
		add_optional(&update, "reused_in_type", TEXTOID, place.type);
		add_optional(&update, "reused_in_id", TEXTOID, place.id);
		add_optional(&update, "reused_in_name", TEXTOID, place.name);
	}
	else
		plan_add_value(&update, "context", JSONBOID, JsonbPGetDatum(make_context(request, &place)));

	plan_execute(&update);
	if (SPI_processed == 0)
		report_not_found(request, tables, has_campaign);
	app_read_one(assets, columns, &result->asset);
	if (has_campaign)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		AppRow		unused;
		AppRow		campaign;
		int			next = app_row_read(assets, columns, 0, tuple, desc, &unused);

		app_row_check(&spaces, PLACE_COLUMNS, next, desc);
		app_row_read(&spaces, PLACE_COLUMNS, next, tuple, desc, &campaign);
		take_place(&campaign, &place);
	}
	result->place = place;
	/* as the histories show it */
	if (request->place.id != NULL && event_names_campaign(&place) && app_campaigns_are_uuids())
		result->place.id = event_id_spelled(place.id);
	read_event(request, &place, result);
}

/*
 * find_campaign_first completes the request's place as events_find_campaign does, but an asset that is
 * not found is reported before a campaign that is not.
 */
static void
find_campaign_first(TrackRequest *request, EventTables *tables)
{
	if (OidIsValid(request->campaign_space_id.type) && !request->placed && !find_campaign(request))
		report_not_found(request, tables, true);
}

static void
add_optional(PlanRequest *update, const char *name, Oid type, const void *value)
{
	plan_add_nullable(update, name, type, PointerGetDatum(value), value == NULL);
}

/*
 * report_not_found raises P0002 for the asset if that is not there, else for the campaign.  It is known only now,
 * for the statement looked for both at once.  If both are there, a trigger has kept the asset from being updated.
 */
static void
report_not_found(const TrackRequest *request, EventTables *tables, bool has_campaign)
{
	EventsAsset asset;
	TrackRequest placed = *request;

	if (!has_campaign)
		app_report_not_found(APP_ASSETS);
	/* policies can hide the asset from an update alone */
	events_lock(tables, request->asset_id, request->tenant_id, &asset);
	app_report_not_found(find_campaign(&placed) ? APP_ASSETS : APP_SPACES);
}

/*
 * read_event reads the event's time and context in the document: a trigger can have given the asset
 * another one.  If the event is not there, its context is what was to be stored.
 */
static void
read_event(const TrackRequest *request, const ReusePlace *place, TrackResult *result)
{
	const Jsonb *document = app_row_document(&result->asset);
	ReuseLog	log;
	ReuseValue	event;

	(void) log_find(document ? &document->root : NULL, &log);
	/* no counted event has that time, so it is the first one */
	result->id.seq = 0;
	if (!log_last_time(&log, &result->id.time))
		result->id.time = DT_NOBEGIN;
	else
	{
		log_get(&log, log.count - 1, &event);
		if (reuse_event_context(&event, &result->context))
			return;
	}
	reuse_value_of_jsonb(make_context(request, place), &result->context);
}

/* store_locked stores the event, unless one of its key is stored, after locking the asset's row. */
static void
store_locked(TrackRequest *request, EventTables *tables, TrackResult *result)
{
	TimestampTz clock = GetCurrentTimestamp();
	EventsAsset asset;
	Jsonb	   *context;

	tables->uuid_campaigns = app_campaigns_are_uuids();
	tables->records_metrics = events_record_metrics(tables->assets);
	events_lock(tables, request->asset_id, request->tenant_id, &asset);
	if (request->place.key != NULL && replay(request, &asset, result))
		return;
	events_find_campaign(request);
	result->place = request->place;
	context = make_context(request, &request->place);
	if (tables->records_metrics)
		context = events_add_metrics(context, &asset.row);
	reuse_value_of_jsonb(context, &result->context);
	if (tables->uuid_campaigns && event_names_campaign(&result->place))
		result->place.id = event_id_spelled(result->place.id);
	result->id = events_add(&asset, clock, &result->context);
	events_count(&asset, 1, (NullableDatum) {TimestampGetDatum(result->id.time), false}, clock,
				 &result->asset);
}

/* events_look finds out whether events_store would replay an event; it locks and moves nothing. */
void
events_look(const TrackRequest *request, const EventTables *tables, TrackResult *result)
{
	EventsAsset asset;

	if (request->place.key == NULL)
		return;
	events_read(tables, request->asset_id, request->tenant_id, &asset);
	(void) replay(request, &asset, result);
}

/*
 * replay reads the event that an earlier call has stored with the request's key; false if there
 * is none.
 *
 * Error 23505 if that was for another place.
 */
static bool
replay(const TrackRequest *request, const EventsAsset *asset, TrackResult *result)
{
	StoredEvent event;

	if (!events_find_key(asset, request->place.key, &event))
		return false;
	if (!is_same_place(request, asset->tables, &event.place))
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("reuse key was used for another place"),
				 errhint("Give each reuse a key of its own."),
				 err_generic_string(PG_DIAG_COLUMN_NAME, "reuse_key")));
	result->asset = asset->row;
	result->replayed = true;
	result->undone = event.undone;
	result->id = event.id;
	result->place = event.place;
	result->context = event.context;
	return true;
}

/*
 * is_same_place: is the place that is asked for the stored one?  Its campaign may be gone, so it
 * is taken by the id that the caller gave; if it is not, its row knows how the id is spelled.
 */
static bool
is_same_place(const TrackRequest *request, const EventTables *tables, const ReusePlace *stored)
{
	ReusePlace	place = request->place;
	AppTable	spaces;
	AppRow		campaign;

	if (place.id != NULL && tables->uuid_campaigns && event_names_campaign(&place))
		place.id = event_id_spelled(place.id);
	if (place.id != NULL || !OidIsValid(request->campaign_space_id.type))
		return event_place_is(&place, stored);

	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	place.id = identifier_text(request->campaign_space_id, &spaces.columns[SPACE_ID]);
	if (event_place_is(&place, stored))
		return true;
	if (!app_lookup_optional(&spaces, PLACE_COLUMNS, request->campaign_space_id, request->tenant_id,
							 false, &campaign))
		return false;
	place.id = app_row_text(&campaign, SPACE_ID);
	return event_place_is(&place, stored);
}

/*
 * events_find_campaign completes the request's place with what the campaign's row says, if it
 * names one.
 *
 * Error P0002 if that is absent, deleted or another tenant's.
 */
void
events_find_campaign(TrackRequest *request)
{
	if (OidIsValid(request->campaign_space_id.type) && !request->placed && !find_campaign(request))
		app_report_not_found(APP_SPACES);
}

/* find_campaign completes the place; false if the campaign is absent, deleted or another tenant's. */
static bool
find_campaign(TrackRequest *request)
{
	AppTable	spaces;
	AppRow		campaign;
	MemoryContext old;

	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	if (!app_lookup_optional(&spaces, PLACE_COLUMNS, request->campaign_space_id, request->tenant_id, false,
							 &campaign))
		return false;
	old = MemoryContextSwitchTo(request->memory);
	take_place(&campaign, &request->place);
	MemoryContextSwitchTo(old);
	request->placed = true;
	return true;
}

/* take_place takes what was not given of a place from the campaign, into the current memory context. */
static void
take_place(const AppRow *campaign, ReusePlace *place)
{
	if (place->id == NULL)
		place->id = DatumGetTextPCopy(PointerGetDatum(app_row_text(campaign, SPACE_ID)));
	if (place->name == NULL && !campaign->nulls[SPACE_CAMPAIGN_NAME])
		place->name = DatumGetTextPCopy(PointerGetDatum(app_row_text(campaign, SPACE_CAMPAIGN_NAME)));
}

/* make_context makes the context of the event, but for the asset's metrics. */
static Jsonb *
make_context(const TrackRequest *request, const ReusePlace *place)
{
	return event_context_make(request->reuse_context, place);
}

/* rounds_time: is last_reused_at less precise than an event's time, timestamp(3) say? */
static bool
rounds_time(const AppTable *assets)
{
	return app_column_rounds_time(&assets->columns[ASSET_LAST_REUSED_AT]);
}
