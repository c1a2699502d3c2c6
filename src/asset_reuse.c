/*-------------------------------------------------------------------------
 *
 * asset_reuse.c
 *	  The front door: module magic and _PG_init.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "settings.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* _PG_init prepares the library when it is loaded. */
void
_PG_init(void)
{
	settings_define();
}
