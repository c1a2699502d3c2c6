/*-------------------------------------------------------------------------
 *
 * request_asset_type.c
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

#include "request_asset_type.h"

static Datum bind(const text *asset_type, const AppColumn *column);
static Oid	find_enum_value(Oid type, const char *label);
static char *list_enum_labels(Oid type);
static int	compare_enum_values(const void *a, const void *b);

/* asset_type_add adds the filter as the optional parameter $asset_type, in the column's own type. */
void
asset_type_add(PlanRequest *request, const text *asset_type, const AppColumn *column)
{
	plan_add_optional(request, "asset_type", type_is_enum(column->type) ? column->type : TEXTOID,
					  asset_type ? bind(asset_type, column) : (Datum) 0, asset_type == NULL);
}

/*
 * bind converts the filter for its column.
 *
 * Error 22023 if it is not a value of the enum, or is empty.
 */
static Datum
bind(const text *asset_type, const AppColumn *column)
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
				 errhint("Any non-empty value is accepted.")));
	return is_enum ? ObjectIdGetDatum(value) : PointerGetDatum(asset_type);
}

/* find_enum_value returns the OID of an enum value; InvalidOid if there is no such value. */
static Oid
find_enum_value(Oid type, const char *label)
{
	/* a longer text would be truncated to a name, and could then match */
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
