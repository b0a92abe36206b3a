"""The bytes of a new activity record, and the id it is born with."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

_COUNTER_BITS = 12
_RANDOM_BITS = 62
_ORDER: Final = (
    "activity_id", "case_id", "kind", "happened_at", "recorded_at", "clock", "device_id", "device_seq", "prev",
    "officer_id", "position", "override", "body", "blobs",
)  # fmt: skip
_ABSENT: Final[Mapping[str, Any]] = {"blobs": []}
_NEEDED: Final = frozenset(_ORDER) - {"clock", "position", "override", "blobs"}
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


def encode_record(record: Mapping[str, Any]) -> bytes:
    """The record of terms.md as it is stored and sent, for ever: compact UTF-8 JSON.

    Every member of terms.md is written, in its order: `position`, `override` and `clock` are null and `blobs` empty
    where `record` lacks them; members terms.md does not know follow. Raises KeyError where one is missing that every
    record has, ValueError for what JSON cannot carry (non-finite numbers, halves of surrogate pairs).
    """
    whole = {
        name: record[name] if name in _NEEDED else record.get(name, _ABSENT.get(name)) for name in _ORDER
    }
    whole |= {name: value for name, value in record.items() if name not in whole}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
