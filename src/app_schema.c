/*-------------------------------------------------------------------------
 *
 * app_schema.c
 *	  The application's tables: where they are, and which columns of which types they have.
 *
 * Every call resolves the names in the settings anew, as any query of the caller would, and
 * locks what it finds.  The description of a table is kept in a hash table for the life of the
 * session.  The invalidations that DDL sends mark it stale, and it is read anew at the next
 * use.  Callers get a copy, because what they run can cause an invalidation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "app_schema.h"
#include "settings.h"

#define TABLES_EXPECTED		8		/* bound in a session; more are fine */

/* The digits of a second's fraction that an event's time has */
#define EVENT_TIME_PRECISION	6

/*
 * Citus' catalog of its tables, with the columns that we read.  The rows of a distributed table have a
 * hash for a node or, in a distributed schema, are all on one node; then the tables of the schema are one
 * colocation group, and a reference table's model is that of two-phase commit.  A superuser alone can
 * create a table in pg_catalog.
 */
#define CITUS_CATALOG			"pg_dist_partition"
#define CITUS_CATALOG_INDEX		"pg_dist_partition_logical_relid_index"
#define CITUS_RELATION			1
#define CITUS_METHOD			2
#define CITUS_COLOCATION		4
#define CITUS_MODEL				5
#define CITUS_BY_HASH			'h'
#define CITUS_BY_NONE			'n'
#define CITUS_REFERENCE			't'

/* What a column is for, and thereby which types it may have */
typedef enum ColumnKind
{
	KIND_IDENTIFIER,
	KIND_LABEL,
	KIND_TEXT,
	KIND_INTEGER,
	KIND_NUMBER,
	KIND_BOOLEAN,
	KIND_TIME,
	KIND_JSONB,
	KIND_SEQ,
	KIND_PLACE
} ColumnKind;

typedef struct ColumnSpec
{
	const char *name;
	ColumnKind	kind;
	bool		required;
} ColumnSpec;

static const ColumnSpec asset_columns[ASSET_NCOLUMNS] = {
	[ASSET_ID] = {"id", KIND_IDENTIFIER, true},
	[ASSET_CTR] = {"ctr", KIND_NUMBER, false},
	[ASSET_SPEND] = {"spend", KIND_NUMBER, false},
	[ASSET_CLICKS] = {"clicks", KIND_NUMBER, false},
	[ASSET_FILE_URL] = {"file_url", KIND_TEXT, false},
	[ASSET_TENANT_ID] = {"tenant_id", KIND_IDENTIFIER, true},
	[ASSET_NAME] = {"asset_name", KIND_TEXT, true},
	[ASSET_TYPE] = {"asset_type", KIND_LABEL, true},
	[ASSET_CREATED_AT] = {"created_at", KIND_TIME, false},
	[ASSET_DELETED_AT] = {"deleted_at", KIND_TIME, true},
	[ASSET_UPDATED_AT] = {"updated_at", KIND_TIME, false},
	[ASSET_CONVERSIONS] = {"conversions", KIND_NUMBER, false},
	[ASSET_IMPRESSIONS] = {"impressions", KIND_NUMBER, false},
	[ASSET_REUSED_COUNT] = {"reused_count", KIND_INTEGER, true},
	[ASSET_THUMBNAIL_URL] = {"thumbnail_url", KIND_TEXT, false},
	[ASSET_LAST_REUSED_AT] = {"last_reused_at", KIND_TIME, true},
	[ASSET_CAMPAIGN_SPACE_ID] = {"campaign_space_id", KIND_IDENTIFIER, false},
	[ASSET_PLATFORM_METADATA] = {"platform_metadata", KIND_JSONB, true},
};

static const ColumnSpec space_columns[SPACE_NCOLUMNS] = {
	[SPACE_ID] = {"id", KIND_IDENTIFIER, true},
	[SPACE_BRAND_ID] = {"brand_id", KIND_IDENTIFIER, false},
	[SPACE_PLATFORM] = {"platform", KIND_LABEL, false},
	[SPACE_IS_ACTIVE] = {"is_active", KIND_BOOLEAN, false},
	[SPACE_TENANT_ID] = {"tenant_id", KIND_IDENTIFIER, true},
	[SPACE_DELETED_AT] = {"deleted_at", KIND_TIME, false},
	[SPACE_CAMPAIGN_NAME] = {"campaign_name", KIND_TEXT, true},
};

