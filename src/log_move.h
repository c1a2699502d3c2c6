/*-------------------------------------------------------------------------
 *
 * log_move.h
 *	  Moving logs from the documents to the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_LOG_MOVE_H
#define ASSET_REUSE_LOG_MOVE_H

#include "identifier.h"
#include "plan_cache.h"

/* What was moved */
typedef struct LogMoved
{
	int64		events;
	int64		assets;			/* they were of */
} LogMoved;

extern int64 log_move_asset(const AppTable *assets, const AppTable *history,
							Identifier asset_id, Identifier tenant_id, Oid caller);
extern LogMoved log_move_assets(const AppTable *assets, const AppTable *history,
								Datum asset_ids, Datum tenant_ids, Oid caller);
extern void log_move_append_count(PlanText *text, const PlanRequest *request, bool movable);

#endif							/* ASSET_REUSE_LOG_MOVE_H */
