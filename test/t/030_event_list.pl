# The demo's reader of event lists (examples/demo): files as people have them, in the encodings, with
# the separators and line ends of spreadsheets, with faults in some lines.  Each line is tracked or
# refused with its number, whatever the others are, and all are counted.
#
# A file is made of records of which each says what must become of it; the model is their list.

use strict;
use warnings;
use Encode qw(encode);
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TrackingClients;

plan skip_all => 'there is no /usr/bin/python3' unless -x '/usr/bin/python3';

my $demo = "$FindBin::RealBin/../../examples/demo";
my $folder = PostgreSQL::Test::Utils::tempdir;
my %marks = ('UTF-8' => '', 'UTF-8 with a mark' => "\x{FEFF}", 'UTF-16LE' => "\x{FEFF}", 'UTF-16BE' => "\x{FEFF}");
my %separators = (',' => 'commas', ';' => 'semicolons', "\t" => 'tabs');
my $notes = 0;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
set_up_tracking($node);

# quoted returns a cell as spreadsheets write it.
sub quoted
{
	my ($cell) = @_;
	return $cell unless $cell =~ /[",;\t\r\n]/;
	$cell =~ s/"/""/g;
	return qq("$cell");
}

# event returns a record that is tracked; with a context, its note is new.  What is put into the context comes
# after the note.
sub event
{
	my ($asset, $campaign, $text, $more) = @_;
	my $note = defined $text ? ++$notes . " $text" : undef;
	my $context = defined $note ? qq({"note": "$note") . ($more // '') . '}' : '';
	$note = '-' unless defined $note;
	$note =~ s/\\(.)/$1/g;
	return { cells => [ $asset, $campaign, $context ], tracked => join('|', $asset, $campaign || '-', substr($note, 0, 40)) };
}

# refused returns a record, or a line as it is, that is refused.
sub refused
{
	my ($line, $reason) = @_;
	return { (ref $line ? 'cells' : 'line') => $line, refused => $reason };
}

# What a record may be.  Lines have commas for the file's separator.
my %records = (
	'plain' => sub { event(1, 'fall') },
	'without a campaign' => sub { event(2, '', 'in the shop') },
	'context' => sub { event(3, 'fall', "a, b; c\x{e9} \x{1F600} \\\"quoted\\\" back\\\\slash") },
	'cell with line ends' => sub { event(4, 'fall', 'lines', qq(,\n "more": [1,\r\n2])) },
	'empty cells behind' => sub { my $record = event(5, 'fall', 'short'); push @{ $record->{cells} }, '', ''; return $record },
	'cells left out' => sub { return { line => '2', tracked => '2|-|-' } },
	'everything in quotes' => sub { return { line => '"2","","{}"', tracked => '2|-|-' } },
	'spaces after separators' => sub { return { line => '3, fall, "{""note"": ""0""}"', tracked => '3|fall|0' } },
	'JSON without quotes' => sub { return { line => '3,fall,{"note": "0"}', tracked => '3|fall|0' } },
	'long cell' => sub { event(1, 'fall', 'x' x 200_000) },
	'Windows-1252' => sub { return { %{ event(1, 'fall', "caf\x{e9} 5 \x{20AC} \x{2013}") }, encoding => 'cp1252' } },
	'no text' => sub { refused([ 1, "fall\x{DC81}", '' ], 'its byte 0x81 is neither|it is no valid UTF-16') },
	'control character' => sub { refused([ "1\x01", 'fall', '' ], 'control character U\+0001') },
	'zero' => sub { refused([ 1, 'fall', qq({"note": "\0",\n"x": 1}) ], 'control character U\+0000') },
	'control character in the next line' => sub { refused([ 1, 'fall', qq({"note":\n"\x1A"}) ], 'control character U\+001A') },
	'end of COPY' => sub { refused('\.', 'P0002 ') },
	'null of COPY' => sub { refused('\N', 'P0002 ') },
	'backslash' => sub { refused([ '1\\', 'fall', '' ], 'P0002 ') },
	'unknown asset' => sub { refused([ 6, 'fall', '' ], 'P0002 ') },
	'long asset' => sub { refused([ '1' x 200_000, 'fall', '' ], 'P0002 ') },
	'no asset' => sub { refused([ '', 'fall', '' ], '22023 ') },
	'no JSON' => sub { refused([ 1, 'fall', '{note: 1}' ], '22P02 ') },
	'long JSON that is none' => sub { refused([ 1, 'fall', 'x' x 200_000 ], '22P02 ') },
	'no object' => sub { refused([ 1, 'fall', "[1,\n2]" ], '22023 ') },
	'line end in JSON text' => sub { refused([ 1, 'fall', qq({"note": "a\nb"}) ], '22P02 ') },
	'too many cells' => sub { refused([ 1, 'fall', '{}', 'x' ], 'it has 4 cells') },
	'context not closed' => sub { refused('1,fall,"{""note"": ""open""}', 'its quotes do not match') },
	'asset not closed' => sub { refused('"1,fall,', 'its quotes do not match') },
	'quote behind' => sub { refused('1,fall,"', 'its quotes do not match') },
	'text after a quote' => sub { refused('1,fall,"{}"x', 'its quotes do not match') },
	'blank line' => sub { return { line => '' } },
	'empty cells' => sub { return { line => ',,' } });

# write_file writes a file of records, and returns the model: lines refused, rows tracked, number of empty ones.
sub write_file
{
	my ($name, $header, $records, %how) = @_;
	my $separator = $how{separator} // ',';
	my $line_end = $how{line_end} // "\n";
	my $encoding = $how{encoding} // 'UTF-8';
	my %model = (refused => [], tracked => [], empty => 0, records => 0);
	my $number = 1;
	open(my $file, '>:raw', "$folder/$name") or die "could not write $folder/$name: $!";

	# A surrogate stands for what is no text.
	my $write = sub {
		my ($text, $record_encoding) = @_;
		my $wide = $encoding =~ /^UTF-16/;
		my $code = $wide ? $encoding : $record_encoding // 'UTF-8';
		my @parts = map { encode($code, $_) } split(/\x{DC81}/, $text, -1);
		print $file join($wide ? ($encoding =~ /LE/ ? "\x81\xDC" : "\xDC\x81") : "\x81", @parts);
	};
	$write->($marks{$encoding});
	foreach my $record (defined $header ? { line => $header, header => 1 } : (), @$records)
	{
		my $text = $record->{line};
		$text = join(',', map { quoted($_) } @{ $record->{cells} }) unless defined $text;
		# the commas between cells only
		$text =~ s/("(?:[^"]|"")*"(?=,|$))|,/$1 \/\/ $separator/ge;
		$write->($text . ($how{open_end} && $model{records} == @$records ? '' : $line_end), $record->{encoding});

		push @{ $model{refused} }, [ $number, $record->{refused} ] if $record->{refused};
		push @{ $model{tracked} }, $record->{tracked} if $record->{tracked};
		$model{empty}++ unless $record->{refused} || $record->{tracked} || $record->{header};
		$model{records}++;
		$number += 1 + ($text =~ s/\r\n|\r|\n//g);
	}
	close($file) or die "could not write $folder/$name: $!";
	$model{header} = defined $header ? 1 : 0;
	return \%model;
}

# track_file tracks the events of a file, as the demo does, and returns what was printed.
sub track_file
{
	my ($name) = @_;
	my ($read, $tracked, $error) = ('', '', '');

	$node->safe_psql('postgres', q(UPDATE campaign_assets SET reused_count = 0, platform_metadata = '{}'));
	IPC::Run::run([ "$demo/read_events.py", "$folder/$name", "$folder/rows" ], '>', \$read, '2>', \$error) or return $error;
	IPC::Run::run(
		[ 'psql', '-X', '-q', '--set=ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$demo/track_events.sql" ],
		'<', "$folder/rows", '>', \$tracked, '2>', \$error);
	is($error, '', "$name: no error");
	return $read . $tracked;
}

# rows_tracked returns the events that are stored.
sub rows_tracked
{
	return [ sort split(/\n/, $node->safe_psql('postgres', q(
		SELECT concat_ws('|', id, coalesce(event #>> '{context,reused_in_id}', '-'), coalesce(left(event #>> '{context,note}', 40), '-'))
		FROM campaign_assets, jsonb_array_elements(platform_metadata -> 'reuse_history') AS event))) ];
}

# check_file writes a file, tracks its events, and compares with the model.  Returns what was printed.
sub check_file
{
	my ($name, @file) = @_;
	my $model = write_file($name, @file);
	my $printed = track_file($name);
	my @refused = @{ $model->{refused} };
	my (@got, $next);

	# The model's reason stands for one that fits.
	foreach my $line ($printed =~ /^line (\d+ refused: .*)$/mg)
	{
		my ($number, $reason) = $line =~ /^(\d+) refused: (.*)/;
		my $expected = $refused[ @got ];
		push @got, [ $number, $expected && $reason =~ /^(?:it has the )?(?:$expected->[1])/ ? $expected->[1] : $reason ];
	}
	unlike($printed, qr/.{400}/, "$name: all printed lines are short");
	is_deeply(\@got, \@refused, "$name: lines refused") or note explain \@got;
	is_deeply(rows_tracked(), [ sort map { encode('UTF-8', $_) } @{ $model->{tracked} } ], "$name: events tracked");
	like($printed, qr/^\Q@{[ scalar @{ $model->{tracked} } ]} tracked, @{[ scalar @refused ]} refused, $model->{header} header, $model->{empty} empty; $model->{records} in all\E$/m,
		"$name: all are counted") or note $printed;
	return $printed;
}

# records returns new records of some kinds.
sub records
{
	return [ map { $records{$_}->() } @_ ];
}

my $header = 'asset_id,campaign_space_id,context';
my @good = ('plain', 'context', 'cell with line ends', 'without a campaign');

# Each kind of record, between good ones.
foreach my $kind (sort keys %records)
{
	check_file("kind: $kind", $header, records('context', $kind, 'plain', 'context'));
}

# Each kind of file.
foreach my $encoding (sort keys %marks)
{
	like(check_file("file: $encoding", $header, records(@good, 'no text', @good), encoding => $encoding),
		qr/^read as \Q@{[ $encoding =~ s{ .*}{}r ]}\E, separated by commas\nline 1 is the header$/m, "$encoding is told");
}
foreach my $separator (sort keys %separators)
{
	my $told = qr/^read as UTF-8, separated by $separators{$separator}$/m;
	like(check_file("file: $separators{$separator}", $header, records(@good), separator => $separator), $told, 'the separator is told');
	like(check_file("file: $separators{$separator} without a header", undef, records(reverse @good), separator => $separator), $told, 'it is found without a header');
}
check_file('file: CRLF', $header, records(@good), line_end => "\r\n");
check_file('file: CR', $header, records(@good), line_end => "\r");
check_file('file: open end', $header, records(@good), open_end => 1);
check_file('file: open end in a quote', $header, records(@good, 'context not closed'), open_end => 1);
like(check_file('file: Windows-1252', $header, records(('Windows-1252') x 12, 'plain')),
	qr/^not UTF-8, and read as Windows-1252: line 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more$/m, 'lines in Windows-1252 are told');

# Empty ones, and headers.
like(check_file('file: empty', undef, []), qr/^the file is empty$/m, 'an empty file is told');
check_file('file: header only', $header, []);
check_file('file: header only, open', $header, [], open_end => 1);
check_file('file: blank lines only', undef, records('blank line', 'empty cells', 'blank line'));
like(check_file('file: no header', undef, records('blank line', @good)),
	qr/^there is no header; the columns are taken as asset_id, campaign_space_id, context$/m, 'that there is no header is told');
check_file('file: header with a quote not closed', 'asset_id,campaign_space_id,"context', records(@good, 'quote behind', @good));
like(check_file('file: other columns', 'CONTEXT,"Asset ID", Campaign-Space-Id ,Owner,,', [
			{ cells => [ '{"note": "other"}', 1, 'fall', "so\nme" ], tracked => '1|fall|other' },
			{ cells => [ '', 2, 'fall', 'one', 'here', '', '' ], tracked => '2|fall|-' },
			refused([ '', 3, 'fall', 'one', 'here', '', 'x' ], 'it has 7 cells, but there are 6 columns') ]),
	qr/^line 1 is the header; the column owner is not used$/m, 'that a column is not used is told');
check_file('file: asset only', 'Asset_ID', [ map { { line => $_, tracked => "$_|-|-" } } 1 .. 5 ]);
foreach my $wrong ([ 'id,campaign_space_id,context', 'the header has no column asset_id' ],
	[ 'asset_id,context,Context', 'the header has more than one column context' ])
{
	write_file('wrong header', $wrong->[0], records(@good));
	is(track_file('wrong header'), "error: $wrong->[1]\n", $wrong->[1]);
	is_deeply(rows_tracked(), [], 'nothing is tracked');
}
is(track_file('there is none'), "error: [Errno 2] No such file or directory: '$folder/there is none'\n", 'no file');

# All mixed: any records after each other, in any kind of file.
srand(30);
foreach my $n (1 .. 12)
{
	my @kinds = map { (sort keys %records)[ rand keys %records ] } 1 .. 100;
	check_file("mixed $n", $header, records(@kinds, 'plain'), encoding => (sort keys %marks)[ rand 4 ],
		separator => (sort keys %separators)[ rand 3 ], line_end => ("\n", "\r\n")[ rand 2 ], open_end => rand() < 0.5);
}

# Many lines, of which each leads the search for the end of a quote as far as it goes.
check_file('many lines', $header, [ map { refused(q(a",b,"c), 'its quotes do not match') } 1 .. 3000 ]);

# With times, events are imported: a list that comes again counts once.
my $asset = $node->safe_psql('postgres', q(SELECT min(id) FROM campaign_assets WHERE tenant_id = 'acme' AND deleted_at IS NULL));
open(my $timed, '>', "$folder/timed") or die "could not write $folder/timed: $!";
print $timed "Timestamp;asset_id\n2026-01-02T03:04:05Z;$asset\nyesterday;$asset\n;$asset\n";
close $timed;
like(track_file('timed'), qr/^line 3 refused: 22007 .*^2 tracked, 1 refused, 1 header, 0 empty; 4 in all$/ms, 'events with times are imported');
my $again = '';
IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', "$demo/track_events.sql" ], '<', "$folder/rows", '>', \$again);
like($again, qr/^1 tracked, 1 there already, 1 refused, 1 header/m, 'and count once');
is($node->safe_psql('postgres', qq(SELECT count(*), min(reused_at) FROM asset_reuse_events('acme', '$asset') WHERE reused_at < '2026-02-01')),
	'1|2026-01-02 03:04:05+00', 'at their own times');

$node->stop;
done_testing();
