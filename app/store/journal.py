"""The phone's own records: append-only, chained, each with what became of it at the branch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlite_utils import Database

from app.domain.frozen import frozen
from app.ports import Entry, SealBroken, Sealer
from app.store.asking import in_pieces
from app.store.spool import Spooled
from app.store.trouble import damaged, reading
from sync.protocol import NO_HASH, Head, Item, PushResult, Run, record_hash
from sync.salvage import journal_aad, pack_entry, unpack_entry

WAITING: Final = "waiting"
UPLOADED: Final = "uploaded"
QUARANTINED: Final = "quarantined"
# A piece at a time: years of records, sealed and open side by side, are a phone's whole memory.
AT_ONCE: Final = 1_000


@frozen
class Sealed:
    """A journal row: plain columns and what is sealed."""

    activity_id: str
    device_id: str
    seq: int
    state: str
    sealed: bytes

    @property
    def aad(self) -> bytes:
        """What its place in the table binds it to."""
        return journal_aad(self.device_id, self.activity_id, self.seq, self.state)


class Journal:
    """The journal table of one device database. Sealing is asynchronous, writing belongs into the caller's
    transaction; all calls are made under the store's lock.
    """

    def __init__(
        self, db: Database, sealer: Sealer, device_id: str, opened: list[Entry] | None = None
    ) -> None:
        """`opened`: all records of the device, where whoever made sure of the seals has them in hand already."""
        self._db = db
        self._sealer = sealer
        self.device_id = device_id
        self._head: Head | None = None
        self._opened_already = opened
        self._at_hand: dict[str, tuple[Sealed, Entry]] = {}

    async def head(self) -> Head:
        """The newest record's place and hash; kept until something changes. Raises StoreDamaged."""
        if self._head is None:
            rows = self._select("device_id = ? ORDER BY seq DESC LIMIT 1", self.device_id)
            entries = await self._opened(rows)
            self._head = Head(entries[0].seq, record_hash(entries[0].record)) if entries else Head()
        return self._head

    def forget_head(self) -> None:
        """The table changed, or a change was taken back."""
        self._head = self._opened_already = None
        self._at_hand = {}

    async def all(self) -> list[Entry]:
        """All readable records by sequence number; one that does not open is named by the doctor."""
        if self._opened_already is not None:
            at_hand, self._opened_already = self._opened_already, None
            return at_hand
        found: list[Entry] = []
        rows = self._select("device_id = ? AND seq > 0 ORDER BY seq LIMIT ?", self.device_id, AT_ONCE)
        while rows:
            found += await self._readable(rows)
            rows = self._select(
                "device_id = ? AND seq > ? ORDER BY seq LIMIT ?", self.device_id, rows[-1].seq, AT_ONCE
            )
        return found

    async def check_seals(self) -> dict[str, list[Entry]]:
        """Every record of the table, by device, in the order of its numbers. Raises SealBroken."""
        found: dict[str, list[Entry]] = {}
        device_id, seq = "", 0
        while rows := self._rows_after(device_id, seq):
            plains = await self._sealer.open([(journal_aad(d, i, n, state), b) for d, i, n, state, b in rows])
            for (device_id, activity_id, seq, state, _), plain in zip(rows, plains, strict=True):
                entry = Entry(activity_id, seq, state, *unpack_entry(plain))
                found.setdefault(device_id, []).append(entry)
        return found

    def _rows_after(self, device_id: str, seq: int) -> list[tuple[str, str, int, str, bytes]]:
        """The next rows as they stand in the table: of years of records no object a row is made."""
        with reading():
            return self._db.execute(
                "SELECT device_id, activity_id, seq, state, sealed FROM journal "
                "WHERE (device_id, seq) > (?, ?) ORDER BY device_id, seq LIMIT ?",
                [device_id, seq, AT_ONCE],
            ).fetchall()

    async def after(self, seq: int, max_items: int, max_bytes: int) -> Run:
        """Records above `seq` up to the next gap, at least one where there is any, else at most `max_bytes`.

        They are kept open until `judged` is told what became of them. Raises StoreDamaged.
        """
        rows = self._select(
            "device_id = ? AND seq > ? ORDER BY seq LIMIT ?", self.device_id, seq, max(1, max_items)
        )
        items: list[Item] = []
        size, first = 0, rows[0].seq if rows else seq + 1
        if len(self._at_hand) >= AT_ONCE:
            self._at_hand = {}
        for row, entry in zip(rows, await self._opened(rows), strict=True):
            size += len(entry.record)
            if items and (size > max_bytes or entry.seq != first + len(items)):
                break
            items.append(Item(entry.activity_id, entry.record))
            self._at_hand[row.activity_id] = (row, entry)
        return Run(first, tuple(items))

    async def by_id(self, activity_ids: Sequence[str]) -> list[Entry]:
        """Those of the ids that are here, in the journal's order. Raises StoreDamaged."""
        return await self._opened(sorted(self._of(activity_ids), key=lambda r: r.seq))

    def lacks(self, activity_ids: Sequence[str]) -> bool:
        """Whether any of the ids is not here."""
        return len(self.states(activity_ids)) < len(set(activity_ids))

    async def waiting(self) -> list[Entry]:
        """What the branch has not acknowledged; unreadable ones left out."""
        return await self._readable(self.waiting_rows())

    def waiting_rows(self) -> list[Sealed]:
        """The same, sealed."""
        return self._select("state = 'waiting' ORDER BY seq")

    async def seal_new(self, head: Head, items: Sequence[Item]) -> list[Sealed]:
        """Rows for new records, counted on from `head`."""
        unsealed = [
            Sealed(item.id, self.device_id, head.seq + n, WAITING, b"") for n, item in enumerate(items, 1)
        ]
        sealed = await self._sealer.seal(
            [(row.aad, pack_entry(item.record)) for row, item in zip(unsealed, items, strict=True)]
        )
        return [_with(row, row.state, s) for row, s in zip(unsealed, sealed, strict=True)]

    async def judged(self, results: Sequence[PushResult]) -> list[Sealed]:
        """The rows of pushed records, sealed with what became of them. Raises StoreDamaged.

        A duplicate of one that is with the supervisor stays there.
        """
        told = {r.id: r for r in results}
        changed: list[tuple[Sealed, str, bytes, str]] = []
        known = [self._at_hand[i] for i in told if i in self._at_hand]
        rows = self._of([i for i in told if i not in self._at_hand])
        for row, entry in (*known, *zip(rows, await self._opened(rows), strict=True)):
            result = told[row.activity_id]
            if result.quarantined:
                changed.append((row, QUARANTINED, entry.record, result.reason or ""))
            elif row.state != QUARANTINED:
                changed.append((row, UPLOADED, entry.record, entry.reason))
        return await self._resealed(changed)

    async def waiting_again(self, after: int) -> list[Sealed]:
        """The rows above `after`, sealed as waiting. Raises StoreDamaged."""
        rows = self._select("device_id = ? AND seq > ? AND state <> 'waiting'", self.device_id, after)
        entries = await self._opened(rows)
        return await self._resealed(
            [(row, WAITING, e.record, "") for row, e in zip(rows, entries, strict=True)]
        )

    def run_from(self, seq: int) -> list[Sealed]:
        """The rows from the first at or above `seq` up to the next gap."""
        rows = self._select("device_id = ? AND seq >= ? ORDER BY seq", self.device_id, seq)
        return [row for n, row in enumerate(rows) if row.seq == rows[0].seq + n]

    async def rechained(self, rows: Sequence[Sealed]) -> list[Sealed]:
        """Waiting rows whose forerunners are lost, sealed as a chain that begins anew; none where it does already.

        Raises StoreDamaged.
        """
        prev = NO_HASH
        changed: list[tuple[Sealed, str, bytes, str]] = []
        for row, entry in zip(rows, await self._opened(rows), strict=True):
            value = json.loads(entry.record)
            if value.get("prev") == prev:
                break
            record = json.dumps(
                {**value, "prev": prev}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            ).encode()
            changed.append((row, row.state, record, entry.reason))
            prev = record_hash(record)
        return await self._resealed(changed)

    def put_in(self, rows: Sequence[Sealed]) -> None:
        """Inside a transaction: records that came back; one whose id or place is taken stays out."""
        self._opened_already = None
        self._db.conn.executemany(
            "INSERT OR IGNORE INTO journal (activity_id, device_id, seq, state, sealed) VALUES (?, ?, ?, ?, ?)",
            [(r.activity_id, r.device_id, r.seq, r.state, r.sealed) for r in rows],
        )

    async def come_back(self, records: Sequence[tuple[str, int, bytes]]) -> list[Sealed]:
        """Rows for own records that the branch sent back: `(activity_id, seq, record)`, as uploaded."""
        unsealed = [Sealed(i, self.device_id, seq, UPLOADED, b"") for i, seq, _ in records]
        return await self._resealed(
            [(row, UPLOADED, record, "") for row, (_, _, record) in zip(unsealed, records, strict=True)]
        )

    def insert(self, rows: Sequence[Sealed]) -> None:
        """Inside a transaction."""
        self._opened_already = None
        self._db.conn.executemany(
            "INSERT INTO journal (activity_id, device_id, seq, state, sealed) VALUES (?, ?, ?, ?, ?)",
            [(r.activity_id, r.device_id, r.seq, r.state, r.sealed) for r in rows],
        )

    def update(self, rows: Sequence[Sealed]) -> None:
        """Inside a transaction."""
        self._opened_already = None
        for row in rows:
            self._at_hand.pop(row.activity_id, None)
        self._db.conn.executemany(
            "UPDATE journal SET state = ?, sealed = ? WHERE activity_id = ?",
            [(r.state, r.sealed, r.activity_id) for r in rows],
        )

    def states(self, activity_ids: Sequence[str]) -> dict[str, str]:
        """What became of those of the ids that are here."""
        found: dict[str, str] = {}
        with reading():
            for some, marks in in_pieces(activity_ids):
                found |= self._db.execute(
                    f"SELECT activity_id, state FROM journal WHERE activity_id IN ({marks})",  # noqa: S608 - question marks
                    some,
                ).fetchall()
        return found

    def places(self) -> dict[tuple[str, int], str]:
        """Which record has which place, by device and sequence number."""
        with reading():
            rows = self._db.execute("SELECT device_id, seq, activity_id FROM journal")
            return {(device, seq): activity_id for device, seq, activity_id in rows}

    def rows(self) -> list[Sealed]:
        """All rows by device and sequence number."""
        return self._select("1 ORDER BY device_id, seq")

    def _of(self, activity_ids: Sequence[str]) -> list[Sealed]:
        """The rows of these ids, in no order."""
        return [
            r
            for some, marks in in_pieces(activity_ids)
            for r in self._select(f"activity_id IN ({marks})", *some)
        ]

    def _select(self, where: str, *given: object) -> list[Sealed]:
        with reading():
            return [
                Sealed(*row)
                for row in self._db.execute(
                    f"SELECT activity_id, device_id, seq, state, sealed FROM journal WHERE {where}",  # noqa: S608 - constants of this module
                    given,
                )
            ]

    async def _readable(self, rows: Sequence[Sealed]) -> list[Entry]:
        try:
            return await self._open(rows)
        except SealBroken:
            found: list[Entry] = []
            for row in rows:
                try:
                    found += await self._open([row])
                except SealBroken:
                    continue
            return found

    async def _opened(self, rows: Sequence[Sealed]) -> list[Entry]:
        """Where leaving one out would be wrong. Raises StoreDamaged."""
        try:
            return await self._open(rows)
        except SealBroken as e:
            raise damaged() from e

    async def _open(self, rows: Sequence[Sealed]) -> list[Entry]:
        """Raises SealBroken."""
        plains = await self._sealer.open([(r.aad, r.sealed) for r in rows])
        return [
            Entry(row.activity_id, row.seq, row.state, *unpack_entry(plain))
            for row, plain in zip(rows, plains, strict=True)
        ]

    async def _resealed(self, rows: Sequence[tuple[Sealed, str, bytes, str]]) -> list[Sealed]:
        unsealed = [_with(row, state, b"") for row, state, _, _ in rows]
        sealed = await self._sealer.seal(
            [
                (new.aad, pack_entry(record, why))
                for new, (_, _, record, why) in zip(unsealed, rows, strict=True)
            ]
        )
        return [_with(new, new.state, s) for new, s in zip(unsealed, sealed, strict=True)]


async def readable(sealer: Sealer, spooled: Sequence[Spooled]) -> list[Spooled]:
    """Those of the spool's records that were sealed with this key at that place; of one sealed anew, the newest."""
    found: dict[str, Spooled] = {}
    for record in spooled:
        try:
            await sealer.open([(from_spool(record).aad, record.sealed)])
        except SealBroken:
            continue
        found[record.activity_id] = record
    return list(found.values())


def from_spool(record: Spooled) -> Sealed:
    """The journal row of a spooled record."""
    return Sealed(record.activity_id, record.device_id, record.seq, WAITING, record.sealed)


def to_spool(row: Sealed, drafts: tuple[str, ...] = ()) -> Spooled:
    """The spool's record of a waiting row."""
    return Spooled(row.device_id, row.activity_id, row.seq, row.sealed, drafts)


def _with(row: Sealed, state: str, sealed: bytes) -> Sealed:
    return Sealed(row.activity_id, row.device_id, row.seq, state, sealed)
