"""What was imported when: counts only, no name and no number."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from sync.branch import tables as t
from sync.branch.importing.report import Report
from sync.branch.importing.sheet import Sheet


def keep_log(
    conn: Connection,
    what: str,
    path: Path,
    sheet: Sheet,
    now_ms: int,
    report: Report,
    data_on: date | None,
    *,
    full_list: bool = False,
) -> None:
    """Note an import."""
    conn.execute(
        insert(t.import_log).values(
            what=what,
            file_name=path.name[:255],
            sha256=sheet.sha256,
            data_on=data_on,
            full_list=full_list,
            at_ms=now_ms,
            report=json.dumps(report.summary()),
        )
    )


def last_full_list(conn: Connection) -> date | None:
    """The day of the newest full list."""
    found: date | None = conn.scalar(
        select(func.max(t.import_log.c.data_on)).where(
            t.import_log.c.what == "overdue", t.import_log.c.full_list.is_(True)
        )
    )
    return found
