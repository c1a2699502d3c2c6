/*-------------------------------------------------------------------------
 *
 * campaign.c
 *	  asset_reuse_copy_campaign and asset_reuse_sync: changing a campaign as a whole.
 *
 * An asset is in a campaign if it was made there or is reused there.  The assets concerned are
 * read, their rows are locked, and the contents of the campaign are then read again.  From then
 * on nobody else can add or remove one of these assets, so the decisions remain valid.
 *
 * The answers live in the calling query's memory context; everything else lives until
 * SPI_finish.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_control.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "app_lookup.h"
#include "events_many.h"
#include "events_store.h"
#include "plan_cache.h"
#include "request.h"
#include "rows_queries.h"
#include "rows_request.h"
#include "subtransaction.h"

PG_FUNCTION_INFO_V1(asset_reuse_copy_campaign);
PG_FUNCTION_INFO_V1(asset_reuse_sync);

/* Which of a campaign's assets are copied */
typedef enum Include
{
	INCLUDE_ALL,
	INCLUDE_OWN,				/* made in the campaign */
	INCLUDE_REUSED				/* reused in it */
} Include;

/* The locks on campaigns: what SQL calls advisory ones have other numbers than this there */
#define CAMPAIGN_LOCK		0xA55E

/* What a short answer takes */
#define ANSWER_SIZE			1024

/* An asset that is in a campaign */
typedef struct Member
{
	Identifier	id;
	bool		made;			/* there */
	bool		reused;			/* there */
} Member;

/* All that are, in the order in which the database sorts their ids */
typedef struct Members
{
	int			count;
	Member	   *list;
} Members;

/* Some assets' ids, for an answer */
typedef struct IdList
{
	int			count;
	int			room;
	Identifier *ids;
} IdList;

/* The same, to look one up */
typedef struct IdSet
{
	int			count;
	Identifier *ids;			/* in the order of their bytes */
} IdSet;

/* A campaign whose assets are changed, and what that takes */
typedef struct Campaign
{
	FunctionCallInfo fcinfo;
	TrackRequest request;		/* of the events that are stored */
	bool		dry_run;
	AppTable	assets;
	AppTable	history;
	AppTable	spaces;
	EventTables tables;
	ReusePlace	place;			/* what the campaign is as a place of reuse */
} Campaign;

/* The assets that must be there */
typedef struct Requirement
{
	const Campaign *campaign;
	const Identifier *ids;
	int			nids;
} Requirement;

static void read_request(FunctionCallInfo fcinfo, int campaign_arg, int tenant_arg, int context_arg,
						 int dry_run_arg, Campaign *campaign);
static void open_campaign(Campaign *campaign);
static void find_place(Campaign *campaign, Identifier id, ReusePlace *place);
static void copy_assets(Campaign *campaign, const ReusePlace *from, Include include, IdList *added,
						IdList *there);
static void list_included(const Campaign *campaign, const ReusePlace *from, Include include, IdList *list);
static bool is_included(const Member *member, Include include);
static void require_updatable(const Campaign *campaign, const Identifier *ids, int nids);
static void lock_required(void *arg);
static void lock_campaign(const Campaign *campaign);
static bytea *lock_name(const Campaign *campaign, const AppRow *row);
static AskedAsset *lock_assets(Campaign *campaign, const Identifier *ids, int nids,
							   bool with_members, int *nasked);
static void sync_listed(Campaign *campaign, const AskedAsset *asked, int nids, const Members *members,
						IdList *kept, IdList *added);
static void sync_others(Campaign *campaign, const IdSet *listed, const IdSet *locked,
						const Members *members, IdList *extra, IdList *removed);
static void read_members(const Campaign *campaign, const ReusePlace *place, Members *members);
static IdSet set_of_members(const Members *members);
static IdSet set_of_asked(const AskedAsset *asked, int nasked);
static bool set_has(const IdSet *set, Identifier id);
static int	compare_ids(const void *a, const void *b);
static void list_add(IdList *list, Identifier id);
static bool track_asset(Campaign *campaign, Identifier id);
static void remove_asset(Campaign *campaign, Identifier id);
static Jsonb *make_answer(const Campaign *campaign, MemoryContext memory, const JsonbKey *keys,
						  int nkeys, const IdList *const *lists);

/*
 * asset_reuse_copy_campaign(from_campaign_space_id, to_campaign_space_id, tenant_id, include,
 * reuse_context, reuse_key, dry_run) tracks a campaign's assets into another one.
 */
