# pg_upgrade to another major version keeps everything, with the files copied and with
# them linked: what dump and restore keep (004_dump_restore.pl), by the way on which the
# extension's objects and the tables' files are taken over as they are.
#
# OTHER_PG_CONFIG in the environment is the pg_config of a server of another major version
# that has the extension, too.  The older one of it and the server under test is upgraded.

use strict;
use warnings;
use File::Basename;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ShopDatabase;
use Test::More;

plan skip_all => 'there is no server of another major version: OTHER_PG_CONFIG is not set' unless $ENV{OTHER_PG_CONFIG};

# bin_folder returns where a server's programs are; Cluster wants the folder above.
sub bin_folder
{
	my ($pg_config) = @_;
	chomp(my $folder = `$pg_config --bindir`);
	return $folder;
}

# major_version returns the major version of a server.
sub major_version
{
	my ($bin) = @_;
	return `$bin/pg_config --version` =~ /^PostgreSQL (\d+)/ ? $1 : die "what version is $bin/pg_config?";
}

# make_server makes a server; checksums are what the versions have different defaults of.
sub make_server
{
	my ($name, $bin) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name, install_path => dirname($bin));
	$node->init(extra => ['--data-checksums']);
	return $node;
}

my ($old_bin, $new_bin) = sort { major_version($a) <=> major_version($b) } map { bin_folder($_) } 'pg_config', $ENV{OTHER_PG_CONFIG};
my $versions = major_version($old_bin) . ' to ' . major_version($new_bin);
cmp_ok(major_version($old_bin), '<', major_version($new_bin), "an upgrade from $versions");

my $old = make_server('old', $old_bin);
$old->start;
make_shop($old);
my $answers = shop_answers($old);
$old->stop;

# pg_upgrade leaves scripts where it runs.
chdir $PostgreSQL::Test::Utils::tmp_check;

# Linked files are the same in both clusters, so that comes last.
foreach my $mode ([], ['--link'])
{
	my $way = join(' ', "upgrade from $versions", @$mode);
	my $new = make_server('new' . join('', @$mode), $new_bin);

	$new->command_ok(
		[ 'pg_upgrade', '--no-sync', @$mode, '--old-datadir', $old->data_dir, '--new-datadir', $new->data_dir,
			'--old-bindir', $old_bin, '--new-bindir', $new_bin, '--socketdir', $new->host,
			'--old-port', $old->port, '--new-port', $new->port ],
		$way);
	$new->start;
	check_shop($new, $answers, $way);
	check_shop_goes_on($new, $way);
	$new->stop;
}

done_testing();
