/*-------------------------------------------------------------------------
 *
 * repair.c
 *	  asset_reuse_repair: makes the counters of a tenant's assets agree with the events.
 *
 * What asset_reuse_verify finds is checked again under each asset's lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "batch.h"
#include "log_value.h"
#include "request.h"
#include "rows_queries.h"
#include "rows_request.h"

PG_FUNCTION_INFO_V1(asset_reuse_repair);

static const char pick_repairable[] =
	"SELECT v.asset_id, pg_catalog.count(*) OVER () FROM ({verified}) AS v"
	" WHERE (v.found).problem {=} 'unreadable' OR (v.found).problem {=} 'count_low'"
	"{if match} OR (v.found).problem {=} 'count_high' OR (v.found).problem {=} 'time_differs'"
	"{else} OR ((v.found).problem {=} 'time_differs' AND (v.found).latest_event IS NOT NULL AND"
	"   (v.last_reused_at IS NULL OR {utc:v.last_reused_at} {<} (v.found).latest_event OR {utc:v.last_reused_at} {>} $horizon)){end}"
	" GROUP BY v.asset_id ORDER BY v.asset_id";

static const char set_counters[] =
	"UPDATE {assets} AS a SET"
	"{if sets_count} reused_count = $count{if sets_time},{end}{end}"
	"{if sets_time} last_reused_at = $time{end}"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	" WHERE a.id {=} $asset_id AND {live:a} RETURNING true";

/* Columns of row_verify */
enum
{
	VERIFY_ASSET_ID = 1,
	VERIFY_PROBLEM,
	VERIFY_REUSED_COUNT,
	VERIFY_EVENTS,
	VERIFY_LAST_REUSED_AT,
	VERIFY_LATEST_EVENT
};

typedef struct Repair
{
	bool		match;			/* set the counters, and not only raise them */
	int64		unreadable;
} Repair;

/* An asset's counters, and those of its events */
typedef struct Counters
{
	int64		count;
	int64		events;
	Timestamp	last;			/* DT_NOBEGIN: none */
	Timestamp	latest;
	bool		unreadable;
	bool		time_differs;
} Counters;

static Portal pick(Batch *batch);
static void make_verify(const Batch *batch, Identifier asset_id, const char *sql, RowStatement *statement);
static bool repair(Batch *batch, Identifier asset_id);
static bool read_counters(Counters *counters);
static Timestamp read_time(uint64 row, int column);
static void set(const Batch *batch, Identifier asset_id, const Counters *counters, bool sets_count, bool sets_time);

static const BatchWork work = {
	.procedure = "asset_reuse_repair",
	.done = "repaired",
	.not_done = "assets that could not be repaired",
	.pick = pick,
	.change = repair
};

/* asset_reuse_repair(tenant_id, mode, batch_size) repairs the counters of a tenant's live assets. */
Datum
asset_reuse_repair(PG_FUNCTION_ARGS)
{
	static const char *const modes[] = {"raise", "match"};
	Repair		request = {0};
	Batch		batch = {.work = &work, .request = &request};

	batch.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	request.match = request_choice(fcinfo, 1, "mode", modes, lengthof(modes)) == 1;
	batch.size = request_optional_int(fcinfo, 2, "batch_size", 1, INT_MAX, DEFAULT_BATCH);
	batch_run(fcinfo, &batch);
	if (request.unreadable > 0)
		ereport(WARNING,
				(errmsg("assets whose platform_metadata cannot be read were left alone: " INT64_FORMAT, request.unreadable),
				 errhint("asset_reuse_verify() reports them as unreadable.")));
	PG_RETURN_VOID();
}

/* pick opens a cursor over the assets that have something to repair. */
static Portal
pick(Batch *batch)
{
	RowStatement statement;
	Repair	   *request = batch->request;

	request->unreadable = 0;
	make_verify(batch, (Identifier) {0}, pick_repairable, &statement);
	plan_add_optional(&statement.plan, "match", BOOLOID, BoolGetDatum(true), !request->match);
	return plan_open_cursor(&statement.plan);
}

