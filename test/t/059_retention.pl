# Retention, as doc/operations.md describes it: old partitions of the history table are detached while clients
# track.  No later event is lost, asset_reuse_verify says what is gone, and asset_reuse_repair does what the
# document says.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use TrackingClients;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 'logical');
$node->start;
set_up_tracking($node);
my $history = 'campaign_asset_reuse_history';
$node->safe_psql('postgres', "SELECT asset_reuse_create_history_table('month')");

# Partitions in advance: two old months, this one and the next.
$node->safe_psql('postgres', qq(
	SELECT format('CREATE TABLE ${history}_%s PARTITION OF $history FOR VALUES FROM (%L) TO (%L)', to_char(m, 'YYYY_MM'), m, m + interval '1 month')
	FROM unnest(ARRAY['2020-01-01', '2020-02-01', date_trunc('month', localtimestamp), date_trunc('month', localtimestamp) + interval '1 month']::timestamp[]) AS m \\gexec
	SELECT asset_reuse_import('acme', jsonb_agg(jsonb_build_object('asset_id', a, 'timestamp', t, 'campaign_space_id', 'fall', 'key', t)), 'crm')
	FROM generate_series(1, 5) AS a, unnest('{2020-01-05,2020-02-05,2020-02-06}'::text[]) AS t));
is($node->safe_psql('postgres', "SELECT count(*) FROM ONLY ${history}_default"), '0', 'the default partition is empty');

my $counts = "SELECT (SELECT sum(reused_count) FROM campaign_assets) - (SELECT count(*) FROM $history)";
my $high = q(SELECT DISTINCT problem, count(*), min(reused_count - events), max(reused_count - events) FROM asset_reuse_verify('acme') GROUP BY problem);
my @clients = start_clients($node, 1, 3, 1);
until_they_track();

# until_they_track waits until the clients have had ten more calls acknowledged.
sub until_they_track
{
	my $before = acknowledged();
	for (my $tries = 0; $tries < 600 && acknowledged() < $before + 10; $tries++)
	{
		usleep(100_000);
	}
}

sub acknowledged
{
	my $count = 0;
	$count += () = slurp_file($_->{acknowledged}) =~ /\n/g foreach @clients;
	return $count;
}

# With a default partition, a brief lock.  DETACH locks the assets, too, but after the history, where callers lock them
# before it.  (A client ends with its first error, so a deadlock would be seen below.)
my ($status, $out, $err) = $node->psql('postgres', "ALTER TABLE $history DETACH PARTITION ${history}_2020_01 CONCURRENTLY");
like($err, qr/cannot detach partitions concurrently when a default partition exists/, 'not concurrently beside a default partition');
my $detached = 0;
for (my $tries = 0; $tries < 60 && !$detached; $tries++)
{
	($status, $out, $err) = $node->psql('postgres', "BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE campaign_assets IN SHARE ROW EXCLUSIVE MODE; ALTER TABLE $history DETACH PARTITION ${history}_2020_01; COMMIT", on_error_stop => 1);
	$detached = $status == 0;
	usleep(500_000) if !$detached;
}
ok($detached, 'with a brief lock');
until_they_track();
is($node->safe_psql('postgres', $high), 'count_high|5|1|1', 'verify: each asset has one event less than it counts');

# Without a default partition, concurrently.
$node->safe_psql('postgres', "BEGIN; LOCK TABLE campaign_assets IN SHARE ROW EXCLUSIVE MODE; DROP TABLE ${history}_default; COMMIT");
$node->safe_psql('postgres', "ALTER TABLE $history DETACH PARTITION ${history}_2020_02 CONCURRENTLY");
until_they_track();
is($node->safe_psql('postgres', $high), 'count_high|5|3|3', 'verify: and now three');
is($node->safe_psql('postgres', $counts), '15', 'it is those that were detached');

