"""Writes what a person reads of a run: RESULTS.md, and the chart's data.

    report.py FOLDER NOTES

Reads FOLDER/results.json; writes FOLDER/RESULTS.md and FOLDER/chart.dat.  NOTES is a file
written by hand, which the results include.
"""

import json
import pathlib
import statistics
import sys

import bulk
import history_table
import many
import table_costs
from contestants import (
    ANALYTICS, COUNT_LIMIT, DOCUMENT_LIMIT, DOCUMENTS, HAND_WRITTEN, INSIGHTS, LIMIT, LOOK_UP_LIMIT, LOOP, ORM, OURS,
    OURS_WITH_KEY, OURS_WITHOUT_CAMPAIGN, PERFORMANCE, RANGED_ANALYTICS, ROWS_ALONE, TIMELINE, TREND, WEAR_OUT,
    WITH_TABLE, WITHOUT_INDEX, WITHOUT_TABLE)
from scale import COMPRESSIONS
from throughput import CHOICES, ORM_SHARE

NO_RANGE = "analytics, no range"
RANGED = "analytics, date range"
DEFAULT_WORKERS = "2 workers"

# work, sizes (none: all), at most ours / hand-written, at most ours / limit
TARGETS = (
    ("track", (5,), 0.65, 1.4),
    ("track", (100, 1000, 10000), 0.6, 1.15),
    ("history", (5,), 0.1, 6),
    ("history", (10000,), 0.25, 1.5),
    (NO_RANGE, (), 0.55, 1.25),
    (RANGED, (), 0.35, 1.6),
)

# with the history table: work, ours against, at most
TABLE_TARGETS = (
    (history_table.TRACK, LIMIT, 1.3),
    (history_table.PAGE, LIMIT, 3),
    (history_table.RANGED, HAND_WRITTEN, 1.3),
    (history_table.RANGED, DOCUMENTS, 0.1),
)
FLATNESS_TARGET = 1.2
MIGRATION_TARGET = 20_000
STORAGE_TARGET = 480     # bytes
KEY_TARGET = 1.11        # with a key / without
KEY_SIZES = (100, 10_000)
BULK_TARGET = 1.5        # of the limit

# what pays: work, ours against, at most
INSIGHT_TARGETS = (
    (INSIGHTS, ANALYTICS, 1.3),
    (PERFORMANCE, RANGED_ANALYTICS, None),
    (WEAR_OUT, RANGED_ANALYTICS, None),
    (TREND, TIMELINE, 2),
)

# at least the ORM service's time / ours, from a client
ORM_TARGETS = {"track": 10, "history": 10, NO_RANGE: 5, RANGED: 5}


class Results:
    """What measure.py wrote."""

    def __init__(self, path):
        content = json.loads(path.read_text())
        self.scale = content["scale"]
        self.facts = content["facts"]
        self.values = {
            (m["work"], m["size"], m["setting"], m["side"], m["name"]): m["values"] for m in content["measured"]}

    def sizes(self, work):
        return sorted({size for of_work, size, *_ in self.values if of_work == work})

    def settings(self, work):
        return COMPRESSIONS if work in ("track", "history") else (DEFAULT_WORKERS,)

    def median(self, *key):
        return statistics.median(self.values[key])

    def ratios(self, work, size, setting, side, name, other):
        """The ratios of two contestants, one of each round."""
        pair = [self.values[work, size, setting, side, who] for who in (name, other)]
        return [a / b for a, b in zip(*pair)]


