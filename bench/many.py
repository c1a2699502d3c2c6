"""Measures tracking many assets in one call, with their events in the documents and in the history table.

A call is rolled back, so that all rounds meet the same rows.
"""

import contestants
import data
import loops
from history_table import SETTING, TENANT

SIZES = (40, 1_000)         # assets of a call
CALLS = (20, 4)             # in a round, for each of SIZES
UNTIMED = 6                 # that many make a plan generic

INTO_TABLE = "track_many into the table"
INTO_DOCUMENTS = "track_many into the documents"


def measure(run, client_of):
    """Measure it in the two databases of history_table.py."""
    documents, table = (client_of(run.server, name).cursor for name in ("documents", "migrated"))
    for size, calls in zip(SIZES, CALLS):
        for work, texts in ((INTO_TABLE, contestants.track_many_into_table()),
                            (INTO_DOCUMENTS, contestants.track_many_into_documents())):
            measures = {}
            for number, (name, (sql, in_table)) in enumerate(texts.items()):
                cursor = table if in_table else documents
                loop = loops.create(cursor, loops.WRITING_LOOP, f"many_{size}_{work[-5:]}_{number}", sql, ending="ROLLBACK")
                measures["server", name] = lambda cursor=cursor, loop=loop, calls=calls, size=size: write(
                    cursor, loop, lists_of_assets(cursor, size, UNTIMED + calls))
            run.compare(work, size, SETTING, run.scale.log_rounds, measures,
                        lambda: [cursor.execute("VACUUM campaign_assets") for cursor in (documents, table)])


def write(cursor, loop, lists):
    return loops.write(cursor, loop, data.tenant_id(TENANT), lists, UNTIMED, data.campaign_ids(TENANT),
                       '{"placement": "feed", "variant": 3}')


def lists_of_assets(cursor, size, count):
    """As many lists of a tenant's live assets, as array literals: a loop takes each for one asset."""
    cursor.execute("SELECT id FROM campaign_assets WHERE tenant_id = %s AND deleted_at IS NULL ORDER BY md5(id) LIMIT %s",
                   (data.tenant_id(TENANT), size * count))
    ids = [row[0] for row in cursor]
    return ["{" + ",".join(ids[(i * size + j) % len(ids)] for j in range(size)) + "}" for i in range(count)]
