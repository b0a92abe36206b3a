"""Phones whose clocks are set up to ten years back or ahead, also in the middle of a sync.

    python -m tests.faults.clocks [--seed 1] [--syncs 1000]

Time is made up, so that it is known: a call takes up to three seconds each way, and the clock is set before it, while it
is away or just before its answer. Nothing is reordered (the branch has the records as they were saved, and so has the
phone), and wherever the branch's clock was measured, it was right to a second: that is what a round trip of two seconds,
the longest that is used, can hide when all of it is on one way.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import select

from sync.branch import tables as t
from sync.branch.office import Office
from sync.engine import SLOW_ROUND_TRIP_MS
from tests.faults.ground import DirectBranch, Phone, WanderingClock, say
from tests.support.branch_server import RunningBranch

DAYS: Final = 3_652
WAYS_S: Final = (0.001, 0.1, 0.5, 0.99, 1.9, 3.0)
AIM_S: Final = 1.0
_BEGIN: Final = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

_T = TypeVar("_T")


class Time:
    """What time it really is; the branch goes by it."""

    def __init__(self) -> None:
        self.at = _BEGIN

    def __call__(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class SetClock(WanderingClock):
    """A phone's clocks over that time."""

    def __init__(self, time: Time, rng: random.Random) -> None:
        super().__init__()
        self._time, self._rng = time, rng
        self.set = self.back = 0

    def now(self) -> datetime:
        return self._time.at + self.off

    def monotonic_ms(self) -> int:
        return int((self._time.at - _BEGIN) / timedelta(milliseconds=1))

    def maybe_set(self) -> None:
        """To anything within ten years."""
        if self._rng.random() < 0.3:
            before = self.off
            self.off = timedelta(days=self._rng.randint(-DAYS, DAYS), seconds=self._rng.random())
            self.set += 1
            self.back += self.off < before


class FarBranch(DirectBranch):
    """A call takes its time both ways, and the phone's clock is set at any moment of it."""

    def __init__(self, office: Office, phone: Phone, clock: SetClock, time: Time, rng: random.Random) -> None:
        super().__init__(office, phone.secret)
        self._clock, self._time, self._rng = clock, time, rng
        self.round_trip_ms = 0

    def _call(self, work: Callable[[], _T]) -> _T:
        begun = self._clock.monotonic_ms()
        self._way()
        answer = super()._call(work)
        self._way()
        self.round_trip_ms = self._clock.monotonic_ms() - begun
        return answer

    def _way(self) -> None:
        self._clock.maybe_set()
        self._time.passes(self._rng.choice(WAYS_S))
        self._clock.maybe_set()


@dataclass(frozen=True)
class Figures:
    """Counts, and the largest error of a measured offset in seconds."""

    records: int
    set: int
    back: int
    measured: int
    reordered: int
    error_s: float

    @property
    def well(self) -> bool:
        return self.reordered == 0 and self.error_s <= AIM_S


async def run(folder: Path, seed: int, syncs: int) -> Figures:
    """One phone that records and syncs so often."""
    rng, time = random.Random(seed), Time()
    branch = RunningBranch(folder / "branch", now=time)
    branch.officer()
    case_id = branch.case()
    clock = SetClock(time, rng)
    phone = Phone(folder / "phone")
    phone.clock = clock
    await phone.open()
    wire = FarBranch(branch.office, phone, clock, time, rng)
    await phone.enrol(wire, branch.code())
    await phone.sync(wire)
    measured, error_s = 0, 0.0
    for _ in range(syncs):
        for _ in range(rng.randint(1, 3)):
            clock.maybe_set()
            await phone.record(case_id)
            time.passes(rng.uniform(1, 600))
        await phone.sync(wire)
        offset = await phone.store.offset()
        if wire.round_trip_ms <= SLOW_ROUND_TRIP_MS and offset is not None:
            measured += 1
            error_s = max(error_s, abs(offset[0] / 1000 - (time.at - clock.now()).total_seconds()))
    act = t.activity.c
    with branch.office.reading() as conn:
        there = list(conn.scalars(select(act.activity_id).order_by(act.n)))
    here = [e.activity_id for e in await phone.store.journal()]
    reordered = sum(not a == b == c for a, b, c in zip(phone.saved, there, here, strict=True))
    await phone.close()
    branch.close()
    return Figures(len(there), clock.set, clock.back, measured, reordered, error_s)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--syncs", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        found = asyncio.run(run(Path(scratch), options.seed, options.syncs))
    say(
        f"{found.records:,} records, {options.syncs:,} syncs, clock set {found.set:,} times, {found.back:,} of them back: "
        f"{found.reordered} reordered; offset measured {found.measured:,} times, largest error {found.error_s:.3f} s"
    )
    return 0 if found.well else 1


if __name__ == "__main__":
    sys.exit(main())
