/*-------------------------------------------------------------------------
 *
 * events_metrics.h
 *	  What an event records of its asset: the metrics as they were.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_METRICS_H
#define ASSET_REUSE_EVENTS_METRICS_H

#include "app_row.h"

/* The columns that an event records */
#define METRIC_COLUMNS \
	(COLUMN_BIT(ASSET_SPEND) | COLUMN_BIT(ASSET_CLICKS) | COLUMN_BIT(ASSET_CONVERSIONS) | \
	 COLUMN_BIT(ASSET_IMPRESSIONS))

extern bool events_record_metrics(const AppTable *assets);
extern Jsonb *events_add_metrics(Jsonb *context, const AppRow *asset);

#endif							/* ASSET_REUSE_EVENTS_METRICS_H */
