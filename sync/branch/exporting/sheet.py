"""CSV that is safe to open in a spreadsheet, and a spreadsheet.

A spreadsheet that opens CSV makes numbers of contract and telephone numbers: from the 16th digit on they are zeros, and
leading zeros are gone. Nothing in CSV prevents it but other values, so whoever reads with their eyes is given XLSX.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

BOM: Final = "\ufeff"  # without it Excel takes UTF-8 for the machine's old code page
# What a spreadsheet takes for a formula at the start of a cell, full-width twins and leading blanks included.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
# Some spreadsheets part cells at semicolons and tabs too, and a formula may stand behind one.
_SPLITS: Final = re.compile('[,;\t"\r\n]')
# The columns one adds up; every other is text to the digit.
_SUMS: Final = frozenset({
    "amount", "paid", "overdue", "overdue_principal", "overdue_interest", "penalty_interest", "principal_outstanding",
    "account_balance", "cases", "customers", "said", "overdue_days",
})  # fmt: skip
_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{1,2})?")


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A heading and a line a row, UTF-8 with BOM."""
    yield (BOM + _line(columns)).encode()
    for row in rows:
        yield _line([cell(row.get(c)) for c in columns]).encode()


def cell(value: object) -> str:
    """One value as text; one that a spreadsheet would compute gets an apostrophe in front."""
    if value is None:
        return ""
    text = str(value).replace("\0", "")
    return (
        f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_FORMULA) or text.startswith(_FORMULA) else text
    )


def xlsx_file(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The same as a workbook of one sheet. Nothing in it is computed, so no value needs an apostrophe.

    A value longer than a sheet holds, 32,767 characters, ends there.
    """
    from openpyxl import Workbook  # takes 0.2 s to load
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for row in chain([dict(zip(columns, columns, strict=True))], rows):
        cells = []
        for column in columns:
            text = "" if row.get(column) is None else ILLEGAL_CHARACTERS_RE.sub("", str(row[column]))
            is_sum = column in _SUMS and _NUMBER.fullmatch(text)
            made = WriteOnlyCell(sheet, float(text) if is_sum else text)
            if not is_sum:
                made.data_type, made.number_format = "s", "@"  # text, also after somebody typed into it
            cells.append(made if text else None)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    yield out.getvalue()


def _line(cells: Sequence[str]) -> str:
    return ",".join(map(_quoted, cells)) + "\r\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _SPLITS.search(cell) else cell
