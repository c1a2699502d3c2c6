/*-------------------------------------------------------------------------
 *
 * backend.h
 *	  Stand-ins for the server that src/'s pure files are linked with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_BACKEND_H
#define ASSET_REUSE_FUZZ_BACKEND_H

extern int	interrupts_processed;	/* while InterruptPending was set */

extern void free_all_memory(void);

#endif							/* ASSET_REUSE_FUZZ_BACKEND_H */
