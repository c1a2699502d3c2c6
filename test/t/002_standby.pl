# A hot standby answers history and analytics as the primary does, refuses track
# as a write (25006), and goes on where the primary stopped once it is promoted.
# The same holds for a read-only transaction of the primary.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	CREATE EXTENSION asset_reuse;));
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $asset = 'asset-0001';
my $track = "SELECT asset_reuse_track('$asset', 'acme', 'fall-campaign-2026')";
my $total = "SELECT asset_reuse_history('$asset', 'acme') ->> 'total'";
my %reads = (
	'history' => "SELECT asset_reuse_history('$asset', 'acme')",
	'a later page of history' => "SELECT asset_reuse_history('$asset', 'acme', 5, 5)",
	'analytics' => "SELECT asset_reuse_analytics('acme')",
	'analytics of a range' => "SELECT asset_reuse_analytics('acme', 'video', '2025-10-01 00:00+00', '2025-11-01 00:00+00')",
	'analytics in parallel' => "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
	  . " SET min_parallel_table_scan_size = 0; SELECT asset_reuse_analytics('acme')",
	'the schema check' => "SELECT * FROM asset_reuse_check_schema()");

# Compares all reads of two nodes.
sub same_answers
{
	my ($when) = @_;
	$primary->wait_for_catchup($standby);
	foreach my $read (sort keys %reads)
	{
		my $answer = $primary->safe_psql('postgres', $reads{$read});
		isnt($answer, '', "$when: the primary answers $read");
		is($standby->safe_psql('postgres', $reads{$read}), $answer, "$when: the standby answers $read the same");
	}
}

# Runs a statement that must fail, and returns the error with its SQLSTATE.
sub error_of
{
	my ($node, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $err;
}

same_answers('before a track');
is($standby->safe_psql('postgres', $total), '15', 'the asset has its 15 events');

like(error_of($standby, $track), qr/ERROR:  25006: cannot execute \w+ in a read-only transaction/,
	'the standby refuses a track');
like(error_of($primary, "BEGIN READ ONLY; $track;"), qr/ERROR:  25006: cannot execute \w+ in a read-only transaction/,
	'a read-only transaction refuses a track');
is($primary->safe_psql('postgres', $total), '15', 'and nothing was tracked');
is($primary->safe_psql('postgres', "BEGIN READ ONLY; $total; $reads{'analytics'}; COMMIT;"),
	$primary->safe_psql('postgres', "$total; $reads{'analytics'};"), 'a read-only transaction reads history and analytics');

$primary->safe_psql('postgres', $track);
same_answers('after a track');
is($standby->safe_psql('postgres', $total), '16', 'the standby has the new event');

# The standby takes over.
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres', $track);
is( $standby->safe_psql('postgres', qq(
		SELECT reused_count, jsonb_array_length(log), (log #>> '{16,timestamp}')::timestamp > (log #>> '{15,timestamp}')::timestamp
		FROM campaign_assets, LATERAL (SELECT platform_metadata -> 'reuse_history' AS log) AS l WHERE id = '$asset')),
	'17|17|t', 'the promoted standby tracks on');

$standby->stop;
done_testing();
