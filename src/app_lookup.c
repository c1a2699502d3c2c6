/*-------------------------------------------------------------------------
 *
 * app_lookup.c
 *	  Finding one live row of the application's by its id.
 *
 * What is read lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"

#include "app_lookup.h"
#include "plan_cache.h"

static void build_lookup(PlanText *text, const PlanRequest *request);

/*
 * app_lookup reads columns of the tenant's live asset or campaign with an id.
 *
 * The caller is connected to SPI.  Read only, it sees what the calling query sees.
 * Error P0002 if there is no such row, for whichever reason.
 */
void
app_lookup(const AppTable *table, ColumnSet set, Identifier id, Identifier tenant_id,
		   bool read_only, AppRow *row)
{
	bool		asset = table->role == APP_ASSETS;
	Datum		values[2];
	PlanRequest query = {
		.query = PLAN_LOOKUP,
		.shape = set,
		.read_only = read_only,
		.plan_options = PLAN_BY_KEY,
		.build = build_lookup
	};

	query.tables[table->role] = table;
	values[0] = identifier_bind(id, &table->columns[asset ? (int) ASSET_ID : (int) SPACE_ID]);
	values[1] = identifier_bind(tenant_id,
								&table->columns[asset ? (int) ASSET_TENANT_ID :
												(int) SPACE_TENANT_ID]);
	plan_execute(&query, values, NULL);
	if (SPI_processed == 0)
		app_report_not_found(table->role);
	app_row_check(table, set, 0, SPI_tuptable->tupdesc);
	app_row_read(table, set, 0, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, row);
}

/* ----------
 * build_lookup builds, for the columns that are the query's shape,
 *
 *	SELECT r.id, ... FROM table AS r
 *	WHERE r.id = $1 AND r.tenant_id = $2 AND r.deleted_at IS NULL
 * ----------
 */
static void
build_lookup(PlanText *text, const PlanRequest *request)
{
	const AppTable *table = request->tables[APP_ASSETS] ? request->tables[APP_ASSETS] :
		request->tables[APP_SPACES];

	appendStringInfoString(&text->sql, "SELECT ");
	app_row_select(text, table, "r", request->shape);
	appendStringInfoString(&text->sql, " FROM ");
	plan_append_table(text, table);
	appendStringInfoString(&text->sql, " AS r WHERE ");
	identifier_append_live_match(text, "r", table, identifier_add_params(text, table));
}
