"""The link cut after every byte, both ways, of binding, push, pull and a file of 1 KiB.

    python -m tests.faults.links [--all --at-once 2 | --n 40]

A TCP relay forwards so many bytes in one direction and resets both ends. After each cut the same is done again
without one: nothing is lost or doubled, the check sum holds, the cursor was never ahead of its documents, and the file
is at the branch byte for byte.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import select

from app import VERSION
from sync.branch import tables as t
from sync.client import HttpBranch
from sync.engine import Engine, SyncReport
from sync.protocol import Check, Unreachable
from tests.faults.ground import Phone, say
from tests.support.branch_server import RunningBranch, figures_document, recovery_keys
from tests.support.relay import Relay, relay_to

BLOB_BYTES: Final = 1024
PARTS: Final = ("enrol", "push", "pull", "blob")
WAYS: Final = (True, False)  # up, down
IN_ONE_WORLD: Final = 100  # places
Work = Callable[[HttpBranch], Awaitable[object]]
Part = Callable[[int | None, int | None], Awaitable[bool]]
"""One time with the link cut after so many bytes up or down; whether it was cut."""


@dataclass(frozen=True)
class Stretch:
    """Where one part is cut, upwards or down; `to_the_end`: beyond its places too, until nothing is cut any more."""

    part: str
    upwards: bool
    places: range
    to_the_end: bool = False


class Cuts(NamedTuple):
    """Places tried, and how many of them broke the work off."""

    tried: int
    felt: int


class Links:
    """A branch, a phone and the relay between them."""

    def __init__(self, folder: Path, branch: RunningBranch, relay: Relay) -> None:
        self._folder, self._branch, self._relay = folder, branch, relay
        self._numbers = itertools.count()
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
        phone = Phone(self._folder / f"new{next(self._numbers)}")
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

    def parts(self) -> dict[str, Part]:
        return dict(zip(PARTS, (self.enrol, self.push, self.pull, self.blob), strict=True))

    async def size(self, part: Part) -> tuple[int, int]:
        """Bytes up and down of one uncut run."""
        await part(None, None)
        return self._seen

    async def cut_at(self, stretch: Stretch) -> Cuts:
        """Every place of it. Raises AssertionError where something is lost, doubled or ahead."""
        part, tried, felt = self.parts()[stretch.part], 0, 0
        for place in stretch.places if not stretch.to_the_end else itertools.count(stretch.places.start):
            was_cut = await part(*((place, None) if stretch.upwards else (None, place)))
            if not was_cut and stretch.to_the_end and place >= stretch.places.stop:
                break
            tried, felt = tried + 1, felt + was_cut
        return Cuts(tried, felt)


@asynccontextmanager
async def new_links(folder: Path) -> AsyncIterator[Links]:
    branch = RunningBranch(folder / "branch")
    branch.officer()
    branch.start()
    try:
        async with relay_to(branch.port) as relay:
            links = Links(folder, branch, relay)
            await links.begin()
            yield links
            await links.phone.close()
    finally:
        branch.close()


async def sample(folder: Path, places: int, only: str = "") -> dict[str, Cuts]:
    """So many places each way of every part, or of one."""
    found = {}
    async with new_links(folder) as links:
        for name, part in links.parts().items():
            if only in ("", name):
                sizes = await links.size(part)
                stretches = [
                    Stretch(name, way, range(0, n, max(1, n // places)))
                    for way, n in zip(WAYS, sizes, strict=True)
                ]
                found[name] = _sum([await links.cut_at(s) for s in stretches])
    return found


def sweep(at_once: int, only: str = "") -> dict[str, Cuts]:
    """Every place, each hundred of them with a branch and a phone of their own: what piles up makes every place slower."""
    recovery_keys()  # once for all worlds
    with ProcessPoolExecutor(at_once) as pool:
        names = [name for name in PARTS if only in ("", name)]
        sizes = list(pool.map(_sizes, names))
        running = {
            name: [pool.submit(_in_a_world, s) for s in _stretches(name, both)]
            for name, both in zip(names, sizes, strict=True)
        }
        found = {}
        for name, stretches in running.items():
            found[name] = _sum([s.result() for s in stretches])
            say(f"{name}: {told(found[name])}")
    return found


def _stretches(part: str, sizes: tuple[int, int]) -> list[Stretch]:
    """Sizes differ by a few bytes from run to run: the last stretch each way goes on until nothing is cut any more."""
    return [
        Stretch(part, upwards, range(at, min(at + IN_ONE_WORLD, size)), to_the_end=at + IN_ONE_WORLD >= size)
        for upwards, size in zip(WAYS, sizes, strict=True)
        for at in range(0, size, IN_ONE_WORLD)
    ]


def _sizes(part: str) -> tuple[int, int]:
    async def measure(folder: Path) -> tuple[int, int]:
        async with new_links(folder) as links:
            return await links.size(links.parts()[part])

    with _scratch() as scratch:
        return asyncio.run(measure(Path(scratch)))


def _in_a_world(stretch: Stretch) -> Cuts:
    async def cut(folder: Path) -> Cuts:
        async with new_links(folder) as links:
            return await links.cut_at(stretch)

    with _scratch() as scratch:
        return asyncio.run(cut(Path(scratch)))


def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="waifang-faults-")


def _sum(cuts: Iterable[Cuts]) -> Cuts:
    return Cuts(*map(sum, zip(*cuts, strict=True)))


def told(cuts: Cuts) -> str:
    return (
        f"cut after {cuts.tried:,} places, {cuts.felt:,} of them felt; 0 lost, 0 doubled, cursor never ahead"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="after every byte")
    parser.add_argument("--at-once", type=int, default=2, help="processes, with --all")
    parser.add_argument("--n", type=int, default=40, help="places a direction")
    parser.add_argument("--only", choices=PARTS, default="", help="one part")
    options = parser.parse_args()
    if options.all:
        sweep(options.at_once, options.only)
        return 0
    with _scratch() as scratch:
        for name, cuts in asyncio.run(sample(Path(scratch), options.n, options.only)).items():
            say(f"{name}: {told(cuts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
