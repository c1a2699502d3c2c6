/*-------------------------------------------------------------------------
 *
 * reuse_summary.c
 *	  The parallel aggregate that analytics runs on: overview, counts by type,
 *	  performance samples and the top list of a set of assets, in one pass.
 *
 * The state lives in the aggregate's memory context and does not grow with the
 * rows: numbers, a counter for each asset type, and the rows of the top list.
 * Every part of it is independent of the order of rows.  The serialized form
 * holds values and no pointers, but oids: it is read by the same server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "app_row.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "compat.h"
#include "exact_sum.h"
#include "fmgr.h"
#include "lib/binaryheap.h"
#include "libpq/pqformat.h"
#include "request.h"
#include "response.h"
#include "reuse_log.h"
#include "reuse_summary.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(asset_reuse_summary_transition);
PG_FUNCTION_INFO_V1(asset_reuse_summary_combine);
PG_FUNCTION_INFO_V1(asset_reuse_summary_serialize);
PG_FUNCTION_INFO_V1(asset_reuse_summary_deserialize);
PG_FUNCTION_INFO_V1(asset_reuse_summary_final);

const AssetColumn summary_columns[SUMMARY_NCOLUMNS] = {
	ASSET_ID, ASSET_CTR, ASSET_CLICKS, ASSET_FILE_URL, ASSET_NAME, ASSET_TYPE,
	ASSET_CONVERSIONS, ASSET_IMPRESSIONS, ASSET_REUSED_COUNT, ASSET_THUMBNAIL_URL,
	ASSET_LAST_REUSED_AT, ASSET_CAMPAIGN_SPACE_ID, ASSET_PLATFORM_METADATA
};

/* An asset of the top list shows what we are given, but for its document */
#define TOP_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_CTR) | COLUMN_BIT(ASSET_CLICKS) | \
	 COLUMN_BIT(ASSET_FILE_URL) | COLUMN_BIT(ASSET_NAME) | COLUMN_BIT(ASSET_TYPE) | \
	 COLUMN_BIT(ASSET_CONVERSIONS) | COLUMN_BIT(ASSET_IMPRESSIONS) | \
	 COLUMN_BIT(ASSET_REUSED_COUNT) | COLUMN_BIT(ASSET_THUMBNAIL_URL) | \
	 COLUMN_BIT(ASSET_LAST_REUSED_AT) | COLUMN_BIT(ASSET_CAMPAIGN_SPACE_ID))

/* An asset type as its bytes: a string's, or an enum's oid */
typedef struct TypeKey
{
	const char *data;
	uint32		len;
} TypeKey;

/* The reused assets of one type */
typedef struct TypeCount
{
	TypeKey		key;
	uint32		hash;
	char		status;
	int64		assets;
	int64		reuses;
} TypeCount;

#define SH_PREFIX typecount
#define SH_ELEMENT_TYPE TypeCount
#define SH_KEY_TYPE TypeKey
#define SH_KEY key
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key).data, (key).len)
#define SH_EQUAL(tb, a, b) ((a).len == (b).len && memcmp((a).data, (b).data, (a).len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Assets with impressions and a ctr */
typedef struct PerformanceSample
{
	int64		assets;
	ExactSum	ctr;
	int64		with_conversions;
	ExactSum	conversions;
} PerformanceSample;

/* How a column's values are copied */
typedef struct ColumnLayout
{
	int16		len;
	bool		by_value;
} ColumnLayout;

typedef struct SummaryState
{
	MemoryContext context;		/* the aggregate's: holds all of the state */
	AppColumn	columns[ASSET_NCOLUMNS];
	ColumnLayout layouts[ASSET_NCOLUMNS];
	bool		type_is_enum;	/* of asset_type */

	int32		top_limit;
	bool		ranged;			/* reuses are events in range, not reused_count */
	ReuseRange	range;

	int64		total_assets;
	int64		reused_assets;
	int64		reuses;
	PerformanceSample reused;
	PerformanceSample not_reused;
	typecount_hash *types;
	binaryheap *top;			/* of TopAsset, the last in the list first */

	FmgrInfo	compare_id;
	Oid			collation;		/* the id's */
} SummaryState;

/* An asset of the top list; its values are in the same piece of memory */
typedef struct TopAsset
{
	int64		reuses;
	AppRow		row;
} TopAsset;

/* A type's counter with its name, for the answer */
typedef struct NamedType
{
	char	   *label;
	const TypeCount *type;
} NamedType;

