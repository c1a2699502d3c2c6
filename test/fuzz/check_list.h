/*-------------------------------------------------------------------------
 *
 * check_list.h
 *	  Checks of the events of a document beside those of the history table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_CHECK_LIST_H
#define ASSET_REUSE_FUZZ_CHECK_LIST_H

#include "naive.h"

extern void check_list(const Case *c);
extern void check_move(const Case *c);

#endif							/* ASSET_REUSE_FUZZ_CHECK_LIST_H */
