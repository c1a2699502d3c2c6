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
SET DateStyle = ISO;

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
-- What fills up and the times: those are of now.
SELECT asset_id, fit, source, campaigns, because FROM asset_reuse_recommendations('t', 'target', row_limit => 2);

-- Types are of items, not of seeds; what is in the campaign already is none; only so many.
SELECT asset_id, source FROM asset_reuse_recommendations('t', 'target', 'image');
SELECT asset_id, source FROM asset_reuse_recommendations('t', 'target', 'video', 1);

-- A shorter half life: the campaign of a year ago is as good as gone, but still the only one that has C.
SELECT asset_id, fit, source FROM asset_reuse_recommendations('t', 'target', half_life => '1 month', as_of => '2026-01-01 00:00:00.000003Z');

-- As of earlier, what came later is not known: no seeds yet; then one seed, which was in one campaign; and before all, nothing.
SELECT as_of AT TIME ZONE 'UTC' AS as_of, r.asset_id, r.fit, r.source, r.campaigns, r.because, r.reused_count, r.last_reused_at AT TIME ZONE 'UTC' AS last_reused_at
FROM unnest('{2025-06-01Z, 2026-01-01 00:00:00.000002Z, 2024-01-01Z}'::timestamptz[]) AS as_of,
	LATERAL asset_reuse_recommendations('t', 'C2', as_of => as_of) AS r;

-- An empty campaign has what its brand has, the newest campaign counting most; without a brand, or of one that has
-- nothing, what its platform has; else what is popular.  No campaign: that, too.
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform) VALUES
	('e brand', 't', 'b1', 'u', 'e', 'tiktok'), ('e platform', 't', NULL, 'u', 'e', 'tiktok'), ('e lonely brand', 't', 'b9', 'u', 'e', 'meta'),
	('e nothing', 't', 'b9', 'u', 'e', 'youtube');
SELECT campaign, r.asset_id, r.fit, r.source, r.campaigns, r.because
FROM unnest('{e brand,e platform,e lonely brand,e nothing,NULL}'::text[]) AS campaign,
	LATERAL asset_reuse_recommendations('t', campaign, as_of => '2026-01-01 00:00:00.000003Z') AS r;

