"""Measures what the history table is for: flat costs, whatever the logs' lengths."""

import contestants
import data
import loops
from contestants import OURS

TENANT = 1          # whose assets analytics looks at
FLAT_TENANT = 2     # whose assets have as many rows as SIZES says
SIZES = (1, 100, 10_000, 100_000)
DEPTHS = (0, 50_000, 99_900)
WEEK = ("2025-06-01", "2025-06-08 07:00")   # 1 % of the two years in which there are events
UNTIMED = 10
CALLS = 400

SETTING = "pglz"    # the databases' compression

TRACK = "track into the table"
PAGE = "history page of the table"
FIRST_PAGE = "first history page, with the number of all events"
RANGED = "analytics of 1 % of the table's events"
MIGRATION = "migration"

# what a size is
UNITS = {
    TRACK: "{:,} events",
    PAGE: "{:,} events deep",
    FIRST_PAGE: "{:,} events",
    RANGED: "{:,} assets",
}


def measure(run, client_of):
    """Measure all of it in two databases that differ in where the events are."""
    scale = run.scale
    run.say(f"making a tenant of {scale.table_assets:,} assets, with the events in the documents and in the table")
    data.create_database(run.server, "documents")
    data.run_psql(run.server, "documents", "-c", "ALTER TABLE campaign_assets SET (fillfactor = 70)")
    data.fill_tenants(run.server, "documents", (scale.table_assets, scale.table_flat, 0), scale.table_crowd)
    measure_migration(run)
    documents, table = (client_of(run.server, name).cursor for name in ("documents", "migrated"))
    data.fill_history_table(run.server, "migrated", data.tenant_id(FLAT_TENANT), SIZES)
    measure_ranged(run, documents, table)
    for size in SIZES:
        measure_track(run, table, size)
    measure_pages(run, table)


def measure_migration(run):
    """Move all events of a copy of the database, several times; the last copy stays."""
    rates = []
    for _ in range(run.scale.migrations):
        data.copy_database(run.server, "documents", "migrated")
        rates.append(data.migrate(run.server, "migrated"))
        run.say(f"migration: {rates[-1]:,.0f} events a second")
    run.note(MIGRATION, run.scale.table_assets, SETTING, "client", OURS, rates)


def measure_ranged(run, documents, table):
    tenant = data.tenant_id(TENANT)
    dates = {name: f"timestamp '{date}'" for name, date in zip(("start", "end"), WEEK)}
    texts = contestants.ranged_over_table()
    measures = {}
    for number, (name, (sql, in_table)) in enumerate(texts.items()):
        cursor = table if in_table else documents
        loop = loops.create(cursor, loops.READING_LOOP, f"ranged_{number}", sql, **dates)
        measures["server", name] = lambda cursor=cursor, loop=loop: loops.read(cursor, loop, tenant, [tenant] * 3)
    run.compare(RANGED, run.scale.table_assets, SETTING, run.scale.log_rounds, measures)


def measure_track(run, cursor, size):
    tenant, campaigns = data.tenant_id(FLAT_TENANT), data.campaign_ids(FLAT_TENANT)
    assets = flat_assets(cursor, size)
    calls = [assets[i % len(assets)] for i in range(UNTIMED + CALLS)]
    measures = {}
    for number, (name, sql) in enumerate(contestants.track_into_table().items()):
        loop = loops.create(cursor, loops.WRITING_LOOP, f"track_table_{size}_{number}", sql)
        measures["server", name] = lambda loop=loop: loops.write(
            cursor, loop, tenant, calls, UNTIMED, campaigns, '{"placement": "feed"}')
    run.compare(TRACK, size, SETTING, run.scale.log_rounds, measures,
                lambda: cursor.execute("VACUUM campaign_assets, campaign_asset_reuse_history"))


def measure_pages(run, cursor):
    tenant, asset = data.tenant_id(FLAT_TENANT), flat_assets(cursor, SIZES[-1])[0]
    for depth in DEPTHS:
        cursor.execute(
            "SELECT t, asset_reuse_event_id(t, 0) FROM (SELECT reused_at + interval '1 microsecond' AS t"
            " FROM campaign_asset_reuse_history WHERE tenant_id = %s AND asset_id = %s"
            " ORDER BY reused_at DESC OFFSET %s LIMIT 1) AS e", (tenant, asset, depth))
        before, event_id = cursor.fetchone()
        measures = page_measures(cursor, contestants.page_of_table(), f"page_{depth}", tenant, asset,
                                 before=f"timestamp '{before}'", after=f"'{event_id}'")
        run.compare(PAGE, depth, SETTING, run.scale.log_rounds, measures)
    measures = page_measures(cursor, contestants.first_page_of_table(), "first_page", tenant, asset,
                             before="timestamp 'infinity'")
    run.compare(FIRST_PAGE, SIZES[-1], SETTING, run.scale.log_rounds, measures)


def page_measures(cursor, texts, prefix, tenant, asset, **values):
    measures = {}
    for number, (name, sql) in enumerate(texts.items()):
        loop = loops.create(cursor, loops.READING_LOOP, f"{prefix}_{number}", sql, **values)
        measures["server", name] = lambda loop=loop: loops.read(cursor, loop, tenant, [asset] * 100)
    return measures


def flat_assets(cursor, size):
    cursor.execute("SELECT id FROM bench.flat WHERE rows = %s ORDER BY id", (size,))
    return [row[0] for row in cursor]
