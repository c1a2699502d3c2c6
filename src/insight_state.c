/*-------------------------------------------------------------------------
 *
 * insight_state.c
 *	  What asset_reuse_insight keeps while it runs: adding assets, merging the
 *	  states of parallel workers.
 *
 * A stratum for each type, platform and year that there is, with a few cells of sums.  All sums
 * are of integers in 128 bits, so that neither the order of rows nor the number of workers
 * changes them: 10^8 assets of the greatest counts fit in.
 *
 * Strata and cells are in a memory context of their own, a child of the aggregate's, that packs
 * them tightly: there may be a stratum for each asset.  That context frees nothing alone, so an
 * array of cells that a stratum has outgrown is kept for the next one that grows to its length.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "insight_fit.h"
#include "insight_state.h"
#include "secret_hash.h"

#define STRATA_EXPECTED		64	/* more are fine */
#define FIRST_CELLS			2	/* an asset's, if it is alone */

/*
 * A first block for some thousand cells, in one piece.  Once glibc's malloc has freed so large a
 * piece, it keeps twice as much from then on, which is more than a call takes for a tenant of some
 * thousand assets.  Otherwise it would give the memory back to the kernel after each call, and the
 * next one would get it page by page, which takes longer than the sums of a thousand assets.
 */
#define FIRST_BLOCK			((Size) 512 * 1024)

/* The strata by their labels; insight_state.h declares them. */
#define SH_PREFIX insight_strata
#define SH_ELEMENT_TYPE InsightEntry
#define SH_KEY_TYPE InsightKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((uint32) secret_hash((const char *) &(key), sizeof(key), tb))
#define SH_EQUAL(tb, a, b) ((a).type == (b).type && (a).platform == (b).platform && (a).year == (b).year)
#define SH_SCOPE extern
#define SH_DEFINE
#include "lib/simplehash.h"

/* What is said of a number of an asset's */
typedef enum CountKind
{
	COUNT_GOOD,
	COUNT_MISSING,
	COUNT_ABSURD
} CountKind;

static CountKind read_count(const AppRow *row, int column, double *value);
static void add_metric(InsightState *state, InsightStratum *stratum, InsightMetric metric,
					   int arm, int64 n, double x);
static uint32 *merge_labels(InsightState *state, const InsightState *other);
static InsightKey translate_key(const InsightState *state, InsightKey key, const uint32 *numbers);
static void add_int128(INT128 *sum, INT128 summand);
static InsightCell *get_cells(InsightState *state, int ncells);
static void keep_spare(InsightState *state, InsightCell *cells, int ncells);
static bool can_be_spare(int ncells);

/* insight_state_create makes a state without columns; insight_state_prepare makes the rest. */
InsightState *
insight_state_create(MemoryContext context)
{
	InsightState *state = MemoryContextAllocZero(context, sizeof(InsightState));

	state->numbers = text_map_create(context, STRATA_EXPECTED, NULL);
	state->context = GenerationContextCreate(context, "asset_reuse insight", 0, FIRST_BLOCK,
											 ALLOCSET_DEFAULT_MAXSIZE);
	return state;
}

/* insight_state_prepare makes what the columns' types call for. */
void
insight_state_prepare(InsightState *state)
{
	MemoryContext parent = MemoryContextGetParent(state->context);
	MemoryContext old = MemoryContextSwitchTo(parent);

	state->type_is_enum = state->columns[ASSET_TYPE].present &&
		type_is_enum(state->columns[ASSET_TYPE].type);
	state->strata = insight_strata_create(parent, STRATA_EXPECTED, NULL);
	MemoryContextSwitchTo(old);
}