-- Deleted assets and campaigns never appear, nor does what they have; another tenant's events never count.
BEGIN;
UPDATE campaign_assets SET deleted_at = '2026-01-01' WHERE id = 'D';
SELECT asset_id, fit, source, campaigns FROM asset_reuse_recommendations('t', 'target');
ROLLBACK;
BEGIN;
UPDATE campaign_spaces SET deleted_at = '2026-01-01' WHERE id = 'C2';
SELECT asset_id, fit, source, campaigns FROM asset_reuse_recommendations('t', 'target');
ROLLBACK;
BEGIN;
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) SELECT 'R' || c, 'rival', 'u', 'R', 'meta' FROM generate_series(1, 20) AS c;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, platform_metadata) SELECT 'X' || n, 'rival', 'R1', 'u', 'X', 'image',
	jsonb_build_object('reuse_history', (SELECT jsonb_agg(jsonb_build_object('timestamp', '2026-01-01T00:00:00.000000', 'context',
		jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', c))) FROM unnest('{R1,R2,target,C1,C2}'::text[]) AS c)) FROM generate_series(1, 3) AS n;
SELECT asset_id, source, campaigns FROM asset_reuse_recommendations('t', 'target');
SELECT error_of($$ SELECT asset_reuse_recommend('t', 'R1') $$);
ROLLBACK;
SELECT error_of($$ SELECT asset_reuse_recommend('rival', 'target') $$) = error_of($$ SELECT asset_reuse_recommend('t', 'none') $$) AS same,
	error_of($$ SELECT asset_reuse_recommend('t', 'home') $$);

-- Events ahead of the clock by more than a day, and those without a time, do not count.
BEGIN;
SELECT use('E', 'C1', '2999-01-01'), use('E', 'C2', 'infinity');
UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history,99}',
	'{"timestamp": "soon", "context": {"reused_in_type": "campaign_space", "reused_in_id": "C2"}}') WHERE id = 'E';
SELECT asset_id, source, campaigns FROM asset_reuse_recommendations('t', 'target');
ROLLBACK;
-- Nor as of later.
BEGIN;
SELECT use('E', 'C1', (now() + interval '5 days') AT TIME ZONE 'UTC');
SELECT asset_id, source, campaigns, reused_count, last_reused_at < '2026-01-02' AS earlier FROM asset_reuse_recommendations('t', 'target', as_of => now() + interval '9 days');
ROLLBACK;

-- An asset without an id, which nobody can reuse: it is in no list of assets.
BEGIN;
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey, ALTER id DROP NOT NULL;
INSERT INTO campaign_assets (tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, impressions, clicks, platform_metadata)
SELECT 't', c, 'u', 'Nameless', 'image', '2025-12-01', 1000, 10, jsonb_set(platform_metadata, '{reuse_history,0,context,at_reuse}', '{"impressions": 1, "clicks": 1}')
FROM unnest('{C2,target,home}'::text[]) AS c, campaign_assets WHERE id = 'A';
SELECT asset_id, source, campaigns FROM asset_reuse_recommendations('t', 'target', explore => 3, order_by => 'expected');
SELECT asset_id, source, campaigns FROM asset_reuse_recommendations('t', 'e nothing');
SELECT count(*) FROM asset_reuse_recommend_evaluate('t', '2024-01-01Z');
SELECT count(asset_id) AS named, count(*) FROM asset_reuse_performance('t');
SELECT count(*) FROM asset_reuse_wear_out('t');
SELECT asset_reuse_copy_campaign('target', 'C4', 't', dry_run => true) -> 'added' AS copied, asset_reuse_sync('C2', 't', '{A}', dry_run => true) AS synced;
ROLLBACK;
-- An id that two assets have: the error that all functions of one asset raise.
BEGIN;
ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_pkey;
INSERT INTO campaign_assets SELECT * FROM campaign_assets WHERE id = 'D';
SELECT error_of($$ SELECT asset_reuse_recommend('t', 'target') $$), error_of($$ SELECT asset_reuse_recommend('t') $$) = error_of($$ SELECT asset_reuse_track('D', 't', 'C1') $$) AS same;
ROLLBACK;

-- By what is expected: D and C fit about as well with this half life, but C has more clicks than its like, and D fewer.
BEGIN;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, impressions, clicks)
SELECT 'n' || n, 't', 'home', 'u', 'New ' || n, 'image', '2026-01-01', 1000 * n, 20 * n + n % 7 * 15 FROM generate_series(1, 20) AS n;
UPDATE campaign_assets SET impressions = 100000, clicks = CASE id WHEN 'C' THEN 9000 WHEN 'D' THEN 100 ELSE 3000 END WHERE id <= 'E';
UPDATE campaign_assets SET asset_type = 'image';
SELECT asset_id, fit, source, shrunken_rate, label FROM asset_reuse_recommendations('t', 'target', row_limit => 3, half_life => '5 years');
SELECT asset_id, fit, source, shrunken_rate, label FROM asset_reuse_recommendations('t', 'target', row_limit => 3, half_life => '5 years', order_by => 'expected');
-- The factor is clipped: exactly 4 times what it was.
SELECT round((max(e.fit / f.fit) / min(e.fit / f.fit))::numeric, 3) FROM asset_reuse_recommendations('t', 'target', row_limit => 2, half_life => '5 years') AS f
	JOIN asset_reuse_recommendations('t', 'target', row_limit => 2, half_life => '5 years', order_by => 'expected') AS e USING (asset_id);
-- To explore: assets never reused, not one that was made in the campaign.
UPDATE campaign_assets SET campaign_space_id = 'target' WHERE id = 'n6';
SELECT asset_id, fit, source, shrunken_rate, label, reused_count FROM asset_reuse_recommendations('t', 'target', row_limit => 4, explore => 2);
SELECT asset_id, source FROM asset_reuse_recommendations('t', row_limit => 3, explore => 3);
SELECT asset_id, source FROM asset_reuse_recommendations('t', 'target', 'video', explore => 3);
ROLLBACK;
-- The rates and labels are those of asset_reuse_performance; one that gets worse from use to use is fading.
BEGIN;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, impressions, clicks)
SELECT 'n' || n, 't', 'home', 'u', 'New ' || n, 'image', '2026-01-01', 1000 * n, 20 * n + n % 7 * 15 FROM generate_series(1, 20) AS n;
UPDATE campaign_assets SET impressions = 400000, clicks = 10000, asset_type = 'image', created_at = '2025-12-01' WHERE id IN ('C', 'D');
UPDATE campaign_assets SET platform_metadata = (SELECT jsonb_build_object('reuse_history', jsonb_agg(e -> 'e' ||
	jsonb_build_object('context', e -> 'e' -> 'context' || jsonb_build_object('at_reuse', jsonb_build_object('impressions', n * 100000, 'clicks', (ARRAY[4000, 7000, 9000])[n])),
		'timestamp', to_char(timestamp '2025-12-20' + n * interval '2 days', 'YYYY-MM-DD"T"HH24:MI:SS.US')) ORDER BY n))
	FROM generate_series(1, 3) AS n, (SELECT jsonb_build_object('e', platform_metadata -> 'reuse_history' -> 0) AS e) AS one)
