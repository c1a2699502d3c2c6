# examples/move_tenant: a tenant moves from one server to another while a client tracks, and while the move
# is interrupted again and again; every acknowledged call is counted and stored once, at the target.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $move = "$FindBin::RealBin/../../examples/move_tenant";
my %node = map { $_ => PostgreSQL::Test::Cluster->new($_) } qw(old new);
foreach my $node (values %node)
{
	$node->init;
	$node->start;
	$node->safe_psql('postgres', qq(
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
		CREATE SCHEMA tools;
		CREATE EXTENSION asset_reuse SCHEMA tools;
		INSERT INTO tenants VALUES ('it''s "acme"', 'Acme');
		ALTER DATABASE postgres SET search_path = public, tools));
}
my $tenant = q(it's "acme");
my $quoted = q('it''s "acme"');
$node{old}->safe_psql('postgres', qq(
	INSERT INTO tenants VALUES ('globex', 'Globex');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', $quoted, 'ann', 'Fall', 'meta'), ('rival', 'globex', 'gus', 'Rival', 'meta');
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, platform_metadata, description)
		SELECT 'a' || n, 'fall', $quoted, 'ann', 'Asset', 'image', '{"zoom": 1.50}', E'tab\\t, \\\\ and\\nline ' || n FROM generate_series(1, 2000) AS n;
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type)
		VALUES ('secret', 'rival', 'globex', 'gus', 'Secret', 'image');
	SELECT asset_reuse_track('a1', $quoted, 'fall', reuse_key => 'in the document');
	SELECT asset_reuse_create_history_table();
	SELECT asset_reuse_track_many(ARRAY(SELECT 'a' || n FROM generate_series(2, 2000) AS n), $quoted, 'fall');
	SELECT asset_reuse_track('secret', 'globex', 'rival');
	CREATE TABLE place (node text)));
$node{new}->safe_psql('postgres', "SELECT asset_reuse_create_history_table('month')");

# command returns how to run the script with options.
sub command
{
	my (@options) = @_;
	return [ 'bash', $move, '--from', $node{old}->connstr('postgres'), '--to', $node{new}->connstr('postgres'), '--tenant', $tenant, @options ];
}

# moved runs the script and returns whether it succeeded and what it said.
sub moved
{
	my ($command) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run($command, '<', \undef, '>', \$out, '2>', \$err);
	return ($ok, $out . $err);
}

# start_client forks a client that tracks, each call with a key, and writes down the acknowledged ones.  When the
# tenant is not where it was, it looks up where it is, and repeats the call.
sub start_client
{
	my ($number, $file, $stop) = @_;
	my $pid = fork;
	return $pid if $pid;

	my $place = 'old';
	for (my $n = 1; !-e $stop; $n++)
	{
		my $asset = 'a' . (1 + $n % 3);
		while (!-e $stop)
		{
			my ($status, $out, $err) = $node{$place}->psql('postgres',
				"\\set VERBOSITY verbose\nSELECT asset_reuse_track('$asset', $quoted, 'fall', reuse_key => 'key-$number-$n') #>> '{event,context,reuse_key}'",
				on_error_stop => 1);
			if ($status == 0)
			{
				append_to_file($file, "$asset $out\n");
				usleep(50_000);
				last;
			}
			append_to_file("$file.errors", $err) unless $err =~ /55006/;
			usleep(50_000);
			$place = $node{old}->safe_psql('postgres', 'SELECT coalesce(max(node), $$old$$) FROM place');
		}
	}
	require POSIX;
	POSIX::_exit(0);
}

my $folder = PostgreSQL::Test::Utils::tempdir();
my $stop = "$folder/stop";
my @clients = map { start_client($_, "$folder/$_", $stop) } 1, 2;

