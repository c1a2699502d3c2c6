/*-------------------------------------------------------------------------
 *
 * request_identifier.c
 *	  Identifiers: given as text or uuid, bound in the column's own type.
 *
 * Converted values are in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "event_context.h"
#include "request_identifier.h"

PG_FUNCTION_INFO_V1(asset_reuse_uuid_of);

/*
 * asset_reuse_uuid_of(id, column_name) returns an identifier of a column as a uuid.
 *
 * Error 22P02 if it is not a uuid; the error of a cast would show the value.  Without a column name,
 * the result is null instead.
 */
Datum
asset_reuse_uuid_of(PG_FUNCTION_ARGS)
{
	text	   *id;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	id = PG_GETARG_TEXT_PP(0);
	if (event_id_is_uuid(id))
		PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(text_to_cstring(id))));
	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("column \"%s\" has a value that is not a uuid",
					text_to_cstring(PG_GETARG_TEXT_PP(1))),
			 errhint("Call the function with identifiers of type text.")));
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
 * Error 22P02, from the type itself, if the column is a uuid and the identifier is not.
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

/* identifier_text returns an identifier as its column's type spells it. */
text *
identifier_text(Identifier id, const AppColumn *column)
{
	Datum		value = identifier_bind(id, column);

	if (column->type == UUIDOID)
		return cstring_to_text(DatumGetCString(DirectFunctionCall1(uuid_out, value)));
	if (column->type == BPCHAROID)
		return DatumGetTextPP(DirectFunctionCall1(rtrim1, value));
	return DatumGetTextPP(value);
}

/* identifier_read returns what a row has in a column as if a caller had given it. */
Identifier
identifier_read(Datum value, const AppColumn *column)
{
	if (column->type == UUIDOID)
		return (Identifier) {UUIDOID, value};
	if (column->type == BPCHAROID)
		value = DirectFunctionCall1(rtrim1, value);
	return (Identifier) {TEXTOID, value};
}

/* identifier_compare compares two identifiers of one type, byte by byte. */
int
identifier_compare(Identifier a, Identifier b)
{
	const char *x = DatumGetPointer(a.value);
	const char *y = DatumGetPointer(b.value);
	Size		xlen = a.type == UUIDOID ? UUID_LEN : VARSIZE_ANY_EXHDR(x);
	Size		ylen = a.type == UUIDOID ? UUID_LEN : VARSIZE_ANY_EXHDR(y);
	int			order = memcmp(a.type == UUIDOID ? x : VARDATA_ANY(x),
							   a.type == UUIDOID ? y : VARDATA_ANY(y), Min(xlen, ylen));

	Assert(a.type == b.type);
	return order != 0 ? order : (xlen > ylen) - (xlen < ylen);
}

/* identifier_add adds a parameter for an identifier, which may be missing if it is optional. */
void
identifier_add(PlanRequest *request, const char *name, Identifier id, const AppColumn *column)
{
	bool		given = OidIsValid(id.type);

	plan_add_optional(request, name, identifier_param_type(column),
					  given ? identifier_bind(id, column) : (Datum) 0, !given);
}

/* identifier_is_text_of_uuid: does a column name uuids of another one as texts, in whatever spelling? */
bool
identifier_is_text_of_uuid(const AppColumn *column, const AppColumn *named)
{
	return column->present && column->type != UUIDOID && named->type == UUIDOID;
}

/*
 * identifier_add_made_in adds a campaign as assets name the one they were made in, for {made there}.  It
 * is missing if they do not name any, or cannot name this one, since theirs are uuids and it is none.
 */
void
identifier_add_made_in(PlanRequest *request, Identifier campaign, const AppColumn *column,
					   const AppColumn *campaign_id)
{
	bool		nameable = OidIsValid(campaign.type) && column->present &&
		(column->type != UUIDOID || campaign.type == UUIDOID || event_id_is_uuid(DatumGetTextPP(campaign.value)));

	bool		by_uuid = nameable && identifier_is_text_of_uuid(column, campaign_id);

	identifier_add(request, "made_in", nameable ? campaign : (Identifier) {0}, column);
	plan_add_optional(request, "made_in_uuid", UUIDOID,
					  by_uuid ? identifier_bind(campaign, campaign_id) : (Datum) 0, !by_uuid);
}

/* identifier_array makes an array of identifiers of one type for a column. */
Datum
identifier_array(const Identifier *ids, int nids, const AppColumn *column)
{
	Oid			type = identifier_param_type(column);
	Datum	   *values = palloc(nids * sizeof(Datum));
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			i;

	for (i = 0; i < nids; i++)
		values[i] = identifier_bind(ids[i], column);
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_array(values, nids, type, typlen, typbyval, typalign));
}
