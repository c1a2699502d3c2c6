/*-------------------------------------------------------------------------
 *
 * answer.h
 *	  Writing the JSON answers: columns, ISO times, rounded numbers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ASSET_REUSE_ANSWER_H
#define ASSET_REUSE_ANSWER_H

#include "datatype/timestamp.h"

#include "app_row.h"
#include "event_id.h"
#include "jsonb_writer.h"

/* The keys of a row's object that are no columns, at most */
#define ANSWER_MAX_EXTRAS	8

/* One of them, and what puts its value */
typedef struct AnswerExtra
{
	JsonbKey	key;
	void		(*put) (JsonbWriter *w, const void *of);
} AnswerExtra;

extern void answer_put_row(JsonbWriter *w, AppRole role, const AppRow *row, ColumnSet set,
						   const int64 *reuses_in_range);
extern void answer_put_row_with(JsonbWriter *w, AppRole role, const AppRow *row, ColumnSet set,
								const AnswerExtra *extras, int nextras, const void *of);
extern void answer_put_column(JsonbWriter *w, const AppRow *row, int column);
extern void answer_put_text(JsonbWriter *w, const text *value);
extern void answer_put_int(JsonbWriter *w, int64 value);
extern void answer_put_time(JsonbWriter *w, Timestamp time);
extern void answer_put_event_time(JsonbWriter *w, Timestamp time);
extern void answer_put_event_id(JsonbWriter *w, EventId id);
extern void answer_put_ratio(JsonbWriter *w, int64 factor, int64 dividend, int64 divisor);
extern Numeric answer_ratio(int64 factor, int64 dividend, int64 divisor);
extern void answer_put_lift(JsonbWriter *w, double value, double base);
extern void answer_put_rounded(JsonbWriter *w, double value);
extern void answer_put_significant(JsonbWriter *w, double value, int digits);

#endif							/* ASSET_REUSE_ANSWER_H */