/* make_verify makes a statement over the findings of verify, with a new snapshot. */
static void
make_verify(const Batch *batch, Identifier asset_id, const char *sql, RowStatement *statement)
{
	RowRequest	request = {
		.id_type = batch->id_type, .tenant_id = batch->tenant_id, .asset_id = asset_id,
		.verifies = true, .writes = true
	};

	rows_make_statement(batch->caller, &request, sql, statement);
}

/* repair checks an asset, whose row is locked, and changes it if necessary. */
static bool
repair(Batch *batch, Identifier asset_id)
{
	Repair	   *request = batch->request;
	RowStatement statement;
	Counters	c;
	bool		sets_count;
	bool		sets_time;

	make_verify(batch, asset_id, row_verify, &statement);
	statement.plan.plan_options = PLAN_BY_KEY;
	plan_execute(&statement.plan);
	if (!read_counters(&c))
		return false;
	request->unreadable += c.unreadable;
	sets_count = request->match ? c.count != c.events : c.count < c.events;
	sets_time = c.time_differs;
	/* a time that is disregarded as the latest is not kept */
	if (!request->match)
		sets_time &= c.latest != DT_NOBEGIN &&
			(c.last < c.latest || c.last > reuse_horizon(GetCurrentTimestamp()));
	if (c.unreadable || (!sets_count && !sets_time))
		return false;
	set(batch, asset_id, &c, sets_count, sets_time);
	return true;
}

/* read_counters reads the finding of verify; false if there is none. */
static bool
read_counters(Counters *counters)
{
	uint64		i;

	memset(counters, 0, sizeof(*counters));
	if (SPI_processed == 0)
		return false;
	if (!plan_result_is_null(0, VERIFY_REUSED_COUNT, INT8OID))
		counters->count = DatumGetInt64(plan_result(0, VERIFY_REUSED_COUNT, INT8OID));
	counters->events = DatumGetInt64(plan_result(0, VERIFY_EVENTS, INT8OID));
	counters->last = read_time(0, VERIFY_LAST_REUSED_AT);
	counters->latest = read_time(0, VERIFY_LATEST_EVENT);
	for (i = 0; i < SPI_processed; i++)
	{
		char	   *problem = TextDatumGetCString(plan_result(i, VERIFY_PROBLEM, TEXTOID));

		counters->unreadable |= strcmp(problem, "unreadable") == 0;
		counters->time_differs |= strcmp(problem, "time_differs") == 0;
	}
	return true;
}

static Timestamp
read_time(uint64 row, int column)
{
	if (plan_result_is_null(row, column, TIMESTAMPTZOID))
		return DT_NOBEGIN;
	return DatumGetTimestampTz(plan_result(row, column, TIMESTAMPTZOID));
}

/* set sets an asset's counters.  Error 27000 if the row was not updated, 21000 if there are two. */
static void
set(const Batch *batch, Identifier asset_id, const Counters *c, bool sets_count, bool sets_time)
{
	PlanRequest update = batch_request(batch, set_counters, asset_id);
	const AppColumn *columns = batch->assets.columns;

	plan_add_optional(&update, "sets_count", BOOLOID, BoolGetDatum(true), !sets_count);
	plan_add_optional(&update, "sets_time", BOOLOID, BoolGetDatum(true), !sets_time);
	plan_add_value(&update, "count", INT8OID, Int64GetDatum(c->events));
	/* both timestamp, taken as UTC, and timestamptz hold these numbers */
	plan_add_nullable(&update, "time", columns[ASSET_LAST_REUSED_AT].type, TimestampGetDatum(c->latest),
					  c->latest == DT_NOBEGIN);
	if (columns[ASSET_UPDATED_AT].present)
		plan_add_value(&update, "updated_at", columns[ASSET_UPDATED_AT].type,
					   TimestampTzGetDatum(GetCurrentTimestamp()));
	plan_execute(&update);
	if (SPI_processed == 0)
		app_report_suppressed(&batch->assets);
	if (SPI_processed > 1)
		app_report_ambiguous();
}
