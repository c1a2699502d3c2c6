/*-------------------------------------------------------------------------
 *
 * summary_state.h
 *	  The state of asset_reuse_summary.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SUMMARY_STATE_H
#define ASSET_REUSE_SUMMARY_STATE_H

#include "fmgr.h"
#include "lib/binaryheap.h"
#include "lib/stringinfo.h"

#include "app_row.h"
#include "log_value.h"
#include "summary_sum.h"

/* A top asset shows all columns that are given except the document */
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
#define SH_SCOPE extern
#define SH_DECLARE
#include "lib/simplehash.h"

/* Assets with impressions and a ctr */
typedef struct PerformanceSample
{
	int64		assets;
	ExactSum	ctr;
	int64		with_conversions;
	ExactSum	conversions;
} PerformanceSample;

/* How the values of a column are copied */
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
	binaryheap *top;			/* of TopAsset; the last in the list comes first */

	FmgrInfo	compare_id;
	Oid			collation;		/* the id's */
} SummaryState;

/* A top asset; its values are in the same memory chunk */
typedef struct TopAsset
{
	int64		reuses;
	AppRow		row;
} TopAsset;

extern void summary_state_prepare(SummaryState *state);
extern void summary_state_add(SummaryState *state, const AppRow *row, int64 reuses_in_table);
extern void summary_state_merge(SummaryState *state, SummaryState *other);
extern TypeCount *summary_state_type(SummaryState *state, TypeKey key);
extern void summary_state_offer(SummaryState *state, const AppRow *row, int64 reuses);
extern int	summary_compare_top(Datum a, Datum b, void *arg);

extern void summary_state_send(StringInfo buf, SummaryState *state);
extern SummaryState *summary_state_receive(StringInfo buf, MemoryContext context);

extern Jsonb *summary_state_answer(const SummaryState *state);

#endif							/* ASSET_REUSE_SUMMARY_STATE_H */
