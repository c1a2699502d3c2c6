# examples/openapi.yaml: what the functions answer is what its schemas say, key by key, in every state
# that the answers tell of, with events in the documents and in the history table, and with the least of columns.

use strict;
use warnings;
use FindBin;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->start;
$node->safe_psql('postgres', qq(
	\\i '$FindBin::RealBin/../fixtures/application_tables.sql'
	\\i '$FindBin::RealBin/../fixtures/two_tenants.sql'
	\\i '$FindBin::RealBin/../fixtures/helpers.sql'
	INSERT INTO tenants VALUES ('empty', 'Empty');
	-- as other software writes: no object, no time, numbers for texts
	UPDATE campaign_assets SET platform_metadata = '{"reuse_history": [7, null, "x", {"timestamp": "never"}, {"context": [1]},
		{"timestamp": "2026-01-02", "context": {"reused_in_type": 3, "reused_in_id": 4.50, "reused_in_name": {"a": 1}}},
		{"timestamp": "2026-01-03T10:00:00.5Z", "context": {"reused_in_type": "campaign_space", "reused_in_id": "winter"}}]}' WHERE id = 'line';
	CREATE EXTENSION asset_reuse;
	-- error is an error as an API's body has it.
	CREATE FUNCTION error(statement text) RETURNS jsonb LANGUAGE plpgsql AS \$\$
	DECLARE
		detail text;
		hint text;
	BEGIN
		EXECUTE statement;
		RAISE 'no error';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		RETURN jsonb_build_object('code', SQLSTATE, 'message', SQLERRM, 'details', detail, 'hint', hint);
	END
	\$\$;));

# verdicts returns what is wrong with "SCHEMA\tJSON" lines, or "valid", for each.
sub verdicts
{
	my (@lines) = @_;
	my ($output, $errors) = ('', '');

	IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', "$FindBin::RealBin/../fixtures/check_answers.py", "$FindBin::RealBin/../../examples/openapi.yaml" ],
		'<', \join('', map { "$_\n" } @lines), '>', \$output, '2>', \$errors)
	  or die "the description is wrong: $errors";
	return split /\n/, $output;
}

# An answer in each state: name, schema, expression, and a path with its value that shows the state.
my $next = q(asset_reuse_history('hero', 'acme', 1) ->> 'next_cursor');
my @calls = (
	[ 'track', 'Track', q(asset_reuse_track('hero', 'acme', 'fall', reuse_context => '{"placement": "story"}', reuse_key => 'k1')), 'replayed', 'false' ],
	[ 'track again', 'Track', q(asset_reuse_track('hero', 'acme', 'fall', reuse_key => 'k1')), 'replayed', 'true' ],
	[ 'track in another place', 'Track', q(asset_reuse_track('hero', 'acme', reused_in_type => 'email', reused_in_id => 'letter')), 'event,reused_in_type', 'email' ],
	[ 'track of an asset without figures', 'Track', q(asset_reuse_track('clip', 'acme', 'winter', reuse_key => 'k2')), 'asset,reused_count', '1' ],
	[ 'undo', 'Track', q(asset_reuse_undo('clip', 'acme', reuse_key => 'k2')), 'asset,reused_count', '0' ],
	[ 'undo again', 'Track', q(asset_reuse_undo('clip', 'acme', reuse_key => 'k2')), 'undone', 'true' ],
	[ 'track of what was undone', 'Track', q(asset_reuse_track('clip', 'acme', 'winter', reuse_key => 'k2')), 'undone', 'true' ],
	[ 'history', 'History', q(asset_reuse_history('hero', 'acme')), 'total', '2' ],
	[ 'a page of history', 'History', q(asset_reuse_history('hero', 'acme', 1)), 'has_more', 'true' ],
	[ 'the page after it', 'History', qq(asset_reuse_history('hero', 'acme', cursor => $next)), 'total', undef ],
	[ 'history by offset', 'History', q(asset_reuse_history('hero', 'acme', 1, 1)), 'offset', '1' ],
	[ 'history without a reuse', 'History', q(asset_reuse_history('clip', 'acme')), 'history', '[]' ],
	[ 'history of others', 'History', q(asset_reuse_history('line', 'acme')), 'history,6,timestamp', undef ],
	[ 'analytics', 'Analytics', q(asset_reuse_analytics('acme')), 'overview,assets_with_reuses', '1' ],
	[ 'analytics of a range', 'Analytics', q(asset_reuse_analytics('acme', 'headline', '2026-01-01Z', '2026-02-01 00:00:00.5Z')), 'top_reused_assets,0,reuses_in_range', '2' ],
	[ 'analytics of nothing', 'Analytics', q(asset_reuse_analytics('empty')), 'performance_correlation,reused_assets,avg_ctr', undef ],
	[ 'no asset', 'Error', q(error($$ SELECT asset_reuse_track('x', 'acme', 'fall') $$)), 'code', 'P0002' ],
	[ 'no asset among many', 'Error', q(error($$ SELECT asset_reuse_track_many('{hero,x}', 'acme', 'fall') $$)), 'details', 'Not found: x.' ],
	[ 'a wrong argument', 'Error', q(error($$ SELECT asset_reuse_analytics('acme', 'poem') $$)), 'code', '22023' ],
	[ 'another place', 'Error', q(error($$ SELECT asset_reuse_track('hero', 'acme', 'winter', reuse_key => 'k1') $$)), 'code', '23505' ],
	[ 'an error with its status', 'Error', q(error($$ DO 'BEGIN RAISE SQLSTATE ''PT404'' USING MESSAGE = ''campaign asset not found''; END' $$)), 'code', 'PT404' ]);