def write_results(results, notes):
    return "\n".join([
        "# Results of the benchmark",
        "",
        "Made by `make bench`; do not edit. The section \"What costs what\" is [notes.md](notes.md).",
        "",
        *([] if results.scale == "full" else [
            "**A quick run: small sizes and few rounds. It shows that all works, and not what to rely on.**", ""]),
        *machine(results),
        "## Targets",
        "",
        "Inside the server; medians over the rounds of the ratio within a round, and their quartiles.",
        "",
        *table(["work", "case", "ours / hand-written", "target", "ours / limit", "target", "met"], target_rows(results)),
        "From a client over the socket, against the ORM service:",
        "",
        *table(["work", "case", "ORM service / ours", "target", "met"], orm_rows(results)),
        "With the history table, inside the server:",
        "",
        *table(["work", "case", "against", "ours / that", "target", "met"], history_table_rows(results)),
        "With a key that no event has, many assets in one call, import, verify, and what pays, inside the server:",
        "",
        *table(["work", "case", "against", "ours / that", "target", "met"],
               key_rows(results) + many_rows(results) + bulk_rows(results)
               + insights_rows(results)),
        "![Time of a call](results.svg)",
        "",
        notes.strip(),
        "",
        "## Parallel plans",
        "",
        "What `auto_explain` says of a call: how the assets were read, and with how many workers. Each contestant has"
        " been called before in that session, with `plan_cache_mode = auto`.",
        "",
        *table(["work", "assets", "of", "scans", "workers launched"], worker_rows(results)),
        *times(results),
    ]) + "\n"


def machine(results):
    facts = results.facts
    settings = ", ".join(f"`{name} = {value}`" for name, value in facts["settings"].items())
    table_size, indexes_size, width = facts["tenants_table"]
    hot = ", ".join(f"{share} % ({case})" for case, share in facts["hot_updates"].items())
    return [
        "; ".join(f"{name}: {value}" for name, value in facts["machine"].items())
        + f"; the run took {facts['seconds'] / 60:.0f} minutes.",
        "",
        f"Settings: {settings}. For analytics also `plan_cache_mode = force_custom_plan`.",
        "",
        f"The assets table of analytics: {table_size} and {indexes_size} of indexes, rows of {width} bytes on average."
        f" Updates in the loops of track that were HOT, for the contestant with the fewest: {hot}.",
        "",
    ]


def target_rows(results):
    rows = []
    for work, sizes, of_hand_written, of_limit in TARGETS:
        for size in sizes or reversed(results.sizes(work)):
            for setting in results.settings(work):
                peer = results.ratios(work, size, setting, "server", OURS, HAND_WRITTEN)
                limit = results.ratios(work, size, setting, "server", OURS, LIMIT)
                met = statistics.median(peer) <= of_hand_written and statistics.median(limit) <= of_limit
                rows.append([
                    work, case(work, size, setting), spread(peer), f"<= {of_hand_written}",
                    spread(limit), f"<= {of_limit}", yes(met)])
    return rows


def orm_rows(results):
    rows = []
    for work, target in ORM_TARGETS.items():
        for size in results.sizes(work):
            for setting in results.settings(work):
                ratios = results.ratios(work, size, setting, "client", ORM, OURS)
                rows.append([
                    work, case(work, size, setting), spread(ratios), f">= {target}",
                    yes(statistics.median(ratios) >= target)])
    return rows


def history_table_rows(results):
    rows = []
    for work, other, target in TABLE_TARGETS:
        for size in results.sizes(work):
            ratios = results.ratios(work, size, history_table.SETTING, "server", OURS, other)
            rows.append([work, case(work, size), other, spread(ratios), f"<= {target}",
                         yes(statistics.median(ratios) <= target)])
    few, *_, many = results.sizes(history_table.TRACK)
    flatness = [a / b for a, b in zip(*(
        results.values[history_table.TRACK, size, history_table.SETTING, "server", OURS] for size in (many, few)))]
    rows.append([history_table.TRACK, case(history_table.TRACK, many), f"ours, {few}", spread(flatness),
                 f"<= {FLATNESS_TARGET}", yes(statistics.median(flatness) <= FLATNESS_TARGET)])
    for size in results.sizes(history_table.MIGRATION):
        rates = results.values[history_table.MIGRATION, size, history_table.SETTING, "client", OURS]
        rows.append([history_table.MIGRATION, f"{size:,} assets", "", f"**{statistics.median(rates):,.0f}** events/s",
                     f">= {MIGRATION_TARGET:,}", yes(statistics.median(rates) >= MIGRATION_TARGET)])
    for state in (table_costs.MIGRATED, table_costs.REINDEXED):
        size = storage(results, table_costs.TOTAL, state)
        rows.append([table_costs.STORAGE, state, "", f"**{size:.0f}** bytes", f"<= {STORAGE_TARGET}", yes(size <= STORAGE_TARGET)])
    return rows


