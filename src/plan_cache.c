/*-------------------------------------------------------------------------
 *
 * plan_cache.c
 *	  Saved SPI plans: fetch or prepare, and when to discard one.
 *
 * The most recently used plans are kept for the life of the session, keyed by template, tables,
 * columns and calling function.  A plan's text contains names and types, so the plan is valid
 * only for the generations of the table descriptions from which it was built.  A plan that
 * SPI_plan_is_valid reports as stale is rebuilt as well.  Plans that are stale, refer to
 * dropped tables, or precede a DISCARD PLANS, are freed when the next plan is prepared.
 *
 * A trigger on the application's table can call us while one of our plans is running, and find
 * that plan stale.  So a running plan is pinned, and is freed when its last pin is released.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/regproc.h"
#include "utils/resowner.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "plan_cache.h"
#include "plan_locks.h"
#include "plan_snapshot.h"

#define PLANS_EXPECTED		16		/* in a session; more are fine */

/* Maximum number of plans in a session: some ten statements for each of a few schemas */
#define MAX_PLANS			100

/* How often a stale plan is rebuilt while its tables are being locked */
#define MAX_TRIES			20

typedef struct PlanKey
{
	const char *sql;			/* the template, by its address */
	uint32		columns[APP_NROLES];
	uint32		given;			/* the optional parameters that are, as bits */
	Oid			relids[APP_NROLES];	/* 0: not used */
	Oid			caller;
} PlanKey;

/* A saved plan; outlives its entry while it is pinned */
typedef struct SavedPlan
{
	SPIPlanPtr	plan;
	uint64		generations[APP_NROLES];	/* of the tables' descriptions in its text */
	uint64		last_used;		/* the clock's time of the last fetch */
	int			pins;			/* by calls that execute it */
	bool		discarded;		/* no entry has it any more */
} SavedPlan;

typedef struct PlanEntry
{
	PlanKey		key;
	SavedPlan  *saved;
} PlanEntry;

/* The state of check_functions */
typedef struct FunctionCheck
{
	Oid			caller;
	List	   *names;			/* of the functions that the text calls */
	List	   *found;			/* those of them that are ours in the statement */
} FunctionCheck;

/* A receiver for the single value that a statement returns */
typedef struct ValueReceiver
{
	DestReceiver receiver;		/* first: it is the receiver itself */
	MemoryContext memory;
	Datum		value;
} ValueReceiver;

static HTAB *plans = NULL;
static MemoryContext plan_context = NULL;
static uint64 use_clock = 0;	/* counts fetches */

static bool receive_value(TupleTableSlot *slot, DestReceiver *receiver);
static ParamListInfo make_params(const PlanRequest *request);
static void check_snapshot(const PlanRequest *request, SavedPlan *saved);
static int	begin_without_jit(const SavedPlan *saved);
static void pin_plan(SavedPlan *saved);
static void unpin_plan(void *arg);
static SavedPlan *fetch_locked_plan(const PlanRequest *request);
static bool lock_tables_walker(Node *node, void *context);
static void lock_tables_of_plan(const CachedPlan *plan);
static void lock_table(const RangeTblEntry *rte);
static CachedPlanSource *plan_source(SPIPlanPtr plan);
static SavedPlan *fetch_plan(const PlanRequest *request);
static bool has_same_tables(const SavedPlan *saved, const PlanRequest *request);
static bool is_good_plan(SPIPlanPtr plan);
static SavedPlan *prepare_plan(const PlanRequest *request);
static int	plan_options(const PlanRequest *request);
static void check_plan(SPIPlanPtr plan, const PlanRequest *request, List *functions);
static void check_tables(SPIPlanPtr plan, const PlanRequest *request);
static void check_functions(SPIPlanPtr plan, Oid caller, List *names);
static bool check_functions_walker(Node *node, void *context);
static bool check_function(Oid function, void *context);
static bool has_name(const List *names, const char *name);
static bool is_of_extension(Oid function, Oid caller);
static Oid	function_owner(Oid function);
static void discard_plan(SavedPlan *saved);
static void free_if_unused(SavedPlan *saved);
static void discard_stale_plans(void);
static void discard_least_used_plan(void);
static void create_plans(void);

/*
 * plan_execute runs a statement; the rows are in SPI_tuptable and SPI_processed.
 *
 * The caller is connected to SPI.
 */
void
plan_execute(const PlanRequest *request)
{
	plan_execute_into(request, NULL);
}

