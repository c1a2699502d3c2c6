"""Before anything is timed: all contestants must give the same answers.

Ours, the hand-written SQL and the ORM service are called on the same assets and tenants.
Times of a track differ by nature, and are masked; all else must be equal.
"""

import json
import re

import contestants
import orm_service
from contestants import HAND_WRITTEN, LOOK_UP_LIMIT, ORM, OURS

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")


# A mean that lies on half a hundredth is rounded to either side in binary floating point;
# ours is exact.
ROUNDING = 0.0101


class Disagreement(Exception):
    """A contestant gives another answer than ours."""


def check_track(cursor, engine, log_length, values, reset):
    """Compare what track answers and what it leaves in the row; reset puts the row back."""
    seen = {}
    for name, sql in contestants.track(log_length).items():
        if name in (OURS, HAND_WRITTEN):
            seen[name] = ask(cursor, sql, values), stored(cursor, values)
            reset()
    # the others' events have no ids, and the others know no keys
    del seen[OURS][0]["event"]["event_id"], seen[OURS][0]["replayed"]
    answer = orm_service.track(engine, *(values[key] for key in ("asset", "tenant", "campaign")), json.loads(values["context"]))
    seen[ORM] = json.loads(answer), stored(cursor, values)
    reset()
    compare(f"track, {log_length} events", {name: mask(answers) for name, answers in seen.items()})


def check_history(cursor, engine, log_length, values):
    seen = {
        name: ask(cursor, sql, values) for name, sql in contestants.history(log_length).items()
        if name in (OURS, HAND_WRITTEN)
    }
    seen[ORM] = json.loads(orm_service.history(engine, values["asset"], values["tenant"]))
    # the others have no ids of events, and no pages by cursor
    del seen[OURS]["next_cursor"]
    for event in seen[OURS]["history"]:
        del event["event_id"]
    compare(f"history, {log_length} events", seen)


def check_analytics(cursor, engine, tenant, dates):
    """Compare the analytics of a tenant; dates are the range's, or none."""
    values = {"tenant": tenant, **dict(zip(("start", "end"), dates))}
    seen = {
        name: ask(cursor, sql, values) for name, sql in contestants.analytics(bool(dates)).items()
        if name in (OURS, HAND_WRITTEN)
    }
    seen[ORM] = json.loads(orm_service.analytics(engine, tenant, *dates))
    compare(f"analytics of tenant {tenant}" + (" in a range" if dates else ""), seen)


def check_readers(cursor, what, texts, values):
    """Compare the rows of a statement by hand with those of ours, in the columns that ours has."""
    seen = {}
    for name in (OURS, LOOK_UP_LIMIT):
        cursor.execute(texts[name].format(**values))
        seen[name] = cursor.fetchall()
    if not seen[OURS]:
        raise Disagreement(f"{what}: no rows")
    width = len(seen[OURS][0])
    compare(what, {name: [row[:width] for row in rows] for name, rows in seen.items()})


def ask(cursor, sql, values):
    cursor.execute(contestants.statement(sql).format(**{name: f"%({name})s" for name in values}), values)
    return json.loads(cursor.fetchone()[0])


def stored(cursor, values):
    cursor.execute(
        "SELECT platform_metadata, reused_count FROM campaign_assets WHERE id = %(asset)s", values)
    return cursor.fetchone()


def mask(answer):
    return json.loads(TIME.sub("TIME", json.dumps(answer)))


def compare(what, seen):
    for name, answer in seen.items():
        if not same(answer, seen[OURS]):
            raise Disagreement(f"{what}: {name} differs from ours\n{name}: {answer}\nours: {seen[OURS]}")


def same(a, b):
    """Whether two answers are equal, but for the rounding of means."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and abs(a - b) < ROUNDING
    return a == b
