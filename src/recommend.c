/*-------------------------------------------------------------------------
 *
 * recommend.c
 *	  asset_reuse_recommend: what to reuse next.
 *
 * The answer lives in the calling query's memory context; all else until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "recommend_find.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_recommend);

#define DEFAULT_ITEMS		10
#define DEFAULT_HALF_LIFE	((double) 365 * USECS_PER_DAY)

/* What the answer takes, and each item */
#define ANSWER_SIZE			512
#define ITEM_SIZE			1024

/* Significant digits of a fit */
#define FIT_DIGITS			6

static void read_request(FunctionCallInfo fcinfo, RecommendRequest *request);
static double read_half_life(FunctionCallInfo fcinfo, int argno);
static void read_as_of(FunctionCallInfo fcinfo, int argno, RecommendRequest *request);
static Jsonb *make_answer(const RecommendRequest *request, const RecommendAnswer *found, MemoryContext memory);
static void put_filters(JsonbWriter *w, const RecommendRequest *request, const RecommendAnswer *found);
static void put_fit(JsonbWriter *w, const void *of);
static void put_label(JsonbWriter *w, const void *of);
static void put_source(JsonbWriter *w, const void *of);
static void put_because(JsonbWriter *w, const void *of);
static void put_campaigns(JsonbWriter *w, const void *of);
static void put_shrunken_rate(JsonbWriter *w, const void *of);

static const char *const orders[] = {
	[RECOMMEND_BY_FIT] = "fit",
	[RECOMMEND_BY_EXPECTED] = "expected",
};

static const AnswerExtra extras[] = {
	{JSONB_KEY("fit"), put_fit},
	{JSONB_KEY("label"), put_label},
	{JSONB_KEY("source"), put_source},
	{JSONB_KEY("because"), put_because},
	{JSONB_KEY("campaigns"), put_campaigns},
	{JSONB_KEY("shrunken_rate"), put_shrunken_rate},
};

/*
 * asset_reuse_recommend(tenant_id, campaign_space_id, asset_type, row_limit, order_by, explore,
 * half_life, as_of) returns assets that fit a campaign, the best first.
 */
