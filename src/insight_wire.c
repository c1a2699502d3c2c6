/*-------------------------------------------------------------------------
 *
 * insight_wire.c
 *	  The state of asset_reuse_insight as bytes: to go from a parallel worker to the
 *	  leader, and from the statement to the function that answers.
 *
 * It holds values and no pointers, but oids: it is read by the same server.  A digest of all that follows
 * tells states from each other, so that the function that answers need not compare them in each row.  It is
 * no proof: whoever makes up states of one digest gets the rates of the first.
 *
 * A cell's sums have as few bytes as they need, a quarter of what they have in memory: bytes are copied several
 * times on their way, and memory that is touched for the first time is dear.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"

#include "insight_state.h"

/* What a state begins with; another one for each layout */
#define STATE_MAGIC			0x496E7305

/* A number: how many bytes it has, and these, the lowest first */
#define MAX_NUMBER			(1 + sizeof(INT128))
#define MAX_CELL			(6 * MAX_NUMBER)

#ifdef WORDS_BIGENDIAN
#define LOWEST_FIRST(half)	pg_bswap64(half)
#else
#define LOWEST_FIRST(half)	(half)
#endif

static void send_state(StringInfo buf, const InsightState *state);
static void send_column(StringInfo buf, const AppColumn *column);
static void send_question(StringInfo buf, InsightQuestion question);
static void send_label(StringInfo buf, InsightLabel label);
static void send_stratum(StringInfo buf, const InsightStratum *stratum);
static void send_cell(StringInfo buf, const InsightCell *cell);
static char *put_number(char *at, INT128 number);
static int	count_bytes(uint64 number);
static InsightState *receive_state(StringInfo buf, MemoryContext context);
static void receive_column(StringInfo buf, AppColumn *column);
static InsightQuestion receive_question(StringInfo buf, MemoryContext context);
static void receive_label(StringInfo buf, InsightState *state);
static bool is_label(const InsightState *state, uint32 number);
static void receive_stratum(StringInfo buf, InsightState *state);
static void receive_cell(StringInfo buf, InsightCell *cell);
static INT128 receive_number(StringInfo buf);

/* insight_state_write returns a state as bytes; insight_state_read reads them in the same order. */
bytea *
insight_state_write(const InsightState *state)
{
	StringInfoData buf;

	pq_begintypsend(&buf);
	send_state(&buf, state);
	return pq_endtypsend(&buf);
}

static void
send_state(StringInfo buf, const InsightState *state)
{
	insight_strata_iterator scan;
	InsightEntry *entry;
	int			start;
	uint64		digest;
	int			i;

	pq_sendint32(buf, STATE_MAGIC);
	pq_sendint64(buf, 0);
	start = buf->len;
	for (i = 0; i < ASSET_NCOLUMNS; i++)
		send_column(buf, &state->columns[i]);
	send_question(buf, state->question);
	pq_sendint32(buf, insight_labels_count(state));
	for (i = 0; i < (int) insight_labels_count(state); i++)
		send_label(buf, state->labels[i]);
	pq_sendint32(buf, state->strata->members);
	insight_strata_start_iterate(state->strata, &scan);
	while ((entry = insight_strata_iterate(state->strata, &scan)) != NULL)
		send_stratum(buf, entry->stratum);
	digest = pg_hton64(hash_bytes_extended((unsigned char *) buf->data + start, buf->len - start, 0));
	memcpy(buf->data + start - sizeof(digest), &digest, sizeof(digest));
}

/* insight_state_digest returns the digest of a state; 0 if these are no such bytes. */
uint64
insight_state_digest(const bytea *bytes)
{
	uint64		digest = 0;

	if (VARSIZE_ANY_EXHDR(bytes) >= sizeof(uint32) + sizeof(digest))
		memcpy(&digest, VARDATA_ANY(bytes) + sizeof(uint32), sizeof(digest));
	return pg_ntoh64(digest);
}

void
insight_report_malformed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("malformed state of asset_reuse_insight")));
}

static void
send_column(StringInfo buf, const AppColumn *column)
{
	pq_sendint32(buf, column->type);
}

static void
send_question(StringInfo buf, InsightQuestion question)
{
	pq_sendfloat8(buf, question.confidence);
	pq_sendbyte(buf, question.asset_type != NULL);
	if (question.asset_type == NULL)
		return;
	pq_sendint32(buf, VARSIZE_ANY_EXHDR(question.asset_type));
	pq_sendbytes(buf, VARDATA_ANY(question.asset_type), VARSIZE_ANY_EXHDR(question.asset_type));
}

static void
send_label(StringInfo buf, InsightLabel label)
{
	CHECK_FOR_INTERRUPTS();
	pq_sendint32(buf, label.len);
	pq_sendbytes(buf, label.data, label.len);
}

static void
send_stratum(StringInfo buf, const InsightStratum *stratum)
{
	int			i;

	CHECK_FOR_INTERRUPTS();
	pq_sendint32(buf, stratum->key.type);
	pq_sendint32(buf, stratum->key.platform);
	pq_sendint32(buf, stratum->key.year);
	pq_sendbyte(buf, stratum->wanted);
	for (i = 0; i < INSIGHT_NDEFECTS; i++)
		pq_sendint64(buf, stratum->defects[i]);
	pq_sendbyte(buf, stratum->ncells);
	if (stratum->ncells == 0)
		return;
	pq_sendbytes(buf, (const char *) stratum->codes, stratum->ncells);
	for (i = 0; i < stratum->ncells; i++)
		send_cell(buf, &stratum->cells[i]);
}

