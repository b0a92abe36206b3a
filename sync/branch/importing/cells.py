"""The cells of one row, read one by one, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from app.domain.message import Message
from sync.branch.importing import styles
from sync.branch.importing.report import Problem
from sync.branch.importing.sheet import Row
from sync.branch.importing.styles import Unreadable

T = TypeVar("T")


class Cells:
    """The cells of one row, read one by one; what is wrong with them is collected in `problems`."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.problems: list[Problem] = []

    def part(self, cells: Mapping[str, str]) -> Cells:
        """The same row where these columns hold only what is one person's; with problems of its own."""
        return Cells(replace(self.row, cells={**self.row.cells, **cells}))

    def raw(self, column: str) -> str:
        """The cell as it came; empty where the file has no such column."""
        return self.row.cells.get(column, "")

    def wrong(self, column: str, reason: Message) -> None:
        """Note a problem of a column."""
        self.problems.append(Problem(self.row.line, column, self.raw(column), reason))

    def must(self, column: str, read: Callable[[str], T]) -> T | None:
        """A cell the row cannot do without; None, and a problem, where it cannot be read."""
        if styles.is_blank(self.raw(column)):
            self.wrong(column, Message("It is empty."))
            return None
        return self._read(column, read)

    def may(self, column: str, read: Callable[[str], T]) -> T | None:
        """A cell that may be empty; None where it is, and also, with a problem, where it cannot be read."""
        return None if styles.says_nothing(self.raw(column)) else self._read(column, read)

    def _read(self, column: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(styles.measured(self.raw(column), self.row.units.get(column, "")))
        except Unreadable as e:
            self.problems.append(Problem(self.row.line, column, self.raw(column), e.message))
            return None
