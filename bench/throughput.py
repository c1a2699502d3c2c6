"""Reuses tracked in a second by 1, 4 and 16 clients: pgbench, and processes for the ORM service."""

import multiprocessing
import pathlib
import random
import re
import subprocess
import time

from sqlalchemy import create_engine

import contestants
import data
import orm_service

ZIPF_EXPONENT = 1.1
CHOICES = {
    "uniform": "random(1, {assets})",
    "Zipf": f"random_zipfian(1, {{assets}}, {ZIPF_EXPONENT})",
    "single asset": "1",
}

# the ORM service makes a part of the calls, for it takes so long; this leaves it the shorter logs
ORM_SHARE = 8

START_TIMEOUT = 60      # seconds

VALUES = {
    "asset": "md5('asset' || :asset)::uuid::text",
    "campaign": "md5('campaign' || 1000 + :campaign)::uuid::text",
    "context": """'{"placement": "feed", "variant": 3}'""",
    "clock": "clock_timestamp() AT TIME ZONE 'UTC'",
}


def write_scripts(folder, assets):
    """Write a pgbench script for each contestant and choice of assets; returns their paths."""
    scripts = {}
    for choice, expression in CHOICES.items():
        for name, sql in contestants.track(5).items():
            if name in (contestants.OURS_WITHOUT_CAMPAIGN, contestants.OURS_WITH_KEY, contestants.DOCUMENT_LIMIT):
                continue
            values = {**VALUES, "tenant": f"'{data.tenant_id(1)}'"}
            scripts[choice, name] = path = pathlib.Path(folder) / f"{choice} {name}.pgbench"
            path.write_text(
                f"\\set asset {expression.format(assets=assets)}\n"
                f"\\set campaign random(1, {data.CAMPAIGNS})\n"
                f"{contestants.statement(sql).format(**values)};\n")
    return scripts


def pgbench(server, database, script, clients, calls):
    """Run pgbench; returns transactions in a second."""
    output = subprocess.run(
        [server.program("pgbench"), "-h", server.socket, "-U", "postgres", "-n", "-M", "prepared",
         "-c", str(clients), "-j", str(min(clients, 2)), "-t", str(calls // clients),
         "--random-seed", "1", "-f", str(script), database],
        check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^tps = ([\d.]+)", output, re.MULTILINE).group(1))


def orm(server, database, choice, assets, clients, calls):
    """Run the ORM service in a process for each client; returns transactions in a second."""
    calls = max(calls // ORM_SHARE // clients, 1)
    start = multiprocessing.Barrier(clients + 1)
    workers = [
        multiprocessing.Process(target=orm_client, args=(server.url(database), choice, assets, calls, seed, start))
        for seed in range(clients)
    ]
    for worker in workers:
        worker.start()
    start.wait(START_TIMEOUT)
    started = time.perf_counter()
    for worker in workers:
        worker.join()
        if worker.exitcode != 0:
            raise RuntimeError("a client of the ORM service failed")
    return clients * calls / (time.perf_counter() - started)


def orm_client(url, choice, assets, calls, seed, start):
    engine = create_engine(url)
    orm_service.map_tables(engine)
    chooser = random.Random(seed)
    ids = [data.identifier("asset", n) for n in choose(chooser, choice, assets, calls)]
    campaigns = data.campaign_ids(1)
    engine.connect().close()
    start.wait(START_TIMEOUT)
    for asset in ids:
        orm_service.track(
            engine, asset, data.tenant_id(1), chooser.choice(campaigns), {"placement": "feed", "variant": 3})


def choose(chooser, choice, assets, calls):
    """The numbers of the assets that a client tracks, chosen as by pgbench."""
    if choice == "single asset":
        return [1] * calls
    weights = [n ** -ZIPF_EXPONENT for n in range(1, assets + 1)] if choice == "Zipf" else None
    return chooser.choices(range(1, assets + 1), weights=weights, k=calls)
