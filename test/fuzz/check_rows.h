/*-------------------------------------------------------------------------
 *
 * check_rows.h
 *	  Checks of an event as a row of the history table, and of its context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_CHECK_ROWS_H
#define ASSET_REUSE_FUZZ_CHECK_ROWS_H

#include "naive.h"

extern void check_rows(const Case *c);
extern void check_contexts(const Case *c);

#endif							/* ASSET_REUSE_FUZZ_CHECK_ROWS_H */
