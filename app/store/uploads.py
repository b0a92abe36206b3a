"""How far the sending of each file is. A file without a row here waits; so does one whose row does not open, since
sending a file twice harms nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlite_utils import Database

from app.ports import SealBroken, Sealer
from app.store.trouble import reading
from sync.protocol import WaitingFile
from sync.salvage import upload_aad

WAITING: Final = "waiting"
SENT: Final = "sent"

SealedUpload = tuple[str, int, str, bytes]
"""Activity, place, state, sealed: ready to be written."""


class Uploads:
    """The upload table: an upload's address lets its holder write to it, so it is sealed. All calls are made under
    the store's lock; writing belongs into the caller's transaction.
    """

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    async def waiting(self) -> list[WaitingFile]:
        """Files of acknowledged records that were not sent whole, in the journal's order."""
        with reading():
            rows = self._db.execute(
                "SELECT b.activity_id, b.place, u.state, u.sealed FROM blob b "
                "JOIN journal j ON j.activity_id = b.activity_id AND j.state <> 'waiting' "
                "LEFT JOIN upload u ON u.activity_id = b.activity_id AND u.place = b.place "
                "ORDER BY j.seq, b.place"
            ).fetchall()
        found = []
        for activity_id, place, state, sealed in rows:
            address, offset = await self._begun(activity_id, place, state, sealed)
            if address is not None:
                found.append(WaitingFile(activity_id, place, address, offset))
        return found

    async def _begun(
        self, activity_id: str, place: int, state: str | None, sealed: bytes | None
    ) -> tuple[str | None, int]:
        """Where its upload stands; no address (None) once it was sent."""
        if state is None or sealed is None:
            return "", 0
        try:
            [plain] = await self._sealer.open([(upload_aad(activity_id, place, state), sealed)])
        except SealBroken:
            return "", 0
        if state == SENT:
            return None, 0
        address, offset = json.loads(plain)
        return address, offset

    async def seal(self, file: WaitingFile, state: str) -> SealedUpload:
        """Seal for `write`."""
        plain = json.dumps([file.address, file.offset] if state == WAITING else []).encode()
        [sealed] = await self._sealer.seal([(upload_aad(file.activity_id, file.place, state), plain)])
        return file.activity_id, file.place, state, sealed

    def write(self, row: SealedUpload) -> None:
        """Inside a transaction."""
        self._db.execute(
            "INSERT INTO upload (activity_id, place, state, sealed) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (activity_id, place) DO UPDATE SET state = excluded.state, sealed = excluded.sealed",
            list(row),
        )

    def forget(self) -> None:
        """Inside a transaction: all files wait again, from their first byte."""
        self._db.execute("DELETE FROM upload")

    def sent(self) -> Sequence[tuple[str, int]]:
        """Activity and place of the files that were sent."""
        with reading():
            return list(self._db.execute("SELECT activity_id, place FROM upload WHERE state = 'sent'"))

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all uploads, for the doctor."""
        return [
            (upload_aad(activity_id, place, state), sealed)
            for activity_id, place, state, sealed in self._db.execute(
                "SELECT activity_id, place, state, sealed FROM upload"
            )
        ]
