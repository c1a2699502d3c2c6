/*-------------------------------------------------------------------------
 *
 * insight_wire.c
 *	  The state of asset_reuse_insight as bytes: to go from a parallel worker to the
 *	  leader, and from the statement to the function that answers.
 *
 * It holds values and no pointers, but oids: it is read by the same server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "insight_state.h"

/* What a state begins with; another one for each layout */
#define STATE_MAGIC			0x496E7301

static void send_column(StringInfo buf, const AppColumn *column);
static void send_stratum(StringInfo buf, const InsightStratum *stratum);
static void send_int128(StringInfo buf, INT128 value);
static void receive_column(StringInfo buf, AppColumn *column);
static void receive_stratum(StringInfo buf, InsightState *state);
static void receive_int128(StringInfo buf, INT128 *value);

/* insight_state_send writes the state; insight_state_receive reads it in the same order. */
void
insight_state_send(StringInfo buf, const InsightState *state)
{
	insight_strata_iterator scan;
	InsightEntry *entry;
	int			i;

	pq_sendint32(buf, STATE_MAGIC);
	for (i = 0; i < ASSET_NCOLUMNS; i++)
		send_column(buf, &state->columns[i]);
	send_column(buf, &state->platform);
	pq_sendint32(buf, state->strata->members);
	insight_strata_start_iterate(state->strata, &scan);
	while ((entry = insight_strata_iterate(state->strata, &scan)) != NULL)
		send_stratum(buf, entry->stratum);
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
send_stratum(StringInfo buf, const InsightStratum *stratum)
{
	int			i;

	CHECK_FOR_INTERRUPTS();
	pq_sendint32(buf, stratum->key.len);
	pq_sendbytes(buf, stratum->key.data, stratum->key.len);
	pq_sendbyte(buf, stratum->wanted);
	for (i = 0; i < INSIGHT_NDEFECTS; i++)
		pq_sendint64(buf, stratum->defects[i]);
	pq_sendbyte(buf, stratum->ncells);
	for (i = 0; i < stratum->ncells; i++)
	{
		const InsightCell *cell = &stratum->cells[i];

		pq_sendbyte(buf, stratum->codes[i]);
		pq_sendint64(buf, cell->assets);
		send_int128(buf, cell->n);
		send_int128(buf, cell->x);
		send_int128(buf, cell->nn);
		send_int128(buf, cell->xn);
		send_int128(buf, cell->xx);
	}
}

static void
send_int128(StringInfo buf, INT128 value)
{
	pq_sendint64(buf, insight_int128_high(value));
	pq_sendint64(buf, insight_int128_low(value));
}

/*
 * insight_state_receive makes the state again, in a memory context.
 *
 * Error 22023 if the bytes are no state: anybody can hand some in.
 */
InsightState *
insight_state_receive(StringInfo buf, MemoryContext context)
{
	InsightState *state = insight_state_create(context);
	uint32		n;
	int			i;

	if (buf->len < (int) sizeof(uint32) || pq_getmsgint(buf, 4) != STATE_MAGIC)
		insight_report_malformed();
	for (i = 0; i < ASSET_NCOLUMNS; i++)
		receive_column(buf, &state->columns[i]);
	receive_column(buf, &state->platform);
	insight_state_prepare(state);
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

static void
receive_stratum(StringInfo buf, InsightState *state)
{
	InsightKey	key;
	InsightStratum *stratum;
	int			n;
	int			i;

	CHECK_FOR_INTERRUPTS();
	key.len = pq_getmsgint(buf, 4);
	key.data = pq_getmsgbytes(buf, key.len);
	insight_labels_check(state, key);
	stratum = insight_state_stratum(state, key, pq_getmsgbyte(buf) != 0);
	for (i = 0; i < INSIGHT_NDEFECTS; i++)
		stratum->defects[i] = pq_getmsgint64(buf);
	n = pq_getmsgbyte(buf);
	for (i = 0; i < n; i++)
	{
		InsightCell *cell = insight_state_cell(state, stratum, pq_getmsgbyte(buf));

		cell->assets = pq_getmsgint64(buf);
		receive_int128(buf, &cell->n);
		receive_int128(buf, &cell->x);
		receive_int128(buf, &cell->nn);
		receive_int128(buf, &cell->xn);
		receive_int128(buf, &cell->xx);
	}
}

static void
receive_int128(StringInfo buf, INT128 *value)
{
	int64		high = pq_getmsgint64(buf);

	*value = insight_int128_make(high, pq_getmsgint64(buf));
}
