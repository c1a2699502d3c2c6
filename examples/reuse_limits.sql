--
-- Limits how often an asset may be reused, and until when.  asset_reuse leaves this to the
-- application.  It stores a reuse and counts it in one transaction, so whatever refuses the new
-- count refuses the reuse: the call fails with the error raised here, and nothing has changed.
-- The row is locked, so of two calls for the last remaining reuse, one fails.
--
-- Run it once by psql, as the owner of the assets:
--
--     psql -f examples/reuse_limits.sql
--     psql -v assets=shop.creatives -f examples/reuse_limits.sql
--
-- Both errors are 23514 (check_violation), which an API maps to HTTP status 409; the constraint's
-- name tells them apart.  Do not pass an error's DETAIL on to clients: for a CHECK it shows every
-- column of the row that the caller may read ("Failing row contains (...)").
--

\if :{?assets}
\else
	\set assets campaign_assets
\endif

BEGIN;

-- Null means no limit.  expires_at is UTC, like the table's other times.
ALTER TABLE :assets
	ADD COLUMN usage_limit integer,
	ADD COLUMN expires_at timestamp,
	ADD CONSTRAINT reuse_within_limit CHECK (reused_count <= usage_limit);

-- A CHECK must not depend on the clock, and would refuse every update of an expired asset.  The
-- trigger refuses only updates that add a reuse; taking one back is still possible.
CREATE FUNCTION refuse_expired_reuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the rights to reuse the campaign asset have expired'
		USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END
$$;

CREATE TRIGGER reuse_before_expiry
	BEFORE UPDATE OF reused_count ON :assets FOR EACH ROW
	WHEN (NEW.reused_count > coalesce(OLD.reused_count, 0)
		AND NEW.expires_at <= clock_timestamp() AT TIME ZONE 'UTC')
	EXECUTE FUNCTION refuse_expired_reuse();

COMMIT;
