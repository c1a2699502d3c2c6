--
-- Tracks a list of events into the sample tenant.  The list comes on psql's standard
-- input, as CSV with the columns asset_id, campaign_space_id and context (a JSON object);
-- the last two may be empty or left out, and the first line may be a header.
--
-- A refused line is reported with its number and error, and the rest goes on.  COPY
-- alone would give up at the first line with a column too few or too many.
-- It reads the lines, then; records and fields are made of them here.
--

\encoding UTF8
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- Delimiter and quote are characters that no list has, so that a line stays whole.
CREATE TEMP TABLE list_line (line int GENERATED ALWAYS AS IDENTITY, content text);
\copy list_line (content) FROM pstdin (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', FORCE_NOT_NULL (content))
-- Spreadsheets begin a file with a byte order mark.
UPDATE list_line SET content = ltrim(content, U&'\FEFF') WHERE line = 1;

-- A line begins a record if the quotes before it are even in number; otherwise it
-- continues a quoted field.  Blank lines and the header are no records.
CREATE TEMP TABLE list_record AS
SELECT (row_number() OVER (ORDER BY min(line)))::int AS n, min(line) AS line,
	string_agg(content, E'\n' ORDER BY line) AS content, NULL::boolean AS tracked
FROM (
	SELECT line, content, count(*) FILTER (WHERE (quotes_up_to - quotes) % 2 = 0) OVER (ORDER BY line) AS record
	FROM (
		SELECT line, content, quotes, sum(quotes) OVER (ORDER BY line) AS quotes_up_to
		FROM list_line,
			LATERAL (SELECT regexp_count(content, '"') AS quotes) q
	) running
) grouped
GROUP BY record
HAVING btrim(string_agg(content, '')) <> ''
	AND NOT (min(line) = 1 AND lower(min(content)) ~ '^\s*"?asset_id"?\s*(,|$)');
ALTER TABLE list_record ADD PRIMARY KEY (n);

-- csv_fields returns a record's fields: an empty one is null, unless it is quoted.
CREATE FUNCTION pg_temp.csv_fields(record text) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
	IF record !~ '^(?:"(?:[^"]|"")*"|[^",]*)(?:,(?:"(?:[^"]|"")*"|[^",]*))*$' THEN
		RAISE bad_copy_file_format USING MESSAGE = 'quotes do not match, or stand inside an unquoted field';
	END IF;
	RETURN (
		SELECT array_agg(coalesce(replace(field[1], '""', '"'), nullif(field[2], '')) ORDER BY n)
		FROM regexp_matches(',' || record, ',(?:"((?:[^"]|"")*)"|([^",]*))', 'g') WITH ORDINALITY AS _ (field, n)
	);
END
$$;

-- track_records tracks some records, each in a subtransaction of its own, and returns
-- a line for each that is refused and one on how far it has come.
CREATE FUNCTION pg_temp.track_records(first_n int, last_n int, total int) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	record record;
	field text[];
	error_detail text;
BEGIN
	FOR record IN SELECT * FROM list_record WHERE n BETWEEN first_n AND last_n ORDER BY n LOOP
		BEGIN
			field := pg_temp.csv_fields(record.content);
			IF cardinality(field) > 3 THEN
				RAISE bad_copy_file_format USING MESSAGE = 'extra data after the last expected column';
			END IF;
			PERFORM asset_reuse_track(field[1], 'acme', field[2], reuse_context => field[3]::jsonb);
			UPDATE list_record SET tracked = true WHERE n = record.n;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS error_detail = PG_EXCEPTION_DETAIL;
			UPDATE list_record SET tracked = false WHERE n = record.n;
			RETURN NEXT concat_ws('  ', format('line %s refused: %s %s', record.line, SQLSTATE, SQLERRM),
				nullif(error_detail, ''));
		END;
	END LOOP;
	RETURN NEXT format('%s of %s events', last_n, total);
END
$$;

-- A hundred at a time, each hundred in a transaction: what is tracked stays, whatever comes.
SELECT format('SELECT pg_temp.track_records(%s, %s, %s)', n, least(n + 99, total), total)
FROM (SELECT count(*) AS total FROM list_record) t, generate_series(1, total, 100) n
\gexec

SELECT format('%s tracked, %s refused', count(*) FILTER (WHERE tracked), count(*) FILTER (WHERE NOT tracked))
FROM list_record;
