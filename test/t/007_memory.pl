# A backend's resident size stays where it is, however often it calls each function,
# as statements of their own or in a function's loop, and however many schemas' plans it
# has had; and the aggregate's memory does not grow with the rows.
#
# CALLS is the number of calls in a loop, of which there are six for each function: thousands
# here, a million in all in `make soak`.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;
use TrackingClients;

my $calls = $ENV{CALLS} || 2000;
my $calls_at_once = 2000;	# between two vacuums, without which the table would grow and grow
my $schemas = 60;

# What a stable backend may still grow by: caches of the catalogs, and what malloc keeps.
my $bound = 8 * 1024 * 1024;

# What its contexts may: 2,000 calls would exceed it by 100 bytes each.
my $used_bound = 192 * 1024;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
# No autovacuum: it has sessions empty their caches, which would be less than full when they are measured.
$node->append_conf('postgresql.conf', "client_min_messages = warning\nshared_buffers = 16MB\nautovacuum = off\nmax_parallel_workers_per_gather = 0");
$node->start;
set_up_tracking($node);
$node->safe_psql('postgres', q(INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
	VALUES ('winter', 'acme', 'user-1', 'Winter Teaser', 'meta')));

my %functions = (
	'track' => "asset_reuse_track((1 + i % 5)::text, 'acme', 'fall', reuse_context => '{\"a\": 1}')",
	'history' => "asset_reuse_history((1 + i % 5)::text, 'acme', 20)",
	'analytics' => "asset_reuse_analytics('acme', start_date => '2026-01-01')",
	'an error' => "error_of_track('none')",
	# each key twice: stored and replayed
	'track with a key' => "asset_reuse_track((1 + i / 2 % 5)::text, 'acme', 'fall', reuse_key => 'k' || txid_current() || '-' || i / 2)",
	'undo' => "asset_reuse_undo((1 + i % 5)::text, 'acme', asset_reuse_track((1 + i % 5)::text, 'acme', 'fall') #>> '{event,event_id}')",
	'track_many' => "asset_reuse_track_many(ARRAY[(1 + i % 5)::text, '5', 'none'], 'acme', 'fall', on_missing => 'skip')",
	'copy' => "asset_reuse_copy_campaign('fall', 'winter', 'acme', dry_run => true)",
	# each adds an asset and takes the one before away
	'sync' => "asset_reuse_sync('winter', 'acme', ARRAY[(1 + i % 5)::text], true)");

# These do more in a call than the others: so many times fewer are enough.
my %share = ('track_many' => 8, 'copy' => 8, 'sync' => 8);

