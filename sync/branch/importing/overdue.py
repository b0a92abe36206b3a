"""An overdue list taken in: rows become cases and figures, in one transaction.

Figures move every day; a case's version rises only where the case itself changed (its canonical bytes did).
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.contacts import answers, with_answers
from sync.branch.holiday import keep_current
from sync.branch.importing.book import Book, Held
from sync.branch.importing.columns import OVERDUE
from sync.branch.importing.customers import officers_for
from sync.branch.importing.documents import (
    Document,
    Spot,
    Standing,
    case_document,
    figures_document,
    iso,
    standing_members,
)
from sync.branch.importing.full_list import judge_missing
from sync.branch.importing.listing import Listing, read_listing, still_second
from sync.branch.importing.log import keep_log, last_full_list
from sync.branch.importing.rejected import write_rejected
from sync.branch.importing.report import Report
from sync.branch.importing.rows import Listed
from sync.branch.importing.sheet import Sheet, read_sheet, shown
from sync.branch.office import Office, setting

# A list dated further ahead than this is taken for a slip of the pen, and a later one of today wins over it.
AHEAD: Final = timedelta(days=31)


def import_overdue(
    office: Office, path: Path, *, full_list: bool = False, yes: bool = False, mapping: Path | None = None
) -> Report:
    """Import an overdue list; `full_list` says that it is the whole list of its day.

    Raises NotAList, BadMapping, and NeedsYes where more than a third of the open cases would go and not `yes`;
    nothing is changed then. Rows that cannot be right are in the report and in `<file>.rejected.csv`.
    """
    sheet = read_sheet(path, OVERDUE.with_mapping(mapping))
    with office.changing() as changes:
        products = setting(changes.conn, "products")
        officers = {row.officer_id: row.name for row in changes.conn.execute(select(t.officer)).all()}
        listing = read_listing(sheet, products, officers)
        book = Book(changes)
        today = office.today()
        report = Report(rejected=list(listing.problems))
        report.warnings += _warnings(sheet, listing, officers, today)
        taking = _Taking(book, listing, products, today, last_full_list(changes.conn))
        taking.take_all(report)
        if full_list:
            judged = judge_missing(book, listing, today, yes=yes)
            taking.cases |= judged.documents
            report.counts |= judged.counts
        _finish(book, taking, report)
        keep_current(changes, today)
        keep_log(
            changes.conn,
            "overdue",
            path,
            sheet,
            office.now_ms(),
            report,
            listing.data_on,
            full_list=full_list,
        )
    write_rejected(path, sheet, report)
    return report


class _Taking:
    """The rows of one list on their way into the book."""

    def __init__(
        self, book: Book, listing: Listing, products: Mapping[str, Any], today: date, last_full: date | None
    ) -> None:
        self.book = book
        self.listing = listing
        self.cases: dict[str, Document] = {}
        self.figures: dict[str, Document] = {}
        self.row_ids: list[str] = []
        self.reopened = 0
        self._products = products
        self._today = today
        self._last_full = last_full
        self._spots: dict[str, Spot] = book.spots()
        self._cover = book.payments_cover
        self._answers = answers(book.changes.conn)

    def take_all(self, report: Report) -> None:
        """Take every row that is not older than what the branch knows; customers stay with one officer."""
        held = self.book.held
        seconds = [row for row in self.listing.rows if self._is_second(row, held.get(row.contract_no))]
        report.rejected += [still_second(row.line, row.contract_no) for row in seconds]
        rows = [row for row in self.listing.rows if row not in seconds]
        fresh = [row for row in rows if not self._is_stale(row, held.get(row.contract_no))]
        if stale := len(rows) - len(fresh):
            report.unchanged += stale
            report.warnings.append(
                Message(
                    "{count} rows are older than what is known of their loans; nothing of them was taken.",
                    {"count": stale},
                )
            )
        officers, customers, warnings = officers_for(fresh, held)
        report.warnings += warnings
        known = [held[row.contract_no].case_id for row in fresh if row.contract_no in held]
        self.book.documents("case", known)
        self.book.documents("figures", known)
        for row in fresh:
            self._take(row, officers[row.contract_no])
        self._follow(customers, {row.contract_no for row in fresh})
        report.counts["reopened"] = self.reopened

    def _is_second(self, row: Listed, held: Held | None) -> bool:
        return row.line in self.listing.seconds and held is not None and held.listed_on == row.data_on

    def _is_stale(self, row: Listed, held: Held | None) -> bool:
        if held is None or held.known_until > self._today + AHEAD:
            return False
        return row.data_on < held.known_until

    def _take(self, row: Listed, officer: str) -> None:
        held = self.book.held.get(row.contract_no)
        case_id = held.case_id if held else str(uuid.uuid4())
        known = [case_id] if held else []
        before = self.book.documents("case", known).get(case_id, {})
        standing, anew = self._standing(row, held, officer, _decided_closed(before))
        figures_before = self.book.documents("figures", known).get(case_id, {})
        procedure = str(self._products[row.product])
        longest = 0 if anew else figures_before.get("longest_dpd") or 0
        cover = figures_before.get("payments_cover")
        document = case_document(
            row,
            case_id,
            procedure,
            standing,
            self.book.payments_of(case_id),
            self._spots.get(row.contract_no),
            before,
        )
        answered = self._answers.get(case_id)
        self.cases[case_id] = with_answers(document, answered) if answered else document
        self.figures[case_id] = figures_document(
            row, max(longest, row.dpd), date.fromisoformat(cover) if cover else self._cover
        )
        self.row_ids.append(case_id)
        self.reopened += held is not None and held.standing.status not in ("open", standing.status)
        gone = self._last_full if standing.status == "off_list" else None
        self.book.hold(
            Held(
                case_id,
                row.contract_no,
                row.customer_no,
                held.officer_id if held else "",
                procedure,
                standing,
                row.due_since,
                row.data_on,
                row.owed,
                gone,
            )
        )

    def _standing(
        self, row: Listed, held: Held | None, officer: str, decided_closed: bool
    ) -> tuple[Standing, bool]:
        """Where the case stands with this row, and whether its episode starts anew."""
        if held is None:
            history = [d - timedelta(days=1) for d in (row.first_visit_on, row.notice_served_on) if d]
            start = min([row.due_since, *history])
            # A newer full list without it says that it is overdue no longer.
            if self._last_full is not None and row.data_on < self._last_full:
                return Standing("off_list", self._last_full, start, officer, row.data_on), True
            return Standing("open", row.data_on, start, officer, row.data_on), True
        was = held.standing
        if was.status == "closed" and decided_closed:
            return replace(was, assigned_to=officer), False
        anew = self._became_current(row, held)
        start = row.due_since if anew else min(was.episode_start, row.due_since)
        status = "legal" if was.status == "legal" else "open"
        since = was.status_since if status == was.status else row.data_on
        assigned_on = was.assigned_on if officer == held.officer_id else row.data_on
        return Standing(status, since, start, officer, assigned_on), anew

    def _became_current(self, row: Listed, held: Held) -> bool:
        """Whether the loan was wholly current between the last list it stood on and this one.

        A case in `watch` or closed was; an open one only where payments before the new due date covered
        everything owed, which happens where lists were not complete.
        """
        left_on = held.unlisted_on or held.standing.status_since
        if held.standing.status in ("watch", "closed"):
            return row.data_on > left_on
        return (
            held.standing.status == "open"
            and held.listed_on is not None
            and row.due_since > held.listed_on
            and self.book.covered(held, until=row.due_since)
        )

    def _follow(self, customers: Mapping[str, str], listed: set[str]) -> None:
        """Cases of the same customers that are not in the file go to the customer's officer too."""
        others = [
            h
            for h in self.book.held.values()
            if h.contract_no not in listed and customers.get(h.customer_no, h.officer_id) != h.officer_id
        ]
        documents = self.book.documents("case", [h.case_id for h in others])
        for held in others:
            day = self.listing.data_on or self._today
            standing = replace(held.standing, assigned_to=customers[held.customer_no], assigned_on=day)
            self.book.hold(replace(held, standing=standing))
            self.cases[held.case_id] = documents[held.case_id] | standing_members(standing)


