/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The settings, and PostgreSQL's own where they are changed for a while.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SETTINGS_H
#define ASSET_REUSE_SETTINGS_H

/* A setting's table name, split into its parts */
typedef struct TableSetting
{
	char		schema[NAMEDATALEN];	/* empty: none given */
	char		name[NAMEDATALEN];
} TableSetting;

/* Never null once the settings are defined */
extern const TableSetting *assets_table_setting;
extern const TableSetting *spaces_table_setting;
extern const TableSetting *history_table_setting;

/* Does an event record its asset's metrics? */
extern bool record_metrics_setting;

extern void settings_define(void);
extern void settings_limit_lock_wait(int limit);

#endif							/* ASSET_REUSE_SETTINGS_H */
