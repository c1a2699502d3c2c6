/*-------------------------------------------------------------------------
 *
 * subtransaction.h
 *	  Work whose errors, or whose effects, end with it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_SUBTRANSACTION_H
#define ASSET_REUSE_SUBTRANSACTION_H

extern ErrorData *subtransaction_run(void (*work) (void *arg), void *arg, bool keep);

#endif							/* ASSET_REUSE_SUBTRANSACTION_H */
