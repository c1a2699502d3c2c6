/*-------------------------------------------------------------------------
 *
 * summary_sum.h
 *	  Sums of doubles that do not depend on the order of the summands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SUMMARY_SUM_H
#define ASSET_REUSE_SUMMARY_SUM_H

/*
 * A finite double is an integer multiple of 2^-1074 below 2^1024, so a sum is
 * an integer of 2098 bits and a carry: limbs of 32 bits, the least significant
 * first, in 64 bits to leave room for carries.
 */
#define EXACT_SUM_LIMBS		68

typedef struct ExactSum
{
	int64		limbs[EXACT_SUM_LIMBS];
	int32		pending;		/* additions since the carries were last resolved */
} ExactSum;

extern void exact_sum_add(ExactSum *sum, double value);
extern void exact_sum_combine(ExactSum *sum, ExactSum *other);
extern double exact_sum_mean(const ExactSum *sum, int64 count);

#endif							/* ASSET_REUSE_SUMMARY_SUM_H */
