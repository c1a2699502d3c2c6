/*-------------------------------------------------------------------------
 *
 * program.c
 *	  The fuzzer's bytes, read as a little program that builds jsonb values.
 *
 * Any bytes are a program, and any program builds structurally valid jsonb.
 * The language looks like JSON, so that the corpus can be read, but it forgives
 * everything, so that no mutation is wasted:
 *
 *		{ } [ ]		objects and arrays; what is not closed ends with the program
 *		"..."		a string of the bytes up to the next quote
 *		123..		a number of as many digits, of base 10,000, and as many zeros behind
 *					its point as there are points; 0 is the digit 9,999
 *		t f			true and false
 *		p			"campaign_space", as the type of a place
 *		e			and a byte: an event as we write them, which is as many
 *					seconds late as the byte is past 'a', in the campaign of that byte
 *		=			the value before it in the array again
 *		, : blank	nothing
 *
 * and any other byte is null.  A key is a string, or one of the bytes
 *
 *		h c t		"reuse_history", "context", "timestamp"
 *		y i m k		"reused_in_type", "reused_in_id", "reused_in_name", "reuse_key"
 *
 * or any other byte, which is itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "backend.h"
#include "time_iso.h"
#include "jsonb_writer.h"
#include "program.h"

/* limits on what is built, far from jsonb's own */
#define MAX_ROOM		(128 * 1024)
#define MAX_DEPTH		12

#define MAX_NUMERIC_DIGITS	20

/* 2026-01-22 10:30:00.123456 */
#define EVENT_TIME		INT64CONST(822393000123456)

typedef struct Pair
{
	ReuseValue	key;
	ReuseValue	value;
} Pair;

static ReuseValue read_value(Program *p, int depth, const ReuseValue *previous);
static ReuseValue read_array(Program *p, int depth);
static ReuseValue read_object(Program *p, int depth);
static ReuseValue read_key(Program *p);
static ReuseValue read_string(Program *p);
static ReuseValue read_numeric(Program *p);
static ReuseValue read_event(Program *p);
static bool more_children(Program *p, int end);
static ReuseValue build_object(Pair *pairs, int npairs);
static int	compare_pairs(const void *a, const void *b);
static void put_value(JsonbWriter *w, const ReuseValue *value);
static ReuseValue finish(JsonbWriter *w);
static ReuseValue string_value(const char *str);

void
program_init(Program *p, const uint8 *bytes, Size size)
{
	p->at = bytes;
	p->end = bytes + size;
	p->room = MAX_ROOM;
}

/* program_value builds the next value; null where the program has ended. */
ReuseValue
program_value(Program *p)
{
	ReuseValue	none = {JENTRY_ISNULL, "", 0};

	return more_children(p, EOF) ? read_value(p, 0, &none) : none;
}

static ReuseValue
read_value(Program *p, int depth, const ReuseValue *previous)
{
	ReuseValue	value = {JENTRY_ISNULL, "", 0};

	if (isdigit(*p->at))
		return read_numeric(p);
	switch (*p->at++)
	{
		case 't':
			value.type = JENTRY_ISBOOL_TRUE;
			break;
		case 'f':
			value.type = JENTRY_ISBOOL_FALSE;
			break;
		case '"':
			value = read_string(p);
			break;
		case 'p':
			value = string_value("campaign_space");
			break;
		case 'e':
			value = read_event(p);
			break;
		case '=':
			value = *previous;
			break;
		case '[':
			if (depth < MAX_DEPTH)
				value = read_array(p, depth + 1);
			break;
		case '{':
			if (depth < MAX_DEPTH)
				value = read_object(p, depth + 1);
			break;
	}
	/* an entry, padding and the value, in each of the containers around it */
	if ((value.len + 8) * (depth + 1) > p->room)
	{
		p->at = p->end;
		return (ReuseValue) {JENTRY_ISNULL, "", 0};
	}
	p->room -= (value.len + 8) * (depth + 1);
	return value;
}

static ReuseValue
read_array(Program *p, int depth)
{
	ReuseValue *elements = palloc(sizeof(ReuseValue));
	int			nelements = 0;
	JsonbWriter w;
	int			i;

	elements[0] = (ReuseValue) {JENTRY_ISNULL, "", 0};
	while (more_children(p, ']'))
	{
		elements = repalloc(elements, (nelements + 1) * sizeof(ReuseValue));
		elements[nelements] = read_value(p, depth, &elements[Max(nelements - 1, 0)]);
		nelements++;
	}

	jsonb_writer_init(&w, CurrentMemoryContext, VARHDRSZ);
	jsonb_begin_array(&w, nelements);
	for (i = 0; i < nelements; i++)
		put_value(&w, &elements[i]);
	pfree(elements);
	return finish(&w);
}

static ReuseValue
read_object(Program *p, int depth)
{
	ReuseValue	previous = {JENTRY_ISNULL, "", 0};
	Pair	   *pairs = palloc(sizeof(Pair));
	int			npairs = 0;
	ReuseValue	object;

	while (more_children(p, '}'))
	{
		pairs = repalloc(pairs, (npairs + 1) * sizeof(Pair));
		pairs[npairs].key = read_key(p);
		if (!more_children(p, '}'))
			break;
		pairs[npairs].value = read_value(p, depth, &previous);
		previous = pairs[npairs].value;
		npairs++;
	}
	object = build_object(pairs, npairs);
	pfree(pairs);
	return object;
}

