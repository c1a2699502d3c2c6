/*-------------------------------------------------------------------------
 *
 * check_sort.h
 *	  A check of the sort by time, of the order that is worst for qsort.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_CHECK_SORT_H
#define ASSET_REUSE_FUZZ_CHECK_SORT_H

extern void check_sort(void);

#endif							/* ASSET_REUSE_FUZZ_CHECK_SORT_H */
