# asset_reuse_notify beyond what the spec notify_commits shows: two-phase commit, a partitioned
# history table, a commit that waits, and a notification queue that is filling up, which PostgreSQL has made small
# enough to test from 17 on.  The session that writes listens, too: psql shows what it is told.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf('postgresql.conf', q(
max_prepared_transactions = 2
wal_level = replica
max_wal_senders = 1
synchronous_standby_names = 'none_yet'
synchronous_commit = local
));
$node->append_conf('postgresql.conf', "max_notify_queue_pages = 64\n") if $node->pg_version >= 17;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	CREATE EXTENSION asset_reuse;
	SELECT asset_reuse_create_history_table('month');
	CREATE TRIGGER notify AFTER INSERT OR DELETE ON campaign_asset_reuse_history
		FOR EACH STATEMENT EXECUTE FUNCTION asset_reuse_notify();));

my $track = q(SELECT FROM asset_reuse_track('hero', 'acme', 'summer'););
my $track_other = q(SELECT FROM asset_reuse_track('clip', 'acme', 'summer'););
my $tracked = 'SELECT reused_count FROM campaign_assets WHERE id = \'hero\'';

# wakes returns how often a session that listens is told of a reuse while it runs statements.
sub wakes
{
	my ($sql) = @_;
	my $shown = $node->safe_psql('postgres', "LISTEN asset_reuse; $sql SELECT;");
	return scalar(() = $shown =~ /^Asynchronous notification "asset_reuse" received from server process/mg);
}

is(wakes($track), 1, 'an insert into a partitioned table wakes');
is(wakes("$track $track SELECT pg_sleep(1); $track"), 2, 'once a second');
is(wakes('DELETE FROM campaign_asset_reuse_history;'), 1, 'so does a delete');

# PostgreSQL refuses to prepare a transaction that has notified: one that only would have is prepared.
is(wakes("BEGIN; $track PREPARE TRANSACTION 'later'; COMMIT PREPARED 'later';"), 0, 'a prepared transaction wakes nobody');
is($node->safe_psql('postgres', $tracked), 5, 'but is committed');
is(wakes("BEGIN; $track PREPARE TRANSACTION 'never'; ROLLBACK PREPARED 'never'; BEGIN; COMMIT;"), 0, 'and leaves no mark');

# Commits that notify wait for one that waits for a standby.  lock_timeout does not make them fail.
my @clients;
foreach my $client (
	[ 'SyncRep', 'SET synchronous_commit = on', $track ],
	[ 'object', q(SET lock_timeout = '50ms'), $track_other, 'SHOW lock_timeout' ])
{
	my ($event, @statements) = @$client;
	my ($shown, $errors) = ('', '');
	push @clients, { shown => \$shown, errors => \$errors, run => IPC::Run::start(
			[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), map { ('-c', $_) } @statements ], '<', \undef, '>', \$shown, '2>', \$errors) };
	ok($node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = '$event'"), "a commit waits: $event");
}
sleep 1;
$node->append_conf('postgresql.conf', "synchronous_standby_names = ''\n");
$node->reload;
$_->{run}->finish foreach @clients;
is(${ $clients[1]->{errors} }, '', 'a commit behind it outlasts lock_timeout');
like(${ $clients[1]->{shown} }, qr/^50ms$/m, 'which is as it was');

SKIP:
{
	skip 'the queue takes gigabytes before PostgreSQL 17', 5 if $node->pg_version < 17;

	# A listener in a transaction keeps the queue from being emptied.
	my $sleeper = $node->background_psql('postgres');
	$sleeper->query_safe('LISTEN other');
	$sleeper->query_safe('BEGIN');
	my $fill = q(SELECT pg_notify('other', repeat('x', 7000) || n) FROM generate_series(1, %d) AS n \g /dev/null
	);
	my $usage = 'SELECT pg_notification_queue_usage() > 0.5';
	$node->safe_psql('postgres', sprintf($fill, 25));
	is(wakes($track), 1, 'a queue that is less than half full');
	$node->safe_psql('postgres', sprintf($fill, 10));
	is($node->safe_psql('postgres', $usage), 't', 'the queue is more than half full');
	is(wakes($track), 0, 'then nobody is told');
	$node->psql('postgres', sprintf($fill, 1)) for 1 .. 40;
	is(wakes($track), 0, 'and a full queue does not fail the write');
	$sleeper->query_safe('COMMIT');
	$sleeper->quit;
	is(wakes($track), 1, 'when the queue is empty again, it wakes again');
}

$node->stop;
done_testing();
