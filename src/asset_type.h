/*-------------------------------------------------------------------------
 *
 * asset_type.h
 *	  The filter on asset_type: given as text, bound in the column's own type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ASSET_TYPE_H
#define ASSET_REUSE_ASSET_TYPE_H

#include "app_schema.h"
#include "plan_cache.h"

extern Oid	asset_type_param_type(const AppColumn *column);
extern void asset_type_append_filter(PlanText *text, const char *alias,
									 const AppColumn *column, int param);
extern Datum asset_type_bind(text *asset_type, const AppColumn *column);

#endif							/* ASSET_REUSE_ASSET_TYPE_H */
