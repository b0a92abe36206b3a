"""The branch itself: its data folder opened, its name, zone and clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from app.domain.message import Message
from sync.branch import tables as t
from sync.branch.blob_store import BlobStore
from sync.branch.database import FILE_NAME, Database
from sync.branch.errors import NotInitialised, UnknownOfficer
from sync.branch.feed import Changes, publishing
from sync.branch.migrations import bring_up_to_date, is_current

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's clock, aware."""
    return datetime.now(UTC)


class Office:
    """An initialised branch over one database. `now` gives aware instants and may be a test's clock."""

    def __init__(self, database: Database, blobs: BlobStore, now: Now = utc_now) -> None:
        self.database = database
        self.blobs = blobs
        self.now = now
        with database.reading() as conn:
            kept = read_meta(conn)
        try:
            self.branch_id, self.name = kept["branch_id"], kept["branch_name"]
            kept["epoch"], kept["recovery_key"]
            self.zone = ZoneInfo(kept["zone"])
        except KeyError as e:
            raise NotInitialised(no_branch()) from e

    @classmethod
    def open(
        cls,
        folder: Path,
        now: Now = utc_now,
        blobs_url: str | None = None,
        database_url: str | None = None,
    ) -> Office:
        """Open a data folder, its tables brought up to date; `blobs_url`: see BlobStore, `database_url`: see Database.

        Raises NotInitialised, NewerData or BranchError.
        """
        if database_url is None and not (folder / FILE_NAME).is_file():
            raise NotInitialised(no_branch())
        database = Database.of(folder, database_url)
        try:
            with database.reading() as conn:
                current = is_current(conn)
            if not current:
                with database.writing() as conn:
                    bring_up_to_date(conn)
            return cls(database, BlobStore(folder, blobs_url), now)
        except BaseException:
            database.close()
            raise

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.now().timestamp() * 1000)

    def today(self) -> date:
        """The day it is in the branch's zone."""
        return self.now().astimezone(self.zone).date()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of the database."""
        with self.database.reading() as conn:
            yield conn

    @contextmanager
    def changing(self, *, alone: bool = True) -> Iterator[Changes]:
        """One writing transaction with its effect on the feeds; an error inside undoes all of it.

        `alone` False: a phone's, which on PostgreSQL goes beside those of other phones.
        """
        with self.database.writing(alone=alone) as conn, publishing(conn, self.now_ms()) as changes:
            yield changes

    def close(self) -> None:
        """Give the database back."""
        self.database.close()


def no_branch() -> Message:
    """What is said where a command needs a branch and there is none."""
    return Message("There is no branch in this data folder. Run `init` first.")


def read_meta(conn: Connection) -> dict[str, str]:
    """All that is kept under a name."""
    return {row.name: row.value for row in conn.execute(select(t.meta))}


def put_meta(conn: Connection, values: Mapping[str, str]) -> None:
    """Keep values under their names, in place of what was there."""
    conn.execute(delete(t.meta).where(t.meta.c.name.in_(list(values))))
    conn.execute(insert(t.meta), [{"name": name, "value": value} for name, value in values.items()])


def setting(conn: Connection, name: str) -> dict[str, Any]:
    """The settings document of that name; empty where the branch has none."""
    body = conn.scalar(
        select(t.document.c.body).where(t.document.c.kind == "settings", t.document.c.doc_id == name)
    )
    return json.loads(body) if body is not None else {}


def case_document(conn: Connection, case_id: str) -> dict[str, Any]:
    """A case as its document says; KeyError where there is none."""
    document = t.document.c
    body = conn.scalar(select(document.body).where(document.kind == "case", document.doc_id == case_id))
    if body is None:
        raise KeyError(case_id)
    return dict(json.loads(body))


def require_officer(conn: Connection, officer_id: str) -> str:
    """The officer's name. Raises UnknownOfficer."""
    name: str | None = conn.scalar(select(t.officer.c.name).where(t.officer.c.officer_id == officer_id))
    if name is None:
        raise UnknownOfficer(
            Message("No officer {officer} is registered. See `officer list`.", {"officer": officer_id})
        )
    return name
