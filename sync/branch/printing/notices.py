"""待送达的函: the notices that will be due on a day, one page each, with a receipt strip to be signed."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from reportlab.lib.units import mm
from reportlab.platypus import HRFlowable, PageBreak, Spacer

from app.domain.message import Message
from app.domain.notice import Letter, letter
from app.domain.records import BORROWER
from app.domain.steps import steps_of
from sync.branch.case_files import case_files, procedures_of, rules_of
from sync.branch.errors import BranchError
from sync.branch.office import Office, require_officer
from sync.branch.officers import as_registered
from sync.branch.printing.fonts import register
from sync.branch.printing.layout import TITLE, WIDTH, Page, pdf

_YEARS: Final = range(2000, 2200)  # rules look days back and ahead, which the calendar's ends do not have
_RECEIPT = ("送达回执", "编号", "送达对象", "送达日期", "签收（签字或按手印）", "送达人", "见证人（拒签时）")


def letters_for(office: Office, on: date, officer_id: str | None = None) -> list[Letter]:
    """The notices the procedure asks for on that day, by contract number. Raises UnknownOfficer, BranchError."""
    if on.year not in _YEARS:
        raise BranchError(Message("No notice can be due on {day}. Check the year.", {"day": on.isoformat()}))
    with office.reading() as conn:
        if officer_id is not None:
            officer_id = as_registered(conn, officer_id)
            require_officer(conn, officer_id)
        procedures, rules = procedures_of(conn), rules_of(conn)
        found: list[Letter] = []
        for file in case_files(conn, officer_id):
            procedure = procedures.get(file.case.procedure)
            if procedure is None:
                continue
            steps = steps_of(file, procedure, rules, on, office.zone)
            # Of the day's window, or to begin an expiring limitation anew: both are answered by a letter.
            if any(s.kind == "notice" and not s.done for s in steps):
                found.append(letter(file.case, file.figures, procedure, BORROWER, on))
    return found


def notices_pdf(letters: list[Letter], branch: str) -> tuple[bytes, frozenset[str]]:
    """The letters as a PDF, and the characters the font does not have."""
    texts = [*_RECEIPT, branch, "年月日（盖章）______"]
    texts += [part for one in letters for part in (one.title, one.number, one.to, *one.paragraphs)]
    written = register(texts)
    page = Page(written)
    for n, one in enumerate(letters):
        if n:
            page.story.append(PageBreak())
        _letter(page, one, branch)
    return pdf(page, letters[0].title if letters else "", branch), written.missing


def _letter(page: Page, one: Letter, branch: str) -> None:
    page.text(one.title, 20, bold=True, **TITLE)
    page.text(f"编号：{one.number}", 10)
    page.story.append(Spacer(0, 4 * mm))
    for n, paragraph in enumerate(one.paragraphs):
        page.text(paragraph, 12, firstLineIndent=0 if n == 0 else 24, spaceAfter=3 * mm)
    page.story.append(Spacer(0, 10 * mm))
    page.text(f"{branch}（盖章）", 12, leftIndent=WIDTH * 0.55)
    page.text(f"{one.on.year}年{one.on.month}月{one.on.day}日", 12, leftIndent=WIDTH * 0.55)
    page.story += [Spacer(0, 12 * mm), HRFlowable(width="100%", dash=(4, 3), spaceAfter=4 * mm)]
    title, number, to, day, signed, by, witness = _RECEIPT
    page.text(title, 14, bold=True, **TITLE)
    rows: list[list[Any]] = [
        [f"{number}：{one.number}", f"{to}：{one.to}"],
        [f"{day}：______年____月____日", f"{by}：________________"],
        [f"{signed}：________________", f"{witness}：________________"],
    ]
    page.table(rows, (1, 1), size=11, head=False)
