"""Measures what others' events cost: a tenant that stays the same, while those around it get more.

    growth.py SOCKET PROGRAMS full|quick

Writes Markdown.  In each layout, the events come in stages.  After each stage the same calls are timed for
the same tenant, in rounds; and beside them a scan that reads nothing of the history, which tells how fast the machine was.
"""

import itertools
import statistics
import sys
import tempfile
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import contestants
import data
import loops
import throughput

TABLE = "campaign_asset_reuse_history"
LAYOUTS = ("plain", "by month")
TENANT = 1              # who stays the same
BIG_TENANT = 2          # who has a tenth of all assets
ROUNDS = 9
UNTIMED = 10
CHUNK = 50_000          # events of a transaction that loads
GROWTH_TARGET = 1.3
CLIENTS = (1, 8, 32)
FILLFACTORS = (100, 90, 70)
MONTH = "start_date => '2025-06-01', end_date => '2025-07-01'"
CONTROL = "a scan of the tenant's assets, without the history"

READERS = {
    # what is called, how often in a round
    CONTROL: (f"SELECT count(*), sum(reused_count) {contestants.OF_TENANT}", 20),
    "asset_reuse_history, a page": ("asset_reuse_history({asset}, {tenant})", 400),
    "asset_reuse_analytics of a month": (f"asset_reuse_analytics({{tenant}}, {MONTH})", 5),
    "asset_reuse_timeline of a month": (f"SELECT * FROM asset_reuse_timeline({{tenant}}, 'day', {MONTH})", 10),
    "asset_reuse_where_used": ("SELECT * FROM asset_reuse_where_used({tenant}, {campaign})", 5),
    "asset_reuse_insights": ("asset_reuse_insights({tenant})", 5),
    "asset_reuse_recommend": ("asset_reuse_recommend({tenant}, {campaign})", 5),
}
TRACK = "asset_reuse_track"
TRACK_CALLS = 400


@dataclass(frozen=True)
class Size:
    tenants: int
    assets: int
    stride: int             # every so many'th event of the first stage is the tenant's
    stages: tuple           # events in all, after each
    calls: int              # of all clients, in a round of tracking


FULL = Size(tenants=1_000, assets=1_000_000, stride=10, stages=(1_000_000, 5_000_000, 20_000_000), calls=20_000)
QUICK = Size(tenants=50, assets=20_000, stride=10, stages=(20_000, 50_000, 100_000), calls=1_000)


class Server(namedtuple("Server", "socket programs")):
    def program(self, name):
        return f"{self.programs}/{name}"


def main(socket, programs, scale):
    server, size = Server(socket, programs), FULL if scale == "full" else QUICK
    say("# Growth\n\nMade by `make bench SCALE=1`; what it tells is explained at its end.\n")
    say(f"{size.stages[-1]:,} events of {size.assets:,} assets and {size.tenants:,} tenants, the biggest of which has"
        f" {100 * (size.tenants - 1) ** (-1 / 3):.0f} % of all. One tenant has {size.assets // 100:,} assets and {size.stages[0] // size.stride:,} events at each stage.\n")
    for layout in LAYOUTS:
        measure_layout(server, size, layout)


def measure_layout(server, size, layout):
    database = f"growth_{layout.replace(' ', '_')}"
    make_tenants(server, database, size, layout)
    cursor = data.connect(server, database).cursor()
    calls = create_calls(cursor)
    times, parts, vacuums = [], [], []
    for before, after in itertools.pairwise((0, *size.stages)):
        load(server, database, size, before, after)
        vacuums.append([vacuum(server, database, TABLE) for _ in range(2)])
        if before == 0:
            count_reuses(cursor)
            vacuum(server, database, "campaign_assets")
        cursor.execute("SELECT pg_prewarm(c.oid::regclass) FROM pg_class AS c WHERE c.relname ~ '^campaign_' AND c.relkind IN ('r', 'i')")
        times.append(measure_calls(calls))
        parts.append(bytes_of_event(cursor))
    say(f"## {layout.capitalize()}\n")
    tell_times(size, times)
    if layout == LAYOUTS[0]:
        data.run_psql(server, database, "-c", f"REINDEX TABLE {TABLE}")
        parts.append(bytes_of_event(cursor))
    tell_storage(size, parts, layout)
    tell_vacuum(size, vacuums)
    tell_rates(server, database, size)
    if layout == LAYOUTS[0]:
        tell_indexes(cursor)
        tell_fillfactors(server, database, size, cursor)
    cursor.connection.close()
    data.run_psql(server, "postgres", "-c", f"DROP DATABASE {database}")


