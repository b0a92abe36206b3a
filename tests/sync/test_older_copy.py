"""A phone's folder put back from an older copy, as a backup tool or a change of phone does it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.branch.handing_in import Journal, Opened, accept_journal
from sync.branch.quarantine import held
from sync.protocol import Refused
from tests.faults.ground import DirectBranch, Phone, synced_phone
from tests.support.branch_server import RunningBranch


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[RunningBranch]:
    made = RunningBranch(tmp_path / "branch")
    made.officer()
    yield made
    made.close()


async def put_back(branch: RunningBranch, folder: Path) -> tuple[Phone, DirectBranch, str]:
    """A phone whose newest two records are at the branch and no longer in its folder; its way there, and its case."""
    phone, wire, case_id = await synced_phone(branch, folder, 3)
    await phone.close()
    copy = shutil.copytree(folder, folder.with_name("copy"))
    await phone.open()
    await phone.record(case_id, 2)
    await phone.sync(wire)
    await phone.close()
    shutil.rmtree(folder)
    copy.rename(folder)
    await phone.open()
    return phone, wire, case_id


async def test_what_the_copy_lacks_comes_from_the_branch_and_the_phone_goes_on(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone, wire, case_id = await put_back(branch, tmp_path / "phone")
    await phone.sync(wire)
    assert [e.activity_id for e in await phone.store.journal()] == phone.saved
    await phone.record(case_id)
    await phone.sync(wire)
    assert branch.records() == phone.saved and len(phone.saved) == 6
    assert await phone.store.doctor() == []
    await phone.close()


async def test_what_was_recorded_before_the_first_sync_is_refused_by_name_and_stays(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone, wire, case_id = await put_back(branch, tmp_path / "phone")
    before = branch.records()
    [new] = await phone.record(case_id)
    for _ in range(2):
        with pytest.raises(Refused, match="resend_from"):
            await phone.sync(wire)
    assert branch.records() == before
    assert [e.activity_id for e in await phone.store.journal()][-1] == new
    assert await phone.store.doctor() == []
    await phone.close()


async def test_brought_in_by_its_sealed_journal_the_record_is_said_to_be_of_a_copy(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone, _, case_id = await put_back(branch, tmp_path / "phone")
    await phone.record(case_id)
    device = phone.store.device_id
    records = tuple(Opened(device, e.activity_id, e.seq, e.record) for e in await phone.store.journal())
    await phone.close()
    taken = accept_journal(branch.office, Journal("0" * 64, records, {}, 0))
    assert (taken.duplicate, taken.quarantined, taken.created) == (3, 1, 0)
    [waiting] = held(branch.office)
    assert waiting.activity_id == phone.saved[-1]
    assert f"0 not handed in, a copy of {device}\n" in branch.cli("device", "list").stdout
    assert "来自该手机数据的一份拷贝" in waiting.reason
    assert "is of a copy of the phone's data" in waiting.reason