static SummaryState *create_state(FunctionCallInfo fcinfo, MemoryContext context);
static AppColumn argument_column(FunctionCallInfo fcinfo, int i);
static void prepare_state(SummaryState *state);
static void read_row(FunctionCallInfo fcinfo, const SummaryState *state, AppRow *row);
static int64 count_reuses(const SummaryState *state, const AppRow *row);
static int64 count_events(Datum document, ReuseRange range);
static void add_to_sample(PerformanceSample *sample, const AppRow *row);
static void add_reuses(int64 *sum, int64 reuses);
static void add_to_type(SummaryState *state, const AppRow *row, int64 reuses);
static TypeCount *get_type_count(SummaryState *state, TypeKey key);
static void offer_to_top(SummaryState *state, const AppRow *row, int64 reuses);
static int	compare_top_assets(Datum a, Datum b, void *arg);
static int	compare_sorted_assets(const void *a, const void *b, void *arg);
static int	compare_assets(const SummaryState *state, int64 a_reuses, const AppRow *a,
						   int64 b_reuses, const AppRow *b);
static TopAsset *copy_top_asset(const SummaryState *state, const AppRow *row, int64 reuses);

static void combine_samples(PerformanceSample *sample, PerformanceSample *other);
static void send_state(StringInfo buf, SummaryState *state);
static void send_sum(StringInfo buf, const ExactSum *sum);
static void send_sample(StringInfo buf, const PerformanceSample *sample);
static void send_top_asset(StringInfo buf, const SummaryState *state, const TopAsset *asset);
static SummaryState *receive_state(StringInfo buf, MemoryContext context);
static void receive_sum(StringInfo buf, ExactSum *sum);
static void receive_sample(StringInfo buf, PerformanceSample *sample);
static void receive_top_asset(StringInfo buf, SummaryState *state);

static void put_overview(JsonbWriter *w, const SummaryState *state);
static void put_types(JsonbWriter *w, const SummaryState *state);
static int	compare_named_types(const void *a, const void *b);
static char *type_label(const SummaryState *state, TypeKey key);
static void put_top(JsonbWriter *w, const SummaryState *state);
static void put_correlation(JsonbWriter *w, const SummaryState *state);
static void put_sample(JsonbWriter *w, const PerformanceSample *sample);
static void put_mean(JsonbWriter *w, const ExactSum *sum, int64 count);
static void put_lift(JsonbWriter *w, const ExactSum *reused, int64 nreused,
					 const ExactSum *others, int64 nothers);

/*
 * asset_reuse_summary_transition(state, top_limit, range_start, range_end,
 * columns...) adds an asset.
 *
 * Everything but the columns is the same in each call and read in the first.
 * A column that the table does not have comes as an untyped null.
 */
Datum
asset_reuse_summary_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	SummaryState *state;
	AppRow		row;
	int64		reuses;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "asset_reuse_summary_transition called in non-aggregate context");
	state = PG_ARGISNULL(0) ? create_state(fcinfo, context) :
		(SummaryState *) PG_GETARG_POINTER(0);

	read_row(fcinfo, state, &row);
	reuses = count_reuses(state, &row);
	state->total_assets++;
	add_to_sample(reuses > 0 ? &state->reused : &state->not_reused, &row);
	if (reuses > 0)
	{
		state->reused_assets++;
		add_reuses(&state->reuses, reuses);
		add_to_type(state, &row, reuses);
		offer_to_top(state, &row, reuses);
	}
	PG_RETURN_POINTER(state);
}

/* asset_reuse_summary_combine(state1, state2) adds another worker's assets. */
Datum
asset_reuse_summary_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	SummaryState *state = PG_ARGISNULL(0) ? NULL : (SummaryState *) PG_GETARG_POINTER(0);
	SummaryState *other = PG_ARGISNULL(1) ? NULL : (SummaryState *) PG_GETARG_POINTER(1);
	typecount_iterator scan;
	TypeCount  *type;
	int			i;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "asset_reuse_summary_combine called in non-aggregate context");
	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
	{
		/* the other state may be short-lived: send it into our context */
		StringInfoData buf;

		initStringInfo(&buf);
		send_state(&buf, other);
		state = receive_state(&buf, context);
		pfree(buf.data);
		PG_RETURN_POINTER(state);
	}

	state->total_assets += other->total_assets;
	state->reused_assets += other->reused_assets;
	add_reuses(&state->reuses, other->reuses);
	combine_samples(&state->reused, &other->reused);
	combine_samples(&state->not_reused, &other->not_reused);
	typecount_start_iterate(other->types, &scan);
	while ((type = typecount_iterate(other->types, &scan)) != NULL)
	{
		TypeCount  *mine = get_type_count(state, type->key);

		mine->assets += type->assets;
		add_reuses(&mine->reuses, type->reuses);
	}
	for (i = 0; i < other->top->bh_size; i++)
	{
		TopAsset   *asset = (TopAsset *) DatumGetPointer(other->top->bh_nodes[i]);

		offer_to_top(state, &asset->row, asset->reuses);
	}
	PG_RETURN_POINTER(state);
}

