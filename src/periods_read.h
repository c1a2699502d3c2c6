/*-------------------------------------------------------------------------
 *
 * periods_read.h
 *	  Reading the periods of assets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PERIODS_READ_H
#define ASSET_REUSE_PERIODS_READ_H

#include "period.h"
#include "rows_request.h"

/* Gets each asset that has events which recorded its metrics, in the order of ids */
typedef void (*PeriodsTaker) (void *taker, Identifier asset_id, const Periods *periods);

extern void periods_read(Oid caller, const RowRequest *request, PeriodsTaker take, void *taker);

#endif							/* ASSET_REUSE_PERIODS_READ_H */
