/*-------------------------------------------------------------------------
 *
 * reuse_log_fuzzer.c
 *	  A coverage-guided fuzzer of the reuse log: src/'s pure files outside of
 *	  the server, under libFuzzer and the sanitizers.
 *
 * The fuzzer's bytes are a program (program.c) of these values:
 *
 *		document, context, clock, start, end, rows, places, id
 *
 * a document with a log of whatever, the context of an event to be appended, three times,
 * elements that are rows of the history table, the numbers of these (naive_read_rows has the
 * spelling), and what may be the id of an event.  What src/ makes of
 * them is compared with a naive reading of the same bytes (naive.c), and times
 * are read with a regular expression and the C library's calendar.
 *
 * To add a check, write a function of a Case and put it into checks[].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <regex.h>
#include <time.h>

#include "backend.h"
#include "check_ids.h"
#include "check_list.h"
#include "check_rows.h"
#include "check_sort.h"
#include "time_iso.h"
#include "jsonb_writer.h"
#include "naive.h"
#include "program.h"
#include "log_value.h"

/* reading one as a reference takes long */
#define MAX_TIMES_COMPARED	16

/* 1970-01-01 to 2000-01-01 */
#define EPOCH_SECONDS		946684800

typedef void (*Check) (const Case *c);

extern int	LLVMFuzzerInitialize(int *argc, char ***argv);
extern int	LLVMFuzzerTestOneInput(const uint8 *bytes, size_t size);

static void check_find(const Case *c);
static void check_times(const Case *c);
static void check_values(const Case *c);
static void check_latest_time(const Case *c);
static void check_count_range(const Case *c);
static void check_append(const Case *c);

static const Check checks[] = {
	check_find,
	check_times,
	check_values,
	check_latest_time,
	check_count_range,
	check_append,
	check_list,
	check_move,
	check_rows,
	check_contexts,
	check_ids,
};

static ReuseValue read_document(Program *p);
static ReuseValue read_context(Program *p);
static Timestamp read_time(Program *p);
static ReuseValue append(const ReuseValue *document, const ReuseLog *log, const Case *c);
static void require_appended(const ReuseValue *before, const ReuseValue *after, const Case *c);
static void check_reading(const char *str, uint32 len);
static bool reference_parse(const char *bytes, uint32 len, Timestamp *time);
static int	group_number(const char *str, const regmatch_t *group);
static void check_writing(Timestamp time);

/* What needs no input is checked once. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	check_sort();
	check_id_spellings();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8 *bytes, size_t size)
{
	Program		p;
	Case		c;
	ReuseValue	document;
	ReuseValue	rows;
	ReuseValue	places;
	int			i;

	program_init(&p, bytes, size);
	document = read_document(&p);
	c.context = read_context(&p);
	c.clock = read_time(&p);
	c.range.start = read_time(&p);
	c.range.end = read_time(&p);
	rows = program_value(&p);
	places = program_value(&p);
	c.id = program_value(&p);
	require_canonical(&document);
	require_canonical(&c.context);
	require_canonical(&rows);
	naive_read_document(&c, document);
	naive_read_rows(&c, &rows, &places);

	for (i = 0; i < lengthof(checks); i++)
		checks[i] (&c);

	free_all_memory();
	return 0;
}

/*
 * The input
 */

/* read_document reads a container; a scalar is one in an array of its own. */
static ReuseValue
read_document(Program *p)
{
	ReuseValue	value = program_value(p);
	JsonbWriter w;
	Jsonb	   *scalar;

	if (value.type == JENTRY_ISCONTAINER)
		return value;
	jsonb_writer_init(&w, CurrentMemoryContext, VARHDRSZ);
	jsonb_begin_array(&w, 1);
	jsonb_put_copy(&w, value.type, value.data, value.len);
	jsonb_end(&w);
	scalar = jsonb_writer_finish(&w);
	scalar->root.header |= JB_FSCALAR;
	return (ReuseValue) {JENTRY_ISCONTAINER, (char *) &scalar->root, VARSIZE(scalar) - VARHDRSZ};
}

/* read_context reads an object, which is an empty one where there is another value. */
static ReuseValue
read_context(Program *p)
{
	ReuseValue	value = program_value(p);

	return is_object(&value) ? value : empty_object();
}

/*
 * read_time reads a time from a string; one that is none is a number, since
 * not all times that a column can have can be written in ISO 8601.
 */
static Timestamp
read_time(Program *p)
{
	ReuseValue	value = program_value(p);
	Timestamp	time = 0;

	if (value.type != JENTRY_ISSTRING)
		return 0;
	check_reading(value.data, value.len);
	if (!iso_time_parse(value.data, value.len, &time))
		memcpy(&time, value.data, Min(value.len, sizeof(time)));
	if (!TIMESTAMP_NOT_FINITE(time) && !IS_VALID_TIMESTAMP(time))
		time %= USECS_PER_DAY;
	return time;
}

/*
 * The checks
 */

