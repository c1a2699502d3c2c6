/*-------------------------------------------------------------------------
 *
 * summary_state.c
 *	  The state of asset_reuse_summary: adding assets, and merging the states of parallel
 *	  workers.
 *
 * The state lives in the aggregate's memory context and does not grow with the number of rows:
 * it has numbers, a counter for each asset type, and the list of top assets.  No part of it
 * depends on the order of rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "secret_hash.h"
#include "summary_state.h"

#define TYPES_EXPECTED	16		/* of assets; more are fine */

/* The counters by type; summary_state.h declares them */
#define SH_PREFIX typecount
#define SH_ELEMENT_TYPE TypeCount
#define SH_KEY_TYPE TypeKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) ((uint32) secret_hash((key).data, (key).len, tb))
#define SH_EQUAL(tb, a, b) ((a).len == (b).len && memcmp((a).data, (b).data, (a).len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE extern
#define SH_DEFINE
#include "lib/simplehash.h"

static int64 count_reuses(const SummaryState *state, const AppRow *row, int64 reuses_in_table);
static int64 count_events(Datum document, ReuseRange range);
static void add_to_sample(PerformanceSample *sample, const AppRow *row);
static void add_reuses(int64 *sum, int64 reuses);
static void add_to_type(SummaryState *state, const AppRow *row, int64 reuses);
static int	compare_assets(const SummaryState *state, int64 a_reuses, const AppRow *a,
						   int64 b_reuses, const AppRow *b);
static TopAsset *copy_top_asset(const SummaryState *state, const AppRow *row, int64 reuses);
static void combine_samples(PerformanceSample *sample, PerformanceSample *other);

/* summary_state_prepare allocates what depends on the columns' types and the length of the top list. */
void
summary_state_prepare(SummaryState *state)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);
	TypeCacheEntry *id_type = lookup_type_cache(state->columns[ASSET_ID].type,
												TYPECACHE_CMP_PROC);
	int			column;

	state->type_is_enum = type_is_enum(state->columns[ASSET_TYPE].type);
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		ColumnLayout *layout = &state->layouts[column];

		if (state->columns[column].present)
			get_typlenbyval(state->columns[column].type, &layout->len, &layout->by_value);
	}
	if (!OidIsValid(id_type->cmp_proc))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a comparison function for type %s",
						format_type_be(id_type->type_id))));
	fmgr_info_cxt(id_type->cmp_proc, &state->compare_id, state->context);
	state->types = typecount_create(state->context, TYPES_EXPECTED, NULL);
	state->top = binaryheap_allocate(state->top_limit, summary_compare_top, state);
	MemoryContextSwitchTo(old);
}

/* summary_state_add adds an asset, some of whose events in range may be in the history table. */
void
summary_state_add(SummaryState *state, const AppRow *row, int64 reuses_in_table)
{
	int64		reuses = count_reuses(state, row, reuses_in_table);

	state->total_assets++;
	add_to_sample(reuses > 0 ? &state->reused : &state->not_reused, row);
	if (reuses > 0)
	{
		state->reused_assets++;
		add_reuses(&state->reuses, reuses);
		add_to_type(state, row, reuses);
		summary_state_offer(state, row, reuses);
	}
}

/* summary_state_merge adds another state's assets; the other state is not changed. */
void
summary_state_merge(SummaryState *state, SummaryState *other)
{
	typecount_iterator scan;
	TypeCount  *type;
	int			i;

	state->total_assets += other->total_assets;
	state->reused_assets += other->reused_assets;
	add_reuses(&state->reuses, other->reuses);
	combine_samples(&state->reused, &other->reused);
	combine_samples(&state->not_reused, &other->not_reused);
	typecount_start_iterate(other->types, &scan);
	while ((type = typecount_iterate(other->types, &scan)) != NULL)
	{
		TypeCount  *mine = summary_state_type(state, type->key);

		mine->assets += type->assets;
		add_reuses(&mine->reuses, type->reuses);
	}
	for (i = 0; i < other->top->bh_size; i++)
	{
		TopAsset   *asset = (TopAsset *) DatumGetPointer(other->top->bh_nodes[i]);

		summary_state_offer(state, &asset->row, asset->reuses);
	}
}

