/*-------------------------------------------------------------------------
 *
 * redact.c
 *	  asset_reuse_redact: removes keys from the contexts of events.
 *
 * Personal data must also be removed from soft-deleted assets, so these are included.  An event
 * keeps its time, place, key and id.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "app_lookup.h"
#include "batch.h"
#include "events_move.h"
#include "request.h"
#include "rows_queries.h"
#include "table_bind.h"

PG_FUNCTION_INFO_V1(asset_reuse_redact);

/* Maximum number of values that an event is compared with */
#define MAX_MATCHING		20

/* Does an object have one of the keys? */
#define HAS_KEYS(object) \
	"pg_catalog.jsonb_typeof(" object ") {=} 'object' AND " object " {?|} $keys"

/* Citus takes only what is immutable here, which jsonb_build_object() is not. */
#define EMPTY_OBJECT		"pg_catalog.jsonb_object(CAST(ARRAY[] AS pg_catalog.text[]))"

#define ORIGINAL_CONTEXT	"(h.original {->} 'context')"

/*
 * Is there something to remove from row h?  The test is that of asset_reuse_log_redact for elements;
 * the element in the column original can say more than the other columns.
 */
#define IS_REDACTED \
	"(" HAS_KEYS("h.context") " OR " HAS_KEYS(ORIGINAL_CONTEXT) ")" \
	" AND {fn:row_context}({utc:h.reused_at}, h.reused_in_type, h.reused_in_id, h.reused_in_name, h.reuse_key," \
	"  h.context, h.original) {@>} $matching"

static const char pick_redactable[] =
	"SELECT p.asset_id, pg_catalog.count(*) OVER () FROM ("
	" SELECT {asset_id:a.id} AS asset_id FROM {assets} AS a"
	"  WHERE a.tenant_id {=} $tenant_id AND {doc:a} {?} 'reuse_history'"
	"   AND {fn:log_redact}({doc:a}, $matching, $keys) IS NOT NULL{if asset_id} AND a.id {=} $asset_id{end}"
	"{if history} UNION SELECT {asset_id:h.asset_id} FROM {history} AS h"
	"  WHERE h.tenant_id {=} $tenant_id AND " IS_REDACTED "{if asset_id} AND h.asset_id {=} $asset_id{end}{end}) AS p"
	" ORDER BY p.asset_id";

static const char read_logged[] =
	"SELECT {columns:a} FROM {assets} AS a"
	" WHERE a.id {=} $asset_id AND a.tenant_id {=} $tenant_id AND {doc:a} {?} 'reuse_history'";

static const char redact_rows[] =
	"UPDATE {history} AS h SET context = {fn:event_context_without}(h.context, $keys),"
	"  original = CASE WHEN " HAS_KEYS(ORIGINAL_CONTEXT)
	"   THEN pg_catalog.jsonb_set(h.original, ARRAY['context'],"
	"    COALESCE({fn:event_context_without}(" ORIGINAL_CONTEXT ", $keys), " EMPTY_OBJECT "))"
	"   ELSE h.original END"
	" WHERE h.asset_id {=} $asset_id AND h.tenant_id {=} $tenant_id AND " IS_REDACTED;

static const char redact_document[] =
	"UPDATE {assets} AS a SET"
	"  platform_metadata = COALESCE({fn:log_redact}({doc:a}, $matching, $keys), {doc:a})"
	"{if assets.updated_at}, updated_at = $updated_at{end}"
	" WHERE a.id {=} $asset_id AND a.tenant_id {=} $tenant_id"
	"{if not rows_redacted} AND {fn:log_redact}({doc:a}, $matching, $keys) IS NOT NULL{end}";

typedef struct Redaction
{
	Jsonb	   *matching;
	ArrayType  *keys;
} Redaction;

