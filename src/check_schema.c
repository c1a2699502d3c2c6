/*-------------------------------------------------------------------------
 *
 * check_schema.c
 *	  asset_reuse_check_schema: do the application's tables fit?
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "app_index.h"
#include "app_schema.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_check_schema);

#define CHECK_NCOLUMNS	7

static void check_table(AppRole role, ReturnSetInfo *result);
static void check_indexes(AppRole role, Oid relid, ReturnSetInfo *result);
static bool wants_index(AppIndex index, Oid relid);
static void put_row(ReturnSetInfo *result, char *const *values);
static char *column_hint(AppRole role, int column, Oid relid, AppColumnStatus status);
static char *without_column(AppRole role, int column, Oid relid);

/* asset_reuse_check_schema() returns a row for each column that is used, and for each index. */
Datum
asset_reuse_check_schema(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	check_table(APP_ASSETS, result);
	check_table(APP_SPACES, result);
	return (Datum) 0;
}

/* check_table adds the rows of one of the two tables. */
static void
check_table(AppRole role, ReturnSetInfo *result)
{
	static const char *const status_words[] = {
		[APP_COLUMN_OK] = "ok",
		[APP_COLUMN_MISSING] = "missing",
		[APP_COLUMN_WRONG_TYPE] = "wrong type",
	};
	Oid			relid = app_schema_find(role, AccessShareLock);
	int			column;

	if (OidIsValid(relid) && !app_relation_fits(relid))
		relid = InvalidOid;
	for (column = 0; column < app_column_count(role); column++)
	{
		AppColumn	found = {0};
		AppColumnStatus status = APP_COLUMN_MISSING;
		char	   *hint;

		if (OidIsValid(relid))
			status = app_column_inspect(role, column, relid, &found);
		hint = column_hint(role, column, relid, status);
		put_row(result, (char *[CHECK_NCOLUMNS])
				{
					app_table_display_name(role), (char *) app_column_name(role, column),
					app_column_required(role, column) ? "required" : "optional",
					(char *) app_column_expected(role, column),
					found.present ? format_type_with_typemod(found.type, found.typmod) : NULL,
					(char *) (OidIsValid(relid) ? status_words[status] : "no table"), hint
				});
	}
	if (OidIsValid(relid))
		check_indexes(role, relid, result);
}

/* check_indexes adds a row for each index that is wanted on a table; a view has none. */
static void
check_indexes(AppRole role, Oid relid, ReturnSetInfo *result)
{
	char		relkind = get_rel_relkind(relid);
	int			index;

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		return;
	for (index = 0; index < APP_NINDEXES; index++)
	{
		Oid			found;

		if (app_index_role(index) != role || !wants_index(index, relid))
			continue;
		found = app_index_find(index, relid);
		put_row(result, (char *[CHECK_NCOLUMNS])
				{
					app_table_display_name(role), (char *) app_index_key(index), "optional",
					(char *) app_index_expected(index), OidIsValid(found) ? get_rel_name(found) : NULL,
					OidIsValid(found) ? "ok" : "missing",
					OidIsValid(found) ? NULL :
					psprintf("%s;", app_index_statement(index, NULL, app_table_display_name(role)))
				});
	}
}

/* wants_index: is an index useful?  The one on the logs is useful only with a history table, and another needs its column. */
static bool
wants_index(AppIndex index, Oid relid)
{
	if (index == INDEX_LOGS)
		return OidIsValid(history_table_find(relid, true));
	return index != INDEX_CAMPAIGNS_ASSETS ||
		get_attnum(relid, app_column_name(APP_ASSETS, ASSET_CAMPAIGN_SPACE_ID)) != InvalidAttrNumber;
}

/* put_row puts a row of texts, null for a null. */
static void
put_row(ReturnSetInfo *result, char *const *values)
{
	Datum		datums[CHECK_NCOLUMNS] = {0};
	bool		nulls[CHECK_NCOLUMNS] = {0};
	int			i;

	for (i = 0; i < CHECK_NCOLUMNS; i++)
	{
		nulls[i] = values[i] == NULL;
		if (values[i] != NULL)
			datums[i] = CStringGetTextDatum(values[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, datums, nulls);
}

/* column_hint returns what to do about a column; null if nothing has to be done. */
static char *
column_hint(AppRole role, int column, Oid relid, AppColumnStatus status)
{
	const char *name = app_column_name(role, column);

	if (!OidIsValid(relid))
		return psprintf("Set %s to the table's name, or search_path to its schema.",
						app_table_setting_name(role));
	if (status == APP_COLUMN_WRONG_TYPE)
		return psprintf("Change the type of column \"%s\", or set %s to a view that does.",
						name, app_table_setting_name(role));
	if (status == APP_COLUMN_MISSING && app_column_required(role, column))
		return psprintf("Add column \"%s\", or set %s to a view that has it.",
						name, app_table_setting_name(role));
	if (status == APP_COLUMN_MISSING)
		return psprintf("Nothing needs to be done: %s.", without_column(role, column, relid));
	return NULL;
}

/* without_column returns the consequence of a missing optional column. */
static char *
without_column(AppRole role, int column, Oid relid)
{
	AppColumn	other;

	if (role == APP_SPACES && column == SPACE_DELETED_AT)
		return "all campaigns count as live";
	if (role == APP_SPACES && column == SPACE_BRAND_ID)
		return "no campaign is known to be of the same brand as another";
	if (role == APP_ASSETS && column == ASSET_SPEND)
		return "the metrics that events record leave it out";
	if (role == APP_ASSETS && column == ASSET_CTR &&
		app_column_inspect(role, ASSET_CLICKS, relid, &other) == APP_COLUMN_OK &&
		app_column_inspect(role, ASSET_IMPRESSIONS, relid, &other) == APP_COLUMN_OK)
		return "it is computed from clicks and impressions";
	return psprintf("answers leave \"%s\" out", app_column_name(role, column));
}
