"""What is measured: the SQL of each contestant, written once for every way to run it.

A text is an expression that gives the JSON answer, or a whole SELECT or UPDATE.
{asset}, {tenant}, {campaign}, {context}, {clock}, {start}, {end}, {before} and {after}
stand for the values, which the ways to run it fill in: variables of a loop inside the server,
parameters of a client, expressions of a pgbench script.
"""

OURS = "ours"
OURS_WITHOUT_CAMPAIGN = "ours, no campaign"
OURS_WITH_KEY = "ours, with a key"
HAND_WRITTEN = "hand-written SQL"
ORM = "ORM service"
LIMIT = "limit"
BARE_READ = "bare read"
DOCUMENT_LIMIT = "limit with documents"
DOCUMENTS = "ours, events in the documents"
COUNT_LIMIT = "limit with count(*)"
LOOK_UP_LIMIT = "limit with look-ups"
INSIGHTS = "insights"
PERFORMANCE = "performance"
WEAR_OUT = "wear-out"
TREND = "trend"
ANALYTICS = "analytics"
RANGED_ANALYTICS = "analytics, date range"
TIMELINE = "timeline"
LOOP = "asset_reuse_track in a loop"
ROWS_ALONE = "INSERT of the rows alone"
WITH_TABLE = "with the table"
WITHOUT_INDEX = "with the table, no log index"
WITHOUT_TABLE = "without the table"

BY_KEY = "WHERE id = {asset} AND tenant_id = {tenant} AND deleted_at IS NULL"
OF_TENANT = "FROM campaign_assets WHERE tenant_id = {tenant} AND deleted_at IS NULL"
COUNT_REUSE = "UPDATE campaign_assets SET reused_count = reused_count + 1, last_reused_at = {clock}"
INSERT_EVENT = ("INSERT INTO campaign_asset_reuse_history"
                " (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, context)")
# a key that no event has
TRACK_WITH_KEY = ("asset_reuse_track({asset}, {tenant}, {campaign}, reuse_context => {context},"
                  " reuse_key => CAST({clock} AS text))")


def track(log_length):
    """The contestants in tracking an asset whose log has this length.

    The limit leaves a short log's document alone; what it costs to write that is the
    limit with documents.  For the others it is the limit.
    """
    rewriting = f"""{COUNT_REUSE}, platform_metadata = platform_metadata || '{{{{"x": 1}}}}' WHERE id = {{asset}}"""
    limits = {LIMIT: rewriting}
    if log_length == 5:
        limits = {LIMIT: f"{COUNT_REUSE} WHERE id = {{asset}}", DOCUMENT_LIMIT: rewriting}
    return {
        OURS: "asset_reuse_track({asset}, {tenant}, {campaign}, reuse_context => {context})",
        OURS_WITHOUT_CAMPAIGN: "asset_reuse_track({asset}, {tenant}, reused_in_type => 'email',"
                               " reused_in_id => 'spring-letter', reuse_context => {context})",
        OURS_WITH_KEY: TRACK_WITH_KEY,
        HAND_WRITTEN: "hand_written.track({asset}, {tenant}, {campaign}, {context})",
        **limits,
    }


def history(log_length):
    """The contestants in reading the newest page of such a log."""
    bare_read = f"SELECT asset_name, reused_count, last_reused_at, platform_metadata FROM campaign_assets {BY_KEY}"
    bare_detoast = f"SELECT jsonb_array_length(platform_metadata->'reuse_history') FROM campaign_assets {BY_KEY}"
    return {
        OURS: "asset_reuse_history({asset}, {tenant})",
        HAND_WRITTEN: "hand_written.history({asset}, {tenant})",
        LIMIT: bare_read if log_length == 5 else bare_detoast,
    }


