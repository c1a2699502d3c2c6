/*-------------------------------------------------------------------------
 *
 * answer.c
 *	  Writing the JSON answers: columns, ISO times, rounded numbers.
 *
 * No setting of the session (TimeZone, DateStyle, extra_float_digits) affects the output.
 * Temporary allocations are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "time_iso.h"

PG_FUNCTION_INFO_V1(asset_reuse_decimal_of_real);
PG_FUNCTION_INFO_V1(asset_reuse_decimal);

#define DECIMALS	2			/* of ratios, percentages and means */
#define GUARD_DECIMALS	20		/* of a quotient at least, before it is rounded to them */
#define FEW_DIGITS		9		/* many fewer than a double has */

/* A key of a row's object: a column, or what is none */
typedef struct RowKey
{
	int			column;
	const AnswerExtra *extra;
} RowKey;

static void put_reuses_in_range(JsonbWriter *w, const void *of);
static bool key_comes_before(const JsonbKey *a, const JsonbKey *b);
static bool shows_column(AppRole role, const AppColumn *columns, ColumnSet set, int column);
static Numeric significant_digits(double value, int digits);
static Numeric shortest_decimal(Datum value, Oid type);
static Numeric read_decimal(char *decimal);
static Numeric quotient(Datum dividend, Datum divisor);
static Datum decimal_digits(double value);
static Numeric round_numeric(Datum number);

/* Those that a double has exactly */
static const double powers_of_ten[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
	1e18, 1e19, 1e20, 1e21, 1e22
};

static const AnswerExtra reuses_in_range_extra = {JSONB_KEY("reuses_in_range"), put_reuses_in_range};

/*
 * answer_put_row puts a row as an object: the columns of the set that it has,
 * and the number of the asset's reuses in the range, unless that is null.
 */
void
answer_put_row(JsonbWriter *w, AppRole role, const AppRow *row, ColumnSet set,
			   const int64 *reuses_in_range)
{
	answer_put_row_with(w, role, row, set, &reuses_in_range_extra, reuses_in_range ? 1 : 0, reuses_in_range);
}

/*
 * answer_put_row_with puts a row as an object, with keys that are no columns, in the order in which
 * jsonb sorts them; their values are put from "of".
 */
void
answer_put_row_with(JsonbWriter *w, AppRole role, const AppRow *row, ColumnSet set,
					const AnswerExtra *extras, int nextras, const void *of)
{
	RowKey		keys[APP_MAX_COLUMNS + ANSWER_MAX_EXTRAS];
	int			nkeys = 0;
	int			extra = 0;
	int			column;
	int			i;

	Assert(nextras <= ANSWER_MAX_EXTRAS);
	for (column = 0; column < app_column_count(role); column++)
	{
		const char *name = app_column_name(role, column);
		JsonbKey	key = {name, strlen(name)};

		if (!shows_column(role, row->columns, set, column))
			continue;
		for (; extra < nextras && key_comes_before(&extras[extra].key, &key); extra++)
			keys[nkeys++] = (RowKey) {.extra = &extras[extra]};
		keys[nkeys++] = (RowKey) {.column = column};
	}
	for (; extra < nextras; extra++)
		keys[nkeys++] = (RowKey) {.extra = &extras[extra]};

	jsonb_begin_object(w, nkeys);
	for (i = 0; i < nkeys; i++)
	{
		if (keys[i].extra != NULL)
			jsonb_put_key(w, keys[i].extra->key.name, keys[i].extra->key.len);
		else
			jsonb_put_key(w, app_column_name(role, keys[i].column), strlen(app_column_name(role, keys[i].column)));
	}
	for (i = 0; i < nkeys; i++)
	{
		if (keys[i].extra != NULL)
			keys[i].extra->put(w, of);
		else
			answer_put_column(w, row, keys[i].column);
	}
	jsonb_end(w);
}