/* check_find: the log is found where it is, or the right complaint. */
static void
check_find(const Case *c)
{
	ReuseLog	log;

	REQUIRE(log_find((const JsonbContainer *) c->document.data, &log) == c->status);
	REQUIRE(log.count == c->nevents);
	if (c->status != REUSE_LOG_OK || !c->has_log)
		REQUIRE(log.array == NULL);
	else
		REQUIRE((const char *) log.array == c->log_value.data && log.size == c->log_value.len);
}

/* check_times: times are read and written as the C library does it. */
static void
check_times(const Case *c)
{
	ReuseValue	stamp;
	int			i;

	for (i = 0; i < Min(c->nevents, MAX_TIMES_COMPARED); i++)
	{
		if (naive_get(&c->events[i].value, "timestamp", &stamp))
			check_reading(stamp.data, stamp.len);
	}
	check_writing(c->clock);
	check_writing(c->range.start);
	check_writing(c->range.end);
}

/* check_values: a key of an event is found, or found missing. */
static void
check_values(const Case *c)
{
	static const char *const keys[] = {"", "a", "context", "timestamp", "reuse_history"};
	ReuseValue	found;
	ReuseValue	expected;
	int			i;
	int			k;

	for (i = 0; i < c->nevents; i++)
	{
		const ReuseValue *event = &c->events[i].value;

		REQUIRE(reuse_value_is_object(event) == is_object(event));
		for (k = 0; k < lengthof(keys); k++)
		{
			bool		has = naive_get(event, keys[k], &expected);

			REQUIRE(reuse_value_get(event, keys[k], &found) == has);
			REQUIRE(!has || same_value(&found, &expected));
		}
	}
}

/* check_latest_time: the latest time up to a horizon, and that of the event stored last. */
static void
check_latest_time(const Case *c)
{
	const Event *latest = NULL;
	const Event *last = c->nevents > 0 ? &c->events[c->nevents - 1] : NULL;
	Timestamp	time;
	int			i;

	for (i = 0; i < c->nevents; i++)
	{
		if (c->events[i].has_time && c->events[i].time <= c->range.end &&
			(latest == NULL || c->events[i].time > latest->time))
			latest = &c->events[i];
	}
	REQUIRE(log_latest_time(&c->log, c->range.end, &time) == (latest != NULL));
	REQUIRE(latest == NULL || time == latest->time);

	REQUIRE(log_last_time(&c->log, &time) == (last != NULL && last->has_time));
	REQUIRE(last == NULL || !last->has_time || time == last->time);
}

static void
check_count_range(const Case *c)
{
	int64		count = 0;
	int			i;

	for (i = 0; i < c->nevents; i++)
	{
		if (c->events[i].has_time && c->events[i].time >= c->range.start &&
			c->events[i].time < c->range.end)
			count++;
	}
	REQUIRE(log_count_range(&c->log, c->range) == count);
}

/* check_append: two events more, in the document or in one that is not there yet. */
static void
check_append(const Case *c)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseLog	log;
	ReuseValue	nothing = {JENTRY_ISCONTAINER, NULL, 0};
	ReuseValue	empty = empty_object();
	ReuseValue	once;
	ReuseValue	twice;

	if (c->status != REUSE_LOG_OK || !iso_time_event(c->clock, stamp))
		return;
	REQUIRE(log_find(NULL, &log) == REUSE_LOG_OK);
	once = append(&nothing, &log, c);
	require_appended(&empty, &once, c);

	once = append(&c->document, &c->log, c);
	require_appended(&c->document, &once, c);
	REQUIRE(log_find((const JsonbContainer *) once.data, &log) == REUSE_LOG_OK);
	twice = append(&once, &log, c);
	require_appended(&once, &twice, c);
}

static ReuseValue
append(const ReuseValue *document, const ReuseLog *log, const Case *c)
{
	Jsonb	   *result = log_append((const JsonbContainer *) document->data, document->len, log,
									c->clock, (const JsonbContainer *) c->context.data,
									c->context.len);

	return (ReuseValue) {JENTRY_ISCONTAINER, (char *) &result->root, VARSIZE(result) - VARHDRSZ};
}

/* require_appended: the log has the event at its end, and all else is as before. */
static void
require_appended(const ReuseValue *before, const ReuseValue *after, const Case *c)
{
	ReuseValue	log;
	ReuseValue *old = NULL;
	ReuseValue *new;
	uint32		nold = 0;
	uint32		nnew;
	uint32		i;

	require_same_but_log(before, after);
	if (naive_get(before, "reuse_history", &log))
		old = naive_children(&log, &nold);
	REQUIRE(naive_get(after, "reuse_history", &log) && is_array(&log));
	new = naive_children(&log, &nnew);
	REQUIRE(nnew == nold + 1);
	for (i = 0; i < nold; i++)
		REQUIRE(same_value(&old[i], &new[i]));
	require_own_event(&new[nold], c->clock, &c->context);
}

/* check_reading: a string is a time or none, with no look past its end. */
static void
check_reading(const char *str, uint32 len)
{
	char	   *copy = palloc(len);
	Timestamp	time;
	Timestamp	expected;
	bool		is_time;

	memcpy(copy, str, len);
	is_time = iso_time_parse(copy, len, &time);
	REQUIRE(is_time == reference_parse(str, len, &expected));
	REQUIRE(!is_time || time == expected);
	if (is_time)
		check_writing(time);
	pfree(copy);
}

