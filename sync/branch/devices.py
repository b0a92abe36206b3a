"""Who is asking: a device known by the hash of its secret."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from sync.branch import tables as t
from sync.branch.office import setting
from sync.branch.problems import REBIND, REVOKED, refuse
from sync.protocol import Head

REVOKED_PUSH_DAYS: Final = 30  # default of `limits.revoked_push_days`
_DAY_MS: Final = 24 * 3600 * 1000
_BY_SECRET: Final = select(
    *(
        t.device.c[name]
        for name in ("secret_hash", "device_id", "officer_id", "head_seq", "head_hash", "revoked_ms")
    )
).where(t.device.c.secret_hash == bindparam("secret"))
_LOCKED: Final = _BY_SECRET.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class Device:
    """A bound phone (one database file) and the branch's head of its chain; `copied`: see accept-journal."""

    device_id: str
    officer_id: str
    head: Head
    revoked: bool = False
    copied: bool = False


def secret_hash(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate(
    conn: Connection, token: str, *, lock: bool = False, pushing_at: int | None = None
) -> Device:
    """The device behind a bearer token; `lock` keeps others from changing it meanwhile. Raises Problem `rebind` or `device_revoked`.

    `pushing_at` (ms since the epoch) is given by a push alone: a revoked device may still hand in, into quarantine, for
    `limits.revoked_push_days`.
    """
    wanted = secret_hash(token)
    row = conn.execute(_LOCKED if lock else _BY_SECRET, {"secret": wanted}).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_hash, wanted):
        raise refuse(REBIND)
    revoked = row.revoked_ms is not None
    if revoked and (pushing_at is None or pushing_at >= pushes_until(conn, row.revoked_ms)):
        raise refuse(REVOKED)
    return Device(row.device_id, row.officer_id, Head(row.head_seq, row.head_hash), revoked)


def pushes_until(conn: Connection, revoked_ms: int) -> int:
    """Until when (ms since the epoch) a device revoked then may push."""
    days = setting(conn, "limits").get("revoked_push_days")
    return revoked_ms + (days if type(days) is int and days >= 0 else REVOKED_PUSH_DAYS) * _DAY_MS