/* asset_reuse_summary_serialize(state) returns the state as bytes. */
Datum
asset_reuse_summary_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "asset_reuse_summary_serialize called in non-aggregate context");
	pq_begintypsend(&buf);
	send_state(&buf, (SummaryState *) PG_GETARG_POINTER(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* asset_reuse_summary_deserialize(bytes, internal) returns the state again. */
Datum
asset_reuse_summary_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;
	SummaryState *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "asset_reuse_summary_deserialize called in non-aggregate context");
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	state = receive_state(&buf, CurrentMemoryContext);
	pfree(buf.data);
	PG_RETURN_POINTER(state);
}

/*
 * asset_reuse_summary_final(state) returns the answer's objects: overview,
 * by_asset_type, top_reused_assets and performance_correlation.
 *
 * The state is left as it is.
 */
Datum
asset_reuse_summary_final(PG_FUNCTION_ARGS)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("overview"), JSONB_KEY("by_asset_type"),
		JSONB_KEY("top_reused_assets"), JSONB_KEY("performance_correlation"),
	};
	SummaryState nothing = {0};
	const SummaryState *state = PG_ARGISNULL(0) ? &nothing :
		(const SummaryState *) PG_GETARG_POINTER(0);
	JsonbWriter w;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "asset_reuse_summary_final called in non-aggregate context");
	jsonb_writer_init(&w, CurrentMemoryContext, BLCKSZ);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	put_overview(&w, state);
	put_types(&w, state);
	put_top(&w, state);
	put_correlation(&w, state);
	jsonb_end(&w);
	PG_RETURN_JSONB_P(jsonb_writer_finish(&w));
}

/* create_state makes the state at the first row. */
static SummaryState *
create_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	SummaryState *state = MemoryContextAllocZero(context, sizeof(SummaryState));
	int			i;

	state->context = context;
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
		state->columns[summary_columns[i]] = argument_column(fcinfo, i);
	state->top_limit = request_int(fcinfo, SUMMARY_ARG_TOP_LIMIT, "top_limit",
								   1, SUMMARY_MAX_TOP);
	state->range.start = PG_ARGISNULL(SUMMARY_ARG_RANGE_START) ? DT_NOBEGIN :
		PG_GETARG_TIMESTAMP(SUMMARY_ARG_RANGE_START);
	state->range.end = PG_ARGISNULL(SUMMARY_ARG_RANGE_END) ? DT_NOEND :
		PG_GETARG_TIMESTAMP(SUMMARY_ARG_RANGE_END);
	state->ranged = !PG_ARGISNULL(SUMMARY_ARG_RANGE_START) ||
		!PG_ARGISNULL(SUMMARY_ARG_RANGE_END);
	state->collation = PG_GET_COLLATION();
	prepare_state(state);
	return state;
}

/*
 * argument_column describes the column that comes as an argument.
 *
 * Error 42804 if such a column cannot have the argument's type: "any" lets
 * everything through, and it must not be taken for what it is not.
 */
static AppColumn
argument_column(FunctionCallInfo fcinfo, int i)
{
	AppColumn	column = {0};
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, SUMMARY_ARG_FIRST_COLUMN + i);
	AssetColumn number = summary_columns[i];

	/* an untyped null; there is always an id */
	if (type == UNKNOWNOID && number != ASSET_ID)
		return column;
	column.present = true;
	column.type = getBaseType(type);
	if (!app_column_accepts(APP_ASSETS, number, column.type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("argument %s of asset_reuse_summary has type %s",
						app_column_name(APP_ASSETS, number), format_type_be(type)),
				 errdetail("The type must be %s.", app_column_expected(APP_ASSETS, number))));
	return column;
}