def make_tenants(server, database, size, layout):
    data.create_database(server, database)
    tenant_of = (f"SELECT CASE WHEN n % 100 = 0 THEN {TENANT} ELSE"
                 f" {BIG_TENANT} + floor({size.tenants - 1} * power((n - 1)::float8 / {size.assets}, 3))::int END")
    by = "'month'" if layout != LAYOUTS[0] else ""
    data.run_psql(server, database, "-v", f"tenant_of={tenant_of}", "-v", f"assets={size.assets}",
                  "-c", f"SELECT asset_reuse_create_history_table({by})",
                  "-c", "SELECT setseed(0.4)", "-c", "CALL bench.drop_indexes()", "-f", data.HERE / "sql/growth.sql")
    in_parallel(lambda first, last: data.add_assets(server, database, first, last + 1), 1, size.assets)
    data.run_psql(server, database, "-c", "CALL bench.create_indexes()", "-c", "VACUUM (ANALYZE, FREEZE)")
    if by:
        data.run_psql(server, database, *(part for sql in partitions() for part in ("-c", sql)))


def partitions():
    """The months of the events, and those in which it is measured."""
    months = [f"{year}-{month:02}-01" for year in range(2024, 2028) for month in range(1, 13)]
    return [f"CREATE TABLE {TABLE}_{first[:4]}{first[5:7]} PARTITION OF {TABLE}"
            f" FOR VALUES FROM ('{first}') TO ('{past}')" for first, past in itertools.pairwise(months)]


def load(server, database, size, before, after):
    stage = after - before
    # only the first stage has the tenant's
    stride = size.stride if before == 0 else stage + 1

    def add(first, last):
        cursor = data.connect(server, database).cursor()
        # the foreign key is right by construction
        cursor.execute("SET session_replication_role = replica")
        for start in range(first, last + 1, CHUNK):
            cursor.execute("CALL bench.add_events(%s, %s, %s, %s, %s)",
                           (start, min(start + CHUNK - 1, last), stage, stride, size.assets))
        cursor.connection.close()

    in_parallel(add, 1, stage)


def in_parallel(work, first, last):
    """Have two sessions do the halves of a work."""
    middle = (first + last) // 2
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, (first, middle + 1), (middle, last)))


def count_reuses(cursor):
    cursor.execute(
        "UPDATE campaign_assets AS a SET reused_count = n, last_reused_at = t FROM (SELECT asset_id, count(*) AS n, max(reused_at) AS t"
        f" FROM {TABLE} WHERE tenant_id = %s GROUP BY 1) AS h WHERE id = asset_id", (data.tenant_id(TENANT),))


def vacuum(server, database, table):
    """Vacuum and freeze; returns the seconds it took."""
    started = time.monotonic()
    data.run_psql(server, database, "-c", f"VACUUM (ANALYZE, FREEZE) {table}")
    return time.monotonic() - started


def create_calls(cursor):
    """Create the loops; returns functions that give the seconds of a call, by what is called."""
    tenant, campaigns = data.tenant_id(TENANT), data.campaign_ids(TENANT)
    cursor.execute("SELECT id FROM campaign_assets WHERE tenant_id = %s ORDER BY md5(id) LIMIT %s", (tenant, UNTIMED + TRACK_CALLS))
    assets = [row[0] for row in cursor]
    track = loops.create(cursor, loops.WRITING_LOOP, "growth_track", contestants.TRACK, ending="ROLLBACK")
    calls = {TRACK: lambda: loops.write(cursor, track, tenant, assets, UNTIMED, campaigns, '{"placement": "feed"}')}
    for number, (what, (sql, often)) in enumerate(READERS.items()):
        loop = loops.create(cursor, loops.READING_LOOP, f"growth_{number}", sql, campaign=f"'{campaigns[0]}'")
        calls[what] = lambda loop=loop, often=often: loops.read(cursor, loop, tenant, assets[:often])
    return calls


