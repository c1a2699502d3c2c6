/*-------------------------------------------------------------------------
 *
 * identifier.c
 *	  Identifiers: given as text or uuid, bound in the column's own type.
 *
 * Converted values are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "event_context.h"
#include "identifier.h"

PG_FUNCTION_INFO_V1(asset_reuse_uuid_of);

/*
 * asset_reuse_uuid_of(id, column_name) returns an identifier of a column as a uuid.
 *
 * Error 22P02 if it is none; a cast's error would show the value.
 */
Datum
asset_reuse_uuid_of(PG_FUNCTION_ARGS)
{
	text	   *id = PG_GETARG_TEXT_PP(0);

	if (!event_context_is_uuid(id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("column \"%s\" has a value that is not a uuid",
						text_to_cstring(PG_GETARG_TEXT_PP(1))),
				 errhint("Call the function with identifiers of type text.")));
	PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(text_to_cstring(id))));
}

/*
 * identifier_param_type returns the type in which a column's identifier is
 * bound: the column's own, so that its index is used.
 */
Oid
identifier_param_type(const AppColumn *column)
{
	switch (column->type)
	{
		case UUIDOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return column->type;
		default:
			return TEXTOID;
	}
}

/*
 * identifier_bind converts an identifier for a column.
 *
 * Error 22P02, from the type itself, if the column is a uuid and this is none.
 */
Datum
identifier_bind(Identifier id, const AppColumn *column)
{
	if (column->type == UUIDOID && id.type == TEXTOID)
		return DirectFunctionCall1(uuid_in, CStringGetDatum(TextDatumGetCString(id.value)));
	if (column->type != UUIDOID && id.type == UUIDOID)
		return CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(uuid_out, id.value)));
	return id.value;
}

/*
 * identifier_append_value appends a column's identifier in the type in which one is bound for
 * it: a name is a text then.
 */
void
identifier_append_value(PlanText *text, const char *expression, const AppColumn *column)
{
	appendStringInfo(&text->sql, column->type == NAMEOID ? "CAST(%s AS pg_catalog.text)" : "%s",
					 expression);
}

/*
 * identifier_append_match appends "alias.column = $n" with a new parameter, of
 * the column's type.
 */
void
identifier_append_match(PlanText *text, const char *alias, const AppTable *table, int column)
{
	appendStringInfo(&text->sql, "%s.%s OPERATOR(pg_catalog.=) $%d", alias,
					 app_column_name(table->role, column),
					 plan_add_param(text, identifier_param_type(&table->columns[column])));
}

/*
 * identifier_append_collation appends " COLLATE ..." where the column has a collation,
 * so that an expression sorts as the column itself does.
 */
void
identifier_append_collation(PlanText *text, const AppColumn *column)
{
	HeapTuple	tuple;
	Form_pg_collation form;

	if (!OidIsValid(column->collation))
		return;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", column->collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	appendStringInfo(&text->sql, " COLLATE %s",
					 quote_qualified_identifier(get_namespace_name(form->collnamespace),
												NameStr(form->collname)));
	ReleaseSysCache(tuple);
}

/*
 * identifier_add_params adds parameters for a row's id and its tenant, and returns
 * the first one's number.
 */
int
identifier_add_params(PlanText *text, const AppTable *table)
{
	bool		asset = table->role == APP_ASSETS;
	const AppColumn *id = &table->columns[asset ? (int) ASSET_ID : (int) SPACE_ID];
	const AppColumn *tenant_id = &table->columns[asset ? (int) ASSET_TENANT_ID :
												 (int) SPACE_TENANT_ID];
	int			id_param = plan_add_param(text, identifier_param_type(id));

	plan_add_param(text, identifier_param_type(tenant_id));
	return id_param;
}

/*
 * identifier_append_live_match appends the condition on a row that is asked for by
 * its id: "id = $n AND tenant_id = $n+1 AND deleted_at IS NULL", the last where there
 * is such a column.
 */
void
identifier_append_live_match(PlanText *text, const char *alias, const AppTable *table,
							 int id_param)
{
	int			deleted_at = table->role == APP_ASSETS ? (int) ASSET_DELETED_AT :
		(int) SPACE_DELETED_AT;

	appendStringInfo(&text->sql, "%s.id OPERATOR(pg_catalog.=) $%d"
					 " AND %s.tenant_id OPERATOR(pg_catalog.=) $%d",
					 alias, id_param, alias, id_param + 1);
	if (table->columns[deleted_at].present)
		appendStringInfo(&text->sql, " AND %s.deleted_at IS NULL", alias);
}
