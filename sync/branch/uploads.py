"""Files of activities coming in: tus 1.0.0, core and creation (protocol.md, 'Files').

What has arrived of a file lies in the database, so that any server process can go on with it and none can lose a part
of it. A file is complete only when its size and its SHA-256 are those its activity declares; otherwise all of it is
discarded (460). One that another device has sent already is simply taken.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, or_, select, update

from sync.branch import tables as t
from sync.branch.audit import note
from sync.branch.database import again_if_in_the_way
from sync.branch.devices import Device, authenticate
from sync.branch.office import Office
from sync.branch.problems import MALFORMED, NOT_FOUND, OFFSET, TOO_LARGE, WRONG_FILE, refuse

FILE_MAX_BYTES: Final = 32 * 1024 * 1024
PART_BYTES: Final = 128 * 1024  # kept at once: what a link that breaks can cost
UNFINISHED_MOST: Final = 50
FORGOTTEN_AFTER_MS: Final = 7 * 24 * 3600 * 1000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Upload:
    """Where an upload stands: bytes that have arrived, and bytes in all."""

    upload_id: str
    offset: int
    length: int


def create(office: Office, token: str, length: int, metadata: Mapping[str, str]) -> Upload:
    """Begin an upload at a random address of this device's own. Raises Problem `malformed`, `too_large`, `rebind` …"""
    sha256, activity_id = metadata.get("sha256", "").lower(), metadata.get("activity_id", "")
    if _SHA256.fullmatch(sha256) is None or not 0 < len(activity_id) <= 200 or not activity_id.isprintable():
        raise refuse(MALFORMED, "Upload-Metadata")
    if length > FILE_MAX_BYTES:
        raise refuse(TOO_LARGE)
    upload_id, now_ms = secrets.token_urlsafe(24), office.now_ms()
    with office.changing(alone=False) as changes:
        device = authenticate(changes.conn, token)
        _make_room(changes.conn, device, now_ms)
        changes.conn.execute(
            insert(t.upload).values(
                upload_id=upload_id,
                device_id=device.device_id,
                activity_id=activity_id,
                sha256=sha256,
                length=length,
                arrived=0,
                made_ms=now_ms,
                done=False,
            )
        )
    if length == 0:
        return append(office, token, upload_id, 0, b"")
    return Upload(upload_id, 0, length)


def find(office: Office, token: str, upload_id: str) -> Upload:
    """Where it stands. Raises Problem `not_found`, also for another device's."""
    with office.reading() as conn:
        row = _row(conn, authenticate(conn, token), upload_id)
        return Upload(row.upload_id, row.arrived, row.length)


def append(office: Office, token: str, upload_id: str, offset: int, content: bytes) -> Upload:
    """Take the bytes that follow. The last ones complete the file.

    Raises Problem `offset` (409; nothing is taken), `too_large` (more than was announced), `wrong_file` (460; the upload
    is gone), `not_found`; FilesFailed where the store of files did not keep it: the last bytes are wanted again then.
    """
    with office.reading() as conn:
        row = _following(conn, token, upload_id, offset, content)
        last = offset + len(content) == row.length and not row.done
        whole = _arrived(conn, upload_id) + content if last else b""
        sound = not last or (hashlib.sha256(whole).hexdigest() == row.sha256 and _declared(conn, row))
    if last and sound:
        office.blobs.put(row.sha256, whole)
    again_if_in_the_way(lambda: _append(office, token, upload_id, offset, content, last, sound))
    if not sound:
        raise refuse(WRONG_FILE)
    return Upload(upload_id, offset + len(content), row.length)


def _append(
    office: Office, token: str, upload_id: str, offset: int, content: bytes, last: bool, sound: bool
) -> None:
    """Write down what has arrived: one part more, a file that is kept, or an upload that is discarded."""
    with office.changing(alone=False) as changes:
        conn = changes.conn
        row = _following(conn, token, upload_id, offset, content, lock=True)
        if not sound:
            _discard(conn, upload_id)
        elif last:
            _complete(conn, row, office.now_ms())
        elif content:
            conn.execute(insert(t.upload_part).values(upload_id=upload_id, at=offset, content=content))
            conn.execute(_where(upload_id, update(t.upload)).values(arrived=offset + len(content)))


