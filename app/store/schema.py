"""The file's tables, and how an older file becomes a newer one.

Plain columns are ids, versions, sequence numbers and states; everything else is sealed.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from app.domain.message import Message
from app.store.trouble import StoreTooNew

FILE: Final = "waifang.db"
SPOOL: Final = "waifang.spool"
PLAN: Final = "waifang.rebuild"  # names the damaged database while a new one is made
APPLICATION_ID: Final = 0x57464E42  # "WFNB"

Migration = Callable[[Database], None]


def first_tables(db: Database) -> None:
    """1: documents of the feed, the phone's own records, drafts, values."""
    for statement in (
        """CREATE TABLE document (
            kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, generation INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('held', 'removed')), sealed BLOB NOT NULL,
            PRIMARY KEY (kind, id))""",
        "CREATE INDEX document_removed ON document (kind) WHERE state = 'removed'",
        """CREATE TABLE journal (
            activity_id TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL, seq INTEGER NOT NULL CHECK (seq > 0),
            state TEXT NOT NULL CHECK (state IN ('waiting', 'uploaded', 'quarantined')), sealed BLOB NOT NULL,
            UNIQUE (device_id, seq))""",
        "CREATE INDEX journal_waiting ON journal (seq) WHERE state = 'waiting'",
        """CREATE TABLE draft (
            born INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
            sealed BLOB NOT NULL)""",
        "CREATE TABLE value (name TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL)",
    ):
        db.execute(statement)


def blobs(db: Database) -> None:
    """2: files of activities."""
    db.execute(
        """CREATE TABLE blob (
            activity_id TEXT NOT NULL, place INTEGER NOT NULL, sealed BLOB NOT NULL,
            PRIMARY KEY (activity_id, place))"""
    )


def uploads(db: Database) -> None:
    """3: how far the sending of a file is, and the photos of drafts."""
    db.execute(
        """CREATE TABLE upload (
            activity_id TEXT NOT NULL, place INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'sent')), sealed BLOB NOT NULL,
            PRIMARY KEY (activity_id, place))"""
    )
    db.execute(
        """CREATE TABLE draft_file (
            draft_id TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL,
            PRIMARY KEY (draft_id, name))"""
    )


MIGRATIONS: Final[Sequence[Migration]] = (first_tables, blobs, uploads)
"""In order; the file's `user_version` is how many were applied."""


def connect(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Database:
    """The file, up to date, with every commit flushed to the disk before it returns.

    Raises OSError, sqlite3.Error, StoreTooNew.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path)
    try:
        db = Database(connection, execute_plugins=False)
        db.execute("PRAGMA busy_timeout = 2000")
        _refuse_newer(db, len(migrations))
        if sys.platform == "emscripten":
            db.execute(
                "PRAGMA locking_mode = EXCLUSIVE"
            )  # the browser has no shared memory for the WAL's index
        [mode] = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise sqlite3.OperationalError(f"journal_mode {mode}")
        for pragma in (
            "synchronous = FULL",
            "fullfsync = ON",  # Apple's fsync stops at the drive's cache
            "checkpoint_fullfsync = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            "trusted_schema = OFF",
        ):
            db.execute(f"PRAGMA {pragma}")
        migrate(db, migrations)
    except BaseException:
        connection.close()
        raise
    return db


def migrate(db: Database, migrations: Sequence[Migration]) -> None:
    """Bring the file up to date, each step in a transaction of its own. Raises sqlite3.Error."""
    for number, step in enumerate(migrations, 1):
        if number > schema_version(db):
            with db.atomic():
                step(db)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {number}")


def schema_version(db: Database) -> int:
    """How many migrations the file has had."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(db: Database, known: int) -> None:
    if schema_version(db) > known:
        raise StoreTooNew(
            Message(
                "This notebook was last opened by a newer app. Update the app, then open it again. Nothing in it was changed."
            )
        )
