/*-------------------------------------------------------------------------
 *
 * time_bucket.h
 *	  Hours, days, weeks, months, quarters and years of a time zone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TIME_BUCKET_H
#define ASSET_REUSE_TIME_BUCKET_H

#include "datatype/timestamp.h"

/* Maximum number of buckets in a timeline: a hundred years of hours */
#define MAX_BUCKETS			1000000

typedef struct TimeBucket
{
	const char *name;			/* as date_trunc() has it; its weeks begin on Monday */
	Interval	length;
} TimeBucket;

/* zone is a time zone's name, or null for UTC */
extern const TimeBucket *time_bucket_named(const char *name);
extern const TimeBucket *time_bucket_find(const text *name);
extern Timestamp time_bucket_start(const TimeBucket *bucket, text *zone, Timestamp time);
extern Timestamp time_bucket_next(const TimeBucket *bucket, text *zone, Timestamp start);
extern Timestamp time_bucket_back(const TimeBucket *bucket, text *zone, Timestamp start, int n);

#endif							/* ASSET_REUSE_TIME_BUCKET_H */
