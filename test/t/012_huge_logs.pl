# An asset's rows that no document can hold, and that take more than the gigabyte which PostgreSQL allocates unless it
# is told otherwise: asset_reuse_drop_history_table refuses them with 54000, as too many or too large.
#
# Its statement gives them to asset_reuse_log_restore as arrays.  Here arrays are made at once: that takes 2.2 GB of
# memory, where the rows would take an hour.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $needed = 4;		# GB: other tests may run beside it
my ($available) = (-r '/proc/meminfo' ? slurp_file('/proc/meminfo') : '') =~ /^MemAvailable: +(\d+) kB/m;
plan skip_all => "needs $needed GB of available memory" if ($available // 0) < $needed * 1024 * 1024;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION asset_reuse');

# Puts so many rows with the same element back into no document, and returns the error.  Of a series the planner does
# not know the value, so it does not make the arrays in advance and copy them into its plan.
sub refusal
{
	my ($count, $element) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose
		SELECT asset_reuse_log_restore(NULL, array_fill(timestamp '-infinity', ARRAY[n]), array_fill(0, ARRAY[n]),
			array_fill(jsonb '$element', ARRAY[n])) FROM generate_series($count, $count) AS n");
	return $stderr =~ /ERROR:  (.*)/ ? $1 : $stderr;
}

is(refusal(30_000_000, '"twelve bytes"'), '54000: total size of jsonb array elements exceeds the maximum of 268435455 bytes',
	'30 million rows that are too large are refused');
like(refusal(45_000_000, 'null'), qr/^54000: number of jsonb array elements exceeds the maximum allowed/,
	'45 million rows are refused');

$node->stop;
done_testing();
