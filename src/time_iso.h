/*-------------------------------------------------------------------------
 *
 * time_iso.h
 *	  ISO 8601 times in UTC, independent of every setting of the session.
 *
 * A Timestamp here is microseconds since 2000-01-01 in UTC, the representation
 * that timestamp (taken as UTC) and timestamptz share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TIME_ISO_H
#define ASSET_REUSE_TIME_ISO_H

#include "datatype/timestamp.h"

/* "2026-01-22T10:30:00.123456", the form in which events are stored */
#define ISO_EVENT_TIME_LEN	26

/* Size of a buffer for any time that iso_time_answer writes */
#define ISO_TIME_BUFFER		40

extern bool iso_time_parse(const char *str, int len, Timestamp *time);
extern bool iso_time_event(Timestamp time, char *buf);
extern int	iso_time_answer(Timestamp time, char *buf);

#endif							/* ASSET_REUSE_TIME_ISO_H */
