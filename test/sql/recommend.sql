--
-- asset_reuse_recommend: what to reuse next, by what the nearest campaigns have; the same wherever
-- the events are, and as plain SQL says.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_recommend;
SET search_path = regress_recommend, public;
\i :tables
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'Asia/Kathmandu';

-- use stores an event as track would have at that time, and counts it.
CREATE FUNCTION use(asset text, campaign text, at timestamp, type text DEFAULT 'campaign_space') RETURNS void LANGUAGE sql AS $$
	UPDATE campaign_assets SET reused_count = coalesce(reused_count, 0) + 1, last_reused_at = greatest(last_reused_at, at),
		platform_metadata = jsonb_set(platform_metadata, '{reuse_history}',
			coalesce(platform_metadata -> 'reuse_history', '[]') || jsonb_build_object('timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
				'context', jsonb_build_object('reused_in_type', type, 'reused_in_id', campaign, 'reused_in_name', campaign)))
	WHERE id = asset
$$;

-- The small example, worked out by hand: C1 is a year old; C2, C3 and C4 are of today.  Now is 2026-01-02.
INSERT INTO tenants VALUES ('t', 'T'), ('rival', 'Rival');
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform) SELECT c, 't', b, 'u', c, p::adplatform
FROM (VALUES ('C1', 'b1', 'meta'), ('C2', 'b1', 'meta'), ('C3', 'b2', 'tiktok'), ('C4', NULL, 'tiktok'), ('target', 'b3', 'reddit'), ('home', NULL, 'other')) AS c (c, b, p);
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at)
SELECT a, 't', 'home', 'u', 'Asset ' || a, CASE a WHEN 'D' THEN 'video' ELSE 'image' END::campaignassettype, '2026-01-01'
FROM unnest('{A,B,C,D,E}'::text[]) AS a;
-- They were made nowhere that counts.
UPDATE campaign_spaces SET deleted_at = '2025-01-01' WHERE id = 'home';
SELECT use(a, c, at) FROM (VALUES
	('A', 'C1', timestamp '2025-01-01'), ('B', 'C1', '2025-01-01'), ('C', 'C1', '2025-01-01'),
	('A', 'C2', '2026-01-01'), ('B', 'C2', '2026-01-01'), ('D', 'C2', '2026-01-01'),
	('A', 'C3', '2026-01-01 00:00:00.000001'), ('D', 'C3', '2026-01-01 00:00:00.000001'), ('E', 'C4', '2026-01-01'),
	('A', 'target', '2026-01-01 00:00:00.000002'), ('B', 'target', '2026-01-01 00:00:00.000002')) AS u (a, c, at);
SELECT string_agg(id || ' ' || reused_count, ', ' ORDER BY id) FROM campaign_assets;
SELECT jsonb_pretty(asset_reuse_recommend('t', 'target', as_of => '2026-01-01 00:00:00.000003Z'));
