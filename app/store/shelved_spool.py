"""The spool where there is no file that can be flushed: frames on a shelf, one durable put a save."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from app.store.spool import Shelf, Spooled, frame_of

_log = logging.getLogger(__name__)


class ShelvedSpool:
    """As app.store.spool.Spool, over a Shelf. All calls are made under the store's lock."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._keys: list[int] = []
        self._taken_back: list[int] = []
        self._taking_back: asyncio.Task[None] | None = None
        self.records: list[Spooled] = []
        self.spoiled = 0

    @classmethod
    async def open(cls, shelf: Shelf) -> ShelvedSpool:
        """Read everything that is kept. Raises OSError."""
        spool = cls(shelf)
        for key, frame in await shelf.all():
            record = frame_of(frame)
            if record is None:
                spool.spoiled += 1
                continue
            spool._keys.append(key)
            spool.records.append(record)
        return spool

    def mark(self) -> tuple[int, int]:
        """What `cut_back` goes back to."""
        return len(self._keys), len(self.records)

    async def append(self, records: Sequence[Spooled]) -> None:
        """Durable when it returns. Raises OSError."""
        await self._settle()
        if records:
            self._keys += await self._shelf.add([r.encode() for r in records])
            self.records += records

    def cut_back(self, mark: tuple[int, int]) -> None:
        """Take back what was appended since `mark`: begun here, done before anything else is written."""
        count, _ = mark
        if len(self._keys) == count:
            return
        self._taken_back += self._keys[count:]
        del self._keys[count:]
        del self.records[count:]
        self._taking_back = asyncio.ensure_future(self._settle_quietly())

    async def _settle(self) -> None:
        if self._taken_back:
            going = list(self._taken_back)
            await self._shelf.remove(going)
            self._taken_back = [k for k in self._taken_back if k not in going]

    async def _settle_quietly(self) -> None:
        try:
            await self._settle()
        except OSError as e:
            _log.warning("spool not cut back: errno %s", e.errno)

    async def keep(self, records: Sequence[Spooled]) -> None:
        """Leave only these. Raises OSError; the old spool stays then."""
        await self._settle()
        wanted = {r.activity_id for r in records}
        pairs = list(zip(self._keys, self.records, strict=True))
        await self._shelf.remove([k for k, r in pairs if r.activity_id not in wanted])
        self._keys = [k for k, r in pairs if r.activity_id in wanted]
        self.records = [r for _, r in pairs if r.activity_id in wanted]
        self.spoiled = 0

    def close(self) -> None:
        """Nothing is held open."""
