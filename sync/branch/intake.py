"""Taking in what a phone pushes: chained, idempotent, all or nothing (protocol.md, `POST /v1/push`).

Nothing an officer recorded is refused for what it says: what cannot be right is quarantined, keeps its place in
the chain and leaves its neighbours alone. Only a break in the chain (409) or a broken frame (400) sends a push back.

More than 200 items or 256 KiB in one push are taken as well, up to 5,000 and the cap of a body: a phone halves
its pushes for the network's sake, not for the branch's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.database import again_if_in_the_way
from sync.branch.devices import Device, authenticate
from sync.branch.feed import Changes, among
from sync.branch.office import Office
from sync.branch.problems import MALFORMED, RESEND, TOO_LARGE, refuse
from sync.branch.reading import Reading, read_record
from sync.branch.said import in_both
from sync.protocol import NO_HASH, Head, Item, PushAnswer, PushRequest, PushResult, record_hash

CREATED: Final = "created"
DUPLICATE: Final = "duplicate"
QUARANTINED: Final = "quarantined"
_SEQ_MAX: Final = 2**53  # what every JSON reader holds exactly
_ID_MAX: Final = 200
_ITEMS_MAX: Final = 5000


def push(office: Office, token: str, request: PushRequest) -> PushAnswer:
    """Store a phone's records in one transaction and say what became of each, in order.

    Raises Problem `rebind`, `device_revoked`, `resend_from` (with the sequence number wanted) or `malformed`;
    nothing is stored then.
    """
    _check_frame(request)
    # Read before the transaction: parsing needs no lock, and everybody else's push waits for ours.
    readings = [read_record(i.record, office.zone) for i in request.items]
    return again_if_in_the_way(lambda: _store(office, token, request, readings))


def _store(office: Office, token: str, request: PushRequest, readings: Sequence[Reading]) -> PushAnswer:
    with office.changing(alone=False) as changes:
        # Locked: a phone whose answer was cut sends again while its first push may still be at work.
        device = authenticate(changes.conn, token, lock=True, pushing_at=office.now_ms())
        intake = Intake(office.now_ms(), changes, device, request, readings)
        results = intake.take()
        intake.store()
    return PushAnswer(office.now_ms(), intake.head, tuple(results))


def _check_frame(request: PushRequest) -> None:
    """What the frame itself may hold: numbers and ids the tables can keep."""
    if len(request.items) > _ITEMS_MAX:
        raise refuse(TOO_LARGE, f"more than {_ITEMS_MAX} items")
    if request.head.seq > _SEQ_MAX:
        raise refuse(MALFORMED, "head")
    if request.lost is not None:
        first, last = request.lost
        if not first <= last <= request.head.seq:
            raise refuse(MALFORMED, "lost")
    for item in request.items:
        if not 0 < len(item.id) <= _ID_MAX or not item.id.isprintable():
            raise refuse(MALFORMED, "items")


@dataclass(frozen=True, slots=True)
class _Known:
    """A record stored under some id: whose it was, its hash, and why it was quarantined, if it was."""

    device_id: str
    hash: str
    reason: str | None


class Intake:
    """One push while it is judged, record by record, against a chain that grows with each."""

    def __init__(
        self,
        now_ms: int,
        changes: Changes,
        device: Device,
        request: PushRequest,
        readings: Sequence[Reading],
    ) -> None:
        self.head = device.head
        self._changes = changes
        self._device = device
        self._request = request
        self._readings = readings
        self._lost = request.lost
        self._rows: list[dict[str, Any]] = []
        self._now_ms = now_ms
        self._known = _known(changes.conn, request.items)
        case_ids = list({r.case_id for r in readings if r.case_id is not None})
        self._holder_of_mine = _ever_assigned(changes.conn, device.officer_id, case_ids)
        changes.held_by(self._holder_of_mine)

    def take(self) -> list[PushResult]:
        """Judge all records. Raises Problem `resend_from` where one does not follow."""
        results = [
            self._take_one(item, reading)
            for item, reading in zip(self._request.items, self._readings, strict=True)
        ]
        self._skip_lost()
        return results

    def _take_one(self, item: Item, reading: Reading) -> PushResult:
        digest = record_hash(item.record)
        stored = self._known.get(item.id, [])
        for known in stored:
            if (known.device_id, known.hash) == (self._device.device_id, digest):
                # The reason tells a phone whose answer was cut that this one waits for the supervisor.
                return PushResult(item.id, DUPLICATE, known.reason)
        self._skip_lost()
        if not reading.follows(self.head):
            raise self._resend()
        why = self._why_quarantined(item, reading, taken=bool(stored))
        reason = in_both(why, " ") if why is not None else None
        self._rows.append(self._row(item, reading, digest, reason))
        self._known.setdefault(item.id, []).append(_Known(self._device.device_id, digest, reason))
        self.head = Head(self.head.seq + 1, digest)
        return PushResult(item.id, CREATED if reason is None else QUARANTINED, reason)

    def _skip_lost(self) -> None:
        """Go past records the phone declared lost; a declaration that was taken before changes nothing."""
        if self._lost is None:
            return
        (first, last), self._lost = self._lost, None
        if last < self.head.seq:
            return
        if first > self.head.seq + 1:
            raise self._resend()
        log_lost(self._changes.conn, self._device.device_id, first, last, self._now_ms)
        self.head = Head(last, NO_HASH)

    def _resend(self) -> Exception:
        """Nothing of this push is stored, so what is wanted is what follows the head from before it."""
        return refuse(RESEND, extra={"resend_from": self._device.head.seq + 1})

    def _why_quarantined(self, item: Item, reading: Reading, *, taken: bool) -> Message | None:
        if self._device.revoked:
            return Message("This device was switched off when the record came.")
        if taken:
            return Message("Another record has this number already.")
        if reading.wrong is not None:
            return reading.wrong
        if reading.activity_id != item.id:
            return Message("The record's number is not the one it was sent under.")
        if reading.device_id != self._device.device_id:
            return Message("The record was made on another device.")
        if reading.officer_id != self._device.officer_id:
            return Message("The record names another officer.")
        if reading.case_id not in self._holder_of_mine:
            return Message("This case was never assigned to this officer.")
        return None

    def _row(self, item: Item, reading: Reading, digest: str, reason: str | None) -> dict[str, Any]:
        created = reason is None
        late = created and self._holder_of_mine.get(reading.case_id or "") != self._device.officer_id
        return {
            "activity_id": item.id,
            "device_id": self._device.device_id,
            "seq": self.head.seq + 1,
            "prev": self.head.hash,
            "hash": digest,
            "record": item.record,
            "status": CREATED if created else QUARANTINED,
            "reason": reason,
            "late": late,
            "received_ms": self._now_ms,
            "officer_id": self._device.officer_id,
            "case_id": reading.case_id,
            "kind": reading.kind,
            "happened_at": reading.happened_at,
            "happened_on": reading.happened_on,
            "recorded_at": reading.recorded_at,
        }

    def store(self) -> None:
        """Write records, head and declaration; created activities go to the feeds of their cases' officers."""
        conn, declared = self._changes.conn, self._request.head
        if self._rows:
            conn.execute(insert(t.activity), self._rows)
        for row in self._rows:
            if row["status"] == CREATED:
                self._changes.created(row["case_id"], row["activity_id"])
        conn.execute(
            _STANDS,
            {
                "b_device": self._device.device_id,
                "head_seq": self.head.seq,
                "head_hash": self.head.hash,
                "declared_seq": declared.seq,
                "declared_hash": declared.hash,
                "pushed_ms": self._now_ms,
            },
        )
        _log_declared(conn, self._device.device_id, declared, self._now_ms)


