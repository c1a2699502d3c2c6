/*-------------------------------------------------------------------------
 *
 * reuse_log_fuzzer.c
 *	  A coverage-guided fuzzer of the reuse log: src/'s pure files outside of
 *	  the server, under libFuzzer and the sanitizers.
 *
 * The fuzzer's bytes are a program (program.c) of these values:
 *
 *		document, context, clock, start, end
 *
 * a document with a log of whatever, the context of an event to be appended,
 * and three times.  What src/ makes of them is compared with a naive
 * reading of the same bytes: every container is walked from its front, every
 * search looks at everything, every order is by counting, and times are read
 * with a regular expression and the C library's calendar.
 *
 * To add a check, write a function of a Case and put it into checks[].
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <regex.h>
#include <time.h>

#include "backend.h"
#include "iso_time.h"
#include "jsonb_writer.h"
#include "program.h"
#include "reuse_log.h"
#include "reuse_timeline.h"

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* reading one as a reference takes long */
#define MAX_TIMES_COMPARED	16

/* 1970-01-01 to 2000-01-01 */
#define EPOCH_SECONDS		946684800

/* An input, and what a naive reading finds in it */
typedef struct Case
{
	ReuseValue	document;		/* a container, an object mostly */
	ReuseValue	context;		/* an object */
	Timestamp	clock;
	ReuseRange	range;

	ReuseLogStatus status;
	ReuseValue	log_value;		/* of the key reuse_history, if it is there */
	bool		has_log;
	ReuseEvent *events;			/* in stored order */
	int			nevents;

	ReuseLog	log;			/* what src/ has found */
} Case;

typedef void (*Check) (const Case *c);

extern int	LLVMFuzzerTestOneInput(const uint8 *bytes, size_t size);

static void check_find(const Case *c);
static void check_times(const Case *c);
static void check_values(const Case *c);
static void check_latest_time(const Case *c);
static void check_count_range(const Case *c);
static void check_timeline(const Case *c);
static void check_append(const Case *c);

static const Check checks[] = {
	check_find,
	check_times,
	check_values,
	check_latest_time,
	check_count_range,
	check_timeline,
	check_append,
};

static ReuseValue read_document(Program *p);
static ReuseValue read_context(Program *p);
static Timestamp read_time(Program *p);
static void read_naively(Case *c);
static bool naive_time(const ReuseValue *event, Timestamp *time);
static bool naive_get(const ReuseValue *object, const char *key, ReuseValue *value);
static ReuseValue *naive_children(const ReuseValue *container, uint32 *count);
static ReuseValue naive_child(const ReuseValue *container, const char *data, uint32 start,
							  uint32 end, uint32 type);
static bool is_object(const ReuseValue *value);
static bool is_array(const ReuseValue *value);
static bool same_value(const ReuseValue *a, const ReuseValue *b);
static bool is_string(const ReuseValue *value, const char *str, uint32 len);
static void require_canonical(const ReuseValue *value);
static int	naive_rank(const Case *c, int event);
static bool is_before(const Case *c, int a, int b);
static ReuseValue append(const ReuseValue *document, const ReuseLog *log, const Case *c);
static void require_appended(const ReuseValue *before, const ReuseValue *after, const Case *c);
static void require_extended(const ReuseValue *before, const ReuseValue *after, const Case *c);
static void check_reading(const char *str, uint32 len);
static bool reference_parse(const char *bytes, uint32 len, Timestamp *time);
static int	group_number(const char *str, const regmatch_t *group);
static void check_writing(Timestamp time);

