"""A page of an officer's feed (protocol.md, `GET /v1/pull`)."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, or_, select

from sync.branch import tables as t
from sync.branch.devices import Device, authenticate
from sync.branch.feed import PUT, REMOVE
from sync.branch.office import Office
from sync.branch.problems import CURSOR_EXPIRED, refuse
from sync.protocol import PAGE_MAX_BYTES, PAGE_MAX_DOCS, Check, Document, Page

_ROWS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a phone stands in its officer's feed.

    `since` is the feed's number when its snapshot began: removals up to it need no telling, as what the snapshot
    did not show goes at its end; later ones always do.
    """

    epoch: str
    officer_id: str
    seq: int = 0
    since: int = 0

    def encode(self) -> str:
        """Opaque to the phone."""
        plain = json.dumps([self.epoch, self.officer_id, self.seq, self.since]).encode()
        return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Cursor | None:
        """None where this branch did not make it."""
        try:
            value = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
            epoch, officer_id, seq, since = value
        except (binascii.Error, ValueError, TypeError, RecursionError):
            return None
        sound = isinstance(epoch, str) and isinstance(officer_id, str)
        sound = sound and type(seq) is int and type(since) is int and seq >= 0 and since >= 0
        return cls(epoch, officer_id, seq, since) if sound else None


def read_page(office: Office, token: str, cursor: str, limit: int, *, own: bool) -> Page:
    """The documents after `cursor` (empty: from the start), all read in one snapshot of the database.

    At most `limit` documents and removals together, or 4 MiB, and always one where there is any. Raises Problem
    `rebind`, `device_revoked` or `cursor_expired`. Writes nothing.
    """
    with office.reading() as conn:
        device = authenticate(conn, token)
        seq, count, total = conn.execute(
            select(t.feed.c.seq, t.feed.c.count, t.feed.c.sum).where(t.feed.c.officer_id == device.officer_id)
        ).one()
        # Read here, not kept: a branch put back from a backup gets a new epoch while it serves.
        epoch = conn.scalars(select(t.meta.c.value).where(t.meta.c.name == "epoch")).one()
        start = _start(epoch, device, cursor, seq)
        docs, removed, read_to, more = _read(conn, device, start, min(limit, PAGE_MAX_DOCS), own=own)
        after = Cursor(start.epoch, start.officer_id, read_to if more else seq, start.since)
        return Page(
            after.encode(),
            more,
            office.now_ms(),
            not cursor,
            tuple(docs),
            tuple(removed),
            None if more else Check(count, int(total, 16)),
        )


def _start(epoch: str, device: Device, cursor: str, newest: int) -> Cursor:
    if not cursor:
        return Cursor(epoch, device.officer_id, 0, newest)
    start = Cursor.decode(cursor)
    if (
        start is None
        or (start.epoch, start.officer_id) != (epoch, device.officer_id)
        or max(start.seq, start.since) > newest
    ):
        raise refuse(CURSOR_EXPIRED)
    return start


def _read(
    conn: Connection, device: Device, start: Cursor, limit: int, *, own: bool
) -> tuple[list[Document], list[tuple[str, str]], int, bool]:
    """Documents, removals, the number read up to, and whether there is more."""
    docs: list[Document] = []
    removed: list[tuple[str, str]] = []
    size, read_to = 0, start.seq
    rows = conn.execute(_after(device, start, limit + 1, own=own).execution_options(yield_per=_ROWS_AT_ONCE))
    for row in rows:
        if len(docs) + len(removed) == limit or (docs and size + len(row.body or b"") > PAGE_MAX_BYTES):
            rows.close()
            return docs, removed, read_to, True
        read_to = row.seq
        if row.op == REMOVE:
            removed.append((row.kind, row.doc_id))
        else:
            size += len(row.body or b"")
            docs.append(Document(row.kind, row.doc_id, row.version, row.body))
    return docs, removed, read_to, False


def _after(device: Device, start: Cursor, limit: int, *, own: bool) -> Select[Any]:
    """Feed items with their bytes; the asking device's own activities come without, unless it asks for them."""
    item, doc, act, said = t.feed_item.c, t.document.c, t.activity.c, t.verdict.c
    record = act.record if own else case((act.device_id != device.device_id, act.record))
    verdict = (
        select(said.body)
        .where(
            said.officer_id == item.officer_id,
            said.activity_id == item.doc_id,
            said.version == item.version,
        )
        .scalar_subquery()
    )
    body = case((item.kind == "activity", record), (item.kind == "verdict", verdict), else_=doc.body)
    return (
        select(item.seq, item.op, item.kind, item.doc_id, item.version, body.label("body"))
        .select_from(t.feed_item)
        .outerjoin(t.document, and_(doc.kind == item.kind, doc.doc_id == item.doc_id))
        .outerjoin(
            t.activity,
            and_(item.kind == "activity", act.activity_id == item.doc_id, act.status == "created"),
        )
        .where(
            item.officer_id == device.officer_id,
            item.seq > start.seq,
            or_(item.op == PUT, item.seq > start.since),
        )
        .order_by(item.seq)
        .limit(limit)
    )
