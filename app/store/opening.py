"""Opening the store: the file sound and up to date, and every record of the spool back in it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from app.domain.message import Message
from app.ports import Clock, Entry, NotebookError, SealBroken, Sealer, no_room_to_open
from app.store.blobs import Blobs
from app.store.draft_files import DraftFiles
from app.store.drafts import Drafts
from app.store.journal import Journal, Sealed, from_spool, readable, to_spool
from app.store.mark import MARK, Mark
from app.store.rebuilding import DEVICE, key_fits, rebuild, under_way
from app.store.schema import FILE, MIGRATIONS, SPOOL, Migration, connect
from app.store.sealed import SealedStore
from app.store.shelved_spool import ShelvedSpool
from app.store.soundness import check_file, check_seals, is_spoiled, looking_for_damage
from app.store.spool import MAGIC, Shelf, Spool, Spooled
from app.store.trouble import StoreDamaged, StoreTooNew, StoreUnopened, damaged, has_room, reading, saving
from app.store.uploads import Uploads
from app.store.values import Values


async def open_store(
    folder: Path,
    sealer: Sealer,
    clock: Clock,
    *,
    released: Callable[[], None] = lambda: None,
    migrations: Sequence[Migration] = MIGRATIONS,
    shelf: Shelf | None = None,
    settle: Callable[[], Awaitable[None]] | None = None,
) -> SealedStore:
    """Open the store of a data folder that is held already; `released` is called when it is closed.

    A damaged database is set aside and made anew (app.store.rebuilding). `shelf` keeps the spool where there are no
    files to flush (the browser), and `settle` flushes what is only in memory there. Raises StoreDamaged (not with this
    key, or not readable at all; nothing deleted, the spool untouched), StoreTooNew, Busy, NotSaved; `released` was
    called then too.
    """
    spool: Spool | ShelvedSpool | None = None
    try:
        mark = Mark(folder / MARK, sealer)
        with saving():
            spool = Spool(folder / SPOOL) if shelf is None else await ShelvedSpool.open(shelf)
            await mark.read()
        parts = _Parts(folder, sealer, clock, released, spool, mark, migrations, settle)
        if not under_way(folder):
            try:
                return await _open_at_second_look(parts)
            except StoreDamaged:
                if not await _may_rebuild(parts):
                    raise
        await rebuild(folder, sealer, spool, mark, clock.now(), _new_device, migrations)
        return await _open_sound(parts)
    except BaseException:
        if spool is not None:
            spool.close()
        released()
        raise


@dataclass(frozen=True, slots=True)
class _Parts:
    folder: Path
    sealer: Sealer
    clock: Clock
    released: Callable[[], None]
    spool: Spool | ShelvedSpool
    mark: Mark
    migrations: Sequence[Migration]
    settle: Callable[[], Awaitable[None]] | None


async def _open_at_second_look(parts: _Parts) -> SealedStore:
    """A disk that failed once looks like damage too: what is set aside was seen to be damaged twice."""
    try:
        return await _open_sound(parts)
    except StoreDamaged:
        return await _open_sound(parts)


async def _may_rebuild(parts: _Parts) -> bool:
    """Whether the file is spoiled, and the key its own. Raises Busy, NotSaved, StoreDamaged where it cannot be told."""
    if parts.mark.known:
        return True
    return await key_fits(parts.folder / FILE, parts.sealer, parts.spool)


async def _open_sound(parts: _Parts) -> SealedStore:
    """Raises StoreDamaged where the file is spoiled, and as `open_store` does."""
    file = parts.folder / FILE
    if parts.mark.known and not (file.exists() and file.stat().st_size):
        raise damaged()
    db = _connected(parts)
    try:
        with looking_for_damage():
            check_file(db, parts.migrations)
            opened = await _check_seals(db, parts.sealer)
        device_id = await _device_id(db, parts.sealer, parts.spool)
        journal = Journal(db, parts.sealer, device_id, opened.get(device_id, []))
        await _put_back(db, journal, parts.sealer, parts.spool)
        store = SealedStore(
            db, parts.sealer, parts.spool, parts.clock, journal, parts.released, parts.mark, parts.settle
        )
        await store.load()
    except SealBroken as e:
        db.close()
        raise damaged() from e
    except BaseException:
        db.close()
        raise
    return store


def _connected(parts: _Parts) -> Database:
    """Raises StoreDamaged only where the file itself is spoiled; a disk that refuses is NotSaved."""
    file = parts.folder / FILE
    try:
        with saving(), reading():
            return connect(file, parts.migrations)
    except StoreTooNew:
        if is_spoiled(file, parts.migrations):
            raise damaged() from None
        raise
    except (StoreDamaged, StoreUnopened) as e:
        if not has_room(parts.folder):
            raise StoreUnopened(no_room_to_open()) from e
        if is_spoiled(file, parts.migrations):
            raise damaged() from e
        raise StoreUnopened(e.message) from e


async def _check_seals(db: Database, sealer: Sealer) -> dict[str, list[Entry]]:
    """Everything that the branch cannot send again; the records themselves, by device. Raises SealBroken."""
    records = await Journal(db, sealer, "").check_seals()
    for table in (Values, Drafts, Uploads, DraftFiles):
        await check_seals(sealer, table(db, sealer).rows())
    await check_seals(sealer, Blobs(db, sealer).unsent_rows())
    return records


async def _device_id(db: Database, sealer: Sealer, spool: Spool | ShelvedSpool) -> str:
    """The id of this database file. A new file beside a spool with records goes on under the spool's id: so what
    waits keeps its place in the chain that the branch knows.
    """
    values = Values(db, sealer)
    kept = await values.get(DEVICE)
    if kept is not None:
        return kept.decode()
    with reading():
        used = (
            db.execute("SELECT 1 FROM value UNION ALL SELECT 1 FROM journal LIMIT 1").fetchone() is not None
        )
    if used:
        raise damaged()
    known = await readable(sealer, spool.records)
    device_id = known[-1].device_id if known else _new_device()
    sealed = await values.seal(DEVICE, device_id.encode())
    with saving(), db.atomic():
        values.write(sealed)
    return device_id


def _new_device() -> str:
    return str(uuid.uuid4())


async def _put_back(db: Database, journal: Journal, sealer: Sealer, spool: Spool | ShelvedSpool) -> None:
    """A record in the spool and missing in the database goes back, with the drafts it replaced; a waiting record
    missing in the spool goes there. Raises NotSaved.
    """
    known = journal.states([r.activity_id for r in spool.records])
    unknown = await readable(sealer, [r for r in spool.records if r.activity_id not in known])
    taken = set(journal.places()) if unknown else set()
    missing: list[Spooled] = []
    for record in unknown:
        if (record.device_id, record.seq) in taken:
            continue  # its save had failed and was told so; another record has its place
        taken.add((record.device_id, record.seq))
        missing.append(record)
    with saving(), db.atomic():
        if missing:
            journal.insert([from_spool(r) for r in missing])
        for draft_id in {d for r in missing for d in r.drafts}:
            db.execute("DELETE FROM draft WHERE id = ?", [draft_id])
            db.execute("DELETE FROM draft_file WHERE draft_id = ?", [draft_id])
    spooled = {r.activity_id for r in spool.records}
    single: list[Sealed] = [r for r in journal.waiting_rows() if r.activity_id not in spooled]
    if single:
        mark = spool.mark()
        try:
            with saving():
                await spool.append([to_spool(r) for r in single])
        except BaseException:
            spool.cut_back(mark)
            raise


async def discard_store(folder: Path, shelf: Shelf | None = None) -> None:
    """Remove the files of a store that was never bound. Raises NotebookError where records wait in it, OSError."""
    spool = folder / SPOOL
    shelved = await shelf.all() if shelf is not None else ()
    if shelved or (spool.exists() and spool.stat().st_size > len(MAGIC)):
        raise NotebookError(Message("There are records here that were not sent. Nothing was removed."))
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal", SPOOL, MARK):
        (folder / name).unlink(missing_ok=True)
