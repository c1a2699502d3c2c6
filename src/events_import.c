/*-------------------------------------------------------------------------
 *
 * events_import.c
 *	  Storing many events of many assets: locks all assets, then processes them one by one.
 *
 * All rows are locked first (events_many.c).  The assets are then processed in the order of
 * their first events.  Everything that is wrong with an event before an asset's first one is
 * known by the time it is the asset's turn; so the first error raised is that of the first event
 * that fails.
 *
 * The memory for one asset is freed with an SPI level of its own.  If failures are to be
 * reported, the level is also a subtransaction, because the application's own triggers and
 * constraints can refuse the asset.
 *
 * What is noted in the events is in the caller's memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "batch.h"
#include "events_import.h"
#include "events_many.h"
#include "text_map.h"

/* An asset, and its first event */
typedef struct AssetEvents
{
	EventsImport *import;
	Identifier	asset_id;
	int			first;
} AssetEvents;

static AskedAsset *find_assets(EventsImport *import);
static int	collect_ids(EventsImport *import, Identifier *ids);
static void link_events(EventsImport *import, const AskedAsset *asked, int nasked);
static void check_before(const EventsImport *import, uint32 *next, uint32 end);
pg_noreturn static void raise_failure(const ImportEvent *event, uint32 index);
static void store_or_raise(EventsImport *import, Identifier asset_id, int first);
static void try_asset(void *arg);
static void store_or_note(EventsImport *import, Identifier asset_id, int first);
static void store_asset(EventsImport *import, Identifier asset_id, int first);
pg_noreturn static void raise_again(const EventsImport *import, int first, ErrorData *error);
static void note_error(EventsImport *import, int first, const ErrorData *error);

/*
 * events_import stores the events that have not failed yet, and notes the result in each; or it
 * raises the error of the first one that fails.
 *
 * The caller is connected to SPI and has bound the tables.
 */
void
events_import(EventsImport *import)
{
	AskedAsset *asked;
	uint32		checked = 0;
	uint32		i;

	events_import_places(import);
	asked = find_assets(import);
	for (i = 0; i < import->count; i++)
	{
		const ImportEvent *event = &import->events[i];

		if (!event->leads)
			continue;
		check_before(import, &checked, i);
		if (import->skip)
			store_or_note(import, asked[event->asset].id, i);
		else
			store_or_raise(import, asked[event->asset].id, i);
	}
	check_before(import, &checked, import->count);
}

/*
 * find_assets numbers and finds the assets that the events name, and links their events.  It locks the
 * assets unless it is a dry run.
 */
static AskedAsset *
find_assets(EventsImport *import)
{
	Identifier *ids = palloc(Max(import->count, 1) * sizeof(Identifier));
	int			nids = collect_ids(import, ids);
	AskedAsset *asked;

	asked = events_lock_many(import->tables, ids, nids, import->tenant_id,
							 import->dry_run ? ROW_NOT_LOCKED : ROW_LOCKED);
	link_events(import, asked, nids);
	return asked;
}

/* collect_ids numbers the assets' ids, collects each once, and returns how many there are. */
static int
collect_ids(EventsImport *import, Identifier *ids)
{
	bool		uuids = import->tables->assets->columns[ASSET_ID].type == UUIDOID;
	text_map_hash *map = text_map_create(CurrentMemoryContext, import->count, NULL);
	uint32		i;

	for (i = 0; i < import->count; i++)
	{
		ImportEvent *event = &import->events[i];

		if (event->state != IMPORT_FAILED && uuids && !event_id_is_uuid(event->asset_id))
			import_event_fail(event, ERRCODE_INVALID_TEXT_REPRESENTATION, "asset_id must be a uuid");
		if (event->state == IMPORT_FAILED)
			continue;
		event->asset = text_map_number(map, event->asset_id);
		ids[event->asset] = (Identifier) {TEXTOID, PointerGetDatum(event->asset_id)};
	}
	return map->members;
}

/*
 * link_events links each asset's events, beginning with the first, which leads them; those without an
 * asset fail.  Several ids can name one asset, for example with a case-insensitive collation.
 */