Datum
asset_reuse_copy_campaign(PG_FUNCTION_ARGS)
{
	static const char *const includes[] = {"all", "own", "reused"};
	static const JsonbKey keys[] = {
		JSONB_KEY("added"), JSONB_KEY("dry_run"), JSONB_KEY("success"), JSONB_KEY("already_there"),
	};
	Campaign	campaign = {0};
	IdList		added = {0};
	IdList		there = {0};
	const IdList *lists[] = {&added, NULL, NULL, &there};
	MemoryContext memory = CurrentMemoryContext;
	Identifier	from = request_identifier(fcinfo, 0, "from_campaign_space_id", request_id_type(fcinfo, 0));
	Include		include = request_choice(fcinfo, 3, "include", includes, lengthof(includes));
	ReusePlace	source;
	Jsonb	   *answer;

	read_request(fcinfo, 1, 2, 4, 6, &campaign);
	campaign.request.place.key = request_reuse_key(fcinfo, 5);

	SPI_connect();
	open_campaign(&campaign);
	find_place(&campaign, from, &source);
	if (event_place_is(&source, &campaign.place))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_campaign_space_id and to_campaign_space_id must not be the same campaign")));
	copy_assets(&campaign, &source, include, &added, &there);
	answer = make_answer(&campaign, memory, keys, lengthof(keys), lists);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/*
 * asset_reuse_sync(campaign_space_id, tenant_id, asset_ids, remove, dry_run, reuse_context) tracks
 * what of a list is not in a campaign yet, names what is there beside it, and can undo that.
 */
Datum
asset_reuse_sync(PG_FUNCTION_ARGS)
{
	static const JsonbKey keys[] = {
		JSONB_KEY("kept"), JSONB_KEY("added"), JSONB_KEY("extra"), JSONB_KEY("dry_run"),
		JSONB_KEY("removed"), JSONB_KEY("success"),
	};
	Campaign	campaign = {0};
	IdList		kept = {0};
	IdList		added = {0};
	IdList		extra = {0};
	IdList		removed = {0};
	const IdList *lists[] = {&kept, &added, &extra, NULL, &removed, NULL};
	MemoryContext memory = CurrentMemoryContext;
	bool		remove = request_flag(fcinfo, 3);
	Identifier *ids;
	int			nids;
	AskedAsset *asked;
	int			nasked;
	IdSet		listed;
	IdSet		locked;
	Members		members;
	Jsonb	   *answer;

	read_request(fcinfo, 0, 1, 5, 4, &campaign);
	ids = request_identifiers(fcinfo, 2, "asset_ids", campaign.request.tenant_id.type, remove ? 1 : 0,
							  MAX_MANY, &nids);

	SPI_connect();
	open_campaign(&campaign);
	if (!campaign.dry_run && nids > 0)
	{
		/* who may change none of the assets has nothing to wait for, and must not have others wait */
		require_updatable(&campaign, ids, nids);
		lock_campaign(&campaign);
	}
	asked = lock_assets(&campaign, ids, nids, remove, &nasked);
	events_require_assets(asked, nids, &campaign.assets, NULL);
	listed = set_of_asked(asked, nids);
	locked = set_of_asked(asked, remove ? nasked : 0);
	read_members(&campaign, &campaign.place, &members);
	sync_listed(&campaign, asked, nids, &members, &kept, &added);
	sync_others(&campaign, &listed, &locked, &members, &extra, &removed);
	answer = make_answer(&campaign, memory, keys, lengthof(keys), lists);
	SPI_finish();

	PG_RETURN_JSONB_P(answer);
}

/* read_request checks the arguments that both functions have, by their numbers. */
static void
read_request(FunctionCallInfo fcinfo, int campaign_arg, int tenant_arg, int context_arg,
			 int dry_run_arg, Campaign *campaign)
{
	TrackRequest *request = &campaign->request;
	Oid			id_type = request_id_type(fcinfo, campaign_arg);

	campaign->fcinfo = fcinfo;
	campaign->dry_run = request_flag(fcinfo, dry_run_arg);
	request->memory = CurrentMemoryContext;
	request->campaign_space_id = request_identifier(fcinfo, campaign_arg,
													campaign_arg == 0 ? "campaign_space_id" : "to_campaign_space_id",
													id_type);
	request->tenant_id = request_identifier(fcinfo, tenant_arg, "tenant_id", id_type);
	request->place.type = cstring_to_text(CAMPAIGN_TYPE);
	request->reuse_context = event_context_given(PG_ARGISNULL(context_arg) ? NULL :
												 PG_GETARG_JSONB_P(context_arg));
}

/*
 * open_campaign finds the tables and the campaign.
 *
 * Error P0002 if that is absent, deleted or another tenant's.
 */
static void
open_campaign(Campaign *campaign)
{
	events_bind(campaign->fcinfo->flinfo->fn_oid, &campaign->assets, &campaign->history, &campaign->tables);
	app_schema_bind(APP_SPACES, AccessShareLock, &campaign->spaces);
	campaign->tables.uuid_campaigns = campaign->spaces.columns[SPACE_ID].type == UUIDOID;
	events_find_campaign(&campaign->request);
	campaign->place = (ReusePlace) {
		.type = campaign->request.place.type, .id = campaign->request.place.id
	};
}

/* find_place finds a campaign and what it is as a place of reuse; the same error. */
static void
find_place(Campaign *campaign, Identifier id, ReusePlace *place)
{
	AppRow		row;

	app_lookup(&campaign->spaces, COLUMN_BIT(SPACE_ID), id, campaign->request.tenant_id, false, &row);
	*place = (ReusePlace) {.type = campaign->request.place.type, .id = app_row_text(&row, SPACE_ID)};
}

/* copy_assets tracks those of another campaign's assets that are not in the campaign. */
static void
copy_assets(Campaign *campaign, const ReusePlace *from, Include include, IdList *added, IdList *there)
{
	IdList		candidates;
	Members		members;
	IdSet		locked;
	IdSet		present;
	AskedAsset *asked;
	int			i;

	list_included(campaign, from, include, &candidates);
	asked = events_lock_many(&campaign->tables, candidates.ids, candidates.count,
							 campaign->request.tenant_id, campaign->dry_run ? ROW_NOT_LOCKED : ROW_LOCKED);
	locked = set_of_asked(asked, candidates.count);
	/* one that has been taken away or deleted meanwhile is not copied */
	list_included(campaign, from, include, &candidates);
	read_members(campaign, &campaign->place, &members);
	present = set_of_members(&members);
	for (i = 0; i < candidates.count; i++)
	{
		Identifier	id = candidates.ids[i];

		if (!set_has(&locked, id))
			continue;
		list_add(!set_has(&present, id) && track_asset(campaign, id) ? added : there, id);
	}
}

/* list_included lists the assets of a campaign that are to be copied. */
static void
list_included(const Campaign *campaign, const ReusePlace *from, Include include, IdList *list)
{
	Members		members;
	int			i;

	*list = (IdList) {0};
	read_members(campaign, from, &members);
	for (i = 0; i < members.count; i++)
	{
		if (is_included(&members.list[i], include))
			list_add(list, members.list[i].id);
	}
}

static bool
is_included(const Member *member, Include include)
{
	switch (include)
	{
		case INCLUDE_OWN:
			return member->made;
		case INCLUDE_REUSED:
			return member->reused;
		default:
			return true;
	}
}

/*
 * require_updatable raises P0002 if an asset is absent, or the caller may not update it.
 *
 * To find that out takes locks on their rows.  They are given up again: a call that waits for the campaign
 * must not have others, the migration for one, wait for its assets.
 */
static void
require_updatable(const Campaign *campaign, const Identifier *ids, int nids)
{
	Requirement requirement = {campaign, ids, nids};
	ErrorData  *error = subtransaction_run(lock_required, &requirement, false);

	if (error != NULL)
		ReThrowError(error);
}

static void
lock_required(void *arg)
{
	const Requirement *r = arg;
	const Campaign *campaign = r->campaign;
	/* a history table that is found here is locked only as long as the rows are */
	EventTables tables = campaign->tables;

	events_require_assets(events_lock_many(&tables, r->ids, r->nids, campaign->request.tenant_id, ROW_KEPT),
						  r->nids, &campaign->assets, NULL);
}

/*
 * lock_campaign waits until no other sync of the campaign runs, until the end of the transaction.
 * The campaign may be gone then: error P0002.
 *
 * A lock on the campaign's row would take the right to update it, and an advisory one could be held
 * by anybody; this one only by who may update these assets, for the number has the table's oid in it.
 * Nor can anybody tell from pg_locks which campaigns there are, or find one of the same number: it
 * is a hash with a secret of the cluster.
 */
static void
lock_campaign(const Campaign *campaign)
{
	ColumnSet	columns = COLUMN_BIT(SPACE_ID) | COLUMN_BIT(SPACE_TENANT_ID);
	Identifier	id = campaign->request.campaign_space_id;
	Identifier	tenant_id = campaign->request.tenant_id;
	AppRow		row;
	LOCKTAG		tag;
	uint32		number[2];
	bytea	   *hash;

	app_lookup(&campaign->spaces, columns, id, tenant_id, false, &row);
	hash = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(lock_name(campaign, &row))));
	memcpy(number, VARDATA_ANY(hash), sizeof(number));
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, number[0], number[1], CAMPAIGN_LOCK);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	app_lookup(&campaign->spaces, columns, id, tenant_id, false, &row);
}