/*
 * count_reuses returns an asset's reuses: its events in range, in the document and in
 * the table, or its counter.
 */
static int64
count_reuses(const SummaryState *state, const AppRow *row, int64 reuses_in_table)
{
	int64		reuses = reuses_in_table;

	if (!state->ranged)
		return app_row_integer(row, ASSET_REUSED_COUNT);
	if (!row->nulls[ASSET_PLATFORM_METADATA])
		add_reuses(&reuses, count_events(row->values[ASSET_PLATFORM_METADATA], state->range));
	return reuses;
}

/*
 * count_events counts a document's events in range.
 *
 * A document that cannot hold a log has none: one such asset must not make
 * all figures of the tenant unavailable.
 */
static int64
count_events(Datum document, ReuseRange range)
{
	Jsonb	   *jsonb = DatumGetJsonbP(document);
	ReuseLog	log;

	log_find(&jsonb->root, &log);
	return log_count_range(&log, range);
}

/* add_to_sample adds an asset's performance, if it has impressions and a ctr. */
static void
add_to_sample(PerformanceSample *sample, const AppRow *row)
{
	double		impressions;
	double		ctr;
	double		conversions;

	if (!app_row_number(row, ASSET_IMPRESSIONS, &impressions) || impressions <= 0 ||
		!app_row_ctr(row, &ctr))
		return;
	sample->assets++;
	exact_sum_add(&sample->ctr, ctr);
	if (app_row_number(row, ASSET_CONVERSIONS, &conversions))
	{
		sample->with_conversions++;
		exact_sum_add(&sample->conversions, conversions);
	}
}

static void
add_reuses(int64 *sum, int64 reuses)
{
	if (pg_add_s64_overflow(*sum, reuses, sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range"),
				 errdetail("The sum of the assets' reuses is too large for bigint.")));
}

/* add_to_type counts a reused asset under its type. */
static void
add_to_type(SummaryState *state, const AppRow *row, int64 reuses)
{
	Oid			oid = DatumGetObjectId(row->values[ASSET_TYPE]);
	TypeKey		key = {(const char *) &oid, sizeof(oid)};
	TypeCount  *type;

	if (row->nulls[ASSET_TYPE])
		return;
	if (!state->type_is_enum)
	{
		text	   *label = app_row_text(row, ASSET_TYPE);

		key.data = VARDATA_ANY(label);
		key.len = VARSIZE_ANY_EXHDR(label);
	}
	type = summary_state_type(state, key);
	type->assets++;
	add_reuses(&type->reuses, reuses);
}

/* summary_state_type finds a type's counter or makes one. */
TypeCount *
summary_state_type(SummaryState *state, TypeKey key)
{
	bool		found;
	TypeCount  *type = typecount_insert(state->types, key, &found);

	if (!found)
	{
		char	   *data = MemoryContextAlloc(state->context, key.len);

		memcpy(data, key.data, key.len);
		type->key.data = data;
		type->assets = 0;
		type->reuses = 0;
	}
	return type;
}

/* summary_state_offer puts an asset into the top list if it belongs there. */
void
summary_state_offer(SummaryState *state, const AppRow *row, int64 reuses)
{
	TopAsset   *last;

	if (state->top->bh_size < state->top_limit)
	{
		binaryheap_add(state->top, PointerGetDatum(copy_top_asset(state, row, reuses)));
		return;
	}
	last = (TopAsset *) DatumGetPointer(binaryheap_first(state->top));
	if (compare_assets(state, reuses, row, last->reuses, &last->row) < 0)
	{
		binaryheap_replace_first(state->top,
								 PointerGetDatum(copy_top_asset(state, row, reuses)));
		pfree(last);
	}
}

