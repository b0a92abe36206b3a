"""A file as headings and rows, whatever it was saved as: CSV (GB18030, GBK, UTF-8, UTF-16) or XLSX.

`Row.line` is the physical line of the file the row starts on (the heading is line 1), for XLSX the row's number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Final

from app.domain.message import Message
from sync.branch.importing.columns import CONTRACT, MONEY, OF_ONE_LOAN, WAN, Columns, counted_in
from sync.branch.importing.csv_lines import HEAD_MAX, Broken, read_lines, text_of
from sync.branch.importing.errors import NotAList
from sync.branch.importing.styles import half_width, is_blank, unguarded
from sync.branch.importing.workbook import NO_MARKS, Marks, Page, read_workbook

FILE_MAX: Final = 64 * 1024 * 1024
SHOWN_MAX: Final = 20
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_WEB_PAGE: Final = (b"<html", b"<!doctype", b"<table", b"<head", b"<meta", b"<?xml")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# What stands below or between the loans of a list that people read: sums, counts, who made it.
_NO_LOAN: Final = re.compile(
    r"(本页|总|以上|全部|逾期|贷款)?(合计|总计|小计|共计|汇总)([:(\d,、]|$)|(sub|grand)?\s*total(:|$)"
    r"|(合?共|计|合计)*\d+(条|户|笔|行|人)(记录|数据|贷款)?([,、;。]|$)|第\d+页"
    r"|(制表|复核|审核|填表|打印|导出|报表)(人|时间|日期|单位)?:|(备注|说明|注|数据来源):",
    re.IGNORECASE,
)
Table = list[tuple[int, tuple[str, ...] | Broken]]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by our headings, the cells as they came, and why it cannot be read, if it cannot.

    `units`: our heading → 万元 or %, where the list says that the column counts in it.
    """

    line: int
    cells: Mapping[str, str]
    raw: tuple[str, ...]
    broken: Message | None = None
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as read: the headings as they came, the rows, headings nobody knows, the file's SHA-256.

    `ours`: our name of each heading, empty for one that is none. `passed_over`: lines above the headings, and sums and
    notes among the rows. `hidden`: lines of rows a spreadsheet hides; they are among the rows. `title_units`: of the
    rows' units those that only a title above the headings says.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    unknown: tuple[str, ...] = ()
    sha256: str = ""
    ours: tuple[str, ...] = ()
    passed_over: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()
    title_units: Mapping[str, str] = field(default_factory=dict)

    def warnings(self) -> list[Message]:
        """What the clerk should know of how the file was read."""
        found = []
        if self.passed_over:
            found.append(
                Message(
                    "Titles, sums and notes are no rows of a list and were passed over: line {lines}.",
                    {"lines": shown(self.passed_over)},
                )
            )
        if any(WAN in row.units.values() for row in self.rows[:1]):
            found.append(
                Message("The list counts in 万元: what it rounds off is missing from the amounts taken.")
            )
        if self.hidden:
            found.append(
                Message(
                    "{count} rows are hidden by a filter or by hand and were read like the others: line {lines}. "
                    "Where they are not meant, delete them from the file before it is imported.",
                    {"count": len(self.hidden), "lines": shown(self.hidden)},
                )
            )
        return found


