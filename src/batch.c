/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  Procedures that process a tenant's assets in batches, one transaction per batch.
 *
 * One statement picks the assets to change.  Its rows are kept in a cursor that outlives the
 * transactions, as in PL/pgSQL's loops.  Each asset's row is locked before another statement
 * reads its current state, so concurrent calls lose nothing.  After an interruption, a second
 * run picks the assets that are left.
 *
 * As in the migration, the first pass skips rows that others have locked.  It hardly ever waits
 * while it holds locks, so it does not block the application.  If rows were skipped, a second
 * pass changes these assets one by one, and waits for their locks.
 *
 * If the application's constraints, triggers or policies refuse an asset, the second pass skips
 * it, and a warning at the end counts it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "batch.h"
#include "settings.h"
#include "subtransaction.h"
#include "table_bind.h"

/* How long the first pass waits for a lock while it holds others, in milliseconds */
#define MAX_WAIT			100

/* After this time a transaction takes no more assets, because calls of track may be waiting for it */
#define BATCH_MSECS			200

static const char find_asset[] =
	"SELECT true FROM {assets} AS a WHERE a.id {=} $asset_id AND a.tenant_id {=} $tenant_id"
	"{if live} AND {live:a}{end}{if lock} FOR NO KEY UPDATE{if skip_locked} SKIP LOCKED{end}{end}";

/* What became of an asset */
typedef struct AssetChange
{
	Batch	   *batch;
	Identifier	asset_id;
	bool		locked;
	bool		changed;
} AssetChange;

/* What is tried */
typedef struct Attempt
{
	void		(*work) (void *arg);
	void	   *arg;
	bool		wait;
} Attempt;

static void make_attempt(void *arg);
static void begin_transaction(Batch *batch);
static bool is_filtered(const AppTable *assets);
static void run_pass(Batch *batch, bool wait);
static bool next_asset(Batch *batch, Portal picked, Identifier *asset_id);
static void change_asset(Batch *batch, Identifier asset_id);
static void try_asset(void *arg);
static bool find_row(const Batch *batch, Identifier asset_id, bool lock);
static void name_asset(void *arg);
static char *spell_id(Identifier id);

/*
 * batch_run processes a tenant's assets, and reports the progress in a notice per transaction.
 *
 * It connects to SPI and disconnects.  Error 2D000 in a transaction block.
 */
void
batch_run(FunctionCallInfo fcinfo, Batch *batch)
{
	batch_connect(fcinfo, batch->work->procedure);
	batch->caller = fcinfo->flinfo->fn_oid;
	batch->memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse batch's asset",
										  ALLOCSET_DEFAULT_SIZES);
	batch->refused = (Refused) {0};
	run_pass(batch, false);
	if (batch->skipped > 0)
		run_pass(batch, true);
	ereport(NOTICE,
			(errmsg("assets %s: " INT64_FORMAT, batch->work->done, batch->changed),
			 batch->filtered ?
			 errdetail("Only the assets and events that row-level security lets you see were examined.") : 0));
	batch_report_refused(&batch->refused, batch->work->not_done,
						 psprintf("When these assets can be updated, call %s() again.",
								  batch->work->procedure));
	SPI_finish();
}

/* batch_connect connects a procedure to SPI so that it can commit.  Error 2D000 in a transaction block. */
void
batch_connect(FunctionCallInfo fcinfo, const char *procedure)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot run inside a transaction block", procedure),
				 errdetail("The procedure commits after each batch."),
				 errhint("Call it outside of BEGIN and COMMIT, and not from a function.")));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
}

/*
 * batch_next_transaction ends the transaction and begins another one, in which each statement sees the rows as it
 * locks them, and a row that another transaction has just changed does not make it fail.
 *
 * Error 55000 if the role ended with the transaction: what follows would change what another role may.
 */
void
batch_next_transaction(void)
{
	Oid			role = GetUserId();

	SPI_commit();
	if (GetUserId() != role)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the role was changed by a commit"),
				 errdetail("The procedure commits after each batch, and a role that was set by SET LOCAL ends with the transaction."),
				 errhint("Use SET ROLE.")));
	if (SPI_execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not set the transaction's isolation level");
}

