"""Opening the branch's database. All that differs between SQLite and PostgreSQL is here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event

FILE_NAME: Final = "branch.db"
BUSY_MS: Final = 15_000
_WRITES: Final = "waifang_writes"


class Database:
    """The branch's database behind `url` (SQLAlchemy's form)."""

    def __init__(self, url: str) -> None:
        # Errors end up in logs: what was asked may be there, for whom not (hide_parameters).
        self._engine: Engine
        if url.startswith("sqlite"):
            self._engine = create_engine(url, pool_size=16, max_overflow=48, hide_parameters=True)
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            # SQLite's writers poll for the lock; queueing them here costs no waiting and is nearly fair.
            self._turn: Any = threading.Lock()
        else:
            self._engine = create_engine(url, hide_parameters=True)
            self._turn = nullcontext()

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The SQLite database of a data folder; the file is made when it is not there."""
        return cls(f"sqlite:///{folder / FILE_NAME}")

    @property
    def engine(self) -> Engine:
        """For Alembic and tests."""
        return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of the database for everything asked inside."""
        with self._engine.connect() as conn:
            if conn.dialect.name != "sqlite":
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            with conn.begin():
                yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, all or nothing. On SQLite it holds the write lock from its first statement."""
        with self._turn, self._engine.connect() as conn:
            writer = conn.execution_options(**{_WRITES: True})
            with writer.begin():
                yield writer

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Transactions are begun by us: Python's driver would begin a deferred one, and none for a read."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    writes = conn.get_execution_options().get(_WRITES)
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