/* table_bind.c judges these: here a column of another kind is as good as none */
static const ColumnSpec history_columns[HISTORY_NCOLUMNS] = {
	[HISTORY_SEQ] = {"seq", KIND_SEQ, false},
	[HISTORY_CONTEXT] = {"context", KIND_JSONB, false},
	[HISTORY_ASSET_ID] = {"asset_id", KIND_IDENTIFIER, false},
	[HISTORY_ORIGINAL] = {"original", KIND_JSONB, false},
	[HISTORY_REUSE_KEY] = {"reuse_key", KIND_PLACE, false},
	[HISTORY_REUSED_AT] = {"reused_at", KIND_TIME, false},
	[HISTORY_TENANT_ID] = {"tenant_id", KIND_IDENTIFIER, false},
	[HISTORY_REUSED_IN_ID] = {"reused_in_id", KIND_PLACE, false},
	[HISTORY_REUSED_IN_NAME] = {"reused_in_name", KIND_PLACE, false},
	[HISTORY_REUSED_IN_TYPE] = {"reused_in_type", KIND_PLACE, false},
};

typedef struct AppTableSpec
{
	const ColumnSpec *columns;
	int			ncolumns;
	const char *setting_name;
	const TableSetting *const *setting;
} AppTableSpec;

static const AppTableSpec app_tables[APP_NROLES] = {
	[APP_ASSETS] = {asset_columns, ASSET_NCOLUMNS,
	"asset_reuse.assets_table", &assets_table_setting},
	[APP_SPACES] = {space_columns, SPACE_NCOLUMNS,
	"asset_reuse.spaces_table", &spaces_table_setting},
	[APP_HISTORY] = {history_columns, HISTORY_NCOLUMNS,
	"asset_reuse.history_table", &history_table_setting},
};

typedef struct AppTableKey
{
	Oid			relid;
	AppRole		role;
} AppTableKey;

typedef struct AppTableEntry
{
	AppTableKey key;
	bool		valid;
	AppTable	table;
} AppTableEntry;

/* The tables bound so far; made at first use, kept for the session's life */
static HTAB *bound_tables = NULL;
static uint64 last_generation = 0;
static uint64 invalidations = 0;	/* received so far */

static const TableSetting *table_setting(AppRole role);
static const ColumnSpec *column_spec(AppRole role, int column);
static void check_may_lock(const RangeVar *range, Oid relid, Oid old_relid, void *arg);
static void create_bound_tables(void);
static void invalidate_relation(Datum arg, Oid relid);
static void invalidate_all(Datum arg, int cacheid, uint32 hashvalue);
static void forget_stale_tables(void);
static void read_table(AppTableKey key, AppTable *table);
static void read_relation(AppTable *table);
static void read_distribution(AppTable *table);
static void read_keys(AppTable *table);
static bool is_for_partition(Oid constraint);
static bool kind_accepts(ColumnKind kind, Oid type);
pg_noreturn static void report_no_table(AppRole role);
pg_noreturn static void report_misfit(const AppTable *table, int column,
									  AppColumnStatus status);

/*
 * app_schema_bind finds a table, locks it until the end of the transaction, and
 * describes it in *table.
 *
 * The lock is the one that the caller's statement takes anyway.  Taking it first
 * keeps other sessions' DDL from coming between this description and that
 * statement.
 *
 * Errors: 42P01 no such table, 42703 or 42804 a column is missing or of an
 * unusable type, 42809 not a table; 42501 no right to look into the schema or to take
 * the lock.
 */
void
app_schema_bind(AppRole role, LOCKMODE lockmode, AppTable *table)
{
	Oid			relid = app_schema_find(role, lockmode);

	if (!OidIsValid(relid))
		report_no_table(role);
	app_schema_describe(role, relid, table);
}

/*
 * app_schema_describe describes a relation that the caller has found and locked.
 *
 * Errors 42703, 42804 and 42809 as in app_schema_bind.
 */
