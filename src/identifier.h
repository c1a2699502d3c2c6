/*-------------------------------------------------------------------------
 *
 * identifier.h
 *	  Identifiers: given as text or uuid, bound in the column's own type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_IDENTIFIER_H
#define ASSET_REUSE_IDENTIFIER_H

#include "app_schema.h"
#include "plan_cache.h"

/* An identifier as the caller gave it */
typedef struct Identifier
{
	Oid			type;			/* TEXTOID or UUIDOID; 0 for none given */
	Datum		value;
} Identifier;

extern Oid	identifier_param_type(const AppColumn *column);
extern Datum identifier_bind(Identifier id, const AppColumn *column);
extern void identifier_append_value(PlanText *text, const char *expression,
									const AppColumn *column);
extern void identifier_append_match(PlanText *text, const char *alias, const AppTable *table,
									int column);
extern void identifier_append_collation(PlanText *text, const AppColumn *column);
extern int	identifier_add_params(PlanText *text, const AppTable *table);
extern void identifier_append_live_match(PlanText *text, const char *alias,
										 const AppTable *table, int id_param);

#endif							/* ASSET_REUSE_IDENTIFIER_H */
