/*-------------------------------------------------------------------------
 *
 * rows_estimate.c
 *	  Row estimates of the row functions, for the planner.
 *
 * All figures are means over all tenants, because a tenant's own figures would reveal another
 * tenant's data to the caller.  They come from what ANALYZE has stored, without a lock on a
 * table or a look into it.  If anything is missing or odd, there is no estimate: the planner
 * uses its default, and errors are left to the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "app_schema.h"
#include "rows_request.h"
#include "settings.h"
#include "time_bucket.h"

PG_FUNCTION_INFO_V1(asset_reuse_rows_support);

#define UNKNOWN				(-1.0)
#define USECS_PER_MONTH		((double) USECS_PER_DAY * DAYS_PER_YEAR / MONTHS_PER_YEAR)

/* The number of assets, and means over them */
typedef struct AssetStats
{
	Oid			relid;
	Oid			schema;
	double		rows;
	double		tenants;
	double		assets;			/* live ones of a tenant */
	double		events;			/* theirs */
	double		reused;			/* fraction of assets that have some */
} AssetStats;

static double events_rows(const AssetStats *stats, const bool *given);
static double where_used_rows(const AssetStats *stats, const bool *given);
static double unused_rows(const AssetStats *stats, const bool *given);
static double performance_rows(const AssetStats *stats, Node *const *args, const bool *given);
static double wear_out_rows(const AssetStats *stats);
static double bucket_rows(Node *const *args, const char *default_bucket);
static bool read_assets(AssetStats *stats);
static bool read_counts(AssetStats *stats);
static double count_value(const AttStatsSlot *slot, int i);
static double table_rows(const TableSetting *setting, Oid *schema, Oid *relid);
static HeapTuple column_stats(Oid relid, AssetColumn column);
static double column_distinct(const AssetStats *stats, AssetColumn column);

/* asset_reuse_rows_support tells the planner how many rows a call returns; null if it cannot. */
Datum
asset_reuse_rows_support(PG_FUNCTION_ARGS)
{
	SupportRequestRows *request = (SupportRequestRows *) PG_GETARG_POINTER(0);
	Node	   *args[FUNC_MAX_ARGS] = {NULL};
	bool		given[FUNC_MAX_ARGS] = {false};
	const char *name;
	AssetStats	stats;
	double		rows = UNKNOWN;
	int			i;

	if (!IsA(request, SupportRequestRows) || request->root == NULL || !is_funcclause(request->node) ||
		(name = get_func_name(request->funcid)) == NULL)
		PG_RETURN_POINTER(NULL);
	for (i = 0; i < list_length(((FuncExpr *) request->node)->args); i++)
	{
		args[i] = estimate_expression_value(request->root, list_nth(((FuncExpr *) request->node)->args, i));
		given[i] = !IsA(args[i], Const) || !((Const *) args[i])->constisnull;
	}
	if (strcmp(name, "asset_reuse_timeline") == 0)
		rows = bucket_rows(args, "day");
	else if (strcmp(name, "asset_reuse_trend") == 0)
		rows = bucket_rows(args, "month");
	else if (!read_assets(&stats))
		rows = UNKNOWN;
	else if (strcmp(name, "asset_reuse_event_rows") == 0)
		rows = events_rows(&stats, given);
	else if (strcmp(name, "asset_reuse_where_used") == 0)
		rows = where_used_rows(&stats, given);
	else if (strcmp(name, "asset_reuse_unused") == 0)
		rows = unused_rows(&stats, given);
	else if (strcmp(name, "asset_reuse_performance") == 0)
		rows = performance_rows(&stats, args, given);
	else if (strcmp(name, "asset_reuse_wear_out") == 0)
		rows = wear_out_rows(&stats);
	/* odd statistics make it infinite, or not a number */
	if (!(rows >= 0) || isinf(rows))
		PG_RETURN_POINTER(NULL);
	request->rows = rows;
	PG_RETURN_POINTER(request);
}

/* (tenant_id, asset_id, start_date, end_date) */
static double
events_rows(const AssetStats *stats, const bool *given)
{
	return (given[1] ? stats->events / stats->assets : stats->events) *
		(given[2] ? DEFAULT_INEQ_SEL : 1) * (given[3] ? DEFAULT_INEQ_SEL : 1);
}

