--
-- The reuse log at JSONB's own limits: one container has at most 268,435,455
-- bytes.  An append that would pass it is refused with the error that
-- PostgreSQL itself raises, and one that just fits gives the very bytes that
-- plain SQL gives.
--
-- What takes time here is to copy 256 MB some dozens of times, so that each
-- document is built only once, of long strings.
--
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS reuse_log_limits CASCADE;
CREATE SCHEMA reuse_log_limits;
SET search_path = reuse_log_limits, public;
RESET client_min_messages;
-- The planner would copy an argument once more for each plan.
SET plan_cache_mode = force_generic_plan;

CREATE FUNCTION long_string(length int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	unit text := repeat('x', 1000);
BEGIN
	RETURN repeat(unit, length / 1000) || left(unit, length % 1000);
END
$$;

-- What the append of each context and plain SQL come to, each an error or "appended", and whether
-- they are the same: the same error, or the same bytes.
CREATE FUNCTION append_both_ways(m jsonb, contexts jsonb[],
								 OUT appended text, OUT by_plain_sql text, OUT same boolean)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	clock timestamp := '2026-01-22 10:30:00.123456';
	context jsonb;
	spliced jsonb;
	plain jsonb;
BEGIN
	FOREACH context IN ARRAY contexts LOOP
		spliced := NULL;
		plain := NULL;
		BEGIN
			spliced := asset_reuse_log_append(m, NULL, clock, context, false);
			appended := 'appended';
		EXCEPTION WHEN OTHERS THEN
			appended := SQLSTATE || ': ' || SQLERRM;
		END;
		BEGIN
			plain := jsonb_set(m, '{reuse_history}', coalesce(m -> 'reuse_history', '[]')
				|| jsonb_build_object('timestamp', '2026-01-22T10:30:00.123456', 'context', context));
			by_plain_sql := 'appended';
		EXCEPTION WHEN OTHERS THEN
			by_plain_sql := SQLSTATE || ': ' || SQLERRM;
		END;
		same := appended = by_plain_sql AND record_image_eq(ROW (spliced), ROW (plain));
		RETURN NEXT;
	END LOOP;
END
$$;

-- The object is full.  With an event of the context {"": ""} it has 138 bytes beside the string: a
-- head of 20, keys of 13 and 23, and a log of 82.  The first is exactly full: the same bytes.
-- One byte more: refused, by the object.
SELECT append_both_ways(jsonb_build_object('a string behind the log', long_string(268435317), 'reuse_history', '[]'::jsonb),
						'{"{\"\": \"\"}", "{\"\": \"x\"}"}');
-- The log is full: with the event it would have 22 bytes too many.  Refused, by the array.
SELECT append_both_ways(jsonb_build_object('reuse_history', jsonb_build_array(long_string(268435400))), '{"{}"}');

-- A log of 70 long strings, at offsets up to 70 MB: the same bytes.
SELECT append_both_ways((SELECT jsonb_build_object('reuse_history', jsonb_agg(long_string(1000000 + i))) FROM generate_series(1, 70) AS i), '{"{}"}');

-- A context that is full leaves no room for an event around it: refused, by the event.
SELECT append_both_ways('{"a": 1}', ARRAY[jsonb_build_object('s', long_string(268435442))]);

SET client_min_messages = warning;
DROP SCHEMA reuse_log_limits CASCADE;