WHERE id = 'D';
SELECT r.asset_id, r.label, r.label = p.label AND round(r.shrunken_rate::numeric, 7) = round(p.shrunken_rate::numeric, 7) AS same
FROM asset_reuse_recommendations('t', order_by => 'expected', explore => 5) AS r JOIN asset_reuse_performance('t') AS p USING (asset_id) ORDER BY r.label = 'fading' DESC, 1 LIMIT 4;
ROLLBACK;
-- Without a figure there is no rate that says anything, and nothing changes.
SELECT asset_id, fit, source, shrunken_rate, label FROM asset_reuse_recommendations('t', 'target', row_limit => 2, order_by => 'expected');

-- Arguments.
SELECT arguments, error_of(format('SELECT asset_reuse_recommend(%s)', arguments)) FROM unnest(ARRAY[
	'NULL::text', '''''', $$'t', ''$$, $$'t', row_limit => 0$$, $$'t', row_limit => 51$$, $$'t', explore => -1$$, $$'t', explore => 11$$,
	$$'t', order_by => 'best'$$, $$'t', half_life => '0'$$, $$'t', half_life => '-1 day'$$, $$'t', half_life => '1 month -31 days'$$, $$'t', asset_type => 'song'$$,
	$$'t', as_of => 'infinity'$$, $$'t', as_of => now(), order_by => 'expected'$$, $$'t', as_of => now(), explore => 1$$,
	$$'7e000000-0000-4000-8000-000000000001'::uuid$$]) AS arguments;
-- NULL is the default.
SELECT asset_reuse_recommend('t', NULL, NULL, NULL, NULL, NULL, NULL, NULL) -> 'filters' = asset_reuse_recommend('t') -> 'filters' AS same;
SELECT asset_reuse_recommend('nobody');

--
-- Against plain SQL, on random data: more than 50 seeds, assets with more than 100 uses, more than 200 campaigns, and
-- one of more than 1,000 uses; assets made in campaigns; letters; deleted assets and campaigns; counters that are older than the events.
--
TRUNCATE tenants CASCADE;
INSERT INTO tenants VALUES ('t', 'T');
SELECT setseed(0.2);
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform, deleted_at)
SELECT 'c' || c, 't', 'b' || c % 5, 'u', 'c', (enum_range(NULL::adplatform))[1 + c % 12], CASE WHEN c % 17 = 3 THEN timestamp '2026-01-01' END FROM generate_series(1, 300) AS c;
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, deleted_at)
SELECT 'a' || a, 't', 'c' || 1 + a * 7 % 300, 'u', 'Asset ' || a, (ARRAY['image', 'video'])[1 + a % 2]::campaignassettype, timestamp '2023-01-01' + a * interval '1 day',
	CASE WHEN a % 11 = 5 THEN timestamp '2026-01-01' END FROM generate_series(1, 500) AS a;
-- truth is what was used where and when, wherever that is stored.
CREATE TABLE truth AS
SELECT 'a' || 1 + floor(500 * power(random(), 3))::int AS asset, 'c' || 1 + floor(300 * power(random(), 2))::int AS place,
	CASE WHEN random() < 0.05 THEN 'email' ELSE 'campaign_space' END AS type, timestamp '2024-01-01' + random() * interval '700 days' AS at
FROM generate_series(1, 6000)
UNION ALL SELECT 'a' || 1 + n % 200, 'c300', 'campaign_space', timestamp '2024-01-01' + n * interval '1 hour' FROM generate_series(1, 1010) AS n
UNION ALL SELECT 'a' || n * 5, 'c299', 'campaign_space', timestamp '2025-12-01' + n * interval '1 hour' FROM generate_series(1, 70) AS n;
UPDATE campaign_assets SET reused_count = uses + n % 3, last_reused_at = last,
	platform_metadata = jsonb_build_object('reuse_history', log)
