--
-- asset_reuse for PostgREST, Supabase and PostGraphile, which make an API of a schema's functions.
--
-- The extension has each function twice, for text and for uuid identifiers.  PostgREST cannot choose
-- between the two (PGRST203).  PostGraphile leaves out whatever belongs to an extension; told to
-- include it, it leaves out both of the two without a word, and shows functions that they are made of.
-- So this schema has one of each.  Expose it, and not the extension's: it is for db-schemas of
-- PostgREST, "Exposed schemas" of Supabase, --schema of PostGraphile.
--
-- An error's code is an HTTP status, which PostgREST then answers with: PT404 for what is not found
-- (P0002 would be 500), PT409 for what a constraint or trigger of yours refuses, PT422 for a reuse_key
-- that was used for another place.  A wrong argument (class 22) is 400 by itself.  The message stays; it
-- tells an asset that is not found from a campaign.  PostgREST also hands on an error's detail.  That of
-- a CHECK shows the row, so it is left out here.  PostGraphile answers with the code if its
-- extendedErrors has 'errcode'.
--
-- Run it once by psql, in a session that finds the tables and the extension without a schema: the
-- functions keep that session's search_path.
--
--     psql -f examples/api_schema.sql
--     psql -v id=uuid -v anon=web_anon -v authenticated=web_user -f examples/api_schema.sql
--
-- id is the type of the identifiers.  The roles must exist: anon may read, authenticated may also
-- write, both as far as their own rights on the tables and on the extension's schema go, for the
-- functions run with the caller's rights.  tenant_id is an argument and proves nothing.  Give the tables
-- row-level security, or have the functions take the tenant from the request's token in its place:
-- current_setting('request.jwt.claims')::json ->> 'tenant_id'.
--

\if :{?id}
\else
	\set id text
\endif
\if :{?anon}
\else
	\set anon anon
\endif
\if :{?authenticated}
\else
	\set authenticated authenticated
\endif

BEGIN;

CREATE SCHEMA asset_reuse_api;

--
-- Writing.  A null, or an argument that is left out, means the default of the function that is called.
--