void
app_schema_describe(AppRole role, Oid relid, AppTable *table)
{
	AppTableKey key = {relid, role};
	AppTableEntry *entry;

	if (bound_tables == NULL)
		create_bound_tables();

	entry = hash_search(bound_tables, &key, HASH_FIND, NULL);
	if (entry == NULL || !entry->valid)
	{
		uint64		seen = invalidations;

		read_table(key, table);
		forget_stale_tables();
		entry = hash_search(bound_tables, &key, HASH_ENTER, NULL);
		entry->table = *table;

		/*
		 * An invalidation may have arrived while the catalogs were read.  What was read is good for
		 * this call, which has the lock, but not for a later one.  It is not read again until none
		 * arrives: with debug_discard_caches there is always one more.
		 */
		entry->valid = seen == invalidations;
	}
	else
		*table = entry->table;
}

/*
 * app_schema_check_name makes sure that a table's name still stands for it.
 *
 * A schema can get another name while a table in it is locked; another table, or a view of the
 * one that was bound, can be found by its name then.
 */
void
app_schema_check_name(const AppTable *table)
{
	AcceptInvalidationMessages();
	if (get_relname_relid(table->name, get_namespace_oid(table->schema, true)) != table->relid)
		app_report_renamed(table->name);
}

/*
 * app_schema_require raises 42703 for an optional column that is missing, where what
 * is asked for cannot be answered without it.
 */
void
app_schema_require(const AppTable *table, int column)
{
	if (!table->columns[column].present)
		report_misfit(table, column, APP_COLUMN_MISSING);
}

/* app_schema_find resolves a setting's name and locks what has it; InvalidOid if nothing does. */
Oid
app_schema_find(AppRole role, LOCKMODE lockmode)
{
	const TableSetting *setting = table_setting(role);

	return app_relation_find(setting->schema[0] ? setting->schema : NULL, setting->name, lockmode);
}

/*
 * app_relation_find finds a relation by its name and locks it until the end of the
 * transaction; InvalidOid if there is none.  Without a schema, it is found through the
 * search_path.
 *
 * A name can stand for another relation after a wait, so the right to lock is checked each time it
 * is resolved.
 *
 * Error 42501 if the caller may not lock the relation.
 */
Oid
app_relation_find(const char *schema, const char *name, LOCKMODE lockmode)
{
	RangeVar	range = {
		.type = T_RangeVar,
		.schemaname = unconstify(char *, schema),
		.relname = unconstify(char *, name),
		.relpersistence = RELPERSISTENCE_PERMANENT,
		.location = -1
	};

	return RangeVarGetRelidExtended(&range, lockmode, RVR_MISSING_OK, check_may_lock, &lockmode);
}

static void
check_may_lock(const RangeVar *range, Oid relid, Oid old_relid, void *arg)
{
	if (OidIsValid(relid))
		app_relation_check_lock(relid, range->relname, *(LOCKMODE *) arg);
}

/*
 * app_relation_check_lock raises 42501 if the caller may not lock a relation.  Then he must not even
 * wait for it, since others would wait behind him.
 *
 * A lock that keeps out readers or writers is for the owner, and one that writers take for
 * those who may write.  The lock that readers take is everybody's, as in a query, whose
 * tables are locked before privileges are checked.
 */
void
app_relation_check_lock(Oid relid, const char *name, LOCKMODE lockmode)
{
	AclResult	result = ACLCHECK_OK;

	if (lockmode > RowExclusiveLock)
		result = relation_ownercheck(relid, GetUserId()) ? ACLCHECK_OK : ACLCHECK_NOT_OWNER;
	else if (lockmode == RowExclusiveLock)
	{
		result = pg_class_aclcheck(relid, GetUserId(), ACL_INSERT | ACL_UPDATE | ACL_DELETE);
		if (result != ACLCHECK_OK)
			result = pg_attribute_aclcheck_all(relid, GetUserId(), ACL_INSERT | ACL_UPDATE,
											   ACLMASK_ANY);
	}
	if (result != ACLCHECK_OK)
		aclcheck_error(result, get_relkind_objtype(get_rel_relkind(relid)), name);
}