/* prepare_state makes what the columns' types and the top list's length call for. */
static void
prepare_state(SummaryState *state)
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
	state->types = typecount_create(state->context, 16, NULL);
	state->top = binaryheap_allocate(state->top_limit, compare_top_assets, state);
	MemoryContextSwitchTo(old);
}

/* read_row reads the columns among the arguments. */
static void
read_row(FunctionCallInfo fcinfo, const SummaryState *state, AppRow *row)
{
	int			i;

	row->columns = state->columns;
	for (i = 0; i < SUMMARY_NCOLUMNS; i++)
	{
		row->values[summary_columns[i]] = PG_GETARG_DATUM(SUMMARY_ARG_FIRST_COLUMN + i);
		row->nulls[summary_columns[i]] = PG_ARGISNULL(SUMMARY_ARG_FIRST_COLUMN + i);
	}
}

/* count_reuses returns an asset's reuses: its events in range, or its counter. */
static int64
count_reuses(const SummaryState *state, const AppRow *row)
{
	if (!state->ranged)
		return app_row_integer(row, ASSET_REUSED_COUNT);
	if (row->nulls[ASSET_PLATFORM_METADATA])
		return 0;
	return count_events(row->values[ASSET_PLATFORM_METADATA], state->range);
}

/*
 * count_events counts a document's events in range.
 *
 * A document that cannot hold a log has none: one such asset must not take a
 * tenant's figures away.
 */
static int64
count_events(Datum document, ReuseRange range)
{
	Jsonb	   *jsonb = DatumGetJsonbP(document);
	ReuseLog	log;

	reuse_log_find(&jsonb->root, &log);
	return reuse_log_count_range(&log, range);
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
				 errdetail("The assets' reuses add up to more than a bigint can hold.")));
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
	type = get_type_count(state, key);
	type->assets++;
	add_reuses(&type->reuses, reuses);
}

/* get_type_count finds a type's counter or makes one. */
static TypeCount *
get_type_count(SummaryState *state, TypeKey key)
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

/* offer_to_top puts an asset into the top list if it belongs there. */
static void
offer_to_top(SummaryState *state, const AppRow *row, int64 reuses)
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

/* compare_top_assets makes the heap's first the list's last. */
static int
compare_top_assets(Datum a, Datum b, void *arg)
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
	return DatumGetInt32(FunctionCall2Coll(unconstify(FmgrInfo *, &state->compare_id),
										   state->collation,
										   a->values[ASSET_ID], b->values[ASSET_ID]));
}

/*
 * copy_top_asset copies a row with its values into one piece of the
 * aggregate's memory.  Of the columns only those that the list shows are kept.
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

		if ((TOP_COLUMNS & COLUMN_BIT(column)) == 0 || !state->columns[column].present ||
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

		asset->row.nulls[column] = (TOP_COLUMNS & COLUMN_BIT(column)) == 0 ||
			!state->columns[column].present || row->nulls[column];
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

/* send_state writes the state; receive_state reads it in the same order. */
static void
send_state(StringInfo buf, SummaryState *state)
{
	typecount_iterator scan;
	TypeCount  *type;
	int			i;

	for (i = 0; i < ASSET_NCOLUMNS; i++)
		pq_sendint32(buf, state->columns[i].type);
	pq_sendint32(buf, state->collation);
	pq_sendint32(buf, state->top_limit);
	pq_sendbyte(buf, state->ranged);
	pq_sendint64(buf, state->range.start);
	pq_sendint64(buf, state->range.end);
	pq_sendint64(buf, state->total_assets);
	pq_sendint64(buf, state->reused_assets);
	pq_sendint64(buf, state->reuses);
	send_sample(buf, &state->reused);
	send_sample(buf, &state->not_reused);

	pq_sendint32(buf, state->types->members);
	typecount_start_iterate(state->types, &scan);
	while ((type = typecount_iterate(state->types, &scan)) != NULL)
	{
		pq_sendint32(buf, type->key.len);
		pq_sendbytes(buf, type->key.data, type->key.len);
		pq_sendint64(buf, type->assets);
		pq_sendint64(buf, type->reuses);
	}

	pq_sendint32(buf, state->top->bh_size);
	for (i = 0; i < state->top->bh_size; i++)
		send_top_asset(buf, state, (TopAsset *) DatumGetPointer(state->top->bh_nodes[i]));
}

