"""Our phone among the peers: the real sealed store, the real engine, the real client.."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from app import VERSION
from app.device.clock import SystemClock
from app.device.sealing import AesGcmSealer
from app.store.opening import open_store
from app.store.sealed import SealedStore
from sync.client import HttpBranch
from sync.engine import Engine
from sync.protocol import EnrolRequest
from tests.bench.peers.control import given, serve
from tests.bench.peers.documents import OFFICER, chained
from tests.bench.peers.peer_server import CODE_FILE


class EngineClock:
    """Milliseconds of the phone's own clocks."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return SystemClock().monotonic_ms()


class Client:
    """A bound phone over CDIR."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._store: SealedStore
        self._branch: HttpBranch

    def run(
        self, work: Callable[[], Awaitable[dict[str, Any] | None]]
    ) -> Callable[[], dict[str, Any] | None]:
        """The command as a plain call; one loop for all, so that the connection stays open."""
        return lambda: self._loop.run_until_complete(work())

    async def open(self) -> None:
        """An empty store, bound to the branch with a code."""
        url, secret = os.environ["URL"], secrets.token_urlsafe(32)
        self._store = await open_store(
            Path(os.environ["CDIR"]), AesGcmSealer(secrets.token_bytes(32)), SystemClock()
        )
        stranger = HttpBranch(url, "", VERSION)
        code = (Path(os.environ["SDIR"]) / CODE_FILE).read_text()
        await stranger.enrol(
            EnrolRequest(code, OFFICER, self._store.device_id, secret, "bench", "linux", VERSION)
        )
        await stranger.close()
        self._branch = HttpBranch(url, secret, VERSION)
        gc.freeze()  # as the notebook does when it is opened

    async def pull(self) -> dict[str, Any]:
        """All that is new, to the feed's end; how many cases are held, how many of them a second time."""
        answer = await self._pull()
        versions = Counter(d.version for d in await self._store.documents() if d.kind == "case")
        return {**answer, "count": versions.total(), "v2": versions[2]}

    async def none(self) -> dict[str, Any]:
        """Nothing has changed."""
        return await self._pull()

    async def _pull(self) -> dict[str, Any]:
        start = time.perf_counter()
        report = await self._engine()._pull(lambda _: None, anew=False)
        spent = time.perf_counter() - start
        if report.mismatch or report.started_anew:
            raise RuntimeError(f"the feed's check does not hold: {report}")
        return {"s": spent}

    async def local(self) -> None:
        """The activities, saved on the phone and not yet sent."""
        rows, store = given("acts"), self._store
        for at in range(0, len(rows), 100):
            await store.append(lambda head, at=at: chained(rows[at : at + 100], store.device_id, head))

    async def push(self) -> dict[str, Any]:
        """All of them handed in and acknowledged."""
        start = time.perf_counter()
        report = await self._engine()._push(lambda _: None)
        spent = time.perf_counter() - start
        if (report.pushed, report.quarantined) != (len(given("acts")), 0):
            raise RuntimeError(f"not all stand: {report}")
        return {"s": spent}

    def _engine(self) -> Engine:
        return Engine(self._branch, self._store, EngineClock())


if __name__ == "__main__":
    phone = Client()
    serve(
        {
            "open": phone.run(phone.open),
            "pull": phone.run(phone.pull),
            "none": phone.run(phone.none),
            "delta": phone.run(phone.pull),
            "local": phone.run(phone.local),
            "push": phone.run(phone.push),
        }
    )
