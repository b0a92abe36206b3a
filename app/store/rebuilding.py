"""A damaged database is set aside, never deleted, and a new one is made of all that can still be read and opened.

1. `waifang.rebuild` says, durably, under which name the damaged files go on;
2. they are renamed, the database last;
3. the new one is made beside, whole, and takes the name;
4. `waifang.rebuild` goes.
Cut anywhere, the next start goes on. Documents that still open are kept to look at; the cursor is not, so the next
sync starts anew and mends them. What waits comes from the spool when the new file is opened.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlite_utils import Database

from app.ports import SealBroken, Sealer
from app.store.feed import HELD, STATE, FeedState
from app.store.journal import WAITING, Journal, Sealed, readable
from app.store.mark import Mark, replace_file
from app.store.salvaging import both_ways
from app.store.schema import FILE, PLAN, Migration, connect
from app.store.shelved_spool import ShelvedSpool
from app.store.spool import Spool, Spooled, flush_folder
from app.store.trouble import saving
from app.store.values import Values
from sync.protocol import Check, Head
from sync.salvage import (
    blob_aad,
    document_aad,
    draft_aad,
    draft_file_aad,
    journal_aad,
    upload_aad,
    value_aad,
)

DEVICE: Final = "store.device"
ACKNOWLEDGED: Final = "store.acknowledged"
GAPS: Final = "store.gaps"
REBUILT: Final = "store.rebuilt"
BINDING: Final = "binding"
_AT_ONCE: Final = 500

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """Columns to read (`sealed` last), their types, the key by which a row is there once, and its additional data."""

    name: str
    columns: str
    types: tuple[type, ...]
    key: tuple[int, ...]
    aad: Callable[[Row], bytes]


_JOURNAL: Final = _Table(
    "journal",
    "activity_id, device_id, seq, state, sealed",
    (str, str, int, str, bytes),
    (0,),
    lambda r: journal_aad(r[1], r[0], r[2], r[3]),
)
_VALUE: Final = _Table(
    "value", "name, version, sealed", (str, int, bytes), (0,), lambda r: value_aad(r[0], r[1])
)
_DOCUMENT: Final = _Table(
    "document",
    "kind, id, version, state, sealed",
    (str, str, int, str, bytes),
    (0, 1),
    lambda r: document_aad(r[0], r[1], r[2], r[3]),
)
_BLOB: Final = _Table(
    "blob", "activity_id, place, sealed", (str, int, bytes), (0, 1), lambda r: blob_aad(r[0], r[1])
)
_UPLOAD: Final = _Table(
    "upload",
    "activity_id, place, state, sealed",
    (str, int, str, bytes),
    (0, 1),
    lambda r: upload_aad(r[0], r[1], r[2]),
)
_DRAFT: Final = _Table(
    "draft", "id, version, sealed", (str, int, bytes), (0,), lambda r: draft_aad(r[0], r[1])
)
_DRAFT_FILE: Final = _Table(
    "draft_file",
    "draft_id, name, sealed",
    (str, str, bytes),
    (0, 1),
    lambda r: draft_file_aad(r[0], r[1]),
)
_TABLES: Final = (_JOURNAL, _VALUE, _DOCUMENT, _BLOB, _UPLOAD, _DRAFT, _DRAFT_FILE)


def under_way(folder: Path) -> bool:
    """Whether a rebuilding was begun and not ended."""
    return (folder / PLAN).exists()


async def key_fits(path: Path, sealer: Sealer, spool: Spool | ShelvedSpool) -> bool:
    """Whether anything of a damaged notebook opens with this key: a wrong key is no damage."""
    if await readable(sealer, spool.records[:_AT_ONCE]):
        return True
    with saving():
        found = _read(path)
    return any([await _opening(sealer, table, rows) for table, rows in found.items()])


async def rebuild(
    folder: Path,
    sealer: Sealer,
    spool: Spool | ShelvedSpool,
    mark: Mark,
    now: datetime,
    new_device: Callable[[], str],
    migrations: Sequence[Migration],
) -> None:
    """Begin a rebuilding or go on with one; the new database has its name when this returns.

    Raises NotSaved: nothing is lost then, and the next start goes on.
    """
    with saving():
        aside = _set_aside(folder, now)
        if aside is None:
            _end(folder)
            return
        found = _read(aside)
    kept = {table.name: await _opening(sealer, table, rows) for table, rows in found.items()}
    known = await readable(sealer, spool.records)
    with saving():
        fresh = folder / f"{FILE}.new"
        _remove(fresh)
        db = connect(fresh, migrations)
    try:
        await _fill(db, sealer, kept, known, mark, now, aside.name, new_device)
    finally:
        db.close()
    with saving():
        if any(fresh.with_name(fresh.name + end).exists() for end in ("-wal", "-journal")):
            raise OSError("the new database was not closed whole")
        fresh.replace(folder / FILE)
        flush_folder(folder)
        _end(folder)


def _set_aside(folder: Path, now: datetime) -> Path | None:
    """Rename the damaged files, the database last; None where the new one has its name already. Raises OSError."""
    plan = folder / PLAN
    if not plan.exists():
        replace_file(plan, f"{FILE}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}".encode())
    aside = folder / plan.read_text("ascii")
    if not aside.exists():
        (folder / FILE).touch(0o600)
        for end in ("-wal", "-shm", "-journal", ""):
            file = folder / f"{FILE}{end}"
            if file.exists():
                file.replace(folder / f"{aside.name}{end}")
        flush_folder(folder)
    elif (folder / FILE).exists():
        return None
    return aside


def _end(folder: Path) -> None:
    (folder / PLAN).unlink()
    flush_folder(folder)


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + end).unlink(missing_ok=True)


def _read(path: Path) -> dict[_Table, list[Row]]:
    """Everything a copy of the file still gives, of the right types. Raises OSError."""
    found: dict[_Table, list[Row]] = {table: [] for table in _TABLES}
    with tempfile.TemporaryDirectory(prefix="waifang-") as scratch:
        for end in ("", "-wal"):
            if (source := path.with_name(path.name + end)).is_file():
                shutil.copyfile(source, Path(scratch, f"copy{end}"))
        with closing(sqlite3.connect(Path(scratch, "copy"))) as connection:
            for table in _TABLES:
                rows, _ = both_ways(connection, f"{table.columns} FROM {table.name}")
                found[table] = [row for row in rows if _typed(row, table.types)]
    return found


def _typed(row: Row, types: Sequence[type]) -> bool:
    return all(type(value) is wanted for value, wanted in zip(row, types, strict=True))


async def _opening(sealer: Sealer, table: _Table, rows: Sequence[Row]) -> list[tuple[Row, bytes]]:
    """The rows that open, with what they say, each key once: the newest version, a waiting state before others."""
    found: dict[Row, tuple[Row, bytes]] = {}
    for at in range(0, len(rows), _AT_ONCE):
        for row, plain in await _halving(sealer, table, rows[at : at + _AT_ONCE]):
            key = tuple(row[k] for k in table.key)
            if key not in found or _newer(row, found[key][0]):
                found[key] = (row, plain)
    return list(found.values())


def _newer(row: Row, other: Row) -> bool:
    if WAITING in row and WAITING not in other:
        return True  # what is sent a second time harms nothing
    return [v for v in row if type(v) is int] > [v for v in other if type(v) is int]


async def _halving(sealer: Sealer, table: _Table, rows: Sequence[Row]) -> list[tuple[Row, bytes]]:
    if not rows:
        return []
    try:
        plains = await sealer.open([(table.aad(row), row[-1]) for row in rows])
    except SealBroken:
        if len(rows) == 1:
            return []
        half = len(rows) // 2
        return await _halving(sealer, table, rows[:half]) + await _halving(sealer, table, rows[half:])
    return list(zip(rows, plains, strict=True))


async def _fill(
    db: Database,
    sealer: Sealer,
    kept: Mapping[str, list[tuple[Row, bytes]]],
    known: Sequence[Spooled],
    mark: Mark,
    now: datetime,
    aside: str,
    new_device: Callable[[], str],
) -> None:
    """The new file's content in one transaction. Raises NotSaved."""
    values = {row[0]: plain for row, plain in kept["value"]}
    for name, value in mark.values.items():
        values.setdefault(name, value)
    acknowledged = max(
        [
            Head.from_wire(json.loads(v))
            for v in (values.get(ACKNOWLEDGED), mark.values.get(ACKNOWLEDGED))
            if v
        ],
        key=lambda head: head.seq,
        default=Head(),
    )
    device = values.get(DEVICE, b"").decode() or (known[-1].device_id if known else "")
    if not device or not (mark.known or known or ACKNOWLEDGED in values):
        # Where its journal ends is known no more: to go on under the old id could claim another record's place.
        device = new_device()
        acknowledged = Head()
        values.pop(BINDING, None)
        values.pop(ACKNOWLEDGED, None)
    journal = _placed([Sealed(*row) for row, _ in kept["journal"]])
    spooled = {r.activity_id for r in known}
    waiting = {r.activity_id for r in journal if r.state == WAITING} | (
        spooled - {r.activity_id for r in journal}
    )
    seqs = {r.seq for r in journal if r.device_id == device}
    seqs |= {r.seq for r in known if r.device_id == device}
    check = Check()
    for row, _ in kept["document"]:
        if row[3] == HELD:
            check = check.add(row[0], row[1], row[2])
    values |= {
        DEVICE: device.encode(),
        STATE: FeedState(check=check).encode(),
        GAPS: json.dumps(gaps(seqs, acknowledged.seq)).encode(),
        REBUILT: json.dumps([now.isoformat(), len(waiting), aside]).encode(),
    }
    if acknowledged.seq:
        values[ACKNOWLEDGED] = json.dumps(acknowledged.to_wire()).encode()
    table = Values(db, sealer)
    sealed = [await table.seal(name, value) for name, value in values.items()]
    with saving(), db.atomic():
        for written in sealed:
            table.write(written)
        Journal(db, sealer, device).put_in(journal)
        _insert(db, "document (kind, id, version, state, sealed, generation)", _with_zero(kept["document"]))
        for other in (_BLOB, _UPLOAD, _DRAFT, _DRAFT_FILE):
            _insert(db, f"{other.name} ({other.columns})", [row for row, _ in kept[other.name]])
    with saving():
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _with_zero(rows: Iterable[tuple[Row, bytes]]) -> list[Row]:
    return [(*row, 0) for row, _ in rows]


def _placed(rows: Iterable[Sealed]) -> list[Sealed]:
    """Each place once."""
    return list({(r.device_id, r.seq): r for r in rows}.values())


def gaps(seqs: Iterable[int], at_least: int) -> list[list[int]]:
    """The runs of numbers missing from 1 to the highest, as `[first, last]`."""
    missing: list[list[int]] = []
    expected = 1
    for seq in [*sorted(seqs), at_least + 1]:
        if seq > expected:
            missing.append([expected, seq - 1])
        expected = max(expected, seq + 1)
    return missing


def _insert(db: Database, into: str, rows: Sequence[Row]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        db.conn.executemany(f"INSERT OR IGNORE INTO {into} VALUES ({places})", rows)  # noqa: S608 - constants of this module
