/*-------------------------------------------------------------------------
 *
 * asset_type.c
 *	  The filter on asset_type: given as text, bound in the column's own type.
 *
 * Converted values are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "asset_type.h"

static Oid	find_enum_value(Oid type, const char *label);
static char *list_enum_labels(Oid type);
static int	compare_enum_values(const void *a, const void *b);

/* asset_type_param_type returns the type in which the filter is bound. */
Oid
asset_type_param_type(const AppColumn *column)
{
	return type_is_enum(column->type) ? column->type : TEXTOID;
}

/*
 * asset_type_append_filter appends " AND alias.asset_type = $n".
 *
 * An enum's operators do not take a domain over it.  A string that is not PostgreSQL's own
 * has operators of its owner's, and is compared as text.
 */
void
asset_type_append_filter(PlanText *text, const char *alias, const AppColumn *column, int param)
{
	if (column->is_domain && type_is_enum(column->type))
		appendStringInfo(&text->sql, " AND CAST(%s.asset_type AS %s) OPERATOR(pg_catalog.=) $%d",
						 alias, format_type_be_qualified(column->type), param);
	else if (!type_is_enum(column->type) && !app_type_is_own_string(column->type))
	{
		appendStringInfoString(&text->sql, " AND (");
		plan_append_text(text, column, psprintf("%s.asset_type", alias));
		appendStringInfo(&text->sql, ") OPERATOR(pg_catalog.=) $%d", param);
	}
	else
		appendStringInfo(&text->sql, " AND %s.asset_type OPERATOR(pg_catalog.=) $%d",
						 alias, param);
}

/*
 * asset_type_bind converts the filter for its column.
 *
 * Error 22023 if an enum has no such value, or if it is empty.
 */
Datum
asset_type_bind(text *asset_type, const AppColumn *column)
{
	char	   *label = text_to_cstring(asset_type);
	bool		is_enum = type_is_enum(column->type);
	Oid			value = is_enum ? find_enum_value(column->type, label) : InvalidOid;

	if (is_enum ? !OidIsValid(value) : label[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid asset type: \"%s\"", label),
				 is_enum ? errhint("The known asset types are: %s.",
								   list_enum_labels(column->type)) :
				 errhint("Any asset type that is not empty is known.")));
	return is_enum ? ObjectIdGetDatum(value) : PointerGetDatum(asset_type);
}

/* find_enum_value returns the oid of an enum's value; InvalidOid if it has none such. */
static Oid
find_enum_value(Oid type, const char *label)
{
	/* a longer one would be cut to a name's length, and could then be found */
	if (strlen(label) >= NAMEDATALEN)
		return InvalidOid;
	return GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid,
						   ObjectIdGetDatum(type), CStringGetDatum(label));
}

/* list_enum_labels lists an enum's values, in the enum's order. */
static char *
list_enum_labels(Oid type)
{
	CatCList   *members = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(type));
	Form_pg_enum *values = palloc(members->n_members * sizeof(Form_pg_enum));
	StringInfoData list;
	int			i;

	for (i = 0; i < members->n_members; i++)
		values[i] = (Form_pg_enum) GETSTRUCT(&members->members[i]->tuple);
	qsort(values, members->n_members, sizeof(Form_pg_enum), compare_enum_values);

	initStringInfo(&list);
	for (i = 0; i < members->n_members; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", NameStr(values[i]->enumlabel));
	ReleaseCatCacheList(members);
	return list.data;
}

static int
compare_enum_values(const void *a, const void *b)
{
	float4		x = (*(const Form_pg_enum *) a)->enumsortorder;
	float4		y = (*(const Form_pg_enum *) b)->enumsortorder;

	CHECK_FOR_INTERRUPTS();
	return x < y ? -1 : x > y;
}
