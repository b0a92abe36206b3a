"""Forms not yet saved, sealed, durable on every change."""

from __future__ import annotations

from sqlite_utils import Database

from app.ports import SealBroken, Sealer
from app.store.trouble import reading, saving
from sync.salvage import draft_aad


class Drafts:
    """The draft table. All calls are made under the store's lock."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    async def save(self, draft_id: str, body: bytes) -> None:
        """Durable when it returns. Raises NotSaved."""
        with reading():
            row = self._db.execute("SELECT version FROM draft WHERE id = ?", [draft_id]).fetchone()
        version = row[0] + 1 if row else 1
        [sealed] = await self._sealer.seal([(draft_aad(draft_id, version), body)])
        with saving(), self._db.atomic():
            self._db.execute(
                "INSERT INTO draft (id, version, sealed) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
                [draft_id, version, sealed],
            )

    async def all(self) -> list[tuple[str, bytes]]:
        """All readable drafts, oldest first; one that does not open is left out here and named by the doctor."""
        with reading():
            rows = self._db.execute("SELECT id, version, sealed FROM draft ORDER BY born").fetchall()
        found = []
        for draft_id, version, sealed in rows:
            try:
                [plain] = await self._sealer.open([(draft_aad(draft_id, version), sealed)])
            except SealBroken:
                continue
            found.append((draft_id, plain))
        return found

    def delete(self, draft_id: str) -> None:
        """Inside a transaction: the form and its files."""
        self._db.execute("DELETE FROM draft WHERE id = ?", [draft_id])
        self._db.execute("DELETE FROM draft_file WHERE draft_id = ?", [draft_id])

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all drafts, for the doctor."""
        return [
            (draft_aad(draft_id, version), sealed)
            for draft_id, version, sealed in self._db.execute("SELECT id, version, sealed FROM draft")
        ]
