"""asset_reuse with asyncpg: what every client of this folder does (see README.md)."""

import asyncio
import json
from uuid import UUID

import asyncpg

NOT_FOUND = {"campaign_assets": "asset not found", "campaign_spaces": "campaign not found",
             "campaign_asset_reuse_history": "reuse not found"}


def http_error(error):
    """Returns the HTTP status, a message for the client, and a hint for the log."""
    if error.sqlstate == "P0002":
        return 404, NOT_FOUND[error.table_name], None
    if error.sqlstate.startswith("22"):
        return 400, error.message, error.hint
    raise error


async def track(conn, asset, campaign, key):
    """asyncpg takes jsonb as a str, and gives it as one."""
    return json.loads(await conn.fetchval(
        "SELECT asset_reuse_track($1, $2, $3, reuse_context => $4, reuse_key => $5)",
        asset, "acme", campaign, json.dumps({"placement": "story"}), key))


async def track_email(conn, asset, letter):
    await conn.execute(
        "SELECT asset_reuse_track($1, $2, reused_in_type => 'email', reused_in_id => $3)",
        asset, "acme", letter)


async def history(conn, asset, cursor):
    return await conn.fetchval(
        "SELECT asset_reuse_history($1, $2, page_limit => $3, cursor => $4)::text",
        asset, "acme", 2, cursor)


async def typed_history(conn, asset, tenant):
    """Without ::uuid the server describes the parameters as text, and asyncpg refuses a UUID."""
    return json.loads(await conn.fetchval(
        "SELECT asset_reuse_history($1::uuid, $2::uuid)", asset, tenant))


async def analytics(conn, asset_type):
    return await conn.fetchval("SELECT asset_reuse_analytics($1, $2)::text", "acme", asset_type)


async def report(function, *arguments):
    try:
        await function(*arguments)
    except asyncpg.PostgresError as error:
        status, message, hint = http_error(error)
        print(status, message)
        if hint:
            print(hint)


async def main():
    conn = await asyncpg.connect()
    for call in (1, 2):
        answer = await track(conn, "hero", "summer", "request-1")
        print(f"call {call}: {'replayed' if answer['replayed'] else 'stored'}, "
              f"{answer['asset']['reused_count']} reuse, placement {answer['event']['context']['placement']}")
    await track_email(conn, "hero", "letter-1")
    await track_email(conn, "hero", "letter-2")

    cursor, page = None, 1
    while True:
        answer = json.loads(await history(conn, "hero", cursor))
        print(f"page {page}:", ", ".join(event["reused_in_id"] for event in answer["history"]))
        cursor, page = answer["next_cursor"], page + 1
        if cursor is None:
            break

    answer = await typed_history(conn, UUID("bbbbbbbb-0000-4000-8000-000000000001"),
                                 UUID("aaaaaaaa-0000-4000-8000-000000000001"))
    print(f"uuid: {answer['asset_name']}, {answer['total_reuses']} reuses")

    await report(track, conn, "absent", "summer", None)
    await report(track, conn, "hero", "absent", None)
    await report(analytics, conn, "picture")
    await conn.close()


asyncio.run(main())