# The clients were not disturbed, and what they had acknowledged is there.
$_->{run}->signal('TERM') foreach @clients;
my @ids = stop_clients(@clients);
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'psql' AND pid <> pg_backend_pid() AND state = 'active'");
is(join('', map { slurp_file("$_->{acknowledged}.err") } @clients), '', 'no call of the clients failed');
my %stored = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', "SELECT reused_in_id FROM $history");
cmp_ok(scalar @ids, '>', 30, 'the clients had calls acknowledged');
is(join(' ', grep { !$stored{$_} } @ids), '', 'every acknowledged call is stored');
is($node->safe_psql('postgres', $counts), '15', 'and counted once');
is($node->safe_psql('postgres', "SELECT count(*) - count(DISTINCT reused_in_id) FROM $history"), '0', 'and none twice');

# What is gone is unknown: its keys, too.
is($node->safe_psql('postgres', q(SELECT asset_reuse_import('acme', '[{"asset_id": "1", "timestamp": "2020-02-05", "campaign_space_id": "fall", "key": "2020-02-05"}]', 'crm', 'skip') -> 'failed' -> 0 ->> 'sqlstate')),
	'23514', 'without a default partition, an event of another month is refused');
$node->safe_psql('postgres', "CREATE TABLE ${history}_default PARTITION OF $history DEFAULT");
is($node->safe_psql('postgres', q(SELECT asset_reuse_import('acme', '[{"asset_id": "1", "timestamp": "2020-02-05", "campaign_space_id": "fall", "key": "2020-02-05"}]', 'crm') -> 'imported')),
	'1', 'with its partition, an event has lost its key');
($status, $out, $err) = $node->psql('postgres', q(SELECT asset_reuse_undo('2', 'acme', reuse_key => 'crm:2020-02-05')));
like($err, qr/reuse event not found/, 'and cannot be undone');

# Repair: by default it lowers nothing; match forgets what is gone.
my $lifetime = $node->safe_psql('postgres', 'SELECT sum(reused_count) FROM campaign_assets');
$node->safe_psql('postgres', q(CALL asset_reuse_repair('acme')));
is($node->safe_psql('postgres', 'SELECT sum(reused_count) FROM campaign_assets'), $lifetime, 'repair keeps the counts of a lifetime');
$node->safe_psql('postgres', q(CALL asset_reuse_repair('acme', 'match')));
is($node->safe_psql('postgres', $counts), '0', 'unless it shall match');
is($node->safe_psql('postgres', q(SELECT * FROM asset_reuse_verify('acme'))), '', 'then verify finds nothing');

# A partition can come back, as long as its events are not counted again.
$node->safe_psql('postgres', "ALTER TABLE $history ATTACH PARTITION ${history}_2020_01 FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')");
is($node->safe_psql('postgres', q(SELECT DISTINCT problem FROM asset_reuse_verify('acme'))), 'count_low', 'back again, they are not counted');
$node->safe_psql('postgres', q(CALL asset_reuse_repair('acme')));
is($node->safe_psql('postgres', q(SELECT * FROM asset_reuse_verify('acme'))), '', 'until repair counts them');

# A month of which the default partition has events: they are moved while neither is a partition, and an outbox is not told.
$node->safe_psql('postgres', qq(
	INSERT INTO $history (tenant_id, asset_id, reused_at) SELECT 'acme', 1, timestamp '2019-05-01' + d * interval '10 days' FROM generate_series(0, 4) AS d;
	CALL asset_reuse_repair('acme');
	CREATE PUBLICATION outbox FOR TABLE $history WITH (publish_via_partition_root = true);
	SELECT pg_create_logical_replication_slot('outbox', 'pgoutput')));
