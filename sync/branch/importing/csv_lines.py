"""CSV as core systems write it: which encoding, which delimiter, and rows that know their line.

A row whose quotes do not close is one broken row, never the rest of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from app.domain.message import Message
from sync.branch.importing.errors import NotAList

Knows = Callable[[str], bool]

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_GUESSES: Final = ("utf-8", "gb18030")
_WITH_NULS: Final = ("utf-16-le", "utf-16-be")
_DELIMITERS: Final = ",;\t|"
_ENDS: Final = "\x1a\0"  # what old programs and a torn disk put behind the last line
HEAD_MAX: Final = 30  # a title, a day and a unit may stand above the headings
_SPAN_MAX: Final = 20  # lines one row may go over: a note with line breaks, not half a file


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no row, with what it held and why; its first `sound` cells stand where they should."""

    cells: tuple[str, ...]
    why: Message
    sound: int = 0


def text_of(content: bytes, file: str, knows: Knows) -> str:
    """The file as text. Where no encoding fits every byte, the one its headings are read in, bad bytes as U+FFFD.

    Raises NotAList when no headings are found in any encoding.
    """
    bom = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), None)
    candidates = [bom] if bom else [*_GUESSES, *(_WITH_NULS if b"\0" in content else ())]
    for errors in ("strict", "replace"):
        for encoding in candidates:
            try:
                text = content.decode(encoding, errors)
            except UnicodeDecodeError:
                continue
            if _known_headings(_heading_line(text, knows), knows):
                return text.rstrip(_ENDS)
    raise NotAList(Message("{file} is not a list: no headings were found in it.", {"file": file}))


def read_lines(text: str, knows: Knows) -> Iterator[tuple[int, tuple[str, ...] | Broken]]:
    """Each row with the line it starts on (1 = the first of the file); blank lines are passed over."""
    lines = [line + "\n" for line in _broken_into_lines(text)]
    delimiter = _delimiter(_heading_line(text, knows), knows)
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        cells, used = _row_at(lines, at, delimiter)
        yield at + 1, cells
        at += used


def _broken_into_lines(text: str) -> list[str]:
    """By line feeds, or by carriage returns where there are no line feeds at all; by nothing else."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return (text if "\n" in text else text.replace("\r", "\n")).split("\n")


def _row_at(lines: list[str], at: int, delimiter: str) -> tuple[tuple[str, ...] | Broken, int]:
    why = Message("The quotes in this line do not close.")
    if '"' not in lines[at]:
        return tuple(cell.strip("\r") for cell in lines[at].rstrip("\n").split(delimiter)), 1
    for span in range(1, _SPAN_MAX + 1):
        piece = lines[at : at + span]
        if len(piece) < span:
            break
        try:
            rows = list(csv.reader(piece, delimiter=delimiter, strict=True))
        except csv.Error as e:
            if "unexpected end" in str(e):
                continue
            break
        return tuple(rows[0]), span
    plain = lines[at].rstrip("\n").split(delimiter)
    sound = next(n for n, cell in enumerate(plain) if '"' in cell)
    return Broken(tuple(plain), why, sound), 1


def _heading_line(text: str, knows: Knows) -> str:
    """The line near the top that holds most headings."""
    filled = (line for line in _broken_into_lines(text) if line.strip())
    return max(islice(filled, HEAD_MAX), key=lambda line: _known_headings(line, knows), default="")


def _known_headings(line: str, knows: Knows) -> int:
    return max(sum(map(knows, line.split(d))) for d in _DELIMITERS)


def _delimiter(line: str, knows: Knows) -> str:
    return max(_DELIMITERS, key=lambda d: sum(map(knows, line.split(d))))
