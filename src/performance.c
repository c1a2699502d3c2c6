/*-------------------------------------------------------------------------
 *
 * performance.c
 *	  asset_reuse_performance: which assets are good?
 *
 * One statement returns the assets with the best rates, as far as their data tells (insight_asset.c); for
 * these the periods between their reuses are read (periods_read.c), to know those that are fading.
 * Both see what the calling query sees.  All lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "insight.h"
#include "insight_fit.h"
#include "periods_read.h"
#include "plan_cache.h"
#include "rows_queries.h"

PG_FUNCTION_INFO_V1(asset_reuse_performance);

#define CONFIDENCE			0.95
#define MAX_ROWS			1000

/* How much of an asset's rate must be its own data, to say something of it */
#define MIN_OWN_SHARE		0.5

/* Columns of the statement, as SPI numbers them; between are those that are returned as they are */
enum
{
	RANKED_ID = 1,
	RANKED_ASSET_ID,
	RANKED_NAME,
	RANKED_TYPE,
	RANKED_IMPRESSIONS,
	RANKED_CLICKS,
	RANKED_RATES
};

#define NCOPIED				(RANKED_CLICKS - RANKED_ID)

/* What is returned behind them: rates, and the label */
#define NRATES				6

/* What asset_reuse_insight_asset returns of an asset */
typedef enum AssetRate
{
	RATE_IMPRESSIONS,
	RATE_CLICKS,
	RATE_OWN,
	RATE_SHRUNKEN,
	RATE_LOW,
	RATE_HIGH,
	RATE_OWN_SHARE,
	RATE_OF_LIKE,
	RATE_COUNT
} AssetRate;

typedef struct RankedAsset
{
	Identifier	id;
	Datum		copied[NCOPIED];
	bool		nulls[NCOPIED];
	double		rates[RATE_COUNT];
	bool		has_rate;		/* RATE_OWN */
	bool		fading;
} RankedAsset;

typedef struct Ranking
{
	int			nassets;
	RankedAsset *assets;		/* best first */
	RankedAsset **by_id;
	double		z;
} Ranking;

static void rank_assets(Oid caller, RowRequest *request, int row_limit, Ranking *ranking);
static void put_piece(PlanText *text, const PlanRequest *request, const char *name);
static void read_asset(uint64 row, Oid id_type, Oid answer_type, RankedAsset *asset);
static void find_fading(Oid caller, RowRequest *request, Ranking *ranking);
static int	compare_assets(const void *a, const void *b);
static void take_asset(void *taker, Identifier asset_id, const Periods *periods);
static void put_asset(ReturnSetInfo *result, const RankedAsset *asset);
static const char *label_of(const RankedAsset *asset);

/*
 * asset_reuse_performance(tenant_id, asset_type, campaign_space_id, row_limit) returns the assets
 * with the best rates.
 */
Datum
asset_reuse_performance(PG_FUNCTION_ARGS)
{
	RowRequest	request = {
		.id_type = request_id_type(fcinfo, 0), .detail = DETAIL_PLACE, .finds_campaigns = true
	};
	Oid			caller = fcinfo->flinfo->fn_oid;
	Ranking		ranking = {.z = fit_normal_quantile((1 + CONFIDENCE) / 2)};
	int			row_limit;
	int			i;

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_type = request_any_text(fcinfo, 1);
	request.campaign_id = request_optional_identifier(fcinfo, 2, "campaign_space_id", request.id_type);
	row_limit = request_optional_int(fcinfo, 3, "row_limit", 1, MAX_ROWS,
									 DEFAULT_PERFORMANCE_ROWS);

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	rank_assets(caller, &request, row_limit, &ranking);
	if (ranking.nassets > 0)
		find_fading(caller, &request, &ranking);
	for (i = 0; i < ranking.nassets; i++)
		put_asset((ReturnSetInfo *) fcinfo->resultinfo, &ranking.assets[i]);
	SPI_finish();
	return (Datum) 0;
}

/* rank_assets runs the statement and keeps its rows. */
static void
rank_assets(Oid caller, RowRequest *request, int row_limit, Ranking *ranking)
{
	RowStatement statement;
	uint64		i;

	rows_make_statement(caller, request, row_performance, &statement);
	statement.plan.put_piece = put_piece;
	/* a statement has the tables that it is bound to */
	if (!insight_needs_spaces(&statement.assets) || !statement.spaces.columns[SPACE_PLATFORM].present)
		statement.plan.tables[APP_SPACES] = NULL;
	if (!OidIsValid(request->campaign_id.type))
		statement.plan.tables[APP_HISTORY] = NULL;
	identifier_add_made_in(&statement.plan, request->campaign_id, &statement.assets.columns[ASSET_CAMPAIGN_SPACE_ID],
						   &statement.spaces.columns[SPACE_ID]);
	insight_add_campaigns(&statement.plan, request->tenant_id);
	plan_add_value(&statement.plan, "confidence", FLOAT8OID, Float8GetDatum(CONFIDENCE));
	plan_add_value(&statement.plan, "row_limit", INT4OID, Int32GetDatum(row_limit));
	plan_execute(&statement.plan);

	ranking->nassets = SPI_processed;
	ranking->assets = palloc(Max(SPI_processed, 1) * sizeof(RankedAsset));
	for (i = 0; i < SPI_processed; i++)
		read_asset(i, statement.assets.columns[ASSET_ID].type == UUIDOID ? UUIDOID : TEXTOID,
				   request->id_type, &ranking->assets[i]);
}