/* app_campaigns_are_uuids: is a campaign's id a uuid, so that it has one spelling? */
bool
app_campaigns_are_uuids(void)
{
	AppTable	spaces;

	app_schema_bind(APP_SPACES, AccessShareLock, &spaces);
	return spaces.columns[SPACE_ID].type == UUIDOID;
}

/* app_relation_fits: is it one that a query of ours can name, no index, say? */
bool
app_relation_fits(Oid relid)
{
	switch (get_rel_relkind(relid))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_MATVIEW:
			return true;
		default:
			return false;
	}
}

/* app_table_setting_name returns the name of the setting that names the table. */
const char *
app_table_setting_name(AppRole role)
{
	return app_tables[role].setting_name;
}

/* app_table_display_name returns the setting's value, quoted where needed. */
char *
app_table_display_name(AppRole role)
{
	const TableSetting *setting = table_setting(role);

	return quote_qualified_identifier(setting->schema[0] ? setting->schema : NULL, setting->name);
}

/* app_column_rounds_time: is a column of times less precise than an event's, timestamp(3) say? */
bool
app_column_rounds_time(const AppColumn *column)
{
	return column->typmod >= 0 && column->typmod < EVENT_TIME_PRECISION;
}

/* app_type_is_own_string: is a type one of PostgreSQL's own for strings? */
bool
app_type_is_own_string(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID;
}

int
app_column_count(AppRole role)
{
	return app_tables[role].ncolumns;
}

const char *
app_column_name(AppRole role, int column)
{
	return column_spec(role, column)->name;
}

bool
app_column_required(AppRole role, int column)
{
	return column_spec(role, column)->required;
}

/* app_column_expected describes the types that a column may have. */
const char *
app_column_expected(AppRole role, int column)
{
	static const char *const expected[] = {
		[KIND_IDENTIFIER] = "character varying, character, text, name or uuid",
		[KIND_LABEL] = "an enum, character varying or text",
		[KIND_TEXT] = "character varying or text",
		[KIND_INTEGER] = "smallint, integer or bigint",
		[KIND_NUMBER] = "a number",
		[KIND_BOOLEAN] = "boolean",
		[KIND_TIME] = "timestamp with or without time zone",
		[KIND_JSONB] = "jsonb",
		[KIND_SEQ] = "integer",
		[KIND_PLACE] = "text",
	};

	return expected[column_spec(role, column)->kind];
}

/* app_column_accepts: can a column be of that type, beneath any domain? */
bool
app_column_accepts(AppRole role, int column, Oid type)
{
	return kind_accepts(column_spec(role, column)->kind, type);
}

/* app_column_inspect looks at a column of a table and judges it. */
AppColumnStatus
app_column_inspect(AppRole role, int column, Oid relid, AppColumn *found)
{
	const ColumnSpec *spec = column_spec(role, column);
	HeapTuple	tuple = SearchSysCacheAttName(relid, spec->name);
	Form_pg_attribute att;

	memset(found, 0, sizeof(*found));
	if (!HeapTupleIsValid(tuple))
		return APP_COLUMN_MISSING;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	found->present = true;
	found->number = att->attnum;
	found->typmod = att->atttypmod;
	found->collation = att->attcollation;
	found->type = getBaseTypeAndTypmod(att->atttypid, &found->typmod);
	found->is_domain = found->type != att->atttypid;
	ReleaseSysCache(tuple);
	return kind_accepts(spec->kind, found->type) ? APP_COLUMN_OK : APP_COLUMN_WRONG_TYPE;
}

/*
 * app_report_not_found raises P0002 for an asset, campaign or event that is absent,
 * deleted or another tenant's; which of these it is must not be told.
 */
void
app_report_not_found(AppRole role)
{
	const AppAbsence *absence = app_absence(role);

	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("%s", absence->message),
			 err_generic_string(PG_DIAG_TABLE_NAME, absence->table)));
}

/*
 * app_absence returns what the error of an absent row says.  The table field is a constant that
 * an API can rely on, whatever the table's name.
 */
const AppAbsence *
app_absence(AppRole role)
{
	static const AppAbsence absent[APP_NROLES] = {
		[APP_ASSETS] = {"campaign asset not found", "campaign_assets"},
		[APP_SPACES] = {"campaign space not found", "campaign_spaces"},
		[APP_HISTORY] = {"reuse event not found", "campaign_asset_reuse_history"}
	};

	return &absent[role];
}

