# pg_dump and pg_restore keep everything: the logs to the byte, the extension in
# its schema, the settings of the database, the history table with its rights.  In the
# restored database all functions answer as before, and track goes on.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;

# The tables are in a schema of their own, as is the extension; the database says where.
$node->safe_psql('postgres', q(
	CREATE DATABASE shop;
	ALTER DATABASE shop SET asset_reuse.assets_table = 'market."Campaign Assets"';
	ALTER DATABASE shop SET asset_reuse.spaces_table = 'market.campaign_spaces';));
$node->safe_psql('shop', qq(
	CREATE SCHEMA market;
	CREATE SCHEMA tools;
	CREATE EXTENSION asset_reuse SCHEMA tools;
	SET search_path = market;
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	ALTER TABLE campaign_assets RENAME TO "Campaign Assets";
	CREATE VIEW dashboard AS SELECT tools.asset_reuse_analytics('acme') AS answer;));

# Logs as track writes them: short, long enough to be compressed, and beside others' odd values.
my $track = "SELECT tools.asset_reuse_track('asset-0001', 'acme', 'fall-campaign-2026',"
  . q[ reuse_context => '{"text": "é \"\\\\ \u0007", "big": 12345678901234567890.0100, "deep": [[{"a": [null, true]}]]}')];
$node->safe_psql('shop', qq(
	UPDATE market."Campaign Assets" SET platform_metadata = platform_metadata || '{"zoom": 1.50, "": [], "n": 1e100}' WHERE id = 'asset-0001';
	$track;
	DO \$\$ BEGIN FOR i IN 1..300 LOOP PERFORM tools.asset_reuse_track('asset-0002', 'acme', reused_in_type => 'email', reused_in_id => 'letter-' || i); END LOOP; END \$\$;));

# Another table of assets with a history table: partitions, a policy, a grant, a row in each way.
my $with_history = q(SET asset_reuse.assets_table = 'market.kept_assets'; SET asset_reuse.history_table = 'market."Reuse Log"';);
$node->safe_psql('shop', qq(
	CREATE ROLE clerk;
	CREATE TABLE market.kept_assets (LIKE market."Campaign Assets" INCLUDING ALL);
	INSERT INTO market.kept_assets SELECT * FROM market."Campaign Assets" WHERE id IN ('asset-0001', 'asset-0002');
	ALTER TABLE market.kept_assets ENABLE ROW LEVEL SECURITY;
	CREATE POLICY of_clerk ON market.kept_assets FOR UPDATE TO clerk USING (user_id = current_user) WITH CHECK (tenant_id <> 'frozen');
	GRANT SELECT, UPDATE ON market.kept_assets TO clerk;
	$with_history
	SELECT tools.asset_reuse_create_history_table('month');
	INSERT INTO market."Reuse Log" VALUES ('acme', 'asset-0001', '2001-02-03 10:00:00.123456', 'fall-campaign-2026', '{"zoom": 1.50}'),
		('acme', 'asset-0002', '2001-02-03 10:00', NULL, NULL)));

my %reads = (
	'history' => "SELECT tools.asset_reuse_history('asset-0001', 'acme', 100)",
	'a long history' => "SELECT tools.asset_reuse_history('asset-0002', 'acme', 100, 150)",
	'analytics' => "SELECT tools.asset_reuse_analytics('acme')",
	'analytics of a range' => "SELECT tools.asset_reuse_analytics('acme', NULL, '2025-12-01 00:00+00')",
	'a view on analytics' => "SELECT answer FROM market.dashboard",
	'the schema check' => "SELECT * FROM tools.asset_reuse_check_schema()",
	'rows' => 'SELECT a FROM market."Campaign Assets" AS a ORDER BY id',
	'the history table' => 'SELECT h FROM market."Reuse Log" AS h ORDER BY asset_id',
	'its rights' => q(SELECT relacl, (SELECT array_agg(polname ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) FROM pg_class AS c WHERE relname = 'Reuse Log'),
	'what belongs to the extension' =>
	  "SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse') ORDER BY 1");
my %answers = map { $_ => $node->safe_psql('shop', $reads{$_}) } keys %reads;

# Returns a database's dump as sorted lines (a restore may lay rows out in another order), without the
# comments and the random tokens in it.
sub dump_lines
{
	my ($database) = @_;
	my $file = $node->basedir . "/$database.sql";
	$node->command_ok([ 'pg_dump', '--file', $file, $database ], "dump of $database as text");
	my @lines = sort grep { !/^(--|\\(un)?restrict|$)/ } split(/\n/, slurp_file($file));
	return @lines;
}
my @dump = dump_lines('shop');
is_deeply([ grep { /asset_reuse WITH/ } @dump ], ['CREATE EXTENSION IF NOT EXISTS asset_reuse WITH SCHEMA tools;'], 'the dump has the extension');
is_deeply([ grep { /CREATE (FUNCTION|AGGREGATE)/ } @dump ], [], 'but none of its functions');

my $archive = $node->basedir . '/shop.dump';
$node->command_ok([ 'pg_dump', '--format=custom', '--file', $archive, 'shop' ], 'dump as an archive');
$node->safe_psql('postgres', 'ALTER DATABASE shop RENAME TO old_shop');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--create', '--dbname=postgres', $archive ], 'restore');

foreach my $read (sort keys %reads)
{
	isnt($answers{$read}, '', "there is an answer: $read");
	is($node->safe_psql('shop', $reads{$read}), $answers{$read}, "as before the dump: $read");
}
is_deeply([ dump_lines('shop') ], \@dump, 'a dump of the restored database is the same');

# Track goes on: 15 golden events, one of before the dump, one more.
is( $node->safe_psql('shop', qq(
		$track \\g /dev/null
		SELECT reused_count, jsonb_array_length(log), (log #>> '{16,timestamp}')::timestamp > (log #>> '{15,timestamp}')::timestamp,
			last_reused_at = (log #>> '{16,timestamp}')::timestamp
		FROM market."Campaign Assets", LATERAL (SELECT platform_metadata -> 'reuse_history' AS log) AS l WHERE id = 'asset-0001')),
	'17|17|t|t', 'track goes on in the restored database');

# The history table is one still: its events go back into the documents.
is($node->safe_psql('shop', "$with_history SELECT tools.asset_reuse_create_history_table()"), 'market."Reuse Log"', 'the history table is known');
is( $node->safe_psql('shop', qq(
		$with_history
		SELECT tools.asset_reuse_drop_history_table();
		SELECT platform_metadata #> '{reuse_history,0}' FROM market.kept_assets ORDER BY id)),
	qq(2\n{"context": {"zoom": 1.50}, "timestamp": "2001-02-03T10:00:00.123456"}\n{"timestamp": "2001-02-03T10:00:00.000000"}),
	'its events are put back in the restored database');

$node->stop;
done_testing();
