# The server is killed while 8 clients track, most of them on one asset: afterwards
# every call that was acknowledged is counted once and stored once, and nothing else is
# but the calls under way.  So it is on a standby with synchronous replication that takes
# over when the primary dies, and wherever events live.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use TrackingClients;

my $clients = 8;
my @delays = (400_000, 900_000);	# microseconds of tracking before each kill

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
set_up_tracking($primary);

foreach my $state (@states)
{
	foreach my $i (0 .. $#delays)
	{
		my $round = $state =~ s/\W+/_/gr . ".$i";
		enter_state($primary, $state);
		my @running = start_clients($primary, $round, $clients);
		usleep($delays[$i]);
		kill_server($primary);
		my @acknowledged = stop_clients(@running);
		$primary->start;
		check_calls($primary, "$state, killed after $delays[$i] us", $round, $clients, @acknowledged);
	}
}

# With keys, a client that has got no answer calls again: then every call counts once, whether it had been committed or not.
# Commits that wait for a standby, of which there is none, have been committed and not answered.
foreach my $state ('documents', 'history table')
{
	foreach my $how ('killed', 'immediate')
	{
		my $round = "keys_$how\_" . $state =~ s/\W+/_/gr;
		enter_state($primary, 'documents');
		$primary->safe_psql('postgres', q(UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}'));
		enter_state($primary, $state);
		my @running = start_clients($primary, $round, $clients, 1);
		usleep($delays[0]);
		$primary->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
		$primary->reload;
		$primary->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
		$how eq 'killed' ? kill_server($primary) : $primary->stop('immediate');
		my %answered = map { $_ => 0 } 1 .. $clients;
		$answered{(split /-/)[-2]}++ foreach stop_clients(@running);
		$primary->append_conf('postgresql.conf', "synchronous_standby_names = ''");
		$primary->start;

		my $calls = 0;
		my @again;
		foreach my $client (1 .. $clients)
		{
			my $n = $answered{$client};
			$calls += $n + 1;
			# some that were acknowledged, and the one under way
			push @again, map {
				my $what = $_ > $n ? "'under way'" : "'acknowledged'";
				"SELECT concat_ws(' ', $what, " . call_of($round, $client, $_, 1) . " ->> 'replayed');"
			} ($n > 10 ? $n - 10 : 1) .. $n + 1;
		}
		my @answers = split /\n/, $primary->safe_psql('postgres', join("\n", @again));
		my $replayed = grep { $_ eq 'under way true' } @answers;
		cmp_ok($calls, '>', 2 * $clients, "$state, $how: the clients had calls acknowledged");
		cmp_ok($replayed, '>', 0, "$state, $how: of those under way some had been committed");
		is(scalar(grep { $_ eq 'acknowledged false' } @answers), 0, "$state, $how: every acknowledged call is replayed");
		is(count_calls($primary, $round), $calls, "$state, $how: every key counts once");
		is(wrong_assets($primary), '', "$state, $how: every event is counted once and stored once");
	}
}

# A standby takes over.
foreach my $state ('documents', 'history table')
{
	my $round = 'failover_' . $state =~ s/\W+/_/gr;
	enter_state($primary, $state);
	$primary->backup($round);
	my $standby = PostgreSQL::Test::Cluster->new($round);
	$standby->init_from_backup($primary, $round, has_streaming => 1);
	$standby->start;
	$primary->wait_for_catchup($standby);
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
	$primary->reload;
	$primary->poll_query_until('postgres',
		"SELECT sync_state IN ('sync', 'quorum') FROM pg_stat_replication WHERE application_name = '$round'");

	my @running = start_clients($primary, $round, $clients);
	usleep($delays[1]);
	my $read = "SELECT asset_reuse_history('1', 'acme') ->> 'success', asset_reuse_analytics('acme') ->> 'success'";
	is($standby->safe_psql('postgres', $read), 'true|true', "$state: the standby answers meanwhile");
	kill_server($primary);
	my @acknowledged = stop_clients(@running);
	$standby->promote;
	check_calls($standby, "$state, failover", $round, $clients, @acknowledged);
	is($standby->safe_psql('postgres', "SELECT asset_reuse_track('1', 'acme', reused_in_id => 'x') ->> 'success'"), 'true',
		"$state: the promoted standby tracks on");
	$standby->stop;

	# back to the old primary for the next state
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = ''");
	$primary->start;
}

$primary->stop;
done_testing();
