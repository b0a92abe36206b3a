"""Taking in what a phone pushes: chained, idempotent, all or nothing (protocol.md, `POST /v1/push`).

Nothing an officer recorded is refused for what it says: what cannot be right is quarantined, keeps its place in
the chain and leaves its neighbours alone. Only a break in the chain (409) or a broken frame (400) sends a push back.

More than 200 items or 256 KiB in one push are taken as well, up to 5,000 and the cap of a body: a phone halves
its pushes for the network's sake, not for the branch's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, text, union_all, update

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.database import again_if_in_the_way
from sync.branch.devices import Device, authenticate
from sync.branch.feed import Changes, insert_rows, listed, listing
from sync.branch.office import Office
from sync.branch.problems import MALFORMED, RESEND, TOO_LARGE, refuse
from sync.branch.reading import Reading, read_record
from sync.branch.said import in_both
from sync.protocol import NO_HASH, Head, Item, PushAnswer, PushRequest, PushResult

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


class _Known(NamedTuple):
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
        self._rows: list[tuple[Any, ...]] = []
        self._now_ms = now_ms
        self._known = _known(changes.conn, request.items)
        case_ids = {r.case_id for r in readings if r.case_id is not None}
        self._holder_of_mine = _ever_assigned(changes.conn, device.officer_id, case_ids)
        changes.held_by(self._holder_of_mine)

    def take(self) -> list[PushResult]:
        """Judge all records. Raises Problem `resend_from` where one does not follow."""
        request = self._request
        results = [
            self._take_one(item, digest, reading)
            for item, digest, reading in zip(request.items, request.hashes(), self._readings, strict=True)
        ]
        self._skip_lost()
        return results

    def _take_one(self, item: Item, digest: str, reading: Reading) -> PushResult:
        stored = self._known.get(item.id)
        for known in stored or ():
            if (known.device_id, known.hash) == (self._device.device_id, digest):
                # The reason tells a phone whose answer was cut that this one waits for the supervisor.
                return PushResult(item.id, DUPLICATE, known.reason)
        self._skip_lost()
        if not reading.follows(self.head):
            raise self._resend()
        why = self._why_quarantined(item, reading, taken=stored is not None)
        reason = in_both(why, " ") if why is not None else None
        self._note(item, reading, digest, reason)
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
        if self._device.copied:
            return Message(
                "This record is of a copy of the phone's data and does not go on from what the branch has of that phone."
            )
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

    def _note(self, item: Item, reading: Reading, digest: str, reason: str | None) -> None:
        """One row more, in the order of `_COLUMNS`."""
        created, case_id = reason is None, reading.case_id
        late = created and self._holder_of_mine.get(case_id or "") != self._device.officer_id
        if created and case_id is not None:
            self._changes.created(case_id, item.id, new=True)
        day = reading.happened_on
        self._rows.append(
            (
                item.id,
                self._device.device_id,
                self.head.seq + 1,
                self.head.hash,
                digest,
                item.record,
                CREATED if created else QUARANTINED,
                reason,
                late,
                self._now_ms,
                self._device.officer_id,
                case_id,
                reading.kind,
                reading.happened_at,
                day.isoformat() if day is not None else None,
                reading.recorded_at,
            )
        )

    def store(self) -> None:
        """Write records, head and declaration; created activities go to the feeds of their cases' officers."""
        conn, declared = self._changes.conn, self._request.head
        insert_rows(conn, t.activity, _COLUMNS, self._rows)
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
    found: dict[str, list[_Known]] = {}
    for row in listed(conn, _STORED, {i.id for i in items}):
        found.setdefault(row.activity_id, []).append(_Known(row.device_id, row.hash, row.reason))
    return found


def _ever_assigned(conn: Connection, officer_id: str, case_ids: Collection[str]) -> Mapping[str, str | None]:
    """Of these cases those this officer has or had, with the officer who has each now."""
    return dict(tuple(row) for row in listed(conn, _HELD, case_ids, officer=officer_id))


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
    conn.execute(_SAID, {"device": device_id, "seq": declared.seq, "hash": declared.hash, "now": now_ms})


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
# Both databases read it so.
_SAID: Final = text(
    "INSERT INTO declared_head (device_id, seq, hash, first_ms, last_ms) VALUES (:device, :seq, :hash, :now, :now) "
    "ON CONFLICT (device_id, seq, hash) DO UPDATE SET last_ms = excluded.last_ms"
)
_UNDER: Final = listing(
    (t.activity.c.activity_id, t.activity.c.device_id, t.activity.c.hash, t.activity.c.reason),
    t.activity.c.activity_id,
)
_STORED: Final = union_all(_UNDER.where(t.STANDS), _UNDER.where(t.APART))
_HELD: Final = (
    listing((t.assignment.c.case_id, t.case_.c.officer_id), t.assignment.c.case_id)
    .join_from(t.assignment, t.case_, t.case_.c.case_id == t.assignment.c.case_id)
    .where(t.assignment.c.officer_id == bindparam("officer"))
)
_COLUMNS: Final = (
    "activity_id", "device_id", "seq", "prev", "hash", "record", "status", "reason", "late", "received_ms",
    "officer_id", "case_id", "kind", "happened_at", "happened_on", "recorded_at",
)  # fmt: skip
