# examples/api_schema.sql behind PostGraphile 4, over HTTP: what an API sees of the functions, their
# answers, the codes of their errors and who may call them.  Needs node, and PostGraphile in NODE_PATH;
# test/run sees to it.

use strict;
use warnings;
use FindBin;
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'there is no PostGraphile in NODE_PATH'
  unless -d ($ENV{NODE_PATH} // '') . '/postgraphile';

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	CREATE SCHEMA extensions;
	CREATE EXTENSION asset_reuse SCHEMA extensions;
	CREATE ROLE anon;
	CREATE ROLE authenticated;
	GRANT USAGE ON SCHEMA extensions TO anon, authenticated;
	GRANT SELECT ON campaign_assets, campaign_spaces TO anon, authenticated;
	GRANT UPDATE ON campaign_assets TO authenticated;
	ALTER DATABASE postgres SET search_path = public, extensions;));
$node->safe_psql('postgres', "\\i '$FindBin::RealBin/../../examples/api_schema.sql'");

# start_server starts PostGraphile over a schema and returns it with its address.
sub start_server
{
	my (@arguments) = @_;
	my ($input, $output, $errors) = ('', '', '');
	my $timeout = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'postgres');
	my $run = IPC::Run::start([ 'node', "$FindBin::RealBin/../fixtures/postgraphile_server.js", @arguments ],
		'<', \$input, '>', \$output, '2>', \$errors, $timeout);

	eval { $run->pump until $output =~ /^(\d+)\n/; };
	die "PostGraphile does not start: $@ $errors" unless $output =~ /^(\d+)\n/;
	return { run => $run, address => "http://127.0.0.1:$1/graphql" };
}

sub stop_server
{
	my ($server) = @_;
	$server->{run}->finish;
}

# ask posts a query as a role and returns the answer.
sub ask
{
	my ($server, $role, $query, $variables) = @_;
	my $response = HTTP::Tiny->new->post($server->{address}, {
		headers => { 'content-type' => 'application/json', 'x-role' => $role },
		content => encode_json({ query => $query, variables => $variables // {} }) });
	return decode_json($response->{content});
}

# fields returns the names of a type's fields that the pattern matches.
sub fields
{
	my ($server, $type, $pattern) = @_;
	my $answer = ask($server, 'anon', qq({ __type(name: "$type") { fields { name } } }));
	return join ' ', sort grep { /$pattern/ } map { $_->{name} } @{ $answer->{data}{__type}{fields} };
}

# errors returns "code: message" of an answer's errors.
sub errors
{
	my ($answer) = @_;
	return join "\n", map { ($_->{errcode} // $_->{extensions}{exception}{errcode} // '') . ": $_->{message}" } @{ $answer->{errors} };
}

# Why there is a schema of its own: the extension's has none of the functions that one would call.
my $server = start_server('extensions', 'extensions');
is(fields($server, 'Mutation', 'assetReuse(Track|Undo|Sync)'), '', 'overloaded functions are not shown');
like(fields($server, 'Query', 'assetReuse'), qr/assetReuseEventContextWithout/, 'but some that they are made of');
stop_server($server);

$server = start_server('asset_reuse_api');
is(fields($server, 'Mutation', '.'), 'copyCampaign syncCampaign trackManyReuses trackReuse undoReuse', 'mutations');
is(fields($server, 'Query', 'euse'), 'reuseAnalytics reuseHistory reusePlaces reuseTimeline reuseWhereUsed', 'queries');

my $track = q(mutation ($asset: String!, $campaign: String, $context: JSON, $key: String) {
	trackReuse(input: {assetId: $asset, tenantId: "acme", campaignSpaceId: $campaign, reuseContext: $context, reuseKey: $key}) { json } });
my %call = (asset => 'hero', campaign => 'fall', context => { placement => 'story', note => 'é "quoted"' }, key => 'k1');
my $answer = ask($server, 'authenticated', $track, \%call)->{data}{trackReuse}{json};
is($answer->{message}, 'Asset reuse tracked successfully (total reuses: 1)', 'track');
is($answer->{event}{context}{note}, 'é "quoted"', 'with its context');
is(ask($server, 'authenticated', $track, \%call)->{data}{trackReuse}{json}{replayed}, JSON::PP::true, 'once more, with its key');
is(ask($server, 'authenticated', $track, { asset => 'hero', campaign => 'winter' })->{data}{trackReuse}{json}{asset}{reused_count},
	2, 'without what is optional');

my $history = q(query ($asset: String!, $limit: Int, $cursor: String) {
	reuseHistory(assetId: $asset, tenantId: "acme", pageLimit: $limit, cursor: $cursor) });
my $page = ask($server, 'anon', $history, { asset => 'hero', limit => 1 })->{data}{reuseHistory};
is($page->{history}[0]{campaign_space}{campaign_name}, 'Winter Teaser', 'a page of history');
$page = ask($server, 'anon', $history, { asset => 'hero', cursor => $page->{next_cursor} })->{data}{reuseHistory};
is($page->{history}[0]{event_id}, $answer->{event}{event_id}, 'and the next');
is(ask($server, 'anon', '{ reuseAnalytics(tenantId: "acme", startDate: "2026-01-01T00:00:00Z", topLimit: 1) }')->{data}{reuseAnalytics}{overview}{total_reuses},
	2, 'analytics');
is_deeply(ask($server, 'anon', '{ reuseWhereUsed(tenantId: "acme", campaignSpaceId: "fall") { nodes { assetId reuses } } }')->{data}{reuseWhereUsed}{nodes},
	[ { assetId => 'hero', reuses => '1' } ], 'rows');

is(errors(ask($server, 'authenticated', $track, { asset => 'secret', campaign => 'fall' })), 'PT404: campaign asset not found', 'no asset');
is(errors(ask($server, 'authenticated', $track, { asset => 'hero', campaign => 'rival' })), 'PT404: campaign space not found', 'no campaign');
is(errors(ask($server, 'authenticated', $track, { %call, campaign => 'winter' })), 'PT422: reuse key was used for another place', 'another place');
is(errors(ask($server, 'anon', $history, { asset => 'hero', limit => 101 })), '22023: page_limit is out of bounds', 'a wrong argument');
$node->safe_psql('postgres', q(ALTER TABLE campaign_assets ADD CONSTRAINT few CHECK (reused_count <= 2)));
is(errors(ask($server, 'authenticated', $track, { asset => 'hero', campaign => 'fall' })),
	'PT409: new row for relation "campaign_assets" violates check constraint "few"', 'a limit of the application');
is(errors(ask($server, 'anon', $track, \%call)), '42501: permission denied for function track_reuse', 'anon may not write');
is($node->safe_psql('postgres', q(SELECT reused_count FROM campaign_assets WHERE id = 'hero')), 2, 'nothing else was counted');
stop_server($server);

$node->stop;
done_testing();
