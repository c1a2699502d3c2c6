/*-------------------------------------------------------------------------
 *
 * table_ddl.h
 *	  What creating and dropping the history table have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TABLE_DDL_H
#define ASSET_REUSE_TABLE_DDL_H

#include "executor/spi.h"

#include "app_schema.h"

/*
 * The comment that identifies the index on the documents as the one created here: its name can
 * change, and a dump has no dependency of the index on the table.
 */
#define LOG_INDEX_COMMENT \
	"The documents that have events: created by asset_reuse_create_history_table(), " \
	"dropped by asset_reuse_drop_history_table()."

/* What ddl_leave restores */
typedef struct DdlState
{
	Oid			user;
	int			security_context;
	int			guc_level;
} DdlState;

/* pg_partman; its schema is null if it is not installed in this database */
typedef struct Partman
{
	char	   *schema;			/* quoted */
	char	   *range;			/* its name for range partitioning */
	bool		can_ignore_default; /* can its maintenance disregard the default partition? */
} Partman;

extern void table_ddl_bind_assets(LOCKMODE lockmode, AppTable *assets);
extern bool table_ddl_bind_table(const AppTable *assets, LOCKMODE lockmode, AppTable *history);
extern bool table_ddl_key_is_id(const AppTable *assets);
extern Partman table_ddl_find_partman(void);

extern DdlState ddl_enter(Oid role);
extern void ddl_leave(DdlState state);
extern void ddl_run(const char *statement);
extern SPITupleTable *ddl_query(const char *query);
extern void ddl_run_each(const char *query);
extern char *ddl_value(SPITupleTable *rows, uint64 row, int column);
extern char *ddl_name(const AppTable *table);

#endif							/* ASSET_REUSE_TABLE_DDL_H */
