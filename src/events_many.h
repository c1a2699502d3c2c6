/*-------------------------------------------------------------------------
 *
 * events_many.h
 *	  Many assets whose events are changed together.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_MANY_H
#define ASSET_REUSE_EVENTS_MANY_H

#include "events_move.h"
#include "request_identifier.h"

/* So many assets are changed in one call at most */
#define MAX_MANY			10000

typedef enum AssetPresence
{
	ASSET_ABSENT,
	ASSET_PRESENT,
	ASSET_REPEATED				/* the same id, or another spelling of it, came before */
} AssetPresence;

/* An asset that was asked for */
typedef struct AskedAsset
{
	AssetPresence presence;
	Identifier	id;				/* as its row has it; as it was asked for, if absent */
	int			first;			/* which one it repeats; itself, if none */
} AskedAsset;

/* What becomes of the assets' rows */
typedef enum RowLock
{
	ROW_NOT_LOCKED,
	ROW_KEPT,					/* others can change it, but neither its id nor that it is there */
	ROW_LOCKED
} RowLock;

extern AskedAsset *events_lock_many(const EventTables *tables, const Identifier *ids, int nids,
									Identifier tenant_id, RowLock lock);
extern void events_require_assets(const AskedAsset *asked, int nids, const AppTable *assets,
								  const char *hint);

#endif							/* ASSET_REUSE_EVENTS_MANY_H */
