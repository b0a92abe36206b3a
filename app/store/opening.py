"""Opening the store: the file up to date, and every record of the spool back in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from app.domain.message import Message
from app.ports import Clock, NotebookError, SealBroken, Sealer
from app.store.journal import Journal, Sealed, from_spool, to_spool
from app.store.schema import FILE, MIGRATIONS, SPOOL, Migration, connect
from app.store.sealed import SealedStore
from app.store.shelved_spool import ShelvedSpool
from app.store.spool import MAGIC, Shelf, Spool, Spooled
from app.store.trouble import damaged, reading, saving
from app.store.values import Values

DEVICE: Final = "store.device"


async def open_store(
    folder: Path,
    sealer: Sealer,
    clock: Clock,
    *,
    released: Callable[[], None] = lambda: None,
    shelf: Shelf | None = None,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> SealedStore:
    """Open the store of a data folder that is held already; `released` is called when it is closed.
    `shelf` keeps the spool where there are no files to flush (the browser).

    Raises StoreDamaged (nothing deleted, the spool untouched), StoreTooNew, Busy, NotSaved; `released` was called
    then too.
    """
    spool: Spool | ShelvedSpool | None = None
    db: Database | None = None
    try:
        with saving(), reading():
            db = connect(folder / FILE, migrations)
        with saving():
            spool = Spool(folder / SPOOL) if shelf is None else await ShelvedSpool.open(shelf)
        return await _open(db, spool, sealer, clock, released)
    except BaseException as e:
        if db is not None:
            db.close()
        if spool is not None:
            spool.close()
        released()
        if isinstance(e, SealBroken):
            raise damaged() from e
        raise


async def _open(
    db: Database, spool: Spool | ShelvedSpool, sealer: Sealer, clock: Clock, released: Callable[[], None]
) -> SealedStore:
    device_id = await _device_id(db, sealer, spool)
    await _put_back(db, Journal(db, sealer, device_id), spool)
    store = SealedStore(db, sealer, spool, clock, device_id, released)
    await store.load()
    return store


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
    known = await Journal(db, sealer, "").readable(spool.records)
    device_id = known[-1].device_id if known else str(uuid.uuid4())
    sealed = await values.seal(DEVICE, device_id.encode())
    with saving(), db.atomic():
        values.write(sealed)
    return device_id


async def _put_back(db: Database, journal: Journal, spool: Spool | ShelvedSpool) -> None:
    """A record in the spool and missing in the database goes back, with the drafts it replaced; a waiting record
    missing in the spool goes there. Raises NotSaved.
    """
    known = journal.states([r.activity_id for r in spool.records])
    unknown = await journal.readable([r for r in spool.records if r.activity_id not in known])
    taken = set(journal.places()) if unknown else set()
    missing: list[Spooled] = []
    for record in unknown:
        if (record.device_id, record.seq) in taken:
            continue  # its save had failed and was told so; another record has its place
        taken.add((record.device_id, record.seq))
        missing.append(record)
    with saving(), db.atomic():
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


def discard_store(folder: Path) -> None:
    """Remove the files of a store that was never bound. Raises NotebookError where records wait in it."""
    spool = folder / SPOOL
    if spool.exists() and spool.stat().st_size > len(MAGIC):
        raise NotebookError(Message("There are records here that were not sent. Nothing was removed."))
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal", SPOOL):
        (folder / name).unlink(missing_ok=True)
