"""XLSX as rows of cells: days as ISO dates, numbers without exponents, so that a contract stays a contract."""

from __future__ import annotations

import functools
import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from app.domain.message import Message
from sync.branch.importing.csv_lines import Broken
from sync.branch.importing.errors import NotAList
from sync.branch.importing.styles import Typed, from_serial

INFLATED_MAX: Final = 256 * 1024 * 1024
_ROW: Final = re.compile(rb"<(?:\w+:)?row(?:\s([^<>]*))?>")
_ROW_NUMBER: Final = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_HIDDEN: Final = re.compile(rb"""(?:^|\s)hidden\s*=\s*["'](?:1|true)["']""")

_MERGED: Final = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^<>]*?ref\s*=\s*["']\$?([A-Z]{1,3})\$?(\d+):\$?[A-Z]{1,3}\$?(\d+)"""
)
_CELL_NUMBER: Final = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d+)["']""")
_NO_RESULT: Final = re.compile(
    rb"<(?:\w+:)?c(\s[^<>]*)?><(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What openpyxl does not say of a sheet while it streams.

    `hidden`: numbers of the rows a filter or somebody's hand has hidden. `merged`: column (from 0), first and last row
    of cells merged over several rows. `uncalculated`: row and column of formulas whose results are not in the file.
    """

    hidden: frozenset[int] = frozenset()
    merged: tuple[tuple[int, int, int], ...] = ()
    uncalculated: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet that is shown: its rows that hold something with their row numbers, and the numbers of hidden rows."""

    name: str
    rows: list[tuple[int, tuple[str, ...] | Broken]]
    marks: Marks


NO_MARKS: Final = Marks()


def read_workbook(content: bytes, file: str) -> Iterator[Page]:
    """Each sheet that is not hidden. Its hidden rows are read like the others, and told: a filter is set for looking,
    and a loan left out for it would be a loan nobody works, or one that seems repaid.

    Raises NotAList when it is no workbook.
    """
    from openpyxl.reader.excel import ExcelReader  # takes 0.2 s to load, and most lists are CSV

    class Reader(ExcelReader):
        """openpyxl's, which fails at a sheet that is a chart when it streams."""

        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            """No list is in it."""

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > INFLATED_MAX:
                raise NotAList(Message("{file} is too large to be a list.", {"file": file}))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not know; we read values only
            reader = Reader(io.BytesIO(content), read_only=True, data_only=True)
            reader.read()
            book = reader.wb
            sheets = [
                Page(sheet.title, _rows(sheet, book.epoch.date()), _marks(sheet))
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            ]
    except NotAList:
        raise
    except Exception as e:
        raise NotAList(Message("{file} is not a list: it is no readable workbook.", {"file": file})) from e
    yield from sheets


def _rows(sheet: Any, epoch: date) -> list[tuple[int, tuple[str, ...] | Broken]]:
    """The filled rows; what a sheet says of its own size is not believed: one stray cell makes it a million rows."""
    sheet.reset_dimensions()
    return [
        (n, tuple(_cell(value, epoch) for value in row))
        for n, row in enumerate(sheet.iter_rows(values_only=True), 1)
        if any(value is not None for value in row)
    ]


def _marks(sheet: Any) -> Marks:
    with sheet._get_source() as source:
        xml = source.read()
    return Marks(
        _hidden_rows(xml) if b"hidden" in xml else frozenset(),
        tuple(_merged(xml)),
        tuple(_uncalculated(xml)),
    )


def _uncalculated(xml: bytes) -> Iterator[tuple[int, int]]:
    for cell in _NO_RESULT.finditer(xml):
        attributes = cell[1] or b""
        # A text as result may be an empty one.
        if b't="str"' not in attributes and (said := _CELL_NUMBER.search(attributes)):
            yield int(said[2]), _column(said[1])


def _column(letters: bytes) -> int:
    return functools.reduce(lambda n, letter: n * 26 + letter - 64, letters, 0) - 1


def _hidden_rows(xml: bytes) -> frozenset[int]:
    found, at = set(), 0
    for row in _ROW.finditer(xml):
        attributes = row[1] or b""
        said = _ROW_NUMBER.search(attributes)
        at = int(said[1]) if said else at + 1
        if _HIDDEN.search(attributes):
            found.add(at)
    return frozenset(found)


def _merged(xml: bytes) -> Iterator[tuple[int, int, int]]:
    for merge in _MERGED.finditer(xml):
        first, last = int(merge[2]), int(merge[3])
        if first < last:
            yield _column(merge[1]), first, last


def _cell(value: Any, epoch: date) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
        case date():
            return value.isoformat()
        case int():
            return Typed(str(value), from_serial(value, epoch))
        case float() if math.isfinite(value):
            # 15 significant digits are what a spreadsheet keeps; the rest is the binary fraction's dust
            return Typed(f"{Decimal(f'{value:.15g}'):f}", from_serial(value, epoch))
    return str(value)
