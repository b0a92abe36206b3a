"""The link cut after every byte, both ways, of binding, push, pull and a file of 1 KiB.

    python -m tests.faults.links [--all | --n 40]

A TCP relay forwards so many bytes in one direction and resets both ends. After each cut the same is done again
without one: nothing is lost or doubled, the check sum holds, the cursor was never ahead of its documents, and the file
is at the branch byte for byte.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import select

from app import VERSION
from sync.branch import tables as t
from sync.client import HttpBranch
from sync.engine import Engine, SyncReport
from sync.protocol import Check, Unreachable
from tests.faults.ground import Phone, say
from tests.support.branch_server import RunningBranch, figures_document
from tests.support.relay import Relay, relay_to

BLOB_BYTES: Final = 1024
PARTS: Final = ("enrol", "push", "pull", "blob")
Work = Callable[[HttpBranch], Awaitable[object]]


class Links:
    """A branch, a phone and the relay between them."""

    def __init__(self, folder: Path, branch: RunningBranch, relay: Relay) -> None:
        self._folder, self._branch, self._relay = folder, branch, relay
        self.counts: Counter[str] = Counter()
        self.case_id = branch.case()
        self.phone = Phone(folder / "phone")
        self._figures = 0
        self._random = random.Random(1)
        self._seen = (0, 0)

    async def begin(self) -> None:
        await self.phone.open()
        await self._with_branch(self._enrolled(self.phone, self._branch.code()))
        await self._with_branch(self.phone.sync)

    @asynccontextmanager
    async def _branch_of(self, phone: Phone) -> AsyncIterator[HttpBranch]:
        branch = HttpBranch(self._relay.address, phone.secret, VERSION)
        try:
            yield branch
        finally:
            await branch.close()

    async def _with_branch(self, work: Work) -> None:
        """Raises Unreachable, also where only a file did not get through."""
        async with self._branch_of(self.phone) as branch:
            done = await work(branch)
        if isinstance(done, SyncReport) and done.files_trouble is not None:
            raise done.files_trouble

    def _enrolled(self, phone: Phone, code: str) -> Work:
        return lambda branch: phone.enrol(branch, code)

    async def enrol(self, up: int | None, down: int | None) -> bool:
        """A new phone binds; the same code again after a cut. Whether it was cut."""
        phone = Phone(self._folder / f"new{self.counts.total()}")
        await phone.open()
        asked = self._enrolled(phone, self._branch.code())
        cut = await self._cut(asked, up, down)
        await self._with_branch(asked)
        await phone.close()
        return cut

    async def push(self, up: int | None, down: int | None) -> bool:
        """One more record is handed in."""
        await self.phone.record(self.case_id)
        return await self._synced(up, down)

    async def pull(self, up: int | None, down: int | None) -> bool:
        """The figures have changed."""
        self._figures += 1
        changed = figures_document(principal_outstanding=f"{self._figures}.00")
        self._branch.update("figures", self.case_id, changed)
        return await self._synced(up, down)

    async def blob(self, up: int | None, down: int | None) -> bool:
        """The file of a record that has been handed in; another one each time."""
        photo = self._random.randbytes(BLOB_BYTES)
        [activity_id] = await self.phone.record(self.case_id, photo=photo)
        await self._with_branch(lambda branch: Engine(branch, self.phone.store, self.phone.clock).text())
        cut = await self._synced(up, down, self.phone.send_files)
        sha256 = hashlib.sha256(photo).hexdigest()
        async with self._branch_of(self.phone) as branch:
            if await branch.file(activity_id, sha256) != photo:
                raise AssertionError("the file is another one")
        return cut

    async def _synced(self, up: int | None, down: int | None, work: Work | None = None) -> bool:
        cut = await self._cut(work or self.phone.sync, up, down)
        if await self.phone.store.doctor():
            raise AssertionError("the store is not sound after a cut")
        await self._with_branch(self.phone.sync)
        await self._compare()
        return cut

    async def _cut(self, work: Work, up: int | None, down: int | None) -> bool:
        self._relay.set(up, down)
        try:
            await self._with_branch(work)
        except Unreachable:
            return True
        finally:
            self._seen = (self._relay.up, self._relay.down)
            self._relay.set()
        return False

    async def _compare(self) -> None:
        act, feed = t.activity.c, t.feed.c
        with self._branch.office.reading() as conn:
            count, total = conn.execute(select(feed.count, feed.sum).where(feed.officer_id == "w001")).one()
            there = list(conn.scalars(select(act.activity_id).order_by(act.seq)))
        if there != self.phone.saved:
            raise AssertionError(f"confirmed {len(self.phone.saved)}, at the branch {len(there)}")
        if await self.phone.store.check() != Check(count, int(total, 16)):
            raise AssertionError("the check sums differ")

    def parts(self) -> dict[str, Callable[[int | None, int | None], Awaitable[bool]]]:
        return dict(zip(PARTS, (self.enrol, self.push, self.pull, self.blob), strict=True))

    async def size(self, what: Callable[[int | None, int | None], Awaitable[bool]]) -> tuple[int, int]:
        """Bytes up and down of one uncut run."""
        await what(None, None)
        return self._seen


async def sweep(folder: Path, samples: int | None, only: str = "") -> dict[str, tuple[int, int]]:
    """Per operation how many places were tried and how many of them cut it; `samples` None: after every byte."""
    branch = RunningBranch(folder / "branch")
    branch.officer()
    branch.start()
    found = {}
    try:
        async with relay_to(branch.port) as relay:
            links = Links(folder, branch, relay)
            await links.begin()
            for name, what in links.parts().items():
                if only not in ("", name):
                    continue
                tried = cut = 0
                up, down = await links.size(what)
                for at_up, at_down in [(n, None) for n in _places(up, samples)] + [
                    (None, n) for n in _places(down, samples)
                ]:
                    links.counts[name] += 1
                    tried += 1
                    cut += await what(at_up, at_down)
                found[name] = (tried, cut)
                say(
                    f"{name}: cut after {tried:,} places, {cut:,} of them felt; 0 lost, 0 doubled, cursor never ahead"
                )
            await links.phone.close()
    finally:
        branch.close()
    return found


def _places(size: int, samples: int | None) -> Iterable[int]:
    step = 1 if samples is None else max(1, size // samples)
    return range(0, size, step)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="after every byte")
    parser.add_argument("--n", type=int, default=40, help="places a direction")
    parser.add_argument("--only", choices=PARTS, default="", help="one part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        asyncio.run(sweep(Path(scratch), None if options.all else options.n, options.only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
