/*-------------------------------------------------------------------------
 *
 * events_many.h
 *	  Changing the events of many assets together.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_MANY_H
#define ASSET_REUSE_EVENTS_MANY_H

#include "events_move.h"
#include "request_identifier.h"

/* Maximum number of assets in a call */
#define MAX_MANY			10000

typedef enum AssetPresence
{
	ASSET_ABSENT,
	ASSET_PRESENT,
	ASSET_REPEATED				/* the same id, or another spelling of it, came before */
} AssetPresence;

/* A requested asset */
typedef struct AskedAsset
{
	AssetPresence presence;
	Identifier	id;				/* as in its row; if absent, as requested */
	int			first;			/* the one that it repeats, or itself */
} AskedAsset;

/* What will be done with the assets' rows */
typedef enum RowLock
{
	ROW_NOT_LOCKED,
	ROW_KEPT,					/* others can change it, but neither its id nor that it is there */
	ROW_LOCKED
} RowLock;

extern AskedAsset *events_lock_many(EventTables *tables, const Identifier *ids, int nids,
									Identifier tenant_id, RowLock lock);
extern void events_require_assets(const AskedAsset *asked, int nids, const AppTable *assets,
								  const char *hint);

#endif							/* ASSET_REUSE_EVENTS_MANY_H */