static void
send_sample(StringInfo buf, const PerformanceSample *sample)
{
	pq_sendint64(buf, sample->assets);
	send_sum(buf, &sample->ctr);
	pq_sendint64(buf, sample->with_conversions);
	send_sum(buf, &sample->conversions);
}

static void
send_sum(StringInfo buf, const ExactSum *sum)
{
	pq_sendbytes(buf, (const char *) sum, sizeof(*sum));
}

static void
send_top_asset(StringInfo buf, const SummaryState *state, const TopAsset *asset)
{
	int			column;

	pq_sendint64(buf, asset->reuses);
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		const ColumnLayout *layout = &state->layouts[column];
		Datum		value = asset->row.values[column];
		bool		isnull = asset->row.nulls[column];
		char	   *at;

		enlargeStringInfo(buf, datumEstimateSpace(value, isnull, layout->by_value, layout->len));
		at = buf->data + buf->len;
		datumSerialize(value, isnull, layout->by_value, layout->len, &at);
		buf->len = at - buf->data;
	}
}

static SummaryState *
receive_state(StringInfo buf, MemoryContext context)
{
	SummaryState *state = MemoryContextAllocZero(context, sizeof(SummaryState));
	int			n;
	int			i;

	state->context = context;
	for (i = 0; i < ASSET_NCOLUMNS; i++)
	{
		state->columns[i].type = pq_getmsgint(buf, 4);
		state->columns[i].present = OidIsValid(state->columns[i].type);
	}
	state->collation = pq_getmsgint(buf, 4);
	state->top_limit = pq_getmsgint(buf, 4);
	state->ranged = pq_getmsgbyte(buf);
	state->range.start = pq_getmsgint64(buf);
	state->range.end = pq_getmsgint64(buf);
	state->total_assets = pq_getmsgint64(buf);
	state->reused_assets = pq_getmsgint64(buf);
	state->reuses = pq_getmsgint64(buf);
	receive_sample(buf, &state->reused);
	receive_sample(buf, &state->not_reused);
	prepare_state(state);

	n = pq_getmsgint(buf, 4);
	for (i = 0; i < n; i++)
	{
		TypeKey		key;
		TypeCount  *type;

		key.len = pq_getmsgint(buf, 4);
		key.data = pq_getmsgbytes(buf, key.len);
		type = get_type_count(state, key);
		type->assets = pq_getmsgint64(buf);
		type->reuses = pq_getmsgint64(buf);
	}

	n = pq_getmsgint(buf, 4);
	for (i = 0; i < n; i++)
		receive_top_asset(buf, state);
	pq_getmsgend(buf);
	return state;
}

static void
receive_sample(StringInfo buf, PerformanceSample *sample)
{
	sample->assets = pq_getmsgint64(buf);
	receive_sum(buf, &sample->ctr);
	sample->with_conversions = pq_getmsgint64(buf);
	receive_sum(buf, &sample->conversions);
}

static void
receive_sum(StringInfo buf, ExactSum *sum)
{
	memcpy(sum, pq_getmsgbytes(buf, sizeof(*sum)), sizeof(*sum));
}

static void
receive_top_asset(StringInfo buf, SummaryState *state)
{
	int64		reuses = pq_getmsgint64(buf);
	AppRow		row;
	int			column;

	row.columns = state->columns;
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		char	   *at = buf->data + buf->cursor;

		row.values[column] = datumRestore(&at, &row.nulls[column]);
		buf->cursor = at - buf->data;
	}
	offer_to_top(state, &row, reuses);
}

static void
put_overview(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("total_assets"), JSONB_KEY("total_reuses"), JSONB_KEY("assets_with_reuses"),
		JSONB_KEY("avg_reuses_per_asset"), JSONB_KEY("reuse_rate_percentage"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	response_put_int(w, state->total_assets);
	response_put_int(w, state->reuses);
	response_put_int(w, state->reused_assets);
	response_put_ratio(w, 1, state->reuses, state->reused_assets);
	response_put_ratio(w, 100, state->reused_assets, state->total_assets);
	jsonb_end(w);
}

/* put_types puts by_asset_type, sorted as jsonb's keys are. */
static void
put_types(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("count"), JSONB_KEY("total_reuses"), JSONB_KEY("avg_reuses_per_asset"),
	};
	int			ntypes = state->types ? state->types->members : 0;
	NamedType  *named = palloc(ntypes * sizeof(NamedType));
	int			i = 0;

	if (ntypes > 0)
	{
		typecount_iterator scan;
		TypeCount  *type;

		typecount_start_iterate(state->types, &scan);
		while ((type = typecount_iterate(state->types, &scan)) != NULL)
		{
			named[i].label = type_label(state, type->key);
			named[i++].type = type;
		}
		qsort(named, ntypes, sizeof(NamedType), compare_named_types);
	}

	jsonb_begin_object(w, ntypes);
	for (i = 0; i < ntypes; i++)
		jsonb_put_key(w, named[i].label, strlen(named[i].label));
	for (i = 0; i < ntypes; i++)
	{
		jsonb_begin_object_keys(w, keys, lengthof(keys));
		response_put_int(w, named[i].type->assets);
		response_put_int(w, named[i].type->reuses);
		response_put_ratio(w, 1, named[i].type->reuses, named[i].type->assets);
		jsonb_end(w);
	}
	jsonb_end(w);
}

