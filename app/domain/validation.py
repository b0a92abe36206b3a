"""What cannot be right, said at save on the phone and at the door of the branch (terms.md, 'Records').

Unknown kinds and unknown members are kept as they came; what is known has to make sense.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from app.domain import codes
from app.domain.bodies import BODIES
from app.domain.checks import Body, Invalid, member
from app.domain.message import Message
from app.domain.records import Case, instant, read_position

__all__ = ["RECORD_MAX_BYTES", "Invalid", "check_body", "check_record"]

RECORD_MAX_BYTES: Final = 64 * 1024
_NAMED: Final = ("activity_id", "case_id", "kind", "officer_id", "device_id")
_HASH_LENGTH: Final = 64
_NESTED_MAX: Final = 100  # what is deeper can be read in one place of a program and not in another
_AS_SENT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_YEARS: Final = range(1990, 2200)  # a phone's clock may be years off, but not at the calendar's ends


def check_record(record: Mapping[str, Any], case: Case | None, as_sent: bytes | None = None) -> datetime:
    """Check a full activity record; returns when it happened. `case` None where it is judged without one (parties are then not looked up);
    `as_sent`: the bytes it was read from, by a reader who let nothing pass that cannot be kept.

    Raises Invalid with the member and a sentence that says what to do.
    """
    if as_sent is None:
        check_json(record)
    else:
        _check_sent(record, as_sent)
    for name in _NAMED:
        value = record.get(name)
        if not isinstance(value, str) or not value:
            raise Invalid(name, Message("{field} is missing.", {"field": member(name)}))
    if type(record.get("device_seq")) is not int or record["device_seq"] < 1:
        raise Invalid("device_seq", Message("{field} is missing.", {"field": member("device_seq")}))
    if case is not None and record["case_id"] != case.case_id:
        raise Invalid("case_id", Message("The record belongs to another case."))
    happened = _times(record)
    if not isinstance(record.get("body"), Mapping):
        raise Invalid("body", Message("{field} is missing.", {"field": member("body")}))
    _around(record)
    _check_body(record["kind"], record["body"], case, happened.date())
    return happened


def check_body(
    kind: str, body: Mapping[str, Any], case: Case | None, happened_on: date | None = None
) -> None:
    """Check a body of `kind` that happened on `happened_on` in the branch's zone. Raises Invalid."""
    check_json(body)
    _check_body(kind, body, case, happened_on)


def _check_body(kind: str, body: Mapping[str, Any], case: Case | None, happened_on: date | None) -> None:
    check = BODIES.get(kind)
    if check is not None:
        check(Body(body, case, happened_on))


def check_json(value: Mapping[str, Any]) -> None:
    """Refuse what a record must never hold: NUL, halves of surrogate pairs, non-finite numbers, over 64 KiB, and
    lists in lists without end.

    Raises Invalid.
    """
    try:
        written = _AS_SENT.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as e:
        _find_wrong(value)
        raise Invalid("", Message("The record cannot be written down.")) from e
    _check_sent(value, written)


def _check_sent(value: object, written: bytes) -> None:
    # Looked at one by one only where something may be wrong: the branch reads thousands at eight in the morning.
    if b"\\u0000" in written or written.count(b"[") + written.count(b"{") > _NESTED_MAX:
        _find_wrong(value)
    if len(written) > RECORD_MAX_BYTES:
        raise Invalid("", Message("The record is larger than 64 KiB: shorten the note."))


def _find_wrong(value: object) -> None:
    """Raises Invalid for the first part that cannot be kept."""
    waiting: list[tuple[int, object]] = [(0, value)]
    while waiting:
        depth, part = waiting.pop()
        if depth > _NESTED_MAX:
            raise Invalid("", Message("The record cannot be written down."))
        if isinstance(part, Mapping):
            waiting.extend((depth + 1, inner) for inner in (*part, *part.values()))
        elif isinstance(part, list | tuple):
            waiting.extend((depth + 1, inner) for inner in part)
        elif isinstance(part, str):
            if "\0" in part or not _encodes(part):
                raise Invalid("", Message("A text holds a character that cannot be kept."))
        elif isinstance(part, float) and not math.isfinite(part):
            raise Invalid("", Message("A number is not a number."))


def _encodes(text: str) -> bool:
    """Whether it holds no half of a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _times(record: Mapping[str, Any]) -> datetime:
    """`happened_at`, which may be absent where it equals `recorded_at`."""
    recorded = instant(record.get("recorded_at"))
    happened = instant(record.get("happened_at")) if record.get("happened_at") else recorded
    for name, at in (("recorded_at", recorded), ("happened_at", happened)):
        if at is None:
            raise Invalid(name, Message("{field} has to be a time with its offset.", {"field": member(name)}))
        if at.year not in _YEARS:
            raise Invalid(name, Message("{field}: that year cannot be right.", {"field": member(name)}))
    assert recorded is not None and happened is not None
    if happened > recorded:
        raise Invalid("happened_at", Message("It cannot have happened later than it is written down."))
    return happened


def _around(record: Mapping[str, Any]) -> None:
    """What stands beside the body: position, override, blobs."""
    if record.get("position") is not None and read_position(record["position"]) is None:
        raise Invalid("position", Message("The position is not one."))
    override = record.get("override")
    if override is not None and not (isinstance(override, Mapping) and isinstance(override.get("why"), str)):
        raise Invalid("override", Message("Going on against a rule needs the rule and a reason."))
    blobs = record.get("blobs")
    for blob in blobs if isinstance(blobs, list) else [] if blobs is None else [blobs]:
        if not (
            isinstance(blob, Mapping)
            and isinstance(blob.get("sha256"), str)
            and len(blob["sha256"]) == _HASH_LENGTH
            and type(blob.get("size")) is int
            and blob["size"] >= 0
            and blob.get("role") in codes.BLOB_ROLES
        ):
            raise Invalid("blobs", Message("A photo is not described rightly."))
