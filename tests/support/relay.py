"""A TCP relay on loopback that can cut a link after any byte, as a tunnel does: both sides get a reset.

It can also be a firewall that forgot its links: whoever calls hears nothing at all, not even that the packet came.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_NO_LINGER = struct.pack("ii", 1, 0)
_ATTACH_FILTER, _DETACH_FILTER = 26, 27  # Linux
# A filter of one instruction: nothing of a packet is let in.
_NOTHING = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


class Relay:
    """Forwards to `port`. `cut_up` and `cut_down`: bytes from now on until the cut; None never. `up` and `down`: seen.

    `open` cleared: nothing passes and nothing is cut, until it is set again.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.address = ""
        self.cut_up: int | None = None
        self.cut_down: int | None = None
        self.up = self.down = 0
        self.open = asyncio.Event()
        self.open.set()
        self.listening: tuple[socket.socket, ...] = ()
        self._links: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}

    def set(self, up: int | None = None, down: int | None = None) -> None:
        """A new start of counting."""
        self.cut_up, self.cut_down = up, down
        self.up = self.down = 0

    def forget(self) -> None:
        """From now on packets of links there are and of new ones are dropped unseen, until `remember`. Linux only."""
        program = struct.pack("HP", 1, ctypes.addressof(_NOTHING))
        for sock in self._towards_callers():
            sock.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)

    def remember(self) -> None:
        """Packets come through again."""
        for sock in self._towards_callers():
            sock.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)

    def _towards_callers(self) -> list[socket.socket]:
        sockets = (ends[0].get_extra_info("socket") for ends in self._links.values())
        return [*self.listening, *(sock for sock in sockets if sock.fileno() >= 0)]

    async def link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a phone."""
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # nobody listens there just now
            _reset(writer)
            return
        me = asyncio.current_task()
        assert me is not None
        self._links[me] = (writer, back)
        ways = [
            asyncio.create_task(self._carry(reader, back, upwards=True)),
            asyncio.create_task(self._carry(there, writer, upwards=False)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in self._links.pop(me):
            _reset(end)

    async def close(self) -> None:
        """Cut what is still open."""
        links = dict(self._links)
        for ends in links.values():
            for end in ends:
                _reset(end)
        await asyncio.gather(*links)

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, upwards: bool
    ) -> None:
        while data := await source.read(65536):
            await self.open.wait()
            limit = self.cut_up if upwards else self.cut_down
            seen = self.up if upwards else self.down
            part = data if limit is None else data[: max(0, limit - seen)]
            if upwards:
                self.up += len(part)
            else:
                self.down += len(part)
            if part:
                sink.write(part)
                await sink.drain()
            if limit is not None and seen + len(data) >= limit:
                return


def _reset(end: asyncio.StreamWriter) -> None:
    sock: socket.socket | None = end.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    end.transport.abort()


@asynccontextmanager
async def relay_to(port: int) -> AsyncIterator[Relay]:
    """A listening relay; closed at the end."""
    relay = Relay(port)
    server = await asyncio.start_server(relay.link, "127.0.0.1", 0)
    relay.listening = tuple(server.sockets)
    relay.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield relay
        await relay.close()