/* lock_name makes what is hashed for the lock on a campaign: its parts end with a byte that no text has. */
static bytea *
lock_name(const Campaign *campaign, const AppRow *row)
{
	Oid			relids[] = {campaign->assets.relid, campaign->spaces.relid};
	StringInfoData name;

	initStringInfo(&name);
	appendStringInfoSpaces(&name, VARHDRSZ);
	appendBinaryStringInfo(&name, GetMockAuthenticationNonce(), MOCK_AUTH_NONCE_LEN);
	appendBinaryStringInfo(&name, (const char *) relids, sizeof(relids));
	appendStringInfo(&name, "%s%c%s", text_to_cstring(app_row_text(row, SPACE_TENANT_ID)), '\0',
					 text_to_cstring(app_row_text(row, SPACE_ID)));
	SET_VARSIZE(name.data, name.len);
	return (bytea *) name.data;
}

/* lock_assets locks the assets of a list and, if wanted, those that are in the campaign with them. */
static AskedAsset *
lock_assets(Campaign *campaign, const Identifier *ids, int nids, bool with_members, int *nasked)
{
	IdList		list = {0};
	Members		members;
	int			i;

	for (i = 0; i < nids; i++)
		list_add(&list, ids[i]);
	if (with_members)
	{
		read_members(campaign, &campaign->place, &members);
		for (i = 0; i < members.count; i++)
			list_add(&list, members.list[i].id);
	}
	*nasked = list.count;
	return events_lock_many(&campaign->tables, list.ids, list.count, campaign->request.tenant_id,
							campaign->dry_run ? ROW_NOT_LOCKED : ROW_LOCKED);
}

