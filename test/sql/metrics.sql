-- What an event records of its asset: its metrics as they were, under at_reuse, in both places.
SET client_min_messages = warning;
CREATE SCHEMA regress_metrics;
SET search_path = regress_metrics, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set ECHO none
\i :tables
\i :rows
\i :helpers
\set ECHO all
\pset format unaligned
\pset footer off

-- snapshots are those of an asset's events, oldest first, as each reader has them.
CREATE FUNCTION snapshots(asset text, tenant text DEFAULT 'acme', OUT events jsonb, OUT same boolean) LANGUAGE sql AS $$
	SELECT jsonb_agg(e.context -> 'at_reuse' ORDER BY e.reused_at, e.event_id),
		jsonb_agg(e.context -> 'at_reuse' ORDER BY e.reused_at, e.event_id) =
			(SELECT jsonb_agg(h -> 'context' -> 'at_reuse' ORDER BY n DESC)
			 FROM jsonb_array_elements(asset_reuse_history(asset, tenant) -> 'history') WITH ORDINALITY AS x (h, n))
	FROM asset_reuse_events(tenant, asset) AS e
$$;

--
-- Every writer, in the documents and in the history table
--

-- track_all tracks in each way, with other metrics each time, and tells the snapshots that answers show.
CREATE FUNCTION track_all() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	call text;
	n int := 0;
	answer jsonb;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		$c$ asset_reuse_track('hero', 'acme', NULL, 'email', 'letter') $c$,
		$c$ asset_reuse_track('hero', 'acme', 'summer', reuse_context => '{"a": 1, "zzzzzzzzzzzzzzzzzzzz": 2}') $c$,
		$c$ asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k') $c$,
		$c$ asset_reuse_track_many('{hero}', 'acme', 'winter') $c$,
		$c$ asset_reuse_copy_campaign('fall', 'summer', 'acme', 'reused', reuse_key => 'copied') $c$,
		$c$ asset_reuse_copy_campaign('summer', 'winter', 'acme', 'own') $c$,
		$c$ asset_reuse_sync('fall', 'acme', '{hero,clip}') $c$,
		-- the stored event, with the metrics of then
		$c$ asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k') $c$]
	LOOP
		n := n + 1;
		UPDATE campaign_assets SET impressions = 1000 * n, clicks = 10 * n, conversions = n, spend = n + 0.25 WHERE tenant_id = 'acme';
		EXECUTE 'SELECT ' || call INTO answer;
		RETURN NEXT coalesce(answer #> '{event,context,at_reuse}', answer - 'assets')::text;
	END LOOP;
END
$$;
BEGIN;
SELECT * FROM track_all();
SELECT asset, snapshots.* FROM unnest('{hero,clip}'::text[]) AS asset, snapshots(asset);
SELECT jsonb_path_query_array(platform_metadata, '$.reuse_history[*].context') AS contexts FROM campaign_assets WHERE id = 'hero';
SELECT * FROM asset_reuse_verify('acme');
ROLLBACK;
-- Where there is a table, the snapshot is in the row's context, and the row has no original.
BEGIN;
SELECT asset_reuse_create_history_table();
SELECT * FROM track_all();
SELECT asset, snapshots.* FROM unnest('{hero,clip}'::text[]) AS asset, snapshots(asset);
SELECT asset_id, reused_in_id, reuse_key, context, original FROM campaign_asset_reuse_history ORDER BY reused_at, asset_id;
SELECT * FROM asset_reuse_verify('acme');
ROLLBACK;

--
-- It stays with its event
--

-- Moved to the table and back, taken back by undo, and imported.
BEGIN;
SELECT count(*) FROM track_all();
CREATE TEMPORARY TABLE before AS SELECT id, platform_metadata -> 'reuse_history' AS log FROM campaign_assets;
SELECT asset_reuse_create_history_table();
-- The asset's next write moves its log, as the migration does.
SELECT asset_reuse_track('hero', 'acme', 'fall') #> '{event,context,at_reuse}';
SELECT asset_reuse_track('clip', 'acme', 'fall') #> '{event,context,at_reuse}';
SELECT count(*), count(context -> 'at_reuse') AS snapshots, count(original) FROM campaign_asset_reuse_history;
-- A copy that software brings back is one: it is not shown and not counted twice.
UPDATE campaign_assets AS a SET platform_metadata = jsonb_set(a.platform_metadata, '{reuse_history}', b.log)
FROM before AS b WHERE b.id = a.id AND b.log IS NOT NULL;
SELECT asset, snapshots.* FROM unnest('{hero,clip}'::text[]) AS asset, snapshots(asset);
SELECT asset_id, problem, events FROM asset_reuse_verify('acme');
SELECT asset_reuse_drop_history_table();
SELECT id, platform_metadata -> 'reuse_history' @> log AS kept, jsonb_array_length(platform_metadata -> 'reuse_history') - jsonb_array_length(log) AS more
FROM campaign_assets JOIN before USING (id) WHERE log IS NOT NULL ORDER BY id;
SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k') #> '{event,context}' AS undone;
SELECT snapshots.* FROM snapshots('hero');
ROLLBACK;
-- One that another software has changed is another event.
BEGIN;
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS tracked;
CREATE TEMPORARY TABLE before AS SELECT platform_metadata FROM campaign_assets WHERE id = 'hero';
SELECT asset_reuse_create_history_table();
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'success' AS tracked;
UPDATE campaign_assets SET platform_metadata =
	(SELECT jsonb_set(platform_metadata, '{reuse_history,0,context,at_reuse,clicks}', '18') FROM before) WHERE id = 'hero';
SELECT snapshots.* FROM snapshots('hero');
ROLLBACK;
-- An import brings its own; what it does not bring, the asset has not had then.
CREATE FUNCTION import_two() RETURNS SETOF jsonb LANGUAGE sql AS $$
	SELECT asset_reuse_import('acme', '[
		{"asset_id": "hero", "timestamp": "2026-01-03T10:00:00Z", "campaign_space_id": "fall",
		 "context": {"at_reuse": {"impressions": 12345678901234567890.5, "clicks": null, "reach": 7}, "b": 1}},
		{"asset_id": "hero", "timestamp": "2026-01-04T10:00:00Z", "campaign_space_id": "fall"}]', 'crm');
	SELECT context FROM asset_reuse_events('acme', 'hero') ORDER BY reused_at
$$;
BEGIN;
SELECT import_two();
ROLLBACK;
BEGIN;
SELECT asset_reuse_create_history_table();
SELECT import_two();
ROLLBACK;
SELECT at_reuse, asset_reuse_import('acme', jsonb_build_array(jsonb_build_object('asset_id', 'hero', 'timestamp', '2026-01-03T10:00:00Z',
	'reused_in_id', 'x', 'context', jsonb_build_object('at_reuse', at_reuse))), 'crm', 'skip', dry_run => true) #>> '{failed,0,message}' AS message
FROM unnest(ARRAY['{}', '[]', 'null', '"7"', '{"clicks": "7"}', '{"spend": [1]}', '{"impressions": true}', '{"conversions": {}}',
	'{"spend": 1, "clicks": 2, "conversions": 3, "impressions": 4}']::jsonb[]) AS at_reuse;

--
-- What is recorded
--

-- Numbers of each type, whole; null, NaN and infinity are left out, and so is at_reuse without any.
CREATE DOMAIN clicks_domain AS bigint CHECK (VALUE IS NULL OR VALUE < 1e19);
CREATE FUNCTION record(impressions text, clicks text, conversions text, spend text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	recorded jsonb;
	again jsonb;
BEGIN
	EXECUTE format('UPDATE campaign_assets SET impressions = %L, clicks = %L, conversions = %L, spend = %L WHERE id = ''hero''',
		impressions, clicks, conversions, spend);
	recorded := asset_reuse_track('hero', 'acme', 'fall') #> '{event,context}';
	again := asset_reuse_track('hero', 'acme', 'fall', reuse_key => clock_timestamp()::text) #> '{event,context}';
	IF recorded IS DISTINCT FROM again - 'reuse_key' THEN
		RETURN concat_ws(' or ', recorded, again);
	END IF;
	RETURN coalesce(recorded ->> 'at_reuse', 'none');
END
$$;
BEGIN;
ALTER TABLE campaign_assets ALTER impressions TYPE bigint, ALTER clicks TYPE clicks_domain, ALTER conversions TYPE numeric, ALTER spend TYPE real;
SELECT record('9223372036854775807', '9007199254740993', '12.30', '1.01');
SELECT record('-1', '0', '-0.0000000000000000000000000000000000000001', '3.4e38');
SELECT record(NULL, '1', 'NaN', 'NaN');
SELECT record(NULL, NULL, 'Infinity', '-Infinity');
SELECT record('0', NULL, '-Infinity', NULL);
UPDATE campaign_assets SET conversions = 0, spend = 0;
ALTER TABLE campaign_assets ALTER impressions TYPE smallint USING 1, ALTER clicks TYPE double precision, ALTER conversions TYPE numeric(12,4),
	ALTER spend TYPE numeric;
SELECT record('32767', '0.1', '12.3', repeat('9', 400));
-- Fewer columns, and none.
ALTER TABLE campaign_assets DROP spend;
SELECT asset_reuse_track('hero', 'acme', 'fall') #> '{event,context,at_reuse}';
ALTER TABLE campaign_assets DROP clicks, DROP conversions;
SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'less') #> '{event,context,at_reuse}';
ALTER TABLE campaign_assets DROP impressions;
SELECT asset_reuse_track('hero', 'acme', 'fall') #> '{event,context}';
SELECT asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'none') #> '{event,context}';
ALTER TABLE campaign_assets ADD spend money;
SELECT error_of($$ SELECT asset_reuse_track('hero', 'acme', 'fall') $$);
ROLLBACK;

