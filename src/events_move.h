/*-------------------------------------------------------------------------
 *
 * events_move.h
 *	  Moving a log from its document to the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENTS_MOVE_H
#define ASSET_REUSE_EVENTS_MOVE_H

#include "utils/array.h"

#include "app_row.h"
#include "event_id.h"
#include "event_row.h"

/* The tables, and what statements over them need to know */
typedef struct EventTables
{
	const AppTable *assets;
	const AppTable *history;
	AppTable   *unbound;		/* for the history table, if it is created meanwhile */
	bool		uuid_campaigns;
	bool		records_metrics;	/* rows are read with their metrics */
	Oid			caller;			/* our SQL function */
} EventTables;

/* The columns of an asset that these functions need; its row must be locked before they are read */
#define MOVE_COLUMNS \
	(COLUMN_BIT(ASSET_ID) | COLUMN_BIT(ASSET_TENANT_ID) | COLUMN_BIT(ASSET_PLATFORM_METADATA))

/* The columns of the rows that one statement stores, as arrays */
typedef enum RowArray
{
	ARRAY_REUSED_AT,
	ARRAY_SEQ,
	ARRAY_TYPE,
	ARRAY_ID,
	ARRAY_NAME,
	ARRAY_KEY,
	ARRAY_CONTEXT,
	ARRAY_ORIGINAL,
	ARRAY_COUNT
} RowArray;

/* Rows of an asset that one statement stores; all zeros: none yet */
typedef struct RowBatch
{
	uint64		count;
	ArrayBuildState *arrays[ARRAY_COUNT];
} RowBatch;

/* Maximum number of rows in a statement, which bounds its memory */
#define MAX_BATCH_ROWS		10000

extern void events_move_add(RowBatch *batch, const EventTables *tables, const EventRow *row);
extern void events_move_store_batch(const EventTables *tables, const AppRow *asset, const RowBatch *batch);
extern int64 events_move(const EventTables *tables, const AppRow *asset);
extern EventId events_move_store(const EventTables *tables, const AppRow *asset, const EventRow *event);

#endif							/* ASSET_REUSE_EVENTS_MOVE_H */
