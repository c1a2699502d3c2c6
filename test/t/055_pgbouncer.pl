# PgBouncer in transaction mode: calls work; a SET of one client holds for the next one, while
# SET LOCAL and ALTER DATABASE do what they should.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'there is no pgbouncer' unless $pgbouncer;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	CREATE EXTENSION asset_reuse;
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	CREATE SCHEMA archive;
	CREATE TABLE archive.campaign_assets (LIKE public.campaign_assets INCLUDING ALL);
	INSERT INTO archive.campaign_assets SELECT * FROM public.campaign_assets;));

# One connection to the server, so that every client gets the same one.
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $user = $node->safe_psql('postgres', 'SELECT current_user');
append_to_file("$folder/pgbouncer.ini", qq([databases]
* = host=${\$node->host} port=${\$node->port} user=$user
[pgbouncer]
unix_socket_dir = $folder
listen_addr =
listen_port = $port
auth_type = any
admin_users = $user
pool_mode = transaction
default_pool_size = 1
logfile = $folder/log
pidfile = $folder/pid
));

# The pooler is our child, and ends with us.
my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$folder/pgbouncer.ini" ], '<', \undef);
END { $pooler->kill_kill if $pooler; }

# client runs statements as a client of its own, through the pooler.
sub client
{
	my ($database, $sql) = @_;
	my ($stdout, $stderr) = ('', '');

	IPC::Run::run([ $node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', "host=$folder port=$port user=$user dbname=$database", '-c', $sql ],
		'>', \$stdout, '2>', \$stderr);
	chomp $stdout;
	return $stdout . $stderr;
}

ok(wait_until(sub { client('postgres', 'SELECT 1') eq '1' }), 'the pooler answers');

# wait_until repeats a check until it holds, for ten seconds at most.
sub wait_until
{
	my ($check) = @_;

	foreach (1 .. 100)
	{
		return 1 if $check->();
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

my $track = "SELECT asset_reuse_track('hero', 'acme', 'summer') ->> 'message'";
my $setting = 'SHOW asset_reuse.assets_table';
is(client('postgres', $track), 'Asset reuse tracked successfully (total reuses: 1)', 'a reuse is tracked');

client('postgres', "BEGIN; SET LOCAL asset_reuse.assets_table = 'archive.campaign_assets'; $track; COMMIT");
is(client('postgres', $setting), 'campaign_assets', 'SET LOCAL ends with its transaction');
is($node->safe_psql('postgres', "SELECT reused_count FROM archive.campaign_assets WHERE id = 'hero'"), '1', 'and held within it');

client('postgres', "SET asset_reuse.assets_table = 'archive.campaign_assets'");
is(client('postgres', $setting), 'archive.campaign_assets', "the next client has what another one SET");
client('postgres', $track);
is($node->safe_psql('postgres', "SELECT reused_count FROM archive.campaign_assets WHERE id = 'hero'"), '2', 'and writes there');

$node->safe_psql('postgres', "ALTER DATABASE postgres SET asset_reuse.assets_table = 'public.campaign_assets'");
client('pgbouncer', 'RECONNECT');
is(client('postgres', $setting), 'public.campaign_assets', 'ALTER DATABASE holds for every client');
is(client('postgres', $track), 'Asset reuse tracked successfully (total reuses: 2)', 'who writes there');

$pooler->kill_kill;
undef $pooler;
$node->stop;
done_testing();
