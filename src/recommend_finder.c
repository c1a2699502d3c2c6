/*-------------------------------------------------------------------------
 *
 * recommend_finder.c
 *	  What the search for assets that fit reads of the tables: the campaign and what it
 *	  has, where that was used, what other campaigns have, and which assets are live.
 *
 * All memory is that of the caller's SPI connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "event_context.h"
#include "log_value.h"
#include "recommend_finder.h"
#include "recommend_queries.h"
#include "request_asset_type.h"
#include "rows_request.h"
#include "table_bind.h"

static void add_makings(Finder *f);

/* finder_open finds the tables, and when what is asked for ends. */
void
finder_open(Finder *f, const RecommendRequest *request, Oid caller)
{
	const AppColumn *id;

	f->request = request;
	f->caller = caller;
	app_schema_bind(APP_ASSETS, AccessShareLock, &f->assets);
	app_schema_bind(APP_SPACES, AccessShareLock, &f->spaces);
	f->has_history = history_table_bind(&f->assets, AccessShareLock, true, &f->history);
	/* a timestamptz is the timestamp in UTC */
	f->now = request->has_as_of ? request->as_of : GetCurrentTransactionStartTimestamp();
	f->end = Min(reuse_horizon(GetCurrentTransactionStartTimestamp()), request->has_as_of ? request->as_of : DT_NOEND);
	id = &f->assets.columns[ASSET_ID];
	recommend_ids_init(&f->ids, id->type == UUIDOID ? UUIDOID : TEXTOID,
					   OidIsValid(id->collation) ? id->collation : C_COLLATION_OID);
	recommend_ids_init(&f->places, TEXTOID, C_COLLATION_OID);
}

/* finder_begin begins a statement over some of the tables, with the parameters that all have. */
void
finder_begin(const Finder *f, const char *sql, int tables, PlanRequest *plan)
{
	bool		past = f->request->has_as_of;

	*plan = (PlanRequest) {
		.sql = sql,
		.caller = f->caller,
		.read_only = true,
		/* where all is found by its key, one plan is good; else documents are read */
		.plan_options = f->has_history ? PLAN_BY_KEY : PLAN_BY_TENANT,
		.put_piece = recommend_put_piece
	};
	if (tables & TABLE_BIT(APP_ASSETS))
		plan->tables[APP_ASSETS] = &f->assets;
	if (tables & TABLE_BIT(APP_SPACES))
		plan->tables[APP_SPACES] = &f->spaces;
	if ((tables & TABLE_BIT(APP_HISTORY)) && f->has_history)
		plan->tables[APP_HISTORY] = &f->history;
	identifier_add(plan, "tenant_id", f->request->tenant_id, &f->assets.columns[ASSET_TENANT_ID]);
	identifier_add(plan, "space_tenant_id", f->request->tenant_id, &f->spaces.columns[SPACE_TENANT_ID]);
	asset_type_add(plan, f->request->asset_type, &f->assets.columns[ASSET_TYPE]);
	plan_add_optional(plan, "end_date", TIMESTAMPOID, TimestampGetDatum(f->end), false);
	plan_add_value(plan, "uuid_campaigns", BOOLOID, BoolGetDatum(f->spaces.columns[SPACE_ID].type == UUIDOID));
	plan_add_value(plan, "detail", INT4OID, Int32GetDatum(DETAIL_PLACE));
	plan_add_optional(plan, "as_of", BOOLOID, BoolGetDatum(true), !past);
}

/* finder_add_ids adds the array of some assets' ids. */
void
finder_add_ids(const Finder *f, const uint32 *numbers, uint32 count, PlanRequest *plan)
{
	Oid			type = identifier_param_type(&f->assets.columns[ASSET_ID]);

	plan_add_value(plan, "ids", get_array_type(type), recommend_ids_array(&f->ids, numbers, count, type));
}

/* finder_execute runs a statement and makes sure that it returns columns of these types. */
void
finder_execute(const PlanRequest *plan, const Oid *types, int ntypes)
{
	int			i;

	plan_execute(plan);
	for (i = 0; i < ntypes; i++)
	{
		if (SPI_tuptable == NULL || SPI_tuptable->tupdesc->natts != ntypes ||
			TupleDescAttr(SPI_tuptable->tupdesc, i)->atttypid != types[i])
			plan_report_changed();
	}
}

