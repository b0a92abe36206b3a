"""The power is cut while a record, a photo, a sync or a binding is written, and while the branch takes in what was sent.

    python -m tests.faults.power [--all | --step 7] [--luck 5]

What the disk was not asked to flush is gone (lost_writes.py): at every flush, at every answer given, and at the end; then
again so many times with a random half of it there. What was printed is in the notebook, what was answered is at the
branch, and both open and are sound.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select, text

from sync.branch import tables as t
from sync.branch.office import Office, utc_now
from tests.faults.command_phone import CommandPhone
from tests.faults.ground import say
from tests.faults.lost_writes import TRACE, Disk
from tests.faults.ready import Ready
from tests.support.branch_server import RunningBranch

PHOTO_BYTES: Final = 140_000
FLUSHES: Final = ("fsync", "fdatasync")
ANSWER: Final = b"HTTP/1.1 20"
WORLD: Final = "world"  # the phone's folder and its keystore, on one disk


class Cuts:
    """One phone and one branch. `counts`: power cuts by part."""

    def __init__(self, scratch: Path, step: int, luck: int) -> None:
        self._scratch, self._step, self._luck = scratch, step, luck
        self.counts: Counter[str] = Counter()
        self._app, self._serve = Ready("tests.faults.phone_command"), Ready("tests.faults.branch_command")
        self._branch = RunningBranch(scratch / "branch")
        self._branch.officer("w001")
        self._branch.allow_contact_at_any_hour()
        self._branch.start()
        self._case_id = self._branch.case()
        self._phone = self._of(scratch / WORLD)

    def _of(self, world: Path) -> CommandPhone:
        return CommandPhone(self._app, world / "phone")

    def run(self) -> Counter[str]:
        """Every part. Raises AssertionError where something promised is gone, or something is not sound."""
        (self._scratch / WORLD).mkdir()
        self._on_phone(
            "enrol",
            ["enrol", "--server", self._branch.url, "--officer", "w001", "--code", self._branch.code()],
        )
        self._phone.json("sync")
        self._on_phone("save", ["record"], self._phone.note(self._case_id))
        photo = self._scratch / "photo.jpg"
        photo.write_bytes(os.urandom(PHOTO_BYTES))
        self._on_phone("photo", ["photo", self._case_id, str(photo)])
        self._at_branch()
        assert self._phone.record(self._case_id).code == 0
        self._on_phone("sync", ["sync"])
        return self.counts

    def close(self) -> None:
        self._app.close()
        self._serve.close()
        self._branch.close()

    def _on_phone(self, name: str, words: list[str], stdin: str = "") -> None:
        world, before = self._scratch / WORLD, set(self._phone.printed)
        disk = Disk(world)
        run = self._phone.start(*words, stdin=stdin, stopped=True)
        run.watch(*TRACE)
        done = run.end()
        assert done.code == 0, done.stderr
        printed = set(done.stdout.split()) if name in ("save", "photo") else set()
        self._phone.printed += printed
        promised, bound = before, name != "enrol"
        for n, (call, on, content) in enumerate(disk.follow(run.log)):
            if call == "write" and on.endswith(".out") and content:
                promised, bound = before | printed, True
            elif call in FLUSHES and n % self._step == 0:
                self._each(name, disk, partial(self._phone_has, promised=promised, bound=bound))
        self._each(name, disk, partial(self._phone_has, promised=before | printed, bound=True))

    def _phone_has(self, world: Path, *, promised: set[str], bound: bool) -> None:
        phone = self._of(world)
        if not phone.bound():  # the binding was not through, and is repeated
            assert not bound, "said to be bound, and is not"
            return
        report = phone.json("doctor")
        assert report["sound"], report
        assert not list(phone.folder.glob("*.damaged-*")), "taken for damaged"
        if promised:
            told = phone.json("case", self._case_id)["timeline"]
            gone = promised - {entry["activity_id"] for entry in told}
            assert not gone, f"lost after it was confirmed: {gone}"

    def _at_branch(self) -> None:
        """While it takes in a record and its photo."""
        self._branch.stop()
        disk = Disk(self._branch.folder)
        words = ["--data", str(self._branch.folder), "--json", "serve", "--no-webapp"]
        run = self._serve.start([*words, "--port", str(self._branch.port)])
        run.until_it_speaks()
        run.watch(*TRACE)
        report = self._phone.json("sync")
        assert report["pushed"] == 2 and report["files_sent"] == 1, report
        run.end(signal.SIGTERM)
        answers = 0
        for n, (call, _, content) in enumerate(disk.follow(run.log)):
            answers += content.startswith(ANSWER)
            if content.startswith(ANSWER) or (call in FLUSHES and n % self._step == 0):
                self._each("branch", disk, partial(self._branch_has, records=answers > 0, files=False))
        assert answers, "the branch answered nothing"
        self._each("branch", disk, partial(self._branch_has, records=True, files=True))
        self._branch.start()

    def _branch_has(self, folder: Path, *, records: bool, files: bool) -> None:
        office = Office.open(folder, utc_now, None, None)
        try:
            with office.reading() as conn:
                assert conn.scalar(text("PRAGMA integrity_check")) == "ok"
                there = list(conn.scalars(select(t.activity.c.activity_id)))
                kept = list(conn.scalars(select(t.blob.c.sha256)))
            assert len(set(there)) == len(there), "doubled"
            assert not records or set(there) == set(self._phone.printed), (
                "lost after it was answered",
                len(there),
            )
            assert not files or kept, "the photo is lost after it was answered"
            assert all(office.blobs.get(sha256) is not None for sha256 in kept), (
                "a file is there by name alone"
            )
            for sha256 in kept:
                assert len(office.blobs.get(sha256) or b"") == PHOTO_BYTES, "half a file counts as whole"
        finally:
            office.close()

    def _each(self, name: str, disk: Disk, check: Callable[[Path], None]) -> None:
        for seed in (None, *range(self._luck)):
            left = self._scratch / f"left{self.counts.total()}"
            disk.after_a_cut(left, None if seed is None else random.Random(seed))
            check(left)
            shutil.rmtree(left)
            self.counts[name] += 1


def sweep(scratch: Path, step: int, luck: int) -> Counter[str]:
    """Power cuts by part, at about one flush in `step`; each also `luck` times with half of what was not flushed. Raises
    AssertionError.
    """
    cuts = Cuts(scratch, step, luck)
    try:
        return cuts.run()
    finally:
        cuts.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="at every flush")
    parser.add_argument("--step", type=int, default=7, help="only at every so many")
    parser.add_argument("--luck", type=int, default=5)
    options = parser.parse_args()
    step = 1 if options.all else options.step
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        counts = sweep(Path(scratch), step, options.luck)
    told = ", ".join(f"{name} {n}" for name, n in counts.items())
    say(f"{counts.total()} power cuts ({told}); 0 lost, 0 doubled, both ends sound every time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