int
LLVMFuzzerTestOneInput(const uint8 *bytes, size_t size)
{
	Program		p;
	Case		c;
	int			i;

	program_init(&p, bytes, size);
	c.document = read_document(&p);
	c.context = read_context(&p);
	c.clock = read_time(&p);
	c.range.start = read_time(&p);
	c.range.end = read_time(&p);
	require_canonical(&c.document);
	require_canonical(&c.context);
	read_naively(&c);

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
	static const uint32 empty = JB_FOBJECT;
	ReuseValue	value = program_value(p);

	if (is_object(&value))
		return value;
	return (ReuseValue) {JENTRY_ISCONTAINER, (const char *) &empty, sizeof(empty)};
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
 * The naive reading
 */

static void
read_naively(Case *c)
{
	ReuseValue *elements;
	uint32		n = 0;
	int			i;

	c->has_log = naive_get(&c->document, "reuse_history", &c->log_value);
	if (!is_object(&c->document))
		c->status = REUSE_LOG_NO_OBJECT;
	else if (c->has_log && !is_array(&c->log_value))
		c->status = REUSE_LOG_NO_ARRAY;
	else
		c->status = REUSE_LOG_OK;

	if (c->has_log && c->status == REUSE_LOG_OK)
		elements = naive_children(&c->log_value, &n);
	c->nevents = n;
	c->events = palloc(n * sizeof(ReuseEvent));
	for (i = 0; i < c->nevents; i++)
	{
		c->events[i].value = elements[i];
		c->events[i].has_time = naive_time(&elements[i], &c->events[i].time);
	}
	(void) reuse_log_find((const JsonbContainer *) c->document.data, &c->log);
}

static bool
naive_time(const ReuseValue *event, Timestamp *time)
{
	ReuseValue	stamp;

	return naive_get(event, "timestamp", &stamp) && stamp.type == JENTRY_ISSTRING &&
		iso_time_parse(stamp.data, stamp.len, time);
}

static bool
naive_get(const ReuseValue *object, const char *key, ReuseValue *value)
{
	ReuseValue *children;
	uint32		n;
	uint32		i;

	if (!is_object(object))
		return false;
	children = naive_children(object, &n);
	for (i = 0; i < n / 2; i++)
	{
		if (is_string(&children[i], key, strlen(key)))
		{
			*value = children[n / 2 + i];
			return true;
		}
	}
	return false;
}

/*
 * naive_children reads a container's children, an object's keys before its values,
 * and requires that their entries are as the server would have them.
 */
static ReuseValue *
naive_children(const ReuseValue *container, uint32 *count)
{
	const JsonbContainer *head = (const JsonbContainer *) container->data;
	uint32		n = JsonContainerSize(head) * (is_object(container) ? 2 : 1);
	const char *data = (const char *) &head->children[n];
	ReuseValue *children = palloc(n * sizeof(ReuseValue));
	uint32		start = 0;
	uint32		i;

	REQUIRE(data <= container->data + container->len);
	for (i = 0; i < n; i++)
	{
		JEntry		entry = head->children[i];
		uint32		end = JBE_OFFLENFLD(entry);

		REQUIRE(JBE_HAS_OFF(entry) == (i % JB_OFFSET_STRIDE == 0));
		if (!JBE_HAS_OFF(entry))
			end += start;
		children[i] = naive_child(container, data, start, end, entry & JENTRY_TYPEMASK);
		start = end;
	}
	REQUIRE(data + start == container->data + container->len);
	*count = n;
	return children;
}

/* naive_child reads a child without its padding, which must be what is needed, of zeros. */
static ReuseValue
naive_child(const ReuseValue *container, const char *data, uint32 start, uint32 end, uint32 type)
{
	const char *at = data + start;

	REQUIRE(start <= end && data + end <= container->data + container->len);
	if (type == JENTRY_ISCONTAINER || type == JENTRY_ISNUMERIC)
	{
		for (; (at - container->data) % sizeof(int32) != 0; at++)
			REQUIRE(at < data + end && *at == 0);
	}
	return (ReuseValue) {type, at, data + end - at};
}

static bool
is_object(const ReuseValue *value)
{
	return value->type == JENTRY_ISCONTAINER && (*(const uint32 *) value->data & JB_FOBJECT) != 0;
}

static bool
is_array(const ReuseValue *value)
{
	return value->type == JENTRY_ISCONTAINER && (*(const uint32 *) value->data & JB_FARRAY) != 0;
}

/* same_value: a value's bytes do not depend on where it is, but for the padding before it. */
static bool
same_value(const ReuseValue *a, const ReuseValue *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool
is_string(const ReuseValue *value, const char *str, uint32 len)
{
	ReuseValue	other = {JENTRY_ISSTRING, str, len};

	return same_value(value, &other);
}

/*
 * require_canonical walks a value fully: it must be jsonb as the server itself
 * would have written it, which there is only one way to do.
 */
static void
require_canonical(const ReuseValue *value)
{
	ReuseValue *children;
	uint32		n;
	uint32		i;

	switch (value->type)
	{
		case JENTRY_ISSTRING:
			return;
		case JENTRY_ISNUMERIC:
			REQUIRE(value->len >= VARHDRSZ && VARSIZE(value->data) == value->len);
			return;
		case JENTRY_ISNULL:
		case JENTRY_ISBOOL_TRUE:
		case JENTRY_ISBOOL_FALSE:
			REQUIRE(value->len == 0);
			return;
	}
	REQUIRE(value->type == JENTRY_ISCONTAINER && value->len >= sizeof(uint32));
	REQUIRE(is_object(value) != is_array(value));
	children = naive_children(value, &n);
	for (i = 0; i < n; i++)
		require_canonical(&children[i]);
	if (!is_object(value))
		return;
	for (i = 0; i < n / 2; i++)
	{
		const ReuseValue *key = &children[i];

		REQUIRE(key->type == JENTRY_ISSTRING);
		REQUIRE(i == 0 || key[-1].len < key->len ||
				(key[-1].len == key->len && memcmp(key[-1].data, key->data, key->len) < 0));
	}
}

/*
 * The checks
 */

/* check_find: the log is found where it is, or the right complaint. */
static void
check_find(const Case *c)
{
	ReuseLog	log;

	REQUIRE(reuse_log_find((const JsonbContainer *) c->document.data, &log) == c->status);
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

/* check_latest_time: the latest time of all, and that of the event stored last. */
static void
check_latest_time(const Case *c)
{
	const ReuseEvent *latest = NULL;
	const ReuseEvent *last = c->nevents > 0 ? &c->events[c->nevents - 1] : NULL;
	Timestamp	time;
	int			i;

	for (i = 0; i < c->nevents; i++)
	{
		if (c->events[i].has_time && (latest == NULL || c->events[i].time > latest->time))
			latest = &c->events[i];
	}
	REQUIRE(reuse_log_latest_time(&c->log, &time) == (latest != NULL));
	REQUIRE(latest == NULL || time == latest->time);

	REQUIRE(reuse_log_last_time(&c->log, &time) == (last != NULL && last->has_time));
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
	REQUIRE(reuse_log_count_range(&c->log, c->range) == count);
}

/* check_timeline: each event at its place, and where the events before a time begin. */
static void
check_timeline(const Case *c)
{
	ReuseTimeline timeline;
	uint32		place;
	int			later = 0;
	int			i;

	reuse_timeline_begin(&timeline, &c->log);
	for (i = 0; i < c->nevents; i++)
	{
		const ReuseEvent *event = &c->events[i];
		ReuseEvent	shown;

		reuse_timeline_get(&timeline, naive_rank(c, i), &shown);
		REQUIRE(shown.value.data == event->value.data);
		REQUIRE(same_value(&shown.value, &event->value));
		REQUIRE(shown.has_time == event->has_time);
		REQUIRE(!event->has_time || shown.time == event->time);
		later += event->has_time && event->time >= c->range.start;
	}
	place = reuse_timeline_find(&timeline, c->range.start);
	REQUIRE(place == (uint32) later);
}

/* naive_rank counts the events before one in a history. */
static int
naive_rank(const Case *c, int event)
{
	int			rank = 0;
	int			i;

	for (i = 0; i < c->nevents; i++)
		rank += is_before(c, i, event);
	return rank;
}

/* is_before: newest first, those without a time last, and the later-stored first. */
static bool
is_before(const Case *c, int a, int b)
{
	const ReuseEvent *x = &c->events[a];
	const ReuseEvent *y = &c->events[b];

	if (x->has_time && y->has_time && x->time != y->time)
		return x->time > y->time;
	if (x->has_time != y->has_time)
		return x->has_time;
	return a > b;
}

/* check_append: two events more, in the document or in one that is not there yet. */
static void
check_append(const Case *c)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseLog	log = {0};
	ReuseValue	nothing = {JENTRY_ISCONTAINER, NULL, 0};
	ReuseValue	once;
	ReuseValue	twice;

	if (c->status != REUSE_LOG_OK || !iso_time_event(c->clock, stamp))
		return;
	once = append(&nothing, &log, c);
	require_appended(&nothing, &once, c);

	once = append(&c->document, &c->log, c);
	require_appended(&c->document, &once, c);
	REQUIRE(reuse_log_find((const JsonbContainer *) once.data, &log) == REUSE_LOG_OK);
	twice = append(&once, &log, c);
	require_appended(&once, &twice, c);
}

static ReuseValue
append(const ReuseValue *document, const ReuseLog *log, const Case *c)
{
	Jsonb	   *result = reuse_log_append((const JsonbContainer *) document->data, document->len, log,
										  c->clock, (const JsonbContainer *) c->context.data,
										  c->context.len);

	return (ReuseValue) {JENTRY_ISCONTAINER, (char *) &result->root, VARSIZE(result) - VARHDRSZ};
}

/* require_appended: the log has the event at its end, and all else is as before. */
static void
require_appended(const ReuseValue *before, const ReuseValue *after, const Case *c)
{
	ReuseValue	old_log = {JENTRY_ISNULL, "", 0};
	ReuseValue *old = NULL;
	ReuseValue *new;
	uint32		nold = 0;
	uint32		nnew;
	uint32		i;
	uint32		o = 0;

	require_canonical(after);
	REQUIRE(is_object(after));
	if (before->data != NULL)
		old = naive_children(before, &nold);
	new = naive_children(after, &nnew);
	for (i = 0; i < nnew / 2; i++)
	{
		const ReuseValue *key = &new[i];
		const ReuseValue *value = &new[nnew / 2 + i];
		bool		is_old = o < nold / 2 && same_value(key, &old[o]);

		if (is_string(key, "reuse_history", strlen("reuse_history")))
			require_extended(is_old ? &old[nold / 2 + o] : &old_log, value, c);
		else
			REQUIRE(is_old && same_value(value, &old[nold / 2 + o]));
		o += is_old;
	}
	REQUIRE(o == nold / 2);
	REQUIRE(naive_get(after, "reuse_history", &old_log));
}

/* require_extended: the array has the old one's events, and then ours. */
static void
require_extended(const ReuseValue *before, const ReuseValue *after, const Case *c)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseValue *old = NULL;
	ReuseValue *new;
	ReuseValue *event;
	uint32		nold = 0;
	uint32		nnew;
	uint32		nevent;
	uint32		i;

	if (before->type == JENTRY_ISCONTAINER)
		old = naive_children(before, &nold);
	new = naive_children(after, &nnew);
	REQUIRE(is_array(after) && nnew == nold + 1);
	for (i = 0; i < nold; i++)
		REQUIRE(same_value(&old[i], &new[i]));

	REQUIRE(is_object(&new[nold]));
	event = naive_children(&new[nold], &nevent);
	REQUIRE(nevent == 4);
	REQUIRE(is_string(&event[0], "context", strlen("context")));
	REQUIRE(is_string(&event[1], "timestamp", strlen("timestamp")));
	REQUIRE(same_value(&event[2], &c->context));
	REQUIRE(iso_time_event(c->clock, stamp) && is_string(&event[3], stamp, ISO_EVENT_TIME_LEN));
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
