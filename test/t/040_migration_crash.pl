# The server is killed several times while all logs are moved to the history table,
# at different moments, beside clients that track reuses.  After each crash, and at the
# end, every event is in exactly one place, and none is lost or there twice.  An
# interrupted or canceled migration goes on where it ended.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

my $assets = 400;
my $events = 50;
my $total = $assets * $events;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	CREATE EXTENSION asset_reuse;
	INSERT INTO tenants VALUES ('acme', 'Acme');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type,
			reused_count, last_reused_at, platform_metadata)
		SELECT n, 'fall', 'acme', 'user-1', 'Asset ' || n, 'image', $events, '2026-02-01',
			jsonb_build_object('source', 'sync', 'reuse_history', log || CASE WHEN n = 7 THEN '[{}, 1]' ELSE '[]' END::jsonb)
		FROM generate_series(1, $assets) AS n,
			LATERAL (SELECT jsonb_agg(jsonb_build_object(
					'timestamp', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
					'context', jsonb_build_object('reused_in_id', 'letter-' || n || '-' || i)) ORDER BY i) AS log
				FROM generate_series(1, $events) AS i) AS logs;
	SELECT asset_reuse_create_history_table();

	-- Makes a batch of one asset last long enough to be interrupted.
	CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END \$\$;
	CREATE TRIGGER be_slow BEFORE INSERT ON campaign_asset_reuse_history EXECUTE FUNCTION be_slow();

	-- What the clients have committed: a row for each call, written in its transaction.
	CREATE SEQUENCE calls;
	CREATE TABLE ledger (asset_id text, reused_in_id text PRIMARY KEY);

	-- Asset 7 has two events that name no place, and are known by their text.
	CREATE VIEW all_events AS
		SELECT id, 'document' AS place, coalesce(event #>> '{context,reused_in_id}', event::text) AS reused_in_id
		FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') AS event
		UNION ALL
		SELECT asset_id, 'table', coalesce(reused_in_id, original::text) FROM campaign_asset_reuse_history;
	CREATE VIEW expected_events AS
		SELECT n::text AS id, 'letter-' || n || '-' || i AS reused_in_id
		FROM generate_series(1, $assets) AS n, generate_series(1, $events) AS i
		UNION ALL VALUES ('7', '{}'), ('7', '1')
		UNION ALL TABLE ledger;
	CREATE TABLE before AS SELECT id, platform_metadata FROM campaign_assets;
));

# Each row is an event that is not there once.
my $wrong_events = q(
	SELECT id, reused_in_id, e.n AS times
	FROM expected_events
		FULL JOIN (SELECT id, reused_in_id, count(*) AS n FROM all_events GROUP BY 1, 2) AS e USING (id, reused_in_id)
	WHERE e.n IS DISTINCT FROM 1 ORDER BY 1, 2);
# And each is an asset whose count, or whose document, is not as it must be.
my $wrong_assets = qq(
	SELECT id FROM campaign_assets AS a
	WHERE reused_count <> $events + (SELECT count(*) FROM ledger WHERE asset_id = a.id)
		OR platform_metadata ->> 'source' <> 'sync'
	ORDER BY 1);
my $moved = "SELECT count(*) FROM campaign_asset_reuse_history WHERE reused_in_type IS NULL";


# The clients leave asset 99 alone, which is the last one in the order of ids.
my $script = $node->basedir . '/track.sql';
append_to_file($script, q(\set asset random(100, 400)
SELECT nextval('calls') AS call \gset
BEGIN;
SELECT asset_reuse_track(:asset::text, 'acme', reused_in_type => 'email', reused_in_id => 'call-' || :call);
INSERT INTO ledger VALUES (:asset, 'call-' || :call);
COMMIT;
));

# start runs a program beside the test, finish waits for its end.
sub start
{
	my ($input, $output) = ('', '');
	return { output => \$output, input => \$input, run => IPC::Run::start([@_], '<', \$input, '>&', \$output) };
}

sub finish
{
	my $started = shift;
	$started->{run}->finish;
	return ${ $started->{output} };
}

my @psql = ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'));
my @pgbench = ('pgbench', '--no-vacuum', '--random-seed=2026', '--client=2', '--time=600',
	'-h', $node->host, '-p', $node->port, '-f', $script, 'postgres');

