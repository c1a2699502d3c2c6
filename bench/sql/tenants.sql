--
-- Tenants for analytics: of three sizes, among the rows of many others, in the order in
-- which assets of all tenants would be made.
--
--   sizes     of tenants 1, 2 and 3, as an array
--   crowd     assets of other tenants
--   past      1 + all assets
--

-- The stride has no divisor in common with any round number, so every n gets a rank of its own.
INSERT INTO bench.plan (n, tenant, events)
SELECT n,
	CASE WHEN rank < size[1] THEN 1
		WHEN rank < size[1] + size[2] THEN 2
		WHEN rank < size[1] + size[2] + size[3] THEN 3
		ELSE 4 + rank % 500 END,
	CASE WHEN reused > 0.22 THEN 0
		WHEN reused < 0.22 / 20000 THEN 2000 + n % 1000
		ELSE 1 + floor(19 * random() ^ 3) END
FROM (
	SELECT n, n::bigint * 7368787 % (:past - 1) AS rank, random() AS reused, :sizes AS size
	FROM generate_series(1, :past - 1) AS n) AS a;

CALL bench.add_tenants();
