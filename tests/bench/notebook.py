"""How fast the notebook is on this machine: figures beside what is aimed at; nothing fails for being slow.

    python -m tests.bench.notebook              with 300 cases and 6,000 activities, then 2,000 and 20,000
    python -m tests.bench.notebook --browser    also taps and scrolling in Chromium, beside an empty Flet app
    python -m tests.bench.notebook --sizes 300:6000

A real store in a folder of its own, real keys, real seals; every size is measured in a process of its own. The
time from unlock to today's plan is told with and without the PIN's key derivation, which is slow on purpose.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.bootstrap import open_notebook
from app.device.clock import SystemClock
from app.domain.places import ready_to_measure
from app.notebook import Notebook
from app.views import NewActivity
from tests.bench.made_up import PIN, fill

try:
    import resource
except ImportError:  # Windows: no figure for memory
    resource = None  # type: ignore[assignment]

SIZES = ((300, 6_000, 150), (2_000, 20_000, 800))  # cases, activities, aim in ms from unlock to the plan
CASES_OPENED = 200
SAVES = 300


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--browser", action="store_true", help="also measure in Chromium")
    parser.add_argument("--sizes", help="cases:activities[,cases:activities]")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--morning", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure or options.morning:
        asked = morning(options.morning) if options.morning else measure(options.measure)
        sys.stdout.write(json.dumps(asyncio.run(asked)) + "\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="waifang-bench-") as scratch:
        os.environ["WAIFANG_KEYSTORE_DIR"] = str(Path(scratch) / "keystore")
        for cases, activities, aim in _sizes(options.sizes):
            folder = Path(scratch) / f"phone-{cases}"
            took = _timed(lambda f=folder, c=cases, a=activities: asyncio.run(fill(f, c, a)))
            say(
                f"\n{cases:,} cases, {activities:,} activities (made, pulled, recorded and sent in {took / 1000:.1f} s)"
            )
            next_day = _in_a_process_of_its_own("--morning", folder)  # first: it records nothing
            report(_in_a_process_of_its_own("--measure", folder) | next_day, aim, Path(scratch))
        if options.browser:
            from tests.bench.in_browser import report_browser

            cases, activities, _ = SIZES[0]
            folder = Path(scratch) / "phone-browser"
            asyncio.run(fill(folder, cases, activities))
            asyncio.run(report_browser(folder, say))
    return 0


class NextDay(SystemClock):
    """The phone's clock a day later."""

    def now(self) -> datetime:
        """Wall clock, aware."""
        return super().now() + timedelta(days=1)


async def morning(folder: Path) -> dict[str, Any]:
    """From unlock to the plan in ms on the next day, of which nothing is recorded yet."""
    notebook = open_notebook(folder, NextDay())
    found = await _to_the_plan(notebook)
    await notebook.lock()
    return {"morning": found["read"] + found["plan"]}


async def _to_the_plan(notebook: Notebook) -> dict[str, Any]:
    """From the PIN to today's plan, in ms; the keys by themselves."""
    ready_to_measure()  # the app has that behind it when the PIN is typed
    busy = time.process_time()
    keys_ms = await _ms(notebook.check_pin(PIN))
    start, busy_keys = time.perf_counter(), time.process_time() - busy
    busy = time.process_time()
    await notebook.unlock(PIN)
    unlocked = time.perf_counter()
    plan = await notebook.today()
    planned, busy = time.perf_counter(), time.process_time() - busy - busy_keys
    return {
        "keys": keys_ms,
        "read": (unlocked - start) * 1000 - keys_ms,
        "plan": (planned - unlocked) * 1000,
        "processor": busy * 1000,
        "planned": len(plan.visits) + len(plan.calls),
    }


async def measure(folder: Path) -> dict[str, Any]:
    """Times in ms and the peak memory in MB of one process that opens, looks and saves."""
    notebook = open_notebook(folder)
    found = await _to_the_plan(notebook)
    rows = await notebook.customers()
    opened = [await _ms(notebook.case(row.case_id)) for row in rows[:CASES_OPENED]]
    saved = [await _ms(_save(notebook, rows[n % len(rows)].case_id)) for n in range(SAVES)]
    again = await _ms(notebook.today())
    await notebook.lock()
    return found | {"again": again, "opened": opened, "saved": saved, "memory_mb": _peak_mb()}


def report(found: dict[str, Any], aim: int, scratch: Path) -> None:
    total = found["read"] + found["plan"]
    say(
        f"  unlock to today's plan     {total:8.1f} ms   aim {aim}   (reading {found['read']:.1f}, plan {found['plan']:.1f})"
    )
    say(
        f"    on the next morning      {found['morning']:8.1f} ms             (above, each case has a record of that very day)"
    )
    say(
        f"    of it on the processor   {found['processor']:8.1f} ms             (the same on a machine busy with other things)"
    )
    say(
        f"    with the PIN's key       {total + found['keys']:8.1f} ms             (key derivation {found['keys']:.1f})"
    )
    say(f"  the plan after a save      {found['again']:8.1f} ms")
    say(
        f"  opening a case             {_p(found['opened'], 50):8.1f} ms   aim 30    p95 {_p(found['opened'], 95):.1f}, most {max(found['opened']):.1f}"
    )
    say(
        f"  a durable save             {_p(found['saved'], 50):8.1f} ms             p95 {_p(found['saved'], 95):.1f} (aim 20), most {max(found['saved']):.1f}"
    )
    say(f"    one fsync of this disk   {_fsync_ms(scratch):8.1f} ms")
    if found["memory_mb"] is not None:
        say(f"  memory at most             {found['memory_mb']:8.1f} MB   aim 200")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _save(notebook: Notebook, case_id: str) -> None:
    body = {"party": "borrower", "number": "13900000000", "direction": "out", "outcome": "no_answer"}
    await notebook.record([NewActivity(case_id, "call", body, override="bench")])


async def _ms(work: Any) -> float:
    start = time.perf_counter()
    await work
    return (time.perf_counter() - start) * 1000


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _in_a_process_of_its_own(what: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.notebook", what, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _p(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _fsync_ms(folder: Path) -> float:
    """The median of what the disk itself takes to keep one kilobyte."""
    times = []
    with (folder / "fsync").open("wb", buffering=0) as f:
        for _ in range(50):
            f.write(b"x" * 1024)
            times.append(_timed(lambda: os.fsync(f.fileno())))
    return statistics.median(times)


def _peak_mb() -> float | None:
    """This process's own peak. Linux's ru_maxrss also remembers the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _sizes(given: str | None) -> list[tuple[int, int, int]]:
    if not given:
        return list(SIZES)
    pairs = [tuple(map(int, pair.split(":"))) for pair in given.split(",")]
    return [(cases, activities, 150 if cases <= 300 else 800) for cases, activities in pairs]


if __name__ == "__main__":
    sys.exit(main())
