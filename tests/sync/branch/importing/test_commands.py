"""The commands as a clerk types them, and the demo."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.branch.cli import main
from sync.branch.importing.demo import moved, run_demo
from sync.branch.office import Office
from tests.sync.branch.importing.lists import BANK, cases, everything, figures, row, write


class Clerk:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def types(self, *words: str | Path) -> tuple[int, str, str]:
        code = main(["--data", str(self.folder), *map(str, words)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def asks(self, *words: str | Path) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.types(*words, "--json")
        return code, json.loads(out)


@pytest.fixture
def clerk(founded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Clerk:
    shutil.copytree(founded, tmp_path / "office")
    return Clerk(tmp_path / "office", capsys)


def test_the_report_in_json_and_its_exit_codes(clerk: Clerk, tmp_path: Path) -> None:
    code, report = clerk.asks("import", write(tmp_path / "list.csv", [row(1), row(2, 贷款余额="八万")]))
    assert code == 2
    assert list(report)[:3] == ["taken", "unchanged", "rejected"]
    assert (report["taken"], report["unchanged"]) == (1, 0)
    assert report["rejected"] == [
        {
            "line": 3,
            "column": "贷款余额",
            "value": "八万",
            "reason": "不是数字金额。 / It is not an amount in figures.",
        }
    ]
    code, report = clerk.asks("import", write(tmp_path / "list.csv", [row(1)]))
    assert (code, report["unchanged"], report["rejected"]) == (0, 1, [])


def test_a_file_that_is_no_list_ends_with_1_and_nothing_on_standard_output(
    clerk: Clerk, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_bytes(b"\x89PNG\r\n" + bytes(300))
    for command in ("import", "import-payments", "import-places"):
        code, out, err = clerk.types(command, tmp_path / "x.csv", "--json")
        assert (code, out) == (1, "")
        assert "不是名单" in err and "is not a list" in err and "Traceback" not in err


def test_the_clerk_reads_both_languages(clerk: Clerk, tmp_path: Path) -> None:
    code, out, err = clerk.types(
        "import", write(tmp_path / "list.csv", [row(1, 手机号=""), row(2, 年利率="14.58", 手机号="1")])
    )
    assert code == 2
    assert "第 3 行，年利率，“14.58”" in out and "Line 3, 年利率, “14.58”" in out
    assert "list.csv.rejected.csv" in out
    assert "手机号" in err


def test_a_full_list_that_lacks_too_much_asks_for_yes(clerk: Clerk, tmp_path: Path) -> None:
    clerk.types("import", write(tmp_path / "list.csv", [row(n) for n in range(1, 5)]))
    shorter = write(tmp_path / "list.csv", [row(1, 数据日期="2026-11-24", 逾期天数="6")])
    code, out, err = clerk.types("import", shorter, "--full-list")
    assert (code, out) == (1, "") and "--yes" in err and "3" in err
    code, report = clerk.asks("import", shorter, "--full-list", "--yes")
    assert (code, report["off_list"]) == (0, 3)


def test_payments_and_places_by_command(clerk: Clerk, tmp_path: Path) -> None:
    clerk.types("import", write(tmp_path / "list.csv", [row(1)]))
    paid = tmp_path / "paid.csv"
    paid.write_text("合同编号,还款日期,还款金额,还款人,流水号\n5100000001,20261123,5,试一,L1\n", "utf-8")
    code, report = clerk.asks("import-payments", paid, "--covers", "2026-11-24")
    assert (code, report["taken"]) == (0, 1)
    places = tmp_path / "places.csv"
    places.write_text("合同编号,纬度,经度,来源\n5100000001,32.2,106.7,外访\n", "utf-8")
    assert clerk.asks("import-places", places)[1]["taken"] == 1

    office = Office.open(clerk.folder)
    assert figures(office)["5100000001"]["payments_cover"] == "2026-11-24"
    office.close()


def test_the_log_of_imports_holds_no_name_and_no_number(clerk: Clerk, tmp_path: Path) -> None:
    clerk.types("import", write(tmp_path / "list.csv", [row(1), row(2, 年利率="14.58")]))
    office = Office.open(clerk.folder)
    with office.reading() as conn:
        (kept,) = conn.exec_driver_sql("SELECT report FROM import_log").scalars().all()
    office.close()
    assert json.loads(kept) == {"taken": 1, "unchanged": 0, "rejected": 1, "warnings": 0, "reopened": 0}


def test_the_demo_is_of_today_and_may_be_run_again(tmp_path: Path) -> None:
    at = datetime(2027, 3, 1, 20, tzinfo=UTC)  # the 2nd of March in the branch's zone
    first = run_demo(tmp_path / "branch", now=lambda: at)
    office = Office.open(tmp_path / "branch", now=lambda: at)
    before = everything(office)
    again = run_demo(tmp_path / "branch", now=lambda: at + timedelta(days=1))

    told = first.to_json()
    assert (told["officer_id"], told["officer_name"], told["imported"]["taken"]) == ("w001", "赵敏", 116)
    assert [p["line"] for p in told["imported"]["rejected"]] == [37, 49, 72, 85, 122]
    assert told["imported"]["rejected"][1]["value"] == "2026-13-45"
    assert told["passphrase"] and again.passphrase is None
    assert (again.imported.taken, again.imported.unchanged) == (0, 116)
    assert again.code != first.code
    assert {f["as_of"] for f in figures(office).values()} == {"2027-03-02"}
    assert len([c for c in cases(office).values() if c["borrower"]["addresses"][0]["lat"]]) > 70
    after = everything(office)
    assert {k: v for k, v in after.items() if k != "enrol_code"} == {
        k: v for k, v in before.items() if k != "enrol_code"
    }
    office.close()


def test_the_demo_keeps_its_hands_off_a_real_branch(clerk: Clerk) -> None:
    code, out, err = clerk.types("demo", "--json")
    assert (code, out) == (1, "") and "not the demo" in err


def test_the_demo_by_command_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = Clerk(tmp_path / "new", capsys).asks("demo", "--today", "2026-11-25")
    assert code == 0
    assert {"officer_id", "officer_name", "code", "imported", "passphrase", "note"} <= told.keys()


@pytest.mark.parametrize(
    ("cell", "later"),
    [
        ("2026-11-23", "2026-11-25"),
        ("20261123", "20261125"),
        ("2026/9/9", "2026/9/11"),
        ("2026年1月30日", "2026年2月1日"),
        ("2026-13-45", "2026-13-45"),
        ("", ""),
    ],
)
def test_the_demo_moves_a_day_in_its_own_style(cell: str, later: str) -> None:
    assert moved(date(2026, 11, 25) - date(2026, 11, 23))(cell) == later


def test_the_demos_files_are_in_the_project() -> None:
    assert {"overdue_2026-11-23.csv", "places.csv"} <= {file.name for file in BANK.iterdir()}
