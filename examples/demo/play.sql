--
-- Shows the functions of asset_reuse at work on the sample tenant.  Every statement is shown before its
-- result.
--

\set ECHO queries
\pset border 2
\pset footer off
\pset null '-'

\echo
\echo '=== 1. The sample tenant at a glance'
\echo '    1,525 live assets, of which 342 were reused, 876 times in all, and how these perform against the others.'
\echo
SELECT jsonb_pretty(asset_reuse_analytics('acme', top_limit => 1)) \g (format=unaligned tuples_only=on)

\echo
\echo '=== 2. Track: the most reused asset is used in one more campaign'
\echo '    One call counts the reuse, stores when and where it happened, and answers with the asset as it is now.'
\echo
SELECT jsonb_pretty(asset_reuse_track('asset-0001', 'acme', 'fall-campaign-2026',
	reuse_context => '{"placement": "story", "note": "second variant of the test"}'))
\g (format=unaligned tuples_only=on)

\echo
\echo '=== 3. History: where that asset has been, newest first'
\echo '    One of the campaigns is deleted first.  The event keeps its name, and campaign_space is null in the answer.'
\echo
UPDATE campaign_spaces SET deleted_at = now() AT TIME ZONE 'UTC'
WHERE id = 'holiday-gifts-2025-awareness';
\echo
SELECT replace(left(event->>'timestamp', 16), 'T', ' ') AS "time (UTC)",
	event->>'reused_in_type' AS "reused in",
	event->>'reused_in_name' AS name,
	event->'campaign_space'->>'platform' AS platform,
	CASE WHEN event->>'reused_in_type' <> 'campaign_space' THEN 'no campaign'
		WHEN event->'campaign_space' = 'null' THEN 'deleted'
		ELSE 'live' END AS campaign,
	event->'context'->>'placement' AS placement
FROM jsonb_array_elements(
	asset_reuse_history('asset-0001', 'acme', page_limit => 7)->'history') AS event;

\echo
\echo '    The same call as an API receives it, with one event per page.'
\echo
SELECT jsonb_pretty(asset_reuse_history('asset-0001', 'acme', page_limit => 1)) \g (format=unaligned tuples_only=on)

\echo
\echo '=== 4. Analytics once more, as a table'
\echo '    It includes the reuse of step 2: images now have 513 reuses instead of 512.'
\echo
SELECT key AS asset_type,
	(value->>'count')::int AS assets,
	(value->>'total_reuses')::int AS reuses,
	(value->>'avg_reuses_per_asset')::numeric AS average,
	repeat('#', (value->>'total_reuses')::int / 10) AS "reuses, one # for ten"
FROM jsonb_each(asset_reuse_analytics('acme')->'by_asset_type')
ORDER BY reuses DESC;

\echo
\echo '    The overview of January 2026 alone.'
\echo
SELECT jsonb_pretty(asset_reuse_analytics('acme', start_date => '2026-01-01 UTC', end_date => '2026-02-01 UTC')->'overview')
\g (format=unaligned tuples_only=on)

\echo
\echo '=== 5. Do reused assets do better than others like them?'
\echo '    The lift of step 1 says 47 %, but reused assets were mostly made for search ads, where people click more often.'
\echo '    Insights compare assets of one type, platform and year, and say how certain that is.'
\echo
SELECT replace(metric, '_', ' ') AS metric, round((answer->'crude_ratio')::numeric, 2) AS crude, round((answer->'ratio')::numeric, 2) AS honest,
	answer->'interval' AS interval, answer->>'verdict' AS verdict
FROM asset_reuse_insights('acme') AS insights, unnest(ARRAY['ctr', 'conversions_per_click']) AS metric, LATERAL (SELECT insights->metric) AS a (answer);
SELECT asset_reuse_insights('acme') #>> '{ctr,sentence}' \g (format=unaligned tuples_only=on)
\echo
\set ECHO none
-- Where a ratio is on a line of 35 characters from 0.7 to 1.4.
CREATE FUNCTION pg_temp.spot(ratio numeric) RETURNS int LANGUAGE sql AS $$
	SELECT 18 + round(17 * ln(ratio) / ln(1.42))::int
$$;
\set ECHO queries
\echo '    Clicks per impression by type: o is the ratio to other assets, and the line what the data fit.'
\echo
SELECT type, round(ratio, 2) AS ratio, verdict,
	string_agg(CASE WHEN i = pg_temp.spot(ratio) THEN 'o' WHEN i = pg_temp.spot(1) THEN '|' WHEN i BETWEEN pg_temp.spot(low) AND pg_temp.spot(high) THEN '-' ELSE ' ' END, '' ORDER BY i)
		AS "0.7              1               1.4"