static void
put_piece(PlanText *text, const PlanRequest *request, const char *name)
{
	if (!insight_put_piece(text, request, name))
		rows_put_piece(text, request, name);
}

/* read_asset reads a row of the statement, where ids are of one type, and answered in another. */
static void
read_asset(uint64 row, Oid id_type, Oid answer_type, RankedAsset *asset)
{
	Oid			types[NCOPIED] = {answer_type, TEXTOID, TEXTOID, NUMERICOID, NUMERICOID};
	ArrayType  *rates = DatumGetArrayTypeP(plan_result(row, RANKED_RATES, FLOAT8ARRAYOID));
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			i;

	deconstruct_array(rates, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls,
					  &count);
	if (count != RATE_COUNT)
		plan_report_changed();
	for (i = 0; i < RATE_COUNT; i++)
		asset->rates[i] = nulls[i] ? 0 : DatumGetFloat8(values[i]);
	asset->has_rate = !nulls[RATE_OWN];
	asset->id = (Identifier) {id_type, plan_result(row, RANKED_ID, id_type)};
	for (i = 0; i < NCOPIED; i++)
	{
		asset->nulls[i] = plan_result_is_null(row, RANKED_ASSET_ID + i, types[i]);
		asset->copied[i] = asset->nulls[i] ? (Datum) 0 : plan_result(row, RANKED_ASSET_ID + i, types[i]);
	}
	asset->fading = false;
}

/* find_fading reads the periods of the assets. */
static void
find_fading(Oid caller, RowRequest *request, Ranking *ranking)
{
	Identifier *ids = palloc(ranking->nassets * sizeof(Identifier));
	RowRequest	periods = {
		.id_type = request->id_type,
		.tenant_id = request->tenant_id,
		.detail = DETAIL_CONTEXT,
		.snapshots = true,
		.asset_ids = ids,
		.nasset_ids = ranking->nassets
	};
	int			i;

	ranking->by_id = palloc(ranking->nassets * sizeof(RankedAsset *));
	for (i = 0; i < ranking->nassets; i++)
	{
		ids[i] = ranking->assets[i].id;
		ranking->by_id[i] = &ranking->assets[i];
	}
	qsort(ranking->by_id, ranking->nassets, sizeof(RankedAsset *), compare_assets);
	periods_read(caller, &periods, take_asset, ranking);
}

static int
compare_assets(const void *a, const void *b)
{
	return identifier_compare((*(RankedAsset *const *) a)->id, (*(RankedAsset *const *) b)->id);
}

/*
 * take_asset looks whether an asset is fading.  What its like stand for, impressions and clicks,
 * follows from its own ones and their share.
 */
static void
take_asset(void *taker, Identifier asset_id, const Periods *periods)
{
	const Ranking *ranking = taker;
	RankedAsset sought = {.id = asset_id};
	RankedAsset *key = &sought;
	RankedAsset **found = bsearch(&key, ranking->by_id, ranking->nassets, sizeof(RankedAsset *), compare_assets);
	double		like_n;

	if (found == NULL || (*found)->rates[RATE_OWN_SHARE] <= 0)
		return;
	like_n = (*found)->rates[RATE_IMPRESSIONS] * (1 / (*found)->rates[RATE_OWN_SHARE] - 1);
	(*found)->fading = periods_are_fading(periods, like_n, like_n * (*found)->rates[RATE_OF_LIKE], ranking->z);
}

static void
put_asset(ReturnSetInfo *result, const RankedAsset *asset)
{
	Datum		values[NCOPIED + NRATES];
	bool		nulls[NCOPIED + NRATES] = {false};
	int			i = NCOPIED;

	memcpy(values, asset->copied, sizeof(asset->copied));
	memcpy(nulls, asset->nulls, sizeof(asset->nulls));
	values[i] = Float8GetDatum(asset->rates[RATE_OWN]);
	nulls[i++] = !asset->has_rate;
	values[i++] = Float8GetDatum(asset->rates[RATE_SHRUNKEN]);
	values[i++] = Float8GetDatum(asset->rates[RATE_LOW]);
	values[i++] = Float8GetDatum(asset->rates[RATE_HIGH]);
	values[i++] = Float8GetDatum(asset->rates[RATE_OWN_SHARE]);
	values[i] = CStringGetTextDatum(label_of(asset));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static const char *
label_of(const RankedAsset *asset)
{
	if (asset->rates[RATE_OWN_SHARE] < MIN_OWN_SHARE)
		return "learning";
	if (asset->fading)
		return "fading";
	if (asset->rates[RATE_LOW] > asset->rates[RATE_OF_LIKE])
		return "high";
	return asset->rates[RATE_HIGH] < asset->rates[RATE_OF_LIKE] ? "low" : "typical";
}
