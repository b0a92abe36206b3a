"""The branch over HTTP. The only place that knows httpx.

Success is the documented status, the protocol header, and a body that is whole. A captive portal's 200, a cut
answer, a redirect or a proxy's error page are all `Unreachable`: nothing applied, nothing acknowledged.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx

from sync.protocol import (
    APP_HEADER,
    BASE,
    BODY_MAX_BYTES,
    PROTOCOL,
    PROTOCOL_HEADER,
    TUS_HEADER,
    TUS_VERSION,
    EnrolAnswer,
    EnrolRequest,
    HandedIn,
    Hello,
    Malformed,
    Packed,
    Page,
    PushAnswer,
    PushRequest,
    Refused,
    Unreachable,
    gunzip,
)

if TYPE_CHECKING:
    import ssl

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0).as_dict()

_Frame = TypeVar("_Frame", Hello, HandedIn, EnrolAnswer, PushAnswer, Page)


class BadAddress(ValueError):
    """A server address that cannot be one; `why` is `not_an_address` or `needs_tls`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def server_address(text: str) -> str:
    """`scheme://host[:port]` from what an officer typed; https where no scheme was given, except on loopback.

    Raises BadAddress, also for plain HTTP to another machine (protocol.md: TLS outside loopback).
    """
    typed = text.strip().translate(str.maketrans("：／．。", ":/.."))
    if not typed or any(c.isspace() for c in typed):
        raise BadAddress("not_an_address")
    guessed = typed if "://" in typed else f"//{typed}"
    try:
        parts = urlsplit(guessed)
        host, port = parts.hostname or "", parts.port
    except ValueError as e:
        raise BadAddress("not_an_address") from e
    scheme = parts.scheme or ("http" if _is_loopback(host) else "https")
    if not host or scheme not in ("http", "https") or parts.path.strip("/") or parts.query or parts.username:
        raise BadAddress("not_an_address")
    if scheme == "http" and not _is_loopback(host):
        raise BadAddress("needs_tls")
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _trusted() -> ssl.SSLContext:
    """httpx's own trust, read once: it takes tens of milliseconds, and every sync makes a client."""
    return httpx.create_ssl_context()


