"""Listening until told to stop."""

from __future__ import annotations

import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from app.domain.message import Message
from sync.branch.errors import BranchError
from sync.branch.http.api import create_app
from sync.branch.office import Office

_BACKLOG: Final = 2048
_KEEP_ALIVE_S: Final = 30
_FINISH_S: Final = 10


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


def address_of(bound: socket.socket) -> str:
    """`http://host:port` of a listening socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class BranchServer(uvicorn.Server):
    """uvicorn that says when it really listens, and ends with 0 when asked to stop."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

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
    office: Office, listening: Callable[[], None], behind_proxy: str | None = None
) -> BranchServer:
    """A server for an open Office, not yet running. `behind_proxy`: whose X-Forwarded-For counts."""
    config = uvicorn.Config(
        create_app(office),
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
    )
    return BranchServer(config, listening)


def serve_until_stopped(
    office: Office,
    bound: socket.socket,
    tell: Callable[[str], None],
    behind_proxy: str | None = None,
) -> None:
    """Serve on a listening socket; `tell` gets the address once connections are taken."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = make_server(office, lambda: tell(address_of(bound)), behind_proxy)
    server.run(sockets=[bound])
