/*-------------------------------------------------------------------------
 *
 * app_schema.h
 *	  The application's tables: where they are and which columns they have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_APP_SCHEMA_H
#define ASSET_REUSE_APP_SCHEMA_H

#include "access/attnum.h"
#include "storage/lockdefs.h"

#include "compat.h"

typedef enum AppRole
{
	APP_ASSETS,
	APP_SPACES,
	APP_HISTORY					/* ours, where there is one: see table_bind.c */
} AppRole;

#define APP_NROLES			(APP_HISTORY + 1)

/*
 * The columns we use, in the order in which jsonb sorts their names: by length,
 * then by bytes.  What is read in this order can be written as an object.
 */
typedef enum AssetColumn
{
	ASSET_ID,
	ASSET_CTR,
	ASSET_SPEND,
	ASSET_CLICKS,
	ASSET_FILE_URL,
	ASSET_TENANT_ID,
	ASSET_NAME,
	ASSET_TYPE,
	ASSET_CREATED_AT,
	ASSET_DELETED_AT,
	ASSET_UPDATED_AT,
	ASSET_CONVERSIONS,
	ASSET_IMPRESSIONS,
	ASSET_REUSED_COUNT,
	ASSET_THUMBNAIL_URL,
	ASSET_LAST_REUSED_AT,
	ASSET_CAMPAIGN_SPACE_ID,
	ASSET_PLATFORM_METADATA,
	ASSET_NCOLUMNS
} AssetColumn;

typedef enum SpaceColumn
{
	SPACE_ID,
	SPACE_BRAND_ID,
	SPACE_PLATFORM,
	SPACE_IS_ACTIVE,
	SPACE_TENANT_ID,
	SPACE_DELETED_AT,
	SPACE_CAMPAIGN_NAME,
	SPACE_NCOLUMNS
} SpaceColumn;

typedef enum HistoryColumn
{
	HISTORY_SEQ,
	HISTORY_CONTEXT,
	HISTORY_ASSET_ID,
	HISTORY_ORIGINAL,
	HISTORY_REUSE_KEY,
	HISTORY_REUSED_AT,
	HISTORY_TENANT_ID,
	HISTORY_REUSED_IN_ID,
	HISTORY_REUSED_IN_NAME,
	HISTORY_REUSED_IN_TYPE,
	HISTORY_NCOLUMNS
} HistoryColumn;

#define APP_MAX_COLUMNS		ASSET_NCOLUMNS

/* A column as the table has it */
typedef struct AppColumn
{
	Oid			type;			/* beneath any domain */
	int32		typmod;
	Oid			collation;
	AttrNumber	number;
	bool		present;
	bool		is_domain;
} AppColumn;

/* A table that fits: every required column is there, and every type is usable */
typedef struct AppTable
{
	AppRole		role;
	Oid			relid;
	Oid			owner;
	char		relkind;
	bool		has_rules;		/* so that another statement may come of an update; all views have */
	uint64		generation;		/* another one whenever anything here may differ */
	char		schema[NAMEDATALEN];
	char		name[NAMEDATALEN];
	AppColumn	columns[APP_MAX_COLUMNS];
	uint32		primary_key;	/* the columns in it, as bits; 0: others are in it too */
	Oid			references;		/* the table that the history's asset_id refers to; 0 for none */
	bool		distributed;	/* by Citus */
	bool		sharded;		/* and a column's hash says on which node a row is */
} AppTable;

/* What the error of an absent row says */
typedef struct AppAbsence
{
	const char *message;
	const char *table;
} AppAbsence;

extern void app_schema_bind(AppRole role, LOCKMODE lockmode, AppTable *table);
extern void app_schema_describe(AppRole role, Oid relid, AppTable *table);
extern void app_schema_check_name(const AppTable *table);
extern void app_schema_require(const AppTable *table, int column);
pg_noreturn extern void app_report_renamed(const char *name);
pg_noreturn extern void app_report_not_found(AppRole role);
extern const AppAbsence *app_absence(AppRole role);

extern bool app_type_is_own_string(Oid type);
extern int	app_column_count(AppRole role);
extern bool app_column_rounds_time(const AppColumn *column);
extern const char *app_column_name(AppRole role, int column);

extern bool app_campaigns_are_uuids(void);

/* What asset_reuse_check_schema says of a column */
typedef enum AppColumnStatus
{
	APP_COLUMN_OK,
	APP_COLUMN_MISSING,
	APP_COLUMN_WRONG_TYPE
} AppColumnStatus;

extern Oid	app_schema_find(AppRole role, LOCKMODE lockmode);
extern Oid	app_relation_find(const char *schema, const char *name, LOCKMODE lockmode);
extern void app_relation_check_lock(Oid relid, const char *name, LOCKMODE lockmode);
extern bool app_relation_fits(Oid relid);
extern const char *app_table_setting_name(AppRole role);
extern char *app_table_display_name(AppRole role);
extern bool app_column_accepts(AppRole role, int column, Oid type);
extern bool app_column_required(AppRole role, int column);
extern const char *app_column_expected(AppRole role, int column);
extern AppColumnStatus app_column_inspect(AppRole role, int column, Oid relid,
										  AppColumn *found);

#endif							/* ASSET_REUSE_APP_SCHEMA_H */
