/*-------------------------------------------------------------------------
 *
 * table_elsewhere.h
 *	  A history table that the caller's setting does not name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TABLE_ELSEWHERE_H
#define ASSET_REUSE_TABLE_ELSEWHERE_H

/* The name that a history table has while it is dropped, before a number.  Then it has none of the assets' events. */
#define HISTORY_DROPPED_PREFIX	"asset_reuse_dropped_"

extern Oid	history_table_elsewhere(Oid assets);

#endif							/* ASSET_REUSE_TABLE_ELSEWHERE_H */
