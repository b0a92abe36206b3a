"""A page of an officer's feed (protocol.md, `GET /v1/pull`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from sync.branch import tables as t
from sync.branch.devices import Device, authenticate
from sync.branch.feed import PUT, REMOVE
from sync.branch.office import Office
from sync.branch.problems import CURSOR_EXPIRED, refuse
from sync.protocol import PAGE_MAX_BYTES, PAGE_MAX_DOCS, Check, Page

_CURSOR: Final = b"\x02"  # what a packed cursor begins with
_BOUND: Final = 8


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


def read_page(office: Office, token: str, cursor: str, limit: int, *, own: bool) -> bytes:
    """The frame with the documents after `cursor` (empty: from the start), all read in one snapshot of the database.

    At most `limit` documents and removals together, or 4 MiB, and always one where there is any. Raises Problem
    `rebind`, `device_revoked` or `cursor_expired`. Writes nothing.
    """
    with office.reading() as conn:
        device = authenticate(conn, token)
        # The epoch is read here, not kept: a branch put back from a backup gets a new one while it serves.
        seq, count, total, epoch = conn.execute(_STANDS, {"officer": device.officer_id}).one()
        start = _start(Cursor.of(epoch, device.officer_id, 0, seq), cursor)
        found = _NOTHING
        if start.seq < seq:
            found = _read(conn, device, start, min(limit, PAGE_MAX_DOCS), own=own)
        page = Page(
            replace(start, seq=found.read_to if found.more else seq).encode(),
            found.more,
            office.now_ms(),
            not cursor,
            check=None if found.more else Check(count, int(total, 16)),
        )
        return page.framed(found.docs, found.removed, found.bodies)


def _start(new: Cursor, given: str) -> Cursor:
    """Where to go on; `new` is a new start's. Raises Problem `cursor_expired`."""
    if not given:
        return new
    start = Cursor.decode(given)
    if start is None or start.bound != new.bound or max(start.seq, start.since) > new.since:
        raise refuse(CURSOR_EXPIRED)
    return start


class _Found(NamedTuple):
    """What a page holds, as the database put it together: JSON of line 1, the documents, the number read up to."""

    docs: bytes
    removed: bytes
    bodies: bytes
    read_to: int
    more: bool


_NOTHING: Final = _Found(b"[]", b"[]", b"", 0, more=False)


def _read(conn: Connection, device: Device, start: Cursor, limit: int, *, own: bool) -> _Found:
    """One row for the whole page: the thousand of a first pull, one by one, kept everybody else waiting for the
    interpreter between each two of them.
    """
    page = _PAGES[conn.dialect.name]
    asked = {
        "officer": device.officer_id,
        "without": "" if own else device.device_id,
        "seq": start.seq,
        "since": start.since,
        "rows": limit,
    }
    found = conn.execute(page.whole, asked).one()
    if found.size is not None and found.size > PAGE_MAX_BYTES:
        sizes = conn.scalars(page.sizes, asked).all()
        asked["rows"] = _fitting(sizes)
        found = conn.execute(page.whole, asked).one()
    if not found.rows:
        return _NOTHING
    more = found.rows == asked["rows"] and bool(conn.scalar(_MORE, asked | {"seq": found.read_to}))
    return _Found(
        b"[%b]" % (found.docs or "").encode(),
        b"[%b]" % (found.removed or "").encode(),
        found.bodies + b"\n" if found.docs else b"",
        found.read_to,
        more,
    )


def _fitting(sizes: Sequence[int]) -> int:
    """How many of the next documents and removals (size 0) 4 MiB hold; one always."""
    total = 0
    for n, size in enumerate(sizes):
        total += size
        if n and total > PAGE_MAX_BYTES:
            return n
    return len(sizes)


def _after() -> Select[Any]:
    """Feed items with their bytes; the asking device's own activities (`without`) come with none.

    Each looked up by its key, never joined: a plan that PostgreSQL made and kept while the branch was still empty would
    go through all activities for every item.
    """
    item, doc, act, said = t.feed_item.c, t.document.c, t.activity.c, t.verdict.c
    activity = select(act.record).where(
        t.STANDS, act.activity_id == item.doc_id, act.device_id != bindparam("without")
    )
    verdict = select(said.body).where(
        said.officer_id == item.officer_id, said.activity_id == item.doc_id, said.version == item.version
    )
    document = select(doc.body).where(doc.kind == item.kind, doc.doc_id == item.doc_id)
    body = case(
        (item.kind == "activity", activity.scalar_subquery()),
        (item.kind == "verdict", verdict.scalar_subquery()),
        else_=document.scalar_subquery(),
    )
    return (
        select(item.seq, item.op, item.kind, item.doc_id, item.version, body.label("body"))
        .where(*_of_feed())
        .order_by(item.seq)
        .limit(bindparam("rows"))
    )


def _of_feed() -> tuple[ColumnElement[bool], ...]:
    """What of the feed comes after the cursor."""
    item = t.feed_item.c
    return (
        item.officer_id == bindparam("officer"),
        item.seq > bindparam("seq"),
        or_(item.op == PUT, item.seq > bindparam("since")),
    )


class _Asked(NamedTuple):
    """The statements of one kind of database: the page as one row, and the sizes of what it would hold."""

    whole: Select[*tuple[Any, ...]]
    sizes: Select[*tuple[Any, ...]]


def _asked(dialect: str) -> _Asked:
    items = _after().subquery()
    kind, doc_id, version = items.c.kind, items.c.doc_id, items.c.version
    put, gone = items.c.op == PUT, items.c.op == REMOVE
    body = func.coalesce(items.c.body, literal(b"", LargeBinary))
    newline, comma = literal(b"\n", LargeBinary), literal(",", Text)
    if dialect == "sqlite":
        size, joined = func.length(body, type_=Integer), func.group_concat
        doc, removed = func.json_array(kind, doc_id, version, size), func.json_array(kind, doc_id)
    else:
        size, joined = func.octet_length(body, type_=Integer), func.string_agg
        names = func.concat("[", func.to_json(kind), ",", func.to_json(doc_id), type_=Text)
        doc = func.concat(names, ",", version, ",", size, "]", type_=Text)
        removed = func.concat(names, "]", type_=Text)
    whole = select(
        func.count().label("rows"),
        func.max(items.c.seq).label("read_to"),
        func.sum(size).filter(put).label("size"),
        joined(doc, comma, type_=Text).filter(put).label("docs"),
        joined(removed, comma, type_=Text).filter(gone).label("removed"),
        cast(joined(body, newline).filter(put), LargeBinary).label("bodies"),
    )
    return _Asked(whole, select(case((put, size), else_=0)).order_by(items.c.seq))


# Built once: building it takes longer than asking it where nothing has changed.
_PAGES: Final = {dialect: _asked(dialect) for dialect in ("sqlite", "postgresql")}
_MORE: Final = select(exists().where(*_of_feed()))
_EPOCH: Final = select(t.meta.c.value).where(t.meta.c.name == "epoch")
_STANDS: Final = select(t.feed.c.seq, t.feed.c.count, t.feed.c.sum, _EPOCH.scalar_subquery()).where(
    t.feed.c.officer_id == bindparam("officer")
)