# Interrupted after each of its steps: the first copy, the refusal of writers, the last copy.
my $closed = "SELECT count(*) > 0 FROM pg_trigger WHERE tgname LIKE 'move\\_tenant\\_%'";
foreach my $step (qr/rows copied/, qr/refused/, qr/are the same/)
{
	my $said = '';
	my $run = IPC::Run::start(command(), '<', \undef, '>', \$said, '2>', \$said, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$run->pump until $said =~ $step;
	$run->signal('TERM');
	eval { $run->finish };
	unlike($said, qr/is at the target/, "interrupted after $step");
	is($node{new}->safe_psql('postgres', $closed), 't', 'the target is closed');
}
is($node{old}->safe_psql('postgres', $closed), 't', 'and so is the source');

my ($ok, $said) = moved(command());
ok($ok, 'the move comes to its end') or diag($said);
like($said, qr/is at the target/, 'and says so');
$node{old}->safe_psql('postgres', "INSERT INTO place VALUES ('new')");
usleep(1_000_000);
append_to_file($stop, '');
waitpid($_, 0) foreach @clients;

my @acknowledged = map { split /\n/, slurp_file("$folder/$_") } 1, 2;
is(join('', map { -e "$folder/$_.errors" ? slurp_file("$folder/$_.errors") : '' } 1, 2), '', 'the clients had no other errors');
cmp_ok(scalar @acknowledged, '>', 20, 'the clients had calls acknowledged');
my %stored;
$stored{$_}++ foreach split /\n/, $node{new}->safe_psql('postgres',
	"SELECT asset_id || ' ' || (context ->> 'reuse_key') FROM asset_reuse_events($quoted) WHERE context ->> 'reuse_key' LIKE 'key-%'");
is_deeply(\%stored, { map { $_ => 1 } @acknowledged }, 'every acknowledged call is stored once at the target, and no other');
is($node{new}->safe_psql('postgres', "SELECT * FROM asset_reuse_verify($quoted)"), '', 'and counted once');
is($node{new}->safe_psql('postgres', "SELECT count(*), sum(reused_count) - 2000 FROM campaign_assets"), '2000|' . @acknowledged, 'with the events of before');
is($node{new}->safe_psql('postgres', "SELECT description, platform_metadata -> 'zoom' FROM campaign_assets WHERE id = 'a7'"),
	$node{old}->safe_psql('postgres', "SELECT description, platform_metadata -> 'zoom' FROM campaign_assets WHERE id = 'a7'"), 'odd values are the same');
cmp_ok($node{new}->safe_psql('postgres', q(SELECT count(*) FROM campaign_assets WHERE reused_count > 1)), '>', 0, 'the clients went on there');

# At the source, every writer is refused, and only those of this tenant.
foreach my $sql ("SELECT asset_reuse_track('a1', $quoted, 'fall')", "SELECT asset_reuse_undo('a2', $quoted, reuse_key => 'key-1-1')",
	"INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('late', $quoted, 'ann', 'Late', 'meta')",
	"DELETE FROM campaign_assets WHERE id = 'a5'", "UPDATE campaign_asset_reuse_history SET context = NULL WHERE asset_id = 'a2'",
	"UPDATE campaign_assets SET tenant_id = $quoted WHERE id = 'secret'")
{
	my ($status, $out, $err) = $node{old}->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	like($err, qr/ERROR:  (55006|P0002)/, "refused: $sql");
}
is($node{old}->safe_psql('postgres', "SELECT asset_reuse_track('secret', 'globex', 'rival') #> '{asset,reused_count}'"), '2', 'another tenant goes on');

# Once more, or taken back: nothing happens to what the target has now.
my $total = "SELECT sum(reused_count) FROM campaign_assets WHERE tenant_id = $quoted";
$node{new}->safe_psql('postgres', "SELECT asset_reuse_track('a1', $quoted, 'fall')");
my $now = $node{new}->safe_psql('postgres', $total);
($ok, $said) = moved(command());
ok($ok, 'once more');
is($node{new}->safe_psql('postgres', $total), $now, 'nothing is overwritten');
($ok, $said) = moved(command('--cancel'));
like($said, qr/nothing to take back/, 'too late to take it back');
($ok, $said) = moved(command('--delete'));
ok($ok, 'the rows at the source are deleted') or diag($said);
is($node{old}->safe_psql('postgres', q(SELECT (SELECT string_agg(id, ' ') FROM campaign_assets), (SELECT string_agg(id, ' ') FROM campaign_spaces),
		(SELECT string_agg(DISTINCT asset_id, ' ') FROM campaign_asset_reuse_history))), 'secret|rival|secret', 'and no others');

# And back again.
my $back = command('--delete');
@$back[ 3, 5 ] = @$back[ 5, 3 ];
($ok, $said) = moved($back);
ok($ok, 'the tenant moves back') or diag($said);
is($node{old}->safe_psql('postgres', $total), $now, 'with all of its reuses');
is($node{new}->safe_psql('postgres', 'SELECT count(*) FROM campaign_assets'), '0', 'and leaves nothing');
is($node{old}->safe_psql('postgres', "SELECT asset_reuse_track('a1', $quoted, 'fall', reuse_key => 'in the document') -> 'replayed'"), 'true', 'its keys are known');

# What goes wrong is said: a trigger of the target's own that changes rows, rows that are there already, no history table.
$node{new}->safe_psql('postgres', q(
	CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.title := $$spoiled$$; RETURN NEW; END';
	CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON campaign_assets FOR EACH ROW EXECUTE FUNCTION spoil()));
($ok, $said) = moved(command());
like($said, qr/the rows of public.campaign_assets differ/, 'rows that differ');
my ($status, $out, $err) = $node{new}->psql('postgres', "SELECT asset_reuse_track('a1', $quoted, 'fall')");
like($err, qr/is being moved/, 'neither side takes writers');
($ok, $said) = moved(command('--cancel'));
ok($ok, 'taken back') or diag($said);
is($node{old}->safe_psql('postgres', "SELECT asset_reuse_track('a1', $quoted, 'fall') -> 'success'"), 'true', 'the source is open');
is($node{new}->safe_psql('postgres', 'SELECT count(*) FROM campaign_assets'), '0', 'the target is empty');
my $function = $node{new}->safe_psql('postgres', q(SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'move\\_tenant\\_%'));
$node{new}->safe_psql('postgres', "SET client_min_messages = warning; DROP FUNCTION $function CASCADE; DROP TRIGGER spoil ON campaign_assets; INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('own', $quoted, 'ann', 'Own', 'meta')");
($ok, $said) = moved(command());
like($said, qr/no move has put there/, 'rows of the target\'s own');
$node{new}->safe_psql('postgres', 'DELETE FROM campaign_spaces; SELECT asset_reuse_drop_history_table()');
($ok, $said) = moved(command());
like($said, qr/call asset_reuse_create_history_table\(\) there first/, 'no history table at the target');

# Typed identifiers, other names, events in documents.
foreach my $node (values %node)
{
	$node->safe_psql('postgres', q(
		CREATE SCHEMA market;
		CREATE TABLE market."Spaces" (tenant_id uuid NOT NULL, id uuid PRIMARY KEY, campaign_name text NOT NULL);
		CREATE TABLE market."My.Assets" (tenant_id uuid NOT NULL, id uuid PRIMARY KEY, asset_name text NOT NULL, asset_type text NOT NULL,
			reused_count int, last_reused_at timestamptz, platform_metadata jsonb, deleted_at timestamptz,
			length int GENERATED ALWAYS AS (length(asset_name)) STORED)));
}
my $settings = q(SET asset_reuse.assets_table = 'market."My.Assets"'; SET asset_reuse.spaces_table = 'market."Spaces"';);
my $uuid = 'aaaaaaaa-0000-4000-8000-000000000001';
$node{old}->safe_psql('postgres', qq(
	$settings
	INSERT INTO market."Spaces" VALUES ('$uuid', '$uuid', 'Fall');
	INSERT INTO market."My.Assets" VALUES ('$uuid', '$uuid', 'Hero', 'image');
	SELECT asset_reuse_track('$uuid'::uuid, '$uuid', '$uuid')));
my $typed = command('--assets', 'market."My.Assets"', '--campaigns', 'market."Spaces"', '--delete');
$typed->[7] = uc $uuid;
($ok, $said) = moved($typed);
ok($ok, 'uuid identifiers') or diag($said);
is($node{new}->safe_psql('postgres', "$settings SELECT total, verified FROM (SELECT asset_reuse_history('$uuid'::uuid, '$uuid') -> 'total' AS total) AS h,
	(SELECT count(*) AS verified FROM asset_reuse_verify('$uuid'::uuid)) AS v"), '1|0', 'its event is there');
is($node{old}->safe_psql('postgres', 'SELECT count(*) FROM market."My.Assets"'), '0', 'and not here');

# Databases of different encodings: a text is the same text there, or an error.
my %encoding = (old => 'UTF8', new => 'LATIN1');
foreach my $place (sort keys %node)
{
	$node{$place}->safe_psql('postgres', "CREATE DATABASE words ENCODING '$encoding{$place}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node{$place}->safe_psql('words', q(
		CREATE EXTENSION asset_reuse;
		CREATE TABLE campaign_spaces (id text PRIMARY KEY, tenant_id text NOT NULL, campaign_name text NOT NULL, deleted_at timestamp);
		CREATE TABLE campaign_assets (id text PRIMARY KEY, tenant_id text NOT NULL, asset_name text NOT NULL, asset_type text NOT NULL,
			reused_count int, last_reused_at timestamp, platform_metadata jsonb, deleted_at timestamp)));
}
$node{old}->safe_psql('words', q(INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type)
	VALUES (U&'caf\00E9', 'acme', U&'Caf\00E9', 'image'), ('euro', 'globex', U&'\20AC', 'image')));
foreach my $name ('acme', 'globex')
{
	my $words = command();
	$words->[$_] =~ s/dbname=postgres/dbname=words/ || $words->[$_] =~ s/dbname='postgres'/dbname='words'/ foreach 3, 5;
	$words->[7] = $name;
	($ok, $said) = moved($words);
	is($ok, $name eq 'acme', "$name: whether the target can have the texts") or diag($said);
}
like($said, qr/has no equivalent in encoding "LATIN1"/, 'what it has not is an error');
is($node{new}->safe_psql('words', q(SELECT string_agg(id || asset_name, '') = U&'caf\00E9Caf\00E9' FROM campaign_assets)), 't', 'the texts are the same');

# What others have that goes with the tenant's rows is not deleted: another tenant's asset in a campaign, and other tables.
$node{old}->safe_psql('words', q(
	INSERT INTO campaign_spaces VALUES ('fall', 'initech', 'Fall');
	ALTER TABLE campaign_assets ADD campaign_space_id text REFERENCES campaign_spaces ON DELETE CASCADE;
	INSERT INTO campaign_assets (id, tenant_id, asset_name, asset_type, campaign_space_id) VALUES ('mine', 'initech', 'A', 'image', 'fall'), ('theirs', 'hooli', 'A', 'image', 'fall');
	CREATE TABLE notes (asset_id text REFERENCES campaign_assets ON DELETE SET NULL);
	INSERT INTO notes VALUES ('mine')));
$node{new}->safe_psql('words', 'ALTER TABLE campaign_assets ADD campaign_space_id text');
my $leaving = command('--delete');
$leaving->[$_] =~ s/dbname=postgres/dbname=words/ || $leaving->[$_] =~ s/dbname='postgres'/dbname='words'/ foreach 3, 5;
$leaving->[7] = 'initech';
foreach my $in_the_way (['campaign_assets', q(UPDATE campaign_assets SET campaign_space_id = NULL WHERE id = 'theirs')], ['notes', 'DELETE FROM notes'])
{
	my ($child, $mend) = @$in_the_way;
	($ok, $said) = moved($leaving);
	like($said, qr/rows of (public\.)?$child reference the tenant's/, "rows of $child are in the way");
	is($node{old}->safe_psql('words', q(SELECT count(*) FROM campaign_assets WHERE id IN ('mine', 'theirs'))), '2', 'nothing is deleted');
	$node{old}->safe_psql('words', $mend);
}
($ok, $said) = moved($leaving);
ok($ok, 'then it is') or diag($said);
is($node{old}->safe_psql('words', q(SELECT string_agg(id, NULL) FROM campaign_assets WHERE id IN ('mine', 'theirs'))), 'theirs', 'and nobody else\'s');

# A tenant's identifier is not cut off, and what the connection string says does not bring in anybody's operator.
$node{new}->safe_psql('postgres', 'SELECT asset_reuse_create_history_table()');
my $other = command();
$other->[7] = 'x' x 37;
($ok, $said) = moved($other);
like($said, qr/value too long for type character varying\(36\)/, 'too long an identifier is nobody\'s');
$node{old}->safe_psql('postgres', q(
	CREATE SCHEMA shared;
	CREATE FUNCTION shared.equal(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'a hostile operator ran'; END$$;
	CREATE OPERATOR shared.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = shared.equal)));
$other->[3] .= " options='-csearch_path=public,shared -crow_security=on'";
$other->[7] = 'nobody';
($ok, $said) = moved($other);
like($said, qr/there are no rows of tenant "nobody" at the source/, 'the connection\'s options change nothing');

$_->stop foreach values %node;
done_testing();