def _following(
    conn: Connection, token: str, upload_id: str, offset: int, content: bytes, *, lock: bool = False
) -> Any:
    """The upload these bytes follow in. Raises Problem `offset`, `too_large`, `not_found`."""
    row = _row(conn, authenticate(conn, token), upload_id, lock=lock)
    if offset != row.arrived:
        raise refuse(OFFSET, extra={"offset": row.arrived})
    if offset + len(content) > row.length:
        raise refuse(TOO_LARGE)
    return row


def read_file(office: Office, token: str, activity_id: str, sha256: str) -> bytes:
    """A file of an activity for an officer of its case. Raises Problem `not_found` for everybody else as well.

    That it was read is kept, with who read it.
    """
    with office.reading() as conn:
        device = authenticate(conn, token)
        act, case = t.activity.c, t.case_.c
        seen = conn.execute(
            select(act.n)
            .outerjoin(t.case_, case.case_id == act.case_id)
            .where(
                t.under(activity_id),
                or_(case.officer_id == device.officer_id, act.officer_id == device.officer_id),
            )
        ).first()
        kept = conn.execute(
            select(t.blob.c.sha256).where(t.blob.c.activity_id == activity_id, t.blob.c.sha256 == sha256)
        ).first()
    content = office.blobs.get(sha256) if seen is not None and kept is not None else None
    if content is None:
        raise refuse(NOT_FOUND)
    note(
        office,
        "file read",
        subject=f"{activity_id} {sha256}",
        device=(device.officer_id, device.device_id),
    )
    return content


def _row(conn: Connection, device: Device, upload_id: str, *, lock: bool = False) -> Any:
    asked = _where(upload_id, select(t.upload)).where(t.upload.c.device_id == device.device_id)
    row = conn.execute(asked.with_for_update() if lock else asked).first()
    if row is None:
        raise refuse(NOT_FOUND)
    return row


def _where(upload_id: str, statement: Any) -> Any:
    return statement.where(t.upload.c.upload_id == upload_id)


def _arrived(conn: Connection, upload_id: str) -> bytes:
    """What has arrived of it."""
    part = t.upload_part.c
    return b"".join(
        conn.scalars(select(part.content).where(part.upload_id == upload_id).order_by(part.at)).all()
    )


def _complete(conn: Connection, row: Any, now_ms: int) -> None:
    """The file is kept: this activity has it, and its parts go."""
    same = (t.blob.c.activity_id == row.activity_id, t.blob.c.sha256 == row.sha256)
    if conn.execute(select(t.blob.c.sha256).where(*same)).first() is None:
        conn.execute(
            insert(t.blob).values(
                activity_id=row.activity_id, sha256=row.sha256, size=row.length, kept_ms=now_ms
            )
        )
    conn.execute(delete(t.upload_part).where(t.upload_part.c.upload_id == row.upload_id))
    conn.execute(_where(row.upload_id, update(t.upload)).values(arrived=row.length, done=True))


def _declared(conn: Connection, row: Any) -> bool:
    """Whether a record of this device under that id declares a file of this hash and size."""
    act = t.activity.c
    asked = select(act.record).where(t.under(row.activity_id), act.device_id == row.device_id)
    for record in conn.scalars(asked):
        try:
            blobs = json.loads(record).get("blobs")
        except (ValueError, AttributeError):  # quarantined for not being a record at all
            continue
        for blob in blobs if isinstance(blobs, list) else []:
            if isinstance(blob, dict) and (blob.get("sha256"), blob.get("size")) == (row.sha256, row.length):
                return True
    return False


def _discard(conn: Connection, upload_id: str) -> None:
    conn.execute(delete(t.upload_part).where(t.upload_part.c.upload_id == upload_id))
    conn.execute(_where(upload_id, delete(t.upload)))


def _make_room(conn: Connection, device: Device, now_ms: int) -> None:
    """What nobody went on with for a week is forgotten, and a device has only so many begun at once."""
    up = t.upload.c
    old = conn.scalars(select(up.upload_id).where(up.made_ms < now_ms - FORGOTTEN_AFTER_MS)).all()
    mine = conn.scalars(
        select(up.upload_id)
        .where(up.device_id == device.device_id, up.done.is_(False))
        .order_by(up.made_ms.desc())
        .offset(UNFINISHED_MOST - 1)
    ).all()
    for upload_id in {*old, *mine}:
        _discard(conn, upload_id)
