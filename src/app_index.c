/*-------------------------------------------------------------------------
 *
 * app_index.c
 *	  The indexes that the extension wants on the application's tables.
 *
 * Everything works without them, except that the history table's foreign key needs a unique
 * index on the assets.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_index.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "app_index.h"

#define MAX_KEYS			2

/* The documents that have a log */
#define LOG_PREDICATE		"platform_metadata OPERATOR(pg_catalog.?) 'reuse_history'"

/* The properties of an index */
typedef struct IndexSpec
{
	const char *keys[MAX_KEYS]; /* in this order, but for a unique one; null: fewer */
	const char *key;			/* what users see */
	const char *expected;
	const char *statement;		/* that creates it, with a name and the table's */
	AppRole		role;
	bool		unique;			/* without the second key it is good as well */
	bool		logs;			/* of the documents that have a log */
} IndexSpec;

static const IndexSpec specs[APP_NINDEXES] = {
	[INDEX_ASSET_ID] = {
		.role = APP_ASSETS, .keys = {"id", "tenant_id"}, .unique = true, .key = "(id)",
		.expected = "a unique index on id, or on id and tenant_id, for the history table",
		.statement = "ALTER TABLE %s%s ADD PRIMARY KEY (id)"
	},
	[INDEX_TENANTS_ASSETS] = {
		.role = APP_ASSETS, .keys = {"tenant_id"}, .key = "(tenant_id)",
		.expected = "an index that begins with tenant_id, to find a tenant's assets",
		.statement = "CREATE INDEX %sON %s (tenant_id)"
	},
	[INDEX_CAMPAIGNS_ASSETS] = {
		.role = APP_ASSETS, .keys = {"campaign_space_id"}, .key = "(campaign_space_id)",
		.expected = "an index that begins with campaign_space_id, to find the assets that were made in a campaign",
		.statement = "CREATE INDEX %sON %s (campaign_space_id)"
	},
	[INDEX_LOGS] = {
		.role = APP_ASSETS, .keys = {"tenant_id", "id"}, .logs = true, .key = "(tenant_id, id)",
		.expected = "an index on the documents that have events, so that others are not opened",
		.statement = "CREATE INDEX %sON %s (tenant_id, id) WHERE " LOG_PREDICATE
	},
	[INDEX_SPACE_ID] = {
		.role = APP_SPACES, .keys = {"id", "tenant_id"}, .unique = true, .key = "(id)",
		.expected = "a unique index on id, or on id and tenant_id, to find a campaign",
		.statement = "ALTER TABLE %s%s ADD PRIMARY KEY (id)"
	},
};

static bool fits(const IndexSpec *spec, Relation index, Oid relid, int *nkeys);
static bool has_keys(const IndexSpec *spec, Form_pg_index form, Oid relid);
static bool is_of_logs(Relation index, Oid relid);
static Oid	find(const IndexSpec *spec, Oid relid, int *nkeys);

/* app_index_find finds a table's index with the wanted properties; InvalidOid if there is none. */
Oid
app_index_find(AppIndex index, Oid relid)
{
	int			nkeys;

	return find(&specs[index], relid, &nkeys);
}

/* app_index_key_is_id: is an asset's id unique by itself?  The table must have an INDEX_ASSET_ID. */
bool
app_index_key_is_id(Oid relid)
{
	int			nkeys;

	(void) find(&specs[INDEX_ASSET_ID], relid, &nkeys);
	return nkeys == 1;
}

/* app_index_role returns whose index it is. */
AppRole
app_index_role(AppIndex index)
{
	return specs[index].role;
}

/* app_index_key returns the key, and app_index_expected the purpose of the index. */
const char *
app_index_key(AppIndex index)
{
	return specs[index].key;
}

const char *
app_index_expected(AppIndex index)
{
	return specs[index].expected;
}

/* app_index_statement returns the statement that creates the index; name may be null, table is the full name. */
char *
app_index_statement(AppIndex index, const char *name, const char *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, specs[index].statement, name ? psprintf("%s ", quote_identifier(name)) : "", table);
	return sql.data;
}

/* find returns the fitting index with the fewest keys, and their number. */
static Oid
find(const IndexSpec *spec, Oid relid, int *nkeys)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	Oid			found = InvalidOid;
	ListCell   *cell;

	*nkeys = 0;
	foreach(cell, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		int			keys;

		if (fits(spec, index, relid, &keys) && (!OidIsValid(found) || keys < *nkeys))
		{
			found = RelationGetRelid(index);
			*nkeys = keys;
		}
		index_close(index, AccessShareLock);
	}
	relation_close(relation, AccessShareLock);
	return found;
}

/* fits: does an index have the wanted properties?  If so, *nkeys is the number of its keys. */
static bool
fits(const IndexSpec *spec, Relation index, Oid relid, int *nkeys)
{
	Form_pg_index form = index->rd_index;

	*nkeys = form->indnkeyatts;
	if (!form->indisvalid || !heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL))
		return false;
	if (spec->logs ? !is_of_logs(index, relid) : !heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
		return false;
	if (spec->unique && !(form->indisunique && form->indimmediate))
		return false;
	return has_keys(spec, form, relid);
}

/* has_keys: does an index have the wanted keys? */
static bool
has_keys(const IndexSpec *spec, Form_pg_index form, Oid relid)
{
	int			nkeys = form->indnkeyatts;
	AttrNumber	first = get_attnum(relid, spec->keys[0]);
	AttrNumber	second = spec->keys[1] ? get_attnum(relid, spec->keys[1]) : InvalidAttrNumber;
	const int16 *keys = form->indkey.values;

	if (spec->unique)
		return (nkeys == 1 && keys[0] == first) ||
			(nkeys == 2 && ((keys[0] == first && keys[1] == second) || (keys[0] == second && keys[1] == first)));
	return keys[0] == first && (second == InvalidAttrNumber || (nkeys >= 2 && keys[1] == second));
}

/*
 * is_of_logs: is an index one on the documents that have a log, as our statement creates it?
 *
 * The predicate is only read.  RelationGetIndexPredicate simplifies it, which runs its functions.
 */
static bool
is_of_logs(Relation index, Oid relid)
{
	bool		isnull;
	Datum		predicate = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, Anum_pg_index_indpred, &isnull);
	int			guc_level;
	char	   *found;

	if (isnull)
		return false;
	guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("quote_all_identifiers", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	found = TextDatumGetCString(DirectFunctionCall2(pg_get_expr, predicate, ObjectIdGetDatum(relid)));
	AtEOXact_GUC(false, guc_level);
	return strcmp(found, "(platform_metadata ? 'reuse_history'::text)") == 0 ||
		strcmp(found, "((platform_metadata)::jsonb ? 'reuse_history'::text)") == 0;
}
