/*-------------------------------------------------------------------------
 *
 * table_rights.h
 *	  Privileges and policies of the history table: as for the assets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TABLE_RIGHTS_H
#define ASSET_REUSE_TABLE_RIGHTS_H

#include "app_schema.h"

/* The policy by which events are read */
#define READ_POLICY			"read_of_asset"

extern void table_rights_clear(Oid relid);
extern void table_rights_close(Oid partition);
extern void table_rights_copy(const AppTable *assets, const AppTable *history);

#endif							/* ASSET_REUSE_TABLE_RIGHTS_H */
