"""Whether file, chain, check sum and spool are sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlite_utils import Database

from app.domain.message import Message
from app.ports import SealBroken, Sealer
from app.store.blobs import Blobs
from app.store.draft_files import DraftFiles
from app.store.drafts import Drafts
from app.store.feed import Feed
from app.store.journal import Journal, Sealed
from app.store.shelved_spool import ShelvedSpool
from app.store.soundness import looking_for_damage
from app.store.spool import Spool
from app.store.trouble import StoreDamaged
from app.store.uploads import Uploads
from app.store.values import Values
from sync.nesting import read_json
from sync.protocol import NO_HASH, record_hash
from sync.salvage import unpack_entry


async def examine(
    db: Database,
    sealer: Sealer,
    journal: Journal,
    feed: Feed,
    sealed: Sequence[Drafts | Values | Blobs | Uploads | DraftFiles],
    spool: Spool | ShelvedSpool,
    excused: Sequence[tuple[int, int]] = (),
) -> list[Message]:
    """Everything that is wrong, in sentences; empty when sound. Raises NotSaved, and StoreUnopened where the disk refuses."""

    async def look() -> list[Message]:
        with looking_for_damage():
            db.execute("PRAGMA shrink_memory")  # what is on the disk is asked about, not what is in memory
            if _damaged_places(db) and (places := _damaged_places(db)):
                return [_damage(places)]
            found = await _feed(sealer, feed)
            found += await _chain(sealer, journal.rows(), excused)
            if broken := await _broken(sealer, [row for table in sealed for row in table.rows()]):
                found.append(Message("{n} rows were changed from outside and do not open.", {"n": broken}))
            return found + _spool(spool, journal)

    try:
        # A disk that failed once looks like damage: what is told was seen twice.
        try:
            return await look()
        except StoreDamaged:
            return await look()
    except StoreDamaged:
        return [_damage(1)]


def _damage(places: int) -> Message:
    return Message("The notebook's file is damaged ({n} places).", {"n": places})


def _damaged_places(db: Database) -> int:
    answer = [row[0] for row in db.execute("PRAGMA quick_check")]
    return 0 if answer == ["ok"] else len(answer)


async def _feed(sealer: Sealer, feed: Feed) -> list[Message]:
    """What the branch sent can be had again: where it is not sound, the next sync starts anew."""
    found: list[Message] = []
    if broken := await _broken(sealer, feed.rows()):
        found.append(
            Message(
                "{n} documents were changed from outside and do not open. Sync once to fetch them anew.",
                {"n": broken},
            )
        )
    if feed.recounted() != feed.state.check:
        found.append(
            Message("The documents held do not add up to what the branch sent. Sync once to fetch them anew.")
        )
    if found:
        await feed.start_anew()
    return found


async def _broken(sealer: Sealer, rows: Iterable[tuple[bytes, bytes]]) -> int:
    """How many of the rows do not open."""
    broken = 0
    for row in rows:
        try:
            await sealer.open([row])
        except SealBroken:
            broken += 1
    return broken


async def _chain(sealer: Sealer, rows: list[Sealed], excused: Sequence[tuple[int, int]]) -> list[Message]:
    """1, 2, 3 … without a gap, each record naming the one before; `excused` gaps (first and last) are known."""
    found: list[Message] = []
    for _, of_device in groupby(rows, key=lambda r: r.device_id):
        expected, prev = 1, NO_HASH
        for row in of_device:
            if row.seq != expected and not _covered(expected, row.seq - 1, excused):
                found.append(
                    Message("Records {a} to {b} are not on this phone.", {"a": expected, "b": row.seq - 1})
                )
            try:
                [plain] = await sealer.open([(row.aad, row.sealed)])
            except SealBroken:
                found.append(
                    Message("Record {n} was changed from outside and does not open.", {"n": row.seq})
                )
                expected, prev = row.seq + 1, ""
                continue
            record, _ = unpack_entry(plain)
            if row.seq == expected and prev and not _follows(record, row, prev):
                found.append(Message("Record {n} does not follow the one before it.", {"n": row.seq}))
            expected, prev = row.seq + 1, record_hash(record)
    return found


def _covered(first: int, last: int, excused: Sequence[tuple[int, int]]) -> bool:
    return all(any(a <= n <= b for a, b in excused) for n in range(first, last + 1))


def _follows(record: bytes, row: Sealed, prev: str) -> bool:
    try:
        value = read_json(record)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and (
        value.get("prev"),
        value.get("device_seq"),
        value.get("device_id"),
        value.get("activity_id"),
    ) == (prev, row.seq, row.device_id, row.activity_id)


def _spool(spool: Spool | ShelvedSpool, journal: Journal) -> list[Message]:
    found: list[Message] = []
    known = {r.activity_id for r in journal.rows()}
    spooled = {r.activity_id for r in spool.records}
    if spool.spoiled:
        found.append(Message("The spool is damaged in {n} places.", {"n": spool.spoiled}))
    if strange := len(spooled - known):
        found.append(Message("{n} records of the spool are not in the journal.", {"n": strange}))
    if single := len({r.activity_id for r in journal.waiting_rows()} - spooled):
        found.append(Message("{n} waiting records are missing from the spool.", {"n": single}))
    return found
