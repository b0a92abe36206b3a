"""Payments taken in: each once by its serial number, and the day up to which payment data is complete.

Money that arrived is never refused for who brought it: a payer who is neither borrower, debtor nor guarantor of the
loan is kept as `other:<name>`, with a warning; so is one from before the last time the contract was paid out. Only rows that cannot be right, or whose loan is not known, are
rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from app.domain.message import Message
from app.domain.records import BORROWER
from sync.branch import tables as t
from sync.branch.importing import styles
from sync.branch.importing.book import Book, Paid
from sync.branch.importing.cells import Cells
from sync.branch.importing.columns import PAYMENTS
from sync.branch.importing.documents import Document, decimal_string, iso
from sync.branch.importing.errors import NotYet
from sync.branch.importing.full_list import judge_again
from sync.branch.importing.listing import contract_of
from sync.branch.importing.log import keep_log
from sync.branch.importing.rejected import write_rejected
from sync.branch.importing.report import Problem, Report
from sync.branch.importing.sheet import Row, Sheet, read_sheet
from sync.branch.office import Office, put_meta

# A payment cannot be dated further ahead of both the clock and the newest list than a slow clock explains.
AHEAD: Final = timedelta(days=7)

# 个人贷款管理办法: a loan for a trade runs ten years at most, and so does a contract that is paid out again.
LONGEST: Final = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class PaidRow:
    """A row that can be right."""

    line: int
    contract_no: str
    paid_on: date
    amount: Decimal
    payer_name: str
    serial: str


def import_payments(
    office: Office, path: Path, *, covers: date | None = None, mapping: Path | None = None
) -> Report:
    """Import payments; the data is complete then up to the file's last day, or `covers`.

    That day goes into the figures of all cases, but not of those whose own row here was rejected: a promise must
    not be called broken for a payment known to be missing. Raises NotAList, BadMapping, NotYet; nothing is changed then.
    """
    sheet = read_sheet(path, PAYMENTS.with_mapping(mapping))
    with office.changing() as changes:
        book = Book(changes)
        report = Report(warnings=sheet.warnings())
        latest = max([office.today(), *_list_days(book)]) + AHEAD
        if covers is not None and covers > latest:
            raise NotYet(
                Message("Payment data cannot be complete up to {day} yet.", {"day": covers.isoformat()})
            )
        taking = _Taking(book, latest)
        for row in sheet.rows:
            taking.take(row, report)
        changes_of_cases = taking.write()
        until = _complete_until(book, taking, covers, report)
        held_back = _rejected_cases(book, sheet, report)
        cases = _with_payments(book, changes_of_cases)
        judged = judge_again(book)
        for case_id, document in judged.items():
            cases[case_id] = cases.get(case_id, document) | {
                "status": document["status"],
                "status_since": document["status_since"],
            }
        book.write(cases, _covering(book, until, held_back) if until else {})
        report.counts |= {"watch": len(judged)}
        keep_log(changes.conn, "payments", path, sheet, office.now_ms(), report, until)
    write_rejected(path, sheet, report)
    return report


class _Taking:
    """The rows of one payments file."""

    def __init__(self, book: Book, latest: date) -> None:
        self.book = book
        self.last_day: date | None = None
        self._latest = latest
        self._new: list[Paid] = []
        self._by_serial = {p.serial: p for paid in book.paid.values() for p in paid}

    def take(self, row: Row, report: Report) -> None:
        """Take one row, or say why not."""
        read = self._read(row)
        if isinstance(read, list):
            report.rejected += read
            return
        held = self.book.held[read.contract_no]
        payer = self._payer(read, report)
        self._tell_if_before(read, report)
        paid = Paid(
            read.serial, read.contract_no, held.case_id, read.paid_on, read.amount, payer, read.payer_name
        )
        self.last_day = max(read.paid_on, self.last_day or read.paid_on)
        if read.serial in self._by_serial:
            report.unchanged += 1
            return
        self._by_serial[read.serial] = paid
        self._new.append(paid)
        report.taken += 1

    def write(self) -> set[str]:
        """Keep the new payments; the ids of the cases they are for."""
        if self._new:
            self.book.changes.conn.execute(insert(t.payment), [_payment_row(p) for p in self._new])
        for paid in self._new:
            self.book.paid.setdefault(paid.case_id, []).append(paid)
        return {paid.case_id for paid in self._new}

    def _read(self, row: Row) -> PaidRow | list[Problem]:
        if row.broken is not None:
            return [Problem(row.line, "", "", row.broken)]
        cells = Cells(row)
        contract = cells.must("合同编号", styles.number)
        paid_on = cells.must("还款日期", styles.day)
        amount = cells.must("还款金额", styles.money)
        name = cells.may("还款人", styles.name) or ""
        serial = cells.must("流水号", styles.number)
        if contract is not None and contract not in self.book.held:
            cells.wrong(
                "合同编号",
                Message("No list brought this contract yet. Import the list with it, then this row again."),
            )
        if amount is not None and amount == 0:
            cells.wrong("还款金额", Message("A payment cannot be nothing."))
        if paid_on is not None and paid_on > self._latest:
            cells.wrong("还款日期", Message("It is in the future."))
        if paid_on is not None and contract in self.book.held:
            disbursed = self._disbursed(contract)
            if disbursed is not None and paid_on < disbursed - LONGEST:
                cells.wrong("还款日期", Message("It is long before the loan was disbursed."))
        if contract is None or paid_on is None or amount is None or serial is None:
            return cells.problems
        read = PaidRow(row.line, contract, paid_on, amount, name, serial)
        self._check_serial(cells, read)
        return cells.problems or read

    def _check_serial(self, cells: Cells, read: PaidRow) -> None:
        known = self._by_serial.get(read.serial)
        if known is not None and (known.contract_no, known.paid_on, known.amount) != (
            read.contract_no,
            read.paid_on,
            read.amount,
        ):
            cells.wrong("流水号", Message("Another payment has this serial number already."))

    def _case(self, contract: str) -> Document:
        case_id = self.book.held[contract].case_id
        return self.book.documents("case", [case_id]).get(case_id, {})

    def _disbursed(self, contract: str) -> date | None:
        """When the loan was last paid out, as the newest list has it."""
        day = (self._case(contract).get("loan") or {}).get("disbursed_on")
        return date.fromisoformat(day) if day is not None else None

    def _tell_if_before(self, read: PaidRow, report: Report) -> None:
        """A contract that was paid out again has its last disbursement on the list: an earlier payment can be right."""
        disbursed = self._disbursed(read.contract_no)
        if disbursed is not None and read.paid_on < disbursed:
            report.warnings.append(
                Message(
                    "Line {line}: the payment of {contract} is of {day}, before the loan was disbursed; it counts all the same.",
                    {"line": str(read.line), "contract": read.contract_no, "day": read.paid_on.isoformat()},
                )
            )

    def _payer(self, read: PaidRow, report: Report) -> str:
        payer = payer_of(self._case(read.contract_no), read.payer_name)
        if payer.startswith("other:"):
            report.warnings.append(
                Message(
                    "Line {line}: the payer is neither borrower, debtor nor guarantor of {contract}; "
                    "the payment counts all the same.",
                    {"line": str(read.line), "contract": read.contract_no},
                )
            )
        return payer


def payer_of(case: Mapping[str, Any], name: str) -> str:
    """`borrower`, the debtor_id or guarantor_id of that name, or `other:<name>`; nobody named is the borrower."""
    if name in ("", (case.get("borrower") or {}).get("name")):
        return BORROWER
    for people, key in (("debtors", "debtor_id"), ("guarantors", "guarantor_id")):
        for person in case.get(people) or []:
            if person.get("name") == name:
                return str(person[key])
    return f"other:{name}"


def _list_days(book: Book) -> list[date]:
    return [held.listed_on for held in book.held.values() if held.listed_on]


def _complete_until(book: Book, taking: _Taking, covers: date | None, report: Report) -> date | None:
    """The day data is complete up to; an older file does not take back what a newer one brought."""
    until = covers or taking.last_day
    if until is None:
        report.warnings.append(
            Message(
                "There is no payment in the file. Say with --covers up to which day the data is complete."
            )
        )
        return None
    until = max(until, book.payments_cover or until)
    put_meta(book.changes.conn, {"payments_cover": until.isoformat()})
    return until


def _rejected_cases(book: Book, sheet: Sheet, report: Report) -> set[str]:
    lines = {problem.line for problem in report.rejected}
    contracts = {contract_of(row) for row in sheet.rows if row.line in lines}
    return {book.held[c].case_id for c in contracts if c in book.held}


def _with_payments(book: Book, case_ids: set[str]) -> dict[str, Document]:
    documents = book.documents("case", case_ids)
    return {i: doc | {"payments": book.payments_of(i)} for i, doc in documents.items()}


def _covering(book: Book, until: date, held_back: set[str]) -> dict[str, Document]:
    ids = [held.case_id for held in book.held.values() if held.case_id not in held_back]
    return {i: doc | {"payments_cover": iso(until)} for i, doc in book.documents("figures", ids).items()}


def _payment_row(paid: Paid) -> dict[str, Any]:
    return {
        "serial": paid.serial,
        "contract_no": paid.contract_no,
        "case_id": paid.case_id,
        "paid_on": paid.paid_on,
        "amount": decimal_string(paid.amount),
        "payer_name": paid.payer_name,
        "payer": paid.payer,
    }
