/*-------------------------------------------------------------------------
 *
 * summary_sum.c
 *	  Sums of doubles that do not depend on the order of the summands.
 *
 * A sum of doubles rounds at every step, so it changes with the order of rows
 * and with the number of parallel workers.  This one keeps every bit: the
 * "superaccumulator" of U. Kulisch, "Very fast and exact accumulation of
 * products", Computing 91 (2011), with the lazy carries of R. Neal, "Fast exact
 * summation using small and large superaccumulators" (2015).  An addition
 * touches three limbs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "summary_sum.h"

#define LIMB_BITS		32
#define LIMB_MASK		((int64) 0xFFFFFFFF)
#define MANTISSA_BITS	52		/* stored ones, without the leading 1 */
#define EXPONENT_MASK	0x7FF
#define LEAST_EXPONENT	(-1074) /* of the least significant bit of all doubles */

/* each addition adds less than 2^34 to a limb, which holds 2^63 */
#define MAX_PENDING		(1 << 28)

static void resolve_carries(ExactSum *sum);
static double top_bits(const ExactSum *sum, int *exponent);

/* exact_sum_add adds a finite value. */
void
exact_sum_add(ExactSum *sum, double value)
{
	uint64		bits;
	uint64		mantissa;
	uint64		low;
	uint64		high;
	int			exponent;
	int			shift;
	int64	   *limb;

	memcpy(&bits, &value, sizeof(bits));
	exponent = (bits >> MANTISSA_BITS) & EXPONENT_MASK;
	mantissa = bits & ((UINT64CONST(1) << MANTISSA_BITS) - 1);
	Assert(exponent != EXPONENT_MASK);
	if (exponent > 0)
	{
		mantissa |= UINT64CONST(1) << MANTISSA_BITS;
		exponent--;				/* a subnormal's exponent counts as the least one */
	}

	limb = &sum->limbs[exponent / LIMB_BITS];
	shift = exponent % LIMB_BITS;
	low = (mantissa & LIMB_MASK) << shift;
	high = (mantissa >> LIMB_BITS) << shift;
	if (bits >> 63)
	{
		limb[0] -= low & LIMB_MASK;
		limb[1] -= (low >> LIMB_BITS) + (high & LIMB_MASK);
		limb[2] -= high >> LIMB_BITS;
	}
	else
	{
		limb[0] += low & LIMB_MASK;
		limb[1] += (low >> LIMB_BITS) + (high & LIMB_MASK);
		limb[2] += high >> LIMB_BITS;
	}
	if (++sum->pending >= MAX_PENDING)
		resolve_carries(sum);
}

/* exact_sum_combine adds another sum. */
void
exact_sum_combine(ExactSum *sum, ExactSum *other)
{
	int			i;

	resolve_carries(sum);
	resolve_carries(other);
	for (i = 0; i < EXACT_SUM_LIMBS; i++)
		sum->limbs[i] += other->limbs[i];
	sum->pending = 1;
}

/* exact_sum_mean returns the sum divided by a count, each rounded once. */
double
exact_sum_mean(const ExactSum *sum, int64 count)
{
	ExactSum	magnitude = *sum;
	bool		negative;
	int			exponent;
	int			i;
	double		mean;

	resolve_carries(&magnitude);
	negative = magnitude.limbs[EXACT_SUM_LIMBS - 1] < 0;
	if (negative)
	{
		for (i = 0; i < EXACT_SUM_LIMBS; i++)
			magnitude.limbs[i] = -magnitude.limbs[i];
		resolve_carries(&magnitude);
	}
	/* divide before scaling: the sum may exceed a double where the mean does not */
	mean = top_bits(&magnitude, &exponent) / (double) count;
	mean = ldexp(mean, exponent);
	return negative ? -mean : mean;
}

/* resolve_carries leaves 0 to 2^32 - 1 in each limb, and the sign in the last. */
static void
resolve_carries(ExactSum *sum)
{
	int64		carry = 0;
	int			i;

	for (i = 0; i < EXACT_SUM_LIMBS - 1; i++)
	{
		int64		limb = sum->limbs[i] + carry;

		sum->limbs[i] = limb & LIMB_MASK;
		/* an arithmetic shift: rounds toward minus infinity, as the mask does */
		carry = limb >> LIMB_BITS;
	}
	sum->limbs[i] += carry;
	sum->pending = 0;
}

/*
 * top_bits returns the leading bits of a sum that is not negative, rounded to
 * nearest as a whole, and the exponent to scale them with.
 */
static double
top_bits(const ExactSum *sum, int *exponent)
{
	int			top = EXACT_SUM_LIMBS - 1;
	int			lead = 0;
	uint64		bits;
	uint64		rest;
	int			i;

	while (top > 2 && sum->limbs[top] == 0)
		top--;
	*exponent = LEAST_EXPONENT + (top - 1) * LIMB_BITS;
	bits = (uint64) sum->limbs[top] << LIMB_BITS | sum->limbs[top - 1];
	rest = sum->limbs[top - 2];

	/* shift the third limb's bits in until the first bit is set */
	while (lead < LIMB_BITS && (bits >> 63) == 0)
	{
		bits = bits << 1 | (rest >> (LIMB_BITS - 1) & 1);
		rest = (rest << 1) & LIMB_MASK;
		lead++;
	}
	*exponent -= lead;

	/* of the rest, it only matters whether it is zero */
	for (i = 0; i < top - 2; i++)
		rest |= sum->limbs[i];
	return (double) (bits | (rest != 0));
}