/* begin_transaction begins the next transaction, and binds the assets again, in case of DDL between the two. */
static void
begin_transaction(Batch *batch)
{
	batch_next_transaction();
	batch->started = GetCurrentTimestamp();
	/* an SPI level of its own gives back what it allocates */
	SPI_connect();
	app_schema_bind(APP_ASSETS, RowExclusiveLock, &batch->assets);
	batch->filtered = is_filtered(&batch->assets);
	SPI_finish();
	batch->id_type = batch->assets.columns[ASSET_ID].type == UUIDOID ? UUIDOID : TEXTOID;
	if (OidIsValid(batch->picked_type) && batch->picked_type != batch->id_type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the type of the assets' identifiers was changed while %s ran", batch->work->procedure),
				 errhint("Call %s() again to continue.", batch->work->procedure)));
}

static bool
is_filtered(const AppTable *assets)
{
	AppTable	history;

	return check_enable_rls(assets->relid, InvalidOid, true) == RLS_ENABLED ||
		(history_table_bind(assets, AccessShareLock, false, &history) &&
		 check_enable_rls(history.relid, InvalidOid, true) == RLS_ENABLED);
}

/* run_pass processes the assets to change once, with one transaction per batch. */
static void
run_pass(Batch *batch, bool wait)
{
	Portal		picked;
	Identifier	asset_id;
	bool		ends_batch;

	batch->wait = wait;
	batch->picked_type = InvalidOid;
	begin_transaction(batch);
	batch->picked_type = batch->id_type;
	picked = batch->work->pick(batch);
	/* a commit preserves its rows */
	PinPortal(picked);
	batch->seen = batch->total = batch->skipped = 0;
	while (next_asset(batch, picked, &asset_id))
	{
		change_asset(batch, asset_id);
		ends_batch = batch->seen % batch->size == 0 && batch->seen < batch->total;
		if (ends_batch)
			ereport(NOTICE,
					(errmsg("assets %s: " INT64_FORMAT "; examined: " INT64_FORMAT " of " INT64_FORMAT " (%d %%)",
							batch->work->done, batch->changed, batch->seen, batch->total,
							(int) (batch->seen * 100.0 / batch->total))));
		if (wait || ends_batch || TimestampDifferenceExceeds(batch->started, GetCurrentTimestamp(), BATCH_MSECS))
			begin_transaction(batch);
	}
	UnpinPortal(picked);
	SPI_cursor_close(picked);
	SPI_commit();
}

/* next_asset reads the next asset's id, in memory that is reset after the asset; false at the end. */
static bool
next_asset(Batch *batch, Portal picked, Identifier *asset_id)
{
	bool		found;

	SPI_cursor_fetch(picked, true, 1);
	found = SPI_processed > 0;
	if (found)
	{
		Datum		id;

		if (plan_result_is_null(0, 1, batch->picked_type))
		{
			/* it comes last: what was done remains */
			begin_transaction(batch);
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("a campaign asset has no id"),
					 errhint("Column \"id\" of the assets table must not be null.")));
		}
		id = plan_result(0, 1, batch->picked_type);
		MemoryContextReset(batch->memory);
		MemoryContextSwitchTo(batch->memory);
		asset_id->type = batch->picked_type;
		asset_id->value = datumCopy(id, false, asset_id->type == UUIDOID ? UUID_LEN : -1);
		batch->total = DatumGetInt64(plan_result(0, 2, INT8OID));
		batch->seen++;
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/*
 * change_asset locks an asset's row and changes what has to be changed, unless that is refused.  All
 * memory is that of an SPI level of its own.
 */
static void
change_asset(Batch *batch, Identifier asset_id)
{
	AssetChange change = {.batch = batch, .asset_id = asset_id};
	ErrorContextCallback context = {
		.callback = name_asset, .arg = &asset_id, .previous = error_context_stack
	};
	ErrorData  *error;

	error_context_stack = &context;
	SPI_connect();
	change.locked = find_row(batch, asset_id, true);
	if (change.locked || batch->wait)
	{
		error = batch_try(try_asset, &change, batch->wait);
		if (error == NULL)
			batch->changed += change.changed;
		else if (batch->wait)
			batch_note_refused(&batch->refused, MemoryContextGetParent(batch->memory),
							   spell_id(asset_id), error);
		else
			batch->skipped++;
	}
	else
		batch->skipped++;
	SPI_finish();
	error_context_stack = context.previous;
}

/* try_asset changes an asset whose row is locked, or gone. */
static void
try_asset(void *arg)
{
	AssetChange *change = arg;
	const BatchWork *work = change->batch->work;

	if (!change->locked && find_row(change->batch, change->asset_id, false))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("a policy of table \"%s\" does not let the row be updated", change->batch->assets.name)));
	if (change->locked || work->gone_too)
		change->changed = work->change(change->batch, change->asset_id);
}

