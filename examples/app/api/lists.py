"""The application's own tables, for the pages: lists to choose from, page by page, and an asset's deletion.

A cursor is the sort key and the id of the page's last row, as JSON.
"""

from enum import Enum
from typing import Optional

from fastapi import APIRouter, Depends, Query

from . import db
from .auth import Login, login
from .errors import NOT_FOUND, Problem
from .reuse import AssetType, Call, answers

router = APIRouter(prefix="/api")

Cursor = Query(None, max_length=1000)

ASSETS = """
    SELECT a.id, a.asset_name, a.asset_type, a.campaign_space_id, c.campaign_name, c.platform, a.file_url, a.thumbnail_url,
        a.impressions, a.clicks, a.conversions, a.ctr, coalesce(a.reused_count, 0) AS reused_count,
        a.last_reused_at AT TIME ZONE 'UTC' AS last_reused_at, a.created_at AT TIME ZONE 'UTC' AS created_at
    FROM campaign_assets AS a LEFT JOIN campaign_spaces AS c ON c.id = a.campaign_space_id AND c.deleted_at IS NULL
    WHERE a.tenant_id = %(tenant)s AND a.deleted_at IS NULL"""
CHOSEN_ASSETS = ASSETS + """
    AND (%(search)s::text IS NULL OR strpos(lower(a.asset_name), lower(%(search)s)) > 0)
    AND (%(asset_type)s::text IS NULL OR a.asset_type = %(asset_type)s::campaignassettype)"""
CAMPAIGNS = """
    SELECT id, campaign_name, platform, is_active, is_template, is_archived, created_at AT TIME ZONE 'UTC' AS created_at
    FROM campaign_spaces
    WHERE tenant_id = %(tenant)s AND deleted_at IS NULL"""
CHOSEN_CAMPAIGNS = CAMPAIGNS + """
    AND (%(search)s::text IS NULL OR strpos(lower(campaign_name), lower(%(search)s)) > 0)
    AND (%(platform)s::text IS NULL OR platform = %(platform)s::adplatform)"""

# The last of more rows than fit on the page is not shown, but tells that there is another page.
PAGE = """
    WITH chosen AS ({rows}),
    page AS (
        SELECT *, {key} AS sort_key FROM chosen
        WHERE {condition}
            AND (%(cursor)s::json IS NULL OR ({key}, id) < (CAST(%(cursor)s::json ->> 0 AS {type}), %(cursor)s::json ->> 1))
        ORDER BY {key} DESC, id DESC LIMIT %(limit)s + 1
    ),
    shown AS (SELECT * FROM page ORDER BY sort_key DESC, id DESC LIMIT %(limit)s)
    SELECT json_build_object(
        'items', coalesce((SELECT json_agg(to_jsonb(s) - 'sort_key' ORDER BY sort_key DESC, id DESC) FROM shown AS s), '[]'),
        'total', CASE WHEN %(cursor)s::text IS NULL THEN (SELECT count(*) FROM chosen WHERE {condition}) END,
        'next_cursor', CASE WHEN (SELECT count(*) FROM page) > %(limit)s THEN
            (SELECT jsonb_build_array(sort_key::text, id)::text FROM shown ORDER BY sort_key, id LIMIT 1) END)::text"""

SORTS = {       # the key, which is never null, its type, and a condition
    "most_reused": ("reused_count", "bigint", "true"),
    "last_reused": ("coalesce(last_reused_at, '-infinity')", "timestamptz", "true"),
    "never_reused": ("created_at", "timestamptz", "reused_count = 0"),
    "newest": ("created_at", "timestamptz", "true"),
}


Sort = Enum("Sort", {name: name for name in SORTS}, type=str)


def page(rows, sort):
    key, type_, condition = SORTS[sort.value]
    return PAGE.format(rows=rows, key=key, type=type_, condition=condition)


async def answer(call, statement, **arguments):
    return db.as_json(call.request, await db.fetch(call.tenant, statement, {"tenant": call.tenant, **arguments}))


async def one(call, table, statement, id_):
    text = await db.fetch(call.tenant, statement, {"tenant": call.tenant, "id": id_})
    if text is None:
        raise Problem(404, *NOT_FOUND[table])
    return db.as_json(call.request, text)


@router.get("/session", **answers("Object", "Whose token it is, and the known types and platforms"))
async def session(who: Login = Depends(login)):
    text = await db.fetch(who.tenant_id, """
        SELECT json_build_object('tenant_id', id, 'tenant_name', name, 'expires_at', to_timestamp(%s),
            'asset_types', enum_range(NULL::campaignassettype)::text[], 'platforms', enum_range(NULL::adplatform)::text[])::text
        FROM tenants WHERE id = %s""", (who.expires, who.tenant_id))
    if text is None:
        raise Problem(401, "unauthorized", "The token's tenant does not exist")
    return db.Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/campaign-assets", **answers("Items", "A tenant's assets, page by page"))
async def assets(call: Call = Depends(), search: Optional[str] = None, asset_type: Optional[str] = AssetType,
                 sort: Sort = Sort.most_reused,
                 limit: int = Query(50, ge=1, le=100), cursor: Optional[str] = Cursor):
    return await answer(call, page(CHOSEN_ASSETS, sort), search=search, asset_type=asset_type, limit=limit, cursor=cursor)


@router.get("/campaign-assets/{asset_id}", **answers("Object", "One asset, as in the list"))
async def asset(asset_id: str, call: Call = Depends()):
    return await one(call, "campaign_assets", f"SELECT to_json(t)::text FROM ({ASSETS} AND a.id = %(id)s) AS t", asset_id)


@router.delete("/campaign-assets/{asset_id}", **answers("Object", "Delete an asset: reuse-places says where it is used"))
async def delete(asset_id: str, call: Call = Depends()):
    return await one(call, "campaign_assets", """
        UPDATE campaign_assets SET deleted_at = now() AT TIME ZONE 'UTC', updated_at = now() AT TIME ZONE 'UTC'
        WHERE id = %(id)s AND tenant_id = %(tenant)s AND deleted_at IS NULL
        RETURNING json_build_object('success', true, 'id', id)::text""", asset_id)


@router.get("/campaign-spaces", **answers("Items", "A tenant's campaigns, the newest first"))
async def campaigns(call: Call = Depends(), search: Optional[str] = None, platform: Optional[str] = None,
                    limit: int = Query(20, ge=1, le=100), cursor: Optional[str] = Cursor):
    return await answer(call, page(CHOSEN_CAMPAIGNS, Sort.newest), search=search, platform=platform, limit=limit, cursor=cursor)


@router.get("/campaign-spaces/{campaign_space_id}", **answers("Object", "One campaign, as in the list"))
async def campaign(campaign_space_id: str, call: Call = Depends()):
    statement = f"SELECT to_json(t)::text FROM ({CAMPAIGNS} AND id = %(id)s) AS t"
    return await one(call, "campaign_spaces", statement, campaign_space_id)
