# A log of 100,000 events, and a document at jsonb's limit: track, history and analytics do
# with them what they do with short ones, or refuse it and change nothing; and so it is when
# the events are in a history table, or half of them.

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
	CREATE EXTENSION asset_reuse;
	-- To compress the documents would take most of the time.
	INSERT INTO tenants VALUES ('acme', 'Acme');
	INSERT INTO campaign_spaces (id, tenant_id, user_id, campaign_name, platform)
		VALUES ('fall', 'acme', 'user-1', 'Fall Campaign 2026', 'meta');

	-- 100,000 events, a minute apart, number 1 at 2026-01-01 00:01: an asset has them in order,
	-- the other stored in another order, every thousandth without a time.
	CREATE TABLE events AS SELECT n, timestamp '2026-01-01' + n * interval '1 minute' AS time FROM generate_series(1, 100000) AS n;
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, last_reused_at,
			platform_metadata)
		SELECT 'ordered', 'fall', 'acme', 'user-1', 'Ordered', campaignassettype 'image', 100000, max(time),
			jsonb_build_object('note', 'kept', 'reuse_history', jsonb_agg(jsonb_build_object(
				'timestamp', to_char(time, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'context', jsonb_build_object('n', n)) ORDER BY n))
		FROM events
		UNION ALL
		SELECT 'shuffled', 'fall', 'acme', 'user-1', 'Shuffled', 'image', 100000, max(time),
			jsonb_build_object('note', 'kept', 'reuse_history', jsonb_agg(jsonb_build_object(
				'timestamp', CASE WHEN n % 1000 > 0 THEN time END, 'context', jsonb_build_object('n', n)) ORDER BY n * 7919 % 100003))
		FROM events;

	-- The same histories as plain SQL reads them.
	CREATE TABLE plain_history AS SELECT id, event #>> '{context,n}' AS n,
			row_number() OVER (PARTITION BY id ORDER BY (event ->> 'timestamp')::timestamp DESC NULLS LAST, i DESC) AS place
		FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, i);
));