/* (tenant_id, campaign_space_id, reused_in_type, reused_in_id): all campaigns are assumed to have equally many events. */
static double
where_used_rows(const AssetStats *stats, const bool *given)
{
	Oid			schema = InvalidOid;
	Oid			relid;
	double		places = given[1] || given[3] ? table_rows(spaces_table_setting, &schema, &relid) : UNKNOWN;
	double		rows = stats->assets * stats->reused;

	return places > 0 ? Min(rows, stats->events * stats->tenants / places) : rows;
}

/* (tenant_id, asset_type, older_than) */
static double
unused_rows(const AssetStats *stats, const bool *given)
{
	return stats->assets * (1 - stats->reused) / (given[1] ? Max(column_distinct(stats, ASSET_TYPE), 1) : 1) *
		(given[2] ? DEFAULT_INEQ_SEL : 1);
}

/* (tenant_id, asset_type, campaign_space_id, row_limit): of a campaign, what is reused there. */
static double
performance_rows(const AssetStats *stats, Node *const *args, const bool *given)
{
	const Const *limit = (const Const *) args[3];
	double		rows = stats->assets / (given[1] ? Max(column_distinct(stats, ASSET_TYPE), 1) : 1);
	bool		place[] = {false, given[2], false, false};

	if (given[2])
		rows = Min(rows, where_used_rows(stats, place));
	if (limit == NULL || !IsA(limit, Const))
		return rows;
	return Min(rows, limit->constisnull ? DEFAULT_PERFORMANCE_ROWS : DatumGetInt32(limit->constvalue));
}

/* (tenant_id, asset_type): a period before the first reuse of a reused asset, and one for each reuse. */
static double
wear_out_rows(const AssetStats *stats)
{
	return stats->reused > 0 ? 1 + stats->events / (stats->assets * stats->reused) : 1;
}

/* (tenant_id, bucket, asset_type, start_date, end_date, time_zone): a known range's buckets. */
static double
bucket_rows(Node *const *args, const char *default_bucket)
{
	const Const *name = (const Const *) args[1];
	const Const *start = (const Const *) args[3];
	const Const *end = (const Const *) args[4];
	const TimeBucket *bucket;
	TimestampTz last;

	if (name == NULL || start == NULL || end == NULL ||
		!IsA(name, Const) || !IsA(start, Const) || !IsA(end, Const) || start->constisnull ||
		TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(start->constvalue)))
		return UNKNOWN;
	bucket = time_bucket_named(name->constisnull ? default_bucket : TextDatumGetCString(name->constvalue));
	last = end->constisnull ? DT_NOEND : DatumGetTimestampTz(end->constvalue);
	if (TIMESTAMP_NOT_FINITE(last))
		last = GetCurrentTimestamp() + USECS_PER_DAY;
	if (bucket == NULL)
		return UNKNOWN;
	return Min(MAX_BUCKETS, ceil(((double) last - (double) DatumGetTimestampTz(start->constvalue)) /
								 ((double) bucket->length.time + (double) bucket->length.day * USECS_PER_DAY +
								  bucket->length.month * USECS_PER_MONTH)));
}

/* read_assets reads the means; false if the statistics are incomplete. */
static bool
read_assets(AssetStats *stats)
{
	HeapTuple	deleted;
	Oid			history;
	double		live = 1;

	stats->schema = InvalidOid;
	stats->rows = table_rows(assets_table_setting, &stats->schema, &stats->relid);
	if (!(stats->rows > 0) || !read_counts(stats))
		return false;
	stats->tenants = column_distinct(stats, ASSET_TENANT_ID);
	deleted = column_stats(stats->relid, ASSET_DELETED_AT);
	if (HeapTupleIsValid(deleted))
	{
		live = ((Form_pg_statistic) GETSTRUCT(deleted))->stanullfrac;
		ReleaseSysCache(deleted);
	}
	if (!(stats->tenants > 0) || !(live > 0))
		return false;
	stats->assets = stats->rows * live / stats->tenants;
	/* others may have stored events without counting them */
	stats->events = Max(stats->events * stats->assets,
						table_rows(history_table_setting, &stats->schema, &history) * live / stats->tenants);
	return true;
}

/*
 * read_counts reads the mean of reused_count, as events, and the fraction of assets that have any.
 *
 * A few assets are reused far more than the others, so between two bounds of the histogram the
 * geometric mean is the best approximation.
 */
