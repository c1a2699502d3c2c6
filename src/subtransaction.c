/*-------------------------------------------------------------------------
 *
 * subtransaction.c
 *	  Work whose errors, or whose effects, end with it.
 *
 * It is done as PL/pgSQL does it in a block with EXCEPTION.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "subtransaction.h"

/*
 * subtransaction_run calls a function in a subtransaction, and returns its error, in the current memory
 * context; null on success.  After an error, or unless it is to be kept, everything that the function has
 * done is undone, and the locks that it has taken are released.
 */
ErrorData *
subtransaction_run(void (*work) (void *arg), void *arg, bool keep)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		work(arg);
		if (keep)
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	if (error != NULL || !keep)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
	return error;
}
