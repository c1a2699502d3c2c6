# examples/move_tenant: what it makes of the states at both sides.  A run that is cut off at any of its requests is continued
# by the same command; a run never touches what belongs to another move; and its triggers give nothing away.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('servers');
$node->init;
$node->start;
foreach my $database (qw(a b c))
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, qq(
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
		CREATE EXTENSION asset_reuse;
		INSERT INTO tenants VALUES ('acme', 'Acme'), ('globex', 'Globex');
		SELECT asset_reuse_create_history_table('month')));
}
$node->safe_psql('a', q(
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('fall', 'acme', 'ann', 'Fall', 'meta'), ('rival', 'globex', 'gus', 'Rival', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
		SELECT 'a' || n, 'fall', 'acme', 'ann', 'Asset', 'image' FROM generate_series(1, 3) AS n;
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type) VALUES ('secret', 'rival', 'globex', 'gus', 'Secret', 'image')));

# A psql that ends the script instead of sending the request that is number CUT_AT among those that match CUT; or that runs
# another one before it, if CUT_FOR says so.
my $folder = PostgreSQL::Test::Utils::tempdir();
append_to_file("$folder/psql", <<'SH');
#!/bin/bash
sql=$(cat)
if [[ $CUT_AT -gt 0 && $sql =~ $CUT ]]; then
	echo >>"$CUT_COUNTER"
	if [[ $(wc -l <"$CUT_COUNTER") == "$CUT_AT" ]]; then
		[[ -n $CUT_FOR ]] || exit 2
		env CUT_AT=0 bash -c "$CUT_FOR" >&2
	fi
fi
exec "$CUT_PSQL" "$@" <<<"$sql"
SH
chmod 0755, "$folder/psql";
chomp(my $psql = `sh -c "command -v psql"`);
my $writes = q(COMMENT ON|DELETE FROM|DROP);

