"""Opening the branch's database: SQLite in the data folder, or PostgreSQL. All that differs between them is here.

Writers on SQLite queue for its one lock. On PostgreSQL phones write side by side, and a clerk's transaction (a list, a
decision) is alone: it waits for those that have begun, and they for it, so that a case cannot change hands between
a push's look at it and its commit.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from app.domain.message import Message
from app.i18n import mark
from sync.branch.errors import BranchError

FILE_NAME: Final = "branch.db"
BUSY_MS: Final = 15_000
_WRITES: Final = "waifang_writes"
_IDLE_MS: Final = 300_000
_DRIVER: Final = "postgresql+psycopg"
_ALONE: Final = 0x5741_4946  # any number, as long as every process takes the same
# What another transaction in the way looks like on PostgreSQL: deadlock, serialization, unique.
_IN_THE_WAY: Final = frozenset({"40P01", "40001", "23505"})
_ATTEMPTS: Final = 6
# A firewall that forgot a link answers nothing; left alone, Linux would go on asking for a quarter of an hour.
_SILENT_S: Final = 30
_ASKING: Final = {"keepalives_idle": _SILENT_S // 2, "keepalives_interval": 5, "keepalives_count": 3}
_LINK: Final = {"connect_timeout": 10, "keepalives": 1, "tcp_user_timeout": _SILENT_S * 1000} | _ASKING
_TROUBLE: Final = {
    "SQLITE_READONLY": mark(
        "The branch's data cannot be written: its folder or file is read-only. Nothing was changed."
    ),
    "SQLITE_CANTOPEN": mark(
        "The branch's data cannot be opened: look at the rights of the data folder and its files, and whether the disk is full. Nothing was changed."
    ),
    "SQLITE_IOERR": mark(
        "The disk did not read or write. Look whether it is full or failing, then run the command again; nothing was changed."
    ),
    "SQLITE_CORRUPT": mark(
        "The branch's data file is damaged. Keep it, put the last backup in its place and run `restored`."
    ),
    "SQLITE_FULL": mark("The disk is full. Make room and run the command again; nothing was changed."),
    "SQLITE_BUSY": mark(
        "Another command is still writing. Run this one again in a moment; nothing was changed."
    ),
}

_T = TypeVar("_T")


class Database:
    """The branch's database behind `url` (SQLAlchemy's form, SQLite or PostgreSQL). Raises BranchError for another."""

    def __init__(self, url: str | URL) -> None:
        # Errors end up in logs: what was asked may be there, for whom not (hide_parameters).
        self._engine: Engine
        self._turn: threading.Lock | None = None
        read = _read_url(url)
        if read.get_backend_name() == "sqlite":
            self._engine = create_engine(read, pool_size=64, max_overflow=0, hide_parameters=True)
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            # SQLite's writers poll for the lock; queueing them here costs no waiting and is nearly fair.
            self._turn = threading.Lock()
            self._snapshot = self._engine
        else:
            self._engine = _postgresql(read)
            self._snapshot = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The SQLite database of a data folder; the file is made when it is not there."""
        return cls(f"sqlite:///{folder / FILE_NAME}")

    @classmethod
    def of(cls, folder: Path, url: str | None) -> Database:
        """The one behind `url`, or the data folder's own."""
        return cls.in_folder(folder) if url is None else cls(url)

    @property
    def engine(self) -> Engine:
        """For Alembic and tests."""
        return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of the database for everything asked inside."""
        with self._snapshot.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """One transaction, all or nothing; `alone` False: a phone's, beside those of other phones (see above)."""
        if self._turn is not None:
            with self._turn, self._engine.connect() as conn:
                writer = conn.execution_options(**{_WRITES: True})
                with writer.begin():
                    yield writer
            return
        with self._engine.connect() as conn, conn.begin():
            kind = "" if alone else "_shared"
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock{kind}({_ALONE})")
            yield conn

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def again_if_in_the_way(work: Callable[[], _T]) -> _T:
    """Do a whole transaction, and once more where another one stood in its way (PostgreSQL undid ours).

    After six attempts it raises what the database raised.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return work()
        except DBAPIError as e:
            if getattr(e.orig, "sqlstate", None) not in _IN_THE_WAY:
                raise
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - spreads, hides nothing
    return work()


def is_busy(error: DBAPIError) -> bool:
    """Whether trying later can help, rather than that what was asked cannot be."""
    return isinstance(error, OperationalError) or getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


def said_by_database(error: DBAPIError) -> str:
    """The database's own sentence without the values PostgreSQL adds to it, which may be a borrower's."""
    diagnosis = getattr(error.orig, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    return str(primary or str(error.orig).partition("\n")[0])


def trouble_of(error: DBAPIError) -> Message:
    """What a clerk can do about an error of the database; its transaction was undone."""
    name = str(getattr(error.orig, "sqlite_errorname", "") or "")
    said = next((text for start, text in _TROUBLE.items() if name.startswith(start)), None)
    if said is not None:
        return Message(said)
    return Message(
        "The database did not answer: {why}. Nothing was changed.", {"why": said_by_database(error)}
    )


def _read_url(url: str | URL) -> URL:
    try:
        read = make_url(url)
    except ArgumentError as e:
        raise BranchError(Message("The address of the database cannot be read.")) from e
    if read.drivername in ("postgresql", "postgres"):
        read = read.set(drivername=_DRIVER)
    if read.drivername not in ("sqlite", _DRIVER):
        raise BranchError(
            Message(
                "There is no database {kind}; the branch keeps its data in SQLite or postgresql+psycopg://….",
                {"kind": read.drivername},
            )
        )
    return read


def _postgresql(url: URL) -> Engine:
    """Dead after half a minute of silence, at both ends: a server that is gone holds no lock. The URL may say otherwise."""
    settings = {
        "lock_timeout": BUSY_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,  # a process that stands still holds up nobody
        "timezone": "UTC",
        "tcp_user_timeout": _SILENT_S * 1000,
    } | {f"tcp_{name}": value for name, value in _ASKING.items()}
    link = {name: value for name, value in _LINK.items() if name not in url.query}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return create_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=BUSY_MS / 1000,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={"options": options, "application_name": "waifang"} | link,
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Transactions are begun by us: Python's driver would begin a deferred one, and none for a read."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    # Moving the log into the file holds up the push it falls on: every 16 MB is often enough.
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    writes = conn.get_execution_options().get(_WRITES)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