def key_rows(results):
    rows = []
    for work, settings in (("track", COMPRESSIONS), (history_table.TRACK, (history_table.SETTING,))):
        for size in KEY_SIZES:
            for setting in settings:
                ratios = results.ratios(work, size, setting, "server", OURS_WITH_KEY, OURS)
                rows.append([f"{work}, with a key", case(work, size, setting), "without a key", spread(ratios),
                             f"<= {KEY_TARGET}", yes(statistics.median(ratios) <= KEY_TARGET)])
    return rows


def many_rows(results):
    rows = []
    for work, limits in ((many.INTO_TABLE, (ROWS_ALONE,)), (many.INTO_DOCUMENTS, (DOCUMENT_LIMIT, ROWS_ALONE))):
        for size in results.sizes(work):
            for side, other in (("client", LOOP), ("server", LOOP), *(("server", limit) for limit in limits)):
                ratios = results.ratios(work, size, history_table.SETTING, side, OURS, other)
                rows.append([work, case(work, size), f"{other}, from a client" if side == "client" else other,
                             spread(ratios), "", ""])
    return rows


def bulk_rows(results):
    rows = []
    for work in (bulk.IMPORT, bulk.VERIFY):
        for size in results.sizes(work):
            ratios = results.ratios(work, size, history_table.SETTING, "server", OURS, LIMIT)
            rows.append([work, case(work, size), LIMIT, spread(ratios), f"<= {BULK_TARGET}",
                         yes(statistics.median(ratios) <= BULK_TARGET)])
    return rows


def insights_rows(results):
    rows = []
    for work, other, target in INSIGHT_TARGETS:
        for size in reversed(results.sizes(work)):
            for setting in (DEFAULT_WORKERS, "0 workers"):
                ratios = results.ratios(work, size, setting, "server", OURS, other)
                rows.append([work, f"{size:,} assets, {setting}", other, spread(ratios),
                             *([f"<= {target}", yes(statistics.median(ratios) <= target)] if target else ["", ""])])
    return rows


def storage(results, part, state):
    return results.median(table_costs.STORAGE, part, history_table.SETTING, "server", state)


def worker_rows(results):
    return [
        [w["work"], f"{w['size']:,}", w["name"], w["scans"], w["launched"]] for w in results.facts["workers"]]


def times(results):
    """The tables of all times: by work, setting and side."""
    lines = []
    for work in ("track", "history", NO_RANGE, RANGED):
        names = [OURS, *([OURS_WITHOUT_CAMPAIGN, OURS_WITH_KEY] if work == "track" else []), HAND_WRITTEN, ORM, LIMIT,
                 *([DOCUMENT_LIMIT] if work in ("track", RANGED) else [])]
        settings = results.settings(work)
        for setting in settings if work in ("track", "history") else (DEFAULT_WORKERS, "0 workers"):
            for side in ("server", "client") if setting != "0 workers" else ("server",):
                lines += time_table(results, work, setting, side, names)
    return lines + history_table_tables(results) + throughput_tables(results)


def time_table(results, work, setting, side, names):
    """The times of a work's contestants, and the ratios of the first of them to the others."""
    first, sizes = names[0], results.sizes(work)
    present = [n for n in names if any((work, size, setting, side, n) in results.values for size in sizes)]
    where = "inside the server" if side == "server" else "from a client"
    rows = []
    for size in sizes:
        measured = {n for n in present if (work, size, setting, side, n) in results.values}
        rows.append([
            case(work, size),
            *(duration(results.median(work, size, setting, side, n)) if n in measured else "" for n in present),
            *(spread(results.ratios(work, size, setting, side, first, n)) if n in measured else ""
              for n in present if n != first)])
    heads = ["case", *present, *(f"{first} / {n}" for n in present if n != first)]
    return [f"## {work.capitalize()}: {setting}, {where}", "", *table(heads, rows)]