FROM (SELECT asset, count(*) AS uses, max(at) AS last, substr(asset, 2)::int AS n, jsonb_agg(jsonb_build_object(
	'timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', jsonb_build_object('reused_in_type', type, 'reused_in_id', place, 'reused_in_name', NULL)) ORDER BY at) AS log
	FROM truth GROUP BY asset) AS t WHERE id = asset;

CREATE INDEX ON truth (asset, at);
ANALYZE;
-- formula is what insight.md says, word for word.
CREATE FUNCTION formula(target text, half_life interval, as_of timestamp, wanted text, given text[] DEFAULT NULL) RETURNS TABLE (id text, fit float8, campaigns bigint)
LANGUAGE sql STABLE AS $$
WITH known AS (SELECT * FROM truth WHERE at < coalesce(as_of, 'infinity')),
asset AS (
	SELECT a.id, asset_type, campaign_space_id, created_at, deleted_at IS NULL AS live,
		greatest(coalesce(reused_count, 0) - (SELECT count(*) FROM truth WHERE asset = a.id AND at >= as_of), 0) AS uses FROM campaign_assets AS a),
made AS (SELECT * FROM asset WHERE created_at < coalesce(as_of, 'infinity')),
inside AS (
	SELECT id AS asset, campaign_space_id AS campaign FROM made UNION ALL SELECT asset, place FROM known WHERE type = 'campaign_space'),
member AS (
	SELECT DISTINCT asset FROM inside JOIN asset ON id = asset AND live WHERE campaign = target
	UNION SELECT unnest(given)),
seed AS (SELECT a.*, power(1 + uses, -0.5::float8) AS idf FROM asset AS a JOIN member ON a.id = asset WHERE given IS NULL OR a.id = ANY (given) ORDER BY uses DESC, id LIMIT 50),
used AS (
	SELECT s.id, idf, place AS campaign, u.at FROM seed AS s, LATERAL (SELECT * FROM known WHERE asset = s.id ORDER BY at DESC LIMIT 100) AS u WHERE type = 'campaign_space'
	UNION ALL SELECT id, idf, campaign_space_id, created_at FROM seed JOIN made USING (id, campaign_space_id, created_at)),
near AS (
	SELECT campaign, sum(idf) * power(0.5::float8, (extract(epoch FROM coalesce(as_of, now() AT TIME ZONE 'UTC') - max(at)) / extract(epoch FROM half_life))::float8) AS near
	FROM (SELECT campaign, id, idf, max(at) AS at FROM used WHERE campaign <> target GROUP BY 1, 2, 3) AS u GROUP BY 1),
kept AS (
	SELECT n.* FROM near AS n JOIN campaign_spaces AS s ON s.id = campaign AND deleted_at IS NULL
	WHERE (SELECT count(*) FROM inside AS i WHERE i.campaign = n.campaign) <= 1000 ORDER BY near DESC, campaign COLLATE "C" LIMIT 200),
has AS (
	SELECT DISTINCT i.campaign, near, asset FROM kept JOIN inside AS i USING (campaign)),
scored AS (
	SELECT asset, sum(near / size) AS sum, count(*) AS campaigns FROM (SELECT *, count(*) OVER (PARTITION BY campaign) AS size FROM has) AS h GROUP BY asset)
SELECT id, power(1 + uses, -0.1::float8) * sum, campaigns FROM scored JOIN asset ON id = asset
WHERE live AND asset NOT IN (SELECT asset FROM member) AND asset_type::text = coalesce(wanted, asset_type::text) ORDER BY 2 DESC, 1 LIMIT 50
$$;
CREATE TABLE asked AS SELECT t, h, as_of, w FROM unnest('{c299,c2,c40,c250}'::text[]) AS t, (VALUES
	(interval '365 days', NULL::timestamp, NULL), ('30 days', NULL, 'video'), ('365 days', timestamp '2025-06-01', NULL), ('1000 days', '2025-12-02', 'image')) AS o (h, as_of, w);
-- differences are those of what is recommended, of campaigns with few and with many seeds.
CREATE TABLE formulated AS
	SELECT t, h, as_of, w, row_number() OVER (PARTITION BY t, h, as_of, w ORDER BY f.fit DESC, id) AS n, id,
		round((f.fit / max(f.fit) OVER (PARTITION BY t, h, as_of, w))::numeric, 4) AS fit, f.campaigns
	FROM asked, LATERAL formula(t, h, as_of, w) AS f;
