"""The branch's phones: which there are, switching one off, and telling all that the branch was restored.

A revoked device stays revoked: revoking is for a phone, or a copy of its secret, that is in other hands, and no code issued
for another purpose may undo it. What it recorded can still be handed in (a push for 30 days, into quarantine; a sealed
journal at any time). The officer binds a new data folder, which is a new device with a chain of its own. A device the
branch does not know any more (`rebind`), or one that is not revoked, keeps its id and chain under a new code.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.devices import pushes_until
from sync.branch.errors import BranchError
from sync.branch.office import Office, put_meta
from sync.branch.reasons import checked_why


@dataclass(frozen=True, slots=True)
class Phone:
    """A bound device. `behind`: records it declared and has not handed in; times ISO 8601 in the branch's zone.

    `push_until`: until when a revoked one may still hand in, into quarantine. `copy_of`: see accept-journal.
    """

    device_id: str
    officer_id: str
    name: str | None
    platform: str | None
    app: str | None
    records: int
    behind: int
    enrolled_at: str
    pushed_at: str | None
    revoked_at: str | None
    revoked_why: str | None
    push_until: str | None
    copy_of: str | None

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


def phones(office: Office) -> list[Phone]:
    """All devices, by officer and the day they were bound."""
    device = t.device.c
    with office.reading() as conn:
        rows = conn.execute(select(t.device).order_by(device.officer_id, device.enrolled_ms)).all()
        return [
            Phone(
                row.device_id, row.officer_id, row.name, row.platform, row.app, row.head_seq,
                max(0, row.declared_seq - row.head_seq), _when(office, row.enrolled_ms) or "",
                _when(office, row.pushed_ms), _when(office, row.revoked_ms), row.revoked_why,
                _when(office, pushes_until(conn, row.revoked_ms)) if row.revoked_ms is not None else None,
                row.copy_of,
            )
            for row in rows
        ]  # fmt: skip


def revoke(office: Office, device_id: str, why: str) -> Phone:
    """Switch a device off, from its next call on. Raises BranchError where there is none, or it is off already."""
    why = checked_why(why)
    if not why:
        raise BranchError(Message("Switching a device off needs a reason: --why."))
    with office.changing() as changes:
        same = t.device.c.device_id == device_id
        known = changes.conn.execute(select(t.device.c.revoked_ms).where(same)).one_or_none()
        if known is None:
            raise BranchError(
                Message("There is no device {device}. See `device list`.", {"device": device_id})
            )
        if known.revoked_ms is not None:
            raise BranchError(Message("Device {device} is switched off already.", {"device": device_id}))
        note(office, "device revoke", subject=device_id, conn=changes.conn)
        changes.conn.execute(update(t.device).where(same).values(revoked_ms=office.now_ms(), revoked_why=why))
    return next(p for p in phones(office) if p.device_id == device_id)


def restored(office: Office) -> str:
    """A backup was put back: a new epoch, so that every phone starts its pull anew; returns it."""
    epoch = str(uuid.uuid4())
    with office.changing() as changes:
        note(office, "restored", conn=changes.conn)
        put_meta(changes.conn, {"epoch": epoch})
    return epoch


def _when(office: Office, at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(office.zone).isoformat()
