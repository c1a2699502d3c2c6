"""The endpoints.  Each is one call of a function of the extension, whose JSON is passed through as text."""

from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from fastapi import APIRouter, Depends, Header, Query, Request
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from . import db
from .auth import Login, caller
from .errors import Problem

router = APIRouter(prefix="/api")
ROWS = "SELECT json_build_object('items', coalesce(json_agg(t), '[]'))::text FROM {} AS t"


class Body(BaseModel):
    """What all bodies have.  An unknown key is refused, so that none is misspelled."""

    reuse_context: Optional[Dict[str, Any]] = None

    class Config:
        extra = "forbid"

    def context(self):
        return None if self.reuse_context is None else Jsonb(self.reuse_context)


class Reuse(Body):
    campaign_space_id: Optional[str] = None
    reused_in_type: Optional[str] = None
    reused_in_id: Optional[str] = None
    reused_in_name: Optional[str] = None

    def place(self):
        return self.campaign_space_id, self.reused_in_type, self.reused_in_id, self.reused_in_name, self.context()


class BulkReuse(Reuse):
    asset_ids: List[str]
    on_missing: Optional[str] = None


class Copy(Body):
    from_campaign_space_id: str
    include: Optional[str] = None
    dry_run: bool = False


class Sync(Body):
    asset_ids: List[str]
    remove: bool = False
    dry_run: bool = False


class Call:
    """One request of a tenant's."""

    def __init__(self, request: Request, who: Login = Depends(caller)):
        self.request, self.tenant = request, who.tenant_id

    async def json(self, statement, *arguments):
        return db.as_json(self.request, await db.fetch(self.tenant, statement, arguments))

    async def rows(self, function, *arguments):
        return await self.json(ROWS.format(function), *arguments)


def times(**texts):
    """Returns dates or times in ISO 8601, in UTC where they have no offset."""
    parsed = []
    for name, text in texts.items():
        try:
            time = text if text is None else datetime.fromisoformat(text)
        except ValueError:
            raise Problem(400, "invalid", f"{name} must be a date or time in ISO 8601", name) from None
        parsed.append(time and time.replace(tzinfo=time.tzinfo or timezone.utc))
    return parsed


