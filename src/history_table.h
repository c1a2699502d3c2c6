/*-------------------------------------------------------------------------
 *
 * history_table.h
 *	  The history table: where it is, and whether it is ours.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_HISTORY_TABLE_H
#define ASSET_REUSE_HISTORY_TABLE_H

#include "app_schema.h"
#include "plan_cache.h"

extern bool history_table_bind(const AppTable *assets, LOCKMODE lockmode, bool read_only,
							   AppTable *history);
extern const char *history_table_schema(const AppTable *assets);
extern const char *history_table_name(void);
extern void history_table_append_insert(PlanText *text, const PlanRequest *request);
extern void history_table_append_campaign(PlanText *text, const PlanRequest *request, Oid type,
										  const char *context);

#endif							/* ASSET_REUSE_HISTORY_TABLE_H */