Datum
asset_reuse_recommend(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	RecommendRequest request = {0};
	RecommendAnswer found;
	Jsonb	   *answer;

	read_request(fcinfo, &request);

	SPI_connect();
	recommend_find(&request, fcinfo->flinfo->fn_oid, &found);
	answer = make_answer(&request, &found, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments. */
static void
read_request(FunctionCallInfo fcinfo, RecommendRequest *request)
{
	Oid			id_type = request_id_type(fcinfo, 0);

	request->tenant_id = request_identifier(fcinfo, 0, "tenant_id", id_type);
	request->campaign_id = request_optional_identifier(fcinfo, 1, "campaign_space_id", id_type);
	request->asset_type = request_any_text(fcinfo, 2);
	request->row_limit = request_optional_int(fcinfo, 3, "row_limit", 1, RECOMMEND_MAX_ITEMS, DEFAULT_ITEMS);
	request->order = request_choice(fcinfo, 4, "order_by", orders, lengthof(orders));
	request->explore = request_optional_int(fcinfo, 5, "explore", 0, request->row_limit, 0);
	request->half_life = read_half_life(fcinfo, 6);
	read_as_of(fcinfo, 7, request);
}

/* read_half_life reads an interval as microseconds; a month is a twelfth of a year. */
static double
read_half_life(FunctionCallInfo fcinfo, int argno)
{
	const Interval *given;
	double		half_life;

	if (PG_ARGISNULL(argno))
		return DEFAULT_HALF_LIFE;
	given = PG_GETARG_INTERVAL_P(argno);
	half_life = (double) given->time + (double) given->day * USECS_PER_DAY +
		given->month * (DAYS_PER_YEAR / MONTHS_PER_YEAR) * USECS_PER_DAY;
	if (half_life <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life is out of bounds"),
				 errdetail("half_life must be greater than 0.")));
	return half_life;
}

/* read_as_of reads the time as of which is asked; without one, now. */
static void
read_as_of(FunctionCallInfo fcinfo, int argno, RecommendRequest *request)
{
	request->has_as_of = !PG_ARGISNULL(argno);
	if (!request->has_as_of)
		return;
	/* a timestamptz is the timestamp in UTC */
	request->as_of = PG_GETARG_TIMESTAMPTZ(argno);
	if (TIMESTAMP_NOT_FINITE(request->as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite")));
	if (request->order == RECOMMEND_BY_EXPECTED || request->explore > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of cannot be given with order_by => 'expected' or explore"),
				 errdetail("Both take what the assets have performed until now.")));
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const RecommendRequest *request, const RecommendAnswer *found, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("items"), JSONB_KEY("seeds"), JSONB_KEY("filters"), JSONB_KEY("success"),
	};
	JsonbWriter w;
	int			i;

	jsonb_writer_init(&w, memory, ANSWER_SIZE + found->nitems * ITEM_SIZE);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	jsonb_begin_array(&w, found->nitems);
	for (i = 0; i < found->nitems; i++)
		answer_put_row_with(&w, APP_ASSETS, &found->items[i].row, RECOMMEND_COLUMNS,
							extras, lengthof(extras), &found->items[i]);
	jsonb_end(&w);
	answer_put_int(&w, found->nseeds);
	put_filters(&w, request, found);
	jsonb_put_bool(&w, true);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_filters(JsonbWriter *w, const RecommendRequest *request, const RecommendAnswer *found)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("as_of"), JSONB_KEY("explore"), JSONB_KEY("order_by"), JSONB_KEY("row_limit"),
		JSONB_KEY("asset_type"), JSONB_KEY("half_life_days"), JSONB_KEY("campaign_space_id"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	if (request->has_as_of)
		answer_put_time(w, request->as_of);
	else
		jsonb_put_null(w);
	answer_put_int(w, request->explore);
	jsonb_put_string(w, orders[request->order], strlen(orders[request->order]));
	answer_put_int(w, request->row_limit);
	answer_put_text(w, request->asset_type);
	answer_put_significant(w, request->half_life / USECS_PER_DAY, FIT_DIGITS);
	answer_put_text(w, found->campaign_id);
	jsonb_end(w);
}

static void
put_fit(JsonbWriter *w, const void *of)
{
	answer_put_significant(w, ((const RecommendItem *) of)->fit, FIT_DIGITS);
}

static void
put_label(JsonbWriter *w, const void *of)
{
	static const char *const labels[] = {
		[RECOMMEND_LEARNING] = "learning",
		[RECOMMEND_TYPICAL] = "typical",
		[RECOMMEND_HIGH] = "high",
		[RECOMMEND_LOW] = "low",
		[RECOMMEND_FADING] = "fading",
	};
	const RecommendItem *item = of;

	if (item->has_rate)
		jsonb_put_string(w, labels[item->label], strlen(labels[item->label]));
	else
		jsonb_put_null(w);
}

static void
put_source(JsonbWriter *w, const void *of)
{
	static const char *const sources[] = {
		[RECOMMEND_SIMILAR_CAMPAIGNS] = "similar_campaigns",
		[RECOMMEND_SAME_BRAND] = "same_brand",
		[RECOMMEND_SAME_PLATFORM] = "same_platform",
		[RECOMMEND_POPULAR] = "popular",
		[RECOMMEND_EXPLORE] = "explore",
	};
	const char *source = sources[((const RecommendItem *) of)->source];

	jsonb_put_string(w, source, strlen(source));
}

static void
put_because(JsonbWriter *w, const void *of)
{
	static const JsonbKey keys[] = {JSONB_KEY("id"), JSONB_KEY("asset_name")};
	const RecommendItem *item = of;
	int			i;

	jsonb_begin_array(w, item->nbecause);
	for (i = 0; i < item->nbecause; i++)
	{
		jsonb_begin_object_keys(w, keys, lengthof(keys));
		answer_put_text(w, item->because[i].id);
		answer_put_text(w, item->because[i].name);
		jsonb_end(w);
	}
	jsonb_end(w);
}

static void
put_campaigns(JsonbWriter *w, const void *of)
{
	answer_put_int(w, ((const RecommendItem *) of)->campaigns);
}

static void
put_shrunken_rate(JsonbWriter *w, const void *of)
{
	const RecommendItem *item = of;

	if (item->has_rate)
		answer_put_significant(w, item->shrunken_rate, FIT_DIGITS);
	else
		jsonb_put_null(w);
}
