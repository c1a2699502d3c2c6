"""asset_reuse with SQLAlchemy's asyncio over asyncpg: what every client of this folder does (see README.md)."""

import asyncio
import json
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

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
    """Returns the HTTP status, a message for the client, and a hint for the log.  SQLAlchemy's
    adapter has the SQLSTATE only; asyncpg's own exception, the adapter's cause, has all fields."""
    driver_error = error.orig.__cause__
    if driver_error.sqlstate == "P0002":
        return 404, NOT_FOUND[driver_error.table_name], None
    if driver_error.sqlstate.startswith("22"):
        return 400, driver_error.message, driver_error.hint
    raise error


async def call(engine, statement, **arguments):
    """One transaction, one answer."""
    async with engine.begin() as conn:
        return (await conn.execute(statement, arguments)).scalar_one()


async def track(engine, asset, campaign, key):
    return await call(engine, TRACK, asset=asset, tenant="acme", campaign=campaign,
                      context={"placement": "story"}, key=key)


async def report(function, *arguments, **named):
    try:
        await function(*arguments, **named)
    except DBAPIError as error:
        status, message, hint = http_error(error)
        print(status, message)
        if hint:
            print(hint)


async def main():
    engine = create_async_engine("postgresql+asyncpg://")
    for attempt in (1, 2):
        answer = await track(engine, "hero", "summer", "request-1")
        print(f"call {attempt}: {'replayed' if answer['replayed'] else 'stored'}, "
              f"{answer['asset']['reused_count']} reuse, placement {answer['event']['context']['placement']}")
    await call(engine, TRACK_EMAIL, asset="hero", tenant="acme", letter="letter-1")
    await call(engine, TRACK_EMAIL, asset="hero", tenant="acme", letter="letter-2")

    cursor, page = None, 1
    while True:
        answer = json.loads(await call(engine, HISTORY, asset="hero", tenant="acme", page_limit=2, cursor=cursor))
        print(f"page {page}:", ", ".join(event["reused_in_id"] for event in answer["history"]))
        cursor, page = answer["next_cursor"], page + 1
        if cursor is None:
            break

    answer = await call(engine, TYPED_HISTORY, asset=UUID("bbbbbbbb-0000-4000-8000-000000000001"),
                        tenant=UUID("aaaaaaaa-0000-4000-8000-000000000001"))
    print(f"uuid: {answer['asset_name']}, {answer['total_reuses']} reuses")

    await report(track, engine, "absent", "summer", None)
    await report(track, engine, "hero", "absent", None)
    await report(call, engine, ANALYTICS, tenant="acme", asset_type="picture")
    await engine.dispose()


asyncio.run(main())