@cache
def _nobody() -> ssl.SSLContext:
    """For plain HTTP to this machine: trusts no certificate, so nothing has to be read."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trust(address: str) -> ssl.SSLContext:
    return _trusted() if address.startswith("https:") else _nobody()


class HttpBranch:
    """The branch server at `server`; `token` is the device's secret, empty before it is bound."""

    def __init__(
        self, server: str, token: str, app_version: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        headers = {APP_HEADER: app_version, "Accept-Encoding": "gzip"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._address = address = server_address(server)
        # No others go out: Accept, Connection and User-Agent say nothing, in ninety bytes a call.
        self._headers = headers
        self._http = httpx.AsyncClient(
            transport=transport, verify=_trust(address) if transport is None else False
        )

    async def hello(self) -> Hello:
        """Raises Unreachable or Refused, as every call here."""
        return await self._call(Hello, "GET", "/hello")

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Bind this phone; the same request gets the same answer again."""
        return await self._call(EnrolAnswer, "POST", "/enrol", request.encode(), "application/json")

    async def push(self, request: PushRequest) -> PushAnswer:
        """Hand in records and declare the head."""
        return await self._call(PushAnswer, "POST", "/push", request.packed, "application/octet-stream")

    async def pull(self, cursor: str, *, own: bool = False) -> Page:
        """The next page of the feed."""
        asked = f"/pull?cursor={quote(cursor, safe='')}" + ("&own=1" if own else "")
        return await self._call(Page, "GET", asked)

    async def hand_in(self, content: bytes) -> HandedIn:
        """Hand in a sealed journal; it needs no token. The branch has kept these bytes and no others."""
        kept = await self._call(HandedIn, "POST", "/handin", content, "application/octet-stream")
        if kept.sha256 != hashlib.sha256(content).hexdigest():
            raise Unreachable("not_the_branch")
        return kept

    # ---- files, by tus 1.0

    async def create_upload(self, activity_id: str, sha256: str, size: int) -> str:
        """Begin the upload of a file (`size` bytes); returns its address, a path of this branch."""
        told = {"activity_id": activity_id, "sha256": sha256}
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in told.items())
        answer = await self._tus(
            "POST", f"{BASE}/blobs", 201, {"Upload-Length": str(size), "Upload-Metadata": metadata}
        )
        return self._path_of(answer.headers.get("Location", ""))

    async def upload_offset(self, address: str) -> int:
        """How many bytes of the upload have arrived. Refused 404, 403 or 410: there is no such upload any more."""
        return _offset_in(await self._tus("HEAD", address, 200, {}))

    async def send_chunk(self, address: str, offset: int, chunk: bytes) -> int:
        """Send the bytes from `offset` on; returns how many have arrived. Refused 409: it stands elsewhere; 460: the
        whole file is not the one declared, and the upload is gone.
        """
        answer = await self._tus("PATCH", address, 204, {"Upload-Offset": str(offset)}, chunk)
        arrived = _offset_in(answer)
        if not offset < arrived <= offset + len(chunk):
            raise Unreachable("not_the_branch")
        return arrived

    async def file(self, activity_id: str, sha256: str) -> bytes:
        """A file of an activity; whole, or not at all."""
        path = f"{BASE}/activities/{quote(activity_id, safe='')}/blobs/{quote(sha256, safe='')}"
        _, content = await self._ask("GET", path, 200)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unreachable("cut")
        return content

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _tus(
        self, method: str, path: str, success: int, headers: dict[str, str], content: bytes = b""
    ) -> httpx.Response:
        if content:
            headers = {**headers, "Content-Type": "application/offset+octet-stream"}
        response, _ = await self._ask(
            method, path, success, {**headers, TUS_HEADER: TUS_VERSION}, content=content
        )
        if response.headers.get(TUS_HEADER) != TUS_VERSION:
            raise Unreachable("not_the_branch")
        return response

    def _path_of(self, location: str) -> str:
        """Only an address of the branch itself: the secret goes nowhere else."""
        found = urlsplit(urljoin(f"{self._address}{BASE}/blobs", location))
        if not location or f"{found.scheme}://{found.netloc}".lower() != self._address.lower():
            raise Unreachable("not_the_branch")
        return found.path + (f"?{found.query}" if found.query else "")

    async def _call(
        self,
        frame: type[_Frame],
        method: str,
        path: str,
        body: bytes | Packed = b"",
        media_type: str = "",
    ) -> _Frame:
        headers = {"Content-Type": media_type} if body else {}
        sent = body if isinstance(body, Packed) else Packed.of(body)
        if sent.gzipped:
            headers["Content-Encoding"] = "gzip"
        _, answer = await self._ask(method, BASE + path, 200, headers, sent.content)
        try:
            return frame.decode(answer)
        except Malformed as e:
            raise Unreachable("cut") from e

    async def _ask(
        self,
        method: str,
        path: str,
        success: int,
        headers: dict[str, str] | None = None,
        content: bytes = b"",
    ) -> tuple[httpx.Response, bytes]:
        """One call and its whole body. Raises Unreachable, or Refused for a problem the branch names."""
        # Made here and not by the client: merging in what it would set of itself costs as much as the sending.
        request = httpx.Request(
            method,
            self._address + path,
            headers=self._headers | (headers or {}),
            content=content or None,
            extensions={"timeout": _TIMEOUT},
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                answer = await _whole(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as e:
            raise Unreachable("timeout") from e
        except (httpx.ConnectError, httpx.UnsupportedProtocol) as e:
            raise Unreachable("no_connection") from e
        except httpx.HTTPError as e:
            raise Unreachable("cut") from e
        if response.headers.get(PROTOCOL_HEADER) != str(PROTOCOL):
            raise Unreachable("not_the_branch")
        if response.status_code != success:
            raise _refusal(response, answer)
        return response, answer


def _offset_in(response: httpx.Response) -> int:
    told = response.headers.get("Upload-Offset", "")
    if not (told.isascii() and told.isdigit()):
        raise Unreachable("not_the_branch")
    return int(told)


async def _whole(response: httpx.Response) -> bytes:
    """The body, inflated by our own capped reader. Raises Unreachable when it is cut or too large."""
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > BODY_MAX_BYTES:
            raise Unreachable("not_the_branch")
    if response.request.method == "HEAD":
        return b""
    declared = response.headers.get("Content-Length")
    if declared is not None and declared != str(len(raw)):
        raise Unreachable("cut")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return bytes(raw)
    if encoding != "gzip":
        raise Unreachable("not_the_branch")
    try:
        return gunzip(bytes(raw))
    except Malformed as e:
        raise Unreachable("cut") from e


def _refusal(response: httpx.Response, body: bytes) -> Refused | Unreachable:
    """The problem the branch names; anything else is not the branch's answer."""
    if response.headers.get("Content-Type", "").split(";")[0].strip() != "application/problem+json":
        return Unreachable("not_the_branch")
    if response.request.method == "HEAD":
        return Refused(response.status_code, "")  # a HEAD's problem has no body to name it
    try:
        problem: Any = json.loads(body)
    except ValueError:
        return Unreachable("cut")
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return Unreachable("not_the_branch")
    extra = {k: v for k, v in problem.items() if k != "code"}
    return Refused(
        response.status_code, problem["code"], extra, _seconds(response.headers.get("Retry-After"))
    )


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdigit() else None
