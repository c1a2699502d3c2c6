# Many clients track reuses of a few assets at the same time, in transactions of
# several kinds, beside rollbacks, other writers and readers.  Afterwards every
# asset has counted each committed call once and has its one event, the times of
# its events strictly increase, and nobody else's writes are lost.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 8;
my $transactions = 60;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	CREATE EXTENSION asset_reuse;
	INSERT INTO tenants VALUES ('acme', 'Acme');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
		SELECT n, 'fall', 'acme', 'user-1', 'Asset ' || n, 'image' FROM generate_series(1, 5) AS n;

	-- What the clients have committed: a row for each call, written in its transaction.
	CREATE SEQUENCE calls;
	CREATE TABLE ledger (asset_id text, reused_in_id text PRIMARY KEY);
	CREATE TABLE writes (asset_id text);
));

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

# Each row is an asset that is not as it must be, and why.
my $wrong_assets = q(
	SELECT id, reused_count, events, times, calls, writes, platform_metadata ->> 'writes' AS kept_writes
	FROM campaign_assets AS a,
		LATERAL (
			SELECT count(*) AS events, count(DISTINCT t) AS times, bool_and(t > earlier) AS increasing, max(t) AS latest,
				array_agg(reused_in_id ORDER BY reused_in_id) AS reused_in_ids
			FROM (SELECT t, event #>> '{context,reused_in_id}' AS reused_in_id, lag(t) OVER (ORDER BY n) AS earlier
				FROM jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, n),
					LATERAL (SELECT (event ->> 'timestamp')::timestamp AS t) AS stamps) AS events) AS log,
		LATERAL (SELECT count(*) AS calls, array_agg(reused_in_id ORDER BY reused_in_id) AS called
			FROM ledger WHERE asset_id = a.id) AS calls,
		LATERAL (SELECT count(*) AS writes FROM writes WHERE asset_id = a.id) AS writes
	WHERE reused_count IS DISTINCT FROM calls OR events IS DISTINCT FROM calls OR reused_in_ids IS DISTINCT FROM called
		OR increasing IS false OR last_reused_at IS DISTINCT FROM latest
		OR coalesce((platform_metadata ->> 'writes')::int, 0) <> writes OR impressions <> writes
	ORDER BY id);

$node->pgbench(
	"--no-vacuum --random-seed=2026 --client=$clients --jobs=2 --transactions=$transactions",
	0,
	[ qr{processed: (\d+)/\1} ],
	[ qr{^(pgbench: )?setting random seed to 2026$} ],
	"$clients clients at READ COMMITTED, none of whose transactions fails",
	\%scripts);
is($node->safe_psql('postgres', $wrong_assets), '', 'every committed call is counted once and has its event');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ledger"), '>', $clients * $transactions / 2,
	'most transactions have committed a call');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ledger WHERE asset_id = '1'"), '>',
	$node->safe_psql('postgres', "SELECT count(*) FROM ledger WHERE asset_id <> '1'"),
	'one asset has more calls than all others');

# Under REPEATABLE READ calls fail when they meet, and are done again.
$node->safe_psql('postgres', "ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'");
$node->pgbench(
	"--no-vacuum --random-seed=2026 --client=$clients --jobs=2 --transactions=20 --max-tries=1000",
	0,
	[ qr{processed: (\d+)/\1}, qr{transactions retried: [1-9]} ],
	[ qr{^(pgbench: )?setting random seed to 2026$} ],
	"$clients clients at REPEATABLE READ, whose transactions are tried again",
	{ map { s/001_/001_repeatable_/r => $scripts{$_} } keys %scripts });
is($node->safe_psql('postgres', $wrong_assets), '', 'every committed call is counted once and has its event');

# The check can fail: one event is taken away, one count is raised.
$node->safe_psql('postgres', q(
	UPDATE campaign_assets SET platform_metadata = platform_metadata #- '{reuse_history,0}' WHERE id = '1';
	UPDATE campaign_assets SET reused_count = reused_count + 1 WHERE id = '2';));
like($node->safe_psql('postgres', $wrong_assets), qr/^1\|.*\n2\|/, 'a lost event and a wrong count are found');

$node->stop;
done_testing();
