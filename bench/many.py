"""Measures asset_reuse_track_many: many assets in one call, with their events in the documents and in the history table.

A call is rolled back, so that all rounds meet the same rows.
"""

import time

import contestants
import data
import loops
from contestants import LOOP, OURS
from history_table import SETTING, TENANT

SIZES = (40, 1_000)         # assets of a call
CALLS = (20, 4)             # in a round, for each of SIZES
UNTIMED = 6                 # that many make a plan generic
CONTEXT = '{"placement": "feed", "variant": 3}'

INTO_TABLE = "many assets into the table"
INTO_DOCUMENTS = "many assets into the documents"


def measure(run, client_of):
    """Measure it in the two databases of history_table.py."""
    documents, table = (client_of(run.server, name).cursor for name in ("documents", "migrated"))
    for size, calls in zip(SIZES, CALLS):
        lists = lists_of_assets(documents, size, UNTIMED + calls)
        for work, texts, cursor in ((INTO_TABLE, contestants.track_many_into_table(), table),
                                    (INTO_DOCUMENTS, contestants.track_many_into_documents(), documents)):
            measures = {}
            for number, (name, (sql, in_table)) in enumerate(texts.items()):
                where = table if in_table else documents
                loop = loops.create(where, loops.WRITING_LOOP, f"many_{size}_{number}", sql, ending="ROLLBACK")
                measures["server", name] = lambda where=where, loop=loop: loops.write(
                    where, loop, data.tenant_id(TENANT), literals(lists), UNTIMED, data.campaign_ids(TENANT), CONTEXT)
            measures["client", OURS] = lambda: call(cursor, contestants.TRACK_MANY, [[a] for a in literals(lists[UNTIMED:])])
            measures["client", LOOP] = lambda: call(cursor, contestants.TRACK, lists[UNTIMED:])
            run.compare(work, size, SETTING, run.scale.log_rounds, measures,
                        lambda: [each.execute("VACUUM campaign_assets") for each in (documents, table)])


def call(cursor, sql, lists):
    """Call from a client for each in a list, a list in a transaction; returns the seconds of a list."""
    values = {"tenant": data.tenant_id(TENANT), "campaign": data.campaign_ids(TENANT)[0], "context": CONTEXT}
    text = contestants.statement(sql).format(asset="%(asset)s", **{name: f"%({name})s" for name in values})
    spent = 0
    for assets in lists:
        cursor.execute("BEGIN")
        started = time.perf_counter()
        for asset in assets:
            cursor.execute(text, {"asset": asset, **values})
            cursor.fetchone()
        spent += time.perf_counter() - started
        cursor.execute("ROLLBACK")
    return spent / len(lists)


def lists_of_assets(cursor, size, count):
    """Lists of a tenant's live assets."""
    cursor.execute("SELECT id FROM campaign_assets WHERE tenant_id = %s AND deleted_at IS NULL ORDER BY md5(id) LIMIT %s",
                   (data.tenant_id(TENANT), size * count))
    ids = [row[0] for row in cursor]
    return [[ids[(i * size + j) % len(ids)] for j in range(size)] for i in range(count)]


def literals(lists):
    """The lists as array literals: a loop takes each for one asset."""
    return ["{" + ",".join(assets) + "}" for assets in lists]
