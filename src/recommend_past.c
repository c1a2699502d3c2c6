/*-------------------------------------------------------------------------
 *
 * recommend_past.c
 *	  A tenant's events in memory: read once, in the order of time, and listed by asset and
 *	  by campaign, so that those before a time are found fast.
 *
 * 40 bytes an event.  Memory is that of the SPI connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "event_context.h"
#include "log_value.h"
#include "plan_cache.h"
#include "recommend_past.h"
#include "recommend_queries.h"
#include "rows_request.h"
#include "table_bind.h"

typedef struct EventReceiver
{
	DestReceiver receiver;		/* first: it is the receiver itself */
	Evaluation *evaluation;
} EventReceiver;

static void begin_statement(const Evaluation *e, const char *sql, int role, PlanRequest *plan);
static void load_assets(Evaluation *e);
static void load_events(Evaluation *e);
static bool receive_event(TupleTableSlot *slot, DestReceiver *receiver);
static void load_campaigns(Evaluation *e);
static void make_lists(Evaluation *e);
static void list_by(PastLists *lists, uint32 nlists, uint64 n, uint32 (*list_of) (const Evaluation *, uint64),
					const Evaluation *e);
static uint32 asset_of_event(const Evaluation *e, uint64 event);
static uint32 campaign_of_event(const Evaluation *e, uint64 event);
static uint32 campaign_of_asset(const Evaluation *e, uint64 asset);
static void count_campaigns(Evaluation *e);

