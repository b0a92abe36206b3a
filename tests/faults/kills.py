"""kill -9, a full disk or a broken disk at every call of the phone's commands and of the branch.

    python -m tests.faults.kills [--all | --step 7]                 killed
    python -m tests.faults.kills --error ENOSPC [--all | --step 7]  from that call on no room
    python -m tests.faults.kills --error EIO [--all | --step 7]     that call fails
    python -m tests.faults.kills --postgres [--all | --step 7]      the branch on PostgreSQL, killed whenever it asks
                                                                    the database and when it takes the answer

strace injects it at the calls on the files of the data folder, one after the other until none is left: of `record`, of
`sync` with a record to push, a document to pull, a case to purge, of `doctor` on a file of the first version (which
migrates), of `enrol`, of a photo's save and of `sync` with a photo to send; and of the branch during a push, of its
database and its folder of files while a photo arrives, and of `import`. After each the same runs without a fault: every
id that was printed is at the branch exactly once, one that was said not to be saved is not there, `doctor` finds
nothing, no file was set aside as damaged; and what kill_photos.py and kill_import.py say.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlite_utils import Database

from app.store.schema import FILE, MIGRATIONS, Migration, migrate
from sync.branch import tables as t
from tests.faults.command_phone import CommandPhone
from tests.faults.ground import say
from tests.faults.kill_import import Imports
from tests.faults.kill_photos import Photos
from tests.faults.ready import Outcome, Ready
from tests.support.branch_server import RunningBranch, figures_document
from tests.support.postgres import empty_database

KILLED: Final = ""
WRITES: Final = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "mkdir")
CALLS: Final[Mapping[str, Sequence[str]]] = {
    KILLED: WRITES,
    "ENOSPC": ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "mkdir", "openat"),
    "EIO": (*WRITES, "openat", "read", "pread64"),
}
ON_POSTGRES: Final = ("sendto", "recvfrom")
AT_MOST: Final = 1_000  # calls of one kind in one command; more means that the sweep counts wrongly
WRONG_MOST: Final = 20
ON_OLD_FILE: Final = 3  # records that wait when a file is migrated
PARTS: Final = (
    *("save", "push", "pull", "purge", "migrate", "enrol", "photo", "upload"),  # the phone
    *("server", "chunks", "files", "import"),  # the branch
)
PARTS_ON_POSTGRES: Final = ("server", "chunks", "import")
AT_BRANCH: Final = frozenset({"server", "chunks", "files"})  # what the phone says of it is not looked at


class NotEveryCall(Exception):
    """More than one thread made the calls, and strace counts those of each by itself."""


class Sweep:
    """One phone and one branch, through all faults of one kind."""

    def __init__(
        self,
        folder: Path,
        error: str,
        step: int,
        parts: Sequence[str] = PARTS,
        calls: Sequence[str] = (),
        postgres: str | None = None,
    ) -> None:
        self._folder, self._error, self._step = folder, error, step
        self._calls = calls or (CALLS[error] if postgres is None else ON_POSTGRES)
        self.env = {} if postgres is None else {"WAIFANG_DATABASE_URL": postgres}
        self.counts: Counter[str] = Counter()
        self.of: defaultdict[str, Counter[str]] = defaultdict(Counter)  # the same by call
        self.wrong = 0
        self.app, self.serve = Ready("tests.faults.phone_command"), Ready("tests.faults.branch_command")
        self.branch = RunningBranch(folder / "branch", database_url=postgres)
        self.branch.officer("w001")
        self.branch.officer("w002")
        self.branch.allow_contact_at_any_hour()
        self.branch.start()
        self.case_id = self.branch.case()
        self.phone = self._phone("phone")
        self._figures = 0
        self._numbers = itertools.count()
        photos = Photos(self)
        every: dict[str, Callable[[], None]] = {
            "save": self._save,
            "push": self._push,
            "pull": self._pull,
            "purge": self._purge,
            "migrate": self._migrate,
            "enrol": self._enrol,
            "photo": photos.save,
            "upload": photos.send,
            "server": self._server,
            "chunks": photos.arrive,
            "files": photos.keep,
            "import": Imports(self).run,
        }
        self._parts = {name: every[name] for name in parts}

    def _phone(self, name: str) -> CommandPhone:
        """In a folder of its own beside the others, all of them with one keystore."""
        return CommandPhone(self.app, self._folder / name)

    def run(self) -> Counter[str]:
        """Faults per part. Raises AssertionError where something is lost, doubled, unsound or said wrongly."""
        assert self.phone.bind(self.branch.url, self.branch.code()).code == 0
        self.phone.json("sync")
        for name, part in self._parts.items():
            begun = time.monotonic()
            part()
            calls = ", ".join(f"{call} {n}" for call, n in self.of[name].items())
            say(f"  {name}: {self.counts[name]} faults ({calls}) in {time.monotonic() - begun:.0f} s")
        assert not self.wrong, f"{self.wrong} wrong"
        return self.counts

    def close(self) -> None:
        self.app.close()
        self.serve.close()
        self.branch.close()

    # ---- the parts

    def _save(self) -> None:
        self.each("save", lambda: self.phone, lambda phone, fault: phone.record(self.case_id, fault))

    def _push(self) -> None:
        self.each("push", self._one_record_waits, _sync)

    def _pull(self) -> None:
        self.each("pull", self._figures_change, _sync)

    def _purge(self) -> None:
        self.each("purge", self._one_case_leaves, _sync)

    def _migrate(self) -> None:
        """Of a file of the first version with records that wait."""
        old = self._phone("old")
        assert old.bind(self.branch.url, self.branch.code()).code == 0
        old.json("sync")
        for _ in range(ON_OLD_FILE):
            old.record(self.case_id)
        make_first_version(old.folder / FILE)
        self.each(
            "migrate",
            lambda: self._copy_of(old),
            lambda phone, fault: phone.run("doctor", "--json", fault=fault),
            self._all_waits,
        )
        self._copy_of(old).json("sync")
        self.phone.printed += old.printed
        self.check(self.phone, "migrate")

    def _enrol(self) -> None:
        """A phone of its own for every fault: it binds with the same code afterwards and is sound."""
        codes: dict[CommandPhone, str] = {}

        def bind(phone: CommandPhone, fault: str = "") -> Outcome:
            code = codes.setdefault(phone, self.branch.code())
            return phone.bind(self.branch.url, code, fault)

        def check(phone: CommandPhone, where: str) -> None:
            again = bind(phone)
            assert again.code == 0, (where, again.stderr)
            phone.json("sync")
            self._sound(phone, where)

        self.each("enrol", lambda: self._phone(f"new{next(self._numbers)}"), bind, check)

    def _server(self) -> None:
        """The branch at every call of a push, killed or without a disk."""

        def check(phone: CommandPhone, where: str) -> None:
            self.branch.start()
            self.check(phone, where)
            self.branch.stop()

        self.branch.stop()
        self.each(
            "server",
            self._one_record_waits,
            lambda phone, fault: self.sync_with_faulty_branch(phone, fault, self.database),
            check,
        )
        self.branch.start()
        self.check(self.phone, "server")

    def each(
        self,
        name: str,
        prepare: Callable[[], CommandPhone],
        work: Callable[[CommandPhone, str], Outcome],
        check: Callable[[CommandPhone, str], None] | None = None,
    ) -> None:
        """`work` at every call of every kind, each kind until a run that the fault did not befall."""
        for call in self._calls:
            for n in range(1, AT_MOST, self._step):
                where = f"{name} at {call} {n}"
                try:
                    felt = self._once(name, where, self._fault(call, n), prepare, work, check or self.check)
                except AssertionError as e:
                    say(f"  WRONG, {where}: {e}")
                    self.wrong += 1
                    if self.wrong >= WRONG_MOST:
                        raise
                    continue
                if not felt:
                    break
                self.counts[name] += 1
                self.of[name][call] += 1
            else:
                raise AssertionError(f"{name}: no end of {call}")

    def _once(
        self,
        name: str,
        where: str,
        fault: str,
        prepare: Callable[[], CommandPhone],
        work: Callable[[CommandPhone, str], Outcome],
        check: Callable[[CommandPhone, str], None],
    ) -> bool:
        """Whether the fault befell it. Raises AssertionError."""
        phone = prepare()
        done = work(phone, fault)
        assert "Traceback" not in done.stderr, done.stderr
        if not done.felt:
            assert done.code == 0, done
            if done.threads > 1:
                raise NotEveryCall(where)
            check(phone, where)  # what it printed is promised too
            return False
        if self._error and name not in AT_BRANCH:
            self._told(done)
        check(phone, where)
        return True

    def _fault(self, call: str, n: int) -> str:
        if not self._error:
            return f"{call}:signal=KILL:when={n}"
        return f"{call}:error={self._error}:when={n}{'+' if self._error == 'ENOSPC' else ''}"

    # ---- what is done

    def _one_record_waits(self) -> CommandPhone:
        assert self.phone.record(self.case_id).code == 0
        return self.phone

    def _figures_change(self) -> CommandPhone:
        self._figures += 1
        figures = figures_document(principal_outstanding=f"{self._figures}.00")
        self.branch.update("figures", self.case_id, figures)
        return self.phone

    def _one_case_leaves(self) -> CommandPhone:
        going = self.branch.case()
        self.phone.json("sync")
        self.phone.record(going)
        self.branch.move(going, "w002")
        return self.phone

    def new_phone(self) -> CommandPhone:
        """Another one that is bound, for what makes a file grow: with one phone its calls would never end."""
        phone = self._phone(f"new{next(self._numbers)}")
        phone.printed, phone.photos = self.phone.printed, self.phone.photos
        assert phone.bind(self.branch.url, self.branch.code()).code == 0
        phone.json("sync")
        return phone

    def _copy_of(self, phone: CommandPhone) -> CommandPhone:
        copy = self._phone(f"copy{next(self._numbers)}")
        shutil.copytree(phone.folder, copy.folder)
        return copy

    @property
    def database(self) -> list[Path]:
        """The files of the branch's; none where it is a server of its own."""
        if self.env:
            return []
        return [self.branch.folder / f"branch.db{end}" for end in ("", "-wal", "-shm")]

    def sync_with_faulty_branch(self, phone: CommandPhone, fault: str, paths: Sequence[Path]) -> Outcome:
        """The branch's own outcome: it ends afterwards if it has not been killed."""
        words = ["--data", str(self.branch.folder), "--json", "serve", "--no-webapp"]
        run = self.serve.start([*words, "--port", str(self.branch.port)], env=self.env)
        run.until_it_speaks()
        run.inject(paths, fault)
        said = phone.run("sync")
        assert "Traceback" not in said.stderr, said.stderr
        return run.end(signal.SIGTERM)

    # ---- what has to be true afterwards

    def _told(self, done: Outcome) -> None:
        """What could not be done is said in a sentence, a full disk by its name."""
        if done.code:
            assert done.stderr.strip(), "failed without a word"
            assert self._error != "ENOSPC" or re.search("room|space|full", done.stderr), done.stderr

    def check(self, phone: CommandPhone, where: str) -> None:
        """Without faults everything is there."""
        phone.json("sync")
        self._sound(phone, where)
        act = t.activity.c
        with self.branch.office.reading() as conn:
            there = Counter(conn.scalars(select(act.activity_id).where(act.status == "created")))
        lost = [i for i in phone.printed if there[i] == 0]
        assert not lost, (where, "lost", lost)
        assert max(there.values(), default=1) == 1, (where, "doubled")
        if self._error:
            assert set(there) <= set(phone.printed), (where, "there, and was said not to be saved")

    def _sound(self, phone: CommandPhone, where: str) -> None:
        report = phone.json("doctor")
        assert report["sound"], (where, report)
        aside = list(phone.folder.glob("*.damaged-*"))
        for file in aside:
            file.unlink()
        assert not aside, (where, "taken for damaged")

    def _all_waits(self, phone: CommandPhone, where: str) -> None:
        self._sound(phone, where)
        assert phone.json("status")["waiting"] == ON_OLD_FILE, where


