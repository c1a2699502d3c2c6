/*-------------------------------------------------------------------------
 *
 * insight_state.h
 *	  What asset_reuse_insight keeps while it runs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_INSIGHT_STATE_H
#define ASSET_REUSE_INSIGHT_STATE_H

#include "common/int128.h"
#include "datatype/timestamp.h"
#include "utils/array.h"

#include "app_row.h"
#include "text_map.h"

typedef enum InsightMetric
{
	INSIGHT_CTR,				/* clicks of impressions */
	INSIGHT_CONVERSIONS			/* conversions of clicks */
} InsightMetric;

#define INSIGHT_NMETRICS	2

/* Successes are kept in thousandths: a conversion can be attributed in parts */
#define INSIGHT_SCALE		1000

/* The greatest number of trials or successes of an asset that is taken seriously */
#define INSIGHT_MAX_COUNT	1e12

/* Why an asset is left out, of one metric at least */
typedef enum InsightDefect
{
	INSIGHT_MISSING,			/* a number is null, or NaN */
	INSIGHT_NO_TRAFFIC,			/* no impressions */
	INSIGHT_INCONSISTENT,		/* negative, beyond INSIGHT_MAX_COUNT, or more clicks than impressions */
	INSIGHT_NDEFECTS
} InsightDefect;

/* A cell's metric, arm and bucket in one byte */
#define INSIGHT_CODE(metric, arm, bucket)	((uint8) ((metric) << 7 | (arm) << 6 | (bucket)))
#define INSIGHT_METRIC(code)				((code) >> 7)
#define INSIGHT_ARM(code)					((code) >> 6 & 1)
#define INSIGHT_BUCKET(code)				((code) & 63)
#define INSIGHT_NBUCKETS					64

/* The sums over a cell's assets, exact; see insight_fit.h */
typedef struct InsightCell
{
	int64		assets;
	INT128		n;
	INT128		x;
	INT128		nn;
	INT128		xn;
	INT128		xx;
} InsightCell;

/* A type or platform by its name; no data for a null */
typedef TextBytes InsightLabel;

/* What is in the place of a label's number: a null, and one that no asset has */
#define INSIGHT_NULL_LABEL		PG_UINT32_MAX
#define INSIGHT_UNKNOWN_LABEL	(PG_UINT32_MAX - 1)

/* A stratum's labels by their numbers; a type that is an enum's value by its oid */
typedef struct InsightKey
{
	uint32		type;
	uint32		platform;
	int32		year;
} InsightKey;

typedef struct InsightLabels
{
	InsightLabel type;
	InsightLabel platform;
	int32		year;
} InsightLabels;

/* The assets that are alike in type, platform and year */
typedef struct InsightStratum
{
	InsightKey	key;
	uint32		number;			/* in the order of labels; see insight_rates.c */
	uint32		type;			/* the number of its type */
	bool		wanted;			/* of a type that is asked for */
	uint8		ncells;
	uint8		maxcells;
	uint8	   *codes;			/* of the cells, in no order */
	InsightCell *cells;
	int64		defects[INSIGHT_NDEFECTS];
} InsightStratum;

typedef struct InsightEntry
{
	InsightStratum *stratum;
	InsightKey	key;
	char		status;
} InsightEntry;

#define SH_PREFIX insight_strata
#define SH_ELEMENT_TYPE InsightEntry
#define SH_KEY_TYPE InsightKey
#define SH_SCOPE extern
#define SH_DECLARE
#include "lib/simplehash.h"

/* An array of cells that a stratum has outgrown, kept for the next one that needs its length */
typedef struct InsightSpare
{
	struct InsightSpare *next;
} InsightSpare;

/* How many lengths of arrays of cells there are that are used again: 2, 4, 8, ... 128 */
#define INSIGHT_NSPARE		7

/* What the answer is to tell, if the state is for one */
typedef struct InsightQuestion
{
	const text *asset_type;		/* null: all types */
	double		confidence;
} InsightQuestion;

/* The platforms of campaigns; see insight_platforms.c */
typedef struct InsightPlatforms InsightPlatforms;

typedef struct InsightState
{
	MemoryContext context;		/* of the strata and their cells; the state is in its parent */
	InsightSpare *spare[INSIGHT_NSPARE];	/* by length */
	InsightQuestion question;
	AppColumn	columns[ASSET_NCOLUMNS];
	bool		type_is_enum;
	text_map_hash *numbers;		/* of the labels */
	InsightLabel *labels;		/* by number */
	uint32		maxlabels;
	InsightPlatforms *platforms;	/* of the campaigns; null: there are none */
	int32		year;			/* of the row before, if it had one */
	Timestamp	year_start;
	Timestamp	year_end;
	insight_strata_hash *strata;
} InsightState;

/* An asset, as the aggregate's arguments have it */
typedef struct InsightRow
{
	bool		wanted;
	AppRow		asset;
	uint32		platform;		/* its number, or one of the two above */
} InsightRow;

extern InsightState *insight_state_create(MemoryContext context);
extern void insight_state_prepare(InsightState *state);
extern void insight_state_add(InsightState *state, const InsightRow *row);
extern void insight_state_merge(InsightState *state, const InsightState *other);
extern InsightStratum *insight_state_stratum(InsightState *state, InsightKey key, bool wanted);
extern InsightCell *insight_state_cell(InsightState *state, InsightStratum *stratum, uint8 code);
extern void insight_stratum_reserve(InsightState *state, InsightStratum *stratum, int ncells);
extern bool insight_count(const AppRow *row, int column, double *value);

extern InsightKey insight_labels_key(InsightState *state, const InsightRow *row);
extern InsightKey insight_labels_find_key(InsightState *state, const InsightRow *row);
extern uint32 insight_labels_add(InsightState *state, InsightLabel label);
extern uint32 insight_labels_find(const InsightState *state, InsightLabel label);
extern uint32 insight_labels_count(const InsightState *state);
extern InsightLabels insight_labels_read(const InsightState *state, InsightKey key);

extern InsightPlatforms *insight_platforms_create(InsightState *state, MemoryContext context,
												  const ArrayType *campaigns, Oid collation);
extern uint32 insight_platforms_find(const InsightPlatforms *platforms, const text *campaign_id);

pg_noreturn extern void insight_report_malformed(void);
extern uint64 insight_state_digest(const bytea *bytes);
extern bytea *insight_state_write(const InsightState *state);
extern InsightState *insight_state_read(const bytea *bytes, MemoryContext context);

/* insight_int128_high and insight_int128_low return the halves of a sum. */
static inline int64
insight_int128_high(INT128 value)
{
#if USE_NATIVE_INT128
	return (int64) (value >> 64);
#else
	return value.hi;
#endif
}

static inline uint64
insight_int128_low(INT128 value)
{
#if USE_NATIVE_INT128
	return (uint64) value;
#else
	return value.lo;
#endif
}

/* insight_int128_make puts the halves together. */
static inline INT128
insight_int128_make(int64 high, uint64 low)
{
#if USE_NATIVE_INT128
	return (INT128) high << 64 | low;
#else
	return (INT128) {.hi = high, .lo = low};
#endif
}

#endif							/* ASSET_REUSE_INSIGHT_STATE_H */
