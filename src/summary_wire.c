/*-------------------------------------------------------------------------
 *
 * summary_wire.c
 *	  The state of asset_reuse_summary as bytes, which a parallel worker sends to the leader.
 *
 * They contain OIDs but no pointers, because the same server reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/datum.h"

#include "summary_state.h"

static void send_sum(StringInfo buf, const ExactSum *sum);
static void send_sample(StringInfo buf, const PerformanceSample *sample);
static void send_top_asset(StringInfo buf, const SummaryState *state, const TopAsset *asset);
static void receive_sum(StringInfo buf, ExactSum *sum);
static void receive_sample(StringInfo buf, PerformanceSample *sample);
static void receive_top_asset(StringInfo buf, SummaryState *state);

/* summary_state_send writes the state; summary_state_receive reads it in the same order. */
void
summary_state_send(StringInfo buf, SummaryState *state)
{
	typecount_iterator scan;
	TypeCount  *type;
	int			i;

	for (i = 0; i < ASSET_NCOLUMNS; i++)
		pq_sendint32(buf, state->columns[i].type);
	pq_sendint32(buf, state->collation);
	pq_sendint32(buf, state->top_limit);
	pq_sendbyte(buf, state->ranged);
	pq_sendint64(buf, state->range.start);
	pq_sendint64(buf, state->range.end);
	pq_sendint64(buf, state->total_assets);
	pq_sendint64(buf, state->reused_assets);
	pq_sendint64(buf, state->reuses);
	send_sample(buf, &state->reused);
	send_sample(buf, &state->not_reused);

	pq_sendint32(buf, state->types->members);
	typecount_start_iterate(state->types, &scan);
	while ((type = typecount_iterate(state->types, &scan)) != NULL)
	{
		pq_sendint32(buf, type->key.len);
		pq_sendbytes(buf, type->key.data, type->key.len);
		pq_sendint64(buf, type->assets);
		pq_sendint64(buf, type->reuses);
	}

	pq_sendint32(buf, state->top->bh_size);
	for (i = 0; i < state->top->bh_size; i++)
		send_top_asset(buf, state, (TopAsset *) DatumGetPointer(state->top->bh_nodes[i]));
}

static void
send_sample(StringInfo buf, const PerformanceSample *sample)
{
	pq_sendint64(buf, sample->assets);
	send_sum(buf, &sample->ctr);
	pq_sendint64(buf, sample->with_conversions);
	send_sum(buf, &sample->conversions);
}

static void
send_sum(StringInfo buf, const ExactSum *sum)
{
	pq_sendbytes(buf, (const char *) sum, sizeof(*sum));
}

static void
send_top_asset(StringInfo buf, const SummaryState *state, const TopAsset *asset)
{
	int			column;

	pq_sendint64(buf, asset->reuses);
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		const ColumnLayout *layout = &state->layouts[column];
		Datum		value = asset->row.values[column];
		bool		isnull = asset->row.nulls[column];
		char	   *at;

		enlargeStringInfo(buf, datumEstimateSpace(value, isnull, layout->by_value, layout->len));
		at = buf->data + buf->len;
		datumSerialize(value, isnull, layout->by_value, layout->len, &at);
		buf->len = at - buf->data;
	}
}

/* summary_state_receive restores the state in a memory context. */
SummaryState *
summary_state_receive(StringInfo buf, MemoryContext context)
{
	SummaryState *state = MemoryContextAllocZero(context, sizeof(SummaryState));
	int			n;
	int			i;

	state->context = context;
	for (i = 0; i < ASSET_NCOLUMNS; i++)
	{
		state->columns[i].type = pq_getmsgint(buf, 4);
		state->columns[i].present = OidIsValid(state->columns[i].type);
	}
	state->collation = pq_getmsgint(buf, 4);
	state->top_limit = pq_getmsgint(buf, 4);
	state->ranged = pq_getmsgbyte(buf);
	state->range.start = pq_getmsgint64(buf);
	state->range.end = pq_getmsgint64(buf);
	state->total_assets = pq_getmsgint64(buf);
	state->reused_assets = pq_getmsgint64(buf);
	state->reuses = pq_getmsgint64(buf);
	receive_sample(buf, &state->reused);
	receive_sample(buf, &state->not_reused);
	summary_state_prepare(state);

	n = pq_getmsgint(buf, 4);
	for (i = 0; i < n; i++)
	{
		TypeKey		key;
		TypeCount  *type;

		key.len = pq_getmsgint(buf, 4);
		key.data = pq_getmsgbytes(buf, key.len);
		type = summary_state_type(state, key);
		type->assets = pq_getmsgint64(buf);
		type->reuses = pq_getmsgint64(buf);
	}

	n = pq_getmsgint(buf, 4);
	for (i = 0; i < n; i++)
		receive_top_asset(buf, state);
	pq_getmsgend(buf);
	return state;
}

static void
receive_sample(StringInfo buf, PerformanceSample *sample)
{
	sample->assets = pq_getmsgint64(buf);
	receive_sum(buf, &sample->ctr);
	sample->with_conversions = pq_getmsgint64(buf);
	receive_sum(buf, &sample->conversions);
}

static void
receive_sum(StringInfo buf, ExactSum *sum)
{
	memcpy(sum, pq_getmsgbytes(buf, sizeof(*sum)), sizeof(*sum));
}

static void
receive_top_asset(StringInfo buf, SummaryState *state)
{
	int64		reuses = pq_getmsgint64(buf);
	AppRow		row;
	int			column;

	row.columns = state->columns;
	for (column = 0; column < ASSET_NCOLUMNS; column++)
	{
		char	   *at = buf->data + buf->cursor;

		row.values[column] = datumRestore(&at, &row.nulls[column]);
		buf->cursor = at - buf->data;
	}
	summary_state_offer(state, &row, reuses);
}
