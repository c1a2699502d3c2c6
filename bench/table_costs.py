"""Measures what the history table costs: the application's own statements on its assets, readers, and storage.

The databases have the same data, a tenant with a long history that has been moved to the table. One
has the table, one has it without the index on the assets that it brings, and one has lost it. So
what differs between them is what the table does to a statement. Each statement is rolled
back: all rounds meet the same rows.
"""

import agreement
import contestants
import data
import loops
from contestants import WITH_TABLE, WITHOUT_INDEX, WITHOUT_TABLE
from history_table import SETTING, UNTIMED

TENANT = 1          # with the long history
SMALL_TENANT = 2    # to delete
DAYS = ("2025-06-01", "2025-06-04")
CALLS = 400
WHOLE_CALLS = 3     # that delete a campaign or a tenant with all its assets, the first of them not timed

DROP_TABLE = "DROP TABLE campaign_asset_reuse_history"
DROP_INDEX = "DROP INDEX campaign_assets_reuse_history_idx"
DATABASES = {       # what each contestant's lacks
    WITH_TABLE: ("with_table", ()),
    WITHOUT_INDEX: ("without_index", (DROP_INDEX,)),
    WITHOUT_TABLE: ("without_table", (DROP_TABLE, DROP_INDEX)),
}

STATEMENT = "what the history table costs others"
READER = "rows of the table"
STORAGE = "storage of an event"
MIGRATED = "after the migration"
REINDEXED = "after REINDEX"
TOTAL = "total"
PARTS = {
    "heap": "the row: its header, the ids of tenant and asset, the time, the place with its name, the context",
    "primary key": "(asset_id, tenant_id, reused_at, seq): an asset's timeline, the foreign key's look-ups",
    "time index": "(tenant_id, reused_at) INCLUDE (asset_id): a tenant's ranges of time",
    "place index": "(tenant_id, text(name(reused_in_id))): the assets of a campaign or another place",
    "key index": "(tenant_id, asset_id, reuse_key) of the events that have a key: none here",
    TOTAL: "",
}


def measure(run):
    assets = run.scale.costs_assets
    run.say(f"making a tenant of {assets[0]:,} assets and {10 * assets[0]:,} events in the table, and copies without it")
    main_database = DATABASES[WITH_TABLE][0]
    data.create_database(run.server, main_database)
    data.run_psql(run.server, main_database, "-c", "ALTER TABLE campaign_assets SET (fillfactor = 70)")
    data.fill_tenants(run.server, main_database, assets, 0, plan="long_history")
    data.migrate(run.server, main_database)
    measure_storage(run, main_database)
    for database, lacks in DATABASES.values():
        if lacks:
            data.copy_database(run.server, main_database, database)
            data.run_psql(run.server, database, *(part for sql in lacks for part in ("-c", sql)))
    cursors = {name: data.connect(run.server, database).cursor() for name, (database, _) in DATABASES.items()}
    measure_readers(run, cursors[WITH_TABLE])
    measure_statements(run, cursors)


def measure_storage(run, database):
    """Note the bytes of an event in each part of the table, and leave all fit for the rest."""
    note_storage(run, database, MIGRATED)
    data.run_psql(run.server, database, "-c", "REINDEX TABLE campaign_asset_reuse_history",
                  "-c", "VACUUM (ANALYZE) campaign_asset_reuse_history", "-c", "VACUUM (FULL, ANALYZE) campaign_assets")
    note_storage(run, database, REINDEXED)


