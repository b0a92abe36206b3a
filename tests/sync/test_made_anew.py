"""A phone whose notebook file is spoiled goes on, from the command line over a real wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.schema import FILE
from tests.support.branch_server import RunningBranch, running_branch
from tests.sync.test_command_line import CALL, Phone


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[RunningBranch]:
    with running_branch(tmp_path / "branch") as running:
        running.allow_contact_at_any_hour()
        yield running


def test_a_spoiled_notebook_is_made_anew_says_so_and_syncs_without_a_new_code(
    branch: RunningBranch, tmp_path: Path
) -> None:
    phone = Phone(tmp_path / "phone")
    case_id = branch.case(contract_no="A-1")
    assert phone.enrol(branch).returncode == 0
    assert phone.run("sync").returncode == 0
    for _ in range(2):
        assert phone.record({"case_id": case_id, **CALL}).returncode == 0
    assert phone.run("sync").returncode == 0
    assert phone.record({"case_id": case_id, **CALL}, {"case_id": case_id, **CALL}).returncode == 0
    [file] = tmp_path.rglob(FILE)
    spoiled = b"\xff" * file.stat().st_size
    file.write_bytes(spoiled)

    said = phone.run("--lang", "en", "status")
    assert said.returncode == 0
    assert "2 records not yet sent were kept; sync once" in said.stderr
    assert "曾损坏，现已重建" in phone.run("--lang", "zh", "status").stderr
    assert phone.run("sync").returncode == 0
    sound = phone.run("doctor")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert phone.json("status")["uploaded"] == 4
    assert len(branch.exported()) == 4
    [aside] = file.parent.glob(f"{FILE}.damaged-*")
    assert aside.read_bytes() == spoiled