static int
compare_named_types(const void *a, const void *b)
{
	const char *x = ((const NamedType *) a)->label;
	const char *y = ((const NamedType *) b)->label;

	return jsonb_compare_keys(x, strlen(x), y, strlen(y));
}

/* type_label returns an asset type's name. */
static char *
type_label(const SummaryState *state, TypeKey key)
{
	Oid			oid;

	if (!state->type_is_enum)
		return pnstrdup(key.data, key.len);
	memcpy(&oid, key.data, sizeof(oid));
	return DatumGetCString(DirectFunctionCall1(enum_out, ObjectIdGetDatum(oid)));
}

/* put_top puts the top list, from a sorted copy of the heap. */
static void
put_top(JsonbWriter *w, const SummaryState *state)
{
	int			ntop = state->top ? state->top->bh_size : 0;
	Datum	   *sorted = palloc(ntop * sizeof(Datum));
	int			i;

	if (ntop > 0)
	{
		memcpy(sorted, state->top->bh_nodes, ntop * sizeof(Datum));
		qsort_arg(sorted, ntop, sizeof(Datum), compare_sorted_assets,
				  unconstify(SummaryState *, state));
	}
	jsonb_begin_array(w, ntop);
	for (i = 0; i < ntop; i++)
	{
		const TopAsset *asset = (const TopAsset *) DatumGetPointer(sorted[i]);

		response_put_row(w, APP_ASSETS, &asset->row, TOP_COLUMNS,
						 state->ranged ? &asset->reuses : NULL);
	}
	jsonb_end(w);
}

static int
compare_sorted_assets(const void *a, const void *b, void *arg)
{
	return compare_top_assets(*(const Datum *) a, *(const Datum *) b, arg);
}

static void
put_correlation(JsonbWriter *w, const SummaryState *state)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("lift"), JSONB_KEY("reused_assets"), JSONB_KEY("non_reused_assets"),
	};
	static const JsonbKey lift_keys[] = {
		JSONB_KEY("ctr_percentage"), JSONB_KEY("conversions_percentage"),
	};
	const PerformanceSample *reused = &state->reused;
	const PerformanceSample *others = &state->not_reused;

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	jsonb_begin_object_keys(w, lift_keys, lengthof(lift_keys));
	put_lift(w, &reused->ctr, reused->assets, &others->ctr, others->assets);
	put_lift(w, &reused->conversions, reused->with_conversions,
			 &others->conversions, others->with_conversions);
	jsonb_end(w);
	put_sample(w, reused);
	put_sample(w, others);
	jsonb_end(w);
}

static void
put_sample(JsonbWriter *w, const PerformanceSample *sample)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("avg_ctr"), JSONB_KEY("sample_size"), JSONB_KEY("avg_conversions"),
	};

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	put_mean(w, &sample->ctr, sample->assets);
	response_put_int(w, sample->assets);
	put_mean(w, &sample->conversions, sample->with_conversions);
	jsonb_end(w);
}

static void
put_mean(JsonbWriter *w, const ExactSum *sum, int64 count)
{
	if (count == 0)
		jsonb_put_null(w);
	else
		response_put_rounded(w, exact_sum_mean(sum, count));
}

/* put_lift puts by how many percent the first mean exceeds the second. */
static void
put_lift(JsonbWriter *w, const ExactSum *reused, int64 nreused,
		 const ExactSum *others, int64 nothers)
{
	if (nreused == 0 || nothers == 0)
		jsonb_put_null(w);
	else
		response_put_lift(w, exact_sum_mean(reused, nreused), exact_sum_mean(others, nothers));
}