-- The setting, which anybody may set, at any time.
BEGIN;
SHOW asset_reuse.record_metrics;
SET LOCAL asset_reuse.record_metrics = off;
SELECT asset_reuse_track('hero', 'acme', 'fall') #> '{event,context}';
SELECT asset_reuse_track('hero', 'acme', NULL, 'email', reuse_key => 'off') #> '{event,context}';
SET LOCAL asset_reuse.record_metrics = on;
SELECT asset_reuse_track('hero', 'acme', NULL, 'email') #> '{event,context}';
SELECT context, setting FROM pg_settings WHERE name = 'asset_reuse.record_metrics';
ROLLBACK;

-- What a trigger makes of the asset before it is stored is not what it was at the reuse; what a trigger makes of the event is told.
BEGIN;
CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.clicks := 99;
	NEW.platform_metadata := jsonb_set(NEW.platform_metadata, '{reuse_history,-1,context,seen}', 'true');
	RETURN NEW;
END
$$;
CREATE TRIGGER change BEFORE UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION change();
SELECT answer #> '{event,context}' AS context, answer #> '{asset,clicks}' AS clicks FROM asset_reuse_track('hero', 'acme', 'fall') AS answer;
SELECT platform_metadata #> '{reuse_history,-1,context}' AS stored FROM campaign_assets WHERE id = 'hero';
ROLLBACK;

