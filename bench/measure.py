"""Measures all contestants against each other, in rounds, and writes what it measured.

    measure.py SOCKET BINDIR FOLDER full|quick

In a round every contestant does the same work, in an order that changes from round to
round.  So what disturbs the machine meets all of them, and the ratio of two contestants'
times within a round says more than either time.  Writes FOLDER/results.json.
"""

import datetime
import itertools
import json
import os
import pathlib
import platform
import random
import re
import statistics
import sys
import time
from dataclasses import dataclass, field

import psycopg2
import sqlalchemy
from sqlalchemy import create_engine

import agreement
import bulk
import contestants
import data
import history_table
import loops
import many
import orm_service
import table_costs
import throughput
from contestants import LIMIT, ORM, OURS
from scale import CLIENTS, COMPRESSIONS, FULL, LOG_LENGTHS, QUICK, SEED

CONTEXT = {"placement": "feed", "variant": 3}
RANGE = (datetime.datetime(2025, 6, 1), datetime.datetime(2025, 7, 1))
UNTIMED = 10        # calls of a writing loop before the timed ones; six make a plan generic
CALLS_BEFORE_EXPLAIN = 7    # a plan that is kept can be another one from the sixth call on


@dataclass(frozen=True)
class Server:
    socket: str
    programs: str

    def program(self, name):
        return f"{self.programs}/{name}"

    def url(self, database):
        return f"postgresql+psycopg2://postgres@/{database}?host={self.socket}"


@dataclass
class Run:
    """What is measured, with all that the measuring needs."""
    server: Server
    scale: object
    folder: str
    started: float = field(default_factory=time.monotonic)
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    measured: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)

    def say(self, text):
        print(f"{time.monotonic() - self.started:6.0f} s  {text}", flush=True)

    def compare(self, work, size, setting, rounds, measures, reset=lambda: None, warm_up=True):
        """Measure contestants in rounds.  measures are functions that return seconds of a
        call, or calls in a second, by (side, contestant); reset runs after each.  The
        round that warms up does not count."""
        results = {who: [] for who in measures}
        for number in range(-1 if warm_up else 0, rounds):
            for who in self.chance.sample(sorted(measures), len(measures)):
                measured = measures[who]()
                reset()
                if number >= 0:
                    results[who].append(measured)
        for (side, name), values in results.items():
            self.note(work, size, setting, side, name, values)
        self.tell(work, size, setting, results)

    def note(self, work, size, setting, side, name, values):
        """Note what was measured of one contestant alone."""
        self.measured.append({
            "work": work, "size": size, "setting": setting, "side": side, "name": name, "values": values})
        self.save()

    def save(self):
        """Write what has been measured so far."""
        self.facts["seconds"] = time.monotonic() - self.started
        (pathlib.Path(self.folder) / "results.json").write_text(
            json.dumps({"scale": self.scale.name, "facts": self.facts, "measured": self.measured}, indent=1))

    def tell(self, work, size, setting, results):
        """Show the medians of what was just measured."""
        for side in sorted({side for side, _ in results}):
            medians = ", ".join(
                f"{name} {show(work, statistics.median(values))}"
                for (of_side, name), values in results.items() if of_side == side)
            self.say(f"{work}, {size}, {setting}, {side}: {medians}")


def show(work, value):
    return f"{value:.0f}/s" if work == "throughput" else f"{value * 1e6:,.0f} us"


class Client:
    """A client with a connection: times statements and the ORM service, from outside."""

    def __init__(self, server, database):
        self.cursor = data.connect(server, database).cursor()
        self.engine = create_engine(server.url(database))
        orm_service.map_tables(self.engine)

    def sql(self, sql, requests):
        """A measure: the seconds of a call of this text, over requests (its values)."""
        def call(values):
            self.cursor.execute(text, values)
            if self.cursor.description:
                self.cursor.fetchone()
        text = contestants.statement(sql).format(**{name: f"%({name})s" for name in requests[0]})
        return lambda: time_calls(call, requests)

    def orm(self, function, requests):
        """A measure: the seconds of a call of the ORM service, over requests (its arguments)."""
        return lambda: time_calls(lambda arguments: function(self.engine, *arguments), requests)


def time_calls(call, requests):
    started = time.perf_counter()
    for request in requests:
        call(request)
    return (time.perf_counter() - started) / len(requests)


#
# Track and history, by the log's length and its compression
#

