# A publication of the assets, the campaigns and the history table: the subscriber answers as the
# publisher does.  Both sides need the history table: without it the subscriber has the
# counters, and none of the events that are rows.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# make_side starts a server with the extension and the application's tables.
sub make_side
{
	my ($name, @init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(@init);
	$node->start;
	$node->safe_psql('postgres', qq(
		CREATE EXTENSION asset_reuse;
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'));
	return $node;
}

my $publisher = make_side('publisher', allows_streaming => 'logical');
my $subscriber = make_side('subscriber');
my $history = "SELECT asset_reuse_history('hero', 'acme')";
my %reads = (
	'history' => $history,
	'analytics of a range' => "SELECT asset_reuse_analytics('acme', start_date => '2020-01-01')",
	'events' => "SELECT * FROM asset_reuse_events('acme')",
	'verify' => "SELECT count(*) FROM asset_reuse_verify('acme')");

# check_same compares the answers, once the subscriber has caught up.
sub check_same
{
	my ($when) = @_;

	$publisher->wait_for_catchup('reuses');
	foreach my $read (sort keys %reads)
	{
		is($subscriber->safe_psql('postgres', $reads{$read}), $publisher->safe_psql('postgres', $reads{$read}), "$when: $read");
	}
}

$publisher->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	SELECT asset_reuse_track('hero', 'acme', 'summer', reuse_key => 'k1');
	CREATE PUBLICATION reuses FOR TABLE tenants, campaign_spaces, campaign_assets;));
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION reuses CONNECTION '$connection' PUBLICATION reuses");
$subscriber->wait_for_subscription_sync($publisher, 'reuses');
check_same('events in the documents');

# The publisher gets a history table.
$publisher->safe_psql('postgres', q(
	SELECT asset_reuse_create_history_table();
	SELECT asset_reuse_track('hero', 'acme', 'fall');));
$publisher->wait_for_catchup('reuses');
is($subscriber->safe_psql('postgres', q(SELECT h -> 'total', h -> 'total_reuses' FROM asset_reuse_history('hero', 'acme') AS h)),
	'0|2', 'a history table on one side only: the subscriber has no events');
is($subscriber->safe_psql('postgres', q(SELECT asset_id, problem FROM asset_reuse_verify('acme'))), "hero|count_high\nhero|time_differs", 'which verify says');

# The subscriber makes its own, and then both sides take it in.
$subscriber->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()');
$publisher->safe_psql('postgres', 'ALTER PUBLICATION reuses ADD TABLE campaign_asset_reuse_history');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION reuses REFRESH PUBLICATION');
$subscriber->wait_for_subscription_sync($publisher, 'reuses');
check_same('the table on both sides');

$publisher->safe_psql('postgres', q(
	SELECT asset_reuse_track('clip', 'acme', reused_in_type => 'email', reused_in_id => 'letter', reuse_context => '{"note": "secret"}');
	SELECT asset_reuse_undo('hero', 'acme', reuse_key => 'k1');
	CALL asset_reuse_redact('acme', '{}', '{note}');));
check_same('a track, an undo and a redaction');
is($subscriber->safe_psql('postgres', "SELECT asset_reuse_history('hero', 'acme') -> 'total'"), '1', 'the undone event is gone there');

$subscriber->stop;
$publisher->stop;
done_testing();
