/*-------------------------------------------------------------------------
 *
 * app_row.h
 *	  Rows of the application's tables, by the columns that the extension uses.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_APP_ROW_H
#define ASSET_REUSE_APP_ROW_H

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/jsonb.h"

#include "app_schema.h"

/* A set of columns of a table: COLUMN_BIT for each */
typedef uint32 ColumnSet;

#define COLUMN_BIT(column)		((ColumnSet) 1 << (column))

/* A row: values by column number, for a set of columns */
typedef struct AppRow
{
	const AppColumn *columns;
	Datum		values[APP_MAX_COLUMNS];
	bool		nulls[APP_MAX_COLUMNS];
} AppRow;

/* app_row_has: is a column in the set, and does the table have it? */
static inline bool
app_row_has(const AppColumn *columns, ColumnSet set, int column)
{
	return (set & COLUMN_BIT(column)) != 0 && columns[column].present;
}

extern void app_row_check(const AppTable *table, ColumnSet set, int first, TupleDesc desc);
extern int	app_row_read(const AppTable *table, ColumnSet set, int first, HeapTuple tuple,
						 TupleDesc desc, AppRow *row);

extern Datum app_row_value(const AppRow *row, int column);
extern text *app_row_text(const AppRow *row, int column);
extern Jsonb *app_row_document(const AppRow *row);
extern int64 app_row_integer(const AppRow *row, int column);
extern bool app_row_number(const AppRow *row, int column, double *value);
extern bool app_row_ctr(const AppRow *row, double *ctr);

#endif							/* ASSET_REUSE_APP_ROW_H */
