/*-------------------------------------------------------------------------
 *
 * recommend_find.c
 *	  What to reuse next: the assets that fit a campaign.
 *
 * A few statements, all in the calling query's snapshot, read what the campaign has (its seeds),
 * where these were used, and what else those campaigns have; recommend_near.c does the sums.
 * Nothing is read that the history table's indexes do not lead to, and no more of it than counts,
 * so the time does not depend on how many events there are.  Without that table, all of the
 * tenant's documents are read.
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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "event_context.h"
#include "insight.h"
#include "insight_fit.h"
#include "log_value.h"
#include "periods_read.h"
#include "plan_cache.h"
#include "recommend_find.h"
#include "recommend_ids.h"
#include "recommend_queries.h"
#include "request_asset_type.h"
#include "rows_request.h"
#include "table_bind.h"

/* Which tables a statement reads */
#define TABLE_BIT(role)		(1 << (role))

/* How many assets are looked up first */
#define FIRST_BATCH			64

/* How much an asset's rate can change its fit, and of the rate's interval */
#define MIN_FACTOR			0.5
#define MAX_FACTOR			2.0
#define CONFIDENCE			0.95

/* The share of its own data that a rate must have, or nothing is said of the asset */
#define KNOWN_SHARE			0.5

/* What is known of an asset, by its number */
typedef struct AssetState
{
	bool		asked;			/* whether it is live */
	bool		live;
	bool		wanted;			/* of the type that is asked for */
	bool		taken;			/* in the campaign already, or among the items */
	int64		reuses;
	bool		rated;
	uint32		campaigns;		/* that are kept and have it */
	double		factor;			/* by which its fit is multiplied; if rated */
	double		shrunken_rate;
	RecommendLabel label;
	double		like_n;			/* impressions that assets like it stand for in that, */
	double		like_x;			/* and clicks */
	int			item;			/* its number among the items, from 1 */
} AssetState;

/* A campaign that is kept, and what it has */
typedef struct KeptCampaign
{
	NearCampaign near;
	uint32		count;
	uint32	   *assets;
} KeptCampaign;

/* What campaigns have */
typedef struct CampaignUses
{
	NearUse    *uses;			/* by campaign, as numbered in the list that was asked for */
	uint64	   *first;			/* where each one's begin; and the end of all */
} CampaignUses;

typedef struct Seed
{
	uint32		asset;
	text	   *name;			/* null for none */
	text	   *made_in;		/* null if not known */
	Timestamp	made;			/* -infinity if not known */
} Seed;

/* An item before its row is read */
typedef struct Pick
{
	uint32		asset;
	double		fit;
	RecommendSource source;
	uint32		campaigns;
	double		because[NEAR_MAX_SEEDS];	/* by seed: its share in the fit */
} Pick;

typedef struct Finder
{
	const RecommendRequest *request;
	Oid			caller;
	AppTable	assets;
	AppTable	spaces;
	AppTable	history;
	bool		has_history;
	Timestamp	now;
	Timestamp	end;			/* events before it count */
	text	   *campaign;		/* the one asked for, as events name it */
	RecommendIds ids;			/* of assets */
	uint32		nstates;
	AssetState *states;
	RecommendIds places;		/* of campaigns */
	int			nseeds;
	Seed		seeds[NEAR_MAX_SEEDS];
	double		weights[NEAR_MAX_SEEDS];
	uint32		nuses;
	NearUse    *uses;			/* the seeds', numbered as these are */
	uint32		nkept;
	KeptCampaign kept[NEAR_MAX_CAMPAIGNS];
	Datum		insight;		/* the state of the tenant's assets; 0: not asked for, or none */
	int			npicks;
	Pick		picks[RECOMMEND_MAX_ITEMS];
} Finder;