def note_storage(run, database, state):
    connection = data.connect(run.server, database)
    cursor = connection.cursor()
    cursor.execute(
        "SELECT part, bytes / (SELECT count(*) FROM campaign_asset_reuse_history)::float8"
        " FROM (SELECT 'heap', pg_table_size('campaign_asset_reuse_history')"
        " UNION ALL SELECT CASE WHEN indisprimary THEN 'primary key' WHEN indpred IS NOT NULL THEN 'key index'"
        " WHEN indexprs IS NULL THEN 'time index' ELSE 'place index' END, pg_relation_size(indexrelid)"
        " FROM pg_index WHERE indrelid = 'campaign_asset_reuse_history'::regclass) AS s (part, bytes)")
    sizes = dict(cursor.fetchall())
    sizes[TOTAL] = sum(sizes.values())
    for part, size in sizes.items():
        run.note(STORAGE, part, SETTING, "server", state, [size])
    run.say(f"{STORAGE}, {state}: " + ", ".join(f"{part} {size:.0f}" for part, size in sizes.items()))
    connection.close()


def measure_readers(run, cursor):
    tenant = data.tenant_id(TENANT)
    values = {
        "tenant": f"'{tenant}'", "campaign": f"'{data.campaign_ids(TENANT)[0]}'",
        **{name: f"timestamp '{date}'" for name, date in zip(("start", "end"), DAYS)}}
    for (what, texts), calls in zip(contestants.readers_of_table().items(), (5, 20, 200)):
        agreement.check_readers(cursor, what, texts, values)
        measures = {}
        for name, sql in texts.items():
            loop = loops.create(cursor, loops.READING_LOOP, f"reader_{calls}_{len(measures)}", sql, **values)
            measures["server", name] = lambda loop=loop, calls=calls: loops.read(cursor, loop, tenant, [""] * calls)
        run.compare(READER, what, SETTING, run.scale.log_rounds, measures)


def measure_statements(run, cursors):
    def choose(reused):
        cursors[WITH_TABLE].execute(
            "SELECT id FROM campaign_assets WHERE tenant_id = %s AND deleted_at IS NULL AND (reused_count > 0) = %s"
            " ORDER BY md5(id) LIMIT %s", (data.tenant_id(TENANT), reused, UNTIMED + CALLS))
        return [row[0] for row in cursors[WITH_TABLE]]

    reused, unused = choose(True), choose(False)
    new = [data.identifier("new asset", n) for n in range(UNTIMED + CALLS)]
    whole = [""] * WHOLE_CALLS
    for number, (what, sql, tenant, assets) in enumerate((
            ("INSERT of an asset", contestants.INSERT_ASSET, TENANT, new),
            ("UPDATE of impressions and clicks", contestants.UPDATE_METRICS, TENANT, reused),
            ("UPDATE of platform_metadata, another key", contestants.UPDATE_METADATA, TENANT, reused),
            ("DELETE of an asset never reused", contestants.DELETE_ASSET, TENANT, unused),
            ("DELETE of an asset with 50 events", contestants.DELETE_ASSET, TENANT, reused),
            ("DELETE of a campaign with its assets", contestants.DELETE_CAMPAIGN, TENANT, whole),
            ("DELETE of a small tenant with its assets", contestants.DELETE_TENANT, SMALL_TENANT, whole),
            ("asset_reuse_track", contestants.TRACK, TENANT, reused))):
        measures = {}
        for name, cursor in cursors.items():
            loop = loops.create(cursor, loops.WRITING_LOOP, f"statement_{number}", sql, ending="ROLLBACK")
            measures["server", name] = lambda name=name, cursor=cursor, loop=loop, tenant=tenant, assets=assets, what=what: (
                write(run, what, name, cursor, loop, tenant, assets))
        run.compare(STATEMENT, what, SETTING, run.scale.log_rounds, measures)


def write(run, what, name, cursor, loop, tenant, assets):
    """Run a loop, and note which of its updates of the assets were HOT."""
    before = loops.count_updates(cursor)
    seconds = loops.write(cursor, loop, data.tenant_id(tenant), assets, min(UNTIMED, len(assets) // 3),
                          data.campaign_ids(TENANT), '{"placement": "feed", "variant": 3}')
    updates, hot = (after - old for after, old in zip(loops.count_updates(cursor), before))
    if updates:
        run.facts.setdefault("hot_beside_table", {}).setdefault(what, {})[name] = 100 * hot // updates
    cursor.execute("VACUUM campaign_assets")
    return seconds