/* insight_state_add adds an asset, to each metric that it has the numbers for. */
void
insight_state_add(InsightState *state, const InsightRow *row)
{
	InsightStratum *stratum = insight_state_stratum(state, insight_labels_key(state, row), row->wanted);
	int			arm = app_row_integer(&row->asset, ASSET_REUSED_COUNT) > 0 ? FIT_REUSED : FIT_NOT_REUSED;
	double		impressions;
	double		clicks;
	double		conversions;
	CountKind	shown = read_count(&row->asset, ASSET_IMPRESSIONS, &impressions);
	CountKind	clicked = read_count(&row->asset, ASSET_CLICKS, &clicks);
	CountKind	converted = read_count(&row->asset, ASSET_CONVERSIONS, &conversions);

	if (shown == COUNT_GOOD && clicked == COUNT_GOOD && clicks > impressions)
		clicked = COUNT_ABSURD;

	if (shown == COUNT_ABSURD || clicked == COUNT_ABSURD || converted == COUNT_ABSURD)
		stratum->defects[INSIGHT_INCONSISTENT]++;
	else if (shown == COUNT_MISSING || clicked == COUNT_MISSING || converted == COUNT_MISSING)
		stratum->defects[INSIGHT_MISSING]++;
	else if (rint(impressions) == 0)
		stratum->defects[INSIGHT_NO_TRAFFIC]++;

	if (shown == COUNT_GOOD && clicked == COUNT_GOOD)
		add_metric(state, stratum, INSIGHT_CTR, arm, (int64) rint(impressions), clicks);
	if (clicked == COUNT_GOOD && converted == COUNT_GOOD)
		add_metric(state, stratum, INSIGHT_CONVERSIONS, arm, (int64) rint(clicks), conversions);
}

/* insight_count reads a number of an asset's; false if insights leave it out. */
bool
insight_count(const AppRow *row, int column, double *value)
{
	return read_count(row, column, value) == COUNT_GOOD;
}

static CountKind
read_count(const AppRow *row, int column, double *value)
{
	if (row->nulls[column])
		return COUNT_MISSING;
	if (!app_row_number(row, column, value) && isnan(*value))
		return COUNT_MISSING;
	return *value >= 0 && *value <= INSIGHT_MAX_COUNT ? COUNT_GOOD : COUNT_ABSURD;
}

/* add_metric adds an asset of n trials, if there are any, to the cell of its arm and bucket. */
static void
add_metric(InsightState *state, InsightStratum *stratum, InsightMetric metric, int arm, int64 n,
		   double x)
{
	int64		scaled = (int64) rint(x * INSIGHT_SCALE);
	InsightCell *cell;

	if (n == 0)
		return;
	cell = insight_state_cell(state, stratum,
							  INSIGHT_CODE(metric, arm, pg_leftmost_one_pos64(n)));
	cell->assets++;
	int128_add_int64(&cell->n, n);
	int128_add_int64(&cell->x, scaled);
	int128_add_int64_mul_int64(&cell->nn, n, n);
	int128_add_int64_mul_int64(&cell->xn, scaled, n);
	int128_add_int64_mul_int64(&cell->xx, scaled, scaled);
}

/* insight_state_merge adds another state's assets; the other is left alone. */
void
insight_state_merge(InsightState *state, const InsightState *other)
{
	uint32	   *numbers = merge_labels(state, other);
	insight_strata_iterator scan;
	InsightEntry *entry;

	insight_strata_start_iterate(other->strata, &scan);
	while ((entry = insight_strata_iterate(other->strata, &scan)) != NULL)
	{
		const InsightStratum *theirs = entry->stratum;
		InsightStratum *mine = insight_state_stratum(state, translate_key(state, theirs->key, numbers), theirs->wanted);
		int			i;

		for (i = 0; i < INSIGHT_NDEFECTS; i++)
			mine->defects[i] += theirs->defects[i];
		for (i = 0; i < theirs->ncells; i++)
		{
			InsightCell *cell = insight_state_cell(state, mine, theirs->codes[i]);

			cell->assets += theirs->cells[i].assets;
			add_int128(&cell->n, theirs->cells[i].n);
			add_int128(&cell->x, theirs->cells[i].x);
			add_int128(&cell->nn, theirs->cells[i].nn);
			add_int128(&cell->xn, theirs->cells[i].xn);
			add_int128(&cell->xx, theirs->cells[i].xx);
		}
	}
	pfree(numbers);
}

