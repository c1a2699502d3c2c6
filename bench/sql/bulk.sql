--
-- What import is measured with: events for assets of one tenant that were never reused, and what a
-- load by hand would send: finished rows, or finished documents as JSON.
--
--	:tenant	of these assets
--	:assets	so many of them
--	:events	of each
--

CREATE TABLE bench.import_rows AS
SELECT tenant_id, id AS asset_id, made_at + n * interval '1 minute' AS reused_at,
	'email' AS reused_in_type, 'letter-' || n AS reused_in_id, 'Letter ' || n AS reused_in_name,
	'bench:' || id || n AS reuse_key, '{"placement": "feed", "variant": 3}'::jsonb AS context
FROM (SELECT tenant_id, id, timestamp '2025-03-01' + row_number() OVER (ORDER BY id) * interval '1 second' AS made_at
	FROM campaign_assets
	WHERE tenant_id = :'tenant' AND deleted_at IS NULL AND coalesce(reused_count, 0) = 0 ORDER BY id LIMIT :assets) AS a,
	generate_series(1, :events) AS n;

-- in the order of time, as a list from elsewhere has them
CREATE TABLE bench.import_events AS
SELECT jsonb_agg(jsonb_build_object(
	'asset_id', asset_id, 'timestamp', to_char(reused_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	'key', asset_id || reused_in_id, 'reused_in_type', reused_in_type, 'reused_in_id', reused_in_id,
	'reused_in_name', reused_in_name, 'context', context) ORDER BY reused_at, asset_id) AS events
FROM bench.import_rows;

CREATE TABLE bench.import_documents AS
SELECT r.asset_id, count(*) AS events, max(r.reused_at) AS last_reused_at,
	CAST((SELECT coalesce(a.platform_metadata, '{}') FROM campaign_assets AS a WHERE a.id = r.asset_id)
	|| jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object(
		'timestamp', to_char(r.reused_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', r.context || jsonb_build_object('reused_in_type', r.reused_in_type, 'reused_in_id', r.reused_in_id,
			'reused_in_name', r.reused_in_name, 'reuse_key', r.reuse_key)) ORDER BY r.reused_at)) AS text) AS document
FROM bench.import_rows AS r GROUP BY r.asset_id;

-- a statement for each row and each asset, as an application sends them
CREATE FUNCTION bench.import_into_table() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT * FROM bench.import_rows LOOP
		INSERT INTO campaign_asset_reuse_history
			(tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, reused_in_name, reuse_key, context)
		VALUES (r.tenant_id, r.asset_id, r.reused_at, r.reused_in_type, r.reused_in_id, r.reused_in_name, r.reuse_key, r.context);
	END LOOP;
	FOR r IN SELECT * FROM bench.import_documents LOOP
		UPDATE campaign_assets
		SET reused_count = coalesce(reused_count, 0) + r.events, last_reused_at = r.last_reused_at, updated_at = now()
		WHERE id = r.asset_id;
	END LOOP;
END
$$;

CREATE FUNCTION bench.import_into_documents() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT * FROM bench.import_documents LOOP
		UPDATE campaign_assets
		SET reused_count = coalesce(reused_count, 0) + r.events, last_reused_at = r.last_reused_at, updated_at = now(),
			platform_metadata = CAST(r.document AS jsonb)
		WHERE id = r.asset_id;
	END LOOP;
END
$$;

ANALYZE bench.import_rows, bench.import_events, bench.import_documents;
