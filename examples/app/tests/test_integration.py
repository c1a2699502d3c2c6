"""All together: the description, live updates, and a load under which database and API are killed."""

import asyncio
import json
import queue
import random
import socket
import threading
import time

import httpx
import jsonschema
import psycopg
import pytest

from conftest import Api, Client, token_of, wait_until

CLIENTS = 64
REQUESTS = 10_000
KEYS = 8_000            # so that some requests are of the same key
LOADED = [f"asset-{n:04}" for n in range(1200, 1240)]


class Stream(threading.Thread):
    """What one tenant's server-sent events say."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.events, self.response = client, queue.Queue(), None
        self.start()

    def run(self):
        try:
            with self.client.http.stream("GET", "events", params={"tenant_id": self.client.tenant}, timeout=60) as response:
                self.response = response
                kind = None
                for line in response.iter_lines():
                    name, _, text = line.strip().partition(": ")
                    if name == "event":
                        kind = text
                    elif name == "data":
                        self.events.put((kind, json.loads(text)))
        except httpx.HTTPError:
            pass

    def next(self, kind, seconds=10):
        while True:
            event, data = self.events.get(timeout=seconds)
            if event == kind:
                return data

    def nothing_until(self, seconds, kind="reused"):
        with pytest.raises(queue.Empty):
            self.next(kind, seconds)


@pytest.fixture(scope="module")
def description(api):
    return httpx.get(api.url + "/openapi.json").json()


def check(description, schema, answer):
    jsonschema.validate(answer, {"$ref": f"#/components/schemas/{schema}", "components": description["components"]})


class TestIntegration:
    def test_description_is_complete(self, api, description):
        text = json.dumps(description)
        names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        assert names <= set(description["components"]["schemas"])
        assert {"Track", "History", "Analytics", "Error", "Asset"} <= names
        for path, methods in description["paths"].items():
            for operation in methods.values():
                assert operation["summary"] and "200" in operation["responses"], path
                assert "HTTPValidationError" not in json.dumps(operation), path
        assert "/swagger/swagger-ui-bundle.js" in httpx.get(api.url + "/docs").text

    def test_no_address_elsewhere(self, api, description):
        assert "http" not in httpx.get(api.url + "/docs").text.replace("http://www.w3.org", "")

    def test_answers_are_as_described(self, acme, asset, description):
        check(description, "Track", acme.reuse(asset, key="described"))
        check(description, "Track", acme.reuse(asset, key="described"))
        check(description, "Track", acme("DELETE", f"campaign-assets/{asset}/reuse", params={"reuse_key": "described"}))
        check(description, "History", acme.history("asset-0001", limit=3))
        check(description, "Analytics", acme.analytics())
        check(description, "Analytics", acme.analytics(start_date="2025-12-01"))
        check(description, "Items", acme("GET", "campaign-assets"))
        check(description, "Bulk", acme("POST", "campaign-assets/bulk-reuse", json={
            "asset_ids": [asset], "campaign_space_id": "fall-campaign-2026"}))
        check(description, "Error", acme.history("absent", 404))
        check(description, "Error", acme.analytics(400, limit=0))

    def test_a_persons_way(self, acme):
        """Finds, reuses, looks, regrets, and looks again."""
        best = acme("GET", "campaign-assets/unused", params={"limit": 1})["items"][0]["asset_id"]
        campaign = acme("GET", "campaign-spaces", params={"search": "Fall Campaign"})["items"][0]["id"]
        before = acme.analytics()["overview"]["total_reuses"]
        event = acme.reuse(best, campaign)["event"]["event_id"]
        assert acme("GET", f"campaign-assets/{best}")["reused_count"] == 1
        assert acme.analytics()["overview"]["total_reuses"] == before + 1
        assert best in [one["asset_id"] for one in acme("GET", "campaign-assets/where-used",
                                                        params={"campaign_space_id": campaign})["items"]]
        acme("DELETE", f"campaign-assets/{best}/reuse", params={"event_id": event})
        assert acme.history(best)["history"] == []
        assert acme.analytics()["overview"]["total_reuses"] == before

    def test_live(self, acme, globex, asset):
        mine, theirs = Stream(acme), Stream(globex)
        mine.next("ready"), theirs.next("ready")
        event = acme.reuse(asset)["event"]
        data = mine.next("reused")
        assert (data["asset_id"], data["event_id"], data["reused_count"]) == (asset, event["event_id"], 1)
        assert data["reused_in_name"] == "Fall Campaign 2026"
        acme("DELETE", f"campaign-assets/{asset}/reuse", params={"event_id": event["event_id"]})
        assert mine.next("undone") == {"asset_id": asset, "event_id": event["event_id"]}
        theirs.nothing_until(3)

    def test_live_deletion(self, acme, asset):
        """Who deletes an asset has not undone what it was reused for."""
        stream = Stream(acme)
        stream.next("ready")
        acme.reuse("asset-1007")
        stream.next("reused")
        acme("DELETE", "campaign-assets/asset-1007")
        acme.reuse(asset)
        assert stream.next("reused")["asset_id"] == asset
        stream.nothing_until(3, "undone")

    def test_live_in_a_row(self, acme, asset):
        """A writer notifies once a second at most; what it writes meanwhile comes a second later."""
        stream = Stream(acme)
        stream.next("ready")
        ids = []
        for _ in range(10):
            ids.append(acme.reuse(asset)["event"]["event_id"])
        assert [stream.next("reused")["event_id"] for _ in ids] == ids

    def test_live_of_others(self, acme, globex, asset, owner):
        """Whatever one tenant's events are like, the others' are told of."""
        mine, theirs = Stream(acme), Stream(globex)
        mine.next("ready"), theirs.next("ready")
        owner.execute("""INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, seq, reused_in_type)
            SELECT 'globex', 'globex-0002', t, 0, 'email' FROM unnest('{20000-01-01, infinity}'::timestamp[]) AS t""")
        event = acme.reuse(asset)["event"]["event_id"]
        assert mine.next("reused")["event_id"] == event
        assert theirs.next("reused")["asset_id"] == "globex-0002"
        owner.execute("DELETE FROM campaign_asset_reuse_history WHERE asset_id = 'globex-0002' AND reused_at > '10000-01-01'")

    def test_live_goes_on_without(self, acme, globex, asset, owner):
        """A tenant whose events cannot be read keeps no other one's from being read."""
        owner.execute("""CREATE FUNCTION unreadable(tenant text) RETURNS boolean LANGUAGE plpgsql AS
            $$BEGIN RAISE EXCEPTION 'of %', tenant; END$$""")
        mine, theirs = Stream(acme), Stream(globex)
        mine.next("ready"), theirs.next("ready")
        globex.reuse("globex-0003", None, reused_in_type="email", reused_in_id="x")
        theirs.next("reused")
        owner.execute("""CREATE POLICY broken ON campaign_assets AS RESTRICTIVE FOR SELECT TO app_api
            USING (CASE WHEN tenant_id = 'globex' THEN unreadable(tenant_id) ELSE true END)""")
        try:
            globex.reuse("globex-0003", None, reused_in_type="email", reused_in_id="x", status=500)
            event = acme.reuse(asset)["event"]["event_id"]
            assert mine.next("reused")["event_id"] == event
        finally:
            owner.execute("DROP POLICY broken ON campaign_assets")
            owner.execute("DROP FUNCTION unreadable")
        acme.reuse(asset)
        assert theirs.next("ready") == {}

    def test_many_at_once(self, acme):
        stream = Stream(acme)
        stream.next("ready")
        acme("POST", "campaign-assets/bulk-reuse", json={
            "asset_ids": [f"asset-{n:04}" for n in range(1050, 1180)], "campaign_space_id": "fall-campaign-2026"})
        assert stream.next("ready") == {}

    def test_live_ends_with_the_token(self, acme):
        from api import auth
        client = Client(str(acme.http.base_url).removesuffix("/api/"), "acme")
        text = f"acme.{int(time.time()) + 4}"
        client.http.headers["Authorization"] = f"Bearer {text}.{auth.sign(text)}"
        stream = Stream(client)
        stream.next("ready")
        stream.join(25)
        assert not stream.is_alive()

    def test_database_away(self, acme, database, asset):
        """It says so, and goes on when the database is there again, the live stream too."""
        stream = Stream(acme)
        stream.next("ready")
        database.kill()
        response = acme.send("POST", f"campaign-assets/{asset}/reuse", json={"campaign_space_id": "fall-campaign-2026"})
        assert response.status_code == 503 and response.json()["code"] == "unavailable"
        assert acme.send("GET", "campaign-assets").status_code == 503
        assert acme.send("GET", "health").status_code == 503
        database.start()
        wait_until(lambda: acme.send("GET", "health").status_code == 200, 15)
        stream.next("ready", 15)
        event = None

        def reused():
            nonlocal event
            response = acme.send("POST", f"campaign-assets/{asset}/reuse", "after",
                                 json={"campaign_space_id": "fall-campaign-2026"})
            event = response.status_code == 200 and response.json()["event"]["event_id"]
            return event
        wait_until(reused, 15)
        assert stream.next("reused")["event_id"] == event

    def test_slow_downloads(self, api, acme, globex, asset):
        """Clients that do not read keep nobody from importing and exporting."""
        for _ in range(8):
            acme.reuse(asset, None, reused_in_type="email", reused_in_id="x", reuse_context={"note": "x" * 900_000})
        slow = [socket.create_connection(("127.0.0.1", api.port)) for _ in range(4)]
        for client in slow:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(f"GET /api/campaign-assets/reuse-events.csv?tenant_id=acme HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                           f"Authorization: Bearer {acme.token}\r\n\r\n".encode())
            assert client.recv(12) == b"HTTP/1.1 200"
        assert globex.send("GET", "campaign-assets/unused.csv").status_code == 200
        globex("POST", "campaign-assets/reuse-import", params={"source": "none", "dry_run": True}, content="asset_id,timestamp\n")
        for client in slow:
            client.close()

    def test_ends_at_once(self):
        """A client that listens does not keep the API from stopping for long."""
        api = Api()
        api.start()
        stream = Stream(Client(api.url, "acme"))
        stream.next("ready")
        api.process.terminate()
        time.sleep(1)
        api.process.send_signal(2)
        assert api.process.wait(10) is not None

    def test_load_with_kills(self, database):
        """Each request is repeated with its key until it succeeds; each key counts once."""
        api = Api()
        api.start()
        keys = [f"load-{n}" for n in range(KEYS)]
        keys += random.Random(17).sample(keys, REQUESTS - KEYS)
        random.Random(4711).shuffle(keys)
        asset_of = {key: LOADED[int(key[5:]) % len(LOADED)] for key in keys}
        token = token_of("acme")
        todo, done, statuses = iter(keys), [], {}

        async def send(http, key):
            while True:
                try:
                    response = await http.post(
                        f"/api/campaign-assets/{asset_of[key]}/reuse?tenant_id=acme", headers={"Idempotency-Key": key},
                        json={"campaign_space_id": "fall-campaign-2026", "reuse_context": {"key": key}})
                    status = response.status_code
                except httpx.TransportError:
                    status = 0
                statuses[status] = statuses.get(status, 0) + 1
                if status == 200:
                    return
                assert status in (0, 503), response.text
                await asyncio.sleep(0.3)

        async def client(http):
            for key in todo:
                await send(http, key)
                done.append(key)

        async def disturb():
            for share, act in ((0.25, database_dies), (0.5, api_dies), (0.75, database_dies)):
                while len(done) < share * REQUESTS:
                    await asyncio.sleep(0.05)
                await asyncio.to_thread(act)

        def database_dies():
            database.kill()
            database.start()

        def api_dies():
            api.kill()
            api.start()

        async def load():
            limits = httpx.Limits(max_connections=CLIENTS)
            async with httpx.AsyncClient(base_url=api.url, timeout=30, limits=limits,
                                         headers={"Authorization": f"Bearer {token}"}) as http:
                await asyncio.gather(disturb(), *(client(http) for _ in range(CLIENTS)))

        begin = time.monotonic()
        asyncio.run(load())
        seconds = time.monotonic() - begin
        api.kill()
        print(f"{REQUESTS} requests of {CLIENTS} clients in {seconds:.0f} s; answers: {statuses}")

        conn = psycopg.connect("user=postgres", autocommit=True)
        counts = dict(conn.execute("SELECT id, reused_count FROM campaign_assets WHERE id = ANY (%s)", (LOADED,)).fetchall())
        expected = {asset: sum(asset_of[key] == asset for key in set(keys)) for asset in LOADED}
        assert counts == expected and sum(counts.values()) == KEYS
        stored = conn.execute("""SELECT count(*), count(DISTINCT reuse_key) FROM campaign_asset_reuse_history
            WHERE asset_id = ANY (%s)""", (LOADED,)).fetchone()
        assert stored == (KEYS, KEYS)
        assert conn.execute("SELECT * FROM asset_reuse_verify('acme') WHERE asset_id = ANY (%s)", (LOADED,)).fetchall() == []
        assert statuses[200] == REQUESTS and len(statuses) > 1