/* app_report_renamed raises 40001 for a relation whose name stands for another one, or for none. */
void
app_report_renamed(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("relation \"%s\" or its schema was renamed concurrently", name),
			 errhint("Try again.")));
}

static const TableSetting *
table_setting(AppRole role)
{
	return *app_tables[role].setting;
}

static const ColumnSpec *
column_spec(AppRole role, int column)
{
	return &app_tables[role].columns[column];
}

static void
create_bound_tables(void)
{
	HASHCTL		ctl = {.keysize = sizeof(AppTableKey), .entrysize = sizeof(AppTableEntry)};

	bound_tables = hash_create("asset_reuse bound tables", TABLES_EXPECTED, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(invalidate_relation, (Datum) 0);
	/* renaming a schema is seen only here */
	CacheRegisterSyscacheCallback(NAMESPACEOID, invalidate_all, (Datum) 0);
}

/* invalidate_relation marks what is known of a relation as stale; of all if it is 0. */
static void
invalidate_relation(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	AppTableEntry *entry;

	invalidations++;
	hash_seq_init(&scan, bound_tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (!OidIsValid(relid) || entry->key.relid == relid)
			entry->valid = false;
	}
}

static void
invalidate_all(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidate_relation(arg, InvalidOid);
}

/* forget_stale_tables keeps tables that were dropped from piling up. */
static void
forget_stale_tables(void)
{
	HASH_SEQ_STATUS scan;
	AppTableEntry *entry;

	hash_seq_init(&scan, bound_tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (!entry->valid)
			hash_search(bound_tables, &entry->key, HASH_REMOVE, NULL);
	}
}

/* read_table describes a table from the catalogs, or raises what does not fit. */
static void
read_table(AppTableKey key, AppTable *table)
{
	int			column;

	if (!app_relation_fits(key.relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table or view", get_rel_name(key.relid)),
				 errhint("See what asset_reuse_check_schema() returns, and set %s.",
						 app_table_setting_name(key.role))));
	memset(table, 0, sizeof(*table));
	table->role = key.role;
	table->relid = key.relid;
	table->generation = ++last_generation;
	read_relation(table);

	for (column = 0; column < app_column_count(key.role); column++)
	{
		AppColumnStatus status = app_column_inspect(key.role, column, key.relid,
													&table->columns[column]);

		if (key.role == APP_HISTORY)
			table->columns[column].present = status == APP_COLUMN_OK;
		else if (status == APP_COLUMN_WRONG_TYPE ||
				 (status == APP_COLUMN_MISSING && app_column_required(key.role, column)))
			report_misfit(table, column, status);
	}
	read_keys(table);
}

/* read_relation reads what describes the table as a whole. */
static void
read_relation(AppTable *table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table->relid));
	Form_pg_class form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", table->relid);
	form = (Form_pg_class) GETSTRUCT(tuple);
	table->owner = form->relowner;
	table->relkind = form->relkind;
	table->has_rules = form->relhasrules;
	strlcpy(table->schema, get_namespace_name(form->relnamespace), NAMEDATALEN);
	strlcpy(table->name, NameStr(form->relname), NAMEDATALEN);
	ReleaseSysCache(tuple);
	read_distribution(table);
}

/* read_distribution reads whether and how Citus has distributed a table. */
static void
read_distribution(AppTable *table)
{
	Oid			catalog = get_relname_relid(CITUS_CATALOG, PG_CATALOG_NAMESPACE);
	Oid			index = get_relname_relid(CITUS_CATALOG_INDEX, PG_CATALOG_NAMESPACE);
	Relation	partitions;
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;

	if (!OidIsValid(catalog))
		return;
	ScanKeyInit(&key, CITUS_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table->relid));
	partitions = table_open(catalog, AccessShareLock);
	scan = systable_beginscan(partitions, index, OidIsValid(index), NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(partitions);
		bool		isnull;
		char		method = DatumGetChar(heap_getattr(tuple, CITUS_METHOD, desc, &isnull));
		char		model = DatumGetChar(heap_getattr(tuple, CITUS_MODEL, desc, &isnull));
		int32		colocation = DatumGetInt32(heap_getattr(tuple, CITUS_COLOCATION, desc, &isnull));

		table->sharded = method == CITUS_BY_HASH;
		table->distributed = table->sharded ||
			(method == CITUS_BY_NONE && model != CITUS_REFERENCE && colocation != 0);
	}
	systable_endscan(scan);
	table_close(partitions, AccessShareLock);
}

