#!/usr/bin/python3
"""Reads a person's list of events, and writes it as rows that track_events.sql reads.

    read_events.py FILE ROWS

FILE is CSV as people have it: from a spreadsheet or written by hand, in UTF-8, UTF-16 or
Windows-1252, separated by commas, semicolons or tabs.  ROWS is in COPY's text format, where
nothing in a cell can be taken for anything else.  Each record of FILE becomes a row of ROWS,
with the number of its first line and what it is: event, refused, header or empty.

Prints how the file was read.  Fails only where no event can be: without a file to read, or
with a header that does not say where the asset's id is.
"""

import codecs
import csv
import io
import json
import re
import sys

COLUMNS = ("asset_id", "campaign_space_id", "context")
# With a time, an event is one that has happened already.
KNOWN = COLUMNS + ("timestamp",)
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16LE",
    codecs.BOM_UTF16_BE: "UTF-16BE",
}
# Control characters but for tabs and line ends, and what stands for bytes that are no text.
NO_TEXT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Where a quote is not closed, the search for its end ends.
MAX_RECORD_LINES = 1000
# COPY's limit for a row is 1 GB, with all escapes.
MAX_RECORD_CHARACTERS = 64 * 1024 * 1024
BAD_QUOTES = "its quotes do not match"
LINES_SHOWN = 10
COPY_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def decode_line(line):
    """Returns a line as text, and whether it was taken as Windows-1252."""
    try:
        return line.decode("UTF-8"), False
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("Windows-1252"), True
    except UnicodeDecodeError:
        return line.decode("UTF-8", "surrogateescape"), False


