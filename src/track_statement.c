/*-------------------------------------------------------------------------
 *
 * track_statement.c
 *	  The statement that stores an event.
 *
 * It is one UPDATE of the asset's row.  The counter, the event's time and the log
 * are all computed inside it from the row's own columns, so when two calls meet on
 * a row, READ COMMITTED evaluates them again on what the winner left, under the
 * row's lock: nothing is lost, and nothing needs a lock or a retry of ours.
 *
 * Where there is a history table, the event becomes a row there instead of an entry
 * in the document's log, by a second statement; a log that the document still has is
 * moved there too.
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
#include "event_context.h"
#include "history_table.h"
#include "log_move.h"
#include "plan_cache.h"
#include "reuse_log_rows.h"
#include "track_statement.h"

/* What is read of a campaign */
#define CAMPAIGN_COLUMNS	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_CAMPAIGN_NAME))

/* Where the statement has the event's time if the column cannot hold it */
#define TIMING_TIME			"(SELECT timing.reused_at FROM timing)"

/* Parameters, in the order in which they are declared */
enum
{
	PARAM_CLOCK,				/* in the type of last_reused_at */
	PARAM_HORIZON,				/* in that type; what is later does not count as the latest */
	PARAM_UPDATED_AT,			/* the clock in the type of updated_at, if there is one */
	PARAM_ASSET_ID,
	PARAM_TENANT_ID,
	PARAM_CONTEXT,				/* the event's; with a campaign only the caller's */
	/* with a campaign: */
	PARAM_CAMPAIGN_ID,
	PARAM_CAMPAIGN_TENANT_ID,
	PARAM_REUSED_IN_TYPE,
	PARAM_REUSED_IN_ID,
	PARAM_REUSED_IN_NAME,
	NPARAMS
};

/* Parameters of the statement that stores a row */
enum
{
	STORE_TENANT_ID,
	STORE_ASSET_ID,
	STORE_REUSED_AT,
	STORE_CONTEXT,
	STORE_NPARAMS
};

/* The tables that a call uses */
typedef struct TrackTables
{
	AppTable   *assets;
	AppTable   *spaces;			/* null: no campaign is given */
	AppTable   *history;		/* null: events live in the document */
} TrackTables;

static void lock_asset(const TrackRequest *request, const TrackTables *tables);
static void build_lock(PlanText *text, const PlanRequest *request);
static void move_log(const TrackRequest *request, const TrackTables *tables, Oid caller,
					 const TrackResult *result);
static void run_statement(const TrackRequest *request, const TrackTables *tables, Oid caller,
						  TrackResult *result);
static void bind_params(const TrackRequest *request, const TrackTables *tables,
						Datum *values, char *nulls);
static void bind_optional(Datum *values, char *nulls, int param, const void *value);
pg_noreturn static void report_not_found(const TrackRequest *request, const TrackTables *tables);
static void read_result(const TrackRequest *request, const TrackTables *tables,
						TrackResult *result);
static void read_time(const TrackTables *tables, HeapTuple tuple, TupleDesc desc,
					  TrackResult *result);
static void store_row(const TrackTables *tables, Oid caller, TrackResult *result);
static void build_store(PlanText *text, const PlanRequest *request);
static void build_statement(PlanText *text, const PlanRequest *request);
static void declare_params(PlanText *text, const PlanRequest *request);
static void append_timing(PlanText *text, const PlanRequest *request);
static void append_update(PlanText *text, const PlanRequest *request);
static void append_log_call(PlanText *text, const PlanRequest *request, const char *function);
static void append_next_time(PlanText *text, const PlanRequest *request);
static void append_log_call_end(PlanText *text, const PlanRequest *request);
static void append_latest_row(PlanText *text, const PlanRequest *request);
static const char *event_time_type(const PlanRequest *request);
static void append_context(PlanText *text, const PlanRequest *request,
						   const char *campaign_id, const char *campaign_name);
static ColumnSet returned_columns(const AppTable *assets, bool in_table);
static bool rounds_time(const AppTable *assets);

/*
 * track_event stores an event and returns what the answer needs.
 *
 * The caller is connected to SPI.  Error P0002 if the campaign or else the asset is
 * absent, deleted or another tenant's.
 */