# Killed when it has moved so many events: in the first batches and in later ones.
foreach my $stop (1, map { int($total * $_) } 0.2, 0.4, 0.6)
{
	my $clients = start(@pgbench);
	my $migration = start(@psql, '-c', 'CALL asset_reuse_migrate_history(1)');

	ok($node->poll_query_until('postgres', "SELECT ($moved) >= $stop"), "at least $stop events are moved");
	kill_server($node);
	like(finish($migration), qr/NOTICE:  events moved: .*(connection to server was lost|server closed the connection)/s,
		'the server is killed during the migration');
	finish($clients);
	$node->start;
	is($node->safe_psql('postgres', $wrong_events), '', 'after the crash every event is there once');
	is($node->safe_psql('postgres', $wrong_assets), '', 'and every count and document is right');
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM ledger'), '>', 0, 'clients have tracked meanwhile');
$node->safe_psql('postgres', 'DROP TRIGGER be_slow ON campaign_asset_reuse_history');

# Ended by a timeout while it waits for a row: the others are moved, and stay so.
my $holder = start(@psql);
${ $holder->{input} } = "BEGIN; SELECT 'locked ' || id FROM campaign_assets WHERE id = '99' FOR UPDATE;\n";
$holder->{run}->pump until ${ $holder->{output} } =~ /locked 99/;
my (undef, undef, $errors) = $node->psql('postgres', "SET lock_timeout = '100ms';\nCALL asset_reuse_migrate_history();");
like($errors, qr/canceling statement due to lock timeout/, 'a locked asset lets the migration wait');
is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT id, ' ') FROM all_events WHERE place = 'document'"), '99',
	'all others are moved before');
is($node->safe_psql('postgres', $wrong_events), '', 'every event is there once');
finish($holder);

# The last run moves the rest and sums up.
(undef, undef, my $notices) = $node->psql('postgres', 'CALL asset_reuse_migrate_history();');
like($notices, qr/NOTICE:  events moved: 50 of 50 \(100 %\), assets: 1, events per second: [\d,]+\n/, 'a notice tells the progress');
like($notices, qr/NOTICE:  events moved: 50, assets: 1, events per second: [\d,]+; events left in documents: 0$/,
	'the last one that nothing is left');
is($node->safe_psql('postgres', "SELECT id FROM campaign_assets WHERE platform_metadata ? 'reuse_history'"), '',
	'no log is left in the documents');
is($node->safe_psql('postgres', $wrong_events), '', 'every event is there once');
is($node->safe_psql('postgres', $wrong_assets), '', 'and every count and document is right');

# The check can fail: an event that is in both places, and one that is in none.
$node->safe_psql('postgres', q(
	UPDATE campaign_assets SET platform_metadata = asset_reuse_log_restore(platform_metadata, ARRAY[reused_at], ARRAY[seq], ARRAY[original])
		FROM campaign_asset_reuse_history AS h WHERE h.asset_id = id AND reused_in_id = 'letter-1-1';
	DELETE FROM campaign_asset_reuse_history WHERE reused_in_id = 'letter-2-2';));
is($node->safe_psql('postgres', $wrong_events), "1|letter-1-1|2\n2|letter-2-2|", 'an event in both places or in none is found');

# All go back as they were, but for the deleted one: in the order of time, those without one before them.
is($node->safe_psql('postgres', q(
		DROP VIEW all_events;
		SELECT asset_reuse_drop_history_table() = (SELECT count(*) - 1 FROM expected_events))), 't',
	'all events go back into the documents');
is($node->safe_psql('postgres', q(
		SELECT id FROM campaign_assets AS a JOIN before AS b USING (id)
		WHERE id NOT IN (SELECT asset_id FROM ledger) AND (a.platform_metadata <> b.platform_metadata)
		ORDER BY id)), "2\n7", 'their documents are what they were');
is($node->safe_psql('postgres', "SELECT platform_metadata #> '{reuse_history,0}', platform_metadata #> '{reuse_history,1}', platform_metadata #>> '{reuse_history,2,context,reused_in_id}'
		FROM campaign_assets WHERE id = '7'"), '{}|1|letter-7-1', 'of asset 7, but for the order');

$node->stop;
done_testing();
