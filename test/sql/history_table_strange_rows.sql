--
-- The history table in odd hands: rows with odd times, triggers that change what is
-- stored, ids that fit no index, and roles that may see an asset but not update it.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set tenants :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
SET client_min_messages = warning;
CREATE SCHEMA regress_strange_rows;
SET search_path = regress_strange_rows, public;
\i :tables
\i :tenants
\i :helpers
CREATE ROLE regress_strange_caller;
GRANT USAGE ON SCHEMA regress_strange_rows TO regress_strange_caller;
GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO regress_strange_caller;
\set ECHO all
-- An id of a place that is longer than any campaign's: it names none, in either place.
SELECT asset_reuse_track('hero', 'acme', reused_in_id => string_agg(md5(i::text), '')) ->> 'success' FROM generate_series(1, 200) AS i;
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_id => string_agg(md5(i::text), '')) ->> 'success' FROM generate_series(1, 200) AS i;
SELECT length(reused_in_id), count(*) FROM campaign_asset_reuse_history GROUP BY 1;
SELECT reuses FROM asset_reuse_where_used('acme', reused_in_id => (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 200) AS i));
-- One that differs at the end only is another place, though the index has the beginning alone: no row.
SELECT reuses FROM asset_reuse_where_used('acme', reused_in_id => (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 200) AS i) || 'x');

-- A row at infinity is in no bucket.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES ('acme', 'line', 'infinity');
SELECT sum(reuses) FROM asset_reuse_timeline('acme', 'month');
SELECT count(*) FROM asset_reuse_timeline('acme', 'month', 'headline');
DELETE FROM campaign_asset_reuse_history WHERE asset_id = 'line';
-- The last month that there is has a bucket: 1.
SELECT count(*) FROM asset_reuse_timeline('acme', 'month', NULL, '294276-12-01 00:00Z', '294276-12-15 00:00Z');

-- A trigger that suppresses the row: 27000, and nothing is counted.
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER suppress BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT error_of($$ SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x') $$);
SELECT reused_count FROM campaign_assets WHERE id = 'line';
DROP TRIGGER suppress ON campaign_asset_reuse_history;

-- A log that moves, and triggers that suppress one of its rows, or leave the log where it is: 27000, since the event
-- would be lost, or in both places.
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, platform_metadata)
SELECT 'logged', 'acme', campaign_space_id, user_id, 'Logged', 'image',
	'{"reuse_history": [{"timestamp": "2026-01-01T10:00:00.700001"}, {"timestamp": "2026-01-02T10:00:00"}]}' FROM campaign_assets WHERE id = 'line';
