# Insights of random tenants, by a fixed seed, are what test/reference/insights.py computes from the
# same rows: asset by asset instead of by sums, and with scipy's t quantile.  Skipped without
# scipy, which Debian has as python3-scipy.

use strict;
use warnings;
use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Debian's, which has Debian's packages
my ($python) = grep { -x $_ && IPC::Run::run([ $_, '-c', 'import scipy' ], '2>', \my $error) } qw(/usr/bin/python3);
plan skip_all => 'there is no scipy: install python3-scipy' if !$python;

my $tenants = 40;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(extra => [ '--encoding', 'UTF8', '--no-locale' ]);
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	CREATE EXTENSION asset_reuse;
	SELECT setseed(0.26);
	INSERT INTO tenants SELECT 't' || t, 'Tenant ' || t FROM generate_series(1, $tenants) AS t;
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		SELECT 't' || t || '-' || p, 't' || t, 'u', p::text, p
		FROM generate_series(1, $tenants) AS t, unnest('{meta,tiktok,google_ads,other}'::adplatform[]) AS p;
	-- From tens of assets to hundreds, of one to four types and platforms, with traffic of a heavy tail, some of it strange.
	INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, created_at, reused_count, impressions, clicks, conversions)
		SELECT concat('t', t, '-', i), 't' || t, concat('t', t, '-', ('{meta,tiktok,google_ads,other}'::text[])[1 + i % (1 + t % 4)]), 'u', 'A',
			('{image,video,ad_copy,headline}'::campaignassettype[])[1 + i / 3 % (1 + t % 3)], make_date(2023 + i % (1 + t % 2), 5, 5),
			CASE WHEN r1 < 0.3 THEN 1 END,
			CASE WHEN r2 < 0.01 THEN NULL WHEN r2 < 0.02 THEN 0 WHEN r2 < 0.03 THEN -5 ELSE n END,
			CASE WHEN r3 < 0.01 THEN NULL WHEN r3 < 0.02 THEN n * 2 WHEN r3 < 0.1 AND t % 5 = 0 THEN 0 ELSE floor(n * rate) END,
			CASE WHEN r3 > 0.99 THEN NULL ELSE floor(n * rate * r4 * 0.1) END
		FROM (SELECT t, i, random() AS r1, random() AS r2, random() AS r3, random() AS r4,
				floor(50 * exp(7 * random() ^ 2 + (t % 6)))::int AS n, (0.005 + 0.03 * random()) * CASE i / 3 % 3 WHEN 1 THEN 3 ELSE 1 END AS rate
			FROM generate_series(1, $tenants) AS t, generate_series(1, 20 + t * t / 2) AS i OFFSET 0) AS a;));

my $file = "$PostgreSQL::Test::Utils::tmp_check/insights.json";
append_to_file($file, $node->safe_psql('postgres', qq(
	DO 'BEGIN PERFORM setseed(0.26); END';
	SELECT jsonb_build_object('answer', asset_reuse_insights(t.id, confidence => 0.5 + 0.499 * random()), 'assets', (
		SELECT jsonb_agg(jsonb_build_object('asset_type', asset_type, 'platform', platform, 'year', extract(year FROM a.created_at),
			'reused', coalesce(reused_count, 0) > 0, 'impressions', impressions, 'clicks', clicks, 'conversions', conversions))
		FROM campaign_assets AS a JOIN campaign_spaces AS s ON s.id = campaign_space_id WHERE a.tenant_id = t.id))
	FROM tenants AS t ORDER BY t.id)) . "\n");
my ($told, $error) = ('', '');
ok(IPC::Run::run([ $python, "$FindBin::RealBin/../reference/insights.py", $file ], '>', \$told, '2>', \$error), 'the reference runs') or diag($error);
my ($compared) = $told =~ /^(\d+) compared$/m;
cmp_ok($compared // 0, '>', 3000, 'thousands of numbers were compared');
$told =~ s/^\d+ compared\n//m;
is($told, '', 'none of them differs');

$node->stop;
done_testing();
