/*-------------------------------------------------------------------------
 *
 * event_id.c
 *	  The id of an event: a text that callers pass back and never take apart.
 *
 * It consists of the event's time in microseconds and its number among the asset's events of
 * that time, as in "822911400123456-0", and so is the same wherever the event is stored.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "event_id.h"

PG_FUNCTION_INFO_V1(asset_reuse_event_id);

/* asset_reuse_event_id(reused_at, seq) returns the id of an event. */
Datum
asset_reuse_event_id(PG_FUNCTION_ARGS)
{
	EventId		id = {PG_GETARG_TIMESTAMP(0), PG_GETARG_INT32(1)};
	char		buf[EVENT_ID_BUFFER];

	PG_RETURN_TEXT_P(cstring_to_text_with_len(buf, event_id_write(id, buf)));
}

/* event_id_compare orders events as in a history, oldest first. */
int
event_id_compare(EventId a, EventId b)
{
	if (a.time != b.time)
		return a.time < b.time ? -1 : 1;
	return (a.seq > b.seq) - (a.seq < b.seq);
}

/* event_id_write writes an id, terminated by a NUL, and returns its length. */
int
event_id_write(EventId id, char *buf)
{
	return snprintf(buf, EVENT_ID_BUFFER, INT64_FORMAT "-%d", id.time, id.seq);
}

/* event_id_parse reads an id; false for a text that event_id_write does not write. */
bool
event_id_parse(const text *spelled, EventId *id)
{
	char		buf[EVENT_ID_BUFFER];
	char		again[EVENT_ID_BUFFER];
	size_t		len = VARSIZE_ANY_EXHDR(spelled);
	char	   *end;

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, VARDATA_ANY(spelled), len);
	buf[len] = '\0';
	id->time = strtoi64(buf, &end, 10);
	if (*end != '-')
		return false;
	id->seq = (int32) strtol(end + 1, NULL, 10);
	/* rejects a number that is out of range or spelled differently */
	event_id_write(*id, again);
	return strlen(buf) == len && strcmp(buf, again) == 0;
}
