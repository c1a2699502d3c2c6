/*-------------------------------------------------------------------------
 *
 * backend.c
 *	  Stand-ins for the server that src/'s pure files are linked with.
 *
 * There is one memory context, and each of its chunks is malloc's, so that the
 * address sanitizer sees a step past any of them.  Any error ends the program:
 * no input is large enough to reach jsonb's limits, and they are all that the
 * checks leave to be raised.
 *
 * compareJsonbContainers tells what is equal from what is not, by the checks' own rule, and
 * orders nothing.  Otherwise, what a function here does is what the server's of that name does; where one
 * is missing for a file of src/, the linker tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "backend.h"
#include "naive.h"

/* The chunks that have not been freed */
static void **chunks;
static int	nchunks;
static int	maxchunks;

MemoryContext CurrentMemoryContext;
volatile sig_atomic_t InterruptPending;
int			interrupts_processed;

static void *keep(void *chunk);
static void **find(void *chunk);

/*
 * Memory
 */

/* free_all_memory frees what an input has left. */
void
free_all_memory(void)
{
	while (nchunks > 0)
		free(chunks[--nchunks]);
}

void *
palloc(Size size)
{
	if (size > MaxAllocSize)
		elog(ERROR, "invalid memory alloc request size %zu", size);
	return keep(malloc(size));
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	return palloc(size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	return keep(malloc(size));
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	void	   *chunk = MemoryContextAllocHuge(context, size);

	if ((flags & MCXT_ALLOC_ZERO) != 0)
		memset(chunk, 0, size);
	return chunk;
}

void *
repalloc(void *chunk, Size size)
{
	void	  **kept = find(chunk);

	return *kept = realloc(chunk, size);
}

void
pfree(void *chunk)
{
	void	  **kept = find(chunk);

	free(chunk);
	*kept = chunks[--nchunks];
}

static void *
keep(void *chunk)
{
	if (nchunks == maxchunks)
	{
		maxchunks = Max(2 * maxchunks, 64);
		chunks = realloc(chunks, maxchunks * sizeof(void *));
	}
	return chunks[nchunks++] = chunk;
}

/* find returns the place of a chunk, which is among the latest mostly. */
static void **
find(void *chunk)
{
	int			i = nchunks;

	while (i > 0 && chunks[i - 1] != chunk)
		i--;
	if (i == 0)
		elog(ERROR, "not a chunk of memory");
	return &chunks[i - 1];
}

/*
 * Errors
 */

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errcode(int sqlerrcode)
{
	return 0;
}

int
errmsg(const char *fmt,...)
{
	fprintf(stderr, "error: %s\n", fmt);
	return 0;
}

int
errmsg_internal(const char *fmt,...)
{
	return errmsg("%s", fmt);
}

int
errdetail(const char *fmt,...)
{
	return 0;
}

int
errhint(const char *fmt,...)
{
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	fprintf(stderr, "in %s, %s:%d\n", funcname, filename, lineno);
	abort();
}

#if PG_VERSION_NUM >= 160000
/* 16 has taken the type of error away. */
void
ExceptionalCondition(const char *condition, const char *filename, int lineno)
#else
void
ExceptionalCondition(const char *condition, const char *type, const char *filename, int lineno)
#endif
{
	fprintf(stderr, "assertion failed: %s, %s:%d\n", condition, filename, lineno);
	abort();
}

void
ProcessInterrupts(void)
{
	interrupts_processed++;
}

/*
 * Calls of functions, and values of types other than jsonb
 */

Datum
DirectFunctionCall1Coll(PGFunction func, Oid collation, Datum arg1)
{
	LOCAL_FCINFO(fcinfo, 1);

	InitFunctionCallInfoData(*fcinfo, NULL, 1, collation, NULL, NULL);
	fcinfo->args[0].value = arg1;
	fcinfo->args[0].isnull = false;
	return func(fcinfo);
}

Datum
DirectFunctionCall2Coll(PGFunction func, Oid collation, Datum arg1, Datum arg2)
{
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, NULL, 2, collation, NULL, NULL);
	fcinfo->args[0].value = arg1;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = arg2;
	fcinfo->args[1].isnull = false;
	return func(fcinfo);
}

Datum
DirectFunctionCall3Coll(PGFunction func, Oid collation, Datum arg1, Datum arg2, Datum arg3)
{
	LOCAL_FCINFO(fcinfo, 3);

	InitFunctionCallInfoData(*fcinfo, NULL, 3, collation, NULL, NULL);
	fcinfo->args[0].value = arg1;
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = arg2;
	fcinfo->args[1].isnull = false;
	fcinfo->args[2].value = arg3;
	fcinfo->args[2].isnull = false;
	return func(fcinfo);
}

/* No value of ours is compressed or out of line. */
struct varlena *
pg_detoast_datum(struct varlena *datum)
{
	return datum;
}

struct varlena *
pg_detoast_datum_packed(struct varlena *datum)
{
	return datum;
}

text *
cstring_to_text_with_len(const char *s, int len)
{
	text	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), s, len);
	return result;
}

text *
cstring_to_text(const char *s)
{
	return cstring_to_text_with_len(s, strlen(s));
}

char *
text_to_cstring(const text *t)
{
	int			len = VARSIZE_ANY_EXHDR(t);
	char	   *result = palloc(len + 1);

	memcpy(result, VARDATA_ANY(t), len);
	result[len] = '\0';
	return result;
}

