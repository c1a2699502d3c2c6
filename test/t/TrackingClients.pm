# Where events live, clients that track without end and remember which of their calls the
# server has acknowledged, the server's sudden end, and the checks that those calls and no others
# are counted and stored, once each, wherever that is.

package TrackingClients;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(@states set_up_tracking enter_state start_clients call_of stop_clients wrong_assets wrong_calls count_calls check_calls kill_server);

# Where events live: in the documents, in the history table, or in both and moving.
our @states = ('documents', 'history table', 'half-migrated');

# An asset's events in both places, by the ids that the clients have given them.
my $events_of_table = q(
	UNION ALL
	SELECT asset_id, reused_at, reused_in_id FROM campaign_asset_reuse_history);
my $events_of_documents = q(
	SELECT a.id AS asset_id, (e.event ->> 'timestamp')::timestamp AS reused_at,
		e.event #>> '{context,reused_in_id}' AS reused_in_id
	FROM campaign_assets AS a, jsonb_array_elements(a.platform_metadata -> 'reuse_history') AS e (event));

# set_up_tracking makes a tenant with five assets.
sub set_up_tracking
{
	my ($node) = @_;
	$node->safe_psql('postgres', qq(
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
		CREATE EXTENSION asset_reuse;
		INSERT INTO tenants VALUES ('acme', 'Acme');
		INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
			VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta');
		INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
			SELECT n, 'fall', 'acme', 'user-1', 'Asset ' || n, 'image' FROM generate_series(1, 5) AS n;));
}

# enter_state brings the events where a state of \@states has them.
sub enter_state
{
	my ($node, $state) = @_;
	if ($state eq 'documents')
	{
		$node->safe_psql('postgres', 'SELECT asset_reuse_drop_history_table()') if has_table($node);
		return;
	}
	$node->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()') if !has_table($node);
	$node->safe_psql('postgres', 'CALL asset_reuse_migrate_history()');
	return if $state ne 'half-migrated';
	# logs that are still there, as a restored backup or an old writer leaves them
	$node->safe_psql('postgres', q(
		WITH assets AS (SELECT asset_id, row_number() OVER (ORDER BY asset_id) AS n FROM campaign_asset_reuse_history GROUP BY asset_id),
			taken AS (DELETE FROM campaign_asset_reuse_history
				WHERE asset_id IN (SELECT asset_id FROM assets WHERE n <= (SELECT (count(*) + 1) / 2 FROM assets)) RETURNING *)
		UPDATE campaign_assets AS a SET platform_metadata = platform_metadata || jsonb_build_object('reuse_history', t.log)
		FROM (SELECT asset_id, jsonb_agg(asset_reuse_event_element(reused_at, reused_in_type, reused_in_id, reused_in_name,
				reuse_key, context, original) ORDER BY reused_at, seq) AS log
			FROM taken GROUP BY asset_id) AS t
		WHERE a.id = t.asset_id));
}

sub has_table
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT to_regclass('campaign_asset_reuse_history') IS NOT NULL") eq 't';
}

# all_events returns a query of all events, wherever they live: asset_id, reused_at and
# reused_in_id.
sub all_events
{
	my ($node) = @_;
	return has_table($node) ? $events_of_documents . $events_of_table : $events_of_documents;
}