# run_move runs the script between two databases and returns whether it succeeded, and what it said; cut off at a request, unless
# that is 0: among those that write, or match a pattern.
sub run_move
{
	my ($cut, @options) = @_;
	my ($number, $pattern, $for) = ref $cut ? @$cut : ($cut, $writes);
	local %ENV = (%ENV, CUT_FOR => $for // '', PATH => "$folder:$ENV{PATH}", CUT_AT => $number, CUT => $pattern, CUT_COUNTER => "$folder/counter", CUT_PSQL => $psql);
	my ($out, $err) = ('', '');
	unlink "$folder/counter";
	my ($from, $to) = splice @options, 0, 2;
	my $ok = IPC::Run::run([ 'bash', "$FindBin::RealBin/../../examples/move_tenant", '--from', $node->connstr($from),
		'--to', $node->connstr($to), '--tenant', 'acme', @options ], '<', \undef, '>', \$out, '2>', \$err);
	return ($ok, $out . $err);
}

sub moves
{
	my ($name, @arguments) = @_;
	my ($ok, $said) = run_move(0, @arguments);
	ok($ok, $name) or diag($said);
}

sub refused
{
	my ($name, $message, @arguments) = @_;
	my ($ok, $said) = run_move(0, @arguments);
	ok(!$ok, $name);
	like($said, $message, "$name: says so");
}

# place returns what each database does with a writer, and the reuses that it has: "a:open 3, b:refuses 2".
sub place
{
	return join ', ', map {
		my ($status, $out, $err) = $node->psql($_, q(BEGIN; INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
			VALUES ('new', 'acme', 'ann', 'New', 'meta'); ROLLBACK));
		my $reuses = $node->safe_psql($_, q(SELECT sum(reused_count) || '=' || (SELECT count(*) FROM asset_reuse_events('acme')) FROM campaign_assets WHERE tenant_id = 'acme'));
		"$_:" . ($err =~ /is being moved/ ? 'refuses' : 'open') . ($reuses =~ /^(\d+)=\1$/ ? " $1" : $reuses);
	} qw(a b c);
}

my $reuses = 0;

# Every fifth request is enough each time; EVERY_CUT=1 takes all, which needs minutes.
my $step = $ENV{EVERY_CUT} ? 1 : 5;

sub track
{
	my ($database) = @_;
	$node->safe_psql($database, q(SELECT asset_reuse_track('a1', 'acme', 'fall')));
	$reuses++;
}

# A move, and back, cut off at each write in turn, with a new reuse between the moves.
my @sides = qw(a b);
track('a');
my $whole = 0;
for (my $cut = 1; !$whole && $cut < 40; $cut += $step)
{
	($whole, my $said) = run_move($cut, @sides);
	moves("continued after a cut at write $cut", @sides) unless $whole;
	like(place(), qr/$sides[1]:open $reuses\b/, 'the target has all');
	like(place(), qr/$sides[0]:refuses/, 'the source refuses writers');
	@sides = reverse @sides;
	track($sides[0]);
}
ok($whole, 'a move is whole in the end');

# The same, but taken back; and the taking back is cut off, too.
my %taken_back = (yes => 0, no => 0);
$whole = 0;
for (my $cut = 2; !$whole && $cut < 40; $cut += 2 * $step)
{
	($whole, my $said) = run_move($cut, @sides);
	run_move(1 + $cut % 7, @sides, '--cancel');
	my ($ok, $taken) = run_move(0, @sides, '--cancel');
	if (place() =~ /$sides[0]:open $reuses\b/)
	{
		like($taken, qr/at the source, as before|never began/, "taken back after a cut at write $cut");
		unlike(place(), qr/$sides[1]:open/, 'the target takes no writers') if $ok;
		$taken_back{yes}++;
	}
	else
	{
		like($taken, qr/too late|to its end/, "too late after a cut at write $cut");
		moves('it comes to its end', @sides);
		like(place(), qr/$sides[1]:open $reuses\b/, 'the target has all');
		@sides = reverse @sides;
		$taken_back{no}++;
	}
	track($sides[0]);
}
cmp_ok($taken_back{$_}, '>', 0, "taken back: $_") foreach qw(yes no);

# To a third server; the first move's rows are deleted while the second is interrupted, and after it.
moves('the other way round', @sides) if $sides[0] eq 'b';
moves('a first move', 'a', 'b');
track('b');
my $before_open = [ 1, "IS 'move_tenant: open" ];
run_move($before_open, 'b', 'c');
is(place(), 'a:refuses ' . ($reuses - 1) . ", b:refuses $reuses, c:refuses $reuses", 'a second is interrupted: all sides refuse writers');
refused('the first once more', qr/has moved away/, 'a', 'c');
refused('the first taken back', qr/nothing to take back/, 'a', 'b', '--cancel');
refused('the second taken back with the wrong target', qr/another move/, 'b', 'a', '--cancel');
refused('the second with another target', qr/another move/, 'b', 'a');
refused('the second the wrong way round', qr/another move/, 'c', 'b');
moves('the first, with --delete', 'a', 'b', '--delete');
is(place(), "a:refuses, b:refuses $reuses, c:refuses $reuses", 'deletes only what is of no use');
moves('the second is continued', 'b', 'c');
is(place(), "a:refuses, b:refuses $reuses, c:open $reuses", 'and comes to its end');
track('c');
moves('the first, with --delete, later', 'a', 'b', '--delete');
refused('the first, later', qr/has moved away/, 'a', 'b');
is(place(), 'a:refuses, b:refuses ' . ($reuses - 1) . ", c:open $reuses", 'changes nothing');
moves('back to the first', 'c', 'a', '--delete');
is(place(), "a:open $reuses, b:refuses " . ($reuses - 1) . ', c:refuses', 'with all');

# A run that another one of the same command has overtaken writes nothing any more.
my $again = "bash '$FindBin::RealBin/../../examples/move_tenant' --from '" . $node->connstr('a') . "' --to '" . $node->connstr('c') . "' --tenant acme";
$node->safe_psql('a', q(UPDATE campaign_assets SET description = 'new' WHERE id = 'a2'));
my ($ok, $said) = run_move([ 1, 'MERGE INTO', "$again && psql -c \"UPDATE campaign_assets SET description = 'newer' WHERE id = 'a2'\" '" . $node->connstr('c') . "'" ], 'a', 'c');
ok(!$ok, 'a run that another one has overtaken fails');
like($said, qr/at the target.*another run of move_tenant/s, 'and says so') or diag($said);
is($node->safe_psql('c', q(SELECT description FROM campaign_assets WHERE id = 'a2')), 'newer', 'it writes nothing any more');
moves('and back', 'c', 'a', '--delete');

# The way out of whatever state: doc/scale.md.
my $function = $node->safe_psql('c', q(SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'move\_tenant\_%'));
$node->safe_psql('c', "SET client_min_messages = warning; DROP FUNCTION $function CASCADE");
like(place(), qr/c:open/, 'dropping the function opens a side');

# A function that somebody else has made beforehand is not used.
$node->safe_psql('c', qq(
	CREATE ROLE mallory;
	GRANT CREATE ON SCHEMA public TO mallory;
	SET ROLE mallory;
	CREATE FUNCTION $function RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'));
refused('a function of another role', qr/is not this role's, but that of mallory/, 'a', 'c');
is($node->safe_psql('c', q(SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'move\_tenant\_%')), '0', 'no trigger calls it');
like(place(), qr/a:open $reuses\b/, 'the source is as it was');
$node->safe_psql('c', "DROP FUNCTION $function");

# Nor is a function that fits a call of the script better than PostgreSQL's own.
$node->safe_psql('a', q(
	CREATE TABLE ran (who text);
	CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (current_user); RETURN pg_catalog.format($1, $2, $3); END';
	CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (current_user); RETURN pg_catalog.quote_ident($1); END';
	CREATE FUNCTION public.same(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (current_user); RETURN $1::text = $2::text; END';
	CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.same);
	CREATE FUNCTION public.same(oid, regclass) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.ran VALUES (current_user); RETURN $1 = $2::oid; END';
	CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.same)));
moves('with functions of somebody else', 'a', 'c');
moves('and back', 'c', 'a', '--delete');
is($node->safe_psql('a', 'SELECT count(*) FROM ran'), '0', 'none of them has run');
$node->safe_psql('a', 'SET client_min_messages = warning; DROP FUNCTION public.format(text, name, name), public.quote_ident(name), public.same(varchar, varchar), public.same(oid, regclass) CASCADE');

# Another tenant cannot tell a tenant that has moved from one that never was.
moves('with row-level security', 'a', 'c');
$node->safe_psql('a', q(
	CREATE ROLE gus;
	GRANT SELECT, INSERT, UPDATE ON campaign_assets, campaign_spaces, campaign_asset_reuse_history TO gus;
	ALTER TABLE campaign_assets ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON campaign_assets USING (tenant_id = 'globex')));
my @answers = map {
	my ($status, $out, $err) = $node->psql('a', "\\set VERBOSITY verbose\nSET ROLE gus;\n$_");
	$err =~ s/^.*?ERROR/ERROR/s;
	$err;
} map { my $sql = $_; map { $sql =~ s/TENANT/$_/r } qw(acme nobody) }
	q(INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type) VALUES ('x', 'rival', 'TENANT', 'gus', 'X', 'image')),
	q(UPDATE campaign_assets SET tenant_id = 'TENANT' WHERE id = 'secret'),
	q(SELECT asset_reuse_track('a1', 'TENANT', 'fall'));
like($answers[0], qr/42501: new row violates row-level security/, 'a row of the other tenant');
is($answers[ 2 * $_ ], $answers[ 2 * $_ + 1 ] =~ s/nobody/acme/r, 'the same answer') foreach 0 .. 2;

# The procedures over all tenants pass over the assets of the one that has moved.
$node->safe_psql('a', q(
	ALTER TABLE campaign_assets DISABLE ROW LEVEL SECURITY;
	ALTER TABLE campaign_assets DISABLE TRIGGER USER;
	UPDATE campaign_assets SET reused_count = 1, platform_metadata = '{"reuse_history": [{"timestamp": "2026-01-02T10:00:00", "context": {}}]}' WHERE id IN ('a2', 'secret');
	ALTER TABLE campaign_assets ENABLE TRIGGER USER));
my ($status, $out, $err) = $node->psql('a', 'CALL asset_reuse_migrate_history()');
is($status, 0, 'the migration ends');
like($err, qr/is being moved/, 'with a warning');
is($node->safe_psql('a', q(SELECT string_agg(id, ' ') FROM campaign_assets WHERE platform_metadata ? 'reuse_history')), 'a2', 'and has moved what it may');

$node->stop;
done_testing();
