"""Ports of this machine."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import Final

# Below what a system gives to those who call (Linux: from 32768 on), so that nobody takes a port between two starts of a
# server; each of pytest-xdist's workers has its own.
_FIRST: Final = 20_000
_EACH: Final = 800
_SHARES: Final = 15


def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + worker % _SHARES * _EACH
    ports = [*range(first, first + _EACH)]
    start = os.getpid() % _EACH  # another run of the tests beside this one begins elsewhere
    return cycle(ports[start:] + ports[:start])


_ports: Final = _own_ports()


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on. Raises OSError where there is none."""
    for _ in range(_EACH):
        port = next(_ports)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "all of this run's ports are taken")
