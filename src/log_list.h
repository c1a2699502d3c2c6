/*-------------------------------------------------------------------------
 *
 * log_list.h
 *	  The events of a log, ordered by time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_LOG_LIST_H
#define ASSET_REUSE_LOG_LIST_H

#include "fmgr.h"
#include "utils/array.h"

#include "log_value.h"

/* An event of a log, without its contents */
typedef struct LogEvent
{
	Timestamp	time;			/* first, for time_sort; DT_NOBEGIN: no usable one */
	uint32		number;			/* in stored order, from 0 */
	int32		seq;			/* among the asset's events of one time, from 0 */
} LogEvent;

/* The events of a log that are not copies of rows, oldest first */
typedef struct LogList
{
	const ReuseLog *log;
	uint32		count;
	LogEvent   *events;
} LogList;

/* A row of the history table */
typedef struct LogRow
{
	Timestamp	time;			/* first, for time_sort */
	int32		seq;
	const Jsonb *element;		/* the row as an element of a document */
} LogRow;

/* Rows of one asset, ordered by time */
typedef struct LogRows
{
	uint32		count;
	LogRow	   *rows;
} LogRows;

extern void log_list_make(const ReuseLog *log, const LogRows *rows, LogList *list);
extern void log_list_element(const LogList *list, uint32 i, ReuseValue *element);
extern Jsonb *log_list_restore(const JsonbContainer *document, uint32 size, const ReuseLog *log,
							   const LogRows *rows);

/* log_list_sql.c */
extern bool log_rows_args(FunctionCallInfo fcinfo, int argno, LogRows *rows);
extern void log_rows_read(ArrayType *times, ArrayType *seqs, ArrayType *elements, LogRows *rows);

#endif							/* ASSET_REUSE_LOG_LIST_H */
