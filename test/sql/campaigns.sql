--
-- asset_reuse_copy_campaign and asset_reuse_sync: a campaign's assets as a whole.
--
\set ECHO none
\pset format unaligned
\pset tuples_only on
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_campaigns;
SET search_path = regress_campaigns, public;
\i :tables
\i :rows
\i :helpers
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type)
SELECT id, 'acme', campaign, 'ann', 'Asset ' || id, 'image'
FROM (VALUES ('made1', 'winter'), ('made2', 'winter'), ('other1', 'fall'), ('other2', 'fall'), ('other3', 'fall')) AS a (id, campaign);
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET client_min_messages = warning;

-- where_are lists the assets that were reused in a campaign, how often, and their counts.
CREATE FUNCTION where_are(campaign text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(format('%s %s/%s', w.asset_id, w.reuses, a.reused_count), ', ' ORDER BY w.asset_id), '-')
	FROM asset_reuse_where_used('acme', campaign) AS w JOIN campaign_assets AS a ON a.id = w.asset_id
$$;
CREATE TABLE said (run text, step int GENERATED ALWAYS AS IDENTITY, statement text, said text);
CREATE PROCEDURE run(run text) LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	result text;
BEGIN
	UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}';
	IF run = 'table' THEN
		PERFORM asset_reuse_create_history_table();
	END IF;
	FOREACH statement IN ARRAY ARRAY[
		-- winter has made1 and made2 of its own, and other1 twice; made2 is in summer already
		$s$SELECT count(asset_reuse_track(id, 'acme', campaign)) FROM (VALUES ('other1', 'winter'), ('other1', 'winter'), ('made2', 'summer'), ('made1', 'winter'), ('other2', 'fall')) AS t (id, campaign)$s$,
		$s$SELECT asset_reuse_copy_campaign('winter', 'summer', 'acme', dry_run => true)$s$,
		$s$SELECT where_are('summer')$s$,
		$s$SELECT asset_reuse_copy_campaign('winter', 'summer', 'acme', 'own')$s$,
		$s$SELECT where_are('summer')$s$,
		$s$SELECT asset_reuse_copy_campaign('winter', 'summer', 'acme', 'reused', '{"by": "copy"}')$s$,
		$s$SELECT asset_reuse_copy_campaign('winter', 'summer', 'acme')$s$,
		$s$SELECT where_are('summer')$s$,
		$s$SELECT asset_reuse_events.context FROM asset_reuse_events('acme', 'other1') LIMIT 1$s$,
		-- into the campaign that some were made in: they are there
		$s$SELECT asset_reuse_copy_campaign('summer', 'winter', 'acme')$s$,
		-- with a key: what was undone stays undone
		$s$SELECT asset_reuse_copy_campaign('fall', 'winter', 'acme', 'own', reuse_key => 'k')$s$,
		$s$SELECT asset_reuse_undo('other3', 'acme', reuse_key => 'k') ->> 'message'$s$,
		$s$SELECT asset_reuse_copy_campaign('fall', 'winter', 'acme', 'own', reuse_key => 'k', dry_run => true)$s$,
		$s$SELECT asset_reuse_copy_campaign('fall', 'winter', 'acme', 'own', reuse_key => 'k')$s$,
		$s$SELECT where_are('winter')$s$,
		-- to itself; to and from another tenant's, a deleted and an absent one
		$s$SELECT asset_reuse_copy_campaign('fall', 'fall', 'acme')$s$,
		$s$SELECT asset_reuse_copy_campaign('rival', 'fall', 'acme')$s$,
		$s$SELECT asset_reuse_copy_campaign('fall', 'rival', 'acme')$s$,
		$s$SELECT asset_reuse_copy_campaign('old', 'fall', 'acme')$s$,
		$s$SELECT asset_reuse_copy_campaign('fall', 'never', 'acme')$s$,
		$s$SELECT asset_reuse_copy_campaign('fall', 'summer', 'acme', 'mine')$s$,
		$s$SELECT asset_reuse_copy_campaign(NULL, 'summer', 'acme')$s$,
		-- sync: fall has what was made there, and other2 is reused there
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1,other1,made1}', dry_run => true)$s$,
		$s$SELECT where_are('fall')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1,other1,made1}', reuse_context => '{"by": "sync"}')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1,other1,made1}')$s$,
		$s$SELECT where_are('fall')$s$,
		$s$SELECT count(asset_reuse_track('made2', 'acme', 'fall')) FROM generate_series(1, 3)$s$,
		$s$SELECT where_are('fall')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made2,other1}', true, true)$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{other1}', true)$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{other1}', true)$s$,
		$s$SELECT where_are('fall')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{}')$s$,
		$s$SELECT string_agg(format('%s %s %s', id, reused_count, (SELECT count(*) FROM asset_reuse_events('acme', a.id))), ', ' ORDER BY id) FROM campaign_assets AS a WHERE tenant_id = 'acme' AND deleted_at IS NULL$s$,
		-- refused
		$s$SELECT asset_reuse_sync('fall', 'acme', '{}', true)$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', NULL)$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1,NULL}')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1,gone,secret,nobody}')$s$,
		$s$SELECT asset_reuse_sync('rival', 'acme', '{made1}')$s$,
		$s$SELECT asset_reuse_sync('fall', 'acme', '{made1}', reuse_context => '[]')$s$,
		$s$SELECT where_are('fall')$s$
	] LOOP
		BEGIN
			EXECUTE statement INTO result;
		EXCEPTION WHEN OTHERS THEN
			result := error_of(statement);
		END;
		INSERT INTO said (run, statement, said) VALUES (run, statement, result);
	END LOOP;
