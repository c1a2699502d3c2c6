/*-------------------------------------------------------------------------
 *
 * check_ids.c
 *	  Checks of the ids of events.
 *
 * What an id is says a regular expression, and the C library whether its numbers are in range.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <regex.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "backend.h"
#include "check_ids.h"
#include "event_id.h"

static void check_near(EventId id);
static void check_writing(EventId id, char *buf);
static void check_reading(const char *str, size_t len);
static bool reference_parse(const char *bytes, size_t len, EventId *id);

/* check_id_spellings: all that is nearly an id is refused; it needs no input. */
void
check_id_spellings(void)
{
	check_near((EventId) {INT64CONST(822911400123456), 0});
	check_near((EventId) {0, 10});
	check_near((EventId) {DT_NOBEGIN, PG_INT32_MAX});
	check_near((EventId) {DT_NOEND, PG_INT32_MAX});
	free_all_memory();
}

/* check_ids: what is written is read, and a string is an id or refused. */
void
check_ids(const Case *c)
{
	char		buf[EVENT_ID_BUFFER];
	uint32		i;

	check_writing((EventId) {c->clock, c->nevents}, buf);
	for (i = 0; i < c->rows.count; i++)
		check_writing((EventId) {c->rows.rows[i].time, c->rows.rows[i].seq}, buf);
	if (c->id.type == JENTRY_ISSTRING)
		check_reading(c->id.data, c->id.len);
}

/* check_near: an id, and what it is with a byte less, twice, or changed. */
static void
check_near(EventId id)
{
	static const char others[] = "09-+ \t";
	char		buf[EVENT_ID_BUFFER];
	char		other[2 * EVENT_ID_BUFFER];
	const char *with;
	int			len;
	int			i;

	check_writing(id, buf);
	len = strlen(buf);
	for (i = 0; i <= len; i++)
	{
		/* the byte at the end is the terminator */
		memcpy(other, buf, i);
		memcpy(other + i, buf + i + 1, len - Min(i + 1, len));
		check_reading(other, i < len ? len - 1 : len);
		memcpy(other + i + 1, buf + i, len - i);
		other[i] = buf[i];
		check_reading(other, len + 1);
		for (with = others; *with != '\0'; with++)
		{
			other[i] = *with;
			check_reading(other, len + 1);
		}
		memcpy(other, buf, len);
		for (with = others; i < len && *with != '\0'; with++)
		{
			other[i] = *with;
			check_reading(other, len);
		}
	}
}

static void
check_writing(EventId id, char *buf)
{
	EventId		read;
	int			len = event_id_write(id, buf);

	REQUIRE(len == strlen(buf) && len < EVENT_ID_BUFFER);
	REQUIRE(event_id_parse(cstring_to_text_with_len(buf, len), &read));
	REQUIRE(read.time == id.time && read.seq == id.seq);
}

/* check_reading: a string is an id or none, with no look past its end. */
static void
check_reading(const char *str, size_t len)
{
	text	   *spelled = cstring_to_text_with_len(str, len);
	EventId		id;
	EventId		expected;
	char		again[EVENT_ID_BUFFER];
	bool		is_id = event_id_parse(spelled, &id);

	REQUIRE(is_id == reference_parse(str, len, &expected));
	if (is_id)
	{
		REQUIRE(id.time == expected.time && id.seq == expected.seq);
		check_writing(id, again);
		REQUIRE(strlen(again) == len && memcmp(again, str, len) == 0);
	}
	pfree(spelled);
}

static bool
reference_parse(const char *bytes, size_t len, EventId *id)
{
	static regex_t compiled;
	static bool is_compiled;
	char	   *str = palloc(len + 1);
	regmatch_t	group[4];
	bool		is_id;
	long long	seq;

	if (!is_compiled)
		is_compiled = regcomp(&compiled, "^(0|-?[1-9][0-9]*)-(0|-?[1-9][0-9]*)$", REG_EXTENDED) == 0;
	memcpy(str, bytes, len);
	str[len] = '\0';
	is_id = strlen(str) == len && regexec(&compiled, str, lengthof(group), group, 0) == 0;
	if (is_id)
	{
		errno = 0;
		id->time = strtoll(str, NULL, 10);
		seq = strtoll(str + group[2].rm_so, NULL, 10);
		id->seq = (int32) seq;
		is_id = errno == 0 && seq >= PG_INT32_MIN && seq <= PG_INT32_MAX;
	}
	pfree(str);
	return is_id;
}