CREATE TRIGGER suppress BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW WHEN (NEW.reused_at = '2026-01-02 10:00') EXECUTE FUNCTION suppress();
SELECT error_of($$ SELECT asset_reuse_track('logged', 'acme', reused_in_id => 'x') $$);
DROP TRIGGER suppress ON campaign_asset_reuse_history;
CREATE FUNCTION keep_document() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.platform_metadata := OLD.platform_metadata; RETURN NEW; END $$;
CREATE TRIGGER keep_document BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION keep_document();
SELECT error_of($$ SELECT asset_reuse_track('logged', 'acme', reused_in_id => 'x') $$);
DROP TRIGGER keep_document ON campaign_assets;
SELECT platform_metadata, reused_count, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'logged') FROM campaign_assets WHERE id = 'logged';
-- With neither: three events in the table.
SELECT asset_reuse_track('logged', 'acme', reused_in_id => 'x') ->> 'success';
SELECT platform_metadata, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'logged') FROM campaign_assets WHERE id = 'logged';
-- One that keeps the asset from being counted: 27000, and no row.
CREATE TRIGGER suppress BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT error_of($$ SELECT asset_reuse_track('logged', 'acme', reused_in_id => 'x') $$);
DROP TRIGGER suppress ON campaign_assets;
SELECT reused_count, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'logged') FROM campaign_assets WHERE id = 'logged';
-- One that stores events at other times: each is there once, and the answer and last_reused_at have the time that was stored.
CREATE FUNCTION round_time() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.reused_at := date_trunc('second', NEW.reused_at) + interval '1 second'; RETURN NEW; END $$;
CREATE TRIGGER round_time BEFORE INSERT ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION round_time();
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-03T10:00:00.700001"}]}' WHERE id = 'logged';
SELECT to_char((t #>> '{event,timestamp}')::timestamptz, 'US') AS microseconds, t #> '{event,timestamp}' = t #> '{asset,last_reused_at}' AS same
FROM asset_reuse_track('logged', 'acme', reused_in_id => 'x') AS t;
DROP TRIGGER round_time ON campaign_asset_reuse_history;
SELECT total, event ->> 'timestamp' FROM asset_reuse_history('logged', 'acme') AS h, LATERAL (SELECT h -> 'total', h -> 'history' -> 2) AS e (total, event);
-- One that tracks the asset again while an event is stored: last_reused_at is the later event's time.  One that is absurd does not stay.
CREATE FUNCTION track_again() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN PERFORM asset_reuse_track(NEW.asset_id, NEW.tenant_id, reused_in_id => 'again'); RETURN NULL; END $$;
CREATE TRIGGER track_again AFTER INSERT ON campaign_asset_reuse_history FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION track_again();
SELECT (t #>> '{asset,last_reused_at}')::timestamptz > (t #>> '{event,timestamp}')::timestamptz AS later FROM asset_reuse_track('logged', 'acme', reused_in_id => 'x') AS t;
DROP TRIGGER track_again ON campaign_asset_reuse_history;
SELECT reused_in_id, a.last_reused_at = h.reused_at AS latest, reused_count FROM campaign_assets AS a JOIN campaign_asset_reuse_history AS h ON asset_id = id
WHERE id = 'logged' ORDER BY reused_at DESC LIMIT 2;
CREATE FUNCTION be_absurd() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN UPDATE campaign_assets SET last_reused_at = TG_ARGV[0]::timestamp WHERE id = NEW.asset_id; RETURN NULL; END $$;
CREATE TRIGGER be_absurd AFTER INSERT ON campaign_asset_reuse_history FOR EACH ROW EXECUTE FUNCTION be_absurd('9999-12-31');
SELECT t #> '{event,timestamp}' = t #> '{asset,last_reused_at}' AS same FROM asset_reuse_track('logged', 'acme', reused_in_id => 'x') AS t;
DROP TRIGGER be_absurd ON campaign_asset_reuse_history;
DELETE FROM campaign_assets WHERE id = 'logged';

-- Times some hours ahead of the clock, which count: each is shown as what it is after :soon.
SELECT date_trunc('hour', now()) + interval '5 hours' AS soon \gset
SELECT to_char(timestamptz :'soon' AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') AS soon_utc \gset
CREATE FUNCTION event_after(answer jsonb, base timestamptz) RETURNS interval LANGUAGE sql AS
	$$SELECT (answer #>> '{event,timestamp}')::timestamptz - base$$;
-- An event in the document, and a row that is later by what a rounding of the first would be: each of both counts, so
-- the next events are one microsecond later than the later one, which is the event at first and the row at last.
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, platform_metadata)
SELECT 'ahead', 'acme', campaign_space_id, user_id, 'Ahead', 'image',
	format('{"reuse_history": [{"timestamp": "%s.000007", "by": "another"}]}', :'soon_utc')::jsonb FROM campaign_assets WHERE id = 'line';
SELECT event_after(asset_reuse_track('ahead', 'acme', reused_in_id => 'x'), :'soon') FROM generate_series(1, 5);
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at) VALUES ('acme', 'ahead', timestamp :'soon_utc' + interval '1 second');
SELECT event_after(asset_reuse_track('ahead', 'acme', reused_in_id => 'x'), :'soon') FROM generate_series(1, 2);
-- The same where last_reused_at is rounded.
CREATE TABLE own_assets (id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text, reused_count int,
	last_reused_at timestamptz(3), platform_metadata jsonb, deleted_at timestamp);
INSERT INTO own_assets (id, tenant_id, platform_metadata)
VALUES ('ahead', 'acme', format('{"reuse_history": [{"timestamp": "%s.123997", "by": "another"}]}', :'soon_utc')::jsonb);
SET asset_reuse.assets_table = own_assets;
SET asset_reuse.history_table = own_history;
SELECT asset_reuse_create_history_table();
SELECT event_after(asset_reuse_track('ahead', 'acme', reused_in_id => 'x'), :'soon') FROM generate_series(1, 5);
INSERT INTO own_history (tenant_id, asset_id, reused_at) VALUES ('acme', 'ahead', timestamptz :'soon' + interval '1 second');
SELECT event_after(asset_reuse_track('ahead', 'acme', reused_in_id => 'x'), :'soon') FROM generate_series(1, 2);
SELECT last_reused_at - :'soon' FROM own_assets;
DROP TABLE own_history, own_assets;
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
DELETE FROM campaign_assets WHERE id = 'ahead';

-- A column that rounds times could not say which event is which: 42809.
ALTER TABLE campaign_asset_reuse_history ALTER reused_at TYPE timestamp(3);
SELECT error_of($$ SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x') $$);
ALTER TABLE campaign_asset_reuse_history ALTER reused_at TYPE timestamp;

-- A trigger that strips logs: the drop would lose the events, and is refused.
CREATE FUNCTION strip() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN NEW.platform_metadata := NEW.platform_metadata - 'reuse_history'; RETURN NEW; END $$;
CREATE TRIGGER strip BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION strip();
SELECT error_of('SELECT asset_reuse_drop_history_table()');
DROP TRIGGER strip ON campaign_assets;
SELECT asset_reuse_drop_history_table();

-- Who sees an asset but may not update it cannot add or change its events: no row, 42501.
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON campaign_assets FOR SELECT USING (true);
CREATE POLICY own ON campaign_assets FOR UPDATE USING (user_id = current_user);
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') ->> 'success';
SET ROLE regress_strange_caller;
UPDATE campaign_asset_reuse_history SET context = '{"forged": true}';
SELECT count(*) FROM campaign_asset_reuse_history WHERE context ? 'forged';
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('acme', 'hero', '2026-02-02') $$);
-- Nor does the function: nothing is counted, and the error is the one of an asset that is not there.
SELECT left(error_of($$ SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x') $$), 5);
RESET ROLE;
-- Of his own he can: true.
UPDATE campaign_assets SET user_id = 'regress_strange_caller' WHERE id = 'line';
SET ROLE regress_strange_caller;
SELECT asset_reuse_track('line', 'acme', reused_in_id => 'x') ->> 'success';
RESET ROLE;
-- A policy that lets an asset be updated until it was reused twice, and the update itself pass: as in documents, a
-- third call stores nothing, and finds no asset; the second is stored with the log that moves.
DROP POLICY own ON campaign_assets;
CREATE POLICY twice ON campaign_assets FOR UPDATE USING (reused_count < 2) WITH CHECK (reused_count <= 2);
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL;
CREATE PROCEDURE track_thrice() LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	FOR i IN 1..3 LOOP
		SELECT error_of('SELECT asset_reuse_track(''clip'', ''acme'', reused_in_id => ''x'')') INTO said;
		RAISE WARNING '%', said;
	END LOOP;
END
$$;
SELECT asset_reuse_drop_history_table() > 0;
SET ROLE regress_strange_caller;
CALL track_thrice();
RESET ROLE;
SELECT reused_count, jsonb_array_length(platform_metadata -> 'reuse_history') FROM campaign_assets WHERE id = 'clip';
UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01"}, 7]}' WHERE id = 'clip';
SELECT asset_reuse_create_history_table();
SET ROLE regress_strange_caller;
CALL track_thrice();
RESET ROLE;
SELECT reused_count, platform_metadata, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = 'clip') FROM campaign_assets WHERE id = 'clip';
-- Without the second call's right to what it leaves, it is refused in both places alike: 42501.
UPDATE campaign_assets SET reused_count = 1 WHERE id = 'clip';
DROP POLICY twice ON campaign_assets;
CREATE POLICY once ON campaign_assets FOR UPDATE USING (reused_count < 2);
SET ROLE regress_strange_caller;
SELECT error_of($$ SELECT asset_reuse_track('clip', 'acme', reused_in_id => 'x') $$);
RESET ROLE;
SELECT asset_reuse_drop_history_table() > 0;
SET ROLE regress_strange_caller;
SELECT error_of($$ SELECT asset_reuse_track('clip', 'acme', reused_in_id => 'x') $$);
RESET ROLE;
-- A tenant cannot store events of another's asset: 42501.
DROP POLICY once ON campaign_assets;
DROP POLICY seen ON campaign_assets;
CREATE POLICY of_tenant ON campaign_assets USING (tenant_id = current_setting('regress.tenant', true));
SELECT asset_reuse_create_history_table();
SET ROLE regress_strange_caller;
SET regress.tenant = 'globex';
SELECT error_of($$ INSERT INTO campaign_asset_reuse_history VALUES ('globex', 'hero', '2026-02-02') $$);
SELECT asset_reuse_track('secret', 'globex', reused_in_id => 'x') ->> 'success';
RESET ROLE;
-- What is no key, such as an empty one, is not there twice: not while the asset also has a log with a key, either.
DROP POLICY of_tenant ON campaign_assets;
UPDATE campaign_assets SET reused_count = 3, last_reused_at = '2026-01-09', platform_metadata = jsonb_build_object('reuse_history', jsonb_build_array(
	jsonb_build_object('timestamp', '2026-01-09', 'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_id', 'x', 'reuse_key', 'k')))) WHERE id = 'line';
DELETE FROM campaign_asset_reuse_history WHERE asset_id = 'line';
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reuse_key) VALUES ('acme', 'line', '2026-01-07', ''), ('acme', 'line', '2026-01-08', '');
SELECT problem FROM asset_reuse_verify('acme', 'line');
UPDATE campaign_asset_reuse_history SET reuse_key = repeat('k', 256) WHERE asset_id = 'line';
SELECT problem FROM asset_reuse_verify('acme', 'line');
-- The log's own key is, once a row has it.
UPDATE campaign_asset_reuse_history SET reuse_key = 'k' WHERE asset_id = 'line' AND reused_at = '2026-01-07';
SELECT problem FROM asset_reuse_verify('acme', 'line');

\set ECHO none
SET client_min_messages = warning;
DROP SCHEMA regress_strange_rows CASCADE;
DROP ROLE regress_strange_caller;