void
track_event(const TrackRequest *request, Oid caller, TrackResult *result)
{
	AppTable	spaces;
	AppTable	history;
	TrackTables tables = {.assets = &result->assets};

	app_schema_bind(APP_ASSETS, RowExclusiveLock, tables.assets);
	if (history_table_bind(tables.assets, RowExclusiveLock, false, &history))
		tables.history = &history;
	if (OidIsValid(request->campaign_space_id.type))
	{
		tables.spaces = &spaces;
		app_schema_bind(APP_SPACES, AccessShareLock, tables.spaces);
	}
	if (tables.history != NULL && rounds_time(tables.assets))
		lock_asset(request, &tables);
	run_statement(request, &tables, caller, result);
	if (tables.history != NULL)
	{
		store_row(&tables, caller, result);
		move_log(request, &tables, caller, result);
	}
}

/*
 * lock_asset locks the asset's row, if it is there.
 *
 * Where last_reused_at is less precise than an event's time, a call that waited for
 * the row would not learn the other's time from it, nor from the history table as its
 * statement sees that.  So the statement begins when the row is locked.
 */
static void
lock_asset(const TrackRequest *request, const TrackTables *tables)
{
	const AppColumn *columns = tables->assets->columns;
	Datum		values[2];
	PlanRequest lock = {
		.query = PLAN_TRACK_LOCK,
		.tables[APP_ASSETS] = tables->assets,
		.plan_options = PLAN_BY_KEY,
		.build = build_lock
	};

	values[0] = identifier_bind(request->asset_id, &columns[ASSET_ID]);
	values[1] = identifier_bind(request->tenant_id, &columns[ASSET_TENANT_ID]);
	plan_execute(&lock, values, NULL);
}

/* ----------
 * build_lock builds
 *
 *	SELECT FROM assets AS a
 *	WHERE a.id = $1 AND a.tenant_id = $2 AND a.deleted_at IS NULL FOR NO KEY UPDATE
 * ----------
 */
static void
build_lock(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];

	appendStringInfoString(&text->sql, "SELECT FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(&text->sql, " AS a WHERE ");
	identifier_append_live_match(text, "a", assets, identifier_add_params(text, assets));
	appendStringInfoString(&text->sql, " FOR NO KEY UPDATE");
}

/*
 * move_log moves what the asset's document still has of a log to the history table.
 * The row is ours now, so nothing can come between.
 */
static void
move_log(const TrackRequest *request, const TrackTables *tables, Oid caller,
		 const TrackResult *result)
{
	const AppRow *asset = &result->asset;
	ReuseLog	log;

	if (asset->nulls[ASSET_PLATFORM_METADATA])
		return;
	reuse_log_find(&DatumGetJsonbP(asset->values[ASSET_PLATFORM_METADATA])->root, &log);
	if (reuse_log_count_movable(&log) > 0)
		(void) log_move_asset(tables->assets, tables->history, request->asset_id,
							  request->tenant_id, caller);
}

/* run_statement runs the statement and reads what it returns. */
static void
run_statement(const TrackRequest *request, const TrackTables *tables, Oid caller,
			  TrackResult *result)
{
	Datum		values[NPARAMS];
	char		nulls[NPARAMS];
	PlanRequest statement = {
		.query = PLAN_TRACK,
		.tables = {
			[APP_ASSETS] = tables->assets,
			[APP_SPACES] = tables->spaces,
			[APP_HISTORY] = tables->history
		},
		.caller = caller,
		.plan_options = PLAN_BY_KEY,
		.build = build_statement
	};

	bind_params(request, tables, values, nulls);
	plan_execute(&statement, values, nulls);
	if (SPI_processed == 0)
		report_not_found(request, tables);
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one campaign asset has this id"),
				 errhint("Column \"id\" of the assets table must be unique.")));
	read_result(request, tables, result);
}