/* summary_compare_top orders the heap so that its first element is the last of the list. */
int
summary_compare_top(Datum a, Datum b, void *arg)
{
	const TopAsset *x = (const TopAsset *) DatumGetPointer(a);
	const TopAsset *y = (const TopAsset *) DatumGetPointer(b);

	return compare_assets(arg, x->reuses, &x->row, y->reuses, &y->row);
}

/*
 * compare_assets orders the top list: reuses descending, last_reused_at
 * descending with nulls last, id ascending.
 */
static int
compare_assets(const SummaryState *state, int64 a_reuses, const AppRow *a,
			   int64 b_reuses, const AppRow *b)
{
	bool		a_never = a->nulls[ASSET_LAST_REUSED_AT];
	bool		b_never = b->nulls[ASSET_LAST_REUSED_AT];

	if (a_reuses != b_reuses)
		return a_reuses > b_reuses ? -1 : 1;
	if (a_never != b_never)
		return a_never ? 1 : -1;
	if (!a_never)
	{
		Timestamp	a_last = DatumGetTimestamp(a->values[ASSET_LAST_REUSED_AT]);
		Timestamp	b_last = DatumGetTimestamp(b->values[ASSET_LAST_REUSED_AT]);

		if (a_last != b_last)
			return a_last > b_last ? -1 : 1;
	}
	/* ids in the table are never null, but anybody can call the aggregate */
	if (a->nulls[ASSET_ID] || b->nulls[ASSET_ID])
		return (int) a->nulls[ASSET_ID] - (int) b->nulls[ASSET_ID];
	return DatumGetInt32(FunctionCall2Coll(unconstify(FmgrInfo *, &state->compare_id),
										   state->collation,
										   a->values[ASSET_ID], b->values[ASSET_ID]));
}

/*
 * copy_top_asset copies a row with its values into one chunk of the aggregate's
 * memory.  It keeps only the columns that the list shows.
 */
static TopAsset *
copy_top_asset(const SummaryState *state, const AppRow *row, int64 reuses)
{
	Datum		values[ASSET_NCOLUMNS];
	Size		size = MAXALIGN(sizeof(TopAsset));
	TopAsset   *asset;
	char	   *at;
	int			column;

	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		const ColumnLayout *layout = &state->layouts[column];

		if (!app_row_has(state->columns, TOP_COLUMNS, column) ||
			row->nulls[column] || layout->by_value)
			continue;
		values[column] = row->values[column];
		if (layout->len == -1)
			values[column] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(row->values[column]));
		size += MAXALIGN(datumGetSize(values[column], false, layout->len));
	}

	asset = MemoryContextAlloc(state->context, size);
	asset->reuses = reuses;
	asset->row.columns = state->columns;
	at = (char *) asset + MAXALIGN(sizeof(TopAsset));
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		const ColumnLayout *layout = &state->layouts[column];
		Size		len;

		asset->row.nulls[column] = !app_row_has(state->columns, TOP_COLUMNS, column) ||
			row->nulls[column];
		asset->row.values[column] = (Datum) 0;
		if (asset->row.nulls[column])
			continue;
		if (layout->by_value)
		{
			asset->row.values[column] = row->values[column];
			continue;
		}
		len = datumGetSize(values[column], false, layout->len);
		memcpy(at, DatumGetPointer(values[column]), len);
		asset->row.values[column] = PointerGetDatum(at);
		at += MAXALIGN(len);
	}
	return asset;
}

static void
combine_samples(PerformanceSample *sample, PerformanceSample *other)
{
	sample->assets += other->assets;
	sample->with_conversions += other->with_conversions;
	exact_sum_combine(&sample->ctr, &other->ctr);
	exact_sum_combine(&sample->conversions, &other->conversions);
}
