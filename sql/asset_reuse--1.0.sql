\echo Use "CREATE EXTENSION asset_reuse" to load this file. \quit

--
-- Track: record that an asset was reused
--

CREATE FUNCTION asset_reuse_track(
	asset_id text,
	tenant_id text,
	campaign_space_id text DEFAULT NULL,
	reused_in_type text DEFAULT 'campaign_space',
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_track'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_track(text, text, text, text, text, text, jsonb, text) IS
'Records one reuse of an asset: adds 1 to reused_count, sets last_reused_at, and appends an event to platform_metadata->''reuse_history'' or, if there is a history table, inserts it there.
asset_id, tenant_id: the asset, which must exist, be live and belong to the tenant.
campaign_space_id: the campaign in which the asset is reused; it must exist, be live and belong to the tenant.  NULL for any other place.
reused_in_type, reused_in_id, reused_in_name: the place; the id and the name default to the campaign''s.  The type campaign_space requires campaign_space_id or reused_in_id.
reuse_context: a JSON object to store with the event.  The reused_in_* arguments override the same keys in it.  A JSON null means none.
Unless the setting asset_reuse.record_metrics is off, the event''s context also has at_reuse: the asset''s impressions, clicks, conversions and spend at that time.
reuse_key: 1 to 255 bytes; makes the call safe to repeat.  If the asset already has an event with this key, nothing is stored, and the answer is that event with "replayed": true.  If that event was undone, the answer has a null event and "undone": true.
A NULL for an optional argument means its default.
Returns the asset after the update and the event, as jsonb; times are UTC.
Errors: P0002 asset or campaign not found (the table field says which), 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 23505 reuse_key was used for another place, 22039 or 2203C platform_metadata cannot hold a history, 22003 reused_count is at the end of its type, 54000 the document would exceed the size limits of jsonb, 27000 a trigger or rule suppresses the update (P0002 for a trigger, if there is neither a reuse_key nor a rule nor a history table), 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_track(
	asset_id uuid,
	tenant_id uuid,
	campaign_space_id uuid DEFAULT NULL,
	reused_in_type text DEFAULT 'campaign_space',
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_track'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_track(uuid, uuid, uuid, text, text, text, jsonb, text) IS
'Records one reuse of an asset; same as asset_reuse_track(text, ...), but with uuid identifiers.';

CREATE FUNCTION asset_reuse_track_many(
	asset_ids text[],
	tenant_id text,
	campaign_space_id text DEFAULT NULL,
	reused_in_type text DEFAULT 'campaign_space',
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	on_missing text DEFAULT 'error'
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_track_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_track_many(text[], text, text, text, text, text, jsonb, text, text) IS
'Records one reuse of each asset in a list, in the same place.  Either all are recorded or none.
asset_ids: 1 to 10,000 assets; one that is repeated counts once.  Their rows are locked in the order of the ids.
reuse_key: stored in every event; an asset that already has an event with this key, or has undone one, is replayed.
on_missing: error, or skip to leave out assets that are absent, deleted or another tenant''s.
The other arguments are those of asset_reuse_track.
Returns, as jsonb, how many assets were requested, tracked and replayed, the ids of missing assets, and for each asset, in the order of asset_ids, its status (tracked, replayed or missing), its reused_count, and the event''s id and time.
Errors: those of asset_reuse_track; P0002 names up to ten absent assets in the detail.';

CREATE FUNCTION asset_reuse_track_many(
	asset_ids uuid[],
	tenant_id uuid,
	campaign_space_id uuid DEFAULT NULL,
	reused_in_type text DEFAULT 'campaign_space',
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	on_missing text DEFAULT 'error'
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_track_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_track_many(uuid[], uuid, uuid, text, text, text, jsonb, text, text) IS
'Records one reuse of each asset in a list; same as asset_reuse_track_many(text[], ...), but with uuid identifiers.';

--
-- Whole campaigns
--

CREATE FUNCTION asset_reuse_copy_campaign(
	from_campaign_space_id text,
	to_campaign_space_id text,
	tenant_id text,
	include text DEFAULT 'all',
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	dry_run boolean DEFAULT false
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_copy_campaign'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_copy_campaign(text, text, text, text, jsonb, text, boolean) IS
'Records a reuse in one campaign of every live asset of another campaign that is not there yet.  A repeated call adds nothing.
from_campaign_space_id, to_campaign_space_id: two campaigns of the tenant, which must exist and be live.
include: own, the assets made in the first campaign; reused, those reused in it; all, both.
reuse_context, reuse_key: stored in every event, as in asset_reuse_track.  An asset that already has an event with the key, or has undone one, counts as already there.
dry_run: only reports what would be added.
Returns, as jsonb, the ids of the assets that were added, and of those that were already there because they were made or reused in the second campaign.
Errors: those of asset_reuse_track; 22023 if both campaigns are the same or include is unknown.';

CREATE FUNCTION asset_reuse_copy_campaign(
	from_campaign_space_id uuid,
	to_campaign_space_id uuid,
	tenant_id uuid,
	include text DEFAULT 'all',
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	dry_run boolean DEFAULT false
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_copy_campaign'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_copy_campaign(uuid, uuid, uuid, text, jsonb, text, boolean) IS
'Copies a campaign''s assets to another campaign; same as asset_reuse_copy_campaign(text, ...), but with uuid identifiers.';

CREATE FUNCTION asset_reuse_sync(
	campaign_space_id text,
	tenant_id text,
	asset_ids text[],
	remove boolean DEFAULT false,
	dry_run boolean DEFAULT false,
	reuse_context jsonb DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_sync'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_sync(text, text, text[], boolean, boolean, jsonb) IS
'Makes a campaign hold the assets of a list: records a reuse of each listed asset that is not in the campaign yet, and reports or removes the assets that are not listed.
campaign_space_id, tenant_id: the campaign, which must exist, be live and belong to the tenant.  Concurrent calls for one campaign wait for each other.
asset_ids: up to 10,000 assets, which must all exist.
remove: also undoes all reuses in the campaign of assets that are not in the list; not allowed with an empty list.
dry_run: only reports what would be done.
reuse_context: stored in every new event, as in asset_reuse_track.
Returns, as jsonb, the ids of the listed assets that were in the campaign already (kept) and that were not (added), of the assets that are reused in the campaign but not listed (extra), and of those whose reuses were undone (removed).
Errors: those of asset_reuse_track and asset_reuse_undo; 22023 for remove with an empty list; P0002 names up to ten absent assets in the detail.';

CREATE FUNCTION asset_reuse_sync(
	campaign_space_id uuid,
	tenant_id uuid,
	asset_ids uuid[],
	remove boolean DEFAULT false,
	dry_run boolean DEFAULT false,
	reuse_context jsonb DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_sync'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_sync(uuid, uuid, uuid[], boolean, boolean, jsonb) IS
'Makes a campaign hold the assets of a list; same as asset_reuse_sync(text, ...), but with uuid identifiers.';

--
-- Undo: take one reuse back
--

CREATE FUNCTION asset_reuse_undo(
	asset_id text,
	tenant_id text,
	event_id text DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_undo'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_undo(text, text, text, text) IS
'Takes one reuse of an asset back: removes its event, subtracts 1 from reused_count (never below 0), and, if the event was the latest, sets last_reused_at to the time of the latest event that remains, or null.
asset_id, tenant_id: the asset, which must exist, be live and belong to the tenant.
event_id, reuse_key: the event; exactly one of the two must be given.
A mark of the event stays in platform_metadata->''reuse_undone'', which keeps the newest 100 marks.  Undoing an event again changes nothing; the answer then has "replayed": true and a null event.
Returns the asset after the update and the event that was removed, as jsonb.
Errors: P0002 asset or reuse event not found (the table field says which), 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 21000 the event has no usable time or shares it with another one, so that it cannot be identified, 22039 or 2203C platform_metadata cannot hold a history, 27000 a trigger or rule keeps the event from being removed, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_undo(
	asset_id uuid,
	tenant_id uuid,
	event_id text DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_undo'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_undo(uuid, uuid, text, text) IS
'Takes one reuse of an asset back; same as asset_reuse_undo(text, ...), but with uuid identifiers.';

--
-- Import: events that happened elsewhere
--

CREATE FUNCTION asset_reuse_import(
	tenant_id text,
	events jsonb,
	source text,
	on_error text DEFAULT 'error',
	dry_run boolean DEFAULT false
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_import'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_import(text, jsonb, text, text, boolean) IS
'Stores reuses that happened elsewhere, with their own times.  An event that was imported before, or has been undone since, is not stored again.
tenant_id: the tenant that owns the assets.
events: an array of up to 10,000 objects with asset_id and timestamp (ISO 8601, UTC if it has no offset, not later than the clock), and optionally key, campaign_space_id, reused_in_type, reused_in_id, reused_in_name and context.  Ids and keys may be strings or numbers.  The campaign may no longer exist.
source: a name for the other system, without a colon.  An event''s reuse_key is source:key, at most 255 bytes; for an event without a key it is source: and the md5 of jsonb_build_array(asset_id, timestamp, reused_in_type, reused_in_id)::text, with the texts in the event and the defaults of the place.
on_error: error raises the first failure, with the event''s index (from 0) in the detail, and nothing is stored; skip stores the other events and lists the failures.
dry_run: checks everything except the tables'' own constraints, triggers and policies on updates and the ends of the counters'' types, and stores nothing.
A context can have at_reuse, an object with the asset''s impressions, clicks, conversions and spend at that time, all numbers.
If an asset already has an event at a time, the new event''s time moves on by microseconds until it is free.  reused_count grows by the number of events stored, last_reused_at becomes the latest time, and updated_at the time of the call.
Returns {"success", "dry_run", "imported", "replayed", "failed": [{"index", "sqlstate", "message"}]} as jsonb.
Errors of an event: P0002 asset not found, 22004 asset_id or timestamp is missing, 22023 invalid value, 22007 malformed timestamp, 22008 timestamp out of range, 22P02 malformed uuid, 23505 its key was used for another place.
Errors of all new events of an asset: 22039 or 2203C platform_metadata cannot hold a history, 22003 reused_count is at the end of its type, 54000 the document would exceed the size limits of jsonb, 27000 a trigger keeps events from being stored, and any error of the tables'' own constraints and triggers.
Errors of the call: 22004 null argument, 22023 invalid argument, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_import(
	tenant_id uuid,
	events jsonb,
	source text,
	on_error text DEFAULT 'error',
	dry_run boolean DEFAULT false
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_import'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_import(uuid, jsonb, text, text, boolean) IS
'Stores reuses that happened elsewhere; same as asset_reuse_import(text, ...), but with uuid identifiers.';

--
-- History: an asset's timeline.  Parallel restricted because the application's
-- tables may be temporary.
--

CREATE FUNCTION asset_reuse_history(
	asset_id text,
	tenant_id text,
	page_limit int DEFAULT 50,
	page_offset int DEFAULT 0,
	cursor text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_history'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_history(text, text, int, int, text) IS
'Returns one page of an asset''s events, newest first, with the campaigns that they name.
asset_id, tenant_id: the asset, which must exist, be live and belong to the tenant.
page_limit: the number of events on the page, 1 to 100.  page_offset: the number of newer events to skip, 0 or more.
cursor: the next_cursor of an answer; the page begins after it; not together with page_offset.  Pages by cursor do not shift while events arrive, contain each event exactly once, cost the same at any depth, and have a null total.  On the last page, next_cursor is null.
Of events with the same time, the one stored later comes first.  Times are UTC.  An event without a usable timestamp has a null time and comes last.
Errors: P0002 asset not found, 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 22039 or 2203C platform_metadata cannot hold a history, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_history(
	asset_id uuid,
	tenant_id uuid,
	page_limit int DEFAULT 50,
	page_offset int DEFAULT 0,
	cursor text DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_history'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_history(uuid, uuid, int, int, text) IS
'Returns one page of an asset''s events; same as asset_reuse_history(text, ...), but with uuid identifiers.';

--
-- Analytics: a tenant's reuse at a glance
--

CREATE FUNCTION asset_reuse_analytics(
	tenant_id text,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	top_limit int DEFAULT 10
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_analytics'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_analytics(text, text, timestamptz, timestamptz, int) IS
'Returns a tenant''s reuse at a glance, as jsonb: overview, top assets, breakdown by type, performance of reused and other assets.
tenant_id: the tenant whose live assets are counted.  asset_type: only assets of this type; NULL for all.
start_date, end_date: count the events with start_date <= time < end_date; without either, reused_count.
top_limit: the length of the list of top assets, 1 to 50.
Averages and percentages are rounded to two decimals, halves away from zero.  Times are UTC.
Errors: 22004 null argument, 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_analytics(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	top_limit int DEFAULT 10
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_analytics'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_analytics(uuid, text, timestamptz, timestamptz, int) IS
'Returns a tenant''s reuse at a glance; same as asset_reuse_analytics(text, ...), but with a uuid identifier.';

--
-- Insights: do reused assets perform better than others like them?
--

CREATE FUNCTION asset_reuse_insights(
	tenant_id text,
	asset_type text DEFAULT NULL,
	confidence float8 DEFAULT 0.95
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_insights'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_insights(text, text, float8) IS
'Tells whether a tenant''s reused assets get more clicks per impression, and more conversions per click, than its other assets of the same type, platform of the campaign of origin, and year of creation.
tenant_id: whose live assets are compared.  asset_type: compares only assets of this type, as by_asset_type does; NULL for all.
confidence: the confidence level of the intervals, 0.5 to 0.999; those of by_asset_type are wider, so that all of them together hold at that level.
Rates are successes per trial (0.02 is 2 %); ratios are rates of reused assets divided by those of others; six significant digits.  crude_ratio: of the plain totals.  ratio: of the standardized rates, and interval its confidence interval.
verdict: higher or lower if the interval excludes 1, similar if it is within 1/1.1 and 1.1, inconclusive, or insufficient: fewer than 10 comparable assets or 30 successes in an arm, or fewer than 4 degrees of freedom.
reversal: the plain totals say the opposite.  e_value: how strong an unknown cause would have to be to explain the ratio.  spread_cv: coefficient of variation of the assets'' true rates.  compared_share: of the assets, those with reused and other ones like them.
data_quality counts assets that are left out of a metric: with a NULL, without impressions, or with numbers that are negative, beyond 10^12, or more clicks than impressions.
It is an association: better assets may be the ones that get reused.  Numbers are lifetime totals over all platforms where an asset ran.
Errors: 22004 null or 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 or 42804 tables that do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_insights(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	confidence float8 DEFAULT 0.95
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_insights'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_insights(uuid, text, float8) IS
'Tells whether a tenant''s reused assets perform better than others like them, for callers that bind uuid values; otherwise as asset_reuse_insights(text, ...).';

--
-- Schema check: do the application's tables fit?
--

CREATE FUNCTION asset_reuse_check_schema(
	OUT relation text,
	OUT "column" text,
	OUT requirement text,
	OUT expected text,
	OUT found text,
	OUT status text,
	OUT hint text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_check_schema'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_check_schema() IS
'Returns a row for each column of the application''s tables that the extension uses: whether it is required or optional, the type expected and found, a status (ok, missing, wrong type or no table), and a hint on what to do.  For each index that it wants there, the column is the key in parentheses, and the hint is the statement that creates the index.
The tables are those that asset_reuse.assets_table and asset_reuse.spaces_table name for the caller.  Raises no error for a table that does not fit, but 42501 for a schema that the caller may not look into.';

--
-- Status: what a monitoring system asks each minute
--

CREATE FUNCTION asset_reuse_status_tables(
	OUT assets regclass,
	OUT history regclass,
	OUT documents_with_log bigint,
	OUT library_version text
)
AS 'MODULE_PATHNAME', 'asset_reuse_status_tables'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_status_tables() IS
'Returns what the view asset_reuse_status is made of: the table of assets and the history table, NULL if there is none, how many documents have a log, and the version of the loaded library.
documents_with_log: of those that the caller may see, counted up to 1,000 in the index on the documents that have a log; NULL without that index, or without the right to read the documents.
Error 42501 for a schema that the caller may not look into.';

CREATE VIEW asset_reuse_status AS
WITH t AS MATERIALIZED (
	SELECT * FROM asset_reuse_status_tables()
), extension AS MATERIALIZED (
	SELECT e.extname, e.extversion FROM pg_catalog.pg_extension AS e WHERE e.extname OPERATOR(pg_catalog.=) 'asset_reuse'
), readable AS MATERIALIZED (
	SELECT r.oid FROM t, LATERAL (VALUES (t.assets::oid), (t.history::oid)) AS r (oid)
	WHERE pg_catalog.has_any_column_privilege(r.oid, 'SELECT')
), leaf AS MATERIALIZED (	-- what has the bytes: the table or its partitions, its index or their indexes; a view has none
	SELECT w.whole, w.valid, c.oid, c.relkind, c.reltuples
	FROM (
		SELECT r.oid AS whole, true AS valid FROM readable AS r
		UNION ALL
		SELECT i.indexrelid, i.indisvalid
		FROM readable AS r JOIN pg_catalog.pg_index AS i ON i.indrelid OPERATOR(pg_catalog.=) r.oid) AS w,
		LATERAL (SELECT w.whole UNION SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(w.whole) AS p) AS part (oid)
		JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) part.oid
)
SELECT 'extension_version' AS fact, e.extname::text AS object, 1::float8 AS value, e.extversion AS detail FROM extension AS e
UNION ALL
SELECT 'library_version', e.extname, (e.extversion OPERATOR(pg_catalog.=) t.library_version)::int, t.library_version
FROM t, extension AS e
UNION ALL
SELECT 'events_in', t.assets::text, 1,
	CASE WHEN t.history IS NULL THEN 'documents' WHEN t.documents_with_log IS NULL THEN 'table, perhaps documents'
		WHEN t.documents_with_log OPERATOR(pg_catalog.=) 0 THEN 'table' ELSE 'both' END
FROM t WHERE t.assets IS NOT NULL
UNION ALL
SELECT 'documents_with_log', t.assets::text, t.documents_with_log,
	CASE WHEN t.documents_with_log OPERATOR(pg_catalog.=) 1000 THEN 'or more' END
FROM t WHERE t.documents_with_log IS NOT NULL
UNION ALL
SELECT 'rows', l.whole::regclass::text, pg_catalog.sum(l.reltuples) FILTER (WHERE l.reltuples OPERATOR(pg_catalog.>=) 0), 'estimate'
FROM leaf AS l WHERE l.relkind OPERATOR(pg_catalog.=) 'r' GROUP BY l.whole
UNION ALL
SELECT 'table_bytes', l.whole::regclass::text, pg_catalog.sum(pg_catalog.pg_table_size(l.oid)), NULL
FROM leaf AS l WHERE l.relkind OPERATOR(pg_catalog.=) 'r' GROUP BY l.whole
UNION ALL
SELECT 'index_bytes', l.whole::regclass::text, pg_catalog.sum(pg_catalog.pg_relation_size(l.oid)), CASE WHEN l.valid THEN 'valid' ELSE 'invalid' END
FROM leaf AS l WHERE l.relkind OPERATOR(pg_catalog.=) 'i' GROUP BY l.whole, l.valid
UNION ALL
SELECT 'wanted_index', pg_catalog.concat(c.relation, ' ', c."column"), (c.status OPERATOR(pg_catalog.=) 'ok')::int,
	COALESCE(c.hint, c.found)
FROM asset_reuse_check_schema() AS c WHERE pg_catalog.starts_with(c."column", '(');

COMMENT ON VIEW asset_reuse_status IS
'One row per fact on where events live and how large the tables are, cheap enough to ask for each minute: it reads catalogs, sizes of files and at most 1,000 entries of an index.
fact, object: what is told of which table, index or extension.  value: a number; NULL if it is not known.  detail: the same in words.
Facts: extension_version and library_version (value 0: they differ), events_in (detail: documents, table, both, or table, perhaps documents), documents_with_log (up to 1,000), rows (estimates of the last VACUUM or ANALYZE), table_bytes with TOAST, index_bytes, and wanted_index (0: missing or invalid; detail: the statement that creates it).
Of a table that the caller may not read, only its name is shown.
Errors: 42501 no USAGE on a schema, 42809 somebody else''s table has the history table''s name.';

-- With the caller's rights: a view calls functions as the caller.
GRANT SELECT ON asset_reuse_status TO PUBLIC;

--
-- The history table: moving events to it
--

CREATE PROCEDURE asset_reuse_migrate_history(
	batch_size int DEFAULT 1000,
	tenant_id text DEFAULT NULL
)
AS 'MODULE_PATHNAME', 'asset_reuse_migrate_history'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_migrate_history(int, text) IS
'Moves the events that are stored in documents to the history table, alongside live traffic.  Commits in batches and reports its progress in notices.
batch_size: the greatest number of assets in a transaction, 1 or more; fewer are moved if they have many events.  tenant_id: the tenant whose events are moved; NULL for all tenants.
Moves only events of assets that the caller may see.  Can be interrupted and called again.  If a constraint or trigger refuses an asset''s update, its events stay in the document; a warning at the end counts such assets and says why the first one was refused, with the SQLSTATE of that error.
Errors: 22023 invalid batch_size, 22P02 malformed uuid, 2D000 called in a transaction block, 42P01 there is no history table, 42809 the relation of that name is not a history table, 55000 the type of the assets'' ids was changed meanwhile, 0A000 no tenant_id where Citus distributes the tables by it, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE PROCEDURE asset_reuse_migrate_history(
	batch_size int,
	tenant_id uuid
)
AS 'MODULE_PATHNAME', 'asset_reuse_migrate_history'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_migrate_history(int, uuid) IS
'Moves the events of one tenant to the history table; same as asset_reuse_migrate_history(int, text), but with a uuid identifier.';

--
-- The reuse log: functions that the UPDATE of asset_reuse_track calls on the row's
-- own columns.  A timestamp is taken as UTC, so both types have the same
-- representation and share the C function.
--

CREATE FUNCTION asset_reuse_log_next_time(
	platform_metadata jsonb,
	last_reused_at timestamp,
	clock timestamp,
	rounds boolean
) RETURNS timestamp
AS 'MODULE_PATHNAME', 'asset_reuse_log_next_time'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_next_time(jsonb, timestamp, timestamp, boolean) IS
'Returns the time of an asset''s next event: clock, or one microsecond after the latest of last_reused_at and the events in the log if clock is not past it.  Times more than a day after clock are disregarded.
platform_metadata, last_reused_at: the asset''s; either may be NULL.  clock: UTC, required.  rounds: whether last_reused_at is less precise than microseconds; if so, it is disregarded where it is the rounded time of the latest event.
Errors: 22004 null clock, 22008 the time is out of range, 22039 or 2203C platform_metadata cannot hold a history.';

CREATE FUNCTION asset_reuse_log_next_time(
	platform_metadata jsonb,
	last_reused_at timestamptz,
	clock timestamptz,
	rounds boolean
) RETURNS timestamptz
AS 'MODULE_PATHNAME', 'asset_reuse_log_next_time'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_next_time(jsonb, timestamptz, timestamptz, boolean) IS
'Returns the time of an asset''s next event; same as asset_reuse_log_next_time(jsonb, timestamp, ...), but for timestamptz columns.';

CREATE FUNCTION asset_reuse_log_append(
	platform_metadata jsonb,
	last_reused_at timestamp,
	clock timestamp,
	context jsonb,
	rounds boolean
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_log_append'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_append(jsonb, timestamp, timestamp, jsonb, boolean) IS
'Returns platform_metadata with one event appended to its reuse_history: {"timestamp": asset_reuse_log_next_time(...), "context": context}.
The result is byte for byte that of jsonb_set(coalesce(m, ''{}''), ''{reuse_history}'', coalesce(m->''reuse_history'', ''[]'') || event), but the old events are copied as they are.
platform_metadata, last_reused_at: the asset''s; either may be NULL.  clock: UTC, required.  context: a JSON object, required.  rounds: as in asset_reuse_log_next_time.
Errors: 22004 null argument, 22023 context is not an object, 22008 the time is out of range, 22039 or 2203C platform_metadata cannot hold a history, 54000 the document would exceed the size limits of jsonb.';

CREATE FUNCTION asset_reuse_log_append(
	platform_metadata jsonb,
	last_reused_at timestamptz,
	clock timestamptz,
	context jsonb,
	rounds boolean
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_log_append'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_append(jsonb, timestamptz, timestamptz, jsonb, boolean) IS
'Returns platform_metadata with one event appended; same as asset_reuse_log_append(jsonb, timestamp, ...), but for timestamptz columns.';

--
-- The context of an event: functions that the statements that store events call
--

CREATE FUNCTION asset_reuse_event_context(
	context jsonb,
	reused_in_type text,
	reused_in_id text,
	reused_in_name text,
	reuse_key text
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_event_context'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_event_context(jsonb, text, text, text, text) IS
'Returns the context of an event: the keys of context, overridden by the three reused_in_* keys and reuse_key.
context: a JSON object, or NULL for none.  A NULL for one of the reused_in_* arguments makes its key null; a NULL for reuse_key leaves the key out.
Errors: 22023 context is not an object.';

CREATE FUNCTION asset_reuse_event_metrics(
	context jsonb,
	spend "any",
	clicks "any",
	conversions "any",
	impressions "any"
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_event_metrics'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_event_metrics(jsonb, "any", "any", "any", "any") IS
'Returns the context of a reuse event with the metrics of its asset, as they are when it is stored, under the key at_reuse.
context: a JSON object, required; its own at_reuse is overridden.
spend, clicks, conversions, impressions: the asset''s columns, numbers of any type that these may have; one that is NULL, NaN or infinite is left out, and so is at_reuse without any.
Errors: 22004 null context, 22023 context is no object, 42804 an argument is no number.';

CREATE FUNCTION asset_reuse_event_id(
	reused_at timestamp,
	seq int
) RETURNS text
AS 'MODULE_PATHNAME', 'asset_reuse_event_id'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_event_id(timestamp, int) IS
'Returns the event_id of an event, which is the same in a document and in the history table.
reused_at: UTC; -infinity for an event without a usable time.  seq: the event''s number among the asset''s events of that time, from 0.';

--
-- Events as rows of the history table.  A row has an event's time, place and other
-- context in columns.  Where these cannot give the document's element back, the row has
-- the element itself, too; it is ignored if it contradicts the columns.  A context that
-- is not an object is ignored, too.
--

CREATE FUNCTION asset_reuse_event_element(
	reused_at timestamp,
	reused_in_type text,
	reused_in_id text,
	reused_in_name text,
	reuse_key text,
	context jsonb,
	original jsonb
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_event_element'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_event_element(timestamp, text, text, text, text, jsonb, jsonb) IS
'Returns a row of the history table as an element of reuse_history.
reused_at: UTC.  The other arguments are the columns of the row.';

CREATE FUNCTION asset_reuse_row_context(
	reused_at timestamp,
	reused_in_type text,
	reused_in_id text,
	reused_in_name text,
	reuse_key text,
	context jsonb,
	original jsonb
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_row_context'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_row_context(timestamp, text, text, text, text, jsonb, jsonb) IS
'Returns the whole context of an event that is a row of the history table, as a document would have it: NULL if there is none, and the element itself if that is not an object.';

--
-- The events of a document.  If the history table has rows of the same asset, the row_*
-- arrays have those rows' times (UTC), numbers and elements, as far as their times occur
-- in the document.  An event that equals a row is a copy of it, which came back when
-- software saved an old document; it does not count.
--

CREATE FUNCTION asset_reuse_log_count(platform_metadata jsonb) RETURNS int
AS 'MODULE_PATHNAME', 'asset_reuse_log_count'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_count(jsonb) IS
'Returns the number of events in a document; 0 for a document that cannot hold a history.';

CREATE FUNCTION asset_reuse_log_count_in(
	platform_metadata jsonb,
	start_date timestamp,
	end_date timestamp,
	row_times timestamp[],
	row_seqs int[],
	row_elements jsonb[]
) RETURNS bigint
AS 'MODULE_PATHNAME', 'asset_reuse_log_count_in'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_count_in(jsonb, timestamp, timestamp, timestamp[], int[], jsonb[]) IS
'Returns the number of events that asset_reuse_log_events returns for these arguments.';

CREATE FUNCTION asset_reuse_log_times(platform_metadata jsonb) RETURNS timestamp[]
AS 'MODULE_PATHNAME', 'asset_reuse_log_times'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_times(jsonb) IS
'Returns the distinct times of the events in a document, in UTC and in ascending order; -infinity stands for events without a usable time.';

CREATE FUNCTION asset_reuse_log_restore(
	platform_metadata jsonb,
	row_times timestamp[],
	row_seqs int[],
	row_elements jsonb[]
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_log_restore'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_restore(jsonb, timestamp[], int[], jsonb[]) IS
'Returns platform_metadata with rows of the history table put back into its reuse_history, ordered by time; elements without a time come first.  Copies of the rows are removed.
platform_metadata: may be NULL.  row_times, row_seqs, row_elements: all rows of the asset, ordered by time and seq; NULL for none.
Errors: 22004 the arrays contain a null, 22023 the arrays differ in length, 22039 or 2203C platform_metadata cannot hold a history, 54000 the document would exceed the size limits of jsonb.';

--
-- The aggregate behind asset_reuse_analytics: one pass over the assets, in parallel
-- if the planner chooses so.  Columns have the types of the application's tables,
-- hence "any".
--

CREATE FUNCTION asset_reuse_summary_transition(
	state internal,
	top_limit int,
	range_start timestamp,
	range_end timestamp,
	reuses_in_table bigint,
	id "any",
	ctr "any",
	clicks "any",
	file_url "any",
	asset_name "any",
	asset_type "any",
	conversions "any",
	impressions "any",
	reused_count "any",
	thumbnail_url "any",
	last_reused_at "any",
	campaign_space_id "any",
	platform_metadata "any"
) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_summary_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_summary_transition(internal, int, timestamp, timestamp, bigint, "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any") IS
'Adds an asset to the state of asset_reuse_summary.';

CREATE FUNCTION asset_reuse_summary_combine(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_summary_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_summary_combine(internal, internal) IS
'Adds one state of asset_reuse_summary to another.';

CREATE FUNCTION asset_reuse_summary_serialize(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'asset_reuse_summary_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_summary_serialize(internal) IS
'Returns a state of asset_reuse_summary as bytes.';

CREATE FUNCTION asset_reuse_summary_deserialize(bytea, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_summary_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_summary_deserialize(bytea, internal) IS
'Returns a state of asset_reuse_summary from its bytes.';

CREATE FUNCTION asset_reuse_summary_final(internal) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_summary_final'
LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_summary_final(internal) IS
'Returns the result of asset_reuse_summary.';

CREATE AGGREGATE asset_reuse_summary(
	top_limit int,
	range_start timestamp,
	range_end timestamp,
	reuses_in_table bigint,
	id "any",
	ctr "any",
	clicks "any",
	file_url "any",
	asset_name "any",
	asset_type "any",
	conversions "any",
	impressions "any",
	reused_count "any",
	thumbnail_url "any",
	last_reused_at "any",
	campaign_space_id "any",
	platform_metadata "any"
) (
	SFUNC = asset_reuse_summary_transition,
	STYPE = internal,
	FINALFUNC = asset_reuse_summary_final,
	COMBINEFUNC = asset_reuse_summary_combine,
	SERIALFUNC = asset_reuse_summary_serialize,
	DESERIALFUNC = asset_reuse_summary_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE asset_reuse_summary(int, timestamp, timestamp, bigint, "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any", "any") IS
'Returns overview, by_asset_type, top_reused_assets and performance_correlation of a set of assets, as in the answer of asset_reuse_analytics.
top_limit: the length of the list of top assets, 1 to 50.  range_start, range_end: count the events with range_start <= time < range_end, in UTC, NULL for no bound; if both are NULL, count reused_count.  These three must be the same for all rows.
reuses_in_table: the number of the asset''s events in the range that are rows of the history table, added to those in its document; NULL for none.  Ignored without a range.
The other arguments are the columns of the asset; an untyped NULL stands for a column that the table does not have.
Errors: 22003 the sum of reuses is too large for bigint, 22004 or 22023 invalid top_limit, 42804 a column has an unusable type.';

--
-- The aggregate that asset_reuse_insights runs on: one pass, in parallel where the
-- planner finds it worthwhile.  Columns have the types of the application's tables,
-- hence "any".
--

CREATE FUNCTION asset_reuse_insight_transition(
	state internal,
	wanted boolean,
	asset_type "any",
	campaign_id text,
	campaigns text[],
	created_at "any",
	reused_count "any",
	impressions "any",
	clicks "any",
	conversions "any"
) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_insight_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_transition(internal, boolean, "any", text, text[], "any", "any", "any", "any", "any") IS
'Adds an asset to the state of asset_reuse_insight.';

CREATE FUNCTION asset_reuse_insight_combine(internal, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_insight_combine'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_combine(internal, internal) IS
'Adds a state of asset_reuse_insight to another.';

CREATE FUNCTION asset_reuse_insight_serialize(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'asset_reuse_insight_serialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_serialize(internal) IS
'Returns a state of asset_reuse_insight as bytes.';

CREATE FUNCTION asset_reuse_insight_deserialize(bytea, internal) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_insight_deserialize'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_deserialize(bytea, internal) IS
'Returns a state of asset_reuse_insight from its bytes.';

CREATE FUNCTION asset_reuse_insight_final(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'asset_reuse_insight_final'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_final(internal) IS
'Returns the result of asset_reuse_insight.';

CREATE AGGREGATE asset_reuse_insight(
	wanted boolean,
	asset_type "any",
	campaign_id text,
	campaigns text[],
	created_at "any",
	reused_count "any",
	impressions "any",
	clicks "any",
	conversions "any"
) (
	SFUNC = asset_reuse_insight_transition,
	STYPE = internal,
	FINALFUNC = asset_reuse_insight_final,
	COMBINEFUNC = asset_reuse_insight_combine,
	SERIALFUNC = asset_reuse_insight_serialize,
	DESERIALFUNC = asset_reuse_insight_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE asset_reuse_insight(boolean, "any", text, text[], "any", "any", "any", "any", "any") IS
'Returns the sums of a set of assets by type, platform and year, exact, as bytes that only this extension reads, in this database; NULL for no assets.
wanted: whether the asset is of a type that is asked for, the same for all assets of a type.
campaign_id: the asset''s campaign of origin.  campaigns: pairs of the id and the platform of each campaign, the same for all assets; NULL if platforms are not known.  Ids are compared by the collation of campaign_id.
The others are the assets'' columns; an untyped NULL for one that the table does not have.
Errors: 42804 a column of an unusable type, 22023 campaigns that are no pairs.';

CREATE FUNCTION asset_reuse_insight_transition(
	state internal,
	wanted boolean,
	asset_type "any",
	campaign_id text,
	campaigns text[],
	created_at "any",
	reused_count "any",
	impressions "any",
	clicks "any",
	conversions "any",
	filter text,
	confidence float8
) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_insight_transition'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_transition(internal, boolean, "any", text, text[], "any", "any", "any", "any", "any", text, float8) IS
'Adds an asset to the state of asset_reuse_insight_answer.';

CREATE FUNCTION asset_reuse_insight_answer_final(internal) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_insight_answer_final'
LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_answer_final(internal) IS
'Returns the result of asset_reuse_insight_answer.';

CREATE AGGREGATE asset_reuse_insight_answer(
	wanted boolean,
	asset_type "any",
	campaign_id text,
	campaigns text[],
	created_at "any",
	reused_count "any",
	impressions "any",
	clicks "any",
	conversions "any",
	filter text,
	confidence float8
) (
	SFUNC = asset_reuse_insight_transition,
	STYPE = internal,
	FINALFUNC = asset_reuse_insight_answer_final,
	COMBINEFUNC = asset_reuse_insight_combine,
	SERIALFUNC = asset_reuse_insight_serialize,
	DESERIALFUNC = asset_reuse_insight_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE asset_reuse_insight_answer(boolean, "any", text, text[], "any", "any", "any", "any", "any", text, float8) IS
'Returns what asset_reuse_insights answers about a set of assets; NULL for no assets.
filter: the type that is asked for, or NULL.  confidence: of the intervals, from 0.5 to 0.999.  Both are the same for all assets.
The other arguments and errors are those of asset_reuse_insight.  Further errors: 22023 confidence out of bounds.';

CREATE FUNCTION asset_reuse_insight_asset(
	state bytea,
	confidence float8,
	asset_type "any",
	platform text,
	created_at "any",
	impressions "any",
	clicks "any"
) RETURNS float8[]
AS 'MODULE_PATHNAME', 'asset_reuse_insight_asset'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_insight_asset(bytea, float8, "any", text, "any", "any", "any") IS
'Returns what an asset''s clicks per impression are taken to be, given those of all assets: [impressions, clicks, rate, shrunken rate, low and high end of its interval, share of the asset''s own data in it, rate of assets like it].
state: what asset_reuse_insight returns for all assets, the same in all rows.  confidence: of the interval, above 0 and below 1.
platform: that of the asset''s campaign of origin.  The others are the asset''s columns, of the types that the state is of.  Impressions and clicks that are missing or inconsistent count as 0, and the rate is NULL without impressions.
NULL for a NULL state or confidence.
Errors: 22023 or 08P01 invalid confidence or state, 42804 a column of another type than in the state.';

--
-- The history table: one row per event, for long histories
--

CREATE FUNCTION asset_reuse_create_history_table(
	partition_by text DEFAULT NULL
) RETURNS text
AS 'MODULE_PATHNAME', 'asset_reuse_create_history_table'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_create_history_table(text) IS
'Creates the history table, in which events are stored from then on, and returns its name.  If the table exists, nothing is done.
The name is taken from asset_reuse.history_table; unless that has a schema, the table is created in the schema of the assets table.  It belongs to the owner of the assets table and gets its privileges.  Row-level security is always enabled on it, and its policies refer to those of the assets.  The assets get a partial index on the documents that have a log.
partition_by: NULL for an ordinary table, ''month'' for a table partitioned by the month of reused_at.  pg_partman, if installed, creates partitions in advance, as the owner; otherwise a default partition holds all events.
Errors: 42501 not the owner of the assets table, may not look into the schema of the campaigns, or the owner has no privileges on pg_partman, 42P01 the assets have a history table of another name, 22023 unknown partition_by, 42809 a table or view of that name is not a history table, the assets are not a table, tables inherit from them, or they are unlogged and partition_by is given, 42710 something that is not a table or view has that name, 3F000 the schema that the setting names does not exist, 42830 the assets'' id is not unique, 25001 the transaction is not READ COMMITTED, 40001 a table or its schema was renamed concurrently, 55P03 another transaction is creating something of the same name or uses a partition of the assets, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_drop_history_table() RETURNS bigint
AS 'MODULE_PATHNAME', 'asset_reuse_drop_history_table'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_drop_history_table() IS
'Puts all events of the history table back into the assets'' platform_metadata->''reuse_history'', drops the table, and returns the number of events restored.
Errors: 42501 not the owner of the assets table, or subject to its row-level security, 42P01 there is no history table, 42809 the relation of that name is not a history table, 54000 a document would get too large, 22008 a row''s time is outside the years 1 to 9999, 23514 a row''s context is not an object, 22039 or 2203C a document cannot hold events, 55000 an asset cannot be updated, or the detachment of a partition was interrupted, 2BP01 other objects depend on the table, 25001 the transaction is not READ COMMITTED, 40001 a table or its schema was renamed concurrently, 55P03 another user of pg_partman keeps its entry for the table locked.';

CREATE FUNCTION asset_reuse_notify() RETURNS trigger
AS 'MODULE_PATHNAME', 'asset_reuse_notify'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION asset_reuse_notify() IS
'Trigger function for the history table, to be called AFTER INSERT OR DELETE, FOR EACH STATEMENT.  Sends NOTIFY asset_reuse, without a payload, when the transaction commits.
Sends at most one notification per second and session, and none while the notification queue is more than half full or if the transaction is prepared.  Listeners should therefore read again a second after each notification.
Error 39P01: not called by an AFTER trigger for each statement.';

CREATE FUNCTION asset_reuse_uuid_of(
	id text,
	column_name text
) RETURNS uuid
AS 'MODULE_PATHNAME', 'asset_reuse_uuid_of'
LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_uuid_of(text, text) IS
'Returns an identifier as a uuid.
column_name: the column that the identifier comes from, for the error message.  If it is NULL, an identifier that is not a uuid becomes NULL.
Error 22P02: the identifier is not a uuid; the message does not show it.';

CREATE FUNCTION asset_reuse_decimal(number real) RETURNS numeric
AS 'MODULE_PATHNAME', 'asset_reuse_decimal_of_real'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_decimal(real) IS
'Returns a float as a numeric, with the fewest digits that tell it from others, whatever the setting extra_float_digits; NULL for NaN and infinity.';

CREATE FUNCTION asset_reuse_decimal(number double precision) RETURNS numeric
AS 'MODULE_PATHNAME', 'asset_reuse_decimal'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_decimal(double precision) IS
'Same as asset_reuse_decimal(real).';

--
-- Rows for analysts.  These functions read events in the assets' documents and in
-- the history table.
--

CREATE FUNCTION asset_reuse_rows_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'asset_reuse_rows_support'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_rows_support(internal) IS
'Planner support function: estimates the number of rows that the functions below return, as means over all tenants, from the statistics of the assets table.';

CREATE FUNCTION asset_reuse_log_events(
	platform_metadata jsonb,
	start_date timestamp,
	end_date timestamp,
	uuid_campaigns boolean,
	detail int,
	row_times timestamp[],
	row_seqs int[],
	row_elements jsonb[],
	OUT reused_at timestamp,
	OUT seq int,
	OUT reused_in_type text,
	OUT reused_in_id text,
	OUT reused_in_name text,
	OUT context jsonb
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_log_events'
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 2;	-- most assets have none; the default of 1,000 misleads the planner

COMMENT ON FUNCTION asset_reuse_log_events(jsonb, timestamp, timestamp, boolean, int, timestamp[], int[], jsonb[]) IS
'Returns the events in an asset''s document, oldest first: time in UTC (-infinity if there is no usable one), number among the asset''s events of that time, place, and context (NULL if there is none; the event itself if it is not an object).
platform_metadata: the asset''s; NULL or a document that cannot hold a history has no events.
start_date, end_date: only events with start_date <= time < end_date, in UTC, NULL for no bound; if both are NULL, all events, including those without a time.
uuid_campaigns: whether the ids of campaigns are uuids, which compare in any spelling.  detail: 0 returns only times and numbers, 1 also places, 2 also contexts.
row_times, row_seqs, row_elements: those of the asset''s rows that have the time of an event in the document; NULL for none.';

CREATE FUNCTION asset_reuse_event_rows(
	tenant_id text,
	asset_id text,
	start_date timestamptz,
	end_date timestamptz,
	OUT event_id text,
	OUT asset_id text,
	OUT reused_at timestamptz,
	OUT reused_in_type text,
	OUT reused_in_id text,
	OUT reused_in_name text,
	OUT campaign_space_id text,
	OUT context jsonb
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_event_rows'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_event_rows(text, text, timestamptz, timestamptz) IS
'Returns the rows of asset_reuse_events one at a time.  Use asset_reuse_events, which does so in a FROM clause too.';

CREATE FUNCTION asset_reuse_event_rows(
	tenant_id uuid,
	asset_id uuid,
	start_date timestamptz,
	end_date timestamptz,
	OUT event_id text,
	OUT asset_id uuid,
	OUT reused_at timestamptz,
	OUT reused_in_type text,
	OUT reused_in_id text,
	OUT reused_in_name text,
	OUT campaign_space_id uuid,
	OUT context jsonb
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_event_rows'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_event_rows(uuid, uuid, timestamptz, timestamptz) IS
'Returns the rows of asset_reuse_events(uuid, ...) one at a time.';

-- A C function in FROM returns all its rows before the first one is used; one in a
-- target list returns them one at a time.  This function is inlined, so a caller's
-- LIMIT stops it: it must remain a single SELECT, STABLE, not STRICT and without settings.
CREATE FUNCTION asset_reuse_events(
	tenant_id text,
	asset_id text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL
) RETURNS TABLE (
	event_id text,
	asset_id text,
	reused_at timestamptz,
	reused_in_type text,
	reused_in_id text,
	reused_in_name text,
	campaign_space_id text,
	context jsonb
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT (e.event).event_id, (e.event).asset_id, (e.event).reused_at, (e.event).reused_in_type, (e.event).reused_in_id,
		(e.event).reused_in_name, (e.event).campaign_space_id, (e.event).context
	FROM (SELECT asset_reuse_event_rows($1, $2, $3, $4) AS event) AS e;
END;

COMMENT ON FUNCTION asset_reuse_events(text, text, timestamptz, timestamptz) IS
'Returns one row per event of a tenant''s live assets, newest first.  A LIMIT on the query stops the work early.
tenant_id: the tenant whose events are returned.  asset_id: only events of this asset; NULL for all assets.
start_date, end_date: only events with start_date <= time < end_date; NULL for no bound.  Without either, events without a usable time are returned too, last, with a null reused_at.
event_id: distinguishes the events of an asset, and stays the same wherever the event is stored.  reused_in_type, reused_in_id, reused_in_name: the place, as text.  campaign_space_id: the campaign that the event names, whether or not it still exists.  context: as stored.
Events at the same time are ordered by asset; within an asset, the one stored later comes first.
Errors: 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_events(
	tenant_id uuid,
	asset_id uuid DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL
) RETURNS TABLE (
	event_id text,
	asset_id uuid,
	reused_at timestamptz,
	reused_in_type text,
	reused_in_id text,
	reused_in_name text,
	campaign_space_id uuid,
	context jsonb
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT (e.event).event_id, (e.event).asset_id, (e.event).reused_at, (e.event).reused_in_type, (e.event).reused_in_id,
		(e.event).reused_in_name, (e.event).campaign_space_id, (e.event).context
	FROM (SELECT asset_reuse_event_rows($1, $2, $3, $4) AS event) AS e;
END;

COMMENT ON FUNCTION asset_reuse_events(uuid, uuid, timestamptz, timestamptz) IS
'Returns one row per event of a tenant''s live assets; same as asset_reuse_events(text, ...), but with uuid identifiers.
campaign_space_id is null for a campaign whose id is not a uuid.  Error 22P02: the id of an asset is not a uuid.';

CREATE FUNCTION asset_reuse_timeline(
	tenant_id text,
	bucket text DEFAULT 'day',
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	time_zone text DEFAULT 'UTC',
	OUT bucket_start timestamptz,
	OUT reuses bigint,
	OUT assets bigint
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_timeline'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_timeline(text, text, text, timestamptz, timestamptz, text) IS
'Returns how often a tenant''s live assets were reused in each bucket of time, and how many assets were reused.  Buckets without reuse have zeros.
bucket: hour, day, week (from Monday), month, quarter or year.  asset_type: only assets of this type; NULL for all.
start_date, end_date: count the events with start_date <= time < end_date, and return all buckets of this range.  Without start_date the rows begin with the first event; without end_date they end a day after the clock, and a notice counts the later events.
time_zone: any name in pg_timezone_names; buckets begin at midnight there, daylight saving time included.
Of more than 1,000,000 buckets only the newest are returned, and a notice counts the earlier events.
Errors: 22004 null argument, 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_timeline(
	tenant_id uuid,
	bucket text DEFAULT 'day',
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	time_zone text DEFAULT 'UTC',
	OUT bucket_start timestamptz,
	OUT reuses bigint,
	OUT assets bigint
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_timeline'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_timeline(uuid, text, text, timestamptz, timestamptz, text) IS
'Returns how often a tenant''s live assets were reused in each bucket of time; same as asset_reuse_timeline(text, ...), but with a uuid identifier.';

CREATE FUNCTION asset_reuse_trend(
	tenant_id text,
	bucket text DEFAULT 'month',
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	time_zone text DEFAULT 'UTC',
	OUT bucket_start timestamptz,
	OUT created_assets bigint,
	OUT reuses bigint,
	OUT reused_assets bigint,
	OUT total_assets bigint,
	OUT assets_ever_reused bigint,
	OUT reuse_rate_percentage numeric
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_trend'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_trend(text, text, text, timestamptz, timestamptz, text) IS
'Returns, by buckets of time, whether a tenant''s rate of reuse rises and how many assets are newly created.
created_assets, reuses, reused_assets: the live assets created in the bucket, the reuses in it, and the assets reused in it.
total_assets: the assets created before the bucket''s end.  assets_ever_reused: those of them with an event before its end.  reuse_rate_percentage: the latter in percent of the former, with two decimals.  Events and assets before start_date count in these three.
The arguments are those of asset_reuse_timeline, except that bucket defaults to month, and that without start_date the rows begin with the first asset that was created or the first event, whichever is earlier.
Without created_at, created_assets, total_assets and reuse_rate_percentage are NULL; an asset whose created_at is NULL counts as always there.
Errors: those of asset_reuse_timeline.';

CREATE FUNCTION asset_reuse_trend(
	tenant_id uuid,
	bucket text DEFAULT 'month',
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	time_zone text DEFAULT 'UTC',
	OUT bucket_start timestamptz,
	OUT created_assets bigint,
	OUT reuses bigint,
	OUT reused_assets bigint,
	OUT total_assets bigint,
	OUT assets_ever_reused bigint,
	OUT reuse_rate_percentage numeric
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_trend'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_trend(uuid, text, text, timestamptz, timestamptz, text) IS
'Returns, by buckets of time, whether a tenant''s rate of reuse rises; same as asset_reuse_trend(text, ...), but with a uuid identifier.';

CREATE FUNCTION asset_reuse_where_used(
	tenant_id text,
	campaign_space_id text DEFAULT NULL,
	reused_in_type text DEFAULT NULL,
	reused_in_id text DEFAULT NULL,
	OUT asset_id text,
	OUT asset_name text,
	OUT asset_type text,
	OUT reuses bigint,
	OUT first_reused_at timestamptz,
	OUT last_reused_at timestamptz
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_where_used'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_where_used(text, text, text, text) IS
'Returns the live assets of a tenant that were reused in a campaign or in another place, with the number of reuses and the times of the first and the last; the most reused first.
campaign_space_id: the campaign that the events name; it need not exist any more.
reused_in_type, reused_in_id: the place, as the events have it.
At least one of the last three arguments must be given, and all that are given must match.  By the type alone, all events of the tenant are read.
Errors: 22004 null tenant_id, 22023 invalid argument, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_where_used(
	tenant_id uuid,
	campaign_space_id uuid DEFAULT NULL,
	reused_in_type text DEFAULT NULL,
	reused_in_id text DEFAULT NULL,
	OUT asset_id uuid,
	OUT asset_name text,
	OUT asset_type text,
	OUT reuses bigint,
	OUT first_reused_at timestamptz,
	OUT last_reused_at timestamptz
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_where_used'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_where_used(uuid, uuid, text, text) IS
'Returns the live assets of a tenant that were reused in a campaign or in another place; same as asset_reuse_where_used(text, ...), but with uuid identifiers.
Error 22P02: the id of an asset is not a uuid.';

CREATE FUNCTION asset_reuse_places(
	asset_id text,
	tenant_id text,
	OUT reused_in_type text,
	OUT reused_in_id text,
	OUT reused_in_name text,
	OUT reuses bigint,
	OUT first_reused_at timestamptz,
	OUT last_reused_at timestamptz,
	OUT is_live boolean
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_places'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_places(text, text) IS
'Returns the places where an asset was reused, with the number of reuses and the times of the first and the last; the most recent first.  Look at them before you delete the asset.
asset_id, tenant_id: the asset, which must exist, be live and belong to the tenant.
reused_in_name: the name in the place''s newest event.  Events that name no place are shown as one place of nulls.  A place whose events have no usable time comes last, with null times.
is_live: true for a live campaign of the tenant, false for a campaign that is gone, null for a place that is not a campaign.
Errors: P0002 asset not found, 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_places(
	asset_id uuid,
	tenant_id uuid,
	OUT reused_in_type text,
	OUT reused_in_id text,
	OUT reused_in_name text,
	OUT reuses bigint,
	OUT first_reused_at timestamptz,
	OUT last_reused_at timestamptz,
	OUT is_live boolean
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_places'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_places(uuid, uuid) IS
'Returns the places where an asset was reused; same as asset_reuse_places(text, text), but with uuid identifiers.';

CREATE FUNCTION asset_reuse_top(
	tenant_id text,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	top_limit int DEFAULT 10
) RETURNS TABLE (
	asset_id text,
	asset_name text,
	asset_type text,
	reuses bigint,
	last_reused_at timestamptz,
	impressions numeric,
	clicks numeric,
	conversions numeric,
	ctr numeric,
	file_url text,
	thumbnail_url text,
	campaign_space_id text
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT t.id, t.asset_name, t.asset_type, COALESCE(t.reuses_in_range, t.reused_count), t.last_reused_at,
		t.impressions, t.clicks, t.conversions, t.ctr, t.file_url, t.thumbnail_url, t.campaign_space_id
	FROM ROWS FROM (pg_catalog.jsonb_to_recordset(
			asset_reuse_analytics($1, $2, $3, $4, $5) OPERATOR(pg_catalog.->) 'top_reused_assets')
		AS (id text, asset_name text, asset_type text, reuses_in_range bigint, reused_count bigint,
			last_reused_at timestamptz, impressions numeric, clicks numeric, conversions numeric, ctr numeric,
			file_url text, thumbnail_url text, campaign_space_id text)) WITH ORDINALITY AS t
	ORDER BY t.ordinality
	LIMIT GREATEST(COALESCE($5, 10), 1);	-- drops no rows, but tells the planner how many there are
END;

COMMENT ON FUNCTION asset_reuse_top(text, text, timestamptz, timestamptz, int) IS
'Returns the top assets of asset_reuse_analytics as rows, in the same order.
reuses: the number of events in the range, or reused_count without one.  A column that the assets table does not have is null.
The arguments and errors are those of asset_reuse_analytics.';

CREATE FUNCTION asset_reuse_top(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	top_limit int DEFAULT 10
) RETURNS TABLE (
	asset_id uuid,
	asset_name text,
	asset_type text,
	reuses bigint,
	last_reused_at timestamptz,
	impressions numeric,
	clicks numeric,
	conversions numeric,
	ctr numeric,
	file_url text,
	thumbnail_url text,
	campaign_space_id uuid
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT asset_reuse_uuid_of(t.id, 'id'), t.asset_name, t.asset_type, COALESCE(t.reuses_in_range, t.reused_count),
		t.last_reused_at, t.impressions, t.clicks, t.conversions, t.ctr, t.file_url, t.thumbnail_url,
		asset_reuse_uuid_of(t.campaign_space_id, 'campaign_space_id')
	FROM ROWS FROM (pg_catalog.jsonb_to_recordset(
			asset_reuse_analytics($1, $2, $3, $4, $5) OPERATOR(pg_catalog.->) 'top_reused_assets')
		AS (id text, asset_name text, asset_type text, reuses_in_range bigint, reused_count bigint,
			last_reused_at timestamptz, impressions numeric, clicks numeric, conversions numeric, ctr numeric,
			file_url text, thumbnail_url text, campaign_space_id text)) WITH ORDINALITY AS t
	ORDER BY t.ordinality
	LIMIT GREATEST(COALESCE($5, 10), 1);	-- drops no rows, but tells the planner how many there are
END;

COMMENT ON FUNCTION asset_reuse_top(uuid, text, timestamptz, timestamptz, int) IS
'Returns the top assets of asset_reuse_analytics as rows; same as asset_reuse_top(text, ...), but with uuid identifiers.
Error 22P02: an id is not a uuid.';

CREATE FUNCTION asset_reuse_unused(
	tenant_id text,
	asset_type text DEFAULT NULL,
	older_than interval DEFAULT NULL,
	OUT asset_id text,
	OUT asset_name text,
	OUT asset_type text,
	OUT created_at timestamptz,
	OUT impressions numeric,
	OUT clicks numeric,
	OUT conversions numeric,
	OUT ctr numeric,
	OUT file_url text,
	OUT campaign_space_id text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_unused'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_unused(text, text, interval) IS
'Returns the live assets of a tenant that were never reused, ordered by ctr and conversions, the best first: what to reuse next or, from the end, what to archive.
asset_type: only assets of this type; NULL for all.  older_than: only assets created longer ago than this, counted from the start of the transaction; NULL for all.
A column that the assets table does not have is null.  A missing ctr is computed from clicks and impressions if they are there, in percent with two decimals.
Errors: 22004 null argument, 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 (older_than needs created_at) or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_unused(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	older_than interval DEFAULT NULL,
	OUT asset_id uuid,
	OUT asset_name text,
	OUT asset_type text,
	OUT created_at timestamptz,
	OUT impressions numeric,
	OUT clicks numeric,
	OUT conversions numeric,
	OUT ctr numeric,
	OUT file_url text,
	OUT campaign_space_id uuid
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_unused'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_unused(uuid, text, interval) IS
'Returns the live assets of a tenant that were never reused; same as asset_reuse_unused(text, ...), but with uuid identifiers.
Error 22P02: an id is not a uuid.';

--
-- Recommend: what to reuse next
--

CREATE FUNCTION asset_reuse_recommend(
	tenant_id text,
	campaign_space_id text DEFAULT NULL,
	asset_type text DEFAULT NULL,
	row_limit int DEFAULT 10,
	order_by text DEFAULT 'fit',
	explore int DEFAULT 0,
	half_life interval DEFAULT '365 days',
	as_of timestamptz DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_recommend'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_recommend(text, text, text, int, text, int, interval, timestamptz) IS
'Returns which assets to reuse next in a campaign, by what the campaigns that share assets with it have, the best first, as jsonb.
tenant_id, campaign_space_id: the campaign, which must exist, be live and belong to the tenant; NULL for what is popular.
asset_type: only assets of this type; NULL for all.  row_limit: 1 to 50 items.
order_by: fit, or expected, which multiplies the fit by shrunken_rate over the rate of assets like it, from 0.5 to 2.
explore: how many of the items are to be assets that were never reused, those whose rate could be highest first; 0 to row_limit.  They come last.
half_life: the age at which a campaign counts half, greater than 0; a month is a twelfth of 365.25 days.
as_of: as it would have been at that time: only what was before it counts, in items as well; not with expected or explore, since what assets had performed then is not known.
A NULL for an optional argument means its default.
Items have the asset''s columns and: source: similar_campaigns; same_brand or same_platform, where the campaign has nothing yet; popular, which fills up; explore.  fit: 1 for the best of its source.  campaigns: in how many of the campaigns looked at it is.  because: up to three assets of the campaign that have most to do with it.  shrunken_rate, in clicks per impression, and label, as in asset_reuse_performance, with expected or explore only.  Assets that the campaign has already are not returned.  seeds: the number of the campaign''s assets on which the answer is based.
Looked at are the campaign''s 50 most reused assets, the 100 newest uses of each, and the 200 nearest campaigns of at most 1,000 uses; for the same brand or platform, 1,000 campaigns; for popular, the 10,000 newest events of 720 days.  Events without a usable time, and those more than a day ahead of the clock, do not count.
With the history table the time does not depend on how many events there are; without it, all of the tenant''s documents are read.  expected and explore read all of the tenant''s assets.
Errors: P0002 campaign not found, 21000 an id that more than one asset has, 22004 null tenant_id or 22023 invalid argument, 22P02 malformed uuid, 42P01, 42703 or 42804 tables that do not fit (see asset_reuse_check_schema()), 42809 a history table that is not ours.';

CREATE FUNCTION asset_reuse_recommend(
	tenant_id uuid,
	campaign_space_id uuid DEFAULT NULL,
	asset_type text DEFAULT NULL,
	row_limit int DEFAULT 10,
	order_by text DEFAULT 'fit',
	explore int DEFAULT 0,
	half_life interval DEFAULT '365 days',
	as_of timestamptz DEFAULT NULL
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_recommend'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_recommend(uuid, uuid, text, int, text, int, interval, timestamptz) IS
'Returns which assets to reuse next, for callers that bind uuid values; otherwise as asset_reuse_recommend(text, ...).';

CREATE FUNCTION asset_reuse_recommendations(
	tenant_id text,
	campaign_space_id text DEFAULT NULL,
	asset_type text DEFAULT NULL,
	row_limit int DEFAULT 10,
	order_by text DEFAULT 'fit',
	explore int DEFAULT 0,
	half_life interval DEFAULT '365 days',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	asset_id text,
	asset_name text,
	asset_type text,
	fit float8,
	source text,
	campaigns bigint,
	because text[],
	shrunken_rate float8,
	label text,
	reused_count bigint,
	last_reused_at timestamptz,
	impressions numeric,
	clicks numeric,
	conversions numeric,
	ctr numeric,
	file_url text,
	thumbnail_url text,
	campaign_space_id text
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT t.id, t.asset_name, t.asset_type, t.fit, t.source, t.campaigns,
		ARRAY(SELECT b.id FROM ROWS FROM (pg_catalog.jsonb_to_recordset(t.because) AS (id text)) WITH ORDINALITY AS b
			ORDER BY b.ordinality),
		t.shrunken_rate, t.label, t.reused_count, t.last_reused_at, t.impressions, t.clicks, t.conversions, t.ctr,
		t.file_url, t.thumbnail_url, t.campaign_space_id
	FROM ROWS FROM (pg_catalog.jsonb_to_recordset(
			asset_reuse_recommend($1, $2, $3, $4, $5, $6, $7, $8) OPERATOR(pg_catalog.->) 'items')
		AS (id text, asset_name text, asset_type text, fit float8, source text, campaigns bigint, because jsonb,
			shrunken_rate float8, label text, reused_count bigint, last_reused_at timestamptz, impressions numeric,
			clicks numeric, conversions numeric, ctr numeric, file_url text, thumbnail_url text,
			campaign_space_id text)) WITH ORDINALITY AS t
	ORDER BY t.ordinality
	LIMIT GREATEST(COALESCE($4, 10), 1);	-- all there are: it tells the planner how many
END;

COMMENT ON FUNCTION asset_reuse_recommendations(text, text, text, int, text, int, interval, timestamptz) IS
'Returns the items of asset_reuse_recommend as rows, in its order.
The arguments and errors are those of asset_reuse_recommend.  because: the ids of up to three assets of the campaign.
A column that the assets table does not have is NULL.';

CREATE FUNCTION asset_reuse_recommendations(
	tenant_id uuid,
	campaign_space_id uuid DEFAULT NULL,
	asset_type text DEFAULT NULL,
	row_limit int DEFAULT 10,
	order_by text DEFAULT 'fit',
	explore int DEFAULT 0,
	half_life interval DEFAULT '365 days',
	as_of timestamptz DEFAULT NULL
) RETURNS TABLE (
	asset_id uuid,
	asset_name text,
	asset_type text,
	fit float8,
	source text,
	campaigns bigint,
	because uuid[],
	shrunken_rate float8,
	label text,
	reused_count bigint,
	last_reused_at timestamptz,
	impressions numeric,
	clicks numeric,
	conversions numeric,
	ctr numeric,
	file_url text,
	thumbnail_url text,
	campaign_space_id uuid
)
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT asset_reuse_uuid_of(t.id, 'id'), t.asset_name, t.asset_type, t.fit, t.source, t.campaigns,
		ARRAY(SELECT asset_reuse_uuid_of(b.id, 'id') FROM ROWS FROM (pg_catalog.jsonb_to_recordset(t.because) AS (id text)) WITH ORDINALITY AS b
			ORDER BY b.ordinality),
		t.shrunken_rate, t.label, t.reused_count, t.last_reused_at, t.impressions, t.clicks, t.conversions, t.ctr,
		t.file_url, t.thumbnail_url, asset_reuse_uuid_of(t.campaign_space_id, 'campaign_space_id')
	FROM ROWS FROM (pg_catalog.jsonb_to_recordset(
			asset_reuse_recommend($1, $2, $3, $4, $5, $6, $7, $8) OPERATOR(pg_catalog.->) 'items')
		AS (id text, asset_name text, asset_type text, fit float8, source text, campaigns bigint, because jsonb,
			shrunken_rate float8, label text, reused_count bigint, last_reused_at timestamptz, impressions numeric,
			clicks numeric, conversions numeric, ctr numeric, file_url text, thumbnail_url text,
			campaign_space_id text)) WITH ORDINALITY AS t
	ORDER BY t.ordinality
	LIMIT GREATEST(COALESCE($4, 10), 1);	-- all there are: it tells the planner how many
END;

COMMENT ON FUNCTION asset_reuse_recommendations(uuid, uuid, text, int, text, int, interval, timestamptz) IS
'Returns the items of asset_reuse_recommend as rows, for callers that have uuid values; otherwise as asset_reuse_recommendations(text, ...).
Error 22P02 for an id that is no uuid.';

CREATE FUNCTION asset_reuse_recommend_evaluate(
	tenant_id text,
	start_date timestamptz,
	sample int DEFAULT 200,
	OUT method text,
	OUT campaigns bigint,
	OUT hit_rate_10 float8,
	OUT ndcg_10 float8,
	OUT coverage float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_recommend_evaluate'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 4;

COMMENT ON FUNCTION asset_reuse_recommend_evaluate(text, timestamptz, int) IS
'Returns how good recommendations would have been for this tenant: for campaigns that began since start_date, as of the time of their first event, given the first half of the assets reused there, whether the others are among the first ten of all.
tenant_id: whose live campaigns.  sample: 1 to 100,000 campaigns, spread evenly over the time; a campaign where fewer than two assets were reused, or where none of the second half existed yet, does not count.
method: recommend, as asset_reuse_recommend; decayed_popularity, which fills it up; popularity, by the number of events; item_cosine, by the campaigns that assets share with each of the first half, of its newest 200 uses.
campaigns: how many counted.  hit_rate_10: the share of them of which at least one asset was found.  ndcg_10: 1 if the first ten are all right, the higher places counting more (normalized discounted cumulative gain).  coverage: the share of the live assets that were recommended to any.  NULL without campaigns.
All of the tenant''s events are read, and kept in memory while it runs.
Errors: 22004 null argument or 22023 invalid sample, 22P02 malformed uuid, 42P01, 42703 or 42804 tables that do not fit (see asset_reuse_check_schema()), 42809 a history table that is not ours.';

CREATE FUNCTION asset_reuse_recommend_evaluate(
	tenant_id uuid,
	start_date timestamptz,
	sample int DEFAULT 200,
	OUT method text,
	OUT campaigns bigint,
	OUT hit_rate_10 float8,
	OUT ndcg_10 float8,
	OUT coverage float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_recommend_evaluate'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 4;

COMMENT ON FUNCTION asset_reuse_recommend_evaluate(uuid, timestamptz, int) IS
'Returns how good recommendations would have been, for callers that bind uuid values; otherwise as asset_reuse_recommend_evaluate(text, ...).';

--
-- Performance: which assets are good, and do they wear out?
--

CREATE FUNCTION asset_reuse_performance(
	tenant_id text,
	asset_type text DEFAULT NULL,
	campaign_space_id text DEFAULT NULL,
	row_limit int DEFAULT 50,
	OUT asset_id text,
	OUT asset_name text,
	OUT asset_type text,
	OUT impressions numeric,
	OUT clicks numeric,
	OUT rate float8,
	OUT shrunken_rate float8,
	OUT low float8,
	OUT high float8,
	OUT own_share float8,
	OUT label text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_performance'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_performance(text, text, text, int) IS
'Returns the assets with the most clicks per impression, as far as their data tells: best shrunken_rate first.
tenant_id: whose live assets; the rates of assets like one (of its type, platform of the campaign of origin, and year of creation) are those of all of them.
asset_type: only this type; NULL for all.  campaign_space_id: only assets that were made or reused there; NULL for all.  row_limit: 1 to 1000.
impressions, clicks: lifetime totals over all platforms where the asset ran.  rate: clicks per impression (0.02 is 2 %), NULL without impressions.
shrunken_rate: rate drawn towards that of assets like it, the more the fewer data the asset has; low, high: where its true rate is with 95 % probability (gamma model, Wilson-Hilferty), the estimated spread of rates taken as known, which makes them too narrow for tenants of fewer than some hundred assets; own_share: how much of shrunken_rate is the asset''s own data, 0 to 1.
label: learning if own_share is below 0.5, else fading, high or low if the interval is above or below the rate of assets like it, else typical.
fading: fewer clicks per impression in each of the last two periods between reuses (see asset_reuse_wear_out), and the upper 95 % bound of the last one is below 0.8 of its shrunken first one, so that chance and the way back to the mean hardly explain it.
A column that the assets table does not have is NULL.
Errors: 22004 null or 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 or 42804 tables that do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_performance(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	campaign_space_id uuid DEFAULT NULL,
	row_limit int DEFAULT 50,
	OUT asset_id uuid,
	OUT asset_name text,
	OUT asset_type text,
	OUT impressions numeric,
	OUT clicks numeric,
	OUT rate float8,
	OUT shrunken_rate float8,
	OUT low float8,
	OUT high float8,
	OUT own_share float8,
	OUT label text
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_performance'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_performance(uuid, text, uuid, int) IS
'Returns the assets with the most clicks per impression, for callers that have uuid values; otherwise as asset_reuse_performance(text, ...).
Error 22P02 for an id that is no uuid.';

CREATE FUNCTION asset_reuse_wear_out(
	tenant_id text,
	asset_type text DEFAULT NULL,
	OUT period int,
	OUT assets bigint,
	OUT ratio float8,
	OUT low float8,
	OUT high float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_wear_out'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_wear_out(text, text) IS
'Tells whether assets lose clicks per impression from use to use: how each period between their reuses compares with the first, each asset with itself.
tenant_id: whose live assets.  asset_type: only this type; NULL for all.
Periods are the differences of what events have recorded (at_reuse, see asset_reuse.record_metrics): 0 ends with the first such event, k is from the kth to the next one, the last ends now.  In each, all placements then running count, not only the newest.
One shorter than a day is a part of the next.  Periods without impressions, with totals that went down or with more clicks than impressions are left out; a notice tells how many.
assets: that have the period, and period 1.  ratio: of clicks per impression in the period to those in period 1 (0.9: a tenth less), Mantel-Haenszel weights; low, high: its 95 % confidence interval, from the spread among assets, NULL with too few of them.
Assets that were reused because they did well fall by themselves (regression to the mean): look at period 0, and at later periods against each other.
Errors: 22004 null or 22023 invalid argument or unknown asset_type, 22P02 malformed uuid, 42P01, 42703 or 42804 tables that do not fit (see asset_reuse_check_schema()).';

CREATE FUNCTION asset_reuse_wear_out(
	tenant_id uuid,
	asset_type text DEFAULT NULL,
	OUT period int,
	OUT assets bigint,
	OUT ratio float8,
	OUT low float8,
	OUT high float8
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_wear_out'
LANGUAGE C STABLE PARALLEL RESTRICTED
SUPPORT asset_reuse_rows_support;

COMMENT ON FUNCTION asset_reuse_wear_out(uuid, text) IS
'Tells whether assets wear out, for callers that bind uuid values; otherwise as asset_reuse_wear_out(text, ...).';

--
-- Maintenance: counters that agree with the events, and redaction
--

CREATE FUNCTION asset_reuse_log_problems(
	platform_metadata jsonb,
	reused_count bigint,
	last_reused_at timestamp,
	horizon timestamp,
	"precision" int,
	table_events bigint,
	table_latest timestamp,
	table_key_twice boolean,
	other_tenant boolean,
	row_times timestamp[],
	row_seqs int[],
	row_elements jsonb[],
	row_keys text[],
	OUT number int,
	OUT problem text,
	OUT events bigint,
	OUT latest_event timestamp
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_log_problems'
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1;	-- most assets have none

COMMENT ON FUNCTION asset_reuse_log_problems(jsonb, bigint, timestamp, timestamp, int, bigint, timestamp, boolean, boolean, timestamp[], int[], jsonb[], text[]) IS
'Returns a row for each problem of an asset''s counters and events, as in asset_reuse_verify, with the number of events and the latest time; number orders the problems.
platform_metadata, reused_count, last_reused_at: the asset''s; each may be NULL.  Times are UTC; those after horizon are disregarded when the latest is chosen.  precision: the type modifier of last_reused_at, -1 for none.
table_events, table_latest, table_key_twice, other_tenant: the asset''s rows of the history table: their number, their latest time up to horizon, whether two of them have the same reuse_key, and whether there are rows with another tenant; NULL if there is none.
row_times, row_seqs, row_elements: those of the asset''s rows that have the time of an event in the document; NULL for none.  row_keys: the reuse_keys of its rows.';

CREATE FUNCTION asset_reuse_verify(
	tenant_id text,
	asset_id text DEFAULT NULL,
	OUT asset_id text,
	OUT problem text,
	OUT reused_count bigint,
	OUT events bigint,
	OUT last_reused_at timestamptz,
	OUT latest_event timestamptz
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_verify'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_verify(text, text) IS
'Returns one row per problem of a tenant''s live assets: where reused_count and last_reused_at do not agree with the events, or where the events are not as they should be.  A healthy tenant gives no rows.
asset_id: only this asset, which must exist, be live and belong to the tenant; NULL for all.
problem: count_low or count_high (reused_count is less, or greater, than the number of events), time_differs (last_reused_at is not the time of the latest event), unreadable (platform_metadata is not an object or its reuse_history is not an array; nothing is compared), in_both_places (the document has a copy of an event that is also a row of the history table), row_of_other_tenant (the history table has rows of the asset with another tenant) or key_twice (two events have the same reuse_key).
events: the number of the asset''s events, without copies.  latest_event: the latest time of an event; times more than a day ahead of the clock, and infinite times, are disregarded.
Errors: P0002 asset not found, 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE FUNCTION asset_reuse_verify(
	tenant_id uuid,
	asset_id uuid DEFAULT NULL,
	OUT asset_id uuid,
	OUT problem text,
	OUT reused_count bigint,
	OUT events bigint,
	OUT last_reused_at timestamptz,
	OUT latest_event timestamptz
) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'asset_reuse_verify'
LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION asset_reuse_verify(uuid, uuid) IS
'Returns one row per problem of a tenant''s live assets; same as asset_reuse_verify(text, text), but with uuid identifiers.
Error 22P02: the id of an asset is not a uuid.';

CREATE PROCEDURE asset_reuse_repair(
	tenant_id text,
	mode text DEFAULT 'raise',
	batch_size int DEFAULT 1000
)
AS 'MODULE_PATHNAME', 'asset_reuse_repair'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_repair(text, text, int) IS
'Corrects reused_count and last_reused_at of a tenant''s live assets, alongside live tracking.  Commits in batches and reports its progress in notices.
mode: raise lifts the count and the time to those of the events, and never lowers them, because counters may be older than histories; match sets them to those of the events, so that the time of an asset without events becomes null.  A last_reused_at that is infinite or more than a day ahead of the clock is disregarded.
batch_size: the greatest number of assets in a transaction, 1 or more.
Each asset is locked before its events are counted, and updated only if it has to be; updated_at, if present, is then the time of the update.  Only assets that the caller may see and update are repaired.  Assets whose platform_metadata cannot be read, that have more events than reused_count can hold, or whose update is refused by a constraint, trigger or policy, are left alone and counted in a warning.  Can be interrupted and called again.
Errors: 22004 null tenant_id, 22023 unknown mode or invalid batch_size, 22P02 malformed uuid, 2D000 called in a transaction block, 23502 an asset has no id (the others are done), 55000 the type of the assets'' ids was changed meanwhile, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE PROCEDURE asset_reuse_repair(
	tenant_id uuid,
	mode text DEFAULT 'raise',
	batch_size int DEFAULT 1000
)
AS 'MODULE_PATHNAME', 'asset_reuse_repair'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_repair(uuid, text, int) IS
'Corrects reused_count and last_reused_at of a tenant''s live assets; same as asset_reuse_repair(text, text, int), but with a uuid identifier.';

CREATE FUNCTION asset_reuse_log_redact(
	platform_metadata jsonb,
	matching jsonb,
	keys text[]
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_log_redact'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_log_redact(jsonb, jsonb, text[]) IS
'Returns platform_metadata with keys removed from the contexts of those events in its reuse_history whose context contains matching; NULL if there is nothing to remove.  A context that is not an object is left as it is.';

CREATE FUNCTION asset_reuse_event_context_without(
	context jsonb,
	keys text[]
) RETURNS jsonb
AS 'MODULE_PATHNAME', 'asset_reuse_event_context_without'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION asset_reuse_event_context_without(jsonb, text[]) IS
'Returns the column context of a row of the history table without keys; NULL if nothing is left.';

CREATE PROCEDURE asset_reuse_redact(
	tenant_id text,
	matching jsonb,
	keys text[]
)
AS 'MODULE_PATHNAME', 'asset_reuse_redact'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_redact(text, jsonb, text[]) IS
'Removes keys from the contexts of a tenant''s events: what must be forgotten, such as personal data.  Commits in batches and reports its progress in notices.
matching: a JSON object; the events whose context contains it (as @> does) are redacted; {} matches every context; at most 20 values.
keys: the top-level keys of the context to remove; not reused_in_type, reused_in_id, reused_in_name or reuse_key.
Events are redacted in both places, and in deleted assets, too.  They keep their time, place, event_id and reuse_key, and count as before; the updated_at of their asset, if present, is the time of the update.  Only assets that the caller may see and update are redacted; assets whose update is refused by a constraint, trigger or policy are left alone and counted in a warning.
Runs alongside live tracking, and can be interrupted and called again.  Old versions of the rows disappear with VACUUM; backups and the write-ahead log keep what they have.
Errors: 22004 null argument, 22023 invalid argument, 22P02 malformed uuid, 2D000 called in a transaction block, 23502 an asset has no id (the others are done), 55000 the type of the assets'' ids was changed meanwhile, 42P01, 42703 or 42804 the tables do not fit (see asset_reuse_check_schema()), 42809 the history table is not usable.';

CREATE PROCEDURE asset_reuse_redact(
	tenant_id uuid,
	matching jsonb,
	keys text[]
)
AS 'MODULE_PATHNAME', 'asset_reuse_redact'
LANGUAGE C;

COMMENT ON PROCEDURE asset_reuse_redact(uuid, jsonb, text[]) IS
'Removes keys from the contexts of a tenant''s events; same as asset_reuse_redact(text, jsonb, text[]), but with a uuid identifier.';
