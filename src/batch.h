/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  Procedures that go over a tenant's assets, some in each transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_BATCH_H
#define ASSET_REUSE_BATCH_H

#include "datatype/timestamp.h"

#include "plan_cache.h"
#include "request_identifier.h"

/* batch_size where it is null */
#define DEFAULT_BATCH		1000

typedef struct Batch Batch;

/* What a procedure is, and does */
typedef struct BatchWork
{
	const char *procedure;
	const char *done;			/* what has been done with assets, for notices */
	bool		deleted_too;	/* assets that are soft-deleted as well */
	/* opens a cursor over the assets to change: their ids in order, as text or uuid, and how many they are */
	Portal		(*pick) (Batch *batch);
	/* changes an asset, whose row is locked; false if there is nothing to change */
	bool		(*change) (Batch *batch, Identifier asset_id);
} BatchWork;

struct Batch
{
	const BatchWork *work;
	void	   *request;		/* the procedure's own */
	Oid			caller;
	Oid			id_type;
	Identifier	tenant_id;
	int			size;			/* of a transaction, in assets */

	/* of each transaction */
	TimestampTz started;
	AppTable	assets;

	MemoryContext memory;		/* what ends with the asset */
	Oid			picked_type;	/* of the ids that were picked; 0: none yet */
	bool		wait;			/* for rows that others have locked */
	int64		total;			/* picked in this pass */
	int64		seen;			/* of these */
	int64		changed;		/* in all passes */
	int64		skipped;		/* locked by others */
};

extern void batch_run(FunctionCallInfo fcinfo, Batch *batch);
extern PlanRequest batch_request(const Batch *batch, const char *sql, Identifier asset_id);

#endif							/* ASSET_REUSE_BATCH_H */