def read_sheet(path: Path, columns: Columns) -> Sheet:
    """Read a list. Raises NotAList where the file is none, or lacks a heading the list cannot do without."""
    content = _content(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise NotAList(
            Message(
                "{file} is a web page or XML under a spreadsheet's name. Open it in a spreadsheet and save it as .xlsx or CSV.",
                {"file": path.name},
            )
        )
    if not content.startswith((_ZIP, _OLD_EXCEL)):
        table = list(read_lines(text_of(content, path.name, columns.knows), columns.knows))
        return replace(_sheet(table, columns, path.name, padded=False), sha256=sha256)
    return replace(_only_list(_pages(content, path.name), columns, path.name), sha256=sha256)


def shown(lines: Sequence[int]) -> list[str]:
    """Line numbers for a sentence: the first of them, and … for the rest."""
    return [str(line) for line in lines[:SHOWN_MAX]] + (["…"] if len(lines) > SHOWN_MAX else [])


def _pages(content: bytes, file: str) -> Iterator[Page]:
    if content.startswith(_OLD_EXCEL):
        if _ENCRYPTED in content:
            raise NotAList(
                Message("{file} is protected by a password. Save it without one, or as CSV.", {"file": file})
            )
        raise NotAList(Message("{file} is an old .xls file. Save it as .xlsx or CSV.", {"file": file}))
    return read_workbook(content, file)


def _only_list(pages: Iterable[Page], columns: Columns, file: str) -> Sheet:
    """The one sheet of a workbook that is a list. Raises NotAList where none is, or several are."""
    first: NotAList | None = None
    lists: dict[str, Sheet] = {}
    for page in pages:
        try:
            lists[page.name] = _sheet(page.rows, columns, file, padded=True, marks=page.marks)
        except NotAList as e:
            first = first or e
    if len(lists) > 1:
        raise NotAList(
            Message(
                "{file} has a list in each of the sheets {sheets}. Hide all but one, or save each as a file of its own.",
                {"file": file, "sheets": list(lists)},
            )
        )
    if not lists:
        raise first or _no_list(file)
    return next(iter(lists.values()))


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise NotAList(Message("{file} is a folder, not a list.", {"file": path.name}))
        if path.exists() and not path.is_file():
            raise NotAList(Message("{file} cannot be opened.", {"file": path.name}))
        if path.stat().st_size > FILE_MAX:
            raise NotAList(Message("{file} is too large to be a list.", {"file": path.name}))
        return path.read_bytes()
    except FileNotFoundError as e:
        raise NotAList(Message("There is no file {file}.", {"file": path.name})) from e
    except (OSError, ValueError) as e:
        raise NotAList(Message("{file} cannot be opened.", {"file": path.name})) from e


def _sheet(
    table: Table,
    columns: Columns,
    file: str,
    *,
    padded: bool,
    marks: Marks = NO_MARKS,
) -> Sheet:
    found = [(line, cells) for line, cells in table if isinstance(cells, Broken) or not _empty(cells)]
    top = max(range(min(len(found), HEAD_MAX)), key=lambda n: _known(found[n][1], columns), default=None)
    if top is None or isinstance(found[top][1], Broken):
        raise _no_list(file)
    headings, top, below = _headings(found, top, columns)
    places = columns.places(headings, file)
    at_contract = places.get(CONTRACT)
    again = [cells for _, cells in found[:below]]  # what stands above, on a page of its own
    no_loans = {
        line
        for line, cells in found[below:]
        if _is_note(cells, at_contract) or _is_heading(cells, at_contract, columns) or cells in again
    }
    own = columns.units(headings)
    of_title = _title_units(found[:top], file)
    title_units = {c: of_title for c in places if of_title and c in MONEY and c not in own}
    rows = tuple(
        replace(_row(line, cells, headings, places, padded=padded), units=title_units | own)
        for line, cells in _marked(found[below:], marks, places)
        if line not in no_loans
    )
    unknown = tuple(
        heading
        for at, heading in enumerate(headings)
        if at not in places.values() and not is_blank(heading) and not columns.ignores(heading)
    )
    by_place = {at: ours for ours, at in places.items()}
    return Sheet(
        headings,
        rows,
        unknown,
        ours=tuple(by_place.get(at, "") for at in range(len(headings))),
        passed_over=(*(line for line, _ in found[:top]), *sorted(no_loans)),
        hidden=tuple(row.line for row in rows if row.line in marks.hidden),
        title_units=title_units,
    )


def _headings(found: Table, top: int, columns: Columns) -> tuple[tuple[str, ...], int, int]:
    """The headings, where they begin and where the rows below them do: one line, or a group's name above its columns'."""
    best = _cells_at(found, top), top, top + 1
    for first in (top - 1, top):
        if 0 <= first < len(found) - 1:
            joined = _joined(_cells_at(found, first), _cells_at(found, first + 1), columns)
            if _known(joined, columns) > _known(best[0], columns):
                best = joined, first, first + 2
    return best


def _cells_at(found: Table, at: int) -> tuple[str, ...]:
    cells = found[at][1]
    return () if isinstance(cells, Broken) else cells


def _joined(above: tuple[str, ...], below: tuple[str, ...], columns: Columns) -> tuple[str, ...]:
    """担保人1 above 姓名 and 手机 is 担保人1姓名 and 担保人1手机; 客户信息 above 手机 says nothing."""
    made, group = [], ""
    for over, under in zip_longest(above, below, fillvalue=""):
        group = group if is_blank(over) else over
        if is_blank(under):
            made.append(over)
        else:
            made.append(next((h for h in (group + under, under) if columns.knows(h)), over or under))
    return tuple(made)


def _marked(rows: Table, marks: Marks, places: Mapping[str, int]) -> Table:
    """The rows with what stands in a cell merged over several of them in each, and without those that lack something:
    an amount in such a cell is nobody's for sure, and a formula without its result says nothing."""
    by_line = dict(rows)
    for line, column in marks.uncalculated:
        cells = by_line.get(line)
        if column in places.values() and cells is not None and not isinstance(cells, Broken):
            why = Message(
                "A formula in it has no result. Open the file in a spreadsheet, save it there and import it again."
            )
            by_line[line] = Broken(cells, why, len(cells))
    of_one_loan = {places[ours] for ours in OF_ONE_LOAN if ours in places}
    for column, first, last in marks.merged:
        top = by_line.get(first)
        if top is None or isinstance(top, Broken) or column >= len(top) or is_blank(top[column]):
            continue
        for line in [line for line, _ in rows if first <= line <= last]:
            cells = by_line[line]
            if isinstance(cells, Broken):
                continue
            if column in of_one_loan:
                why = Message(
                    "An amount stands in a cell merged over several rows: it is not clear whose it is."
                )
                by_line[line] = Broken(cells, why, len(cells))
            else:
                filled = [*cells, *[""] * (column + 1 - len(cells))]
                filled[column] = top[column]
                by_line[line] = tuple(filled)
    return list(by_line.items())


def _title_units(above: Table, file: str) -> str:
    """万元 where a title above the headings says that the list counts in it."""
    titles = ("".join(cells) for _, cells in above if not isinstance(cells, Broken))
    return next((unit for title in titles if (unit := counted_in(title, file))), "")


def _known(cells: tuple[str, ...] | Broken, columns: Columns) -> int:
    return 0 if isinstance(cells, Broken) else sum(map(columns.knows, cells))


def _is_note(cells: tuple[str, ...] | Broken, at_contract: int | None) -> bool:
    """Whether it is a sum, a count or a signature: its first words say so, and no contract number is there."""
    if isinstance(cells, Broken) or at_contract is None:
        return False
    first = next(("".join(half_width(c).split()) for c in cells if not is_blank(c)), "")
    contract = cells[at_contract] if at_contract < len(cells) else ""
    return bool(_NO_LOAN.match(first)) and (
        is_blank(contract) or "".join(half_width(contract).split()) == first
    )


def _is_heading(cells: tuple[str, ...] | Broken, at_contract: int | None, columns: Columns) -> bool:
    """Whether the headings stand there once more: where the contract would, and in most of the other cells."""
    if isinstance(cells, Broken) or at_contract is None or at_contract >= len(cells):
        return False
    return columns.knows(cells[at_contract]) and _known(cells, columns) * 2 > len(cells)


def _row(
    line: int,
    cells: tuple[str, ...] | Broken,
    headings: tuple[str, ...],
    places: Mapping[str, int],
    *,
    padded: bool,
) -> Row:
    if isinstance(cells, Broken):
        sound = {ours: unguarded(cells.cells[at]) for ours, at in places.items() if at < cells.sound}
        return Row(line, sound, cells.cells, cells.why)
    why = None
    if any(not is_blank(cell) for cell in cells[len(headings) :]) or (
        len(cells) < len(headings) and not padded
    ):
        why = Message(
            "The row has {cells} cells where there are {headings} headings.",
            {"cells": str(len(cells)), "headings": str(len(headings))},
        )
    by_heading = {ours: unguarded(cells[at]) for ours, at in places.items() if at < len(cells)}
    return Row(line, by_heading, cells, why)


def _empty(cells: tuple[str, ...]) -> bool:
    return all(is_blank(cell) for cell in cells)


def _no_list(file: str) -> NotAList:
    return NotAList(Message("{file} is not a list: no headings were found in it.", {"file": file}))
