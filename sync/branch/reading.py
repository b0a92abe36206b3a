"""A pushed record as the branch reads it: what it says of itself, and whether it can be right.

Reading never raises. Unknown members and kinds are kept as they came; what terms.md refuses at save (NUL, lone
surrogates, non-finite numbers, more than 64 KiB) is wrong here as well.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from app.domain.frozen import frozen
from app.domain.message import Message
from app.domain.records import Activity
from app.domain.validation import Invalid, check_record
from app.i18n import mark
from sync.protocol import RECORD_MAX_BYTES, Head

_TEXTS: Final = ("activity_id", "device_id", "officer_id", "case_id", "kind", "prev")
_COLUMN_MAX: Final = 64
_INSTANT_MAX: Final = 40
_LACKS: Final = mark("The record lacks what every record has.")


@frozen
class Reading:
    """What could be read of a record; `wrong` says why it cannot stand. `seq` and `prev` None: it does not say."""

    wrong: Message | None
    activity_id: str | None = None
    device_id: str | None = None
    officer_id: str | None = None
    case_id: str | None = None
    kind: str | None = None
    seq: int | None = None
    prev: str | None = None
    happened_at: str | None = None
    happened_on: date | None = None
    recorded_at: str | None = None

    def follows(self, head: Head) -> bool:
        """Whether it continues the chain. One that does not say where it belongs takes the next place."""
        return (self.seq is None or self.seq == head.seq + 1) and (
            self.prev is None or self.prev == head.hash
        )


def read_record(record: bytes, zone: ZoneInfo) -> Reading:
    """Parse and check one record; `zone` decides what day it counts for."""
    raw = _parse(record)
    if raw is None:
        return Reading(Message("The record cannot be read."))
    wrong: Message | None = None
    happened_on: date | None
    try:
        # Judged without the case: the branch's may be newer than the one the officer had before them.
        happened_on = check_record(raw, None, as_sent=record).astimezone(zone).date()
    except Invalid as e:
        happened_on, wrong = _day(raw, zone), e.message
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # Whatever a stranger's record does to a check, it must not hold up its neighbours.
        happened_on, wrong = _day(raw, zone), Message(_LACKS)
    if happened_on is None:
        wrong = Message(_LACKS)
    elif len(record) > RECORD_MAX_BYTES:
        wrong = Message("The record is larger than 64 KiB.")
    elif not _has_place(raw):
        wrong = Message(_LACKS)
    return _members(raw, wrong, happened_on)


def _has_place(raw: dict[str, Any]) -> bool:
    """Whether it says where in its device's chain it belongs."""
    prev = raw.get("prev")
    return type(raw.get("device_seq")) is int and isinstance(prev, str) and len(prev) <= _COLUMN_MAX


def _day(raw: dict[str, Any], zone: ZoneInfo) -> date | None:
    """What day a record that is wrong would count for; None where it lacks what every record has."""
    try:
        return Activity.of(raw).happened_at.astimezone(zone).date()
    except (ValueError, OverflowError):
        return None


def _members(raw: dict[str, Any], wrong: Message | None, happened_on: date | None) -> Reading:
    seq = raw.get("device_seq")
    activity_id, device_id, officer_id, case_id, kind, prev = [
        value if isinstance(value := raw.get(name), str) and len(value) <= _COLUMN_MAX else None
        for name in _TEXTS
    ]
    recorded_at = raw.get("recorded_at")
    return Reading(
        wrong,
        activity_id,
        device_id,
        officer_id,
        case_id,
        kind,
        seq if type(seq) is int else None,
        prev,
        _instant(raw.get("happened_at") or recorded_at),
        happened_on,
        _instant(recorded_at),
    )


def _parse(record: bytes) -> dict[str, Any] | None:
    """A JSON object whose every text can be stored anywhere and whose every number is one; else None."""
    try:
        value = orjson.loads(record)
        if b"\\u" in record:  # only an escape can bring NUL past the reader
            _check_texts(value)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _check_texts(value: object) -> None:
    """Raises ValueError where a text holds NUL."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if "\0" in text:
                    raise ValueError("NUL")
            case dict() as members:
                waiting.extend(members.keys())
                waiting.extend(members.values())
            case list() as several:
                waiting.extend(several)


def _instant(value: object) -> str | None:
    """A time as it was written, where a column can keep it."""
    return value if isinstance(value, str) and len(value) <= _INSTANT_MAX else None
