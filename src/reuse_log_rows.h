/*-------------------------------------------------------------------------
 *
 * reuse_log_rows.h
 *	  Events on their way between a document and the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_REUSE_LOG_ROWS_H
#define ASSET_REUSE_REUSE_LOG_ROWS_H

#include "reuse_log.h"

/* An event as the table has it */
typedef struct ReuseRow
{
	Timestamp	time;			/* first, for time_sort */
	uint32		number;			/* in stored order, from 0, if it comes from a log */
	bool		has_context;
	ReuseValue	context;		/* if has_context */
} ReuseRow;

extern uint32 reuse_log_count_movable(const ReuseLog *log);
extern uint32 reuse_log_movable(const ReuseLog *log, ReuseRow **rows);
extern Jsonb *reuse_log_remove(const JsonbContainer *document, uint32 size,
							   const ReuseLog *log, const Timestamp *times, uint32 ntimes);
extern Jsonb *reuse_log_restore(const JsonbContainer *document, uint32 size,
								const ReuseLog *log, const ReuseRow *rows, uint32 nrows);

#endif							/* ASSET_REUSE_REUSE_LOG_ROWS_H */
