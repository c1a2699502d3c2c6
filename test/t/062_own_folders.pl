# The demo and the application take no folder that somebody else has put where theirs would be:
# what is in it runs as whoever calls make.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir;

sub shell
{
	my ($command, $path) = @_;
	my ($out, $err);
	my $result = IPC::Run::run([ 'bash', '-c', 'set -eu; . "$0"; ' . $command . ' "$1"', "$FindBin::RealBin/../private-server.sh", $path ],
		'>', \$out, '2>', \$err);
	return $result ? 'ours' : $err =~ s/^error: |\n//gr;
}

is(shell('refuse_foreign', "$folder/none"), 'ours', 'nothing is there');
is(shell('make_own_folder', "$folder/new"), 'ours', 'it is made');
is((stat "$folder/new")[2] & 0777, 0755, 'for nobody else to write to');
is(shell('make_own_folder', "$folder/new"), 'ours', 'and taken again');
symlink "$folder/new", "$folder/link" or die;
symlink "$folder/none", "$folder/dangling" or die;
append_to_file("$folder/file", '');
foreach my $foreign ("$folder/link", "$folder/dangling", "$folder/file", '/etc')
{
	is(shell($_, $foreign), "$foreign belongs to somebody else; set TMPDIR to another folder", $_)
		foreach 'refuse_foreign', 'make_own_folder';
}
like(shell('make_own_folder', "$folder/none/new"), qr/^cannot make the folder/, 'it cannot be made');

done_testing();
