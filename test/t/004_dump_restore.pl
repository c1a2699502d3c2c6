# pg_dump and pg_restore keep everything: the logs to the byte, the extension in
# its schema, the settings of the database, the history table with its rights.  In the
# restored database all functions answer as before, and track goes on.

use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShopDatabase;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;

make_shop($node);
my $answers = shop_answers($node);

# Returns a database's dump as sorted lines (a restore may lay rows out in another order), without the
# comments and the random tokens in it.
sub dump_lines
{
	my ($database) = @_;
	my $file = $node->basedir . "/$database.sql";
	$node->command_ok([ 'pg_dump', '--file', $file, $database ], "dump of $database as text");
	my @lines = sort grep { !/^(--|\\(un)?restrict|$)/ } split(/\n/, slurp_file($file));
	return @lines;
}
my @dump = dump_lines('shop');
is_deeply([ grep { /asset_reuse WITH/ } @dump ], ['CREATE EXTENSION IF NOT EXISTS asset_reuse WITH SCHEMA tools;'], 'the dump has the extension');
is_deeply([ grep { /CREATE (FUNCTION|AGGREGATE)/ } @dump ], [], 'but none of its functions');

my $archive = $node->basedir . '/shop.dump';
$node->command_ok([ 'pg_dump', '--format=custom', '--file', $archive, 'shop' ], 'dump as an archive');
$node->safe_psql('postgres', 'ALTER DATABASE shop RENAME TO old_shop');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--create', '--dbname=postgres', $archive ], 'restore');

check_shop($node, $answers, 'dump');
is_deeply([ dump_lines('shop') ], \@dump, 'a dump of the restored database is the same');

check_shop_goes_on($node, 'restore');

$node->stop;
done_testing();
