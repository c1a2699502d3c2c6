/*-------------------------------------------------------------------------
 *
 * log_value.h
 *	  The reuse_history of a platform_metadata document as a data structure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_LOG_VALUE_H
#define ASSET_REUSE_LOG_VALUE_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "jsonb_writer.h"

/* The keys of our own events */
#define REUSE_CONTEXT_KEY		"context"
#define REUSE_TIME_KEY			"timestamp"

/* Upper bound of an event's size without its context: entries, keys, padding */
#define REUSE_EVENT_OVERHEAD	128

/* A time more than a day ahead of the clock does not count as an asset's latest */
#define REUSE_HORIZON			USECS_PER_DAY

/*
 * An array of events in a document, in stored order: the log, or the marks of undone events
 */
typedef struct ReuseLog
{
	const JsonbKey *key;		/* of the document */
	bool		present;		/* the document has the key */
	const JsonbContainer *array;	/* null: the document has no such array */
	uint32		size;			/* the array's, in bytes */
	uint32		count;			/* events in it */
	uint32		pair;			/* its pair in the document, or where that would be */
} ReuseLog;

typedef enum ReuseLogStatus
{
	REUSE_LOG_OK,				/* a log, or none yet */
	REUSE_LOG_NO_OBJECT,		/* the document is a scalar or an array */
	REUSE_LOG_NO_ARRAY			/* reuse_history is not an array */
} ReuseLogStatus;

/* Any value inside a document */
typedef struct ReuseValue
{
	uint32		type;			/* JENTRY_IS... */
	const char *data;			/* without the padding before it */
	uint32		len;
} ReuseValue;

/* Events with start <= time < end */
typedef struct ReuseRange
{
	Timestamp	start;
	Timestamp	end;
} ReuseRange;

/* A walk over a log in stored order */
typedef struct ReuseLogWalk
{
	const ReuseLog *log;
	const char *data;			/* where the elements' data begins */
	uint32		next;			/* number of the next event */
	uint32		offset;			/* where its data begins */
} ReuseLogWalk;

extern ReuseLogStatus log_find(const JsonbContainer *document, ReuseLog *log);
extern void log_find_marks(const JsonbContainer *document, ReuseLog *marks);
extern void log_require(ReuseLogStatus status);

extern void log_get(const ReuseLog *log, uint32 number, ReuseValue *event);
extern bool log_last_time(const ReuseLog *log, Timestamp *time);
extern bool log_latest_time(const ReuseLog *log, Timestamp horizon, Timestamp *time);
extern Timestamp reuse_horizon(Timestamp clock);
extern Timestamp reuse_next_time(Timestamp clock, Timestamp horizon, Timestamp latest,
								 Timestamp last_reused_at, bool rounds);
extern bool reuse_time_is_rounded(Timestamp rounded, Timestamp time);
extern int64 log_count_range(const ReuseLog *log, ReuseRange range);
extern Jsonb *log_append(const JsonbContainer *document, uint32 size,
						 const ReuseLog *log, Timestamp time,
						 const JsonbContainer *context, uint32 context_size);
extern Jsonb *log_splice(const JsonbContainer *document, uint32 size, const ReuseLog *log,
						 const bool *removed, const ReuseValue *added, uint32 nadded);

/* For rooms that write documents: a copy with another log */
extern void log_begin_document(JsonbWriter *w, const JsonbContainer *document,
							   uint32 size, const ReuseLog *log, Size more);
extern void log_put_event(JsonbWriter *w, Timestamp time, const ReuseValue *context);
extern Jsonb *log_end_document(JsonbWriter *w, const JsonbContainer *document,
							   const ReuseLog *log);

extern void log_walk(ReuseLogWalk *walk, const ReuseLog *log);
extern bool log_next(ReuseLogWalk *walk, ReuseValue *event);
extern bool reuse_event_time(const ReuseValue *event, Timestamp *time);
extern bool reuse_event_context(const ReuseValue *event, ReuseValue *context);

extern bool reuse_value_is_object(const ReuseValue *value);
extern uint32 reuse_value_count(const ReuseValue *object);
extern void reuse_value_pair(const ReuseValue *object, uint32 pair, ReuseValue *key,
							 ReuseValue *value);
extern bool reuse_value_get(const ReuseValue *object, const char *key, ReuseValue *value);
extern Jsonb *reuse_value_to_jsonb(const ReuseValue *value);
extern void reuse_value_of_jsonb(const Jsonb *jsonb, ReuseValue *value);
extern bool reuse_jsonb_equal(const Jsonb *a, const Jsonb *b);

#endif							/* ASSET_REUSE_LOG_VALUE_H */
