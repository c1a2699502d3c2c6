/*-------------------------------------------------------------------------
 *
 * insight_platforms.h
 *	  The platforms of a tenant's campaigns, by their ids.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_PLATFORMS_H
#define ASSET_REUSE_INSIGHT_PLATFORMS_H

#include "utils/array.h"

typedef struct InsightPlatforms InsightPlatforms;

extern InsightPlatforms *insight_platforms_create(MemoryContext context, const ArrayType *campaigns, Oid collation);
extern const text *insight_platforms_find(const InsightPlatforms *platforms, const text *campaign_id);

#endif							/* ASSET_REUSE_INSIGHT_PLATFORMS_H */