/* reference_parse reads a time with a regular expression and timegm(). */
static bool
reference_parse(const char *bytes, uint32 len, Timestamp *time)
{
	enum
	{
		WHOLE, YEAR, MONTH, DAY, CLOCK_PART, HOUR, MINUTE, SECOND_PART, SECOND,
		FRACTION_PART, FRACTION, ZONE_PART, SIGN, ZONE_HOUR, ZONE_MINUTE_PART, ZONE_MINUTE, GROUPS
	};
	static const char *const pattern =
	"^([0-9]{4})-([0-9]{2})-([0-9]{2})"
	"([Tt ]([0-9]{2}):([0-9]{2})(:([0-9]{2})([.,]([0-9]+))?)?"
	"([Zz]|([+-])([0-9]{2})(:?([0-9]{2}))?)?)?$";
	static regex_t compiled;
	static bool is_compiled;
	regmatch_t	group[GROUPS];
	struct tm	tm = {0};
	struct tm	normal;
	char	   *str = palloc(len + 1);
	int			fraction = 0;
	int			zone;
	int			i;

	if (!is_compiled)
		is_compiled = regcomp(&compiled, pattern, REG_EXTENDED) == 0;
	memcpy(str, bytes, len);
	str[len] = '\0';
	if (strlen(str) != len || regexec(&compiled, str, GROUPS, group, 0) != 0)
		return false;

	tm.tm_year = group_number(str, &group[YEAR]) - 1900;
	tm.tm_mon = group_number(str, &group[MONTH]) - 1;
	tm.tm_mday = group_number(str, &group[DAY]);
	normal = tm;
	timegm(&normal);
	if (tm.tm_year + 1900 < 1 || normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday)
		return false;

	tm.tm_hour = group_number(str, &group[HOUR]);
	tm.tm_min = group_number(str, &group[MINUTE]);
	tm.tm_sec = group_number(str, &group[SECOND]);
	if (group[FRACTION].rm_so >= 0)
	{
		for (i = 0; i < 7; i++)
			fraction = fraction * 10 +
				(group[FRACTION].rm_so + i < group[FRACTION].rm_eo ? str[group[FRACTION].rm_so + i] - '0' : 0);
		fraction = (fraction + 5) / 10;
	}
	if (tm.tm_hour == 24 ? tm.tm_min + tm.tm_sec + fraction > 0 :
		tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;

	zone = group_number(str, &group[ZONE_HOUR]) * 60 + group_number(str, &group[ZONE_MINUTE]);
	if (group_number(str, &group[ZONE_HOUR]) > 15 || group_number(str, &group[ZONE_MINUTE]) > 59)
		return false;
	if (group[SIGN].rm_so >= 0 && str[group[SIGN].rm_so] == '-')
		zone = -zone;
	*time = ((int64) timegm(&tm) - EPOCH_SECONDS - zone * 60) * USECS_PER_SEC + fraction;
	return true;
}

/* group_number reads the digits that a group matched; 0 where it did not. */
static int
group_number(const char *str, const regmatch_t *group)
{
	int			number = 0;
	int			i;

	for (i = group->rm_so; i >= 0 && i < group->rm_eo; i++)
		number = number * 10 + str[i] - '0';
	return number;
}

/* check_writing: a time is written as strftime() does it, into the room there is. */
static void
check_writing(Timestamp time)
{
	char	   *answer = palloc(ISO_TIME_BUFFER);
	char	   *event = palloc(ISO_EVENT_TIME_LEN);
	int			len = iso_time_answer(time, answer);
	bool		has_event_form = iso_time_event(time, event);
	int64		usec = (time % USECS_PER_SEC + USECS_PER_SEC) % USECS_PER_SEC;
	char		expected[64];
	time_t		seconds;
	struct tm	tm;

	REQUIRE(len == strlen(answer));
	if (TIMESTAMP_NOT_FINITE(time))
		REQUIRE(!has_event_form && strcmp(answer, time < 0 ? "-infinity" : "infinity") == 0);
	else
	{
		seconds = (time - usec) / USECS_PER_SEC + EPOCH_SECONDS;
		gmtime_r(&seconds, &tm);
		REQUIRE(has_event_form == (tm.tm_year + 1900 >= 1 && tm.tm_year + 1900 <= 9999));

		sprintf(expected, "%04d-%02d-%02dT%02d:%02d:%02d.%06d",
				tm.tm_year + 1900 < 1 ? 1 - (tm.tm_year + 1900) : tm.tm_year + 1900, tm.tm_mon + 1,
				tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) usec);
		REQUIRE(!has_event_form || memcmp(event, expected, ISO_EVENT_TIME_LEN) == 0);
		if (usec == 0)
			*strchr(expected, '.') = '\0';
		strcat(expected, tm.tm_year + 1900 < 1 ? "Z BC" : "Z");
		REQUIRE(strcmp(answer, expected) == 0);
	}
	pfree(answer);
	pfree(event);
}
