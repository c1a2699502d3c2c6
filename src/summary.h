/*-------------------------------------------------------------------------
 *
 * summary.h
 *	  The arguments of the aggregate behind analytics.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SUMMARY_H
#define ASSET_REUSE_SUMMARY_H

#include "app_schema.h"

/* Arguments of the transition function, after the state */
typedef enum SummaryArg
{
	SUMMARY_ARG_TOP_LIMIT = 1,
	SUMMARY_ARG_RANGE_START,
	SUMMARY_ARG_RANGE_END,
	SUMMARY_ARG_REUSES_IN_TABLE,
	SUMMARY_ARG_FIRST_COLUMN
} SummaryArg;

#define SUMMARY_MAX_TOP		50	/* maximum length of the list of top assets */
#define SUMMARY_NCOLUMNS	13

/* The columns that come as arguments from SUMMARY_ARG_FIRST_COLUMN on */
extern const AssetColumn summary_columns[SUMMARY_NCOLUMNS];

#endif							/* ASSET_REUSE_SUMMARY_H */