def _sync(phone: CommandPhone, fault: str) -> Outcome:
    return phone.run("sync", fault=fault)


def make_first_version(file: Path) -> None:
    """Take out of a file what migrations after the first put in."""
    with closing(sqlite3.connect(file)) as db:
        kept = tables_of(MIGRATIONS[:1])
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if name not in kept:
                db.execute(f"DROP TABLE {name}")
        db.execute("PRAGMA user_version = 1")
        db.commit()


def tables_of(migrations: Sequence[Migration]) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as plain:
        migrate(Database(plain, execute_plugins=False), migrations)
        return {name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def sweep(
    folder: Path,
    error: str,
    step: int,
    parts: Sequence[str] = PARTS,
    calls: Sequence[str] = (),
    postgres: str | None = None,
) -> Counter[str]:
    """Faults per part; `calls` instead of all that the kind of fault has, `postgres` the branch's database instead of
    SQLite. Raises AssertionError where something is lost, doubled, unsound or said wrongly, and NotEveryCall.
    """
    found = Sweep(folder, error, step, parts, calls, postgres)
    try:
        return found.run()
    finally:
        found.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--error", choices=("ENOSPC", "EIO"), default=KILLED)
    parser.add_argument("--all", action="store_true", help="every call")
    parser.add_argument("--step", type=int, default=7, help="only every so many")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--postgres", action="store_true", help="the branch's parts, on PostgreSQL")
    options = parser.parse_args()
    if options.postgres and options.error:
        parser.error("PostgreSQL's files are its own")
    step = 1 if options.all else options.step
    every = PARTS_ON_POSTGRES if options.postgres else PARTS
    parts = (options.only,) if options.only else every
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="waifang-faults-"))
        postgres = stack.enter_context(empty_database()) if options.postgres else None
        counts = sweep(Path(scratch), options.error, step, parts, postgres=postgres)
    say(f"{options.error or 'killed'}: {counts.total()} faults; 0 lost, 0 doubled, the file sound every time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