CREATE FUNCTION differences() RETURNS TABLE (target text, n bigint, said text, formula text) LANGUAGE sql AS $$
	WITH said AS (
		SELECT t, h, as_of, w, row_number() OVER (PARTITION BY t, h, as_of, w ORDER BY ordinality) AS n, asset_id, round(fit::numeric, 4) AS fit, campaigns
		FROM asked, LATERAL asset_reuse_recommendations('t', t, w, 50, half_life => h, as_of => as_of AT TIME ZONE 'UTC') WITH ORDINALITY
		WHERE source = 'similar_campaigns')
	SELECT coalesce(s.t, f.t), coalesce(s.n, f.n), (s.asset_id, s.fit, s.campaigns)::text, (f.id, f.fit, f.campaigns)::text
	FROM said AS s FULL JOIN formulated AS f
		ON s.t = f.t AND s.h = f.h AND s.as_of IS NOT DISTINCT FROM f.as_of AND s.w IS NOT DISTINCT FROM f.w AND s.n = f.n
	WHERE s.asset_id IS DISTINCT FROM f.id OR abs(s.fit - f.fit) > 0.0001 OR s.campaigns <> f.campaigns OR s.asset_id IS NULL OR f.id IS NULL
$$;
SELECT count(DISTINCT (t, h, as_of, w)) AS asked, count(*) AS items FROM formulated;
SELECT * FROM differences();
-- trials are the campaigns that began since then, late enough that nothing needs to be filled up: given the first half of what was reused there, not made there, what else will be?
CREATE FUNCTION trials(since timestamp) RETURNS TABLE (hits numeric, ndcg numeric, n bigint) LANGUAGE sql AS $$
	WITH use AS (
		SELECT t.place, t.asset, min(t.at) AS at, min(min(t.at)) OVER (PARTITION BY t.place) AS began FROM truth AS t JOIN campaign_assets AS a ON a.id = asset JOIN campaign_spaces AS s ON s.id = place
		WHERE type = 'campaign_space' AND s.deleted_at IS NULL GROUP BY 1, 2),
	live AS (
		SELECT u.*, row_number() OVER w AS nth, count(*) OVER (PARTITION BY place) AS count FROM use AS u JOIN campaign_assets AS a ON a.id = asset
		WHERE began >= since AND a.deleted_at IS NULL AND a.campaign_space_id <> place WINDOW w AS (PARTITION BY place ORDER BY at, asset)),
	trial AS (
		SELECT place, began, array_agg(asset) FILTER (WHERE nth <= count / 2) AS seeds, array_agg(asset) FILTER (WHERE nth > count / 2 AND (
			(SELECT created_at FROM campaign_assets WHERE id = asset) < began OR EXISTS (SELECT FROM truth AS k WHERE k.asset = l.asset AND k.at < began))) AS rest
		FROM live AS l GROUP BY 1, 2 HAVING count(*) > 1),
	gain AS (
		SELECT (SELECT coalesce(sum(ln(2) / ln(n + 1)) FILTER (WHERE id = ANY (rest)), 0)
				FROM (SELECT id, row_number() OVER () AS n FROM formula(place, '365 days', began, NULL, seeds) AS f LIMIT 10) AS f) AS gain,
			(SELECT sum(ln(2) / ln(n + 1)) FROM generate_series(1, least(cardinality(rest), 10)) AS n) AS best
		FROM trial WHERE rest IS NOT NULL)
	SELECT round(avg((gain > 0)::int), 6), round(avg(gain / best)::numeric, 6), count(*) FROM gain
$$;
SELECT t.n > 10 AS enough, e.campaigns = t.n AS campaigns, round(hit_rate_10::numeric, 6) = hits AS hits, round(ndcg_10::numeric, 6) = ndcg AS ndcg, ndcg > 0 AS some
FROM asset_reuse_recommend_evaluate('t', '2024-06-01Z', 1000) AS e, trials('2024-06-01') AS t WHERE method = 'recommend';
-- The same documents, for what has no formula here: the answers, in whole.
CREATE TABLE told AS SELECT n, answer FROM (VALUES
	(1, asset_reuse_recommend('t', as_of => '2025-12-25Z', row_limit => 50)), (2, asset_reuse_recommend('t', 'c7', 'video', as_of => '2024-02-01Z', row_limit => 50)),
	(3, asset_reuse_recommend('t', 'c299', as_of => '2025-12-03Z', row_limit => 50))) AS told (n, answer);
