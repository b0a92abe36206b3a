"""Listening until told to stop."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from app.domain.message import Message
from sync.branch.errors import BranchError
from sync.branch.http.api import create_app
from sync.branch.http.patience import PATIENCE, Patience, PatientProtocol
from sync.branch.http.webapp import build_in_background
from sync.branch.office import Office

_BACKLOG: Final = 2048
_KEEP_ALIVE_S: Final = 30
_FINISH_S: Final = 10
_TURN_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate's chain and its key, both PEM files."""

    cert: Path
    key: Path


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; port 0 takes a free one. Raises BranchError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as e:
        raise BranchError(
            Message(
                "Cannot listen on {host} port {port}: it is taken, or not an address of this machine.",
                {"host": host, "port": str(port)},
            )
        ) from e
    with bound:
        yield bound


def is_loopback(bound: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return ipaddress.ip_address(bound.getsockname()[0]).is_loopback


def address_of(bound: socket.socket, tls: Tls | None = None) -> str:
    """`http://host:port` of a listening socket, https with TLS."""
    host, port = bound.getsockname()[:2]
    scheme = "http" if tls is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class BranchServer(uvicorn.Server):
    """uvicorn that says when it really listens, and ends with 0 when asked to stop."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's, ten times a second; each second the connections are looked at."""
        if counter % 10 == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, PatientProtocol):
                    connection.look(now)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, then tell."""
        await super().startup(sockets)
        if self.started:
            self._listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C end serving; uvicorn itself would raise them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)


def make_server(
    office: Office,
    listening: Callable[[], None],
    behind_proxy: str | None = None,
    tls: Tls | None = None,
    patience: Patience = PATIENCE,
    webapp_in: Path | None = None,
) -> BranchServer:
    """A server for an open Office, not yet running. `behind_proxy`: whose X-Forwarded-For counts.

    Raises BranchError where the certificate and its key cannot be used.
    """
    config = uvicorn.Config(
        create_app(office, webapp_in=webapp_in),
        log_config=None,
        access_log=False,  # it would write cursors; http/guard.py logs instead
        server_header=False,
        proxy_headers=behind_proxy is not None,
        forwarded_allow_ips=behind_proxy,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_FINISH_S,
        backlog=_BACKLOG,
        lifespan="off",
        ws="none",
        http=type("_Protocol", (PatientProtocol,), {"patience": patience}),
        ssl_certfile=tls.cert if tls is not None else None,
        ssl_keyfile=tls.key if tls is not None else None,
        # Without it OpenSSL would ask at the terminal for the key's passphrase.
        ssl_keyfile_password="" if tls is not None else None,
    )
    try:
        config.load()
    except OSError as e:  # ssl.SSLError is one
        raise BranchError(
            Message(
                "The certificate and its key cannot be used: they must be PEM files that belong together."
            )
        ) from e
    return BranchServer(config, listening)


def settle_down() -> None:
    """What a process does once before it only serves."""
    # What is loaded now stays: looking through it for garbage again and again costs a tenth of a busy hour.
    gc.collect()
    gc.freeze()
    # An answer that is ready waits for the interpreter as long as this while another phone's records are stored.
    sys.setswitchinterval(_TURN_S)


def serve_until_stopped(
    office: Office,
    bound: socket.socket,
    tell: Callable[[str], None],
    behind_proxy: str | None = None,
    tls: Tls | None = None,
    webapp_in: Path | None = None,
) -> None:
    """Serve on a listening socket; `tell` gets the address once connections are taken."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = make_server(office, lambda: tell(address_of(bound, tls)), behind_proxy, tls, webapp_in=webapp_in)
    settle_down()
    if webapp_in is not None:
        build_in_background(webapp_in)
    server.run(sockets=[bound])