static void open_finder(Finder *f, const RecommendRequest *request, Oid caller);
static void begin_statement(const Finder *f, const char *sql, int tables, PlanRequest *plan);
static void add_ids(const Finder *f, const uint32 *numbers, uint32 count, PlanRequest *plan);
static void execute(const PlanRequest *plan, const Oid *types, int ntypes);
static Datum value_of(uint64 row, int column, bool *isnull);
static uint32 number_of(uint64 row, uint32 count);
static text *text_of(uint64 row, int column);
static Timestamp time_of(uint64 row, int column);
static AssetState *state_of(Finder *f, uint32 asset);
static uint32 read_asset(Finder *f, uint64 row, int column);
static void find_campaign(Finder *f, text **brand, text **platform);
static void read_members(Finder *f);
static void read_seed_uses(Finder *f);
static void add_makings(Finder *f);
static void read_insight(Finder *f);
static void read_rates(Finder *f, const uint32 *numbers, uint32 count);
static void read_rate(AssetState *state, uint64 row);
static void find_fading(Finder *f);
static void take_periods(void *taker, Identifier asset_id, const Periods *periods);
static void begin_rates(Finder *f, const char *sql, int tables, PlanRequest *plan);
static void list_unused(Finder *f, NearList *list);
static bool pick_similar(Finder *f, int room);
static bool pick_alike(Finder *f, text *alike, RecommendSource source, int room);
static void read_campaign_uses(Finder *f, const NearCampaign *campaigns, uint32 count, CampaignUses *found);
static void keep(Finder *f, NearCampaign near, const CampaignUses *found, uint32 campaign);
static void read_live(Finder *f, const NearItem *items, uint32 nitems);
static void pick_best(Finder *f, const double *sums, bool of_campaigns, RecommendSource source, int room);
static int	compare_items(const void *a, const void *b);
static bool pick_fitting(Finder *f, RecommendSource source, int room);
static void pick_popular(Finder *f, int room);
static void add_picks(Finder *f, const NearList *list, RecommendSource source);
static void find_reasons(Finder *f);
static void add_reasons(Finder *f, const KeptCampaign *kept);
static int	compare_campaigns(const void *a, const void *b);
static void read_items(Finder *f, RecommendAnswer *answer);
static void put_past(const Finder *f, uint64 row, int column, AppRow *asset);
static void put_reasons(const Finder *f, const Pick *pick, RecommendItem *item);
static text *id_text(const RecommendIds *ids, uint32 number);

/*
 * recommend_find finds the assets that fit.
 *
 * The caller is connected to SPI.  Error P0002 if the campaign is absent, deleted or another
 * tenant's.
 */
void
recommend_find(const RecommendRequest *request, Oid caller, RecommendAnswer *answer)
{
	Finder	   *f = palloc0(sizeof(Finder));
	text	   *brand = NULL;
	text	   *platform = NULL;
	int			room = request->row_limit;
	NearList	unused = {0};

	open_finder(f, request, caller);
	if (request->order == RECOMMEND_BY_EXPECTED || request->explore > 0)
		read_insight(f);
	if (OidIsValid(request->campaign_id.type))
	{
		find_campaign(f, &brand, &platform);
		read_members(f);
	}
	list_unused(f, &unused);
	room -= unused.count;
	if (f->nseeds > 0)
		(void) pick_similar(f, room);
	else if (brand == NULL || !pick_alike(f, brand, RECOMMEND_SAME_BRAND, room))
	{
		if (platform != NULL)
			(void) pick_alike(f, platform, RECOMMEND_SAME_PLATFORM, room);
	}
	pick_popular(f, room - f->npicks);
	add_picks(f, &unused, RECOMMEND_EXPLORE);
	answer->campaign_id = f->campaign;
	answer->nseeds = f->nseeds;
	read_items(f, answer);
}

/* open_finder finds the tables, and when what is asked for ends. */
static void
open_finder(Finder *f, const RecommendRequest *request, Oid caller)
{
	const AppColumn *id;

	f->request = request;
	f->caller = caller;
	app_schema_bind(APP_ASSETS, AccessShareLock, &f->assets);
	app_schema_bind(APP_SPACES, AccessShareLock, &f->spaces);
	f->has_history = history_table_bind(&f->assets, AccessShareLock, true, &f->history);
	/* a timestamptz is the timestamp in UTC */
	f->now = request->has_as_of ? request->as_of : GetCurrentTransactionStartTimestamp();
	f->end = request->has_as_of ? request->as_of : reuse_horizon(f->now);
	id = &f->assets.columns[ASSET_ID];
	recommend_ids_init(&f->ids, id->type == UUIDOID ? UUIDOID : TEXTOID,
					   OidIsValid(id->collation) ? id->collation : C_COLLATION_OID);
	recommend_ids_init(&f->places, TEXTOID, C_COLLATION_OID);
}

/* begin_statement begins a statement over some of the tables, with the parameters that all have. */
static void
begin_statement(const Finder *f, const char *sql, int tables, PlanRequest *plan)
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

/* add_ids adds the array of some assets' ids. */
static void
add_ids(const Finder *f, const uint32 *numbers, uint32 count, PlanRequest *plan)
{
	Oid			type = identifier_param_type(&f->assets.columns[ASSET_ID]);

	plan_add_value(plan, "ids", get_array_type(type), recommend_ids_array(&f->ids, numbers, count, type));
}