def analytics(ranged):
    """The contestants in a tenant's figures, of all time or of a range."""
    limits = {LIMIT: f"SELECT count(*), sum(reused_count) {OF_TENANT}"}
    if not ranged:
        return {
            OURS: "asset_reuse_analytics({tenant})",
            HAND_WRITTEN: "SELECT hand_written.analytics({tenant})::text",
            **limits,
        }
    return {
        OURS: "asset_reuse_analytics({tenant}, start_date => {start}, end_date => {end})",
        HAND_WRITTEN: "SELECT hand_written.analytics({tenant}, {start}, {end})::text",
        **limits,
        DOCUMENT_LIMIT: "SELECT count(*), sum(reused_count),"
                        f" sum(jsonb_array_length(platform_metadata->'reuse_history')) {OF_TENANT}",
    }


def insights():
    """What pays, by what is asked, each beside another function of ours that reads as much.

    Analytics reads the same assets as insights, without their campaigns; in a range, it reads their
    logs, as wear-out does; the timeline counts the same events as the trend, without the assets."""
    ranged = "asset_reuse_analytics({tenant}, start_date => '2025-06-01', end_date => '2025-07-01')"
    return {
        INSIGHTS: {OURS: "asset_reuse_insights({tenant})", ANALYTICS: "asset_reuse_analytics({tenant})"},
        PERFORMANCE: {OURS: "SELECT count(*) FROM asset_reuse_performance({tenant})", RANGED_ANALYTICS: ranged},
        WEAR_OUT: {OURS: "SELECT count(*) FROM asset_reuse_wear_out({tenant})", RANGED_ANALYTICS: ranged},
        TREND: {OURS: "SELECT count(*) FROM asset_reuse_trend({tenant}, 'month')",
                TIMELINE: "SELECT count(*) FROM asset_reuse_timeline({tenant}, 'month')"},
    }


def track_into_table():
    """The contestants in tracking where there is a history table: the limit is the bare UPDATE
    of the counter and the bare INSERT, in one statement.  With look-ups it also finds what the
    contract asks for: the live campaign, and the asset's latest event."""
    return {
        OURS: "asset_reuse_track({asset}, {tenant}, {campaign}, reuse_context => {context})",
        OURS_WITH_KEY: TRACK_WITH_KEY,
        LIMIT: f"WITH updated AS ({COUNT_REUSE} WHERE id = {{asset}} RETURNING tenant_id, id, last_reused_at)"
               f" {INSERT_EVENT} SELECT tenant_id, id, last_reused_at, 'campaign_space', {{campaign}}, 'Fall', {{context}}"
               " FROM updated",
        LOOK_UP_LIMIT:
            "WITH updated AS (UPDATE campaign_assets AS a SET reused_count = reused_count + 1, last_reused_at ="
            " greatest({clock}, (SELECT max(reused_at) FROM campaign_asset_reuse_history AS h"
            " WHERE h.tenant_id = {tenant} AND h.asset_id = {asset})) FROM campaign_spaces AS s"
            " WHERE a.id = {asset} AND a.tenant_id = {tenant} AND a.deleted_at IS NULL"
            " AND s.id = {campaign} AND s.tenant_id = {tenant} AND s.deleted_at IS NULL"
            " RETURNING a.tenant_id, a.id, a.last_reused_at, s.campaign_name)"
            f" {INSERT_EVENT} SELECT tenant_id, id, last_reused_at, 'campaign_space', {{campaign}}, campaign_name, {{context}}"
            " FROM updated",
    }


def track_many_into_table():
    """The contestants in tracking a list of assets where there is a history table, and whether they use it."""
    call = "(CAST({asset} AS text[]), {tenant}, {campaign}, reuse_context => {context})"
    return {
        OURS: (f"asset_reuse_track_many{call}", True),
        LOOP: ("SELECT count(asset_reuse_track(id, {tenant}, {campaign}, reuse_context => {context}))"
               " FROM unnest(CAST({asset} AS text[])) AS a (id)", True),
        ROWS_ALONE: (f"{INSERT_EVENT} SELECT {{tenant}}, id, {{clock}}, 'campaign_space', {{campaign}}, 'Fall', {{context}}"
                     " FROM unnest(CAST({asset} AS text[])) AS a (id)", True),
    }


