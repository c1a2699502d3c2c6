/*-------------------------------------------------------------------------
 *
 * time_bucket.c
 *	  Hours, days, weeks, months, quarters and years of a time zone.
 *
 * Times are in UTC.  A bucket begins when the clocks of the zone show its beginning, so its
 * length is added to local time; an hour, however, always has the same length.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "time_bucket.h"

#define DAYS_OF_LONGEST_MONTH	31

/* The Julian date of January 15th, 4713 BC, whose buckets begin after the earliest timestamp */
#define FIRST_BUCKET_JDATE		52

static const TimeBucket buckets[] = {
	{"hour", {.time = USECS_PER_HOUR}},
	{"day", {.day = 1}},
	{"week", {.day = 7}},
	{"month", {.month = 1}},
	{"quarter", {.month = 3}},
	{"year", {.month = 12}},
};

static Timestamp to_local(text *zone, Timestamp time);
static Timestamp from_local(text *zone, Timestamp local);

/* time_bucket_named returns the bucket of a name; null if there is none. */
const TimeBucket *
time_bucket_named(const char *name)
{
	Size		i;

	for (i = 0; i < lengthof(buckets); i++)
	{
		if (strcmp(buckets[i].name, name) == 0)
			return &buckets[i];
	}
	return NULL;
}

/* time_bucket_find finds a bucket by name; error 22023 if there is none. */
const TimeBucket *
time_bucket_find(const text *name)
{
	const TimeBucket *bucket = time_bucket_named(text_to_cstring(name));

	if (bucket == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid bucket: \"%s\"", text_to_cstring(name)),
				 errhint("The known buckets are: hour, day, week, month, quarter, year.")));
	return bucket;
}

/* time_bucket_start returns when the bucket begins in which a time is. */
Timestamp
time_bucket_start(const TimeBucket *bucket, text *zone, Timestamp time)
{
	Datum		name = CStringGetTextDatum(bucket->name);

	if (zone == NULL)
		return DatumGetTimestamp(DirectFunctionCall2(timestamp_trunc, name, TimestampGetDatum(time)));
	/* a timestamptz is the timestamp in UTC */
	return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_trunc_zone, name, TimestampTzGetDatum(time),
												   PointerGetDatum(zone)));
}

/* time_bucket_next returns when the next bucket begins. */
Timestamp
time_bucket_next(const TimeBucket *bucket, text *zone, Timestamp start)
{
	Timestamp	local;

	if (zone != NULL && bucket->length.time > 0)
		return time_bucket_start(bucket, zone, start + bucket->length.time);
	/* a day whose midnight is skipped by the clocks begins later */
	local = time_bucket_start(bucket, NULL, to_local(zone, start));
	return from_local(zone, DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval,
																  TimestampGetDatum(local),
																  IntervalPGetDatum(&bucket->length))));
}

/*
 * time_bucket_back returns the beginning of the bucket that is a number of buckets before
 * another one, or of one in January 4713 BC, if that may be later.
 */
Timestamp
time_bucket_back(const TimeBucket *bucket, text *zone, Timestamp start, int n)
{
	static const Timestamp first = ((Timestamp) (FIRST_BUCKET_JDATE - POSTGRES_EPOCH_JDATE)) * USECS_PER_DAY;
	Interval	span = {bucket->length.time * n, bucket->length.day * n, bucket->length.month * n};
	double		longest = (double) span.time +
		((double) span.day + (double) span.month * DAYS_OF_LONGEST_MONTH) * USECS_PER_DAY;

	/* in double, because the span of all times overflows int64 */
	if ((double) start - (double) first < longest)
		return time_bucket_start(bucket, zone, first);
	if (bucket->length.time > 0)
		return time_bucket_start(bucket, zone, start - span.time);
	return from_local(zone, DatumGetTimestamp(DirectFunctionCall2(timestamp_mi_interval,
																  TimestampGetDatum(time_bucket_start(bucket, NULL, to_local(zone, start))),
																  IntervalPGetDatum(&span))));
}

/* to_local returns what the zone's clocks show at a time. */
static Timestamp
to_local(text *zone, Timestamp time)
{
	if (zone == NULL)
		return time;
	return DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, PointerGetDatum(zone),
												 TimestampTzGetDatum(time)));
}

/* from_local returns when the zone's clocks show that. */
static Timestamp
from_local(text *zone, Timestamp local)
{
	if (zone == NULL)
		return local;
	return DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, PointerGetDatum(zone),
												   TimestampGetDatum(local)));
}