($status, $out, $err) = $node->psql('postgres', "CREATE TABLE ${history}_2019_05 PARTITION OF $history FOR VALUES FROM ('2019-05-01') TO ('2019-06-01')");
like($err, qr/updated partition constraint for default partition "${history}_default" would be violated/, 'the month cannot be made beside them');
my $document = slurp_file("$FindBin::RealBin/../../doc/operations.md");
my ($recipe) = $document =~ /^(BEGIN;\n(?:(?!^```).)*LIKE campaign_asset_reuse_history INCLUDING ALL.*?^COMMIT;)$/ms;
$recipe =~ s/2026([-_])11/2019$1\x{30}5/g;
$recipe =~ s/2026-12/2019-06/g;
my $shape = q(SELECT count(*), (SELECT count(*) FROM pg_constraint WHERE conrelid = '%1$s'::regclass), bool_and(indisvalid), relispartition
	FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE indrelid = '%1$s'::regclass GROUP BY relispartition);
my $shape_before = $node->safe_psql('postgres', sprintf($shape, "${history}_default"));
$node->safe_psql('postgres', $recipe);
is($node->safe_psql('postgres', "SELECT (SELECT count(*) FROM ${history}_2019_05), (SELECT count(*) FROM ${history}_default WHERE reused_at < '2019-06-11' AND reused_at > '2019-01-01')"),
	'4|1', 'what the document says moves them');
is($node->safe_psql('postgres', sprintf($shape, "${history}_2019_05")), $shape_before, 'to a partition with all indexes and constraints');
is($node->safe_psql('postgres', q(SELECT * FROM asset_reuse_verify('acme'))), '', 'nothing is lost or doubled');
my $changes = q(SELECT count(*) FILTER (WHERE get_byte(data, 0) = ascii('I')), count(*) FILTER (WHERE get_byte(data, 0) = ascii('D'))
	FROM pg_logical_slot_get_binary_changes('outbox', NULL, NULL, 'proto_version', '1', 'publication_names', 'outbox'));
is($node->safe_psql('postgres', $changes), '0|0', 'the outbox was told of none of them');
$node->safe_psql('postgres', q(SELECT asset_reuse_track('1', 'acme', 'fall')));
is($node->safe_psql('postgres', "$changes; SELECT pg_drop_replication_slot('outbox'); DROP PUBLICATION outbox") =~ s/\n.*//sr, '1|0', 'and of what comes after them');

# A detachment that was interrupted: its partition's events are not read any more, so the table is not dropped with them.
my $drop = 'SELECT asset_reuse_drop_history_table()';
my $total = $node->safe_psql('postgres', $drop);
$node->safe_psql('postgres', qq(
	SELECT asset_reuse_create_history_table('month');
	DROP TABLE ${history}_default;
	CREATE TABLE ${history}_old PARTITION OF $history FOR VALUES FROM (MINVALUE) TO ('2020-02-01');
	CREATE TABLE ${history}_new PARTITION OF $history FOR VALUES FROM ('2020-02-01') TO (MAXVALUE);
	CALL asset_reuse_migrate_history()));
my $old = $node->safe_psql('postgres', "SELECT count(*) FROM ${history}_old");
cmp_ok($old, '>', 0, 'the old partition has events');
my $reader = $node->background_psql('postgres');
$reader->query_safe("BEGIN; SELECT count(*) FROM $history");
($status, $out, $err) = $node->psql('postgres', "SET statement_timeout = '500ms'; ALTER TABLE $history DETACH PARTITION ${history}_old CONCURRENTLY");
like($err, qr/statement timeout/, 'a reader keeps the detachment waiting, until it is interrupted');
$reader->query_safe('COMMIT');
$reader->quit;
($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$drop");
like($err, qr/55000: cannot drop table $history because the detachment of a partition was interrupted/, 'then the table is not dropped');
my ($finalize) = $err =~ /HINT:  Run (.*) first\./;
$node->safe_psql('postgres', $finalize);
is($node->safe_psql('postgres', $drop), $total - $old, 'but after what the hint says');
is($node->safe_psql('postgres', "SELECT count(*) FROM ${history}_old"), $old, 'the detached events are where they were');

$node->stop;
done_testing();