/* execute runs a statement and makes sure that it returns columns of these types. */
static void
execute(const PlanRequest *plan, const Oid *types, int ntypes)
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

/* value_of returns a value of the last statement's result; rows count from 0, columns from 1. */
static Datum
value_of(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* number_of returns the number in a row's first column, from 0; it is one of so many. */
static uint32
number_of(uint64 row, uint32 count)
{
	bool		isnull;
	int32		number = DatumGetInt32(value_of(row, 1, &isnull));

	if (isnull || number < 1 || (uint32) number > count)
		plan_report_changed();
	return number - 1;
}

static text *
text_of(uint64 row, int column)
{
	bool		isnull;
	Datum		value = value_of(row, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* time_of returns a time; -infinity for null. */
static Timestamp
time_of(uint64 row, int column)
{
	bool		isnull;
	Datum		value = value_of(row, column, &isnull);

	return isnull ? DT_NOBEGIN : DatumGetTimestamp(value);
}

static AssetState *
state_of(Finder *f, uint32 asset)
{
	if (f->nstates < f->ids.room)
	{
		Size		size = f->ids.room * sizeof(AssetState);

		f->states = f->states == NULL ? palloc_extended(size, MCXT_ALLOC_HUGE) : repalloc_huge(f->states, size);
		memset(&f->states[f->nstates], 0, (f->ids.room - f->nstates) * sizeof(AssetState));
		f->nstates = f->ids.room;
	}
	return &f->states[asset];
}

/* read_asset returns the number of the asset whose id is in a column. */
static uint32
read_asset(Finder *f, uint64 row, int column)
{
	bool		isnull;
	Datum		id = value_of(row, column, &isnull);

	CHECK_FOR_INTERRUPTS();
	if (isnull)
		plan_report_changed();
	return recommend_ids_add(&f->ids, f->ids.type == UUIDOID ? id : PointerGetDatum(DatumGetTextPP(id)));
}

/* find_campaign finds the campaign, and what others can have in common with it. */
static void
find_campaign(Finder *f, text **brand, text **platform)
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

/* read_members reads what the campaign has already; the most reused of it are the seeds. */
static void
read_members(Finder *f)
{
	const AppColumn *made_in = &f->assets.columns[ASSET_CAMPAIGN_SPACE_ID];
	const Oid	types[] = {f->ids.type, INT8OID, TEXTOID, TIMESTAMPOID, TEXTOID};
	PlanRequest plan;
	uint64		i;

	begin_statement(f, recommend_members, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	plan_add_value(&plan, "campaign", TEXTOID, PointerGetDatum(f->campaign));
	plan_add_optional(&plan, "made_in", made_in->present ? identifier_param_type(made_in) : TEXTOID,
					  made_in->present ? identifier_bind(f->request->campaign_id, made_in) : (Datum) 0,
					  !made_in->present);
	execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		asset = read_asset(f, i, 1);
		bool		isnull;
		int64		reuses = DatumGetInt64(value_of(i, 2, &isnull));

		state_of(f, asset)->taken = true;
		if (f->nseeds == NEAR_MAX_SEEDS)
			continue;
		f->weights[f->nseeds] = near_seed_weight(isnull ? 0 : reuses);
		f->seeds[f->nseeds++] = (Seed) {
			.asset = asset, .made_in = text_of(i, 3), .made = time_of(i, 4), .name = text_of(i, 5)
		};
	}
}

/* read_seed_uses reads where the seeds were used, but for the campaign itself. */
static void
read_seed_uses(Finder *f)
{
	const Oid	types[] = {INT4OID, TEXTOID, TIMESTAMPOID};
	uint32		seeds[NEAR_MAX_SEEDS];
	PlanRequest plan;
	uint64		i;
	int			n;

	for (n = 0; n < f->nseeds; n++)
		seeds[n] = f->seeds[n].asset;
	begin_statement(f, recommend_seed_uses, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan.plan_options = PLAN_BY_KEY;
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, BoolGetDatum(true), false);
	add_ids(f, seeds, f->nseeds, &plan);
	execute(&plan, types, lengthof(types));
	f->uses = palloc((SPI_processed + f->nseeds) * sizeof(NearUse));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		seed = number_of(i, f->nseeds);
		text	   *campaign = text_of(i, 2);

		if (campaign != NULL && !event_same_text(campaign, f->campaign))
			f->uses[f->nuses++] = (NearUse) {
				recommend_ids_add(&f->places, PointerGetDatum(campaign)), seed, time_of(i, 3)
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
		const Seed *seed = &f->seeds[n];

		if (seed->made_in == NULL || event_same_text(seed->made_in, f->campaign) || seed->made >= f->end)
			continue;
		f->uses[f->nuses++] = (NearUse) {
			recommend_ids_add(&f->places, PointerGetDatum(seed->made_in)), n, seed->made
		};
	}
}

/* pick_similar picks what the campaigns have that are nearest to this one; false if that is nothing. */
static bool
pick_similar(Finder *f, int room)
{
	NearCampaign *near;
	uint32		count;
	uint32		next = 0;

	read_seed_uses(f);
	near = palloc(Max(f->nuses, 1) * sizeof(NearCampaign));
	count = near_find(f->uses, f->nuses, f->weights, f->now, f->request->half_life,
					  recommend_ids_compare, &f->places, near);
	while (next < count && f->nkept < NEAR_MAX_CAMPAIGNS)
	{
		/* without the table, each look at campaigns is one at all documents */
		uint32		batch = f->has_history ? Min(count - next, NEAR_MAX_CAMPAIGNS - f->nkept) : count;
		CampaignUses found;
		uint32		i;

		read_campaign_uses(f, &near[next], batch, &found);
		for (i = 0; i < batch; i++)
			keep(f, near[next + i], &found, i);
		next += batch;
	}
	return pick_fitting(f, RECOMMEND_SIMILAR_CAMPAIGNS, room);
}

/*
 * pick_alike picks what the campaigns of the same brand or platform have; false if that is nothing.
 * The newer a campaign's last use is, the nearer it is.
 */
static bool
pick_alike(Finder *f, text *alike, RecommendSource source, int room)
{
	const AppColumn *id = &f->spaces.columns[SPACE_ID];
	const Oid	types[] = {TEXTOID};
	PlanRequest plan;
	NearCampaign *near;
	CampaignUses found;
	uint32		count;
	uint32		i;

	begin_statement(f, recommend_alike, TABLE_BIT(APP_SPACES), &plan);
	plan_add_value(&plan, "target", identifier_param_type(id), identifier_bind(f->request->campaign_id, id));
	plan_add_value(&plan, "alike", TEXTOID, PointerGetDatum(alike));
	plan_add_optional(&plan, "brand", BOOLOID, BoolGetDatum(true), source != RECOMMEND_SAME_BRAND);
	execute(&plan, types, lengthof(types));
	count = SPI_processed;
	near = palloc(Max(count, 1) * sizeof(NearCampaign));
	for (i = 0; i < count; i++)
	{
		text	   *name = text_of(i, 1);

		if (name == NULL)
			plan_report_changed();
		near[i] = (NearCampaign) {.campaign = recommend_ids_add(&f->places, PointerGetDatum(name))};
	}

	read_campaign_uses(f, near, count, &found);
	for (i = 0; i < count; i++)
	{
		Timestamp	newest = DT_NOBEGIN;
		uint64		u;

		for (u = found.first[i]; u < found.first[i + 1]; u++)
			newest = Max(newest, found.uses[u].time);
		near[i].near = near[i].decay = near_decay(f->now, newest, f->request->half_life);
		near[i].number = i;
	}
	near_sort(near, count, recommend_ids_compare, &f->places);
	f->nkept = 0;
	for (i = 0; i < count && near[i].near > 0; i++)
		keep(f, near[i], &found, near[i].number);
	return pick_fitting(f, source, room);
}

/*
 * read_campaign_uses reads what live campaigns have, each up to one more than it may have to be
 * kept; of others, nothing.
 */
static void
read_campaign_uses(Finder *f, const NearCampaign *campaigns, uint32 count, CampaignUses *found)
{
	const Oid	types[] = {INT4OID, f->ids.type, TIMESTAMPOID};
	uint32	   *numbers = palloc(Max(count, 1) * sizeof(uint32));
	uint64	   *next = palloc0((count + 2) * sizeof(uint64));
	PlanRequest plan;
	uint64		i;

	for (i = 0; i < count; i++)
		numbers[i] = campaigns[i].campaign;
	begin_statement(f, recommend_campaign_uses,
					TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_SPACES) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	plan_add_value(&plan, "campaigns", TEXTARRAYOID, recommend_ids_array(&f->places, numbers, count, TEXTOID));
	execute(&plan, types, lengthof(types));

	/* in the order of the campaigns */
	for (i = 0; i < SPI_processed; i++)
		next[number_of(i, count) + 2]++;
	for (i = 2; i < count + 2; i++)
		next[i] += next[i - 1];
	found->uses = palloc_extended(Max(SPI_processed, 1) * sizeof(NearUse), MCXT_ALLOC_HUGE);
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		n = number_of(i, count);

		found->uses[next[n + 1]++] = (NearUse) {n, read_asset(f, i, 2), time_of(i, 3)};
	}
	found->first = next;
}

/* keep keeps a campaign, if it has anything, and not more than it may; once enough are kept, no more. */
static void
keep(Finder *f, NearCampaign near, const CampaignUses *found, uint32 campaign)
{
	uint64		first = found->first[campaign];
	uint64		count = found->first[campaign + 1] - first;
	KeptCampaign *kept = &f->kept[f->nkept];
	uint64		i;

	if (count == 0 || count > NEAR_MAX_MEMBERS || f->nkept == NEAR_MAX_CAMPAIGNS)
		return;
	kept->near = near;
	kept->count = count;
	kept->assets = palloc(count * sizeof(uint32));
	for (i = 0; i < count; i++)
		kept->assets[i] = found->uses[first + i].asset;
	f->nkept++;
}

/*
 * read_live asks which of some assets are live, how often they are reused, and what that and their rates
 * make of their fit.
 */
static void
read_live(Finder *f, const NearItem *items, uint32 nitems)
{
	const Oid	types[] = {INT4OID, INT8OID, BOOLOID};
	uint32	   *numbers = palloc(nitems * sizeof(uint32));
	uint32		count = 0;
	PlanRequest plan;
	uint64		i;

	for (i = 0; i < nitems; i++)
	{
		AssetState *state = state_of(f, items[i].asset);

		if (!state->asked)
			numbers[count++] = items[i].asset;
		state->asked = true;
	}
	if (count == 0)
		return;
	begin_statement(f, recommend_live_assets,
					TABLE_BIT(APP_ASSETS) | (f->request->has_as_of ? TABLE_BIT(APP_HISTORY) : 0), &plan);
	plan.plan_options = PLAN_BY_KEY;
	add_ids(f, numbers, count, &plan);
	execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		AssetState *state = state_of(f, numbers[number_of(i, count)]);
		bool		isnull;

		state->reuses = DatumGetInt64(value_of(i, 2, &isnull));
		state->live = !isnull;
		state->factor = 1;
		state->wanted = DatumGetBool(value_of(i, 3, &isnull)) && !isnull;
	}
	if (f->request->order == RECOMMEND_BY_EXPECTED)
		read_rates(f, numbers, count);
}

/* read_insight reads what the tenant's assets have performed, all of them. */
static void
read_insight(Finder *f)
{
	PlanRequest plan;

	begin_rates(f, recommend_insight, 0, &plan);
	f->insight = plan_execute_value(&plan);
}

/* begin_rates begins a statement that reads what rates take. */
static void
begin_rates(Finder *f, const char *sql, int tables, PlanRequest *plan)
{
	bool		with_spaces = insight_needs_spaces(&f->assets) && f->spaces.columns[SPACE_PLATFORM].present;

	begin_statement(f, sql, TABLE_BIT(APP_ASSETS) | (with_spaces ? TABLE_BIT(APP_SPACES) : 0) | tables, plan);
	plan->plan_options = PLAN_BY_TENANT;
	plan_add_nullable(plan, "insight", BYTEAOID, f->insight, DatumGetPointer(f->insight) == NULL);
	plan_add_value(plan, "confidence", FLOAT8OID, Float8GetDatum(CONFIDENCE));
}

/* read_rates reads the rates of some assets. */
static void
read_rates(Finder *f, const uint32 *numbers, uint32 count)
{
	const Oid	types[] = {
		INT4OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID
	};
	PlanRequest plan;
	uint64		i;

	if (f->insight == (Datum) 0)
		return;
	begin_rates(f, recommend_rates, 0, &plan);
	plan.plan_options = PLAN_BY_KEY;
	add_ids(f, numbers, count, &plan);
	execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
		read_rate(state_of(f, numbers[number_of(i, count)]), i);
}

/* read_rate reads what an asset's rate is taken to be from a row. */
static void
read_rate(AssetState *state, uint64 row)
{
	double		values[6] = {0};
	double		own_share;
	double		rate_of_like;
	bool		isnull;
	int			i;

	for (i = 0; i < (int) lengthof(values); i++)
	{
		values[i] = DatumGetFloat8(value_of(row, i + 2, &isnull));
		if (isnull)
			return;
	}
	own_share = values[4];
	rate_of_like = values[5];
	state->rated = true;
	state->shrunken_rate = values[1];
	if (rate_of_like > 0)
		state->factor = Max(MIN_FACTOR, Min(values[1] / rate_of_like, MAX_FACTOR));
	state->label = own_share < KNOWN_SHARE ? RECOMMEND_LEARNING :
		values[2] > rate_of_like ? RECOMMEND_HIGH : values[3] < rate_of_like ? RECOMMEND_LOW : RECOMMEND_TYPICAL;
	if (own_share > 0)
		state->like_n = values[0] * (1 / own_share - 1);
	state->like_x = state->like_n * rate_of_like;
}

/* find_fading finds the items that are fading, by the periods between their uses. */
static void
find_fading(Finder *f)
{
	Identifier *ids = palloc(f->npicks * sizeof(Identifier));
	RowRequest	periods = {
		.id_type = f->request->tenant_id.type,
		.tenant_id = f->request->tenant_id,
		.detail = DETAIL_CONTEXT,
		.snapshots = true,
		.asset_ids = ids,
		.nasset_ids = f->npicks
	};
	int			i;

	for (i = 0; i < f->npicks; i++)
		ids[i] = (Identifier) {f->ids.type, f->ids.values[f->picks[i].asset]};
	periods_read(f->caller, &periods, take_periods, f);
}

static void
take_periods(void *taker, Identifier asset_id, const Periods *periods)
{
	Finder	   *f = taker;
	AssetState *state = state_of(f, recommend_ids_add(&f->ids, asset_id.value));

	if (state->rated && state->label != RECOMMEND_LEARNING &&
		periods_are_fading(periods, state->like_n, state->like_x, fit_normal_quantile((1 + CONFIDENCE) / 2)))
		state->label = RECOMMEND_FADING;
}

/* list_unused lists assets that were never reused, as many as there shall be to explore. */
static void
list_unused(Finder *f, NearList *list)
{
	const Oid	types[] = {f->ids.type, FLOAT8OID};
	int			taken = f->ids.count;
	PlanRequest plan;
	uint64		i;

	near_list_init(list, f->request->explore);
	if (f->request->explore == 0 || f->insight == (Datum) 0)
		return;
	begin_rates(f, recommend_unused, TABLE_BIT(APP_HISTORY), &plan);
	/* what is in the campaign is among them */
	plan_add_value(&plan, "most", INT8OID, Int64GetDatum(f->request->explore + taken));
	execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		asset = read_asset(f, i, 1);
		bool		isnull;
		double		high = DatumGetFloat8(value_of(i, 2, &isnull));

		if (!state_of(f, asset)->taken && !isnull)
			near_list_add(list, asset, high, recommend_ids_compare, &f->ids);
	}
	for (i = 0; i < (uint64) list->count; i++)
		state_of(f, list->items[i].asset)->taken = true;
}