def measure_logs(run, compression):
    database = f"logs_{compression}"
    run.say(f"making the assets with logs, {compression}")
    data.create_database(run.server, database, compression)
    data.fill_logs(run.server, database, run.scale.logs, run.scale.logs_crowd)
    client = Client(run.server, database)
    for i, log_length in enumerate(LOG_LENGTHS):
        cursor = client.cursor
        cursor.execute("SELECT id FROM bench.nominal WHERE log_length = %s ORDER BY nth", (log_length,))
        assets = [row[0] for row in cursor]
        check_logs(client, log_length, assets)
        measure_track(run, client, compression, i, assets)
        measure_history(run, client, compression, i, assets)


def check_logs(client, log_length, assets):
    """All contestants must agree on a few of the assets."""
    for asset in assets[:3]:
        values = {
            "asset": asset, "tenant": data.tenant_id(1), "campaign": data.campaign_ids(1)[0],
            "context": json.dumps(CONTEXT)}
        agreement.check_track(client.cursor, client.engine, log_length, values, lambda: reset_logs(client.cursor, [asset]))
        agreement.check_history(client.cursor, client.engine, log_length, values)


def measure_track(run, client, compression, i, assets):
    log_length = LOG_LENGTHS[i]
    cursor, tenant, campaigns = client.cursor, data.tenant_id(1), data.campaign_ids(1)
    cursor.execute("SELECT id FROM bench.nominal WHERE log_length = 5 ORDER BY nth DESC LIMIT %s", (UNTIMED,))
    untimed = [row[0] for row in cursor]
    updates = {}

    def in_loop(name):
        before = loops.count_updates(cursor)
        seconds = loops.write(cursor, name, tenant, untimed + assets, UNTIMED, campaigns, json.dumps(CONTEXT))
        updates[name] = [after - old for after, old in zip(loops.count_updates(cursor), before)]
        return seconds

    def reset():
        reset_logs(cursor, untimed + assets)
        cursor.execute("VACUUM campaign_assets")

    texts = contestants.track(log_length)
    measures = {}
    for number, (name, sql) in enumerate(texts.items()):
        loop = loops.create(cursor, loops.WRITING_LOOP, f"track_{log_length}_{number}", sql)
        measures["server", name] = lambda loop=loop: in_loop(loop)
    asked = assets[:run.scale.client_calls[i]]
    requests = [
        {"asset": asset, "tenant": tenant, "campaign": campaigns[n % len(campaigns)],
         "context": json.dumps(CONTEXT), "clock": datetime.datetime(2026, 1, 1)}
        for n, asset in enumerate(asked)]
    for name, sql in texts.items():
        measures["client", name] = client.sql(sql, requests)
    measures["client", ORM] = client.orm(
        orm_service.track,
        [(r["asset"], tenant, r["campaign"], CONTEXT) for r in requests])
    run.compare("track", log_length, compression, run.scale.log_rounds, measures, reset)
    hot = min(100 * hot // total for total, hot in updates.values())
    run.facts.setdefault("hot_updates", {})[f"{log_length} {compression}"] = hot


def reset_logs(cursor, assets):
    cursor.execute("CALL bench.reset_logs(%s)", (assets,))


def measure_history(run, client, compression, i, assets):
    log_length = LOG_LENGTHS[i]
    cursor, tenant = client.cursor, data.tenant_id(1)
    asked = list(itertools.islice(itertools.cycle(assets), run.scale.history_calls[i]))
    texts = contestants.history(log_length)
    measures = {}
    for number, (name, sql) in enumerate(texts.items()):
        loop = loops.create(cursor, loops.READING_LOOP, f"history_{log_length}_{number}", sql)
        measures["server", name] = lambda loop=loop: loops.read(cursor, loop, tenant, asked)
    requests = [{"asset": asset, "tenant": tenant} for asset in asked[:run.scale.client_calls[i]]]
    for name, sql in texts.items():
        measures["client", name] = client.sql(sql, requests)
    measures["client", ORM] = client.orm(orm_service.history, [(r["asset"], tenant) for r in requests])
    run.compare("history", log_length, compression, run.scale.log_rounds, measures)


#
# Analytics, by the tenant's size
#

def measure_analytics(run):
    scale = run.scale
    run.say(f"making tenants of {', '.join(f'{n:,}' for n in scale.tenants)} assets among others")
    data.create_database(run.server, "tenants")
    # Tenants differ so much that a plan for an average one fits none of these three.
    data.run_psql(run.server, "postgres", "-c", "ALTER DATABASE tenants SET plan_cache_mode = force_custom_plan")
    data.fill_tenants(run.server, "tenants", scale.tenants, scale.tenants_crowd)
    client = Client(run.server, "tenants")
    client.cursor.execute(
        "SELECT pg_size_pretty(pg_table_size('campaign_assets')),"
        " pg_size_pretty(pg_indexes_size('campaign_assets')),"
        " (SELECT round(avg(pg_column_size(a))) FROM campaign_assets AS a TABLESAMPLE SYSTEM (1))")
    run.facts["tenants_table"] = [str(value) for value in client.cursor.fetchone()]
    for (i, size), dates in itertools.product(enumerate(scale.tenants), ((), RANGE)):
        agreement.check_analytics(client.cursor, client.engine, data.tenant_id(i + 1), dates)
        names = create_analytics_loops(client.cursor, dates)
        measure_tenant(run, client, i, size, dates, names)
        note_workers(run, i, size, dates)


def measure_insights(run):
    """Measure what pays, of the tenants of analytics, whose events get the metrics as they were."""
    data.run_psql(run.server, "tenants", "-f", data.HERE / "sql/snapshots.sql")
    cursor = Client(run.server, "tenants").cursor
    for (i, size), (number, (work, of)) in itertools.product(
            enumerate(run.scale.tenants), enumerate(contestants.insights().items())):
        measure_insight(run, cursor, i, work, {
            name: create_loop(cursor, f"insight_{i}_{number}_{n}", sql) for n, (name, sql) in enumerate(of.items())})


def create_loop(cursor, name, sql):
    return loops.create(cursor, loops.READING_LOOP, name, sql)


def measure_insight(run, cursor, i, work, names):
    tenant, calls = data.tenant_id(i + 1), run.scale.analytics_calls[i]
    measures = {("server", name): lambda loop=loop: loops.read(cursor, loop, tenant, [tenant] * calls)
                for name, loop in names.items()}
    for workers in (2, 0):
        cursor.execute(f"SET max_parallel_workers_per_gather = {workers}")
        run.compare(work, run.scale.tenants[i], f"{workers} workers", run.scale.analytics_rounds[i], measures)
    cursor.execute("RESET max_parallel_workers_per_gather")


def analytics_work(dates):
    return "analytics, date range" if dates else "analytics, no range"


def create_analytics_loops(cursor, dates):
    """Create the loops over one call; returns their names by contestant."""
    names = {}
    for number, (name, sql) in enumerate(contestants.analytics(bool(dates)).items()):
        names[name] = f"analytics_{'range' if dates else 'all'}_{number}"
        cursor.execute(f"DROP FUNCTION IF EXISTS bench.{names[name]}")
        loops.create(cursor, loops.READING_LOOP, names[name], sql, **quoted(dates))
    return names


def quoted(dates):
    return {name: f"timestamp '{date}'" for name, date in zip(("start", "end"), dates)}


def measure_tenant(run, client, i, size, dates, names):
    work = analytics_work(dates)
    cursor, tenant, calls = client.cursor, data.tenant_id(i + 1), run.scale.analytics_calls[i]
    in_server = {
        ("server", name): lambda loop=loop: loops.read(cursor, loop, tenant, [tenant] * calls)
        for name, loop in names.items()}
    rounds = run.scale.analytics_rounds[i]
    for workers, share in ((2, rounds), (0, rounds // 2 + 1)):
        cursor.execute(f"SET max_parallel_workers_per_gather = {workers}")
        run.compare(work, size, f"{workers} workers", share, in_server)
    cursor.execute("RESET max_parallel_workers_per_gather")

    requests = [{"tenant": tenant, **dict(zip(("start", "end"), dates))}] * calls
    from_client = {
        ("client", name): client.sql(sql, requests)
        for name, sql in contestants.analytics(bool(dates)).items()}
    from_client["client", ORM] = client.orm(orm_service.analytics, [(tenant, *dates)] * calls)
    run.compare(work, size, "2 workers", run.scale.client_analytics_rounds[i], from_client, warm_up=False)


def note_workers(run, i, size, dates):
    """Have auto_explain say how ours and the limit read the table, and how many parallel workers they
    really have: in a session with default settings, where they have been called before."""
    connection = data.connect(run.server, "tenants")
    cursor = connection.cursor()
    cursor.execute("SET plan_cache_mode = auto")
    cursor.execute("LOAD 'auto_explain'")
    for setting in (
            "min_duration = 0", "analyze = on", "timing = off", "nested_statements = on", "level = notice"):
        cursor.execute(f"SET auto_explain.log_{setting}")
    values = {"tenant": f"'{data.tenant_id(i + 1)}'", **quoted(dates)}
    for name in (OURS, LIMIT):
        sql = contestants.analytics(bool(dates))[name]
        for _ in range(CALLS_BEFORE_EXPLAIN):
            del connection.notices[:]
            cursor.execute(contestants.statement(sql).format(**values))
        plans = "".join(connection.notices)
        scans = re.findall(r"((?:[A-Z]\w+ )+Scan)(?: using \w+)? on campaign_assets", plans)
        launched = re.findall(r"Workers Launched: (\d+)", plans)
        run.facts.setdefault("workers", []).append({
            "work": analytics_work(dates), "size": size, "name": name,
            "scans": " + ".join(scans), "launched": " + ".join(launched) or "none"})
        run.say(f"auto_explain: {name}: {' + '.join(scans)}, workers launched: {' + '.join(launched) or 'none'}")
    connection.close()


#
# Throughput, by the number of clients and the choice of assets
#

def measure_throughput(run):
    scale, server, database = run.scale, run.server, "throughput"
    run.say("making the assets for throughput")
    data.create_database(server, database)
    data.fill_logs(server, database, (scale.throughput_assets, 0, 0, 0), 0)
    cursor = data.connect(server, database).cursor()
    cursor.execute("SELECT array_agg(id) FROM bench.nominal")
    assets, = cursor.fetchone()
    scripts = throughput.write_scripts(run.folder, len(assets))

    def reset():
        reset_logs(cursor, assets)
        cursor.execute("VACUUM campaign_assets")

    for choice, clients in itertools.product(throughput.CHOICES, CLIENTS):
        calls = scale.single_asset_calls if choice == "single asset" else scale.throughput_calls
        measures = {
            ("client", name): lambda script=script: throughput.pgbench(server, database, script, clients, calls)
            for (of_choice, name), script in scripts.items() if of_choice == choice}
        measures["client", ORM] = lambda: throughput.orm(
            server, database, choice, len(assets), clients, calls)
        run.compare("throughput", clients, choice, scale.throughput_rounds, measures, reset, warm_up=False)


def note_machine(run):
    """Note where and with what this is measured, and show the server's settings."""
    cursor = data.connect(run.server, "postgres").cursor()
    cursor.execute("SELECT name, current_setting(name) FROM pg_settings WHERE sourcefile LIKE '%/postgresql.conf'"
                   " AND name !~ '^(lc_|log_|unix_|listen_|default_text|dynamic|max_conn|date|min_wal)' ORDER BY name")
    settings = dict(cursor.fetchall())
    cursor.execute("SELECT split_part(version(), ' on ', 1)")
    run.facts["machine"] = {
        "date": datetime.date.today().isoformat(),
        "CPU": read_field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": f"{int(read_field('/proc/meminfo', 'MemTotal').split()[0]) / 1024 ** 2:.0f} GB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "server": cursor.fetchone()[0],
        "clients": f"Python {platform.python_version()}, SQLAlchemy {sqlalchemy.__version__},"
                   f" psycopg2 {psycopg2.__version__.split()[0]}",
    }
    run.facts["settings"] = settings
    for name, value in settings.items():
        print(f"    {name} = {value}")


def read_field(path, name):
    """The value of the first line "name: value" of a file."""
    line = next(line for line in pathlib.Path(path).read_text().splitlines() if line.startswith(name))
    return line.split(":", 1)[1].strip()


def main(socket, programs, folder, scale):
    run = Run(Server(socket, programs), FULL if scale == "full" else QUICK, folder)
    note_machine(run)
    table_costs.measure(run)
    history_table.measure(run, Client)
    many.measure(run, Client)
    bulk.measure(run, Client)
    for compression in COMPRESSIONS:
        measure_logs(run, compression)
    measure_analytics(run)
    measure_insights(run)
    measure_throughput(run)


if __name__ == "__main__":
    main(*sys.argv[1:])
