"""A phone's folder put back from an older copy, as a backup tool or a change of phone does it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sync.branch import tables as t
from sync.protocol import Refused
from tests.faults.ground import DirectBranch, Phone
from tests.support.branch_server import RunningBranch


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[RunningBranch]:
    made = RunningBranch(tmp_path / "branch")
    made.officer()
    yield made
    made.close()


async def put_back(branch: RunningBranch, folder: Path) -> tuple[Phone, str]:
    """A phone whose newest two records are at the branch and no longer in its folder; and its case."""
    phone, case_id = Phone(folder), branch.case()
    await phone.open()
    wire = DirectBranch(branch.office, phone.secret)
    await phone.enrol(wire, branch.code())
    await phone.sync(wire)
    await phone.record(case_id, 3)
    await phone.sync(wire)
    await phone.close()
    copy = shutil.copytree(folder, folder.with_name("copy"))
    await phone.open()
    await phone.record(case_id, 2)
    await phone.sync(wire)
    await phone.close()
    shutil.rmtree(folder)
    copy.rename(folder)
    await phone.open()
    return phone, case_id


def at_branch(branch: RunningBranch) -> list[str]:
    with branch.office.reading() as conn:
        return list(conn.scalars(select(t.activity.c.activity_id).order_by(t.activity.c.seq)))


async def test_what_the_copy_lacks_comes_from_the_branch_and_the_phone_goes_on(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone, case_id = await put_back(branch, tmp_path / "phone")
    wire = DirectBranch(branch.office, phone.secret)
    await phone.sync(wire)
    assert [e.activity_id for e in await phone.store.journal()] == phone.saved
    await phone.record(case_id)
    await phone.sync(wire)
    assert at_branch(branch) == phone.saved and len(phone.saved) == 6
    assert await phone.store.doctor() == []
    await phone.close()


async def test_what_was_recorded_before_the_first_sync_is_refused_by_name_and_stays(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone, case_id = await put_back(branch, tmp_path / "phone")
    before = at_branch(branch)
    [new] = await phone.record(case_id)
    for _ in range(2):
        with pytest.raises(Refused, match="resend_from"):
            await phone.sync(DirectBranch(branch.office, phone.secret))
    assert at_branch(branch) == before
    assert [e.activity_id for e in await phone.store.journal()][-1] == new
    assert await phone.store.doctor() == []
    await phone.close()