static void read_redaction(FunctionCallInfo fcinfo, Redaction *redaction);
static void check_matching(Jsonb *matching);
static void check_keys(ArrayType *keys);
static Portal pick(Batch *batch);
static bool redact(Batch *batch, Identifier asset_id);
static void check_redacted(const Batch *batch, const AppTable *history, Identifier asset_id);
static void move_log(const Batch *batch, const AppTable *history, Identifier asset_id);
static uint64 redact_table(const Batch *batch, const AppTable *history, Identifier asset_id);
static bool redact_log(const Batch *batch, Identifier asset_id, bool rows_redacted);
static PlanRequest redact_request(const Batch *batch, const char *sql, Identifier asset_id);

static const BatchWork work = {
	.procedure = "asset_reuse_redact",
	.done = "redacted",
	.not_done = "assets that could not be redacted",
	.deleted_too = true,
	.gone_too = true,			/* its rows tell of people still */
	.pick = pick,
	.change = redact
};

/* asset_reuse_redact(tenant_id, matching, keys) removes keys from the contexts of a tenant's events. */
Datum
asset_reuse_redact(PG_FUNCTION_ARGS)
{
	Redaction	redaction;
	Batch		batch = {.work = &work, .request = &redaction, .size = DEFAULT_BATCH};

	batch.tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	read_redaction(fcinfo, &redaction);
	batch_run(fcinfo, &batch);
	PG_RETURN_VOID();
}

/* read_redaction checks the arguments: what to remove, and from which events. */
static void
read_redaction(FunctionCallInfo fcinfo, Redaction *redaction)
{
	redaction->matching = request_jsonb(fcinfo, 1, "matching");
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("keys must not be null")));
	redaction->keys = PG_GETARG_ARRAYTYPE_P(2);
	check_matching(redaction->matching);
	check_keys(redaction->keys);
}

/*
 * check_matching raises 22023 for what is no object, or has too many values, empty arrays and objects among them:
 * the operator @> looks for each of them among all of an event's array, without a check for interrupts.
 */
static void
check_matching(Jsonb *matching)
{
	JsonbIterator *walk = JsonbIteratorInit(&matching->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			nelements = 0;

	if (!JB_ROOT_IS_OBJECT(matching))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("matching must be a JSON object")));
	while ((token = JsonbIteratorNext(&walk, &value, false)) != WJB_DONE && nelements <= MAX_MATCHING)
		nelements += token == WJB_ELEM || token == WJB_VALUE ||
			(token == WJB_BEGIN_ARRAY && value.val.array.nElems == 0) ||
			(token == WJB_BEGIN_OBJECT && value.val.object.nPairs == 0);
	if (nelements > MAX_MATCHING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("matching is out of bounds"),
				 errdetail("matching must have at most %d values.", MAX_MATCHING)));
}

/* check_keys raises 22004 for a null key, and 22023 for an empty or multidimensional array, or a key that must be kept. */
static void
check_keys(ArrayType *keys)
{
	static const char *const kept[] = {"reused_in_type", "reused_in_id", "reused_in_name", "reuse_key"};
	Datum	   *values;
	bool	   *nulls;
	int			nkeys;
	int			i;
	Size		j;

	if (ARR_NDIM(keys) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("keys must be one-dimensional")));
	deconstruct_array(keys, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &nkeys);
	if (nkeys == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("keys must not be empty"),
				 errdetail("keys must have at least one element.")));
	for (i = 0; i < nkeys; i++)
	{
		text	   *key;

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("keys must not contain nulls")));
		key = DatumGetTextPP(values[i]);
		for (j = 0; j < lengthof(kept); j++)
		{
			if (VARSIZE_ANY_EXHDR(key) == strlen(kept[j]) && memcmp(VARDATA_ANY(key), kept[j], strlen(kept[j])) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("key \"%s\" cannot be removed", kept[j]),
						 errdetail("An event keeps its place and its reuse_key.")));
		}
	}
}

