"""CSV in and out: files of any length, in little memory."""

import asyncio
import csv
import io
import itertools
import json
import re
import tempfile
from typing import Optional

import psycopg
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, StreamingResponse

from . import db
from .errors import Problem, of_database, of_event
from .reuse import AssetType, Call, End, Start, answers, times

router = APIRouter(prefix="/api")
BATCH = 10_000          # as many events as one call of asset_reuse_import takes
BATCH_SIZE = 4 << 20    # characters, after which it gets no more of them
IN_MEMORY = 1 << 20     # bytes of a file; a longer one is on disk
CHUNK = 1 << 16         # bytes
FAILURES = 1_000        # at most in an answer
COLUMNS = {"asset_id", "timestamp", "key", "campaign_space_id", "reused_in_type", "reused_in_id", "reused_in_name", "context"}
ROW = 1 << 23           # characters: a row of commas takes ten times as many bytes
csv.field_size_limit(1 << 22)   # characters: to check a context takes up to a hundred times as many bytes
CSV = {"response_class": StreamingResponse, "responses": {200: {"description": "A file", "content": {"text/csv": {}}}}}

# In the form that the import reads.
EVENTS = """COPY (
    SELECT asset_id, CASE WHEN reused_at >= '0001-01-01' THEN to_char(reused_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') END AS timestamp, event_id AS key, campaign_space_id,
        reused_in_type, reused_in_id, reused_in_name,
        CASE jsonb_typeof(context) WHEN 'object'
            THEN context - '{reused_in_type,reused_in_id,reused_in_name,reuse_key}'::text[] ELSE context END AS context
    FROM asset_reuse_events(%s, %s, %s, %s)
) TO STDOUT (FORMAT csv, HEADER)"""
UNUSED = "COPY (SELECT * FROM asset_reuse_unused(%s, %s, make_interval(days => %s::int))) TO STDOUT (FORMAT csv, HEADER)"


