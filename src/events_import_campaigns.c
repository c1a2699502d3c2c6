/*-------------------------------------------------------------------------
 *
 * events_import_campaigns.c
 *	  The places of imported events, completed from the campaigns that they name.
 *
 * A campaign may no longer exist.  If it does, its row has its name and the spelling of its id.
 *
 * All memory lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "events_import.h"
#include "plan_cache.h"
#include "text_map.h"

/* OFFSET 0 keeps the subquery as it is: a look-up by primary key for each id. */
static const char find_campaigns[] =
	"SELECT s.*"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS wanted (id, number), LATERAL ("
	"  SELECT wanted.number, {columns:s} FROM {spaces} AS s WHERE s.id {=} wanted.id AND {live:s} OFFSET 0) AS s";

#define CAMPAIGN_COLUMNS	(COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_CAMPAIGN_NAME))

/* What is known of a campaign; nulls for one that is not live */
typedef struct CampaignPlace
{
	text	   *id;
	text	   *name;
} CampaignPlace;

static uint32 collect_campaigns(EventsImport *import, const AppColumn *column, Datum *ids);
static CampaignPlace *read_campaigns(const EventsImport *import, const AppTable *spaces, Datum ids,
									 uint32 nids);
static void complete_place(const EventsImport *import, const CampaignPlace *campaigns, ImportEvent *event);
static bool names_campaign(const ImportEvent *event);

/* events_import_places completes the events' places. */
void
events_import_places(EventsImport *import)
{
	CampaignPlace *campaigns = NULL;
	AppTable	spaces;
	bool		named = false;
	uint32		i;

	for (i = 0; i < import->count; i++)
		named |= names_campaign(&import->events[i]);
	if (named)
	{
		Datum		ids;
		uint32		nids;

		app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
		nids = collect_campaigns(import, &spaces.columns[SPACE_ID], &ids);
		campaigns = read_campaigns(import, &spaces, ids, nids);
	}
	for (i = 0; i < import->count; i++)
	{
		if (import->events[i].state != IMPORT_FAILED)
			complete_place(import, campaigns, &import->events[i]);
	}
}

static bool
names_campaign(const ImportEvent *event)
{
	return event->state != IMPORT_FAILED && event->campaign_id != NULL;
}

/* collect_campaigns numbers the campaigns' ids, and returns how many there are. */
static uint32
collect_campaigns(EventsImport *import, const AppColumn *column, Datum *ids)
{
	Oid			type = identifier_param_type(column);
	text_map_hash *map = text_map_create(CurrentMemoryContext, import->count, NULL);
	ArrayBuildState *array = initArrayResult(type, CurrentMemoryContext, false);
	uint32		i;

	for (i = 0; i < import->count; i++)
	{
		ImportEvent *event = &import->events[i];
		uint32		known = map->members;

		if (!names_campaign(event))
			continue;
		if (column->type == UUIDOID && !event_id_is_uuid(event->campaign_id))
		{
			import_event_fail(event, ERRCODE_INVALID_TEXT_REPRESENTATION, "campaign_space_id must be a uuid");
			continue;
		}
		event->campaign = text_map_number(map, event->campaign_id);
		if (event->campaign == known)
			array = accumArrayResult(array, identifier_bind((Identifier) {TEXTOID, PointerGetDatum(event->campaign_id)},
															column),
									 false, type, CurrentMemoryContext);
	}
	*ids = makeArrayResult(array, CurrentMemoryContext);
	return map->members;
}

/* read_campaigns reads those campaigns that are live, and returns all, indexed by their numbers. */
static CampaignPlace *
read_campaigns(const EventsImport *import, const AppTable *spaces, Datum ids, uint32 nids)
{
	CampaignPlace *campaigns = palloc0(Max(nids, 1) * sizeof(CampaignPlace));
	PlanRequest query = {
		.sql = find_campaigns,
		.tables[APP_SPACES] = spaces,
		.columns[APP_SPACES] = CAMPAIGN_COLUMNS,
		.plan_options = PLAN_BY_KEY
	};
	uint64		i;

	plan_add_value(&query, "ids", get_array_type(identifier_param_type(&spaces->columns[SPACE_ID])), ids);
	identifier_add(&query, "space_tenant_id", import->tenant_id, &spaces->columns[SPACE_TENANT_ID]);
	plan_execute(&query);
	app_row_check(spaces, CAMPAIGN_COLUMNS, 1, plan_result_desc());
	for (i = 0; i < SPI_processed; i++)
	{
		CampaignPlace *campaign = &campaigns[DatumGetInt64(plan_result(i, 1, INT8OID)) - 1];
		AppRow		row;

		app_row_read(spaces, CAMPAIGN_COLUMNS, 1, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &row);
		campaign->id = app_row_text(&row, SPACE_ID);
		if (!row.nulls[SPACE_CAMPAIGN_NAME])
			campaign->name = app_row_text(&row, SPACE_CAMPAIGN_NAME);
	}
	return campaigns;
}

/* complete_place takes the missing parts of an event's place from its campaign. */
static void
complete_place(const EventsImport *import, const CampaignPlace *campaigns, ImportEvent *event)
{
	ReusePlace *place = &event->place;

	if (event->campaign_id != NULL)
	{
		const CampaignPlace *campaign = &campaigns[event->campaign];

		if (place->name == NULL)
			place->name = campaign->name;
		if (place->id == NULL)
			place->id = campaign->id != NULL ? campaign->id : event->campaign_id;
		else
			event->campaign_id = NULL;	/* it is not the place */
	}
	if (import->tables->uuid_campaigns && event_names_campaign(place))
		place->id = event_id_spelled(place->id);
}