/* pick_fitting picks the best of what the campaigns that are kept have; false if that is nothing. */
static bool
pick_fitting(Finder *f, RecommendSource source, int room)
{
	int			before = f->npicks;
	NearScores	scores;
	uint32		n;

	near_scores_init(&scores, f->ids.count);
	for (n = 0; n < f->nkept; n++)
		f->kept[n].count = near_add_campaign(&scores, f->kept[n].near.near, f->kept[n].assets, f->kept[n].count);
	for (n = 0; n < f->ids.count; n++)
		state_of(f, n)->campaigns = scores.campaigns[n];
	pick_best(f, scores.sums, true, source, room);
	if (f->nseeds > 0)
		find_reasons(f);
	return f->npicks > before;
}

/*
 * pick_best picks the best by these sums, by asset, and by what else counts.
 *
 * That can only be less than the sum, but for the rates' factor.  So the greatest sums are looked
 * at first, until no other can be among the best: of thousands of assets, some dozens are looked up.
 */
static void
pick_best(Finder *f, const double *sums, bool of_campaigns, RecommendSource source, int room)
{
	double		most = f->request->order == RECOMMEND_BY_EXPECTED ? MAX_FACTOR : 1;
	NearItem   *items = palloc_extended(Max(f->ids.count, 1) * sizeof(NearItem), MCXT_ALLOC_HUGE);
	uint32		batch = FIRST_BATCH;
	uint32		count = 0;
	uint32		next = 0;
	NearList	list;
	uint32		i;

	if (room <= 0)
		return;
	for (i = 0; i < f->ids.count; i++)
	{
		if (sums[i] > 0 && !state_of(f, i)->taken)
			items[count++] = (NearItem) {i, sums[i]};
	}
	qsort(items, count, sizeof(NearItem), compare_items);
	near_list_init(&list, room);
	while (next < count && (list.count < room || list.items[room - 1].fit <= items[next].fit * most))
	{
		uint32		end = next + Min(batch, count - next);

		read_live(f, &items[next], end - next);
		for (; next < end; next++)
		{
			AssetState *state = state_of(f, items[next].asset);

			if (state->live && state->wanted)
				near_list_add(&list, items[next].asset,
							  items[next].fit * (of_campaigns ? near_rarity(state->reuses) : 1) * state->factor,
							  recommend_ids_compare, &f->ids);
		}
		batch *= 2;
	}
	add_picks(f, &list, source);
}