static void
bind_params(const TrackRequest *request, const TrackTables *tables, Datum *values, char *nulls)
{
	TimestampTz clock = GetCurrentTimestamp();
	const AppColumn *assets = tables->assets->columns;

	memset(nulls, ' ', NPARAMS);
	/* both timestamp, taken as UTC, and timestamptz hold this number */
	values[PARAM_CLOCK] = TimestampTzGetDatum(clock);
	values[PARAM_HORIZON] = TimestampTzGetDatum(clock + REUSE_HORIZON);
	values[PARAM_UPDATED_AT] = TimestampTzGetDatum(clock);
	values[PARAM_ASSET_ID] = identifier_bind(request->asset_id, &assets[ASSET_ID]);
	values[PARAM_TENANT_ID] = identifier_bind(request->tenant_id, &assets[ASSET_TENANT_ID]);
	if (tables->spaces == NULL)
	{
		values[PARAM_CONTEXT] = JsonbPGetDatum(event_context_make(request->reuse_context, &request->place));
		return;
	}
	values[PARAM_CAMPAIGN_ID] = identifier_bind(request->campaign_space_id,
												&tables->spaces->columns[SPACE_ID]);
	values[PARAM_CAMPAIGN_TENANT_ID] = identifier_bind(request->tenant_id,
													   &tables->spaces->columns[SPACE_TENANT_ID]);
	bind_optional(values, nulls, PARAM_CONTEXT, request->reuse_context);
	bind_optional(values, nulls, PARAM_REUSED_IN_TYPE, request->place.type);
	bind_optional(values, nulls, PARAM_REUSED_IN_ID, request->place.id);
	bind_optional(values, nulls, PARAM_REUSED_IN_NAME, request->place.name);
}

static void
bind_optional(Datum *values, char *nulls, int param, const void *value)
{
	values[param] = PointerGetDatum(value);
	nulls[param] = value == NULL ? 'n' : ' ';
}

/*
 * report_not_found raises P0002 for the campaign if that is not there, else for the
 * asset.  It is known only now, for the statement looked for both at once.
 */
static void
report_not_found(const TrackRequest *request, const TrackTables *tables)
{
	AppRow		campaign;

	if (tables->spaces != NULL)
		app_lookup(tables->spaces, CAMPAIGN_COLUMNS, request->campaign_space_id,
				   request->tenant_id, false, &campaign);
	app_report_not_found(APP_ASSETS);
}

/* read_result reads the row that the statement returned. */
static void
read_result(const TrackRequest *request, const TrackTables *tables, TrackResult *result)
{
	ColumnSet	returned = returned_columns(tables->assets, tables->history != NULL);
	HeapTuple	tuple = SPI_tuptable->vals[0];
	TupleDesc	desc = SPI_tuptable->tupdesc;
	AppRow		campaign;
	int			next;

	app_row_check(tables->assets, returned, 0, desc);
	next = app_row_read(tables->assets, returned, 0, tuple, desc, &result->asset);
	result->place = request->place;
	if (tables->spaces != NULL)
	{
		app_row_check(tables->spaces, CAMPAIGN_COLUMNS, next, desc);
		app_row_read(tables->spaces, CAMPAIGN_COLUMNS, next, tuple, desc, &campaign);
		if (result->place.id == NULL)
			result->place.id = app_row_text(&campaign, SPACE_ID);
		if (result->place.name == NULL && !campaign.nulls[SPACE_CAMPAIGN_NAME])
			result->place.name = app_row_text(&campaign, SPACE_CAMPAIGN_NAME);
	}
	result->context = event_context_make(request->reuse_context, &result->place);
	read_time(tables, tuple, desc, result);
}

/*
 * read_time reads the event's time: in the last column, where it is to be stored in a row;
 * else last_reused_at, or where that cannot hold it the last event's in the document.
 */
static void
read_time(const TrackTables *tables, HeapTuple tuple, TupleDesc desc, TrackResult *result)
{
	const AppRow *asset = &result->asset;
	ReuseLog	log;
	bool		isnull;

	if (tables->history != NULL)
	{
		result->time = DatumGetTimestamp(SPI_getbinval(tuple, desc, desc->natts, &isnull));
		result->has_time = !isnull;
		return;
	}
	if (asset->nulls[ASSET_PLATFORM_METADATA])
	{
		result->has_time = !asset->nulls[ASSET_LAST_REUSED_AT];
		result->time = DatumGetTimestamp(asset->values[ASSET_LAST_REUSED_AT]);
		return;
	}
	reuse_log_find(&DatumGetJsonbP(asset->values[ASSET_PLATFORM_METADATA])->root, &log);
	result->has_time = reuse_log_last_time(&log, &result->time);
}

/*
 * store_row stores the event in the history table.
 *
 * It is a statement of its own: the table's policies ask whether the caller may update the
 * asset, which they find out by a lock on the row, and a statement cannot lock what it has
 * updated itself.
 */
