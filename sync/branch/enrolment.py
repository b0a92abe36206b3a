"""Binding a phone to an officer with a code (protocol.md, `POST /v1/enrol`)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from app.domain.message import Message
from sync.binding import Binding
from sync.branch import tables as t
from sync.branch.database import again_if_in_the_way
from sync.branch.devices import secret_hash
from sync.branch.errors import BranchError
from sync.branch.office import Office, require_officer, setting
from sync.branch.officers import as_registered
from sync.branch.problems import (
    CODE_INVALID,
    OTHER_OFFICER,
    REVOKED,
    SECRET_IN_USE,
    TOO_MANY_FAILURES,
    Problem,
    refuse,
)
from sync.protocol import NO_HASH, EnrolAnswer, EnrolRequest, Head

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
CODE_LETTERS: Final = 10
MAX_MISSES: Final = 5
# Defaults of the setting `limits`.
CODE_MINUTES: Final = 60
FAILURES_PER_HOUR: Final = 100
_HOUR_MS: Final = 3_600_000
_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_CODE: Final = re.compile(rf"[{ALPHABET}]{{{CODE_LETTERS}}}")


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code as it is told to an officer, once; `expires_at` aware."""

    code: str
    expires_at: datetime


def issue_code(office: Office, officer_id: str) -> IssuedCode:
    """A new code for one device of an officer. Raises UnknownOfficer. Earlier codes stay good."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    with office.changing() as changes:
        officer_id = as_registered(changes.conn, officer_id)
        require_officer(changes.conn, officer_id)
        minutes = _whole(setting(changes.conn, "limits").get("enrol_code_minutes"), CODE_MINUTES)
        now_ms = office.now_ms()
        expires_ms = now_ms + minutes * 60_000
        changes.conn.execute(
            insert(t.enrol_code).values(
                code_hash=_code_hash(officer_id, code),
                officer_id=officer_id,
                made_ms=now_ms,
                expires_ms=expires_ms,
                misses=0,
            )
        )
    expires_at = datetime.fromtimestamp(expires_ms / 1000, UTC).astimezone(office.zone)
    return IssuedCode(code, expires_at.replace(microsecond=0))


def enrol(office: Office, request: EnrolRequest, address: str | None = None) -> EnrolAnswer:
    """Bind the phone that asks; the same request gets the same answer again.

    A wrong code is counted whatever else happens. Raises Problem `code_invalid`, `too_many_failures`,
    `device_revoked`, `device_of_another_officer` or `secret_in_use`.
    """
    outcome = again_if_in_the_way(lambda: _in_one_go(office, request, address))
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _in_one_go(office: Office, request: EnrolRequest, address: str | None) -> EnrolAnswer | Problem:
    with office.changing(alone=False) as changes:
        request = replace(request, officer_id=as_registered(changes.conn, request.officer_id))
        # One guess at a time at an officer's codes: five misses are five.
        officer = t.officer.c.officer_id
        changes.conn.execute(
            select(officer).where(officer == request.officer_id).with_for_update(key_share=True)
        )
        return _try(office, changes.conn, request, address)


def _try(
    office: Office, conn: Connection, request: EnrolRequest, address: str | None
) -> EnrolAnswer | Problem:
    """Problems are returned, not raised: the transaction that counted the miss must be kept."""
    now_ms = office.now_ms()
    failures = conn.execute(
        select(func.count(), func.min(t.enrol_failure.c.at_ms)).where(
            t.enrol_failure.c.at_ms > now_ms - _HOUR_MS
        )
    ).one()
    cap = _whole(setting(conn, "limits").get("enrol_failures_per_hour"), FAILURES_PER_HOUR)
    if failures[0] >= cap:
        wait_ms = failures[1] + _HOUR_MS - now_ms
        return refuse(TOO_MANY_FAILURES, retry_after=max(1, -(-wait_ms // 1000)))
    code = _valid_code(conn, request, now_ms)
    if code is None:
        _count_miss(conn, request.officer_id, now_ms, address)
        return refuse(CODE_INVALID)
    known = conn.execute(select(t.device).where(t.device.c.device_id == request.device_id)).one_or_none()
    wrong = _why_not(conn, request, known)
    if wrong is not None:
        return wrong
    head = _bind(conn, request, known, now_ms)
    if code.used_by is None:
        conn.execute(
            update(t.enrol_code)
            .where(t.enrol_code.c.code_hash == code.code_hash)
            .values(used_by=request.device_id, used_ms=now_ms)
        )
    name = require_officer(conn, request.officer_id)
    return EnrolAnswer(request.officer_id, name, office.branch_id, office.name, office.zone.key, head)


def _valid_code(conn: Connection, request: EnrolRequest, now_ms: int) -> Row[Any] | None:
    code = read_code(request.code)
    if code is None:
        return None
    row = conn.execute(
        select(t.enrol_code).where(t.enrol_code.c.code_hash == _code_hash(request.officer_id, code))
    ).one_or_none()
    if row is None:
        return None
    if row.used_by is not None:
        # A lost answer costs nothing, however late: id and secret prove that it is the same phone.
        secret = conn.scalar(select(t.device.c.secret_hash).where(t.device.c.device_id == row.used_by))
        same = row.used_by == request.device_id and hmac.compare_digest(
            secret or "", secret_hash(request.device_secret)
        )
        return row if same else None
    return row if row.misses < MAX_MISSES and now_ms < row.expires_ms else None


def _why_not(conn: Connection, request: EnrolRequest, known: Row[Any] | None) -> Problem | None:
    if known is not None and known.revoked_ms is not None:
        return refuse(REVOKED)
    if known is not None and known.officer_id != request.officer_id:
        return refuse(OTHER_OFFICER)
    holder = conn.scalar(
        select(t.device.c.device_id).where(t.device.c.secret_hash == secret_hash(request.device_secret))
    )
    return refuse(SECRET_IN_USE) if holder not in (None, request.device_id) else None


def _bind(conn: Connection, request: EnrolRequest, known: Row[Any] | None, now_ms: int) -> Head:
    values = {
        "secret_hash": secret_hash(request.device_secret),
        "name": request.device_name,
        "platform": request.platform,
        "app": request.app[:64],
        "enrolled_ms": now_ms,
    }
    if known is not None:
        conn.execute(update(t.device).where(t.device.c.device_id == request.device_id).values(**values))
        return Head(known.head_seq, known.head_hash)
    conn.execute(
        insert(t.device).values(
            device_id=request.device_id,
            officer_id=request.officer_id,
            head_seq=0,
            head_hash=NO_HASH,
            declared_seq=0,
            declared_hash=NO_HASH,
            **values,
        )
    )
    return Head()


def _count_miss(conn: Connection, officer_id: str, now_ms: int, address: str | None) -> None:
    """One miss for every live code of that officer: nobody can tell which one was meant."""
    conn.execute(insert(t.enrol_failure).values(at_ms=now_ms, address=address[:64] if address else None))
    code = t.enrol_code.c
    conn.execute(
        update(t.enrol_code)
        .where(code.officer_id == officer_id, code.used_by.is_(None), code.expires_ms > now_ms)
        .values(misses=code.misses + 1)
    )


def read_code(typed: str) -> str | None:
    """A code as somebody typed it: any case, hyphens, I and L for 1, O for 0. None when it cannot be one."""
    code = typed.strip().upper().translate(_READ_AS)
    return code if _CODE.fullmatch(code) else None


def _code_hash(officer_id: str, code: str) -> str:
    """Bound to the officer, so that a code is good for one officer only. Raises nothing.

    50 random bits that live an hour: a stolen table is worth nothing by the time they are guessed.
    """
    return hashlib.scrypt(code.encode(), salt=officer_id.encode(), n=2**12, r=8, p=1, dklen=32).hex()


def _whole(value: object, default: int) -> int:
    return value if type(value) is int and value > 0 else default


def write_qr(binding: Binding, file: Path) -> None:
    """The binding as a QR code, SVG or PNG by the file's ending. Raises BranchError where it cannot be written."""
    import segno

    try:
        segno.make(binding.link(), error="m").save(str(file), scale=8)
    except OSError as e:
        raise BranchError(Message("The file {file} cannot be written.", {"file": file.name})) from e
