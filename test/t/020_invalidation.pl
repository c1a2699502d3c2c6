# Clients track and read while another session changes the tables, privileges and the
# extension's schema, and creates, fills and drops the history table, without end, so that
# invalidations arrive at any moment; some clients throw their plans away themselves.
# Afterwards every committed call is counted once and has its one event, wherever that is,
# and calls have failed for three reasons only: a privilege was revoked, a function of ours
# was no longer in the schema where it had just been, or, if they read, the history table
# was dropped meanwhile.
#
# debug_discard_caches, which invalidates whenever something could, is for servers built
# with assertions; where it can be set, some clients do.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

my $clients = 8;
my $seconds = 6;
my $rounds_a_second = 50;	# each adds a column, and a table has at most 1600 in its life

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	CREATE SCHEMA moved;
	CREATE EXTENSION asset_reuse;
	INSERT INTO tenants VALUES ('acme', 'Acme');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
		SELECT n, 'fall', 'acme', 'user-1', 'Asset ' || n, 'image' FROM generate_series(1, 20) AS n;

	-- What the clients have committed, and the errors that they have met.
	CREATE SEQUENCE calls;
	CREATE TABLE ledger (asset_id text, reused_in_id text PRIMARY KEY);
	CREATE TABLE errors (call text, state text, message text);

	CREATE ROLE client LOGIN;
	ALTER ROLE client SET search_path = public, moved;
	GRANT USAGE ON SCHEMA moved TO client;
	GRANT USAGE ON SEQUENCE calls TO client;
	GRANT SELECT, UPDATE ON campaign_assets TO client;
	GRANT SELECT ON campaign_spaces TO client;
	GRANT INSERT ON ledger, errors TO client;
));
$node->safe_psql('postgres', q(
	CREATE FUNCTION track(asset text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		letter text := 'letter-' || nextval('calls');
	BEGIN
		PERFORM asset_reuse_track(asset, 'acme', 'fall', reused_in_id => letter);
		INSERT INTO ledger VALUES (asset, letter);
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO errors VALUES ('track', SQLSTATE, SQLERRM);
	END
	$$;

	CREATE FUNCTION read(asset text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		history jsonb;
		analytics jsonb;
	BEGIN
		history := asset_reuse_history(asset, 'acme', 5);
		analytics := asset_reuse_analytics('acme', start_date => '2020-01-01', top_limit => 3);
		IF history->'total' <> history->'total_reuses' OR (analytics #>> '{overview,total_assets}') <> '20' THEN
			RAISE 'wrong answer: % %', history, analytics;
		END IF;
	EXCEPTION WHEN OTHERS THEN
		INSERT INTO errors VALUES ('read', SQLSTATE, SQLERRM);
	END
	$$;
));

my $pick_asset = '\set asset random(1, 20)';
my $call = "SELECT track(:asset::text);\nSELECT read(:asset::text);\n";
my ($strongest) = $node->safe_psql('postgres', "SELECT max_val FROM pg_settings WHERE name = 'debug_discard_caches'");
my %scripts = (
	'020_call@6' => "$pick_asset\n$call",
	'020_transaction@2' => "$pick_asset\nBEGIN;\n${call}SELECT read('1');\nCOMMIT;\n",
	'020_discard_plans@1' => "$pick_asset\nDISCARD PLANS;\n$call",
	'020_discard_all@1' => "$pick_asset\nDISCARD ALL;\n$call");
$scripts{'020_discard_caches@1'} = "$pick_asset\nSET debug_discard_caches = 1;\n${call}RESET debug_discard_caches;\n"
  if $strongest > 0;

my $changes = PostgreSQL::Test::Utils::tempdir() . '/changes.sql';
append_to_file($changes, q(
	ALTER TABLE campaign_assets ADD COLUMN unused int;
	CREATE INDEX on_the_way ON campaign_assets (tenant_id, reused_count);
	ANALYZE campaign_assets, campaign_spaces;
	ALTER EXTENSION asset_reuse SET SCHEMA moved;
	ALTER TABLE campaign_assets SET (fillfactor = 70);
	REVOKE SELECT ON campaign_spaces FROM client;
	GRANT SELECT ON campaign_spaces TO client;
	CREATE SCHEMA passing;
	DROP INDEX on_the_way;
	ALTER EXTENSION asset_reuse SET SCHEMA public;
	DROP SCHEMA passing;
	ALTER TABLE campaign_assets RESET (fillfactor);
	ALTER TABLE campaign_spaces ALTER platform SET STATISTICS 10;
	ALTER TABLE campaign_assets DROP COLUMN unused;
));
my $moves = PostgreSQL::Test::Utils::tempdir() . '/moves.sql';
append_to_file($moves, q(
	SELECT to_regclass('campaign_asset_reuse_history') IS NULL AS in_documents \gset
	\if :in_documents
	SELECT asset_reuse_create_history_table();
	CALL asset_reuse_migrate_history(5);
	\else
	SELECT asset_reuse_drop_history_table();
	\endif
));
my ($changes_out, $changes_err) = ('', '');
my $changing = IPC::Run::start(
	[ 'pgbench', '--no-vacuum', '--client=1', "--time=$seconds", "--rate=$rounds_a_second", "--file=$changes", "--file=$moves",
		'--host', $node->host, '--port', $node->port, 'postgres' ],
	'>', \$changes_out, '2>', \$changes_err);
$node->pgbench(
	"--no-vacuum --random-seed=2026 --client=$clients --jobs=2 --time=$seconds --username=client",
	0,
	[ qr{number of failed transactions: 0 } ],
	[ qr{^(pgbench: )?setting random seed to 2026$} ],
	"$clients clients whose tables change under them",
	\%scripts);
ok($changing->finish, 'the session that changes the tables') or diag($changes_err);
my ($rounds) = $changes_out =~ /transactions actually processed: (\d+)/;
cmp_ok($rounds, '>', 5, 'the tables have changed several times');
my $migrations = () = $changes_err =~ /events moved: [1-9]/g;
cmp_ok($migrations, '>', 0, 'events have been migrated');

is($node->safe_psql('postgres', q(SELECT call, state, message, count(*) FROM errors
	WHERE NOT (state = '42501' AND message = 'permission denied for table campaign_spaces')
		AND NOT (state = '42883' AND message ~ '^function (public|moved)\.asset_reuse_\w+\(.*\) does not exist$')
		AND NOT (call = 'read' AND state = '40001' AND message ~ 'its table was dropped concurrently$')
	GROUP BY 1, 2, 3 ORDER BY 1, 2, 3)),
	'', 'no call has failed but for a revoked privilege, a moved function or, reading, a dropped table');

is(wrong_assets($node), '', 'every event is counted once and stored once');
is(wrong_calls($node), '', 'the events are those of the committed calls');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM ledger'), '>', 100, 'many calls have committed');

note("$rounds rounds of changes, $migrations migrations, calls: " . $node->safe_psql('postgres', 'SELECT count(*) FROM ledger')
	. ', errors: ' . $node->safe_psql('postgres', "SELECT string_agg(call || ' ' || state || ': ' || count, ', ')
		FROM (SELECT call, state, count(*) FROM errors GROUP BY 1, 2) AS e"));

$node->stop;
done_testing();
