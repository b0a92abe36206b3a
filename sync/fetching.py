"""httpx over the browser's fetch: the transport of `sync.client` where Python has no sockets."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

# The browser's own; it refuses to have them set.
_ITS_OWN: Final = frozenset(
    {"host", "connection", "accept-encoding", "content-length", "user-agent", "transfer-encoding"}
)
# The body that fetch hands out is inflated already, so these no longer describe it.
_NO_LONGER_TRUE: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _Body(httpx.AsyncByteStream):
    """What fetch brought, read by the client like any other body."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class FetchTransport(httpx.AsyncBaseTransport):
    """One request, one fetch: no cookies, no cache, no redirect followed."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ConnectError where the branch was not reached or the answer was cut, httpx.ReadTimeout."""
        js: Any = importlib.import_module("js")
        to_js = importlib.import_module("pyodide.ffi").to_js
        headers = [[k, v] for k, v in request.headers.items() if k.lower() not in _ITS_OWN]
        body = await request.aread()
        stop = js.AbortController.new()
        asked: dict[str, Any] = {
            "method": request.method,
            "headers": headers,
            "cache": "no-store",
            "credentials": "omit",
            "redirect": "manual",
            "signal": stop.signal,
        }
        if body:
            asked["body"] = to_js(body)
        options = to_js(asked, dict_converter=js.Object.fromEntries)
        try:
            async with asyncio.timeout(_seconds(request)):
                answer = await js.fetch(str(request.url), options)
                content = bytes((await answer.arrayBuffer()).to_bytes())
        except TimeoutError as e:
            raise httpx.ReadTimeout("fetch", request=request) from e
        except Exception as e:
            raise httpx.ConnectError("fetch", request=request) from e
        finally:
            stop.abort()
        kept = [(k, v) for k, v in answer.headers if k.lower() not in _NO_LONGER_TRUE]
        # 0 is a redirect that was not followed: nothing the branch ever answers.
        return httpx.Response(answer.status or 502, headers=kept, stream=_Body(content), request=request)


def _seconds(request: httpx.Request) -> float | None:
    told = request.extensions.get("timeout", {})
    limits = [s for s in (told.get("connect"), told.get("read")) if s is not None]
    return sum(limits) if limits else None
