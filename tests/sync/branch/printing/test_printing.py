"""Notices ready for signing, and the file of a case."""

import hashlib
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, select, update

from sync.branch import tables as t
from sync.branch.errors import BranchError, UnknownOfficer
from sync.branch.importing.overdue import import_overdue
from sync.branch.printing.dossier import dossier_pdf
from sync.branch.printing.notices import letters_for, notices_pdf
from tests.support.branch_server import RunningBranch, running_branch
from tests.support.wire_phone import WirePhone
from tests.sync.branch.importing.lists import cases, row, write
from tests.sync.branch.test_deciding import found

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SERVED_ON = date(2026, 11, 25)  # D 7 of the made-up list
NAMES = ("䶮喆堃", "试二")


@pytest.fixture
def made(tmp_path: Path) -> RunningBranch:
    branch = RunningBranch(tmp_path / "branch", "试点支行", now=lambda: NOW)
    branch.officer()
    rows = [row(n + 1, 客户姓名=name) for n, name in enumerate(NAMES)]
    import_overdue(branch.office, write(tmp_path / "list.csv", rows), full_list=True)
    yield branch
    branch.close()


def text_of(pdf: bytes) -> list[str]:
    """The words of each page, without the breaks of lines."""
    return ["".join((page.extract_text() or "").split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def test_a_notice_is_due_from_the_day_the_procedure_names(made: RunningBranch) -> None:
    assert letters_for(made.office, date(2026, 11, 24)) == []
    assert [one.to for one in letters_for(made.office, SERVED_ON)] == list(NAMES)
    with pytest.raises(UnknownOfficer):
        letters_for(made.office, SERVED_ON, "w999")
    assert len(letters_for(made.office, SERVED_ON, "W001")) == len(NAMES)
    for slip in (date(26, 11, 24), date.max):
        with pytest.raises(BranchError):
            letters_for(made.office, slip)


def test_one_that_was_served_is_not_printed_again(made: RunningBranch) -> None:
    body = {"addressee": "borrower", "method": "in_person", "result": "signed"}
    found(made, "notice", body)  # on D 5: too early, it does not count
    assert len(letters_for(made.office, SERVED_ON)) == 2


def test_each_notice_has_its_page_with_number_amount_and_receipt_and_rare_names_print(
    made: RunningBranch,
) -> None:
    pdf, missing = notices_pdf(letters_for(made.office, SERVED_ON), "试点支行")
    pages = text_of(pdf)
    assert len(pages) == 2 and missing == frozenset()
    assert "䶮喆堃" in pages[0] and "逾期催收函" in pages[0]
    assert "5100000001-20261125-0" in pages[0]
    assert "4,305.25" in pages[0] and "肆仟叁佰零伍元贰角伍分" in pages[0]
    assert "送达回执" in pages[0] and "试点支行（盖章）" in pages[0]


def test_a_character_no_font_has_is_named_and_printed_as_a_sign(made: RunningBranch) -> None:
    letters = letters_for(made.office, SERVED_ON)
    pdf, missing = notices_pdf(letters, "\U00030000支行")
    assert missing == {"\U00030000"}
    assert "〓支行" in text_of(pdf)[0]


def test_the_dossier_holds_people_amounts_clocks_and_the_timeline(made: RunningBranch) -> None:
    found(made, "visit", {"party": "borrower", "met": ["borrower"], "outcome": "refused", "note": "长" * 400})
    for _ in range(60):
        found(made, "call", {"party": "borrower", "outcome": "no_answer"})
    pdf, _, _ = dossier_pdf(made.office, "5100000001")
    whole = "".join(text_of(pdf))
    for words in (
        "案卷5100000001",
        "䶮喆堃",
        "保一",
        "补齐逾期合计",
        "4,305.25",
        "诉讼时效",
        "保证期间",
        "拒绝",
        "无人接听",
    ):
        assert words in whole, words
    assert len(text_of(pdf)) > 2


def test_the_dossier_breaks_no_telephone_number_over_two_lines(tmp_path: Path) -> None:
    branch = RunningBranch(tmp_path / "branch", "试点支行", now=lambda: NOW)
    branch.officer()
    numbers = ("19900000001", "0826-5551234", "19900000003", "19900000011", "0826-5554321")
    told = {"手机": numbers[0], "备用电话": numbers[1], "配偶姓名": "配一", "配偶手机": numbers[2]}
    told["担保人1手机"] = "、".join(numbers[3:])
    import_overdue(branch.office, write(tmp_path / "list.csv", [row(1, **told)]), full_list=True)
    page = PdfReader(io.BytesIO(dossier_pdf(branch.office, "5100000001")[0])).pages[0]
    branch.close()
    lines = (page.extract_text() or "").splitlines()
    for number in numbers:
        assert any(number.replace("-", "") in line for line in lines), number


def test_the_dossier_says_lists_and_replacements_in_words_and_breaks_a_note_longer_than_a_page(
    made: RunningBranch,
) -> None:
    coming = [{"from": "供销社", "amount": "300.00", "expected_on": "2026-12-01"}]
    visit = {
        "party": "borrower",
        "met": ["borrower"],
        "outcome": "refused",
        "receivables": coming,
        "note": "长" * 9000,
    }
    wrong = found(made, "visit", visit)
    replacement = {"kind": "call", "body": {"party": "borrower", "outcome": "no_answer"}}
    found(made, "correction", {"of": wrong, "why": "点错", "replacement": replacement})
    for _ in range(60):
        found(made, "visit", {**visit, "note": "", "with_officer": "w002"})
    pages = text_of(dossier_pdf(made.office, "5100000001")[0])
    whole = "".join(pages)
    assert "应收款：付款方供销社，金额300.00，预计到账日2026-12-01" in whole
    assert "更正后的内容：催记种类电话，催记内容当事人䶮喆堃，结果无人接听" in whole
    assert '{"' not in whole
    assert whole.count("长") == 9000
    assert all(len(page) > 200 for page in pages[:-1])  # no page is left blank before a long table


@pytest.fixture
def journal(tmp_path: Path) -> tuple[RunningBranch, str]:
    """A branch with three records of one phone and case."""
    with running_branch(tmp_path / "branch") as branch:
        case_id = branch.case()
        phone = WirePhone(branch.url)
        phone.enrol(branch.code())
        for _ in range(3):
            phone.push([phone.record(case_id)])
        phone.close()
        yield branch, case_id


def broken_at(branch: RunningBranch, case_id: str) -> int | None:
    _, [chain], _ = dossier_pdf(branch.office, case_id)
    return chain.broken


def test_an_unbroken_journal_is_said_to_be_one(journal: tuple[RunningBranch, str]) -> None:
    pdf, [chain], _ = dossier_pdf(journal[0].office, journal[1])
    assert (chain.records, chain.broken) == (3, None)
    assert "完整，无改动" in "".join(text_of(pdf))


def test_a_changed_record_is_found_even_where_its_hash_was_written_anew(
    journal: tuple[RunningBranch, str],
) -> None:
    branch, case_id = journal
    act = t.activity
    with branch.office.changing() as changes:
        record = changes.conn.scalar(select(act.c.record).where(act.c.seq == 2))
        forged = record.replace("已电话联系".encode(), "已上门联系".encode())
        anew = hashlib.sha256(forged).hexdigest()
        changes.conn.execute(update(act).where(act.c.seq == 2).values(record=forged, hash=anew))
        changes.conn.execute(update(act).where(act.c.seq == 3).values(prev=anew))
    assert broken_at(branch, case_id) == 3
    assert "自第2条起不连续" in "".join(text_of(dossier_pdf(branch.office, case_id)[0]))


@pytest.mark.parametrize(("gone", "broken"), [(2, 2), (3, 3)])
def test_a_record_that_was_taken_out_is_missed_the_last_one_too(
    journal: tuple[RunningBranch, str], gone: int, broken: int
) -> None:
    branch, case_id = journal
    with branch.office.changing() as changes:
        changes.conn.execute(delete(t.activity).where(t.activity.c.seq == gone))
    assert broken_at(branch, case_id) == broken


def test_the_commands_write_a_whole_file_or_none(made: RunningBranch, tmp_path: Path) -> None:
    out = tmp_path / "notices.pdf"
    answer = made.cli_json("notices", "--for", "2026-11-25", "--officer", "w001", "--out", str(out))
    assert answer == {"notices": 2, "file": str(out)} and out.read_bytes().startswith(b"%PDF")
    none = made.cli_json("notices", "--for", "2026-11-20", "--out", str(tmp_path / "none.pdf"))
    assert none == {"notices": 0, "file": None} and not (tmp_path / "none.pdf").exists()
    assert made.cli("notices", "--for", "2026-11-25", "--out", str(tmp_path / "no" / "x.pdf")).returncode == 1
    contract = next(iter(cases(made.office)))
    answer = made.cli_json("dossier", contract, "--out", str(tmp_path / "d.pdf"))
    assert answer["broken"] == [] and (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF")
    assert made.cli("dossier", "nobody", "--out", str(tmp_path / "e.pdf")).returncode == 1
