# A hot standby answers history and analytics as the primary does, refuses track
# as a write (25006), and goes on where the primary stopped once it is promoted.
# The same holds for a read-only transaction of the primary, and wherever events live.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

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
	'insights' => "SELECT asset_reuse_insights('acme')",
	'performance' => "SELECT * FROM asset_reuse_performance('acme')",
	'wear-out' => "SELECT count(*), max(ratio) FROM asset_reuse_wear_out('acme')",
	'analytics in parallel' => "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
	  . " SET min_parallel_table_scan_size = 0; SELECT asset_reuse_analytics('acme')",
	'places' => "SELECT * FROM asset_reuse_places('$asset', 'acme')",
	'verify' => "SELECT count(*) FROM asset_reuse_verify('acme')",
	'the status' => "SELECT count(*) > 10 FROM asset_reuse_status",
	'the schema check' => "SELECT * FROM asset_reuse_check_schema() WHERE status <> 'ok' OR \"column\" <> '(tenant_id, id)'");

# Compares all reads of two nodes, and returns the answers.
sub same_answers
{
	my ($when) = @_;
	my %answers;
	$primary->wait_for_catchup($standby);
	foreach my $read (sort keys %reads)
	{
		$answers{$read} = $primary->safe_psql('postgres', $reads{$read});
		isnt($answers{$read}, '', "$when: the primary answers $read");
		is($standby->safe_psql('postgres', $reads{$read}), $answers{$read}, "$when: the standby answers $read the same");
	}
	return \%answers;
}

# Runs a statement that must fail, and returns the error with its SQLSTATE.
sub error_of
{
	my ($node, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $err;
}

is($primary->safe_psql('postgres', $total), '15', 'the asset has its 15 events');
my $events = 15;
my $answers;
foreach my $state (@states)
{
	enter_state($primary, $state);
	my $before = same_answers("$state, before a track");
	is_deeply($before, $answers, "$state: the answers are those of before") if $answers;
	is($standby->safe_psql('postgres', $total), $events, "$state: the asset has its $events events");

	like(error_of($standby, $track), qr/ERROR:  25006: cannot execute [\w ]+ in a read-only transaction/,
		"$state: the standby refuses a track");
	like(error_of($primary, "BEGIN READ ONLY; $track;"), qr/ERROR:  25006: cannot execute [\w ]+ in a read-only transaction/,
		"$state: a read-only transaction refuses a track");
	is($primary->safe_psql('postgres', $total), $events, "$state: and nothing was tracked");
	is($primary->safe_psql('postgres', "BEGIN READ ONLY; $total; $reads{'analytics of a range'}; COMMIT;"),
		"$events\n$before->{'analytics of a range'}", "$state: a read-only transaction reads history and analytics");

	$primary->safe_psql('postgres', $track);
	$events++;
	$answers = same_answers("$state, after a track");
	is($standby->safe_psql('postgres', $total), $events, "$state: the standby has the new event");
}

# The standby takes over.
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres', $track);
$events++;
is( $standby->safe_psql('postgres', qq(
		SELECT reused_count, answer -> 'total', last_reused_at = (answer #>> '{history,0,timestamp}')::timestamp,
			answer #>> '{history,0,timestamp}' > answer #>> '{history,1,timestamp}'
		FROM campaign_assets, asset_reuse_history(id, tenant_id) AS answer WHERE id = '$asset')),
	"$events|$events|t|t", 'the promoted standby tracks on');

$standby->stop;
done_testing();
