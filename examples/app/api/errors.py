"""What a client is told of an error: an HTTP status, a code, a sentence, and the parameter that is wrong.

Of what the database says, at most the primary message of a wrong argument is passed on, with the
parameters' names here.  Details, hints, contexts and statements never leave: they can show rows.
"""

import logging
import re

import psycopg
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

log = logging.getLogger("uvicorn.error")

NOT_FOUND = {
    "campaign_assets": ("asset_not_found", "Campaign asset not found"),
    "campaign_spaces": ("campaign_not_found", "Campaign space not found"),
    "campaign_asset_reuse_history": ("reuse_not_found", "Reuse not found"),
}
# The database's names of what the API calls otherwise.
RENAMED = {
    "page_limit": "limit", "top_limit": "limit", "row_limit": "limit", "page_offset": "offset",
    'reuse_key(?! must be given|")': "Idempotency-Key", "older_than": "older_than_days",
    "asset type": "asset_type", "(?<!with )time zone": "time_zone",
    "enum campaignassettype": "asset_type", "enum adplatform": "platform",
}
PARAMETERS = {
    "tenant_id", "asset_id", "asset_ids", "campaign_space_id", "from_campaign_space_id", "reused_in_type", "reused_in_id",
    "reused_in_name", "reuse_context", "event_id", "asset_type", "platform", "start_date", "end_date", "limit", "offset",
    "cursor", "bucket", "time_zone", "confidence", "order_by", "explore", "older_than_days", "include", "on_missing",
    "on_error", "source", "remove", "Idempotency-Key",
}
# Of a transaction that was cut off or came second, a statement or lock that took too long, and a tenant that is being moved.
TRY_AGAIN = ("40001", "40P01", "57014", "55P03", "55006", "57P01", "57P02", "57P03", "53300")
AGAIN = {"Retry-After": "1"}
REFUSED = "The asset cannot be reused"
KEY_TAKEN = "The Idempotency-Key was used for another place"


class Problem(Exception):
    def __init__(self, status, code, detail, parameter=None, headers=None):
        super().__init__(detail)
        self.status, self.headers = status, headers
        self.body = {"detail": detail, "code": code, "parameter": parameter}


def unavailable():
    return Problem(503, "unavailable", "The service is not available, try again", headers=AGAIN)


def wrong_argument(error):
    message = error.diag.message_primary or "a text has a character that is not allowed"
    for theirs, ours in RENAMED.items():
        message = re.sub(rf"\b{theirs}\b", ours, message)
    parameter = next((word for word in re.findall(r"[\w-]+", message) if word in PARAMETERS), None)
    if error.sqlstate in ("22P02", "22007", "22008") and parameter is None:
        message = "a value is malformed"
    return Problem(400, "invalid", message, parameter)


def of_database(error):
    """Returns the problem that an error of the database is to a client."""
    state, diag = error.sqlstate or "", error.diag
    if state == "P0002" and diag.table_name in NOT_FOUND:
        return Problem(404, *NOT_FOUND[diag.table_name])
    if state == "23505" and diag.column_name == "reuse_key":
        return Problem(422, "key_taken", KEY_TAKEN, "Idempotency-Key")
    if state == "23514":
        return Problem(409, "refused", REFUSED)
    if state.startswith("22") or (not state and isinstance(error, psycopg.DataError)):
        return wrong_argument(error)
    log.error("database: %s %s", state or type(error).__name__, diag.message_primary or error)
    if state in TRY_AGAIN or (not state and isinstance(error, psycopg.OperationalError)):
        return unavailable()
    return Problem(500, "internal", "Internal error")


def of_event(state, message):
    """Returns what a client is told of one event that was not stored, while others were."""
    if state.startswith("22"):
        return message
    if state == "23505":
        return KEY_TAKEN
    return next((sentence for _, sentence in NOT_FOUND.values() if sentence.lower() == message), REFUSED)


def answer(problem):
    return JSONResponse(problem.body, problem.status, problem.headers)


def install(app):
    @app.exception_handler(Problem)
    async def on_problem(request, error):
        return answer(error)

    @app.exception_handler(psycopg.Error)
    async def on_database_error(request, error):
        return answer(of_database(error))

    @app.exception_handler(UnicodeEncodeError)
    async def on_surrogate(request, error):
        return answer(Problem(400, "invalid", "a text has a character that is not allowed"))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request, error):
        first = error.errors()[0]
        name = next((part for part in reversed(first["loc"]) if isinstance(part, str)), None)
        parameter = None if name in ("body", "__root__") else name
        return answer(Problem(400, "invalid", f"{name}: {first['msg']}", parameter))

    @app.exception_handler(HTTPException)
    async def on_http(request, error):
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "invalid")
        return answer(Problem(error.status_code, code, error.detail, headers=error.headers))

    @app.exception_handler(Exception)
    async def on_bug(request, error):
        return answer(Problem(500, "internal", "Internal error"))