CREATE FUNCTION asset_reuse_api.track_reuse(
	asset_id :id,
	tenant_id :id,
	campaign_space_id :id DEFAULT NULL,
	reused_in_type text DEFAULT NULL,
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	violated text;
BEGIN
	RETURN asset_reuse_track(asset_id, tenant_id, campaign_space_id, reused_in_type, reused_in_id,
		reused_in_name, reuse_context, reuse_key);
EXCEPTION
	WHEN no_data_found THEN RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM;
	WHEN check_violation THEN RAISE SQLSTATE 'PT409' USING MESSAGE = SQLERRM;
	WHEN unique_violation THEN
		GET STACKED DIAGNOSTICS violated = COLUMN_NAME;
		IF violated <> 'reuse_key' THEN
			RAISE;
		END IF;
		RAISE SQLSTATE 'PT422' USING MESSAGE = SQLERRM;
END
$$;

CREATE FUNCTION asset_reuse_api.undo_reuse(
	asset_id :id,
	tenant_id :id,
	event_id text DEFAULT NULL,
	reuse_key text DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
BEGIN
	RETURN asset_reuse_undo(asset_id, tenant_id, event_id, reuse_key);
EXCEPTION
	WHEN no_data_found THEN RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM;
	WHEN check_violation THEN RAISE SQLSTATE 'PT409' USING MESSAGE = SQLERRM;
END
$$;

-- Which assets are not found is said in the detail.
CREATE FUNCTION asset_reuse_api.track_many_reuses(
	asset_ids :id[],
	tenant_id :id,
	campaign_space_id :id DEFAULT NULL,
	reused_in_type text DEFAULT NULL,
	reused_in_id text DEFAULT NULL,
	reused_in_name text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	on_missing text DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	violated text;
	missing text;
BEGIN
	RETURN asset_reuse_track_many(asset_ids, tenant_id, campaign_space_id, reused_in_type, reused_in_id,
		reused_in_name, reuse_context, reuse_key, on_missing);
EXCEPTION
	WHEN no_data_found THEN
		GET STACKED DIAGNOSTICS missing = PG_EXCEPTION_DETAIL;
		RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM, DETAIL = missing;
	WHEN check_violation THEN RAISE SQLSTATE 'PT409' USING MESSAGE = SQLERRM;
	WHEN unique_violation THEN
		GET STACKED DIAGNOSTICS violated = COLUMN_NAME;
		IF violated <> 'reuse_key' THEN
			RAISE;
		END IF;
		RAISE SQLSTATE 'PT422' USING MESSAGE = SQLERRM;
END
$$;

CREATE FUNCTION asset_reuse_api.copy_campaign(
	from_campaign_space_id :id,
	to_campaign_space_id :id,
	tenant_id :id,
	include text DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL,
	reuse_key text DEFAULT NULL,
	dry_run boolean DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	violated text;
BEGIN
	RETURN asset_reuse_copy_campaign(from_campaign_space_id, to_campaign_space_id, tenant_id, include,
		reuse_context, reuse_key, dry_run);
EXCEPTION
	WHEN no_data_found THEN RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM;
	WHEN check_violation THEN RAISE SQLSTATE 'PT409' USING MESSAGE = SQLERRM;
	WHEN unique_violation THEN
		GET STACKED DIAGNOSTICS violated = COLUMN_NAME;
		IF violated <> 'reuse_key' THEN
			RAISE;
		END IF;
		RAISE SQLSTATE 'PT422' USING MESSAGE = SQLERRM;
END
$$;

CREATE FUNCTION asset_reuse_api.sync_campaign(
	campaign_space_id :id,
	tenant_id :id,
	asset_ids :id[],
	remove boolean DEFAULT NULL,
	dry_run boolean DEFAULT NULL,
	reuse_context jsonb DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
	missing text;
BEGIN
	RETURN asset_reuse_sync(campaign_space_id, tenant_id, asset_ids, remove, dry_run, reuse_context);
EXCEPTION
	WHEN no_data_found THEN
		GET STACKED DIAGNOSTICS missing = PG_EXCEPTION_DETAIL;
		RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM, DETAIL = missing;
	WHEN check_violation THEN RAISE SQLSTATE 'PT409' USING MESSAGE = SQLERRM;
END
$$;

--
-- Reading.  STABLE is what makes a GET of PostgREST's, and a query of PostGraphile's.
--

CREATE FUNCTION asset_reuse_api.reuse_history(
	asset_id :id,
	tenant_id :id,
	page_limit int DEFAULT NULL,
	page_offset int DEFAULT NULL,
	cursor text DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
	RETURN asset_reuse_history(asset_id, tenant_id, page_limit, page_offset, cursor);
EXCEPTION
	WHEN no_data_found THEN RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM;
END
$$;

CREATE FUNCTION asset_reuse_api.reuse_analytics(
	tenant_id :id,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	top_limit int DEFAULT NULL
) RETURNS jsonb LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
	SELECT asset_reuse_analytics(tenant_id, asset_type, start_date, end_date, top_limit)
$$;

CREATE FUNCTION asset_reuse_api.reuse_timeline(
	tenant_id :id,
	bucket text DEFAULT NULL,
	asset_type text DEFAULT NULL,
	start_date timestamptz DEFAULT NULL,
	end_date timestamptz DEFAULT NULL,
	time_zone text DEFAULT NULL
) RETURNS TABLE (bucket_start timestamptz, reuses bigint, assets bigint)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
	SELECT * FROM asset_reuse_timeline(tenant_id, bucket, asset_type, start_date, end_date, time_zone)
$$;

CREATE FUNCTION asset_reuse_api.reuse_where_used(
	tenant_id :id,
	campaign_space_id :id DEFAULT NULL,
	reused_in_type text DEFAULT NULL,
	reused_in_id text DEFAULT NULL
) RETURNS TABLE (asset_id :id, asset_name text, asset_type text, reuses bigint,
	first_reused_at timestamptz, last_reused_at timestamptz)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
	SELECT * FROM asset_reuse_where_used(tenant_id, campaign_space_id, reused_in_type, reused_in_id)
$$;

CREATE FUNCTION asset_reuse_api.reuse_places(
	asset_id :id,
	tenant_id :id
) RETURNS TABLE (reused_in_type text, reused_in_id text, reused_in_name text, reuses bigint,
	first_reused_at timestamptz, last_reused_at timestamptz, is_live boolean)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
	RETURN QUERY SELECT * FROM asset_reuse_places(asset_id, tenant_id);
EXCEPTION
	WHEN no_data_found THEN RAISE SQLSTATE 'PT404' USING MESSAGE = SQLERRM;
END
$$;

--
-- Rights
--

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA asset_reuse_api FROM PUBLIC;
GRANT USAGE ON SCHEMA asset_reuse_api TO :"anon", :"authenticated";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA asset_reuse_api TO :"authenticated";
GRANT EXECUTE ON FUNCTION
	asset_reuse_api.reuse_history, asset_reuse_api.reuse_analytics, asset_reuse_api.reuse_timeline,
	asset_reuse_api.reuse_where_used, asset_reuse_api.reuse_places
	TO :"anon";

-- PostgREST has the functions in a cache.
NOTIFY pgrst, 'reload schema';

COMMIT;
