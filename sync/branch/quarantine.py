"""Quarantined records, and the supervisor's answers to them (protocol.md, 'Quarantined').

A quarantined record is stored as it came and has its place in its device's chain; nothing here removes one. The answer
goes to the officer whose phone pushed it, as the document `verdict` under the record's id:

    {"activity_id", "sha256", "verdict": "accepted"|"rejected", "why", "by", "on", "fed"}

`sha256` is the record's hash (two records may carry one id), `on` the day in the branch's zone, `fed` whether the record
counts from then on for everybody. One that nobody could read, whose case nobody knows, or whose id another record has
already, cannot be fed and is only answered. A rejected record can still be accepted later; an accepted one stays so, as
it may have been acted upon.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from app.domain.message import Code, Message
from app.domain.validation import RECORD_MAX_BYTES
from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.errors import BranchError
from sync.branch.intake import CREATED, QUARANTINED
from sync.branch.office import Office
from sync.branch.reading import read_record
from sync.branch.reasons import checked_by, checked_why
from sync.branch.said import in_both
from sync.branch.settings import encode

ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer; `on` a day in the branch's zone, `fed` whether the record counts for everybody since."""

    verdict: str
    why: str
    by: str
    on: str
    fed: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A quarantined record by its unique number `n`; `reason` is why, `answer` what the supervisor said, if anything.

    `officer_id` is whose phone sent it, whatever the record says. `cannot_feed` says why accepting would only answer.
    """

    n: int
    activity_id: str
    device_id: str
    officer_id: str
    seq: int
    reason: str
    received_at: str
    case_id: str | None
    contract_no: str | None
    kind: str | None
    happened_at: str | None
    cannot_feed: str | None
    answer: Verdict | None

    def to_json(self) -> dict[str, Any]:
        """All members."""
        return asdict(self)


def held(office: Office, *, answered: bool = False) -> list[Held]:
    """What waits for the supervisor, the oldest first; with `answered` also what was answered before."""
    with office.reading() as conn:
        rows = conn.execute(_asked().order_by(t.activity.c.n)).all()
        said = _answers(conn)
        listed = [_held(office, conn, row, said.get(row.n)) for row in rows]
    return listed if answered else [h for h in listed if h.answer is None]


def find(office: Office, key: str) -> tuple[Held, dict[str, Any]]:
    """One quarantined record by its number or its activity's id, with `record` (its JSON) or, where it is none,
    `record_base64`. Raises BranchError where there is none, or where several have that id.
    """
    with office.reading() as conn:
        row = _one(conn, key)
        found = _held(office, conn, row, _answers(conn).get(row.n))
    return found, _told(row.record)


def answer(office: Office, key: str, *, accept: bool, why: str, by: str) -> Held:
    """Accept or reject; a rejection needs a reason. Raises BranchError."""
    why, by = checked_why(why), checked_by(by)
    if not accept and not why:
        raise BranchError(Message("A rejection needs a reason: --why."))
    with office.changing() as changes:
        conn = changes.conn
        row = _one(conn, key)
        before = _answers(conn).get(row.n)
        if before is not None and not (accept and before.verdict == REJECTED):
            raise BranchError(
                Message(
                    "Record {n} was {verdict} on {on} by {by} already.",
                    {
                        "n": row.n,
                        "verdict": Code("verdict", before.verdict),
                        "on": before.on,
                        "by": before.by,
                    },
                )
            )
        note(office, f"quarantine {'accept' if accept else 'reject'}", subject=row.activity_id, conn=conn)
        fed = accept and _cannot_feed(office, conn, row) is None
        given = Verdict(ACCEPTED if accept else REJECTED, why, by, office.today().isoformat(), fed)
        changes.answered(row.pusher, row.activity_id, _keep(office, conn, row, given))
        if fed:
            late = row.holder != row.pusher
            same = t.activity.c.n == row.n
            conn.execute(update(t.activity).where(same).values(status=CREATED, late=late))
            changes.created(row.case_id, row.activity_id)
        return _held(office, conn, row, given)


def _keep(office: Office, conn: Connection, row: Row[Any], given: Verdict) -> int:
    """Write the answer down; returns its version."""
    kept = t.verdict.c
    mine = (kept.officer_id == row.pusher, kept.activity_id == row.activity_id)
    version = (conn.scalar(select(func.max(kept.version)).where(*mine)) or 0) + 1
    conn.execute(
        insert(t.verdict).values(
            officer_id=row.pusher,
            activity_id=row.activity_id,
            version=version,
            n=row.n,
            accepted=given.verdict == ACCEPTED,
            fed=given.fed,
            why=given.why,
            by=given.by,
            decided_ms=office.now_ms(),
            body=encode({"activity_id": row.activity_id, "sha256": row.hash, **asdict(given)}),
        )
    )
    return version


def _asked() -> Select[Any]:
    """Records that are or were quarantined: an accepted one keeps its reason."""
    act, device, case = t.activity.c, t.device.c, t.case_.c
    return (
        select(
            *t.activity.c,
            device.officer_id.label("pusher"),
            case.contract_no,
            case.officer_id.label("holder"),
        )
        .join_from(t.activity, t.device, act.device_id == device.device_id)
        .outerjoin(t.case_, case.case_id == act.case_id)
        .where(act.reason.is_not(None))
    )


def _one(conn: Connection, key: str) -> Row[Any]:
    """By number where the key is one, else by id."""
    act = t.activity.c
    rows = conn.execute(_asked().where(t.under(key)).order_by(act.n)).all()
    if not rows and key.isascii() and key.isdigit() and len(key) < 19:
        rows = conn.execute(_asked().where(act.n == int(key))).all()
    if not rows:
        raise BranchError(
            Message("Nothing is quarantined under {id}. See `quarantine list --all`.", {"id": key})
        )
    if len(rows) > 1:
        numbers = ", ".join(str(row.n) for row in rows)
        raise BranchError(
            Message("Several records have the id {id}: say which by its number, {numbers}.", {"id": key, "numbers": numbers})
        )  # fmt: skip
    return rows[0]


def _answers(conn: Connection) -> dict[int, Verdict]:
    """The last answer to each record, by the record's number."""
    asked = select(t.verdict, t.activity.c.n).join(t.activity, t.activity.c.n == t.verdict.c.n)
    found: dict[int, Verdict] = {}
    for row in conn.execute(asked.order_by(t.verdict.c.version)):
        said = json.loads(row.body)
        found[row.n] = Verdict(said["verdict"], said["why"], said["by"], said["on"], said["fed"])
    return found


