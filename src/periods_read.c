/*-------------------------------------------------------------------------
 *
 * periods_read.c
 *	  Reading the periods of assets.
 *
 * One statement returns the events that have recorded their assets' metrics, from both places, asset
 * by asset in the order of their times, each with the asset as it is now.  Its rows are taken as they
 * come: what is kept are the totals of the asset at hand.
 *
 * Others can write events, so what these have recorded can be anything.  What is no number of
 * impressions and clicks between 0 and 10^12 is taken for an event that has recorded nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "app_row.h"
#include "insight_state.h"
#include "log_value.h"
#include "periods_read.h"
#include "plan_cache.h"
#include "rows_queries.h"

/* Columns of the statement, from 0; the asset's own are behind them */
enum
{
	SNAPSHOT_ASSET_ID,
	SNAPSHOT_REUSED_AT,
	SNAPSHOT_METRICS,
	SNAPSHOT_FIRST_COLUMN
};

/* What is read of an asset; see row_snapshots */
#define ASSET_COLUMNS \
	(COLUMN_BIT(ASSET_CREATED_AT) | COLUMN_BIT(ASSET_IMPRESSIONS) | COLUMN_BIT(ASSET_CLICKS))

#define POINTS_EXPECTED		16	/* of an asset; more are fine */

typedef struct PeriodsReader
{
	DestReceiver receiver;		/* first: it is the reader itself */
	const AppTable *assets;
	Oid			id_type;
	Timestamp	now;
	PeriodsTaker take;
	void	   *taker;

	MemoryContext row_memory;	/* reset with each row */
	MemoryContext asset_memory; /* reset with each asset */
	Identifier	asset_id;		/* of the asset at hand; type 0: none yet */
	Timestamp	created;
	bool		is_known;		/* what it is now */
	PeriodPoint point;			/* if so */
	uint32		npoints;
	uint32		room;
	PeriodPoint *points;
} PeriodsReader;

static void start_rows(DestReceiver *receiver, int operation, TupleDesc desc);
static bool receive_row(TupleTableSlot *slot, DestReceiver *receiver);
static void end_rows(DestReceiver *receiver);
static void begin_asset(PeriodsReader *reader, Identifier asset_id, const AppRow *row);
static void finish_asset(PeriodsReader *reader);
static void add_point(PeriodsReader *reader, PeriodPoint point);
static bool read_counts(const AppRow *row, PeriodPoint *point);
static bool read_metrics(const Jsonb *metrics, PeriodPoint *point);
static bool read_metric(const ReuseValue *metrics, AssetColumn column, double *number);

/*
 * periods_read reads the periods of the assets that are asked for.  The caller is connected to SPI.
 *
 * Assets that are given have ids of one type; error 55000 if those of the table are of another.
 */
void
periods_read(Oid caller, const RowRequest *request, PeriodsTaker take, void *taker)
{
	RowStatement statement;
	PeriodsReader reader = {
		.receiver = *None_Receiver,
		.assets = &statement.assets,
		.now = GetCurrentTransactionStartTimestamp(),
		.take = take,
		.taker = taker,
		.row_memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse row", ALLOCSET_DEFAULT_SIZES),
		.asset_memory = AllocSetContextCreate(CurrentMemoryContext, "asset_reuse periods", ALLOCSET_DEFAULT_SIZES)
	};

	reader.receiver.rStartup = start_rows;
	reader.receiver.receiveSlot = receive_row;
	reader.receiver.rShutdown = end_rows;
	rows_make_statement(caller, request, row_snapshots, &statement);
	reader.id_type = statement.assets.columns[ASSET_ID].type == UUIDOID ? UUIDOID : TEXTOID;
	/* a function that ran since the caller found these assets can have put another table in their place */
	if (request->nasset_ids > 0 && request->asset_ids[0].type != reader.id_type)
		plan_report_changed();
	/* a timestamptz is the timestamp in UTC */
	plan_add_value(&statement.plan, "now", TIMESTAMPOID, TimestampGetDatum(reader.now));
	plan_execute_into(&statement.plan, &reader.receiver);
	MemoryContextDelete(reader.row_memory);
	MemoryContextDelete(reader.asset_memory);
}

