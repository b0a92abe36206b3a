"""Sealed journals handed in without a token (protocol.md, `POST /v1/handin`): kept as they came, opened with the recovery key.

Anybody who reaches the server may hand one in, so the number of them an hour and their size are capped, and nothing in
one is believed before the recovery key has opened it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.errors import BranchError
from sync.branch.office import Office, setting
from sync.branch.problems import MALFORMED, TOO_MANY_HANDINS, refuse
from sync.protocol import HandedIn
from sync.salvage import NoRecovery, unpack_salvage

HANDINS_PER_HOUR: Final = 20  # default of `limits.handins_per_hour`, for the whole branch
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class HandIn:
    """One sealed journal by its number; `size` in bytes, `records` as it says itself."""

    n: int
    sha256: str
    size: int
    records: int
    received_at: str
    taken_at: str | None

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


def hand_in(office: Office, content: bytes, address: str | None) -> HandedIn:
    """Keep a sealed journal; the same one again gets the same answer.

    Raises Problem `malformed` for anything else than a whole sealed journal, `too_many_handins`.
    """
    try:
        _, rows = unpack_salvage(content)
    except NoRecovery as e:
        raise refuse(MALFORMED, str(e)) from e
    sha256 = hashlib.sha256(content).hexdigest()
    records = len({(r.device_id, r.activity_id) for r in rows if r.table == "journal"})
    now_ms = office.now_ms()
    with office.reading() as conn:
        new = _is_new(conn, sha256, now_ms)
    if new:
        office.blobs.put(sha256, content)
    with office.changing() as changes:
        conn = changes.conn
        if _is_new(conn, sha256, now_ms):
            conn.execute(
                insert(t.handin).values(
                    sha256=sha256,
                    size=len(content),
                    records=records,
                    received_ms=now_ms,
                    address=(address or "")[:64] or None,
                )
            )
    return HandedIn(sha256, len(content), records)


def _is_new(conn: Connection, sha256: str, now_ms: int) -> bool:
    """Whether that journal is not here yet. Raises Problem `too_many_handins` where no new one is taken now."""
    kept = t.handin.c
    if conn.execute(select(kept.n).where(kept.sha256 == sha256)).first() is not None:
        return False
    count, first = conn.execute(
        select(func.count(), func.min(kept.received_ms)).where(kept.received_ms > now_ms - _HOUR_MS)
    ).one()
    cap = setting(conn, "limits").get("handins_per_hour")
    if count >= (cap if type(cap) is int and cap >= 0 else HANDINS_PER_HOUR):
        wait_ms = (first or now_ms) + _HOUR_MS - now_ms
        raise refuse(TOO_MANY_HANDINS, retry_after=max(1, -(-wait_ms // 1000)))
    return True


def handed_in(office: Office) -> Iterator[HandIn]:
    """All of them, the oldest first."""
    with office.reading() as conn:
        rows = conn.execute(select(t.handin).order_by(t.handin.c.n)).all()
    for row in rows:
        taken = _when(office, row.taken_ms) if row.taken_ms is not None else None
        yield HandIn(row.n, row.sha256, row.size, row.records, _when(office, row.received_ms), taken)


def sealed(office: Office, n: int) -> bytes:
    """The sealed journal of that number. Raises BranchError where there is none."""
    with office.reading() as conn:
        sha256 = conn.scalar(select(t.handin.c.sha256).where(t.handin.c.n == n))
    content = office.blobs.get(sha256) if sha256 is not None else None
    if content is None:
        raise BranchError(Message("There is no sealed journal {n}. See `handin list`.", {"n": n}))
    return content


def note_taken(conn: Connection, sha256: str, now_ms: int) -> None:
    """Remember that the sealed journal of this hash was taken in, if it is one that was handed in."""
    conn.execute(update(t.handin).where(t.handin.c.sha256 == sha256).values(taken_ms=now_ms))


def _when(office: Office, ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(office.zone).isoformat(timespec="seconds")
