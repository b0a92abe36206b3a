"""A record as it goes into the journal: put together, checked, and held against the rules of conduct."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.domain.ageing import on_day
from app.domain.corrections import replaced
from app.domain.message import Message
from app.domain.record import encode_record, new_activity_id
from app.domain.validation import Invalid, check_body, check_record
from app.held import Held
from app.ports import Blob, Entry, Hindered, InvalidRecord
from app.views import NewActivity
from sync.protocol import Head, Item, record_hash

BLOB_MOST: Final = 8 * 1024 * 1024


async def write(held: Held, new: Sequence[NewActivity], draft_id: str | None) -> list[Entry]:
    """Save activities together, and drop the draft they came from; returns once they are durable.

    Raises InvalidRecord or Hindered (nothing of the batch is saved) or NotSaved. An `override` goes into the record
    only where a rule stands against it.
    """
    offset = await held.store.offset()
    new = [replace(e, activity_id=e.activity_id or new_activity_id(held.now())) for e in new]
    overridden = [_overridden(held, e) for e in new]

    def make(head: Head) -> list[Item]:
        items: list[Item] = []
        for entry, override in zip(new, overridden, strict=True):
            item = _build(held, entry, override, head, offset)
            items.append(item)
            head = Head(head.seq + 1, record_hash(item.record))
        return items

    blobs = [Blob(str(e.activity_id), place, b.data) for e in new for place, b in enumerate(e.blobs)]
    return list(await held.store.append(make, [draft_id] if draft_id else [], blobs))


def check_size(content: bytes) -> None:
    """Raises InvalidRecord for a file larger than 8 MiB (protocol.md)."""
    if len(content) > BLOB_MOST:
        raise InvalidRecord(Message("A file is larger than 8 MiB."), "blobs")


def _overridden(held: Held, new: NewActivity) -> dict[str, str] | None:
    """The record's `override`. Raises Hindered where a rule blocks and no reason is given."""
    blocking = tuple(h for h in held.hindrances([new]) if h.blocks)
    if not blocking:
        return None
    if not (new.override or "").strip():
        raise Hindered(
            Message(
                "{what} Going on needs a reason (rule: {rule}).",
                {"what": blocking[0].text, "rule": ", ".join(h.rule for h in blocking)},
            ),
            blocking,
        )
    return {"rule": ",".join(h.rule for h in blocking), "why": str(new.override).strip()}


def _build(
    held: Held,
    new: NewActivity,
    override: Mapping[str, str] | None,
    head: Head,
    offset: tuple[int, datetime] | None,
) -> Item:
    now = held.now()
    activity_id = str(new.activity_id)
    record = {
        "activity_id": activity_id,
        "case_id": new.case_id,
        "kind": new.kind,
        "happened_at": (new.happened_at or now).astimezone(held.zone).isoformat(timespec="milliseconds"),
        "recorded_at": now.isoformat(timespec="milliseconds"),
        "clock": {
            "monotonic_ms": held.ports.clock.monotonic_ms(),
            "server_offset_ms": offset[0] if offset else None,
            "offset_known_at": offset[1].isoformat(timespec="milliseconds") if offset else None,
        },
        "device_id": held.store.device_id,
        "device_seq": head.seq + 1,
        "prev": head.hash,
        "officer_id": held.officer_id,
        "position": new.position.to_json() if new.position else None,
        "override": override,
        "body": dict(new.body),
        "blobs": [
            {
                "sha256": hashlib.sha256(b.data).hexdigest(),
                "size": len(b.data),
                "media_type": b.media_type,
                "role": b.role,
            }
            for b in new.blobs
        ],
    }
    if new.kind == "correction":
        _check_correction(held, new)
    for blob in new.blobs:
        check_size(blob.data)
    try:
        check_record(record, held.known(new.case_id))
        return Item(activity_id, encode_record(record))
    except Invalid as e:
        raise InvalidRecord(e.message, e.field) from e


def _check_correction(held: Held, new: NewActivity) -> None:
    """Only what this officer recorded of this case can be corrected by them, and only by what could have been recorded
    itself. Raises InvalidRecord."""
    target = new.body.get("of")
    known = next((a for a in held.book.file(new.case_id).activities if a.activity_id == target), None)
    if known is None or known.officer_id != held.officer_id:
        raise InvalidRecord(
            Message("Only your own record of this case can be corrected: take its id from the timeline."),
            "of",
        )
    said = replaced(known, new.body.get("replacement"))
    if said is None or known.kind == "correction":
        return
    if said.happened_at > held.now():
        raise InvalidRecord(
            Message("It cannot have happened later than it is written down."), "replacement.happened_at"
        )
    try:
        check_body(said.kind, said.body, held.known(new.case_id), on_day(said.happened_at, held.zone))
    except Invalid as e:
        raise InvalidRecord(e.message, f"replacement.{e.field}") from e
