"""Random overwrites and truncations of the phone's database: each is detected or changes no record.

    python -m tests.faults.corruption [--seed 1] [--n 1000]

Detected: the notebook is made anew with everything that waits, or refuses to open, or says so while reading, or the
doctor names it. And every time, a new database beside the old spool has every record that was not sent.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from app.device.sealing import AesGcmSealer
from app.ports import NotebookError, SealBroken
from app.store.opening import open_store
from app.store.schema import FILE
from tests.faults.ground import DirectBranch, Phone, WanderingClock, say
from tests.support.branch_server import RunningBranch

CASES, SENT, WAITING = 20, 30, 15

Content = tuple[list[tuple[str, int, str, bytes]], list[tuple[str, str, int, bytes | None]]]


async def prepared(folder: Path) -> Phone:
    """A phone with a feed, sent and waiting records and a draft; closed."""
    branch = RunningBranch(folder / "branch")
    branch.officer()
    cases = [branch.case() for _ in range(CASES)]
    phone = Phone(folder / "phone")
    await phone.open()
    wire = DirectBranch(branch.office, phone.secret)
    await phone.enrol(wire, branch.code())
    await phone.record(cases[0], SENT)
    await phone.sync(wire)
    await phone.record(cases[1], WAITING)
    await phone.store.save_draft("draft", b'{"case_id":"c","kind":"call","form":{}}')
    await phone.close()
    branch.close()
    return phone


async def judged(folder: Path, key: bytes, sound: Content | None) -> tuple[str, Content | None]:
    """`rebuilt`, `refused`, `named`, `harmless` or `undetected`, and what was read."""
    try:
        store = await open_store(folder, AesGcmSealer(key), WanderingClock())
    except NotebookError:
        return "refused", None
    try:
        entries = [(e.activity_id, e.seq, e.state, e.record) for e in await store.journal()]
        documents = [(d.kind, d.id, d.version, d.body) for d in await store.documents()]
        found = (sorted(entries), sorted(documents, key=lambda d: d[:3]))
        rebuilt = await store.rebuilt()
        problems = await store.doctor()
    except (NotebookError, SealBroken):
        return "refused", None
    finally:
        await store.close()
    if rebuilt is not None and sound is not None:
        return ("rebuilt" if _nothing_waiting_is_gone(found, sound) else "undetected"), found
    if problems:
        return "named", None
    return ("harmless" if sound in (None, found) else "undetected"), found


def _nothing_waiting_is_gone(found: Content, sound: Content) -> bool:
    """All that waits is there, and no record or document is one that never was; a sent record may wait again."""
    kept = {(activity_id, seq, record) for activity_id, seq, _, record in sound[0]}
    records = {(activity_id, seq, record) for activity_id, seq, _, record in found[0]}
    waiting = {e for e in sound[0] if e[2] == "waiting"}
    return waiting <= set(found[0]) and records <= kept and set(found[1]) <= set(sound[1])


def spoil(rng: random.Random, file: Path) -> str:
    """Overwrite 1 to 512 bytes somewhere, or cut the end off."""
    content = bytearray(file.read_bytes())
    if rng.random() < 0.2:
        at = rng.randrange(len(content))
        file.write_bytes(content[:at])
        return f"cut at {at}"
    at, size = rng.randrange(len(content)), rng.choice((1, 2, 8, 64, 512))
    content[at : at + size] = rng.randbytes(min(size, len(content) - at))
    file.write_bytes(content)
    return f"{size} bytes at {at}"


async def recovered(folder: Path, phone: Phone) -> bool:
    """Whether a new database beside the spool has all that waits."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    store = await open_store(folder, AesGcmSealer(phone.key), WanderingClock())
    waiting = [e.activity_id for e in await store.journal() if e.state == "waiting"]
    await store.close()
    return waiting == phone.saved[SENT:]


async def sweep(seed: int, n: int) -> Counter[str]:
    """How many of each; `undetected` and `not recovered` have to be absent."""
    rng, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        phone = await prepared(Path(scratch))
        with sqlite3.connect(phone.folder / FILE) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        for name in (f"{FILE}-wal", f"{FILE}-shm"):
            (phone.folder / name).unlink(missing_ok=True)
        trial = Path(scratch) / "trial"
        shutil.copytree(phone.folder, trial)
        kind, sound = await judged(trial, phone.key, None)
        assert kind == "harmless", kind
        for _ in range(n):
            shutil.rmtree(trial)
            shutil.copytree(phone.folder, trial)
            what = spoil(rng, trial / FILE)
            kind, _ = await judged(trial, phone.key, sound)
            counts[kind] += 1
            if kind == "undetected":
                say(f"  undetected: {what}")
            if not await recovered(trial, phone):
                counts["not recovered"] += 1
                say(f"  not recovered: {what}")
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=1_000)
    options = parser.parse_args()
    counts = asyncio.run(sweep(options.seed, options.n))
    say(f"{options.n:,} damages: " + ", ".join(f"{v:,} {k}" for k, v in sorted(counts.items())))
    return 1 if counts["undetected"] or counts["not recovered"] else 0


if __name__ == "__main__":
    sys.exit(main())
