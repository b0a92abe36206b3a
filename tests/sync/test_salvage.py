"""A notebook nobody can open any more is handed to the branch sealed, and the branch takes it in."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.bootstrap import open_notebook
from app.ports import NotebookError, SealedJournal
from sync.salvage import NoRecovery, SealedRow, pack_salvage, unpack_salvage
from tests.support.branch_server import ROOT, RunningBranch, running_branch
from tests.sync.test_command_line import CALL, Phone


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[RunningBranch]:
    with running_branch(tmp_path / "branch") as running:
        running.allow_contact_at_any_hour()
        yield running


@pytest.fixture
def phone(tmp_path: Path, branch: RunningBranch) -> Phone:
    made = Phone(tmp_path / "phone")
    case_id = branch.case(contract_no="A-1")
    assert made.enrol(branch).returncode == 0
    assert made.run("sync").returncode == 0
    assert made.record({"case_id": case_id, **CALL}).returncode == 0
    assert made.run("sync").returncode == 0
    assert made.record({"case_id": case_id, **CALL}, {"case_id": case_id, **CALL}).returncode == 0
    return made


def clerk(branch: RunningBranch, *words: str, key: Path | None = None, passphrase: str | None = None) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "sync.branch", "--data", str(branch.folder), *words,
         "--recovery-key", str(key or branch.founded.key_file), "--json"],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL,
        env={**os.environ, "WAIFANG_RECOVERY_PASSPHRASE": passphrase or branch.founded.passphrase},
    )  # fmt: skip


def test_a_notebook_whose_pin_is_forgotten_is_handed_in_whole_and_the_branch_has_every_record_once(
    branch: RunningBranch, phone: Phone, tmp_path: Path
) -> None:
    phone.pin = "000000"
    out = tmp_path / "sealed"
    said = phone.json("salvage", "--out", str(out))
    assert (said["records"], said["waiting"], said["damaged"]) == (3, 2, False)
    assert b"no_answer" not in out.read_bytes()
    done = clerk(branch, "accept-journal", str(out))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "created": 2, "duplicate": 1, "quarantined": 0, "files": 0, "unreadable": 0,
    }  # fmt: skip
    assert json.loads(clerk(branch, "accept-journal", str(out)).stdout)["duplicate"] == 3
    assert len(branch.exported()) == 3
    assert branch.cli_json("verify")["sound"]
    phone.pin = "135790"
    assert phone.run("sync").returncode == 0
    assert phone.json("status")["waiting"] == 0


def test_a_damaged_database_gives_at_least_what_was_not_sent(
    branch: RunningBranch, phone: Phone, tmp_path: Path
) -> None:
    database = phone.folder / "waifang.db"
    database.write_bytes(b"\0" * database.stat().st_size)
    said = phone.json("salvage", "--out", str(tmp_path / "sealed"))
    assert (said["records"], said["waiting"], said["damaged"]) == (2, 2, True)
    assert json.loads(clerk(branch, "accept-journal", str(tmp_path / "sealed")).stdout)["created"] == 2


def test_a_changed_file_a_wrong_key_or_passphrase_changes_nothing(
    branch: RunningBranch, phone: Phone, tmp_path: Path
) -> None:
    out = tmp_path / "sealed"
    phone.json("salvage", "--out", str(out))
    content = out.read_bytes()
    for damaged in (content[:-1], b"x" + content, content[:-5] + b"xxxxx", b""):
        out.write_bytes(damaged)
        done = clerk(branch, "accept-journal", str(out))
        assert (done.returncode, done.stdout) == (1, "")
    out.write_bytes(content)
    assert clerk(branch, "accept-journal", str(out), passphrase="wrong").returncode == 1
    assert len(branch.exported()) == 1


def test_after_a_new_recovery_key_the_phone_wraps_anew_and_the_old_key_opens_what_was_sealed_before(
    branch: RunningBranch, phone: Phone, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    phone.json("salvage", "--out", str(before))
    made = branch.cli_json("recovery", "init")
    assert phone.run("sync").returncode == 0
    phone.json("salvage", "--out", str(after))
    key, passphrase = Path(made["recovery_key_file"]), made["passphrase"]

    assert clerk(branch, "accept-journal", str(after)).returncode == 1
    assert clerk(branch, "accept-journal", str(after), key=key, passphrase=passphrase).returncode == 0
    assert clerk(branch, "accept-journal", str(before)).returncode == 0
    opened = clerk(branch, "recovery", "open", str(before), "--out", str(tmp_path / "plain"))
    assert opened.returncode == 0, opened.stderr
    assert len((tmp_path / "plain" / "journal.jsonl").read_text().splitlines()) == 3
    assert [a for a in branch.cli_json("audit", "list")["audit"] if a["action"] == "recovery open"]


def test_a_sealed_file_is_refused_when_any_length_of_it_lies() -> None:
    rows = [
        SealedRow("journal", "d", "a", 1, "waiting", b"sealed"),
        SealedRow("blob", "", "a", 0, "", b"file"),
    ]
    content = pack_salvage(b"{}", rows)
    assert unpack_salvage(content) == (b"{}", rows)
    with pytest.raises(NoRecovery):
        unpack_salvage(content.replace(b'"waiting", 6', b'"waiting", 7'))


def test_a_phone_that_cannot_be_opened_hands_its_journal_in_over_the_wire_and_the_branch_takes_it_by_number(
    branch: RunningBranch, phone: Phone, tmp_path: Path
) -> None:
    phone.pin = "000000"
    said = phone.json("handin", "--server", branch.url)
    assert (said["records"], said["waiting"]) == (3, 2)
    assert phone.json("handin", "--server", branch.url)["records"] == 3  # a lost answer costs nothing
    [listed] = branch.cli_json("handin", "list")["handins"]
    assert (listed["records"], listed["taken_at"]) == (3, None)

    out = tmp_path / "sealed"
    assert branch.cli("handin", "save", str(listed["n"]), "--out", str(out)).returncode == 0
    assert json.loads(clerk(branch, "accept-journal", str(out)).stdout)["created"] == 2
    assert len(branch.exported()) == 3
    [listed] = branch.cli_json("handin", "list")["handins"]
    assert listed["taken_at"] is not None


def test_after_a_hand_in_the_same_folder_binds_anew_and_the_old_notebook_lies_beside_it_untouched(
    branch: RunningBranch, phone: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAIFANG_KEYSTORE_DIR", str(tmp_path / "keystore"))
    before = {f.name: f.read_bytes() for f in phone.folder.iterdir() if f.is_file()}

    async def begin_anew() -> SealedJournal:
        notebook = open_notebook(phone.folder)
        with pytest.raises(NotebookError, match="Hand the records in"):
            await notebook.set_aside()
        handed = await notebook.hand_in(branch.url)
        await notebook.set_aside()
        assert notebook.state == "unbound"
        await notebook.bind(branch.url, "w001", branch.code(), "111111")
        await notebook.sync()
        await notebook.lock()
        return handed

    handed = asyncio.run(begin_anew())
    assert (handed.records, handed.waiting) == (3, 2)
    [aside] = phone.folder.glob("handed-in-*")
    kept = {f.name: f.read_bytes() for f in aside.iterdir()}
    assert {name: kept[name] for name in before if name != "lock"} == {
        name: content for name, content in before.items() if name != "lock"
    }

    [listed] = branch.cli_json("handin", "list")["handins"]
    out = tmp_path / "sealed"
    branch.cli("handin", "save", str(listed["n"]), "--out", str(out))
    assert json.loads(clerk(branch, "accept-journal", str(out)).stdout)["created"] == 2
    phone.pin = "111111"
    assert phone.run("sync").returncode == 0
    assert len(phone.json("case", "A-1")["timeline"]) == 3
    assert phone.json("doctor")["sound"]


def test_what_is_no_sealed_journal_or_one_too_many_is_not_kept(branch: RunningBranch) -> None:
    with httpx.Client(base_url=branch.url) as http:
        whole = [
            pack_salvage(b"{}", [SealedRow("journal", "d", f"a{n}", 1, "waiting", b"x")]) for n in range(3)
        ]
        for spoiled in (b"", b"PK", whole[0][:-1]):
            refused = http.post("/v1/handin", content=spoiled)
            assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
        branch.update("settings", "limits", {"handins_per_hour": 2})
        answers = [http.post("/v1/handin", content=each) for each in whole]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too_many_handins"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert len(branch.cli_json("handin", "list")["handins"]) == 2