/* start_rows checks that the rows are what was asked for; see plan_result. */
static void
start_rows(DestReceiver *receiver, int operation, TupleDesc desc)
{
	PeriodsReader *reader = (PeriodsReader *) receiver;

	if (desc->natts < SNAPSHOT_FIRST_COLUMN ||
		TupleDescAttr(desc, SNAPSHOT_ASSET_ID)->atttypid != reader->id_type ||
		TupleDescAttr(desc, SNAPSHOT_REUSED_AT)->atttypid != TIMESTAMPOID ||
		TupleDescAttr(desc, SNAPSHOT_METRICS)->atttypid != JSONBOID)
		plan_report_changed();
	app_row_check(reader->assets, ASSET_COLUMNS, SNAPSHOT_FIRST_COLUMN, desc);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	PeriodsReader *reader = (PeriodsReader *) receiver;
	MemoryContext old;
	HeapTuple	tuple;
	bool		copied;
	AppRow		row;
	PeriodPoint point;
	Identifier	asset_id = {.type = reader->id_type};

	MemoryContextReset(reader->row_memory);
	old = MemoryContextSwitchTo(reader->row_memory);
	slot_getallattrs(slot);
	if (slot->tts_isnull[SNAPSHOT_ASSET_ID] || slot->tts_isnull[SNAPSHOT_REUSED_AT])
		plan_report_changed();
	asset_id.value = slot->tts_values[SNAPSHOT_ASSET_ID];
	if (reader->id_type == TEXTOID)
		asset_id.value = PointerGetDatum(DatumGetTextPP(asset_id.value));
	if (!OidIsValid(reader->asset_id.type) || identifier_compare(asset_id, reader->asset_id) != 0)
	{
		finish_asset(reader);
		tuple = ExecFetchSlotHeapTuple(slot, false, &copied);
		app_row_read(reader->assets, ASSET_COLUMNS, SNAPSHOT_FIRST_COLUMN, tuple,
					 slot->tts_tupleDescriptor, &row);
		begin_asset(reader, asset_id, &row);
	}
	point.time = DatumGetTimestamp(slot->tts_values[SNAPSHOT_REUSED_AT]);
	if (!slot->tts_isnull[SNAPSHOT_METRICS] &&
		read_metrics(DatumGetJsonbP(slot->tts_values[SNAPSHOT_METRICS]), &point))
		add_point(reader, point);
	MemoryContextSwitchTo(old);
	return true;
}

static void
end_rows(DestReceiver *receiver)
{
	finish_asset((PeriodsReader *) receiver);
}

/* begin_asset begins with another asset, of which a row says what it is now. */
static void
begin_asset(PeriodsReader *reader, Identifier asset_id, const AppRow *row)
{
	MemoryContext old;

	MemoryContextReset(reader->asset_memory);
	old = MemoryContextSwitchTo(reader->asset_memory);
	reader->asset_id.type = asset_id.type;
	reader->asset_id.value = datumCopy(asset_id.value, false, asset_id.type == UUIDOID ? UUID_LEN : -1);
	reader->created = row->nulls[ASSET_CREATED_AT] ? DT_NOBEGIN :
		DatumGetTimestamp(row->values[ASSET_CREATED_AT]);
	reader->is_known = read_counts(row, &reader->point);
	reader->point.time = reader->now;
	reader->npoints = 0;
	reader->room = POINTS_EXPECTED;
	reader->points = palloc(reader->room * sizeof(PeriodPoint));
	MemoryContextSwitchTo(old);
}

/* finish_asset gives the asset at hand, if there is one, to the taker. */
static void
finish_asset(PeriodsReader *reader)
{
	MemoryContext old;
	Periods		periods;

	if (!OidIsValid(reader->asset_id.type) || reader->npoints == 0)
		return;
	old = MemoryContextSwitchTo(reader->asset_memory);
	if (reader->is_known)
		add_point(reader, reader->point);
	periods_make(reader->points, reader->npoints, reader->created, &periods);
	MemoryContextSwitchTo(old);
	reader->take(reader->taker, reader->asset_id, &periods);
}

static void
add_point(PeriodsReader *reader, PeriodPoint point)
{
	if (reader->npoints == reader->room)
	{
		reader->room *= 2;
		reader->points = repalloc_huge(reader->points, reader->room * sizeof(PeriodPoint));
	}
	reader->points[reader->npoints++] = point;
}

/* read_counts reads the totals of a row; false if it has none. */
static bool
read_counts(const AppRow *row, PeriodPoint *point)
{
	return insight_count(row, ASSET_IMPRESSIONS, &point->n) && insight_count(row, ASSET_CLICKS, &point->x);
}

/* read_metrics reads the totals that an event has recorded; false if it has not. */
static bool
read_metrics(const Jsonb *metrics, PeriodPoint *point)
{
	ReuseValue	value;

	reuse_value_of_jsonb(metrics, &value);
	return read_metric(&value, ASSET_IMPRESSIONS, &point->n) && read_metric(&value, ASSET_CLICKS, &point->x);
}

static bool
read_metric(const ReuseValue *metrics, AssetColumn column, double *number)
{
	ReuseValue	value;

	if (!reuse_value_get(metrics, app_column_name(APP_ASSETS, column), &value) ||
		value.type != JENTRY_ISNUMERIC)
		return false;
	*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(value.data)));
	return *number >= 0 && *number <= INSIGHT_MAX_COUNT;
}
