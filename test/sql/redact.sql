--
-- asset_reuse_redact: the keys go from the contexts that match, wherever the events are, and
-- nothing else changes.
--
\set ECHO none
\pset format unaligned
\pset footer off
\pset null '(null)'
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set move_events :abs_srcdir '/fixtures/move_events.sql'
CREATE SCHEMA regress_redact;
SET search_path = regress_redact, public;
\i :tables
\i :rows
\i :helpers
\i :move_events
\set ECHO all
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET DateStyle = ISO;

-- Contexts that match and have a key; that match and have none; that have one and do not match; other shapes of others.
UPDATE campaign_assets SET updated_at = '2020-01-01', platform_metadata = '{"email": "top", "zoom": 1.50, "reuse_history": [
	{"timestamp": "2026-01-01T00:00:00.000000", "context": {"user": "ann", "email": "ann@a", "note": "n", "reuse_key": "k", "reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": "ann"}},
	{"timestamp": "2026-01-02T00:00:00.000000", "context": {"user": "ann", "placement": "story", "reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": null}},
	{"timestamp": "2026-01-03T00:00:00.000000", "context": {"user": "bob", "email": "bob@b", "reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": null}},
	{"timestamp": "2026-01-04T00:00:00.000000", "context": {"user": "ann", "email": {"of": ["ann"]}, "reused_in_type": "email", "reused_in_id": "letter", "reused_in_name": null}},
	{"timestamp": "2026-01-05T00:00:00Z", "by": "ann", "email": "outside", "context": {"user": "ann", "email": "ann@a", "keep": [1.50]}},
	{"timestamp": "2026-01-05T00:00:00Z", "context": {"email": "ann@a", "user": "ann"}},
	{"context": {"user": "ann", "email": "untimed"}}, {"user": "ann", "email": "no context"},
	{"timestamp": "2026-01-06", "context": ["email", {"user": "ann"}]}, ["email"], "email", 1,
	{"timestamp": "2026-01-07T00:00:00.000000", "context": {"user": "ann", "email": "ann@a", "email2": "x", "reused_in_type": "email", "reused_in_id": null, "reused_in_name": null}}]}'
WHERE id IN ('hero', 'gone', 'secret');
UPDATE campaign_assets SET updated_at = '2020-01-01', platform_metadata = '{"reuse_history": {"context": {"user": "ann", "email": "unreadable"}}}' WHERE id = 'clip';
CREATE TABLE before AS SELECT * FROM campaign_assets;

