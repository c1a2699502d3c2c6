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

#include "iso_time.h"
#include "naive.h"

static bool naive_time(const ReuseValue *event, Timestamp *time);
static int	naive_rank(const Case *c, int event);
static bool is_before(const Case *c, int a, int b);
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
	c->events = palloc(n * sizeof(ReuseEvent));
	for (i = 0; i < c->nevents; i++)
	{
		c->events[i].value = elements[i];
		c->events[i].has_time = naive_time(&elements[i], &c->events[i].time);
	}
	c->history = palloc(n * sizeof(int));
	for (i = 0; i < c->nevents; i++)
		c->history[naive_rank(c, i)] = i;
	(void) reuse_log_find((const JsonbContainer *) c->document.data, &c->log);
}

/*
 * naive_read_rows reads the rows of a history table from an array of events: those of them
 * that a row can be made of, in time order.
 */
void
naive_read_rows(Case *c, const ReuseValue *value)
{
	ReuseValue *elements;
	char		stamp[ISO_EVENT_TIME_LEN];
	uint32		n = 0;
	uint32		i;

	if (is_array(value))
		elements = naive_children(value, &n);
	c->rows = palloc(n * sizeof(ReuseRow));
	c->nrows = 0;
	for (i = 0; i < n; i++)
	{
		ReuseRow	row = {0};
		uint32		place = c->nrows;

		if (!naive_time(&elements[i], &row.time) || !iso_time_event(row.time, stamp))
			continue;
		row.number = i;
		row.has_context = naive_get(&elements[i], "context", &row.context);
		for (; place > 0 && c->rows[place - 1].time > row.time; place--)
			c->rows[place] = c->rows[place - 1];
		c->rows[place] = row;
		c->nrows++;
	}
}

static bool
naive_time(const ReuseValue *event, Timestamp *time)
{
	ReuseValue	stamp;

	return naive_get(event, "timestamp", &stamp) && stamp.type == JENTRY_ISSTRING &&
		iso_time_parse(stamp.data, stamp.len, time);
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

/* require_own_event: it is one as we write them; without a context if that is null. */
void
require_own_event(const ReuseValue *event, Timestamp time, const ReuseValue *context)
{
	char		stamp[ISO_EVENT_TIME_LEN];
	ReuseValue	value;
	uint32		n;

	REQUIRE(is_object(event));
	(void) naive_children(event, &n);
	REQUIRE(n / 2 == (context != NULL ? 2 : 1));
	REQUIRE(naive_get(event, "timestamp", &value));
	REQUIRE(iso_time_event(time, stamp) && is_string(&value, stamp, ISO_EVENT_TIME_LEN));
	REQUIRE(context == NULL || (naive_get(event, "context", &value) && same_value(&value, context)));
}
