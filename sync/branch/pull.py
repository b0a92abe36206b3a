"""A page of an officer's feed (protocol.md, `GET /v1/pull`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, case, or_, select

from sync.branch import tables as t
from sync.branch.devices import Device, authenticate
from sync.branch.feed import PUT, REMOVE
from sync.branch.office import Office
from sync.branch.problems import CURSOR_EXPIRED, refuse
from sync.protocol import PAGE_MAX_BYTES, PAGE_MAX_DOCS, Check, Document, Page

_ROWS_AT_ONCE: Final = 250
_CURSOR: Final = b"\x02"  # what a packed cursor begins with
_BOUND: Final = 8
_OP, _KIND, _ID, _BODY = 1, 2, 3, 5  # columns of `_AFTER`


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a phone stands in its officer's feed: opaque to it, and bound to the branch's epoch and the officer.

    `since` is the feed's number when its snapshot began: removals up to it need no telling, as what the snapshot
    did not show goes at its end; later ones always do.
    """

    bound: bytes
    seq: int = 0
    since: int = 0

    @classmethod
    def of(cls, epoch: str, officer_id: str, seq: int = 0, since: int = 0) -> Cursor:
        """The one of this officer in this epoch."""
        bound = hashlib.sha256(json.dumps([epoch, officer_id]).encode()).digest()[:_BOUND]
        return cls(bound, seq, since)

    def encode(self) -> str:
        """As short as can be: it travels both ways in every sync."""
        packed = _CURSOR + self.bound + _packed(self.seq) + _packed(self.since)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        """None where no branch made it. One of version 0.1.0, which was JSON, is still read."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
            if not plain.startswith(_CURSOR):
                epoch, officer_id, seq, since = json.loads(plain)
                numbers = all(type(n) is int and n >= 0 for n in (seq, since))
                sound = isinstance(epoch, str) and isinstance(officer_id, str) and numbers
                return cls.of(epoch, officer_id, seq, since) if sound else None
            start = len(_CURSOR) + _BOUND
            seq, at = _unpacked(plain, start)
            since, at = _unpacked(plain, at)
        except (binascii.Error, ValueError, TypeError, RecursionError):
            return None
        return cls(plain[len(_CURSOR) : start], seq, since) if at == len(plain) else None


def _packed(number: int) -> bytes:
    """Its length in bytes, then the number."""
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size, "big")


def _unpacked(plain: bytes, at: int) -> tuple[int, int]:
    """The number there, and where the next one would be. Raises ValueError."""
    if at >= len(plain) or at + 1 + plain[at] > len(plain):
        raise ValueError("cursor")
    end = at + 1 + plain[at]
    return int.from_bytes(plain[at + 1 : end], "big"), end


def read_page(office: Office, token: str, cursor: str, limit: int, *, own: bool) -> Page:
    """The documents after `cursor` (empty: from the start), all read in one snapshot of the database.

    At most `limit` documents and removals together, or 4 MiB, and always one where there is any. Raises Problem
    `rebind`, `device_revoked` or `cursor_expired`. Writes nothing.
    """
    with office.reading() as conn:
        device = authenticate(conn, token)
        seq, count, total = conn.execute(_STANDS, {"officer": device.officer_id}).one()
        # Read here, not kept: a branch put back from a backup gets a new epoch while it serves.
        epoch = conn.scalars(_EPOCH).one()
        start = _start(Cursor.of(epoch, device.officer_id, 0, seq), cursor)
        docs, removed, read_to, more = _read(conn, device, start, min(limit, PAGE_MAX_DOCS), own=own)
        return Page(
            replace(start, seq=read_to if more else seq).encode(),
            more,
            office.now_ms(),
            not cursor,
            tuple(docs),
            tuple(removed),
            None if more else Check(count, int(total, 16)),
        )


def _start(new: Cursor, given: str) -> Cursor:
    """Where to go on; `new` is a new start's. Raises Problem `cursor_expired`."""
    if not given:
        return new
    start = Cursor.decode(given)
    if start is None or start.bound != new.bound or max(start.seq, start.since) > new.since:
        raise refuse(CURSOR_EXPIRED)
    return start


def _read(
    conn: Connection, device: Device, start: Cursor, limit: int, *, own: bool
) -> tuple[list[Document], list[tuple[str, str]], int, bool]:
    """Documents, removals, the number read up to, and whether there is more."""
    docs: list[Document] = []
    removed: list[tuple[str, str]] = []
    size, read_to = 0, start.seq
    asked = {
        "officer": device.officer_id,
        "without": "" if own else device.device_id,
        "seq": start.seq,
        "since": start.since,
        "rows": limit + 1,
    }
    with conn.execute(_AFTER, asked) as rows:
        cursor: Any = rows.cursor
        # The driver's own rows: they are what is wanted, and as objects of SQLAlchemy they cost as much again.
        while part := cursor.fetchmany(_ROWS_AT_ONCE):
            sizes = [0 if row[_BODY] is None else len(row[_BODY]) for row in part]
            fits = len(part)
            if len(docs) + len(removed) + fits > limit or size + sum(sizes) > PAGE_MAX_BYTES:
                fits = _fitting(sizes, limit - len(docs) - len(removed), size, first=not docs)
            size += sum(sizes)
            docs += [Document(*row[_KIND:]) for row in part[:fits] if row[_OP] != REMOVE]
            removed += [(row[_KIND], row[_ID]) for row in part[:fits] if row[_OP] == REMOVE]
            read_to = part[fits - 1][0] if fits else read_to
            if fits < len(part):
                return docs, removed, read_to, True
    return docs, removed, read_to, False


def _fitting(sizes: Sequence[int], most: int, size: int, *, first: bool) -> int:
    """How many of the next rows the page still holds: at most `most`, and 4 MiB with the `size` it has; a first
    document is taken whatever its size.
    """
    for n, here in enumerate(sizes):
        if n == most or (here and not first and size + here > PAGE_MAX_BYTES):
            return n
        size, first = size + here, first and not here
    return len(sizes)


def _after() -> Select[Any]:
    """Feed items with their bytes; the asking device's own activities (`without`) come with none."""
    item, doc, act, said = t.feed_item.c, t.document.c, t.activity.c, t.verdict.c
    verdict = (
        select(said.body)
        .where(
            said.officer_id == item.officer_id,
            said.activity_id == item.doc_id,
            said.version == item.version,
        )
        .scalar_subquery()
    )
    body = case(
        (item.kind == "activity", case((act.device_id != bindparam("without"), act.record))),
        (item.kind == "verdict", verdict),
        else_=doc.body,
    )
    return (
        select(item.seq, item.op, item.kind, item.doc_id, item.version, body.label("body"))
        .select_from(t.feed_item)
        .outerjoin(t.document, and_(doc.kind == item.kind, doc.doc_id == item.doc_id))
        .outerjoin(
            t.activity,
            and_(item.kind == "activity", act.activity_id == item.doc_id, act.status == "created"),
        )
        .where(
            item.officer_id == bindparam("officer"),
            item.seq > bindparam("seq"),
            or_(item.op == PUT, item.seq > bindparam("since")),
        )
        .order_by(item.seq)
        .limit(bindparam("rows"))
    )


# Built once: building it takes longer than asking it where nothing has changed.
_AFTER: Final = _after()
_EPOCH: Final = select(t.meta.c.value).where(t.meta.c.name == "epoch")
_STANDS: Final = select(t.feed.c.seq, t.feed.c.count, t.feed.c.sum).where(
    t.feed.c.officer_id == bindparam("officer")
)