/* compare_items orders items by their sums, the greatest first. */
static int
compare_items(const void *a, const void *b)
{
	const NearItem *x = a;
	const NearItem *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->fit != y->fit)
		return x->fit > y->fit ? -1 : 1;
	return (x->asset > y->asset) - (x->asset < y->asset);
}

/* pick_popular fills up with what was used most of late. */
static void
pick_popular(Finder *f, int room)
{
	const Oid	types[] = {f->ids.type, TIMESTAMPOID};
	Timestamp	start = Max(f->now - (int64) NEAR_POPULAR_DAYS * USECS_PER_DAY, MIN_TIMESTAMP);
	double	   *sums;
	PlanRequest plan;
	uint64		i;

	if (room <= 0)
		return;
	begin_statement(f, recommend_newest_events, TABLE_BIT(APP_ASSETS) | TABLE_BIT(APP_HISTORY), &plan);
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, TimestampGetDatum(start), false);
	plan_add_optional(&plan, "of_ids", BOOLOID, (Datum) 0, true);
	execute(&plan, types, lengthof(types));
	sums = palloc0((f->ids.count + SPI_processed + 1) * sizeof(double));
	for (i = 0; i < SPI_processed; i++)
		sums[read_asset(f, i, 1)] += near_decay(f->now, time_of(i, 2), NEAR_POPULAR_HALF_LIFE);

	for (i = 0; i < f->ids.count; i++)
		state_of(f, i)->campaigns = 0;
	pick_best(f, sums, false, RECOMMEND_POPULAR, room);
}

