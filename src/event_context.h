/*-------------------------------------------------------------------------
 *
 * event_context.h
 *	  The context of an event: the caller's, and the place of reuse.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENT_CONTEXT_H
#define ASSET_REUSE_EVENT_CONTEXT_H

#include "reuse_log.h"

/* The type of place that makes an event name a campaign */
#define CAMPAIGN_TYPE		"campaign_space"

/* Where an asset is reused; null for what is not known */
typedef struct ReusePlace
{
	text	   *type;
	text	   *id;
	text	   *name;
} ReusePlace;

extern Jsonb *event_context_given(Jsonb *reuse_context);
extern Jsonb *event_context_make(Jsonb *reuse_context, const ReusePlace *place);
extern text *event_context_campaign(const ReuseValue *context);
extern bool event_context_is_uuid(const text *id);

#endif							/* ASSET_REUSE_EVENT_CONTEXT_H */
