/*-------------------------------------------------------------------------
 *
 * plan_cache.h
 *	  Saved SPI plans.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_CACHE_H
#define ASSET_REUSE_PLAN_CACHE_H

#include "executor/execdesc.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/plancache.h"
#include "utils/portal.h"

#include "app_schema.h"

typedef enum PlanQuery
{
	PLAN_LOOKUP,
	PLAN_TRACK,
	PLAN_TRACK_LOCK,
	PLAN_TRACK_STORE,
	PLAN_MOVE_LOGS,
	PLAN_MIGRATE_COUNT,
	PLAN_MIGRATE_PICK,
	PLAN_MIGRATE_LOCK,
	PLAN_HISTORY_ROWS,
	PLAN_HISTORY_COUNT,
	PLAN_HISTORY_CAMPAIGNS,
	PLAN_ANALYTICS,
	PLAN_RESTORE,
	PLAN_EVENTS,
	PLAN_TIMELINE,
	PLAN_WHERE_USED,
	PLAN_UNUSED
} PlanQuery;

#define PLAN_MAX_PARAMS		12

/*
 * How a statement is planned.  What finds a few rows by their key has one good
 * plan for all values, and planning it anew for each call would cost more than to
 * run it.  What reads a tenant's assets is planned for that tenant, since tenants'
 * sizes differ a hundred-thousandfold, and for parallel query, which SPI_prepare
 * alone would never consider.  What reads some of all assets is planned for how many.
 * What may be read only in part is planned for its first rows, by the leader alone:
 * workers are not for a statement that pauses.
 */
#define PLAN_BY_KEY			CURSOR_OPT_GENERIC_PLAN
#define PLAN_BY_BATCH		CURSOR_OPT_CUSTOM_PLAN
#define PLAN_BY_TENANT		(CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_PARALLEL_OK)
#define PLAN_STREAMED		(CURSOR_OPT_CUSTOM_PLAN | CURSOR_OPT_FAST_PLAN)

/* A statement under construction */
typedef struct PlanText
{
	StringInfoData sql;
	int			nparams;
	Oid			types[PLAN_MAX_PARAMS];
} PlanText;

/*
 * A statement that runs over tables of the application's.  Query, shape and
 * caller say which; build writes its text from them when there is no plan.
 */
typedef struct PlanRequest
{
	PlanQuery	query;
	uint32		shape;			/* a query's variants, by numbers of its own */
	const AppTable *tables[APP_NROLES];	/* by role; null where it uses none */
	Oid			caller;			/* our SQL function, if the text calls others of ours; or 0 */
	bool		read_only;		/* sees what the calling query sees */
	int			plan_options;	/* PLAN_... */
	void		(*build) (PlanText *text, const struct PlanRequest *request);
} PlanRequest;

extern void plan_execute(const PlanRequest *request, Datum *values, const char *nulls);
extern Portal plan_open_cursor(const PlanRequest *request, Datum *values, const char *nulls);
extern void plan_execute_into(const PlanRequest *request, Datum *values, const char *nulls,
							  DestReceiver *receiver);
extern QueryDesc *plan_start(const PlanRequest *request, Datum *values, const char *nulls,
							 DestReceiver *receiver);
extern void plan_stop(QueryDesc *query);
extern Datum plan_execute_value(const PlanRequest *request, Datum *values, const char *nulls);

extern int	plan_add_param(PlanText *text, Oid type);
extern void plan_append_table(PlanText *text, const AppTable *table);
extern void plan_append_function(PlanText *text, const PlanRequest *request, const char *name);
extern void plan_append_text(PlanText *text, const AppColumn *column, const char *expression);
extern void plan_append_utc(PlanText *text, Oid type, const char *expression);

#endif							/* ASSET_REUSE_PLAN_CACHE_H */
