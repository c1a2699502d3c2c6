/*-------------------------------------------------------------------------
 *
 * status.c
 *	  asset_reuse_status_tables: what the view asset_reuse_status cannot learn by SQL alone.
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "app_index.h"
#include "app_schema.h"
#include "plan_cache.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_status_tables);

/* The library's version: that of the extension's script, which calls it */
#define LIBRARY_VERSION		"1.0"

/* Documents are counted up to this number, so that it is cheap whatever their number. */
static const char count_logged[] =
	"SELECT pg_catalog.count(*) FROM (SELECT FROM {assets} AS a WHERE {doc:a} {?} 'reuse_history' LIMIT 1000) AS d";

enum
{
	STATUS_ASSETS,
	STATUS_HISTORY,
	STATUS_DOCUMENTS,
	STATUS_VERSION,
	STATUS_NCOLUMNS
};

static bool may_count(Oid assets);
static int64 count_documents(void);

/*
 * asset_reuse_status_tables() returns the tables, the documents that have a log, and the library's version.
 *
 * Error 42809 if a relation of somebody else's has the history table's name.
 */
Datum
asset_reuse_status_tables(PG_FUNCTION_ARGS)
{
	Datum		values[STATUS_NCOLUMNS] = {0};
	bool		nulls[STATUS_NCOLUMNS] = {0};
	TupleDesc	row;
	Oid			assets = app_schema_find(APP_ASSETS, AccessShareLock);
	Oid			history = InvalidOid;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (OidIsValid(assets) && !app_relation_fits(assets))
		assets = InvalidOid;
	if (OidIsValid(assets))
		history = history_table_find(assets, false);

	values[STATUS_ASSETS] = ObjectIdGetDatum(assets);
	nulls[STATUS_ASSETS] = !OidIsValid(assets);
	values[STATUS_HISTORY] = ObjectIdGetDatum(history);
	nulls[STATUS_HISTORY] = !OidIsValid(history);
	nulls[STATUS_DOCUMENTS] = !OidIsValid(assets) || !may_count(assets);
	if (!nulls[STATUS_DOCUMENTS])
		values[STATUS_DOCUMENTS] = Int64GetDatum(count_documents());
	values[STATUS_VERSION] = CStringGetTextDatum(LIBRARY_VERSION);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(row, values, nulls)));
}

/* may_count: is there an index that makes it cheap, and may the caller read the documents? */
static bool
may_count(Oid assets)
{
	char		relkind = get_rel_relkind(assets);
	AttrNumber	documents = get_attnum(assets, app_column_name(APP_ASSETS, ASSET_PLATFORM_METADATA));

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	return documents != InvalidAttrNumber &&
		(pg_class_aclcheck(assets, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		 pg_attribute_aclcheck(assets, documents, GetUserId(), ACL_SELECT) == ACLCHECK_OK) &&
		OidIsValid(app_index_find(INDEX_LOGS, assets));
}

/*
 * count_documents counts the documents that have a log and that the caller may see.
 *
 * Shortly after a migration, the planner still believes that nearly all have one, so that reading
 * the table would soon find enough of them.
 */
static int64
count_documents(void)
{
	AppTable	assets;
	PlanRequest request = {
		.sql = count_logged,
		.tables[APP_ASSETS] = &assets,
		.read_only = true,
		.plan_options = PLAN_BY_BATCH
	};
	int			guc_level = NewGUCNestLevel();
	int64		count;

	(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	app_schema_bind(APP_ASSETS, AccessShareLock, &assets);
	plan_execute(&request);
	count = DatumGetInt64(plan_result(0, 1, INT8OID));
	SPI_finish();
	AtEOXact_GUC(false, guc_level);
	return count;
}