/*
 * read_keys reads which columns the table's primary key has, unless it has some that we do
 * not know, and which table the history's asset_id refers to.
 */
static void
read_keys(AppTable *table)
{
	Relation	relation = relation_open(table->relid, NoLock);
	Bitmapset  *attributes = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	ListCell   *cell;
	uint32		key = 0;
	int			column;

	for (column = 0; column < app_column_count(table->role); column++)
	{
		int			number = table->columns[column].number - FirstLowInvalidHeapAttributeNumber;

		if (table->columns[column].present && bms_is_member(number, attributes))
		{
			key |= (uint32) 1 << column;
			attributes = bms_del_member(attributes, number);
		}
	}
	table->primary_key = bms_is_empty(attributes) ? key : 0;

	if (table->role == APP_HISTORY)
	{
		foreach(cell, RelationGetFKeyList(relation))
		{
			ForeignKeyCacheInfo *reference = lfirst_node(ForeignKeyCacheInfo, cell);
			int			i;

			for (i = 0; i < reference->nkeys; i++)
			{
				if (reference->conkey[i] == table->columns[HISTORY_ASSET_ID].number &&
					!is_for_partition(reference->conoid))
					table->references = reference->confrelid;
			}
		}
	}
	relation_close(relation, NoLock);
}

/* is_for_partition: does a constraint stand for another one, for a partition of the table referred to? */
static bool
is_for_partition(Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool		is_for;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	is_for = OidIsValid(((Form_pg_constraint) GETSTRUCT(tuple))->conparentid);
	ReleaseSysCache(tuple);
	return is_for;
}

static bool
kind_accepts(ColumnKind kind, Oid type)
{
	switch (kind)
	{
		case KIND_IDENTIFIER:
			/* is compared, which only PostgreSQL's own types do with no code of others */
			return app_type_is_own_string(type) || type == UUIDOID;
		case KIND_LABEL:
			return TypeCategory(type) == TYPCATEGORY_STRING || type_is_enum(type);
		case KIND_TEXT:
			return TypeCategory(type) == TYPCATEGORY_STRING;
		case KIND_INTEGER:
			return type == INT2OID || type == INT4OID || type == INT8OID;
		case KIND_NUMBER:
			return type == INT2OID || type == INT4OID || type == INT8OID ||
				type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
		case KIND_BOOLEAN:
			return type == BOOLOID;
		case KIND_TIME:
			return type == TIMESTAMPOID || type == TIMESTAMPTZOID;
		case KIND_JSONB:
			return type == JSONBOID;
		case KIND_SEQ:
			return type == INT4OID;
		case KIND_PLACE:
			return type == TEXTOID;
	}
	return false;
}

/* report_no_table raises 42P01, with the name as PostgreSQL itself would show it. */
static void
report_no_table(AppRole role)
{
	const TableSetting *setting = table_setting(role);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation \"%s%s%s\" does not exist", setting->schema,
					setting->schema[0] ? "." : "", setting->name),
			 errdetail("It is the table that %s names.", app_table_setting_name(role)),
			 errhint("See what asset_reuse_check_schema() returns, and set %s or search_path.",
					 app_table_setting_name(role))));
}

/* report_misfit raises 42703 or 42804 for a column that is missing or of a wrong type. */
static void
report_misfit(const AppTable *table, int column, AppColumnStatus status)
{
	const char *name = app_column_name(table->role, column);

	if (status == APP_COLUMN_MISSING)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", name, table->name),
				 errhint("See what asset_reuse_check_schema() returns.")));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" has type %s", name, table->name,
					format_type_be(table->columns[column].type)),
			 errdetail("The type must be %s.", app_column_expected(table->role, column)),
			 errhint("See what asset_reuse_check_schema() returns.")));
}