/* merge_labels adds another state's labels, and returns the numbers that they have here, by those that they have there. */
static uint32 *
merge_labels(InsightState *state, const InsightState *other)
{
	uint32		count = insight_labels_count(other);
	uint32	   *numbers = MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(uint32));
	uint32		i;

	for (i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		numbers[i] = insight_labels_add(state, other->labels[i]);
	}
	return numbers;
}

static InsightKey
translate_key(const InsightState *state, InsightKey key, const uint32 *numbers)
{
	if (key.type != INSIGHT_NULL_LABEL && !state->type_is_enum)
		key.type = numbers[key.type];
	if (key.platform != INSIGHT_NULL_LABEL)
		key.platform = numbers[key.platform];
	return key;
}

/* add_int128 adds one that is not negative: int128.h can only add halves. */
static void
add_int128(INT128 *sum, INT128 summand)
{
	int128_add_uint64(sum, insight_int128_low(summand));
	*sum = insight_int128_make(insight_int128_high(*sum) + insight_int128_high(summand), insight_int128_low(*sum));
}

/* insight_state_stratum finds the stratum of some labels or makes it. */
InsightStratum *
insight_state_stratum(InsightState *state, InsightKey key, bool wanted)
{
	bool		found;
	InsightEntry *entry = insight_strata_insert(state->strata, key, &found);

	if (!found)
	{
		InsightStratum *stratum = MemoryContextAllocZero(state->context, sizeof(InsightStratum));

		stratum->key = key;
		stratum->wanted = wanted;
		entry->stratum = stratum;
	}
	return entry->stratum;
}

/* insight_state_cell finds a stratum's cell or makes it. */
InsightCell *
insight_state_cell(InsightState *state, InsightStratum *stratum, uint8 code)
{
	uint8	   *at = stratum->ncells > 0 ? memchr(stratum->codes, code, stratum->ncells) : NULL;

	if (at != NULL)
		return &stratum->cells[at - stratum->codes];
	if (stratum->ncells == stratum->maxcells)
		insight_stratum_reserve(state, stratum, Max(stratum->maxcells * 2, FIRST_CELLS));
	stratum->codes[stratum->ncells] = code;
	memset(&stratum->cells[stratum->ncells], 0, sizeof(InsightCell));
	return &stratum->cells[stratum->ncells++];
}

/* insight_stratum_reserve makes room for so many cells of a stratum, and keeps those that it has. */
void
insight_stratum_reserve(InsightState *state, InsightStratum *stratum, int ncells)
{
	int			max = Min(ncells, PG_UINT8_MAX);
	InsightCell *cells = get_cells(state, max);
	uint8	   *codes = (uint8 *) (cells + max);

	if (stratum->ncells > 0)
	{
		memcpy(cells, stratum->cells, stratum->ncells * sizeof(InsightCell));
		memcpy(codes, stratum->codes, stratum->ncells);
		keep_spare(state, stratum->cells, stratum->maxcells);
	}
	stratum->cells = cells;
	stratum->codes = codes;
	stratum->maxcells = max;
}

/* get_cells returns room for so many cells and their codes. */
static InsightCell *
get_cells(InsightState *state, int ncells)
{
	InsightSpare **first = can_be_spare(ncells) ? &state->spare[pg_leftmost_one_pos32(ncells) - 1] : NULL;
	InsightSpare *spare = first != NULL ? *first : NULL;

	if (spare == NULL)
		return MemoryContextAlloc(state->context, ncells * (sizeof(InsightCell) + 1));
	*first = spare->next;
	return (InsightCell *) spare;
}

/* keep_spare keeps what get_cells returned for other strata. */
static void
keep_spare(InsightState *state, InsightCell *cells, int ncells)
{
	InsightSpare *spare = (InsightSpare *) cells;
	InsightSpare **first;

	if (!can_be_spare(ncells))
		return;
	first = &state->spare[pg_leftmost_one_pos32(ncells) - 1];
	spare->next = *first;
	*first = spare;
}

/* can_be_spare: is it a length that strata grow to?  A state that was read has others, too. */
static bool
can_be_spare(int ncells)
{
	return ncells >= FIRST_CELLS && (ncells & (ncells - 1)) == 0;
}
