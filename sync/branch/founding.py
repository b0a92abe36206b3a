"""Making a branch: tables, keys and first settings, all or nothing."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.domain.message import Message
from sync.branch.database import FILE_NAME, Database
from sync.branch.errors import AlreadyInitialised, BranchError
from sync.branch.feed import publishing
from sync.branch.holiday import keep_current
from sync.branch.migrations import bring_up_to_date, is_initialised
from sync.branch.office import Now, put_meta, read_meta, utc_now
from sync.branch.recovery import RecoveryKeys, make_recovery_keys
from sync.branch.settings import default_settings, encode

DEFAULT_ZONE: Final = "Asia/Shanghai"
KEY_FILE: Final = "recovery_key.pem"


@dataclass(frozen=True, slots=True)
class Founded:
    """A new branch; `passphrase` opens the private key in `key_file` and is told only here."""

    branch_id: str
    name: str
    zone: str
    key_file: Path
    passphrase: str


def found(
    folder: Path,
    name: str,
    zone: str = DEFAULT_ZONE,
    now: Now = utc_now,
    keys: RecoveryKeys | None = None,
    database_url: str | None = None,
) -> Founded:
    """Make a branch in `folder`, which is made when it is not there, with its data behind `database_url`, if given.

    Raises AlreadyInitialised, or BranchError for a name or zone that cannot be, or a folder that cannot be written.
    """
    name = _checked_name(name)
    _check_zone(zone)
    key_file = folder / KEY_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if key_file.exists() or is_founded(folder, database_url):
            raise _already()
        founded = _write(folder, database_url, name, zone, now, keys or make_recovery_keys())
    except OSError as e:
        raise BranchError(
            Message("The data folder {folder} cannot be written.", {"folder": str(folder)})
        ) from e
    return founded


def is_founded(folder: Path, database_url: str | None = None) -> bool:
    """Whether there is a branch already."""
    if database_url is None and not (folder / FILE_NAME).exists():
        return False
    database = Database.of(folder, database_url)
    try:
        with database.reading() as conn:
            return _holds_branch(conn)
    finally:
        database.close()


def _holds_branch(conn: Connection) -> bool:
    return is_initialised(conn) and "branch_id" in read_meta(conn)


def _already() -> AlreadyInitialised:
    return AlreadyInitialised(Message("There is a branch in this data folder already. Nothing was changed."))


def _write(
    folder: Path, database_url: str | None, name: str, zone: str, now: Now, keys: RecoveryKeys
) -> Founded:
    """The key's file before the database's commit: a branch whose key nobody has must not exist."""
    branch_id, key_file = str(uuid.uuid4()), folder / KEY_FILE
    if database_url is None:
        # SQLite gives its WAL the rights of the database; made by SQLite itself it would be readable by all.
        (folder / FILE_NAME).touch(mode=0o600)
    database = Database.of(folder, database_url)
    try:
        with database.writing() as conn, publishing(conn, int(now().timestamp() * 1000)) as changes:
            bring_up_to_date(conn, new=True)
            if _holds_branch(conn):  # another `init` was quicker
                raise _already()
            put_meta(
                conn,
                {
                    "branch_id": branch_id,
                    "branch_name": name,
                    "zone": zone,
                    "epoch": str(uuid.uuid4()),
                    "recovery_key": keys.public,
                },
            )
            changes.store("settings", {k: encode(v) for k, v in default_settings().items()})
            keep_current(changes, now().astimezone(ZoneInfo(zone)).date())
            write_private(key_file, keys.private)
    except AlreadyInitialised:
        raise  # the key's file, if any, is the other's
    except BaseException:
        key_file.unlink(missing_ok=True)
        raise
    finally:
        database.close()
    return Founded(branch_id, name, zone, key_file, keys.passphrase)


def write_private(path: Path, content: bytes) -> None:
    """A new file for its owner only, durable. Raises OSError, also where it is there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 128 or not name.isprintable():
        raise BranchError(Message("A branch needs a name of 1 to 128 characters."))
    return name


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, LookupError) as e:
        raise BranchError(
            Message("There is no time zone {zone}. Example: Asia/Shanghai.", {"zone": zone})
        ) from e