-- The same, said in plain SQL.
CREATE FUNCTION redacted(document jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT CASE jsonb_typeof(document -> 'reuse_history') WHEN 'array' THEN jsonb_set(document, '{reuse_history}',
		(SELECT jsonb_agg(CASE WHEN jsonb_typeof(e) = 'object' AND jsonb_typeof(e -> 'context') = 'object' AND e -> 'context' @> '{"user": "ann"}'
			THEN jsonb_set(e, '{context}', (e -> 'context') - '{email,note,user}'::text[]) ELSE e END ORDER BY n)
		FROM jsonb_array_elements(document -> 'reuse_history') WITH ORDINALITY AS l (e, n))) ELSE document END
$$;
-- wrong says what is not as it must be after a redaction of acme's: deleted assets are redacted, too, and another tenant's are not.
CREATE FUNCTION wrong() RETURNS TABLE (id text, is jsonb, must_be jsonb, updated_at timestamp) LANGUAGE sql AS $$
	SELECT a.id, a.platform_metadata, b.platform_metadata, a.updated_at
	FROM campaign_assets AS a JOIN (SELECT id, updated_at, CASE tenant_id WHEN 'acme' THEN redacted(platform_metadata) ELSE platform_metadata END AS platform_metadata FROM before) AS b USING (id)
	WHERE a.platform_metadata <> b.platform_metadata OR (a.updated_at <> b.updated_at) <> (a.id IN ('hero', 'gone'))
$$;
CREATE PROCEDURE put_back() LANGUAGE sql AS $$
	UPDATE campaign_assets AS a SET platform_metadata = b.platform_metadata, updated_at = b.updated_at FROM before AS b WHERE a.id = b.id
$$;

CALL asset_reuse_redact('acme', '{"user": "ann"}', '{email,note,user}');
SELECT jsonb_array_elements(platform_metadata -> 'reuse_history') FROM campaign_assets WHERE id = 'hero';
SELECT * FROM wrong();
SELECT count(*) FROM campaign_assets AS a JOIN before AS b USING (id)
WHERE to_jsonb(a) - '{platform_metadata,updated_at}'::text[] <> to_jsonb(b) - '{platform_metadata,updated_at}'::text[];
-- Again: nothing to do.
CALL asset_reuse_redact('acme', '{"user": "ann"}', '{email,note,user}');
-- A narrower match, by the place, and by what is inside.
CALL put_back();
CALL asset_reuse_redact('acme', '{"email": {"of": ["ann"]}, "reused_in_id": "letter"}', '{email,absent}');
SELECT count(*) FROM before AS b JOIN campaign_assets AS a USING (id), jsonb_array_elements(a.platform_metadata -> 'reuse_history') WITH ORDINALITY AS x (e, n)
WHERE a.id = 'hero' AND e <> b.platform_metadata -> 'reuse_history' -> (n::int - 1);

-- With some of the events, and all, in the table; one, and by month: what the drop puts back is the same.
SET client_min_messages = warning;
CREATE PROCEDURE check_moves(partition_by text, nth int) LANGUAGE plpgsql AS $$
DECLARE
	ids text;
BEGIN
	CALL put_back();
	PERFORM asset_reuse_create_history_table(partition_by);
	CALL move_events(nth);
	ids := (SELECT string_agg(event_id, ' ' ORDER BY asset_id, event_id) FROM asset_reuse_events('acme'));
	RAISE WARNING '% rows', (SELECT count(*) FROM campaign_asset_reuse_history);
	COMMIT;
	CALL asset_reuse_redact('acme', '{"user": "ann"}', '{email,note,user}');
	IF ids <> (SELECT string_agg(event_id, ' ' ORDER BY asset_id, event_id) FROM asset_reuse_events('acme')) THEN RAISE WARNING 'other ids'; END IF;
	IF EXISTS (SELECT FROM campaign_asset_reuse_history WHERE tenant_id = 'acme' AND (context ->> 'user' = 'ann' OR original #>> '{context,user}' = 'ann'
		OR context = '{}')) THEN RAISE WARNING 'rows are left'; END IF;
	-- the columns are those of the element that the row is
	IF EXISTS (SELECT FROM campaign_asset_reuse_history AS h, row_of_element(h.original, false) AS r
		WHERE h.original IS NOT NULL AND (h.context, h.original, h.reused_at) IS DISTINCT FROM (r.context, r.original, r.reused_at)) THEN RAISE WARNING 'other columns'; END IF;
	PERFORM asset_reuse_drop_history_table();
END
$$;
-- The drop orders events by their times: those without one are first.
CREATE FUNCTION sorted(document jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(e ORDER BY e) FROM jsonb_array_elements(document -> 'reuse_history') AS e WHERE jsonb_typeof(document -> 'reuse_history') = 'array'
$$;
CREATE FUNCTION wrong_elements() RETURNS TABLE (id text, is jsonb, must_be jsonb) LANGUAGE sql AS $$
	SELECT w.id, sorted(w.is), sorted(w.must_be) FROM wrong() AS w WHERE w.id <> 'clip' AND sorted(w.is) IS DISTINCT FROM sorted(w.must_be)
$$;
CALL check_moves(NULL, 2);
SELECT * FROM wrong_elements();
CALL check_moves('month', 3);
SELECT * FROM wrong_elements();
CALL check_moves(NULL, 1);
SELECT * FROM wrong_elements();
SELECT id FROM campaign_assets AS a JOIN before AS b USING (id) WHERE a.updated_at <> b.updated_at ORDER BY id;
-- No updated_at, and typed identifiers.
CREATE TABLE typed_assets AS SELECT md5(id)::uuid AS id, md5(tenant_id)::uuid AS tenant_id, asset_name, asset_type, reused_count,
	last_reused_at AT TIME ZONE 'UTC' AS last_reused_at, platform_metadata, deleted_at FROM before;
ALTER TABLE typed_assets ADD PRIMARY KEY (id);
SET asset_reuse.assets_table = 'typed_assets';
CALL asset_reuse_redact(md5('acme')::uuid, '{"user": "ann"}', '{email,note,user}');
SELECT count(*) FROM typed_assets AS t JOIN before AS b ON t.id = md5(b.id)::uuid
WHERE t.platform_metadata <> CASE b.tenant_id WHEN 'acme' THEN redacted(b.platform_metadata) ELSE b.platform_metadata END;
SET asset_reuse.history_table = 'typed_history';
SELECT asset_reuse_create_history_table();
CALL asset_reuse_migrate_history();
CALL asset_reuse_redact(md5('acme')::uuid, '{"user": "bob"}', '{email}');
SELECT count(*) FROM typed_history WHERE context ? 'email' AND context ->> 'user' = 'bob' AND tenant_id = md5('acme')::uuid;
RESET asset_reuse.assets_table;
RESET asset_reuse.history_table;
RESET client_min_messages;

-- What the caller may not see is not redacted; in the table neither.
CALL put_back();
SELECT asset_reuse_create_history_table();
CALL move_events(2);
CREATE ROLE regress_redact_writer;
GRANT USAGE ON SCHEMA regress_redact TO regress_redact_writer;
GRANT SELECT (id, tenant_id, platform_metadata), UPDATE (platform_metadata, updated_at) ON campaign_assets TO regress_redact_writer;
GRANT SELECT, INSERT, UPDATE (context, original) ON campaign_asset_reuse_history TO regress_redact_writer;
ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON campaign_assets USING (id <> 'gone');
SET ROLE regress_redact_writer;
CALL asset_reuse_redact('acme', '{"user": "ann"}', '{email}');
RESET ROLE;
ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
SELECT asset_id, count(*) FROM campaign_asset_reuse_history WHERE context ? 'email' AND context ->> 'user' = 'ann' GROUP BY asset_id ORDER BY asset_id;
DROP OWNED BY regress_redact_writer;
DROP ROLE regress_redact_writer;

-- Another key of an event, without a value of its own, that stands before the context.
SELECT asset_reuse_log_redact(jsonb_build_object('reuse_history', jsonb_build_array(
	jsonb_build_object('note', note, 'context', '{"email": "ann@a", "p": 1}'::jsonb, 'timestamp', '2026-01-01'))), '{}', '{email}')
FROM unnest('{"\"\"",null,true,"{}","[]"}'::jsonb[]) AS note;

-- Rows whose original or context is no object keep nothing from being redacted.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, context, original) VALUES
	('acme', 'line', '2026-02-01', 'email', 'x', '{"email": "1"}', '{"context": "email", "timestamp": "2026-02-01T00:00:00"}'),
	('acme', 'line', '2026-02-02', 'email', 'x', '{"email": "2"}', '{"context": ["email"], "timestamp": "2026-02-02T00:00:00"}'),
	('acme', 'line', '2026-02-03', 'email', 'x', NULL, '"email"');
CALL asset_reuse_redact('acme', '{}', '{email}');
CALL asset_reuse_redact('acme', '{}', '{email}');
SELECT reused_at, context, original FROM campaign_asset_reuse_history WHERE asset_id = 'line' AND reused_at >= '2026-02-01' ORDER BY reused_at;

-- Rows of an asset that has moved to another tenant are their own tenant's still.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, context) VALUES ('acme', 'line', '2026-02-05', 'email', 'x', '{"email": "5"}');
UPDATE campaign_assets SET tenant_id = 'globex' WHERE id = 'line';
CALL asset_reuse_redact('acme', '{}', '{email}');
SELECT tenant_id, context FROM campaign_asset_reuse_history WHERE asset_id = 'line' AND reused_at = '2026-02-05';

-- An event in the document that differs from a row of its time only in what is redacted: both stay, and each keeps its id.
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-03-01T10:00:00Z", "context": {"user": "ann", "reused_in_type": "email", "reused_in_id": "spring"}}]}',
	reused_count = 1, last_reused_at = '2026-03-01 10:00' WHERE id = 'clip';
DELETE FROM campaign_asset_reuse_history WHERE asset_id = 'clip';
SET client_min_messages = warning;
CALL asset_reuse_migrate_history();
RESET client_min_messages;
UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-03-01T10:00:00Z", "context": {"user": "bob", "reused_in_type": "email", "reused_in_id": "spring"}}]}',
	reused_count = 2 WHERE id = 'clip';
SELECT event_id, context FROM asset_reuse_events('acme', 'clip');
CALL asset_reuse_redact('acme', '{}', '{user}');
SELECT event_id, context FROM asset_reuse_events('acme', 'clip');
SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email') #> '{asset,reused_count}' AS count, (SELECT count(*) FROM asset_reuse_verify('acme') WHERE asset_id = 'clip') AS problems;
SELECT count(*) FROM asset_reuse_events('acme', 'clip');

-- The campaigns are needed only where a log has to be moved.
INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, context) VALUES ('acme', 'clip', '2026-03-02', 'email', 'x', '{"phone": "1"}');
SET asset_reuse.spaces_table = 'absent';
CALL asset_reuse_redact('acme', '{}', '{phone}');
RESET asset_reuse.spaces_table;

