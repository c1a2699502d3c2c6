/*-------------------------------------------------------------------------
 *
 * naive.h
 *	  A naive reading of the fuzzer's input, for the checks to compare with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_FUZZ_NAIVE_H
#define ASSET_REUSE_FUZZ_NAIVE_H

#include "log_list.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* An element of a log */
typedef struct Event
{
	ReuseValue	value;
	bool		has_time;
	Timestamp	time;			/* DT_NOBEGIN: it has none */
} Event;

/* An input, and what a naive reading finds in it */
typedef struct Case
{
	ReuseValue	document;		/* a container, an object mostly */
	ReuseValue	context;		/* an object */
	Timestamp	clock;
	ReuseRange	range;
	LogRows		rows;			/* in time order, those of one time in any */
	ReuseValue	id;				/* a string */

	/* of the document */
	ReuseLogStatus status;
	ReuseValue	log_value;		/* of the key reuse_history, if it is there */
	bool		has_log;
	Event	   *events;			/* in stored order */
	int			nevents;

	ReuseLog	log;			/* what src/ has found */
} Case;

extern void naive_read_document(Case *c, ReuseValue document);
extern void naive_read_rows(Case *c, const ReuseValue *elements, const ReuseValue *places);
extern LogEvent *naive_list(const Case *c, const LogRows *rows, uint32 *count);

extern bool naive_get(const ReuseValue *object, const char *key, ReuseValue *value);
extern ReuseValue *naive_children(const ReuseValue *container, uint32 *count);
extern bool is_object(const ReuseValue *value);
extern bool is_array(const ReuseValue *value);
extern bool same_value(const ReuseValue *a, const ReuseValue *b);
extern bool equal_values(const ReuseValue *a, const ReuseValue *b);
extern bool is_string(const ReuseValue *value, const char *str, uint32 len);
extern ReuseValue empty_object(void);

extern void require_canonical(const ReuseValue *value);
extern void require_same_but_log(const ReuseValue *before, const ReuseValue *after);
extern void require_own_event(const ReuseValue *event, Timestamp time, const ReuseValue *context);

#endif							/* ASSET_REUSE_FUZZ_NAIVE_H */
