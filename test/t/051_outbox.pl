# examples/outbox.sql: a consumer of its publication gets every reuse once its transaction has
# committed, in the order of commits, and nothing of one that was rolled back.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf('postgresql.conf', "wal_level = logical\nmax_replication_slots = 2\nmax_prepared_transactions = 2\n");
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	CREATE EXTENSION asset_reuse;
	UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-03T10:00:00", "context": {"reused_in_id": "old"}}]}'
	WHERE id = 'line';
	SELECT asset_reuse_create_history_table('month');));
is($node->safe_psql('postgres', "\\i '$FindBin::RealBin/../../examples/outbox.sql'"), 'asset_reuse_outbox', 'the example runs');

# changes returns what a consumer gets and confirms: "operation table column ...", the columns being
# asset_id and reused_in_id, or of a deleted row its asset_id.  The messages are pgoutput's.
sub changes
{
	my (@changes, %tables);
	my $messages = $node->safe_psql('postgres', q(
		SELECT encode(data, 'hex') FROM pg_logical_slot_get_binary_changes('asset_reuse_outbox', NULL, NULL,
			'proto_version', '1', 'publication_names', 'asset_reuse_outbox')));

	foreach my $message (map { pack 'H*', $_ } split /\n/, $messages)
	{
		my ($kind, $relid, $rest) = unpack 'a N a*', $message;
		if ($kind eq 'R')
		{
			$tables{$relid} = (unpack 'Z* Z*', $rest)[1];
		}
		elsif ($kind =~ /[IUD]/)
		{
			my @columns = row($rest);
			push @changes, join ' ', $kind, $tables{$relid}, grep { defined } @columns[ 1, 5 ];
		}
	}
	return join "\n", @changes;
}

# row takes the values of a change's first row apart.
sub row
{
	my ($count, $rest) = unpack 'x n a*', $_[0];
	my @values;

	foreach (1 .. $count)
	{
		(my $kind, $rest) = unpack 'a a*', $rest;
		my $value;
		($value, $rest) = unpack 'N/a a*', $rest if $kind eq 't';
		push @values, $value;
	}
	return @values;
}

my $table = 'campaign_asset_reuse_history';
sub track
{
	my ($asset, $place) = @_;
	return "SELECT FROM asset_reuse_track('$asset', 'acme', reused_in_type => 'email', reused_in_id => '$place');";
}

# The first to track is the last to commit.  (A prepared transaction is one that stays open.)
$node->safe_psql('postgres', join ' ', 'BEGIN;', track('hero', 'first'), q(PREPARE TRANSACTION 'open';),
	track('clip', 'second'), q(COMMIT PREPARED 'open';));
is(changes(), "I $table clip second\nI $table hero first", 'reuses come in the order of commits');
is(changes(), '', 'and once');

$node->safe_psql('postgres', join ' ', 'BEGIN;', track('hero', 'never'), 'ROLLBACK;', 'BEGIN;', track('hero', 'one'),
	'SAVEPOINT s;', track('hero', 'never'), 'ROLLBACK TO s;', track('clip', 'two'), 'COMMIT;');
is(changes(), "I $table hero one\nI $table clip two", 'nothing comes of what was rolled back');

# Undo does this in the table.  (Once asset_reuse_undo is there: call it here.)
$node->safe_psql('postgres', "DELETE FROM $table WHERE asset_id = 'hero' AND reused_in_id = 'one'");
is(changes(), "D $table hero", 'an undo is a delete');
$node->safe_psql('postgres', qq(UPDATE $table SET context = '{"kept": 1}' WHERE reused_in_id = 'first'));
is(changes(), "U $table hero first", 'context that is taken away is an update');
$node->safe_psql('postgres', "UPDATE campaign_assets SET asset_name = 'Other' WHERE id = 'hero'");
is(changes(), '', "the assets' own changes do not come");

# What the migration moves comes as inserts, too: a consumer who began before skips them by their times.
$node->safe_psql('postgres', 'CALL asset_reuse_migrate_history()');
is(changes(), "I $table line old", 'an old event that moves to the table comes as an insert');

$node->stop;
done_testing();
