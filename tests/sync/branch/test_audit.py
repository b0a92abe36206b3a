"""Who read and exported what, and that a line holds no borrower's name or number."""

from __future__ import annotations

import pwd
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import sync.branch
from app.i18n import translator
from sync.branch.audit import lines, note
from sync.branch.decisions import DECISIONS
from sync.branch.exporting.cli import What as Export
from tests.support.branch_server import RunningBranch
from tests.support.wire_phone import WirePhone
from tests.sync.branch.conftest import HandClock
from tests.sync.branch.test_uploads import PHOTO, begin, declared, digest, read, send


def test_every_command_that_shows_or_changes_borrowers_data_leaves_a_line(
    branch: RunningBranch, phone: WirePhone, tmp_path: Path
) -> None:
    case_id, out = branch.case(), tmp_path / "out.pdf"
    phone.push(
        [
            phone.record(
                case_id,
                "contact_check",
                {"party": "borrower", "field": "phone", "old": "19900000001", "state": "invalid"},
            )
        ]
    )
    (waiting,) = branch.cli_json("contact", "list")["contacts"]
    branch.cli_json("contact", "confirm", waiting["id"])
    branch.exported("cases")
    branch.cli("export", "activities", "--since", "2026-11-01")
    branch.cli_json("notices", "--for", "2026-11-25", "--out", str(out), "--officer", "w001")
    branch.cli_json("dossier", case_id, "--out", str(out))
    branch.cli_json("decide", case_id, "legal", "--why", "试")
    branch.cli_json("enrol", "w001")

    said = branch.cli_json("audit", "list")["audit"]
    assert [(line["action"], line["subject"]) for line in said] == [
        ("contact list", None),
        ("contact confirm", waiting["id"]),
        ("export cases", None),
        ("export activities", "since 2026-11-01"),
        ("notices", "for 2026-11-25, w001"),
        ("dossier", case_id),
        ("decide legal", case_id),
        ("enrol", "w001"),
    ]
    told = branch.cli("audit", "list").stdout
    assert (
        "：导出催记（2026-11-01 起）\n" in told and ": exported the activities (since 2026-11-01)\n" in told
    )
    assert (
        "：打印待送达的函（用于 2026-11-25, w001）\n" in told
        and f"：主管决定：移交司法（{case_id}）\n" in told
    )
    assert {line["who"].split(" ")[0] for line in said} <= {p.pw_name for p in pwd.getpwall()}
    assert {line["device_id"] for line in said} == {None}


def test_a_file_read_by_a_phone_is_kept_with_officer_and_device_and_one_refused_is_not(
    branch: RunningBranch, phone: WirePhone, colleague: WirePhone
) -> None:
    activity_id = declared(phone, branch.case(), PHOTO)
    begun = begin(phone, activity_id, PHOTO)
    send(phone, begun.headers["location"], 0, PHOTO)
    assert read(colleague, activity_id, digest(PHOTO)).status_code == 404
    assert read(phone, activity_id, digest(PHOTO)).status_code == 200

    (line,) = lines(branch.office)
    assert (line.who, line.device_id, line.action) == ("w001", phone.device_id, "file read")
    assert line.subject == f"{activity_id} {digest(PHOTO)}"


def test_lines_are_asked_for_from_a_day_of_the_branchs_zone(branch: RunningBranch, clock: HandClock) -> None:
    clock.at = clock.at.replace(hour=15, minute=59)  # 23:59 in Shanghai
    note(branch.office, "before")
    clock.pass_by(minutes=1)
    note(branch.office, "after")
    next_day = date(2026, 11, 24)

    assert [line.action for line in lines(branch.office)] == ["before", "after"]
    assert [(line.action, line.at) for line in lines(branch.office, next_day)] == [
        ("after", "2026-11-24T00:00:00.000+08:00")
    ]
    assert lines(branch.office, next_day + timedelta(days=1)) == []


def test_a_decision_that_fails_leaves_no_line(branch: RunningBranch) -> None:
    failed = branch.cli("decide", branch.case(), "legal", "--why", " ")

    assert failed.returncode == 1
    assert lines(branch.office) == []


def test_the_account_of_the_system_is_not_taken_from_what_anybody_can_set(
    branch: RunningBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    branch.exported("cases")
    first: Any = lines(branch.office)[0]

    assert first.who != "somebody-else"


def test_the_list_reads_in_both_languages_too(branch: RunningBranch) -> None:
    nothing = branch.cli("audit", "list").stdout
    branch.exported("reasons")
    said = branch.cli("audit", "list").stdout

    assert "没有查阅或导出的记录。" in nothing
    assert "：导出逾期原因\n" in said and ": exported why loans are overdue\n" in said


def test_everything_that_leaves_a_line_is_said_in_words() -> None:
    """What `note` is called with, read from the branch's own source."""
    written = re.compile(r'note\(\s*office,\s+f?"([^"]+)"|action = "([^"]+)" if accept else "([^"]+)"')
    source = "".join(path.read_text("utf-8") for path in Path(sync.branch.__file__).parent.rglob("*.py"))
    noted = {name for found in written.findall(source) for name in found if name}
    gaps = {
        "{what.value}": Export,
        "{what}": DECISIONS,
        "{'accept' if accept else 'reject'}": ("accept", "reject"),
    }
    for gap, values in gaps.items():
        for name in [n for n in noted if gap in n]:
            noted = noted - {name} | {name.replace(gap, value) for value in values}

    assert {"export late", "decide misuse", "quarantine reject", "contact reject", "file read"} <= noted
    for language in ("zh", "en"):
        assert [n for n in noted if translator(language).code("audit", n) == n] == []