def measure_calls(calls):
    """The median seconds of each call, over rounds in which each is measured once."""
    spent = {what: [] for what in calls}
    for number in range(ROUNDS + 1):
        for what, call in calls.items():
            seconds = call()
            if number:
                spent[what].append(seconds)
    return {what: statistics.median(values) for what, values in spent.items()}


def bytes_of_event(cursor):
    """The bytes of an event in the heap and in each index, over all partitions."""
    cursor.execute(
        "WITH leaf AS (SELECT c.oid AS relid FROM pg_class AS c WHERE relkind = 'r' AND (oid = %s::regclass OR"
        " oid IN (SELECT relid FROM pg_partition_tree(%s)))),"
        " part AS (SELECT 'heap' AS part, pg_table_size(relid) AS bytes FROM leaf UNION ALL"
        " SELECT CASE WHEN indisprimary THEN 'primary key' WHEN indpred IS NOT NULL THEN 'key index'"
        " WHEN indexprs IS NULL THEN 'time index' ELSE 'place index' END,"
        " pg_relation_size(indexrelid) FROM pg_index JOIN leaf ON indrelid = relid)"
        f" SELECT part, sum(bytes)::float8 / (SELECT count(*) FROM {TABLE}) FROM part GROUP BY part", (TABLE, TABLE))
    return dict(cursor.fetchall())


def tell_times(size, times):
    say("Calls of the tenant that stays the same, inside the server: medians of rounds, warm caches.\n")
    rows = []
    # the scan, which reads nothing that grows, tells how fast the machine is
    slower = times[-1][CONTROL] / times[0][CONTROL]
    for what in times[0]:
        growth = times[-1][what] / times[0][what]
        rows.append([what, *(duration(stage[what]) for stage in times), f"{growth:.2f}",
                     *([""] * 2 if what == CONTROL else
                       [f"**{growth / slower:.2f}**", "yes" if growth <= GROWTH_TARGET * slower else "**no**"])])
    tell(["call", *(f"{events:,} events" for events in size.stages), "growth", "to the scan's", f"<= {GROWTH_TARGET}"], rows)


def tell_storage(size, parts, layout):
    say("Bytes of an event, with ids of 36 characters, two keys in the context, no metrics:\n")
    heads = ["part", *(f"{events:,} events" for events in size.stages), *(["after REINDEX"] if layout == LAYOUTS[0] else [])]
    rows = [[part, *(f"{of[part]:.0f}" for of in parts)] for part in ("heap", "primary key", "time index", "place index", "key index")]
    tell(heads, [*rows, ["total", *(f"{sum(of.values()):.0f}" for of in parts)]])


def tell_vacuum(size, vacuums):
    say("`VACUUM (ANALYZE, FREEZE)` of the table:\n")
    tell(["", *(f"{events:,} events" for events in size.stages)],
         [[what, *(f"{stage[i]:.1f} s" for stage in vacuums)] for i, what in enumerate(("after the load of the stage", "again"))])


def tell_rates(server, database, size):
    say("Events tracked in a second, of all tenants' assets by chance; the limit is the bare UPDATE and INSERT:\n")
    names = [contestants.OURS, contestants.LIMIT]
    with tempfile.TemporaryDirectory() as folder:
        scripts = [write_script(folder, name, size) for name in names]
        rows = []
        for clients in CLIENTS:
            rates = [[], []]
            for _, (script, of) in itertools.product(range(3), zip(scripts, rates)):
                of.append(throughput.pgbench(server, database, script, clients, size.calls))
            ratio = statistics.median(a / b for a, b in zip(*rates))
            rows.append([clients, *(f"{statistics.median(of):,.0f}" for of in rates), f"**{ratio:.2f}**"])
    tell(["clients", *names, "ours / limit"], rows)


