-- Saved plans: a session that works on many schemas keeps the most recently used ones, and
-- DISCARD PLANS lets go of all.  What was thrown away is made again.
SET client_min_messages = warning;
\pset format unaligned
\pset footer off
CREATE PROCEDURE create_shops(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		EXECUTE format($sql$
			CREATE SCHEMA regress_shop_%1$s;
			CREATE TABLE regress_shop_%1$s.campaign_spaces (id text PRIMARY KEY, tenant_id text, campaign_name text, deleted_at timestamp);
			CREATE TABLE regress_shop_%1$s.campaign_assets (id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text,
				reused_count int, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
			INSERT INTO regress_shop_%1$s.campaign_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 't', 'Hero', 'image')
			$sql$, i);
	END LOOP;
END
$$;
CREATE PROCEDURE drop_shops(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		EXECUTE format('DROP SCHEMA regress_shop_%s CASCADE', i);
	END LOOP;
END
$$;
-- use_shop makes some calls, each of which needs a plan of its own or two, and returns how often the asset was reused.
CREATE FUNCTION use_shop(shop int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	count int;
BEGIN
	PERFORM set_config('search_path', format('regress_shop_%s, public', shop), true);
	count := asset_reuse_track('hero', 't', reused_in_id => 'x') #> '{asset,reused_count}';
	PERFORM asset_reuse_history('hero', 't'), asset_reuse_analytics('t'), asset_reuse_analytics('t', NULL, '2020-01-01Z'),
		(SELECT count(*) FROM asset_reuse_unused('t'));
	RETURN count;
END
$$;
-- The plans of ours that this session has, by their texts.
CREATE VIEW kept AS SELECT count(*) AS plans FROM pg_backend_memory_contexts WHERE name = 'CachedPlanSource' AND ident ~ 'regress_shop_[0-9]+\.campaign_';

CALL create_shops(50);
SELECT count(*), min(use_shop(shop)), max(use_shop(shop)) FROM generate_series(1, 50) AS shop;
-- At most 100 of some 250.
SELECT plans BETWEEN 90 AND 100 AS bounded FROM kept;
-- The first shop's are made again, and answer as before: 3.
SELECT use_shop(1);
SELECT plans BETWEEN 90 AND 100 AS bounded FROM kept;
-- After DISCARD PLANS the next call leaves its own: 5 or a few.
DISCARD PLANS;
SELECT use_shop(1);
SELECT plans < 10 AS let_go FROM kept;
CALL drop_shops(50);
DROP VIEW kept;
DROP FUNCTION use_shop(int);
DROP PROCEDURE create_shops(int), drop_shops(int);

--
-- Plans that are made while the history table is empty and are kept: an asset's rows are looked for by the primary key,
-- and not by another index that begins with the tenant and costs as much then.
--
CREATE SCHEMA regress_empty;
SET search_path = regress_empty, public;
CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL);
CREATE TABLE campaign_assets (
	id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL,
	reused_count int, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type) VALUES ('hero', 't', 'Hero', 'image');
SELECT asset_reuse_create_history_table();
SET plan_cache_mode = force_generic_plan;
BEGIN;
-- A log that is moved, a track, pages by offset and by cursor, and a document beside rows.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01"}, {"timestamp": "2026-01-02"}, {"timestamp": "?"}]}';
SELECT asset_reuse_track('hero', 't', reused_in_type => 'email')->'asset'->'reused_count' AS count;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-01"}, {"timestamp": "2026-01-03"}]}';
SELECT h->'total' AS total, asset_reuse_history('hero', 't', 2, NULL, h->>'next_cursor')->'has_more' AS more FROM asset_reuse_history('hero', 't', 2) AS h;
SELECT asset_reuse_track('hero', 't', reused_in_type => 'email')->'asset'->'reused_count' AS count;
SELECT pg_get_indexdef(indexrelid) ~ '\(asset_id' AS by_asset, sum(pg_stat_get_xact_numscans(indexrelid)) > 0 AS used
FROM pg_index WHERE indrelid = 'campaign_asset_reuse_history'::regclass GROUP BY 1 ORDER BY 1;
ROLLBACK;
RESET plan_cache_mode;
SET client_min_messages = warning;
DROP SCHEMA regress_empty CASCADE;
