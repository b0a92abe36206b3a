"""A branch whose disk died and whose backup of the day before was put back: everything the officers did since is there again.

The backups are real ones: the branch's folder copied while it stood still, a database dump and the folder beside it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from app import VERSION
from sync.branch import tables as t
from sync.branch.chains import check_chain, device_ids
from sync.branch.quarantine import answer, held
from sync.branch.switching import restored
from sync.client import HttpBranch
from sync.engine import SyncReport
from sync.protocol import Check, Refused
from tests.faults.ground import Phone
from tests.support.branch_server import RunningBranch
from tests.support.postgres import required_cluster

PHOTOS = [bytes([n]) * 3000 for n in range(4)]


@dataclass
class Outlet:
    """A branch that can be backed up and put back, and its officers' phones."""

    folder: Path
    database: str | None  # the name of one in the tests' PostgreSQL; None for SQLite
    branch: RunningBranch = field(init=False)

    def __post_init__(self) -> None:
        self.branch = RunningBranch(self.folder / "branch", database_url=self._url)
        self.branch.officer("w001")
        self.branch.officer("w002")
        self.branch.start()

    @property
    def _url(self) -> str | None:
        return required_cluster().url(self.database) if self.database else None

    def back_up(self) -> None:
        self.branch.close()
        shutil.copytree(self.folder / "branch", self.folder / "backup")
        if self.database:
            required_cluster().dump(self.database)
        self._open()

    def put_back(self) -> None:
        """The disk is gone with all that was on it."""
        self.branch.close()
        shutil.rmtree(self.folder / "branch")
        shutil.copytree(self.folder / "backup", self.folder / "branch")
        if self.database:
            required_cluster().put_back(self.database)
        self._open()
        restored(self.branch.office)

    def _open(self) -> None:
        self.branch.reopen()
        self.branch.start()

    async def phone(self, name: str, officer_id: str) -> Phone:
        phone = Phone(self.folder / name, officer_id)
        await phone.open()
        await self.bind(phone)
        await self.sync(phone)
        return phone

    async def bind(self, phone: Phone) -> None:
        async with self.wire(phone) as wire:
            await phone.enrol(wire, self.branch.code(phone.officer_id))

    async def sync(self, phone: Phone) -> SyncReport:
        async with self.wire(phone) as wire:
            return await phone.sync(wire)

    @asynccontextmanager
    async def wire(self, phone: Phone) -> AsyncIterator[HttpBranch]:
        wire = HttpBranch(self.branch.url, phone.secret, VERSION)
        try:
            yield wire
        finally:
            await wire.close()

    def waiting(self) -> set[str]:
        """Whose records wait for the supervisor."""
        return {h.activity_id for h in held(self.branch.office)}

    async def all_is_there(self, phone: Phone) -> None:
        """Every record once and in order, every file, the feed's sum, a sound phone, a chain without a break."""
        act, feed = t.activity.c, t.feed.c
        mine = feed.officer_id == phone.officer_id
        with self.branch.office.reading() as conn:
            asked = select(act.activity_id).where(act.device_id == phone.store.device_id).order_by(act.seq)
            assert list(conn.scalars(asked)) == phone.saved
            count, total = conn.execute(select(feed.count, feed.sum).where(mine)).one()
        assert await phone.store.check() == Check(count, int(total, 16))
        assert await phone.store.doctor() == []
        async with self.wire(phone) as wire:
            for activity_id, photo in phone.photos.items():
                assert await wire.file(activity_id, digest(photo)) == photo


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(params=["sqlite", "postgresql"])
def outlet(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Outlet]:
    name = None
    if request.param == "postgresql":
        name = "restored"
        required_cluster().create(name)
    made = Outlet(tmp_path, name)
    try:
        yield made
    finally:
        made.branch.close()
        if name:
            required_cluster().drop(name)


async def test_records_files_and_the_supervisors_answers_come_back(outlet: Outlet) -> None:
    case_id, strange, moved = outlet.branch.case(), outlet.branch.case("w002"), outlet.branch.case()
    first, second = await outlet.phone("first", "w001"), await outlet.phone("second", "w002")
    await first.record(case_id, photo=PHOTOS[0])
    [early] = await first.record(strange)  # never this officer's: it waits for the supervisor
    await outlet.sync(first)
    answer(outlet.branch.office, early, accept=False, why="不是你的户", by="李主任")

    outlet.back_up()
    await first.record(case_id, 3, photo=PHOTOS[1])
    [late] = await first.record(strange, photo=PHOTOS[2])
    await outlet.sync(first)
    answer(outlet.branch.office, late, accept=True, why="", by="李主任")
    outlet.branch.move(moved, "w002")
    await outlet.sync(second)
    [after_the_move] = await second.record(moved)
    await outlet.sync(second)
    newcomer = await outlet.phone("newcomer", "w002")
    await newcomer.record(strange, photo=PHOTOS[3])
    report = await outlet.sync(newcomer)
    assert (report.pushed, report.files_sent) == (1, 1)

    outlet.put_back()
    report = await outlet.sync(first)
    assert (report.restored, report.started_anew, report.mismatch) == (True, True, False)
    assert (await outlet.sync(second)).restored
    with pytest.raises(Refused, match="rebind"):
        await outlet.sync(newcomer)  # bound after the backup: it keeps what it has and asks for a new code
    await outlet.bind(newcomer)
    await outlet.sync(newcomer)

    for phone in (first, second, newcomer, first):
        await outlet.sync(phone)
    for phone in (first, second, newcomer):
        await outlet.all_is_there(phone)
    # An answer from before the backup stands; what was decided since is to be decided again, the move too.
    [verdict] = await first.store.documents([("verdict", early)])
    assert "不是你的户" in (verdict.body or b"").decode()
    assert outlet.waiting() == {late, after_the_move}
    with outlet.branch.office.reading() as conn:
        assert [check_chain(conn, d).broken for d in device_ids(conn)] == [None, None, None]


async def test_what_waited_while_the_backup_was_put_back_goes_out_after_it(outlet: Outlet) -> None:
    case_id = outlet.branch.case()
    phone = await outlet.phone("first", "w001")
    outlet.back_up()
    await phone.record(case_id, 2)
    await outlet.sync(phone)
    await phone.record(case_id, 2, photo=PHOTOS[0])

    outlet.put_back()
    report = await outlet.sync(phone)

    assert (report.restored, report.pushed, report.files_sent) == (True, 4, 2)
    await outlet.all_is_there(phone)
