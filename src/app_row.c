/*-------------------------------------------------------------------------
 *
 * app_row.c
 *	  Rows of the application's tables, by the columns that the extension uses.
 *
 * A row points at values where they are, and lives as long as they do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "app_row.h"
#include "plan_cache.h"

/* Maximum number of result columns: those of a table, and what else a query returns */
#define MAX_RESULT_COLUMNS	(2 * APP_MAX_COLUMNS)

/*
 * app_row_check checks that rows have, starting at an attribute (from 0), the columns
 * of the set according to the table's description, in case functions or triggers run
 * by the statement have altered the table.  One call covers all rows of a result.
 */
void
app_row_check(const AppTable *table, ColumnSet set, int first, TupleDesc desc)
{
	int			next = first;
	int			column;
	bool		fits = desc->natts <= MAX_RESULT_COLUMNS;

	for (column = 0; column < app_column_count(table->role) && fits; column++)
	{
		const AppColumn *c = &table->columns[column];

		if (!app_row_has(table->columns, set, column))
			continue;
		fits = next < desc->natts &&
			(TupleDescAttr(desc, next)->atttypid == c->type ||
			 getBaseType(TupleDescAttr(desc, next)->atttypid) == c->type);
		next++;
	}
	if (!fits)
		plan_report_changed();
}

/*
 * app_row_read reads those columns of a row; others are null.  It returns the number
 * of the attribute that follows them.
 */
int
app_row_read(const AppTable *table, ColumnSet set, int first, HeapTuple tuple,
			 TupleDesc desc, AppRow *row)
{
	Datum		values[MAX_RESULT_COLUMNS];
	bool		nulls[MAX_RESULT_COLUMNS];
	int			next = first;
	int			column;

	heap_deform_tuple(tuple, desc, values, nulls);
	row->columns = table->columns;
	for (column = 0; column < app_column_count(table->role); column++)
	{
		bool		read = app_row_has(table->columns, set, column);

		row->values[column] = read ? values[next] : (Datum) 0;
		row->nulls[column] = read ? nulls[next] : true;
		next += read;
	}
	return next;
}

/*
 * app_row_value reads a column that cannot be null because the row was found by it.
 *
 * Error 55000 if a trigger or a view's function made it null nevertheless.
 */
Datum
app_row_value(const AppRow *row, int column)
{
	if (row->nulls[column])
		plan_report_changed();
	return row->values[column];
}

/*
 * app_row_text reads a column that must not be null as text: a string as it is, as a
 * cast to text would; any other type's value as its output function writes it.
 */
text *
app_row_text(const AppRow *row, int column)
{
	Oid			type = row->columns[column].type;
	Oid			output;
	bool		is_varlena;

	Datum		value = app_row_value(row, column);

	if (type == TEXTOID || type == VARCHAROID)
		return DatumGetTextPP(value);
	if (type == BPCHAROID)
		return DatumGetTextPP(DirectFunctionCall1(rtrim1, value));
	getTypeOutputInfo(type, &output, &is_varlena);
	return cstring_to_text(OidOutputFunctionCall(output, value));
}

/* app_row_document reads an asset's platform_metadata, null for none. */
Jsonb *
app_row_document(const AppRow *row)
{
	return row->nulls[ASSET_PLATFORM_METADATA] ? NULL :
		DatumGetJsonbP(row->values[ASSET_PLATFORM_METADATA]);
}

/* app_row_integer reads a column of an integer type; 0 for a null. */
int64
app_row_integer(const AppRow *row, int column)
{
	if (row->nulls[column])
		return 0;
	switch (row->columns[column].type)
	{
		case INT2OID:
			return DatumGetInt16(row->values[column]);
		case INT4OID:
			return DatumGetInt32(row->values[column]);
		default:
			return DatumGetInt64(row->values[column]);
	}
}

/*
 * app_row_number reads a column of any numeric type; false if it is null, NaN or
 * infinite.
 */
bool
app_row_number(const AppRow *row, int column, double *value)
{
	Datum		datum = row->values[column];
	char		decimal[FLOAT_SHORTEST_DECIMAL_LEN];

	if (row->nulls[column])
		return false;
	switch (row->columns[column].type)
	{
		case FLOAT4OID:
			/* use its decimal digits: 1.01 is meant, not 1.00999999046 */
			float_to_shortest_decimal_buf(DatumGetFloat4(datum), decimal);
			*value = strtod(decimal, NULL);
			break;
		case FLOAT8OID:
			*value = DatumGetFloat8(datum);
			break;
		case NUMERICOID:
			/* a value too large for a double becomes infinity, not an error */
			*value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, datum));
			break;
		default:
			*value = (double) app_row_integer(row, column);
	}
	return !isnan(*value) && !isinf(*value);
}

/*
 * app_row_ctr reads an asset's click-through rate in percent, from its column or, if
 * there is no such column, from clicks and impressions; false if it has none.
 */
bool
app_row_ctr(const AppRow *row, double *ctr)
{
	double		clicks;
	double		impressions;

	if (row->columns[ASSET_CTR].present)
		return app_row_number(row, ASSET_CTR, ctr);
	if (!app_row_number(row, ASSET_CLICKS, &clicks) ||
		!app_row_number(row, ASSET_IMPRESSIONS, &impressions) || impressions <= 0)
		return false;
	*ctr = 100.0 * clicks / impressions;
	return !isinf(*ctr);
}
