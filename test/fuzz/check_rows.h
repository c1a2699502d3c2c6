/*-------------------------------------------------------------------------
 *
 * check_rows.h
 *	  Checks of the events on their way to the history table and back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_CHECK_ROWS_H
#define ASSET_REUSE_FUZZ_CHECK_ROWS_H

#include "naive.h"

extern void check_movable(const Case *c);
extern void check_remove(const Case *c);
extern void check_restore(const Case *c);

#endif							/* ASSET_REUSE_FUZZ_CHECK_ROWS_H */