$node->safe_psql('postgres', q(
	CREATE SEQUENCE leaks;
	CREATE FUNCTION error_of_track(id text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM asset_reuse_track(id, 'acme', reused_in_id => 'x');
		RETURN 'none';
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLERRM;
	END
	$$;
	-- Each call in a transaction of its own, the log short again now and then.
	CREATE PROCEDURE call_often(expression text, calls int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR n IN 1..calls / 100 LOOP
			EXECUTE format('SELECT count(%s) FROM generate_series(1, 100) AS i', expression);
			UPDATE campaign_assets SET platform_metadata = '{}';
			COMMIT;
		END LOOP;
	END
	$$;
	-- Tables of many schemas, which come and go.
	CREATE PROCEDURE use_schemas(schemas int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR n IN 1..schemas LOOP
			CREATE SCHEMA one;
			CREATE TABLE one.assets (LIKE campaign_assets INCLUDING ALL);
			CREATE TABLE one.spaces (LIKE campaign_spaces INCLUDING ALL);
			INSERT INTO one.assets SELECT * FROM campaign_assets;
			PERFORM set_config('asset_reuse.assets_table', 'one.assets', true);
			PERFORM set_config('asset_reuse.spaces_table', 'one.spaces', true);
			PERFORM asset_reuse_track('1', 'acme', reused_in_id => 'x'), asset_reuse_history('1', 'acme'), asset_reuse_analytics('acme');
			DROP SCHEMA one CASCADE;
			COMMIT;
		END LOOP;
	END
	$$;));

my $session = $node->background_psql('postgres', timeout => 3600);
my $pid = $session->query_safe('SELECT pg_backend_pid()') + 0;		# some releases of 16 leave its newline

# own_memory returns how much memory the session's process has to itself, in bytes.
sub own_memory
{
	my ($size, $resident, $shared) = split ' ', slurp_file("/proc/$pid/statm");
	return ($resident - $shared) * POSIX::sysconf(POSIX::_SC_PAGESIZE());
}

# peak_memory returns the greatest resident size that the process has had, in bytes.
sub peak_memory
{
	my ($peak) = slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m;
	return $peak * 1024;
}

# used_memory returns what is in use in the session's memory contexts, in bytes: next to
# nothing may stay there, not even a few bytes of each call.
sub used_memory
{
	return $session->query_safe('SELECT sum(used_bytes) FROM pg_backend_memory_contexts') + 0;
}

# growth_of runs statements twice, and returns by how much the memory of the process and that in
# its contexts grow in the second run: what the first one leaves is what caches take.
sub growth_of
{
	my (@statements) = @_;
	$session->query_safe($_) foreach @statements;
	my ($before, $used_before) = (own_memory(), used_memory());
	$session->query_safe($_) foreach @statements;
	return (own_memory() - $before, used_memory() - $used_before);
}

sub is_stable
{
	my ($name, @statements) = @_;
	my ($growth, $used_growth) = growth_of(@statements);
	cmp_ok($growth, '<', $bound, "$name: memory is stable");
	cmp_ok($used_growth, '<', $used_bound, "$name: its contexts are");
}

foreach my $state (@states)
{
	# the same few events in each state, whatever the one before has left
	enter_state($node, 'documents');
	$node->safe_psql('postgres', q(
		UPDATE campaign_assets SET platform_metadata = '{}';
		SELECT asset_reuse_track(asset::text, 'acme', reused_in_id => 'x') FROM generate_series(1, 5) AS asset, generate_series(1, 20);));
	enter_state($node, $state);
	foreach my $name (sort keys %functions)
	{
		my $at_once = $calls_at_once / ($share{$name} // 1);
		my $loop = "CALL call_often(\$\$$functions{$name}\$\$, $at_once)";
		is_stable("$state, $name in a loop", ($loop, 'VACUUM campaign_assets') x ($calls / $calls_at_once));
		my $statement = 'SELECT count(' . $functions{$name} =~ s/\bi\b/1/gr . ")";
		my $statements = join(";\n", 'BEGIN', ($statement) x ($at_once / 10), 'ROLLBACK');
		is_stable("$state, $name as statements", ($statements, 'VACUUM campaign_assets') x ($calls / $calls_at_once));
	}
}
# What leaves 1.5 kB and some more each time, a thousand times, does not pass.
my (undef, $leak) = growth_of(q(
	DO $$
	BEGIN
		FOR i IN 1..1000 LOOP
			EXECUTE format('PREPARE leak_%s AS SELECT 1', nextval('leaks'));
		END LOOP;
	END
	$$));
cmp_ok($leak, '>', $used_bound, 'a leak is seen');
$session->query_safe('DEALLOCATE ALL');

enter_state($node, 'documents');
# the catalogs' caches keep something of each schema in their contexts
my ($growth) = growth_of("CALL use_schemas($schemas)");
cmp_ok($growth, '<', $bound, 'plans of many schemas: memory is stable');

# The aggregate: ten times the rows, the same memory.
$node->safe_psql('postgres', q(
	INSERT INTO tenants VALUES ('small', 'Small'), ('large', 'Large');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count)
	SELECT t || n, 'fall', t, 'user-1', 'Asset ' || n, 'image', n
	FROM (VALUES ('small', 3000), ('large', 30000)) AS tenants (t, size), generate_series(1, size) AS n;));
$session->query_safe("SELECT asset_reuse_analytics('small')");
my $before = own_memory();
$session->query_safe("SELECT asset_reuse_analytics('large')");
cmp_ok(own_memory() - $before, '<', $bound, 'the aggregate does not grow with the rows');

# A sync that takes thousands of reuses away at once: the document is not copied for each.
$node->safe_psql('postgres', q(
	UPDATE campaign_assets SET reused_count = 3001, last_reused_at = '2026-01-03 02:00', platform_metadata = jsonb_build_object('reuse_history', (
		SELECT jsonb_agg(jsonb_build_object('timestamp', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'context', jsonb_build_object('reused_in_type', 'campaign_space', 'reused_in_id', CASE WHEN i > 0 THEN 'winter' ELSE 'fall' END, 'n', i)) ORDER BY i)
		FROM generate_series(0, 3000) AS i)) WHERE id = '1';));
foreach my $state ('documents', 'history table')
{
	enter_state($node, $state);
	$session->query_safe(q(SELECT asset_reuse_sync('winter', 'acme', '{2}', true, true)));
	my $before = peak_memory();
	$session->query_safe(q(BEGIN; SELECT asset_reuse_sync('winter', 'acme', '{2}', true)));
	cmp_ok(peak_memory() - $before, '<', 4 * $bound, "$state: a sync of thousands of reuses");
	is($session->query_safe(q(SELECT reused_count, last_reused_at, jsonb_array_length(platform_metadata -> 'reuse_undone'),
			platform_metadata #>> '{reuse_undone,99,timestamp}', (SELECT count(*) FROM asset_reuse_events('acme', '1'))
		FROM campaign_assets WHERE id = '1')),
		'1|2026-01-01 00:00:00|100|2026-01-03T02:00:00.000000|1', "$state: all are gone, with the newest marks");
	$session->query_safe('ROLLBACK');
}

# What goes through a tenant's assets one by one: ten times the assets, the same memory.  A session of
# its own tells the greatest size that its process has had; of that, the shared buffers that it has
# touched are only a small part.
$session->quit;
$node->append_conf('postgresql.conf', "shared_buffers = 1MB");
$node->restart;
sub peak_of
{
	my ($call) = @_;
	return 1024 * $node->safe_psql('postgres', $call . q(; SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')));
}

enter_state($node, 'documents');
$node->safe_psql('postgres', q(
	INSERT INTO tenants VALUES ('few', 'Few'), ('many', 'Many');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, platform_metadata)
	SELECT t || n, 'fall', t, 'user-1', 'Asset ' || n, 'image', 1, jsonb_build_object('reuse_history', (
		SELECT jsonb_agg(jsonb_build_object('timestamp', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
			'context', jsonb_build_object('reused_in_type', 'email', 'reused_in_id', i, 'reused_in_name', 'x', 'note', repeat('x', 100), 'person', i, 'mark', i)))
		FROM generate_series(1, 1000) AS i))
	FROM (VALUES ('few', 10), ('many', 100)) AS tenants (t, size), generate_series(1, size) AS n));
sub is_constant
{
	my ($name, $call) = @_;
	my %peak = map { $_ => peak_of($call =~ s/TENANT/$_/r) } ('few', 'many');
	cmp_ok($peak{many} - $peak{few}, '<', $bound, "$name: memory does not grow with the assets");
}
is_constant('repair', "CALL asset_reuse_repair('TENANT', 'match')");
is_constant('redact in documents', "CALL asset_reuse_redact('TENANT', '{}', '{person}')");
$node->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()');
is_constant('redact that moves logs', "CALL asset_reuse_redact('TENANT', '{}', '{note}')");
enter_state($node, 'documents');
$node->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()');
is_constant('migrate', "CALL asset_reuse_migrate_history(tenant_id => 'TENANT')");
is_constant('repair of rows', "UPDATE campaign_assets SET reused_count = 1 WHERE tenant_id = 'TENANT'; CALL asset_reuse_repair('TENANT', 'match')");
is_constant('redact of rows', "CALL asset_reuse_redact('TENANT', '{}', '{mark}')");

$node->stop;
done_testing();