/* pick opens a cursor over the assets that have events with something to remove. */
static Portal
pick(Batch *batch)
{
	PlanRequest request = redact_request(batch, pick_redactable, (Identifier) {0});
	AppTable	history;

	if (history_table_bind(&batch->assets, RowExclusiveLock, false, &history))
		request.tables[APP_HISTORY] = &history;
	return plan_open_cursor(&request);
}

/*
 * redact removes the keys from an asset's events.
 *
 * If there is a history table, the log is moved there first.  Otherwise an event of the log could be left the same as a
 * row of its time, and would then be taken for a copy of that.
 */
static bool
redact(Batch *batch, Identifier asset_id)
{
	AppTable	history;
	bool		in_table = history_table_bind(&batch->assets, RowExclusiveLock, false, &history);
	uint64		nrows = 0;
	bool		changed;

	if (in_table)
	{
		move_log(batch, &history, asset_id);
		nrows = redact_table(batch, &history, asset_id);
	}
	changed = redact_log(batch, asset_id, nrows > 0) || nrows > 0;
	check_redacted(batch, in_table ? &history : NULL, asset_id);
	return changed;
}

/* check_redacted raises 27000 if triggers, rules or policies have kept something in an asset's events. */
static void
check_redacted(const Batch *batch, const AppTable *history, Identifier asset_id)
{
	PlanRequest query = redact_request(batch, pick_redactable, asset_id);

	query.tables[APP_HISTORY] = history;
	plan_execute(&query);
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("could not remove the keys from all events"),
				 errdetail("An update of table \"%s\" or of the history table was suppressed.", batch->assets.name),
				 errhint("Check the tables' triggers, rules and policies.")));
}

/* move_log moves the asset's log to the history table; the asset's row is locked, or gone. */
static void
move_log(const Batch *batch, const AppTable *history, Identifier asset_id)
{
	PlanRequest query = batch_request(batch, read_logged, asset_id);
	EventTables tables = {.assets = &batch->assets, .history = history, .caller = batch->caller};
	AppRow		asset;

	query.columns[APP_ASSETS] = MOVE_COLUMNS;
	plan_execute(&query);
	if (SPI_processed == 0)
		return;
	app_read_one(&batch->assets, MOVE_COLUMNS, &asset);
	tables.uuid_campaigns = app_campaigns_are_uuids();
	(void) events_move(&tables, &asset);
}

/* redact_table removes the keys from the asset's rows, and returns the number of rows changed. */
static uint64
redact_table(const Batch *batch, const AppTable *history, Identifier asset_id)
{
	PlanRequest update = redact_request(batch, redact_rows, asset_id);

	update.tables[APP_ASSETS] = NULL;
	update.tables[APP_HISTORY] = history;
	plan_execute(&update);
	return SPI_processed;
}

/* redact_log removes them from the log in the asset's document; false if there was nothing to do. */
static bool
redact_log(const Batch *batch, Identifier asset_id, bool rows_redacted)
{
	PlanRequest update = redact_request(batch, redact_document, asset_id);
	const AppColumn *updated_at = &batch->assets.columns[ASSET_UPDATED_AT];

	if (updated_at->present)
		plan_add_value(&update, "updated_at", updated_at->type, TimestampTzGetDatum(GetCurrentTimestamp()));
	plan_add_optional(&update, "rows_redacted", BOOLOID, BoolGetDatum(true), !rows_redacted || !updated_at->present);
	plan_execute(&update);
	return SPI_processed > 0;
}

/* redact_request begins a request with the redaction's parameters. */
static PlanRequest
redact_request(const Batch *batch, const char *sql, Identifier asset_id)
{
	const Redaction *redaction = batch->request;
	PlanRequest request = batch_request(batch, sql, asset_id);

	request.put_piece = rows_put_piece;
	plan_add_value(&request, "matching", JSONBOID, JsonbPGetDatum(redaction->matching));
	plan_add_value(&request, "keys", TEXTARRAYOID, PointerGetDatum(redaction->keys));
	return request;
}
