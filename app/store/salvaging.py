"""What can still be read of a data folder, sealed as it is: for a PIN forgotten, a phone dead, a file damaged."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.store.journal import WAITING
from app.store.schema import FILE, PLAN, SPOOL
from app.store.spool import Spool, Spooled
from sync.salvage import SealedRow


@dataclass(frozen=True, slots=True)
class Salvaged:
    """The sealed rows, each once in each state it was found in; `damaged`: the database did not give all it had."""

    rows: tuple[SealedRow, ...]
    damaged: bool

    @property
    def records(self) -> int:
        """How many records there are."""
        return len({(r.device_id, r.activity_id) for r in self.rows if r.table == "journal"})

    @property
    def waiting(self) -> int:
        """How many of them are nowhere else: neither database nor spool knows them as sent."""
        states: dict[str, set[str]] = {}
        for r in self.rows:
            if r.table == "journal":
                states.setdefault(r.activity_id, set()).add(r.state)
        return sum(s == {WAITING} for s in states.values())

    @property
    def files(self) -> int:
        """How many files of activities."""
        return sum(r.table == "blob" for r in self.rows)


def read_sealed(folder: Path, shelved: Sequence[Spooled] = ()) -> Salvaged:
    """Read copies of database and spool, so that the folder stays exactly as it is; `shelved` is a spool that is no
    file. Where the making anew of a damaged database was cut, the damaged one is read too: files of activities are
    nowhere else then. Raises OSError.
    """
    with tempfile.TemporaryDirectory(prefix="waifang-") as scratch:
        databases = [FILE]
        if (folder / PLAN).is_file():
            databases.append((folder / PLAN).read_text("ascii"))
        for name in (*(database + end for database in databases for end in ("", "-wal")), SPOOL):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(scratch, name))
        read = [_of_database(Path(scratch, database)) for database in databases]
        rows, damaged = [row for found, _ in read for row in found], any(spoiled for _, spoiled in read)
        spool = Spool(Path(scratch, SPOOL))
        try:
            spooled = [
                SealedRow("journal", r.device_id, r.activity_id, r.seq, WAITING, r.sealed)
                for r in (*spool.records, *shelved)
            ]
        finally:
            spool.close()
    return Salvaged(tuple(dict.fromkeys([*rows, *spooled])), damaged)


def _of_database(path: Path) -> tuple[list[SealedRow], bool]:
    if not path.exists():
        return [], True
    with closing(sqlite3.connect(path)) as conn:
        journal, whole = both_ways(conn, "activity_id, device_id, seq, state, sealed FROM journal")
        blobs, complete = both_ways(conn, "activity_id, place, sealed FROM blob")
    rows = [
        SealedRow("journal", device, act, seq, state, sealed) for act, device, seq, state, sealed in journal
    ]
    rows += [SealedRow("blob", "", act, place, "", sealed) for act, place, sealed in blobs]
    return [r for r in rows if isinstance(r.sealed, bytes)], not (whole and complete)


def both_ways(conn: sqlite3.Connection, what: str) -> tuple[list[Any], bool]:
    """From the first row to the first that cannot be read, then from the last back to it."""
    found: dict[Any, None] = {}
    for order in ("ASC", "DESC"):
        try:
            for row in conn.execute(f"SELECT {what} ORDER BY rowid {order}"):
                found[row] = None
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue
        return list(found), order == "ASC"
    return list(found), False
