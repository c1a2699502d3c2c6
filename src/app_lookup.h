/*-------------------------------------------------------------------------
 *
 * app_lookup.h
 *	  Finding one live row of an application's table by its id.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_APP_LOOKUP_H
#define ASSET_REUSE_APP_LOOKUP_H

#include "app_row.h"
#include "request_identifier.h"

extern void app_lookup(const AppTable *table, ColumnSet set, Identifier id,
					   Identifier tenant_id, bool read_only, AppRow *row);
extern bool app_lookup_optional(const AppTable *table, ColumnSet set, Identifier id,
								Identifier tenant_id, bool read_only, AppRow *row);
pg_noreturn extern void app_report_ambiguous(void);
pg_noreturn extern void app_report_suppressed(const AppTable *assets);
extern void app_read_one(const AppTable *table, ColumnSet set, AppRow *row);

#endif							/* ASSET_REUSE_APP_LOOKUP_H */
