-- Functions that somebody else has put beside ours, under our names and with
-- argument types that fit a call of ours better; and calls of our aggregate with
-- arguments that are not what they should be.  "any" lets everything through, and
-- nothing of it may be taken for what it is not.
SET client_min_messages = warning;
CREATE SCHEMA hostile_functions;
SET search_path = hostile_functions, public;
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set ECHO none
\i :tables
\set ECHO all
RESET client_min_messages;
-- A column of a domain, for which somebody could write a function that fits better than ours for jsonb.
CREATE DOMAIN document AS jsonb;
ALTER TABLE campaign_assets ALTER platform_metadata TYPE document;
INSERT INTO tenants VALUES ('t', 'T');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('c', 't', 'u', 'C', 'meta');
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
VALUES ('a', 'c', 't', 'u', 'A', 'image');

-- In our own schema, an append and a summary that fit the columns' types exactly.
CREATE FUNCTION public.asset_reuse_log_append(hostile_functions.document, timestamp, timestamp, jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''hostile append was called''; END';
CREATE FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text) RETURNS jsonb
LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile summary was called''; END';

-- Track calls ours: t.
SELECT asset_reuse_track('a', 't')->'success' = 'true' AS tracked;
-- Analytics refuses to call what is not ours: 42501.
DO $$
BEGIN
	PERFORM asset_reuse_analytics('t');
	RAISE 'analytics called it';
EXCEPTION WHEN insufficient_privilege THEN
	RAISE NOTICE '%', SQLERRM;
END
$$;
-- Without it, all is as before: 1.
DROP FUNCTION public.asset_reuse_summary(int, timestamp, timestamp, varchar, float8, int, text, varchar,
	hostile_functions.campaignassettype, int, int, int, text, timestamp, varchar, text);
DROP FUNCTION public.asset_reuse_log_append(hostile_functions.document, timestamp, timestamp, jsonb);
SELECT asset_reuse_analytics('t')->'overview'->'total_reuses' AS reuses;

-- The aggregate refuses a type that the column cannot have, and a call without an id.
SELECT asset_reuse_summary(10, NULL, NULL, id, NULL, NULL, NULL, NULL, point(1, 2),
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(10, NULL, now() AT TIME ZONE 'UTC', id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, asset_name) FROM campaign_assets;
SELECT asset_reuse_summary(10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
-- And a list of no, too many or no known number of assets.
SELECT asset_reuse_summary(0, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(51, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
SELECT asset_reuse_summary(NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL) FROM campaign_assets;
-- A type whose strings are no varlena is read as what it is: {"image": 1}.
SELECT jsonb_object_agg(key, value->'count') AS counts
FROM jsonb_each((SELECT asset_reuse_summary(10, NULL, NULL, id, NULL, NULL, NULL, NULL, asset_type::text::name,
	NULL, NULL, reused_count, NULL, NULL, NULL, NULL) FROM campaign_assets)->'by_asset_type');
-- As a window function it answers for each row and keeps its state: 1, 2.
INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
VALUES ('b', 'c', 't', 'u', 'B', 'video');
SELECT id, asset_reuse_summary(10, NULL, NULL, id, NULL, NULL, NULL, NULL, asset_type,
	NULL, NULL, reused_count, NULL, NULL, NULL, NULL) OVER (ORDER BY id)->'overview'->'total_assets' AS total
FROM campaign_assets ORDER BY id;

SET client_min_messages = warning;
DROP SCHEMA hostile_functions CASCADE;
