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
 * What a function here does is what the server's of that name does; where one
 * is missing for a file of src/, the linker tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "backend.h"

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
