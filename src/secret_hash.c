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

#define WORD		((ptrdiff_t) sizeof(uint64))

static inline uint64 word_at(const char *data);
static uint64 secret(int i);
static inline uint64 fold(uint64 a, uint64 b);

/* secret_hash_seed returns the session's own seed. */
uint64
secret_hash_seed(void)
{
	return secret(0);
}

/*
 * secret_hash returns a text's hash in a table, which may be null.
 *
 * Each table hashes in a way of its own: entries that come in the order of another table's hashes
 * would pile up in this one.
 *
 * hash_bytes_extended takes a text that is not aligned byte by byte, which takes several times as long.
 */
uint64
secret_hash(const char *data, uint32 len, const void *table)
{
	const char *end = data + len;
	uint64		other = secret(1);
	uint64		hash = secret(0) ^ (uint64) (uintptr_t) table ^ len;
	uint64		word = 0;

	if (len < WORD)
	{
		memcpy(&word, data, len);
		return fold(word ^ other, hash);
	}
	for (; end - data > 2 * WORD; data += 2 * WORD)
		hash = fold(word_at(data) ^ other, word_at(data + WORD) ^ hash);
	/* the last one or two words, which may overlap each other or those before */
	return fold(word_at(Min(data, end - WORD)) ^ other, word_at(end - WORD) ^ hash);
}

static inline uint64
word_at(const char *data)
{
	uint64		word;

	memcpy(&word, data, WORD);
	return word;
}

/* secret returns one of the session's two secrets. */
static uint64
secret(int i)
{
	static uint64 secrets[2];

	if (secrets[0] == 0 && !pg_strong_random(secrets, sizeof(secrets)))
		elog(ERROR, "could not generate a random number");
	return secrets[i];
}

/*
 * fold returns the exclusive or of a product's halves, in which each bit of the factors changes about half of the bits: the
 * folded multiply of wyhash (Y. Wang) and foldhash (O. Peters).  Both factors have a secret, as a factor of 0 would undo
 * the other.
 */
static inline uint64
fold(uint64 a, uint64 b)
{
#ifdef HAVE_INT128
	uint128		product = (uint128) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
#else
	uint64		low = (a & PG_UINT32_MAX) * (b & PG_UINT32_MAX);
	uint64		middle = (a >> 32) * (b & PG_UINT32_MAX) + (low >> 32);
	uint64		other = (a & PG_UINT32_MAX) * (b >> 32) + (middle & PG_UINT32_MAX);
	uint64		high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);

	return (other << 32 | (low & PG_UINT32_MAX)) ^ high;
#endif
}
