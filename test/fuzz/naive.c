/*-------------------------------------------------------------------------
 *
 * naive.c
 *	  A naive reading of the fuzzer's input, for the checks to compare with.
 *
 * Every container is walked from its front, every search looks at everything,
 * and every order is by counting.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "backend.h"
#include "time_iso.h"
#include "naive.h"

static bool naive_time(const ReuseValue *event, Timestamp *time);
static bool place_row(Case *c, LogRow row);
static bool is_copy(const Case *c, int event, const LogRows *rows);
static int32 free_seq(const Case *c, Timestamp time, const LogRows *rows, int before);
static bool equal_numbers(const ReuseValue *a, const ReuseValue *b);
static ReuseValue naive_child(const ReuseValue *container, const char *data, uint32 start,
							  uint32 end, uint32 type);

/* naive_read_document reads a document, which a case has from then on. */
void
naive_read_document(Case *c, ReuseValue document)
{
	ReuseValue *elements;
	uint32		n = 0;
	int			i;

	c->document = document;
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
	c->events = palloc(n * sizeof(Event));
	for (i = 0; i < c->nevents; i++)
	{
		c->events[i].value = elements[i];
		c->events[i].has_time = naive_time(&elements[i], &c->events[i].time);
	}
	(void) log_find((const JsonbContainer *) c->document.data, &c->log);
}

/*
 * naive_read_rows reads the rows of a history table from an array of their elements, and a
 * string with a byte for each:
 *
 *		a to z		its number, from 0
 *		A to Z		its number, and its time is the clock, not the element's
 *		0 to 9		its number is as far from the greatest that there is
 *
 * Without one, its number is its place in the array.  No two rows of one time have the same
 * number: of those that would, the first is there.
 */
void
naive_read_rows(Case *c, const ReuseValue *elements, const ReuseValue *places)
{
	ReuseValue *values;
	uint32		n = 0;
	uint32		i;

	if (is_array(elements))
		values = naive_children(elements, &n);
	c->rows.rows = palloc(n * sizeof(LogRow));
	c->rows.count = 0;
	for (i = 0; i < n; i++)
	{
		LogRow		row = {.seq = i, .element = reuse_value_to_jsonb(&values[i])};
		int			place = places->type == JENTRY_ISSTRING && i < places->len ? places->data[i] : 0;

		(void) naive_time(&values[i], &row.time);
		if (place >= 'a' && place <= 'z')
			row.seq = place - 'a';
		else if (place >= '0' && place <= '9')
			row.seq = PG_INT32_MAX - (place - '0');
		else if (place >= 'A' && place <= 'Z')
		{
			row.seq = place - 'A';
			row.time = c->clock;
		}
		c->rows.count += place_row(c, row);
	}
}

/* place_row puts a row behind those that are not after it; false if there is one of its number. */
static bool
place_row(Case *c, LogRow row)
{
	LogRow	   *rows = c->rows.rows;
	uint32		place;

	for (place = 0; place < c->rows.count; place++)
	{
		if (rows[place].time == row.time && rows[place].seq == row.seq)
			return false;
	}
	for (; place > 0 && rows[place - 1].time > row.time; place--)
		rows[place] = rows[place - 1];
	rows[place] = row;
	return true;
}

static bool
naive_time(const ReuseValue *event, Timestamp *time)
{
	ReuseValue	stamp;

	*time = DT_NOBEGIN;
	return naive_get(event, "timestamp", &stamp) && stamp.type == JENTRY_ISSTRING &&
		iso_time_parse(stamp.data, stamp.len, time);
}

/* naive_list lists the events that are no copies of rows, by time and then as they are stored. */
LogEvent *
naive_list(const Case *c, const LogRows *rows, uint32 *count)
{
	LogEvent   *list = palloc(c->nevents * sizeof(LogEvent));
	bool	   *copies = palloc(c->nevents * sizeof(bool));
	int			i;
	int			other;

	*count = 0;
	for (i = 0; i < c->nevents; i++)
		copies[i] = is_copy(c, i, rows);
	for (i = 0; i < c->nevents; i++)
	{
		LogEvent	event = {c->events[i].time, i, 0};
		int			rank = 0;
		int			before = 0;

		if (copies[i])
			continue;
		for (other = 0; other < c->nevents; other++)
		{
			Timestamp	time = c->events[other].time;

			if (copies[other])
				continue;
			rank += time < event.time || (time == event.time && other < i);
			before += time == event.time && other < i;
		}
		event.seq = free_seq(c, event.time, rows, before);
		list[rank] = event;
		(*count)++;
	}
	return list;
}

/* is_copy: are there fewer events before it that equal it, of its time, than there are rows? */
static bool
is_copy(const Case *c, int event, const LogRows *rows)
{
	const Event *copy = &c->events[event];
	int			nrows = 0;
	int			nbefore = 0;
	uint32		r;
	int			i;

	for (r = 0; r < rows->count; r++)
	{
		ReuseValue	element;

		reuse_value_of_jsonb(rows->rows[r].element, &element);
		nrows += rows->rows[r].time == copy->time && equal_values(&element, &copy->value);
	}
	for (i = 0; nrows > 0 && i < event; i++)
		nbefore += equal_values(&c->events[i].value, &copy->value);
	return nbefore < nrows;
}

