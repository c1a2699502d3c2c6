# The regression tests of the core while what backends have cached is thrown away: between
# statements a session discards its plans, and at any moment another one changes a
# publication of all tables, which tells every backend that any table may have changed, and
# locks none.  Nothing of the output may change.
#
# debug_discard_caches does that at every moment, but is for servers built with assertions;
# where it can be set, it is.

use strict;
use warnings;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @tests = qw(track history analytics history_table migrate_history ddl_between_calls);

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->start;
my ($strongest) = $node->safe_psql('postgres', "SELECT max_val FROM pg_settings WHERE name = 'debug_discard_caches'");
$ENV{PGOPTIONS} = '-c debug_discard_caches=1' if $strongest > 0;

$node->safe_psql('postgres', q(
	CREATE PUBLICATION everything FOR ALL TABLES;
	CREATE SEQUENCE discards;
	CREATE TABLE tests_run ();));
my $discarding = IPC::Run::start(
	[ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', q(
		DO $$
		BEGIN
			WHILE to_regclass('tests_run') IS NOT NULL LOOP
				ALTER PUBLICATION everything SET (publish = 'insert');
				PERFORM nextval('discards'), pg_sleep(0.0005);
				COMMIT;
			END LOOP;
		END
		$$) ],
	'<', \undef, '>', \my $discarding_out, '2>', \my $discarding_err);

# pg_regress looks for what is expected where it runs.
my $folder = PostgreSQL::Test::Utils::tempdir();
symlink "$FindBin::RealBin/../../expected", "$folder/expected" or die "could not make a link: $!";

# Plans are discarded behind each line that ends a statement, outside of the bodies of functions;
# the output is shown without that, and without its error in a transaction that has failed.
append_to_file("$folder/launch", q(#!/bin/sh
perl -pe '$in_body ^= 1 while /\$\w*\$/g; $_ .= "DISCARD  PLANS;\n" if !$in_body && /;$/' |
	"$@" 2>&1 |
	perl -ne '$is_ours = /^DISCARD  PLANS;$/;
		print unless $is_ours || $was_ours && /^ERROR:  current transaction is aborted/;
		$was_ours = $is_ours'
));
chmod 0755, "$folder/launch";
my $passed = IPC::Run::run(
	[ $ENV{PG_REGRESS}, '--bindir=', '--host', $node->host, '--port', $node->port, '--dbname=discarded',
		"--launcher=$folder/launch", "--inputdir=$FindBin::RealBin/..", '--load-extension=asset_reuse',
		'--encoding=UTF8', '--no-locale', @tests ],
	'init', sub { chdir $folder }, '>&', \my $output);
note($output);
ok($passed, 'the output is as expected') or diag(slurp_file("$folder/regression.diffs"));

$node->safe_psql('postgres', 'DROP TABLE tests_run');
ok($discarding->finish, 'the session that discards has gone on to the end') or diag($discarding_err);
cmp_ok($node->safe_psql('postgres', 'SELECT last_value FROM discards'), '>', 100, 'it has discarded often');

$node->stop;
done_testing();
