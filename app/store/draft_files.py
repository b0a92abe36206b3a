"""Photos of forms not yet saved, sealed: durable before anything else can happen, gone with their draft."""

from __future__ import annotations

from sqlite_utils import Database

from app.ports import SealBroken, Sealer
from app.store.trouble import reading, saving
from sync.salvage import draft_file_aad


class DraftFiles:
    """The draft_file table. All calls are made under the store's lock."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    async def save(self, draft_id: str, name: str, content: bytes) -> None:
        """Durable when it returns. Raises NotSaved."""
        [sealed] = await self._sealer.seal([(draft_file_aad(draft_id, name), content)])
        with saving(), self._db.atomic():
            self._db.execute(
                "INSERT INTO draft_file (draft_id, name, sealed) VALUES (?, ?, ?) "
                "ON CONFLICT (draft_id, name) DO UPDATE SET sealed = excluded.sealed",
                [draft_id, name, sealed],
            )

    async def get(self, draft_id: str, name: str) -> bytes | None:
        """The file; None where there is none or it does not open (the doctor names it)."""
        with reading():
            row = self._db.execute(
                "SELECT sealed FROM draft_file WHERE draft_id = ? AND name = ?", [draft_id, name]
            ).fetchone()
        if row is None:
            return None
        try:
            [plain] = await self._sealer.open([(draft_file_aad(draft_id, name), row[0])])
        except SealBroken:
            return None
        return plain

    def drop(self, draft_id: str, name: str) -> None:
        """Inside a transaction."""
        self._db.execute("DELETE FROM draft_file WHERE draft_id = ? AND name = ?", [draft_id, name])

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all of them, for the doctor."""
        return [
            (draft_file_aad(draft_id, name), sealed)
            for draft_id, name, sealed in self._db.execute("SELECT draft_id, name, sealed FROM draft_file")
        ]