def _known(conn: Connection, items: Sequence[Item]) -> dict[str, list[_Known]]:
    act = t.activity.c
    found: dict[str, list[_Known]] = {}
    columns = (act.activity_id, act.device_id, act.hash, act.reason)
    for row in among(conn, columns, act.activity_id, list({i.id for i in items})):
        found.setdefault(row.activity_id, []).append(_Known(row.device_id, row.hash, row.reason))
    return found


def _ever_assigned(conn: Connection, officer_id: str, case_ids: Sequence[str]) -> Mapping[str, str | None]:
    """Of these cases those this officer has or had, with the officer who has each now."""
    case, given = t.case_.c, t.assignment.c
    rows = among(conn, (given.case_id,), given.case_id, case_ids, given.officer_id == officer_id)
    mine = [row.case_id for row in rows]
    return {r.case_id: r.officer_id for r in among(conn, (case.case_id, case.officer_id), case.case_id, mine)}


def log_lost(conn: Connection, device_id: str, first: int, last: int, now_ms: int) -> None:
    """Write down that these sequence numbers (both included) are gone; again is fine."""
    log = t.lost_records.c
    same = (log.device_id == device_id, log.first_seq == first, log.last_seq == last)
    if conn.execute(select(log.device_id).where(*same)).first() is None:
        conn.execute(
            insert(t.lost_records).values(
                device_id=device_id, first_seq=first, last_seq=last, declared_ms=now_ms
            )
        )


def _log_declared(conn: Connection, device_id: str, declared: Head, now_ms: int) -> None:
    said = {"b_device": device_id, "b_seq": declared.seq, "b_hash": declared.hash, "now": now_ms}
    if conn.execute(_SAID_AGAIN, said).rowcount == 0:
        conn.execute(_SAID_FIRST, said)


# Built once: a push of a few records spends more on building its statements than on having them done.
_STANDS: Final = (
    update(t.device)
    .where(t.device.c.device_id == bindparam("b_device"))
    .values(
        {
            name: bindparam(name)
            for name in ("head_seq", "head_hash", "declared_seq", "declared_hash", "pushed_ms")
        }
    )
)
_SAID_AGAIN: Final = (
    update(t.declared_head)
    .where(
        t.declared_head.c.device_id == bindparam("b_device"),
        t.declared_head.c.seq == bindparam("b_seq"),
        t.declared_head.c.hash == bindparam("b_hash"),
    )
    .values(last_ms=bindparam("now"))
)
_SAID_FIRST: Final = insert(t.declared_head).values(
    device_id=bindparam("b_device"),
    seq=bindparam("b_seq"),
    hash=bindparam("b_hash"),
    first_ms=bindparam("now"),
    last_ms=bindparam("now"),
)