/* finder_value returns a value of the last statement's result; rows count from 0, columns from 1. */
Datum
finder_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* finder_number returns the number in a row's first column, from 0; it is one of so many. */
uint32
finder_number(uint64 row, uint32 count)
{
	bool		isnull;
	int32		number = DatumGetInt32(finder_value(row, 1, &isnull));

	if (isnull || number < 1 || (uint32) number > count)
		plan_report_changed();
	return number - 1;
}

text *
finder_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = finder_value(row, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* finder_time returns a time; -infinity for null. */
Timestamp
finder_time(uint64 row, int column)
{
	bool		isnull;
	Datum		value = finder_value(row, column, &isnull);

	return isnull ? DT_NOBEGIN : DatumGetTimestamp(value);
}

FinderAsset *
finder_asset(Finder *f, uint32 asset)
{
	if (f->nstates < f->ids.room)
	{
		Size		size = f->ids.room * sizeof(FinderAsset);

		f->states = f->states == NULL ? palloc_extended(size, MCXT_ALLOC_HUGE) : repalloc_huge(f->states, size);
		memset(&f->states[f->nstates], 0, (f->ids.room - f->nstates) * sizeof(FinderAsset));
		f->nstates = f->ids.room;
	}
	return &f->states[asset];
}

/* finder_read_asset returns the number of the asset whose id is in a column. */
uint32
finder_read_asset(Finder *f, uint64 row, int column)
{
	bool		isnull;
	Datum		id = finder_value(row, column, &isnull);

	CHECK_FOR_INTERRUPTS();
	if (isnull)
		plan_report_changed();
	return recommend_ids_add(&f->ids, f->ids.type == UUIDOID ? id : PointerGetDatum(DatumGetTextPP(id)));
}

/* finder_campaign finds the campaign, and what others can have in common with it. */
void
finder_campaign(Finder *f, text **brand, text **platform)
{
	Identifier	id = f->request->campaign_id;
	AppRow		row;

	app_lookup(&f->spaces, COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_BRAND_ID) | COLUMN_BIT(SPACE_PLATFORM),
			   id, f->request->tenant_id, true, &row);
	/* as the campaign spells it: the caller's spelling may be another one, equal by the column's collation */
	f->campaign = app_row_text(&row, SPACE_ID);
	*brand = row.nulls[SPACE_BRAND_ID] ? NULL : app_row_text(&row, SPACE_BRAND_ID);
	*platform = row.nulls[SPACE_PLATFORM] ? NULL : app_row_text(&row, SPACE_PLATFORM);
}

/* finder_read_members reads what the campaign has already; the most reused of it are the seeds. */
void
finder_read_members(Finder *f)
{
	const Oid	types[] = {f->ids.type, INT8OID, TEXTOID, TIMESTAMPOID, TEXTOID};
	bool		uuid_campaigns = f->spaces.columns[SPACE_ID].type == UUIDOID;
	PlanRequest plan;
	uint64		i;

	finder_begin(f, recommend_members, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	plan_add_value(&plan, "campaign", TEXTOID, PointerGetDatum(f->campaign));
	identifier_add_made_in(&plan, f->request->campaign_id, &f->assets.columns[ASSET_CAMPAIGN_SPACE_ID],
						   &f->spaces.columns[SPACE_ID]);
	finder_execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		asset = finder_read_asset(f, i, 1);
		text	   *made_in = finder_text(i, 3);
		bool		isnull;
		int64		reuses = DatumGetInt64(finder_value(i, 2, &isnull));

		finder_asset(f, asset)->taken = true;
		if (f->nseeds == NEAR_MAX_SEEDS)
			continue;
		f->weights[f->nseeds] = near_seed_weight(isnull ? 0 : reuses);
		f->seeds[f->nseeds++] = (FinderSeed) {
			.asset = asset, .made_in = made_in != NULL && uuid_campaigns ? event_id_spelled(made_in) : made_in,
			.made = finder_time(i, 4), .name = finder_text(i, 5)
		};
	}
}

/* finder_read_seed_uses reads where the seeds were used, but for the campaign itself. */
void
finder_read_seed_uses(Finder *f)
{
	const Oid	types[] = {INT4OID, TEXTOID, TIMESTAMPOID};
	uint32		seeds[NEAR_MAX_SEEDS];
	PlanRequest plan;
	uint64		i;
	int			n;

	for (n = 0; n < f->nseeds; n++)
		seeds[n] = f->seeds[n].asset;
	finder_begin(f, recommend_seed_uses, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan.plan_options = PLAN_BY_KEY;
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, BoolGetDatum(true), false);
	finder_add_ids(f, seeds, f->nseeds, &plan);
	finder_execute(&plan, types, lengthof(types));
	f->uses = palloc((SPI_processed + f->nseeds) * sizeof(NearUse));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		seed = finder_number(i, f->nseeds);
		text	   *campaign = finder_text(i, 2);

		if (campaign != NULL && !event_same_text(campaign, f->campaign))
			f->uses[f->nuses++] = (NearUse) {
				recommend_ids_add(&f->places, PointerGetDatum(campaign)), seed, finder_time(i, 3)
			};
	}
	add_makings(f);
}

