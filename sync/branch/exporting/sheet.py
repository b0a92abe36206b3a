"""CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

BOM: Final = "\ufeff"  # without it Excel takes UTF-8 for the machine's old code page
# What a spreadsheet takes for a formula at the start of a cell, full-width twins and leading blanks included.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")


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


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
