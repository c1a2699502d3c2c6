/*-------------------------------------------------------------------------
 *
 * rows_queries.h
 *	  The statements of the row functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ROWS_QUERIES_H
#define ASSET_REUSE_ROWS_QUERIES_H

#include "plan_text.h"

extern const char row_events[];
extern const char row_timeline[];
extern const char row_trend[];
extern const char row_where_used[];
extern const char row_places[];
extern const char row_unused[];
extern const char row_members[];
extern const char row_verify[];
extern const char row_snapshots[];
extern const char row_performance[];

extern void rows_put_piece(PlanText *text, const PlanRequest *request, const char *name);
extern void rows_put_place_id(PlanText *text, const PlanRequest *request, const AppColumn *column,
							  const char *named);

#endif							/* ASSET_REUSE_ROWS_QUERIES_H */
