"""An asset's timeline and places."""

import pytest


class TestHistory:
    def test_newest_first(self, acme, asset):
        for campaign in ("fall-campaign-2026", "summer-sale-2026"):
            acme.reuse(asset, campaign)
        page = acme.history(asset)
        assert [one["reused_in_id"] for one in page["history"]] == ["summer-sale-2026", "fall-campaign-2026"]
        assert (page["limit"], page["offset"], page["total"], page["total_reuses"]) == (50, 0, 2, 2)
        assert page["history"][0]["campaign_space"] == {
            "id": "summer-sale-2026", "campaign_name": "Summer Sale 2026", "platform": "pinterest", "is_active": True}

    def test_never_reused(self, acme, asset):
        page = acme.history(asset)
        assert page["history"] == [] and page["next_cursor"] is None and page["last_reused_at"] is None

    def test_asset_not_found(self, acme):
        assert acme.history("absent", 404)["detail"] == "Campaign asset not found"

    def test_deleted_campaign_keeps_its_name(self, acme):
        events = [one for one in acme.history("asset-0001")["history"] if one["campaign_space"] is None
                  and one["reused_in_type"] == "campaign_space"]
        assert events and all(one["reused_in_name"] for one in events)

    def test_pages_by_offset(self, acme):
        whole = acme.history("asset-0001")["history"]
        parts = [acme.history("asset-0001", limit=4, offset=n)["history"] for n in range(0, 20, 4)]
        assert sum(parts, []) == whole

    def test_pages_by_cursor(self, acme):
        whole, parts, cursor = acme.history("asset-0001")["history"], [], {}
        while True:
            page = acme.history("asset-0001", limit=4, **cursor)
            parts += page["history"]
            assert page["has_more"] == (page["next_cursor"] is not None)
            if not page["has_more"]:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert parts == whole

    def test_cursor_does_not_shift(self, acme, asset):
        for _ in range(4):
            acme.reuse(asset)
        first = acme.history(asset, limit=2)
        acme.reuse(asset)
        second = acme.history(asset, limit=2, cursor=first["next_cursor"])
        ids = [one["event_id"] for one in first["history"] + second["history"]]
        assert len(set(ids)) == 4

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1e3", "99999999999999999999", ""])
    def test_wrong_limit(self, acme, limit):
        answer = acme.history("asset-0001", 400, limit=limit)
        assert answer["parameter"] == "limit" and "page_limit" not in answer["detail"]

    @pytest.mark.parametrize("limit", [1, 100])
    def test_limits(self, acme, limit):
        assert acme.history("asset-0001", limit=limit)["limit"] == limit

    @pytest.mark.parametrize("offset", ["-1", "x", "99999999999"])
    def test_wrong_offset(self, acme, offset):
        assert acme.history("asset-0001", 400, offset=offset)["parameter"] == "offset"

    def test_offset_past_the_end(self, acme):
        assert acme.history("asset-0001", offset=1000)["history"] == []

    @pytest.mark.parametrize("cursor", ["", "nonsense", "1-0; DROP TABLE tenants", "\N{SNOWMAN}"])
    def test_wrong_cursor(self, acme, cursor):
        assert acme.history("asset-0001", 400, cursor=cursor)["parameter"] == "cursor"

    def test_cursor_and_offset(self, acme):
        cursor = acme.history("asset-0001", limit=1)["next_cursor"]
        answer = acme.history("asset-0001", 400, cursor=cursor, offset=1)
        assert "page_offset" not in answer["detail"]

    def test_places(self, acme, asset):
        acme.reuse(asset)
        acme("POST", f"campaign-assets/{asset}/reuse", json={"reused_in_type": "email", "reused_in_id": "letter"})
        places = acme("GET", f"campaign-assets/{asset}/reuse-places")["items"]
        assert [(one["reused_in_id"], one["is_live"]) for one in places] == [("letter", None), ("fall-campaign-2026", True)]
        acme("GET", "campaign-assets/absent/reuse-places", 404)

    def test_etag(self, acme, asset):
        path = f"campaign-assets/{asset}/reuse-history"
        etag = acme.send("GET", path).headers["ETag"]
        same = acme.send("GET", path, headers={"If-None-Match": etag})
        assert same.status_code == 304 and same.content == b""
        acme.reuse(asset)
        other = acme.send("GET", path, headers={"If-None-Match": etag})
        assert other.status_code == 200 and other.headers["ETag"] != etag
