"""A connection before its request is one: how long it may take, and what is answered where it never becomes one.

A stranger who dribbles a request byte by byte holds nothing up; uvicorn waits for ever for the rest of a request.
Looked at once a second by the server (http/serving.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sync.branch.problems import MALFORMED, refuse
from sync.protocol import PROTOCOL, PROTOCOL_HEADER


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a request's head; for its body a start, then a least rate in bytes a second; connections at most."""

    head_s: float = 20.0
    head_bytes: int = 64 * 1024
    body_start_s: float = 30.0
    body_rate: float = 256.0
    connections: int = 2000


PATIENCE: Final = Patience()


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol that knows since when it waits for what."""

    patience = PATIENCE

    def connection_made(self, transport: Any) -> None:
        """asyncio. One connection too many is closed at once."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._came = 0
        self._waits_for: str | None = "head"
        if len(self.connections) > self.patience.connections:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """asyncio. A head that never ends is cut."""
        if self._waits_for is None:
            self._wait_for("head")
        self._came += len(data)
        super().data_received(data)
        if self._waits_for == "head" and self._came > self.patience.head_bytes:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP; as a problem, like every refusal."""
        problem = refuse(MALFORMED, msg)
        body = json.dumps(problem.to_json()).encode()
        head = [
            b"HTTP/1.1 400 Bad Request",
            b"content-type: application/problem+json",
            b"content-length: %d" % len(body),
            f"{PROTOCOL_HEADER}: {PROTOCOL}".encode(),
            b"cache-control: no-store",
            b"x-content-type-options: nosniff",
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join((*head, b"", body)))
        self.transport.close()

    def on_headers_complete(self) -> None:
        """The parser has the head."""
        super().on_headers_complete()
        self._wait_for("body")

    def on_message_complete(self) -> None:
        """The parser has all of the request."""
        super().on_message_complete()
        self._waits_for = None

    def look(self, now: float) -> None:
        """End the connection where its time is over; `now` in the loop's time."""
        waited = now - self._since
        late = waited > self.patience.head_s
        if self._waits_for == "body":
            late = waited > self.patience.body_start_s + self._came / self.patience.body_rate
        # While a body is not read on (its answer is being made), its sender is not the one who waits.
        if late and self._waits_for is not None and not self.flow.read_paused:
            self.transport.abort()

    def _wait_for(self, what: str) -> None:
        self._waits_for, self._since, self._came = what, self.loop.time(), 0
