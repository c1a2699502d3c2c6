"""asset_reuse with Django: what every client of this folder does (see README.md)."""

import json
import os
from uuid import UUID

import django
from django.conf import settings
from django.db import DatabaseError, connection, transaction

NOT_FOUND = {"campaign_assets": "asset not found", "campaign_spaces": "campaign not found",
             "campaign_asset_reuse_history": "reuse not found"}

settings.configure(DATABASES={"default": {
    "ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"]}})
django.setup()


def http_error(error):
    """Returns the HTTP status, a message for the client, and a hint for the log.  The
    driver's exception, psycopg2's or psycopg's, is the cause of Django's."""
    diag = error.__cause__.diag
    if diag.sqlstate == "P0002":
        return 404, NOT_FOUND[diag.table_name], None
    if (diag.sqlstate or "").startswith("22"):
        return 400, diag.message_primary, diag.message_hint
    raise error


def call(statement, *arguments):
    """One answer, as a str.  The block is what an error rolls back, also within a request's
    transaction (ATOMIC_REQUESTS)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone()[0]


def track(asset, campaign, key):
    return json.loads(call(
        "SELECT asset_reuse_track(%s, %s, %s, reuse_context => %s::jsonb, reuse_key => %s)::text",
        asset, "acme", campaign, json.dumps({"placement": "story"}), key))


def track_email(asset, letter):
    call("SELECT asset_reuse_track(%s, %s, reused_in_type => 'email', reused_in_id => %s)", asset, "acme", letter)


def history(asset, cursor):
    return call("SELECT asset_reuse_history(%s, %s, page_limit => %s::int, cursor => %s)::text",
                asset, "acme", 2, cursor)


def typed_history(asset, tenant):
    return json.loads(call("SELECT asset_reuse_history(%s::uuid, %s::uuid)::text", asset, tenant))


def analytics(asset_type):
    return call("SELECT asset_reuse_analytics(%s, %s)::text", "acme", asset_type)


def report(function, *arguments):
    try:
        function(*arguments)
    except DatabaseError as error:
        status, message, hint = http_error(error)
        print(status, message)
        if hint:
            print(hint)


def main():
    for attempt in (1, 2):
        answer = track("hero", "summer", "request-1")
        print(f"call {attempt}: {'replayed' if answer['replayed'] else 'stored'}, "
              f"{answer['asset']['reused_count']} reuse, placement {answer['event']['context']['placement']}")
    track_email("hero", "letter-1")
    track_email("hero", "letter-2")

    cursor, page = None, 1
    while True:
        answer = json.loads(history("hero", cursor))
        print(f"page {page}:", ", ".join(event["reused_in_id"] for event in answer["history"]))
        cursor, page = answer["next_cursor"], page + 1
        if cursor is None:
            break

    answer = typed_history(UUID("bbbbbbbb-0000-4000-8000-000000000001"), UUID("aaaaaaaa-0000-4000-8000-000000000001"))
    print(f"uuid: {answer['asset_name']}, {answer['total_reuses']} reuses")

    report(track, "absent", "summer", None)
    report(track, "hero", "absent", None)
    report(analytics, "picture")


main()
