"""Whatever a file holds: one clear error, a named row, or a case that can be right."""

import tempfile
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain.codes import GUARANTOR_ROLES, LIABILITIES, METHODS
from app.domain.records import Case, Figures
from sync.branch.importing.columns import OVERDUE, PAYMENTS
from sync.branch.importing.documents import (
    Standing,
    canonical,
    case_document,
    figures_document,
    instalment_dates,
)
from sync.branch.importing.errors import NotAList
from sync.branch.importing.listing import Listing, read_listing
from sync.branch.importing.overdue import import_overdue
from sync.branch.importing.sheet import Row, Sheet, read_sheet
from sync.branch.office import Office
from tests.sync.branch.importing.lists import BANK, GOOD, row, write

PRODUCTS = {"农户保证贷款": "psbc_small_loan"}
OFFICERS = {"w001": "赵敏"}
HEADING = ",".join(GOOD).encode("gb18030") + b"\r\n"
SHARED = (BANK / "overdue_2026-11-23.csv").read_bytes()

# What clerks and core systems really put into cells, and what nobody ever should.
TROUBLE = st.sampled_from(
    ["", " ", "0", "-1", "=1+1", "无", "八万", "1e9", "1,000", "￥5", "0.1", "14.58", "50%", "2026-11-18", "20261118", "2026/2/30", "19900000002", "+86 19900000003", "\x00", "\ufffd", "'", '"', "担保人", "一般保证", "5" * 400, "²", "٣", "NaN", "-0", "1.999", "１２", "w001", "\u2028", "张\u202e三"]
)  # fmt: skip
CELLS = st.one_of(TROUBLE, st.text(max_size=12), st.from_regex(r"[0-9.,%-]{1,12}", fullmatch=True))


def read_bytes(content: bytes) -> Sheet | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(content)
        try:
            return read_sheet(path, OVERDUE)
        except NotAList as e:
            assert e.message.text
            return None


def listing_of(cells: Mapping[str, str]) -> Listing:
    sheet = Sheet(tuple(cells), (Row(2, cells, tuple(cells.values())),))
    return read_listing(sheet, PRODUCTS, OFFICERS)


@given(st.binary(max_size=2000))
@example(b"PK\x03\x04")
@example(b"\xff\xfe")
def test_any_bytes_are_a_list_or_one_clear_error(content: bytes) -> None:
    read_bytes(content)


@given(st.binary(max_size=600), st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe"]))
def test_any_bytes_under_good_headings_are_rows_or_one_clear_error(content: bytes, mark: bytes) -> None:
    sheet = read_bytes(mark + HEADING + content)
    if sheet is not None:
        listing = read_listing(sheet, PRODUCTS, OFFICERS)
        lines = {p.line for p in listing.problems}
        assert len(listing.rows) + len(lines) == len(sheet.rows)


@given(st.integers(0, len(SHARED) - 1), st.binary(min_size=1, max_size=4))
def test_a_shared_list_with_some_bytes_spoilt_keeps_its_other_rows(at: int, spoilt: bytes) -> None:
    sheet = read_bytes(SHARED[:at] + spoilt + SHARED[at + len(spoilt) :])
    if sheet is None:
        # Only spoilt headings make it no list.
        assert at <= SHARED.index(b"\n")
        return
    products = dict.fromkeys(("农户联保贷款", "农户保证贷款", "商户保证贷款"), "psbc_small_loan")
    listing = read_listing(sheet, products, {"w001": "", "w002": "", "w003": ""})
    if at > SHARED.index(b"\n"):
        assert len(listing.rows) >= 112


@given(st.integers(0, 4000), st.binary(min_size=1, max_size=8))
@settings(max_examples=25)
def test_a_spoilt_workbook_is_a_list_or_one_clear_error(workbook: bytes, at: int, spoilt: bytes) -> None:
    read_bytes(workbook[:at] + spoilt + workbook[at + len(spoilt) :])


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(list(GOOD))
    book.active.append(list(GOOD.values()))
    path = tmp_path_factory.mktemp("book") / "list.xlsx"
    book.save(path)
    return path.read_bytes()


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), CELLS, min_size=1, max_size=4))
@settings(max_examples=300)
def test_a_row_with_any_cells_changed_is_refused_by_name_or_makes_a_sound_case(
    changed: dict[str, str],
) -> None:
    listing = listing_of({**GOOD, **changed})
    if listing.problems:
        assert not listing.rows
        for problem in listing.problems:
            assert problem.column in GOOD
            assert problem.value == {**GOOD, **changed}[problem.column]
        return
    (listed,) = listing.rows
    standing = Standing("open", listed.data_on, listed.due_since, listed.officer_id, listed.data_on)
    case_id = "00000000-0000-4000-8000-000000000001"
    document = canonical(case_document(listed, case_id, "psbc_small_loan", standing, [], None, {}))
    case = Case.read(document)
    assert case.contract_no and case.borrower.name
    assert case.loan.amount > 0 and 0 <= case.loan.annual_rate <= Decimal("0.36")
    assert case.loan.disbursed_on is not None and case.loan.maturity is not None
    assert case.loan.disbursed_on < case.loan.instalment_dates[0] <= case.loan.maturity
    assert case.loan.method in ("", *METHODS)
    assert {g.role for g in case.guarantors} <= set(GUARANTOR_ROLES)
    assert {g.liability for g in case.guarantors} <= set(LIABILITIES)
    assert all(p.number.isdigit() and p.number.isascii() for p in case.borrower.phones)
    assert b"\x00" not in document and len(document) < 64 * 1024
    figures = Figures.read(canonical(figures_document(listed, listed.dpd, None)))
    assert figures.amount_due > 0 and figures.longest_dpd > 0
    assert 0 <= figures.missing <= figures.amount_due
    assert figures.overdue_principal <= figures.principal_outstanding <= case.loan.amount


@given(st.lists(st.dictionaries(st.sampled_from(sorted(GOOD)), CELLS, max_size=2), min_size=1, max_size=4))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_taken_unchanged_or_rejected_and_never_two_of_them(
    office: Office, changes: list[dict[str, str]]
) -> None:
    rows = [row(n) | changed for n, changed in enumerate(changes, 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "list.csv", rows, "utf-8")
        report = import_overdue(office, path)
        counted = report.taken + report.unchanged + report.rejected_rows
        again = import_overdue(office, path)
    assert again.taken == 0
    assert again.unchanged == report.taken + report.unchanged
    # A row that is blank from end to end is none; these have two cells changed at most.
    assert counted == len(rows)


@given(st.dates(date(1990, 1, 1), date(2060, 12, 31)), st.integers(1, 4000))
def test_instalments_are_monthly_on_the_same_day_or_the_months_end(disbursed_on: date, days: int) -> None:
    maturity = date.fromordinal(disbursed_on.toordinal() + days)
    dates = instalment_dates(disbursed_on, maturity)
    assert dates == sorted(set(dates)) and dates[-1] == maturity and dates[0] > disbursed_on
    for due in dates[:-1]:
        tomorrow = date.fromordinal(due.toordinal() + 1)
        assert due.day == disbursed_on.day or (due.day < disbursed_on.day and tomorrow.day == 1)


def test_a_list_asked_for_payments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAList):
        read_sheet(write(tmp_path / "list.csv", [row(1)]), PAYMENTS)
