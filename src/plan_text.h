/*-------------------------------------------------------------------------
 *
 * plan_text.h
 *	  The text of a statement, from a template.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_PLAN_TEXT_H
#define ASSET_REUSE_PLAN_TEXT_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "app_schema.h"

#define PLAN_MAX_PARAMS		32

/* The tables of a set of roles as bits */
#define TABLE_BIT(role)		(1 << (role))

/* A parameter of a statement, and its value in this call */
typedef struct PlanParam
{
	const char *name;			/* $name in the template */
	Oid			type;
	Datum		value;
	bool		isnull;
	bool		optional;		/* the text depends on whether it is given */
	bool		data;			/* no plan depends on it, and none has a copy of it */
} PlanParam;

typedef struct PlanText PlanText;

/*
 * A statement over the application's tables.  The key of its saved plan is the template,
 * the tables and columns, the calling function, and the set of optional parameters that
 * are given.
 */
typedef struct PlanRequest
{
	const char *sql;			/* the template, which must live forever */
	const AppTable *tables[APP_NROLES]; /* by role; null if unused */
	uint32		unread;			/* those that the text depends on, but does not read, as bits */
	Oid			caller;			/* our SQL function, if the text calls other functions of ours; or 0 */
	bool		read_only;		/* uses the snapshot of the calling query */
	int			plan_options;	/* PLAN_... */
	uint32		columns[APP_NROLES];	/* the columns in {columns:a}, as bits */
	void		(*put_piece) (PlanText *text, const struct PlanRequest *request,
							  const char *name);	/* for the template's own {name}; or null */
	int			nparams;
	PlanParam	params[PLAN_MAX_PARAMS];
} PlanRequest;

/* A statement under construction */
struct PlanText
{
	StringInfoData sql;
	List	   *functions;		/* names of our functions that it calls */
};

extern void plan_add_value(PlanRequest *request, const char *name, Oid type, Datum value);
extern void plan_add_nullable(PlanRequest *request, const char *name, Oid type, Datum value,
							  bool isnull);
extern void plan_add_optional(PlanRequest *request, const char *name, Oid type, Datum value,
							  bool isnull);
extern void plan_add_data(PlanRequest *request, const char *name, Oid type, Datum value, bool isnull);
extern void plan_expand(PlanText *text, const PlanRequest *request, const char *template);
extern bool plan_is_sharded(const PlanRequest *request);

extern void plan_append_table(PlanText *text, const AppTable *table);
extern void plan_append_function(PlanText *text, const PlanRequest *request, const char *name);
extern void plan_append_text(PlanText *text, const AppColumn *column, const char *expression);

#endif							/* ASSET_REUSE_PLAN_TEXT_H */
