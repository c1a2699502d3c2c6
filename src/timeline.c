/*-------------------------------------------------------------------------
 *
 * timeline.c
 *	  asset_reuse_timeline and asset_reuse_trend: reuse by buckets of time.
 *
 * One statement counts by bucket (rows_queries.c).  Buckets without a row are added with zeros.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "answer.h"
#include "plan_cache.h"
#include "rows_queries.h"
#include "rows_request.h"

PG_FUNCTION_INFO_V1(asset_reuse_timeline);
PG_FUNCTION_INFO_V1(asset_reuse_trend);

/* Columns of the timeline's statement, as SPI numbers them */
enum
{
	TIMELINE_BUCKET = 1,
	TIMELINE_REUSES,
	TIMELINE_ASSETS,
	TIMELINE_LATER
};

/* Columns of the trend's statement */
enum
{
	TREND_BUCKET = 1,
	TREND_CREATED,
	TREND_REUSES,
	TREND_REUSED,
	TREND_MADE,
	TREND_FIRST_REUSED
};

/* The running totals of a trend */
typedef struct TrendTotals
{
	int64		assets;
	int64		ever_reused;
} TrendTotals;

static text *read_time_zone(FunctionCallInfo fcinfo, int argno);
static void bound_timeline(RowRequest *request);
static void put_timeline(ReturnSetInfo *result, const RowRequest *request);
static bool timeline_start(const RowRequest *request, Timestamp *start);
static void report_outside(const RowRequest *request);
static int64 events_outside(const RowRequest *request, bool later);
static uint64 first_row(const RowRequest *request);
static void put_trend(ReturnSetInfo *result, const RowRequest *request, bool has_created);
static uint64 add_earlier(const RowRequest *request, TrendTotals *totals, bool *has_earlier);
static void put_trend_bucket(ReturnSetInfo *result, Timestamp start, const int64 *counts,
							 const TrendTotals *totals, bool has_created);
static Timestamp next_bucket(const RowRequest *request, Timestamp start);
static void check_all_put(const RowRequest *request, uint64 row);
pg_noreturn static void report_time_zone(const RowRequest *request);
static bool bucket_start(uint64 row, Timestamp *start);
static int64 row_count(uint64 row, int column);

/*
 * asset_reuse_timeline(tenant_id, bucket, asset_type, start_date, end_date, time_zone) returns
 * the number of reuses in each bucket of time.
 */
Datum
asset_reuse_timeline(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};
	RowStatement statement;

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.bucket = time_bucket_find(request_text_or(fcinfo, 1, "bucket", "day"));
	request.asset_type = request_any_text(fcinfo, 2);
	request.range = request_range(fcinfo, 3);
	request.time_zone = read_time_zone(fcinfo, 5);
	bound_timeline(&request);

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	rows_make_statement(fcinfo->flinfo->fn_oid, &request, row_timeline, &statement);
	plan_execute(&statement.plan);
	put_timeline((ReturnSetInfo *) fcinfo->resultinfo, &request);
	SPI_finish();
	return (Datum) 0;
}

/* read_time_zone reads a time zone, null for UTC; error 22023 if there is no such zone. */
static text *
read_time_zone(FunctionCallInfo fcinfo, int argno)
{
	text	   *zone = request_text_or(fcinfo, argno, "time_zone", "UTC");

	if (pg_strcasecmp(text_to_cstring(zone), "UTC") == 0)
		return NULL;
	/* raises PostgreSQL's own error */
	(void) DirectFunctionCall2(timestamptz_zone, PointerGetDatum(zone), TimestampTzGetDatum(0));
	return zone;
}

/*
 * bound_timeline decides where a timeline ends, and where it can begin.
 *
 * Without an end_date it ends a day after the clock.  Otherwise one absurd event, in the year 9999
 * or 1, would make it end or begin there.
 */
static void
bound_timeline(RowRequest *request)
{
	/* a timestamptz is the timestamp in UTC */
	request->last_time = TIMESTAMP_NOT_FINITE(request->range.end) ?
		GetCurrentTimestamp() + USECS_PER_DAY : request->range.end;
	request->first_bucket =
		time_bucket_back(request->bucket, request->time_zone,
						 time_bucket_start(request->bucket, request->time_zone, request->last_time - 1),
						 MAX_BUCKETS - 1);
}

