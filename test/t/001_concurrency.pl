# Many clients track reuses of a few assets at the same time, in transactions of
# several kinds, beside rollbacks, other writers and readers, wherever events live.
# Afterwards every asset has counted each committed call once and has its one event,
# the times of its events strictly increase, and nobody else's writes are lost.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

my $clients = 8;
my $transactions = 60;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
set_up_tracking($node);
# What the clients have committed: a row for each call, written in its transaction.
$node->safe_psql('postgres', q(
	CREATE SEQUENCE calls;
	CREATE TABLE ledger (asset_id text, reused_in_id text PRIMARY KEY);
	CREATE TABLE writes (asset_id text);));

# Asset 1 gets most of the calls.
my $pick_asset = '\set asset random_zipfian(1, 5, 2)';
my $next_call = "SELECT nextval('calls') AS call \\gset";
my $track = q(SELECT asset_reuse_track(:asset::text, 'acme', reused_in_type => 'email',
	reused_in_id => 'letter-' || :call, reuse_context => jsonb_build_object('client', :client_id));
INSERT INTO ledger VALUES (:asset, 'letter-' || :call););
my $track_in_campaign = q(SELECT asset_reuse_track(:asset::text, 'acme', 'fall', reused_in_id => 'letter-' || :call);
INSERT INTO ledger VALUES (:asset, 'letter-' || :call););

my %scripts = (
	'001_one_call@5' => "$pick_asset\n$next_call\nBEGIN;\n$track\nCOMMIT;\n",
	'001_campaign@2' => "$pick_asset\n$next_call\nBEGIN;\n$track_in_campaign\nCOMMIT;\n",
	'001_two_calls@2' => "$pick_asset\nBEGIN;\n$next_call\n$track\n$next_call\n$track\nCOMMIT;\n",
	'001_savepoint@1' => "$pick_asset\nBEGIN;\n$next_call\nSAVEPOINT before;\n$track\nROLLBACK TO before;\n"
	  . "$next_call\n$track\nCOMMIT;\n",
	'001_rollback@1' => "$pick_asset\n$next_call\nBEGIN;\n$track\nROLLBACK;\n",
	'001_other_writer@1' => "$pick_asset\nBEGIN;\n"
	  . q(UPDATE campaign_assets SET impressions = impressions + 1, platform_metadata = jsonb_set(platform_metadata,
	'{writes}', to_jsonb(coalesce((platform_metadata ->> 'writes')::int, 0) + 1)) WHERE id = :asset::text;)
	  . "\nINSERT INTO writes VALUES (:asset);\nCOMMIT;\n",
	'001_readers@1' => "$pick_asset\nSELECT asset_reuse_history(:asset::text, 'acme', 5);\n"
	  . "SELECT asset_reuse_analytics('acme', start_date => now() - interval '1 hour');\n");

# pgbench_scripts returns the scripts under names of their own, which pgbench() makes files of.
sub pgbench_scripts
{
	my ($name) = @_;
	my $prefix = $name =~ s/\W+/_/gr;
	return { map { s/001_/001_${prefix}_/r => $scripts{$_} } keys %scripts };
}

# Each row is an asset whose log is not in order, or that has lost writes of others.
my $out_of_order = q(
	SELECT id, increasing, writes, platform_metadata ->> 'writes' AS kept_writes
	FROM campaign_assets AS a,
		LATERAL (
			SELECT bool_and(t > earlier) AS increasing
			FROM (SELECT t, lag(t) OVER (ORDER BY n) AS earlier
				FROM jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, n),
					LATERAL (SELECT (event ->> 'timestamp')::timestamp AS t) AS stamps) AS events) AS log,
		LATERAL (SELECT count(*) AS writes FROM writes WHERE asset_id = a.id) AS writes
	WHERE increasing IS false OR coalesce((platform_metadata ->> 'writes')::int, 0) <> writes OR impressions <> writes);

sub check_assets
{
	my ($name) = @_;
	is(wrong_assets($node), '', "$name: every event is counted once and stored once, at a time of its own");
	is(wrong_calls($node), '', "$name: the events are those of the committed calls");
	is($node->safe_psql('postgres', $out_of_order), '', "$name: the logs are in order, and no other write is lost");
}

foreach my $state (@states)
{
	my $calls = $node->safe_psql('postgres', 'SELECT count(*) FROM ledger');
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET default_transaction_isolation');
	enter_state($node, $state);
	my $name = "$state, READ COMMITTED";
	$node->pgbench(
		"--no-vacuum --random-seed=2026 --client=$clients --jobs=2 --transactions=$transactions",
		0,
		[ qr{processed: (\d+)/\1} ],
		[ qr{^(pgbench: )?setting random seed to 2026$} ],
		"$name: none of the transactions of $clients clients fails",
		pgbench_scripts($name));
	check_assets($name);
	cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM ledger') - $calls, '>', $clients * $transactions / 2,
		"$name: most transactions have committed a call");

	# Calls fail when they meet, and are done again.
	enter_state($node, $state);
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'");
	$name = "$state, REPEATABLE READ";
	$node->pgbench(
		"--no-vacuum --random-seed=2026 --client=$clients --jobs=2 --transactions=20 --max-tries=1000",
		0,
		[ qr{processed: (\d+)/\1}, qr{transactions retried: [1-9]} ],
		[ qr{^(pgbench: )?setting random seed to 2026$} ],
		"$name: the transactions of $clients clients are tried again",
		pgbench_scripts($name));
	check_assets($name);
}
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ledger WHERE asset_id = '1'"), '>',
	$node->safe_psql('postgres', "SELECT count(*) FROM ledger WHERE asset_id <> '1'"),
	'one asset has more calls than all others');

# The checks can fail: one event is taken away, one count is raised.
$node->safe_psql('postgres', q(
	DELETE FROM campaign_asset_reuse_history
		WHERE asset_id = '1' AND reused_at = (SELECT min(reused_at) FROM campaign_asset_reuse_history WHERE asset_id = '1');
	UPDATE campaign_assets SET reused_count = reused_count + 1 WHERE id = '2';));
like(wrong_assets($node), qr/^1\|.*\n2\|.*$/, 'a lost event and a wrong count are found');
like(wrong_calls($node), qr/^1\|.*$/, 'a call without an event is found');

$node->stop;
done_testing();
