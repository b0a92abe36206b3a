"""Whether a database file is what this app wrote: pages, tables, and the seals of everything the branch cannot send again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from app.ports import Sealer
from app.store.schema import Migration, migrate, schema_version
from app.store.trouble import damaged, reading

_SPOILED: Final = frozenset({0, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file's content; 0 is Python's own, for text that is none. Anything else is the disk's."""
_VERSIONS_AHEAD: Final = 1_000


def is_spoiled(path: Path, migrations: Sequence[Migration]) -> bool:
    """Whether a file that would not open is damaged, rather than busy, newer, or on a disk that refuses.

    Raises what `reading` does.
    """
    with reading(), closing(sqlite3.connect(path)) as connection:
        try:
            check_file(Database(connection, execute_plugins=False), migrations)
        except sqlite3.DatabaseError as e:
            if getattr(e, "sqlite_errorcode", 0) & 0xFF in _SPOILED:
                return True
            raise
        except (_NotOurs, UnicodeDecodeError):
            return True
    return False


def check_file(db: Database, migrations: Sequence[Migration]) -> None:
    """Pages, indexes and tables. Raises sqlite3.DatabaseError, UnicodeDecodeError, or _NotOurs."""
    version = schema_version(db)
    if not 0 <= version <= len(migrations):
        if version > len(migrations) + _VERSIONS_AHEAD or version < 0:
            raise _NotOurs
        return  # a newer app's
    with closing(sqlite3.connect(":memory:")) as plain:
        wanted = Database(plain, execute_plugins=False)
        migrate(wanted, migrations[:version])
        if _tables(db) != _tables(wanted):
            raise _NotOurs
    if [row[0] for row in db.execute("PRAGMA integrity_check(1)")] != ["ok"]:
        raise _NotOurs


def _tables(db: Database) -> list[tuple[object, ...]]:
    return sorted(
        (str(row[0]), str(row[1]), row[2]) for row in db.execute("SELECT type, name, sql FROM sqlite_master")
    )


@contextmanager
def looking_for_damage() -> Iterator[None]:
    """Turn everything a spoiled file can raise while it is looked through into StoreDamaged of the kind `damaged`."""
    try:
        with reading():
            try:
                yield
            except sqlite3.DatabaseError as e:
                if getattr(e, "sqlite_errorcode", 0) & 0xFF in _SPOILED:
                    raise damaged() from e
                raise
    except (_NotOurs, TypeError, ValueError) as e:  # a column that holds what no column of ours does
        raise damaged() from e


async def check_seals(sealer: Sealer, rows: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises SealBroken."""
    await sealer.open(list(rows))


class _NotOurs(Exception):
    """The file reads well and is not what this app wrote."""
