"""The calls of protocol.md as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from sync.branch import problems as p
from sync.branch.database import is_busy, said_by_database
from sync.branch.devices import authenticate
from sync.branch.enrolment import enrol
from sync.branch.errors import FilesFailed
from sync.branch.handins import hand_in
from sync.branch.http.bodies import answer, inflated, is_small, read_body, read_raw
from sync.branch.http.enrol_body import EnrolBody
from sync.branch.http.files import files
from sync.branch.http.guard import Guard, problem_response
from sync.branch.http.openapi import describe, refusals
from sync.branch.http.releases import RELEASED, may_pull
from sync.branch.http.threads import Threads
from sync.branch.http.webapp import Beside
from sync.branch.intake import push
from sync.branch.office import Office, read_meta
from sync.branch.pull import read_page
from sync.protocol import (
    APP_HEADER,
    BASE,
    BODY_MAX_BYTES,
    HANDIN_MAX_BYTES,
    PAGE_MAX_BYTES,
    PAGE_MAX_DOCS,
    PROTOCOL,
    PUSH_MAX_BYTES,
    PUSH_MAX_ITEMS,
    RECORD_MAX_BYTES,
    EnrolRequest,
    Hello,
    Malformed,
    PushRequest,
)

log = logging.getLogger("sync.branch")

JSON: Final = "application/json"
FRAME: Final = "application/octet-stream"
_ENROL_MAX_BYTES: Final = 16 * 1024
_BUSY_RETRY_S: Final = 5
LIMITS: Final = {
    "push_items": PUSH_MAX_ITEMS,
    "push_bytes": PUSH_MAX_BYTES,
    "page_docs": PAGE_MAX_DOCS,
    "page_bytes": PAGE_MAX_BYTES,
    "body_bytes": BODY_MAX_BYTES,
    "record_bytes": RECORD_MAX_BYTES,
    "handin_bytes": HANDIN_MAX_BYTES,
}

_bearer = HTTPBearer(auto_error=False, description="The device's secret.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def create_app(office: Office, released: Sequence[str] = RELEASED, webapp_in: Path | None = None) -> ASGIApp:
    """The branch's HTTP side over an open Office; `webapp_in`: the data folder whose app is handed out at `/`."""
    app = FastAPI(
        title="Waifang branch",
        version=str(PROTOCOL),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # success is 200, and a redirect is no problem a client could read
    )
    _serve_problems(app)
    threads = Threads()

    @app.get(BASE + "/hello", responses=refusals())
    async def hello(request: Request) -> Response:
        """What the branch says of itself before anything is trusted to it."""
        return await run_in_threadpool(lambda: answer(request, _hello(office).encode(), JSON))

    @app.post(
        BASE + "/enrol",
        responses=refusals(
            p.CODE_INVALID, p.REVOKED, p.OTHER_OFFICER, p.SECRET_IN_USE, p.TOO_MANY_FAILURES, body=True
        ),
    )
    async def enrol_phone(request: Request) -> Response:
        """Bind a phone to an officer with a code."""
        asked = _enrol_request(await read_body(request, _ENROL_MAX_BYTES))
        address = request.client.host if request.client else None
        bound = await run_in_threadpool(enrol, office, asked, address)
        return answer(request, bound.encode(), JSON)

    @app.post(BASE + "/handin", responses=refusals(p.TOO_MANY_HANDINS, body=True))
    async def hand_in_journal(request: Request) -> Response:
        """Hand in a phone's sealed journal, readable only with the branch's recovery key."""
        content = await read_body(request, HANDIN_MAX_BYTES)
        address = request.client.host if request.client else None
        kept = await run_in_threadpool(hand_in, office, content, address)
        return answer(request, kept.encode(), JSON)

    @app.post(BASE + "/push", responses=refusals(p.REBIND, p.REVOKED, p.RESEND, body=True))
    async def push_records(request: Request, bearer: Bearer) -> Response:
        """Hand in records and declare the phone's head."""
        token = _token(bearer)
        # Asked before more is read than a phone sends, and before anything is inflated: a stranger has nothing to say.
        if not is_small(request):
            await threads.read(lambda: _let_in(office, token, pushing=True))
        raw = await read_raw(request)

        def stored() -> Response:
            _let_in(office, token, pushing=True)
            return answer(request, _push(office, token, inflated(request, raw)), JSON)

        return await threads.push(stored)

    @app.get(BASE + "/pull", responses=refusals(p.REBIND, p.REVOKED, p.CURSOR_EXPIRED, p.APP_TOO_OLD))
    async def pull_page(
        request: Request,
        bearer: Bearer,
        cursor: Annotated[str, Query(description="Of the last page; empty for a new start.")] = "",
        limit: Annotated[
            int, Query(ge=1, description="Documents a page; more than 1000 are 1000.")
        ] = PAGE_MAX_DOCS,
        own: Annotated[int, Query(ge=0, le=1, description="1: own activities with their bytes.")] = 0,
        app_version: Annotated[str | None, Header(alias=APP_HEADER)] = None,
    ) -> Response:
        """The next page of the officer's feed."""
        token = _token(bearer)
        if not may_pull(app_version, released):
            await run_in_threadpool(_let_in, office, token)
            raise p.refuse(p.APP_TOO_OLD)

        def page() -> Response:
            return answer(request, read_page(office, token, cursor, limit, own=own == 1), FRAME)

        return await threads.read(page)

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", responses=refusals(p.BUSY))
    async def healthz() -> Response:
        """200 when the database answers."""
        await run_in_threadpool(_ask_database, office)
        return JSONResponse({"status": "ok"})

    @app.get(BASE + "/openapi.json", responses=refusals())
    async def openapi(request: Request) -> Response:
        """This description."""
        return JSONResponse(describe(app))

    app.include_router(files(office))
    return Guard(Beside(app, webapp_in) if webapp_in is not None else app)