static void
link_events(EventsImport *import, const AskedAsset *asked, int nasked)
{
	int		   *last = palloc(nasked * sizeof(int));
	uint32		i;
	int			n;

	for (n = 0; n < nasked; n++)
		last[n] = -1;
	for (i = 0; i < import->count; i++)
	{
		ImportEvent *event = &import->events[i];

		if (event->state == IMPORT_FAILED)
			continue;
		if (asked[event->asset].presence == ASSET_ABSENT)
		{
			import_event_fail(event, ERRCODE_NO_DATA_FOUND, "%s", app_absence(APP_ASSETS)->message);
			continue;
		}
		n = asked[event->asset].first;
		event->next = -1;
		event->leads = last[n] < 0;
		if (!event->leads)
			import->events[last[n]].next = i;
		last[n] = i;
	}
}

/* check_before raises the first failure before an event, unless failures are noted; *next is where to start. */
static void
check_before(const EventsImport *import, uint32 *next, uint32 end)
{
	for (; *next < end && !import->skip; (*next)++)
	{
		if (import->events[*next].state == IMPORT_FAILED)
			raise_failure(&import->events[*next], *next);
	}
}

/* raise_failure raises the error of an event that has failed. */
static void
raise_failure(const ImportEvent *event, uint32 index)
{
	ereport(ERROR,
			(errcode(event->sqlstate),
			 errmsg_internal("%s", event->message),
			 errdetail("The event's index is %u.", index),
			 event->sqlstate == ERRCODE_NO_DATA_FOUND ?
			 err_generic_string(PG_DIAG_TABLE_NAME, app_absence(APP_ASSETS)->table) : 0,
			 event->sqlstate == ERRCODE_UNIQUE_VIOLATION ?
			 err_generic_string(PG_DIAG_COLUMN_NAME, "reuse_key") : 0));
}

/* store_or_raise stores an asset's events; an error has the event's index. */
static void
store_or_raise(EventsImport *import, Identifier asset_id, int first)
{
	MemoryContext memory = CurrentMemoryContext;

	PG_TRY();
	{
		store_asset(import, asset_id, first);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		raise_again(import, first, error);
	}
	PG_END_TRY();
}

/* store_or_note stores an asset's events, or notes the error in them. */
static void
store_or_note(EventsImport *import, Identifier asset_id, int first)
{
	AssetEvents asset = {import, asset_id, first};
	ErrorData  *error = batch_try(try_asset, &asset, true);

	if (error == NULL)
		return;
	/* not this asset's: the tenant is being moved, and the whole call is to be repeated elsewhere */
	if (error->sqlerrcode == ERRCODE_OBJECT_IN_USE)
		ReThrowError(error);
	note_error(import, first, error);
	FreeErrorData(error);
}

static void
try_asset(void *arg)
{
	AssetEvents *asset = arg;

	store_asset(asset->import, asset->asset_id, asset->first);
}

/* store_asset stores an asset's events, in the memory of an SPI level of its own. */
static void
store_asset(EventsImport *import, Identifier asset_id, int first)
{
	SPI_connect();
	events_import_asset(import, asset_id, first);
	SPI_finish();
}

/* raise_again raises an asset's error, with the index of its event. */
static void
raise_again(const EventsImport *import, int first, ErrorData *error)
{
	int			i;

	if (batch_is_refusal(error->sqlerrcode))
	{
		for (i = first; i >= 0 && import->events[i].state != IMPORT_NEW; i = import->events[i].next)
		{
			if (import->events[i].state == IMPORT_FAILED)
				raise_failure(&import->events[i], i);
		}
		error->detail = psprintf("The event's index is %d.%s%s", i >= 0 ? i : first,
								 error->detail ? "  " : "", error->detail ? error->detail : "");
	}
	ReThrowError(error);
}

/* note_error notes an error in the asset's events, except in those that an earlier call stored. */
static void
note_error(EventsImport *import, int first, const ErrorData *error)
{
	int			i;

	for (i = first; i >= 0; i = import->events[i].next)
	{
		if (import->events[i].state != IMPORT_REPLAYED)
			import_event_fail(&import->events[i], error->sqlerrcode, "%s", error->message);
	}
}
