"""Files of activities (signatures, photos), sealed. They are durable before their record is: the spool, which brings a
record back, does not carry them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from app.ports import Blob, Sealer
from app.store.trouble import reading
from sync.salvage import blob_aad


class Blobs:
    """The blob table: an activity's id and a file's place in it; its hash stands in the record alone, sealed.

    Sealing is asynchronous, writing belongs into the caller's transaction; all calls are made under the store's lock.
    """

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    async def seal(self, blobs: Sequence[Blob]) -> list[tuple[Blob, bytes]]:
        """Seal for `insert`."""
        if not blobs:
            return []
        sealed = await self._sealer.seal([(blob_aad(b.activity_id, b.place), b.data) for b in blobs])
        return list(zip(blobs, sealed, strict=True))

    def insert(self, sealed: Sequence[tuple[Blob, bytes]]) -> None:
        """Inside a transaction."""
        for blob, row in sealed:
            self._db.execute(
                "INSERT INTO blob (activity_id, place, sealed) VALUES (?, ?, ?) "
                "ON CONFLICT (activity_id, place) DO UPDATE SET sealed = excluded.sealed",
                [blob.activity_id, blob.place, row],
            )

    def drop_unsaved(self, activity_id: str) -> None:
        """Inside a transaction: files of a save that failed, when its form is thrown away."""
        self._db.execute(
            "DELETE FROM blob WHERE activity_id = ? AND activity_id NOT IN (SELECT activity_id FROM journal)",
            [activity_id],
        )

    async def get(self, activity_id: str, place: int) -> bytes | None:
        """The file's bytes, or None. Raises SealBroken."""
        with reading():
            row = self._db.execute(
                "SELECT sealed FROM blob WHERE activity_id = ? AND place = ?", [activity_id, place]
            ).fetchone()
        if row is None:
            return None
        [plain] = await self._sealer.open([(blob_aad(activity_id, place), row[0])])
        return plain

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all files, for the doctor."""
        return [
            (blob_aad(activity_id, place), sealed)
            for activity_id, place, sealed in self._db.execute("SELECT activity_id, place, sealed FROM blob")
        ]

    def unsent_rows(self) -> list[tuple[bytes, bytes]]:
        """The same of the files that the branch does not have whole."""
        return [
            (blob_aad(activity_id, place), sealed)
            for activity_id, place, sealed in self._db.execute(
                "SELECT b.activity_id, b.place, b.sealed FROM blob b "
                "LEFT JOIN upload u ON u.activity_id = b.activity_id AND u.place = b.place "
                "WHERE u.state IS NOT 'sent'"
            )
        ]
