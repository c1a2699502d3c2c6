/*-------------------------------------------------------------------------
 *
 * recommend_rates.c
 *	  What the search for assets that fit reads of the assets' rates: these, which
 *	  assets are fading, and which were never reused.
 *
 * All memory is that of the caller's SPI connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "insight.h"
#include "insight_fit.h"
#include "periods_read.h"
#include "recommend_finder.h"
#include "recommend_queries.h"
#include "rows_request.h"

/* Of the rates' intervals */
#define CONFIDENCE			0.95

/* The share of its own data that a rate must have, or nothing is said of the asset */
#define KNOWN_SHARE			0.5

static void begin_rates(Finder *f, const char *sql, int tables, PlanRequest *plan);
static void read_rate(FinderAsset *state, uint64 row);
static void take_periods(void *taker, Identifier asset_id, const Periods *periods);

/* finder_read_insight reads what the tenant's assets have performed, all of them. */
void
finder_read_insight(Finder *f)
{
	PlanRequest plan;

	begin_rates(f, recommend_insight, 0, &plan);
	plan.unread = TABLE_BIT(APP_SPACES);
	insight_add_campaigns(&plan, f->request->tenant_id);
	f->insight = plan_execute_value(&plan);
}

/* begin_rates begins a statement that reads what rates take. */
static void
begin_rates(Finder *f, const char *sql, int tables, PlanRequest *plan)
{
	bool		with_spaces = insight_needs_spaces(&f->assets) && f->spaces.columns[SPACE_PLATFORM].present;

	finder_begin(f, sql, TABLE_BIT(APP_ASSETS) | (with_spaces ? TABLE_BIT(APP_SPACES) : 0) | tables, plan);
	plan->plan_options = PLAN_BY_TENANT;
	plan_add_nullable(plan, "insight", BYTEAOID, f->insight, DatumGetPointer(f->insight) == NULL);
	plan_add_value(plan, "confidence", FLOAT8OID, Float8GetDatum(CONFIDENCE));
}

/* finder_read_rates reads the rates of some assets. */
void
finder_read_rates(Finder *f, const uint32 *numbers, uint32 count)
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
	finder_add_ids(f, numbers, count, &plan);
	finder_execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
		read_rate(finder_asset(f, numbers[finder_number(i, count)]), i);
}

/* read_rate reads what an asset's rate is taken to be from a row. */
static void
read_rate(FinderAsset *state, uint64 row)
{
	double		values[6] = {0};
	double		own_share;
	double		rate_of_like;
	bool		isnull;
	int			i;

	for (i = 0; i < (int) lengthof(values); i++)
	{
		values[i] = DatumGetFloat8(finder_value(row, i + 2, &isnull));
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

/* finder_find_fading finds the items that are fading, by the periods between their uses. */
void
finder_find_fading(Finder *f)
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
	FinderAsset *state = finder_asset(f, recommend_ids_add(&f->ids, asset_id.value));

	if (state->rated && state->label != RECOMMEND_LEARNING &&
		periods_are_fading(periods, state->like_n, state->like_x, fit_normal_quantile((1 + CONFIDENCE) / 2)))
		state->label = RECOMMEND_FADING;
}

/* finder_list_unused lists assets that were never reused, as many as there shall be to explore. */
void
finder_list_unused(Finder *f, NearList *list)
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
	finder_execute(&plan, types, lengthof(types));
	for (i = 0; i < SPI_processed; i++)
	{
		uint32		asset = finder_read_asset(f, i, 1);
		bool		isnull;
		double		high = DatumGetFloat8(finder_value(i, 2, &isnull));

		if (!finder_asset(f, asset)->taken && !isnull)
			near_list_add(list, asset, high, recommend_ids_compare, &f->ids);
	}
	for (i = 0; i < (uint64) list->count; i++)
		finder_asset(f, list->items[i].asset)->taken = true;
}
