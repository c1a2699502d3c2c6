/*-------------------------------------------------------------------------
 *
 * time_bucket.c
 *	  Hours, days, weeks and months of UTC.
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

/* The Julian date of January 15th, 4713 BC: the buckets that it is in begin after the first time */
#define FIRST_BUCKET_JDATE		52

static const TimeBucket buckets[] = {
	{"hour", {.time = USECS_PER_HOUR}},
	{"day", {.day = 1}},
	{"week", {.day = 7}},
	{"month", {.month = 1}},
};

/* time_bucket_find finds a bucket by its name; error 22023 if there is none such. */
const TimeBucket *
time_bucket_find(const text *name)
{
	char	   *wanted = text_to_cstring(name);
	Size		i;

	for (i = 0; i < lengthof(buckets); i++)
	{
		if (strcmp(buckets[i].name, wanted) == 0)
			return &buckets[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid bucket: \"%s\"", wanted),
			 errhint("The known buckets are: hour, day, week, month.")));
}

/* time_bucket_start returns when the bucket begins in which a time is. */
Timestamp
time_bucket_start(const TimeBucket *bucket, Timestamp time)
{
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_trunc,
												 CStringGetTextDatum(bucket->name),
												 TimestampGetDatum(time)));
}

/* time_bucket_next returns when the next bucket begins. */
Timestamp
time_bucket_next(const TimeBucket *bucket, Timestamp start)
{
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval,
												 TimestampGetDatum(start),
												 IntervalPGetDatum(&bucket->length)));
}

/*
 * time_bucket_back returns when the bucket begins that is so many before another one; or
 * one in January 4713 BC, if that may be later.
 */
Timestamp
time_bucket_back(const TimeBucket *bucket, Timestamp start, int n)
{
	static const Timestamp first = ((Timestamp) (FIRST_BUCKET_JDATE - POSTGRES_EPOCH_JDATE)) * USECS_PER_DAY;
	Interval	span = {bucket->length.time * n, bucket->length.day * n, bucket->length.month * n};
	double		longest = (double) span.time +
		((double) span.day + (double) span.month * DAYS_OF_LONGEST_MONTH) * USECS_PER_DAY;

	/* in double: a span of all times has no int64 */
	if ((double) start - (double) first < longest)
		return time_bucket_start(bucket, first);
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_mi_interval, TimestampGetDatum(start),
												 IntervalPGetDatum(&span)));
}
