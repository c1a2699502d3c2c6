/*-------------------------------------------------------------------------
 *
 * wear_out.c
 *	  asset_reuse_wear_out: do assets lose clicks per impression from use to use?
 *
 * The periods of the tenant's assets (periods_read.c), each asset's compared with its period 1
 * (period.c), and summed up by their numbers.  All lives until SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "periods_read.h"

PG_FUNCTION_INFO_V1(asset_reuse_wear_out);

#define CONFIDENCE			0.95
#define PERIODS_EXPECTED	16	/* more are fine */

/* What is summed up, by the numbers of periods */
typedef struct WearOut
{
	MemoryContext memory;
	uint32		room;
	PeriodPairs *pairs;
	int64		dropped;
} WearOut;

static void take_asset(void *taker, Identifier asset_id, const Periods *periods);
static PeriodPairs *pairs_of(WearOut *wear, uint32 number);
static void put_rows(ReturnSetInfo *result, const WearOut *wear);
static void report_dropped(const WearOut *wear);

/*
 * asset_reuse_wear_out(tenant_id, asset_type) returns how the rates of each period compare with
 * those of period 1.
 */
Datum
asset_reuse_wear_out(PG_FUNCTION_ARGS)
{
	RowRequest	request = {
		.id_type = request_id_type(fcinfo, 0), .detail = DETAIL_CONTEXT, .snapshots = true
	};
	WearOut		wear = {.room = PERIODS_EXPECTED};

	request.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request.id_type);
	request.asset_type = request_any_text(fcinfo, 1);

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	wear.memory = CurrentMemoryContext;
	wear.pairs = palloc0(wear.room * sizeof(PeriodPairs));
	periods_read(fcinfo->flinfo->fn_oid, &request, take_asset, &wear);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &wear);
	report_dropped(&wear);
	SPI_finish();
	return (Datum) 0;
}

/* take_asset adds an asset's periods. */
static void
take_asset(void *taker, Identifier asset_id, const Periods *periods)
{
	WearOut    *wear = taker;
	const Period *first = periods_find(periods, 1);
	uint32		i;

	wear->dropped += periods->dropped;
	for (i = 0; i < periods->count && first != NULL; i++)
	{
		CHECK_FOR_INTERRUPTS();
		period_pairs_add(pairs_of(wear, periods->list[i].number), &periods->list[i], first);
	}
}

/* pairs_of returns the sums of a period, for which room is made. */
static PeriodPairs *
pairs_of(WearOut *wear, uint32 number)
{
	if (number >= wear->room)
	{
		uint32		room = Max(number + 1, 2 * wear->room);
		PeriodPairs *pairs = MemoryContextAllocHuge(wear->memory, room * sizeof(PeriodPairs));

		memcpy(pairs, wear->pairs, wear->room * sizeof(PeriodPairs));
		memset(pairs + wear->room, 0, (room - wear->room) * sizeof(PeriodPairs));
		pfree(wear->pairs);
		wear->pairs = pairs;
		wear->room = room;
	}
	return &wear->pairs[number];
}

/* put_rows puts a row for each period that an asset has. */
static void
put_rows(ReturnSetInfo *result, const WearOut *wear)
{
	uint32		number;

	for (number = 0; number < wear->room; number++)
	{
		const PeriodPairs *pairs = &wear->pairs[number];
		PeriodRatio ratio = period_pairs_ratio(pairs, CONFIDENCE);
		Datum		values[] = {
			Int32GetDatum(number), Int64GetDatum(pairs->assets), Float8GetDatum(ratio.ratio),
			Float8GetDatum(ratio.low), Float8GetDatum(ratio.high)
		};
		bool		nulls[lengthof(values)] = {
			false, false, isnan(ratio.ratio), isnan(ratio.low), isnan(ratio.high)
		};

		CHECK_FOR_INTERRUPTS();
		if (pairs->assets > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* report_dropped says what the rows do not show. */
static void
report_dropped(const WearOut *wear)
{
	if (wear->dropped > 0)
		ereport(NOTICE,
				(errmsg("some periods are left out"),
				 errdetail("Number of periods without impressions, with totals that went down, or with more clicks than impressions: " INT64_FORMAT ".",
						   wear->dropped)));
}