/* add_picks adds a list to the items; of each source, the best one's fit is 1. */
static void
add_picks(Finder *f, const NearList *list, RecommendSource source)
{
	int			i;

	for (i = 0; i < list->count; i++)
	{
		AssetState *state = state_of(f, list->items[i].asset);
		Pick	   *pick = &f->picks[f->npicks++];

		*pick = (Pick) {
			.asset = list->items[i].asset, .source = source, .campaigns = state->campaigns,
			.fit = list->items[0].fit > 0 ? list->items[i].fit / list->items[0].fit : 0
		};
		state->taken = true;
		state->item = f->npicks;
	}
}

/* find_reasons finds what each seed has to do with the fit of the items. */
static void
find_reasons(Finder *f)
{
	uint32		n;

	for (n = 0; n < f->nkept; n++)
		add_reasons(f, &f->kept[n]);
}

/* add_reasons adds the seeds that a campaign has to the reasons of the items that it has. */
static void
add_reasons(Finder *f, const KeptCampaign *kept)
{
	NearUse		key = {.campaign = kept->near.campaign};
	NearUse    *use = bsearch(&key, f->uses, f->nuses, sizeof(NearUse), compare_campaigns);
	NearUse    *end = f->uses + f->nuses;
	uint32		i;

	if (use == NULL)
		return;
	while (use > f->uses && use[-1].campaign == key.campaign)
		use--;
	for (; use < end && use->campaign == key.campaign; use++)
	{
		double		share = f->weights[use->asset] * kept->near.decay / kept->count;

		if (use > f->uses && use[-1].campaign == key.campaign && use[-1].asset == use->asset)
			continue;
		for (i = 0; i < kept->count; i++)
		{
			int			item = state_of(f, kept->assets[i])->item;

			if (item > 0)
				f->picks[item - 1].because[use->asset] += share;
		}
	}
}