static void
store_row(const TrackTables *tables, Oid caller, TrackResult *result)
{
	const AppRow *asset = &result->asset;
	PlanRequest store = {
		.query = PLAN_TRACK_STORE,
		.tables[APP_HISTORY] = tables->history,
		.caller = caller,
		.plan_options = PLAN_BY_KEY,
		.build = build_store
	};
	Datum		values[STORE_NPARAMS];
	char		nulls[STORE_NPARAMS];
	bool		isnull = true;

	memset(nulls, ' ', sizeof(nulls));
	values[STORE_TENANT_ID] = asset->values[ASSET_TENANT_ID];
	values[STORE_ASSET_ID] = asset->values[ASSET_ID];
	values[STORE_REUSED_AT] = TimestampGetDatum(result->time);
	nulls[STORE_REUSED_AT] = result->has_time ? ' ' : 'n';
	values[STORE_CONTEXT] = JsonbPGetDatum(result->context);
	plan_execute(&store, values, nulls);

	if (SPI_processed > 0)
		result->time = DatumGetTimestamp(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
													   1, &isnull));
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not store the event in the history table"),
				 errdetail("The insert into table \"%s\" was suppressed.", tables->history->name),
				 errhint("Look at the table's triggers and rules.")));
}

/* ----------
 * build_store builds
 *
 *	INSERT INTO history AS h (tenant_id, asset_id, reused_at, campaign_space_id, context)
 *	SELECT e.tenant_id, e.asset_id, e.reused_at,
 *		asset_reuse_event_campaign(e.context), e.context
 *	FROM (VALUES ($1, $2, $3, $4)) AS e (tenant_id, asset_id, reused_at, context)
 *	RETURNING h.reused_at
 * ----------
 */
static void
build_store(PlanText *text, const PlanRequest *request)
{
	const AppColumn *columns = request->tables[APP_HISTORY]->columns;

	plan_add_param(text, columns[HISTORY_TENANT_ID].type);
	plan_add_param(text, columns[HISTORY_ASSET_ID].type);
	plan_add_param(text, columns[HISTORY_REUSED_AT].type);
	plan_add_param(text, JSONBOID);
	history_table_append_insert(text, request);
	appendStringInfoString(&text->sql, "(VALUES ($1, $2, $3, $4))"
						   " AS e (tenant_id, asset_id, reused_at, context) RETURNING h.reused_at");
}

/* ----------
 * build_statement builds
 *
 *	UPDATE assets AS a SET
 *		reused_count = COALESCE(a.reused_count, 0) + 1,
 *		last_reused_at =
 *			asset_reuse_log_next_time(a.platform_metadata, a.last_reused_at, $1, NULL, false),
 *		platform_metadata =
 *			asset_reuse_log_append(a.platform_metadata, a.last_reused_at, $1, $6, false),
 *		updated_at = $3
 *	WHERE a.id = $4 AND a.tenant_id = $5 AND a.deleted_at IS NULL
 *	RETURNING a.id, ...
 *
 * With a campaign it joins that, to find both in one go, and the event's context is
 * made of the caller's and of the campaign's row:
 *
 *		platform_metadata = asset_reuse_log_append(..., asset_reuse_event_context(
 *			$6, $9, COALESCE($10, s.id), COALESCE($11, s.campaign_name)))
 *	FROM spaces AS s
 *	WHERE ... AND s.id = $7 AND s.tenant_id = $8 AND s.deleted_at IS NULL
 *	RETURNING a.id, ..., s.id, s.campaign_name
 *
 * With a history table it leaves the document as it is, and what store_row stores is timed by
 * the latest row, too:
 *
 *	UPDATE ... SET ..., last_reused_at =
 *			asset_reuse_log_next_time(a.platform_metadata, a.last_reused_at, $1,
 *				(SELECT max(h.reused_at) FROM history AS h
 *				 WHERE h.tenant_id = $5 AND h.asset_id = $4 AND h.reused_at <= $2), false)
 *	... RETURNING a.id, ..., a.tenant_id, a.platform_metadata[, s.id, s.campaign_name], a.last_reused_at
 *
 * and where last_reused_at cannot hold an event's time in full, that is computed
 * before, from the row that track_event has locked:
 *
 *	WITH timing AS MATERIALIZED (SELECT asset_reuse_log_next_time(...) AS reused_at
 *		FROM assets AS a WHERE ...)
 *	UPDATE ... SET ..., last_reused_at = (SELECT reused_at FROM timing) ...
 *	RETURNING ..., (SELECT reused_at FROM timing)
 *
 * SET and WHERE call immutable functions only, and RETURNING none: a timestamptz plus
 * an interval is stable because of days, which are not always of 24 hours.
 * ----------
 */
