"""XLSX as rows of cells: days as ISO dates, numbers without exponents, so that a contract stays a contract."""

from __future__ import annotations

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
_ROW: Final = re.compile(rb"<(?:\w+:)?row(?:\s([^>]*))?>")
_ROW_NUMBER: Final = re.compile(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_HIDDEN: Final = re.compile(rb"""(?:^|\s)hidden\s*=\s*["'](?:1|true)["']""")


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet that is shown: its rows that hold something with their row numbers, and the numbers of hidden rows."""

    name: str
    rows: list[tuple[int, tuple[str, ...] | Broken]]
    hidden: frozenset[int]


def read_workbook(content: bytes, file: str) -> Iterator[Page]:
    """Each sheet that is not hidden. Its hidden rows are read like the others, and told: a filter is set for looking,
    and a loan left out for it would be a loan nobody works, or one that seems repaid.

    Raises NotAList when it is no workbook.
    """
    import openpyxl  # takes 0.2 s to load, and most lists are CSV

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > INFLATED_MAX:
                raise NotAList(Message("{file} is too large to be a list.", {"file": file}))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not know; we read values only
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = [
                Page(sheet.title, _rows(sheet, book.epoch.date()), _hidden_rows(sheet))
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


def _hidden_rows(sheet: Any) -> frozenset[int]:
    """The numbers of the rows a filter or somebody's hand has hidden, which openpyxl does not say while it streams."""
    with sheet._get_source() as source:
        xml = source.read()
    if b"hidden" not in xml:
        return frozenset()
    found, at = set(), 0
    for row in _ROW.finditer(xml):
        attributes = row[1] or b""
        said = _ROW_NUMBER.search(attributes)
        at = int(said[1]) if said else at + 1
        if _HIDDEN.search(attributes):
            found.add(at)
    return frozenset(found)


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
