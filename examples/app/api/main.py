"""The application: what the other files have, the pages, and the OpenAPI description.

    uvicorn --host 127.0.0.1 --port 8420 api.main:app
"""

import asyncio
from pathlib import Path

import yaml
from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from . import db, errors, files, lists, live, reuse

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "web" / "dist"
SCHEMAS = HERE.parent.parent / "openapi.yaml"
LONGEST_BODY = {"/api/campaign-assets/reuse-import": 64 << 20}      # bytes; 1 MB for the others
SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' https: data:; style-src 'self' 'unsafe-inline'; "
                               "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Answers of the functions that examples/openapi.yaml leaves out.
MORE_SCHEMAS = {
    "Object": {"type": "object"},
    "Items": {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "items": {"type": "object"}}, "total": {"type": ["integer", "null"]},
        "next_cursor": {"type": ["string", "null"]}}},
    "Bulk": {"type": "object", "required": ["success", "requested", "tracked", "replayed", "missing", "assets"]},
    "Copied": {"type": "object", "required": ["success", "dry_run", "added", "already_there"]},
    "Synced": {"type": "object", "required": ["success", "dry_run", "kept", "added", "extra", "removed"]},
    "Imported": {"type": "object", "required": ["success", "imported", "replayed", "failed", "dry_run"]},
    "Error": {"type": "object", "required": ["detail", "code", "parameter"], "properties": {
        "detail": {"type": "string"}, "code": {"type": "string"}, "parameter": {"type": ["string", "null"]}}},
}
ERRORS = {status: {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
          for status, text in {400: "A parameter is wrong", 401: "No valid token", 403: "Another tenant's token",
                               404: "Not found", 409: "The application refuses the reuse", 413: "The body is too long",
                               422: "The Idempotency-Key was used for another place", 500: "Internal error",
                               503: "Try again, with the same Idempotency-Key"}.items()}


class LimitBodies:
    """Refuses bodies that are too long, with their length announced or not."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        left = LONGEST_BODY.get(scope.get("path"), 1 << 20)

        async def limited():
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, "The body is too long")
            return message
        await self.app(scope, limited if scope["type"] == "http" else receive, send)


app = FastAPI(title="Reuse of campaign assets", version="1.0", docs_url=None, redoc_url=None)
app.add_middleware(LimitBodies)
# Other names would be of pages elsewhere, whose names lead here (DNS rebinding).
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
errors.install(app)
for part in (files, reuse, lists, live):
    app.include_router(part.router, responses=ERRORS)


@app.on_event("startup")
async def start():
    await db.pool.open()
    await db.slow_pool.open()
    app.state.tasks = [asyncio.create_task(live.gateway.listen()), asyncio.create_task(live.gateway.look())]


@app.on_event("shutdown")
async def stop():
    for task in app.state.tasks:
        task.cancel()
    await db.pool.close()
    await db.slow_pool.close()


def describe():
    """Returns the OpenAPI description, with the schemas of the functions' answers."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes)
        schemas = schema["components"]["schemas"]
        schemas.update(yaml.safe_load(SCHEMAS.read_text())["components"]["schemas"])
        schemas.update(MORE_SCHEMAS)
        app.openapi_schema = schema
    return app.openapi_schema


app.openapi = describe


@app.get("/docs", include_in_schema=False)
async def docs():
    return get_swagger_ui_html(openapi_url="/openapi.json", title=app.title, swagger_js_url="/swagger/swagger-ui-bundle.js",
                               swagger_css_url="/swagger/swagger-ui.css", swagger_favicon_url="/favicon.ico")


@app.get("/api/health", summary="Whether the database answers", response_class=Response)
async def health():
    return Response(await db.fetch("", """SELECT '{"status": "ok"}'""", ()), media_type="application/json")


@app.get("/api/{path:path}", include_in_schema=False)
async def unknown(path: str):
    raise HTTPException(404, "There is no such address")


@app.get("/{path:path}", include_in_schema=False)
async def pages(path: str):
    """Serves the pages' files; any other path is one of the pages' own."""
    file = PAGES / "index.html"
    if "\0" not in path and len(path.encode()) < 200:
        wanted = (PAGES / path).resolve()
        file = wanted if wanted.is_relative_to(PAGES) and wanted.is_file() else file
    if not file.is_file():
        return PlainTextResponse("The pages are not built.  See examples/app/README.md.\n", 404)
    # The files in assets have their contents' hash in their names.
    fresh = "max-age=31536000, immutable" if file.parent.name == "assets" else "no-cache"
    return FileResponse(file, headers={**SECURITY, "Cache-Control": fresh})