FROM jsonb_each(asset_reuse_insights('acme')->'by_asset_type') AS t (type, answer),
	LATERAL (SELECT (answer #> '{ctr,ratio}')::numeric, (answer #> '{ctr,interval,0}')::numeric, (answer #> '{ctr,interval,1}')::numeric,
		answer #>> '{ctr,verdict}') AS c (ratio, low, high, verdict),
	generate_series(1, 35) AS i
GROUP BY type, ratio, verdict ORDER BY ratio DESC;

\echo
\echo '=== 6. What to reuse next in the fall campaign'
\echo '    Assets that were used together with those that the campaign has already, and why.'
\echo
SELECT asset_name, round(fit::numeric, 2) AS fit, campaigns AS "shared campaigns",
	(SELECT string_agg(a.asset_name, ', ' ORDER BY n) FROM unnest(because) WITH ORDINALITY AS b (id, n) JOIN campaign_assets AS a USING (id)) AS "because of"
FROM asset_reuse_recommendations('acme', 'fall-campaign-2026', row_limit => 3);

\echo
\echo '=== 7. A retry counts once'
\echo '    The client has lost the answer and sends the request again, with the same key.'
\echo
SELECT answer->>'message' AS message, answer->>'replayed' AS replayed, answer->'event'->>'event_id' AS event
FROM asset_reuse_track('asset-0002', 'acme', 'fall-campaign-2026', reuse_key => 'request-4711') AS answer;
SELECT answer->>'message' AS message, answer->>'replayed' AS replayed, answer->'event'->>'event_id' AS event
FROM asset_reuse_track('asset-0002', 'acme', 'fall-campaign-2026', reuse_key => 'request-4711') AS answer;

\echo
\echo '=== 8. Undo: that reuse was a mistake'
\echo '    The event is identified by its event_id.  A second click on the button changes nothing.'
\echo
SELECT asset_reuse_history('asset-0002', 'acme', 1)->'history'->0->>'event_id' AS event \gset
SELECT answer->>'message' AS message, answer->>'replayed' AS replayed
FROM asset_reuse_undo('asset-0002', 'acme', event_id => :'event') AS answer;
SELECT answer->>'message' AS message, answer->>'replayed' AS replayed
FROM asset_reuse_undo('asset-0002', 'acme', event_id => :'event') AS answer;

\echo
\echo '=== 9. A whole campaign at once'
\echo '    The assets reused in an earlier campaign are reused in the new one: first a dry run, then the real call, then the same again.'
\echo '    The asset of step 2 is already there, and the last call finds nothing to add.'
\echo
SELECT jsonb_array_length(answer->'added') AS added, answer->'already_there' AS "already there"
FROM asset_reuse_copy_campaign('black-friday-2025-prospecting', 'fall-campaign-2026', 'acme',
	include => 'reused', dry_run => true) AS answer;
SELECT jsonb_array_length(answer->'added') AS added, answer->'already_there' AS "already there"
FROM asset_reuse_copy_campaign('black-friday-2025-prospecting', 'fall-campaign-2026', 'acme',
	include => 'reused') AS answer;
SELECT jsonb_array_length(answer->'added') AS added, jsonb_array_length(answer->'already_there') AS "already there"
FROM asset_reuse_copy_campaign('black-friday-2025-prospecting', 'fall-campaign-2026', 'acme',
	include => 'reused') AS answer;

\set ON_ERROR_STOP off
\echo
\echo '=== 10. Another tenant gets nothing'
\echo '    For globex, this asset does not exist.'
\echo
SELECT asset_reuse_history('asset-0001', 'globex');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\echo
\echo '    A tenant without assets gets zeros, whatever the others have.'
\echo
SELECT jsonb_pretty(asset_reuse_analytics('initech')->'overview') \g (format=unaligned tuples_only=on)

\echo
\echo '=== 11. A wrong id gets the same error'
\echo '    An API answers it with HTTP status 404.  Nothing has changed.'
\echo
SELECT asset_reuse_track('no-such-asset', 'acme', 'fall-campaign-2026');
\echo 'SQLSTATE' :LAST_ERROR_SQLSTATE
\set ON_ERROR_STOP on
