/*-------------------------------------------------------------------------
 *
 * jsonb_writer.c
 *	  Writing a jsonb value in place, front to back.
 *
 * PostgreSQL builds a jsonb value as a tree of JsonbValues and then converts it.  For answers
 * of a known form, and for copying parts of a stored value, that costs more than everything else
 * that we do.  This writer puts out the bytes directly.  In return, a container's size must be
 * given when it is begun, an object's keys must be put before its values, and the keys must be
 * in jsonb's order (by length, then by bytes).  The result is byte for byte that of
 * convertToJsonb() in PostgreSQL's jsonb_util.c.  The layout is described in utils/jsonb.h; it
 * cannot change, because it is the format on disk.
 *
 * The buffer lives in the context given to jsonb_writer_init.  The only errors are the size
 * limits of jsonb.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "jsonb_writer.h"

/* The limit on the length of an array, which is private to jsonb_util.c */
#define MAX_ARRAY_ELEMS		(Min(MaxAllocSize / sizeof(JsonbValue), JB_CMASK))

static JsonbFrame *begin_container(JsonbWriter *w, uint32 header, uint32 nchildren);
static JsonbFrame *begin_array(JsonbWriter *w, uint32 nelems, uint32 flags);
static void put_child(JsonbWriter *w, uint32 type, uint32 len);
static uint32 put_padding(JsonbWriter *w);
static void put_bytes(JsonbWriter *w, const void *data, uint32 len);
static void check_size(const JsonbFrame *f, uint32 size);

/*
 * jsonb_writer_init starts a value.  size is the number of bytes to reserve; the
 * buffer grows if more are needed.  The length of a value must fit into a JEntry.
 */
void
jsonb_writer_init(JsonbWriter *w, MemoryContext context, Size size)
{
	w->buf.maxlen = Min(size, JENTRY_OFFLENMASK);
	w->buf.data = MemoryContextAlloc(context, w->buf.maxlen);
	w->buf.cursor = 0;
	w->buf.len = VARHDRSZ;
	w->depth = 0;
}

/* jsonb_writer_finish returns the value, after its outermost container has ended. */
Jsonb *
jsonb_writer_finish(JsonbWriter *w)
{
	Assert(w->depth == 0);
	SET_VARSIZE(w->buf.data, w->buf.len);
	return (Jsonb *) w->buf.data;
}

/* jsonb_begin_object begins an object; its npairs keys come next, then its values. */
void
jsonb_begin_object(JsonbWriter *w, uint32 npairs)
{
	begin_container(w, npairs | JB_FOBJECT, npairs * 2);
}

/* jsonb_begin_object_keys begins an object and puts its keys. */
void
jsonb_begin_object_keys(JsonbWriter *w, const JsonbKey *keys, uint32 npairs)
{
	uint32		i;

	jsonb_begin_object(w, npairs);
	for (i = 0; i < npairs; i++)
	{
		Assert(i == 0 || jsonb_compare_keys(keys[i - 1].name, keys[i - 1].len,
											keys[i].name, keys[i].len) < 0);
		jsonb_put_key(w, keys[i].name, keys[i].len);
	}
}

/* jsonb_begin_array begins an array of nelems elements. */
void
jsonb_begin_array(JsonbWriter *w, uint32 nelems)
{
	begin_array(w, nelems, 0);
}

/* jsonb_begin_scalar begins a value that is not a container: one child comes next. */
void
jsonb_begin_scalar(JsonbWriter *w)
{
	begin_array(w, 1, JB_FSCALAR);
}

/*
 * jsonb_begin_extended_array begins an array with all elements of another one
 * and room for nmore that come next.
 *
 * size is that of the other array, without the padding before it.  The JEntries
 * and data of its elements are copied as they are: all data moves by whole
 * JEntries, which keeps it aligned, and offsets in JEntries are relative to the
 * beginning of the data.
 */
void
jsonb_begin_extended_array(JsonbWriter *w, const JsonbContainer *array,
						   uint32 size, uint32 nmore)
{
	uint32		nelems = JsonContainerSize(array);
	uint32		entries = nelems * sizeof(JEntry);
	JsonbFrame *f = begin_array(w, nelems + nmore, 0);

	memcpy(w->buf.data + f->entry, array->children, entries);
	f->entry += entries;
	f->next = nelems;
	f->total = size - offsetof(JsonbContainer, children) - entries;
	put_bytes(w, (const char *) array->children + entries, f->total);
}

/* jsonb_end ends the innermost container. */
void
jsonb_end(JsonbWriter *w)
{
	JsonbFrame *f = &w->frames[w->depth - 1];
	uint32		size = w->buf.len - f->start;

	Assert(f->next == f->count);
	check_size(f, size);
	w->depth--;
	if (w->depth > 0)
		put_child(w, JENTRY_ISCONTAINER, size);
}

