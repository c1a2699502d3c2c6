/*-------------------------------------------------------------------------
 *
 * rows_request.c
 *	  The arguments of a row function, and the statement that answers it.
 *
 * All memory is in the current context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "app_index.h"
#include "event_context.h"
#include "log_value.h"
#include "plan_cache.h"
#include "request_asset_type.h"
#include "rows_queries.h"
#include "rows_request.h"
#include "table_bind.h"

static void bind_request(const RowRequest *request, RowStatement *statement);
static void bind_place(const RowRequest *request, RowStatement *statement);
static void bind_verify(RowStatement *statement);
static void bind_time(PlanRequest *plan, const char *name, bool given, Timestamp time);
static void bind_text(PlanRequest *plan, const char *name, text *value);
static void bind_flag(PlanRequest *plan, const char *name, bool set);

/* rows_make_statement finds the tables and binds the request to the statement over them. */
void
rows_make_statement(Oid caller, const RowRequest *request, const char *sql,
					RowStatement *statement)
{
	memset(statement, 0, sizeof(*statement));
	app_schema_bind(APP_ASSETS, AccessShareLock, &statement->assets);
	app_schema_bind(APP_SPACES, AccessShareLock, &statement->spaces);
	statement->plan = (PlanRequest) {
		.sql = sql,
		.tables[APP_ASSETS] = &statement->assets,
		.caller = caller,
		.read_only = !request->writes,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = rows_put_piece
	};
	if (history_table_bind(&statement->assets, AccessShareLock, !request->writes, &statement->history))
		statement->plan.tables[APP_HISTORY] = &statement->history;
	bind_request(request, statement);
}

/* bind_request binds the arguments that are given, in the types of the tables' columns. */
static void
bind_request(const RowRequest *request, RowStatement *statement)
{
	const AppColumn *assets = statement->assets.columns;
	PlanRequest *plan = &statement->plan;

	identifier_add(plan, "tenant_id", request->tenant_id, &assets[ASSET_TENANT_ID]);
	identifier_add(plan, "asset_id", request->asset_id, &assets[ASSET_ID]);
	plan_add_optional(plan, "asset_ids", get_array_type(identifier_param_type(&assets[ASSET_ID])),
					  request->nasset_ids > 0 ? identifier_array(request->asset_ids, request->nasset_ids, &assets[ASSET_ID]) :
					  (Datum) 0, request->nasset_ids == 0);
	asset_type_add(plan, request->asset_type, &assets[ASSET_TYPE]);
	bind_time(plan, "start_date", request->range.has_start, request->range.start);
	bind_time(plan, "end_date", request->range.has_end, request->range.end);
	bind_place(request, statement);
	if (request->finds_campaigns)
	{
		plan->tables[APP_SPACES] = &statement->spaces;
		identifier_add(plan, "space_tenant_id", request->tenant_id, &statement->spaces.columns[SPACE_TENANT_ID]);
	}
	if (request->verifies)
		bind_verify(statement);
	plan_add_value(plan, "detail", INT4OID, Int32GetDatum(request->detail));
	bind_text(plan, "bucket", request->bucket ? cstring_to_text(request->bucket->name) : NULL);
	bind_text(plan, "time_zone", request->time_zone);
	/* reads a day more: a beginning that the clocks show twice, because they were set back, counts the first time */
	bind_time(plan, "first_time", request->bucket != NULL, request->first_bucket - USECS_PER_DAY);
	bind_time(plan, "last_time", request->bucket != NULL, request->last_time);
	if (request->has_created_before)
		app_schema_require(&statement->assets, ASSET_CREATED_AT);
	plan_add_value(plan, "from_time", TIMESTAMPOID, TimestampGetDatum(request->from_time));
	bind_time(plan, "created_before", request->has_created_before, request->created_before);
	bind_flag(plan, "streamed", request->detail == DETAIL_CONTEXT && !request->snapshots);
	bind_flag(plan, "snapshots", request->snapshots);
	bind_flag(plan, "as_uuid", request->id_type == UUIDOID);
}

/*
 * bind_place binds the requested place, with a campaign's id in the spelling of its type.  If both a
 * campaign and another place are given, no event matches.
 */
static void
bind_place(const RowRequest *request, RowStatement *statement)
{
	PlanRequest *plan = &statement->plan;
	const AppColumn *campaign_id = &statement->spaces.columns[SPACE_ID];
	bool		uuid_campaigns = campaign_id->type == UUIDOID;
	ReusePlace	place = {.type = request->place_type, .id = request->place_id};
	text	   *spelled = uuid_campaigns && place.id != NULL ? event_id_spelled(place.id) : place.id;
	bool		nowhere = false;

	if (event_names_campaign(&place))
		place.id = spelled;
	if (OidIsValid(request->campaign_id.type))
	{
		ReusePlace	campaign = {
			.type = cstring_to_text(CAMPAIGN_TYPE),
			.id = identifier_text(request->campaign_id, campaign_id)
		};

		nowhere = (place.type != NULL && !event_same_text(place.type, campaign.type)) ||
			(place.id != NULL && !event_same_text(spelled, campaign.id));
		place = campaign;
		spelled = NULL;
	}
	/* by the id alone, a campaign matches in any spelling, and any other place in its own */
	else if (place.type != NULL || place.id == NULL || event_same_text(spelled, place.id))
		spelled = NULL;
	plan_add_value(plan, "uuid_campaigns", BOOLOID, BoolGetDatum(uuid_campaigns));
	bind_text(plan, "place_type", place.type);
	bind_text(plan, "place_id", place.id);
	bind_text(plan, "campaign_id", spelled);
	bind_flag(plan, "nowhere", nowhere);
}

/* bind_verify binds the parameters for comparing times, and whether an id belongs to only one tenant. */
static void
bind_verify(RowStatement *statement)
{
	PlanRequest *plan = &statement->plan;

	plan_add_value(plan, "horizon", TIMESTAMPOID, TimestampGetDatum(reuse_horizon(GetCurrentTimestamp())));
	plan_add_value(plan, "precision", INT4OID,
				   Int32GetDatum(statement->assets.columns[ASSET_LAST_REUSED_AT].typmod));
	bind_flag(plan, "id_is_unique", app_index_key_is_id(statement->assets.relid));
}

static void
bind_time(PlanRequest *plan, const char *name, bool given, Timestamp time)
{
	plan_add_optional(plan, name, TIMESTAMPOID, TimestampGetDatum(time), !given);
}

static void
bind_text(PlanRequest *plan, const char *name, text *value)
{
	plan_add_optional(plan, name, TEXTOID, PointerGetDatum(value), value == NULL);
}

/* bind_flag binds a parameter that only affects the text. */
static void
bind_flag(PlanRequest *plan, const char *name, bool set)
{
	plan_add_optional(plan, name, BOOLOID, BoolGetDatum(true), !set);
}