/* plan_execute_into runs a statement and sends its rows to a receiver. */
void
plan_execute_into(const PlanRequest *request, DestReceiver *receiver)
{
	SavedPlan  *saved = fetch_locked_plan(request);
	SPIExecuteOptions options = {
		.params = make_params(request),
		.read_only = request->read_only,
		.dest = receiver
	};
	int			guc_level = begin_without_jit(saved);
	int			result;

	pin_plan(saved);
	result = SPI_execute_plan_extended(saved->plan, &options);
	if (guc_level != 0)
		AtEOXact_GUC(true, guc_level);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
	check_snapshot(request, saved);
}

/*
 * plan_start starts a read-only statement in the calling query's snapshot.  The
 * caller runs it with the executor, which sends rows to a receiver.
 *
 * The running statement is in the current memory context, and its values must live
 * as long.  It outlives SPI_finish, subtransactions and the saved plan, as the
 * calling query itself does.  The caller stops it, unless the calling query fails.
 *
 * It is planned from the same query tree whose functions were checked.
 */
QueryDesc *
plan_start(const PlanRequest *request, DestReceiver *receiver)
{
	MemoryContext memory = CurrentMemoryContext;
	SavedPlan  *saved = fetch_locked_plan(request);
	CachedPlanSource *source = plan_source(saved->plan);
	ParamListInfo params;
	PlannedStmt *plan;
	QueryDesc  *desc;

	Assert(request->read_only);
	/* SPI has switched to its own memory context */
	MemoryContextSwitchTo(memory);
	params = make_params(request);
	pin_plan(saved);
	plan = plan_query(copyObject(linitial_node(Query, source->query_list)), source->query_string,
					  request->plan_options, params);
	plan->jitFlags = PGJIT_NONE;	/* see begin_without_jit */
	check_snapshot(request, saved);
	desc = CreateQueryDesc(plan, pstrdup(source->query_string), GetActiveSnapshot(),
						   InvalidSnapshot, receiver, params, NULL, 0);
	ExecutorStart(desc, 0);
	return desc;
}

/* plan_stop ends what plan_start started. */
void
plan_stop(QueryDesc *query)
{
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
}

/*
 * plan_execute_value runs a read-only statement as plan_start does, and returns the value of
 * its single row and column, in the current memory context.
 */
Datum
plan_execute_value(const PlanRequest *request)
{
	ValueReceiver receiver = {.receiver = *None_Receiver, .memory = CurrentMemoryContext};
	QueryDesc  *query;

	receiver.receiver.receiveSlot = receive_value;
	query = plan_start(request, &receiver.receiver);
	executor_run(query);
	plan_stop(query);
	return receiver.value;
}

static bool
receive_value(TupleTableSlot *slot, DestReceiver *receiver)
{
	ValueReceiver *r = (ValueReceiver *) receiver;
	MemoryContext old = MemoryContextSwitchTo(r->memory);
	Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, 0);
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);

	if (!isnull)
		r->value = datumCopy(value, att->attbyval, att->attlen);
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * plan_open_cursor opens a cursor over a statement's rows; the caller closes it.
 *
 * The cursor keeps what it needs of the plan, even if that is freed.
 */
Portal
plan_open_cursor(const PlanRequest *request)
{
	SavedPlan  *saved = fetch_locked_plan(request);
	int			guc_level = begin_without_jit(saved);
	Portal		portal;

	pin_plan(saved);
	portal = SPI_cursor_open_with_paramlist(NULL, saved->plan, make_params(request), request->read_only);
	if (guc_level != 0)
		AtEOXact_GUC(true, guc_level);
	check_snapshot(request, saved);
	return portal;
}

/*
 * plan_result returns a value from the result of the last statement; rows count from 0, columns
 * from 1.  A text is not toasted.
 *
 * Error 55000 if it is missing, null or of another type: a function that the statement ran, such
 * as one in a view, can have altered the tables.
 */
Datum
plan_result(uint64 row, int column, Oid type)
{
	Datum		value;
	bool		isnull;

	if (plan_result_is_null(row, column, type))
		plan_report_changed();
	value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	/* even an id can be stored compressed or out of line */
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID ?
		PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : value;
}

/* plan_result_is_null: is such a value null?  Raises the same error for a value of another type. */
bool
plan_result_is_null(uint64 row, int column, Oid type)
{
	bool		isnull;

	if (SPI_tuptable == NULL || row >= SPI_tuptable->numvals || column > SPI_tuptable->tupdesc->natts ||
		getBaseType(TupleDescAttr(SPI_tuptable->tupdesc, column - 1)->atttypid) != type)
		plan_report_changed();
	(void) SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	return isnull;
}

