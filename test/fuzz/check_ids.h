/*-------------------------------------------------------------------------
 *
 * check_ids.h
 *	  Checks of the ids of events.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_CHECK_IDS_H
#define ASSET_REUSE_FUZZ_CHECK_IDS_H

#include "naive.h"

extern void check_id_spellings(void);
extern void check_ids(const Case *c);

#endif							/* ASSET_REUSE_FUZZ_CHECK_IDS_H */