/* sync_listed tracks the assets of the list that are not in the campaign. */
static void
sync_listed(Campaign *campaign, const AskedAsset *asked, int nids, const Members *members,
			IdList *kept, IdList *added)
{
	IdSet		there = set_of_members(members);
	int			i;

	for (i = 0; i < nids; i++)
	{
		if (asked[i].presence != ASSET_PRESENT)
			continue;
		if (set_has(&there, asked[i].id))
			list_add(kept, asked[i].id);
		else if (track_asset(campaign, asked[i].id))
			list_add(added, asked[i].id);
	}
}

/*
 * sync_others names what is in the campaign beside the list, and takes away what of it is locked
 * for that.  What was made in the campaign is at home there; and one that has come after the rows
 * were locked is left for the next time.
 */
static void
sync_others(Campaign *campaign, const IdSet *listed, const IdSet *locked, const Members *members,
			IdList *extra, IdList *removed)
{
	int			i;

	for (i = 0; i < members->count; i++)
	{
		Identifier	id = members->list[i].id;

		if (members->list[i].made || set_has(listed, id))
			continue;
		list_add(extra, id);
		if (set_has(locked, id))
		{
			list_add(removed, id);
			remove_asset(campaign, id);
		}
	}
}

/* read_members reads what is in a campaign now, whose id its row has spelled. */
static void
read_members(const Campaign *campaign, const ReusePlace *place, Members *members)
{
	Identifier	id = {TEXTOID, PointerGetDatum(place->id)};
	RowRequest	request = {
		.id_type = id.type,
		.tenant_id = campaign->request.tenant_id,
		.detail = DETAIL_PLACE,
		.campaign_id = id,
		.range = {.start = DT_NOBEGIN, .end = DT_NOEND}
	};
	RowStatement statement;
	Oid			type = campaign->assets.columns[ASSET_ID].type == UUIDOID ? UUIDOID : TEXTOID;
	uint64		i;

	rows_make_statement(campaign->fcinfo->flinfo->fn_oid, &request, row_members, &statement);
	/* what others have committed meanwhile counts */
	statement.plan.read_only = false;
	identifier_add_made_in(&statement.plan, id, &campaign->assets.columns[ASSET_CAMPAIGN_SPACE_ID],
						   &campaign->spaces.columns[SPACE_ID]);
	plan_execute(&statement.plan);

	members->count = 0;
	members->list = palloc_extended(Max(SPI_processed, 1) * sizeof(Member), MCXT_ALLOC_HUGE);
	for (i = 0; i < SPI_processed; i++)
	{
		members->list[members->count++] = (Member) {
			.id = {type, plan_result(i, 1, type)},
			.made = DatumGetBool(plan_result(i, 2, BOOLOID)),
			.reused = DatumGetBool(plan_result(i, 3, BOOLOID))
		};
	}
}

