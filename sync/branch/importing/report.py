"""What came of an import, for the clerk's screen and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.message import Message
from sync.branch.said import in_both

BETWEEN = " / "


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be right: its line, the heading (empty: the whole row), the cell as it came."""

    line: int
    column: str
    value: str
    reason: Message

    def to_json(self) -> dict[str, Any]:
        """The report's entry; the reason in Chinese and in English."""
        return {
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "reason": in_both(self.reason, BETWEEN),
        }


@dataclass(slots=True)
class Report:
    """`taken` rows changed something, `unchanged` rows did not; all others are in `rejected`, one entry a fault."""

    taken: int = 0
    unchanged: int = 0
    rejected: list[Problem] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rejected_file: Path | None = None

    @property
    def exit_code(self) -> int:
        """2 when rows were rejected, else 0."""
        return 2 if self.rejected else 0

    @property
    def rejected_rows(self) -> int:
        """Rows, not faults: a row can have several."""
        return len({problem.line for problem in self.rejected})

    def to_json(self) -> dict[str, Any]:
        """`{"taken", "unchanged", "rejected", …}`."""
        return {
            "taken": self.taken,
            "unchanged": self.unchanged,
            "rejected": [problem.to_json() for problem in self.rejected],
            "warnings": [in_both(warning, BETWEEN) for warning in self.warnings],
            **self.counts,
            "rejected_file": str(self.rejected_file) if self.rejected_file else None,
        }

    def summary(self) -> dict[str, Any]:
        """What may be kept in a log: counts, no name and no number."""
        return {
            "taken": self.taken,
            "unchanged": self.unchanged,
            "rejected": self.rejected_rows,
            "warnings": len(self.warnings),
            **self.counts,
        }
