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

/* Assets that the application's constraints and triggers have refused to have changed */
typedef struct Refused
{
	int64		count;
	char	   *first_id;		/* of the first of them */
	int			first_code;		/* and its error */
	char	   *first_message;
} Refused;

/* What a procedure is, and does */
typedef struct BatchWork
{
	const char *procedure;
	const char *done;			/* what has been done with assets, for notices */
	const char *not_done;		/* and what could not be done, for the warning */
	bool		deleted_too;	/* assets that are soft-deleted as well */
	bool		gone_too;		/* and those that are not the tenant's any more */
	/* opens a cursor over the assets to change: their ids in order, as text or uuid, and how many they are */
	Portal		(*pick) (Batch *batch);
	/* changes an asset, whose row is locked if it is there; false if there is nothing to change */
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
	Refused		refused;
};

extern void batch_run(FunctionCallInfo fcinfo, Batch *batch);
extern ErrorData *batch_try(void (*work) (void *arg), void *arg, bool wait);
extern bool batch_is_refusal(int sqlerrcode);
extern void batch_note_refused(Refused *refused, MemoryContext memory, const char *asset_id,
							   const ErrorData *error);
extern void batch_report_refused(const Refused *refused, const char *not_done, const char *hint);
extern PlanRequest batch_request(const Batch *batch, const char *sql, Identifier asset_id);

#endif							/* ASSET_REUSE_BATCH_H */