/*
 * batch_try calls a function in a subtransaction, and returns the error if the asset was refused;
 * null on success.  An asset that is refused must not keep those after it from being changed.
 *
 * Unless it may wait, failure to get a lock soon counts as a refusal, too.  Errors that other
 * assets would also meet are raised.
 */
ErrorData *
batch_try(void (*work) (void *arg), void *arg, bool wait)
{
	Attempt		attempt = {work, arg, wait};
	ErrorData  *error = subtransaction_run(make_attempt, &attempt, true);

	if (error != NULL && !batch_is_refusal(error->sqlerrcode) &&
		(wait || error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE))
		ReThrowError(error);
	return error;
}

static void
make_attempt(void *arg)
{
	Attempt    *attempt = arg;
	int			guc_level = NewGUCNestLevel();

	if (!attempt->wait)
		settings_limit_lock_wait(MAX_WAIT);
	attempt->work(attempt->arg);
	AtEOXact_GUC(true, guc_level);
}

/*
 * batch_is_refusal: can an error concern a single asset?  An application's triggers have codes of
 * their own, and a policy has the same code as a missing privilege.  Of a row, only a trigger says that
 * it is in use: examples/move_tenant makes such triggers for a tenant that is moved.  An error that other
 * assets would also meet, such as a full disk, ends the run.
 */
bool
batch_is_refusal(int sqlerrcode)
{
	if (sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE || sqlerrcode == ERRCODE_OBJECT_IN_USE)
		return true;
	switch (ERRCODE_TO_CATEGORY(sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return false;
		default:
			return true;
	}
}

/* batch_note_refused counts a refused asset and, for the first one, notes the reason in a memory context. */
void
batch_note_refused(Refused *refused, MemoryContext memory, const char *asset_id, const ErrorData *error)
{
	if (refused->count++ > 0)
		return;
	refused->first_id = MemoryContextStrdup(memory, asset_id);
	refused->first_code = error->sqlerrcode;
	refused->first_message = MemoryContextStrdup(memory, error->message);
}

/*
 * batch_report_refused warns of the assets that were refused, if there were any.  It leaves out the
 * details of their errors, which can quote rows.
 */
void
batch_report_refused(const Refused *refused, const char *not_done, const char *hint)
{
	if (refused->count == 0)
		return;
	ereport(WARNING,
			(errcode(refused->first_code),
			 errmsg("%s: " INT64_FORMAT, not_done, refused->count),
			 errdetail("The first one is asset \"%s\": %s", refused->first_id, refused->first_message),
			 errhint("%s", hint)));
}

/* find_row finds an asset's row, and may lock it; false if it no longer exists, or is locked and not waited for. */
static bool
find_row(const Batch *batch, Identifier asset_id, bool lock)
{
	PlanRequest find = batch_request(batch, find_asset, asset_id);

	plan_add_optional(&find, "live", BOOLOID, BoolGetDatum(true), batch->work->deleted_too);
	plan_add_optional(&find, "lock", BOOLOID, BoolGetDatum(true), !lock);
	plan_add_optional(&find, "skip_locked", BOOLOID, BoolGetDatum(true), batch->wait);
	plan_execute(&find);
	return SPI_processed > 0;
}

/* name_asset adds the asset's id to the context of an error. */
static void
name_asset(void *arg)
{
	errcontext("asset \"%s\"", spell_id(*(const Identifier *) arg));
}

static char *
spell_id(Identifier id)
{
	return id.type == UUIDOID ? DatumGetCString(DirectFunctionCall1(uuid_out, id.value)) :
		TextDatumGetCString(id.value);
}

/*
 * batch_request begins a request over the assets: a given one or, without an id, all of the tenant's.
 */
PlanRequest
batch_request(const Batch *batch, const char *sql, Identifier asset_id)
{
	PlanRequest request = {
		.sql = sql,
		.tables[APP_ASSETS] = &batch->assets,
		.caller = batch->caller,
		.plan_options = OidIsValid(asset_id.type) ? PLAN_BY_KEY : PLAN_BY_TENANT
	};

	identifier_add(&request, "tenant_id", batch->tenant_id, &batch->assets.columns[ASSET_TENANT_ID]);
	identifier_add(&request, "asset_id", asset_id, &batch->assets.columns[ASSET_ID]);
	return request;
}
