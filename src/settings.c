/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings: where the tables are, and what events record; and the limit of waits for locks.
 *
 * A table's name is taken apart when it is set, so a call only looks it up.
 * The parts live as long as the value, in memory that the GUC machinery frees.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "compat.h"
#include "settings.h"

const TableSetting *assets_table_setting = NULL;
const TableSetting *spaces_table_setting = NULL;
const TableSetting *history_table_setting = NULL;

bool		record_metrics_setting = true;

static char *assets_table = NULL;
static char *spaces_table = NULL;
static char *history_table = NULL;

static void define_table_setting(const char *name, const char *description,
								 const char *without_schema, char **value, const char *boot_value,
								 GucStringAssignHook assign);
static bool check_table_setting(char **value, void **extra, GucSource source);
static void assign_assets_table(const char *value, void *extra);
static void assign_spaces_table(const char *value, void *extra);
static void assign_history_table(const char *value, void *extra);

/* settings_define defines the settings. */
void
settings_define(void)
{
	static const char in_search_path[] = "A name without a schema is looked up in the search_path.";

	/*
	 * Anybody may set these: a table is used with the rights of the caller,
	 * who could also name it in a query.
	 */
	define_table_setting("asset_reuse.assets_table",
						 "Sets the application's table of assets, with or without a schema.", in_search_path,
						 &assets_table, "campaign_assets", assign_assets_table);
	define_table_setting("asset_reuse.spaces_table",
						 "Sets the application's table of campaigns, with or without a schema.", in_search_path,
						 &spaces_table, "campaign_spaces", assign_spaces_table);

	/*
	 * All callers must agree on where an asset's events are, whatever their
	 * search_path.
	 */
	define_table_setting("asset_reuse.history_table",
						 "Sets the table of reuse events, with or without a schema.",
						 "A name without a schema is looked up in the schema of the assets.",
						 &history_table, "campaign_asset_reuse_history", assign_history_table);

	/*
	 * It decides what of an asset's own columns a call copies into the event, which the caller could
	 * as well give as context.
	 */
	DefineCustomBoolVariable("asset_reuse.record_metrics",
							 "Whether an event records its asset's impressions, clicks, conversions and spend.",
							 "What is not recorded is lost: how an asset did from use to use is told from it.",
							 &record_metrics_setting, true, PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("asset_reuse");
}

static void
define_table_setting(const char *name, const char *description, const char *without_schema,
					 char **value, const char *boot_value, GucStringAssignHook assign)
{
	DefineCustomStringVariable(name, description, without_schema, value, boot_value, PGC_USERSET, 0,
							   check_table_setting, assign, NULL);
}

/* check_table_setting splits a name into its parts, or refuses it. */
static bool
check_table_setting(char **value, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*value);
	List	   *parts = NIL;
	TableSetting *setting;
	bool		valid;

	/* the parts point into the copy; each is truncated to the length of an identifier */
	valid = SplitIdentifierString(copy, '.', &parts) &&
		(list_length(parts) == 1 || list_length(parts) == 2) &&
		*(char *) linitial(parts) != '\0' && *(char *) llast(parts) != '\0';
	if (valid)
	{
		setting = guc_malloc(LOG, sizeof(TableSetting));
		if (setting == NULL)
			return false;
		memset(setting, 0, sizeof(TableSetting));
		if (list_length(parts) == 2)
			strlcpy(setting->schema, linitial(parts), NAMEDATALEN);
		strlcpy(setting->name, llast(parts), NAMEDATALEN);
		*extra = setting;
	}
	else
		GUC_check_errdetail("The value must be a table name or schema.table, "
							"quoted as in SQL where needed.");
	list_free(parts);
	pfree(copy);
	return valid;
}

static void
assign_assets_table(const char *value, void *extra)
{
	assets_table_setting = extra;
}

static void
assign_spaces_table(const char *value, void *extra)
{
	spaces_table_setting = extra;
}

static void
assign_history_table(const char *value, void *extra)
{
	history_table_setting = extra;
}

/*
 * settings_limit_lock_wait limits the waits for locks to so many milliseconds until the innermost
 * NewGUCNestLevel() ends, unless the caller's lock_timeout is lower.
 */
void
settings_limit_lock_wait(int limit)
{
	if (LockTimeout == 0 || LockTimeout > limit)
		(void) set_config_option("lock_timeout", psprintf("%d", limit), PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}
