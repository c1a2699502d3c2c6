/*-------------------------------------------------------------------------
 *
 * request_asset_type.h
 *	  The filter on asset_type: given as text, bound in the column's own type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_REQUEST_ASSET_TYPE_H
#define ASSET_REUSE_REQUEST_ASSET_TYPE_H

#include "app_schema.h"
#include "plan_text.h"

extern void asset_type_add(PlanRequest *request, const text *asset_type, const AppColumn *column);

#endif							/* ASSET_REUSE_REQUEST_ASSET_TYPE_H */
