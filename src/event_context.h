/*-------------------------------------------------------------------------
 *
 * event_context.h
 *	  The context of an event: the caller's keys, and the place of reuse.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_EVENT_CONTEXT_H
#define ASSET_REUSE_EVENT_CONTEXT_H

#include "fmgr.h"

#include "log_value.h"

/* The type of place that makes an event name a campaign */
#define CAMPAIGN_TYPE		"campaign_space"

/* A longer key does not fit into an index beside others, and is none */
#define MAX_REUSE_KEY		255
/* The key of a context that has the caller's key */
#define REUSE_KEY_KEY		"reuse_key"

/* The key of a context that has the asset's metrics as they were */
#define METRICS_KEY			"at_reuse"

/* Where an asset is reused, and the caller's key of it; null for what is not known */
typedef struct ReusePlace
{
	text	   *type;
	text	   *id;
	text	   *name;
	text	   *key;
} ReusePlace;

/* event_text_is: is a text just these bytes? */
static inline bool
event_text_is(const text *value, const char *data, Size len)
{
	return VARSIZE_ANY_EXHDR(value) == len && memcmp(VARDATA_ANY(value), data, len) == 0;
}

/* event_same_text: are two texts the same, byte by byte? */
static inline bool
event_same_text(const text *a, const text *b)
{
	return event_text_is(a, VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));
}

/* event_same_optional: are two texts, of which null is none, the same? */
static inline bool
event_same_optional(const text *a, const text *b)
{
	return a == NULL || b == NULL ? a == b : event_same_text(a, b);
}

extern ReusePlace event_place_args(FunctionCallInfo fcinfo, int argno);
extern Jsonb *event_context_given(Jsonb *reuse_context);
extern const char *event_context_reserved(const ReuseValue *context, bool may_have_metrics);
extern const char *event_context_wrong_metric(const ReuseValue *context);
extern Jsonb *event_context_make(const Jsonb *others, const ReusePlace *place);
extern Jsonb *event_context_with_metrics(const Jsonb *context, const Jsonb *metrics);
extern Jsonb *event_context_others(const ReuseValue *context);
extern void event_context_place(const ReuseValue *context, bool uuid_campaigns, ReusePlace *place);
extern bool event_context_key(const ReuseValue *context, ReuseValue *key);
extern bool event_context_is_plain(const ReuseValue *context, const ReusePlace *place);
extern bool event_place_is(const ReusePlace *place, const ReusePlace *other);
extern bool event_is_in_campaign(const ReusePlace *place);
extern bool event_names_campaign(const ReusePlace *place);
extern bool event_id_is_uuid(const text *id);
extern text *event_id_spelled(text *id);
extern text *event_value_text(const ReuseValue *value);

#endif							/* ASSET_REUSE_EVENT_CONTEXT_H */
