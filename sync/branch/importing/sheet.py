"""A file as headings and rows, whatever it was saved as: CSV (GB18030, GBK, UTF-8, UTF-16) or XLSX.

`Row.line` is the physical line of the file the row starts on (the heading is line 1), for XLSX the row's number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.domain.message import Message
from sync.branch.importing.columns import Columns
from sync.branch.importing.csv_lines import Broken, read_lines, text_of
from sync.branch.importing.errors import NotAList
from sync.branch.importing.styles import is_blank, unguarded
from sync.branch.importing.workbook import read_workbook

FILE_MAX: Final = 64 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by our headings, the cells as they came, and why it cannot be read, if it cannot."""

    line: int
    cells: Mapping[str, str]
    raw: tuple[str, ...]
    broken: Message | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as read: the headings as they came, the rows, headings nobody knows, the file's SHA-256."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    unknown: tuple[str, ...] = ()
    sha256: str = ""


def read_sheet(path: Path, columns: Columns) -> Sheet:
    """Read a list. Raises NotAList where the file is none, or lacks a heading the list cannot do without."""
    content = _content(path)
    if content.startswith(_OLD_EXCEL):
        raise NotAList(Message("{file} is an old .xls file. Save it as .xlsx or CSV.", {"file": path.name}))
    if content.startswith(_ZIP):
        tables: Iterator[list[tuple[int, tuple[str, ...] | Broken]]] = iter(read_workbook(content, path.name))
    else:
        tables = iter([list(read_lines(text_of(content, path.name, columns.knows), columns.knows))])
    first: NotAList | None = None
    for table in tables:
        try:
            sheet = _sheet(table, columns, path.name, padded=content.startswith(_ZIP))
            return replace(sheet, sha256=hashlib.sha256(content).hexdigest())
        except NotAList as e:
            first = first or e
    raise first or _no_list(path.name)


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
    table: list[tuple[int, tuple[str, ...] | Broken]], columns: Columns, file: str, *, padded: bool
) -> Sheet:
    found = [(line, cells) for line, cells in table if isinstance(cells, Broken) or not _empty(cells)]
    if not found or isinstance(found[0][1], Broken):
        raise _no_list(file)
    headings = found[0][1]
    places = columns.places(headings, file)
    rows = tuple(_row(line, cells, headings, places, padded=padded) for line, cells in found[1:])
    unknown = tuple(
        heading
        for at, heading in enumerate(headings)
        if at not in places.values() and not is_blank(heading) and not columns.ignores(heading)
    )
    return Sheet(headings, rows, unknown)


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
