"""Measures what works on many assets at once and is not asked for each day: import and verify."""

import contestants
import data
import loops
from history_table import SETTING, TENANT

ASSETS = 1_000      # that import stores events of
EVENTS = 10         # of each
UNTIMED = 1         # that one plans

IMPORT = "import"
VERIFY = "verify"
DOCUMENTS = "in the documents"
TABLE = "in the table"


def measure(run, client_of):
    """Measure both in the two databases of history_table.py."""
    for place, database in ((DOCUMENTS, "documents"), (TABLE, "migrated")):
        data.run_psql(run.server, database, "-v", f"tenant={data.tenant_id(TENANT)}", "-v", f"assets={ASSETS}",
                      "-v", f"events={EVENTS}", "-f", data.HERE / "sql/bulk.sql", "-c", "VACUUM ANALYZE campaign_assets")
        cursor = client_of(run.server, database).cursor
        measure_import(run, cursor, place)
        measure_verify(run, cursor, place)


def measure_import(run, cursor, place):
    measures = {}
    for number, (name, sql) in enumerate(contestants.import_events(place == TABLE).items()):
        loop = loops.create(cursor, loops.WRITING_LOOP, f"import_{number}", sql, ending="ROLLBACK")
        measures["server", name] = lambda loop=loop: loops.write(
            cursor, loop, data.tenant_id(TENANT), ["", ""], UNTIMED, [""], "{}")
    tables = "campaign_assets" + (", campaign_asset_reuse_history" if place == TABLE else "")
    run.compare(IMPORT, f"{ASSETS * EVENTS:,} events {place}", SETTING, run.scale.log_rounds, measures,
                lambda: cursor.execute(f"VACUUM {tables}"))


def measure_verify(run, cursor, place):
    measures = {}
    for number, (name, sql) in enumerate(contestants.verify(place == TABLE).items()):
        loop = loops.create(cursor, loops.READING_LOOP, f"verify_{number}", sql)
        measures["server", name] = lambda loop=loop: loops.read(cursor, loop, data.tenant_id(TENANT), [""] * 3)
    run.compare(VERIFY, f"{run.scale.table_assets:,} assets, events {place}", SETTING, run.scale.log_rounds, measures)
