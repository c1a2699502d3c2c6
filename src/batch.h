/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  Procedures that process a tenant's assets in batches, one transaction per batch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_BATCH_H
#define ASSET_REUSE_BATCH_H

#include "datatype/timestamp.h"

#include "plan_cache.h"
#include "request_identifier.h"

/* batch_size if it is null */
#define DEFAULT_BATCH		1000

typedef struct Batch Batch;

/* Assets whose update was refused by the application's constraints or triggers */
typedef struct Refused
{
	int64		count;
	char	   *first_id;		/* of the first of them */
	int			first_code;		/* and its error */
	char	   *first_message;
} Refused;

/* A procedure */
typedef struct BatchWork
{
	const char *procedure;
	const char *done;			/* "repaired", for notices */
	const char *not_done;		/* "assets that could not be repaired", for the warning */
	bool		deleted_too;	/* includes soft-deleted assets */
	bool		gone_too;		/* and those that have left the tenant */
	/* opens a cursor over the assets to change: their ids in order, as text or uuid, and their number */
	Portal		(*pick) (Batch *batch);
	/* changes an asset, whose row is locked if it exists; false if there is nothing to change */
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
	bool		filtered;		/* does row-level security hide some assets or events from the caller? */

	MemoryContext memory;		/* reset after each asset */
	Oid			picked_type;	/* type of the picked ids; 0: none yet */
	bool		wait;			/* for rows that others have locked */
	int64		total;			/* picked in this pass */
	int64		seen;			/* of these */
	int64		changed;		/* in all passes */
	int64		skipped;		/* locked by others */
	Refused		refused;
};

extern void batch_connect(FunctionCallInfo fcinfo, const char *procedure);
extern void batch_next_transaction(void);
extern void batch_run(FunctionCallInfo fcinfo, Batch *batch);
extern ErrorData *batch_try(void (*work) (void *arg), void *arg, bool wait);
extern bool batch_is_refusal(int sqlerrcode);
extern void batch_note_refused(Refused *refused, MemoryContext memory, const char *asset_id,
							   const ErrorData *error);
extern void batch_report_refused(const Refused *refused, const char *not_done, const char *hint);
extern PlanRequest batch_request(const Batch *batch, const char *sql, Identifier asset_id);

#endif							/* ASSET_REUSE_BATCH_H */
