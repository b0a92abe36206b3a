"""管户信贷员: who is registered at the branch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.errors import BranchError
from sync.branch.importing.styles import half_width
from sync.branch.office import Office


@dataclass(frozen=True, slots=True)
class Officer:
    """One officer with how many cases and working devices they have."""

    officer_id: str
    name: str
    cases: int = 0
    devices: int = 0

    def to_json(self) -> dict[str, Any]:
        """`{"id", "name", "cases", "devices"}`."""
        members = asdict(self)
        return {"id": members.pop("officer_id"), **members}


def add_officer(office: Office, officer_id: str, name: str) -> Officer:
    """Register an officer. Raises BranchError for a number in use, or one or a name that cannot be."""
    officer_id, name = _as_listed(officer_id), name.strip()
    if not _sound(officer_id, 64) or not _sound(name, 128):
        raise BranchError(Message("An officer needs a number of 1 to 64 characters and a name of 1 to 128."))
    with office.changing() as changes:
        taken = registered(officer_id, changes.conn.scalars(select(t.officer.c.officer_id)).all())
        if taken is not None:
            raise BranchError(
                Message("Officer {officer} is registered already. Nothing was changed.", {"officer": taken})
            )
        changes.add_officer(officer_id, name)
    return Officer(officer_id, name)


def registered(officer_id: str, officers: Collection[str]) -> str | None:
    """The number as it was registered; upper and lower case are the same. None where nobody has it."""
    if officer_id in officers:
        return officer_id
    return next((known for known in officers if known.casefold() == officer_id.casefold()), None)


def as_registered(conn: Connection, typed: str) -> str:
    """The registered number that somebody typed in their own way (a phone begins with a capital); else as it was typed."""
    return registered(_as_listed(typed), conn.scalars(select(t.officer.c.officer_id)).all()) or typed


def list_officers(office: Office) -> list[Officer]:
    """All officers by number."""
    with office.reading() as conn:
        cases = _count_by_officer(conn, t.case_.c.officer_id)
        devices = _count_by_officer(conn, t.device.c.officer_id, t.device.c.revoked_ms.is_(None))
        rows = conn.execute(select(t.officer).order_by(t.officer.c.officer_id)).all()
    return [
        Officer(r.officer_id, r.name, cases.get(r.officer_id, 0), devices.get(r.officer_id, 0)) for r in rows
    ]


def _count_by_officer(conn: Any, column: Any, *where: Any) -> dict[str, int]:
    rows = conn.execute(select(column, func.count()).where(*where).group_by(column))
    return {row[0]: row[1] for row in rows}


def _as_listed(officer_id: str) -> str:
    """The number as an import reads it from a list: half-width, no spaces; upper and lower case are the same there."""
    return "".join(half_width(officer_id).split())


def _sound(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()
