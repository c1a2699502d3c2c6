/*-------------------------------------------------------------------------
 *
 * table_bind.h
 *	  The history table: where it is, and whether it is ours.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TABLE_BIND_H
#define ASSET_REUSE_TABLE_BIND_H

#include "app_schema.h"
#include "plan_text.h"

/*
 * What the history table's index has of a place's id: its first 63 bytes, since ids by other software may have any
 * length.  Other functions that cut a text off are not leakproof, so row-level security would keep their index from
 * being used.
 */
#define HISTORY_PLACE_KEY_OF(id)	"pg_catalog.text(pg_catalog.name(" id "))"

extern bool history_table_bind(const AppTable *assets, LOCKMODE lockmode, bool read_only,
							   AppTable *history);
extern Oid	history_table_find(Oid assets, bool missing_ok);
extern const char *history_table_schema(const AppTable *assets);
extern const char *history_table_name(void);
extern void history_table_put_piece(PlanText *text, const PlanRequest *request, const char *name);

#endif							/* ASSET_REUSE_TABLE_BIND_H */
