"""A pushed record as the branch reads it: what it says of itself, and whether it can be right.

Reading never raises. Unknown members and kinds are kept as they came; what terms.md refuses at save (NUL, lone
surrogates, non-finite numbers, more than 64 KiB) is wrong here as well.
"""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.domain.frozen import frozen
from app.domain.message import Message
from app.domain.records import Activity
from app.domain.validation import Invalid, check_record
from sync.protocol import RECORD_MAX_BYTES, Head

_TEXTS: Final = ("activity_id", "device_id", "officer_id", "case_id", "kind", "prev")
_COLUMN_MAX: Final = 64
_INSTANT_MAX: Final = 40


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
    try:
        activity = Activity.of(raw)
        happened_on = activity.happened_at.astimezone(zone).date()
    except (ValueError, OverflowError):
        return _members(raw, Message("The record lacks what every record has."), None)
    return _members(raw, _wrong(record, raw), happened_on)


def _wrong(record: bytes, raw: dict[str, Any]) -> Message | None:
    if len(record) > RECORD_MAX_BYTES:
        return Message("The record is larger than 64 KiB.")
    if (
        type(raw["device_seq"]) is not int
        or not isinstance(raw.get("prev"), str)
        or len(raw["prev"]) > _COLUMN_MAX
    ):
        return Message("The record lacks what every record has.")
    try:
        # Judged without the case: the branch's may be newer than the one the officer had before them.
        check_record(raw, None, as_sent=record)
    except Invalid as e:
        return e.message
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # Whatever a stranger's record does to a check, it must not hold up its neighbours.
        return Message("The record lacks what every record has.")
    return None


def _members(raw: dict[str, Any], wrong: Message | None, happened_on: date | None) -> Reading:
    seq, texts = raw.get("device_seq"), []
    for name in _TEXTS:
        value = raw.get(name)
        texts.append(value if isinstance(value, str) and len(value) <= _COLUMN_MAX else None)
    activity_id, device_id, officer_id, case_id, kind, prev = texts
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
        value = _STRICT.decode(record.decode("utf-8"))
        if b"\\u" in record:  # only an escape can bring NUL or half a surrogate pair past the decoder
            _check_texts(value)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _check_texts(value: object) -> None:
    """Raises ValueError (UnicodeEncodeError for half a surrogate pair) where a text cannot be stored."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                if "\0" in text.encode("utf-8").decode("utf-8"):
                    raise ValueError("NUL")
            case dict() as members:
                waiting.extend(members.keys())
                waiting.extend(members.values())
            case list() as several:
                waiting.extend(several)


def _no_number(name: str) -> float:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


_STRICT: Final = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _instant(value: object) -> str | None:
    """A time as it was written, where a column can keep it."""
    return value if isinstance(value, str) and len(value) <= _INSTANT_MAX else None