def _names(row: Listed) -> list[str]:
    return [row.name, *(name for _, name, _ in row.debtors), *(g.name for g in row.guarantors)]


def _has_lost_characters(name: str) -> bool:
    return any(c in "?？" or unicodedata.category(c) == "Co" for c in name)


def _decided_closed(case: Document) -> bool:
    """The supervisor closed it (written off, sold): that it still stands on a list does not open it again."""
    return any(d.get("what") == "closed" for d in case.get("decisions") or [])


def _finish(book: Book, taking: _Taking, report: Report) -> None:
    changed = book.write(taking.cases, taking.figures)
    taken = sum(case_id in changed for case_id in taking.row_ids)
    report.taken += taken
    report.unchanged += len(taking.row_ids) - taken


def _warnings(sheet: Sheet, listing: Listing, officers: Mapping[str, str], today: date) -> list[Message]:
    found = sheet.warnings()
    if sheet.unknown:
        found.append(
            Message(
                "These headings are not known and were passed over: {headings}.",
                {"headings": list(sheet.unknown)},
            )
        )
    if not sheet.rows:
        found.append(Message("There is no row in the file.", {}))
    if listing.data_on is not None and listing.data_on > today:
        found.append(
            Message(
                "The list is of {day}, which is after today, {today}. Check the clock and the file.",
                {"day": iso(listing.data_on), "today": iso(today)},
            )
        )
    if lost := [row.line for row in listing.rows if any(map(_has_lost_characters, _names(row)))]:
        found.append(
            Message(
                "A name has a ? or a character of one program's own, as rare characters become on the way: line {lines}. "
                "It was taken as it is; have the list made in GB18030 or UTF-8.",
                {"lines": shown(lost)},
            )
        )
    for number, name in sorted({(row.officer_id, row.officer_name) for row in listing.rows}):
        if name and name != officers.get(number):
            found.append(
                Message(
                    "Officer {officer} is registered as {registered}; the list says {listed}.",
                    {"officer": number, "registered": officers.get(number, ""), "listed": name},
                )
            )
    return found
