/*-------------------------------------------------------------------------
 *
 * text_map.h
 *	  A hash table that numbers texts, by their bytes.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_TEXT_MAP_H
#define ASSET_REUSE_TEXT_MAP_H

#include "compat.h"
#include "secret_hash.h"

/* A text's bytes, wherever they are */
typedef struct TextBytes
{
	const char *data;
	uint32		len;
} TextBytes;

typedef struct TextEntry
{
	TextBytes	bytes;
	uint32		number;
	char		status;			/* the hash table's own */
} TextEntry;

#define SH_PREFIX				text_map
#define SH_ELEMENT_TYPE			TextEntry
#define SH_KEY_TYPE				TextBytes
#define SH_KEY					bytes
#define SH_HASH_KEY(table, key)	((uint32) secret_hash((key).data, (key).len, table))
#define SH_EQUAL(table, a, b)	((a).len == (b).len && memcmp((a).data, (b).data, (a).len) == 0)
#define SH_SCOPE				static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* text_bytes returns where a text's bytes are. */
static inline TextBytes
text_bytes(const text *value)
{
	return (TextBytes) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/* text_map_number returns a text's number, from 0 in the order in which texts come first. */
static inline uint32
text_map_number(text_map_hash *map, const text *value)
{
	bool		found;
	TextEntry  *entry = text_map_insert(map, text_bytes(value), &found);

	if (!found)
		entry->number = map->members - 1;
	return entry->number;
}

#endif							/* ASSET_REUSE_TEXT_MAP_H */