async def copied(tenant, statement, arguments):
    """Returns a file of all that COPY sends, so that a slow client keeps no connection."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)
    async with db.transaction(tenant, db.slow_pool) as conn, conn.cursor().copy(statement, arguments) as copy:
        async for row in copy:
            file.write(row)
    file.seek(0)
    return file


def pieces(file):
    with file:
        while piece := file.read(CHUNK):
            yield piece


async def download(call, name, statement, *arguments):
    file = await copied(call.tenant, statement, arguments)
    return StreamingResponse(pieces(file), media_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"})


@router.get("/campaign-assets/reuse-events.csv", summary="All events, as a file; those with a time and a place can be imported", **CSV)
async def events_csv(call: Call = Depends(), asset_id: Optional[str] = None, start_date: Optional[str] = Start,
                     end_date: Optional[str] = End):
    return await download(call, "reuse-events.csv", EVENTS, call.tenant, asset_id,
                          *times(start_date=start_date, end_date=end_date))


@router.get("/campaign-assets/unused.csv", summary="All assets never reused, as a file", **CSV)
async def unused_csv(call: Call = Depends(), asset_type: Optional[str] = AssetType,
                     older_than_days: Optional[int] = Query(None, ge=0, le=100000)):
    return await download(call, "unused.csv", UNUSED, call.tenant, asset_type, older_than_days)


def no_number(name):
    raise ValueError(f"{name} is no number in JSON")


def check_context(context):
    """Raises ValueError unless PostgreSQL can read a context.  It is sent as it is, so that no digit of it changes."""
    value = json.loads(context, parse_int=str, parse_float=str, parse_constant=no_number)
    # half of a pair of surrogates, and characters that PostgreSQL does not have
    json.dumps(value, ensure_ascii=False).encode()
    if re.search(r"(?<!\\)(\\\\)*\\u0000", context):
        raise ValueError("no character has the number 0 in PostgreSQL")


def event_of(cells):
    """Returns a row as an event, in JSON: empty cells are left out."""
    if any("\0" in cell for cell in cells.values() if cell):
        raise ValueError("no character has the number 0 in PostgreSQL")
    if cells.get("context"):
        check_context(cells["context"])
    return "{%s}" % ", ".join(f"{json.dumps(name)}: {cell if name == 'context' else json.dumps(cell)}" for name, cell in cells.items() if cell)


class Rows(csv.DictReader):
    """The rows of a file, none of which may be too long."""

    def __init__(self, text):
        self.left = ROW
        super().__init__(self.lines_of(text), strict=True)

    def lines_of(self, text):
        while line := text.readline(self.left):
            self.left -= len(line)
            if self.left == 0:
                raise csv.Error("a row is too long")
            yield line

    def __next__(self):
        self.left = ROW
        return super().__next__()


def read_header(rows):
    names = rows.fieldnames or []
    if "asset_id" not in names or len(set(names)) < len(names) or not COLUMNS.issuperset(names):
        raise Problem(400, "invalid", f"line 1: this must name columns, each once: asset_id, and any of {', '.join(sorted(COLUMNS - {'asset_id'}))}")


def next_batch(rows):
    """Returns the events of some rows, in JSON, and the lines on which they end."""
    events, lines, size = [], [], 0
    for cells in itertools.islice(rows, BATCH):
        if None in cells:
            raise Problem(400, "invalid", f"line {rows.line_num}: there are more cells than columns")
        try:
            events.append(event_of(cells))
        except (ValueError, RecursionError):
            raise Problem(400, "invalid", f"line {rows.line_num}: context must be JSON, and no cell have what PostgreSQL cannot store", "context") from None
        lines.append(rows.line_num)
        size += len(events[-1])
        if size > BATCH_SIZE:
            break
    return "[%s]" % ",".join(events), lines


def wrong_line(error, lines):
    """Returns the problem that an error is, with the line of the event that its detail tells of."""
    problem = of_database(error)
    index = re.search(r"The event's index is (\d+)", error.diag.message_detail or "")
    if index and problem.status < 500:
        problem.body["detail"] = f"line {lines[int(index[1])]}: {problem.body['detail']}"
    return problem


async def store(conn, call, rows, source, on_error, dry_run):
    total = {"success": True, "imported": 0, "replayed": 0, "failed": [], "dry_run": dry_run}
    while True:
        events, lines = await asyncio.to_thread(next_batch, rows)
        if not lines:
            return total
        try:
            cursor = await conn.execute("SELECT asset_reuse_import(%s, %s::jsonb, %s, %s, %s)",
                                        (call.tenant, events, source, on_error, dry_run))
        except psycopg.Error as error:
            raise wrong_line(error, lines) from None
        answer = (await cursor.fetchone())[0]
        total["imported"] += answer["imported"]
        total["replayed"] += answer["replayed"]
        total["failed"] += [{"line": lines[one["index"]], "message": of_event(one["sqlstate"], one["message"])}
                            for one in answer.get("failed", [])]
        if len(total["failed"]) > FAILURES:
            first = total["failed"][0]
            raise Problem(400, "invalid", f"more than {FAILURES:,} lines fail, so none is stored; line {first['line']}: {first['message']}")


@router.post("/campaign-assets/reuse-import", **answers("Imported", "Store past reuses from CSV, with their own times"),
             openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}})
async def reuse_import(call: Call = Depends(), source: str = Query(...), on_error: str = "error", dry_run: bool = False):
    # The whole file comes first, so that a slow client keeps neither a connection nor an asset's row.
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        async for chunk in call.request.stream():
            file.write(chunk)
        file.seek(0)
        rows = Rows(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        try:
            await asyncio.to_thread(read_header, rows)
            async with db.transaction(call.tenant, db.slow_pool) as conn:
                return JSONResponse(await store(conn, call, rows, source, on_error, dry_run))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Problem(400, "invalid", f"line {rows.line_num + 1}: this is no CSV in UTF-8, or a cell is longer than 4 MB or a row than 8 MB") from error