# start_clients starts clients that each call track without end; a call's event has the
# id ROUND-CLIENT-NUMBER, which a client writes to a file once the call has committed.
# Most calls are on asset 1.
sub start_clients
{
	my ($node, $round, $count, $with_keys) = @_;
	my @clients;
	foreach my $client (1 .. $count)
	{
		my $script = "$PostgreSQL::Test::Utils::tmp_check/$round-$client.sql";
		my $acknowledged = "$PostgreSQL::Test::Utils::tmp_check/$round-$client.out";
		my $calls = join "\n", map { 'SELECT ' . call_of($round, $client, $_, $with_keys) . " #>> '{event,reused_in_id}';" } 1 .. 20000;
		append_to_file($script, $calls);
		my $run = IPC::Run::start(
			[ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-f', $script ],
			'<', \undef, '>', $acknowledged, '2>', "$acknowledged.err");
		push @clients, { run => $run, acknowledged => $acknowledged };
	}
	return @clients;
}

# call_of returns a client's nth call.
sub call_of
{
	my ($round, $client, $n, $with_key) = @_;
	my $asset = $n % 3 ? 1 : 1 + $n % 5;
	my $campaign = $n % 2 ? ", 'fall'" : '';
	my $key = $with_key ? ", reuse_key => 'key-$round-$client-$n'" : '';
	return "asset_reuse_track('$asset', 'acme'$campaign, reused_in_id => '$round-$client-$n'$key)";
}

# stop_clients waits for the clients, whose server is gone, and returns the ids of the
# acknowledged calls.
sub stop_clients
{
	my (@clients) = @_;
	my @ids;
	foreach my $client (@clients)
	{
		eval { $client->{run}->finish };
		push @ids, grep { /^[\w.]+-\d+-\d+$/ } split /\n/, slurp_file($client->{acknowledged});
	}
	return @ids;
}

# kill_server kills a server's processes, the postmaster first, so that none can clean up.
sub kill_server
{
	my ($node) = @_;
	my $postmaster = $node->{_pid};
	my @children = split /\s+/, `ps -o pid= --ppid $postmaster`;
	kill 'KILL', $postmaster, grep { /\d/ } @children;
	foreach my $pid ($postmaster, grep { /\d/ } @children)
	{
		# a process that nobody has waited for yet would still seem to run
		for (my $tries = 0; $tries < 6000 && kill(0, $pid); $tries++)
		{
			usleep(10_000);
		}
	}
	$node->{_pid} = undef;
}

# wrong_assets returns the assets whose count is not the number of their events, or whose
# events are there twice or at one time.
sub wrong_assets
{
	my ($node) = @_;
	my $all = all_events($node);
	return $node->safe_psql('postgres', qq(
		SELECT a.id, a.reused_count, count(e.*) AS events
		FROM campaign_assets AS a LEFT JOIN ($all) AS e ON e.asset_id = a.id
		GROUP BY a.id
		HAVING coalesce(a.reused_count, 0) <> count(e.*) OR count(e.*) <> count(DISTINCT e.reused_at)
			OR count(e.*) <> count(DISTINCT e.reused_in_id) OR max(e.reused_at) <> a.last_reused_at
		ORDER BY a.id));
}

# count_calls returns how many events a round's calls have left.
sub count_calls
{
	my ($node, $round) = @_;
	my $all = all_events($node);
	return $node->safe_psql('postgres', "SELECT count(*) FROM ($all) AS e WHERE reused_in_id LIKE '$round-%'");
}

# wrong_calls returns the assets whose events are not those that a table named ledger has.
sub wrong_calls
{
	my ($node) = @_;
	my $all = all_events($node);
	return $node->safe_psql('postgres', qq(
		SELECT asset_id, stored, called
		FROM (SELECT asset_id, array_agg(reused_in_id ORDER BY reused_in_id) AS stored FROM ($all) AS e GROUP BY asset_id) AS e
			FULL JOIN (SELECT asset_id, array_agg(reused_in_id ORDER BY reused_in_id) AS called FROM ledger GROUP BY asset_id) AS l
			USING (asset_id)
		WHERE stored IS DISTINCT FROM called
		ORDER BY asset_id));
}

# check_calls checks that all acknowledged calls are stored, and but for one a client
# that was under way no others.
sub check_calls
{
	my ($node, $name, $round, $count, @acknowledged) = @_;
	my $all = all_events($node);
	my %stored = map { $_ => 1 } split /\n/,
	  $node->safe_psql('postgres', "SELECT reused_in_id FROM ($all) AS e WHERE reused_in_id LIKE '$round-%'");
	my @lost = grep { !$stored{$_} } @acknowledged;

	cmp_ok(scalar @acknowledged, '>', $count, "$name: the clients had calls acknowledged");
	is("@lost", '', "$name: every acknowledged call is stored");
	cmp_ok(scalar(keys %stored) - @acknowledged, '<=', $count, "$name: no others but those under way");
	is(wrong_assets($node), '', "$name: every event is counted once and stored once");
}

1;