static bool
read_counts(AssetStats *stats)
{
	HeapTuple	tuple = column_stats(stats->relid, ASSET_REUSED_COUNT);
	AttStatsSlot common = {0};
	AttStatsSlot histogram = {0};
	double		rest;
	bool		known;
	int			i;

	if (!HeapTupleIsValid(tuple))
		return false;
	(void) get_attstatsslot(&common, tuple, STATISTIC_KIND_MCV, InvalidOid,
							ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS);
	(void) get_attstatsslot(&histogram, tuple, STATISTIC_KIND_HISTOGRAM, InvalidOid, ATTSTATSSLOT_VALUES);
	rest = 1 - ((Form_pg_statistic) GETSTRUCT(tuple))->stanullfrac;
	/* a type without an order has neither */
	known = common.nvalues > 0 || histogram.nvalues > 0 || rest <= 0;
	stats->events = stats->reused = 0;
	for (i = 0; i < Min(common.nvalues, common.nnumbers); i++)
	{
		stats->events += common.numbers[i] * count_value(&common, i);
		stats->reused += count_value(&common, i) > 0 ? common.numbers[i] : 0;
		rest -= common.numbers[i];
	}
	for (i = 1; i < histogram.nvalues; i++)
	{
		double		high = count_value(&histogram, i);
		double		share = Max(rest, 0) / (histogram.nvalues - 1);

		stats->events += share * (sqrt((count_value(&histogram, i - 1) + 1) * (high + 1)) - 1);
		stats->reused += high > 0 ? share : 0;
	}
	CLAMP_PROBABILITY(stats->reused);
	free_attstatsslot(&common);
	free_attstatsslot(&histogram);
	ReleaseSysCache(tuple);
	return known && stats->events >= 0;
}

/* count_value returns a value of reused_count; NaN if its type is not an integer. */
static double
count_value(const AttStatsSlot *slot, int i)
{
	switch (getBaseType(slot->valuetype))
	{
		case INT2OID:
			return Max(DatumGetInt16(slot->values[i]), 0);
		case INT4OID:
			return Max(DatumGetInt32(slot->values[i]), 0);
		case INT8OID:
			return (double) Max(DatumGetInt64(slot->values[i]), 0);
		default:
			return NAN;
	}
}

/*
 * table_rows finds the table that a setting names, in *schema if it has none, and returns the
 * number of its rows; UNKNOWN if it was not analyzed, as is always so for a view.
 */
static double
table_rows(const TableSetting *setting, Oid *schema, Oid *relid)
{
	HeapTuple	tuple;
	double		rows;

	if (setting->schema[0])
		*schema = get_namespace_oid(setting->schema, true);
	*relid = setting->schema[0] || OidIsValid(*schema) ? get_relname_relid(setting->name, *schema) :
		RelnameGetRelid(setting->name);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(*relid));
	if (!HeapTupleIsValid(tuple))
		return UNKNOWN;
	*schema = ((Form_pg_class) GETSTRUCT(tuple))->relnamespace;
	rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return app_relation_fits(*relid) ? rows : UNKNOWN;
}

/* column_stats returns the statistics of a column, if the caller may read it; else null. */
static HeapTuple
column_stats(Oid relid, AssetColumn column)
{
	AttrNumber	number = get_attnum(relid, app_column_name(APP_ASSETS, column));
	bool		missing;

	/* the variants with missing_ok raise no error for objects that were dropped concurrently */
	if (number == InvalidAttrNumber ||
		(pg_class_aclcheck_ext(relid, GetUserId(), ACL_SELECT, &missing) != ACLCHECK_OK &&
		 pg_attribute_aclcheck_ext(relid, number, GetUserId(), ACL_SELECT, &missing) != ACLCHECK_OK))
		return NULL;
	return SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid), Int16GetDatum(number),
						   BoolGetDatum(get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE));
}

/* column_distinct returns the number of distinct values of a column; 0 if unknown. */
static double
column_distinct(const AssetStats *stats, AssetColumn column)
{
	HeapTuple	tuple = column_stats(stats->relid, column);
	double		distinct = 0;

	if (HeapTupleIsValid(tuple))
	{
		distinct = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
		ReleaseSysCache(tuple);
	}
	return distinct < 0 ? -distinct * stats->rows : distinct;
}
