"""asset_reuse with psycopg 3: what every client of this folder does (see README.md)."""

import json
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

NOT_FOUND = {"campaign_assets": "asset not found", "campaign_spaces": "campaign not found",
             "campaign_asset_reuse_history": "reuse not found"}


def http_error(error):
    """Returns the HTTP status, a message for the client, and a hint for the log."""
    if error.sqlstate == "P0002":
        return 404, NOT_FOUND[error.diag.table_name], None
    if error.sqlstate == "23505" and error.diag.column_name == "reuse_key":
        return 422, error.diag.message_primary, None
    if error.sqlstate == "23514":
        return 409, "the asset cannot be reused", None
    if error.sqlstate in ("40001", "40P01"):
        return 503, "try again", None
    if (error.sqlstate or "").startswith("22"):
        return 400, error.diag.message_primary, error.diag.message_hint
    raise error


@contextmanager
def tenant(conn, tenant_id):
    """One transaction, in which policies that read app.tenant let one tenant's rows be seen."""
    with conn.transaction():
        conn.execute("SELECT set_config('app.tenant', %s, true)", (tenant_id,))
        yield conn


def track(conn, asset, campaign, key):
    """The context goes in as Jsonb; the answer comes out as a dict."""
    return conn.execute(
        "SELECT asset_reuse_track(%s, %s, %s, reuse_context => %s, reuse_key => %s)",
        (asset, "acme", campaign, Jsonb({"placement": "story"}), key),
    ).fetchone()[0]


def track_email(conn, asset, letter):
    conn.execute(
        "SELECT asset_reuse_track(%s, %s, reused_in_type => 'email', reused_in_id => %s)",
        (asset, "acme", letter),
    )


def history(conn, asset, cursor):
    """With ::text the answer is a str, which an API can send as it is."""
    return conn.execute(
        "SELECT asset_reuse_history(%s, %s, page_limit => %s::int, cursor => %s)::text",
        (asset, "acme", 2, cursor),
    ).fetchone()[0]


def typed_history(conn, asset, tenant):
    return conn.execute("SELECT asset_reuse_history(%s, %s)", (asset, tenant)).fetchone()[0]


def analytics(conn, asset_type):
    return conn.execute("SELECT asset_reuse_analytics(%s, %s)::text", ("acme", asset_type)).fetchone()[0]


def report(function, *arguments):
    try:
        function(*arguments)
    except psycopg.Error as error:
        status, message, hint = http_error(error)
        print(status, message)
        if hint:
            print(hint)


def main():
    with psycopg.connect(autocommit=True) as conn:
        for call in (1, 2):
            answer = track(conn, "hero", "summer", "request-1")
            print(f"call {call}: {'replayed' if answer['replayed'] else 'stored'}, "
                  f"{answer['asset']['reused_count']} reuse, placement {answer['event']['context']['placement']}")
        track_email(conn, "hero", "letter-1")
        track_email(conn, "hero", "letter-2")

        cursor, page = None, 1
        while True:
            answer = json.loads(history(conn, "hero", cursor))
            print(f"page {page}:", ", ".join(event["reused_in_id"] for event in answer["history"]))
            cursor, page = answer["next_cursor"], page + 1
            if cursor is None:
                break

        answer = typed_history(conn, UUID("bbbbbbbb-0000-4000-8000-000000000001"),
                               UUID("aaaaaaaa-0000-4000-8000-000000000001"))
        print(f"uuid: {answer['asset_name']}, {answer['total_reuses']} reuses")

        report(track, conn, "absent", "summer", None)
        report(track, conn, "hero", "absent", None)
        report(analytics, conn, "picture")
        with tenant(conn, "acme"):
            track(conn, "hero", "summer", "request-2")
        report(track, conn, "hero", "autumn", "request-2")


main()