INSERT INTO campaign_spaces (id, tenant_id, brand_id, user_id, campaign_name, platform) VALUES ('e1', 't', 'b1', 'u', 'e', 'meta'), ('e2', 't', NULL, 'u', 'e', 'meta');
INSERT INTO told SELECT 3 + n, asset_reuse_recommend('t', 'e' || n, as_of => '2025-12-25Z', row_limit => 50) FROM generate_series(1, 2) AS n;
INSERT INTO told SELECT 6, jsonb_agg(to_jsonb(e)) FROM asset_reuse_recommend_evaluate('t', '2024-01-01Z') AS e;
SELECT n, jsonb_array_length(answer -> 'items') AS items, answer -> 'items' -> 0 ->> 'source' AS source, answer -> 'seeds' AS seeds FROM told WHERE n < 6 ORDER BY n;
CREATE FUNCTION changes() RETURNS SETOF int LANGUAGE sql AS $$
	SELECT n FROM told WHERE answer IS DISTINCT FROM CASE n
		WHEN 1 THEN asset_reuse_recommend('t', as_of => '2025-12-25Z', row_limit => 50)
		WHEN 2 THEN asset_reuse_recommend('t', 'c7', 'video', as_of => '2024-02-01Z', row_limit => 50)
		WHEN 3 THEN asset_reuse_recommend('t', 'c299', as_of => '2025-12-03Z', row_limit => 50)
		WHEN 6 THEN (SELECT jsonb_agg(to_jsonb(e)) FROM asset_reuse_recommend_evaluate('t', '2024-01-01Z') AS e)
		ELSE asset_reuse_recommend('t', 'e' || n - 3, as_of => '2025-12-25Z', row_limit => 50) END
$$;
SELECT * FROM changes();
-- With an empty history table, with every second time moved, with all: no differences, and no changes.
SELECT asset_reuse_create_history_table();
SELECT * FROM differences();
SELECT * FROM changes();
CALL move_events(2);
ANALYZE;
SELECT count(*) > 0 AS some FROM campaign_asset_reuse_history;
SELECT * FROM differences();
SELECT * FROM changes();
CALL move_events(1);
SELECT * FROM differences();
SELECT * FROM changes();
-- The planner may do what it likes.
CREATE TABLE serial AS SELECT asset_reuse_recommend('t', 'c7', order_by => 'expected', explore => 2) AS answer;
SET plan_cache_mode = force_custom_plan;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SELECT * FROM differences();
SELECT * FROM changes();
RESET plan_cache_mode;
RESET enable_seqscan;
RESET enable_hashjoin;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT asset_reuse_recommend('t', 'c7', order_by => 'expected', explore => 2) = (SELECT answer FROM serial) AS same_in_parallel;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- How good it would have been, on data of chance.
SELECT method, campaigns, round(hit_rate_10::numeric, 4), round(ndcg_10::numeric, 4), round(coverage::numeric, 4) FROM asset_reuse_recommend_evaluate('t', '2024-03-01Z');
SELECT * FROM asset_reuse_recommend_evaluate('t', '2999-01-01Z');
-- What an asset has in common with others does not change if it is used again in the same campaigns, however often.
INSERT INTO tenants VALUES ('often', 'Often');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) SELECT 'often' || i, 'often', 'u', 'Often', 'meta' FROM generate_series(1, 10) AS i;
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('home of often', 'often', 'u', 'Home', 'meta');
INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, platform_metadata)
SELECT id, 'often', 'home of often', 'u', 'Often', 'image', '2024-01-01', jsonb_build_object('reuse_history', (
	SELECT jsonb_agg(jsonb_build_object('timestamp', at, 'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', 'often' || place)) ORDER BY at)
	FROM (SELECT '2025-01-01'::timestamp + i * interval '1 hour', 1 + i % 9 FROM generate_series(1, CASE id WHEN 'seed' THEN 209 ELSE 9 END) AS i
		UNION ALL SELECT '2026-06-01'::timestamp + interval '1 day' * (id <> 'seed')::int, 10) AS uses (at, place)))
