"""The database: pools of connections, and a transaction for one tenant."""

import hashlib
import os
from contextlib import asynccontextmanager

from fastapi import Response
from psycopg_pool import AsyncConnectionPool

# Libpq's own variables say where the server is: PGHOST, PGPORT, PGDATABASE.
CONNECTION = "user=app_api application_name=asset_reuse_app connect_timeout=5"
PATIENCE = 3        # seconds to wait for a connection, before 503


def make_pool(size):
    # A lost server is looked for anew by the next request, not after ever longer waits.
    return AsyncConnectionPool(CONNECTION, min_size=1, max_size=size, timeout=PATIENCE, max_waiting=500,
                               reconnect_timeout=PATIENCE, kwargs={"autocommit": True}, open=False)


pool = make_pool(int(os.environ.get("APP_POOL_SIZE", "10")))
# For what takes long, so that it keeps no click waiting.
slow_pool = make_pool(3)


async def drop_lost():
    """Takes connections that were lost out of the pools, before requests find that out."""
    await pool.check()
    await slow_pool.check()


@asynccontextmanager
async def transaction(tenant_id, pool=pool):
    """One transaction, in which the policies let one tenant's rows be seen."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant_id,))
        if pool is slow_pool:
            await conn.execute("SET LOCAL statement_timeout = '60s'")
        yield conn


async def fetch(tenant_id, statement, arguments):
    """Returns the one text that a statement answers with, or None."""
    async with transaction(tenant_id) as conn:
        cursor = await conn.execute(statement, arguments)
        row = await cursor.fetchone()
    return row and row[0]


def as_json(request, text):
    """Passes JSON on as it is; what a client has already is not sent again."""
    headers = {"Cache-Control": "no-store"}
    if request.method == "GET":
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        headers = {"Cache-Control": "private, no-cache", "ETag": etag, "Vary": "Authorization"}
        if etag in request.headers.get("If-None-Match", ""):
            return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)
