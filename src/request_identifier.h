/*-------------------------------------------------------------------------
 *
 * request_identifier.h
 *	  Identifiers: given as text or uuid, bound in the column's own type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_REQUEST_IDENTIFIER_H
#define ASSET_REUSE_REQUEST_IDENTIFIER_H

#include "app_schema.h"
#include "plan_text.h"

/* An identifier as the caller gave it */
typedef struct Identifier
{
	Oid			type;			/* TEXTOID or UUIDOID; 0 for none given */
	Datum		value;
} Identifier;

extern Oid	identifier_param_type(const AppColumn *column);
extern Datum identifier_bind(Identifier id, const AppColumn *column);
extern text *identifier_text(Identifier id, const AppColumn *column);
extern Identifier identifier_read(Datum value, const AppColumn *column);
extern int	identifier_compare(Identifier a, Identifier b);
extern bool identifier_is_text_of_uuid(const AppColumn *column, const AppColumn *named);
extern void identifier_add_made_in(PlanRequest *request, Identifier campaign, const AppColumn *column,
								   const AppColumn *campaign_id);
extern Datum identifier_array(const Identifier *ids, int nids, const AppColumn *column);
extern void identifier_add(PlanRequest *request, const char *name, Identifier id,
						   const AppColumn *column);

#endif							/* ASSET_REUSE_REQUEST_IDENTIFIER_H */
