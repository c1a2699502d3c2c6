"""Measures asset_reuse_recommend: how long a call takes, and how good it is on histories of git.

    recommend.py SOCKET PROGRAMS [REPOSITORY...]

Writes Markdown.  In a history of git a commit is a campaign, and a file that it changes an asset that is reused there, at
the time of the commit.  The server's user must be able to read the repositories.
"""

import pathlib
import statistics
import subprocess
import sys
import time
from collections import namedtuple

import data

HERE = pathlib.Path(__file__).resolve().parent


class Server(namedtuple("Server", "socket programs")):
    def program(self, name):
        return f"{self.programs}/{name}"


# assets, campaigns, events: campaigns of about as many uses; and as many campaigns with more and more uses
SIZES = ((100_000, 2_000, 100_000), (100_000, 20_000, 1_000_000), (100_000, 100_000, 5_000_000),
         (100_000, 20_000, 5_000_000))
CALLS = 30
TARGETS = 5                 # campaigns that are asked for
SEEDS = 50                  # of each of them, at least
OURS = "SELECT asset_reuse_recommend({tenant}, {campaign})"
PLAIN = "SELECT array_agg(r) FROM hand_written.recommend({tenant}, {campaign}) AS r"

MAX_FILES = 100             # of a commit
TRAINING = 0.7              # of the changes, in the order of time, come before the commits that are tried
SAMPLE = 500


def main(socket, programs, *repositories):
    server = Server(socket, programs)
    print("# Recommendations\n\nMade by `bench/run recommend`; how good they are is explained below the second table.\n")
    measure_time(server)
    measure_quality(server, repositories)


def measure_time(server):
    """Time calls in alternation with plain SQL, inside one session."""
    print("## Time\n\nA campaign of 50 assets, warm caches, medians of calls from a client, in alternation.\n")
    print("| events | assets | campaigns | uses of a campaign | asset_reuse_recommend | plain SQL | ratio |")
    print("|---|---|---|---|---|---|---|")
    for number, size in enumerate(SIZES):
        name = f"recommend_{number}"
        make_tenant(server, name, size)
        cursor = data.connect(server, name).cursor()
        cursor.execute("SELECT count(*) FROM campaign_asset_reuse_history")
        events, = cursor.fetchone()
        cursor.execute(
            "SELECT reused_in_id FROM campaign_asset_reuse_history GROUP BY 1 HAVING count(*) >= %s"
            " ORDER BY count(*), max(reused_at) DESC LIMIT %s", (SEEDS, TARGETS))
        targets = [row[0] for row in cursor]
        spent = {OURS: [], PLAIN: []}
        for call in range(CALLS + 5):
            for sql, times in spent.items():
                started = time.perf_counter()
                cursor.execute(sql.format(tenant="%s", campaign="%s"), (data.tenant_id(1), targets[call % len(targets)]))
                cursor.fetchall()
                if call >= 5:
                    times.append(time.perf_counter() - started)
        ours, plain = (statistics.median(spent[sql]) * 1000 for sql in (OURS, PLAIN))
        print(f"| {events:,} | {size[0]:,} | {size[1]:,} | {events / size[1]:.0f} | {ours:.1f} ms | {plain:.1f} ms | {ours / plain:.2f} |",
              flush=True)
        cursor.connection.close()
        data.run_psql(server, "postgres", "-c", f"DROP DATABASE {name}")


def make_tenant(server, name, size):
    assets, campaigns, events = size
    data.create_database(server, name)
    data.run_psql(
        server, name, "-v", f"assets={assets}", "-v", f"campaigns={campaigns}", "-v", f"events={events}",
        "-c", "SELECT asset_reuse_create_history_table()", "-f", HERE / "sql/recommend.sql",
        "-f", HERE / "sql/recommend_plain.sql", "-c", "VACUUM (ANALYZE, FREEZE)")


def measure_quality(server, repositories):
    print("\n## Quality\n\n| history | commits, files | tried | method | hit rate | NDCG@10 | coverage |\n|---|---|---|---|---|---|---|")
    for number, repository in enumerate(repositories):
        name = f"history_{number}"
        data.create_database(server, name)
        cursor = data.connect(server, name).cursor()
        commits, files, start = load_history(cursor, repository)
        cursor.execute("SELECT * FROM asset_reuse_recommend_evaluate('git', %s, %s)", (start, SAMPLE))
        for method, tried, hits, ndcg, coverage in cursor:
            print(f"| {title(repository)} | {commits:,}, {files:,} | {tried} | {method} | {hits:.3f} | {ndcg:.3f} | {coverage:.3f} |")
        cursor.connection.close()
        data.run_psql(server, "postgres", "-c", f"DROP DATABASE {name}")


def title(repository):
    path = pathlib.Path(repository).resolve()
    return (path.parent if path.name == "repo" else path).name.replace("+", "/")


def load_history(cursor, repository):
    """Load a history of git; returns how many commits and files it has, and when those to try begin."""
    log = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", repository, "log", "--no-merges", "--no-renames", "--reverse", "--name-only",
         "--format=%x01%H %ct"], check=True, capture_output=True, text=True, errors="replace").stdout
    cursor.execute("CREATE TABLE change (commit text, at timestamp, file text)")
    changes = []
    for commit in log.split("\x01")[1:]:
        head, *files = [line for line in commit.split("\n") if line]
        identity, at = head.split()
        if len(files) <= MAX_FILES:
            changes += [(identity[:36], int(at), file) for file in files]
    for first in range(0, len(changes), 1000):
        rows = changes[first:first + 1000]
        cursor.execute("INSERT INTO change VALUES " + ", ".join(["(%s, timezone('UTC', to_timestamp(%s)), %s)"] * len(rows)),
                       [value for row in rows for value in row])
    cursor.execute("""
        INSERT INTO tenants VALUES ('git', 'git');
        INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) SELECT DISTINCT commit, 'git', 'u', commit, 'other'::adplatform FROM change;
        INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, deleted_at) VALUES ('none', 'git', 'u', 'none', 'other', now());
        INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, reused_count, last_reused_at, created_at)
        SELECT md5(file), 'git', 'none', 'u', left(file, 255), 'other', count(*), max(at), min(at) FROM change GROUP BY file;
        SELECT asset_reuse_create_history_table();
        INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, reused_in_name)
        SELECT 'git', md5(file), at, row_number() OVER (PARTITION BY file, at ORDER BY commit) - 1, 'campaign_space', commit, commit FROM change;
        ANALYZE""")
    cursor.execute("SELECT count(DISTINCT commit), count(DISTINCT file), percentile_disc(%s) WITHIN GROUP (ORDER BY at) FROM change", (TRAINING,))
    return cursor.fetchone()


if __name__ == "__main__":
    main(*sys.argv[1:])