static IdSet
set_of_members(const Members *members)
{
	IdSet		set = {members->count, palloc_extended(Max(members->count, 1) * sizeof(Identifier), MCXT_ALLOC_HUGE)};
	int			i;

	for (i = 0; i < members->count; i++)
		set.ids[i] = members->list[i].id;
	qsort(set.ids, set.count, sizeof(Identifier), compare_ids);
	return set;
}

/* set_of_asked makes the set of those that were found. */
static IdSet
set_of_asked(const AskedAsset *asked, int nasked)
{
	IdSet		set = {0, palloc_extended(Max(nasked, 1) * sizeof(Identifier), MCXT_ALLOC_HUGE)};
	int			i;

	for (i = 0; i < nasked; i++)
	{
		if (asked[i].presence != ASSET_ABSENT)
			set.ids[set.count++] = asked[i].id;
	}
	qsort(set.ids, set.count, sizeof(Identifier), compare_ids);
	return set;
}

static bool
set_has(const IdSet *set, Identifier id)
{
	return bsearch(&id, set->ids, set->count, sizeof(Identifier), compare_ids) != NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	CHECK_FOR_INTERRUPTS();
	return identifier_compare(*(const Identifier *) a, *(const Identifier *) b);
}

static void
list_add(IdList *list, Identifier id)
{
	if (list->count == list->room)
	{
		list->room = Max(2 * list->room, 64);
		list->ids = list->ids == NULL ? palloc(list->room * sizeof(Identifier)) :
			repalloc_huge(list->ids, list->room * sizeof(Identifier));
	}
	list->ids[list->count++] = id;
}

/*
 * track_asset tracks an asset into the campaign; false if one of its events has the request's key
 * already.  What that takes of memory ends with it.
 */
static bool
track_asset(Campaign *campaign, Identifier id)
{
	TrackRequest *request = &campaign->request;
	TrackResult result = {0};

	request->asset_id = id;
	SPI_connect();
	if (campaign->dry_run)
		events_look(request, &campaign->tables, &result);
	else
		events_store(request, &campaign->tables, &result);
	SPI_finish();
	return !result.replayed;
}

/* remove_asset undoes all reuses of an asset in the campaign. */
static void
remove_asset(Campaign *campaign, Identifier id)
{
	EventsAsset asset;
	StoredEvent *events;
	uint32		count;
	NullableDatum last_reused_at;
	AppRow		after;

	if (campaign->dry_run)
		return;
	SPI_connect();
	events_lock(&campaign->tables, id, campaign->request.tenant_id, &asset);
	events = events_find_place(&asset, &campaign->place, &count);
	if (count > 0)
	{
		last_reused_at = events_remove(&asset, events, count);
		events_count(&asset, -(int) count, last_reused_at, GetCurrentTimestamp(), &after);
	}
	SPI_finish();
}

/*
 * make_answer writes the answer into a memory context: for each of its keys a list of ids, or if
 * that is null what the key says.
 */
static Jsonb *
make_answer(const Campaign *campaign, MemoryContext memory, const JsonbKey *keys, int nkeys,
			const IdList *const *lists)
{
	const AppColumn *column = &campaign->assets.columns[ASSET_ID];
	JsonbWriter w;
	int			i;
	int			n;

	jsonb_writer_init(&w, memory, ANSWER_SIZE);
	jsonb_begin_object_keys(&w, keys, nkeys);
	for (i = 0; i < nkeys; i++)
	{
		if (lists[i] == NULL)
		{
			jsonb_put_bool(&w, strcmp(keys[i].name, "success") == 0 || campaign->dry_run);
			continue;
		}
		jsonb_begin_array(&w, lists[i]->count);
		for (n = 0; n < lists[i]->count; n++)
			answer_put_text(&w, identifier_text(lists[i]->ids[n], column));
		jsonb_end(&w);
	}
	jsonb_end(&w);
	return jsonb_writer_finish(&w);
}
