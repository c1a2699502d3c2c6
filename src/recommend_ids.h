/*-------------------------------------------------------------------------
 *
 * recommend_ids.h
 *	  Identifiers, numbered.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_RECOMMEND_IDS_H
#define ASSET_REUSE_RECOMMEND_IDS_H

struct text_map_hash;

/* Identifiers of one type, text or uuid, by their numbers */
typedef struct RecommendIds
{
	Oid			type;
	Oid			collation;		/* of a text's order */
	MemoryContext memory;
	struct text_map_hash *map;
	uint32		count;
	uint32		room;
	Datum	   *values;
} RecommendIds;

extern void recommend_ids_init(RecommendIds *ids, Oid type, Oid collation);
extern uint32 recommend_ids_add(RecommendIds *ids, Datum id);
extern int	recommend_ids_compare(uint32 a, uint32 b, const void *ids);
extern Datum recommend_ids_array(const RecommendIds *ids, const uint32 *numbers, uint32 count, Oid type);

#endif							/* ASSET_REUSE_RECOMMEND_IDS_H */
