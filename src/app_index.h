/*-------------------------------------------------------------------------
 *
 * app_index.h
 *	  The indexes that the extension wants on the application's tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_APP_INDEX_H
#define ASSET_REUSE_APP_INDEX_H

#include "app_schema.h"

typedef enum AppIndex
{
	INDEX_ASSET_ID,				/* unique: the asset's id, or its id and tenant */
	INDEX_TENANTS_ASSETS,
	INDEX_CAMPAIGNS_ASSETS,
	INDEX_LOGS,					/* the assets whose documents have a log */
	INDEX_SPACE_ID,
	APP_NINDEXES
} AppIndex;

extern Oid	app_index_find(AppIndex index, Oid relid);
extern bool app_index_key_is_id(Oid relid);
extern AppRole app_index_role(AppIndex index);
extern const char *app_index_key(AppIndex index);
extern const char *app_index_expected(AppIndex index);
extern char *app_index_statement(AppIndex index, const char *name, const char *table);

#endif							/* ASSET_REUSE_APP_INDEX_H */
