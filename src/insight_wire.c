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
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "insight_state.h"

/* What a state begins with; another one for each layout */
#define STATE_MAGIC			0x496E7301

static void send_column(StringInfo buf, const AppColumn *column);
static void send_stratum(StringInfo buf, const InsightStratum *stratum);
static void receive_column(StringInfo buf, AppColumn *column);
static void receive_stratum(StringInfo buf, InsightState *state);

/*
 * insight_state_size returns how many bytes the state will be, so that there is room for them at
 * once: to double the room time and again would touch three times the memory.
 */
Size
insight_state_size(const InsightState *state)
{
	Size		size = (ASSET_NCOLUMNS + 5) * sizeof(uint32);
	insight_strata_iterator scan;
	InsightEntry *entry;

	insight_strata_start_iterate(state->strata, &scan);
	while ((entry = insight_strata_iterate(state->strata, &scan)) != NULL)
	{
		const InsightStratum *stratum = entry->stratum;

		size += sizeof(uint32) + stratum->key.len + 2 + sizeof(stratum->defects) +
			stratum->ncells * (sizeof(InsightCell) + 1);
	}
	return size;
}

/* insight_state_send writes the state; insight_state_receive reads it in the same order. */
void
insight_state_send(StringInfo buf, const InsightState *state)
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
	send_column(buf, &state->platform);
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
	if (stratum->ncells == 0)
		return;
	pq_sendbytes(buf, (const char *) stratum->codes, stratum->ncells);
	pq_sendbytes(buf, (const char *) stratum->cells, stratum->ncells * sizeof(InsightCell));
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
	(void) pq_getmsgint64(buf);	/* the digest */
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
	if (n == 0)
		return;
	/* twice the same stratum */
	if (stratum->ncells > 0)
		insight_report_malformed();
	insight_stratum_reserve(state, stratum, n);
	memcpy(stratum->codes, pq_getmsgbytes(buf, n), n);
	memcpy(stratum->cells, pq_getmsgbytes(buf, n * sizeof(InsightCell)), n * sizeof(InsightCell));
	stratum->ncells = n;
}
