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

/*
 * What a timeline can be long: a hundred years of hours.  A single event that others
 * have dated to the year 1 would otherwise make eighteen million rows of zeros.
 */
#define MAX_BUCKETS			1000000

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

/* time_bucket_check_count raises 22023 for more buckets than anybody would read. */
void
time_bucket_check_count(const TimeBucket *bucket, Timestamp first, Timestamp last)
{
	double		length = (double) bucket->length.time + (double) bucket->length.day * USECS_PER_DAY +
		(double) bucket->length.month * DAYS_PER_MONTH * USECS_PER_DAY;

	/* in double: a span of all times has no int64 */
	if (((double) last - (double) first) / length >= MAX_BUCKETS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeline is too long for buckets of one %s", bucket->name),
				 errdetail("It would have more than %d buckets.", MAX_BUCKETS),
				 errhint("Choose a longer bucket, or a shorter range by since and until.")));
}
