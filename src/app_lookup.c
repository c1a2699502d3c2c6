/*-------------------------------------------------------------------------
 *
 * app_lookup.c
 *	  Finding one live row of an application's table by its id.
 *
 * The row lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"

#include "app_lookup.h"
#include "plan_cache.h"

static const char lookup_asset[] =
	"SELECT {columns:a} FROM {assets} AS a WHERE a.id {=} $id AND {live:a}";
static const char lookup_campaign[] =
	"SELECT {columns:s} FROM {spaces} AS s WHERE s.id {=} $id AND {live:s}";

/*
 * app_lookup reads columns of the tenant's live asset or campaign with an id.
 *
 * The caller is connected to SPI.  If read_only, the snapshot is that of the calling query.
 * Error P0002 if there is no such row, whatever the reason.
 */
void
app_lookup(const AppTable *table, ColumnSet set, Identifier id, Identifier tenant_id,
		   bool read_only, AppRow *row)
{
	if (!app_lookup_optional(table, set, id, tenant_id, read_only, row))
		app_report_not_found(table->role);
}

/* app_lookup_optional does the same, but returns false if there is no such row. */
bool
app_lookup_optional(const AppTable *table, ColumnSet set, Identifier id, Identifier tenant_id,
					bool read_only, AppRow *row)
{
	bool		asset = table->role == APP_ASSETS;
	PlanRequest query = {
		.sql = asset ? lookup_asset : lookup_campaign,
		.read_only = read_only,
		.plan_options = PLAN_BY_KEY
	};

	query.tables[table->role] = table;
	query.columns[table->role] = set;
	identifier_add(&query, "id", id, &table->columns[asset ? (int) ASSET_ID : (int) SPACE_ID]);
	identifier_add(&query, asset ? "tenant_id" : "space_tenant_id", tenant_id,
				   &table->columns[asset ? (int) ASSET_TENANT_ID : (int) SPACE_TENANT_ID]);
	plan_execute(&query);
	if (SPI_processed == 0)
		return false;
	app_row_check(table, set, 0, plan_result_desc());
	app_row_read(table, set, 0, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, row);
	return true;
}

/* app_report_ambiguous raises 21000: an asset's id is not unique. */
void
app_report_ambiguous(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("more than one campaign asset has this id"),
			 errhint("Column \"id\" of the assets table must be unique.")));
}

/* app_report_suppressed raises 27000: an asset's counters were not updated. */
void
app_report_suppressed(const AppTable *assets)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("could not update the asset's counters"),
			 errdetail("The update of table \"%s\" was suppressed.", assets->name),
			 errhint("Check the table's triggers and rules.")));
}

/*
 * app_read_one reads columns of the single asset that a statement returned.
 *
 * Errors: P0002 it returned none, 21000 it returned more than one.
 */
void
app_read_one(const AppTable *table, ColumnSet set, AppRow *row)
{
	if (SPI_processed == 0)
		app_report_not_found(table->role);
	if (SPI_processed > 1)
		app_report_ambiguous();
	app_row_check(table, set, 0, plan_result_desc());
	app_row_read(table, set, 0, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, row);
}
