/*-------------------------------------------------------------------------
 *
 * insight_labels.c
 *	  The labels of a stratum: an asset's type, the platform of its campaign of
 *	  origin, and the year in which it was made.
 *
 * As a key they are bytes: the year, the length of the type, the type, whether the platform is
 * null, the platform.  Null labels are labels.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "insight_state.h"

/* The year of assets without one, and the length of a type that is null */
#define NO_YEAR				PG_INT32_MIN
#define NULL_LABEL			PG_UINT32_MAX

static void append_type(StringInfo key, const AppRow *row, bool is_enum);
static int32 year_created(InsightState *state, const AppRow *row);
static bool note_year(InsightState *state, Timestamp time);
static Timestamp start_of_year(int32 year);
static bool key_fits(const InsightState *state, InsightKey key);
static InsightLabel read_type(const char *data, uint32 len, bool is_enum);

/* insight_labels_key returns the labels of a row's stratum; they are valid until the next call. */
InsightKey
insight_labels_key(InsightState *state, const InsightRow *row)
{
	StringInfo	key = &state->key;
	int32		year = year_created(state, &row->asset);
	uint32		len;

	/* there is room for what has a fixed length */
	resetStringInfo(key);
	memcpy(key->data, &year, sizeof(year));
	key->len = sizeof(year) + sizeof(len);
	append_type(key, &row->asset, state->type_is_enum);
	len = row->asset.nulls[ASSET_TYPE] ? NULL_LABEL : key->len - sizeof(year) - sizeof(len);
	memcpy(key->data + sizeof(year), &len, sizeof(len));
	/* a null and an empty platform are two */
	appendStringInfoChar(key, row->platform == NULL);
	if (row->platform != NULL)
		appendBinaryStringInfo(key, VARDATA_ANY(row->platform), VARSIZE_ANY_EXHDR(row->platform));
	return (InsightKey) {key->data, key->len};
}

/* append_type appends an asset's type: an enum's oid, or the bytes of what its type writes. */
static void
append_type(StringInfo key, const AppRow *row, bool is_enum)
{
	Oid			oid;
	text	   *label;

	if (row->nulls[ASSET_TYPE])
		return;
	if (is_enum)
	{
		oid = DatumGetObjectId(row->values[ASSET_TYPE]);
		appendBinaryStringInfo(key, (char *) &oid, sizeof(oid));
		return;
	}
	label = app_row_text(row, ASSET_TYPE);
	appendBinaryStringInfo(key, VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label));
}

/* year_created returns the year, in UTC, that an asset was made in. */
static int32
year_created(InsightState *state, const AppRow *row)
{
	Timestamp	time = DatumGetTimestamp(row->values[ASSET_CREATED_AT]);

	if (row->nulls[ASSET_CREATED_AT] || TIMESTAMP_NOT_FINITE(time))
		return NO_YEAR;
	/* mostly it is the year of the row before, and a date takes long to make */
	if ((time < state->year_start || time >= state->year_end) && !note_year(state, time))
		return NO_YEAR;
	return state->year;
}

/* note_year finds out in which year a time is, and when that begins and ends; false if it is in none. */
static bool
note_year(InsightState *state, Timestamp time)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return false;
	state->year = tm.tm_year;
	state->year_start = start_of_year(state->year);
	state->year_end = start_of_year(state->year + 1);
	return true;
}

static Timestamp
start_of_year(int32 year)
{
	return (date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
}

/*
 * insight_labels_check makes sure that a key can be taken apart.
 *
 * Error 22023 if not: anybody can make up the bytes of a state.
 */
void
insight_labels_check(const InsightState *state, InsightKey key)
{
	if (!key_fits(state, key))
		insight_report_malformed();
}

static bool
key_fits(const InsightState *state, InsightKey key)
{
	uint32		rest = key.len - (sizeof(int32) + sizeof(uint32) + 1);
	uint32		type_len;
	bool		has_platform;

	if (key.len < sizeof(int32) + sizeof(uint32) + 1)
		return false;
	memcpy(&type_len, key.data + sizeof(int32), sizeof(type_len));
	if (type_len == NULL_LABEL)
		type_len = 0;
	else if (state->type_is_enum && type_len != sizeof(Oid))
		return false;
	if (type_len > rest)
		return false;
	rest -= type_len;
	has_platform = !key.data[sizeof(int32) + sizeof(uint32) + type_len];
	return has_platform || rest == 0;
}

/* insight_labels_read takes a key apart; a label is in the key, or in the current memory context. */
InsightLabels
insight_labels_read(const InsightState *state, InsightKey key)
{
	InsightLabels labels = {0};
	const char *end = key.data + key.len;
	const char *at = key.data;
	uint32		len;

	memcpy(&labels.year, at, sizeof(labels.year));
	at += sizeof(labels.year);
	memcpy(&len, at, sizeof(len));
	at += sizeof(len);
	if (len != NULL_LABEL)
	{
		labels.type = read_type(at, len, state->type_is_enum);
		at += len;
	}
	if (!*at++)
		labels.platform = (InsightLabel) {at, end - at};
	return labels;
}

static InsightLabel
read_type(const char *data, uint32 len, bool is_enum)
{
	InsightLabel label = {data, len};
	Oid			oid;

	if (is_enum)
	{
		memcpy(&oid, data, sizeof(oid));
		label.data = DatumGetCString(DirectFunctionCall1(enum_out, ObjectIdGetDatum(oid)));
		label.len = strlen(label.data);
	}
	return label;
}
