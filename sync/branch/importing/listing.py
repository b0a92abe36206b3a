"""A whole overdue list: its day, its good rows, its problems, and every contract that stands on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.domain.message import Message
from sync.branch.importing import styles
from sync.branch.importing.columns import REASON
from sync.branch.importing.report import Problem
from sync.branch.importing.rows import Listed, read_row
from sync.branch.importing.sheet import Row, Sheet
from sync.branch.importing.styles import Unreadable

_STANDS: Final = "; the first row stands."  # ends both reasons, of which a file of rejected rows tells


@dataclass(frozen=True, slots=True)
class Listing:
    """`contracts` holds the readable numbers of rejected rows too: they are on the list.

    `seconds`: lines of rows that come out of a file of rejected rows and were refused for another row's contract number.
    """

    data_on: date | None
    rows: tuple[Listed, ...]
    problems: tuple[Problem, ...]
    contracts: frozenset[str]
    seconds: frozenset[int] = frozenset()


def read_listing(sheet: Sheet, products: Mapping[str, Any], officers: Mapping[str, str]) -> Listing:
    """Read every row. Of two rows with one contract number the first stands, whatever else is wrong with it."""
    data_on = day_of(sheet.rows)
    rows: list[Listed] = []
    problems: list[Problem] = []
    first_line: dict[str, int] = {}
    contracts: set[str] = set()
    for row in sheet.rows:
        contract = contract_of(row)
        read = read_row(row, products, officers, data_on)
        if contract is not None:
            contracts.add(contract)
        # A broken row may have its cells under the wrong headings: it takes no number from a sound one.
        if (
            contract is not None
            and row.broken is None
            and (stands := first_line.setdefault(contract, row.line)) != row.line
        ):
            again = Problem(
                row.line,
                "合同编号",
                row.cells["合同编号"],
                Message(
                    "Line {line} has the same contract number; the first row stands.", {"line": str(stands)}
                ),
            )
            read = [again, *(read if isinstance(read, list) else [])]
        if isinstance(read, list):
            problems += read
        else:
            rows.append(read)
    return Listing(data_on, tuple(rows), tuple(problems), frozenset(contracts), seconds_of(sheet))


def seconds_of(sheet: Sheet) -> frozenset[int]:
    """Lines of a file of rejected rows that were refused because another row has their contract number."""
    return frozenset(
        row.line
        for row in sheet.rows
        for heading, cell in zip(sheet.headings, row.raw, strict=False)
        if heading.strip() == REASON and _STANDS in cell
    )


def still_second(line: int, contract_no: str) -> Problem:
    """A row that was refused for its contract number and comes again under the same one."""
    return Problem(
        line,
        "合同编号",
        contract_no,
        Message(
            "Empty 拒收原因 if this row is the right one. A row of the same list with this contract number was taken"
            "; the first row stands."
        ),
    )


def day_of(rows: Iterable[Row]) -> date | None:
    """数据日期 of most rows; the first of them where two days are equally frequent."""
    days: Counter[date] = Counter()
    for row in rows:
        try:
            days[styles.day(row.cells.get("数据日期", ""))] += 1
        except Unreadable:
            continue  # noted where the row is read
    return days.most_common(1)[0][0] if days else None


def contract_of(row: Row) -> str | None:
    """The row's contract number, where one can be read."""
    try:
        return styles.number(row.cells.get("合同编号", ""))
    except Unreadable:
        return None
