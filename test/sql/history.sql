--
-- asset_reuse_history: order, paging, campaigns, and logs that other software
-- wrote.  Its errors are in errors.sql.
--
\set ECHO none
\pset format unaligned
\pset footer off
\getenv abs_srcdir PG_ABS_SRCDIR
\set tables :abs_srcdir '/fixtures/application_tables.sql'
\set rows :abs_srcdir '/fixtures/two_tenants.sql'
\set helpers :abs_srcdir '/fixtures/helpers.sql'
CREATE SCHEMA regress_history;
SET search_path = regress_history, public;
\i :tables
\i :rows
\i :helpers
\set ECHO all
\set SHOW_CONTEXT never

-- put_log gives hero this log and returns its length; its count and last time stay what they are.
CREATE FUNCTION put_log(log jsonb) RETURNS int LANGUAGE sql AS $$
	UPDATE campaign_assets SET platform_metadata = jsonb_build_object('reuse_history', log, 'other', true)
	WHERE id = 'hero'
	RETURNING jsonb_array_length(log)
$$;
-- timeline shows a page of hero's history as rows.
CREATE FUNCTION timeline(page_limit int DEFAULT 50, page_offset int DEFAULT 0,
						 OUT "timestamp" jsonb, OUT type jsonb, OUT id jsonb, OUT name jsonb,
						 OUT campaign jsonb, OUT context jsonb)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT e.value->'timestamp', e.value->'reused_in_type', e.value->'reused_in_id',
		   e.value->'reused_in_name', e.value->'campaign_space', e.value->'context'
	FROM asset_reuse_history('hero', 'acme', page_limit, page_offset) h,
		 jsonb_array_elements(h->'history') WITH ORDINALITY e
	ORDER BY e.ordinality
$$;

--
-- The answer
--

-- Never reused: an empty history, total 0, last_reused_at null.
SELECT jsonb_pretty(asset_reuse_history('hero', 'acme')) AS answer;
-- A null count and no reuse_history: the same.
SELECT h->'total' AS total, h->'total_reuses' AS total_reuses, h->'history' AS history, h->'has_more' AS has_more
FROM asset_reuse_history('clip', 'acme') h;

-- Three events of ours: newest first, every key of the contract, and the campaigns of the first two.
UPDATE campaign_assets SET reused_count = 3, last_reused_at = '2026-01-22 10:30:00' WHERE id = 'hero';
SELECT put_log('[
	{"timestamp": "2026-01-20T08:00:00.000001", "context": {"reused_in_type": "email", "reused_in_id": "spring-letter", "reused_in_name": "Spring letter", "variant": "B"}},
	{"timestamp": "2026-01-21T09:15:00.250000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "summer", "reused_in_name": "Summer Sale 2026"}},
	{"timestamp": "2026-01-22T10:30:00.000000", "context": {"reused_in_type": "campaign_space", "reused_in_id": "fall", "reused_in_name": "Fall Campaign 2026"}}]') AS events;
SELECT jsonb_pretty(asset_reuse_history('hero', 'acme')) AS answer;

-- What track answers is what history shows: t for each key, with text and with uuid arguments.
SELECT asset_reuse_track('line', 'acme', 'fall', reuse_context => '{"slot": 3, "list": [1, {"a": null}]}') AS tracked \gset
SELECT h->'history'->0->'timestamp' = t->'event'->'timestamp' AS timestamp,
	   h->'history'->0->'reused_in_type' = t->'event'->'reused_in_type' AS type,
	   h->'history'->0->'reused_in_id' = t->'event'->'reused_in_id' AS id,
	   h->'history'->0->'reused_in_name' = t->'event'->'reused_in_name' AS name,
	   h->'history'->0->'context' = t->'event'->'context' AS context,
	   h->'last_reused_at' = t->'asset'->'last_reused_at' AS last_reused_at,
	   h->'total_reuses' = t->'asset'->'reused_count' AS total_reuses
FROM asset_reuse_history('line', 'acme') h, (SELECT :'tracked'::jsonb AS t) t;
SELECT asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001'::uuid,
						 'cccccccc-0000-4000-8000-000000000001'::uuid)->>'success' AS tracked;
