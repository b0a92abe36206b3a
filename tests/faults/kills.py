"""kill -9, a full disk or a broken disk at every write of the phone's commands and of the branch.

    python -m tests.faults.kills [--all | --step 7]                 killed
    python -m tests.faults.kills --error ENOSPC [--all | --step 7]  from that write on no room
    python -m tests.faults.kills --error EIO [--all | --step 7]     that write fails

strace injects it at write, pwrite64, fsync, fdatasync, ftruncate and rename on the files of the data folder: of
`record`, of `sync` with a record to push, a document to pull, a case to purge, of `enrol`, which makes the file
through all of its migrations, and of the branch during a push. After each the same runs without a fault: every id
that was printed is at the branch exactly once, `doctor` finds nothing.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import select

from sync.branch import tables as t
from tests.faults.ground import say
from tests.faults.injected import CALLS, ROOT, CommandPhone, traced
from tests.support.branch_server import RunningBranch, figures_document, free_port

KILLED: Final = -signal.SIGKILL
AT_MOST: Final = (
    200  # writes of one call in one command; the sweep ends earlier, at the first run without a fault
)


class Sweep:
    """One phone and one branch, through all faults; `error` empty: killed."""

    def __init__(self, folder: Path, error: str, step: int) -> None:
        self._folder, self._error, self._step = folder, error, step
        self.counts: Counter[str] = Counter()
        self.branch = RunningBranch(folder / "branch")
        self.branch.officer("w001")
        self.branch.officer("w002")
        self.branch.allow_contact_at_any_hour()
        self.branch.start()
        self.case_id = self.branch.case()
        self.phone = CommandPhone(folder / "phone")
        self._figures = 0
        assert self._bind(self.phone).returncode == 0

    def _bind(self, phone: CommandPhone, fault: str = "", code: str = "") -> subprocess.CompletedProcess[str]:
        where = ("--server", self.branch.url, "--officer", "w001", "--code", code or self.branch.code())
        return phone.run("enrol", *where, fault=fault)

    def over(self, name: str, prepare: Callable[[], None], work: Callable[[str], int]) -> None:
        """`work(fault)` at every write of every call, until it ends as if there had been none."""
        for call in CALLS:
            for n in range(1, AT_MOST, self._step):
                prepare()
                if not self._hit(work(self._fault(call, n))):
                    break
                self.counts[name] += 1
                self._check(f"{name} at {call} {n}")

    def _fault(self, call: str, n: int) -> str:
        if not self._error:
            return f"{call}:signal=KILL:when={n}"
        return f"{call}:error={self._error}:when={n}{'+' if self._error == 'ENOSPC' else ''}"

    def _hit(self, code: int) -> bool:
        return code != 0

    def _check(self, what: str) -> None:
        """Without faults everything is there. Raises AssertionError."""
        self.phone.json("sync")
        report = self.phone.json("doctor")
        assert report["sound"], (what, report)
        act = t.activity.c
        with self.branch.office.reading() as conn:
            there = Counter(conn.scalars(select(act.activity_id).where(act.status == "created")))
        lost = [i for i in self.phone.printed if there[i] == 0]
        assert not lost, (what, "lost", lost)
        assert max(there.values(), default=1) == 1, (what, "doubled")

    def record(self, fault: str) -> int:
        return self._spoken(self.phone.record(self.case_id, fault))

    def sync(self, fault: str) -> int:
        return self._spoken(self.phone.run("sync", fault=fault))

    def _spoken(self, done: subprocess.CompletedProcess[str]) -> int:
        """A failure is a sentence, never a traceback."""
        assert "Traceback" not in done.stderr, done.stderr
        if self._error and done.returncode != 0:
            assert done.stderr.strip(), "failed without a word"
        return done.returncode

    def something_new(self) -> None:
        self._figures += 1
        figures = figures_document(principal_outstanding=f"{self._figures}.00")
        self.branch.update("figures", self.case_id, figures)

    def one_case_leaves(self) -> None:
        going = self.branch.case()
        self.phone.json("sync")
        self.phone.record(going)
        self.branch.move(going, "w002")

    def enrol(self) -> None:
        """A phone of its own for every fault: it binds with the same code afterwards and is sound."""
        number = itertools.count()
        for call in CALLS:
            for n in range(1, AT_MOST, self._step):
                phone, code = CommandPhone(self._folder / f"new{next(number)}" / "data"), self.branch.code()
                if not self._hit(self._spoken(self._bind(phone, self._fault(call, n), code))):
                    break
                self.counts["enrol"] += 1
                again = self._bind(phone, code=code)
                assert again.returncode == 0, (call, n, again.stderr)
                phone.json("sync")
                assert phone.json("doctor")["sound"], (call, n)

    def server(self) -> None:
        """The branch at every write of a push, killed or without a disk."""
        self.branch.stop()
        for call in CALLS:
            for n in range(1, AT_MOST, self._step):
                assert self.phone.record(self.case_id).returncode == 0
                if self._spoken(self._sync_with(self._fault(call, n))) == 0:
                    break
                self.counts["server"] += 1
                self.branch.start()
                self._check(f"server at {call} {n}")
                self.branch.stop()
        self.branch.start()

    def _sync_with(self, fault: str) -> subprocess.CompletedProcess[str]:
        """A sync with a branch that has this fault; it ends afterwards."""
        files = [self.branch.folder / f"branch.db{end}" for end in ("", "-wal", "-shm", "-journal")]
        command = [sys.executable, "-m", "sync.branch", "--data", str(self.branch.folder), "--json", "serve"]
        command += ["--port", str(self.branch.port or free_port())]
        with subprocess.Popen(
            traced(command, files, fault),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            process_group=0,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            done = self.phone.run("sync")
            process.terminate()
            process.communicate(timeout=30)
        return done

    def close(self) -> None:
        self.branch.close()


def sweep(folder: Path, error: str, step: int, only: str = "") -> Counter[str]:
    """Faults per operation. Raises AssertionError where something is lost, doubled, unsound or said wrongly."""
    found = Sweep(folder, error, step)
    parts: dict[str, Callable[[], None]] = {
        "save": lambda: found.over("save", lambda: None, found.record),
        "push": lambda: found.over("push", lambda: _recorded(found), found.sync),
        "pull": lambda: found.over("pull", found.something_new, found.sync),
        "purge": lambda: found.over("purge", found.one_case_leaves, found.sync),
        "enrol": found.enrol,
        "server": found.server,
    }
    try:
        found.phone.json("sync")
        for name, part in parts.items():
            if only in ("", name):
                part()
                say(f"  {name}: {found.counts[name]} faults")
    finally:
        found.close()
    return found.counts


def _recorded(found: Sweep) -> None:
    assert found.phone.record(found.case_id).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--error", choices=("ENOSPC", "EIO"), default="")
    parser.add_argument("--all", action="store_true", help="every write")
    parser.add_argument("--step", type=int, default=7, help="only every so many")
    parser.add_argument("--only", default="", help="save, push, pull, purge, enrol or server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waifang-faults-") as scratch:
        step = 1 if options.all else options.step
        counts = sweep(Path(scratch), options.error, step, options.only)
    say(f"{options.error or 'killed'}: {counts.total()} faults; 0 lost, 0 doubled, the file sound every time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
