"""A tenant as a whole: analytics, the timeline, insights, what to reuse next, and the lists."""

import csv

import pytest

WRONG_TIMES = ["yesterday", "2026-13-01", "2026-02-30", "1700000000", "now", "0000-01-01", "2026-01-01T25:00", ""]


def pages(client, path, **params):
    items, cursor = [], {}
    while True:
        page = client("GET", path, params={**params, **cursor})
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


class TestAnalytics:
    def test_published_figures(self, globex):
        answer = globex.analytics()
        assert answer["overview"] == {"total_assets": 60, "assets_with_reuses": 60, "total_reuses": 1200,
                                      "avg_reuses_per_asset": 20, "reuse_rate_percentage": 100}
        assert answer["filters"] == {"asset_type": None, "start_date": None, "end_date": None}
        assert set(answer["by_asset_type"]) == {"image", "video", "headline"}
        assert len(answer["top_reused_assets"]) == 10

    def test_dates(self, acme):
        answer = acme.analytics(asset_type="image", start_date="2026-01-01", end_date="2026-02-01T00:00:00Z", limit=1)
        assert answer["filters"] == {"asset_type": "image", "start_date": "2026-01-01T00:00:00Z",
                                     "end_date": "2026-02-01T00:00:00Z"}
        assert answer["overview"]["total_reuses"] == 58
        assert answer["top_reused_assets"][0]["reuses_in_range"] == 2

    def test_end_is_not_in_the_range(self, acme):
        whole = acme.analytics(start_date="2025-10-01", end_date="2025-12-01")["overview"]["total_reuses"]
        parts = [acme.analytics(start_date=start, end_date=end)["overview"]["total_reuses"]
                 for start, end in (("2025-10-01", "2025-11-01"), ("2025-11-01", "2025-12-01"))]
        assert sum(parts) == whole > 0

    def test_offset_of_a_date(self, acme):
        answer = acme.analytics(start_date="2026-01-01T01:00:00+01:00")
        assert answer["filters"]["start_date"] == "2026-01-01T00:00:00Z"

    @pytest.mark.parametrize("limit", [1, 50])
    def test_limits(self, acme, limit):
        assert len(acme.analytics(limit=limit)["top_reused_assets"]) == limit

    @pytest.mark.parametrize("limit", ["0", "51", "x", "-5"])
    def test_wrong_limit(self, acme, limit):
        answer = acme.analytics(400, limit=limit)
        assert answer["parameter"] == "limit" and "top_limit" not in answer["detail"]

    @pytest.mark.parametrize("kind", ["picture", "IMAGE", "", "image'--"])
    def test_wrong_type(self, acme, kind):
        answer = acme.analytics(400, asset_type=kind)
        assert answer["parameter"] == "asset_type" and answer["code"] == "invalid"

    @pytest.mark.parametrize("time", WRONG_TIMES)
    @pytest.mark.parametrize("name", ["start_date", "end_date"])
    def test_wrong_date(self, acme, name, time):
        assert acme.analytics(400, **{name: time})["parameter"] == name

    def test_dates_in_the_wrong_order(self, acme):
        answer = acme.analytics(400, start_date="2026-02-01", end_date="2026-01-01")
        assert answer["detail"] == "start_date must not be after end_date"

    def test_timeline(self, acme):
        items = acme("GET", "campaign-assets/reuse-timeline", params={
            "bucket": "month", "start_date": "2025-08-01", "end_date": "2026-02-01"})["items"]
        assert [one["reuses"] for one in items] == [163, 150, 152, 157, 156, 98]

    @pytest.mark.parametrize("name, value", [("bucket", "decade"), ("time_zone", "Mars/Base"), ("asset_type", "picture")])
    def test_wrong_timeline(self, acme, name, value):
        assert acme("GET", "campaign-assets/reuse-timeline", 400, params={name: value})["parameter"] == name

    def test_trend(self, acme):
        items = acme("GET", "campaign-assets/reuse-trend", params={"start_date": "2025-08-01", "end_date": "2025-09-01"})["items"]
        assert items[0]["total_assets"] >= 1500

    def test_insights(self, acme):
        answer = acme("GET", "campaign-assets/reuse-insights")
        assert "than comparable assets" in answer["ctr"]["sentence"] and answer["caution"]
        assert acme("GET", "campaign-assets/reuse-insights", 400, params={"confidence": 2})["parameter"] == "confidence"

    def test_recommendations(self, acme):
        items = acme("GET", "campaign-assets/reuse-recommendations", params={
            "campaign_space_id": "new-year-2026-awareness", "limit": 3})["items"]
        assert len(items) == 3 and items[0]["because"]
        acme("GET", "campaign-assets/reuse-recommendations", 404, params={"campaign_space_id": "absent"})
        answer = acme("GET", "campaign-assets/reuse-recommendations", 400, params={"order_by": "luck"})
        assert answer["parameter"] == "order_by"

    def test_performance(self, acme):
        items = acme("GET", "campaign-assets/reuse-performance", params={"limit": 5})["items"]
        assert len(items) == 5 and all(0 < one["low"] <= one["high"] < 1 for one in items)

    def test_where_used(self, acme):
        items = acme("GET", "campaign-assets/where-used", params={"campaign_space_id": "new-year-2026-prospecting"})["items"]
        assert items[0]["reuses"] >= 1
        acme("GET", "campaign-assets/where-used", 400)

    def test_unused(self, acme):
        items = acme("GET", "campaign-assets/unused", params={
            "asset_type": "headline", "older_than_days": 90, "limit": 7})["items"]
        assert len(items) == 7 and {one["asset_type"] for one in items} == {"headline"}

    @pytest.mark.parametrize("sort", ["most_reused", "last_reused", "never_reused", "newest"])
    def test_assets_page_by_page(self, acme, sort, owner):
        items = pages(acme, "campaign-assets", sort=sort, limit=100)
        condition = "AND coalesce(reused_count, 0) = 0" if sort == "never_reused" else ""
        count = owner.execute("SELECT count(*) FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL "
                              + condition).fetchone()[0]
        assert len({one["id"] for one in items}) == len(items) == count
        assert acme("GET", "campaign-assets", params={"sort": sort})["total"] == count
        if sort == "most_reused":
            counts = [one["reused_count"] for one in items]
            assert counts == sorted(counts, reverse=True)

    def test_assets_searched(self, acme):
        items = pages(acme, "campaign-assets", search="summer SALE", asset_type="video")
        assert items and all("Summer Sale" in one["asset_name"] and one["asset_type"] == "video" for one in items)
        assert acme("GET", "campaign-assets", params={"search": "100%_"})["items"] == []

    @pytest.mark.parametrize("name, value", [("sort", "id; --"), ("limit", "0"), ("limit", "101"), ("asset_type", "picture")])
    def test_wrong_list(self, acme, name, value):
        assert acme("GET", "campaign-assets", 400, params={name: value})["parameter"] == name

    @pytest.mark.parametrize("cursor", ["x", "[]", "{}", "[1]", '["x", "y"]', '[null, null]', "[[], []]"])
    def test_wrong_cursor_of_a_list(self, acme, cursor):
        for sort in ("most_reused", "newest"):
            response = acme.send("GET", "campaign-assets", params={"cursor": cursor, "sort": sort})
            assert response.status_code in (200, 400) and response.json().get("parameter") is None

    def test_long_cursor_of_a_list(self, acme):
        assert acme("GET", "campaign-assets", 400, params={"cursor": "[" * 20_000})["parameter"] == "cursor"

    def test_one_asset(self, acme):
        assert acme("GET", "campaign-assets/asset-0001")["asset_name"] == "Summer Sale Hero Image"
        acme("GET", "campaign-assets/deleted-0001", 404)

    def test_campaigns(self, acme):
        items = pages(acme, "campaign-spaces", limit=5)
        assert len({one["id"] for one in items}) == len(items) > 20
        assert "halloween-2025-awareness" not in {one["id"] for one in items}
        assert acme("GET", "campaign-spaces", params={"search": "FALL c", "platform": "meta"})["items"][0]["platform"] == "meta"
        assert acme("GET", "campaign-spaces", 400, params={"platform": "radio"})["parameter"] == "platform"

    def test_one_campaign(self, acme):
        assert acme("GET", "campaign-spaces/fall-campaign-2026")["campaign_name"] == "Fall Campaign 2026"
        assert acme("GET", "campaign-spaces/halloween-2025-awareness", 404)["code"] == "campaign_not_found"

    def test_session(self, acme):
        answer = acme("GET", "session")
        assert (answer["tenant_id"], answer["tenant_name"]) == ("acme", "Acme Outdoor") and "image" in answer["asset_types"]

    def test_export_can_be_imported(self, acme, globex):
        file = globex.send("GET", "campaign-assets/reuse-events.csv")
        assert file.headers["Content-Disposition"] == 'attachment; filename="reuse-events.csv"'
        rows = list(csv.DictReader(file.text.splitlines()))
        assert len(rows) >= 1200 and rows[0]["asset_id"].startswith("globex-")
        answer = globex("POST", "campaign-assets/reuse-import", content=file.content,
                        params={"source": "again", "dry_run": "true"})
        assert answer["imported"] == len(rows)

    def test_export_of_a_range(self, acme):
        text = acme.send("GET", "campaign-assets/reuse-events.csv", params={
            "start_date": "2025-09-01", "end_date": "2025-10-01"}).text
        assert len(list(csv.DictReader(text.splitlines()))) == 150
        acme("GET", "campaign-assets/reuse-events.csv", 400, params={"start_date": "soon"})

    def test_unused_as_file(self, acme):
        text = acme.send("GET", "campaign-assets/unused.csv", params={"asset_type": "other"}).text
        rows = list(csv.DictReader(text.splitlines()))
        assert rows and {row["asset_type"] for row in rows} == {"other"}
        acme("GET", "campaign-assets/unused.csv", 400, params={"asset_type": "picture"})