/* answer_put_column puts a column's value; a ctr without a column is computed. */
void
answer_put_column(JsonbWriter *w, const AppRow *row, int column)
{
	const AppColumn *c = &row->columns[column];
	Datum		value = row->values[column];
	double		ctr;

	if (!c->present && app_row_ctr(row, &ctr))
	{
		answer_put_rounded(w, ctr);
		return;
	}
	if (row->nulls[column])
	{
		jsonb_put_null(w);
		return;
	}
	switch (c->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			answer_put_int(w, app_row_integer(row, column));
			break;
		case FLOAT4OID:
		case FLOAT8OID:
			jsonb_put_numeric(w, shortest_decimal(value, c->type));
			break;
		case NUMERICOID:
			jsonb_put_numeric(w, DatumGetNumeric(value));
			break;
		case BOOLOID:
			jsonb_put_bool(w, DatumGetBool(value));
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			answer_put_time(w, DatumGetTimestamp(value));
			break;
		default:
			answer_put_text(w, app_row_text(row, column));
	}
}

/* answer_put_text puts a string, or null for a null pointer. */
void
answer_put_text(JsonbWriter *w, const text *value)
{
	if (value == NULL)
		jsonb_put_null(w);
	else
		jsonb_put_string(w, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

void
answer_put_int(JsonbWriter *w, int64 value)
{
	jsonb_put_numeric(w, int64_to_numeric(value));
}

/* answer_put_time puts a time in UTC, ISO 8601 with a Z. */
void
answer_put_time(JsonbWriter *w, Timestamp time)
{
	char		buf[ISO_TIME_BUFFER];
	int			len = iso_time_answer(time, buf);

	jsonb_put_string(w, buf, len);
}

/* answer_put_event_time puts the time of an event; null for one without a usable time. */
void
answer_put_event_time(JsonbWriter *w, Timestamp time)
{
	if (time == DT_NOBEGIN)
		jsonb_put_null(w);
	else
		answer_put_time(w, time);
}

/* answer_put_event_id puts an event's id. */
void
answer_put_event_id(JsonbWriter *w, EventId id)
{
	char		buf[EVENT_ID_BUFFER];
	int			len = event_id_write(id, buf);

	jsonb_put_string(w, buf, len);
}

/* answer_put_ratio puts factor * dividend / divisor, rounded; 0 for a divisor of 0. */
void
answer_put_ratio(JsonbWriter *w, int64 factor, int64 dividend, int64 divisor)
{
	jsonb_put_numeric(w, answer_ratio(factor, dividend, divisor));
}

/* answer_ratio returns what answer_put_ratio puts. */
Numeric
answer_ratio(int64 factor, int64 dividend, int64 divisor)
{
	Datum		product;

	if (divisor == 0)
		return int64_to_numeric(0);
	product = DirectFunctionCall2(numeric_mul, NumericGetDatum(int64_to_numeric(factor)),
								  NumericGetDatum(int64_to_numeric(dividend)));
	return quotient(product, NumericGetDatum(int64_to_numeric(divisor)));
}

/*
 * answer_put_lift puts by how many percent a value exceeds a base, rounded; null
 * if that cannot be computed.
 *
 * Like answer_put_rounded, it computes with the digits of a double that are certain.
 */
void
answer_put_lift(JsonbWriter *w, double value, double base)
{
	Datum		difference;

	if (base == 0 || isnan(value) || isinf(value) || isnan(base) || isinf(base))
	{
		jsonb_put_null(w);
		return;
	}
	difference = DirectFunctionCall2(numeric_sub, decimal_digits(value), decimal_digits(base));
	jsonb_put_numeric(w, quotient(DirectFunctionCall2(numeric_mul, difference,
													  NumericGetDatum(int64_to_numeric(100))),
								  decimal_digits(base)));
}

/*
 * answer_put_rounded puts a double, rounded; null if it is NaN or infinite.
 *
 * Like a cast to numeric, it uses the 15 digits of a double that are certain, so
 * that the mean of 1.00 and 1.01, in binary just below 1.005, becomes 1.01 as on
 * paper.
 */
void
answer_put_rounded(JsonbWriter *w, double value)
{
	if (isnan(value) || isinf(value))
		jsonb_put_null(w);
	else
		jsonb_put_numeric(w, round_numeric(decimal_digits(value)));
}

/*
 * answer_put_significant puts a double with so many significant digits, 15 at most; null if it is no
 * number.
 */
void
answer_put_significant(JsonbWriter *w, double value, int digits)
{
	if (isnan(value) || isinf(value))
		jsonb_put_null(w);
	else if (fabs(value) < powers_of_ten[digits] && value == rint(value))
		answer_put_int(w, (int64) value);	/* the same, and fast */
	else
		jsonb_put_numeric(w, significant_digits(value, digits));
}

/*
 * significant_digits returns a double, but 0, with so many significant digits.
 *
 * Where they are few, multiplying it by a power of ten tells them as printf and numeric_in do, in a
 * tenth of the time: the product's own rounding is far behind them.
 */
static Numeric
significant_digits(double value, int digits)
{
	int			decimals = digits - 1 - (int) floor(log10(fabs(value)));
	int64		number;

	if (digits > FEW_DIGITS || decimals < 0 || decimals >= (int) lengthof(powers_of_ten))
		return read_decimal(psprintf("%.*g", digits, value));
	number = (int64) rint(value * powers_of_ten[decimals]);
	for (; decimals > 0 && number % 10 == 0; decimals--)
		number /= 10;
	return int64_div_fast_to_numeric(number, decimals);
}

static void
put_reuses_in_range(JsonbWriter *w, const void *of)
{
	answer_put_int(w, *(const int64 *) of);
}

static bool
key_comes_before(const JsonbKey *a, const JsonbKey *b)
{
	return jsonb_compare_keys(a->name, a->len, b->name, b->len) < 0;
}

/*
 * shows_column: does a row's object have this key?  An asset also has a ctr if it
 * can be computed.
 */
static bool
shows_column(AppRole role, const AppColumn *columns, ColumnSet set, int column)
{
	if ((set & COLUMN_BIT(column)) == 0)
		return false;
	if (role == APP_ASSETS && column == ASSET_CTR && !columns[ASSET_CTR].present)
		return columns[ASSET_CLICKS].present && columns[ASSET_IMPRESSIONS].present;
	return columns[column].present;
}

/*
 * asset_reuse_decimal(number) returns a float as a numeric; null for NaN and infinity.
 *
 * A cast would round a double to 15 digits, and a float's text has as many digits as the session asks for.
 */
Datum
asset_reuse_decimal_of_real(PG_FUNCTION_ARGS)
{
	if (isnan(PG_GETARG_FLOAT4(0)) || isinf(PG_GETARG_FLOAT4(0)))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(shortest_decimal(PG_GETARG_DATUM(0), FLOAT4OID));
}

/* The same for a double. */
Datum
asset_reuse_decimal(PG_FUNCTION_ARGS)
{
	if (isnan(PG_GETARG_FLOAT8(0)) || isinf(PG_GETARG_FLOAT8(0)))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(shortest_decimal(PG_GETARG_DATUM(0), FLOAT8OID));
}

/* shortest_decimal returns the number with the fewest digits that are those of a float of that type and of no other. */
static Numeric
shortest_decimal(Datum value, Oid type)
{
	char		decimal[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (type == FLOAT4OID)
		float_to_shortest_decimal_buf(DatumGetFloat4(value), decimal);
	else
		double_to_shortest_decimal_buf(DatumGetFloat8(value), decimal);
	return read_decimal(decimal);
}

static Numeric
read_decimal(char *decimal)
{
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(decimal),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* quotient returns dividend / divisor, rounded. */
static Numeric
quotient(Datum dividend, Datum divisor)
{
	/* a quotient has at least as many decimals as its dividend */
	int32		decimals = Max(DatumGetInt32(DirectFunctionCall1(numeric_scale, dividend)), GUARD_DECIMALS);
	Datum		widened = DirectFunctionCall2(numeric_round, dividend, Int32GetDatum(decimals));

	return round_numeric(DirectFunctionCall2(numeric_div, widened, divisor));
}

/* decimal_digits converts a double to the 15 digits that are certain. */
static Datum
decimal_digits(double value)
{
	return DirectFunctionCall1(float8_numeric, Float8GetDatum(value));
}

/* round_numeric rounds halves away from zero and drops trailing zeros. */
static Numeric
round_numeric(Datum number)
{
	Datum		rounded = DirectFunctionCall2(numeric_round, number, Int32GetDatum(DECIMALS));

	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, rounded));
}
