# A database that has all that can get lost on its way to another server: the extension and the tables
# in schemas of their own, settings of the database, odd and long logs, a history table of each
# kind, with rights and beside logs that are not moved yet; and the check that nothing did.

package ShopDatabase;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Test::More;

our @EXPORT = qw(make_shop shop_answers check_shop check_shop_goes_on);

my $track = "SELECT tools.asset_reuse_track('asset-0001', 'acme', 'fall-campaign-2026',"
  . q[ reuse_context => '{"text": "é \"\\\\ \u0007", "big": 12345678901234567890.0100, "deep": [[{"a": [null, true]}]]}')];

# Tables of assets with a history table: by month, with a policy and grants; plain, half-migrated.
my $by_month = q(SET asset_reuse.assets_table = 'market.kept_assets'; SET asset_reuse.history_table = 'market."Reuse Log"';);
my $plain = q(SET asset_reuse.assets_table = 'market.plain_assets'; SET asset_reuse.history_table = 'market.plain_log';);

# make_shop makes the database shop.
sub make_shop
{
	my ($node) = @_;

	# The database says where the tables are.
	$node->safe_psql('postgres', q(
		CREATE DATABASE shop;
		ALTER DATABASE shop SET asset_reuse.assets_table = 'market."Campaign Assets"';
		ALTER DATABASE shop SET asset_reuse.spaces_table = 'market.campaign_spaces';));
	$node->safe_psql('shop', qq(
		CREATE SCHEMA market;
		CREATE SCHEMA tools;
		CREATE EXTENSION asset_reuse SCHEMA tools;
		SET search_path = market;
		\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
		\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
		ALTER TABLE campaign_assets RENAME TO "Campaign Assets";
		CREATE VIEW dashboard AS SELECT tools.asset_reuse_analytics('acme') AS answer;));

	# Logs as track writes them: short, long enough to be compressed, and beside others' odd values.
	$node->safe_psql('shop', qq(
		UPDATE market."Campaign Assets" SET platform_metadata = platform_metadata || '{"zoom": 1.50, "": [], "n": 1e100}' WHERE id = 'asset-0001';
		$track;
		DO \$\$ BEGIN FOR i IN 1..300 LOOP PERFORM tools.asset_reuse_track('asset-0002', 'acme', reused_in_type => 'email', reused_in_id => 'letter-' || i); END LOOP; END \$\$;));

	$node->safe_psql('shop', qq(
		CREATE ROLE clerk;
		CREATE TABLE market.kept_assets (LIKE market."Campaign Assets" INCLUDING ALL);
		INSERT INTO market.kept_assets SELECT * FROM market."Campaign Assets" WHERE id IN ('asset-0001', 'asset-0002');
		ALTER TABLE market.kept_assets ENABLE ROW LEVEL SECURITY;
		CREATE POLICY of_clerk ON market.kept_assets FOR UPDATE TO clerk USING (user_id = current_user) WITH CHECK (tenant_id <> 'frozen');
		GRANT SELECT, UPDATE ON market.kept_assets TO clerk;
		$by_month
		SELECT tools.asset_reuse_create_history_table('month');
		INSERT INTO market."Reuse Log" (tenant_id, asset_id, reused_at, reused_in_type, reused_in_id, context, original) VALUES
			('acme', 'asset-0001', '2001-02-03 10:00:00.123456', 'campaign_space', 'fall-campaign-2026', '{"zoom": 1.50}', NULL),
			('acme', 'asset-0002', '2001-02-03 10:00', NULL, NULL, NULL, NULL),
			('acme', 'asset-0002', '-infinity', NULL, NULL, NULL, '[1.50]')));

	# A track moves the log of its asset.
	$node->safe_psql('shop', qq(
		CREATE TABLE market.plain_assets (LIKE market."Campaign Assets" INCLUDING ALL);
		INSERT INTO market.plain_assets SELECT * FROM market."Campaign Assets" WHERE reused_count > 0;
		$plain
		SELECT tools.asset_reuse_create_history_table();
		$track;));
}