/* plan_result_desc describes the last statement's rows; the same error if a rule has replaced it by one without rows. */
TupleDesc
plan_result_desc(void)
{
	if (SPI_tuptable == NULL)
		plan_report_changed();
	return SPI_tuptable->tupdesc;
}

/* plan_report_changed raises that error. */
void
plan_report_changed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a table was altered by a function that this call runs"),
			 errhint("Do not alter the tables in their own triggers, policies or views; rules that replace a statement must return its rows.")));
}

/* make_params makes the executor's parameters, or null if there are none; values are not copied. */
static ParamListInfo
make_params(const PlanRequest *request)
{
	ParamListInfo params;
	int			i;

	if (request->nparams == 0)
		return NULL;
	params = makeParamList(request->nparams);
	for (i = 0; i < request->nparams; i++)
	{
		params->params[i].value = request->params[i].value;
		params->params[i].isnull = request->params[i].isnull;
		params->params[i].pflags = request->params[i].data ? 0 : PARAM_FLAG_CONST;
		params->params[i].ptype = request->params[i].type;
	}
	return params;
}

/* check_snapshot checks the tables of a statement that has been planned: by then, partitions are locked, too. */
static void
check_snapshot(const PlanRequest *request, SavedPlan *saved)
{
	plan_snapshot_check(request->read_only, plan_source(saved->plan)->query_list, request->tables[APP_HISTORY]);
}

/*
 * begin_without_jit sets jit to off if a statement is about to be planned, and returns the nest level of settings, which
 * the caller ends; else 0.
 *
 * What our statements take their time for is not in their expressions, and with many partitions a plan costs much and
 * takes little time: to compile it would take seconds, in which nothing can cancel the call.
 */
static int
begin_without_jit(const SavedPlan *saved)
{
	const CachedPlan *generic = plan_source(saved->plan)->gplan;
	int			guc_level;

	if (!jit_enabled || (generic != NULL && generic->is_valid))
		return 0;
	guc_level = NewGUCNestLevel();
	(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return guc_level;
}

/*
 * pin_plan keeps a plan from being freed until the current memory context is deleted, even by an
 * error.  Planning and execution can run other functions, which can call us.
 */
static void
pin_plan(SavedPlan *saved)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = unpin_plan;
	callback->arg = saved;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	saved->pins++;
}

static void
unpin_plan(void *arg)
{
	SavedPlan  *saved = arg;

	saved->pins--;
	free_if_unused(saved);
}

/*
 * fetch_locked_plan returns a valid plan, with locks on all tables that it reads: those that its
 * queries name, those behind views, policies and rules, and the partitions of all of them.
 *
 * Otherwise the plan cache would lock them.  If it had to wait, it might have to analyze the text
 * again, after others have put functions into our schema.  Partitions appear in an existing generic
 * plan; while one is being made, nothing is analyzed any more.
 */
static SavedPlan *
fetch_locked_plan(const PlanRequest *request)
{
	SavedPlan  *saved;
	int			tries = 0;

	/* locks that are held need no more waiting; with debug_discard_caches no plan stays valid */
	do
	{
		CachedPlanSource *source;

		saved = fetch_plan(request);
		source = plan_source(saved->plan);
		lock_tables_walker((Node *) source->query_list, NULL);
		if (source->gplan != NULL)
			lock_tables_of_plan(source->gplan);
	} while (!is_good_plan(saved->plan) && ++tries < MAX_TRIES);
	if (tries == MAX_TRIES && debug_discard_caches == 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not plan the statement because its tables were altered repeatedly"),
				 errhint("Try again.")));
	return saved;
}

/* lock_tables_walker locks a query's tables and views as execution does. */
static bool
lock_tables_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		lock_table((RangeTblEntry *) node);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, lock_tables_walker, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, lock_tables_walker, context);
}

/* lock_tables_of_plan does the same for a plan. */
static void
lock_tables_of_plan(const CachedPlan *plan)
{
	ListCell   *statement;
	ListCell   *table;

	foreach(statement, plan->stmt_list)
	{
		foreach(table, lfirst_node(PlannedStmt, statement)->rtable)
			lock_table(lfirst_node(RangeTblEntry, table));
	}
}

/* lock_table locks a table or view as execution does. */
static void
lock_table(const RangeTblEntry *rte)
{
	/* since PostgreSQL 16, a view is locked through the range table entry of its subquery */
	Assert(rte->rtekind != RTE_RELATION || rte->rellockmode != NoLock);
	if (OidIsValid(rte->relid) && rte->rellockmode != NoLock)
		LockRelationOid(rte->relid, rte->rellockmode);
}

