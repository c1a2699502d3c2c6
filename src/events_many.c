/*-------------------------------------------------------------------------
 *
 * events_many.c
 *	  Changing the events of many assets together.
 *
 * All rows are locked before any of them is changed, in the order of their ids, so that two
 * calls cannot deadlock.  After that, each asset is changed as if it were the only one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "events_change.h"
#include "events_many.h"
#include "plan_cache.h"

/* Maximum number of absent assets that an error names */
#define MAX_NAMED			10

/*
 * Through a view that is a security barrier, PostgreSQL locks rows before it joins them, so the ids are given
 * once more as a condition that it applies first.
 */
static const char lock_assets[] =
	"SELECT CAST(i.n AS pg_catalog.int4), {id:a.id}"
	" FROM pg_catalog.unnest($ids) WITH ORDINALITY AS i (id, n), {assets} AS a"
	" WHERE a.id {=} i.id AND {live:a}{if through_view} AND a.id {=} ANY ($ids){end}"
	" ORDER BY a.id, i.n"
	"{if lock} FOR NO KEY UPDATE OF a{end}{if keep} FOR KEY SHARE OF a{end}";

static void find_repeated(AskedAsset *asked, int nids);
static int	compare_asked(const void *a, const void *b);

/*
 * events_lock_many finds a tenant's assets, and locks their rows.  Repeated requests for an asset are
 * marked as ASSET_REPEATED.
 *
 * With locking, only assets that the caller may update are found.  The caller is connected to SPI.
 */
AskedAsset *
events_lock_many(EventTables *tables, const Identifier *ids, int nids, Identifier tenant_id,
				 RowLock lock)
{
	const AppColumn *column = &tables->assets->columns[ASSET_ID];
	Oid			type = identifier_param_type(column);
	AskedAsset *asked = palloc(Max(nids, 1) * sizeof(AskedAsset));
	PlanRequest query = {
		.sql = lock_assets,
		.tables[APP_ASSETS] = tables->assets,
		.plan_options = PLAN_BY_BATCH
	};
	const AskedAsset *previous = NULL;
	uint64		i;
	int			n;

	plan_add_value(&query, "ids", get_array_type(type), identifier_array(ids, nids, column));
	identifier_add(&query, "tenant_id", tenant_id, &tables->assets->columns[ASSET_TENANT_ID]);
	plan_add_optional(&query, "lock", BOOLOID, BoolGetDatum(true), lock != ROW_LOCKED);
	plan_add_optional(&query, "keep", BOOLOID, BoolGetDatum(true), lock != ROW_KEPT);
	plan_add_optional(&query, "through_view", BOOLOID, BoolGetDatum(true), tables->assets->relkind != RELKIND_VIEW);
	plan_execute(&query);

	for (n = 0; n < nids; n++)
		asked[n] = (AskedAsset) {
			.presence = ASSET_ABSENT, .id = identifier_read(identifier_bind(ids[n], column), column), .first = n
		};
	for (i = 0; i < SPI_processed; i++)
	{
		AskedAsset *asset = &asked[DatumGetInt32(plan_result(i, 1, INT4OID)) - 1];

		/* a second asset with this id: whoever changes the first one raises 21000 */
		if (asset->presence != ASSET_ABSENT)
			continue;
		asset->id = identifier_read(plan_result(i, 2, type), column);
		/* the rows are in the order of the ids */
		asset->presence = previous != NULL && identifier_compare(previous->id, asset->id) == 0 ?
			ASSET_REPEATED : ASSET_PRESENT;
		if (asset->presence == ASSET_REPEATED)
			asset->first = previous->first;
		previous = asset;
	}
	find_repeated(asked, nids);
	events_bind_again(tables);
	return asked;
}

/*
 * events_require_assets raises P0002 if any of the assets is absent, and names some of the absent
 * ones by the caller's ids.  hint may be null.
 */
void
events_require_assets(const AskedAsset *asked, int nids, const AppTable *assets, const char *hint)
{
	StringInfoData absent;
	int			nabsent = 0;
	int			i;

	initStringInfo(&absent);
	for (i = 0; i < nids; i++)
	{
		if (asked[i].presence != ASSET_ABSENT)
			continue;
		if (nabsent++ < MAX_NAMED)
			appendStringInfo(&absent, "%s%s", nabsent > 1 ? ", " : "",
							 text_to_cstring(identifier_text(asked[i].id, &assets->columns[ASSET_ID])));
	}
	if (nabsent == 0)
		return;
	if (nabsent > MAX_NAMED)
		appendStringInfo(&absent, " and %d more", nabsent - MAX_NAMED);
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("campaign asset not found"),
			 errdetail("Not found: %s.", absent.data),
			 hint != NULL ? errhint("%s", hint) : 0,
			 err_generic_string(PG_DIAG_TABLE_NAME, "campaign_assets")));
}

/* find_repeated finds, among the assets that are absent, those that were asked for before. */
static void
find_repeated(AskedAsset *asked, int nids)
{
	AskedAsset **absent = palloc(Max(nids, 1) * sizeof(AskedAsset *));
	int			nabsent = 0;
	int			i;

	for (i = 0; i < nids; i++)
	{
		if (asked[i].presence == ASSET_ABSENT)
			absent[nabsent++] = &asked[i];
	}
	qsort(absent, nabsent, sizeof(AskedAsset *), compare_asked);
	for (i = 1; i < nabsent; i++)
	{
		if (identifier_compare(absent[i - 1]->id, absent[i]->id) == 0)
			absent[i]->presence = ASSET_REPEATED;
	}
}

/* compare_asked orders assets by id, and by position for equal ids. */
static int
compare_asked(const void *a, const void *b)
{
	const AskedAsset *x = *(AskedAsset *const *) a;
	const AskedAsset *y = *(AskedAsset *const *) b;
	int			order = identifier_compare(x->id, y->id);

	CHECK_FOR_INTERRUPTS();
	return order != 0 ? order : (x > y) - (x < y);
}
