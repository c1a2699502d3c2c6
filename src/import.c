/*-------------------------------------------------------------------------
 *
 * import.c
 *	  asset_reuse_import: reuses that happened elsewhere.
 *
 * This file has the arguments and the answer; events_import.c does the work.
 *
 * The answer lives in the calling query's memory context; everything else lives until
 * SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "events_import.h"
#include "request.h"

PG_FUNCTION_INFO_V1(asset_reuse_import);

/* Size of an answer, and of a failed event in it without its message */
#define ANSWER_SIZE			128
#define FAILED_SIZE			128

typedef struct ImportArgs
{
	Identifier	tenant_id;
	Jsonb	   *events;
	text	   *source;
	bool		skip;
	bool		dry_run;
} ImportArgs;

/* The number of events in each state */
typedef struct ImportCounts
{
	uint32		imported;
	uint32		replayed;
	uint32		failed;
	Size		message_size;
} ImportCounts;

static void read_args(FunctionCallInfo fcinfo, ImportArgs *args);
static ImportCounts count_events(const EventsImport *import);
static Jsonb *make_answer(const EventsImport *import, MemoryContext memory);
static void put_failed(JsonbWriter *w, uint32 index, const ImportEvent *event);

/*
 * asset_reuse_import(tenant_id, events, source, on_error, dry_run) stores events and returns their
 * number, and the failures.
 */
Datum
asset_reuse_import(PG_FUNCTION_ARGS)
{
	MemoryContext memory = CurrentMemoryContext;
	ImportArgs	args;
	AppTable	assets;
	AppTable	history;
	EventTables tables;
	EventsImport import;
	Jsonb	   *answer;

	read_args(fcinfo, &args);

	SPI_connect();
	import = (EventsImport) {
		.tables = &tables,
		.tenant_id = args.tenant_id,
		.clock = GetCurrentTimestamp(),
		.memory = CurrentMemoryContext,
		.dry_run = args.dry_run,
		.skip = args.skip,
		.count = JB_ROOT_COUNT(args.events)
	};
	import.events = import_events_read(args.events, args.source, import.clock);
	events_bind(fcinfo->flinfo->fn_oid, &assets, &history, &tables);
	tables.uuid_campaigns = app_campaigns_are_uuids();
	events_import(&import);
	answer = make_answer(&import, memory);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_args checks the arguments. */
static void
read_args(FunctionCallInfo fcinfo, ImportArgs *args)
{
	static const char *const on_error[] = {"error", "skip"};

	args->tenant_id = request_identifier(fcinfo, 0, "tenant_id", request_id_type(fcinfo, 0));
	args->events = request_jsonb(fcinfo, 1, "events");
	if (!JB_ROOT_IS_ARRAY(args->events) || JB_ROOT_IS_SCALAR(args->events))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events must be a JSON array")));
	if (JB_ROOT_COUNT(args->events) > MAX_IMPORT_EVENTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("events is out of bounds"),
				 errdetail("events must have at most %d elements, but has %u.", MAX_IMPORT_EVENTS,
						   JB_ROOT_COUNT(args->events)),
				 errhint("Import the events in several calls.")));
	args->source = request_text(fcinfo, 2, "source");
	/* or source and key could not be told apart in what is stored */
	if (memchr(VARDATA_ANY(args->source), ':', VARSIZE_ANY_EXHDR(args->source)) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("source must not contain a colon"),
				 errdetail("The key that is stored with an event is the source, a colon, and the event's own key.")));
	args->skip = request_choice(fcinfo, 3, "on_error", on_error, lengthof(on_error)) > 0;
	args->dry_run = request_flag(fcinfo, 4);
}

static ImportCounts
count_events(const EventsImport *import)
{
	ImportCounts counts = {0};
	uint32		i;

	for (i = 0; i < import->count; i++)
	{
		const ImportEvent *event = &import->events[i];

		switch (event->state)
		{
			case IMPORT_NEW:
				counts.imported++;
				break;
			case IMPORT_REPLAYED:
			case IMPORT_REPEATED:
				counts.replayed++;
				break;
			case IMPORT_FAILED:
				counts.failed++;
				counts.message_size += strlen(event->message);
				break;
		}
	}
	return counts;
}

/* make_answer writes the answer into a memory context. */
static Jsonb *
make_answer(const EventsImport *import, MemoryContext memory)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("failed"), JSONB_KEY("dry_run"), JSONB_KEY("success"), JSONB_KEY("imported"),
		JSONB_KEY("replayed"),
	};
	ImportCounts counts = count_events(import);
	JsonbWriter w;
	uint32		i;

	jsonb_writer_init(&w, memory, ANSWER_SIZE + counts.failed * FAILED_SIZE + counts.message_size);
	jsonb_begin_object_keys(&w, keys, lengthof(keys));
	jsonb_begin_array(&w, counts.failed);
	for (i = 0; i < import->count; i++)
	{
		if (import->events[i].state == IMPORT_FAILED)
			put_failed(&w, i, &import->events[i]);
	}
	jsonb_end(&w);
	jsonb_put_bool(&w, import->dry_run);
	jsonb_put_bool(&w, true);
	answer_put_int(&w, counts.imported);
	answer_put_int(&w, counts.replayed);
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}

static void
put_failed(JsonbWriter *w, uint32 index, const ImportEvent *event)
{
	static const JsonbKey keys[] = {JSONB_KEY("index"), JSONB_KEY("message"), JSONB_KEY("sqlstate")};
	const char *sqlstate = unpack_sql_state(event->sqlstate);

	jsonb_begin_object_keys(w, keys, lengthof(keys));
	answer_put_int(w, index);
	jsonb_put_string(w, event->message, strlen(event->message));
	jsonb_put_string(w, sqlstate, strlen(sqlstate));
	jsonb_end(w);
}
