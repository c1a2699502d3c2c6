/*-------------------------------------------------------------------------
 *
 * request.h
 *	  Checking the arguments of the public functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_REQUEST_H
#define ASSET_REUSE_REQUEST_H

#include "fmgr.h"

#include "log_value.h"
#include "request_identifier.h"

/* Times with start <= time < end; infinite if there is no bound */
typedef struct RequestRange
{
	bool		has_start;
	bool		has_end;
	TimestampTz start;
	TimestampTz end;
} RequestRange;

extern Oid	request_id_type(FunctionCallInfo fcinfo, int argno);
extern Identifier request_identifier(FunctionCallInfo fcinfo, int argno, const char *name,
									 Oid type);
extern Identifier request_optional_identifier(FunctionCallInfo fcinfo, int argno,
											  const char *name, Oid type);
extern Jsonb *request_document(FunctionCallInfo fcinfo, int argno, ReuseLog *log);
extern Jsonb *request_jsonb(FunctionCallInfo fcinfo, int argno, const char *name);
extern text *request_text(FunctionCallInfo fcinfo, int argno, const char *name);
extern text *request_text_or(FunctionCallInfo fcinfo, int argno, const char *name,
							 const char *default_value);
extern text *request_any_text(FunctionCallInfo fcinfo, int argno);
extern text *request_optional_text(FunctionCallInfo fcinfo, int argno, const char *name);
extern text *request_reuse_key(FunctionCallInfo fcinfo, int argno);
extern int	request_choice(FunctionCallInfo fcinfo, int argno, const char *name,
						   const char *const *choices, int nchoices);
extern bool request_flag(FunctionCallInfo fcinfo, int argno);
extern Identifier *request_identifiers(FunctionCallInfo fcinfo, int argno, const char *name, Oid type,
									   int min, int max, int *nids);
extern int	request_int(FunctionCallInfo fcinfo, int argno, const char *name, int min, int max);
extern int	request_optional_int(FunctionCallInfo fcinfo, int argno, const char *name, int min, int max,
								 int default_value);
extern RequestRange request_range(FunctionCallInfo fcinfo, int argno);

#endif							/* ASSET_REUSE_REQUEST_H */