/* put_timeline puts the buckets that were counted, and zeros for those between them. */
static void
put_timeline(ReturnSetInfo *result, const RowRequest *request)
{
	Timestamp	last = time_bucket_start(request->bucket, request->time_zone, request->last_time - 1);
	Timestamp	start;
	uint64		row = first_row(request);

	report_outside(request);
	if (!timeline_start(request, &start) || start > last)
		return;
	for (;;)
	{
		Datum		values[] = {TimestampTzGetDatum(start), Int64GetDatum(0), Int64GetDatum(0)};
		bool		nulls[lengthof(values)] = {0};
		Timestamp	counted;

		CHECK_FOR_INTERRUPTS();
		if (bucket_start(row, &counted) && counted == start)
		{
			values[1] = Int64GetDatum(row_count(row, TIMELINE_REUSES));
			values[2] = Int64GetDatum(row_count(row, TIMELINE_ASSETS));
			row++;
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		/* after the last there may be no time */
		if (start >= last)
			break;
		start = next_bucket(request, start);
	}
	check_all_put(request, row);
}

/*
 * timeline_start finds the first bucket: that of the range or, if the range is open, of the data,
 * but not before the first possible one; false if there is none.
 */
static bool
timeline_start(const RowRequest *request, Timestamp *start)
{
	if (request->range.start >= request->last_time)
		return false;
	if (!TIMESTAMP_NOT_FINITE(request->range.start))
		*start = Max(time_bucket_start(request->bucket, request->time_zone, request->range.start), request->first_bucket);
	else if (events_outside(request, false) > 0)
		*start = request->first_bucket;
	else
		return bucket_start(0, start);
	return true;
}

/* report_outside reports the events that a timeline does not show. */
static void
report_outside(const RowRequest *request)
{
	int64		earlier = events_outside(request, false);
	int64		later = events_outside(request, true);

	if (later > 0)
		ereport(NOTICE,
				(errmsg("timeline ends one day after the current time"),
				 errdetail("Number of later events: " INT64_FORMAT ".", later),
				 errhint("Set end_date to include them.")));
	if (earlier > 0 || (!TIMESTAMP_NOT_FINITE(request->range.start) &&
						time_bucket_start(request->bucket, request->time_zone, request->range.start) < request->first_bucket))
		ereport(NOTICE,
				(errmsg("timeline is limited to the newest %d buckets", MAX_BUCKETS),
				 errdetail("Number of earlier events: " INT64_FORMAT ".", earlier),
				 errhint("Use a longer bucket, or a shorter range of start_date and end_date.")));
}

/* events_outside returns the number of events later, or earlier, than the buckets. */
static int64
events_outside(const RowRequest *request, bool later)
{
	uint64		first = first_row(request);
	Timestamp	start;
	int64		events = 0;
	uint64		row;

	for (row = 0; row < first && !later; row++)
		events += row_count(row, TIMELINE_REUSES);
	/* at most two rows have no bucket, and they come last */
	for (row = SPI_processed; row > 0 && !bucket_start(row - 1, &start); row--)
	{
		if (DatumGetBool(plan_result(row - 1, TIMELINE_LATER, BOOLOID)) == later)
			events += row_count(row - 1, TIMELINE_REUSES);
	}
	return events;
}

/* first_row returns the row of the first possible bucket, or of the next one. */
static uint64
first_row(const RowRequest *request)
{
	Timestamp	start;
	uint64		row = 0;

	while (bucket_start(row, &start) && start < request->first_bucket)
		row++;
	return row;
}

/*
 * asset_reuse_trend(tenant_id, bucket, asset_type, start_date, end_date, time_zone) returns the
 * number of assets by the end of each bucket of time, and of those that had been reused.
 */
Datum
asset_reuse_trend(PG_FUNCTION_ARGS)
{
	RowRequest	request = {.id_type = request_id_type(fcinfo, 0)};
	RowStatement statement;
	RequestRange range = request_range(fcinfo, 3);

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.bucket = time_bucket_find(request_text_or(fcinfo, 1, "bucket", "month"));
	request.asset_type = request_any_text(fcinfo, 2);
	request.time_zone = read_time_zone(fcinfo, 5);
	request.range = range;
	InitMaterializedSRF(fcinfo, 0);
	if (range.has_end && range.end == DT_NOBEGIN)
		return (Datum) 0;
	bound_timeline(&request);
	if (!TIMESTAMP_NOT_FINITE(range.start))
		request.first_bucket = Max(request.first_bucket,
								   time_bucket_start(request.bucket, request.time_zone, range.start));
	request.from_time = range.start;
	/* earlier events count, too: assets have been reused by them */
	request.range = (RequestRange) {.start = DT_NOBEGIN, .end = DT_NOEND};

	SPI_connect();
	rows_make_statement(fcinfo->flinfo->fn_oid, &request, row_trend, &statement);
	plan_execute(&statement.plan);
	request.range = range;
	put_trend((ReturnSetInfo *) fcinfo->resultinfo, &request,
			  statement.assets.columns[ASSET_CREATED_AT].present);
	SPI_finish();
	return (Datum) 0;
}

/*
 * put_trend puts the buckets of a trend, with what has added up by each.  Where nobody knows when
 * assets were made, how many there were is not told.
 */
static void
put_trend(ReturnSetInfo *result, const RowRequest *request, bool has_created)
{
	Timestamp	last = time_bucket_start(request->bucket, request->time_zone, request->last_time - 1);
	TrendTotals totals = {0};
	bool		has_earlier;
	uint64		row = add_earlier(request, &totals, &has_earlier);
	Timestamp	start = request->first_bucket;

	if (request->range.start >= request->last_time ||
		(TIMESTAMP_NOT_FINITE(request->range.start) && !has_earlier && !bucket_start(row, &start)))
		return;
	while (start <= last)
	{
		int64		counts[TREND_FIRST_REUSED + 1] = {0};
		Timestamp	counted;
		int			i;

		CHECK_FOR_INTERRUPTS();
		if (bucket_start(row, &counted) && counted == start)
		{
			for (i = TREND_CREATED; i <= TREND_FIRST_REUSED; i++)
				counts[i] = row_count(row, i);
			row++;
		}
		totals.assets += counts[TREND_MADE];
		totals.ever_reused += counts[TREND_FIRST_REUSED];
		put_trend_bucket(result, start, counts, &totals, has_created);
		/* after the last there may be no time */
		if (start == last)
			break;
		start = next_bucket(request, start);
	}
	check_all_put(request, row);
}

/*
 * add_earlier adds up what precedes the first bucket, including assets without a time of creation;
 * it returns the row of the first bucket.
 */
static uint64
add_earlier(const RowRequest *request, TrendTotals *totals, bool *has_earlier)
{
	uint64		row;

	*has_earlier = false;
	for (row = 0; row < SPI_processed; row++)
	{
		Timestamp	start;
		bool		has_start = bucket_start(row, &start);

		if (has_start && start >= request->first_bucket)
			break;
		*has_earlier |= !has_start || start != DT_NOBEGIN;
		totals->assets += row_count(row, TREND_MADE);
		totals->ever_reused += row_count(row, TREND_FIRST_REUSED);
	}
	return row;
}

static void
put_trend_bucket(ReturnSetInfo *result, Timestamp start, const int64 *counts, const TrendTotals *totals,
				 bool has_created)
{
	Datum		values[] = {
		TimestampTzGetDatum(start), Int64GetDatum(counts[TREND_CREATED]),
		Int64GetDatum(counts[TREND_REUSES]), Int64GetDatum(counts[TREND_REUSED]),
		Int64GetDatum(totals->assets), Int64GetDatum(totals->ever_reused),
		NumericGetDatum(answer_ratio(100, totals->ever_reused, totals->assets))
	};
	bool		nulls[lengthof(values)] = {false, !has_created, false, false, !has_created, false, !has_created};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* next_bucket returns the beginning of the next bucket; error 22023 if it is not later, because clocks were set back. */
static Timestamp
next_bucket(const RowRequest *request, Timestamp start)
{
	Timestamp	next = time_bucket_next(request->bucket, request->time_zone, start);

	if (next <= start)
		report_time_zone(request);
	return next;
}

/* check_all_put raises the same error if the bucket of a row was not reached. */
static void
check_all_put(const RowRequest *request, uint64 row)
{
	Timestamp	start;

	if (bucket_start(row, &start))
		report_time_zone(request);
}

static void
report_time_zone(const RowRequest *request)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("time zone \"%s\" cannot be divided into buckets of one %s",
					request->time_zone ? text_to_cstring(request->time_zone) : "UTC", request->bucket->name),
			 errhint("Use the name of a time zone that is in use.")));
}

/* bucket_start reads the bucket of a row of the statement; false if it has none. */
static bool
bucket_start(uint64 row, Timestamp *start)
{
	if (row >= SPI_processed || plan_result_is_null(row, TIMELINE_BUCKET, TIMESTAMPOID))
		return false;
	*start = DatumGetTimestamp(plan_result(row, TIMELINE_BUCKET, TIMESTAMPOID));
	return true;
}

static int64
row_count(uint64 row, int column)
{
	return DatumGetInt64(plan_result(row, column, INT8OID));
}
