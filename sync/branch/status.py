"""What the branch holds, at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from app.domain.message import Code, Message
from sync.branch import tables as t
from sync.branch.office import Office, read_meta
from sync.branch.quarantine import waiting
from sync.branch.said import devices, moment


@dataclass(frozen=True, slots=True)
class Status:
    """Counts and days; `behind` are devices that declared records the branch has not got yet."""

    branch: str
    branch_id: str
    zone: str
    today: str
    officers: int
    devices: int
    behind: int
    cases: dict[str, int]
    activities: int
    quarantined: int
    late: int
    payments: int
    payments_cover: str | None
    last_import: str | None
    last_push: str | None

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def sentences(self) -> Iterator[Message]:
        """The same to read."""
        yield Message("Branch {name}, zone {zone}", {"name": self.branch, "zone": self.zone})
        yield Message(
            "{officers}, {devices}, {behind} of them with records not handed in yet",
            {
                "officers": Message("{n} officers", {"n": self.officers}),
                "devices": devices(self.devices),
                "behind": self.behind,
            },
        )
        shown = [
            Message("{status} {n}", {"status": Code("case_status", status), "n": n})
            for status, n in sorted(self.cases.items())
        ]
        yield Message("Cases: {cases}", {"cases": shown or "0"})
        yield Message(
            "{activities} activities, {late} of them late, {quarantined} waiting for the supervisor",
            {"activities": self.activities, "late": self.late, "quarantined": self.quarantined},
        )
        yield Message(
            "Payment data complete up to {day}; last import {imported}; last push {pushed}",
            {
                "day": self.payments_cover,
                "imported": moment(self.last_import),
                "pushed": moment(self.last_push),
            },
        )


def status(office: Office) -> Status:
    """Read it all in one snapshot."""
    with office.reading() as conn:
        act, dev = t.activity.c, t.device.c
        created = act.status == "created"
        by_status = select(t.case_.c.status, func.count()).group_by(t.case_.c.status)
        return Status(
            branch=office.name,
            branch_id=office.branch_id,
            zone=office.zone.key,
            today=office.today().isoformat(),
            officers=_count(conn, t.officer),
            devices=_count(conn, t.device, dev.revoked_ms.is_(None)),
            behind=_count(conn, t.device, dev.declared_seq > dev.head_seq),
            cases={status or "-": n for status, n in conn.execute(by_status)},
            activities=_count(conn, t.activity, created),
            quarantined=waiting(conn),
            late=_count(conn, t.activity, created, act.late),
            payments=_count(conn, t.payment),
            payments_cover=read_meta(conn).get("payments_cover"),
            last_import=_when(office, conn.scalar(select(func.max(t.import_log.c.at_ms)))),
            last_push=_when(office, conn.scalar(select(func.max(dev.pushed_ms)))),
        )


def _count(conn: Connection, table: Any, *where: Any) -> int:
    return conn.scalar(select(func.count()).select_from(table).where(*where)) or 0


def _when(office: Office, at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return at.astimezone(office.zone).isoformat()
