# examples/grafana.sql: each query, with variables and macros put in as Grafana does, gives what a plain
# reading of the documents says, for a tenant, a type, a campaign and in another time zone; and the same
# where identifiers are uuid.

use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/golden_tenant.sql'
	INSERT INTO tenants VALUES ('o''neil', 'A quote');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform) VALUES ('quote', 'o''neil', 'u', 'O''Neil''s', 'meta');
	INSERT INTO campaign_assets (id, tenant_id, campaign_space_id, user_id, asset_name, asset_type, reused_count, last_reused_at, platform_metadata)
	VALUES ('quote-1', 'o''neil', 'quote', 'u', 'One', 'image', 1, '2026-01-10', '{"reuse_history": [{"timestamp": "2026-01-10T03:00:00", "context": {"reused_in_type": "campaign_space", "reused_in_id": "quote", "reused_in_name": "Old"}}]}');
	UPDATE campaign_assets SET created_at = '2025-01-01';
	CREATE EXTENSION asset_reuse;
	-- a plain reading of the documents, with which the queries are compared
	CREATE VIEW events AS
		SELECT tenant_id, id, asset_type::text, (event ->> 'timestamp')::timestamp AT TIME ZONE 'UTC' AS at,
			event #>> '{context,reused_in_type}' AS type, event #>> '{context,reused_in_id}' AS place, event #>> '{context,reused_in_name}' AS name
		FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') AS event
		WHERE deleted_at IS NULL;));

# The queries by their headings, "Panel Reuses" say.
my %queries;
foreach my $part (split /\n\n/, slurp_file("$FindBin::RealBin/../../examples/grafana.sql"))
{
	my ($kind, $name) = $part =~ /\A-- (Variable|Panel) "?([^"\n]+?)"?(?:$| \()/m;
	$queries{"$kind $name"} = $part if $kind && $part =~ /;\s*\z/;
}

my ($from, $to) = ('2025-10-20T15:30:00Z', '2026-01-20T00:00:00Z');

# shown runs a query as Grafana does, with the defaults of the dashboard and the given choices.
sub shown { return shown_in('postgres', @_); }

sub shown_in
{
	my ($database, $name, %chosen) = @_;
	my %variables = (tenant => 'acme', asset_type => 'All', campaign => 'All', bucket => 'month', __timezone => 'utc', %chosen);
	my $sql = $queries{$name} // die "there is no query \"$name\"";

	$sql =~ s/\$__timeFrom\(\)/'$from'/g;
	$sql =~ s/\$__timeTo\(\)/'$to'/g;
	$sql =~ s/\$\{(\w+):sqlstring\}/quoted($variables{$1} \/\/ die "no variable $1")/ge;
	die "left in \"$name\": $1" if $sql =~ /^(?!--)(.*\$.*)$/m;
	return $node->safe_psql($database, "SET TimeZone = 'UTC'; $sql");
}

sub quoted
{
	my ($value) = @_;
	$value =~ s/'/''/g;
	return "'$value'";
}

sub plain { return $node->safe_psql('postgres', "SET TimeZone = 'UTC'; $_[0]"); }

my $in_range = "at >= '$from' AND at < '$to'";
my $from_its_month = "at >= '2025-10-01Z' AND at < '$to'";

is(join(', ', sort keys %queries), 'Panel Assets of the campaign, Panel By type, Panel Does the rate of reuse rise?, Panel Most reused, Panel Overview, '
	. 'Panel Reuses, Panel Reuses by campaign, Panel Reuses by type, Variable asset_type, Variable campaign, Variable tenant', 'the queries');

is(shown('Variable tenant'), "acme\nglobex\no'neil", 'tenants');
is(shown('Variable asset_type'), plain(q(SELECT 'All' UNION ALL (SELECT DISTINCT asset_type::text FROM campaign_assets WHERE tenant_id = 'acme' ORDER BY 1))), 'types');
is(shown('Variable campaign', tenant => "o'neil"), "All|All\nO'Neil's|quote", 'campaigns');

