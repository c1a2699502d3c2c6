# examples/move_tenant beside roles that may create objects in the assets' schema, tenants that look alike, and a target that
# does not wait for its commits.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tables = qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	CREATE EXTENSION asset_reuse;
	INSERT INTO tenants VALUES ('acme', 'Acme'), (E'acme\\n', 'Acme, too'););
my $source = PostgreSQL::Test::Cluster->new('source');
my $target = PostgreSQL::Test::Cluster->new('target');
foreach my $node ($source, $target)
{
	$node->init;
	$node->append_conf('postgresql.conf', "synchronous_commit = off\nwal_writer_delay = 10s") if $node == $target;
	$node->start;
	$node->safe_psql('postgres', $tables);
}
$source->safe_psql('postgres', q(
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('fall', 'acme', 'ann', 'Fall', 'meta'), ('spring', E'acme\n', 'bob', 'Spring', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
		VALUES ('a1', 'fall', 'acme', 'ann', 'Asset', 'image'), ('b1', 'spring', E'acme\n', 'bob', 'Another', 'image');
	SELECT asset_reuse_create_history_table();
	CREATE ROLE writer;
	GRANT ALL ON ALL TABLES IN SCHEMA public TO writer));
$target->safe_psql('postgres', q(
	CREATE ROLE stranger;
	GRANT CREATE ON SCHEMA public TO stranger));

sub run_move
{
	my ($tenant, @options) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ 'bash', "$FindBin::RealBin/../../examples/move_tenant", '--from', $source->connstr('postgres'),
		'--to', $target->connstr('postgres'), '--tenant', $tenant, @options ], '<', \undef, '>', \$out, '2>', \$err);
	return ($ok, $out . $err);
}

sub refused
{
	my ($name, $message) = @_;
	my ($ok, $said) = run_move('acme');
	ok(!$ok, $name);
	like($said, $message, "$name: says so");
}

# A history table of somebody else's, with a trigger that would run with the rights of whoever moves the tenant.
$target->safe_psql('postgres', q(
	SET ROLE stranger;
	CREATE TABLE campaign_asset_reuse_history (tenant_id text, asset_id text, reused_at timestamptz, seq int, reused_in_type text, reused_in_id text,
		reused_in_name text, reuse_key text, context jsonb, original jsonb);
	CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN GRANT ALL ON campaign_assets TO stranger; RETURN NULL; END';
	CREATE TRIGGER take BEFORE INSERT ON campaign_asset_reuse_history FOR EACH STATEMENT EXECUTE FUNCTION take();
	GRANT ALL ON campaign_asset_reuse_history TO PUBLIC));
refused('a history table of another role', qr/campaign_asset_reuse_history at the to side does not belong to this role/);
is($target->safe_psql('postgres', q(SELECT has_table_privilege('stranger', 'campaign_assets', 'INSERT'))), 'f', 'its trigger has not run');
$target->safe_psql('postgres', 'DROP TABLE campaign_asset_reuse_history; SELECT asset_reuse_create_history_table()');

# A function where the move's own would be, with SQL in place of a state in its comment: of another role, and of one's own.
my $function = 'move_tenant_' . $source->safe_psql('postgres', q(SELECT md5('acme')));
my $hostile = q(away x'' THEN NULL; END IF; CREATE TABLE loot (); IF ''x'' IS DISTINCT FROM ''x);
my $plant = sub {
	my ($role, $comment) = @_;
	$target->safe_psql('postgres', "SET ROLE $role; CREATE FUNCTION $function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		COMMENT ON FUNCTION $function() IS E'move_tenant: $comment'");
};
foreach my $comment ($hostile, "$hostile|f|f|\\n", 'away ' . '0' x 32 . '|f|f|\n')
{
	$plant->('stranger', $comment);
	refused("another role's function", qr/is not this role's, but that of stranger/);
	$target->safe_psql('postgres', "DROP FUNCTION $function()");
}
$plant->('postgres', $hostile);
refused('a comment that is no state', qr/is in another move/);
$target->safe_psql('postgres', "DROP FUNCTION $function()");
is($target->safe_psql('postgres', q(SELECT to_regclass('loot') IS NULL)), 't', 'no comment was run');

# A tenant whose id ends with a newline is another one.  Its move outlasts a crash of a server that does not wait for its commits.
my ($ok, $said) = run_move("acme\n", '--delete');
ok($ok, 'a tenant with a newline moves') or diag($said);
$target->stop('immediate');
$target->start;
is($source->safe_psql('postgres', q(SELECT string_agg(id, ' ') FROM campaign_assets)), 'a1', 'the other tenant stays');
is($target->safe_psql('postgres', q(UPDATE campaign_assets SET asset_name = 'New' RETURNING id)), 'b1', 'after a crash it is here, and can be written');

# Where the tenant was, no writer passes, whatever he sets.
($ok, $said) = run_move('acme');
ok($ok, 'the other one moves') or diag($said);
my ($status, $out, $err) = $source->psql('postgres', q(
	\set VERBOSITY verbose
	SET ROLE writer;
	SET move_tenant.passes = 'acme';
	SELECT asset_reuse_track('a1', 'acme', 'fall')));
like($err, qr/55006/, 'a writer who sets what a run sets is refused');

$source->stop;
$target->stop;
done_testing();