static void
build_statement(PlanText *text, const PlanRequest *request)
{
	declare_params(text, request);
	if (request->tables[APP_HISTORY] != NULL && rounds_time(request->tables[APP_ASSETS]))
		append_timing(text, request);
	append_update(text, request);
}

/* declare_params declares the parameters in the order of PARAM_... */
static void
declare_params(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const AppTable *spaces = request->tables[APP_SPACES];

	plan_add_param(text, assets->columns[ASSET_LAST_REUSED_AT].type);
	plan_add_param(text, assets->columns[ASSET_LAST_REUSED_AT].type);
	plan_add_param(text, assets->columns[ASSET_UPDATED_AT].present ?
				   assets->columns[ASSET_UPDATED_AT].type : TIMESTAMPTZOID);
	identifier_add_params(text, assets);
	plan_add_param(text, JSONBOID);
	if (spaces == NULL)
		return;
	identifier_add_params(text, spaces);
	plan_add_param(text, TEXTOID);
	plan_add_param(text, TEXTOID);
	plan_add_param(text, TEXTOID);
}

static void
append_timing(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];

	appendStringInfoString(&text->sql, "WITH timing AS MATERIALIZED (SELECT ");
	append_next_time(text, request);
	appendStringInfoString(&text->sql, " AS reused_at FROM ");
	plan_append_table(text, assets);
	appendStringInfoString(&text->sql, " AS a WHERE ");
	identifier_append_live_match(text, "a", assets, PARAM_ASSET_ID + 1);
	appendStringInfoString(&text->sql, ") ");
}

static void
append_update(PlanText *text, const PlanRequest *request)
{
	const AppTable *assets = request->tables[APP_ASSETS];
	const AppTable *spaces = request->tables[APP_SPACES];
	bool		in_table = request->tables[APP_HISTORY] != NULL;
	StringInfo	sql = &text->sql;

	appendStringInfoString(sql, "UPDATE ");
	plan_append_table(text, assets);
	appendStringInfoString(sql, " AS a SET reused_count ="
						   " COALESCE(a.reused_count, 0) OPERATOR(pg_catalog.+) 1");
	appendStringInfoString(sql, ", last_reused_at = ");
	if (in_table && rounds_time(assets))
		appendStringInfoString(sql, TIMING_TIME);
	else
		append_next_time(text, request);
	if (!in_table)
	{
		appendStringInfoString(sql, ", platform_metadata = ");
		append_log_call(text, request, "asset_reuse_log_append");
		append_context(text, request, "s.id", "s.campaign_name");
		append_log_call_end(text, request);
	}
	if (assets->columns[ASSET_UPDATED_AT].present)
		appendStringInfo(sql, ", updated_at = $%d", PARAM_UPDATED_AT + 1);
	if (spaces != NULL)
	{
		appendStringInfoString(sql, " FROM ");
		plan_append_table(text, spaces);
		appendStringInfoString(sql, " AS s");
	}
	appendStringInfoString(sql, " WHERE ");
	identifier_append_live_match(text, "a", assets, PARAM_ASSET_ID + 1);
	if (spaces != NULL)
	{
		appendStringInfoString(sql, " AND ");
		identifier_append_live_match(text, "s", spaces, PARAM_CAMPAIGN_ID + 1);
	}
	appendStringInfoString(sql, " RETURNING ");
	app_row_select(text, assets, "a", returned_columns(assets, in_table));
	if (spaces != NULL)
		appendStringInfoString(sql, ", s.id AS campaign_id, s.campaign_name AS campaign_name");
	if (in_table)
		appendStringInfo(sql, ", %s", rounds_time(assets) ? TIMING_TIME : "a.last_reused_at");
}

/*
 * append_log_call appends the call of one of the log's functions, without its end.
 *
 * The casts are no-ops but for a domain: so nothing can match better than ours.
 */