is(shown('Panel Overview'), plain("SELECT (SELECT count(*) FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL), count(DISTINCT id), count(*),
		round(count(*)::numeric / count(DISTINCT id), 2), round(100.0 * count(DISTINCT id) / 1525, 2)
	FROM events WHERE tenant_id = 'acme' AND $in_range"), 'overview');
is(shown('Panel Overview', asset_type => 'other'), plain("SELECT count(*), 0, 0, 0, 0 FROM campaign_assets WHERE asset_type = 'other' AND tenant_id = 'acme' AND deleted_at IS NULL"), 'a type without reuse');

my $by_month = "SELECT date_trunc('month', at, 'UTC'), count(*), count(DISTINCT id) FROM events WHERE tenant_id = 'acme' AND $from_its_month";
is(shown('Panel Reuses'), plain("$by_month GROUP BY 1 ORDER BY 1"), 'reuses, the first month whole');
is(shown('Panel Reuses', asset_type => 'video'), plain("$by_month AND asset_type = 'video' GROUP BY 1 ORDER BY 1"), 'of a type');
isnt(shown('Panel Reuses', asset_type => 'video'), shown('Panel Reuses'), 'which are others');
# Midnight in New York is at 4:00 UTC, and at 5:00 from November 2 on.
is(shown('Panel Reuses', bucket => 'day', __timezone => 'America/New_York'), plain("
	SELECT day, count(at), count(DISTINCT id)
	FROM generate_series(timestamp '2025-10-20', '2026-01-19', '1 day') AS local CROSS JOIN LATERAL (SELECT local AT TIME ZONE 'America/New_York' AS day) AS d
		LEFT JOIN events ON tenant_id = 'acme' AND at >= day AND at < (local + interval '1 day') AT TIME ZONE 'America/New_York' AND at < '$to'
	GROUP BY 1 ORDER BY 1"), "by the viewer's days");
is(shown('Panel Reuses', tenant => "o'neil", bucket => 'quarter'), "2025-10-01 00:00:00+00|0|0\n2026-01-01 00:00:00+00|1|1", 'a quote');

my $by_type = "
	SELECT month, t, count(at) FROM generate_series(timestamptz '2025-10-01Z', '2026-01-01Z', '1 month') AS month CROSS JOIN unnest('{%s}'::text[]) AS t
		LEFT JOIN events ON tenant_id = 'acme' AND asset_type = t AND at >= month AND at < month + interval '1 month' AND at < '$to'
	GROUP BY 1, 2 ORDER BY 1, 2";
is(shown('Panel Reuses by type'), plain(sprintf $by_type, 'ad_copy,image,video'), 'by type');
is(shown('Panel Reuses by type', asset_type => 'image'), plain(sprintf $by_type, 'image'), 'one type');

# The golden tenant has newsletters, and campaigns that are deleted, among its places.
my $by_place = "SELECT date_trunc('month', at, 'UTC'), name, count(*) FROM events WHERE tenant_id = 'acme' AND $from_its_month";
is(shown('Panel Reuses by campaign'), plain("$by_place GROUP BY 1, 2 ORDER BY 1, 2"), 'by campaign');
is(shown('Panel Reuses by campaign', campaign => 'new-year-2026-retargeting'), plain("$by_place AND place = 'new-year-2026-retargeting' GROUP BY 1, 2 ORDER BY 1, 2"), 'one campaign');
is(shown('Panel Reuses by campaign', tenant => "o'neil"), "2026-01-01 00:00:00+00|O'Neil's|1", 'by the name that it has now');

is(shown('Panel Assets of the campaign', tenant => "o'neil"), 'One|image|1|2026-01-10 03:00:00+00|2026-01-10 03:00:00+00', 'assets of all campaigns');
is(join("\n", sort split /\n/, shown('Panel Assets of the campaign', campaign => 'new-year-2026-retargeting')),
	plain("SELECT asset_name, a.asset_type, count(*), min(at), max(at) FROM events JOIN campaign_assets AS a USING (id)
		WHERE place = 'new-year-2026-retargeting' GROUP BY a.id ORDER BY (asset_name || '|' || a.asset_type || '|' || count(*) || '|' || min(at) || '|' || max(at)) COLLATE \"C\""),
	'and of one');

my @top = split /\n/, shown('Panel Most reused', asset_type => 'image');
is(scalar @top, 20, 'most reused');
is((split /\|/, $top[0])[2], plain("SELECT max(c) FROM (SELECT count(*) AS c FROM events WHERE tenant_id = 'acme' AND asset_type = 'image' AND $in_range GROUP BY id) AS t"), 'in the range');
is(shown('Panel By type'), plain("SELECT asset_type, count(DISTINCT id), count(*) FROM events WHERE tenant_id = 'acme' AND $in_range GROUP BY 1 ORDER BY 3 DESC, 1"), 'by type');
is(shown('Panel Does the rate of reuse rise?'), plain("
	SELECT month, round(100.0 * (SELECT count(DISTINCT id) FROM events WHERE tenant_id = 'acme' AND at < least(month + interval '1 month', '$to')) / 1525, 2), 0
	FROM generate_series(timestamptz '2025-10-01Z', '2026-01-01Z', '1 month') AS month ORDER BY 1"), 'the rate');

# The same tenant with uuid identifiers: each id is its md5.  No answer shows an id but those of the variables.
$node->safe_psql('postgres', 'CREATE DATABASE uuids TEMPLATE postgres');
$node->safe_psql('uuids', q(
	DROP VIEW events;
	ALTER TABLE campaign_assets DROP CONSTRAINT campaign_assets_campaign_space_id_fkey, DROP CONSTRAINT campaign_assets_tenant_id_fkey;
	ALTER TABLE campaign_spaces DROP CONSTRAINT campaign_spaces_tenant_id_fkey;
	UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}', (
		SELECT jsonb_agg(CASE WHEN event #>> '{context,reused_in_type}' = 'campaign_space'
			THEN jsonb_set(event, '{context,reused_in_id}', to_jsonb(md5(event #>> '{context,reused_in_id}')::uuid)) ELSE event END ORDER BY n)
		FROM jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, n)))
	WHERE platform_metadata ? 'reuse_history';
	ALTER TABLE campaign_spaces ALTER id TYPE uuid USING md5(id)::uuid, ALTER tenant_id TYPE uuid USING md5(tenant_id)::uuid;
	ALTER TABLE campaign_assets ALTER id TYPE uuid USING md5(id)::uuid, ALTER tenant_id TYPE uuid USING md5(tenant_id)::uuid,
		ALTER campaign_space_id TYPE uuid USING md5(campaign_space_id)::uuid;));

sub uuid_of { return plain("SELECT md5('$_[0]')::uuid"); }

# Of equals, the order and the last ones of a limit are by id.
sub without_order
{
	my ($name, $rows) = @_;
	return join("\n", map { (split /\|/)[2] } split /\n/, $rows) if $name eq 'Panel Most reused';
	return join("\n", sort split /\n/, $rows);
}

my $acme = uuid_of('acme');
my $retargeting = uuid_of('new-year-2026-retargeting');

like(shown_in('uuids', 'Variable tenant'), qr/^$acme$/m, 'uuid: tenants');
like(shown_in('uuids', 'Variable campaign', tenant => $acme), qr/\AAll\|All\n.*^New Year 2026: Retargeting\|$retargeting$/ms, 'uuid: campaigns');
foreach my $name (sort grep { !/^Variable (tenant|campaign)$/ } keys %queries)
{
	is(without_order($name, shown_in('uuids', $name, tenant => $acme)), without_order($name, shown($name)), "uuid: $name");
}
foreach my $name ('Panel Reuses by campaign', 'Panel Assets of the campaign')
{
	is(without_order($name, shown_in('uuids', $name, tenant => $acme, campaign => $retargeting)),
		without_order($name, shown($name, campaign => 'new-year-2026-retargeting')), "uuid: $name, of one");
}

$node->stop;
done_testing();
