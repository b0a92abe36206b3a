"""`<file>.rejected.csv`: the rows that were refused, as they came, ready to be mended and imported again."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from app.domain.message import Message
from sync.branch.importing.columns import REASON
from sync.branch.importing.report import BETWEEN, Report
from sync.branch.importing.sheet import Row, Sheet
from sync.branch.importing.styles import guarded, measured, written
from sync.branch.said import in_both

SUFFIX: Final = ".rejected.csv"


def rejected_path(path: Path) -> Path:
    """Where the refused rows of a file go: beside it."""
    return path.with_name(path.name + SUFFIX)


def write_rejected(path: Path, sheet: Sheet, report: Report) -> None:
    """Write the refused rows, or remove an earlier file of them where there are none.

    A folder that cannot be written to is a warning in the report: the import stands.
    """
    target = rejected_path(path)
    try:
        if report.rejected:
            target.write_bytes(_table(sheet, report))
            report.rejected_file = target
        else:
            target.unlink(missing_ok=True)
    except OSError:
        report.warnings.append(
            Message(
                "{file} could not be written; the refused rows are only in this report.",
                {"file": target.name},
            )
        )


def _table(sheet: Sheet, report: Report) -> bytes:
    reasons: dict[int, list[str]] = {}
    for problem in report.rejected:
        said = in_both(problem.reason, BETWEEN)
        reasons.setdefault(problem.line, []).append(f"{problem.column}: {said}" if problem.column else said)
    ours = [at for at, heading in enumerate(sheet.headings) if heading.strip() == REASON]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_shown(sheet.headings, ours), REASON])
    for row in sheet.rows:
        if row.line in reasons:
            cells = tuple(
                measured(
                    written(cell, ours), sheet.title_units.get(ours, "")
                )  # the title itself stays behind
                for cell, ours in zip(
                    _whole(row, len(sheet.headings)), _whole_of(sheet.ours, len(row.raw)), strict=False
                )
            )
            writer.writerow([*_shown(cells, ours), "; ".join(reasons[row.line])])
    # The mark tells a spreadsheet that this is UTF-8.
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _whole(row: Row, width: int) -> tuple[str, ...]:
    return (*row.raw, *[""] * (width - len(row.raw)))


def _whole_of(ours: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*ours, *[""] * (width - len(ours)))


def _shown(cells: tuple[str, ...], without: list[int]) -> list[str]:
    return [guarded(cell.replace("\0", "")) for at, cell in enumerate(cells) if at not in without]