/* past_load reads the tenant's assets, campaigns and events. */
void
past_load(Evaluation *e)
{
	const AppColumn *id;
	int			method;

	app_schema_bind(APP_ASSETS, AccessShareLock, &e->assets_table);
	app_schema_bind(APP_SPACES, AccessShareLock, &e->spaces_table);
	e->has_history = history_table_bind(&e->assets_table, AccessShareLock, true, &e->history_table);
	e->end = reuse_horizon(GetCurrentTransactionStartTimestamp());
	id = &e->assets_table.columns[ASSET_ID];
	recommend_ids_init(&e->ids, id->type == UUIDOID ? UUIDOID : TEXTOID,
					   OidIsValid(id->collation) ? id->collation : C_COLLATION_OID);
	recommend_ids_init(&e->places, TEXTOID, C_COLLATION_OID);
	load_assets(e);
	load_events(e);
	load_campaigns(e);
	make_lists(e);
	e->counted = palloc_extended((Size) (e->nassets + 1) * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->excluded = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->wanted = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	e->seeds = palloc_extended((Size) (e->nassets + 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (method = 0; method < NMETHODS; method++)
		e->results[method].recommended = palloc_extended(e->nassets + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* begin_statement begins a statement over a table, and if that is the assets, the history table as well. */
static void
begin_statement(const Evaluation *e, const char *sql, int role, PlanRequest *plan)
{
	*plan = (PlanRequest) {
		.sql = sql,
		.caller = e->caller,
		.read_only = true,
		.plan_options = PLAN_BY_TENANT,
		.put_piece = recommend_put_piece
	};
	if (role == APP_SPACES)
		plan->tables[APP_SPACES] = &e->spaces_table;
	else
		plan->tables[APP_ASSETS] = &e->assets_table;
	if (role == APP_HISTORY && e->has_history)
		plan->tables[APP_HISTORY] = &e->history_table;
	identifier_add(plan, "tenant_id", e->tenant_id, &e->assets_table.columns[ASSET_TENANT_ID]);
	identifier_add(plan, "space_tenant_id", e->tenant_id, &e->spaces_table.columns[SPACE_TENANT_ID]);
	plan_add_optional(plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(plan, "end_date", TIMESTAMPOID, TimestampGetDatum(e->end), false);
	plan_add_value(plan, "uuid_campaigns", BOOLOID, BoolGetDatum(e->spaces_table.columns[SPACE_ID].type == UUIDOID));
	plan_add_value(plan, "detail", INT4OID, Int32GetDatum(DETAIL_PLACE));
	plan_add_optional(plan, "of_ids", BOOLOID, (Datum) 0, true);
}

/* load_assets reads the assets; their numbers are in the order of their ids. */
static void
load_assets(Evaluation *e)
{
	bool		any_spelling = identifier_is_text_of_uuid(&e->assets_table.columns[ASSET_CAMPAIGN_SPACE_ID],
														  &e->spaces_table.columns[SPACE_ID]);
	PlanRequest plan;
	uint64		i;

	begin_statement(e, recommend_all_assets, APP_ASSETS, &plan);
	plan_execute(&plan);
	e->assets = palloc_extended(Max(SPI_processed, 1) * sizeof(PastAsset), MCXT_ALLOC_HUGE);
	for (i = 0; i < SPI_processed; i++)
	{
		Datum		id = plan_result(i, 1, e->ids.type);
		text	   *made_in = plan_result_is_null(i, 3, TEXTOID) ? NULL : DatumGetTextPP(plan_result(i, 3, TEXTOID));

		CHECK_FOR_INTERRUPTS();
		if (e->ids.type == TEXTOID)
			id = PointerGetDatum(DatumGetTextPP(id));
		/* an id that is there twice is one asset */
		if (recommend_ids_add(&e->ids, id) < e->nknown)
			continue;
		e->assets[e->nknown++] = (PastAsset) {
			.live = DatumGetBool(plan_result(i, 5, BOOLOID)),
			.reused_count = DatumGetInt64(plan_result(i, 2, INT8OID)),
			.made_in = made_in == NULL ? NO_CAMPAIGN :
			recommend_ids_add(&e->places, PointerGetDatum(any_spelling ? event_id_spelled(made_in) : made_in)),
			.made = plan_result_is_null(i, 4, TIMESTAMPOID) ? DT_NOBEGIN :
			DatumGetTimestamp(plan_result(i, 4, TIMESTAMPOID))
		};
	}
	SPI_freetuptable(SPI_tuptable);
}

/* load_events reads the events, one by one. */
static void
load_events(Evaluation *e)
{
	EventReceiver receiver = {.receiver = *None_Receiver, .evaluation = e};
	PlanRequest plan;
	uint32		i;

	e->room = 1024;
	e->events = palloc(e->room * sizeof(NearUse));
	receiver.receiver.receiveSlot = receive_event;
	begin_statement(e, recommend_all_events, APP_HISTORY, &plan);
	plan_execute_into(&plan, &receiver.receiver);

	e->nassets = e->ids.count;
	e->assets = repalloc_huge(e->assets, Max(e->nassets, 1) * sizeof(PastAsset));
	for (i = e->nknown; i < e->nassets; i++)
		e->assets[i] = (PastAsset) {.made_in = NO_CAMPAIGN};
}

static bool
receive_event(TupleTableSlot *slot, DestReceiver *receiver)
{
	Evaluation *e = ((EventReceiver *) receiver)->evaluation;
	TupleDesc	desc = slot->tts_tupleDescriptor;
	NearUse		event = {.campaign = NO_CAMPAIGN};
	Datum		value;
	bool		isnull;

	if (desc->natts != 3 || TupleDescAttr(desc, 0)->atttypid != e->ids.type ||
		TupleDescAttr(desc, 1)->atttypid != TIMESTAMPOID || TupleDescAttr(desc, 2)->atttypid != TEXTOID)
		plan_report_changed();
	value = slot_getattr(slot, 1, &isnull);
	if (isnull)
		plan_report_changed();
	event.asset = recommend_ids_add(&e->ids, e->ids.type == UUIDOID ? value : PointerGetDatum(DatumGetTextPP(value)));
	event.time = DatumGetTimestamp(slot_getattr(slot, 2, &isnull));
	value = slot_getattr(slot, 3, &isnull);
	if (!isnull)
		event.campaign = recommend_ids_add(&e->places, PointerGetDatum(DatumGetTextPP(value)));
	if (e->nevents == e->room)
	{
		e->room *= 2;
		e->events = repalloc_huge(e->events, e->room * sizeof(NearUse));
	}
	e->events[e->nevents++] = event;
	return true;
}

/* load_campaigns reads which campaigns are live. */
static void
load_campaigns(Evaluation *e)
{
	uint32		known = e->places.count;
	PlanRequest plan;
	uint64		i;

	e->campaign_lives = palloc_extended(known + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	begin_statement(e, recommend_all_campaigns, APP_SPACES, &plan);
	plan_execute(&plan);
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		campaign = recommend_ids_add(&e->places, PointerGetDatum(
			DatumGetTextPP(plan_result(i, 1, TEXTOID))));

		CHECK_FOR_INTERRUPTS();
		if (campaign < known)
			e->campaign_lives[campaign] = true;
	}
	e->places.count = known;
}

/* make_lists lists events by asset and by campaign, and assets by the campaign where they were made. */
static void
make_lists(Evaluation *e)
{
	list_by(&e->by_asset, e->nassets, e->nevents, asset_of_event, e);
	list_by(&e->by_campaign, e->places.count, e->nevents, campaign_of_event, e);
	list_by(&e->made_in, e->places.count, e->nknown, campaign_of_asset, e);
	count_campaigns(e);
}

/* list_by puts the numbers below n into lists, in their order. */
static void
list_by(PastLists *lists, uint32 nlists, uint64 n, uint32 (*list_of) (const Evaluation *, uint64),
		const Evaluation *e)
{
	uint64	   *next = palloc_extended(((Size) nlists + 2) * sizeof(uint64), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint64		i;

	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (list_of(e, i) != NO_CAMPAIGN)
			next[(uint64) list_of(e, i) + 2]++;
	}
	for (i = 2; i < (uint64) nlists + 2; i++)
		next[i] += next[i - 1];
	lists->events = palloc_extended(Max(n, 1) * sizeof(uint64), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (list_of(e, i) != NO_CAMPAIGN)
			lists->events[next[(uint64) list_of(e, i) + 1]++] = i;
	}
	lists->first = next;
}

static uint32
asset_of_event(const Evaluation *e, uint64 event)
{
	return e->events[event].asset;
}

static uint32
campaign_of_event(const Evaluation *e, uint64 event)
{
	return e->events[event].campaign;
}

static uint32
campaign_of_asset(const Evaluation *e, uint64 asset)
{
	return e->assets[asset].made_in;
}

/* count_campaigns counts, for each event, the campaigns in which its asset was reused until then. */
static void
count_campaigns(Evaluation *e)
{
	uint32	   *seen = palloc_extended(((Size) e->places.count + 1) * sizeof(uint32), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		asset;
	uint64		i;

	e->ncampaigns = palloc_extended(Max(e->nevents, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (asset = 0; asset < e->nassets; asset++)
	{
		uint32		count = 0;

		for (i = e->by_asset.first[asset]; i < e->by_asset.first[asset + 1]; i++)
		{
			uint32		campaign = e->events[e->by_asset.events[i]].campaign;

			CHECK_FOR_INTERRUPTS();
			if (campaign != NO_CAMPAIGN && seen[campaign] != asset + 1)
			{
				seen[campaign] = asset + 1;
				count++;
			}
			e->ncampaigns[e->by_asset.events[i]] = count;
		}
	}
}

/* past_events_before returns where the events of a list end that are before a time. */
uint64
past_events_before(const Evaluation *e, const PastLists *lists, uint32 list, Timestamp time)
{
	uint64		low = lists->first[list];
	uint64		high = lists->first[list + 1];

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (e->events[lists->events[middle]].time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* past_reuses_before returns how often an asset was reused until a time, by its counter. */
int64
past_reuses_before(const Evaluation *e, uint32 asset, Timestamp time)
{
	int64		later = e->by_asset.first[asset + 1] - past_events_before(e, &e->by_asset, asset, time);

	return Max(e->assets[asset].reused_count - later, 0);
}
