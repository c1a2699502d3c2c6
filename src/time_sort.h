/*-------------------------------------------------------------------------
 *
 * time_sort.h
 *	  Sorting by time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TIME_SORT_H
#define ASSET_REUSE_TIME_SORT_H

#include "datatype/timestamp.h"

extern void time_sort(void *elements, Size nelements, Size size);

#endif							/* ASSET_REUSE_TIME_SORT_H */
