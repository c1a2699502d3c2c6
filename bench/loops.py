"""Loops inside one backend: made from a text of contestants.py, timed by the server's clock."""

import contestants

VARIABLES = {
    name: name for name in ("asset", "tenant", "campaign", "context", "clock")
}

# Each call is a transaction, as from an application: in one long transaction the versions
# of a row would pile up.  Only the calls are timed, not how they end: with COMMIT, or with
# ROLLBACK where the next round shall find the same rows.  The first calls are not timed: they
# plan, after the vacuum between the rounds.
WRITING_LOOP = """
CREATE PROCEDURE bench.{name}(tenant text, assets text[], untimed int, campaigns text[], context jsonb, INOUT seconds float8)
LANGUAGE plpgsql AS $loop$
DECLARE
    asset text;
    campaign text;
    clock timestamp;
    started timestamptz;
    spent interval := '0';
    answer jsonb;
BEGIN
    FOR i IN 1..cardinality(assets) LOOP
        asset := assets[i];
        campaign := campaigns[1 + i % cardinality(campaigns)];
        clock := clock_timestamp() AT TIME ZONE 'UTC';
        started := clock_timestamp();
        {statement};
        IF i > untimed THEN
            spent := spent + (clock_timestamp() - started);
        END IF;
        {ending};
    END LOOP;
    seconds := extract(epoch FROM spent) / (cardinality(assets) - untimed);
END
$loop$
"""

# Reads change nothing, so many are timed as one: a call may take less than the clock's microsecond.
READING_LOOP = """
CREATE FUNCTION bench.{name}(tenant text, assets text[]) RETURNS float8
LANGUAGE plpgsql AS $loop$
DECLARE
    asset text;
    answer jsonb;
    started timestamptz := clock_timestamp();
BEGIN
    FOREACH asset IN ARRAY assets LOOP
        {statement};
    END LOOP;
    RETURN extract(epoch FROM clock_timestamp() - started) / cardinality(assets);
END
$loop$
"""


def create(cursor, template, name, sql, ending="COMMIT", **values):
    """Create a loop over a text of contestants.py; returns its name."""
    statement = contestants.plpgsql_statement(sql).format(**{**VARIABLES, **values})
    cursor.execute(template.format(name=name, statement=statement, ending=ending))
    return name


def write(cursor, name, tenant, assets, untimed, campaigns, context):
    """Run a loop that writes; returns the seconds of one call."""
    cursor.execute(f"CALL bench.{name}(%s, %s, %s, %s, %s, NULL)", (tenant, assets, untimed, campaigns, context))
    return cursor.fetchone()[0]


def count_updates(cursor):
    """The assets table's updates so far, and how many of them were HOT."""
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'campaign_assets'")
    return cursor.fetchone()


def read(cursor, name, tenant, assets):
    """Run a loop that reads; returns the seconds of one call."""
    cursor.execute(f"SELECT bench.{name}(%s, %s)", (tenant, assets))
    return cursor.fetchone()[0]
