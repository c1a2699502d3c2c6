--
-- Limits and rights of reuse, which belong to the application: how often an asset may be reused,
-- and until when.  asset_reuse stores a reuse and counts it in one transaction, so what refuses
-- the new count refuses the reuse: the call fails with the error raised here, and nothing has
-- changed.  The row is locked: of two calls for the last reuse that is left, one fails.
--
-- Run it once, as the owner of campaign_assets.
--
-- Both errors are 23514 (check_violation), which an API maps to 409; the constraint's name says
-- which.  Do not hand an error's DETAIL to clients: for a CHECK it prints the row, with every
-- column that the caller may read ("Failing row contains (...)").
--

-- Null is without a limit.  expires_at is UTC, as the table's other times.
ALTER TABLE campaign_assets
	ADD COLUMN usage_limit integer,
	ADD COLUMN expires_at timestamp,
	ADD CONSTRAINT reuse_within_limit CHECK (reused_count <= usage_limit);

-- A CHECK may not ask the clock, and would refuse every update of an expired asset; the trigger
-- refuses only what adds a reuse.  Taking one back stays possible.
CREATE FUNCTION refuse_expired_reuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the rights to reuse the campaign asset have expired'
		USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END
$$;

CREATE TRIGGER reuse_before_expiry
	BEFORE UPDATE OF reused_count ON campaign_assets FOR EACH ROW
	WHEN (NEW.reused_count > coalesce(OLD.reused_count, 0)
		AND NEW.expires_at <= clock_timestamp() AT TIME ZONE 'UTC')
	EXECUTE FUNCTION refuse_expired_reuse();
