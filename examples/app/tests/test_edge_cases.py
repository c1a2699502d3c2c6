"""Who may do what, what is no request, and a server that cannot answer."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from conftest import Api, Client, token_of

FALL = "fall-campaign-2026"
# Every operation, with what is another tenant's in it.
THEIRS = {
    ("GET", "campaign-assets"): {"params": {"search": "Island"}},
    ("GET", "campaign-assets/globex-0001"): {},
    ("DELETE", "campaign-assets/globex-0001"): {},
    ("GET", "campaign-assets/globex-0001/reuse-history"): {},
    ("GET", "campaign-assets/globex-0001/reuse-places"): {},
    ("POST", "campaign-assets/globex-0001/reuse"): {"json": {"campaign_space_id": FALL}},
    ("DELETE", "campaign-assets/globex-0001/reuse"): {"params": {"event_id": "EVENT"}},
    ("POST", "campaign-assets/bulk-reuse"): {"json": {"asset_ids": ["globex-0001"], "campaign_space_id": FALL}},
    ("POST", "campaign-assets/reuse-import"): {
        "content": b"asset_id,timestamp,reused_in_type\nglobex-0001,2025-01-01,email\n", "params": {"source": "theirs"}},
    ("GET", "campaign-assets/reuse-analytics"): {},
    ("GET", "campaign-assets/reuse-timeline"): {"params": {"bucket": "year"}},
    ("GET", "campaign-assets/reuse-trend"): {"params": {"bucket": "year"}},
    ("GET", "campaign-assets/reuse-insights"): {},
    ("GET", "campaign-assets/reuse-performance"): {"params": {"campaign_space_id": "island-escapes"}},
    ("GET", "campaign-assets/reuse-recommendations"): {"params": {"campaign_space_id": "island-escapes"}},
    ("GET", "campaign-assets/where-used"): {"params": {"campaign_space_id": "island-escapes"}},
    ("GET", "campaign-assets/unused"): {},
    ("GET", "campaign-assets/unused.csv"): {},
    ("GET", "campaign-assets/reuse-events.csv"): {"params": {"asset_id": "globex-0001"}},
    ("GET", "campaign-spaces"): {"params": {"search": "Island"}},
    ("GET", "campaign-spaces/island-escapes"): {},
    ("POST", "campaign-spaces/island-escapes/copy"): {"json": {"from_campaign_space_id": FALL}},
    ("PUT", "campaign-spaces/island-escapes/assets"): {"json": {"asset_ids": ["asset-0001"]}},
    ("GET", "events"): {},
}
NO_TENANT = {("GET", "session"), ("GET", "health")}
EACH = [pytest.param(method, path, arguments, id=f"{method} {path}") for (method, path), arguments in THEIRS.items()]


def state_of_globex(owner):
    return owner.execute("""SELECT sum(reused_count), max(updated_at), sum(hashtext(platform_metadata::text)),
        (SELECT count(*) FROM campaign_asset_reuse_history WHERE tenant_id = 'globex') FROM campaign_assets
        WHERE tenant_id = 'globex'""").fetchone()


class TestEdgeCases:
    def test_every_operation_is_tried(self, api):
        described = httpx.get(api.url + "/openapi.json").json()["paths"]
        there = {(method.upper(), path[len("/api/"):]) for path, methods in described.items() for method in methods}
        tried = {(method, re.sub("globex-0001", "{asset_id}", re.sub("island-escapes", "{campaign_space_id}", path)))
                 for method, path in THEIRS}
        assert tried | NO_TENANT == there

    @pytest.mark.parametrize("method, path, arguments", EACH)
    def test_token_of_another_tenant(self, acme, owner, method, path, arguments):
        before = state_of_globex(owner)
        params = {**arguments.get("params", {}), "tenant_id": "globex"}
        response = acme.send(method, path, **{**arguments, "params": params})
        assert response.status_code == 403 and response.json()["code"] == "other_tenant"
        assert state_of_globex(owner) == before

    # What events sends is looked at in test_integration.py.
    @pytest.mark.parametrize("method, path, arguments", [one for one in EACH if one.values[1] != "events"])
    def test_ids_of_another_tenant(self, acme, owner, method, path, arguments):
        before = state_of_globex(owner)
        if arguments.get("params", {}).get("event_id"):
            event = owner.execute("SELECT event_id FROM asset_reuse_events('globex', 'globex-0001') LIMIT 1").fetchone()[0]
            arguments = {"params": {"event_id": event}}
        response = acme.send(method, path, **arguments)
        assert response.status_code in (200, 400, 404)
        named = re.findall("Island Escapes|globex-[0-9]+", response.text)
        assert named == [], response.text
        assert state_of_globex(owner) == before

    @pytest.mark.parametrize("method, path, arguments", EACH)
    def test_no_token(self, api, method, path, arguments):
        params = {**arguments.get("params", {}), "tenant_id": "acme"}
        response = httpx.request(method, f"{api.url}/api/{path}", **{**arguments, "params": params})
        assert response.status_code == 401 and response.json()["code"] == "unauthorized"

    def test_wrong_tokens(self, acme, monkeypatch):
        text, _, signature = acme.token.rpartition(".")
        forged = [f"globex.{text.split('.')[1]}.{signature}", f"{text}0.{signature}", f"{text}.", f".{signature}", "x",
                  signature, f"{text}.{signature[:-1]}", "\N{POUND SIGN}.1.\N{POUND SIGN}"]
        for token in forged:
            response = acme.send("GET", "session", headers={"Authorization": b"Bearer " + token.encode()})
            assert response.status_code == 401, token
        for header in ("", "Basic YTpi", acme.token):
            assert acme.send("GET", "session", headers={"Authorization": header}).status_code == 401

    def test_expired_token(self, api, acme):
        from api import auth
        text = "acme.1700000000"
        token = f"{text}.{auth.sign(text)}"
        assert acme.send("GET", "session", headers={"Authorization": f"Bearer {token}"}).status_code == 401

    def test_no_secret(self, tmp_path, monkeypatch):
        from api import auth
        (tmp_path / "secret").touch()
        monkeypatch.setenv("APP_SECRET_FILE", str(tmp_path / "secret"))
        with pytest.raises(ValueError):
            auth.issue("acme")

    def test_token_of_a_tenant_that_is_gone(self, acme):
        token = token_of("initech")
        assert acme.send("GET", "session", headers={"Authorization": f"Bearer {token}"}).status_code == 401

    def test_tenant_must_be_given(self, acme):
        response = acme.http.get("campaign-assets/reuse-analytics")
        assert response.status_code == 400 and response.json()["parameter"] == "tenant_id"

    def test_role_owns_nothing(self, owner):
        role = owner.execute("""SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit,
            (SELECT count(*) FROM pg_class WHERE relowner = r.oid), (SELECT count(*) FROM pg_auth_members WHERE member = r.oid),
            has_schema_privilege(r.oid, 'public', 'CREATE'), has_database_privilege(r.oid, current_database(), 'TEMPORARY')
            FROM pg_roles AS r WHERE rolname = 'app_api'""").fetchone()
        assert role == (False, False, False, False, False, False, 0, 0, False, False)

    @pytest.mark.parametrize("table", ["tenants", "campaign_spaces", "campaign_assets", "campaign_asset_reuse_history"])
    @pytest.mark.parametrize("tenant", [None, "", "acme"])
    def test_policies(self, table, tenant):
        with psycopg.connect("user=app_api") as conn:
            if tenant is not None:
                conn.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant,))
            key = "id" if table == "tenants" else "tenant_id"
            seen = {row[0] for row in conn.execute(f"SELECT DISTINCT {key} FROM {table}")}
        assert seen == ({"acme"} if tenant == "acme" else set())

    def test_no_tenant_after_a_transaction(self):
        with psycopg.connect("user=app_api", autocommit=True) as conn:
            with conn.transaction():
                conn.execute("SELECT set_config('app.tenant_id', 'acme', true)")
                assert conn.execute("SELECT count(*) FROM campaign_assets").fetchone()[0] > 0
            assert conn.execute("SELECT count(*) FROM campaign_assets").fetchone()[0] == 0

    def test_policies_of_writes(self, acme):
        with psycopg.connect("user=app_api") as conn:
            conn.execute("SELECT set_config('app.tenant_id', 'acme', true)")
            assert conn.execute("UPDATE campaign_assets SET reused_count = 0 WHERE id LIKE 'globex%'").rowcount == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("""INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at)
                    VALUES ('globex', 'globex-0001', '2025-01-01')""")

    @pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["nul", "surrogate"])
    @pytest.mark.parametrize("name", ["campaign_space_id", "reused_in_name", "reuse_context"])
    def test_characters_that_are_no_text(self, acme, asset, name, text):
        body = {"campaign_space_id": FALL, name: {"note": text} if name == "reuse_context" else text}
        response = acme.send("POST", f"campaign-assets/{asset}/reuse", content=json.dumps(body),
                             headers={"Content-Type": "application/json"})
        assert response.status_code == 400 and response.json()["code"] == "invalid"

    @pytest.mark.parametrize("body", [
        "", "{", "[]", "1", '"x"', "null", '{"campaign_space_id": {}}', '{"campaign_space_id": [1]}',
        '{"campaign_space_id": "fall-campaign-2026", "reuse_context": {"n": NaN}}', "[" * 100000,
        '{"campaign_space_id": "fall-campaign-2026", "reuse_context": ' + '{"a":' * 9000 + "1" + "}" * 9001],
        ids=["empty", "cut", "array", "number", "text", "null", "object", "list", "nan", "deep", "deep-context"])
    def test_body_that_is_none(self, acme, asset, body):
        response = acme.send("POST", f"campaign-assets/{asset}/reuse", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 400, response.text

    @pytest.mark.parametrize("path", ["a%00b", "%ff", "..", "%2e%2e%2fsession", "' OR true --", "a" * 5000, "\N{SNOWMAN}"])
    def test_ids_that_are_none(self, acme, path):
        assert acme.send("GET", f"campaign-assets/{path}/reuse-history").status_code in (400, 404)

    def test_text_comes_back_as_it_went(self, acme, asset):
        text = "\N{SNOWMAN} <b>'\"\\ \u202e \U0001f600 '; DROP TABLE tenants; --"
        event = acme.reuse(asset, reused_in_name=text, reuse_context={text: [text, 1.5, True, None, 2**60]})["event"]
        assert event["reused_in_name"] == text and event["context"][text] == [text, 1.5, True, None, 2**60]

    @pytest.mark.parametrize("announced", [True, False])
    def test_long_body(self, acme, announced):
        body = b" " * (2 << 20)
        response = acme.send("POST", "campaign-assets/bulk-reuse", content=body if announced else iter([body]),
                             headers={"Content-Type": "application/json"})
        assert response.status_code == 413 and response.json()["code"] == "too_large"

    @pytest.mark.parametrize("method, path, status", [("GET", "nothing", 404), ("POST", "session", 405),
                                                      ("PATCH", "campaign-assets/asset-0001", 405)])
    def test_no_such_address(self, acme, method, path, status):
        assert acme(method, path, status)["detail"]

    def test_other_host_names(self, api):
        assert httpx.get(api.url + "/api/health", headers={"Host": "rebound.example"}).status_code == 400

    def test_waiting_for_a_lock_ends(self, acme, asset, owner):
        with owner.transaction():
            owner.execute("SELECT FROM campaign_assets WHERE id = %s FOR UPDATE", (asset,))
            response = acme.send("POST", f"campaign-assets/{asset}/reuse", json={"campaign_space_id": FALL})
        assert response.status_code == 503 and int(response.headers["Retry-After"]) >= 1
        assert response.json()["code"] == "unavailable"

    def test_pool_exhausted(self, asset, owner):
        api = Api(APP_POOL_SIZE="1")
        api.start()
        try:
            client = Client(api.url, "acme")
            with owner.transaction():
                owner.execute("SELECT FROM campaign_assets WHERE id = %s FOR UPDATE", (asset,))
                with ThreadPoolExecutor(8) as threads:
                    waiting = [threads.submit(client.send, "POST", f"campaign-assets/{asset}/reuse",
                                              json={"campaign_space_id": FALL}) for _ in range(8)]
                    assert {one.result().status_code for one in waiting} == {503}
            assert client("GET", "session")["tenant_id"] == "acme"
        finally:
            api.kill()

    def test_errors_tell_nothing_of_the_database(self, api, acme, asset, owner):
        owner.execute("REVOKE UPDATE (reused_count) ON campaign_assets FROM app_api")
        try:
            answer = acme.reuse(asset, status=500)
        finally:
            owner.execute("GRANT UPDATE (reused_count) ON campaign_assets TO app_api")
        assert answer == {"detail": "Internal error", "code": "internal", "parameter": None}
        with open(api.log) as log:
            assert "42501 permission denied for table campaign_assets" in log.read()

    def test_pages_of_no_file(self, api):
        for path in ("/../api/main.py", "/%2e%2e/api/main.py", "/%2e%2e%2fapi%2fmain.py", "//etc/passwd",
                     "/assets/../../../schema.sql", "/%00", "/" + "a" * 5000, "/" + "a/" * 90, "/" + "%F0%9F%98%80" * 150):
            text = httpx.get(api.url + path).text
            assert "<title>pages</title>" in text or "There is no" in text, path

    def test_headers_of_pages(self, api):
        headers = httpx.get(api.url + "/analytics?asset_type=image").headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
