/*-------------------------------------------------------------------------
 *
 * time_bucket.h
 *	  Hours, days, weeks and months of UTC.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TIME_BUCKET_H
#define ASSET_REUSE_TIME_BUCKET_H

#include "datatype/timestamp.h"

typedef struct TimeBucket
{
	const char *name;			/* as date_trunc() has it; its weeks begin on Monday */
	Interval	length;
} TimeBucket;

extern const TimeBucket *time_bucket_find(const text *name);
extern Timestamp time_bucket_start(const TimeBucket *bucket, Timestamp time);
extern Timestamp time_bucket_next(const TimeBucket *bucket, Timestamp start);
extern Timestamp time_bucket_back(const TimeBucket *bucket, Timestamp start, int n);

#endif							/* ASSET_REUSE_TIME_BUCKET_H */
