/*-------------------------------------------------------------------------
 *
 * request.c
 *	  Checking the arguments of the public functions.
 *
 * Errors name the argument: 22004 for a null, 22023 for a value out of bounds.  Results live in
 * the function's memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "event_context.h"
#include "request.h"
#include "time_iso.h"

static char *spell_time(TimestampTz time);
static void require_value(FunctionCallInfo fcinfo, int argno, const char *name);

/*
 * request_id_type returns the type of the identifiers, text or uuid, given one of the arguments: one
 * C function serves the SQL functions for both.
 *
 * That is the declared type.  The type of the expression in the call can be another one, such as a domain of somebody's
 * aggregate, which passes its state to functions as it is.
 */
Oid
request_id_type(FunctionCallInfo fcinfo, int argno)
{
	HeapTuple	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid			type;

	if (!HeapTupleIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("the extension was dropped while one of its functions ran")));
	type = ((Form_pg_proc) GETSTRUCT(function))->proargtypes.values[argno];
	ReleaseSysCache(function);
	return type == UUIDOID ? UUIDOID : TEXTOID;
}

/* request_identifier returns a required identifier of the given type. */
Identifier
request_identifier(FunctionCallInfo fcinfo, int argno, const char *name, Oid type)
{
	require_value(fcinfo, argno, name);
	return request_optional_identifier(fcinfo, argno, name, type);
}

/* request_optional_identifier returns an identifier, or none for a null. */
Identifier
request_optional_identifier(FunctionCallInfo fcinfo, int argno, const char *name, Oid type)
{
	Identifier	id = {InvalidOid, (Datum) 0};

	if (PG_ARGISNULL(argno))
		return id;
	id.type = type;
	id.value = type == UUIDOID ? PG_GETARG_DATUM(argno) :
		PointerGetDatum(request_text(fcinfo, argno, name));
	return id;
}

/*
 * request_document returns a platform_metadata and the log in it; null, with an
 * empty log, for a null.
 *
 * Errors: 22039 or 2203C for one that cannot hold a log.
 */
Jsonb *
request_document(FunctionCallInfo fcinfo, int argno, ReuseLog *log)
{
	Jsonb	   *document = PG_ARGISNULL(argno) ? NULL : PG_GETARG_JSONB_P(argno);

	log_require(log_find(document ? &document->root : NULL, log));
	return document;
}

/* request_jsonb returns a value that must be given. */
Jsonb *
request_jsonb(FunctionCallInfo fcinfo, int argno, const char *name)
{
	require_value(fcinfo, argno, name);
	return PG_GETARG_JSONB_P(argno);
}

/* request_text returns a text that must be given and must not be empty. */
text *
request_text(FunctionCallInfo fcinfo, int argno, const char *name)
{
	require_value(fcinfo, argno, name);
	return request_optional_text(fcinfo, argno, name);
}

/* request_text_or returns a text that must not be empty, or its default for a null. */
text *
request_text_or(FunctionCallInfo fcinfo, int argno, const char *name, const char *default_value)
{
	text	   *value = request_optional_text(fcinfo, argno, name);

	return value != NULL ? value : cstring_to_text(default_value);
}

/* request_any_text returns a text, or null. */
text *
request_any_text(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : PG_GETARG_TEXT_PP(argno);
}

/* request_optional_text returns a text that must not be empty, or null. */
text *
request_optional_text(FunctionCallInfo fcinfo, int argno, const char *name)
{
	text	   *value = request_any_text(fcinfo, argno);

	if (value != NULL && VARSIZE_ANY_EXHDR(value) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", name),
				 errdetail("%s must have at least one character.", name)));
	return value;
}

/* request_reuse_key returns a reuse_key, or null. */
text *
request_reuse_key(FunctionCallInfo fcinfo, int argno)
{
	text	   *key = request_optional_text(fcinfo, argno, "reuse_key");

	if (key != NULL && VARSIZE_ANY_EXHDR(key) > MAX_REUSE_KEY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("reuse_key is out of bounds"),
				 errdetail("reuse_key must have between 1 and %d bytes, but has %zu.", MAX_REUSE_KEY,
						   VARSIZE_ANY_EXHDR(key))));
	return key;
}