def track_many_into_documents():
    """The same where there is none.  The limit with documents is an UPDATE of the same assets with one key added."""
    in_table = track_many_into_table()
    return {
        **{name: (in_table[name][0], False) for name in (OURS, LOOP)},
        DOCUMENT_LIMIT: (f"""{COUNT_REUSE}, platform_metadata = platform_metadata || '{{{{"x": 1}}}}'"""
                         " WHERE id = ANY (CAST({asset} AS text[]))", False),
        ROWS_ALONE: in_table[ROWS_ALONE],
    }


def import_events(in_table):
    """The contestants in storing the list of bulk.sql; the limit is a load by hand of what is finished already."""
    place = "table" if in_table else "documents"
    return {
        OURS: "SELECT asset_reuse_import({tenant}, e.events, 'bench') FROM bench.import_events AS e",
        LIMIT: f"SELECT bench.import_into_{place}()",
    }


def verify(in_table):
    """The contestants in comparing counters and events; the limit does nothing but count the events."""
    counted = f"sum(coalesce(jsonb_array_length(platform_metadata->'reuse_history'), 0)) {OF_TENANT}"
    if in_table:
        counted = ("(SELECT count(*) FROM (SELECT count(*) FROM campaign_asset_reuse_history"
                   f" WHERE tenant_id = {{tenant}} GROUP BY asset_id) AS e), {counted}")
    return {
        OURS: "SELECT count(*) FROM asset_reuse_verify({tenant})",
        LIMIT: f"SELECT {counted}",
    }


ROWS_OF_PAGE = ("SELECT reused_at, seq, reused_in_type, reused_in_id, reused_in_name, reuse_key, context, original"
                " FROM campaign_asset_reuse_history"
                " WHERE tenant_id = {tenant} AND asset_id = {asset} AND reused_at < {before}"
                " ORDER BY reused_at DESC, seq DESC LIMIT 50")


def page_of_table():
    """The contestants in reading a page of the history table, before a time; that is ours as a cursor."""
    return {
        OURS: "asset_reuse_history({asset}, {tenant}, cursor => {after})",
        LIMIT: ROWS_OF_PAGE,
        LOOK_UP_LIMIT:
            f"SELECT h.*, s.* FROM ({ROWS_OF_PAGE}) AS h LEFT JOIN LATERAL"
            " (SELECT id, campaign_name, platform, is_active FROM campaign_spaces AS c"
            " WHERE h.reused_in_type = 'campaign_space' AND c.id = h.reused_in_id COLLATE \"default\""
            " AND c.tenant_id = {tenant} AND c.deleted_at IS NULL OFFSET 0) AS s ON true",
    }


def first_page_of_table():
    """The contestants in reading the first page with the number of all events."""
    return {
        OURS: "asset_reuse_history({asset}, {tenant})",
        LIMIT: ROWS_OF_PAGE,
        COUNT_LIMIT: "SELECT count(*) FROM campaign_asset_reuse_history"
                     " WHERE tenant_id = {tenant} AND asset_id = {asset}",
    }


def ranged_over_table():
    """The contestants in a tenant's figures of a range, and whether they read the table."""
    ours = "asset_reuse_analytics({tenant}, start_date => {start}, end_date => {end})"
    return {
        OURS: (ours, True),
        HAND_WRITTEN: ("SELECT hand_written.analytics_over_table({tenant}, {start}, {end})::text", True),
        DOCUMENTS: (ours, False),
    }