/* add_makings adds where the seeds were made: that is a use, too. */
static void
add_makings(Finder *f)
{
	int			n;

	for (n = 0; n < f->nseeds; n++)
	{
		const FinderSeed *seed = &f->seeds[n];

		if (seed->made_in == NULL || event_same_text(seed->made_in, f->campaign) || seed->made >= f->end)
			continue;
		f->uses[f->nuses++] = (NearUse) {
			recommend_ids_add(&f->places, PointerGetDatum(seed->made_in)), n, seed->made
		};
	}
}

/*
 * finder_read_campaigns reads what live campaigns have, each up to one more than it may have to be
 * kept; of others, nothing.
 */
void
finder_read_campaigns(Finder *f, const NearCampaign *campaigns, uint32 count, CampaignUses *found)
{
	const Oid	types[] = {INT4OID, f->ids.type, TIMESTAMPOID};
	uint32	   *numbers = palloc(Max(count, 1) * sizeof(uint32));
	uint64	   *next = palloc0((count + 2) * sizeof(uint64));
	PlanRequest plan;
	uint64		i;

	for (i = 0; i < count; i++)
		numbers[i] = campaigns[i].campaign;
	finder_begin(f, recommend_campaign_uses,
					TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_SPACES) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	plan_add_optional(&plan, "by_uuid", BOOLOID, BoolGetDatum(true),
					  !identifier_is_text_of_uuid(&f->assets.columns[ASSET_CAMPAIGN_SPACE_ID], &f->spaces.columns[SPACE_ID]));
	plan_add_value(&plan, "campaigns", TEXTARRAYOID, recommend_ids_array(&f->places, numbers, count, TEXTOID));
	finder_execute(&plan, types, lengthof(types));

	/* in the order of the campaigns */
	for (i = 0; i < SPI_processed; i++)
		next[finder_number(i, count) + 2]++;
	for (i = 2; i < count + 2; i++)
		next[i] += next[i - 1];
	found->uses = palloc_extended(Max(SPI_processed, 1) * sizeof(NearUse), MCXT_ALLOC_HUGE);
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		n = finder_number(i, count);

		found->uses[next[n + 1]++] = (NearUse) {n, finder_read_asset(f, i, 2), finder_time(i, 3)};
	}
	found->first = next;
	SPI_freetuptable(SPI_tuptable);
	pfree(numbers);
}

/* finder_free_campaigns frees what was read of campaigns: it can be a million uses. */
void
finder_free_campaigns(CampaignUses *found)
{
	pfree(found->uses);
	pfree(found->first);
}

/*
 * finder_read_live asks which of some assets are live, how often they are reused, and what that and their rates
 * make of their fit.
 */
void
finder_read_live(Finder *f, const NearItem *items, uint32 nitems)
{
	const Oid	types[] = {INT4OID, INT8OID, BOOLOID};
	uint32	   *numbers = palloc(nitems * sizeof(uint32));
	uint32		count = 0;
	PlanRequest plan;
	uint64		i;

	for (i = 0; i < nitems; i++)
	{
		FinderAsset *state = finder_asset(f, items[i].asset);

		if (!state->asked)
			numbers[count++] = items[i].asset;
		state->asked = true;
	}
	if (count == 0)
		return;
	finder_begin(f, recommend_live_assets,
					TABLE_BIT(APP_ASSETS) | (f->request->has_as_of ? TABLE_BIT(APP_HISTORY) : 0), &plan);
	plan.plan_options = PLAN_BY_KEY;
	finder_add_ids(f, numbers, count, &plan);
	finder_execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		FinderAsset *state = finder_asset(f, numbers[finder_number(i, count)]);
		bool		isnull;

		state->reuses = DatumGetInt64(finder_value(i, 2, &isnull));
		state->live = !isnull;
		state->factor = 1;
		state->wanted = DatumGetBool(finder_value(i, 3, &isnull)) && !isnull;
	}
	if (f->request->order == RECOMMEND_BY_EXPECTED)
		finder_read_rates(f, numbers, count);
}
