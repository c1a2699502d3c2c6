/*-------------------------------------------------------------------------
 *
 * log_value_sql.c
 *	  SQL functions of the reuse log, which the UPDATE of asset_reuse_track calls on the row's
 *	  own columns.
 *
 * They are immutable and get the clock as an argument, so that READ COMMITTED can evaluate them
 * again on the row version that another call has left, and both evaluations yield the same
 * time.  A timestamp is taken as UTC, which gives it the representation of timestamptz, so one
 * C function serves both types.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "request.h"
#include "time_iso.h"

PG_FUNCTION_INFO_V1(asset_reuse_log_next_time);
PG_FUNCTION_INFO_V1(asset_reuse_log_append);

static Timestamp next_time(FunctionCallInfo fcinfo, int rounds_arg, const Jsonb *document,
						   const ReuseLog *log);

/*
 * asset_reuse_log_next_time(platform_metadata, last_reused_at, clock, rounds) returns the time
 * of the asset's next event: the clock, or one microsecond after the latest time known of the
 * asset if the clock is not past it.
 */
Datum
asset_reuse_log_next_time(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	Jsonb	   *document = request_document(fcinfo, 0, &log);

	PG_RETURN_TIMESTAMP(next_time(fcinfo, 3, document, &log));
}

/*
 * asset_reuse_log_append(platform_metadata, last_reused_at, clock, context, rounds)
 * returns the document with an event of that context at that next time.
 */
Datum
asset_reuse_log_append(PG_FUNCTION_ARGS)
{
	ReuseLog	log;
	Jsonb	   *document = request_document(fcinfo, 0, &log);
	Timestamp	time = next_time(fcinfo, 4, document, &log);
	Jsonb	   *context;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("context must not be null")));
	context = PG_GETARG_JSONB_P(3);
	if (!JB_ROOT_IS_OBJECT(context))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("context must be a JSON object")));

	PG_RETURN_JSONB_P(log_append(document ? &document->root : NULL,
								 document ? VARSIZE(document) - VARHDRSZ : 0,
								 &log, time,
								 &context->root, VARSIZE(context) - VARHDRSZ));
}

/*
 * next_time chooses the next event's time from arguments 1 and 2, whether the column rounds, the
 * log, and the marks of undone events, whose times are not reused.
 */
static Timestamp
next_time(FunctionCallInfo fcinfo, int rounds_arg, const Jsonb *document, const ReuseLog *log)
{
	ReuseLog	marks;
	Timestamp	latest = DT_NOBEGIN;
	Timestamp	undone;
	Timestamp	clock;
	Timestamp	horizon;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("clock must not be null")));
	clock = PG_GETARG_TIMESTAMP(2);
	horizon = reuse_horizon(clock);
	(void) log_latest_time(log, horizon, &latest);
	log_find_marks(document ? &document->root : NULL, &marks);
	if (log_latest_time(&marks, horizon, &undone))
		latest = Max(latest, undone);
	return reuse_next_time(clock, horizon, latest, PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMP(1),
						   !PG_ARGISNULL(rounds_arg) && PG_GETARG_BOOL(rounds_arg));
}

/*
 * reuse_horizon returns the latest time that counts as an asset's latest.
 *
 * Only other software can have written times more than a day ahead of the clock.  They are
 * disregarded, because one absurd event would otherwise distort the times of all later ones.
 */
Timestamp
reuse_horizon(Timestamp clock)
{
	return TIMESTAMP_NOT_FINITE(clock) ? clock : clock + REUSE_HORIZON;
}

/*
 * reuse_next_time returns the time of an asset's next event, given its latest event up to the
 * horizon and its last_reused_at.
 *
 * A last_reused_at that was rounded by its column can be later than its event.  All events are
 * checked, and not only that time, because other software may have written events without
 * updating it.
 */
Timestamp
reuse_next_time(Timestamp clock, Timestamp horizon, Timestamp latest, Timestamp last_reused_at,
				bool rounds)
{
	Timestamp	time;
	char		stamp[ISO_EVENT_TIME_LEN];

	if (last_reused_at > latest && last_reused_at <= horizon &&
		!(rounds && reuse_time_is_rounded(last_reused_at, latest)))
		latest = last_reused_at;
	time = Max(clock, latest + 1);
	if (!iso_time_event(time, stamp))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range"),
				 errdetail("An event's time must be in the years 1 to 9999.")));
	return time;
}

/*
 * reuse_time_is_rounded: is the first time the second one rounded to a lower precision, such as
 * timestamp(3)?  If rounded up, it is later than any event.
 */
bool
reuse_time_is_rounded(Timestamp rounded, Timestamp time)
{
	int64		unit;

	if (TIMESTAMP_NOT_FINITE(time) || rounded - time > USECS_PER_SEC)
		return false;
	for (unit = 10; unit <= USECS_PER_SEC; unit *= 10)
	{
		int64		half = time >= 0 ? unit / 2 : -unit / 2;

		if ((time + half) / unit * unit == rounded)
			return true;
	}
	return false;
}
