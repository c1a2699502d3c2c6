"""The benchmark's databases: creates and fills them, and says what is where."""

import hashlib
import pathlib
import subprocess
import threading
import time
import uuid

import psycopg2

HERE = pathlib.Path(__file__).resolve().parent
TABLES = HERE.parent / "test" / "fixtures" / "application_tables.sql"
CAMPAIGNS = 60      # of a tenant, as bench.campaigns in generator.sql
LOADERS = 2         # sessions that fill a big table


def connect(server, database):
    connection = psycopg2.connect(host=server.socket, user="postgres", dbname=database)
    connection.autocommit = True
    return connection


def identifier(kind, n):
    """The identifier of the nth thing of a kind, as bench.uuid in generator.sql."""
    return str(uuid.UUID(hashlib.md5(f"{kind}{n}".encode()).hexdigest()))


def tenant_id(n):
    return identifier("tenant", n)


def campaign_ids(tenant):
    return [identifier("campaign", tenant * 1000 + n) for n in range(1, CAMPAIGNS + 1)]


def create_database(server, name, compression="pglz"):
    """Create a database with the application's tables, the extension and the generator."""
    with_settings = f"ALTER DATABASE {name} SET default_toast_compression = {compression}"
    run_psql(server, "postgres", "-c", f"CREATE DATABASE {name}", "-c", with_settings)
    run_psql(
        server, name, "-f", TABLES, "-c", "CREATE EXTENSION asset_reuse",
        "-c", "CREATE EXTENSION pg_prewarm", "-f", HERE / "sql/generator.sql", "-f", HERE / "sql/hand_written.sql")


def fill_logs(server, database, lengths, crowd):
    """Fill a database with assets that have logs: as many as given for each of LOG_LENGTHS."""
    run_psql(
        server, database, "-v", f"lengths=ARRAY{list(lengths)}", "-v", f"crowd={crowd}",
        "-v", f"past={1 + sum(lengths) + crowd}", "-c", "CALL bench.drop_indexes()", "-f", HERE / "sql/logs.sql",
        "-c", "CALL bench.create_indexes()", "-c", "VACUUM (ANALYZE, FREEZE)")


def fill_tenants(server, database, sizes, crowd, plan="tenants"):
    """Fill a database with tenants of these sizes among others, and bring it into memory."""
    past = 1 + sum(sizes) + crowd
    run_psql(
        server, database, "-v", f"sizes=ARRAY{list(sizes)}", "-v", f"crowd={crowd}", "-v", f"past={past}",
        "-c", "SELECT setseed(0.1)", "-c", "CALL bench.drop_indexes()",
        "-f", HERE / f"sql/{plan}.sql")
    bounds = [1 + past * i // LOADERS for i in range(LOADERS + 1)]
    loaders = [
        threading.Thread(target=add_assets, args=(server, database, first, past_last))
        for first, past_last in zip(bounds, bounds[1:])
    ]
    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join()
    run_psql(
        server, database, "-c", "CALL bench.create_indexes()", "-c", "VACUUM (ANALYZE, FREEZE)",
        "-c", "SELECT pg_prewarm(c.oid::regclass) FROM pg_class AS c JOIN pg_index AS i ON c.oid = i.indexrelid"
              " WHERE i.indrelid = 'campaign_assets'::regclass"
              " UNION ALL SELECT pg_prewarm('campaign_assets')"
              " UNION ALL SELECT pg_prewarm(reltoastrelid::regclass) FROM pg_class"
              " WHERE oid = 'campaign_assets'::regclass")


def add_assets(server, database, first, past):
    cursor = connect(server, database).cursor()
    cursor.execute("SELECT setseed(0.2)")
    # the foreign keys are right by construction
    cursor.execute("SET session_replication_role = replica")
    cursor.execute("CALL bench.add_assets(%s, %s)", (first, past))


def copy_database(server, source, target):
    run_psql(server, "postgres", "-c", f"DROP DATABASE IF EXISTS {target}",
             "-c", f"CREATE DATABASE {target} TEMPLATE {source}")


def migrate(server, database):
    """Move all events of a database to the history table; returns events moved in a second."""
    run_psql(server, database, "-c", "SELECT asset_reuse_create_history_table()")
    cursor = connect(server, database).cursor()
    started = time.perf_counter()
    cursor.execute("CALL asset_reuse_migrate_history()")
    seconds = time.perf_counter() - started
    cursor.execute("SELECT count(*) FROM campaign_asset_reuse_history")
    events, = cursor.fetchone()
    cursor.connection.close()
    return events / seconds


def fill_history_table(server, database, tenant, sizes):
    """Give assets of a tenant as many rows in the history table as sizes say, after a migration."""
    run_psql(
        server, database, "-v", f"tenant={tenant}", "-v", f"sizes=ARRAY{list(sizes)}",
        "-c", "VACUUM (FULL, ANALYZE) campaign_assets", "-f", HERE / "sql/history_table.sql",
        "-c", "SELECT pg_prewarm('campaign_assets'), pg_prewarm('campaign_asset_reuse_history')")


def run_psql(server, database, *arguments):
    subprocess.run(
        [server.program("psql"), "-X", "-q", "-h", server.socket, "-U", "postgres", "-d", database,
         "-v", "ON_ERROR_STOP=1", *arguments],
        check=True, stdout=subprocess.DEVNULL)
