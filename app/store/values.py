"""Sealed values by name: the app's own (binding, preferences) and the store's (names beginning with `store.`)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from app.ports import Sealer
from app.store.trouble import reading
from sync.salvage import value_aad


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A value ready to be written."""

    name: str
    version: int
    sealed: bytes


class Values:
    """The value table. Sealing is asynchronous, writing belongs into the caller's transaction."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    async def get(self, name: str) -> bytes | None:
        """The value, or None. Raises SealBroken."""
        with reading():
            row = self._db.execute("SELECT version, sealed FROM value WHERE name = ?", [name]).fetchone()
        if row is None:
            return None
        [plain] = await self._sealer.open([(value_aad(name, row[0]), row[1])])
        return plain

    async def seal(self, name: str, value: bytes) -> SealedValue:
        """Seal for `write`."""
        with reading():
            row = self._db.execute("SELECT version FROM value WHERE name = ?", [name]).fetchone()
        version = row[0] + 1 if row else 1
        [sealed] = await self._sealer.seal([(value_aad(name, version), value)])
        return SealedValue(name, version, sealed)

    def write(self, value: SealedValue) -> None:
        """Inside a transaction."""
        self._db.execute(
            "INSERT INTO value (name, version, sealed) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
            [value.name, value.version, value.sealed],
        )

    def remove(self, name: str) -> None:
        """Inside a transaction."""
        self._db.execute("DELETE FROM value WHERE name = ?", [name])

    def rows(self) -> list[tuple[bytes, bytes]]:
        """`(aad, sealed)` of all values, for the doctor."""
        return [
            (value_aad(name, version), sealed)
            for name, version, sealed in self._db.execute("SELECT name, version, sealed FROM value")
        ]
