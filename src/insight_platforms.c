/*-------------------------------------------------------------------------
 *
 * insight_platforms.c
 *	  The platforms of a tenant's campaigns, by their ids: a hash table that the
 *	  aggregate of insights makes once, from an array that another statement has read.
 *
 * A join would do, too.  But for a thousand assets, planning it takes half as long as the sums,
 * and for a million, running it takes as long as they do.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "insight_state.h"
#include "secret_hash.h"

/* What a campaign takes in the array: its id and its platform */
#define NFIELDS				2

typedef struct PlatformEntry
{
	const text *campaign_id;
	uint32		platform;		/* its label's number */
	uint32		hash;
	char		status;
} PlatformEntry;

struct InsightPlatforms
{
	struct platforms_hash *table;
	Oid			collation;		/* of the ids */
	bool		deterministic;	/* are equal ids equal bytes? */
};

static uint32 hash_id(const InsightPlatforms *platforms, const text *id);
static bool equal_ids(const InsightPlatforms *platforms, const text *a, const text *b);

#define SH_PREFIX platforms
#define SH_ELEMENT_TYPE PlatformEntry
#define SH_KEY_TYPE const text *
#define SH_KEY campaign_id
#define SH_HASH_KEY(tb, key) hash_id((tb)->private_data, key)
#define SH_EQUAL(tb, a, b) equal_ids((tb)->private_data, a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * insight_platforms_create makes the table of a state, in a memory context, from an array of pairs: a campaign's
 * id and its platform.
 *
 * Error 22023 if it is not made of pairs: anybody can hand one in.
 */
InsightPlatforms *
insight_platforms_create(InsightState *state, MemoryContext context, const ArrayType *campaigns, Oid collation)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	InsightPlatforms *platforms = palloc(sizeof(InsightPlatforms));
	ArrayType  *copy = DatumGetArrayTypePCopy(PointerGetDatum(campaigns));
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			i;

	if (ARR_NDIM(copy) != 0 && (ARR_NDIM(copy) != 2 || ARR_DIMS(copy)[1] != NFIELDS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("campaigns of asset_reuse_insight are not pairs of an id and a platform")));
	deconstruct_array(copy, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	platforms->collation = collation;
	platforms->deterministic = !OidIsValid(collation) || get_collation_isdeterministic(collation);
	platforms->table = platforms_create(context, count / NFIELDS, platforms);
	for (i = 0; i < count; i += NFIELDS)
	{
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (!nulls[i])
			platforms_insert(platforms->table, DatumGetTextPP(values[i]), &found)->platform =
				nulls[i + 1] ? INSIGHT_NULL_LABEL : insight_labels_add(state, text_bytes(DatumGetTextPP(values[i + 1])));
	}
	MemoryContextSwitchTo(old);
	return platforms;
}

/* insight_platforms_find returns the number of a campaign's platform: that of a null if there is none. */
uint32
insight_platforms_find(const InsightPlatforms *platforms, const text *campaign_id)
{
	PlatformEntry *entry = platforms_lookup(platforms->table, campaign_id);

	return entry == NULL ? INSIGHT_NULL_LABEL : entry->platform;
}

static uint32
hash_id(const InsightPlatforms *platforms, const text *id)
{
	if (platforms->deterministic)
		return (uint32) secret_hash(VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), platforms);
	return DatumGetUInt32(DirectFunctionCall1Coll(hashtext, platforms->collation, PointerGetDatum(id)));
}

static bool
equal_ids(const InsightPlatforms *platforms, const text *a, const text *b)
{
	if (platforms->deterministic)
		return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
			memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
	return DatumGetBool(DirectFunctionCall2Coll(texteq, platforms->collation, PointerGetDatum(a), PointerGetDatum(b)));
}