# The numbers of the events of a page.
sub page
{
	my ($asset, $limit, $offset) = @_;
	return $node->safe_psql('postgres', "SELECT string_agg(event #>> '{context,n}', ' ' ORDER BY i)
		FROM jsonb_array_elements(asset_reuse_history('$asset', 'acme', $limit, $offset) -> 'history') WITH ORDINALITY AS e (event, i)");
}

sub plain_page
{
	my ($asset, $limit, $offset) = @_;
	return $node->safe_psql('postgres', "SELECT string_agg(n, ' ' ORDER BY place) FROM plain_history
		WHERE id = '$asset' AND place > $offset AND place <= $offset + $limit");
}

my @pages = ([ 3, 0 ], [ 100, 50000 ], [ 100, 99850 ], [ 7, 99996 ]);	# limit and offset
foreach my $asset (qw(ordered shuffled))
{
	foreach my $page (@pages)
	{
		is(page($asset, @$page), plain_page($asset, @$page), "$asset: $page->[0] events at offset $page->[1]");
	}
	is(page($asset, 100, 100000), '', "$asset: nothing behind the last");
	is($node->safe_psql('postgres', "SELECT answer - '{history,success,asset_name,last_reused_at}'::text[]
			FROM asset_reuse_history('$asset', 'acme', 1, 99999) AS answer"),
		qq({"limit": 1, "total": 100000, "offset": 99999, "asset_id": "$asset", "has_more": false, "next_cursor": null, "total_reuses": 100000}),
		"$asset: all are counted");
}

# 2026-01-08 has the events of 1,440 minutes, of which number 11,000 of the shuffled ones lost its time.
my $day = "SELECT jsonb_path_query_array(
			asset_reuse_analytics('acme', start_date => '2026-01-08 00:00Z', end_date => '2026-01-09 00:00Z'),
			'\$.top_reused_assets[*].reuses_in_range')";
is($node->safe_psql('postgres', $day), '[1440, 1439]', 'a day of each is counted');

# One call moves an ordered log to the history table; of the shuffled one, others have moved half.  (The documents'
# elements have no place, which a row's columns alone do not give back.)
$node->safe_psql('postgres', q(
	CREATE TABLE before AS SELECT * FROM campaign_assets;
	SELECT asset_reuse_create_history_table();
	SELECT asset_reuse_track('ordered', 'acme', 'fall');
	INSERT INTO campaign_asset_reuse_history (tenant_id, asset_id, reused_at, context, original)
		SELECT 'acme', 'shuffled', time, jsonb_build_object('n', n), jsonb_build_object(
			'timestamp', time, 'context', jsonb_build_object('n', n))
		FROM events WHERE n % 2 = 1 AND n % 1000 > 0;
	UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history}',
		(SELECT jsonb_agg(event ORDER BY i) FROM jsonb_array_elements(platform_metadata -> 'reuse_history') WITH ORDINALITY AS e (event, i)
			WHERE (event #>> '{context,n}')::int % 2 = 0))
		WHERE id = 'shuffled';));
is($node->safe_psql('postgres', q(
		SELECT id, (SELECT count(*) FROM campaign_asset_reuse_history WHERE asset_id = a.id),
			jsonb_array_length(platform_metadata -> 'reuse_history'), reused_count, asset_reuse_history(id, tenant_id) -> 'total'
		FROM campaign_assets AS a ORDER BY id)),
	"ordered|100001||100001|100001\nshuffled|50000|50000|100000|100000", 'one log has moved, the other half');
foreach my $page (@pages)
{
	my ($limit, $offset) = @$page;
	is(page('ordered', $limit, $offset + 1), plain_page('ordered', $limit, $offset), "ordered, in the table: $limit events at offset $offset");
	is(page('shuffled', $limit, $offset), plain_page('shuffled', $limit, $offset), "shuffled, half of it: $limit events at offset $offset");
}
is($node->safe_psql('postgres', $day), '[1440, 1439]', 'a day of both places is counted');

# A call moves the other half as well, and those without a time.
is($node->safe_psql('postgres', q(
		SELECT asset_reuse_track('shuffled', 'acme', 'fall') #> '{asset,reused_count}';
		SELECT count(*), count(*) FILTER (WHERE reused_at = '-infinity'), max(seq) FROM campaign_asset_reuse_history WHERE asset_id = 'shuffled';
		SELECT platform_metadata FROM campaign_assets WHERE id = 'shuffled')),
	qq(100001\n100001|100|99\n{"note": "kept"}), 'the other half moves');
foreach my $page (@pages)
{
	my ($limit, $offset) = @$page;
	is(page('shuffled', $limit, $offset + 1), plain_page('shuffled', $limit, $offset), "shuffled, in the table: $limit events at offset $offset");
}
is($node->safe_psql('postgres', $day), '[1440, 1439]', 'a day of the table is counted');
is($node->safe_psql('postgres', 'SELECT asset_reuse_drop_history_table()'), '200002', 'all go back into the documents');
is($node->safe_psql('postgres', q(
		SELECT jsonb_array_length(a.platform_metadata -> 'reuse_history'), a.platform_metadata #- '{reuse_history,-1}' = b.platform_metadata
		FROM campaign_assets AS a JOIN before AS b USING (id) WHERE id = 'ordered')),
	'100001|t', 'the ordered log is what it was, and has the new event');
is($node->safe_psql('postgres', q(
		SELECT count(*) FROM (
			(SELECT event FROM before, jsonb_array_elements(platform_metadata -> 'reuse_history') AS event WHERE id = 'shuffled'
				EXCEPT ALL SELECT event FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') AS event WHERE id = 'shuffled')) AS lost)),
	'0', 'the shuffled one has all events that it had');
foreach my $page (@pages)
{
	my ($limit, $offset) = @$page;
	is(page('shuffled', $limit, $offset + 1), plain_page('shuffled', $limit, $offset), "shuffled, put back: $limit events at offset $offset");
}
$node->safe_psql('postgres', q(
	UPDATE campaign_assets AS a SET reused_count = b.reused_count, platform_metadata = b.platform_metadata
		FROM before AS b WHERE a.id = b.id;));

# An append leaves all else as it is, and comes after the latest event, wherever that is stored.
$node->safe_psql('postgres', q(
	UPDATE campaign_assets SET last_reused_at = NULL;
	SELECT asset_reuse_track(id, tenant_id, reused_in_type => 'email', reused_in_id => 'letter') FROM campaign_assets;));
is($node->safe_psql('postgres', q(
		SELECT id, a.reused_count, jsonb_array_length(a.platform_metadata -> 'reuse_history'),
			a.platform_metadata #- '{reuse_history,-1}' = b.platform_metadata,
			a.platform_metadata #>> '{reuse_history,-1,context,reused_in_id}', a.last_reused_at > b.last_reused_at
		FROM campaign_assets AS a JOIN before AS b USING (id) ORDER BY id)),
	"ordered|100001|100001|t|letter|t\nshuffled|100001|100001|t|letter|t", 'one event is appended to each');
is($node->safe_psql('postgres', q(
		CREATE TABLE soon AS SELECT date_trunc('second', now() AT TIME ZONE 'UTC') + interval '5 hours' AS time;
		UPDATE campaign_assets SET platform_metadata = jsonb_set(platform_metadata, '{reuse_history,50000,timestamp}', to_jsonb(time)) FROM soon;
		SELECT (asset_reuse_track(id, tenant_id, 'fall') #>> '{event,timestamp}')::timestamptz AT TIME ZONE 'UTC' - time FROM campaign_assets, soon)),
	"00:00:00.000001\n00:00:00.000001", 'the next is later than one in the middle');

# All of it in one statement, and taken back.
is($node->safe_psql('postgres', q(
		BEGIN;
		DO $$ BEGIN FOR i IN 1..5 LOOP PERFORM asset_reuse_track('ordered', 'acme', 'fall'); END LOOP; END $$;
		SELECT reused_count, jsonb_array_length(platform_metadata -> 'reuse_history') FROM campaign_assets WHERE id = 'ordered';
		ROLLBACK;
		SELECT reused_count, jsonb_array_length(platform_metadata -> 'reuse_history') FROM campaign_assets WHERE id = 'ordered';)),
	"100007|100007\n100002|100002", 'five more in one transaction, and none after its rollback');

# A document that has room for no event: jsonb's own error, and all stays as it was.
$node->safe_psql('postgres', q(
	ALTER TABLE campaign_assets ALTER platform_metadata SET STORAGE EXTENDED;
	INSERT INTO campaign_assets (id, campaign_space_id, tenant_id, user_id, asset_name, asset_type, reused_count, platform_metadata)
		VALUES ('full', 'fall', 'acme', 'user-1', 'Full', 'image', 1,
			jsonb_build_object('reuse_history', '[{"timestamp": "2020-01-22"}]'::jsonb, 'x', repeat('x', 268435300)));));
my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT asset_reuse_track('full', 'acme', 'fall')");
is($stderr, 'psql:<stdin>:2: ERROR:  54000', 'a full document takes no event');
is($node->safe_psql('postgres', "SELECT reused_count, last_reused_at, jsonb_array_length(platform_metadata -> 'reuse_history'),
		asset_reuse_history(id, tenant_id) #>> '{history,0,timestamp}',
		asset_reuse_analytics(tenant_id, start_date => '2020-01-01', end_date => '2020-02-01') #>> '{overview,total_reuses}'
	FROM campaign_assets WHERE id = 'full'"),
	'1||1|2020-01-22T00:00:00Z|1', 'it is as it was, and can be read');

$node->stop;
done_testing();