# What is to be kept, all documents to the byte.  (What an owner may do grows with PostgreSQL's versions.)
my %reads = (
	'history' => "SELECT tools.asset_reuse_history('asset-0001', 'acme', 100)",
	'a long history' => "SELECT tools.asset_reuse_history('asset-0002', 'acme', 100, 150)",
	'analytics' => "SELECT tools.asset_reuse_analytics('acme')",
	'analytics of a range' => "SELECT tools.asset_reuse_analytics('acme', NULL, '2025-12-01 00:00+00')",
	'a view on analytics' => "SELECT answer FROM market.dashboard",
	'the schema check' => "SELECT * FROM tools.asset_reuse_check_schema()",
	'rows' => 'SELECT a FROM market."Campaign Assets" AS a ORDER BY id',
	'the history table by month' => 'SELECT h.tableoid::regclass, h FROM market."Reuse Log" AS h ORDER BY asset_id, reused_at, seq',
	'its assets' => 'SELECT a FROM market.kept_assets AS a ORDER BY id',
	'its rights' => q(
		SELECT grantee::regrole, privilege_type, polname
		FROM pg_class AS c JOIN pg_policy ON polrelid = c.oid, aclexplode(relacl)
		WHERE relname = 'Reuse Log' AND grantee <> relowner ORDER BY 2, 3),
	'history from it' => "$by_month SELECT tools.asset_reuse_history('asset-0001', 'acme', 100)",
	'the plain history table' => 'SELECT h FROM market.plain_log AS h ORDER BY asset_id, reused_at, seq',
	'assets whose logs are moved in part' => 'SELECT a FROM market.plain_assets AS a ORDER BY id',
	'history of a moved log' => "$plain SELECT tools.asset_reuse_history('asset-0001', 'acme', 100)",
	'analytics of a range, moved in part' => "$plain SELECT tools.asset_reuse_analytics('acme', NULL, '2025-12-01 00:00+00')",
	'the settings' => q(SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = 'shop') ORDER BY 1),
	'what belongs to the extension' =>
	  "SELECT pg_describe_object(classid, objid, 0) FROM pg_depend WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'asset_reuse') ORDER BY 1");

# shop_answers returns what is to be kept, by name.
sub shop_answers
{
	my ($node) = @_;
	return { map { $_ => $node->safe_psql('shop', $reads{$_}) } keys %reads };
}

# check_shop checks that the database has all that it had.
sub check_shop
{
	my ($node, $before, $way) = @_;
	my $after = shop_answers($node);

	foreach my $read (sort keys %reads)
	{
		isnt($before->{$read}, '', "there is an answer: $read");
		is($after->{$read}, $before->{$read}, "as before the $way: $read");
	}
}

# check_shop_goes_on checks that track counts on, and that the history tables are known as what
# they are: their events go back into the documents.
sub check_shop_goes_on
{
	my ($node, $way) = @_;

	# 15 golden events, one of before, one more.
	is( $node->safe_psql('shop', qq(
			$track \\g /dev/null
			SELECT reused_count, jsonb_array_length(log), (log #>> '{16,timestamp}')::timestamp > (log #>> '{15,timestamp}')::timestamp,
				last_reused_at = (log #>> '{16,timestamp}')::timestamp
			FROM market."Campaign Assets", LATERAL (SELECT platform_metadata -> 'reuse_history' AS log) AS l WHERE id = 'asset-0001')),
		'17|17|t|t', "track goes on after the $way");

	is($node->safe_psql('shop', "$by_month SELECT tools.asset_reuse_create_history_table()"), 'market."Reuse Log"', 'the history table by month is known');
	is( $node->safe_psql('shop', qq(
			$by_month
			SELECT tools.asset_reuse_drop_history_table();
			SELECT event FROM market.kept_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, n)
			WHERE jsonb_typeof(event) = 'array' OR event ->> 'timestamp' < '2002' ORDER BY id, n)),
		qq(3\n{"context": {"zoom": 1.50, "reused_in_id": "fall-campaign-2026", "reused_in_name": null, "reused_in_type": "campaign_space"}, )
		. qq("timestamp": "2001-02-03T10:00:00.123456"}\n[1.50]\n)
		. qq({"context": {"reused_in_id": null, "reused_in_name": null, "reused_in_type": null}, "timestamp": "2001-02-03T10:00:00.000000"}),
		'its events are put back');

	# In the document again is what the other table's has, each before its last calls.
	is($node->safe_psql('shop', "$plain SELECT tools.asset_reuse_create_history_table()"), 'market.plain_log', 'the plain history table is known');
	is( $node->safe_psql('shop', qq(
			$plain
			SELECT tools.asset_reuse_track('asset-0001', 'acme', reused_in_id => 'x') #> '{asset,reused_count}';
			SELECT tools.asset_reuse_drop_history_table();
			SELECT jsonb_array_length(p.platform_metadata -> 'reuse_history'),
				(p.platform_metadata #- '{reuse_history,17}' #- '{reuse_history,16}')::text = (a.platform_metadata #- '{reuse_history,16}')::text
			FROM market.plain_assets AS p JOIN market."Campaign Assets" AS a USING (id) WHERE id = 'asset-0001')),
		"18\n18\n18|t", 'its events are put back');
}

1;
