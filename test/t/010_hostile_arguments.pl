# Every function of the extension that SQL can call, found in the catalog, is called
# with arguments picked at random, by a fixed seed, from values that are usual and values
# that nobody would expect: nulls, ends of ranges, infinities, odd Unicode, huge texts,
# documents that other software broke, tables that do not fit; some thousand calls.
# Every call gives an answer or an error that the contract has; an error changes
# nothing, a reader changes nothing, and a track counts one.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = 2026;
my $calls_per_function = 200;

# The contract's errors, and 42809 for a setting that names what is no table.  Jsonb's own
# limits, 54000, take longer: see test/sql/reuse_log_limits.sql.
my @contract = qw(P0002 22023 22004 22007 22008 22P02 22039 2203C 22003 42P01 42703 42804 42809);
# and of assets that no history table can reference; and those that only few calls can meet
my $no_key = '42830';
my @rare = qw(21000 23505);

# What changes the tables where it gives an answer.
my @writers = map { "asset_reuse_$_" } qw(track track_many undo copy_campaign sync import drop_history_table);

# Values are SQL expressions.  Mostly an argument has one that is usual for its name.
my %usual = (
	asset_id => [ map { "'$_'" } qw(new logged strange no-array no-object scalar at-end deleted), 'of globex' ],
	tenant_id => ["'acme'"],
	campaign_space_id => [ "'fall'", 'NULL' ],
	campaign_id => [ "'fall'", "'none'", 'NULL' ],
	campaigns => [ "'{{fall,meta},{spring,NULL},{fall,tiktok}}'", 'NULL' ],
	reused_in_type => [ "'campaign_space'", "'email'" ],
	reuse_context => [ q('{"placement": "story"}'), 'NULL' ],
	asset_type => [ "'image'", 'NULL' ],
	platform => [ "'meta'", "'x'", 'NULL' ],
	page_limit => [ 1, 50, 100 ],
	page_offset => [ 0, 1, 3 ],
	top_limit => [ 1, 10, 50 ],
	row_limit => [ 1, 10, 50, 1000, 'NULL' ],
	order_by => [ "'fit'", "'expected'", 'NULL' ],
	explore => [ 0, 1, 'NULL' ],
	half_life => [ "'365 days'", "'1 month'", 'NULL' ],
	as_of => [ ('NULL') x 5, "'2026-01-23'" ],
	sample => [ 1, 200, 'NULL' ],
	start_date => [ "'2026-01-01'", 'NULL' ],
	end_date => [ "'2027-01-01'", 'NULL' ],
	from_campaign_space_id => ["'fall'"],
	to_campaign_space_id => ["'spring'"],
	asset_ids => [ "'{new,logged}'", "'{{new},{strange}}'" ],
	event_id => ["'822393000123456-0'"],
	reuse_key => [ ('NULL') x 5, "'key'" ],
	events => [q('[{"asset_id": "new", "timestamp": "2026-01-01", "reused_in_type": "email", "reused_in_id": "x"}]')],
	source => ["'crm'"],
	include => [ "'all'", "'own'", 'NULL' ],
	on_missing => [ "'skip'", "'error'" ],
	on_error => [ "'skip'", "'error'" ],
	cursor => [ "'822306600123456-0'", "'-9223372036854775808-5'", 'NULL' ],
	bucket => [ "'day'", "'hour'", "'week'", "'month'" ],
	older_than => [ "'90 days'", 'NULL' ],
	partition_by => [ 'NULL', "'month'" ],
	clock => ["'2026-01-22 10:30'"],
	confidence => [ 0.95, 0.5, 'NULL' ],
	filter => [ "'image'", 'NULL' ],
	state => ["(SELECT asset_reuse_insight(true, 'image'::campaignassettype, 'c', '{{c,x}}', now(), 1, 1000, 10, 1))"],
	context => ["'{}'"]);

# The columns of asset_reuse_summary and asset_reuse_insight, which can have any type.
my $counts = [ 'n', '0', "NULL" ];
my %usual_columns = (
	id => [ "'asset'::text", "n::text" ],
	ctr => [ "1.5::float8", "'NaN'::numeric", "NULL::float8" ],
	clicks => $counts,
	spend => [ '12.3::float8', '1.5::numeric', 'NULL::real' ],
	conversions => $counts,
	impressions => $counts,
	reused_count => [ 'n', '0', 'NULL::int', '9223372036854775807::bigint' ],
	file_url => [ "'x'::text", 'NULL' ],
	thumbnail_url => ["NULL"],
	asset_name => ["'Asset'::text"],
	asset_type => [ "'image'::campaignassettype", "'x'::text" ],
	created_at => [ "'infinity'::timestamp", 'now()', 'NULL' ],
	last_reused_at => [ "'infinity'::timestamp", 'now()', 'NULL::timestamp' ],
	campaign_space_id => [ "'x'::text", 'NULL' ],
	platform_metadata => [ "'{}'::jsonb", "'[]'::jsonb", q('{"reuse_history": [{"timestamp": "2026-01-22"}, 1]}'::jsonb) ]);