def _held(office: Office, conn: Connection, row: Row[Any], given: Verdict | None) -> Held:
    fed = given is not None and given.fed
    why_not = None if fed else _cannot_feed(office, conn, row)
    received = datetime.fromtimestamp(row.received_ms / 1000, UTC).astimezone(office.zone)
    return Held(
        n=row.n,
        activity_id=row.activity_id,
        device_id=row.device_id,
        officer_id=row.pusher,
        seq=row.seq,
        reason=row.reason,
        received_at=received.isoformat(timespec="seconds"),
        case_id=row.case_id,
        contract_no=row.contract_no,
        kind=row.kind,
        happened_at=row.happened_at,
        cannot_feed=in_both(why_not, " ") if why_not is not None else None,
        answer=given,
    )


def _cannot_feed(office: Office, conn: Connection, row: Row[Any]) -> Message | None:
    """Why this record cannot count for anybody even if it is right; None where it can."""
    reading = read_record(row.record, office.zone)
    if reading.happened_on is None or len(row.record) > RECORD_MAX_BYTES:
        return Message("The record cannot be read.")
    if reading.activity_id != row.activity_id:
        return Message("The record's number is not the one it was sent under.")
    if row.holder is None:
        return Message("The branch has no such case with an officer.")
    act = t.activity.c
    taken = select(act.n).where(t.STANDS, act.activity_id == row.activity_id, act.n != row.n)
    if conn.execute(taken).first() is not None:
        return Message("Another record has this number already.")
    return None


def _told(record: bytes) -> dict[str, Any]:
    try:
        return {"record": json.loads(record)}
    except (ValueError, RecursionError):
        return {"record_base64": base64.b64encode(record).decode()}


def waiting(conn: Connection) -> int:
    """How many records wait for the supervisor."""
    act = t.activity.c
    answered = select(t.verdict.c.n)
    asked = select(func.count()).where(act.status == QUARANTINED, act.n.not_in(answered))
    return conn.scalar(asked) or 0


def reasons(listed: list[Held]) -> Iterator[Message]:
    """The list to read."""
    for h in listed:
        yield Message(
            "{n}: {id} ({officer}, {contract}, {kind}): {reason}",
            {
                "n": h.n,
                "id": h.activity_id,
                "officer": h.officer_id,
                "contract": h.contract_no or h.case_id or "?",
                "kind": Code("kind", h.kind) if h.kind else "?",
                "reason": h.reason,
            },
        )
