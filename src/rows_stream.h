/*-------------------------------------------------------------------------
 *
 * rows_stream.h
 *	  Returning a statement's rows one at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ROWS_STREAM_H
#define ASSET_REUSE_ROWS_STREAM_H

#include "fmgr.h"

#include "plan_cache.h"

/* The error if a statement's rows do not have the form that its function returns */
#define ROWS_CHANGED	"a table was altered by a function that this call runs, or renamed concurrently"

extern void rows_stream_open(FunctionCallInfo fcinfo, const PlanRequest *request);
extern Datum rows_stream_next(FunctionCallInfo fcinfo);

#endif							/* ASSET_REUSE_ROWS_STREAM_H */
