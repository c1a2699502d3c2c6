"""The service as it is today: SQLAlchemy's ORM, documents changed in Python.

Track loads the row, appends in Python, writes the document back, commits and
refreshes.  History sorts in Python.  Analytics is a query for each figure.
Every function takes an Engine, opens a session as a request would, and returns
the text of the JSON answer, as an API sends it.

Two tracks of one asset that meet lose one of the events, as that service does.
"""

import datetime
import json
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import MetaData, Table, and_, func, inspect, literal_column, select
from sqlalchemy.orm import Session, registry

EVENT_TIME = "%Y-%m-%dT%H:%M:%S.%f"
TOP_COLUMNS = (
    "id", "asset_name", "asset_type", "reused_count", "last_reused_at", "file_url",
    "thumbnail_url", "impressions", "clicks", "conversions", "ctr", "campaign_space_id",
)
ASSET_COLUMNS = (
    "id", "asset_name", "asset_type", "campaign_space_id", "file_url", "thumbnail_url",
    "impressions", "clicks", "conversions", "ctr", "reused_count", "last_reused_at",
    "created_at", "updated_at",
)
CAMPAIGN_COLUMNS = ("id", "campaign_name", "platform", "is_active")


class NotFound(Exception):
    """The asset or the campaign is not there for this tenant."""


class Asset:
    """A row of campaign_assets, all columns."""


class Campaign:
    """A row of campaign_spaces, all columns."""


def map_tables(engine):
    """Map the classes above to the database's tables, once a process."""
    if inspect(Asset, raiseerr=False) is not None:
        return
    mappers, tables = registry(), MetaData()
    for entity, name in ((Asset, "campaign_assets"), (Campaign, "campaign_spaces")):
        mappers.map_imperatively(entity, Table(name, tables, autoload_with=engine))


def track(engine, asset_id, tenant_id, campaign_id, context):
    with Session(engine) as session:
        asset = find(session, Asset, asset_id, tenant_id)
        campaign = find(session, Campaign, campaign_id, tenant_id)
        now = datetime.datetime.utcnow()
        event = {
            "timestamp": now.strftime(EVENT_TIME),
            "context": {
                **context,
                "reused_in_type": "campaign_space",
                "reused_in_id": campaign.id,
                "reused_in_name": campaign.campaign_name,
            },
        }
        metadata = dict(asset.platform_metadata)
        metadata["reuse_history"] = metadata.get("reuse_history", []) + [event]
        asset.platform_metadata = metadata
        asset.reused_count = (asset.reused_count or 0) + 1
        asset.last_reused_at = now
        asset.updated_at = now
        session.commit()
        session.refresh(asset)
        return json.dumps({
            "success": True,
            "asset": as_dict(asset, ASSET_COLUMNS),
            "event": {
                "timestamp": iso(now),
                "reused_in_type": "campaign_space",
                "reused_in_id": campaign.id,
                "reused_in_name": campaign.campaign_name,
                "context": event["context"],
            },
            "message": f"Asset reuse tracked successfully (total reuses: {asset.reused_count})",
        })


def history(engine, asset_id, tenant_id, limit=50, offset=0):
    with Session(engine) as session:
        asset = find(session, Asset, asset_id, tenant_id)
        events = asset.platform_metadata.get("reuse_history", [])
        newest_first = sorted(events, key=lambda event: event["timestamp"], reverse=True)
        page = newest_first[offset:offset + limit]
        campaigns = find_campaigns(session, tenant_id, page)
        return json.dumps({
            "success": True,
            "asset_id": asset.id,
            "asset_name": asset.asset_name,
            "total_reuses": asset.reused_count or 0,
            "last_reused_at": iso(asset.last_reused_at),
            "history": [show_event(event, campaigns) for event in page],
            "total": len(events),
            "limit": limit,
            "offset": offset,
            "has_more": offset + limit < len(events),
        })