-- Any number of keys, there or not: what PostgreSQL's own operator leaves.  (Our function says that nothing is left by null.)
SELECT keys, absent, bool_and(asset_reuse_event_context_without(context, gone) IS NOT DISTINCT FROM nullif(context - gone, '{}')) AS same
FROM (SELECT jsonb_object_agg('k' || i, i) AS context FROM generate_series(1, 300) AS i) AS c, unnest('{0,1,99,100,101,200,250,299,300}'::int[]) AS keys, unnest('{0,1,5000}'::int[]) AS absent,
	LATERAL (SELECT ARRAY(SELECT 'k' || i FROM generate_series(1, keys) AS i UNION ALL SELECT 'absent' || i FROM generate_series(1, absent) AS i UNION ALL SELECT NULL ORDER BY 1) AS gone) AS g
GROUP BY keys, absent HAVING NOT bool_and(asset_reuse_event_context_without(context, gone) IS NOT DISTINCT FROM nullif(context - gone, '{}')) OR (keys, absent) IN ((300, 5000), (0, 0));

-- Arguments.
CALL asset_reuse_redact('acme', '{}', '{{a,b},{c,d}}');
CALL asset_reuse_redact(NULL::text, '{}', '{a}');
CALL asset_reuse_redact('acme', NULL, '{a}');
CALL asset_reuse_redact('acme', '{}', NULL);
CALL asset_reuse_redact('acme', '{}', '{a,NULL}');
CALL asset_reuse_redact('acme', '{}', '{}');
CALL asset_reuse_redact('acme', '[]', '{a}');
SELECT jsonb_build_object('a', jsonb_agg(n)) AS matching FROM generate_series(1, 20) AS n \gset
CALL asset_reuse_redact('acme', :'matching', '{a}');
SELECT jsonb_build_object('a', jsonb_agg(n)) AS matching FROM generate_series(1, 21) AS n \gset
CALL asset_reuse_redact('acme', :'matching', '{a}');
SELECT jsonb_build_object('a', jsonb_agg('[]'::jsonb)) AS matching FROM generate_series(1, 21) AS n \gset
CALL asset_reuse_redact('acme', :'matching', '{a}');
SELECT jsonb_build_object('a', jsonb_agg('{"b": {}}'::jsonb)) AS matching FROM generate_series(1, 21) AS n \gset
CALL asset_reuse_redact('acme', :'matching', '{a}');
CALL asset_reuse_redact('acme', '{}', '{a,reuse_key}');
CALL asset_reuse_redact('acme', '{}', '{reused_in_name}');
CALL asset_reuse_redact('acme', '{}', '{at_reuse,"",reused_in}');
BEGIN;
CALL asset_reuse_redact('acme', '{}', '{a}');
ROLLBACK;

SET client_min_messages = warning;
DROP SCHEMA regress_redact CASCADE;