void
jsonb_put_key(JsonbWriter *w, const char *key, uint32 len)
{
	Assert(w->frames[w->depth - 1].next < w->frames[w->depth - 1].count / 2);
	jsonb_put_string(w, key, len);
}

void
jsonb_put_null(JsonbWriter *w)
{
	put_child(w, JENTRY_ISNULL, 0);
}

void
jsonb_put_bool(JsonbWriter *w, bool value)
{
	put_child(w, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, 0);
}

void
jsonb_put_string(JsonbWriter *w, const char *str, uint32 len)
{
	check_size(&w->frames[w->depth - 1], len);
	put_bytes(w, str, len);
	put_child(w, JENTRY_ISSTRING, len);
}

/* jsonb_put_numeric puts a number; JSON has none for NaN and infinity. */
void
jsonb_put_numeric(JsonbWriter *w, Numeric num)
{
	if (numeric_is_nan(num) || numeric_is_inf(num))
		jsonb_put_null(w);
	else
		jsonb_put_copy(w, JENTRY_ISNUMERIC, num, VARSIZE_ANY(num));
}

/* jsonb_put_container copies an array or object of another value as it is. */
void
jsonb_put_container(JsonbWriter *w, const void *container, uint32 size)
{
	jsonb_put_copy(w, JENTRY_ISCONTAINER, container, size);
}

/*
 * jsonb_put_copy puts a child of another value: its type bits and its data
 * without the padding before it.
 */
void
jsonb_put_copy(JsonbWriter *w, uint32 type, const void *data, uint32 len)
{
	uint32		padding = 0;

	check_size(&w->frames[w->depth - 1], len);
	if (type == JENTRY_ISCONTAINER || type == JENTRY_ISNUMERIC)
		padding = put_padding(w);
	put_bytes(w, data, len);
	put_child(w, type, padding + len);
}

/* jsonb_compare_keys compares keys in the order of jsonb: by length first. */
int
jsonb_compare_keys(const char *a, uint32 alen, const char *b, uint32 blen)
{
	if (alen != blen)
		return alen < blen ? -1 : 1;
	return memcmp(a, b, alen);
}

/* begin_container puts a container's header and reserves space for its JEntries. */
static JsonbFrame *
begin_container(JsonbWriter *w, uint32 header, uint32 nchildren)
{
	JsonbFrame *f = &w->frames[w->depth];

	Assert(w->depth < JSONB_WRITER_DEPTH);
	w->depth++;
	f->start = w->buf.len;
	f->next = 0;
	f->count = nchildren;
	f->total = 0;
	f->is_object = (header & JB_FOBJECT) != 0;

	put_padding(w);
	put_bytes(w, &header, sizeof(header));
	f->entry = w->buf.len;
	put_bytes(w, NULL, nchildren * sizeof(JEntry));
	return f;
}

static JsonbFrame *
begin_array(JsonbWriter *w, uint32 nelems, uint32 flags)
{
	if (nelems > MAX_ARRAY_ELEMS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("number of jsonb array elements exceeds the maximum allowed (%zu)",
						MAX_ARRAY_ELEMS)));
	return begin_container(w, nelems | JB_FARRAY | flags, nelems);
}

/*
 * put_child puts the JEntry of a child whose data has been written: every
 * JB_OFFSET_STRIDE'th one holds the child's end offset, the others its length.
 */
static void
put_child(JsonbWriter *w, uint32 type, uint32 len)
{
	JsonbFrame *f = &w->frames[w->depth - 1];
	JEntry		entry = type | len;

	Assert(f->next < f->count);
	f->total += len;
	check_size(f, f->total);
	if (f->next % JB_OFFSET_STRIDE == 0)
		entry = type | f->total | JENTRY_HAS_OFF;
	memcpy(w->buf.data + f->entry, &entry, sizeof(entry));
	f->entry += sizeof(entry);
	f->next++;
}

/* put_padding aligns the end of the buffer as containers and numbers require. */
static uint32
put_padding(JsonbWriter *w)
{
	static const char zeros[sizeof(int32)] = {0};
	uint32		padding = INTALIGN(w->buf.len) - w->buf.len;

	put_bytes(w, zeros, padding);
	return padding;
}

/* put_bytes appends bytes, or reserves space for them if data is null. */
static void
put_bytes(JsonbWriter *w, const void *data, uint32 len)
{
	if (w->buf.maxlen - w->buf.len <= (int) len)
		enlargeStringInfo(&w->buf, len);
	if (data != NULL)
		memcpy(w->buf.data + w->buf.len, data, len);
	w->buf.len += len;
}

/* check_size raises jsonb's own error for a container that gets too large. */
static void
check_size(const JsonbFrame *f, uint32 size)
{
	if (likely(size <= JENTRY_OFFLENMASK))
		return;
	if (f->is_object)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of jsonb object elements exceeds the maximum of %u bytes",
						JENTRY_OFFLENMASK)));
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("total size of jsonb array elements exceeds the maximum of %u bytes",
					JENTRY_OFFLENMASK)));
}