/*
 * request_choice returns the number of a value in a list, from 0; the first is the default.
 *
 * Error 22023 for another value.
 */
int
request_choice(FunctionCallInfo fcinfo, int argno, const char *name, const char *const *choices,
			   int nchoices)
{
	char	   *given;
	StringInfoData known;
	int			i;

	if (PG_ARGISNULL(argno))
		return 0;
	given = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	for (i = 0; i < nchoices; i++)
	{
		if (strcmp(given, choices[i]) == 0)
			return i;
	}
	initStringInfo(&known);
	for (i = 0; i < nchoices; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "", choices[i]);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid %s: \"%s\"", name, given),
			 errhint("The known values are: %s.", known.data)));
}

/* request_flag returns a boolean, false for a null. */
bool
request_flag(FunctionCallInfo fcinfo, int argno)
{
	return !PG_ARGISNULL(argno) && PG_GETARG_BOOL(argno);
}

/*
 * request_identifiers returns a required array of identifiers, whose length must be within bounds;
 * its dimensions are ignored.
 */
Identifier *
request_identifiers(FunctionCallInfo fcinfo, int argno, const char *name, Oid type, int min, int max,
					int *nids)
{
	Datum	   *values;
	bool	   *nulls;
	Identifier *ids;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			i;

	require_value(fcinfo, argno, name);
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), type, typlen, typbyval, typalign, &values, &nulls, nids);
	if (*nids < min || *nids > max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of bounds", name),
				 errdetail("%s must have between %d and %d elements, but has %d.", name, min, max, *nids)));
	ids = palloc(Max(*nids, 1) * sizeof(Identifier));
	for (i = 0; i < *nids; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain nulls", name)));
		if (type == TEXTOID && VARSIZE_ANY_EXHDR(DatumGetPointer(values[i])) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not contain empty elements", name)));
		ids[i] = (Identifier) {type, values[i]};
	}
	return ids;
}

/* request_int returns an integer that must be given, within bounds; INT_MAX is no bound. */
int
request_int(FunctionCallInfo fcinfo, int argno, const char *name, int min, int max)
{
	require_value(fcinfo, argno, name);
	return request_optional_int(fcinfo, argno, name, min, max, 0);
}

/* request_optional_int returns an integer within bounds, or its default for a null. */
int
request_optional_int(FunctionCallInfo fcinfo, int argno, const char *name, int min, int max,
					 int default_value)
{
	int			value;

	if (PG_ARGISNULL(argno))
		return default_value;
	value = PG_GETARG_INT32(argno);
	if (value < min || value > max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is out of bounds", name),
				 max == INT_MAX ?
				 errdetail("%s must be %d or more, but is %d.", name, min, value) :
				 errdetail("%s must be between %d and %d, but is %d.", name, min, max, value)));
	return value;
}

/*
 * request_range returns the range of time given by an argument, start_date, and the next one,
 * end_date; both may be null.
 */
RequestRange
request_range(FunctionCallInfo fcinfo, int argno)
{
	RequestRange range = {
		.has_start = !PG_ARGISNULL(argno),
		.has_end = !PG_ARGISNULL(argno + 1),
		.start = DT_NOBEGIN,
		.end = DT_NOEND
	};

	if (range.has_start)
		range.start = PG_GETARG_TIMESTAMPTZ(argno);
	if (range.has_end)
		range.end = PG_GETARG_TIMESTAMPTZ(argno + 1);
	if (range.start > range.end)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start_date must not be after end_date"),
				 errdetail("start_date is %s, and end_date is %s.", spell_time(range.start),
						   spell_time(range.end))));
	return range;
}

/* spell_time writes a time as answers do. */
static char *
spell_time(TimestampTz time)
{
	char	   *buf = palloc(ISO_TIME_BUFFER);

	iso_time_answer(time, buf);
	return buf;
}

static void
require_value(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}
