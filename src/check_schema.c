/*-------------------------------------------------------------------------
 *
 * check_schema.c
 *	  asset_reuse_check_schema: does this database fit?
 *
 * All memory is that of the call.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "app_schema.h"

PG_FUNCTION_INFO_V1(asset_reuse_check_schema);

#define CHECK_NCOLUMNS	7

static void check_table(AppRole role, ReturnSetInfo *result);
static char *column_hint(AppRole role, int column, Oid relid, AppColumnStatus status);
static char *without_column(AppRole role, int column, Oid relid);

/* asset_reuse_check_schema() returns a row for each column that we use. */
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
	Datum		relation = CStringGetTextDatum(app_table_display_name(role));
	int			column;

	if (OidIsValid(relid) && !app_relation_fits(relid))
		relid = InvalidOid;
	for (column = 0; column < app_column_count(role); column++)
	{
		AppColumn	found = {0};
		AppColumnStatus status = APP_COLUMN_MISSING;
		char	   *hint;
		Datum		values[CHECK_NCOLUMNS] = {0};
		bool		nulls[CHECK_NCOLUMNS] = {0};

		if (OidIsValid(relid))
			status = app_column_inspect(role, column, relid, &found);
		hint = column_hint(role, column, relid, status);

		values[0] = relation;
		values[1] = CStringGetTextDatum(app_column_name(role, column));
		values[2] = CStringGetTextDatum(app_column_required(role, column) ? "required" : "optional");
		values[3] = CStringGetTextDatum(app_column_expected(role, column));
		nulls[4] = !found.present;
		if (found.present)
			values[4] = CStringGetTextDatum(format_type_with_typemod(found.type, found.typmod));
		values[5] = CStringGetTextDatum(OidIsValid(relid) ? status_words[status] : "no table");
		nulls[6] = hint == NULL;
		if (hint != NULL)
			values[6] = CStringGetTextDatum(hint);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* column_hint says what to do about a column; null if nothing. */
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

/* without_column says what it means that an optional column is missing. */
static char *
without_column(AppRole role, int column, Oid relid)
{
	AppColumn	other;

	if (role == APP_SPACES && column == SPACE_DELETED_AT)
		return "all campaigns count as live";
	if (role == APP_ASSETS && column == ASSET_CTR &&
		app_column_inspect(role, ASSET_CLICKS, relid, &other) == APP_COLUMN_OK &&
		app_column_inspect(role, ASSET_IMPRESSIONS, relid, &other) == APP_COLUMN_OK)
		return "it is computed from clicks and impressions";
	return psprintf("answers leave \"%s\" out", app_column_name(role, column));
}