static int
compare_campaigns(const void *a, const void *b)
{
	uint32		x = ((const NearUse *) a)->campaign;
	uint32		y = ((const NearUse *) b)->campaign;

	return (x > y) - (x < y);
}

/* read_items reads the rows of the items. */
static void
read_items(Finder *f, RecommendAnswer *answer)
{
	uint32		numbers[RECOMMEND_MAX_ITEMS];
	PlanRequest plan;
	uint64		i;

	answer->nitems = 0;
	answer->items = palloc0(Max(f->npicks, 1) * sizeof(RecommendItem));
	for (i = 0; i < (uint64) f->npicks; i++)
		numbers[i] = f->picks[i].asset;
	if (f->npicks == 0)
		return;
	if (f->insight != (Datum) 0)
	{
		read_rates(f, numbers, f->npicks);
		find_fading(f);
	}
	begin_statement(f, recommend_items,
					TABLE_BIT(APP_ASSETS) | (f->request->has_as_of ? TABLE_BIT(APP_HISTORY) : 0), &plan);
	plan.plan_options = PLAN_BY_KEY;
	plan.columns[APP_ASSETS] = RECOMMEND_COLUMNS;
	plan_add_optional(&plan, "start_date", TIMESTAMPOID, (Datum) 0, true);
	add_ids(f, numbers, f->npicks, &plan);
	plan_execute(&plan);
	app_row_check(&f->assets, RECOMMEND_COLUMNS, 0, SPI_tuptable->tupdesc);
	for (i = 0; i < SPI_processed; i++)
	{
		RecommendItem *item = &answer->items[answer->nitems++];
		const Pick *pick;
		int			next;

		if (answer->nitems > f->npicks)
			plan_report_changed();
		next = app_row_read(&f->assets, RECOMMEND_COLUMNS, 0, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &item->row);
		pick = &f->picks[DatumGetInt32(plan_result(i, next + 1, INT4OID)) - 1];
		if (f->request->has_as_of)
			put_past(f, i, next + 2, &item->row);
		item->source = pick->source;
		item->fit = pick->fit;
		item->campaigns = pick->campaigns;
		item->has_rate = f->states[pick->asset].rated;
		item->shrunken_rate = f->states[pick->asset].shrunken_rate;
		item->label = f->states[pick->asset].label;
		put_reasons(f, pick, item);
	}
}

