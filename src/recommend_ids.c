/*-------------------------------------------------------------------------
 *
 * recommend_ids.c
 *	  Identifiers, numbered in the order in which they come first.
 *
 * All is in the memory context that was current when the numbering began.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "recommend_ids.h"
#include "text_map.h"

#define IDS_EXPECTED		1024	/* more are fine */

static Datum copy_id(const RecommendIds *ids, Datum id);
static TextBytes bytes_of(const RecommendIds *ids, Datum id);

void
recommend_ids_init(RecommendIds *ids, Oid type, Oid collation)
{
	*ids = (RecommendIds) {
		.type = type,
		.collation = collation,
		.memory = CurrentMemoryContext,
		.map = text_map_create(CurrentMemoryContext, IDS_EXPECTED, NULL),
		.room = IDS_EXPECTED,
		.values = palloc(IDS_EXPECTED * sizeof(Datum))
	};
}

/* recommend_ids_add returns an identifier's number; a new one is copied. */
uint32
recommend_ids_add(RecommendIds *ids, Datum id)
{
	bool		found;
	TextEntry  *entry = text_map_insert(ids->map, bytes_of(ids, id), &found);

	if (found)
		return entry->number;
	if (ids->count == ids->room)
	{
		ids->room *= 2;
		ids->values = repalloc_huge(ids->values, ids->room * sizeof(Datum));
	}
	id = copy_id(ids, id);
	entry->bytes = bytes_of(ids, id);
	entry->number = ids->count;
	ids->values[ids->count] = id;
	return ids->count++;
}

/* recommend_ids_compare compares two as the database orders them. */
int
recommend_ids_compare(uint32 a, uint32 b, const void *arg)
{
	const RecommendIds *ids = arg;
	TextBytes	x = bytes_of(ids, ids->values[a]);
	TextBytes	y = bytes_of(ids, ids->values[b]);
	int			order = ids->type == UUIDOID ? 0 : varstr_cmp(x.data, x.len, y.data, y.len, ids->collation);

	if (order == 0)
		order = memcmp(x.data, y.data, Min(x.len, y.len));
	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* recommend_ids_array makes an array of some of them, as a type that has the same bytes. */
Datum
recommend_ids_array(const RecommendIds *ids, const uint32 *numbers, uint32 count, Oid type)
{
	Datum	   *values = palloc_extended(Max(count, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	uint32		i;

	for (i = 0; i < count; i++)
		values[i] = ids->values[numbers[i]];
	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_array(values, (int) count, type, typlen, typbyval, typalign));
}

static Datum
copy_id(const RecommendIds *ids, Datum id)
{
	MemoryContext old = MemoryContextSwitchTo(ids->memory);
	Datum		copied = datumCopy(id, false, ids->type == UUIDOID ? UUID_LEN : -1);

	MemoryContextSwitchTo(old);
	return copied;
}

static TextBytes
bytes_of(const RecommendIds *ids, Datum id)
{
	const char *data = DatumGetPointer(id);

	if (ids->type == UUIDOID)
		return (TextBytes) {data, UUID_LEN};
	return text_bytes((const text *) data);
}
