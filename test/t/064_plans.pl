# What auto_explain's log shows of the functions' own statements where a plan could look all right and take for ever, or
# where row-level security could keep an index from being used.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf('postgresql.conf', qq(
session_preload_libraries = 'auto_explain'
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
));
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	CREATE EXTENSION asset_reuse;
	CREATE ROLE api;
	GRANT SELECT ON campaign_assets, campaign_spaces TO api;
	SELECT asset_reuse_create_history_table();
	CALL asset_reuse_migrate_history();
	ANALYZE;));
my ($campaign, $asset) = split /\|/, $node->safe_psql('postgres', q(
	SELECT reused_in_id, min(asset_id) FROM campaign_asset_reuse_history AS h JOIN campaign_assets AS a ON a.id = asset_id
	WHERE h.tenant_id = 'acme' AND reused_in_type = 'campaign_space' AND deleted_at IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1));

# plan_of returns the answer to a query, and the plan of a statement of the function's, which has $mark.
sub plan_of
{
	my ($query, $mark, @settings) = @_;
	my $offset = -s $node->logfile;
	my $answer = $node->safe_psql('postgres', join('', map { "SET $_;\n" } @settings) . $query);
	my @plans = grep { /$mark/ } split /^(?=\S)/m, substr(slurp_file($node->logfile), $offset);
	return ($answer, "@plans");
}

# Assets in a campaign are joined: a subquery that is looked through for each asset is quadratic, once it needs more than work_mem.
my $performance = "SELECT count(*) FROM asset_reuse_performance('acme', campaign_space_id => '$campaign', row_limit => 1000)";
my ($few, $plan) = plan_of($performance, 'asset_reuse_insight_asset', q(work_mem = '64kB'));
like($plan, qr/asset_reuse_log_events.*campaign_asset_reuse_history|campaign_asset_reuse_history.*asset_reuse_log_events/s, 'performance in a campaign: the plan is in the log');
unlike($plan, qr/SubPlan/, 'performance in a campaign: no subquery for each asset');
my ($all) = plan_of(q(SELECT count(*) FROM asset_reuse_performance('acme', row_limit => 1000)), 'asset_reuse_insight_asset');
ok($few > 0 && $few < $all, "performance in a campaign: $few of $all assets");

# The history table has row-level security, which conditions pass only if they cannot tell of what they look at.
my @as_api = ('ROLE api', 'enable_seqscan = off');
my %queries = (
	'where_used of a campaign' => [ "SELECT count(*) FROM asset_reuse_where_used('acme', '$campaign')", qr/Index Cond: .*name\(reused_in_id\)/ ],
	'where_used of a place' => [ "SELECT count(*) FROM asset_reuse_where_used('acme', reused_in_id => '$campaign')", qr/Index Cond: .*name\(reused_in_id\)/ ],
	'recommend' => [ "SELECT count(*) FROM asset_reuse_recommendations('acme', '$campaign')", qr/Index Cond: .*name\(reused_in_id\)/ ],
	'performance' => [ $performance, qr/Index Cond: .*name\(reused_in_id\)/ ],
	'timeline' => [ q(SELECT count(*) FROM asset_reuse_timeline('acme', 'day', NULL, '2025-06-01', '2025-06-04')), qr/Index Cond: .*reused_at >=/ ],
	'analytics' => [ q(SELECT asset_reuse_analytics('acme', NULL, '2025-06-01', '2025-06-04') -> 'success'), qr/Index Cond: .*reused_at >=/ ],
	'history' => [ "SELECT asset_reuse_history('$asset', 'acme') -> 'total'", qr/Index Cond: .*asset_id\)::text =/ ],
	'events of an asset' => [ "SELECT count(*) FROM asset_reuse_events('acme', '$asset')", qr/Index Cond: .*asset_id\)::text =/ ]);
foreach my $what (sort keys %queries)
{
	my ($query, $condition) = @{ $queries{$what} };
	my ($expected) = plan_of($query, 'campaign_asset_reuse_history');
	my ($answer, $with_policies) = plan_of($query, 'campaign_asset_reuse_history', @as_api);
	is($answer, $expected, "$what under row-level security: the same answer");
	like($with_policies, $condition, "$what under row-level security: by its index");
}

# Where nearly all events are read, the assets that the policies look for are read once.
my $wear_out = q(SELECT count(*) FROM asset_reuse_wear_out('acme'));
my ($stages) = plan_of($wear_out, 'campaign_asset_reuse_history');
my ($answer, $all_events) = plan_of($wear_out, 'campaign_asset_reuse_history', 'ROLE api');
is($answer, $stages, 'wear-out under row-level security: the same answer');
like($all_events, qr/hashed SubPlan/, 'wear-out under row-level security: the assets are read once');

# With many partitions, the cost of a plan says little about its time, and compiling it takes seconds that nothing can cancel.
SKIP:
{
	my @always = ('jit_above_cost = 0', 'auto_explain.log_analyze = on');
	my ($count, $compiled) = plan_of('SELECT count(*) FROM campaign_assets', 'Aggregate', @always);
	skip('the server compiles nothing', 1) unless $compiled =~ /JIT:/;
	my ($done, $own) = plan_of(q(
		UPDATE campaign_assets SET reused_count = 0 WHERE id = 'asset-0001';
		CALL asset_reuse_repair('acme', 'match');
		CALL asset_reuse_redact('acme', '{}', '{note}');
		SELECT count(*) FROM asset_reuse_verify('acme');
		SELECT count(*) FROM asset_reuse_events('acme');
		SELECT asset_reuse_analytics('acme', NULL, '2025-06-01') -> 'success';
		SELECT asset_reuse_history('asset-0001', 'acme') -> 'success';
		SELECT asset_reuse_recommend('acme') -> 'success';
		SELECT asset_reuse_track('asset-0001', 'acme', reused_in_type => 'email', reused_in_id => 'x') -> 'success'),
		'Query Text: .*(?:FROM|UPDATE|INTO) public\.campaign_', @always);
	my @own = split /^(?= ?\d)/m, $own;
	cmp_ok(scalar(@own), '>', 10, 'statements of the functions are in the log');
	is(join('', grep { /JIT:/ } @own), '', 'none of them is compiled');
}

# To drop the history table joins whole tables, whatever the planner takes them for.
$node->safe_psql('postgres', q(
	ALTER TABLE campaign_assets SET (autovacuum_enabled = off);
	ALTER TABLE campaign_asset_reuse_history SET (autovacuum_enabled = off);
	DELETE FROM pg_statistic WHERE starelid IN ('campaign_assets'::regclass, 'campaign_asset_reuse_history'::regclass);
	UPDATE pg_class SET reltuples = 1 WHERE oid = 'campaign_assets'::regclass));
my ($events) = plan_of('SELECT count(*) FROM campaign_asset_reuse_history', 'Aggregate');
my ($restored, $drop) = plan_of('SELECT asset_reuse_drop_history_table()', 'asset_reuse_log_restore');
is($restored, $events, 'drop: all events are back');
like($drop, qr/Update on.*(?:Hash|Merge) Join/s, 'drop: the plan is in the log');
unlike($drop, qr/Nested Loop/, 'drop: nothing is done anew for each asset');

$node->stop;
done_testing();