def answers(schema, summary):
    """Says for the OpenAPI page what an endpoint answers: a schema of examples/openapi.yaml, or of main.py."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"summary": summary, "response_class": db.Response,
            "responses": {200: {"description": "Successful response", "content": content}}}


Key = Header(None, alias="Idempotency-Key", description="A request that is repeated with it counts once.")
Limit50 = Query(50, ge=1, le=100)
AssetType = Query(None, description="Only assets of this type.")
Start = Query(None, description="Only events of this time or later: a date or time in ISO 8601, UTC if it has no offset.")
End = Query(None, description="Only events before this time.")

#
# Recording
#


@router.post("/campaign-assets/{asset_id}/reuse", **answers("Track", "Record a reuse"))
async def reuse(asset_id: str, body: Reuse, call: Call = Depends(), key: Optional[str] = Key):
    return await call.json("SELECT asset_reuse_track(%s, %s, %s, %s, %s, %s, %s, %s)::text",
                           asset_id, call.tenant, *body.place(), key)


@router.delete("/campaign-assets/{asset_id}/reuse", **answers("Track", "Take a reuse back"))
async def undo(asset_id: str, call: Call = Depends(), event_id: Optional[str] = None, reuse_key: Optional[str] = None):
    return await call.json("SELECT asset_reuse_undo(%s, %s, event_id => %s, reuse_key => %s)::text",
                           asset_id, call.tenant, event_id, reuse_key)


@router.post("/campaign-assets/bulk-reuse", **answers("Bulk", "Record a reuse of each asset in a list, all or none"))
async def bulk_reuse(body: BulkReuse, call: Call = Depends(), key: Optional[str] = Key):
    return await call.json("SELECT asset_reuse_track_many(%s, %s, %s, %s, %s, %s, %s, %s, %s)::text",
                           body.asset_ids, call.tenant, *body.place(), key, body.on_missing)


@router.post("/campaign-spaces/{campaign_space_id}/copy", **answers("Copied", "Reuse all assets of another campaign"))
async def copy_campaign(campaign_space_id: str, body: Copy, call: Call = Depends(), key: Optional[str] = Key):
    return await call.json("SELECT asset_reuse_copy_campaign(%s, %s, %s, %s, %s, %s, %s)::text",
                           body.from_campaign_space_id, campaign_space_id, call.tenant, body.include, body.context(),
                           key, body.dry_run)


@router.put("/campaign-spaces/{campaign_space_id}/assets", **answers("Synced", "Make a campaign hold the listed assets"))
async def sync(campaign_space_id: str, body: Sync, call: Call = Depends()):
    return await call.json("SELECT asset_reuse_sync(%s, %s, %s, %s, %s, %s)::text",
                           campaign_space_id, call.tenant, body.asset_ids, body.remove, body.dry_run, body.context())

#
# Reading
#


@router.get("/campaign-assets/{asset_id}/reuse-history", **answers("History", "An asset's timeline, newest first"))
async def reuse_history(asset_id: str, call: Call = Depends(), limit: int = Limit50,
                        offset: Optional[int] = Query(None, ge=0, le=2**31 - 1), cursor: Optional[str] = None):
    return await call.json("SELECT asset_reuse_history(%s, %s, %s::int, %s::int, %s)::text",
                           asset_id, call.tenant, limit, offset, cursor)


@router.get("/campaign-assets/{asset_id}/reuse-places", **answers("Items", "Where an asset is used: before it is deleted"))
async def reuse_places(asset_id: str, call: Call = Depends()):
    return await call.rows("asset_reuse_places(%s, %s)", asset_id, call.tenant)


@router.get("/campaign-assets/reuse-analytics", **answers("Analytics", "A tenant's reuse at a glance"))
async def reuse_analytics(call: Call = Depends(), asset_type: Optional[str] = AssetType, start_date: Optional[str] = Start,
                          end_date: Optional[str] = End, limit: int = Query(10, ge=1, le=50)):
    return await call.json("SELECT asset_reuse_analytics(%s, %s, %s, %s, %s::int)::text",
                           call.tenant, asset_type, *times(start_date=start_date, end_date=end_date), limit)


@router.get("/campaign-assets/reuse-timeline", **answers("Items", "Reuses for each bucket of time"))
async def reuse_timeline(call: Call = Depends(), bucket: str = "day", asset_type: Optional[str] = AssetType,
                         start_date: Optional[str] = Start, end_date: Optional[str] = End, time_zone: str = "UTC"):
    return await call.rows("asset_reuse_timeline(%s, %s, %s, %s, %s, %s)",
                           call.tenant, bucket, asset_type, *times(start_date=start_date, end_date=end_date), time_zone)


@router.get("/campaign-assets/reuse-trend", **answers("Items", "Whether the rate of reuse rises"))
async def reuse_trend(call: Call = Depends(), bucket: str = "month", asset_type: Optional[str] = AssetType,
                      start_date: Optional[str] = Start, end_date: Optional[str] = End, time_zone: str = "UTC"):
    return await call.rows("asset_reuse_trend(%s, %s, %s, %s, %s, %s)",
                           call.tenant, bucket, asset_type, *times(start_date=start_date, end_date=end_date), time_zone)


@router.get("/campaign-assets/where-used", **answers("Items", "The assets that were reused in one place"))
async def where_used(call: Call = Depends(), campaign_space_id: Optional[str] = None, reused_in_type: Optional[str] = None,
                     reused_in_id: Optional[str] = None):
    return await call.rows("asset_reuse_where_used(%s, %s, %s, %s)",
                           call.tenant, campaign_space_id, reused_in_type, reused_in_id)


@router.get("/campaign-assets/unused", **answers("Items", "The assets never reused, the best first"))
async def unused(call: Call = Depends(), asset_type: Optional[str] = AssetType,
                 older_than_days: Optional[int] = Query(None, ge=0, le=100000), limit: int = Query(100, ge=1, le=1000)):
    return await call.rows("(SELECT * FROM asset_reuse_unused(%s, %s, make_interval(days => %s::int)) LIMIT %s)",
                           call.tenant, asset_type, older_than_days, limit)


@router.get("/campaign-assets/reuse-insights", **answers("Object", "Whether reused assets do better than comparable ones"))
async def reuse_insights(call: Call = Depends(), asset_type: Optional[str] = AssetType, confidence: float = 0.95):
    return await call.json("SELECT asset_reuse_insights(%s, %s, %s::float8)::text", call.tenant, asset_type, confidence)


@router.get("/campaign-assets/reuse-performance", **answers("Items", "The assets with the most clicks per impression"))
async def reuse_performance(call: Call = Depends(), asset_type: Optional[str] = AssetType,
                            campaign_space_id: Optional[str] = None, limit: int = Query(50, ge=1, le=1000)):
    return await call.rows("asset_reuse_performance(%s, %s, %s, %s::int)", call.tenant, asset_type, campaign_space_id, limit)


@router.get("/campaign-assets/reuse-recommendations", **answers("Object", "What to reuse next, and why"))
async def reuse_recommendations(call: Call = Depends(), campaign_space_id: Optional[str] = None,
                                asset_type: Optional[str] = AssetType, limit: int = Query(10, ge=1, le=50),
                                order_by: str = "fit", explore: int = Query(0, ge=0, le=50)):
    return await call.json("SELECT asset_reuse_recommend(%s, %s, %s, %s::int, %s, %s::int)::text",
                           call.tenant, campaign_space_id, asset_type, limit, order_by, explore)