/*
 * free_seq returns a number that no row of a time has, after so many others: the first is the
 * one after the greatest of the rows, or, where that leaves no room for all events of the time,
 * any from zero on.
 */
static int32
free_seq(const Case *c, Timestamp time, const LogRows *rows, int before)
{
	int64		first = 0;
	int32		nevents = 0;
	uint32		r;
	int			i;
	int64		seq;

	for (i = 0; i < c->nevents; i++)
		nevents += c->events[i].time == time;
	for (r = 0; r < rows->count; r++)
	{
		if (rows->rows[r].time == time)
			first = Max(first, (int64) rows->rows[r].seq + 1);
	}
	if (first + nevents > PG_INT32_MAX)
		first = 0;
	for (seq = first;; seq++)
	{
		bool		taken = false;

		for (r = 0; r < rows->count; r++)
			taken |= rows->rows[r].time == time && rows->rows[r].seq == seq;
		if (!taken && before-- == 0)
			return (int32) seq;
	}
}

bool
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
ReuseValue *
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

bool
is_object(const ReuseValue *value)
{
	return value->type == JENTRY_ISCONTAINER && (*(const uint32 *) value->data & JB_FOBJECT) != 0;
}

bool
is_array(const ReuseValue *value)
{
	return value->type == JENTRY_ISCONTAINER && (*(const uint32 *) value->data & JB_FARRAY) != 0;
}

/* same_value: a value's bytes do not depend on where it is, but for the padding before it. */
bool
same_value(const ReuseValue *a, const ReuseValue *b)
{
	return a->type == b->type && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* equal_values: are two values equal as jsonb compares, whatever the spelling of their numbers? */
bool
equal_values(const ReuseValue *a, const ReuseValue *b)
{
	ReuseValue *x;
	ReuseValue *y;
	uint32		n;
	uint32		i;

	if (same_value(a, b))
		return true;
	if (a->type != b->type)
		return false;
	if (a->type == JENTRY_ISNUMERIC)
		return equal_numbers(a, b);
	if (a->type != JENTRY_ISCONTAINER || *(const uint32 *) a->data != *(const uint32 *) b->data)
		return false;
	x = naive_children(a, &n);
	y = naive_children(b, &n);
	for (i = 0; i < n && equal_values(&x[i], &y[i]); i++)
		;
	return i == n;
}

/* equal_numbers: the digits are all that there is to a number, but for how many zeros it shows. */
static bool
equal_numbers(const ReuseValue *a, const ReuseValue *b)
{
	const ShortNumeric *x = (const ShortNumeric *) a->data;
	const ShortNumeric *y = (const ShortNumeric *) b->data;

	return a->len == b->len && ((x->header ^ y->header) & ~SHORT_NUMERIC_PLACES) == 0 &&
		memcmp(x->digits, y->digits, a->len - offsetof(ShortNumeric, digits)) == 0;
}

bool
is_string(const ReuseValue *value, const char *str, uint32 len)
{
	ReuseValue	other = {JENTRY_ISSTRING, str, len};

	return same_value(value, &other);
}

ReuseValue
empty_object(void)
{
	static const uint32 header = JB_FOBJECT;

	return (ReuseValue) {JENTRY_ISCONTAINER, (const char *) &header, sizeof(header)};
}

/*
 * require_canonical walks a value fully: it must be jsonb as the server itself
 * would have written it, which there is only one way to do.
 */
void
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

/* require_same_but_log: the other pairs of a document are as they were. */
void
require_same_but_log(const ReuseValue *before, const ReuseValue *after)
{
	uint32		nold;
	uint32		nnew;
	ReuseValue *old = naive_children(before, &nold);
	ReuseValue *new = naive_children(after, &nnew);
	uint32		o = 0;
	uint32		n = 0;

	require_canonical(after);
	REQUIRE(is_object(after));
	for (;;)
	{
		o += o < nold / 2 && is_string(&old[o], "reuse_history", strlen("reuse_history"));
		n += n < nnew / 2 && is_string(&new[n], "reuse_history", strlen("reuse_history"));
		if (o == nold / 2 || n == nnew / 2)
			break;
		REQUIRE(same_value(&old[o], &new[n]));
		REQUIRE(same_value(&old[nold / 2 + o], &new[nnew / 2 + n]));
		o++;
		n++;
	}
	REQUIRE(o == nold / 2 && n == nnew / 2);
}

/* require_own_event: it is one as we write them; without a time if that cannot be written. */
void
require_own_event(const ReuseValue *event, Timestamp time, const ReuseValue *context)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	bool		has_time = iso_time_event(time, stamp);
	ReuseValue	value;
	uint32		n;

	REQUIRE(is_object(event));
	(void) naive_children(event, &n);
	REQUIRE(n / 2 == (has_time ? 2 : 1));
	REQUIRE(naive_get(event, "context", &value) && same_value(&value, context));
	REQUIRE(!has_time || (naive_get(event, "timestamp", &value) &&
						  is_string(&value, stamp, ISO_EVENT_TIME_LEN)));
}
