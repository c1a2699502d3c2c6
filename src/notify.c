/*-------------------------------------------------------------------------
 *
 * notify.c
 *	  asset_reuse_notify: a trigger function that wakes listeners.
 *
 * Every role may listen, so the notification says only that something was written.
 * Transactions that notify commit one after another, in all databases of a server, so a session
 * notifies at most once a second.  A listener reads again a second after it was woken, and so
 * sees what was stored in that second.
 *
 * The trigger only sets a flag.  The callback before the commit decides, when nothing can be
 * rolled back separately any more.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/async.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(asset_reuse_notify);

#define QUIET_MS			1000.0

/* The fraction of the queue at which PostgreSQL starts to warn; at 1 a commit fails. */
#define MAX_QUEUE_USAGE		0.5

/* This transaction has written; it is sending a notification, begun at that time. */
static bool written = false;
static bool notifying = false;
static instr_time notifying_since;

/* When this session last notified; zero: never */
static instr_time last_notified;

static void check_trigger(FunctionCallInfo fcinfo);
static void at_transaction_event(XactEvent event, void *arg);
static void notify_if_due(void);

/* asset_reuse_notify marks the transaction as one that notifies. */
Datum
asset_reuse_notify(PG_FUNCTION_ARGS)
{
	static bool registered = false;

	check_trigger(fcinfo);
	if (!registered)
	{
		RegisterXactCallback(at_transaction_event, NULL);
		registered = true;
	}
	written = true;
	return PointerGetDatum(NULL);
}

/* check_trigger refuses calls other than by an AFTER trigger for each statement. */
static void
check_trigger(FunctionCallInfo fcinfo)
{
	TriggerData *trigger;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", "asset_reuse_notify")));

	trigger = (TriggerData *) fcinfo->context;
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired AFTER STATEMENT", "asset_reuse_notify")));
}

/*
 * at_transaction_event notifies before a commit.
 *
 * A notification counts as sent only after the commit: one that fails must not suppress the next
 * one.  A transaction that is prepared does not notify, because PostgreSQL would refuse it.
 */
static void
at_transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (written)
				notify_if_due();
			break;
		case XACT_EVENT_COMMIT:
			if (notifying)
				last_notified = notifying_since;
			written = notifying = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			written = notifying = false;
			break;
		default:
			break;
	}
}

/*
 * notify_if_due notifies, unless this session did so less than a second ago, or the queue is
 * filling up and a notification would soon make the write fail.
 *
 * The second is counted from before the commit.  A listener wakes after the commit, so when it reads
 * again, a later commit in that second has had as much time to become visible as the first one took.
 *
 * Transactions that notified before us may be waiting for a standby.  Our commit then waits, too, and
 * lock_timeout must not make it fail.  The setting is restored at the end of the transaction.
 */
static void
notify_if_due(void)
{
	instr_time	elapsed;

	INSTR_TIME_SET_CURRENT(notifying_since);
	elapsed = notifying_since;
	INSTR_TIME_SUBTRACT(elapsed, last_notified);
	if (!INSTR_TIME_IS_ZERO(last_notified) && INSTR_TIME_GET_MILLISEC(elapsed) < QUIET_MS)
		return;
	if (DatumGetFloat8(OidFunctionCall0(F_PG_NOTIFICATION_QUEUE_USAGE)) >= MAX_QUEUE_USAGE)
		return;
	(void) set_config_option("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	Async_Notify("asset_reuse", NULL);
	notifying = true;
}