def analytics(engine, tenant_id, start=None, end=None, top_limit=10):
    ranged = start is not None
    reuses = events_in_range(start, end) if ranged else func.coalesce(Asset.reused_count, 0)
    live = and_(Asset.tenant_id == tenant_id, Asset.deleted_at.is_(None))
    reused = and_(live, reuses > 0)
    with Session(engine) as session:
        total = session.query(func.count(Asset.id)).filter(live).scalar()
        with_reuses = session.query(func.count(Asset.id)).filter(reused).scalar()
        total_reuses = int(session.query(func.coalesce(func.sum(reuses), 0)).filter(live).scalar())
        top = (
            session.query(Asset, reuses).filter(reused)
            .order_by(reuses.desc(), Asset.last_reused_at.desc().nullslast(), Asset.id)
            .limit(top_limit).all()
        )
        by_type = (
            session.query(Asset.asset_type, func.count(Asset.id), func.sum(reuses))
            .filter(reused).group_by(Asset.asset_type).all()
        )
        samples = {
            "reused_assets": sample(session, reused),
            "non_reused_assets": sample(session, and_(live, reuses == 0)),
        }
        return json.dumps({
            "success": True,
            "filters": {"asset_type": None, "start_date": iso(start), "end_date": iso(end)},
            "overview": {
                "total_assets": total,
                "assets_with_reuses": with_reuses,
                "total_reuses": total_reuses,
                "avg_reuses_per_asset": ratio(total_reuses, with_reuses),
                "reuse_rate_percentage": ratio(100 * with_reuses, total),
            },
            "top_reused_assets": [
                {**as_dict(asset, TOP_COLUMNS), **({"reuses_in_range": count} if ranged else {})}
                for asset, count in top
            ],
            "by_asset_type": {
                asset_type: {
                    "count": count,
                    "total_reuses": int(events),
                    "avg_reuses_per_asset": ratio(int(events), count),
                }
                for asset_type, count, events in by_type
            },
            "performance_correlation": correlate(samples),
        })


def find(session, entity, identifier, tenant_id):
    row = session.query(entity).filter(
        entity.id == identifier, entity.tenant_id == tenant_id, entity.deleted_at.is_(None)).first()
    if row is None:
        raise NotFound(entity.__name__)
    return row


def find_campaigns(session, tenant_id, events):
    """The live campaigns that events name, by id."""
    ids = {
        event["context"]["reused_in_id"] for event in events
        if event["context"]["reused_in_type"] == "campaign_space"
    }
    rows = session.query(Campaign).filter(
        Campaign.id.in_(ids), Campaign.tenant_id == tenant_id, Campaign.deleted_at.is_(None))
    return {row.id: as_dict(row, CAMPAIGN_COLUMNS) for row in rows}


def show_event(event, campaigns):
    context = event["context"]
    return {
        "timestamp": event["timestamp"] + "Z",
        "reused_in_type": context["reused_in_type"],
        "reused_in_id": context["reused_in_id"],
        "reused_in_name": context["reused_in_name"],
        "campaign_space": campaigns.get(context["reused_in_id"]),
        "context": context,
    }


def events_in_range(start, end):
    """An expression: how many of an asset's events lie in a range."""
    time = literal_column("event->>'timestamp'")
    events = func.jsonb_array_elements(Asset.platform_metadata["reuse_history"]).alias("event")
    return (
        select(func.count()).select_from(events)
        .where(time >= start.strftime(EVENT_TIME), time < end.strftime(EVENT_TIME))
        .correlate(inspect(Asset).local_table).scalar_subquery()
    )


def sample(session, which):
    """The mean ctr and conversions of the assets that have been seen, and their number."""
    seen = and_(which, Asset.impressions > 0, Asset.ctr.isnot(None))
    ctr, size = session.query(func.avg(Asset.ctr), func.count(Asset.id)).filter(seen).one()
    conversions = session.query(func.avg(Asset.conversions)).filter(seen).scalar()
    return ctr, conversions, size


def correlate(samples):
    answer = {
        name: {"avg_ctr": rounded(ctr), "avg_conversions": rounded(conversions), "sample_size": size}
        for name, (ctr, conversions, size) in samples.items()
    }
    answer["lift"] = {
        name: lift(samples["reused_assets"][i], samples["non_reused_assets"][i])
        for i, name in enumerate(("ctr_percentage", "conversions_percentage"))
    }
    return answer


def lift(reused, others):
    if reused is None or not others:
        return None
    return rounded(100 * (Decimal(reused) / Decimal(others) - 1))


def ratio(a, b):
    return rounded(Decimal(a) / b) if b else 0


def rounded(number):
    """A number with at most two decimals, halves away from zero."""
    if number is None:
        return None
    number = float(Decimal(number).quantize(Decimal("0.01"), ROUND_HALF_UP))
    return int(number) if number.is_integer() else number


def as_dict(row, columns):
    values = {column: getattr(row, column) for column in columns}
    return {
        column: iso(value) if isinstance(value, datetime.datetime) else value
        for column, value in values.items()
    }


def iso(time):
    if time is None:
        return None
    return time.isoformat(timespec="microseconds" if time.microsecond else "seconds") + "Z"
