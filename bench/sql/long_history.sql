--
-- Two tenants for what the history table costs: every fifth asset has 50 events, the others
-- were never reused.
--
--   sizes     assets of tenants 1 and 2, as an array
--   past      1 + all assets
--

INSERT INTO bench.plan (n, tenant, events)
SELECT n, CASE WHEN n::bigint * 7368787 % (:past - 1) < (:sizes)[1] THEN 1 ELSE 2 END, CASE WHEN n % 5 = 0 THEN 50 ELSE 0 END
FROM generate_series(1, :past - 1) AS n;

CALL bench.add_tenants();
