--
-- The hand-written contestant: what a good backend engineer would write in SQL and plpgsql,
-- with the same answers as ours for the calls that are measured.
--

CREATE SCHEMA hand_written;

-- iso is a time as the answers show it.
CREATE FUNCTION hand_written.iso(t timestamp) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(t, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

--
-- Track: the campaign, then one UPDATE with jsonb_set and ||, RETURNING the answer
--

CREATE FUNCTION hand_written.track(asset text, tenant text, campaign text, context jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	clock timestamp := clock_timestamp() AT TIME ZONE 'UTC';
	name text;
	place jsonb;
	answer jsonb;
BEGIN
	SELECT c.campaign_name INTO name
	FROM campaign_spaces AS c
	WHERE c.id = campaign AND c.tenant_id = tenant AND c.deleted_at IS NULL;
	IF NOT FOUND THEN
		RAISE no_data_found USING MESSAGE = 'campaign space not found', TABLE = 'campaign_spaces';
	END IF;
	place := context || jsonb_build_object(
		'reused_in_type', 'campaign_space', 'reused_in_id', campaign, 'reused_in_name', name);

	UPDATE campaign_assets AS a
	SET reused_count = coalesce(a.reused_count, 0) + 1,
		last_reused_at = greatest(clock, a.last_reused_at + interval '1 microsecond'),
		updated_at = clock,
		platform_metadata = jsonb_set(a.platform_metadata, '{reuse_history}',
			coalesce(a.platform_metadata->'reuse_history', '[]') || jsonb_build_object(
				'timestamp', to_char(greatest(clock, a.last_reused_at + interval '1 microsecond'), 'YYYY-MM-DD"T"HH24:MI:SS.US'),
				'context', place))
	WHERE a.id = asset AND a.tenant_id = tenant AND a.deleted_at IS NULL
	RETURNING jsonb_build_object(
		'success', true,
		'asset', jsonb_build_object(
			'id', a.id, 'asset_name', a.asset_name, 'asset_type', a.asset_type,
			'campaign_space_id', a.campaign_space_id, 'file_url', a.file_url,
			'thumbnail_url', a.thumbnail_url, 'impressions', a.impressions, 'clicks', a.clicks,
			'conversions', a.conversions, 'ctr', a.ctr, 'reused_count', a.reused_count,
			'last_reused_at', hand_written.iso(a.last_reused_at),
			'created_at', hand_written.iso(a.created_at), 'updated_at', hand_written.iso(a.updated_at)),
		'event', jsonb_build_object(
			'timestamp', hand_written.iso(a.last_reused_at), 'reused_in_type', 'campaign_space',
			'reused_in_id', campaign, 'reused_in_name', name, 'context', place),
		'message', 'Asset reuse tracked successfully (total reuses: ' || a.reused_count || ')')
	INTO answer;
	IF NOT FOUND THEN
		RAISE no_data_found USING MESSAGE = 'campaign asset not found', TABLE = 'campaign_assets';
	END IF;
	RETURN answer;
END
$$;

--
-- History: one query
--

CREATE FUNCTION hand_written.history(asset text, tenant text, page_limit int DEFAULT 50, page_offset int DEFAULT 0)
RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
	answer jsonb;
BEGIN
	SELECT jsonb_build_object(
		'success', true, 'asset_id', a.id, 'asset_name', a.asset_name,
		'total_reuses', coalesce(a.reused_count, 0), 'last_reused_at', hand_written.iso(a.last_reused_at),
		'history', page.events, 'total', coalesce(jsonb_array_length(a.log), 0),
		'limit', page_limit, 'offset', page_offset,
		'has_more', page_offset + page_limit < coalesce(jsonb_array_length(a.log), 0))
	INTO answer
	FROM (
		-- OFFSET 0 keeps the log from being read twice
		SELECT id, asset_name, reused_count, last_reused_at, platform_metadata->'reuse_history' AS log
		FROM campaign_assets
		WHERE id = asset AND tenant_id = tenant AND deleted_at IS NULL
		OFFSET 0) AS a,
		LATERAL (
			SELECT coalesce(jsonb_agg(jsonb_build_object(
				'timestamp', e.event->>'timestamp' || 'Z',
				'reused_in_type', e.event->'context'->'reused_in_type',
				'reused_in_id', e.event->'context'->'reused_in_id',
				'reused_in_name', e.event->'context'->'reused_in_name',
				'campaign_space', CASE WHEN c.id IS NOT NULL THEN jsonb_build_object(
					'id', c.id, 'campaign_name', c.campaign_name, 'platform', c.platform,
					'is_active', c.is_active) END,
				'context', e.event->'context') ORDER BY e.time DESC, e.n DESC), '[]') AS events
			FROM (
				SELECT event, n, (event->>'timestamp') COLLATE "C" AS time
				FROM jsonb_array_elements(a.log) WITH ORDINALITY AS l (event, n)
				ORDER BY time DESC, n DESC
				LIMIT page_limit OFFSET page_offset) AS e
			LEFT JOIN campaign_spaces AS c
				ON c.id = e.event->'context'->>'reused_in_id' AND c.tenant_id = tenant
					AND c.deleted_at IS NULL
					AND e.event->'context'->>'reused_in_type' = 'campaign_space') AS page;
	IF NOT FOUND THEN
		RAISE no_data_found USING MESSAGE = 'campaign asset not found', TABLE = 'campaign_assets';
	END IF;
	RETURN answer;
END
$$;

--
-- Analytics: one pass that groups, and a top-N
--

-- Assets of one type that are reused, or that are not.
CREATE TYPE hand_written.type_count AS (
	asset_type text,
	reused boolean,
	assets bigint,
	reuses bigint,
	sample bigint,
	ctr float8,				-- sums over the sample
	conversions bigint,
	with_conversions bigint
);

CREATE FUNCTION hand_written.ratio(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(trim_scale(round(a / nullif(b, 0), 2)), 0);

CREATE FUNCTION hand_written.mean(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(round(a / nullif(b, 0), 2));

CREATE FUNCTION hand_written.lift(a numeric, a_count numeric, b numeric, b_count numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(round(100 * (a / nullif(a_count, 0) / nullif(b / nullif(b_count, 0), 0) - 1), 2));

-- answer makes the JSON of the counts and the top list.
CREATE FUNCTION hand_written.answer(counts hand_written.type_count[], top jsonb, range_start timestamp, range_end timestamp)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
	RETURN (
		SELECT jsonb_build_object(
			'success', true,
			'filters', jsonb_build_object('asset_type', NULL,
				'start_date', to_char(range_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				'end_date', to_char(range_end, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
			'overview', jsonb_build_object(
				'total_assets', coalesce(sum(assets), 0),
				'assets_with_reuses', coalesce(sum(assets) FILTER (WHERE reused), 0),
				'total_reuses', coalesce(sum(reuses) FILTER (WHERE reused), 0),
				'avg_reuses_per_asset', hand_written.ratio(sum(reuses) FILTER (WHERE reused), sum(assets) FILTER (WHERE reused)),
				'reuse_rate_percentage', hand_written.ratio(100 * sum(assets) FILTER (WHERE reused), sum(assets))),
			'top_reused_assets', coalesce(top, '[]'),
			'by_asset_type', coalesce(jsonb_object_agg(asset_type, jsonb_build_object(
				'count', assets, 'total_reuses', reuses,
				'avg_reuses_per_asset', hand_written.ratio(reuses, assets))) FILTER (WHERE reused), '{}'),
			'performance_correlation', jsonb_build_object(
				'reused_assets', jsonb_build_object(
					'avg_ctr', hand_written.mean(sum(ctr::numeric) FILTER (WHERE reused), sum(sample) FILTER (WHERE reused)),
					'avg_conversions', hand_written.mean(sum(conversions) FILTER (WHERE reused), sum(with_conversions) FILTER (WHERE reused)),
					'sample_size', coalesce(sum(sample) FILTER (WHERE reused), 0)),
				'non_reused_assets', jsonb_build_object(
					'avg_ctr', hand_written.mean(sum(ctr::numeric) FILTER (WHERE NOT reused), sum(sample) FILTER (WHERE NOT reused)),
					'avg_conversions', hand_written.mean(sum(conversions) FILTER (WHERE NOT reused), sum(with_conversions) FILTER (WHERE NOT reused)),
					'sample_size', coalesce(sum(sample) FILTER (WHERE NOT reused), 0)),
				'lift', jsonb_build_object(
					'ctr_percentage', hand_written.lift(
						sum(ctr::numeric) FILTER (WHERE reused), sum(sample) FILTER (WHERE reused),
						sum(ctr::numeric) FILTER (WHERE NOT reused), sum(sample) FILTER (WHERE NOT reused)),
					'conversions_percentage', hand_written.lift(
						sum(conversions) FILTER (WHERE reused), sum(with_conversions) FILTER (WHERE reused),
						sum(conversions) FILTER (WHERE NOT reused), sum(with_conversions) FILTER (WHERE NOT reused)))))
		FROM unnest(counts));
END
$$;

-- A set of one answer each: only RETURN QUERY lets plpgsql run a query in parallel.

CREATE FUNCTION hand_written.analytics(tenant text, top_limit int DEFAULT 10) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
	RETURN QUERY SELECT hand_written.answer(
		(SELECT array_agg(ROW(c.*)::hand_written.type_count)
		FROM (
			SELECT asset_type, coalesce(reused_count > 0, false) AS reused, count(*), sum(reused_count),
				count(*) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
				sum(ctr) FILTER (WHERE impressions > 0),
				sum(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
				count(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL)
			FROM campaign_assets
			WHERE tenant_id = tenant AND deleted_at IS NULL
			GROUP BY 1, 2) AS c),
		(SELECT jsonb_agg(jsonb_build_object(
			'id', id, 'asset_name', asset_name, 'asset_type', asset_type, 'reused_count', reused_count,
			'last_reused_at', hand_written.iso(last_reused_at), 'file_url', file_url,
			'thumbnail_url', thumbnail_url, 'impressions', impressions, 'clicks', clicks,
			'conversions', conversions, 'ctr', ctr, 'campaign_space_id', campaign_space_id))
		FROM (
			SELECT *
			FROM campaign_assets
			WHERE tenant_id = tenant AND deleted_at IS NULL AND reused_count > 0
			ORDER BY reused_count DESC, last_reused_at DESC NULLS LAST, id
			LIMIT top_limit) AS t),
		NULL, NULL);
END
$$;

CREATE FUNCTION hand_written.analytics(tenant text, range_start timestamp, range_end timestamp, top_limit int DEFAULT 10)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE ROWS 1 AS $$
DECLARE
	-- the events' times are texts of one form, so texts can be compared
	first text := to_char(range_start, 'YYYY-MM-DD"T"HH24:MI:SS.US');
	past text := to_char(range_end, 'YYYY-MM-DD"T"HH24:MI:SS.US');
BEGIN
	RETURN QUERY WITH assets AS MATERIALIZED (
		SELECT id, asset_type, impressions, conversions, ctr, last_reused_at,
			CASE WHEN jsonb_typeof(platform_metadata->'reuse_history') = 'array' THEN (
				SELECT count(*)
				FROM jsonb_array_elements(platform_metadata->'reuse_history') AS event
				WHERE (event->>'timestamp') COLLATE "C" >= first AND (event->>'timestamp') COLLATE "C" < past)
			ELSE 0 END AS reuses
		FROM campaign_assets
		WHERE tenant_id = tenant AND deleted_at IS NULL
	), grouped AS (
		SELECT asset_type, reuses > 0, count(*), sum(reuses)::bigint,
			count(*) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
			sum(ctr) FILTER (WHERE impressions > 0),
			sum(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL),
			count(conversions) FILTER (WHERE impressions > 0 AND ctr IS NOT NULL)
		FROM assets
		GROUP BY 1, 2
	), best AS (
		SELECT id, reuses
		FROM assets
		WHERE reuses > 0
		ORDER BY reuses DESC, last_reused_at DESC NULLS LAST, id
		LIMIT top_limit
	)
	SELECT hand_written.answer(
		(SELECT array_agg(ROW(g.*)::hand_written.type_count) FROM grouped AS g),
		(SELECT jsonb_agg(jsonb_build_object(
			'id', a.id, 'asset_name', asset_name, 'asset_type', asset_type, 'reused_count', reused_count,
			'last_reused_at', hand_written.iso(last_reused_at), 'file_url', file_url,
			'thumbnail_url', thumbnail_url, 'impressions', impressions, 'clicks', clicks,
			'conversions', conversions, 'ctr', ctr, 'campaign_space_id', campaign_space_id,
			'reuses_in_range', b.reuses) ORDER BY b.reuses DESC, last_reused_at DESC NULLS LAST, a.id)
		FROM best AS b JOIN campaign_assets AS a USING (id)),
		range_start, range_end);
END
$$;
