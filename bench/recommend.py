"""Measures asset_reuse_recommend: how long a call takes, and how good it is on real histories.

    recommend.py SOCKET PROGRAMS PROJECT [REPOSITORY...]

Writes Markdown.  In a history of git a commit is a campaign, and a file that it changes an asset that is reused there, at
the time of the commit.  Of this machine's packages, one is a campaign, and a package that it depends on an asset that is
reused there, at the time of the newest entry in its changelog.  The server's user must be able to read the repositories.
"""

import email.utils
import gzip
import hashlib
import pathlib
import re
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

PACKAGES = "packages here"
DOCUMENTATION = pathlib.Path("/usr/share/doc")

MAX_FILES = 100             # of a commit
TRAINING = 0.7              # of the changes, in the order of time, come before the commits that are tried
SAMPLE = 500


def main(socket, programs, project, *repositories):
    server = Server(socket, programs)
    print("# Recommendations\n\nMade by `bench/run recommend`; how good they are is explained below the second table.\n")
    measure_time(server)
    measure_quality(server, {project: "this project", **{repository: title(repository) for repository in repositories}})


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
    """Evaluate the histories of these repositories, and of the packages."""
    print("\n## Quality\n\n| history | campaigns, assets | tried | method | hit rate | NDCG@10 | coverage |\n|---|---|---|---|---|---|---|")
    histories = [(what, read_git(repository)) for repository, what in repositories.items()]
    packages = read_packages()
    if packages:
        histories.append((PACKAGES, packages))
    for number, (what, uses) in enumerate(histories):
        name = f"history_{number}"
        data.create_database(server, name)
        cursor = data.connect(server, name).cursor()
        campaigns, assets, start = load_history(cursor, uses)
        cursor.execute("SELECT * FROM asset_reuse_recommend_evaluate('t', %s, %s)", (start, SAMPLE))
        for method, tried, hits, ndcg, coverage in cursor:
            print(f"| {what} | {campaigns:,}, {assets:,} | {tried} | {method} | {hits:.3f} | {ndcg:.3f} | {coverage:.3f} |",
                  flush=True)
        cursor.connection.close()
        data.run_psql(server, "postgres", "-c", f"DROP DATABASE {name}")


def title(repository):
    path = pathlib.Path(repository).resolve()
    return (path.parent if path.name == "repo" else path).name.replace("+", "/")


def read_git(repository):
    """The uses of a history of git: commit, its time, a file."""
    log = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", repository, "log", "--no-merges", "--no-renames", "--reverse", "--name-only",
         "--format=%x01%H %ct"], check=True, capture_output=True, text=True, errors="replace").stdout
    uses = []
    for commit in log.split("\x01")[1:]:
        head, *files = [line for line in commit.split("\n") if line]
        identity, at = head.split()
        if len(files) <= MAX_FILES:
            uses += [(identity, int(at), file) for file in files]
    return uses


def read_packages():
    """The uses of this machine's packages of Debian: package, the time of its version, one that it depends on."""
    try:
        listed = subprocess.run(["dpkg-query", "--show", "--showformat=${Package}\t${Pre-Depends}, ${Depends}\n"],
                                check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    uses = []
    for package, depends in (line.split("\t") for line in sorted(set(listed.splitlines()))):
        at = changed_at(package)
        # of alternatives the first, without its version
        names = {re.split(r"[ (:|]", one.strip())[0] for one in depends.split(",")} - {""}
        uses += [(package, at, name) for name in sorted(names) if at is not None]
    return uses


def changed_at(package):
    """When the newest version that a package's changelog names was made; none without a changelog."""
    for name in ("changelog.Debian.gz", "changelog.gz"):
        try:
            with gzip.open(DOCUMENTATION / package / name, "rt", errors="replace") as changelog:
                line = next((line for line in changelog if line.startswith(" -- ")), None)
        except OSError:
            continue
        if line:
            return int(email.utils.parsedate_to_datetime(line.rsplit("  ", 1)[1].strip()).timestamp())
    return None


def load_history(cursor, uses):
    """Load uses (campaign, seconds, asset); returns how many campaigns and assets there are, and when those to try begin."""
    cursor.execute("CREATE TABLE change (campaign text, at timestamp, asset text)")
    for first in range(0, len(uses), 1000):
        rows = [(hashlib.md5(campaign.encode()).hexdigest(), at, asset) for campaign, at, asset in uses[first:first + 1000]]
        cursor.execute("INSERT INTO change VALUES " + ", ".join(["(%s, timezone('UTC', to_timestamp(%s)), %s)"] * len(rows)),
                       [value for row in rows for value in row])
    cursor.execute("""
        INSERT INTO tenants VALUES ('t', 't');
        INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) SELECT DISTINCT campaign, 't', 'u', campaign, 'other'::adplatform FROM change;
        INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, deleted_at) VALUES ('none', 't', 'u', 'none', 'other', now());
        INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, reused_count, last_reused_at, created_at)
        SELECT md5(asset), 't', 'none', 'u', left(asset, 255), 'other', count(*), max(at), min(at) FROM change GROUP BY asset;
        SELECT asset_reuse_create_history_table();
        INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type, reused_in_id, reused_in_name)
        SELECT 't', md5(asset), at, row_number() OVER (PARTITION BY asset, at ORDER BY campaign) - 1, 'campaign_space', campaign, campaign FROM change;
        ANALYZE""")
    cursor.execute("SELECT count(DISTINCT campaign), count(DISTINCT asset), percentile_disc(%s) WITHIN GROUP (ORDER BY at) FROM change", (TRAINING,))
    return cursor.fetchone()


if __name__ == "__main__":
    main(*sys.argv[1:])