static void
append_log_call(PlanText *text, const PlanRequest *request, const char *function)
{
	plan_append_function(text, request, function);
	appendStringInfo(&text->sql, "(CAST(a.platform_metadata AS pg_catalog.jsonb),"
					 " CAST(a.last_reused_at AS %s), $%d, ", event_time_type(request), PARAM_CLOCK + 1);
}

/*
 * append_next_time appends what chooses the event's time.
 *
 * A call that has waited for the row does not see the other's row in the table, but has
 * its time in last_reused_at, unless that is rounded and track_event has waited before.
 */
static void
append_next_time(PlanText *text, const PlanRequest *request)
{
	append_log_call(text, request, "asset_reuse_log_next_time");
	if (request->tables[APP_HISTORY] != NULL)
		append_latest_row(text, request);
	else
		appendStringInfo(&text->sql, "CAST(NULL AS %s)", event_time_type(request));
	append_log_call_end(text, request);
}

/* append_log_call_end appends whether last_reused_at is rounded, and ends the call. */
static void
append_log_call_end(PlanText *text, const PlanRequest *request)
{
	appendStringInfoString(&text->sql, rounds_time(request->tables[APP_ASSETS]) ? ", true)" : ", false)");
}

/* append_latest_row appends the latest time that the history table has of the asset and that counts. */
static void
append_latest_row(PlanText *text, const PlanRequest *request)
{
	appendStringInfo(&text->sql, "(SELECT pg_catalog.max(CAST(h.reused_at AS %s)) FROM ",
					 event_time_type(request));
	plan_append_table(text, request->tables[APP_HISTORY]);
	appendStringInfo(&text->sql, " AS h WHERE h.tenant_id OPERATOR(pg_catalog.=) $%d"
					 " AND h.asset_id OPERATOR(pg_catalog.=) $%d"
					 " AND h.reused_at OPERATOR(pg_catalog.<=) $%d)",
					 PARAM_TENANT_ID + 1, PARAM_ASSET_ID + 1, PARAM_HORIZON + 1);
}

/* event_time_type returns the name of the type of events' times, beneath any domain. */
static const char *
event_time_type(const PlanRequest *request)
{
	return format_type_be_qualified(request->tables[APP_ASSETS]->columns[ASSET_LAST_REUSED_AT].type);
}

/* append_context appends the event's context, with a campaign's columns by their names. */
static void
append_context(PlanText *text, const PlanRequest *request,
			   const char *campaign_id, const char *campaign_name)
{
	const AppTable *spaces = request->tables[APP_SPACES];

	if (spaces == NULL)
	{
		appendStringInfo(&text->sql, "$%d", PARAM_CONTEXT + 1);
		return;
	}
	plan_append_function(text, request, "asset_reuse_event_context");
	appendStringInfo(&text->sql, "($%d, $%d, COALESCE($%d, ", PARAM_CONTEXT + 1,
					 PARAM_REUSED_IN_TYPE + 1, PARAM_REUSED_IN_ID + 1);
	plan_append_text(text, &spaces->columns[SPACE_ID], campaign_id);
	appendStringInfo(&text->sql, "), COALESCE($%d, ", PARAM_REUSED_IN_NAME + 1);
	plan_append_text(text, &spaces->columns[SPACE_CAMPAIGN_NAME], campaign_name);
	appendStringInfoString(&text->sql, "))");
}

/*
 * returned_columns are those of the answer, and the document: where it may have a log
 * to move to the history table, or the only exact time of the event.  The table's row
 * takes the asset's own tenant.
 */
static ColumnSet
returned_columns(const AppTable *assets, bool in_table)
{
	if (in_table)
		return TRACK_COLUMNS | COLUMN_BIT(ASSET_PLATFORM_METADATA) | COLUMN_BIT(ASSET_TENANT_ID);
	if (rounds_time(assets))
		return TRACK_COLUMNS | COLUMN_BIT(ASSET_PLATFORM_METADATA);
	return TRACK_COLUMNS;
}

/* rounds_time: is last_reused_at less precise than an event's time, timestamp(3) say? */
static bool
rounds_time(const AppTable *assets)
{
	return app_column_rounds_time(&assets->columns[ASSET_LAST_REUSED_AT]);
}