static ReuseValue
read_key(Program *p)
{
	switch (*p->at++)
	{
		case '"':
			return read_string(p);
		case 'h':
			return string_value("reuse_history");
		case 'c':
			return string_value("context");
		case 't':
			return string_value("timestamp");
		case 'y':
			return string_value("reused_in_type");
		case 'i':
			return string_value("reused_in_id");
		case 'm':
			return string_value("reused_in_name");
		case 'k':
			return string_value("reuse_key");
		default:
			return (ReuseValue) {JENTRY_ISSTRING, (const char *) p->at - 1, 1};
	}
}

static ReuseValue
read_string(Program *p)
{
	ReuseValue	value = {JENTRY_ISSTRING, (const char *) p->at, 0};

	while (p->at < p->end && *p->at++ != '"')
		value.len++;
	return value;
}

static ReuseValue
read_numeric(Program *p)
{
	ShortNumeric *numeric = palloc(offsetof(ShortNumeric, digits) + MAX_NUMERIC_DIGITS * sizeof(uint16));
	int			ndigits = 0;
	int			places = 0;
	Size		size;

	for (; p->at < p->end && isdigit(*p->at); p->at++)
	{
		if (ndigits < MAX_NUMERIC_DIGITS)
			numeric->digits[ndigits++] = *p->at == '0' ? 9999 : *p->at - '0';
	}
	for (; p->at < p->end && *p->at == '.'; p->at++)
		places = Min(places + 1, SHORT_NUMERIC_PLACES >> SHORT_NUMERIC_PLACES_SHIFT);
	numeric->header = SHORT_NUMERIC | places << SHORT_NUMERIC_PLACES_SHIFT | (ndigits - 1);
	size = offsetof(ShortNumeric, digits) + ndigits * sizeof(uint16);
	numeric = repalloc(numeric, size);
	SET_VARSIZE(numeric, size);
	return (ReuseValue) {JENTRY_ISNUMERIC, (const char *) numeric, size};
}

static ReuseValue
read_event(Program *p)
{
	char	   *stamp = palloc(ISO_EVENT_TIME_LEN);
	ReuseValue	id = {JENTRY_ISSTRING, "a", 1};
	Pair		place[3];
	Pair		event[2];

	if (p->at < p->end)
		id.data = (const char *) p->at++;
	place[0] = (Pair) {string_value("reused_in_type"), string_value("campaign_space")};
	place[1] = (Pair) {string_value("reused_in_id"), id};
	place[2] = (Pair) {string_value("reused_in_name"), {JENTRY_ISNULL, "", 0}};
	iso_time_event(EVENT_TIME + (*(const uint8 *) id.data - 'a') * USECS_PER_SEC, stamp);
	event[0] = (Pair) {string_value("context"), build_object(place, lengthof(place))};
	event[1] = (Pair) {string_value("timestamp"), {JENTRY_ISSTRING, stamp, ISO_EVENT_TIME_LEN}};
	return build_object(event, lengthof(event));
}

/* more_children skips what is nothing; false, and past the end, at the end of a container. */
static bool
more_children(Program *p, int end)
{
	while (p->at < p->end && memchr(" \n\t,:", *p->at, 5))
		p->at++;
	if (p->at == p->end)
		return false;
	if (*p->at != end)
		return true;
	p->at++;
	return false;
}

/* build_object sorts the pairs; of those with the same key, one stays. */
static ReuseValue
build_object(Pair *pairs, int npairs)
{
	JsonbWriter w;
	int			n = 0;
	int			i;

	qsort(pairs, npairs, sizeof(Pair), compare_pairs);
	for (i = 0; i < npairs; i++)
	{
		if (n == 0 || compare_pairs(&pairs[n - 1], &pairs[i]) != 0)
			pairs[n++] = pairs[i];
	}

	jsonb_writer_init(&w, CurrentMemoryContext, VARHDRSZ);
	jsonb_begin_object(&w, n);
	for (i = 0; i < n; i++)
		jsonb_put_key(&w, pairs[i].key.data, pairs[i].key.len);
	for (i = 0; i < n; i++)
		put_value(&w, &pairs[i].value);
	return finish(&w);
}

static int
compare_pairs(const void *a, const void *b)
{
	const ReuseValue *x = &((const Pair *) a)->key;
	const ReuseValue *y = &((const Pair *) b)->key;

	return jsonb_compare_keys(x->data, x->len, y->data, y->len);
}

static void
put_value(JsonbWriter *w, const ReuseValue *value)
{
	switch (value->type)
	{
		case JENTRY_ISNULL:
			jsonb_put_null(w);
			break;
		case JENTRY_ISBOOL_TRUE:
		case JENTRY_ISBOOL_FALSE:
			jsonb_put_bool(w, value->type == JENTRY_ISBOOL_TRUE);
			break;
		case JENTRY_ISSTRING:
			jsonb_put_string(w, value->data, value->len);
			break;
		case JENTRY_ISNUMERIC:
			jsonb_put_numeric(w, (Numeric) value->data);
			break;
		case JENTRY_ISCONTAINER:
			jsonb_put_container(w, value->data, value->len);
			break;
	}
}

/* finish returns the container that was written in a chunk that has no byte to spare. */
static ReuseValue
finish(JsonbWriter *w)
{
	char	   *jsonb;

	jsonb_end(w);
	jsonb = (char *) jsonb_writer_finish(w);
	jsonb = repalloc(jsonb, VARSIZE(jsonb));
	return (ReuseValue) {JENTRY_ISCONTAINER, jsonb + VARHDRSZ, VARSIZE(jsonb) - VARHDRSZ};
}

static ReuseValue
string_value(const char *str)
{
	return (ReuseValue) {JENTRY_ISSTRING, str, strlen(str)};
}
