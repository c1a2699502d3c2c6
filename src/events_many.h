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
	int64		row;			/* of the result; -1: absent */
} AskedAsset;

/* The columns of the result that come before those that were asked for */
#define MANY_FIRST_COLUMNS	2

extern AskedAsset *events_lock_many(const EventTables *tables, const Identifier *ids, int nids,
									Identifier tenant_id, bool lock, ColumnSet columns);
extern void events_require_assets(const AskedAsset *asked, int nids, const AppTable *assets,
								  const char *hint);

#endif							/* ASSET_REUSE_EVENTS_MANY_H */
