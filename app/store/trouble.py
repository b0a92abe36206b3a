"""What can go wrong with the file, in sentences.

NotebookError
├── NotSaved       (app.ports) full or broken disk; everything is as before
├── StoreDamaged   the file cannot be read; what waits is kept in the spool
├── StoreUnopened  the file could not be opened, for a reason that is not in it
└── StoreTooNew    written by a newer app
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.domain.message import Message
from app.ports import Busy, NotebookError, NotSaved, is_full

_ROOM_BYTES: Final = 64 * 1024


class StoreDamaged(NotebookError):
    """The file cannot be read, or not with this key. Nothing is deleted."""


class StoreUnopened(NotebookError):
    """The file could not be opened; it is not damaged."""


class StoreTooNew(NotebookError):
    """The file was written by a newer app."""


def damaged() -> StoreDamaged:
    """The sentence for a file that cannot be read."""
    return StoreDamaged(
        Message(
            "The notebook's file is damaged. Nothing was deleted, and what was not sent yet is kept beside it. Do not delete the app; ask the branch."
        )
    )


@contextmanager
def saving() -> Iterator[None]:
    """Turn what disk and SQLite raise while writing into NotSaved."""
    try:
        yield
    except OSError as e:
        raise (_no_room() if is_full(e) else _broken()) from e
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
        raise
    except sqlite3.Error as e:
        full = getattr(e, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        raise (_no_room() if full else _broken()) from e


@contextmanager
def reading() -> Iterator[None]:
    """Turn what SQLite raises while opening and reading into StoreDamaged, StoreUnopened, NotSaved (no room), or Busy.

    SQLite says a full disk as an input/output error where it cannot make its index of the write-ahead log.
    """
    try:
        yield
    except UnicodeDecodeError as e:  # sqlite3 quotes a broken schema in its own error, byte for byte
        raise damaged() from e
    except sqlite3.DatabaseError as e:
        code = getattr(e, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(
                Message(
                    "This notebook is already open in another window or program. Close it there, then try again. Nothing is lost."
                )
            ) from e
        if code == sqlite3.SQLITE_FULL:
            raise _no_room() from e
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise damaged() from e
        raise StoreUnopened(
            Message(
                "The notebook's file could not be opened. Nothing was deleted. If this device has no room left, free some space; then try again, and ask the branch if it stays."
            )
        ) from e


def has_room(folder: Path) -> bool:
    """Whether SQLite can make its index of the write-ahead log there; True where the system does not say."""
    try:
        return shutil.disk_usage(folder).free >= _ROOM_BYTES
    except OSError:
        return True


def not_saved() -> NotSaved:
    """The sentence for what could not be written where no cause is told."""
    return _broken()


def _no_room() -> NotSaved:
    return NotSaved(
        Message(
            "Not saved: this device has no room left. What you entered is still here; free some space, then save again."
        )
    )


def _broken() -> NotSaved:
    return NotSaved(
        Message(
            "Not saved: this device could not write. What you entered is still here. Free some space if there is little left, then try again; tell the branch if it stays."
        )
    )
