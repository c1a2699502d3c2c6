--
-- Tracks a list of events into the sample tenant.  Events with a timestamp are imported at that
-- time, so that the list can be loaded repeatedly.  The list is read from psql's standard input,
-- as rows that read_events.py has made from a file: one for each record, with the number of its
-- line and its kind.
--
-- A refused line is reported with its number and the reason, and the others are tracked.
--

\encoding UTF8
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

CREATE TEMP TABLE list_record (
	n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	line int NOT NULL,
	kind text NOT NULL,			-- event, which becomes tracked, replayed or refused; refused, header, empty
	reason text NOT NULL,
	asset_id text NOT NULL,
	campaign_space_id text NOT NULL,
	context text NOT NULL,
	"timestamp" text NOT NULL
);
\copy list_record (line, kind, reason, asset_id, campaign_space_id, context, "timestamp") FROM pstdin
ANALYZE list_record;

-- track_records tracks some records, each in a subtransaction of its own, and returns a line
-- for each refused record, and one with the progress.
CREATE FUNCTION pg_temp.track_records(first_n int, last_n int, total int) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	record record;
	error_detail text;
BEGIN
	FOR record IN SELECT * FROM list_record WHERE n BETWEEN first_n AND last_n ORDER BY n LOOP
		IF record.kind = 'event' THEN
			BEGIN
				record.kind := 'tracked';
				IF record.timestamp = '' THEN
					PERFORM asset_reuse_track(record.asset_id, 'acme', nullif(record.campaign_space_id, ''),
						reused_in_type => CASE record.campaign_space_id WHEN '' THEN 'other' END,
						reuse_context => nullif(record.context, '')::jsonb);
				ELSIF asset_reuse_import('acme', jsonb_build_array(jsonb_build_object(
						'asset_id', record.asset_id, 'timestamp', record.timestamp,
						'campaign_space_id', nullif(record.campaign_space_id, ''),
						'reused_in_type', CASE record.campaign_space_id WHEN '' THEN 'other' END,
						'context', nullif(record.context, '')::jsonb)), source => 'file') -> 'replayed' = '1' THEN
					record.kind := 'replayed';
				END IF;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL;
				record.kind := 'refused';
				record.reason := concat_ws('  ', SQLSTATE || ' ' || SQLERRM, nullif(error_detail, ''));
			END;
			UPDATE list_record SET kind = record.kind WHERE n = record.n;
		END IF;
		IF record.kind = 'refused' THEN
			-- An error may quote a cell of any length.
			RETURN NEXT format('line %s refused: %s', record.line, left(record.reason, 300));
		END IF;
	END LOOP;
	RETURN NEXT format('%s of %s records', last_n, total);
END
$$;

-- In batches of a hundred, each in a transaction: what has been tracked stays, whatever happens later.
SELECT format('SELECT pg_temp.track_records(%s, %s, %s)', n, least(n + 99, total), total)
FROM (SELECT count(*) AS total FROM list_record) t, generate_series(1, total, 100) n
\gexec

SELECT format('%s tracked, %s%s refused, %s header, %s empty; %s in all',
	count(*) FILTER (WHERE kind = 'tracked'),
	nullif(count(*) FILTER (WHERE kind = 'replayed'), 0) || ' there already, ', count(*) FILTER (WHERE kind = 'refused'),
	count(*) FILTER (WHERE kind = 'header'), count(*) FILTER (WHERE kind = 'empty'), count(*))
FROM list_record;
