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

extern bool history_table_bind(const AppTable *assets, LOCKMODE lockmode, bool read_only,
							   AppTable *history);
extern const char *history_table_schema(const AppTable *assets);
extern const char *history_table_name(void);

#endif							/* ASSET_REUSE_HISTORY_TABLE_H */
