# Foreign tables in place of the application's, over a connection from the server to itself:
# the functions work on them as on tables, and what is not possible is a clear error.  A history
# table on the far side needs views of the foreign tables on the near one.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'") == 0)
{
	plan skip_all => 'there is no postgres_fdw';
}

$node->safe_psql('postgres', qq(
	CREATE EXTENSION asset_reuse;
	CREATE EXTENSION postgres_fdw;
	CREATE SCHEMA far;
	SET search_path = far, public;
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '${\$node->host}', port '${\$node->port}', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER loopback;
	CREATE SCHEMA near;
	IMPORT FOREIGN SCHEMA far LIMIT TO (campaign_assets, campaign_spaces) FROM SERVER loopback INTO near;
	ALTER DATABASE postgres SET search_path = near, far, public;));

is($node->safe_psql('postgres', q(
		SELECT asset_reuse_track('hero', 'acme', 'summer') ->> 'message';
		SELECT asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'letter') ->> 'message';)),
	"Asset reuse tracked successfully (total reuses: 1)\nAsset reuse tracked successfully (total reuses: 2)", 'two reuses are tracked');
is($node->safe_psql('postgres', q(
		SELECT reused_count, jsonb_array_length(platform_metadata -> 'reuse_history') FROM far.campaign_assets WHERE id = 'hero')),
	'2|2', 'they are counted and stored in the far table');
is($node->safe_psql('postgres', q(
		SELECT h -> 'total', h #>> '{history,1,campaign_space,campaign_name}', asset_reuse_analytics('acme', 'image', '2020-01-01') #> '{overview,total_reuses}'
		FROM asset_reuse_history('hero', 'acme') AS h)),
	'2|Summer Sale 2026|2', 'history with its campaign, and analytics of a range');
is($node->safe_psql('postgres', q(
		SELECT (SELECT count(*) FROM asset_reuse_events('acme')), (SELECT sum(reuses) FROM asset_reuse_timeline('acme', 'month')),
			(SELECT string_agg(asset_id, ' ') FROM asset_reuse_where_used('acme', 'summer'::text)),
			(SELECT string_agg(asset_id, ' ') FROM asset_reuse_unused('acme')))),
	'2|2|hero|line clip', 'rows for analysts');

# Each refusal leaves everything as it is.
my %refused = (
	"SELECT asset_reuse_track('absent', 'acme', reused_in_id => 'x')" => 'P0002',
	"SELECT asset_reuse_track('secret', 'acme', reused_in_id => 'x')" => 'P0002',
	"SELECT asset_reuse_track('hero', 'acme', 'rival')" => 'P0002',
	'SELECT asset_reuse_create_history_table()' => '42809',
	'SELECT asset_reuse_drop_history_table()' => '42809');
foreach my $call (sort keys %refused)
{
	my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$call");
	like($stderr, qr/ERROR:  $refused{$call}$/, "$call is refused");
}
is($node->safe_psql('postgres', 'SELECT sum(reused_count) FROM far.campaign_assets WHERE tenant_id = \'acme\' AND deleted_at IS NULL'), '2',
	'nothing more is counted');

# Once the far side has a history table, the near side does not see what is in it.
$node->safe_psql('postgres', q(
	SET search_path = far, public;
	SELECT asset_reuse_create_history_table();
	SELECT asset_reuse_track('hero', 'acme', 'fall');));
my $answers = q(SELECT h -> 'total', h -> 'total_reuses' FROM asset_reuse_history('hero', 'acme') AS h);
is($node->safe_psql('postgres', "SET search_path = far, public; $answers"), '3|3', 'the far side has a history table');
is($node->safe_psql('postgres', $answers), '0|3', 'without it, the near side counts the reuses and sees no events');

# A foreign table has no keys, so it is no history table; a view of it, beside views of the others, is taken as one.
$node->safe_psql('postgres', 'IMPORT FOREIGN SCHEMA far LIMIT TO (campaign_asset_reuse_history) FROM SERVER loopback INTO near');
my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$answers");
like($stderr, qr/ERROR:  42809$/, 'a foreign table is no history table');
$node->safe_psql('postgres', q(
	CREATE SCHEMA seen;
	CREATE VIEW seen.campaign_assets AS SELECT * FROM near.campaign_assets;
	CREATE VIEW seen.campaign_spaces AS SELECT * FROM near.campaign_spaces;
	CREATE VIEW seen.campaign_asset_reuse_history AS SELECT * FROM near.campaign_asset_reuse_history;));
is($node->safe_psql('postgres', qq(
		SET search_path = seen, public;
		$answers;
		SELECT asset_reuse_track('hero', 'acme', 'winter') ->> 'message';
		SELECT asset_reuse_undo('hero', 'acme', event_id => asset_reuse_history('hero', 'acme') #>> '{history,1,event_id}') ->> 'message';
		SELECT count(*) FROM asset_reuse_verify('acme');)),
	"3|3\nAsset reuse tracked successfully (total reuses: 4)\nAsset reuse undone (total reuses: 3)\n0", 'views of foreign tables, the history among them');
my $history = "SELECT asset_reuse_history('hero', 'acme')";
is($node->safe_psql('postgres', "SET search_path = far, public; $history"), $node->safe_psql('postgres', "SET search_path = seen, public; $history"),
	'both sides answer alike');
is($node->safe_psql('postgres', 'SELECT count(*) FROM far.campaign_asset_reuse_history'), '3', 'the events are in the far table');

$node->stop;
done_testing();
