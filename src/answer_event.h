/*-------------------------------------------------------------------------
 *
 * answer_event.h
 *	  The answer of functions that store or remove an event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ANSWER_EVENT_H
#define ASSET_REUSE_ANSWER_EVENT_H

#include "events_store.h"

extern Jsonb *answer_tracked(const TrackResult *result, const char *message, MemoryContext memory);

#endif							/* ASSET_REUSE_ANSWER_EVENT_H */
