"""The notebook from the command line against a real branch: what support staff and scripts rely on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from app.__main__ import main
from tests.support.branch_server import ROOT, RunningBranch, case_document, free_port, running_branch

CALL = {
    "kind": "call",
    "body": {"party": "borrower", "number": "19900000001", "direction": "out", "outcome": "no_answer"},
}


class Phone:
    """`python -m app` on one data folder, with its PIN and a keystore of its own."""

    def __init__(self, folder: Path, pin: str = "135790") -> None:
        self.folder = folder
        self.pin = pin

    def run(
        self, *words: str, stdin: str | bytes = "", stdout: IO[bytes] | int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "app", "--data", str(self.folder), *words],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "WAIFANG_PIN": self.pin, "WAIFANG_KEYSTORE_DIR": str(self.folder.parent / "keystore")},
        )  # fmt: skip
        return subprocess.CompletedProcess(
            done.args, done.returncode, (done.stdout or b"").decode(), done.stderr.decode()
        )

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def enrol(self, branch: RunningBranch, code: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("enrol", "--server", branch.url, "--officer", "w001", "--code", code or branch.code())

    def record(self, *lines: object) -> subprocess.CompletedProcess[str]:
        return self.run("record", stdin="".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[RunningBranch]:
    with running_branch(tmp_path / "branch") as running:
        running.allow_contact_at_any_hour()
        yield running


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path / "phone")


@pytest.fixture
def bound(branch: RunningBranch, phone: Phone) -> str:
    """The phone is bound and has one case; its case_id."""
    case_id = branch.case(contract_no="A-1")
    assert phone.enrol(branch).returncode == 0
    assert phone.run("sync").returncode == 0
    return case_id


def test_what_was_recorded_with_the_branch_off_is_exported_exactly_once_after_a_sync(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    branch.stop()
    today = phone.json("today")["date"]
    promise = {"kind": "promise", "body": {"party": "borrower", "amount": "500.00", "due_on": today}}
    visit = {
        "kind": "visit",
        "body": {"party": "borrower", "place": "business", "met": [], "outcome": "door_locked"},
    }
    ids = []
    for what in (CALL, visit, promise):
        done = phone.record({"case_id": bound, **what})
        assert done.returncode == 0, done.stderr
        ids += done.stdout.split()
    assert phone.run("sync").returncode == 3
    assert phone.json("status")["waiting"] == 3
    assert phone.json("doctor")["sound"]
    branch.start()
    for _ in range(2):
        assert phone.run("sync").returncode == 0
    assert [r["activity_id"] for r in branch.exported()] == ids
    assert phone.json("status")["uploaded"] == 3


def test_today_and_case_have_the_documented_shape(phone: Phone, bound: str) -> None:
    today = phone.json("today")
    assert list(today) == ["date", "visits", "calls", "waiting"]
    [item] = today["visits"] + today["calls"] + today["waiting"]
    assert list(item) == ["case_id", "contract_no", "name", "dpd", "amount_due", "steps", "distance_m"]
    assert item["amount_due"] == "8512.00"
    for step in item["steps"]:
        assert list(step) == ["step", "kind", "party", "why", "due_on", "done"]
        assert step["why"]
    by_contract, by_id = phone.json("case", "A-1"), phone.json("case", bound)
    assert by_contract == by_id
    assert list(by_id)[:5] == ["case", "figures", "steps", "promises", "timeline"]
    assert by_id["case"]["case_id"] == bound
    assert set(by_id["mix"]) == {"call", "visit", "notice", "guarantor"}
    assert (by_id["unclear_date"], by_id["whereabouts"], by_id["reasons"]) == (False, [], [])


def test_a_promise_shows_its_state_and_the_timeline_its_records(phone: Phone, bound: str) -> None:
    today = phone.json("today")["date"]
    phone.record(
        {"case_id": bound, "kind": "promise", "body": {"party": "borrower", "amount": "500", "due_on": today}}
    )
    case = phone.json("case", bound)
    assert [(p["state"], p["amount"]) for p in case["promises"]] == [("due_today", "500.00")]
    assert [(e["kind"], e["state"]) for e in case["timeline"]] == [("promise", "waiting")]


def test_a_bad_line_is_refused_by_its_number_and_the_others_stand(phone: Phone, bound: str) -> None:
    good = json.dumps({"case_id": bound, **CALL})
    lines = [
        good,
        "not json",
        json.dumps({"case_id": "nobody", **CALL}),
        json.dumps({"case_id": bound, "kind": "call", "body": {"party": "borrower", "outcome": "promised"}}),
        json.dumps({"case_id": bound, "kind": "call"}),
        "",
        good,
    ]
    done = phone.run("record", stdin="\n".join(lines) + "\n")
    assert done.returncode == 2
    assert len(done.stdout.split()) == 2
    refused = done.stderr.splitlines()
    assert [line[:4] for line in refused] == ["第 2 ", "第 3 ", "第 4 ", "第 5 "]
    assert phone.json("status")["waiting"] == 2


def test_a_time_at_the_calendars_end_is_a_bad_line_and_the_others_stand(phone: Phone, bound: str) -> None:
    ends = (
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:00:00+08:00",
    )
    lines = [{"case_id": bound, **CALL, "happened_at": at} for at in ends]
    done = phone.record(*lines, {"case_id": bound, **CALL})
    assert (done.returncode, len(done.stdout.split())) == (2, 1)
    assert [line[:4] for line in done.stderr.splitlines()] == ["第 1 ", "第 2 ", "第 3 ", "第 4 "]


def test_options_are_taken_before_and_after_the_command(phone: Phone, bound: str) -> None:
    before, after = phone.run("--json", "--lang", "en", "status"), phone.run("status", "--json")
    assert json.loads(before.stdout) == json.loads(after.stdout)
    assert "no case nobody" in phone.run("--lang", "en", "case", "nobody").stderr
    assert phone.run("status", "--data", str(phone.folder)).returncode == 0


def test_a_clock_a_year_off_is_said_and_nothing_is_refused_for_it(tmp_path: Path) -> None:
    phone = Phone(tmp_path / "phone")
    with running_branch(tmp_path / "branch", now=lambda: datetime.now(UTC) - timedelta(days=365)) as branch:
        branch.allow_contact_at_any_hour()
        case_id = branch.case(contract_no="A-1")
        assert phone.enrol(branch).returncode == 0
        assert "本机时间相差" in phone.run("sync").stderr
        assert phone.record({"case_id": case_id, **CALL}).returncode == 0
        assert phone.run("sync").returncode == 0
        assert len(branch.exported()) == 1
    assert "本机时间相差" in phone.run("status").stdout


def test_a_day_no_plan_can_be_made_for_is_a_usage_error(phone: Phone, bound: str) -> None:
    for day in ("9999-12-31", "0001-01-01", "2026-13-01", "tomorrow"):
        done = phone.run("today", "--on", day)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        ((), "缺少 COMMAND。", "COMMAND is missing."),
        (("case",), "缺少 CASE。", "CASE is missing."),
        (("status", "now"), "多出了 now。", "now is too much."),
        (("today", "--on"), "--on 后面要有值。", "--on needs a value."),
        (
            ("today", "--on", "x"),
            "--on：x 不是 2026-11-23 这样的日期",
            "--on: x is not a day like 2026-11-23",
        ),
        (("sync", "--json=1"), "--json 后面不带值。", "--json takes no value."),
    ],
)
def test_what_is_wrong_with_a_command_is_said_in_the_language_asked_for(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], chinese: str, english: str
) -> None:
    for said, lang in ((f"命令有误：{chinese}", "zh"), (f"The command cannot be read: {english}", "en")):
        with pytest.raises(SystemExit) as left:
            main(["--lang", lang, *words])
        assert left.value.code == 2
        assert capsys.readouterr().err.splitlines()[-1] == said


def test_an_id_that_cannot_be_told_ends_the_recording_with_a_sentence(phone: Phone, bound: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = phone.run("record", stdin=json.dumps({"case_id": bound, **CALL}), stdout=full)
    assert (done.returncode, done.stderr) == (1, "结果无法写出：No space left on device。\n")
    assert phone.json("doctor")["waiting"] == 1


def test_a_rare_name_is_told_whatever_the_machines_own_encoding(
    branch: RunningBranch, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.case(contract_no="A-1", borrower=case_document("x")["borrower"] | {"name": "孙玲䶮"})
    assert phone.enrol(branch).returncode == 0
    monkeypatch.setenv("PYTHONIOENCODING", "gbk")
    assert phone.run("sync").returncode == 0
    assert "孙玲䶮" in phone.run("today").stdout
    assert phone.run("--help").returncode == 0


def test_bytes_that_are_no_text_are_a_bad_line(phone: Phone, bound: str) -> None:
    done = phone.run("record", stdin=b"\xff\xfe\n" + json.dumps({"case_id": bound, **CALL}).encode())
    assert (done.returncode, len(done.stdout.split())) == (2, 1)


def test_an_override_where_no_rule_applies_is_ignored(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    assert phone.record({"case_id": bound, **CALL, "override": "he asked me to come late"}).returncode == 0
    assert phone.run("sync").returncode == 0
    assert [r["override"] for r in branch.exported()] == [None]


def test_a_time_without_offset_is_the_branchs_and_a_position_is_kept(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    line = {
        "case_id": bound,
        **CALL,
        "happened_at": "2026-11-22T15:30:00",
        "position": {"lat": 32.3, "lon": 106.8},
    }
    assert phone.record(line).returncode == 0
    assert phone.run("sync").returncode == 0
    [record] = branch.exported()
    assert record["happened_at"].startswith("2026-11-22T15:30:00")
    assert record["happened_at"].endswith("+08:00")
    assert (record["position"]["lat"], record["position"]["lon"]) == (32.3, 106.8)


def test_a_future_day_can_be_asked_for_and_a_past_one_ignores_what_came_later(
    phone: Phone, bound: str
) -> None:
    phone.record({"case_id": bound, **CALL})
    assert phone.json("today", "--on", "2030-01-01")["date"] == "2030-01-01"
    before = phone.json("today", "--on", "2026-11-21")
    assert not any(
        s["done"] for i in before["visits"] + before["calls"] + before["waiting"] for s in i["steps"]
    )


def test_a_wrong_code_leaves_nothing_half_done_and_the_right_one_works_after_it(
    branch: RunningBranch, phone: Phone
) -> None:
    wrong = phone.enrol(branch, code="0000000000")
    assert wrong.returncode == 1
    assert "绑定码" in wrong.stderr
    phone.pin = "999999"
    assert phone.enrol(branch).returncode == 0
    assert phone.run("status").returncode == 0


def test_a_wrong_pin_opens_nothing(phone: Phone, bound: str) -> None:
    other = Phone(phone.folder, pin="000000")
    done = other.run("today", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PIN" in done.stderr
    assert phone.run("today").returncode == 0


def test_nobody_at_the_address_ends_with_3_and_a_typo_with_1(phone: Phone) -> None:
    words = ("--officer", "w001", "--code", "0000000000")
    assert phone.run("enrol", "--server", f"http://127.0.0.1:{free_port()}", *words).returncode == 3
    assert phone.run("enrol", "--server", "http//branch", *words).returncode == 1
    assert phone.run("today").returncode == 1


def test_enrolling_again_with_a_new_code_keeps_the_chain(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    phone.record({"case_id": bound, **CALL})
    assert phone.enrol(branch).returncode == 0
    assert phone.run("sync").returncode == 0
    phone.record({"case_id": bound, **CALL})
    assert phone.run("sync").returncode == 0
    assert [r["device_seq"] for r in branch.exported()] == [1, 2]


def test_a_copied_folder_is_told_so_and_keeps_what_it_recorded(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    copy = Phone(phone.folder.with_name("copy"), phone.pin)
    shutil.copytree(phone.folder, copy.folder)
    phone.record({"case_id": bound, **CALL})
    assert phone.run("sync").returncode == 0
    copy.record({"case_id": bound, **CALL})
    done = copy.run("sync")
    assert (done.returncode, "从备份恢复" in done.stderr) == (1, True)
    assert copy.json("status")["waiting"] == 1
    assert len(branch.exported()) == 1


def test_a_second_program_on_the_same_folder_is_told_so(phone: Phone, bound: str) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "app", "--data", str(phone.folder), "record"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={
            **os.environ,
            "WAIFANG_PIN": phone.pin,
            "WAIFANG_KEYSTORE_DIR": str(phone.folder.parent / "keystore"),
        },
    )
    assert first.stdin is not None
    assert first.stdout is not None
    first.stdin.write(json.dumps({"case_id": bound, **CALL}).encode() + b"\n")
    first.stdin.flush()
    assert first.stdout.readline().strip()
    second = phone.run("status")
    assert (second.returncode, second.stdout) == (1, "")
    first.communicate()
    assert first.returncode == 0
    assert phone.json("status")["waiting"] == 1


def test_nothing_of_a_borrower_is_readable_in_the_data_folder(phone: Phone, bound: str) -> None:
    phone.record({"case_id": bound, "kind": "note", "body": {"text": "院里有狗，走后门"}})
    found = b"".join(p.read_bytes() for p in phone.folder.rglob("*") if p.is_file())
    for plain in ("试用户", "19900000001", "虚构县甲镇一村", "院里有狗", "8512", "A-1"):
        assert plain.encode() not in found
        assert json.dumps(plain).strip('"').encode() not in found


def test_a_refused_rebinding_leaves_the_notebook_with_the_branch_it_had(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    elsewhere = branch.url.replace("127.0.0.1", "localhost")
    refused = phone.run("enrol", "--server", elsewhere, "--officer", "w001", "--code", "0000000000")
    assert refused.returncode == 1
    assert phone.json("status")["server"] == branch.url


def test_a_line_a_rule_stands_against_is_refused_with_the_rule_and_the_time_and_goes_on_with_a_reason(
    branch: RunningBranch, phone: Phone, bound: str
) -> None:
    never = {"quiet_from": "00:00", "quiet_until": "00:00", "conversations_a_day": 0}
    branch.update("settings", "limits", never)
    assert phone.run("sync").returncode == 0
    talked = {**CALL, "body": {**CALL["body"], "outcome": "refused"}}
    done = phone.record(
        {"case_id": bound, **talked}, {"case_id": bound, "kind": "note", "body": {"text": "x"}}
    )
    assert (done.returncode, len(done.stdout.split())) == (2, 1)
    assert "conversations" in done.stderr and "00:00" in done.stderr
    done = phone.record({"case_id": bound, **talked, "override": "客户约定此时联系"})
    assert done.returncode == 0, done.stderr
    assert phone.run("sync").returncode == 0
    assert [r["override"] for r in branch.exported() if r["kind"] == "call"] == [
        {"rule": "conversations", "why": "客户约定此时联系"}
    ]


def test_a_rule_that_only_warns_is_told_beside_the_ids(phone: Phone, bound: str) -> None:
    neighbour = {"party": "other:邻居", "number": "19900007777", "direction": "out", "outcome": "third_party"}
    done = phone.record({"case_id": bound, "kind": "call", "body": neighbour})
    assert (done.returncode, len(done.stdout.split())) == (0, 1)
    assert "第 1 行，提醒" in done.stderr and "请先联系本人" in done.stderr