/* put_past puts what an asset's counter and time were at the time asked for, from two columns. */
static void
put_past(const Finder *f, uint64 row, int column, AppRow *asset)
{
	int64		reuses = DatumGetInt64(plan_result(row, column, INT8OID));

	switch (f->assets.columns[ASSET_REUSED_COUNT].type)
	{
		case INT2OID:
			asset->values[ASSET_REUSED_COUNT] = Int16GetDatum((int16) reuses);
			break;
		case INT4OID:
			asset->values[ASSET_REUSED_COUNT] = Int32GetDatum((int32) reuses);
			break;
		default:
			asset->values[ASSET_REUSED_COUNT] = Int64GetDatum(reuses);
	}
	asset->nulls[ASSET_REUSED_COUNT] = false;
	asset->nulls[ASSET_LAST_REUSED_AT] = plan_result_is_null(row, column + 1, TIMESTAMPOID);
	/* a timestamptz is the timestamp in UTC */
	if (!asset->nulls[ASSET_LAST_REUSED_AT])
		asset->values[ASSET_LAST_REUSED_AT] = plan_result(row, column + 1, TIMESTAMPOID);
}

/* put_reasons puts the seeds that have most to do with an item's fit, of equal ones the first. */
static void
put_reasons(const Finder *f, const Pick *pick, RecommendItem *item)
{
	double		shares[NEAR_MAX_SEEDS];
	int			n;

	memcpy(shares, pick->because, sizeof(shares));
	for (item->nbecause = 0; item->nbecause < NEAR_MAX_BECAUSE; item->nbecause++)
	{
		int			best = 0;

		for (n = 1; n < f->nseeds; n++)
		{
			if (shares[n] > shares[best])
				best = n;
		}
		if (shares[best] <= 0)
			break;
		shares[best] = 0;
		item->because[item->nbecause] = (RecommendSeed) {
			.id = id_text(&f->ids, f->seeds[best].asset), .name = f->seeds[best].name
		};
	}
}

/* id_text returns an asset's id as text. */
static text *
id_text(const RecommendIds *ids, uint32 number)
{
	Datum		id = ids->values[number];

	if (ids->type != UUIDOID)
		return DatumGetTextPP(id);
	return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, id)));
}
