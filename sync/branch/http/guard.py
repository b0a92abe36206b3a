"""Around everything that is served: headers, the Origin, and a log that holds no token, query or body."""

from __future__ import annotations

import json
import logging
import time
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.branch.problems import FOREIGN_ORIGIN, TUS, Problem, refuse
from sync.protocol import BASE, PROTOCOL, PROTOCOL_HEADER, TUS_HEADER, TUS_VERSION

log = logging.getLogger("sync.branch.access")

_ALWAYS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_OF_PAGES: Final = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_METHODS: Final = frozenset({"PATCH", "HEAD", "DELETE", "OPTIONS", "GET"})
# What a device got with its secret no browser shows as a page; these answers are the bulk of what goes over the air.
_FOR_DEVICES: Final = frozenset({BASE + "/push", BASE + "/pull"})


class Guard:
    """Wraps the whole application, its error answers included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = _as_meant(scope)
        started, status = time.monotonic(), 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                lean = status == 200 and scope["path"] in _FOR_DEVICES
                for name, value in (_ALWAYS if lean else _ALWAYS | _OF_PAGES).items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(BASE + "/"):
                    headers[PROTOCOL_HEADER] = str(PROTOCOL)
                if scope["path"].startswith(BASE + "/blobs"):
                    headers[TUS_HEADER] = TUS_VERSION
            await send(message)

        try:
            if _foreign_origin(Headers(scope=scope)):
                await problem_response(refuse(FOREIGN_ORIGIN))(scope, receive, dressed)
            else:
                await self._app(scope, receive, dressed)
        except Exception:
            # Answered with a problem already; passed on, it would cost the phone its connection.
            log.exception("an error of the branch")
            if status == 0:
                raise
        finally:
            spent_ms = (time.monotonic() - started) * 1000
            log.info("%s %s %d %.0f ms", scope["method"], _known_path(scope), status, spent_ms)


def _as_meant(scope: Scope) -> Scope:
    """tus 1.0.0: where a client cannot send PATCH, it names it in a header of a POST, and that is the method then."""
    if scope["method"] != "POST" or not scope["path"].startswith(BASE + "/blobs"):
        return scope
    meant = Headers(scope=scope).get("x-http-method-override", "").strip().upper()
    return {**scope, "method": meant} if meant in _METHODS else scope


def _known_path(scope: Scope) -> str:
    """The route's pattern, not what was typed: a path can hold anything."""
    route = scope.get("route")
    return str(getattr(route, "path", "-"))


def _foreign_origin(headers: Headers) -> bool:
    """A page of another site is asking; phones and the command line send no Origin."""
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def problem_response(problem: Problem) -> Response:
    """A refusal as `application/problem+json`."""
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.code == TUS.code:
        headers["Tus-Version"] = TUS_VERSION
    body = json.dumps(problem.to_json(), ensure_ascii=False).encode()
    return Response(body, problem.status, headers, "application/problem+json")
