/*-------------------------------------------------------------------------
 *
 * asset_reuse.h
 *	  The settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_H
#define ASSET_REUSE_H

/* A table's name as a setting gives it, taken apart */
typedef struct TableSetting
{
	char		schema[NAMEDATALEN];	/* empty: found through the search_path */
	char		name[NAMEDATALEN];
} TableSetting;

/* Never null once the module is loaded */
extern const TableSetting *assets_table_setting;
extern const TableSetting *spaces_table_setting;

#endif							/* ASSET_REUSE_H */