def decode(data):
    """Returns the file's encoding, its lines, and the numbers of those taken as Windows-1252.

    What cannot be decoded is a surrogate in the lines, which no text has.
    """
    mark = next((mark for mark in BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    encoding = BYTE_ORDER_MARKS.get(mark, "UTF-8")
    data = data[len(mark):]
    if encoding == "UTF-8":
        lines = [decode_line(line) for line in data.splitlines(keepends=True)]
        return encoding, [text for text, _ in lines], [n for n, (_, guessed) in enumerate(lines, 1) if guessed]
    odd = len(data) % 2
    text = data[:len(data) - odd].decode(encoding, "surrogatepass") + odd * "\udc00"
    return encoding, list(io.StringIO(text, newline="")), []


def what_is_wrong(character, encoding):
    """Says why a character that is no text is refused."""
    code = ord(character)
    if code < 0xD800:
        return f"it has the control character U+{code:04X}"
    if encoding == "UTF-8":
        return f"its byte 0x{code & 0xFF:02X} is neither UTF-8 nor Windows-1252"
    return f"it is no valid {encoding}"


def take_out_faults(lines, encoding):
    """Replaces what is no text in the lines, and returns the faults by the lines' indexes."""
    faults = {}
    for i, line in enumerate(lines):
        match = NO_TEXT.search(line)
        if match:
            faults[i] = what_is_wrong(match[0], encoding)
            lines[i] = NO_TEXT.sub("?", line)
    return faults


def parse(lines, first, separator):
    """Returns the cells of the record that begins in a line, the number of its lines, and what is wrong."""
    last = min(first + MAX_RECORD_LINES, len(lines))
    reader = csv.reader((lines[i] for i in range(first, last)), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        return next(reader), reader.line_num, ""
    except csv.Error:
        return [], 1, BAD_QUOTES


def column_name(cell):
    """Returns a header's cell as the column's name: "Asset ID" is asset_id."""
    return re.sub(r"[\s-]+", "_", cell.strip()).lower()


def find_columns(lines):
    """Returns the separator, the index of the header's line or None, and the columns' names.

    The header says what separates.  Without one, it is what ends the first cell.
    """
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return ",", None, COLUMNS

    # A header is one line, whatever its quotes say, so that it swallows no other.
    def header(separator):
        cells = next(csv.reader([lines[first]], delimiter=separator, skipinitialspace=True))
        return [column_name(cell) for cell in cells]

    def names_known(separator):
        return len(set(KNOWN).intersection(header(separator)))

    separator = max(SEPARATORS, key=names_known)
    if names_known(separator) > 0:
        return separator, first, header(separator)
    outside_quotes = re.sub('"[^"]*"', "", lines[first])
    match = re.search("[" + "".join(SEPARATORS) + "]", outside_quotes)
    return match[0] if match else ",", None, COLUMNS


def check_header(names):
    """Gives up where the header does not say what is what."""
    if COLUMNS[0] not in names:
        sys.exit(f"error: the header has no column {COLUMNS[0]}")
    for name in KNOWN:
        if names.count(name) > 1:
            sys.exit(f"error: the header has more than one column {name}")


def is_whole(event):
    """Whether a record of several lines may be meant as one.

    Otherwise a quote that was not closed has swallowed the lines up to another such one.
    """
    asset, campaign, context, timestamp = event
    if re.search("[\n\r]", asset + campaign + timestamp):
        return False
    try:
        json.loads(context or "null", strict=False, parse_int=str, parse_float=str)
    except ValueError:
        return False
    except RecursionError:
        pass
    return True


def read_records(lines, faults, separator, header, names):
    """Yields each record as its line's number, what it is, the reason if it is refused, and the event."""
    places = [names.index(name) if name in names else None for name in KNOWN]
    nothing = [""] * len(KNOWN)
    first = 0
    while first < len(lines):
        if first == header:
            yield first + 1, "header", "", nothing
            first += 1
            continue
        cells, taken, reason = parse(lines, first, separator)
        event = ["" if i is None or i >= len(cells) else cells[i] for i in places]
        if taken > 1 and not is_whole(event):
            taken, reason = 1, BAD_QUOTES
        reason = next((faults[i] for i in range(first, first + taken) if i in faults), reason)
        if not reason and any(cell.strip() for cell in cells[len(names):]):
            reason = f"it has {len(cells)} cells, but there are {len(names)} columns"
        if not reason and sum(map(len, event)) > MAX_RECORD_CHARACTERS:
            reason = f"it is longer than {MAX_RECORD_CHARACTERS} characters"

        if reason:
            yield first + 1, "refused", reason, nothing
        elif not any(cell.strip() for cell in cells):
            yield first + 1, "empty", "", nothing
        else:
            yield first + 1, "event", "", event
        first += taken


def say_how(encoding, separator, header, names, guessed):
    """Prints how the file was read, for a reader who finds that it is not what he meant."""
    print(f"read as {encoding}, separated by {SEPARATORS[separator]}")
    if header is None:
        print("there is no header; the columns are taken as", ", ".join(names))
    else:
        unused = [name for name in names if name and name not in KNOWN]
        print(f"line {header + 1} is the header", *[f"the column {name} is not used" for name in unused], sep="; ")
    if guessed:
        shown = ", ".join(map(str, guessed[:LINES_SHOWN]))
        more = f" and {len(guessed) - LINES_SHOWN} more" if len(guessed) > LINES_SHOWN else ""
        print(f"not UTF-8, and read as Windows-1252: line {shown}{more}")


def main(file, rows):
    """Reads all before it writes anything."""
    csv.field_size_limit(sys.maxsize)
    with open(file, "rb") as source:
        encoding, lines, guessed = decode(source.read())
    faults = take_out_faults(lines, encoding)
    separator, header, names = find_columns(lines)
    if not lines:
        print("the file is empty")
    else:
        if header is not None:
            check_header(names)
        say_how(encoding, separator, header, names, guessed)
    with open(rows, "w", encoding="UTF-8", newline="\n") as target:
        for line, kind, reason, event in read_records(lines, faults, separator, header, names):
            cells = [cell.translate(COPY_ESCAPES) for cell in (kind, reason, *event)]
            print(line, *cells, sep="\t", file=target)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"error: {error}")