END
$$;
CALL run('documents');
SELECT statement || E'\n  ' || said FROM said WHERE run = 'documents' ORDER BY step;
CALL run('table');
-- The same in the table: nothing differs.
SELECT d.statement, d.said, t.said
FROM (SELECT *, row_number() OVER (ORDER BY step) AS n FROM said WHERE run = 'documents') AS d
JOIN (SELECT *, row_number() OVER (ORDER BY step) AS n FROM said WHERE run = 'table') AS t USING (n)
WHERE t.said IS DISTINCT FROM d.said;
SELECT count(*) FROM said WHERE run = 'table';
SELECT asset_reuse_drop_history_table() > 0;

-- An event that cannot be told apart is not undone, and then nothing is.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [
	{"timestamp": "2026-01-01T00:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "fall"}},
	{"timestamp": "2026-01-01T00:00:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "fall"}}]}', reused_count = 2
WHERE id = 'made1';
SELECT asset_reuse_track('made2', 'acme', 'fall') ->> 'message';
SELECT error_of($$SELECT asset_reuse_sync('fall', 'acme', '{other2}', true)$$);
SELECT where_are('fall');

-- uuids; and assets that name no campaign of their own.
SELECT asset_reuse_sync((SELECT id FROM campaign_spaces WHERE tenant_id LIKE 'aaaaaaaa%')::uuid, 'aaaaaaaa-0000-4000-8000-000000000001',
	'{bbbbbbbb-0000-4000-8000-000000000001}');
SELECT error_of($$SELECT asset_reuse_copy_campaign('aaaaaaaa-0000-4000-8000-000000000002'::uuid, 'aaaaaaaa-0000-4000-8000-000000000003', 'aaaaaaaa-0000-4000-8000-000000000001')$$);
ALTER TABLE campaign_assets DROP campaign_space_id;
UPDATE campaign_assets SET platform_metadata = '{}', reused_count = 0;
SELECT asset_reuse_track('hero', 'acme', 'fall') ->> 'message';
SELECT asset_reuse_copy_campaign('fall', 'summer', 'acme');
SELECT asset_reuse_sync('summer', 'acme', '{clip,hero}');

DROP SCHEMA regress_campaigns CASCADE;
