/*-------------------------------------------------------------------------
 *
 * secret_hash.h
 *	  Hashes that nobody can foresee.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SECRET_HASH_H
#define ASSET_REUSE_SECRET_HASH_H

extern uint64 secret_hash_seed(void);
extern uint64 secret_hash(const char *data, uint32 len, const void *table);

#endif							/* ASSET_REUSE_SECRET_HASH_H */
