"""Two officers, their phones and a branch: what can happen to them, one method each, and what has to be true at rest.

Real stores, the real engine and the branch's own functions over its own database and files; only the wire is left out.
Who calls the methods decides what happens and when: the simulation a random number generator, the stateful test Hypothesis.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from app.ports import SealBroken
from sync.branch import tables as t
from sync.branch.blob_store import FOLDER
from sync.branch.database import FILE_NAME
from sync.branch.quarantine import answer, held
from sync.branch.switching import restored, revoke
from sync.engine import Branch, SyncReport
from sync.protocol import Check, Refused, Unreachable
from tests.faults.ground import DirectBranch, Phone
from tests.support.branch_server import RunningBranch, figures_document

OFFICERS: Final = ("w001", "w002")
PHONES: Final = ("w001", "w001", "w002")  # whose they are in the beginning
PHONES_MOST: Final = 6
NO_LUCK: Final[tuple[str, ...]] = ()


class Wrong(AssertionError):
    """Something is lost, doubled, out of order or different on two sides."""


class World:
    """A branch and its phones, `phones` by their officers. `counts`: what was done."""

    def __init__(
        self, folder: Path, cases: int, phones: Sequence[str] = PHONES, *, process: bool = False
    ) -> None:
        self._folder = folder
        self._first_phones = phones
        self.branch = RunningBranch(folder / "branch", process=process)
        self.counts: Counter[str] = Counter()
        self.phones: list[Phone] = []
        self._versions = 0
        self._unchanged: set[int] = set()
        for officer in OFFICERS:
            self.branch.officer(officer)
        self.cases = [self.branch.case(OFFICERS[n % len(OFFICERS)]) for n in range(cases)]

    async def begin(self) -> None:
        for officer_id in self._first_phones:
            await self._new_phone(officer_id)

    async def _new_phone(self, officer_id: str) -> None:
        phone = Phone(self._folder / f"phone{len(self.phones)}", officer_id)
        await phone.open()
        await self.bind(phone)
        self.phones.append(phone)
        await self.sync(phone)

    async def bind(self, phone: Phone) -> None:
        """With a new code."""
        wire = self.wire(phone)
        try:
            await phone.enrol(wire, self.branch.code(phone.officer_id))
        finally:
            await wire.close()

    def wire(self, phone: Phone, luck: Callable[[], str] = lambda: "") -> Branch:
        """How the phone reaches the branch."""
        return DirectBranch(self.branch.office, phone.secret, luck)

    # ---- what can happen

    async def save(self, phone: Phone, choice: int, n: int = 1, photo: bytes = b"") -> None:
        """Records of one of the cases the phone shows."""
        mine = [d.id for d in await phone.store.documents([("case", c) for c in self.cases])]
        if mine:
            await phone.record(mine[choice % len(mine)], n, photo)
            self.counts["records"] += n
            self.counts["photos"] += n if photo else 0

    async def sync(self, phone: Phone, luck: Iterable[str] = NO_LUCK) -> SyncReport | None:
        """One attempt; `luck` befalls its calls in turn (see DirectBranch). None where it did not get through."""
        coming: Iterator[str] = iter(luck)
        wire = self.wire(phone, lambda: next(coming, ""))
        try:
            return await phone.sync(wire)
        except Unreachable:
            self.counts["cut"] += 1
        except Refused as e:
            if e.code == "rebind":
                await self.bind(phone)
                self.counts["bound again"] += 1
            elif e.code != "device_revoked":
                raise
        finally:
            await wire.close()
        return None

    def move(self, case: int, officer: int) -> None:
        self.branch.move(self.cases[case % len(self.cases)], OFFICERS[officer % len(OFFICERS)])

    def change(self, case: int) -> None:
        self._versions += 1
        figures = figures_document(principal_outstanding=f"{self._versions}.00")
        self.branch.update("figures", self.cases[case % len(self.cases)], figures)

    async def reopen(self, phone: Phone) -> None:
        await phone.close()
        await phone.open()

    def set_clock(self, phone: Phone, days: int) -> None:
        phone.clock.off = timedelta(days=days)

    def answer(self, *, accept: bool) -> None:
        """The supervisor answers the oldest record that waits."""
        for waiting in held(self.branch.office)[:1]:
            answer(self.branch.office, str(waiting.n), accept=accept, why="核对过", by="李主任")
            self.counts["answered"] += 1

    def back_up(self) -> None:
        """While the branch is at work; a newer one takes the older one's place."""
        backup = self._folder / "backup"
        shutil.rmtree(backup, ignore_errors=True)
        shutil.copytree(self.branch.folder / FOLDER, backup / FOLDER)
        with (
            closing(sqlite3.connect(self.branch.folder / FILE_NAME)) as source,
            closing(sqlite3.connect(backup / FILE_NAME)) as target,
        ):
            source.backup(target)

    def put_back(self) -> None:
        """All that the branch has is lost; the backup, if there is one, takes its place."""
        backup = self._folder / "backup"
        if not backup.exists():
            return
        self.branch.close()
        for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
            (self.branch.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.branch.folder / FOLDER)
        shutil.copytree(backup, self.branch.folder, dirs_exist_ok=True)
        self.branch.reopen()
        restored(self.branch.office)
        self.counts["restored"] += 1

    async def revoke(self, phone: Phone) -> None:
        """It is lost: switched off, and its officer gets another one. It goes on for whoever has it."""
        if len(self.phones) < PHONES_MOST and phone.store.device_id in self._devices(revoked=False):
            revoke(self.branch.office, phone.store.device_id, "丢失")
            await self._new_phone(phone.officer_id)
            self.counts["revoked"] += 1

    def _devices(self, *, revoked: bool) -> set[str]:
        device = t.device.c
        with self.branch.office.reading() as conn:
            rows = conn.execute(select(device.device_id, device.revoked_ms)).all()
        return {row.device_id for row in rows if (row.revoked_ms is not None) == revoked}

    # ---- what has to be true

    async def rest(self) -> None:
        """Sync until nothing is left to do, and compare. Raises Wrong."""
        for _ in range(2):  # the first may have to bind again, or brings what others then pull
            for phone in self.phones:
                await self.sync(phone)
        revoked = self._devices(revoked=True)
        for phone in self.phones:
            report = await self.sync(phone)
            if phone.store.device_id in revoked:
                if report is not None:
                    raise Wrong("a revoked phone was let in")
            elif report is None or report != SyncReport(pulled=report.pulled):
                raise Wrong(f"not at rest: {report}")
        for phone in self.phones:
            await self._compare(phone, revoked=phone.store.device_id in revoked)
        self._one_record_once()
        await self._same_for_one_officer(revoked)
        self.counts["rests"] += 1

    async def _compare(self, phone: Phone, *, revoked: bool) -> None:
        act, feed = t.activity.c, t.feed.c
        with self.branch.office.reading() as conn:
            mine = feed.officer_id == phone.officer_id
            count, total = conn.execute(select(feed.count, feed.sum).where(mine)).one()
            asked = select(act.activity_id).where(act.device_id == phone.store.device_id).order_by(act.seq)
            there = list(conn.scalars(asked))
            files = {tuple(row) for row in conn.execute(select(t.blob.c.activity_id, t.blob.c.sha256))}
        journal = [e.activity_id for e in await phone.store.journal()]
        if not there == journal == phone.saved:
            raise Wrong(f"branch {len(there)}, journal {len(journal)}, confirmed {len(phone.saved)}")
        try:
            problems = await phone.store.doctor()
        except SealBroken as e:
            raise Wrong("a row does not open") from e
        if problems:
            raise Wrong("; ".join(m.text for m in problems))
        if revoked:
            return  # it may hand in records, and nothing else
        if await phone.store.check() != Check(count, int(total, 16)):
            raise Wrong("the check sums differ")
        for activity_id, photo in phone.photos.items():
            sha256 = hashlib.sha256(photo).hexdigest()
            if (activity_id, sha256) not in files or self.branch.office.blobs.get(sha256) != photo:
                raise Wrong("a file is lost")

    def _one_record_once(self) -> None:
        with self.branch.office.reading() as conn:
            there = list(conn.scalars(select(t.activity.c.activity_id)))
        if len(there) != len(set(there)):
            raise Wrong("a record is there twice")

    async def _same_for_one_officer(self, revoked: set[str]) -> None:
        """All phones of an officer show the same documents in the same versions."""
        shown: dict[str, set[tuple[str, str, int]]] = {}
        for phone in self.phones:
            if phone.store.device_id not in revoked:
                mine = {(d.kind, d.id, d.version) for d in await phone.store.documents()}
                if shown.setdefault(phone.officer_id, mine) != mine:
                    raise Wrong(f"the phones of {phone.officer_id} differ")

    async def end(self) -> None:
        for phone in self.phones:
            await phone.close()
        self.branch.close()