# answers makes the calls one after the other, checks that each shows its state, and returns
# the lines for verdicts.
sub answers
{
	my ($state) = @_;
	my @answers = split /\n/, $node->safe_psql('postgres', join ';', map { "SELECT $_->[2]" } @calls);
	my @lines;

	foreach my $call (@calls)
	{
		my ($name, $schema, undef, $path, $value) = @$call;
		my $answer = shift @answers;
		my $shown = decode_json($answer);

		$shown = ref $shown eq 'ARRAY' ? $shown->[$_] : $shown->{$_} foreach split /,/, $path;
		$shown = ref $shown ? JSON::PP->new->allow_nonref->encode($shown) : $shown;
		$shown = $shown =~ /^[01]$/ && defined $value && $value =~ /^(true|false)$/ ? ($shown ? 'true' : 'false') : $shown
		  if defined $shown;
		is($shown, $value, "$state: $name is the state that is meant");
		push @lines, "$schema\t$answer";
	}
	return @lines;
}

# check_answers makes the calls and holds the answers against the schemas.
sub check_answers
{
	my ($state) = @_;
	my @lines = answers($state);
	my @verdicts = verdicts(@lines);

	is(scalar @verdicts, scalar @calls, "$state: all were looked at");
	is($verdicts[$_], 'valid', "$state: $calls[$_][0]") or diag $lines[$_] foreach 0 .. $#lines;
	return @lines;
}

my @lines = check_answers('documents');

# Each key's absence, another type of each value, and a key more are noticed: the test can fail.
# (An event's context may be any value.  What is optional may be absent.)
my @wrong;
foreach my $line (@lines)
{
	my ($schema, $json) = split /\t/, $line, 2;
	spoil($schema, decode_json($json), []);
}

# spoil adds the value's spoilt copies to those that must be found wrong.
sub spoil
{
	my ($schema, $whole, $path) = @_;
	my $part = $whole;
	$part = ref $part eq 'ARRAY' ? $part->[$_] : $part->{$_} foreach @$path;

	if (ref $part eq 'HASH')
	{
		foreach my $key (sort keys %$part)
		{
			next if $key eq 'context';
			my $value = $part->{$key};
			$part->{$key} = [ 'spoilt' ];
			push @wrong, [ $schema, encode_json($whole), join '/', @$path, $key ];
			$part->{$key} = $value;
			spoil($schema, $whole, [ @$path, $key ]) if ref $value eq 'HASH' || ref $value eq 'ARRAY';
		}
		if (!@$path || $path->[-1] ne 'by_asset_type')
		{
			$part->{one_more} = 1;
			push @wrong, [ $schema, encode_json($whole), join '/', @$path, 'one_more' ];
			delete $part->{one_more};
		}
	}
	elsif (ref $part eq 'ARRAY')
	{
		spoil($schema, $whole, [ @$path, $_ ]) foreach 0 .. $#$part;
	}
}

my @found = verdicts(map { "$_->[0]\t$_->[1]" } @wrong);
is(join(' ', map { $wrong[$_][2] } grep { $found[$_] eq 'valid' } 0 .. $#found), '', 'what is spoilt is found');
cmp_ok(scalar @found, '>', 300, 'of ' . scalar @found . ' values');
my @missing;
foreach my $line (@lines)
{
	my ($schema, $json) = split /\t/, $line, 2;
	my $answer = decode_json($json);
	foreach my $key ($schema eq 'Error' ? qw(code message) : grep { $_ ne 'undone' } sort keys %$answer)
	{
		my %without = %$answer;
		delete $without{$key};
		push @missing, "$schema\t" . encode_json(\%without);
	}
}
is(scalar(grep { $_ eq 'valid' } verdicts(@missing)), 0, 'what is missing is found');

my $start_again = q(
	UPDATE campaign_assets SET reused_count = 0, last_reused_at = NULL, platform_metadata = '{}' WHERE id IN ('hero', 'clip'););
$node->safe_psql('postgres', "$start_again SELECT asset_reuse_create_history_table(); CALL asset_reuse_migrate_history();");
check_answers('history table');

$node->safe_psql('postgres', qq(
	SELECT asset_reuse_drop_history_table();
	$start_again
	ALTER TABLE campaign_assets DROP COLUMN campaign_space_id, DROP COLUMN file_url, DROP COLUMN thumbnail_url, DROP COLUMN impressions,
		DROP COLUMN clicks, DROP COLUMN conversions, DROP COLUMN ctr, DROP COLUMN created_at, DROP COLUMN updated_at;
	ALTER TABLE campaign_spaces DROP COLUMN platform, DROP COLUMN is_active;));
check_answers('few columns');

$node->stop;
done_testing();
