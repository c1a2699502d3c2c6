# examples/move_tenant beside roles that may create objects in the assets' schema, tables with relatives, tenants that look
# alike, other writers, and a target that does not wait for its commits.

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

my $database = 'postgres';

# command returns how to move a tenant of the database.
sub command
{
	my ($tenant, @options) = @_;
	return [ 'bash', "$FindBin::RealBin/../../examples/move_tenant", '--from', $source->connstr($database), '--to', $target->connstr($database),
		'--tenant', $tenant, @options ];
}

sub run_move
{
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run(command(@_), '<', \undef, '>', \$out, '2>', \$err);
	return ($ok, $out . $err);
}

# begin_at_target begins a transaction there by a statement, and returns what commits it.
sub begin_at_target
{
	my ($statement) = @_;
	my ($commands, $answers) = ("BEGIN; $statement;\n", '');
	my $psql = IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $target->connstr('postgres') ], '<', \$commands, '>&', \$answers);
	$psql->pump while length $commands;
	$target->poll_query_until('postgres', q(SELECT count(*) = 1 FROM pg_stat_activity WHERE state = 'idle in transaction')) or die "no transaction: $answers";
	return sub {
		$commands = "COMMIT;\n";
		$psql->pump while length $commands;
		return $psql->finish;
	};
}

sub refused
{
	my ($name, $message, @options) = @_;
	my ($ok, $said) = run_move('acme', @options);
	ok(!$ok, $name);
	like($said, $message, "$name: says so");
}

