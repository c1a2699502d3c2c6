/*-------------------------------------------------------------------------
 *
 * history_campaigns.c
 *	  The live campaigns that the events of a page name.
 *
 * One query for a page.  It looks at what the events themselves say, wherever they
 * live, so that there is one way for events of documents and of rows.
 *
 * What is found lives until SPI_finish.
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
#include "history_campaigns.h"
#include "plan_cache.h"

/* The ids that are looked up, and which one each event names */
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
static void build_campaigns_query(PlanText *text, const PlanRequest *request);

/*
 * history_campaigns_find finds the live campaigns of the tenant that a page's events
 * name.  *spaces is set, and must live as long as the page.
 */
void
history_campaigns_find(Identifier tenant_id, AppTable *spaces, HistoryPage *page)
{
	CampaignIds ids;
	AppRow	  **found;
	int64		i;

	app_schema_bind(APP_SPACES, AccessShareLock, spaces);
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
 * Where that type is uuid, an id that is no uuid names no campaign.
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
		text	   *named = page->events[i].campaign_id;

		/* whoever stores long ids can make the comparisons last */
		CHECK_FOR_INTERRUPTS();
		if (named == NULL || (id->type == UUIDOID && !event_context_is_uuid(named)))
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
 * place_named_before returns the place of the campaign that an event names if one of
 * the events before it names it too, else 0.
 *
 * It looks back as far as a page usually goes: in a longer one, an id is rather
 * looked up twice than compared with all others.
 */
static int
place_named_before(const HistoryPage *page, const int *places, int64 event)
{
	const text *named = page->events[event].campaign_id;
	Size		len = VARSIZE_ANY_EXHDR(named);
	int64		i;

	for (i = Max(event - HISTORY_MAX_PAGE, 0); i < event; i++)
	{
		const text *other = page->events[i].campaign_id;

		if (places[i] != 0 && other != NULL && VARSIZE_ANY_EXHDR(other) == len &&
			memcmp(VARDATA_ANY(other), VARDATA_ANY(named), len) == 0)
			return places[i];
	}
	return 0;
}

/* find_campaigns reads campaigns by their ids; found is by place, null: not live. */
static void
find_campaigns(Identifier tenant_id, const AppTable *spaces, const CampaignIds *ids,
			   AppRow **found)
{
	PlanRequest query = {
		.query = PLAN_HISTORY_CAMPAIGNS,
		.tables[APP_SPACES] = spaces,
		.read_only = true,
		.plan_options = PLAN_BY_KEY,
		.build = build_campaigns_query
	};
	Oid			type = identifier_param_type(&spaces->columns[SPACE_ID]);
	int16		len;
	bool		by_value;
	char		align;
	Datum		values[2];
	AppRow	   *rows;
	TupleDesc	desc;
	uint64		i;

	get_typlenbyvalalign(type, &len, &by_value, &align);
	values[0] = PointerGetDatum(construct_array(ids->ids, ids->count, type, len, by_value, align));
	values[1] = identifier_bind(tenant_id, &spaces->columns[SPACE_TENANT_ID]);
	plan_execute(&query, values, NULL);

	desc = SPI_tuptable->tupdesc;
	app_row_check(spaces, CAMPAIGN_COLUMNS, 0, desc);
	rows = palloc(SPI_processed * sizeof(AppRow));
	for (i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;
		Datum		place = SPI_getbinval(tuple, desc, desc->natts, &isnull);

		app_row_read(spaces, CAMPAIGN_COLUMNS, 0, tuple, desc, &rows[i]);
		found[DatumGetInt64(place) - 1] = &rows[i];
	}
}

/* ----------
 * build_campaigns_query builds
 *
 *	SELECT named.place, c.id, c.platform, c.is_active, c.campaign_name
 *	FROM unnest($1) WITH ORDINALITY AS named (id, place), LATERAL (
 *		SELECT * FROM spaces AS s
 *		WHERE s.id = named.id AND s.tenant_id = $2 AND s.deleted_at IS NULL
 *		OFFSET 0) AS c
 *
 * OFFSET 0 keeps the subquery as it is: a look-up by primary key for each id.
 * Left to itself, the planner may as well read all campaigns of the tenant.
 * ----------
 */
static void
build_campaigns_query(PlanText *text, const PlanRequest *request)
{
	const AppTable *spaces = request->tables[APP_SPACES];
	Oid			id_type = identifier_param_type(&spaces->columns[SPACE_ID]);

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, spaces, "c", CAMPAIGN_COLUMNS);
	appendStringInfo(&text->sql, ", named.place FROM pg_catalog.unnest($%d)"
					 " WITH ORDINALITY AS named (id, place), LATERAL (SELECT ",
					 plan_add_param(text, get_array_type(id_type)));
	app_row_select(text, spaces, "s", CAMPAIGN_COLUMNS);
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, spaces);
	appendStringInfoString(&text->sql, " AS s WHERE s.id OPERATOR(pg_catalog.=) named.id AND ");
	identifier_append_match(text, "s", spaces, SPACE_TENANT_ID);
	if (spaces->columns[SPACE_DELETED_AT].present)
		appendStringInfoString(&text->sql, " AND s.deleted_at IS NULL");
	appendStringInfoString(&text->sql, " OFFSET 0) AS c");
}
