/*-------------------------------------------------------------------------
 *
 * events_campaigns.c
 *	  The live campaigns that the events of a page name.
 *
 * One query serves the whole page.  It uses the ids in the events themselves, so events in
 * documents and in rows are treated alike.
 *
 * Results live until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "event_context.h"
#include "events_campaigns.h"
#include "plan_cache.h"

/*
 * OFFSET 0 keeps the subquery from being pulled up, so that each id is a look-up by
 * primary key.  Otherwise the planner might read all campaigns of the tenant.
 */
static const char find_named[] =
	"SELECT c.*"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS named (id, place), LATERAL ("
	"  SELECT {columns:s}, named.place FROM {spaces} AS s WHERE s.id {=} named.id AND {live:s} OFFSET 0) AS c";

/* The ids to look up, and the one that each event names */
typedef struct CampaignIds
{
	int			count;
	Datum	   *ids;
	int		   *places;			/* by event: of its id, from 1; 0 if it names none */
} CampaignIds;

static void collect_ids(const HistoryPage *page, const AppColumn *id, CampaignIds *ids);
static int	place_named_before(const HistoryPage *page, const int *places, int64 event);
static void find_campaigns(Identifier tenant_id, const AppTable *spaces, const CampaignIds *ids,
						   AppRow **found);

/*
 * events_campaigns_find finds the live campaigns of the tenant that a page's events
 * name.  spaces must live as long as the page.
 */
void
events_campaigns_find(Identifier tenant_id, const AppTable *spaces, HistoryPage *page)
{
	CampaignIds ids;
	AppRow	  **found;
	int64		i;

	collect_ids(page, &spaces->columns[SPACE_ID], &ids);
	if (ids.count == 0)
		return;
	found = palloc0(ids.count * sizeof(AppRow *));
	find_campaigns(tenant_id, spaces, &ids, found);
	for (i = 0; i < page->nevents; i++)
	{
		if (ids.places[i] > 0)
			page->events[i].campaign = found[ids.places[i] - 1];
	}
}

/*
 * collect_ids collects the ids that a page's events name, in the type of the
 * campaigns' ids.
 *
 * If that type is uuid, an id that is not a uuid names no campaign.
 */
static void
collect_ids(const HistoryPage *page, const AppColumn *id, CampaignIds *ids)
{
	int64		i;

	ids->count = 0;
	ids->ids = palloc(page->nevents * sizeof(Datum));
	ids->places = palloc0(page->nevents * sizeof(int));
	for (i = 0; i < page->nevents; i++)
	{
		text	   *named = page->events[i].place.id;

		/* long ids can make the comparisons slow */
		CHECK_FOR_INTERRUPTS();
		if (!event_names_campaign(&page->events[i].place) ||
			(id->type == UUIDOID && !event_id_is_uuid(named)))
			continue;
		ids->places[i] = place_named_before(page, ids->places, i);
		if (ids->places[i] == 0)
		{
			ids->ids[ids->count++] = identifier_bind((Identifier) {TEXTOID, PointerGetDatum(named)},
													 id);
			ids->places[i] = ids->count;
		}
	}
}

/*
 * place_named_before returns the place of the campaign that an event names if an
 * earlier event of the page names it, too; else 0.
 */
static int
place_named_before(const HistoryPage *page, const int *places, int64 event)
{
	int64		i;

	for (i = 0; i < event; i++)
	{
		if (places[i] != 0 && event_same_text(page->events[i].place.id, page->events[event].place.id))
			return places[i];
	}
	return 0;
}

/* find_campaigns reads campaigns by their ids; found is indexed by place, null if not live. */
static void
find_campaigns(Identifier tenant_id, const AppTable *spaces, const CampaignIds *ids,
			   AppRow **found)
{
	PlanRequest query = {
		.sql = find_named,
		.tables[APP_SPACES] = spaces,
		.columns[APP_SPACES] = CAMPAIGN_COLUMNS,
		.read_only = true,
		.plan_options = PLAN_BY_KEY
	};
	Oid			type = identifier_param_type(&spaces->columns[SPACE_ID]);
	int16		len;
	bool		by_value;
	char		align;
	AppRow	   *rows;
	TupleDesc	desc;
	uint64		i;

	get_typlenbyvalalign(type, &len, &by_value, &align);
	plan_add_value(&query, "ids", get_array_type(type),
				   PointerGetDatum(construct_array(ids->ids, ids->count, type, len, by_value, align)));
	identifier_add(&query, "space_tenant_id", tenant_id, &spaces->columns[SPACE_TENANT_ID]);
	plan_execute(&query);

	desc = plan_result_desc();
	app_row_check(spaces, CAMPAIGN_COLUMNS, 0, desc);
	rows = palloc(SPI_processed * sizeof(AppRow));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		Datum		place = plan_result(i, desc->natts, INT8OID);

		app_row_read(spaces, CAMPAIGN_COLUMNS, 0, tuple, desc, &rows[i]);
		found[DatumGetInt64(place) - 1] = &rows[i];
	}
}
