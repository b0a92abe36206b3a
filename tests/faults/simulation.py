"""A seeded simulation of two officers, three phones and a branch, with everything going wrong in between.

    python -m tests.faults.simulation [--seed 1] [--n 100000]

Real stores, the real engine and the branch's own functions over its own database; only the wire is left out. A step
is one of: a save, a sync whose calls may be lost before or after they were done, a case moved or changed, an app
closed and opened again, a clock set to another year. At the end, and every so often: everything syncs to rest,
and every phone's check sum is its feed's, every confirmed record is at the branch once and in its phone's order.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from app.ports import SealBroken
from sync.branch import tables as t
from sync.protocol import Check, Unreachable
from tests.faults.ground import DirectBranch, Phone, say
from tests.support.branch_server import RunningBranch, figures_document

CASES = 12
REST_EVERY = 2_000
WORLD_STEPS = 10_000  # then a new branch with new phones: what has piled up makes every step slower


class Wrong(AssertionError):
    """Something is lost, doubled, out of order or different on two sides."""


class World:
    """A branch, its phones and a random number generator that decides."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.branch = RunningBranch(folder / "branch")
        self.counts: Counter[str] = Counter()
        for officer in ("w001", "w002"):
            self.branch.officer(officer)
        self.cases = [self.branch.case(self.rng.choice(("w001", "w002"))) for _ in range(CASES)]
        self.phones = [Phone(folder / f"phone{n}", o) for n, o in enumerate(("w001", "w001", "w002"))]

    async def begin(self) -> None:
        for phone in self.phones:
            await phone.open()
            await phone.enrol(self._wire(phone), self.branch.code(phone.officer_id))
            await phone.sync(self._wire(phone))

    def _wire(self, phone: Phone, luck: Callable[[], str] = lambda: "") -> DirectBranch:
        return DirectBranch(self.branch.office, phone.secret, luck)

    def _bad_luck(self) -> str:
        return self.rng.choices(("", "before", "after"), (8, 1, 2))[0]

    async def step(self) -> None:
        phone = self.rng.choice(self.phones)
        kind = self.rng.choices(("save", "sync", "move", "change", "reopen", "clock"), (50, 30, 4, 8, 4, 4))[
            0
        ]
        self.counts[kind] += 1
        match kind:
            case "save":
                mine = [d.id for d in await phone.store.documents([("case", c) for c in self.cases])]
                if mine:
                    await phone.record(self.rng.choice(mine), self.rng.randint(1, 3))
            case "sync":
                try:
                    await phone.sync(self._wire(phone, self._bad_luck))
                except Unreachable:
                    self.counts["cut"] += 1
            case "move":
                self.branch.move(self.rng.choice(self.cases), self.rng.choice(("w001", "w002")))
            case "change":
                principal = f"{self.rng.randrange(10**6)}.00"
                figures = figures_document(principal_outstanding=principal)
                self.branch.update("figures", self.rng.choice(self.cases), figures)
            case "reopen":
                await phone.close()
                await phone.open()
            case _:
                phone.clock.off = timedelta(days=self.rng.randint(-3650, 3650))

    async def rest(self) -> None:
        """Sync to rest and compare. Raises Wrong."""
        for _ in range(2):
            for phone in self.phones:
                report = await phone.sync(self._wire(phone))
                if report.mismatch or report.started_anew or report.quarantined:
                    raise Wrong(f"{report}")
        for phone in self.phones:
            await self._compare(phone)

    async def _compare(self, phone: Phone) -> None:
        act, feed = t.activity.c, t.feed.c
        with self.branch.office.reading() as conn:
            mine = feed.officer_id == phone.officer_id
            count, total = conn.execute(select(feed.count, feed.sum).where(mine)).one()
            asked = select(act.activity_id).where(act.device_id == phone.store.device_id).order_by(act.seq)
            there = list(conn.scalars(asked))
        if await phone.store.check() != Check(count, int(total, 16)):
            raise Wrong("the check sums differ")
        journal = [e.activity_id for e in await phone.store.journal()]
        if not there == journal == phone.saved:
            raise Wrong(f"branch {len(there)}, journal {len(journal)}, confirmed {len(phone.saved)}")
        try:
            problems = await phone.store.doctor()
        except SealBroken as e:
            raise Wrong("a row does not open") from e
        if problems:
            raise Wrong("; ".join(m.text for m in problems))

    async def end(self) -> None:
        for phone in self.phones:
            await phone.close()
        self.branch.close()


async def simulate(folder: Path, seed: int, steps: int) -> Counter[str]:
    """What was done, by kind. Raises Wrong."""
    world = World(folder, seed)
    await world.begin()
    for n in range(1, steps + 1):
        await world.step()
        if n % REST_EVERY == 0:
            await world.rest()
            say(f"  seed {seed}: {n:,} steps")
    await world.rest()
    world.counts["records"] = sum(len(p.saved) for p in world.phones)
    await world.end()
    return world.counts


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=100_000, help="steps")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for world, begun in enumerate(range(0, options.n, WORLD_STEPS)):
        steps = min(WORLD_STEPS, options.n - begun)
        with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
            counts += asyncio.run(simulate(Path(scratch), options.seed + world, steps))
    say(f"seed {options.seed}, {options.n:,} steps: 0 lost, 0 doubled, the same sums on every side")
    say("  " + ", ".join(f"{kind} {n:,}" for kind, n in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
