/*-------------------------------------------------------------------------
 *
 * program.h
 *	  The fuzzer's bytes, read as a little program that builds jsonb values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_PROGRAM_H
#define ASSET_REUSE_FUZZ_PROGRAM_H

#include "log_value.h"

typedef struct Program
{
	const uint8 *at;
	const uint8 *end;
	Size		room;			/* bytes that may still be built */
} Program;

extern void program_init(Program *p, const uint8 *bytes, Size size);
extern ReuseValue program_value(Program *p);

#endif							/* ASSET_REUSE_FUZZ_PROGRAM_H */