def _token(bearer: HTTPAuthorizationCredentials | None) -> str:
    if bearer is None:
        raise p.refuse(p.REBIND)
    return bearer.credentials


def _let_in(office: Office, token: str, *, pushing: bool = False) -> None:
    with office.reading() as conn:
        authenticate(conn, token, pushing_at=office.now_ms() if pushing else None)


def _hello(office: Office) -> Hello:
    """Epoch and recovery key as they are now: another process may have made new ones."""
    with office.reading() as conn:
        kept = read_meta(conn)
    return Hello(
        PROTOCOL, PROTOCOL, office.name, kept["epoch"], office.now_ms(), kept["recovery_key"], LIMITS
    )


def _enrol_request(body: bytes) -> EnrolRequest:
    try:
        asked = EnrolBody.model_validate_json(body)
    except ValidationError as e:
        first = e.errors(include_input=False, include_url=False, include_context=False)[0]
        raise p.refuse(p.MALFORMED, ".".join(map(str, first["loc"])) or "json") from None
    return EnrolRequest(
        asked.code,
        asked.officer_id,
        asked.device_id,
        asked.device_secret,
        asked.device.name,
        asked.device.platform,
        asked.device.app,
    )


def _push(office: Office, token: str, body: bytes) -> bytes:
    try:
        request = PushRequest.decode(body)
    except Malformed as e:
        raise p.refuse(p.MALFORMED, str(e)) from e
    return push(office, token, request).encode()


def _ask_database(office: Office) -> None:
    with office.reading() as conn:
        conn.execute(select(1))


def _serve_problems(app: FastAPI) -> None:
    """Every error is a problem with a stable code, also the framework's own."""

    @app.exception_handler(p.Problem)
    async def refused(_: Request, problem: p.Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def bad_parameters(_: Request, error: RequestValidationError) -> Response:
        names = sorted({str(e["loc"][-1]) for e in error.errors()})
        return problem_response(p.refuse(p.MALFORMED, ", ".join(names)))

    @app.exception_handler(HTTPException)
    async def of_the_framework(_: Request, error: HTTPException) -> Response:
        kind = {404: p.NOT_FOUND, 405: p.NOT_ALLOWED}.get(error.status_code, p.MALFORMED)
        response = problem_response(p.refuse(kind))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    @app.exception_handler(DBAPIError)
    async def database_failed(_: Request, error: DBAPIError) -> Response:
        log.error("the database did not do it: %s", said_by_database(error))
        if not is_busy(error):
            return problem_response(p.refuse(p.INTERNAL))
        return problem_response(p.refuse(p.BUSY, retry_after=_BUSY_RETRY_S))

    @app.exception_handler(FilesFailed)
    async def files_failed(_: Request, error: FilesFailed) -> Response:
        log.error("the store of files did not do it: %s", type(error.__cause__).__name__)
        return problem_response(p.refuse(p.BUSY, retry_after=_BUSY_RETRY_S))

    @app.exception_handler(NoConnectionFree)
    async def all_taken(_: Request, error: NoConnectionFree) -> Response:
        return problem_response(p.refuse(p.BUSY, retry_after=_BUSY_RETRY_S))

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        return problem_response(p.refuse(p.INTERNAL))