# A history table of somebody else's, with a trigger that would run with the rights of whoever moves the tenant.
$target->safe_psql('postgres', q(
	SET ROLE stranger;
	CREATE TABLE campaign_asset_reuse_history (tenant_id text, asset_id text, reused_at timestamptz, seq int, reused_in_type text, reused_in_id text,
		reused_in_name text, reuse_key text, context jsonb, original jsonb);
	CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN GRANT ALL ON public.campaign_assets TO stranger; RETURN NULL; END';
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

# Children by inheritance would not have the triggers.
$source->safe_psql('postgres', 'CREATE TABLE old_assets () INHERITS (campaign_assets)');
refused('a child by inheritance', qr/old_assets at the from side inherits from another table/);
$source->safe_psql('postgres', 'DROP TABLE old_assets');

# Columns that are not copied are not lost without a word.
$source->safe_psql('postgres', 'ALTER TABLE campaign_assets ADD rating int GENERATED ALWAYS AS (impressions) STORED');
refused('a column that the target lacks', qr/campaign_assets at the to side has other columns than the source/);
$target->safe_psql('postgres', 'ALTER TABLE campaign_assets ADD rating int');
refused('a column that is not generated at the target', qr/campaign_assets at the to side has other columns than the source/);
$_->safe_psql('postgres', 'ALTER TABLE campaign_assets DROP rating') foreach $source, $target;

# Somebody writes to the target while the move waits for a lock there; whatever settings the database has.
$target->safe_psql('postgres', q(ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'));
$target->safe_psql('postgres', q(ALTER DATABASE postgres SET statement_timeout = '100ms'));
my $said_by_move = '';
my $commit = begin_at_target(q(INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('winter', 'acme', 'ann', 'Winter', 'meta')));
my $move = IPC::Run::start(command('acme'), '<', \undef, '>&', \$said_by_move);
$target->poll_query_until('postgres', q(SELECT count(*) > 0 FROM pg_locks WHERE NOT granted)) or die 'the move does not wait';
ok($commit->(), 'somebody writes to the target');
ok(!$move->finish, 'rows that come to the target meanwhile');
like($said_by_move, qr/the to side has rows of the tenant that no move has put there/, 'rows that come to the target meanwhile: says so');
is($target->safe_psql('postgres', q(DELETE FROM campaign_spaces WHERE tenant_id = 'acme' RETURNING id)), 'winter', 'they stay');

$target->safe_psql('postgres', 'ALTER DATABASE postgres RESET ALL');

# Partitions: one of another role, and one that another table references.
$database = 'parted';
foreach my $node ($source, $target)
{
	$node->safe_psql('postgres', 'CREATE DATABASE parted');
	$node->safe_psql('parted', $tables . q(
		DROP TABLE campaign_assets;
		CREATE TABLE campaign_assets (
			id varchar(36), campaign_space_id varchar(36) REFERENCES campaign_spaces (id) ON DELETE CASCADE, tenant_id varchar(36) NOT NULL,
			asset_name varchar(255) NOT NULL, asset_type campaignassettype NOT NULL, platform_metadata jsonb NOT NULL DEFAULT '{}',
			reused_count integer DEFAULT 0, last_reused_at timestamp, deleted_at timestamp, PRIMARY KEY (tenant_id, id)) PARTITION BY LIST (tenant_id);
		CREATE TABLE assets_1 PARTITION OF campaign_assets DEFAULT));
}
$source->safe_psql('parted', q(
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('fall', 'acme', 'ann', 'Fall', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, asset_name, asset_type) VALUES ('a1', 'fall', 'acme', 'Asset', 'image');
	ALTER TABLE assets_1 ADD UNIQUE (id);
	CREATE TABLE comments (asset_id varchar(36) REFERENCES assets_1 (id) ON DELETE CASCADE);
	INSERT INTO comments VALUES ('a1')));
$target->safe_psql('parted', 'ALTER TABLE assets_1 OWNER TO stranger');
refused('a partition of another role', qr/assets_1 at the to side does not belong to this role/);
$target->safe_psql('parted', 'ALTER TABLE assets_1 OWNER TO postgres');
refused('a table that references a partition', qr/rows of public\.comments reference the tenant's/, '--delete');
is($source->safe_psql('parted', 'SELECT count(*) FROM comments'), '1', 'its rows stay');
# Another role's table is not looked into, as its types could run something; from PostgreSQL 18 on, these cannot be in such a key.
my $type = $source->pg_version < 18 ? 'referrer.id' : 'text';
$source->safe_psql('parted', qq(
	DROP TABLE comments;
	CREATE ROLE referrer;
	CREATE SCHEMA referrer AUTHORIZATION referrer;
	GRANT REFERENCES ON assets_1 TO referrer;
	SET ROLE referrer;
	CREATE TYPE referrer.id AS ENUM ('x');
	CREATE FUNCTION referrer.take(referrer.id) RETURNS text LANGUAGE plpgsql AS 'BEGIN GRANT ALL ON public.campaign_assets TO referrer; RETURN 1; END';
	CREATE CAST (referrer.id AS text) WITH FUNCTION referrer.take(referrer.id) AS IMPLICIT;
	CREATE TABLE referrer.comments (asset_id $type);
	INSERT INTO referrer.comments VALUES ('x');
	ALTER TABLE referrer.comments ADD FOREIGN KEY (asset_id) REFERENCES public.assets_1 (id) ON DELETE CASCADE NOT VALID));
refused("another role's table", qr/rows of referrer\.comments, which belongs to another role, may reference the tenant's/, '--delete');
is($source->safe_psql('parted', q(SELECT has_table_privilege('referrer', 'campaign_assets', 'INSERT'))), 'f', 'its type has not run anything');
is($target->safe_psql('parted', 'SELECT id FROM campaign_assets'), 'a1', 'the tenant has moved');
$database = 'postgres';

# The settings name the tables.
foreach my $node ($source, $target)
{
	$node->safe_psql('postgres', 'DROP DATABASE parted');
	$node->safe_psql('postgres', 'CREATE DATABASE parted');
	$node->safe_psql('postgres', q(ALTER DATABASE parted SET asset_reuse.history_table = 'shop_history'));
	$node->safe_psql('parted', $tables . 'SELECT asset_reuse_create_history_table(); ALTER TABLE campaign_assets ADD x xml, ADD n int[]');
}
$source->safe_psql('parted', q(
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('fall', 'acme', 'ann', 'Fall', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type) VALUES ('a1', 'fall', 'acme', 'ann', 'Asset', 'image');
	UPDATE campaign_assets SET x = '<a/><b/>', n = '{1,NULL}';
	SELECT asset_reuse_track('a1', 'acme', 'fall')));
$target->safe_psql('postgres', "ALTER DATABASE parted SET $_") foreach 'quote_all_identifiers = on', 'array_nulls = off', 'xmloption = document';
$database = 'parted';
$target->safe_psql('postgres', 'ALTER DATABASE parted RESET asset_reuse.history_table');
refused('a target that has another setting', qr/asset_reuse.history_table is shop_history at the source and campaign_asset_reuse_history at the target/);
$target->safe_psql('postgres', q(ALTER DATABASE parted SET asset_reuse.history_table = 'shop_history'));
$_->safe_psql('parted', 'CREATE VIEW history_view AS SELECT * FROM shop_history') foreach $source, $target;
refused('a view of the history table', qr/public.history_view at the from side is no table: give the table with --history/, '--history', 'history_view');
my ($moved, $told) = run_move('acme');
ok($moved, 'a history table of another name') or diag($told);
is($target->safe_psql('parted', 'SELECT count(*) FROM shop_history'), '1', 'its events have moved');
$database = 'postgres';

# A tenant whose id ends with a newline is another one.  Its move outlasts a crash of a server that does not wait for its commits.
my ($ok, $said) = run_move("acme\n", '--delete');
ok($ok, 'a tenant with a newline moves') or diag($said);
$target->stop('immediate');
$target->start;
is($source->safe_psql('postgres', q(SELECT string_agg(id, ' ') FROM campaign_assets)), 'a1', 'the other tenant stays');
is($target->safe_psql('postgres', q(UPDATE campaign_assets SET asset_name = 'New' RETURNING id)), 'b1', 'after a crash it is here, and can be written');

# Whoever reads the target for long, as pg_dump does, keeps the triggers there from being dropped, but not the tenant's writers out.
$said_by_move = '';
$commit = begin_at_target('LOCK TABLE campaign_spaces, campaign_assets IN ACCESS SHARE MODE');
$move = IPC::Run::start(command('acme'), '<', \undef, '>&', \$said_by_move);
ok($target->poll_query_until('postgres', q(SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock')), 'the triggers wait to be dropped');
is($target->safe_psql('postgres', q(SELECT asset_reuse_track('a1', 'acme', 'fall') -> 'success')), 'true', 'the tenant can be written meanwhile');
ok($commit->(), 'somebody reads the target');
ok($move->finish, 'the move ends when the reader does') or diag($said_by_move);
is($target->safe_psql('postgres', q(SELECT count(*) FROM pg_proc WHERE proname LIKE 'move_tenant%')), '0', 'it has left nothing at the target');

# Where the tenant was, no writer passes, whatever he sets.
my ($status, $out, $err) = $source->psql('postgres', q(
	\set VERBOSITY verbose
	SET ROLE writer;
	SET move_tenant.passes = 'acme';
	SELECT asset_reuse_track('a1', 'acme', 'fall')));
like($err, qr/55006/, 'a writer who sets what a run sets is refused');
($status, $out, $err) = $source->psql('postgres', q(
	\set VERBOSITY verbose
	SET session_replication_role = replica;
	UPDATE campaign_assets SET asset_name = 'Lost' WHERE tenant_id = 'acme'));
like($err, qr/55006/, 'one that applies the changes of another server, for which triggers do not fire by default, is refused');

$source->stop;
$target->stop;
done_testing();
