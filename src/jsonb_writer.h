/*-------------------------------------------------------------------------
 *
 * jsonb_writer.h
 *	  Writing a jsonb value in place, front to back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_JSONB_WRITER_H
#define ASSET_REUSE_JSONB_WRITER_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* the deepest nesting that is written; a container that is copied counts as one */
#define JSONB_WRITER_DEPTH	6

/* A container that is being written */
typedef struct JsonbFrame
{
	int			start;			/* where its data begins, before the padding */
	int			entry;			/* where its next child's JEntry goes */
	uint32		next;			/* the next child's number */
	uint32		count;			/* number of children; an object's pair is two */
	uint32		total;			/* length of the children's data so far */
	bool		is_object;
} JsonbFrame;

typedef struct JsonbWriter
{
	StringInfoData buf;
	int			depth;
	JsonbFrame	frames[JSONB_WRITER_DEPTH];
} JsonbWriter;

/* A literal key and its length, for tables of keys */
typedef struct JsonbKey
{
	const char *name;
	int			len;
} JsonbKey;

#define JSONB_KEY(name)		{name, sizeof(name) - 1}

extern void jsonb_writer_init(JsonbWriter *w, MemoryContext context, Size size);
extern Jsonb *jsonb_writer_finish(JsonbWriter *w);

extern void jsonb_begin_object(JsonbWriter *w, uint32 npairs);
extern void jsonb_begin_object_keys(JsonbWriter *w, const JsonbKey *keys, uint32 npairs);
extern void jsonb_begin_array(JsonbWriter *w, uint32 nelems);
extern void jsonb_begin_scalar(JsonbWriter *w);
extern void jsonb_begin_extended_array(JsonbWriter *w, const JsonbContainer *array,
									   uint32 size, uint32 nmore);
extern void jsonb_end(JsonbWriter *w);

extern void jsonb_put_key(JsonbWriter *w, const char *key, uint32 len);
extern void jsonb_put_null(JsonbWriter *w);
extern void jsonb_put_bool(JsonbWriter *w, bool value);
extern void jsonb_put_string(JsonbWriter *w, const char *str, uint32 len);
extern void jsonb_put_numeric(JsonbWriter *w, Numeric num);
extern void jsonb_put_container(JsonbWriter *w, const void *container, uint32 size);
extern void jsonb_put_copy(JsonbWriter *w, uint32 type, const void *data, uint32 len);

extern int	jsonb_compare_keys(const char *a, uint32 alen, const char *b, uint32 blen);

#endif							/* ASSET_REUSE_JSONB_WRITER_H */
