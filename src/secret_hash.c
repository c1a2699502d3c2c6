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

#include "common/hashfn.h"

#include "secret_hash.h"

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
	return hash_bytes_extended((const unsigned char *) data, len, secret_hash_seed() ^ (uint64) (uintptr_t) table);
}
