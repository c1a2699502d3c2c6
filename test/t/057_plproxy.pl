# examples/plproxy.sql: each call goes to the server that has its tenant, and answers what it answers
# there; every public function that takes a tenant has its proxy; and a call through PL/Proxy is not part
# of the caller's transaction.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $front = PostgreSQL::Test::Cluster->new('front');
$front->init;
$front->start;
if ($front->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'plproxy'") eq '0')
{
	$front->stop;
	plan skip_all => 'PL/Proxy is not installed';
}

my @servers = map { PostgreSQL::Test::Cluster->new("server$_") } 0, 1;
foreach my $server (@servers)
{
	$server->init;
	$server->start;
	$server->safe_psql('postgres', qq(
		CREATE SCHEMA tools;
		CREATE EXTENSION asset_reuse SCHEMA tools;
		CREATE ROLE api LOGIN;
		GRANT USAGE ON SCHEMA tools TO api;
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
		GRANT SELECT, UPDATE ON campaign_assets, campaign_spaces TO api));
}
my @example = ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $front->connstr('postgres'),
	'-v', 'p0=' . $servers[0]->connstr('postgres'), '-v', 'p1=' . $servers[1]->connstr('postgres'), '-f', "$FindBin::RealBin/../../examples/plproxy.sql");
$front->safe_psql('postgres', 'CREATE SCHEMA tools; CREATE EXTENSION asset_reuse SCHEMA tools');
$front->command_ok(\@example, 'the example runs');
$front->safe_psql('postgres', q(
	CREATE ROLE api LOGIN;
	GRANT USAGE ON SCHEMA asset_reuse_proxy TO api;
	GRANT USAGE ON FOREIGN SERVER asset_reuse TO api;));

# Each tenant's rows are only on its own server.  One is said to be on another than its hash says.
my $typed = 'aaaaaaaa-0000-4000-8000-000000000001';
$front->safe_psql('postgres', "INSERT INTO asset_reuse_proxy.moved SELECT 'globex', 1 - abs(hashtext('acme') % 2)");
$front->safe_psql('postgres', q(CREATE FUNCTION asset_reuse_proxy.asset_reuse_old(tenant_id text) RETURNS int LANGUAGE plproxy AS $$ CLUSTER 'asset_reuse'; $$));
$front->command_ok(\@example, 'it runs again, after an update: see the proxies and the moved tenant below');
my %home = map { split /\|/ } split /\n/, $front->safe_psql('postgres',
	"SELECT t, abs(asset_reuse_proxy.server_of(t) % 2) FROM unnest('{acme,globex,$typed}'::text[]) AS t");
foreach my $number (0, 1)
{
	my $others = join ', ', map { "'$_'" } 'none', grep { $home{$_} != $number } keys %home;
	$servers[$number]->safe_psql('postgres', qq(
		\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
		DELETE FROM tenants WHERE id IN ($others)));
}
isnt($home{acme}, $home{globex}, 'the tenants are on both servers');

