# The settings for all sessions of a database, as its owner makes them who is no superuser.  PostgreSQL lets him
# store a setting only where it knows the setting: where the library is loaded, by a call of one of our
# functions, or where a superuser has granted SET on it.  A dump that has the database's settings sets them
# before anything could load the library.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
my @as_owner = (extra_params => [ '--username', 'shopkeeper' ]);

# owner_does runs statements in a session of the owner's and returns the output.
sub owner_does
{
	my ($sql, $database) = @_;
	return $node->safe_psql($database // 'shop', $sql, @as_owner);
}

# owner_errors runs statements likewise, each of them, and returns the errors.
sub owner_errors
{
	my ($sql, $database) = @_;
	$node->psql($database // 'shop', $sql, @as_owner, on_error_stop => 0, stderr => \my $errors);
	return [ $errors =~ /ERROR:  (.*)/g ];
}

# A database whose tables have other names than the defaults, in a schema that no search_path has.
$node->safe_psql('postgres', q(
	CREATE ROLE shopkeeper LOGIN CREATEDB;
	CREATE DATABASE shop OWNER shopkeeper;));
owner_does(qq(
	CREATE SCHEMA media;
	CREATE EXTENSION asset_reuse;
	SET search_path = media;
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	ALTER TABLE campaign_assets RENAME TO assets;
	ALTER TABLE campaign_spaces RENAME TO campaigns;));
is(owner_does('SHOW is_superuser'), 'off', 'the owner is no superuser');

my $load = 'SELECT FROM asset_reuse_check_schema();';
my $set_assets = q(ALTER DATABASE shop SET asset_reuse.assets_table = 'media.assets';);
my $set_spaces = q(ALTER DATABASE shop SET asset_reuse.spaces_table = 'media.campaigns';);
my $function = q(
	CREATE FUNCTION reuses(asset_id text) RETURNS text
	SET asset_reuse.assets_table = 'media.assets' SET asset_reuse.spaces_table = 'media.campaigns'
	RETURN asset_reuse_history(asset_id, 'acme')->>'total';);
my $total = q(SELECT asset_reuse_history('asset-0001', 'acme')->>'total';);
my $total_of_function = q(SET asset_reuse.assets_table = 'nowhere.assets'; SELECT reuses('asset-0001'););
my $denied = 'permission denied to set parameter "asset_reuse.assets_table"';
my $denied_too = 'permission denied to set parameter "asset_reuse.spaces_table"';

# In a new session PostgreSQL knows no setting of ours.  Should this change, the README's advice may go.
foreach my $statement ($set_assets, q(ALTER ROLE shopkeeper SET asset_reuse.assets_table = 'media.assets'), $function)
{
	is_deeply(owner_errors($statement), [$denied], "denied in a new session: $statement");
}
is_deeply(owner_errors("SET asset_reuse.assets_table = 'media.assets'; $set_assets"), [$denied], 'denied where it is set');
is_deeply(owner_errors(q(LOAD 'asset_reuse')), ['access to library "asset_reuse" is not allowed'], 'the owner may not load the library');
is_deeply(owner_errors($total), ['relation "campaign_assets" does not exist'], 'so the tables are not found');

# After a call of one of our functions, it does.
is_deeply(owner_errors("$load $set_assets $set_spaces $function"), [], 'the owner stores settings after a call');
is(owner_does($total), 15, 'they count in a new session');
is(owner_does($total_of_function), 15, "and a function's in it");
is_deeply(owner_errors('ALTER DATABASE shop RESET asset_reuse.assets_table'), [$denied], 'denied in a new session: to reset them');
is_deeply(
	owner_errors("$load ALTER DATABASE shop SET asset_reuse.assets_table = 'a.b.c'"),
	['invalid value for parameter "asset_reuse.assets_table": "a.b.c"'], 'a name that is none is refused');

# The database's settings are lost where its owner restores it, and nothing else; he sets them again.
my $dump = $node->basedir . '/shop.sql';
$node->command_ok([ 'pg_dump', '--create', '--username', 'shopkeeper', '--file', $dump, 'shop' ], 'the owner dumps the database');
$node->safe_psql('postgres', 'ALTER DATABASE shop RENAME TO old_shop');
is_deeply(owner_errors("\\i '$dump'", 'postgres'), [ $denied, $denied_too ], 'he restores all but the settings');
is_deeply(owner_errors($total), ['relation "campaign_assets" does not exist'], 'so the tables are not found');
is(owner_does($total_of_function), 15, "a function's settings are restored");
is_deeply(owner_errors("$load $set_assets $set_spaces"), [], 'he sets them again');
is(owner_does($total), 15, 'and all is as before');

# A superuser restores them.
$node->safe_psql('postgres', 'DROP DATABASE shop');
$node->safe_psql('postgres', "\\i '$dump'");
is(owner_does($total), 15, 'a superuser restores the settings, too');

# Where a superuser has granted SET, the owner needs no call before, and restores the settings.
$node->safe_psql('postgres', q(
	DROP DATABASE shop;
	GRANT SET ON PARAMETER asset_reuse.assets_table, asset_reuse.spaces_table TO shopkeeper;));
is_deeply(owner_errors("\\i '$dump'", 'postgres'), [], 'with the grant the owner restores all');
is(owner_does($total), 15, 'the settings, too');
is_deeply(owner_errors("ALTER DATABASE shop RESET asset_reuse.assets_table; $set_assets DROP FUNCTION reuses; $function"),
	[], 'with the grant the owner stores settings in a new session');
is(owner_does($total), 15, 'which count in the next');
is(owner_does($total_of_function), 15, "and a function's in it");

$node->stop;
done_testing();
