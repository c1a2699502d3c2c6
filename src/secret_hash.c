/*-------------------------------------------------------------------------
 *
 * secret_hash.c
 *	  Hashes that nobody can foresee.
 *
 * PostgreSQL's hash functions have no secret, so texts can be made that all have the same hash, and
 * a table of these is searched from end to end each time.  What is hashed by values that users store
 * is hashed by these functions.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "secret_hash.h"

static uint64 mix(uint64 hash);

/* secret_hash_seed returns the session's own seed. */
uint64
secret_hash_seed(void)
{
	static uint64 seed = 0;

	if (seed == 0 && !pg_strong_random(&seed, sizeof(seed)))
		elog(ERROR, "could not generate a random number");
	return seed;
}

/*
 * secret_hash returns a text's hash in a table, which may be null.
 *
 * Each table hashes in a way of its own: entries that come in the order of another table's hashes
 * would pile up in this one.
 */
uint64
secret_hash(const char *data, uint32 len, const void *table)
{
	uint64		hash = secret_hash_seed() ^ (uint64) (uintptr_t) table ^ len;
	uint64		word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word))
	{
		memcpy(&word, data, sizeof(word));
		hash = mix(hash ^ word);
	}
	word = 0;
	memcpy(&word, data, len);
	return mix(hash ^ word);
}

/*
 * mix spreads each bit over all of them: the end of MurmurHash3 (A. Appleby, in the public domain).
 *
 * hash_bytes_extended takes a text that is not aligned byte by byte, which takes four times as long.
 */
static uint64
mix(uint64 hash)
{
	hash ^= hash >> 33;
	hash *= UINT64CONST(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}