FROM unnest('{seed,other}'::text[]) AS id;
SELECT method, campaigns, hit_rate_10, ndcg_10 FROM asset_reuse_recommend_evaluate('often', '2026-01-01Z') WHERE method = 'item_cosine';
SELECT DISTINCT campaigns FROM asset_reuse_recommend_evaluate('t', '2024-01-01Z', 10);
SELECT arguments, error_of(format('SELECT asset_reuse_recommend_evaluate(%s)', arguments)) FROM unnest(ARRAY[
	$$NULL::text, '2024-01-01'$$, $$'t', NULL$$, $$'t', '2024-01-01', 0$$, $$'t', '2024-01-01', 100001$$]) AS arguments;

-- A tenant of few campaigns with many events each: what a campaign has is looked for by the place, and no
-- more of the index by time is read than popularity takes, which is 10,000 events.
CREATE SCHEMA regress_recommend_few;
SET search_path = regress_recommend_few, public;
\set ECHO none
\i :tables
\set ECHO all
INSERT INTO tenants VALUES ('few', 'Few');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) SELECT 'c' || n, 'few', 'u', 'C' || n, 'meta' FROM generate_series(1, 20) AS n;
INSERT INTO campaign_assets (id, tenant_id, user_id, campaign_space_id, asset_name, asset_type)
SELECT 'a' || n, 'few', 'u', 'c' || 1 + n % 20, 'A' || n, 'image' FROM generate_series(1, 2000) AS n;
SELECT asset_reuse_create_history_table();
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id)
SELECT 'few', 'a' || 1 + n * 7 % 2000, timestamp '2026-01-01' + n * interval '1 minute', 'campaign_space', 'c' || 1 + n * 11 % 20 FROM generate_series(1, 20000) AS n;
ANALYZE campaign_asset_reuse_history, campaign_assets, campaign_spaces;
BEGIN;
SELECT jsonb_array_length(asset_reuse_recommend('few', 'c5', as_of => '2026-02-01Z', row_limit => 1) -> 'items') AS items;
SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FILTER (WHERE a.attname = 'reused_at') <= 10001 AS few_by_time,
	sum(pg_stat_get_xact_numscans(i.indexrelid)) FILTER (WHERE a.attname = 'text') > 0 AS by_place
FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND a.attnum = 2
WHERE i.indrelid = 'campaign_asset_reuse_history'::regclass;
COMMIT;

-- Of the nearest campaigns, all but 199 are deleted; no event has moved to the table yet.  Each look at what campaigns have
-- reads all six documents that have a log: there are few, and the answer is the same as with all events in the table.
INSERT INTO tenants VALUES ('gone', 'Gone');
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform, deleted_at)
SELECT 'g' || n, 'gone', 'u', 'G', 'meta', CASE WHEN n >= 200 THEN timestamp '2026-01-01' END FROM generate_series(0, 500) AS n;
INSERT INTO campaign_assets (id, tenant_id, user_id, campaign_space_id, asset_name, asset_type, created_at, reused_count, platform_metadata)
SELECT 'g' || asset, 'gone', 'u', CASE WHEN asset < 6 THEN 'g0' ELSE 'g500' END, 'A', 'image', '2025-01-01', count(*), jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object(
	'timestamp', to_char(timestamp '2026-01-01' - n * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
	'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', 'g' || n)) ORDER BY n DESC))
FROM (SELECT 1 + n % 5 AS asset, n FROM generate_series(1, 500) AS n UNION ALL SELECT 6, n FROM generate_series(190, 290) AS n) AS u GROUP BY asset;
ANALYZE campaign_assets, campaign_spaces;
SET track_functions = 'all';
BEGIN;
SELECT coalesce(pg_stat_get_xact_function_calls('asset_reuse_log_events'::regproc), 0) AS before \gset
CREATE TABLE gone AS SELECT asset_reuse_recommend('gone', 'g0', as_of => '2026-01-02Z') AS answer;
SELECT (pg_stat_get_xact_function_calls('asset_reuse_log_events'::regproc) - :before) / 6 <= 8 AS few;
COMMIT;
RESET track_functions;
SELECT i ->> 'id' AS asset, i ->> 'campaigns' AS campaigns FROM gone, jsonb_array_elements(answer -> 'items') AS i;
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
SELECT asset_reuse_recommend('gone', 'g0', as_of => '2026-01-02Z') = answer AS same FROM gone;
DROP SCHEMA regress_recommend, regress_recommend_few CASCADE;