my @times = (
	'NULL', "'infinity'", "'-infinity'", "'4714-11-24 00:00:00 BC'", "'0001-01-01'", "'0001-01-01 BC'",
	"'1999-12-31 23:59:59.999999'", "'2026-01-22 10:30:00.123456'", "'9999-12-31 23:59:59.999999'",
	"'10000-01-01'", "'294276-12-31 23:59:59.999999'", "'294277-01-01'", "'never'", 'now()');
my %values = (
	text => [
		'NULL', "''", "' '", "'asset'", "'%s%n%99999d'", q('''; DROP TABLE campaign_assets; --'), q('"'), q('\\'),
		q(E'\x01\n\t'), q(U&'\D83D\DE00\200D\0301\202E\FFFF'), q(U&'\+10FFFF'), "'null'", "'Campaign_Space'",
		"repeat('x', 36)", "repeat('x', 37)", "repeat(chr(233), 300)", "repeat('x', 70000)", "repeat('x', 2000000)",
		"'00000000-0000-0000-0000-000000000000'", "'{A0EEBC99-9C0B-4EF8BB6D6BB9BD380A11}'" ],
	integer => [ 'NULL', 0, 1, -1, 50, 51, 100, 101, 2147483647, -2147483648 ],
	uuid => [ 'NULL', map { "'$_-0000-0000-0000-000000000000'" } qw(00000000 ffffffff 00000001) ],
	'timestamp without time zone' => \@times,
	'timestamp with time zone' => \@times,
	jsonb => [
		'NULL', map({ "'$_'" } 'null', 'true', '0', '-1e1000', '""', '[]', '{}', '[{}]', '{"": ""}', '{"reuse_history": null}',
			'{"reuse_history": {}}', '{"reuse_history": []}', '{"reuse_history": [null, 1, "x", [], {}]}',
			'{"reuse_history": [{"timestamp": "9999-12-31T23:59:59.999999"}]}',
			'{"reuse_history": [{"timestamp": "infinity"}, {"timestamp": 5}, {"timestamp": "2026-01-22"}]}',
			'{"reused_in_type": 1, "reused_in_id": [], "reused_in_name": {}}', '{"\u0001\ud83d\ude00": "\uffff"}'),
		"CAST(repeat('[', 1000) || repeat(']', 1000) AS jsonb)",
		"jsonb_build_object(repeat('k', 100000), 1)", "jsonb_build_object('s', repeat('x', 2000000))",
		"(SELECT jsonb_object_agg(n, n) FROM generate_series(1, 3000) AS n)",
		"(SELECT jsonb_build_object('reuse_history', jsonb_agg(n)) FROM generate_series(1, 3000) AS n)" ],
	boolean => [ 'NULL', 'true', 'false' ],
	real => [ 'NULL', 0, 0.1, -1, "'NaN'", "'Infinity'", "'-Infinity'", '1e-45', '3.4e38' ],
	'double precision' => [ 'NULL', 0, 1, 0.999, -1, "'NaN'", "'Infinity'", "'-Infinity'", '1e-308', '1e308' ],
	bigint => [ 'NULL', 0, 1, -1, '9223372036854775807', '(-9223372036854775807 - 1)' ],
	interval => [ 'NULL', "'0'", "'1 day'", "'-1 day'", "'178000000 years'", "'-178000000 years'", "'1 month -31 days'" ],
	'timestamp without time zone[]' => [
		'NULL', "'{}'", "'{NULL}'", "'{2026-01-22}'", "'{2026-01-22,2026-01-22}'", "'{2026-01-23,2026-01-22}'",
		"'{infinity,-infinity}'", "'{{2026-01-22},{2026-01-23}}'" ],
	'integer[]' => [ 'NULL', "'{}'", "'{NULL}'", "'{0}'", "'{0,1}'", "'{2147483647,-2147483648}'", "'{{0},{0}}'" ],
	'jsonb[]' => [ 'NULL', "'{}'", "'{NULL}'", "'{null}'", "'{1,2}'", "'{\"{}\"}'", "'{{1},{2}}'" ],
	'text[]' => [ 'NULL', "'{}'", "'{NULL}'", "'{\"\"}'", "'{new,new}'", "'{reused_in_type}'",
		"CAST(ARRAY(SELECT 'x' || n FROM generate_series(1, 10001) AS n) AS text[])" ],
	'uuid[]' => [ 'NULL', "'{}'", "'{NULL}'", "'{00000001-0000-0000-0000-000000000000}'" ],
	bytea => [ 'NULL', q('\x'), q('\xdeadbeef') ],
	'"any"' => [
		'NULL', "'text'::text", "''::varchar", "1::int", "2147483647::int", "9223372036854775807::bigint", "'NaN'::float8",
		"'-infinity'::float8", "'1e300'::float8", "1e500::numeric", "'NaN'::numeric", "'infinity'::timestamp", "now()",
		"'{}'::jsonb", "'[]'::jsonb", "'{1,2}'::int[]", "ROW(1)", "'x'::name", "true", "NULL::int", "NULL::text",
		"NULL::float8", "NULL::timestamp", "NULL::jsonb", "'image'::campaignassettype", "'1'::name_of_asset" ]);

# What the settings name: mostly the tables that fit.
my @assets_tables = (
	('campaign_assets') x 30, 'uuid_assets', 'campaign_spaces', 'no_such_table', 'public.no_such_table', 'no_such_schema.t',
	'pg_catalog.pg_class', 'campaign_assets_pkey', 'numbers', 'narrow_assets', 'assets_view', 'information_schema.tables');
my @spaces_tables = (('campaign_spaces') x 15, 'campaign_assets', 'no_such_table', 'numbers');

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(extra => [ '--encoding', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "max_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/helpers.sql'
	CREATE EXTENSION asset_reuse;
	CREATE DOMAIN name_of_asset AS text;
	INSERT INTO tenants VALUES ('acme', 'Acme'), ('globex', 'Globex');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta'), ('spring', 'acme', 'user-1', 'Spring', 'meta'), ('other', 'globex', 'user-1', 'Other', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, platform_metadata)
		SELECT id, 'fall', 'acme', 'user-1', id, 'image', reused_count, platform_metadata::jsonb FROM (VALUES
			('new', NULL, '{}'),
			('logged', 2, '{"reuse_history": [{"context": {"reused_in_id": "fall", "reused_in_type": "campaign_space"},
				"timestamp": "2026-01-22T10:30:00.123456"}, {"context": {}, "timestamp": "2026-01-23T10:30:00.123456"}]}'),
			('strange', 1, '{"reuse_history": [null, 5, "x", [], {}, {"timestamp": "2026-01-22"}, {"timestamp": "0001-01-01"},
				{"timestamp": {}, "context": []}, {"timestamp": "9999-12-31", "context": {"reused_in_id": 1}}]}'),
			('no-array', 1, '{"reuse_history": null}'),
			('no-object', 1, '[]'),
			('scalar', 1, '"x"'),
			('at-end', 2147483647, '{}'),
			('deleted', 1, '{}'),
			('of globex', 1, '{}')) AS assets (id, reused_count, platform_metadata);
	UPDATE campaign_assets SET deleted_at = now() WHERE id = 'deleted';
	UPDATE campaign_assets SET tenant_id = 'globex' WHERE id = 'of globex';
	CREATE VIEW assets_view AS SELECT * FROM campaign_assets;
	CREATE TABLE narrow_assets AS SELECT id, tenant_id, asset_name FROM campaign_assets;
	CREATE TABLE uuid_assets AS SELECT '00000001-0000-0000-0000-000000000000'::uuid AS id, '00000001-0000-0000-0000-000000000000'::uuid AS tenant_id,
		'Asset'::text AS asset_name, 'image'::text AS asset_type, 1::bigint AS reused_count, now() AS last_reused_at,
		'{}'::jsonb AS platform_metadata, NULL::timestamptz AS deleted_at;
	CREATE VIEW all_assets AS SELECT reused_count FROM campaign_assets UNION ALL SELECT reused_count FROM uuid_assets;
	CREATE SEQUENCE numbers;
	CREATE TABLE calls (n serial, name text, assets_table text, spaces_table text, statement text);

	-- call_and_undo makes a call, and takes it back whether it gave an answer or an error.
	CREATE FUNCTION call_and_undo(call calls, OUT state text, OUT message text, OUT changed boolean, OUT counted bigint)
	LANGUAGE plpgsql AS \$\$
	DECLARE
		checksum text := tables_checksum();
		count_before bigint := (SELECT sum(reused_count) FROM all_assets);
	BEGIN
		BEGIN
			PERFORM set_config('asset_reuse.assets_table', call.assets_table, true),
				set_config('asset_reuse.spaces_table', call.spaces_table, true);
			EXECUTE call.statement;
			counted := (SELECT sum(reused_count) FROM all_assets) - count_before;
			changed := checksum <> tables_checksum();
			RAISE SQLSTATE 'UNDO0';
		EXCEPTION WHEN OTHERS THEN
			state := SQLSTATE;
			message := SQLERRM;
		END;
		changed := coalesce(changed, false) OR checksum <> tables_checksum();
	END
	\$\$;
));

sub pick { return $_[ int rand @_ ] }

# An argument as an SQL expression: one of its name's usual values, or of its type's odd ones.
sub argument
{
	my ($name, $type) = @_;
	my $usual = $type eq 'uuid' ? undef : $type eq '"any"' ? $usual_columns{$name} : $usual{$name};
	die "there are no values of type $type here" unless $values{$type};
	my $value = pick($usual && rand() < ($type eq '"any"' ? 0.95 : 0.75) ? @$usual : @{ $values{$type} });
	return $type eq '"any"' ? $value : "CAST($value AS $type)";
}

# A call of a function, or of an aggregate over rows or a growing window, as a statement.
sub statement
{
	my ($name, $kind, $types, $names) = @_;
	my @types = split /, /, $types;
	my @names = split /, /, $names;
	my $call = "$name(" . join(', ', map { argument($names[$_] // '', $types[$_]) } 0 .. $#types) . ')';
	return "SELECT count(*) FROM $call" if $kind eq 'f';
	return "SELECT $call FROM generate_series(1, 3) AS n" if rand() < 0.7;
	return "SELECT $call OVER (ORDER BY n) FROM generate_series(1, 3) AS n";
}

my $functions = $node->safe_psql('postgres', q(
	SELECT proname, prokind,
		(SELECT string_agg(format_type(t, NULL), ', ' ORDER BY n) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n)),
		array_to_string(proargnames[:pronargs], ', ')
	FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse') AND prokind IN ('f', 'a')
		AND 'internal'::regtype <> ALL (proargtypes) AND prorettype <> 'trigger'::regtype
	ORDER BY proname, proargtypes::text));

srand($seed);
my @calls;
foreach my $function (split /\n/, $functions)
{
	my @function = split /\|/, $function, -1;
	foreach (1 .. ($function[2] ? $calls_per_function : 20))
	{
		my $statement = statement(@function);
		my @tables = (pick(@assets_tables), pick(@spaces_tables));
		push @calls, "('$function[0]', '$tables[0]', '$tables[1]', \$call\$$statement\$call\$)";
	}
}
$node->safe_psql('postgres', 'INSERT INTO calls (name, assets_table, spaces_table, statement) VALUES '
	. join(",\n", @calls));

# The first few of the calls that a condition is true for, of which there must be none.
sub calls_where
{
	return $node->safe_psql('postgres', "SELECT state, message, changed, counted, assets_table, spaces_table, left(statement, 500)
		FROM outcomes WHERE $_[0] ORDER BY n LIMIT 5");
}

# Where events live: in the documents, and in the history table with what documents still have.
foreach my $place ('documents', 'table')
{
	$node->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()') if $place eq 'table';
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS outcomes; CREATE TABLE outcomes AS SELECT * FROM calls AS c, LATERAL call_and_undo(c)');
	is(calls_where("state <> 'UNDO0' AND state NOT IN (" . join(', ', map { "'$_'" } @contract, $no_key, @rare) . ')'),
		'', "$place: every error is one of the contract");
	is(calls_where("changed AND (state <> 'UNDO0' OR name NOT IN (" . join(', ', map { "'$_'" } @writers) . '))'),
		'', "$place: an error changes nothing, and a reader neither");
	is(calls_where("state = 'UNDO0' AND name = 'asset_reuse_track' AND counted IS DISTINCT FROM 1"),
		'', "$place: a track that gives an answer counts one");
	# The calls have come as far as they should: each function has answered, and each error has been met.
	is($node->safe_psql('postgres', "SELECT name FROM outcomes GROUP BY name HAVING bool_and(state <> 'UNDO0')"),
		$place eq 'table' ? '' : 'asset_reuse_drop_history_table', "$place: every function has answered");
	is($node->safe_psql('postgres', "SELECT string_agg(state, ' ' ORDER BY state) FROM (SELECT DISTINCT state FROM outcomes
			WHERE state NOT IN (" . join(', ', map { "'$_'" } $no_key, @rare) . ')) AS s'),
		join(' ', sort @contract, 'UNDO0'), "$place: every error of the contract was met")
		if $place eq 'documents';
}
cmp_ok(scalar(@calls), '>', 3000, 'some thousand calls were made');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal/, 'the server has not crashed');
done_testing();
