# Analytics and insights really run on parallel workers: auto_explain's log shows the plan of
# the statement inside, with the workers that were launched.  The answer is the
# same, to the character, with any number of workers, with the leader helping or
# not, and wherever events live.

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
$node->append_conf('postgresql.conf', qq(
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
auto_explain.log_analyze = on
auto_explain.log_verbose = on
max_worker_processes = 8
max_parallel_workers = 8
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
# however few rows there are
enable_indexscan = off
enable_bitmapscan = off
));
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	CREATE EXTENSION asset_reuse;
	-- Ten times the golden tenant, and numbers whose sum depends on the order when it is not exact.
	INSERT INTO tenants VALUES ('tenfold', 'Ten times acme');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, file_url, thumbnail_url,
			impressions, clicks, conversions, ctr, platform_metadata, reused_count, last_reused_at, deleted_at)
		SELECT id || '-' || n, campaign_space_id, 'tenfold', user_id, asset_name, asset_type, file_url, thumbnail_url,
			impressions, clicks, conversions, ctr * 1.1 ^ n, platform_metadata, reused_count, last_reused_at, deleted_at
		FROM campaign_assets, generate_series(1, 10) AS n WHERE tenant_id = 'acme';
	ALTER TABLE campaign_assets SET (parallel_workers = 4);
	ANALYZE;));

my %calls = (
	'a whole tenant' => "asset_reuse_analytics('tenfold')",
	'the golden tenant' => "asset_reuse_analytics('acme', top_limit => 50)",
	'one type' => "asset_reuse_analytics('tenfold', 'video', top_limit => 50)",
	'a range' => "asset_reuse_analytics('tenfold', NULL, '2025-09-01 00:00+00', '2025-11-01 00:00+00', 50)",
	'a type in a range' => "asset_reuse_analytics('tenfold', 'image', '2025-09-01 00:00+00')",
	'no assets' => "asset_reuse_analytics('nobody')",
	'insights' => "asset_reuse_insights('tenfold')",
	'insights by platform' => "asset_reuse_insights('acme')",
	'insights of a type' => "asset_reuse_insights('tenfold', 'video', 0.9)");
my $aggregate = qr/asset_reuse_(?:summary|insight_answer)\b/;

# Runs a call and returns its answer and what the server logged meanwhile.
sub call
{
	my ($call, @settings) = @_;
	my $offset = -s $node->logfile;
	my $answer = $node->safe_psql('postgres', join('', map { "SET $_;\n" } @settings) . "SELECT $call;");
	return ($answer, substr(slurp_file($node->logfile), $offset));
}

foreach my $what (sort keys %calls)
{
	my ($alone, $plan) = call($calls{$what}, 'max_parallel_workers_per_gather = 0');
	like($plan, $aggregate, "$what, alone: the plan is in the log");
	unlike($plan, qr/Workers Launched/, "$what, alone: no worker");

	foreach my $workers (1, 2, 4)
	{
		my ($answer, $log) = call($calls{$what}, "max_parallel_workers_per_gather = $workers");
		is($answer, $alone, "$what, $workers workers: the same answer");
		# Nobody else uses workers here, so all that are planned are there.
		like($log, qr/$aggregate.*Gather.*Workers Launched: $workers\b/s, "$what, $workers workers: they were launched");
		# Where the planner expects a row at all, it has the workers aggregate.
		like($log, qr/Finalize Aggregate.*Gather.*Partial Aggregate/s, "$what, $workers workers: they aggregate")
		  if $what ne 'no assets';
	}

	# Without the leader's help the rows are the workers'.  On a small table one of them can be through
	# before the next has started; so ask until two of them have had rows, and have been combined.
	my $shared = $what eq 'no assets';
	my @answers;
	do
	{
		my ($answer, $log) = call($calls{$what}, 'max_parallel_workers_per_gather = 4', 'parallel_leader_participation = off');
		push @answers, $answer;
		my ($scan) = $log =~ /(Parallel Seq Scan.*?)\n\d{4}-/s;
		$shared ||= 1 < grep { $_ > 0 } ($scan =~ /Worker \d+: +actual time=\S+ rows=(\d+)/g);
	} until ($shared || @answers == 50);
	ok($shared, "$what, only workers: they shared the rows");
	is_deeply([ grep { $_ ne $alone } @answers ], [], "$what, only workers: the same answer");
}

# A range with a history table.  What is counted there is joined; which of the two tables the
# workers read, and whether they aggregate, is the planner's.
my @ranges = grep { /range/ } sort keys %calls;
my %in_documents = map { $_ => (call($calls{$_}, 'max_parallel_workers_per_gather = 0'))[0] } @ranges;
foreach my $state (grep { $_ ne 'documents' } @states)
{
	{
		# the foreign key looks each event's asset up
		local $ENV{PGOPTIONS} = '-c enable_indexscan=on -c auto_explain.log_min_duration=-1';
		enter_state($node, $state);
	}
	$node->safe_psql('postgres', 'ANALYZE');
	foreach my $what (@ranges)
	{
		foreach my $workers (0, 2, 4)
		{
			my ($answer, $log) = call($calls{$what}, "max_parallel_workers_per_gather = $workers");
			is($answer, $in_documents{$what}, "$what, $state, $workers workers: the same answer");
			like($log, qr/asset_reuse_summary.*Workers Launched: $workers\b.*campaign_asset_reuse_history/s,
				"$what, $state, $workers workers: they were launched") if $workers > 0;
		}
	}
}

# Planned for workers that then cannot be had.
my ($alone) = call($calls{'a range'}, 'max_parallel_workers_per_gather = 0');
my ($answer, $log) = call($calls{'a range'}, 'max_parallel_workers_per_gather = 2', 'max_parallel_workers = 0');
is($answer, $alone, 'no worker to be had: the same answer');
like($log, qr/Workers Planned: 2.*Workers Launched: 0\b/s, 'no worker to be had: planned, but not launched');

# However often a session has asked, the statement is planned for the tenant at hand: its id is in
# the plan, and not a parameter that stands for an average tenant.
my $offset = -s $node->logfile;
$node->safe_psql('postgres', "SELECT $calls{'a whole tenant'};" x 12);
my @conditions = substr(slurp_file($node->logfile), $offset) =~ /tenant_id\)::text = (\S+)::text/g;
is(scalar(@conditions), 12, 'asked twelve times: twelve plans are in the log');
is_deeply([ grep { $_ ne "'tenfold'" } @conditions ], [], 'asked twelve times: each is planned for the tenant');

# The answers are about something.
like($alone, qr/"total_reuses": [1-9]\d{3}/, 'the range has thousands of events');

$node->stop;
done_testing();
