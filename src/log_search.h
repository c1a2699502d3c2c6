/*-------------------------------------------------------------------------
 *
 * log_search.h
 *	  Searching a log for an event, and the marks of undone events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_LOG_SEARCH_H
#define ASSET_REUSE_LOG_SEARCH_H

#include "event_context.h"
#include "event_id.h"
#include "log_value.h"

/* Number of marks that are kept, the newest ones */
#define MAX_MARKS			100

extern bool log_search_key(const ReuseLog *log, const text *key, uint32 *number);
extern bool log_search_mark(const ReuseLog *marks, const EventId *id, const text *key, ReuseValue *mark);
extern Jsonb *log_put_marks(const JsonbContainer *document, uint32 size, const EventId *ids,
							const ReusePlace *places, uint32 count, Timestamp horizon);

#endif							/* ASSET_REUSE_LOG_SEARCH_H */
