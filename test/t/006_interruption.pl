# Calls that are interrupted, by statement_timeout, lock_timeout or pg_cancel_backend
# at moments of any kind, leave counts and logs equal, wherever events live; a call's
# work on a long log is given up when it is cancelled.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
set_up_tracking($node);
$node->safe_psql('postgres', 'CREATE SEQUENCE calls');

# Each client tries its calls in a subtransaction, and goes on after an interruption.
$node->safe_psql('postgres', q(
	CREATE PROCEDURE track_often(client int, calls int, OUT interrupted int) LANGUAGE plpgsql AS $$
	BEGIN
		interrupted := 0;
		FOR i IN 1..calls LOOP
			BEGIN
				PERFORM asset_reuse_track(CASE WHEN i % 3 = 0 THEN (1 + i % 5)::text ELSE '1' END, 'acme', 'fall',
					reused_in_id => client || '-' || nextval('calls'));
				IF i % 10 = 0 THEN
					PERFORM asset_reuse_history('1', 'acme', 5), asset_reuse_analytics('acme', start_date => '2026-01-01');
				END IF;
			EXCEPTION WHEN query_canceled OR lock_not_available THEN
				interrupted := interrupted + 1;
			END;
			COMMIT;
		END LOOP;
	END
	$$;));

my %interruptions = (
	'a statement timeout' => 'SELECT set_config(\'statement_timeout\', (1 + random() * 3)::int || \'ms\', false)',
	'a lock timeout' => 'SELECT set_config(\'lock_timeout\', (1 + random() * 2)::int || \'ms\', false)');

foreach my $state (@states)
{
	enter_state($node, $state);

	# Timeouts: each call is a statement of its own, some of which are given up.
	foreach my $name (sort keys %interruptions)
	{
		my $setting = $interruptions{$name};
		my $script = "$PostgreSQL::Test::Utils::tmp_check/interrupted.sql";
		unlink $script;
		append_to_file($script, join("\n", map {
			my $n = $_;
			my $asset = $_ % 3 ? 1 : 1 + $_ % 5;
			"$setting;\nSELECT asset_reuse_track('$asset', 'acme', 'fall', reused_in_id => 'x' || nextval('calls'));\n"
		} 1 .. 300));
		my @runs = map {
			IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $script ],
				'<', \undef, '>', \my $out, '2>', \my $err)
		} 1 .. 4;
		$_->finish foreach @runs;
		is(wrong_assets($node), '', "$state: $name leaves counts and events equal");
	}

	# Cancels from outside, while the clients are inside their calls.
	my @results;
	my @runs = map {
		my $client = $_;
		IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres'), '-c',
				"CALL track_often($client, 400, NULL)" ], '<', \undef, '>', \$results[$client], '2>', \my $err)
	} 1 .. 4;
	$node->safe_psql('postgres', q(
		SELECT setseed(0.5);
		DO $$
		BEGIN
			FOR i IN 1..300 LOOP
				PERFORM pg_cancel_backend(pid) FROM pg_stat_activity
				WHERE query LIKE 'CALL track_often%' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1;
				PERFORM pg_sleep(0.002 + random() * 0.004);
			END LOOP;
		END
		$$;));
	$_->finish foreach @runs;
	is(wrong_assets($node), '', "$state: cancels leave counts and events equal");
}

# Ten thousand assets at once, given up at different moments: nothing has changed, and the session goes on.
$node->safe_psql('postgres', q(
	INSERT INTO tenants VALUES ('many', 'Many');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
	SELECT 'many' || n, 'fall', 'many', 'user-1', 'Asset', 'image' FROM generate_series(1, 10000) AS n;));
foreach my $state ('documents', 'history table')
{
	enter_state($node, $state);
	my $all = "ARRAY(SELECT 'many' || n FROM generate_series(1, 10000) AS n)";
	my $call = "SELECT asset_reuse_track_many($all, 'many', reused_in_type => 'email', reused_in_id => 'may', reuse_key => '$state') ->> 'tracked'";
	my $changed = "SELECT count(*) FROM campaign_assets WHERE tenant_id = 'many' AND (reused_count <> 0 OR platform_metadata <> '{}')";
	foreach my $timeout (5, 30, 150)
	{
		my ($rc, $out, $err) = $node->psql('postgres', "SET statement_timeout = $timeout;\n$call;\nRESET statement_timeout;\n$changed;\n"
			. "BEGIN; SELECT asset_reuse_track('many1', 'many', reused_in_type => 'email', reused_in_id => 'may') ->> 'success'; ROLLBACK", on_error_stop => 0);
		like($err, qr/canceling statement due to statement timeout/, "$state: ten thousand assets are given up after $timeout ms");
		is($out, "0\ntrue", "$state: nothing has changed, and the session goes on");
	}
	is($node->safe_psql('postgres', "BEGIN; $call; ROLLBACK"), '10000', "$state: all are tracked without a timeout");
}

# A log of a million events out of order: its walk and its sort are given up long
# before they would be done.  The document is stored as it is, since to decompress it
# would be PostgreSQL's own work, which nothing interrupts.
$node->safe_psql('postgres', q(
	CREATE SCHEMA long;
	CREATE TABLE long.assets (id text PRIMARY KEY, tenant_id text, asset_name text, asset_type text,
		reused_count int, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp);
	ALTER TABLE long.assets ALTER platform_metadata SET STORAGE EXTERNAL;
	INSERT INTO long.assets (id, tenant_id, asset_name, asset_type, platform_metadata)
	SELECT 'a', 't', 'A', 'image', jsonb_build_object('reuse_history', jsonb_agg(jsonb_build_object('context', 1,
		'timestamp', to_char(timestamp '2020-01-01' + (i::bigint * 7919 % 1000003) * interval '1 minute',
			'YYYY-MM-DD"T"HH24:MI:SS.US'))))
	FROM generate_series(1, 1000000) AS i;));

# Milliseconds of a call of history, and what it ended with.
sub timed_history
{
	my ($timeout) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', qq(
		SET asset_reuse.assets_table = 'long.assets';
		SELECT asset_reuse_history('a', 't') IS NOT NULL;
		SET statement_timeout = $timeout;
		\\timing on
		SELECT asset_reuse_history('a', 't') ->> 'total';));
	my ($milliseconds) = $out =~ /Time: ([\d.]+) ms/;
	return ($milliseconds, $out, $err);
}
my ($whole, $answer) = timed_history(0);
like($answer, qr/^1000000$/m, 'a long log out of order is read');
my ($given_up, undef, $error) = timed_history(50);
like($error, qr/canceling statement due to statement timeout/, 'its reading can be cancelled');
cmp_ok($given_up, '<', $whole / 2 + 50, 'and ends soon after it was');

$node->stop;
done_testing();
