/*-------------------------------------------------------------------------
 *
 * insight_labels.c
 *	  The labels of a stratum: an asset's type, the platform of its campaign of
 *	  origin, and the year in which it was made.
 *
 * Texts have numbers, in the order in which they come first, which a key has in their place.
 * Null labels are labels.
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

#define NO_YEAR				PG_INT32_MIN	/* of assets without one */
#define LABELS_EXPECTED		32	/* more are fine */

static InsightLabel type_label(const AppRow *row);
static int32 year_created(InsightState *state, const AppRow *row);
static bool note_year(InsightState *state, Timestamp time);
static Timestamp start_of_year(int32 year);
static InsightLabel label_of(const InsightState *state, uint32 number);
static InsightLabel read_enum(Oid value);

/* insight_labels_key returns the labels of a row's stratum; they get numbers if they are new. */
InsightKey
insight_labels_key(InsightState *state, const InsightRow *row)
{
	InsightKey	key = insight_labels_find_key(state, row);

	if (key.type == INSIGHT_UNKNOWN_LABEL)
		key.type = insight_labels_add(state, type_label(&row->asset));
	return key;
}

/* insight_labels_find_key returns them, too, and leaves new ones unknown. */
InsightKey
insight_labels_find_key(InsightState *state, const InsightRow *row)
{
	InsightKey	key = {INSIGHT_NULL_LABEL, row->platform, year_created(state, &row->asset)};

	if (!row->asset.nulls[ASSET_TYPE])
		key.type = state->type_is_enum ? DatumGetObjectId(row->asset.values[ASSET_TYPE]) :
			insight_labels_find(state, type_label(&row->asset));
	return key;
}

static InsightLabel
type_label(const AppRow *row)
{
	return text_bytes(app_row_text(row, ASSET_TYPE));
}

/* insight_labels_add returns a label's number; a copy of the label is kept. */
uint32
insight_labels_add(InsightState *state, InsightLabel label)
{
	bool		found;
	TextEntry  *entry = text_map_insert(state->numbers, label, &found);

	if (found)
		return entry->number;
	entry->number = state->numbers->members - 1;
	if (entry->number == state->maxlabels)
	{
		state->maxlabels = Max(state->maxlabels * 2, LABELS_EXPECTED);
		state->labels = state->labels == NULL ?
			MemoryContextAlloc(MemoryContextGetParent(state->context), state->maxlabels * sizeof(InsightLabel)) :
			repalloc_huge(state->labels, state->maxlabels * sizeof(InsightLabel));
	}
	entry->bytes.data = memcpy(MemoryContextAlloc(state->context, Max(label.len, 1)), label.data, label.len);
	state->labels[entry->number] = entry->bytes;
	return entry->number;
}

/* insight_labels_find returns a label's number; INSIGHT_UNKNOWN_LABEL if it has none. */
uint32
insight_labels_find(const InsightState *state, InsightLabel label)
{
	const TextEntry *entry = text_map_lookup(state->numbers, label);

	return entry == NULL ? INSIGHT_UNKNOWN_LABEL : entry->number;
}

/* insight_labels_count returns how many labels have numbers, which begin at 0. */
uint32
insight_labels_count(const InsightState *state)
{
	return state->numbers->members;
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

/* insight_labels_read returns the labels of a key: a label is in the state, or in the current memory context. */
InsightLabels
insight_labels_read(const InsightState *state, InsightKey key)
{
	InsightLabels labels = {.platform = label_of(state, key.platform), .year = key.year};

	labels.type = state->type_is_enum && key.type != INSIGHT_NULL_LABEL ? read_enum(key.type) :
		label_of(state, key.type);
	return labels;
}

static InsightLabel
label_of(const InsightState *state, uint32 number)
{
	InsightLabel null = {0};

	return number == INSIGHT_NULL_LABEL ? null : state->labels[number];
}

static InsightLabel
read_enum(Oid value)
{
	char	   *label = DatumGetCString(DirectFunctionCall1(enum_out, ObjectIdGetDatum(value)));

	return (InsightLabel) {label, strlen(label)};
}
