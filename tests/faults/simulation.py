"""A seeded simulation of two officers, their phones and a branch, with everything going wrong in between.

    python -m tests.faults.simulation [--seed 1] [--n 100000]

A step is one of: a save, with a photo or without; a sync whose calls may be lost before or after they were done; a case
moved or changed, with records and files waiting; an app closed and opened again; a clock set to another year; a phone
lost and switched off, which goes on; a supervisor's answer; a backup; the branch's disk lost and the backup put back. At
the end, and every so often, everything syncs to rest: every phone's check sum is its feed's, all phones of an officer
show the same, every confirmed record is at the branch once and in its phone's order, every file is there.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.faults.ground import say
from tests.faults.world import World

CASES: Final = 12
REST_EVERY: Final = 2_000
WORLD_STEPS: Final = 5_000  # then a new branch with new phones: what has piled up makes every step slower
CALLS_MOST: Final = 50  # of one sync that have luck of their own
WEIGHTS: Final[Mapping[str, int]] = {
    "save": 500,
    "photo": 20,
    "sync": 300,
    "move": 40,
    "change": 80,
    "reopen": 40,
    "clock": 40,
    "answer": 20,
    "back up": 4,
    "put back": 2,
    "revoke": 1,
}


async def step(world: World, rng: random.Random, weights: Mapping[str, int]) -> None:
    """Something happens to somebody."""
    phone, case = rng.choice(world.phones), rng.randrange(CASES)
    [kind] = rng.choices(list(weights), list(weights.values()))
    world.counts[kind] += 1
    match kind:
        case "save":
            await world.save(phone, case, rng.randint(1, 3))
        case "photo":
            await world.save(phone, case, photo=rng.randbytes(rng.randint(1, 2_000)))
        case "sync":
            await world.sync(phone, rng.choices(("", "before", "after"), (8, 1, 2), k=CALLS_MOST))
        case "move":
            world.move(case, rng.randrange(2))
        case "change":
            world.change(case)
        case "reopen":
            await world.reopen(phone)
        case "clock":
            world.set_clock(phone, rng.randint(-3650, 3650))
        case "answer":
            world.answer(accept=rng.random() < 0.5)
        case "back up":
            world.back_up()
        case "put back":
            world.put_back()
        case _:
            await world.revoke(phone)


async def simulate(folder: Path, seed: int, steps: int, weights: Mapping[str, int] = WEIGHTS) -> Counter[str]:
    """What was done, by kind. Raises Wrong."""
    world, rng = World(folder, CASES), random.Random(seed)
    await world.begin()
    begun = time.monotonic()
    for n in range(1, steps + 1):
        await step(world, rng, weights)
        if n % REST_EVERY == 0:
            await world.rest()
            say(f"  seed {seed}: {n:,} steps, {time.monotonic() - begun:.0f} s")
    await world.rest()
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
    for number, begun in enumerate(range(0, options.n, WORLD_STEPS)):
        steps = min(WORLD_STEPS, options.n - begun)
        with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
            counts += asyncio.run(simulate(Path(scratch), options.seed + number, steps))
    say(f"seed {options.seed}, {options.n:,} steps: 0 lost, 0 doubled, the same sums on every side")
    say("  " + ", ".join(f"{kind} {n:,}" for kind, n in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
