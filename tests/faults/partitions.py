"""Five to ten phones that record 10 to 40 times a second for 100 seconds while their links come and go.

    python -m tests.faults.partitions [--runs 20] [--seconds 100] [--seed 1] [--at-once 4]

A branch as a process of its own, every phone behind a relay of its own. All the while some of them are cut off, are heard
and get no answer, or stand still; cases move; now and then the branch is killed and started again. Then all links are
healed, and everything syncs to rest: the same on every side, nothing lost, nothing doubled (tests/faults/world.py). A
run in which anything else happens has failed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app import VERSION
from sync.client import HttpBranch
from sync.engine import Branch
from tests.faults.ground import Phone, say
from tests.faults.world import OFFICERS, World, Wrong
from tests.support.relay import Relay, relay_to

CASES: Final = 20
PHONES: Final = (5, 10)
RATE: Final = (10, 40)  # records a second, of all phones together
PHOTO_EVERY: Final = 100  # records
APART_S: Final = (0.2, 5.0)
TOGETHER_S: Final = (0.2, 2.0)
BETWEEN_SYNCS_S: Final = (0.0, 1.0)
KILLED: Final = 0.1  # of the partitions are the branch's own death


@dataclass(frozen=True)
class Run:
    """What is done in one run; `seconds` of trouble before all is healed."""

    seed: int
    phones: int
    rate: int
    seconds: float

    @classmethod
    def of(cls, seed: int, seconds: float) -> Run:
        rng = random.Random(seed)
        return cls(seed, rng.randint(*PHONES), rng.randint(*RATE), seconds)


class Network(World):
    """A world whose phones have links that can be cut."""

    def __init__(self, folder: Path, run: Run) -> None:
        super().__init__(folder, CASES, [OFFICERS[n % 2] for n in range(run.phones)], process=True)
        self._run = run
        self._rng = random.Random(run.seed)
        self._links: dict[Phone, Relay] = {}
        self._stack = AsyncExitStack()
        self._over = asyncio.Event()

    def wire(self, phone: Phone, luck: Callable[[], str] = lambda: "") -> Branch:
        return HttpBranch(self._links[phone].address, phone.secret, VERSION)

    async def begin(self) -> None:
        await asyncio.to_thread(self.branch.start)
        await super().begin()

    async def bind(self, phone: Phone) -> None:
        self._links[phone] = await self._stack.enter_async_context(relay_to(self.branch.port))
        await super().bind(phone)

    async def trouble(self) -> None:
        """Everybody at work, and the network against them; at the end all links are healed."""
        work = [self._record(), self._clerk(), self._part(), *map(self._keep_syncing, self.phones)]
        tasks = [asyncio.create_task(w) for w in work]
        await asyncio.wait(tasks, timeout=self._run.seconds, return_when=asyncio.FIRST_EXCEPTION)
        self._over.set()
        self._heal()
        await asyncio.gather(*tasks)

    async def _pause(self, seconds: float) -> None:
        """Until then, or until it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    async def _record(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._over.is_set():
            photo = self._rng.randbytes(1_000) if self._rng.randrange(PHOTO_EVERY) == 0 else b""
            await self.save(self._rng.choice(self.phones), self._rng.randrange(CASES), photo=photo)
            due += 1 / self._run.rate
            await self._pause(max(0.0, due - loop.time()))

    async def _keep_syncing(self, phone: Phone) -> None:
        while not self._over.is_set():
            await self.sync(phone)
            self.counts["syncs"] += 1
            await self._pause(self._rng.uniform(*BETWEEN_SYNCS_S))

    async def _clerk(self) -> None:
        while not self._over.is_set():
            await self._pause(self._rng.uniform(*BETWEEN_SYNCS_S))
            case = self._rng.randrange(CASES)
            if self._rng.random() < 0.5:
                await asyncio.to_thread(self.change, case)
            else:
                await asyncio.to_thread(self.move, case, self._rng.randrange(2))

    async def _part(self) -> None:
        while not self._over.is_set():
            if self._rng.random() < KILLED:
                await asyncio.to_thread(self.branch.kill)
                await asyncio.to_thread(self.branch.start)
                self.counts["killed"] += 1
            for phone in self._rng.sample(self.phones, self._rng.randint(1, len(self.phones))):
                self._cut_off(self._links[phone])
            self.counts["partitions"] += 1
            await self._pause(self._rng.uniform(*APART_S))
            self._heal()
            await self._pause(self._rng.uniform(*TOGETHER_S))

    def _cut_off(self, link: Relay) -> None:
        match self._rng.randrange(4):
            case 0:
                link.set(up=0)
            case 1:
                link.set(down=0)  # heard, and never answered
            case 2:
                link.set(down=self._rng.randrange(3_000))
            case _:
                link.open.clear()

    def _heal(self) -> None:
        for link in self._links.values():
            link.set()
            link.open.set()

    async def end(self) -> None:
        await self._stack.aclose()
        await super().end()


async def once(folder: Path, run: Run) -> Counter[str]:
    """What was done. Raises Wrong."""
    network = Network(folder, run)
    try:
        await network.begin()
        await network.trouble()
        await network.rest()
    finally:
        await network.end()
    return network.counts


def judged(run: Run) -> tuple[bool, str]:
    """Whether it went well, and its line."""
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        what = f"run {run.seed}: {run.phones} phones, {run.rate} records/s"
        try:
            counts = asyncio.run(once(Path(scratch), run))
        except Wrong as e:
            return False, f"{what}: WRONG, {e}"
    told = ", ".join(
        f"{counts[k]:,} {k}" for k in ("records", "photos", "syncs", "cut", "partitions", "killed")
    )
    return True, f"{what}: {told}; the same on every side"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each has the next one")
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    runs = [Run.of(options.seed + n, options.seconds) for n in range(options.runs)]
    failed = 0
    with ProcessPoolExecutor(options.at_once) as pool:
        for well, line in pool.map(judged, runs):
            failed += not well
            say(line)
    say(f"{options.runs} runs of {options.seconds:g} s: {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
