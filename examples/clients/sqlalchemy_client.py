"""asset_reuse with SQLAlchemy over psycopg2: what every client of this folder does (see README.md)."""

import json
from uuid import UUID

from sqlalchemy import bindparam, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

NOT_FOUND = {"campaign_assets": "asset not found", "campaign_spaces": "campaign not found",
             "campaign_asset_reuse_history": "reuse not found"}

# The type JSONB passes a dict as jsonb.
TRACK = text("SELECT asset_reuse_track(:asset, :tenant, :campaign, reuse_context => :context, reuse_key => :key)"
             ).bindparams(bindparam("context", type_=JSONB))
TRACK_EMAIL = text("SELECT asset_reuse_track(:asset, :tenant, reused_in_type => 'email', reused_in_id => :letter)")
# In text(), :page_limit::int would be no parameter.
HISTORY = text("SELECT asset_reuse_history(:asset, :tenant, CAST(:page_limit AS int), cursor => :cursor)::text")
TYPED_HISTORY = text("SELECT asset_reuse_history(CAST(:asset AS uuid), CAST(:tenant AS uuid))")
ANALYTICS = text("SELECT asset_reuse_analytics(:tenant, :asset_type)::text")


def http_error(error):
    """Returns the HTTP status, a message for the client, and a hint for the log."""
    driver_error = error.orig
    if driver_error.pgcode == "P0002":
        return 404, NOT_FOUND[driver_error.diag.table_name], None
    if (driver_error.pgcode or "").startswith("22"):
        return 400, driver_error.diag.message_primary, driver_error.diag.message_hint
    raise error


def call(engine, statement, **arguments):
    """One transaction, one answer."""
    with engine.begin() as conn:
        return conn.execute(statement, arguments).scalar_one()


def track(engine, asset, campaign, key):
    return call(engine, TRACK, asset=asset, tenant="acme", campaign=campaign,
                context={"placement": "story"}, key=key)


def report(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except DBAPIError as error:
        status, message, hint = http_error(error)
        print(status, message)
        if hint:
            print(hint)


def main():
    engine = create_engine("postgresql+psycopg2://", future=True)
    for attempt in (1, 2):
        answer = track(engine, "hero", "summer", "request-1")
        print(f"call {attempt}: {'replayed' if answer['replayed'] else 'stored'}, "
              f"{answer['asset']['reused_count']} reuse, placement {answer['event']['context']['placement']}")
    call(engine, TRACK_EMAIL, asset="hero", tenant="acme", letter="letter-1")
    call(engine, TRACK_EMAIL, asset="hero", tenant="acme", letter="letter-2")

    cursor, page = None, 1
    while True:
        answer = json.loads(call(engine, HISTORY, asset="hero", tenant="acme", page_limit=2, cursor=cursor))
        print(f"page {page}:", ", ".join(event["reused_in_id"] for event in answer["history"]))
        cursor, page = answer["next_cursor"], page + 1
        if cursor is None:
            break

    answer = call(engine, TYPED_HISTORY, asset=UUID("bbbbbbbb-0000-4000-8000-000000000001"),
                  tenant=UUID("aaaaaaaa-0000-4000-8000-000000000001"))
    print(f"uuid: {answer['asset_name']}, {answer['total_reuses']} reuses")

    report(track, engine, "absent", "summer", None)
    report(track, engine, "hero", "absent", None)
    report(call, engine, ANALYTICS, tenant="acme", asset_type="picture")


main()