# ask returns the answer through PL/Proxy, or its SQLSTATE and message.
sub ask
{
	my ($sql, $role) = @_;
	my ($status, $out, $err) = $front->psql('postgres', "\\set VERBOSITY verbose\n$sql",
		extra_params => [ '-U', $role // 'api' ], on_error_stop => 1);
	return $status == 0 ? $out : $err =~ s/^.*?ERROR:  //r =~ s/\n.*//sr;
}

# Every public function that takes a tenant: those of the README but those without one and procedures.
my %public = map { $_ => 1 } slurp_file("$FindBin::RealBin/../../README.md") =~ /^\| \[`(asset_reuse_\w+)`\]/mg;
$public{asset_reuse_recommendations} = 1;
delete @public{ map { "asset_reuse_$_" } qw(check_schema create_history_table notify repair redact) };
is($front->safe_psql('postgres', q(
		SELECT string_agg(name || ' ' || n, E'\n' ORDER BY name COLLATE "C") FROM (
			SELECT proname AS name, count(*) AS n FROM pg_proc
			WHERE pronamespace = 'asset_reuse_proxy'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plproxy')
			GROUP BY proname) AS f)),
	join("\n", map { "$_ 2" } sort keys %public), 'a proxy for each function, with text and with uuid identifiers');

# Writers, by a role whose rights are those that it has on the servers.
my $track = "SELECT asset_reuse_proxy.asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k') ->> 'message'";
is(ask($track), 'Asset reuse tracked successfully (total reuses: 1)', 'track');
is(ask($track), 'Asset reuse was already tracked (total reuses: 1)', 'once more, with its key');
is(ask("SELECT asset_reuse_proxy.asset_reuse_track('secret', 'globex', 'rival') ->> 'message'"),
	'Asset reuse tracked successfully (total reuses: 1)', 'another tenant');
is(ask("SELECT asset_reuse_proxy.asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::uuid, '$typed') ->> 'message'"),
	'22023: asset_reuse_proxy.asset_reuse_track(8): [postgres] REMOTE ERROR: campaign_space_id or reused_in_id must be given',
	'an error has its SQLSTATE, and its message at the end');
is(ask("SELECT asset_reuse_proxy.asset_reuse_track('bbbbbbbb-0000-4000-8000-000000000001'::uuid, upper('$typed')::uuid, 'cccccccc-0000-4000-8000-000000000001'::uuid) ->> 'message'"),
	'Asset reuse tracked successfully (total reuses: 1)', 'uuid identifiers');
like(ask("SELECT asset_reuse_proxy.asset_reuse_track('hero', NULL)"), qr/^22004: /, 'a null for a tenant');
like(ask("SELECT asset_reuse_proxy.asset_reuse_track('hero', 'nobody', 'fall')"), qr/^P0002: .*campaign asset not found$/, 'no such tenant');
is(ask("SELECT asset_reuse_proxy.asset_reuse_track_many('{hero,clip}', 'acme', 'winter') ->> 'tracked'"), '2', 'many at once');
is(ask("SELECT asset_reuse_proxy.asset_reuse_sync('fall', 'acme', '{hero,clip}') ->> 'added'"), '["clip"]', 'sync');
$servers[ $home{acme} ]->safe_psql('postgres', 'REVOKE UPDATE ON campaign_assets FROM api');
like(ask($track =~ s/'k'/'l'/r), qr/^42501: /, 'a role without the right on the server');
$servers[ $home{acme} ]->safe_psql('postgres', 'GRANT UPDATE ON campaign_assets TO api');

# Readers answer what they answer on the server, in the session's time zone.
my @reads = (
	"asset_reuse_history('hero', 'acme')", "asset_reuse_analytics('acme', start_date => '2026-01-01 Europe/Berlin')",
	"asset_reuse_insights('acme')", "asset_reuse_events('acme')", "asset_reuse_timeline('acme', 'month', start_date => '2026-01-01')",
	"asset_reuse_trend('acme', 'year')", "asset_reuse_where_used('acme', 'fall')", "asset_reuse_places('hero', 'acme')",
	"asset_reuse_top('acme')", "asset_reuse_unused('acme')", "asset_reuse_recommendations('acme', 'fall')",
	"asset_reuse_recommend_evaluate('acme', '2026-01-01')", "asset_reuse_performance('acme')", "asset_reuse_wear_out('acme')",
	"asset_reuse_verify('acme')", "asset_reuse_events('$typed'::uuid)");
my $sql = join '', map { "SELECT * FROM SCHEMA.$_ AS t;\n" } @reads;
my $there = join '', map { my $server = $servers[ /$typed/ ? $home{$typed} : $home{acme} ]; my $read = $_;
	$server->safe_psql('postgres', "SET timezone = 'Asia/Tokyo'; SELECT * FROM tools.$read AS t") . "\n" } @reads;
is(ask("SET timezone = 'Asia/Tokyo'; " . $sql =~ s/SCHEMA/asset_reuse_proxy/gr) . "\n", $there =~ s/^\n//mgr, 'the readers');

# A call is its own transaction.
my $count = "SELECT reused_count FROM campaign_assets WHERE id = 'line'";
my $line = "SELECT asset_reuse_proxy.asset_reuse_track('line', 'acme', 'winter', reuse_key => 'order-1') ->> 'replayed'";
is(ask("BEGIN; $line; ROLLBACK; $line"), "false\ntrue", 'a rollback does not take it back; a retry with its key adds nothing');
is($servers[ $home{acme} ]->safe_psql('postgres', $count), '1', 'it is counted once');

# A tenant that has moved: see move_tenant.  Who may call finds no list of such tenants.
like(ask('SELECT * FROM asset_reuse_proxy.moved'), qr/^42501: /, 'who has moved is nobody else\'s to read');
$front->safe_psql('postgres', "INSERT INTO asset_reuse_proxy.moved VALUES ('acme', 1 - $home{acme})");
like(ask($track), qr/^P0002: /, 'the tenant is looked for where it has moved');

$_->stop foreach $front, @servers;
done_testing();
