/*-------------------------------------------------------------------------
 *
 * backend.h
 *	  Stand-ins for the server that src/'s pure files are linked with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_BACKEND_H
#define ASSET_REUSE_FUZZ_BACKEND_H

/*
 * A number, in the short one of numeric.c's two layouts: the header has the places that are
 * shown behind the point, and how many of the digits, of base 10,000, stand before it but one.
 */
typedef struct ShortNumeric
{
	int32		vl_len_;
	uint16		header;
	uint16		digits[FLEXIBLE_ARRAY_MEMBER];
} ShortNumeric;

#define SHORT_NUMERIC			0x8000
#define SHORT_NUMERIC_PLACES	0x1F80
#define SHORT_NUMERIC_PLACES_SHIFT	7
#define SHORT_NUMERIC_WEIGHT	0x003F
#define SHORT_NUMERIC_NDIGITS(size)	(((size) - offsetof(ShortNumeric, digits)) / sizeof(uint16))

extern int	interrupts_processed;	/* while InterruptPending was set */

extern void free_all_memory(void);

#endif							/* ASSET_REUSE_FUZZ_BACKEND_H */
