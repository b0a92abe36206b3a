"""Bodies in and out: gzip both ways, never more than the cap in memory."""

from __future__ import annotations

from typing import Final

from isal import isal_zlib
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from zlib_ng import zlib_ng

from sync.branch.problems import ENCODING, MALFORMED, TOO_LARGE, refuse
from sync.protocol import BODY_MAX_BYTES, Malformed, TooLarge, gunzip

GZIP_FROM: Final = 1024
# What changed in a day goes as small as it gets; a first pull's megabytes at ten times the speed, for a sixth more.
_SMALL: Final = 256 * 1024
_PHONES_SEND: Final = 256 * 1024
_SMALL_LEVEL: Final = 7
_LARGE_LEVEL: Final = 1
# A refused body is read on for a while: a client that is still sending does not see an early answer.
_DRAIN_BYTES: Final = 6 * BODY_MAX_BYTES


async def read_body(request: Request, cap: int = BODY_MAX_BYTES) -> bytes:
    """The request's body, inflated. Raises Problem `too_large`, `unsupported_encoding` or `malformed` (cut gzip)."""
    raw = await read_raw(request, cap)
    return await run_in_threadpool(inflated, request, raw, cap)


def inflated(request: Request, raw: bytes, cap: int = BODY_MAX_BYTES) -> bytes:
    """The body that came as `raw`. For a worker thread; raises as `read_body` does."""
    encoding = _whole_header(request, "content-encoding").strip().lower()
    if encoding in ("identity", ""):
        return raw
    if encoding not in ("gzip", "x-gzip"):
        raise refuse(ENCODING)
    try:
        return gunzip(raw, cap)
    except TooLarge as e:
        raise refuse(TOO_LARGE) from e
    except Malformed as e:
        raise refuse(MALFORMED, "gzip") from e


def is_small(request: Request) -> bool:
    """Whether it says of itself that its body is of a size a phone sends."""
    told = request.headers.get("content-length", "")
    return told.isascii() and told.isdigit() and len(told) < 10 and int(told) <= _PHONES_SEND


async def read_raw(request: Request, cap: int = BODY_MAX_BYTES) -> bytes:
    """The body as it comes. Raises Problem `too_large` or `malformed` (cut)."""
    body, seen = bytearray(), 0
    try:
        async for chunk in request.stream():
            seen += len(chunk)
            if seen > _DRAIN_BYTES:
                break
            if seen <= cap:
                body += chunk
    except ClientDisconnect as e:
        raise refuse(MALFORMED, "cut") from e
    if seen > cap:
        raise refuse(TOO_LARGE)
    return bytes(body)


def answer(request: Request, body: bytes, media_type: str) -> Response:
    """A 200 with this body, gzipped where the client takes it and it is worth it. For a worker thread: packing takes
    its time.
    """
    headers = {}
    if len(body) >= GZIP_FROM and takes_gzip(_whole_header(request, "accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        body = _gzip(body)
    return Response(body, media_type=media_type, headers=headers)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip; what it says of gzip by name counts before what it says of all."""
    said: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        quality = weight.replace(" ", "").removeprefix("q=")
        said[name.strip()] = not quality or any(digit in "123456789" for digit in quality)
    return next((said[name] for name in ("gzip", "x-gzip", "*") if name in said), False)


def _whole_header(request: Request, name: str) -> str:
    """A header that may come in several lines is one list."""
    return ", ".join(request.headers.getlist(name))


def _gzip(body: bytes) -> bytes:
    packer = (
        zlib_ng.compressobj(_SMALL_LEVEL, wbits=31)
        if len(body) < _SMALL
        else isal_zlib.compressobj(_LARGE_LEVEL, wbits=31)
    )
    return packer.compress(body) + packer.flush()