SELECT jsonb_pretty(mask_times(h)) AS answer, h = asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 5, 0) AS same_by_text
FROM asset_reuse_history('bbbbbbbb-0000-4000-8000-000000000001'::uuid, 'aaaaaaaa-0000-4000-8000-000000000001'::uuid, 5, 0) h;

--
-- Campaigns
--

-- Of these eight events only the first three name a live campaign of this tenant by a string id
-- and the type campaign_space; is_active is true, false and null.
SELECT put_log('[
	{"timestamp": "2026-01-07T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "summer", "reused_in_name": "cached summer"}},
	{"timestamp": "2026-01-06T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "fall", "reused_in_name": null}},
	{"timestamp": "2026-01-05T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "winter"}},
	{"timestamp": "2026-01-04T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "old", "reused_in_name": "Old Campaign"}},
	{"timestamp": "2026-01-03T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "never was", "reused_in_name": "Never was"}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "rival", "reused_in_name": "seen elsewhere"}},
	{"timestamp": "2026-01-01T00:00:00", "context": {"reused_in_type": "email", "reused_in_id": "summer", "reused_in_name": "a letter called summer"}},
	{"timestamp": "2025-12-31T00:00:00", "context": {"reused_in_type": "Campaign_Space", "reused_in_id": "summer", "reused_in_name": "another type"}}]') AS events;
SELECT "timestamp", id, name, campaign FROM timeline();

-- A campaign renamed: the current name beside the one stored with the event.
UPDATE campaign_spaces SET campaign_name = 'Summer Sale, renamed' WHERE id = 'summer';
SELECT name, campaign FROM timeline(1);
-- Deleted softly, restored, deleted for good: null, there, null; the stored name stays.
-- (The assets made in it go with it, so hero moves first.)
UPDATE campaign_assets SET campaign_space_id = 'winter' WHERE id = 'hero';
UPDATE campaign_spaces SET deleted_at = '2026-02-01' WHERE id = 'summer';
SELECT name, campaign FROM timeline(1);
UPDATE campaign_spaces SET deleted_at = NULL WHERE id = 'summer';
SELECT name, campaign FROM timeline(1);
BEGIN;
DELETE FROM campaign_spaces WHERE id = 'summer';
SELECT name, campaign FROM timeline(1);
ROLLBACK;
-- A campaign that moved to another tenant is no longer shown.
BEGIN;
UPDATE campaign_spaces SET tenant_id = 'globex' WHERE id = 'summer';
SELECT name, campaign FROM timeline(1);
ROLLBACK;
-- Many events of one campaign, and of many: each gets its own.
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
	SELECT 'space ' || i, 'acme', 'ann', 'Name ' || i, 'reddit' FROM generate_series(1, 100) i;
SELECT put_log(jsonb_agg(jsonb_build_object(
		'timestamp', to_char(timestamp '2026-01-01' + i * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_name', NULL,
									  'reused_in_id', 'space ' || (i * 7 % 110 + 1))) ORDER BY i)) AS events
FROM generate_series(1, 100) i;
SELECT count(*) AS events, count(nullif(campaign, 'null')) AS with_campaign,
	   bool_and(campaign = 'null' OR campaign->'id' = id) AS each_its_own,
	   bool_and(campaign = 'null' OR campaign->>'campaign_name' = replace(id #>> '{}', 'space', 'Name')) AS by_its_name
FROM timeline(100);

--
-- Logs that other software wrote
--

-- Usable times: the zone and the fraction are understood, whatever the session's own zone.
SET TimeZone = 'Asia/Kathmandu';
SELECT put_log('[
	{"timestamp": "2026-01-22T10:30:09Z", "context": {"is": "09"}},
	{"timestamp": "2026-01-22T12:30:08+02:00", "context": {"is": "08"}},
	{"timestamp": "2026-01-22T12:30:07+02", "context": {"is": "07"}},
	{"timestamp": "2026-01-22T05:00:06-0530", "context": {"is": "06"}},
	{"timestamp": "2026-01-22 10:30:05", "context": {"is": "05"}},
	{"timestamp": "2026-01-22 10:30:04.5Z", "context": {"is": "04.5"}},
	{"timestamp": "2026-01-22T10:30:03.123", "context": {"is": "03.123"}},
	{"timestamp": "2026-01-22T10:30:02.123456123Z", "context": {"is": "02.123456"}},
	{"timestamp": "2026-01-22T10:30:01.000", "context": {"is": "01"}},
	{"timestamp": "2026-01-22t10:30:00.5z", "context": {"is": "lower-case"}},
	{"timestamp": "2026-01-22T10:30", "context": {"is": "10:30"}},
	{"timestamp": "2026-01-22T10:29:60", "context": {"is": "10:30, after a leap second"}},
	{"timestamp": "2026-01-21T24:00", "context": {"is": "the end of the day before"}},
	{"timestamp": "2026-01-22T00:29+01:00", "context": {"is": "the day before"}},
	{"timestamp": "2026-01-21", "context": {"is": "a day"}},
	{"timestamp": "2024-02-29T23:59:59.999999Z", "context": {"is": "a leap day"}},
	{"timestamp": "1969-12-31T23:59:59.5Z", "context": {"is": "before 1970"}}]') AS events;
SELECT "timestamp", context->'is' AS "is" FROM timeline();
RESET TimeZone;

-- Times that cannot be used: null and last, after the one that can, the later-stored first; none is dropped.
SELECT put_log('[
	{"context": {"is": "none"}},
	{"timestamp": null, "context": {"is": "null"}},
	{"timestamp": 1768991400, "context": {"is": "a number"}},
	{"timestamp": true, "context": {"is": "a boolean"}},
	{"timestamp": ["2026-01-22T10:30:00Z"], "context": {"is": "an array"}},
	{"timestamp": {"at": "2026-01-22T10:30:00Z"}, "context": {"is": "an object"}},
	{"timestamp": "", "context": {"is": "empty"}},
	{"timestamp": "now", "context": {"is": "now"}},
	{"timestamp": "2026-01-22T10:30:00Z", "context": {"is": "the usable one"}},
	{"timestamp": "today", "context": {"is": "today"}},
	{"timestamp": "infinity", "context": {"is": "infinity"}},
	{"timestamp": "-infinity", "context": {"is": "-infinity"}},
	{"timestamp": "epoch", "context": {"is": "epoch"}},
	{"timestamp": "2026-02-30T10:30:00Z", "context": {"is": "30 February"}},
	{"timestamp": "2025-02-29T10:30:00Z", "context": {"is": "29 February of no leap year"}},
	{"timestamp": "2026-13-01T10:30:00Z", "context": {"is": "month 13"}},
	{"timestamp": "2026-00-10T10:30:00Z", "context": {"is": "month 0"}},
	{"timestamp": "2026-01-00T10:30:00Z", "context": {"is": "day 0"}},
	{"timestamp": "2026-01-22T25:30:00Z", "context": {"is": "hour 25"}},
	{"timestamp": "2026-01-22T10:61:00Z", "context": {"is": "minute 61"}},
	{"timestamp": "2026-01-22T10:30:61Z", "context": {"is": "second 61"}},
	{"timestamp": "2026-01-22T10:30:00+99:00", "context": {"is": "an offset of 99 hours"}},
	{"timestamp": "2026-01-22T10:30:00 Europe/Berlin", "context": {"is": "a zone by name"}},
	{"timestamp": "2026-01-22T10:30:00Z and more", "context": {"is": "more behind"}},
	{"timestamp": " 2026-01-22T10:30:00Z", "context": {"is": "a blank before"}},
	{"timestamp": "22/01/2026", "context": {"is": "another notation"}},
	{"timestamp": "20260122T103000Z", "context": {"is": "the basic format"}},
	{"timestamp": "2026-1-2", "context": {"is": "single digits"}},
	{"timestamp": "2026-01-22T10", "context": {"is": "no minutes"}},
	{"timestamp": "2026-01-22T10:30:00.", "context": {"is": "a point and no fraction"}},
	{"timestamp": "2026-01-22T10:30:00.12x", "context": {"is": "a letter in the fraction"}},
	{"timestamp": "０2026-01-22", "context": {"is": "a wide digit"}},
	{"timestamp": "-2026-01-22T10:30:00Z", "context": {"is": "a negative year"}},
	{"timestamp": "Infinity", "context": {"is": "Infinity"}}]') AS events;
SELECT "timestamp", context->'is' AS "is" FROM timeline();
-- All 34 are there, and total says so.
SELECT h->'total' AS total, jsonb_array_length(h->'history') AS shown FROM asset_reuse_history('hero', 'acme') h;

-- Out of order: sorted, those without a time last; equal times keep the later-stored first,
-- also where they are written differently.
SELECT put_log('[
	{"timestamp": "2026-01-03T00:00:00", "context": {"n": 1}},
	{"timestamp": "2026-01-01T00:00:00", "context": {"n": 2}},
	{"context": {"n": 3}},
	{"timestamp": "2026-01-02T00:00:00Z", "context": {"n": 4}},
	{"timestamp": "2026-01-03", "context": {"n": 5}},
	{"timestamp": "2026-01-02T02:00:00+02:00", "context": {"n": 6}},
	{"timestamp": "2026-01-02T00:00:00.000000", "context": {"n": 7}},
	{"timestamp": "bad", "context": {"n": 8}},
	{"timestamp": "2026-01-01T00:00:00.000001", "context": {"n": 9}}]') AS events;
SELECT "timestamp", context->'n' AS n FROM timeline();
-- In order but for equal times: 4, 3, 2, 1.
SELECT put_log('[
	{"timestamp": "2026-01-01T00:00:00", "context": {"n": 1}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"n": 2}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"n": 3}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"n": 4}}]') AS events;
SELECT "timestamp", context->'n' AS n FROM timeline();

-- Elements that are no objects come with their value as context.
SELECT put_log('[5, "2026-01-22T10:30:00Z", null, true, [], [1, [2, {"timestamp": "2026-01-01"}]], {}, 1.50,
	{"timestamp": "2026-01-22T10:30:00Z", "context": {"is": "an event"}}]') AS events;
SELECT * FROM timeline();

-- Events without a context, or with one that is no object: shown as stored, the place null.
SELECT put_log('[
	{"timestamp": "2026-01-01T00:00:00"},
	{"timestamp": "2026-01-02T00:00:00", "context": null},
	{"timestamp": "2026-01-03T00:00:00", "context": "reused_in_id"},
	{"timestamp": "2026-01-04T00:00:00", "context": ["reused_in_id", "summer"]},
	{"timestamp": "2026-01-05T00:00:00", "context": 5},
	{"timestamp": "2026-01-06T00:00:00", "context": {}},
	{"timestamp": "2026-01-07T00:00:00", "reused_in_type": "campaign_space", "reused_in_id": "summer", "reused_in_name": "not in the context"}]') AS events;
SELECT * FROM timeline();

-- A place of another type: text as it is, numbers and booleans as their text, the rest null;
-- so a campaign's id may be a number or boolean, but no array, and its type is the string only.
INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('7', 'acme', 'ann', 'Seven', 'other'), ('true', 'acme', 'ann', 'True', 'other');
SELECT put_log('[
	{"timestamp": "2026-01-01T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": 7, "reused_in_name": 1.50}},
	{"timestamp": "2026-01-02T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": true, "reused_in_name": false}},
	{"timestamp": "2026-01-03T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": ["7"], "reused_in_name": {"a": 1}}},
	{"timestamp": "2026-01-04T00:00:00", "context": {"reused_in_type": ["campaign_space"], "reused_in_id": "7", "reused_in_name": null}},
	{"timestamp": "2026-01-05T00:00:00", "context": {"reused_in_id": "7", "reused_in_name": ""}},
	{"timestamp": "2026-01-06T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "", "reused_in_name": ""}},
	{"timestamp": "2026-01-07T00:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "7", "reused_in_name": "seven"}}]') AS events;
SELECT type, id, name, campaign FROM timeline();

-- Quotes, backslashes and non-ASCII letters come back as given: t, t.
SELECT asset_reuse_track('clip', 'acme', NULL, 'email', NULL, 'é "x" \',
						 '{"\"\\": "\\u0041 \n", "größe": "🎉 ''"}')->>'success' AS tracked;
SELECT e->'reused_in_name' = '"é \"x\" \\"' AS name_same,
	   e->'context' = '{"\"\\": "\\u0041 \n", "größe": "🎉 ''", "at_reuse": {"spend": 0}, "reused_in_type": "email",
						"reused_in_id": null, "reused_in_name": "é \"x\" \\"}' AS context_same
FROM asset_reuse_history('clip', 'acme') h, LATERAL (SELECT h->'history'->0 AS e) e;

-- reused_count differing from the log: both are told as they are.
SELECT put_log('[{"timestamp": "2026-01-01T00:00:00"}]') AS events;
UPDATE campaign_assets SET reused_count = 12, last_reused_at = NULL WHERE id = 'hero';
SELECT h - 'history' AS answer FROM asset_reuse_history('hero', 'acme') h;

--
-- Paging
--

-- Five events at every boundary of limit and offset: the numbers shown, and has_more.
SELECT put_log(jsonb_agg(jsonb_build_object('timestamp', '2026-01-0' || i || 'T00:00:00',
											'context', jsonb_build_object('n', i)) ORDER BY i)) AS events
FROM generate_series(1, 5) i;
SELECT l AS "limit", o AS "offset",
	   (SELECT string_agg(e->'context'->>'n', ' ') FROM jsonb_array_elements(h->'history') e) AS shown,
	   h->'total' AS total, h->'limit' = to_jsonb(l) AND h->'offset' = to_jsonb(o) AS told, h->'has_more' AS has_more
FROM unnest('{1,2,4,5,6,100}'::int[]) l, unnest('{0,1,3,4,5,6,2147483647}'::int[]) o,
	 asset_reuse_history('hero', 'acme', l, o) h
ORDER BY l, o;

-- shown_as_expected builds a log of so many events and compares what the function
-- answers, page by page, with what plain SQL makes of the log: newest first, no
-- time last, later-stored first.  The log is in order, reversed, shuffled with
-- equal times, or shuffled with some that have none.
CREATE FUNCTION shown_as_expected(events int, shape text, page_limit int) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	log jsonb;
	expected jsonb;
	shown jsonb := '[]';
	page jsonb;
	place int := 0;
BEGIN
	SELECT coalesce(jsonb_agg(e ORDER BY i), '[]'),
		   coalesce(jsonb_agg(e->'context' ORDER BY at DESC NULLS LAST, i DESC), '[]')
		INTO log, expected
	FROM (SELECT i, at, jsonb_strip_nulls(jsonb_build_object(
				'timestamp', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
				'context', jsonb_build_object('n', i, 'filler', repeat('x', i % 50)))) AS e
		  FROM (SELECT i, timestamp '2026-01-01' + interval '1 microsecond' *
					CASE shape WHEN 'ordered' THEN i
							   WHEN 'reversed' THEN -i
							   WHEN 'shuffled' THEN i * 7919 % 97
							   WHEN 'gaps' THEN CASE WHEN i % 5 <> 0 THEN i * 7919 % 97 END END AS at
				FROM generate_series(1, events) i) t) l;
	PERFORM put_log(log);
	LOOP
		page := asset_reuse_history('hero', 'acme', page_limit, place);
		IF (page->>'total')::int <> events
			OR (page->>'has_more')::boolean <> (place + page_limit < events)
			OR jsonb_array_length(page->'history') <> greatest(least(page_limit, events - place), 0) THEN
			RETURN false;
		END IF;
		shown := shown || (SELECT coalesce(jsonb_agg(value->'context' ORDER BY ordinality), '[]')
						   FROM jsonb_array_elements(page->'history') WITH ORDINALITY);
		EXIT WHEN NOT (page->>'has_more')::boolean;
		place := place + page_limit;
	END LOOP;
	RETURN shown = expected;
END
$$;
-- All t, around the multiples of 32 and of the page's limit.
SELECT shape, l AS page_limit, bool_and(shown_as_expected(n, shape, l)) AS as_expected, count(*) AS logs
FROM unnest('{ordered,reversed,shuffled,gaps}'::text[]) shape, unnest('{1,7,32,50}'::int[]) l,
	 unnest('{0,1,2,31,32,33,49,50,51,63,64,65,96,97,100,101}'::int[]) n
GROUP BY shape, l ORDER BY shape, l;
SELECT shape, shown_as_expected(n, shape, 100) AS as_expected, n
FROM unnest('{ordered,reversed,shuffled,gaps}'::text[]) shape, unnest('{1000,1024,2500}'::int[]) n
ORDER BY shape, n;

--
-- Paging by cursor
--

-- page shows what a page has, and where the next one is.
CREATE FUNCTION page(page_limit int, page_offset int DEFAULT 0, cursor text DEFAULT NULL,
					 OUT shown text, OUT total jsonb, OUT has_more jsonb, OUT next_cursor text)
RETURNS record LANGUAGE sql AS $$
	SELECT (SELECT string_agg(e.value->'context'->>'n', ' ' ORDER BY e.ordinality) FROM jsonb_array_elements(h->'history') WITH ORDINALITY e),
		   h->'total', h->'has_more', h->>'next_cursor'
	FROM asset_reuse_history('hero', 'acme', page_limit, page_offset, page.cursor) h
$$;
-- Five events: the cursor is the last one's id, so what follows comes after it; total is told without a cursor only.
SELECT put_log(jsonb_agg(jsonb_build_object('timestamp', '2026-01-0' || i || 'T00:00:00',
											'context', jsonb_build_object('n', i)) ORDER BY i)) AS events
FROM generate_series(1, 5) i;
SELECT * FROM page(2);
SELECT * FROM page(2, 0, event_id('2026-01-04Z'));
SELECT * FROM page(2, 0, event_id('2026-01-02Z'));
SELECT * FROM page(2, 0, event_id('2026-01-01Z'));
SELECT h->'history'->4->>'event_id' = event_id('2026-01-01Z') AS same_id, h->'next_cursor' AS next_cursor FROM asset_reuse_history('hero', 'acme') h;
-- After an offset the cursor is the last one's as well; null, and offset 0 beside a cursor, are as if not given.
SELECT * FROM page(2, 1);
SELECT * FROM page(2, 1, NULL);
SELECT * FROM page(2, NULL, event_id('2026-01-04Z'));
-- The event of a cursor need not be there any more: what comes after its place is shown.
SELECT * FROM page(2, 0, event_id('2026-01-03 00:00:00.000001Z'));
SELECT * FROM page(2, 0, event_id('2026-01-03Z', 2147483647));
SELECT * FROM page(2, 0, event_id('2999-01-01Z'));
SELECT * FROM page(2, 0, event_id('1900-01-01Z'));
-- Both a cursor and an offset, and cursors that are none: 22023.
SELECT error_of(format('SELECT page(2, 1, %L)', event_id('2026-01-04Z')));
SELECT cursor, error_of(format('SELECT page(2, 0, %L)', cursor)) AS error
FROM unnest('{"","-",5,5-,-5,--5,5--5,"5- 0"," 5-0","5-0 ",05-0,5-00,+5-0,5-+0,5-2147483648,9223372036854775808-0,2026-01-04,infinity,5-0-0,5x-0,5-0x}'::text[]) cursor;
SELECT error_of(format('SELECT page(2, 0, %L)', repeat('5', 100000)));

-- Events of one time (2 to 4) have numbers, and a cursor between them parts them: each comes once.
SELECT put_log(jsonb_agg(jsonb_build_object('timestamp', '2026-01-0' || CASE WHEN i BETWEEN 2 AND 4 THEN 3 ELSE i END,
											'context', jsonb_build_object('n', i)) ORDER BY i)) AS events
FROM generate_series(1, 6) i;
SELECT l AS "limit", first.shown, first.next_cursor, '|' AS then, next.*
FROM generate_series(1, 7) l, page(l) first, page(l, 0, first.next_cursor) next ORDER BY l;
-- So have those without a time (4 to 6), which come last.
SELECT put_log('[{"timestamp": "2026-01-02", "context": {"n": 2}}, {"context": {"n": 6}}, {"timestamp": "2026-01-01", "context": {"n": 3}},
	{"context": {"n": 5}}, {"timestamp": "now", "context": {"n": 4}}, {"timestamp": "2026-01-03", "context": {"n": 1}}]') AS events;
SELECT l AS "limit", first.shown, first.next_cursor, '|' AS then, next.*
FROM generate_series(1, 7) l, page(l) first, page(l, 0, first.next_cursor) next ORDER BY l;
-- Events that arrive meanwhile, later or at the cursor's own time, change nothing of the pages after it: 3 2, and 3 2 1.
SELECT put_log('[{"timestamp": "2026-01-01", "context": {"n": 1}}, {"timestamp": "2026-01-02", "context": {"n": 2}},
	{"timestamp": "2026-01-02", "context": {"n": 3}}, {"timestamp": "2026-01-02", "context": {"n": 4}}]') AS events;
SELECT * FROM page(1);
SELECT next_cursor AS cursor FROM page(1) \gset
UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}', platform_metadata->'reuse_history' ||
	'[{"timestamp": "2026-01-02", "context": {"n": 5}}, {"timestamp": "2026-01-03", "context": {"n": 6}}]') WHERE id = 'hero';
SELECT * FROM page(2, 0, :'cursor');
SELECT * FROM page(3, 0, :'cursor');

-- shown_by_cursor follows the cursor through a log as shown_as_expected has it, and compares what it
-- has shown with the pages by offset.  No two events have one id.
CREATE FUNCTION shown_by_cursor(events int, shape text, page_limit int) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	page jsonb;
	next text;
	shown jsonb := '[]';
	expected jsonb := '[]';
BEGIN
	PERFORM shown_as_expected(events, shape, 100);
	FOR place IN 0 .. events BY 100 LOOP
		expected := expected || (asset_reuse_history('hero', 'acme', 100, place)->'history');
	END LOOP;
	LOOP
		page := asset_reuse_history('hero', 'acme', page_limit, 0, next);
		next := page->>'next_cursor';
		shown := shown || (page->'history');
		IF (next IS NULL) <> (page->'has_more' = 'false') OR next <> shown->-1->>'event_id' THEN
			RETURN false;
		END IF;
		EXIT WHEN next IS NULL;
	END LOOP;
	RETURN shown = expected AND events = (SELECT count(DISTINCT value->'event_id') FROM jsonb_array_elements(shown));
END
$$;
-- Each event exactly once: all t.
SELECT shape, l AS page_limit, bool_and(shown_by_cursor(n, shape, l)) AS once, count(*) AS logs
FROM unnest('{ordered,reversed,shuffled,gaps}'::text[]) shape, unnest('{1,3,32}'::int[]) l,
	 unnest('{1,2,31,33,97,250}'::int[]) n
GROUP BY shape, l ORDER BY shape, l;

--
-- Storage: the same answers from a row that holds the log compressed with pglz or
-- lz4, or out of line without compression; a log that compresses well enough to
-- stay in the row, and one that does not.
--
CREATE TABLE logs AS
	SELECT 'repetitive' AS kind, jsonb_agg(jsonb_build_object('context', jsonb_build_object('filler', repeat('x', 100)))) AS log
	FROM generate_series(1, 50) i
	UNION ALL
	SELECT 'long', jsonb_agg(jsonb_build_object(
		'timestamp', to_char(timestamp '2026-01-01' + i * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
		'context', jsonb_build_object('n', i, 'filler', md5(i::text))) ORDER BY i)
	FROM generate_series(1, 1000) i;
CREATE FUNCTION stored_as(kind text, OUT compression text, OUT bytes text, OUT page text)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM put_log(log) FROM logs l WHERE l.kind = stored_as.kind;
	SELECT pg_column_compression(platform_metadata),
		   CASE WHEN pg_column_size(platform_metadata) < 2000 THEN 'few' ELSE 'many' END
		INTO compression, bytes
	FROM campaign_assets WHERE id = 'hero';
	page := md5(asset_reuse_history('hero', 'acme', 100, 450)::text || asset_reuse_history('hero', 'acme', 7, 31));
END
$$;
-- What to compare with: the pages of values stored as they are, inline and out of line.
ALTER TABLE campaign_assets ALTER platform_metadata SET STORAGE PLAIN;
SELECT page AS repetitive_page FROM stored_as('repetitive') \gset
ALTER TABLE campaign_assets ALTER platform_metadata SET STORAGE EXTERNAL;
SELECT page AS long_page FROM stored_as('long') \gset
-- Not compressed and out of line: t.
SELECT compression, bytes, page = :'repetitive_page' AS same FROM stored_as('repetitive');
-- pglz: few bytes for the repetitive one, many for the other; t, t.
ALTER TABLE campaign_assets ALTER platform_metadata SET STORAGE EXTENDED, ALTER platform_metadata SET COMPRESSION pglz;
SELECT compression, bytes, page = :'repetitive_page' AS same FROM stored_as('repetitive');
SELECT compression, bytes, page = :'long_page' AS same FROM stored_as('long');
-- lz4: the same.
ALTER TABLE campaign_assets ALTER platform_metadata SET COMPRESSION lz4;
SELECT compression, bytes, page = :'repetitive_page' AS same FROM stored_as('repetitive');
SELECT compression, bytes, page = :'long_page' AS same FROM stored_as('long');
-- Track goes on from a log compressed with lz4, and from the one it wrote: 1001 events, 1002, and what
-- was the newest is now the third; then 2 in a row that stays small.
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success' AS tracked;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
ALTER TABLE campaign_assets ALTER platform_metadata SET STORAGE EXTERNAL;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success' AS tracked;
SELECT h->'total' AS total, h->'history'->2->'context'->'n' AS newest_before FROM asset_reuse_history('hero', 'acme') h;
SELECT put_log('[]') AS events;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success' AS tracked;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success' AS tracked;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;

--
-- Reading only: it works in a transaction that may only read, and sees what its
-- own transaction tracked.
--
BEGIN READ ONLY;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
SELECT asset_reuse_analytics('acme')->'success' AS success;
SELECT count(*) > 0 AS checked FROM asset_reuse_check_schema();
COMMIT;
BEGIN;
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->>'success' AS tracked;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
ROLLBACK;
SELECT asset_reuse_history('hero', 'acme')->'total' AS total;
-- In the statement that tracks it sees the rows as they were when the statement began.
SELECT asset_reuse_track('hero', 'acme', reused_in_id => 'x')->'asset'->'reused_count' IS NOT NULL AS tracked,
	   asset_reuse_history('hero', 'acme')->'total' AS total;

-- No setting of the session changes a printed time: t.
SELECT put_log('[{"timestamp": "2026-01-20T08:00:00.000001"}, {"timestamp": "2026-07-20T08:00:00+02:00"}]') AS events;
UPDATE campaign_assets SET last_reused_at = '2026-07-20 06:00:00.5' WHERE id = 'hero';
SELECT asset_reuse_history('hero', 'acme') AS told \gset
SET TimeZone = 'Pacific/Apia';
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SELECT asset_reuse_history('hero', 'acme') = :'told'::jsonb AS same, :'told'::jsonb->'last_reused_at' AS last_reused_at,
	   :'told'::jsonb->'history'->0->'timestamp' AS newest, :'told'::jsonb->'history'->1->'timestamp' AS oldest;
RESET DateStyle;
RESET IntervalStyle;

-- Whatever its notation and length, a time is read as PostgreSQL reads it: 0 of 480 differ.
SET TimeZone = 'UTC';
SELECT count(*) AS read,
	   count(*) FILTER (WHERE asset_reuse_log_next_time(
			jsonb_build_object('reuse_history', jsonb_build_array(jsonb_build_object('timestamp', stamp))),
			NULL, stamp::timestamp with time zone AT TIME ZONE 'UTC' - interval '1 hour', false) <> stamp::timestamp with time zone AT TIME ZONE 'UTC' + interval '1 microsecond')
			AS differing
FROM unnest('{2026-01-22,2024-02-29}'::text[]) AS day, unnest('{T," "}'::text[]) AS separator,
	 unnest('{10:30:00,23:59:59,10:30:60}'::text[]) AS clock,
	 unnest('{"",.1,.12,.123,.1234,.12345,.123456,.1234567}'::text[]) AS fraction,
	 unnest('{"",Z,+02,-0330,+05:45}'::text[]) AS zone, concat(day, separator, clock, fraction, zone) AS stamp;
RESET TimeZone;

-- Where campaigns have ids of type uuid, any notation of that type names one: three of five do, spelled as the type does, and no error;
-- the context has it as stored.
CREATE TABLE uuid_spaces (id uuid PRIMARY KEY, tenant_id varchar(36), campaign_name text);
INSERT INTO uuid_spaces VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'acme', 'by uuid');
SET asset_reuse.spaces_table = 'uuid_spaces';
SELECT put_log(jsonb_agg(jsonb_build_object('timestamp', '2026-01-0' || n, 'context',
				jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', id)))) AS events
FROM unnest(ARRAY['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}',
				  'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', 'summer'])
	 WITH ORDINALITY AS named (id, n);
SELECT id, campaign, context->'reused_in_id' AS stored FROM timeline();
RESET asset_reuse.spaces_table;

SET client_min_messages = warning;
DROP SCHEMA regress_history CASCADE;
