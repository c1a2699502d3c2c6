--
-- Assets to track and to read: one tenant's, with logs of given lengths, among others' rows.
--
--   lengths   assets with "up to 5", 100, 1,000 and 10,000 events, as an array
--   crowd     assets of other tenants
--   past      1 + all assets
--

-- An application's busy pages have had their first update and keep the room that it
-- made; ours must not be measured on pages that are full to the brim.
ALTER TABLE campaign_assets SET (fillfactor = 70);

INSERT INTO bench.plan (n, tenant, events, log_length)
SELECT row_number() OVER (ORDER BY md5('place' || row_number)), tenant, events, log_length
FROM (
	SELECT row_number() OVER (), *
	FROM (
		SELECT 1 AS tenant, CASE log_length WHEN 5 THEN 1 + i % 5 ELSE log_length END AS events, log_length
		FROM unnest(ARRAY[5, 100, 1000, 10000], :lengths) AS l (log_length, assets),
			generate_series(1, assets) AS i
		UNION ALL
		SELECT 2 + i % 50, CASE WHEN i % 5 = 0 THEN 1 + i % 13 ELSE 0 END, NULL
		FROM generate_series(1, :crowd) AS i) AS a) AS a;

SELECT setseed(0.3) \g /dev/null
CALL bench.add_tenants();
CALL bench.add_assets(1, :past);

-- What a measurement finds, and leaves behind for the next one.
CREATE TABLE bench.nominal AS
SELECT a.id, p.log_length, row_number() OVER (PARTITION BY p.log_length ORDER BY p.n) AS nth,
	a.platform_metadata, a.reused_count, a.last_reused_at, a.updated_at
FROM bench.plan AS p JOIN campaign_assets AS a ON a.id = bench.uuid('asset', p.n)
WHERE p.log_length IS NOT NULL;

CREATE INDEX ON bench.nominal (id);

-- reset_log puts an asset's log back.
CREATE PROCEDURE bench.reset_logs(ids text[])
LANGUAGE sql AS $$
	UPDATE campaign_assets AS a
	SET (platform_metadata, reused_count, last_reused_at, updated_at) =
		(n.platform_metadata, n.reused_count, n.last_reused_at, n.updated_at)
	FROM bench.nominal AS n
	WHERE a.id = n.id AND n.id = ANY (ids) AND a.updated_at <> n.updated_at;
$$;