/*
 * plan_source returns a plan's single statement.  If rules add queries or remove it, its
 * query_list does not have exactly one query.
 */
static CachedPlanSource *
plan_source(SPIPlanPtr plan)
{
	return linitial(SPI_plan_get_plan_sources(plan));
}

/* fetch_plan returns a plan that is good now. */
static SavedPlan *
fetch_plan(const PlanRequest *request)
{
	PlanKey		key = {.sql = request->sql, .caller = request->caller};
	PlanEntry  *entry;
	SavedPlan  *saved;
	bool		found;
	int			role;
	int			i;

	if (plans == NULL)
		create_plans();

	memcpy(key.columns, request->columns, sizeof(key.columns));
	for (role = 0; role < APP_NROLES; role++)
		key.relids[role] = request->tables[role] ? request->tables[role]->relid : InvalidOid;
	for (i = 0; i < request->nparams; i++)
	{
		if (request->params[i].optional && !request->params[i].isnull)
			key.given |= (uint32) 1 << i;
	}
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry != NULL && has_same_tables(entry->saved, request) &&
		is_good_plan(entry->saved->plan))
	{
		entry->saved->last_used = ++use_clock;
		return entry->saved;
	}

	discard_stale_plans();
	saved = prepare_plan(request);
	entry = hash_search(plans, &key, HASH_ENTER, &found);
	if (found)
		discard_plan(entry->saved);
	entry->saved = saved;
	saved->last_used = ++use_clock;
	if (hash_get_num_entries(plans) > MAX_PLANS)
		discard_least_used_plan();
	return saved;
}

/* has_same_tables: was a plan built from the same table descriptions as in a request? */
static bool
has_same_tables(const SavedPlan *saved, const PlanRequest *request)
{
	int			role;

	for (role = 0; role < APP_NROLES; role++)
	{
		if (request->tables[role] && saved->generations[role] != request->tables[role]->generation)
			return false;
	}
	return true;
}

/*
 * is_good_plan: can a plan run as it is?
 *
 * SPI_plan_is_valid does not check everything: under another search_path, or another
 * role with row-level security, the plan cache analyzes the text again by itself.  We
 * need to know, because we check the functions that it then calls.
 */
static bool
is_good_plan(SPIPlanPtr plan)
{
	CachedPlanSource *source = plan_source(plan);

	return SPI_plan_is_valid(plan) && search_path_matches(source->search_path) &&
		(!source->dependsOnRLS || (source->rewriteRoleId == GetUserId() &&
								   source->rewriteRowSecurity == row_security));
}

/* prepare_plan builds a statement's text and saves its plan. */
static SavedPlan *
prepare_plan(const PlanRequest *request)
{
	PlanText	text = {0};
	Oid			types[PLAN_MAX_PARAMS];
	SavedPlan  *saved;
	SPIPlanPtr	plan;
	int			role;
	int			i;

	initStringInfo(&text.sql);
	plan_expand(&text, request, request->sql);
	for (i = 0; i < request->nparams; i++)
		types[i] = request->params[i].type;
	plan = SPI_prepare_cursor(text.sql.data, request->nparams, types, plan_options(request));
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));

	/* a rule can have made it nothing, which does nothing */
	if (plan_source(plan)->query_list != NIL)
		check_plan(plan, request, text.functions);

	saved = MemoryContextAllocZero(plan_context, sizeof(SavedPlan));
	SPI_keepplan(plan);
	saved->plan = plan;
	for (role = 0; role < APP_NROLES; role++)
		saved->generations[role] = request->tables[role] ? request->tables[role]->generation : 0;
	pfree(text.sql.data);
	return saved;
}

/*
 * plan_options returns how a statement is planned.
 *
 * Citus has to know the tenant to plan a statement that joins tables whose rows are on several nodes:
 * it has no generic plan for that.
 */
static int
plan_options(const PlanRequest *request)
{
	return request->plan_options == PLAN_BY_KEY && plan_is_sharded(request) ? PLAN_BY_BATCH :
		request->plan_options;
}

/* check_plan checks that a statement has what its text means, and locks what it reads. */
static void
check_plan(SPIPlanPtr plan, const PlanRequest *request, List *functions)
{
	check_tables(plan, request);
	plan_check_locks(plan_source(plan)->query_list, request->tables[APP_ASSETS]);
	if (OidIsValid(request->caller))
		check_functions(plan, request->caller, functions);
}

