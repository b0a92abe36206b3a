import csv
import io
import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from sync.branch.exporting.sheet import cell, csv_lines
from sync.branch.exporting.steps import step_rows
from tests.support.branch_server import ROOT, RunningBranch, environment, running_branch
from tests.support.wire_phone import WirePhone


def rows(branch: RunningBranch, *words: str) -> list[dict[str, str]]:
    done = branch.cli("export", *words, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"), newline="")))


def test_each_activity_is_exported_once_exactly_as_it_came(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    items = [phone.record(case_id, weather="雨") for _ in range(3)]
    phone.push(items[:2])
    phone.push(items)
    done = branch.cli("export", "activities", "--format", "jsonl")

    assert done.stdout.encode() == b"".join(record + b"\n" for _, record in items)


def test_a_record_written_over_several_lines_is_one_line(branch: RunningBranch, phone: WirePhone):
    item = phone.record(branch.case())
    raw = json.loads(item[1])
    phone.head = [0, "0" * 64]
    phone.push([phone.chain(item[0], json.dumps(raw, indent=2).encode())])

    assert branch.exported() == [raw]


def test_activities_since_a_day_are_those_that_happened_on_it_in_the_branchs_zone_or_later(
    branch: RunningBranch, phone: WirePhone
):
    case_id = branch.case()
    times = ["2026-11-21T23:59:00+08:00", "2026-11-21T16:30:00+00:00", "2026-11-23T09:00:00+08:00"]
    items = [phone.record(case_id, happened_at=at) for at in times]
    phone.push(items)
    done = branch.cli("export", "activities", "--since", "2026-11-22", "--format", "jsonl")

    assert [json.loads(line)["activity_id"] for line in done.stdout.splitlines()] == [i for i, _ in items[1:]]


def test_cases_are_exported_as_phones_get_them(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    done = branch.cli("export", "cases", "--format", "jsonl")

    assert done.stdout.encode() == phone.pull().docs["case", case_id] + b"\n"


def test_a_case_row_shows_what_is_owed(branch: RunningBranch):
    branch.case()
    (row,) = rows(branch, "cases")

    assert (row["name"], row["overdue"], row["due_since"]) == ("试用户", "8512.00", "2026-11-20")


def test_promises_carry_their_state(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case(
        payments=[{"payment_id": "LS1", "date": "2026-11-24", "amount": "300.00", "payer": "borrower"}],
        figures={"payments_cover": "2026-11-25"},
    )
    promise = {"party": "borrower", "amount": "1000.00", "due_on": "2026-11-24"}
    made = "2026-11-22T10:00:00+08:00"
    item = phone.record(case_id, kind="promise", body=promise, happened_at=made)
    phone.push([item])
    (said,) = branch.exported("promises")

    assert said["activity_id"] == item[0]
    assert (said["amount"], said["due_on"], said["made_on"]) == ("1000.00", "2026-11-24", "2026-11-22")
    assert said["state"] in ("open", "due_today", "to_verify", "partial", "kept", "broken")
    assert rows(branch, "promises")[0]["contract_no"] == said["contract_no"]
    assert rows(branch, "promises", "--since", "2026-11-23") == []


DANGEROUS = ["=1+1", "+86199", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", " =1", "　=1", "＋1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_starts_a_formula(text: str):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1+1", "张三", "a=b", "2026-11-23", "0.5"])
def test_an_ordinary_cell_stays_as_it_is(text: str):
    assert cell(text) == text


def test_a_note_that_is_a_formula_is_harmless_in_the_sheet_and_untouched_in_the_record(
    branch: RunningBranch, phone: WirePhone
):
    case_id = branch.case(contract_no="=cmd", notes="x")
    note = '=HYPERLINK("http://evil","点我"),\n第二行'
    phone.push([phone.record(case_id, body={"text": note})])
    (row,) = rows(branch, "activities")

    assert row["note"] == f"'{note}"
    assert row["contract_no"] == "'=cmd"
    assert branch.exported()[0]["body"]["text"] == note


def sheet(branch: RunningBranch, what: str) -> list[dict[str, Any]]:
    """The rows of an export as a spreadsheet shows them, each cell (type, value)."""
    command = [sys.executable, "-m", "sync.branch", "--data", str(branch.folder)]
    done = subprocess.run(
        [*command, "export", what, "--format", "xlsx"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment(branch.database_url),
    )
    head, *lines = openpyxl.load_workbook(io.BytesIO(done.stdout)).worksheets[0].iter_rows()
    return [
        dict(zip([c.value for c in head], [(c.data_type, c.value) for c in line], strict=True))
        for line in lines
    ]


def test_a_spreadsheet_keeps_every_digit_of_a_number_and_adds_up_the_money(branch: RunningBranch):
    number = "0519900123456789012345"
    branch.case(contract_no=number)
    (row,) = sheet(branch, "cases")

    assert row["contract_no"] == ("s", number)
    assert row["phone"] == ("s", "19900000001")
    assert row["as_of"] == ("s", "2026-11-23")
    assert row["overdue"] == ("n", 8512)


def test_a_note_is_nothing_but_text_in_a_spreadsheet(branch: RunningBranch, phone: WirePhone):
    case_id = branch.case()
    notes = ["=1+1", "+86 199", "\x07铃\n第二行"]
    phone.push([phone.record(case_id, body={"text": note}) for note in notes])

    assert [row["note"] for row in sheet(branch, "activities")] == [
        ("s", "=1+1"),
        ("s", "+86 199"),
        ("s", "铃\n第二行"),
    ]


@pytest.mark.parametrize("text", ["好;=1+1", "好\t=1+1", '好";=1', "好,=1"])
def test_no_formula_begins_behind_what_some_spreadsheets_take_for_the_end_of_a_cell(text: str):
    _, line = (
        b"".join(csv_lines(["note", "late"], [{"note": text, "late": "1"}])).decode("utf-8-sig").splitlines()
    )

    assert next(csv.reader([line])) == [text, "1"]
    for other in ";\t":
        assert all(cell(c) == c for c in next(csv.reader([line], delimiter=other)))


@pytest.mark.parametrize("what", ["activities", "cases", "promises"])
def test_an_empty_branch_exports_headings_or_nothing(branch: RunningBranch, what: str):
    assert rows(branch, what) == []
    assert branch.exported(what) == []


@pytest.mark.parametrize("words", [("--since", "yesterday"), ("--format", "pdf"), ("--since", "2026-13-01")])
def test_an_export_that_cannot_be_is_a_clear_error_with_nothing_on_standard_output(
    branch: RunningBranch, words: tuple[str, ...]
):
    done = branch.cli("export", "activities", *words)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr


def test_what_the_procedure_asks_today_is_exported_with_officer_day_and_reason(tmp_path: Path) -> None:
    with running_branch(
        tmp_path / "b", now=lambda: datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    ) as branch:
        fresh = branch.case(contract_no="1", episode_start="2026-11-23", assigned_on="2026-11-23")
        late = branch.case(
            contract_no="2", customer_no="2", episode_start="2026-11-17", assigned_on="2026-11-17"
        )
        with branch.office.reading() as conn:
            asked = list(step_rows(branch.office, conn, None))
            past = list(step_rows(branch.office, conn, None, late=True))
            since = list(step_rows(branch.office, conn, date(2026, 11, 24)))
        steps = {(r["case_id"], r["step"]): r for r in asked}
        assert steps[fresh, "first_visit"]["due_on"] == "2026-11-25"
        assert steps[fresh, "first_visit"]["title"] == "首次上门"
        assert steps[fresh, "first_visit"]["officer_id"] == "w001"
        assert [(r["case_id"], r["step"], r["due_on"], r["overdue_days"]) for r in past] == [
            (late, "first_visit", "2026-11-19", 5)
        ]
        assert all(r["due_on"] >= "2026-11-24" for r in since) and since
        assert branch.cli("export", "late", "--format", "jsonl").returncode == 0
