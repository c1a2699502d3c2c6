"""Recording reuses: one, many, a campaign's, a file's, and taking them back."""

import csv
import io

import pytest

FALL = "fall-campaign-2026"
SUMMER = "summer-sale-2026"


def written(rows):
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


class TestTracking:
    def test_published_answer(self, acme, asset):
        answer = acme.reuse(asset, reuse_context={"placement": "story"})
        assert answer["success"] and not answer["replayed"]
        assert answer["message"] == "Asset reuse tracked successfully (total reuses: 1)"
        assert answer["asset"]["id"] == asset and answer["asset"]["reused_count"] == 1
        event = answer["event"]
        assert (event["reused_in_type"], event["reused_in_id"], event["reused_in_name"]) == (
            "campaign_space", FALL, "Fall Campaign 2026")
        assert event["context"]["placement"] == "story"
        assert event["timestamp"] == answer["asset"]["last_reused_at"]

    def test_counts_each(self, acme, asset):
        assert [acme.reuse(asset)["asset"]["reused_count"] for _ in range(3)] == [1, 2, 3]

    def test_place_that_is_no_campaign(self, acme, asset):
        event = acme("POST", f"campaign-assets/{asset}/reuse", json={
            "reused_in_type": "email", "reused_in_id": "letter-1", "reused_in_name": "Letter"})["event"]
        assert (event["reused_in_type"], event["reused_in_id"], event["reused_in_name"]) == ("email", "letter-1", "Letter")

    def test_published_body_without_campaign(self, acme, asset):
        event = acme("POST", f"campaign-assets/{asset}/reuse", json={
            "reused_in_type": "email", "reused_in_name": "Letter", "reuse_context": {}})["event"]
        assert event["reused_in_name"] == "Letter" and event["reused_in_id"] is None

    def test_nulls_are_defaults(self, acme, asset):
        body = {"campaign_space_id": FALL, "reused_in_type": None, "reused_in_name": None, "reuse_context": None}
        assert acme("POST", f"campaign-assets/{asset}/reuse", json=body)["event"]["reused_in_type"] == "campaign_space"

    def test_asset_not_found(self, acme):
        answer = acme.reuse("absent", status=404)
        assert answer == {"detail": "Campaign asset not found", "code": "asset_not_found", "parameter": None}

    def test_deleted_asset_not_found(self, acme):
        acme.reuse("deleted-0001", status=404)

    def test_campaign_not_found(self, acme, asset):
        answer = acme.reuse(asset, "absent", status=404)
        assert answer["detail"] == "Campaign space not found" and answer["code"] == "campaign_not_found"
        assert acme.history(asset)["total"] == 0

    def test_deleted_campaign_not_found(self, acme, asset):
        acme.reuse(asset, "halloween-2025-awareness", status=404)

    def test_no_place(self, acme, asset):
        answer = acme("POST", f"campaign-assets/{asset}/reuse", 400, json={})
        assert answer["parameter"] == "campaign_space_id"

    def test_misspelled_key(self, acme, asset):
        answer = acme("POST", f"campaign-assets/{asset}/reuse", 400, json={"campaign_space": FALL})
        assert answer["parameter"] == "campaign_space"

    def test_context_must_be_object(self, acme, asset):
        assert acme.reuse(asset, status=400, reuse_context=["story"])["parameter"] == "reuse_context"

    def test_key_counts_once(self, acme, asset):
        first = acme.reuse(asset, key="once")
        again = acme.reuse(asset, key="once")
        assert (first["replayed"], again["replayed"]) == (False, True)
        assert again["event"]["event_id"] == first["event"]["event_id"]
        assert acme.history(asset)["total"] == 1

    def test_key_of_another_place(self, acme, asset):
        acme.reuse(asset, key="taken")
        answer = acme.reuse(asset, SUMMER, status=422, key="taken")
        assert answer["code"] == "key_taken" and answer["parameter"] == "Idempotency-Key"

    def test_key_too_long(self, acme, asset):
        answer = acme.reuse(asset, status=400, key="k" * 256)
        assert answer["parameter"] == "Idempotency-Key" and "reuse_key" not in answer["detail"]

    def test_refused_by_constraint(self, acme, asset, owner):
        owner.execute("ALTER TABLE campaign_assets ADD CONSTRAINT reuse_limit CHECK (reused_count < 3) NOT VALID")
        try:
            acme.reuse(asset)
            acme.reuse(asset)
            answer = acme.reuse(asset, status=409)
        finally:
            owner.execute("ALTER TABLE campaign_assets DROP CONSTRAINT reuse_limit")
        assert answer == {"detail": "The asset cannot be reused", "code": "refused", "parameter": None}
        assert acme.history(asset)["total"] == 2

    def test_undo_by_event(self, acme, asset):
        event = acme.reuse(asset)["event"]["event_id"]
        answer = acme("DELETE", f"campaign-assets/{asset}/reuse", params={"event_id": event})
        assert answer["asset"]["reused_count"] == 0 and answer["event"]["event_id"] == event
        again = acme("DELETE", f"campaign-assets/{asset}/reuse", params={"event_id": event})
        assert again["replayed"] and again["event"] is None and again["asset"]["reused_count"] == 0

    def test_undo_by_key(self, acme, asset):
        acme.reuse(asset, key="mistake")
        answer = acme("DELETE", f"campaign-assets/{asset}/reuse", params={"reuse_key": "mistake"})
        assert answer["asset"]["last_reused_at"] is None

    def test_undone_key_stays_used(self, acme, asset):
        acme.reuse(asset, key="late")
        acme("DELETE", f"campaign-assets/{asset}/reuse", params={"reuse_key": "late"})
        answer = acme.reuse(asset, key="late")
        assert answer["undone"] and answer["asset"]["reused_count"] == 0

    def test_undo_of_nothing(self, acme, asset):
        answer = acme("DELETE", f"campaign-assets/{asset}/reuse", 404, params={"event_id": "1-0"})
        assert answer["detail"] == "Reuse not found"

    @pytest.mark.parametrize("params", [{}, {"event_id": "1-0", "reuse_key": "k"}], ids=["none", "both"])
    def test_undo_takes_one(self, acme, asset, params):
        answer = acme("DELETE", f"campaign-assets/{asset}/reuse", 400, params=params)
        assert "exactly one of event_id and reuse_key" in answer["detail"]

    def test_bulk(self, acme):
        answer = acme("POST", "campaign-assets/bulk-reuse", key="bulk", json={
            "asset_ids": ["asset-1000", "asset-1001", "asset-1000"], "campaign_space_id": FALL})
        assert answer["tracked"] == 2 and answer["missing"] == []

    def test_bulk_is_all_or_nothing(self, acme):
        body = {"asset_ids": ["asset-1002", "absent"], "campaign_space_id": FALL}
        answer = acme("POST", "campaign-assets/bulk-reuse", 404, json=body)
        assert answer["code"] == "asset_not_found" and acme.history("asset-1002")["total"] == 0
        answer = acme("POST", "campaign-assets/bulk-reuse", json={**body, "on_missing": "skip"})
        assert answer["missing"] == ["absent"] and acme.history("asset-1002")["total"] == 1

    def test_bulk_limits(self, acme):
        for assets in ([], [f"a{n}" for n in range(10001)]):
            answer = acme("POST", "campaign-assets/bulk-reuse", 400, json={"asset_ids": assets, "campaign_space_id": FALL})
            assert answer["parameter"] == "asset_ids"

    def test_copy_campaign(self, acme, owner):
        owner.execute("""INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
            VALUES ('from', 'acme', 'u', 'From', 'meta'), ('to', 'acme', 'u', 'To', 'meta')""")
        acme.reuse("asset-1003", "from")
        body = {"from_campaign_space_id": "from", "include": "reused"}
        assert acme("POST", "campaign-spaces/to/copy", json={**body, "dry_run": True})["added"] == ["asset-1003"]
        assert acme("POST", "campaign-spaces/to/copy", json=body)["added"] == ["asset-1003"]
        assert acme("POST", "campaign-spaces/to/copy", json=body)["already_there"] == ["asset-1003"]
        acme("POST", "campaign-spaces/to/copy", 404, json={**body, "from_campaign_space_id": "absent"})

    def test_sync_campaign(self, acme):
        acme.reuse("asset-1004", "summer-sale-2025")
        answer = acme("PUT", "campaign-spaces/summer-sale-2025/assets", json={
            "asset_ids": ["asset-1005"], "remove": True})
        assert answer["added"] == ["asset-1005"] and "asset-1004" in answer["removed"]

    def test_deletion_of_an_asset(self, acme):
        acme.reuse("asset-1006")
        assert acme("DELETE", "campaign-assets/asset-1006") == {"success": True, "id": "asset-1006"}
        acme("DELETE", "campaign-assets/asset-1006", 404)
        acme.reuse("asset-1006", status=404)
        assert acme.history("asset-1006", 404)["code"] == "asset_not_found"

    def test_import(self, acme, asset):
        file = written([
            ["asset_id", "timestamp", "key", "campaign_space_id", "reused_in_type", "context"],
            [asset, "2025-03-04T09:30:00+01:00", "1", FALL, "", '{"note": "a, b\\nc"}'],
            [asset, "2025-03-05", "2", "", "email", ""]])
        params = {"source": "crm"}
        assert acme("POST", "campaign-assets/reuse-import", content=file, params=params)["imported"] == 2
        assert acme("POST", "campaign-assets/reuse-import", content=file, params=params)["replayed"] == 2
        history = acme.history(asset)["history"]
        assert [one["timestamp"] for one in history] == ["2025-03-05T00:00:00Z", "2025-03-04T08:30:00Z"]
        assert history[1]["context"]["note"] == "a, b\nc"

    def test_import_names_the_line(self, acme, asset):
        file = written([["asset_id", "timestamp", "reused_in_type"], [asset, "2025-03-04", "email"], [asset, "soon", "email"]])
        answer = acme("POST", "campaign-assets/reuse-import", 400, content=file, params={"source": "lines"})
        assert answer["detail"].startswith("line 3: ") and acme.history(asset)["total"] == 0
        answer = acme("POST", "campaign-assets/reuse-import", content=file, params={"source": "lines", "on_error": "skip"})
        assert answer["imported"] == 1 and [one["line"] for one in answer["failed"]] == [3]

    def test_import_tells_no_trigger(self, acme, asset, owner):
        """What the database says of an event leaves the API no more than what it says of a reuse."""
        owner.execute("""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
            RAISE EXCEPTION 'the secret of %', NEW.id USING ERRCODE = TG_ARGV[0]; END$$""")
        file = written([["asset_id", "timestamp", "reused_in_type"], [asset, "2025-03-04", "email"]])
        for state, status in (("P0001", 500), ("23514", 409), ("P0002", 500)):
            owner.execute(f"""CREATE TRIGGER refuse BEFORE UPDATE ON campaign_assets FOR EACH ROW
                WHEN (OLD.id = '{asset}') EXECUTE FUNCTION refuse('{state}')""")
            try:
                answers = [acme("POST", "campaign-assets/reuse-import", status, content=file, params={"source": "s"}),
                           acme("POST", "campaign-assets/reuse-import", content=file, params={"source": "s", "on_error": "skip"})]
            finally:
                owner.execute("DROP TRIGGER refuse ON campaign_assets")
            assert "secret" not in str(answers) and len(answers[1]["failed"]) == 1
        owner.execute("DROP FUNCTION refuse")
        missing = written([["asset_id", "timestamp", "reused_in_type"], ["absent", "2025-03-04", "email"]])
        assert acme("POST", "campaign-assets/reuse-import", 404, content=missing, params={"source": "s"})["detail"] == \
            "line 2: Campaign asset not found"
        assert acme("POST", "campaign-assets/reuse-import", content=missing, params={"source": "s", "on_error": "skip"})["failed"] == \
            [{"line": 2, "message": "Campaign asset not found"}]

    @pytest.mark.parametrize("file", [b"asset_id\n\xff\n", b'asset_id\n"a" b\n', b"asset_id,context\na,{\n", b"asset_id\na,b\n",
                                      b"asset,timestamp\na,2025-01-01\n", b"asset_id,timestamp\na\x00,2025-01-01\n",
                                      b"asset-0001,2025-01-01,email\n", b"asset_id,asset_id\na,b\n", b"",
                                      b"asset_id,notes\na,\n"],
                             ids=["latin", "quotes", "json", "cells", "column", "nul", "header", "twice", "empty", "unknown"])
    def test_import_of_what_is_no_list(self, acme, file):
        acme("POST", "campaign-assets/reuse-import", 400, content=file, params={"source": "x"})

    @pytest.mark.parametrize("file", [b"asset_id" + b"," * 9_000_000, b"asset_id\n" + b"," * 9_000_000,
                                      b"asset_id\na" + (b"," * 3_000_000 + b'"\n"') * 3], ids=["header", "row", "lines"])
    def test_import_of_a_long_row(self, acme, file):
        assert "a row than 8 MB" in acme("POST", "campaign-assets/reuse-import", 400, content=file, params={"source": "x"})["detail"]

    @pytest.mark.parametrize("context", ['{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": NaN}', "{}, {", "[" * 100_000],
                             ids=["nul", "surrogate", "nan", "two", "deep"])
    def test_import_of_a_context_that_is_none(self, acme, asset, context):
        """The line is named, and nothing is stored, whatever on_error says."""
        file = written([["asset_id", "timestamp", "reused_in_type", "context"],
                        [asset, "2025-03-04", "email", '{"a": "\\\\u0000 \\ud83d\\ude00"}'], [asset, "2025-03-05", "email", context]])
        answer = acme("POST", "campaign-assets/reuse-import", 400, content=file, params={"source": "x", "on_error": "skip"})
        assert answer["detail"].startswith("line 3: ") and acme.history(asset)["total"] == 0

    def test_import_of_a_short_line(self, acme, asset):
        file = f"asset_id,timestamp,reused_in_type,context\n{asset},2025-03-04,email\n"
        assert acme("POST", "campaign-assets/reuse-import", content=file, params={"source": "x"})["imported"] == 1

    def test_import_changes_no_digit(self, acme, asset, owner):
        number = "1" * 5000 + ".10"
        file = written([["asset_id", "timestamp", "reused_in_type", "context"], [asset, "2025-03-04", "email", '{"n": %s}' % number]])
        assert acme("POST", "campaign-assets/reuse-import", content=file, params={"source": "x"})["imported"] == 1
        assert owner.execute("SELECT context ->> 'n' FROM asset_reuse_events('acme', %s)", [asset]).fetchone()[0] == number

    def test_import_of_failures(self, acme, asset):
        """An answer lists a thousand; of more, nothing is stored."""
        def rows(failures):
            return written([["asset_id", "timestamp", "reused_in_type"], [asset, "2025-03-04", "email"]] + [["absent", "2025-03-04", "email"]] * failures)
        params = {"source": "failures", "on_error": "skip"}
        answer = acme("POST", "campaign-assets/reuse-import", 400, content=rows(1001), params=params)
        assert "line 3: Campaign asset not found" in answer["detail"] and acme.history(asset)["total"] == 0
        assert len(acme("POST", "campaign-assets/reuse-import", content=rows(1000), params=params)["failed"]) == 1000

    def test_import_of_long_contexts(self, acme, asset):
        """More than fit into one call; and one that is longer than a cell may be."""
        def rows(*lengths):
            return written([["asset_id", "timestamp", "reused_in_type", "context"]] +
                           [[asset, f"2025-03-0{n}", "email", '{"note": "%s"}' % ("x" * length)] for n, length in enumerate(lengths, 1)])
        assert acme("POST", "campaign-assets/reuse-import", content=rows(3_000_000, 3_000_000, 200_000), params={"source": "long"})["imported"] == 3
        answer = acme("POST", "campaign-assets/reuse-import", 400, content=rows(10, 5_000_000), params={"source": "longer"})
        assert "line 3: " in answer["detail"] and "longer than 4 MB" in answer["detail"]

    def test_import_of_many(self, acme, asset):
        """More than fit into one call, in a body of unknown length."""
        def lines():
            yield b"asset_id,timestamp,key,reused_in_type\n"
            for n in range(12000):
                yield f"{asset},2025-01-01T00:00:00,{n},email\n".encode()
        answer = acme("POST", "campaign-assets/reuse-import", content=lines(), params={"source": "many"})
        assert answer["imported"] == 12000