/* check_tables checks that the names in a statement still refer to the bound tables. */
static void
check_tables(SPIPlanPtr plan, const PlanRequest *request)
{
	int			role;

	for (role = 0; role < APP_NROLES; role++)
	{
		const AppTable *table = request->tables[role];

		if (table == NULL || (request->unread & TABLE_BIT(role)) != 0)
			continue;
		if (!list_member_oid(plan_source(plan)->relationOids, table->relid))
			app_report_renamed(table->name);
		app_schema_check_name(table);
	}
}

/*
 * check_functions checks that a statement calls our own functions, and none that somebody else
 * has put into our schema under the same names.
 *
 * Such a function could be a better match.  In addition, the owner of our schema can give its
 * name to another schema while the statement is prepared; our functions are then missing.
 */
static void
check_functions(SPIPlanPtr plan, Oid caller, List *names)
{
	FunctionCheck check = {.caller = caller, .names = names};
	ListCell   *cell;

	check_functions_walker((Node *) plan_source(plan)->query_list, &check);
	foreach(cell, names)
	{
		if (!has_name(check.found, lfirst(cell)))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("the extension's schema was renamed concurrently"),
					 errhint("Try again.")));
	}
}

static bool
check_functions_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, check_functions_walker, context, 0);
	(void) check_functions_in_node(node, check_function, context);
	return expression_tree_walker(node, check_functions_walker, context);
}

/* check_function notes our own functions, and refuses others that have their schema and name. */
static bool
check_function(Oid function, void *context)
{
	FunctionCheck *check = context;
	char	   *name = get_func_name(function);

	if (name == NULL || !has_name(check->names, name))
		return false;
	if (is_of_extension(function, check->caller))
		check->found = lappend(check->found, name);
	else if (get_func_namespace(function) == get_func_namespace(check->caller))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function %s is not part of the extension", format_procedure(function)),
				 errhint("Drop the function, or move the extension to a schema "
						 "where only its owner can create objects.")));
	return false;
}

static bool
has_name(const List *names, const char *name)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (strcmp(lfirst(cell), name) == 0)
			return true;
	}
	return false;
}

/*
 * is_of_extension: do two functions have the same extension and the same owner?
 *
 * The owner of the extension can add functions to it, but those that came with a trusted
 * extension belong to the bootstrap superuser.
 */
static bool
is_of_extension(Oid function, Oid caller)
{
	return getExtensionOfObject(ProcedureRelationId, function) ==
		getExtensionOfObject(ProcedureRelationId, caller) &&
		function_owner(function) == function_owner(caller);
}

static Oid
function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* discard_plan frees a plan that has lost its entry, now or when it has finished running. */
static void
discard_plan(SavedPlan *saved)
{
	saved->discarded = true;
	free_if_unused(saved);
}

static void
free_if_unused(SavedPlan *saved)
{
	if (!saved->discarded || saved->pins > 0)
		return;
	SPI_freeplan(saved->plan);
	pfree(saved);
}

/*
 * discard_stale_plans drops the entries whose plans are stale, so that plans of
 * tables that were dropped do not pile up.
 */
static void
discard_stale_plans(void)
{
	HASH_SEQ_STATUS scan;
	PlanEntry  *entry;

	hash_seq_init(&scan, plans);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		SavedPlan  *saved = entry->saved;

		if (SPI_plan_is_valid(saved->plan))
			continue;
		hash_search(plans, &entry->key, HASH_REMOVE, NULL);
		discard_plan(saved);
	}
}

/* discard_least_used_plan drops the least recently used entry, if there is one. */
static void
discard_least_used_plan(void)
{
	HASH_SEQ_STATUS scan;
	PlanEntry  *entry;
	PlanKey		oldest = {0};
	SavedPlan  *saved = NULL;

	hash_seq_init(&scan, plans);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (saved != NULL && saved->last_used < entry->saved->last_used)
			continue;
		oldest = entry->key;
		saved = entry->saved;
	}
	if (saved == NULL)
		return;
	hash_search(plans, &oldest, HASH_REMOVE, NULL);
	discard_plan(saved);
}

static void
create_plans(void)
{
	HASHCTL		ctl = {.keysize = sizeof(PlanKey), .entrysize = sizeof(PlanEntry)};

	plan_context = AllocSetContextCreate(TopMemoryContext, "asset_reuse plans",
										 ALLOCSET_SMALL_SIZES);
	ctl.hcxt = plan_context;
	plans = hash_create("asset_reuse plans", PLANS_EXPECTED, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}
