--
-- What the API needs in a database that has the application's tables and the extension: a role
-- that owns nothing, policies by which it sees one tenant, and the history table, whose
-- notifications wake the API.
--
-- Run it once, by the tables' owner, in the schema in which the tables and the extension are.
-- Here that is public, and only its owner may create objects there.
--

BEGIN;

--
-- The role.  Its settings are pinned, with schemas, so that no other table can be meant.
--

CREATE ROLE app_api LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;

SELECT FROM asset_reuse_check_schema();		-- loads the library, which defines its settings
ALTER ROLE app_api SET search_path = public, pg_temp;
ALTER ROLE app_api SET asset_reuse.assets_table = 'public.campaign_assets';
ALTER ROLE app_api SET asset_reuse.spaces_table = 'public.campaign_spaces';
ALTER ROLE app_api SET asset_reuse.history_table = 'public.campaign_asset_reuse_history';
ALTER ROLE app_api SET timezone = 'UTC';
ALTER ROLE app_api SET statement_timeout = '10s';
ALTER ROLE app_api SET lock_timeout = '3s';
ALTER ROLE app_api SET idle_in_transaction_session_timeout = '60s';

SELECT format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

--
-- The policies.  Without a tenant, which is null in a new session and '' after a transaction that
-- had one, they let no row be seen.
--

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_spaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON tenants TO app_api
	USING (id = nullif(current_setting('app.tenant_id', true), ''));
CREATE POLICY tenant ON campaign_spaces TO app_api
	USING (tenant_id = nullif(current_setting('app.tenant_id', true), ''));
CREATE POLICY tenant ON campaign_assets TO app_api
	USING (tenant_id = nullif(current_setting('app.tenant_id', true), ''));

--
-- The history table, whose policies go through those of the assets, and its notifications.
--

SELECT FROM asset_reuse_create_history_table();

CREATE TRIGGER asset_reuse_notify AFTER INSERT OR DELETE ON campaign_asset_reuse_history
	FOR EACH STATEMENT EXECUTE FUNCTION asset_reuse_notify();

GRANT SELECT ON tenants, campaign_spaces, campaign_assets, campaign_asset_reuse_history TO app_api;
GRANT UPDATE (reused_count, last_reused_at, platform_metadata, updated_at, deleted_at) ON campaign_assets TO app_api;
GRANT INSERT, DELETE, UPDATE (context, original) ON campaign_asset_reuse_history TO app_api;

COMMIT;

-- Events that are in documents already; it commits in batches.
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
ANALYZE campaign_asset_reuse_history;