static void
send_cell(StringInfo buf, const InsightCell *cell)
{
	char	   *at;

	enlargeStringInfo(buf, MAX_CELL);
	at = buf->data + buf->len;
	at = put_number(at, insight_int128_make(0, cell->assets));
	at = put_number(at, cell->n);
	at = put_number(at, cell->x);
	at = put_number(at, cell->nn);
	at = put_number(at, cell->xn);
	at = put_number(at, cell->xx);
	buf->len = at - buf->data;
}

/* put_number writes a number, and returns where it ends; there is room for the longest. */
static char *
put_number(char *at, INT128 number)
{
	uint64		low = insight_int128_low(number);
	uint64		high = insight_int128_high(number);
	uint64		halves[] = {LOWEST_FIRST(low), LOWEST_FIRST(high)};
	int			len = high != 0 ? (int) sizeof(low) + count_bytes(high) : count_bytes(low);

	*at++ = len;
	memcpy(at, halves, sizeof(halves));
	return at + len;
}

/* count_bytes returns how many bytes a number has, without its leading zeros. */
static int
count_bytes(uint64 number)
{
	return number == 0 ? 0 : pg_leftmost_one_pos64(number) / BITS_PER_BYTE + 1;
}

/*
 * insight_state_read makes the state again, in a memory context.
 *
 * Error 22023, or 08P01 where they end too soon, if the bytes are no state: anybody can hand some in.
 */
InsightState *
insight_state_read(const bytea *bytes, MemoryContext context)
{
	StringInfoData buf = {
		.data = VARDATA_ANY(bytes), .len = VARSIZE_ANY_EXHDR(bytes), .maxlen = VARSIZE_ANY_EXHDR(bytes)
	};

	return receive_state(&buf, context);
}

static InsightState *
receive_state(StringInfo buf, MemoryContext context)
{
	InsightState *state = insight_state_create(context);
	uint32		n;
	int			i;

	if (buf->len < (int) sizeof(uint32) || pq_getmsgint(buf, 4) != STATE_MAGIC)
		insight_report_malformed();
	(void) pq_getmsgint64(buf);	/* the digest */
	for (i = 0; i < ASSET_NCOLUMNS; i++)
		receive_column(buf, &state->columns[i]);
	state->question = receive_question(buf, context);
	insight_state_prepare(state);
	for (n = pq_getmsgint(buf, 4); n > 0; n--)
		receive_label(buf, state);
	for (n = pq_getmsgint(buf, 4); n > 0; n--)
		receive_stratum(buf, state);
	pq_getmsgend(buf);
	return state;
}

static void
receive_column(StringInfo buf, AppColumn *column)
{
	column->type = pq_getmsgint(buf, 4);
	column->present = OidIsValid(column->type);
}

static InsightQuestion
receive_question(StringInfo buf, MemoryContext context)
{
	InsightQuestion question = {.confidence = pq_getmsgfloat8(buf)};
	MemoryContext old;
	int			len;

	if (!pq_getmsgbyte(buf))
		return question;
	len = pq_getmsgint(buf, 4);
	old = MemoryContextSwitchTo(context);
	question.asset_type = cstring_to_text_with_len(pq_getmsgbytes(buf, len), len);
	MemoryContextSwitchTo(old);
	return question;
}

static void
receive_label(StringInfo buf, InsightState *state)
{
	int			len = pq_getmsgint(buf, 4);

	CHECK_FOR_INTERRUPTS();
	(void) insight_labels_add(state, (InsightLabel) {pq_getmsgbytes(buf, len), len});
}

/* is_label: is it a label's number, or that of a null? */
static bool
is_label(const InsightState *state, uint32 number)
{
	return number == INSIGHT_NULL_LABEL || number < insight_labels_count(state);
}

static void
receive_stratum(StringInfo buf, InsightState *state)
{
	InsightKey	key;
	InsightStratum *stratum;
	int			n;
	int			i;

	CHECK_FOR_INTERRUPTS();
	key.type = pq_getmsgint(buf, 4);
	key.platform = pq_getmsgint(buf, 4);
	key.year = (int32) pq_getmsgint(buf, 4);
	if ((!state->type_is_enum && !is_label(state, key.type)) || !is_label(state, key.platform))
		insight_report_malformed();
	stratum = insight_state_stratum(state, key, pq_getmsgbyte(buf) != 0);
	for (i = 0; i < INSIGHT_NDEFECTS; i++)
		stratum->defects[i] = pq_getmsgint64(buf);
	n = pq_getmsgbyte(buf);
	if (n == 0)
		return;
	/* twice the same stratum */
	if (stratum->ncells > 0)
		insight_report_malformed();
	insight_stratum_reserve(state, stratum, n);
	memcpy(stratum->codes, pq_getmsgbytes(buf, n), n);
	for (i = 0; i < n; i++)
		receive_cell(buf, &stratum->cells[i]);
	stratum->ncells = n;
}

static void
receive_cell(StringInfo buf, InsightCell *cell)
{
	cell->assets = (int64) insight_int128_low(receive_number(buf));
	cell->n = receive_number(buf);
	cell->x = receive_number(buf);
	cell->nn = receive_number(buf);
	cell->xn = receive_number(buf);
	cell->xx = receive_number(buf);
}

static INT128
receive_number(StringInfo buf)
{
	uint64		halves[2] = {0};
	int			left = buf->len - buf->cursor - 1;
	int			len = left >= 0 ? (uint8) buf->data[buf->cursor] : 0;

	if (left < 0 || len > Min(left, (int) sizeof(halves)))
		insight_report_malformed();
	memcpy(halves, buf->data + buf->cursor + 1, len);
	buf->cursor += 1 + len;
	return insight_int128_make((int64) LOWEST_FIRST(halves[1]), LOWEST_FIRST(halves[0]));
}
