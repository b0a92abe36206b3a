"""Who is asking: a device known by the hash of its secret."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, select

from sync.branch import tables as t
from sync.branch.problems import REBIND, REVOKED, refuse
from sync.protocol import Head


@dataclass(frozen=True, slots=True)
class Device:
    """A bound phone (one database file) and the branch's head of its chain."""

    device_id: str
    officer_id: str
    head: Head


def secret_hash(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate(conn: Connection, token: str, *, lock: bool = False) -> Device:
    """The device behind a bearer token; `lock` keeps others from changing it meanwhile. Raises Problem `rebind` or `device_revoked`."""
    wanted = secret_hash(token)
    asked = select(t.device).where(t.device.c.secret_hash == wanted)
    row = conn.execute(asked.with_for_update(key_share=True) if lock else asked).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_hash, wanted):
        raise refuse(REBIND)
    if row.revoked_ms is not None:
        raise refuse(REVOKED)
    return Device(row.device_id, row.officer_id, Head(row.head_seq, row.head_hash))