def readers_of_table():
    """The contestants in the row functions where all events are in the table, by what they read.  The
    limit reads the table alone; with look-ups, a statement by hand gives the same rows as ours, of live assets."""
    of_tenant = "FROM campaign_asset_reuse_history AS h WHERE h.tenant_id = {tenant}"
    live = "a.tenant_id = {tenant} AND a.deleted_at IS NULL"
    joined = of_tenant.replace(" WHERE", f" JOIN campaign_assets AS a ON a.id = h.asset_id AND {live} WHERE")
    used_there = (f"SELECT h.asset_id, count(*) AS reuses, min(h.reused_at) AS first, max(h.reused_at) AS last {of_tenant}"
                  " AND h.reused_in_id = {campaign} AND text(name(h.reused_in_id)) = text(name({campaign}))"
                  " AND h.reused_in_type = 'campaign_space' GROUP BY h.asset_id")
    by_day = ("SELECT day AT TIME ZONE 'UTC', sum(reuses), count(*) FROM (SELECT date_trunc('day', h.reused_at) AS day,"
              " count(*) AS reuses {} AND h.reused_at >= {{start}} AND h.reused_at < {{end}}"
              " GROUP BY 1, h.asset_id) AS g GROUP BY 1 ORDER BY 1")
    newest = ("SELECT h.asset_id, h.reused_at AT TIME ZONE 'UTC', h.reused_in_type, h.reused_in_id, h.reused_in_name,"
              " h.seq, h.reuse_key, h.context, h.original")
    return {
        "asset_reuse_where_used of a campaign": {
            OURS: "SELECT * FROM asset_reuse_where_used({tenant}, {campaign})",
            LIMIT: used_there,
            LOOK_UP_LIMIT:
                "SELECT a.id, a.asset_name, a.asset_type::text, u.reuses,"
                " u.first AT TIME ZONE 'UTC', u.last AT TIME ZONE 'UTC'"
                f" FROM ({used_there}) AS u JOIN campaign_assets AS a ON a.id = u.asset_id AND {live}"
                " ORDER BY u.reuses DESC, u.last DESC, a.id",
        },
        "asset_reuse_timeline of 3 days": {
            OURS: "SELECT * FROM asset_reuse_timeline({tenant}, 'day', start_date => {start}, end_date => {end})",
            LIMIT: by_day.format(of_tenant),
            LOOK_UP_LIMIT: by_day.format(joined),
        },
        "asset_reuse_events, LIMIT 1": {
            OURS: "SELECT asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name"
                  " FROM asset_reuse_events({tenant}) LIMIT 1",
            LIMIT: f"{newest} {of_tenant} ORDER BY h.reused_at DESC LIMIT 1",
            LOOK_UP_LIMIT: f"{newest} {joined} ORDER BY h.reused_at DESC, h.asset_id, h.seq DESC LIMIT 1",
        },
    }


# What an application does with its own assets, and ours for comparison.
INSERT_ASSET = (
    "INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, description, file_url,"
    " file_hash, impressions, clicks, ctr, platform_metadata) VALUES ({asset}, {campaign}, {tenant}, {tenant},"
    " 'A new asset', 'image', repeat('Words about the asset, as people write them. ', 6),"
    " 'https://cdn.example.com/new/original.jpg', md5({asset}), 0, 0, 0,"
    """ '{{"account": "act-1", "status": "ACTIVE"}}')""")
UPDATE_METRICS = (
    "UPDATE campaign_assets SET impressions = impressions + 100, clicks = clicks + 3, updated_at = {clock}"
    " WHERE id = {asset} AND tenant_id = {tenant}")
UPDATE_METADATA = (
    """UPDATE campaign_assets SET platform_metadata = platform_metadata || '{{"status": "PAUSED"}}'"""
    " WHERE id = {asset} AND tenant_id = {tenant}")
DELETE_ASSET = "DELETE FROM campaign_assets WHERE id = {asset} AND tenant_id = {tenant}"
DELETE_CAMPAIGN = "DELETE FROM campaign_spaces WHERE id = {campaign} AND tenant_id = {tenant}"
DELETE_TENANT = "DELETE FROM tenants WHERE id = {tenant}"
TRACK = track_into_table()[OURS]
TRACK_MANY = track_many_into_table()[OURS][0]


def statement(sql):
    """The text as a statement of its own, which gives an answer as text."""
    return sql if sql.startswith(("SELECT ", "UPDATE ", "WITH ")) else f"SELECT ({sql})::text"


def plpgsql_statement(sql):
    """The text as a statement of plpgsql, which keeps an answer and drops rows."""
    if sql.startswith("SELECT "):
        return "PERFORM " + sql.removeprefix("SELECT ")
    return sql if sql.startswith(("INSERT ", "UPDATE ", "DELETE ", "WITH ")) else f"answer := {sql}"
