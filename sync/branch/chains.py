"""The journals as evidence: whether each device's chain is whole, and what was claimed later than it could have been.

Every sync declares the phone's newest record. So what was recorded before a declaration cannot be denied or exchanged
afterwards, and what comes after it cannot be older than it: the branch's own clock bounds when a record was made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from sync.branch import tables as t
from sync.protocol import NO_HASH

# What a phone's clock may be off and a round trip may take before a time is remarked upon.
TOLERANCE_MS: Final = 2 * 60 * 1000
REPLACED: Final = "replaced"
BACKDATED: Final = "backdated"
CLOCK: Final = "clock"
AHEAD: Final = "ahead"


@dataclass(frozen=True, slots=True)
class Declared:
    """A head a phone said was its newest: when first and last (ms). `met`: None while that record has not come."""

    seq: int
    hash: str
    first_ms: int
    last_ms: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that is not what it should be.

    `replaced`: another one was declared in its place before (at `known_ms`). `backdated`: it says it was recorded before
    `known_ms`, when the phone declared that it was not there yet. `clock`: the same, but explained by a phone's clock that
    was `offset_ms` behind, as the record says itself. `ahead`: recorded later than it was here or declared.
    """

    seq: int
    claim: str
    known_ms: int
    says: str | None = None
    offset_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """One device's journal. `broken`: sequence number of the first record that does not follow, and `why`; `lost` are
    ranges the phone declared gone; `awaited` is the first and last number declared and not handed in."""

    device_id: str
    officer_id: str
    records: int
    broken: int | None
    why: str | None
    lost: tuple[tuple[int, int], ...]
    awaited: tuple[int, int] | None
    declared: tuple[Declared, ...]
    claims: tuple[Claim, ...]

    @property
    def first_wrong(self) -> int | None:
        """The first sequence number at which the evidence does not hold; None where it does."""
        replaced = [c.seq for c in self.claims if c.claim == REPLACED]
        return min([*replaced, *([self.broken] if self.broken is not None else [])], default=None)

    @property
    def sound(self) -> bool:
        """Whether nothing was broken, exchanged or dated back."""
        return self.first_wrong is None and not any(c.claim == BACKDATED for c in self.claims)

    def to_json(self) -> dict[str, Any]:
        """All members; instants in UTC."""
        told = asdict(self) | {"sound": self.sound}
        for listed in (told["declared"], told["claims"]):
            for each in listed:
                for name in [n for n in each if n.endswith("_ms") and n != "offset_ms"]:
                    at = datetime.fromtimestamp(each.pop(name) / 1000, UTC)
                    each[name.removesuffix("_ms") + "_at"] = at.isoformat(timespec="seconds")
        return told


def device_ids(conn: Connection) -> list[str]:
    """All devices that ever were bound."""
    return list(conn.scalars(select(t.device.c.device_id).order_by(t.device.c.device_id)))


def check_chain(conn: Connection, device_id: str) -> Chain:
    """Judge one device's journal by the records' own bytes."""
    act, dev = t.activity.c, t.device.c
    head = conn.execute(
        select(dev.officer_id, dev.head_seq, dev.head_hash, dev.declared_seq).where(
            dev.device_id == device_id
        )
    ).first()
    asked = select(act.seq, act.prev, act.hash, act.record, act.recorded_at, act.received_ms)
    rows = conn.execute(asked.where(act.device_id == device_id).order_by(act.seq)).all()
    lost = _lost(conn, device_id)
    broken, why = _first_break(rows, lost, head)
    hashes = {row.seq: row.hash for row in rows}
    heads = _declared(conn, device_id, hashes)
    awaited = None
    if head is not None and head.declared_seq > head.head_seq:
        awaited = (head.head_seq + 1, head.declared_seq)
    claims = [Claim(h.seq, REPLACED, h.first_ms) for h in heads if h.met is False]
    claims += [claim for row in rows if (claim := _dated(row, heads)) is not None]
    return Chain(
        device_id,
        head.officer_id if head is not None else "",
        len(rows),
        broken,
        why,
        lost,
        awaited,
        heads,
        tuple(sorted(claims, key=lambda c: (c.seq, c.claim))),
    )


def _lost(conn: Connection, device_id: str) -> tuple[tuple[int, int], ...]:
    log = t.lost_records.c
    asked = select(log.first_seq, log.last_seq).where(log.device_id == device_id).order_by(log.first_seq)
    return tuple((row.first_seq, row.last_seq) for row in conn.execute(asked))


def _declared(conn: Connection, device_id: str, hashes: dict[int, str]) -> tuple[Declared, ...]:
    log = t.declared_head.c
    asked = (
        select(t.declared_head).where(log.device_id == device_id, log.seq > 0).order_by(log.seq, log.first_ms)
    )
    return tuple(
        Declared(
            row.seq, row.hash, row.first_ms, row.last_ms,
            hashes[row.seq] == row.hash if row.seq in hashes else None,
        )
        for row in conn.execute(asked)
    )  # fmt: skip


def _first_break(rows: Any, lost: tuple[tuple[int, int], ...], head: Any) -> tuple[int | None, str | None]:
    """Each record's bytes give its hash and name the one before, up to what was acknowledged."""
    gone = {n for first, last in lost for n in range(first, last + 1)}
    expected, prev = 1, NO_HASH
    for row in rows:
        while expected in gone and expected != row.seq:
            expected, prev = expected + 1, ""  # behind a declared loss nothing is left to follow
        said = hashlib.sha256(row.record).hexdigest()
        if row.seq != expected:
            return expected, "missing"
        if row.hash != said:
            return row.seq, "bytes_changed"
        if prev and _named_before(row.record, row.prev) != prev:
            return row.seq, "does_not_follow"
        expected, prev = row.seq + 1, said
    while expected in gone:
        expected, prev = expected + 1, NO_HASH
    if head is None or head.head_seq != expected - 1:
        return expected, "missing"
    if prev not in ("", NO_HASH) and head.head_hash != prev:
        return expected - 1, "not_as_acknowledged"
    return None, None


def _named_before(record: bytes, column: str) -> str:
    """The hash of the record before, as the record itself names it; the column's where it names none."""
    try:
        named = json.loads(record).get("prev")
    except (ValueError, AttributeError, RecursionError):
        return column
    return named if isinstance(named, str) else column


def _dated(row: Any, heads: tuple[Declared, ...]) -> Claim | None:
    """What the branch's own clock says against the time a record gives itself."""
    says = _ms(row.recorded_at)
    if says is None:
        return None
    not_before = max((h.last_ms for h in heads if h.seq < row.seq), default=0)
    not_after = min([row.received_ms, *(h.first_ms for h in heads if h.seq >= row.seq and h.met)])
    offset_ms = _offset(row.record)
    told = says + (offset_ms or 0)
    if says < not_before - TOLERANCE_MS:
        kind = BACKDATED if told < not_before - TOLERANCE_MS else CLOCK
        return Claim(row.seq, kind, not_before, row.recorded_at, offset_ms)
    if told > not_after + TOLERANCE_MS:
        return Claim(row.seq, AHEAD, not_after, row.recorded_at, offset_ms)
    return None


def _offset(record: bytes) -> int | None:
    """The branch's clock minus the phone's, as the record says: the phone's own word."""
    try:
        offset = json.loads(record)["clock"]["server_offset_ms"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return offset if type(offset) is int else None


def _ms(instant: str | None) -> int | None:
    try:
        at = datetime.fromisoformat(instant or "")
        return int(at.timestamp() * 1000) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
