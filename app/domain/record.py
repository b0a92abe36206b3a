"""The bytes of a new activity record, and the id it is born with."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.records import Position

_COUNTER_BITS = 12
_RANDOM_BITS = 62
_lock = threading.Lock()
_last = 0


def new_activity_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562) of the aware instant `now`, greater than every one made before in this process."""
    global _last  # the id's promise is about the whole process, so its memory is too
    with _lock:
        ticks = int(now.timestamp() * 1000) << _COUNTER_BITS
        _last = max(ticks, _last + 1)
        millis, counter = divmod(_last, 1 << _COUNTER_BITS)
    bits = (millis & ((1 << 48) - 1)) << 80
    bits |= 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(_RANDOM_BITS)
    return str(UUID(int=bits))


def encode_record(
    *,
    activity_id: str,
    case_id: str,
    kind: str,
    happened_at: datetime,
    recorded_at: datetime,
    clock: Mapping[str, Any],
    device_id: str,
    device_seq: int,
    prev: str,
    officer_id: str,
    body: Mapping[str, Any],
    position: Position | None = None,
    override: Mapping[str, Any] | None = None,
    blobs: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """The record of terms.md as it is stored and sent, for ever: compact UTF-8 JSON with every member.

    `clock`: `monotonic_ms`, `server_offset_ms`, `offset_known_at`. Raises ValueError for what JSON cannot carry
    (non-finite numbers, lone surrogates).
    """
    record = {
        "activity_id": activity_id,
        "case_id": case_id,
        "kind": kind,
        "happened_at": happened_at.isoformat(),
        "recorded_at": recorded_at.isoformat(),
        "clock": dict(clock),
        "device_id": device_id,
        "device_seq": device_seq,
        "prev": prev,
        "officer_id": officer_id,
        "position": position.to_json() if position else None,
        "override": dict(override) if override else None,
        "body": dict(body),
        "blobs": [dict(b) for b in blobs],
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