def history_table_tables(results):
    names = [OURS, OURS_WITH_KEY, HAND_WRITTEN, DOCUMENTS, LIMIT, LOOK_UP_LIMIT, COUNT_LIMIT]
    works = history_table.TRACK, history_table.PAGE, history_table.FIRST_PAGE, history_table.RANGED
    lines = [line for work in works for line in time_table(results, work, history_table.SETTING, "server", names)]
    for work in (many.INTO_TABLE, many.INTO_DOCUMENTS):
        for side in ("server", "client"):
            lines += time_table(results, work, history_table.SETTING, side, [OURS, LOOP, DOCUMENT_LIMIT, ROWS_ALONE])
    for work in (bulk.IMPORT, bulk.VERIFY):
        lines += time_table(results, work, history_table.SETTING, "server", [OURS, LIMIT])
    return lines + table_costs_tables(results)


def table_costs_tables(results):
    contestants = [WITH_TABLE, WITHOUT_INDEX, WITHOUT_TABLE]
    states = [table_costs.MIGRATED, table_costs.REINDEXED]
    hot = [[what, *(f"{shares[name]} %" for name in contestants)] for what, shares in results.facts["hot_beside_table"].items()]
    parts = [[part, *(f"{storage(results, part, state):.0f}" for state in states), what]
             for part, what in table_costs.PARTS.items()]
    return [
        *time_table(results, table_costs.READER, history_table.SETTING, "server", [OURS, LIMIT, LOOK_UP_LIMIT]),
        *time_table(results, table_costs.STATEMENT, history_table.SETTING, "server", contestants),
        "Updates of the assets that were HOT:", "", *table(["statement", *contestants], hot),
        "## Storage of an event in the table", "",
        "Bytes, with ids of 36 characters and a context of two keys, without a key of the call.", "",
        *table(["part", *states, "what it is"], parts),
    ]


def throughput_tables(results):
    lines = [
        "## Throughput of track", "",
        "Calls in a second of all clients together, each a transaction; assets with up to 5 events at first."
        f" The ORM service makes 1/{ORM_SHARE} of the calls, so the logs it rewrites stay shorter.", ""]
    names = [OURS, HAND_WRITTEN, ORM, LIMIT]
    rows = []
    for choice in CHOICES:
        for clients in results.sizes("throughput"):
            key = "throughput", clients, choice, "client"
            rows.append([
                choice, clients, *(f"{results.median(*key, n):,.0f}" for n in names),
                *(spread(results.ratios(*key, OURS, n)) for n in names if n != OURS)])
    return lines + table(["choice", "clients", *names, *(f"ours / {n}" for n in names if n != OURS)], rows)


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return [*("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines), ""]


def case(work, size, setting=None):
    if work in ("track", "history"):
        events = "up to 5 events" if size == 5 else f"{size:,} events"
        return f"{events}, {setting}" if setting else events
    return size if isinstance(size, str) else history_table.UNITS.get(work, "{:,} assets").format(size)


def spread(ratios):
    """The median and the quartiles."""
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return f"**{short(median)}** ({short(low)}..{short(high)})"


def short(number):
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}" if number >= 1 else f"{number:.2f}"


def duration(seconds):
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} us"


def yes(met):
    return "yes" if met else "**no**"


def write_chart_data(results):
    """A block for each panel of the chart: size, then milliseconds of ours, hand-written, limit, ORM."""
    blocks = []
    for work in ("track", "history", NO_RANGE, RANGED):
        lines = []
        for size in results.sizes(work):
            key = work, size, results.settings(work)[0]
            medians = [results.median(*key, "server", name) for name in (OURS, HAND_WRITTEN, LIMIT)]
            medians.append(results.median(*key, "client", ORM))
            lines.append(" ".join(str(value) for value in (size, *(1e3 * m for m in medians))))
        blocks.append("\n".join(lines))
    return "\n\n\n".join(blocks) + "\n"


def main(folder, notes):
    folder = pathlib.Path(folder)
    results = Results(folder / "results.json")
    (folder / "RESULTS.md").write_text(write_results(results, pathlib.Path(notes).read_text()))
    (folder / "chart.dat").write_text(write_chart_data(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