-- The function by itself: only numbers, and a context that is an object.  The keys are in jsonb's order among any others.
SELECT asset_reuse_event_metrics(context, 1, 2::bigint, 3.50, 4.25::real) = context || '{"at_reuse": {"spend": 1, "clicks": 2, "conversions": 3.50, "impressions": 4.25}}' AS same, context
FROM unnest(ARRAY['{}', '{"a": 1}', '{"zzzzzzzz": [1], "at_reusf": 2, "at_reusd": 3.0}', '{"at_reuse": "mine", "b": null}',
	'{"at_reuse": 1, "at_reuse_": {"x": [1, 2.5]}, "reuse_key": "k", "": ""}']::jsonb[]) AS context;
SELECT asset_reuse_event_metrics('{"a": 1}', NULL, NULL, NULL, NULL);
SELECT error_of($$ SELECT asset_reuse_event_metrics(NULL, 1, 2, 3, 4) $$);
SELECT error_of($$ SELECT asset_reuse_event_metrics('[]', 1, 2, 3, 4) $$);
SELECT error_of($$ SELECT asset_reuse_event_metrics('{}', 'x', 2, 3, 4) $$);
SELECT error_of($$ SELECT asset_reuse_event_metrics('{}', 1, now(), 3, 4) $$);
SELECT error_of($$ SELECT asset_reuse_event_metrics('{}', 1, 2, '{}'::jsonb, 4) $$);

SET client_min_messages = warning;
DROP SCHEMA regress_metrics CASCADE;
