"""Server-sent events: the history table's notifications wake the gateway, which then reads what is new.

A notification has no payload, since every role could hear it.  So each connected tenant's events of the
last minute are read under its policies, and compared with those that were there before.
"""

import asyncio
import json
import logging
import time
import weakref

import psycopg
from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from . import db
from .auth import Login, caller

router = APIRouter(prefix="/api")
log = logging.getLogger("uvicorn.error")

PING = 15           # seconds
AGAIN = 1           # a writer notifies once a second at most, so its last events are found by a second look
ANYWAY = 60         # a notification can be lost
MANY = 100          # news that wait for a client; to read everything anew is less work then
READY = "event: ready\ndata: {}\n\n"

# Longer than any transaction takes from an event's time to its commit.
SINCE = "SELECT extract(epoch FROM now() - interval '1 minute')::float8"
# Times are numbers, as Python has no years beyond 9999.
RECENT = """
    SELECT e.asset_id, e.event_id, extract(epoch FROM e.reused_at)::float8,
        json_build_object('asset_id', e.asset_id, 'asset_name', a.asset_name, 'asset_type', a.asset_type,
            'reused_count', a.reused_count, 'event_id', e.event_id, 'reused_at', e.reused_at,
            'reused_in_type', e.reused_in_type, 'reused_in_id', e.reused_in_id, 'reused_in_name', e.reused_in_name,
            'campaign_space_id', e.campaign_space_id)::text
    FROM asset_reuse_events(%s, start_date => to_timestamp(%s)) AS e JOIN campaign_assets AS a ON a.id = e.asset_id
    ORDER BY e.reused_at"""
LIVE = "SELECT id FROM campaign_assets WHERE tenant_id = %s AND deleted_at IS NULL AND id = ANY (%s)"


class Gateway:
    def __init__(self):
        self.clients = {}       # the queues of each tenant's clients, gone with the streams that have them
        self.seen = {}          # each tenant's events of the last minute: (asset, event) -> time
        self.reading = asyncio.Lock()
        self.woken = asyncio.Event()

    async def join(self, tenant):
        """Returns the queue of a new client, who is told what is new from now on."""
        queue = asyncio.Queue()
        self.clients.setdefault(tenant, weakref.WeakSet()).add(queue)
        if tenant not in self.seen:
            self.send(tenant, await self.read(tenant) or [])
        return queue

    def send(self, tenant, messages):
        for queue in self.clients[tenant]:
            too_many = queue.qsize() + len(messages) > MANY
            while too_many and not queue.empty():
                queue.get_nowait()
            for message in [READY] if too_many else messages:
                queue.put_nowait(message)

    async def read(self, tenant):
        """Returns what is new since the last time, or None for the first time."""
        async with self.reading:
            async with db.transaction(tenant) as conn:
                since = (await (await conn.execute(SINCE)).fetchone())[0]
                events = await (await conn.execute(RECENT, (tenant, since))).fetchall()
                before = self.seen.get(tenant)
                now = {(asset, event): at for asset, event, at, _ in events}
                gone = [one for one, at in (before or {}).items() if at >= since and one not in now]
                # an asset that was deleted took its events with it: nobody has undone them
                live = {row[0] for row in await (await conn.execute(LIVE, (tenant, [asset for asset, _ in gone]))).fetchall()} if gone else ()
            self.seen[tenant] = now
        if before is None:
            return None
        new = [f"event: reused\ndata: {text}\n\n" for asset, event, _, text in events if (asset, event) not in before]
        undone = [f"event: undone\ndata: {json.dumps({'asset_id': asset, 'event_id': event})}\n\n"
                  for asset, event in gone if asset in live]
        return new + undone

    async def read_all(self):
        for tenant in list(self.clients):
            if not self.clients[tenant]:
                del self.clients[tenant]
                self.seen.pop(tenant, None)
                continue
            try:
                news = await self.read(tenant)
            except psycopg.Error as error:
                # One tenant's, who does not keep the others from being read; next time is a first time.
                log.warning("the gateway could not read: %s", type(error).__name__)
                self.seen.pop(tenant, None)
            else:
                self.send(tenant, [READY] if news is None else news)

    async def listen(self):
        """Hears the notifications; after the connection was lost, what was missed is unknown."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(db.CONNECTION, autocommit=True) as conn:
                    await conn.execute("LISTEN asset_reuse")
                    await db.drop_lost()
                    self.seen.clear()
                    self.woken.set()
                    async for _ in conn.notifies():
                        self.woken.set()
            except psycopg.Error as error:
                log.warning("the gateway lost the database: %s", type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def look(self):
        while True:
            try:
                await asyncio.wait_for(self.woken.wait(), ANYWAY)
            except asyncio.TimeoutError:
                pass
            self.woken.clear()
            await self.read_all()
            await asyncio.sleep(AGAIN)
            await self.read_all()


async def messages(queue, expires):
    yield READY
    while time.time() < expires:
        try:
            yield await asyncio.wait_for(queue.get(), PING)
        except asyncio.TimeoutError:
            yield ": ping\n\n"


gateway = Gateway()


@router.get("/events", summary="What is reused, as it happens: server-sent events",
            responses={200: {"content": {"text/event-stream": {}}, "description": "ready, reused, undone"}})
async def events(who: Login = Depends(caller)):
    queue = await gateway.join(who.tenant_id)
    return StreamingResponse(messages(queue, who.expires), media_type="text/event-stream",
                             headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
