"""`export activities|cases|promises|reasons|steps|late`: to standard output and nothing else there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from sync.branch.audit import note
from sync.branch.console import JsonFlag, console
from sync.branch.exporting import rows
from sync.branch.exporting.reasons import REASON_COLUMNS, reason_rows
from sync.branch.exporting.sheet import csv_lines, xlsx_file
from sync.branch.exporting.steps import STEP_COLUMNS, step_rows
from sync.branch.office import Office

_Table = tuple[Sequence[str], Iterator[dict[str, Any]]]


class What(StrEnum):
    """What can be exported."""

    ACTIVITIES = "activities"
    CASES = "cases"
    PROMISES = "promises"
    REASONS = "reasons"
    STEPS = "steps"
    LATE = "late"


class Format(StrEnum):
    """How."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    ctx: typer.Context,
    what: Annotated[What, typer.Argument(metavar="activities|cases|promises|reasons|steps|late")],
    as_format: Annotated[
        Format | None, typer.Option("--format", help="格式 · csv (default), xlsx or jsonl.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="起始日 · Activities that happened, promises made, cases whose status began, steps due on that day or "
            "later.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """导出 · Export to standard output; --json is the same as --format jsonl."""
    run = console(ctx, as_json)
    chosen = as_format or (Format.JSONL if run.json else Format.CSV)
    from_day = since.date() if since else None
    with run.office() as office:
        note(office, f"export {what.value}", subject=f"since {from_day}" if from_day else None)
        with office.reading() as conn:
            for line in _lines(office, conn, what, from_day, chosen):
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


def _lines(
    office: Office, conn: Connection, what: What, since: date | None, as_format: Format
) -> Iterator[bytes]:
    if as_format is Format.JSONL:
        return (line + b"\n" for line in _jsonl(office, conn, what, since))
    write = csv_lines if as_format is Format.CSV else xlsx_file
    return write(*_table(office, conn, what, since))


def _table(office: Office, conn: Connection, what: What, since: date | None) -> _Table:
    match what:
        case What.ACTIVITIES:
            return rows.ACTIVITY_COLUMNS, rows.activity_rows(conn, since)
        case What.CASES:
            return rows.CASE_COLUMNS, rows.case_rows(conn, since)
        case What.REASONS:
            return REASON_COLUMNS, reason_rows(conn, since)
        case What.STEPS | What.LATE:
            return STEP_COLUMNS, step_rows(office, conn, since, late=what is What.LATE)
    return rows.PROMISE_COLUMNS, rows.promise_rows(office, conn, since)


def _jsonl(office: Office, conn: Connection, what: What, since: date | None) -> Iterator[bytes]:
    match what:
        case What.ACTIVITIES:
            return rows.activity_records(conn, since)
        case What.CASES:
            return rows.case_records(conn, since)
        case What.REASONS:
            return rows.json_lines(reason_rows(conn, since))
        case What.STEPS | What.LATE:
            return rows.json_lines(step_rows(office, conn, since, late=what is What.LATE))
    return rows.json_lines(rows.promise_rows(office, conn, since))