def write_script(folder, name, size):
    values = {
        "asset": "md5('asset' || :asset)::uuid::text", "tenant": "bench.uuid('tenant', bench.tenant_of(:asset))",
        "campaign": "bench.campaign(bench.tenant_of(:asset), :campaign)", "context": """'{"placement": "feed", "variant": 3}'""",
        "clock": "clock_timestamp() AT TIME ZONE 'UTC'"}
    path = f"{folder}/{name}.pgbench"
    with open(path, "w", encoding="ascii") as script:
        script.write(f"\\set asset random(1, {size.assets})\n\\set campaign random(1, {data.CAMPAIGNS})\n"
                     f"{contestants.statement(contestants.track_into_table()[name]).format(**values)};\n")
    return path


def tell_indexes(cursor):
    """Compare the index for ranges of time with a BRIN index, which knows nothing of tenants."""
    say("What finds a tenant's events of three days, by their index: btree (tenant_id, reused_at), or BRIN (reused_at):\n")
    cursor.execute(f"CREATE INDEX growth_brin ON {TABLE} USING brin (reused_at)")
    cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass AND NOT indisprimary"
                   " AND indexprs IS NULL AND indexrelid <> 'growth_brin'::regclass", (TABLE,))
    btree, = cursor.fetchone()
    rows = []
    for index, other in ((btree, "growth_brin"), ("growth_brin", btree)):
        cursor.execute("SELECT pg_relation_size(%s) / (SELECT count(*)::float8 FROM " + TABLE + ")", (index,))
        size, = cursor.fetchone()
        cursor.execute(f"BEGIN; DROP INDEX {other}")
        rows.append(["btree" if index == btree else "BRIN", f"{size:.2f}", *(days_of(cursor, tenant) for tenant in (TENANT, BIG_TENANT))])
        cursor.execute("ROLLBACK")
    cursor.execute("DROP INDEX growth_brin")
    tell(["index", "bytes of an event", "the tenant", "the biggest tenant"], rows)


def days_of(cursor, tenant):
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        cursor.execute(f"SELECT count(*), count(DISTINCT asset_id) FROM {TABLE} WHERE tenant_id = %s"
                       " AND reused_at >= '2025-06-01' AND reused_at < '2025-06-04'", (data.tenant_id(tenant),))
        cursor.fetchone()
        spent.append(time.perf_counter() - started)
    return duration(statistics.median(spent))


def tell_fillfactors(server, database, size, cursor):
    say("The assets' fillfactor: updates by `asset_reuse_track` that were HOT, of assets by chance, each rewritten table anew:\n")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        script = write_script(folder, contestants.OURS, size)
        for fillfactor in FILLFACTORS:
            data.run_psql(server, database, "-c", f"ALTER TABLE campaign_assets SET (fillfactor = {fillfactor})",
                          "-c", "VACUUM (FULL, ANALYZE) campaign_assets")
            before = loops.count_updates(cursor)
            rate = throughput.pgbench(server, database, script, 8, size.calls)
            updates, hot = (after - old for after, old in zip(loops.count_updates(cursor), before))
            cursor.execute("SELECT pg_table_size('campaign_assets') / %s::float8", (size.assets,))
            rows.append([fillfactor, f"{cursor.fetchone()[0]:.0f}", f"{100 * hot / updates:.0f} %", f"{rate:,.0f}"])
    tell(["fillfactor", "bytes of an asset", "HOT", "events in a second, 8 clients"], rows)


def duration(seconds):
    return f"{seconds * 1e3:.3g} ms"


def tell(heads, rows):
    for line in (heads, ["---"] * len(heads), *rows):
        say("| " + " | ".join(str(cell) for cell in line) + " |")
    say("")


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
