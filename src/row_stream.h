/*-------------------------------------------------------------------------
 *
 * row_stream.h
 *	  A statement's rows, returned one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ROW_STREAM_H
#define ASSET_REUSE_ROW_STREAM_H

#include "fmgr.h"

#include "plan_cache.h"

extern void row_stream_open(FunctionCallInfo fcinfo, const PlanRequest *request,
							Datum *values, const char *nulls);
extern Datum row_stream_next(FunctionCallInfo fcinfo);

#endif							/* ASSET_REUSE_ROW_STREAM_H */
