--
-- Tenants on servers that know nothing of each other, behind one database: PL/Proxy sends each call to
-- the server that has the tenant.  doc/scale.md says what this promises and what it does not.
--
-- Each server has the application's tables and the extension.  The database in front has PL/Proxy
-- (Debian's postgresql-15-plproxy) and the extension, from which the proxies are made, but no tables.
-- Run this there once, as a superuser, with the addresses of your servers; other roles need
-- USAGE on the schema and the foreign server:
--
--     psql -v p0='host=server0 dbname=shop' -v p1='host=server1 dbname=shop' -f examples/plproxy.sql
--     psql -c 'GRANT USAGE ON SCHEMA asset_reuse_proxy TO api' -c 'GRANT USAGE ON FOREIGN SERVER asset_reuse TO api'
--     psql -c "SELECT asset_reuse_proxy.asset_reuse_track('asset-0001', 'acme', 'fall-campaign-2026', reuse_key => 'request-4711')"
--
-- More servers are more options: p2, p3, and so on.  Their number decides where every tenant is, so
-- begin with more databases than servers, and move databases later.  After an update of the
-- extension, run this again: it makes the proxies anew, and keeps the server and the moved tenants.  Privileges on
-- single proxies are those of new functions then.
--

\if :{?p0}
\else
	\set p0 'host=server0 dbname=shop'
	\set p1 'host=server1 dbname=shop'
\endif

BEGIN;

CREATE EXTENSION IF NOT EXISTS plproxy;
CREATE EXTENSION IF NOT EXISTS asset_reuse;

-- From here on no function of somebody else's is found.
SET LOCAL search_path = pg_catalog, pg_temp;

-- Another role's schema is none that this has made: to create it fails then.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'asset_reuse_proxy' AND pg_get_userbyid(nspowner) = current_user) AS again \gset
\if :again
\else

-- Any number of servers, not only a power of 2.  A caller is the same role on the servers, whose
-- privileges and policies apply; passwords are for ~/.pgpass, for everybody may read these options.
CREATE SERVER asset_reuse FOREIGN DATA WRAPPER plproxy OPTIONS (modular_mapping '1', p0 :'p0', p1 :'p1');
CREATE USER MAPPING FOR PUBLIC SERVER asset_reuse;

CREATE SCHEMA asset_reuse_proxy;

-- The tenants that examples/move_tenant has moved, with the number of their server: 1 for p1.
CREATE TABLE asset_reuse_proxy.moved (tenant_id text PRIMARY KEY, server int NOT NULL CHECK (server >= 0));

\endif

-- The number of a tenant's server, or one that has it as the remainder.  Any server refuses a null.
-- Callers cannot list which tenants have moved.  This looks up the one that they call for, so whoever may call it
-- can find out on which server a tenant is whose id he knows.
CREATE OR REPLACE FUNCTION asset_reuse_proxy.server_of(tenant_id text) RETURNS int LANGUAGE sql STABLE SECURITY DEFINER
RETURN coalesce((SELECT m.server FROM asset_reuse_proxy.moved AS m WHERE m.tenant_id = server_of.tenant_id),
	hashtext(tenant_id), 0);

-- A proxy for each public function that takes a tenant, with the same arguments, defaults and result.
-- PL/Proxy has no procedures: call asset_reuse_migrate_history, _repair and _redact on the servers.
DO $$
DECLARE
	f record;
	proxy regprocedure;
BEGIN
	FOR proxy IN
		SELECT p.oid FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
		WHERE p.pronamespace = 'asset_reuse_proxy'::regnamespace AND l.lanname = 'plproxy'
	LOOP
		EXECUTE format('DROP FUNCTION %s', proxy);
	END LOOP;
	FOR f IN
		SELECT p.proname AS name, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
			e.extnamespace::regnamespace AS schema
		FROM pg_extension AS e
			JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
			JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		WHERE e.extname = 'asset_reuse' AND p.prokind = 'f' AND p.proname <> 'asset_reuse_event_rows'
			AND 'tenant_id' = ANY (p.proargnames[:p.pronargs])
	LOOP
		EXECUTE format($proxy$
			CREATE FUNCTION asset_reuse_proxy.%1$I(%2$s) RETURNS %3$s LANGUAGE plproxy AS $body$
				CLUSTER 'asset_reuse';
				RUN ON asset_reuse_proxy.server_of(tenant_id::text);
				TARGET %4$s.%1$I;
			$body$ $proxy$, f.name, f.arguments, f.result, f.schema);
	END LOOP;
END
$$;

COMMIT;
