"""Who read and exported what: a line for every command that shows or changes borrowers' data, and for every file read.

    note(office, "export activities")                                  # before anything is handed out
    note(office, "decide closed", subject=case_id, conn=changes.conn)   # in the transaction that decides

A line holds ids and the command's own words: no name, no number, no note.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from sync.branch import tables as t
from sync.branch.office import Office

_WHO_MAX: Final = 200
_SUBJECT_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what when (`at` ISO 8601 in the branch's zone). `device_id` is None for a command at the branch."""

    at: str
    who: str
    device_id: str | None
    action: str
    subject: str | None

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


def note(
    office: Office,
    action: str,
    *,
    subject: str | None = None,
    conn: Connection | None = None,
    device: tuple[str, str] | None = None,
) -> None:
    """Keep a line: `action` in the command's words, `subject` the id it is about.

    Without `conn` it is kept at once, in a transaction of its own; with it, as part of that writing transaction. The
    account of the operating system signs it, or `device`, an officer's number with the device's id. A line that cannot
    be kept raises what the database raises: nothing is handed out then.
    """
    officer_id, device_id = device if device is not None else (os_account(), None)
    values = {
        "at_ms": office.now_ms(),
        "who": officer_id[:_WHO_MAX],
        "device_id": device_id,
        "action": action,
        "subject": subject[:_SUBJECT_MAX] if subject is not None else None,
    }
    with _writing(office, conn) as writer:
        writer.execute(insert(t.audit).values(**values))


def lines(office: Office, since: date | None = None) -> list[AuditLine]:
    """All lines, the oldest first; `since`: of that day in the branch's zone, or later."""
    asked = select(t.audit).order_by(t.audit.c.n)
    if since is not None:
        midnight = datetime.combine(since, time(), office.zone)
        asked = asked.where(t.audit.c.at_ms >= int(midnight.timestamp() * 1000))
    with office.reading() as conn:
        rows = conn.execute(asked).all()
    return [AuditLine(_when(office, r.at_ms), r.who, r.device_id, r.action, r.subject) for r in rows]


def os_account() -> str:
    """The account this process runs under, by its number and not by an environment anybody can set.

    Under sudo also who called it: a line that says root names nobody.
    """
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = f"uid {os.getuid()}"
    caller = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    return f"{account} ({caller})" if caller else account


@contextmanager
def _writing(office: Office, conn: Connection | None) -> Iterator[Connection]:
    if conn is not None:
        yield conn
        return
    with office.database.writing(alone=False) as own:
        yield own


def _when(office: Office, at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(office.zone)
    return at.isoformat(timespec="milliseconds")