Datum
uuid_in(PG_FUNCTION_ARGS)
{
	const char *at = PG_GETARG_CSTRING(0);
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));
	bool		braces = *at == '{';
	int			i;

	at += braces;
	for (i = 0; i < UUID_LEN; i++)
	{
		char		byte[3] = {0};

		if (!isxdigit((unsigned char) at[0]) || !isxdigit((unsigned char) at[1]))
			elog(ERROR, "not a uuid");
		memcpy(byte, at, 2);
		uuid->data[i] = strtoul(byte, NULL, 16);
		at += 2;
		at += *at == '-' && i % 2 == 1 && i < UUID_LEN - 1;
	}
	if (strcmp(at, braces ? "}" : "") != 0)
		elog(ERROR, "not a uuid");
	return UUIDPGetDatum(uuid);
}

Datum
uuid_out(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *uuid = PG_GETARG_UUID_P(0);
	char	   *result = palloc(2 * UUID_LEN + 4 + 1);
	char	   *at = result;
	int			i;

	for (i = 0; i < UUID_LEN; i++)
		at += sprintf(at, i >= 4 && i <= 10 && i % 2 == 0 ? "-%02x" : "%02x", uuid->data[i]);
	PG_RETURN_CSTRING(result);
}

/* Our numbers are positive and whole. */
Datum
numeric_out(PG_FUNCTION_ARGS)
{
	const ShortNumeric *numeric = (const ShortNumeric *) PG_GETARG_POINTER(0);
	int			ndigits = SHORT_NUMERIC_NDIGITS(VARSIZE(numeric));
	int			places = (numeric->header & SHORT_NUMERIC_PLACES) >> SHORT_NUMERIC_PLACES_SHIFT;
	char	   *result = palloc(4 * ndigits + 1 + places + 1);
	char	   *at = result;
	int			i;

	if ((numeric->header & SHORT_NUMERIC_WEIGHT) != ndigits - 1)
		elog(ERROR, "not a number of ours");
	for (i = 0; i < ndigits; i++)
		at += sprintf(at, i == 0 ? "%d" : "%04d", numeric->digits[i]);
	if (places > 0)
		sprintf(at, ".%0*d", places, 0);
	PG_RETURN_CSTRING(result);
}

/*
 * A number is read only as a limit, which is above every number of ours: its text stands for
 * it, and it is the larger one of a comparison.
 */
Datum
numeric_in(PG_FUNCTION_ARGS)
{
	return PG_GETARG_DATUM(0);
}

Datum
numeric_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(-1);
}

Datum
numeric_abs(PG_FUNCTION_ARGS)
{
	return PG_GETARG_DATUM(0);
}

Datum
numeric_scale(PG_FUNCTION_ARGS)
{
	const ShortNumeric *numeric = (const ShortNumeric *) PG_GETARG_POINTER(0);

	PG_RETURN_INT32((numeric->header & SHORT_NUMERIC_PLACES) >> SHORT_NUMERIC_PLACES_SHIFT);
}

/* No number of ours is NaN or infinity, since no number in JSON is. */
bool
numeric_is_nan(Numeric num)
{
	return false;
}

bool
numeric_is_inf(Numeric num)
{
	return false;
}

/*
 * Reading jsonb, as utils/jsonb.h describes it
 */

uint32
getJsonbOffset(const JsonbContainer *container, int index)
{
	uint32		offset = 0;
	int			i;

	for (i = index - 1; i >= 0; i--)
	{
		offset += JBE_OFFLENFLD(container->children[i]);
		if (JBE_HAS_OFF(container->children[i]))
			break;
	}
	return offset;
}

uint32
getJsonbLength(const JsonbContainer *container, int index)
{
	JEntry		entry = container->children[index];

	if (JBE_HAS_OFF(entry))
		return JBE_OFFLENFLD(entry) - getJsonbOffset(container, index);
	return JBE_OFFLENFLD(entry);
}

/* A walk finds nothing to hash: what the hash only makes faster must be right without it. */
JsonbIterator *
JsonbIteratorInit(JsonbContainer *container)
{
	return NULL;
}

JsonbIteratorToken
JsonbIteratorNext(JsonbIterator **it, JsonbValue *val, bool skipNested)
{
	return WJB_DONE;
}

void
JsonbHashScalarValueExtended(const JsonbValue *scalarVal, uint64 *hash, uint64 seed)
{
}

Numeric
int64_to_numeric(int64 val)
{
	return palloc0(sizeof(ShortNumeric));
}

bool
pg_strong_random(void *buf, size_t len)
{
	memset(buf, 1, len);
	return true;
}

int
compareJsonbContainers(JsonbContainer *a, JsonbContainer *b)
{
	JsonbContainer *containers[] = {a, b};
	ReuseValue	values[2];
	int			i;

	for (i = 0; i < 2; i++)
	{
		uint32		nchildren = JsonContainerSize(containers[i]) * (JsonContainerIsObject(containers[i]) ? 2 : 1);

		values[i].type = JENTRY_ISCONTAINER;
		values[i].data = (const char *) containers[i];
		values[i].len = offsetof(JsonbContainer, children) + nchildren * sizeof(JEntry) +
			getJsonbOffset(containers[i], nchildren);
	}
	return equal_values(&values[0], &values[1]) ? 0 : 1;
}
